/*
 * What a command is, and what it may call. Commands use the public interface
 * of the library (<profdata/...>) and this header, nothing else.
 *
 * A new command is one file ending in `const struct pd_cmd pd_cmd_NAME` and
 * one line in cmds.def.
 */
#ifndef CMDS_CMD_H
#define CMDS_CMD_H

#include <profdata/profdata.h>

/* Options every command has; the first member of every arguments struct. */
struct cmd_common {
	bool quiet, strict;
	const char *help;             /* "" or "full" when asked for; handled before run() */
	int64_t verbose;
	const char *color, *progress; /* auto always never */
	const char *error_format;     /* text json */
};
extern const struct pd_opt cmd_common_opts[];

/* What the input is compared with; part of struct cmd_input, offered by commands whose table includes it. */
struct cmd_base {
	struct pd_list base, diff_base;
	bool normalize;
};
extern const struct pd_opt cmd_base_opts[];

/* Where input comes from. */
struct cmd_input {
	const char *from;
	const char *files_from;
	bool nul;                     /* -0 */
	struct pd_list opt;           /* --opt key=value for the reader (and writer) */
	int64_t jobs, max_memory, max_input;
	int64_t seconds;              /* URL inputs */
	struct cmd_base base;         /* taken off what is loaded, see cmd_base_opts */
};
extern const struct pd_opt cmd_input_opts[];

/* Where output goes. */
struct cmd_output {
	const char *to, *output;
	const char *compress;         /* none gzip zstd; NULL = format's default */
	int64_t level;
	bool force;
};
extern const struct pd_opt cmd_output_opts[];
extern const struct pd_opt cmd_text_output_opts[]; /* without --to: reports have one form */

/* pprof's selection (sections 1.3 and 1.4 of its semantics). */
struct cmd_select {
	const char *sample_type;
	const char *focus, *ignore, *hide, *show, *show_from, *prune_from;
	const char *tagfocus, *tagignore, *tagshow, *taghide, *tagroot, *tagleaf;
	const char *time_range;
	bool no_inlines;
};
extern const struct pd_opt cmd_select_opts[];

/* Presentation of reports. */
struct cmd_report {
	const char *granularity, *unit;
	int64_t nodecount;            /* -1 = the report's default */
	double nodefraction, edgefraction, divide_by;
	bool no_trim, flat, cum, drop_negative, relative_percentages, mean, compact_labels;
	bool json, csv;
};
extern const struct pd_opt cmd_report_opts[];

struct cmd_ctx; /* one run: program name, streams, warnings so far */

struct pd_cmd {
	const char *name;             /* "top" */
	const char *summary;          /* one line, lower case */
	const char *usage;            /* "[OPTIONS] [INPUT...]" without the command's name */
	const char *about;            /* paragraphs for the manual */
	const char *const *examples;  /* "profdata top cpu.pb.gz" , "what it does", ... pairs, NULL-terminated; run by the tests in testdata/ */
	size_t args_size;
	const struct pd_opt *opts;    /* PD_OPT_INCLUDEs of the groups above plus its own */
	void (*defaults)(void *args); /* may be NULL: zero-filled, groups set by their own defaults */
	int (*run)(struct cmd_ctx *ctx, void *args, char **operands, size_t n); /* exit status */
	bool hidden;
	bool runs;                    /* the first operand is a command: what follows it are its arguments, not options */
};

/* ---- inputs.c ---- */
/*
 * Operands → one document: detects, loads (in parallel up to jobs), reports notes as
 * warnings, merges several as pprof does for reports (PD_MERGE_VIEW). No operand = standard
 * input unless it is a terminal. NULL after printing the error.
 * A base is taken off the sum, see pd_subtract().
 * `build_flags`: PD_BUILD_AGGREGATE when the command does not need single samples or time.
 */
struct pd_doc *cmd_load(struct cmd_ctx *ctx, const struct cmd_input *in, char **operands, size_t n, unsigned build_flags);

/* Who wants the events of a trace. */
struct cmd_stream {
	struct pd_events *(*open)(struct cmd_ctx *ctx, void *arg); /* called when there is one input and it is a trace; NULL after printing the error */
	void *arg;
	bool instead;             /* the events and no profile: the document is then empty but for tables and notes */
	struct pd_events *events; /* what open() returned: finished, to be freed by the caller; NULL: nothing was streamed */
};
/* cmd_load() that sends a lone trace to stream->open(). */
struct pd_doc *cmd_load_stream(struct cmd_ctx *ctx, const struct cmd_input *in, char **operands, size_t n, unsigned build_flags, struct cmd_stream *stream);

/* A build flag of ours: rows add up unless the first input's format, being the output format, keeps times. */
#define CMD_BUILD_LIKE_FIRST (1u << 16)
/* A build flag of ours: the command knows what to do with metrics (pd_doc_metrics()); without it an input of nothing else is an error. */
#define CMD_BUILD_METRICS (1u << 17)
/* Build flags for a command that writes what it loads to `o` (default: format of the first input). */
unsigned cmd_build_flags(const struct cmd_output *o);

/* One loaded input with what is known about it. */
struct cmd_loaded {
	const char *path;             /* as shown in messages */
	const char *label;            /* of LABEL=INPUT, or NULL */
	const struct pd_format *format;
	char compression[8];
	struct pd_doc *doc;
};
/* All inputs one by one, in argument order; *out is freed with cmd_loaded_free(). Status 0 or 2. */
int cmd_load_each(struct cmd_ctx *ctx, const struct cmd_input *in, char **operands, size_t n, unsigned build_flags, struct cmd_loaded **out, size_t *n_out);
void cmd_loaded_free(struct cmd_loaded *l, size_t n);
/* Applies the selection; warns where an option matched nothing. NULL after printing the error. *sample_type gets the index. */
struct pd_doc *cmd_apply_select(struct cmd_ctx *ctx, const struct cmd_select *sel, const struct cmd_report *rep, const struct pd_doc *doc, int *sample_type);

/* "A:B" in seconds → ns, exactly; an empty side is INT64_MIN or INT64_MAX. False when it is not that or A is not before B. */
bool cmd_time_range(const char *text, int64_t *lo, int64_t *hi);

/* ---- outputs.c ---- */
/*
 * Opens the output of a command (format chosen by --to, extension, default), refusing binary to a terminal.
 * NULL after printing the error.
 */
const struct pd_format *cmd_out_format(struct cmd_ctx *ctx, const struct cmd_output *o, const struct pd_format *dflt);
struct pd_out *cmd_out_open(struct cmd_ctx *ctx, const struct cmd_output *o, const struct pd_format *format);
/* Text reports: -o or standard output. */
struct pd_out *cmd_text_open(struct cmd_ctx *ctx, const struct cmd_output *o);
/* Commits (or not, when status != 0), frees, returns the exit status. */
int cmd_out_close(struct cmd_ctx *ctx, struct pd_out *out, int status);
/* Status 0 or 2 after pd_save(): prints what was wrong, warns of what the writer left out. */
int cmd_saved(struct cmd_ctx *ctx, enum pd_status saved, const struct pd_error *err);
/* For commands that write what they read: the format of the first input loaded when it has a writer, else pprof. */
const struct pd_format *cmd_default_format(const struct cmd_ctx *ctx);
/* The option --annotate of commands that write folded text: a row of their table, and what makes it --opt annotate=KINDS. */
#define CMD_OPT_ANNOTATE(S, field) \
	{ 0, "annotate", "KINDS", "folded: mark frames as kernel, jit, inline (comma separated; default none)", PD_OPT_STR, PD_AT(S, field, const char *) }
/* An option of a command as --opt NAME=VALUE of a format; nothing when `value` is NULL. *kv is freed by the caller, after everything is written. 0 or 2. */
int cmd_add_option(struct cmd_ctx *ctx, struct cmd_input *in, const char *name, const char *value, char **kv);
/* `kinds` may be NULL. *kv is freed by the caller, after everything is written. 0 or 2. */
int cmd_add_annotate(struct cmd_ctx *ctx, struct cmd_input *in, const char *kinds, char **kv);
/* "name=value" texts for a writer, NULL-terminated; cmd_kv_release() after everything is written. */
struct cmd_kv {
	char **v;
	size_t n;
};
/* Every option of `table` (one without includes) that is set in `args`; false when out of memory. */
bool cmd_kv_table(struct cmd_kv *kv, const struct pd_opt *table, const void *args);
bool cmd_kv_add(struct cmd_kv *kv, const char *fmt, ...) PD_PRINTF(2, 3);
void cmd_kv_release(struct cmd_kv *kv);
/* Saves a document: format choice, loss warning, commit. Exit status. */
int cmd_save(struct cmd_ctx *ctx, const struct cmd_output *o, const struct cmd_input *in, const struct pd_doc *doc, const char *sample_type, const struct pd_format *dflt);

/* A sink that writes events to `out` in a format of this name, with the --opt values it knows. NULL after printing the error. */
struct pd_events *cmd_save_events(struct cmd_ctx *ctx, const struct cmd_input *in, const struct pd_format *f, const char *sample_type, struct pd_out *out);

/* ---- messages (messages.c) ---- */
/* "profdata CMD: error: ..."; returns 2. */
int cmd_fail(struct cmd_ctx *ctx, const struct pd_error *err);
int cmd_errorf(struct cmd_ctx *ctx, const char *fmt, ...) PD_PRINTF(2, 3);
/* One warning line; under --strict remembered, so that the command ends with 2. */
void cmd_warnf(struct cmd_ctx *ctx, const char *fmt, ...) PD_PRINTF(2, 3);
/* Only with -v. */
void cmd_infof(struct cmd_ctx *ctx, const char *fmt, ...) PD_PRINTF(2, 3);
/* Why the status is not 0 though nothing went wrong: always printed. */
void cmd_notef(struct cmd_ctx *ctx, const char *fmt, ...) PD_PRINTF(2, 3);
bool cmd_is_json(const struct cmd_ctx *ctx);
bool cmd_color(const struct cmd_ctx *ctx, int fd);

/* ---- table.c ---- */
/* JSON writing for --json: a small streaming writer over pd_out, strings escaped, integers exact. */
struct cmd_json;
struct cmd_json *cmd_json_new(struct pd_out *out); /* NULL fails the output; all calls take NULL */
void cmd_json_free(struct cmd_json *j); /* ends with a newline */
void cmd_json_object(struct cmd_json *j, const char *key); /* key NULL inside arrays and at the top */
void cmd_json_array(struct cmd_json *j, const char *key);
void cmd_json_end(struct cmd_json *j);
void cmd_json_string(struct cmd_json *j, const char *key, const char *text, size_t n); /* text NULL = null */
/* A zero-terminated text; NULL fails the output: there was no memory to make it. */
void cmd_json_name(struct cmd_json *j, const char *key, const char *name);
void cmd_json_int(struct cmd_json *j, const char *key, int64_t v);
void cmd_json_decimal(struct cmd_json *j, const char *key, int64_t v, unsigned decimals); /* exact v / 10^decimals */
void cmd_json_real(struct cmd_json *j, const char *key, double v);
void cmd_json_bool(struct cmd_json *j, const char *key, bool v);
/* "schema", "tool", "inputs", "warnings" in the order the contract names. */
void cmd_json_head(struct cmd_ctx *ctx, struct cmd_json *j, const char *schema);
/* The same for CSV. */
void cmd_csv_name(struct pd_out *out, const char *name, bool last);
/* One CSV field, quoted as needed; `last` ends the row. */
void cmd_csv_field(struct pd_out *out, const char *text, size_t n, bool last);

/* ---- amount.c ---- */
/* A number of `unit` ("seconds", "nanoseconds", "bytes", anything) with four digits and the prefix that suits: "1.234ms"; "?" for NaN. Returns `buf`. */
const char *cmd_amount(char *buf, size_t size, double v, struct pd_span unit);

/* Escapes a name for a terminal or text report: control bytes, invalid UTF-8. Returns `buf`. */
const char *cmd_printable(char *buf, size_t n, struct pd_span s);

#endif
