/*
 * How good is a profile, and how much of it is the runtime's? Expected and
 * delivered samples, stacks that were cut or have no names, samples that keep
 * step with a clock; shares of classes of functions (garbage collection,
 * allocation, locks, the profiler itself).
 */
#ifndef PROFDATA_QUALITY_H
#define PROFDATA_QUALITY_H

#include <profdata/profile.h>
#include <profdata/stats.h>

#ifdef __cplusplus
extern "C" {
#endif

/* n of `of` samples, with Wilson's 95 % interval; NaN where there are none. */
struct pd_quality_share {
	uint64_t n, of;
	double share;
	struct pd_interval ci;
};

struct pd_quality_opts {
	size_t size;
	unsigned sample_type; /* index, see pd_doc_sample_types(); its series is looked at */
	double rate;          /* samples per second of CPU that were asked for; 0 = as the profile says */
	double cpu_seconds;   /* user and system time of the process; 0 = as the profile says */
	uint32_t max_depth;   /* frames at which the tool cut stacks; 0 = guessed */
};

#define PD_QUALITY_WARNINGS 12

/* What is not known is NaN, or 0 for counts where the comment says so. */
struct pd_quality {
	uint64_t rows, samples;      /* samples: sum of a column that counts them, else rows */
	bool counted;                /* such a column is there */
	double duration;             /* seconds */
	double seconds;              /* the profile's time: sum of its first column with a unit of time */
	double utilisation;          /* seconds / duration: cores in use */
	double per_second;           /* samples / duration */
	double rate;                 /* asked for, per second */
	const char *rate_from;       /* "given", "header", "comment", "weights", or NULL */
	double cpu_seconds;
	const char *cpu_from;        /* "given", "comment", "schedstat", or NULL */
	double expected, coverage, z; /* rate * cpu_seconds; samples against it */
	double cap;                  /* of 100, 250, 300, 1000 per second: the one the samples stop at, else NaN */
	bool cap_of_thread;          /* ... those of the busiest thread */
	uint64_t lost;               /* samples that the tool says it lost */
	uint64_t lost_records;       /* remarks about lost ones without a number */
	double lost_share;           /* lost / (lost + samples) */
	uint32_t max_depth, depth_limit; /* frames; 0: no limit was met */
	struct pd_quality_share no_stack; /* samples without any frame; the shares below are of the others */
	struct pd_quality_share truncated;
	struct pd_quality_share leaf_unknown, any_unknown; /* whose leaf, or any frame, has no name */
	struct pd_quality_share broken; /* whose root is no known start of a thread; NaN where starts are not among the roots at all */
	uint32_t threads;
	pd_thread busiest;           /* 0 when there are no threads */
	double busiest_per_second;
	bool timed;
	double first_tenth, last_tenth; /* samples there against the mean of all tenths */
	double lockstep;             /* 0..1: how much the samples keep to one phase of a clock of `lockstep_period` seconds (the worst of 1 ms .. 1 s) */
	double lockstep_period;
	char warning[PD_QUALITY_WARNINGS][200]; /* one line each, "" past the end */
};
PD_API enum pd_status pd_quality_of(const struct pd_doc *doc, const struct pd_quality_opts *opts, struct pd_quality *out, struct pd_error *err);

/* ---- shares ---- */

struct pd_classes;
/* The classes that come with the library. NULL without memory. */
PD_API struct pd_classes *pd_classes_new(struct pd_error *err);
/*
 * Adds classes from a text: "[NAME]", or "[NAME] tax anywhere", begins one (or goes on with it), every line after it is a pattern:
 * a function name in which * stands for anything, "module:PATTERN", or "kernel". Empty lines and lines from # on do not count. What is added
 * comes before what is there. PD_ERR_DATA with the line.
 */
PD_API enum pd_status pd_classes_add(struct pd_classes *c, const char *name, const char *text, size_t n, struct pd_error *err);
PD_API void pd_classes_free(struct pd_classes *c); /* NULL is fine */

struct pd_class_share {
	const char *name;        /* lives as long as the classes */
	bool tax;                /* counted among the "tax": what many programs pay for being programs */
	uint64_t samples;
	int64_t value;           /* of the sample type */
	double share;            /* of the total */
	struct pd_interval ci;   /* Wilson, of the effective number of samples */
};
struct pd_shares_of;
/*
 * Every sample belongs to one class: that of the frame nearest to the leaf which has one; classes "anywhere" are tried first, over the whole
 * stack. The last row is "application", the rest.
 */
PD_API struct pd_shares_of *pd_shares_of_new(const struct pd_doc *doc, unsigned sample_type, const struct pd_classes *c, struct pd_error *err);
PD_API void pd_shares_of_free(struct pd_shares_of *s);
PD_API const struct pd_class_share *pd_shares_of_row(const struct pd_shares_of *s, size_t i); /* NULL past the end */
PD_API const struct pd_class_share *pd_shares_of_tax(const struct pd_shares_of *s); /* the sum of those */
PD_API int64_t pd_shares_of_total(const struct pd_shares_of *s);

#ifdef __cplusplus
}
#endif
#endif
