/*
 * Flame graphs are read back: every input of the cases of all formats, and the
 * profiles of FILES, is drawn as SVG and as a page in several ways; reading
 * the file must give a document that
 *
 *   - draws the same bytes again,
 *   - has the same dump when that is read,
 *   - has the same folded stacks per sample type as the input (drawn by functions).
 *
 * usage: run_flame ROOT [FILE...]
 */
#include "cases.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned drawn, skipped, failures;

static void complain(const char *path, const char *way, const char *what, const struct pd_error *err)
{
	fprintf(stderr, "%s as %s: %s%s%s\n", path, way, what, err && err->status ? ": " : "", err && err->status ? err->text : "");
	failures++;
}

struct text {
	char *p;
	size_t n;
};

static bool same(struct text a, struct text b) { return a.p && b.p && a.n == b.n && !memcmp(a.p, b.p, a.n); }

static struct text save(const struct pd_doc *doc, const char *format, char **opts, const char *type, struct pd_error *err)
{
	struct pd_out *out = pd_out_memory(0, 0, err);
	struct pd_save_opts save = { .size = sizeof save, .sample_type = type };
	struct text t = { NULL, 0 };
	struct pd_span s;

	if (out && pd_save(doc, pd_format_named(format), &save, (const char *const *)opts, out, NULL, 0, err) <= PD_WARN &&
	    pd_out_commit(out, err) == PD_OK) {
		s = pd_out_memory_span(out);
		t.p = malloc(s.n + 1);
		if (t.p) {
			memcpy(t.p, s.p, s.n);
			t.n = s.n;
		}
	}
	pd_out_free(out);
	return t;
}

/* A frame without a name is drawn as "[unknown]". */
static bool has_nameless(const struct pd_doc *doc)
{
	for (uint32_t i = 1; i <= pd_doc_funcs(doc); i++) {
		struct pd_func_desc f;

		pd_doc_func(doc, (pd_func){ i }, &f);
		if (!pd_doc_string(doc, f.name).n)
			return true;
	}
	for (uint32_t i = 1; i <= pd_doc_frames(doc); i++) {
		struct pd_frame_desc f;

		pd_doc_frame(doc, (pd_frame){ i }, &f);
		for (uint32_t k = 0; k < f.n_lines; k++)
			if (!f.lines[k].func.v)
				return true;
		if (!f.n_lines)
			return true;
	}
	return false;
}

static void compare_stacks(const char *path, const char *way, const struct pd_doc *doc, const struct pd_doc *back)
{
	if (pd_doc_sample_types(doc) != pd_doc_sample_types(back)) {
		complain(path, way, "other sample types", NULL);
		return;
	}
	for (unsigned i = 0; i < pd_doc_sample_types(doc); i++) {
		struct pd_error err = { 0 };
		char type[16];
		struct text a, b;

		snprintf(type, sizeof type, "%u", i);
		a = save(doc, "folded", NULL, type, &err);
		b = save(back, "folded", NULL, type, &err);
		if (!same(a, b))
			complain(path, way, "other stacks", &err);
		free(a.p);
		free(b.p);
	}
}

static void compare_again(const char *path, const char *way, const struct pd_doc *back, struct text first, const char *format, char **opts)
{
	struct pd_error err = { 0 };
	struct text again = save(back, format, opts, NULL, &err), dump, dump_again = { NULL, 0 };
	struct pd_doc *doc = again.p ? case_load(path, again.p, again.n, NULL, NULL, NULL, &err) : NULL;

	if (!same(first, again))
		complain(path, way, "drawn again it is another file", &err);
	dump = save(back, "dump", NULL, NULL, &err);
	if (doc)
		dump_again = save(doc, "dump", NULL, NULL, &err);
	if (!same(dump, dump_again))
		complain(path, way, "read again it is another document", &err);
	pd_doc_unref(doc);
	free(again.p);
	free(dump.p);
	free(dump_again.p);
}

static void draw(const char *path, const struct pd_doc *doc, const char *format, char **opts)
{
	const struct pd_format *used = NULL;
	struct pd_error err = { 0 };
	struct text first = save(doc, format, opts, NULL, &err);
	struct pd_doc *back;
	char way[128];
	int n = snprintf(way, sizeof way, "%s", format);

	for (size_t i = 0; opts && opts[i]; i++)
		n += snprintf(way + n, sizeof way - (size_t)n, " %s", opts[i]);
	if (!first.p) {
		skipped++; /* nothing to draw, a sum that does not fit */
		return;
	}
	case_watch(path, way, 60);
	back = case_load(path, first.p, first.n, NULL, NULL, &used, &err);
	if (!back)
		complain(path, way, "does not read", &err);
	else if (used != pd_format_named(format))
		complain(path, way, "is taken for another format", NULL);
	else {
		compare_again(path, way, back, first, format, opts);
		if (!opts && !has_nameless(doc))
			compare_stacks(path, way, doc, back);
	}
	pd_doc_unref(back);
	free(first.p);
	drawn++;
}

static void check(const char *path, const char *data, size_t n, const struct pd_format *format, char **opts)
{
	static char *ways[][4] = { { NULL }, { "reverse", "inverted", "colors=hot", NULL }, { "granularity=lines", "minwidth=0", NULL },
				   { "granularity=addresses", "sort=weight", NULL }, { "granularity=modules", NULL }, { "granularity=files", NULL },
				   { "granularity=filefunctions", "factor=3", NULL } };
	struct pd_error err = { 0 };
	struct pd_doc *doc = case_load(path, data, n, format, opts, NULL, &err);

	for (size_t i = 0; doc && i < sizeof ways / sizeof *ways; i++) {
		draw(path, doc, "svg", ways[i][0] ? ways[i] : NULL);
		draw(path, doc, "html", ways[i][0] ? ways[i] : NULL);
	}
	pd_doc_unref(doc);
}

int main(int argc, char **argv)
{
	struct case_list list;

	if (argc < 2) {
		fprintf(stderr, "usage: run_flame ROOT [FILE...]\n");
		return 2;
	}
	list = cases_find(argv[1], NULL, ".in");
	for (size_t i = 0; i < list.n; i++) {
		size_t n;
		char *data = case_read(list.v[i].path, &n), **opts = case_opts(&list.v[i]);

		check(list.v[i].path, data, n, pd_format_named(list.v[i].format), opts);
		case_opts_free(opts);
		free(data);
	}
	for (int i = 2; i < argc; i++) {
		size_t n;
		char *data = case_read(argv[i], &n);

		if (data)
			check(argv[i], data, n, NULL, NULL);
		free(data);
	}
	cases_free(&list);
	printf("%u files drawn and read, %u inputs that cannot be drawn, %u failures\n", drawn, skipped, failures);
	return failures || drawn < 500;
}
