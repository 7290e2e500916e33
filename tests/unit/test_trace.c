/* Event sinks: what nests, what overlaps, what never ends; a format that has events only. */
#include "cm.h"

#include <string.h>


#include <profdata/profdata.h>

static struct pd_span text(const char *s)
{
	return (struct pd_span){ s, strlen(s) };
}

static void track(struct pd_events *ev, uint32_t id, enum pd_track_kind kind, uint32_t parent, int64_t number, const char *name, uint32_t flags)
{
	pd_events_track(ev, (pd_track){ id },
			&(struct pd_track_desc){ .kind = kind, .parent = { parent }, .id = number, .name = text(name), .flags = flags });
}

static void event(struct pd_events *ev, enum pd_event_kind kind, uint32_t id, int64_t ts, int64_t dur, const char *name)
{
	pd_events_event(ev, &(struct pd_event){ .kind = kind, .track = { id }, .ts = ts, .dur = dur, .name = text(name) });
}

/* Writes what stands in `b` as folded text, with the values of `type`. */
static void expect(struct pd_builder *b, const char *type, const char *folded)
{
	struct pd_error err = { 0 };
	struct pd_doc *doc = pd_builder_finish(b, &err);
	struct pd_out *out = pd_out_memory(0, 0, &err);
	struct pd_save_opts o = { .size = sizeof o, .sample_type = type };

	assert_non_null(doc);
	assert_true(pd_doc_check(doc, &err));
	assert_int_equal(pd_save(doc, pd_format_named("folded"), &o, NULL, out, NULL, 0, &err), PD_OK);
	assert_int_equal(pd_out_commit(out, &err), PD_OK);
	struct pd_span s = pd_out_memory_span(out);
	assert_int_equal(s.n, strlen(folded));
	assert_memory_equal(s.p, folded, s.n);
	pd_out_free(out);
	pd_doc_unref(doc);
}

struct rig {
	struct pd_builder *b;
	struct pd_events *ev;
};

static struct rig rig(uint32_t flags)
{
	struct pd_error err = { 0 };
	struct rig r = { .b = pd_builder_new(NULL, PD_BUILD_AGGREGATE, &err) };

	r.ev = pd_events_profile(r.b, &err);
	assert_non_null(r.ev);
	track(r.ev, 1, PD_TRACK_PROCESS, 0, 7, "proc", 0);
	track(r.ev, 2, PD_TRACK_THREAD, 1, 70, "main", flags);
	track(r.ev, 3, PD_TRACK_THREAD, 1, 71, "", flags);
	return r;
}

static void done(struct rig *r, const char *type, const char *folded)
{
	struct pd_error err = { 0 };

	assert_int_equal(pd_events_finish(r->ev, &err), PD_OK);
	pd_events_free(r->ev);
	expect(r->b, type, folded);
	pd_builder_free(r->b);
}

static void test_nesting(void **state)
{
	struct rig r = rig(0);

	(void)state;
	event(r.ev, PD_EV_BEGIN, 2, 0, 0, "a");
	event(r.ev, PD_EV_SLICE, 2, 10, 5, "b");
	event(r.ev, PD_EV_SLICE, 2, 15, 5, "b"); /* begins where its brother ends */
	event(r.ev, PD_EV_SLICE, 3, 3, 4, "c");
	event(r.ev, PD_EV_END, 2, 100, 0, "");
	event(r.ev, PD_EV_END, 2, 101, 0, ""); /* of nothing */
	event(r.ev, PD_EV_BEGIN, 2, 110, 0, "open");
	event(r.ev, PD_EV_INSTANT, 2, 999, 0, "last word");
	event(r.ev, PD_EV_SLICE, 2, 110, 20, "");
	done(&r, "time", "main;a 90\nmain;a;b 10\nmain;open 869\nmain;open;[no name] 20\nthread_71;c 4\n");
}

static void test_unordered(void **state)
{
	struct rig r = rig(PD_TRACK_UNORDERED);

	(void)state;
	event(r.ev, PD_EV_SLICE, 2, 12, 3, "inner");
	event(r.ev, PD_EV_END, 2, 30, 0, "");
	event(r.ev, PD_EV_SLICE, 2, 10, 10, "outer");
	event(r.ev, PD_EV_BEGIN, 2, 10, 0, "whole"); /* same begin as outer, but longer */
	event(r.ev, PD_EV_SLICE, 3, 0, INT64_MAX, "for ever");
	event(r.ev, PD_EV_SLICE, 2, 18, 7, "across"); /* begins in outer, ends after it */
	event(r.ev, PD_EV_SLICE, 3, 5, -4, "negative");
	done(&r, "time", "main;across 7\nmain;whole 10\nmain;whole;outer 7\nmain;whole;outer;inner 3\nthread_71;for ever 9223372036854775807\n");
}

static void test_samples(void **state)
{
	struct rig r = rig(0);
	pd_frame f = pd_frame_named(r.b, "hot", 3);
	pd_stack s = pd_stack_of(r.b, &f, 1, PD_ROOT_FIRST);

	(void)state;
	for (int i = 0; i < 3; i++)
		pd_events_event(r.ev, &(struct pd_event){ .kind = PD_EV_SAMPLE, .track = { 2 }, .ts = i, .stack = s });
	done(&r, "samples", "main;hot 3\n");
}

static void test_counter_and_tee(void **state)
{
	struct pd_error err = { 0 };
	struct pd_event_counts n, m;
	struct pd_events *both[2] = { pd_events_counter(&n, &err), pd_events_counter(&m, &err) };
	struct pd_events *tee = pd_events_tee(both, 2, &err);

	(void)state;
	assert_true(tee->ops->wants & PD_WANTS_EVENTS);
	track(tee, 1, PD_TRACK_PROCESS, 0, 1, "p", 0);
	track(tee, 2, PD_TRACK_THREAD, 1, 1, "", 0);
	track(tee, 2, PD_TRACK_THREAD, 1, 1, "named later", 0);
	event(tee, PD_EV_SLICE, 2, 5, 10, "s");
	event(tee, PD_EV_INSTANT, 2, -7, 0, "i");
	assert_int_equal(pd_events_finish(tee, &err), PD_OK);
	assert_int_equal(n.tracks, 1);
	assert_int_equal(m.events[PD_EV_SLICE], 1);
	assert_int_equal(m.events[PD_EV_INSTANT], 1);
	assert_int_equal(n.first, -7);
	assert_int_equal(n.last, 15);
	assert_string_equal(pd_event_kind_name(PD_EV_ASYNC_END), "async_end");
	pd_events_free(tee);
	pd_events_free(both[0]);
	pd_events_free(both[1]);
}

static void test_collector(void **state)
{
	struct pd_error err = { 0 };
	struct pd_events *c = pd_events_collector(NULL, &err);
	struct pd_timeline_slices s;
	struct pd_track_desc d;

	(void)state;
	track(c, 1, PD_TRACK_PROCESS, 0, 1, "p", 0);
	track(c, 2, PD_TRACK_THREAD, 1, 9, "t", 0);
	event(c, PD_EV_SLICE, 2, 5, 1, "short");
	event(c, PD_EV_BEGIN, 2, 5, 0, "long");
	event(c, PD_EV_END, 2, 50, 0, "");
	event(c, PD_EV_SLICE, 1, 60, 1, "first track");
	assert_int_equal(pd_events_finish(c, &err), PD_OK);
	pd_timeline_slices(c, &s);
	assert_int_equal(s.n, 3);
	assert_int_equal(s.track[0], 1);
	assert_int_equal(s.dur[1], 45);
	assert_int_equal(pd_timeline_string(c, s.name[1]).n, 4);
	assert_int_equal(s.dur[2], 1);
	assert_int_equal(pd_timeline_tracks(c), 2);
	pd_timeline_track(c, (pd_track){ 2 }, &d);
	assert_int_equal(d.id, 9);
	assert_memory_equal(d.name.p, "t", 1);
	pd_events_free(c);
}

/* Samples at 0, 10, 20 (a;b, a;b, a;c), then nothing until 500. */
static void test_document(void **state)
{
	struct pd_error err = { 0 };
	struct pd_builder *b = pd_builder_new(NULL, 0, &err);
	struct pd_value_type type = { .type = pd_intern_z(b, "samples"), .unit = pd_intern_z(b, "count") };
	unsigned series = pd_series_add(b, (pd_str){ 0 });
	static const struct { int64_t at; const char *leaf; } sample[] = { { 20, "c" }, { 0, "b" }, { 10, "b" }, { 500, "b" } };
	int64_t one = 1;
	struct pd_events *c = pd_events_collector(NULL, &err);
	struct pd_timeline_slices s;
	struct pd_doc *doc;

	(void)state;
	pd_series_value(b, series, &type);
	for (size_t i = 0; i < 4; i++) {
		pd_frame f[2] = { pd_frame_named(b, "a", 1), pd_frame_named(b, sample[i].leaf, 1) };

		pd_sample_add(b, series, &(struct pd_sample){ .stack = pd_stack_of(b, f, 2, PD_ROOT_FIRST), .has_time = true, .time = sample[i].at }, &one);
	}
	doc = pd_builder_finish(b, &err);
	assert_int_equal(pd_doc_events(doc, 0, 0, c, &err), PD_OK);
	assert_int_equal(pd_events_finish(c, &err), PD_OK);
	pd_timeline_slices(c, &s);
	static const struct { int64_t ts, dur; char name; } want[] = { { 0, 30, 'a' }, { 0, 20, 'b' }, { 20, 10, 'c' }, { 500, 10, 'a' }, { 500, 10, 'b' } };
	assert_int_equal(s.n, 5);
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(s.ts[i], want[i].ts);
		assert_int_equal(s.dur[i], want[i].dur);
		assert_int_equal(pd_timeline_string(c, s.name[i]).p[0], want[i].name);
	}
	pd_events_free(c);
	pd_doc_unref(doc);
	pd_builder_free(b);
}

/* ---- a format of events ---- */

static enum pd_status toy_read_events(struct pd_source *src, struct pd_sink *sink, struct pd_events *ev, const void *opts)
{
	struct pd_span line;

	(void)opts;
	track(ev, 1, PD_TRACK_THREAD, 0, 1, "t", 0);
	while (pd_source_line(src, &line)) {
		if (line.n == 0)
			return pd_fail(sink, src, "expected a name");
		event(ev, PD_EV_SLICE, 1, 10, 5, "x");
		pd_events_fact(ev, &(struct pd_fact){ .kind = PD_FACT_INT, .key = "line", .i = 1 });
	}
	return pd_source_status(src);
}

static struct pd_events *toy_sink(struct pd_out *out, const struct pd_save_opts *o, const void *opts, struct pd_error *err)
{
	static struct pd_event_counts counts;

	(void)out;
	(void)o;
	(void)opts;
	return pd_events_counter(&counts, err);
}

static const struct pd_format toy = { .name = "toy", .summary = "events only", .read_events = toy_read_events, .write_events = toy_sink };

static struct pd_doc *load(const char *input, struct pd_events *ev, bool only, struct pd_error *err)
{
	struct pd_source *src = pd_source_memory("toy", input, strlen(input), NULL, err);
	struct pd_load_opts o = { .size = sizeof o, .format = &toy, .events = ev };
	struct pd_doc *doc = only ? pd_load_events(src, &o, ev, err) : pd_load(src, &o, err);

	pd_source_free(src);
	return doc;
}

static void test_load(void **state)
{
	struct pd_error err = { 0 };
	struct pd_event_counts n;
	struct pd_events *ev = pd_events_counter(&n, &err);
	struct pd_doc *doc = load("a\nb\n", ev, false, &err);
	int64_t sum, abs;

	(void)state;
	assert_non_null(doc);
	assert_int_equal(n.events[PD_EV_SLICE], 2);
	assert_int_equal(pd_doc_find_sample_type(doc, NULL), 1);
	assert_true(pd_doc_total(doc, 1, &sum, &abs));
	assert_int_equal(sum, 5); /* two equal slices nest */
	pd_doc_unref(doc);
	pd_events_free(ev);
	ev = pd_events_counter(&n, &err);
	doc = load("a\n", ev, true, &err);
	assert_non_null(doc);
	assert_int_equal(pd_doc_sample_types(doc), 0);
	assert_int_equal(n.events[PD_EV_SLICE], 1);
	pd_doc_unref(doc);
	pd_events_free(ev);
	ev = pd_events_counter(&n, &err);
	assert_null(load("a\n\n", ev, true, &err));
	assert_string_equal(err.text, "expected a name");
	assert_int_equal(err.line, 2);
	pd_events_free(ev);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nesting), cmocka_unit_test(test_unordered), cmocka_unit_test(test_samples),
		cmocka_unit_test(test_counter_and_tee), cmocka_unit_test(test_collector), cmocka_unit_test(test_document),
		cmocka_unit_test(test_load),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
