/*
 * Runs the data cases of one format (or all) under tests/formats/:
 *
 *   STEM.in, .in.gz   is detected as the format of its folder, loaded, and gives
 *   STEM.dump         this dump, or
 *   STEM.err          this failure: status, line, offset and text on one line, the hint on a second
 *   STEM.notes        the remarks of the reader, "COUNT what", in order; no file = none
 *   STEM.opts         key=value lines for the reader or writer
 *   STEM.src.dump     is written as this format and gives
 *   STEM.out          these bytes, which read back as STEM.back.dump, or as STEM.src.dump where there is none;
 *                     or fails with STEM.err
 *
 * Every input is also read in small pieces, which must not change the outcome.
 *
 * usage: run_formats [--update] ROOT [FORMAT]
 */
#include "cases.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool update;
static unsigned checks, failures;

static void complain(const struct case_file *c, const char *fmt, ...) PD_PRINTF(2, 3);
static void complain(const struct case_file *c, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fprintf(stderr, "%s: ", c->path);
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
	va_end(args);
	failures++;
}

/* Prints the first line that differs. */
static void show_difference(const char *want, size_t n_want, const char *have, size_t n_have)
{
	size_t i = 0, line = 1, from = 0;

	while (i < n_want && i < n_have && want[i] == have[i]) {
		if (want[i++] == '\n') {
			line++;
			from = i;
		}
	}
	fprintf(stderr, "  line %zu\n  - %.*s\n  + %.*s\n", line, (int)strcspn(want + from, "\n"), want + from,
		(int)strcspn(have + from, "\n"), have + from);
}

/* Compares with the golden file; have == NULL means that there must be none. */
static void check(const struct case_file *c, const char *suffix, const char *have, size_t n)
{
	const char *path = case_path(c, suffix);
	size_t n_want = 0;
	char *want = case_read(path, &n_want);

	checks++;
	if (update) {
		if (have && (!want || n_want != n || memcmp(want, have, n) != 0)) {
			case_write(path, have, n);
			printf("updated %s\n", path);
		} else if (!have && want) {
			unlink(path);
			printf("removed %s\n", path);
		}
	} else if (!have && want) {
		complain(c, "%s is there, but nothing came", suffix);
	} else if (have && !want) {
		complain(c, "no %s, but there was:\n%.*s", suffix, (int)(n < 2000 ? n : 2000), have);
	} else if (have && (n_want != n || memcmp(want, have, n) != 0)) {
		complain(c, "not as in %s", suffix);
		show_difference(want, n_want, have, n);
	}
	free(want);
}

static void check_error(const struct case_file *c, const struct pd_error *err)
{
	char text[1200];
	int n = snprintf(text, sizeof(text), "%s %" PRIu64 " %" PRIu64 " %s\n%s%s", pd_status_name(err->status), err->line,
			 err->has_offset ? err->offset : 0, err->text, err->hint, *err->hint ? "\n" : "");

	check(c, ".err", text, (size_t)n);
}

static void check_notes(const struct case_file *c, const struct pd_doc *doc)
{
	const struct pd_note_desc *note;
	size_t n = pd_doc_notes(doc, &note), at = 0;
	char text[8192];

	for (size_t i = 0; i < n && at < sizeof(text) - 300; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%" PRIu64 " %s\n", note[i].count, note[i].what);
	check(c, ".notes", n ? text : NULL, at);
}

static void check_dump(const struct case_file *c, const char *suffix, const struct pd_doc *doc, const char *not_when)
{
	struct pd_error err = { 0 };
	size_t n = 0;
	char *text = case_save(doc, pd_format_named("dump"), NULL, &n, &err);

	if (!text)
		complain(c, "cannot be dumped: %s", err.text);
	else
		check(c, suffix, not_when && strcmp(not_when, text) == 0 ? NULL : text, n);
	free(text);
}

static void check_document(const struct case_file *c, const struct pd_doc *doc)
{
	struct pd_error err = { 0 };

	checks++;
	if (!pd_doc_check(doc, &err))
		complain(c, "breaks the model: %s", err.text);
}

/* Through a pipe that gives few bytes a time the outcome is the same. */
static void check_pieces(const struct case_file *c, const char *data, size_t n, size_t step, char **opts, const struct pd_doc *want,
			 const struct pd_error *want_err)
{
	const struct pd_format *own = pd_format_named(c->format), *dump = pd_format_named("dump");
	struct pd_error err = { 0 };
	struct pd_doc *doc = case_load_pieces(c->path, data, n, step, own->explicit_only ? own : NULL, opts, &err);
	size_t n_have = 0, n_want = 0;
	char *have = doc ? case_save(doc, dump, NULL, &n_have, &err) : NULL;
	char *text = want ? case_save(want, dump, NULL, &n_want, &err) : NULL;

	checks++;
	if (!have != !text || (have && (n_have != n_want || memcmp(have, text, n_have) != 0)))
		complain(c, "another outcome when read %zu bytes a time: %s", step, err.text);
	else if (!have && (strcmp(err.text, want_err->text) != 0 || err.line != want_err->line || err.offset != want_err->offset))
		complain(c, "another failure when read %zu bytes a time: %s at line %" PRIu64 ", offset %" PRIu64, step, err.text, err.line, err.offset);
	free(have);
	free(text);
	pd_doc_unref(doc);
}

static void run_in(const struct case_file *c)
{
	const struct pd_format *own = pd_format_named(c->format), *used = NULL;
	struct pd_error err = { 0 };
	size_t n = 0;
	char *data = case_read(c->path, &n), **opts = case_opts(c);
	struct pd_doc *doc = case_load(c->path, data, n, own->explicit_only ? own : NULL, opts, &used, &err);

	if (!doc) {
		check_error(c, &err);
		check(c, ".dump", NULL, 0);
	} else {
		if (used != own)
			complain(c, "detected as %s", used ? used->name : "nothing");
		check_document(c, doc);
		check_dump(c, ".dump", doc, NULL);
		check_notes(c, doc);
		check(c, ".err", NULL, 0);
	}
	check_pieces(c, data, n, n < 100000 ? 1 : 4000, opts, doc, &err);
	check_pieces(c, data, n, 1021, opts, doc, &err);
	pd_doc_unref(doc);
	case_opts_free(opts);
	free(data);
}

/* Reads back what was written and compares with where it came from. */
static void read_back(const struct case_file *c, const char *src_dump, const char *out, size_t n)
{
	struct pd_error err = { 0 };
	struct pd_doc *doc = case_load(c->path, out, n, pd_format_named(c->format), NULL, NULL, &err);

	if (!doc) {
		complain(c, "does not read back: %s", err.text);
		return;
	}
	check_document(c, doc);
	check_dump(c, ".back.dump", doc, src_dump);
	pd_doc_unref(doc);
}

static void run_src(const struct case_file *c)
{
	const struct pd_format *own = pd_format_named(c->format);
	struct pd_error err = { 0 };
	size_t n = 0, n_out = 0;
	char *data = case_read(c->path, &n), **opts = case_opts(c), *out = NULL;
	struct pd_doc *doc = case_load(c->path, data, n, pd_format_named("dump"), NULL, NULL, &err);

	if (!doc) {
		complain(c, "is no dump: line %" PRIu64 ": %s", err.line, err.text);
	} else {
		out = case_save(doc, own, opts, &n_out, &err);
		if (out)
			check(c, ".out", out, n_out);
		else
			check_error(c, &err);
		if (out && pd_format_reads(own))
			read_back(c, data, out, n_out);
	}
	free(out);
	pd_doc_unref(doc);
	case_opts_free(opts);
	free(data);
}

static void run_all(const char *root, const char *format, const char *suffix, void (*run)(const struct case_file *))
{
	struct case_list list = cases_find(root, format, suffix);

	for (size_t i = 0; i < list.n; i++) {
		if (!pd_format_named(list.v[i].format)) {
			complain(&list.v[i], "there is no format '%s'", list.v[i].format);
			continue;
		}
		case_watch("case", list.v[i].path, 60);
		run(&list.v[i]);
	}
	cases_free(&list);
}

int main(int argc, char **argv)
{
	int at = 1;

	update = argc > at && strcmp(argv[at], "--update") == 0;
	at += update;
	if (argc <= at) {
		fprintf(stderr, "usage: run_formats [--update] ROOT [FORMAT]\n");
		return 2;
	}
	run_all(argv[at], argv[at + 1], ".in", run_in);
	run_all(argv[at], argv[at + 1], ".src.dump", run_src);
	printf("%u checks, %u failures\n", checks, failures);
	if (!checks)
		fprintf(stderr, "no cases found\n");
	return failures || !checks ? 1 : 0;
}
