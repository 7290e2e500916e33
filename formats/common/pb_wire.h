/*
 * Protobuf on the wire: a walker over the fields of a message and an emitter.
 * The walker never reads outside its message and never recurses; a nested
 * message is another walker over the bytes of a field. Groups are an error.
 */
#ifndef COMMON_PB_WIRE_H
#define COMMON_PB_WIRE_H

#include "base/compiler.h"
#include "base/hash.h"
#include <profdata/base.h>

enum pd_pb_wire {
	PD_PB_VARINT = 0,
	PD_PB_FIXED64 = 1,
	PD_PB_BYTES = 2, /* strings, messages, packed numbers */
	PD_PB_FIXED32 = 5,
};

enum pd_pb_fault {
	PD_PB_OK = 0,
	PD_PB_CUT,      /* the message ends inside a number */
	PD_PB_TOO_BIG,  /* varint of more than 10 bytes or 64 bits */
	PD_PB_LENGTH,   /* length reaches beyond the end of the message */
	PD_PB_GROUP,    /* wire types 3 and 4 */
	PD_PB_WIRE,     /* wire types 6 and 7 */
	PD_PB_NUMBER,   /* field number 0 or beyond 2^29 - 1 */
};

/* A message being walked: [p, end) is what is left. */
struct pd_pb {
	const uint8_t *p, *end;
	enum pd_pb_fault fault;
	const uint8_t *at; /* where the fault is */
};

struct pd_pb_field {
	uint32_t number;
	enum pd_pb_wire wire;
	uint64_t value;      /* varint, fixed64, fixed32 */
	const uint8_t *p;    /* PD_PB_BYTES: content */
	size_t n;
	const uint8_t *at;   /* the tag */
};

/* What a fault means, for messages: "a length reaches beyond the end of its message". */
const char *pd_pb_fault_text(enum pd_pb_fault fault);

/* Slow path of pd_pb_varint(): any length, near the end of the message. */
enum pd_pb_fault pd_pb_varint_slow(const uint8_t **p, const uint8_t *end, uint64_t *out);

/* Reads a varint at *p and moves *p behind it. */
static inline enum pd_pb_fault pd_pb_varint(const uint8_t **p, const uint8_t *end, uint64_t *out)
{
	const uint8_t *q = *p;

	if (pd_likely(end - q >= 3)) {
		uint32_t a = q[0], b = q[1], c = q[2];

		if (a < 0x80) {
			*out = a;
			*p = q + 1;
			return PD_PB_OK;
		}
		if (b < 0x80) {
			*out = (a & 0x7f) | b << 7;
			*p = q + 2;
			return PD_PB_OK;
		}
		if (c < 0x80) {
			*out = (a & 0x7f) | (b & 0x7f) << 7 | c << 14;
			*p = q + 3;
			return PD_PB_OK;
		}
	}
	return pd_pb_varint_slow(p, end, out);
}

/* Next field; false at the end of the message or at a fault (in->fault says which). */
bool pd_pb_next_slow(struct pd_pb *in, struct pd_pb_field *f);

static inline bool pd_pb_next(struct pd_pb *in, struct pd_pb_field *f)
{
	const uint8_t *p = in->p, *q = p + 2;
	size_t left = (size_t)(in->end - p);
	uint32_t v;

	if (!left)
		return false;
	/* a one-byte tag and a length or number below 2^28: nearly everything */
	if (pd_unlikely(left < 2 || p[0] >= 0x80 || p[0] < 8))
		return pd_pb_next_slow(in, f);
	v = p[1];
	if (v >= 0x80) {
		unsigned n = left < 3 || p[2] < 0x80 ? 3 : left < 4 || p[3] < 0x80 ? 4 : 5;

		if (left < n || p[n - 1] >= 0x80)
			return pd_pb_next_slow(in, f);
		v = (v & 0x7f) | (uint32_t)(p[2] & 0x7f) << 7;
		if (n > 3)
			v |= (uint32_t)(p[3] & 0x7f) << 14;
		if (n > 4)
			v |= (uint32_t)p[4] << 21;
		q = p + n;
	}
	f->number = p[0] >> 3;
	f->at = p;
	if ((p[0] & 7) == PD_PB_VARINT) {
		f->wire = PD_PB_VARINT;
		f->value = v;
		in->p = q;
		return true;
	}
	if (pd_likely((p[0] & 7) == PD_PB_BYTES && v <= (size_t)(in->end - q))) {
		f->wire = PD_PB_BYTES;
		f->p = q;
		f->n = v;
		in->p = q + v;
		return true;
	}
	return pd_pb_next_slow(in, f);
}

/*
 * Decodes all of [p, end) as varints into out (room for end - p entries).
 * Returns their number, or SIZE_MAX at a fault (*fault, *at). `readable` is the
 * end of the memory that may be read, at or behind `end`: far enough away it
 * allows the fast loop.
 */
size_t pd_pb_unpack(const uint8_t *p, const uint8_t *end, const uint8_t *readable, uint64_t *out, enum pd_pb_fault *fault, const uint8_t **at);

/* ---- emitter ---- */

/* Bytes under construction. A failed allocation is sticky: later calls do nothing. Released with pd_pb_buf_release(). */
struct pd_pb_buf {
	uint8_t *v;
	size_t n, cap;
	bool failed;
};

bool pd_pb_buf_grow(struct pd_pb_buf *b, size_t more);
void pd_pb_buf_release(struct pd_pb_buf *b);

/* Room for `more` bytes; false when out of memory. */
static inline bool pd_pb_room(struct pd_pb_buf *b, size_t more)
{
	return pd_likely(b->cap - b->n >= more) || pd_pb_buf_grow(b, more);
}

/* Writes a varint at p (room for 10 bytes) and returns the end. */
static inline uint8_t *pd_pb_store(uint8_t *p, uint64_t v)
{
	while (v >= 0x80) {
		*p++ = (uint8_t)(v | 0x80);
		v >>= 7;
	}
	*p++ = (uint8_t)v;
	return p;
}

static inline size_t pd_pb_size(uint64_t v)
{
	return (size_t)(70 - pd_clz64(v | 1)) / 7;
}

void pd_pb_put_varint(struct pd_pb_buf *b, uint64_t v);
/* A number field, zero too. */
void pd_pb_put(struct pd_pb_buf *b, uint32_t field, uint64_t v);
/* A number field, left out when zero. */
void pd_pb_put_opt(struct pd_pb_buf *b, uint32_t field, uint64_t v);
/* A field of bytes: string, or the message built in another buffer. */
void pd_pb_put_bytes(struct pd_pb_buf *b, uint32_t field, const void *data, size_t n);

#endif
