/*
 * go - what `go test -bench` prints, as benchstat reads it:
 *
 *   goos: linux
 *   pkg: example.com/json
 *   Unit ns/op better=lower
 *   BenchmarkEncode-8   	     500	   2497702 ns/op	 512 B/op	       3 allocs/op
 *
 * "key: value" lines hold for what follows; an empty value ends that. The number after the name is the iteration
 * count, then come pairs of value and unit. The same name again is another run. Everything else is ignored.
 */
#include "base/span.h"
#include "bench/bench.h"
#include "io/source.h"

#include <math.h>

struct go {
	struct pd_bench_sink *sink;
	const char *pkg;
	const char *higher[16]; /* units of which more is better, lower ones alike */
	const char *lower[16];
	int64_t order;
};

/* "BenchmarkName 500 12.5 ns/op ...": name and rest. */
static bool result_line(struct pd_span line, struct pd_span *name, uint64_t *iterations, struct pd_span *rest)
{
	struct pd_span word;

	if (!span_starts(line, "Benchmark") || !span_word(&line, name) || !span_word(&line, &word) || !span_u64(word, iterations))
		return false;
	*rest = line;
	return span_word(&line, &word) && span_word(&line, &word);
}

static enum pd_sniff go_sniff(const struct pd_probe *p)
{
	struct pd_span name, rest;
	uint64_t n;

	if (!p->is_text)
		return PD_SNIFF_NO;
	for (unsigned i = 0; i < p->n_lines; i++)
		if (result_line(p->lines[i], &name, &n, &rest))
			return PD_SNIFF_SHAPE;
	for (unsigned i = 0; i < p->n_lines; i++)
		if (span_starts(p->lines[i], "goos: ") || span_starts(p->lines[i], "pkg: "))
			return PD_SNIFF_WEAK;
	return PD_SNIFF_NO;
}

/* "key: value" with a key of benchfmt: begins in lower case, no space, no capital. */
static bool config_line(struct pd_span line, struct pd_span *key, struct pd_span *value)
{
	if (!line.n || line.p[0] < 'a' || line.p[0] > 'z' || !span_cut(&line, ':', key))
		return false;
	for (size_t i = 0; i < key->n; i++)
		if (span_is_blank(key->p[i]) || (key->p[i] >= 'A' && key->p[i] <= 'Z'))
			return false;
	*value = span_trim(line);
	return !line.n || span_is_blank(line.p[0]);
}

static void remember(struct pd_bench *b, const char **list, struct pd_span unit)
{
	for (unsigned i = 0; i < 16; i++) {
		if (!list[i])
			list[i] = pd_bench_text(b, unit);
		if (list[i] && span_is(unit, list[i]))
			return;
	}
}

static bool among(const char *const *list, struct pd_span unit)
{
	for (unsigned i = 0; i < 16 && list[i]; i++)
		if (span_is(unit, list[i]))
			return true;
	return false;
}

/* "Unit ns/op better=lower assume=exact" */
static void unit_line(struct go *g, struct pd_span line)
{
	struct pd_span unit, word;

	span_eat(&line, "Unit ");
	if (!span_word(&line, &unit))
		return;
	while (span_word(&line, &word)) {
		if (span_is(word, "better=higher"))
			remember(g->sink->bench, g->higher, unit);
		else if (span_is(word, "better=lower"))
			remember(g->sink->bench, g->lower, unit);
	}
}

/* A number of Go: "12.5", "1e3", "NaN", "+Inf". */
static bool go_number(struct pd_span s, double *v)
{
	if (span_is(s, "NaN"))
		*v = (double)NAN;
	else if (span_is(s, "+Inf") || span_is(s, "Inf") || span_is(s, "-Inf"))
		*v = s.p[0] == '-' ? -HUGE_VAL : HUGE_VAL;
	else
		return span_real(s, v);
	return true;
}

static enum pd_status result(struct go *g, struct pd_source *src, struct pd_span name, uint64_t iterations, struct pd_span rest)
{
	struct pd_bench_value v = { PD_BENCH_VALUE };
	struct pd_span number;

	v.group = span_of(g->pkg);
	v.workload = span_skip(name, strlen("Benchmark"));
	if (!v.workload.n)
		v.workload = name;
	v.ops = (double)iterations;
	v.line = src->line;
	v.order = g->order++;
	while (span_word(&rest, &number)) {
		if (!go_number(number, &v.value) || !span_word(&rest, &v.unit))
			return pd_note(&g->sink->sink, src, "result line with a value that is no number, or without a unit");
		v.better = among(g->higher, v.unit) ? 1 : among(g->lower, v.unit) ? -1 : 0;
		pd_bench_add(g->sink->bench, &v);
	}
	return PD_OK;
}

static enum pd_status go_read(struct pd_source *src, struct pd_bench_sink *sink)
{
	struct go g = { .sink = sink, .pkg = "" };
	struct pd_span line;
	enum pd_status st = PD_OK;

	while (st <= PD_WARN && source_line(src, &line)) {
		struct pd_span name, rest, key, value;
		uint64_t iterations;

		if (result_line(line, &name, &iterations, &rest)) {
			st = result(&g, src, name, iterations, rest);
		} else if (span_starts(line, "Unit ")) {
			unit_line(&g, line);
		} else if (config_line(line, &key, &value) && span_is(key, "pkg")) {
			g.pkg = pd_bench_text(sink->bench, value);
			if (!g.pkg)
				g.pkg = "";
		}
	}
	return st > PD_WARN ? st : pd_source_status(src);
}

const struct pd_benchmark pd_benchmark_go = {
	.name = "go",
	.summary = "go test -bench",
	.doubled_tail = true, /* benchstat's p-value */
	.sniff = go_sniff,
	.read = go_read,
};
