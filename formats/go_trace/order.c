/*
 * The scheduler as the events tell it: what each thread, processor and
 * goroutine is doing, and which event may come next. Sequence numbers order what
 * threads wrote about the same goroutine or processor, whatever their clocks say.
 *
 * A handler gets what its thread holds before the event, mostly the row itself, which it
 * changes last. It says GT_WAIT when another thread's event has to come first, GT_BAD when
 * the event contradicts the state. With r->force it applies the event all the same, as far
 * as it makes sense. All of gt_run() is one function once compiled: it is what decoding takes.
 */
#include "go_trace/order.h"

/* ---- rows ---- */

bool gt_order_start(struct gt_reader *r)
{
	if ((r->m.n || pd_vec_push(&r->m, ((struct gt_m){ .m = GT_NONE, .p = GT_NONE, .g = GT_NONE }))) && (r->p.n || pd_vec_push(&r->p, (struct gt_p){ 0 })) &&
	    (r->g.n || pd_vec_push(&r->g, (struct gt_g){ .id = GT_NONE })))
		return true;
	gt_nomem(r);
	return false;
}

uint32_t gt_m_row(struct gt_reader *r, uint64_t m)
{
	uint32_t row = m == GT_NONE ? 0 : gt_map_get(&r->m_map, m);

	if (row || m == GT_NONE)
		return row;
	row = (uint32_t)r->m.n;
	if (row == UINT32_MAX || !pd_vec_push(&r->m, ((struct gt_m){ .m = m, .p = GT_NONE, .g = GT_NONE, .row = row })) || !gt_map_put(&r->m_map, m, row))
		return gt_nomem(r), 0;
	return row;
}

uint32_t gt_p_new(struct gt_reader *r, uint64_t p, uint8_t status)
{
	uint32_t row;

	row = (uint32_t)r->p.n;
	if (row == UINT32_MAX || !pd_vec_push(&r->p, ((struct gt_p){ .id = p, .status = status, .gen = r->gen.number })) || !gt_map_put(&r->p_map, p, row))
		return gt_nomem(r), 0;
	return row;
}

uint32_t gt_g_slot(const struct gt_reader *r, uint64_t g)
{
	return g == GT_NONE ? 0 : gt_map_get(&r->g_map, g);
}

uint32_t gt_g_new(struct gt_reader *r, uint64_t g, uint8_t status)
{
	uint32_t slot = r->free_g;

	if (slot) {
		r->free_g = r->g.v[slot].next_free;
	} else {
		slot = (uint32_t)r->g.n;
		if (slot == UINT32_MAX || !pd_vec_push(&r->g, (struct gt_g){ 0 }))
			return gt_nomem(r), 0;
	}
	r->g.v[slot] = (struct gt_g){ .id = g, .status = status, .gen = r->gen.number };
	if (!gt_map_put(&r->g_map, g, slot))
		return gt_nomem(r), 0;
	return slot;
}

static void drop_regions(struct gt_reader *r, struct gt_g *g)
{
	while (g->region) {
		uint32_t at = g->region;

		g->region = r->region.v[at].below;
		r->region.v[at].below = r->free_region;
		r->free_region = at;
	}
}

void gt_g_delete(struct gt_reader *r, uint32_t slot)
{
	struct gt_g *g = &r->g.v[slot];

	gt_map_remove(&r->g_map, g->id);
	drop_regions(r, g);
	g->id = GT_NONE;
	g->next_free = r->free_g;
	r->free_g = slot;
}

void gt_order_reset(struct gt_reader *r)
{
	gt_map_clear(&r->g_map);
	gt_map_clear(&r->p_map);
	gt_map_clear(&r->m_map);
	gt_map_clear(&r->task_map);
	r->g.n = r->p.n = r->m.n = r->task.n = r->region.n = 0;
	r->free_g = r->free_task = r->free_region = 0;
	r->gc = GT_GC_UNDETERMINED;
	r->gc_seq = 0;
	gt_order_start(r);
}

void gt_order_release(struct gt_reader *r)
{
	gt_map_release(&r->g_map);
	gt_map_release(&r->p_map);
	gt_map_release(&r->m_map);
	gt_map_release(&r->task_map);
	pd_vec_release(&r->g);
	pd_vec_release(&r->p);
	pd_vec_release(&r->m);
	pd_vec_release(&r->task);
	pd_vec_release(&r->region);
}

/* ---- processors ---- */

static enum gt_advance proc_start(struct gt_reader *r, const struct gt_cursor *c, const struct gt_m *x)
{
	uint32_t row = p_row(r, c->arg[0]);
	struct gt_p *s;

	if (!row && r->force && c->arg[0] != GT_NONE)
		row = gt_p_new(r, c->arg[0], P_IDLE);
	if (!row)
		return r->force ? GT_OK : GT_WAIT;
	s = &r->p.v[row];
	if (!r->force && (s->status != P_IDLE || !succeeds(r, s->gen, s->seq, c->arg[1]) || x->p != GT_NONE))
		return GT_WAIT;
	if (!r->force && !has(x, ABSENT, ANY))
		return GT_BAD;
	s->status = P_RUNNING;
	s->gen = r->gen.number;
	s->seq = c->arg[1];
	send_proc(r, x, c, c->arg[0], GT_IDLE, GT_RUNNING);
	set_p(r, x, c->arg[0], row);
	return GT_OK;
}

static enum gt_advance proc_stop(struct gt_reader *r, const struct gt_cursor *c, const struct gt_m *x)
{
	struct gt_p *s = x->p_row ? &r->p.v[x->p_row] : NULL;

	if (!r->force && (!s || (s->status != P_RUNNING && s->status != P_SYSCALL) || !has(x, PRESENT, ANY)))
		return GT_BAD;
	if (!s)
		return GT_OK;
	s->status = P_IDLE;
	send_proc(r, x, c, x->p, GT_RUNNING, GT_IDLE);
	set_p(r, x, GT_NONE, 0);
	return GT_OK;
}

/* ---- goroutines ---- */

static enum gt_advance go_create(struct gt_reader *r, const struct gt_cursor *c, const struct gt_m *x)
{
	bool blocked = c->type == GT_W_GO_CREATE_BLOCKED;
	struct more more = { .of_stack = gt_stack_row(r, c->arg[1]), .stack = gt_stack_row(r, c->arg[2]) };
	uint32_t slot = gt_g_slot(r, c->arg[0]);

	if (!r->force && (!has(x, PRESENT, ANY) || slot || (x->slot && r->g.v[x->slot].status != G_RUNNING)))
		return GT_BAD;
	if (c->arg[0] == GT_NONE)
		return GT_OK;
	if (!slot)
		slot = gt_g_new(r, c->arg[0], blocked ? G_WAITING : G_RUNNABLE);
	if (slot)
		send_go(r, x, c, c->arg[0], slot, GT_NOT_EXIST, blocked ? GT_WAITING : GT_RUNNABLE, more);
	return GT_OK;
}

static enum gt_advance go_start(struct gt_reader *r, const struct gt_cursor *c, const struct gt_m *x)
{
	uint32_t slot = gt_g_slot(r, c->arg[0]);
	struct gt_g *g;

	if (!slot && r->force && c->arg[0] != GT_NONE)
		slot = gt_g_new(r, c->arg[0], G_RUNNABLE);
	if (!slot)
		return r->force ? GT_OK : GT_WAIT;
	g = &r->g.v[slot];
	if (!r->force && (g->status != G_RUNNABLE || !succeeds(r, g->gen, g->seq, c->arg[1])))
		return GT_WAIT;
	if (!r->force && !has(x, PRESENT, ABSENT))
		return GT_BAD;
	g->status = G_RUNNING;
	g->gen = r->gen.number;
	g->seq = c->arg[1];
	send_go(r, x, c, c->arg[0], slot, GT_RUNNABLE, GT_RUNNING, (struct more){ 0 });
	set_g(r, x, c->arg[0], slot);
	return GT_OK;
}

/* Does a running goroutine stop here? */
static bool stops(const struct gt_reader *r, const struct gt_m *x)
{
	return has(x, PRESENT, PRESENT) && x->slot && r->g.v[x->slot].status == G_RUNNING;
}

static enum gt_advance go_destroy(struct gt_reader *r, const struct gt_cursor *c, const struct gt_m *x)
{
	if (!r->force && !stops(r, x))
		return GT_BAD;
	if (!x->slot)
		return GT_OK;
	send_go(r, x, c, x->g, x->slot, GT_RUNNING, GT_NOT_EXIST, (struct more){ 0 });
	gt_g_delete(r, x->slot);
	set_g(r, x, GT_NONE, 0);
	return GT_OK;
}

/* GoStop, GoBlock. */
static enum gt_advance go_stop(struct gt_reader *r, const struct gt_cursor *c, const struct gt_m *x)
{
	struct more more = { 0 };
	struct gt_g *g;

	if (!r->force && !stops(r, x))
		return GT_BAD;
	if (!x->slot)
		return GT_OK;
	g = &r->g.v[x->slot];
	g->status = c->type == GT_W_GO_STOP ? G_RUNNABLE : G_WAITING;
	more.name = gt_string(r, c->arg[0]);
	more.stack = more.of_stack = gt_stack_row(r, c->arg[1]);
	send_go(r, x, c, x->g, x->slot, GT_RUNNING, g_state[g->status], more);
	set_g(r, x, GT_NONE, 0);
	return GT_OK;
}

static enum gt_advance go_unblock(struct gt_reader *r, const struct gt_cursor *c, const struct gt_m *x)
{
	uint32_t slot = gt_g_slot(r, c->arg[0]);
	struct more more = { 0 };
	struct gt_g *g;

	if (!slot)
		return r->force ? GT_OK : GT_WAIT;
	g = &r->g.v[slot];
	if (!r->force && (g->status != G_WAITING || !succeeds(r, g->gen, g->seq, c->arg[1])))
		return GT_WAIT;
	g->status = G_RUNNABLE;
	g->gen = r->gen.number;
	g->seq = c->arg[1];
	more.stack = gt_stack_row(r, c->arg[2]);
	send_go(r, x, c, c->arg[0], slot, GT_WAITING, GT_RUNNABLE, more);
	return GT_OK;
}

static enum gt_advance syscall_begin(struct gt_reader *r, const struct gt_cursor *c, const struct gt_m *x)
{
	struct gt_g *g = x->slot ? &r->g.v[x->slot] : NULL;
	struct gt_p *p = x->p_row ? &r->p.v[x->p_row] : NULL;
	struct more more = { 0 };

	if (!r->force && (!has(x, PRESENT, PRESENT) || !g || g->status != G_RUNNING || !p || !succeeds(r, p->gen, p->seq, c->arg[0])))
		return GT_BAD;
	if (!g)
		return GT_OK;
	g->status = G_SYSCALL;
	if (p) {
		p->status = P_SYSCALL;
		p->gen = r->gen.number;
		p->seq = c->arg[0];
	}
	more.stack = more.of_stack = gt_stack_row(r, c->arg[1]);
	send_go(r, x, c, x->g, x->slot, GT_RUNNING, GT_SYSCALL, more);
	return GT_OK;
}

static enum gt_advance syscall_end(struct gt_reader *r, const struct gt_cursor *c, const struct gt_m *x)
{
	struct gt_g *g = x->slot ? &r->g.v[x->slot] : NULL;
	struct gt_p *p = x->p_row ? &r->p.v[x->p_row] : NULL;

	if (!r->force && (!has(x, PRESENT, PRESENT) || !g || g->status != G_SYSCALL || !p || p->status != P_SYSCALL))
		return GT_BAD;
	if (!g)
		return GT_OK;
	g->status = G_RUNNING;
	if (p)
		p->status = P_RUNNING;
	send_go(r, x, c, x->g, x->slot, GT_SYSCALL, GT_RUNNING, (struct more){ 0 });
	return GT_OK;
}

static enum gt_advance syscall_end_blocked(struct gt_reader *r, const struct gt_cursor *c, const struct gt_m *x)
{
	struct gt_g *g = x->slot ? &r->g.v[x->slot] : NULL;

	if (!r->force && x->p_row && r->p.v[x->p_row].status == P_SYSCALL)
		return GT_WAIT;
	if (!r->force && (!has(x, ANY, PRESENT) || !g || g->status != G_SYSCALL))
		return GT_BAD;
	if (!g)
		return GT_OK;
	g->status = G_RUNNABLE;
	send_go(r, x, c, x->g, x->slot, GT_SYSCALL, GT_RUNNABLE, (struct more){ 0 });
	set_g(r, x, GT_NONE, 0);
	return GT_OK;
}

/* The thread's next batch with something in it; false at its end. */
static bool next_batch(struct gt_reader *r, struct gt_cursor *c)
{
	while (c->p == c->end) {
		const struct gt_batch *b;

		c->batch = r->gen.batch.v[c->batch].next;
		if (!c->batch)
			return false;
		b = &r->gen.batch.v[c->batch];
		c->p = b->p;
		c->end = b->p + b->n;
		c->time = gt_nanos(&r->gen, b->time);
	}
	r->at_batch = c->batch;
	return true;
}

/* What is unreadable costs the rest of its batch. False: stop. */
static bool cut_batch(struct gt_reader *r, struct gt_cursor *c, const char *what)
{
	r->at_batch = c->batch;
	c->p = c->end;
	return gt_note(r, 0, what);
}

#define INCOMPLETE "batches cut short at an event that is incomplete"

bool gt_next_event(struct gt_reader *r, struct gt_cursor *c)
{
	while (c->p != c->end || next_batch(r, c)) {
		bool known = *c->p < GT_W_KINDS && gt_wire_specs[*c->p].since;
		const uint8_t *p;
		uint64_t dt;

		c->type = *c->p;
		p = known ? gt_number(c->p + 1, c->end, &dt) : c->end + 1;
		if (p <= c->end) {
			c->p = p;
			c->time = pd_add_overflow(c->time, gt_nanos(&r->gen, dt), &c->time) ? INT64_MAX : c->time;
			return true;
		}
		if (!cut_batch(r, c, known ? INCOMPLETE : "batches cut short at an event of unknown type"))
			return false;
	}
	return false;
}

/* The same for most events. */
static inline bool next_event(struct gt_reader *r, struct gt_cursor *c)
{
	const uint8_t *p = c->p, *end = c->end;
	uint32_t two, b;

	if (pd_unlikely((uint8_t)(*p - GT_W_PROCS_CHANGE) > GT_W_GO_STATUS_STACK - GT_W_PROCS_CHANGE))
		return gt_next_event(r, c);
	two = p[1] >> 7;
	b = p[2] & (0 - two);
	/* in time counted from 1970 or the start of the machine an addition this small cannot overflow */
	if (pd_unlikely(p + 2 + two > end || b & 0x80 || !r->gen.whole_ns || c->time > INT64_MAX / 2))
		return gt_next_event(r, c);
	c->type = *p;
	c->time += (int64_t)((p[1] & 0x7f) | b << 7) * r->gen.whole_ns;
	c->p = p + 2 + two;
	return true;
}

/* ---- every event ---- */

#define WITH(N, HANDLER) (pd_likely(args(c, N)) ? HANDLER(r, c, x) : GT_CUT)

static inline enum gt_advance advance(struct gt_reader *r, struct gt_cursor *c)
{
	struct gt_m *x = &r->m.v[c->m_row]; /* row 0 holds nothing */

	/* a goroutine that is gone, or whose slot has another by now: only damage does that */
	if (pd_unlikely(r->g.v[x->slot].id != x->g))
		x->slot = gt_g_slot(r, x->g);
	switch (c->type) {
	case GT_W_GO_START: return WITH(2, go_start);
	case GT_W_GO_STOP:
	case GT_W_GO_BLOCK: return WITH(2, go_stop);
	case GT_W_GO_DESTROY: return WITH(0, go_destroy);
	case GT_W_GO_UNBLOCK: return WITH(3, go_unblock);
	case GT_W_GO_CREATE:
	case GT_W_GO_CREATE_BLOCKED: return WITH(3, go_create);
	case GT_W_GO_SYSCALL_BEGIN: return WITH(2, syscall_begin);
	case GT_W_GO_SYSCALL_END: return WITH(0, syscall_end);
	case GT_W_GO_SYSCALL_END_BLOCKED: return WITH(0, syscall_end_blocked);
	case GT_W_PROC_START: return WITH(2, proc_start);
	case GT_W_PROC_STOP: return WITH(0, proc_stop);
	case GT_W_GC_SWEEP_BEGIN: return WITH(1, gt_order_sweep_event);
	case GT_W_GC_SWEEP_END: return WITH(2, gt_order_sweep_event);
	case GT_W_HEAP_ALLOC: return WITH(1, gt_order_annotation);
	default: return gt_advance_rare(r, c);
	}
}

enum gt_advance gt_run(struct gt_reader *r, struct gt_cursor *c, int64_t until)
{
	do {
		enum gt_advance a = advance(r, c);

		if (pd_likely(a == GT_OK)) {
			c->p = c->next;
			r->wire_count[c->type]++;
			r->n_taken++;
		} else if (a != GT_CUT) {
			return a;
		} else if (!cut_batch(r, c, INCOMPLETE)) {
			return GT_END;
		}
		if (!next_event(r, c))
			return GT_END;
	} while (c->time <= until && r->status == PD_OK);
	return GT_OK;
}
