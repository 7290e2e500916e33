/*
 * Wall-clock profiles: where the time of every thread went, on the processor,
 * blocked, and runnable but not running. Made from an on-CPU profile and an
 * off-CPU one, from one recording of scheduler switches, or from a trace.
 *
 * Per thread: on + off + runnable = lifetime. What the recordings do not
 * explain is a row of its own; what they explain twice is refused.
 */
#ifndef PROFDATA_WALL_H
#define PROFDATA_WALL_H

#include <profdata/base.h>
#include <profdata/profile.h>
#include <profdata/trace.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PD_WALL_RESIDUAL "[runnable or unattributed]" /* lifetime that nothing explains */
#define PD_WALL_RUN_QUEUE "[run queue]"               /* waiting for a processor, by the scheduler's own count */
#define PD_WALL_NO_SAMPLE "[on-CPU without samples]"  /* time on the processor during which no sample was taken */

/* What an input says. AUTO: found out, see pd_wall_source. */
enum pd_wall_role {
	PD_WALL_AUTO,
	PD_WALL_ON,     /* samples of what runs */
	PD_WALL_OFF,    /* time blocked, summed up */
	PD_WALL_WHOLE,  /* all threads, running or not (wall-clock sampling), or rows that have a label `state` */
	PD_WALL_SWITCHES, /* scheduler events in order of time */
	PD_WALL_SCHEDSTAT, /* control totals per thread */
};

enum pd_wall_per { PD_WALL_PER_THREAD, PD_WALL_PER_PROCESS, PD_WALL_PER_TOTAL };

/* State as part of the stack, for formats without labels. */
enum pd_wall_frames {
	PD_WALL_FRAMES_NONE,
	PD_WALL_FRAMES_SUFFIX, /* of the leaf: _[on] _[off] _[runnable] */
	PD_WALL_FRAMES_LEAF,   /* a frame [on], [off] or [runnable] above the leaf */
	PD_WALL_FRAMES_ROOT,   /* the same below the root */
};

struct pd_wall_opts {
	size_t size;
	double hz;              /* rate of samples, where the profile does not say it or says it wrong; 0 none */
	const char *off_unit;   /* unit of off-CPU values that have none ("us"); NULL none */
	int64_t duration;       /* length of the window in ns, for inputs that do not say it; 0 none */
	enum pd_wall_per per;
	enum pd_wall_frames frames;
	bool no_residual;       /* leave PD_WALL_RESIDUAL out */
	bool force;             /* keep what cannot be true, unscaled */
	bool blocked_only;      /* off-CPU values end at the wake-up: they hold no run queue time */
	bool leaf_first;        /* stacks of the wall-clock samples are upside down */
	bool hide_idle;         /* leave out rows of threads that wait for work */
	const char *const *idle; /* more patterns of frames that mean so, beside the built-in ones; NULL-terminated or NULL */
	const char *const *members; /* "NAME=N": how many threads a name stands for; NULL-terminated or NULL */
};

/* One combination on its way. Not thread-safe. */
struct pd_wall;
PD_API struct pd_wall *pd_wall_new(const struct pd_wall_opts *opts, struct pd_error *err);
PD_API void pd_wall_free(struct pd_wall *w); /* NULL is fine */

/*
 * Adds an input; keeps a reference to `doc`. Switches must be rows one by one, with times. PD_ERR_DATA when the role is
 * not given and cannot be found out, PD_ERR_USAGE when a role is taken or the unit is not known, with a hint.
 */
PD_API enum pd_status pd_wall_add(struct pd_wall *w, const struct pd_doc *doc, enum pd_wall_role role, const char *name, struct pd_error *err);
/*
 * A sink for a trace whose slices are the states of threads or goroutines; slices of other kinds count as
 * time inside them, on the processor as far as they say so. The trace is an input once the sink is finished. The caller frees it, before `w`.
 */
PD_API struct pd_events *pd_wall_events(struct pd_wall *w, const char *name, struct pd_error *err);
/* Has an input been added that tells states in order of time? Slices of a trace may turn out to be something else. */
PD_API bool pd_wall_has_states(const struct pd_wall *w);
/* Intervals of thread states go to `ev` while inputs with switches or slices are read: set it before. Stays the caller's, who finishes it. */
PD_API void pd_wall_timeline(struct pd_wall *w, struct pd_events *ev);

/*
 * Combines. PD_ERR_DATA when inputs contradict each other (see pd_wall_summary.impossible: more time than lifetime),
 * PD_ERR_USAGE when something must be said first. Everything below may be asked afterwards, whatever the result.
 */
PD_API enum pd_status pd_wall_finish(struct pd_wall *w, struct pd_error *err);

/*
 * The profile: sample types samples/count (0 for what was not sampled), on_cpu, off_cpu and wall in nanoseconds; wall is the
 * default and the sum of on, off and runnable. Labels of threads, `state` (on, off, runnable), `reason` where known. The caller's.
 */
PD_API struct pd_doc *pd_wall_doc(const struct pd_wall *w);

struct pd_wall_summary {
	size_t threads;        /* rows of pd_wall_thread() */
	size_t sources, remarks, idle;
	bool has_window, rates; /* rates: windows differ, values are ns per second of each */
	int64_t window;        /* ns */
	int64_t lifetime, on, off, runnable, unattributed; /* ns, of all threads */
	int64_t idle_time, hidden; /* looks like waiting for work; left out of the profile */
	size_t scaled;         /* threads whose on-CPU time was scaled down to fit */
	size_t impossible;     /* threads with more time than lifetime, beyond chance */
	enum pd_wall_per per;
};
PD_API void pd_wall_summary(const struct pd_wall *w, struct pd_wall_summary *out);

/* What was done with one thread (process, total). Texts are good until the combination is freed. */
struct pd_wall_thread {
	bool has_pid, has_tid, has_lifetime;
	int64_t pid, tid;
	struct pd_span name;
	uint32_t members;      /* threads it stands for */
	int64_t lifetime, on, off, runnable, unattributed, hidden; /* ns, as in the profile */
	int64_t samples;
	double sampled, error; /* ns on the processor by samples, and its standard error */
	double on_factor, off_factor; /* applied; 1 none */
	double excess;         /* ns beyond the lifetime, before scaling; 0 none */
	bool impossible;
};
PD_API void pd_wall_thread(const struct pd_wall *w, size_t i, struct pd_wall_thread *out);

/* How an input was understood. */
struct pd_wall_source {
	const char *name;
	char what[160]; /* "on-CPU: cpu/nanoseconds, 100 Hz, 420 samples" */
};
PD_API void pd_wall_source(const struct pd_wall *w, size_t i, struct pd_wall_source *out);
/* Lines people should read; *warning tells those that cast doubt on the result. */
PD_API const char *pd_wall_remark(const struct pd_wall *w, size_t i, bool *warning);

struct pd_wall_idle {
	const char *what; /* "event loop" */
	int64_t time;     /* ns */
	uint32_t threads;
};
PD_API void pd_wall_idle(const struct pd_wall *w, size_t i, struct pd_wall_idle *out);

#ifdef __cplusplus
}
#endif
#endif
