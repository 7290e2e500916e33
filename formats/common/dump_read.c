/* Reader of the dump format; see formats/dump.c for how it looks. */
#include "common/dump_read.h"
#include "base/arena.h"
#include "base/hash.h"
#include "base/span.h"
#include "base/vec.h"
#include "common/json_read.h"
#include <math.h>
#include <profdata/metrics.h>

const char *const pd_dump_mapping_flags[] = { "functions", "filenames", "lines", "inlines", "main", NULL };
const char *const pd_dump_frame_flags[] = { "folded", "kernel", "jit", "inlined", NULL };

/* From the text of a frame in a stack to the frame: open addressing, slots hold 1 + index into row. */
struct handles {
	PD_VEC(struct handle { struct pd_span text; uint64_t hash; pd_frame frame; }) row;
	uint32_t *slot;
	size_t mask;
	struct pd_arena text;
};

struct reader {
	struct pd_source *src;
	struct pd_sink *sink;
	struct pd_builder *b;
	struct pd_span rest;          /* of the line */
	PD_VEC(char) text;            /* one unescaped field */
	PD_VEC(pd_mapping) mapping;
	struct handles handles;
	bool in_frame;                /* a frame line waits for its lines */
	struct pd_frame_desc frame;
	PD_VEC(struct pd_line) lines;
	PD_VEC(char) frame_handle;
	unsigned series, n_values;
	bool has_series, has_rows;
	uint8_t decimals[PD_MAX_VALUES];
	PD_VEC(struct pd_label) labels;
	PD_VEC(pd_frame) path;
	bool in_metric;               /* a metric line waits for its labels and bins */
	struct pd_metric metric;
	PD_VEC(struct pd_metric_bin) bins;
};

static enum pd_status no_memory(struct reader *r)
{
	return pd_error_set(r->sink->err, PD_ERR_NOMEM, "out of memory");
}

/* Cuts the next tab-separated field off the line; false when there is none. */
static bool next_field(struct reader *r, struct pd_span *field)
{
	const char *tab;

	if (!r->rest.p)
		return false;
	*field = r->rest;
	tab = r->rest.n ? memchr(r->rest.p, '\t', r->rest.n) : NULL;
	if (!tab) {
		r->rest = (struct pd_span){ NULL, 0 };
		return true;
	}
	field->n = (size_t)(tab - field->p);
	r->rest.n -= field->n + 1;
	r->rest.p = tab + 1;
	return true;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Resolves the backslashes of a field into r->text. */
static enum pd_status unescape(struct reader *r, struct pd_span s)
{
	r->text.n = 0;
	if (!pd_vec_reserve(&r->text, s.n + 1))
		return no_memory(r);
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (c != '\\') {
			r->text.v[r->text.n++] = c;
			continue;
		}
		c = ++i < s.n ? s.p[i] : 0;
		if (c == 'x' && s.n - i > 2 && hex_value(s.p[i + 1]) >= 0 && hex_value(s.p[i + 2]) >= 0) {
			c = (char)(hex_value(s.p[i + 1]) << 4 | hex_value(s.p[i + 2]));
			i += 2;
		} else if (c == 't' || c == 'n' || c == 'r') {
			c = c == 't' ? '\t' : c == 'n' ? '\n' : '\r';
		} else if (!c || !strchr("\\;#:=@", c)) {
			return pd_fail(r->sink, r->src, "unknown escape: expected \\t \\n \\r \\xNN or a backslash before one of \\ ; # : = @");
		}
		r->text.v[r->text.n++] = c;
	}
	return PD_OK;
}

static enum pd_status take_str(struct reader *r, struct pd_span s, pd_str *out)
{
	enum pd_status st = unescape(r, s);

	if (st == PD_OK)
		*out = pd_intern(r->b, r->text.v, r->text.n);
	return st;
}

static bool parse_i64(struct pd_span s, int64_t *out)
{
	struct pd_number num;

	return pd_number_parse(s, &num) && num.text.n && pd_number_i64(&num, out);
}

static bool parse_hex(struct pd_span s, uint64_t *out)
{
	uint64_t v = 0;

	if (s.n < 3 || s.n > 18 || s.p[0] != '0' || s.p[1] != 'x')
		return false;
	for (size_t i = 2; i < s.n; i++) {
		if (hex_value(s.p[i]) < 0)
			return false;
		v = v << 4 | (uint64_t)hex_value(s.p[i]);
	}
	*out = v;
	return true;
}

/* Splits "key=value"; the value keeps its escapes. */
static bool is_field(struct pd_span field, const char *key, struct pd_span *value)
{
	size_t n = strlen(key);

	if (field.n <= n || memcmp(field.p, key, n) != 0 || field.p[n] != '=')
		return false;
	*value = (struct pd_span){ field.p + n + 1, field.n - n - 1 };
	return true;
}

static bool parse_flags(struct pd_span s, const char *const *names, uint32_t *out)
{
	*out = 0;
	for (;;) {
		const char *comma = s.n ? memchr(s.p, ',', s.n) : NULL;
		size_t n = comma ? (size_t)(comma - s.p) : s.n;
		uint64_t bits = 0;
		unsigned bit = 0;

		while (names[bit] && !(strlen(names[bit]) == n && memcmp(names[bit], s.p, n) == 0))
			bit++;
		if (names[bit])
			bits = 1ull << bit;
		else if (!parse_hex((struct pd_span){ s.p, n }, &bits) || bits > UINT32_MAX)
			return false;
		*out |= (uint32_t)bits;
		if (!comma)
			return true;
		s = (struct pd_span){ comma + 1, s.n - n - 1 };
	}
}

/* ---- reading: handles ---- */

static size_t handle_slot(const struct handles *h, struct pd_span text, uint64_t hash)
{
	size_t i = (size_t)hash & h->mask;

	for (; h->slot[i]; i = (i + 1) & h->mask) {
		const struct handle *row = &h->row.v[h->slot[i] - 1];

		if (row->hash == hash && row->text.n == text.n && memcmp(row->text.p, text.p, text.n) == 0)
			break;
	}
	return i;
}

static bool handles_grow(struct handles *h)
{
	size_t size = h->slot ? 2 * (h->mask + 1) : 1024;
	uint32_t *slot = calloc(size, sizeof(*slot));

	if (!slot)
		return false;
	free(h->slot);
	h->slot = slot;
	h->mask = size - 1;
	for (size_t k = 0; k < h->row.n; k++) {
		size_t i = (size_t)h->row.v[k].hash & h->mask;

		while (slot[i])
			i = (i + 1) & h->mask;
		slot[i] = (uint32_t)k + 1;
	}
	return true;
}

/* The row of a handle, a new one with frame 0 when it was not there; NULL when out of memory. */
static struct handle *handle_of(struct handles *h, struct pd_span text)
{
	uint64_t hash = pd_hash_bytes(pd_hash_key(), text.p, text.n);
	char *copy;
	size_t i;

	if (h->row.n * 2 >= (h->slot ? h->mask : 0) && !handles_grow(h))
		return NULL;
	i = handle_slot(h, text, hash);
	if (h->slot[i])
		return &h->row.v[h->slot[i] - 1];
	copy = pd_arena_text(&h->text, text.p, text.n);
	if (!copy || !pd_vec_push(&h->row, ((struct handle){ { copy, text.n }, hash, { 0 } })))
		return NULL;
	h->slot[i] = (uint32_t)h->row.n;
	return &h->row.v[h->row.n - 1];
}

/* ---- reading: the lines ---- */

/* The frame whose lines have all been read. */
static enum pd_status finish_frame(struct reader *r)
{
	struct handle *h;

	if (!r->in_frame)
		return PD_OK;
	r->in_frame = false;
	h = handle_of(&r->handles, (struct pd_span){ r->frame_handle.v, r->frame_handle.n });
	if (!h)
		return no_memory(r);
	if (h->frame.v)
		return pd_fail(r->sink, r->src, "the frame above is declared twice");
	r->frame.lines = r->lines.v;
	r->frame.n_lines = (uint32_t)r->lines.n;
	h->frame = pd_frame_add(r->b, &r->frame);
	return PD_OK;
}

static enum pd_status read_mapping(struct reader *r)
{
	struct pd_mapping_desc m = { 0 };
	struct pd_span f, v, limit;
	int64_t number;
	enum pd_status st = PD_OK;

	if (!next_field(r, &f) || !parse_i64(f, &number) || number != (int64_t)r->mapping.n + 1)
		return pd_fail(r->sink, r->src, "expected the number %zu of the mapping", r->mapping.n + 1);
	limit = next_field(r, &f) && f.n ? (struct pd_span){ memchr(f.p, '-', f.n), 0 } : (struct pd_span){ NULL, 0 };
	if (limit.p) {
		limit = (struct pd_span){ limit.p + 1, f.n - (size_t)(limit.p + 1 - f.p) };
		f.n -= limit.n + 1;
	}
	if (!limit.p || !parse_hex(f, &m.start) || !parse_hex(limit, &m.limit))
		return pd_fail(r->sink, r->src, "expected the addresses of the mapping, 0xSTART-0xLIMIT");
	while (st == PD_OK && next_field(r, &f)) {
		if (is_field(f, "file", &v))
			st = take_str(r, v, &m.file);
		else if (is_field(f, "build-id", &v))
			st = take_str(r, v, &m.build_id);
		else if (!(is_field(f, "offset", &v) && parse_hex(v, &m.offset)) &&
			 !(is_field(f, "flags", &v) && parse_flags(v, pd_dump_mapping_flags, &m.flags)))
			st = pd_fail(r->sink, r->src, "expected offset=0x, file=, build-id= or flags= of the mapping");
	}
	if (st == PD_OK && !pd_vec_push(&r->mapping, pd_mapping_add(r->b, &m)))
		return no_memory(r);
	return st;
}

static enum pd_status read_frame(struct reader *r)
{
	struct pd_span f, v;
	int64_t mapping;

	if (!next_field(r, &f) || f.n == 0)
		return pd_fail(r->sink, r->src, "expected the name of the frame");
	r->frame_handle.n = 0;
	if (!pd_vec_reserve(&r->frame_handle, f.n))
		return no_memory(r);
	memcpy(r->frame_handle.v, f.p, f.n);
	r->frame_handle.n = f.n;
	r->frame = (struct pd_frame_desc){ 0 };
	r->lines.n = 0;
	r->in_frame = true;
	while (next_field(r, &f)) {
		if (is_field(f, "address", &v) && parse_hex(v, &r->frame.address))
			continue;
		if (is_field(f, "flags", &v) && parse_flags(v, pd_dump_frame_flags, &r->frame.flags))
			continue;
		if (!is_field(f, "mapping", &v) || !parse_i64(v, &mapping))
			return pd_fail(r->sink, r->src, "expected address=0x, mapping= or flags= of the frame");
		if (mapping < 1 || (uint64_t)mapping > r->mapping.n)
			return pd_fail(r->sink, r->src, "no mapping %lld was declared", (long long)mapping);
		r->frame.mapping = r->mapping.v[mapping - 1];
	}
	return PD_OK;
}

static enum pd_status read_frame_line(struct reader *r)
{
	struct pd_func_desc fn = { .name = { 0 } };
	struct pd_line l = { .line = 0 };
	struct pd_span f, v;
	bool no_func;
	enum pd_status st;

	if (!r->in_frame)
		return pd_fail(r->sink, r->src, "expected a frame before its lines");
	next_field(r, &f); /* before the first tab */
	if (!next_field(r, &f))
		return pd_fail(r->sink, r->src, "expected a function name");
	no_func = f.n == 2 && memcmp(f.p, "\\N", 2) == 0;
	st = no_func ? PD_OK : take_str(r, f, &fn.name);
	while (st == PD_OK && next_field(r, &f)) {
		if (is_field(f, "file", &v) && !no_func)
			st = take_str(r, v, &fn.file);
		else if (is_field(f, "system", &v) && !no_func)
			st = take_str(r, v, &fn.system_name);
		else if (!(is_field(f, "line", &v) && parse_i64(v, &l.line)) && !(is_field(f, "column", &v) && parse_i64(v, &l.column)) &&
			 !(is_field(f, "start", &v) && !no_func && parse_i64(v, &fn.start_line)))
			st = pd_fail(r->sink, r->src, "expected line=, column=, file=, system= or start= after the function");
	}
	if (st != PD_OK)
		return st;
	if (!no_func)
		l.func = pd_func_add(r->b, &fn);
	return pd_vec_push(&r->lines, l) ? PD_OK : no_memory(r);
}

static enum pd_status read_series(struct reader *r)
{
	struct pd_span f;
	pd_str name = { 0 };
	enum pd_status st = next_field(r, &f) ? take_str(r, f, &name) : PD_OK;

	if (st != PD_OK)
		return st;
	r->series = pd_series_add(r->b, name);
	r->n_values = 0;
	r->has_series = true;
	r->has_rows = false;
	return PD_OK;
}

static enum pd_status read_value(struct reader *r)
{
	struct pd_value_type t = { .decimals = 0 };
	struct pd_span type, unit, f, v;
	int64_t decimals = 0;
	enum pd_status st;

	if (!r->has_series || r->has_rows)
		return pd_fail(r->sink, r->src, "expected value types between a series line and its rows");
	if (r->n_values == PD_MAX_VALUES)
		return pd_fail(r->sink, r->src, "more than %d value types in one series", PD_MAX_VALUES);
	if (!next_field(r, &type) || !next_field(r, &unit))
		return pd_fail(r->sink, r->src, "expected a type and a unit");
	if (next_field(r, &f) && (!is_field(f, "decimals", &v) || !parse_i64(v, &decimals) || decimals < 1 || decimals > 255))
		return pd_fail(r->sink, r->src, "expected decimals= and a number from 1 to 255");
	t.decimals = (uint8_t)decimals;
	st = take_str(r, type, &t.type);
	if (st == PD_OK)
		st = take_str(r, unit, &t.unit);
	if (st != PD_OK)
		return st;
	r->decimals[r->n_values++] = t.decimals;
	pd_series_value(r->b, r->series, &t);
	return PD_OK;
}

static enum pd_status take_values(struct reader *r, struct pd_span f, int64_t *values)
{
	for (unsigned c = 0; c < r->n_values; c++) {
		const char *space = f.n ? memchr(f.p, ' ', f.n) : NULL;
		size_t n = space ? (size_t)(space - f.p) : f.n;
		struct pd_number num;
		bool rounded = false;

		if (!pd_number_parse((struct pd_span){ f.p, n }, &num) || !pd_number_scaled(&num, r->decimals[c], &values[c], &rounded) || rounded)
			return r->decimals[c] ? pd_fail(r->sink, r->src, "expected a value of 64 bits with at most %u decimals", r->decimals[c])
					      : pd_fail(r->sink, r->src, "expected a whole number of 64 bits");
		if (!space != (c + 1 == r->n_values))
			return pd_fail(r->sink, r->src, "expected %u values", r->n_values);
		if (space)
			f = (struct pd_span){ space + 1, f.n - n - 1 };
	}
	return PD_OK;
}

/* "key=text", "key:=12" or "key:=12 unit" */
static enum pd_status take_label(struct reader *r, struct pd_span f)
{
	struct pd_label l = { .kind = PD_LABEL_STR };
	struct pd_span value, unit;
	const char *space;
	bool colon = false; /* an unescaped one just before */
	size_t at = 0;
	enum pd_status st;

	for (; at < f.n && f.p[at] != '='; at++) {
		colon = f.p[at] == ':';
		at += f.p[at] == '\\';
	}
	if (at >= f.n)
		return pd_fail(r->sink, r->src, "expected a label, key=text or key:=number");
	value = (struct pd_span){ f.p + at + 1, f.n - at - 1 };
	if (colon) {
		l.kind = PD_LABEL_NUM;
		at--;
	}
	st = take_str(r, (struct pd_span){ f.p, at }, &l.key);
	if (st == PD_OK && l.kind == PD_LABEL_STR)
		st = take_str(r, value, &l.str);
	if (st == PD_OK && l.kind == PD_LABEL_NUM) {
		space = value.n ? memchr(value.p, ' ', value.n) : NULL;
		if (space) {
			unit = (struct pd_span){ space + 1, value.n - (size_t)(space + 1 - value.p) };
			value.n -= unit.n + 1;
			st = take_str(r, unit, &l.unit);
		}
		if (st == PD_OK && !parse_i64(value, &l.num))
			return pd_fail(r->sink, r->src, "expected a whole number in a label");
	}
	if (st == PD_OK && !pd_vec_push(&r->labels, l))
		return no_memory(r);
	return st;
}

static enum pd_status take_frame(struct reader *r, struct pd_span text)
{
	struct handle *h = handle_of(&r->handles, text);
	bool declared = text.n >= 2 && text.p[0] == '0' && text.p[1] == 'x';
	enum pd_status st;

	if (!h)
		return no_memory(r);
	if (!h->frame.v) { /* not declared: only a name */
		for (size_t i = 0; i < text.n; i++) {
			declared |= text.p[i] == '#';
			i += text.p[i] == '\\';
		}
		if (text.n == 0)
			return pd_fail(r->sink, r->src, "expected the name of a frame between ';'");
		if (declared)
			return pd_fail(r->sink, r->src, "no frame '%.*s' was declared", (int)(text.n < 200 ? text.n : 200), text.p);
		st = unescape(r, text);
		if (st != PD_OK)
			return st;
		h->frame = pd_frame_named(r->b, r->text.v, r->text.n);
	}
	return pd_vec_push(&r->path, h->frame) ? PD_OK : no_memory(r);
}

static enum pd_status take_stack(struct reader *r, struct pd_span s)
{
	size_t from = 0;

	r->path.n = 0;
	for (size_t i = 0; s.n && i <= s.n; i++) {
		enum pd_status st;

		if (i < s.n && s.p[i] != ';') {
			i += s.p[i] == '\\' && i + 1 < s.n;
			continue;
		}
		st = take_frame(r, (struct pd_span){ s.p + from, i - from });
		if (st != PD_OK)
			return st;
		from = i + 1;
	}
	return PD_OK;
}

static enum pd_status read_row(struct reader *r)
{
	int64_t values[PD_MAX_VALUES];
	struct pd_sample sample = { .has_time = false };
	struct pd_span f, next;
	enum pd_status st;

	if (!r->n_values)
		return pd_fail(r->sink, r->src, "expected a series and its value types before the first row");
	r->has_rows = true;
	r->labels.n = 0;
	next_field(r, &f);
	st = take_values(r, f, values);
	if (st == PD_OK && !next_field(r, &f))
		return pd_fail(r->sink, r->src, "expected a stack (which may be empty) after a tab");
	for (; st == PD_OK && next_field(r, &next); f = next) {
		if (f.n == 0 || f.p[0] != '@') {
			st = take_label(r, f);
			continue;
		}
		sample.has_time = true;
		if (!parse_i64((struct pd_span){ f.p + 1, f.n - 1 }, &sample.time))
			return pd_fail(r->sink, r->src, "expected a time in nanoseconds after '@'");
	}
	if (st == PD_OK)
		st = take_stack(r, f);
	if (st != PD_OK)
		return st;
	sample.stack = pd_stack_of(r->b, r->path.v, r->path.n, PD_ROOT_FIRST);
	sample.labels = pd_labels_of(r->b, r->labels.v, r->labels.n);
	pd_sample_add(r->b, r->series, &sample, values);
	return PD_OK;
}

/* ---- reading: metrics ---- */

/* The metric whose labels and bins have all been read. */
static void finish_metric(struct reader *r)
{
	if (!r->in_metric)
		return;
	r->in_metric = false;
	r->metric.bin = r->bins.v;
	r->metric.n_bins = r->bins.n;
	pd_metric_add(r->b, &r->metric);
}

static bool parse_kind(struct pd_span s, enum pd_metric_kind *out)
{
	for (int k = 0; k < PD_METRIC_KINDS; k++) {
		const char *name = pd_metric_kind_name((enum pd_metric_kind)k);

		if (strlen(name) == s.n && memcmp(name, s.p, s.n) == 0) {
			*out = (enum pd_metric_kind)k;
			return true;
		}
	}
	return false;
}

static enum pd_status read_metric(struct reader *r)
{
	struct pd_metric *m = &r->metric;
	struct pd_span f, v;
	enum pd_status st;

	*m = (struct pd_metric){ .value = NAN, .count = NAN, .sum = NAN };
	if (!next_field(r, &f) || !parse_kind(f, &m->kind))
		return pd_fail(r->sink, r->src, "expected the kind of the metric: unknown, counter, gauge, histogram or summary");
	if (!next_field(r, &f))
		return pd_fail(r->sink, r->src, "expected the name of the metric");
	st = take_str(r, f, &m->name);
	while (st == PD_OK && next_field(r, &f)) {
		if (is_field(f, "unit", &v))
			st = take_str(r, v, &m->unit);
		else if (is_field(f, "help", &v))
			st = take_str(r, v, &m->help);
		else if (pd_json_is(f, "state"))
			m->flags |= PD_METRIC_STATE;
		else if (f.n > 1 && f.p[0] == '@' && parse_i64((struct pd_span){ f.p + 1, f.n - 1 }, &m->time))
			m->has_time = true;
		else if (!(is_field(f, "value", &v) && pd_number_real(v, &m->value)) && !(is_field(f, "count", &v) && pd_number_real(v, &m->count)) &&
			 !(is_field(f, "sum", &v) && pd_number_real(v, &m->sum)))
			st = pd_fail(r->sink, r->src, "expected unit=, help=, state, @TIME, value=, count= or sum= of the metric");
	}
	r->in_metric = true;
	r->bins.n = 0;
	return st;
}

static enum pd_status read_metric_labels(struct reader *r)
{
	enum pd_status st = PD_OK;
	struct pd_span f;

	if (!r->in_metric || r->metric.labels.v)
		return pd_fail(r->sink, r->src, "expected a metric before its labels");
	r->labels.n = 0;
	while (st == PD_OK && next_field(r, &f))
		st = take_label(r, f);
	if (st == PD_OK)
		r->metric.labels = pd_labels_of(r->b, r->labels.v, r->labels.n);
	return st;
}

static enum pd_status read_metric_bin(struct reader *r)
{
	struct pd_metric_bin bin;
	struct pd_span lo, hi, n;

	if (!r->in_metric)
		return pd_fail(r->sink, r->src, "expected a metric before its bins");
	if (!next_field(r, &lo) || !next_field(r, &hi) || !next_field(r, &n) || !pd_number_real(lo, &bin.lo) || !pd_number_real(hi, &bin.hi) || !pd_number_real(n, &bin.n))
		return pd_fail(r->sink, r->src, "expected three numbers of a bin");
	return pd_vec_push(&r->bins, bin) ? PD_OK : no_memory(r);
}

static enum pd_status read_period(struct reader *r)
{
	struct pd_meta *m = pd_builder_meta(r->b);
	struct pd_span number, type, unit;
	enum pd_status st;

	if (!next_field(r, &number) || !parse_i64(number, &m->period) || !next_field(r, &type) || !next_field(r, &unit))
		return pd_fail(r->sink, r->src, "expected a number, a type and a unit");
	st = take_str(r, type, &m->period_type);
	return st == PD_OK ? take_str(r, unit, &m->period_unit) : st;
}

/* Header lines with one field. */
static enum pd_status read_header_line(struct reader *r, struct pd_span word)
{
	struct pd_meta *m = pd_builder_meta(r->b);
	struct { const char *word; int64_t *number; pd_str *text; } known[] = {
		{ "time", &m->time_nanos, NULL },
		{ "duration", &m->duration_nanos, NULL },
		{ "end", &m->end_nanos, NULL },
		{ "default-type", NULL, &m->default_sample_type },
		{ "root-label", NULL, &m->root_label },
		{ "producer", NULL, &m->producer },
		{ "doc-url", NULL, &m->doc_url },
		{ "drop-frames", NULL, &m->drop_frames },
		{ "keep-frames", NULL, &m->keep_frames },
		{ "comment", NULL, NULL },
	};
	struct pd_span f;
	pd_str comment;

	for (size_t i = 0; i < PD_ARRAY_LEN(known); i++) {
		enum pd_status st;

		if (strlen(known[i].word) != word.n || memcmp(known[i].word, word.p, word.n) != 0)
			continue;
		if (!next_field(r, &f))
			return pd_fail(r->sink, r->src, "expected a value after '%s'", known[i].word);
		if (known[i].number)
			return parse_i64(f, known[i].number) ? PD_OK : pd_fail(r->sink, r->src, "expected a whole number");
		st = take_str(r, f, known[i].text ? known[i].text : &comment);
		if (st == PD_OK && !known[i].text)
			pd_builder_comment(r->b, comment);
		return st;
	}
	return pd_fail(r->sink, r->src, "unknown line: expected a row, a series, a frame, a mapping or a header field");
}

static enum pd_status read_line(struct reader *r, struct pd_span line)
{
	struct pd_span word;
	enum pd_status st;

	r->rest = line;
	if (line.n && line.p[0] == '\t')
		return read_frame_line(r);
	st = finish_frame(r);
	if (st != PD_OK)
		return st;
	if (!span_starts(line, "metric-"))
		finish_metric(r);
	if (line.n && (line.p[0] == '-' || (line.p[0] >= '0' && line.p[0] <= '9')))
		st = read_row(r);
	else if (!next_field(r, &word))
		st = PD_OK;
	else if (pd_json_is(word, "frame"))
		return read_frame(r);
	else if (pd_json_is(word, "mapping"))
		st = read_mapping(r);
	else if (pd_json_is(word, "series"))
		st = read_series(r);
	else if (pd_json_is(word, "value"))
		st = read_value(r);
	else if (pd_json_is(word, "metric"))
		st = read_metric(r);
	else if (pd_json_is(word, "metric-labels"))
		st = read_metric_labels(r);
	else if (pd_json_is(word, "metric-bin"))
		st = read_metric_bin(r);
	else if (pd_json_is(word, "period"))
		st = read_period(r);
	else
		st = read_header_line(r, word);
	if (st == PD_OK && r->rest.p)
		st = pd_fail(r->sink, r->src, "too many fields");
	return st;
}

static enum pd_status read_version(struct reader *r)
{
	static const char magic[] = "profdata dump ";
	struct pd_span line;
	int64_t version;

	if (!pd_source_line(r->src, &line) || line.n < sizeof(magic) || memcmp(line.p, magic, sizeof(magic) - 1) != 0 ||
	    !parse_i64((struct pd_span){ line.p + sizeof(magic) - 1, line.n - sizeof(magic) + 1 }, &version)) {
		if (pd_source_status(r->src) != PD_OK)
			return pd_source_status(r->src);
		return pd_fail(r->sink, r->src, "expected 'profdata dump 1' on the first line");
	}
	if (version != PD_DUMP_VERSION)
		return pd_fail(r->sink, r->src, "version %lld of the dump format is unknown (this program knows 1)", (long long)version);
	return PD_OK;
}

enum pd_status pd_dump_read(struct pd_source *src, struct pd_sink *sink)
{
	struct reader r = { .src = src, .sink = sink, .b = sink->prof };
	struct pd_span line;
	enum pd_status st = read_version(&r);

	while (st == PD_OK && pd_source_line(src, &line)) {
		st = read_line(&r, line);
		if (st == PD_OK && pd_builder_failed(sink->prof))
			st = pd_builder_status(sink->prof);
	}
	if (st == PD_OK)
		st = pd_source_status(src);
	if (st == PD_OK)
		st = finish_frame(&r);
	if (st == PD_OK)
		finish_metric(&r);
	pd_vec_release(&r.bins);
	pd_vec_release(&r.text);
	pd_vec_release(&r.mapping);
	pd_vec_release(&r.handles.row);
	free(r.handles.slot);
	pd_arena_release(&r.handles.text);
	pd_vec_release(&r.lines);
	pd_vec_release(&r.frame_handle);
	pd_vec_release(&r.labels);
	pd_vec_release(&r.path);
	return st;
}
