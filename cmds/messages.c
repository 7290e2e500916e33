/*
 * Everything that goes to standard error: one line per message, written in one
 * piece, control bytes made visible. Warnings are counted by kind.
 */
#include "cli.h"
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_BYTES 8192

struct line {
	char text[LINE_MAX_BYTES];
	size_t n;
};

/* What one message says. */
struct message {
	const char *level, *code, *path, *text, *hint;
	uint64_t line, offset;
	bool has_offset;
};

void cli_write(int fd, const char *p, size_t n)
{
	while (n) {
		ssize_t w = write(fd, p, n);

		if (w < 0 && errno == EINTR)
			continue;
		if (w <= 0)
			return;
		p += w;
		n -= (size_t)w;
	}
}

static void put(struct line *l, const char *text, size_t n)
{
	size_t room = sizeof(l->text) - 1 - l->n; /* the line end always fits */

	n = n < room ? n : room;
	memcpy(l->text + l->n, text, n);
	l->n += n;
}

static void puts_to(struct line *l, const char *text)
{
	put(l, text, strlen(text));
}

/* Text that may come from input. */
static void put_safe(struct line *l, const char *text)
{
	char buf[4096];

	puts_to(l, cmd_printable(buf, sizeof(buf), (struct pd_span){ text, strlen(text) }));
}

static void put_u64(struct line *l, const char *before, uint64_t v, const char *after, bool hex)
{
	char buf[32];

	snprintf(buf, sizeof(buf), hex ? "%llx" : "%llu", (unsigned long long)v);
	puts_to(l, before);
	puts_to(l, buf);
	puts_to(l, after);
}

static void put_json(struct line *l, const char *key, const char *text)
{
	char safe[4096];

	cmd_printable(safe, sizeof(safe), (struct pd_span){ text, strlen(text) });
	puts_to(l, ",\"");
	puts_to(l, key);
	puts_to(l, "\":\"");
	for (const char *c = safe; *c; c++) {
		if (*c == '"' || *c == '\\')
			put(l, "\\", 1);
		put(l, c, 1);
	}
	put(l, "\"", 1);
}

static void json_line(struct line *l, const char *command, const struct message *m)
{
	puts_to(l, "{\"level\":\"");
	puts_to(l, m->level);
	put(l, "\"", 1);
	put_json(l, "command", command);
	if (m->code)
		put_json(l, "code", m->code);
	if (m->path && m->path[0])
		put_json(l, "file", m->path);
	if (m->line)
		put_u64(l, ",\"line\":", m->line, "", false);
	else if (m->has_offset)
		put_u64(l, ",\"offset\":", m->offset, "", false);
	put_json(l, "message", m->text);
	if (m->hint && m->hint[0])
		put_json(l, "hint", m->hint);
	put(l, "}", 1);
}

static void text_line(struct line *l, const char *command, const struct message *m)
{
	puts_to(l, "profdata");
	if (command[0]) {
		put(l, " ", 1);
		puts_to(l, command);
	}
	puts_to(l, ": ");
	if (m->path && m->path[0]) {
		put_safe(l, m->path);
		put(l, ":", 1);
		if (m->line)
			put_u64(l, "", m->line, ":", false);
		else if (m->has_offset)
			put_u64(l, "@0x", m->offset, ":", true);
		put(l, " ", 1);
	}
	puts_to(l, m->level);
	puts_to(l, ": ");
	put_safe(l, m->text);
	if (m->hint && m->hint[0]) {
		puts_to(l, "; hint: ");
		put_safe(l, m->hint);
	}
}

static void emit(const struct cmd_ctx *ctx, const struct message *m)
{
	struct line l = { .n = 0 };
	const char *command = ctx->cmd ? ctx->cmd->name : "";

	cli_progress_erase();
	if (ctx->common.error_format && strcmp(ctx->common.error_format, "json") == 0)
		json_line(&l, command, m);
	else
		text_line(&l, command, m);
	l.text[l.n++] = '\n';
	cli_write(STDERR_FILENO, l.text, l.n);
}

/* ---- errors ---- */

int cmd_fail(struct cmd_ctx *ctx, const struct pd_error *err)
{
	const char *name = pd_status_name(err->status);

	emit(ctx, &(struct message){ .level = "error", .code = name, .path = err->path, .line = err->line, .offset = err->offset,
				     .has_offset = err->has_offset, .text = err->text[0] ? err->text : name, .hint = err->hint });
	return 2;
}

int cmd_errorf(struct cmd_ctx *ctx, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	emit(ctx, &(struct message){ .level = "error", .code = "error", .text = text });
	return 2;
}

int cli_usage(struct cmd_ctx *ctx, const char *hint, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	emit(ctx, &(struct message){ .level = "error", .code = "usage", .text = text, .hint = hint });
	return 2;
}

int cli_nomem(struct cmd_ctx *ctx)
{
	emit(ctx, &(struct message){ .level = "error", .code = "nomem", .text = "out of memory" });
	return 2;
}

/* ---- warnings ---- */

static struct cli_kind *kind_of(struct cmd_ctx *ctx, const char *key, const char *shown)
{
	struct cli_kind *grown;
	char *copy, *copy_shown;

	for (size_t i = 0; i < ctx->n_kinds; i++) {
		if (strcmp(ctx->kind[i].key, key) == 0)
			return &ctx->kind[i];
	}
	grown = realloc(ctx->kind, (ctx->n_kinds + 1) * sizeof(*grown));
	if (!grown)
		return NULL;
	ctx->kind = grown;
	copy = strdup(key); /* the text may belong to a document */
	copy_shown = strdup(shown);
	if (!copy || !copy_shown) {
		free(copy);
		free(copy_shown);
		return NULL;
	}
	grown[ctx->n_kinds] = (struct cli_kind){ .key = copy, .shown = copy_shown };
	return &grown[ctx->n_kinds++];
}

static void keep(struct cmd_ctx *ctx, const char *path, const char *text)
{
	char **grown = realloc(ctx->warning, (ctx->n_warnings + 1) * sizeof(*grown));
	char *copy = NULL;

	if (!grown)
		return;
	ctx->warning = grown;
	if (asprintf(&copy, "%s%s%s", path ? path : "", path ? ": " : "", text) < 0)
		return;
	grown[ctx->n_warnings++] = copy;
}

static void warn(struct cmd_ctx *ctx, const char *key, bool keyed, const char *path, const char *text)
{
	struct cli_kind *kind = kind_of(ctx, key, keyed ? key : text);

	if (ctx->common.strict)
		ctx->tripped = true;
	if (!kind || ++kind->count > CLI_KIND_MAX)
		return;
	keep(ctx, path, text);
	if (!ctx->common.quiet)
		emit(ctx, &(struct message){ .level = "warning", .code = "warning", .path = path, .text = text });
}

void cmd_warnf(struct cmd_ctx *ctx, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	warn(ctx, fmt, false, NULL, text);
}

void cli_warn_at(struct cmd_ctx *ctx, const char *kind, const char *path, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	warn(ctx, kind ? kind : fmt, kind != NULL, path, text);
}

void cmd_infof(struct cmd_ctx *ctx, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	if (!ctx->common.verbose)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	emit(ctx, &(struct message){ .level = "info", .code = "info", .text = text });
}

void cmd_notef(struct cmd_ctx *ctx, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	emit(ctx, &(struct message){ .level = "note", .code = "note", .text = text });
}

bool cmd_is_json(const struct cmd_ctx *ctx)
{
	return ctx->json;
}

bool cmd_color(const struct cmd_ctx *ctx, int fd)
{
	const char *when = ctx->common.color ? ctx->common.color : "auto", *no = getenv("NO_COLOR"), *term = getenv("TERM");
	const char *force = getenv("FORCE_COLOR");

	if (strcmp(when, "auto") != 0)
		return strcmp(when, "always") == 0;
	if (no && no[0])
		return false;
	if ((force && force[0] && strcmp(force, "0") != 0) || ((force = getenv("CLICOLOR_FORCE")) && force[0] && strcmp(force, "0") != 0))
		return true;
	return isatty(fd) && !(term && strcmp(term, "dumb") == 0);
}

/* ---- the end of a run ---- */

static void report_held_back(struct cmd_ctx *ctx)
{
	char text[1200];

	for (size_t i = 0; i < ctx->n_kinds && !ctx->common.quiet; i++) {
		if (ctx->kind[i].count <= CLI_KIND_MAX)
			continue;
		snprintf(text, sizeof(text), "%llu more warning%s of a kind: %s", (unsigned long long)(ctx->kind[i].count - CLI_KIND_MAX),
			 ctx->kind[i].count - CLI_KIND_MAX == 1 ? "" : "s", ctx->kind[i].shown);
		emit(ctx, &(struct message){ .level = "warning", .code = "warning", .text = text });
	}
}

int cli_ctx_end(struct cmd_ctx *ctx, int status)
{
	report_held_back(ctx);
	if (ctx->tripped && status != 2)
		status = cli_usage(ctx, NULL, "there were warnings, and --strict makes them errors");
	for (size_t i = 0; i < ctx->n_warnings; i++)
		free(ctx->warning[i]);
	for (size_t i = 0; i < ctx->n_inputs; i++)
		free(ctx->input[i].path);
	for (size_t i = 0; i < ctx->n_notes; i++) {
		free(ctx->note[i].what);
		free(ctx->note[i].example);
	}
	for (size_t i = 0; i < ctx->n_kinds; i++) {
		free(ctx->kind[i].key);
		free(ctx->kind[i].shown);
	}
	free(ctx->warning);
	free(ctx->input);
	free(ctx->note);
	free(ctx->kind);
	free(ctx->command_line);
	free(ctx->opt_used);
	return status;
}
