/* profdata: finds the command, parses its options, runs it, and makes sure that failure is noticed. */
#include "cli.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd_table.h"

const struct pd_cmd *const *const cli_commands = pd_cmd_table;

const struct pd_cmd *cli_command(const char *name)
{
	for (const struct pd_cmd *const *c = pd_cmd_table; *c; c++) {
		if (strcmp((*c)->name, name) == 0)
			return *c;
	}
	return NULL;
}

/* Without standard descriptors the next file opened would become one of them. Reads and writes on these fail, as they should. */
static void fill_standard_descriptors(void)
{
	for (int fd = 0; fd < 3; fd++) {
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0)
			_exit(2);
	}
}

static int unknown_command(struct cmd_ctx *ctx, const char *name)
{
	struct pd_suggest s;
	const char *near;
	char hint[96];

	pd_suggest_init(&s, name);
	for (const struct pd_cmd *const *c = pd_cmd_table; *c; c++) {
		if (!(*c)->hidden)
			pd_suggest_offer(&s, (*c)->name);
	}
	near = pd_suggest_best(&s);
	if (near)
		snprintf(hint, sizeof(hint), "did you mean '%s'?", near);
	return cli_usage(ctx, near ? hint : "profdata help lists the commands", "unknown command '%s'", name);
}

/* How many words of the command line at `word` say only where the output goes or how many threads make it. */
static int is_elsewhere(const char *word)
{
	static const char *const name[] = { "--output", "--jobs" };

	if (word[0] == '-' && (word[1] == 'o' || word[1] == 'j'))
		return word[2] ? 1 : 2;
	for (size_t i = 0; i < sizeof name / sizeof *name; i++) {
		size_t n = strlen(name[i]);

		if (!strncmp(word, name[i], n) && (!word[n] || word[n] == '='))
			return word[n] ? 1 : 2;
	}
	return 0;
}

/* The command line as files keep it: the same wherever the program stands and the output goes. */
static char *join(int argc, char **argv)
{
	const char *slash = argc ? strrchr(argv[0], '/') : NULL;
	size_t n = 1, used = 0;
	char *text;

	for (int i = 0; i < argc; i++)
		n += strlen(argv[i]) + 1;
	text = malloc(n);
	if (!text)
		return NULL;
	used += (size_t)snprintf(text, n, "%s", !argc ? "" : slash ? slash + 1 : argv[0]);
	for (int i = 1, skip; i < argc; i += skip ? skip : 1) {
		skip = is_elsewhere(argv[i]);
		if (!skip)
			used += (size_t)snprintf(text + used, n - used, " %s", argv[i]);
	}
	return text;
}

/* The group with the options every command has is found by its table, wherever the command keeps it. */
static void take_common(struct cmd_ctx *ctx, const struct pd_cmd *cmd, const char *args)
{
	struct pd_opt_walk w;
	const struct pd_opt *o;

	pd_opt_walk_init(&w, cmd->opts);
	while ((o = pd_opt_walk_next(&w))) {
		if (o->kind == PD_OPT_BOOL && strcmp(o->name, "json") == 0)
			ctx->json = *(const bool *)(args + w.base + o->offset);
	}
	for (size_t i = 0, offset; (o = cli_group(cmd, i, &offset)); i++) {
		if (o->table == cmd_common_opts)
			ctx->common = *(const struct cmd_common *)(args + offset);
	}
}

/* Parses, then helps or runs. */
static int parse_and_run(struct cmd_ctx *ctx, const struct pd_cmd *cmd, size_t n, char **words, void *args)
{
	struct pd_error err = { 0 };

	if (pd_opt_parse(cmd->opts, args, words, &n, cmd->runs || getenv("POSIXLY_CORRECT") ? PD_OPT_STOP_AT_OPERAND : 0, &err) != PD_OK) {
		pd_error_hint(&err, "profdata %s --help=full lists the options", cmd->name);
		cmd_fail(ctx, &err);
		return cmd->runs ? 125 : 2; /* statuses below are the command's own, as with env */
	}
	take_common(ctx, cmd, args);
	if (ctx->common.help && ctx->common.help[0] && strcmp(ctx->common.help, "full") != 0)
		return cli_usage(ctx, NULL, "--help: expected full, not '%s'", ctx->common.help);
	if (ctx->common.help)
		return cli_print(ctx, ctx->common.help[0] ? cli_help_full : cli_help_short, cmd);
	return cmd->run(ctx, args, words, n);
}

static int run_command(struct cmd_ctx *ctx, const struct pd_cmd *cmd, int argc, char **argv)
{
	char *args = malloc(cmd->args_size ? cmd->args_size : 1);
	char **words = calloc((size_t)argc + 1, sizeof(*words));
	int status;

	ctx->cmd = cmd;
	if (args && words) {
		memcpy(words, argv, (size_t)argc * sizeof(*words));
		cli_defaults(cmd, args);
		status = parse_and_run(ctx, cmd, (size_t)argc, words, args);
		pd_opt_release(cmd->opts, args);
	} else {
		status = cli_nomem(ctx);
	}
	free(words);
	free(args);
	return status;
}

static void print_version(const struct pd_cmd *cmd, struct pd_out *out)
{
	(void)cmd;
	pd_out_printf(out, "profdata %s\nLicence Apache-2.0 <https://www.apache.org/licenses/LICENSE-2.0>. There is no warranty.\n", pd_version());
}

static void print_overview(const struct pd_cmd *cmd, struct pd_out *out)
{
	(void)cmd;
	cli_help_overview(out);
}

/* Options in front of any command. */
static int global_option(struct cmd_ctx *ctx, const char *arg)
{
	static const char *const known[] = { "help", "version", NULL };
	const char *near;
	char hint[96];

	if (strcmp(arg, "--help") == 0 || strcmp(arg, "-h") == 0)
		return cli_print(ctx, print_overview, NULL);
	if (strcmp(arg, "--help=full") == 0)
		return cli_print(ctx, cli_help_full, NULL);
	if (strcmp(arg, "--version") == 0 || strcmp(arg, "-V") == 0)
		return cli_print(ctx, print_version, NULL);
	near = strncmp(arg, "--", 2) == 0 ? pd_suggest(arg + 2, known) : NULL;
	if (near)
		snprintf(hint, sizeof(hint), "did you mean '--%s'?", near);
	return cli_usage(ctx, near ? hint : "options come after the command: profdata COMMAND [OPTIONS] [INPUT...]", "unknown option '%s'", arg);
}

static int dispatch(struct cmd_ctx *ctx, int argc, char **argv)
{
	const char *name = strrchr(argv[0], '/');
	const struct pd_cmd *cmd;

	name = name ? name + 1 : argv[0];
	if (strncmp(name, "profdata-", 9) == 0 && (cmd = cli_command(name + 9)))
		return run_command(ctx, cmd, argc - 1, argv + 1);
	if (argc < 2)
		return cli_usage(ctx, "profdata help lists the commands; profdata top FILE is a start", "no command");
	if (strcmp(argv[1], "__complete") == 0)
		return cli_complete(ctx, argc - 2, argv + 2);
	if (argv[1][0] == '-')
		return global_option(ctx, argv[1]);
	if (strcmp(argv[1], "version") == 0)
		return cli_print(ctx, print_version, NULL);
	cmd = cli_command(argv[1]);
	if (!cmd)
		return unknown_command(ctx, argv[1]);
	return run_command(ctx, cmd, argc - 2, argv + 2);
}

/* The last chance to see a write that failed late (quota, network). EBADF: nobody gave us one, and nothing was written. */
static int close_stdout(struct cmd_ctx *ctx, int status)
{
	struct pd_error err = { .status = PD_ERR_IO, .path = "<stdout>" };

	if (close(STDOUT_FILENO) == 0 || errno == EBADF || errno == EINTR)
		return status;
	snprintf(err.text, sizeof(err.text), "write error: %s", strerror(errno));
	return cmd_fail(ctx, &err);
}

int main(int argc, char **argv)
{
	static char no_name[] = "profdata", *no_args[] = { no_name, NULL };
	struct cmd_ctx ctx = { .common = { .color = "auto", .progress = "auto", .error_format = "text" } };

	if (argc < 1) {
		argc = 1;
		argv = no_args;
	}
	fill_standard_descriptors();
	cli_fatal_names("profdata");
	cli_signals();
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) { /* usage errors are in the wanted form too */
		if (strcmp(argv[i], "--error-format=json") == 0)
			ctx.common.error_format = "json";
	}
	ctx.command_line = join(argc, argv);
	int status = ctx.command_line ? dispatch(&ctx, argc, argv) : cli_nomem(&ctx);

	status = close_stdout(&ctx, status);
	return cli_ctx_end(&ctx, status);
}
