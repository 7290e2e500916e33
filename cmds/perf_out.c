/* record from outside: blocks of the stream. Each process has its own in the making. */
#include "perf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BLOCK_BYTES (64u << 10)  /* from which a block is written */

/* ---- blocks ---- */

static void write_all(struct perf *p, const unsigned char *v, size_t n)
{
	while (n && !p->full) {
		ssize_t done = write(p->out, v, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0) { /* what was written before counts */
			p->full = true;
			cmd_warnf(p->ctx, "the recording ends here: %s", done < 0 ? strerror(errno) : "nothing more can be written");
			return;
		}
		v += done;
		n -= (size_t)done;
	}
}

void perf_flush(struct perf *p, struct perf_proc *proc)
{
	struct pd_wire_block head = { .magic = PD_WIRE_BLOCK_MAGIC, .size = (uint32_t)proc->out.n, .pid = proc->pid, .records = proc->records, .image = proc->image,
				      .sequence = proc->sequence };

	if (!proc->records)
		return;
	head.time = proc->flushed = proc_clock(CLOCK_MONOTONIC);
	if (p->end && head.time > p->end)
		head.time = p->end;
	memcpy(proc->out.v, &head, sizeof(head));
	write_all(p, proc->out.v, proc->out.n);
	proc->sequence++;
	proc->records = 0;
	proc->out.n = 0;
}

void perf_flush_old(struct perf *p, uint64_t before)
{
	for (size_t i = 0; i < PERF_BUCKETS; i++)
		for (struct perf_proc *proc = p->proc[i]; proc; proc = proc->next)
			if (proc->records && proc->flushed < before)
				perf_flush(p, proc);
}

static unsigned char *room(struct perf *p, struct perf_proc *proc, size_t n)
{
	struct perf_pool *o = &proc->out;
	size_t cap = o->cap ? o->cap : 4096;
	unsigned char *v;

	if (o->n + n > BLOCK_BYTES)
		perf_flush(p, proc);
	if (!o->n)
		o->n = sizeof(struct pd_wire_block);
	while (cap - o->n < n)
		cap *= 2;
	if (cap > o->cap) {
		v = realloc(o->v, cap);
		if (!v) {
			p->nomem = true;
			return NULL;
		}
		o->v = v;
		o->cap = cap;
	}
	v = o->v + o->n;
	o->n += n;
	proc->records++;
	return v;
}

void perf_put(struct perf *p, struct perf_proc *proc, enum pd_wire_kind kind, void *fixed, size_t size, const void *tail, size_t n_tail, const void *tail2, size_t n_tail2)
{
	size_t whole = (size + n_tail + n_tail2 + 7) & ~(size_t)7;
	struct pd_wire_record *r = fixed;
	unsigned char *to = room(p, proc, whole);

	if (!to)
		return;
	*r = (struct pd_wire_record){ .size = (uint32_t)whole, .kind = (uint16_t)kind, .fixed = (uint16_t)size };
	memset(to + whole - 8, 0, 8);
	memcpy(to, fixed, size);
	if (n_tail)
		memcpy(to + size, tail, n_tail);
	if (n_tail2)
		memcpy(to + size + n_tail, tail2, n_tail2);
}

/* ---- records ---- */

void perf_put_begin(struct perf *p, struct perf_proc *proc)
{
	uint64_t now = proc_clock(CLOCK_MONOTONIC), real = proc_clock(CLOCK_REALTIME);
	struct pd_wire_process w = { .pid = proc->pid, .ppid = proc->ppid, .monotonic = proc->image, .realtime = real - (now - proc->image),
				     .cpu_period = p->a->cpu && p->event->clock ? p->period : 0, .wall_period = p->switches ? p->period : 0,
				     .engine = PD_WIRE_PERF_EVENTS, .path_size = (uint32_t)strlen(proc->path) };

	proc->begun = true;
	perf_put(p, proc, PD_WIRE_PROCESS, &w, sizeof(w), proc->path, w.path_size, NULL, 0);
	for (size_t i = 0; i < proc->map.n; i++)
		perf_put_mapping(p, proc, &proc->map.v[i]);
	p->stats.processes++;
}

void perf_put_mapping(struct perf *p, struct perf_proc *proc, const struct perf_map *m)
{
	struct pd_wire_mapping w = { .start = m->start, .limit = m->limit, .offset = m->offset, .path_size = (uint32_t)strlen(m->path), .build_id_size = m->build_id_size };

	if (strcmp(m->path, proc->path) == 0)
		w.flags = PD_WIRE_MAIN;
	perf_put(p, proc, PD_WIRE_MAPPING, &w, sizeof(w), m->path, w.path_size, m->build_id, m->build_id_size);
}

void perf_put_name(struct perf *p, struct perf_thread *t)
{
	struct pd_wire_name w = { .tid = t->tid, .name_size = (uint32_t)strnlen(t->comm, sizeof(t->comm)) };

	if (t->told)
		perf_put(p, t->proc, PD_WIRE_NAME, &w, sizeof(w), t->comm, w.name_size, NULL, 0);
}

void perf_tell(struct perf *p, struct perf_thread *t)
{
	struct pd_wire_thread w = { .tid = t->tid, .time = t->start };

	if (t->told)
		return;
	if (!t->proc->begun)
		perf_put_begin(p, t->proc);
	t->told = true;
	p->stats.threads++;
	perf_put(p, t->proc, PD_WIRE_THREAD, &w, sizeof(w), NULL, 0, NULL, 0);
	perf_put_name(p, t);
}

void perf_put_end(struct perf *p, struct perf_proc *proc, uint64_t time, enum pd_wire_reason reason)
{
	struct pd_wire_end w = { .time = time, .reason = reason };

	if (!proc->begun && p->mode != PERF_ALL) /* it was asked for: that nothing was seen is worth knowing */
		perf_put_begin(p, proc);
	if (proc->begun)
		perf_put(p, proc, PD_WIRE_END, &w, sizeof(w), NULL, 0, NULL, 0);
	perf_flush(p, proc);
}

/* ---- stacks, each once ---- */

void perf_forget_stacks(struct perf_proc *proc)
{
	free(proc->stack.v);
	proc->stack.v = NULL;
	proc->stack.n = proc->stack.cap = 0;
}

static bool more_slots(struct perf_proc *proc)
{
	size_t cap = proc->stack.cap ? proc->stack.cap * 2 : 256;
	__typeof__(proc->stack.v) v = calloc(cap, sizeof(*v));

	if (!v)
		return false;
	for (size_t i = 0; i < proc->stack.cap; i++) {
		size_t at = proc->stack.v[i].hash;

		if (!proc->stack.v[i].hash)
			continue;
		while (v[at & (cap - 1)].hash)
			at++;
		v[at & (cap - 1)] = proc->stack.v[i];
	}
	free(proc->stack.v);
	proc->stack.v = v;
	proc->stack.cap = cap;
	return true;
}

uint32_t perf_put_stack(struct perf *p, struct perf_proc *proc, const uint64_t *address, uint32_t n, uint32_t flags)
{
	struct pd_wire_stack w = { .flags = flags, .n = n };
	uint64_t hash = 0x9e3779b97f4a7c15u ^ flags;
	size_t at;

	for (uint32_t i = 0; i < n; i++) {
		hash = (hash ^ address[i]) * 0xff51afd7ed558ccdu;
		hash ^= hash >> 32;
	}
	hash |= 1; /* 0: a free slot */
	if (proc->stack.n * 2 >= proc->stack.cap && !more_slots(proc)) {
		p->nomem = true;
		return 0;
	}
	for (at = hash & (proc->stack.cap - 1); proc->stack.v[at].hash; at = (at + 1) & (proc->stack.cap - 1))
		if (proc->stack.v[at].hash == hash)
			return proc->stack.v[at].id;
	if (!proc->begun)
		perf_put_begin(p, proc);
	w.id = ++proc->last_stack;
	proc->stack.v[at].hash = hash;
	proc->stack.v[at].id = w.id;
	proc->stack.n++;
	perf_put(p, proc, PD_WIRE_STACK, &w, sizeof(w), address, n * sizeof(*address), NULL, 0);
	return w.id;
}

/* ---- about the whole ---- */

/* Records in a block of no process. */
static void put_alone(struct perf *p, enum pd_wire_kind kind, void *fixed, size_t size, const void *tail, size_t n_tail)
{
	struct perf_proc nobody = { 0 };

	perf_put(p, &nobody, kind, fixed, size, tail, n_tail, NULL, 0);
	perf_flush(p, &nobody);
	free(nobody.out.v);
}

void perf_put_head(struct perf *p)
{
	struct pd_wire_outside w = { .rate = p->a->rate, .cpus = (uint32_t)(p->ring.n - p->own_rings), .stack = p->stack, .switch_stack = p->switches && !p->user_only ? p->switch_stack : 0,
				     .ring = (uint32_t)p->ring_bytes, .paranoid = p->paranoid, .event_size = (uint32_t)strlen(p->event->name) };
	struct pd_wire_mapping kernel = { .start = 0xffff800000000000u, .limit = UINT64_MAX, .path_size = 17 };

	w.flags = (p->mode == PERF_ATTACH ? PD_WIRE_ATTACHED : 0u) | (p->mode == PERF_ALL ? PD_WIRE_ALL_CPUS : 0u) | (p->user_only ? PD_WIRE_USER_ONLY : 0u) |
		  (p->switches && p->user_only ? PD_WIRE_NO_SWITCHES : 0u) | (p->stack ? 0u : PD_WIRE_FRAME_POINTERS) | (p->event->clock ? PD_WIRE_CLOCK : 0u);
	put_alone(p, PD_WIRE_OUTSIDE, &w, sizeof(w), p->event->name, w.event_size);
	if (!p->user_only)
		put_alone(p, PD_WIRE_MAPPING, &kernel, sizeof(kernel), "[kernel.kallsyms]", kernel.path_size);
}

void perf_put_stats(struct perf *p)
{
	struct pd_wire_outside_stats w = p->stats;
	struct pd_wire_outside_lost lost = p->lost;

	w.time = p->end ? p->end : proc_clock(CLOCK_MONOTONIC);
	w.elapsed = w.time - p->begin;
	w.own_cpu = proc_clock(CLOCK_PROCESS_CPUTIME_ID);
	put_alone(p, PD_WIRE_OUTSIDE_STATS, &w, sizeof(w), NULL, 0);
	if (p->lost.asleep || p->lost.records)
		put_alone(p, PD_WIRE_OUTSIDE_LOST, &lost, sizeof(lost), NULL, 0);
}
