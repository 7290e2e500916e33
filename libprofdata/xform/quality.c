/*
 * How good a profile is. Everything is counted in one pass over the stacks (facts of a stack follow from those of its parent) and one
 * over the rows.
 */
#include "base/error.h"
#include "base/span.h"
#include "xform/quality.h"

#include <math.h>
#include <profdata/transform.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- names ---- */

static struct pd_span name_of(const struct pd_doc *doc, pd_func f)
{
	struct pd_func_desc d;

	if (!f.v)
		return SPAN("");
	pd_doc_func(doc, f, &d);
	return pd_doc_string(doc, d.name.v ? d.name : d.system_name);
}

/* Addresses and the words tools use for them are no names. */
static bool is_unknown(struct pd_span s)
{
	static const char *const words[] = { "", "[unknown]", "unknown", "??", "(unknown)", "<unknown>", "[unknown_Java]", "not_walkable", NULL };

	for (size_t i = 0; words[i]; i++)
		if (span_is(s, words[i]))
			return true;
	return span_eat(&s, "0x") && s.n && strspn(s.p, "0123456789abcdefABCDEF") >= s.n; /* names end with a zero */
}

/* What tools put where samples should be. */
static bool is_lost(struct pd_span s)
{
	static const char *const words[] = { "runtime/pprof.lostProfileEvent", "runtime._LostExternalCode", "runtime._LostSIGPROFDuringAtomic64",
					     "runtime._LostContendedRuntimeLock", "[lost]", "[lost samples]", NULL };

	for (size_t i = 0; words[i]; i++)
		if (span_is(s, words[i]))
			return true;
	return false;
}

static bool is_cut_mark(struct pd_span s)
{
	return s.n > 2 && (s.p[0] == '[' || s.p[0] == '(') && memmem(s.p, s.n, "truncated", 9) != NULL;
}

/* Where threads of C, C++, Rust, Go and the kernel begin. */
static bool is_start(struct pd_span s)
{
	static const char *const words[] = {
		"main", "_start", "__libc_start_main", "__libc_start_call_main", "start_thread", "clone", "clone3", "__clone", "__clone3", "thread_start",
		"_dl_start", "_dl_start_user", "__pthread_start", "_pthread_start", "start", "runtime.goexit", "runtime.main", "runtime.mstart",
		"runtime.rt0_go", "runtime.mcall", "runtime.gcBgMarkWorker", "ret_from_fork", "ret_from_fork_asm", "secondary_startup_64",
		"secondary_startup_64_no_verify", "start_kernel", "kthread", "x86_64_start_kernel", "BaseThreadInitThunk", "RtlUserThreadStart", "_start_c", NULL
	};
	const char *at;

	at = memchr(s.p, '@', s.n); /* __libc_start_main@@GLIBC_2.34 */
	if (at && at > s.p)
		s.n = (size_t)(at - s.p);
	for (size_t i = 0; words[i]; i++)
		if (span_is(s, words[i]))
			return true;
	return span_starts(s, "__libc_start_main") || span_starts(s, "_GLOBAL__sub_I");
}

/* ---- facts of frames and stacks ---- */

enum { UNKNOWN = 1, LOST = 2, CUT = 4, START = 8 };

static uint8_t frame_facts(const struct pd_doc *doc, pd_frame f, uint32_t *lines)
{
	struct pd_frame_desc d;
	uint8_t facts = 0;
	struct pd_span outer;

	pd_doc_frame(doc, f, &d);
	*lines = d.n_lines ? d.n_lines : 1;
	if (!d.n_lines)
		return UNKNOWN;
	outer = name_of(doc, d.lines[d.n_lines - 1].func);
	facts |= is_start(outer) ? START : 0;
	for (uint32_t i = 0; i < d.n_lines; i++) {
		struct pd_span s = name_of(doc, d.lines[i].func);

		facts |= is_unknown(s) ? UNKNOWN : 0;
		facts |= is_lost(s) ? LOST : 0;
		facts |= is_cut_mark(s) ? CUT : 0;
	}
	return facts;
}

struct stack_facts {
	uint32_t depth, lines;
	uint8_t any, leaf, root; /* facts of any frame, of the leaf, of the root */
};

static struct stack_facts *all_stacks(const struct pd_doc *doc)
{
	uint32_t n_frames = pd_doc_frames(doc), n = pd_doc_stack_nodes(doc);
	uint8_t *fact = calloc((size_t)n_frames + 1, 1);
	uint32_t *lines = calloc((size_t)n_frames + 1, sizeof(*lines));
	struct stack_facts *s = calloc((size_t)n + 1, sizeof(*s));

	for (uint32_t f = 1; fact && lines && f <= n_frames; f++)
		fact[f] = frame_facts(doc, (pd_frame){ f }, &lines[f]);
	for (uint32_t k = 1; s && fact && lines && k <= n; k++) {
		const pd_frame *run;
		uint32_t m = pd_doc_stack_run(doc, (pd_stack){ k }, &run);

		s[k] = s[pd_doc_stack_parent(doc, (pd_stack){ k }).v];
		for (uint32_t i = 0; i < m; i++) {
			if (!s[k].depth)
				s[k].root = fact[run[i].v];
			s[k].depth++;
			s[k].lines += lines[run[i].v];
			s[k].any |= fact[run[i].v];
			s[k].leaf = fact[run[i].v];
		}
	}
	if (!fact || !lines) {
		free(s);
		s = NULL;
	}
	free(fact);
	free(lines);
	return s;
}

/* ---- columns ---- */

static bool text_is(const struct pd_doc *doc, pd_str s, const char *text) { return span_is(pd_doc_string(doc, s), text); }

/* Seconds of one unit of time; 0 for other units. */
static double seconds_of(struct pd_span unit)
{
	static const struct { const char *name; double s; } units[] = {
		{ "nanoseconds", 1e-9 }, { "ns", 1e-9 }, { "nanosecond", 1e-9 }, { "microseconds", 1e-6 }, { "us", 1e-6 }, { "milliseconds", 1e-3 },
		{ "ms", 1e-3 }, { "seconds", 1 }, { "s", 1 },
	};

	for (size_t i = 0; i < PD_ARRAY_LEN(units); i++)
		if (span_is(unit, units[i].name))
			return units[i].s;
	return 0;
}

static bool counts_samples(const struct pd_doc *doc, const struct pd_value_type *t)
{
	static const char *const words[] = { "samples", "sample", "cpu_samples", "wall_samples", "events", NULL };
	struct pd_span unit = pd_doc_string(doc, t->unit);

	if (t->decimals || !(span_is(unit, "count") || span_is(unit, "samples") || span_is(unit, "events") || !unit.n))
		return false;
	for (size_t i = 0; words[i]; i++)
		if (text_is(doc, t->type, words[i]))
			return true;
	return false;
}

/* The columns of the series that count samples and time; -1 none. */
struct columns {
	int count, time;
	double scale; /* seconds of one stored value */
};

static struct columns columns_of(const struct pd_doc *doc, unsigned series, unsigned wanted)
{
	struct columns c = { -1, -1, 0 };
	struct pd_value_type t;

	for (unsigned i = 0; i < pd_series_values(doc, series); i++) {
		double s;

		pd_series_value_type(doc, series, i, &t);
		s = seconds_of(pd_doc_string(doc, t.unit)) / pow(10, t.decimals);
		if (c.count < 0 && counts_samples(doc, &t))
			c.count = (int)i;
		if (s > 0 && (c.time < 0 || i == wanted)) {
			c.time = (int)i;
			c.scale = s;
		}
	}
	return c;
}

/* ---- counting ---- */

struct counts {
	uint64_t rows, samples, lost, bare, leaf, any, known_root, broken, marked, at_depth, at_lines, cut_depth, cut_lines, over;
	uint32_t max_depth, max_lines;
	struct pd_sum seconds;
	uint64_t *thread; /* samples per thread */
	pd_labels last_set;
	pd_thread last_thread;
};

struct pass {
	const struct pd_doc *doc;
	const struct pd_quality_opts *opts;
	const struct stack_facts *stack;
	struct columns col;
	unsigned series;
	uint32_t depth_limit, lines_limit; /* of the second pass: cut there? */
	struct counts n;
};

static void count_row(struct pass *p, const struct pd_rows *r, size_t i)
{
	const struct stack_facts *s = &p->stack[r->stack[i].v];
	int64_t times = p->col.count >= 0 ? r->value[p->col.count][i] : 1;
	uint64_t w = times > 0 ? (uint64_t)times : 0;
	struct counts *n = &p->n;

	n->rows++;
	if (p->col.time >= 0)
		pd_sum_add(&n->seconds, (double)r->value[p->col.time][i] * p->col.scale);
	if (s->any & LOST) {
		n->lost += w;
		return;
	}
	n->samples += w;
	n->bare += s->depth ? 0 : w;
	n->leaf += s->leaf & UNKNOWN ? w : 0;
	n->any += s->any & UNKNOWN ? w : 0;
	n->known_root += s->root & START ? w : 0;
	n->marked += s->any & CUT ? w : 0;
	n->over += p->opts->max_depth && s->depth >= p->opts->max_depth ? w : 0;
	n->max_depth = s->depth > n->max_depth ? s->depth : n->max_depth;
	n->max_lines = s->lines > n->max_lines ? s->lines : n->max_lines;
	if (n->thread && r->labels) {
		if (r->labels[i].v != n->last_set.v) {
			n->last_set = r->labels[i];
			n->last_thread = pd_doc_labels_thread(p->doc, r->labels[i]);
		}
		n->thread[n->last_thread.v] += w;
	}
}

/* Depths at which tools are known to stop. */
static bool is_limit(uint32_t depth)
{
	static const uint32_t limits[] = { 32, 64, 100, 127, 128, 255, 256, 512, 1024, 2048 };

	for (size_t i = 0; i < PD_ARRAY_LEN(limits); i++)
		if (depth == limits[i])
			return true;
	return false;
}

/* With the deepest stacks known: samples of just that depth whose root is no start. */
static void count_cut(struct pass *p, const struct pd_rows *r, size_t i)
{
	const struct stack_facts *s = &p->stack[r->stack[i].v];
	int64_t times = p->col.count >= 0 ? r->value[p->col.count][i] : 1;

	if (times <= 0 || s->any & LOST || s->root & START)
		return;
	p->n.cut_depth += p->depth_limit && s->depth == p->depth_limit ? (uint64_t)times : 0;
	p->n.cut_lines += p->lines_limit && s->lines == p->lines_limit ? (uint64_t)times : 0;
}

static void each_row(struct pass *p, void (*f)(struct pass *, const struct pd_rows *, size_t))
{
	struct pd_rows r;
	size_t n;

	for (uint64_t at = 0; (n = pd_series_rows(p->doc, p->series, at, &r)); at += n)
		for (size_t i = 0; i < n; i++)
			f(p, &r, i);
}

static struct pd_quality_share part(uint64_t n, uint64_t of)
{
	struct pd_quality_share s = { n, of, (double)NAN, { (double)NAN, (double)NAN } };

	if (of) {
		s.share = (double)n / (double)of;
		pd_stat_wilson((double)n, (double)of, 0.95, &s.ci);
	}
	return s;
}

static void stacks_cut(struct pass *p, struct pd_quality *q)
{
	uint64_t cut = p->n.marked;

	q->max_depth = p->n.max_depth;
	if (p->opts->max_depth) {
		q->depth_limit = p->opts->max_depth;
		cut = p->n.over > cut ? p->n.over : cut;
	} else if (!cut) {
		p->depth_limit = is_limit(p->n.max_depth) ? p->n.max_depth : 0;
		p->lines_limit = is_limit(p->n.max_lines) ? p->n.max_lines : 0; /* inlined calls count for some tools */
		if (p->depth_limit || p->lines_limit)
			each_row(p, count_cut);
		cut = p->n.cut_depth > p->n.cut_lines ? p->n.cut_depth : p->n.cut_lines;
		if (cut)
			q->depth_limit = cut == p->n.cut_depth ? p->depth_limit : p->lines_limit;
	}
	q->truncated = part(cut, p->n.samples - p->n.bare);
}

static void fill_counts(struct pass *p, struct pd_quality *q)
{
	const struct counts *n = &p->n;

	q->rows = n->rows;
	q->samples = n->samples;
	q->counted = p->col.count >= 0;
	q->lost += n->lost;
	q->seconds = p->col.time >= 0 ? pd_sum_value(&n->seconds) : (double)NAN;
	q->no_stack = part(n->bare, n->samples);
	q->leaf_unknown = part(n->leaf, n->samples - n->bare);
	q->any_unknown = part(n->any, n->samples - n->bare);
	q->broken = part(n->samples - n->bare - n->known_root, n->samples - n->bare);
	if (n->known_root * 2 < n->samples || !n->known_root)
		q->broken = part(0, 0); /* goroutines, modules, requests: anything may be a root here */
	for (uint32_t t = 1; n->thread && t <= pd_doc_threads(p->doc); t++) {
		q->threads += n->thread[t] > 0;
		if (n->thread[t] && (!q->busiest.v || n->thread[t] > n->thread[q->busiest.v]))
			q->busiest.v = t;
	}
	if (q->busiest.v && q->duration > 0)
		q->busiest_per_second = (double)n->thread[q->busiest.v] / q->duration;
	stacks_cut(p, q);
}

/* ---- what the header says ---- */

/* "record.NAME: VALUE" among the comments: the number VALUE begins with. */
static bool comment_number(const struct pd_doc *doc, const char *name, double *v)
{
	const pd_str *comment;
	size_t n = pd_doc_comments(doc, &comment);

	for (size_t i = 0; i < n; i++) {
		struct pd_span s = pd_doc_string(doc, comment[i]);
		char *end;

		if (!span_eat(&s, "record.") || !span_eat(&s, name) || !span_eat(&s, ": "))
			continue;
		*v = strtod(s.p, &end); /* strings of a document end with a zero */
		if (end > s.p && isfinite(*v))
			return true;
	}
	return false;
}

/* "record.samples: N taken, N lost, ..." */
static uint64_t comment_lost(const struct pd_doc *doc)
{
	const pd_str *comment;
	size_t n = pd_doc_comments(doc, &comment);
	uint64_t lost = 0;

	for (size_t i = 0; i < n; i++) {
		struct pd_span s = pd_doc_string(doc, comment[i]);
		const char *word = span_starts(s, "record.samples: ") ? strstr(s.p, " lost") : NULL, *digit = word;

		while (digit && digit > s.p && digit[-1] >= '0' && digit[-1] <= '9')
			digit--;
		if (digit && digit < word)
			lost += strtoull(digit, NULL, 10);
	}
	return lost;
}

/* Sum of a column of control totals that a recorder stored: run time of the threads, as the scheduler has it. */
static double schedstat_run(const struct pd_doc *doc)
{
	for (unsigned s = 0; s < pd_doc_series(doc); s++) {
		if (!text_is(doc, pd_series_name(doc, s), "schedstat"))
			continue;
		for (unsigned c = 0; c < pd_series_values(doc, s); c++) {
			struct pd_value_type t;
			struct pd_rows r;
			struct pd_sum sum = { 0, 0 };
			size_t n;

			pd_series_value_type(doc, s, c, &t);
			if (!text_is(doc, t.type, "run"))
				continue;
			for (uint64_t at = 0; (n = pd_series_rows(doc, s, at, &r)); at += n)
				for (size_t i = 0; i < n; i++)
					pd_sum_add(&sum, (double)r.value[c][i]);
			return pd_sum_value(&sum) * seconds_of(pd_doc_string(doc, t.unit));
		}
	}
	return 0;
}

static void find_rate(const struct pd_doc *doc, const struct pd_quality_opts *opts, struct pd_quality *q)
{
	const struct pd_meta *m = pd_doc_meta(doc);
	double unit = seconds_of(pd_doc_string(doc, m->period_unit)), v;

	q->rate = (double)NAN;
	if (opts->rate > 0) {
		q->rate = opts->rate;
		q->rate_from = "given";
	} else if (comment_number(doc, "rate_asked", &v) && v > 0) {
		q->rate = v;
		q->rate_from = "comment";
	} else if (m->period > 0 && unit > 0 && q->counted) { /* else it says what a value is made of */
		q->rate = 1 / ((double)m->period * unit);
		q->rate_from = "header";
	} else if (q->counted && q->samples && q->seconds > 0) {
		q->rate = (double)q->samples / q->seconds;
		q->rate_from = "weights";
	}
}

static void find_cpu(const struct pd_doc *doc, const struct pd_quality_opts *opts, struct pd_quality *q)
{
	double v = schedstat_run(doc);

	q->cpu_seconds = (double)NAN;
	if (opts->cpu_seconds > 0) {
		q->cpu_seconds = opts->cpu_seconds;
		q->cpu_from = "given";
	} else if (v > 0) {
		q->cpu_seconds = v;
		q->cpu_from = "schedstat";
	} else if (comment_number(doc, "cpu_seconds", &v) && v > 0) {
		q->cpu_seconds = v;
		q->cpu_from = "comment";
	}
}

static void find_lost(const struct pd_doc *doc, struct pd_quality *q)
{
	const struct pd_note_desc *note;
	size_t n = pd_doc_notes(doc, &note);

	for (size_t i = 0; i < n; i++)
		if (strstr(note[i].what, "lost"))
			q->lost_records += note[i].count;
	q->lost += comment_lost(doc);
}

/* ---- rates ---- */

static bool near_rate(double a, double b) { return fabs(a / b - 1) <= 0.05; }

/* Timers that ride on the kernel's tick stop at its rate. What one thread asked for is no cap, and neither is all that was expected. */
static void find_cap(struct pd_quality *q)
{
	static const double caps[] = { 100, 250, 300, 1000 };

	q->cap = (double)NAN;
	if (q->coverage >= 0.95 || (q->rate_from && strcmp(q->rate_from, "weights") == 0)) /* events with periods of their own come from counters */
		return;
	for (size_t i = 0; i < PD_ARRAY_LEN(caps) && isnan(q->cap); i++) {
		bool all = near_rate(q->per_second, caps[i]), one = q->threads > 1 && caps[i] < q->rate && near_rate(q->busiest_per_second, caps[i]);

		if ((!all && !one) || near_rate(caps[i], q->rate))
			continue;
		q->cap = caps[i];
		q->cap_of_thread = !all;
	}
}

static void rates(struct pd_quality *q)
{
	q->utilisation = q->duration > 0 ? q->seconds / q->duration : (double)NAN;
	q->per_second = q->duration > 0 ? (double)q->samples / q->duration : (double)NAN;
	q->expected = q->rate * q->cpu_seconds;
	q->coverage = (double)q->samples / q->expected;
	q->z = ((double)q->samples - q->expected) / sqrt(q->expected);
	q->lost_share = q->lost + q->samples ? (double)q->lost / (double)(q->lost + q->samples) : (double)NAN;
	find_cap(q);
}

enum pd_status pd_quality_of(const struct pd_doc *doc, const struct pd_quality_opts *opts, struct pd_quality *out, struct pd_error *err)
{
	struct pass p = { .doc = doc, .opts = opts };
	struct pd_sample_type type;
	struct stack_facts *stack;
	enum pd_status st = PD_OK;

	*out = (struct pd_quality){ .duration = (double)NAN, .busiest_per_second = (double)NAN };
	if (opts->sample_type >= pd_doc_sample_types(doc))
		return pd_error_set(err, PD_ERR_USAGE, "no such sample type");
	pd_doc_sample_type(doc, opts->sample_type, &type);
	p.series = type.series;
	p.col = columns_of(doc, type.series, type.column);
	p.stack = stack = all_stacks(doc);
	p.n.thread = calloc((size_t)pd_doc_threads(doc) + 1, sizeof(*p.n.thread));
	if (!stack || !p.n.thread) {
		st = pd_error_nomem(err);
	} else {
		if (pd_doc_meta(doc)->duration_nanos > 0)
			out->duration = 1e-9 * (double)pd_doc_meta(doc)->duration_nanos;
		each_row(&p, count_row);
		find_lost(doc, out);
		st = pd_quality_times(doc, type.series, out, err);
		fill_counts(&p, out);
		find_rate(doc, opts, out);
		find_cpu(doc, opts, out);
		rates(out);
		pd_quality_warn(out);
	}
	free(p.n.thread);
	free(stack);
	return st;
}
