/*
 * `profdata record` from outside: the kernel's perf events into the record stream.
 *
 *   perf_open.c   events and rings, what the kernel allows          perf_why.c   what to do when it does not
 *   perf_ring.c   records of all rings in the order of time         perf_main.c  start, rounds, end
 *   perf_take.c   what each record means                            perf_stack.c samples → stacks
 *   perf_task.c   processes and threads, from records and /proc     perf_life.c  on and off the CPU
 *   perf_out.c    blocks of the stream                          perf_files.c where the files of processes are
 */
#ifndef CMDS_PERF_H
#define CMDS_PERF_H

#include "record.h"

#include <linux/perf_event.h>
#include <profdata/agent_wire.h>
#include <profdata/unwind.h>
#include <time.h>

#define PERF_DEPTH 512           /* frames of a stack, as inside */
#define PERF_STACK 16384u        /* bytes of stack with a sample of the clock; twice as much at PERF_CALM Hz or less */
#define PERF_CALM 250.0
#define PERF_SWITCH_STACK 2048u  /* and at a switch, of which there are many more; twice as much when they are not those of the whole machine */
#define PERF_RING (2u << 20)     /* per CPU: enough; less when the kernel gives less */
#define PERF_RING_BEST (8u << 20) /* where memory is no matter */
#define PERF_SWITCH_RING (16u << 20) /* the same for the stacks at switches */
#define PERF_POOL (512u << 20)   /* bytes that wait to be understood: beyond, stacks at switches stay in their rings; beyond twice as much, all records */
#define PERF_BUCKETS 4096        /* of tables by number */

/* A list that grows: struct { T *v; size_t n, cap; }. False when out of memory. */
bool perf_grow(void **v, size_t *cap, size_t n, size_t size);
#define PERF_PUSH(l, item) (perf_grow((void **)&(l).v, &(l).cap, (l).n, sizeof(*(l).v)) ? ((l).v[(l).n++] = (item), true) : false)

struct perf_kind {
	const char *name;
	uint32_t type;
	uint64_t config;
	bool clock;
};

enum perf_mode { PERF_COMMAND, PERF_ATTACH, PERF_ALL };

struct perf_ring {
	int fd, cpu;
	bool at_switches;        /* has nothing but the samples taken there: when they are too many, who ran when is known still */
	uint64_t last;           /* time of the youngest record that was read */
	struct perf_event_mmap_page *page;
	const unsigned char *data;
	size_t size;             /* of data, a power of two */
};

struct perf_fd {
	int fd;
	bool clock;              /* the event that is sampled; else the one at switches */
	uint64_t id;
};

/* What the records of a CPU have said so far, in the order of time. */
struct perf_cpu {
	uint32_t tid;            /* who runs there, 0 not known */
	uint64_t last;           /* time of the youngest */
	uint64_t from, to;       /* between these two some were lost, the last time they were */
};

/* How far an event had counted at the sample before. */
struct perf_count {
	uint64_t id, value;
};

/* A record that was read; its bytes lie in the pool. */
struct perf_entry {
	uint64_t time, at;
};
struct perf_pool {
	unsigned char *v;
	size_t n, cap;
};

struct perf_map {
	uint64_t start, limit, offset;
	uint64_t inode;          /* 0: not known */
	char *path, *readable;   /* as the process sees it; where we find it (may be the same) */
	unsigned char build_id[20];
	uint32_t build_id_size;
	bool anonymous;          /* made at run time */
};

/* A program that runs: a process between two execs. */
struct perf_proc {
	struct perf_proc *next;
	uint32_t pid, ppid;
	uint64_t image, sequence;
	char comm[16], path[512];
	char *jit;               /* its jitdump, or NULL */
	int root;                /* what it sees as /, -1: what we do */
	uint32_t ns_pid;         /* its number where it runs */
	bool begun, ended;
	uint32_t threads;        /* alive */
	struct { struct perf_map *v; size_t n, cap; } map; /* by start, not overlapping */
	struct pd_unwinder *unwinder;
	struct { struct { uint64_t hash; uint32_t id; } *v; size_t n, cap; } stack; /* hashed */
	uint32_t last_stack;
	struct perf_pool out;    /* a block in the making */
	uint32_t records;
	uint64_t flushed;
};

#define PERF_NOWHERE UINT32_MAX

enum perf_state { PERF_NEW, PERF_RUNNING, PERF_RUNNABLE, PERF_SLEEPING };

struct perf_thread {
	struct perf_thread *next;
	struct perf_proc *proc;
	uint32_t tid, cpu;       /* where it was seen last; PERF_NOWHERE */
	char comm[16];
	bool told;
	bool missing;            /* not to be found any more, while its end may be about to be read */
	enum perf_state state;   /* PERF_NEW: attached to, nothing seen yet */
	enum perf_state guess;   /* what /proc said then */
	uint64_t start, since;   /* of its life, of the state */
	uint64_t unclaimed;      /* ns on the CPU that no sample has claimed */
	uint32_t ran_at, sleeps_at; /* stacks; 0: not seen */
	uint32_t left;           /* stack to say that it was there last, where the kernel does not show where it sleeps */
	struct { struct perf_count *v; size_t n, cap; } count; /* per event */
	uint32_t next_sleep;     /* stack of a switch whose record is about to come */
};

struct perf {
	struct cmd_ctx *ctx;
	const struct record_args *a;
	const char *stream;      /* where it goes */
	const struct perf_kind *event;
	struct perf_kind tracepoint; /* `event`, when it is one */
	enum perf_mode mode;
	uint64_t period;         /* ns, of clocks */
	uint32_t stack, switch_stack;
	bool frame_pointers;     /* the kernel walks user stacks */
	bool user_only, switches; /* switches: for wall time */
	bool no_build_ids, no_lost, no_inherit_thread, no_own_values; /* the kernel does not know them */
	unsigned values;         /* bytes of a sample with values of the event, the first is its count */
	int paranoid;
	size_t ring_bytes, switch_bytes; /* of a ring; switch_bytes 0: all in one */
	size_t own_rings;        /* that have only stacks at switches */
	int nice;                /* of ours, before we were in a hurry */
	bool hurry;
	struct { struct perf_cpu *v; size_t n, cap; } cpu;
	uint64_t searched;       /* when we looked for those whose end was lost */
	bool holes;              /* records were lost since */
	struct { struct perf_ring *v; size_t n, cap; } ring;
	struct { struct perf_fd *v; size_t n, cap; } fd;
	bool sorted;             /* fds, by id */
	/* what was read and is not taken yet */
	struct perf_pool pool, spare;
	struct { struct perf_entry *v; size_t n, cap; } entry;
	/* who runs */
	struct perf_proc *proc[PERF_BUCKETS];
	struct perf_thread *thread[PERF_BUCKETS];
	struct pd_unwinder *objects; /* shared by all */
	uint64_t begin, end;     /* of the recording, CLOCK_MONOTONIC; end 0: it goes on */
	uint64_t safe;           /* records up to here have all been read */
	uint32_t command;        /* pid, 0 none */
	struct { struct { char *name, *file; } *v; size_t n, cap; } alias; /* objects of other mount namespaces */
	struct { struct { uint64_t ns, dev, inode; int fd, mounts; } *v; size_t n, cap; } root; /* other ones */
	struct { struct { uint64_t inode; int fd; } *v; size_t n, cap; } held; /* files that no path leads to */
	struct { uint32_t tid; uint64_t time; } dead[1024]; /* who ended lately: the kernel still says that they are switched out */
	int out, poll, signals;
	int *target_fd;          /* of the processes attached to */
	size_t targets;          /* of them that run */
	bool hung_up;            /* a ring whose filling up nobody tells */
	uint64_t told;           /* when the stream got sums last */
	char **object;           /* aliases as pd_symbolize() wants them */
	size_t n_objects;
	bool full, nomem;        /* the disk; memory */
	uint64_t address[PERF_DEPTH + 64];
	struct pd_wire_outside_stats stats;
	struct pd_wire_outside_lost lost;
};

/* ---- perf_open.c ---- */
const struct perf_kind *perf_kind_named(const char *name);
/* "SUBSYSTEM:NAME", a tracepoint of the kernel, into *kind, which keeps `name`. False, and why in buf. */
bool perf_tracepoint(const char *name, struct perf_kind *kind, char *buf, size_t size);
void perf_kinds(char *buf, size_t size); /* all names */
size_t perf_ring_size(size_t best, size_t least); /* of a ring per CPU on this machine */
/* Tries the event on ourselves, and finds out what the kernel allows and knows. 0, or errno. */
int perf_probe(struct perf *p);
/* Opens the events for a thread (-1: all) on all CPUs. 0, or errno; ESRCH: the thread is gone. */
int perf_attach(struct perf *p, pid_t tid, bool on_exec);
void perf_enable(struct perf *p, bool on);
/* CPU time that the events counted, and records lost without a word. */
void perf_counts(struct perf *p, uint64_t *ns, uint64_t *lost);
void perf_close(struct perf *p);
/* Is this the identifier of the event that is sampled? */
bool perf_is_clock(struct perf *p, uint64_t id);

/* ---- perf_why.c ---- */
int perf_paranoid(void);
/* One line about why it cannot be: what failed with `error` for `pid` (0: nobody in particular), and the remedy. `inside`: that way is open. */
void perf_explain(const struct perf *p, int error, pid_t pid, bool inside, char *buf, size_t size);

/* ---- perf_ring.c ---- */
/* Everything out of the rings, the fullest first. In a record about lost ones the number of its event becomes the time of the record before them; 0: only
 * stacks at switches. */
void perf_drain(struct perf *p);
/* Sorts what was read; the first *n of the entries are complete up to `until`. */
size_t perf_ready(struct perf *p, uint64_t until);
/* The first n are done with. */
void perf_forget(struct perf *p, size_t n);

/* ---- perf_take.c ---- */
void perf_take(struct perf *p, size_t i);

/* ---- perf_stack.c ---- */
struct perf_sample {
	uint32_t pid, tid, cpu;
	uint64_t time, id, period, value, n_ips, abi, size, used; /* size: of the copy; used: of that */
	const unsigned char *ips, *regs, *stack;
};
/* Id of its stack in the stream; 0: out of memory. *unseen (may be NULL): the same for a thread that has left it for we do not know where. */
uint32_t perf_stack(struct perf *p, struct perf_proc *proc, const struct perf_sample *s, uint32_t *unseen);
/* Of a thread that sleeps, by /proc; 0: not to be had. */
uint32_t perf_asleep_at(struct perf *p, struct perf_proc *proc, uint32_t tid);

/* ---- perf_task.c ---- */
struct perf_proc *perf_proc_of(struct perf *p, uint32_t pid);     /* NULL: not known */
struct perf_proc *perf_proc_new(struct perf *p, uint32_t pid, uint32_t ppid, uint64_t time, const struct perf_proc *parent);
struct perf_thread *perf_thread_of(struct perf *p, uint32_t tid); /* NULL: not known */
struct perf_thread *perf_thread_new(struct perf *p, struct perf_proc *proc, uint32_t tid, uint64_t time, enum perf_state state);
/* Known or found in /proc. NULL: out of memory, or nobody. */
struct perf_thread *perf_find(struct perf *p, uint32_t pid, uint32_t tid, uint64_t time);
/* A process that runs already: its program, mappings and threads. */
bool perf_scan(struct perf *p, uint32_t pid);
void perf_map_add(struct perf *p, struct perf_proc *proc, const struct perf_map *m);
void perf_exec(struct perf *p, struct perf_proc *proc, const char *comm, const char *path, uint64_t time);
void perf_thread_end(struct perf *p, struct perf_thread *t, uint64_t time);
void perf_mark_dead(struct perf *p, uint32_t tid, uint64_t time); /* time 0: it is not */
/* Records were lost: who has ended meanwhile, what is mapped, which program it is now. `now`: the records of all that has happened have been taken. */
void perf_search(struct perf *p, bool now);
void perf_tasks_end(struct perf *p);
void perf_tasks_free(struct perf *p);
/* Numbers of all threads of a process; how many, 0: it is gone. *v is freed by the caller. */
size_t perf_threads_of(uint32_t pid, pid_t **v);
bool perf_read_file(const char *path, char *buf, size_t size); /* the beginning of a text */
bool perf_link(const char *path, char *buf, size_t size);     /* where a symbolic link leads */


/* ---- perf_files.c: containers, chroots, files that are deleted or replaced ---- */
/* Which root the process has now, and what its number is there. */
void perf_look_at_root(struct perf *p, struct perf_proc *proc);
/* Where we can open the file of a mapping, as long as the recording is there; "": the path is too long. */
void perf_place_of(struct perf *p, const struct perf_proc *proc, const struct perf_map *m, char *buf, size_t size);
/* For the names at the end: objects, maps and dumps that do not lie where the profile says. */
void perf_remember(struct perf *p, const char *name, const char *file);
void perf_files_free(struct perf *p);

/* ---- perf_life.c ---- */
void perf_life_sample(struct perf *p, struct perf_thread *t, uint64_t time, uint32_t stack);
void perf_life_switch(struct perf *p, struct perf_thread *t, uint64_t time, bool out, bool preempted);
/* Records of a CPU were lost between two times. */
void perf_life_gap(struct perf *p, uint32_t cpu, uint64_t from, uint64_t to);
/* This record of the CPU is by `tid`, which runs there from now on (`in`), or did until now: nobody else does. */
void perf_life_cpu(struct perf *p, uint32_t cpu, uint32_t tid, uint64_t time, bool in);
void perf_life_end(struct perf *p, struct perf_thread *t, uint64_t time);

/* ---- perf_out.c ---- */
void perf_put(struct perf *p, struct perf_proc *proc, enum pd_wire_kind kind, void *fixed, size_t size, const void *tail, size_t n_tail, const void *tail2, size_t n_tail2);
uint32_t perf_put_stack(struct perf *p, struct perf_proc *proc, const uint64_t *address, uint32_t n, uint32_t flags);
void perf_forget_stacks(struct perf_proc *proc);
void perf_put_mapping(struct perf *p, struct perf_proc *proc, const struct perf_map *m);
void perf_tell(struct perf *p, struct perf_thread *t);  /* the stream knows it from now on */
void perf_put_name(struct perf *p, struct perf_thread *t);
void perf_put_begin(struct perf *p, struct perf_proc *proc);
void perf_put_end(struct perf *p, struct perf_proc *proc, uint64_t time, enum pd_wire_reason reason);
void perf_put_head(struct perf *p);
void perf_put_stats(struct perf *p);
void perf_flush(struct perf *p, struct perf_proc *proc);
void perf_flush_old(struct perf *p, uint64_t before);

#endif
