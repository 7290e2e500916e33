/* Traces of Go 1.11 to 1.21: records (v1.c), their order (v1_order.c), what they mean (v1_model.c). */
#ifndef GO_TRACE_V1_H
#define GO_TRACE_V1_H

#include "go_trace/trace.h"

enum v1_type {
	V1_BATCH = 1, V1_FREQUENCY, V1_STACK, V1_GOMAXPROCS, V1_PROC_START, V1_PROC_STOP, V1_GC_START, V1_GC_DONE, V1_STW_START, V1_STW_DONE,
	V1_SWEEP_START, V1_SWEEP_DONE, V1_GO_CREATE, V1_GO_START, V1_GO_END, V1_GO_STOP, V1_GO_SCHED, V1_GO_PREEMPT, V1_GO_SLEEP, V1_GO_BLOCK,
	V1_GO_UNBLOCK, V1_GO_BLOCK_SEND, V1_GO_BLOCK_RECV, V1_GO_BLOCK_SELECT, V1_GO_BLOCK_SYNC, V1_GO_BLOCK_COND, V1_GO_BLOCK_NET, V1_GO_SYSCALL,
	V1_GO_SYSEXIT, V1_GO_SYSBLOCK, V1_GO_WAITING, V1_GO_IN_SYSCALL, V1_HEAP_ALLOC, V1_HEAP_GOAL, V1_TIMER_GOROUTINE, V1_FUTILE_WAKEUP, V1_STRING,
	V1_GO_START_LOCAL, V1_GO_UNBLOCK_LOCAL, V1_GO_SYSEXIT_LOCAL, V1_GO_START_LABEL, V1_GO_BLOCK_GC, V1_ASSIST_START, V1_ASSIST_DONE,
	V1_TASK_CREATE, V1_TASK_END, V1_REGION, V1_LOG, V1_CPU_SAMPLE, V1_TYPES,
};

struct v1_spec {
	const char *name;
	uint8_t n_args; /* without time and stack */
	bool stack;
};
extern const struct v1_spec v1_specs[V1_TYPES];

struct v1_event {
	int64_t ts;      /* ticks, ns once in order */
	uint64_t g;      /* 0 none */
	uint64_t arg[3]; /* log: the message is at offset arg[2] of the file */
	uint64_t offset;
	uint32_t stack, next; /* next event of the same stream, 0 none */
	uint32_t stream;
	uint8_t type;
};

/* Events of one processor, or the CPU samples. */
struct v1_stream {
	uint64_t p;      /* GT_NONE: written without a processor */
	uint64_t g;      /* goroutine running while reading */
	uint32_t first, last;
	uint64_t m;      /* thread that runs the processor, GT_NONE unknown */
	bool seen;       /* its state is known */
};

struct v1 {
	struct gt_reader *r;
	const uint8_t *base, *end;
	uint64_t freq;
	PD_VEC(struct v1_event) event;   /* row 0 is none */
	PD_VEC(struct v1_stream) stream; /* row 0 is none, row 1 the CPU samples */
	PD_VEC(uint32_t) order;          /* event rows as they happened */
	struct gt_map stream_of;         /* p + 1 → stream */
};

/* Puts the events in order; false after recording a failure. */
bool v1_order(struct v1 *v);
/* Sends the ordered events as those of the model. */
void v1_send(struct v1 *v);

#endif
