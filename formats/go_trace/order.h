/* Between order.c (processors and goroutines) and order_marks.c (ranges, what programs say). */
#ifndef GO_TRACE_ORDER_H
#define GO_TRACE_ORDER_H

#include "go_trace/trace.h"

/* Where an event was written: thread, and what it held before the event. */
struct place {
	uint64_t m, p, g;
	uint32_t m_row, p_row, slot;
};

static inline uint32_t p_row(const struct gt_reader *r, uint64_t p)
{
	return p == GT_NONE ? 0 : gt_map_get(&r->p_map, p);
}

enum need { ABSENT, ANY, PRESENT };

static inline bool has(const struct place *x, enum need p, enum need g)
{
	bool has_p = x->p != GT_NONE, has_g = x->g != GT_NONE;

	return x->m != GT_NONE && (p == ANY || has_p == (p == PRESENT)) && (g == ANY || has_g == (g == PRESENT));
}

static inline struct gt_event event_at(const struct place *x, const struct gt_cursor *c, enum gt_kind kind)
{
	return (struct gt_event){ .kind = kind, .wire = c->type, .time = c->time, .m = x->m, .p = x->p, .g = x->g, .slot = x->slot };
}

/* Handlers as in order.c. */
enum gt_advance gt_order_gc_event(struct gt_reader *r, const struct gt_cursor *c, struct place x);
enum gt_advance gt_order_sweep_event(struct gt_reader *r, const struct gt_cursor *c, struct place x);
enum gt_advance gt_order_go_range(struct gt_reader *r, const struct gt_cursor *c, struct place x, enum gt_range what, enum gt_kind kind);
enum gt_advance gt_order_task_begin(struct gt_reader *r, const struct gt_cursor *c, struct place x);
enum gt_advance gt_order_task_end(struct gt_reader *r, const struct gt_cursor *c, struct place x);
enum gt_advance gt_order_region_event(struct gt_reader *r, const struct gt_cursor *c, struct place x);
enum gt_advance gt_order_annotation(struct gt_reader *r, const struct gt_cursor *c, struct place x);
enum gt_advance gt_order_experimental(struct gt_reader *r, const struct gt_cursor *c, struct place x);

#endif
