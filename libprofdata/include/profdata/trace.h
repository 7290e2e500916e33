/*
 * Timelines. A trace is not stored: its reader sends events to a sink as it
 * meets them, and memory stays the size of what is open. Sinks in the box count,
 * collect, copy to several others, or make a profile; writers are sinks too.
 *
 * Times are nanoseconds on one clock (struct pd_trace_desc). Everything a call
 * hands over (texts, args, descriptions) is good for that call only; a sink that
 * wants to keep it copies it. Stacks are the exception: they are rows of
 * `tables`, which only grows and outlives the sink's last call.
 *
 * Order: on one track BEGIN and END nest and come in order of time; complete
 * SLICEs come in order of their begin and nest too. A reader that cannot promise
 * that sets PD_TRACK_UNORDERED, and sinks that need the order sort. Between
 * tracks there is no order. Failures of a sink are sticky: `failed` is set, every
 * later call is ignored, pd_events_finish() says why.
 */
#ifndef PROFDATA_TRACE_H
#define PROFDATA_TRACE_H

#include <profdata/base.h>
#include <profdata/builder.h>
#include <profdata/profile.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Numbered by the reader, 1 and up and dense; 0 is "the whole trace". */
PD_ID(pd_track);

enum pd_track_kind {
	PD_TRACK_PROCESS, /* `parent` 0; id = pid */
	PD_TRACK_THREAD,  /* of a process: a row of nested slices; id = tid */
	PD_TRACK_COUNTER, /* of a process, of a thread or of the whole trace; see `series` */
};

enum pd_track_flags {
	PD_TRACK_UNORDERED = 1 << 0, /* events come in any order; slices may overlap partly */
	PD_TRACK_SORTED = 1 << 1,    /* `sort` is set */
};

struct pd_track_desc {
	enum pd_track_kind kind;
	uint32_t flags;              /* enum pd_track_flags */
	pd_track parent;
	int64_t id;                  /* as the source numbers it; unique among the tracks of its kind and parent, but for counters */
	struct pd_span name;         /* may be empty */
	int32_t sort;                /* place among its siblings, small ones first */
	const struct pd_span *series; /* counters: name of each value; NULL with n_series 1: it needs none */
	unsigned n_series;
	struct pd_span unit;         /* counters: "bytes", "count"; may be empty */
};

enum pd_arg_kind {
	PD_ARG_STR,
	PD_ARG_INT,
	PD_ARG_UINT,
	PD_ARG_REAL,
	PD_ARG_BOOL,
	PD_ARG_JSON, /* `str` is a valid JSON value: for sources whose args nest */
};

struct pd_arg {
	struct pd_span key;
	enum pd_arg_kind kind;
	union {
		struct pd_span str;
		int64_t i;
		uint64_t u;
		double real;
		bool yes;
	};
};

enum pd_event_kind {
	PD_EV_BEGIN,         /* name, category, args, stack */
	PD_EV_END,           /* of the innermost open BEGIN of the track; args and stack of the end; name may be empty */
	PD_EV_SLICE,         /* complete: also dur and end_stack */
	PD_EV_INSTANT,
	PD_EV_COUNTER,       /* value[]: one per series of the track */
	PD_EV_FLOW_BEGIN,    /* an arrow: category, name and id make it one; starts at the slice or instant just sent at this time */
	PD_EV_FLOW_STEP,
	PD_EV_FLOW_END,      /* ends at the slice that contains or begins at ts */
	PD_EV_ASYNC_BEGIN,   /* id and category tie begin, instants and end; may overlap anything */
	PD_EV_ASYNC_END,
	PD_EV_ASYNC_INSTANT,
	PD_EV_SAMPLE,        /* a stack that was seen running; dur with PD_EV_LASTING; value[0] = weight when n_values is 1 */
	PD_EV_KINDS,
};

enum pd_event_flags {
	PD_EV_GLOBAL = 1 << 0,     /* an instant that concerns the whole trace */
	PD_EV_PROCESS = 1 << 1,    /* an instant that concerns the process */
	PD_EV_UNFINISHED = 1 << 2, /* the source had no end: the slice is closed where the trace ends */
	PD_EV_ENCLOSING = 1 << 3,  /* FLOW_END: the slice around ts, not the next one */
	PD_EV_LASTING = 1 << 4,    /* SAMPLE: dur is the time it stands for */
};

struct pd_event {
	enum pd_event_kind kind;
	uint32_t flags; /* enum pd_event_flags */
	pd_track track;
	int64_t ts, dur;
	struct pd_span name, category;
	uint64_t id;
	pd_stack stack, end_stack; /* 0 none */
	const struct pd_arg *args;
	uint32_t n_args, n_values;
	const double *values;
};

struct pd_trace_desc {
	size_t size;
	struct pd_span clock;  /* "monotonic", "boot", "unix", "trace" (starts anywhere); never empty */
	bool has_origin;
	int64_t origin;        /* the time to call zero, normally that of the first event */
	bool has_wall;
	int64_t wall;          /* Unix ns at `origin` (at time 0 without) */
	struct pd_span source; /* what wrote it: "go 1.26", "" unknown */
	const struct pd_arg *args; /* anything else worth keeping as metadata */
	uint32_t n_args;
};

/*
 * Figures a reader worked out, for people (`info`): a stream that nests like
 * JSON. `key` is empty inside arrays. An array of objects is a table.
 */
enum pd_fact_kind { PD_FACT_OBJECT, PD_FACT_ARRAY, PD_FACT_END, PD_FACT_STR, PD_FACT_INT, PD_FACT_REAL };
struct pd_fact {
	enum pd_fact_kind kind;
	const char *key;
	const char *unit; /* of numbers: "nanoseconds", "bytes", "count"; may be NULL */
	struct pd_span str;
	int64_t i;
	double real;
};

struct pd_events;

enum pd_events_wants {
	PD_WANTS_EVENTS = 1 << 0, /* tracks and events */
	PD_WANTS_FACTS = 1 << 1,  /* figures, after the last event */
	PD_WANTS_ARGS = 1 << 2,   /* arguments of events; without it readers may leave them out */
};

/* What a sink does; NULL members are skipped. `size` is sizeof(struct pd_events_ops). */
struct pd_events_ops {
	size_t size;
	uint32_t wants;                                                      /* enum pd_events_wants */
	void (*start)(struct pd_events *, const struct pd_trace_desc *);     /* once, before the first event; wall may be learnt later: called again */
	void (*track)(struct pd_events *, pd_track, const struct pd_track_desc *); /* new, or described better (a name learnt later) */
	void (*event)(struct pd_events *, const struct pd_event *);
	void (*fact)(struct pd_events *, const struct pd_fact *);
	enum pd_status (*finish)(struct pd_events *, struct pd_error *);     /* no events follow */
	void (*free)(struct pd_events *);
	bool (*remark)(const struct pd_events *, size_t i, struct pd_note_desc *); /* see pd_events_remark() */
};

/* First member of every sink. */
struct pd_events {
	const struct pd_events_ops *ops;
	const struct pd_doc *tables; /* what the stacks of events mean (pd_builder_view()); set before the first event */
	bool failed;                 /* readers may stop early */
};

static inline void pd_events_start(struct pd_events *ev, const struct pd_trace_desc *d)
{
	if (ev->ops->start && !ev->failed)
		ev->ops->start(ev, d);
}

static inline void pd_events_track(struct pd_events *ev, pd_track track, const struct pd_track_desc *d)
{
	if (ev->ops->track && !ev->failed)
		ev->ops->track(ev, track, d);
}

static inline void pd_events_event(struct pd_events *ev, const struct pd_event *e)
{
	if (ev->ops->event && !ev->failed)
		ev->ops->event(ev, e);
}

static inline void pd_events_fact(struct pd_events *ev, const struct pd_fact *f)
{
	if (ev->ops->fact && !ev->failed)
		ev->ops->fact(ev, f);
}

/* Ends the stream. The sink stays to be freed. */
PD_API enum pd_status pd_events_finish(struct pd_events *ev, struct pd_error *err);
PD_API void pd_events_free(struct pd_events *ev); /* NULL is fine */
/*
 * What a finished sink could not hold as it was sent: remark number i, counted from 0; false behind the last one. Loaders put
 * them among the notes of the document.
 */
PD_API bool pd_events_remark(const struct pd_events *ev, size_t i, struct pd_note_desc *out);
/* Tells a sink (and those behind a tee) what stacks mean. Loaders do it. */
PD_API void pd_events_tables(struct pd_events *ev, const struct pd_doc *tables);

/*
 * The document a builder is filling, for reading its tables while they grow.
 * Rows stay; pointers the reading functions give are good until the next row is added.
 */
PD_API const struct pd_doc *pd_builder_view(const struct pd_builder *b);

/* ---- sinks in the box ---- */

/* What went by. */
struct pd_event_counts {
	uint64_t events[PD_EV_KINDS];
	uint64_t tracks;         /* without counters and processes */
	bool any;                /* the span is set */
	int64_t first, last;     /* begin of the first and end of the last event */
};
/* Counts into *counts, which must outlive the sink. */
PD_API struct pd_events *pd_events_counter(struct pd_event_counts *counts, struct pd_error *err);
/* "slice", "instant", ... as keys of machine output. */
PD_API const char *pd_event_kind_name(enum pd_event_kind kind);

/* Passes everything to `n` sinks, in this order; finishing it finishes them, freeing it leaves them to their owner. */
PD_API struct pd_events *pd_events_tee(struct pd_events *const *sinks, size_t n, struct pd_error *err);

/*
 * Passes on what lies in [after, before) ns from the start of the trace (its origin where it says one, else its first event): slices
 * are cut at the borders, counters begin with the value they had, arrows that began outside are left out, and so are the instants and
 * samples outside. The sink belongs to the new one from now on, also when this fails.
 */
PD_API struct pd_events *pd_events_range(struct pd_events *sink, int64_t after, int64_t before, struct pd_error *err);

/*
 * Nested slices become stacks (a frame per name), self time becomes values:
 * series "", value type "time" in nanoseconds and "slices" in counts, labels pid, tid
 * and thread from the tracks. Samples of the trace become series "samples", or "cpu" with their time where they have one. Writes to `b`, which must outlive it.
 */
PD_API struct pd_events *pd_events_profile(struct pd_builder *b, struct pd_error *err);

/* ---- the collector ---- */

/* A whole trace as columns, for those that need order or several passes. */
struct pd_timeline;
PD_API struct pd_events *pd_events_collector(const struct pd_limits *limits, struct pd_error *err);
/* Number of tracks (ids 1 to that) and of slices; slices are sorted by (track, ts, longest first). After pd_events_finish(). */
struct pd_timeline_slices {
	size_t n;
	const uint32_t *track;
	const int64_t *ts, *dur;
	const uint32_t *name, *category; /* see pd_timeline_string() */
};
PD_API void pd_timeline_slices(const struct pd_events *collector, struct pd_timeline_slices *out);
PD_API uint32_t pd_timeline_tracks(const struct pd_events *collector);
/* Texts of the description point into the collector. */
PD_API void pd_timeline_track(const struct pd_events *collector, pd_track t, struct pd_track_desc *out);
PD_API struct pd_span pd_timeline_string(const struct pd_events *collector, uint32_t s);

/* ---- documents ---- */

/*
 * Samples with times as events: per thread nested slices (a frame is open from
 * the first sample that shows it to the first one that does not), an instant's
 * worth where only one sample shows it. `sample_type` is an index, see
 * pd_doc_sample_types(); a gap longer than `max_gap` ns (0: four times the period, or
 * the median distance) closes everything. PD_ERR_UNSUPPORTED when no sample has a time.
 */
PD_API enum pd_status pd_doc_events(const struct pd_doc *doc, unsigned sample_type, int64_t max_gap, struct pd_events *ev, struct pd_error *err);

#ifdef __cplusplus
}
#endif
#endif
