/*
 * Events that change nobody's state: garbage collection, sweeping, assists, stops of the world, tasks, regions, logs, metrics.
 * See order.c for what handlers promise.
 */
#include "go_trace/order.h"

/* ---- ranges ---- */

enum gt_advance gt_order_gc_event(struct gt_reader *r, const struct gt_cursor *c, const struct gt_m *x)
{
	struct gt_event e = event_at(x, c, c->type == GT_W_GC_BEGIN ? GT_EV_RANGE_BEGIN : c->type == GT_W_GC_END ? GT_EV_RANGE_END : GT_EV_RANGE_ACTIVE);
	bool first = r->gc == GT_GC_UNDETERMINED, on = r->gc == GT_GC_ON, fine;

	if (c->type == GT_W_GC_ACTIVE && r->gen.number == r->first_gen) {
		if (!first && !r->force)
			return GT_BAD;
	} else if (!(c->type == GT_W_GC_BEGIN && first)) {
		if (c->arg[0] != r->gc_seq + 1 && !r->force)
			return GT_WAIT;
		fine = c->type == GT_W_GC_BEGIN ? !on : on;
		if (!r->force && (!fine || !has(x, PRESENT, PRESENT)))
			return GT_BAD;
	}
	r->gc = c->type == GT_W_GC_END ? GT_GC_OFF : GT_GC_ON;
	r->gc_seq = c->arg[0];
	e.what = GT_RANGE_GC;
	e.id = c->arg[0];
	if (c->type == GT_W_GC_BEGIN)
		e.stack = gt_stack_row(r, c->arg[1]);
	gt_send(r, &e);
	return GT_OK;
}

/* Begins, continues or ends a range in a set of open ones; false when that contradicts the set. */
static bool turn_range(const struct gt_reader *r, uint8_t *open, enum gt_range what, enum gt_kind kind)
{
	uint8_t bit = (uint8_t)(1u << what);
	bool is = *open & bit, want = kind == GT_EV_RANGE_END || (kind == GT_EV_RANGE_ACTIVE && r->gen.number != r->first_gen);

	if (is != want && !r->force)
		return false;
	*open = kind == GT_EV_RANGE_END ? *open & (uint8_t)~bit : *open | bit;
	return true;
}

enum gt_advance gt_order_sweep_event(struct gt_reader *r, const struct gt_cursor *c, const struct gt_m *x)
{
	enum gt_kind kind = c->type == GT_W_GC_SWEEP_BEGIN ? GT_EV_RANGE_BEGIN : c->type == GT_W_GC_SWEEP_END ? GT_EV_RANGE_END : GT_EV_RANGE_ACTIVE;
	struct gt_event e = event_at(x, c, kind);
	uint32_t row = kind == GT_EV_RANGE_ACTIVE ? p_row(r, c->arg[0]) : x->p_row;

	if (!r->force && kind != GT_EV_RANGE_ACTIVE && !has(x, PRESENT, ANY))
		return GT_BAD;
	if (!row)
		return r->force ? GT_OK : GT_BAD;
	if (!turn_range(r, &r->p.v[row].ranges, GT_RANGE_SWEEP, kind))
		return GT_BAD;
	e.what = GT_RANGE_SWEEP;
	e.id = r->p.v[row].id;
	if (kind == GT_EV_RANGE_BEGIN) {
		e.stack = gt_stack_row(r, c->arg[0]);
	} else if (kind == GT_EV_RANGE_END) {
		e.arg[0] = c->arg[0];
		e.arg[1] = c->arg[1];
	}
	gt_send(r, &e);
	return GT_OK;
}

/* Mark assists and stop-the-world, which belong to a goroutine. */
enum gt_advance gt_order_go_range(struct gt_reader *r, const struct gt_cursor *c, const struct gt_m *x, enum gt_range what, enum gt_kind kind)
{
	struct gt_event e = event_at(x, c, kind);
	uint32_t slot = kind == GT_EV_RANGE_ACTIVE ? gt_g_slot(r, c->arg[0]) : x->slot;

	if (!r->force && kind != GT_EV_RANGE_ACTIVE && !has(x, PRESENT, PRESENT))
		return GT_BAD;
	if (!slot)
		return r->force ? GT_OK : GT_BAD;
	if (!turn_range(r, &r->g.v[slot].ranges, what, kind))
		return GT_BAD;
	e.what = (uint8_t)what;
	e.id = r->g.v[slot].id;
	e.slot = slot;
	if (c->type == GT_W_STW_BEGIN) {
		e.name = r->g.v[slot].stw = gt_string(r, c->arg[0]);
		e.stack = gt_stack_row(r, c->arg[1]);
	} else if (what == GT_RANGE_STW) {
		e.name = r->g.v[slot].stw;
	} else if (kind == GT_EV_RANGE_BEGIN) {
		e.stack = gt_stack_row(r, c->arg[0]);
	}
	gt_send(r, &e);
	return GT_OK;
}

/* ---- annotations ---- */

enum gt_advance gt_order_task_begin(struct gt_reader *r, const struct gt_cursor *c, const struct gt_m *x)
{
	struct gt_event e = event_at(x, c, GT_EV_TASK_BEGIN);
	uint32_t row = gt_map_get(&r->task_map, c->arg[0]);

	if (!r->force && (row || !has(x, PRESENT, PRESENT)))
		return GT_BAD;
	e.id = c->arg[0];
	e.name = gt_string(r, c->arg[2]);
	e.arg[0] = c->arg[1] ? c->arg[1] : GT_NONE;
	e.stack = gt_stack_row(r, c->arg[3]);
	if (!row) {
		row = r->free_task;
		if (row)
			r->free_task = r->task.v[row].next_free;
		else if ((!r->task.n && !pd_vec_push(&r->task, (struct gt_task){ 0 })) || !pd_vec_push(&r->task, (struct gt_task){ 0 }))
			return gt_nomem(r), GT_OK;
		else
			row = (uint32_t)r->task.n - 1;
		if (!gt_map_put(&r->task_map, c->arg[0], row))
			return gt_nomem(r), GT_OK;
	}
	r->task.v[row] = (struct gt_task){ .name = e.name, .parent = e.arg[0] };
	gt_send(r, &e);
	return GT_OK;
}

enum gt_advance gt_order_task_end(struct gt_reader *r, const struct gt_cursor *c, const struct gt_m *x)
{
	struct gt_event e = event_at(x, c, GT_EV_TASK_END);
	uint32_t row = gt_map_get(&r->task_map, c->arg[0]);

	if (!r->force && !has(x, PRESENT, PRESENT))
		return GT_BAD;
	e.id = c->arg[0];
	e.arg[0] = GT_NONE;
	e.stack = gt_stack_row(r, c->arg[1]);
	if (row) {
		e.name = r->task.v[row].name;
		e.arg[0] = r->task.v[row].parent;
		r->task.v[row].next_free = r->free_task;
		r->free_task = row;
		gt_map_remove(&r->task_map, c->arg[0]);
	}
	gt_send(r, &e);
	return GT_OK;
}

static bool push_region(struct gt_reader *r, struct gt_g *g, uint64_t task, pd_str name)
{
	uint32_t at = r->free_region;

	if (at)
		r->free_region = r->region.v[at].below;
	else if ((!r->region.n && !pd_vec_push(&r->region, (struct gt_region){ 0 })) || !pd_vec_push(&r->region, (struct gt_region){ 0 }))
		return gt_nomem(r), false;
	else
		at = (uint32_t)r->region.n - 1;
	r->region.v[at] = (struct gt_region){ .task = task, .name = name, .below = g->region };
	g->region = at;
	return true;
}

enum gt_advance gt_order_region_event(struct gt_reader *r, const struct gt_cursor *c, const struct gt_m *x)
{
	bool begin = c->type == GT_W_USER_REGION_BEGIN;
	struct gt_event e = event_at(x, c, begin ? GT_EV_REGION_BEGIN : GT_EV_REGION_END);
	struct gt_g *g = x->slot ? &r->g.v[x->slot] : NULL;

	if (!r->force && (!has(x, PRESENT, PRESENT) || !g))
		return GT_BAD;
	if (!g)
		return GT_OK;
	e.arg[0] = c->arg[0];
	e.name = gt_string(r, c->arg[1]);
	e.stack = gt_stack_row(r, c->arg[2]);
	if (begin) {
		push_region(r, g, c->arg[0], e.name);
	} else if (g->region) {
		struct gt_region *top = &r->region.v[g->region];
		uint32_t at = g->region;

		if ((top->task != c->arg[0] || top->name.v != e.name.v) && !r->force)
			return GT_BAD;
		g->region = top->below;
		top->below = r->free_region;
		r->free_region = at;
	}
	gt_send(r, &e);
	return GT_OK;
}

enum gt_advance gt_order_annotation(struct gt_reader *r, const struct gt_cursor *c, const struct gt_m *x)
{
	struct gt_event e = event_at(x, c, c->type == GT_W_GO_LABEL ? GT_EV_LABEL : c->type == GT_W_USER_LOG ? GT_EV_LOG : GT_EV_METRIC);
	char buf[32];

	if (!r->force && !has(x, PRESENT, c->type == GT_W_HEAP_ALLOC || c->type == GT_W_HEAP_GOAL ? ANY : PRESENT))
		return GT_BAD;
	e.arg[0] = c->arg[0];
	if (c->type == GT_W_GO_LABEL) {
		e.name = gt_string(r, c->arg[0]);
	} else if (c->type == GT_W_USER_LOG) {
		e.name = gt_string(r, c->arg[1]);
		e.text = gt_text(r, c->arg[2], buf);
		e.stack = gt_stack_row(r, c->arg[3]);
	} else {
		e.what = c->type == GT_W_PROCS_CHANGE ? GT_METRIC_PROCS : c->type == GT_W_HEAP_ALLOC ? GT_METRIC_HEAP : GT_METRIC_GOAL;
		if (c->type == GT_W_PROCS_CHANGE)
			e.stack = gt_stack_row(r, c->arg[1]);
	}
	gt_send(r, &e);
	return GT_OK;
}

enum gt_advance gt_order_experimental(struct gt_reader *r, const struct gt_cursor *c, const struct gt_m *x)
{
	struct gt_event e = event_at(x, c, GT_EV_EXPERIMENTAL);

	if (!r->force && !has(x, ANY, ANY))
		return GT_BAD;
	memcpy(e.arg, c->arg, sizeof e.arg);
	gt_send(r, &e);
	return GT_OK;
}
