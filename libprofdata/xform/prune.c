/* Steps that cut stacks: drop_frames of the header, prune_from and show_from. */
#include "xform/filter.h"

static bool starts_with(struct pd_span s, const char *text, size_t n)
{
	return s.n >= n && !memcmp(s.p, text, n);
}

struct pd_span pd_simple_name(struct pd_span name)
{
	static const char anonymous[] = "(anonymous namespace)", call[] = "operator()";

	if (name.n && name.p[0] == '.') {
		name.p++;
		name.n--;
	}
	for (size_t i = 0; i < name.n;) {
		struct pd_span rest = { name.p + i, name.n - i };

		if (starts_with(rest, anonymous, sizeof anonymous - 1))
			i += sizeof anonymous - 1;
		else if (starts_with(rest, call, sizeof call - 1))
			i += sizeof call - 1;
		else if (name.p[i] == '(')
			name.n = i;
		else
			i++;
	}
	return name;
}

/* Does the function of a line match by its simple name? Functions without name never do. */
static bool simple_hit(struct pd_pick *p, struct pd_rx_memo *m, pd_func func)
{
	const struct pd_tables *t = &p->b->doc->t;
	pd_str name = t->func.v[func.v].name;
	int rc;

	if (!func.v || !name.v || p->failed)
		return false;
	rc = pd_rx_memo_match(m, name.v, pd_simple_name(t->strings.row.v[name.v]), p->err);
	if (rc < 0)
		p->failed = true;
	return rc == 1;
}

/* ---- drop_frames ---- */

struct dropper {
	struct pd_rx_memo drop, keep;
};

static bool dropped(struct pd_pick *p, struct dropper *d, pd_func func)
{
	return simple_hit(p, &d->drop, func) && !(d->keep.rx && simple_hit(p, &d->keep, func));
}

/* Marks frames by their outermost line that matches; inner lines of a partly matching frame go at once. */
static bool drop_mark(struct pd_pick *p, struct dropper *d)
{
	struct pd_tables *t = &p->b->doc->t;
	bool any = false;

	for (size_t f = 1; f < t->frame.n && !p->failed; f++) {
		struct pd_frame_row *row = &t->frame.v[f];
		uint32_t i = row->n_lines;

		while (i && !dropped(p, d, t->line.v[row->first_line + i - 1].func))
			i--;
		if (!i)
			continue;
		any = true;
		p->frame[f] |= i == row->n_lines ? PICK_DROP : PICK_UNDER;
		if (i < row->n_lines) {
			row->first_line += i;
			row->n_lines -= i;
		}
	}
	return any;
}

enum { USER_SEEN = 1, CUT = 2 };

/* Frames before the first that does not match are safe, so that no stack vanishes as a whole. */
static void drop_node(struct pd_pick *p, struct pd_pass *w, uint32_t s)
{
	uint32_t run[PD_RUN], n = pd_pick_run(p, s, run), parent = p->b->doc->t.stack.v[s].parent;
	uint8_t bits = w->bits[parent];

	w->bits[s] = bits;
	w->out[s] = bits & CUT ? w->out[parent] : s;
	for (uint32_t i = 0; i < n && !(bits & CUT); i++) {
		uint8_t mark = p->frame[run[i]] & (PICK_DROP | PICK_UNDER);

		if (!mark) {
			bits |= USER_SEEN;
		} else if (bits & USER_SEEN) {
			bits |= CUT;
			w->out[s] = pd_pick_extend(p, parent, run, mark & PICK_DROP ? i : i + 1);
		}
	}
	w->bits[s] = bits;
}

static void count_cut(struct pd_pick *p, const struct pd_pass *w)
{
	struct pd_rows rows;

	for (unsigned s = 0; s < pd_doc_series(p->doc); s++)
		for (uint64_t first = 0; pd_series_rows(p->doc, s, first, &rows); first += rows.n)
			for (size_t i = 0; i < rows.n; i++)
				p->report->samples_cut += (w->bits[rows.stack[i].v] & CUT) != 0;
}

static void drop_stacks(struct pd_pick *p)
{
	struct pd_pass w;

	if (!pd_pass_begin(p, &w))
		return;
	for (uint32_t s = 1; s < w.n; s++)
		if (w.need[s])
			drop_node(p, &w, s);
	count_cut(p, &w);
	for (size_t e = 0; e < p->n_entries; e++)
		if (p->to[e] != PD_GONE)
			p->to[e] = w.out[p->to[e]];
	pd_pass_end(&w);
}

bool pd_prune_header(struct pd_pick *p)
{
	const struct pd_meta *m = pd_doc_meta(p->doc);
	struct dropper d = { { 0 }, { 0 } };
	struct pd_error bad = { 0 }, *err = p->err;
	bool ok;

	if (!m->drop_frames.v)
		return true;
	/* a bad pattern of a file is no reason to show nothing */
	p->err = &bad;
	ok = pd_pick_open(p, &d.drop, "drop_frames", pd_doc_string(p->doc, m->drop_frames).p, true) &&
	     pd_pick_open(p, &d.keep, "keep_frames", m->keep_frames.v ? pd_doc_string(p->doc, m->keep_frames).p : NULL, true);
	p->err = err;
	if (!ok && bad.status == PD_ERR_USAGE) {
		p->report->drop_frames_invalid = true;
		p->failed = false;
	} else if (!ok) {
		pd_pick_nomem(p);
	} else if (drop_mark(p, &d) && !p->failed) {
		drop_stacks(p);
	}
	pd_rx_memo_release(&d.drop);
	pd_rx_memo_release(&d.keep);
	return !p->failed;
}

/* ---- prune_from ---- */

static void prune_mark(struct pd_pick *p, struct pd_rx_memo *rx)
{
	struct pd_tables *t = &p->b->doc->t;

	for (size_t f = 1; f < t->frame.n && !p->failed; f++) {
		struct pd_frame_row *row = &t->frame.v[f];
		uint32_t i = 0;

		while (i < row->n_lines && !simple_hit(p, rx, t->line.v[row->first_line + i].func))
			i++;
		if (i == row->n_lines)
			continue;
		p->frame[f] |= PICK_PRUNE;
		row->first_line += i;
		row->n_lines -= i;
	}
}

/* The path up to the match nearest the leaf stays. */
static void prune_node(struct pd_pick *p, struct pd_pass *w, uint32_t s)
{
	uint32_t run[PD_RUN], n = pd_pick_run(p, s, run), parent = p->b->doc->t.stack.v[s].parent, i = n;

	while (i && !(p->frame[run[i - 1]] & PICK_PRUNE))
		i--;
	w->bits[s] = i ? 1 : w->bits[parent];
	w->out[s] = !i ? w->out[parent] : i == n ? s : pd_pick_extend(p, parent, run, i);
}

bool pd_prune_from(struct pd_pick *p, struct pd_rx_memo *rx)
{
	struct pd_pass w;

	prune_mark(p, rx);
	if (p->failed || !pd_pass_begin(p, &w))
		return false;
	for (uint32_t s = 1; s < w.n; s++)
		if (w.need[s])
			prune_node(p, &w, s);
	for (size_t e = 0; e < p->n_entries; e++)
		if (p->to[e] != PD_GONE && w.bits[p->to[e]])
			p->to[e] = w.out[p->to[e]];
	pd_pass_end(&w);
	return !p->failed;
}

/* ---- show_from ---- */

/* A frame matches by mapping with all its lines, else up to its outermost matching line. */
static bool from_mark(struct pd_pick *p, struct pd_rx_memo *rx)
{
	struct pd_tables *t = &p->b->doc->t;
	bool any = false;

	for (size_t f = 1; f < t->frame.n && !p->failed; f++) {
		struct pd_frame_row *row = &t->frame.v[f];
		uint32_t i = row->n_lines;

		if (!pd_pick_mapping_hit(p, rx, row)) {
			while (i && !pd_pick_line_hit(p, rx, &t->line.v[row->first_line + i - 1]))
				i--;
			if (!i)
				continue;
			row->n_lines = i;
		}
		p->frame[f] |= PICK_FROM;
		any = true;
	}
	return any;
}

static void from_node(struct pd_pick *p, struct pd_pass *w, uint32_t s)
{
	uint32_t run[PD_RUN], n = pd_pick_run(p, s, run), parent = p->b->doc->t.stack.v[s].parent, i = 0;

	if (!w->bits[parent])
		while (i < n && !(p->frame[run[i]] & PICK_FROM))
			i++;
	w->bits[s] = i < n;
	if (i < n)
		w->out[s] = !i && w->out[parent] == parent ? s : pd_pick_extend(p, w->out[parent], run + i, n - i);
}

bool pd_prune_show_from(struct pd_pick *p, struct pd_rx_memo *rx)
{
	struct pd_pass w;

	p->report->show_from_unmatched = !from_mark(p, rx);
	if (p->failed || !pd_pass_begin(p, &w))
		return false;
	for (uint32_t s = 1; s < w.n; s++)
		if (w.need[s])
			from_node(p, &w, s);
	for (size_t e = 0; e < p->n_entries; e++)
		if (p->to[e] != PD_GONE)
			p->to[e] = w.bits[p->to[e]] ? w.out[p->to[e]] : PD_GONE;
	pd_pass_end(&w);
	return !p->failed;
}
