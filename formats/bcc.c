/*
 * bcc - what profile and offcputime of bcc and of libbpf-tools print without -f:
 *
 *   Tracing off-CPU time (us) of PID 514 by user + kernel stack for 1 secs.
 *
 *       __schedule
 *       do_syscall_64
 *       --
 *       read
 *       reader
 *       -                pipe reader (514)
 *           1093
 *
 * Frames are leaf first; "--" (option -d) parts kernel and user. The number in
 * parentheses is a process to profile and a thread to offcputime. What values are
 * is in the title; libbpf-tools print none, so without one the first stack tells:
 * it ends in the scheduler when time off the CPU was traced.
 */
#include "base/span.h"
#include "common/bpf_maps.h"
#include "io/source.h"

struct bcc {
	struct pd_source *src;
	struct pd_sink *sink;
	struct pd_builder *b;
	struct pd_pieces names;    /* value = frame, aux = the same of the kernel, kind: only the kernel has it */
	PD_VEC(uint32_t) ids;      /* of the stack, leaf first */
	PD_VEC(pd_frame) frames;
	size_t kernel;             /* so many of them are the kernel's */
	bool delimited;            /* "--" said so */
	enum { UNKNOWN, ON_CPU, OFF_CPU } what;
	bool begun, has_task;
	unsigned series;
	struct pd_label label[2];
	pd_str comm, pid, tid;
	uint64_t samples;
	bool failed;
	enum pd_status status;
};

static void note(struct bcc *c, const char *what)
{
	if (c->status == PD_OK)
		c->status = pd_note(c->sink, c->src, what);
}

/* ---- lines ---- */

/* "Sampling at 99 Hertz of ...", "Tracing off-CPU time (us) of ..." */
static int title_of(struct pd_span s, uint64_t *hertz)
{
	*hertz = 0;
	if (span_starts(s, "Tracing off-CPU time (us) of "))
		return OFF_CPU;
	if (!span_eat(&s, "Sampling at "))
		return UNKNOWN;
	return span_eat_u64(&s, hertz) && span_starts(s, " Hertz of ") ? ON_CPU : UNKNOWN;
}

/* "    -                NAME (NUMBER)" */
static bool task_of(struct pd_span s, struct pd_span *comm, int64_t *number)
{
	struct pd_span digits;

	if (!span_eat(&s, "    -                ") || !span_reat(&s, ")") || !span_rcut(&s, '(', &digits) || !span_reat(&s, " "))
		return false;
	*comm = s;
	return span_i64(digits, number);
}

static bool value_of(struct pd_span s, int64_t *value)
{
	return span_eat(&s, "        ") && span_i64(s, value) && *value >= 0;
}

/* ---- stacks ---- */

static uint32_t name_row(struct bcc *c, struct pd_span name)
{
	uint64_t hash = pd_hash_bytes(c->names.key, name.p, name.n);
	uint32_t id = pd_pieces_find(&c->names, name.p, name.n, hash);
	struct pd_span function = pd_symbol_no_params(name);
	pd_frame frame;

	if (id)
		return id;
	frame = pd_frame_named(c->b, function.p, function.n);
	id = pd_pieces_add(&c->names, name.p, name.n, hash);
	if (id) {
		c->names.row.v[id].value = frame.v;
		c->names.row.v[id].aux = pd_bpf_kernel_frame(c->b, frame).v;
		c->names.row.v[id].kind = pd_bpf_is_kernel_name(name);
	}
	return id;
}

static void take_frame(struct bcc *c, struct pd_span line)
{
	struct pd_span name = span_trim(line);
	uint32_t id;

	if (span_is(name, "--")) {
		c->kernel = c->ids.n;
		c->delimited = true;
		return;
	}
	if (c->ids.n > PD_TEXT_FRAMES_MAX) {
		c->status = pd_fail(c->sink, c->src, "more than %u frames in one stack", PD_TEXT_FRAMES_MAX);
		return;
	}
	id = name_row(c, name);
	if (!id || !pd_vec_push(&c->ids, id))
		c->failed = true;
	else if (!c->delimited && c->names.row.v[id].kind)
		c->kernel = c->ids.n; /* what stands above it, too */
}

/* Off the CPU a stack ends in the scheduler, below what saw it there. */
static bool ends_in_scheduler(const struct bcc *c)
{
	for (size_t i = 0; i < c->ids.n && i < 4; i++) {
		const struct pd_piece *row = &c->names.row.v[c->ids.v[i]];
		struct pd_span name = { row->text, row->text ? row->n : 0 };

		if (span_is(name, "__schedule") || span_starts(name, "finish_task_switch"))
			return true;
	}
	return false;
}

static void begin(struct bcc *c)
{
	struct pd_value_type type = { .type = pd_intern_z(c->b, "samples"), .unit = pd_intern_z(c->b, "count") };

	c->begun = true;
	if (c->what == UNKNOWN)
		c->what = ends_in_scheduler(c) ? OFF_CPU : ON_CPU;
	if (c->what == OFF_CPU)
		type = (struct pd_value_type){ .type = pd_intern_z(c->b, "off_cpu"), .unit = pd_intern_z(c->b, "microseconds") };
	c->series = pd_series_add(c->b, (pd_str){ 0 });
	pd_series_value(c->b, c->series, &type);
	pd_builder_meta(c->b)->root_label = c->comm;
}

static void end_stack(struct bcc *c, int64_t value)
{
	struct pd_sample s = { 0 };

	if (!c->begun)
		begin(c);
	if (c->has_task && c->what == OFF_CPU)
		c->label[1].key = c->tid;
	c->frames.n = 0;
	if (!pd_vec_reserve(&c->frames, c->ids.n + 1)) {
		c->failed = true;
		return;
	}
	for (size_t i = 0; i < c->ids.n; i++) {
		const struct pd_piece *row = &c->names.row.v[c->ids.v[i]];

		c->frames.v[c->frames.n++].v = i < c->kernel ? row->aux : row->value;
	}
	if (c->frames.n)
		s.stack = pd_stack_of(c->b, c->frames.v, c->frames.n, PD_LEAF_FIRST);
	if (c->has_task)
		s.labels = pd_labels_of(c->b, c->label, 2);
	pd_sample_add(c->b, c->series, &s, &value);
	c->samples++;
}

static void forget(struct bcc *c)
{
	c->ids.n = c->kernel = 0;
	c->delimited = c->has_task = false;
	pd_pieces_trim(&c->names);
}

static void take_line(struct bcc *c, struct pd_span line)
{
	struct pd_meta *meta = pd_builder_meta(c->b);
	struct pd_span comm;
	int64_t number;
	uint64_t hertz;
	int title;

	if (!span_trim(line).n) {
		if (c->ids.n || c->has_task)
			note(c, "stacks without a value skipped");
		forget(c);
	} else if (c->has_task && value_of(line, &number)) {
		end_stack(c, number);
		forget(c);
	} else if (task_of(line, &comm, &number)) {
		c->label[0] = (struct pd_label){ .key = c->comm, .str = pd_intern(c->b, comm.p, comm.n) };
		c->label[1] = (struct pd_label){ .key = c->pid, .kind = PD_LABEL_NUM, .num = number };
		c->has_task = true;
	} else if (span_starts(line, "    ") && !c->has_task) {
		take_frame(c, line);
	} else if ((title = title_of(line, &hertz)) != UNKNOWN && !c->begun) {
		c->what = title;
		pd_builder_comment(c->b, pd_intern(c->b, line.p, line.n));
		if (hertz && hertz <= 1000000000) {
			meta->period = (int64_t)(1000000000 / hertz);
			meta->period_type = pd_intern_z(c->b, "cpu");
			meta->period_unit = pd_intern_z(c->b, "nanoseconds");
		}
	} else {
		note(c, "lines that are neither stack nor value skipped");
	}
}

/* ---- the format ---- */

static enum pd_sniff bcc_sniff(const struct pd_probe *p)
{
	struct pd_span comm;
	int64_t number;
	uint64_t hertz;

	if (!p->is_text)
		return PD_SNIFF_NO;
	for (unsigned i = 0; i < p->n_lines; i++) {
		if (title_of(p->lines[i], &hertz) != UNKNOWN)
			return PD_SNIFF_MAGIC;
		if (i + 1 < p->n_lines && task_of(p->lines[i], &comm, &number) && value_of(p->lines[i + 1], &number))
			return PD_SNIFF_SHAPE;
		if (p->lines[i].n && !span_starts(p->lines[i], "    "))
			return PD_SNIFF_NO;
	}
	return p->at_end || !p->n_lines ? PD_SNIFF_NO : PD_SNIFF_MORE;
}

static enum pd_status bcc_read(struct pd_source *src, struct pd_sink *sink, const void *opts)
{
	struct bcc c = { .src = src, .sink = sink, .b = sink->prof };
	struct pd_span line;

	(void)opts;
	if (!pd_pieces_init(&c.names))
		return pd_error_set(sink->err, PD_ERR_NOMEM, "out of memory");
	c.comm = pd_intern_z(c.b, "comm");
	c.pid = pd_intern_z(c.b, "pid");
	c.tid = pd_intern_z(c.b, "tid");
	while (c.status == PD_OK && !c.failed && !c.names.failed && !pd_builder_failed(c.b) && source_line(src, &line))
		take_line(&c, line);
	if (c.status == PD_OK && (c.failed || c.names.failed))
		c.status = pd_error_set(sink->err, PD_ERR_NOMEM, "out of memory");
	if (c.status == PD_OK && (c.ids.n || c.has_task))
		note(&c, "stacks without a value skipped");
	if (c.status == PD_OK)
		c.status = pd_source_status(src);
	if (c.status == PD_OK && !c.samples && !pd_builder_failed(c.b))
		c.status = pd_fail(sink, src, "no stacks; expected what profile or offcputime of bcc print: frames, '-  NAME (PID)', a number");
	pd_pieces_release(&c.names);
	pd_vec_release(&c.ids);
	pd_vec_release(&c.frames);
	return c.status;
}

const struct pd_format pd_format_bcc = {
	.name = "bcc",
	.summary = "stacks as profile and offcputime of bcc print them",
	.sniff = bcc_sniff,
	.read = bcc_read,
};
