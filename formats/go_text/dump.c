/*
 * Goroutine dumps: goroutine profiles with debug=2, runtime.Stack(), panics,
 * SIGQUIT. One row per goroutine, labels say what it does:
 *
 *   goroutine 24 [chan receive, 17 minutes, locked to thread]:
 *   main.(*shop).worker(0xc0001a0000, {0x1, 0x2})
 *   	example.com/shop/work.go:224 +0xb6
 *   created by main.newShop in goroutine 1
 *   	example.com/shop/work.go:41 +0x12
 *
 * Whatever stands around goroutines (logs, the panic itself, registers) is not ours.
 */
#include "go_text/text.h"
#include "base/compiler.h"

#define MINUTE INT64_C(60000000000)

struct header {
	uint64_t id;
	struct pd_span state, bubble, labels;
	uint64_t minutes;
	bool locked, leaked;
};

struct dump {
	struct pd_source *src;
	struct pd_sink *sink;
	struct pd_builder *b;
	unsigned series;
	bool ids;            /* which goroutine, and which one made it, are labels */
	bool open;           /* in a goroutine */
	bool ancestors;      /* in the part that tells where it came from */
	bool in_frame;       /* a function line was read, its place is awaited */
	bool inlined;        /* that function was inlined into the next one */
	bool bare;           /* it had no parentheses: a C function if a place follows, else nothing of ours */
	bool created;        /* "created by" was read: its place is awaited */
	uint64_t goroutines;
	int64_t wait;
	struct pd_vec_text { char *v; size_t n, cap; } function; /* of the frame whose place is awaited */
	struct go_stack stack;
	struct go_labels labels;
};

/* ---- headers ---- */

/* "gp=0xc000002380 m=0 mp=0x5b8a60 " of fatal tracebacks. */
static void skip_pointers(struct pd_span *s)
{
	struct pd_span word;

	while (span_starts(*s, "gp=") || span_starts(*s, "m=") || span_starts(*s, "mp="))
		if (!span_cut(s, ' ', &word))
			return;
}

static void header_part(struct header *h, struct pd_span part)
{
	struct pd_span number = part;
	uint64_t n;

	if (span_reat(&number, " minutes") && span_u64(number, &n))
		h->minutes = n;
	else if (span_is(part, "locked to thread"))
		h->locked = true;
	else if (span_eat(&part, "synctest bubble ") || span_eat(&part, "synctest group "))
		h->bubble = part;
}

static bool parse_header(struct pd_span s, struct header *h)
{
	struct pd_span inside, part;
	const char *closing;

	*h = (struct header){ 0 };
	s = span_rtrim(s);
	if (!span_eat(&s, "goroutine ") || !span_eat_u64(&s, &h->id) || !span_eat(&s, " "))
		return false;
	skip_pointers(&s);
	closing = span_find(s, ']');
	if (!span_eat(&s, "[") || !closing || !span_reat(&s, ":"))
		return false;
	inside = span_between(s.p, closing);
	h->labels = span_ltrim(span_skip(s, inside.n + 1));
	if (h->labels.n && h->labels.p[0] != '{')
		return false;
	if (!span_cut(&inside, ',', &h->state))
		h->state = inside, inside.n = 0;
	while (inside.n) {
		inside = span_ltrim(inside);
		if (!span_cut(&inside, ',', &part))
			part = inside, inside.n = 0;
		header_part(h, part);
	}
	span_reat(&h->state, " (scan)");
	h->leaked = span_reat(&h->state, " (leaked)");
	span_reat(&h->state, " (scan)");
	return h->state.n != 0;
}

bool go_goroutine_begins(struct pd_span line)
{
	struct header h;

	return parse_header(line, &h);
}

/* ---- goroutines ---- */

static void end_frame(struct dump *d, struct pd_span file, int64_t line)
{
	struct pd_span name = { d->function.n ? d->function.v : "", d->function.n };

	if (!d->in_frame)
		return;
	d->in_frame = false;
	if (d->bare && !file.n)
		return;
	go_stack_line(&d->stack, name, file, line);
	if (!d->inlined)
		go_stack_frame(&d->stack);
}

static void end_goroutine(struct dump *d)
{
	struct pd_sample s = { 0 };
	int64_t v[2] = { 1, d->wait };

	if (!d->open)
		return;
	end_frame(d, SPAN(""), 0);
	s.stack = go_stack_end(&d->stack);
	s.labels = pd_labels_of(d->b, d->labels.v.v, d->labels.v.n);
	pd_sample_add(d->b, d->series, &s, v);
	d->labels.v.n = 0;
	d->open = false;
}

static enum pd_status begin_goroutine(struct dump *d, const struct header *h)
{
	struct go_labels *l = &d->labels;
	struct pd_span labels = h->labels;

	end_goroutine(d);
	d->open = true;
	d->ancestors = d->created = false;
	d->goroutines++;
	d->wait = h->minutes > INT64_MAX / MINUTE ? INT64_MAX : (int64_t)h->minutes * MINUTE;
	go_label_text(l, d->b, "state", h->state);
	if (h->minutes)
		go_label_number(l, d->b, "wait", d->wait / MINUTE, "minutes");
	if (h->locked)
		go_label_text(l, d->b, "locked", SPAN("thread"));
	if (h->leaked)
		go_label_text(l, d->b, "leaked", SPAN("true"));
	if (h->bubble.n)
		go_label_text(l, d->b, "bubble", h->bubble);
	if (d->ids && h->id <= INT64_MAX)
		go_label_number(l, d->b, "goroutine", (int64_t)h->id, "");
	if (labels.n && !go_labels_parse(l, d->b, &labels, d->sink->limits->max_labels - 8))
		return pd_note(d->sink, d->src, "labels of goroutines not understood");
	return PD_OK;
}

/* ---- frames ---- */

/* "main.f(0x1, {0x2, ...})": the name, and whether "(...)" says inlined. */
static bool cut_arguments(struct pd_span s, struct pd_span *name, bool *inlined)
{
	size_t depth = 0;

	if (!s.n || s.p[s.n - 1] != ')')
		return false;
	for (size_t i = s.n; i-- > 0;) {
		depth += s.p[i] == ')';
		depth -= s.p[i] == '(';
		if (depth)
			continue;
		*name = (struct pd_span){ s.p, i };
		*inlined = span_eq(span_skip(s, i), SPAN("(...)"));
		return i != 0;
	}
	return false;
}

/* "created by FUNC in goroutine N" */
static void created_by(struct dump *d, struct pd_span s)
{
	const char *in = span_search(s, SPAN(" in goroutine "));
	uint64_t id;

	if (in && d->ids && span_u64(span_between(in + strlen(" in goroutine "), s.p + s.n), &id) && id <= INT64_MAX)
		go_label_number(&d->labels, d->b, "creator", (int64_t)id, "");
	if (in)
		s.n = (size_t)(in - s.p);
	go_label_text(&d->labels, d->b, "created_by", s);
	d->created = true;
}

/* "	FILE:LINE +0x65 fp=0x... sp=0x... pc=0x..." */
static void place_line(struct dump *d, struct pd_span s)
{
	struct pd_span file, rest = s;
	const char *extra = span_search(s, SPAN(" +0x"));
	int64_t line;
	uint64_t pc = 0;
	const char *at = span_search(s, SPAN(" pc=0x"));

	if (!extra || (at && at < extra))
		extra = at;
	if (at) {
		struct pd_span hex = span_skip(rest, (size_t)(at - s.p) + strlen(" pc=0x"));

		if (!span_eat_hex(&hex, &pc))
			pc = 0;
	}
	if (extra)
		s.n = (size_t)(extra - s.p);
	go_place(span_trim(s), &file, &line);
	if (pc && !d->inlined)
		d->stack.address = d->stack.frame.n ? pc - 1 : pc; /* callers: inside the call */
	end_frame(d, file, line);
}

static enum pd_status function_line(struct dump *d, struct pd_span s)
{
	struct pd_span name = s;
	bool inlined = false, go = cut_arguments(s, &name, &inlined);

	end_frame(d, SPAN(""), 0);
	if (span_starts(s, "...") && (span_ends(s, "frames elided...") || span_is(s, "...additional frames elided..."))) {
		go_stack_note(&d->stack, s);
		return PD_OK;
	}
	d->function.n = 0;
	if (!pd_vec_reserve(&d->function, name.n + 1)) {
		d->stack.failed = true;
		return PD_OK;
	}
	memcpy(d->function.v, name.p, name.n);
	d->function.n = name.n;
	d->in_frame = true;
	d->inlined = inlined;
	d->bare = !go && !span_starts(s, "non-Go function");
	return PD_OK;
}

static enum pd_status one_line(struct dump *d, struct pd_span line)
{
	struct header h;

	line = span_rtrim(line);
	if (span_starts(line, "goroutine ") && parse_header(line, &h))
		return begin_goroutine(d, &h);
	if (!d->open)
		return PD_OK;
	if (!line.n) {
		end_goroutine(d);
	} else if (span_starts(line, "[originating from goroutine ")) {
		end_frame(d, SPAN(""), 0);
		d->ancestors = true;
	} else if (d->ancestors) {
		return PD_OK;
	} else if (line.p[0] == '\t') {
		if (span_search(line, SPAN("stack unavailable")))
			go_stack_note(&d->stack, SPAN("[stack unavailable]"));
		else if (!d->created)
			place_line(d, span_skip(line, 1));
	} else if (span_eat(&line, "created by ")) {
		end_frame(d, SPAN(""), 0);
		created_by(d, line);
	} else {
		return function_line(d, line);
	}
	return PD_OK;
}

static void types(struct dump *d)
{
	struct pd_meta *m = pd_builder_meta(d->b);
	pd_str goroutine = pd_intern_z(d->b, "goroutine"), count = pd_intern_z(d->b, "count");

	d->series = pd_series_add(d->b, (pd_str){ 0 });
	pd_series_value(d->b, d->series, &(struct pd_value_type){ .type = goroutine, .unit = count });
	pd_series_value(d->b, d->series, &(struct pd_value_type){ .type = pd_intern_z(d->b, "wait"), .unit = pd_intern_z(d->b, "nanoseconds") });
	m->default_sample_type = m->period_type = goroutine;
	m->period_unit = count;
	m->period = 1;
}

enum pd_status go_dump_read(struct pd_source *src, struct pd_sink *sink, const struct go_text_opts *o, struct pd_span first)
{
	struct dump d = { .src = src, .sink = sink, .b = sink->prof, .ids = o->ids, .stack = { .b = sink->prof } };
	enum pd_status status;
	struct pd_span line;

	types(&d);
	status = one_line(&d, first);
	while (status == PD_OK && !pd_builder_failed(d.b) && pd_source_line(src, &line))
		status = one_line(&d, line);
	end_goroutine(&d);
	if (status == PD_OK)
		status = pd_source_status(src);
	if (status == PD_OK && (d.stack.failed || d.labels.failed))
		status = pd_error_set(sink->err, PD_ERR_NOMEM, "out of memory");
	if (status == PD_OK && !d.goroutines)
		status = pd_fail(sink, src, "no goroutine found, expected 'goroutine 1 [running]:'");
	go_stack_release(&d.stack);
	go_labels_release(&d.labels);
	pd_vec_release(&d.function);
	return status;
}
