/* Between order.c (what happens all the time), order_rare.c (the rest of processors and goroutines) and order_marks.c (ranges, what programs say). */
#ifndef GO_TRACE_ORDER_H
#define GO_TRACE_ORDER_H

#include "go_trace/trace.h"

enum { G_RUNNABLE = 1, G_RUNNING, G_SYSCALL, G_WAITING, G_STATUSES };
enum { P_RUNNING = 1, P_IDLE, P_SYSCALL, P_ABANDONED, P_STATUSES };

static const uint8_t g_state[G_STATUSES] = { GT_UNDETERMINED, GT_RUNNABLE, GT_RUNNING, GT_SYSCALL, GT_WAITING };
static const uint8_t p_state[P_STATUSES] = { GT_UNDETERMINED, GT_RUNNING, GT_IDLE, GT_RUNNING, GT_IDLE };

static inline uint32_t p_row(const struct gt_reader *r, uint64_t p)
{
	return p == GT_NONE ? 0 : gt_map_get(&r->p_map, p);
}

enum need { ABSENT, ANY, PRESENT };

static inline bool has(const struct gt_m *x, enum need p, enum need g)
{
	bool has_p = x->p != GT_NONE, has_g = x->g != GT_NONE;

	return x->m != GT_NONE && (p == ANY || has_p == (p == PRESENT)) && (g == ANY || has_g == (g == PRESENT));
}

/* Member by member: as one initializer it would become a loop that takes longer than the rest of the event. */
static inline struct gt_event event_at(const struct gt_m *x, const struct gt_cursor *c, enum gt_kind kind)
{
	struct gt_event e;

	e.kind = kind;
	e.wire = c->type;
	e.from = e.to = e.what = 0;
	e.has_clock = false;
	e.time = c->time;
	e.m = x->m;
	e.p = x->p;
	e.g = x->g;
	e.id = 0;
	e.slot = x->slot;
	e.stack = e.of_stack = e.entry = 0;
	e.name = (pd_str){ 0 };
	e.text = (struct pd_span){ 0 };
	for (unsigned i = 0; i < GT_MAX_ARGS; i++)
		e.arg[i] = 0;
	return e;
}

/* ---- for handlers ---- */

static inline bool succeeds(const struct gt_reader *r, uint64_t gen, uint64_t seq, uint64_t next)
{
	return gen == r->gen.number && next == seq + 1;
}

static inline void set_g(struct gt_reader *r, const struct gt_m *x, uint64_t g, uint32_t slot)
{
	if (!x->row)
		return;
	r->m.v[x->row].g = g;
	r->m.v[x->row].slot = slot;
}

static inline void set_p(struct gt_reader *r, const struct gt_m *x, uint64_t p, uint32_t row)
{
	if (!x->row)
		return;
	r->m.v[x->row].p = p;
	r->m.v[x->row].p_row = row;
}

/* What an event may say besides the change. */
struct more {
	pd_str name;
	uint32_t stack, of_stack;
};

/* A state change of goroutine `id`. The hot path: what such events do not have (text, arg) is not even cleared. */
static inline void send_go(struct gt_reader *r, const struct gt_m *x, const struct gt_cursor *c, uint64_t id, uint32_t slot, enum gt_state from, enum gt_state to,
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

static inline void send_proc(struct gt_reader *r, const struct gt_m *x, const struct gt_cursor *c, uint64_t id, enum gt_state from, enum gt_state to)
{
	struct gt_event e = event_at(x, c, GT_EV_PROC);

	e.id = id;
	e.from = (uint8_t)from;
	e.to = (uint8_t)to;
	gt_send(r, &e);
}

/* The arguments of an event; they are read again should it have to wait. */
static inline bool args(struct gt_cursor *c, unsigned n)
{
	const uint8_t *p = c->p;

	if (n > 0)
		p = gt_number(p, c->end, &c->arg[0]);
	if (n > 1)
		p = gt_number(p, c->end, &c->arg[1]);
	if (n > 2)
		p = gt_number(p, c->end, &c->arg[2]);
	if (n > 3)
		p = gt_number(p, c->end, &c->arg[3]);
	c->next = p;
	return p <= c->end;
}

uint32_t gt_p_new(struct gt_reader *r, uint64_t p, uint8_t status); /* a processor begins to be known: its row, 0 on failure */
/* The events order.c has no handlers for. */
enum gt_advance gt_advance_rare(struct gt_reader *r, struct gt_cursor *c);

/* Handlers as in order.c; `x` is what the thread that wrote the event held before it. */
enum gt_advance gt_order_gc_event(struct gt_reader *r, const struct gt_cursor *c, const struct gt_m *x);
enum gt_advance gt_order_sweep_event(struct gt_reader *r, const struct gt_cursor *c, const struct gt_m *x);
enum gt_advance gt_order_go_range(struct gt_reader *r, const struct gt_cursor *c, const struct gt_m *x, enum gt_range what, enum gt_kind kind);
enum gt_advance gt_order_task_begin(struct gt_reader *r, const struct gt_cursor *c, const struct gt_m *x);
enum gt_advance gt_order_task_end(struct gt_reader *r, const struct gt_cursor *c, const struct gt_m *x);
enum gt_advance gt_order_region_event(struct gt_reader *r, const struct gt_cursor *c, const struct gt_m *x);
enum gt_advance gt_order_annotation(struct gt_reader *r, const struct gt_cursor *c, const struct gt_m *x);
enum gt_advance gt_order_experimental(struct gt_reader *r, const struct gt_cursor *c, const struct gt_m *x);

#endif
