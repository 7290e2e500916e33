/*
 * delve - what the Go debugger prints: `goroutines`, with -t and -l, in groups
 * or not, and `stack` with its options.
 *
 *   * Goroutine 1 - User: shop/main.go:108 main.pausePoint (0x6813aa) (thread 9140)
 *   	0  0x00000000006813aa in main.pausePoint
 *   	    at shop/main.go:108
 *     Goroutine 18 - User: shop/park.go:68 main.idleWorker (0x6827be) [chan receive 7636678030575]
 *   	Labels: "shard":"3"
 *
 * One row per goroutine; without stacks the place it is at is its stack. The
 * number behind a reason is a clock's reading, not how long it waits.
 */
#include "common/go_stack.h"

struct delve_opts {
	bool ids;
};

struct delve {
	struct pd_source *src;
	struct pd_sink *sink;
	struct pd_builder *b;
	bool ids;
	unsigned series;
	uint64_t samples, listed; /* goroutines; of this group */
	bool open;       /* in a goroutine, or in a stack on its own */
	bool traced;     /* it has frames */
	bool truncated;  /* it has more than are shown */
	bool in_frame;   /* its place is awaited */
	uint64_t address;
	struct { char *v; size_t n, cap; } function;
	struct go_stack stack;
	struct go_labels labels;
};

/* ---- lines ---- */

struct goroutine {
	uint64_t id, address;
	struct pd_span place, function, reason;
	uint64_t tid;    /* of the thread that runs it; 0: none does */
};

/* "* Goroutine 18 - User: FILE:LINE FUNC (0xPC) (thread TID) [REASON CLOCK]" */
static bool parse_goroutine(struct pd_span s, struct goroutine *g)
{
	struct pd_span word, clock;
	const char *in;
	uint64_t n;

	*g = (struct goroutine){ 0 };
	s = span_trim(s);
	span_eat(&s, "* ");
	s = span_ltrim(s);
	if (!span_eat(&s, "Goroutine ") || !span_eat_u64(&s, &g->id) || !span_eat(&s, " - ") || !span_cut(&s, ':', &word))
		return false;
	s = span_trim(s);
	if (span_reat(&s, "]") && span_rcut(&s, '[', &g->reason)) {
		struct pd_span reason = g->reason;

		if (span_rcut(&reason, ' ', &clock) && span_u64(clock, &n))
			g->reason = reason;
		s = span_trim(s);
	}
	in = span_search(s, SPAN(" (thread "));
	if (in) {
		word = span_between(in + strlen(" (thread "), s.p + s.n);
		span_eat_u64(&word, &g->tid);
		s.n = (size_t)(in - s.p);
	}
	in = span_search(s, SPAN(" (0x"));
	if (!in)
		return true; /* unreadable: all that is known is that it is there */
	word = span_between(in + 4, s.p + s.n);
	span_eat_hex(&word, &g->address);
	s.n = (size_t)(in - s.p);
	if (!span_rcut(&s, ' ', &g->function))
		g->function = s, s.n = 0;
	g->place = s;
	return true;
}

/* "0  0x00000000006813aa in main.pausePoint" */
static bool parse_frame(struct pd_span s, uint64_t *index, uint64_t *address, struct pd_span *function)
{
	s = span_trim(s);
	if (!span_eat_u64(&s, index) || !span_eat(&s, "  0x") || !span_eat_hex(&s, address) || !span_eat(&s, " in "))
		return false;
	*function = s;
	return s.n != 0;
}

/* ---- goroutines ---- */

static void end_frame(struct delve *d, struct pd_span file, int64_t line)
{
	if (!d->in_frame)
		return;
	d->in_frame = false;
	if (d->address != d->stack.address) /* equal addresses: inlined into the next */
		go_stack_frame(&d->stack);
	d->stack.address = d->address;
	go_stack_line(&d->stack, (struct pd_span){ d->function.v, d->function.n }, file, line);
}

static void end_goroutine(struct delve *d)
{
	struct pd_sample s = { 0 };

	if (!d->open)
		return;
	end_frame(d, SPAN(""), 0);
	if (d->truncated)
		go_stack_note(&d->stack, SPAN("[truncated]"));
	s.stack = go_stack_end(&d->stack);
	s.labels = pd_labels_of(d->b, d->labels.v.v, d->labels.v.n);
	pd_sample_add(d->b, d->series, &s, &(int64_t){ 1 });
	d->labels.v.n = 0;
	d->samples++;
	d->open = d->traced = d->truncated = false;
}

static void begin_goroutine(struct delve *d, const struct goroutine *g)
{
	struct pd_span file;
	int64_t line;

	end_goroutine(d);
	d->open = true;
	d->listed++;
	if (g->reason.n)
		go_label_text(&d->labels, d->b, "state", g->reason);
	if (g->tid && g->tid <= INT64_MAX)
		go_label_number(&d->labels, d->b, "tid", (int64_t)g->tid, "");
	if (d->ids && g->id <= INT64_MAX)
		go_label_number(&d->labels, d->b, "goroutine", (int64_t)g->id, "");
	go_place(g->place, &file, &line);
	d->stack.address = g->address;
	if (g->function.n)
		go_stack_line(&d->stack, g->function, file, line);
}

static void begin_frame(struct delve *d, uint64_t index, uint64_t address, struct pd_span function)
{
	if (d->open && d->traced && index == 0) /* the stack of somebody else */
		end_goroutine(d);
	if (!d->traced) { /* the stack begins with the place the goroutine is at */
		d->stack.line.n = 0;
		d->stack.address = 0;
	}
	end_frame(d, SPAN(""), 0);
	d->open = d->traced = d->in_frame = true;
	d->address = index && address ? address - 1 : address; /* callers: inside the call */
	d->function.n = 0;
	if (!pd_vec_reserve(&d->function, function.n + 1)) {
		d->stack.failed = true;
		d->in_frame = false;
		return;
	}
	memcpy(d->function.v, function.p, function.n);
	d->function.n = function.n;
}

static enum pd_status one_line(struct delve *d, struct pd_span line)
{
	struct goroutine g;
	struct pd_span function, file;
	uint64_t index, address;
	int64_t number;

	line = span_trim(line);
	if (parse_goroutine(line, &g)) {
		begin_goroutine(d, &g);
	} else if (parse_frame(line, &index, &address, &function)) {
		begin_frame(d, index, address, function);
	} else if (d->in_frame && span_eat(&line, "at ")) {
		go_place(line, &file, &number);
		end_frame(d, file, number);
	} else if (d->open && span_is(line, "(truncated)")) {
		d->truncated = true;
	} else if (d->open && span_eat(&line, "Labels: ")) {
		if (!go_labels_list(&d->labels, d->b, &line, d->sink->limits->max_labels))
			return pd_note(d->sink, d->src, "lines of labels not understood");
	} else if (span_eat(&line, "Total: ") && span_u64(line, &index)) {
		bool all = index <= d->listed;

		d->listed = 0;
		if (!all)
			return pd_note(d->sink, d->src, "groups of which not every goroutine is listed");
	}
	return PD_OK; /* headings and totals of groups, variables, registers, prompts */
}

/* ---- the format ---- */

static enum pd_sniff delve_sniff(const struct pd_probe *p)
{
	struct goroutine g;
	struct pd_span function;
	uint64_t index, address;

	if (!p->is_text)
		return PD_SNIFF_NO;
	for (unsigned i = 0; i < p->n_lines; i++) {
		if (parse_goroutine(p->lines[i], &g) && g.function.n)
			return PD_SNIFF_MAGIC;
		if (i + 1 < p->n_lines && parse_frame(p->lines[i], &index, &address, &function) && span_starts(span_ltrim(p->lines[i + 1]), "at "))
			return PD_SNIFF_MAGIC;
	}
	return PD_SNIFF_NO;
}

static enum pd_status delve_read(struct pd_source *src, struct pd_sink *sink, const void *opts)
{
	const struct delve_opts *o = opts;
	struct delve d = { .src = src, .sink = sink, .b = sink->prof, .ids = o->ids, .stack = { .b = sink->prof } };
	struct pd_value_type type = { .type = pd_intern_z(d.b, "goroutine"), .unit = pd_intern_z(d.b, "count") };
	enum pd_status status = PD_OK;
	struct pd_meta *m = pd_builder_meta(d.b);
	struct pd_span line;

	d.series = pd_series_add(d.b, (pd_str){ 0 });
	pd_series_value(d.b, d.series, &type);
	m->period_type = type.type;
	m->period_unit = type.unit;
	m->period = 1;
	while (status == PD_OK && !pd_builder_failed(d.b) && pd_source_line(src, &line))
		status = one_line(&d, line);
	end_goroutine(&d);
	if (status == PD_OK)
		status = pd_source_status(src);
	if (status == PD_OK && (d.stack.failed || d.labels.failed))
		status = pd_error_set(sink->err, PD_ERR_NOMEM, "out of memory");
	if (status == PD_OK && !d.samples && !pd_builder_failed(d.b))
		status = pd_fail(sink, src, "no goroutine and no stack found, expected '* Goroutine 1 - User: FILE:LINE FUNC (0x...)'");
	go_stack_release(&d.stack);
	go_labels_release(&d.labels);
	pd_vec_release(&d.function);
	return status;
}

static const struct pd_opt delve_opts[] = {
	{ .name = "ids", .help = "label goroutine with its number (default: none, so that equal goroutines are one row)", .kind = PD_OPT_BOOL, .offset = PD_AT(struct delve_opts, ids, bool) },
	{ .kind = PD_OPT_END },
};

const struct pd_format pd_format_delve = {
	.name = "delve",
	.summary = "goroutines and stacks as the Go debugger delve prints them",
	.aliases = (const char *const[]){ "dlv", NULL },
	.opts_size = sizeof(struct delve_opts),
	.opts = delve_opts,
	.sniff = delve_sniff,
	.read = delve_read,
};
