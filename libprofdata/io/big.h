/* Growing buffers, big ones straight from the kernel: growing moves pages, not bytes, and what is freed is gone. */
#ifndef IO_BIG_H
#define IO_BIG_H

#include "base/compiler.h"

struct pd_big {
	char *p;
	size_t n, cap; /* n is the owner's business */
};

/* Makes room for `cap` bytes; untouched room costs no memory. False when there is none. */
bool pd_big_reserve(struct pd_big *b, size_t cap);
/* Gives back what lies behind n. */
void pd_big_trim(struct pd_big *b);
/* Gives back the pages that lie wholly in the first n bytes; they read as zeros from then on. */
void pd_big_forget(struct pd_big *b, size_t n);
void pd_big_release(struct pd_big *b);

#endif
