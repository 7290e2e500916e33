#include "common/pb_wire.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

const char *pd_pb_fault_text(enum pd_pb_fault fault)
{
	switch (fault) {
	case PD_PB_OK:
		break;
	case PD_PB_CUT:
		return "a number is cut short";
	case PD_PB_TOO_BIG:
		return "a varint has more than 64 bits";
	case PD_PB_LENGTH:
		return "a length reaches beyond the end of its message";
	case PD_PB_GROUP:
		return "a group (wire type 3 or 4), which the format does not use";
	case PD_PB_WIRE:
		return "a field of unknown wire type (6 or 7)";
	case PD_PB_NUMBER:
		return "a field with an impossible number";
	}
	return "no fault";
}

enum pd_pb_fault pd_pb_varint_slow(const uint8_t **p, const uint8_t *end, uint64_t *out)
{
	const uint8_t *q = *p;
	uint64_t v = 0;

	for (unsigned shift = 0; shift < 70; shift += 7) {
		if (q == end)
			return PD_PB_CUT;
		uint8_t c = *q++;
		if (shift == 63 && c > 1)
			return PD_PB_TOO_BIG;
		v |= (uint64_t)(c & 0x7f) << shift;
		if (c < 0x80) {
			*out = v;
			*p = q;
			return PD_PB_OK;
		}
	}
	return PD_PB_TOO_BIG;
}

static bool fault(struct pd_pb *in, enum pd_pb_fault why, const uint8_t *at)
{
	in->fault = why;
	in->at = at;
	return false;
}

static bool fixed(struct pd_pb *in, struct pd_pb_field *f, const uint8_t *p, size_t n)
{
	if ((size_t)(in->end - p) < n)
		return fault(in, PD_PB_CUT, f->at);
	f->value = 0;
	for (size_t i = n; i-- > 0;)
		f->value = f->value << 8 | p[i];
	in->p = p + n;
	return true;
}

bool pd_pb_next_slow(struct pd_pb *in, struct pd_pb_field *f)
{
	const uint8_t *p = in->p;
	enum pd_pb_fault why;
	uint64_t tag;

	if (p == in->end)
		return false;
	f->at = p;
	if ((why = pd_pb_varint(&p, in->end, &tag)))
		return fault(in, why, f->at);
	if (tag < 8 || tag > UINT32_MAX)
		return fault(in, PD_PB_NUMBER, f->at);
	f->number = (uint32_t)(tag >> 3);
	switch (tag & 7) {
	case PD_PB_VARINT:
		f->wire = PD_PB_VARINT;
		if ((why = pd_pb_varint(&p, in->end, &f->value)))
			return fault(in, why, f->at);
		in->p = p;
		return true;
	case PD_PB_FIXED64:
		f->wire = PD_PB_FIXED64;
		return fixed(in, f, p, 8);
	case PD_PB_FIXED32:
		f->wire = PD_PB_FIXED32;
		return fixed(in, f, p, 4);
	case PD_PB_BYTES:
		f->wire = PD_PB_BYTES;
		if ((why = pd_pb_varint(&p, in->end, &f->value)))
			return fault(in, why, f->at);
		if (f->value > (uint64_t)(in->end - p))
			return fault(in, PD_PB_LENGTH, f->at);
		f->p = p;
		f->n = (size_t)f->value;
		in->p = p + f->n;
		return true;
	case 3:
	case 4:
		return fault(in, PD_PB_GROUP, f->at);
	}
	return fault(in, PD_PB_WIRE, f->at);
}

/* ---- packed numbers ---- */

#define BLOCK 64

/* Bit i: byte i of the block at p is the last of a number (has no continuation bit). */
static inline uint64_t last_bytes(const uint8_t *p)
{
	uint64_t more = 0;

#ifdef __SSE2__
	for (unsigned i = 0; i < BLOCK; i += 16)
		more |= (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_loadu_si128((const __m128i *)(const void *)(p + i))) << i;
#else
	for (unsigned i = 0; i < BLOCK; i++)
		more |= (uint64_t)(p[i] >> 7) << i;
#endif
	return ~more;
}

/* The number of n <= 4 bytes at p (4 bytes readable): its 7-bit groups, closed up. */
static inline uint64_t short_varint(const uint8_t *p, unsigned n)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	uint32_t x = pd_load32(p) & (0xffffffffu >> (32 - 8 * n));

	x = (x & 0x007f007f) | (x >> 1 & 0x3f803f80);
	return (x & 0x3fff) | (x >> 2 & 0x0fffc000);
#else
	uint64_t v = 0;

	for (unsigned i = n; i-- > 0;)
		v = v << 7 | (p[i] & 0x7f);
	return v;
#endif
}

/*
 * A block of 64 bytes at a time: one mask says where its numbers end, so where
 * they begin is known before any of them is looked at, and no branch depends
 * on the length of each (ids of 2 and 3 bytes alternate at random).
 * *at ends at the first number not taken.
 */
static inline size_t unpack_blocks(const uint8_t **at, const uint8_t *end, const uint8_t *readable, uint64_t *out)
{
	const uint8_t *p = *at;
	uint64_t *o = out;

	while (p < end && readable - p >= BLOCK + 4) {
		uint64_t last = last_bytes(p);
		unsigned start = 0;

		if (end - p < BLOCK)
			last &= ((uint64_t)1 << (end - p)) - 1;
		if (pd_unlikely(!last))
			break;
		do {
			unsigned stop = pd_ctz64(last) + 1;
			if (pd_unlikely(stop - start > 4)) {
				*at = p + start;
				return (size_t)(o - out);
			}
			*o++ = short_varint(p + start, stop - start);
			start = stop;
			last &= last - 1;
		} while (last);
		p += start;
	}
	*at = p;
	return (size_t)(o - out);
}

size_t pd_pb_unpack(const uint8_t *p, const uint8_t *end, const uint8_t *readable, uint64_t *out, enum pd_pb_fault *why, const uint8_t **at)
{
	uint64_t *o = out;

	while (p < end) {
		o += unpack_blocks(&p, end, readable, o);
		if (p == end)
			break;
		/* a long number, or too near the end of the memory */
		const uint8_t *start = p;
		*why = pd_pb_varint(&p, end, o);
		if (pd_unlikely(*why)) {
			*at = start;
			return SIZE_MAX;
		}
		o++;
	}
	return (size_t)(o - out);
}

/* ---- emitter ---- */

bool pd_pb_buf_grow(struct pd_pb_buf *b, size_t more)
{
	size_t want;

	if (b->failed || pd_add_overflow(b->n, more, &want) || want > SIZE_MAX / 2) {
		b->failed = true;
		return false;
	}
	want = want + want / 2 + 256;
	uint8_t *v = realloc(b->v, want);
	if (!v) {
		b->failed = true;
		return false;
	}
	b->v = v;
	b->cap = want;
	return true;
}

void pd_pb_buf_release(struct pd_pb_buf *b)
{
	free(b->v);
	*b = (struct pd_pb_buf){ 0 };
}

void pd_pb_put_varint(struct pd_pb_buf *b, uint64_t v)
{
	if (pd_pb_room(b, 10))
		b->n = (size_t)(pd_pb_store(b->v + b->n, v) - b->v);
}

void pd_pb_put(struct pd_pb_buf *b, uint32_t field, uint64_t v)
{
	if (!pd_pb_room(b, 20))
		return;
	uint8_t *p = pd_pb_store(b->v + b->n, (uint64_t)field << 3 | PD_PB_VARINT);
	b->n = (size_t)(pd_pb_store(p, v) - b->v);
}

void pd_pb_put_opt(struct pd_pb_buf *b, uint32_t field, uint64_t v)
{
	if (v)
		pd_pb_put(b, field, v);
}

void pd_pb_put_bytes(struct pd_pb_buf *b, uint32_t field, const void *data, size_t n)
{
	if (n > SIZE_MAX - 20 || !pd_pb_room(b, n + 20)) {
		b->failed = true;
		return;
	}
	uint8_t *p = pd_pb_store(b->v + b->n, (uint64_t)field << 3 | PD_PB_BYTES);
	p = pd_pb_store(p, n);
	if (n)
		memcpy(p, data, n);
	b->n = (size_t)(p - b->v) + n;
}
