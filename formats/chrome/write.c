/*
 * Events → Trace Event JSON. Everything goes out as it comes, in constant
 * memory: complete slices (X) are half the size of begin and end, so on ordered
 * tracks a begin waits for its end; what never ends goes out as a lone B, which
 * viewers show as unfinished. Times are decimal microseconds made of the
 * integer nanoseconds, counted from the origin of the trace, which stands in
 * otherData.
 */
#include "base/error.h"
#include "base/vec.h"
#include "chrome/chrome.h"
#include "chrome/write_stacks.h"
#include "common/escape.h"
#include "common/json_write.h"
#include "io/out.h"
#include <inttypes.h>
#include <math.h>

#define NO_NAME "[no name]"
#define MOST_ID INT32_MAX /* viewers keep pid and tid in 32 bits */

#define lit(w, text) out_bytes((w)->out, text, sizeof(text) - 1)

struct track {
	enum pd_track_kind kind;
	uint32_t flags, parent;
	int64_t id;            /* as written */
	size_t name, name_n;   /* counters: in `text` */
	size_t series;         /* counters: first of n_series names in `text`, zero-terminated */
	unsigned n_series;
	PD_VEC(char) waiting;  /* begins that wait for their ends: see struct begun */
	uint32_t head_of, head_n; /* `head` was made when this many processes were known */
	char head[48];         /* what stands between ph and time: ","pid":1,"tid":2,"ts": */
	size_t last;           /* where the innermost one starts, plus 1; 0 none */
	PD_VEC(char) held;     /* slices that are over, but began with the one around them: it must stand before them */
};

/*
 * A begin that waits; followed by the bytes of name and category, then args, each a struct pd_arg and its bytes. In
 * `held` the args of the end follow too.
 */
struct begun {
	size_t outer; /* as track.last */
	size_t held;  /* where the slices it holds begin */
	int64_t ts, end;
	uint32_t stack, end_stack, name_n, category_n, n_args, n_end_args;
};

struct writer {
	struct pd_events events;
	struct pd_out *out;
	bool no_args, any;
	uint32_t n_processes;     /* descriptions of processes, plus 1 */
	struct pd_trace_desc desc; /* without texts */
	char clock[32], source[64];
	PD_VEC(struct track) track; /* row 0 is the whole trace */
	PD_VEC(char) text;
	struct chrome_stacks stacks;
};

static void fail(struct writer *w)
{
	w->events.failed = true;
}

/* ---- pieces ---- */

static void put_u64(struct writer *w, uint64_t v)
{
	out_used(w->out, pd_put_u64(out_room(w->out, 32), v));
}

static void put_i64(struct writer *w, int64_t v)
{
	out_used(w->out, pd_put_i64(out_room(w->out, 32), v));
}

static void put_text(struct writer *w, const char *p, size_t n)
{
	esc_json_quoted(w->out, p, n);
}

/* Nanoseconds as microseconds with as many of three decimals as are needed; at most 24 bytes. */
static size_t format_us(char *to, uint64_t ns)
{
	char *p = to + pd_put_u64(to, ns / 1000);
	unsigned part = (unsigned)(ns % 1000);

	if (part) {
		*p++ = '.';
		*p++ = (char)('0' + part / 100);
		*p++ = (char)('0' + part / 10 % 10);
		*p++ = (char)('0' + part % 10);
		while (p[-1] == '0')
			p--;
	}
	return (size_t)(p - to);
}

static void put_dur(struct writer *w, uint64_t ns)
{
	char *p = out_room(w->out, 48);

	memcpy(p, ",\"dur\":", 7);
	out_used(w->out, 7 + format_us(p + 7, ns));
}

static void put_double(struct writer *w, double v)
{
	if (isfinite(v))
		out_used(w->out, pd_put_real(out_room(w->out, 64), v));
	else
		lit(w, "null");
}

/* ---- arguments ---- */

static void put_arg(struct writer *w, const struct pd_arg *a)
{
	switch (a->kind) {
	case PD_ARG_STR: put_text(w, a->str.p, a->str.n); break;
	case PD_ARG_INT: put_i64(w, a->i); break;
	case PD_ARG_UINT: put_u64(w, a->u); break;
	case PD_ARG_REAL: put_double(w, a->real); break;
	case PD_ARG_BOOL: a->yes ? lit(w, "true") : lit(w, "false"); break;
	case PD_ARG_JSON: out_bytes(w->out, a->str.p, a->str.n); break;
	}
}

static bool has_bytes(const struct pd_arg *a)
{
	return a->kind == PD_ARG_STR || a->kind == PD_ARG_JSON;
}

/* Members of an open object. */
static void put_members(struct writer *w, const struct pd_arg *a, size_t n, bool *any)
{
	for (size_t i = 0; i < n; i++) {
		if (*any)
			out_byte(w->out, ',');
		*any = true;
		put_text(w, a[i].key.p, a[i].key.n);
		out_byte(w->out, ':');
		put_arg(w, &a[i]);
	}
}

static void put_args(struct writer *w, const struct pd_arg *a, size_t n)
{
	bool any = false;

	if (!n || w->no_args)
		return;
	lit(w, ",\"args\":{");
	put_members(w, a, n, &any);
	out_byte(w->out, '}');
}

/* ---- one event ---- */

static struct track *track_at(struct writer *w, pd_track id)
{
	return id.v < w->track.n ? &w->track.v[id.v] : NULL;
}

static int64_t pid_of(const struct writer *w, const struct track *t)
{
	for (int up = 0; up < 3 && t->kind != PD_TRACK_PROCESS && t->parent && t->parent < w->track.n; up++)
		t = &w->track.v[t->parent];
	return t->kind == PD_TRACK_PROCESS ? t->id : 0;
}

static int64_t tid_of(const struct writer *w, const struct track *t)
{
	if (t->kind == PD_TRACK_COUNTER && t->parent && t->parent < w->track.n)
		t = &w->track.v[t->parent];
	return t->kind == PD_TRACK_COUNTER ? 0 : t->id;
}

/* {"ph":"?","pid":1,"tid":2 */
static void put_start(struct writer *w, const struct track *t, char ph)
{
	if (w->any)
		lit(w, ",\n");
	w->any = true;
	lit(w, "{\"ph\":\"");
	out_byte(w->out, ph);
	lit(w, "\",\"pid\":");
	put_i64(w, pid_of(w, t));
	lit(w, ",\"tid\":");
	put_i64(w, tid_of(w, t));
}

static void put_name(struct writer *w, struct pd_span name, struct pd_span category, const char *no_category)
{
	lit(w, ",\"name\":");
	if (name.n)
		put_text(w, name.p, name.n);
	else
		put_text(w, NO_NAME, sizeof(NO_NAME) - 1);
	if (!category.n && !no_category)
		return;
	lit(w, ",\"cat\":");
	if (category.n)
		put_text(w, category.p, category.n);
	else
		put_text(w, no_category, strlen(no_category));
}

static void make_head(const struct writer *w, struct track *t)
{
	char *p = t->head;

	memcpy(p, "\",\"pid\":", 8);
	p += 8 + pd_put_i64(p + 8, pid_of(w, t));
	memcpy(p, ",\"tid\":", 7);
	p += 7 + pd_put_i64(p + 7, tid_of(w, t));
	memcpy(p, ",\"ts\":", 6);
	t->head_n = (uint32_t)(p + 6 - t->head);
	t->head_of = w->n_processes;
}

/* Phase, place, time: {"ph":"?","pid":1,"tid":2,"ts":3 */
static void put_timed(struct writer *w, const struct track *t, char ph, int64_t ts)
{
	int64_t origin = w->desc.has_origin ? w->desc.origin : 0;
	char *start = out_room(w->out, 128), *p = start;

	if (pd_likely(w->any)) {
		*p++ = ',';
		*p++ = '\n';
	}
	w->any = true;
	memcpy(p, "{\"ph\":\"", 7);
	p += 7;
	*p++ = ph;
	memcpy(p, t->head, sizeof t->head);
	p += t->head_n;
	if (ts < origin)
		*p++ = '-';
	/* a difference of two int64 always fits its unsigned magnitude */
	p += format_us(p, ts < origin ? (uint64_t)origin - (uint64_t)ts : (uint64_t)ts - (uint64_t)origin);
	out_used(w->out, (size_t)(p - start));
}

/* What every event begins with. */
static void put_head(struct writer *w, const struct track *t, const struct pd_event *e, char ph, const char *no_category)
{
	put_timed(w, t, ph, e->ts);
	put_name(w, e->name, e->category, no_category);
}

static void put_stack(struct writer *w, const char *key, uint32_t stack)
{
	if (!stack)
		return;
	lit(w, ",\"");
	out_bytes(w->out, key, strlen(key));
	lit(w, "\":");
	put_u64(w, stack);
}

static void put_end(struct writer *w)
{
	out_byte(w->out, '}');
}

/* ---- slices ---- */

/* Room for n more bytes of what waits; NULL when there is none. */
static char *more_room(struct track *t, size_t n)
{
	char *p;

	if (!pd_vec_reserve(&t->waiting, n))
		return NULL;
	p = t->waiting.v + t->waiting.n;
	t->waiting.n += n;
	return p;
}

static char *put_bytes(char *to, const void *p, size_t n)
{
	if (n) /* no bytes may have no address */
		memcpy(to, p, n);
	return to + n;
}

static bool keep_args(struct track *t, const struct pd_arg *args, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		const struct pd_arg *a = &args[i];
		size_t str_n = has_bytes(a) ? a->str.n : 0;
		char *p = more_room(t, sizeof *a + a->key.n + str_n);

		if (!p)
			return false;
		p = put_bytes(put_bytes(p, a, sizeof *a), a->key.p, a->key.n);
		put_bytes(p, a->str.p, str_n);
	}
	return true;
}

static void begin_waits(struct writer *w, struct track *t, const struct pd_event *e)
{
	struct begun b = { .outer = t->last, .held = t->held.n, .ts = e->ts, .stack = e->stack.v, .name_n = (uint32_t)e->name.n,
			   .category_n = (uint32_t)e->category.n, .n_args = w->no_args ? 0 : e->n_args };
	size_t at = t->waiting.n;
	char *p = more_room(t, sizeof b + b.name_n + b.category_n);

	if (p) {
		p = put_bytes(put_bytes(p, &b, sizeof b), e->name.p, b.name_n);
		put_bytes(p, e->category.p, b.category_n);
	}
	if (!p || !keep_args(t, e->args, b.n_args))
		fail(w);
	t->last = at + 1;
}

/* The args of a waiting begin, from `p` on, one by one. */
static const char *next_arg(const char *p, struct pd_arg *a)
{
	memcpy(a, p, sizeof *a);
	p += sizeof *a;
	a->key.p = p;
	p += a->key.n;
	if (has_bytes(a)) {
		a->str.p = p;
		p += a->str.n;
	}
	return p;
}

static const char *skip_args(const char *p, uint32_t n)
{
	struct pd_arg a;

	while (n--)
		p = next_arg(p, &a);
	return p;
}

/* Is the key of `a` among n args at p? The end's value is the one that counts. */
static bool is_among(const struct pd_arg *a, const char *p, uint32_t n)
{
	struct pd_arg other;

	while (n--) {
		p = next_arg(p, &other);
		if (other.key.n == a->key.n && memcmp(other.key.p, a->key.p, a->key.n) == 0)
			return true;
	}
	return false;
}

static void put_both_args(struct writer *w, const char *begin, const struct begun *b)
{
	const char *end = skip_args(begin, b->n_args);
	uint32_t n = b->n_args + b->n_end_args;
	struct pd_arg a;
	bool any = false;

	if (!n)
		return;
	lit(w, ",\"args\":{");
	for (uint32_t i = 0; i < n; i++) {
		begin = next_arg(begin, &a);
		if (i >= b->n_args || !is_among(&a, end, b->n_end_args))
			put_members(w, &a, 1, &any);
	}
	out_byte(w->out, '}');
}

/* A record as X, or as B when it has no end. Returns where the next one starts. */
static const char *put_begun(struct writer *w, const struct track *t, const char *p, bool ended)
{
	struct pd_event x = { 0 };
	struct begun b;

	memcpy(&b, p, sizeof b);
	p += sizeof b;
	x.ts = b.ts;
	x.name = (struct pd_span){ p, b.name_n };
	x.category = (struct pd_span){ p + b.name_n, b.category_n };
	p += b.name_n + b.category_n;
	put_head(w, t, &x, ended ? 'X' : 'B', NULL);
	if (ended) {
		put_dur(w, b.end > b.ts ? (uint64_t)b.end - (uint64_t)b.ts : 0);
	}
	put_stack(w, "sf", b.stack);
	put_stack(w, "esf", b.end_stack);
	put_both_args(w, p, &b);
	put_end(w);
	return skip_args(p, b.n_args + b.n_end_args);
}

static void put_held(struct writer *w, struct track *t, size_t from)
{
	const char *p, *end;

	if (t->held.n == from) /* perhaps there is no memory to point into */
		return;
	end = t->held.v + t->held.n;
	for (p = t->held.v + from; p < end;)
		p = put_begun(w, t, p, true);
	t->held.n = from;
}

/* Moves the innermost record to `held`, before those that it holds itself. */
static void hold(struct writer *w, struct track *t, const struct begun *b)
{
	size_t n = t->waiting.n - (t->last - 1), inner = t->held.n - b->held;

	if (!pd_vec_reserve(&t->held, n)) {
		fail(w);
		return;
	}
	memmove(t->held.v + b->held + n, t->held.v + b->held, inner);
	memcpy(t->held.v + b->held, t->waiting.v + t->last - 1, n);
	t->held.n += n;
}

/* Of slices that begin and end together viewers take the first one for the outer one. */
static void end_begun(struct writer *w, struct track *t, const struct pd_event *e)
{
	struct begun b, outer = { 0 };

	if (!w->no_args && !keep_args(t, e->args, e->n_args))
		fail(w);
	memcpy(&b, t->waiting.v + t->last - 1, sizeof b);
	b.end = e->ts;
	b.end_stack = e->stack.v;
	b.n_end_args = w->no_args ? 0 : e->n_args;
	memcpy(t->waiting.v + t->last - 1, &b, sizeof b);
	if (b.outer)
		memcpy(&outer, t->waiting.v + b.outer - 1, sizeof outer);
	if (b.outer && outer.ts == b.ts) {
		hold(w, t, &b);
	} else {
		put_begun(w, t, t->waiting.v + t->last - 1, true);
		put_held(w, t, b.held);
	}
	t->waiting.n = t->last - 1;
	t->last = b.outer;
}

/* What never ends, from the outside in. */
static void put_unfinished(struct writer *w, struct track *t)
{
	PD_VEC(size_t) at = { 0 };
	struct begun b;

	for (; t->last && !w->events.failed; t->last = b.outer) {
		memcpy(&b, t->waiting.v + t->last - 1, sizeof b);
		if (!pd_vec_push(&at, t->last - 1))
			fail(w);
	}
	while (at.n)
		put_begun(w, t, t->waiting.v + at.v[--at.n], false);
	put_held(w, t, 0);
	pd_vec_release(&at);
}

static void put_slice(struct writer *w, const struct track *t, const struct pd_event *e)
{
	put_head(w, t, e, 'X', NULL);
	put_dur(w, e->dur > 0 ? (uint64_t)e->dur : 0);
	put_stack(w, "sf", e->stack.v);
	put_stack(w, "esf", e->end_stack.v);
	put_args(w, e->args, e->n_args);
	put_end(w);
}

/* Begin and end where nobody knows yet which belong together. */
static void put_loose(struct writer *w, const struct track *t, const struct pd_event *e)
{
	if (e->kind == PD_EV_END && !e->name.n) {
		put_timed(w, t, 'E', e->ts);
	} else {
		put_head(w, t, e, e->kind == PD_EV_BEGIN ? 'B' : 'E', NULL);
	}
	put_stack(w, "sf", e->stack.v);
	put_args(w, e->args, e->n_args);
	put_end(w);
}

static void put_begin_or_end(struct writer *w, struct track *t, const struct pd_event *e)
{
	if (t->flags & PD_TRACK_UNORDERED)
		put_loose(w, t, e);
	else if (e->kind == PD_EV_BEGIN)
		begin_waits(w, t, e);
	else if (t->last)
		end_begun(w, t, e);
}

/* ---- everything else ---- */

static void put_instant(struct writer *w, const struct track *t, const struct pd_event *e)
{
	put_head(w, t, e, 'i', NULL);
	if (e->flags & PD_EV_GLOBAL)
		lit(w, ",\"s\":\"g\"");
	else if (e->flags & PD_EV_PROCESS)
		lit(w, ",\"s\":\"p\"");
	else
		lit(w, ",\"s\":\"t\"");
	put_stack(w, "sf", e->stack.v);
	put_args(w, e->args, e->n_args);
	put_end(w);
}

static void put_counter(struct writer *w, const struct track *t, const struct pd_event *e)
{
	struct pd_event named = *e;
	const char *series = t->n_series ? w->text.v + t->series : "";

	if (!e->name.n && t->name_n)
		named.name = (struct pd_span){ w->text.v + t->name, t->name_n };
	put_head(w, t, &named, 'C', NULL);
	lit(w, ",\"args\":{");
	for (uint32_t i = 0; i < e->n_values; i++) {
		if (i)
			out_byte(w->out, ',');
		if (i < t->n_series) {
			put_text(w, series, strlen(series));
			series += strlen(series) + 1;
		} else {
			lit(w, "\"value");
			if (i)
				put_u64(w, i);
			out_byte(w->out, '"');
		}
		out_byte(w->out, ':');
		put_double(w, e->values[i]);
	}
	lit(w, "}}");
}

static void put_linked(struct writer *w, const struct track *t, const struct pd_event *e, char ph, const char *no_category)
{
	put_head(w, t, e, ph, no_category);
	lit(w, ",\"id\":\"0x");
	out_used(w->out, pd_put_hex(out_room(w->out, 32), e->id));
	lit(w, "\"");
	if (e->kind == PD_EV_FLOW_END && (e->flags & PD_EV_ENCLOSING))
		lit(w, ",\"bp\":\"e\"");
	put_stack(w, "sf", e->stack.v);
	put_args(w, e->args, e->n_args);
	put_end(w);
}

static void put_sample(struct writer *w, const struct track *t, const struct pd_event *e)
{
	struct pd_event named = *e;

	if (!e->name.n)
		named.name = (struct pd_span){ "sample", 6 };
	put_instant(w, t, &named);
}

/* Before the first event that names it. Process 0 stands for the whole trace, as viewers keep such tables per process. */
static void define_stack(struct writer *w, uint32_t stack)
{
	if (pd_likely(!stack || chrome_stack_is_used(&w->stacks, stack)) || !w->events.tables)
		return;
	put_start(w, &w->track.v[0], 'M');
	lit(w, ",\"name\":\"stackFrames\",\"args\":{\"stackFrames\":{");
	if (!chrome_stack_define(&w->stacks, stack, w->events.tables, w->out))
		fail(w);
	lit(w, "}}}");
}

static void write_event(struct pd_events *ev, const struct pd_event *e)
{
	struct writer *w = (struct writer *)ev;
	struct track *t = track_at(w, e->track);

	if (!t) {
		fail(w);
		return;
	}
	if (pd_unlikely(t->head_of != w->n_processes))
		make_head(w, t);
	define_stack(w, e->stack.v);
	define_stack(w, e->end_stack.v);
	switch (e->kind) {
	case PD_EV_BEGIN: case PD_EV_END: put_begin_or_end(w, t, e); break;
	case PD_EV_SLICE: put_slice(w, t, e); break;
	case PD_EV_INSTANT: put_instant(w, t, e); break;
	case PD_EV_COUNTER: put_counter(w, t, e); break;
	case PD_EV_FLOW_BEGIN: put_linked(w, t, e, 's', "flow"); break;
	case PD_EV_FLOW_STEP: put_linked(w, t, e, 't', "flow"); break;
	case PD_EV_FLOW_END: put_linked(w, t, e, 'f', "flow"); break;
	case PD_EV_ASYNC_BEGIN: put_linked(w, t, e, 'b', "async"); break;
	case PD_EV_ASYNC_INSTANT: put_linked(w, t, e, 'n', "async"); break;
	case PD_EV_ASYNC_END: put_linked(w, t, e, 'e', "async"); break;
	case PD_EV_SAMPLE: put_sample(w, t, e); break;
	case PD_EV_KINDS: break;
	}
	w->events.failed |= pd_out_failed(w->out);
}

/* ---- tracks ---- */

static size_t keep_text(struct writer *w, struct pd_span s)
{
	size_t at = w->text.n;

	if (!pd_vec_reserve(&w->text, s.n + 1)) {
		fail(w);
		return 0;
	}
	for (size_t i = 0; i < s.n; i++)
		w->text.v[w->text.n++] = s.p[i] ? s.p[i] : ' ';
	w->text.v[w->text.n++] = '\0';
	return at;
}

static void put_meta(struct writer *w, const struct track *t, const char *what, struct pd_span name)
{
	put_start(w, t, 'M');
	lit(w, ",\"name\":");
	put_text(w, what, strlen(what));
	lit(w, ",\"args\":{\"name\":");
	put_text(w, name.p, name.n);
	lit(w, "}}");
}

static void put_sort(struct writer *w, const struct track *t, const char *what, int32_t sort)
{
	put_start(w, t, 'M');
	lit(w, ",\"name\":");
	put_text(w, what, strlen(what));
	lit(w, ",\"args\":{\"sort_index\":");
	put_i64(w, sort);
	lit(w, "}}");
}

static void describe_counter(struct writer *w, struct track *t, const struct pd_track_desc *d)
{
	t->name = keep_text(w, d->name);
	t->name_n = d->name.n;
	t->n_series = d->series ? d->n_series : 0;
	t->series = w->text.n;
	for (unsigned i = 0; i < t->n_series; i++)
		keep_text(w, d->series[i]);
}

static void write_track(struct pd_events *ev, pd_track id, const struct pd_track_desc *d)
{
	struct writer *w = (struct writer *)ev;
	struct track *t;

	while (w->track.n <= id.v && !w->events.failed)
		if (id.v > UINT32_MAX / 2 || !pd_vec_push(&w->track, (struct track){ 0 }))
			fail(w);
	if (w->events.failed)
		return;
	t = &w->track.v[id.v];
	t->head_of = 0;
	w->n_processes += d->kind == PD_TRACK_PROCESS; /* rows described before their process may change their place */
	t->kind = d->kind;
	t->flags = d->flags;
	t->parent = d->parent.v;
	t->id = d->id >= 0 && d->id <= MOST_ID ? d->id : (int64_t)(1u << 30) + id.v;
	if (d->kind == PD_TRACK_COUNTER) {
		describe_counter(w, t, d);
		return;
	}
	if (d->name.n)
		put_meta(w, t, d->kind == PD_TRACK_PROCESS ? "process_name" : "thread_name", d->name);
	if (d->flags & PD_TRACK_SORTED)
		put_sort(w, t, d->kind == PD_TRACK_PROCESS ? "process_sort_index" : "thread_sort_index", d->sort);
}

/* ---- beginning and end ---- */

static void copy_text(char *to, size_t room, struct pd_span from)
{
	size_t n = from.n < room - 1 ? from.n : room - 1;

	if (n)
		memcpy(to, from.p, n);
	to[n] = '\0';
}

static void write_start(struct pd_events *ev, const struct pd_trace_desc *d)
{
	struct writer *w = (struct writer *)ev;

	if (w->any && w->desc.origin != d->origin) /* what is written is written */
		return;
	w->desc = *d;
	w->desc.args = NULL;
	copy_text(w->clock, sizeof w->clock, d->clock);
	copy_text(w->source, sizeof w->source, d->source);
}

/* What the viewers show as metadata; times as text, because they do not fit a double. */
static void put_other_data(struct writer *w)
{
	char *p;

	lit(w, "\"otherData\":{\"producer\":\"profdata\",\"clock\":");
	put_text(w, w->clock, strlen(w->clock));
	if (w->source[0]) {
		lit(w, ",\"source\":");
		put_text(w, w->source, strlen(w->source));
	}
	if (w->desc.has_origin) {
		lit(w, ",\"origin_ns\":");
		p = out_room(w->out, 32);
		out_used(w->out, (size_t)snprintf(p, 32, "\"%" PRId64 "\"", w->desc.origin));
	}
	if (w->desc.has_wall) {
		lit(w, ",\"unix_ns\":");
		p = out_room(w->out, 32);
		out_used(w->out, (size_t)snprintf(p, 32, "\"%" PRId64 "\"", w->desc.wall));
	}
	out_byte(w->out, '}');
}

static enum pd_status write_finish(struct pd_events *ev, struct pd_error *err)
{
	struct writer *w = (struct writer *)ev;

	for (size_t i = 0; i < w->track.n && !w->events.failed; i++) {
		make_head(w, &w->track.v[i]);
		put_unfinished(w, &w->track.v[i]);
	}
	lit(w, "\n],\n\"displayTimeUnit\":\"ns\",\n");
	if (!chrome_stacks_write(&w->stacks, ev->tables, w->out))
		fail(w);
	put_other_data(w);
	lit(w, "}\n");
	if (!w->events.failed || pd_out_failed(w->out))
		return PD_OK; /* a failed output says so when it is committed */
	return pd_error_nomem(err);
}

static void release_track(struct track *t)
{
	pd_vec_release(&t->waiting);
	pd_vec_release(&t->held);
}

static void write_free(struct pd_events *ev)
{
	struct writer *w = (struct writer *)ev;

	for (size_t i = 0; i < w->track.n; i++)
		release_track(&w->track.v[i]);
	pd_vec_release(&w->track);
	pd_vec_release(&w->text);
	chrome_stacks_release(&w->stacks);
	free(w);
}

struct pd_events *pd_chrome_write(struct pd_out *out, const struct pd_save_opts *o, const void *opts, struct pd_error *err)
{
	static const struct pd_events_ops ops = {
		.size = sizeof ops, .wants = PD_WANTS_EVENTS | PD_WANTS_ARGS, .start = write_start, .track = write_track, .event = write_event,
		.finish = write_finish, .free = write_free,
	};
	const struct pd_chrome_opts *own = opts;
	struct writer *w = calloc(1, sizeof *w);

	(void)o;
	if (!w || !pd_vec_push(&w->track, (struct track){ 0 })) {
		free(w);
		pd_error_nomem(err);
		return NULL;
	}
	w->events.ops = &ops;
	w->out = out;
	w->n_processes = 1;
	w->no_args = own->args_off;
	copy_text(w->clock, sizeof w->clock, (struct pd_span){ "trace", 5 });
	lit(w, "{\"traceEvents\":[\n");
	return &w->events;
}
