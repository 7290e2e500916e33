/* Groups (threads, or what stands for them) and cells: what each did on one stack in one state. */
#include "xform/wall.h"

#include "base/error.h"
#include "base/hash.h"
#include "xform/units.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- index ---- */

static size_t home(const struct wall_index *x, uint64_t a, uint64_t b)
{
	return (size_t)pd_hash_u64(pd_hash_key(), a, b) & x->mask;
}

static bool index_grow(struct wall_index *x)
{
	struct wall_index more = { .mask = x->slot ? (x->mask + 1) * 2 - 1 : 255, .used = x->used };

	more.slot = calloc(more.mask + 1, sizeof *more.slot);
	if (!more.slot)
		return false;
	for (size_t i = 0; x->slot && i <= x->mask; i++) {
		size_t at;

		if (!x->slot[i].row)
			continue;
		for (at = home(&more, x->slot[i].a, x->slot[i].b); more.slot[at].row; at = (at + 1) & more.mask)
			;
		more.slot[at] = x->slot[i];
	}
	free(x->slot);
	*x = more;
	return true;
}

/* Rows are kept plus one, so that an empty slot is zero; the caller sees them so too. */
uint32_t *wall_index_put(struct wall_index *x, uint64_t a, uint64_t b, uint32_t next, bool *fresh)
{
	size_t at;

	if ((!x->slot || x->used >= x->mask - x->mask / 4) && !index_grow(x))
		return NULL;
	for (at = home(x, a, b); x->slot[at].row; at = (at + 1) & x->mask)
		if (x->slot[at].a == a && x->slot[at].b == b) {
			*fresh = false;
			return &x->slot[at].row;
		}
	*fresh = true;
	x->slot[at] = (struct wall_slot){ a, b, next + 1 };
	x->used++;
	return &x->slot[at].row;
}

void wall_index_release(struct wall_index *x)
{
	free(x->slot);
	*x = (struct wall_index){ 0 };
}

/* ---- groups ---- */

/* "NAME=N" of the options, 0 none. */
static uint32_t said_members(const struct pd_wall *w, struct pd_span name)
{
	for (const char *const *m = w->o.members; m && *m; m++) {
		struct pd_span rest = span_of(*m), count;
		uint64_t n;

		if (span_rcut(&rest, '=', &count) && span_eq(rest, name) && span_u64(count, &n) && n && n <= UINT32_MAX)
			return (uint32_t)n;
	}
	return 0;
}

static bool new_group(struct pd_wall *w, const struct wall_who *who)
{
	struct wall_group g = { .name = who->name, .key = who->key, .t = { .on_factor = 1, .off_factor = 1 } };

	if (w->level <= WALL_BY_NAME) {
		g.t.has_tid = who->has_tid && w->level == WALL_BY_TID;
		g.t.tid = who->tid;
	}
	if (w->level == WALL_BY_TID || w->level == WALL_BY_PID) {
		g.t.has_pid = who->has_pid;
		g.t.pid = who->pid;
	}
	if (w->level == WALL_BY_ALL)
		g.name = (pd_str){ 0 };
	return pd_vec_push(&w->group, g);
}

/* Threads are counted once each, however many inputs know them. */
static bool count_member(struct pd_wall *w, uint32_t row, const struct wall_who *who)
{
	struct wall_group *g = &w->group.v[row];
	uint32_t said = w->level == WALL_BY_TID ? 1 : said_members(w, pd_builder_string(w->b, who->name));
	bool fresh;

	if (said) {
		g->t.members = said;
		return true;
	}
	if (!who->has_tid)
		return true;
	if (!wall_index_put(&w->member_index, row, (uint64_t)who->tid, 0, &fresh))
		return false;
	g->t.members += fresh;
	return true;
}

uint32_t wall_group_of(struct pd_wall *w, const struct wall_who *who)
{
	uint64_t a = 0, b = 0;
	struct wall_group *g;
	uint32_t *row;
	bool fresh;

	switch (w->level) {
	case WALL_BY_TID:
		a = who->has_tid ? (w->use_pid && who->has_pid ? (uint64_t)who->pid : 0) : UINT64_MAX;
		b = who->has_tid ? (uint64_t)who->tid : who->name.v;
		break;
	case WALL_BY_NAME:
		b = who->name.v;
		break;
	case WALL_BY_PID:
		a = who->has_pid ? 0 : UINT64_MAX;
		b = who->has_pid ? (uint64_t)who->pid : 0;
		break;
	default:
		break;
	}
	row = wall_index_put(&w->group_index, a, b, (uint32_t)w->group.n, &fresh);
	if (!row || (fresh && !new_group(w, who)) || !count_member(w, *row - 1, who))
		return WALL_NONE;
	g = &w->group.v[*row - 1];
	if (!g->t.has_pid && who->has_pid && w->level == WALL_BY_TID) {
		g->t.has_pid = true;
		g->t.pid = who->pid;
	}
	if (!g->name.v && w->level != WALL_BY_ALL) {
		g->name = who->name;
		g->key = who->key;
	}
	return *row - 1;
}

pd_labels wall_labels(struct pd_wall *w, uint32_t group, enum wall_state state, pd_str reason, const struct pd_label *extra, size_t n_extra)
{
	const struct wall_group *g = group == WALL_NONE ? NULL : &w->group.v[group];
	struct pd_label l[64];
	size_t n = 0;

	l[n++] = (struct pd_label){ .key = w->k_state, .str = w->s_state[state] };
	if (reason.v)
		l[n++] = (struct pd_label){ .key = w->k_reason, .str = reason };
	if (g && g->name.v)
		l[n++] = (struct pd_label){ .key = g->key.v ? g->key : w->k_comm, .str = g->name };
	if (g && g->t.has_pid)
		l[n++] = (struct pd_label){ .key = w->k_pid, .kind = PD_LABEL_NUM, .num = g->t.pid };
	if (g && g->t.has_tid)
		l[n++] = (struct pd_label){ .key = w->k_tid, .kind = PD_LABEL_NUM, .num = g->t.tid };
	for (size_t i = 0; i < n_extra && n < PD_ARRAY_LEN(l); i++)
		l[n++] = extra[i];
	return pd_labels_of(w->b, l, n);
}

/* ---- cells ---- */

bool wall_add(struct pd_wall *w, uint32_t group, pd_stack stack, pd_labels labels, enum wall_state state, const struct wall_amount *a)
{
	struct wall_cell fresh_cell = { .group = group, .stack = stack.v, .labels = labels.v, .state = (uint8_t)state }, *c;
	bool fresh;
	uint32_t *row = wall_index_put(&w->cell_index, (uint64_t)group << 32 | stack.v, (uint64_t)labels.v << 8 | state, (uint32_t)w->cell.n, &fresh);

	if (!row || w->cell.n >= UINT32_MAX - 1 || (fresh && !pd_vec_push(&w->cell, fresh_cell))) {
		pd_builder_fail(w->b, PD_ERR_NOMEM, "out of memory");
		return false;
	}
	c = &w->cell.v[*row - 1];
	if (pd_add_overflow(c->ns, a->ns, &c->ns) || pd_add_overflow(c->n, a->n, &c->n)) {
		pd_builder_fail(w->b, PD_ERR_LIMIT, "a sum of times does not fit into 64 bits");
		return false;
	}
	c->est += a->est;
	if (a->n && state == WALL_ON)
		w->group.v[group].squares += a->est * a->est / (double)a->n;
	return true;
}

pd_stack wall_frame_stack(struct pd_wall *w, const char *name)
{
	pd_frame f = pd_frame_named(w->b, name, strlen(name));

	return pd_stack_of(w->b, &f, 1, PD_ROOT_FIRST);
}

/* ---- documents ---- */

bool wall_adopt(struct pd_wall *w, struct wall_input *in)
{
	if (in->map.stack)
		return true;
	if (!pd_append_tables(w->b, in->doc, PD_APPEND_IN_ORDER, &in->map))
		return false;
	in->set = calloc((size_t)pd_doc_label_sets(in->doc) + 1, sizeof *in->set);
	if (!in->set)
		pd_builder_fail(w->b, PD_ERR_NOMEM, "out of memory");
	return in->set != NULL;
}

/* Labels that say who and when are the groups' matter; those of events say what the states say already. */
static bool is_extra(struct pd_span key)
{
	static const char *const known[] = { "pid", "tid", "comm", "thread", "state", "reason", "cpu", "timestamp", "timestamp_ns", "end_timestamp_ns", "target_cpu", "prio", NULL };

	for (size_t i = 0; known[i]; i++)
		if (span_is(key, known[i]))
			return false;
	return !span_starts(key, "prev_") && !span_starts(key, "next_") && !span_starts(key, "payload");
}

/* By the labels themselves: a name alone makes no thread of a document. */
struct wall_named wall_named(const struct pd_doc *doc, pd_labels set)
{
	struct wall_named d = { 0 };
	const struct pd_label *l;

	for (size_t i = pd_doc_labels(doc, set, &l); i-- > 0;) {
		struct pd_span key = pd_doc_string(doc, l[i].key);
		bool num = l[i].kind == PD_LABEL_NUM;

		if (num && span_is(key, "pid")) {
			d.has_pid = true;
			d.pid = l[i].num;
		} else if (num && span_is(key, "tid")) {
			d.has_tid = true;
			d.tid = l[i].num;
		} else if (!num && span_is(key, "comm")) {
			d.name = l[i].str;
			d.is_thread = false;
		} else if (!num && span_is(key, "thread") && !d.name.v) {
			d.name = l[i].str;
			d.is_thread = true;
		}
	}
	return d;
}

static uint32_t who_group(struct pd_wall *w, const struct wall_input *in, pd_labels set)
{
	struct wall_named d = wall_named(in->doc, set);

	return wall_group_of(w, &(struct wall_who){ .has_pid = d.has_pid, .has_tid = d.has_tid, .pid = d.pid, .tid = d.tid, .name = { in->map.str[d.name.v] },
						    .key = d.is_thread ? w->k_thread : w->k_comm });
}

uint32_t wall_set_group(struct pd_wall *w, struct wall_input *in, pd_labels set)
{
	struct wall_set *s = &in->set[set.v];

	if (!s->group) {
		uint32_t g = who_group(w, in, set);

		if (g == WALL_NONE) {
			pd_builder_fail(w->b, PD_ERR_NOMEM, "out of memory");
			return WALL_NONE;
		}
		s->group = g + 1;
	}
	return s->group - 1;
}

/* What a label `state` says: words, or the letters of the kernel. 1 + state, 0 nothing. */
static uint8_t state_word(struct pd_span s)
{
	static const char *const on[] = { "on", "running", "on_cpu", "on-cpu", "cpu", NULL };
	static const char *const ready[] = { "runnable", "preempted", "R", "R+", "run_queue", "0", NULL };

	if (!s.n || span_is(s, "unknown"))
		return 0;
	for (size_t i = 0; on[i]; i++)
		if (span_is(s, on[i]))
			return WALL_ON + 1;
	for (size_t i = 0; ready[i]; i++)
		if (span_is(s, ready[i]))
			return WALL_RUNNABLE + 1;
	return WALL_OFF + 1; /* off, S, D, blocked, syscall, waiting, ...: not running and not able to */
}

/* Why: the label `reason`, else a `state` that says more than "off". */
static pd_str reason_of(const struct pd_wall *w, const struct wall_input *in, pd_labels set)
{
	const struct pd_label *l;
	size_t n = pd_doc_labels(in->doc, set, &l);
	pd_str state = { 0 };

	for (size_t i = 0; i < n; i++) {
		struct pd_span key = pd_doc_string(in->doc, l[i].key);

		if (l[i].kind != PD_LABEL_STR)
			continue;
		if (span_is(key, "reason"))
			return (pd_str){ in->map.str[l[i].str.v] };
		if (span_is(key, "state"))
			state.v = in->map.str[l[i].str.v];
	}
	for (unsigned i = 0; i < WALL_STATES; i++)
		if (state.v == w->s_state[i].v)
			return (pd_str){ 0 };
	return state;
}

static pd_labels row_labels(struct pd_wall *w, struct wall_input *in, pd_labels set, uint32_t group, enum wall_state state)
{
	struct wall_set *s = &in->set[set.v];
	struct pd_label extra[48];
	const struct pd_label *l;
	size_t n, n_extra = 0;

	if (!in->by_root && (s->known & 1u << state))
		return s->labels[state];
	n = pd_doc_labels(in->doc, set, &l);
	for (size_t i = 0; i < n && n_extra < PD_ARRAY_LEN(extra); i++)
		if (is_extra(pd_doc_string(in->doc, l[i].key)))
			extra[n_extra++] = (struct pd_label){ .key = { in->map.str[l[i].key.v] }, .kind = l[i].kind, .str = { in->map.str[l[i].str.v] },
							      .num = l[i].num, .unit = { in->map.str[l[i].unit.v] } };
	s->labels[state] = wall_labels(w, group, state, reason_of(w, in, set), extra, n_extra);
	s->known |= (uint8_t)(1u << state);
	return s->labels[state];
}

/* ---- stacks whose root frame is the thread ---- */

static bool bare_room(struct pd_wall *w, struct wall_input *in)
{
	if (in->bare)
		return true;
	in->bare = calloc((size_t)pd_doc_stack_nodes(in->doc) + 1, sizeof *in->bare);
	in->root_group = calloc((size_t)pd_doc_frames(in->doc) + 1, sizeof *in->root_group);
	if (!in->bare || !in->root_group)
		pd_builder_fail(w->b, PD_ERR_NOMEM, "out of memory");
	return in->bare && in->root_group;
}

static uint32_t root_frame_group(struct pd_wall *w, struct wall_input *in, pd_frame root)
{
	struct pd_frame_desc d;
	struct pd_func_desc f = { 0 };
	struct wall_who who = { .key = w->k_comm };

	if (!in->root_group[root.v]) {
		pd_doc_frame(in->doc, root, &d);
		if (d.n_lines)
			pd_doc_func(in->doc, d.lines[d.n_lines - 1].func, &f);
		who.name.v = in->map.str[f.name.v];
		in->root_group[root.v] = wall_group_of(w, &who) + 1;
	}
	return in->root_group[root.v] - 1;
}

/* Where a row belongs: *stack becomes one of the result. WALL_NONE: out of memory. */
static uint32_t place_row(struct pd_wall *w, struct wall_input *in, pd_labels set, pd_stack *stack)
{
	pd_stack s = *stack;
	uint32_t depth, group = WALL_NONE;
	pd_frame *frames;

	if (!in->by_root) {
		stack->v = in->map.stack[s.v];
		return wall_set_group(w, in, set);
	}
	if (!bare_room(w, in))
		return WALL_NONE;
	depth = pd_doc_stack_depth(in->doc, s);
	frames = malloc(((size_t)depth + 1) * sizeof *frames);
	if (!frames) {
		pd_builder_fail(w->b, PD_ERR_NOMEM, "out of memory");
		return WALL_NONE;
	}
	pd_doc_stack(in->doc, s, PD_ROOT_FIRST, frames);
	group = depth ? root_frame_group(w, in, frames[0]) : wall_set_group(w, in, set);
	if (!in->bare[s.v]) {
		uint32_t skip = depth ? 1 : 0;

		for (uint32_t i = 0; i < depth; i++)
			frames[i].v = in->map.frame[frames[i].v];
		in->bare[s.v] = pd_stack_of(w->b, frames + skip, depth - skip, PD_ROOT_FIRST).v + 1;
	}
	stack->v = in->bare[s.v] - 1;
	free(frames);
	return group;
}

/* ---- rows ---- */

static enum pd_status bad_value(const struct wall_input *in, struct pd_error *err, int64_t v, const char *what)
{
	pd_error_set(err, PD_ERR_DATA, "%s: a negative %s (%" PRId64 ")", in->name, what, v);
	pd_error_hint(err, "differences of profiles have no wall-clock time");
	return PD_ERR_DATA;
}

/* Time of one row in ns: exact while units divide evenly and nothing is scaled. */
static enum pd_status row_amount(const struct wall_input *in, const struct wall_part *p, const struct pd_rows *rows, size_t i, struct wall_amount *a, struct pd_error *err)
{
	int64_t v = rows->value[p->value][i], n = p->count >= 0 ? rows->value[p->count][i] : 1, ns = 0;
	bool sampled = p->role != PD_WALL_OFF;

	*a = (struct wall_amount){ 0 };
	if (v < 0 || n < 0)
		return bad_value(in, err, v < 0 ? v : n, sampled ? "number of samples or time" : "off-CPU time");
	if (!p->unit) {
		n = p->decimals > 1 ? (int64_t)llrint((double)v / (double)p->decimals) : v;
		a->est = (double)v / (double)p->decimals * p->per_sample * in->scale;
		a->n = n;
		return PD_OK;
	}
	if (p->decimals == 1 && in->scale == 1 && pd_mul_overflow(v, p->unit, &ns))
		return pd_error_set(err, PD_ERR_LIMIT, "%s: a time of %" PRId64 " units of %" PRId64 " ns does not fit into 64 bits", in->name, v, p->unit);
	if (!sampled && p->decimals == 1 && in->scale == 1)
		a->ns = ns;
	else
		a->est = (double)v * (double)p->unit / (double)p->decimals * in->scale;
	if (sampled) {
		if (p->count < 0)
			n = p->per_sample > 0 ? (int64_t)llrint(a->est / in->scale / p->per_sample) : 1;
		else if (p->per_sample > 0)
			a->est = (double)n * p->per_sample * in->scale;
		a->n = n;
	}
	return PD_OK;
}

static enum wall_state row_state(const struct wall_part *p, struct pd_wall *w, struct wall_input *in, pd_labels set)
{
	struct wall_set *s = &in->set[set.v];
	const struct pd_label *l;

	if (p->role == PD_WALL_ON)
		return WALL_ON;
	if (!s->state) {
		s->state = WALL_OFF + 1;
		for (size_t i = pd_doc_labels(in->doc, set, &l); i-- > 0;)
			if (l[i].kind == PD_LABEL_STR && in->map.str[l[i].key.v] == w->k_state.v) {
				uint8_t said = state_word(pd_doc_string(in->doc, l[i].str));

				s->state = said ? said : (uint8_t)(WALL_OFF + 1);
			}
	}
	return (enum wall_state)(s->state - 1);
}

/* The kernel's stand-in for nothing to do: no thread, and there is one per processor. */
static bool is_idle_task(const struct wall_input *in, pd_labels set)
{
	struct wall_set *s = &in->set[set.v];

	if (!s->looked) {
		struct wall_named d = wall_named(in->doc, set);

		s->looked = true;
		s->idle_task = d.has_tid && d.tid == 0;
	}
	return s->idle_task;
}

static enum pd_status read_part(struct pd_wall *w, struct wall_input *in, const struct wall_part *p, struct pd_error *err)
{
	enum pd_status status = PD_OK;
	struct pd_rows rows;
	double idle = 0;
	char text[32];

	for (uint64_t first = 0; pd_series_rows(in->doc, p->series, first, &rows); first += rows.n)
		for (size_t i = 0; i < rows.n && status == PD_OK; i++) {
			pd_stack stack = rows.stack[i];
			struct wall_amount a;
			enum wall_state state;
			uint32_t group;

			status = row_amount(in, p, &rows, i, &a, err);
			if (status != PD_OK || (!a.ns && a.est == 0 && !a.n))
				continue;
			if (is_idle_task(in, rows.labels[i])) {
				idle += a.est;
				continue;
			}
			group = place_row(w, in, rows.labels[i], &stack);
			if (group == WALL_NONE)
				return wall_nomem(err);
			state = row_state(p, w, in, rows.labels[i]);
			if (!wall_add(w, group, stack, row_labels(w, in, rows.labels[i], group, state), state, &a))
				return pd_builder_status(w->b);
		}
	if (idle > 0)
		wall_remark(w, false, "%s: %s of processors without work left out (thread 0)", in->name, wall_time_text(text, sizeof text, idle));
	return status;
}

/* Control totals: run, wait (slices are for people). */
static enum pd_status read_schedstat(struct pd_wall *w, struct wall_input *in, const struct wall_part *p, struct pd_error *err)
{
	struct pd_rows rows;

	for (uint64_t first = 0; pd_series_rows(in->doc, p->series, first, &rows); first += rows.n)
		for (size_t i = 0; i < rows.n; i++) {
			uint32_t row = wall_set_group(w, in, rows.labels[i]);
			int64_t run = rows.value[p->value][i], wait = p->count >= 0 ? rows.value[p->count][i] : 0;
			struct wall_group *g;

			if (row == WALL_NONE)
				return wall_nomem(err);
			if (run < 0 || wait < 0)
				return bad_value(in, err, run < 0 ? run : wait, "time in schedstat");
			g = &w->group.v[row];
			g->measured_on = true;
			g->measured_wait = p->count >= 0;
			if (pd_add_overflow(g->run, (int64_t)((double)run * in->scale), &g->run) || pd_add_overflow(g->wait, (int64_t)((double)wait * in->scale), &g->wait))
				return pd_error_set(err, PD_ERR_LIMIT, "%s: a sum of times does not fit into 64 bits", in->name);
		}
	return PD_OK;
}

enum pd_status wall_read(struct pd_wall *w, struct wall_input *in, struct pd_error *err)
{
	enum pd_status status = PD_OK;

	if (!wall_adopt(w, in))
		return pd_builder_status(w->b);
	for (size_t i = 0; i < in->part.n && status == PD_OK; i++) {
		const struct wall_part *p = &in->part.v[i];

		if (p->role == PD_WALL_SWITCHES)
			status = wall_sched(w, in, err);
		else if (p->role == PD_WALL_SCHEDSTAT)
			status = read_schedstat(w, in, p, err);
		else if (p->stateless)
			status = wall_whole(w, in, p, err);
		else
			status = read_part(w, in, p, err);
	}
	return status;
}
