/* limits - the ceilings in force and where each comes from: option, environment, default. */
#include "cli.h"
#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <profdata/out_limit.h>

#define MAX_OUTPUT 8 /* its row; jobs are behind it */

unsigned cli_jobs(const struct cmd_input *in)
{
	const char *env = getenv("PROFDATA_JOBS");
	int64_t jobs = in->jobs;
	cpu_set_t set;

	if (jobs <= 0 && env && *env)
		jobs = strtoll(env, NULL, 10);
	if (jobs <= 0)
		jobs = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;
	return jobs > 256 ? 256 : jobs < 1 ? 1 : (unsigned)jobs;
}

/* The variable of a row, when set: its value into the row. */
static int from_environment(struct cmd_ctx *ctx, struct cli_limit *row, uint64_t max)
{
	const char *text = getenv(row->env);
	int64_t v;

	if (!text || !*text)
		return 0;
	if (!pd_opt_size(text, &v) || v < 1 || (uint64_t)v > max)
		return cli_usage(ctx, NULL, "environment variable %s cannot be '%s' (expected a size from 1)", row->env, text);
	row->value = (uint64_t)v;
	row->from = "environment";
	return 0;
}

int cli_limit_rows(struct cmd_ctx *ctx, const struct cmd_input *in, struct cli_limit *rows)
{
	struct pd_limits d = { .size = sizeof(d) };
	int status = 0;

	pd_limits_fill(&d);
	const struct cli_limit table[CLI_LIMITS] = {
		{ "max-input", "PROFDATA_MAX_INPUT", "--max-input", "bytes of one input after decompression", d.max_input, "default", true },
		{ "max-memory", "PROFDATA_MAX_MEMORY", "--max-memory", "bytes one document may take", d.max_memory, "default", true },
		{ "max-ratio", "PROFDATA_MAX_RATIO", NULL, "expansion of compressed input after the first 64 MiB", d.max_ratio, "default", false },
		{ "max-layers", "PROFDATA_MAX_LAYERS", NULL, "layers of compression", d.max_layers, "default", false },
		{ "max-string", "PROFDATA_MAX_STRING", NULL, "bytes of one name", d.max_string, "default", true },
		{ "max-depth", "PROFDATA_MAX_DEPTH", NULL, "frames of one stack, the rest is cut and marked", d.max_depth, "default", false },
		{ "max-nesting", "PROFDATA_MAX_NESTING", NULL, "nesting of JSON and XML", d.max_nesting, "default", false },
		{ "max-labels", "PROFDATA_MAX_LABELS", NULL, "labels of one sample", d.max_labels, "default", false },
		{ "max-output", "PROFDATA_MAX_OUTPUT", NULL, "bytes of one output before compression", PD_DEFAULT_MAX_OUTPUT, "default", true },
		{ "jobs", "PROFDATA_JOBS", "--jobs", "threads", cli_jobs(&(struct cmd_input){ 0 }), "default", false },
	};
	for (size_t i = 0; i < CLI_LIMITS && !status; i++) {
		rows[i] = table[i];
		status = from_environment(ctx, &rows[i], i < 2 || i == MAX_OUTPUT ? INT64_MAX : UINT32_MAX);
	}
	const int64_t given[CLI_LIMITS] = { in->max_input, in->max_memory, [MAX_OUTPUT + 1] = in->jobs };

	for (size_t i = 0; i < CLI_LIMITS && !status; i++) {
		if (given[i] < 0)
			return cli_usage(ctx, NULL, "option '%s' cannot be negative", rows[i].option);
		if (given[i] > 0) {
			rows[i].value = (uint64_t)given[i];
			rows[i].from = "option";
		}
	}
	return status;
}

int cli_limits(struct cmd_ctx *ctx, const struct cmd_input *in, struct pd_limits *out)
{
	struct cli_limit rows[CLI_LIMITS];
	int status = cli_limit_rows(ctx, in, rows);

	*out = (struct pd_limits){ .size = sizeof(*out) };
	if (status)
		return status;
	/* a default that depends on the input (plain or compressed) must stay 0 */
	out->max_input = strcmp(rows[0].from, "default") ? rows[0].value : 0;
	out->max_memory = strcmp(rows[1].from, "default") ? rows[1].value : 0;
	out->max_ratio = (uint32_t)rows[2].value;
	out->max_layers = (uint32_t)rows[3].value;
	out->max_string = (uint32_t)rows[4].value;
	out->max_depth = (uint32_t)rows[5].value;
	out->max_nesting = (uint32_t)rows[6].value;
	out->max_labels = (uint32_t)rows[7].value;
	return 0;
}

int cli_max_output(struct cmd_ctx *ctx, uint64_t *most)
{
	struct cli_limit rows[CLI_LIMITS];
	int status = cli_limit_rows(ctx, &(struct cmd_input){ 0 }, rows);

	*most = status ? 0 : rows[MAX_OUTPUT].value;
	return status;
}

/* ---- the command ---- */

struct limits_args {
	struct cmd_common common;
	struct cmd_input in;
	bool json;
};

#define L struct limits_args
static const struct pd_opt limits_opts[] = {
	{ 0, "json", NULL, "print one JSON document", PD_OPT_BOOL, PD_AT(L, json, bool) },
	{ .kind = PD_OPT_INCLUDE, .table = cmd_input_opts, .offset = PD_AT(L, in, struct cmd_input), .help = "Input" },
	{ .kind = PD_OPT_INCLUDE, .table = cmd_common_opts, .offset = PD_AT(L, common, struct cmd_common), .help = "Common" },
	{ .kind = PD_OPT_END },
};
#undef L

static void size_text(char *buf, size_t n, const struct cli_limit *row)
{
	static const char unit[] = "KMGT";
	uint64_t v = row->value;
	int u = -1;

	if (v == 0 || v == UINT64_MAX) {
		snprintf(buf, n, "none");
		return;
	}
	while (row->bytes && v % 1024 == 0 && u < 3) {
		v /= 1024;
		u++;
	}
	snprintf(buf, n, "%" PRIu64 "%.*s", v, u >= 0, unit + (u >= 0 ? u : 0));
}

static void print_text(struct pd_out *out, const struct cli_limit *rows)
{
	char value[32];

	pd_out_printf(out, "%-12s %12s  %-11s  %-21s  %s\n", "LIMIT", "VALUE", "FROM", "VARIABLE", "MEANING");
	for (size_t i = 0; i < CLI_LIMITS; i++) {
		size_text(value, sizeof(value), &rows[i]);
		pd_out_printf(out, "%-12s %12s  %-11s  %-21s  %s\n", rows[i].name, value, rows[i].from, rows[i].env, rows[i].help);
	}
}

static void print_json(struct cmd_ctx *ctx, struct pd_out *out, const struct cli_limit *rows)
{
	struct cmd_json *j = cmd_json_new(out);

	cmd_json_object(j, NULL);
	cmd_json_head(ctx, j, "profdata.limits/1");
	cmd_json_array(j, "rows");
	for (size_t i = 0; i < CLI_LIMITS; i++) {
		cmd_json_object(j, NULL);
		cmd_json_string(j, "name", rows[i].name, strlen(rows[i].name));
		cmd_json_int(j, "value", rows[i].value > INT64_MAX ? INT64_MAX : (int64_t)rows[i].value);
		cmd_json_string(j, "from", rows[i].from, strlen(rows[i].from));
		cmd_json_string(j, "variable", rows[i].env, strlen(rows[i].env));
		cmd_json_string(j, "option", rows[i].option, rows[i].option ? strlen(rows[i].option) : 0);
		cmd_json_end(j);
	}
	cmd_json_free(j);
}

static int limits_run(struct cmd_ctx *ctx, void *argp, char **operands, size_t n)
{
	struct limits_args *a = argp;
	struct cli_limit rows[CLI_LIMITS];
	struct pd_out *out;

	if (n)
		return cli_usage(ctx, NULL, "limits takes no operand, got '%s'", operands[0]);
	if (cli_limit_rows(ctx, &a->in, rows) || !(out = cmd_text_open(ctx, &(struct cmd_output){ 0 })))
		return 2;
	if (a->json)
		print_json(ctx, out, rows);
	else
		print_text(out, rows);
	return cmd_out_close(ctx, out, 0);
}

const struct pd_cmd pd_cmd_limits = {
	.name = "limits",
	.summary = "the limits in force, and where each comes from",
	.usage = "[OPTIONS]",
	.about = "Every ceiling that keeps unexpected or hostile input harmless, with its value and whether an option, an environment\n"
		 "variable or the default set it. Sizes accept the suffixes K, M, G and T (powers of 1024).",
	.examples = (const char *const[]){ "profdata limits", "show all limits", "PROFDATA_MAX_MEMORY=512M profdata limits", "with one of them lowered", NULL },
	.args_size = sizeof(struct limits_args),
	.opts = limits_opts,
	.run = limits_run,
};
