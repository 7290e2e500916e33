/*
 * The scheduler as the events tell it: what each thread, processor and
 * goroutine is doing, and which event may come next. Sequence numbers order what
 * threads wrote about the same goroutine or processor, whatever their clocks say.
 *
 * A handler says GT_WAIT when another thread's event has to come first, GT_BAD when
 * the event contradicts the state. With r->force it applies the event all the same,
 * as far as it makes sense. Rare ones are kept out of gt_advance(), which is called for every event.
 */
#include "go_trace/order.h"

enum { G_RUNNABLE = 1, G_RUNNING, G_SYSCALL, G_WAITING, G_STATUSES };
enum { P_RUNNING = 1, P_IDLE, P_SYSCALL, P_ABANDONED, P_STATUSES };

static const uint8_t g_state[G_STATUSES] = { GT_UNDETERMINED, GT_RUNNABLE, GT_RUNNING, GT_SYSCALL, GT_WAITING };
static const uint8_t p_state[P_STATUSES] = { GT_UNDETERMINED, GT_RUNNING, GT_IDLE, GT_RUNNING, GT_IDLE };

/* ---- rows ---- */

uint32_t gt_m_row(struct gt_reader *r, uint64_t m)
{
	uint32_t row = m == GT_NONE ? 0 : gt_map_get(&r->m_map, m);

	if (row || m == GT_NONE)
		return row;
	if (!r->m.n && !pd_vec_push(&r->m, ((struct gt_m){ .id = GT_NONE, .p = GT_NONE, .g = GT_NONE })))
		return gt_nomem(r), 0;
	row = (uint32_t)r->m.n;
	if (row == UINT32_MAX || !pd_vec_push(&r->m, ((struct gt_m){ .id = m, .p = GT_NONE, .g = GT_NONE })) || !gt_map_put(&r->m_map, m, row))
		return gt_nomem(r), 0;
	return row;
}

static uint32_t p_new(struct gt_reader *r, uint64_t p, uint8_t status)
{
	uint32_t row;

	if (!r->p.n && !pd_vec_push(&r->p, (struct gt_p){ 0 }))
		return gt_nomem(r), 0;
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
		if (!r->g.n && !pd_vec_push(&r->g, (struct gt_g){ 0 }))
			return gt_nomem(r), 0;
		slot = (uint32_t)r->g.n;
		if (slot == UINT32_MAX || !pd_vec_push(&r->g, (struct gt_g){ 0 }))
			return gt_nomem(r), 0;
	}
	r->g.v[slot] = (struct gt_g){ .id = g, .status = status, .gen = r->gen.number, .alive = true };
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
	g->alive = false;
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

/* ---- helpers of the handlers ---- */

static bool succeeds(const struct gt_reader *r, uint64_t gen, uint64_t seq, uint64_t next)
{
	return gen == r->gen.number && next == seq + 1;
}

static struct place place_of(struct gt_reader *r, const struct gt_cursor *c)
{
	struct place x = { .m = GT_NONE, .p = GT_NONE, .g = GT_NONE };
	const struct gt_m *m;

	if (!c->m_row)
		return x;
	m = &r->m.v[c->m_row];
	x = (struct place){ .m = m->id, .p = m->p, .g = m->g, .m_row = c->m_row, .p_row = m->p_row, .slot = m->g_slot };
	/* a goroutine that is gone, or whose slot has another by now: only damage does that */
	if (x.slot && pd_unlikely(x.slot >= r->g.n || !r->g.v[x.slot].alive || r->g.v[x.slot].id != x.g))
		x.slot = gt_g_slot(r, x.g);
	else if (!x.slot && pd_unlikely(x.g != GT_NONE))
		x.slot = gt_g_slot(r, x.g);
	return x;
}

static void set_g(struct gt_reader *r, const struct place *x, uint64_t g, uint32_t slot)
{
	if (!x->m_row)
		return;
	r->m.v[x->m_row].g = g;
	r->m.v[x->m_row].g_slot = slot;
}

static void set_p(struct gt_reader *r, const struct place *x, uint64_t p, uint32_t row)
{
	if (!x->m_row)
		return;
	r->m.v[x->m_row].p = p;
	r->m.v[x->m_row].p_row = row;
}

/* What an event may say besides the change. */
struct more {
	pd_str name;
	uint32_t stack, of_stack;
};

/* A state change of goroutine `id`. The hot path: what such events do not have (text, arg) is not even cleared. */
static void send_go(struct gt_reader *r, const struct place *x, const struct gt_cursor *c, uint64_t id, uint32_t slot, enum gt_state from, enum gt_state to,
		    struct more more)
{
	struct gt_event e;

	e.kind = GT_EV_GO;
	e.wire = c->type;
	e.from = (uint8_t)from;
	e.to = (uint8_t)to;
	e.what = 0;
	e.has_clock = false;
	e.time = c->time;
	e.m = x->m;
	e.p = x->p;
	e.g = x->g;
	e.id = id;
	e.slot = slot;
	e.stack = more.stack;
	e.of_stack = more.of_stack;
	e.entry = 0;
	e.name = more.name;
	gt_send(r, &e);
}

static const struct more nothing;

static void send_proc(struct gt_reader *r, const struct place *x, const struct gt_cursor *c, uint64_t id, enum gt_state from, enum gt_state to)
{
	struct gt_event e = event_at(x, c, GT_EV_PROC);

	e.id = id;
	e.from = (uint8_t)from;
	e.to = (uint8_t)to;
	gt_send(r, &e);
}

/* ---- processors ---- */

PD_NOINLINE static enum gt_advance proc_status(struct gt_reader *r, const struct gt_cursor *c, struct place x)
{
	uint64_t p = c->arg[0], status = c->arg[1];
	uint32_t row = p_row(r, p);
	struct place at = x;
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
		row = p_new(r, p, (uint8_t)status);
		from = r->gen.number == r->first_gen ? GT_UNDETERMINED : GT_NOT_EXIST;
	}
	if (status == P_ABANDONED && from == GT_RUNNING) {
		for (uint32_t i = 1; i < r->m.n; i++)
			if (r->m.v[i].p == p)
				at = (struct place){ .m = r->m.v[i].id, .p = p, .g = r->m.v[i].g, .slot = r->m.v[i].g_slot };
	}
	if (status == P_RUNNING || status == P_SYSCALL)
		set_p(r, &x, p, row);
	send_proc(r, &at, c, p, from, to);
	return GT_OK;
}

static enum gt_advance proc_start(struct gt_reader *r, const struct gt_cursor *c, struct place x)
{
	uint32_t row = p_row(r, c->arg[0]);
	struct gt_p *s;

	if (!row && r->force && c->arg[0] != GT_NONE)
		row = p_new(r, c->arg[0], P_IDLE);
	if (!row)
		return r->force ? GT_OK : GT_WAIT;
	s = &r->p.v[row];
	if (!r->force && (s->status != P_IDLE || !succeeds(r, s->gen, s->seq, c->arg[1]) || x.p != GT_NONE))
		return GT_WAIT;
	if (!r->force && !has(&x, ABSENT, ANY))
		return GT_BAD;
	s->status = P_RUNNING;
	s->gen = r->gen.number;
	s->seq = c->arg[1];
	send_proc(r, &x, c, c->arg[0], GT_IDLE, GT_RUNNING);
	set_p(r, &x, c->arg[0], row);
	return GT_OK;
}

static enum gt_advance proc_stop(struct gt_reader *r, const struct gt_cursor *c, struct place x)
{
	struct gt_p *s = x.p_row ? &r->p.v[x.p_row] : NULL;

	if (!r->force && (!s || (s->status != P_RUNNING && s->status != P_SYSCALL) || !has(&x, PRESENT, ANY)))
		return GT_BAD;
	if (!s)
		return GT_OK;
	s->status = P_IDLE;
	send_proc(r, &x, c, x.p, GT_RUNNING, GT_IDLE);
	set_p(r, &x, GT_NONE, 0);
	return GT_OK;
}

PD_NOINLINE static enum gt_advance proc_steal(struct gt_reader *r, const struct gt_cursor *c, struct place x)
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
	if (!r->force && !has(&x, ANY, ANY))
		return GT_BAD;
	if (!abandoned && (!from_m || r->m.v[from_m].p != c->arg[0])) {
		if (!r->force)
			return GT_BAD;
		from_m = 0;
	}
	s->status = P_IDLE;
	s->gen = r->gen.number;
	s->seq = c->arg[1];
	send_proc(r, &x, c, c->arg[0], abandoned ? GT_IDLE : GT_RUNNING, GT_IDLE);
	if (!abandoned && from_m) {
		r->m.v[from_m].p = GT_NONE;
		r->m.v[from_m].p_row = 0;
	}
	return GT_OK;
}

/* ---- goroutines ---- */

static enum gt_advance bind_syscall(struct gt_reader *r, const struct gt_cursor *c, uint32_t slot, struct place *at, const struct place *x)
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
		r->m.v[row].g_slot = slot;
	}
	at->m = m;
	return GT_OK;
}

PD_NOINLINE static enum gt_advance go_status(struct gt_reader *r, const struct gt_cursor *c, struct place x)
{
	struct more more = { 0 };
	uint64_t g = c->arg[0], status = c->arg[2];
	uint32_t slot = gt_g_slot(r, g);
	uint8_t from, to;
	struct place at = x;

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
	if (status == G_SYSCALL && bind_syscall(r, c, slot, &at, &x) == GT_BAD)
		return GT_BAD;
	r->g.v[slot].status = (uint8_t)status;
	r->g.v[slot].gen = r->gen.number;
	r->g.v[slot].seq = 0;
	if (c->type == GT_W_GO_STATUS_STACK)
		more.stack = more.of_stack = gt_stack_row(r, c->arg[3]);
	send_go(r, &at, c, g, slot, from, to, more);
	if (status == G_RUNNING)
		set_g(r, &x, g, slot);
	return GT_OK;
}

static enum gt_advance go_create(struct gt_reader *r, const struct gt_cursor *c, struct place x)
{
	bool blocked = c->type == GT_W_GO_CREATE_BLOCKED;
	struct more more = { .of_stack = gt_stack_row(r, c->arg[1]), .stack = gt_stack_row(r, c->arg[2]) };
	uint32_t slot = gt_g_slot(r, c->arg[0]);

	if (!r->force && (!has(&x, PRESENT, ANY) || slot || (x.slot && r->g.v[x.slot].status != G_RUNNING)))
		return GT_BAD;
	if (c->arg[0] == GT_NONE)
		return GT_OK;
	if (!slot)
		slot = gt_g_new(r, c->arg[0], blocked ? G_WAITING : G_RUNNABLE);
	if (slot)
		send_go(r, &x, c, c->arg[0], slot, GT_NOT_EXIST, blocked ? GT_WAITING : GT_RUNNABLE, more);
	return GT_OK;
}

PD_NOINLINE static enum gt_advance go_create_syscall(struct gt_reader *r, const struct gt_cursor *c, struct place x)
{
	uint32_t slot = gt_g_slot(r, c->arg[0]);

	if (!r->force && (!has(&x, ANY, ABSENT) || slot))
		return GT_BAD;
	if (c->arg[0] == GT_NONE)
		return GT_OK;
	if (!slot)
		slot = gt_g_new(r, c->arg[0], G_SYSCALL);
	if (!slot)
		return GT_OK;
	send_go(r, &x, c, c->arg[0], slot, GT_NOT_EXIST, GT_SYSCALL, nothing);
	set_g(r, &x, c->arg[0], slot);
	return GT_OK;
}

static enum gt_advance go_start(struct gt_reader *r, const struct gt_cursor *c, struct place x)
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
	if (!r->force && !has(&x, PRESENT, ABSENT))
		return GT_BAD;
	g->status = G_RUNNING;
	g->gen = r->gen.number;
	g->seq = c->arg[1];
	send_go(r, &x, c, c->arg[0], slot, GT_RUNNABLE, GT_RUNNING, nothing);
	set_g(r, &x, c->arg[0], slot);
	return GT_OK;
}

/* GoStop, GoBlock, GoDestroy. */
static enum gt_advance go_stop(struct gt_reader *r, const struct gt_cursor *c, struct place x)
{
	struct more more = { 0 };
	struct gt_g *g = x.slot ? &r->g.v[x.slot] : NULL;

	if (!r->force && (!has(&x, PRESENT, PRESENT) || !g || g->status != G_RUNNING))
		return GT_BAD;
	if (!g)
		return GT_OK;
	set_g(r, &x, GT_NONE, 0);
	if (c->type == GT_W_GO_DESTROY) {
		send_go(r, &x, c, x.g, x.slot, GT_RUNNING, GT_NOT_EXIST, nothing);
		gt_g_delete(r, x.slot);
		return GT_OK;
	}
	g->status = c->type == GT_W_GO_STOP ? G_RUNNABLE : G_WAITING;
	more.name = gt_string(r, c->arg[0]);
	more.stack = more.of_stack = gt_stack_row(r, c->arg[1]);
	send_go(r, &x, c, x.g, x.slot, GT_RUNNING, g_state[g->status], more);
	return GT_OK;
}

static enum gt_advance go_unblock(struct gt_reader *r, const struct gt_cursor *c, struct place x)
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
	send_go(r, &x, c, c->arg[0], slot, GT_WAITING, GT_RUNNABLE, more);
	return GT_OK;
}

/* One goroutine hands its processor to another: three changes at one time. */
PD_NOINLINE static enum gt_advance go_switch(struct gt_reader *r, const struct gt_cursor *c, struct place x)
{
	uint32_t slot = gt_g_slot(r, c->arg[0]);
	bool destroy = c->type == GT_W_GO_SWITCH_DESTROY;
	struct gt_cursor part = *c;
	struct place after = x;
	struct gt_g *g, *cur = x.slot ? &r->g.v[x.slot] : NULL;

	if (!r->force && (!has(&x, PRESENT, PRESENT) || !cur || cur->status != G_RUNNING))
		return GT_BAD;
	if (!slot || slot == x.slot)
		return r->force ? GT_OK : GT_WAIT;
	g = &r->g.v[slot];
	if (!r->force && (g->status != G_WAITING || !succeeds(r, g->gen, g->seq, c->arg[1])))
		return GT_WAIT;
	g->status = G_RUNNING;
	g->gen = r->gen.number;
	g->seq = c->arg[1];
	set_g(r, &x, c->arg[0], slot);
	send_go(r, &x, c, c->arg[0], slot, GT_WAITING, GT_RUNNABLE, nothing);
	if (cur) {
		part.type = destroy ? GT_W_GO_DESTROY : GT_W_GO_BLOCK;
		cur->status = G_WAITING;
		send_go(r, &x, &part, x.g, x.slot, GT_RUNNING, destroy ? GT_NOT_EXIST : GT_WAITING, nothing);
		if (destroy)
			gt_g_delete(r, x.slot);
	}
	part.type = GT_W_GO_START;
	after.g = GT_NONE;
	after.slot = 0;
	send_go(r, &after, &part, c->arg[0], slot, GT_RUNNABLE, GT_RUNNING, nothing);
	return GT_OK;
}

static enum gt_advance syscall_begin(struct gt_reader *r, const struct gt_cursor *c, struct place x)
{
	struct gt_g *g = x.slot ? &r->g.v[x.slot] : NULL;
	struct gt_p *p = x.p_row ? &r->p.v[x.p_row] : NULL;
	struct more more = { 0 };

	if (!r->force && (!has(&x, PRESENT, PRESENT) || !g || g->status != G_RUNNING || !p || !succeeds(r, p->gen, p->seq, c->arg[0])))
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
	send_go(r, &x, c, x.g, x.slot, GT_RUNNING, GT_SYSCALL, more);
	return GT_OK;
}

static enum gt_advance syscall_end(struct gt_reader *r, const struct gt_cursor *c, struct place x)
{
	struct gt_g *g = x.slot ? &r->g.v[x.slot] : NULL;
	struct gt_p *p = x.p_row ? &r->p.v[x.p_row] : NULL;

	if (!r->force && (!has(&x, PRESENT, PRESENT) || !g || g->status != G_SYSCALL || !p || p->status != P_SYSCALL))
		return GT_BAD;
	if (!g)
		return GT_OK;
	g->status = G_RUNNING;
	if (p)
		p->status = P_RUNNING;
	send_go(r, &x, c, x.g, x.slot, GT_SYSCALL, GT_RUNNING, nothing);
	return GT_OK;
}

static enum gt_advance syscall_end_blocked(struct gt_reader *r, const struct gt_cursor *c, struct place x)
{
	struct gt_g *g = x.slot ? &r->g.v[x.slot] : NULL;

	if (!r->force && x.p_row && r->p.v[x.p_row].status == P_SYSCALL)
		return GT_WAIT;
	if (!r->force && (!has(&x, ANY, PRESENT) || !g || g->status != G_SYSCALL))
		return GT_BAD;
	if (!g)
		return GT_OK;
	g->status = G_RUNNABLE;
	set_g(r, &x, GT_NONE, 0);
	send_go(r, &x, c, x.g, x.slot, GT_SYSCALL, GT_RUNNABLE, nothing);
	return GT_OK;
}

PD_NOINLINE static enum gt_advance destroy_syscall(struct gt_reader *r, const struct gt_cursor *c, struct place x)
{
	struct gt_g *g = x.slot ? &r->g.v[x.slot] : NULL;
	struct gt_p *p = x.p_row ? &r->p.v[x.p_row] : NULL;
	struct gt_cursor steal = *c;

	if (!r->force && (!has(&x, ANY, PRESENT) || !g || g->status != G_SYSCALL || (p && p->status != P_SYSCALL)))
		return GT_BAD;
	set_g(r, &x, GT_NONE, 0);
	if (p) {
		p->status = P_ABANDONED;
		set_p(r, &x, GT_NONE, 0);
		steal.type = GT_W_PROC_STEAL;
		send_proc(r, &x, &steal, x.p, GT_RUNNING, GT_IDLE);
	}
	if (!g)
		return GT_OK;
	send_go(r, &x, c, x.g, x.slot, GT_SYSCALL, GT_NOT_EXIST, nothing);
	gt_g_delete(r, x.slot);
	return GT_OK;
}

enum gt_advance gt_advance(struct gt_reader *r, struct gt_cursor *c)
{
	struct place x = place_of(r, c);

	switch (c->type) {
	case GT_W_PROC_START: return proc_start(r, c, x);
	case GT_W_PROC_STOP: return proc_stop(r, c, x);
	case GT_W_PROC_STEAL: return proc_steal(r, c, x);
	case GT_W_PROC_STATUS: return proc_status(r, c, x);
	case GT_W_GO_CREATE:
	case GT_W_GO_CREATE_BLOCKED: return go_create(r, c, x);
	case GT_W_GO_CREATE_SYSCALL: return go_create_syscall(r, c, x);
	case GT_W_GO_START: return go_start(r, c, x);
	case GT_W_GO_DESTROY:
	case GT_W_GO_STOP:
	case GT_W_GO_BLOCK: return go_stop(r, c, x);
	case GT_W_GO_DESTROY_SYSCALL: return destroy_syscall(r, c, x);
	case GT_W_GO_UNBLOCK: return go_unblock(r, c, x);
	case GT_W_GO_SWITCH:
	case GT_W_GO_SWITCH_DESTROY: return go_switch(r, c, x);
	case GT_W_GO_SYSCALL_BEGIN: return syscall_begin(r, c, x);
	case GT_W_GO_SYSCALL_END: return syscall_end(r, c, x);
	case GT_W_GO_SYSCALL_END_BLOCKED: return syscall_end_blocked(r, c, x);
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
	case GT_W_GC_SWEEP_ACTIVE:
	case GT_W_GC_SWEEP_BEGIN:
	case GT_W_GC_SWEEP_END: return gt_order_sweep_event(r, c, x);
	case GT_W_USER_TASK_BEGIN: return gt_order_task_begin(r, c, x);
	case GT_W_USER_TASK_END: return gt_order_task_end(r, c, x);
	case GT_W_USER_REGION_BEGIN:
	case GT_W_USER_REGION_END: return gt_order_region_event(r, c, x);
	case GT_W_PROCS_CHANGE:
	case GT_W_HEAP_ALLOC:
	case GT_W_HEAP_GOAL:
	case GT_W_GO_LABEL:
	case GT_W_USER_LOG: return gt_order_annotation(r, c, x);
	default: return gt_order_experimental(r, c, x);
	}
}
