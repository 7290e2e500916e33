/*
 * What is recorded, while it is recorded: a table every two seconds. It is made by a process of its own from the stream as far as it has
 * come, so that nobody waits for it; and less often when making it takes long.
 */
#include "record.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <profdata/report.h>

#define EVERY 2.0   /* seconds */
#define SHARE 10.0  /* making tables takes at most one part in so many of one CPU */
#define ROWS 12

static double now(void) { return (double)proc_clock(CLOCK_MONOTONIC) / 1e9; }

static double percent(int64_t part, int64_t all) { return all ? 100.0 * (double)part / (double)all : 0; }

static void print_rows(struct pd_graph *g, int64_t total, struct pd_span unit)
{
	for (size_t i = 0; i < pd_graph_shown(g); i++) {
		uint32_t node = pd_graph_at(g, i);
		const char *name = pd_graph_name(g, node);
		struct pd_graph_node n;
		char flat[64], cum[64];

		pd_graph_node(g, node, &n);
		fprintf(stderr, "%10s %6.2f%% %10s %6.2f%%  ", cmd_amount(flat, sizeof(flat), (double)n.flat, unit), percent(n.flat, total),
			cmd_amount(cum, sizeof(cum), (double)n.cum, unit), percent(n.cum, total));
		for (const char *p = name ? name : ""; *p && p - name < 120; p++) /* names are whatever a program says */
			fputc((unsigned char)*p < ' ' || *p == 0x7f ? '?' : *p, stderr);
		fputc('\n', stderr);
	}
}

static void print(const struct record_args *a, const struct perf *perf, const struct pd_doc *doc, double seconds)
{
	const char *what, *name = record_sample_type(a, perf, &what);
	int type = pd_doc_find_sample_type(doc, name);
	struct pd_graph_opts opts = { .size = sizeof(opts), .edges = PD_EDGES_MARKS, .node_count = ROWS };
	struct pd_error err = { 0 };
	struct pd_sample_type t;
	struct pd_graph *g;
	int64_t total = 0;
	char amount[64];

	if (type < 0)
		return;
	opts.sample_type = (unsigned)type;
	pd_doc_sample_type(doc, opts.sample_type, &t);
	if (pd_report_total(doc, opts.sample_type, false, &total, &err) != PD_OK || !(g = pd_graph_new(doc, &opts, &err)))
		return;
	if (isatty(STDERR_FILENO))
		fputs("\033[H\033[J", stderr);
	fprintf(stderr, "%.0f s: %s of %s\n%10s %7s %10s %7s\n", seconds, cmd_amount(amount, sizeof(amount), (double)total, pd_doc_string(doc, t.type.unit)), what, "flat", "flat%", "cum", "cum%");
	print_rows(g, total, pd_doc_string(doc, t.type.unit));
	pd_graph_free(g);
}

/* In a process of its own. */
static void table(struct cmd_ctx *ctx, const struct record_args *a, const char *stream, struct perf *perf, double seconds)
{
	struct cmd_input in = { 0 };
	char *operand = (char *)(uintptr_t)stream;
	struct pd_doc *doc;

	record_outside_calm(perf);
	ctx->common.quiet = true;
	doc = cmd_load(ctx, &in, &operand, 1, PD_BUILD_AGGREGATE);
	if (doc && !a->no_symbols)
		doc = record_named(ctx, perf, doc);
	if (doc)
		print(a, perf, doc, seconds);
	_exit(0);
}

void record_live(struct cmd_ctx *ctx, const struct record_args *a, const char *stream, struct record_live *l)
{
	double t = now();

	if (!a->live || (l->pid > 0 && waitpid((pid_t)l->pid, NULL, WNOHANG) == 0))
		return;
	if (l->pid > 0)
		l->next = t + (EVERY > SHARE * (t - l->began) ? EVERY : SHARE * (t - l->began));
	l->pid = 0;
	if (!l->start)
		l->next = (l->start = t) + EVERY;
	if (t < l->next)
		return;
	fflush(NULL);
	l->began = t;
	l->pid = fork();
	if (l->pid == 0)
		table(ctx, a, stream, l->perf, t - l->start);
}

void record_live_end(struct record_live *l)
{
	if (l->pid <= 0)
		return;
	kill((pid_t)l->pid, SIGKILL);
	waitpid((pid_t)l->pid, NULL, 0);
	l->pid = 0;
}
