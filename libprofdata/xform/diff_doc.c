/* Pictures of a comparison: both sides in one document, and what to think of a box. */
#include "base/error.h"
#include "xform/diff.h"
#include <math.h>

/* ---- one document ---- */

struct joiner {
	const struct pd_diff *d;
	struct pd_builder *b;
	uint32_t *func;      /* function → row in the sum */
	pd_str root_label;   /* in the sum */
	PD_VEC(struct pd_line) line;
	PD_VEC(pd_frame) run;
};

/* A function that was renamed has one box: that of its new name. */
static uint32_t current(const struct pd_diff *d, uint32_t f)
{
	uint32_t g = d->partner[f];
	bool gone = g && !d->exact[PD_AFTER][DIFF_TOTAL][f] && !d->exact[PD_BEFORE][DIFF_TOTAL][g];

	return gone ? g : f;
}

static pd_str put(struct joiner *j, struct pd_span s) { return pd_intern(j->b, s.n ? s.p : "", s.n); }

static bool add_funcs(struct joiner *j)
{
	const struct pd_diff *d = j->d;

	j->func = calloc(d->func.n, sizeof *j->func);
	for (uint32_t f = 1; j->func && f < d->func.n; f++) {
		const struct diff_key *k = &d->key.v[d->func.v[current(d, f)].key];
		struct pd_span name = d->o.granularity == PD_BY_FUNCTIONS ? k->name : k->shown.n ? k->shown : k->name;

		if (name.n)
			j->func[f] = pd_func_add(j->b, &(struct pd_func_desc){ .name = put(j, name), .file = put(j, k->file) }).v;
	}
	return j->func != NULL;
}

static uint32_t add_frame(struct joiner *j, const struct diff_unit *u, uint32_t f)
{
	const struct pd_frame_row *row = &u->doc->t.frame.v[f];
	struct pd_span object = pd_doc_string(u->doc, u->doc->t.mapping.v[row->mapping].file);
	struct pd_frame_desc desc = { .flags = row->flags & (PD_FRAME_KERNEL | PD_FRAME_JIT | PD_FRAME_INLINED) };

	j->line.n = 0;
	for (uint32_t k = u->first[f + 1]; k-- > u->first[f];) {
		uint32_t func = j->func[u->func[k]];

		if (func && !pd_vec_push(&j->line, ((struct pd_line){ .func = { func } })))
			return 0;
	}
	if (object.n) /* where it was loaded differs from run to run */
		desc.mapping = pd_mapping_add(j->b, &(struct pd_mapping_desc){ .file = put(j, object) });
	desc.n_lines = (uint32_t)j->line.n;
	desc.lines = j->line.v;
	return pd_frame_add(j->b, &desc).v;
}

/* Label sets with the root label only, the one that pictures show. */
static void add_sets(struct joiner *j, const struct pd_doc *doc, uint32_t *set)
{
	pd_str key = doc->meta.root_label;

	for (size_t i = 1; i < doc->t.set.n && key.v; i++) {
		const struct pd_label_set_row *s = &doc->t.set.v[i];

		for (uint32_t k = 0; k < s->n; k++) {
			struct pd_label l = doc->t.label.v[s->first + k];

			if (l.key.v != key.v)
				continue;
			l.key = put(j, pd_doc_string(doc, l.key));
			l.str = put(j, pd_doc_string(doc, l.str));
			l.unit = put(j, pd_doc_string(doc, l.unit));
			set[i] = pd_labels_of(j->b, &l, 1).v;
			j->root_label = l.key;
			break;
		}
	}
}

static bool add_stacks(struct joiner *j, const struct diff_unit *u, const uint32_t *frame, uint32_t *stack)
{
	const struct pd_tables *t = &u->doc->t;

	for (size_t s = 1; s < t->stack.n; s++) {
		const uint32_t *run = &t->run.v[t->stack.v[s].first];

		j->run.n = 0;
		for (uint32_t i = 0, n = pd_run_length(&t->stack.v[s]); i < n; i++)
			if (u->first[run[i]] < u->first[run[i] + 1] && !pd_vec_push(&j->run, (pd_frame){ frame[run[i]] }))
				return false;
		stack[s] = pd_stack_extend(j->b, (pd_stack){ stack[t->stack.v[s].parent] }, j->run.v, j->run.n).v;
	}
	return true;
}

static bool add_rows(struct joiner *j, const struct diff_unit *u, const uint32_t *stack, const uint32_t *set)
{
	struct pd_rows r;

	for (uint64_t at = 0; pd_series_rows(u->doc, u->series, at, &r); at += r.n)
		for (size_t i = 0; i < r.n; i++) {
			int64_t v[2] = { 0, 0 };

			if (!r.value[u->column][i])
				continue;
			if (pd_mul_overflow(r.value[u->column][i], u->to_unit, &v[u->side]))
				return false;
			pd_sample_add(j->b, 0, &(struct pd_sample){ .stack = { stack[r.stack[i].v] }, .labels = { set[r.labels[i].v] } }, v);
		}
	return true;
}

static bool add_unit(struct joiner *j, const struct diff_unit *u)
{
	const struct pd_tables *t = &u->doc->t;
	uint32_t *frame = calloc(t->frame.n + 1, sizeof *frame), *stack = calloc(t->stack.n + 1, sizeof *stack), *set = calloc(t->set.n + 1, sizeof *set);
	bool ok = frame && stack && set;

	for (uint32_t f = 1; ok && f < t->frame.n; f++)
		frame[f] = add_frame(j, u, f);
	if (ok)
		add_sets(j, u->doc, set);
	ok = ok && add_stacks(j, u, frame, stack) && add_rows(j, u, stack, set);
	free(frame);
	free(stack);
	free(set);
	return ok && !pd_builder_failed(j->b);
}

struct pd_doc *pd_diff_doc(const struct pd_diff *d, struct pd_error *err)
{
	struct joiner j = { .d = d, .b = pd_builder_new(&pd_no_limits, PD_BUILD_AGGREGATE, err) };
	static const char *const names[] = { "before", "after" };
	struct pd_doc *doc = NULL;
	unsigned series;
	bool ok;

	if (!j.b)
		return NULL;
	series = pd_series_add(j.b, pd_intern_z(j.b, ""));
	for (int i = 0; i < 2; i++)
		pd_series_value(j.b, series, &(struct pd_value_type){ .type = pd_intern_z(j.b, names[i]), .unit = pd_intern_z(j.b, d->s.unit_text), .decimals = d->s.type.decimals });
	ok = add_funcs(&j);
	for (size_t i = 0; ok && i < d->unit.n; i++)
		ok = add_unit(&j, &d->unit.v[i]);
	if (ok) {
		pd_builder_meta(j.b)->root_label = j.root_label;
		pd_builder_meta(j.b)->default_sample_type = pd_intern_z(j.b, "after");
		doc = pd_builder_finish(j.b, err);
	} else {
		pd_builder_error(j.b, err);
		pd_error_set(err, PD_ERR_LIMIT, "out of memory, or a value does not fit 64 bits");
	}
	pd_builder_free(j.b);
	pd_vec_release(&j.line);
	pd_vec_release(&j.run);
	free(j.func);
	return doc;
}

/* ---- boxes ---- */

static struct diff_cell cell_of(const struct pd_diff *d, int side, int64_t value)
{
	const struct diff_column *w = &d->whole[side];
	double part = w->value > 0 ? (double)value / w->value : 0;

	return (struct diff_cell){ (double)value, w->samples * part, w->squares * part };
}

static void test_box(const struct pd_diff *d, struct pd_diff_box *box, struct pd_diff_test *t)
{
	struct diff_cell a = cell_of(d, PD_BEFORE, box->before), b = cell_of(d, PD_AFTER, box->after);
	double share[2] = { d->whole[0].value > 0 ? a.value / d->whole[0].value : 0, d->whole[1].value > 0 ? b.value / d->whole[1].value : 0 }, most = 1;
	bool small = a.samples + b.samples < PD_DIFF_MIN_SAMPLES || fmax(share[0], share[1]) < PD_DIFF_MIN_SHARE;

	if (small) {
		*t = (struct pd_diff_test){ .before = share[0], .after = share[1], .ratio = share[0] > 0 ? share[1] / share[0] : INFINITY,
					    .lo = NAN, .hi = NAN, .p = NAN, .flags = PD_DIFF_FEW_SAMPLES };
	} else {
		pd_diff_compare(d, &a, &b, d->s.phi, pd_diff_df(d), t);
		if (d->s.per != PD_DIFF_PER_TOTAL)
			most = fmax(d->whole[0].value / d->whole[0].exposure, d->whole[1].value / d->whole[1].exposure);
	}
	box->ratio = t->ratio;
	box->lo = t->lo;
	box->hi = t->hi;
	box->p = t->p;
	box->change = most > 0 ? (t->after - t->before) / most : 0;
}

enum pd_status pd_diff_boxes(const struct pd_diff *d, struct pd_diff_box *box, size_t n, struct pd_error *err)
{
	struct pd_diff_test *t = malloc((n + 1) * sizeof *t);
	double *p = calloc(2 * n + 1, sizeof *p), *q = p ? p + n : NULL, alpha = fmax(d->s.alpha[0], d->s.alpha[1]);
	bool ok = t && p;

	for (size_t i = 0; ok && i < n; i++) {
		test_box(d, &box[i], &t[i]);
		p[i] = t[i].p;
	}
	ok = ok && pd_stat_adjust(pd_diff_correction(d), p, n, q) == PD_STAT_OK;
	for (size_t i = 0; ok && i < n; i++) {
		t[i].q = q[i];
		pd_diff_classify(d, box[i].before != 0, box[i].after != 0, alpha, &t[i]);
		p[i] = pd_diff_p(d, &t[i]);
	}
	ok = ok && pd_stat_adjust(pd_diff_correction(d), p, n, q) == PD_STAT_OK; /* what the bulk did is no finding: diff_why.c */
	for (size_t i = 0; ok && i < n; i++)
		box[i].klass = pd_diff_is_finding(&t[i]) && !(q[i] <= alpha) ? PD_DIFF_UNCHANGED : t[i].klass;
	free(t);
	free(p);
	return ok ? PD_OK : pd_error_nomem(err);
}

void pd_diff_judge(const struct pd_diff *d, const struct pd_diff_box *box, size_t n, struct pd_diff_judge *out)
{
	double df = pd_diff_df(d), phi = d->s.phi, most = 0;
	size_t tested = 0;
	bool spread = phi > 1 || d->s.replicates || d->s.slices;

	*out = (struct pd_diff_judge){ .bulk_ratio = d->s.bulk_ratio, .least_samples = PD_DIFF_MIN_SAMPLES, .least_share = PD_DIFF_MIN_SHARE,
				       .least_change = d->o.min_share, .least_relative = d->o.min_relative };
	if (!d->s.testable)
		return;
	for (int i = 0; i < 2; i++) {
		const struct diff_column *w = &d->whole[i];

		out->samples[i] = w->squares > 0 ? w->value * w->value / w->squares : w->samples;
	}
	for (size_t i = 0; i < n; i++) {
		tested += !isnan(box[i].p);
		if (box[i].klass >= PD_DIFF_NEW && box[i].klass <= PD_DIFF_SHRUNK && box[i].p > most)
			most = box[i].p;
	}
	most = fmax(most, d->o.alpha / (double)(tested ? tested : 1));
	if (!spread || !isfinite(df)) {
		out->interval = pd_normal_quantile(0.5 + d->o.confidence / 2);
		out->finding = pd_normal_quantile(1 - most / 2);
		return;
	}
	out->interval = sqrt(phi) * pd_t_quantile(0.5 + d->o.confidence / 2, df);
	out->finding = sqrt(phi) * pd_t_quantile(1 - most / 2, df);
}
