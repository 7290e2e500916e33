/*
 * harness - one run of an observability benchmark harness: a folder with meta.yaml (older: result.yaml) and ops.csv.
 *
 *   config:
 *       workload: json            ops.csv:  start,duration,error
 *       iteration: 1                        2021-10-14T14:13:28.123Z,7.932684ms,
 *       concurrency: 8
 *       profile:
 *           cpu: true
 *   result:
 *       duration: 60s
 *       stats:
 *           ops_count: 1000
 *       before_rusage: {...}, after_rusage: {...}, profiles: [...]
 *
 * A run is one observation of the mean, percentiles, ops/s, CPU time per operation and stop time. The workload is the
 * workload with its concurrency, the variant the set of profilers, the block the iteration; in this harness the order
 * inside an iteration is fixed. Only the part of YAML that such files use is understood: maps and lists by
 * indentation, plain and quoted scalars, and maps in braces on one line.
 */
#include "base/vec.h"
#include "load_text.h"

#include <inttypes.h>

#define DEPTH 16
#define PATH 256

enum profiler { CPU, MEM, MUTEX, BLOCK, GOROUTINE, TRACE, PROFILERS };
static const char *const profiler_name[PROFILERS] = { "cpu", "mem", "mutex", "block", "goroutine", "trace" };

struct run {
	const char *workload;
	int64_t iteration, concurrency;
	double duration, ops, mean, stop;
	double cpu_before, cpu_after, rss;
	bool has_cpu;
	unsigned wanted, found; /* bits of profilers: configured, with a profile */
};

static enum pd_sniff harness_sniff(const struct pd_probe *p)
{
	bool config = false, result = false, own = false;

	for (unsigned i = 0; p->is_text && i < p->n_lines; i++) {
		struct pd_span t = span_trim(p->lines[i]);

		config |= span_is(p->lines[i], "config:");
		result |= span_is(p->lines[i], "result:");
		own |= span_starts(t, "workload:") || span_starts(t, "concurrency:") || span_starts(t, "ops_count:");
	}
	return (config || result) && own ? PD_SNIFF_SHAPE : PD_SNIFF_NO;
}

/* Seconds of "7.932684ms", "1m30.5s", "71.159us" (micro sign too) or of whole nanoseconds. */
static bool go_duration(struct pd_span s, double *out)
{
	double total = 0, v;
	uint64_t ns;
	bool minus = span_eat(&s, "-");

	if (span_u64(s, &ns)) {
		*out = (minus ? -1e-9 : 1e-9) * (double)ns;
		return true;
	}
	if (!s.n)
		return false;
	while (s.n) {
		size_t n = 0, u;
		char base[64];

		while (n < s.n && ((s.p[n] >= '0' && s.p[n] <= '9') || s.p[n] == '.'))
			n++;
		if (!n || !span_real((struct pd_span){ s.p, n }, &v))
			return false;
		s = span_skip(s, n);
		for (u = 0; u < s.n && !(s.p[u] >= '0' && s.p[u] <= '9') && s.p[u] != '.'; u++)
			;
		v *= pd_bench_unit((struct pd_span){ s.p, u }, base, sizeof(base));
		if (strcmp(base, "s") != 0)
			return false;
		total += v;
		s = span_skip(s, u);
	}
	*out = minus ? -total : total;
	return true;
}

static struct pd_span unquote(struct pd_span s)
{
	s = span_trim(s);
	if (s.n >= 2 && (s.p[0] == '"' || s.p[0] == '\'') && s.p[s.n - 1] == s.p[0])
		s = (struct pd_span){ s.p + 1, s.n - 2 };
	return s;
}

static bool after(const char *path, const char *prefix, const char **rest)
{
	size_t n = strlen(prefix);

	*rest = path + n;
	return strncmp(path, prefix, n) == 0;
}

static void rusage(struct run *r, const char *rest, bool before, struct pd_span value)
{
	double v;
	uint64_t kib;

	if ((strcmp(rest, "user") == 0 || strcmp(rest, "system") == 0) && go_duration(value, &v)) {
		*(before ? &r->cpu_before : &r->cpu_after) += v;
		r->has_cpu = true;
	} else if (!before && strcmp(rest, "maxrss") == 0 && span_u64(value, &kib)) {
		r->rss = (double)kib * 1024;
	}
}

static void profiler(struct run *r, const char *name, bool on, unsigned *set)
{
	(void)r;
	for (unsigned i = 0; i < PROFILERS; i++)
		if (on && strcmp(name, profiler_name[i]) == 0)
			*set |= 1u << i;
}

/* One scalar of the file, by its path. */
static void scalar(struct run *r, struct pd_bench *b, const char *path, struct pd_span value)
{
	const char *rest;
	uint64_t n;
	double v;

	if (strcmp(path, "config.workload") == 0) {
		r->workload = pd_bench_text(b, value);
	} else if (strcmp(path, "config.iteration") == 0 && span_u64(value, &n) && n < INT32_MAX) {
		r->iteration = (int64_t)n;
	} else if (strcmp(path, "config.concurrency") == 0 && span_u64(value, &n) && n < INT32_MAX) {
		r->concurrency = (int64_t)n;
	} else if (after(path, "config.profile.", &rest)) {
		profiler(r, rest, span_is(value, "true"), &r->wanted);
	} else if (strcmp(path, "result.duration") == 0 && go_duration(value, &v)) {
		r->duration = v;
	} else if (strcmp(path, "result.stats.ops_count") == 0 && span_u64(value, &n)) {
		r->ops = (double)n;
	} else if (strcmp(path, "result.stats.avg_duration") == 0 && go_duration(value, &v)) {
		r->mean = v;
	} else if (after(path, "result.before_rusage.", &rest)) {
		rusage(r, rest, true, value);
	} else if (after(path, "result.after_rusage.", &rest)) {
		rusage(r, rest, false, value);
	} else if (after(path, "result.profiles.", &rest) && strcmp(rest, "kind") == 0) {
		char name[32];

		snprintf(name, sizeof(name), "%.*s", (int)(value.n < 31 ? value.n : 31), value.p);
		profiler(r, name, true, &r->found);
	} else if (after(path, "result.profiles.", &rest) && strcmp(rest, "stop_duration") == 0 && go_duration(value, &v)) {
		r->stop += v;
	}
}

/* ---- the YAML subset ---- */

struct yaml {
	char path[PATH];
	struct level { size_t indent, length; } level[DEPTH]; /* of the path above each open map */
	unsigned depth;
};

/* "{user: 1s, system: 2s}" */
static void flow_map(struct run *r, struct pd_bench *b, char *path, size_t length, struct pd_span body)
{
	struct pd_span item, key;

	span_reat(&body, "}");
	while (body.n) {
		if (!span_cut(&body, ',', &item)) {
			item = body;
			body.n = 0;
		}
		if (!span_cut(&item, ':', &key))
			continue;
		key = unquote(key);
		snprintf(path + length, PATH - length, ".%.*s", (int)(key.n < 64 ? key.n : 64), key.p);
		scalar(r, b, path, unquote(item));
	}
	path[length] = '\0';
}

static void map_line(struct yaml *y, struct run *r, struct pd_bench *b, struct pd_span line, size_t indent)
{
	struct pd_span key;
	size_t length;

	while (y->depth && y->level[y->depth - 1].indent >= indent)
		y->depth--;
	length = y->depth ? y->level[y->depth - 1].length : 0;
	y->path[length] = '\0';
	if (!span_cut(&line, ':', &key))
		return;
	key = unquote(key);
	line = span_trim(line);
	length += (size_t)snprintf(y->path + length, PATH - length, "%s%.*s", length ? "." : "", (int)(key.n < 64 ? key.n : 64), key.p);
	if (length >= PATH)
		return;
	if (span_eat(&line, "{"))
		flow_map(r, b, y->path, length, line);
	else if (line.n)
		scalar(r, b, y->path, unquote(line));
	else if (y->depth < DEPTH)
		y->level[y->depth++] = (struct level){ indent, length };
}

static enum pd_status read_meta(struct pd_source *src, struct pd_bench_sink *sink, struct run *r)
{
	struct yaml y = { .depth = 0 };
	struct pd_span line;

	while (source_line(src, &line)) {
		size_t indent = 0;

		while (indent < line.n && line.p[indent] == ' ')
			indent++;
		line = span_rtrim(span_skip(line, indent));
		if (!line.n || line.p[0] == '#' || span_starts(line, "---"))
			continue;
		if (line.p[0] == '\t')
			return pd_fail(&sink->sink, src, "a tab cannot indent YAML");
		while (span_eat(&line, "- ")) { /* an element of a list: its members belong to the list's own path */
			indent += 2;
			while (line.n && line.p[0] == ' ') {
				line = span_skip(line, 1);
				indent++;
			}
		}
		map_line(&y, r, sink->bench, line, indent);
	}
	return pd_source_status(src);
}

/* ---- ops.csv beside it ---- */

typedef PD_VEC(double) durations;

static enum pd_status read_ops(struct pd_source *src, struct pd_bench_sink *sink, durations *d, uint64_t *errors)
{
	struct pd_span line, start, duration;
	double v;

	while (source_line(src, &line)) {
		if (!line.n || (src->line == 1 && span_starts(line, "start,")))
			continue;
		if (!span_cut(&line, ',', &start) || (!span_cut(&line, ',', &duration) && ((duration = line), (line.n = 0), false)) ||
		    !go_duration(span_trim(duration), &v))
			return pd_fail(&sink->sink, src, "expected 'start,duration,error'");
		*errors += span_trim(line).n > 0;
		if (!pd_vec_push(d, v)) {
			sink->bench->failed = PD_ERR_NOMEM;
			return PD_OK;
		}
	}
	return pd_source_status(src);
}

/* The operations of the run whose meta file is `src`; none when there is no such file. */
static enum pd_status ops_beside(struct pd_source *src, struct pd_bench_sink *sink, durations *d, uint64_t *errors)
{
	char path[600];
	const char *name = pd_source_name(src), *slash = strrchr(name, '/');
	struct pd_error none = { 0 };
	struct pd_source *ops;
	enum pd_status st;

	if ((size_t)snprintf(path, sizeof(path), "%.*sops.csv", slash ? (int)(slash + 1 - name) : 0, name) >= sizeof(path))
		return PD_OK;
	ops = pd_source_path(path, sink->sink.limits, &none);
	if (!ops)
		return PD_OK;
	st = read_ops(ops, sink, d, errors);
	if (st > PD_WARN && sink->sink.err->status == PD_OK)
		*sink->sink.err = *pd_source_error(ops);
	pd_source_free(ops);
	return st;
}

static void variant_name(const struct run *r, char *buf, size_t size)
{
	unsigned set = r->wanted ? r->wanted : r->found;
	size_t n = 0;

	if (!set || set == (1u << PROFILERS) - 1) {
		snprintf(buf, size, "%s", set ? "all" : "none");
		return;
	}
	for (unsigned i = 0; i < PROFILERS; i++)
		if (set >> i & 1)
			n += (size_t)snprintf(buf + n, size - n, "%s%s", n ? "+" : "", profiler_name[i]);
}

struct out {
	struct pd_bench *b;
	struct pd_span workload, variant;
	const struct run *r;
};

static void tell(const struct out *o, const char *metric, const char *unit, double value)
{
	struct pd_bench_value v = { PD_BENCH_VALUE };

	v.workload = o->workload;
	v.variant = o->variant;
	v.metric = span_of(metric);
	v.unit = span_of(unit);
	v.value = value;
	v.block = o->r->iteration;
	v.ops = o->r->ops;
	pd_bench_add(o->b, &v);
}

static void tell_run(const struct out *o, struct run *r, durations *d, uint64_t errors)
{
	pd_stat_sort(d->v, d->n);
	if (d->n) {
		r->ops = (double)d->n;
		r->mean = pd_stat_mean(d->v, d->n);
	}
	if (r->mean != 0)
		tell(o, "time/op", "s/op", r->mean);
	if (d->n) {
		tell(o, "p50", "s", pd_sorted_quantile(d->v, d->n, 0.5));
		tell(o, "p90", "s", pd_sorted_quantile(d->v, d->n, 0.9));
	}
	if (d->n >= 300) /* too few operations say nothing about one in a hundred */
		tell(o, "p99", "s", pd_sorted_quantile(d->v, d->n, 0.99));
	if (r->duration > 0 && r->ops > 0)
		tell(o, "ops/s", "1/s", r->ops / r->duration);
	if (r->has_cpu && r->ops > 0)
		tell(o, "CPU/op", "s/op", (r->cpu_after - r->cpu_before) / r->ops);
	if (r->rss > 0)
		tell(o, "max RSS", "B", r->rss);
	if (errors)
		pd_bench_remark_add(o->b, "%" PRIu64 " operations failed", errors);
	for (unsigned i = 0; i < PROFILERS; i++)
		if ((r->wanted & ~r->found) >> i & 1)
			pd_bench_remark_add(o->b, "claims the profiler %s but has no profile of it", profiler_name[i]);
}

static enum pd_status harness_read(struct pd_source *src, struct pd_bench_sink *sink)
{
	struct run r = { .iteration = -1 };
	durations d = { 0 };
	uint64_t errors = 0;
	char workload[300], variant[64];
	enum pd_status st = read_meta(src, sink, &r);

	if (st <= PD_WARN)
		st = ops_beside(src, sink, &d, &errors);
	if (st <= PD_WARN) {
		if (r.concurrency > 0)
			snprintf(workload, sizeof(workload), "%.200s c=%" PRId64, r.workload ? r.workload : "run", r.concurrency);
		else
			snprintf(workload, sizeof(workload), "%.200s", r.workload ? r.workload : "run");
		variant_name(&r, variant, sizeof(variant));
		sink->bench->input.v[sink->bench->input.n - 1].fixed_order = true;
		tell_run(&(struct out){ sink->bench, span_of(workload), span_of(variant), &r }, &r, &d, errors);
	}
	pd_vec_release(&d);
	return st;
}

const struct pd_benchmark pd_benchmark_harness = {
	.name = "harness",
	.summary = "run folders of an observability harness (meta.yaml, ops.csv)",
	.sniff = harness_sniff,
	.read = harness_read,
};
