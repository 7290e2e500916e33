/*
 * What the user named → a list of inputs: LABEL=INPUT, @LIST, --files-from,
 * directories (walked, hidden names left out, no links followed), and standard
 * input when nothing is named and it is not a terminal.
 */
#include "cli.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define INPUTS_MAX 1000000 /* a directory walk that leads here was not meant */

void cli_operands_free(struct cli_operands *o)
{
	for (size_t i = 0; i < o->n; i++) {
		free(o->v[i].path);
		free(o->v[i].label);
	}
	free(o->v);
	*o = (struct cli_operands){ 0 };
}

/* Takes both texts; label may be NULL. */
static int push(struct cmd_ctx *ctx, struct cli_operands *o, char *path, char *label)
{
	if (path && o->n == INPUTS_MAX) {
		free(path);
		free(label);
		return cmd_errorf(ctx, "more than %d inputs", INPUTS_MAX);
	}
	if (path && o->n == o->cap) {
		size_t cap = o->cap ? o->cap * 2 : 16;
		struct cli_operand *grown = realloc(o->v, cap * sizeof(*grown));

		if (grown) {
			o->v = grown;
			o->cap = cap;
		}
	}
	if (!path || o->n == o->cap) {
		free(path);
		free(label);
		return cli_nomem(ctx);
	}
	o->v[o->n++] = (struct cli_operand){ .path = path, .label = label };
	return 0;
}

/* ---- directories ---- */

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct cli_operand *)a)->path, ((const struct cli_operand *)b)->path);
}

static int io_error(struct cmd_ctx *ctx, const char *path, int code)
{
	struct pd_error err = { .status = PD_ERR_IO };

	snprintf(err.path, sizeof(err.path), "%s", path);
	snprintf(err.text, sizeof(err.text), "%s", strerror(code));
	return cmd_fail(ctx, &err);
}

/* Adds the files of one directory to `files` and its directories to `dirs`. */
static int read_dir(struct cmd_ctx *ctx, const char *path, struct cli_operands *files, struct cli_operands *dirs)
{
	DIR *d = opendir(path);
	struct dirent *e;
	int status = 0;

	if (!d)
		return io_error(ctx, path, errno);
	while (!status && (e = readdir(d))) {
		struct stat st;
		char *full = NULL;

		if (e->d_name[0] == '.' || fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !(S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)))
			continue;
		if (asprintf(&full, "%s%s%s", path, path[strlen(path) - 1] == '/' ? "" : "/", e->d_name) < 0)
			full = NULL;
		status = push(ctx, S_ISDIR(st.st_mode) ? dirs : files, full, NULL);
	}
	closedir(d);
	return status;
}

static int walk(struct cmd_ctx *ctx, const char *path, const char *label, struct cli_operands *out)
{
	struct cli_operands dirs = { 0 };
	size_t first = out->n;
	int status = push(ctx, &dirs, strdup(path), NULL);

	while (!status && dirs.n) {
		char *dir = dirs.v[--dirs.n].path;

		status = read_dir(ctx, dir, out, &dirs);
		free(dir);
	}
	cli_operands_free(&dirs);
	if (status)
		return status;
	if (out->n == first) {
		struct pd_error err = { .status = PD_ERR_USAGE, .text = "the directory holds no files" };

		snprintf(err.path, sizeof(err.path), "%s", path);
		return cmd_fail(ctx, &err);
	}
	qsort(out->v + first, out->n - first, sizeof(*out->v), by_path);
	for (size_t i = first; label && i < out->n; i++) {
		out->v[i].label = strdup(label);
		if (!out->v[i].label)
			return cli_nomem(ctx);
	}
	cmd_infof(ctx, "%s: %zu files", path, out->n - first);
	return 0;
}

/* ---- one name ---- */

/* Length of the label in LABEL=INPUT; 0 when there is none. A file that has such a name wins. */
static size_t label_length(const char *text)
{
	size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-");
	struct stat st;

	if (n == 0 || text[n] != '=' || !text[n + 1] || stat(text, &st) == 0)
		return 0;
	return n;
}

/* Named by hand: labels, and directories where asked. */
static int add_name(struct cmd_ctx *ctx, const char *text, struct cli_operands *out)
{
	size_t n = cli_is_url(text) ? 0 : label_length(text);
	const char *path = n ? text + n + 1 : text;
	char *label = n ? strndup(text, n) : NULL;
	struct stat st;
	int status;

	if (n && !label)
		return cli_nomem(ctx);
	if (!cli_is_url(path) && strcmp(path, "-") != 0 && stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
		status = walk(ctx, path, label, out);
		free(label);
		return status;
	}
	return push(ctx, out, strdup(path), label);
}

/* ---- lists ---- */

static int add_list(struct cmd_ctx *ctx, const char *list, bool nul, struct cli_operands *out)
{
	struct pd_error err = { 0 };
	struct pd_source *src = pd_source_path(list, NULL, &err);
	struct pd_span all = { 0 };
	int status = 0;

	if (!src || pd_source_all(src, &all) != PD_OK) {
		status = cmd_fail(ctx, src ? pd_source_error(src) : &err);
		pd_source_free(src);
		return status;
	}
	while (all.n && !status) {
		const char *end = memchr(all.p, nul ? 0 : '\n', all.n);
		size_t n = end ? (size_t)(end - all.p) : all.n, name = n;

		if (!nul && name && all.p[name - 1] == '\r')
			name--;
		if (memchr(all.p, 0, name)) {
			snprintf(err.path, sizeof(err.path), "%s", pd_source_name(src));
			pd_error_set(&err, PD_ERR_DATA, "a name with a NUL byte in it");
			pd_error_hint(&err, "-0 reads names that end with NUL");
			status = cmd_fail(ctx, &err);
		} else if (name) {
			char *copy = strndup(all.p, name);

			status = copy ? add_name(ctx, copy, out) : cli_nomem(ctx);
			free(copy);
		}
		all.p += end ? n + 1 : n;
		all.n -= end ? n + 1 : n;
	}
	pd_source_free(src);
	return status;
}

static int no_input(struct cmd_ctx *ctx)
{
	char hint[160];

	snprintf(hint, sizeof(hint), "profdata %s FILE, or - for standard input; profdata %s --help", ctx->cmd->name, ctx->cmd->name);
	return cli_usage(ctx, hint, "no input");
}

/* Standard input can be read once. */
static int check_stdin(struct cmd_ctx *ctx, const struct cmd_input *in, const struct cli_operands *o)
{
	unsigned uses = in->files_from && strcmp(in->files_from, "-") == 0;

	for (size_t i = 0; i < o->n; i++)
		uses += strcmp(o->v[i].path, "-") == 0;
	return uses > 1 ? cli_usage(ctx, NULL, "standard input (-) is named %u times but can be read once", uses) : 0;
}

static int add_operand(struct cmd_ctx *ctx, const struct cmd_input *in, const char *text, struct cli_operands *out)
{
	struct stat st;

	if (text[0] == '@' && text[1] && stat(text, &st) != 0)
		return add_list(ctx, text + 1, in->nul, out);
	if (!text[0])
		return cli_usage(ctx, NULL, "an input name is empty");
	return add_name(ctx, text, out);
}

int cli_operands(struct cmd_ctx *ctx, const struct cmd_input *in, char **operands, size_t n, struct cli_operands *out)
{
	int status = 0;

	for (size_t i = 0; i < n && !status; i++)
		status = add_operand(ctx, in, operands[i], out);
	if (!status && in->files_from)
		status = add_list(ctx, in->files_from, in->nul, out);
	if (!status && out->n == 0 && (in->files_from || n))
		status = cli_usage(ctx, NULL, "the list of inputs is empty");
	else if (!status && out->n == 0)
		status = isatty(STDIN_FILENO) ? no_input(ctx) : push(ctx, out, strdup("-"), NULL);
	return status ? status : check_stdin(ctx, in, out);
}

int cli_more_operands(struct cmd_ctx *ctx, const struct cmd_input *in, const struct pd_list *list, struct cli_operands *out)
{
	size_t before = out->n;
	int status = 0;

	for (size_t i = 0; i < list->n && !status; i++)
		status = add_operand(ctx, in, list->item[i], out);
	if (!status && out->n == before)
		status = cli_usage(ctx, NULL, "the list of base inputs is empty");
	return status ? status : check_stdin(ctx, in, out);
}
