/* profdata heatmap: samples over time. The counting is the library's, the picture the format's; this maps options. */
#include "cli.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct heatmap_args {
	struct cmd_common common;
	struct cmd_input in;
	struct cmd_output out;
	struct cmd_select select;
	const char *title, *subtitle, *column, *scale;
	int64_t rows, width, height;
	bool json, csv;
};

static const char *const scale_words[] = { "linear", "log", NULL };

#define A struct heatmap_args
static const struct pd_opt picture_opts[] = {
	{ 0, "column", "TIME", "length of a column: 500ms, 1s, 5min (default: 1s for recordings of 5 seconds to 10 minutes)", PD_OPT_STR, PD_AT(A, column, const char *) },
	{ 0, "rows", "N", "rows of a column (default 50, 60 for minutes, 48 for days)", PD_OPT_INT, PD_AT(A, rows, int64_t) },
	{ 0, "scale", "SCALE", "colours in even steps (linear) or even ratios (log) (default linear)", PD_OPT_CHOICE, PD_AT(A, scale, const char *), scale_words },
	{ 0, "title", "TEXT", "heading (default: Heat Map)", PD_OPT_STR, PD_AT(A, title, const char *) },
	{ 0, "subtitle", "TEXT", "second line of the heading (default: none)", PD_OPT_STR, PD_AT(A, subtitle, const char *) },
	{ 0, "width", "PIXELS", "width of the picture (default 1200)", PD_OPT_INT, PD_AT(A, width, int64_t) },
	{ 0, "height", "PIXELS", "height of the map (default 400)", PD_OPT_INT, PD_AT(A, height, int64_t) },
	{ 0, "json", NULL, "print the bins that have samples as JSON", PD_OPT_BOOL, PD_AT(A, json, bool) },
	{ 0, "csv", NULL, "print them as CSV", PD_OPT_BOOL, PD_AT(A, csv, bool) },
	{ .kind = PD_OPT_END },
};

static const struct pd_opt heatmap_opts[] = {
	{ .kind = PD_OPT_INCLUDE, .table = picture_opts, .offset = 0, .help = "Map" },
	{ .kind = PD_OPT_INCLUDE, .table = cmd_select_opts, .offset = PD_AT(A, select, struct cmd_select), .help = "Selection" },
	{ .kind = PD_OPT_INCLUDE, .table = cmd_output_opts, .offset = PD_AT(A, out, struct cmd_output), .help = "Output" },
	{ .kind = PD_OPT_INCLUDE, .table = cmd_input_opts, .offset = PD_AT(A, in, struct cmd_input), .help = "Input" },
	{ .kind = PD_OPT_INCLUDE, .table = cmd_common_opts, .offset = PD_AT(A, common, struct cmd_common), .help = "Common" },
	{ .kind = PD_OPT_END },
};
#undef A

/*
 * A map of a selection shows where in the whole recording it lies: time 0 is the first sample of everything loaded,
 * which is what --time-range counts from too.
 */
static bool find_stretch(struct cmd_ctx *ctx, const struct heatmap_args *a, const struct pd_doc *doc, struct pd_heat_opts *o)
{
	struct pd_error err = { 0 };
	struct pd_times *times = pd_times_new(doc, &err);
	int64_t lo, hi;

	if (!times) {
		cmd_fail(ctx, &err);
		return false;
	}
	o->has_stretch = pd_times_span(times, &o->origin, &o->to);
	pd_times_free(times);
	o->from = o->origin;
	if (!o->has_stretch || !a->select.time_range || !cmd_time_range(a->select.time_range, &lo, &hi))
		return true;
	if (lo > 0 && (uint64_t)lo < (uint64_t)o->to - (uint64_t)o->origin)
		o->from = (int64_t)((uint64_t)o->origin + (uint64_t)lo);
	if (hi > 0 && (uint64_t)hi - 1 < (uint64_t)o->to - (uint64_t)o->origin)
		o->to = (int64_t)((uint64_t)o->origin + (uint64_t)hi - 1);
	o->to = o->to < o->from ? o->from : o->to;
	return true;
}

/* ---- numbers ---- */

/* ns as seconds, exactly. */
static void seconds_text(char *buf, size_t room, uint64_t ns)
{
	int n = snprintf(buf, room, "%" PRIu64 ".%09u", ns / 1000000000, (unsigned)(ns % 1000000000));

	while (buf[n - 1] == '0')
		buf[--n] = 0;
	if (buf[n - 1] == '.')
		buf[n - 1] = 0;
}

static int64_t to_signed(uint64_t v) { return v > INT64_MAX ? INT64_MAX : (int64_t)v; }

static void print_json_bins(struct cmd_json *j, const struct pd_heat_map *m, unsigned decimals)
{
	cmd_json_array(j, "bins");
	for (uint32_t i = 0; i < m->columns * m->rows; i++) {
		if (!m->samples[i])
			continue;
		cmd_json_object(j, NULL);
		cmd_json_int(j, "column", to_signed(m->first_column + i / m->rows));
		cmd_json_int(j, "row", i % m->rows);
		cmd_json_int(j, "start", to_signed(pd_heat_start(m, i)));
		cmd_json_int(j, "samples", m->samples[i]);
		cmd_json_decimal(j, "value", m->value[i], decimals);
		cmd_json_end(j);
	}
	cmd_json_end(j);
}

static int print_json(struct cmd_ctx *ctx, struct pd_out *out, const struct pd_doc *doc, const struct pd_value_type *type, const struct pd_heat_map *m)
{
	struct cmd_json *j = cmd_json_new(out);
	struct pd_span name = pd_doc_string(doc, type->type), unit = pd_doc_string(doc, type->unit);

	if (!j)
		return cli_nomem(ctx);
	cmd_json_object(j, NULL);
	cmd_json_head(ctx, j, "profdata.heatmap/1");
	cmd_json_object(j, "sample_type");
	cmd_json_string(j, "type", name.p, name.n);
	cmd_json_string(j, "unit", unit.p, unit.n);
	cmd_json_end(j);
	cmd_json_int(j, "samples", to_signed(m->n_samples));
	cmd_json_decimal(j, "total", m->total, type->decimals);
	cmd_json_int(j, "untimed", to_signed(m->untimed));
	cmd_json_int(j, "outside", to_signed(m->outside));
	cmd_json_int(j, "time_zero", m->origin);
	if (m->clock)
		cmd_json_int(j, "time_zero_unix", m->clock);
	cmd_json_int(j, "from", to_signed((uint64_t)m->from - (uint64_t)m->origin));
	cmd_json_int(j, "to", to_signed((uint64_t)m->to - (uint64_t)m->origin));
	cmd_json_int(j, "column_nanos", to_signed(m->column));
	cmd_json_int(j, "first_column", to_signed(m->first_column));
	cmd_json_int(j, "columns", m->columns);
	cmd_json_int(j, "rows", m->rows);
	print_json_bins(j, m, type->decimals);
	cmd_json_end(j);
	cmd_json_free(j);
	return 0;
}

static int print_csv(struct pd_out *out, const struct pd_heat_map *m)
{
	char from[32], to[32];

	pd_out_puts(out, "column,row,from,to,samples,value\n");
	for (uint32_t i = 0; i < m->columns * m->rows; i++) {
		if (!m->samples[i])
			continue;
		seconds_text(from, sizeof(from), pd_heat_start(m, i));
		seconds_text(to, sizeof(to), pd_heat_start(m, i + 1));
		pd_out_printf(out, "%" PRIu64 ",%" PRIu32 ",%s,%s,%" PRIu32 ",%" PRId64 "\n", m->first_column + i / m->rows, i % m->rows, from, to,
			      m->samples[i], m->value[i]);
	}
	return 0;
}

/* ---- running ---- */

static int print_bins(struct cmd_ctx *ctx, struct heatmap_args *a, const struct pd_doc *doc, struct pd_heat_opts *o)
{
	struct pd_error err = { 0 };
	struct pd_sample_type type;
	struct pd_heat *heat;
	struct pd_out *out;
	int status;

	if (a->column && !pd_heat_length(a->column, &o->column))
		return cli_usage(ctx, "--column 500ms, 1s, 5min", "option '--column' cannot be '%s'", a->column);
	if (a->rows < 0 || a->rows > INT32_MAX)
		return cli_usage(ctx, NULL, "option '--rows' cannot be %" PRId64, a->rows);
	o->rows = (uint32_t)a->rows;
	heat = pd_heat_new(doc, o, &err);
	if (!heat)
		return cmd_fail(ctx, &err);
	out = cmd_text_open(ctx, &a->out);
	pd_doc_sample_type(doc, o->sample_type, &type);
	status = !out ? 2 : a->json ? print_json(ctx, out, doc, &type.type, pd_heat_map(heat)) : print_csv(out, pd_heat_map(heat));
	pd_heat_free(heat);
	return out ? cmd_out_close(ctx, out, status) : 2;
}

/* The picture is what the format heatmap writes; -t html only asks it for a page. */
static int draw(struct cmd_ctx *ctx, struct heatmap_args *a, const struct pd_format *f, const struct pd_doc *doc, const struct pd_heat_opts *o)
{
	struct pd_save_opts save = { .size = sizeof(save), .sample_type = a->select.sample_type, .command = ctx->command_line };
	const struct pd_format *map = pd_format_named("heatmap");
	const char **user = cli_format_options(ctx, &a->in.opt, map);
	struct cmd_kv kv = { 0 };
	struct pd_error err = { 0 };
	struct pd_out *out;
	bool ok = user && cmd_kv_table(&kv, picture_opts, a);
	int status = 0;

	for (size_t i = 0; ok && user[i]; i++)
		ok = cmd_kv_add(&kv, "%s", user[i]);
	if (ok && a->select.sample_type)
		ok = cmd_kv_add(&kv, "values");
	if (ok && strcmp(f->name, "html") == 0)
		ok = cmd_kv_add(&kv, "page");
	if (ok && o->has_stretch)
		ok = cmd_kv_add(&kv, "stretch=%" PRId64 ":%" PRId64 ":%" PRId64, o->origin, o->from, o->to);
	out = ok ? cmd_out_open(ctx, &a->out, f) : NULL;
	if (!ok)
		status = cli_nomem(ctx);
	else if (out)
		status = cmd_saved(ctx, pd_save(doc, map, &save, (const char *const *)kv.v, out, NULL, 0, &err), &err);
	cmd_kv_release(&kv);
	free(user);
	return out ? cmd_out_close(ctx, out, status) : 2;
}

static int heatmap_run(struct cmd_ctx *ctx, void *argp, char **operands, size_t n)
{
	struct heatmap_args *a = argp;
	struct pd_heat_opts o = { .size = sizeof(o) };
	const struct pd_format *f = a->json || a->csv ? NULL : cmd_out_format(ctx, &a->out, pd_format_named("svg"));
	struct pd_doc *doc, *chosen;
	int type, status = 2;

	if (a->json && a->csv)
		return cmd_errorf(ctx, "--json and --csv exclude each other");
	if ((!a->json && !a->csv && !f) || cli_out_check(ctx, &a->out))
		return 2;
	if (f && strcmp(f->name, "svg") && strcmp(f->name, "html") && strcmp(f->name, "heatmap"))
		return cli_usage(ctx, "-t svg or -t html, --json or --csv", "a heat map cannot be written as %s", f->name);
	doc = cmd_load(ctx, &a->in, operands, n, 0);
	if (!doc)
		return 2;
	a->select.tagshow = a->select.taghide = NULL; /* what labels are shown matters to no map, but times may be labels */
	chosen = find_stretch(ctx, a, doc, &o) ? cmd_apply_select(ctx, &a->select, &(struct cmd_report){ 0 }, doc, &type) : NULL;
	pd_doc_unref(doc);
	if (chosen) {
		o.sample_type = (unsigned)type;
		status = f ? draw(ctx, a, f, chosen, &o) : print_bins(ctx, a, chosen, &o);
		pd_doc_unref(chosen);
	}
	return status;
}

static const char *const heatmap_examples[] = {
	"perf script | profdata heatmap - -o cpu.svg", "when was the program busy: a column per second",
	"perf script | profdata heatmap -t html --focus 'memcpy' - -o copy.html", "when the samples with a frame memcpy were taken",
	"perf script | profdata heatmap --column 100ms --rows 20 - -o cpu.svg", "a column per tenth of a second",
	"perf script | profdata heatmap --json -", "the numbers behind the picture",
	NULL,
};

const struct pd_cmd pd_cmd_heatmap = {
	.name = "heatmap",
	.summary = "samples over time, column by column, as a picture",
	.usage = "[OPTIONS] [INPUT...]",
	.about = "Draws when samples were taken: a column is one second (shorter for recordings below 5 seconds, longer beyond 10\n"
		 "minutes), a row a part of it, the colour how many samples there were, or with -s how much of that sample type.\n"
		 "Bursts, idle stretches and what happens at a steady pace show as patterns that no sum over the whole time has.\n\n"
		 "In the picture a range of time is picked by dragging, by touch or by keyboard (press ? there); the option it prints,\n"
		 "--time-range A:B, selects the same samples in every other command. Time 0 is the first sample of all that is loaded,\n"
		 "whatever is selected here.\n\n"
		 "Samples have times in perf script and speedscope files; in pprof files the numeric label timestamp, timestamp_ns or\n"
		 "end_timestamp_ns is one. Samples without time are counted in the heading. The file is SVG, or with -t html or a name\n"
		 "ending in .html a page with the flame graph of the range; --json and --csv print the bins that have samples.",
	.examples = heatmap_examples,
	.args_size = sizeof(struct heatmap_args),
	.opts = heatmap_opts,
	.run = heatmap_run,
};
