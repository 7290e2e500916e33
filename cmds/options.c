/* The option groups that mean the same in every command, and their defaults. */
#include "cli.h"
#include <stdlib.h>
#include <string.h>

static const char *const when_words[] = { "auto", "always", "never", NULL };
static const char *const error_format_words[] = { "text", "json", NULL };
static const char *const compress_words[] = { "none", "gzip", "zstd", NULL };
static const char *const granularity_words[] = { "functions", "filefunctions", "files", "lines", "addresses", "modules", NULL };

#define C struct cmd_common
const struct pd_opt cmd_common_opts[] = {
	{ 'q', "quiet", NULL, "no warnings", PD_OPT_BOOL, PD_AT(C, quiet, bool) },
	{ 'v', "verbose", NULL, "explain decisions: detected format, dropped records", PD_OPT_COUNT, PD_AT(C, verbose, int64_t) },
	{ 0, "strict", NULL, "any warning becomes an error (status 2)", PD_OPT_BOOL, PD_AT(C, strict, bool) },
	{ 0, "color", "WHEN", "colour: auto, always or never (default auto; NO_COLOR is respected)", PD_OPT_CHOICE, PD_AT(C, color, const char *), when_words },
	{ 0, "colour", "WHEN", NULL, PD_OPT_CHOICE, PD_AT(C, color, const char *), when_words },
	{ 0, "progress", "WHEN", "progress bar on standard error: auto, always or never (default auto)", PD_OPT_CHOICE, PD_AT(C, progress, const char *), when_words },
	{ 0, "error-format", "FORMAT", "messages as text or json, one object per line (default text)", PD_OPT_CHOICE, PD_AT(C, error_format, const char *), error_format_words },
	{ 'h', "help", "[full]", "show help; --help=full lists every option", PD_OPT_STR, PD_AT(C, help, const char *) },
	{ .kind = PD_OPT_END },
};
#undef C

#define I struct cmd_input
const struct pd_opt cmd_input_opts[] = {
	{ 'f', "from", "FORMAT", "input format (default: found by content)", PD_OPT_STR, PD_AT(I, from, const char *), .complete = "format-read" },
	{ 0, "files-from", "FILE", "read input names from FILE, one per line; - for standard input", PD_OPT_STR, PD_AT(I, files_from, const char *), .complete = "file" },
	{ '0', "null", NULL, "names in --files-from end with a NUL byte instead of a line end", PD_OPT_BOOL, PD_AT(I, nul, bool) },
	{ 0, "opt", "KEY=VALUE", "option of the input or output format (repeatable; see profdata formats)", PD_OPT_LIST, PD_AT(I, opt, struct pd_list), .complete = "format-option" },
	{ 'j', "jobs", "N", "number of threads (default: number of cores)", PD_OPT_INT, PD_AT(I, jobs, int64_t) },
	{ 0, "max-memory", "SIZE", "memory one document may take (default: 4G or half of the machine)", PD_OPT_SIZE, PD_AT(I, max_memory, int64_t) },
	{ 0, "max-input", "SIZE", "bytes one input may have after decompression (default 4G where compressed)", PD_OPT_SIZE, PD_AT(I, max_input, int64_t) },
	{ 0, "seconds", "N", "length of the profile asked from a URL", PD_OPT_INT, PD_AT(I, seconds, int64_t) },
	{ .kind = PD_OPT_END },
};
#undef I

#define B struct cmd_base
const struct pd_opt cmd_base_opts[] = {
	{ 0, "base", "INPUT", "subtract INPUT (repeatable: their sum): what was added since an earlier snapshot", PD_OPT_LIST, PD_AT(B, base, struct pd_list), .complete = "file" },
	{ 0, "diff-base", "INPUT", "compare with INPUT (repeatable): percentages are relative to its total", PD_OPT_LIST, PD_AT(B, diff_base, struct pd_list), .complete = "file" },
	{ 0, "normalize", NULL, "scale to the total of the base before it is subtracted", PD_OPT_BOOL, PD_AT(B, normalize, bool) },
	{ .kind = PD_OPT_END },
};
#undef B

#define O struct cmd_output
const struct pd_opt cmd_output_opts[] = {
	{ 't', "to", "FORMAT", "output format (default: by the extension of FILE, else the command's own)", PD_OPT_STR, PD_AT(O, to, const char *), .complete = "format-write" },
	{ 'o', "output", "FILE", "write to FILE, replaced only when complete (default: standard output)", PD_OPT_STR, PD_AT(O, output, const char *), .complete = "file" },
	{ 0, "compress", "METHOD", "none, gzip or zstd (default: what the format usually has)", PD_OPT_CHOICE, PD_AT(O, compress, const char *), compress_words },
	{ 0, "level", "N", "compression level (default: the method's own)", PD_OPT_INT, PD_AT(O, level, int64_t) },
	{ 0, "force", NULL, "write binary output even to a terminal", PD_OPT_BOOL, PD_AT(O, force, bool) },
	{ .kind = PD_OPT_END },
};
/* The same struct for commands that print text, in one form. */
const struct pd_opt cmd_text_output_opts[] = {
	{ 'o', "output", "FILE", "write to FILE, replaced only when complete (default: standard output)", PD_OPT_STR, PD_AT(O, output, const char *), .complete = "file" },
	{ 0, "compress", "METHOD", "none, gzip or zstd (default: by the extension of FILE)", PD_OPT_CHOICE, PD_AT(O, compress, const char *), compress_words },
	{ 0, "level", "N", "compression level (default: the method's own)", PD_OPT_INT, PD_AT(O, level, int64_t) },
	{ 0, "force", NULL, "write binary output even to a terminal", PD_OPT_BOOL, PD_AT(O, force, bool) },
	{ .kind = PD_OPT_END },
};
#undef O

#define S struct cmd_select
const struct pd_opt cmd_select_opts[] = {
	{ 's', "sample-type", "NAME", "value column by name or index (default: the profile's own, else the last)", PD_OPT_STR, PD_AT(S, sample_type, const char *), .complete = "sample-type" },
	{ 0, "sample-index", "NAME", NULL, PD_OPT_STR, PD_AT(S, sample_type, const char *), .complete = "sample-type" },
	{ 0, "focus", "RE", "keep samples with a frame that matches RE", PD_OPT_STR, PD_AT(S, focus, const char *) },
	{ 0, "ignore", "RE", "drop samples with a frame that matches RE", PD_OPT_STR, PD_AT(S, ignore, const char *) },
	{ 0, "hide", "RE", "remove frames that match RE", PD_OPT_STR, PD_AT(S, hide, const char *) },
	{ 0, "show", "RE", "remove frames that do not match RE", PD_OPT_STR, PD_AT(S, show, const char *) },
	{ 0, "show-from", "RE", "remove frames above the highest one that matches RE", PD_OPT_STR, PD_AT(S, show_from, const char *) },
	{ 0, "prune-from", "RE", "remove frames below the one that matches RE", PD_OPT_STR, PD_AT(S, prune_from, const char *) },
	{ 0, "no-inlines", NULL, "attribute inlined functions to the function they are inlined into", PD_OPT_BOOL, PD_AT(S, no_inlines, bool) },
	{ 0, "noinlines", NULL, NULL, PD_OPT_BOOL, PD_AT(S, no_inlines, bool) },
	{ 0, "tagfocus", "EXPR", "keep samples with a matching label: RE, KEY=RE or KEY=LO:HI", PD_OPT_STR, PD_AT(S, tagfocus, const char *), .complete = "label" },
	{ 0, "tagignore", "EXPR", "drop samples with a matching label", PD_OPT_STR, PD_AT(S, tagignore, const char *), .complete = "label" },
	{ 0, "tagshow", "RE", "keep only labels whose key matches RE", PD_OPT_STR, PD_AT(S, tagshow, const char *), .complete = "label" },
	{ 0, "taghide", "RE", "remove labels whose key matches RE", PD_OPT_STR, PD_AT(S, taghide, const char *), .complete = "label" },
	{ 0, "tagroot", "KEYS", "put values of these labels (comma separated) at the root of stacks; empty: none", PD_OPT_STR, PD_AT(S, tagroot, const char *), .complete = "label" },
	{ 0, "tagleaf", "KEYS", "put values of these labels at the leaf of stacks", PD_OPT_STR, PD_AT(S, tagleaf, const char *), .complete = "label" },
	{ 0, "time-range", "A:B", "samples with timestamps in [A,B) seconds from the start", PD_OPT_STR, PD_AT(S, time_range, const char *) },
	{ .kind = PD_OPT_END },
};
#undef S

#define R struct cmd_report
const struct pd_opt cmd_report_opts[] = {
	{ 'g', "granularity", "WHAT", "what a row is: functions, filefunctions, files, lines, addresses, modules (default functions)", PD_OPT_CHOICE, PD_AT(R, granularity, const char *), granularity_words },
	{ 'u', "unit", "U", "unit of values: minimum, auto or a unit name (default minimum)", PD_OPT_STR, PD_AT(R, unit, const char *) },
	{ 'n', "nodecount", "N", "at most N rows (default: the report's own)", PD_OPT_INT, PD_AT(R, nodecount, int64_t) },
	{ 0, "nodefraction", "F", "leave out rows below F of the total (default 0.005)", PD_OPT_REAL, PD_AT(R, nodefraction, double) },
	{ 0, "edgefraction", "F", "leave out edges below F of the total (default 0.001)", PD_OPT_REAL, PD_AT(R, edgefraction, double) },
	{ 0, "no-trim", NULL, "leave nothing out", PD_OPT_BOOL, PD_AT(R, no_trim, bool) },
	{ 0, "flat", NULL, "sort by own value (default)", PD_OPT_BOOL, PD_AT(R, flat, bool) },
	{ 0, "cum", NULL, "sort by value including callees", PD_OPT_BOOL, PD_AT(R, cum, bool) },
	{ 0, "drop-negative", NULL, "ignore negative differences", PD_OPT_BOOL, PD_AT(R, drop_negative, bool) },
	{ 0, "relative-percentages", NULL, "percentages of what the selection left, not of everything", PD_OPT_BOOL, PD_AT(R, relative_percentages, bool) },
	{ 0, "divide-by", "N", "divide values by N", PD_OPT_REAL, PD_AT(R, divide_by, double) },
	{ 0, "mean", NULL, "average per first sample type (bytes per allocation)", PD_OPT_BOOL, PD_AT(R, mean, bool) },
	{ 0, "compact-labels", NULL, "leave out the header lines that describe the profile", PD_OPT_BOOL, PD_AT(R, compact_labels, bool) },
	{ 0, "json", NULL, "print one JSON document", PD_OPT_BOOL, PD_AT(R, json, bool) },
	{ 0, "csv", NULL, "print comma separated values with a header line", PD_OPT_BOOL, PD_AT(R, csv, bool) },
	{ .kind = PD_OPT_END },
};
#undef R

/* ---- defaults ---- */

static void report_defaults(struct cmd_report *r)
{
	r->nodecount = -1;
	r->nodefraction = 0.005;
	r->edgefraction = 0.001;
	r->divide_by = 1;
	r->unit = "minimum";
	r->granularity = "functions";
}

static void common_defaults(struct cmd_common *c)
{
	c->color = "auto";
	c->progress = "auto";
	c->error_format = "text";
}

/* Groups are recognised by their table; one level, as commands include them at their top. */
static const struct pd_opt *group_in(const struct pd_opt *table, size_t base, size_t *left, size_t *offset)
{
	for (const struct pd_opt *o = table; o && o->kind != PD_OPT_END; o++) {
		const struct pd_opt *inner = NULL;

		if (o->kind != PD_OPT_INCLUDE)
			continue;
		if (!o->help)
			inner = group_in(o->table, base + o->offset, left, offset);
		else if ((*left)-- == 0)
			inner = o;
		if (inner == o)
			*offset = base + o->offset;
		if (inner)
			return inner;
	}
	return NULL;
}

const struct pd_opt *cli_group(const struct pd_cmd *cmd, size_t i, size_t *offset)
{
	return group_in(cmd->opts, 0, &i, offset);
}

void cli_defaults(const struct pd_cmd *cmd, void *args)
{
	const struct pd_opt *o;
	size_t offset;

	memset(args, 0, cmd->args_size);
	for (size_t i = 0; (o = cli_group(cmd, i, &offset)); i++) {
		if (o->table == cmd_common_opts)
			common_defaults((struct cmd_common *)((char *)args + offset));
		else if (o->table == cmd_report_opts)
			report_defaults((struct cmd_report *)((char *)args + offset));
	}
	if (cmd->defaults)
		cmd->defaults(args);
}

/* ---- rows by name ---- */

const struct pd_opt *cli_option_named(const struct pd_cmd *cmd, const char *name, size_t n)
{
	struct pd_opt_walk w;
	const struct pd_opt *o;

	pd_opt_walk_init(&w, cmd->opts);
	while ((o = pd_opt_walk_next(&w))) {
		size_t i = 0;

		while (i < n && o->name[i] && (name[i] == o->name[i] || (name[i] == '_' && o->name[i] == '-')))
			i++;
		if (i == n && !o->name[i])
			return o;
	}
	return NULL;
}

const struct pd_opt *cli_option_letter(const struct pd_cmd *cmd, char letter)
{
	struct pd_opt_walk w;
	const struct pd_opt *o;

	pd_opt_walk_init(&w, cmd->opts);
	while ((o = pd_opt_walk_next(&w))) {
		if (o->letter && o->letter == letter)
			return o;
	}
	return NULL;
}

bool cli_value_optional(const struct pd_opt *o)
{
	return o->value && o->value[0] == '[';
}

bool cli_takes_value(const struct pd_opt *o)
{
	return o->kind != PD_OPT_BOOL && o->kind != PD_OPT_COUNT && !cli_value_optional(o);
}
