/*
 * Canonical form: equal content gives equal tables and rows in equal order.
 * Strings are ordered by bytes, everything else by the order of what it names;
 * stacks by length in runs, then parent, then run, so that the tree needs one
 * sort per level and no walk. Only what rows use is kept, except mappings.
 */

#include "base/sort.h"
#include <profdata/transform.h>
#include "model/index.h"

#define AHEAD 8u /* items whose rows are fetched in advance */
#define TIES_AHEAD 24u

struct canon {
	const struct pd_doc *doc;
	struct pd_builder *b;
	uint32_t *str, *map, *func, *frame, *stack, *set; /* old id → new id; before that: used marks */
	struct pd_sort_item *item, *tmp;
	size_t room; /* of item and tmp */
	bool relabelled; /* the document is ours and its runs have new ids already */
};

static bool oom(struct canon *c)
{
	pd_builder_fail(c->b, PD_ERR_NOMEM, "out of memory");
	return false;
}

static bool room_for(struct canon *c, size_t n)
{
	if (n <= c->room)
		return true;
	free(c->item);
	free(c->tmp);
	c->item = malloc(n * sizeof *c->item);
	c->tmp = malloc(n * sizeof *c->tmp);
	c->room = c->item && c->tmp ? n : 0;
	return c->room ? true : oom(c);
}

/* ---- what is used ---- */

static void mark_rows(struct canon *c)
{
	for (size_t s = 0; s < c->doc->series.n; s++) {
		const struct pd_series_row *series = &c->doc->series.v[s];

		for (size_t k = 0; k < series->chunk.n; k++) {
			const struct pd_chunk *ch = series->chunk.v[k];

			for (uint32_t i = 0; i < ch->n; i++) {
				c->stack[ch->stack[i].v] = 1;
				c->set[ch->labels[i].v] = 1;
			}
		}
		c->str[series->name.v] = 1;
		for (unsigned v = 0; v < series->n_values; v++)
			c->str[series->type[v].type.v] = c->str[series->type[v].unit.v] = 1;
	}
}

static void mark_tables(struct canon *c)
{
	const struct pd_tables *t = &c->doc->t;

	for (size_t i = t->stack.n; i-- > 1;) {
		if (!c->stack[i])
			continue;
		c->stack[t->stack.v[i].parent] = 1;
		for (uint32_t k = 0, n = pd_run_length(&t->stack.v[i]); k < n; k++)
			c->frame[t->run.v[t->stack.v[i].first + k]] = 1;
	}
	for (size_t i = 1; i < t->frame.n; i++)
		for (uint32_t k = 0; c->frame[i] && k < t->frame.v[i].n_lines; k++)
			c->func[t->line.v[t->frame.v[i].first_line + k].func.v] = 1;
	for (size_t i = 1; i < t->func.n; i++)
		if (c->func[i])
			c->str[t->func.v[i].name.v] = c->str[t->func.v[i].system_name.v] = c->str[t->func.v[i].file.v] = 1;
	for (size_t i = 1; i < t->mapping.n; i++)
		c->str[t->mapping.v[i].file.v] = c->str[t->mapping.v[i].build_id.v] = 1;
	for (size_t i = 1; i < t->set.n; i++) {
		for (uint32_t k = 0; c->set[i] && k < t->set.v[i].n; k++) {
			const struct pd_label *l = &t->label.v[t->set.v[i].first + k];

			c->str[l->key.v] = c->str[l->str.v] = c->str[l->unit.v] = 1;
		}
	}
}

static void mark_header(struct canon *c)
{
	const struct pd_meta *m = &c->doc->meta;
	const pd_str used[] = { m->period_type, m->period_unit, m->default_sample_type, m->doc_url, m->drop_frames, m->keep_frames,
				m->root_label, m->producer };

	for (size_t i = 0; i < PD_ARRAY_LEN(used); i++)
		c->str[used[i].v] = 1;
	for (size_t i = 0; i < c->doc->comment.n; i++)
		c->str[c->doc->comment.v[i].v] = 1;
}

/* ---- sorting what a 64-bit key leaves equal ---- */

typedef int compare_fn(const void *ctx, uint32_t a, uint32_t b);

struct pair_ctx {
	compare_fn *compare;
	const void *ctx;
};

static int compare_items(const void *a, const void *b, void *arg)
{
	const struct pair_ctx *p = arg;

	return p->compare(p->ctx, ((const struct pd_sort_item *)a)->row, ((const struct pd_sort_item *)b)->row);
}

/* Sorts c->item[0..n) by key, then by `compare` where keys are equal. */
static void sort_items(struct canon *c, size_t n, compare_fn *compare)
{
	struct pair_ctx ctx = { compare, c };

	pd_sort_u64(c->item, c->tmp, n);
	for (size_t i = 0; i < n;) {
		size_t end = i + 1;

		while (end < n && c->item[end].key == c->item[i].key)
			end++;
		if (end - i > 1)
			qsort_r(c->item + i, end - i, sizeof *c->item, compare_items, &ctx);
		i = end;
	}
}

/* Collects the used rows with their keys; returns how many. */
static size_t collect(struct canon *c, const uint32_t *used, size_t rows, uint64_t (*key)(const struct canon *, uint32_t))
{
	size_t n = 0;

	if (!room_for(c, rows))
		return 0;
	for (uint32_t i = 1; i < rows; i++)
		if (!used || used[i])
			c->item[n++] = (struct pd_sort_item){ key(c, i), i };
	return n;
}

/* ---- strings ---- */

static uint64_t string_key(const struct canon *c, uint32_t row)
{
	struct pd_span s = c->doc->t.strings.row.v[row];
	uint64_t key = 0;

	for (size_t i = 0; i < 8; i++)
		key = key << 8 | (i < s.n ? (uint8_t)s.p[i] : 0);
	return key;
}

static int string_compare(const void *ctx, uint32_t a, uint32_t b)
{
	const struct canon *c = ctx;
	struct pd_span x = c->doc->t.strings.row.v[a], y = c->doc->t.strings.row.v[b];
	int order = memcmp(x.p, y.p, x.n < y.n ? x.n : y.n);

	return order ? order : (x.n > y.n) - (x.n < y.n);
}

static void sort_strings(struct canon *c)
{
	size_t n = collect(c, c->str, c->doc->t.strings.row.n, string_key);

	sort_items(c, n, string_compare);
	c->str[0] = 0;
	for (size_t i = 0; i < n; i++) {
		struct pd_span s = c->doc->t.strings.row.v[c->item[i].row];

		c->str[c->item[i].row] = pd_intern(c->b, s.p, s.n).v;
	}
}

/* ---- mappings, functions, frames ---- */

#define ORDER(a, b) \
	if ((a) != (b)) \
	return (a) < (b) ? -1 : 1

static uint64_t mapping_key(const struct canon *c, uint32_t row)
{
	const struct pd_mapping_desc *m = &c->doc->t.mapping.v[row];

	return (uint64_t)!(m->flags & PD_MAP_MAIN) << 63 | c->str[m->file.v];
}

static int mapping_compare(const void *ctx, uint32_t a, uint32_t b)
{
	const struct canon *c = ctx;
	const struct pd_mapping_desc *x = &c->doc->t.mapping.v[a], *y = &c->doc->t.mapping.v[b];

	ORDER(c->str[x->build_id.v], c->str[y->build_id.v]);
	ORDER(x->start, y->start);
	ORDER(x->limit, y->limit);
	ORDER(x->offset, y->offset);
	ORDER(x->flags, y->flags);
	return 0;
}

static void sort_mappings(struct canon *c)
{
	size_t n = collect(c, NULL, c->doc->t.mapping.n, mapping_key);

	sort_items(c, n, mapping_compare);
	c->map[0] = 0;
	for (size_t i = 0; i < n; i++) {
		struct pd_mapping_desc m = c->doc->t.mapping.v[c->item[i].row];

		m.file.v = c->str[m.file.v];
		m.build_id.v = c->str[m.build_id.v];
		c->map[c->item[i].row] = pd_mapping_add(c->b, &m).v;
	}
}

static uint64_t func_key(const struct canon *c, uint32_t row)
{
	const struct pd_func_desc *f = &c->doc->t.func.v[row];

	return (uint64_t)c->str[f->name.v] << 32 | c->str[f->file.v];
}

static int func_compare(const void *ctx, uint32_t a, uint32_t b)
{
	const struct canon *c = ctx;
	const struct pd_func_desc *x = &c->doc->t.func.v[a], *y = &c->doc->t.func.v[b];

	ORDER(c->str[x->system_name.v], c->str[y->system_name.v]);
	ORDER(x->start_line, y->start_line);
	return 0;
}

static void sort_funcs(struct canon *c)
{
	size_t n = collect(c, c->func, c->doc->t.func.n, func_key);

	sort_items(c, n, func_compare);
	c->func[0] = 0;
	for (size_t i = 0; i < n; i++) {
		struct pd_func_desc f = c->doc->t.func.v[c->item[i].row];

		f.name.v = c->str[f.name.v];
		f.system_name.v = c->str[f.system_name.v];
		f.file.v = c->str[f.file.v];
		c->func[c->item[i].row] = pd_func_add(c->b, &f).v;
	}
}

static uint64_t frame_key(const struct canon *c, uint32_t row)
{
	return c->doc->t.frame.v[row].address;
}

static int frame_compare(const void *ctx, uint32_t a, uint32_t b)
{
	const struct canon *c = ctx;
	const struct pd_tables *t = &c->doc->t;
	const struct pd_frame_row *x = &t->frame.v[a], *y = &t->frame.v[b];

	ORDER(c->map[x->mapping], c->map[y->mapping]);
	ORDER(x->n_lines, y->n_lines);
	for (uint32_t i = 0; i < x->n_lines; i++) {
		const struct pd_line *p = &t->line.v[x->first_line + i], *q = &t->line.v[y->first_line + i];

		ORDER(c->func[p->func.v], c->func[q->func.v]);
		ORDER(p->line, q->line);
		ORDER(p->column, q->column);
	}
	ORDER(x->flags, y->flags); /* last: formats that cannot say kernel or JIT keep the order */
	return 0;
}

static bool frame_copy(struct canon *c, uint32_t row, struct pd_line **lines, uint32_t *room)
{
	const struct pd_frame_row *f = &c->doc->t.frame.v[row];

	if (f->n_lines > *room) {
		struct pd_line *more = realloc(*lines, f->n_lines * sizeof **lines);

		if (!more)
			return oom(c);
		*lines = more;
		*room = f->n_lines;
	}
	for (uint32_t i = 0; i < f->n_lines; i++) {
		(*lines)[i] = c->doc->t.line.v[f->first_line + i];
		(*lines)[i].func.v = c->func[(*lines)[i].func.v];
	}
	c->frame[row] = pd_frame_add(c->b, &(struct pd_frame_desc){ .mapping = { c->map[f->mapping] }, .address = f->address, .flags = f->flags,
								    .n_lines = f->n_lines, .lines = *lines }).v;
	return true;
}

static void sort_frames(struct canon *c)
{
	size_t n = collect(c, c->frame, c->doc->t.frame.n, frame_key);
	struct pd_line *lines = NULL;
	uint32_t room = 0;

	sort_items(c, n, frame_compare);
	c->frame[0] = 0;
	for (size_t i = 0; i < n && frame_copy(c, c->item[i].row, &lines, &room); i++)
		;
	free(lines);
}

/* ---- stacks ---- */

/* New id of entry `at` of the runs. */
static inline uint32_t frame_at(const struct canon *c, size_t at)
{
	uint32_t frame = c->doc->t.run.v[at];

	return c->relabelled ? frame : c->frame[frame];
}

static void level_prefetch(const struct canon *c, size_t i, size_t n)
{
	const struct pd_tables *t = &c->doc->t;
	const struct pd_stack_row *s;

	if (i + 3 * AHEAD < n)
		pd_prefetch(&t->stack.v[c->item[i + 3 * AHEAD].row]);
	if (i + 2 * AHEAD >= n)
		return;
	s = &t->stack.v[c->item[i + 2 * AHEAD].row];
	pd_prefetch(t->run.v + s->first);
	pd_prefetch(t->run.v + s->first + PD_RUN - 1);
	pd_prefetch(&c->stack[s->parent]);
	pd_prefetch(&c->stack[c->item[i + 2 * AHEAD].row]);
}

/* Frames `at` and `at + 1` of a run as a number; beyond its end 0, so that a run sorts after what it begins with. */
static uint64_t run_key(const struct canon *c, uint32_t row, uint32_t at)
{
	const struct pd_tables *t = &c->doc->t;
	const struct pd_stack_row *s = &t->stack.v[row];
	uint32_t n = pd_run_length(s);

	return (at < n ? (uint64_t)frame_at(c, s->first + at) << 32 : 0) | (at + 1 < n ? frame_at(c, s->first + at + 1) : 0);
}

/* Neighbours with equal keys. */
struct tie {
	uint32_t at, n;
};
struct ties {
	PD_VEC(struct tie) tie;
};

static bool find_ties(struct canon *c, struct tie in, struct ties *out)
{
	uint32_t stop = in.at + in.n;

	for (uint32_t i = in.at; i < stop;) {
		uint32_t end = i + 1;

		while (end < stop && c->item[end].key == c->item[i].key)
			end++;
		if (end - i > 1 && !pd_vec_push(&out->tie, ((struct tie){ i, end - i })))
			return oom(c);
		i = end;
	}
	return true;
}

/* New keys for all ties. They are few and far apart or many and long: a second cursor fetches ahead over both. */
static void rekey_ties(struct canon *c, const struct ties *ties, uint32_t frame)
{
	const struct tie *tie = ties->tie.v;
	size_t t = 0;
	uint32_t k = 0;

	for (size_t i = 0; i < ties->tie.n; i++) {
		for (uint32_t j = 0; j < tie[i].n; j++) {
			uint32_t row = c->item[tie[i].at + j].row;

			for (unsigned ahead = 0; ahead < 2 && t < ties->tie.n; ahead++) { /* twice as fast until it is far enough */
				if (t > i + TIES_AHEAD || (t == i && k > j + TIES_AHEAD))
					break;
				pd_prefetch(&c->doc->t.run.v[c->doc->t.stack.v[c->item[tie[t].at + k].row].first + frame]);
				if (++k == tie[t].n) {
					k = 0;
					t++;
				}
			}
			c->item[tie[i].at + j].key = run_key(c, row, frame);
		}
	}
}

static bool sort_ties(struct canon *c, const struct ties *ties, struct ties *left)
{
	bool ok = true;

	left->tie.n = 0;
	for (size_t i = 0; ok && i < ties->tie.n; i++) {
		pd_sort_u64(c->item + ties->tie.v[i].at, c->tmp, ties->tie.v[i].n);
		ok = find_ties(c, ties->tie.v[i], left);
	}
	return ok;
}

/* By parent and first frame, which are the keys already, by the second, which came along, then by two frames after the other. */
static bool sort_level(struct canon *c, size_t n)
{
	struct ties now = { 0 }, next = { 0 }, swap;
	bool ok;

	pd_sort_u64(c->item, c->tmp, n);
	ok = find_ties(c, (struct tie){ 0, (uint32_t)n }, &next);
	for (uint32_t frame = 0; ok && next.tie.n && frame < PD_RUN; frame += 2) {
		swap = now;
		now = next;
		next = swap;
		if (frame)
			rekey_ties(c, &now, frame);
		for (size_t i = 0; !frame && i < now.tie.n; i++)
			for (uint32_t k = 0; k < now.tie.v[i].n; k++)
				c->item[now.tie.v[i].at + k].key = c->item[now.tie.v[i].at + k].more;
		ok = sort_ties(c, &now, &next);
	}
	pd_vec_release(&now.tie);
	pd_vec_release(&next.tie);
	return ok;
}

/* Equal paths (a filter may leave some) are neighbours now, so no lookup is needed. */
static void level_copy(struct canon *c, size_t n)
{
	const struct pd_tables *t = &c->doc->t;
	uint32_t run[2][PD_RUN], parent = 0, len = 0, id = 0;
	bool turn = false;

	for (size_t i = 0; i < n; i++, turn = !turn) {
		const struct pd_stack_row *s = &t->stack.v[c->item[i].row];
		uint32_t m = pd_run_length(s), p = c->stack[s->parent];

		level_prefetch(c, i, n);
		for (uint32_t k = 0; k < m; k++)
			run[turn][k] = frame_at(c, s->first + k);
		if (!id || p != parent || m != len || memcmp(run[0], run[1], m * sizeof run[0][0]))
			id = pd_stack_append(c->b, p, s->depth, run[turn], m);
		parent = p;
		len = m;
		c->stack[c->item[i].row] = id;
	}
}

/* Rows of one level are found by a counting sort over levels, done once. */
static void sort_stacks(struct canon *c)
{
	const struct pd_tables *t = &c->doc->t;
	size_t levels = ((size_t)t->max_depth + PD_RUN - 1) / PD_RUN, n = t->stack.n;
	size_t *end = calloc(levels + 2, sizeof *end);
	uint32_t *order = malloc(n * sizeof *order);

	if (!end || !order || !room_for(c, n)) {
		oom(c);
		goto out;
	}
	for (size_t i = 1; i < n; i++)
		if (c->stack[i])
			end[(t->stack.v[i].depth + PD_RUN - 1) / PD_RUN + 1]++;
	for (size_t l = 1; l <= levels + 1; l++)
		end[l] += end[l - 1];
	for (uint32_t i = 1; i < n; i++)
		if (c->stack[i])
			order[end[(t->stack.v[i].depth + PD_RUN - 1) / PD_RUN]++] = i;
	/* end[l] is now the end of level l, end[0] = 0 its start for level 1 */
	c->stack[0] = 0;
	for (size_t l = 1; l <= levels; l++) {
		size_t count = end[l] - end[l - 1];

		for (size_t i = 0; i < count; i++) {
			uint32_t row = order[end[l - 1] + i];
			const struct pd_stack_row *s = &t->stack.v[row];

			c->item[i] = (struct pd_sort_item){ (uint64_t)c->stack[s->parent] << 32 | frame_at(c, s->first), row,
							    pd_run_length(s) > 1 ? frame_at(c, s->first + 1) : 0 };
		}
		if (!sort_level(c, count))
			goto out;
		level_copy(c, count);
	}
out:
	free(end);
	free(order);
}

/* ---- label sets ---- */

static uint64_t set_key(const struct canon *c, uint32_t row)
{
	const struct pd_label *l = &c->doc->t.label.v[c->doc->t.set.v[row].first];

	return (uint64_t)c->str[l->key.v] << 32 | c->str[l->str.v];
}

static int set_compare(const void *ctx, uint32_t a, uint32_t b)
{
	const struct canon *c = ctx;
	const struct pd_tables *t = &c->doc->t;
	const struct pd_label_set_row *x = &t->set.v[a], *y = &t->set.v[b];

	for (uint32_t i = 0; i < x->n && i < y->n; i++) {
		const struct pd_label *p = &t->label.v[x->first + i], *q = &t->label.v[y->first + i];

		ORDER(c->str[p->key.v], c->str[q->key.v]);
		ORDER(p->kind, q->kind);
		ORDER(c->str[p->str.v], c->str[q->str.v]);
		ORDER(p->num, q->num);
		ORDER(c->str[p->unit.v], c->str[q->unit.v]);
	}
	ORDER(x->n, y->n);
	return 0;
}

static void sort_sets(struct canon *c)
{
	const struct pd_tables *t = &c->doc->t;
	size_t n = collect(c, c->set, t->set.n, set_key), most = 0;
	struct pd_label *l;

	sort_items(c, n, set_compare);
	c->set[0] = 0;
	for (size_t i = 1; i < t->set.n; i++)
		most = t->set.v[i].n > most ? t->set.v[i].n : most;
	l = malloc((most + 1) * sizeof *l);
	if (!l) {
		oom(c);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		const struct pd_label_set_row *s = &t->set.v[c->item[i].row];

		for (uint32_t k = 0; k < s->n; k++) {
			l[k] = t->label.v[s->first + k];
			l[k].key.v = c->str[l[k].key.v];
			l[k].str.v = c->str[l[k].str.v];
			l[k].unit.v = c->str[l[k].unit.v];
		}
		c->set[c->item[i].row] = pd_labels_of(c->b, l, s->n).v;
	}
	free(l);
}

/* ---- rows ---- */


static const struct pd_chunk *row_at(const struct pd_series_row *s, uint32_t row, uint32_t *at)
{
	*at = row % PD_CHUNK_ROWS;
	return s->chunk.v[row / PD_CHUNK_ROWS];
}

static int row_compare(const void *a, const void *b, void *arg)
{
	const struct pd_series_row *s = arg;
	uint32_t i, k;
	const struct pd_chunk *x = row_at(s, ((const struct pd_sort_item *)a)->row, &i);
	const struct pd_chunk *y = row_at(s, ((const struct pd_sort_item *)b)->row, &k);

	if (s->has_time)
		ORDER(x->time[i], y->time[k]);
	for (unsigned v = 0; v < s->n_values; v++)
		ORDER(x->value[v][i], y->value[v][k]);
	return 0;
}

static void row_prefetch(const struct pd_series_row *s, uint32_t row)
{
	uint32_t at;
	const struct pd_chunk *ch = row_at(s, row, &at);

	for (unsigned v = 0; v < s->n_values; v++)
		pd_prefetch(&ch->value[v][at]);
	if (s->has_time)
		pd_prefetch(&ch->time[at]);
}

/* Equal rows without time add up; rows with times stay single. Rows come sorted. */
static void emit_rows(struct canon *c, unsigned series, const struct pd_series_row *s, size_t n)
{
	int64_t sum[PD_MAX_VALUES];
	bool open = false;
	struct pd_sample p = { 0 };

	for (size_t i = 0; i < n; i++) {
		uint32_t at;
		const struct pd_chunk *ch = row_at(s, c->item[i].row, &at);
		struct pd_sample q = { .stack = { (uint32_t)(c->item[i].key >> 32) }, .labels = { (uint32_t)c->item[i].key } };

		if (i + 2 * AHEAD < n)
			row_prefetch(s, c->item[i + 2 * AHEAD].row);
		q.has_time = s->has_time && ch->time[at] != PD_NO_TIME;
		q.time = q.has_time ? ch->time[at] : 0;
		if (open && !q.has_time && !p.has_time && q.stack.v == p.stack.v && q.labels.v == p.labels.v) {
			for (unsigned v = 0; v < s->n_values; v++)
				if (pd_add_overflow(sum[v], ch->value[v][at], &sum[v]))
					pd_builder_fail(c->b, PD_ERR_LIMIT, "sum of a sample type does not fit into 64 bits");
			continue;
		}
		if (open)
			pd_sample_add(c->b, series, &p, sum);
		for (unsigned v = 0; v < s->n_values; v++)
			sum[v] = ch->value[v][at];
		p = q;
		open = true;
	}
	if (open)
		pd_sample_add(c->b, series, &p, sum);
}

static void sort_rows(struct canon *c, unsigned series)
{
	const struct pd_series_row *s = &c->doc->series.v[series];
	size_t n = 0;

	if (!room_for(c, s->rows))
		return;
	for (size_t k = 0; k < s->chunk.n; k++) {
		const struct pd_chunk *ch = s->chunk.v[k];

		for (uint32_t i = 0; i < ch->n; i++, n++)
			c->item[n] = (struct pd_sort_item){ (uint64_t)c->stack[ch->stack[i].v] << 32 | c->set[ch->labels[i].v], (uint32_t)n };
	}
	pd_sort_u64(c->item, c->tmp, n);
	for (size_t i = 0; i < n;) {
		size_t end = i + 1;

		while (end < n && c->item[end].key == c->item[i].key)
			end++;
		if (end - i > 1 && s->has_time)
			qsort_r(c->item + i, end - i, sizeof *c->item, row_compare, (void *)(uintptr_t)s);
		i = end;
	}
	emit_rows(c, series, s, n);
}

static void copy_series(struct canon *c)
{
	for (unsigned s = 0; s < c->doc->series.n; s++) {
		const struct pd_series_row *series = &c->doc->series.v[s];
		unsigned at = pd_series_add(c->b, (pd_str){ c->str[series->name.v] });

		for (unsigned v = 0; v < series->n_values; v++) {
			struct pd_value_type type = series->type[v];

			type.type.v = c->str[type.type.v];
			type.unit.v = c->str[type.unit.v];
			pd_series_value(c->b, at, &type);
		}
		sort_rows(c, s);
	}
}

static void copy_header(struct canon *c)
{
	struct pd_meta *m = pd_builder_meta(c->b);
	pd_str *const used[] = { &m->period_type, &m->period_unit, &m->default_sample_type, &m->doc_url, &m->drop_frames, &m->keep_frames,
				 &m->root_label, &m->producer };

	*m = c->doc->meta;
	for (size_t i = 0; i < PD_ARRAY_LEN(used); i++)
		used[i]->v = c->str[used[i]->v];
	for (size_t i = 0; i < c->doc->comment.n; i++)
		pd_builder_comment(c->b, (pd_str){ c->str[c->doc->comment.v[i].v] });
	for (size_t i = 0; i < c->doc->note.n; i++)
		pd_builder_take_note(c->b, c->doc->note.v[i].what, c->doc->note.v[i].count, c->doc->note.v[i].example);
}

static bool canon_init(struct canon *c, const struct pd_doc *doc, struct pd_error *err)
{
	const struct pd_tables *t = &doc->t;

	*c = (struct canon){ .doc = doc, .b = pd_builder_new(&pd_no_limits, 0, err) };
	if (!c->b)
		return false;
	c->str = calloc(t->strings.row.n, sizeof *c->str);
	c->map = calloc(t->mapping.n, sizeof *c->map);
	c->func = calloc(t->func.n, sizeof *c->func);
	c->frame = calloc(t->frame.n, sizeof *c->frame);
	c->stack = calloc(t->stack.n, sizeof *c->stack);
	c->set = calloc(t->set.n, sizeof *c->set);
	return c->str && c->map && c->func && c->frame && c->stack && c->set ? true : oom(c);
}

static void canon_release(struct canon *c)
{
	free(c->str);
	free(c->map);
	free(c->func);
	free(c->frame);
	free(c->stack);
	free(c->set);
	free(c->item);
	free(c->tmp);
	pd_builder_free(c->b);
}

/* Runs of our own document get their new ids in one pass: later looks need no detour. */
static void relabel(struct canon *c, struct pd_doc *own)
{
	for (size_t i = 0; i < own->t.run.n; i++)
		own->t.run.v[i] = c->frame[own->t.run.v[i]];
	c->relabelled = true;
}

/* `own` is `doc` when that may be used up, or NULL. */
static struct pd_doc *canonical(const struct pd_doc *doc, struct pd_doc *own, struct pd_error *err)
{
	struct canon c;
	struct pd_doc *out = NULL;
	bool ready = canon_init(&c, doc, err);

	if (!c.b)
		return NULL;
	if (ready) {
		mark_rows(&c);
		mark_tables(&c);
		mark_header(&c);
		sort_strings(&c);
		sort_mappings(&c);
		sort_funcs(&c);
		sort_frames(&c);
		if (own)
			relabel(&c, own);
		sort_stacks(&c);
		if (own)
			pd_vec_release(&own->t.run);
		sort_sets(&c);
		copy_series(&c);
		copy_header(&c);
	}
	out = pd_builder_finish(c.b, err);
	if (out)
		out->canonical = true;
	canon_release(&c);
	return out;
}

struct pd_doc *pd_canonical(const struct pd_doc *doc, struct pd_error *err)
{
	return doc->canonical ? pd_doc_ref(doc) : canonical(doc, NULL, err);
}

struct pd_doc *pd_canonical_own(struct pd_doc *doc, struct pd_error *err)
{
	struct pd_doc *out = canonical(doc, doc, err);

	pd_doc_unref(doc);
	return out;
}
