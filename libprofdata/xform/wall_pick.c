/*
 * What an input is: which of its sample types are time on the processor, blocked
 * or both, in what unit, at what rate; its window; and by what its threads are known.
 */
#include "xform/wall.h"

#include "base/error.h"
#include "xform/units.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define UNIX_TIMES INT64_C(1000000000000000000) /* later: ns since 1970, before: since some boot */

static bool is_one_of(struct pd_span s, const char *const *names)
{
	for (size_t i = 0; names[i]; i++)
		if (span_is(s, names[i]))
			return true;
	return false;
}

bool wall_is_off_name(struct pd_span name)
{
	static const char *const names[] = { "off_cpu", "offcpu", "off-cpu", "offcpu-time", "offcpu_time", "off_cpu_time", "off-cpu-time", "blocked", "blocked_time", "delay", "off", NULL };

	return is_one_of(name, names);
}

static bool is_on_name(struct pd_span name)
{
	static const char *const names[] = { "cpu", "on_cpu", "oncpu", "on-cpu", "cpu_time", "cpu-clock", "task-clock", "cpu-time", "on", NULL };

	return is_one_of(name, names) || span_starts(name, "cpu-clock:") || span_starts(name, "task-clock:");
}

static bool is_wall_name(struct pd_span name)
{
	static const char *const names[] = { "wall", "wallclock", "wall_time", "wall-time", "wall-clock", NULL };

	return is_one_of(name, names);
}

/* Events of which a sample says that its thread runs, at whatever rate. */
static bool is_count_name(struct pd_span name)
{
	static const char *const names[] = { "samples", "sample", "cpu_samples", "hits", "cycles", "cpu-cycles", "samples.cycles", "samples.cpu-cycles", NULL };

	return is_one_of(name, names) || span_starts(name, "cycles:") || span_starts(name, "samples.");
}

bool wall_is_switch_series(struct pd_span name)
{
	static const char *const names[] = { "sched:sched_switch", "sched_switch", "switch", "task", "sched:sched_wakeup", "sched:sched_wakeup_new", "sched:sched_waking",
					     "sched:sched_process_exit", "sched:sched_process_fork", "context-switches", "cs", NULL };

	return is_one_of(name, names) || span_starts(name, "context-switches:") || span_starts(name, "cs:") || span_starts(name, "cs/");
}

bool wall_has(const struct wall_input *in, enum pd_wall_role role)
{
	for (size_t i = 0; i < in->part.n; i++)
		if (in->part.v[i].role == role)
			return true;
	return false;
}

/* ---- columns ---- */

struct column {
	struct pd_span name, unit, series;
	unsigned index;
	struct pd_sample_type type;
	int64_t ns; /* of one unit, 0: not a unit of time */
};

static struct column column_at(const struct pd_doc *doc, unsigned i)
{
	struct column c = { .index = i };

	pd_doc_sample_type(doc, i, &c.type);
	c.name = pd_doc_string(doc, c.type.type.type);
	c.unit = pd_doc_string(doc, c.type.type.unit);
	c.series = pd_doc_string(doc, pd_series_name(doc, c.type.series));
	if (!pd_unit_ratio(c.unit.p, "ns", &c.ns) || !pd_units_compatible(c.unit.p, "ns"))
		c.ns = 0;
	return c;
}

static uint64_t power_of_ten(unsigned n)
{
	uint64_t v = 1;

	while (n-- > 0)
		v *= 10;
	return v;
}

/* Number of samples or contentions beside a column of the same series. */
static int count_beside(const struct pd_doc *doc, const struct column *c)
{
	for (unsigned v = 0; v < pd_series_values(doc, c->type.series); v++) {
		struct pd_value_type t;
		struct pd_span name, unit;

		pd_series_value_type(doc, c->type.series, v, &t);
		name = pd_doc_string(doc, t.type);
		unit = pd_doc_string(doc, t.unit);
		if (v != c->type.column && span_is(unit, "count") && !t.decimals && (is_count_name(name) || span_is(name, "contentions") || span_is(name, "intervals")))
			return (int)v;
	}
	return -1;
}

/* ns of one sample by the header, 0 unknown. */
static double period_of(const struct pd_doc *doc)
{
	const struct pd_meta *m = pd_doc_meta(doc);
	int64_t ns;

	if (m->period <= 0 || !pd_units_compatible(pd_doc_string(doc, m->period_unit).p, "ns") || !pd_unit_ratio(pd_doc_string(doc, m->period_unit).p, "ns", &ns))
		return 0;
	return (double)m->period * (double)ns;
}

static bool push_part(struct wall_input *in, enum pd_wall_role role, const struct column *c, struct wall_part *out)
{
	*out = (struct wall_part){ .role = role, .series = c->type.series, .value = (int)c->type.column, .count = count_beside(in->doc, c), .unit = c->ns,
				   .decimals = power_of_ten(c->type.type.decimals) };
	return pd_vec_push(&in->part, *out);
}

/* How good a column is as time on the processor, 0 not at all. `asked`: the user says that it is in there. */
static int rank_on(const struct wall_input *in, const struct column *c, bool asked)
{
	bool def = pd_doc_find_sample_type(in->doc, NULL) == (int)c->index;

	bool rated = asked || period_of(in->doc) > 0 || wall_has(in, PD_WALL_SWITCHES); /* beside switches only shares count */

	if (wall_is_switch_series(c->series) || wall_is_off_name(c->name) || wall_is_off_name(c->series) || span_is(c->series, "schedstat"))
		return 0;
	if (c->ns && (is_on_name(c->name) || is_on_name(c->series)))
		return 40 + def;
	if (asked && c->ns)
		return 30 + def;
	if (!c->ns && (is_on_name(c->series) || (is_count_name(c->name) && rated)))
		return 20 + (is_on_name(c->series) ? 2 : 0) + def;
	return asked && !c->ns ? 10 + def : 0;
}

static int rank_off(const struct wall_input *in, const struct column *c, bool asked)
{
	bool def = pd_doc_find_sample_type(in->doc, NULL) == (int)c->index;
	bool named = wall_is_off_name(c->name), within = wall_is_off_name(c->series);

	if (wall_is_switch_series(c->series) || span_is(c->series, "schedstat"))
		return 0;
	if (named)
		return 40 + (c->ns != 0) * 2 + def;
	if (within && !is_count_name(c->name))
		return 30 + (c->ns != 0) * 2 + def;
	return asked ? 10 + (c->ns != 0) * 2 + def : 0;
}

static int rank_wall(const struct wall_input *in, const struct column *c, bool asked)
{
	const struct pd_meta *m = pd_doc_meta(in->doc);
	bool clock = is_wall_name(pd_doc_string(in->doc, m->period_type)) && (c->ns || is_count_name(c->name));
	bool def = pd_doc_find_sample_type(in->doc, NULL) == (int)c->index;

	if (is_wall_name(c->name))
		return 40 + (c->ns != 0) * 2 + def;
	if (clock)
		return 30 + (c->ns != 0) * 2 + def;
	return asked ? 10 + (c->ns != 0) * 2 + def : 0;
}

static bool best(const struct wall_input *in, int (*rank)(const struct wall_input *, const struct column *, bool), bool asked, struct column *out)
{
	int top = 0;

	for (unsigned i = 0; i < pd_doc_sample_types(in->doc); i++) {
		struct column c = column_at(in->doc, i);
		int r = rank(in, &c, asked);

		if (r > top) {
			top = r;
			*out = c;
		}
	}
	return top > 0;
}

/* ---- roles ---- */

static enum pd_status take_on(struct pd_wall *w, struct wall_input *in, const struct column *c, struct pd_error *err)
{
	double period = period_of(in->doc);
	struct wall_part p;
	char rate[48] = "";

	if (w->o.hz > 0) {
		if (period > 0 && fabs(period * w->o.hz / WALL_NS - 1) > 0.001)
			wall_remark(w, false, "%s: %g samples a second as given by --hz, not %g as the profile says", in->name, w->o.hz, WALL_NS / period);
		period = WALL_NS / w->o.hz;
	}
	if (!c->ns && period <= 0 && wall_has(in, PD_WALL_SWITCHES)) {
		in->unrated = true;
		period = WALL_NS / 1000;
	}
	if (!c->ns && period <= 0) {
		pd_error_set(err, PD_ERR_USAGE, "%s: %.*s are counted, and nothing says how much time one stands for", in->name, (int)(c->name.n < 100 ? c->name.n : 100), c->name.p);
		pd_error_hint(err, "--hz N: the rate of sampling");
		return PD_ERR_USAGE;
	}
	if (!push_part(in, PD_WALL_ON, c, &p))
		return wall_nomem(err);
	if (!c->ns || w->o.hz > 0 || p.count < 0)
		in->part.v[in->part.n - 1].per_sample = period;
	if (period > 0 && !in->unrated)
		snprintf(rate, sizeof rate, ", %.6g Hz", WALL_NS / period);
	snprintf(in->what + strlen(in->what), sizeof in->what - strlen(in->what), "%son-CPU: %.*s/%.*s%s", in->what[0] ? "; " : "", (int)(c->name.n < 32 ? c->name.n : 32), c->name.p,
		 (int)(c->unit.n < 16 ? c->unit.n : 16), c->unit.p, rate);
	return PD_OK;
}

static enum pd_status off_unit(struct pd_wall *w, const struct wall_input *in, struct column *c, struct pd_error *err)
{
	int64_t given = 0;

	if (w->o.off_unit && (!pd_units_compatible(w->o.off_unit, "ns") || !pd_unit_ratio(w->o.off_unit, "ns", &given)))
		return pd_error_set(err, PD_ERR_USAGE, "'%s' is no unit of time (expected ns, us, ms or s)", w->o.off_unit);
	if (c->ns && given && given != c->ns)
		return pd_error_set(err, PD_ERR_USAGE, "%s: off-CPU values are in %.*s, not in %s", in->name, (int)c->unit.n, c->unit.p, w->o.off_unit);
	if (!c->ns)
		c->ns = given;
	if (c->ns)
		return PD_OK;
	pd_error_set(err, PD_ERR_USAGE, "%s: the unit of the off-CPU values is not known", in->name);
	pd_error_hint(err, "--off-unit us for offcputime of bcc and most bpftrace scripts, --off-unit ns or ms for others");
	return PD_ERR_USAGE;
}

/* Leaves of profiles of who releases a lock: they charge the time to the one that did not wait. */
static bool is_mutex_profile(const struct pd_doc *doc, unsigned series)
{
	static const char *const unlock[] = { "sync.(*Mutex).Unlock", "sync.(*RWMutex).Unlock", "sync.(*RWMutex).RUnlock", "internal/sync.(*Mutex).Unlock", "runtime.unlock",
					      "runtime._LostContendedRuntimeLock", "runtime.unlock2", "runtime.unlockWithRank", NULL };
	uint64_t hits = 0, rows_seen = 0;
	struct pd_rows rows;

	for (uint64_t first = 0; pd_series_rows(doc, series, first, &rows); first += rows.n)
		for (size_t i = 0; i < rows.n; i++) {
			const pd_frame *run;
			struct pd_frame_desc d;
			struct pd_func_desc f;
			uint32_t n = rows.stack[i].v ? pd_doc_stack_run(doc, rows.stack[i], &run) : 0;

			if (!n)
				continue;
			rows_seen++;
			pd_doc_frame(doc, run[n - 1], &d);
			for (uint32_t k = 0; k < d.n_lines; k++) {
				pd_doc_func(doc, d.lines[k].func, &f);
				if (is_one_of(pd_doc_string(doc, f.name), unlock)) {
					hits++;
					break;
				}
			}
		}
	return hits * 2 > rows_seen;
}

static enum pd_status take_off(struct pd_wall *w, struct wall_input *in, struct column *c, struct pd_error *err)
{
	enum pd_status status = off_unit(w, in, c, err);
	struct wall_part p;

	if (status != PD_OK)
		return status;
	if (!push_part(in, PD_WALL_OFF, c, &p))
		return wall_nomem(err);
	if (p.count >= 0 && span_is(c->name, "delay")) {
		in->parks = true;
		if (in->start > in->length) /* differences of profiles are dated at their end */
			in->start -= in->length;
		if (is_mutex_profile(in->doc, p.series)) {
			pd_error_set(err, PD_ERR_DATA, "%s: a mutex profile charges those who unlock with the time that others waited, so it is no part of anybody's wall-clock time", in->name);
			pd_error_hint(err, "use the block profile: it has the time with those who waited");
			return PD_ERR_DATA;
		}
	}
	snprintf(in->what + strlen(in->what), sizeof in->what - strlen(in->what), "%soff-CPU: %.*s/%s%s", in->what[0] ? "; " : "", (int)(c->name.n < 32 ? c->name.n : 32), c->name.p,
		 c->ns == 1 ? "nanoseconds" : c->ns == 1000 ? "microseconds" : c->ns == 1000000 ? "milliseconds" : "other unit", in->parks ? ", of goroutines" : "");
	return PD_OK;
}

static bool has_state_label(const struct pd_doc *doc)
{
	pd_str key;

	if (!pd_doc_find_string(doc, "state", 5, &key))
		return false;
	for (uint32_t s = 1; s <= pd_doc_label_sets(doc); s++) {
		const struct pd_label *l;

		for (size_t i = pd_doc_labels(doc, (pd_labels){ s }, &l); i-- > 0;)
			if (l[i].key.v == key.v && l[i].kind == PD_LABEL_STR)
				return true;
	}
	return false;
}

static enum pd_status take_whole(struct pd_wall *w, struct wall_input *in, const struct column *c, struct pd_error *err)
{
	bool states = has_state_label(in->doc);
	struct wall_part p;

	if (!push_part(in, PD_WALL_WHOLE, c, &p))
		return wall_nomem(err);
	if (states && c->ns) {
		snprintf(in->what, sizeof in->what, "wall-clock: %.*s/%.*s by state", (int)(c->name.n < 32 ? c->name.n : 32), c->name.p, (int)(c->unit.n < 16 ? c->unit.n : 16), c->unit.p);
		return PD_OK;
	}
	in->part.v[in->part.n - 1].stateless = true;
	in->part.v[in->part.n - 1].per_sample = w->o.hz > 0 ? WALL_NS / w->o.hz : period_of(in->doc);
	snprintf(in->what, sizeof in->what, "wall-clock samples: %.*s/%.*s", (int)(c->name.n < 32 ? c->name.n : 32), c->name.p, (int)(c->unit.n < 16 ? c->unit.n : 16), c->unit.p);
	return PD_OK;
}

static enum pd_status take_switches(struct wall_input *in, struct pd_error *err)
{
	for (unsigned s = 0; s < pd_doc_series(in->doc); s++) {
		struct pd_span name = pd_doc_string(in->doc, pd_series_name(in->doc, s));

		if (!span_is(name, "sched:sched_switch") && !span_is(name, "sched_switch") && !span_is(name, "switch"))
			continue;
		if (!pd_series_has_time(in->doc, s))
			continue;
		if (!pd_vec_push(&in->part, ((struct wall_part){ .role = PD_WALL_SWITCHES, .series = s, .value = -1, .count = -1 })))
			return wall_nomem(err);
		snprintf(in->what, sizeof in->what, "scheduler switches");
		return PD_OK;
	}
	return PD_OK;
}

static enum pd_status take_schedstat(struct wall_input *in, struct pd_error *err)
{
	for (unsigned s = 0; s < pd_doc_series(in->doc); s++) {
		struct wall_part p = { .role = PD_WALL_SCHEDSTAT, .series = s, .value = -1, .count = -1 };

		if (!span_is(pd_doc_string(in->doc, pd_series_name(in->doc, s)), "schedstat"))
			continue;
		for (unsigned v = 0; v < pd_series_values(in->doc, s); v++) {
			struct pd_value_type t;

			pd_series_value_type(in->doc, s, v, &t);
			if (span_is(pd_doc_string(in->doc, t.type), "run"))
				p.value = (int)v;
			if (span_is(pd_doc_string(in->doc, t.type), "wait"))
				p.count = (int)v;
		}
		if (p.value >= 0 && !pd_vec_push(&in->part, p))
			return wall_nomem(err);
	}
	return PD_OK;
}

/* ---- who and when ---- */

static void pick_threads(struct wall_input *in)
{
	uint64_t rows_seen = 0, tid = 0, pid = 0, name = 0;
	pd_labels last = { 0 };
	struct wall_named d = { 0 };
	struct pd_rows rows;

	for (unsigned s = 0; s < pd_doc_series(in->doc); s++)
		for (uint64_t first = 0; pd_series_rows(in->doc, s, first, &rows); first += rows.n)
			for (size_t i = 0; i < rows.n; i++) {
				if (rows.labels[i].v != last.v)
					d = wall_named(in->doc, last = rows.labels[i]);
				rows_seen++;
				tid += d.has_tid;
				pid += d.has_pid;
				name += d.name.v != 0;
			}
	in->has_tid = tid * 2 > rows_seen;
	in->has_pid = pid * 2 > rows_seen;
	in->has_name = name * 2 > rows_seen;
}

static void pick_window(struct wall_input *in)
{
	const struct pd_meta *m = pd_doc_meta(in->doc);
	struct pd_error err = { 0 };
	struct pd_times *times;
	int64_t first, last;

	in->start = m->time_nanos;
	in->length = m->duration_nanos;
	if (in->length <= 0 && m->end_nanos > m->time_nanos && m->time_nanos > 0)
		in->length = m->end_nanos - m->time_nanos;
	if (in->length <= 0 && (times = pd_times_new(in->doc, &err))) {
		if (pd_times_span(times, &first, &last) && last > first && !pd_sub_overflow(last, first, &in->length))
			in->start = first;
		pd_times_free(times);
	}
	if (in->length > INT64_MAX / 2 || in->start > INT64_MAX / 2 || in->start < 0)
		in->start = 0; /* no clock that anybody has */
	in->has_window = in->length > 0;
	in->dated = in->start >= UNIX_TIMES;
}

/* ---- the whole ---- */

static enum pd_status pick_asked(struct pd_wall *w, struct wall_input *in, struct pd_error *err)
{
	struct column c;

	switch (in->asked) {
	case PD_WALL_ON:
		return best(in, rank_on, true, &c) ? take_on(w, in, &c, err) : PD_OK;
	case PD_WALL_OFF: {
		enum pd_status status = take_switches(in, err);

		if (status != PD_OK || in->part.n)
			return status;
		return best(in, rank_off, true, &c) ? take_off(w, in, &c, err) : PD_OK;
	}
	case PD_WALL_WHOLE:
		return best(in, rank_wall, true, &c) ? take_whole(w, in, &c, err) : PD_OK;
	default:
		return PD_OK;
	}
}

static enum pd_status pick_auto(struct pd_wall *w, struct wall_input *in, struct pd_error *err)
{
	enum pd_status status = take_switches(in, err);
	bool switches = in->part.n > 0;
	struct column c;

	if (status == PD_OK && !switches && best(in, rank_wall, false, &c))
		return take_whole(w, in, &c, err);
	if (status == PD_OK && best(in, rank_on, false, &c))
		status = take_on(w, in, &c, err);
	if (status == PD_OK && !switches && best(in, rank_off, false, &c))
		status = take_off(w, in, &c, err);
	return status;
}

enum pd_status wall_pick(struct pd_wall *w, struct wall_input *in, struct pd_error *err)
{
	uint64_t rows = 0;
	enum pd_status status;

	for (unsigned s = 0; s < pd_doc_series(in->doc); s++)
		rows += pd_series_count(in->doc, s);
	if (!rows)
		return pd_error_set(err, PD_ERR_DATA, "%s: no samples", in->name);
	pick_threads(in);
	pick_window(in);
	status = in->asked ? pick_asked(w, in, err) : pick_auto(w, in, err);
	if (status == PD_OK)
		status = take_schedstat(in, err);
	return status;
}

/* An input that could be either is what the others are not. */
enum pd_status wall_pick_rest(struct pd_wall *w, struct pd_error *err)
{
	bool on = false, off = false, whole = false;
	struct wall_input *open = NULL;
	enum pd_status status = PD_OK;

	for (size_t i = 0; i < w->input.n; i++) {
		struct wall_input *in = &w->input.v[i];

		on |= wall_has(in, PD_WALL_ON) || wall_has(in, PD_WALL_SWITCHES);
		off |= wall_has(in, PD_WALL_OFF) || wall_has(in, PD_WALL_SWITCHES);
		whole |= wall_has(in, PD_WALL_WHOLE);
		if (in->doc && !in->part.n) {
			if (open)
				goto which;
			open = in;
		}
	}
	if (open && ((on && off) || whole))
		goto which;
	if (open) {
		open->asked = off ? PD_WALL_ON : on ? PD_WALL_OFF : PD_WALL_AUTO;
		if (!open->asked)
			goto which;
		status = pick_asked(w, open, err);
	}
	return status;
which:
	pd_error_set(err, PD_ERR_USAGE, "%s: cannot tell whether this is time on the processor or off it", open->name);
	pd_error_hint(err, "on=FILE off=FILE");
	return PD_ERR_USAGE;
}
