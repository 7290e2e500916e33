/* Inside of the merger: tables and rows in merge.c, sample types and header in merge_types.c. */
#ifndef XFORM_MERGE_H
#define XFORM_MERGE_H

#include "model/index.h"
#include <profdata/transform.h>

/* One object of the sum, whose rows in the builder are those of the first document that had it. */
struct merged_mapping {
	struct pd_mapping_desc first; /* base of the addresses while merging */
	uint64_t start, limit;        /* lowest seen */
	uint32_t flags;
	pd_str file;
};

/* Where the columns of a series of the sum come from in the input, and what to multiply by. */
struct pd_columns {
	int to; /* series of the sum */
	int from[PD_MAX_VALUES]; /* -1: the input lacks it */
	int64_t times[PD_MAX_VALUES];
};

struct series_state {
	bool *lost;      /* columns that some input lacks */
	bool reordered;  /* lists differed: the columns are sorted by name at the end */
};

struct pd_merger {
	struct pd_intake in; /* first, so that one is the other */
	struct pd_builder *b;
	enum pd_merge_kind kind;
	bool has_main, has_period;
	bool open, settled; /* an input is coming in; its series are known */
	bool drop_times;    /* of the input */
	struct pd_index object; /* mappings by identity */
	PD_VEC(struct merged_mapping) mapping;
	PD_VEC(struct pd_columns) columns; /* of the input's series */
	PD_VEC(uint8_t) commented;         /* by string: is a comment of the sum */
	PD_VEC(struct series_state) state;
	PD_VEC(pd_str) lost; /* types of inputs that the sum never had */
	int (*order)(const struct pd_merger *m, pd_str a, pd_str b);
};

/* Series and columns of the sum for series `s` of the input; -1 and a failed builder when they cannot be added. */
int pd_merge_series(struct pd_merger *m, unsigned s, struct pd_columns *c);
bool pd_merge_period(struct pd_merger *m);
bool pd_merge_header(struct pd_merger *m);
void pd_merge_settle_columns(struct pd_merger *m, char *dropped, size_t size);
/* Comments by bytes, for the exact sum. */
void pd_merge_sort_header(struct pd_doc *doc);

#endif
