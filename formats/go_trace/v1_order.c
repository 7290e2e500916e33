/*
 * Order of the events of a trace before Go 1.22: clocks of processors may disagree, so streams are merged by time among those
 * events that a simple state machine of goroutines lets come next.
 */
#include "go_trace/v1.h"

#include "base/sort.h"

enum { DEAD, RUNNABLE, RUNNING, WAITING };
#define ANY_SEQ UINT64_MAX
#define NEXT_SEQ (UINT64_MAX - 1)
#define UNORDERED UINT64_MAX
#define GC_ID (UINT64_MAX - 1) /* the garbage collector's place among goroutines */
#define FREE_SEARCHES (1u << 24)

struct state {
	uint64_t seq;
	unsigned status;
};

struct change {
	uint64_t g; /* UNORDERED: may come whenever its turn is */
	struct state init, next;
};

struct merge {
	struct v1 *v;
	struct gt_map map;           /* goroutine → row of state */
	PD_VEC(struct state) state;  /* row 0 is none */
	PD_VEC(uint32_t) waiting;    /* streams whose first event is not in the heap */
	PD_VEC(struct gt_turn) heap; /* cursor = event row */
	uint64_t searched, forced;
};

static struct change change_of(const struct v1_event *e)
{
	switch (e->type) {
	case V1_GO_CREATE:
		return (struct change){ e->arg[0], { 0, DEAD }, { 1, RUNNABLE } };
	case V1_GO_WAITING: case V1_GO_IN_SYSCALL:
		return (struct change){ e->g, { 1, RUNNABLE }, { 2, WAITING } };
	case V1_GO_START: case V1_GO_START_LABEL:
		return (struct change){ e->g, { e->arg[1], RUNNABLE }, { e->arg[1] + 1, RUNNING } };
	case V1_GO_START_LOCAL:
		return (struct change){ e->g, { ANY_SEQ, RUNNABLE }, { NEXT_SEQ, RUNNING } };
	case V1_GO_BLOCK: case V1_GO_BLOCK_SEND: case V1_GO_BLOCK_RECV: case V1_GO_BLOCK_SELECT: case V1_GO_BLOCK_SYNC: case V1_GO_BLOCK_COND:
	case V1_GO_BLOCK_NET: case V1_GO_SLEEP: case V1_GO_SYSBLOCK: case V1_GO_BLOCK_GC:
		return (struct change){ e->g, { ANY_SEQ, RUNNING }, { ANY_SEQ, WAITING } };
	case V1_GO_SCHED: case V1_GO_PREEMPT:
		return (struct change){ e->g, { ANY_SEQ, RUNNING }, { ANY_SEQ, RUNNABLE } };
	case V1_GO_UNBLOCK: case V1_GO_SYSEXIT:
		return (struct change){ e->arg[0], { e->arg[1], WAITING }, { e->arg[1] + 1, RUNNABLE } };
	case V1_GO_UNBLOCK_LOCAL: case V1_GO_SYSEXIT_LOCAL:
		return (struct change){ e->arg[0], { ANY_SEQ, WAITING }, { NEXT_SEQ, RUNNABLE } };
	case V1_GC_START:
		return (struct change){ GC_ID, { e->arg[0], DEAD }, { e->arg[0] + 1, DEAD } };
	default:
		return (struct change){ .g = UNORDERED };
	}
}

static struct state state_of(const struct merge *m, uint64_t g)
{
	uint32_t row = gt_map_get(&m->map, g);

	return row ? m->state.v[row] : (struct state){ 0 };
}

static bool ready(const struct merge *m, const struct v1_event *e)
{
	struct change c = change_of(e);
	struct state s;

	if (c.g == UNORDERED)
		return true;
	s = state_of(m, c.g);
	return (c.init.seq == ANY_SEQ || c.init.seq == s.seq) && c.init.status == s.status;
}

static bool apply(struct merge *m, const struct v1_event *e)
{
	struct change c = change_of(e);
	uint32_t row;

	if (c.g == UNORDERED)
		return true;
	row = gt_map_get(&m->map, c.g);
	if (!row) {
		row = (uint32_t)m->state.n;
		if (!pd_vec_push(&m->state, (struct state){ 0 }) || !gt_map_put(&m->map, c.g, row))
			return gt_nomem(m->v->r), false;
	}
	if (c.next.seq == ANY_SEQ)
		c.next.seq = m->state.v[row].seq;
	else if (c.next.seq == NEXT_SEQ)
		c.next.seq = m->state.v[row].seq + 1;
	m->state.v[row] = c.next;
	return true;
}

/* ---- heap of events that may come next ---- */

static void swap(struct gt_turn *a, struct gt_turn *b)
{
	struct gt_turn t = *a;

	*a = *b;
	*b = t;
}

static bool heap_push(struct merge *m, uint32_t row)
{
	struct gt_turn *h;
	size_t i;

	if (!pd_vec_push(&m->heap, ((struct gt_turn){ m->v->event.v[row].ts, row })))
		return gt_nomem(m->v->r), false;
	h = m->heap.v;
	for (i = m->heap.n - 1; i && h[i].time < h[(i - 1) / 2].time; i = (i - 1) / 2)
		swap(&h[i], &h[(i - 1) / 2]);
	return true;
}

static uint32_t heap_pop(struct merge *m)
{
	struct gt_turn *h = m->heap.v;
	uint32_t row = h[0].cursor;
	size_t n = --m->heap.n, i = 0;

	swap(&h[0], &h[n]);
	for (;;) {
		size_t child = 2 * i + 1;

		if (child >= n)
			return row;
		if (child + 1 < n && h[child + 1].time < h[child].time)
			child++;
		if (h[child].time >= h[i].time)
			return row;
		swap(&h[i], &h[child]);
		i = child;
	}
}

/* ---- merging ---- */

/* Streams whose next event may come go into the heap. */
static bool fill(struct merge *m)
{
	struct v1 *v = m->v;

	for (size_t i = 0; i < m->waiting.n;) {
		struct v1_stream *s = &v->stream.v[m->waiting.v[i]];

		m->searched++;
		if (s->first && !ready(m, &v->event.v[s->first])) {
			i++;
			continue;
		}
		if (s->first && !heap_push(m, s->first))
			return false;
		m->waiting.v[i] = m->waiting.v[--m->waiting.n];
	}
	return true;
}

/* Nothing may come next: the earliest event comes all the same. 0 when nothing is left. */
static uint32_t force(struct merge *m)
{
	struct v1 *v = m->v;
	size_t best = SIZE_MAX;
	uint32_t row;

	for (size_t i = 0; i < m->waiting.n; i++) {
		const struct v1_stream *s = &v->stream.v[m->waiting.v[i]];

		if (best == SIZE_MAX || v->event.v[s->first].ts < v->event.v[v->stream.v[m->waiting.v[best]].first].ts)
			best = i;
	}
	if (best == SIZE_MAX)
		return 0;
	row = v->stream.v[m->waiting.v[best]].first;
	m->waiting.v[best] = m->waiting.v[--m->waiting.n];
	if (!gt_note(v->r, v->event.v[row].offset, "events taken as they come because no order makes sense"))
		return 0;
	if (++m->forced > 1024 + v->order.n / 16) {
		gt_note(v->r, v->event.v[row].offset, "parts left out: too many events contradict each other");
		return 0;
	}
	return row;
}

static bool merge(struct merge *m)
{
	struct v1 *v = m->v;

	for (uint32_t i = 1; i < v->stream.n; i++)
		if (v->stream.v[i].first && !pd_vec_push(&m->waiting, i))
			return gt_nomem(v->r), false;
	while (fill(m)) {
		uint32_t row = m->heap.n ? heap_pop(m) : force(m);
		struct v1_event *e = &v->event.v[row];

		if (!row)
			return v->r->status == PD_OK;
		if (m->searched > FREE_SEARCHES + 1024 * (uint64_t)v->order.n) {
			gt_note(v->r, e->offset, "parts left out: the order of the events takes too long to find");
			return v->r->status == PD_OK;
		}
		if (!apply(m, e) || !pd_vec_push(&v->order, row) || !pd_vec_push(&m->waiting, e->stream))
			return gt_nomem(v->r), false;
		v->stream.v[e->stream].first = e->next;
		if (e->type == V1_GO_SYSEXIT_LOCAL)
			e->arg[2] = e->arg[1];
		e->type = e->type == V1_GO_START_LOCAL ? V1_GO_START : e->type == V1_GO_UNBLOCK_LOCAL ? V1_GO_UNBLOCK :
			  e->type == V1_GO_SYSEXIT_LOCAL ? V1_GO_SYSEXIT : e->type;
	}
	return false;
}

/* ---- times ---- */

/* Times never go back; system calls end when they really did. */
static bool settle_times(struct v1 *v)
{
	struct gt_map blocked = { 0 }; /* goroutine → row of the event with which its system call began to block */
	int64_t last = INT64_MIN;

	for (size_t i = 0; i < v->order.n; i++) {
		struct v1_event *e = &v->event.v[v->order.v[i]];

		if (e->ts < last) {
			gt_note(v->r, e->offset, "times that go back set to the one before");
			e->ts = last;
		}
		last = e->ts;
	}
	for (size_t i = 0; i < v->order.n && v->r->status == PD_OK; i++) {
		struct v1_event *e = &v->event.v[v->order.v[i]];
		uint32_t begun;

		if ((e->type == V1_GO_SYSBLOCK || e->type == V1_GO_IN_SYSCALL) && !gt_map_put(&blocked, e->g, v->order.v[i]))
			gt_nomem(v->r);
		if (e->type != V1_GO_SYSEXIT || !e->arg[2])
			continue;
		begun = gt_map_get(&blocked, e->g);
		if (begun && e->arg[2] <= INT64_MAX && (int64_t)e->arg[2] >= v->event.v[begun].ts)
			e->ts = (int64_t)e->arg[2];
		else
			gt_note(v->r, e->offset, "ends of system calls before their begin left where they were written");
	}
	gt_map_release(&blocked);
	return v->r->status == PD_OK;
}

static bool sort_by_time(struct v1 *v)
{
	size_t n = v->order.n;
	struct pd_sort_item *item = malloc((2 * n + 1) * sizeof *item);

	if (!item)
		return gt_nomem(v->r), false;
	for (size_t i = 0; i < n; i++)
		item[i] = (struct pd_sort_item){ (uint64_t)v->event.v[v->order.v[i]].ts ^ (uint64_t)1 << 63, v->order.v[i] };
	pd_sort_u64(item, item + n, n);
	for (size_t i = 0; i < n; i++)
		v->order.v[i] = item[i].row;
	free(item);
	return true;
}

/* Samples are one more stream, in order of their own times. */
static bool sort_samples(struct v1 *v)
{
	struct v1_stream *s = &v->stream.v[1];
	PD_VEC(struct pd_sort_item) item = { 0 };
	struct pd_sort_item *tmp;
	uint32_t n = 0;

	for (uint32_t i = s->first; i; i = v->event.v[i].next, n++)
		if (!pd_vec_push(&item, ((struct pd_sort_item){ (uint64_t)v->event.v[i].ts ^ (uint64_t)1 << 63, i })))
			return pd_vec_release(&item), gt_nomem(v->r), false;
	tmp = n ? malloc(n * sizeof *tmp) : NULL;
	if (tmp) {
		pd_sort_u64(item.v, tmp, n);
		s->first = item.v[0].row;
		for (uint32_t i = 0; i < n; i++)
			v->event.v[item.v[i].row].next = i + 1 < n ? item.v[i + 1].row : 0;
	} else if (n) {
		gt_nomem(v->r);
	}
	free(tmp);
	pd_vec_release(&item);
	return v->r->status == PD_OK;
}

bool v1_order(struct v1 *v)
{
	struct merge m = { .v = v };
	bool ok = sort_samples(v) && (pd_vec_push(&m.state, (struct state){ 0 }) || (gt_nomem(v->r), false)) && merge(&m) && settle_times(v) && sort_by_time(v);

	gt_map_release(&m.map);
	pd_vec_release(&m.state);
	pd_vec_release(&m.waiting);
	pd_vec_release(&m.heap);
	return ok;
}
