/* Telling pprof, which has no magic number, from other bytes. */
#include "pprof_case.h"

/* ---- detection ---- */

static const char *detect(const void *data, size_t n, enum pd_sniff *level)
{
	struct pd_detected found = { 0 };
	struct pd_source *src;
	enum pd_status status;

	err = (struct pd_error){ 0 };
	src = pd_source_memory("test", data, n, NULL, &err);
	assert_non_null(src);
	status = pd_detect(src, &found, &err);
	pd_source_free(src);
	if (level)
		*level = found.level;
	return status == PD_OK ? found.format->name : "none";
}

static void test_pprof_is_detected(void **state)
{
	enum pd_sniff level;

	(void)state;
	start();
	put_sample(1, 1, 10);
	put_tables();
	assert_string_equal(detect(e.b, e.n, &level), "pprof");
	assert_int_equal(level, PD_SNIFF_SHAPE);
	start(); /* larger than the first window, which ends inside a field */
	put_types();
	for (int i = 0; i < 2000; i++)
		put_sample(1, 100000 + i, 1);
	put_strings();
	assert_string_equal(detect(e.b, e.n, &level), "pprof");
	assert_int_equal(level, PD_SNIFF_SHAPE);
	start(); /* an empty one */
	EMIT_NUMS(&e, 1, 1, 1, 2, 2);
	put_strings();
	assert_string_equal(detect(e.b, e.n, &level), "pprof");
	/* damaged behind its head: still ours, so that the error can say where */
	start();
	put_tables();
	assert_string_equal(detect(e.b, e.n - 1, &level), "pprof");
}

static void test_pprof_is_not_detected(void **state)
{
	static const struct { const char *what, *bytes; size_t n; } other[] = {
		{ "perf.data", "PERFILE2\x68\0\0\0\0\0\0\0\x88\0\0\0\0\0\0\0", 24 },
		{ "ELF", "\x7f" "ELF\2\1\1\0\0\0\0\0\0\0\0\0\3\0\x3e\0", 20 },
		{ "zip", "PK\3\4\x14\0\0\0\x08\0", 10 },
		{ "sqlite", "SQLite format 3\0\x10\0\1\1\0\x40\x20\x20", 24 },
		{ "JSON", "{\"traceEvents\":[]}\n", 19 },
		{ "go trace", "go 1.22 trace\0\0\0", 16 },
		/* Perfetto: packets with clock snapshots, timestamps and trusted ids */
		{ "perfetto", "\x0a\x11\x32\x0b\x0a\x04\x08\x06\x10\x01\x0a\x03\x08\x03\x10\x50\x01\xc0\x3e\x0a\x05\x50\x01\xc0\x3e\x01", 26 },
		{ "otlp", "\x0a\x10\x0a\x06\x0a\x04\x0a\x02hi\x12\x06\x0a\x04\x0a\x02hi", 18 },
		{ "zeros", "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16 },
		{ "JFR", "FLR\0\0\2\0\1\0\0\0\0\0\0\1\0", 16 },
		{ "text", "main;work 12\nmain;idle 3\n", 25 },
		{ "gperftools", "\0\0\0\0\0\0\0\0\3\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x10\x27\0\0\0\0\0\0", 32 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof other / sizeof *other; i++)
		if (strcmp(detect(other[i].bytes, other[i].n, NULL), "pprof") == 0)
			fail_msg("%s was taken for pprof", other[i].what);
}

static void test_pprof_random_bytes_are_not_detected(void **state)
{
	uint8_t noise[512];
	uint64_t x = 88172645463325252u;
	unsigned taken = 0;

	(void)state;
	for (unsigned i = 0; i < 20000; i++) {
		for (size_t k = 0; k < sizeof noise; k++) {
			x ^= x << 13, x ^= x >> 7, x ^= x << 17;
			noise[k] = (uint8_t)(x >> 32);
		}
		taken += strcmp(detect(noise, sizeof noise, NULL), "pprof") == 0;
	}
	assert_int_equal(taken, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pprof_is_detected),
		cmocka_unit_test(test_pprof_is_not_detected),
		cmocka_unit_test(test_pprof_random_bytes_are_not_detected),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
