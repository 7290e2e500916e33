/* info - what is in a profile. */
#include "cli.h"
#include "info_metrics.h"
#include "info_trace.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct info_args {
	struct cmd_common common;
	struct cmd_input in;
	const char *check;
	bool json;
};

#define I struct info_args
static const struct pd_opt info_opts[] = {
	{ 0, "json", NULL, "print one JSON document", PD_OPT_BOOL, PD_AT(I, json, bool) },
	{ 0, "check", "[FORMAT]", "status 1 unless every input is sound: known format (FORMAT where given), nothing odd in it", PD_OPT_STR, PD_AT(I, check, const char *),
	  .complete = "format-read" },
	{ .kind = PD_OPT_INCLUDE, .table = cmd_input_opts, .offset = PD_AT(I, in, struct cmd_input), .help = "Input" },
	{ .kind = PD_OPT_INCLUDE, .table = cmd_common_opts, .offset = PD_AT(I, common, struct cmd_common), .help = "Common" },
	{ .kind = PD_OPT_END },
};
#undef I

/* One label key and how many different values it has. */
struct key {
	pd_str name;
	uint64_t values;
};

struct facts {
	uint64_t samples, stacks;
	struct key *key;
	size_t n_keys;
};

/* ---- counting ---- */

static void mark(uint8_t *bits, uint32_t i)
{
	bits[i / 8] |= (uint8_t)(1u << i % 8);
}

/* Walks all rows once: stacks and label sets that samples really use. */
static void used_rows(const struct pd_doc *doc, uint8_t *stacks, uint8_t *sets, uint64_t *samples)
{
	struct pd_rows rows;
	size_t n;

	for (unsigned s = 0; s < pd_doc_series(doc); s++) {
		for (uint64_t first = 0; (n = pd_series_rows(doc, s, first, &rows)); first += n) {
			for (size_t i = 0; i < n; i++) {
				mark(stacks, rows.stack[i].v);
				mark(sets, rows.labels[i].v);
			}
			*samples += n;
		}
	}
}

static int by_label(const void *a, const void *b)
{
	const struct pd_label *x = a, *y = b;

	if (x->key.v != y->key.v)
		return x->key.v < y->key.v ? -1 : 1;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	if (x->kind == PD_LABEL_STR)
		return x->str.v < y->str.v ? -1 : x->str.v > y->str.v;
	if (x->num != y->num)
		return x->num < y->num ? -1 : 1;
	return x->unit.v < y->unit.v ? -1 : x->unit.v > y->unit.v;
}

/* All labels of the sets in use, sorted; *n of them. NULL when there are none, or, with *n above 0, no memory. */
static struct pd_label *all_labels(const struct pd_doc *doc, const uint8_t *sets, size_t *n)
{
	const struct pd_label *label;
	struct pd_label *all;
	size_t total = 0, at = 0;

	*n = 0;
	for (uint32_t i = 1; i <= pd_doc_label_sets(doc); i++) {
		if (sets[i / 8] >> i % 8 & 1)
			total += pd_doc_labels(doc, (pd_labels){ i }, &label);
	}
	all = total ? malloc(total * sizeof(*all)) : NULL;
	for (uint32_t i = 1; all && i <= pd_doc_label_sets(doc); i++) {
		if (!(sets[i / 8] >> i % 8 & 1))
			continue;
		size_t k = pd_doc_labels(doc, (pd_labels){ i }, &label);

		memcpy(all + at, label, k * sizeof(*all));
		at += k;
	}
	*n = total;
	if (all)
		qsort(all, at, sizeof(*all), by_label);
	return all;
}

static int by_name(const void *a, const void *b, void *doc)
{
	struct pd_span x = pd_doc_string(doc, ((const struct key *)a)->name), y = pd_doc_string(doc, ((const struct key *)b)->name);

	return strcmp(x.p, y.p);
}

static bool count_keys(const struct pd_doc *doc, const uint8_t *sets, struct facts *f)
{
	size_t n;
	struct pd_label *all = all_labels(doc, sets, &n);

	f->key = all ? calloc(n, sizeof(*f->key)) : NULL;
	for (size_t i = 0; f->key && i < n; i++) {
		if (i == 0 || all[i].key.v != all[i - 1].key.v)
			f->key[f->n_keys++] = (struct key){ .name = all[i].key, .values = 1 };
		else if (by_label(&all[i - 1], &all[i]) != 0)
			f->key[f->n_keys - 1].values++;
	}
	if (f->key)
		qsort_r(f->key, f->n_keys, sizeof(*f->key), by_name, (void *)doc);
	free(all);
	return n == 0 || f->key;
}

static bool count(const struct pd_doc *doc, struct facts *f)
{
	uint32_t nodes = pd_doc_stack_nodes(doc), n_sets = pd_doc_label_sets(doc);
	uint8_t *stacks = calloc(nodes / 8 + 1, 1), *sets = calloc(n_sets / 8 + 1, 1);
	bool fine = stacks && sets;

	if (fine) {
		used_rows(doc, stacks, sets, &f->samples);
		for (uint32_t i = 0; i <= nodes; i++)
			f->stacks += stacks[i / 8] >> i % 8 & 1;
		fine = count_keys(doc, sets, f);
	}
	free(stacks);
	free(sets);
	return fine;
}

/* ---- JSON ---- */

static void json_str(struct cmd_json *j, const char *key, const struct pd_doc *doc, pd_str s)
{
	struct pd_span t = pd_doc_string(doc, s);

	cmd_json_string(j, key, t.p, t.n);
}

static void json_types(struct cmd_json *j, const struct pd_doc *doc)
{
	int dflt = pd_doc_find_sample_type(doc, NULL);
	struct pd_sample_type t;

	cmd_json_array(j, "sample_types");
	for (unsigned i = 0; i < pd_doc_sample_types(doc); i++) {
		int64_t sum = 0, abs = 0;

		pd_doc_sample_type(doc, i, &t);
		cmd_json_object(j, NULL);
		json_str(j, "type", doc, t.type.type);
		json_str(j, "unit", doc, t.type.unit);
		if (pd_doc_total(doc, i, &sum, &abs))
			cmd_json_decimal(j, "total", sum, t.type.decimals);
		else
			cmd_json_string(j, "total", NULL, 0);
		if (pd_doc_series(doc) > 1)
			json_str(j, "series", doc, pd_series_name(doc, t.series));
		cmd_json_end(j);
	}
	cmd_json_end(j);
	if (dflt >= 0) {
		pd_doc_sample_type(doc, (unsigned)dflt, &t);
		json_str(j, "default_sample_type", doc, t.type.type);
	} else {
		cmd_json_string(j, "default_sample_type", NULL, 0);
	}
}

static void json_header(struct cmd_json *j, const struct pd_doc *doc)
{
	const struct pd_meta *m = pd_doc_meta(doc);
	const pd_str *comment;
	size_t n = pd_doc_comments(doc, &comment);

	cmd_json_int(j, "period", m->period);
	cmd_json_object(j, "period_type");
	json_str(j, "type", doc, m->period_type);
	json_str(j, "unit", doc, m->period_unit);
	cmd_json_end(j);
	cmd_json_int(j, "time_nanos", m->time_nanos);
	cmd_json_int(j, "duration_nanos", m->duration_nanos);
	cmd_json_array(j, "comments");
	for (size_t i = 0; i < n; i++)
		json_str(j, NULL, doc, comment[i]);
	cmd_json_end(j);
	if (m->producer.v)
		json_str(j, "producer", doc, m->producer);
	if (m->doc_url.v)
		json_str(j, "doc_url", doc, m->doc_url);
}

static void print_json(struct cmd_ctx *ctx, struct pd_out *out, const struct pd_doc *doc, const struct facts *f, const struct pd_events *trace)
{
	struct cmd_json *j = cmd_json_new(out);

	cmd_json_object(j, NULL);
	cmd_json_head(ctx, j, "profdata.info/1");
	if (pd_doc_metrics(doc))
		info_metrics_json(doc, j);
	json_types(j, doc);
	cmd_json_int(j, "samples", (int64_t)f->samples);
	cmd_json_int(j, "stacks", (int64_t)f->stacks);
	cmd_json_int(j, "frames", pd_doc_frames(doc));
	cmd_json_int(j, "functions", pd_doc_funcs(doc));
	cmd_json_int(j, "mappings", pd_doc_mappings(doc));
	cmd_json_int(j, "max_depth", pd_doc_max_depth(doc));
	cmd_json_array(j, "labels");
	for (size_t i = 0; i < f->n_keys; i++) {
		cmd_json_object(j, NULL);
		json_str(j, "key", doc, f->key[i].name);
		cmd_json_int(j, "values", (int64_t)f->key[i].values);
		cmd_json_end(j);
	}
	cmd_json_end(j);
	cmd_json_int(j, "threads", pd_doc_threads(doc));
	json_header(j, doc);
	if (trace)
		info_trace_json(trace, j);
	cmd_json_array(j, "notes");
	for (size_t i = 0; i < ctx->n_notes; i++) {
		cmd_json_object(j, NULL);
		cmd_json_string(j, "what", ctx->note[i].what, strlen(ctx->note[i].what));
		cmd_json_int(j, "count", (int64_t)ctx->note[i].count);
		cmd_json_string(j, "example", ctx->note[i].example, strlen(ctx->note[i].example));
		cmd_json_end(j);
	}
	cmd_json_end(j);
	cmd_json_free(j);
}

/* ---- text ---- */

static void text_of(char *buf, size_t n, const struct pd_doc *doc, pd_str s)
{
	cmd_printable(buf, n, pd_doc_string(doc, s));
}

static void decimal_text(char *buf, size_t n, int64_t v, unsigned decimals)
{
	uint64_t abs = v < 0 ? 0 - (uint64_t)v : (uint64_t)v, unit = 1;

	decimals = decimals < 19 ? decimals : 19;
	for (unsigned i = 0; i < decimals; i++)
		unit *= 10;
	if (unit > 1)
		snprintf(buf, n, "%s%" PRIu64 ".%0*" PRIu64, v < 0 ? "-" : "", abs / unit, (int)decimals, abs % unit);
	else
		snprintf(buf, n, "%" PRId64, v);
}

static void print_types(struct pd_out *out, const struct pd_doc *doc)
{
	int dflt = pd_doc_find_sample_type(doc, NULL);

	for (unsigned i = 0; i < pd_doc_sample_types(doc); i++) {
		struct pd_sample_type t;
		char type[256], unit[64], total[64] = "overflows", human[64] = "";
		int64_t sum = 0, abs = 0;

		pd_doc_sample_type(doc, i, &t);
		text_of(type, sizeof(type), doc, t.type.type);
		text_of(unit, sizeof(unit), doc, t.type.unit);
		if (pd_doc_total(doc, i, &sum, &abs)) {
			decimal_text(total, sizeof(total), sum, t.type.decimals);
			if (!t.type.decimals)
				pd_format_value(human, sizeof(human), sum, pd_doc_string(doc, t.type.unit).p, "auto");
		}
		pd_out_printf(out, "%-14s %s/%s  total %s", i ? "" : "sample types", type, unit, total);
		if (human[0] && strcmp(human, total) != 0)
			pd_out_printf(out, " (%s)", human);
		pd_out_puts(out, (int)i == dflt && pd_doc_sample_types(doc) > 1 ? "  [default]\n" : "\n");
	}
}

static void print_when(struct pd_out *out, const struct pd_doc *doc)
{
	const struct pd_meta *m = pd_doc_meta(doc);
	char text[256], unit[64];

	if (m->period) {
		text_of(text, sizeof(text), doc, m->period_type);
		text_of(unit, sizeof(unit), doc, m->period_unit);
		pd_out_printf(out, "%-14s %" PRId64 " %s/%s\n", "period", m->period, text, unit);
	}
	if (m->time_nanos) {
		time_t t = (time_t)(m->time_nanos / 1000000000);
		struct tm tm;

		if (gmtime_r(&t, &tm) && strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm))
			pd_out_printf(out, "%-14s %s (%" PRId64 ")\n", "time", text, m->time_nanos);
	}
	if (m->duration_nanos) {
		pd_format_value(text, sizeof(text), m->duration_nanos, "nanoseconds", "auto");
		pd_out_printf(out, "%-14s %s (%" PRId64 " ns)\n", "duration", text, m->duration_nanos);
	}
}

static void print_labels(struct pd_out *out, const struct pd_doc *doc, const struct facts *f)
{
	for (size_t i = 0; i < f->n_keys; i++) {
		char text[256];

		text_of(text, sizeof(text), doc, f->key[i].name);
		pd_out_printf(out, "%-14s %s (%" PRIu64 " value%s)\n", i ? "" : "labels", text, f->key[i].values, f->key[i].values == 1 ? "" : "s");
	}
}

static void print_notes(struct cmd_ctx *ctx, struct pd_out *out)
{
	char text[1024], what[256];

	for (size_t i = 0; i < ctx->n_notes; i++) {
		cli_counted(what, sizeof(what), ctx->note[i].count, ctx->note[i].what);
		cmd_printable(text, sizeof(text), (struct pd_span){ what, strlen(what) });
		pd_out_printf(out, "%-14s %" PRIu64 " %s\n", i ? "" : "notes", ctx->note[i].count, text);
	}
}

static void print_text(struct cmd_ctx *ctx, struct pd_out *out, const struct pd_doc *doc, const struct facts *f, const struct pd_events *trace)
{
	char text[4096];
	const pd_str *comment;
	size_t n_comments = pd_doc_comments(doc, &comment);

	for (size_t i = 0; i < ctx->n_inputs; i++) {
		const struct cli_input *in = &ctx->input[i];

		cmd_printable(text, sizeof(text), (struct pd_span){ in->path, strlen(in->path) });
		pd_out_printf(out, "%-14s %s: %s%s%s\n", i ? "" : "input", text, in->format ? in->format : "?", strcmp(in->compression, "none") ? ", " : "",
			      strcmp(in->compression, "none") ? in->compression : "");
	}
	if (pd_doc_metrics(doc) && !pd_doc_sample_types(doc)) {
		print_when(out, doc);
		info_metrics_text(doc, out);
		print_notes(ctx, out);
		return;
	}
	print_types(out, doc);
	pd_out_printf(out, "%-14s %" PRIu64 "\n%-14s %" PRIu64 " (deepest %u frames)\n%-14s %u\n%-14s %u\n%-14s %u\n", "samples", f->samples, "stacks", f->stacks,
		      pd_doc_max_depth(doc), "frames", pd_doc_frames(doc), "functions", pd_doc_funcs(doc), "mappings", pd_doc_mappings(doc));
	print_labels(out, doc, f);
	if (pd_doc_threads(doc))
		pd_out_printf(out, "%-14s %u\n", "threads", pd_doc_threads(doc));
	print_when(out, doc);
	if (trace)
		info_trace_text(trace, out);
	for (size_t i = 0; i < n_comments; i++) {
		text_of(text, sizeof(text), doc, comment[i]);
		pd_out_printf(out, "%-14s %s\n", i ? "" : "comments", text);
	}
	print_notes(ctx, out);
}

/* ---- the command ---- */

static int print(struct cmd_ctx *ctx, const struct info_args *a, const struct pd_doc *doc, const struct pd_events *trace)
{
	struct facts f = { 0 };
	struct pd_out *out;
	int status;

	if (!count(doc, &f)) {
		free(f.key);
		return cli_nomem(ctx);
	}
	out = cmd_text_open(ctx, &(struct cmd_output){ 0 });
	if (out && a->json)
		print_json(ctx, out, doc, &f, trace);
	else if (out)
		print_text(ctx, out, doc, &f, trace);
	status = out ? cmd_out_close(ctx, out, 0) : 2;
	free(f.key);
	return status;
}

/* Failures that mean "this is not a sound profile" rather than "I could not look". */
static bool unsound(enum pd_status s)
{
	return s == PD_ERR_DATA || s == PD_ERR_UNKNOWN || s == PD_ERR_AMBIGUOUS;
}

/* What --check says about inputs that could be read. */
static int check(struct cmd_ctx *ctx, const struct pd_format *wanted)
{
	for (size_t i = 0; wanted && i < ctx->n_inputs; i++) {
		const char *found = ctx->input[i].format;

		if (!found || strcmp(found, wanted->name) != 0) {
			cmd_errorf(ctx, "%s is %s, not %s", ctx->input[i].path, found ? found : "of no known format", wanted->name);
			return 1;
		}
	}
	return ctx->n_notes ? 1 : 0;
}

static struct pd_events *open_trace(struct cmd_ctx *ctx, void *arg)
{
	struct pd_events *trace = info_trace_new();

	(void)arg;
	if (!trace)
		cli_nomem(ctx);
	return trace;
}

static int info_run(struct cmd_ctx *ctx, void *argp, char **operands, size_t n)
{
	struct info_args *a = argp;
	struct cmd_stream stream = { .open = open_trace };
	const struct pd_format *wanted = NULL;
	struct pd_doc *doc;
	int status;

	if (a->check && a->check[0] && !(wanted = cli_format(ctx, a->check, false)))
		return 2;
	doc = cmd_load_stream(ctx, &a->in, operands, n, CMD_BUILD_METRICS, &stream);
	if (!doc) {
		pd_events_free(stream.events);
		return a->check && unsound(ctx->load_status) ? 1 : 2;
	}
	status = print(ctx, a, doc, stream.events);
	pd_events_free(stream.events);
	pd_doc_unref(doc);
	if (!status && a->check)
		status = check(ctx, wanted);
	return status;
}

const struct pd_cmd pd_cmd_info = {
	.name = "info",
	.summary = "what is in a profile: format, sample types, totals, counts",
	.usage = "[OPTIONS] [INPUT...]",
	.about = "Several inputs are described as their sum. Metrics of a program (see docs/formats/metrics.md) are listed with percentiles of distributions. Of a lone trace, events by kind, tracks and the span of time are told too. With --check the exit status says whether every input is sound: 1 when one is\n"
		 "malformed, of no known format (or not of FORMAT), or has records that had to be skipped; 2 when it could not be read.",
	.examples = (const char *const[]){ "profdata info cpu.pb.gz", "describe a profile", "profdata info --json cpu.pb.gz", "for programs",
					   "profdata info --check=pprof cpu.pb.gz", "is it a sound pprof file?", NULL },
	.args_size = sizeof(struct info_args),
	.opts = info_opts,
	.run = info_run,
};
