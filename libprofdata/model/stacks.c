/*
 * Stacks: a prefix tree whose edges carry runs of up to PD_RUN frames. A stack
 * of depth d is a chain of d/16 full nodes and a rest, so interning costs one
 * hash probe per run instead of one per frame, and equal prefixes are shared at
 * every 16th frame. Deep recursion therefore costs memory once.
 */
#include "model/index.h"

#define BATCH PD_STACK_WANTS

static uint32_t run_hash(const struct pd_builder *b, uint32_t parent, const uint32_t *run, uint32_t n)
{
	return pd_fold32(pd_hash_bytes(b->key + parent * PD_HASH_C1, run, n * sizeof *run));
}

static uint32_t stack_hash(const struct pd_builder *b, uint32_t row)
{
	const struct pd_stack_row *s = &b->doc->t.stack.v[row];

	return run_hash(b, s->parent, b->doc->t.run.v + s->first, pd_run_length(s));
}

uint32_t pd_stack_append(struct pd_builder *b, uint32_t parent, uint32_t depth, const uint32_t *run, uint32_t n)
{
	struct pd_tables *t = &b->doc->t;

	if (t->stack.n > PD_MAX_ROWS || t->run.n + n > PD_MAX_ROWS) {
		pd_builder_fail(b, PD_ERR_LIMIT, "more than %u stack nodes", PD_MAX_ROWS);
		return 0;
	}
	if (!pd_builder_reserve(b, &t->stack, 1) || !pd_builder_reserve(b, &t->run, n))
		return 0;
	t->stack.v[t->stack.n] = (struct pd_stack_row){ .parent = parent, .first = (uint32_t)t->run.n, .depth = depth };
	memcpy(t->run.v + t->run.n, run, n * sizeof *run);
	t->run.n += n;
	if (depth > t->max_depth)
		t->max_depth = depth;
	return (uint32_t)t->stack.n++;
}

/* The node `parent` + run; `depth` is that of the whole path. Room in the index must be there. */
static uint32_t node_hashed(struct pd_builder *b, uint32_t hash, uint32_t parent, uint32_t depth, const uint32_t *run, uint32_t n)
{
	struct pd_tables *t = &b->doc->t;
	uint32_t at, row;

	for (row = pd_index_first(&b->stack, hash, &at); row; row = pd_index_next(&b->stack, hash, &at)) {
		const struct pd_stack_row *s = &t->stack.v[row];

		if (s->parent == parent && s->depth == depth && !memcmp(t->run.v + s->first, run, n * sizeof *run))
			return row;
	}
	row = pd_stack_append(b, parent, depth, run, n);
	if (row)
		pd_index_put(&b->stack, hash, at, row);
	return row;
}

uint32_t pd_stack_node(struct pd_builder *b, uint32_t parent, uint32_t depth, const uint32_t *run, uint32_t n)
{
	if (b->failed || !pd_builder_index(b, &b->stack, (uint32_t)b->doc->t.stack.n, stack_hash))
		return 0;
	return node_hashed(b, run_hash(b, parent, run, n), parent, depth, run, n);
}

/* What a probe of `hash` will look at, asked for in three steps: slot, row, run. */
static void prefetch_nodes(const struct pd_builder *b, const uint32_t *hash, uint32_t n)
{
	const struct pd_tables *t = &b->doc->t;
	uint32_t cand[BATCH];

	for (uint32_t k = 0; k < n; k++) {
		uint64_t slot = b->stack.slot[hash[k] & b->stack.mask];

		cand[k] = (uint32_t)(slot >> 32) == hash[k] ? (uint32_t)slot : 0;
		pd_prefetch(&t->stack.v[cand[k]]);
	}
	for (uint32_t k = 0; k < n; k++) {
		const uint32_t *run;

		if (!cand[k])
			continue;
		run = t->run.v + t->stack.v[cand[k]].first;
		pd_prefetch(run);
		pd_prefetch(run + PD_RUN - 1);
	}
}

void pd_stack_nodes(struct pd_builder *b, struct pd_stack_want *want, uint32_t n)
{
	uint32_t hash[PD_STACK_WANTS];

	if (!pd_builder_index(b, &b->stack, (uint32_t)b->doc->t.stack.n, stack_hash))
		return;
	for (uint32_t i = 0; i < n; i++) {
		hash[i] = run_hash(b, want[i].parent, want[i].run, want[i].n);
		pd_prefetch(&b->stack.slot[hash[i] & b->stack.mask]);
	}
	prefetch_nodes(b, hash, n);
	for (uint32_t i = 0; i < n; i++) {
		if (b->failed || !pd_builder_index(b, &b->stack, (uint32_t)b->doc->t.stack.n, stack_hash))
			return;
		want[i].id = node_hashed(b, hash[i], want[i].parent, want[i].depth, want[i].run, want[i].n);
	}
}

static uint32_t path(struct pd_builder *b, const uint32_t *frames, size_t n)
{
	uint32_t cur = 0;

	for (size_t i = 0; i < n; i += PD_RUN) {
		uint32_t run = n - i < PD_RUN ? (uint32_t)(n - i) : PD_RUN;

		cur = pd_stack_node(b, cur, (uint32_t)i + run, frames + i, run);
	}
	return b->failed ? 0 : cur;
}

/* Too deep: the leaf-most frames stay, under a frame that says how many went. */
static uint32_t truncated_path(struct pd_builder *b, const uint32_t *frames, size_t n)
{
	size_t keep = b->limits.max_depth > 1 ? b->limits.max_depth - 1 : 1;
	char text[64];
	uint32_t *tail;

	int len = snprintf(text, sizeof text, "[truncated %zu frames]", n - keep);
	pd_frame mark = pd_frame_named(b, text, (size_t)len);
	uint32_t id;

	tail = malloc((keep + 1) * sizeof *tail);
	if (!tail) {
		pd_builder_fail(b, PD_ERR_NOMEM, "out of memory");
		return 0;
	}
	tail[0] = mark.v;
	memcpy(tail + 1, frames + (n - keep), keep * sizeof *tail);
	id = path(b, tail, keep + 1);
	free(tail);
	return id;
}

pd_stack pd_stack_of(struct pd_builder *b, const pd_frame *frames, size_t n, enum pd_order order)
{
	const uint32_t *f = (const uint32_t *)frames;

	_Static_assert(sizeof(pd_frame) == sizeof(uint32_t), "frames are read as numbers");
	if (b->failed || !n)
		return (pd_stack){ 0 };
	if (order == PD_LEAF_FIRST) {
		b->scratch.n = 0;
		if (!pd_builder_reserve(b, &b->scratch, n))
			return (pd_stack){ 0 };
		for (size_t i = 0; i < n; i++)
			b->scratch.v[i] = f[n - 1 - i];
		f = b->scratch.v;
	}
	return (pd_stack){ n > b->limits.max_depth ? truncated_path(b, f, n) : path(b, f, n) };
}

pd_stack pd_stack_push(struct pd_builder *b, pd_stack parent, pd_frame frame)
{
	const struct pd_tables *t;
	const struct pd_stack_row *p;
	uint32_t run[PD_RUN], n;

	if (b->failed || parent.v >= b->doc->t.stack.n)
		return (pd_stack){ 0 };
	t = &b->doc->t;
	p = &t->stack.v[parent.v];
	n = pd_run_length(p);
	if (p->depth >= b->limits.max_depth) {
		pd_builder_fail(b, PD_ERR_LIMIT, "stack deeper than %u frames", b->limits.max_depth);
		return (pd_stack){ 0 };
	}
	if (!n || n == PD_RUN)
		return (pd_stack){ pd_stack_node(b, parent.v, p->depth + 1, &frame.v, 1) };
	memcpy(run, t->run.v + p->first, n * sizeof *run);
	run[n] = frame.v;
	return (pd_stack){ pd_stack_node(b, p->parent, p->depth + 1, run, n + 1) };
}

pd_stack pd_stack_extend(struct pd_builder *b, pd_stack parent, const pd_frame *frames, size_t n)
{
	const struct pd_stack_row *p;
	uint32_t run[PD_RUN], cur, depth, have = 0;

	if (b->failed || parent.v >= b->doc->t.stack.n)
		return (pd_stack){ 0 };
	p = &b->doc->t.stack.v[parent.v];
	cur = parent.v;
	depth = p->depth;
	if (depth % PD_RUN) { /* continue the last run instead of hanging below it */
		have = pd_run_length(p);
		memcpy(run, b->doc->t.run.v + p->first, have * sizeof *run);
		cur = p->parent;
	}
	for (size_t i = 0; i < n;) {
		size_t more = n - i < PD_RUN - have ? n - i : PD_RUN - have;

		memcpy(run + have, frames + i, more * sizeof *run);
		depth += (uint32_t)more;
		cur = pd_stack_node(b, cur, depth, run, have + (uint32_t)more);
		have = 0;
		i += more;
	}
	return (pd_stack){ cur };
}

/* One batch, level by level: hashes and prefetches run ahead of the probes, so that cache misses overlap. */
struct batch {
	const uint32_t *p[BATCH], *end[BATCH];
	uint32_t cur[BATCH], depth[BATCH], hash[BATCH], live[BATCH], n_live;
};

static void batch_prefetch(const struct pd_builder *b, struct batch *w)
{
	uint32_t hash[BATCH];

	for (uint32_t k = 0; k < w->n_live; k++) {
		uint32_t i = w->live[k];
		size_t left = (size_t)(w->end[i] - w->p[i]);

		hash[k] = w->hash[i] = run_hash(b, w->cur[i], w->p[i], left < PD_RUN ? (uint32_t)left : PD_RUN);
		pd_prefetch(&b->stack.slot[w->hash[i] & b->stack.mask]);
	}
	prefetch_nodes(b, hash, w->n_live);
}

static void batch_level(struct pd_builder *b, struct batch *w)
{
	uint32_t left = 0;

	for (uint32_t k = 0; k < w->n_live; k++) {
		uint32_t i = w->live[k];
		uint32_t run = w->end[i] - w->p[i] < (ptrdiff_t)PD_RUN ? (uint32_t)(w->end[i] - w->p[i]) : PD_RUN;

		if (!pd_builder_index(b, &b->stack, (uint32_t)b->doc->t.stack.n, stack_hash))
			return;
		w->depth[i] += run;
		w->cur[i] = node_hashed(b, w->hash[i], w->cur[i], w->depth[i], w->p[i], run);
		if (b->failed)
			return;
		w->p[i] += run;
		if (w->p[i] < w->end[i])
			w->live[left++] = i;
	}
	w->n_live = left;
}

static void batch_run(struct pd_builder *b, const uint32_t *frames, size_t first, const size_t *ends, uint32_t n, pd_stack *out)
{
	struct batch w = { .n_live = 0 };

	for (uint32_t i = 0; i < n; i++) {
		size_t from = i ? ends[i - 1] : first, to = ends[i];

		w.p[i] = frames + from;
		w.end[i] = frames + to;
		if (to - from > b->limits.max_depth) {
			w.cur[i] = truncated_path(b, frames + from, to - from);
			continue;
		}
		if (to > from)
			w.live[w.n_live++] = i;
	}
	if (!pd_builder_index(b, &b->stack, (uint32_t)b->doc->t.stack.n, stack_hash))
		w.n_live = 0;
	while (w.n_live && !b->failed) {
		batch_prefetch(b, &w);
		batch_level(b, &w);
	}
	for (uint32_t i = 0; i < n; i++)
		out[i].v = b->failed ? 0 : w.cur[i];
}

void pd_stacks_of(struct pd_builder *b, const pd_frame *frames, const size_t *ends, size_t count, pd_stack *out)
{
	for (size_t i = 0; i < count; i += BATCH) {
		uint32_t n = count - i < BATCH ? (uint32_t)(count - i) : BATCH;

		if (b->failed) {
			memset(out + i, 0, (count - i) * sizeof *out);
			return;
		}
		batch_run(b, (const uint32_t *)frames, i ? ends[i - 1] : 0, ends + i, n, out + i);
	}
}
