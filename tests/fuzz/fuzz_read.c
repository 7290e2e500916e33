#include "targets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void pd_fuzz_broken(const char *what, const struct pd_error *err)
{
	fprintf(stderr, "%s: %s: %s\n", what, err ? pd_status_name(err->status) : "", err ? err->text : "");
	abort();
}

struct pd_doc *pd_fuzz_load(const struct pd_format *format, const void *data, size_t n, struct pd_error *err)
{
	const struct pd_limits limits = {
		.size = sizeof(limits), .max_input = 64 << 20, .max_memory = 256 << 20, .max_string = 1 << 20,
	};
	struct pd_load_opts o = { .size = sizeof(o), .format = format, .limits = &limits };
	struct pd_source *src = pd_source_memory("input", data, n, &limits, err);
	struct pd_doc *doc = src ? pd_load(src, &o, err) : NULL;

	pd_source_free(src);
	if (!doc && (err->status == PD_OK || err->status == PD_WARN || err->status == PD_ERR_INTERNAL || !err->text[0]))
		pd_fuzz_broken("no document and no reason", err);
	if (doc && !pd_doc_check(doc, err))
		pd_fuzz_broken("the document breaks the model", err);
	return doc;
}

char *pd_fuzz_save(const struct pd_doc *doc, const struct pd_format *format, size_t *n)
{
	struct pd_save_opts o = { .size = sizeof(o) };
	struct pd_error err = { 0 };
	struct pd_out *out = pd_out_memory(0, 0, &err);
	char *text = NULL;
	char lost[256];

	if (out && pd_save(doc, format, &o, NULL, out, lost, sizeof(lost), &err) == PD_OK && pd_out_commit(out, &err) == PD_OK) {
		struct pd_span s = pd_out_memory_span(out);

		text = malloc(s.n + 1);
		if (text && s.n)
			memcpy(text, s.p, s.n);
		*n = s.n;
	} else if (err.status == PD_OK || err.status == PD_ERR_INTERNAL || !err.text[0]) {
		pd_fuzz_broken("neither written nor refused", &err);
	}
	pd_out_free(out);
	return text;
}

/* Writing is slow beside reading: besides its own format an input is written as one other, which its bytes choose. */
static size_t chosen_writer(const uint8_t *data, size_t n)
{
	uint32_t h = (uint32_t)n;
	size_t formats = 0;

	while (pd_format_at(formats))
		formats++;
	for (size_t i = 0; i < n; i++)
		h = (h ^ data[i]) * 16777619u;
	return (h >> 8) % formats;
}

void pd_fuzz_read(const struct pd_format *format, const uint8_t *data, size_t n)
{
	struct pd_error err = { 0 };
	struct pd_doc *doc = format && !pd_format_reads(format) ? NULL : pd_fuzz_load(format, data, n, &err);
	size_t chosen = doc ? chosen_writer(data, n) : 0, n_out;

	for (size_t i = 0; doc && pd_format_at(i); i++)
		if (pd_format_writes(pd_format_at(i)) && (i == chosen || pd_format_at(i) == format))
			free(pd_fuzz_save(doc, pd_format_at(i), &n_out));
	pd_doc_unref(doc);
}
