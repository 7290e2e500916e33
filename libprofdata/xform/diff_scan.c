/*
 * Own and cumulative sums of functions, and hashes of the stacks. A function
 * counts once per stack, however often it recurs: functions above a node are
 * stamped with its number before its own are counted. Nodes are taken as they
 * lie in memory, because there are many more of them than fit a cache.
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

struct hot {
	int64_t cum;
	uint32_t seen; /* last node that has it, or is below one that has */
};

struct scan {
	const struct diff_unit *u;
	struct hot *hot;
	int64_t *again; /* value that came through a function once more */
	uint32_t *func; /* of the node at hand, outermost first */
	uint64_t salt, odd[64]; /* factors of the hash */
};

/* A frame of several functions, or of none. */
static void stamp_frame(const struct scan *c, uint32_t stack, uint32_t frame)
{
	for (uint32_t k = c->u->first[frame]; k < c->u->first[frame + 1]; k++)
		c->hot[c->u->func[k]].seen = stack;
}

/* Marks what is above a node as seen. */
static inline void stamp(const struct scan *c, uint32_t stack, uint32_t above)
{
	const struct pd_stack_row *row = c->u->doc->t.stack.v;
	const uint32_t *all = c->u->doc->t.run.v, *only = c->u->only;
	struct hot *hot = c->hot;

	for (; above; above = row[above].parent) {
		const uint32_t *run = all + row[above].first, *end = run + pd_run_length(&row[above]);

		for (; run < end; run++) {
			uint32_t f = only[*run];

			if (pd_likely(f))
				hot[f].seen = stack;
			else
				stamp_frame(c, stack, *run);
		}
	}
}

static inline uint32_t expand(const struct diff_unit *u, const struct pd_stack_row *row, uint32_t *out)
{
	const uint32_t *run = u->doc->t.run.v + row->first, *end = run + pd_run_length(row), *only = u->only;
	uint32_t n = 0;

	for (; run < end; run++) {
		uint32_t f = only[*run];

		if (pd_likely(f)) {
			out[n++] = f;
			continue;
		}
		for (uint32_t k = u->first[*run]; k < u->first[*run + 1]; k++)
			out[n++] = u->func[k];
	}
	return n;
}

static inline void count(const struct scan *c, uint32_t n, uint32_t stack, int64_t value)
{
	const uint32_t *func = c->func;
	struct hot *hot = c->hot;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t f = func[i];
		struct hot *h = &hot[f];

		if (pd_unlikely(h->seen == stack)) {
			c->again[f] += value;
			continue;
		}
		h->seen = stack;
		h->cum += value;
	}
}

/* A sum of products, which do not wait for each other. */
static inline uint64_t hash_node(const struct scan *c, uint32_t n)
{
	const uint32_t *func = c->func;
	uint64_t h = 0, salt = c->salt;

	for (uint32_t i = 0; i < n; i++)
		h += (func[i] + salt) * c->odd[i & 63];
	return h;
}

/* Functions of the frame that has most. */
static size_t widest(const struct diff_unit *u)
{
	uint32_t most = 1;

	for (size_t f = 1; f < u->doc->t.frame.n; f++)
		most = u->first[f + 1] - u->first[f] > most ? u->first[f + 1] - u->first[f] : most;
	return most;
}

static bool scan_init(struct scan *c, const struct pd_diff *d, const struct diff_unit *u)
{
	*c = (struct scan){ .u = u, .salt = pd_hash_u64(d->hash_key, 1, 1), .hot = calloc(d->func.n, sizeof *c->hot), .again = calloc(d->func.n, sizeof *c->again),
			    .func = malloc(PD_RUN * widest(u) * sizeof *c->func) };
	for (unsigned i = 0; i < 64; i++)
		c->odd[i] = pd_hash_u64(d->hash_key, i, 2) | 1;
	return c->hot && c->again && c->func;
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

static inline void ask_for(const struct diff_unit *u, uint32_t stack, const uint64_t *hash)
{
	const struct pd_stack_row *row = u->doc->t.stack.v;
	uint32_t far = row[stack + 2 * AHEAD].parent, near = row[stack + AHEAD].parent;

	pd_prefetch(&row[far]);
	pd_prefetch(&u->doc->t.run.v[row[near].first]);
	if (hash)
		pd_prefetch(&hash[far]);
}

bool pd_diff_scan(const struct pd_diff *d, const struct diff_unit *u, const int64_t *own, uint64_t *hash, struct diff_sums *out)
{
	const struct pd_tables *t = &u->doc->t;
	bool deep = too_deep(t);
	struct scan c;
	bool ok = scan_init(&c, d, u) && (!deep || walk_down(d, u, out));

	if (hash)
		hash[0] = d->hash_key;
	memset(out->v[DIFF_SELF], 0, d->func.n * sizeof *out->v[DIFF_SELF]);
	for (uint32_t s = 1; ok && s < t->stack.n; s++) {
		const struct pd_stack_row *row = &t->stack.v[s];
		uint32_t n;

		if (s + 2 * AHEAD < t->stack.n)
			ask_for(u, s, hash);
		if (!u->below[s])
			continue; /* nobody's */
		n = expand(u, row, c.func);
		if (!deep) {
			stamp(&c, s, row->parent);
			count(&c, n, s, u->below[s]);
		}
		if (hash)
			hash[s] = pd_hash_u64(hash[row->parent], hash_node(&c, n), n);
		if (own[s])
			out->v[DIFF_SELF][n ? c.func[n - 1] : pd_diff_leaf(u, s)] += own[s];
	}
	for (size_t i = 0; ok && !deep && i < d->func.n; i++) {
		out->v[DIFF_TOTAL][i] = c.hot[i].cum;
		out->recursive[i] = out->recursive[i] || c.again[i] > c.hot[i].cum / NOTABLE;
	}
	free(c.again);
	free(c.func);
	free(c.hot);
	return ok;
}
