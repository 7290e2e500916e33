/* profdata list: source code with the values of every line. */
#include "list_source.h"
#include "report_common.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>
#include <unistd.h>

#define MARGIN 5 /* lines shown around the sampled ones */

struct list_args {
	struct report_args report; /* first: its options stand in the same places */
	const char *source_path, *trim_path;
};

static const struct pd_opt list_opts[] = {
	{ 0, "source-path", "DIRS", "folders (separated by ':') to look for relative file names in, and above (default: here)", PD_OPT_STR, PD_AT(struct list_args, source_path, const char *), .complete = "file" },
	{ 0, "trim-path", "DIRS", "prefixes (separated by ':') to cut from file names", PD_OPT_STR, PD_AT(struct list_args, trim_path, const char *) },
	{ .kind = PD_OPT_INCLUDE, .table = report_args_opts, .offset = offsetof(struct list_args, report) },
	{ .kind = PD_OPT_END },
};

/* One sampled line. */
struct line {
	const char *function, *file;
	int64_t number, start; /* start: first line of the function, 0 unknown */
	int64_t flat, cum;
};

struct listing {
	struct report r;
	const struct list_args *args;
	const char *search;
	struct line *line; /* sorted by function, file, number */
	size_t n;
	struct line *routine; /* whole functions per file: cum counts recursion once; sorted alike */
	size_t n_routines;
	struct cmd_json *json;
	struct pd_out *out;
};

static int compare_lines(const void *pa, const void *pb)
{
	const struct line *a = pa, *b = pb;
	int c = strcmp(a->function, b->function);

	c = c ? c : strcmp(a->file, b->file);
	return c ? c : (a->number > b->number) - (a->number < b->number);
}

/* Nodes at a granularity whose function matches, sorted. False after printing the error; *n 0 when none matches. */
static bool collect(struct listing *l, enum pd_granularity by, const char *pattern, struct pd_graph **keep, struct line **out, size_t *n)
{
	struct pd_graph_opts o = { .size = sizeof(o), .sample_type = l->r.sample_type, .granularity = by, .drop_negative = l->r.opts->drop_negative };
	struct pd_error err = { 0 };
	struct pd_graph *g = pd_graph_new(l->r.doc, &o, &err);
	uint64_t matched = 0;

	*n = 0;
	*keep = g;
	if (!g || pd_graph_match(g, pattern, true, &matched, &err) != PD_OK) {
		cmd_fail(l->r.ctx, &err);
		return false;
	}
	*out = calloc(matched + 1, sizeof(**out));
	if (!*out) {
		cmd_errorf(l->r.ctx, "out of memory for %" PRIu64 " lines", matched);
		return false;
	}
	for (size_t i = 0; i < pd_graph_shown(g); i++) {
		struct pd_func_desc func = { 0 };
		struct pd_graph_node node;

		pd_graph_node(g, pd_graph_at(g, i), &node);
		if (!node.matched)
			continue;
		if (node.func.v)
			pd_doc_func(l->r.doc, node.func, &func);
		(*out)[(*n)++] = (struct line){ node.function, node.file, node.line, func.start_line, node.flat, node.cum };
	}
	qsort(*out, *n, sizeof(**out), compare_lines);
	return true;
}

/* ---- one function in one file ---- */

/* The values of one line; *at moves on. Lines of different binaries may be the same. */
static void values_of(const struct line *lines, size_t n, size_t *at, int64_t number, int64_t *flat, int64_t *cum)
{
	*flat = *cum = 0;
	while (*at < n && lines[*at].number < number)
		(*at)++;
	for (; *at < n && lines[*at].number == number; (*at)++) {
		*flat += lines[*at].flat;
		*cum += lines[*at].cum;
	}
}

static void value_or_dot(const struct listing *l, int64_t value)
{
	if (value)
		report_value(&l->r, l->out, value, 10);
	else
		pd_out_puts(l->out, "         .");
	pd_out_write(l->out, " ", 1);
}

/* Code keeps its tabs; whatever else steers terminals becomes visible. */
static void put_code(struct pd_out *out, char *text)
{
	for (char *tab; (tab = strchr(text, '\t')); text = tab + 1) {
		*tab = 0;
		report_text(out, text);
		pd_out_write(out, "\t", 1);
	}
	report_text(out, text);
}

static void source_line(struct listing *l, int64_t number, char *text, int64_t flat, int64_t cum)
{
	if (l->json) {
		cmd_json_object(l->json, NULL);
		cmd_json_int(l->json, "line", number);
		cmd_json_decimal(l->json, "flat", flat, l->r.amount.decimals);
		cmd_json_decimal(l->json, "cum", cum, l->r.amount.decimals);
		cmd_json_string(l->json, "text", text, strlen(text));
		cmd_json_end(l->json);
		return;
	}
	value_or_dot(l, flat);
	value_or_dot(l, cum);
	pd_out_printf(l->out, "%6" PRId64 ":", number);
	put_code(l->out, text);
	pd_out_write(l->out, "\n", 1);
}

/* From the start of the function, or a margin before the first sampled line, to a margin after the last. */
static void window(const struct line *lines, size_t n, int64_t *first, int64_t *last)
{
	*first = INT64_MAX;
	*last = 0;
	for (size_t i = 0; i < n; i++) {
		int64_t start = lines[i].start > 0 ? lines[i].start : lines[i].number > MARGIN ? lines[i].number - MARGIN : 1;

		*first = MIN(*first, start);
		*last = MAX(*last, lines[i].number < INT64_MAX - MARGIN ? lines[i].number + MARGIN : INT64_MAX);
	}
}

static void print_source(struct listing *l, FILE *f, const struct line *lines, size_t n)
{
	int64_t first, last, flat, cum;
	char *text = NULL;
	size_t room = 0, at = 0;

	window(lines, n, &first, &last);
	for (int64_t number = 1; number <= last; number++) {
		ssize_t len = getline(&text, &room, f);

		if (len < 0)
			break;
		if (number < first)
			continue;
		while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r'))
			text[--len] = 0;
		values_of(lines, n, &at, number, &flat, &cum);
		source_line(l, number, text, flat, cum);
	}
	free(text);
}

static void head(struct listing *l, const char *function, const char *file, int64_t flat, int64_t cum)
{
	if (l->json) {
		cmd_json_object(l->json, NULL);
		cmd_json_string(l->json, "function", function, strlen(function));
		cmd_json_string(l->json, "file", file, strlen(file));
		cmd_json_decimal(l->json, "flat", flat, l->r.amount.decimals);
		cmd_json_decimal(l->json, "cum", cum, l->r.amount.decimals);
		cmd_json_array(l->json, "lines");
		return;
	}
	pd_out_puts(l->out, "ROUTINE ======================== ");
	report_text(l->out, function);
	pd_out_puts(l->out, " in ");
	report_text(l->out, file);
	pd_out_write(l->out, "\n", 1);
	report_value(&l->r, l->out, flat, 10);
	pd_out_write(l->out, " ", 1);
	report_value(&l->r, l->out, cum, 10);
	pd_out_puts(l->out, " (flat, cum) ");
	report_percent(&l->r, l->out, cum, l->r.total);
	pd_out_puts(l->out, " of Total\n");
}

static void print_file(struct listing *l, const struct line *lines, size_t n)
{
	struct line whole = { lines[0].function, lines[0].file, 0, 0, 0, 0 };
	const struct line *sum = bsearch(&whole, l->routine, l->n_routines, sizeof(*l->routine), compare_lines);
	const char *shown = lines[0].file;
	char why[512] = "";
	FILE *f;

	if (l->args->source_path || l->args->trim_path)
		shown = source_trim(shown, l->args->trim_path, l->args->source_path);
	head(l, lines[0].function, shown, sum ? sum->flat : 0, sum ? sum->cum : 0);
	f = source_open(lines[0].file, l->args->trim_path, l->search, why, sizeof(why));
	if (f) {
		print_source(l, f, lines, n);
		fclose(f);
	} else if (!l->json) {
		pd_out_puts(l->out, " Error: ");
		report_text(l->out, why);
		pd_out_write(l->out, "\n", 1);
	}
	if (l->json) {
		cmd_json_end(l->json);
		cmd_json_string(l->json, "error", f ? NULL : why, strlen(why));
		cmd_json_end(l->json);
	}
}

static void print_all(struct listing *l)
{
	size_t next;

	for (size_t i = 0; i < l->n; i = next) {
		for (next = i + 1; next < l->n && strcmp(l->line[next].function, l->line[i].function) == 0 && strcmp(l->line[next].file, l->line[i].file) == 0; next++)
			;
		if (*l->line[i].file) {
			print_file(l, l->line + i, next - i);
		} else if (!l->json && (next == l->n || strcmp(l->line[next].function, l->line[i].function) != 0)) {
			pd_out_puts(l->out, "No source information for ");
			report_text(l->out, l->line[i].function);
			pd_out_write(l->out, "\n", 1);
		}
	}
}

/* ---- the command ---- */

static void print(struct listing *l, const struct pd_graph *g)
{
	if (l->r.opts->json) {
		l->json = report_json_start(&l->r, l->out, "profdata.list/1", g);
		print_all(l);
		cmd_json_end(l->json);
		cmd_json_end(l->json);
		cmd_json_free(l->json);
		return;
	}
	pd_out_puts(l->out, "Total: ");
	report_value(&l->r, l->out, l->r.total, 0);
	pd_out_write(l->out, "\n", 1);
	print_all(l);
}

static int list_loaded(struct listing *l, const char *pattern)
{
	struct pd_graph *lines = NULL, *functions = NULL;
	const struct cmd_output *output = &l->args->report.output;
	int status = 2;

	if (!collect(l, PD_BY_LINES, pattern, &lines, &l->line, &l->n) || !collect(l, PD_BY_FILEFUNCTIONS, pattern, &functions, &l->routine, &l->n_routines))
		;
	else if (l->n == 0)
		cmd_errorf(l->r.ctx, "no matches found for regexp: %s", pattern);
	else
		l->out = cmd_text_open(l->r.ctx, output);
	if (l->out) {
		l->r.color = !output->output && cmd_color(l->r.ctx, STDOUT_FILENO);
		print(l, lines);
		status = cmd_out_close(l->r.ctx, l->out, 0);
	}
	pd_graph_free(lines);
	pd_graph_free(functions);
	free(l->line);
	free(l->routine);
	return status;
}

static int list_run(struct cmd_ctx *ctx, void *args, char **operands, size_t n)
{
	struct list_args *a = args;
	struct listing l = { .args = a };
	char here[MAXPATHLEN] = ".";
	int status;

	if (n == 0)
		return cmd_errorf(ctx, "a regular expression is missing: profdata list RE [INPUT...]");
	if (a->report.report.csv)
		return cmd_errorf(ctx, "list has no --csv; --json has every line");
	l.search = a->source_path ? a->source_path : getcwd(here, sizeof(here)) ? here : ".";
	status = report_open(ctx, &l.r, &a->report.input, &a->report.select, &a->report.report, operands + 1, n - 1);
	if (status == 0)
		status = list_loaded(&l, operands[0]);
	report_close(&l.r);
	return status;
}

static const char *const list_examples[] = {
	"profdata list 'main\\.work$' cpu.pb.gz", "the source of one function with flat and cumulative values",
	NULL,
};

const struct pd_cmd pd_cmd_list = {
	.name = "list",
	.summary = "source code of functions with the values of every line",
	.usage = "[OPTIONS] RE [INPUT...]",
	.about = "Prints the source of every function whose name matches the regular expression RE. Files\n"
		 "are looked for under the names in the profile; relative names in the folders of\n"
		 "--source-path and above. A function counts once per sample in the sum of its block,\n"
		 "however often it calls itself.",
	.examples = list_examples,
	.args_size = sizeof(struct list_args),
	.opts = list_opts,
	.defaults = report_args_defaults,
	.run = list_run,
};
