/*
 * The record stream: what the sampler that is loaded into a program writes, and the format `record` reads.
 *
 *   file    pd_wire_file, then blocks
 *   block   pd_wire_block, then records; written with one call, so that blocks of several processes may follow each other
 *   record  pd_wire_record: its size, its kind, and how many of its bytes are fields of fixed size; the rest is text or arrays
 *
 * All numbers are little-endian and aligned to their size, records to 8 bytes. Records of an unknown kind are skipped; a fixed part
 * may become longer, readers take the fields they know. A program that was killed leaves a stream without its last block:
 * everything before it counts. A program that ended well ends with PD_WIRE_END, the index of its blocks.
 *
 * Times are nanoseconds of CLOCK_MONOTONIC. Every record speaks of the process of its block; what mappings, names and stacks mean
 * depends on what stands before them in blocks of the same process. This header needs nothing but <stdint.h>.
 */
#ifndef PROFDATA_AGENT_WIRE_H
#define PROFDATA_AGENT_WIRE_H

#include <stdint.h>

#define PD_WIRE_MAGIC "\xb5pdrec\r\n" /* 8 bytes */
#define PD_WIRE_MAJOR 1               /* other numbers: not for this reader */
#define PD_WIRE_MINOR 0
#define PD_WIRE_BLOCK_MAGIC 0x424b4450u /* "PDKB" */
#define PD_WIRE_BLOCK_MAX (1u << 20)    /* bytes of one block */

struct pd_wire_file {
	char magic[8];
	uint16_t major, minor;
	uint32_t size;     /* of this header */
	uint64_t realtime; /* CLOCK_REALTIME and CLOCK_MONOTONIC when it was made */
	uint64_t monotonic;
};

struct pd_wire_block {
	uint32_t magic;
	uint32_t size;     /* with this header */
	uint32_t pid;
	uint32_t records;
	uint64_t image;    /* when this program image began to record: tells users of one pid apart */
	uint64_t time;     /* when the block was written */
	uint64_t sequence; /* 0, 1, ... per image; a gap is a block that is missing */
};

struct pd_wire_record {
	uint32_t size;  /* with this header, a multiple of 8 */
	uint16_t kind;  /* enum pd_wire_kind */
	uint16_t fixed; /* bytes up to the variable part, with this header */
};

enum pd_wire_kind {
	PD_WIRE_PROCESS = 1,
	PD_WIRE_TEXT,
	PD_WIRE_MAPPING,
	PD_WIRE_UNMAPPING,
	PD_WIRE_THREAD,
	PD_WIRE_NAME,
	PD_WIRE_THREAD_END,
	PD_WIRE_STACK,
	PD_WIRE_CPU,
	PD_WIRE_WALL,
	PD_WIRE_STATS,
	PD_WIRE_END,
	PD_WIRE_HEAP_BEGIN = 20,
	PD_WIRE_HEAP,
	PD_WIRE_HEAP_STATS,
	/* who waits, and for whom */
	PD_WIRE_LOCK = 30,
	PD_WIRE_LOCK_WAIT,
	PD_WIRE_LOCK_HOLD,
	PD_WIRE_LOCK_STATS,
	/* threads asleep, and all threads at one moment */
	PD_WIRE_SLEEP = 50,
	PD_WIRE_DUMP,
	PD_WIRE_DUMP_END,
	PD_WIRE_DUMP_BEGIN,
	/* threads looked at beside samples of CPU time */
	PD_WIRE_LOOKS_BEGIN,
	PD_WIRE_LOOK,
	/* what `profdata record` sees from outside, by the kernel's perf events */
	PD_WIRE_SPELL = 60,
	PD_WIRE_EVENT,
	PD_WIRE_OUTSIDE,
	PD_WIRE_OUTSIDE_STATS,
	PD_WIRE_CODE,
	PD_WIRE_OUTSIDE_LOST,
	/* 40 to 49: spans and labels */
	PD_WIRE_MARK_NAME = 40,
	PD_WIRE_MARKS,
	PD_WIRE_MARK_SUMS,
	PD_WIRE_LABELS,
	PD_WIRE_LABELED,
	PD_WIRE_FUNCTION,
	PD_WIRE_SYMBOL,
};

enum pd_wire_engine {
	PD_WIRE_TIMER_CREATE = 1, /* a timer on the CPU clock of each thread; what it could not deliver is counted */
	PD_WIRE_SETITIMER,        /* one timer for the process: at most one signal per kernel tick, the rest is lost without a trace */
	PD_WIRE_PERF_EVENTS,      /* from outside: the kernel's own timer on each thread's CPU time */
};

/* First record of an image: what is recorded and how. */
struct pd_wire_process {
	struct pd_wire_record r;
	uint32_t pid, ppid;
	uint64_t realtime, monotonic; /* now, on both clocks */
	uint64_t cpu_period;          /* ns of CPU time per sample; 0: not recorded */
	uint64_t wall_period;         /* ns between looks at each thread; 0: not recorded */
	uint64_t tick;                /* ns between two ticks of the kernel, 0 unknown */
	uint32_t engine;              /* enum pd_wire_engine */
	uint32_t path_size;           /* then the path of the program */
};

/* A remark for readers: key, value. */
struct pd_wire_text {
	struct pd_wire_record r;
	uint32_t key_size, value_size; /* then both texts */
};

enum pd_wire_mapping_flags { PD_WIRE_MAIN = 1 };

struct pd_wire_mapping {
	struct pd_wire_record r;
	uint64_t start, limit, offset; /* addresses [start, limit), offset in the file of start */
	uint32_t flags;                /* enum pd_wire_mapping_flags */
	uint32_t path_size, build_id_size; /* then the path, then the bytes of the build id */
	uint32_t zero;
};

struct pd_wire_unmapping {
	struct pd_wire_record r;
	uint64_t start, limit;
};

/* A thread begins, or was there when recording began. */
struct pd_wire_thread {
	struct pd_wire_record r;
	uint32_t tid, zero;
	uint64_t time, cpu; /* its CPU clock at that time */
};

/* The name a thread has from here on. */
struct pd_wire_name {
	struct pd_wire_record r;
	uint32_t tid, name_size; /* then the name */
};

struct pd_wire_thread_end {
	struct pd_wire_record r;
	uint32_t tid, zero;
	uint64_t time, cpu;
};

enum pd_wire_stack_flags {
	PD_WIRE_TRUNCATED = 1,  /* deeper than what is recorded: the frames at the root are missing */
	PD_WIRE_INCOMPLETE = 2, /* the unwinder could not go on */
	PD_WIRE_UNSEEN = 4,     /* where it was is not known: the addresses, if any, are where it was seen last */
};

/* Addresses, leaf first, each inside of the instruction that runs or calls. Ids grow from 1 within an image. */
struct pd_wire_stack {
	struct pd_wire_record r;
	uint32_t id, flags; /* enum pd_wire_stack_flags */
	uint32_t n, zero;   /* then uint64_t address[n] */
};

enum pd_wire_cpu_flags { PD_WIRE_LATE = 1 }; /* so many periods at once that the place says little about them */

/* `count` periods of CPU time. */
struct pd_wire_cpu {
	struct pd_wire_record r;
	uint64_t time;
	uint32_t tid, stack, count, flags; /* enum pd_wire_cpu_flags */
};

/*
 * A look at a thread, whatever it does: the stretch since the look before (or since the thread began) belongs to this stack, as much of
 * it running as its CPU clock went on.
 */
enum pd_wire_wall_flags { PD_WIRE_ASLEEP = 1 }; /* it has not run since the look before, whose stack this is */

struct pd_wire_wall {
	struct pd_wire_record r;
	uint64_t time, cpu;
	uint32_t tid, stack, flags; /* enum pd_wire_wall_flags */
	uint32_t waited;   /* of this stretch, microseconds for which it could have run but had no CPU; more than there is belongs to the next one */
};

/* Sums since the image began; the last one counts. */
struct pd_wire_stats {
	struct pd_wire_record r;
	uint64_t time;
	uint64_t process_cpu; /* ns of CPU time of the process since recording began, agent included */
	uint64_t agent_cpu;   /* of that, threads of the agent */
	uint64_t handler_ns;  /* and inside the signal handler */
	uint64_t signals;     /* handled */
	uint64_t periods;     /* of CPU time, signals and overruns */
	uint64_t lost;        /* samples there was no room for */
	uint64_t truncated, incomplete, late;
	uint64_t handler_p50, handler_p99; /* ns */
	uint64_t threads, unsampled; /* threads seen, and those that could not be sampled */
};

enum pd_wire_reason { PD_WIRE_EXIT = 1, PD_WIRE_EXEC, PD_WIRE_STOPPED, PD_WIRE_FILTERED }; /* filtered: the process was about to have its system calls limited (seccomp) */

struct pd_wire_index {
	uint64_t offset, time; /* of a block of this image */
};

struct pd_wire_end {
	struct pd_wire_record r;
	uint64_t time;
	uint32_t reason; /* enum pd_wire_reason */
	uint32_t blocks; /* then struct pd_wire_index[blocks]: the first ones when there were more than it could keep */
};

/* ---- locks ---- */

/* Waiting is recorded in this image, from here on. */
struct pd_wire_lock {
	struct pd_wire_record r;
	uint64_t rate; /* ns: who waits that long is always recorded, who waits shorter with the probability wait / rate */
};

enum pd_wire_lock_what {
	PD_WIRE_LOCK_MUTEX = 1,
	PD_WIRE_LOCK_RWLOCK,
	PD_WIRE_LOCK_COND,
	PD_WIRE_LOCK_SEM,
	PD_WIRE_LOCK_JOIN,
	PD_WIRE_LOCK_BARRIER,
};

/*
 * LOCK_WAIT: a thread waited `ns` for something, at this stack. LOCK_HOLD: a thread gave a mutex or rwlock back after others had waited
 * `ns` in all while it was held, at the stack that gave it back. Each stands for max(1, rate / ns) of its kind and max(ns, rate) nanoseconds.
 */
struct pd_wire_lock_event {
	struct pd_wire_record r;
	uint64_t time, ns;
	uint64_t rate; /* for this record: that of the image, or more while there was more to record than should be */
	uint32_t tid, stack;
	uint32_t what, zero; /* enum pd_wire_lock_what */
};

/* Sums since the image began; the last one counts. */
struct pd_wire_lock_stats {
	struct pd_wire_record r;
	uint64_t waits, holds;           /* recorded */
	uint64_t lost;                   /* there was no room for them, or no thread of ours */
	uint64_t unmatched;              /* waits whose holders could not be followed */
	uint64_t wait_rate, hold_rate;   /* the highest rates that were used */
};

/* ---- from outside ---- */

enum pd_wire_state { PD_WIRE_RUNNING = 1, PD_WIRE_RUNNABLE, PD_WIRE_SLEEPING };

/*
 * `ns` of a thread's life in one state, ended at `time`: on the CPU (what it used since the sample before), waiting for one, or asleep, all by
 * the kernel's context switches. The spells of a thread add up to its life, from PD_WIRE_THREAD to PD_WIRE_THREAD_END.
 */
struct pd_wire_spell {
	struct pd_wire_record r;
	uint64_t time, ns;
	uint32_t tid, stack, state, count; /* enum pd_wire_state; count: samples or sleeps */
};

/* A sample of an event that is no clock: `value` of them since the one before. */
struct pd_wire_event {
	struct pd_wire_record r;
	uint64_t time, value;
	uint32_t tid, stack;
};

enum pd_wire_outside_flags {
	PD_WIRE_ATTACHED = 1,   /* to programs that ran already */
	PD_WIRE_ALL_CPUS = 2,
	PD_WIRE_USER_ONLY = 4,  /* the kernel's side was not to be seen */
	PD_WIRE_NO_SWITCHES = 8, /* stacks at context switches were not to be seen */
	PD_WIRE_FRAME_POINTERS = 16, /* no stacks were copied */
	PD_WIRE_CLOCK = 32,     /* the event is CPU time: its samples are PD_WIRE_CPU and PD_WIRE_SPELL */
};

/* In a block without a process, before everything else: how it was recorded. */
struct pd_wire_outside {
	struct pd_wire_record r;
	double rate;             /* samples per second asked for */
	uint32_t flags;          /* enum pd_wire_outside_flags */
	uint32_t cpus;           /* watched */
	uint32_t stack, switch_stack; /* bytes of stack copied with each sample, at each switch */
	uint32_t ring;           /* bytes per CPU */
	int32_t paranoid;        /* kernel.perf_event_paranoid */
	uint32_t event_size;     /* then the name of the event */
	uint32_t zero;
};

/* In a block without a process; the last one counts. */
struct pd_wire_outside_stats {
	struct pd_wire_record r;
	uint64_t time, elapsed;  /* ns */
	uint64_t cpu;            /* ns of CPU time of what was recorded, by the kernel's count; 0 unknown */
	uint64_t samples, switches;
	uint64_t lost, throttled; /* records the kernel had no room for; times it held samples back */
	uint64_t truncated, incomplete, unwound, /* stacks */
		spliced;         /* of them continued by frame pointers where the copy ended */
	uint64_t threads, processes;
	uint64_t unpaired;       /* switches whose counterpart is missing */
	uint64_t own_cpu;        /* ns of CPU time of the recorder */
};

/* In a block without a process; the last one counts: what of the records that the kernel had no room for is known. */
struct pd_wire_outside_lost {
	struct pd_wire_record r;
	uint64_t asleep;         /* stacks at switches: those sleeps are there, and where they were is not */
	uint64_t records;        /* others: samples, switches, threads and mappings */
	uint64_t gaps, ns;       /* times that happened, and for how long on one CPU each, together: who ran then is partly a guess */
};

/*
 * Memory: of all bytes that are allocated one in `period` is picked at random, and the object it lies in is sampled until it is freed. An
 * object of s bytes is picked with the probability 1 - exp(-s / period) and stands for the inverse of that.
 */
struct pd_wire_heap_begin {
	struct pd_wire_record r;
	uint64_t time;
	uint64_t period; /* bytes; 1: every object */
};

/* What was allocated at a stack by a thread (0: any), and freed of that by whomever, since the record before about the two. */
struct pd_wire_heap {
	struct pd_wire_record r;
	uint64_t time;
	uint32_t tid, stack;
	uint64_t alloc_objects, alloc_space; /* for how many objects and bytes the sampled ones stand */
	uint64_t free_objects, free_space;
	uint64_t allocs, frees;              /* objects sampled */
};

/* Sums since the image began; the last one counts. */
struct pd_wire_heap_stats {
	struct pd_wire_record r;
	uint64_t time;
	uint64_t bytes;                      /* allocated, counted */
	uint64_t alloc_space, free_space;    /* the same as the sample has it */
	uint64_t allocs, frees;              /* objects sampled */
	uint64_t dropped;                    /* picked, but there was no room to remember them */
	uint64_t no_stack;                   /* sampled without a stack */
	uint64_t ns;                         /* spent on sampled objects */
};

/* ---- spans and labels, see <profdata/agent.h> ---- */

/* What events are called. Ids grow from 1 within an image. */
struct pd_wire_mark_name {
	struct pd_wire_record r;
	uint32_t id, zero;
	uint32_t name_size, category_size; /* then both texts */
};

enum pd_wire_mark_kind {
	PD_WIRE_MARK_BEGIN = 1,
	PD_WIRE_MARK_END,          /* of the innermost span that is open */
	PD_WIRE_MARK_INSTANT,
	PD_WIRE_MARK_CALL,         /* `name` is the id of a PD_WIRE_FUNCTION */
	PD_WIRE_MARK_RETURN,       /* of the innermost call that is open */
	PD_WIRE_MARK_VALUED = 128, /* from here on a value follows, 8 bytes */
	PD_WIRE_MARK_INTEGER = 128, /* a counter: int64_t */
	PD_WIRE_MARK_REAL,         /* a counter: double */
	PD_WIRE_MARK_ASYNC_BEGIN,  /* the value is what ties begin and end */
	PD_WIRE_MARK_ASYNC_END,
	PD_WIRE_MARK_FLOW_BEGIN,   /* an arrow from here to where its end has the same value */
	PD_WIRE_MARK_FLOW_END,
};

struct pd_wire_mark {
	uint64_t time;
	uint32_t kind; /* enum pd_wire_mark_kind */
	uint32_t name; /* id, 0 none; then uint64_t value when `kind` has one */
};

/* Events of one thread in order of time; with its samples, too. */
struct pd_wire_marks {
	struct pd_wire_record r;
	uint32_t tid, size; /* then `size` bytes of struct pd_wire_mark and values */
};

/* Sums since the image began; the last one counts. */
struct pd_wire_mark_sums {
	struct pd_wire_record r;
	uint64_t time;
	uint64_t events;       /* recorded */
	uint64_t lost;         /* there was no room for: spans and calls with all inside of them */
	uint64_t short_calls;  /* shorter than `min_duration`, left out */
	uint64_t deep_calls;   /* deeper than `max_depth`, left out */
	uint64_t unwound;      /* calls that ended without returning: longjmp() and the like */
	uint64_t min_duration; /* ns */
	uint32_t max_depth;    /* of calls; 0: calls are not recorded */
	uint32_t zero;
};

/* A set of labels. Ids grow from 1 within an image. */
struct pd_wire_labels {
	struct pd_wire_record r;
	uint32_t id, size; /* then `size` bytes: key and value in turn, each with a zero behind */
};

/* What is sampled in this thread has this set of labels from here on in the stream; 0: none. */
struct pd_wire_labeled {
	struct pd_wire_record r;
	uint32_t tid, labels;
};

/* A function whose calls are recorded. Ids grow from 1 within an image. */
struct pd_wire_function {
	struct pd_wire_record r;
	uint32_t id, zero;
	uint64_t address;
};

/*
 * What an address in a file is called, worked out when the recording had ended. Such records stand before all processes. Lines
 * are innermost inlined function first, as struct pd_wire_line each, then their texts.
 */
struct pd_wire_symbol {
	struct pd_wire_record r;
	uint64_t offset;                   /* address - start + offset of the mapping */
	uint32_t path_size, build_id_size; /* then the path and the bytes of the build id, as in PD_WIRE_MAPPING, */
	uint32_t lines, zero;              /* the lines and their texts */
};

/*
 * What an address in code made at run time was called from `time` on, by the list of such code that is mapped there (its path). Such records stand
 * before all processes: an address used for several functions has several.
 */
struct pd_wire_code {
	struct pd_wire_record r;
	uint64_t time, address;
	uint32_t path_size, name_size; /* then both texts */
};

struct pd_wire_line {
	uint32_t name_size, system_name_size, file_size, line;
};

/* Looks that find the thread asleep find it in this system call, until another one is told or it ran. */
struct pd_wire_sleep {
	struct pd_wire_record r;
	uint64_t time;
	uint32_t tid;
	int32_t syscall; /* number of this machine; -1: in none, or not known */
};

/*
 * From here on threads of this image are looked at beside samples of their CPU time, and there are no PD_WIRE_WALL. How long a thread ran, slept and
 * waited for a CPU is known from its clocks; where, from samples of each: PD_WIRE_CPU where it ran, `count` being the weight; looks that found it asleep; looks that
 * found it waiting for a CPU. The time it ran and the time it slept are shared by their samples in proportion to the weights. Of the time it waited for a CPU each
 * look that found it just woken has its weight; the rest is shared by those that found it where it had run (one of these may be of a thread that ran until the sampler did).
 */
struct pd_wire_looks_begin {
	struct pd_wire_record r;
	uint64_t period; /* ns between looks that were asked for; when little happens there are fewer, of more weight */
};

enum pd_wire_look_flags { PD_WIRE_WOKEN = 1 }; /* PD_WIRE_RUNNABLE: it has just been woken from a sleep there */

struct pd_wire_look {
	struct pd_wire_record r;
	uint64_t time, cpu;  /* clocks of the thread, */
	uint64_t ready;      /* and for how long it has waited for a CPU since the first of these records */
	uint64_t weight;     /* ns for which this look stands */
	uint32_t tid, stack; /* 0: where the last look found it asleep; with no weight: clocks only */
	uint32_t state;      /* enum pd_wire_state: PD_WIRE_SLEEPING, PD_WIRE_RUNNABLE, PD_WIRE_RUNNING for clocks only */
	int32_t syscall;     /* as in pd_wire_sleep */
	uint32_t looks;      /* how many this is */
	uint32_t flags;      /* enum pd_wire_look_flags */
};

/* A thread of a dump: where it is, and what it does there. */
struct pd_wire_dump {
	struct pd_wire_record r;
	uint64_t time, cpu;  /* ns of CPU time since it began */
	uint32_t tid, stack; /* 0: could not be seen */
	uint32_t number;     /* 1, 2, ... of the dump in this image */
	int32_t syscall;     /* as above */
	uint32_t state;      /* letter of the kernel: R, S, D, T, t, Z ...; 0 unknown */
	uint32_t wait_size;  /* then the function of the kernel it waits in */
};

/* Dumps may be asked for in this image, from here on. */
struct pd_wire_dump_begin {
	struct pd_wire_record r;
	int32_t signal; /* of the program, that asks for one */
	uint32_t zero;
};

struct pd_wire_dump_end {
	struct pd_wire_record r;
	uint64_t time;
	uint32_t number, threads;
	uint64_t stopped_p50, stopped_most; /* ns that one thread was held for it */
};

#ifdef __cplusplus
#define PD_WIRE_LAYOUT(s, n) static_assert(sizeof(struct s) == (n), "layout of " #s)
#else
#define PD_WIRE_LAYOUT(s, n) _Static_assert(sizeof(struct s) == (n), "layout of " #s)
#endif
PD_WIRE_LAYOUT(pd_wire_file, 32);
PD_WIRE_LAYOUT(pd_wire_block, 40);
PD_WIRE_LAYOUT(pd_wire_record, 8);
PD_WIRE_LAYOUT(pd_wire_process, 64);
PD_WIRE_LAYOUT(pd_wire_text, 16);
PD_WIRE_LAYOUT(pd_wire_mapping, 48);
PD_WIRE_LAYOUT(pd_wire_unmapping, 24);
PD_WIRE_LAYOUT(pd_wire_thread, 32);
PD_WIRE_LAYOUT(pd_wire_name, 16);
PD_WIRE_LAYOUT(pd_wire_thread_end, 32);
PD_WIRE_LAYOUT(pd_wire_stack, 24);
PD_WIRE_LAYOUT(pd_wire_cpu, 32);
PD_WIRE_LAYOUT(pd_wire_wall, 40);
PD_WIRE_LAYOUT(pd_wire_stats, 120);
PD_WIRE_LAYOUT(pd_wire_index, 16);
PD_WIRE_LAYOUT(pd_wire_end, 24);
PD_WIRE_LAYOUT(pd_wire_sleep, 24);
PD_WIRE_LAYOUT(pd_wire_looks_begin, 16);
PD_WIRE_LAYOUT(pd_wire_look, 64);
PD_WIRE_LAYOUT(pd_wire_dump, 48);
PD_WIRE_LAYOUT(pd_wire_dump_end, 40);
PD_WIRE_LAYOUT(pd_wire_dump_begin, 16);
PD_WIRE_LAYOUT(pd_wire_lock, 16);
PD_WIRE_LAYOUT(pd_wire_lock_event, 48);
PD_WIRE_LAYOUT(pd_wire_lock_stats, 56);
PD_WIRE_LAYOUT(pd_wire_spell, 40);
PD_WIRE_LAYOUT(pd_wire_event, 32);
PD_WIRE_LAYOUT(pd_wire_outside, 48);
PD_WIRE_LAYOUT(pd_wire_outside_stats, 128);
PD_WIRE_LAYOUT(pd_wire_outside_lost, 40);
PD_WIRE_LAYOUT(pd_wire_heap_begin, 24);
PD_WIRE_LAYOUT(pd_wire_heap, 72);
PD_WIRE_LAYOUT(pd_wire_heap_stats, 80);
PD_WIRE_LAYOUT(pd_wire_mark_name, 24);
PD_WIRE_LAYOUT(pd_wire_mark, 16);
PD_WIRE_LAYOUT(pd_wire_marks, 16);
PD_WIRE_LAYOUT(pd_wire_mark_sums, 72);
PD_WIRE_LAYOUT(pd_wire_labels, 16);
PD_WIRE_LAYOUT(pd_wire_labeled, 16);
PD_WIRE_LAYOUT(pd_wire_function, 24);
PD_WIRE_LAYOUT(pd_wire_symbol, 32);
PD_WIRE_LAYOUT(pd_wire_line, 16);

#endif
