/*
 * Small pprof files built field by field, and the questions tests ask about
 * them. Header only; a test file uses what it needs.
 */
#ifndef SUPPORT_PPROF_CASE_H
#define SUPPORT_PPROF_CASE_H

#include "cm.h"
#include "proto_emit.h"
#include <profdata/profdata.h>

enum { S_EMPTY, S_SAMPLES, S_COUNT, S_CPU, S_NS, S_MAIN, S_FILE, S_BIN, S_BUILD, S_WORK, S_KEY, S_VALUE, S_BYTES, S_COMM, S_PID, S_STRINGS };
static const char *const strings[] = { "", "samples", "count", "cpu", "nanoseconds", "main", "main.c", "/bin/app", "abc123", "work",
				       "key", "value", "bytes", "comm", "pid" };

static struct emit e; /* the profile being built */
static struct emit sub;
static struct pd_error err;

static inline void put_strings(void)
{
	for (int i = 0; i < S_STRINGS; i++)
		emit_text(&e, 6, strings[i]);
}

static inline void put_types(void)
{
	EMIT_NUMS(&e, 1, 1, S_SAMPLES, 2, S_COUNT);
	EMIT_NUMS(&e, 1, 1, S_CPU, 2, S_NS);
}

/* Location `id` with one line in function 1. */
static inline void put_location(int64_t id, int64_t mapping)
{
	emit_num(&sub, 1, id);
	if (mapping)
		emit_num(&sub, 2, mapping);
	emit_num(&sub, 3, 0x1000 + id);
	EMIT_NUMS(&sub, 4, 1, 1, 2, 42);
	emit_message(&e, 4, &sub);
}

static inline void put_function(void)
{
	EMIT_NUMS(&e, 5, 1, 1, 2, S_MAIN, 3, S_MAIN, 4, S_FILE, 5, 40);
}

static inline void put_mapping(void)
{
	EMIT_NUMS(&e, 3, 1, 1, 2, 0x1000, 3, 0x2000, 4, 0x10, 5, S_BIN, 6, S_BUILD, 7, 1);
}

static inline void put_sample(int64_t location, int64_t count, int64_t ns)
{
	emit_num(&sub, 1, location);
	emit_num(&sub, 2, count);
	emit_num(&sub, 2, ns);
	emit_message(&e, 2, &sub);
}

static inline void start(void)
{
	e.n = sub.n = 0;
	err = (struct pd_error){ 0 };
}

/* Types, mapping, location 1, function 1, strings. */
static inline void put_tables(void)
{
	put_types();
	put_mapping();
	put_location(1, 1);
	put_function();
	put_strings();
}

static inline struct pd_doc *load_limited(const struct pd_limits *limits, bool strict)
{
	struct pd_load_opts opts = { .size = sizeof opts, .format = pd_format_named("pprof"), .limits = limits, .strict = strict };
	struct pd_source *src = pd_source_memory("test.pb", e.b, e.n, limits, &err);
	struct pd_doc *doc;

	assert_non_null(opts.format);
	assert_non_null(src);
	doc = pd_load(src, &opts, &err);
	pd_source_free(src);
	if (doc) {
		struct pd_error check = { 0 };
		if (!pd_doc_check(doc, &check))
			fail_msg("pd_doc_check: %s", check.text);
	}
	return doc;
}

static inline struct pd_doc *load(void)
{
	struct pd_doc *doc = load_limited(NULL, false);

	if (!doc)
		fail_msg("did not load: @%llu %s", (unsigned long long)err.offset, err.text);
	return doc;
}

static inline void expect_text(const struct pd_doc *doc, pd_str s, const char *text)
{
	struct pd_span span = pd_doc_string(doc, s);

	assert_int_equal(span.n, strlen(text));
	assert_memory_equal(span.p, text, span.n);
}

static inline uint64_t note(const struct pd_doc *doc, const char *what)
{
	const struct pd_note_desc *n;
	size_t k = pd_doc_notes(doc, &n);

	for (size_t i = 0; i < k; i++)
		if (strcmp(n[i].what, what) == 0)
			return n[i].count;
	return 0;
}

static inline void expect_no_notes(const struct pd_doc *doc)
{
	const struct pd_note_desc *n;

	assert_int_equal(pd_doc_notes(doc, &n), 0);
}

static inline struct pd_rows row(const struct pd_doc *doc, uint64_t i)
{
	struct pd_rows r;

	assert_true(pd_series_rows(doc, 0, i, &r) > 0);
	return r;
}

static inline pd_frame leaf(const struct pd_doc *doc, uint64_t i)
{
	pd_frame f[64];
	struct pd_rows r = row(doc, i);

	assert_in_range(pd_doc_stack_depth(doc, r.stack[0]), 1, 64);
	pd_doc_stack(doc, r.stack[0], PD_LEAF_FIRST, f);
	return f[0];
}

static inline size_t labels(const struct pd_doc *doc, uint64_t i, const struct pd_label **l)
{
	return pd_doc_labels(doc, row(doc, i).labels[0], l);
}

/* The profile must be refused with this text at this offset. */
static inline void expect_error(enum pd_status status, uint64_t offset, const char *text)
{
	struct pd_doc *doc = load_limited(NULL, false);

	assert_null(doc);
	assert_string_equal(err.text, text);
	assert_int_equal(err.status, status);
	assert_true(err.has_offset);
	assert_int_equal(err.offset, offset);
	assert_string_equal(err.path, "test.pb");
}

#endif
