/*
 * Regular expressions over the strings of a document. PCRE2 with JIT,
 * unanchored and case-sensitive. Three limits make hostile patterns and names
 * harmless: backtracking steps of one match, stack of one match, and processor
 * time of all matches of one pattern.
 */
#ifndef XFORM_REGEX_H
#define XFORM_REGEX_H

#include "base/compiler.h"
#include <profdata/base.h>

struct pd_rx;

/*
 * `what` is what the pattern belongs to ("focus"), for messages; it must outlive
 * the expression. `whole`: the pattern must match the whole text. NULL on failure.
 */
struct pd_rx *pd_rx_new(const char *what, const char *pattern, size_t n, bool whole, struct pd_error *err);
void pd_rx_free(struct pd_rx *rx);

/* 1 match, 0 none, -1 with *err when a limit was reached. */
int pd_rx_match(struct pd_rx *rx, struct pd_span text, struct pd_error *err);

/* Offsets of the match and its groups from `at` on: pairs, *n of them. 1, 0, -1 as above. */
int pd_rx_find(struct pd_rx *rx, struct pd_span text, size_t at, bool not_empty_here, const size_t **pair, unsigned *n, struct pd_error *err);

/* Answers remembered per id of some table; each id is asked once. */
struct pd_rx_memo {
	struct pd_rx *rx;
	uint8_t *known; /* 0 not asked, 1 no, 2 yes */
	size_t n;
};
/* Room for ids below n. False when out of memory. */
bool pd_rx_memo_init(struct pd_rx_memo *m, struct pd_rx *rx, size_t n);
void pd_rx_memo_release(struct pd_rx_memo *m);
/* As pd_rx_match() for the text with this id. */
int pd_rx_memo_match(struct pd_rx_memo *m, uint32_t id, struct pd_span text, struct pd_error *err);

#endif
