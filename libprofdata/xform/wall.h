/*
 * Inside of wall-clock combinations. The way of the data: what an input is
 * (wall_pick.c); its rows, switches (wall_sched.c) or slices (wall_events.c) become
 * cells, one per thread, stack and labels (wall_cells.c); windows and time that
 * nobody or everybody claims are settled per thread (wall_solve.c); who only waits
 * for work (wall_idle.c); the profile (wall_doc.c).
 */
#ifndef XFORM_WALL_H
#define XFORM_WALL_H

#include "base/arena.h"
#include "base/span.h"
#include "base/vec.h"
#include "model/model.h"
#include <profdata/wall.h>

#define WALL_NS 1e9
#define WALL_WINDOW_TOLERANCE 0.01 /* windows that differ by less are one window */
#define WALL_LIFE_TOLERANCE 0.001  /* measured time above the lifetime that is put down to the edges of the window */
#define WALL_NONE UINT32_MAX

enum wall_state { WALL_ON, WALL_OFF, WALL_RUNNABLE, WALL_STATES };

/* (a, b) → row; open addressing. */
struct wall_index {
	struct wall_slot { uint64_t a, b; uint32_t row; } *slot;
	size_t mask, used;
};

/* Row of a key; when it is new, *fresh is set and the row is `next`. NULL: out of memory. */
uint32_t *wall_index_put(struct wall_index *x, uint64_t a, uint64_t b, uint32_t next, bool *fresh);
void wall_index_release(struct wall_index *x);

/* What one thread did on one stack in one state. */
struct wall_cell {
	uint32_t group, stack, labels; /* of the result */
	uint8_t state;                 /* enum wall_state */
	uint8_t idle;                  /* 1 + kind of waiting for work, 0 none */
	bool rest, hidden;             /* rest: PD_WALL_RESIDUAL */
	int64_t ns;                    /* measured */
	double est;                    /* by samples */
	int64_t n;                     /* samples */
	int64_t out;                   /* settled, whole */
};

/* What the identity holds for: a thread, or what stands for several. */
struct wall_group {
	struct pd_wall_thread t;
	pd_str name, key;          /* key: label that the name was */
	bool measured_on, measured_wait, measured_life;
	int64_t run, wait;         /* on the processor and in the run queue, as measured */
	double squares;            /* of the times that samples stand for */
	double on, off, runnable;  /* sums of cells */
};

enum wall_level { WALL_BY_TID, WALL_BY_NAME, WALL_BY_PID, WALL_BY_ALL };

/* Columns of an input that have one role. */
struct wall_part {
	enum pd_wall_role role;
	unsigned series;
	int value, count;  /* columns of the series; -1 none */
	int64_t unit;      /* ns of one `value`; 0 when it is the number of samples */
	double per_sample; /* ns of one sample, where it is not the value that counts; 0 unknown */
	bool stateless;    /* samples of threads in any state, which nothing but the stacks tells */
	uint64_t decimals; /* value is in 1/decimals */
};

/* Of one set of labels. */
struct wall_set {
	uint32_t group;              /* 1 + row */
	pd_labels labels[WALL_STATES];
	uint8_t known;               /* bit per state */
	uint8_t state;               /* 1 + what a label says, 0 nothing */
	bool looked, idle_task;
};

struct wall_input {
	struct pd_doc *doc;          /* NULL: a trace that came as slices */
	const char *name;            /* in the arena */
	enum pd_wall_role asked;
	PD_VEC(struct wall_part) part;
	char what[160];
	bool has_window;
	bool dated;                  /* start is Unix time */
	int64_t start, length;       /* window; start 0 unknown */
	double scale;                /* to the common window */
	bool has_tid, has_pid, has_name, by_root, flipped;
	bool unrated;                /* samples of unknown rate: switches tell how much time they share */
	bool parks;                  /* goroutines: their off time is parked time */
	struct pd_remap map;
	struct wall_set *set;        /* by label set */
	uint32_t *root_group;        /* by_root: 1 + group by frame of the document */
	uint32_t *bare;              /* by_root: 1 + stack without its root; flipped: 1 + stack turned; by stack of the document */
};

struct wall_remark {
	char *text;
	bool warning;
};

struct wall_hidden {
	int64_t time;
	uint32_t threads;
};

struct pd_wall {
	struct pd_wall_opts o;
	struct pd_wall_summary s;
	PD_VEC(struct wall_input) input;
	PD_VEC(struct wall_cell) cell;
	PD_VEC(struct wall_group) group;
	PD_VEC(struct wall_remark) remark;
	struct wall_index cell_index, group_index, member_index;
	struct pd_builder *b;      /* tables of the result */
	struct pd_arena text;
	struct pd_events *timeline;
	uint32_t timeline_tracks;
	enum wall_level level;
	bool use_pid;
	struct wall_hidden *idle;  /* by kind */
	const char **idle_what;
	size_t n_idle;
	struct pd_doc *tables, *doc; /* the result before and after it was put in order */
	bool finished;
	pd_str k_pid, k_tid, k_comm, k_thread, k_state, k_reason, s_state[WALL_STATES];
};

/* ---- wall.c ---- */
void wall_remark(struct pd_wall *w, bool warning, const char *fmt, ...) PD_PRINTF(3, 4);
enum pd_status wall_nomem(struct pd_error *err);
/* "1.25 s", "340 ms" for messages. Returns buf. */
const char *wall_time_text(char *buf, size_t n, double ns);

/* ---- wall_pick.c ---- */
/* Finds the parts of an input, its window and who its threads are. */
enum pd_status wall_pick(struct pd_wall *w, struct wall_input *in, struct pd_error *err);
/* Roles that only the other inputs tell; writes `what`. */
enum pd_status wall_pick_rest(struct pd_wall *w, struct pd_error *err);
bool wall_has(const struct wall_input *in, enum pd_wall_role role);
/* Enough for a type's name to say so: "off_cpu", "delay", ... */
bool wall_is_off_name(struct pd_span name);
bool wall_is_switch_series(struct pd_span name);

/* ---- wall_window.c ---- */
enum pd_status wall_window(struct pd_wall *w, struct pd_error *err);

/* ---- wall_cells.c ---- */
struct wall_who {
	bool has_pid, has_tid;
	int64_t pid, tid;
	pd_str name, key; /* in the result's tables */
};
/* The same in a document's own tables. */
struct wall_named {
	bool has_pid, has_tid, is_thread; /* is_thread: the name was the label `thread` */
	int64_t pid, tid;
	pd_str name;
};
struct wall_named wall_named(const struct pd_doc *doc, pd_labels set);
/* The group of a thread, made when it is new; WALL_NONE: out of memory. */
uint32_t wall_group_of(struct pd_wall *w, const struct wall_who *who);
/* Labels of rows of a group in a state; `extra` are kept beside. */
pd_labels wall_labels(struct pd_wall *w, uint32_t group, enum wall_state state, pd_str reason, const struct pd_label *extra, size_t n_extra);
struct wall_amount {
	int64_t ns; /* measured */
	double est; /* by samples */
	int64_t n;
};
bool wall_add(struct pd_wall *w, uint32_t group, pd_stack stack, pd_labels labels, enum wall_state state, const struct wall_amount *a);
/* Stacks and labels of a document become the result's. */
bool wall_adopt(struct pd_wall *w, struct wall_input *in);
enum pd_status wall_read(struct pd_wall *w, struct wall_input *in, struct pd_error *err);
/* Group of a label set of an adopted document. */
uint32_t wall_set_group(struct pd_wall *w, struct wall_input *in, pd_labels set);
/* A stack of one frame with this name. */
pd_stack wall_frame_stack(struct pd_wall *w, const char *name);

/* ---- wall_sched.c ---- */
enum pd_status wall_sched(struct pd_wall *w, struct wall_input *in, struct pd_error *err);

/* ---- wall_whole.c ---- */
/* Samples of everything: rate from the samples themselves, states from the stacks or from a CPU profile. */
enum pd_status wall_whole(struct pd_wall *w, struct wall_input *in, const struct wall_part *p, struct pd_error *err);

/* ---- wall_solve.c ---- */
enum pd_status wall_solve(struct pd_wall *w, struct pd_error *err);

/* ---- wall_idle.c ---- */
enum pd_status wall_idle(struct pd_wall *w, struct pd_error *err);

/* ---- wall_doc.c ---- */
enum pd_status wall_make_doc(struct pd_wall *w, struct pd_error *err);

#endif
