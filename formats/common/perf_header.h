/*
 * The first line of a sample in `perf script` text:
 *
 *   COMM [PID/]TID [CPU] SECS.FRAC:   PERIOD EVENT: REST
 *
 * with any of the columns missing. COMM is any 15 bytes a program chose
 * (blanks, colons, digits, "[001]", even a line feed), so nothing can be split
 * from the left: the time, or the event when there is no time, is the anchor
 * and the columns are taken leftwards from it.
 */
#ifndef COMMON_PERF_HEADER_H
#define COMMON_PERF_HEADER_H

#include "base/compiler.h"
#include <profdata/base.h>

struct pd_perf_header {
	struct pd_span who;   /* line start to the end of pid/tid: equal text means equal thread */
	struct pd_span comm;  /* without padding */
	struct pd_span event; /* "" when there is no such column */
	struct pd_span rest;  /* behind the event: one frame, an address, the payload of a tracepoint */
	int64_t pid, tid, cpu, period;
	int64_t time;         /* ns */
	bool has_comm, has_pid, has_tid, has_cpu, has_time, has_period;
	bool is_record;       /* "PERF_RECORD_...": not a sample; in `rest` */
};

#define PD_PERF_NO_TIME INT64_MIN

/*
 * False when the line is no header. `near` is the time of the sample before, or
 * PD_PERF_NO_TIME: it decides when a payload looks like a second header.
 */
bool pd_perf_header_parse(struct pd_span line, int64_t near, struct pd_perf_header *out);
/* A header without time and event ("COMM TID "); only believable when frames follow. */
bool pd_perf_header_loose(struct pd_span line, struct pd_perf_header *out);
/* "sched:sched_switch", but not "cycles:u": an event of the kernel's tracepoints or probes. */
bool pd_perf_is_tracepoint(struct pd_span event);
/* The event without its modifiers: "cpu-clock:uH" → "cpu-clock". */
struct pd_span pd_perf_event_base(struct pd_span event);

#endif
