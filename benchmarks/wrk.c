/*
 * wrk - one run of wrk (or wrk2):
 *
 *   Running 30s test @ http://127.0.0.1:8080/
 *     Thread Stats   Avg      Stdev     Max   +/- Stdev
 *       Latency   635.91us    0.89ms  12.92ms   93.69%
 *     Latency Distribution
 *        50%  541.00us
 *   Requests/sec:  748868.53
 *
 * A file (or each run in it) is one observation. Times have units us ms s m h, counts k M G.
 */
#include "load_text.h"

static bool running_line(struct pd_span line, struct pd_span *url)
{
	const char *at;

	if (!span_starts(line, "Running ") || !(at = span_search(line, SPAN(" test @ "))))
		return false;
	*url = span_trim(span_between(at + 8, line.p + line.n));
	return true;
}

static enum pd_sniff wrk_sniff(const struct pd_probe *p)
{
	struct pd_span url;

	for (unsigned i = 0; p->is_text && i < p->n_lines && i < 16; i++)
		if (running_line(p->lines[i], &url))
			return PD_SNIFF_SHAPE;
	return PD_SNIFF_NO;
}

/* "748.87k" → 748870 */
static bool count(struct pd_span s, double *v)
{
	struct pd_span unit;

	if (!load_number(s, v, &unit))
		return false;
	*v *= span_is(unit, "k") ? 1e3 : span_is(unit, "M") ? 1e6 : span_is(unit, "G") ? 1e9 : 1;
	return unit.n <= 1;
}

static void one_line(struct pd_source *src, struct pd_bench *b, struct pd_span url, struct pd_span line)
{
	struct pd_span word, next, unit;
	char metric[16];
	double v;

	line = span_trim(line);
	if (span_eat(&line, "Requests/sec:")) {
		if (count(span_trim(line), &v))
			load_add(b, url, "requests/s", v, SPAN("1/s"), src->line);
	} else if (span_starts(line, "Socket errors:") || span_starts(line, "Non-2xx")) {
		pd_bench_remark_add(b, "%.*s", (int)line.n, line.p);
	} else if (span_word(&line, &word) && span_word(&line, &next) && load_number(next, &v, &unit) && unit.n) {
		if (span_is(word, "Latency"))
			load_add(b, url, "latency mean", v, unit, src->line);
		else if (span_ends(word, "%") && load_percentile(word, metric))
			load_add(b, url, metric, v, unit, src->line);
	}
}

static enum pd_status wrk_read(struct pd_source *src, struct pd_bench_sink *sink)
{
	struct pd_span line, url = { "", 0 };

	while (source_line(src, &line)) {
		struct pd_span found;

		if (running_line(line, &found)) {
			const char *kept = pd_bench_text(sink->bench, found);

			url = span_of(kept ? kept : "");
		} else {
			one_line(src, sink->bench, url, line);
		}
	}
	return pd_source_status(src);
}

const struct pd_benchmark pd_benchmark_wrk = {
	.name = "wrk",
	.summary = "text of wrk and wrk2",
	.sniff = wrk_sniff,
	.read = wrk_read,
};
