/*
 * Writing: one pass over the rows numbers what they use, in the order of first
 * use, one writes. Field order, packing and numbering are those of google's
 * library (fields ascending, lists of more than two numbers packed, zeros left
 * out except in default_sample_type), so that equal documents give equal bytes
 * and existing tools find nothing unusual.
 *
 * Two departures: an empty string label and a number 0 are written as explicit
 * zeros, which every decoder accepts and which keeps them apart.
 */
#include "pprof/pprof.h"

#include <assert.h>

#define FLUSH (64u * 1024)
#define TIME_KEY "timestamp"
#define TIME_UNIT "nanoseconds"

static const struct pd_span time_key_text = { TIME_KEY, sizeof TIME_KEY - 1 }, time_unit_text = { TIME_UNIT, sizeof TIME_UNIT - 1 };

/* Numbers given to rows of a document table in the order of first use. */
struct order {
	uint32_t *number;      /* row → number from 1, 0 = not used */
	PD_VEC(uint32_t) row;  /* number - 1 → row */
};

struct writer {
	const struct pd_doc *doc;
	struct pd_out *out;
	struct pd_error *err;
	struct order string, frame, func, mapping; /* func: row 0 is the nameless function of lines without one */
	struct pd_span *extra; /* strings the document lacks: rows n_strings and up of `string` */
	uint32_t n_strings, n_extra, max_extra;
	uint8_t *stack_seen, *set_seen; /* bits */
	struct code { uint8_t byte[7], n; } *code; /* frame → its id as a varint */
	struct pd_pb_buf buf, msg, sub;
	unsigned n_types;
	const char *asked_type; /* the sample type to become the default, or NULL */
	pd_str comm, pid, tid; /* label keys the reader derives the root label from; 0 = not in the document */
	bool saw_comm, saw_process;
	bool no_memory;
};

/* ---- numbering ---- */

static bool order_init(struct order *o, uint32_t rows)
{
	o->number = calloc((size_t)rows + 1, sizeof *o->number);
	return o->number;
}

static void order_release(struct order *o)
{
	free(o->number);
	pd_vec_release(&o->row);
}

static void use(struct writer *w, struct order *o, uint32_t row)
{
	if (o->number[row])
		return;
	if (!pd_vec_push(&o->row, row)) {
		w->no_memory = true;
		return;
	}
	o->number[row] = (uint32_t)o->row.n;
}

static void use_string(struct writer *w, pd_str s)
{
	if (s.v)
		use(w, &w->string, s.v);
}

static uint64_t string_index(const struct writer *w, pd_str s)
{
	return s.v ? w->string.number[s.v] : 0;
}

/* Row of a text that may not be in the document; `text` lives until the writer is done. */
static uint32_t text_row(struct writer *w, struct pd_span text)
{
	pd_str s;

	if (!text.n || pd_doc_find_string(w->doc, text.p, text.n, &s))
		return text.n ? s.v : 0;
	for (uint32_t i = 0; i < w->n_extra; i++)
		if (w->extra[i].n == text.n && !memcmp(w->extra[i].p, text.p, text.n))
			return w->n_strings + i;
	assert(w->n_extra < w->max_extra);
	w->extra[w->n_extra] = text;
	return w->n_strings + w->n_extra++;
}

static uint64_t text_index(struct writer *w, struct pd_span text)
{
	return w->string.number[text_row(w, text)];
}

static void use_text(struct writer *w, struct pd_span text)
{
	uint32_t row = text_row(w, text);

	if (row)
		use(w, &w->string, row);
}

static bool test_and_set(uint8_t *bits, uint32_t i)
{
	uint8_t bit = (uint8_t)(1u << (i & 7));
	bool was = bits[i >> 3] & bit;

	bits[i >> 3] |= bit;
	return was;
}

/* Frames of a stack, leaf first; parts of it seen before have all their frames numbered. */
static void use_stack(struct writer *w, pd_stack s)
{
	for (; s.v && !test_and_set(w->stack_seen, s.v); s = pd_doc_stack_parent(w->doc, s)) {
		const pd_frame *run;
		for (uint32_t n = pd_doc_stack_run(w->doc, s, &run); n-- > 0;)
			use(w, &w->frame, run[n].v);
	}
}

static void use_labels(struct writer *w, pd_labels set)
{
	const struct pd_label *l;

	if (!set.v || test_and_set(w->set_seen, set.v))
		return;
	size_t n = pd_doc_labels(w->doc, set, &l);
	for (size_t i = 0; i < n; i++) {
		w->saw_comm |= l[i].key.v && l[i].key.v == w->comm.v;
		w->saw_process |= l[i].key.v && (l[i].key.v == w->pid.v || l[i].key.v == w->tid.v);
		if (l[i].kind == PD_LABEL_STR) {
			use_string(w, l[i].key);
			use_string(w, l[i].str);
		}
	}
	for (size_t i = 0; i < n; i++) {
		if (l[i].kind == PD_LABEL_NUM) {
			use_string(w, l[i].key);
			use_string(w, l[i].unit);
		}
	}
}

static void use_rows(struct writer *w)
{
	struct pd_rows rows;

	for (unsigned s = 0; s < pd_doc_series(w->doc); s++) {
		uint64_t first = 0;
		bool times = pd_series_has_time(w->doc, s);
		for (size_t n; (n = pd_series_rows(w->doc, s, first, &rows)) > 0 && !w->no_memory; first += n) {
			for (size_t i = 0; i < n; i++) {
				use_stack(w, rows.stack[i]);
				use_labels(w, rows.labels[i]);
			}
			if (times) {
				use_text(w, time_key_text);
				use_text(w, time_unit_text);
			}
		}
	}
}

static void use_mapping(struct writer *w, uint32_t m)
{
	struct pd_mapping_desc d;

	if (!m || w->mapping.number[m])
		return;
	use(w, &w->mapping, m);
	pd_doc_mapping(w->doc, (pd_mapping){ m }, &d);
	use_string(w, d.file);
	use_string(w, d.build_id);
}

/* Main mapping, those of the frames in use, then the others: they say what was in the process. */
static void use_mappings(struct writer *w)
{
	uint32_t n = pd_doc_mappings(w->doc);
	struct pd_mapping_desc m;
	struct pd_frame_desc f;

	for (uint32_t i = 1; i <= n; i++) {
		pd_doc_mapping(w->doc, (pd_mapping){ i }, &m);
		if (m.flags & PD_MAP_MAIN)
			use_mapping(w, i);
	}
	for (size_t i = 0; i < w->frame.row.n; i++) {
		pd_doc_frame(w->doc, (pd_frame){ w->frame.row.v[i] }, &f);
		use_mapping(w, f.mapping.v);
	}
	for (uint32_t i = 1; i <= n; i++)
		use_mapping(w, i);
}

static void use_functions(struct writer *w)
{
	struct pd_func_desc d;
	struct pd_frame_desc f;

	for (size_t i = 0; i < w->frame.row.n; i++) {
		pd_doc_frame(w->doc, (pd_frame){ w->frame.row.v[i] }, &f);
		for (uint32_t l = 0; l < f.n_lines; l++) {
			uint32_t func = f.lines[l].func.v;
			if (w->func.number[func])
				continue;
			use(w, &w->func, func);
			if (!func)
				continue;
			pd_doc_func(w->doc, f.lines[l].func, &d);
			use_string(w, d.name);
			use_string(w, d.system_name);
			use_string(w, d.file);
		}
	}
}

/* ---- names and comments made here ---- */

struct column {
	unsigned series, column;
	struct pd_value_type type;
	char *renamed; /* "series_type" when another series has a type of that name */
	size_t length;
};

static bool name_taken(const struct pd_doc *doc, unsigned index, const struct pd_sample_type *t)
{
	struct pd_sample_type other;

	for (unsigned i = 0; i < pd_doc_sample_types(doc); i++) {
		pd_doc_sample_type(doc, i, &other);
		if (i != index && other.series != t->series && other.type.type.v == t->type.type.v)
			return true;
	}
	return false;
}

/* Sample types of several series may share names; the series then becomes part of it. */
static void name_column(struct writer *w, unsigned index, struct column *c)
{
	struct pd_sample_type t;
	struct pd_span series, type;

	pd_doc_sample_type(w->doc, index, &t);
	*c = (struct column){ .series = t.series, .column = t.column, .type = t.type };
	series = pd_doc_string(w->doc, pd_series_name(w->doc, t.series));
	if (!series.n || !name_taken(w->doc, index, &t))
		return;
	type = pd_doc_string(w->doc, t.type.type);
	c->length = series.n + 1 + type.n;
	c->renamed = malloc(c->length);
	if (!c->renamed) {
		w->no_memory = true;
		return;
	}
	memcpy(c->renamed, series.p, series.n);
	c->renamed[series.n] = '_';
	memcpy(c->renamed + series.n + 1, type.p, type.n);
}

static struct pd_span column_name(const struct writer *w, const struct column *c)
{
	return c->renamed ? (struct pd_span){ c->renamed, c->length } : pd_doc_string(w->doc, c->type.type);
}

/* The default type by the name it has in the file: the one asked for, else the profile's own. */
static struct pd_span default_type(const struct writer *w, const struct column *c)
{
	pd_str name = pd_doc_meta(w->doc)->default_sample_type;
	int asked = w->asked_type && w->asked_type[0] ? pd_doc_find_sample_type(w->doc, w->asked_type) : -1;

	if (asked >= 0)
		return column_name(w, &c[asked]);
	for (unsigned i = 0; name.v && i < w->n_types; i++)
		if (c[i].type.type.v == name.v)
			return column_name(w, &c[i]);
	return pd_doc_string(w->doc, name);
}

/* Comments of our own, for what the format has no field for. */
struct own_comments {
	char *text[3];
	size_t length[3]; /* a label key may have zeros in it */
	unsigned n;
};

static void own_comment(struct writer *w, struct own_comments *c, const char *prefix, struct pd_span value)
{
	size_t n = strlen(prefix);
	char *text = malloc(n + value.n);

	if (!text) {
		w->no_memory = true;
		return;
	}
	memcpy(text, prefix, n);
	memcpy(text + n, value.p, value.n);
	c->length[c->n] = n + value.n;
	c->text[c->n++] = text;
}

static struct pd_span own_text(const struct own_comments *c, size_t i)
{
	return (struct pd_span){ c->text[i], c->length[i] };
}

/* Would reading find the root label by itself? It looks for labels comm together with pid or tid. */
static bool root_label_shows(const struct writer *w)
{
	return w->comm.v && pd_doc_meta(w->doc)->root_label.v == w->comm.v && w->saw_comm && w->saw_process;
}

static void own_comments(struct writer *w, struct own_comments *c)
{
	const struct pd_meta *meta = pd_doc_meta(w->doc);
	struct pd_span root = pd_doc_string(w->doc, meta->root_label);
	char number[32];
	int64_t end;

	if (meta->end_nanos && (pd_add_overflow(meta->time_nanos, meta->duration_nanos, &end) || end != meta->end_nanos)) {
		int n = snprintf(number, sizeof number, "%lld", (long long)meta->end_nanos);
		own_comment(w, c, PPROF_COMMENT_END, (struct pd_span){ number, (size_t)n });
	}
	if (root.n && !root_label_shows(w))
		own_comment(w, c, PPROF_COMMENT_ROOT, root);
	if (meta->producer.v)
		own_comment(w, c, PPROF_COMMENT_PRODUCER, pd_doc_string(w->doc, meta->producer));
}

static void use_header(struct writer *w, const struct own_comments *own, struct pd_span default_name)
{
	const struct pd_meta *meta = pd_doc_meta(w->doc);
	const pd_str *comment;
	size_t n = pd_doc_comments(w->doc, &comment);

	use_string(w, meta->drop_frames);
	use_string(w, meta->keep_frames);
	use_string(w, meta->period_type);
	use_string(w, meta->period_unit);
	for (size_t i = 0; i < n; i++)
		use_string(w, comment[i]);
	for (size_t i = 0; i < own->n; i++)
		use_text(w, own_text(own, i));
	use_text(w, default_name);
	use_string(w, meta->doc_url);
}

/* In the order in which google's library fills its string table. */
static void number_everything(struct writer *w, const struct column *c, struct own_comments *own)
{
	for (unsigned i = 0; i < w->n_types; i++) {
		use_text(w, column_name(w, &c[i]));
		use_string(w, c[i].type.unit);
	}
	use_rows(w);
	use_mappings(w);
	use_functions(w);
	own_comments(w, own);
	use_header(w, own, default_type(w, c));
}

/* ---- emitting ---- */

static void flush(struct writer *w)
{
	pd_out_write(w->out, w->buf.v, w->buf.n);
	w->buf.n = 0;
}

/* The message in w->msg as field `field` of the profile. */
static void put_message(struct writer *w, uint32_t field)
{
	pd_pb_put_bytes(&w->buf, field, w->msg.v, w->msg.n);
	w->msg.n = 0;
	if (w->buf.n >= FLUSH)
		flush(w);
}

static void put_types(struct writer *w, const struct column *c)
{
	for (unsigned i = 0; i < w->n_types; i++) {
		pd_pb_put_opt(&w->msg, VALUE_TYPE_TYPE, text_index(w, column_name(w, &c[i])));
		pd_pb_put_opt(&w->msg, VALUE_TYPE_UNIT, string_index(w, c[i].type.unit));
		put_message(w, PROFILE_SAMPLE_TYPE);
	}
}

static void put_str_label(struct writer *w, const struct pd_label *l)
{
	w->sub.n = 0;
	pd_pb_put_opt(&w->sub, LABEL_KEY, string_index(w, l->key));
	pd_pb_put(&w->sub, LABEL_STR, string_index(w, l->str));
	pd_pb_put_bytes(&w->msg, SAMPLE_LABEL, w->sub.v, w->sub.n);
}

static void put_num_label(struct writer *w, uint64_t key, int64_t num, uint64_t unit)
{
	w->sub.n = 0;
	pd_pb_put_opt(&w->sub, LABEL_KEY, key);
	pd_pb_put(&w->sub, LABEL_NUM, (uint64_t)num);
	pd_pb_put_opt(&w->sub, LABEL_NUM_UNIT, unit);
	pd_pb_put_bytes(&w->msg, SAMPLE_LABEL, w->sub.v, w->sub.n);
}

static void put_labels(struct writer *w, pd_labels set)
{
	const struct pd_label *l;
	size_t n = set.v ? pd_doc_labels(w->doc, set, &l) : 0;

	for (size_t i = 0; i < n; i++)
		if (l[i].kind == PD_LABEL_STR)
			put_str_label(w, &l[i]);
	for (size_t i = 0; i < n; i++)
		if (l[i].kind == PD_LABEL_NUM)
			put_num_label(w, string_index(w, l[i].key), l[i].num, string_index(w, l[i].unit));
}

/* Location ids of a stack, leaf first: packed when there are more than two. */
static void put_stack(struct writer *w, pd_stack s)
{
	uint32_t depth = s.v ? pd_doc_stack_depth(w->doc, s) : 0;
	const size_t head = 12; /* room for tag and length in front */
	const pd_frame *run;

	if (!pd_pb_room(&w->msg, head + (size_t)depth * 6 + 8))
		return;
	uint8_t *start = w->msg.v + w->msg.n + head, *p = start;
	for (; s.v; s = pd_doc_stack_parent(w->doc, s)) {
		for (uint32_t n = pd_doc_stack_run(w->doc, s, &run); n-- > 0;) {
			const struct code *code = &w->code[run[n].v];
			if (depth <= 2)
				*p++ = SAMPLE_LOCATION_ID << 3 | PD_PB_VARINT;
			memcpy(p, code, sizeof *code);
			p += code->n;
		}
	}
	size_t size = (size_t)(p - start);
	uint8_t *to = w->msg.v + w->msg.n;
	if (depth > 2) {
		*to++ = SAMPLE_LOCATION_ID << 3 | PD_PB_BYTES;
		to = pd_pb_store(to, size);
	}
	memmove(to, start, size);
	w->msg.n = (size_t)(to - w->msg.v) + size;
}

static void put_values(struct writer *w, const int64_t *v)
{
	if (w->n_types <= 2) {
		for (unsigned i = 0; i < w->n_types; i++)
			pd_pb_put(&w->msg, SAMPLE_VALUE, (uint64_t)v[i]);
		return;
	}
	size_t size = 0;
	for (unsigned i = 0; i < w->n_types; i++)
		size += pd_pb_size((uint64_t)v[i]);
	if (!pd_pb_room(&w->msg, size + 20))
		return;
	uint8_t *p = w->msg.v + w->msg.n;
	*p++ = SAMPLE_VALUE << 3 | PD_PB_BYTES;
	p = pd_pb_store(p, size);
	for (unsigned i = 0; i < w->n_types; i++)
		p = pd_pb_store(p, (uint64_t)v[i]);
	w->msg.n = (size_t)(p - w->msg.v);
}

/* v / 10^decimals, halves away from zero. */
static int64_t whole(int64_t v, unsigned decimals)
{
	int64_t scale = 1;

	if (!decimals)
		return v;
	if (decimals > 18)
		return 0;
	for (unsigned i = 0; i < decimals; i++)
		scale *= 10;
	int64_t q = v / scale, rest = v % scale;
	if (rest >= scale - rest)
		q++;
	else if (-rest >= scale + rest)
		q--;
	return q;
}

/* Rows of the series whose columns are c[at .. at + n). */
static void put_series(struct writer *w, unsigned series, const struct column *c, unsigned at, unsigned n, int64_t *value)
{
	uint64_t first = 0, time_key = 0, time_unit = 0;
	struct pd_rows rows;

	if (pd_series_has_time(w->doc, series)) {
		time_key = text_index(w, time_key_text);
		time_unit = text_index(w, time_unit_text);
	}
	memset(value, 0, w->n_types * sizeof *value);
	for (size_t k; (k = pd_series_rows(w->doc, series, first, &rows)) > 0; first += k) {
		for (size_t i = 0; i < k; i++) {
			for (unsigned j = 0; j < n; j++)
				value[at + j] = whole(rows.value[j][i], c[at + j].type.decimals);
			put_stack(w, rows.stack[i]);
			put_values(w, value);
			put_labels(w, rows.labels[i]);
			if (rows.time && rows.time[i] != PD_NO_TIME)
				put_num_label(w, time_key, rows.time[i], time_unit);
			put_message(w, PROFILE_SAMPLE);
		}
		if (pd_out_failed(w->out) || w->msg.failed || w->buf.failed)
			return;
	}
}

static void put_samples(struct writer *w, const struct column *c)
{
	int64_t *value = calloc(w->n_types ? w->n_types : 1, sizeof *value);

	if (!value) {
		w->no_memory = true;
		return;
	}
	for (unsigned s = 0, at = 0, n; s < pd_doc_series(w->doc); s++, at += n) {
		n = pd_series_values(w->doc, s);
		put_series(w, s, c, at, n, value);
	}
	free(value);
}

static void put_mappings(struct writer *w)
{
	struct pd_mapping_desc d;

	for (size_t i = 0; i < w->mapping.row.n; i++) {
		pd_doc_mapping(w->doc, (pd_mapping){ w->mapping.row.v[i] }, &d);
		pd_pb_put(&w->msg, MAPPING_ID, i + 1);
		pd_pb_put_opt(&w->msg, MAPPING_START, d.start);
		pd_pb_put_opt(&w->msg, MAPPING_LIMIT, d.limit);
		pd_pb_put_opt(&w->msg, MAPPING_OFFSET, d.offset);
		pd_pb_put_opt(&w->msg, MAPPING_FILENAME, string_index(w, d.file));
		pd_pb_put_opt(&w->msg, MAPPING_BUILD_ID, string_index(w, d.build_id));
		pd_pb_put_opt(&w->msg, MAPPING_HAS_FUNCTIONS, !!(d.flags & PD_MAP_HAS_FUNCTIONS));
		pd_pb_put_opt(&w->msg, MAPPING_HAS_FILENAMES, !!(d.flags & PD_MAP_HAS_FILENAMES));
		pd_pb_put_opt(&w->msg, MAPPING_HAS_LINE_NUMBERS, !!(d.flags & PD_MAP_HAS_LINES));
		pd_pb_put_opt(&w->msg, MAPPING_HAS_INLINE_FRAMES, !!(d.flags & PD_MAP_HAS_INLINES));
		put_message(w, PROFILE_MAPPING);
	}
}

static void put_locations(struct writer *w)
{
	struct pd_frame_desc d;

	for (size_t i = 0; i < w->frame.row.n; i++) {
		pd_doc_frame(w->doc, (pd_frame){ w->frame.row.v[i] }, &d);
		pd_pb_put(&w->msg, LOCATION_ID, i + 1);
		pd_pb_put_opt(&w->msg, LOCATION_MAPPING_ID, d.mapping.v ? w->mapping.number[d.mapping.v] : 0);
		pd_pb_put_opt(&w->msg, LOCATION_ADDRESS, d.address);
		for (uint32_t l = 0; l < d.n_lines; l++) {
			const struct pd_line *line = &d.lines[l];
			w->sub.n = 0;
			pd_pb_put(&w->sub, LINE_FUNCTION_ID, w->func.number[line->func.v]);
			pd_pb_put_opt(&w->sub, LINE_LINE, (uint64_t)line->line);
			pd_pb_put_opt(&w->sub, LINE_COLUMN, (uint64_t)line->column);
			pd_pb_put_bytes(&w->msg, LOCATION_LINE, w->sub.v, w->sub.n);
		}
		pd_pb_put_opt(&w->msg, LOCATION_IS_FOLDED, !!(d.flags & PD_FRAME_FOLDED));
		put_message(w, PROFILE_LOCATION);
	}
}

static void put_functions(struct writer *w)
{
	struct pd_func_desc d;

	for (size_t i = 0; i < w->func.row.n; i++) {
		d = (struct pd_func_desc){ 0 };
		if (w->func.row.v[i])
			pd_doc_func(w->doc, (pd_func){ w->func.row.v[i] }, &d);
		pd_pb_put(&w->msg, FUNCTION_ID, i + 1);
		pd_pb_put_opt(&w->msg, FUNCTION_NAME, string_index(w, d.name));
		pd_pb_put_opt(&w->msg, FUNCTION_SYSTEM_NAME, string_index(w, d.system_name));
		pd_pb_put_opt(&w->msg, FUNCTION_FILENAME, string_index(w, d.file));
		pd_pb_put_opt(&w->msg, FUNCTION_START_LINE, (uint64_t)d.start_line);
		put_message(w, PROFILE_FUNCTION);
	}
}

static void put_strings(struct writer *w)
{
	struct pd_span s;

	pd_pb_put_bytes(&w->buf, PROFILE_STRING_TABLE, "", 0);
	for (size_t i = 0; i < w->string.row.n; i++) {
		uint32_t row = w->string.row.v[i];
		s = row < w->n_strings ? pd_doc_string(w->doc, (pd_str){ row }) : w->extra[row - w->n_strings];
		pd_pb_put_bytes(&w->buf, PROFILE_STRING_TABLE, s.p, s.n);
		if (w->buf.n >= FLUSH)
			flush(w);
	}
}

/* ---- header ---- */

static void put_comments(struct writer *w, const struct own_comments *own)
{
	const pd_str *comment;
	size_t n = pd_doc_comments(w->doc, &comment), total = n + own->n;

	for (size_t i = 0; i < total; i++) {
		uint64_t index = i < n ? string_index(w, comment[i]) : text_index(w, own_text(own, i - n));
		if (total > 2)
			pd_pb_put_varint(&w->msg, index);
		else
			pd_pb_put(&w->buf, PROFILE_COMMENT, index);
	}
	if (total > 2)
		put_message(w, PROFILE_COMMENT);
}

static void put_header(struct writer *w, const struct own_comments *own, struct pd_span default_name)
{
	const struct pd_meta *meta = pd_doc_meta(w->doc);

	pd_pb_put_opt(&w->buf, PROFILE_DROP_FRAMES, string_index(w, meta->drop_frames));
	pd_pb_put_opt(&w->buf, PROFILE_KEEP_FRAMES, string_index(w, meta->keep_frames));
	pd_pb_put_opt(&w->buf, PROFILE_TIME_NANOS, (uint64_t)meta->time_nanos);
	pd_pb_put_opt(&w->buf, PROFILE_DURATION_NANOS, (uint64_t)meta->duration_nanos);
	if (meta->period_type.v || meta->period_unit.v) {
		pd_pb_put_opt(&w->msg, VALUE_TYPE_TYPE, string_index(w, meta->period_type));
		pd_pb_put_opt(&w->msg, VALUE_TYPE_UNIT, string_index(w, meta->period_unit));
		put_message(w, PROFILE_PERIOD_TYPE);
	}
	pd_pb_put_opt(&w->buf, PROFILE_PERIOD, (uint64_t)meta->period);
	put_comments(w, own);
	pd_pb_put(&w->buf, PROFILE_DEFAULT_SAMPLE_TYPE, text_index(w, default_name));
	pd_pb_put_opt(&w->buf, PROFILE_DOC_URL, string_index(w, meta->doc_url));
}

/* ---- all of it ---- */

static bool writer_init(struct writer *w)
{
	const struct pd_doc *d = w->doc;

	pd_doc_find_string(d, "comm", 4, &w->comm);
	pd_doc_find_string(d, "pid", 3, &w->pid);
	pd_doc_find_string(d, "tid", 3, &w->tid);
	w->stack_seen = calloc((size_t)pd_doc_stack_nodes(d) / 8 + 1, 1);
	w->set_seen = calloc((size_t)pd_doc_label_sets(d) / 8 + 1, 1);
	w->n_strings = pd_doc_strings(d) + 1;
	w->max_extra = w->n_types + 5; /* renamed types, key and unit of times, own comments */
	w->extra = calloc(w->max_extra, sizeof *w->extra);
	return w->stack_seen && w->set_seen && w->extra && order_init(&w->string, w->n_strings + w->max_extra) && order_init(&w->frame, pd_doc_frames(d)) &&
	       order_init(&w->func, pd_doc_funcs(d)) && order_init(&w->mapping, pd_doc_mappings(d));
}

/* Ids of frames in their encoded form: a stack is then a chain of stores. */
static bool encode_ids(struct writer *w)
{
	w->code = calloc((size_t)pd_doc_frames(w->doc) + 1, sizeof *w->code);
	if (!w->code)
		return false;
	for (size_t i = 0; i < w->frame.row.n; i++) {
		struct code *c = &w->code[w->frame.row.v[i]];
		c->n = (uint8_t)(pd_pb_store(c->byte, i + 1) - c->byte); /* ids have 32 bits: 5 bytes at most */
	}
	return true;
}

static void writer_release(struct writer *w)
{
	order_release(&w->string);
	order_release(&w->frame);
	order_release(&w->func);
	order_release(&w->mapping);
	free(w->extra);
	free(w->stack_seen);
	free(w->set_seen);
	free(w->code);
	pd_pb_buf_release(&w->buf);
	pd_pb_buf_release(&w->msg);
	pd_pb_buf_release(&w->sub);
}

static void write_all(struct writer *w, struct column *c)
{
	struct own_comments own = { 0 };

	for (unsigned i = 0; i < w->n_types; i++)
		name_column(w, i, &c[i]);
	if (!w->no_memory)
		number_everything(w, c, &own);
	if (!w->no_memory && encode_ids(w)) {
		put_types(w, c);
		put_samples(w, c);
		put_mappings(w);
		put_locations(w);
		put_functions(w);
		put_strings(w);
		put_header(w, &own, default_type(w, c));
		flush(w);
	} else {
		w->no_memory = true;
	}
	for (unsigned i = 0; i < own.n; i++)
		free(own.text[i]);
	for (unsigned i = 0; i < w->n_types; i++)
		free(c[i].renamed);
}

enum pd_status pprof_write(const struct pd_doc *doc, struct pd_out *out, const struct pd_save_opts *save, const void *opts, struct pd_error *err)
{
	struct writer w = { .doc = doc, .out = out, .err = err, .n_types = pd_doc_sample_types(doc), .asked_type = save ? save->sample_type : NULL };
	struct column *columns = calloc(w.n_types ? w.n_types : 1, sizeof *columns);

	(void)opts;
	w.no_memory = !columns || !writer_init(&w);
	if (!w.no_memory)
		write_all(&w, columns);
	free(columns);
	bool failed = w.no_memory || w.buf.failed || w.msg.failed || w.sub.failed;
	writer_release(&w);
	return failed ? pd_error_set(err, PD_ERR_NOMEM, "out of memory") : PD_OK;
}
