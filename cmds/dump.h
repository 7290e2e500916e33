/*
 * `profdata record --dump`: where all threads of a process are, from outside, by ptrace().
 *
 *   dump.c        what is asked for, and what becomes of it
 *   dump_proc.c   what /proc says of the process and its threads; who cannot be dumped, and why
 *   dump_trace.c  one thread after the other is held for a moment: registers and stack are copied, then it goes on
 *   dump_out.c    the record stream
 */
#ifndef CMDS_DUMP_H
#define CMDS_DUMP_H

#include "record.h"

#include <profdata/agent_wire.h>
#include <profdata/unwind.h>
#include <sys/types.h>

#define DUMP_DEPTH 1024
#define DUMP_STACK (1u << 20) /* bytes of a stack that are copied */

struct dump_thread {
	pid_t tid;
	char name[16], state, wait[64];
	int32_t syscall;   /* -1: none */
	uint64_t cpu;      /* ns */
	uint64_t sp, pc;   /* of a thread in a system call; 0 unknown */
	bool stack;        /* was seen */
};

struct dump_area {
	uint64_t start, limit;
};

struct dump {
	struct cmd_ctx *ctx;
	pid_t pid;
	struct pd_unwinder *unwinder;
	struct { struct dump_thread *v; size_t n, cap; } thread;
	struct { struct dump_area *v; size_t n, cap; } area; /* all that is mapped, by address */
	struct { uint64_t *v; size_t n, cap; } held;         /* ns, of each thread */
	int fd;
	struct { unsigned char *v; size_t n, cap; } out;     /* a block in the making */
	uint32_t records, last_stack;
	uint64_t image, sequence;
	char jitdump[512];       /* that is mapped; "": none */
	bool failed;             /* memory or the disk */
	unsigned char *stack;    /* DUMP_STACK bytes: what was copied */
	uint64_t stack_at, stack_n;
	uint64_t page_at, page[512]; /* another page of it, read when it was asked for */
	uint64_t address[DUMP_DEPTH];
};

/* ---- dump_proc.c ---- */
/* 0, or RECORD_FAILED after saying why this process cannot be dumped. */
int dump_possible(struct cmd_ctx *ctx, pid_t pid);
/* Says why ptrace() was refused. */
void dump_refused(struct cmd_ctx *ctx, pid_t pid, int error);
/* All threads of now that are not in the list yet, at its end; false when the process is gone. */
bool dump_threads(struct dump *d);
/* Name, state, system call: before the thread is held. */
void dump_look(struct dump *d, struct dump_thread *t);
/* Mappings: to the stream, to the unwinder, and as areas. */
bool dump_maps(struct dump *d);
/* "NAME=FILE" for the objects of the profile: where we find them while those processes are there. All of it is freed by the caller. */
char **dump_objects(const struct pd_doc *doc, const uint32_t *pid, size_t n_pids, size_t *n);
bool dump_read(char *buf, size_t size, const char *fmt, ...) PD_PRINTF(3, 4); /* the beginning of a file of /proc */

/* ---- dump_trace.c ---- */
/* All threads one after the other, into the stream. 0, or errno of ptrace() when not a single one could be held. */
int dump_trace(struct dump *d);

/* ---- dump_out.c ---- */
void dump_put(struct dump *d, enum pd_wire_kind kind, void *fixed, size_t size, const void *tail, size_t n_tail, const void *tail2, size_t n_tail2);
void dump_flush(struct dump *d);
void dump_process(struct dump *d);
void dump_thread(struct dump *d, const struct dump_thread *t, size_t depth, unsigned flags);
void dump_end(struct dump *d);

#endif
