/* The record stream read: images (one run of one program each), their threads, mappings and stacks. */
#ifndef RECORD_RECORD_H
#define RECORD_RECORD_H

#include "base/span.h"
#include "base/vec.h"
#include "model/index.h"
#include <profdata/agent_wire.h>
#include <profdata/builder.h>
#include <profdata/format.h>

#define RECORD_NONE UINT32_MAX

struct record_map {
	uint64_t start, limit;
	pd_mapping mapping;
};

struct record_stack {
	uint32_t id;
	pd_stack stack;
};

/* What a sample says of its thread beyond who it is, by a label of its own. RECORD_LOCK + enum pd_wire_lock_what: what it waits for. */
enum record_state { RECORD_PLAIN, RECORD_RUNNING, RECORD_SLEEPING, RECORD_RUNNABLE, RECORD_LOCK, RECORD_STATES = RECORD_LOCK + PD_WIRE_LOCK_BARRIER + 1 };

struct record_thread {
	uint32_t image, tid;
	pd_str name;
	pd_labels labels[RECORD_STATES]; /* 0: not made yet */
	uint64_t time, cpu;              /* of the last look */
	pd_stack stack;                  /* seen at that look */
	uint64_t spells;                 /* seen from outside: sum since it began */
	bool live, looked;
};

/* A program that ran: from its start or an exec to its end. */
struct record_image {
	uint32_t pid;
	uint64_t image, sequence;
	struct pd_wire_process process; /* fixed part; zero when its first block is missing */
	pd_str comm;
	PD_VEC(struct record_map) map;  /* by start, not overlapping */
	PD_VEC(struct record_stack) stack; /* by id */
	uint64_t first, last;           /* times */
	struct pd_wire_stats stats;
	struct pd_wire_heap_stats heap_stats;
	uint64_t heap_period;           /* bytes; 0: memory was not recorded */
	struct pd_wire_lock_stats lock_stats;
	uint64_t lock_rate;             /* ns; 0: waiting was not recorded */
	bool begun, ended;
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
	pd_str event;
	uint32_t event_series;
	uint32_t lock_series[2];  /* block, mutex */
	double lock_rest[2];      /* parts of contentions, which are counted whole */
	uint64_t lives, unbalanced, worst; /* threads seen to their end, those whose spells are not their life, by how much at most */
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

/* threads.c */
/* Columns for what the image at hand records, even if no sample comes. */
void record_series(struct record *r);
enum pd_status record_thread_item(struct record *r, const struct record_item *item);
enum pd_status record_cpu(struct record *r, const struct record_item *item);
enum pd_status record_wall(struct record *r, const struct record_item *item);
/* The series `name`, made when it is asked for first: columns of the types, in the units beside them. */
unsigned record_series_of(struct record *r, uint32_t *which, const char *name, const char *const (*types)[2]);
/* The image is over: what its threads did since the last look. */
void record_threads_end(struct record *r, uint64_t time);

struct record_thread *record_thread_of(struct record *r, uint32_t tid); /* NULL: no memory */
pd_labels record_labels(struct record *r, struct record_thread *t, enum record_state state);
unsigned record_wall_series(struct record *r);

/* outside.c */
enum pd_status record_outside(struct record *r, const struct record_item *item);
enum pd_status record_outside_stats(struct record *r, const struct record_item *item);
enum pd_status record_spell(struct record *r, const struct record_item *item);
enum pd_status record_event(struct record *r, const struct record_item *item);
void record_event_series(struct record *r);
void record_balance(struct record *r, struct record_thread *t, uint64_t time);
void record_outside_facts(struct record *r);

/* maps.c */
enum pd_status record_mapping(struct record *r, const struct record_item *item);
enum pd_status record_unmapping(struct record *r, const struct record_item *item);
enum pd_status record_stack(struct record *r, const struct record_item *item);
bool record_stack_of(const struct record_image *image, uint32_t id, pd_stack *out);

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

/* facts.c: what is known about the recording becomes the header */
void record_say(struct record *r, const char *fmt, ...) PD_PRINTF(2, 3);
void record_facts(struct record *r, const struct pd_wire_file *file);

#endif
