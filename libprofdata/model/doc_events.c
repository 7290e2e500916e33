/*
 * Samples with times → nested slices. A function is open from the first sample
 * of the thread that shows it to the first one that does not; where samples
 * are missing for longer than they normally are, everything is closed.
 */
#include "model/events.h"

#include "base/error.h"
#include "base/sort.h"
#include "model/times.h"

#define GAP_PERIODS 4

/* One sample: when, and of what. */
struct moment {
	int64_t time;
	uint32_t thread, stack;
};

/* An open function: pd_func, or a frame without lines (its number with the top bit set). */
#define ADDRESS_ONLY (1u << 31)

struct walk {
	const struct pd_doc *doc;
	struct pd_events *ev;
	struct pd_error *err;
	PD_VEC(struct moment) moment;
	PD_VEC(uint32_t) open, next; /* root first */
	PD_VEC(pd_frame) frame;
	PD_VEC(struct pd_line) line; /* of `next`: what the slice says about its place */
	int64_t typical, max_gap;
	pd_track track;
};

static bool nomem(struct walk *w)
{
	pd_error_nomem(w->err);
	return false;
}

static bool gather_rows(struct walk *w, unsigned series, const struct pd_times *times)
{
	struct pd_rows rows;
	size_t n;

	for (uint64_t first = 0; (n = pd_series_rows(w->doc, series, first, &rows)); first += n) {
		if (!pd_vec_reserve(&w->moment, n) || w->moment.n + n > PD_MAX_ROWS)
			return nomem(w);
		for (size_t i = 0; i < n; i++) {
			int64_t time = pd_times_at(times, series, &rows, i);

			if (time == PD_NO_TIME)
				continue;
			w->moment.v[w->moment.n++] = (struct moment){ .time = time, .stack = rows.stack[i].v,
								      .thread = pd_doc_labels_thread(w->doc, rows.labels[i]).v };
		}
	}
	return true;
}

static bool gather(struct walk *w, unsigned series)
{
	struct pd_times *times = pd_times_new(w->doc, w->err);
	bool fine = times && (!pd_times_known(times, series) || gather_rows(w, series, times));

	pd_times_free(times);
	if (!fine || w->moment.n)
		return fine;
	pd_error_set(w->err, PD_ERR_UNSUPPORTED, "no sample has a time, so there is no timeline");
	return false;
}

/* By thread, then time; equal times stay as they came. */
static bool sort_moments(struct walk *w)
{
	size_t n = w->moment.n;
	struct pd_sort_item *item = malloc(2 * n * sizeof *item);
	struct moment *copy = malloc(n * sizeof *copy);
	bool ok = item && copy;

	for (size_t i = 0; ok && i < n; i++)
		item[i] = (struct pd_sort_item){ (uint64_t)w->moment.v[i].time ^ (uint64_t)1 << 63, (uint32_t)i };
	if (ok)
		pd_sort_u64(item, item + n, n);
	for (size_t i = 0; ok && i < n; i++)
		item[i].key = w->moment.v[item[i].row].thread;
	if (ok)
		pd_sort_u64(item, item + n, n);
	for (size_t i = 0; ok && i < n; i++)
		copy[i] = w->moment.v[item[i].row];
	if (ok)
		memcpy(w->moment.v, copy, n * sizeof *copy);
	free(item);
	free(copy);
	return ok || nomem(w);
}

/* The period when it is a time, else the median distance of two samples of a thread. */
static bool find_typical(struct walk *w)
{
	const struct pd_meta *m = pd_doc_meta(w->doc);
	struct pd_span unit = pd_doc_string(w->doc, m->period_unit);
	size_t n = 0;
	struct pd_sort_item *item;

	w->typical = 1;
	if (m->period > 0 && unit.n == 11 && !memcmp(unit.p, "nanoseconds", 11)) {
		w->typical = m->period;
		return true;
	}
	item = malloc(2 * w->moment.n * sizeof *item);
	if (!item)
		return nomem(w);
	for (size_t i = 1; i < w->moment.n; i++) {
		const struct moment *a = &w->moment.v[i - 1], *b = &w->moment.v[i];
		int64_t d;

		if (a->thread == b->thread && !pd_sub_overflow(b->time, a->time, &d) && d > 0)
			item[n++] = (struct pd_sort_item){ (uint64_t)d, 0 };
	}
	pd_sort_u64(item, item + n, n);
	if (n)
		w->typical = (int64_t)item[n / 2].key;
	free(item);
	return true;
}

/* Functions of a stack, root first, into `next`. */
static bool flatten(struct walk *w, pd_stack stack)
{
	size_t depth = pd_doc_stack_depth(w->doc, stack);

	w->frame.n = w->next.n = w->line.n = 0;
	if (!pd_vec_reserve(&w->frame, depth))
		return nomem(w);
	depth = pd_doc_stack(w->doc, stack, PD_ROOT_FIRST, w->frame.v);
	for (size_t i = 0; i < depth; i++) {
		struct pd_frame_desc f;

		pd_doc_frame(w->doc, w->frame.v[i], &f);
		if (!pd_vec_reserve(&w->next, f.n_lines + 1) || !pd_vec_reserve(&w->line, f.n_lines + 1))
			return nomem(w);
		for (uint32_t k = f.n_lines; k-- > 0;) {
			w->next.v[w->next.n++] = f.lines[k].func.v;
			w->line.v[w->line.n++] = f.lines[k];
		}
		if (!f.n_lines) {
			w->next.v[w->next.n++] = w->frame.v[i].v | ADDRESS_ONLY;
			w->line.v[w->line.n++] = (struct pd_line){ 0 };
		}
	}
	return true;
}

static void close_to(struct walk *w, size_t depth, int64_t ts)
{
	for (; w->open.n > depth; w->open.n--)
		pd_events_event(w->ev, &(struct pd_event){ .kind = PD_EV_END, .track = w->track, .ts = ts });
}

static void begin(struct walk *w, size_t i, int64_t ts)
{
	struct pd_event e = { .kind = PD_EV_BEGIN, .track = w->track, .ts = ts };
	struct pd_arg arg[2] = { { .key = { "file", 4 }, .kind = PD_ARG_STR }, { .key = { "line", 4 }, .kind = PD_ARG_INT } };
	struct pd_func_desc func = { 0 };
	struct pd_frame_desc frame;
	char address[24];

	if (w->next.v[i] & ADDRESS_ONLY) {
		pd_doc_frame(w->doc, (pd_frame){ w->next.v[i] & ~ADDRESS_ONLY }, &frame);
		snprintf(address, sizeof address, "0x%llx", (unsigned long long)frame.address);
		e.name = (struct pd_span){ address, strlen(address) };
	} else {
		pd_doc_func(w->doc, (pd_func){ w->next.v[i] }, &func);
		e.name = pd_doc_string(w->doc, func.name);
		arg[0].str = pd_doc_string(w->doc, func.file);
		arg[1].i = w->line.v[i].line;
		e.args = arg;
		e.n_args = !func.file.v ? 0 : w->line.v[i].line ? 2 : 1;
	}
	pd_events_event(w->ev, &e);
}

static bool show(struct walk *w, const struct moment *m)
{
	size_t same = 0;

	if (!flatten(w, (pd_stack){ m->stack }))
		return false;
	while (same < w->open.n && same < w->next.n && w->open.v[same] == w->next.v[same])
		same++;
	close_to(w, same, m->time);
	if (!pd_vec_reserve(&w->open, w->next.n))
		return nomem(w);
	for (; same < w->next.n; same++) {
		begin(w, same, m->time);
		w->open.v[w->open.n++] = w->next.v[same];
	}
	return true;
}

/* One thread: moments [lo, hi). */
static bool show_thread(struct walk *w, size_t lo, size_t hi)
{
	for (size_t i = lo; i < hi && !w->ev->failed; i++) {
		int64_t t = w->moment.v[i].time, gap;

		if (!show(w, &w->moment.v[i]))
			return false;
		if (i + 1 == hi || pd_sub_overflow(w->moment.v[i + 1].time, t, &gap) || gap > w->max_gap)
			close_to(w, 0, pd_slice_end(t, w->typical));
	}
	return true;
}

/* Number of the process track of `pid`, made when it is the first of it. `pids` has one entry per process track. */
static pd_track process_track(struct walk *w, const struct pd_thread_desc *t, int64_t *pids, uint32_t *n_pids, uint32_t first)
{
	struct pd_track_desc d = { .kind = PD_TRACK_PROCESS, .id = t->has_pid ? t->pid : 1 };

	for (uint32_t i = 0; i < *n_pids; i++)
		if (pids[i] == d.id)
			return (pd_track){ first + i };
	pids[*n_pids] = d.id;
	d.name = !t->has_tid || t->pid == t->tid ? pd_doc_string(w->doc, t->comm) : (struct pd_span){ "", 0 };
	pd_events_track(w->ev, (pd_track){ first + *n_pids }, &d);
	return (pd_track){ first + (*n_pids)++ };
}

static bool show_all(struct walk *w)
{
	uint32_t threads = pd_doc_threads(w->doc), n_pids = 0, next = 0;
	int64_t *pids = calloc((size_t)threads + 1, sizeof *pids);
	bool ok = pids != NULL;

	/* thread tracks are 1 .. threads + 1, processes follow: dense enough to be known before the walk */
	for (size_t lo = 0, hi; ok && lo < w->moment.n; lo = hi) {
		struct pd_thread_desc t = { 0 };
		struct pd_track_desc d = { .kind = PD_TRACK_THREAD };

		for (hi = lo + 1; hi < w->moment.n && w->moment.v[hi].thread == w->moment.v[lo].thread;)
			hi++;
		if (w->moment.v[lo].thread)
			pd_doc_thread(w->doc, (pd_thread){ w->moment.v[lo].thread }, &t);
		w->track = (pd_track){ ++next };
		d.id = t.has_tid ? t.tid : w->moment.v[lo].thread + 1;
		d.name = pd_doc_string(w->doc, t.comm);
		d.parent = process_track(w, &t, pids, &n_pids, threads + 2);
		pd_events_track(w->ev, w->track, &d);
		ok = show_thread(w, lo, hi);
	}
	free(pids);
	return ok || nomem(w);
}

enum pd_status pd_doc_events(const struct pd_doc *doc, unsigned sample_type, int64_t max_gap, struct pd_events *ev, struct pd_error *err)
{
	struct walk w = { .doc = doc, .ev = ev, .err = err };
	const struct pd_meta *m = pd_doc_meta(doc);
	struct pd_trace_desc desc = { .size = sizeof desc, .clock = { "trace", 5 }, .has_origin = true, .source = pd_doc_string(doc, m->producer) };
	struct pd_sample_type type;
	bool ok;

	if (sample_type >= pd_doc_sample_types(doc))
		return pd_error_set(err, PD_ERR_USAGE, "there is no sample type %u", sample_type);
	pd_doc_sample_type(doc, sample_type, &type);
	pd_events_tables(ev, doc);
	ok = gather(&w, type.series) && sort_moments(&w) && find_typical(&w);
	if (ok) {
		w.max_gap = max_gap > 0 ? max_gap : w.typical > INT64_MAX / GAP_PERIODS ? INT64_MAX : w.typical * GAP_PERIODS;
		desc.origin = w.moment.v[0].time;
		for (size_t i = 0; i < w.moment.n; i++)
			desc.origin = w.moment.v[i].time < desc.origin ? w.moment.v[i].time : desc.origin;
		desc.has_wall = m->time_nanos != 0;
		desc.wall = m->time_nanos;
		pd_events_start(ev, &desc);
		ok = show_all(&w);
	}
	pd_vec_release(&w.moment);
	pd_vec_release(&w.open);
	pd_vec_release(&w.next);
	pd_vec_release(&w.frame);
	pd_vec_release(&w.line);
	return ok ? PD_OK : err && err->status != PD_OK ? err->status : PD_ERR_NOMEM;
}
