/*
 * perf-script - what `perf script` prints.
 *
 *   cpu hot 0 14017 [001]  3832.829463:    2004008 cpu-clock:
 *   	            1866 leaf_div+0x36 (/opt/demo/mtapp)
 *   	            1aa9 level2 (inlined)
 *   	            1aa9 level1+0x9 (/opt/demo/mtapp)
 *
 * Any choice of columns (-F) is read: the header line is taken apart from the
 * right (common/perf_header.h), frames are leaf first, a blank line or the next
 * header ends a sample. A sample may also carry its one frame behind the event
 * (no call chains), or nothing at all.
 *
 * Kept: one series per event with the value types samples/count and, where
 * the text has a period, EVENT/count (cpu-clock and task-clock: nanoseconds);
 * labels comm, pid, tid; times; address, object, source file and line of
 * frames; "(inlined)" frames as lines of the physical frame below them;
 * kernel and JIT flags. The label cpu and the fields of tracepoint payloads
 * become labels only when rows are kept one by one (they would make every row
 * its own when rows are added up), or when the options say so.
 *
 * Skipped and counted: branch stacks, lost records, lines that are nothing of
 * this. Skipped silently: other PERF_RECORD lines (--show-*-events; with the
 * option `sched` those of switches, forks and exits are rows), registers,
 * source code lines, bytes of bpf-output. A final "0 [unknown] ([unknown])" is padding of the chain;
 * runs of one unknown address in no object are one frame.
 *
 * Speed: a whole frame line is one key of a cache; each line remembers the line
 * that followed it last time, so most lines cost one comparison.
 */
#include "perf_script/perf.h"

#include "io/source.h"
#include "model/model.h"

#define EVENTS_MAX 4096
#define COMM_MAX 15

void pd_perf_note(struct perf *f, const char *what, struct pd_span line)
{
	if (f->status == PD_OK)
		f->status = pd_text_note(&f->t, what, line);
}

static struct pd_span half_of(const struct perf *f)
{
	return (struct pd_span){ f->half, f->half_n };
}

/* The line kept back was neither a header nor part of one. */
static void drop_half(struct perf *f)
{
	if (f->has_half)
		pd_perf_note(f, PD_PERF_JUNK, half_of(f));
	f->has_half = false;
	f->half_n = 0;
}

/* ---- samples ---- */

static bool out_of_memory(struct perf *f)
{
	bool failed = f->lines.failed || f->threads.failed || f->events.failed;

	if (failed && f->status == PD_OK)
		f->status = pd_error_set(f->sink->err, PD_ERR_NOMEM, "out of memory");
	return failed;
}

static void end_sample(struct perf *f)
{
	int64_t values[2] = { 1, f->period };

	if (!f->open || out_of_memory(f))
		return;
	pd_perf_resolve(f);
	if (out_of_memory(f))
		return;
	if (!f->frames.n && f->lone.v)
		f->frames.v[f->frames.n++] = f->lone;
	if (f->frames.n)
		f->sample.stack = pd_stack_of(f->b, f->frames.v, f->frames.n, PD_LEAF_FIRST);
	pd_sample_add(f->b, f->kind.series, &f->sample, values);
	f->samples++;
	f->open = false;
	f->lone.v = 0;
	pd_perf_forget_frames(f);
	if (pd_builder_failed(f->b) && f->status == PD_OK)
		f->status = pd_builder_status(f->b);
	out_of_memory(f);
}

static uint32_t new_event(struct perf *f, const struct pd_perf_header *h)
{
	struct pd_span weight = h->event.n ? h->event : SPAN("period");
	struct event e = { .weighted = h->has_period };
	struct pd_value_type samples = { .type = pd_intern_z(f->b, "samples"), .unit = f->count };
	struct pd_value_type period = { .type = pd_intern(f->b, weight.p, weight.n),
					.unit = pd_perf_counts_time(h->event) ? pd_intern_z(f->b, "nanoseconds") : f->count };

	if (f->event.n == EVENTS_MAX) {
		f->status = pd_text_fail(&f->t, "more than %d different events", EVENTS_MAX);
		return 0;
	}
	e.series = pd_series_add(f->b, pd_intern(f->b, h->event.p, h->event.n));
	pd_series_value(f->b, e.series, &samples);
	if (e.weighted)
		pd_series_value(f->b, e.series, &period);
	if (!pd_vec_push(&f->event, e))
		f->events.failed = true;
	return (uint32_t)f->event.n - 1;
}

static void choose_event(struct perf *f, const struct pd_perf_header *h)
{
	struct pd_span name = h->event.n ? h->event : SPAN("");
	uint64_t hash = pd_hash_bytes(f->events.key, name.p, name.n);
	uint32_t id = pd_pieces_find(&f->events, name.p, name.n, hash);

	if (!id) {
		uint32_t index = new_event(f, h);

		if (f->status != PD_OK)
			return;
		id = pd_pieces_add(&f->events, name.p, name.n, hash);
		if (!id)
			return;
		f->events.row.v[id].value = index;
	}
	f->kind = f->event.v[f->events.row.v[id].value];
	f->period = h->has_period ? h->period : 1;
	if (f->kind.weighted != h->has_period)
		pd_perf_note(f, h->has_period ? "periods of an event that began without them ignored" : "samples without a period counted as 1", name);
}

static void see_time(struct perf *f, int64_t time)
{
	f->first = f->near == PD_PERF_NO_TIME || time < f->first ? time : f->first;
	f->last = f->near == PD_PERF_NO_TIME || time > f->last ? time : f->last;
	f->near = time;
}

/* What stands behind the event: a frame, or the payload of a tracepoint. */
static struct pd_span take_rest(struct perf *f, const struct pd_perf_header *h)
{
	struct pd_span rest = span_trim(h->rest);
	bool tracepoint = pd_perf_is_tracepoint(h->event);
	struct pd_symbol s;

	if (!rest.n)
		return rest;
	if (!tracepoint && pd_symbol_parse(rest, &s) && (s.has_object || s.name.n || rest.n <= 16)) {
		f->lone = pd_perf_lone_frame(f, rest);
		return (struct pd_span){ 0 };
	}
	return tracepoint ? rest : (struct pd_span){ 0 };
}

static void begin_sample(struct perf *f, const struct pd_perf_header *header, struct pd_span who, struct pd_span comm)
{
	const struct pd_perf_header *h = header;
	struct pd_perf_header timed;
	struct pd_span payload;

	end_sample(f);
	if (f->status != PD_OK)
		return;
	f->sample = (struct pd_sample){ .has_time = h->has_time, .time = h->time };
	if (h->has_time && (h->time || h->tid > 0)) /* else made up by perf, not sampled */
		see_time(f, h->time);
	if (h->rest.n && span_starts(h->event, "sched:sched_stat_")) {
		timed = *h;
		timed.has_period = pd_perf_stat_time(h->event, h->rest, &timed.period);
		h = &timed;
	}
	choose_event(f, h);
	if (f->status != PD_OK)
		return;
	payload = take_rest(f, h);
	pd_perf_choose_labels(f, h, who, comm, f->keep_payload ? payload : (struct pd_span){ 0 });
	f->open = true;
}

/* ---- other lines ---- */

static void take_record(struct perf *f, const struct pd_perf_header *h, struct pd_span line)
{
	struct pd_span word;
	struct pd_span rest = h->rest;

	f->records++;
	if (!span_word(&rest, &word))
		return;
	if (f->opts->sched)
		pd_perf_take_sched(f, h, word, rest);
	if (span_is(word, "PERF_RECORD_LOST") || span_is(word, "PERF_RECORD_LOST_SAMPLES"))
		pd_perf_note(f, "records of lost samples: the profile is incomplete", line);
	else if (span_is(word, "PERF_RECORD_THROTTLE"))
		pd_perf_note(f, "records of throttling: the kernel took fewer samples than asked for", line);
}

/* Registers, branches, source code, bytes: a line of its own that belongs to the sample before. */
static bool take_attachment(struct perf *f, struct pd_span line)
{
	struct pd_span t = span_ltrim(line);

	if (span_starts(line, " ABI:") || span_starts(line, "|") || pd_perf_is_bytes(line))
		return true;
	if (t.p == line.p || !span_starts(t, "0x") || !span_find(t, '/'))
		return false;
	pd_perf_note(f, "branch stacks skipped", line);
	return true;
}

/* A line that may only make sense with the next one. */
static void keep_half(struct perf *f, struct pd_span line)
{
	size_t n = line.n < HALF_MAX ? line.n : HALF_MAX;

	if (f->has_half && f->half_n + 1 + line.n < COMM_MAX) {
		f->half[f->half_n++] = '\n';
		memcpy(f->half + f->half_n, line.p, line.n);
		f->half_n += line.n;
		return;
	}
	drop_half(f);
	memcpy(f->half, line.p, n);
	f->half_n = n;
	f->has_half = true;
}

/* Is the line kept back the first part of this header's comm? */
static bool joins_half(const struct perf *f, const struct pd_perf_header *h)
{
	return f->has_half && h->has_comm && f->half_n + 1 + h->comm.n <= COMM_MAX && !span_is(half_of(f), "--");
}

static void take_header(struct perf *f, const struct pd_perf_header *h, struct pd_span line)
{
	struct pd_span who = h->who, comm = h->comm;
	char joined[HALF_MAX + 512];

	if (joins_half(f, h)) {
		size_t tail = (size_t)(who.p + who.n - comm.p);

		memcpy(joined, f->half, f->half_n);
		joined[f->half_n] = '\n';
		if (tail < 512) {
			memcpy(joined + f->half_n + 1, comm.p, tail);
			who = (struct pd_span){ joined, f->half_n + 1 + tail };
			comm = (struct pd_span){ joined, f->half_n + 1 + comm.n };
		}
		f->has_half = false;
		f->half_n = 0;
	}
	drop_half(f);
	f->in_header = false;
	if (h->is_record) {
		end_sample(f);
		take_record(f, h, line);
	} else {
		begin_sample(f, h, who, comm);
	}
}

/* "  file.c:42" below a frame, or a frame indented with blanks. */
static bool take_indented(struct perf *f, struct pd_span raw, struct pd_span line)
{
	struct pd_symbol s;
	bool source = f->ids.n && span_starts(line, "  ") && line.n > 2 && line.p[2] != ' ';

	if (line.p[0] != ' ' || (!source && !(pd_symbol_parse(line, &s) && s.has_object)))
		return false;
	pd_perf_take_piece(f, raw);
	return true;
}

/* A header without time and event is believed when frames follow it. */
static void open_for_frames(struct perf *f)
{
	struct pd_perf_header h = { 0 };

	if (f->open) {
		drop_half(f);
		return;
	}
	if (f->has_half && pd_perf_header_loose(half_of(f), &h)) {
		f->has_half = false;
	} else {
		drop_half(f);
		h = (struct pd_perf_header){ .who = { "", 0 } };
	}
	f->half_n = 0;
	begin_sample(f, &h, h.who, h.comm);
}

static void take_line(struct perf *f)
{
	const char *from = f->t.p;
	struct pd_span line = pd_text_line(&f->t);
	struct pd_perf_header h;

	if (!line.n) {
		end_sample(f);
		drop_half(f);
	} else if (f->open && f->ids.n && span_starts(line, "  ") && line.n > 2 && line.p[2] != ' ' &&
		   !pd_perf_header_parse(line, f->near, &h) && take_indented(f, span_between(from, f->t.p), line)) {
		return;
	} else if (pd_perf_header_parse(line, f->near, &h)) {
		take_header(f, &h, line);
	} else if (line.p[0] == '#') {
		pd_perf_take_comment(f, line);
	} else if (f->in_header) {
		return; /* a command line of several lines */
	} else if (!take_attachment(f, line)) {
		if (line.p[0] == ' ' && f->open && take_indented(f, span_between(from, f->t.p), line))
			return;
		keep_half(f, line);
	}
}

/* ---- the whole ---- */

static bool perf_init(struct perf *f, struct pd_source *src, struct pd_sink *sink, const struct perf_opts *opts)
{
	bool aggregate = sink->prof->flags & PD_BUILD_AGGREGATE;

	*f = (struct perf){ .t = { .src = src, .sink = sink }, .sink = sink, .b = sink->prof, .opts = opts, .near = PD_PERF_NO_TIME };
	f->keep_cpu = opts->cpu || !aggregate;
	f->keep_payload = opts->payload || (!aggregate && !opts->no_payload);
	f->comm = pd_intern_z(f->b, "comm");
	f->pid = pd_intern_z(f->b, "pid");
	f->tid = pd_intern_z(f->b, "tid");
	f->cpu = pd_intern_z(f->b, "cpu");
	f->count = pd_intern_z(f->b, "count");
	return pd_perf_frames_init(f) && pd_pieces_init(&f->threads) && pd_pieces_init(&f->events);
}

static void perf_release(struct perf *f)
{
	pd_perf_frames_release(f);
	pd_pieces_release(&f->threads);
	pd_pieces_release(&f->events);
	pd_vec_release(&f->event);
	pd_vec_release(&f->label);
}

/* Times of parts of one file are joined as a window; perf_finish() turns the window into a duration. */
static void set_meta(struct perf *f)
{
	struct pd_meta *meta = pd_builder_meta(f->b);

	meta->root_label = f->comm;
	if (f->near != PD_PERF_NO_TIME && f->first >= 0) {
		meta->time_nanos = f->first + 1;
		meta->end_nanos = f->last + 1;
	}
}

static enum pd_status read_all(struct perf *f)
{
	for (;;) {
		if (f->status != PD_OK)
			return f->status;
		if (f->t.p == f->t.end && !pd_text_fill(&f->t))
			break;
		if (f->t.p[0] == '\t' && !f->in_header) {
			if (!f->open || f->has_half)
				open_for_frames(f);
			pd_perf_take_frames(f);
			if (f->ids.n > PD_TEXT_FRAMES_MAX && f->status == PD_OK)
				f->status = pd_text_fail(&f->t, "more than %u frames in one sample", PD_TEXT_FRAMES_MAX);
			if (f->lines.failed)
				end_sample(f);
		} else {
			take_line(f);
		}
	}
	end_sample(f);
	drop_half(f);
	if (f->status == PD_OK)
		f->status = pd_text_status(&f->t);
	if (f->status == PD_OK && !f->samples && !f->records)
		f->status = pd_text_fail(&f->t, "no samples; expected the output of 'perf script'");
	return f->status;
}

static enum pd_status perf_script_read(struct pd_source *src, struct pd_sink *sink, const void *opts)
{
	struct perf *f = malloc(sizeof *f);
	enum pd_status status = PD_ERR_NOMEM;

	if (f && perf_init(f, src, sink, opts)) {
		status = read_all(f);
		set_meta(f);
	} else {
		pd_error_set(sink->err, PD_ERR_NOMEM, "out of memory");
	}
	if (f)
		perf_release(f);
	free(f);
	return status;
}

/*
 * A blank line is surely between samples. So is a header whose name is padded to
 * its full width: it cannot be the second half of a name with a line feed.
 */
static bool perf_script_ends_record(struct pd_span line)
{
	struct pd_perf_header h;

	if (!line.n)
		return true;
	return line.p[0] == ' ' && pd_perf_header_parse(line, PD_PERF_NO_TIME, &h) && h.has_time && h.has_tid && h.has_comm &&
	       h.comm.p + h.comm.n - line.p >= COMM_MAX + 1;
}

static const struct pd_opt perf_script_opts[] = {
	{ 0, "cpu", NULL, "keep the cpu as a label (default: only when samples are kept one by one)", PD_OPT_BOOL, PD_AT(struct perf_opts, cpu, bool) },
	{ 0, "payload", NULL, "fields of tracepoints become labels (default: only when samples are kept one by one)", PD_OPT_BOOL, PD_AT(struct perf_opts, payload, bool) },
	{ 0, "no-payload", NULL, "fields of tracepoints never become labels", PD_OPT_BOOL, PD_AT(struct perf_opts, no_payload, bool) },
	{ 0, "sched", NULL, "records of switches, forks and exits become series (of perf script --show-switch-events --show-task-events)", PD_OPT_BOOL, PD_AT(struct perf_opts, sched, bool) },
	{ 0, "params", NULL, "keep parameter lists of function names", PD_OPT_BOOL, PD_AT(struct perf_opts, keep_params, bool) },
	{ .kind = PD_OPT_END },
};

const struct pd_format pd_format_perf_script = {
	.name = "perf-script",
	.summary = "output of perf script (Linux)",
	.aliases = (const char *const[]){ "perf", NULL },
	.opts_size = sizeof(struct perf_opts),
	.opts = perf_script_opts,
	.sniff = pd_perf_sniff,
	.read = perf_script_read,
	.ends_record = perf_script_ends_record,
	.finish = pd_perf_finish,
};
