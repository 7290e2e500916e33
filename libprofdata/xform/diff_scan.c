/*
 * Cumulative sums of functions: a function counts once per stack, however often
 * it recurs. Nodes of the stack tree are taken as they lie in memory. Whether a
 * function was on the path already, the filter of the node above says: a set of
 * bits that may say yes wrongly, which is then looked at, but never no wrongly.
 * Filters are made when they are needed and kept for a while.
 */
#include "base/hash.h"
#include "xform/diff.h"

#define FILTER_WORDS 16u       /* 1024 bits: two cache lines */
#define FILTERS 1024u          /* kept; nodes that belong together lie together */
#define DEEP 512u              /* beyond it filters are full: walk depth first instead */
#define NOTABLE 50             /* recursion of less than this part of a function's value needs no care */
#define LOOK 1024u             /* frames above a place that are looked at for recursion */

struct filter {
	uint64_t bit[FILTER_WORDS];
};

struct filters {
	const struct diff_unit *u;
	struct filter *v;      /* [FILTERS] */
	uint32_t *node;        /* whose; 0 nobody's */
	PD_VEC(uint32_t) climb;
	bool failed;
};

static inline uint32_t place_of(uint32_t func) { return (func * 0x9e3779b1u) >> 22; }

static inline void filter_add(struct filter *f, uint32_t func)
{
	uint32_t at = place_of(func);

	f->bit[at >> 6] |= UINT64_C(1) << (at & 63);
}

static inline bool filter_has(const struct filter *f, uint32_t func)
{
	uint32_t at = place_of(func);

	return f->bit[at >> 6] >> (at & 63) & 1;
}

/* Adds the functions of a node's run. */
static void add_run(const struct diff_unit *u, uint32_t stack, struct filter *f)
{
	const struct pd_tables *t = &u->doc->t;
	const uint32_t *run = &t->run.v[t->stack.v[stack].first];

	for (uint32_t i = 0, n = pd_run_length(&t->stack.v[stack]); i < n; i++) {
		if (pd_likely(u->only[run[i]])) {
			filter_add(f, u->only[run[i]]);
			continue;
		}
		for (uint32_t k = u->first[run[i]]; k < u->first[run[i] + 1]; k++)
			filter_add(f, u->func[k]);
	}
}

/* The filter of a node: everything on the path down to and with it. NULL for the empty path. */
static const struct filter *filter_of(struct filters *c, uint32_t stack)
{
	const struct pd_stack_row *row = c->u->doc->t.stack.v;
	struct filter f = { { 0 } };
	uint32_t s = stack;

	if (!stack)
		return NULL;
	if (c->node[stack % FILTERS] == stack)
		return &c->v[stack % FILTERS];
	c->climb.n = 0;
	for (; s && c->node[s % FILTERS] != s; s = row[s].parent)
		if (!pd_vec_push(&c->climb, s)) {
			c->failed = true;
			return NULL;
		}
	if (s)
		f = c->v[s % FILTERS];
	while (c->climb.n) {
		s = c->climb.v[--c->climb.n];
		add_run(c->u, s, &f);
		c->v[s % FILTERS] = f;
		c->node[s % FILTERS] = s;
	}
	return &c->v[stack % FILTERS];
}

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
	struct pd_diff *d;
	const struct diff_unit *u;
	const struct filter *above;
	struct { int64_t cum; uint32_t seen; } *hot;
	int64_t *again; /* value that came through a function once more */
	int64_t value;
	uint32_t stack;
	uint64_t salt, odd[64]; /* factors of the hash */
};

static inline void count(struct scan *c, uint32_t f)
{
	if (c->hot[f].seen == c->stack) {
		c->again[f] += c->value;
		return;
	}
	c->hot[f].seen = c->stack;
	if (c->above && pd_unlikely(filter_has(c->above, f)) && pd_diff_above(c->u, f, c->stack, 0)) {
		c->again[f] += c->value;
		return;
	}
	c->hot[f].cum += c->value;
}

static void scan_node(struct scan *c, uint64_t *hash)
{
	const uint64_t *odd = c->odd;
	uint32_t place = 0;
	const struct pd_tables *t = &c->u->doc->t;
	const struct pd_stack_row *row = &t->stack.v[c->stack];
	const uint32_t *run = &t->run.v[row->first];
	uint64_t h = 0; /* a sum of products, which do not wait for each other */

	for (uint32_t i = 0, n = pd_run_length(row); i < n; i++) {
		uint32_t only = c->u->only[run[i]];

		if (pd_likely(only)) {
			h += (only + c->salt) * odd[place++ & 63];
			count(c, only);
			continue;
		}
		for (uint32_t k = c->u->first[run[i]]; k < c->u->first[run[i] + 1]; k++) {
			h += (c->u->func[k] + c->salt) * odd[place++ & 63];
			count(c, c->u->func[k]);
		}
	}
	if (hash)
		hash[c->stack] = pd_hash_u64(hash[row->parent], h, place);
}

static void scan_init(struct scan *c, struct pd_diff *d, const struct diff_unit *u)
{
	*c = (struct scan){ .d = d, .u = u, .salt = pd_hash_u64(d->hash_key, 1, 1), .hot = calloc(d->func.n, sizeof *c->hot), .again = calloc(d->func.n, sizeof *c->again) };
	for (unsigned i = 0; i < 64; i++)
		c->odd[i] = pd_hash_u64(d->hash_key, i, 2) | 1;
}

/* Very deep stacks: marks on the way down and off on the way up. */
static bool scan_deep(struct pd_diff *d, const struct diff_unit *u, const int64_t *below, uint64_t *hash, int64_t *cum)
{
	const struct pd_node_map map = { u->first, u->func, u->only, d->func.n };
	struct pd_error err = { 0 };
	struct scan c;
	struct pd_stackwalk w;
	bool ok;

	if (pd_stackwalk_init(&w, u->doc, u->series, u->column, false, &err) != PD_OK)
		return false;
	memset(w.value, 0, u->doc->t.stack.n * sizeof *w.value);
	for (size_t s = 1; s < u->doc->t.stack.n; s++)
		w.live[s] = below[s] != 0;
	pd_stackwalk_sum(&w); /* for the links */
	memcpy(w.value, below, u->doc->t.stack.n * sizeof *w.value);
	ok = pd_stackwalk_cum(&w, &map, cum, NULL);
	pd_stackwalk_release(&w);
	memset(d->recursive, 1, d->func.n); /* not known: asked where it matters */
	scan_init(&c, d, u);
	for (c.stack = 1; ok && hash && c.hot && c.again && c.stack < u->doc->t.stack.n; c.stack++)
		scan_node(&c, hash);
	ok = ok && c.hot;
	free(c.again);
	free(c.hot);
	return ok;
}

bool pd_diff_scan(struct pd_diff *d, const struct diff_unit *u, const int64_t *below, uint64_t *hash, int64_t *cum)
{
	const struct pd_tables *t = &u->doc->t;
	struct filters f = { .u = u, .v = malloc(FILTERS * sizeof *f.v), .node = calloc(FILTERS, sizeof *f.node) };
	bool deep = t->max_depth > DEEP, ok;
	struct scan c;

	scan_init(&c, d, u);
	ok = f.v && f.node && c.hot && c.again;
	if (hash)
		hash[0] = d->hash_key;
	if (ok && deep)
		ok = scan_deep(d, u, below, hash, cum);
	for (uint32_t s = 1; ok && !deep && s < t->stack.n; s++) {
		if (!below[s])
			continue; /* nobody's */
		c.stack = s;
		c.value = below[s];
		c.above = filter_of(&f, t->stack.v[s].parent);
		scan_node(&c, hash);
		ok = !f.failed;
	}
	for (size_t i = 0; ok && !deep && i < d->func.n; i++) {
		cum[i] = c.hot[i].cum;
		d->recursive[i] = d->recursive[i] || c.again[i] > cum[i] / NOTABLE;
	}
	free(c.again);
	free(f.v);
	free(f.node);
	pd_vec_release(&f.climb);
	free(c.hot);
	return ok;
}
