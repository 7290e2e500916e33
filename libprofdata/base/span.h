/*
 * Cursor parsing: spans shrink as they are parsed, nothing is copied, nothing
 * needs a terminating zero. Functions that take a number want the whole span
 * to be that number and say false otherwise, leaving their output alone.
 */
#ifndef BASE_SPAN_H
#define BASE_SPAN_H

#include "base/compiler.h"
#include <profdata/base.h>

/* A string literal as a span. */
#define SPAN(literal) ((struct pd_span){ "" literal, sizeof(literal) - 1 })

static inline struct pd_span span_of(const char *text) { return (struct pd_span){ text, text ? strlen(text) : 0 }; }
static inline struct pd_span span_between(const char *p, const char *end) { return (struct pd_span){ p, (size_t)(end - p) }; }

static inline bool span_eq(struct pd_span a, struct pd_span b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool span_is(struct pd_span s, const char *text) { return span_eq(s, span_of(text)); }

static inline bool span_starts(struct pd_span s, const char *text)
{
	size_t n = strlen(text);

	return s.n >= n && memcmp(s.p, text, n) == 0;
}

static inline bool span_ends(struct pd_span s, const char *text)
{
	size_t n = strlen(text);

	return s.n >= n && memcmp(s.p + s.n - n, text, n) == 0;
}

/* Drops the first `n` bytes (all when there are fewer). */
static inline struct pd_span span_skip(struct pd_span s, size_t n)
{
	if (n > s.n)
		n = s.n;
	return (struct pd_span){ s.p + n, s.n - n };
}

/* Takes `text` off the front. */
static inline bool span_eat(struct pd_span *s, const char *text)
{
	if (!span_starts(*s, text))
		return false;
	*s = span_skip(*s, strlen(text));
	return true;
}

/* Takes `text` off the end. */
static inline bool span_reat(struct pd_span *s, const char *text)
{
	if (!span_ends(*s, text))
		return false;
	s->n -= strlen(text);
	return true;
}

static inline const char *span_find(struct pd_span s, char c) { return s.n ? memchr(s.p, c, s.n) : NULL; }
static inline const char *span_rfind(struct pd_span s, char c) { return s.n ? memrchr(s.p, c, s.n) : NULL; }

/* First place of `needle` in `s`, or NULL. */
static inline const char *span_search(struct pd_span s, struct pd_span needle)
{
	return s.n ? memmem(s.p, s.n, needle.p, needle.n) : NULL;
}

/* Cuts at the first `c`: *head is what stands before it, *s what follows. */
static inline bool span_cut(struct pd_span *s, char c, struct pd_span *head)
{
	const char *hit = span_find(*s, c);

	if (!hit)
		return false;
	*head = span_between(s->p, hit);
	s->n -= head->n + 1;
	s->p = hit + 1;
	return true;
}

/* Cuts at the last `c`: *tail is what follows it, *s what stands before. */
static inline bool span_rcut(struct pd_span *s, char c, struct pd_span *tail)
{
	const char *hit = span_rfind(*s, c);

	if (!hit)
		return false;
	*tail = span_between(hit + 1, s->p + s->n);
	s->n = (size_t)(hit - s->p);
	return true;
}

static inline bool span_is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

static inline struct pd_span span_ltrim(struct pd_span s)
{
	while (s.n && span_is_blank(s.p[0])) {
		s.p++;
		s.n--;
	}
	return s;
}

static inline struct pd_span span_rtrim(struct pd_span s)
{
	while (s.n && span_is_blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

static inline struct pd_span span_trim(struct pd_span s) { return span_rtrim(span_ltrim(s)); }

/* Next word (blanks around it dropped); false when only blanks are left. */
static inline bool span_word(struct pd_span *s, struct pd_span *word)
{
	struct pd_span t = span_ltrim(*s);
	size_t n = 0;

	while (n < t.n && !span_is_blank(t.p[n]))
		n++;
	if (!n)
		return false;
	*word = (struct pd_span){ t.p, n };
	*s = span_skip(t, n);
	return true;
}

/* Leading decimal digits off the front: at least one, and no overflow. */
bool span_eat_u64(struct pd_span *s, uint64_t *out);
/* Leading hexadecimal digits (no "0x"): 1 to 16. */
bool span_eat_hex(struct pd_span *s, uint64_t *out);

static inline bool span_u64(struct pd_span s, uint64_t *out)
{
	uint64_t v = 0;

	if (pd_unlikely(s.n - 1 > 18)) { /* empty, or long enough to overflow */
		struct pd_span rest = s;

		if (!span_eat_u64(&rest, &v) || rest.n)
			return false;
		*out = v;
		return true;
	}
	for (size_t i = 0; i < s.n; i++) {
		unsigned d = (unsigned)(unsigned char)s.p[i] - '0';

		if (d > 9)
			return false;
		v = v * 10 + d;
	}
	*out = v;
	return true;
}

/* With an optional sign. */
bool span_i64(struct pd_span s, int64_t *out);

/* Hexadecimal with or without "0x". */
static inline bool span_hex(struct pd_span s, uint64_t *out)
{
	struct pd_span rest = s;
	uint64_t v;

	if (rest.n > 2 && rest.p[0] == '0' && (rest.p[1] | 0x20) == 'x')
		rest = span_skip(rest, 2);
	if (!span_eat_hex(&rest, &v) || rest.n)
		return false;
	*out = v;
	return true;
}

/* "12.5" → 125 with 1 decimal, exactly; "-3" → -3 with 0. Trailing zeros of the fraction are dropped. At most 18 decimals. */
bool span_decimal(struct pd_span s, int64_t *value, unsigned *decimals);
/* "12.5" → 12500 with `decimals` 3; digits beyond are cut off. At most 18 decimals. For times: seconds to ns with 9. */
bool span_fixed(struct pd_span s, unsigned decimals, int64_t *value);
/* Floating point in the C locale: "1.5e-3"; finite only. */
bool span_real(struct pd_span s, double *out);

/* Valid UTF-8? (no overlong forms, no surrogates) */
bool span_utf8(struct pd_span s);

#endif
