/*
 * Boxes of a drawn flame graph back to stacks. A picture says of a box where it
 * is, how wide, and (in its title) what it weighs; which box it stands on follows.
 */
#ifndef COMMON_FLAME_BOXES_H
#define COMMON_FLAME_BOXES_H

#include "base/vec.h"
#include <profdata/format.h>

struct flame_box {
	double x, width, y;  /* in the units of the picture, all boxes in the same */
	int64_t count;       /* in thousandths */
	pd_str name;
	bool no_title;       /* `count` is not known */

	uint32_t depth, parent; /* the rest is made by flame_boxes_read(); parent UINT32_MAX: none */
	double start;           /* counts left of it */
	int64_t above;          /* counts of the boxes that stand on it */
	int64_t cursor;         /* counts of those placed so far, from its right edge */
	pd_stack stack;
};

struct flame_boxes {
	PD_VEC(struct flame_box) box;
	double step;         /* the finest difference that x and width can tell; 0: exact */
	pd_str type, unit;   /* of the counts */
	bool reverse;        /* stacks stand on their leaves */
};

/* Adds a series with the stacks of all boxes to the builder. Reorders the boxes. */
enum pd_status flame_boxes_read(struct flame_boxes *b, struct pd_source *src, struct pd_sink *sink);

#endif
