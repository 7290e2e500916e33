/*
 * Memory runs out: loads and converts small inputs with the n-th allocation
 * failing, n = 1, 2, ... until nothing fails. Every run must end with the status
 * "nomem", or with exactly the result of a run without failure (a cache that
 * could not be had is no error), and must give back every block.
 *
 * usage: run_nomem ROOT [FORMAT]
 */
#include "cases.h"
#include "failing_alloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LARGEST 16384
#define EVERY 400   /* the first calls one by one, later ones in steps */
#define MOST 4000

static unsigned long runs, failures;

struct result {
	bool ok;
	struct pd_error err;
	char *text;
	size_t n;
};

/* Load, then write as `to`. */
static struct result convert(const struct case_file *c, const char *data, size_t n, char **opts, const struct pd_format *to)
{
	struct result r = { 0 };
	struct pd_doc *doc = case_load("input", data, n, pd_format_named(c->format), opts, NULL, &r.err);

	if (doc)
		r.text = case_save(doc, to, NULL, &r.n, &r.err);
	r.ok = r.text != NULL;
	pd_doc_unref(doc);
	return r;
}

static bool same(const struct result *a, const struct result *b)
{
	if (a->ok != b->ok)
		return false;
	return a->ok ? a->n == b->n && memcmp(a->text, b->text, a->n) == 0 : a->err.status == b->err.status;
}

static void complain(const struct case_file *c, const struct pd_format *to, unsigned long call, const char *what, const struct result *r)
{
	fprintf(stderr, "%s to %s, allocation %lu: %s (%s: %s)\n", c->path, to->name, call, what, pd_status_name(r->err.status), r->err.text);
	failures++;
}

static void starve(const struct case_file *c, const char *data, size_t n, char **opts, const struct pd_format *to)
{
	struct result good, r;
	unsigned long calls, at;
	char text[100];

	failing_alloc_arm(0, false);
	good = convert(c, data, n, opts, to);
	calls = failing_alloc_disarm();
	if (calls > MOST)
		calls = MOST;
	for (at = 1; at <= calls; at += at < EVERY ? 1 : 1 + calls / EVERY) {
		long live = failing_alloc_live();

		snprintf(text, sizeof(text), "allocation %lu to %s", at, to->name);
		case_watch(text, c->path, 20);
		failing_alloc_arm(at, at % 2 == 0);
		r = convert(c, data, n, opts, to);
		failing_alloc_disarm();
		runs++;
		if (!same(&r, &good) && r.err.status != PD_ERR_NOMEM)
			complain(c, to, at, "another result", &r);
		free(r.text);
		if (failing_alloc_live() != live)
			complain(c, to, at, "blocks were lost", &r);
	}
	free(good.text);
}

int main(int argc, char **argv)
{
	struct case_list list;

	if (argc < 2) {
		fprintf(stderr, "usage: run_nomem ROOT [FORMAT]\n");
		return 2;
	}
	list = cases_find(argv[1], argv[2], ".in");
	for (size_t i = 0; i < list.n; i++) {
		const struct case_file *c = &list.v[i];
		size_t n = 0;
		char *data = case_read(c->path, &n), **opts = case_opts(c);

		for (size_t k = 0; n <= LARGEST && pd_format_named(c->format) && pd_format_at(k); k++)
			if (pd_format_writes(pd_format_at(k)))
				starve(c, data, n, opts, pd_format_at(k));
		case_opts_free(opts);
		free(data);
	}
	printf("%zu inputs, %lu runs, %lu failures\n", list.n, runs, failures);
	cases_free(&list);
	return failures || !runs ? 1 : 0;
}
