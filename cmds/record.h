/* What the files of `profdata record` share. */
#ifndef CMDS_RECORD_H
#define CMDS_RECORD_H

#include "cli.h"
#include "proc.h"

#include <signal.h>
#include <sys/types.h>

struct record_args {
	struct cmd_common common;
	struct cmd_output out;
	const char *flame, *engine;
	const char *pids, *event, *call_graph; /* from outside */
	double rate, seconds;
	int64_t heap_period;
	bool dump;
	bool cpu, wall, heap, no_children, no_symbols, timestamps;
	bool outside, all_cpus;
	bool lock, split;
	int64_t lock_rate; /* ns */
	bool trace, functions, live;
	const char *dump_signal;
	int dump_number;     /* of that signal; 0: none */
	double min_duration; /* us */
	sigset_t mask; /* of signals, when no stream was there yet: that of the command */
};

#define RECORD_FAILED 125 /* our own failure; statuses of the command are its own */

/* ---- record.c ---- */
struct perf;
/* What one of its kinds is called, in profiles and for people: wall time before CPU time before memory. */
const char *record_sample_type(const struct record_args *a, const struct perf *perf, const char **what);
/* The document with names for its addresses; the same one where there are none. perf NULL: recorded from inside. */
struct pd_doc *record_named(struct cmd_ctx *ctx, struct perf *perf, struct pd_doc *doc);
bool record_ends_in(const char *path, const char *suffix);
/* The stream itself is what was asked for (-o FILE.pdrec). */
bool record_raw(const struct record_args *a);
/* The head of a stream, and what was asked for as a text. */
bool record_begin_stream(int fd, char **argv);
/* A dump of these processes as it was asked for: text on standard output, or -o and --flame. */
int record_dump_save(struct cmd_ctx *ctx, const struct record_args *a, const uint32_t *pid, size_t n, const char *stream);

/* ---- record_split.c ---- */
/* One series of a recording as a profile of its own; NULL and *err. */
struct pd_doc *record_kind(const struct record_args *a, const struct pd_doc *doc, unsigned series, struct pd_error *err);

/* ---- dump.c ---- */
int record_dump(struct cmd_ctx *ctx, const struct record_args *a, size_t operands);

/* ---- record_target.c: what is to run, and whether the sampler can get into it ---- */
/* Full path of a command, as execvp() would find it. 0, or the status to end with after printing the error. */
int record_find(struct cmd_ctx *ctx, const char *command, char *path, size_t size);
/*
 * 0: the sampler can be loaded into this program. Else why not, as "FILE is ...": PATH is to be recorded from outside, or (RECORD_FAILED) cannot be at all,
 * because it gets other rights.
 */
#define RECORD_OUTSIDE 1
int record_loadable(const char *path, char *why, size_t size);
/* The sampler library of this installation. 0 or RECORD_FAILED. */
int record_agent(struct cmd_ctx *ctx, char *path, size_t size);

/* ---- record_run.c ---- */
/* From when there is a stream: whoever wants us to stop has to wait until somebody asks, so that nothing is left behind. */
void record_hold_signals(struct record_args *a);
/* What has come meanwhile has been heard; the next one ends us. */
void record_release_signals(const struct record_args *a);
/* How a recording ended. */
struct record_end {
	int status; /* of the command; what record ends with when nothing else goes wrong */
	bool killed; /* by a signal, ours or another */
	bool whole; /* the command ended by itself: the recording is all of it */
};
/* Who looks on from outside while the command runs. */
struct record_watch {
	int (*begin)(void *arg, pid_t pid); /* it is there but has not begun; 0 or the status to end with */
	int (*wait)(void *arg, const sigset_t *set, siginfo_t *si, double seconds); /* as sigtimedwait(), -1: no signal */
	void *arg;
};
/*
 * Runs it with the sampler, which writes to `stream`, or (agent NULL) with somebody who looks on. 0 or the status to end with.
 */
int record_run_command(struct cmd_ctx *ctx, const struct record_args *a, const char *agent, const char *stream, const char *path, char **argv,
		       const struct record_watch *watch, struct record_end *end);

/* ---- record_pids.c ---- */
/*
 * "1234,1235" → numbers of processes, each once; *out is freed by the caller. `possible` looks at each: 0, or a status after saying why it cannot be
 * recorded; it may put another number in its place. 0 or RECORD_FAILED.
 */
int record_pids(struct cmd_ctx *ctx, const char *text, int (*possible)(struct cmd_ctx *ctx, uint32_t *pid), uint32_t **out, size_t *n);

/* ---- perf_why.c ---- */
/* Can it be attached to? Of a thread: its process. */
int record_pid_possible(struct cmd_ctx *ctx, uint32_t *pid);

/* ---- perf_main.c: from outside ---- */
struct perf;
/* NULL after saying why it is not possible. `because`: why it was not done from inside, or NULL. */
struct perf *record_outside_new(struct cmd_ctx *ctx, const struct record_args *a, const char *because);
/* Records the command, or processes, or all, as the arguments say. 0 or the status to end with. */
int record_outside_run(struct perf *p, const char *stream, const char *path, char **argv, const uint32_t *pid, size_t n, struct record_end *end);
/* The sample type it makes, and what that is for people. */
const char *record_outside_event(const struct perf *p, const char **what);
/* "NAME=FILE" for objects that lie elsewhere (containers), until it is freed. perf NULL: none. */
const char *const *record_outside_objects(struct perf *p, size_t *n);
void record_outside_free(struct perf *p);
/* Whoever was forked from a recorder is not in a hurry as that is. perf NULL: nothing. */
void record_outside_calm(struct perf *p);

/* ---- record_live.c ---- */
struct record_live {
	struct perf *perf;        /* NULL: from inside */
	double start, began, next; /* seconds */
	long pid;                 /* of who makes a table just now */
};
/* To be called several times a second: a table on standard error when it is time for one. */
void record_live(struct cmd_ctx *ctx, const struct record_args *a, const char *stream, struct record_live *l);
void record_live_end(struct record_live *l);

/* ---- record_code.c ---- */
/* Is this the name that jitdumps have? */
bool record_is_jitdump(const char *path);
/* Puts names of code made at run time into the stream, by their times. `objects`: "NAME=FILE", where lists lie elsewhere. False: there was nothing to put. */
bool record_put_code(const char *stream, const struct pd_doc *doc, const char *const *objects, size_t n_objects);

/* ---- record_dumps.c: dumps on a signal ---- */
/* What --dump-signal says becomes a number. 0 or a status after printing the error. */
int record_dump_signal(struct cmd_ctx *ctx, struct record_args *a);
struct record_dumps {
	int fd;                   /* the stream; 0: not open */
	uint64_t at;              /* read up to here */
	unsigned char *block;
	struct record_dump *due;  /* dumps without a text so far */
	size_t n, cap;
	unsigned made;
	long pid;                 /* of who writes one just now */
};
/* To be called several times a second: a text for each dump that has come. */
void record_dumps(struct cmd_ctx *ctx, const struct record_args *a, const char *stream, struct record_dumps *d);
/* The command has ended: for all that are left. */
void record_dumps_end(struct cmd_ctx *ctx, const struct record_args *a, const char *stream, struct record_dumps *d);

/* ---- record_unnamed.c ---- */
/* One line about code made at run time that has no names, where it is worth one. */
void record_tell_unnamed(struct cmd_ctx *ctx, const struct pd_doc *doc, const char *sample_type);

/* ---- record_trace.c ---- */
/* Puts the names of functions, lines and files that a profile of the stream has into the stream. False: it is as it was, errno says why. */
bool record_put_names(const char *stream, const struct pd_doc *doc);
/* Writes the stream as a timeline. 0 or a status after printing the error. */
int record_timeline(struct cmd_ctx *ctx, const char *stream, const struct cmd_output *o, const struct pd_format *f);

#endif
