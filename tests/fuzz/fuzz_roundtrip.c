#include "targets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Dump → document → dump must not change a byte. */
static void check_again(const char *text, size_t n)
{
	const struct pd_format *dump = pd_format_named("dump");
	struct pd_error err = { 0 };
	struct pd_doc *doc = pd_fuzz_load(dump, text, n, &err);
	char *again;
	size_t n_again = 0;

	if (!doc) {
		if (err.status == PD_ERR_LIMIT || err.status == PD_ERR_NOMEM)
			return;
		fprintf(stderr, "line %llu: ", (unsigned long long)err.line);
		pd_fuzz_broken("a dump does not read back", &err);
	}
	again = pd_fuzz_save(doc, dump, &n_again);
	if (again && (n_again != n || memcmp(text, again, n) != 0)) {
		fprintf(stderr, "%.*s\n---\n%.*s\n", (int)n, text, (int)n_again, again);
		pd_fuzz_broken("a dump reads back as another", NULL);
	}
	free(again);
	pd_doc_unref(doc);
}

void pd_fuzz_roundtrip(const struct pd_format *format, const uint8_t *data, size_t n)
{
	struct pd_error err = { 0 };
	struct pd_doc *doc = format && !pd_format_reads(format) ? NULL : pd_fuzz_load(format, data, n, &err);
	size_t n_text = 0;
	char *text = doc ? pd_fuzz_save(doc, pd_format_named("dump"), &n_text) : NULL;

	if (text)
		check_again(text, n_text);
	free(text);
	pd_doc_unref(doc);
}
