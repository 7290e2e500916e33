/* The record stream read: images (one run of one program each), their threads, mappings and stacks. */
#ifndef RECORD_RECORD_H
#define RECORD_RECORD_H

#include "base/span.h"
#include "base/vec.h"
#include "model/index.h"
#include <profdata/agent_wire.h>
#include <profdata/builder.h>
#include <profdata/format.h>
#include <profdata/trace.h>

#define RECORD_NONE UINT32_MAX

struct record_map {
	uint64_t start, limit, offset;
	pd_str file, build_id;
	pd_mapping mapping;
};

/* What events are called, functions whose calls are recorded, sets of labels: rows by id, as the stream introduces them. */
struct record_name {
	uint32_t id;
	pd_str name, category;
};

struct record_function {
	uint32_t id;
	pd_str name;
};

struct record_set {
	uint32_t id, n;
	size_t first;   /* of its pairs in record.pair */
};

struct record_pair {
	pd_str key, value;
};

/* A span or call that is open. */
struct record_open {
	uint32_t kind, row; /* PD_WIRE_MARK_BEGIN or PD_WIRE_MARK_CALL; of image.name or image.function, plus 1 */
};

struct record_stack {
	uint32_t id;
	uint32_t again; /* of image.again, plus 1: it leads through addresses that have several names; 0: it does not */
	pd_stack stack;
};

/* A stack that is made again for the time of each sample. */
struct record_again {
	size_t first; /* of image.address */
	uint32_t n, flags;
	uint64_t from, until; /* when it is the way it was made last */
};

/* Code made at run time: what an address is called from `time` on. */
struct record_code {
	pd_str file;
	uint64_t address, time;
	pd_func func;
};

/* What a sample says of its thread beyond who it is, by a label of its own. RECORD_LOCK + enum pd_wire_lock_what: what it waits for. */
enum record_state { RECORD_PLAIN, RECORD_RUNNING, RECORD_SLEEPING, RECORD_RUNNABLE, RECORD_LOCK, RECORD_STATES = RECORD_LOCK + PD_WIRE_LOCK_BARRIER + 1 };

/* A look at a thread, or a sample of its CPU time: it has a share of the time in its state, which is known when the thread has ended. */
struct record_seen {
	pd_stack stack;
	pd_labels labels;
	int64_t time;
	uint64_t weight;
	uint32_t looks;
	enum record_seen_as { RECORD_RAN, RECORD_SLEPT, RECORD_STOPPED, RECORD_WOKEN } as; /* the last two: it waited for a CPU, where it had run or slept */
};

struct record_thread {
	uint32_t image, tid;
	pd_str name;
	pd_labels labels[RECORD_STATES]; /* 0: not made yet */
	uint64_t time, cpu;              /* of the last look */
	pd_stack stack;                  /* seen at that look */
	uint64_t spells;                 /* seen from outside: sum since it began */
	int32_t syscall;                 /* it sleeps in; -1: not known */
	uint64_t waited;                 /* ns it waited for a CPU that are in no sample yet */
	bool live, looked;
	uint32_t set;                    /* row of image.set, plus 1; 0: no labels */
	uint32_t track;
	int64_t marked;                  /* time of its last event */
	PD_VEC(struct record_open) open;
	PD_VEC(struct record_seen) seen; /* looked at beside samples of CPU time */
	size_t asleep;                   /* row of the last one asleep, plus 1; 0: none */
	uint64_t begin_time, begin_cpu;
	uint64_t ready;                  /* ns it waited for a CPU, by the last look */
	uint64_t told[RECORD_STATES];    /* ns in each state that are in samples */
};

/* A program that ran: from its start or an exec to its end. */
struct record_image {
	uint32_t pid;
	uint64_t image, sequence;
	uint64_t missing;               /* blocks */
	struct pd_wire_process process; /* fixed part; zero when its first block is missing */
	pd_str comm;
	PD_VEC(struct record_map) map;  /* by start, not overlapping */
	PD_VEC(struct record_stack) stack; /* by id */
	PD_VEC(struct record_again) again;
	PD_VEC(uint64_t) address;
	uint64_t first, last;           /* times */
	struct pd_wire_stats stats;
	struct pd_wire_heap_stats heap_stats;
	uint64_t heap_period;           /* bytes; 0: memory was not recorded */
	struct pd_wire_lock_stats lock_stats;
	uint64_t lock_rate;             /* ns; 0: waiting was not recorded */
	PD_VEC(struct record_name) name;
	PD_VEC(struct record_function) function;
	PD_VEC(struct record_set) set;
	struct pd_wire_mark_sums marks;
	uint32_t dump;                  /* number of the dump at hand; 0: none */
	pd_str dump_time;               /* when it began */
	uint32_t track;
	bool begun, ended;
	bool beside;                    /* threads are looked at beside samples of CPU time */
};

/* Which thread, process or counter a track is; its number is the row plus 1. */
struct record_track {
	enum pd_track_kind kind;
	uint32_t parent;
	int64_t id;
	pd_str name;
};

/* What an address of a file is called: n lines from `first` of record.line. */
struct record_symbol {
	pd_str file, build_id;
	uint64_t offset;
	size_t first;
	uint32_t n;
};

struct record {
	struct pd_source *src;
	struct pd_sink *sink;
	struct pd_builder *b;
	uint32_t cpu_series, wall_series, heap_series; /* RECORD_NONE: not there yet */
	PD_VEC(struct record_image) image;
	PD_VEC(struct record_thread) thread;
	struct pd_index threads;
	PD_VEC(pd_frame) frames;
	struct record_image *now; /* of the block at hand */
	struct pd_wire_outside outside; /* kind 0: recorded from inside */
	struct pd_wire_outside_stats outside_stats;
	struct pd_wire_outside_lost outside_lost;
	pd_str event;
	uint32_t event_series;
	uint32_t lock_series[2];  /* block, mutex */
	uint32_t dump_series;     /* threads of dumps */
	struct pd_wire_dump_end dump; /* the last one; threads of all */
	uint64_t dumps;
	double lock_rest[2];      /* parts of contentions, which are counted whole */
	uint64_t lives, unbalanced, worst; /* threads seen to their end, those whose spells are not their life, by how much at most */
	struct pd_events *timeline;  /* who wants events, or NULL */
	struct pd_events *profile;   /* spans as stacks: there from the first event on, unless only events are wanted */
	bool events_only, started;
	bool whole_run; /* of a command, from its begin to its end */
	size_t filtered;         /* processes that were recorded until their system calls were limited */
	uint64_t file_time, file_wall; /* CLOCK_MONOTONIC and CLOCK_REALTIME of the header */
	PD_VEC(struct record_track) track;
	struct pd_index tracks;
	PD_VEC(struct record_pair) pair;
	PD_VEC(struct pd_label) label; /* of the set that is made */
	PD_VEC(struct record_symbol) symbol;
	struct pd_index symbols;
	PD_VEC(struct pd_line) line;
	PD_VEC(struct record_code) code; /* by file, address and time once they are asked for */
	bool code_sorted;
	bool nomem;
};

/* A record: its bytes, and the kind. */
struct record_item {
	const char *p;
	uint32_t size, kind, fixed;
};

/* Fields of fixed size into a struct: what the record does not have is zero. False when it has less than `least` bytes of them. */
bool record_fixed(const struct record_item *r, void *out, size_t size, size_t least);
/* The variable part in pieces; false when there is less. */
bool record_tail(const struct record_item *r, size_t *at, size_t n, struct pd_span *out);
enum pd_status record_note(struct record *r, const char *what);
/* Row of an id in rows that begin with one and are sorted by it. */
bool record_row_of(const void *rows, size_t n, size_t size, uint32_t id, size_t *row);
#define record_row(vec, id, row) record_row_of((vec)->v, (vec)->n, sizeof(*(vec)->v), id, row)
/* The index wants a free slot before it is asked. False: no memory. */
bool record_index_room(struct pd_index *ix);

/* threads.c */
/* Columns for what the image at hand records, even if no sample comes. */
void record_series(struct record *r);
enum pd_status record_thread_item(struct record *r, const struct record_item *item);
enum pd_status record_cpu(struct record *r, const struct record_item *item);
enum pd_status record_wall(struct record *r, const struct record_item *item);

/* ---- looks.c: threads looked at beside samples of CPU time ---- */

enum pd_status record_looks_begin(struct record *r, const struct record_item *item);
enum pd_status record_look(struct record *r, const struct record_item *item);
/* A sample of CPU time is one of a running thread. */
void record_look_runs(struct record *r, struct record_thread *t, pd_stack stack, uint64_t time, uint32_t count);
/* The thread ends: what it did is known. `cpu`: of its clock. */
void record_look_end(struct record *r, struct record_thread *t, uint64_t time, uint64_t cpu);
/* The series `name`, made when it is asked for first: columns of the types, in the units beside them. */
unsigned record_series_of(struct record *r, uint32_t *which, const char *name, const char *const (*types)[2]);
/* The image is over: what its threads did since the last look. */
void record_threads_end(struct record *r, uint64_t time);

struct record_thread *record_thread_of(struct record *r, uint32_t tid); /* NULL: no memory */
pd_labels record_labels(struct record *r, struct record_thread *t, enum record_state state);
unsigned record_wall_series(struct record *r);
void record_asleep(struct record_thread *t, int32_t syscall);

/* outside.c */
enum pd_status record_outside(struct record *r, const struct record_item *item);
enum pd_status record_outside_stats(struct record *r, const struct record_item *item);
enum pd_status record_outside_lost(struct record *r, const struct record_item *item);
enum pd_status record_spell(struct record *r, const struct record_item *item);
enum pd_status record_event(struct record *r, const struct record_item *item);
void record_event_series(struct record *r);
void record_balance(struct record *r, struct record_thread *t, uint64_t time);
void record_outside_facts(struct record *r);

/* maps.c */
enum pd_status record_mapping(struct record *r, const struct record_item *item);
enum pd_status record_unmapping(struct record *r, const struct record_item *item);
enum pd_status record_stack(struct record *r, const struct record_item *item);
pd_frame record_frame(struct record *r, uint64_t address);
pd_str record_build_id(struct record *r, struct pd_span bytes);
/* As it is called at this time. */
bool record_stack_of(struct record *r, uint32_t id, uint64_t time, pd_stack *out);

/* dump.c */
enum pd_status record_sleep(struct record *r, const struct record_item *item);
enum pd_status record_dump(struct record *r, const struct record_item *item);
enum pd_status record_dump_begin(struct record *r, const struct record_item *item);
enum pd_status record_dump_end(struct record *r, const struct record_item *item);
/* Labels `syscall` and `reason`; how many were put to `l`: 2 at most. */
size_t record_syscall_labels(struct record *r, int32_t syscall, struct pd_label *l);
void record_dump_facts(struct record *r);

/* heap.c */
enum pd_status record_heap_begin(struct record *r, const struct record_item *item);
enum pd_status record_heap(struct record *r, const struct record_item *item);
enum pd_status record_heap_stats(struct record *r, const struct record_item *item);
/* Comments about memory; the period of the profile where nothing else has one. */
void record_heap_facts(struct record *r);

/* lock.c */
enum pd_status record_lock(struct record *r, const struct record_item *item);
/* Comments about waiting; the period of the profile where nothing else has one. */
void record_lock_facts(struct record *r);

/* marks.c: spans, instants, counters and calls */
enum pd_status record_mark_item(struct record *r, const struct record_item *item);
/* The span a thread is in; 0: none. */
pd_str record_span(const struct record *r, const struct record_thread *t);
/* What is open is over. */
void record_marks_end(struct record *r, struct record_thread *t, uint64_t time);
void record_mark_facts(struct record *r);

/* labels.c */
enum pd_status record_label_item(struct record *r, const struct record_item *item);
/* Its labels behind n others in r->label; how many there are now, 0: no memory. */
size_t record_label_add(struct record *r, const struct record_thread *t, size_t n);

/* timeline.c: all of it goes to whoever wants events; nothing happens when nobody does */
void record_timeline_start(struct record *r);
/* Sends an event on the track of this thread, not before its last one. */
void record_timeline_event(struct record *r, struct record_thread *t, struct pd_event *e);
void record_timeline_counter(struct record *r, pd_str name, int64_t ts, double value);
void record_timeline_sample(struct record *r, struct record_thread *t, const struct pd_sample *s, int64_t ns);
/* A stretch of time that is over, of whatever the thread was in meanwhile. */
void record_timeline_wait(struct record *r, struct record_thread *t, const char *what, uint64_t from, uint64_t to, pd_stack stack);
void record_timeline_moment(struct record *r, struct record_thread *t, const char *what, uint64_t time);
/* Its name has changed. */
void record_timeline_named(struct record *r, struct record_thread *t);
enum pd_status record_timeline_end(struct record *r, enum pd_status status);

/* symbols.c */
enum pd_status record_symbol(struct record *r, const struct record_item *item);
/* Lines for an address, 0 unknown. `image` must not be moved between. */
uint32_t record_lines(struct record *r, const struct record_map *m, uint64_t address, const struct pd_line **lines);
bool record_has_symbols(struct record *r, pd_str file, pd_str build_id);

/* code.c */
enum pd_status record_code(struct record *r, const struct record_item *item);
/* What the address in code of this list is called at that time, and from when until when. NULL: not known. */
const struct record_code *record_code_at(struct record *r, pd_str file, uint64_t address, uint64_t time, uint64_t *from, uint64_t *until);

/* facts.c: what is known about the recording becomes the header */
void record_say(struct record *r, const char *fmt, ...) PD_PRINTF(2, 3);
void record_facts(struct record *r, const struct pd_wire_file *file);

#endif
