#include "common/pb_wire.h"

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

#define CONT 0x8080808080808080ULL

/* The 7-bit groups of up to 4 bytes, closed up. */
static inline uint64_t close4(uint64_t x)
{
	return (x & 0x7f) | (x >> 1 & 0x3f80) | (x >> 2 & 0x1fc000) | (x >> 3 & 0xfe00000);
}

/*
 * Two numbers of up to 4 bytes per load, for as long as that works; *p ends at
 * the first number not taken, or at `end`. The only chain from one round to
 * the next is load, second stop bit, position, and no branch depends on how
 * long the numbers are (ids of 2 and 3 bytes alternate at random).
 */
static inline size_t unpack_pairs(const uint8_t **at, const uint8_t *end, const uint8_t *readable, uint64_t *out)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	const uint8_t *p = *at, *last = end;
	uint64_t *o = out;

	if (readable - end < 7)
		last = readable - p >= 8 ? readable - 7 : p;
	while (p < last) {
		uint64_t w = pd_load64(p), stop = ~w & CONT, rest = stop & (stop - 1);

		if (pd_unlikely(!rest))
			break;
		unsigned n1 = (pd_ctz64(stop) + 1) >> 3, n2 = (pd_ctz64(rest) + 1) >> 3;
		if (pd_unlikely(n1 > 4 || n2 - n1 > 4))
			break;
		o[0] = close4(w & (stop ^ (stop - 1)));
		o[1] = close4((w & (rest ^ (rest - 1))) >> (n1 * 8));
		o += 2;
		p += n2;
	}
	if (p > end) { /* the second number of the last pair lies outside */
		o--;
		p = end;
	}
	*at = p;
	return (size_t)(o - out);
#else
	(void)at, (void)end, (void)readable, (void)out;
	return 0;
#endif
}

size_t pd_pb_unpack(const uint8_t *p, const uint8_t *end, const uint8_t *readable, uint64_t *out, enum pd_pb_fault *why, const uint8_t **at)
{
	uint64_t *o = out;

	if (p < end && end[-1] >= 0x80) { /* from here on no number that starts inside ends outside */
		const uint8_t *start = end - 1;
		while (start > p && start[-1] >= 0x80)
			start--;
		*why = PD_PB_CUT;
		*at = start;
		return SIZE_MAX;
	}
	while (p < end) {
		o += unpack_pairs(&p, end, readable, o);
		if (p >= end)
			break;
		const uint8_t *start = p;
		*why = pd_pb_varint(&p, end, o);
		if (*why) {
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
