/* What the files of `profdata record` share. */
#ifndef CMDS_RECORD_H
#define CMDS_RECORD_H

#include "cli.h"

struct record_args {
	struct cmd_common common;
	const char *output, *flame, *engine;
	const char *pids, *event, *call_graph; /* from outside */
	double rate, seconds;
	int64_t heap_period;
	bool cpu, wall, heap, no_children, no_symbols, timestamps;
	bool outside, all_cpus;
	bool lock;
	int64_t lock_rate; /* ns */
	bool trace, functions;
	double min_duration; /* us */
};

#define RECORD_FAILED 125 /* our own failure; statuses of the command are its own */

/* ---- record_target.c: what is to run, and whether the sampler can get into it ---- */
/* Full path of a command, as execvp() would find it. 0, or the status to end with after printing the error. */
int record_find(struct cmd_ctx *ctx, const char *command, char *path, size_t size);
/* 0, or RECORD_FAILED after saying why the sampler cannot be loaded into this program. */
int record_loadable(struct cmd_ctx *ctx, const char *path);
/* The sampler library of this installation. 0 or RECORD_FAILED. */
int record_agent(struct cmd_ctx *ctx, char *path, size_t size);

/* ---- record_run.c ---- */
/* Runs it with the sampler, which writes to `stream`; *status is what record ends with when nothing else goes wrong. 0 or the status to end with. */
int record_run_command(struct cmd_ctx *ctx, const struct record_args *a, const char *agent, const char *stream, const char *path, char **argv, int *status);

/* ---- record_trace.c ---- */
/* Puts the names of functions, lines and files that a profile of the stream has into the stream. False: it is as it was, errno says why. */
bool record_put_names(const char *stream, const struct pd_doc *doc);
/* Writes the stream as a timeline. 0 or a status after printing the error. */
int record_timeline(struct cmd_ctx *ctx, const char *stream, const struct cmd_output *o, const struct pd_format *f);

#endif
