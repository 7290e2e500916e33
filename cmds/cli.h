/*
 * What the files of the command line share among themselves: the state of one
 * run, limits, lists of inputs. Commands need cmd.h only.
 */
#ifndef CMDS_CLI_H
#define CMDS_CLI_H

#include "cmd.h"

#define CLI_KIND_MAX 10 /* warnings of one kind that are printed one by one */

/* One kind of warning: all warnings made with the same format string. */
struct cli_kind {
	char *key, *shown;
	uint64_t count;
};

/* An input as it appears in machine output. */
struct cli_input {
	char *path;
	const char *format;
	char compression[8];
	bool base; /* named by --base or --diff-base */
};

/* A remark of a reader, summed over all inputs. */
struct cli_note {
	char *what, *example;
	uint64_t count;
};

struct cmd_ctx {
	const struct pd_cmd *cmd; /* NULL before a command is known */
	struct cmd_common common;
	bool json;                /* --json was given */
	bool tripped;             /* a warning under --strict */
	bool subtracted;          /* a base was taken off what was loaded */
	bool canonical;           /* what was loaded is in canonical form already, and stays so until it is saved */
	enum pd_status load_status; /* why the last input could not be loaded */
	struct cli_kind *kind;
	size_t n_kinds;
	char **warning; /* texts, for machine output */
	size_t n_warnings;
	struct cli_input *input;
	size_t n_inputs;
	struct cli_note *note;
	size_t n_notes;
	const struct pd_format *first_format;
	char *command_line;
	bool *opt_used; /* per --opt: some reader knew the key */
};

/* ---- the table of commands (main.c) ---- */
extern const struct pd_cmd *const *const cli_commands; /* NULL-terminated, alphabetical */
const struct pd_cmd *cli_command(const char *name);    /* NULL when unknown */

/* ---- options.c ---- */
/* Fills `args` with the defaults of the groups and of the command. */
void cli_defaults(const struct pd_cmd *cmd, void *args);
/*
 * The i-th group of a command (a row that includes a table under a title) and where in the arguments its struct lies;
 * NULL past the end. A row that includes a table without a title is the groups of that table.
 */
const struct pd_opt *cli_group(const struct pd_cmd *cmd, size_t i, size_t *offset);
/* The option of a long name ('_' equals '-') or letter, or NULL. */
const struct pd_opt *cli_option_named(const struct pd_cmd *cmd, const char *name, size_t n);
const struct pd_opt *cli_option_letter(const struct pd_cmd *cmd, char letter);
bool cli_takes_value(const struct pd_opt *o);
bool cli_value_optional(const struct pd_opt *o); /* "[full]" */

/* ---- messages.c ---- */
/* A usage error with a hint; hint may be NULL. Returns 2. */
int cli_usage(struct cmd_ctx *ctx, const char *hint, const char *fmt, ...) PD_PRINTF(3, 4);
/* A warning about an input. Counted under `kind` when not NULL, else under fmt. */
void cli_warn_at(struct cmd_ctx *ctx, const char *kind, const char *path, const char *fmt, ...) PD_PRINTF(4, 5);
/* Out of memory; returns 2. */
int cli_nomem(struct cmd_ctx *ctx);
/* Prints what was held back and frees; the final status. */
int cli_ctx_end(struct cmd_ctx *ctx, int status);
void cli_fatal_names(const char *program); /* name used by signal handlers */
void cli_signals(void);
/* Writes all bytes to a descriptor, ignoring failure. */
void cli_write(int fd, const char *p, size_t n);

/* ---- counted.c ---- */
/* A remark about `count` things, which is written in the plural, as it reads behind that number. Returns `buf`. */
const char *cli_counted(char *buf, size_t size, uint64_t count, const char *what);

/* ---- inputs.c, operands.c ---- */
struct cli_operand {
	char *path;  /* as given, without label */
	char *label; /* or NULL */
};
struct cli_operands {
	struct cli_operand *v;
	size_t n, cap;
};
/* Expands @lists, --files-from, directories and labels; standard input when nothing is named. 0 or 2. */
int cli_operands(struct cmd_ctx *ctx, const struct cmd_input *in, char **operands, size_t n, struct cli_operands *out);
/* Adds those of a list option; standard input may be named once altogether. */
int cli_more_operands(struct cmd_ctx *ctx, const struct cmd_input *in, const struct pd_list *list, struct cli_operands *out);
void cli_operands_free(struct cli_operands *o);
/* Limits from options and PROFDATA_* variables. 0, or 2 after printing the error. */
int cli_limits(struct cmd_ctx *ctx, const struct cmd_input *in, struct pd_limits *out);
unsigned cli_jobs(const struct cmd_input *in);
/* Merges everything named; kind as in pd_merge(). */
struct pd_doc *cli_load_merged(struct cmd_ctx *ctx, const struct cmd_input *in, char **operands, size_t n, unsigned build_flags, enum pd_merge_kind kind);

/* The --opt values a format knows, NULL-terminated, to be freed; NULL when out of memory. Marks them used. */
const char **cli_format_options(struct cmd_ctx *ctx, const struct pd_list *all, const struct pd_format *f);

/* One row of `profdata limits`. */
struct cli_limit {
	const char *name, *env, *option, *help;
	uint64_t value;
	const char *from; /* "option", "environment", "default" */
	bool bytes;
};
#define CLI_LIMITS 10
int cli_limit_rows(struct cmd_ctx *ctx, const struct cmd_input *in, struct cli_limit *rows);
/* Most bytes of one output, into *most. 0, or 2 after printing the error. */
int cli_max_output(struct cmd_ctx *ctx, uint64_t *most);

/* ---- url.c ---- */
bool cli_is_url(const char *path);
struct pd_source *cli_url_open(const char *url, int64_t seconds, const struct pd_limits *limits, struct pd_error *err);

/* ---- progress.c ---- */
struct cli_progress;
/* NULL when there is nothing to show it on; all functions accept NULL. */
struct cli_progress *cli_progress_start(struct cmd_ctx *ctx, uint64_t inputs, uint64_t bytes);
bool cli_progress_wanted(const struct cmd_ctx *ctx);
/* One input is done. */
void cli_progress_step(struct cli_progress *p, uint64_t bytes);
void cli_progress_end(struct cli_progress *p);
void cli_progress_erase(void); /* async-signal-safe */

/* ---- outputs.c ---- */
/* A format by name for reading or writing; prints the error with a suggestion. */
const struct pd_format *cli_format(struct cmd_ctx *ctx, const char *name, bool write);
/* Before loading: refuses what must fail at the end anyway (unknown --to, binary to a terminal). 0 or 2. */
int cli_out_check(struct cmd_ctx *ctx, const struct cmd_output *o);

/* ---- help.c, man.c, complete.c ---- */
void cli_help_short(const struct pd_cmd *cmd, struct pd_out *out);
void cli_help_full(const struct pd_cmd *cmd, struct pd_out *out);
void cli_help_overview(struct pd_out *out);
void cli_help_json(struct pd_out *out);
bool cli_man_page(const char *name, struct pd_out *out); /* false: no such page */
void cli_man_list(struct pd_out *out);
int cli_complete(struct cmd_ctx *ctx, int argc, char **argv);
/* Prints text written by one of the above to standard output; exit status. */
int cli_print(struct cmd_ctx *ctx, void (*print)(const struct pd_cmd *, struct pd_out *), const struct pd_cmd *cmd);

#endif
