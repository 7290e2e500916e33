#include "targets.h"

#include <math.h>
#include <stdlib.h>

/* The whole of it as one side, and what is left of it after a byte-chosen cut as the other. */
static enum pd_status read_sides(struct pd_bench *b, const char *kind, const uint8_t *data, size_t n, struct pd_error *err)
{
	const struct pd_limits limits = { .size = sizeof(limits), .max_input = 64 << 20, .max_memory = 256 << 20, .max_string = 1 << 20 };
	const size_t length[] = { n, n ? n - data[n / 2] % n : 0 };
	static const char *const label[] = { "base", "new" };
	enum pd_status st = PD_OK;

	for (unsigned i = 0; i < 2 && st <= PD_WARN; i++) {
		struct pd_bench_opts opts = { .size = sizeof(opts), .kind = kind, .label = label[i], .limits = &limits };
		struct pd_source *src = pd_source_memory("input", data, length[i], &limits, err);

		if (!src)
			return PD_ERR_NOMEM;
		st = pd_bench_read(b, src, &opts, err);
		pd_source_free(src);
		if (st > PD_WARN && (err->status != st || !err->text[0] || st == PD_ERR_INTERNAL))
			pd_fuzz_broken("results are refused without a reason", err);
	}
	return st;
}

/* A verdict needs an interval, a refusal a reason; nothing is invented. */
static void check_row(const struct pd_overhead_row *r)
{
	bool numbers = !isnan(r->ratio) && !isnan(r->ci.lo) && !isnan(r->ci.hi) && r->ci.lo <= r->ci.hi;

	if (r->verdict == PD_VERDICT_REFUSED ? !r->reason[0] : !numbers)
		pd_fuzz_broken("a verdict without numbers, or none without a reason", NULL);
	if (!isnan(r->p) && !(r->p >= 0 && r->p <= 1))
		pd_fuzz_broken("a p-value that is none", NULL);
}

void pd_fuzz_bench(const char *kind, const uint8_t *data, size_t n)
{
	struct pd_bench *b = pd_bench_new();
	struct pd_error err = { 0 };
	struct pd_overhead_opts how = { .size = sizeof(how), .correct = PD_ADJUST_BH, .pair = n % 2, .ci = n % 5 ? PD_BENCH_CI_TEST : PD_BENCH_CI_BOOTSTRAP };
	struct pd_overhead *o = NULL;
	const struct pd_overhead_row *r;

	if (b)
		read_sides(b, kind, data, n, &err);
	if (b && pd_bench_rows(b) && pd_bench_rows(b) < 2000) {
		err = (struct pd_error){ 0 };
		o = pd_overhead_new(b, &how, &err);
		if (!o && !err.text[0])
			pd_fuzz_broken("no comparison and no reason", &err);
	}
	for (size_t i = 0; o && (r = pd_overhead_row(o, i)); i++)
		check_row(r);
	pd_overhead_free(o);
	pd_bench_free(b);
}
