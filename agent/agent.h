/*
 * The sampler inside of another program. It uses libc and <profdata/agent_wire.h>, nothing else; it prints nothing, keeps
 * its memory fixed (one slab of rings, one block buffer, lists that grow only with the program's libraries) and does in the
 * signal handler only what is safe there: loads, stores, atomics, clock_gettime().
 *
 *   timer or tgkill → on_sample() [handler.c] → unwind() [unwind.c, modules.c] → ring [rings.c] → writer thread [writer.c] → file
 *
 * hooks.c stands between the program and libc where threads begin and processes fork, exec and end.
 */
#ifndef AGENT_AGENT_H
#define AGENT_AGENT_H

#include "unwind/cfi.h"
#include <profdata/agent_wire.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#define AGENT_DEPTH 512            /* frames of a stack */
#define AGENT_RING_BYTES (1u << 17) /* per thread, with its head; a power of two */
#define AGENT_RINGS 2048           /* threads at a time */
#define AGENT_LATE 4               /* periods at once, beyond those of one kernel tick, from which a sample is "late" */
#define AGENT_BUCKETS 128          /* of handler times: 4 per octave of ns */
#define AGENT_PLACES 32            /* return addresses by which a sleep is known again */
#define AGENT_KNOWN 4              /* places a thread sleeps in that are known */
#define AGENT_LABELS 500           /* bytes of a set of labels */
#define AGENT_EVENT_BYTES (1u << 20) /* ring of events of a thread that has any; a power of two */
#define AGENT_CALLS 1024           /* calls that are open at a time */

enum agent_ring_state { RING_FREE, RING_TAKEN, RING_LIVE, RING_ENDED };

/* What the handler, or a hook, leaves for the writer. */
struct agent_sample {
	uint64_t time, cpu;      /* cpu: wall looks only */
	uint32_t count;          /* periods; 0: a look for wall time */
	uint32_t flags;          /* enum pd_wire_stack_flags */
	uint32_t n, kind;        /* kind: 0 from the handler; else from a hook, enum pd_wire_kind */
	uint64_t value[3];       /* from a hook: what its kind makes of them; of a look: stack pointer, instruction, context switches */
	uint32_t labels;         /* see agent_ring */
	uint32_t in_call;        /* of a look: is it at the end of a system call, or about to make one again? */
	/* then uint64_t address[n] */
};

/* What unwinding takes. The handler may interrupt a hook of its thread that unwinds as well: each has its own. */
struct agent_walker {
	_Atomic uint32_t busy;   /* odd while it is in use */
	uint64_t frame[AGENT_DEPTH];
	struct cfi_row row[CFI_ROWS];
	struct cfi_work work;
};

/* Where on the stack the innermost return addresses are, and which: a thread that has them still has not returned from where it was. */
struct agent_places {
	uint32_t n, zero;
	uint64_t at[AGENT_PLACES], value[AGENT_PLACES];
};

/* Where a thread was seen asleep: who sleeps there again need not be asked. */
struct agent_known {
	uint64_t sp, pc, cpu, switches; /* when it was seen */
	uint32_t stack, labels;  /* id of the stack, 0: an empty slot; number of its set of labels */
	uint32_t gone;           /* modules_gone() */
	int32_t call;            /* system call */
	struct agent_places places;
};

/* One per thread: single producer (the handler of that thread), single consumer (the writer). */
struct agent_ring {
	_Atomic uint32_t state;  /* enum agent_ring_state */
	pid_t tid;
	int timer;               /* kernel id, -1 none */
	uint64_t stack_lo, stack_hi; /* of its stack; 0 unknown */
	void *(*start)(void *);  /* what pthread_create() was asked for */
	void *arg;
	uint64_t begin_time, begin_cpu, end_time, end_cpu;
	char name[16], told[16]; /* name when it ended; name the stream knows */
	uint64_t named;          /* when its name was asked for last */
	bool begun;              /* the stream knows it */
	bool adopted;            /* it will end without telling us */
	_Atomic uint32_t busy;   /* odd while its handler runs */
	_Atomic uint64_t head, tail; /* bytes ever put, taken */
	_Atomic uint64_t signals, periods, lost, truncated, incomplete, late, handler_ns;
	_Atomic uint32_t bucket[AGENT_BUCKETS];
	_Atomic uint32_t labels; /* number of the thread's set of labels, counted up at every change; 0: it never had any */
	uint32_t labels_known, labels_id, labels_told; /* writer: newest number it has met, its id in the stream, what the stream was told */
	uint32_t labels_size;
	uint64_t events_time;    /* writer: of the newest event */
	char label[AGENT_LABELS]; /* key and value in turn */
	struct agent_events *_Atomic events; /* NULL: none so far */
	/* wall time, writer's side */
	uint64_t wall_cpu;       /* CPU clock at the last look */
	uint64_t wall_asleep;    /* it slept from the last look to here; 0: it did not */
	uint64_t wall_told;      /* the last time the stream heard of it */
	uint64_t wall_asked;     /* when a look was asked for that has not come; 0: none */
	uint64_t wall_waits;     /* until here it has not run since */
	uint64_t wall_asked_cpu; /* CPU clock at both */
	uint64_t wall_sp, wall_pc, wall_switches; /* at the last look */
	struct agent_places wall_places; /* the same; written by the handler, and read when its sample is there */
	uint64_t wall_delay;     /* ns for which it has waited for a CPU, as far as the stream knows */
	int wall_file;           /* what the kernel counts of it, open; -1: not */
	uint32_t wall_stack;     /* id of the stack seen last, 0 none */
	bool wall_still;         /* its CPU clock has stood still since the look */
	bool wall_twice;         /* it was asked again although it had hardly run */
	bool wall_told_call;     /* the stream knows the system call it sleeps in */
	/* the same, looks beside samples of CPU time */
	struct agent_known wall_known[AGENT_KNOWN];
	uint64_t wall_seen, wall_seen_cpu; /* clocks at the last look */
	uint64_t wall_weight;    /* ns that are in no record: of the sleep that goes on, or for which the look stands that was asked for */
	uint64_t wall_at_sp, wall_at_pc; /* where it slept when it was asked */
	uint32_t wall_looks;     /* how many looks that weight is */
	uint32_t wall_state;     /* enum pd_wire_state, when it was asked */
	int32_t wall_call;       /* the system call it was in */
	uint32_t wall_next;      /* slot of wall_known */
	uint32_t wall_missed;    /* answers in a row from somewhere else */
	int wall_call_file;      /* the kernel's word on where it sleeps, open; -1: not */
	uint64_t wall_base;      /* of wall_delay: what it had waited before */
	bool wall_delay_known;   /* wall_delay has been read */
	/* dumps, writer's side: what was seen of it when its stack was asked for */
	struct {
		uint32_t number, state; /* of the dump; 0: none so far */
		int32_t syscall;
		bool due;        /* its stack has not come */
		uint64_t cpu;
		char wait[40];
	} dump;
	uint64_t frame[AGENT_DEPTH]; /* where the handler unwinds to */
	struct cfi_row row[CFI_ROWS]; /* rules found before, by pc */
	uint64_t work[128];      /* of the unwinder: stacks of signal handlers are small */
	struct heap_thread *_Atomic heap; /* its count of bytes; NULL: it has none, or is gone */
	_Atomic uint64_t heap_bytes; /* counted before */
	_Atomic bool heap_seen;  /* it has allocated something that was sampled */
	struct agent_walker here; /* for hooks */
	unsigned char data[];
};
#define RING_DATA (AGENT_RING_BYTES - offsetof(struct agent_ring, data))

/* A call that has not returned. */
struct agent_call {
	uint64_t function, sp, site, ticks; /* site: where it was called */
};

/*
 * Spans and calls of one thread, beside its ring: mapped with its first event, used again by the next thread of the ring. The
 * thread writes, signal handlers in between are turned away by `busy`, the writer reads.
 */
struct agent_events {
	_Atomic uint64_t head;   /* bytes ever put */
	uint64_t free_until;     /* head may go there: what the thread knows of `tail` */
	volatile uint32_t busy;
	uint32_t open;           /* begun in the ring and not ended there: room for their ends is kept */
	uint32_t spans;          /* of these, spans */
	uint32_t skipped;        /* depth of spans that had no room */
	uint32_t depth, written; /* of `call`: open, and how many of them are in the ring */
	uint32_t over;           /* calls that are deeper */
	uint64_t over_sp;
	_Atomic uint64_t count, lost, shorts, deep, unwound;
	_Atomic uint64_t tail __attribute__((aligned(64))); /* bytes ever taken */
	struct agent_call call[AGENT_CALLS];
	unsigned char data[] __attribute__((aligned(64)));
};

enum agent_mode { AGENT_OFF, AGENT_ON, AGENT_ENDING };

struct agent {
	_Atomic uint32_t mode;   /* enum agent_mode */
	pid_t pid;
	int signal;
	uint32_t engine;         /* enum pd_wire_engine */
	uint32_t late;           /* periods, see AGENT_LATE */
	uint64_t cpu_period, wall_period, tick, image;
	uint64_t lock_rate;      /* ns of waiting for locks per sample; 0: not recorded */
	uint64_t heap_period;    /* bytes; 0: not recorded */
	int dump_signal;         /* 0: none */
	_Atomic uint32_t closes; /* calls of dlclose() so far */
	bool children;
	_Atomic bool adopt;      /* all threads that are there, at once */
	char path[512];          /* of the stream */
	unsigned char *slab;
	size_t rings;
	_Atomic size_t used;     /* rings ever taken are below */
	_Atomic pid_t tids[AGENT_RINGS]; /* whose ring it is, side by side: looking through them touches no ring */
	uint64_t cpu_before;     /* CPU clock of the process when recording began */
	_Atomic uint64_t unsampled, threads;
	/* spans and calls */
	uint32_t session;        /* recordings begun in this process */
	bool trace, functions;
	uint32_t max_depth;
	uint64_t min_duration;   /* ns */
	uint64_t min_ticks;
	bool tsc;                /* ticks are those of the processor, else ns */
};
extern struct agent agent;

/* The ring of the calling thread: one word of TLS, at a fixed offset. */
extern __thread struct agent_ring *agent_self __attribute__((tls_model("initial-exec")));
/* The session in which `agent_self` was set; with it NULL: there is none to be had. */
extern __thread uint32_t agent_seen __attribute__((tls_model("initial-exec")));
static inline struct agent_ring *ring_own(void) { return agent_seen == agent.session ? agent_self : NULL; }

/* ---- rings.c ---- */
bool rings_make(void);                    /* also after a fork: all of them empty */
struct agent_ring *ring_at(size_t i);
void ring_free(struct agent_ring *r);
bool ring_of_thread(pid_t tid);           /* has it one? */
bool ring_is(const void *p);              /* is this one of them? */
struct agent_ring *ring_take(void);       /* NULL: none free */
/* The calling thread gets a timer and is known from now on; `own_stack`: bounds are asked for. */
void ring_begin(struct agent_ring *r, bool own_stack);
/* A thread nobody told us about. */
void ring_adopt(pid_t tid);
/* The calling thread's ring where ring_own() has none: it was there before the recording. NULL: none to be had. */
struct agent_ring *ring_join(void);
void rings_reset(void);                   /* before another recording */
void ring_end(struct agent_ring *r);      /* called by its thread */
/* Room for a sample, two pieces where it wraps; false when there is none. */
bool ring_put(struct agent_ring *r, const struct agent_sample *s, const uint64_t *address);
/* Takes the oldest sample; false when there is none. */
bool ring_get(struct agent_ring *r, struct agent_sample *s, uint64_t *address);

/* ---- timers.c ---- */
bool timer_start(struct agent_ring *r);
void timer_stop(struct agent_ring *r);
bool itimer_start(void);
void itimer_stop(void);
int signal_pick(void);                    /* a signal nobody uses, with our handler; 0: none */
bool signal_ours(void);                   /* is agent.signal still ours? */
uint64_t random_below(uint64_t n);

/* ---- handler.c ---- */
void on_sample(int sig, siginfo_t *si, void *context);
/* What comes with rt_tgsigqueueinfo() for a look. */
#define AGENT_LOOK 0x70726f66
#define AGENT_DUMP 0x70726f67             /* for a dump */
/*
 * Unwinds, leaves the sample in the ring and keeps the accounts; `context`: of a handler, NULL: from here; `weight`: what is lost when there is no
 * room. No signal of ours may come meanwhile.
 */
bool sample_take(struct agent_ring *r, struct agent_sample *s, uint32_t weight, const void *context);

/* ---- event.c ---- */
/*
 * A sample of the calling thread from a hook, of this kind and with these values: its stack without our own frames goes into its
 * ring, and the writer makes a record of it (drain_ring). A few µs; errno stays. False: this thread or process is not recorded, or there was no room.
 */
bool event_put(enum pd_wire_kind kind, const uint64_t value[3]);

/* ---- unwind.c ---- */
/*
 * Addresses from the interrupted instruction, or (context NULL) from our caller, to the root; *flags as in pd_wire_stack. `places` may be NULL. Safe in a
 * handler.
 */
uint32_t unwind(struct agent_ring *r, const void *context, uint64_t *address, uint32_t max, uint32_t *flags, struct agent_places *places);

/* The same from here, for hooks, into w->frame. [lo, hi): the stack, 0 unknown. The caller has made `busy` odd. */
uint32_t unwind_here(struct agent_walker *w, uint64_t lo, uint64_t hi, uint32_t *flags);
/*
 * Another thread, asleep in a system call with this stack pointer and pc, all that the kernel tells. Its memory is read by system calls: it may
 * wake up and end. Where the way depends on another register: PD_WIRE_INCOMPLETE.
 */
uint32_t unwind_asleep(struct agent_walker *w, uint64_t sp, uint64_t pc, uint32_t *flags, struct agent_places *places);
struct agent_walker *writer_walker(void); /* for that, on the writer's thread; NULL: no memory */

/* ---- modules.c ---- */
struct agent_module {
	uint64_t start, limit;   /* of the executable part */
	uint64_t offset;         /* of start, in the file */
	uint64_t hdr, hdr_size;  /* address of .eh_frame_hdr in the program, bytes that may be read; 0 none */
	uint64_t shift;          /* what to add to an address of this module to get it in our view of its unwind tables */
	uint64_t view, view_size; /* our mapping of the file (0: the program's own memory is read) */
	uint64_t lo, hi;         /* program addresses that may be read by way of `shift` */
	uint64_t tables_offset;  /* of lo, in the file */
	uint64_t base;           /* load address: tells modules apart */
	uint32_t flags;          /* enum pd_wire_mapping_flags */
	uint32_t build_id_size;
	unsigned char build_id[32];
	char path[512];
};
struct agent_modules {
	size_t n, cap;           /* cap: bytes of the mapping */
	uint32_t generation;     /* 1, 2, ... */
	_Atomic uint32_t closes; /* what agent.closes was when it was known to be right */
	struct agent_modules *next; /* retired */
	struct agent_module v[]; /* by start */
};
/* For handlers: the list of now. It stays while a handler runs. */
const struct agent_modules *modules_now(void);
const struct agent_module *module_of(const struct agent_modules *m, uint64_t address);
/* Looks what is loaded and tells the stream; true when something changed. On the writer's thread. */
bool modules_refresh(void);
/* Gives back lists no handler can still be using. */
void modules_reclaim(void);
void modules_tell(void);                  /* the whole list to the stream: a new image begins */
bool modules_own(uint64_t address);       /* is this our own code? */
uint32_t modules_gone(void);              /* how often something was unloaded: addresses mean something else since */

/* ---- alone.c: is there one thread, but for ours? ---- */
bool alone(void);                         /* libc believes so; asked before the writer is started */
void alone_again(void);                   /* it did before: it shall go on to */
void alone_follow(void);                  /* on the writer's thread: it becomes the user the program has become */
bool alone_no_more(void);                 /* our thread counts from now on; called by a thread of the program. Did it not before? */

/* ---- loaded.c: what is loaded, without asking the loader. On the writer's thread, or before there is one ---- */
/* Memory that may not be there; false: it is not, or not all of it. */
bool memory_read(uint64_t address, void *to, size_t n);
/* Of a module: all but `view`, `view_size` and `shift`. It may be changed. False: no more. */
typedef bool loaded_one(struct agent_module *m, void *arg);
/* False: it was interrupted, or the list changed meanwhile; what was told may be wrong. */
bool loaded_each(loaded_one *one, void *arg);
/* Since then, as far as the end of the loader's list tells: not if something in between was unloaded. */
bool loaded_unchanged(void);
/* Maps the unwind tables of a library, where the file is still what was loaded. False: they cannot be read (m->hdr is 0). */
bool loaded_view(struct agent_module *m);

/* ---- writer.c ---- */
/*
 * The writer is a thread with a table of descriptors of its own: the program sees none of ours, and may close all of its own. Everybody
 * else asks it for things and waits, not forever.
 */
enum agent_request { ASK_NOTHING, ASK_DRAIN, ASK_LEAVE, ASK_FINISH, ASK_STOP }; /* leave: the thread ends; stop: finish, and it ends */
void writer_begin(void);                  /* first records of an image; before writer_start() */
bool writer_start(void);
bool writer_opened(void);                 /* waits until it has tried: is the stream open? */
bool writer_broken(void);                 /* it could not be written */
/* Its thread ends and is gone for the kernel, too; writer_start() makes another that goes on. False: not in time. */
bool writer_leave(void);
bool writer_gone(void);                   /* waits until its thread has ended, not forever */
void writer_ask(enum agent_request what, enum pd_wire_reason reason);
/* Around a fork: nothing is half done meanwhile. False: it could not be had in time. */
bool writer_pause(void);
void writer_resume(void);
void writer_reset(void);                  /* after a fork and before another recording: all state is new */
pid_t writer_thread(void);
void writer_hurry(void);                  /* a ring fills up; safe in a handler */
/* The thread itself only: */
void writer_mapping(const struct agent_module *m);
/* The id of a stack, whose mappings go first; a remark. On the writer's thread. */
void writer_text(const char *key, const char *value);
uint32_t writer_stack(const uint64_t *address, uint32_t n, uint32_t flags);
void writer_unmapping(const struct agent_module *m);
void writer_area(uint64_t start, uint64_t limit, uint64_t offset, const char *path); /* a mapping the loader does not know */
/* What the kernel says of a thread of this process in one of its small files, as text; false: nothing. */
bool writer_task_file(pid_t tid, const char *name, char *text, size_t size);
void writer_wall(const struct agent_ring *r, uint64_t time, uint64_t cpu, uint32_t stack, uint32_t flags, uint64_t waited);
/* Any record without a variable part. */
void writer_record(enum pd_wire_kind kind, void *fixed, size_t size);

void writer_drain(struct agent_ring *r);  /* what a thread has left is written */

/* ---- tasks.c: what /proc says of our threads; on the writer's thread, whose descriptors nobody sees ---- */
void tasks_each(void (*one)(pid_t tid));
/* Its signal handler shall have a look (AGENT_LOOK, AGENT_DUMP) at this thread. */
bool task_ask(struct agent_ring *r, int what);

/* What its file "syscall" says: "CALL ARGUMENT... STACK-POINTER INSTRUCTION", the last behind the call, which may be made again; CALL is -1 outside of one. False: it runs. */
bool task_place(const char *text, uint64_t *sp, uint64_t *pc, long *call);

/* ---- dump_signal.c: the signal that asks for dumps ---- */
void dump_signal_begin(void);             /* also in a child that is recorded */
void dump_signal_end(void);               /* it is the program's alone */
void dump_signal_exec(bool failed);       /* around an exec */
void dump_signal_listen(void);            /* on the writer's thread, which takes it when all others have it blocked */
void dump_signal_round(void);             /* now and then, on the writer's thread */
/* What the program does with it. */
void dump_signal_action(const struct sigaction *act, struct sigaction *old);
void dump_signal_fd(void);                /* it reads it from a signalfd: all of it is its own */
void dump_signal_waits(void);             /* it is going to wait for it */
void dump_signal_came(siginfo_t *si);     /* and it has come */
pid_t dump_signal_got(void);              /* who has had it last; 0: nobody */

/* ---- dump.c ---- */
void dump_begin(void);                    /* first records of an image */
void dump_ask(void);                      /* safe in a handler */
int dump_here(void);                      /* for programs: enum pda_status */
void dump_wait(void);                     /* until those that were asked for are taken, not forever */
/* On the writer's thread. */
bool dump_round(void);                    /* takes one if it was asked for */
void dump_done(void);                     /* it is in the file */
void dump_seen(struct agent_ring *r, const struct agent_sample *s, uint32_t stack);

/* ---- wall.c: on the writer's thread ---- */
/* One look at every thread, if it is time for one; when it is time for the next. */
uint64_t wall_round(uint64_t now);
void wall_begin(void);                    /* another process, another recording */
/* A look has come. */
void wall_look(struct agent_ring *r, const struct agent_sample *s, uint32_t stack);
/* What is known of a sleep that goes on. */
void wall_settle(struct agent_ring *r);
void wall_end(struct agent_ring *r);      /* the thread has ended */

/* A record with a variable part of `tail` bytes: more() piece by piece, then done(). */
void writer_put(enum pd_wire_kind kind, void *fixed, size_t size, size_t tail);
void writer_more(const void *p, size_t n);
void writer_done(void);
void writer_knows(uint64_t address);      /* its mapping goes first */
void writer_thread_known(struct agent_ring *r); /* its beginning and name go first */
/* Samples of this thread have the labels of this number (agent_ring.labels when it was taken); before one is put. */
void writer_labels(struct agent_ring *r, uint32_t labels);

/* ---- lock.c ---- */
void lock_find(void);                     /* before anything is recorded: what stands before the locks, if it is to be recorded */
void lock_begin(void);                    /* first records of an image, on whatever thread writes them */
void lock_end(void);                      /* nothing more is recorded */
void lock_forked(void);                   /* in the child: nobody else waits there */
/* On the writer's thread: what a hook saw becomes a record; sums, and how often samples are taken. */
void lock_write(const struct agent_ring *r, const struct agent_sample *s, uint32_t stack);
void lock_round(uint64_t now);
void lock_stats(void);

/* ---- heap.c ---- */
/* Before anything else is recorded; also in the child of a fork, which begins with nothing. */
void heap_begin(void);
void heap_end(void);
void heap_thread_begin(struct agent_ring *r); /* called by its thread */
void heap_thread_end(struct agent_ring *r);
void heap_tell(void);                         /* on the writer's thread: first record of an image */
bool heap_write(void);                        /* what has changed; true when there was something */
void heap_write_stats(void);
/* What the calling thread allocates is our own business: no samples. */
extern __thread unsigned agent_quiet __attribute__((tls_model("initial-exec")));

/* ---- code.c: on the writer's thread ---- */
bool code_known(uint64_t address);        /* in code of no file that the stream knows of */
bool code_find(uint64_t address);         /* in such code that it did not know: now it does */
void code_reset(void);                    /* a new image */

/* ---- main.c ---- */
bool agent_on(void);                         /* this process is being recorded, and not a vfork() of it */
void agent_stop(enum pd_wire_reason reason); /* timers off, everything written; once */
void agent_forked(void);                     /* in the child */
/* For programs: enum pda_status. */
int agent_start_here(const char *options, const char *path);
int agent_stop_here(void);
uint64_t now_ns(clockid_t clock);
uint64_t thread_cpu(pid_t tid);              /* CPU clock of a thread of ours; 0 when it is gone */

void signals_block(sigset_t *old);           /* all of them, by system call: our own hooks are not asked */
void signals_restore(const sigset_t *old);

/* The function behind ours, looked up once. */
void *next_symbol(const char *name);      /* behind us */
void *any_symbol(const char *name);       /* the program's */

#endif
