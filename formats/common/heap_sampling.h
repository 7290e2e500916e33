/* Undoing the sampling of heap profiles. */
#ifndef COMMON_HEAP_SAMPLING_H
#define COMMON_HEAP_SAMPLING_H

#include <math.h>
#include <stdint.h>

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

#endif
