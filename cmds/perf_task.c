/* record from outside: processes, their threads and mappings, from the kernel's records and, for those that ran before, from /proc. */
#include "perf.h"
#include "build_id.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool perf_read_file(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, buf, size - 1) : -1;

	if (fd >= 0)
		close(fd);
	buf[n > 0 ? n : 0] = '\0';
	return n >= 0;
}

bool perf_link(const char *path, char *buf, size_t size)
{
	ssize_t n = readlink(path, buf, size - 1);

	buf[n > 0 ? n : 0] = '\0';
	return n > 0;
}

/* ---- tables ---- */

struct perf_proc *perf_proc_of(struct perf *p, uint32_t pid)
{
	struct perf_proc *proc = p->proc[pid % PERF_BUCKETS];

	while (proc && proc->pid != pid)
		proc = proc->next;
	return proc;
}

struct perf_thread *perf_thread_of(struct perf *p, uint32_t tid)
{
	struct perf_thread *t = p->thread[tid % PERF_BUCKETS];

	while (t && t->tid != tid)
		t = t->next;
	return t;
}

static void map_release(struct perf_map *m)
{
	free(m->path);
	free(m->readable);
}

static void maps_release(struct perf_proc *proc)
{
	for (size_t i = 0; i < proc->map.n; i++)
		map_release(&proc->map.v[i]);
	free(proc->map.v);
	proc->map.v = NULL;
	proc->map.n = proc->map.cap = 0;
	free(proc->jit);
	proc->jit = NULL;
	perf_forget_stacks(proc);
}

static void proc_free(struct perf_proc *proc)
{
	maps_release(proc);
	pd_unwinder_free(proc->unwinder);
	free(proc->out.v);
	free(proc);
}

struct perf_proc *perf_proc_new(struct perf *p, uint32_t pid, uint32_t ppid, uint64_t time, const struct perf_proc *parent)
{
	struct perf_proc *proc = calloc(1, sizeof(*proc)), **bucket = &p->proc[pid % PERF_BUCKETS];

	if (!proc) {
		p->nomem = true;
		return NULL;
	}
	proc->pid = pid;
	proc->ppid = ppid;
	proc->image = time ? time : 1;
	proc->flushed = time;
	proc->root = -1;
	proc->unwinder = parent ? pd_unwinder_fork(parent->unwinder) : pd_unwinder_new(p->objects);
	if (!proc->unwinder) {
		p->nomem = true;
		free(proc);
		return NULL;
	}
	if (parent)
		proc->root = parent->root;
	perf_look_at_root(p, proc);
	if (parent) {
		memcpy(proc->comm, parent->comm, sizeof(proc->comm));
		memcpy(proc->path, parent->path, sizeof(proc->path));
	}
	for (size_t i = 0; parent && i < parent->map.n; i++) {
		struct perf_map m = parent->map.v[i];

		m.path = strdup(m.path);
		m.readable = strdup(m.readable);
		if (!m.path || !m.readable || !PERF_PUSH(proc->map, m))
			p->nomem = true;
	}
	proc->next = *bucket;
	*bucket = proc;
	return proc;
}

static void proc_gone(struct perf *p, struct perf_proc *proc, uint64_t time, enum pd_wire_reason reason)
{
	struct perf_proc **at = &p->proc[proc->pid % PERF_BUCKETS];

	perf_put_end(p, proc, time, reason);
	while (*at != proc)
		at = &(*at)->next;
	*at = proc->next;
	proc_free(proc);
}

struct perf_thread *perf_thread_new(struct perf *p, struct perf_proc *proc, uint32_t tid, uint64_t time, enum perf_state state)
{
	struct perf_thread *t = calloc(1, sizeof(*t)), **bucket = &p->thread[tid % PERF_BUCKETS];

	if (!t) {
		p->nomem = true;
		return NULL;
	}
	t->proc = proc;
	t->tid = tid;
	t->start = t->since = time > p->begin ? time : p->begin;
	t->state = state;
	t->guess = PERF_SLEEPING;
	t->cpu = PERF_NOWHERE;
	memcpy(t->comm, proc->comm, sizeof(t->comm));
	proc->threads++;
	t->next = *bucket;
	*bucket = t;
	return t;
}

static void thread_gone(struct perf *p, struct perf_thread *t, uint64_t time)
{
	struct perf_thread **at = &p->thread[t->tid % PERF_BUCKETS];
	struct pd_wire_thread_end w = { .tid = t->tid };

	if (p->end && time > p->end)
		time = p->end;
	if (p->switches)
		perf_life_end(p, t, time);
	w.time = p->switches ? t->since : time;
	if (t->told)
		perf_put(p, t->proc, PD_WIRE_THREAD_END, &w, sizeof(w), NULL, 0, NULL, 0);
	while (*at != t)
		at = &(*at)->next;
	*at = t->next;
	t->proc->threads--;
	free(t->count.v);
	free(t);
}

void perf_thread_end(struct perf *p, struct perf_thread *t, uint64_t time)
{
	struct perf_proc *proc = t->proc;

	thread_gone(p, t, time);
	if (!proc->threads)
		proc_gone(p, proc, time, PD_WIRE_EXIT);
}

void perf_tasks_end(struct perf *p)
{
	for (size_t i = 0; i < PERF_BUCKETS; i++)
		while (p->thread[i])
			thread_gone(p, p->thread[i], p->end);
	for (size_t i = 0; i < PERF_BUCKETS; i++)
		while (p->proc[i])
			proc_gone(p, p->proc[i], p->end, PD_WIRE_STOPPED);
}

void perf_tasks_free(struct perf *p)
{
	for (size_t i = 0; i < PERF_BUCKETS; i++) {
		for (struct perf_thread *t = p->thread[i], *next; t; t = next) {
			next = t->next;
			free(t->count.v);
			free(t);
		}
		for (struct perf_proc *proc = p->proc[i], *next; proc; proc = next) {
			next = proc->next;
			proc_free(proc);
		}
	}
	perf_files_free(p);
	pd_unwinder_free(p->objects);
	free(p->pool.v);
	free(p->spare.v);
	free(p->entry.v);
	free(p->cpu.v);
}

/* ---- mappings ---- */

/* Code that no file holds, or one that was made for it. */
static bool made_at_run_time(const char *path)
{
	return !path[0] || path[0] == '[' || strncmp(path, "//anon", 6) == 0 || strncmp(path, "/memfd:", 7) == 0 || strncmp(path, "/dev/zero", 9) == 0 ||
	       strncmp(path, "anon_inode:", 11) == 0 || strncmp(path, "/SYSV", 5) == 0;
}

static bool is_special(const char *path) { return strcmp(path, "[vdso]") == 0 || strcmp(path, "[vsyscall]") == 0 || strcmp(path, "[uprobes]") == 0; }

static size_t first_ending_above(const struct perf_proc *proc, uint64_t address)
{
	size_t lo = 0, hi = proc->map.n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (proc->map.v[mid].limit <= address)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* Compilers make code page by page: one mapping for a megabyte of it, as far as there is nothing else. */
static void round_out(const struct perf_proc *proc, struct perf_map *m)
{
	uint64_t mb = 1u << 20, start = m->start & ~(mb - 1), limit = m->limit > UINT64_MAX - mb ? m->limit : (m->limit + mb - 1) & ~(mb - 1);
	size_t at = first_ending_above(proc, m->start), end = first_ending_above(proc, m->limit);

	if (at > 0 && proc->map.v[at - 1].limit > start)
		start = proc->map.v[at - 1].limit;
	if (end < proc->map.n && proc->map.v[end].start >= m->limit && proc->map.v[end].start < limit)
		limit = proc->map.v[end].start;
	m->start = start;
	m->limit = limit;
	m->offset = 0;
}

static void to_unwinder(struct perf *p, struct perf_proc *proc, const struct perf_map *m)
{
	struct pd_unwind_map u = { .start = m->start, .limit = m->limit, .offset = m->offset, .path = m->readable };

	if (m->anonymous)
		pd_unwinder_unmap(proc->unwinder, m->start, m->limit);
	else if (!pd_unwinder_map(proc->unwinder, &u))
		p->nomem = true;
}

/* What of `old` lies outside of `m` goes on as it was: into rest[], up to 2 of them. */
static size_t rests_of(struct perf *p, const struct perf_map *old, const struct perf_map *m, struct perf_map rest[2])
{
	size_t n = 0;

	for (unsigned after = 0; after < 2; after++) {
		struct perf_map r = *old;

		if (after ? old->limit <= m->limit : old->start >= m->start)
			continue;
		if (after) {
			r.offset += old->anonymous ? 0 : m->limit - old->start;
			r.start = m->limit;
		} else {
			r.limit = m->start;
		}
		r.path = strdup(old->path);
		r.readable = strdup(old->readable);
		if (r.path && r.readable) {
			rest[n++] = r;
			continue;
		}
		p->nomem = true;
		free(r.path);
		free(r.readable);
	}
	return n;
}

/* Takes the texts of m, which lies where nothing else does: its place is row `at`. */
static void insert_at(struct perf *p, struct perf_proc *proc, size_t at, struct perf_map *m)
{
	if (!perf_grow((void **)&proc->map.v, &proc->map.cap, proc->map.n, sizeof(*proc->map.v))) {
		map_release(m);
		p->nomem = true;
		return;
	}
	memmove(proc->map.v + at + 1, proc->map.v + at, (proc->map.n - at) * sizeof(*proc->map.v));
	proc->map.v[at] = *m;
	proc->map.n++;
	to_unwinder(p, proc, m);
	if (proc->begun)
		perf_put_mapping(p, proc, m);
}

/* Takes the texts of m. */
static void insert(struct perf *p, struct perf_proc *proc, struct perf_map *m)
{
	size_t at = first_ending_above(proc, m->start), end = at, rests = 0;
	struct perf_map rest[4];

	while (end < proc->map.n && proc->map.v[end].start < m->limit) {
		if (rests <= 2)
			rests += rests_of(p, &proc->map.v[end], m, rest + rests);
		map_release(&proc->map.v[end]);
		end++;
	}
	if (end > at) { /* what these addresses meant is over */
		memmove(proc->map.v + at, proc->map.v + end, (proc->map.n - end) * sizeof(*proc->map.v));
		proc->map.n -= end - at;
		perf_forget_stacks(proc);
	}
	insert_at(p, proc, at, m);
	/* readers and the unwinder have forgotten what was there as a whole */
	for (size_t i = 0; i < rests; i++)
		insert_at(p, proc, first_ending_above(proc, rest[i].start), &rest[i]);
}

/* Code made at run time has the name of the list that the compiler leaves for it. */
static void name_made(struct perf *p, struct perf_proc *proc, char *name, char *file)
{
	char inside[64];

	if (proc->jit) {
		snprintf(name, PATH_MAX, "%s", proc->jit);
		perf_place_of(p, proc, &(struct perf_map){ .path = proc->jit }, file, PATH_MAX);
	} else {
		snprintf(name, PATH_MAX, "/tmp/perf-%u.map", proc->pid);
		snprintf(inside, sizeof(inside), "/tmp/perf-%u.map", proc->ns_pid);
		perf_place_of(p, proc, &(struct perf_map){ .path = inside }, file, PATH_MAX);
	}
	perf_remember(p, name, file);
}

/* Code that was there before its list of names has that list all the same. */
static void jitdump(struct perf *p, struct perf_proc *proc, const char *path)
{
	char name[PATH_MAX], file[PATH_MAX];

	if (proc->jit || !(proc->jit = strdup(path)))
		return;
	name_made(p, proc, name, file);
	for (size_t i = 0; i < proc->map.n; i++) {
		struct perf_map *m = &proc->map.v[i];
		char *n = m->anonymous ? strdup(name) : NULL, *f = n ? strdup(file) : NULL;

		if (!f) {
			free(n);
			continue;
		}
		free(m->path);
		free(m->readable);
		m->path = n;
		m->readable = f;
		if (proc->begun)
			perf_put_mapping(p, proc, m);
	}
	perf_forget_stacks(proc);
}

void perf_map_add(struct perf *p, struct perf_proc *proc, const struct perf_map *given)
{
	char name[PATH_MAX], file[PATH_MAX];
	struct perf_map m = *given;
	size_t at = first_ending_above(proc, m.start);

	if (m.limit <= m.start || m.start >> 63)
		return;
	if (record_is_jitdump(m.path)) {
		jitdump(p, proc, m.path);
		return;
	}
	m.anonymous = made_at_run_time(m.path) && !is_special(m.path);
	if (m.anonymous && at < proc->map.n && proc->map.v[at].anonymous && proc->map.v[at].start <= m.start && proc->map.v[at].limit >= m.limit)
		return;
	if (m.anonymous) {
		name_made(p, proc, name, file);
		round_out(proc, &m);
		m.build_id_size = 0;
	} else {
		snprintf(name, sizeof(name), "%s", m.path);
		perf_place_of(p, proc, given, file, sizeof(file));
		if (!m.build_id_size)
			m.build_id_size = cmd_build_id(file, m.build_id);
		if (name[0] == '/')
			perf_remember(p, name, file);
	}
	m.path = strdup(name);
	m.readable = strdup(file);
	if (m.path && m.readable)
		insert(p, proc, &m);
	else
		p->nomem = true;
}

/* ---- what runs already ---- */

struct scan {
	struct perf *p;
	struct perf_proc *proc;
};

static bool scan_map(void *arg, const struct proc_map *m)
{
	const struct scan *s = arg;
	size_t at = first_ending_above(s->proc, m->start);
	char *gone = strstr(m->path, " (deleted)");

	if (gone && !gone[10])
		*gone = '\0';
	if (at < s->proc->map.n && s->proc->map.v[at].start == m->start && s->proc->map.v[at].limit == m->limit && strcmp(s->proc->map.v[at].path, m->path) == 0)
		return true;
	if (m->executable)
		perf_map_add(s->p, s->proc, &(struct perf_map){ .start = m->start, .limit = m->limit, .offset = m->offset, .inode = m->inode, .path = m->path });
	return true;
}

/* Of a process that ends meanwhile, what there was. */
static void scan_maps(struct perf *p, struct perf_proc *proc) { proc_maps((pid_t)proc->pid, scan_map, &(struct scan){ p, proc }); }

size_t perf_threads_of(uint32_t pid, pid_t **v)
{
	struct { pid_t *v; size_t n, cap; } list = { 0 };
	struct dirent *e;
	char path[64];
	DIR *d;

	*v = NULL;
	snprintf(path, sizeof(path), "/proc/%u/task", pid);
	d = opendir(path);
	while (d && (e = readdir(d)))
		if (e->d_name[0] > '0' && e->d_name[0] <= '9' && !PERF_PUSH(list, (pid_t)strtol(e->d_name, NULL, 10)))
			break;
	if (d)
		closedir(d);
	*v = list.v;
	return list.n;
}

/* comm and state of a thread by its stat: "TID (COMM) S ..." with anything in COMM */
static void scan_thread(struct perf *p, struct perf_proc *proc, uint32_t tid)
{
	char path[64], stat[512], *open, *close;
	struct perf_thread *t = perf_thread_of(p, tid);

	snprintf(path, sizeof(path), "/proc/%u/task/%u/stat", proc->pid, tid);
	if (t || !perf_read_file(path, stat, sizeof(stat)) || !(open = strchr(stat, '(')) || !(close = strrchr(stat, ')')))
		return;
	if (close[1] == ' ' && (close[2] == 'Z' || close[2] == 'X'))
		return;
	t = perf_thread_new(p, proc, tid, p->begin, PERF_NEW);
	if (!t)
		return;
	*close = '\0';
	memset(t->comm, 0, sizeof(t->comm));
	memcpy(t->comm, open + 1, strnlen(open + 1, sizeof(t->comm) - 1));
	t->guess = close[1] && close[2] == 'R' ? PERF_RUNNABLE : PERF_SLEEPING;
	if (p->switches && t->guess == PERF_SLEEPING)
		t->sleeps_at = perf_asleep_at(p, proc, tid);
	if (tid == proc->pid)
		memcpy(proc->comm, t->comm, sizeof(proc->comm));
}

bool perf_scan(struct perf *p, uint32_t pid)
{
	struct perf_proc *proc = perf_proc_of(p, pid);
	char path[64], stat[512], *close, *gone;
	pid_t *tid;
	size_t threads;

	if (!proc) {
		uint32_t ppid = 0;

		snprintf(path, sizeof(path), "/proc/%u/stat", pid);
		if (!perf_read_file(path, stat, sizeof(stat)) || !(close = strrchr(stat, ')')))
			return false;
		sscanf(close + 1, " %*c %" SCNu32, &ppid);
		proc = perf_proc_new(p, pid, ppid, p->begin, NULL);
		if (!proc)
			return false;
		snprintf(path, sizeof(path), "/proc/%u/exe", pid);
		close[0] = '\0';
		gone = perf_link(path, proc->path, sizeof(proc->path)) ? strstr(proc->path, " (deleted)") : NULL;
		if (gone)
			*gone = '\0';
		if (!proc->path[0] && strchr(stat, '(')) /* threads of the kernel have no program */
			snprintf(proc->path, sizeof(proc->path), "%.15s", strchr(stat, '(') + 1);
		scan_maps(p, proc);
	}
	threads = perf_threads_of(pid, &tid);
	for (size_t i = 0; i < threads; i++)
		scan_thread(p, proc, (uint32_t)tid[i]);
	free(tid);
	return true;
}

/* ---- where records were lost ---- */

static uint64_t last_gap(const struct perf *p)
{
	uint64_t last = 0;

	for (size_t i = 0; i < p->cpu.n; i++)
		last = p->cpu.v[i].to > last ? p->cpu.v[i].to : last;
	return last;
}

static void search_threads(struct perf *p, struct perf_thread *t, bool now)
{
	struct perf_thread *next;
	char path[64];

	for (; t; t = next) {
		uint64_t time = last_gap(p);

		next = t->next;
		snprintf(path, sizeof(path), "/proc/%u/task/%u", t->proc->pid, t->tid);
		if (access(path, F_OK) == 0) {
			t->missing = false;
		} else if (!t->missing && !now) { /* that it ends may be in a record that is still to be read */
			t->missing = true;
			p->holes = true;
		} else {
			time = time > t->since ? time : t->since;
			perf_mark_dead(p, t->tid, time);
			perf_thread_end(p, t, time);
		}
	}
}

/* An exec that nobody told of, or mappings. */
static void search_program(struct perf *p, struct perf_proc *proc)
{
	char path[64], program[512], name[64];

	snprintf(path, sizeof(path), "/proc/%u/exe", proc->pid);
	if (!perf_link(path, program, sizeof(program)))
		return;
	if (!strstr(program, " (deleted)") && proc->path[0] == '/' && strcmp(program, proc->path) != 0) {
		snprintf(path, sizeof(path), "/proc/%u/comm", proc->pid);
		perf_read_file(path, name, sizeof(name));
		name[strcspn(name, "\n")] = '\0';
		perf_exec(p, proc, name, program, last_gap(p));
	}
	scan_maps(p, proc);
}

void perf_search(struct perf *p, bool now)
{
	p->holes = false;
	for (size_t i = 0; i < PERF_BUCKETS; i++)
		search_threads(p, p->thread[i], now);
	for (size_t i = 0; i < PERF_BUCKETS && !now; i++)
		for (struct perf_proc *proc = p->proc[i]; proc; proc = proc->next)
			search_program(p, proc);
}

/* ---- who it is ---- */

void perf_mark_dead(struct perf *p, uint32_t tid, uint64_t time)
{
	size_t at = tid % (sizeof(p->dead) / sizeof(*p->dead));

	if (time || p->dead[at].tid == tid) {
		p->dead[at].tid = time ? tid : 0;
		p->dead[at].time = time;
	}
}

struct perf_thread *perf_find(struct perf *p, uint32_t pid, uint32_t tid, uint64_t time)
{
	struct perf_thread *t = perf_thread_of(p, tid);
	size_t at = tid % (sizeof(p->dead) / sizeof(*p->dead));
	struct perf_proc *proc;

	if (t || !pid || !tid || pid == UINT32_MAX || tid == UINT32_MAX)
		return t;
	if (p->dead[at].tid == tid && time - p->dead[at].time < 1000000000u)
		return NULL;
	proc = perf_proc_of(p, pid);
	if (!proc) { /* its beginning was lost, or it came while we looked around */
		if (!perf_scan(p, pid) && !perf_proc_new(p, pid, 0, time, NULL))
			return NULL;
		proc = perf_proc_of(p, pid);
		t = perf_thread_of(p, tid);
	}
	return t || !proc ? t : perf_thread_new(p, proc, tid, time, PERF_NEW);
}

/* ---- exec ---- */

/* A new program in the same process: another image. Only the thread that called it is left. */
void perf_exec(struct perf *p, struct perf_proc *proc, const char *comm, const char *path, uint64_t time)
{
	struct perf_thread *t, *next;
	bool known = false;

	for (size_t i = 0; i < PERF_BUCKETS; i++)
		for (t = p->thread[i]; t; t = next) {
			next = t->next;
			if (t->proc == proc) {
				thread_gone(p, t, time);
				known = true;
			}
		}
	if (proc->begun || known) {
		perf_put_end(p, proc, time, PD_WIRE_EXEC);
		proc->begun = false;
	}
	maps_release(proc);
	pd_unwinder_free(proc->unwinder);
	proc->unwinder = pd_unwinder_new(p->objects);
	p->nomem |= !proc->unwinder;
	proc->image = time > proc->image ? time : proc->image + 1;
	proc->sequence = 0;
	proc->last_stack = 0;
	memset(proc->comm, 0, sizeof(proc->comm));
	memcpy(proc->comm, comm, strnlen(comm, sizeof(proc->comm) - 1));
	snprintf(proc->path, sizeof(proc->path), "%s", path);
	perf_look_at_root(p, proc);
	perf_thread_new(p, proc, proc->pid, time, PERF_RUNNING);
}
