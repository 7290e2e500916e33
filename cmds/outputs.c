/* Where results go: the format, the file or standard output, and the end of a run. */
#include "cli.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <profdata/out_limit.h>

/* ---- formats ---- */

static int unknown_format(struct cmd_ctx *ctx, const char *name, bool write)
{
	struct pd_suggest s;
	const struct pd_format *f;
	const char *near;
	char hint[96];

	pd_suggest_init(&s, name);
	for (size_t i = 0; (f = pd_format_at(i)); i++) {
		if (write ? !pd_format_writes(f) : !pd_format_reads(f))
			continue;
		pd_suggest_offer(&s, f->name);
		for (const char *const *a = f->aliases; a && *a; a++)
			pd_suggest_offer(&s, *a);
	}
	near = pd_suggest_best(&s);
	if (near)
		snprintf(hint, sizeof(hint), "did you mean '%s'?", near);
	return cli_usage(ctx, near ? hint : "profdata formats lists them", "unknown format '%s'", name);
}

const struct pd_format *cli_format(struct cmd_ctx *ctx, const char *name, bool write)
{
	const struct pd_format *f = pd_format_named(name);

	if (!f) {
		unknown_format(ctx, name, write);
		return NULL;
	}
	if (write ? pd_format_writes(f) : pd_format_reads(f))
		return f;
	cli_usage(ctx, "profdata formats lists what can be read and written", "format '%s' cannot be %s", f->name, write ? "written" : "read");
	return NULL;
}

static bool to_stdout(const struct cmd_output *o)
{
	return !o->output || strcmp(o->output, "-") == 0;
}

static bool ends_in(const char *path, const char *suffix)
{
	size_t n = strlen(path), m = strlen(suffix);

	return n > m && strcmp(path + n - m, suffix) == 0;
}

/* By extension; x.folded.gz is folded, compressed. */
static const struct pd_format *format_of_path(const char *path)
{
	const struct pd_format *f = pd_format_for_path(path);
	char *inner;

	if (f || !(ends_in(path, ".gz") || ends_in(path, ".zst")))
		return f;
	inner = strndup(path, strlen(path) - (ends_in(path, ".gz") ? 3 : 4));
	f = inner ? pd_format_for_path(inner) : NULL;
	free(inner);
	return f;
}

const struct pd_format *cmd_out_format(struct cmd_ctx *ctx, const struct cmd_output *o, const struct pd_format *dflt)
{
	const struct pd_format *f = NULL;

	if (o->to)
		return cli_format(ctx, o->to, true);
	if (!to_stdout(o))
		f = format_of_path(o->output);
	if (!f)
		f = dflt;
	if (!f && to_stdout(o))
		cli_usage(ctx, "-t FORMAT; profdata formats lists them", "no output format");
	else if (!f)
		cli_usage(ctx, "-t FORMAT; profdata formats lists them", "the extension of '%s' does not tell the output format", o->output);
	return f;
}

const struct pd_format *cmd_default_format(const struct cmd_ctx *ctx)
{
	return ctx->first_format && pd_format_writes(ctx->first_format) ? ctx->first_format : pd_format_named("pprof");
}

unsigned cmd_build_flags(const struct cmd_output *o)
{
	const struct pd_format *f = o->to ? pd_format_named(o->to) : to_stdout(o) ? NULL : format_of_path(o->output);

	if (!f)
		return CMD_BUILD_LIKE_FIRST;
	return f->keeps & PD_KEEPS_TIME ? 0 : PD_BUILD_AGGREGATE;
}

/* ---- opening ---- */

static unsigned compression(const struct cmd_output *o, const struct pd_format *f)
{
	if (o->compress)
		return strcmp(o->compress, "gzip") == 0 ? PD_OUT_GZIP : strcmp(o->compress, "zstd") == 0 ? PD_OUT_ZSTD : 0;
	if (!to_stdout(o) && ends_in(o->output, ".zst"))
		return PD_OUT_ZSTD;
	if (!to_stdout(o) && ends_in(o->output, ".gz"))
		return PD_OUT_GZIP;
	return f && f->gzip ? PD_OUT_GZIP : 0;
}

static int check_output(struct cmd_ctx *ctx, const struct cmd_output *o, const struct pd_format *f, unsigned flags)
{
	if (o->level && (o->level < 1 || o->level > (flags & PD_OUT_ZSTD ? 19 : 12)))
		return cli_usage(ctx, NULL, "option '--level' cannot be %lld (expected 1 to %d)", (long long)o->level, flags & PD_OUT_ZSTD ? 19 : 12);

	if (o->output && !o->output[0])
		return cli_usage(ctx, NULL, "the output name is empty");

	if (((f && f->binary) || flags) && to_stdout(o) && !o->force && isatty(STDOUT_FILENO))
		return cli_usage(ctx, cli_option_named(ctx->cmd, "force", 5) ? "-o FILE, or a pipe; --force writes it anyway" : "-o FILE, or a pipe", "%s output is binary and standard output is a terminal", f && f->binary ? f->name : "compressed");

	return 0;
}

static struct pd_out *open_output(struct cmd_ctx *ctx, const struct cmd_output *o, const struct pd_format *f)
{
	unsigned flags = compression(o, f);
	struct pd_error err = { 0 };
	struct pd_out *out;
	uint64_t most = 0;

	/* what is not made of input, such as help, must come whatever the environment says */
	if (check_output(ctx, o, f, flags) || ((f || ctx->n_inputs) && cli_max_output(ctx, &most)))
		return NULL;
	out = pd_out_path(to_stdout(o) ? "-" : o->output, flags, (int)o->level, &err);
	if (!out)
		cmd_fail(ctx, &err);
	else
		pd_out_limit(out, most);
	return out;
}

int cli_out_check(struct cmd_ctx *ctx, const struct cmd_output *o)
{
	const struct pd_format *f = NULL;

	if (o->to && !(f = cli_format(ctx, o->to, true)))
		return 2;
	return check_output(ctx, o, f, compression(o, f));
}

struct pd_out *cmd_out_open(struct cmd_ctx *ctx, const struct cmd_output *o, const struct pd_format *format)
{
	return open_output(ctx, o, format);
}

struct pd_out *cmd_text_open(struct cmd_ctx *ctx, const struct cmd_output *o)
{
	return open_output(ctx, o, NULL);
}

int cmd_out_close(struct cmd_ctx *ctx, struct pd_out *out, int status)
{
	struct pd_error err = { 0 };

	if (out && status != 2 && !ctx->tripped && pd_out_commit(out, &err) != PD_OK) {
		if (err.status == PD_ERR_LIMIT)
			pd_error_hint(&err, "PROFDATA_MAX_OUTPUT=SIZE allows more");
		status = cmd_fail(ctx, &err);
	}
	pd_out_free(out);
	return status;
}

/* ---- saving ---- */

/* Every --opt must have meant something to a reader or to this writer. */
static int check_options(struct cmd_ctx *ctx, const struct cmd_input *in, const struct pd_format *f)
{
	for (size_t i = 0; i < in->opt.n; i++) {
		if (ctx->opt_used && !ctx->opt_used[i])
			return cli_usage(ctx, "profdata formats -v lists the options of each", "neither the input format nor '%s' has the option '%s'", f->name, in->opt.item[i]);
	}
	return 0;
}

int cmd_add_option(struct cmd_ctx *ctx, struct cmd_input *in, const char *name, const char *value, char **kv)
{
	const char **grown;

	*kv = NULL;
	if (!value)
		return 0;
	grown = realloc(in->opt.item, (in->opt.n * 2 + 2) * sizeof(*grown)); /* room for what the parser's growth rule expects */
	if (!grown)
		return cli_nomem(ctx);
	in->opt.item = grown;
	if (asprintf(kv, "%s=%s", name, value) < 0) {
		*kv = NULL;
		return cli_nomem(ctx);
	}
	grown[in->opt.n++] = *kv;
	return 0;
}

int cmd_add_annotate(struct cmd_ctx *ctx, struct cmd_input *in, const char *kinds, char **kv)
{
	return cmd_add_option(ctx, in, "annotate", kinds, kv);
}

int cmd_saved(struct cmd_ctx *ctx, enum pd_status saved, const struct pd_error *err)
{
	if (saved > PD_WARN)
		return cmd_fail(ctx, err);
	if (saved == PD_WARN)
		cmd_warnf(ctx, "%s%s%s", err->text, err->hint[0] ? "; hint: " : "", err->hint);
	return 0;
}

static int save_to(struct cmd_ctx *ctx, const struct cmd_output *o, const struct pd_format *f, const struct pd_doc *doc, const char *sample_type, const char **kv)
{
	struct pd_save_opts so = { .size = sizeof(so), .sample_type = sample_type, .command = ctx->command_line };
	struct pd_error err = { 0 };
	char lost[512] = "";
	struct pd_out *out = cmd_out_open(ctx, o, f);
	int status;

	if (!out)
		return 2;
	status = cmd_saved(ctx, pd_save(doc, f, &so, kv, out, lost, sizeof(lost), &err), &err);
	if (!status && lost[0])
		cmd_warnf(ctx, "lost: %s", lost);
	return cmd_out_close(ctx, out, status);
}

/* pprof files list tables and samples as they stand in the document: the same content must give the same bytes. */
static struct pd_doc *as_written(struct cmd_ctx *ctx, const struct pd_format *f, const struct pd_doc *doc)
{
	struct pd_error err = { 0 };
	struct pd_doc *canonical;

	if (f != pd_format_named("pprof") || ctx->canonical)
		return pd_doc_ref(doc);
	canonical = pd_canonical(doc, &err);
	if (!canonical)
		cmd_fail(ctx, &err);
	return canonical;
}

/* An index as the name of the column, which holds when columns change places; names that two columns share stay as given. */
static const char *type_name(const struct pd_doc *doc, const char *wanted)
{
	int index = wanted && wanted[0] ? pd_doc_find_sample_type(doc, wanted) : -1;
	struct pd_sample_type t;
	const char *name;

	if (index < 0)
		return wanted;
	pd_doc_sample_type(doc, (unsigned)index, &t);
	name = pd_doc_string(doc, t.type.type).p;
	return pd_doc_find_sample_type(doc, name) == index ? name : wanted;
}

int cmd_save(struct cmd_ctx *ctx, const struct cmd_output *o, const struct cmd_input *in, const struct pd_doc *doc, const char *sample_type, const struct pd_format *dflt)
{
	const struct pd_format *f = cmd_out_format(ctx, o, dflt);
	const char **kv;
	struct pd_doc *written;
	int status = 2;

	if (!f)
		return 2;
	sample_type = type_name(doc, sample_type);
	kv = cli_format_options(ctx, &in->opt, f);
	if (!kv)
		return cli_nomem(ctx);
	if (check_options(ctx, in, f) == 0 && (written = as_written(ctx, f, doc))) {
		status = save_to(ctx, o, f, written, sample_type, kv);
		pd_doc_unref(written);
	}
	free(kv);
	return status;
}

struct pd_events *cmd_save_events(struct cmd_ctx *ctx, const struct cmd_input *in, const struct pd_format *f, const char *sample_type, struct pd_out *out)
{
	struct pd_save_opts so = { .size = sizeof(so), .sample_type = sample_type, .command = ctx->command_line };
	const char **kv = cli_format_options(ctx, &in->opt, f);
	struct pd_events *ev = NULL;
	struct pd_error err = { 0 };

	if (!kv) {
		cli_nomem(ctx);
		return NULL;
	}
	ev = pd_save_events(f, &so, kv, out, &err);
	if (!ev)
		cmd_fail(ctx, &err);
	free(kv);
	return ev;
}

int cli_print(struct cmd_ctx *ctx, void (*print)(const struct pd_cmd *, struct pd_out *), const struct pd_cmd *cmd)
{
	struct pd_out *out = cmd_text_open(ctx, &(struct cmd_output){ 0 });

	if (!out)
		return 2;
	print(cmd, out);
	return cmd_out_close(ctx, out, 0);
}
