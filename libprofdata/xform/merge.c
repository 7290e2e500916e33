/*
 * Exact sum of inputs, in one builder that stays open: readers add to it
 * directly, documents are appended (model/append.c), so the cost of an input is
 * its tables plus its rows and memory follows the sum. Mappings are the same object when build id (or file), offset
 * and size agree; addresses move with them, which undoes address layout
 * randomisation.
 */
#include "xform/merge.h"

#include "base/limits.h"

#define PAGE UINT64_C(4096)
static struct pd_merger *merger_of(struct pd_intake *in)
{
	return (struct pd_merger *)in;
}

/* ---- mappings ---- */

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
static uint32_t add_mapping(struct pd_merger *m, struct pd_mapping_desc d, uint64_t *shift)
{
	const uint32_t has = PD_MAP_HAS_FUNCTIONS | PD_MAP_HAS_FILENAMES | PD_MAP_HAS_LINES | PD_MAP_HAS_INLINES;
	uint32_t hash = mapping_hash(m, &d), at, row;

	if (!pd_builder_index(m->b, &m->object, 1, NULL) || !pd_builder_reserve(m->b, &m->mapping, 1) ||
	    !pd_builder_reserve(m->b, &m->b->doc->t.mapping, 1))
		return 0;
	for (row = pd_index_first(&m->object, hash, &at); row; row = pd_index_next(&m->object, hash, &at)) {
		struct merged_mapping *have = &m->mapping.v[row - 1];

		if (!same_object(&have->first, &d))
			continue;
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
		return row;
	}
	row = (uint32_t)++m->mapping.n;
	m->mapping.v[row - 1] = (struct merged_mapping){ .first = d, .start = d.start, .limit = d.limit, .flags = d.flags, .file = d.file };
	/* rows of the sum's own table stand for themselves until the end: no two are joined by content */
	m->b->doc->t.mapping.v[m->b->doc->t.mapping.n++] = d;
	pd_index_put(&m->object, hash, at, row);
	*shift = 0;
	return row;
}

static uint32_t take_mapping(struct pd_intake *in, const struct pd_mapping_desc *given, uint64_t *shift)
{
	struct pd_merger *m = merger_of(in);
	struct pd_mapping_desc d = *given;

	*shift = 0;
	if (m->kind == PD_MERGE_VIEW && (d.flags & PD_MAP_MAIN) && m->has_main)
		d.flags &= ~(uint32_t)PD_MAP_MAIN; /* the first main binary is the report's */
	m->has_main = m->has_main || (d.flags & PD_MAP_MAIN);
	return add_mapping(m, d, shift);
}

/* ---- rows ---- */

/* The input's series are known: where their columns go. What is added meanwhile is the sum's own. */
static bool settle_series(struct pd_merger *m)
{
	m->settled = true;
	m->b->intake = NULL;
	m->columns.n = 0;
	if (pd_merge_period(m) && pd_builder_reserve(m->b, &m->columns, m->in.series.n)) {
		for (unsigned s = 0; s < m->in.series.n && !m->b->failed; s++) {
			m->columns.v[s].to = pd_merge_series(m, s, &m->columns.v[s]);
			m->columns.n = s + 1;
		}
	}
	m->b->intake = &m->in;
	return !m->b->failed;
}

static void take_row(struct pd_intake *in, unsigned series, const struct pd_sample *p, const int64_t *values)
{
	struct pd_merger *m = merger_of(in);
	int64_t sum[PD_MAX_VALUES], any = 0;
	const struct pd_columns *c;
	struct pd_sample untimed;
	unsigned n;

	if (pd_unlikely(!m->settled) && !settle_series(m))
		return;
	if (pd_unlikely(series >= m->columns.n)) {
		pd_builder_fail(m->b, PD_ERR_INTERNAL, "series %u came after the first sample", series);
		return;
	}
	c = &m->columns.v[series];
	n = m->b->doc->series.v[c->to].n_values;
	for (unsigned v = 0; v < n; v++) {
		sum[v] = c->from[v] < 0 ? 0 : values[c->from[v]];
		if (c->times[v] != 1 && pd_mul_overflow(sum[v], c->times[v], &sum[v])) {
			pd_builder_fail(m->b, PD_ERR_LIMIT, "value does not fit into 64 bits in the finer unit");
			return;
		}
		any |= sum[v];
	}
	if (!any)
		return;
	if (m->drop_times && p->has_time) {
		untimed = *p;
		untimed.has_time = false;
		p = &untimed;
	}
	pd_sample_put(m->b, (unsigned)c->to, p, sum);
}

static int series_of(const struct pd_intake *in, unsigned series)
{
	const struct pd_merger *m = (const struct pd_merger *)in;

	return m->settled && series < m->columns.n ? m->columns.v[series].to : -1;
}

/* ---- one input ---- */

struct pd_builder *pd_merger_open(struct pd_merger *m, const struct pd_limits *limits, unsigned build_flags)
{
	struct pd_builder *b = m->b;

	if (b->failed)
		return b;
	if (m->open)
		pd_builder_fail(b, PD_ERR_INTERNAL, "the merger has an input open already");
	m->open = true;
	m->settled = false;
	m->drop_times = build_flags & PD_BUILD_AGGREGATE;
	m->in.meta = (struct pd_meta){ 0 };
	m->in.comment.n = m->in.series.n = m->in.mapping.n = 0;
	m->in.first_note = b->doc->note.n;
	b->limits = limits ? pd_limits_copy(limits) : pd_no_limits;
	b->before = pd_builder_bytes(b);
	b->intake = &m->in;
	return b;
}

bool pd_merger_close(struct pd_merger *m, struct pd_error *err)
{
	if (!m->b->failed && !m->settled)
		settle_series(m);
	m->b->intake = NULL;
	m->b->limits = pd_no_limits;
	m->b->before = 0;
	m->open = false;
	if (!m->b->failed && pd_merge_header(m))
		return true;
	pd_builder_error(m->b, err);
	return false;
}

bool pd_merger_add(struct pd_merger *m, const struct pd_doc *doc, struct pd_error *err)
{
	struct pd_builder *b = pd_merger_open(m, NULL, 0);
	struct pd_remap r = { 0 };
	bool ok = !b->failed && pd_append_tables(b, doc, m->kind == PD_MERGE_VIEW ? PD_APPEND_USED : PD_APPEND_BY_LEVELS, &r);

	if (ok) {
		m->in.meta = doc->meta;
		pd_remap_meta(&r, &m->in.meta);
		for (size_t i = 0; i < doc->comment.n; i++)
			pd_builder_comment(b, (pd_str){ r.str[doc->comment.v[i].v] });
		for (size_t i = 0; i < doc->note.n; i++)
			pd_builder_take_note(b, doc->note.v[i].what, doc->note.v[i].count, doc->note.v[i].example);
		for (size_t s = 0; s < doc->series.n; s++)
			pd_append_series(b, &doc->series.v[s], &r);
		for (unsigned s = 0; s < doc->series.n && !b->failed; s++)
			pd_append_rows(b, &doc->series.v[s], s, &r);
	}
	pd_remap_release(&r);
	return pd_merger_close(m, err);
}

/* ---- beginning and end ---- */

static int order_strings(const struct pd_merger *m, pd_str a, pd_str b)
{
	struct pd_span x = pd_builder_string(m->b, a), y = pd_builder_string(m->b, b);
	int order = memcmp(x.p, y.p, x.n < y.n ? x.n : y.n);

	return order ? order : (x.n > y.n) - (x.n < y.n);
}

static const struct pd_intake_ops intake_ops = { .mapping = take_mapping, .row = take_row, .series = series_of };

struct pd_merger *pd_merger_new(const struct pd_merge_opts *opts, struct pd_error *err)
{
	struct pd_merger *m = calloc(1, sizeof *m);

	if (!m) {
		pd_error_set(err, PD_ERR_NOMEM, "out of memory");
		return NULL;
	}
	m->kind = opts ? opts->kind : PD_MERGE_EXACT;
	m->in.ops = &intake_ops;
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
	pd_vec_release(&m->in.comment);
	pd_vec_release(&m->in.series);
	pd_vec_release(&m->in.mapping);
	pd_vec_release(&m->columns);
	pd_vec_release(&m->commented);
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
	struct pd_doc *doc;

	if (m->open)
		pd_builder_fail(m->b, PD_ERR_INTERNAL, "the merger has an input open");
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
	return pd_canonical_own(doc, err);
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
