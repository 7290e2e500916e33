/*
 * The events of one generation in order: per-thread streams merged by time,
 * subject to what the scheduler allows. The heap and the search of a stuck merge are
 * those of Go's own parser, so that equal times come in the same order.
 */
#include "go_trace/trace.h"

#define FREE_FORCED 1024u        /* events of a damaged trace that may be forced whatever their share */
#define FREE_SEARCHES (1u << 24) /* attempts to advance a thread, and moves to bring threads into order, when one had to wait */
#define SEARCHES_PER_EVENT 1024u

/* ---- heap of threads by time of their next event ---- */

static void swap(struct gt_turn *h, size_t a, size_t b)
{
	struct gt_turn t = h[a];

	h[a] = h[b];
	h[b] = t;
}

static size_t sift_up(struct gt_turn *h, size_t i)
{
	struct gt_turn t = h[i];

	for (; i > 0 && h[(i - 1) / 2].time > t.time; i = (i - 1) / 2)
		h[i] = h[(i - 1) / 2];
	h[i] = t;
	return i;
}

static void sift_down(struct gt_turn *h, size_t n, size_t i)
{
	struct gt_turn t = h[i];

	for (size_t left; (left = 2 * i + 1) < n;) {
		size_t least = left + 1 < n && h[left + 1].time < h[left].time ? left + 1 : left;

		if (h[least].time >= t.time)
			break;
		h[i] = h[least];
		i = least;
	}
	h[i] = t;
}

static void heap_remove(struct gt_reader *r, size_t i)
{
	struct gt_turn *h = r->heap.v;

	for (; i > 0; i = (i - 1) / 2)
		swap(h, (i - 1) / 2, i);
	swap(h, 0, r->heap.n - 1);
	r->heap.n--;
	sift_down(h, r->heap.n, 0);
}

/* Stable, by time: a heap again. */
static void sort_heap(struct gt_reader *r)
{
	struct gt_turn *h = r->heap.v;
	size_t n = r->heap.n;

	for (size_t gap = 1; gap < n; gap++) { /* insertion: nearly sorted, since a heap is */
		struct gt_turn t = h[gap];
		size_t k = gap;

		for (; k && h[k - 1].time > t.time; k--)
			h[k] = h[k - 1];
		r->n_searched += (gap - k) / 64; /* moves are cheap */
		h[k] = t;
	}
}

/* Time of the next event of any thread but the first. */
static int64_t runner_up(const struct gt_reader *r)
{
	const struct gt_turn *h = r->heap.v;

	return r->heap.n < 2 ? INT64_MAX : r->heap.n == 2 || h[1].time < h[2].time ? h[1].time : h[2].time;
}

/* ---- merging ---- */

/* Events of the thread at place i of the heap, see gt_run(). */
static enum gt_advance run(struct gt_reader *r, size_t i, int64_t until)
{
	struct gt_cursor *c = &r->cursor.v[r->heap.v[i].cursor];
	enum gt_advance a;

	r->at_batch = c->batch;
	a = gt_run(r, c, until);
	if (a == GT_END) {
		heap_remove(r, i);
		return GT_OK;
	}
	r->heap.v[i].time = c->time;
	if (a == GT_OK && (i == 0 || sift_up(r->heap.v, i) == i))
		sift_down(r->heap.v, r->heap.n, i);
	return a;
}

/* One event. */
static enum gt_advance try(struct gt_reader *r, size_t i)
{
	return run(r, i, INT64_MIN);
}

/* Real traces try a few threads per event; a made-up one could let every event try all of them. */
static bool too_long(struct gt_reader *r)
{
	if (pd_likely(r->n_searched <= FREE_SEARCHES + SEARCHES_PER_EVENT * r->n_taken))
		return false;
	gt_note(r, 0, "parts left out: the order of the events takes too long to find");
	r->ended = r->damaged = true;
	return true;
}

static bool force(struct gt_reader *r, size_t i, const char *what)
{
	enum gt_advance a;

	r->at_batch = r->cursor.v[r->heap.v[i].cursor].batch;
	if (!gt_note(r, 0, what))
		return false;
	r->n_forced++;
	if (r->n_forced > FREE_FORCED + r->n_taken / 16) {
		gt_note(r, 0, "parts left out: too many events contradict each other");
		r->ended = r->damaged = true;
		return false;
	}
	r->force = true;
	a = try(r, i);
	r->force = false;
	return a == GT_OK;
}

#define CONTRADICTS "events taken as they are though they contradict the state of their thread"
#define NO_ORDER "events taken as they come because no order makes sense"

/*
 * Events until another thread or a CPU sample is earlier, the earliest of which is at `until`; or one of whichever thread may go on.
 */
static bool step(struct gt_reader *r, int64_t until)
{
	enum gt_advance a = run(r, 0, until);

	if (pd_likely(a == GT_OK))
		return true;
	if (a == GT_BAD)
		return force(r, 0, CONTRADICTS);
	if (too_long(r))
		return false;
	sort_heap(r);
	for (size_t i = 1; i < r->heap.n; i++) {
		r->n_searched++;
		a = try(r, i);
		if (a == GT_OK)
			return true;
		if (a == GT_BAD)
			return force(r, i, CONTRADICTS);
	}
	return force(r, 0, NO_ORDER);
}

static void send_sync(struct gt_reader *r)
{
	const struct gt_clock *c = &r->gen.clock;
	struct gt_event e = { .kind = GT_EV_SYNC, .wire = GT_W_SYNC, .time = gt_nanos(&r->gen, r->gen.min_time), .m = GT_NONE, .p = GT_NONE, .g = GT_NONE,
			      .id = r->n_gens, .has_clock = c->any };

	if (c->any) {
		e.arg[0] = (uint64_t)c->time;
		e.arg[1] = c->mono;
		e.arg[2] = c->sec;
		e.arg[3] = c->nsec;
	}
	gt_send(r, &e);
}

static void send_sample(struct gt_reader *r, const struct gt_sample *s)
{
	struct gt_event e = { .kind = GT_EV_STACK_SAMPLE, .wire = GT_W_CPU_SAMPLE, .time = s->time, .m = s->m, .p = s->p, .g = s->g,
			      .slot = gt_g_slot(r, s->g), .stack = s->stack };

	gt_send(r, &e);
}

/* A cursor per thread, in the order of their first batches. */
static bool start(struct gt_reader *r)
{
	r->cursor.n = r->heap.n = 0;
	for (uint32_t i = 1; i < r->gen.thread.n && r->status == PD_OK; i++) {
		const struct gt_thread *t = &r->gen.thread.v[i];
		struct gt_cursor c = { .batch = t->first, .m_row = gt_m_row(r, t->m) };
		const struct gt_batch *b = &r->gen.batch.v[t->first];

		c.p = b->p;
		c.end = b->p + b->n;
		c.time = gt_nanos(&r->gen, b->time);
		if (!gt_next_event(r, &c))
			continue;
		if (!pd_vec_push(&r->cursor, c) || !pd_vec_push(&r->heap, ((struct gt_turn){ c.time, (uint32_t)r->cursor.n - 1 })))
			return gt_nomem(r), false;
		sift_up(r->heap.v, r->heap.n - 1);
	}
	return r->status == PD_OK;
}

void gt_merge(struct gt_reader *r)
{
	const struct gt_sample *s = r->gen.sample.v, *last = s ? s + r->gen.sample.n : s;

	send_sync(r);
	if (!start(r))
		return;
	while (r->heap.n && r->status == PD_OK) {
		if (s != last && s->time < r->heap.v[0].time)
			send_sample(r, s++);
		else if (!step(r, s != last && s->time < runner_up(r) ? s->time : runner_up(r)))
			break;
	}
	for (; s != last && r->status == PD_OK && !r->heap.n; s++)
		send_sample(r, s);
	r->at_batch = 0;
}
