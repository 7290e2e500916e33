/*
 * Walks every stack that carries a value exactly once. Values are summed up
 * per node of the prefix tree first, so that a walk costs one step per run of
 * the tree, however many samples or stacks share it.
 */
#ifndef XFORM_STACKWALK_H
#define XFORM_STACKWALK_H

#include "model/model.h"

struct pd_stackwalk {
	const struct pd_doc *doc;
	int64_t *value;   /* [stacks]: sum of the samples of this stack and all below */
	int64_t *divisor; /* same of the first value type, for means; else NULL */
	uint8_t *live;    /* [stacks]: some sample here or below has a value or divisor other than 0, even if the sum has not */
	uint32_t *child, *next; /* [stacks]: live children, in ascending order */
	uint32_t levels;  /* of runs on the longest path, plus one */
};

/* Own sums per stack only: value, divisor and live say nothing about stacks below yet. PD_ERR_LIMIT on overflow. */
enum pd_status pd_stackwalk_init(struct pd_stackwalk *w, const struct pd_doc *doc, unsigned series, unsigned column, bool mean, struct pd_error *err);
/* Adds up the sums of the stacks below and links the children. */
void pd_stackwalk_sum(struct pd_stackwalk *w);
void pd_stackwalk_release(struct pd_stackwalk *w);

/* Frames to nodes: those of frame f are line[first[f] .. first[f + 1]), outermost first; only[f] is set where there is one. */
struct pd_node_map {
	const uint32_t *first, *line, *only;
	size_t nodes; /* numbers are below */
};
/* Cumulative values (and divisors) of every node, each node once per stack; after pd_stackwalk_sum(). False when out of memory. */
bool pd_stackwalk_cum(const struct pd_stackwalk *w, const struct pd_node_map *map, int64_t *cum, int64_t *cum_div);

/* Depth-first: parents before children. 0 at the end. */
static inline uint32_t pd_stackwalk_first(const struct pd_stackwalk *w)
{
	return w->child[0];
}

static inline uint32_t pd_stackwalk_next(const struct pd_stackwalk *w, uint32_t s)
{
	if (w->child[s])
		return w->child[s];
	while (s && !w->next[s])
		s = w->doc->t.stack.v[s].parent;
	return w->next[s]; /* the root has no next */
}

/* 0 for runs that start at the root. */
static inline uint32_t pd_stackwalk_level(const struct pd_stackwalk *w, uint32_t s)
{
	return (w->doc->t.stack.v[s].depth - 1) / PD_RUN;
}

#endif
