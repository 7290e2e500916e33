/*
 * Heat maps: samples counted by the time they were taken, column by column of a
 * fixed length ("one second"), rows being the parts of a column. What happens
 * at a steady pace shows as a pattern that no sum over the whole time has.
 */
#ifndef PROFDATA_HEAT_H
#define PROFDATA_HEAT_H

#include <profdata/base.h>
#include <profdata/profile.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PD_HEAT_BINS (1u << 20) /* most bins of one map */

struct pd_heat_opts {
	size_t size;
	unsigned sample_type;   /* index, see pd_doc_sample_types(): whose samples are counted, whose values summed up */
	uint64_t column;        /* ns of a column; 0: chosen by the stretch, one second for most recordings */
	uint32_t rows;          /* of a column; 0: chosen (50, 60 or 48) */
	bool has_stretch;       /* otherwise: from the first to the last sample of the document, of all series */
	int64_t origin;         /* time at which column 0 begins, not after `from` */
	int64_t from, to;       /* the stretch shown, both included; samples before and after are counted as outside */
};

/*
 * The map. Bin i is row i % rows of column i / rows; rows go forward in time. The first and last columns stick out
 * of the stretch. A bin without samples differs from one whose values add up to 0.
 */
struct pd_heat_map {
	int64_t origin, from, to;
	uint64_t column;
	uint64_t first_column;    /* number of the first column, counted from the origin */
	uint32_t columns, rows;
	const uint32_t *samples;  /* per bin */
	const int64_t *value;     /* per bin: sum of the sample type */
	uint64_t n_samples;       /* in the map */
	int64_t total;            /* of their values */
	uint32_t max_samples;     /* of one bin */
	int64_t min_value, max_value; /* of the bins with samples; 0 when there are none */
	uint64_t untimed, outside; /* samples of the series without time; before or after the stretch */
	int64_t clock;            /* Unix ns of the origin, where times are on that clock or the header has a start; 0 unknown */
};

struct pd_heat;
/*
 * PD_ERR_UNSUPPORTED when no sample of the sample type has a time (the reason and a hint in *err), PD_ERR_LIMIT when
 * the bins are too many or a sum does not fit 64 bits, PD_ERR_USAGE when a column cannot have so many rows. Memory
 * follows the bins, whatever the times. A document without any sample makes an empty map when the stretch is given.
 */
PD_API struct pd_heat *pd_heat_new(const struct pd_doc *doc, const struct pd_heat_opts *opts, struct pd_error *err);
/* A length of time as people write it: "500ms", "1.5 s", "5min", "2h", "1d", seconds without a unit. Whole ns above 0, or false. */
PD_API bool pd_heat_length(const char *text, uint64_t *ns);
PD_API void pd_heat_free(struct pd_heat *h); /* NULL is fine */
PD_API const struct pd_heat_map *pd_heat_map(const struct pd_heat *h);
/*
 * Where bin i begins, in ns after the origin: a sample is in bin i when start(i) <= time - origin < start(i + 1);
 * i may be the number of bins. UINT64_MAX when that is beyond 64 bits.
 */
PD_API uint64_t pd_heat_start(const struct pd_heat_map *map, uint32_t i);
/* The bin of a time of the stretch. */
PD_API uint32_t pd_heat_bin(const struct pd_heat_map *map, int64_t time);

#ifdef __cplusplus
}
#endif
#endif
