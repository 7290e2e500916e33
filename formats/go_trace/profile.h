/* Listener that makes the profile of a trace; see profile.c. */
#ifndef GO_TRACE_PROFILE_H
#define GO_TRACE_PROFILE_H

#include "go_trace/trace.h"
#include "model/model.h"

struct gt_profile;
/* `times`: a row per interval with its begin, instead of sums. NULL when out of memory (recorded in r). */
struct gt_profile *gt_profile_new(struct gt_reader *r, bool times);
void gt_profile_event(void *profile, const struct gt_event *e);
/* Closes what is open and fills the header. */
void gt_profile_finish(struct gt_profile *p);
void gt_profile_free(struct gt_profile *p);

#endif
