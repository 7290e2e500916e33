/*
 * Who only waits for work. A blocked stack is idle when names on it say so: one
 * piece, or two together (a lock, within the loop of a pool). Everything that is known is
 * in the two tables below.
 */
#include "xform/regex.h"
#include "xform/wall.h"

#include "base/error.h"

#include <stdlib.h>

enum piece {
	P_EPOLL, P_ACCEPT, P_SIGNAL, P_TIMER, P_CHILD, P_LOCK, P_POOL, P_KTHREAD, P_GOPARK, P_GO_WORKER, P_GO_SERVE, P_GO_NEXT, P_GO_TRANSPORT, P_GO_M, P_JAVA_PARK,
	P_JAVA_POOL, P_RUST_PARK, P_RUST_POOL, PIECES,
};

enum how { IS, BEGINS, HAS };

/* What names mean. */
static const struct {
	enum piece piece;
	enum how how;
	const char *text;
} names[] = {
	{ P_EPOLL, IS, "epoll_wait" }, { P_EPOLL, IS, "epoll_pwait" }, { P_EPOLL, IS, "epoll_pwait2" }, { P_EPOLL, IS, "do_epoll_wait" }, { P_EPOLL, IS, "ep_poll" },
	{ P_EPOLL, IS, "uv__io_poll" }, { P_EPOLL, IS, "runtime.netpoll" }, { P_EPOLL, IS, "io_cqring_wait" },
	{ P_ACCEPT, IS, "accept" }, { P_ACCEPT, IS, "accept4" }, { P_ACCEPT, IS, "inet_csk_accept" }, { P_ACCEPT, IS, "unix_accept" }, { P_ACCEPT, IS, "internal/poll.(*FD).Accept" },
	{ P_SIGNAL, IS, "sigwait" }, { P_SIGNAL, IS, "sigwaitinfo" }, { P_SIGNAL, IS, "sigtimedwait" }, { P_SIGNAL, IS, "do_sigtimedwait" }, { P_SIGNAL, IS, "sigsuspend" },
	{ P_SIGNAL, IS, "pause" }, { P_SIGNAL, IS, "os/signal.signal_recv" }, { P_SIGNAL, IS, "os/signal.loop" }, { P_SIGNAL, IS, "runtime.ensureSigM.func1" },
	{ P_TIMER, IS, "nanosleep" }, { P_TIMER, IS, "clock_nanosleep" }, { P_TIMER, IS, "__nanosleep" }, { P_TIMER, IS, "__clock_nanosleep" }, { P_TIMER, IS, "hrtimer_nanosleep" },
	{ P_TIMER, IS, "clock_nanosleep@GLIBC_2.2.5" }, { P_TIMER, IS, "do_nanosleep" }, { P_TIMER, IS, "time.Sleep" }, { P_TIMER, IS, "usleep" },
	{ P_CHILD, IS, "wait4" }, { P_CHILD, IS, "waitpid" }, { P_CHILD, IS, "waitid" }, { P_CHILD, IS, "do_wait" }, { P_CHILD, IS, "__wait4" },
	{ P_LOCK, BEGINS, "pthread_cond_wait" }, { P_LOCK, BEGINS, "pthread_cond_timedwait" }, { P_LOCK, BEGINS, "__pthread_cond_wait" }, { P_LOCK, BEGINS, "___pthread_cond_wait" },
	{ P_LOCK, BEGINS, "futex_wait" }, { P_LOCK, BEGINS, "__futex_abstimed_wait" }, { P_LOCK, BEGINS, "sem_wait" }, { P_LOCK, BEGINS, "new_sem_wait" },
	{ P_LOCK, HAS, "condition_variable" },
	{ P_POOL, HAS, "ThreadPool" }, { P_POOL, HAS, "thread_pool" }, { P_POOL, HAS, "threadpool" }, { P_POOL, HAS, "WorkerThread" }, { P_POOL, HAS, "worker_loop" },
	{ P_POOL, HAS, "worker_main" }, { P_POOL, HAS, "TaskQueue" }, { P_POOL, HAS, "task_queue" }, { P_POOL, HAS, "work_queue" }, { P_POOL, HAS, "Executor" },
	{ P_POOL, IS, "worker" }, { P_POOL, IS, "worker_thread" },
	{ P_KTHREAD, IS, "kthread" },
	{ P_GOPARK, IS, "runtime.gopark" }, { P_GOPARK, IS, "runtime.goparkunlock" },
	{ P_GO_WORKER, IS, "runtime.bgsweep" }, { P_GO_WORKER, IS, "runtime.bgscavenge" }, { P_GO_WORKER, IS, "runtime.forcegchelper" }, { P_GO_WORKER, IS, "runtime.runfinq" },
	{ P_GO_WORKER, IS, "runtime.gcBgMarkWorker" }, { P_GO_WORKER, IS, "runtime.runFinalizers" }, { P_GO_WORKER, IS, "runtime.runCleanups" },
	{ P_GO_WORKER, IS, "runtime.(*scavengerState).park" }, { P_GO_WORKER, IS, "runtime.(*wakeableSleep).sleep" }, { P_GO_WORKER, IS, "runtime.ReadTrace" },
	{ P_GO_WORKER, IS, "runtime.traceStartReadCPU.func1" }, { P_GO_WORKER, IS, "database/sql.(*DB).connectionOpener" },
	{ P_GO_SERVE, IS, "net/http.(*conn).serve" },
	{ P_GO_NEXT, IS, "bufio.(*Reader).Peek" }, { P_GO_NEXT, IS, "net/http.(*conn).readRequest" },
	{ P_GO_TRANSPORT, IS, "net/http.(*persistConn).writeLoop" }, { P_GO_TRANSPORT, IS, "net/http.(*connReader).backgroundRead" }, { P_GO_TRANSPORT, IS, "net/http.(*http2ClientConn).readLoop" },
	{ P_GO_M, IS, "runtime.stopm" }, { P_GO_M, IS, "runtime.mPark" }, { P_GO_M, IS, "runtime.sysmon" }, { P_GO_M, IS, "runtime.templateThread" },
	{ P_JAVA_PARK, HAS, "LockSupport.park" }, { P_JAVA_PARK, HAS, "Unsafe.park" }, { P_JAVA_PARK, HAS, "Unsafe_Park" },
	{ P_JAVA_POOL, HAS, "ThreadPoolExecutor.getTask" }, { P_JAVA_POOL, HAS, "ForkJoinPool.awaitWork" }, { P_JAVA_POOL, HAS, "GCTaskThread" }, { P_JAVA_POOL, HAS, "DelayedWorkQueue.take" },
	{ P_RUST_PARK, HAS, "park" },
	{ P_RUST_POOL, HAS, "tokio::runtime" }, { P_RUST_POOL, HAS, "rayon_core::registry" }, { P_RUST_POOL, HAS, "crossbeam" },
};

/* Which pieces make an idle stack, and what to call it. */
static const struct {
	const char *what;
	uint32_t need;
} rules[] = {
	{ "event loop", 1u << P_EPOLL },
	{ "waiting for connections", 1u << P_ACCEPT },
	{ "waiting for signals", 1u << P_SIGNAL },
	{ "timer", 1u << P_TIMER },
	{ "waiting for child processes", 1u << P_CHILD },
	{ "worker pool", 1u << P_LOCK | 1u << P_POOL },
	{ "worker pool", 1u << P_JAVA_PARK | 1u << P_JAVA_POOL },
	{ "worker pool", 1u << P_RUST_PARK | 1u << P_RUST_POOL },
	{ "kernel thread", 1u << P_KTHREAD },
	{ "worker of the Go runtime", 1u << P_GOPARK | 1u << P_GO_WORKER },
	{ "connection without a request", 1u << P_GO_SERVE | 1u << P_GO_NEXT },
	{ "connection without a request", 1u << P_GOPARK | 1u << P_GO_TRANSPORT },
	{ "idle thread of the Go runtime", 1u << P_GO_M },
};

/* Pieces of one name. */
static uint32_t pieces_of(struct pd_span name)
{
	uint32_t bits = 0;

	for (size_t i = 0; i < PD_ARRAY_LEN(names); i++) {
		struct pd_span text = span_of(names[i].text);

		if (names[i].how == IS ? span_eq(name, text) : names[i].how == BEGINS ? span_starts(name, names[i].text) : span_search(name, text) != NULL)
			bits |= 1u << names[i].piece;
	}
	return bits;
}

struct finder {
	struct pd_wall *w;
	const struct pd_doc *doc;
	uint32_t *func;      /* pieces + top bit when known */
	uint32_t *stack;     /* pieces of the path of each node */
	uint8_t *user_func;  /* 1 + pattern of the user, 255 none */
	uint8_t *user_stack;
	struct pd_rx **rx;
	size_t n_rx;
	struct pd_error *err;
	bool failed;
};

#define KNOWN (1u << 31)
#define NO_PATTERN 255

static void look_at_func(struct finder *f, pd_func func)
{
	struct pd_func_desc d;
	struct pd_span name;

	if (f->func[func.v] & KNOWN)
		return;
	pd_doc_func(f->doc, func, &d);
	name = pd_doc_string(f->doc, d.name);
	f->func[func.v] = KNOWN | pieces_of(name);
	f->user_func[func.v] = NO_PATTERN;
	for (size_t i = 0; i < f->n_rx && f->user_func[func.v] == NO_PATTERN; i++) {
		int hit = pd_rx_match(f->rx[i], name, f->err);

		if (hit < 0)
			f->failed = true;
		else if (hit)
			f->user_func[func.v] = (uint8_t)i;
	}
}

/* Every node of the prefix tree knows what its path has: parents come first. */
static void look_at_stacks(struct finder *f)
{
	for (uint32_t s = 1; s <= pd_doc_stack_nodes(f->doc) && !f->failed; s++) {
		const pd_frame *run;
		uint32_t n = pd_doc_stack_run(f->doc, (pd_stack){ s }, &run), parent = pd_doc_stack_parent(f->doc, (pd_stack){ s }).v;

		f->stack[s] = parent ? f->stack[parent] : 0;
		f->user_stack[s] = parent ? f->user_stack[parent] : NO_PATTERN;
		for (uint32_t i = 0; i < n; i++) {
			struct pd_frame_desc d;

			pd_doc_frame(f->doc, run[i], &d);
			for (uint32_t l = 0; l < d.n_lines; l++) {
				look_at_func(f, d.lines[l].func);
				f->stack[s] |= f->func[d.lines[l].func.v] & ~KNOWN;
				if (f->user_func[d.lines[l].func.v] != NO_PATTERN)
					f->user_stack[s] = f->user_func[d.lines[l].func.v];
			}
		}
	}
}

/* 1 + number of the kind, 0 none. Kinds: those of the table, then the user's. */
static uint8_t kind_of(const struct finder *f, uint32_t stack)
{
	uint32_t has = f->stack[stack];

	if (f->user_stack[stack] != NO_PATTERN)
		return (uint8_t)(PD_ARRAY_LEN(rules) + f->user_stack[stack] + 1);
	for (size_t i = 0; i < PD_ARRAY_LEN(rules); i++)
		if ((has & rules[i].need) == rules[i].need) {
			while (i && strcmp(rules[i - 1].what, rules[i].what) == 0)
				i--; /* one kind, known by different pieces */
			return (uint8_t)(i + 1);
		}
	return 0;
}

static bool open_patterns(struct finder *f)
{
	size_t n = 0;

	while (f->w->o.idle && f->w->o.idle[n])
		n++;
	if (n > 64) {
		pd_error_set(f->err, PD_ERR_USAGE, "more than 64 patterns of idle frames");
		return false;
	}
	f->rx = calloc(n + 1, sizeof(*f->rx));
	f->w->idle = calloc(PD_ARRAY_LEN(rules) + n, sizeof *f->w->idle);
	f->w->idle_what = calloc(PD_ARRAY_LEN(rules) + n, sizeof *f->w->idle_what);
	if (!f->rx || !f->w->idle || !f->w->idle_what)
		return wall_nomem(f->err) == PD_OK;
	for (size_t i = 0; i < PD_ARRAY_LEN(rules); i++)
		f->w->idle_what[i] = rules[i].what;
	for (size_t i = 0; i < n; i++) {
		f->rx[i] = pd_rx_new("idle", f->w->o.idle[i], strlen(f->w->o.idle[i]), false, f->err);
		if (!f->rx[i])
			return false;
		f->n_rx++;
		f->w->idle_what[PD_ARRAY_LEN(rules) + i] = pd_arena_text(&f->w->text, f->w->o.idle[i], strlen(f->w->o.idle[i]));
		if (!f->w->idle_what[PD_ARRAY_LEN(rules) + i])
			return wall_nomem(f->err) == PD_OK;
	}
	f->w->n_idle = PD_ARRAY_LEN(rules) + n;
	return true;
}

static bool find(struct finder *f)
{
	f->doc = pd_builder_view(f->w->b);
	f->func = calloc((size_t)pd_doc_funcs(f->doc) + 1, sizeof *f->func);
	f->user_func = calloc((size_t)pd_doc_funcs(f->doc) + 1, 1);
	f->stack = calloc((size_t)pd_doc_stack_nodes(f->doc) + 1, sizeof *f->stack);
	f->user_stack = calloc((size_t)pd_doc_stack_nodes(f->doc) + 1, 1);
	if (!f->func || !f->user_func || !f->stack || !f->user_stack)
		return wall_nomem(f->err) == PD_OK;
	f->user_stack[0] = NO_PATTERN;
	if (!open_patterns(f))
		return false;
	look_at_stacks(f);
	for (size_t i = 0; i < f->w->cell.n && !f->failed; i++)
		if (f->w->cell.v[i].state == WALL_OFF)
			f->w->cell.v[i].idle = kind_of(f, f->w->cell.v[i].stack);
	return !f->failed;
}

enum pd_status wall_idle(struct pd_wall *w, struct pd_error *err)
{
	struct finder f = { .w = w, .err = err };
	bool ok = find(&f);

	for (size_t i = 0; i < f.n_rx; i++)
		pd_rx_free(f.rx[i]);
	free(f.rx);
	free(f.func);
	free(f.user_func);
	free(f.stack);
	free(f.user_stack);
	return ok ? PD_OK : err && err->status ? err->status : PD_ERR_NOMEM;
}
