/* A tiny protobuf emitter for tests, independent of the library's: bytes in the order asked for, nothing checked. */
#ifndef SUPPORT_PROTO_EMIT_H
#define SUPPORT_PROTO_EMIT_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct emit {
	uint8_t b[1 << 16];
	size_t n;
};

static inline void emit_byte(struct emit *e, unsigned c)
{
	if (e->n == sizeof e->b)
		abort();
	e->b[e->n++] = (uint8_t)c;
}

static inline void emit_varint(struct emit *e, uint64_t v)
{
	for (; v > 127; v /= 128)
		emit_byte(e, (unsigned)(v % 128) + 128);
	emit_byte(e, (unsigned)v);
}

static inline void emit_tag(struct emit *e, unsigned field, unsigned wire)
{
	emit_varint(e, field * 8 + wire);
}

static inline void emit_num(struct emit *e, unsigned field, int64_t v)
{
	emit_tag(e, field, 0);
	emit_varint(e, (uint64_t)v);
}

static inline void emit_bytes(struct emit *e, unsigned field, const void *p, size_t n)
{
	emit_tag(e, field, 2);
	emit_varint(e, n);
	for (size_t i = 0; i < n; i++)
		emit_byte(e, ((const uint8_t *)p)[i]);
}

static inline void emit_text(struct emit *e, unsigned field, const char *text)
{
	emit_bytes(e, field, text, strlen(text));
}

/* The message `m` as a field of `e`; `m` is emptied. */
static inline void emit_message(struct emit *e, unsigned field, struct emit *m)
{
	emit_bytes(e, field, m->b, m->n);
	m->n = 0;
}

/* A message of pairs "field, number"; the list ends with field 0. */
static inline void emit_nums(struct emit *e, unsigned field, const int64_t *pairs)
{
	static struct emit m;

	m.n = 0;
	for (; pairs[0]; pairs += 2)
		emit_num(&m, (unsigned)pairs[0], pairs[1]);
	emit_message(e, field, &m);
}
#define EMIT_NUMS(e, field, ...) emit_nums(e, field, (const int64_t[]){ __VA_ARGS__, 0 })

/* Packed numbers. */
static inline void emit_packed(struct emit *e, unsigned field, const int64_t *v, size_t n)
{
	static struct emit m;

	m.n = 0;
	for (size_t i = 0; i < n; i++)
		emit_varint(&m, (uint64_t)v[i]);
	emit_message(e, field, &m);
}
#define EMIT_PACKED(e, field, ...) \
	emit_packed(e, field, (const int64_t[]){ __VA_ARGS__ }, sizeof((const int64_t[]){ __VA_ARGS__ }) / sizeof(int64_t))

#endif
