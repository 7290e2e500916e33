/*
 * Exact sum of documents. Each one is remapped table by table into one builder
 * (strings, mappings, functions, frames, stacks, label sets) and its rows are
 * added, so the cost of a document is its tables plus its rows and memory
 * follows the sum. Mappings are the same object when build id (or file), offset
 * and size agree; addresses move with them, which undoes address layout
 * randomisation.
 */
#include "xform/merge.h"

#include "xform/units.h"

#define PAGE UINT64_C(4096)
#define AHEAD 16u /* rows whose place in the sum is fetched in advance */

/* Old id → id in the sum, for one document. */
struct remap {
	uint32_t *str, *map, *func, *frame, *stack, *set;
	uint64_t *shift; /* per mapping: what to add to addresses */
	uint8_t *used;   /* stack nodes that rows use; NULL: all are taken */
};

static bool remap_init(struct remap *r, const struct pd_tables *t)
{
	*r = (struct remap){
		.str = calloc(t->strings.row.n, sizeof *r->str),
		.map = calloc(t->mapping.n, sizeof *r->map),
		.func = calloc(t->func.n, sizeof *r->func),
		.frame = calloc(t->frame.n, sizeof *r->frame),
		.stack = calloc(t->stack.n, sizeof *r->stack),
		.set = calloc(t->set.n, sizeof *r->set),
		.shift = calloc(t->mapping.n, sizeof *r->shift),
	};
	return r->str && r->map && r->func && r->frame && r->stack && r->set && r->shift;
}

static void remap_release(struct remap *r)
{
	free(r->str);
	free(r->map);
	free(r->func);
	free(r->frame);
	free(r->stack);
	free(r->set);
	free(r->shift);
	free(r->used);
}

static bool fail(struct pd_merger *m, enum pd_status status, const char *what)
{
	pd_builder_fail(m->b, status, "%s", what);
	return false;
}

/* ---- tables ---- */

static void add_strings(struct pd_merger *m, const struct pd_doc *doc, struct remap *r)
{
	for (size_t i = 1; i < doc->t.strings.row.n; i++)
		r->str[i] = pd_intern(m->b, doc->t.strings.row.v[i].p, doc->t.strings.row.v[i].n).v;
}

static bool same_object(const struct pd_mapping_desc *a, const struct pd_mapping_desc *b)
{
	uint64_t x = (a->limit - a->start + PAGE - 1) / PAGE, y = (b->limit - b->start + PAGE - 1) / PAGE;

	if (x != y || a->offset != b->offset)
		return false;
	if (a->build_id.v || b->build_id.v)
		return a->build_id.v == b->build_id.v;
	return a->file.v == b->file.v;
}

static uint32_t mapping_hash(const struct pd_merger *m, const struct pd_mapping_desc *d)
{
	uint64_t name = d->build_id.v ? d->build_id.v : (uint64_t)d->file.v << 32;

	return pd_fold32(pd_hash_u64(m->b->key ^ name, d->offset, (d->limit - d->start + PAGE - 1) / PAGE));
}

/* Adds a mapping or joins an equal one: lowest start wins at the end, flags of symbols only where all have them. */
static void add_mapping(struct pd_merger *m, struct pd_mapping_desc d, uint32_t *id, uint64_t *shift)
{
	const uint32_t has = PD_MAP_HAS_FUNCTIONS | PD_MAP_HAS_FILENAMES | PD_MAP_HAS_LINES | PD_MAP_HAS_INLINES;
	uint32_t hash = mapping_hash(m, &d), at, row;

	if (!pd_builder_index(m->b, &m->object, 1, NULL) || !pd_builder_reserve(m->b, &m->mapping, 1) ||
	    !pd_builder_reserve(m->b, &m->b->doc->t.mapping, 1))
		return;
	for (row = pd_index_first(&m->object, hash, &at); row; row = pd_index_next(&m->object, hash, &at)) {
		struct merged_mapping *have = &m->mapping.v[row - 1];

		if (!same_object(&have->first, &d))
			continue;
		*id = row;
		*shift = have->first.start - d.start;
		if (d.start < have->start) {
			have->start = d.start;
			have->limit = d.limit;
		} else if (d.start == have->start && d.limit > have->limit) {
			have->limit = d.limit;
		}
		if (m->kind == PD_MERGE_EXACT)
			have->flags = (have->flags & d.flags & has) | ((have->flags | d.flags) & PD_MAP_MAIN);
		if (m->kind == PD_MERGE_EXACT && m->order(m, d.file, have->file) < 0)
			have->file = d.file;
		return;
	}
	row = (uint32_t)++m->mapping.n;
	m->mapping.v[row - 1] = (struct merged_mapping){ .first = d, .start = d.start, .limit = d.limit, .flags = d.flags, .file = d.file };
	/* rows of the sum's own table stand for themselves until the end: no two are joined by content */
	m->b->doc->t.mapping.v[m->b->doc->t.mapping.n++] = d;
	pd_index_put(&m->object, hash, at, row);
	*id = row;
	*shift = 0;
}

static void take_mapping(struct pd_merger *m, const struct pd_doc *doc, struct remap *r, uint32_t row)
{
	struct pd_mapping_desc d = doc->t.mapping.v[row];

	if (!row || r->map[row])
		return;
	d.file.v = r->str[d.file.v];
	d.build_id.v = r->str[d.build_id.v];
	if (m->kind == PD_MERGE_VIEW && (d.flags & PD_MAP_MAIN) && m->has_main)
		d.flags &= ~(uint32_t)PD_MAP_MAIN; /* the first main binary is the report's */
	add_mapping(m, d, &r->map[row], &r->shift[row]);
	m->has_main = m->has_main || (d.flags & PD_MAP_MAIN);
}

static void take_func(struct pd_merger *m, const struct pd_doc *doc, struct remap *r, uint32_t row)
{
	struct pd_func_desc f = doc->t.func.v[row];

	if (!row || r->func[row])
		return;
	f.name.v = r->str[f.name.v];
	f.system_name.v = r->str[f.system_name.v];
	f.file.v = r->str[f.file.v];
	r->func[row] = pd_func_add(m->b, &f).v;
}

/* With its mapping and functions. */
static void take_frame(struct pd_merger *m, const struct pd_doc *doc, struct remap *r, uint32_t row)
{
	const struct pd_tables *t = &doc->t;
	const struct pd_frame_row *f = &t->frame.v[row];

	if (!row || r->frame[row] || m->b->failed)
		return;
	m->line.n = 0;
	if (!pd_builder_reserve(m->b, &m->line, f->n_lines))
		return;
	take_mapping(m, doc, r, f->mapping);
	for (uint32_t k = 0; k < f->n_lines; k++) {
		m->line.v[k] = t->line.v[f->first_line + k];
		take_func(m, doc, r, m->line.v[k].func.v);
		m->line.v[k].func.v = r->func[m->line.v[k].func.v];
	}
	r->frame[row] = pd_frame_add(m->b, &(struct pd_frame_desc){ .mapping = { r->map[f->mapping] },
								    .address = f->mapping ? f->address + r->shift[f->mapping] : f->address,
								    .flags = f->flags, .n_lines = f->n_lines, .lines = m->line.v }).v;
}

/* Everything, in the order of the tables: the exact sum sorts at the end. */
static void take_all(struct pd_merger *m, const struct pd_doc *doc, struct remap *r)
{
	for (uint32_t i = 1; i < doc->t.mapping.n && !m->b->failed; i++)
		take_mapping(m, doc, r, i);
	for (uint32_t i = 1; i < doc->t.func.n; i++)
		take_func(m, doc, r, i);
	for (uint32_t i = 1; i < doc->t.frame.n && !m->b->failed; i++)
		take_frame(m, doc, r, i);
}

/* From the leaf to what an earlier stack had, whose frames are taken. */
static void take_stack(struct pd_merger *m, const struct pd_doc *doc, struct remap *r, uint32_t node)
{
	for (; node && !r->used[node]; node = doc->t.stack.v[node].parent) {
		const struct pd_stack_row *s = &doc->t.stack.v[node];

		r->used[node] = 1;
		for (uint32_t k = pd_run_length(s); k-- > 0;)
			take_frame(m, doc, r, doc->t.run.v[s->first + k]);
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
static void take_used(struct pd_merger *m, const struct pd_doc *doc, struct remap *r)
{
	r->used = calloc(doc->t.stack.n, 1);
	if (!r->used) {
		fail(m, PD_ERR_NOMEM, "out of memory");
		return;
	}
	if (!m->mapping.n && doc->t.mapping.n > 1)
		take_mapping(m, doc, r, 1); /* the main binary stays the first one */
	for (size_t s = 0; s < doc->series.n; s++) {
		const struct pd_series_row *series = &doc->series.v[s];

		for (size_t k = 0; k < series->chunk.n; k++) {
			const struct pd_chunk *c = series->chunk.v[k];

			for (uint32_t i = 0; i < c->n && !m->b->failed; i++)
				if (!is_zero(c, i, series->n_values))
					take_stack(m, doc, r, c->stack[i].v);
		}
	}
}

/* Nodes wait in here until there are enough to look them up together. */
struct waiting {
	struct pd_stack_want want[PD_STACK_WANTS];
	uint32_t row[PD_STACK_WANTS], n;
};

static void add_waiting(struct pd_merger *m, struct remap *r, struct waiting *w)
{
	pd_stack_nodes(m->b, w->want, w->n);
	for (uint32_t i = 0; i < w->n; i++)
		r->stack[w->row[i]] = w->want[i].id;
	w->n = 0;
}

static void wait_for(struct pd_merger *m, const struct pd_tables *t, struct remap *r, struct waiting *w, uint32_t row)
{
	const struct pd_stack_row *s = &t->stack.v[row];
	struct pd_stack_want *want = &w->want[w->n];

	*want = (struct pd_stack_want){ .parent = r->stack[s->parent], .depth = s->depth, .n = pd_run_length(s) };
	for (uint32_t k = 0; k < want->n; k++)
		want->run[k] = r->frame[t->run.v[s->first + k]];
	w->row[w->n++] = row;
	if (w->n == PD_STACK_WANTS)
		add_waiting(m, r, w);
}

#define MAX_PASSES 8u

/*
 * Level by level, so that the parents of a batch are there before it. Documents
 * of very deep stacks have too many levels for a pass over all nodes each: they
 * go node by node, where the parent is often the node before.
 */
static void add_stacks(struct pd_merger *m, const struct pd_doc *doc, struct remap *r)
{
	const struct pd_tables *t = &doc->t;
	uint32_t levels = (t->max_depth + PD_RUN - 1) / PD_RUN;
	struct waiting w = { .n = 0 };

	for (uint32_t l = 1; l <= levels && levels <= MAX_PASSES && !m->b->failed; l++) {
		for (uint32_t i = 1; i < t->stack.n && !m->b->failed; i++)
			if ((t->stack.v[i].depth + PD_RUN - 1) / PD_RUN == l && (!r->used || r->used[i]))
				wait_for(m, t, r, &w, i);
		add_waiting(m, r, &w);
	}
	for (uint32_t i = 1; i < t->stack.n && levels > MAX_PASSES && !m->b->failed; i++) {
		if (r->used && !r->used[i])
			continue;
		wait_for(m, t, r, &w, i);
		add_waiting(m, r, &w);
	}
}

static void add_sets(struct pd_merger *m, const struct pd_doc *doc, struct remap *r)
{
	const struct pd_tables *t = &doc->t;

	for (size_t i = 1; i < t->set.n && !m->b->failed; i++) {
		const struct pd_label_set_row *s = &t->set.v[i];

		m->label.n = 0;
		if (!pd_builder_reserve(m->b, &m->label, s->n))
			return;
		for (uint32_t k = 0; k < s->n; k++) {
			struct pd_label *l = &m->label.v[k];

			*l = t->label.v[s->first + k];
			l->key.v = r->str[l->key.v];
			l->str.v = r->str[l->str.v];
			l->unit.v = r->str[l->unit.v];
		}
		r->set[i] = pd_labels_of(m->b, m->label.v, s->n).v;
	}
}

/* ---- rows ---- */

static void add_rows(struct pd_merger *m, const struct pd_series_row *s, unsigned to, const struct pd_columns *c, const struct remap *r)
{
	unsigned n = m->b->doc->series.v[to].n_values;
	int64_t values[PD_MAX_VALUES];

	for (size_t k = 0; k < s->chunk.n; k++) {
		const struct pd_chunk *ch = s->chunk.v[k];

		for (uint32_t i = 0; i < ch->n && !m->b->failed; i++) {
			struct pd_sample p = { .stack = { r->stack[ch->stack[i].v] }, .labels = { r->set[ch->labels[i].v] } };
			int64_t any = 0;

			if (i + AHEAD < ch->n)
				pd_sample_prefetch(m->b, to, (pd_stack){ r->stack[ch->stack[i + AHEAD].v] }, (pd_labels){ r->set[ch->labels[i + AHEAD].v] });
			p.has_time = s->has_time && ch->time[i] != PD_NO_TIME;
			p.time = p.has_time ? ch->time[i] : 0;
			for (unsigned v = 0; v < n; v++) {
				values[v] = c->from[v] < 0 ? 0 : ch->value[c->from[v]][i];
				if (c->times[v] != 1 && pd_mul_overflow(values[v], c->times[v], &values[v])) {
					fail(m, PD_ERR_LIMIT, "value does not fit into 64 bits in the finer unit");
					return;
				}
				any |= values[v];
			}
			if (any)
				pd_sample_add(m->b, to, &p, values);
		}
	}
}

/* ---- one document ---- */

static bool add_tables(struct pd_merger *m, const struct pd_doc *doc, struct remap *r)
{
	if (!remap_init(r, &doc->t))
		return fail(m, PD_ERR_NOMEM, "out of memory");
	add_strings(m, doc, r);
	if (m->kind == PD_MERGE_VIEW)
		take_used(m, doc, r);
	else
		take_all(m, doc, r);
	add_stacks(m, doc, r);
	add_sets(m, doc, r);
	return !m->b->failed;
}

bool pd_merger_add(struct pd_merger *m, const struct pd_doc *doc, struct pd_error *err)
{
	struct remap r = { 0 };

	if (add_tables(m, doc, &r) && pd_merge_header(m, doc, r.str)) {
		for (unsigned s = 0; s < doc->series.n && !m->b->failed; s++) {
			struct pd_columns c;
			int to = pd_merge_series(m, doc, s, r.str, &c);

			if (to >= 0)
				add_rows(m, &doc->series.v[s], (unsigned)to, &c, &r);
		}
	}
	remap_release(&r);
	if (!m->b->failed)
		return true;
	pd_builder_error(m->b, err);
	return false;
}

/* ---- beginning and end ---- */

static int order_strings(const struct pd_merger *m, pd_str a, pd_str b)
{
	struct pd_span x = pd_builder_string(m->b, a), y = pd_builder_string(m->b, b);
	int order = memcmp(x.p, y.p, x.n < y.n ? x.n : y.n);

	return order ? order : (x.n > y.n) - (x.n < y.n);
}

struct pd_merger *pd_merger_new(const struct pd_merge_opts *opts, struct pd_error *err)
{
	struct pd_merger *m = calloc(1, sizeof *m);

	if (!m) {
		pd_error_set(err, PD_ERR_NOMEM, "out of memory");
		return NULL;
	}
	m->kind = opts ? opts->kind : PD_MERGE_EXACT;
	m->order = order_strings;
	m->b = pd_builder_new(&pd_no_limits, opts && opts->untimed ? PD_BUILD_AGGREGATE : PD_BUILD_AGGREGATE_UNTIMED, err);
	if (!m->b) {
		free(m);
		return NULL;
	}
	return m;
}

void pd_merger_free(struct pd_merger *m)
{
	if (!m)
		return;
	pd_builder_free(m->b);
	pd_index_release(&m->object);
	pd_vec_release(&m->mapping);
	pd_vec_release(&m->line);
	pd_vec_release(&m->label);
	for (size_t i = 0; i < m->state.n; i++)
		free(m->state.v[i].lost);
	pd_vec_release(&m->state);
	pd_vec_release(&m->lost);
	free(m);
}

/* Rebases every mapping to its lowest start, and the addresses of its frames with it. */
static void settle_mappings(struct pd_merger *m)
{
	struct pd_tables *t = &m->b->doc->t;

	if (m->kind != PD_MERGE_EXACT)
		return;
	for (size_t i = 1; i < t->frame.n; i++) {
		uint32_t at = t->frame.v[i].mapping;

		if (at)
			t->frame.v[i].address += m->mapping.v[at - 1].start - m->mapping.v[at - 1].first.start;
	}
	for (size_t i = 0; i < m->mapping.n; i++) {
		struct pd_mapping_desc *d = &t->mapping.v[i + 1];

		d->start = m->mapping.v[i].start;
		d->limit = m->mapping.v[i].limit;
		d->flags = m->mapping.v[i].flags;
		d->file = m->mapping.v[i].file;
	}
}

/* Rows that cancelled out, or whose columns fell out, go. */
static void drop_zero_rows(struct pd_series_row *s)
{
	uint64_t to = 0;

	for (size_t k = 0; k < s->chunk.n; k++) {
		const struct pd_chunk *c = s->chunk.v[k];

		for (uint32_t i = 0; i < c->n; i++) {
			struct pd_chunk *d = s->chunk.v[to / PD_CHUNK_ROWS];
			uint32_t at = (uint32_t)(to % PD_CHUNK_ROWS);
			int64_t any = 0;

			for (unsigned v = 0; v < s->n_values; v++)
				any |= c->value[v][i];
			if (!any)
				continue;
			d->stack[at] = c->stack[i];
			d->labels[at] = c->labels[i];
			if (s->has_time)
				d->time[at] = c->time[i];
			for (unsigned v = 0; v < s->n_values; v++)
				d->value[v][at] = c->value[v][i];
			to++;
		}
	}
	s->rows = to;
	for (size_t k = 0; k < s->chunk.n; k++) {
		uint64_t left = to > k * PD_CHUNK_ROWS ? to - k * PD_CHUNK_ROWS : 0;

		s->chunk.v[k]->n = left < PD_CHUNK_ROWS ? (uint32_t)left : PD_CHUNK_ROWS;
	}
	while (s->chunk.n && !s->chunk.v[s->chunk.n - 1]->n)
		pd_chunk_free(s->chunk.v[--s->chunk.n]);
}

struct pd_doc *pd_merger_finish(struct pd_merger *m, char *dropped, size_t dropped_size, struct pd_error *err)
{
	struct pd_doc *doc, *canonical;

	pd_merge_settle_columns(m, dropped, dropped_size);
	if (!m->b->failed) {
		settle_mappings(m);
		for (size_t i = 0; i < m->b->doc->series.n; i++)
			drop_zero_rows(&m->b->doc->series.v[i]);
	}
	doc = pd_builder_finish(m->b, err);
	if (!doc || m->kind != PD_MERGE_EXACT)
		return doc;
	pd_merge_sort_header(doc);
	canonical = pd_canonical(doc, err);
	pd_doc_unref(doc);
	return canonical;
}

struct pd_doc *pd_merge(const struct pd_doc *const *docs, size_t n, const struct pd_merge_opts *opts, char *dropped, size_t dropped_size,
			struct pd_error *err)
{
	struct pd_merger *m = pd_merger_new(opts, err);
	struct pd_doc *sum = NULL;
	bool ok = m != NULL;

	for (size_t i = 0; i < n && ok; i++)
		ok = pd_merger_add(m, docs[i], err);
	if (ok)
		sum = pd_merger_finish(m, dropped, dropped_size, err);
	pd_merger_free(m);
	return sum;
}
