/*
 * The flame graph under the map of a page: one series whose rows have the times
 * of the bins they are in, so that the page can add up any range of bins itself.
 * Rows of one bin, stack and root label are one. Where that leaves too many, the
 * rows of a column are added up, and the page shows whole columns.
 */
#include "base/error.h"
#include "base/sort.h"
#include "base/span.h"
#include "heatmap/heatmap.h"
#include "model/times.h"

#define MOST_ROWS 200000u /* what the data block of a page keeps times for */
#define MOST_LABELS 3     /* of a row: root frame, state, reason */

struct page_row {
	int64_t value;
	uint32_t bin, stack, labels;
};

struct page_rows {
	struct page_row *v;
	struct pd_sort_item *order, *tmp;
	size_t n;
};

static void rows_release(struct page_rows *r)
{
	free(r->v);
	free(r->order);
	free(r->tmp);
}

/* May a label stay: what becomes the root frame, and with `states` what colours say about samples (svg_state.c). */
static bool is_kept(const struct pd_doc *doc, const struct pd_label *l, bool states)
{
	pd_str root = pd_doc_meta(doc)->root_label;
	struct pd_span key = pd_doc_string(doc, l->key);

	if (l->kind != PD_LABEL_STR)
		return false;
	return (root.v && l->key.v == root.v) || (states && (span_is(key, "state") || span_is(key, "reason")));
}

/* Label sets reduced to the labels that stay, the first of each key. */
static void keep_labels(const struct pd_doc *doc, struct pd_builder *b, bool states, uint32_t *out)
{
	uint32_t n = pd_doc_label_sets(doc);

	for (uint32_t i = 1; i <= n; i++) {
		struct pd_label kept[MOST_LABELS];
		const struct pd_label *l;
		size_t labels = pd_doc_labels(doc, (pd_labels){ i }, &l), n_kept = 0;

		for (size_t k = 0; k < labels && n_kept < MOST_LABELS; k++) {
			bool again = false;

			for (size_t j = 0; j < n_kept; j++)
				again = again || kept[j].key.v == l[k].key.v;
			if (!again && is_kept(doc, &l[k], states))
				kept[n_kept++] = l[k];
		}
		out[i] = n_kept ? pd_labels_of(b, kept, n_kept).v : 0;
	}
}

/* Rows of the map that have a value, in its bins. */
static bool collect(const struct heatmap *h, const struct pd_sample_type *type, const struct pd_times *times, const uint32_t *labels, struct page_rows *r)
{
	size_t room = (size_t)pd_series_count(h->doc, type->series) + 1;
	struct pd_rows rows;

	rows_release(r);
	r->n = 0;
	r->v = malloc(room * sizeof *r->v);
	r->order = malloc(room * sizeof *r->order);
	r->tmp = malloc(room * sizeof *r->tmp);
	if (!r->v || !r->order || !r->tmp)
		return false;
	for (uint64_t at = 0; pd_series_rows(h->doc, type->series, at, &rows); at += rows.n) {
		for (size_t i = 0; i < rows.n; i++) {
			int64_t t = pd_times_at(times, type->series, &rows, i), v = rows.value[type->column][i];

			if (v && t != PD_NO_TIME && t >= h->m->from && t <= h->m->to)
				r->v[r->n++] = (struct page_row){ v, pd_heat_bin(h->m, t), rows.stack[i].v, labels[rows.labels[i].v] };
		}
	}
	return true;
}

static bool same_place(const struct page_row *a, const struct page_row *b)
{
	return a->bin == b->bin && a->stack == b->stack && a->labels == b->labels;
}

/* By bin, then stack, then label, and equal places added up; signs stay apart. False when a sum does not fit. */
static bool add_up(struct page_rows *r)
{
	struct page_row *sorted = malloc((r->n + 1) * sizeof *sorted);
	size_t n = 0;
	bool ok = sorted;

	for (size_t i = 0; i < r->n; i++)
		r->order[i] = (struct pd_sort_item){ (uint64_t)r->v[i].stack << 32 | r->v[i].labels, (uint32_t)i };
	pd_sort_u64(r->order, r->tmp, r->n);
	for (size_t i = 0; i < r->n; i++)
		r->order[i].key = (uint64_t)r->v[r->order[i].row].bin << 1 | (r->v[r->order[i].row].value < 0);
	pd_sort_u64(r->order, r->tmp, r->n);
	for (size_t i = 0; ok && i < r->n; i++) {
		const struct page_row *row = &r->v[r->order[i].row];

		if (n && same_place(&sorted[n - 1], row) && (sorted[n - 1].value < 0) == (row->value < 0))
			ok = !pd_add_overflow(sorted[n - 1].value, row->value, &sorted[n - 1].value);
		else
			sorted[n++] = *row;
	}
	free(r->v);
	r->v = sorted;
	r->n = n;
	return ok;
}

static void write_rows(const struct heatmap *h, const struct page_rows *r, const struct pd_value_type *type, struct pd_builder *b)
{
	unsigned series = pd_series_add(b, pd_intern_z(b, ""));

	pd_series_value(b, series, type);
	for (size_t i = 0; i < r->n; i++) {
		const struct page_row *row = &r->v[i];
		int64_t time = (int64_t)((uint64_t)h->m->origin + pd_heat_start(h->m, row->bin));

		pd_sample_add(b, series, &(struct pd_sample){ .stack = { row->stack }, .labels = { row->labels }, .has_time = true, .time = time }, &row->value);
	}
}

/* Rows of bins, of columns where there are too many; false when out of memory or a sum does not fit. */
static bool make_rows(struct heatmap *h, const struct pd_sample_type *type, const struct pd_times *times, const uint32_t *labels, struct page_rows *r)
{
	if (!collect(h, type, times, labels, r) || !add_up(r))
		return false;
	h->whole_columns = r->n > MOST_ROWS;
	for (size_t i = 0; h->whole_columns && i < r->n; i++)
		r->v[i].bin -= r->v[i].bin % h->m->rows;
	return !h->whole_columns || add_up(r);
}

struct pd_doc *heatmap_page_doc(struct heatmap *h, const struct pd_sample_type *type, struct pd_error *err)
{
	struct pd_builder *b = pd_builder_derive(h->doc, PD_DERIVE_STACKS, 0, err);
	struct pd_times *times = b ? pd_times_new(h->doc, err) : NULL;
	uint32_t *labels = calloc((size_t)pd_doc_label_sets(h->doc) + 1, sizeof *labels);
	struct page_rows r = { 0 };
	struct pd_doc *doc = NULL;
	bool ok = times && labels;

	for (int states = 1; ok && states >= 0; states--) { /* a picture without states is better than none */
		keep_labels(h->doc, b, states, labels);
		ok = make_rows(h, type, times, labels, &r);
		if (r.n <= MOST_ROWS)
			break;
	}
	h->has_graph = ok && r.n && r.n <= MOST_ROWS;
	if (h->has_graph) {
		h->graph_start = pd_heat_start(h->m, r.v[0].bin);
		write_rows(h, &r, &type->type, b);
		doc = pd_builder_finish(b, err);
	} else if (!ok) {
		pd_error_nomem(err);
	}
	rows_release(&r);
	free(labels);
	pd_times_free(times);
	pd_builder_free(b);
	return doc;
}
