/* Listener that makes the timeline of a trace; rows.c keeps the rows, views.c decides what goes where. */
#ifndef GO_TRACE_VIEWS_H
#define GO_TRACE_VIEWS_H

#include "go_trace/trace.h"

enum gt_view { GT_VIEW_PROCS = 1, GT_VIEW_GOROUTINES = 2, GT_VIEW_THREADS = 4 };

struct gt_view_opts {
	unsigned views;  /* enum gt_view */
	bool no_flows, no_samples, no_counters, no_system;
};

#define GT_OPEN 12 /* nested slices of one row */

/* What an open slice is. */
enum gt_open { GT_OPEN_STATE, GT_OPEN_RUN, GT_OPEN_SYSCALL, GT_OPEN_ASSIST, GT_OPEN_STW, GT_OPEN_SWEEP, GT_OPEN_GC };

/* One row of the picture. Slices on it nest by construction: closing one closes what is on top of it. */
struct gt_row {
	pd_track track;      /* 0: not shown */
	int64_t last;        /* time of its last begin or end */
	uint8_t depth;
	uint8_t open[GT_OPEN]; /* enum gt_open */
	uint32_t slot;       /* goroutine it is showing, 0 none */
};

/* A goroutine being shown; row number = slot. */
struct gt_shown {
	uint64_t id;
	uint32_t serial;     /* of all goroutines ever, from 1 */
	struct gt_row row;
	pd_str name;         /* entry function, 0 unknown */
	pd_str label;        /* GC worker mode */
	pd_str reason;       /* of waiting */
	pd_stack stack;      /* where it was last seen to stand */
	uint64_t flow;       /* arrow on its way to the next run, 0 none */
	uint8_t flow_kind;
	uint8_t state;       /* enum gt_state, GT_NOT_EXIST: slot is free */
	bool assist, system, hidden, gc_wait;
	uint32_t p_row, m_row; /* where it runs or sits in a system call */
	uint32_t regions;
};

struct gt_views {
	struct gt_reader *r;
	struct pd_events *ev;
	struct gt_view_opts o;
	bool began;
	int64_t start, now;
	uint32_t n_tracks, n_goroutines;
	uint64_t n_flows;
	pd_track process[7];        /* by pid */
	struct gt_row gc, stw, network, sched, exits;
	struct gt_map p_map, m_map;
	PD_VEC(struct gt_row) p;    /* row 0 is none */
	PD_VEC(struct gt_row) m;
	PD_VEC(struct gt_shown) g;  /* by slot */
	struct gt_map syscalls;     /* stack → name + 1 */
	/* counters */
	struct gt_counter { pd_track track; int64_t last; bool dirty; double v[5]; unsigned n; } goroutines, heap, procs, threads;
	double heap_goal;
	pd_str wait_network;
};

struct gt_views *gt_views_new(struct gt_reader *r, struct pd_events *ev, const struct gt_view_opts *o);
void gt_views_event(void *views, const struct gt_event *e);
void gt_views_finish(struct gt_views *v);
void gt_views_free(struct gt_views *v);

/* ---- rows.c ---- */

/* Opens a slice on a row; nothing when the row is not shown. */
void gt_row_begin(struct gt_views *v, struct gt_row *row, enum gt_open what, int64_t ts, struct pd_event *e);
/* Closes down to `depth` slices; args and stack of `e` go to the outermost one closed. */
void gt_row_close(struct gt_views *v, struct gt_row *row, unsigned depth, int64_t ts, const struct pd_event *e);
/* Depth below the innermost open slice of a kind; GT_OPEN when there is none. */
unsigned gt_row_find(const struct gt_row *row, enum gt_open what);
void gt_row_instant(struct gt_views *v, struct gt_row *row, int64_t ts, struct pd_span name, const struct pd_arg *args, uint32_t n_args, pd_stack stack);
void gt_row_flow(struct gt_views *v, struct gt_row *row, int64_t ts, enum pd_event_kind kind, const char *name, uint64_t id);
/* Row number of a processor or thread, made and named when new; 0 for none or failure. */
uint32_t gt_proc_row(struct gt_views *v, uint64_t p);
uint32_t gt_thread_row(struct gt_views *v, uint64_t m);
/* Begins to show the goroutine of a slot. */
struct gt_shown *gt_show_goroutine(struct gt_views *v, uint32_t slot, uint64_t id);
/* Learns the entry function from a stack, once. */
void gt_name_goroutine(struct gt_views *v, struct gt_shown *g, pd_stack stack);
#define GT_NAME 512 /* bytes of a name that is put together */
/* Adds to `at` bytes of buf, of GT_NAME: at most 400 of `s`. For every event: printf would take longer than the rest of it. */
struct pd_span gt_join(char *buf, size_t at, const char *before, struct pd_span s, const char *after);
/* "G18 main.worker" into buf, of GT_NAME. */
struct pd_span gt_goroutine_text(const struct gt_views *v, const struct gt_shown *g, char *buf);
bool gt_start_rows(struct gt_views *v);
void gt_counter_set(struct gt_views *v, struct gt_counter *c, unsigned i, double value);
void gt_counters_flush(struct gt_views *v, bool all);
/* "write" for a stack below syscall.write; 0 when the stack does not say. */
pd_str gt_syscall_name(struct gt_views *v, pd_stack stack);

#endif
