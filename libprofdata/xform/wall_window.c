/* The common window of all inputs, by what their threads are matched, and what must not be added up. */
#include "xform/wall.h"

#include "base/error.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- what goes together ---- */

struct roles {
	const struct wall_input *on, *off, *whole, *switches;
	unsigned n_on, n_off, n_whole, n_switches;
};

static struct roles count_roles(const struct pd_wall *w)
{
	struct roles r = { 0 };

	for (size_t i = 0; i < w->input.n; i++) {
		const struct wall_input *in = &w->input.v[i];

		for (size_t k = 0; k < in->part.n; k++)
			switch (in->part.v[k].role) {
			case PD_WALL_ON: r.n_on++; r.on = in; break;
			case PD_WALL_OFF: r.n_off++; r.off = in; break;
			case PD_WALL_WHOLE: r.n_whole++; r.whole = in; break;
			case PD_WALL_SWITCHES: r.n_switches++; r.switches = in; break;
			default: break;
			}
	}
	return r;
}

static enum pd_status twice(struct pd_error *err, const struct wall_input *in, const char *what, const char *hint)
{
	pd_error_set(err, PD_ERR_USAGE, "%s: %s", in->name, what);
	pd_error_hint(err, "%s", hint);
	return PD_ERR_USAGE;
}

static enum pd_status check_roles(struct pd_wall *w, struct pd_error *err)
{
	struct roles r = count_roles(w);

	if (!r.n_on && !r.n_off && !r.n_whole && !r.n_switches)
		return pd_error_set(err, PD_ERR_DATA, "nothing in the input says where time was spent");
	if (r.n_whole > 1)
		return twice(err, r.whole, "a second profile of all the time", "profdata merge, if they are of different processes");
	if (r.n_whole && (r.n_off || r.n_switches))
		return twice(err, r.whole, "wall-clock samples hold the time off the processor already", "leave the off-CPU profile out");
	if (r.n_on > 1)
		return twice(err, r.on, "a second on-CPU profile: its time would count twice", "profdata merge, if they are of different processes or times");
	if (r.n_off + r.n_switches > 1)
		return twice(err, r.off ? r.off : r.switches, "a second source of time off the processor: what both saw would count twice",
			     "take one of them; profdata merge, if they are of different processes");
	if (!r.n_whole && !r.n_switches && !r.n_off)
		return twice(err, r.on, "only time on the processor: the time off it is missing", "profdata wall on=FILE off=FILE");
	if (!r.n_whole && !r.n_switches && !r.n_on)
		return twice(err, r.off, "only time off the processor: the time on it is missing", "profdata wall on=FILE off=FILE");
	return PD_OK;
}

/* ---- windows ---- */

static void not_said(struct pd_wall *w, const struct wall_input *in, const struct wall_input *other)
{
	wall_remark(w, false, "%s: does not say how long it was recorded; taken to be as long as %s", in->name, other ? other->name : "--duration says");
}

/* Both on one clock: the part of time that both saw. */
static enum pd_status intersect(struct pd_wall *w, const struct wall_input *a, const struct wall_input *b, int64_t *length, struct pd_error *err)
{
	int64_t from = a->start > b->start ? a->start : b->start;
	int64_t a_end = a->start + a->length, b_end = b->start + b->length, to = a_end < b_end ? a_end : b_end;

	if (to <= from && !w->o.force) {
		pd_error_set(err, PD_ERR_DATA, "%s and %s were not recorded at the same time", a->name, b->name);
		pd_error_hint(err, "--force combines them as rates");
		return PD_ERR_DATA;
	}
	*length = to > from ? to - from : 0;
	return PD_OK;
}

static bool differs(double a, double b)
{
	return fabs(a - b) > WALL_WINDOW_TOLERANCE * (a > b ? a : b);
}

static void to_rates(struct pd_wall *w, const struct wall_input *a, const struct wall_input *b, bool clocks, int64_t common)
{
	char ta[32], tb[32], tc[32];

	for (size_t i = 0; i < w->input.n; i++)
		if (w->input.v[i].has_window)
			w->input.v[i].scale = WALL_NS / (double)w->input.v[i].length;
	w->s.rates = true;
	w->s.window = (int64_t)WALL_NS;
	if (clocks)
		wall_remark(w, true, "%s covers %s, %s %s, both together %s: values are rates, nanoseconds per second of each", a->name, wall_time_text(ta, sizeof ta, (double)a->length), b->name,
			    wall_time_text(tb, sizeof tb, (double)b->length), wall_time_text(tc, sizeof tc, (double)common));
	else
		wall_remark(w, true, "%s covers %s, %s %s: values are rates, nanoseconds per second of each", a->name, wall_time_text(ta, sizeof ta, (double)a->length), b->name,
			    wall_time_text(tb, sizeof tb, (double)b->length));
}

static enum pd_status find_window(struct pd_wall *w, struct pd_error *err)
{
	const struct wall_input *a = NULL, *b = NULL;
	int64_t common;
	bool clocks;

	for (size_t i = 0; i < w->input.n; i++) {
		struct wall_input *in = &w->input.v[i];

		if (!in->has_window && w->o.duration > 0) {
			in->has_window = true;
			in->length = w->o.duration;
			in->start = 0;
		}
		if (in->has_window && (!a || (in->length != a->length && !b)))
			*(a ? &b : &a) = in;
	}
	for (size_t i = 0; i < w->input.n; i++)
		if (a && !w->input.v[i].has_window)
			not_said(w, &w->input.v[i], a);
	if (!a) {
		wall_remark(w, true, "no input says how long it was recorded, so the lifetime of threads is not known%s", "; --duration SECONDS");
		return PD_OK;
	}
	w->s.has_window = true;
	w->s.window = a->length;
	if (w->input.n < 2)
		return PD_OK;
	for (size_t i = 1; i < w->input.n && !b; i++)
		b = w->input.v[i].has_window ? &w->input.v[i] : NULL;
	if (!b)
		return PD_OK;
	clocks = a->start > 0 && b->start > 0 && a->dated == b->dated;
	common = a->length < b->length ? a->length : b->length;
	if (clocks && intersect(w, a, b, &common, err) != PD_OK)
		return PD_ERR_DATA;
	if (!clocks && a->start > 0 && b->start > 0)
		wall_remark(w, false, "%s and %s have different clocks: only the lengths of their windows are compared", a->name, b->name);
	if (differs((double)a->length, (double)b->length) || differs((double)a->length, (double)common))
		to_rates(w, a, b, clocks, common);
	else
		w->s.window = common;
	return PD_OK;
}

/* ---- threads ---- */

static bool frame_name(const struct pd_doc *doc, pd_frame f, struct pd_span *out)
{
	struct pd_frame_desc d;
	struct pd_func_desc fd;

	pd_doc_frame(doc, f, &d);
	if (!d.n_lines)
		return false;
	pd_doc_func(doc, d.lines[d.n_lines - 1].func, &fd);
	*out = pd_doc_string(doc, fd.name);
	return true;
}

/* Names as folded text has them: blanks become lines. */
static bool same_name(struct pd_span a, struct pd_span b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (a.p[i] != b.p[i] && !((a.p[i] == ' ' || a.p[i] == '_') && (b.p[i] == ' ' || b.p[i] == '_')))
			return false;
	return true;
}

#define ROOTS_MAX 4096

/* Outermost frames of all stacks: those of nodes without parent, once each. -1: too many, or a stack without frames. */
static int roots_of(const struct pd_doc *doc, struct pd_span *out)
{
	int n = 0;

	for (uint32_t s = 1; s <= pd_doc_stack_nodes(doc); s++) {
		const pd_frame *run;
		struct pd_span name;
		int i;

		if (pd_doc_stack_parent(doc, (pd_stack){ s }).v || !pd_doc_stack_run(doc, (pd_stack){ s }, &run))
			continue;
		if (!frame_name(doc, run[0], &name) || n == ROOTS_MAX)
			return -1;
		for (i = 0; i < n && !span_eq(out[i], name); i++)
			;
		if (i == n)
			out[n++] = name;
	}
	return n;
}

/* How many of these names the other input knows as threads, or has as outermost frames. */
static int known_roots(const struct wall_input *other, const struct pd_span *name, int n, struct pd_span *scratch)
{
	int hits = 0, n_other = 0;

	if (!other->has_name && (n_other = roots_of(other->doc, scratch)) < 0)
		return 0;
	for (int i = 0; i < n; i++) {
		bool hit = false;

		for (uint32_t t = 1; other->has_name && t <= pd_doc_label_sets(other->doc) && !hit; t++)
			hit = same_name(pd_doc_string(other->doc, wall_named(other->doc, (pd_labels){ t }).name), name[i]);
		for (int k = 0; k < n_other && !hit; k++)
			hit = same_name(scratch[k], name[i]);
		hits += hit;
	}
	return hits;
}

/* Where programs and threads begin: functions, whatever else has the same name. */
static bool is_entry(struct pd_span name)
{
	static const char *const entries[] = { "main", "_start", "__libc_start_main", "__libc_start_call_main", "start_thread", "clone", "clone3", "__clone", "__clone3", "_dl_start_user",
					       "entry_SYSCALL_64_after_hwframe", "ret_from_fork", "ret_from_fork_asm", "[unknown]", "all", "root", "<module>", NULL };

	for (size_t i = 0; entries[i]; i++)
		if (span_is(name, entries[i]))
			return true;
	return span_starts(name, "main.") || span_starts(name, "runtime.") || span_starts(name, "java.lang.Thread.") || span_starts(name, "std::");
}

/*
 * Folded text has threads as outermost frames, if at all. They are taken as such when an input has no threads otherwise, no name is that of a
 * function where programs begin, and the other input knows most of the names, too.
 */
static bool find_roots(struct pd_wall *w)
{
	struct pd_span *mine = calloc((size_t)ROOTS_MAX * 2, sizeof *mine), *theirs = mine + ROOTS_MAX;

	for (size_t i = 0; mine && i < w->input.n; i++) {
		struct wall_input *in = &w->input.v[i];
		int n;

		if (!in->doc || in->has_tid || in->has_name || in->has_pid || in->parks || wall_has(in, PD_WALL_WHOLE))
			continue;
		n = roots_of(in->doc, mine);
		for (int r = 0; r < n; r++)
			if (is_entry(mine[r]))
				n = 0;
		for (size_t k = 0; k < w->input.n && n > 0 && !in->by_root; k++) {
			const struct wall_input *other = &w->input.v[k];
			int hits = k != i && other->doc && !other->parks && !wall_has(other, PD_WALL_WHOLE) ? known_roots(other, mine, n, theirs) : 0;

			in->by_root = hits * 2 > n;
		}
	}
	free(mine);
	return mine != NULL;
}

static enum pd_status find_level(struct pd_wall *w, struct pd_error *err)
{
	bool tid = true, pid = true, name = true, parks = false;

	if (!find_roots(w))
		return wall_nomem(err);
	w->use_pid = true;
	for (size_t i = 0; i < w->input.n; i++) {
		struct wall_input *in = &w->input.v[i];

		parks |= in->parks;
		tid &= in->has_tid;
		pid &= in->has_pid;
		name &= in->has_name || in->by_root;
		w->use_pid &= in->has_pid && in->has_tid && !wall_has(in, PD_WALL_SWITCHES);
	}
	w->level = tid ? WALL_BY_TID : name ? WALL_BY_NAME : pid ? WALL_BY_PID : WALL_BY_ALL;
	if (w->o.per == PD_WALL_PER_PROCESS && w->level != WALL_BY_ALL)
		w->level = pid ? WALL_BY_PID : w->level;
	if (w->o.per == PD_WALL_PER_TOTAL || parks)
		w->level = WALL_BY_ALL;
	if (w->level == WALL_BY_NAME && w->o.per == PD_WALL_PER_THREAD)
		wall_remark(w, false, "threads are matched by name: not all inputs have thread ids");
	if (w->level == WALL_BY_PID && w->o.per == PD_WALL_PER_THREAD)
		wall_remark(w, false, "no thread ids or names in common: combined per process");
	if (w->level == WALL_BY_ALL && w->o.per != PD_WALL_PER_TOTAL && !parks && w->input.n > 1)
		wall_remark(w, false, "no thread or process ids in common: combined as one total");
	if (w->o.per == PD_WALL_PER_PROCESS && w->level != WALL_BY_PID && w->level != WALL_BY_ALL)
		return pd_error_set(err, PD_ERR_DATA, "no process ids to combine by");
	return PD_OK;
}

enum pd_status wall_window(struct pd_wall *w, struct pd_error *err)
{
	enum pd_status status = check_roles(w, err);

	if (status == PD_OK)
		status = find_level(w, err);
	if (status == PD_OK)
		status = find_window(w, err);
	return status;
}
