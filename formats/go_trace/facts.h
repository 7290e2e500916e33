/* Listener that works out the figures of a trace; see facts.c. */
#ifndef GO_TRACE_FACTS_H
#define GO_TRACE_FACTS_H

#include "go_trace/trace.h"

struct gt_facts;
struct gt_facts *gt_facts_new(struct gt_reader *r);
void gt_facts_event(void *facts, const struct gt_event *e);
/* Sends what was worked out. */
void gt_facts_send(struct gt_facts *f, struct pd_events *ev);
void gt_facts_free(struct gt_facts *f);

#endif
