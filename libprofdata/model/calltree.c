/*
 * Call trees. Nodes are made while walking stacks, parents first; every node
 * keeps its first child beside it, so that chains (most of any tree) are walked
 * and made without hashing. A stack is walked once: its node is remembered.
 * In the end siblings are ordered and everything is laid out depth first.
 */
#include "model/calltree.h"

#include "base/multikey.h"

#define CT_NODE_BYTES 96 /* of memory per node while a tree is laid out */

struct ct_node {
	uint32_t parent, name, first; /* first: child made first, 0 none */
	uint8_t flags;
	bool more;                    /* further children are in `children` */
};

struct pd_calltree {
	struct pd_doc *doc;
	struct ct_names names;
	struct pd_calltree_nodes nodes;
	uint32_t *parent, *depth, *end, *frame;
	int64_t *self, *total, *weight;
	uint8_t *flags;
	uint32_t *of_stack, *root_of; /* all_types: see struct ct_build; nodes by their place */
	struct ct_map of_rooted;
	uint32_t *of_row;             /* in_order: node of every row of the series */
};

struct ct_build {
	const struct pd_doc *doc;
	struct ct_names *names;
	const struct pd_calltree_opts *opts;
	struct pd_error *err;
	uint64_t key;
	uint32_t max_nodes;         /* without the root */
	PD_VEC(struct ct_node) node;
	PD_VEC(int64_t) self;
	PD_VEC(int64_t) gross;      /* self of absolute values, once something is negative */
	struct ct_map children;     /* parent << 32 | name → node */
	uint32_t *of_stack;         /* stack → node, while there is no root label */
	struct ct_map of_rooted;    /* root name << 32 | stack → node */
	PD_VEC(uint32_t) climb;     /* stacks between a known one and the one asked for */
	PD_VEC(uint32_t) path;      /* in_order: nodes of the row before */
	uint32_t *root_of;          /* label set → name of the root frame, 0 none */
	uint32_t *of_row;           /* in_order: row of the series → node */
	uint64_t n_rows;
	bool negative, failed;
};

static bool fail(struct ct_build *b, enum pd_status status, const char *text)
{
	if (!b->failed)
		pd_error_set(b->err, status, "%s", text);
	b->failed = true;
	return false;
}

static bool no_memory(struct ct_build *b) { return fail(b, PD_ERR_NOMEM, "out of memory while building the call tree"); }

/* ---- nodes ---- */

/* A new child of `parent`; 0 on failure. */
static uint32_t add_node(struct ct_build *b, uint32_t parent, uint32_t entry)
{
	if (b->node.n > b->max_nodes) {
		if (!b->failed)
			pd_error_set(b->err, PD_ERR_LIMIT, "the call tree has more than %u nodes, more than memory is meant for", b->max_nodes);
		b->failed = true;
		return 0;
	}
	if (!pd_vec_push(&b->node, ((struct ct_node){ parent, entry & CT_KEY_MASK, 0, (uint8_t)(entry >> CT_KEY_BITS), false })) ||
	    !pd_vec_push(&b->self, 0) || (b->negative && !pd_vec_push(&b->gross, 0))) {
		no_memory(b);
		return 0;
	}
	return (uint32_t)b->node.n - 1;
}

/* Flags of a node hold for everything merged into it: inlined only if always, the others if ever. */
static void merge_flags(struct ct_node *n, uint32_t entry)
{
	uint8_t f = (uint8_t)(entry >> CT_KEY_BITS);

	n->flags = (uint8_t)(((n->flags | f) & ~PD_CALLTREE_INLINED) | (n->flags & f & PD_CALLTREE_INLINED));
}

/* The child of `parent` for an entry (name and flags), made when absent. 0 on failure. */
static uint32_t child(struct ct_build *b, uint32_t parent, uint32_t entry)
{
	uint32_t first = b->node.v[parent].first, id, *place;

	if (!first) {
		if ((id = add_node(b, parent, entry)))
			b->node.v[parent].first = id;
		return id;
	}
	if (b->node.v[first].name == (entry & CT_KEY_MASK)) {
		merge_flags(&b->node.v[first], entry);
		return first;
	}
	place = ct_map_at(&b->children, b->key, (uint64_t)parent << 32 | (entry & CT_KEY_MASK));
	if (!place) {
		no_memory(b);
		return 0;
	}
	if (*place)
		merge_flags(&b->node.v[*place], entry);
	else
		*place = add_node(b, parent, entry);
	return *place;
}

/* ---- from a stack to its node ---- */

static const uint32_t *run_of(const struct ct_build *b, uint32_t stack, uint32_t *n)
{
	const struct pd_stack_row *s = &b->doc->t.stack.v[stack];

	*n = pd_run_length(s);
	return b->doc->t.run.v + s->first;
}

static uint32_t *known(struct ct_build *b, uint32_t root, uint32_t stack)
{
	uint32_t *place;

	if (!root)
		return &b->of_stack[stack];
	place = ct_map_at(&b->of_rooted, b->key, (uint64_t)root << 32 | stack);
	if (!place)
		no_memory(b);
	return place;
}

/* Adds the frames of one stack node below `at`. */
static uint32_t push_run(struct ct_build *b, uint32_t at, uint32_t stack)
{
	uint32_t n;
	const uint32_t *run = run_of(b, stack, &n);

	for (uint32_t i = 0; i < n; i++)
		for (uint32_t e = b->names->first[run[i]]; e < b->names->first[run[i] + 1]; e++)
			if (!(at = child(b, at, b->names->entry.v[e])))
				return 0;
	return at;
}

/*
 * Node of a stack under a root name (0: none). Nodes are numbered from 1, and
 * the empty stack without a root label is the root itself. False on failure.
 */
static bool node_of(struct ct_build *b, uint32_t root, uint32_t stack, uint32_t *out)
{
	uint32_t at = 0, s, *place;

	b->climb.n = 0;
	for (s = stack; s; s = b->doc->t.stack.v[s].parent) {
		if (!(place = known(b, root, s)))
			return false;
		if (*place) {
			at = *place;
			break;
		}
		if (!pd_vec_push(&b->climb, s))
			return no_memory(b);
	}
	if (!s && root && !(at = child(b, 0, root)))
		return false;
	if (!stack && root) {
		if (!(place = known(b, root, stack)))
			return false;
		*place = at;
	}
	while (b->climb.n) {
		s = b->climb.v[--b->climb.n];
		if (!(at = push_run(b, at, s)) || !(place = known(b, root, s)))
			return false;
		*place = at;
	}
	*out = at;
	return true;
}

/* The same from the leaf; the root name comes last. */
static bool reversed_node_of(struct ct_build *b, uint32_t root, uint32_t stack, uint32_t *out)
{
	uint32_t at = 0, *place = known(b, root, stack);

	if (b->failed)
		return false;
	if (*place) {
		*out = *place;
		return true;
	}
	for (uint32_t s = stack; s; s = b->doc->t.stack.v[s].parent) {
		uint32_t n;
		const uint32_t *run = run_of(b, s, &n);

		while (n-- > 0)
			for (uint32_t e = b->names->first[run[n] + 1]; e-- > b->names->first[run[n]];)
				if (!(at = child(b, at, b->names->entry.v[e])))
					return false;
	}
	if (root && !(at = child(b, at, root)))
		return false;
	*place = at; /* still valid: the map has not been touched since */
	*out = at;
	return true;
}

/* ---- values ---- */

/* From the first negative value on, absolute sums are kept beside the plain ones. */
static bool start_gross(struct ct_build *b)
{
	b->negative = true;
	if (!pd_vec_reserve(&b->gross, b->self.n))
		return no_memory(b);
	memcpy(b->gross.v, b->self.v, b->self.n * sizeof *b->self.v);
	b->gross.n = b->self.n;
	return true;
}

static bool add_value(struct ct_build *b, uint32_t node, int64_t v)
{
	int64_t magnitude = v;

	if (v < 0 && !b->negative && !start_gross(b))
		return false;
	if (v < 0 && pd_sub_overflow((int64_t)0, v, &magnitude))
		return fail(b, PD_ERR_LIMIT, "a sum of values does not fit 64 bits");
	if (pd_add_overflow(b->self.v[node], v, &b->self.v[node]) ||
	    (b->negative && pd_add_overflow(b->gross.v[node], magnitude, &b->gross.v[node])))
		return fail(b, PD_ERR_LIMIT, "a sum of values does not fit 64 bits");
	return true;
}

/* ---- root labels ---- */

/* The name a label set puts on top of its stacks. */
static uint32_t root_of_set(struct ct_build *b, uint32_t set, pd_str key)
{
	const struct pd_label_set_row *row = &b->doc->t.set.v[set];

	for (uint32_t i = 0; i < row->n; i++) {
		const struct pd_label *l = &b->doc->t.label.v[row->first + i];
		char text[24];
		uint32_t id;

		if (l->key.v != key.v)
			continue;
		if (l->kind == PD_LABEL_STR)
			id = b->doc->t.strings.row.v[l->str.v].n ? ct_name_of_string(b->names, l->str) : ct_name_of_text(b->names, "[unnamed]", 9);
		else
			id = ct_name_of_text(b->names, text, (size_t)snprintf(text, sizeof text, "%lld", (long long)l->num));
		if (!id)
			no_memory(b);
		return id;
	}
	return 0;
}

static bool find_roots(struct ct_build *b)
{
	pd_str key = b->doc->meta.root_label;

	if (!b->opts->root_label || !key.v)
		return true;
	b->root_of = calloc(b->doc->t.set.n + 1, sizeof *b->root_of);
	if (!b->root_of)
		return no_memory(b);
	for (uint32_t i = 1; i < b->doc->t.set.n; i++)
		b->root_of[i] = root_of_set(b, i, key);
	return !b->failed;
}

/* ---- rows ---- */

#define NO_COLUMN PD_MAX_VALUES /* of a series that only brings nodes */

static bool any_value(const struct pd_rows *r, size_t i, unsigned columns)
{
	for (unsigned c = 0; c < columns; c++)
		if (r->value[c][i])
			return true;
	return false;
}

static bool add_rows(struct ct_build *b, unsigned series, unsigned column)
{
	struct pd_rows r;
	unsigned columns = b->opts->all_types ? pd_series_values(b->doc, series) : 0;

	for (uint64_t at = 0; pd_series_rows(b->doc, series, at, &r); at += r.n)
		for (size_t i = 0; i < r.n; i++) {
			uint32_t node, root = b->root_of ? b->root_of[r.labels[i].v] : 0;
			int64_t v = column == NO_COLUMN ? 0 : r.value[column][i];
			bool ok;

			if (!v && !any_value(&r, i, columns))
				continue;
			ok = b->opts->reverse ? reversed_node_of(b, root, r.stack[i].v, &node) : node_of(b, root, r.stack[i].v, &node);
			if (!ok || !add_value(b, node, v))
				return false;
		}
	return true;
}

/* Nodes of the rows of all other series. */
static bool add_others(struct ct_build *b, unsigned series)
{
	for (unsigned i = 0; b->opts->all_types && i < pd_doc_series(b->doc); i++)
		if (i != series && !add_rows(b, i, NO_COLUMN))
			return false;
	return true;
}

struct timed_row {
	int64_t time, value;
	uint64_t row;
	uint32_t thread, stack, root;
};

static int by_time(const void *pa, const void *pb)
{
	const struct timed_row *a = pa, *b = pb;

	if (a->thread != b->thread)
		return a->thread < b->thread ? -1 : 1;
	if (a->time != b->time)
		return a->time < b->time ? -1 : 1;
	return a->row < b->row ? -1 : a->row > b->row;
}

/* One entry of the path of a flame chart: goes on with the box of the row before, or starts a new one. */
static bool step(struct ct_build *b, size_t *level, bool *joined, uint32_t *at, uint32_t entry)
{
	if (*joined && *level < b->path.n && b->node.v[b->path.v[*level]].name == (entry & CT_KEY_MASK)) {
		*at = b->path.v[*level];
		merge_flags(&b->node.v[*at], entry);
	} else {
		*joined = false;
		b->path.n = *level;
		if (!(*at = add_node(b, *at, entry)))
			return false;
		if (!pd_vec_push(&b->path, *at))
			return no_memory(b);
	}
	(*level)++;
	return true;
}

static bool chart_row(struct ct_build *b, const struct timed_row *r, bool joined)
{
	size_t level = 0;
	uint32_t at = 0;

	b->climb.n = 0;
	for (uint32_t s = r->stack; s; s = b->doc->t.stack.v[s].parent)
		if (!pd_vec_push(&b->climb, s))
			return no_memory(b);
	if (r->root && !step(b, &level, &joined, &at, r->root))
		return false;
	while (b->climb.n) {
		uint32_t n;
		const uint32_t *run = run_of(b, b->climb.v[--b->climb.n], &n);

		for (uint32_t i = 0; i < n; i++)
			for (uint32_t e = b->names->first[run[i]]; e < b->names->first[run[i] + 1]; e++)
				if (!step(b, &level, &joined, &at, b->names->entry.v[e]))
					return false;
	}
	b->path.n = level;
	b->of_row[r->row] = at;
	return add_value(b, at, r->value);
}

/* Threads in the order their rows come first: 0, no thread, is before all others. */
static uint32_t rank_of(uint32_t *rank, uint32_t *ranks, uint32_t thread)
{
	if (thread && !rank[thread])
		rank[thread] = ++*ranks;
	return rank[thread];
}

/* Flame charts: rows in time order, one thread after another; those without a time first. */
static bool add_rows_in_order(struct ct_build *b, unsigned series, unsigned column)
{
	struct pd_times *times = pd_times_new(b->doc, NULL);
	uint32_t *rank = calloc((size_t)pd_doc_threads(b->doc) + 1, sizeof *rank), ranks = 0;
	PD_VEC(struct timed_row) rows = { 0 };
	struct pd_rows r;
	bool ok;

	b->n_rows = pd_series_count(b->doc, series);
	b->of_row = calloc((size_t)b->n_rows + 1, sizeof *b->of_row);
	ok = (times && rank && b->of_row) || no_memory(b);
	for (uint64_t at = 0; ok && pd_series_rows(b->doc, series, at, &r); at += r.n) {
		if (!pd_vec_reserve(&rows, r.n)) {
			ok = no_memory(b);
			break;
		}
		for (size_t i = 0; i < r.n; i++)
			if (r.value[column][i])
				rows.v[rows.n++] = (struct timed_row){ pd_times_at(times, series, &r, i), r.value[column][i], at + i,
					rank_of(rank, &ranks, b->doc->t.set.n ? b->doc->t.set.v[r.labels[i].v].thread : 0), r.stack[i].v,
					b->root_of ? b->root_of[r.labels[i].v] : 0 };
	}
	if (ok && rows.n)
		qsort(rows.v, rows.n, sizeof *rows.v, by_time);
	for (size_t i = 0; ok && i < rows.n; i++)
		ok = chart_row(b, &rows.v[i], i && rows.v[i].thread == rows.v[i - 1].thread);
	pd_vec_release(&rows);
	pd_times_free(times);
	free(rank);
	return ok;
}

/* ---- layout ---- */

/* Totals from the leaves up: children have greater numbers than parents. */
static bool sum_up(struct ct_build *b, int64_t *v)
{
	for (size_t i = b->node.n; i-- > 1;)
		if (pd_add_overflow(v[b->node.v[i].parent], v[i], &v[b->node.v[i].parent]))
			return fail(b, PD_ERR_LIMIT, "a sum of values does not fit 64 bits");
	return true;
}

static struct pd_span name_of(const void *ctx, uint32_t id)
{
	const struct pd_calltree_frame *row = ctx;

	return row[id].name;
}

/* Place of every name in the order of their bytes; NULL when out of memory. */
static uint32_t *rank_names(const struct ct_build *b)
{
	size_t n = b->names->row.n;
	struct pd_multikey_item *item = malloc(n * sizeof *item);
	uint32_t *rank = malloc(n * sizeof *rank);

	for (size_t i = 1; item && i < n; i++)
		item[i].id = (uint32_t)i;
	if (rank && item && pd_multikey_sort_texts(item + 1, n - 1, name_of, b->names->row.v)) {
		rank[0] = 0;
		for (size_t i = 1; i < n; i++)
			rank[item[i].id] = (uint32_t)i;
	} else {
		free(rank);
		rank = NULL;
	}
	free(item);
	return rank;
}

struct sibling {
	int64_t weight; /* 0 when weights do not matter */
	uint32_t rank, node;
};

static int by_order(const void *pa, const void *pb)
{
	const struct sibling *a = pa, *b = pb;

	if (a->weight != b->weight)
		return a->weight > b->weight ? -1 : 1;
	return a->rank < b->rank ? -1 : a->rank > b->rank;
}

/* Orders the children of one parent; most parents have one, so this beats sorting all nodes. */
static void order_siblings(struct sibling *tmp, uint32_t *kid, size_t n, const struct ct_build *b, const uint32_t *rank, const int64_t *weight)
{
	for (size_t i = 0; i < n; i++)
		tmp[i] = (struct sibling){ weight ? weight[kid[i]] : 0, rank[b->node.v[kid[i]].name], kid[i] };
	if (n <= 8) {
		for (size_t i = 1; i < n; i++)
			for (size_t k = i; k && by_order(&tmp[k], &tmp[k - 1]) < 0; k--) {
				struct sibling s = tmp[k];

				tmp[k] = tmp[k - 1];
				tmp[k - 1] = s;
			}
	} else {
		qsort(tmp, n, sizeof *tmp, by_order);
	}
	for (size_t i = 0; i < n; i++)
		kid[i] = tmp[i].node;
}

/* Children of all nodes, parent after parent: those of i end at first[i] and begin where those of i - 1 end. */
static uint32_t group_children(const struct ct_build *b, uint32_t *first, uint32_t *kids)
{
	size_t n = b->node.n;
	uint32_t most = 0;

	for (size_t i = 1; i < n; i++)
		first[b->node.v[i].parent + 1]++;
	for (size_t i = 0; i < n; i++) {
		if (first[i + 1] > most)
			most = first[i + 1];
		first[i + 1] += first[i];
	}
	for (size_t i = 1; i < n; i++)
		kids[first[b->node.v[i].parent]++] = (uint32_t)i;
	return most;
}

/*
 * Depth-first positions: sizes from the leaves up, then each parent hands out
 * places to its children in their order, parents before children.
 */
static bool positions(const struct ct_build *b, const int64_t *weight, uint32_t *pos, uint32_t *size)
{
	size_t n = b->node.n;
	bool sorted = !b->opts->in_order && b->opts->sort != PD_CALLTREE_BY_ROW;
	uint32_t *first = calloc(n + 1, sizeof *first), *kids = malloc(n * sizeof *kids), *rank = sorted ? rank_names(b) : NULL;
	struct sibling *tmp = NULL;
	bool ok = first && kids && (rank || !sorted);

	if (ok) {
		uint32_t most = group_children(b, first, kids);

		tmp = malloc(((size_t)most + 1) * sizeof *tmp);
		ok = tmp;
	}
	for (size_t i = 0; ok && i < n; i++)
		size[i] = 1;
	for (size_t i = n; ok && i-- > 1;)
		size[b->node.v[i].parent] += size[i];
	if (ok)
		pos[0] = 0;
	for (size_t i = 0, k = 0; ok && i < n; i++) {
		uint32_t next = pos[i] + 1;

		if (sorted && first[i] - k > 1)
			order_siblings(tmp, kids + k, first[i] - k, b, rank, b->opts->sort == PD_CALLTREE_BY_WEIGHT ? weight : NULL);
		for (; k < first[i]; k++) {
			pos[kids[k]] = next;
			next += size[kids[k]];
		}
	}
	free(first);
	free(kids);
	free(rank);
	free(tmp);
	return ok;
}

static void fill(struct pd_calltree *t, const struct ct_build *b, const uint32_t *pos, const uint32_t *size, const int64_t *self)
{
	for (size_t i = 0; i < b->node.n; i++) {
		const struct ct_node *n = &b->node.v[i];
		uint32_t p = pos[i];

		t->parent[p] = pos[n->parent];
		t->end[p] = p + size[i];
		t->frame[p] = n->name;
		t->flags[p] = n->flags;
		t->self[p] = self[i];
		t->total[p] = b->self.v[i];
		t->weight[p] = b->negative ? b->gross.v[i] : b->self.v[i];
	}
	for (size_t p = 1; p < b->node.n; p++) {
		t->depth[p] = t->depth[t->parent[p]] + 1;
		if (t->depth[p] > t->nodes.max_depth)
			t->nodes.max_depth = t->depth[p];
	}
}

static bool arrays(struct pd_calltree *t, size_t n)
{
	t->parent = calloc(n, sizeof *t->parent);
	t->depth = calloc(n, sizeof *t->depth);
	t->end = calloc(n, sizeof *t->end);
	t->frame = calloc(n, sizeof *t->frame);
	t->self = calloc(n, sizeof *t->self);
	t->total = calloc(n, sizeof *t->total);
	t->weight = calloc(n, sizeof *t->weight);
	t->flags = calloc(n, 1);
	return t->parent && t->depth && t->end && t->frame && t->self && t->total && t->weight && t->flags;
}

/* Keeps the way from stacks to nodes, which have got their places. */
static void keep_stacks(struct pd_calltree *t, struct ct_build *b, const uint32_t *pos)
{
	for (size_t i = 0; i <= b->doc->t.stack.n; i++)
		b->of_stack[i] = pos[b->of_stack[i]];
	for (size_t i = 0; b->of_rooted.slot && i <= b->of_rooted.mask; i++)
		b->of_rooted.slot[i].value = pos[b->of_rooted.slot[i].value];
	t->of_stack = b->of_stack;
	t->of_rooted = b->of_rooted;
	t->root_of = b->root_of;
	b->of_stack = b->root_of = NULL;
	b->of_rooted = (struct ct_map){ 0 };
}

static void keep_rows(struct pd_calltree *t, struct ct_build *b, const uint32_t *pos)
{
	for (uint64_t i = 0; i < b->n_rows; i++)
		b->of_row[i] = pos[b->of_row[i]];
	t->of_row = b->of_row;
	b->of_row = NULL;
}

static bool lay_out(struct pd_calltree *t, struct ct_build *b)
{
	size_t n = b->node.n;
	int64_t *self = malloc(n * sizeof *self);
	uint32_t *pos = malloc(n * sizeof *pos), *size = malloc(n * sizeof *size);
	bool ok = self && pos && size && arrays(t, n);

	if (ok) {
		memcpy(self, b->self.v, n * sizeof *self);
		ok = sum_up(b, b->self.v) && (!b->negative || sum_up(b, b->gross.v));
	}
	if (ok && positions(b, b->negative ? b->gross.v : b->self.v, pos, size))
		fill(t, b, pos, size, self);
	else
		no_memory(b);
	if (!b->failed && b->opts->all_types)
		keep_stacks(t, b, pos);
	if (!b->failed && b->of_row)
		keep_rows(t, b, pos);
	free(self);
	free(pos);
	free(size);
	return !b->failed;
}

/* ---- public ---- */

static void build_release(struct ct_build *b)
{
	pd_vec_release(&b->node);
	pd_vec_release(&b->self);
	pd_vec_release(&b->gross);
	pd_vec_release(&b->climb);
	pd_vec_release(&b->path);
	ct_map_release(&b->children);
	ct_map_release(&b->of_rooted);
	free(b->of_stack);
	free(b->root_of);
	free(b->of_row);
}

/* Stacks of a few bytes may share frames of many lines: the tree outgrows its document, so it has a limit of its own. */
static uint32_t most_nodes(const struct pd_calltree_opts *opts)
{
	struct pd_limits limits = { 0 };
	uint64_t n;

	if (opts->max_nodes)
		return opts->max_nodes < UINT32_MAX - 2 ? opts->max_nodes : UINT32_MAX - 2;
	pd_limits_fill(&limits);
	n = limits.max_memory / CT_NODE_BYTES;
	return n < UINT32_MAX - 2 ? (uint32_t)n : UINT32_MAX - 2;
}

static bool build(struct pd_calltree *t, struct ct_build *b)
{
	struct pd_sample_type type;

	b->max_nodes = most_nodes(b->opts);
	pd_doc_sample_type(b->doc, b->opts->sample_type, &type);
	if (!ct_names_init(b->names, b->doc, b->opts->granularity))
		return no_memory(b);
	b->of_stack = calloc(b->doc->t.stack.n + 1, sizeof *b->of_stack);
	if (!b->of_stack || !pd_vec_push(&b->node, (struct ct_node){ 0 }) || !pd_vec_push(&b->self, 0))
		return no_memory(b);
	if (!find_roots(b))
		return false;
	if (!(b->opts->in_order ? add_rows_in_order(b, type.series, type.column) : add_rows(b, type.series, type.column) && add_others(b, type.series)))
		return false;
	return lay_out(t, b);
}

struct pd_calltree *pd_calltree_new(const struct pd_doc *doc, const struct pd_calltree_opts *opts, struct pd_error *err)
{
	struct pd_calltree *t;
	struct ct_build b = { .doc = doc, .opts = opts, .err = err, .key = pd_hash_key() };
	bool ok;

	if (opts->sample_type >= pd_doc_sample_types(doc)) {
		pd_error_set(err, PD_ERR_USAGE, "sample type %u does not exist (the profile has %u)", opts->sample_type, pd_doc_sample_types(doc));
		return NULL;
	}
	if (opts->in_order && opts->all_types) {
		pd_error_set(err, PD_ERR_USAGE, "a chart in time order shows one sample type");
		return NULL;
	}
	if (opts->in_order && opts->reverse) {
		pd_error_set(err, PD_ERR_USAGE, "a chart in time order cannot be merged from the leaf");
		return NULL;
	}
	t = calloc(1, sizeof *t);
	if (!t) {
		no_memory(&b);
		return NULL;
	}
	t->doc = pd_doc_ref(doc);
	b.names = &t->names;
	ok = build(t, &b);
	t->nodes.n = (uint32_t)b.node.n;
	t->nodes.negative = b.negative;
	build_release(&b);
	if (!ok) {
		pd_calltree_free(t);
		return NULL;
	}
	t->nodes.n_frames = (uint32_t)t->names.row.n - 1;
	t->nodes.parent = t->parent;
	t->nodes.depth = t->depth;
	t->nodes.end = t->end;
	t->nodes.frame = t->frame;
	t->nodes.self = t->self;
	t->nodes.total = t->total;
	t->nodes.weight = b.negative ? t->weight : t->total;
	t->nodes.flags = t->flags;
	return t;
}

void pd_calltree_free(struct pd_calltree *t)
{
	if (!t)
		return;
	ct_names_release(&t->names);
	free(t->parent);
	free(t->depth);
	free(t->end);
	free(t->frame);
	free(t->self);
	free(t->total);
	free(t->weight);
	free(t->flags);
	free(t->of_stack);
	free(t->root_of);
	free(t->of_row);
	ct_map_release(&t->of_rooted);
	pd_doc_unref(t->doc);
	free(t);
}

const struct pd_calltree_nodes *pd_calltree_nodes(const struct pd_calltree *t) { return &t->nodes; }

uint32_t pd_calltree_node(const struct pd_calltree *t, pd_labels labels, pd_stack stack)
{
	uint32_t root = t->root_of ? t->root_of[labels.v] : 0;

	if (!t->of_stack)
		return 0;
	if (!root)
		return t->of_stack[stack.v];
	return ct_map_get(&t->of_rooted, t->names.hash_key, (uint64_t)root << 32 | stack.v);
}

uint32_t pd_calltree_node_of_row(const struct pd_calltree *t, uint64_t row) { return t->of_row ? t->of_row[row] : 0; }

void pd_calltree_frame(const struct pd_calltree *t, uint32_t frame, struct pd_calltree_frame *out)
{
	*out = t->names.row.v[frame < t->names.row.n ? frame : 0];
}
