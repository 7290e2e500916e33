/* Times of samples against the clock: a sampler that keeps step with what it samples sees always the same part of it. Warnings. */
#include "base/error.h"
#include "base/span.h"
#include "xform/quality.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#define TENTHS 10
#define FEW 100 /* samples below which phases say nothing */

static const double periods[] = { 0.001, 0.004, 0.01, 0.1, 1 };
#define PERIODS (sizeof(periods) / sizeof(periods[0]))

struct clock {
	double x[PERIODS], y[PERIODS]; /* sums of unit vectors: all alike when the phase is the same */
	uint64_t n, tenth[TENTHS];
	int64_t first, last;
};

static void tick(struct clock *c, int64_t t)
{
	uint64_t since = (uint64_t)t - (uint64_t)c->first, span = (uint64_t)c->last - (uint64_t)c->first;

	for (size_t i = 0; i < PERIODS; i++) {
		uint64_t ns = (uint64_t)(periods[i] * 1e9 + 0.5);
		double angle = 2 * M_PI * (double)(since % ns) / (double)ns;

		c->x[i] += cos(angle);
		c->y[i] += sin(angle);
	}
	c->tenth[span ? (size_t)((double)since / (double)span * (TENTHS - 1e-9)) : 0]++;
	c->n++;
}

/* First and last time of the series; false when none of its samples has one. */
static bool span_of_series(const struct pd_doc *doc, const struct pd_times *times, unsigned series, struct clock *c)
{
	struct pd_rows r;
	size_t n;
	bool any = false;

	for (uint64_t at = 0; (n = pd_series_rows(doc, series, at, &r)); at += n)
		for (size_t i = 0; i < n; i++) {
			int64_t t = pd_times_row(times, series, &r, i);

			if (t == PD_NO_TIME)
				continue;
			c->first = !any || t < c->first ? t : c->first;
			c->last = !any || t > c->last ? t : c->last;
			any = true;
		}
	return any;
}

static void judge(const struct clock *c, struct pd_quality *q)
{
	double span = (double)((uint64_t)c->last - (uint64_t)c->first);

	for (size_t i = 0; i < PERIODS; i++) {
		double r = hypot(c->x[i], c->y[i]) / (double)c->n;

		/* Rayleigh: by chance r has exp(-n r^2) above it; a period must fit into the recording a few times */
		if (span < 10 * periods[i] * 1e9 || exp(-(double)c->n * r * r) > 0.001 || r < 0.95 * q->lockstep)
			continue; /* what keeps step with 4 ms does so with 1 ms: the longer says more */
		q->lockstep = r;
		q->lockstep_period = periods[i];
	}
	q->first_tenth = (double)c->tenth[0] * TENTHS / (double)c->n;
	q->last_tenth = (double)c->tenth[TENTHS - 1] * TENTHS / (double)c->n;
}

enum pd_status pd_quality_times(const struct pd_doc *doc, unsigned series, struct pd_quality *q, struct pd_error *err)
{
	struct pd_times *times = pd_times_new(doc, err);
	struct clock c = { .n = 0 };
	struct pd_rows r;
	size_t n;

	q->first_tenth = q->last_tenth = q->lockstep_period = (double)NAN;
	if (!times)
		return PD_ERR_NOMEM;
	q->timed = pd_times_known(times, series) && span_of_series(doc, times, series, &c);
	for (uint64_t at = 0; q->timed && (n = pd_series_rows(doc, series, at, &r)); at += n)
		for (size_t i = 0; i < n; i++) {
			int64_t t = pd_times_row(times, series, &r, i);

			if (t != PD_NO_TIME)
				tick(&c, t);
		}
	pd_times_free(times);
	if (q->timed && isnan(q->duration) && c.last > c.first)
		q->duration = 1e-9 * (double)((uint64_t)c.last - (uint64_t)c.first);
	if (c.n >= FEW)
		judge(&c, q);
	else
		q->lockstep = (double)NAN;
	return PD_OK;
}

/* ---- warnings ---- */

static void PD_PRINTF(2, 3) warn(struct pd_quality *q, const char *fmt, ...)
{
	va_list ap;
	size_t i = 0;

	while (i < PD_QUALITY_WARNINGS && q->warning[i][0])
		i++;
	if (i == PD_QUALITY_WARNINGS)
		return;
	va_start(ap, fmt);
	vsnprintf(q->warning[i], sizeof(q->warning[i]), fmt, ap);
	va_end(ap);
}

void pd_quality_warn(struct pd_quality *q)
{
	if (!q->samples)
		warn(q, "no samples");
	if (q->coverage < 0.95 && q->z < -3)
		warn(q, "%.1f%% of the expected samples are there: timers were late, masked or capped", 100 * q->coverage);
	if (q->coverage > 1.05 && q->z > 3)
		warn(q, "%.1f%% of the expected samples: rate or CPU time is not what it was taken for", 100 * q->coverage);
	if (!isnan(q->cap))
		warn(q, "%s %.0f samples/s, where timers stop that ride on the kernel's tick; CPU time (--cpu-seconds) would tell",
		     q->cap_of_thread ? "the busiest thread is at" : "near", q->cap);
	if (q->lost_share > 0.01)
		warn(q, "%.1f%% of the samples were lost", 100 * q->lost_share);
	if (q->lost_records)
		warn(q, "samples were lost, %llu times, nobody knows how many", (unsigned long long)q->lost_records);
	if (q->no_stack.share > 0.05)
		warn(q, "%.1f%% of the samples have no stack", 100 * q->no_stack.share);
	if (q->truncated.share > 0.01)
		warn(q, "%.1f%% of the stacks end where the tool stops: their roots are missing", 100 * q->truncated.share);
	if (q->leaf_unknown.share > 0.05)
		warn(q, "%.1f%% of the samples have no name at the leaf: symbols are missing", 100 * q->leaf_unknown.share);
	if (q->broken.share > 0.05)
		warn(q, "%.1f%% of the stacks do not reach the start of a thread", 100 * q->broken.share);
	if (q->lockstep > 0.3)
		warn(q, "samples keep step with a clock of %g ms: what happens at its pace is seen too often or never; another rate (99, 101) would not", 1e3 * q->lockstep_period);
	if (q->samples && q->samples < 100)
		warn(q, "few samples: a function with 10%% of the time has an interval of some %.0f points", 100 * 1.96 * sqrt(0.09 / (double)q->samples) * 2);
	if (q->first_tenth > 2 || q->first_tenth < 0.5 || q->last_tenth > 2 || q->last_tenth < 0.5)
		warn(q, "the load was uneven: %.2f and %.2f times the mean in the first and last tenth", q->first_tenth, q->last_tenth);
}
