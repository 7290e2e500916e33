/* Strings: each text once, zero-terminated in an arena; id 0 is "". */
#include "model/index.h"

static uint32_t text_hash(const struct pd_builder *b, const char *p, size_t n)
{
	return pd_fold32(pd_hash_bytes(b->key, p, n));
}

static uint32_t string_hash(const struct pd_builder *b, uint32_t row)
{
	struct pd_span s = b->doc->t.strings.row.v[row];

	return text_hash(b, s.p, s.n);
}

static uint32_t string_append(struct pd_builder *b, const char *text, size_t n)
{
	struct pd_strings *s = &b->doc->t.strings;
	size_t before = s->text.used;
	char *copy;

	if (n > b->limits.max_string) {
		pd_builder_fail(b, PD_ERR_LIMIT, "string of %zu bytes is longer than the limit of %u", n, b->limits.max_string);
		return 0;
	}
	if (s->row.n > PD_MAX_ROWS) {
		pd_builder_fail(b, PD_ERR_LIMIT, "more than %u strings", PD_MAX_ROWS);
		return 0;
	}
	copy = pd_arena_text(&s->text, text, n);
	if (!copy || !pd_builder_reserve(b, &s->row, 1)) {
		pd_builder_fail(b, PD_ERR_NOMEM, "out of memory");
		return 0;
	}
	if (s->text.used != before && !pd_builder_grow(b, NULL, NULL, 0, 0, 0))
		return 0;
	s->row.v[s->row.n] = (struct pd_span){ copy, n };
	return (uint32_t)s->row.n++;
}

pd_str pd_intern(struct pd_builder *b, const char *text, size_t n)
{
	struct pd_strings *s;
	uint32_t hash, at, row;

	if (b->failed || n == 0)
		return (pd_str){ 0 };
	s = &b->doc->t.strings;
	if (!pd_builder_index(b, &s->index, (uint32_t)s->row.n, string_hash))
		return (pd_str){ 0 };
	hash = text_hash(b, text, n);
	for (row = pd_index_first(&s->index, hash, &at); row; row = pd_index_next(&s->index, hash, &at))
		if (s->row.v[row].n == n && !memcmp(s->row.v[row].p, text, n))
			return (pd_str){ row };
	row = string_append(b, text, n);
	if (row)
		pd_index_put(&s->index, hash, at, row);
	return (pd_str){ row };
}

pd_str pd_intern_z(struct pd_builder *b, const char *text)
{
	return text ? pd_intern(b, text, strlen(text)) : (pd_str){ 0 };
}

struct pd_span pd_builder_string(const struct pd_builder *b, pd_str s)
{
	const struct pd_strings *t = b->doc ? &b->doc->t.strings : NULL;

	return t && s.v < t->row.n ? t->row.v[s.v] : (struct pd_span){ "", 0 };
}
