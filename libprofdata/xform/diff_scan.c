/*
 * Own and cumulative sums of functions, and hashes of the stacks. A function
 * counts once per stack, however often it recurs: all functions on the way from
 * the root down to a node are stamped with the mark of the way. Nodes are taken as
 * they lie in memory, because there are many more of them than fit a cache. Most
 * hang below the one before, and go on with its mark; the others stamp the nodes
 * above them with a new one.
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

#define BLOCK 4u /* functions of a frame that has several lie in blocks, the last of which is not full */

struct scan {
	const struct diff_unit *u;
	uint32_t n;      /* functions */
	uint32_t *code;  /* [frames]: its function, or n and more: those from block code - n on */
	uint32_t (*block)[BLOCK];
	uint32_t *seen;  /* [functions and blocks]: last way that has it */
	int64_t *cum;    /* [functions] */
	int64_t *again;  /* value that came through a function once more */
	uint64_t salt, odd[64]; /* factors of the hash */
};

/*
 * Marks the functions of a node. It has nodes below, so its run is whole: a loop of known length, and what a frame of several functions
 * has for a code is marked like a function, for nobody asks for it.
 */
static inline void stamp(const struct scan *c, const uint32_t *run, uint32_t mark)
{
	const uint32_t *code = c->code, n = c->n;
	uint32_t *seen = c->seen, several = 0;

	for (unsigned i = 0; i < PD_RUN; i++) {
		uint32_t f = code[run[i]];

		seen[f] = mark;
		several |= (uint32_t)(f >= n) << i;
	}
	for (; several; several &= several - 1) {
		const uint32_t(*b)[BLOCK] = (const uint32_t(*)[BLOCK])&c->block[code[run[__builtin_ctz(several)]] - n];

		do /* 0 is no function: nobody asks for its mark either */
			for (unsigned k = 0; k < BLOCK; k++)
				seen[(*b)[k]] = mark;
		while ((*b++)[BLOCK - 1]);
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

/* Counts the functions of a node, except for mark 0, hashes them in the place of its value, and adds its own value to the innermost one. */
static PD_ALWAYS_INLINE void visit(const struct scan *c, uint32_t stack, uint32_t mark, const int64_t *own, int64_t *self)
{
	const struct diff_unit *u = c->u;
	const struct pd_stack_row *row = &u->doc->t.stack.v[stack];
	const uint32_t *run = u->doc->t.run.v + row->first, *end = run + pd_run_length(row), *code = c->code;
	int64_t value = u->below[stack];
	uint32_t n = 0, last = 0;
	uint64_t h = 0;

	for (; run < end; run++) {
		uint32_t f = code[*run];

		if (pd_likely(f < c->n)) {
			h += term(c, f, n++);
			if (mark)
				count(c, f, mark, value);
			last = f;
			continue;
		}
		for (const uint32_t *several = c->block[f - c->n]; (f = *several); several++) {
			h += term(c, f, n++);
			if (mark)
				count(c, f, mark, value);
			last = f;
		}
	}
	u->below[stack] = (int64_t)pd_hash_u64((uint64_t)u->below[row->parent], h, n);
	if (own[stack])
		self[last ? last : pd_diff_leaf(u, stack)] += own[stack];
}

/* Codes of frames, and the blocks they speak of. The first block is that of frames without a function. */
static bool encode(struct scan *c)
{
	const struct diff_unit *u = c->u;
	size_t n = u->doc->t.frame.n, at = 1, blocks = 1;

	for (size_t f = 0; f < n; f++)
		blocks += u->only[f] ? 0 : (u->first[f + 1] - u->first[f]) / BLOCK + 1;
	c->code = malloc(n * sizeof *c->code);
	c->block = calloc(blocks, sizeof *c->block);
	c->seen = calloc(c->n + blocks, sizeof *c->seen);
	if (!c->code || !c->block || !c->seen)
		return false;
	for (size_t f = 0; f < n; f++) {
		uint32_t k = u->first[f], several = u->first[f + 1] - k;

		c->code[f] = u->only[f] ? u->only[f] : c->n + (several ? (uint32_t)at : 0);
		if (u->only[f] || !several)
			continue;
		memcpy(c->block[at], &u->func[k], several * sizeof *u->func);
		at += several / BLOCK + 1;
	}
	return true;
}

static bool scan_init(struct scan *c, const struct pd_diff *d, const struct diff_unit *u)
{
	*c = (struct scan){ .u = u, .n = (uint32_t)d->func.n, .salt = pd_hash_u64(d->hash_key, 1, 1), .cum = calloc(d->func.n, sizeof *c->cum), .again = calloc(d->func.n, sizeof *c->again) };
	for (unsigned i = 0; i < 64; i++)
		c->odd[i] = pd_hash_u64(d->hash_key, i, 2) | 1;
	return c->cum && c->again && encode(c);
}

static void scan_release(struct scan *c)
{
	free(c->code);
	free(c->block);
	free(c->seen);
	free(c->cum);
	free(c->again);
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

/* What is needed on the ways to nodes that come later. */
static inline void ask_for(const struct diff_unit *u, uint32_t stack)
{
	const struct pd_stack_row *row = u->doc->t.stack.v;
	const uint32_t *run = u->doc->t.run.v;
	uint32_t far = row[stack + 3 * AHEAD].parent, middle = row[stack + 2 * AHEAD].parent, near = row[row[stack + AHEAD].parent].parent;

	pd_prefetch(&row[far]);
	pd_prefetch(&u->below[far]);
	pd_prefetch(&run[row[middle].first]);
	pd_prefetch(&run[row[middle].first + PD_RUN - 1]);
	pd_prefetch(&row[row[middle].parent]);
	pd_prefetch(&run[row[near].first]);
	pd_prefetch(&run[row[near].first + PD_RUN - 1]);
}

static void scan_all(const struct scan *c, const int64_t *own, int64_t *self)
{
	const struct diff_unit *u = c->u;
	const struct pd_tables *t = &u->doc->t;
	const struct pd_stack_row *row = t->stack.v;
	uint32_t mark = 0, n = (uint32_t)t->stack.n, last = 0;

	for (uint32_t s = 1; s < n; s++) {
		if (s + 3 * AHEAD < n)
			ask_for(u, s);
		if (!u->below[s])
			continue;
		if (!mark || row[s].parent != last) {
			mark++;
			for (uint32_t above = row[s].parent; above; above = row[above].parent)
				stamp(c, t->run.v + row[above].first, mark);
		}
		visit(c, s, mark, own, self);
		last = s;
	}
}

bool pd_diff_scan(const struct pd_diff *d, const struct diff_unit *u, const int64_t *own, struct diff_sums *out)
{
	const struct pd_tables *t = &u->doc->t;
	int64_t *self = out->v[DIFF_SELF];
	bool deep = too_deep(t);
	struct scan c;
	bool ok = scan_init(&c, d, u) && (!deep || walk_down(d, u, out));

	memset(self, 0, d->func.n * sizeof *self);
	u->below[0] = (int64_t)d->hash_key;
	if (ok && !deep)
		scan_all(&c, own, self);
	for (uint32_t s = 1; ok && deep && s < t->stack.n; s++)
		if (u->below[s])
			visit(&c, s, 0, own, self);
	for (size_t i = 0; ok && !deep && i < d->func.n; i++) {
		out->v[DIFF_TOTAL][i] = c.cum[i];
		out->recursive[i] = out->recursive[i] || c.again[i] > c.cum[i] / NOTABLE;
	}
	scan_release(&c);
	return ok;
}
