/* Rows of a track come back in order whatever their order was; ends find their begins. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "model/slicelog.h"
#include "model/slicepairs.h"
#include <stdio.h>

static uint64_t seed = 1;

static uint64_t rnd(uint64_t n)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (seed >> 33) % n;
}

static struct pd_builder *builder(void)
{
	struct pd_error err = { 0 };
	struct pd_builder *b = pd_builder_new(NULL, 0, &err);

	assert_non_null(b);
	return b;
}

struct reading {
	struct pd_log_row last;
	size_t n;
	uint64_t sum;
	bool first;
};

static uint64_t mix(const struct pd_log_row *r)
{
	return ((uint64_t)r->ts * 31 + (uint64_t)r->dur) * 31 + r->name * 4 + r->kind;
}

static bool next_row(void *arg, const struct pd_log_row *r)
{
	struct reading *to = arg;

	if (!to->first) {
		assert_true(to->last.ts <= r->ts);
		if (to->last.ts == r->ts && to->last.kind != PD_LOG_SLICE) {
			assert_int_not_equal(r->kind, PD_LOG_SLICE);
			assert_true(to->last.name < r->name); /* names count up as rows come */
		}
		if (to->last.ts == r->ts && to->last.kind == PD_LOG_SLICE && r->kind == PD_LOG_SLICE)
			assert_true(to->last.dur > r->dur || (to->last.dur == r->dur && to->last.name < r->name));
	}
	to->first = false;
	to->last = *r;
	to->n++;
	to->sum += mix(r);
	return true;
}

/* `spread`: how far rows stray from their place. */
static void check_order(size_t n, uint64_t spread, int64_t base)
{
	struct pd_builder *b = builder();
	struct pd_slice_log log = { 0 };
	struct reading r = { .first = true };
	uint64_t sum = 0;

	for (size_t i = 0; i < n; i++) {
		struct pd_log_row row = { .ts = (int64_t)((uint64_t)base + i / 3 + rnd(spread)), .name = (uint32_t)i, .kind = (uint32_t)rnd(3) };

		row.dur = row.kind == PD_LOG_SLICE ? (int64_t)(rnd(4) ? rnd(3) : INT64_MAX - rnd(2)) : 0;
		sum += mix(&row);
		assert_true(pd_slice_log_add(&log, b, &row));
	}
	assert_true(pd_slice_log_read(&log, b, next_row, &r));
	assert_int_equal(r.n, n);
	assert_true(r.sum == sum);
	pd_slice_log_release(&log);
	pd_builder_free(b);
}

static void test_slicelog_order(void **state)
{
	(void)state;
	check_order(0, 1, 0);
	check_order(1, 1, INT64_MIN);
	check_order(2048, 1, -5);
	check_order(2049, 10, 0);
	check_order(30000, 1, 1000000000);
	check_order(30000, 500, -1000);
	check_order(30000, 1000000, INT64_MIN);
	check_order(30000, 1, INT64_MAX - 10000);
}

/* ---- pairs ---- */

struct told {
	char text[256];
	size_t n;
};

static void say(struct told *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void say(struct told *t, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	t->n += (size_t)vsnprintf(t->text + t->n, sizeof t->text - t->n, fmt, args);
	va_end(args);
}

static void on_begin(void *arg, const struct pd_open_slice *o)
{
	say(arg, "(%c", (char)o->name);
}

static void on_end(void *arg, const struct pd_open_slice *o, int64_t ts)
{
	say(arg, "%c%d)", (char)o->name, (int)ts);
}

static void on_undo(void *arg)
{
	say(arg, "!");
}

/* "a1" begins, "A5" ends a at 5, "*5" ends whatever is innermost. */
static void check_pairs(const char *events, int64_t last, const char *want, uint64_t stray, uint64_t unclosed)
{
	struct told t = { .n = 0 };
	struct pd_slice_pairs p = { .b = builder(), .begin = on_begin, .end = on_end, .undo = on_undo, .arg = &t };

	for (; *events; events += 2 + (events[2] == ' ')) {
		struct pd_log_row row = { .ts = events[1] - '0', .kind = events[0] >= 'a' ? PD_LOG_BEGIN : PD_LOG_END };

		row.name = events[0] == '*' ? 0 : (uint32_t)(events[0] | 0x20);
		assert_true(pd_slice_pairs_add(&p, &row));
	}
	pd_slice_pairs_finish(&p, last);
	assert_string_equal(t.text, want);
	assert_int_equal(p.stray, stray);
	assert_int_equal(p.unclosed, unclosed);
	pd_builder_free(p.b);
	pd_slice_pairs_release(&p);
}

static void test_slicepairs(void **state)
{
	(void)state;
	check_pairs("a1 b2 B3 A4", 9, "(a(bb3)a4)", 0, 0);
	check_pairs("a1 b2 *3 *4 *5", 9, "(a(bb3)a4)", 1, 0);
	check_pairs("a1 b2 A3 B4", 9, "(a(bb3)a3)", 1, 0);      /* the outer one ends: so does what is in it */
	check_pairs("a1 b2 Z3", 7, "(a(bb7)a7)", 1, 2);         /* ends of nothing change nothing */
	check_pairs("a1 b1 A2 B2", 9, "(a(bb2)a2)", 0, 0);      /* of one time the one that fits goes first */
	check_pairs("a1 b5 A5 B7", 9, "(a(b!a5)(bb7)", 0, 0);   /* what begins just now does not hold up an end */
	check_pairs("a1 a2 A3 A4", 9, "(a(aa3)a4)", 0, 0);
	check_pairs("A1 a2", 1, "(aa2)", 1, 1);
	check_pairs("a3 A3 b3 B3", 9, "(aa3)(bb3)", 0, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_slicelog_order), cmocka_unit_test(test_slicepairs) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
