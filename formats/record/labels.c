/* Sets of labels, and which one the samples of a thread have. */
#include "record/record.h"

static enum pd_status set(struct record *r, const struct record_item *item)
{
	struct record_image *im = r->now;
	struct record_set row = { .first = r->pair.n };
	struct pd_span text, key, value;
	struct pd_wire_labels w;
	size_t at = 0;

	if (!record_fixed(item, &w, sizeof(w), sizeof(w)) || !record_tail(item, &at, w.size, &text) || (im->set.n && im->set.v[im->set.n - 1].id >= w.id))
		return record_note(r, "sets of labels that make no sense skipped");
	row.id = w.id;
	while (span_cut(&text, '\0', &key) && span_cut(&text, '\0', &value)) {
		if (!pd_vec_reserve(&r->pair, 1)) {
			r->nomem = true;
			return PD_OK;
		}
		r->pair.v[r->pair.n].key = pd_intern(r->b, key.p, key.n);
		r->pair.v[r->pair.n++].value = pd_intern(r->b, value.p, value.n);
		row.n++;
	}
	if (!pd_vec_push(&im->set, row))
		r->nomem = true;
	return PD_OK;
}

static enum pd_status labeled(struct record *r, const struct record_item *item)
{
	struct record_image *im = r->now;
	struct pd_wire_labeled w;
	struct record_thread *t;
	size_t row = 0;

	if (!record_fixed(item, &w, sizeof(w), sizeof(w)) || (w.labels && !record_row(&im->set, w.labels, &row)))
		return record_note(r, "labels of threads that make no sense skipped");
	t = record_thread_of(r, w.tid);
	if (!t)
		return PD_OK;
	t->set = w.labels ? (uint32_t)row + 1 : 0;
	memset(t->labels, 0, sizeof(t->labels));
	return PD_OK;
}

enum pd_status record_label_item(struct record *r, const struct record_item *item)
{
	return item->kind == PD_WIRE_LABELS ? set(r, item) : labeled(r, item);
}

size_t record_label_add(struct record *r, const struct record_thread *t, size_t n)
{
	const struct record_set *s = t->set && t->set <= r->now->set.n ? &r->now->set.v[t->set - 1] : NULL;

	if (!s)
		return n;
	r->label.n = n;
	if (!pd_vec_reserve(&r->label, s->n)) {
		r->nomem = true;
		return n;
	}
	for (size_t i = s->first; i < s->first + s->n; i++)
		r->label.v[n++] = (struct pd_label){ .key = r->pair.v[i].key, .str = r->pair.v[i].value };
	return n;
}
