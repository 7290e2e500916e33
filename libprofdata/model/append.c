/*
 * A document into a builder, table by table: every row is added there and its
 * new id remembered, so the cost is that of the tables plus the rows. The
 * builder decides what adding means: reading in parts goes on with one input,
 * a merger takes in another one.
 */
#include "model/index.h"

#define AHEAD 16u /* rows whose place in the builder is fetched in advance */

static bool remap_init(struct pd_remap *r, const struct pd_tables *t)
{
	*r = (struct pd_remap){
		.str = calloc(t->strings.row.n, sizeof *r->str),
		.map = calloc(t->mapping.n, sizeof *r->map),
		.func = calloc(t->func.n, sizeof *r->func),
		.frame = calloc(t->frame.n, sizeof *r->frame),
		.stack = calloc(t->stack.n, sizeof *r->stack),
		.set = calloc(t->set.n, sizeof *r->set),
	};
	return r->str && r->map && r->func && r->frame && r->stack && r->set;
}

void pd_remap_release(struct pd_remap *r)
{
	free(r->str);
	free(r->map);
	free(r->func);
	free(r->frame);
	free(r->stack);
	free(r->set);
	free(r->used);
	*r = (struct pd_remap){ 0 };
}

/* ---- names and places ---- */

/* One document on its way. */
struct append {
	struct pd_builder *b;
	const struct pd_doc *doc;
	struct pd_remap *r;
	PD_VEC(struct pd_line) line;
};

static void take_mapping(struct append *a, uint32_t row)
{
	struct pd_mapping_desc d = a->doc->t.mapping.v[row];

	if (!row || a->r->map[row])
		return;
	d.file.v = a->r->str[d.file.v];
	d.build_id.v = a->r->str[d.build_id.v];
	a->r->map[row] = pd_mapping_add(a->b, &d).v;
}

static void take_func(struct append *a, uint32_t row)
{
	struct pd_func_desc f = a->doc->t.func.v[row];

	if (!row || a->r->func[row])
		return;
	f.name.v = a->r->str[f.name.v];
	f.system_name.v = a->r->str[f.system_name.v];
	f.file.v = a->r->str[f.file.v];
	a->r->func[row] = pd_func_add(a->b, &f).v;
}

/* With its mapping and functions. */
static void take_frame(struct append *a, uint32_t row)
{
	const struct pd_tables *t = &a->doc->t;
	const struct pd_frame_row *f = &t->frame.v[row];

	if (!row || a->r->frame[row] || a->b->failed || !pd_builder_reserve(a->b, &a->line, f->n_lines))
		return;
	take_mapping(a, f->mapping);
	for (uint32_t k = 0; k < f->n_lines; k++) {
		a->line.v[k] = t->line.v[f->first_line + k];
		take_func(a, a->line.v[k].func.v);
		a->line.v[k].func.v = a->r->func[a->line.v[k].func.v];
	}
	a->r->frame[row] = pd_frame_add(a->b, &(struct pd_frame_desc){ .mapping = { a->r->map[f->mapping] }, .address = f->address,
								       .flags = f->flags, .n_lines = f->n_lines, .lines = a->line.v }).v;
}

static void take_all(struct append *a)
{
	for (uint32_t i = 1; i < a->doc->t.mapping.n && !a->b->failed; i++)
		take_mapping(a, i);
	for (uint32_t i = 1; i < a->doc->t.func.n && !a->b->failed; i++)
		take_func(a, i);
	for (uint32_t i = 1; i < a->doc->t.frame.n && !a->b->failed; i++)
		take_frame(a, i);
}

/* From the leaf to what an earlier stack had, whose frames are taken. */
static void take_stack(struct append *a, uint32_t node)
{
	const struct pd_tables *t = &a->doc->t;

	for (; node && !a->r->used[node]; node = t->stack.v[node].parent) {
		const struct pd_stack_row *s = &t->stack.v[node];

		a->r->used[node] = 1;
		for (uint32_t k = pd_run_length(s); k-- > 0;)
			take_frame(a, t->run.v[s->first + k]);
	}
}

static bool is_zero(const struct pd_chunk *c, uint32_t i, unsigned n_values)
{
	for (unsigned v = 0; v < n_values; v++)
		if (c->value[v][i])
			return false;
	return true;
}

/* What samples use, in the order in which they do: the numbers that people see are those of pprof. */
static bool take_used(struct append *a)
{
	const struct pd_doc *doc = a->doc;

	a->r->used = calloc(doc->t.stack.n, 1);
	if (!a->r->used)
		return false;
	if (a->b->doc->t.mapping.n == 1 && doc->t.mapping.n > 1)
		take_mapping(a, 1); /* the main binary stays the first one */
	for (size_t s = 0; s < doc->series.n; s++) {
		const struct pd_series_row *series = &doc->series.v[s];

		for (size_t k = 0; k < series->chunk.n; k++) {
			const struct pd_chunk *c = series->chunk.v[k];

			for (uint32_t i = 0; i < c->n && !a->b->failed; i++)
				if (!is_zero(c, i, series->n_values))
					take_stack(a, c->stack[i].v);
		}
	}
	return true;
}

/* ---- stacks ---- */

/* Nodes wait in here until there are enough to look them up together. */
struct waiting {
	struct pd_stack_want want[PD_STACK_WANTS];
	uint32_t row[PD_STACK_WANTS], n;
	bool mixed; /* levels are: a row's parent may be waiting too */
};

static void add_waiting(struct pd_builder *b, struct pd_remap *r, struct waiting *w)
{
	pd_stack_nodes(b, w->want, w->n);
	for (uint32_t i = 0; i < w->n; i++)
		r->stack[w->row[i]] = w->want[i].id;
	w->n = 0;
}

static void wait_for(struct pd_builder *b, const struct pd_tables *t, struct pd_remap *r, struct waiting *w, uint32_t row)
{
	const struct pd_stack_row *s = &t->stack.v[row];
	struct pd_stack_want *want;

	/* rows come with ascending numbers: nothing below the first that waits is waiting */
	if (w->n == PD_STACK_WANTS || (w->mixed && w->n && s->parent >= w->row[0]))
		add_waiting(b, r, w);
	want = &w->want[w->n];
	want->parent = r->stack[s->parent];
	want->depth = s->depth;
	want->n = pd_run_length(s);
	for (uint32_t k = 0; k < want->n; k++)
		want->run[k] = r->frame[t->run.v[s->first + k]];
	w->row[w->n++] = row;
}

#define MAX_PASSES 8u

static void add_stacks(struct pd_builder *b, const struct pd_tables *t, enum pd_append how, struct pd_remap *r)
{
	uint32_t levels = (t->max_depth + PD_RUN - 1) / PD_RUN;
	bool by_levels = how != PD_APPEND_IN_ORDER && levels <= MAX_PASSES;
	struct waiting w = { .mixed = !by_levels };

	for (uint32_t l = 1, passes = by_levels ? levels : 1; l <= passes && !b->failed; l++) {
		for (uint32_t i = 1; i < t->stack.n && !b->failed; i++)
			if ((!by_levels || (t->stack.v[i].depth + PD_RUN - 1) / PD_RUN == l) && (!r->used || r->used[i]))
				wait_for(b, t, r, &w, i);
		add_waiting(b, r, &w);
	}
}

/* ---- label sets ---- */

static bool add_sets(struct pd_builder *b, const struct pd_tables *t, struct pd_remap *r)
{
	PD_VEC(struct pd_label) label = { 0 };
	bool ok = true;

	for (size_t i = 1; i < t->set.n && ok && !b->failed; i++) {
		const struct pd_label_set_row *s = &t->set.v[i];

		ok = pd_vec_reserve(&label, s->n);
		for (uint32_t k = 0; ok && k < s->n; k++) {
			struct pd_label *l = &label.v[k];

			*l = t->label.v[s->first + k];
			l->key.v = r->str[l->key.v];
			l->str.v = r->str[l->str.v];
			l->unit.v = r->str[l->unit.v];
		}
		if (ok)
			r->set[i] = pd_labels_of(b, label.v, s->n).v;
	}
	pd_vec_release(&label);
	return ok;
}

bool pd_append_tables(struct pd_builder *b, const struct pd_doc *doc, enum pd_append how, struct pd_remap *r)
{
	struct append a = { .b = b, .doc = doc, .r = r };
	const struct pd_tables *t = &doc->t;
	bool ok = remap_init(r, t);

	for (size_t i = 1; ok && i < t->strings.row.n; i++)
		r->str[i] = pd_intern(b, t->strings.row.v[i].p, t->strings.row.v[i].n).v;
	if (ok && how == PD_APPEND_USED)
		ok = take_used(&a);
	else if (ok)
		take_all(&a);
	if (ok)
		add_stacks(b, t, how, r);
	ok = ok && add_sets(b, t, r);
	pd_vec_release(&a.line);
	if (!ok)
		pd_builder_fail(b, PD_ERR_NOMEM, "out of memory");
	return !b->failed;
}

/* ---- header and rows ---- */

void pd_remap_meta(const struct pd_remap *r, struct pd_meta *m)
{
	pd_str *const text[] = { &m->period_type, &m->period_unit, &m->default_sample_type, &m->doc_url, &m->drop_frames, &m->keep_frames,
				 &m->root_label, &m->producer };

	for (size_t i = 0; i < PD_ARRAY_LEN(text); i++)
		text[i]->v = r->str[text[i]->v];
}

struct pd_value_type pd_remap_type(const struct pd_remap *r, const struct pd_value_type *type)
{
	struct pd_value_type t = *type;

	t.type.v = r->str[t.type.v];
	t.unit.v = r->str[t.unit.v];
	return t;
}

unsigned pd_append_series(struct pd_builder *b, const struct pd_series_row *s, const struct pd_remap *r)
{
	unsigned to = pd_series_add(b, (pd_str){ r->str[s->name.v] });

	for (unsigned v = 0; v < s->n_values; v++) {
		struct pd_value_type t = pd_remap_type(r, &s->type[v]);

		pd_series_value(b, to, &t);
	}
	return to;
}

void pd_append_rows(struct pd_builder *b, const struct pd_series_row *s, unsigned to, const struct pd_remap *r)
{
	int64_t values[PD_MAX_VALUES];

	for (size_t k = 0; k < s->chunk.n; k++) {
		const struct pd_chunk *c = s->chunk.v[k];

		for (uint32_t i = 0; i < c->n && !b->failed; i++) {
			struct pd_sample p = { .stack = { r->stack[c->stack[i].v] }, .labels = { r->set[c->labels[i].v] } };

			if (i + AHEAD < c->n)
				pd_sample_prefetch(b, to, (pd_stack){ r->stack[c->stack[i + AHEAD].v] }, (pd_labels){ r->set[c->labels[i + AHEAD].v] });
			p.has_time = s->has_time && c->time[i] != PD_NO_TIME;
			p.time = p.has_time ? c->time[i] : 0;
			for (unsigned v = 0; v < s->n_values; v++)
				values[v] = c->value[v][i];
			pd_sample_add(b, to, &p, values);
		}
	}
}
