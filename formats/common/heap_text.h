/* Heap profiles as text: the lines of tcmalloc, which Go took over, and undoing the sampling. */
#ifndef COMMON_HEAP_TEXT_H
#define COMMON_HEAP_TEXT_H

#include "base/span.h"
#include <math.h>

/*
 * Allocations are sampled once per `rate` bytes on average (Poisson), so one of
 * size s is seen with probability 1 - exp(-s / rate). Turns `*n` objects of
 * `*bytes` together that were seen into an estimate of all, in double and cut
 * off, as Go's runtime and pprof do. A rate up to 1 means everything was seen.
 */
static inline void pd_heap_unsample(int64_t *n, int64_t *bytes, int64_t rate)
{
	double scale, count, size;

	if (*n == 0 || *bytes == 0) {
		*n = *bytes = 0;
		return;
	}
	if (rate <= 1)
		return;
	scale = 1 / (1 - exp(-((double)*bytes / (double)*n) / (double)rate));
	count = (double)*n * scale;
	size = (double)*bytes * scale;
	if (fabs(count) < 0x1p63 && fabs(size) < 0x1p63) { /* else: sizes nobody has; leave them */
		*n = (int64_t)count;
		*bytes = (int64_t)size;
	}
}

/* "OBJECTS: BYTES [OBJECTS: BYTES] @ REST": in use, then allocated. */
static inline bool pd_heap_numbers(struct pd_span s, int64_t v[4], struct pd_span *rest)
{
	static const char end[4] = { ':', '[', ':', ']' };
	struct pd_span part;

	for (unsigned i = 0; i < 4; i++)
		if (!span_cut(&s, end[i], &part) || !span_i64(span_trim(part), &v[i]))
			return false;
	s = span_ltrim(s);
	if (!span_eat(&s, "@"))
		return false;
	*rest = span_ltrim(s);
	return true;
}

#endif
