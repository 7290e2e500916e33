/* What is known about the recording: the header, and comments that say how far it can be trusted. */
#include "record/record.h"

#include <inttypes.h>
#include <stdarg.h>

struct facts {
	uint64_t first, last, started; /* CLOCK_MONOTONIC, and CLOCK_REALTIME at `first` */
	uint64_t periods, cpu, agent, handler, signals, lost, truncated, incomplete, late, threads, unsampled, p50, p99;
	uint64_t cpu_period, wall_period, tick, missing;
	size_t processes;
	uint32_t engines;
	bool mixed, counted;
};

void record_say(struct record *r, const char *fmt, ...)
{
	char line[512];
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	if (n > 0)
		pd_builder_comment(r->b, pd_intern(r->b, line, (size_t)n < sizeof(line) ? (size_t)n : sizeof(line) - 1));
}

static void add(uint64_t *sum, uint64_t v)
{
	if (pd_add_overflow(*sum, v, sum))
		*sum = UINT64_MAX;
}

static uint64_t most(uint64_t a, uint64_t b) { return a > b ? a : b; }

static void take(struct facts *f, const struct record_image *im)
{
	const struct pd_wire_stats *s = &im->stats;
	const struct pd_wire_process *p = &im->process;

	if (!im->begun)
		return;
	if (im->first < f->first) {
		f->first = im->first;
		f->started = p->realtime - (p->monotonic - im->first); /* its own clocks side by side */
	}
	f->last = most(f->last, im->last);
	f->mixed |= f->processes && (p->cpu_period != f->cpu_period || p->wall_period != f->wall_period);
	f->processes++;
	f->counted |= s->time != 0;
	add(&f->missing, im->missing);
	f->cpu_period = p->cpu_period;
	f->wall_period = p->wall_period;
	f->tick = p->tick;
	f->engines |= p->engine < 32 ? 1u << p->engine : 0;
	add(&f->periods, s->periods);
	add(&f->cpu, s->process_cpu);
	add(&f->agent, s->agent_cpu);
	add(&f->handler, s->handler_ns);
	add(&f->signals, s->signals);
	add(&f->lost, s->lost);
	add(&f->truncated, s->truncated);
	add(&f->incomplete, s->incomplete);
	add(&f->late, s->late);
	add(&f->threads, s->threads);
	add(&f->unsampled, s->unsampled);
	f->p50 = most(f->p50, s->handler_p50);
	f->p99 = most(f->p99, s->handler_p99);
}

static double rate(uint64_t period) { return period ? 1e9 / (double)period : 0; }

/* One fact per line, "record.NAME: VALUE", for people and programs alike. */
static void comments(struct record *r, const struct facts *f)
{
	double own = (double)f->cpu - (double)f->agent;

	if (f->mixed)
		record_say(r, "record.warning: processes were recorded at different rates; values are right, the period is that of the last one");
	if (f->cpu_period) {
		record_say(r, "record.engine: %s", f->engines & 1u << PD_WIRE_SETITIMER ? "setitimer (one timer for all threads: at most one sample per kernel tick, biased to "
											"threads that run long; the rest is lost without a trace)" :
										   "timer_create (a timer per thread; what a kernel tick could not deliver is in the weights)");
		record_say(r, "record.rate_asked: %.6g per CPU second", rate(f->cpu_period));
		if (own > 0)
			record_say(r, "record.rate_delivered: %.6g per CPU second", (double)f->periods / own * 1e9);
		if (own > 0)
			record_say(r, "record.signals: %.6g per CPU second", (double)f->signals / own * 1e9);
	}
	if (f->wall_period)
		record_say(r, "record.wall_rate_asked: %.6g per second and thread", rate(f->wall_period));
	if (f->tick)
		record_say(r, "record.kernel_tick: %.6g Hz", rate(f->tick));
	record_say(r, "record.processes: %zu", f->processes);
	if (r->filtered)
		record_say(r, "record.filtered: %zu had their system calls limited (seccomp), and were recorded until then", r->filtered);
	if (f->missing)
		record_say(r, "record.lost_blocks: %" PRIu64 " pieces of the recording could not be written, with the samples, stacks and names in them", f->missing);
	if (!f->counted) /* all of them were killed in their first second */
		return;
	record_say(r, "record.cpu_seconds: %.6f", own > 0 ? own / 1e9 : 0);
	record_say(r, "record.threads: %" PRIu64 " (%" PRIu64 " not sampled)", f->threads, f->unsampled);
	if (f->cpu_period || f->wall_period)
		record_say(r, "record.samples: %" PRIu64 " taken, %" PRIu64 " lost, %" PRIu64 " truncated, %" PRIu64 " incomplete, %" PRIu64 " late", f->signals, f->lost,
			   f->truncated, f->incomplete, f->late);
	if (f->cpu_period || f->wall_period)
		record_say(r, "record.handler: p50 %.3g us, p99 %.3g us%s", (double)f->p50 / 1e3, (double)f->p99 / 1e3, f->processes > 1 ? ", each of the slowest process" : "");
	if (f->cpu)
		record_say(r, "record.agent_cpu: %.3g %% of the CPU time (%.3g %% in handlers, %.3g %% in its threads)",
		    100.0 * ((double)f->agent + (double)f->handler) / (double)f->cpu, 100.0 * (double)f->handler / (double)f->cpu, 100.0 * (double)f->agent / (double)f->cpu);
}

void record_facts(struct record *r, const struct pd_wire_file *file)
{
	struct facts f = { .first = UINT64_MAX, .started = file->realtime };
	struct pd_meta *m = pd_builder_meta(r->b);
	bool cpu;

	for (size_t i = 0; i < r->image.n; i++)
		take(&f, &r->image.v[i]);
	m->producer = pd_intern_z(r->b, "profdata record");
	m->time_nanos = f.started <= INT64_MAX ? (int64_t)f.started : 0;
	if (!f.processes)
		return;
	cpu = f.cpu_period != 0;
	if (f.last > f.first)
		m->duration_nanos = (int64_t)(f.last - f.first);
	if (r->whole_run && m->duration_nanos > 0) /* the time tells one run from another when recordings are merged */
		record_say(r, "record.run: from its begin to its end, %" PRId64 " ns", m->duration_nanos);
	m->period = (int64_t)(cpu ? f.cpu_period : f.wall_period);
	m->period_type = pd_intern_z(r->b, cpu ? "cpu" : "wall");
	m->period_unit = pd_intern_z(r->b, "nanoseconds");
	m->default_sample_type = pd_intern_z(r->b, f.wall_period ? "wall" : "cpu");
	m->root_label = f.processes > 1 ? pd_intern_z(r->b, "comm") : (pd_str){ 0 };
	if (r->outside.r.kind)
		record_outside_facts(r);
	else
		comments(r, &f);
	record_mark_facts(r);
	record_heap_facts(r);
	record_lock_facts(r);
	record_dump_facts(r);
}
