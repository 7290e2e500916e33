/* Spans, labels, counters and calls: spans.c and functions.c on the threads' side, spans_write.c on the writer's. */
#ifndef AGENT_SPANS_H
#define AGENT_SPANS_H

#include "agent.h"

/* ---- spans.c: what threads leave ---- */
/* Kinds in a ring beside those of enum pd_wire_mark_kind. An event is a word of ticks, a word of kind and sizes, perhaps a value, texts. */
enum { EVENT_PAD = 0, EVENT_LABELS = 64 };
#define EVENT_KIND(word) ((uint32_t)((word) >> 56))
#define EVENT_NAME_SIZE(word) ((size_t)((word) >> 32 & 0xffff))
#define EVENT_CATEGORY_SIZE(word) ((size_t)((word) >> 16 & 0xffff))
#define EVENT_ADDRESS(word) ((word) & 0xffffffffffffffu) /* of calls */
bool spans_configure(const char *option); /* is it ours? */
void spans_begin(void);                   /* before a recording: which clock */
uint64_t ticks_now(void);
/* The calling thread's events, made when there are none yet; NULL: none to be had. */
struct agent_events *events_own(void);
/* Room for n bytes and the ends of `reserve` open ones; NULL: there is none. Then events_put() them. */
unsigned char *events_room(struct agent_events *e, size_t n, size_t reserve);
void events_put(struct agent_events *e, size_t n);
void events_reset(struct agent_ring *r);  /* a new thread has this ring */
void events_uncount(struct agent_ring *r); /* before another recording */
void events_drop(void);                   /* in a child: those of the parent */
const volatile uint32_t *spans_on(void);
void spans_switch(void);                  /* after a change of agent.mode */
/* Around a fork, in the child: its thread goes on with the labels it had. */
void labels_keep(void);
void labels_again(void);

/* ---- functions.c: calls ---- */
/* The calls that are open go into the ring, so that what follows may. False: no room. */
bool calls_flush(struct agent_events *e);

/* ---- spans_write.c: on the writer's thread ---- */
void events_anchor(void);                 /* once in a while: how ticks and time go together */
/* Events of this thread up to a time and until its set of labels is known. How full was the ring, in eighths from 1; 0: empty. */
unsigned events_drain(struct agent_ring *r, uint64_t until, uint32_t labels);
void events_sums(void);
void events_forget(void);                 /* a new stream */
void functions_forget(void);              /* the mappings have changed */

#endif
