/* Inside of call trees: names of frames (calltree_names.c) and the tree itself (calltree.c). */
#ifndef MODEL_CALLTREE_H
#define MODEL_CALLTREE_H

#include "base/arena.h"
#include "base/hash.h"
#include "base/vec.h"
#include "model/times.h"
#include <profdata/calltree.h>

/* 64-bit keys to numbers; key 0 and value 0 mean "not there". */
struct ct_map {
	struct ct_slot { uint64_t key; uint32_t value; } *slot;
	size_t mask, used;
};

/* The place of `key`, made when absent (value 0 then); NULL when out of memory. */
uint32_t *ct_map_at(struct ct_map *m, uint64_t hash_key, uint64_t key);
/* Value of `key`, 0 when absent. */
uint32_t ct_map_get(const struct ct_map *m, uint64_t hash_key, uint64_t key);
void ct_map_release(struct ct_map *m);

/* One line of a frame as a node of the tree: name number, flags in the top bits. */
#define CT_KEY_BITS 28
#define CT_KEY_MASK ((1u << CT_KEY_BITS) - 1)

/*
 * Names of a document at one granularity. Two places have one number exactly
 * when they are to be one box: when their names are the same bytes.
 */
struct ct_names {
	const struct pd_doc *doc;
	enum pd_granularity granularity;
	uint64_t hash_key;
	struct pd_arena text;                    /* names put together here */
	PD_VEC(struct pd_calltree_frame) row;    /* row 0 is the root of everything */
	PD_VEC(uint32_t) slot;                   /* open addressing over row */
	uint32_t *of_string;                     /* pd_str → name, 0 = not yet */
	PD_VEC(uint32_t) entry;                  /* name | flags << CT_KEY_BITS, root-most line first */
	uint32_t *first;                         /* frame → its entries are first[f] .. first[f + 1] */
};

/* Names every frame of the document. False when out of memory or numbers. */
bool ct_names_init(struct ct_names *n, const struct pd_doc *doc, enum pd_granularity granularity);
void ct_names_release(struct ct_names *n);
/* Number of a name that is not a frame's (root labels); 0 when out of memory. */
uint32_t ct_name_of_string(struct ct_names *n, pd_str s);
uint32_t ct_name_of_text(struct ct_names *n, const char *p, size_t len);

/* Node of row `row` of the series in a chart (in_order); 0 for rows of value 0, and in other trees. */
uint32_t pd_calltree_node_of_row(const struct pd_calltree *t, uint64_t row);

#endif
