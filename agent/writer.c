/*
 * The thread that empties the rings into the stream. Nothing it holds can be seen by the program: it closes its copies of the program's
 * descriptors at once and opens the stream in a table of its own. Its memory is one block and one table of stacks.
 */
#include "spans.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MS 1000000ull
#define BLOCK_BYTES (128u << 10)
#define STACKS 8192              /* slots of the table of stacks written before */
#define INDEX 512                /* blocks an end can list */
#define TICK (100 * MS)          /* between two looks at the rings */
#define IDLE_TICK (250 * MS)     /* when there was nothing */
#define BUSY_TICK (5 * MS)       /* when a ring was well filled */
#define FLUSH (100 * MS)
#define SLOWLY (1000 * MS)       /* sums, new threads */

static union {
	unsigned char bytes[BLOCK_BYTES];
	struct pd_wire_block head;
} block;
static size_t used;
static uint32_t records;
static uint64_t sequence, flushed, slowly, refreshed;
static bool worth;               /* there is something in the block that cannot wait for the end */
static struct { uint64_t hash; uint32_t id; } stacks[STACKS];
static uint32_t stacks_used, last_stack;
static struct pd_wire_index index_of[INDEX];
static uint32_t indexed;
static int fd;
static bool broken;
static uint64_t dropped;         /* samples in blocks that could not be written */

static _Atomic uint32_t working; /* a lock of our own, for libc's may not be used (alone.c). 0 free, 1 taken, 2 and somebody waits for it */
static _Atomic bool hurry;
static _Atomic uint32_t asked, answered; /* numbers of requests */
static _Atomic uint32_t request, request_reason;
static _Atomic pid_t thread_id;
static _Atomic uint32_t opening, alive; /* has it tried to open the stream; is there a thread */
static bool leaving;

/* ---- blocks ---- */

static void open_stream(void)
{
	struct pd_wire_file head;
	struct stat st;
	char magic[8];

	fd = open(agent.path, O_RDWR | O_APPEND | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT) {
		fd = open(agent.path, O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		memset(&head, 0, sizeof(head));
		memcpy(head.magic, PD_WIRE_MAGIC, sizeof(head.magic));
		head.major = PD_WIRE_MAJOR;
		head.minor = PD_WIRE_MINOR;
		head.size = sizeof(head);
		head.realtime = now_ns(CLOCK_REALTIME);
		head.monotonic = now_ns(CLOCK_MONOTONIC);
		if (fd >= 0 && write(fd, &head, sizeof(head)) != sizeof(head))
			broken = true;
	} else if (fd >= 0 && (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || pread(fd, magic, 8, 0) != 8 || memcmp(magic, PD_WIRE_MAGIC, 8) != 0)) {
		close(fd); /* something else has that name: not ours to write to */
		fd = -1;
	}
	broken |= fd < 0;
}

static void flush(void)
{
	size_t at = 0;
	off_t end;

	flushed = now_ns(CLOCK_MONOTONIC);
	worth = false;
	if (!records)
		return;
	block.head = (struct pd_wire_block){ .magic = PD_WIRE_BLOCK_MAGIC, .size = (uint32_t)used, .pid = (uint32_t)agent.pid, .records = records,
					     .image = agent.image, .time = flushed, .sequence = sequence++ };
	while (!broken && at < used) {
		ssize_t n = write(fd, block.bytes + at, used - at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break; /* a full disk: this block is lost, later ones may find room */
		at += (size_t)n;
	}
	end = broken ? -1 : lseek(fd, 0, SEEK_CUR);
	if (at == used && end >= (off_t)used && indexed < INDEX)
		index_of[indexed++] = (struct pd_wire_index){ .offset = (uint64_t)end - used, .time = flushed };
	if (at < used)
		dropped += records;
	used = sizeof(struct pd_wire_block);
	records = 0;
}

/* Room for a record: its fixed part is copied, the variable part follows piece by piece with more(). */
static void put(enum pd_wire_kind kind, void *fixed, size_t size, size_t tail)
{
	struct pd_wire_record *r = fixed;
	size_t whole = (size + tail + 7) & ~(size_t)7;

	if (used + whole > BLOCK_BYTES)
		flush();
	r->size = (uint32_t)whole;
	r->kind = (uint16_t)kind;
	r->fixed = (uint16_t)size;
	memset(block.bytes + used, 0, whole);
	memcpy(block.bytes + used, fixed, size);
	used += size;
	records++;
}

static void more(const void *p, size_t n)
{
	memcpy(block.bytes + used, p, n);
	used += n;
}

static void done(void) { used = (used + 7) & ~(size_t)7; }

void writer_record(enum pd_wire_kind kind, void *fixed, size_t size)
{
	put(kind, fixed, size, 0);
	worth = true;
}

void writer_put(enum pd_wire_kind kind, void *fixed, size_t size, size_t tail)
{
	put(kind, fixed, size, tail);
}

void writer_more(const void *p, size_t n) { more(p, n); }

void writer_done(void) { done(); }

void writer_text(const char *key, const char *value)
{
	struct pd_wire_text w = { .key_size = (uint32_t)strlen(key), .value_size = (uint32_t)strlen(value) };

	put(PD_WIRE_TEXT, &w, sizeof(w), w.key_size + w.value_size);
	more(key, w.key_size);
	more(value, w.value_size);
	done();
}

static void put_process(void)
{
	struct pd_wire_process p = { .pid = (uint32_t)agent.pid, .ppid = (uint32_t)getppid(), .realtime = now_ns(CLOCK_REALTIME),
				     .monotonic = now_ns(CLOCK_MONOTONIC), .cpu_period = agent.cpu_period, .wall_period = agent.wall_period, .tick = agent.tick,
				     .engine = agent.engine };
	char path[512];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path));

	p.path_size = n > 0 ? (uint32_t)n : 0;
	put(PD_WIRE_PROCESS, &p, sizeof(p), p.path_size);
	more(path, p.path_size);
	done();
}

void writer_mapping(const struct agent_module *m)
{
	struct pd_wire_mapping w = { .start = m->start, .limit = m->limit, .offset = m->offset, .flags = m->flags,
				     .path_size = (uint32_t)strlen(m->path), .build_id_size = m->build_id_size };

	put(PD_WIRE_MAPPING, &w, sizeof(w), w.path_size + w.build_id_size);
	more(m->path, w.path_size);
	more(m->build_id, w.build_id_size);
	done();
}

void writer_area(uint64_t start, uint64_t limit, uint64_t offset, const char *path)
{
	struct pd_wire_mapping w = { .start = start, .limit = limit, .offset = offset, .path_size = (uint32_t)strlen(path) };

	put(PD_WIRE_MAPPING, &w, sizeof(w), w.path_size);
	more(path, w.path_size);
	done();
}

void writer_unmapping(const struct agent_module *m)
{
	struct pd_wire_unmapping w = { .start = m->start, .limit = m->limit };

	put(PD_WIRE_UNMAPPING, &w, sizeof(w), 0);
}

/* The same addresses mean something else once the mappings have changed. */
static void forget_stacks(void)
{
	memset(stacks, 0, sizeof(stacks));
	stacks_used = 0;
	functions_forget();
}

static uint32_t stack_id(const uint64_t *address, uint32_t n, uint32_t flags)
{
	struct pd_wire_stack w = { .flags = flags, .n = n };
	uint64_t hash = 0x9e3779b97f4a7c15u ^ flags;
	size_t at;

	for (uint32_t i = 0; i < n; i++) {
		hash = (hash ^ address[i]) * 0xff51afd7ed558ccdu;
		hash ^= hash >> 32;
	}
	hash |= 1; /* 0: a free slot */
	if (stacks_used > STACKS / 2)
		forget_stacks();
	for (at = hash % STACKS; stacks[at].hash; at = (at + 1) % STACKS)
		if (stacks[at].hash == hash)
			return stacks[at].id;
	stacks[at].hash = hash;
	stacks[at].id = w.id = ++last_stack;
	stacks_used++;
	put(PD_WIRE_STACK, &w, sizeof(w), n * sizeof(*address));
	more(address, n * sizeof(*address));
	done();
	return w.id;
}

/* ---- threads ---- */

bool writer_task_file(pid_t tid, const char *name, char *text, size_t size)
{
	char path[48];
	ssize_t n = -1;
	int file;

	snprintf(path, sizeof(path), "/proc/self/task/%d/%s", (int)tid, name);
	file = open(path, O_RDONLY | O_CLOEXEC);
	if (file >= 0) {
		n = read(file, text, size - 1);
		close(file);
	}
	if (n <= 0)
		return false;
	text[n - (text[n - 1] == '\n')] = '\0';
	return true;
}

static void tell_name(struct agent_ring *r, bool ended)
{
	struct pd_wire_name w = { .tid = (uint32_t)r->tid };

	if (!ended && !writer_task_file(r->tid, "comm", r->name, sizeof(r->name)))
		return;
	if (memcmp(r->name, r->told, sizeof(r->name)) == 0)
		return;
	memcpy(r->told, r->name, sizeof(r->name));
	w.name_size = (uint32_t)strnlen(r->name, sizeof(r->name));
	put(PD_WIRE_NAME, &w, sizeof(w), w.name_size);
	more(r->name, w.name_size);
	done();
}

void writer_thread_known(struct agent_ring *r)
{
	struct pd_wire_thread w = { .tid = (uint32_t)r->tid, .time = r->begin_time, .cpu = r->begin_cpu };

	if (r->begun)
		return;
	r->begun = true;
	put(PD_WIRE_THREAD, &w, sizeof(w), 0);
	tell_name(r, atomic_load(&r->state) == RING_ENDED);
}

static void tell_end(struct agent_ring *r)
{
	struct pd_wire_thread_end w = { .tid = (uint32_t)r->tid, .time = r->end_time, .cpu = r->end_cpu };

	put(PD_WIRE_THREAD_END, &w, sizeof(w), 0);
}

void writer_wall(const struct agent_ring *r, uint64_t time, uint64_t cpu, uint32_t stack, uint32_t flags, uint64_t waited)
{
	struct pd_wire_wall w = { .time = time, .cpu = cpu, .tid = (uint32_t)r->tid, .stack = stack, .flags = flags, .waited = waited < UINT32_MAX ? (uint32_t)waited : UINT32_MAX };

	put(PD_WIRE_WALL, &w, sizeof(w), 0);
	worth = true;
}

/* ---- emptying ---- */

/* A sample in a library that came since the last look, or in code of no file: its mapping goes first, and stacks seen before mean more now. */
static void know(const uint64_t *address, uint32_t n)
{
	const struct agent_modules *m = modules_now();
	bool fresh = false, looked = false;

	for (uint32_t i = 0; i < n; i++) {
		if (module_of(m, address[i]))
			continue;
		if (!looked && !code_known(address[i])) {
			looked = true;
			fresh |= modules_refresh();
			m = modules_now();
		}
		if (!module_of(m, address[i]))
			fresh |= code_find(address[i]);
	}
	if (fresh)
		forget_stacks();
}

void writer_knows(uint64_t address) { know(&address, 1); }
uint32_t writer_stack(const uint64_t *address, uint32_t n, uint32_t flags)
{
	know(address, n);
	return stack_id(address, n, flags);
}

/* What a hook saw: its part makes the record. */
static void event_write(struct agent_ring *r, const struct agent_sample *s, uint32_t stack)
{
	switch (s->kind) {
	case PD_WIRE_LOCK_WAIT:
	case PD_WIRE_LOCK_HOLD: lock_write(r, s, stack); break;
	case PD_WIRE_DUMP: dump_seen(r, s, stack); break;
	default: break;
	}
}

static bool drain_ring(struct agent_ring *r, uint32_t state)
{
	static uint64_t address[AGENT_DEPTH];
	struct agent_sample s;
	bool any = false;

	while (ring_get(r, &s, address)) {
		struct pd_wire_cpu w = { .time = s.time, .count = s.count, .flags = s.count >= agent.late ? PD_WIRE_LATE : 0 };

		if (!any && r->begun && (state == RING_ENDED || s.time - r->named > SLOWLY)) {
			tell_name(r, state == RING_ENDED);
			r->named = s.time;
		}
		writer_thread_known(r);
		any = worth = true;
		w.tid = (uint32_t)r->tid;
		events_drain(r, s.time, s.labels);
		w.stack = writer_stack(address, s.n, s.flags);
		writer_labels(r, s.labels);
		if (s.kind)
			event_write(r, &s, w.stack);
		else if (s.count)
			put(PD_WIRE_CPU, &w, sizeof(w), 0);
		else
			wall_look(r, &s, w.stack);
	}
	return any;
}

void writer_drain(struct agent_ring *r) { drain_ring(r, atomic_load(&r->state)); }

/* A thread that allocates leaves nothing in its ring, but is to have a name as well. */
static void tell_allocates(struct agent_ring *r, uint32_t state)
{
	uint64_t now = now_ns(CLOCK_MONOTONIC);

	writer_thread_known(r);
	if (state != RING_ENDED && now - r->named < SLOWLY)
		return;
	tell_name(r, state == RING_ENDED);
	r->named = now;
}

/* How full was the fullest ring, in eighths? */
static unsigned drain(void)
{
	unsigned most = 0;

	for (size_t i = 0; i < atomic_load(&agent.used); i++) {
		struct agent_ring *r = ring_at(i);
		uint32_t state = atomic_load(&r->state);
		uint64_t fill = atomic_load(&r->head) - atomic_load(&r->tail);
		unsigned events;

		if (state != RING_LIVE && state != RING_ENDED)
			continue;
		if (fill)
			most = most > 1 + fill * 8 / RING_DATA ? most : (unsigned)(1 + fill * 8 / RING_DATA);
		drain_ring(r, state);
		events = events_drain(r, UINT64_MAX, 0);
		worth |= events != 0;
		most = events > most ? events : most;
		if (atomic_load_explicit(&r->heap_seen, memory_order_relaxed))
			tell_allocates(r, state);
		if (state != RING_ENDED)
			continue;
		if (agent.wall_period) {
			wall_end(r);
			writer_thread_known(r);
		}
		if (r->begun)
			tell_end(r);
		ring_free(r);
	}
	return most;
}

static uint64_t percentile(const uint64_t *bucket, uint64_t all, unsigned percent)
{
	uint64_t sum = 0;

	for (unsigned b = 0; b < AGENT_BUCKETS; b++) {
		sum += bucket[b];
		if (sum && sum * 100 >= all * percent)
			return b < 4 ? b : (uint64_t)(4 + (b & 3)) << (b / 4 - 1); /* lower edge of the bucket */
	}
	return 0;
}

static void put_stats(void)
{
	struct pd_wire_stats w = { .time = now_ns(CLOCK_MONOTONIC), .process_cpu = now_ns(CLOCK_PROCESS_CPUTIME_ID) - agent.cpu_before,
				   .agent_cpu = now_ns(CLOCK_THREAD_CPUTIME_ID), .threads = atomic_load(&agent.threads),
				   .unsampled = atomic_load(&agent.unsampled), .lost = dropped };
	uint64_t bucket[AGENT_BUCKETS] = { 0 }, all = 0;

	for (size_t i = 0; i < atomic_load(&agent.used); i++) {
		struct agent_ring *r = ring_at(i);

		w.signals += atomic_load(&r->signals);
		w.periods += atomic_load(&r->periods);
		w.lost += atomic_load(&r->lost);
		w.truncated += atomic_load(&r->truncated);
		w.incomplete += atomic_load(&r->incomplete);
		w.late += atomic_load(&r->late);
		w.handler_ns += atomic_load(&r->handler_ns);
		for (unsigned b = 0; b < AGENT_BUCKETS; b++) {
			bucket[b] += atomic_load(&r->bucket[b]);
			all += atomic_load(&r->bucket[b]);
		}
	}
	w.handler_p50 = percentile(bucket, all, 50);
	w.handler_p99 = percentile(bucket, all, 99);
	put(PD_WIRE_STATS, &w, sizeof(w), 0);
	heap_write_stats();
	lock_stats();
	events_sums();
}

static void put_end(enum pd_wire_reason reason)
{
	struct pd_wire_end w = { .time = now_ns(CLOCK_MONOTONIC), .reason = reason, .blocks = indexed };

	if (reason == PD_WIRE_FILTERED)
		writer_text("record.filtered", "seccomp");
	flush(); /* so that the index names all blocks but its own */
	w.blocks = indexed;
	put(PD_WIRE_END, &w, sizeof(w), indexed * sizeof(index_of[0]));
	more(index_of, indexed * sizeof(index_of[0]));
	done();
	flush();
}

static bool adopting; /* all threads */

static void adopt_one(pid_t tid)
{
	/* a thread that is only just beginning announces itself in time */
	if (tid != atomic_load(&thread_id) && !ring_of_thread(tid) && (adopting || thread_cpu(tid) > 20 * MS))
		ring_adopt(tid);
}

/* Threads nobody announced: made by clone() itself, or there before us. */
static void adopt_threads(void)
{
	adopting = atomic_exchange(&agent.adopt, false);
	tasks_each(adopt_one);
	for (size_t i = 0; i < atomic_load(&agent.used); i++) { /* and those of them that went without a word */
		struct agent_ring *r = ring_at(i);

		if (atomic_load(&r->state) == RING_LIVE && r->adopted && r->tid != agent.pid && !thread_cpu(r->tid)) {
			timer_stop(r);
			r->end_time = now_ns(CLOCK_MONOTONIC);
			atomic_store(&r->state, RING_ENDED);
		}
	}
}

/* One round; when it is time for the next. */
static uint64_t round_of(bool all)
{
	uint64_t now = now_ns(CLOCK_MONOTONIC), looks = 0;
	unsigned fill;

	if (all || now - refreshed > TICK) {
		refreshed = now;
		if (modules_refresh())
			forget_stacks();
	}
	events_anchor();
	fill = drain();
	if (agent.wall_period && !all) /* with the answers to the last look at hand */
		looks = wall_round(now);
	lock_round(now);
	if (all)
		heap_write(); /* while the libraries of its stacks are there */
	if (now - slowly > SLOWLY && !all) {
		slowly = now;
		adopt_threads();
		heap_write();
		if (worth)
			put_stats();
	}
	dump_signal_round();
	if (dump_round()) {
		flush();
		dump_done();
	}
	if (worth && now - flushed > FLUSH)
		flush();
	if (looks)
		return looks;
	return now + (fill > 2 ? BUSY_TICK : fill ? TICK : IDLE_TICK);
}

/* ---- the thread and those who ask it ---- */

static void wait_on(_Atomic uint32_t *word, uint32_t while_it_is, uint64_t ns)
{
	struct timespec t = { .tv_sec = (time_t)(ns / 1000000000u), .tv_nsec = (long)(ns % 1000000000u) };

	syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, while_it_is, &t, NULL, 0);
}

static void wake(_Atomic uint32_t *word) { syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT32_MAX, NULL, NULL, 0); }

/* False: it could not be had in time. */
static bool work_begin(uint64_t until)
{
	uint32_t is = 0;
	uint64_t now;

	if (atomic_compare_exchange_strong(&working, &is, 1))
		return true;
	while (atomic_exchange(&working, 2) != 0) {
		now = now_ns(CLOCK_MONOTONIC);
		if (now >= until)
			return false;
		wait_on(&working, 2, until - now < 1000 * MS ? until - now : 1000 * MS);
	}
	return true;
}

static void work_end(void)
{
	if (atomic_exchange(&working, 0) == 2)
		wake(&working);
}

static void answer(void)
{
	uint32_t number = atomic_load(&asked), what;

	if (number == atomic_load(&answered))
		return;
	alone_follow();
	round_of(true);
	what = atomic_exchange(&request, ASK_NOTHING);
	if (what >= ASK_FINISH) {
		for (size_t i = 0; i < atomic_load(&agent.used) && agent.wall_period; i++)
			wall_settle(ring_at(i));
		put_stats();
		put_end((enum pd_wire_reason)atomic_load(&request_reason));
	}
	leaving = what == ASK_STOP || what == ASK_LEAVE;
	atomic_store(&answered, number);
	wake(&answered);
}

static void *writer_run(void *arg)
{
	uint64_t next = 0, now;

	(void)arg;
	agent_quiet = 1;
	/* a copy of all descriptors, all closed: from now on ours and theirs have nothing to do with each other */
	if (syscall(SYS_close_range, 0u, ~0u, CLOSE_RANGE_UNSHARE) != 0)
		broken = true;
	else
		open_stream();
	atomic_store(&thread_id, (pid_t)syscall(SYS_gettid));
	dump_signal_listen();
	atomic_store(&opening, 1);
	wake(&opening);
	while (!leaving) {
		now = now_ns(CLOCK_MONOTONIC);
		if (atomic_load(&asked) == atomic_load(&answered) && next > now && !atomic_load(&hurry))
			wait_on(&asked, atomic_load(&answered), next - now);
		work_begin(UINT64_MAX);
		answer();
		now = now_ns(CLOCK_MONOTONIC);
		if (atomic_exchange(&hurry, false) || now >= next)
			next = round_of(false);
		work_end();
	}
	if (fd >= 0)
		close(fd);
	atomic_store(&alive, 0);
	wake(&alive);
	return NULL;
}

/* Until a word is no longer what it is; two seconds at most. */
static bool changes(_Atomic uint32_t *word, uint32_t from)
{
	uint64_t until = now_ns(CLOCK_MONOTONIC) + 2000 * MS, now;

	while (atomic_load(word) == from && (now = now_ns(CLOCK_MONOTONIC)) < until)
		wait_on(word, from, until - now);
	return atomic_load(word) != from;
}

bool writer_opened(void) { return changes(&opening, 0) && !broken; }

bool writer_gone(void) { return changes(&alive, 1); }

bool writer_broken(void) { return broken || dropped; }

void writer_begin(void)
{
	used = sizeof(struct pd_wire_block);
	put_process();
	code_reset();
	events_sums(); /* readers see at once that there will be events */
	modules_tell();
	wall_begin();
	heap_tell();
	lock_begin();
	dump_begin();
}

bool writer_leave(void)
{
	struct timespec brief = { 0, 20000 };
	pid_t tid = atomic_load(&thread_id);

	writer_ask(ASK_LEAVE, 0);
	if (!tid || !changes(&alive, 1))
		return false;
	for (unsigned i = 0; syscall(SYS_tgkill, agent.pid, tid, 0) == 0 && i < 10000; i++)
		syscall(SYS_nanosleep, &brief, NULL);
	leaving = false;
	for (size_t i = 0; i < atomic_load(&agent.used); i++) /* went with its descriptors */
		ring_at(i)->wall_file = ring_at(i)->wall_call_file = -1;
	atomic_store(&opening, 0);
	return true;
}

bool writer_start(void)
{
	int (*create)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *) = next_symbol("pthread_create");
	pthread_attr_t attr;
	pthread_t thread;
	sigset_t old;
	int failed;

	if (!create || pthread_attr_init(&attr) != 0)
		return false;
	pthread_attr_setstacksize(&attr, 256u << 10);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	signals_block(&old);
	atomic_store(&alive, 1);
	agent_quiet++;
	failed = create(&thread, &attr, writer_run, NULL);
	agent_quiet--;
	if (failed)
		atomic_store(&alive, 0);
	signals_restore(&old);
	pthread_attr_destroy(&attr);
	return failed == 0;
}

void writer_hurry(void)
{
	if (!atomic_exchange(&hurry, true))
		wake(&asked);
}

pid_t writer_thread(void) { return atomic_load(&thread_id); }

/* At most two seconds: a program that ends must end. */
void writer_ask(enum agent_request what, enum pd_wire_reason reason)
{
	uint64_t until = now_ns(CLOCK_MONOTONIC) + 2000 * MS, now;
	uint32_t number, seen;

	if (what >= ASK_FINISH)
		atomic_store(&request_reason, reason);
	if (what >= ASK_LEAVE || atomic_load(&request) == ASK_NOTHING)
		atomic_store(&request, what);
	number = atomic_fetch_add(&asked, 1) + 1;
	wake(&asked);
	while ((int32_t)((seen = atomic_load(&answered)) - number) < 0 && (now = now_ns(CLOCK_MONOTONIC)) < until)
		wait_on(&answered, seen, until - now);
}

bool writer_pause(void) { return work_begin(now_ns(CLOCK_MONOTONIC) + 1000 * MS); }

void writer_resume(void) { work_end(); }

void writer_reset(void)
{
	atomic_store(&working, 0);
	records = indexed = last_stack = 0;
	sequence = flushed = slowly = refreshed = dropped = 0;
	worth = broken = leaving = false;
	fd = -1;
	atomic_store(&opening, 0);
	atomic_store(&alive, 0);
	atomic_store(&asked, 0);
	atomic_store(&answered, 0);
	atomic_store(&request, ASK_NOTHING);
	atomic_store(&thread_id, 0);
	forget_stacks();
	events_forget();
}
