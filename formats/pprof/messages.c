/* profile.proto as tables, and what is common to all messages: errors with names and places, scalar fields. */
#include "pprof/pprof.h"

#include <stdarg.h>

#define BIT(n) (1u << (n))

const struct pprof_message pprof_profile_message = {
	.name = "profile", .n_fields = 15,
	.field = { NULL, "sample_type", "sample", "mapping", "location", "function", "string_table", "drop_frames", "keep_frames",
		   "time_nanos", "duration_nanos", "period_type", "period", "comment", "default_sample_type", "doc_url" },
	.varint = BIT(7) | BIT(8) | BIT(9) | BIT(10) | BIT(12) | BIT(13) | BIT(14) | BIT(15),
	.bytes = BIT(1) | BIT(2) | BIT(3) | BIT(4) | BIT(5) | BIT(6) | BIT(11) | BIT(13),
};
const struct pprof_message pprof_value_type_message = {
	.name = "value type", .n_fields = 2, .field = { NULL, "type", "unit" }, .varint = BIT(1) | BIT(2),
};
const struct pprof_message pprof_sample_message = {
	.name = "sample", .n_fields = 3, .field = { NULL, "location_id", "value", "label" },
	.varint = BIT(1) | BIT(2), .bytes = BIT(1) | BIT(2) | BIT(3),
};
const struct pprof_message pprof_label_message = {
	.name = "label", .n_fields = 4, .field = { NULL, "key", "str", "num", "num_unit" }, .varint = BIT(1) | BIT(2) | BIT(3) | BIT(4),
};
const struct pprof_message pprof_mapping_message = {
	.name = "mapping", .n_fields = 10,
	.field = { NULL, "id", "memory_start", "memory_limit", "file_offset", "filename", "build_id", "has_functions", "has_filenames",
		   "has_line_numbers", "has_inline_frames" },
	.varint = 0x7fe,
};
const struct pprof_message pprof_location_message = {
	.name = "location", .n_fields = 5, .field = { NULL, "id", "mapping_id", "address", "line", "is_folded" },
	.varint = BIT(1) | BIT(2) | BIT(3) | BIT(5), .bytes = BIT(4),
};
const struct pprof_message pprof_line_message = {
	.name = "line", .n_fields = 3, .field = { NULL, "function_id", "line", "column" }, .varint = BIT(1) | BIT(2) | BIT(3),
};
const struct pprof_message pprof_function_message = {
	.name = "function", .n_fields = 5, .field = { NULL, "id", "name", "system_name", "filename", "start_line" },
	.varint = 0x3e,
};

/* ---- errors ---- */

static uint64_t offset_of(const struct pprof_reader *r, const uint8_t *at)
{
	return r->offset + (uint64_t)(at - r->base);
}

enum pd_status pprof_fail(struct pprof_reader *r, const uint8_t *at, const char *fmt, ...)
{
	char text[400];
	va_list ap;

	if (r->status)
		return r->status;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	r->status = pd_fail_at(r->sink, r->src, offset_of(r, at), "%s", text);
	return r->status;
}

enum pd_status pprof_fail_in(struct pprof_reader *r, const uint8_t *at, const char *fmt, ...)
{
	char text[300], where[96] = "";
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (r->what && r->part)
		snprintf(where, sizeof where, "%s %llu, %s %llu: ", r->what, (unsigned long long)r->nth, r->part, (unsigned long long)r->part_nth);
	else if (r->what && r->nth)
		snprintf(where, sizeof where, "%s %llu: ", r->what, (unsigned long long)r->nth);
	else if (r->what)
		snprintf(where, sizeof where, "%s: ", r->what);
	return pprof_fail(r, at, "%s%s", where, text);
}

enum pd_status pprof_fail_wire(struct pprof_reader *r, enum pd_pb_fault fault, const uint8_t *at)
{
	enum pd_status status = pprof_fail_in(r, at, "%s", pd_pb_fault_text(fault));

	if (fault == PD_PB_CUT || fault == PD_PB_LENGTH)
		pd_error_hint(r->sink->err, "the file is truncated or damaged");
	return status;
}

static const char *wire_name(enum pd_pb_wire wire)
{
	switch (wire) {
	case PD_PB_VARINT:
		return "a varint";
	case PD_PB_FIXED64:
		return "8 fixed bytes";
	case PD_PB_BYTES:
		return "a length and bytes";
	case PD_PB_FIXED32:
		return "4 fixed bytes";
	}
	return "unknown";
}

enum pd_status pprof_fail_field(struct pprof_reader *r, const struct pprof_message *m, const struct pd_pb_field *f)
{
	bool varint = m->varint >> f->number & 1;

	return pprof_fail_in(r, f->at, "field %s (%u) of a %s is %s, expected %s", m->field[f->number], f->number, m->name,
			     wire_name(f->wire), varint ? wire_name(PD_PB_VARINT) : wire_name(PD_PB_BYTES));
}

enum pd_status pprof_fail_limit(struct pprof_reader *r, const uint8_t *at, const char *fmt, ...)
{
	struct pd_error *err = r->sink->err;
	char text[300];
	va_list ap;

	if (r->status)
		return r->status;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	r->status = PD_ERR_LIMIT;
	if (err && !err->status) {
		pd_fail_at(r->sink, r->src, offset_of(r, at), "%s", text); /* path and place */
		err->status = PD_ERR_LIMIT;
	}
	return r->status;
}

bool pprof_note(struct pprof_reader *r, const uint8_t *at, const char *what)
{
	if (!r->status)
		r->status = pd_note_at(r->sink, r->src, offset_of(r, at), what);
	return !r->status;
}

bool pprof_hold(struct pprof_reader *r, size_t n, size_t size)
{
	uint64_t max = r->sink->limits ? r->sink->limits->max_memory : 0;

	r->held += (uint64_t)n * size;
	if (!max || r->held <= max)
		return true;
	pprof_fail_limit(r, r->base, "the tables of the profile need more than %llu bytes of memory", (unsigned long long)max);
	return false;
}

/* ---- fields ---- */

bool pprof_read_scalars(struct pprof_reader *r, const struct pprof_message *m, const uint8_t *p, size_t n, struct pprof_scalars *s)
{
	struct pd_pb in = { .p = p, .end = p + n };
	struct pd_pb_field f;

	s->seen = 0;
	memset(s->v, 0, (m->n_fields + 1) * sizeof *s->v);
	while (pd_pb_next(&in, &f)) {
		if (pd_unlikely(!pprof_field_fits(m, &f))) {
			pprof_fail_field(r, m, &f);
			return false;
		}
		if (pd_unlikely(f.number > m->n_fields)) {
			if (!pprof_note(r, f.at, "unknown fields skipped"))
				return false;
			continue;
		}
		s->v[f.number] = f.value;
		s->at[f.number] = f.at;
		s->seen |= BIT(f.number);
	}
	if (in.fault)
		pprof_fail_wire(r, in.fault, in.at);
	return !in.fault;
}

bool pprof_string(struct pprof_reader *r, const struct pprof_message *m, const struct pprof_scalars *s, unsigned field, bool name, pd_str *out)
{
	uint64_t i = s->v[field];

	out->v = 0;
	if (pd_likely(i && i < r->string.n)) {
		out->v = r->string.v[i];
		return true;
	}
	if (i == 0) {
		/* tables that start with a real string: only fields that make no sense when empty mean it */
		if (name && r->first_string_named)
			out->v = r->string.v[0];
		return true;
	}
	pprof_fail_in(r, s->at[field], "%s is string %lld, but the string table has %zu entries", m->field[field], (long long)i, r->string.n);
	return false;
}
