/* Inside of the data block: what svg_data.c and svg_rows.c share. */
#ifndef COMMON_SVG_DATA_H
#define COMMON_SVG_DATA_H

#include "common/flame_pool.h"
#include "common/svg.h"
#include "model/calltree.h"

/* A distinct label and the tickets of its strings. */
struct flame_label {
	struct pd_label label;
	struct pd_span key_text, text; /* text: value, or unit of a number */
	uint32_t key, str, unit;
};

/* Rows of one series as they are written. */
struct flame_rows {
	size_t n;
	uint32_t *node;    /* in the block */
	uint32_t *labels;  /* label set of the document */
	int64_t *time;     /* NULL: none kept */
	int64_t **value;   /* per column */
	unsigned columns;
	uint32_t name, *type, *unit; /* tickets */
};

#define FLAME_PROFILE_STRINGS 8

struct flame_block {
	const struct svg_scene *s;
	const struct pd_calltree_nodes *n;
	struct flame_pool pool;
	uint32_t *node_id;       /* node of the tree → node of the block: itself, or what stands for it */
	uint32_t n_ids, left_out; /* nodes in the block; nodes of the tree that are not */
	bool *lacks;             /* per node of the tree: does one stand behind it for children left out */
	uint32_t *frame_at;      /* kind → frame of the block */
	uint32_t *kind_of;       /* its inverse */
	uint32_t *color, n_colors; /* distinct ones, 0xrrggbb */
	uint32_t *color_at;      /* kind → its colour; one more for what is left out */
	bool labels, times, dropped_labels, dropped_times;
	struct flame_rows *rows; /* per series */
	unsigned n_series;
	uint32_t *set_rank;      /* label set of the document → place among all by what they say */
	uint32_t *set_id;        /* label set of the document → of the block, 0 not used */
	uint32_t *set;           /* the sets used, in the order of their numbers */
	uint32_t n_sets;
	struct flame_label *label;
	size_t n_labels;
	uint32_t profile[FLAME_PROFILE_STRINGS], *comment; /* tickets */
	size_t n_comments;
};

/* Is a node of the tree one of the block's own? */
static inline bool flame_kept(const struct flame_block *b, uint32_t node)
{
	return !node || b->n->weight[node] >= b->s->data_weight;
}

/* svg_rows.c */
/* Decides what is kept, collects the rows and their labels and tells the pool their strings. */
bool flame_rows_collect(struct flame_block *b);
void flame_rows_release(struct flame_block *b);
void flame_rows_write(const struct flame_block *b, struct pd_out *out);
/* "tree"."roots": the nodes of the block that are values of the root label. */
bool flame_roots_write(const struct flame_block *b, struct pd_out *out);

/* Numbers separated by commas. */
struct flame_list {
	struct pd_out *out;
	bool any;
};
void flame_list_i64(struct flame_list *l, int64_t v);

#endif
