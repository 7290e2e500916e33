/* Samples: series of chunked columns, aggregated on request. */
#include "model/index.h"

static bool too_many_series(struct pd_builder *b, size_t n)
{
	if (!b->failed && n >= 4096)
		pd_builder_fail(b, PD_ERR_LIMIT, "more than 4096 series");
	return b->failed;
}

/* Of an intake: which series of the sum it becomes is decided when its value types are known. */
static unsigned take_series(struct pd_builder *b, pd_str name)
{
	struct pd_intake *in = b->intake;

	if (too_many_series(b, in->series.n) || !pd_builder_reserve(b, &in->series, 1))
		return 0;
	in->series.v[in->series.n] = (struct pd_intake_series){ .name = name };
	return (unsigned)in->series.n++;
}

unsigned pd_series_add(struct pd_builder *b, pd_str name)
{
	struct pd_doc *d = b->doc;

	if (b->intake)
		return take_series(b, name);
	if (too_many_series(b, d ? d->series.n : 0))
		return 0;
	if (!pd_builder_reserve(b, &d->series, 1) || !pd_builder_reserve(b, &b->row, 1))
		return 0;
	d->series.v[d->series.n] = (struct pd_series_row){ .name = name };
	b->row.v[b->row.n++] = (struct pd_index){ 0 };
	return (unsigned)d->series.n++;
}

static struct pd_series_row *series_at(struct pd_builder *b, unsigned series)
{
	if (b->failed)
		return NULL;
	if (series >= b->doc->series.n) {
		pd_builder_fail(b, PD_ERR_INTERNAL, "series %u does not exist", series);
		return NULL;
	}
	return &b->doc->series.v[series];
}

/* A column for rows already there, filled with `fill`. */
static bool column_add(struct pd_builder *b, int64_t **column, const struct pd_chunk *c, int64_t fill)
{
	*column = malloc(c->cap * sizeof **column);
	if (!*column) {
		pd_builder_fail(b, PD_ERR_NOMEM, "out of memory");
		return false;
	}
	for (uint32_t i = 0; i < c->n; i++)
		(*column)[i] = fill;
	return true;
}

static bool room_for_value(struct pd_builder *b, unsigned n_values)
{
	if (n_values == PD_MAX_VALUES)
		pd_builder_fail(b, PD_ERR_LIMIT, "more than %u value types in one series", PD_MAX_VALUES);
	return n_values < PD_MAX_VALUES;
}

static unsigned take_value(struct pd_builder *b, unsigned series, const struct pd_value_type *type)
{
	struct pd_intake_series *s;

	if (series >= b->intake->series.n)
		pd_builder_fail(b, PD_ERR_INTERNAL, "series %u does not exist", series);
	if (b->failed)
		return 0;
	s = &b->intake->series.v[series];
	if (!room_for_value(b, s->n_values))
		return 0;
	s->type[s->n_values] = *type;
	return s->n_values++;
}

unsigned pd_series_value(struct pd_builder *b, unsigned series, const struct pd_value_type *type)
{
	struct pd_series_row *s;
	unsigned column;

	if (b->intake)
		return take_value(b, series, type);
	s = series_at(b, series);
	if (!s || !room_for_value(b, s->n_values))
		return 0;
	column = s->n_values;
	for (size_t i = 0; i < s->chunk.n; i++)
		if (!column_add(b, &s->chunk.v[i]->value[column], s->chunk.v[i], 0))
			return 0;
	s->type[s->n_values++] = *type;
	return column;
}

void pd_series_retype(struct pd_builder *b, unsigned series, unsigned column, const struct pd_value_type *type, int64_t times)
{
	struct pd_series_row *s = series_at(b, series);

	if (!s)
		return;
	if (column >= s->n_values) {
		pd_builder_fail(b, PD_ERR_INTERNAL, "value type %u does not exist", column);
		return;
	}
	s->type[column] = *type;
	for (size_t i = 0; i < s->chunk.n && times != 1; i++) {
		int64_t *v = s->chunk.v[i]->value[column];

		for (uint32_t r = 0; r < s->chunk.v[i]->n; r++) {
			if (pd_mul_overflow(v[r], times, &v[r])) {
				pd_builder_fail(b, PD_ERR_LIMIT, "value does not fit into 64 bits in the finer unit");
				return;
			}
		}
	}
}

static bool chunk_grow(struct pd_builder *b, struct pd_series_row *s, struct pd_chunk *c)
{
	size_t cap = c->cap ? c->cap : 0;

	if (!pd_builder_grow(b, (void **)&c->stack, &cap, c->n, c->n ? c->n : 64, sizeof *c->stack))
		return false;
	cap = c->n + (c->n ? c->n : 64); /* the same for every column; powers of two times 64 up to a full chunk */
	size_t other = c->cap;
	if (!pd_builder_grow(b, (void **)&c->labels, &other, c->n, cap - c->n, sizeof *c->labels))
		return false;
	other = c->cap;
	if (s->has_time && !pd_builder_grow(b, (void **)&c->time, &other, c->n, cap - c->n, sizeof *c->time))
		return false;
	for (unsigned v = 0; v < s->n_values; v++) {
		other = c->cap;
		if (!pd_builder_grow(b, (void **)&c->value[v], &other, c->n, cap - c->n, sizeof *c->value[v]))
			return false;
	}
	c->cap = (uint32_t)cap;
	return true;
}

struct pd_chunk *pd_series_chunk(struct pd_builder *b, struct pd_series_row *s)
{
	struct pd_chunk *c = s->chunk.n ? s->chunk.v[s->chunk.n - 1] : NULL;

	if (!c || c->n == PD_CHUNK_ROWS) {
		if (!pd_builder_reserve(b, &s->chunk, 1))
			return NULL;
		c = calloc(1, sizeof *c);
		if (!c) {
			pd_builder_fail(b, PD_ERR_NOMEM, "out of memory");
			return NULL;
		}
		s->chunk.v[s->chunk.n++] = c;
		/* later chunks are full ones from the start: pages are touched as rows come */
		if (s->chunk.n > 1) {
			c->n = PD_CHUNK_ROWS / 2;
			bool grown = chunk_grow(b, s, c);
			c->n = 0;
			return grown ? c : NULL;
		}
	}
	if (c->n == c->cap && !chunk_grow(b, s, c))
		return NULL;
	return c;
}

static bool want_time(struct pd_builder *b, struct pd_series_row *s)
{
	for (size_t i = 0; i < s->chunk.n; i++)
		if (!column_add(b, &s->chunk.v[i]->time, s->chunk.v[i], PD_NO_TIME))
			return false;
	s->has_time = true;
	return true;
}

static void append_row(struct pd_builder *b, struct pd_series_row *s, const struct pd_sample *p, const int64_t *values)
{
	bool timed = p->has_time && !(b->flags & PD_BUILD_AGGREGATE);
	struct pd_chunk *c;

	if (s->rows >= PD_MAX_ROWS) {
		pd_builder_fail(b, PD_ERR_LIMIT, "more than %u samples", PD_MAX_ROWS);
		return;
	}
	if (timed && !s->has_time && !want_time(b, s))
		return;
	c = pd_series_chunk(b, s);
	if (!c)
		return;
	c->stack[c->n] = p->stack;
	c->labels[c->n] = p->labels;
	if (s->has_time)
		c->time[c->n] = timed ? p->time : PD_NO_TIME;
	for (unsigned v = 0; v < s->n_values; v++)
		c->value[v][c->n] = values[v];
	c->n++;
	s->rows++;
}

static void add_to_row(struct pd_builder *b, struct pd_series_row *s, uint32_t row, const int64_t *values)
{
	struct pd_chunk *c = s->chunk.v[row / PD_CHUNK_ROWS];

	for (unsigned v = 0; v < s->n_values; v++) {
		int64_t *at = &c->value[v][row % PD_CHUNK_ROWS];

		if (pd_add_overflow(*at, values[v], at)) {
			struct pd_span name = pd_builder_string(b, s->type[v].type);

			pd_builder_fail(b, PD_ERR_LIMIT, "sum of '%.*s' does not fit into 64 bits", (int)(name.n < 100 ? name.n : 100), name.p);
			return;
		}
	}
}

static uint32_t row_hash(const struct pd_builder *b, pd_stack stack, pd_labels labels)
{
	return pd_fold32(pd_hash_u64(b->key, stack.v, labels.v));
}

void pd_sample_prefetch(const struct pd_builder *b, unsigned series, pd_stack stack, pd_labels labels)
{
	int at = b->intake ? b->intake->ops->series(b->intake, series) : (int)series;

	if (at >= 0 && (size_t)at < b->row.n && b->row.v[at].slot)
		pd_prefetch(&b->row.v[at].slot[row_hash(b, stack, labels) & b->row.v[at].mask]);
}

void pd_sample_add(struct pd_builder *b, unsigned series, const struct pd_sample *p, const int64_t *values)
{
	if (b->intake && !b->failed)
		b->intake->ops->row(b->intake, series, p, values);
	else
		pd_sample_put(b, series, p, values);
}

void pd_sample_put(struct pd_builder *b, unsigned series, const struct pd_sample *p, const int64_t *values)
{
	struct pd_series_row *s = series_at(b, series);
	struct pd_index *ix;
	uint32_t hash, at, row;

	if (!s)
		return;
	if (!(b->flags & PD_BUILD_AGGREGATE) && (p->has_time || !(b->flags & PD_BUILD_AGGREGATE_UNTIMED))) {
		append_row(b, s, p, values);
		return;
	}
	ix = &b->row.v[series];
	if (!pd_builder_index(b, ix, 1, NULL))
		return;
	hash = row_hash(b, p->stack, p->labels);
	for (row = pd_index_first(ix, hash, &at); row; row = pd_index_next(ix, hash, &at)) {
		const struct pd_chunk *c = s->chunk.v[(row - 1) / PD_CHUNK_ROWS];
		uint32_t i = (row - 1) % PD_CHUNK_ROWS;

		if (c->stack[i].v == p->stack.v && c->labels[i].v == p->labels.v) {
			add_to_row(b, s, row - 1, values);
			return;
		}
	}
	append_row(b, s, p, values);
	if (!b->failed)
		pd_index_put(ix, hash, at, (uint32_t)s->rows);
}

void pd_chunk_free(struct pd_chunk *c)
{
	free(c->stack);
	free(c->labels);
	free(c->time);
	for (unsigned v = 0; v < PD_MAX_VALUES; v++)
		free(c->value[v]);
	free(c);
}

void pd_series_release(struct pd_series_row *s)
{
	for (size_t i = 0; i < s->chunk.n; i++)
		pd_chunk_free(s->chunk.v[i]);
	pd_vec_release(&s->chunk);
}

void pd_rows_copy(struct pd_builder *b, const struct pd_doc *doc, unsigned series)
{
	unsigned n = pd_series_values(doc, series);
	int64_t values[PD_MAX_VALUES];
	struct pd_rows rows;

	for (uint64_t first = 0; pd_series_rows(doc, series, first, &rows); first += rows.n) {
		for (size_t i = 0; i < rows.n; i++) {
			struct pd_sample s = { .stack = rows.stack[i], .labels = rows.labels[i] };

			s.has_time = rows.time && rows.time[i] != PD_NO_TIME;
			s.time = s.has_time ? rows.time[i] : 0;
			for (unsigned v = 0; v < n; v++)
				values[v] = rows.value[v][i];
			pd_sample_add(b, series, &s, values);
		}
	}
}
