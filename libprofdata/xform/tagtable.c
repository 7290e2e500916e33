/*
 * Labels summed up. Values flow from rows to label sets, from sets to distinct
 * (key, value) pairs by id, and only these few are turned into text and sorted.
 */
#include "model/model.h"
#include <profdata/report.h>

struct pd_tag_table {
	PD_VEC(struct pd_tag_row) row;
	struct pd_arena text;
};

/* One label of one set with what its samples weigh. */
struct weighed {
	struct pd_label label;
	int64_t flat;
};

struct weighing {
	const struct pd_doc *doc;
	int64_t *flat;  /* per label set */
	uint8_t *seen;
	PD_VEC(struct weighed) w;
	struct pd_error *err;
};

static bool fail(struct pd_error *err, enum pd_status status, const char *text)
{
	pd_error_set(err, status, "%s", text);
	return false;
}

static bool too_big(struct pd_error *err)
{
	return fail(err, PD_ERR_LIMIT, "sum of the samples of a label does not fit into 64 bits");
}

static bool weigh_sets(struct weighing *g, const struct pd_sample_type *type)
{
	struct pd_rows rows;
	uint64_t first = 0;

	for (; pd_series_rows(g->doc, type->series, first, &rows); first += rows.n) {
		for (size_t i = 0; i < rows.n; i++) {
			uint32_t set = rows.labels[i].v;

			g->seen[set] = 1;
			if (pd_add_overflow(g->flat[set], rows.value[type->column][i], &g->flat[set]))
				return too_big(g->err);
		}
	}
	return true;
}

static bool weigh_labels(struct weighing *g)
{
	for (uint32_t set = 1; set <= pd_doc_label_sets(g->doc); set++) {
		const struct pd_label *l;
		size_t n = pd_doc_labels(g->doc, (pd_labels){ set }, &l);

		for (size_t i = 0; g->seen[set] && i < n; i++)
			if (!pd_vec_push(&g->w, ((struct weighed){ l[i], g->flat[set] })))
				return fail(g->err, PD_ERR_NOMEM, "out of memory");
	}
	return true;
}

#define ORDER(a, b) ((a) > (b)) - ((a) < (b))

static int by_ids(const void *pa, const void *pb)
{
	const struct pd_label *a = &((const struct weighed *)pa)->label, *b = &((const struct weighed *)pb)->label;
	int order = ORDER(a->key.v, b->key.v);

	if (!order)
		order = ORDER((int)a->kind, (int)b->kind);
	if (!order)
		order = ORDER(a->str.v, b->str.v);
	return order ? order : ORDER(a->num, b->num);
}

/* Equal (key, value) become one; the unit of a number is that of its key. */
static bool sum_equal(struct weighing *g)
{
	size_t kept = 0;

	if (g->w.n)
		qsort(g->w.v, g->w.n, sizeof *g->w.v, by_ids);
	for (size_t i = 0; i < g->w.n; i++) {
		if (!kept || by_ids(&g->w.v[kept - 1], &g->w.v[i]))
			g->w.v[kept++] = g->w.v[i];
		else if (pd_add_overflow(g->w.v[kept - 1].flat, g->w.v[i].flat, &g->w.v[kept - 1].flat))
			return too_big(g->err);
	}
	g->w.n = kept;
	return true;
}

static bool make_rows(struct pd_tag_table *t, struct weighing *g, const struct pd_label_units *units, const char *to)
{
	for (size_t i = 0; i < g->w.n; i++) {
		const struct pd_label *l = &g->w.v[i].label;
		struct pd_tag_row row = { .key = pd_doc_string(g->doc, l->key).p, .flat = g->w.v[i].flat, .unit = "" };
		char number[64];

		if (l->kind == PD_LABEL_STR) {
			row.value = pd_doc_string(g->doc, l->str).p;
		} else {
			row.has_num = true;
			row.num = l->num;
			row.unit = pd_label_unit(units, l->key);
			pd_format_value(number, sizeof number, l->num, row.unit, to);
			row.value = pd_arena_text(&t->text, number, strlen(number));
		}
		if (!row.value || !pd_vec_push(&t->row, row))
			return fail(g->err, PD_ERR_NOMEM, "out of memory");
	}
	return true;
}

static int by_texts(const void *pa, const void *pb)
{
	const struct pd_tag_row *a = pa, *b = pb;
	int order = strcmp(a->key, b->key);

	return order ? order : strcmp(a->value, b->value);
}

static uint64_t magnitude(int64_t v)
{
	return v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
}

static int by_weight(const void *pa, const void *pb)
{
	const struct pd_tag_row *a = pa, *b = pb;
	int order = strcmp(a->key, b->key);

	if (!order)
		order = ORDER(magnitude(b->flat), magnitude(a->flat));
	return order ? order : strcmp(a->value, b->value);
}

static bool sum_alike(struct pd_tag_table *t, struct pd_error *err)
{
	size_t kept = 0;

	if (t->row.n)
		qsort(t->row.v, t->row.n, sizeof *t->row.v, by_texts);
	for (size_t i = 0; i < t->row.n; i++) {
		struct pd_tag_row *last = kept ? &t->row.v[kept - 1] : NULL;

		if (!last || by_texts(last, &t->row.v[i])) {
			t->row.v[kept++] = t->row.v[i];
			continue;
		}
		last->has_num = false;
		if (pd_add_overflow(last->flat, t->row.v[i].flat, &last->flat))
			return too_big(err);
	}
	t->row.n = kept;
	if (kept)
		qsort(t->row.v, kept, sizeof *t->row.v, by_weight);
	return true;
}

struct pd_tag_table *pd_tag_table_new(const struct pd_doc *doc, unsigned sample_type, const struct pd_label_units *units, const char *to, struct pd_error *err)
{
	size_t sets = (size_t)pd_doc_label_sets(doc) + 1;
	struct pd_tag_table *t = calloc(1, sizeof *t);
	struct weighing g = { .doc = doc, .err = err };
	struct pd_sample_type type;
	bool ok = false;

	g.flat = calloc(sets, sizeof *g.flat);
	g.seen = calloc(sets, 1);
	pd_doc_sample_type(doc, sample_type, &type);
	if (!t || !g.flat || !g.seen)
		fail(err, PD_ERR_NOMEM, "out of memory");
	else
		ok = weigh_sets(&g, &type) && weigh_labels(&g) && sum_equal(&g) && make_rows(t, &g, units, to) && sum_alike(t, err);
	free(g.flat);
	free(g.seen);
	pd_vec_release(&g.w);
	if (ok)
		return t;
	pd_tag_table_free(t);
	return NULL;
}

void pd_tag_table_free(struct pd_tag_table *t)
{
	if (!t)
		return;
	pd_vec_release(&t->row);
	pd_arena_release(&t->text);
	free(t);
}

size_t pd_tag_table_rows(const struct pd_tag_table *t, const struct pd_tag_row **rows)
{
	*rows = t->row.v;
	return t->row.n;
}
