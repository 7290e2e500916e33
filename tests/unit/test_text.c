/* The cache of pieces, symbol notation, header lines of perf script. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/span.h"
#include "common/perf_header.h"
#include "common/text.h"

#define SAME(span, literal) assert_true(span_is(span, literal))

static void test_pieces_hit_means_equal_text(void **state)
{
	struct pd_pieces c;
	char text[32];

	(void)state;
	assert_true(pd_pieces_init(&c));
	for (unsigned i = 0; i < 5000; i++) {
		size_t n = (size_t)snprintf(text, sizeof text, "piece %u", i);
		uint64_t h = pd_hash_bytes(c.key, text, n);

		assert_int_equal(pd_pieces_find(&c, text, n, h), 0);
		assert_int_equal(pd_pieces_add(&c, text, n, h), i + 1);
	}
	for (unsigned i = 0; i < 5000; i++) {
		size_t n = (size_t)snprintf(text, sizeof text, "piece %u", i);

		assert_int_equal(pd_pieces_find(&c, text, n, pd_hash_bytes(c.key, text, n)), i + 1);
	}
	/* the same hash, another text */
	assert_int_equal(pd_pieces_find(&c, "piece x", 7, pd_hash_bytes(c.key, "piece 1", 7)), 0);
	pd_pieces_release(&c);
}

static void test_pieces_are_bounded(void **state)
{
	static char text[1 << 20];
	struct pd_pieces c;
	uint32_t row;

	(void)state;
	assert_true(pd_pieces_init(&c));
	for (unsigned i = 0; i < 100; i++) {
		uint64_t h;

		memcpy(text, &i, sizeof i);
		h = pd_hash_bytes(c.key, text, sizeof text);
		row = pd_pieces_add(&c, text, sizeof text, h);
		assert_int_not_equal(row, 0);
		if (row >= c.kept)
			assert_int_equal(pd_pieces_find(&c, text, sizeof text, h), 0);
	}
	assert_true(c.kept < 70);
	assert_true(c.row.n == 101);
	pd_pieces_trim(&c);
	assert_int_equal(c.row.n, c.kept);
	pd_pieces_release(&c);
}

static void symbol(const char *text, uint64_t address, const char *name, const char *object)
{
	struct pd_symbol s;

	assert_true(pd_symbol_parse(span_of(text), &s));
	assert_int_equal(s.address, address);
	SAME(s.name, name);
	SAME(s.object, object);
}

static void test_symbol_parts(void **state)
{
	struct pd_symbol s;

	(void)state;
	symbol("\t   1866 leaf+0x36 (/opt/app)", 0x1866, "leaf", "/opt/app");
	symbol("ffffffff81000e46 asm ([kernel.kallsyms])", 0xffffffff81000e46u, "asm", "[kernel.kallsyms]");
	symbol("1 f+0x12 (/opt/a b/x.so (deleted))", 1, "f", "/opt/a b/x.so (deleted)");
	symbol("1 f(int, g (*)(int))+0x1 (/x)", 1, "f(int, g (*)(int))", "/x");
	symbol("1 operator+", 1, "operator+", "");
	symbol("1 operator()", 1, "operator()", "");
	symbol("1 (anonymous namespace)::f (/x)", 1, "(anonymous namespace)::f", "/x");
	symbol("1 (/x)", 1, "", "/x");
	symbol("1", 1, "", "");
	symbol("1 [unknown] ([unknown])", 1, "", "");
	symbol("1 a+0xg (/x)", 1, "a+0xg", "/x");
	symbol("1 f (/odd) name)", 1, "f", "/odd) name");
	assert_true(pd_symbol_parse(span_of("1 f (inlined)"), &s) && s.inlined);
	assert_false(pd_symbol_parse(span_of("main+0x1 (/x)"), &s));
	assert_false(pd_symbol_parse(span_of("11112222333344445 f (/x)"), &s));
	assert_false(pd_symbol_parse(span_of(""), &s));
	assert_false(pd_symbol_parse(span_of("fd: 0x3"), &s));
}

static void test_symbol_without_params(void **state)
{
	static const char *const rows[][2] = {
		{ "f(int)", "f" },
		{ "N::operator()(int) const", "N::operator()" },
		{ "operator<<(A&)", "operator<<" },
		{ "C::operator->(int)", "C::operator->" },
		{ "(anonymous namespace)::g(char)", "(anonymous namespace)::g" },
		{ "a::(anonymous namespace)::g(char)", "a::(anonymous namespace)::g" },
		{ "main.(*T).M", "main.(*T).M" },
		{ "h<void (*)(int)>(char)", "h<void (*)(int)>" },
		{ "main::{lambda(int)#1}::operator()(int)", "main::{lambda(int)#1}::operator()" },
		{ "<[T; 4] as X>::f(a)", "<[T; 4] as X>::f" },
		{ "plain", "plain" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		SAME(pd_symbol_no_params(span_of(rows[i][0])), rows[i][1]);
}

static void test_object_flags(void **state)
{
	(void)state;
	assert_int_equal(pd_object_flags(span_of("[kernel.kallsyms]")), PD_FRAME_KERNEL);
	assert_int_equal(pd_object_flags(span_of("[nf_conntrack]")), PD_FRAME_KERNEL);
	assert_int_equal(pd_object_flags(span_of("/boot/vmlinux-6.1")), PD_FRAME_KERNEL);
	assert_int_equal(pd_object_flags(span_of("/lib/modules/x.ko.zst")), PD_FRAME_KERNEL);
	assert_int_equal(pd_object_flags(span_of("[vdso]")), 0);
	assert_int_equal(pd_object_flags(span_of("[heap]")), 0);
	assert_int_equal(pd_object_flags(span_of("[stack:123]")), 0);
	assert_int_equal(pd_object_flags(span_of("/tmp/perf-12.map")), PD_FRAME_JIT);
	assert_int_equal(pd_object_flags(span_of("/x/jitted-12-3.so")), PD_FRAME_JIT);
	assert_int_equal(pd_object_flags(span_of("[JIT] tid 14")), PD_FRAME_JIT);
	assert_int_equal(pd_object_flags(span_of("/memfd:doublemapper (deleted)")), PD_FRAME_JIT);
	assert_int_equal(pd_object_flags(span_of("/tmp/perf-.map")), 0);
}

static void test_header_columns(void **state)
{
	struct pd_perf_header h;

	(void)state;
	assert_true(pd_perf_header_parse(span_of("foo 12 345 [001]  1.000002:   7 cycles:P: rest"), PD_PERF_NO_TIME, &h));
	SAME(h.comm, "foo 12");
	SAME(h.event, "cycles:P");
	SAME(h.rest, " rest");
	assert_int_equal(h.tid, 345);
	assert_int_equal(h.cpu, 1);
	assert_int_equal(h.period, 7);
	assert_int_equal(h.time, 1000002000);
	assert_true(h.has_cpu && h.has_period && !h.has_pid);

	assert_true(pd_perf_header_parse(span_of("12345/678 12/14250 1.000000001: sched:sched_switch: a=1 2.000000: x"), PD_PERF_NO_TIME, &h));
	SAME(h.comm, "12345/678");
	SAME(h.event, "sched:sched_switch");
	assert_int_equal(h.pid, 12);
	assert_int_equal(h.time, 1000000001);

	assert_true(pd_perf_header_parse(span_of("a 1 1.000000: cpu_core/cycles:P/: "), PD_PERF_NO_TIME, &h));
	SAME(h.event, "cpu_core/cycles:P/");
	assert_false(h.has_period);

	assert_true(pd_perf_header_parse(span_of("a b 14710    3344481 cpu-clock: "), PD_PERF_NO_TIME, &h));
	SAME(h.comm, "a b");
	assert_int_equal(h.tid, 14710);
	assert_int_equal(h.period, 3344481);
	assert_false(h.has_time);

	assert_true(pd_perf_header_parse(span_of("a 14710 cpu-clock: "), PD_PERF_NO_TIME, &h));
	assert_int_equal(h.tid, 14710);
	assert_false(h.has_period);

	assert_false(pd_perf_header_parse(span_of("Warning: lost 3 chunks!"), PD_PERF_NO_TIME, &h));
	assert_false(pd_perf_header_parse(span_of("\t 1 f (/x)"), PD_PERF_NO_TIME, &h));
	assert_false(pd_perf_header_parse(span_of(""), PD_PERF_NO_TIME, &h));
}

static void test_header_nearest_time_wins(void **state)
{
	struct pd_span line = span_of("a 10 3849.375396: x:y: prev=b 1 1.000000: z: q");
	struct pd_perf_header h;

	(void)state;
	assert_true(pd_perf_header_parse(line, 3849000000000, &h));
	assert_int_equal(h.tid, 10);
	assert_true(pd_perf_header_parse(line, 1000000000, &h));
	assert_int_equal(h.time, 1000000000);
}

static void test_event_kinds(void **state)
{
	(void)state;
	assert_true(pd_perf_is_tracepoint(span_of("sched:sched_switch")));
	assert_true(pd_perf_is_tracepoint(span_of("probe_app:f__return")));
	assert_false(pd_perf_is_tracepoint(span_of("cycles:uH")));
	assert_false(pd_perf_is_tracepoint(span_of("cpu-clock")));
	SAME(pd_perf_event_base(span_of("cpu-clock:uH")), "cpu-clock");
	SAME(pd_perf_event_base(span_of("sched:sched_switch")), "sched:sched_switch");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pieces_hit_means_equal_text),
		cmocka_unit_test(test_pieces_are_bounded),
		cmocka_unit_test(test_symbol_parts),
		cmocka_unit_test(test_symbol_without_params),
		cmocka_unit_test(test_object_flags),
		cmocka_unit_test(test_header_columns),
		cmocka_unit_test(test_header_nearest_time_wins),
		cmocka_unit_test(test_event_kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
