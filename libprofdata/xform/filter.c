/*
 * Selection of samples, frames and labels in pprof's pipeline order:
 * drop_frames, frames made of labels, focus/ignore/hide/show, show_from, labels
 * by value, labels by key, prune_from, inlined lines.
 */
#include "xform/filter.h"
#include "xform/tags.h"

#include <math.h>

/* ---- helpers of the steps ---- */

bool pd_pick_nomem(struct pd_pick *p)
{
	pd_error_set(p->err, PD_ERR_NOMEM, "out of memory");
	p->failed = true;
	return false;
}

uint32_t pd_pick_run(const struct pd_pick *p, uint32_t s, uint32_t run[PD_RUN])
{
	const struct pd_tables *t = &p->b->doc->t;
	const struct pd_stack_row *row = &t->stack.v[s];
	uint32_t n = pd_run_length(row);

	memcpy(run, t->run.v + row->first, n * sizeof *run);
	return n;
}

uint32_t pd_pick_extend(struct pd_pick *p, uint32_t base, const uint32_t *frames, uint32_t n)
{
	return n ? pd_stack_extend(p->b, (pd_stack){ base }, (const pd_frame *)frames, n).v : base;
}

bool pd_pick_open(struct pd_pick *p, struct pd_rx_memo *m, const char *what, const char *pattern, bool whole)
{
	struct pd_rx *rx = NULL;

	*m = (struct pd_rx_memo){ 0 };
	if (!pattern || !*pattern)
		return true;
	rx = pd_rx_new(what, pattern, strlen(pattern), whole, p->err);
	if (!rx) {
		p->failed = true;
		return false;
	}
	return pd_rx_memo_init(m, rx, p->b->doc->t.strings.row.n) || pd_pick_nomem(p);
}

bool pd_pick_hit(struct pd_pick *p, struct pd_rx_memo *m, pd_str s)
{
	int rc;

	if (p->failed)
		return false;
	rc = pd_rx_memo_match(m, s.v, p->b->doc->t.strings.row.v[s.v], p->err);
	if (rc < 0)
		p->failed = true;
	return rc == 1;
}

bool pd_pick_line_hit(struct pd_pick *p, struct pd_rx_memo *m, const struct pd_line *line)
{
	const struct pd_func_desc *f = &p->b->doc->t.func.v[line->func.v];

	return line->func.v && (pd_pick_hit(p, m, f->name) || pd_pick_hit(p, m, f->file));
}

/* A document without any mapping counts as one unnamed mapping; frames made of labels are in none. */
bool pd_pick_mapping_hit(struct pd_pick *p, struct pd_rx_memo *m, const struct pd_frame_row *frame)
{
	const struct pd_tables *t = &p->b->doc->t;
	bool unnamed = t->mapping.n == 1 && (size_t)(frame - t->frame.v) < p->doc->t.frame.n;

	return (frame->mapping || unnamed) && pd_pick_hit(p, m, t->mapping.v[frame->mapping].file);
}

bool pd_pass_begin(struct pd_pick *p, struct pd_pass *w)
{
	const struct pd_tables *t = &p->b->doc->t;
	size_t n = t->stack.n;

	*w = (struct pd_pass){ .n = (uint32_t)n };
	w->need = calloc(n, 1);
	w->bits = calloc(n, 1);
	w->out = calloc(n, sizeof *w->out);
	if (!w->need || !w->bits || !w->out) {
		pd_pass_end(w);
		return pd_pick_nomem(p);
	}
	for (size_t e = 0; e < p->n_entries; e++)
		if (p->to[e] != PD_GONE)
			w->need[p->to[e]] = 1;
	for (size_t s = n; s-- > 1;)
		if (w->need[s])
			w->need[t->stack.v[s].parent] = 1;
	return true;
}

void pd_pass_end(struct pd_pass *w)
{
	free(w->need);
	free(w->bits);
	free(w->out);
	*w = (struct pd_pass){ 0 };
}

/* ---- time ---- */

static int64_t add_clamped(int64_t a, int64_t b)
{
	int64_t sum;

	return pd_add_overflow(a, b, &sum) ? b > 0 ? INT64_MAX : INT64_MIN : sum;
}

static bool window_open(struct pd_pick *p, struct pd_window *w)
{
	int64_t start, last;

	*w = (struct pd_window){ .on = p->o->has_time_range };
	if (!w->on)
		return true;
	w->times = pd_times_new(p->doc, p->err);
	if (w->times && pd_times_span(w->times, &start, &last)) {
		w->lo = add_clamped(start, p->o->time_lo);
		w->hi = add_clamped(start, p->o->time_hi);
		return true;
	}
	if (w->times) {
		pd_error_set(p->err, PD_ERR_UNSUPPORTED, "no sample has a timestamp, a time range cannot select any");
		pd_error_hint(p->err, "samples have times in perf script and speedscope files, and as label timestamp in pprof files");
	}
	p->failed = true;
	return false;
}

/* ---- entries ---- */

/* One entry per stack that a row uses. */
static bool entries_of_stacks(struct pd_pick *p, const struct pd_window *w)
{
	struct pd_rows rows;

	p->n_entries = p->doc->t.stack.n;
	p->to = malloc(p->n_entries * sizeof *p->to);
	if (!p->to)
		return pd_pick_nomem(p);
	memset(p->to, 0xff, p->n_entries * sizeof *p->to);
	for (unsigned s = 0; s < pd_doc_series(p->doc); s++)
		for (uint64_t first = 0; pd_series_rows(p->doc, s, first, &rows); first += rows.n)
			for (size_t i = 0; i < rows.n; i++)
				if (pd_in_window(w, s, &rows, i))
					p->to[rows.stack[i].v] = rows.stack[i].v;
	return true;
}

/* ---- focus, ignore, hide, show ---- */

struct names {
	struct pd_rx_memo focus, ignore, hide, show;
	bool focus_hit, ignore_hit, hide_hit, show_hit;
};

static bool frame_hit(struct pd_pick *p, struct pd_rx_memo *m, const struct pd_frame_row *f)
{
	const struct pd_line *lines = f->n_lines ? p->b->doc->t.line.v + f->first_line : NULL;

	for (uint32_t i = 0; i < f->n_lines; i++)
		if (pd_pick_line_hit(p, m, &lines[i]))
			return true;
	return pd_pick_mapping_hit(p, m, f);
}

/* Keeps the lines whose answer is `want`; lines without function stay in any case. */
static void keep_lines(struct pd_pick *p, struct pd_rx_memo *m, struct pd_frame_row *f, bool want)
{
	struct pd_line *lines = f->n_lines ? p->b->doc->t.line.v + f->first_line : NULL;
	uint32_t kept = 0;

	for (uint32_t i = 0; i < f->n_lines; i++)
		if (!lines[i].func.v || pd_pick_line_hit(p, m, &lines[i]) == want)
			lines[kept++] = lines[i];
	f->n_lines = kept;
}

static bool hide_lines(struct pd_pick *p, struct names *n, struct pd_frame_row *f)
{
	if (!frame_hit(p, &n->hide, f))
		return true;
	n->hide_hit = true;
	if (pd_pick_mapping_hit(p, &n->hide, f))
		f->n_lines = 0;
	else
		keep_lines(p, &n->hide, f, false);
	return f->n_lines > 0;
}

/* A frame without lines is shown when its mapping is: unsymbolized profiles can be shown by binary. */
static bool show_lines(struct pd_pick *p, struct names *n, struct pd_frame_row *f)
{
	bool keep = pd_pick_mapping_hit(p, &n->show, f);

	if (!keep) {
		keep_lines(p, &n->show, f, true);
		keep = f->n_lines > 0;
	}
	n->show_hit |= keep;
	return keep;
}

static void names_mark(struct pd_pick *p, struct names *n)
{
	struct pd_tables *t = &p->b->doc->t;

	for (size_t i = 1; i < t->frame.n && !p->failed; i++) {
		struct pd_frame_row *f = &t->frame.v[i];
		bool shown = true;

		if (n->ignore.rx && frame_hit(p, &n->ignore, f)) {
			n->ignore_hit = true;
			p->frame[i] |= PICK_IGNORE;
		} else if (!n->focus.rx || frame_hit(p, &n->focus, f)) {
			n->focus_hit = true;
			p->frame[i] |= PICK_FOCUS;
		}
		if (n->hide.rx)
			shown = hide_lines(p, n, f);
		if (shown && n->show.rx)
			shown = show_lines(p, n, f);
		if (!shown)
			p->frame[i] |= PICK_HIDDEN;
	}
}

static void names_node(struct pd_pick *p, struct pd_pass *w, uint32_t s)
{
	uint32_t run[PD_RUN], n = pd_pick_run(p, s, run), parent = p->b->doc->t.stack.v[s].parent, kept = 0;
	uint8_t bits = w->bits[parent];

	for (uint32_t i = 0; i < n; i++) {
		uint8_t mark = p->frame[run[i]];

		bits |= mark;
		if (!(mark & PICK_HIDDEN))
			run[kept++] = run[i];
	}
	w->bits[s] = bits;
	w->out[s] = kept == n && w->out[parent] == parent ? s : pd_pick_extend(p, w->out[parent], run, kept);
}

static bool names_stacks(struct pd_pick *p)
{
	struct pd_pass w;

	if (!pd_pass_begin(p, &w))
		return false;
	for (uint32_t s = 1; s < w.n; s++)
		if (w.need[s])
			names_node(p, &w, s);
	for (size_t e = 0; e < p->n_entries; e++) {
		uint32_t s = p->to[e];

		if (s != PD_GONE)
			p->to[e] = w.bits[s] & PICK_FOCUS && !(w.bits[s] & PICK_IGNORE) && w.out[s] ? w.out[s] : PD_GONE;
	}
	pd_pass_end(&w);
	return !p->failed;
}

static void names_run(struct pd_pick *p, struct names *n)
{
	names_mark(p, n);
	p->report->focus_unmatched = n->focus.rx && !n->focus_hit;
	p->report->ignore_unmatched = n->ignore.rx && !n->ignore_hit;
	p->report->hide_unmatched = n->hide.rx && !n->hide_hit;
	p->report->show_unmatched = n->show.rx && !n->show_hit;
	if (!p->failed && (n->focus.rx || n->ignore.rx || n->hide.rx || n->show.rx))
		names_stacks(p);
}

/* ---- all name filters ---- */

struct patterns {
	struct names names;
	struct pd_rx_memo show_from, prune_from, tagshow, taghide;
	struct pd_tag_cond *tagfocus, *tagignore;
};

static bool patterns_open(struct pd_pick *p, struct patterns *x)
{
	const struct pd_filter_opts *o = p->o;

	*x = (struct patterns){ 0 };
	if (!pd_pick_open(p, &x->names.focus, "focus", o->focus, false) || !pd_pick_open(p, &x->names.ignore, "ignore", o->ignore, false) ||
	    !pd_pick_open(p, &x->names.hide, "hide", o->hide, false) || !pd_pick_open(p, &x->names.show, "show", o->show, false) ||
	    !pd_pick_open(p, &x->show_from, "show_from", o->show_from, false) ||
	    !pd_pick_open(p, &x->prune_from, "prune_from", o->prune_from, false) ||
	    !pd_pick_open(p, &x->tagshow, "tagshow", o->tagshow, false) || !pd_pick_open(p, &x->taghide, "taghide", o->taghide, false))
		return false;
	if (o->tagfocus && *o->tagfocus)
		x->tagfocus = pd_tag_cond_new("tagfocus", o->tagfocus, p->err);
	if (o->tagignore && *o->tagignore)
		x->tagignore = pd_tag_cond_new("tagignore", o->tagignore, p->err);
	if ((o->tagfocus && *o->tagfocus && !x->tagfocus) || (o->tagignore && *o->tagignore && !x->tagignore)) {
		p->failed = true;
		return false;
	}
	p->report->tagfocus_is_range = x->tagfocus && x->tagfocus->range;
	p->report->tagignore_is_range = x->tagignore && x->tagignore->range;
	return true;
}

static void patterns_release(struct patterns *x)
{
	struct pd_rx_memo *all[] = { &x->names.focus, &x->names.ignore, &x->names.hide, &x->names.show,
				     &x->show_from, &x->prune_from, &x->tagshow, &x->taghide };

	for (size_t i = 0; i < PD_ARRAY_LEN(all); i++)
		pd_rx_memo_release(all[i]);
	pd_tag_cond_free(x->tagfocus);
	pd_tag_cond_free(x->tagignore);
}

static bool need_frames(struct pd_pick *p)
{
	size_t n = p->b->doc->t.frame.n;

	free(p->frame);
	p->frame = calloc(n, 1);
	return p->frame || pd_pick_nomem(p);
}

static void physical_lines_only(struct pd_pick *p)
{
	struct pd_tables *t = &p->b->doc->t;

	for (size_t i = 1; i < t->frame.n; i++) {
		struct pd_frame_row *f = &t->frame.v[i];

		if (f->n_lines > 1) {
			f->first_line += f->n_lines - 1;
			f->n_lines = 1;
		}
	}
	for (size_t i = 1; i < t->mapping.n; i++)
		t->mapping.v[i].flags &= ~(uint32_t)PD_MAP_HAS_INLINES;
}

static void forget_columns(struct pd_pick *p)
{
	struct pd_tables *t = &p->b->doc->t;

	for (size_t i = 0; i < t->line.n; i++)
		t->line.v[i].column = 0;
}

/* Everything that changes stacks. prune_from may come before the label conditions: neither sees the other's work. */
static bool steps(struct pd_pick *p, struct patterns *x, const struct pd_window *w)
{
	if (!entries_of_stacks(p, w))
		return false;
	if (p->o->drop_frames && (!need_frames(p) || !pd_prune_header(p)))
		return false;
	if (!pd_tag_frames(p, w) || !need_frames(p))
		return false;
	if (x->names.focus.rx || x->names.ignore.rx || x->names.hide.rx || x->names.show.rx)
		names_run(p, &x->names);
	if (!p->failed && x->show_from.rx)
		pd_prune_show_from(p, &x->show_from);
	if (!p->failed && x->prune_from.rx)
		pd_prune_from(p, &x->prune_from);
	if (!p->failed && p->o->no_inlines)
		physical_lines_only(p);
	if (!p->failed && p->o->no_columns)
		forget_columns(p);
	return !p->failed && !pd_builder_failed(p->b);
}

/* ---- rows ---- */

struct row_pass {
	struct pd_pick *p;
	struct patterns *x;
	const struct pd_window *w;
	struct pd_label_units *units;
	uint8_t *verdict; /* per label set: 0 not asked, else 1 + bits */
	uint32_t *set;    /* per label set: set to write, PD_GONE not made yet */
	bool focused, ignored, key_shown, key_hidden;
};

enum { FOCUSED = 1, IGNORED = 2 };

static int set_verdict(struct row_pass *r, pd_labels set)
{
	struct pd_pick *p = r->p;
	int f = 1, i = 0;

	if (r->verdict[set.v])
		return r->verdict[set.v] - 1;
	if (r->x->tagfocus)
		f = pd_tag_cond_match(r->x->tagfocus, p->doc, r->units, set, p->err);
	if (r->x->tagignore && f >= 0)
		i = pd_tag_cond_match(r->x->tagignore, p->doc, r->units, set, p->err);
	if (f < 0 || i < 0) {
		p->failed = true;
		return 0;
	}
	r->verdict[set.v] = (uint8_t)(1 + (f ? FOCUSED : 0) + (i ? IGNORED : 0));
	return r->verdict[set.v] - 1;
}

static uint32_t set_shown(struct row_pass *r, pd_labels set)
{
	const struct pd_label *l;
	size_t n = pd_doc_labels(r->p->doc, set, &l), kept = 0;
	struct pd_label *left;

	if (r->set[set.v] != PD_GONE)
		return r->set[set.v];
	left = malloc((n + 1) * sizeof *left);
	if (!left) {
		pd_pick_nomem(r->p);
		return 0;
	}
	for (size_t i = 0; i < n; i++) {
		bool show = !r->x->tagshow.rx || pd_pick_hit(r->p, &r->x->tagshow, l[i].key);
		bool hide = r->x->taghide.rx && pd_pick_hit(r->p, &r->x->taghide, l[i].key);

		r->key_shown |= show;
		r->key_hidden |= hide;
		if (show && !hide)
			left[kept++] = l[i];
	}
	r->set[set.v] = kept == n ? set.v : pd_labels_of(r->p->b, left, kept).v;
	free(left);
	return r->set[set.v];
}

static void write_row(struct row_pass *r, unsigned series, unsigned n_values, const struct pd_rows *rows, size_t i, uint32_t stack)
{
	struct pd_sample s = { .stack = { stack }, .labels = rows->labels[i] };
	int64_t values[PD_MAX_VALUES];

	if (r->verdict) {
		int verdict = set_verdict(r, s.labels);

		r->focused |= verdict & FOCUSED;
		r->ignored |= (verdict & IGNORED) != 0;
		if (verdict != FOCUSED)
			return;
	}
	if (r->set)
		s.labels.v = set_shown(r, s.labels);
	if (rows->time && rows->time[i] != PD_NO_TIME) {
		s.has_time = true;
		s.time = rows->time[i];
	}
	for (unsigned v = 0; v < n_values; v++)
		values[v] = rows->value[v][i];
	pd_sample_add(r->p->b, series, &s, values);
}

static void write_rows(struct row_pass *r)
{
	struct pd_pick *p = r->p;
	struct pd_rows rows;
	size_t e = 0;

	for (unsigned s = 0; s < pd_doc_series(p->doc); s++) {
		unsigned n_values = pd_series_values(p->doc, s);

		for (uint64_t first = 0; pd_series_rows(p->doc, s, first, &rows); first += rows.n) {
			for (size_t i = 0; i < rows.n && !p->failed; i++, e++) {
				uint32_t stack = p->to[p->by_row ? e : rows.stack[i].v];

				if (stack != PD_GONE && pd_in_window(r->w, s, &rows, i))
					write_row(r, s, n_values, &rows, i, stack);
			}
		}
	}
}

static bool step_rows(struct pd_pick *p, struct patterns *x, const struct pd_window *w)
{
	struct row_pass r = { .p = p, .x = x, .w = w };
	size_t sets = p->doc->t.set.n;

	if (x->tagfocus || x->tagignore) {
		r.verdict = calloc(sets, 1);
		r.units = pd_label_units_new(p->doc, p->err);
		if (!r.units || !r.verdict)
			pd_pick_nomem(p);
	}
	if (x->tagshow.rx || x->taghide.rx) {
		r.set = malloc(sets * sizeof *r.set);
		if (r.set)
			memset(r.set, 0xff, sets * sizeof *r.set);
		else
			pd_pick_nomem(p);
	}
	if (!p->failed)
		write_rows(&r);
	p->report->tagfocus_unmatched = x->tagfocus && !r.focused;
	p->report->tagignore_unmatched = x->tagignore && !r.ignored;
	p->report->tagshow_unmatched = x->tagshow.rx && !r.key_shown;
	p->report->taghide_unmatched = x->taghide.rx && !r.key_hidden;
	pd_label_units_free(r.units);
	free(r.verdict);
	free(r.set);
	return !p->failed;
}

static bool nothing_asked(const struct pd_doc *doc, const struct pd_filter_opts *o)
{
	const char *text[] = { o->focus, o->ignore, o->hide, o->show, o->show_from, o->prune_from,
			       o->tagfocus, o->tagignore, o->tagshow, o->taghide, o->tagleaf };

	for (size_t i = 0; i < PD_ARRAY_LEN(text); i++)
		if (text[i] && *text[i])
			return false;
	return !o->tagroot && !o->no_inlines && !o->no_columns && !o->has_time_range && !(o->drop_frames && pd_doc_meta(doc)->drop_frames.v);
}

struct pd_doc *pd_filter(const struct pd_doc *doc, const struct pd_filter_opts *opts, struct pd_filter_report *report, struct pd_error *err)
{
	struct pd_filter_report none;
	struct pd_pick p = { .doc = doc, .o = opts, .report = report ? report : &none, .err = err };
	struct patterns x = { 0 };
	struct pd_doc *out = NULL;
	struct pd_window w = { 0 };

	*p.report = (struct pd_filter_report){ 0 };
	if (nothing_asked(doc, opts))
		return pd_doc_ref(doc);
	p.b = pd_builder_derive(doc, PD_DERIVE_STACKS | PD_DERIVE_LABELS | PD_DERIVE_SERIES, 0, err);
	if (!p.b)
		return NULL;
	/* patterns first: a mistake in one is told before any work */
	if (patterns_open(&p, &x) && window_open(&p, &w) && steps(&p, &x, &w) && step_rows(&p, &x, &w))
		out = pd_builder_finish(p.b, err);
	else
		pd_builder_error(p.b, err);
	patterns_release(&x);
	pd_times_free(w.times);
	free(p.to);
	free(p.frame);
	pd_builder_free(p.b);
	return out;
}
