/* help - short help (examples first, one screen), full help, overview, and the whole interface as JSON. */
#include "cli.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCREEN 24
#define WIDTH 80
#define EXAMPLE_WIDTH 44

/* ---- pieces ---- */

/* "-o, --output FILE" */
static void option_head(char *buf, size_t n, const struct pd_opt *o)
{
	const char *value = o->value ? o->value : "";
	bool optional = cli_value_optional(o);
	char letter[8] = "    ";

	if (o->letter)
		snprintf(letter, sizeof(letter), "-%c, ", o->letter);
	if (optional)
		snprintf(buf, n, "%s--%s[=%.*s]", letter, o->name, (int)strlen(value) - 2, value + 1);
	else
		snprintf(buf, n, "%s--%s%s%s", letter, o->name, cli_takes_value(o) ? " " : "", cli_takes_value(o) ? value : "");
}

/* Text broken at blanks so that lines stay within WIDTH; the first starts at column `at`. Returns the lines used. */
static unsigned wrapped(struct pd_out *out, const char *text, size_t indent, size_t at)
{
	unsigned lines = 1;
	bool first = true;

	while (*text) {
		size_t word = strcspn(text, " \n");

		if (!first && at + 1 + word > WIDTH - 1) {
			pd_out_printf(out, "\n%*s", (int)indent, "");
			at = indent;
			first = true;
			lines++;
		}
		if (!first)
			pd_out_write(out, " ", 1);
		pd_out_write(out, text, word);
		at += word + !first;
		first = false;
		text += word;
		while (*text == ' ' || *text == '\n')
			text++;
	}
	pd_out_write(out, "\n", 1);
	return lines;
}

static unsigned option_lines(struct pd_out *out, const struct pd_opt *o)
{
	char head[64];
	unsigned lines = 0;

	option_head(head, sizeof(head), o);
	pd_out_printf(out, "  %-26s", head);
	if (strlen(head) > 25) {
		pd_out_printf(out, "\n%28s", "");
		lines = 1;
	}
	return lines + wrapped(out, o->help, 28, 28);
}

/* ---- short help ---- */

/* A command line, continued as a shell would take it when it is long. */
static unsigned print_command(struct pd_out *out, const char *text)
{
	unsigned lines = 1;

	pd_out_puts(out, "  ");
	while (strlen(text) > WIDTH - 4) {
		size_t cut = WIDTH - 6;

		while (cut && text[cut] != ' ')
			cut--;
		if (!cut)
			break;
		pd_out_write(out, text, cut);
		pd_out_puts(out, " \\\n    ");
		text += cut + 1;
		lines++;
	}
	pd_out_printf(out, "%s\n", text);
	return lines;
}

/* Command and what it does on one line where both fit. */
static unsigned print_examples(struct pd_out *out, const struct pd_cmd *cmd, unsigned max)
{
	unsigned lines = 0;

	for (size_t i = 0; cmd->examples && cmd->examples[i] && cmd->examples[i + 1] && i < 2 * (size_t)max; i += 2) {
		const char *does = cmd->examples[i + 1];

		if (strlen(cmd->examples[i]) <= EXAMPLE_WIDTH && EXAMPLE_WIDTH + 4 + strlen(does) < WIDTH) {
			pd_out_printf(out, "  %-*s  %s\n", EXAMPLE_WIDTH, cmd->examples[i], does);
			lines++;
		} else {
			lines += print_command(out, cmd->examples[i]);
			pd_out_printf(out, "%6s", "");
			lines += wrapped(out, does, 6, 6);
		}
	}
	return lines;
}

/* Names of a group on few lines: "Selection: -s --focus ...". */
static unsigned group_line(struct pd_out *out, const char *title, const struct pd_opt *table)
{
	char text[1024];
	struct pd_opt_walk it;
	const struct pd_opt *o;
	size_t used = 0;

	pd_opt_walk_init(&it, table);
	used = (size_t)snprintf(text, sizeof(text), "%s:", title);
	while ((o = pd_opt_walk_next(&it)) && used < sizeof(text) - 64) {
		if (!o->help)
			continue;
		if (o->letter)
			used += (size_t)snprintf(text + used, sizeof(text) - used, " -%c", o->letter);
		else
			used += (size_t)snprintf(text + used, sizeof(text) - used, " --%s", o->name);
	}
	return wrapped(out, text, 2, 0);
}

static unsigned group_height(const char *title, const struct pd_opt *table)
{
	struct pd_opt_walk it;
	const struct pd_opt *o;
	size_t at = strlen(title) + 1;
	unsigned lines = 1;

	pd_opt_walk_init(&it, table);
	while ((o = pd_opt_walk_next(&it))) {
		if (!o->help)
			continue;
		size_t word = o->letter ? 2 : strlen(o->name) + 2;

		if (at + 1 + word > WIDTH - 1) {
			at = 2;
			lines++;
			at += word;
		} else {
			at += 1 + word;
		}
	}
	return lines;
}

void cli_help_short(const struct pd_cmd *cmd, struct pd_out *out)
{
	unsigned left = SCREEN - 2, groups = 0; /* the last line names the full help */
	const struct pd_opt *group;
	size_t offset;

	pd_out_printf(out, "profdata %s - %s\n\n", cmd->name, cmd->summary);
	left -= 2;
	left -= print_examples(out, cmd, 3);
	pd_out_printf(out, "\nUsage: profdata %s %s\n", cmd->name, cmd->usage);
	left -= 2;
	for (size_t i = 0; (group = cli_group(cmd, i, &offset)); i++)
		groups += group_height(group->help, group->table);
	left = left > groups ? left - groups : 0;
	for (const struct pd_opt *o = cmd->opts; o && o->kind != PD_OPT_END && left > 1; o++) {
		if (o->kind == PD_OPT_INCLUDE || !o->help)
			continue;
		unsigned used = option_lines(out, o);

		left = left > used ? left - used : 0;
	}
	for (size_t i = 0; (group = cli_group(cmd, i, &offset)); i++)
		group_line(out, group->help, group->table);
	pd_out_printf(out, "\nAll options: profdata %s --help=full; manual: man profdata-%s\n", cmd->name, cmd->name);
}

/* ---- full help ---- */

static void full_options(struct pd_out *out, const struct pd_cmd *cmd)
{
	const char *last = NULL;
	bool any = false;
	struct pd_opt_walk it;
	const struct pd_opt *o;

	pd_opt_walk_init(&it, cmd->opts);
	while ((o = pd_opt_walk_next(&it))) {
		if (!o->help)
			continue;
		if (!any || it.section != last)
			pd_out_printf(out, "\n%s%s\n", it.section ? it.section : "Options", it.section ? " options:" : ":");
		any = true;
		last = it.section;
		option_lines(out, o);
	}
}

static void paragraphs(struct pd_out *out, const char *text)
{
	while (text && *text) {
		const char *end = strstr(text, "\n\n");
		size_t n = end ? (size_t)(end - text) : strlen(text);
		char *one = strndup(text, n);

		pd_out_write(out, "\n", 1);
		if (one)
			wrapped(out, one, 0, 0);
		free(one);
		text += n + (end ? 2 : 0);
	}
}

void cli_help_full(const struct pd_cmd *cmd, struct pd_out *out)
{
	if (!cmd) {
		cli_help_overview(out);
		return;
	}
	pd_out_printf(out, "profdata %s - %s\n\n", cmd->name, cmd->summary);
	print_examples(out, cmd, 100);
	pd_out_printf(out, "\nUsage: profdata %s %s\n", cmd->name, cmd->usage);
	paragraphs(out, cmd->about);
	full_options(out, cmd);
}

void cli_help_overview(struct pd_out *out)
{
	pd_out_puts(out, "profdata - read, convert, merge, compare and draw profiles of any profiler\n\n"
			 "  profdata top cpu.pb.gz                          functions by time\n"
			 "  perf script | profdata flamegraph -o flame.svg  a flame graph\n"
			 "  profdata convert -t pprof -o p.pb.gz perf.txt   another format\n\n"
			 "Usage: profdata COMMAND [OPTIONS] [INPUT...]\n\nCommands:\n");
	for (const struct pd_cmd *const *c = cli_commands; *c; c++) {
		if (!(*c)->hidden)
			pd_out_printf(out, "  %-12s %s\n", (*c)->name, (*c)->summary);
	}
	pd_out_puts(out, "\nprofdata COMMAND --help explains one; profdata help COMMAND shows all of it.\n");
}

/* ---- JSON ---- */

static const char *kind_name(enum pd_opt_kind kind)
{
	switch (kind) {
	case PD_OPT_BOOL: return "flag";
	case PD_OPT_INT: return "int";
	case PD_OPT_REAL: return "real";
	case PD_OPT_STR: return "string";
	case PD_OPT_SIZE: return "size";
	case PD_OPT_CHOICE: return "choice";
	case PD_OPT_LIST: return "list";
	case PD_OPT_COUNT: return "count";
	case PD_OPT_END:
	case PD_OPT_INCLUDE: break;
	}
	return "none";
}

static void json_text(struct cmd_json *j, const char *key, const char *text)
{
	cmd_json_string(j, key, text, text ? strlen(text) : 0);
}

static void json_options(struct cmd_json *j, const struct pd_opt *table)
{
	struct pd_opt_walk it;
	const struct pd_opt *o;

	cmd_json_array(j, "options");
	pd_opt_walk_init(&it, table);
	while ((o = pd_opt_walk_next(&it))) {
		if (!o->help)
			continue;
		cmd_json_object(j, NULL);
		json_text(j, "name", o->name);
		cmd_json_string(j, "letter", o->letter ? &o->letter : NULL, 1);
		json_text(j, "kind", kind_name(o->kind));
		json_text(j, "value", o->value);
		json_text(j, "help", o->help);
		json_text(j, "group", it.section);
		json_text(j, "complete", o->complete);
		if (o->choices) {
			cmd_json_array(j, "choices");
			for (const char *const *c = o->choices; *c; c++)
				json_text(j, NULL, *c);
			cmd_json_end(j);
		}
		cmd_json_end(j);
	}
	cmd_json_end(j);
}

static void json_commands(struct cmd_json *j)
{
	cmd_json_array(j, "commands");
	for (const struct pd_cmd *const *c = cli_commands; *c; c++) {
		cmd_json_object(j, NULL);
		json_text(j, "name", (*c)->name);
		json_text(j, "summary", (*c)->summary);
		json_text(j, "usage", (*c)->usage);
		json_text(j, "about", (*c)->about);
		cmd_json_bool(j, "hidden", (*c)->hidden);
		cmd_json_array(j, "examples");
		for (size_t i = 0; (*c)->examples && (*c)->examples[i] && (*c)->examples[i + 1]; i += 2) {
			cmd_json_object(j, NULL);
			json_text(j, "command", (*c)->examples[i]);
			json_text(j, "does", (*c)->examples[i + 1]);
			cmd_json_end(j);
		}
		cmd_json_end(j);
		json_options(j, (*c)->opts);
		cmd_json_end(j);
	}
	cmd_json_end(j);
}

void cli_help_json(struct pd_out *out)
{
	struct cmd_json *j = cmd_json_new(out);
	const struct pd_format *f;

	cmd_json_object(j, NULL);
	json_text(j, "schema", "profdata.help/1");
	json_text(j, "version", pd_version());
	json_commands(j);
	cmd_json_array(j, "formats");
	for (size_t i = 0; (f = pd_format_at(i)); i++) {
		cmd_json_object(j, NULL);
		json_text(j, "name", f->name);
		json_text(j, "summary", f->summary);
		cmd_json_bool(j, "read", pd_format_reads(f));
		cmd_json_bool(j, "write", pd_format_writes(f));
		json_options(j, f->opts);
		cmd_json_end(j);
	}
	cmd_json_free(j);
}

/* ---- the command ---- */

struct help_args {
	struct cmd_common common;
	struct cmd_output out;
	bool json, man, list, examples;
};

#define H struct help_args
static const struct pd_opt help_opts[] = {
	{ 0, "json", NULL, "print the whole interface as one JSON document", PD_OPT_BOOL, PD_AT(H, json, bool) },
	{ 0, "man", NULL, "print a manual page (roff): of COMMAND, or one of --list", PD_OPT_BOOL, PD_AT(H, man, bool) },
	{ 0, "list", NULL, "list the manual pages", PD_OPT_BOOL, PD_AT(H, list, bool) },
	{ 0, "examples", NULL, "list the examples of all commands, or of COMMAND", PD_OPT_BOOL, PD_AT(H, examples, bool) },
	{ 'o', "output", "FILE", "write to FILE (default: standard output)", PD_OPT_STR, PD_AT(H, out.output, const char *), .complete = "file" },
	{ .kind = PD_OPT_INCLUDE, .table = cmd_common_opts, .offset = PD_AT(H, common, struct cmd_common), .help = "Common" },
	{ .kind = PD_OPT_END },
};
#undef H

/* One per line, with what it does behind a tab. */
static void list_examples(struct pd_out *out, const struct pd_cmd *only)
{
	for (const struct pd_cmd *const *c = cli_commands; *c; c++) {
		for (size_t i = 0; (!only || only == *c) && (*c)->examples && (*c)->examples[i] && (*c)->examples[i + 1]; i += 2)
			pd_out_printf(out, "%s\t%s\n", (*c)->examples[i], (*c)->examples[i + 1]);
	}
}

static int help_text(struct cmd_ctx *ctx, struct pd_out *out, const struct help_args *a, const char *name)
{
	const struct pd_cmd *cmd = name ? cli_command(name) : NULL;

	if (a->list) {
		cli_man_list(out);
	} else if (a->man) {
		if (!cli_man_page(name ? name : "profdata", out))
			return cli_usage(ctx, "profdata help --list shows the pages", "no manual page '%s'", name);
	} else if (a->json) {
		cli_help_json(out);
	} else if (name && !cmd) {
		return cli_usage(ctx, "profdata help lists the commands", "unknown command '%s'", name);
	} else if (a->examples) {
		list_examples(out, cmd);
	} else {
		cli_help_full(cmd, out);
	}
	return 0;
}

static int help_run(struct cmd_ctx *ctx, void *argp, char **operands, size_t n)
{
	struct help_args *a = argp;
	struct pd_out *out;

	if (n > 1)
		return cli_usage(ctx, NULL, "help takes one command, got '%s' too", operands[1]);
	out = cmd_text_open(ctx, &a->out);
	if (!out)
		return 2;
	return cmd_out_close(ctx, out, help_text(ctx, out, a, n ? operands[0] : NULL));
}

const struct pd_cmd pd_cmd_help = {
	.name = "help",
	.summary = "help on a command, manual pages, the interface as JSON",
	.usage = "[OPTIONS] [COMMAND]",
	.about = "Without COMMAND, lists the commands. The option tables behind this text are those that parse the command line.",
	.examples = (const char *const[]){ "profdata help", "list the commands", "profdata help merge", "all about merge", "profdata help --json",
					   "the whole interface for programs", NULL },
	.args_size = sizeof(struct help_args),
	.opts = help_opts,
	.run = help_run,
};
