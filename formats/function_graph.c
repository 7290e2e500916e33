/*
 * function-graph - calls as they nest, with how long they took: the text of
 * ftrace's function_graph tracer, of `uftrace replay` and of `uftrace dump`.
 *
 *    0)               |  vfs_read() {                       ftrace: CPU, duration at the end of a call;
 *    0)   0.633 us    |    rw_verify_area();                with funcgraph-proc "cat-1234 |", with
 *    0) + 12.345 us   |  }                                  funcgraph-abstime a time in front
 *
 *     6.857 us [ 4703] | mid() {                            uftrace: thread, perhaps more columns
 *     5.881 ms [ 4705] |     } (closing) leaf
 *
 *    3008.659760  4703: [entry] mid(55ffe657f272) depth: 1     uftrace dump: time, thread; one thread after the other
 *
 * Without a time in front a thread's clock is what its calls took: a call begins
 * where the last one ended. Being off the CPU ("linux:schedule", or "sched-out"
 * and "sched-in") is a slice too; other comments are skipped.
 */
#include "base/hash.h"
#include "base/span.h"
#include "base/vec.h"
#include "common/text.h"
#include "model/index.h"
#include <profdata/trace.h>

struct thread {
	struct pd_span name;    /* in the arena */
	int64_t id, clock;
	PD_VEC(int64_t) open;   /* begins of calls not ended */
};

struct graph {
	struct pd_source *src;
	struct pd_sink *sink;
	struct pd_events *ev;
	PD_VEC(struct thread) thread; /* row = track - 1 */
	struct pd_index index;        /* by name */
	uint64_t key;
	struct pd_arena text;
	uint32_t cpu_thread[1024];    /* track that runs on a CPU, as the banners say; 0 unknown */
	bool started, nomem;
	uint64_t calls;
};

/* What a line says. */
struct call {
	struct pd_span thread;  /* "cat-1234" or "4703"; empty: whoever runs on the CPU */
	uint64_t cpu;
	bool has_cpu, has_time, has_duration;
	int64_t time, duration; /* ns */
	struct pd_span body;
};

/* ---- columns ---- */

/* "12.345 us" off the front, with ftrace's marks of long durations. */
static bool eat_duration(struct pd_span *s, int64_t *ns)
{
	static const struct { const char *unit; unsigned decimals; } units[] = { { "us", 3 }, { "ms", 6 }, { "ns", 0 }, { "s", 9 }, { "m", 0 } };
	struct pd_span t = span_ltrim(*s), number;

	while (t.n && strchr("+!#*@$", t.p[0]) && t.p[0])
		t = span_ltrim(span_skip(t, 1));
	number = t;
	while (t.n && ((t.p[0] >= '0' && t.p[0] <= '9') || t.p[0] == '.'))
		t = span_skip(t, 1);
	number.n -= t.n;
	if (!number.n || !t.n || t.p[0] != ' ')
		return false;
	t = span_ltrim(t);
	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		struct pd_span rest = t;

		if (!span_eat(&rest, units[i].unit) || (rest.n && !span_is_blank(rest.p[0])))
			continue;
		if (!strcmp(units[i].unit, "m")) { /* uftrace: "1.234  m", minutes */
			if (!span_fixed(number, 9, ns) || *ns > INT64_MAX / 60)
				return false;
			*ns *= 60;
		} else if (!span_fixed(number, units[i].decimals, ns)) {
			return false;
		}
		*s = rest;
		return true;
	}
	return false;
}

/* "17452.749792260": seconds. */
static bool is_time(struct pd_span s, int64_t *ns)
{
	s = span_trim(s);
	return s.n && span_find(s, '.') && !span_find(s, ' ') && span_fixed(s, 9, ns) && *ns >= 0;
}

/* "DURATION [ TID] ... | BODY" */
static bool uftrace_line(struct pd_span s, struct call *c)
{
	struct pd_span left, tid, word;

	if (!span_cut(&s, '|', &left))
		return false;
	c->body = s;
	c->has_duration = eat_duration(&left, &c->duration);
	left = span_ltrim(left);
	if (!span_eat(&left, "[") || !span_cut(&left, ']', &tid))
		return false;
	c->thread = span_trim(tid);
	while (span_word(&left, &word))
		if (is_time(word, &c->time)) { /* the first number with a point; deltas have units behind */
			struct pd_span rest = span_ltrim(left);

			c->has_time = !span_starts(rest, "us") && !span_starts(rest, "ms") && !span_starts(rest, "s");
			break;
		}
	return c->thread.n != 0;
}

/* "[TIME |] CPU) [COMM-PID |] [DURATION] | BODY" */
static bool ftrace_line(struct pd_span s, struct call *c)
{
	struct pd_span part, rest = s, cpu;

	if (span_cut(&rest, '|', &part) && is_time(part, &c->time)) {
		c->has_time = true;
		s = rest;
	}
	if (!span_cut(&s, ')', &cpu) || !span_u64(span_trim(cpu), &c->cpu))
		return false;
	c->has_cpu = true;
	if (!span_cut(&s, '|', &part))
		return false;
	rest = s;
	if (span_cut(&rest, '|', &cpu) && !span_search(span_trim(part), SPAN(" us"))) { /* a column for the thread */
		c->thread = span_trim(part);
		part = cpu;
		s = rest;
	}
	c->has_duration = eat_duration(&part, &c->duration);
	c->body = s;
	return true;
}

/* "TIME TID: [entry] NAME(ADDRESS) depth: N", "[exit ]" and others; *what: which. */
static bool dump_line(struct pd_span s, struct call *c, struct pd_span *what)
{
	struct pd_span time, depth;

	*c = (struct call){ .has_time = true };
	s = span_ltrim(s);
	if (!span_word(&s, &time) || !is_time(time, &c->time) || !span_cut(&s, ':', &c->thread))
		return false;
	c->thread = span_trim(c->thread);
	s = span_ltrim(s);
	if (!span_eat(&s, "[") || !span_cut(&s, ']', what) || !c->thread.n || span_find(c->thread, ' '))
		return false;
	*what = span_trim(*what);
	c->body = span_trim(s);
	if (!span_is(*what, "entry") && !span_is(*what, "exit"))
		return true;
	/* from the end: names may have anything in them */
	return span_rcut(&c->body, ':', &depth) && span_reat(&c->body, " depth") && span_rcut(&c->body, '(', &depth) && span_ends(depth, ")");
}

static bool parse(struct pd_span line, struct call *c)
{
	*c = (struct call){ 0 };
	if (uftrace_line(line, c))
		return true;
	*c = (struct call){ 0 };
	return ftrace_line(line, c);
}

/* ---- threads ---- */

static void describe(struct graph *g, uint32_t track, const struct thread *t)
{
	struct pd_track_desc d = { .kind = PD_TRACK_THREAD, .id = t->id, .name = t->name };
	uint64_t number;

	if (span_u64(t->name, &number)) /* no more than its id */
		d.name = SPAN("");

	if (!g->started) {
		g->started = true;
		pd_events_start(g->ev, &(struct pd_trace_desc){ .size = sizeof(struct pd_trace_desc), .clock = SPAN("trace") });
	}
	pd_events_track(g->ev, (pd_track){ track }, &d);
}

/* Track of a thread by its name; 0 when out of memory. */
static uint32_t track_of(struct graph *g, struct pd_span name)
{
	uint32_t hash, at, row;
	struct pd_span tail = name, head = name;
	struct thread t = { 0 };
	uint64_t id;

	if ((!g->index.slot || g->index.used >= (g->index.mask + 1) / 4 * 3) && !pd_index_grow(&g->index)) {
		g->nomem = true;
		return 0;
	}
	hash = pd_fold32(pd_hash_bytes(g->key, name.p, name.n));
	for (row = pd_index_first(&g->index, hash, &at); row; row = pd_index_next(&g->index, hash, &at))
		if (span_eq(g->thread.v[row - 1].name, name))
			return row;
	t.name = (struct pd_span){ pd_arena_text(&g->text, name.p, name.n), name.n };
	if (span_rcut(&head, '-', &tail) && span_u64(tail, &id) && id <= INT64_MAX)
		t.id = (int64_t)id;
	else if (span_u64(name, &id) && id <= INT64_MAX)
		t.id = (int64_t)id;
	else
		t.id = (int64_t)g->thread.n + 1;
	if (!t.name.p || g->thread.n >= UINT32_MAX - 2 || !pd_vec_push(&g->thread, t)) {
		g->nomem = true;
		return 0;
	}
	row = (uint32_t)g->thread.n;
	pd_index_put(&g->index, hash, at, row);
	describe(g, row, &t);
	return row;
}

/* " 0)  bash-1234    =>  sshd-5678": who runs there now. */
static bool banner(struct graph *g, struct pd_span line)
{
	const char *to = span_search(line, SPAN(" => "));
	struct pd_span cpu;
	uint64_t n;

	if (!to || !span_cut(&line, ')', &cpu) || !span_u64(span_trim(cpu), &n) || n >= 1024)
		return false;
	g->cpu_thread[n] = track_of(g, span_trim(span_between(to + 4, line.p + line.n)));
	return true;
}

static uint32_t track(struct graph *g, const struct call *c)
{
	char name[32];
	int n;

	if (c->thread.n)
		return track_of(g, c->thread);
	if (c->cpu < 1024 && g->cpu_thread[c->cpu])
		return g->cpu_thread[c->cpu];
	n = snprintf(name, sizeof name, "CPU %llu", (unsigned long long)c->cpu);
	return track_of(g, (struct pd_span){ name, (size_t)n });
}

/* ---- calls ---- */

static void send(struct graph *g, enum pd_event_kind kind, uint32_t track, int64_t ts, int64_t dur, struct pd_span name)
{
	pd_events_event(g->ev, &(struct pd_event){ .kind = kind, .track = { track }, .ts = ts, .dur = dur, .name = name });
	g->calls++;
}

static int64_t later(int64_t t, int64_t by)
{
	return t > INT64_MAX - by ? INT64_MAX : t + by;
}

static enum pd_status open_call(struct graph *g, uint32_t row, const struct call *c, struct pd_span name)
{
	struct thread *t = &g->thread.v[row - 1];

	if (t->open.n >= g->sink->limits->max_depth)
		return pd_fail(g->sink, g->src, "more than %u calls within each other", (unsigned)g->sink->limits->max_depth);
	if (c->has_time && c->time > t->clock)
		t->clock = c->time;
	if (!pd_vec_push(&t->open, t->clock))
		g->nomem = true;
	send(g, PD_EV_BEGIN, row, t->clock, 0, name);
	return PD_OK;
}

static enum pd_status close_call(struct graph *g, uint32_t row, const struct call *c)
{
	struct thread *t = &g->thread.v[row - 1];
	int64_t end = t->clock;

	if (!t->open.n)
		return pd_note(g->sink, g->src, "ends without the begin of their call");
	t->open.n--;
	if (c->has_duration)
		end = later(t->open.v[t->open.n], c->duration);
	else if (c->has_time)
		end = c->time;
	if (end > t->clock)
		t->clock = end;
	send(g, PD_EV_END, row, t->clock, 0, SPAN(""));
	return PD_OK;
}

static enum pd_status whole_call(struct graph *g, uint32_t row, const struct call *c, struct pd_span name)
{
	struct thread *t = &g->thread.v[row - 1];
	enum pd_status status = open_call(g, row, c, name);

	if (status != PD_OK)
		return status;
	t->open.n--;
	t->clock = later(t->clock, c->duration);
	send(g, PD_EV_END, row, t->clock, 0, SPAN(""));
	return PD_OK;
}

static enum pd_status one_call(struct graph *g, const struct call *c)
{
	struct pd_span body = span_trim(c->body), comment = body;
	uint32_t row;

	if (!body.n || span_starts(body, "==") || span_starts(body, "<=="))
		return PD_OK; /* interrupts: their calls stand between the marks */
	row = track(g, c);
	if (!row)
		return PD_OK; /* out of memory: sticky */
	if (body.p[0] == '}')
		return close_call(g, row, c);
	if (span_eat(&comment, "/*")) {
		span_reat(&comment, "*/");
		comment = span_trim(comment);
		if (!c->has_duration || !span_starts(comment, "linux:"))
			return PD_OK;
		return whole_call(g, row, c, span_starts(comment, "linux:sched-in") ? SPAN("linux:schedule") : comment);
	}
	if (span_reat(&body, "{"))
		return open_call(g, row, c, pd_symbol_no_params(span_trim(body)));
	if (span_rfind(body, ';'))
		return whole_call(g, row, c, pd_symbol_no_params(span_between(body.p, span_rfind(body, ';'))));
	return pd_note(g->sink, g->src, "lines that are no calls skipped");
}

static enum pd_status dumped(struct graph *g, const struct call *c, struct pd_span what)
{
	uint32_t row;

	if (!span_is(what, "entry") && !span_is(what, "exit")) /* of the kernel, in files of their own: not in the order of the calls */
		return pd_note(g->sink, g->src, "events beside the calls left out");
	row = track_of(g, c->thread);
	if (!row)
		return PD_OK; /* out of memory: sticky */
	return span_is(what, "exit") ? close_call(g, row, c) : open_call(g, row, c, pd_symbol_no_params(c->body));
}

static enum pd_status one_line(struct graph *g, struct pd_span line)
{
	struct pd_span s = span_trim(line), what;
	struct call c;

	if (!s.n || s.p[0] == '#' || span_starts(s, "----") || span_starts(s, "uftrace file header:") || (span_starts(s, "reading ") && span_ends(s, ".dat")))
		return PD_OK;
	if (dump_line(line, &c, &what))
		return dumped(g, &c, what);
	if (parse(line, &c))
		return one_call(g, &c);
	if (banner(g, s))
		return PD_OK;
	if (span_starts(s, "CPU:") && span_search(s, SPAN("[LOST ")))
		return pd_note(g->sink, g->src, "places where events were lost");
	return pd_note(g->sink, g->src, "lines that are no calls skipped");
}

static enum pd_status graph_read(struct pd_source *src, struct pd_sink *sink, struct pd_events *ev, const void *opts)
{
	struct graph g = { .src = src, .sink = sink, .ev = ev, .key = pd_hash_key() };
	enum pd_status status = PD_OK;
	struct pd_span line;

	(void)opts;
	while (status == PD_OK && !g.nomem && !ev->failed && pd_source_line(src, &line))
		status = one_line(&g, line);
	if (status == PD_OK)
		status = pd_source_status(src);
	if (status == PD_OK && g.nomem)
		status = pd_error_set(sink->err, PD_ERR_NOMEM, "out of memory");
	if (status == PD_OK && !g.calls && !ev->failed)
		status = pd_fail(sink, src, "no call found, expected ' 0)   0.633 us    |  function();' or '  0.991 us [ 4703] | function();'");
	for (size_t i = 0; i < g.thread.n; i++)
		pd_vec_release(&g.thread.v[i].open);
	pd_vec_release(&g.thread);
	pd_index_release(&g.index);
	pd_arena_release(&g.text);
	return status;
}

static enum pd_sniff graph_sniff(const struct pd_probe *p)
{
	unsigned calls = 0, other = 0;

	if (!p->is_text)
		return PD_SNIFF_NO;
	for (unsigned i = 0; i < p->n_lines; i++) {
		struct pd_span s = span_trim(p->lines[i]), what;
		struct call c;

		if (span_is(s, "# tracer: function_graph") || span_starts(s, "uftrace file header: magic"))
			return PD_SNIFF_MAGIC;
		if (!s.n || s.p[0] == '#')
			continue;
		if (dump_line(s, &c, &what))
			calls += span_is(what, "entry") || span_is(what, "exit");
		else if (parse(p->lines[i], &c) && (s = span_trim(c.body)).n && (s.p[0] == '}' || span_ends(s, "{") || span_ends(s, ";") || span_ends(s, "*/")))
			calls++;
		else
			other++;
	}
	return calls && calls > 2 * other ? PD_SNIFF_SHAPE : PD_SNIFF_NO;
}

const struct pd_format pd_format_function_graph = {
	.name = "function-graph",
	.summary = "calls of ftrace's function_graph tracer, uftrace replay and dump",
	.aliases = (const char *const[]){ "ftrace", "uftrace", NULL },
	.sniff = graph_sniff,
	.read_events = graph_read,
};
