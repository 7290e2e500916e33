#include "report_common.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define FILTER_SHOWN 80 /* bytes of one filter in the header */
#define NOT_GIVEN (-1.0)

/* ---- set-up ---- */

void report_defaults(struct cmd_report *opts)
{
	opts->nodefraction = opts->edgefraction = NOT_GIVEN;
}

bool report_is_data(const struct cmd_report *opts)
{
	return opts->json || opts->csv;
}

enum pd_granularity report_granularity(const struct cmd_report *opts)
{
	static const char *const words[] = { "functions", "filefunctions", "files", "lines", "addresses", "modules" };
	static const enum pd_granularity values[] = { PD_BY_FUNCTIONS, PD_BY_FILEFUNCTIONS, PD_BY_FILES, PD_BY_LINES, PD_BY_ADDRESSES, PD_BY_MODULES };

	for (size_t i = 0; opts->granularity && i < sizeof(words) / sizeof(*words); i++) {
		if (strcmp(opts->granularity, words[i]) == 0)
			return values[i];
	}
	return PD_BY_FUNCTIONS;
}

static int check_options(struct cmd_ctx *ctx, const struct cmd_report *opts)
{
	if (opts->flat && opts->cum)
		return cmd_errorf(ctx, "--flat and --cum exclude each other");
	if (opts->json && opts->csv)
		return cmd_errorf(ctx, "--json and --csv exclude each other");
	if (opts->divide_by == 0)
		return cmd_errorf(ctx, "--divide-by 0: values cannot be divided by zero");
	if (opts->nodecount < -1)
		return cmd_errorf(ctx, "--nodecount %" PRId64 ": expected a number of rows, 0 for all", opts->nodecount);
	return 0;
}

void report_describe(struct report *r)
{
	struct pd_sample_type type;

	pd_doc_sample_type(r->doc, r->sample_type, &type);
	r->type = pd_doc_string(r->doc, type.type.type).p;
	r->amount = (struct pd_amount){
		.unit = pd_doc_string(r->doc, type.type.unit).p,
		.to = r->opts->unit ? r->opts->unit : "minimum",
		.decimals = type.type.decimals,
		.ratio = 1 / r->opts->divide_by,
	};
	r->percent_width = 6;
}

int report_open(struct cmd_ctx *ctx, struct report *r, const struct cmd_input *in, const struct cmd_select *select,
		const struct cmd_report *opts, char **operands, size_t n)
{
	struct pd_error err = { 0 };
	struct pd_doc *all;
	int type = -1;

	*r = (struct report){ .ctx = ctx, .select = select, .opts = opts };
	if (check_options(ctx, opts))
		return 2;
	/* rows stay apart: the total is one of absolute values, which adding up first would change */
	all = cmd_load(ctx, in, operands, n, 0);
	if (!all)
		return 2;
	r->doc = cmd_apply_select(ctx, select, opts, all, &type);
	if (!r->doc) {
		pd_doc_unref(all);
		return 2;
	}
	r->sample_type = (unsigned)type;
	pd_report_total(opts->relative_percentages ? r->doc : all, r->sample_type, opts->mean, &r->total, &err);
	pd_doc_unref(all);
	if (err.status)
		return cmd_fail(ctx, &err);
	report_describe(r);
	return 0;
}

void report_close(struct report *r)
{
	pd_doc_unref(r->doc);
	r->doc = NULL;
}

static double fraction(const struct report *r, double given, double usual, bool trims)
{
	if (!trims || r->opts->no_trim)
		return 0;
	if (given != NOT_GIVEN)
		return given;
	return report_is_data(r->opts) ? 0 : usual;
}

static double node_fraction(const struct report *r, bool trims)
{
	return fraction(r, r->opts->nodefraction, 0.005, trims);
}

static bool negative_edge(const struct pd_graph *g, uint32_t node)
{
	const struct pd_graph_edge *e;
	size_t n = pd_graph_in(g, node, &e);
	bool found = false;

	for (size_t i = 0; i < n; i++)
		found |= e[i].weight < 0;
	n = pd_graph_out(g, node, &e);
	for (size_t i = 0; i < n; i++)
		found |= e[i].weight < 0;
	return found;
}

/* Is there a minus before any percentage of the report? */
static bool shows_negative(const struct pd_graph *g)
{
	struct pd_graph_node n;
	int64_t sum = 0;

	for (size_t i = 0; i < pd_graph_shown(g); i++) {
		uint32_t node = pd_graph_at(g, i);

		pd_graph_node(g, node, &n);
		sum += n.flat;
		if (n.flat < 0 || n.cum < 0 || sum < 0 || negative_edge(g, node))
			return true;
	}
	return false;
}

struct pd_graph *report_graph(struct report *r, enum pd_graph_edges edges, uint64_t nodecount, bool trims)
{
	struct pd_error err = { 0 };
	struct pd_graph_opts o = {
		.size = sizeof(o),
		.sample_type = r->sample_type,
		.granularity = report_granularity(r->opts),
		.edges = edges,
		.mean = r->opts->mean,
		.sort_cum = r->opts->cum,
		.drop_negative = r->opts->drop_negative,
		.no_columns = r->select->no_inlines,
		.node_fraction = node_fraction(r, trims),
		.edge_fraction = fraction(r, r->opts->edgefraction, 0.001, trims),
	};
	struct pd_graph *g;

	if (trims && !r->opts->no_trim) {
		o.node_count = report_is_data(r->opts) ? 0 : nodecount;
		if (r->opts->nodecount >= 0)
			o.node_count = (uint64_t)r->opts->nodecount;
	}
	g = pd_graph_new(r->doc, &o, &err);
	if (!g) {
		cmd_fail(r->ctx, &err);
		return NULL;
	}
	r->amount.to = pd_graph_unit(g, &r->amount, r->total);
	r->percent_width = shows_negative(g) ? 7 : 6;
	return g;
}

#define A struct report_args
const struct pd_opt report_view_opts[] = {
	{ .kind = PD_OPT_INCLUDE, .help = "Comparison", .table = cmd_base_opts, .offset = PD_AT(A, input.base, struct cmd_base) },
	{ .kind = PD_OPT_INCLUDE, .help = "Selection", .table = cmd_select_opts, .offset = PD_AT(A, select, struct cmd_select) },
	{ .kind = PD_OPT_INCLUDE, .help = "Input", .table = cmd_input_opts, .offset = PD_AT(A, input, struct cmd_input) },
	{ .kind = PD_OPT_INCLUDE, .help = "Output", .table = cmd_text_output_opts, .offset = PD_AT(A, output, struct cmd_output) },
	{ .kind = PD_OPT_INCLUDE, .help = "Common", .table = cmd_common_opts, .offset = PD_AT(A, common, struct cmd_common) },
	{ .kind = PD_OPT_END },
};

const struct pd_opt report_args_opts[] = {
	{ .kind = PD_OPT_INCLUDE, .help = "Report", .table = cmd_report_opts, .offset = PD_AT(A, report, struct cmd_report) },
	{ .kind = PD_OPT_INCLUDE, .table = report_view_opts, .offset = 0 },
	{ .kind = PD_OPT_END },
};
#undef A

void report_args_defaults(void *args)
{
	report_defaults(&((struct report_args *)args)->report);
}

static int match(struct report *r, struct pd_graph *g, const char *pattern)
{
	struct pd_error err = { 0 };
	uint64_t matched;

	if (pd_graph_match(g, pattern, false, &matched, &err) != PD_OK)
		return cmd_fail(r->ctx, &err);
	if (!matched)
		return cmd_errorf(r->ctx, "no matches found for regexp: %s", pattern);
	return 0;
}

static void print(struct report *r, const struct report_kind *kind, struct pd_out *out, struct pd_graph *g)
{
	if (r->opts->json)
		kind->json(r, out, g);
	else if (r->opts->csv)
		kind->csv(r, out, g);
	else
		kind->text(r, out, g);
}

int report_run(struct cmd_ctx *ctx, struct report_args *a, const struct report_kind *kind, const char *pattern, char **operands, size_t n)
{
	struct report r;
	struct pd_graph *g = NULL;
	struct pd_out *out = NULL;
	int status = report_open(ctx, &r, &a->input, &a->select, &a->report, operands, n);

	if (status == 0)
		g = report_graph(&r, kind->edges, kind->nodecount, kind->trims);
	if (g && (!pattern || match(&r, g, pattern) == 0))
		out = cmd_text_open(ctx, &a->output);
	if (out) {
		r.color = !a->output.output && cmd_color(ctx, STDOUT_FILENO);
		print(&r, kind, out, g);
		status = cmd_out_close(ctx, out, 0);
	} else {
		status = 2;
	}
	pd_graph_free(g);
	report_close(&r);
	return status;
}

/* ---- pieces of text ---- */

static size_t characters(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

void report_value(const struct report *r, struct pd_out *out, int64_t value, int width)
{
	char text[256];

	pd_format_amount(text, sizeof(text), value, &r->amount);
	for (size_t n = characters(text); n < (size_t)width; n++)
		pd_out_write(out, " ", 1);
	report_text(out, text);
}

/* What is large stands out: a tenth of the whole, a hundredth, the rest. */
void report_percent(const struct report *r, struct pd_out *out, int64_t value, int64_t total)
{
	double part = total ? fabs((double)value / (double)total) : 0;
	char text[32];

	pd_format_percent(text, sizeof(text), value, total);
	for (int n = (int)strlen(text); n < r->percent_width; n++)
		pd_out_write(out, " ", 1);
	if (r->color)
		pd_out_puts(out, part >= 0.1 ? "\033[31m" : part >= 0.01 ? "\033[33m" : "\033[2m");
	pd_out_puts(out, text);
	if (r->color)
		pd_out_puts(out, "\033[0m");
}

void report_sum_percent(const struct report *r, struct pd_out *out, int64_t sum)
{
	char text[32];

	pd_format_percent(text, sizeof(text), sum, r->total);
	pd_out_printf(out, "%*s", r->percent_width, text);
}

void report_column_names(const struct report *r, struct pd_out *out)
{
	int width = r->percent_width - 1;

	pd_out_printf(out, "%10s %*s%% %*s%% %10s %*s%%", "flat", width, "flat", width, "sum", "cum", width, "cum");
}

void report_text(struct pd_out *out, const char *text)
{
	size_t n = 0;
	char *safe;

	if (!text) {
		pd_out_fail(out, PD_ERR_NOMEM, "out of memory");
		return;
	}
	while ((unsigned char)text[n] >= 0x20 && (unsigned char)text[n] < 0x7f)
		n++;
	if (!text[n]) {
		pd_out_write(out, text, n);
		return;
	}
	n += strlen(text + n);
	safe = malloc(4 * n + 1);
	if (safe)
		pd_out_puts(out, cmd_printable(safe, 4 * n + 1, (struct pd_span){ text, n }));
	else
		pd_out_fail(out, PD_ERR_NOMEM, "out of memory");
	free(safe);
}

void report_lines(struct pd_out *out, const char *text)
{
	for (;;) {
		size_t n = strcspn(text, "\n");
		char *line = strndup(text, n);

		if (line)
			report_text(out, line);
		free(line);
		pd_out_write(out, "\n", 1);
		if (!text[n])
			return;
		text += n + 1;
	}
}

static void put_line(struct pd_out *out, const char *key, const char *text)
{
	pd_out_puts(out, key);
	report_text(out, text);
	pd_out_write(out, "\n", 1);
}

/* ---- header ---- */

/* As people know the program: the last part of the path. */
static const char *base_name(const char *path, char *buf, size_t room)
{
	size_t end = strlen(path), start;

	while (end > 1 && path[end - 1] == '/')
		end--;
	start = end;
	while (start > 0 && path[start - 1] != '/')
		start--;
	if (start == end)
		start = 0; /* the root itself */
	snprintf(buf, room, "%.*s", (int)(end - start < room ? end - start : room - 1), path + start);
	return buf;
}

static void main_binary(const struct pd_doc *doc, struct pd_out *out)
{
	struct pd_mapping_desc m;
	char base[4096];

	for (uint32_t i = 1; i <= pd_doc_mappings(doc); i++) {
		pd_doc_mapping(doc, (pd_mapping){ i }, &m);
		if (!(m.flags & PD_MAP_MAIN))
			continue;
		if (m.file.v)
			put_line(out, "File: ", base_name(pd_doc_string(doc, m.file).p, base, sizeof(base)));
		if (m.build_id.v)
			put_line(out, "Build ID: ", pd_doc_string(doc, m.build_id).p);
		return;
	}
}

static void comments(const struct pd_doc *doc, struct pd_out *out)
{
	const pd_str *list;
	size_t n = pd_doc_comments(doc, &list);

	for (size_t i = 0; i < n; i++) {
		const char *text = pd_doc_string(doc, list[i]).p;

		if (*text != '#')
			report_lines(out, text);
	}
}

static void start_time(int64_t nanos, struct pd_out *out)
{
	time_t seconds = (time_t)(nanos / 1000000000 - (nanos % 1000000000 < 0));
	struct tm tm;
	char text[80];

	if (nanos && localtime_r(&seconds, &tm) && strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S %Z", &tm))
		put_line(out, "Time: ", text);
}

static void duration(const struct report *r, int64_t nanos, struct pd_out *out)
{
	const char *unit;
	char text[64];
	double total;

	if (!nanos)
		return;
	pd_format_value(text, sizeof(text), nanos, "nanoseconds", "auto");
	pd_out_printf(out, "Duration: %s, Total samples = ", text);
	report_value(r, out, r->total, 0);
	pd_out_write(out, " ", 1);
	total = pd_scale_value(r->total, r->amount.unit, "nanoseconds", &unit) / pow(10, r->amount.decimals);
	if (strcmp(unit, "ns") == 0 && total != 0) {
		pd_format_percent(text, sizeof(text), total < 0x1p63 ? (int64_t)total : INT64_MIN, nanos);
		pd_out_printf(out, "(%s)", text);
	}
	pd_out_write(out, "\n", 1);
}

void report_profile_lines(const struct report *r, struct pd_out *out)
{
	const struct pd_meta *meta = pd_doc_meta(r->doc);

	main_binary(r->doc, out);
	comments(r->doc, out);
	if (*r->type)
		put_line(out, r->opts->mean ? "Type: mean_" : "Type: ", r->type);
	if (meta->doc_url.v)
		put_line(out, "Doc: ", pd_doc_string(r->doc, meta->doc_url).p);
	start_time(meta->time_nanos, out);
	duration(r, meta->duration_nanos, out);
}

static void filter_line(struct pd_out *out, const char *name, const char *value, bool *any)
{
	char text[FILTER_SHOWN + 1];
	int n;

	if (!value || !*value)
		return;
	if (!*any)
		pd_out_puts(out, "Active filters:\n");
	*any = true;
	n = snprintf(text, sizeof(text), "%s=%s", name, value);
	pd_out_puts(out, "   ");
	report_text(out, text);
	pd_out_puts(out, n > FILTER_SHOWN ? "\xe2\x80\xa6\n" : "\n");
}

static void active_filters(const struct cmd_select *s, struct pd_out *out)
{
	bool any = false;

	filter_line(out, "focus", s->focus, &any);
	filter_line(out, "ignore", s->ignore, &any);
	filter_line(out, "hide", s->hide, &any);
	filter_line(out, "show", s->show, &any);
	filter_line(out, "show_from", s->show_from, &any);
	filter_line(out, "tagfocus", s->tagfocus, &any);
	filter_line(out, "tagignore", s->tagignore, &any);
	filter_line(out, "tagshow", s->tagshow, &any);
	filter_line(out, "taghide", s->taghide, &any);
	filter_line(out, "time_range", s->time_range, &any);
}

void report_header(const struct report *r, struct pd_out *out, const struct pd_graph *g)
{
	struct pd_graph_trim t;
	char percent[32];

	pd_graph_trim(g, &t);
	if (!r->opts->compact_labels)
		report_profile_lines(r, out);
	active_filters(r->select, out);
	pd_format_percent(percent, sizeof(percent), t.shown_flat, r->total);
	pd_out_puts(out, "Showing nodes accounting for ");
	report_value(r, out, t.shown_flat, 0);
	pd_out_printf(out, ", %s of ", percent + strspn(percent, " "));
	report_value(r, out, r->total, 0);
	pd_out_puts(out, " total\n");
	if (r->total == 0)
		return;
	if (t.dropped_nodes) {
		double least = fabs((double)r->total * node_fraction(r, true));

		pd_out_printf(out, "Dropped %" PRIu64 " node%s (cum <= ", t.dropped_nodes, t.dropped_nodes > 1 ? "s" : "");
		report_value(r, out, least < 0x1p63 ? (int64_t)least : INT64_MIN, 0);
		pd_out_puts(out, ")\n");
	}
	if (pd_graph_shown(g) && pd_graph_shown(g) < t.candidates)
		pd_out_printf(out, "Showing top %zu nodes out of %" PRIu64 "\n", pd_graph_shown(g), t.candidates);
}

/* ---- machines ---- */

static const char *const inline_words[] = { "no", "partial", "yes" }; /* by enum pd_inline_mark */

struct cmd_json *report_json_start(struct report *r, struct pd_out *out, const char *schema, const struct pd_graph *g)
{
	struct cmd_json *j = cmd_json_new(out);
	struct pd_graph_trim t;

	pd_graph_trim(g, &t);
	cmd_json_object(j, NULL);
	cmd_json_head(r->ctx, j, schema);
	cmd_json_object(j, "sample_type");
	cmd_json_string(j, "type", r->type, strlen(r->type));
	cmd_json_string(j, "unit", r->amount.unit, strlen(r->amount.unit));
	cmd_json_end(j);
	cmd_json_decimal(j, "total", r->total, r->amount.decimals);
	cmd_json_decimal(j, "shown", t.shown_flat, r->amount.decimals);
	cmd_json_int(j, "dropped_rows", (int64_t)(t.dropped_nodes + t.candidates - pd_graph_shown(g)));
	cmd_json_array(j, "rows");
	return j;
}

const char *report_node_function(struct pd_graph *g, uint32_t node, const struct pd_graph_node *n)
{
	return *n->function || *n->file ? n->function : pd_graph_name(g, node);
}

const char *report_node_place(const struct report *r, const struct pd_graph_node *n, int64_t *line)
{
	struct pd_func_desc func = { 0 };

	if (n->func.v)
		pd_doc_func(r->doc, n->func, &func);
	*line = n->line ? n->line : *n->function ? func.start_line : 0;
	return *n->file ? n->file : pd_doc_string(r->doc, func.file).p;
}

void report_json_node(const struct report *r, struct cmd_json *j, struct pd_graph *g, uint32_t node)
{
	const char *function, *file;
	struct pd_graph_node n;
	char address[24];
	int64_t line;

	pd_graph_node(g, node, &n);
	function = report_node_function(g, node, &n);
	file = report_node_place(r, &n, &line);
	cmd_json_name(j, "function", function);
	cmd_json_string(j, "file", file, strlen(file));
	cmd_json_int(j, "line", line);
	if (n.address) {
		snprintf(address, sizeof(address), "0x%" PRIx64, n.address);
		cmd_json_string(j, "address", address, strlen(address));
	}
	cmd_json_decimal(j, "flat", n.flat, r->amount.decimals);
	cmd_json_decimal(j, "cum", n.cum, r->amount.decimals);
	cmd_json_string(j, "inlined", inline_words[n.mark], strlen(inline_words[n.mark]));
}

void report_csv_value(const struct report *r, struct pd_out *out, int64_t value, bool last)
{
	uint64_t abs = value < 0 ? 0 - (uint64_t)value : (uint64_t)value, unit = 1;
	char text[64];

	for (unsigned i = 0; i < r->amount.decimals && i < 19; i++)
		unit *= 10;
	if (unit == 1)
		snprintf(text, sizeof(text), "%" PRId64, value);
	else
		snprintf(text, sizeof(text), "%s%" PRIu64 ".%0*" PRIu64, value < 0 ? "-" : "", abs / unit, (int)r->amount.decimals, abs % unit);
	cmd_csv_field(out, text, strlen(text), last);
}

void report_csv_node(const struct report *r, struct pd_out *out, struct pd_graph *g, uint32_t node, bool last)
{
	const char *function, *file;
	struct pd_graph_node n;
	char text[32];
	int64_t line;

	pd_graph_node(g, node, &n);
	function = report_node_function(g, node, &n);
	file = report_node_place(r, &n, &line);
	cmd_csv_name(out, function, false);
	cmd_csv_field(out, file, strlen(file), false);
	cmd_csv_field(out, text, (size_t)snprintf(text, sizeof(text), "%" PRId64, line), false);
	cmd_csv_field(out, text, (size_t)(n.address ? snprintf(text, sizeof(text), "0x%" PRIx64, n.address) : 0), false);
	report_csv_value(r, out, n.flat, false);
	report_csv_value(r, out, n.cum, false);
	cmd_csv_field(out, inline_words[n.mark], strlen(inline_words[n.mark]), last);
}
