/*
 * Go's profiles as text, debug=1: a header line, records of numbers and program
 * counters, comment lines with the symbols of each. The comment lines are what
 * Go wants people to see: frames of the runtime at the leaf are left out there,
 * inlined calls have lines of their own. They make the stack; the counters do
 * where there is no comment.
 *
 * The text of heap profiles holds what was sampled: each record is scaled up by
 * 1 / (1 - exp(-size / rate)) as the binary form is. Mutex profiles hold what was
 * sampled up to Go 1.19 and multiples of the sampling period since; the text is
 * the same, so it is taken as multiplied when every number is a multiple.
 */
#include "go_text/text.h"
#include "common/heap_text.h"

enum kind { COUNT, HEAP, BLOCK, MUTEX };

/* A record of a contention profile, kept until the factors are known. */
struct contention {
	pd_stack stack;
	pd_labels labels;
	int64_t count, cycles;
};

struct records {
	struct pd_source *src;
	struct pd_sink *sink;
	struct pd_builder *b;
	const struct go_text_opts *o;
	enum kind kind;
	unsigned series;
	int64_t rate;            /* of a heap profile, bytes */
	uint64_t frequency;      /* of a contention profile, cycles per second */
	int64_t period;
	bool multiples;          /* every number so far is a multiple of the period */
	int64_t promised, found; /* sum of the first number, by the header and by the records */
	bool open, symbols;      /* in a record; it had comment lines */
	int64_t v[4];
	struct go_stack stack;
	struct go_labels labels;
	PD_VEC(uint64_t) pc;
	PD_VEC(struct contention) held;
};

/* ---- headers ---- */

static bool heap_header(struct pd_span line, int64_t v[4], int64_t *rate)
{
	struct pd_span kind;
	uint64_t twice;

	if (!span_eat(&line, "heap profile: ") || !pd_heap_numbers(line, v, &kind))
		return false;
	if (!span_eat(&kind, "heap/") || !span_u64(kind, &twice) || twice > INT64_MAX)
		return false;
	*rate = (int64_t)(twice / 2);
	return true;
}

static bool count_header(struct pd_span line, struct pd_span *name, uint64_t *total)
{
	const char *hit = span_search(line, SPAN(" profile: total "));

	if (!hit || hit == line.p)
		return false;
	*name = span_between(line.p, hit);
	return span_u64(span_skip(line, name->n + strlen(" profile: total ")), total);
}

bool go_records_begin(struct pd_span line)
{
	struct pd_span name;
	uint64_t total;
	int64_t v[4], rate;

	line = span_rtrim(line);
	return span_is(line, "--- contention:") || span_is(line, "--- mutex:") || heap_header(line, v, &rate) || count_header(line, &name, &total);
}

static void add_type(struct records *r, struct pd_span type, const char *unit)
{
	struct pd_value_type t = { .type = pd_intern(r->b, type.p, type.n), .unit = pd_intern_z(r->b, unit) };

	pd_series_value(r->b, r->series, &t);
}

static void set_period(struct records *r, struct pd_span type, const char *unit, int64_t period)
{
	struct pd_meta *m = pd_builder_meta(r->b);

	m->period_type = pd_intern(r->b, type.p, type.n);
	m->period_unit = pd_intern_z(r->b, unit);
	m->period = period;
}

static void begin(struct records *r, struct pd_span line)
{
	struct pd_span name;
	uint64_t total;

	r->series = pd_series_add(r->b, (pd_str){ 0 });
	if (count_header(line, &name, &total)) {
		r->kind = COUNT;
		r->promised = total > INT64_MAX ? -1 : (int64_t)total;
		add_type(r, name, "count");
		set_period(r, name, "count", 1);
	} else if (heap_header(line, r->v, &r->rate)) {
		r->kind = HEAP;
		r->promised = r->v[3];
		add_type(r, SPAN("alloc_objects"), "count");
		add_type(r, SPAN("alloc_space"), "bytes");
		add_type(r, SPAN("inuse_objects"), "count");
		add_type(r, SPAN("inuse_space"), "bytes");
		set_period(r, SPAN("space"), "bytes", r->rate);
	} else {
		r->kind = span_is(line, "--- mutex:") ? MUTEX : BLOCK;
		r->promised = -1;
		add_type(r, SPAN("contentions"), "count");
		add_type(r, SPAN("delay"), "nanoseconds");
		set_period(r, SPAN("contentions"), "count", 1);
	}
}

/* ---- records ---- */

static void put_counters(struct records *r)
{
	for (size_t i = 0; i < r->pc.n; i++) {
		r->stack.address = r->pc.v[i] ? r->pc.v[i] - 1 : 0; /* inside the call */
		go_stack_frame(&r->stack);
	}
}

/* A sample, unless its `n` values say nothing. */
static void add_sample(struct records *r, const struct pd_sample *s, const int64_t *v, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (v[i]) {
			pd_sample_add(r->b, r->series, s, v);
			return;
		}
}

static void end_heap(struct records *r, struct pd_sample *s)
{
	int64_t n = r->v[0] ? r->v[0] : r->v[2], bytes = r->v[0] ? r->v[1] : r->v[3];
	int64_t v[4] = { r->v[2], r->v[3], r->v[0], r->v[1] };
	int64_t rate = r->o->sampled ? 1 : r->rate;

	if (n)
		go_label_number(&r->labels, r->b, "bytes", bytes / n, "");
	s->labels = pd_labels_of(r->b, r->labels.v.v, r->labels.v.n);
	pd_heap_unsample(&v[0], &v[1], rate);
	pd_heap_unsample(&v[2], &v[3], rate);
	add_sample(r, s, v, 4);
}

static void end_record(struct records *r)
{
	struct pd_sample s = { 0 };

	if (!r->open)
		return;
	if (!r->symbols)
		put_counters(r);
	s.stack = go_stack_end(&r->stack);
	if (r->kind == HEAP) {
		end_heap(r, &s);
	} else {
		s.labels = pd_labels_of(r->b, r->labels.v.v, r->labels.v.n);
		if (r->kind == COUNT)
			add_sample(r, &s, r->v, 1);
		else if (!pd_vec_push(&r->held, ((struct contention){ s.stack, s.labels, r->v[1], r->v[0] })))
			r->stack.failed = true;
	}
	r->labels.v.n = 0;
	r->open = r->symbols = false;
}

static bool counters(struct records *r, struct pd_span s)
{
	struct pd_span word;
	uint64_t pc;

	r->pc.n = 0;
	while (span_word(&s, &word)) {
		if (!span_hex(word, &pc))
			return false;
		if (!pd_vec_push(&r->pc, pc))
			r->stack.failed = true;
	}
	return true;
}

/* "COUNT @ PCs", "CYCLES COUNT @ PCs" or the heap's form. */
static bool record_line(struct records *r, struct pd_span line)
{
	struct pd_span word, rest = line;

	if (r->kind == HEAP)
		return pd_heap_numbers(line, r->v, &rest) && counters(r, rest);
	for (unsigned i = 0; i < (r->kind == COUNT ? 1 : 2); i++)
		if (!span_word(&rest, &word) || !span_i64(word, &r->v[i]))
			return false;
	rest = span_ltrim(rest);
	return span_eat(&rest, "@") && counters(r, rest);
}

static enum pd_status begin_record(struct records *r, struct pd_span line)
{
	end_record(r);
	if (!record_line(r, line))
		return pd_fail(r->sink, r->src, "not a record of this profile, expected %s",
			       r->kind == HEAP ? "'N: BYTES [N: BYTES] @ 0x...'" : r->kind == COUNT ? "'COUNT @ 0x...'" : "'CYCLES COUNT @ 0x...'");
	r->open = true;
	if (r->kind == BLOCK || r->kind == MUTEX)
		r->multiples = r->multiples && r->period > 0 && r->v[0] % r->period == 0 && r->v[1] % r->period == 0;
	if (r->promised >= 0 && pd_add_overflow(r->found, r->v[r->kind == HEAP ? 3 : 0], &r->found))
		r->promised = -1;
	return PD_OK;
}

/* ---- comments ---- */

/* "0xPC<tabs>FUNC+0xOFF<tabs>FILE:LINE", cells padded with tabs. */
static bool symbol_line(struct records *r, struct pd_span s)
{
	struct pd_span word, function = { "", 0 }, file = { "", 0 };
	uint64_t address, offset;
	int64_t line = 0;
	const char *plus;

	if (!span_cut(&s, '\t', &word))
		word = s, s.n = 0;
	if (!span_starts(word, "0x") || !span_hex(word, &address))
		return false;
	s = span_ltrim(s);
	if (span_cut(&s, '\t', &function))
		go_place(span_trim(s), &file, &line);
	else
		function = s;
	plus = span_rfind(function, '+');
	if (plus && span_hex(span_skip(function, (size_t)(plus - function.p) + 1), &offset))
		function.n = (size_t)(plus - function.p);
	if (address != r->stack.address)
		go_stack_frame(&r->stack);
	r->stack.address = address;
	if (function.n)
		go_stack_line(&r->stack, function, file, line);
	return r->symbols = true;
}

static enum pd_status comment(struct records *r, struct pd_span line)
{
	struct pd_span s = span_skip(line, 1);

	if (span_eat(&s, "\t") && r->open && symbol_line(r, s))
		return PD_OK;
	s = span_ltrim(s);
	if (r->open && span_eat(&s, "labels: ") && !go_labels_parse(&r->labels, r->b, &s, r->sink->limits->max_labels))
		return pd_note(r->sink, r->src, "lines of labels not understood");
	return PD_OK; /* runtime.MemStats at the end of heap profiles is no matter of stacks */
}

/* "cycles/second=2445447126", "sampling period=5" */
static bool attribute(struct records *r, struct pd_span line)
{
	struct pd_span key;
	uint64_t n;

	if (r->held.n || r->open || !span_cut(&line, '=', &key) || !span_u64(span_trim(line), &n) || n > INT64_MAX || !n)
		return false;
	if (span_is(span_trim(key), "cycles/second"))
		r->frequency = n;
	else if (span_is(span_trim(key), "sampling period"))
		r->period = (int64_t)n;
	else
		return false;
	return true;
}

static enum pd_status one_line(struct records *r, struct pd_span line)
{
	line = span_rtrim(line);
	if (!line.n)
		return PD_OK;
	if (line.p[0] == '#')
		return comment(r, line);
	if ((line.p[0] >= '0' && line.p[0] <= '9') || line.p[0] == '-') {
		if (!span_starts(line, "---"))
			return begin_record(r, line);
	} else if ((r->kind == BLOCK || r->kind == MUTEX) && attribute(r, line)) {
		return PD_OK;
	}
	if (go_records_begin(line) || go_goroutine_begins(line))
		return pd_fail(r->sink, r->src, "another profile begins here, expected one per file");
	return pd_note(r->sink, r->src, "lines that are nothing of a Go profile skipped");
}

/* ---- contention: what the numbers mean is known at the end ---- */

static bool scaled(int64_t v, double factor, int64_t *out)
{
	double x = trunc((double)v * factor);

	*out = factor == 1 ? v : x < 0x1p63 && x >= -0x1p63 ? (int64_t)x : 0;
	return factor == 1 || (x < 0x1p63 && x >= -0x1p63);
}

static enum pd_status end_contention(struct records *r)
{
	bool multiply = r->kind == MUTEX && r->period > 1 && (r->o->mutex ? !strcmp(r->o->mutex, "raw") : !r->multiples);
	double factor = multiply ? (double)r->period : 1, ns = r->frequency ? 1e9 / (double)r->frequency : 1;

	pd_builder_meta(r->b)->period = r->period;
	for (size_t i = 0; i < r->held.n; i++) {
		const struct contention *c = &r->held.v[i];
		int64_t v[2];

		if (!scaled(c->count, factor, &v[0]) || !scaled(c->cycles, factor * ns, &v[1]))
			return pd_fail(r->sink, r->src, "a sum of delays does not fit into 64 bits");
		add_sample(r, &(struct pd_sample){ .stack = c->stack, .labels = c->labels }, v, 2);
	}
	if (!r->frequency && r->held.n)
		return pd_note(r->sink, r->src, "headers without cycles/second: delays are cycles");
	return PD_OK;
}

static enum pd_status end(struct records *r)
{
	end_record(r);
	if (r->stack.failed || r->labels.failed)
		return pd_error_set(r->sink->err, PD_ERR_NOMEM, "out of memory");
	if (r->kind == BLOCK || r->kind == MUTEX)
		return end_contention(r);
	if (r->promised >= 0 && r->found < r->promised - (r->kind == HEAP)) /* newer Go adds one byte to tell allocations from use */
		return pd_note(r->sink, r->src, "headers whose total the records do not reach (is the end missing?)");
	return PD_OK;
}

enum pd_status go_records_read(struct pd_source *src, struct pd_sink *sink, const struct go_text_opts *o, struct pd_span first)
{
	struct records r = { .src = src, .sink = sink, .b = sink->prof, .o = o, .period = 1, .multiples = true, .stack = { .b = sink->prof } };
	enum pd_status status = PD_OK;
	struct pd_span line;

	begin(&r, span_rtrim(first));
	while (status == PD_OK && !pd_builder_failed(r.b) && pd_source_line(src, &line))
		status = one_line(&r, line);
	if (status == PD_OK)
		status = pd_source_status(src);
	if (status == PD_OK)
		status = end(&r);
	go_stack_release(&r.stack);
	go_labels_release(&r.labels);
	pd_vec_release(&r.pc);
	pd_vec_release(&r.held);
	return status;
}
