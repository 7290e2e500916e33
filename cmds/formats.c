/* formats - what can be read and written, and what each format can hold. */
#include "cli.h"
#include <stdio.h>
#include <string.h>

struct formats_args {
	struct cmd_common common;
	bool json;
};

#define F struct formats_args
static const struct pd_opt formats_opts[] = {
	{ 0, "json", NULL, "print one JSON document", PD_OPT_BOOL, PD_AT(F, json, bool) },
	{ .kind = PD_OPT_INCLUDE, .table = cmd_common_opts, .offset = PD_AT(F, common, struct cmd_common), .help = "Common" },
	{ .kind = PD_OPT_END },
};
#undef F

static const struct {
	uint32_t bit;
	const char *name;
} keeps[] = {
	{ PD_KEEPS_LABELS, "labels" },       { PD_KEEPS_TIME, "times" },         { PD_KEEPS_LINES, "lines" },
	{ PD_KEEPS_ADDRESSES, "addresses" }, { PD_KEEPS_INLINES, "inlines" },    { PD_KEEPS_TYPES, "types" },
	{ PD_KEEPS_SERIES, "series" },       { PD_KEEPS_NEGATIVE, "negative" },  { PD_KEEPS_DECIMALS, "decimals" },
	{ PD_KEEPS_HEADER, "header" },       { PD_KEEPS_SYSTEM_NAMES, "system-names" }, { PD_KEEPS_METRICS, "metrics" },
};

static void words(char *buf, size_t n, const char *const *word)
{
	size_t used = 0;

	buf[0] = 0;
	for (; word && *word && used < n; word++)
		used += (size_t)snprintf(buf + used, n - used, "%s%s", used ? " " : "", *word);
}

static void print_options(struct pd_out *out, const struct pd_format *f)
{
	struct pd_opt_walk it;
	const struct pd_opt *o;

	pd_opt_walk_init(&it, f->opts);
	while ((o = pd_opt_walk_next(&it)))
		pd_out_printf(out, "    --opt %s=%s: %s\n", o->name, o->value ? o->value : o->kind == PD_OPT_BOOL ? "true" : "VALUE", o->help);
}

static void print_text(struct pd_out *out, bool details)
{
	const struct pd_format *f;
	char aliases[128], suffixes[128];

	pd_out_printf(out, "%-14s %-4s %-5s  %-30s %s\n", "FORMAT", "READ", "WRITE", "EXTENSIONS", "WHAT IT IS");
	for (size_t i = 0; (f = pd_format_at(i)); i++) {
		words(suffixes, sizeof(suffixes), f->suffixes);
		words(aliases, sizeof(aliases), f->aliases);
		pd_out_printf(out, "%-14s %-4s %-5s  %-30s %s\n", f->name, pd_format_reads(f) ? "yes" : "-", pd_format_writes(f) ? "yes" : "-", suffixes[0] ? suffixes : "-", f->summary);
		if (!details)
			continue;
		if (aliases[0])
			pd_out_printf(out, "    also called: %s\n", aliases);
		pd_out_puts(out, "    holds:");
		for (size_t k = 0; k < sizeof(keeps) / sizeof(keeps[0]); k++) {
			if (f->keeps & keeps[k].bit)
				pd_out_printf(out, " %s", keeps[k].name);
		}
		pd_out_puts(out, f->keeps ? "\n" : " stacks and one value\n");
		if (f->explicit_only)
			pd_out_printf(out, "    never guessed: read it with --from %s\n", f->name);
		print_options(out, f);
	}
}

static void json_words(struct cmd_json *j, const char *key, const char *const *word)
{
	cmd_json_array(j, key);
	for (; word && *word; word++)
		cmd_json_string(j, NULL, *word, strlen(*word));
	cmd_json_end(j);
}

static void print_json(struct cmd_ctx *ctx, struct pd_out *out)
{
	struct cmd_json *j = cmd_json_new(out);
	const struct pd_format *f;

	cmd_json_object(j, NULL);
	cmd_json_head(ctx, j, "profdata.formats/1");
	cmd_json_array(j, "rows");
	for (size_t i = 0; (f = pd_format_at(i)); i++) {
		cmd_json_object(j, NULL);
		cmd_json_string(j, "name", f->name, strlen(f->name));
		cmd_json_string(j, "summary", f->summary, strlen(f->summary));
		json_words(j, "aliases", f->aliases);
		json_words(j, "extensions", f->suffixes);
		cmd_json_bool(j, "read", pd_format_reads(f));
		cmd_json_bool(j, "write", pd_format_writes(f));
		cmd_json_bool(j, "detected", pd_format_reads(f) && !f->explicit_only);
		cmd_json_array(j, "keeps");
		for (size_t k = 0; k < sizeof(keeps) / sizeof(keeps[0]); k++) {
			if (f->keeps & keeps[k].bit)
				cmd_json_string(j, NULL, keeps[k].name, strlen(keeps[k].name));
		}
		cmd_json_end(j);
		cmd_json_end(j);
	}
	cmd_json_free(j);
}

static int formats_run(struct cmd_ctx *ctx, void *argp, char **operands, size_t n)
{
	struct formats_args *a = argp;
	struct pd_out *out;

	if (n)
		return cli_usage(ctx, NULL, "formats takes no operand, got '%s'", operands[0]);
	out = cmd_text_open(ctx, &(struct cmd_output){ 0 });
	if (!out)
		return 2;
	if (a->json)
		print_json(ctx, out);
	else
		print_text(out, a->common.verbose > 0);
	return cmd_out_close(ctx, out, 0);
}

const struct pd_cmd pd_cmd_formats = {
	.name = "formats",
	.summary = "formats that can be read and written",
	.usage = "[OPTIONS]",
	.about = "With -v also other names, what each format can hold, and its --opt options. Input formats are found by content,\n"
		 "output formats by the extension of the output file; --from and --to override.",
	.examples = (const char *const[]){ "profdata formats", "the table", "profdata formats -v", "with what each holds and its options", "profdata formats --json",
					   "for programs", NULL },
	.args_size = sizeof(struct formats_args),
	.opts = formats_opts,
	.run = formats_run,
};
