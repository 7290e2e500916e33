/*
 * Figures of a trace: events by Go's own names, garbage collections, stops of
 * the world, how long goroutines wait to be run, where their time goes by entry
 * function and by reason. Sums are exact; percentiles come from histograms whose
 * steps are below 1%.
 */
#include "go_trace/facts.h"
#include "go_trace/v1.h"

#include "base/error.h"

#define MOST_ROWS 10 /* of a table */

/* ---- histograms of durations ---- */

#define SUB_BITS 7
#define SUB (1u << SUB_BITS)
#define BUCKETS ((64 - SUB_BITS) * SUB + SUB)

struct histogram {
	uint64_t n;
	int64_t sum, max;
	uint64_t *bucket; /* made with the first value */
};

static unsigned bucket_of(uint64_t v)
{
	unsigned top;

	if (v < SUB)
		return (unsigned)v;
	top = 63 - pd_clz64(v);
	return (top - SUB_BITS + 1) * SUB + (unsigned)(v >> (top - SUB_BITS) & (SUB - 1));
}

/* The middle of what falls into a bucket. */
static uint64_t value_of(unsigned bucket)
{
	unsigned shift = bucket / SUB;

	if (!shift)
		return bucket;
	return ((uint64_t)(SUB + bucket % SUB) << (shift - 1)) + ((uint64_t)1 << (shift - 1)) / 2;
}

static void observe(struct gt_reader *r, struct histogram *h, int64_t v)
{
	if (v < 0)
		v = 0;
	if (!h->bucket && !(h->bucket = calloc(BUCKETS, sizeof *h->bucket))) {
		gt_nomem(r);
		return;
	}
	h->bucket[bucket_of((uint64_t)v)]++;
	h->n++;
	if (pd_add_overflow(h->sum, v, &h->sum))
		h->sum = INT64_MAX;
	if (v > h->max)
		h->max = v;
}

static int64_t percentile(const struct histogram *h, unsigned permille)
{
	uint64_t rank = (h->n * permille + 999) / 1000, seen = 0;

	for (unsigned i = 0; h->n && i < BUCKETS; i++) {
		seen += h->bucket[i];
		if (seen >= rank)
			return (int64_t)value_of(i) < h->max ? (int64_t)value_of(i) : h->max;
	}
	return 0;
}

/* ---- the state of things ---- */

/* Time of all goroutines with one entry function, or of one reason to wait. */
struct group {
	pd_str name;
	uint64_t n;                  /* goroutines, or waits */
	int64_t nanos[GT_IDLE + 1];  /* by state */
};

struct alive {
	int64_t since;
	uint32_t group;
	pd_str reason;
	uint8_t state;
};

struct gt_facts {
	struct gt_reader *r;
	bool began;
	int64_t start, end;
	PD_VEC(struct alive) g;      /* by slot */
	PD_VEC(struct group) group, reason;
	struct gt_map group_of, reason_of; /* string + 1 → row + 1 */
	struct histogram latency, stw;
	uint64_t goroutines, now_alive, most_alive, gc, kinds[GT_EV_KINDS];
	int64_t stw_since, gc_since, gc_nanos;
	bool in_stw, in_gc;
	uint64_t procs, heap_max;
};

struct gt_facts *gt_facts_new(struct gt_reader *r)
{
	struct gt_facts *f = calloc(1, sizeof *f);

	if (f)
		f->r = r;
	else
		gt_nomem(r);
	return f;
}

void gt_facts_free(struct gt_facts *f)
{
	if (!f)
		return;
	pd_vec_release(&f->g);
	pd_vec_release(&f->group);
	pd_vec_release(&f->reason);
	gt_map_release(&f->group_of);
	gt_map_release(&f->reason_of);
	free(f->latency.bucket);
	free(f->stw.bucket);
	free(f);
}

/* Row of a name, made when new. */
#define ROW(f, rows, map, name_) row_of((f)->r, (void *)&(f)->rows.v, &(f)->rows.n, &(f)->rows.cap, &(f)->map, name_)
static uint32_t row_of(struct gt_reader *r, void **v, size_t *n, size_t *cap, struct gt_map *map, pd_str name)
{
	uint32_t row = gt_map_get(map, (uint64_t)name.v + 1);

	if (row)
		return row - 1;
	if ((*n == *cap && !pd_vec_grow(v, cap, *n, 1, sizeof(struct group))) || !gt_map_put(map, (uint64_t)name.v + 1, (uint32_t)*n + 1)) {
		gt_nomem(r);
		return 0;
	}
	((struct group *)*v)[*n] = (struct group){ .name = name };
	return (uint32_t)(*n)++;
}

/* The outermost function of a stack. */
static pd_str entry_of(struct gt_facts *f, pd_stack stack)
{
	const struct pd_doc *doc = pd_builder_view(f->r->b);
	struct pd_func_desc fn = { 0 };
	struct pd_frame_desc frame;
	const pd_frame *run;

	if (!stack.v)
		return (pd_str){ 0 };
	for (pd_stack up = pd_doc_stack_parent(doc, stack); up.v; up = pd_doc_stack_parent(doc, stack))
		stack = up;
	if (!pd_doc_stack_run(doc, stack, &run))
		return (pd_str){ 0 };
	pd_doc_frame(doc, run[0], &frame);
	if (frame.n_lines)
		pd_doc_func(doc, frame.lines[0].func, &fn);
	return fn.name;
}

static void add_time(int64_t *to, int64_t dur)
{
	if (pd_add_overflow(*to, dur, to))
		*to = INT64_MAX;
}

static void leave(struct gt_facts *f, struct alive *a, int64_t now, bool complete)
{
	int64_t dur = now > a->since ? now - a->since : 0;

	if (a->state > GT_SYSCALL || a->state < GT_RUNNABLE || !f->group.n)
		return;
	add_time(&f->group.v[a->group].nanos[a->state], dur);
	if (a->state == GT_RUNNABLE && complete)
		observe(f->r, &f->latency, dur);
	if (a->state == GT_WAITING) {
		uint32_t row = ROW(f, reason, reason_of, a->reason);

		if (row < f->reason.n) {
			f->reason.v[row].n++;
			add_time(&f->reason.v[row].nanos[GT_WAITING], dur);
		}
	}
}

static void go_event(struct gt_facts *f, const struct gt_event *e)
{
	bool fresh, undetermined = e->from == GT_UNDETERMINED;
	struct alive *a;
	pd_str entry;

	while (f->g.n <= e->slot)
		if (!pd_vec_push(&f->g, (struct alive){ .state = GT_NOT_EXIST })) {
			gt_nomem(f->r);
			return;
		}
	a = &f->g.v[e->slot];
	fresh = a->state == GT_NOT_EXIST || e->from == GT_NOT_EXIST || undetermined;
	if (!fresh && e->from == e->to)
		return;
	if (fresh) {
		f->goroutines++;
		f->now_alive++;
		f->most_alive = f->now_alive > f->most_alive ? f->now_alive : f->most_alive;
	} else {
		leave(f, a, e->time, true);
	}
	entry = fresh || !f->group.v[a->group].name.v ? entry_of(f, gt_stack(f->r, e->of_stack ? e->of_stack : e->entry)) : (pd_str){ 0 };
	if (fresh || entry.v) {
		uint32_t row = ROW(f, group, group_of, entry);

		if (!fresh && f->group.v[a->group].n)
			f->group.v[a->group].n--; /* its name is learnt late */
		a->group = row;
		if (row < f->group.n)
			f->group.v[row].n++;
	}
	a->since = undetermined ? f->start : e->time;
	a->state = e->to;
	a->reason = e->name;
	f->now_alive -= e->to == GT_NOT_EXIST;
}

static void range_event(struct gt_facts *f, const struct gt_event *e)
{
	bool end = e->kind == GT_EV_RANGE_END;

	if (e->what == GT_RANGE_STW) {
		if (end && f->in_stw)
			observe(f->r, &f->stw, e->time - f->stw_since);
		if (!end)
			f->stw_since = e->time;
		f->in_stw = !end;
	} else if (e->what == GT_RANGE_GC) {
		f->gc += !end && !f->in_gc;
		if (end && f->in_gc)
			add_time(&f->gc_nanos, e->time - f->gc_since);
		if (!end && !f->in_gc)
			f->gc_since = e->kind == GT_EV_RANGE_ACTIVE ? f->start : e->time;
		f->in_gc = !end;
	}
}

void gt_facts_event(void *facts, const struct gt_event *e)
{
	struct gt_facts *f = facts;

	if (!f->began)
		f->start = e->time;
	f->began = true;
	f->end = e->time;
	f->kinds[e->kind]++;
	if (e->kind == GT_EV_GO)
		go_event(f, e);
	else if (e->kind >= GT_EV_RANGE_BEGIN && e->kind <= GT_EV_RANGE_END)
		range_event(f, e);
	else if (e->kind == GT_EV_METRIC && e->what == GT_METRIC_PROCS)
		f->procs = e->arg[0];
	else if (e->kind == GT_EV_METRIC && e->what == GT_METRIC_HEAP && e->arg[0] > f->heap_max)
		f->heap_max = e->arg[0];
}

/* ---- telling ---- */

static void open(struct pd_events *ev, enum pd_fact_kind kind, const char *key)
{
	pd_events_fact(ev, &(struct pd_fact){ .kind = kind, .key = key });
}

static void close(struct pd_events *ev)
{
	pd_events_fact(ev, &(struct pd_fact){ .kind = PD_FACT_END });
}

static void number(struct pd_events *ev, const char *key, uint64_t v, const char *unit)
{
	pd_events_fact(ev, &(struct pd_fact){ .kind = PD_FACT_INT, .key = key, .i = v > INT64_MAX ? INT64_MAX : (int64_t)v, .unit = unit });
}

static void nanos(struct pd_events *ev, const char *key, int64_t v)
{
	number(ev, key, v < 0 ? 0 : (uint64_t)v, "nanoseconds");
}

static void send_names(struct gt_facts *f, struct pd_events *ev)
{
	const struct gt_reader *r = f->r;

	open(ev, PD_FACT_OBJECT, "events");
	for (unsigned i = 0; i < 256; i++) {
		const char *name = r->version < 22 ? (i < V1_TYPES ? v1_specs[i].name : NULL)
				   : i < GT_W_KINDS && (gt_wire_specs[i].since || i == GT_W_CPU_SAMPLE) ? gt_wire_specs[i].name : NULL;

		if (name && r->wire_count[i])
			number(ev, name, r->wire_count[i], "count");
	}
	close(ev);
}

static void send_histogram(struct pd_events *ev, const char *key, const struct histogram *h)
{
	open(ev, PD_FACT_OBJECT, key);
	number(ev, "count", h->n, "count");
	nanos(ev, "total", h->sum);
	nanos(ev, "p50", percentile(h, 500));
	nanos(ev, "p95", percentile(h, 950));
	nanos(ev, "p99", percentile(h, 990));
	nanos(ev, "max", h->max);
	close(ev);
}

static int64_t total(const struct group *g)
{
	int64_t sum = 0;

	for (unsigned i = GT_RUNNABLE; i <= GT_SYSCALL; i++)
		add_time(&sum, g->nanos[i]);
	return sum;
}

/* Most time first, then as they came. */
static int by_time(const void *a, const void *b)
{
	const struct group *x = a, *y = b;
	int64_t s = total(x), t = total(y);

	if (s != t)
		return s < t ? 1 : -1;
	return x->name.v < y->name.v ? -1 : x->name.v > y->name.v;
}

static void name(const struct gt_facts *f, struct pd_events *ev, const char *key, pd_str s, const char *unknown)
{
	pd_events_fact(ev, &(struct pd_fact){ .kind = PD_FACT_STR, .key = key, .str = s.v ? pd_builder_string(f->r->b, s) : span_of(unknown) });
}

static void send_groups(struct gt_facts *f, struct pd_events *ev)
{
	int64_t sum[GT_IDLE + 1] = { 0 };

	for (size_t i = 0; i < f->group.n; i++)
		for (unsigned s = GT_RUNNABLE; s <= GT_SYSCALL; s++)
			add_time(&sum[s], f->group.v[i].nanos[s]);
	open(ev, PD_FACT_OBJECT, "time_by_state");
	nanos(ev, "running", sum[GT_RUNNING]);
	nanos(ev, "runnable", sum[GT_RUNNABLE]);
	nanos(ev, "syscall", sum[GT_SYSCALL]);
	nanos(ev, "waiting", sum[GT_WAITING]);
	close(ev);
	if (f->reason.n)
		qsort(f->reason.v, f->reason.n, sizeof *f->reason.v, by_time);
	open(ev, PD_FACT_ARRAY, "blocked_by");
	for (size_t i = 0; i < f->reason.n && i < MOST_ROWS; i++) {
		open(ev, PD_FACT_OBJECT, NULL);
		name(f, ev, "reason", f->reason.v[i].name, "(since before the trace)");
		number(ev, "count", f->reason.v[i].n, "count");
		nanos(ev, "nanos", f->reason.v[i].nanos[GT_WAITING]);
		close(ev);
	}
	close(ev);
	if (f->group.n)
		qsort(f->group.v, f->group.n, sizeof *f->group.v, by_time);
	open(ev, PD_FACT_ARRAY, "groups");
	for (size_t i = 0; i < f->group.n && i < MOST_ROWS; i++) {
		const struct group *g = &f->group.v[i];

		open(ev, PD_FACT_OBJECT, NULL);
		name(f, ev, "function", g->name, "(unknown)");
		number(ev, "goroutines", g->n, "count");
		nanos(ev, "running", g->nanos[GT_RUNNING]);
		nanos(ev, "runnable", g->nanos[GT_RUNNABLE]);
		nanos(ev, "syscall", g->nanos[GT_SYSCALL]);
		nanos(ev, "waiting", g->nanos[GT_WAITING]);
		close(ev);
	}
	close(ev);
}

void gt_facts_send(struct gt_facts *f, struct pd_events *ev)
{
	char version[16];

	for (size_t i = 1; i < f->g.n; i++)
		leave(f, &f->g.v[i], f->end, false);
	snprintf(version, sizeof version, "1.%u", f->r->version);
	send_names(f, ev);
	open(ev, PD_FACT_OBJECT, "go");
	pd_events_fact(ev, &(struct pd_fact){ .kind = PD_FACT_STR, .key = "version", .str = span_of(version) });
	number(ev, "generations", f->r->n_gens ? f->r->n_gens : 1, "count");
	number(ev, "gaps", f->r->n_gaps + f->r->damaged, "count");
	number(ev, "goroutines", f->goroutines, "count");
	number(ev, "goroutines_max", f->most_alive, "count");
	if (f->procs)
		number(ev, "gomaxprocs", f->procs, "count");
	if (f->heap_max)
		number(ev, "heap_max", f->heap_max, "bytes");
	number(ev, "gc_cycles", f->gc, "count");
	nanos(ev, "gc_mark_nanos", f->gc_nanos);
	nanos(ev, "stw_nanos", f->stw.sum);
	send_histogram(ev, "stw", &f->stw);
	send_histogram(ev, "scheduling_latency", &f->latency);
	send_groups(f, ev);
	close(ev);
}
