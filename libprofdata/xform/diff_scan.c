/*
 * Own and cumulative sums of functions, and hashes of the stacks. A function
 * counts once per stack, however often it recurs: on the way from the root down
 * to a node all functions are stamped with its number. Nodes that end a path are
 * taken as they lie in memory, because there are many more of them than fit a
 * cache, and those above them are counted on the way.
 */
#include "base/hash.h"
#include "xform/diff.h"

#define CLIMB 12u       /* frames looked at above a frame, on average, from which on a walk down the tree is cheaper */
#define NOTABLE 50      /* recursion of less than this part of a function's value needs no care */
#define LOOK 1024u      /* frames above a place that are looked at for recursion */
#define AHEAD 16u       /* nodes between asking for memory and using it */

/* Is a function among the first `n` frames of a run? */
static bool in_run(const struct diff_unit *u, uint32_t func, uint32_t stack, uint32_t n)
{
	const struct pd_tables *t = &u->doc->t;
	const uint32_t *run = &t->run.v[t->stack.v[stack].first];

	for (uint32_t i = n; i-- > 0;) {
		if (u->only[run[i]] == func)
			return true;
		for (uint32_t k = u->only[run[i]] ? u->first[run[i] + 1] : u->first[run[i]]; k < u->first[run[i] + 1]; k++)
			if (u->func[k] == func)
				return true;
	}
	return false;
}

bool pd_diff_above(const struct diff_unit *u, uint32_t func, uint32_t stack, uint32_t at)
{
	const struct pd_stack_row *row = u->doc->t.stack.v;
	uint32_t looked = at;

	if (in_run(u, func, stack, at))
		return true;
	for (stack = row[stack].parent; stack && looked < LOOK; stack = row[stack].parent) {
		if (in_run(u, func, stack, pd_run_length(&row[stack])))
			return true;
		looked += PD_RUN;
	}
	return false;
}

struct scan {
	const struct diff_unit *u;
	uint32_t *seen;  /* [functions]: last path that has it */
	int64_t *cum;    /* [functions] */
	int64_t *again;  /* value that came through a function once more */
	uint32_t *path;  /* nodes above the one at hand, and itself */
	uint64_t salt, odd[64]; /* factors of the hash */
};

/* A node that was counted: the hash of its path, which the values it is made in the place of leave a bit for. */
#define DONE (UINT64_C(1) << 63)

/* Marks the functions of a node that was counted on another path. It has nodes below, so its run is whole: a loop of known length. */
static inline void stamp(const struct scan *c, const uint32_t *run, uint32_t mark)
{
	const struct diff_unit *u = c->u;
	const uint32_t *only = u->only;
	uint32_t *seen = c->seen, odd = 0;

	for (unsigned i = 0; i < PD_RUN; i++) {
		uint32_t f = only[run[i]];

		seen[f] = mark; /* 0 is no function: nobody asks for its mark */
		odd |= (uint32_t)(f == 0) << i;
	}
	for (; odd; odd &= odd - 1) {
		uint32_t frame = run[__builtin_ctz(odd)];

		for (uint32_t k = u->first[frame]; k < u->first[frame + 1]; k++)
			seen[u->func[k]] = mark;
	}
}

static inline void count(const struct scan *c, uint32_t f, uint32_t mark, int64_t value)
{
	if (pd_unlikely(c->seen[f] == mark)) {
		c->again[f] += value;
		return;
	}
	c->seen[f] = mark;
	c->cum[f] += value;
}

/* A sum of products, which do not wait for each other. */
static inline uint64_t term(const struct scan *c, uint32_t f, uint32_t i) { return (f + c->salt) * c->odd[i & 63]; }

/* Counts the functions of a node, except for mark 0, and hashes them. Returns the innermost function. */
static inline uint32_t visit(const struct scan *c, uint32_t stack, uint32_t mark, uint64_t above, uint64_t *hash)
{
	const struct diff_unit *u = c->u;
	const struct pd_stack_row *row = &u->doc->t.stack.v[stack];
	const uint32_t *run = u->doc->t.run.v + row->first, *end = run + pd_run_length(row), *only = u->only;
	int64_t value = u->below[stack];
	uint32_t n = 0, f = 0;
	uint64_t h = 0;

	for (; run < end; run++) {
		uint32_t alone = only[*run];

		if (pd_likely(alone)) {
			f = alone;
			h += term(c, f, n++);
			if (mark)
				count(c, f, mark, value);
			continue;
		}
		for (uint32_t k = u->first[*run]; k < u->first[*run + 1]; k++) {
			f = u->func[k];
			h += term(c, f, n++);
			if (mark)
				count(c, f, mark, value);
		}
	}
	*hash = pd_hash_u64(above, h, n) | DONE;
	return f ? f : pd_diff_leaf(u, stack);
}

static inline void settle(const struct scan *c, uint32_t stack, uint32_t mark, uint64_t above, const int64_t *own, int64_t *self)
{
	uint64_t hash;
	uint32_t leaf = visit(c, stack, mark, above, &hash);

	c->u->below[stack] = (int64_t)hash;
	if (own[stack])
		self[leaf] += own[stack];
}

/* From the root down to a node: what is new is counted, what was is only marked. */
static inline void scan_path(const struct scan *c, uint32_t stack, uint64_t hash, const int64_t *own, int64_t *self)
{
	const struct pd_tables *t = &c->u->doc->t;
	const int64_t *below = c->u->below;
	uint32_t n = 0;

	for (uint32_t s = stack; s; s = t->stack.v[s].parent)
		c->path[n++] = s;
	while (n) {
		uint32_t s = c->path[--n];

		if (below[s] < 0)
			stamp(c, t->run.v + t->stack.v[s].first, stack);
		else
			settle(c, s, stack, hash, own, self);
		hash = (uint64_t)below[s];
	}
}

static bool scan_init(struct scan *c, const struct pd_diff *d, const struct diff_unit *u)
{
	*c = (struct scan){ .u = u, .salt = pd_hash_u64(d->hash_key, 1, 1), .seen = calloc(d->func.n, sizeof *c->seen), .cum = calloc(d->func.n, sizeof *c->cum),
			    .again = calloc(d->func.n, sizeof *c->again), .path = malloc((u->doc->t.max_depth / PD_RUN + 2) * sizeof *c->path) };
	for (unsigned i = 0; i < 64; i++)
		c->odd[i] = pd_hash_u64(d->hash_key, i, 2) | 1;
	return c->seen && c->cum && c->again && c->path;
}

/* Very deep stacks: marks on the way down and off on the way up. */
static bool walk_down(const struct pd_diff *d, const struct diff_unit *u, struct diff_sums *out)
{
	const struct pd_node_map map = { u->first, u->func, u->only, d->func.n };
	struct pd_error err = { 0 };
	struct pd_stackwalk w;
	bool ok;

	if (pd_stackwalk_init(&w, u->doc, u->series, u->column, false, &err) != PD_OK)
		return false;
	memset(w.value, 0, u->doc->t.stack.n * sizeof *w.value);
	for (size_t s = 1; s < u->doc->t.stack.n; s++)
		w.live[s] = u->below[s] != 0;
	pd_stackwalk_sum(&w); /* for the links */
	memcpy(w.value, u->below, u->doc->t.stack.n * sizeof *w.value);
	ok = pd_stackwalk_cum(&w, &map, out->v[DIFF_TOTAL], NULL);
	pd_stackwalk_release(&w);
	memset(out->recursive, 1, d->func.n); /* not known: asked where it matters */
	return ok;
}

/* Would climbing from every node look at too many frames? */
static bool too_deep(const struct pd_tables *t)
{
	uint64_t climb = 0;

	for (size_t s = 1; s < t->stack.n; s++)
		climb += t->stack.v[s].depth;
	return climb / CLIMB > t->run.n;
}

/* What is needed on the paths of nodes that come later. */
static inline void ask_for(const struct diff_unit *u, uint32_t stack)
{
	const struct pd_stack_row *row = u->doc->t.stack.v;
	const uint32_t *run = u->doc->t.run.v;
	uint32_t far = row[stack - 3 * AHEAD].parent, middle = row[stack - 2 * AHEAD].parent, near = row[row[stack - AHEAD].parent].parent;

	pd_prefetch(&row[far]);
	pd_prefetch(&u->below[far]);
	pd_prefetch(&run[row[stack - 3 * AHEAD].first]);
	pd_prefetch(&run[row[middle].first]);
	pd_prefetch(&run[row[middle].first + PD_RUN - 1]);
	pd_prefetch(&row[row[middle].parent]);
	pd_prefetch(&u->below[row[middle].parent]);
	pd_prefetch(&run[row[near].first]);
	pd_prefetch(&run[row[near].first + PD_RUN - 1]);
}

bool pd_diff_scan(const struct pd_diff *d, const struct diff_unit *u, const int64_t *own, struct diff_sums *out)
{
	const struct pd_tables *t = &u->doc->t;
	int64_t *self = out->v[DIFF_SELF];
	bool deep = too_deep(t);
	struct scan c;
	bool ok = scan_init(&c, d, u) && (!deep || walk_down(d, u, out));

	memset(self, 0, d->func.n * sizeof *self);
	u->below[0] = (int64_t)(d->hash_key | DONE);
	for (uint32_t s = 1; ok && deep && s < t->stack.n; s++)
		if (u->below[s])
			settle(&c, s, 0, (uint64_t)u->below[t->stack.v[s].parent], own, self);
	/* backwards: what has nodes below was on the path of one of them */
	for (uint32_t s = (uint32_t)t->stack.n; ok && !deep && --s > 0;) {
		if (s > 3 * AHEAD)
			ask_for(u, s);
		if (u->below[s] > 0)
			scan_path(&c, s, (uint64_t)u->below[0], own, self);
	}
	for (size_t i = 0; ok && !deep && i < d->func.n; i++) {
		out->v[DIFF_TOTAL][i] = c.cum[i];
		out->recursive[i] = out->recursive[i] || c.again[i] > c.cum[i] / NOTABLE;
	}
	free(c.again);
	free(c.path);
	free(c.seen);
	free(c.cum);
	return ok;
}
