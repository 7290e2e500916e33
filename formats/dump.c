/*
 * dump - everything in a document as text; the language of the golden tests.
 *
 *   profdata dump 1
 *   period	10000000	cpu	nanoseconds
 *   mapping	1	0x400000-0x501000	offset=0x0	file=/bin/app	flags=main,functions
 *   frame	main	address=0x401234	mapping=1
 *   	memcpy	line=12	file=/src/copy.h
 *   	main	line=40	file=/src/app.c	start=30
 *   series
 *   value	samples	count
 *   value	cpu	nanoseconds
 *   1 10000000	@1500	thread=worker	bytes:=64 bytes	_start;main;do_work
 *
 * Fields are separated by tabs. Frames that are only a name need no `frame`
 * line; others are told apart as name, name#2, name#3 in order of first use.
 * Tables follow the rows, so equal documents give equal text. The full
 * description is docs/formats/dump.md.
 */
#include "base/arena.h"
#include "base/vec.h"
#include "common/dump_read.h"
#include "common/escape.h"
#include "common/json_write.h"
#include <math.h>
#include <profdata/format.h>
#include <profdata/metrics.h>

/* ---- one line at a time in a buffer ---- */

struct dumper {
	pd_str default_type;
	const struct pd_doc *doc;
	struct pd_out *out;
	PD_VEC(char) line;
	bool failed;                /* out of memory */
	PD_VEC(uint32_t) used;      /* frames in order of first use */
	struct pd_span *handle;     /* per frame: its text in stacks, escaped */
	struct pd_arena text;       /* of handles */
	PD_VEC(pd_frame) path;
};

static void put(struct dumper *d, const char *p, size_t n)
{
	if (n == 0 || d->failed)
		return;
	if (!pd_vec_reserve(&d->line, n)) {
		d->failed = true;
		return;
	}
	memcpy(d->line.v + d->line.n, p, n);
	d->line.n += n;
}

static void put_z(struct dumper *d, const char *text)
{
	put(d, text, strlen(text));
}

static void put_i64(struct dumper *d, int64_t v)
{
	char text[24];

	put(d, text, pd_put_i64(text, v));
}

static void put_hex(struct dumper *d, uint64_t v)
{
	char text[24];

	put(d, text, (size_t)snprintf(text, sizeof(text), "0x%llx", (unsigned long long)v));
}

static void end_line(struct dumper *d)
{
	put(d, "\n", 1);
	if (!d->failed)
		pd_out_write(d->out, d->line.v, d->line.n);
	d->line.n = 0;
}

/* Does a character keep its place on a line, and is it visible? */
static bool is_shown(uint32_t cp)
{
	return cp >= 0x20 && !(cp >= 0x7f && cp <= 0x9f) && cp != 0x061c && !(cp >= 0x200e && cp <= 0x200f) &&
	       !(cp >= 0x2028 && cp <= 0x202e) && !(cp >= 0x2066 && cp <= 0x2069) && cp != 0xfeff;
}

/* Text so that it reads back byte for byte; `special` characters get a backslash too. */
static void put_text(struct dumper *d, struct pd_span s, const char *special)
{
	for (size_t i = 0, len; i < s.n; i += len) {
		char c = s.p[i], hex[5];
		uint32_t cp;
		bool valid;

		len = esc_utf8_next(s.p + i, s.n - i, &cp, &valid);
		if (c == '\t' || c == '\n' || c == '\r') {
			put_z(d, c == '\t' ? "\\t" : c == '\n' ? "\\n" : "\\r");
		} else if (c == '\\' || (c && strchr(special, c))) {
			put(d, (char[]){ '\\', c }, 2);
		} else if (valid && is_shown(cp) && (c != ' ' || (i > 0 && i + 1 < s.n))) {
			put(d, s.p + i, len);
		} else {
			for (size_t k = 0; k < len; k++)
				put(d, hex, (size_t)snprintf(hex, sizeof(hex), "\\x%02x", (unsigned char)s.p[i + k]));
		}
	}
}

static void put_str(struct dumper *d, pd_str s)
{
	put_text(d, pd_doc_string(d->doc, s), "");
}

/* TAB key=text, nothing when empty */
static void put_field(struct dumper *d, const char *key, pd_str s)
{
	if (!s.v)
		return;
	put_z(d, key);
	put_str(d, s);
}

static void put_number_field(struct dumper *d, const char *key, int64_t v)
{
	if (!v)
		return;
	put_z(d, key);
	put_i64(d, v);
}

static void put_flags(struct dumper *d, uint32_t flags, const char *const *names)
{
	const char *before = "\tflags=";

	for (unsigned bit = 0; flags; bit++) {
		if (!names[bit]) {
			put_z(d, before);
			put_hex(d, (uint64_t)flags << bit);
			return;
		}
		if (flags & 1) {
			put_z(d, before);
			put_z(d, names[bit]);
			before = ",";
		}
		flags >>= 1;
	}
}

/* ---- names for frames ---- */

static bool is_plain(const struct pd_doc *doc, const struct pd_frame_desc *f)
{
	struct pd_func_desc fn;

	if (f->n_lines != 1 || f->mapping.v || f->address || f->flags || f->lines[0].line || f->lines[0].column || !f->lines[0].func.v)
		return false;
	pd_doc_func(doc, f->lines[0].func, &fn);
	return fn.name.v && !fn.system_name.v && !fn.file.v && !fn.start_line;
}

static pd_str frame_name(const struct pd_doc *doc, const struct pd_frame_desc *f)
{
	struct pd_func_desc fn = { .name = { 0 } };

	if (f->n_lines && f->lines[0].func.v)
		pd_doc_func(doc, f->lines[0].func, &fn);
	return fn.name;
}

/* Frames of every stack that a row uses, in order of first use. */
static void collect_frames(struct dumper *d)
{
	uint8_t *seen_stack = calloc((size_t)pd_doc_stack_nodes(d->doc) + 1, 1);
	uint8_t *seen_frame = calloc((size_t)pd_doc_frames(d->doc) + 1, 1);
	struct pd_rows rows;

	d->failed |= !seen_stack || !seen_frame || !pd_vec_reserve(&d->path, pd_doc_max_depth(d->doc) + 1u);
	for (unsigned s = 0; !d->failed && s < pd_doc_series(d->doc); s++) {
		for (uint64_t at = 0; (rows.n = pd_series_rows(d->doc, s, at, &rows)) > 0; at += rows.n) {
			for (size_t i = 0; i < rows.n; i++) {
				size_t depth;

				if (seen_stack[rows.stack[i].v])
					continue;
				seen_stack[rows.stack[i].v] = 1;
				depth = pd_doc_stack(d->doc, rows.stack[i], PD_ROOT_FIRST, d->path.v);
				for (size_t k = 0; k < depth; k++) {
					uint32_t f = d->path.v[k].v;

					if (!seen_frame[f] && !pd_vec_push(&d->used, f))
						d->failed = true;
					seen_frame[f] = 1;
				}
			}
		}
	}
	free(seen_stack);
	free(seen_frame);
}

struct by_address { uint64_t address; uint32_t order; };

static int compare_address(const void *a, const void *b)
{
	const struct by_address *x = a, *y = b;

	if (x->address != y->address)
		return x->address < y->address ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

/* Keeps what is in the line buffer as the handle of a frame. */
static void keep_handle(struct dumper *d, uint32_t frame, uint32_t number)
{
	char *text;

	if (number) {
		put_z(d, "#");
		put_i64(d, number);
	}
	text = d->failed ? NULL : pd_arena_text(&d->text, d->line.v, d->line.n);
	d->failed |= !text;
	d->handle[frame] = (struct pd_span){ text, d->line.n };
	d->line.n = 0;
}

/* Frames without a function are called by their address, numbered where that is not enough. */
static void name_addresses(struct dumper *d)
{
	PD_VEC(struct by_address) all = { 0 };
	struct pd_frame_desc f;
	uint32_t number = 0;

	for (uint32_t i = 0; i < d->used.n; i++) {
		pd_doc_frame(d->doc, (pd_frame){ d->used.v[i] }, &f);
		if (f.n_lines == 0 && !pd_vec_push(&all, ((struct by_address){ f.address, i })))
			d->failed = true;
	}
	if (all.n)
		qsort(all.v, all.n, sizeof(*all.v), compare_address);
	for (size_t i = 0; i < all.n && !d->failed; i++) {
		number = i && all.v[i].address == all.v[i - 1].address ? number + 1 : 1;
		put_hex(d, all.v[i].address);
		keep_handle(d, d->used.v[all.v[i].order], number > 1 ? number : 0);
	}
	pd_vec_release(&all);
}

/* A function name in a stack; one that looks like an address hides its first digit. */
static void put_handle_name(struct dumper *d, struct pd_span name)
{
	if (name.n >= 2 && name.p[0] == '0' && name.p[1] == 'x') {
		put_z(d, "\\x30");
		name.p++;
		name.n--;
	}
	put_text(d, name, ";#");
}

static void name_frames(struct dumper *d)
{
	uint32_t *count = calloc((size_t)pd_doc_strings(d->doc) + 1, sizeof(*count)); /* per name: handles given */
	struct pd_frame_desc f;

	d->handle = calloc((size_t)pd_doc_frames(d->doc) + 1, sizeof(*d->handle));
	d->failed |= !count || !d->handle;
	for (size_t i = 0; i < d->used.n && !d->failed; i++) {
		pd_doc_frame(d->doc, (pd_frame){ d->used.v[i] }, &f);
		if (is_plain(d->doc, &f)) { /* these are called by their name alone */
			pd_str name = frame_name(d->doc, &f);

			count[name.v] = 1;
			put_handle_name(d, pd_doc_string(d->doc, name));
			keep_handle(d, d->used.v[i], 0);
		}
	}
	for (size_t i = 0; i < d->used.n && !d->failed; i++) {
		pd_str name;

		pd_doc_frame(d->doc, (pd_frame){ d->used.v[i] }, &f);
		if (f.n_lines == 0 || d->handle[d->used.v[i]].p)
			continue;
		name = frame_name(d->doc, &f);
		count[name.v]++;
		put_handle_name(d, pd_doc_string(d->doc, name));
		keep_handle(d, d->used.v[i], count[name.v] > 1 || !name.v ? count[name.v] : 0);
	}
	free(count);
	if (!d->failed)
		name_addresses(d);
}

/* ---- the parts ---- */

static void write_text_line(struct dumper *d, const char *word, pd_str s)
{
	if (!s.v)
		return;
	put_field(d, word, s);
	end_line(d);
}

static void write_number_line(struct dumper *d, const char *word, int64_t v)
{
	if (!v)
		return;
	put_number_field(d, word, v);
	end_line(d);
}

static void write_header(struct dumper *d)
{
	const struct pd_meta *m = pd_doc_meta(d->doc);
	const pd_str *comment;
	size_t n = pd_doc_comments(d->doc, &comment);

	put_z(d, "profdata dump ");
	put_i64(d, PD_DUMP_VERSION);
	end_line(d);
	write_number_line(d, "time\t", m->time_nanos);
	write_number_line(d, "duration\t", m->duration_nanos);
	write_number_line(d, "end\t", m->end_nanos);
	if (m->period || m->period_type.v || m->period_unit.v) {
		put_z(d, "period\t");
		put_i64(d, m->period);
		put_z(d, "\t");
		put_str(d, m->period_type);
		put_z(d, "\t");
		put_str(d, m->period_unit);
		end_line(d);
	}
	write_text_line(d, "default-type\t", d->default_type);
	write_text_line(d, "root-label\t", m->root_label);
	write_text_line(d, "producer\t", m->producer);
	write_text_line(d, "doc-url\t", m->doc_url);
	write_text_line(d, "drop-frames\t", m->drop_frames);
	write_text_line(d, "keep-frames\t", m->keep_frames);
	for (size_t i = 0; i < n; i++) {
		put_z(d, "comment\t");
		put_str(d, comment[i]);
		end_line(d);
	}
}

static void write_mappings(struct dumper *d)
{
	struct pd_mapping_desc m;

	for (uint32_t i = 1; i <= pd_doc_mappings(d->doc); i++) {
		pd_doc_mapping(d->doc, (pd_mapping){ i }, &m);
		put_z(d, "mapping\t");
		put_i64(d, i);
		put_z(d, "\t");
		put_hex(d, m.start);
		put_z(d, "-");
		put_hex(d, m.limit);
		put_z(d, "\toffset=");
		put_hex(d, m.offset);
		put_field(d, "\tfile=", m.file);
		put_field(d, "\tbuild-id=", m.build_id);
		put_flags(d, m.flags, pd_dump_mapping_flags);
		end_line(d);
	}
}

static void write_frame_line(struct dumper *d, const struct pd_line *l)
{
	struct pd_func_desc fn = { .name = { 0 } };

	put_z(d, "\t");
	if (l->func.v) {
		pd_doc_func(d->doc, l->func, &fn);
		put_str(d, fn.name);
	} else {
		put_z(d, "\\N");
	}
	put_number_field(d, "\tline=", l->line);
	put_number_field(d, "\tcolumn=", l->column);
	put_field(d, "\tfile=", fn.file);
	put_field(d, "\tsystem=", fn.system_name);
	put_number_field(d, "\tstart=", fn.start_line);
	end_line(d);
}

static void write_frames(struct dumper *d)
{
	struct pd_frame_desc f;

	for (size_t i = 0; i < d->used.n && !d->failed; i++) {
		pd_doc_frame(d->doc, (pd_frame){ d->used.v[i] }, &f);
		if (is_plain(d->doc, &f))
			continue;
		put_z(d, "frame\t");
		put(d, d->handle[d->used.v[i]].p, d->handle[d->used.v[i]].n);
		if (f.address) {
			put_z(d, "\taddress=");
			put_hex(d, f.address);
		}
		put_number_field(d, "\tmapping=", f.mapping.v);
		put_flags(d, f.flags, pd_dump_frame_flags);
		end_line(d);
		for (uint32_t k = 0; k < f.n_lines; k++)
			write_frame_line(d, &f.lines[k]);
	}
}

static void put_labels(struct dumper *d, pd_labels set)
{
	const struct pd_label *l;
	size_t n = pd_doc_labels(d->doc, set, &l);

	for (size_t i = 0; i < n; i++) {
		put_z(d, "\t");
		put_text(d, pd_doc_string(d->doc, l[i].key), ":=@");
		put_z(d, l[i].kind == PD_LABEL_NUM ? ":=" : "=");
		if (l[i].kind == PD_LABEL_STR) {
			put_str(d, l[i].str);
			continue;
		}
		put_i64(d, l[i].num);
		put_field(d, " ", l[i].unit);
	}
}

static void put_value(struct dumper *d, int64_t v, unsigned decimals)
{
	char text[300];

	put(d, text, pd_put_decimal(text, v, decimals));
}

static void write_row(struct dumper *d, const struct pd_rows *rows, size_t i, unsigned n_values, const uint8_t *decimals)
{
	size_t depth = pd_doc_stack(d->doc, rows->stack[i], PD_ROOT_FIRST, d->path.v);

	for (unsigned c = 0; c < n_values; c++) {
		if (c)
			put_z(d, " ");
		put_value(d, rows->value[c][i], decimals[c]);
	}
	if (rows->time && rows->time[i] != PD_NO_TIME) {
		put_z(d, "\t@");
		put_i64(d, rows->time[i]);
	}
	put_labels(d, rows->labels[i]);
	put_z(d, "\t");
	for (size_t k = 0; k < depth; k++) {
		struct pd_span h = d->handle[d->path.v[k].v];

		if (k)
			put_z(d, ";");
		put(d, h.p, h.n);
	}
	end_line(d);
}

static void write_series(struct dumper *d, unsigned series)
{
	unsigned n_values = pd_series_values(d->doc, series);
	pd_str name = pd_series_name(d->doc, series);
	uint8_t decimals[PD_MAX_VALUES];
	struct pd_rows rows;

	put_z(d, "series");
	put_field(d, "\t", name);
	end_line(d);
	for (unsigned c = 0; c < n_values; c++) {
		struct pd_value_type t;

		pd_series_value_type(d->doc, series, c, &t);
		decimals[c] = t.decimals;
		put_z(d, "value\t");
		put_str(d, t.type);
		put_z(d, "\t");
		put_str(d, t.unit);
		put_number_field(d, "\tdecimals=", t.decimals);
		end_line(d);
	}
	for (uint64_t at = 0; !d->failed && (rows.n = pd_series_rows(d->doc, series, at, &rows)) > 0; at += rows.n)
		for (size_t i = 0; i < rows.n && !d->failed; i++)
			write_row(d, &rows, i, n_values, decimals);
}

/* ---- metrics ---- */

static void put_real(struct dumper *d, double v)
{
	char text[32];

	if (isfinite(v))
		put(d, text, pd_put_real(text, v));
	else
		put_z(d, isnan(v) ? "NaN" : v > 0 ? "+Inf" : "-Inf");
}

static void put_real_field(struct dumper *d, const char *key, double v)
{
	put_z(d, key);
	put_real(d, v);
}

static void write_metric(struct dumper *d, const struct pd_metric *m)
{
	put_z(d, "metric\t");
	put_z(d, pd_metric_kind_name(m->kind));
	put_z(d, "\t");
	put_str(d, m->name);
	put_field(d, "\tunit=", m->unit);
	put_field(d, "\thelp=", m->help);
	if (m->flags & PD_METRIC_STATE)
		put_z(d, "\tstate");
	if (m->has_time) {
		put_z(d, "\t@");
		put_i64(d, m->time);
	}
	if (m->kind < PD_METRIC_HISTOGRAM) {
		put_real_field(d, "\tvalue=", m->value);
	} else {
		put_real_field(d, "\tcount=", m->count);
		put_real_field(d, "\tsum=", m->sum);
	}
	end_line(d);
	if (m->labels.v) {
		put_z(d, "metric-labels");
		put_labels(d, m->labels);
		end_line(d);
	}
	for (size_t i = 0; i < m->n_bins; i++) {
		put_real_field(d, "metric-bin\t", m->bin[i].lo);
		put_real_field(d, "\t", m->bin[i].hi);
		put_real_field(d, "\t", m->bin[i].n);
		end_line(d);
	}
}

/* The sample type asked for is the default of the file. */
static void take_default_type(struct dumper *d, const char *name)
{
	int index = pd_doc_find_sample_type(d->doc, name);
	struct pd_sample_type t;

	if (index < 0)
		return;
	pd_doc_sample_type(d->doc, (unsigned)index, &t);
	d->default_type = t.type.type;
}

static enum pd_status dump_write(const struct pd_doc *doc, struct pd_out *out, const struct pd_save_opts *save, const void *opts,
				 struct pd_error *err)
{
	struct dumper d = { .doc = doc, .out = out };

	(void)opts;
	d.default_type = pd_doc_meta(doc)->default_sample_type;
	if (save && save->sample_type && save->sample_type[0])
		take_default_type(&d, save->sample_type);
	collect_frames(&d);
	if (!d.failed)
		name_frames(&d);
	if (!d.failed) {
		write_header(&d);
		write_mappings(&d);
		write_frames(&d);
	}
	for (unsigned s = 0; s < pd_doc_series(doc) && !d.failed; s++)
		write_series(&d, s);
	for (size_t i = 0; i < pd_doc_metrics(doc) && !d.failed; i++) {
		struct pd_metric m;

		pd_doc_metric(doc, i, &m);
		write_metric(&d, &m);
	}
	pd_vec_release(&d.line);
	pd_vec_release(&d.used);
	pd_vec_release(&d.path);
	pd_arena_release(&d.text);
	free(d.handle);
	return d.failed ? pd_error_set(err, PD_ERR_NOMEM, "out of memory") : PD_OK;
}

static enum pd_status dump_read(struct pd_source *src, struct pd_sink *sink, const void *opts)
{
	(void)opts;
	return pd_dump_read(src, sink);
}

static enum pd_sniff dump_sniff(const struct pd_probe *p)
{
	static const char magic[] = "profdata dump ";

	return p->head.n >= sizeof(magic) - 1 && memcmp(p->head.p, magic, sizeof(magic) - 1) == 0 ? PD_SNIFF_MAGIC : PD_SNIFF_NO;
}

const struct pd_format pd_format_dump = {
	.name = "dump",
	.summary = "everything in a document as text (profdata's own)",
	.suffixes = (const char *const[]){ ".dump", NULL },
	.keeps = PD_KEEPS_LABELS | PD_KEEPS_TIME | PD_KEEPS_LINES | PD_KEEPS_ADDRESSES | PD_KEEPS_INLINES | PD_KEEPS_TYPES |
		 PD_KEEPS_SERIES | PD_KEEPS_NEGATIVE | PD_KEEPS_DECIMALS | PD_KEEPS_HEADER | PD_KEEPS_SYSTEM_NAMES | PD_KEEPS_METRICS,
	.sniff = dump_sniff,
	.read = dump_read,
	.write = dump_write,
};
