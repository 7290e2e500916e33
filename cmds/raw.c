/* profdata raw: everything a profile holds, as text. */
#include "samples.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Of the report options only the unit is offered: the selection wants it for frames made of labels. */
static const struct pd_opt raw_opts[] = {
	{ 'u', "unit", "U", "unit of numeric labels that --tagroot and --tagleaf print (default minimum)", PD_OPT_STR, PD_AT(struct report_args, report.unit, const char *) },
	{ .kind = PD_OPT_INCLUDE, .table = report_view_opts, .offset = 0 },
	{ .kind = PD_OPT_END },
};

struct raw {
	const struct pd_doc *doc;
	struct pd_out *out;
	uint32_t unnamed; /* frames up to this one are in an unnamed mapping, because the profile has none */
};

static void put_string(const struct raw *r, pd_str s)
{
	report_text(r->out, pd_doc_string(r->doc, s).p);
}

/* ---- header ---- */

static void print_time(struct pd_out *out, int64_t nanos)
{
	time_t seconds = nanos / 1000000000;
	long fraction = (long)(nanos % 1000000000);
	char text[64], digits[16] = "";
	struct tm tm;

	if (fraction < 0) {
		fraction += 1000000000;
		seconds--;
	}
	if (fraction) {
		int n = snprintf(digits, sizeof(digits), ".%09ld", fraction);

		while (n > 1 && digits[n - 1] == '0')
			digits[--n] = 0;
	}
	if (!localtime_r(&seconds, &tm))
		return;
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
	pd_out_printf(out, "Time: %s%s", text, digits);
	strftime(text, sizeof(text), " %z %Z\n", &tm);
	pd_out_puts(out, text);
}

/* n / 10^places without zeros at the end. */
static void print_fraction(struct pd_out *out, uint64_t n, int places)
{
	char digits[24];
	uint64_t unit = 1;
	int len;

	for (int i = 0; i < places; i++)
		unit *= 10;
	len = snprintf(digits, sizeof(digits), ".%0*" PRIu64, places, n % unit);
	while (len && (digits[len - 1] == '0' || digits[len - 1] == '.'))
		digits[--len] = 0;
	pd_out_printf(out, "%" PRIu64 "%s", n / unit, digits);
}

/* "1h2m3.5s", "250ms", "1.5µs" */
static void print_duration(struct pd_out *out, int64_t nanos)
{
	uint64_t n = nanos < 0 ? 0 - (uint64_t)nanos : (uint64_t)nanos, minutes = n / 60000000000;

	pd_out_puts(out, nanos < 0 ? "Duration: -" : "Duration: ");
	if (n < 1000) {
		pd_out_printf(out, "%" PRIu64 "ns\n", n);
	} else if (n < 1000000) {
		print_fraction(out, n, 3);
		pd_out_puts(out, "µs\n");
	} else if (n < 1000000000) {
		print_fraction(out, n, 6);
		pd_out_puts(out, "ms\n");
	} else {
		if (minutes >= 60)
			pd_out_printf(out, "%" PRIu64 "h", minutes / 60);
		if (minutes)
			pd_out_printf(out, "%" PRIu64 "m", minutes % 60);
		print_fraction(out, n % 60000000000, 9);
		pd_out_puts(out, "s\n");
	}
}

static void print_types(const struct raw *r)
{
	pd_str dflt = pd_doc_meta(r->doc)->default_sample_type;

	pd_out_puts(r->out, "Samples:\n");
	for (unsigned i = 0; i < pd_doc_sample_types(r->doc); i++) {
		struct pd_sample_type t;

		pd_doc_sample_type(r->doc, i, &t);
		if (i)
			pd_out_write(r->out, " ", 1);
		put_string(r, t.type.type);
		pd_out_write(r->out, "/", 1);
		put_string(r, t.type.unit);
		if (t.type.type.v == dflt.v)
			pd_out_puts(r->out, "[dflt]");
	}
	pd_out_write(r->out, "\n", 1);
}

static void print_header(const struct raw *r)
{
	const struct pd_meta *m = pd_doc_meta(r->doc);
	const pd_str *comment;
	size_t n = pd_doc_comments(r->doc, &comment);

	for (size_t i = 0; i < n; i++) {
		pd_out_puts(r->out, "Comment: ");
		report_lines(r->out, pd_doc_string(r->doc, comment[i]).p);
	}
	if (m->doc_url.v) {
		pd_out_puts(r->out, "Doc: ");
		put_string(r, m->doc_url);
		pd_out_write(r->out, "\n", 1);
	}
	pd_out_puts(r->out, "PeriodType: ");
	put_string(r, m->period_type);
	pd_out_write(r->out, " ", 1);
	put_string(r, m->period_unit);
	pd_out_printf(r->out, "\nPeriod: %" PRId64 "\n", m->period);
	if (m->time_nanos)
		print_time(r->out, m->time_nanos);
	if (m->duration_nanos)
		print_duration(r->out, m->duration_nanos);
	print_types(r);
}

/* ---- samples ---- */

static void print_number(const struct raw *r, int64_t v, unsigned decimals)
{
	uint64_t n = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;

	if (!decimals) {
		pd_out_printf(r->out, " %10" PRId64, v);
		return;
	}
	pd_out_puts(r->out, v < 0 ? " -" : " ");
	print_fraction(r->out, n, decimals < 19 ? (int)decimals : 19);
}

/* Columns of other series are 0. */
static void print_values(const struct raw *r, unsigned series, const struct pd_rows *rows, size_t i)
{
	for (unsigned k = 0; k < pd_doc_sample_types(r->doc); k++) {
		struct pd_sample_type t;

		pd_doc_sample_type(r->doc, k, &t);
		print_number(r, t.series == series ? rows->value[t.column][i] : 0, t.type.decimals);
	}
	pd_out_puts(r->out, ": ");
}

/* "key:[a b]", "key:[512 bytes 3 bytes]", "key:[512 3]" when no number of the key has a unit. */
static char *label_text(const struct raw *r, const struct pd_label *l, size_t n)
{
	const char *key = pd_doc_string(r->doc, l->key).p;
	size_t room = strlen(key) + 4, at;
	bool units = false;
	char *text;

	for (size_t i = 0; i < n; i++) {
		room += 24 + pd_doc_string(r->doc, l[i].str).n + pd_doc_string(r->doc, l[i].unit).n;
		units |= l[i].unit.v != 0;
	}
	text = malloc(room);
	if (!text)
		return NULL;
	at = (size_t)snprintf(text, room, "%s:[", key);
	for (size_t i = 0; i < n; i++) {
		const char *gap = i ? " " : "";

		if (l[i].kind == PD_LABEL_STR)
			at += (size_t)snprintf(text + at, room - at, "%s%s", gap, pd_doc_string(r->doc, l[i].str).p);
		else if (units)
			at += (size_t)snprintf(text + at, room - at, "%s%" PRId64 " %s", gap, l[i].num, pd_doc_string(r->doc, l[i].unit).p);
		else
			at += (size_t)snprintf(text + at, room - at, "%s%" PRId64, gap, l[i].num);
	}
	snprintf(text + at, room - at, "]");
	return text;
}

static bool print_labels(const struct raw *r, pd_labels set, struct texts *t)
{
	const struct pd_label *l;
	size_t n = pd_doc_labels(r->doc, set, &l);

	for (int kind = PD_LABEL_STR; n && kind <= PD_LABEL_NUM; kind++) {
		for (size_t i = 0, same; i < n; i += same) {
			for (same = 1; i + same < n && l[i + same].key.v == l[i].key.v && l[i + same].kind == l[i].kind; same++)
				;
			if ((int)l[i].kind == kind && !texts_add(t, label_text(r, l + i, same)))
				return false;
		}
		if (t->n) {
			texts_sort(t);
			pd_out_puts(r->out, "               ");
		}
		for (size_t i = 0; i < t->n; i++) {
			pd_out_write(r->out, " ", 1);
			report_text(r->out, t->v[i]);
		}
		if (t->n)
			pd_out_write(r->out, "\n", 1);
		texts_clear(t);
	}
	return true;
}

static bool print_samples(const struct raw *r, pd_frame *stack)
{
	struct texts texts = { 0 };
	struct pd_rows rows;
	bool ok = true;

	for (unsigned s = 0; s < pd_doc_series(r->doc); s++) {
		for (uint64_t first = 0; ok && !pd_out_failed(r->out) && pd_series_rows(r->doc, s, first, &rows); first += rows.n) {
			for (size_t i = 0; ok && i < rows.n; i++) {
				size_t depth = pd_doc_stack(r->doc, rows.stack[i], PD_LEAF_FIRST, stack);

				print_values(r, s, &rows, i);
				for (size_t k = 0; k < depth; k++)
					pd_out_printf(r->out, "%" PRIu32 " ", stack[k].v);
				pd_out_write(r->out, "\n", 1);
				ok = print_labels(r, rows.labels[i], &texts);
			}
		}
	}
	texts_release(&texts);
	return ok;
}

/* ---- tables ---- */

/* Like Go's %#x: 0x0 is written out. */
static void put_hex(const struct raw *r, uint64_t v)
{
	pd_out_printf(r->out, "0x%" PRIx64, v);
}

static void print_line(const struct raw *r, const struct pd_line *line)
{
	struct pd_func_desc f;

	if (!line->func.v) {
		pd_out_puts(r->out, "??\n");
		return;
	}
	pd_doc_func(r->doc, line->func, &f);
	put_string(r, f.name);
	pd_out_write(r->out, " ", 1);
	put_string(r, f.file);
	pd_out_printf(r->out, ":%" PRId64 ":%" PRId64 " s=%" PRId64, line->line, line->column, f.start_line);
	if (f.name.v != f.system_name.v) {
		pd_out_write(r->out, "(", 1);
		put_string(r, f.system_name);
		pd_out_write(r->out, ")", 1);
	}
	pd_out_write(r->out, "\n", 1);
}

static void print_location(const struct raw *r, uint32_t id)
{
	struct pd_frame_desc f;
	uint32_t mapping;

	pd_doc_frame(r->doc, (pd_frame){ id }, &f);
	mapping = id <= r->unnamed ? 1 : f.mapping.v;
	pd_out_printf(r->out, "%6" PRIu32 ": ", id);
	put_hex(r, f.address);
	pd_out_write(r->out, " ", 1);
	if (mapping)
		pd_out_printf(r->out, "M=%" PRIu32 " ", mapping);
	if (f.flags & PD_FRAME_FOLDED)
		pd_out_puts(r->out, "[F] ");
	if (!f.n_lines)
		pd_out_write(r->out, "\n", 1);
	for (uint32_t i = 0; i < f.n_lines; i++) {
		if (i)
			pd_out_puts(r->out, "             ");
		print_line(r, &f.lines[i]);
	}
}

static void print_mapping(const struct raw *r, uint32_t id)
{
	static const struct {
		uint32_t flag;
		const char *text;
	} bits[] = { { PD_MAP_HAS_FUNCTIONS, "[FN]" }, { PD_MAP_HAS_FILENAMES, "[FL]" }, { PD_MAP_HAS_LINES, "[LN]" }, { PD_MAP_HAS_INLINES, "[IN]" } };
	struct pd_mapping_desc m;

	pd_doc_mapping(r->doc, (pd_mapping){ id }, &m);
	pd_out_printf(r->out, "%" PRIu32 ": ", id);
	put_hex(r, m.start);
	pd_out_write(r->out, "/", 1);
	put_hex(r, m.limit);
	pd_out_write(r->out, "/", 1);
	put_hex(r, m.offset);
	pd_out_write(r->out, " ", 1);
	put_string(r, m.file);
	pd_out_write(r->out, " ", 1);
	put_string(r, m.build_id);
	pd_out_write(r->out, " ", 1);
	for (size_t i = 0; i < sizeof(bits) / sizeof(*bits); i++)
		if (m.flags & bits[i].flag)
			pd_out_puts(r->out, bits[i].text);
	pd_out_write(r->out, "\n", 1);
}

static int print(const struct raw *r, struct cmd_ctx *ctx)
{
	pd_frame *stack = malloc(((size_t)pd_doc_max_depth(r->doc) + 1) * sizeof(*stack));
	bool ok;

	if (!stack)
		return cmd_errorf(ctx, "out of memory");
	print_header(r);
	ok = print_samples(r, stack);
	free(stack);
	if (!ok)
		return cmd_errorf(ctx, "out of memory");
	pd_out_puts(r->out, "Locations\n");
	for (uint32_t i = 1; i <= pd_doc_frames(r->doc); i++)
		print_location(r, i);
	pd_out_puts(r->out, "Mappings\n");
	for (uint32_t i = 1; i <= pd_doc_mappings(r->doc); i++)
		print_mapping(r, i);
	if (r->unnamed || !pd_doc_mappings(r->doc))
		pd_out_puts(r->out, "1: 0x0/0x0/0x0   \n");
	return 0;
}

static int raw_run(struct cmd_ctx *ctx, void *args, char **operands, size_t n)
{
	struct report_args *a = args;
	struct samples s;
	struct raw r;
	int status;

	a->report.divide_by = 1;
	status = samples_open(ctx, &s, &a->input, &a->select, &a->report, operands, n);
	if (status == 0) {
		r = (struct raw){ .doc = s.r.doc, .out = cmd_text_open(ctx, &a->output), .unnamed = pd_doc_mappings(s.r.doc) ? 0 : pd_doc_frames(s.all) };
		status = r.out ? cmd_out_close(ctx, r.out, print(&r, ctx)) : 2;
	}
	samples_close(&s);
	return status;
}

static const char *const raw_examples[] = {
	"profdata raw cpu.pb.gz", "samples, frames and mappings",
	"profdata raw --focus main cpu.pb.gz", "after a selection",
	NULL,
};

const struct pd_cmd pd_cmd_raw = {
	.name = "raw",
	.summary = "everything a profile holds, as text",
	.usage = "[OPTIONS] [INPUT...]",
	.about = "Prints header, samples (values, frame numbers leaf first, labels), frames and mappings. Several\n"
		 "inputs are merged first. Frames that a selection leaves without samples stay in the list.",
	.examples = raw_examples,
	.args_size = sizeof(struct report_args),
	.opts = raw_opts,
	.run = raw_run,
};
