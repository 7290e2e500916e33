/* Comparing doubles in tests: relative tolerance, infinities and NaN by kind. */
#ifndef SUPPORT_NEAR_H
#define SUPPORT_NEAR_H

#include "cm.h"

#include <math.h>
#include <stdbool.h>

static inline bool near_tol(double got, double want, double tol)
{
	if (isnan(want) || isinf(want))
		return isnan(want) ? isnan(got) != 0 : got == want;
	return fabs(got - want) <= tol * fabs(want) + 1e-300;
}

#define assert_near_tol(got, want, tol, ...) \
	do { \
		double near_got = (got), near_want = (want); \
		if (!near_tol(near_got, near_want, tol)) { \
			print_error(__VA_ARGS__); \
			fail_msg(": %s is %.17g, expected %.17g", #got, near_got, near_want); \
		} \
	} while (0)
#define assert_near(got, want) assert_near_tol(got, want, 1e-9, "line %d", __LINE__)

#endif
