/* When samples were taken: see profile.h. */
#ifndef MODEL_TIMES_H
#define MODEL_TIMES_H

#include "model/model.h"

enum pd_time_source { PD_TIME_NONE, PD_TIME_OF_ROWS, PD_TIME_OF_LABELS };

struct pd_times {
	struct pd_doc *doc;
	uint8_t *source;  /* per series: enum pd_time_source */
	int64_t *of_set;  /* per label set, PD_NO_TIME without; NULL when no series needs it */
	int64_t first, last;
	bool any;
};

static inline int64_t pd_times_at(const struct pd_times *t, unsigned series, const struct pd_rows *rows, size_t i)
{
	uint8_t source = t->source[series];

	return source == PD_TIME_OF_ROWS ? rows->time[i] : source == PD_TIME_OF_LABELS ? t->of_set[rows->labels[i].v] : PD_NO_TIME;
}

#endif
