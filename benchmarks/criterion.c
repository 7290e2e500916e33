/*
 * criterion - files criterion.rs leaves in target/criterion/GROUP/NAME/new:
 *
 *   sample.json    {"sampling_mode": "Linear", "iters": [100, 200, ...], "times": [1.2e6, 2.4e6, ...]}   (ns)
 *   estimates.json {"mean": {"point_estimate": 12000, ...}, "median": {...}, "slope": {...}}             (ns)
 *
 * The samples of one file come from one process: they are runs of the loop, not of the program, and a remark says so.
 * An estimate is one observation. The names are those of the folders.
 */
#include "json_values.h"

static enum pd_sniff criterion_sniff(const struct pd_probe *p)
{
	if (p->json_top != '{')
		return PD_SNIFF_NO;
	if (pd_probe_has_key(p, "iters") && pd_probe_has_key(p, "times"))
		return PD_SNIFF_SHAPE;
	return pd_probe_has_key(p, "median_abs_dev") && probe_mentions(p, "\"point_estimate\"") ? PD_SNIFF_SHAPE : PD_SNIFF_NO;
}

/*
 * ".../criterion/GROUP/NAME/PARAMETER/new/sample.json" → what stands between; without a folder "criterion" the last two
 * folders, "GROUP/NAME".
 */
static struct pd_span workload_of(const char *path)
{
	struct pd_span s = span_of(path), part;
	const char *at;

	if (!span_rcut(&s, '/', &part) || !span_rcut(&s, '/', &part)) /* file, "new" or "base" */
		return SPAN("criterion");
	at = span_search(s, SPAN("criterion/"));
	if (at && (at == s.p || at[-1] == '/'))
		return span_between(at + strlen("criterion/"), s.p + s.n);
	part = s;
	for (int i = 0; i < 2 && (at = span_rfind(part, '/')); i++)
		part.n = (size_t)(at - part.p);
	return at ? span_between(at + 1, s.p + s.n) : s;
}

static void add_samples(struct pd_source *src, struct pd_bench *b, const json_numbers *iters, const json_numbers *times)
{
	size_t n = iters->n < times->n ? iters->n : times->n;

	if (iters->n != times->n)
		pd_bench_remark_add(b, "%zu iteration counts for %zu times", iters->n, times->n);
	for (size_t i = 0; i < n; i++) {
		struct pd_bench_value v = { PD_BENCH_VALUE };

		v.workload = workload_of(pd_source_name(src));
		v.metric = SPAN("time");
		v.unit = SPAN("ns");
		v.value = times->v[i] / iters->v[i];
		v.ops = iters->v[i];
		v.order = (int64_t)i;
		pd_bench_add(b, &v);
	}
	if (n)
		pd_bench_remark_add(b, "within one process: %zu samples of one run are not independent runs", n);
}

/* {"point_estimate": X, ...} */
static double point(struct pd_json *j)
{
	struct pd_span key;
	double v = (double)NAN;

	if (!pd_json_maybe_object(j))
		return v;
	while (pd_json_member(j, &key)) {
		if (pd_json_is(key, "point_estimate"))
			v = json_real(j);
		else
			pd_json_skip(j);
	}
	return v;
}

static void add_estimate(struct pd_source *src, struct pd_bench *b, const char *metric, double value)
{
	struct pd_bench_value v = { PD_BENCH_VALUE };

	v.workload = workload_of(pd_source_name(src));
	v.metric = span_of(metric);
	v.unit = SPAN("ns");
	v.value = value;
	pd_bench_add(b, &v);
}

struct file {
	json_numbers iters, times;
	double mean, slope;
	bool has_mean;
};

static bool take(struct pd_json *j, struct pd_span key, void *ctx)
{
	struct file *f = ctx;

	if (pd_json_is(key, "iters")) {
		json_array_of(j, &f->iters);
	} else if (pd_json_is(key, "times")) {
		json_array_of(j, &f->times);
	} else if (pd_json_is(key, "mean")) {
		f->mean = point(j);
		f->has_mean = true;
	} else if (pd_json_is(key, "slope")) {
		f->slope = point(j);
	} else {
		return false;
	}
	return true;
}

static enum pd_status criterion_read(struct pd_source *src, struct pd_bench_sink *sink)
{
	struct file f = { .mean = (double)NAN, .slope = (double)NAN };
	enum pd_status st = json_document(src, sink, false, take, &f);

	if (st <= PD_WARN) {
		add_samples(src, sink->bench, &f.iters, &f.times);
		if (f.has_mean) /* criterion's own choice: the slope where it has one */
			add_estimate(src, sink->bench, "time", isnan(f.slope) ? f.mean : f.slope);
	}
	pd_vec_release(&f.iters);
	pd_vec_release(&f.times);
	return st;
}

const struct pd_benchmark pd_benchmark_criterion = {
	.name = "criterion",
	.summary = "criterion.rs sample.json and estimates.json",
	.sniff = criterion_sniff,
	.read = criterion_read,
};
