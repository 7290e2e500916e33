/*
 * Call trees: the samples of one sample type merged by call path. The tree
 * behind flame graphs; built on ids, so equal paths meet whatever their text.
 */
#ifndef PROFDATA_CALLTREE_H
#define PROFDATA_CALLTREE_H

#include <profdata/base.h>
#include <profdata/profile.h>
#include <profdata/transform.h>

#ifdef __cplusplus
extern "C" {
#endif

enum pd_calltree_sort {
	PD_CALLTREE_BY_NAME,   /* bytes of the name */
	PD_CALLTREE_BY_WEIGHT, /* heaviest first, then name */
	PD_CALLTREE_BY_ROW,    /* as the rows of the document brought them */
};

struct pd_calltree_opts {
	size_t size;
	unsigned sample_type;              /* index, see pd_doc_sample_types() */
	enum pd_granularity granularity;
	bool root_label;                   /* put the header's root label (comm) on top */
	bool reverse;                      /* merge from the leaf */
	bool in_order;                     /* rows in time (or file) order, thread after thread, only neighbours merged: flame charts */
	enum pd_calltree_sort sort;        /* order of siblings; in_order implies PD_CALLTREE_BY_ROW */
	bool all_types;                    /* nodes for the rows of every sample type, also where sample_type has 0; pd_calltree_node() finds them */
	uint32_t max_nodes;                /* PD_ERR_LIMIT beyond; 0: what fits into the default of pd_limits.max_memory */
};

enum pd_calltree_flags {
	PD_CALLTREE_KERNEL = 1 << 0,
	PD_CALLTREE_JIT = 1 << 1,
	PD_CALLTREE_INLINED = 1 << 2, /* at every place merged into the node */
};

/*
 * Nodes in depth-first order, parents first: the subtree of i is [i, end[i]).
 * Node 0 is the root of everything and has frame 0. Rows of value 0 bring no nodes, except with all_types.
 */
struct pd_calltree_nodes {
	uint32_t n;
	uint32_t max_depth;     /* of any node; the root has depth 0 */
	uint32_t n_frames;      /* frames are 1 .. n_frames */
	bool negative;          /* some row has a negative value */
	const uint32_t *parent, *depth, *end, *frame;
	const int64_t *self, *total;
	const int64_t *weight;  /* total of absolute values; the same array as total when nothing is negative */
	const uint8_t *flags;   /* enum pd_calltree_flags */
};

/* What the nodes of one frame share. Module, file and line are those of the first place seen. */
struct pd_calltree_frame {
	struct pd_span name;   /* as the granularity wants it; never empty */
	struct pd_span module; /* mapped object, or empty */
	struct pd_span file;
	struct pd_span system_name; /* mangled, where it is known and differs */
	int64_t line;
};

struct pd_calltree;

/* NULL and *err when memory runs out, a sum overflows or the sample type does not exist. Keeps a reference to `doc`. */
PD_API struct pd_calltree *pd_calltree_new(const struct pd_doc *doc, const struct pd_calltree_opts *opts, struct pd_error *err);
PD_API void pd_calltree_free(struct pd_calltree *tree); /* NULL is fine */
PD_API const struct pd_calltree_nodes *pd_calltree_nodes(const struct pd_calltree *tree);
/* Node of the rows with this stack and label set; 0 (the root) for what the tree was not asked to hold. Only with opts.all_types, without in_order. */
PD_API uint32_t pd_calltree_node(const struct pd_calltree *tree, pd_labels labels, pd_stack stack);
PD_API void pd_calltree_frame(const struct pd_calltree *tree, uint32_t frame, struct pd_calltree_frame *out);

#ifdef __cplusplus
}
#endif
#endif
