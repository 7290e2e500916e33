/*
 * Samples in the data block. Rows with times stand as they are in the document;
 * others are added up by node, label set and signs: what a row of a difference
 * takes away must not vanish in what another one adds.
 */
#include "common/svg_data.h"
#include "io/out.h"

/* What an SVG, and a page, may spend on more than the picture needs. */
#define SVG_ROWS_WITH_LABELS 50000u
#define SVG_ROWS_WITH_TIMES 20000u
#define PAGE_ROWS_WITH_LABELS 2000000u
#define PAGE_ROWS_WITH_TIMES 200000u
#define MOST_SETS 200000u

void flame_list_i64(struct flame_list *l, int64_t v)
{
	if (l->any)
		out_byte(l->out, ',');
	l->any = true;
	pd_out_i64(l->out, v);
}

/* ---- what is kept ---- */

static void decide(struct flame_block *b)
{
	const struct pd_doc *doc = b->s->doc;
	uint64_t rows = 0;
	bool timed = false, page = b->s->page;

	for (unsigned i = 0; i < pd_doc_series(doc); i++) {
		rows += pd_series_count(doc, i);
		timed |= pd_series_has_time(doc, i);
	}
	b->labels = pd_doc_label_sets(doc) > 0 && pd_doc_label_sets(doc) <= MOST_SETS && rows <= (page ? PAGE_ROWS_WITH_LABELS : SVG_ROWS_WITH_LABELS);
	b->times = timed && rows <= (page ? PAGE_ROWS_WITH_TIMES : SVG_ROWS_WITH_TIMES);
	if (b->s->o->flamechart) /* nothing can be drawn without them */
		b->times = timed;
	if (b->s->o->flamechart || b->s->states)
		b->labels = pd_doc_label_sets(doc) > 0;
	b->dropped_labels = pd_doc_label_sets(doc) > 0 && !b->labels;
	b->dropped_times = timed && !b->times;
}

/* ---- labels by what they say ---- */

static int by_text(struct pd_span a, struct pd_span b)
{
	int c = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);

	return c ? c : a.n < b.n ? -1 : a.n > b.n;
}

static int by_label(const void *pa, const void *pb)
{
	const struct flame_label *a = pa, *b = pb;
	int c = by_text(a->key_text, b->key_text);

	if (c)
		return c;
	if (a->label.kind != b->label.kind)
		return a->label.kind < b->label.kind ? -1 : 1;
	if (a->label.kind == PD_LABEL_STR)
		return by_text(a->text, b->text);
	c = by_text(a->text, b->text);
	return c ? c : a->label.num < b->label.num ? -1 : a->label.num > b->label.num;
}

static struct flame_label label_of(const struct flame_block *b, const struct pd_label *l)
{
	return (struct flame_label){ .label = *l, .key_text = pd_doc_string(b->s->doc, l->key),
				     .text = pd_doc_string(b->s->doc, l->kind == PD_LABEL_STR ? l->str : l->unit) };
}

/* The distinct labels of sets, sorted: order depends on nothing but what they say. NULL when out of memory. */
static struct flame_label *label_table(const struct flame_block *b, const uint32_t *set, size_t n_sets, size_t *n_labels)
{
	struct flame_label *table;
	const struct pd_label *l;
	size_t n = 0, distinct = 0;

	for (size_t i = 0; i < n_sets; i++)
		n += pd_doc_labels(b->s->doc, (pd_labels){ set[i] }, &l);
	table = malloc((n + 1) * sizeof *table);
	n = 0;
	for (size_t i = 0; table && i < n_sets; i++) {
		size_t have = pd_doc_labels(b->s->doc, (pd_labels){ set[i] }, &l);

		for (size_t k = 0; k < have; k++)
			table[n++] = label_of(b, &l[k]);
	}
	if (n)
		qsort(table, n, sizeof *table, by_label);
	for (size_t i = 0; i < n; i++)
		if (!distinct || by_label(&table[i], &table[distinct - 1]))
			table[distinct++] = table[i];
	*n_labels = distinct;
	return table;
}

/* Labels of all sets as places in the table, one set after another. */
struct set_order {
	const uint32_t *place, *first;
};

static int by_set(const void *pa, const void *pb, void *ctx)
{
	const struct set_order *o = ctx;
	uint32_t a = *(const uint32_t *)pa, b = *(const uint32_t *)pb;
	uint32_t n_a = o->first[a + 1] - o->first[a], n_b = o->first[b + 1] - o->first[b];

	for (uint32_t i = 0; i < n_a && i < n_b; i++)
		if (o->place[o->first[a] + i] != o->place[o->first[b] + i])
			return o->place[o->first[a] + i] < o->place[o->first[b] + i] ? -1 : 1;
	return n_a < n_b ? -1 : n_a > n_b;
}

static uint32_t *places_of(const struct flame_block *b, const struct flame_label *table, size_t n_labels, uint32_t n_sets, uint32_t *first)
{
	const struct pd_label *l;
	uint32_t *place;
	size_t n = 0;

	for (uint32_t i = 0; i < n_sets; i++) {
		first[i] = (uint32_t)n;
		n += pd_doc_labels(b->s->doc, (pd_labels){ i }, &l);
	}
	first[n_sets] = (uint32_t)n;
	place = n < UINT32_MAX ? malloc((n + 1) * sizeof *place) : NULL;
	for (uint32_t i = 0; place && i < n_sets; i++) {
		size_t have = pd_doc_labels(b->s->doc, (pd_labels){ i }, &l);

		for (size_t k = 0; k < have; k++) {
			struct flame_label want = label_of(b, &l[k]);

			place[first[i] + k] = (uint32_t)((const struct flame_label *)bsearch(&want, table, n_labels, sizeof *table, by_label) - table);
		}
	}
	return place;
}

/* Rank of every label set of the document by what it says, so that equal profiles give equal files however they came. */
static bool rank_sets(struct flame_block *b)
{
	uint32_t n = pd_doc_label_sets(b->s->doc) + 1;
	uint32_t *set = malloc((n + 1) * sizeof *set), *first = malloc((n + 1) * sizeof *first), *place = NULL;
	struct flame_label *table = NULL;
	size_t n_labels = 0;

	b->set_rank = malloc((n + 1) * sizeof *b->set_rank);
	for (uint32_t i = 0; set && i < n; i++)
		set[i] = i;
	if (set && first && b->set_rank && (table = label_table(b, set, n, &n_labels)))
		place = places_of(b, table, n_labels, n, first);
	if (place) {
		qsort_r(set, n, sizeof *set, by_set, &(struct set_order){ place, first });
		for (uint32_t i = 0; i < n; i++)
			b->set_rank[set[i]] = i;
	}
	free(set);
	free(first);
	free(table);
	free(place);
	return place != NULL;
}

/* ---- rows ---- */

static bool rows_alloc(struct flame_rows *r, size_t n, unsigned columns, bool times)
{
	r->columns = columns;
	r->node = malloc((n + 1) * sizeof *r->node);
	r->labels = malloc((n + 1) * sizeof *r->labels);
	r->time = times ? malloc((n + 1) * sizeof *r->time) : NULL;
	r->value = calloc(columns, sizeof *r->value);
	r->type = calloc(columns, sizeof *r->type);
	r->unit = calloc(columns, sizeof *r->unit);
	if (!r->node || !r->labels || (times && !r->time) || !r->value || !r->type || !r->unit)
		return false;
	for (unsigned c = 0; c < columns; c++)
		if (!(r->value[c] = malloc((n + 1) * sizeof **r->value)))
			return false;
	return true;
}

static bool all_zero(const struct pd_rows *r, size_t i, unsigned columns)
{
	for (unsigned c = 0; c < columns; c++)
		if (r->value[c][i])
			return false;
	return true;
}

static uint32_t node_of(const struct flame_block *b, const struct pd_rows *r, size_t i)
{
	return b->node_id[pd_calltree_node(b->s->data, r->labels[i], r->stack[i])];
}

/* All rows of a series, one after another. */
static size_t copy_rows(const struct flame_block *b, unsigned series, struct flame_rows *to)
{
	struct pd_rows r;
	size_t n = 0;

	for (uint64_t at = 0; pd_series_rows(b->s->doc, series, at, &r); at += r.n)
		for (size_t i = 0; i < r.n; i++) {
			if (all_zero(&r, i, to->columns))
				continue;
			to->node[n] = node_of(b, &r, i);
			to->labels[n] = b->labels ? r.labels[i].v : 0;
			if (to->time)
				to->time[n] = r.time ? r.time[i] : PD_NO_TIME;
			for (unsigned c = 0; c < to->columns; c++)
				to->value[c][n] = r.value[c][i];
			n++;
		}
	return to->n = n;
}

struct row_key {
	uint32_t labels, row; /* rank of the label set */
	uint64_t signs; /* bit per column that is negative */
};

static int by_key(const void *pa, const void *pb)
{
	const struct row_key *a = pa, *b = pb;

	if (a->labels != b->labels)
		return a->labels < b->labels ? -1 : 1;
	if (a->signs != b->signs)
		return a->signs < b->signs ? -1 : 1;
	return a->row < b->row ? -1 : a->row > b->row;
}

static uint64_t signs_of(const struct flame_rows *r, size_t i)
{
	uint64_t signs = 0;

	for (unsigned c = 0; c < r->columns; c++)
		signs |= (uint64_t)(r->value[c][i] < 0) << c;
	return signs;
}

/* Adds row `from` to row `to`; false, and nothing done, when a sum does not fit. */
static bool add_row(struct flame_rows *r, size_t to, const struct flame_rows *old, size_t from)
{
	int64_t sum[PD_MAX_VALUES];

	for (unsigned c = 0; c < r->columns; c++)
		if (pd_add_overflow(r->value[c][to], old->value[c][from], &sum[c]))
			return false;
	for (unsigned c = 0; c < r->columns; c++)
		r->value[c][to] = sum[c];
	return true;
}

/* Rows by node, in a counting sort: those of node i are key[first[i]] .. key[first[i + 1]]. */
static uint32_t *group_by_node(const struct flame_block *b, const struct flame_rows *r, struct row_key *key)
{
	uint32_t nodes = b->n_ids;
	uint32_t *first = calloc((size_t)nodes + 2, sizeof *first);

	if (!first)
		return NULL;
	for (size_t i = 0; i < r->n; i++)
		first[r->node[i] + 2]++;
	for (uint32_t i = 0; i < nodes; i++)
		first[i + 2] += first[i + 1];
	for (size_t i = 0; i < r->n; i++)
		key[first[r->node[i] + 1]++] = (struct row_key){ b->labels ? b->set_rank[r->labels[i]] : 0, (uint32_t)i, signs_of(r, i) };
	return first;
}

static void merge_groups(const struct flame_rows *r, uint32_t nodes, struct row_key *key, const uint32_t *first, struct flame_rows *to)
{
	for (uint32_t node = 0; node < nodes; node++) {
		struct row_key *k = key + first[node];
		size_t n = first[node + 1] - first[node];

		if (n > 1)
			qsort(k, n, sizeof *k, by_key);
		for (size_t i = 0; i < n; i++) {
			if (i && k[i].labels == k[i - 1].labels && k[i].signs == k[i - 1].signs && add_row(to, to->n - 1, r, k[i].row))
				continue;
			to->node[to->n] = node;
			to->labels[to->n] = r->labels[k[i].row];
			for (unsigned c = 0; c < r->columns; c++)
				to->value[c][to->n] = r->value[c][k[i].row];
			to->n++;
		}
	}
}

static void free_rows(struct flame_rows *r)
{
	for (unsigned c = 0; r->value && c < r->columns; c++)
		free(r->value[c]);
	free(r->node);
	free(r->labels);
	free(r->time);
	free(r->value);
	free(r->type);
	free(r->unit);
	*r = (struct flame_rows){ 0 };
}

/* The rows of `r` added up into `to`. */
static bool merge_rows(const struct flame_block *b, const struct flame_rows *r, struct flame_rows *to)
{
	struct row_key *key = malloc((r->n + 1) * sizeof *key);
	uint32_t *first = key ? group_by_node(b, r, key) : NULL;
	bool ok = first && rows_alloc(to, r->n, r->columns, false);

	if (ok)
		merge_groups(r, b->n_ids, key, first, to);
	free(key);
	free(first);
	return ok;
}

static bool collect_series(struct flame_block *b, unsigned series)
{
	struct flame_rows all = { 0 }, *to = &b->rows[series];
	uint64_t count = pd_series_count(b->s->doc, series);
	unsigned columns = pd_series_values(b->s->doc, series);
	bool times = b->times && pd_series_has_time(b->s->doc, series);
	bool ok = count < UINT32_MAX && rows_alloc(times ? to : &all, (size_t)count, columns, times);

	if (ok)
		copy_rows(b, series, times ? to : &all);
	if (ok && !times)
		ok = merge_rows(b, &all, to);
	free_rows(&all);
	if (!ok)
		return false;
	to->name = flame_pool_add(&b->pool, pd_doc_string(b->s->doc, pd_series_name(b->s->doc, series)));
	for (unsigned c = 0; c < columns; c++) {
		struct pd_value_type t;

		pd_series_value_type(b->s->doc, series, c, &t);
		to->type[c] = flame_pool_add(&b->pool, pd_doc_string(b->s->doc, t.type));
		to->unit[c] = flame_pool_add(&b->pool, pd_doc_string(b->s->doc, t.unit));
	}
	return true;
}

/* ---- labels ---- */

/* Numbers the label sets of the rows that are written, in the order they come. */
static bool number_sets(struct flame_block *b)
{
	uint32_t n = pd_doc_label_sets(b->s->doc) + 1;

	b->set_id = calloc(n + 1, sizeof *b->set_id);
	b->set = calloc(n + 1, sizeof *b->set);
	if (!b->set_id || !b->set)
		return false;
	b->n_sets = 1; /* the empty one */
	for (unsigned s = 0; s < b->n_series; s++)
		for (size_t i = 0; i < b->rows[s].n; i++) {
			uint32_t set = b->rows[s].labels[i];

			if (!set || b->set_id[set])
				continue;
			b->set_id[set] = b->n_sets;
			b->set[b->n_sets++] = set;
		}
	return true;
}

static bool collect_labels(struct flame_block *b)
{
	const struct pd_doc *doc = b->s->doc;

	if (!number_sets(b))
		return false;
	b->label = label_table(b, b->set, b->n_sets, &b->n_labels);
	if (!b->label)
		return false;
	for (size_t i = 0; i < b->n_labels; i++) {
		struct flame_label *f = &b->label[i];

		f->key = flame_pool_add(&b->pool, pd_doc_string(doc, f->label.key));
		f->str = f->label.kind == PD_LABEL_STR ? flame_pool_add(&b->pool, pd_doc_string(doc, f->label.str)) : 0;
		f->unit = f->label.kind == PD_LABEL_NUM ? flame_pool_add(&b->pool, pd_doc_string(doc, f->label.unit)) : 0;
	}
	return true;
}

bool flame_rows_collect(struct flame_block *b)
{
	decide(b);
	b->n_series = pd_doc_series(b->s->doc);
	b->rows = calloc((size_t)b->n_series + 1, sizeof *b->rows);
	if (!b->rows)
		return false;
	if (b->labels && !rank_sets(b))
		return false;
	for (unsigned i = 0; i < b->n_series; i++)
		if (!collect_series(b, i))
			return false;
	return collect_labels(b);
}

void flame_rows_release(struct flame_block *b)
{
	for (unsigned i = 0; b->rows && i < b->n_series; i++)
		free_rows(&b->rows[i]);
	free(b->rows);
	free(b->set_rank);
	free(b->set_id);
	free(b->set);
	free(b->label);
}

/* ---- writing ---- */

static void put_label_column(const struct flame_block *b, struct pd_out *out, const char *key, char which)
{
	struct flame_list l = { .out = out };

	pd_out_printf(out, "\"%s\":[", key);
	for (size_t i = 0; i < b->n_labels; i++) {
		const struct flame_label *f = &b->label[i];

		if (which == 'n' && f->label.kind == PD_LABEL_STR) {
			pd_out_puts(out, l.any ? ",null" : "null");
			l.any = true;
		} else {
			flame_list_i64(&l, which == 'n' ? f->label.num : (int64_t)flame_pool_id(&b->pool, which == 'k' ? f->key : which == 's' ? f->str : f->unit));
		}
	}
	out_byte(out, ']');
}

static void put_labels(const struct flame_block *b, struct pd_out *out)
{
	pd_out_puts(out, ",\n\"labels\":{");
	put_label_column(b, out, "key", 'k');
	out_byte(out, ',');
	put_label_column(b, out, "str", 's');
	out_byte(out, ',');
	put_label_column(b, out, "num", 'n');
	out_byte(out, ',');
	put_label_column(b, out, "unit", 'u');
	pd_out_puts(out, "},\n\"label_sets\":[[]");
	for (uint32_t i = 1; i < b->n_sets; i++) {
		const struct pd_label *l;
		size_t n = pd_doc_labels(b->s->doc, (pd_labels){ b->set[i] }, &l);
		struct flame_list list = { .out = out };

		pd_out_puts(out, ",[");
		for (size_t k = 0; k < n; k++) {
			struct flame_label want = label_of(b, &l[k]);
			const struct flame_label *at = bsearch(&want, b->label, b->n_labels, sizeof *b->label, by_label);

			flame_list_i64(&list, at - b->label);
		}
		out_byte(out, ']');
	}
	out_byte(out, ']');
}

static void put_times(const struct flame_rows *r, struct pd_out *out)
{
	struct flame_list l = { .out = out };
	int64_t last = 0;

	pd_out_puts(out, ",\n\"time\":[");
	for (size_t i = 0; i < r->n; i++) {
		if (r->time[i] == PD_NO_TIME) {
			pd_out_puts(out, l.any ? ",null" : "null");
			l.any = true;
			continue;
		}
		flame_list_i64(&l, (int64_t)((uint64_t)r->time[i] - (uint64_t)last)); /* modulo 2^64, as the reader adds */
		last = r->time[i];
	}
	out_byte(out, ']');
}

static void put_rows(const struct flame_block *b, const struct flame_rows *r, struct pd_out *out)
{
	struct flame_list l = { .out = out };
	int64_t last = 0;

	pd_out_printf(out, "\"rows\":{\"n\":%zu,\n\"node\":[", r->n);
	for (size_t i = 0; i < r->n; i++) {
		flame_list_i64(&l, (int64_t)r->node[i] - last);
		last = r->node[i];
	}
	out_byte(out, ']');
	if (b->n_sets > 1) {
		l.any = false;
		pd_out_puts(out, ",\n\"labels\":[");
		for (size_t i = 0; i < r->n; i++)
			flame_list_i64(&l, b->set_id[r->labels[i]]);
		out_byte(out, ']');
	}
	if (r->time)
		put_times(r, out);
	pd_out_puts(out, ",\n\"values\":[");
	for (unsigned c = 0; c < r->columns; c++) {
		l.any = false;
		pd_out_puts(out, c ? ",\n[" : "[");
		for (size_t i = 0; i < r->n; i++)
			flame_list_i64(&l, r->value[c][i]);
		out_byte(out, ']');
	}
	pd_out_puts(out, "]}");
}

void flame_rows_write(const struct flame_block *b, struct pd_out *out)
{
	if (b->n_sets > 1)
		put_labels(b, out);
	pd_out_puts(out, ",\n\"series\":[");
	for (unsigned s = 0; s < b->n_series; s++) {
		const struct flame_rows *r = &b->rows[s];

		pd_out_printf(out, "%s{\"name\":%u,\"types\":[", s ? ",\n" : "", flame_pool_id(&b->pool, r->name));
		for (unsigned c = 0; c < r->columns; c++) {
			struct pd_value_type t;

			pd_series_value_type(b->s->doc, s, c, &t);
			pd_out_printf(out, "%s{\"type\":%u,\"unit\":%u,\"decimals\":%u}", c ? "," : "", flame_pool_id(&b->pool, r->type[c]), flame_pool_id(&b->pool, r->unit[c]), t.decimals);
		}
		pd_out_puts(out, "],");
		put_rows(b, r, out);
		out_byte(out, '}');
	}
	out_byte(out, ']');
}

/* ---- values of the root label ---- */

/* Does a label set bring a frame of its own? */
static bool has_root(const struct pd_doc *doc, uint32_t set)
{
	pd_str key = pd_doc_meta(doc)->root_label;
	const struct pd_label *l;
	size_t n = pd_doc_labels(doc, (pd_labels){ set }, &l);

	for (size_t i = 0; i < n; i++)
		if (l[i].key.v == key.v)
			return true;
	return false;
}

static void mark_roots(const struct flame_block *b, const uint32_t *top, uint8_t *is_root)
{
	const struct pd_doc *doc = b->s->doc;
	struct pd_rows r;
	pd_labels last = { 0 };
	bool rooted = false;

	for (unsigned s = 0; s < b->n_series; s++)
		for (uint64_t at = 0; pd_series_rows(doc, s, at, &r); at += r.n)
			for (size_t i = 0; i < r.n; i++) {
				if (r.labels[i].v != last.v)
					rooted = has_root(doc, r.labels[i].v);
				last = r.labels[i];
				if (rooted)
					is_root[top[pd_calltree_node(b->s->data, r.labels[i], r.stack[i])]] = 1;
			}
}

bool flame_roots_write(const struct flame_block *b, struct pd_out *out)
{
	const struct pd_calltree_nodes *n = b->n;
	struct flame_list l = { .out = out };
	uint32_t *top;
	uint8_t *is_root;

	if (!pd_doc_meta(b->s->doc)->root_label.v)
		return true;
	top = calloc(n->n, sizeof *top);
	is_root = calloc(n->n, 1);
	if (top && is_root) {
		for (uint32_t i = 1; i < n->n; i++)
			top[i] = n->depth[i] == 1 ? i : top[n->parent[i]];
		mark_roots(b, top, is_root);
		pd_out_puts(out, ",\"roots\":[");
		for (uint32_t i = 1; i < n->n; i = n->end[i])
			if (is_root[i] && flame_kept(b, i))
				flame_list_i64(&l, b->node_id[i]);
		out_byte(out, ']');
	}
	free(top);
	free(is_root);
	return top && is_root;
}
