/* record from outside: what each record of the kernel means. Its layout is the kernel's; sizes are checked all the same. */
#include "perf.h"

#include <stdio.h>
#include <string.h>

#define LOOK_AHEAD 4096 /* records between an exec and the mapping of its program */

struct body {
	const unsigned char *p;
	size_t n;
	bool bad;
};

static void get(struct body *b, void *to, size_t n)
{
	if (b->n < n) {
		b->bad = true;
		memset(to, 0, n);
		return;
	}
	memcpy(to, b->p, n);
	b->p += n;
	b->n -= n;
}

static uint64_t get64(struct body *b)
{
	uint64_t v;

	get(b, &v, 8);
	return v;
}

static uint32_t get32(struct body *b)
{
	uint32_t v;

	get(b, &v, 4);
	return v;
}

static const unsigned char *skip(struct body *b, uint64_t n)
{
	const unsigned char *at = b->p;

	if (b->n < n) {
		b->bad = true;
		return at;
	}
	b->p += n;
	b->n -= n;
	return at;
}

/* Without the trailer that all but samples have; who wrote it, and where. */
static struct body body_of(const unsigned char *rec, const struct perf_event_header *h, uint32_t *pid, uint32_t *tid, uint32_t *cpu)
{
	struct body b = { rec + sizeof(*h), h->size - sizeof(*h), h->size < 40 }, trailer;

	*pid = *tid = *cpu = 0;
	if (b.bad)
		return b;
	trailer = (struct body){ rec + h->size - 32, 32, false };
	*pid = get32(&trailer);
	*tid = get32(&trailer);
	get64(&trailer); /* time */
	*cpu = get32(&trailer);
	b.n -= 32;
	return b;
}

/* ---- samples ---- */

static bool parse_sample(struct perf *p, const unsigned char *rec, const struct perf_event_header *h, struct perf_sample *s)
{
	struct body b = { rec + sizeof(*h), h->size - sizeof(*h), false };

	memset(s, 0, sizeof(*s));
	s->id = get64(&b);
	s->pid = get32(&b);
	s->tid = get32(&b);
	s->time = get64(&b);
	s->cpu = get32(&b);
	get32(&b);
	s->period = get64(&b);
	if (p->values && perf_is_clock(p, s->id)) {
		s->value = get64(&b);
		skip(&b, p->values - 8);
	}
	s->n_ips = get64(&b);
	if (b.bad || s->n_ips > b.n / 8)
		return false;
	s->ips = skip(&b, s->n_ips * 8);
	if (!b.n) /* no copy of the stack was asked for */
		return true;
	s->abi = get64(&b);
	if (s->abi)
		s->regs = skip(&b, PD_UNWIND_REGISTERS * 8);
	s->size = get64(&b);
	s->stack = skip(&b, s->size);
	s->used = s->size ? get64(&b) : 0;
	return !b.bad && s->used <= s->size;
}

/*
 * How many of them since the sample before. What the kernel calls period is what it waits for from then on where it adapts that to the rate asked for, and can
 * be far from it.
 */
static uint64_t counted(struct perf *p, struct perf_thread *t, const struct perf_sample *s)
{
	struct perf_count *c = NULL;
	uint64_t n;

	for (size_t i = 0; i < t->count.n && !c; i++)
		if (t->count.v[i].id == s->id)
			c = &t->count.v[i];
	if (!p->values || (!c && !PERF_PUSH(t->count, ((struct perf_count){ s->id, 0 }))))
		return s->period;
	c = c ? c : &t->count.v[t->count.n - 1];
	n = s->value > c->value ? s->value - c->value : 0;
	c->value = s->value;
	return n;
}

static void sample(struct perf *p, const unsigned char *rec, const struct perf_event_header *h)
{
	struct perf_thread *t;
	struct perf_sample s;
	uint32_t stack;

	if (!parse_sample(p, rec, h, &s) || !(t = perf_find(p, s.pid, s.tid, s.time)) || (p->end && s.time > p->end))
		return;
	stack = perf_stack(p, t->proc, &s, p->switches && p->user_only ? &t->left : NULL);
	if (!stack)
		return;
	if (p->switches && !perf_is_clock(p, s.id)) {
		t->next_sleep = stack;
		return;
	}
	if (p->switches)
		perf_life_cpu(p, s.cpu, s.tid, s.time, true);
	t->cpu = s.cpu;
	p->stats.samples++;
	perf_tell(p, t);
	if (!p->event->clock) {
		struct pd_wire_event w = { .time = s.time, .value = counted(p, t, &s), .tid = s.tid, .stack = stack };

		perf_put(p, t->proc, PD_WIRE_EVENT, &w, sizeof(w), NULL, 0, NULL, 0);
	} else if (p->a->cpu) {
		struct pd_wire_cpu w = { .time = s.time, .tid = s.tid, .stack = stack, .count = 1 };

		perf_put(p, t->proc, PD_WIRE_CPU, &w, sizeof(w), NULL, 0, NULL, 0);
	}
	if (p->switches)
		perf_life_sample(p, t, s.time, stack);
}

/* ---- tasks ---- */

static void task(struct perf *p, struct body b, bool fork)
{
	uint32_t pid = get32(&b), ppid = get32(&b), tid = get32(&b), ptid = get32(&b);
	uint64_t time = get64(&b);
	struct perf_thread *t, *parent;
	struct perf_proc *proc;

	if (b.bad || !pid)
		return;
	t = perf_thread_of(p, tid);
	if (!fork) {
		if (t)
			perf_thread_end(p, t, time);
		perf_mark_dead(p, tid, time);
		return;
	}
	if (t && !t->told && t->proc->pid == pid) { /* seen in /proc before its beginning was read */
		t->start = t->since = time > p->begin ? time : p->begin;
		t->state = PERF_RUNNABLE;
		return;
	}
	if (t)
		perf_thread_end(p, t, time); /* its end was lost */
	perf_mark_dead(p, tid, 0);
	proc = perf_proc_of(p, pid);
	if (!proc)
		proc = perf_proc_new(p, pid, ppid, time, pid == ppid ? NULL : perf_proc_of(p, ppid));
	if (!proc || !(t = perf_thread_new(p, proc, tid, time, PERF_RUNNABLE)))
		return;
	parent = perf_thread_of(p, ptid);
	if (parent)
		memcpy(t->comm, parent->comm, sizeof(t->comm));
}

/* The program of an exec is what is mapped next. */
static void program_of(struct perf *p, size_t from, uint32_t pid, char *path, size_t size)
{
	char link[64];

	for (size_t i = from + 1; i < p->entry.n && i - from < LOOK_AHEAD; i++) {
		const unsigned char *rec = p->pool.v + p->entry.v[i].at;
		struct perf_event_header h;
		uint32_t who;

		memcpy(&h, rec, sizeof(h));
		if (h.type != PERF_RECORD_MMAP2 || h.size < 72 + 32)
			continue;
		memcpy(&who, rec + 8, 4);
		if (who == pid && rec[72] == '/') {
			snprintf(path, size, "%.*s", (int)(h.size - 72 - 32), (const char *)rec + 72);
			return;
		}
	}
	snprintf(link, sizeof(link), "/proc/%u/exe", pid);
	perf_link(link, path, size);
}

static void comm(struct perf *p, size_t i, struct body b, bool exec, uint64_t time)
{
	uint32_t pid = get32(&b), tid = get32(&b);
	size_t n = strnlen((const char *)b.p, b.n < 15 ? b.n : 15);
	struct perf_proc *proc;
	struct perf_thread *t;
	char name[16] = "", path[512];

	if (b.bad || !pid)
		return;
	memcpy(name, b.p, n);
	if (exec) {
		proc = perf_proc_of(p, pid);
		if (!proc)
			proc = perf_proc_new(p, pid, 0, time, NULL);
		program_of(p, i, pid, path, sizeof(path));
		if (proc)
			perf_exec(p, proc, name, path[0] ? path : name, time);
		return;
	}
	t = perf_find(p, pid, tid, time);
	if (!t)
		return;
	memcpy(t->comm, name, sizeof(name));
	if (tid == pid)
		memcpy(t->proc->comm, name, sizeof(name));
	perf_put_name(p, t);
}

static void mmap2(struct perf *p, struct body b, bool has_build_id, uint64_t time)
{
	uint32_t pid = get32(&b);
	struct perf_map m = { 0 };
	unsigned char id[24];
	struct perf_thread *t;
	struct perf_proc *proc;
	uint32_t prot;
	char path[4200];

	get32(&b);
	m.start = get64(&b);
	m.limit = m.start + get64(&b);
	m.offset = get64(&b);
	get(&b, id, sizeof(id));
	prot = get32(&b);
	get32(&b);
	if (b.bad || !pid || pid == UINT32_MAX)
		return;
	if (prot && !(prot & 4)) /* no code */
		return;
	snprintf(path, sizeof(path), "%.*s", (int)strnlen((const char *)b.p, b.n), (const char *)b.p);
	m.path = path;
	if (has_build_id && id[0] <= 20) {
		m.build_id_size = id[0];
		memcpy(m.build_id, id + 4, m.build_id_size);
	} else if (!has_build_id) { /* device, then the inode */
		memcpy(&m.inode, id + 8, sizeof(m.inode));
	}
	t = perf_find(p, pid, pid, time);
	proc = t ? t->proc : perf_proc_of(p, pid); /* its first thread may have ended */
	if (proc)
		perf_map_add(p, proc, &m);
}

/* Stacks at switches, or anything. */
static void lost(struct perf *p, struct body b, uint32_t cpu, uint64_t time)
{
	uint64_t from = get64(&b), n = get64(&b);

	p->stats.lost += n;
	if (!from) {
		p->lost.asleep += n;
		return;
	}
	p->lost.records += n;
	p->lost.gaps++;
	p->lost.ns += time > from ? time - from : 0;
	p->holes = true;
	perf_life_gap(p, cpu, from, time);
}

void perf_take(struct perf *p, size_t i)
{
	const unsigned char *rec = p->pool.v + p->entry.v[i].at;
	uint64_t time = p->entry.v[i].time;
	struct perf_event_header h;
	struct perf_thread *t;
	uint32_t pid, tid, cpu;
	struct body b;

	memcpy(&h, rec, sizeof(h));
	if (h.type == PERF_RECORD_SAMPLE) {
		sample(p, rec, &h);
		return;
	}
	b = body_of(rec, &h, &pid, &tid, &cpu);
	if (b.bad)
		return;
	switch (h.type) {
	case PERF_RECORD_FORK:
	case PERF_RECORD_EXIT: task(p, b, h.type == PERF_RECORD_FORK); break;
	case PERF_RECORD_COMM: comm(p, i, b, h.misc & PERF_RECORD_MISC_COMM_EXEC, time); break;
	case PERF_RECORD_MMAP2: mmap2(p, b, h.misc & PERF_RECORD_MISC_MMAP_BUILD_ID, time); break;
	case PERF_RECORD_SWITCH:
	case PERF_RECORD_SWITCH_CPU_WIDE:
		if (!p->switches)
			break;
		perf_life_cpu(p, cpu, tid, time, !(h.misc & PERF_RECORD_MISC_SWITCH_OUT));
		t = perf_find(p, pid, tid, time);
		if (!t)
			break;
		t->cpu = cpu;
		perf_life_switch(p, t, time, h.misc & PERF_RECORD_MISC_SWITCH_OUT, h.misc & PERF_RECORD_MISC_SWITCH_OUT_PREEMPT);
		break;
	case PERF_RECORD_LOST: lost(p, b, cpu, time); break;
	case PERF_RECORD_LOST_SAMPLES: p->stats.lost += get64(&b); break;
	case PERF_RECORD_THROTTLE: p->stats.throttled++; break;
	}
}
