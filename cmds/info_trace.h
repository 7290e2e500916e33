/* What info says about a trace: events by kind, tracks, span, and the figures its reader worked out. */
#ifndef CMDS_INFO_TRACE_H
#define CMDS_INFO_TRACE_H

#include "cmd.h"

/* A sink that counts and keeps figures. NULL when out of memory. */
struct pd_events *info_trace_new(void);
/* Keys of the document that is open. */
void info_trace_json(const struct pd_events *trace, struct cmd_json *j);
void info_trace_text(const struct pd_events *trace, struct pd_out *out);

#endif
