/*
 * Inside of the go-trace format. Bytes become generations (gen.c) or, for
 * traces before Go 1.22, a list of records (v1.c); these become ordered events
 * of the scheduler model (order.c, merge.c, v1_order.c), struct gt_event; and these
 * become what was asked for: a profile (profile.c), a timeline (views.c),
 * figures (facts.c) or a listing (list.c).
 */
#ifndef GO_TRACE_TRACE_H
#define GO_TRACE_TRACE_H

#include "base/arena.h"
#include "base/compiler.h"
#include "base/span.h"
#include "base/vec.h"
#include "go_trace/map.h"
#include <profdata/format.h>

#define GT_NONE UINT64_MAX /* no thread, processor, goroutine, task */

/* Types of wire events, Go 1.22 and later. */
enum gt_wire {
	GT_W_EVENT_BATCH = 1, GT_W_STACKS, GT_W_STACK, GT_W_STRINGS, GT_W_STRING, GT_W_CPU_SAMPLES, GT_W_CPU_SAMPLE, GT_W_FREQUENCY,
	GT_W_PROCS_CHANGE, GT_W_PROC_START, GT_W_PROC_STOP, GT_W_PROC_STEAL, GT_W_PROC_STATUS,
	GT_W_GO_CREATE, GT_W_GO_CREATE_SYSCALL, GT_W_GO_START, GT_W_GO_DESTROY, GT_W_GO_DESTROY_SYSCALL, GT_W_GO_STOP, GT_W_GO_BLOCK,
	GT_W_GO_UNBLOCK, GT_W_GO_SYSCALL_BEGIN, GT_W_GO_SYSCALL_END, GT_W_GO_SYSCALL_END_BLOCKED, GT_W_GO_STATUS,
	GT_W_STW_BEGIN, GT_W_STW_END, GT_W_GC_ACTIVE, GT_W_GC_BEGIN, GT_W_GC_END, GT_W_GC_SWEEP_ACTIVE, GT_W_GC_SWEEP_BEGIN, GT_W_GC_SWEEP_END,
	GT_W_GC_MARK_ASSIST_ACTIVE, GT_W_GC_MARK_ASSIST_BEGIN, GT_W_GC_MARK_ASSIST_END, GT_W_HEAP_ALLOC, GT_W_HEAP_GOAL,
	GT_W_GO_LABEL, GT_W_USER_TASK_BEGIN, GT_W_USER_TASK_END, GT_W_USER_REGION_BEGIN, GT_W_USER_REGION_END, GT_W_USER_LOG,
	GT_W_GO_SWITCH, GT_W_GO_SWITCH_DESTROY, GT_W_GO_CREATE_BLOCKED, GT_W_GO_STATUS_STACK,
	GT_W_EXPERIMENTAL_BATCH, GT_W_SYNC, GT_W_CLOCK_SNAPSHOT, GT_W_END_OF_GENERATION,
	GT_W_EXPERIMENT_FIRST = 128, GT_W_EXPERIMENT_LAST = 136,
	GT_W_KINDS,
};
#define GT_MAX_ARGS 4 /* of a timed event, without dt */

/* What is known about a type of timed event. */
struct gt_wire_spec {
	const char *name;
	uint8_t n_args;           /* without dt; only of timed events */
	uint8_t stack;            /* 1 + index of the argument that is the stack of the goroutine executing it, 0 none */
	uint8_t since;            /* minor Go version, 0 = not a timed event */
	const char *args[GT_MAX_ARGS];
};
extern const struct gt_wire_spec gt_wire_specs[GT_W_KINDS];

enum gt_state { GT_UNDETERMINED, GT_NOT_EXIST, GT_RUNNABLE, GT_RUNNING, GT_WAITING, GT_SYSCALL, GT_IDLE };

enum gt_kind {
	GT_EV_SYNC, GT_EV_METRIC, GT_EV_LABEL, GT_EV_STACK_SAMPLE, GT_EV_RANGE_BEGIN, GT_EV_RANGE_ACTIVE, GT_EV_RANGE_END,
	GT_EV_TASK_BEGIN, GT_EV_TASK_END, GT_EV_REGION_BEGIN, GT_EV_REGION_END, GT_EV_LOG, GT_EV_GO, GT_EV_PROC, GT_EV_EXPERIMENTAL,
	GT_EV_KINDS,
};

enum gt_range { GT_RANGE_GC, GT_RANGE_SWEEP, GT_RANGE_ASSIST, GT_RANGE_STW };
enum gt_metric { GT_METRIC_PROCS, GT_METRIC_HEAP, GT_METRIC_GOAL };

/* One event of the model, in order. Strings are rows of the builder's table; stacks are resolved by gt_stack(). */
struct gt_event {
	enum gt_kind kind;
	uint8_t wire;         /* enum gt_wire, or of v1 what stands for it */
	uint8_t from, to;     /* GT_EV_GO, GT_EV_PROC: enum gt_state */
	uint8_t what;         /* enum gt_range, enum gt_metric */
	bool has_clock;       /* GT_EV_SYNC */
	int64_t time;         /* ns */
	uint64_t m, p, g;     /* where it was written; GT_NONE */
	uint64_t id;          /* goroutine, processor, task, generation */
	uint32_t slot;        /* GT_EV_GO: number of the goroutine among those alive, small and used again; else of `g`, 0 none */
	uint32_t stack;       /* of the goroutine executing, 0 none */
	uint32_t of_stack;    /* GT_EV_GO: of the goroutine that changes state, 0 none */
	uint32_t entry;       /* GT_EV_GO from undetermined: stack of the entry function, where the trace says it, 0 none */
	pd_str name;          /* reason, label, STW kind, type of task or region, category of a log */
	struct pd_span text;  /* GT_EV_LOG: the message */
	uint64_t arg[GT_MAX_ARGS]; /* metric: value; sweep end: swept, reclaimed; task: parent in [0]; region, log: task in [0]; sync: clock */
};

/* Who listens. */
struct gt_listener {
	void (*event)(void *ctx, const struct gt_event *e);
	void *ctx;
};
#define GT_MAX_LISTENERS 4

/* ---- ids of one generation ---- */

/* Ids that are small and dense index `dense`, others are hashed. Entries are row numbers, 0 = no such id. */
struct gt_ids {
	PD_VEC(uint32_t) dense;
	struct gt_map far;
};

static inline uint32_t gt_ids_get(const struct gt_ids *t, uint64_t id)
{
	return pd_likely(id < t->dense.n) ? t->dense.v[id] : t->far.used ? gt_map_get(&t->far, id) : 0;
}
/* False when out of memory. */
bool gt_ids_put(struct gt_ids *t, uint64_t id, uint32_t row);
void gt_ids_clear(struct gt_ids *t);
void gt_ids_release(struct gt_ids *t);

/* A stack as it stands in the file, and what became of it. */
struct gt_raw_stack {
	const uint8_t *p; /* n × {pc, func, file, line}, leaf first */
	uint32_t n;
	uint32_t bytes;
	pd_stack stack;   /* when resolved */
	bool resolved;
};

struct gt_raw_string {
	const char *p;
	uint32_t n;
	bool resolved;
	pd_str str;
};

struct gt_batch {
	const uint8_t *p;
	uint32_t n;
	uint32_t next;    /* of the same thread, 0 none */
	uint64_t time, offset;
};

/* Batches of one thread in one generation. */
struct gt_thread {
	uint64_t m;
	uint32_t first, last; /* batch rows */
};

struct gt_sample {
	int64_t time;
	uint64_t m, p, g;
	uint32_t stack;
};

struct gt_clock {
	bool any;
	uint64_t at;           /* trace clock units */
	int64_t time;          /* ns */
	uint64_t mono, sec, nsec;
};

struct gt_block {
	uint8_t *p;
	size_t n, cap;
};

/* Whose turn it is in a merge. */
struct gt_turn {
	int64_t time;
	uint32_t cursor;
};

/* One generation; v1 traces are one. */
struct gt_generation {
	uint64_t number;
	uint64_t freq;         /* units per second, 0 unknown */
	double ns;             /* per unit */
	uint32_t whole_ns;     /* the same, where it is a whole number */
	uint64_t min_time;     /* smallest batch time, units */
	bool any;              /* some batch was read */
	bool whole;            /* its end was seen */
	struct gt_clock clock;
	struct gt_ids strings; /* id → row of string */
	struct gt_ids stacks;  /* id → row of stack */
	PD_VEC(struct gt_raw_string) string; /* row 0 is none */
	PD_VEC(struct gt_raw_stack) stack; /* row 0 is none */
	PD_VEC(struct gt_batch) batch;     /* row 0 is none */
	PD_VEC(struct gt_thread) thread;   /* in order of their first batch; row 0 is none */
	struct gt_map threads;             /* M → row of thread */
	PD_VEC(struct gt_sample) sample;
	PD_VEC(struct gt_block) block;     /* bytes of the batches */
	size_t block_used;                 /* blocks in use */
	size_t bytes;                      /* held in blocks */
};

/* ---- the scheduler ---- */

struct gt_region {
	uint64_t task;
	pd_str name;
	uint32_t below;
};

struct gt_g {
	uint64_t id;           /* GT_NONE: slot is free */
	uint64_t gen, seq;
	uint32_t region;       /* innermost open one, row of region */
	pd_str stw;            /* kind of the open stop-the-world */
	uint8_t status;        /* Go's: runnable 1, running, syscall, waiting */
	uint8_t ranges;        /* bit per enum gt_range */
	uint32_t next_free;
};

struct gt_p {
	uint64_t id;
	uint64_t gen, seq;
	uint8_t status;        /* Go's: running 1, idle, syscall, abandoned */
	uint8_t ranges;
};

/* A thread, and what it holds. */
struct gt_m {
	uint64_t m, p, g;      /* GT_NONE none */
	uint32_t row;          /* its own, 0 for no thread */
	uint32_t p_row;
	uint32_t slot;         /* row of `g`, 0 none or unknown */
};

struct gt_task {
	pd_str name;
	uint64_t parent;
	uint32_t next_free;
};

/* A cursor in the batches of one thread, with its next event read. */
struct gt_cursor {
	int64_t time;          /* of the event, ns */
	uint32_t thread;       /* row of gt_generation.thread */
	uint32_t m_row;        /* row of gt_reader.m, 0 for no thread */
	const uint8_t *p, *end; /* p: at the arguments of the event */
	const uint8_t *next;   /* behind them, once they are read */
	uint32_t batch;
	uint8_t type;
	uint64_t arg[GT_MAX_ARGS];
};

/* One reading. */
struct gt_reader {
	struct pd_source *src;
	struct pd_sink *sink;
	struct pd_builder *b;
	enum pd_status status;  /* first failure */
	unsigned version;       /* minor, from the header */
	bool keep_stacks;       /* stacks will be wanted */
	uint64_t held;          /* bytes of our own tables, at the last look */

	struct gt_listener listener[GT_MAX_LISTENERS];
	unsigned n_listeners;

	struct gt_generation gen;
	uint64_t first_gen, n_gens, n_gaps;
	uint64_t offset;        /* of the batch being read, for messages */
	bool ended;             /* no more batches: end of input or damage */
	bool damaged;           /* said already that the rest is missing */

	/* order.c */
	struct gt_map g_map, p_map, m_map, task_map;
	PD_VEC(struct gt_g) g;  /* row 0 is none */
	PD_VEC(struct gt_p) p;
	PD_VEC(struct gt_m) m;
	PD_VEC(struct gt_task) task;
	PD_VEC(struct gt_region) region;
	uint32_t free_g, free_task, free_region;
	enum { GT_GC_UNDETERMINED, GT_GC_OFF, GT_GC_ON } gc;
	uint64_t gc_seq;
	int64_t last_time;

	/* merge.c */
	PD_VEC(struct gt_cursor) cursor;
	PD_VEC(struct gt_turn) heap;
	uint32_t at_batch;      /* where notes are, 0 = see offset */
	bool force;             /* apply the next event whatever the state says */
	uint64_t n_events;      /* sent to listeners */
	uint64_t n_taken, n_forced, n_searched;
	uint64_t wire_count[256];
};

/* A failure at a byte offset; returns the sticky status. */
enum pd_status gt_fail(struct gt_reader *r, uint64_t offset, const char *fmt, ...) PD_PRINTF(3, 4);
enum pd_status gt_nomem(struct gt_reader *r);
/* Counts an oddity; false when strict made it an error. */
bool gt_note(struct gt_reader *r, uint64_t offset, const char *what);
/* Sends one event to the listeners; its time is made greater than that of the last one. */
static inline void gt_send(struct gt_reader *r, struct gt_event *e)
{
	if (pd_unlikely(e->time <= r->last_time) && r->n_events)
		e->time = r->last_time < INT64_MAX ? r->last_time + 1 : INT64_MAX;
	r->last_time = e->time;
	r->n_events++;
	for (unsigned i = 0; i < r->n_listeners; i++)
		r->listener[i].event(r->listener[i].ctx, e);
}
/* Are our tables within the limit? False after recording the error. */
bool gt_within_limit(struct gt_reader *r);

/* wire.c: like the wire has them, at most 10 bytes; 0 bits beyond the 64th. False: cut or too long. */
bool gt_varint_slow(const uint8_t **p, const uint8_t *end, uint64_t *out);
static inline bool gt_varint(const uint8_t **p, const uint8_t *end, uint64_t *out)
{
	const uint8_t *q = *p;

	if (pd_likely(end - q >= 3)) {
		uint32_t a = q[0], b = q[1], c = q[2];

		if (a < 0x80) {
			*out = a;
			*p = q + 1;
			return true;
		}
		if (b < 0x80) {
			*out = (a & 0x7f) | b << 7;
			*p = q + 2;
			return true;
		}
		if (c < 0x80) {
			*out = (a & 0x7f) | (b & 0x7f) << 7 | c << 14;
			*p = q + 3;
			return true;
		}
	}
	return gt_varint_slow(p, end, out);
}

/*
 * The same for numbers of a generation, behind whose batches more bytes can be read: returns what follows the number, something
 * beyond `end` where it is cut or too long. Nobody can foretell whether the next number has one byte or two, so that costs no branch.
 */
struct gt_number { const uint8_t *p; uint64_t v; };
struct gt_number gt_number_slow(const uint8_t *p, const uint8_t *end);
static inline const uint8_t *gt_number(const uint8_t *p, const uint8_t *end, uint64_t *out)
{
	uint32_t a = p[0], two = a >> 7, b = p[1] & (0 - two);

	if (pd_unlikely(b & 0x80)) {
		struct gt_number n = gt_number_slow(p, end);

		*out = n.v;
		return n.p;
	}
	*out = (a & 0x7f) | b << 7;
	return p + 1 + two;
}

/* gen.c: the next generation, false at the end (r->status tells failure). */
bool gt_read_generation(struct gt_reader *r);
void gt_generation_release(struct gt_generation *g);
/* The string of an id; unknown ones are noted and called "string#ID". */
pd_str gt_string_slow(struct gt_reader *r, uint64_t id);
static inline pd_str gt_string(struct gt_reader *r, uint64_t id)
{
	const struct gt_generation *g = &r->gen;

	if (pd_likely(id < g->strings.dense.n)) {
		const struct gt_raw_string *s = &g->string.v[g->strings.dense.v[id]];

		if (pd_likely(s->resolved))
			return s->str;
	}
	return gt_string_slow(r, id);
}
/* Its text without a place in the builder; good as long as the generation. `buf` (32 bytes) is for unknown ids. */
struct pd_span gt_text(struct gt_reader *r, uint64_t id, char *buf);
/* The stack of a row, resolved when first wanted; 0 for row 0. */
pd_stack gt_stack(struct gt_reader *r, uint32_t row);
/* Row of a stack id; unknown ones are noted and 0. */
uint32_t gt_stack_row_slow(struct gt_reader *r, uint64_t id);
static inline uint32_t gt_stack_row(struct gt_reader *r, uint64_t id)
{
	uint32_t row = pd_likely(id < r->gen.stacks.dense.n) ? r->gen.stacks.dense.v[id] : 0;

	return row || !id ? row : gt_stack_row_slow(r, id);
}
/* Clock units → ns as the reference does it: through a double, exactly so where a unit is a whole number of ns. */
int64_t gt_nanos_slow(const struct gt_generation *g, uint64_t units);
static inline int64_t gt_nanos(const struct gt_generation *g, uint64_t units)
{
	return pd_likely(units <= UINT32_MAX && g->whole_ns) ? (int64_t)(units * g->whole_ns) : gt_nanos_slow(g, units);
}

/* order.c: state of the scheduler. */
enum gt_advance {
	GT_OK,
	GT_WAIT, /* the events of another thread come first */
	GT_BAD,  /* the event contradicts the state */
	GT_CUT,  /* the event is incomplete */
	GT_END,  /* the thread has no more events */
};
/* Reads type and time of the next event of a thread; false when there is none. */
bool gt_next_event(struct gt_reader *r, struct gt_cursor *c);
/*
 * Takes the event a cursor is at, and those that follow as long as they are not later than `until`, and leaves the cursor at the next
 * one. Says GT_WAIT or GT_BAD about one that cannot be taken.
 */
enum gt_advance gt_run(struct gt_reader *r, struct gt_cursor *c, int64_t until);
/* Rows 0, which stand for none; before the first event. False when out of memory. */
bool gt_order_start(struct gt_reader *r);
uint32_t gt_m_row(struct gt_reader *r, uint64_t m);
uint32_t gt_g_slot(const struct gt_reader *r, uint64_t g); /* 0 unknown */
/* A goroutine begins and ends to be known: its slot, 0 on failure. */
uint32_t gt_g_new(struct gt_reader *r, uint64_t g, uint8_t status);
void gt_g_delete(struct gt_reader *r, uint32_t slot);
void gt_order_release(struct gt_reader *r);
/* A gap between generations: nothing is known any more. */
void gt_order_reset(struct gt_reader *r);

/* merge.c: all events of the generation in order. */
void gt_merge(struct gt_reader *r);

/* Entries of the tables, for both families: strings and stacks by id. False: unreadable, or failure. */
bool gt_add_string(struct gt_reader *r, uint64_t id, struct pd_span text);
bool gt_add_stack(struct gt_reader *r, uint64_t id, uint64_t n, const uint8_t **p, const uint8_t *end);

/* v1.c: a whole trace of Go 1.11 to 1.21. */
enum pd_status gt_v1_read(struct gt_reader *r);

/* Reads the header; the minor version, or 0 when it is none. */
unsigned gt_version(struct pd_span head);
/* Reads everything, sending events to the listeners. */
enum pd_status gt_read(struct gt_reader *r);
void gt_reader_release(struct gt_reader *r);

#endif
