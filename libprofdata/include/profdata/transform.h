/*
 * Documents in, document out. Every options struct starts with its size; zero
 * fields mean "not asked for".
 */
#ifndef PROFDATA_TRANSFORM_H
#define PROFDATA_TRANSFORM_H

#include <profdata/base.h>
#include <profdata/builder.h>
#include <profdata/profile.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- merge ---- */

enum pd_merge_kind {
	PD_MERGE_EXACT, /* canonical: mappings rebased to the lowest start, comments sorted; any order and grouping gives equal documents */
	PD_MERGE_VIEW,  /* as pprof does for reports: first-seen order of everything */
};
struct pd_merge_opts {
	size_t size;
	enum pd_merge_kind kind;
	bool untimed; /* forgets the times of samples, so that all equal ones add up */
};
/*
 * Exact sum of many documents, one at a time: memory follows the sum, not the
 * inputs. Sample types: equal lists, or their intersection by name (at least
 * one); series of different names stand side by side. Units are converted to
 * the finest one. Times: earliest non-zero start, summed duration, latest end;
 * period: largest. Samples whose values are all zero fall out. A sum that does
 * not fit into 64 bits is PD_ERR_LIMIT, different period types are PD_ERR_DATA.
 */
struct pd_merger;
PD_API struct pd_merger *pd_merger_new(const struct pd_merge_opts *opts, struct pd_error *err);
/* False on failure, *err says why; the merger can then only be freed. `doc` stays the caller's. */
PD_API bool pd_merger_add(struct pd_merger *m, const struct pd_doc *doc, struct pd_error *err);
/*
 * One more input without a document of its own: what is added to the builder is added to the sum,
 * and costs no second look-up. Belongs to the merger; used until pd_merger_close(), mostly by
 * pd_load_into(). All series and their value types come before the first sample. `limits` (NULL none)
 * count for this input only. Never NULL; a merger that has failed gives a builder that has.
 */
PD_API struct pd_builder *pd_merger_open(struct pd_merger *m, const struct pd_limits *limits, unsigned build_flags);
/* The input is complete. False on failure, as pd_merger_add(). */
PD_API bool pd_merger_close(struct pd_merger *m, struct pd_error *err);
/* The sum; `dropped` names the sample types that not every document has, may be NULL. The merger is empty afterwards. */
PD_API struct pd_doc *pd_merger_finish(struct pd_merger *m, char *dropped, size_t dropped_size, struct pd_error *err);
PD_API void pd_merger_free(struct pd_merger *m);

/* The same for documents at hand. */
PD_API struct pd_doc *pd_merge(const struct pd_doc *const *docs, size_t n, const struct pd_merge_opts *opts,
			       char *dropped, size_t dropped_size, struct pd_error *err);

/* ---- differences ---- */

/* The label that marks samples of the base: reports take percentages of these alone, see pd_report_total(). */
#define PD_BASE_LABEL "pprof::base"

/* All values times -1; `labelled` gives every sample the label PD_BASE_LABEL=true, in place of any it has. PD_ERR_LIMIT when a value does not fit. */
PD_API struct pd_doc *pd_negate(const struct pd_doc *doc, bool labelled, struct pd_error *err);
/*
 * Scales every value column to the total that it has in `base`, each value rounded to a whole number; a column whose total
 * is 0 becomes 0. PD_ERR_DATA unless sample types and period type are the same ones in the same order.
 */
PD_API struct pd_doc *pd_normalize(const struct pd_doc *doc, const struct pd_doc *base, struct pd_error *err);

struct pd_subtract_opts {
	size_t size;
	enum pd_merge_kind kind;
	bool normalize; /* `doc` by pd_normalize() first */
	bool labelled;  /* base samples stay apart, labelled: a comparison (pprof's -diff_base), not a difference (-base) */
};
/*
 * `doc` minus `base`, matched like inputs of a merge; times of samples are forgotten. Equal samples cancel out; what
 * nobody uses any more goes. The duration stays that of `doc`. `dropped` as for pd_merger_finish().
 */
PD_API struct pd_doc *pd_subtract(const struct pd_doc *doc, const struct pd_doc *base, const struct pd_subtract_opts *opts,
				  char *dropped, size_t dropped_size, struct pd_error *err);

/* Canonical form: equal content gives equal tables and rows in equal order; rows aggregated unless they have times. */
PD_API struct pd_doc *pd_canonical(const struct pd_doc *doc, struct pd_error *err);
/* 128-bit digest of the canonical form as 32 hex digits and a zero; independent of table order, compression and format. */
PD_API enum pd_status pd_hash(const struct pd_doc *doc, char hex[33], struct pd_error *err);

/* ---- selection ---- */

/* pprof's selection, in pprof's pipeline order: tagroot/tagleaf, focus/ignore/hide/show, show_from, tagfocus/tagignore, tagshow/taghide, prune_from. Regular expressions are PCRE2, unanchored, case-sensitive. */
struct pd_filter_opts {
	size_t size;
	const char *focus, *ignore, *hide, *show, *show_from, *prune_from;
	const char *tagfocus, *tagignore, *tagshow, *taghide, *tagroot, *tagleaf;
	bool no_inlines;               /* keep only the physical line of each frame; after all name filters */
	bool no_columns;               /* forget columns, as pprof's reports do with no_inlines */
	bool drop_frames;              /* apply the header's drop_frames/keep_frames first, as pprof does on load */
	bool has_time_range;           /* samples whose time (see pd_times_new()) is in [time_lo, time_hi) ns from the first of all */
	int64_t time_lo, time_hi;      /* INT64_MIN, INT64_MAX: open */
	const char *output_unit;       /* unit in which tagroot/tagleaf print numeric labels ("minimum") */
};
/* Which options matched nothing, for the warning pprof prints, and what else a user may want to hear. */
struct pd_filter_report {
	bool focus_unmatched, ignore_unmatched, hide_unmatched, show_unmatched, show_from_unmatched;
	bool tagfocus_unmatched, tagignore_unmatched, tagshow_unmatched, taghide_unmatched;
	bool tagroot_unmatched, tagleaf_unmatched;
	bool tagfocus_is_range, tagignore_is_range; /* taken as a range of numbers, not as regular expressions */
	bool drop_frames_invalid; /* the header's drop_frames or keep_frames is no regular expression and was left out */
	uint64_t samples_cut;     /* samples that drop_frames shortened */
};
/*
 * Frames and stacks keep their ids as far as they are unchanged; frames that
 * lost lines are changed in place, so two frames may become equal. Rows are not
 * summed up; merge the result (of one document) for that.
 */
PD_API struct pd_doc *pd_filter(const struct pd_doc *doc, const struct pd_filter_opts *opts, struct pd_filter_report *report, struct pd_error *err);

/* Units of numeric labels: the first one that a sample gives for the key, else bytes for "request" and "alignment", else the key itself. */
struct pd_label_units;
PD_API struct pd_label_units *pd_label_units_new(const struct pd_doc *doc, struct pd_error *err);
PD_API void pd_label_units_free(struct pd_label_units *u);
/* Zero-terminated; valid as long as `u` and its document. */
PD_API const char *pd_label_unit(const struct pd_label_units *u, pd_str key);
/* A key with several units: the i-th such key, the unit used and another one; false past the end. */
PD_API bool pd_label_units_conflict(const struct pd_label_units *u, size_t i, pd_str *key, pd_str *used, pd_str *other);

/* ---- values and names ---- */

/* num / den, den > 0. */
struct pd_ratio {
	int64_t num, den;
};
/* "2", "0.25", "3/2", "1e-3"; false when it is not such a number or does not fit. */
PD_API bool pd_ratio_parse(const char *text, struct pd_ratio *out);
/*
 * Multiplies value column i (see pd_doc_sample_types()) by ratio[i]: exact, rounded half away from
 * zero; samples left with zeros only are dropped. PD_ERR_LIMIT when a value does not fit.
 */
PD_API struct pd_doc *pd_scale(const struct pd_doc *doc, const struct pd_ratio *ratio, struct pd_error *err);
/* Rewrites function names by "s/RE/REPL/" (any delimiter; flags g and i; \1 to \9 and & in REPL), once per distinct name. */
PD_API struct pd_doc *pd_rename(const struct pd_doc *doc, const char *const *rules, size_t n, struct pd_error *err);

/* ---- units ---- */

/*
 * pprof's measurement rules: "10ms", "1.12s", "3.91MB". `to` is a unit name,
 * "minimum" or "auto" (each value on its own). Writes at most n bytes with a terminating zero.
 */
PD_API void pd_format_value(char *buf, size_t n, int64_t value, const char *unit, const char *to);
/* Value in the unit `to`; *out_unit is the unit to print ("" for counts). */
PD_API double pd_scale_value(int64_t value, const char *unit, const char *to, const char **out_unit);
/* How the values of one report are printed. */
struct pd_amount {
	const char *unit, *to;   /* as for pd_format_value() */
	unsigned decimals;       /* of the column, see struct pd_value_type */
	double ratio;            /* multiplies the value, which is then cut to a whole number; 0 and 1 leave it */
};
PD_API void pd_format_amount(char *buf, size_t n, int64_t value, const struct pd_amount *how);
/* "33.33%", "  100%", " 0.1%", "-33.33%": value in percent of total, at least 6 wide, two significant digits below 1. */
PD_API void pd_format_percent(char *buf, size_t n, int64_t value, int64_t total);
/* Are the two units of one family (time, memory, GCU), or equal? */
PD_API bool pd_units_compatible(const char *a, const char *b);

/* ---- report graph (top, tree, peek, dot) ---- */

enum pd_granularity { PD_BY_FUNCTIONS, PD_BY_FILEFUNCTIONS, PD_BY_FILES, PD_BY_LINES, PD_BY_ADDRESSES, PD_BY_MODULES };

#ifdef __cplusplus
}
#endif
#endif
