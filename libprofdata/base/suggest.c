/* "Did you mean": bounded Damerau-Levenshtein distance (optimal string alignment). */
#include "base/compiler.h"

#include <profdata/opt.h>

#define LONGEST 64 /* longer words get no suggestion */

static inline char fold(char c)
{
	return c == '_' ? '-' : c;
}

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Three rows of the matrix are alive at a time. */
static unsigned distance(const char *a, size_t n, const char *b, size_t m)
{
	unsigned row[3][LONGEST + 1], *two = row[0], *one = row[1], *now = row[2];

	for (size_t j = 0; j <= m; j++)
		one[j] = (unsigned)j;
	for (size_t i = 1; i <= n; i++) {
		unsigned *spare = two;

		now[0] = (unsigned)i;
		for (size_t j = 1; j <= m; j++) {
			unsigned differs = fold(a[i - 1]) != fold(b[j - 1]);

			now[j] = least(least(one[j] + 1, now[j - 1] + 1), one[j - 1] + differs);
			if (i > 1 && j > 1 && fold(a[i - 1]) == fold(b[j - 2]) && fold(a[i - 2]) == fold(b[j - 1]))
				now[j] = least(now[j], two[j - 2] + 1);
		}
		two = one;
		one = now;
		now = spare;
	}
	return one[m];
}

void pd_suggest_init(struct pd_suggest *s, const char *word)
{
	size_t n = strlen(word);

	*s = (struct pd_suggest){ .word = word, .limit = n < 4 ? 1 : n < 8 ? 2 : 3 };
	s->distance = s->limit + 1;
}

void pd_suggest_offer(struct pd_suggest *s, const char *candidate)
{
	size_t n = strlen(s->word), m = strlen(candidate);
	unsigned d;

	if (!n || n > LONGEST || m > LONGEST || !m)
		return;
	if (n < m && strncmp(s->word, candidate, n) == 0) {
		s->prefixed = candidate;
		s->n_prefixed++;
	}
	if (n > m + s->limit || m > n + s->limit)
		return;
	d = distance(s->word, n, candidate, m);
	if (d < s->distance && d < (n > m ? n : m)) { /* a word with no letter in common is no neighbour */
		s->distance = d;
		s->best = candidate;
	}
}

const char *pd_suggest_best(const struct pd_suggest *s)
{
	return s->n_prefixed == 1 && s->distance > 1 ? s->prefixed : s->best;
}

const char *pd_suggest(const char *word, const char *const *candidates)
{
	struct pd_suggest s;

	pd_suggest_init(&s, word);
	while (candidates && *candidates)
		pd_suggest_offer(&s, *candidates++);
	return pd_suggest_best(&s);
}
