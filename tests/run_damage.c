/*
 * Damaged inputs: every truncation of small files, every single flipped bit of
 * very small ones, a fixed random sample of larger ones. Each must end in a
 * status or in a document that keeps the promises of the model and can be
 * dumped; nothing else is judged. Meant to run under sanitizers too.
 *
 * usage: run_damage ROOT [FORMAT]
 */
#include "cases.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WHOLE_TRUNCATION 4096
#define WHOLE_FLIPS 1024
#define SAMPLES 600
#define LARGEST 65536 /* bigger inputs are for other tests */

static unsigned long runs, failures;

static void try_bytes(const struct case_file *c, const char *data, size_t n, char **opts, const char *what, size_t where)
{
	const struct pd_format *own = pd_format_named(c->format);
	struct pd_error err = { 0 };
	char text[80];
	char *copy = malloc(n ? n : 1), *dump = NULL;
	struct pd_doc *doc;
	size_t n_dump;

	snprintf(text, sizeof(text), "%s %zu", what, where);
	case_watch(text, c->path, 20);
	runs++;
	if (!copy)
		exit(2);
	memcpy(copy, data, n); /* exactly as large as the input, so that a sanitizer sees reads beyond it */
	doc = case_load("input", copy, n, own, opts, NULL, &err);
	if (doc) {
		bool sound = pd_doc_check(doc, &err);

		dump = sound ? case_save(doc, pd_format_named("dump"), NULL, &n_dump, &err) : NULL;
		if (!dump) {
			fprintf(stderr, "%s: %s: %s\n", c->path, text, err.text);
			failures++;
		}
	} else if (err.status == PD_OK || err.status == PD_ERR_INTERNAL || !err.text[0]) {
		fprintf(stderr, "%s: %s: no document and status '%s' (%s)\n", c->path, text, pd_status_name(err.status), err.text);
		failures++;
	}
	free(dump);
	free(copy);
	pd_doc_unref(doc);
}

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state >> 11;
}

static void damage(const struct case_file *c)
{
	uint64_t state = 88172645463325252u;
	size_t n = 0;
	char *data = case_read(c->path, &n), **opts = case_opts(c);

	if (n > 0 && n <= LARGEST) {
		size_t cuts = n <= WHOLE_TRUNCATION ? n : SAMPLES, flips = n <= WHOLE_FLIPS ? 8 * n : SAMPLES;

		for (size_t i = 0; i < cuts; i++) {
			size_t cut = n <= WHOLE_TRUNCATION ? i : (size_t)(next_random(&state) % n);

			try_bytes(c, data, cut, opts, "cut at", cut);
		}
		for (size_t i = 0; i < flips; i++) {
			size_t bit = n <= WHOLE_FLIPS ? i : (size_t)(next_random(&state) % (8 * n));

			data[bit / 8] = (char)(data[bit / 8] ^ 1 << bit % 8);
			try_bytes(c, data, n, opts, "flipped bit", bit);
			data[bit / 8] = (char)(data[bit / 8] ^ 1 << bit % 8);
		}
	}
	case_opts_free(opts);
	free(data);
}

int main(int argc, char **argv)
{
	struct case_list list;

	if (argc < 2) {
		fprintf(stderr, "usage: run_damage ROOT [FORMAT]\n");
		return 2;
	}
	list = cases_find(argv[1], argv[2], ".in");
	for (size_t i = 0; i < list.n; i++)
		if (pd_format_named(list.v[i].format))
			damage(&list.v[i]);
	printf("%zu inputs, %lu runs, %lu failures\n", list.n, runs, failures);
	cases_free(&list);
	return failures || !runs ? 1 : 0;
}
