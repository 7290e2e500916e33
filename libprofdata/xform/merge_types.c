/* Which sample types a sum has, in which units, and what its header says. */
#include "xform/merge.h"

#include "xform/units.h"

static struct pd_span text_of(const struct pd_merger *m, pd_str s)
{
	return pd_builder_string(m->b, s);
}

/* "sample" and "samples" are one type, as in pprof. */
static bool same_type(const struct pd_merger *m, pd_str a, pd_str b)
{
	struct pd_span x = text_of(m, a), y = text_of(m, b);

	if (a.v == b.v)
		return true;
	x.n -= x.n && x.p[x.n - 1] == 's';
	y.n -= y.n && y.p[y.n - 1] == 's';
	return x.n == y.n && !memcmp(x.p, y.p, x.n);
}

/* 10^n, or 0 when that does not fit. */
static int64_t power_of_ten(unsigned n)
{
	int64_t p = 1;

	while (n--)
		if (pd_mul_overflow(p, 10, &p))
			return 0;
	return p;
}

/* Brings column `v` of the sum and the incoming one to the finer unit; *times is for the incoming values. */
static bool match_units(struct pd_merger *m, unsigned series, unsigned v, const struct pd_value_type *in, int64_t *times)
{
	struct pd_value_type have = m->b->doc->series.v[series].type[v];
	const char *a = text_of(m, have.unit).p, *c = text_of(m, in->unit).p;
	int64_t old = 1, digits;

	*times = 1;
	if (have.unit.v != in->unit.v) {
		if (pd_unit_ratio(a, c, &old)) {
			have.unit = in->unit;
		} else if (!pd_unit_ratio(c, a, times)) {
			pd_builder_fail(m->b, PD_ERR_DATA, "sample type '%s' is measured in %s and in %s, which cannot be added",
					text_of(m, have.type).p, a, c);
			return false;
		}
		/* names like nanoseconds and ns mean the same; the sum may not depend on which came first */
		if (old == 1 && *times == 1 && m->order(m, m->b->doc->series.v[series].type[v].unit, in->unit) < 0)
			have.unit = m->b->doc->series.v[series].type[v].unit;
	}
	digits = power_of_ten(have.decimals > in->decimals ? have.decimals - in->decimals : in->decimals - have.decimals);
	if (have.decimals < in->decimals ? pd_mul_overflow(old, digits, &old) : pd_mul_overflow(*times, digits, times))
		digits = 0;
	if (!digits) {
		pd_builder_fail(m->b, PD_ERR_LIMIT, "sample type '%s' has too many decimals", text_of(m, have.type).p);
		return false;
	}
	if (in->decimals > have.decimals)
		have.decimals = in->decimals;
	pd_series_retype(m->b, series, v, &have, old);
	return !m->b->failed;
}

/* Series are one when their names are; a lone unnamed one fits any lone one. */
static int find_series(const struct pd_merger *m, pd_str name)
{
	const struct pd_doc *sum = m->b->doc;

	for (size_t i = 0; i < sum->series.n; i++)
		if (sum->series.v[i].name.v == name.v)
			return (int)i;
	if (sum->series.n == 1 && m->in.series.n == 1 && (!sum->series.v[0].name.v || !name.v))
		return 0;
	return -1;
}

static int new_series(struct pd_merger *m, const struct pd_intake_series *from)
{
	unsigned at = pd_series_add(m->b, from->name);

	for (unsigned v = 0; v < from->n_values; v++)
		pd_series_value(m->b, at, &from->type[v]);
	if (!pd_builder_reserve(m->b, &m->state, 1))
		return -1;
	m->state.v[m->state.n] = (struct series_state){ .lost = calloc(PD_MAX_VALUES, sizeof(bool)) };
	if (!m->state.v[m->state.n].lost) {
		pd_builder_fail(m->b, PD_ERR_NOMEM, "out of memory");
		return -1;
	}
	m->state.n++;
	return (int)at;
}

static void note_lost(struct pd_merger *m, pd_str type)
{
	for (size_t i = 0; i < m->lost.n; i++)
		if (m->lost.v[i].v == type.v)
			return;
	if (pd_builder_reserve(m->b, &m->lost, 1))
		m->lost.v[m->lost.n++] = type;
}

static void no_common_type(struct pd_merger *m, const struct pd_series_row *a, const struct pd_intake_series *b)
{
	struct pd_span x = a->n_values ? text_of(m, a->type[0].type) : (struct pd_span){ "none", 4 };
	struct pd_span y = b->n_values ? text_of(m, b->type[0].type) : (struct pd_span){ "none", 4 };

	pd_builder_fail(m->b, PD_ERR_DATA, "profiles have no sample type in common (%.100s, ... and %.100s, ...)", x.p, y.p);
}

int pd_merge_series(struct pd_merger *m, unsigned s, struct pd_columns *c)
{
	const struct pd_intake_series *from = &m->in.series.v[s];
	int at = find_series(m, from->name);
	bool fresh = at < 0, same = true, used[PD_MAX_VALUES] = { false };
	unsigned common = 0;

	if (fresh)
		at = new_series(m, from);
	if (at < 0 || m->b->failed)
		return -1;
	struct pd_series_row *to = &m->b->doc->series.v[at];
	struct series_state *state = &m->state.v[at];
	if (m->order(m, from->name, to->name) > 0)
		to->name = from->name;
	for (unsigned v = 0; v < to->n_values; v++) {
		c->from[v] = -1;
		c->times[v] = 1;
		for (unsigned k = 0; k < from->n_values && c->from[v] < 0; k++)
			if (!used[k] && same_type(m, to->type[v].type, from->type[k].type))
				c->from[v] = (int)k;
		if (c->from[v] < 0) {
			state->lost[v] = true;
			same = false;
			continue;
		}
		struct pd_value_type in = from->type[c->from[v]];
		used[c->from[v]] = true;
		same = same && c->from[v] == (int)v;
		if (m->order(m, in.type, to->type[v].type) < 0)
			to->type[v].type = in.type;
		if (!match_units(m, (unsigned)at, v, &in, &c->times[v]))
			return -1;
		common += !state->lost[v];
	}
	for (unsigned k = 0; k < from->n_values; k++) {
		if (used[k])
			continue;
		same = false;
		note_lost(m, from->type[k].type);
	}
	state->reordered = state->reordered || !same;
	if (!common && to->n_values) {
		no_common_type(m, to, from);
		return -1;
	}
	return at;
}

/* ---- header ---- */

/* First non-empty one for reports; the smallest by bytes for the exact sum, which may not depend on order. */
static void take_text(const struct pd_merger *m, pd_str *have, pd_str in)
{
	if (in.v && (!have->v || (m->kind == PD_MERGE_EXACT && m->order(m, in, *have) < 0)))
		*have = in;
}

bool pd_merge_period(struct pd_merger *m)
{
	struct pd_meta *have = &m->b->doc->meta;
	const struct pd_meta *in = &m->in.meta;
	pd_str type = in->period_type, unit = in->period_unit;

	if (!type.v && !unit.v && !in->period)
		return true;
	if (!m->has_period || (!have->period_type.v && !have->period_unit.v)) {
		have->period_type = type;
		have->period_unit = unit;
	} else if ((type.v || unit.v) && (!same_type(m, have->period_type, type) || have->period_unit.v != unit.v)) {
		pd_builder_fail(m->b, PD_ERR_DATA, "profiles have different period types (%s/%s and %s/%s)", text_of(m, have->period_type).p,
				text_of(m, have->period_unit).p, text_of(m, type).p, text_of(m, unit).p);
		return false;
	}
	m->has_period = true;
	if (in->period > have->period)
		have->period = in->period;
	return true;
}

static bool merge_times(struct pd_merger *m, struct pd_meta *have, const struct pd_meta *in)
{
	int64_t end = in->end_nanos, start = have->time_nanos;

	if (!end && in->time_nanos && pd_add_overflow(in->time_nanos, in->duration_nanos, &end))
		end = INT64_MAX;
	if (end > have->end_nanos)
		have->end_nanos = end;
	if (in->time_nanos && (!start || in->time_nanos < start))
		have->time_nanos = in->time_nanos;
	if (!pd_add_overflow(have->duration_nanos, in->duration_nanos, &have->duration_nanos))
		return true;
	pd_builder_fail(m->b, PD_ERR_LIMIT, "sum of the durations does not fit into 64 bits");
	return false;
}

/* Each comment once. A mark per string keeps many comments from being compared pairwise. */
static bool merge_comments(struct pd_merger *m)
{
	size_t strings = m->b->doc->t.strings.row.n;

	if (!m->in.comment.n)
		return true;
	if (!pd_builder_reserve(m->b, &m->commented, strings - m->commented.n))
		return false;
	memset(m->commented.v + m->commented.n, 0, strings - m->commented.n);
	m->commented.n = strings;
	for (size_t i = 0; i < m->in.comment.n; i++) {
		pd_str c = m->in.comment.v[i];

		if (!m->commented.v[c.v])
			pd_builder_comment(m->b, c);
		m->commented.v[c.v] = 1;
	}
	return !m->b->failed;
}

bool pd_merge_header(struct pd_merger *m)
{
	struct pd_meta *have = &m->b->doc->meta;
	const struct pd_meta *in = &m->in.meta;

	if (!pd_merge_period(m) || !merge_times(m, have, in))
		return false;
	take_text(m, &have->default_sample_type, in->default_sample_type);
	take_text(m, &have->doc_url, in->doc_url);
	take_text(m, &have->drop_frames, in->drop_frames);
	take_text(m, &have->keep_frames, in->keep_frames);
	take_text(m, &have->root_label, in->root_label);
	take_text(m, &have->producer, in->producer);
	return merge_comments(m);
}

/* ---- the end ---- */

static void swap_columns(struct pd_series_row *s, unsigned a, unsigned b)
{
	struct pd_value_type type = s->type[a];

	s->type[a] = s->type[b];
	s->type[b] = type;
	for (size_t k = 0; k < s->chunk.n; k++) {
		int64_t *v = s->chunk.v[k]->value[a];

		s->chunk.v[k]->value[a] = s->chunk.v[k]->value[b];
		s->chunk.v[k]->value[b] = v;
	}
}

static void remove_column(struct pd_series_row *s, unsigned at)
{
	for (unsigned v = at; v + 1 < s->n_values; v++)
		swap_columns(s, v, v + 1);
	s->n_values--;
	for (size_t k = 0; k < s->chunk.n; k++) {
		free(s->chunk.v[k]->value[s->n_values]);
		s->chunk.v[k]->value[s->n_values] = NULL;
	}
}

static void sort_columns(const struct pd_merger *m, struct pd_series_row *s)
{
	for (unsigned i = 1; i < s->n_values; i++)
		for (unsigned k = i; k && m->order(m, s->type[k].type, s->type[k - 1].type) < 0; k--)
			swap_columns(s, k, k - 1);
}

static void name_lost(const struct pd_merger *m, char *text, size_t size)
{
	size_t at = 0;

	if (!text || !size)
		return;
	text[0] = '\0';
	for (size_t i = 0; i < m->lost.n && at < size; i++) {
		int n = snprintf(text + at, size - at, "%s%s", at ? ", " : "", text_of(m, m->lost.v[i]).p);

		at += n > 0 ? (size_t)n : 0;
	}
}

void pd_merge_settle_columns(struct pd_merger *m, char *dropped, size_t size)
{
	struct pd_doc *sum = m->b->doc;

	for (size_t i = 0; i < m->state.n && !m->b->failed; i++) {
		struct pd_series_row *s = &sum->series.v[i];

		for (unsigned v = s->n_values; v-- > 0;) {
			if (!m->state.v[i].lost[v])
				continue;
			note_lost(m, s->type[v].type);
			remove_column(s, v);
		}
		if (m->kind == PD_MERGE_EXACT && m->state.v[i].reordered)
			sort_columns(m, s);
		if (!s->n_values)
			pd_builder_fail(m->b, PD_ERR_DATA, "profiles have no sample type in common");
	}
	if (!m->b->failed) {
		struct pd_meta *meta = &sum->meta;
		int64_t end;

		if (!pd_add_overflow(meta->time_nanos, meta->duration_nanos, &end) && end == meta->end_nanos)
			meta->end_nanos = 0;
		name_lost(m, dropped, size);
	}
}

static int compare_comments(const void *a, const void *b, void *arg)
{
	const struct pd_doc *doc = arg;
	struct pd_span x = pd_doc_string(doc, *(const pd_str *)a), y = pd_doc_string(doc, *(const pd_str *)b);
	int order = memcmp(x.p, y.p, x.n < y.n ? x.n : y.n);

	return order ? order : (x.n > y.n) - (x.n < y.n);
}

static int compare_series(const void *a, const void *b, void *arg)
{
	const struct pd_series_row *x = a, *y = b;

	return compare_comments(&x->name, &y->name, arg);
}

void pd_merge_sort_header(struct pd_doc *doc)
{
	if (doc->comment.n > 1)
		qsort_r(doc->comment.v, doc->comment.n, sizeof *doc->comment.v, compare_comments, doc);
	if (doc->series.n > 1)
		qsort_r(doc->series.v, doc->series.n, sizeof *doc->series.v, compare_series, doc);
}
