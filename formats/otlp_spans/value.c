/* AnyValue of protobuf that nests, as JSON: arrays, lists of pairs, bytes as hexadecimal digits. */
#include "base/span.h"
#include "common/escape.h"
#include "common/json_write.h"
#include "io/out.h"
#include "otlp_spans/otlp.h"
#include <math.h>

#define DEEPEST 32

/* A message whose values are being written: the AnyValue of an element, or ArrayValue or KeyValueList around elements. */
struct level {
	struct pd_pb m;
	bool pairs, any;
};

static struct pd_pb inside(const struct pd_pb_field *f)
{
	return (struct pd_pb){ .p = f->p, .end = f->p + f->n };
}

static void put_bytes(struct pd_out *out, const struct pd_pb_field *f)
{
	static const char digit[] = "0123456789abcdef";

	out_byte(out, '"');
	for (size_t i = 0; i < f->n; i++) {
		out_byte(out, digit[f->p[i] >> 4]);
		out_byte(out, digit[f->p[i] & 15]);
	}
	out_byte(out, '"');
}

/* A value that does not nest. */
static void put_plain(struct pd_out *out, const struct pd_pb_field *f)
{
	double real;

	memcpy(&real, &f->value, sizeof real);
	if (f->number == 1 && f->wire == PD_PB_BYTES)
		esc_json_quoted(out, (const char *)f->p, f->n);
	else if (f->number == 2 && f->wire == PD_PB_VARINT)
		pd_out_puts(out, f->value ? "true" : "false");
	else if (f->number == 3 && f->wire == PD_PB_VARINT)
		pd_out_i64(out, (int64_t)f->value);
	else if (f->number == 4 && f->wire == PD_PB_FIXED64 && isfinite(real))
		out_used(out, pd_put_real(out_room(out, 64), real));
	else if (f->number == 7 && f->wire == PD_PB_BYTES)
		put_bytes(out, f);
	else
		pd_out_puts(out, "null");
}

static bool nests(const struct pd_pb_field *f)
{
	return (f->number == 5 || f->number == 6) && f->wire == PD_PB_BYTES;
}

/* The last field of an AnyValue, which is the one that counts; an empty one is null. */
static bool value_of(const struct pd_pb_field *any, struct pd_pb_field *out)
{
	struct pd_pb m = inside(any);
	bool has = false;

	while (pd_pb_next(&m, out))
		has = true;
	return has;
}

/* The element's AnyValue, with the key before it written where elements are pairs. */
static struct pd_pb_field element_of(struct pd_out *out, const struct level *l, const struct pd_pb_field *element)
{
	struct pd_pb_field f, key = { 0 }, value = { 0 };
	struct pd_pb m = inside(element);

	if (!l->pairs)
		return *element;
	while (pd_pb_next(&m, &f)) {
		if (f.number == 1 && f.wire == PD_PB_BYTES)
			key = f;
		else if (f.number == 2 && f.wire == PD_PB_BYTES)
			value = f;
	}
	esc_json_quoted(out, (const char *)key.p, key.n);
	out_byte(out, ':');
	return value;
}

static void open_level(struct pd_out *out, struct level *l, const struct pd_pb_field *f)
{
	*l = (struct level){ .m = inside(f), .pairs = f->number == 6 };
	out_byte(out, l->pairs ? '{' : '[');
}

void otlp_value_json(struct pd_out *out, const struct pd_pb_field *value)
{
	struct level level[DEEPEST];
	struct pd_pb_field f, any;
	unsigned depth = 1;

	open_level(out, &level[0], value);
	while (depth) {
		struct level *l = &level[depth - 1];

		if (!pd_pb_next(&l->m, &f)) {
			out_byte(out, l->pairs ? '}' : ']');
			depth--;
			continue;
		}
		if (f.number != 1 || f.wire != PD_PB_BYTES)
			continue;
		if (l->any)
			out_byte(out, ',');
		l->any = true;
		any = element_of(out, l, &f);
		if (!value_of(&any, &f))
			pd_out_puts(out, "null");
		else if (!nests(&f))
			put_plain(out, &f);
		else if (depth == DEEPEST)
			pd_out_puts(out, "\"(nested too deep)\"");
		else
			open_level(out, &level[depth++], &f);
	}
}
