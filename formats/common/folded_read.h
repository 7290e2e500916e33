/* Reading folded stacks, for the formats that are lines of them. */
#ifndef COMMON_FOLDED_READ_H
#define COMMON_FOLDED_READ_H

#include <profdata/format.h>

struct pd_folded_layout {
	unsigned columns;               /* numbers at the end of a line */
	const char *const *types;       /* their names; units are "count" */
	bool header;                    /* a first line "samples/count cpu/nanoseconds" may say otherwise */
	const char *unit;               /* of all columns, unless a first line says otherwise; NULL: count */
	bool strip;                     /* take _[k] _[j] _[i] off names */
};

enum pd_status pd_folded_read(struct pd_source *src, struct pd_sink *sink, const struct pd_folded_layout *layout);
/* "-12", "+3", "4.25": is this word a value of a folded line? */
bool pd_folded_is_value(struct pd_span word);

#endif
