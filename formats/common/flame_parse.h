/* The data block of a flame graph as it stands in the file (docs/formats/flamegraph-data.md): columns, nothing checked but their kind. */
#ifndef COMMON_FLAME_PARSE_H
#define COMMON_FLAME_PARSE_H

#include "base/arena.h"
#include "base/vec.h"
#include <profdata/format.h>

#define FLAME_SCHEMA "profdata.flamegraph/2"

struct flame_column {
	int64_t *v;
	size_t n, cap;
};

enum flame_string { FLAME_PERIOD_TYPE, FLAME_PERIOD_UNIT, FLAME_DEFAULT, FLAME_ROOT_LABEL, FLAME_DOC_URL, FLAME_DROP, FLAME_KEEP, FLAME_PRODUCER, FLAME_PROFILE_TEXTS };

struct flame_series {
	int64_t name, n;
	struct flame_type { int64_t type, unit, decimals; } type[PD_MAX_VALUES];
	unsigned n_types, n_values;
	struct flame_column node, labels, time, no_time, value[PD_MAX_VALUES]; /* no_time: 1 where `time` is null, which counts as 0 */
	bool has_labels, has_time;
};

struct flame_data {
	int64_t time, duration, end, period;
	int64_t text[FLAME_PROFILE_TEXTS]; /* string ids, as everywhere here */
	struct flame_column comment;
	char granularity[24];
	bool has_left_out, dropped_labels, dropped_times;
	struct pd_arena bytes;
	PD_VEC(struct pd_span) string;     /* without what they share with the one before */
	struct flame_column prefix;
	struct { int64_t n; struct flame_column name, system, file, module, line, flags; } frames;
	struct { int64_t n; struct flame_column frame, up, roots; } tree;
	struct { struct flame_column key, str, unit, num, no_num; } labels;
	struct flame_column set, set_end;  /* label sets one after another, and where each ends */
	PD_VEC(struct flame_series *) series;
	uint64_t held;                     /* bytes of memory */
};

/* Reads one JSON value at the source's position; the source then stands behind it. Release in any case. */
enum pd_status flame_parse(struct flame_data *d, struct pd_source *src, struct pd_sink *sink);
void flame_data_release(struct flame_data *d);

#endif
