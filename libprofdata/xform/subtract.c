/*
 * Differences of documents, as pprof makes them: the base is negated and merged
 * in. Either equal samples cancel out (a later snapshot minus an earlier one) or
 * a label keeps the base apart (a comparison, of which percentages are relative
 * to the base).
 */
#include "base/compiler.h"
#include "model/model.h"
#include <inttypes.h>
#include <profdata/transform.h>

/* ---- the other sign ---- */

/* The label sets of `doc` with the base label instead of any there; [0] is the set of samples without labels. */
static pd_labels *label_sets(struct pd_builder *b, const struct pd_doc *doc)
{
	struct pd_label mark = { .key = pd_intern_z(b, PD_BASE_LABEL), .kind = PD_LABEL_STR, .str = pd_intern_z(b, "true") };
	pd_labels *set = calloc(doc->t.set.n, sizeof *set);
	PD_VEC(struct pd_label) with = { 0 };

	for (size_t i = 0; set && i < doc->t.set.n; i++) {
		const struct pd_label_set_row *s = &doc->t.set.v[i];

		with.n = 0;
		if (!pd_builder_reserve(b, &with, (size_t)s->n + 1))
			break;
		for (uint32_t k = 0; k < s->n; k++) {
			const struct pd_label *l = &doc->t.label.v[s->first + k];

			if (l->key.v != mark.key.v || l->kind != PD_LABEL_STR)
				with.v[with.n++] = *l;
		}
		with.v[with.n++] = mark;
		set[i] = pd_labels_of(b, with.v, with.n);
	}
	pd_vec_release(&with);
	if (!set)
		pd_builder_fail(b, PD_ERR_NOMEM, "out of memory");
	return set;
}

static void negate_row(struct pd_builder *b, unsigned series, const struct pd_series_row *from, const struct pd_chunk *c, uint32_t i, const pd_labels *set)
{
	struct pd_sample s = { .stack = c->stack[i], .labels = set ? set[c->labels[i].v] : c->labels[i] };
	int64_t values[PD_MAX_VALUES];

	s.has_time = from->has_time && c->time[i] != PD_NO_TIME;
	s.time = s.has_time ? c->time[i] : 0;
	for (unsigned v = 0; v < from->n_values; v++) {
		if (pd_sub_overflow(0, c->value[v][i], &values[v])) {
			pd_builder_fail(b, PD_ERR_LIMIT, "value %" PRId64 " of the base has no negative in 64 bits", c->value[v][i]);
			return;
		}
	}
	pd_sample_add(b, series, &s, values);
}

struct pd_doc *pd_negate(const struct pd_doc *doc, bool labelled, struct pd_error *err)
{
	unsigned keep = PD_DERIVE_STACKS | PD_DERIVE_SERIES | (labelled ? 0 : PD_DERIVE_LABELS);
	struct pd_builder *b = pd_builder_derive(doc, keep, 0, err);
	struct pd_doc *out;
	pd_labels *set;

	if (!b)
		return NULL;
	set = labelled ? label_sets(b, doc) : NULL;
	for (unsigned s = 0; s < doc->series.n; s++) {
		const struct pd_series_row *from = &doc->series.v[s];

		for (size_t k = 0; k < from->chunk.n; k++)
			for (uint32_t i = 0; i < from->chunk.v[k]->n && !b->failed; i++)
				negate_row(b, s, from, from->chunk.v[k], i, set);
	}
	out = pd_builder_finish(b, err);
	pd_builder_free(b);
	free(set);
	return out;
}

/* ---- the same total ---- */

static bool same_text(const struct pd_doc *a, pd_str x, const struct pd_doc *b, pd_str y)
{
	return strcmp(pd_doc_string(a, x).p, pd_doc_string(b, y).p) == 0;
}

static bool same_types(const struct pd_doc *a, const struct pd_doc *b)
{
	unsigned n = pd_doc_sample_types(a);
	struct pd_sample_type s, t;

	if (n != pd_doc_sample_types(b) || !same_text(a, a->meta.period_type, b, b->meta.period_type) ||
	    !same_text(a, a->meta.period_unit, b, b->meta.period_unit))
		return false;
	for (unsigned i = 0; i < n; i++) {
		pd_doc_sample_type(a, i, &s);
		pd_doc_sample_type(b, i, &t);
		if (!same_text(a, s.type.type, b, t.type.type) || !same_text(a, s.type.unit, b, t.type.unit) || s.type.decimals != t.type.decimals)
			return false;
	}
	return true;
}

static bool column_ratio(const struct pd_doc *doc, const struct pd_doc *base, unsigned column, struct pd_ratio *out)
{
	int64_t have, want, magnitude;

	if (!pd_doc_total(doc, column, &have, &magnitude) || !pd_doc_total(base, column, &want, &magnitude) || have == INT64_MIN || want == INT64_MIN)
		return false;
	*out = have ? (struct pd_ratio){ have < 0 ? -want : want, have < 0 ? -have : have } : (struct pd_ratio){ 0, 1 };
	return true;
}

struct pd_doc *pd_normalize(const struct pd_doc *doc, const struct pd_doc *base, struct pd_error *err)
{
	unsigned n = pd_doc_sample_types(doc);
	struct pd_ratio *ratio;
	struct pd_doc *out = NULL;
	bool fits = true;

	if (!same_types(doc, base)) {
		pd_error_set(err, PD_ERR_DATA, "totals can only be made equal where sample types and period type are equal");
		return NULL;
	}
	ratio = calloc((size_t)n + 1, sizeof *ratio);
	for (unsigned i = 0; ratio && i < n && fits; i++)
		fits = column_ratio(doc, base, i, &ratio[i]);
	if (!ratio)
		pd_error_set(err, PD_ERR_NOMEM, "out of memory");
	else if (!fits)
		pd_error_set(err, PD_ERR_LIMIT, "a total does not fit into 64 bits");
	else
		out = pd_scale(doc, ratio, err);
	free(ratio);
	return out;
}

/* ---- one minus the other ---- */

struct pd_doc *pd_subtract(const struct pd_doc *doc, const struct pd_doc *base, const struct pd_subtract_opts *opts,
			   char *dropped, size_t dropped_size, struct pd_error *err)
{
	struct pd_merge_opts o = { .size = sizeof o, .kind = opts->kind, .untimed = true };
	struct pd_doc *left = opts->normalize ? pd_normalize(doc, base, err) : pd_doc_ref(doc);
	struct pd_doc *right = left ? pd_negate(base, opts->labelled, err) : NULL, *out = NULL;

	if (right) {
		/* what was measured took as long as it took, whatever it is compared with */
		right->meta.duration_nanos = right->meta.end_nanos = 0;
		out = pd_merge((const struct pd_doc *[]){ left, right }, 2, &o, dropped, dropped_size, err);
		if (out)
			out->meta.end_nanos = left->meta.end_nanos;
	}
	pd_doc_unref(left);
	pd_doc_unref(right);
	return out;
}
