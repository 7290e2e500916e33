/* Wall-clock combinations: the identity per thread, scaling and refusal, units, windows, control totals, switches, slices. */
#include "base/compiler.h"
#include "cm.h"
#include "near.h"

#include <profdata/builder.h>
#include <profdata/trace.h>
#include <profdata/wall.h>

#define S INT64_C(1000000000)
#define MS INT64_C(1000000)

/* One sample: `stack` is folded text, `tid` 0 none. */
struct row {
	const char *comm, *stack;
	int64_t pid, tid, value, time;
	const char *key[3], *text[3]; /* more labels */
};

struct making {
	struct pd_builder *b;
	struct pd_error err;
};

static struct making begin(int64_t duration)
{
	struct making m = { 0 };

	m.b = pd_builder_new(NULL, 0, &m.err);
	assert_non_null(m.b);
	pd_builder_meta(m.b)->duration_nanos = duration;
	return m;
}

static unsigned series(struct making *m, const char *name, const char *type, const char *unit)
{
	unsigned s = pd_series_add(m->b, pd_intern_z(m->b, name));

	pd_series_value(m->b, s, &(struct pd_value_type){ .type = pd_intern_z(m->b, type), .unit = pd_intern_z(m->b, unit) });
	return s;
}

static pd_stack stack_of(struct pd_builder *b, const char *text)
{
	pd_stack s = { 0 };

	for (size_t n; text && *text; text += n + (text[n] == ';')) {
		n = strcspn(text, ";");
		s = pd_stack_push(b, s, pd_frame_named(b, text, n));
	}
	return s;
}

static void add(struct making *m, unsigned s, const struct row *r, size_t n, bool timed)
{
	for (size_t i = 0; i < n; i++) {
		struct pd_label l[6];
		size_t k = 0;

		if (r[i].comm)
			l[k++] = (struct pd_label){ .key = pd_intern_z(m->b, "comm"), .str = pd_intern_z(m->b, r[i].comm) };
		if (r[i].pid)
			l[k++] = (struct pd_label){ .key = pd_intern_z(m->b, "pid"), .kind = PD_LABEL_NUM, .num = r[i].pid };
		if (r[i].tid)
			l[k++] = (struct pd_label){ .key = pd_intern_z(m->b, "tid"), .kind = PD_LABEL_NUM, .num = r[i].tid };
		for (size_t x = 0; x < 3 && r[i].key[x]; x++)
			l[k++] = (struct pd_label){ .key = pd_intern_z(m->b, r[i].key[x]), .str = pd_intern_z(m->b, r[i].text[x]) };
		pd_sample_add(m->b, s, &(struct pd_sample){ .stack = stack_of(m->b, r[i].stack), .labels = pd_labels_of(m->b, l, k), .has_time = timed, .time = r[i].time }, &r[i].value);
	}
}

static struct pd_doc *end(struct making *m)
{
	struct pd_doc *doc = pd_builder_finish(m->b, &m->err);

	pd_builder_free(m->b);
	assert_non_null(doc);
	return doc;
}

static struct pd_doc *document(int64_t duration, const char *type, const char *unit, const struct row *r, size_t n)
{
	struct making m = begin(duration);

	add(&m, series(&m, "", type, unit), r, n, false);
	return end(&m);
}

/* Both documents are used up. */
static struct pd_wall *combine(struct pd_doc *on, struct pd_doc *off, struct pd_wall_opts o, enum pd_status want, struct pd_error *err)
{
	struct pd_wall *w;
	enum pd_status status;

	*err = (struct pd_error){ 0 };
	o.size = sizeof o;
	w = pd_wall_new(&o, err);
	assert_non_null(w);
	status = pd_wall_add(w, on, off ? PD_WALL_ON : PD_WALL_AUTO, "on", err);
	if (status == PD_OK && off)
		status = pd_wall_add(w, off, PD_WALL_OFF, "off", err);
	if (status == PD_OK)
		status = pd_wall_finish(w, err);
	if (status != want)
		fail_msg("status %s, not %s: %s", pd_status_name(status), pd_status_name(want), err->text);
	pd_doc_unref(on);
	pd_doc_unref(off);
	return w;
}

static struct pd_wall_thread thread_named(const struct pd_wall *w, const char *name)
{
	struct pd_wall_summary s;
	struct pd_wall_thread t = { 0 };

	pd_wall_summary(w, &s);
	for (size_t i = 0; i < s.threads; i++) {
		pd_wall_thread(w, i, &t);
		if (t.name.n == strlen(name) && memcmp(t.name.p, name, t.name.n) == 0)
			return t;
	}
	fail_msg("no thread %s", name);
	return t;
}

/* Sum of a column over rows whose leaf is `leaf` and whose state is `state`; NULL any. */
static int64_t sum(const struct pd_wall *w, unsigned column, const char *leaf, const char *state)
{
	struct pd_doc *doc = pd_wall_doc(w);
	int64_t total = 0;
	struct pd_rows rows;

	assert_non_null(doc);
	assert_true(pd_doc_check(doc, NULL));
	for (uint64_t first = 0; pd_series_rows(doc, 0, first, &rows); first += rows.n)
		for (size_t i = 0; i < rows.n; i++) {
			const struct pd_label *l;
			size_t n = pd_doc_labels(doc, rows.labels[i], &l);
			bool fits = !state;
			pd_frame f[64] = { { 0 } };
			struct pd_frame_desc d = { 0 };
			struct pd_func_desc fd = { 0 };

			for (size_t k = 0; k < n; k++)
				if (state && strcmp(pd_doc_string(doc, l[k].key).p, "state") == 0)
					fits = strcmp(pd_doc_string(doc, l[k].str).p, state) == 0;
			if (leaf && pd_doc_stack(doc, rows.stack[i], PD_LEAF_FIRST, f)) {
				pd_doc_frame(doc, f[0], &d);
				pd_doc_func(doc, d.lines[0].func, &fd);
				fits &= strcmp(pd_doc_string(doc, fd.name).p, leaf) == 0;
			}
			total += fits ? rows.value[column][i] : 0;
		}
	pd_doc_unref(doc);
	return total;
}

#define DOC(duration, type, unit, ...) document(duration, type, unit, (const struct row[]){ __VA_ARGS__ }, PD_ARRAY_LEN(((const struct row[]){ __VA_ARGS__ })))
enum { SAMPLES, ON, OFF, WALL };

/* ---- the worked example ---- */

#define T1 .comm = "T1", .pid = 7, .tid = 71
#define T2 .comm = "T2", .pid = 7, .tid = 72
static struct pd_doc *example_on(void)
{
	return DOC(10 * S, "samples", "count", { T1, .stack = "main;compute", .value = 420 }, { T1, .stack = "main;parse", .value = 80 }, { T2, .stack = "worker;hash", .value = 150 });
}

static struct pd_doc *example_off(const char *unit, int64_t divide)
{
	return DOC(10 * S, "off_cpu", unit, { T1, .stack = "main;read;sys_read", .value = 4600000000 / divide }, { T1, .stack = "main;lock;futex_wait", .value = 250000000 / divide },
		   { T2, .stack = "worker;cond_wait;futex_wait", .value = 8100000000 / divide });
}

static void check_example(const struct pd_wall *w)
{
	static const struct { const char *leaf; int64_t us; double percent; } rows[] = {
		{ "compute", 4200000, 21.0 }, { "parse", 800000, 4.0 }, { "sys_read", 4600000, 23.0 }, { "hash", 1500000, 7.5 },
	};
	struct pd_wall_thread t1 = thread_named(w, "T1"), t2 = thread_named(w, "T2");
	struct pd_wall_summary s;

	pd_wall_summary(w, &s);
	assert_int_equal(s.lifetime, 20 * S);
	for (size_t i = 0; i < PD_ARRAY_LEN(rows); i++) {
		assert_int_equal(sum(w, WALL, rows[i].leaf, NULL), rows[i].us * 1000);
		assert_near((double)sum(w, WALL, rows[i].leaf, NULL) * 100 / (double)s.lifetime, rows[i].percent);
	}
	assert_int_equal(sum(w, WALL, "futex_wait", "off"), 250 * MS + 8100 * MS);
	assert_int_equal(sum(w, WALL, PD_WALL_RESIDUAL, "runnable"), 550 * MS);
	assert_int_equal(t1.unattributed, 150 * MS);
	assert_int_equal(t2.unattributed, 400 * MS);
	assert_int_equal(t1.on + t1.off + t1.runnable + t1.unattributed, 10 * S);
	assert_int_equal(t2.on + t2.off + t2.runnable + t2.unattributed, 10 * S);
	assert_int_equal(sum(w, SAMPLES, NULL, NULL), 650);
	assert_int_equal(sum(w, SAMPLES, NULL, "off"), 0);
	assert_int_equal(sum(w, ON, NULL, NULL), 6500 * MS);
	assert_int_equal(sum(w, OFF, NULL, NULL), 12950 * MS);
	assert_int_equal(sum(w, WALL, NULL, NULL), 20 * S);
	assert_near_tol(t1.error, 0.2236067977 * 1e9, 1e-9, "error");
}

static void test_example(PD_UNUSED void **state)
{
	static const struct { const char *unit; int64_t divide; } units[] = { { "nanoseconds", 1 }, { "microseconds", 1000 }, { "milliseconds", MS }, { "us", 1000 }, { "ns", 1 } };
	struct pd_error err;

	for (size_t i = 0; i < PD_ARRAY_LEN(units); i++) {
		struct pd_wall *w = combine(example_on(), example_off(units[i].unit, units[i].divide), (struct pd_wall_opts){ .hz = 100 }, PD_OK, &err);

		check_example(w);
		pd_wall_free(w);
	}
}

/* Folded text has threads as outermost frames. */
static void test_example_by_root(PD_UNUSED void **state)
{
	struct pd_doc *on = DOC(0, "samples", "count", { .stack = "T1;main;compute", .value = 420 }, { .stack = "T1;main;parse", .value = 80 }, { .stack = "T2;worker;hash", .value = 150 });
	struct pd_doc *off = DOC(0, "samples", "count", { .stack = "T1;main;read;sys_read", .value = 4600000 }, { .stack = "T1;main;lock;futex_wait", .value = 250000 },
				 { .stack = "T2;worker;cond_wait;futex_wait", .value = 8100000 });
	struct pd_error err;
	struct pd_wall *w = combine(on, off, (struct pd_wall_opts){ .hz = 100, .off_unit = "us", .duration = 10 * S }, PD_OK, &err);

	check_example(w);
	pd_wall_free(w);
}

static void test_no_residual(PD_UNUSED void **state)
{
	struct pd_error err;
	struct pd_wall *w = combine(example_on(), example_off("us", 1000), (struct pd_wall_opts){ .hz = 100, .no_residual = true }, PD_OK, &err);

	assert_int_equal(sum(w, WALL, PD_WALL_RESIDUAL, NULL), 0);
	assert_int_equal(sum(w, WALL, NULL, NULL), 19450 * MS);
	pd_wall_free(w);
}

static void test_levels(PD_UNUSED void **state)
{
	struct pd_error err;
	struct pd_wall *w = combine(example_on(), example_off("us", 1000), (struct pd_wall_opts){ .hz = 100, .per = PD_WALL_PER_PROCESS }, PD_OK, &err);
	struct pd_wall_summary s;
	struct pd_wall_thread t;

	pd_wall_summary(w, &s);
	assert_int_equal(s.threads, 1);
	pd_wall_thread(w, 0, &t);
	assert_true(t.has_pid && !t.has_tid && t.members == 2);
	assert_int_equal(t.lifetime, 20 * S);
	assert_int_equal(t.unattributed, 550 * MS);
	pd_wall_free(w);
	w = combine(example_on(), example_off("us", 1000), (struct pd_wall_opts){ .hz = 100, .per = PD_WALL_PER_TOTAL }, PD_OK, &err);
	pd_wall_thread(w, 0, &t);
	assert_true(!t.has_pid && !t.has_tid && t.members == 2);
	assert_int_equal(sum(w, WALL, NULL, NULL), 20 * S);
	pd_wall_free(w);
}

/* ---- more time than lifetime ---- */

static struct pd_wall *overlap(int64_t samples, struct pd_wall_opts o, enum pd_status want, struct pd_error *err)
{
	o.hz = 100;
	return combine(DOC(10 * S, "samples", "count", { T1, .stack = "main;compute", .value = samples }), DOC(10 * S, "off_cpu", "us", { T1, .stack = "main;read", .value = 4850000 }), o, want, err);
}

static void test_overlap(PD_UNUSED void **state)
{
	struct pd_error err;
	struct pd_wall *w = overlap(530, (struct pd_wall_opts){ 0 }, PD_OK, &err);
	struct pd_wall_thread t = thread_named(w, "T1");
	struct pd_wall_summary s;

	assert_near_tol(t.on_factor, 0.971698, 1e-6, "factor");
	assert_near(t.excess, 0.15e9);
	assert_int_equal(sum(w, ON, NULL, NULL), 5150 * MS);
	assert_int_equal(sum(w, WALL, NULL, NULL), 10 * S);
	pd_wall_summary(w, &s);
	assert_int_equal(s.scaled, 1);
	pd_wall_free(w);
	/* n/100 + 4.85 - 10 against 3 sqrt(n)/100: 588 is the last one within */
	w = overlap(588, (struct pd_wall_opts){ 0 }, PD_ERR_DATA, &err);
	pd_wall_free(w);
	w = overlap(587, (struct pd_wall_opts){ 0 }, PD_OK, &err);
	pd_wall_free(w);
	w = overlap(700, (struct pd_wall_opts){ 0 }, PD_ERR_DATA, &err);
	pd_wall_summary(w, &s);
	assert_int_equal(s.impossible, 1);
	assert_non_null(strstr(err.text, "overlap or wrong rate"));
	assert_null(pd_wall_doc(w));
	pd_wall_free(w);
	w = overlap(700, (struct pd_wall_opts){ .force = true }, PD_OK, &err);
	assert_int_equal(sum(w, WALL, NULL, NULL), 11850 * MS);
	assert_int_equal(sum(w, ON, NULL, NULL), 7 * S);
	pd_wall_free(w);
}

/* ---- rounding ---- */

static void test_whole_numbers(PD_UNUSED void **state)
{
	struct row on[97];
	struct pd_error err;
	struct pd_wall *w;

	for (size_t i = 0; i < PD_ARRAY_LEN(on); i++)
		on[i] = (struct row){ T1, .stack = i % 2 ? "a;b" : "a;c", .value = (int64_t)(1 + i % 5), .key = { "x" }, .text = { i % 3 ? "p" : "q" } };
	for (int hz = 3; hz < 1000; hz += 7) {
		w = combine(document(3 * S / 2 * 97, "samples", "count", on, PD_ARRAY_LEN(on)), DOC(3 * S / 2 * 97, "off_cpu", "us", { T1, .stack = "s", .value = 41000001 }), (struct pd_wall_opts){ .hz = hz }, PD_OK, &err);
		assert_int_equal(sum(w, WALL, NULL, NULL), 3 * S / 2 * 97);
		pd_wall_free(w);
	}
}

/* ---- windows ---- */

static struct pd_doc *dated(struct pd_doc *doc, int64_t start)
{
	struct pd_builder *b = pd_builder_derive(doc, PD_DERIVE_STACKS | PD_DERIVE_LABELS | PD_DERIVE_SERIES, 0, NULL);
	struct pd_rows rows;
	struct pd_doc *out;

	pd_builder_meta(b)->time_nanos = start;
	for (uint64_t first = 0; pd_series_rows(doc, 0, first, &rows); first += rows.n)
		for (size_t i = 0; i < rows.n; i++)
			pd_sample_add(b, 0, &(struct pd_sample){ .stack = rows.stack[i], .labels = rows.labels[i] }, &rows.value[0][i]);
	out = pd_builder_finish(b, NULL);
	pd_builder_free(b);
	pd_doc_unref(doc);
	return out;
}

static void test_windows(PD_UNUSED void **state)
{
	const int64_t now = INT64_C(1700000000) * S;
	struct pd_error err;
	struct pd_wall_summary s;
	struct pd_wall *w;

	/* 20 s of samples, 10 s of tracing: rates */
	w = combine(DOC(20 * S, "samples", "count", { T1, .stack = "a", .value = 1000 }), DOC(10 * S, "off_cpu", "us", { T1, .stack = "b", .value = 4000000 }), (struct pd_wall_opts){ .hz = 100 }, PD_OK, &err);
	pd_wall_summary(w, &s);
	assert_true(s.rates);
	assert_int_equal(s.window, S);
	assert_int_equal(sum(w, ON, NULL, NULL), S / 2);
	assert_int_equal(sum(w, OFF, NULL, NULL), S * 2 / 5);
	assert_int_equal(sum(w, WALL, NULL, NULL), S);
	pd_wall_free(w);
	/* within a per cent: the shorter one */
	w = combine(DOC(10 * S + 50 * MS, "samples", "count", { T1, .stack = "a", .value = 500 }), DOC(10 * S, "off_cpu", "us", { T1, .stack = "b", .value = 4000000 }), (struct pd_wall_opts){ .hz = 100 }, PD_OK, &err);
	pd_wall_summary(w, &s);
	assert_true(!s.rates && s.window == 10 * S);
	pd_wall_free(w);
	/* the same length, but only half of it together */
	w = combine(dated(example_on(), now), dated(example_off("us", 1000), now + 5 * S), (struct pd_wall_opts){ .hz = 100 }, PD_OK, &err);
	pd_wall_summary(w, &s);
	assert_true(s.rates);
	pd_wall_free(w);
	/* one after the other */
	w = combine(dated(example_on(), now), dated(example_off("us", 1000), now + 10 * S), (struct pd_wall_opts){ .hz = 100 }, PD_ERR_DATA, &err);
	pd_wall_free(w);
	w = combine(dated(example_on(), now), dated(example_off("us", 1000), now + 10 * S), (struct pd_wall_opts){ .hz = 100, .force = true }, PD_OK, &err);
	pd_wall_free(w);
	/* since boot and since 1970: only lengths can be compared */
	w = combine(dated(example_on(), now), dated(example_off("us", 1000), 3000 * S), (struct pd_wall_opts){ .hz = 100 }, PD_OK, &err);
	check_example(w);
	pd_wall_free(w);
	/* nobody knows: no residual, no refusal */
	w = combine(DOC(0, "samples", "count", { T1, .stack = "a", .value = 500 }), DOC(0, "off_cpu", "us", { T1, .stack = "b", .value = 400000000 }), (struct pd_wall_opts){ .hz = 100 }, PD_OK, &err);
	pd_wall_summary(w, &s);
	assert_true(!s.has_window && s.unattributed == 0);
	pd_wall_free(w);
}

/* ---- refusals ---- */

static void refused(struct pd_doc *on, struct pd_doc *off, struct pd_wall_opts o, enum pd_status want, const char *why)
{
	struct pd_error err;
	struct pd_wall *w = combine(on, off, o, want, &err);

	if (!strstr(err.text, why) && !strstr(err.hint, why))
		fail_msg("'%s' (%s) does not say '%s'", err.text, err.hint, why);
	pd_wall_free(w);
}

static void test_refused(PD_UNUSED void **state)
{
	const struct pd_wall_opts hz = { .hz = 100 };

	refused(example_on(), example_off("count", 1000), hz, PD_ERR_USAGE, "--off-unit");
	refused(example_on(), example_off("us", 1000), (struct pd_wall_opts){ 0 }, PD_ERR_USAGE, "--hz");
	refused(example_on(), example_off("us", 1000), (struct pd_wall_opts){ .hz = 100, .off_unit = "ms" }, PD_ERR_USAGE, "not in ms");
	refused(example_on(), example_off("count", 1000), (struct pd_wall_opts){ .hz = 100, .off_unit = "furlong" }, PD_ERR_USAGE, "furlong");
	refused(example_on(), DOC(10 * S, "off_cpu", "us", { T1, .stack = "a", .value = -5 }), hz, PD_ERR_DATA, "negative");
	refused(DOC(10 * S, "samples", "count", { T1, .stack = "a", .value = -5 }), example_off("us", 1000), hz, PD_ERR_DATA, "negative");
	refused(example_on(), DOC(10 * S, "off_cpu", "seconds", { T1, .stack = "a", .value = INT64_MAX / 2 }), hz, PD_ERR_LIMIT, "64 bits");
	refused(example_on(), DOC(10 * S, "off_cpu", "us", { T1, .stack = "a", .value = 20000000 }), hz, PD_ERR_DATA, "overlap");
	refused(DOC(10 * S, "cpu", "nanoseconds", { T1, .stack = "a", .value = 5 }), NULL, hz, PD_ERR_USAGE, "off=FILE");
	refused(DOC(10 * S, "delay", "nanoseconds", { T1, .stack = "a", .value = 5 }), NULL, hz, PD_ERR_USAGE, "on=FILE");
	refused(DOC(10 * S, "space", "bytes", { T1, .stack = "a", .value = 5 }), NULL, hz, PD_ERR_USAGE, "cannot tell");
}

/* ---- control totals ---- */

static void test_schedstat(PD_UNUSED void **state)
{
	struct making m = begin(10 * S);
	unsigned on = series(&m, "cpu", "samples", "count"), stat = series(&m, "schedstat", "run", "nanoseconds");
	int64_t v[2] = { 4 * S, S };
	struct pd_label l[] = { { .key = pd_intern_z(m.b, "pid"), .kind = PD_LABEL_NUM, .num = 7 }, { .key = pd_intern_z(m.b, "tid"), .kind = PD_LABEL_NUM, .num = 71 } };
	struct pd_error err;
	struct pd_wall *w;
	struct pd_wall_thread t;
	struct pd_doc *both;

	pd_series_value(m.b, stat, &(struct pd_value_type){ .type = pd_intern_z(m.b, "wait"), .unit = pd_intern_z(m.b, "nanoseconds") });
	add(&m, on, (const struct row[]){ { T1, .stack = "main;compute", .value = 420 } }, 1, false);
	pd_sample_add(m.b, stat, &(struct pd_sample){ .labels = pd_labels_of(m.b, l, 2) }, v);
	both = end(&m);
	/* off from wake-up on is not blocked: the run queue gets a row of its own */
	w = combine(pd_doc_ref(both), DOC(10 * S, "off_cpu", "us", { T1, .stack = "main;read", .value = 5200000 }), (struct pd_wall_opts){ .hz = 100, .blocked_only = true }, PD_OK, &err);
	t = thread_named(w, "T1");
	assert_near(t.on_factor, 4.0 / 4.2);
	assert_near(t.off_factor, 5.0 / 5.2);
	assert_int_equal(sum(w, WALL, PD_WALL_RUN_QUEUE, "runnable"), S);
	assert_int_equal(sum(w, WALL, NULL, NULL), 10 * S);
	pd_wall_free(w);
	/* from switch to switch: the run queue is in there already */
	w = combine(both, DOC(10 * S, "off_cpu", "us", { T1, .stack = "main;read", .value = 6000000 }), (struct pd_wall_opts){ .hz = 100 }, PD_OK, &err);
	assert_int_equal(sum(w, WALL, PD_WALL_RUN_QUEUE, NULL), 0);
	assert_int_equal(sum(w, OFF, "read", NULL), 6 * S);
	assert_int_equal(sum(w, WALL, NULL, NULL), 10 * S);
	pd_wall_free(w);
}

/* ---- switches ---- */

#define A .comm = "a", .pid = 7, .tid = 8, .value = 1
#define B .comm = "b", .pid = 7, .tid = 9, .value = 1
#define NEXT(state, comm, tid) .key = { "prev_state", "next_comm", "next_pid" }, .text = { state, comm, tid }

static void test_switches(PD_UNUSED void **state)
{
	static const struct row switches[] = {
		{ A, .stack = "main;read", .time = 1000 * MS, NEXT("S", "b", "9") },     /* a ran since the begin */
		{ B, .stack = "work", .time = 1400 * MS, NEXT("R+", "a", "8") },         /* a comes back, b is preempted */
		{ A, .stack = "main;lock", .time = 1500 * MS, NEXT("D", "b", "9") },
		{ B, .stack = "exit", .time = 1900 * MS, NEXT("X", "swapper/0", "0") },
	};
	static const struct row wakes[] = { { B, .stack = "work;wake", .time = 1300 * MS, .key = { "payload.pid" }, .text = { "8" } } };
	static const struct row clock[] = { { A, .stack = "main;f", .time = 990 * MS }, { A, .stack = "main;g", .time = 995 * MS }, { B, .stack = "work", .time = 1100 * MS }, { A, .stack = "main;g", .time = 2000 * MS } };
	struct making m = begin(0);
	struct pd_error err;
	struct pd_wall *w;
	struct pd_wall_thread a, b;

	add(&m, series(&m, "sched:sched_switch", "sched:sched_switch", "count"), switches, PD_ARRAY_LEN(switches), true);
	/* the idle task has no ids of a thread: a label of 0 */
	add(&m, 0, (const struct row[]){ { .comm = "swapper/0", .stack = "idle", .value = 1, .time = 1950 * MS, .key = { "next_comm", "next_pid", "prev_pid" }, .text = { "a", "8", "0" } } }, 1, true);
	add(&m, series(&m, "sched:sched_wakeup", "sched:sched_wakeup", "count"), wakes, 1, true);
	add(&m, series(&m, "cpu-clock", "samples", "count"), clock, PD_ARRAY_LEN(clock), true);
	w = combine(end(&m), NULL, (struct pd_wall_opts){ .hz = 100 }, PD_OK, &err);
	a = thread_named(w, "a");
	b = thread_named(w, "b");
	/* the window is 990 ms to 2000 ms; a: on 10, off 300, runnable 100, on 100, off 450, on 50 */
	assert_int_equal(a.lifetime, 1010 * MS);
	assert_int_equal(a.on, 160 * MS);
	assert_int_equal(a.off, 750 * MS);
	assert_int_equal(a.runnable, 100 * MS);
	assert_int_equal(a.unattributed, 0);
	/* b: not seen before 1000, on 400, preempted 100, on 400, gone */
	assert_int_equal(b.lifetime, 910 * MS);
	assert_int_equal(b.on, 800 * MS);
	assert_int_equal(b.off, 10 * MS);
	assert_int_equal(b.runnable, 100 * MS);
	/* samples share the time that was measured */
	assert_int_equal(sum(w, ON, "g", NULL), 106666667);
	assert_int_equal(sum(w, ON, "f", NULL), 53333333);
	assert_int_equal(sum(w, WALL, "read", "runnable"), 100 * MS);
	assert_int_equal(sum(w, WALL, "work", "runnable"), 100 * MS);
	assert_int_equal(sum(w, OFF, "lock", NULL), 450 * MS);
	assert_int_equal(sum(w, WALL, NULL, NULL), 1920 * MS);
	pd_wall_free(w);
}

#define SWITCH(how) .key = { "switch" }, .text = { how }
#define TASK(how) .key = { "task" }, .text = { how }

static void test_switch_records(PD_UNUSED void **state)
{
	static const struct row tasks[] = { { A, .time = 100 * MS, TASK("fork") }, { A, .time = 1000 * MS, TASK("exit") } };
	static const struct row records[] = { { A, .time = 150 * MS, SWITCH("in") },  { A, .time = 250 * MS, SWITCH("out") },     { A, .time = 650 * MS, SWITCH("in") },
					      { A, .time = 800 * MS, SWITCH("preempt") }, { A, .time = 900 * MS, SWITCH("in") }, { A, .time = 1001 * MS, SWITCH("out") } };
	static const struct row stacks[] = { { A, .stack = "main;wait", .time = 249 * MS } };
	struct making m = begin(0);
	struct pd_error err;
	struct pd_wall *w;
	struct pd_wall_thread a;

	add(&m, series(&m, "switch", "switches", "count"), records, PD_ARRAY_LEN(records), true);
	add(&m, series(&m, "task", "tasks", "count"), tasks, 2, true);
	add(&m, series(&m, "context-switches", "samples", "count"), stacks, 1, true);
	w = combine(end(&m), NULL, (struct pd_wall_opts){ 0 }, PD_OK, &err);
	a = thread_named(w, "a");
	assert_int_equal(a.lifetime, 900 * MS);
	assert_int_equal(a.on, 100 * MS + 150 * MS + 100 * MS);
	assert_int_equal(a.off, 400 * MS);
	assert_int_equal(a.runnable, 50 * MS + 100 * MS);
	assert_int_equal(sum(w, OFF, "wait", NULL), 400 * MS);
	assert_int_equal(sum(w, ON, PD_WALL_NO_SAMPLE, NULL), 350 * MS);
	pd_wall_free(w);
}

/* Only departures: nothing can be said about the time between. */
static void test_switches_without_returns(PD_UNUSED void **state)
{
	struct row out[20];
	struct making m = begin(0);

	for (int i = 0; i < 20; i++)
		out[i] = (struct row){ A, .stack = "main", .time = i * 10 * MS, NEXT("S", "swapper/0", "0") };
	add(&m, series(&m, "sched:sched_switch", "sched:sched_switch", "count"), out, 20, true);
	refused(end(&m), NULL, (struct pd_wall_opts){ 0 }, PD_ERR_DATA, "returns were not recorded");
}

/* ---- slices ---- */

static void test_slices(PD_UNUSED void **state)
{
	struct pd_wall_opts o = { .size = sizeof o };
	struct pd_error err = { 0 };
	struct pd_wall *w = pd_wall_new(&o, &err);
	struct pd_events *ev = pd_wall_events(w, "trace", &err);
	struct pd_builder *b = pd_builder_new(NULL, 0, &err);
	pd_stack f = stack_of(b, "main;f"), g = stack_of(b, "main;g"), park = stack_of(b, "main;recv");
	const struct { const char *name; int64_t from, to; pd_stack at, end; } s[] = {
		{ "runnable", 0, 10, { 0 }, { 0 } }, { "running", 10, 40, { 0 }, f }, { "chan receive", 40, 90, park, { 0 } }, { "runnable (preempted)", 90, 95, park, { 0 } }, { "running", 95, 195, { 0 }, f },
	};
	struct pd_wall_thread t;
	struct pd_doc *doc;

	pd_events_tables(ev, pd_builder_view(b));
	pd_events_start(ev, &(struct pd_trace_desc){ .size = sizeof(struct pd_trace_desc), .clock = { "trace", 5 } });
	pd_events_track(ev, (pd_track){ 1 }, &(struct pd_track_desc){ .kind = PD_TRACK_PROCESS, .id = 4 });
	pd_events_track(ev, (pd_track){ 2 }, &(struct pd_track_desc){ .kind = PD_TRACK_THREAD, .parent = { 1 }, .id = 1, .name = { "G1 main", 7 } });
	for (size_t i = 0; i < PD_ARRAY_LEN(s); i++) {
		pd_events_event(ev, &(struct pd_event){ .kind = PD_EV_BEGIN, .track = { 2 }, .ts = s[i].from, .name = { s[i].name, strlen(s[i].name) }, .category = { "goroutine", 9 }, .stack = s[i].at });
		if (i == 4) { /* two samples share the last stretch */
			pd_events_event(ev, &(struct pd_event){ .kind = PD_EV_SAMPLE, .track = { 2 }, .ts = 100, .stack = g });
			pd_events_event(ev, &(struct pd_event){ .kind = PD_EV_SAMPLE, .track = { 2 }, .ts = 110, .stack = f });
		}
		pd_events_event(ev, &(struct pd_event){ .kind = PD_EV_END, .track = { 2 }, .ts = s[i].to, .end_stack = s[i].end });
	}
	assert_int_equal(pd_events_finish(ev, &err), PD_OK);
	doc = pd_builder_finish(b, &err);
	pd_builder_free(b);
	pd_doc_unref(doc);
	pd_events_free(ev);
	assert_true(pd_wall_has_states(w));
	assert_int_equal(pd_wall_finish(w, &err), PD_OK);
	t = thread_named(w, "G1 main");
	assert_int_equal(t.lifetime, 195);
	assert_int_equal(t.on, 130);
	assert_int_equal(t.off, 50);
	assert_int_equal(t.runnable, 15);
	assert_int_equal(sum(w, ON, "f", NULL), 30 + 50);
	assert_int_equal(sum(w, ON, "g", NULL), 50);
	assert_int_equal(sum(w, OFF, "recv", NULL), 50);
	pd_wall_free(w);
}

/* ---- idle ---- */

static void test_idle(PD_UNUSED void **state)
{
	static const char *const more[] = { "^queue_", NULL };
	struct pd_error err;
	struct pd_wall_summary s;
	struct pd_doc *on = DOC(10 * S, "samples", "count", { T1, .stack = "main;compute", .value = 420 });
	struct pd_doc *off = DOC(10 * S, "off_cpu", "us", { T1, .stack = "main;loop;epoll_wait", .value = 3000000 }, { T1, .stack = "main;lock;futex_wait", .value = 1000000 }, { T1, .stack = "main;queue_pop;x", .value = 500000 },
				 { T2, .stack = "ThreadPool::run;pthread_cond_wait;futex_wait", .value = 9900000 });
	struct pd_wall *w = combine(on, off, (struct pd_wall_opts){ .hz = 100, .hide_idle = true, .idle = more }, PD_OK, &err);

	pd_wall_summary(w, &s);
	assert_int_equal(s.idle_time, 3 * S + S / 2 + 9900 * MS);
	/* of T2 nothing is left, not even what nobody explains; T1 keeps its lock and its residual */
	assert_int_equal(s.hidden, 3 * S + S / 2 + 10 * S);
	assert_int_equal(sum(w, WALL, "futex_wait", NULL), S);
	assert_int_equal(sum(w, WALL, NULL, NULL), 20 * S - s.hidden);
	pd_wall_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_example),	       cmocka_unit_test(test_example_by_root), cmocka_unit_test(test_no_residual), cmocka_unit_test(test_levels),
		cmocka_unit_test(test_overlap),	       cmocka_unit_test(test_whole_numbers),   cmocka_unit_test(test_windows),	   cmocka_unit_test(test_refused),
		cmocka_unit_test(test_schedstat),      cmocka_unit_test(test_switches),	       cmocka_unit_test(test_switch_records), cmocka_unit_test(test_switches_without_returns),
		cmocka_unit_test(test_slices),	       cmocka_unit_test(test_idle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
