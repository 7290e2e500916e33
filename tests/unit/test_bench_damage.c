/* Readers of benchmark results against damage: cut at every byte, bytes replaced, pieces doubled. Any end is fine but a crash, a hang or silence. */
#include "cm.h"

#include <profdata/profdata.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *kind;
	const char *text;
} sample[] = {
	{ "go", "goos: linux\npkg: a/b\nUnit ns/op better=lower\nBenchmarkA-8 100 12.5 ns/op 3 B/op\nBenchmarkA-8 100 NaN ns/op\nBenchmarkA-8\nPASS\n" },
	{ "hyperfine", "{\"results\":[{\"command\":\"a\",\"mean\":1,\"times\":[1.5,2,null],\"parameters\":{\"n\":\"4\"},\"exit_codes\":[0,null],\"memory_usage_byte\":[9]}]}" },
	{ "google", "{\"context\":{\"num_cpus\":2},\"benchmarks\":[{\"name\":\"b\",\"run_type\":\"iteration\",\"iterations\":9,\"real_time\":1.5e1,\"cpu_time\":NaN,\"time_unit\":\"us\",\"x_per_second\":3}]}" },
	{ "pyperf", "{\"benchmarks\":[{\"metadata\":{\"name\":\"n\",\"unit\":\"second\"},\"runs\":[{\"warmups\":[[1,2]]},{\"values\":[0.5,0.25]}]}],\"metadata\":{},\"version\":\"1.0\"}" },
	{ "criterion", "{\"sampling_mode\":\"Flat\",\"iters\":[1,2,3],\"times\":[10,20.5,30]}" },
	{ "wrk", "Running 30s test @ http://h/\n  2 threads and 4 connections\n    Latency   635.91us    0.89ms  12.92ms   93.69%\n     50%  541.00us\n  Socket errors: connect 1\nRequests/sec: 748.53k\n" },
	{ "hey", "response-time,DNS+dialup,DNS,Request-write,Response-delay,Response-read,status-code,offset\n0.1,0,0,0,0,0,200,0.5\n0.2,0,0,0,0,0,500,0.7\n" },
	{ "hey", "\nSummary:\n  Total:\t2.0 secs\n  Average:\t0.005 secs\n  Requests/sec:\t95.5\n  50%% in 0.0010 secs\n" },
	{ "k6", "{\"metrics\":{\"http_req_duration\":{\"avg\":5,\"p(90)\":7,\"values\":{\"med\":3}},\"http_reqs\":{\"count\":9,\"rate\":90}}}" },
	{ "k6", "{\"type\":\"Metric\",\"data\":{},\"metric\":\"x\"}\n{\"type\":\"Point\",\"data\":{\"value\":5},\"metric\":\"http_req_duration\"}\n" },
	{ "harness", "config:\n  workload: 'json'\n  iteration: 3\n  concurrency: 8\n  profile: {cpu: true, mem: false}\nresult:\n  duration: 1m0.5s\n  stats:\n    ops_count: 5\n"
		     "    avg_duration: 71.159us\n  profiles:\n    - kind: cpu\n      stop_duration: 5ms\n  after_rusage: {user: 1s}\n" },
	{ "rows", "workload,variant,block,position,metric,unit,better,value\n\"a\"\"b\",base,1,2,t,ms,higher,5e3\nw,new,,,t,ms,,NaN\n" },
	{ "rows", "{\"workload\":\"w\",\"variant\":\"v\",\"block\":1,\"metric\":\"t\",\"value\":5.5}\n{\"value\":null,\"metric\":\"t\"}\n" },
};
#define SAMPLES (sizeof(sample) / sizeof(sample[0]))

/* Reads text as variant `base` and once more as `new`, compares, reports everything there is to ask for. */
static enum pd_status run(const char *text, size_t n, const char *kind, const char **found)
{
	struct pd_bench *b = pd_bench_new();
	struct pd_error err = { 0 };
	static const char *const label[] = { "base", "new" };
	enum pd_status st = PD_OK;

	assert_non_null(b);
	for (unsigned i = 0; i < 2 && st <= PD_WARN; i++) {
		struct pd_bench_opts opts = { .size = sizeof(opts), .kind = kind, .label = label[i] };
		struct pd_source *src = pd_source_memory("x", text, n, NULL, &err);

		assert_non_null(src);
		st = pd_bench_read(b, src, &opts, &err);
		pd_source_free(src);
	}
	if (st > PD_WARN)
		assert_true(err.status == st && err.text[0]);
	if (found)
		*found = pd_bench_input_kind(b, 0);
	if (st <= PD_WARN) {
		struct pd_overhead_opts how = { .size = sizeof(how), .correct = PD_ADJUST_BH };
		struct pd_overhead *o = pd_overhead_new(b, &how, &err);
		const struct pd_overhead_row *r;

		assert_true(pd_bench_rows(b) > 0);
		assert_true(o || err.text[0]);
		for (size_t i = 0; o && (r = pd_overhead_row(o, i)); i++)
			assert_true(r->verdict != PD_VERDICT_REFUSED || r->reason[0]);
		pd_overhead_free(o);
	}
	pd_bench_free(b);
	return st;
}

static void test_bench_samples_are_known(void **state)
{
	(void)state;
	for (size_t i = 0; i < SAMPLES; i++) {
		const char *found = NULL;

		if (run(sample[i].text, strlen(sample[i].text), NULL, &found) > PD_WARN)
			fail_msg("sample %zu (%s) is not read", i, sample[i].kind);
		assert_string_equal(found, sample[i].kind);
	}
}

static void test_bench_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < SAMPLES; i++)
		for (size_t n = 0; n < strlen(sample[i].text); n++) {
			char *copy = malloc(n ? n : 1); /* the end of the heap block is the end of the input */

			memcpy(copy, sample[i].text, n);
			run(copy, n, sample[i].kind, NULL);
			run(copy, n, NULL, NULL);
			free(copy);
		}
}

static void test_bench_flipped(void **state)
{
	static const char odd[] = "\0\n\"{}[],:-.9e%\t\xff ";
	struct pd_rng r = { 4 };

	(void)state;
	for (size_t i = 0; i < SAMPLES; i++)
		for (unsigned round = 0; round < 800; round++) {
			size_t n = strlen(sample[i].text);
			char *copy = malloc(n);

			memcpy(copy, sample[i].text, n);
			for (unsigned k = 0; k < 1 + round % 4; k++)
				copy[pd_rng_below(&r, n)] = round & 8 ? odd[pd_rng_below(&r, sizeof(odd) - 1)] : (char)pd_rng_next(&r);
			run(copy, n, sample[i].kind, NULL);
			run(copy, n, sample[pd_rng_below(&r, SAMPLES)].kind, NULL);
			free(copy);
		}
}

/* A collection keeps what was read before an input failed. */
static void test_bench_units(void **state)
{
	static const char text[] = "BenchmarkA 1 1500 ns/op 2 MB/s 3 kB/op 4 furlongs/op 250 us/op\n";
	static const struct { const char *metric, *unit; double value; bool higher; } want[] = {
		{ "time/op", "s/op", 1.5e-6, false }, { "B/s", "B/s", 2e6, true }, { "B/op", "B/op", 3e3, false },
		{ "furlongs/op", "furlongs/op", 4, false }, { "time/op", "s/op", 250e-6, false },
	};
	struct pd_bench *b = pd_bench_new();
	struct pd_bench_opts opts = { .size = sizeof(opts), .label = "base" };
	struct pd_error err = { 0 };
	struct pd_source *src = pd_source_memory("x", text, sizeof(text) - 1, NULL, &err);

	(void)state;
	assert_int_equal(pd_bench_read(b, src, &opts, &err), PD_OK);
	assert_int_equal(pd_bench_rows(b), 5);
	for (size_t i = 0; i < 5; i++) {
		struct pd_bench_row row;

		pd_bench_row(b, i, &row);
		assert_string_equal(row.metric, want[i].metric);
		assert_string_equal(row.unit, want[i].unit);
		assert_true(fabs(row.value - want[i].value) <= 1e-12 * want[i].value);
		assert_int_equal(row.higher, want[i].higher);
		assert_string_equal(row.workload, "A");
		assert_string_equal(row.variant, "base");
	}
	pd_source_free(src);
	pd_bench_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bench_samples_are_known), cmocka_unit_test(test_bench_cut), cmocka_unit_test(test_bench_flipped),
		cmocka_unit_test(test_bench_units),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
