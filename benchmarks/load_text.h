/* Numbers with units as load generators print them. */
#ifndef BENCHMARKS_LOAD_TEXT_H
#define BENCHMARKS_LOAD_TEXT_H

#include "base/span.h"
#include "bench/bench.h"
#include "io/source.h"

#include <math.h>

/* "12.34ms": number and what follows it. */
static inline bool load_number(struct pd_span s, double *v, struct pd_span *unit)
{
	size_t n = 0;

	while (n < s.n && ((s.p[n] >= '0' && s.p[n] <= '9') || s.p[n] == '.' || (n == 0 && s.p[n] == '-')))
		n++;
	*unit = span_trim(span_skip(s, n));
	return span_real((struct pd_span){ s.p, n }, v);
}

static inline void load_add(struct pd_bench *b, struct pd_span workload, const char *metric, double value, struct pd_span unit, uint64_t line)
{
	struct pd_bench_value v = { PD_BENCH_VALUE };

	v.workload = workload;
	v.metric = span_of(metric);
	v.unit = unit;
	v.value = value;
	v.line = line;
	pd_bench_add(b, &v);
}

/* "99%" or "99%%" → "p99" in buf. */
static inline bool load_percentile(struct pd_span word, char buf[16])
{
	double q;

	while (span_reat(&word, "%"))
		;
	if (!word.n || word.n > 8 || !span_real(word, &q) || !(q >= 0 && q <= 100))
		return false;
	snprintf(buf, 16, "p%.*s", (int)word.n, word.p);
	for (size_t n = strlen(buf); strchr(buf, '.') && (buf[n - 1] == '0' || buf[n - 1] == '.'); n--) {
		bool point = buf[n - 1] == '.';

		buf[n - 1] = '\0';
		if (point)
			break;
	}
	return true;
}

#endif
