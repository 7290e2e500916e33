/*
 * What happens to processors and goroutines now and then: what they were doing already when the trace (or a generation of it) began, C threads,
 * coroutines, processors taken away. See order.c for what handlers promise.
 */
#include "go_trace/order.h"

static enum gt_advance proc_status(struct gt_reader *r, const struct gt_cursor *c, const struct gt_m *x)
{
	uint64_t p = c->arg[0], status = c->arg[1];
	uint32_t row = p_row(r, p);
	struct gt_m at = *x;
	uint8_t from, to;

	if (status >= P_STATUSES || p == GT_NONE)
		return r->force ? GT_OK : GT_BAD;
	from = to = p_state[status];
	if (row) {
		struct gt_p *s = &r->p.v[row];

		if (status == P_ABANDONED && s->status == P_SYSCALL)
			from = to = GT_RUNNING; /* still held by the thread in the system call */
		else if (s->status != status && !r->force)
			return GT_BAD;
		else
			s->status = (uint8_t)status;
		s->gen = r->gen.number;
		s->seq = 0;
	} else {
		row = gt_p_new(r, p, (uint8_t)status);
		from = r->gen.number == r->first_gen ? GT_UNDETERMINED : GT_NOT_EXIST;
	}
	if (status == P_ABANDONED && from == GT_RUNNING) {
		for (uint32_t i = 1; i < r->m.n; i++)
			if (r->m.v[i].p == p)
				at = r->m.v[i];
	}
	if (status == P_RUNNING || status == P_SYSCALL)
		set_p(r, x, p, row);
	send_proc(r, &at, c, p, from, to);
	return GT_OK;
}

static enum gt_advance proc_steal(struct gt_reader *r, const struct gt_cursor *c, const struct gt_m *x)
{
	uint32_t row = p_row(r, c->arg[0]), from_m;
	struct gt_p *s = row ? &r->p.v[row] : NULL;
	bool abandoned;

	if (!s || (s->status != P_SYSCALL && s->status != P_ABANDONED) || !succeeds(r, s->gen, s->seq, c->arg[1])) {
		if (!r->force)
			return GT_WAIT;
		if (!s)
			return GT_OK;
	}
	abandoned = s->status == P_ABANDONED;
	from_m = c->arg[2] == GT_NONE ? 0 : gt_map_get(&r->m_map, c->arg[2]);
	if (!r->force && !has(x, ANY, ANY))
		return GT_BAD;
	if (!abandoned && (!from_m || r->m.v[from_m].p != c->arg[0])) {
		if (!r->force)
			return GT_BAD;
		from_m = 0;
	}
	s->status = P_IDLE;
	s->gen = r->gen.number;
	s->seq = c->arg[1];
	send_proc(r, x, c, c->arg[0], abandoned ? GT_IDLE : GT_RUNNING, GT_IDLE);
	if (!abandoned && from_m) {
		r->m.v[from_m].p = GT_NONE;
		r->m.v[from_m].p_row = 0;
	}
	return GT_OK;
}

static enum gt_advance bind_syscall(struct gt_reader *r, const struct gt_cursor *c, uint32_t slot, struct gt_m *at, const struct gt_m *x)
{
	uint64_t g = c->arg[0], m = c->arg[1];
	uint32_t row;

	if (m == GT_NONE)
		return r->force ? GT_OK : GT_BAD;
	if (m == x->m) {
		if (!r->force && r->gen.number != r->first_gen && x->g != g)
			return GT_BAD;
		set_g(r, x, g, slot);
		return GT_OK;
	}
	row = gt_map_get(&r->m_map, m);
	if (row) {
		if (!r->force && r->m.v[row].g != g)
			return GT_BAD;
		at->g = g;
		at->slot = slot;
	} else {
		row = gt_m_row(r, m);
		if (!row)
			return GT_OK;
		r->m.v[row].g = g;
		r->m.v[row].slot = slot;
	}
	at->m = m;
	return GT_OK;
}

static enum gt_advance go_status(struct gt_reader *r, const struct gt_cursor *c, const struct gt_m *x)
{
	struct more more = { 0 };
	uint64_t g = c->arg[0], status = c->arg[2];
	uint32_t slot = gt_g_slot(r, g);
	uint8_t from, to;
	struct gt_m at = *x;

	if (status >= G_STATUSES || g == GT_NONE)
		return r->force ? GT_OK : GT_BAD;
	from = to = g_state[status];
	if (slot) {
		if (!r->force && r->g.v[slot].status != status)
			return GT_BAD;
	} else {
		if (!r->force && r->gen.number != r->first_gen)
			return GT_BAD;
		slot = gt_g_new(r, g, (uint8_t)status);
		from = GT_UNDETERMINED;
	}
	if (!slot)
		return GT_OK;
	if (status == G_SYSCALL && bind_syscall(r, c, slot, &at, x) == GT_BAD)
		return GT_BAD;
	r->g.v[slot].status = (uint8_t)status;
	r->g.v[slot].gen = r->gen.number;
	r->g.v[slot].seq = 0;
	if (c->type == GT_W_GO_STATUS_STACK)
		more.stack = more.of_stack = gt_stack_row(r, c->arg[3]);
	send_go(r, &at, c, g, slot, from, to, more);
	if (status == G_RUNNING)
		set_g(r, x, g, slot);
	return GT_OK;
}

static enum gt_advance go_create_syscall(struct gt_reader *r, const struct gt_cursor *c, const struct gt_m *x)
{
	uint32_t slot = gt_g_slot(r, c->arg[0]);

	if (!r->force && (!has(x, ANY, ABSENT) || slot))
		return GT_BAD;
	if (c->arg[0] == GT_NONE)
		return GT_OK;
	if (!slot)
		slot = gt_g_new(r, c->arg[0], G_SYSCALL);
	if (!slot)
		return GT_OK;
	send_go(r, x, c, c->arg[0], slot, GT_NOT_EXIST, GT_SYSCALL, (struct more){ 0 });
	set_g(r, x, c->arg[0], slot);
	return GT_OK;
}

/* One goroutine hands its processor to another: three changes at one time. */
static enum gt_advance go_switch(struct gt_reader *r, const struct gt_cursor *c, const struct gt_m *x)
{
	uint32_t slot = gt_g_slot(r, c->arg[0]);
	bool destroy = c->type == GT_W_GO_SWITCH_DESTROY;
	struct gt_cursor part = *c;
	struct gt_m after = *x;
	struct gt_g *g, *cur = x->slot ? &r->g.v[x->slot] : NULL;

	if (!r->force && (!has(x, PRESENT, PRESENT) || !cur || cur->status != G_RUNNING))
		return GT_BAD;
	if (!slot || slot == x->slot)
		return r->force ? GT_OK : GT_WAIT;
	g = &r->g.v[slot];
	if (!r->force && (g->status != G_WAITING || !succeeds(r, g->gen, g->seq, c->arg[1])))
		return GT_WAIT;
	g->status = G_RUNNING;
	g->gen = r->gen.number;
	g->seq = c->arg[1];
	set_g(r, x, c->arg[0], slot);
	send_go(r, x, c, c->arg[0], slot, GT_WAITING, GT_RUNNABLE, (struct more){ 0 });
	if (cur) {
		part.type = destroy ? GT_W_GO_DESTROY : GT_W_GO_BLOCK;
		cur->status = G_WAITING;
		send_go(r, x, &part, x->g, x->slot, GT_RUNNING, destroy ? GT_NOT_EXIST : GT_WAITING, (struct more){ 0 });
		if (destroy)
			gt_g_delete(r, x->slot);
	}
	part.type = GT_W_GO_START;
	after.g = GT_NONE;
	after.slot = 0;
	send_go(r, &after, &part, c->arg[0], slot, GT_RUNNABLE, GT_RUNNING, (struct more){ 0 });
	return GT_OK;
}

static enum gt_advance destroy_syscall(struct gt_reader *r, const struct gt_cursor *c, const struct gt_m *x)
{
	struct gt_g *g = x->slot ? &r->g.v[x->slot] : NULL;
	struct gt_p *p = x->p_row ? &r->p.v[x->p_row] : NULL;
	struct gt_cursor steal = *c;

	if (!r->force && (!has(x, ANY, PRESENT) || !g || g->status != G_SYSCALL || (p && p->status != P_SYSCALL)))
		return GT_BAD;
	set_g(r, x, GT_NONE, 0);
	if (p) {
		p->status = P_ABANDONED;
		set_p(r, x, GT_NONE, 0);
		steal.type = GT_W_PROC_STEAL;
		send_proc(r, x, &steal, x->p, GT_RUNNING, GT_IDLE);
	}
	if (!g)
		return GT_OK;
	send_go(r, x, c, x->g, x->slot, GT_SYSCALL, GT_NOT_EXIST, (struct more){ 0 });
	gt_g_delete(r, x->slot);
	return GT_OK;
}

enum gt_advance gt_advance_rare(struct gt_reader *r, struct gt_cursor *c)
{
	const struct gt_m before = r->m.v[c->m_row], *x = &before; /* rows may move */

	if (!args(c, gt_wire_specs[c->type].n_args))
		return GT_CUT;
	switch (c->type) {
	case GT_W_PROC_STEAL: return proc_steal(r, c, x);
	case GT_W_PROC_STATUS: return proc_status(r, c, x);
	case GT_W_GO_CREATE_SYSCALL: return go_create_syscall(r, c, x);
	case GT_W_GO_DESTROY_SYSCALL: return destroy_syscall(r, c, x);
	case GT_W_GO_SWITCH:
	case GT_W_GO_SWITCH_DESTROY: return go_switch(r, c, x);
	case GT_W_GO_STATUS:
	case GT_W_GO_STATUS_STACK: return go_status(r, c, x);
	case GT_W_STW_BEGIN: return gt_order_go_range(r, c, x, GT_RANGE_STW, GT_EV_RANGE_BEGIN);
	case GT_W_STW_END: return gt_order_go_range(r, c, x, GT_RANGE_STW, GT_EV_RANGE_END);
	case GT_W_GC_MARK_ASSIST_BEGIN: return gt_order_go_range(r, c, x, GT_RANGE_ASSIST, GT_EV_RANGE_BEGIN);
	case GT_W_GC_MARK_ASSIST_END: return gt_order_go_range(r, c, x, GT_RANGE_ASSIST, GT_EV_RANGE_END);
	case GT_W_GC_MARK_ASSIST_ACTIVE: return gt_order_go_range(r, c, x, GT_RANGE_ASSIST, GT_EV_RANGE_ACTIVE);
	case GT_W_GC_ACTIVE:
	case GT_W_GC_BEGIN:
	case GT_W_GC_END: return gt_order_gc_event(r, c, x);
	case GT_W_GC_SWEEP_ACTIVE: return gt_order_sweep_event(r, c, x);
	case GT_W_USER_TASK_BEGIN: return gt_order_task_begin(r, c, x);
	case GT_W_USER_TASK_END: return gt_order_task_end(r, c, x);
	case GT_W_USER_REGION_BEGIN:
	case GT_W_USER_REGION_END: return gt_order_region_event(r, c, x);
	case GT_W_PROCS_CHANGE:
	case GT_W_HEAP_GOAL:
	case GT_W_GO_LABEL:
	case GT_W_USER_LOG: return gt_order_annotation(r, c, x);
	default: return gt_order_experimental(r, c, x);
	}
}
