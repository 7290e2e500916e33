/* Inside of the perf-script reader: one reading, in three files. */
#ifndef PERF_SCRIPT_PERF_H
#define PERF_SCRIPT_PERF_H

#include "base/span.h"
#include "common/perf_header.h"
#include "common/text.h"

#define PD_PERF_JUNK "lines that are neither sample nor frame skipped"
#define HALF_MAX 4096     /* bytes kept of a line that was no header */

enum kind {
	K_FRAME = 1 << 0,
	K_INLINED = 1 << 1,
	K_PADDING = 1 << 2,     /* "0 [unknown] ([unknown])" */
	K_LOST = 1 << 3,        /* unknown address in no object */
	K_SOURCE = 1 << 4,      /* "  file.c:42" below a frame */
	K_SOURCE_INLINED = 1 << 5,
	K_JUNK = 1 << 6,
	K_NEW = 1 << 7,         /* the frame has not been made yet */
	K_UNFOLDED = 1 << 8,    /* several functions in one name */
};

struct perf_opts {
	bool cpu, no_payload, payload, keep_params, sched;
};

/* A parsed line: frame or source position. */
struct place {
	uint64_t address;
	pd_mapping mapping;
	uint32_t flags;
	pd_str name, file;
	pd_func func;   /* of the name alone, made when first needed */
	int64_t line;
};

/* Inlined lines and their physical frame that were seen together before. */
struct group {
	uint32_t first, n; /* in group_ids */
	pd_frame frame;
};

struct event {
	unsigned series;
	bool weighted;
};

struct perf {
	struct pd_text t;
	struct pd_sink *sink;
	struct pd_builder *b;
	const struct perf_opts *opts;
	bool keep_cpu, keep_payload;
	bool has_switches, has_tasks;   /* their series are there */
	unsigned switches, tasks;

	struct pd_pieces lines, objects, threads, events;
	PD_VEC(struct place) place; /* of each row of `lines` */
	PD_VEC(struct group) group;
	PD_VEC(uint32_t) group_ids;
	uint32_t *group_index, group_mask;
	PD_VEC(struct event) event;

	PD_VEC(uint32_t) ids;      /* lines of the sample, leaf first */
	uint32_t kinds;            /* of all of them */
	PD_VEC(pd_frame) frames;
	PD_VEC(struct pd_line) inl; /* lines of the frame being put together */
	PD_VEC(struct pd_label) label;

	bool in_header;            /* between the two "# ========" of --header */
	bool open;                 /* a sample has begun */
	struct pd_sample sample;
	struct event kind;
	int64_t period;
	pd_frame lone;             /* frame behind the event */

	int64_t near, first, last; /* times */
	uint64_t samples, records;
	char half[HALF_MAX];       /* a line that was no header: the first part of a name with a line feed, a header without anchor, or junk */
	size_t half_n;
	bool has_half;
	pd_str comm, pid, tid, cpu, count; /* interned words */
	enum pd_status status;
};


/* Counts an oddity; under --strict it ends the reading. */
void pd_perf_note(struct perf *f, const char *what, struct pd_span line);

/* ---- frames.c ---- */

bool pd_perf_frames_init(struct perf *f);
void pd_perf_frames_release(struct perf *f);
/* All frame lines from here on, into `ids`. */
void pd_perf_take_frames(struct perf *f);
/* One line that does not begin with a tab but belongs to the frames: "  file.c:42", or a frame indented with blanks. */
void pd_perf_take_piece(struct perf *f, struct pd_span raw);
/* `ids` become `frames`. */
void pd_perf_resolve(struct perf *f);
/* Forgets the lines of the sample. */
void pd_perf_forget_frames(struct perf *f);
/* A frame that stands alone ("ADDRESS NAME (OBJECT)" behind the event). */
pd_frame pd_perf_lone_frame(struct perf *f, struct pd_span text);

/* ---- labels.c ---- */

/* Labels of a sample: `who` identifies the thread, `payload` is that of a tracepoint or empty. */
void pd_perf_choose_labels(struct perf *f, const struct pd_perf_header *h, struct pd_span who, struct pd_span comm, struct pd_span payload);
/* Labels of the thread a record is about, and one more. */
pd_labels pd_perf_record_labels(struct perf *f, const struct pd_perf_header *h, const char *key, const char *text);

/* ---- sched.c ---- */

/* Records of switches, forks and exits become rows (--opt sched). `word` is the first one, `rest` what follows. */
void pd_perf_take_sched(struct perf *f, const struct pd_perf_header *h, struct pd_span word, struct pd_span rest);
/* The time a payload of sched:sched_stat_* speaks of; false when it is no such event. */
bool pd_perf_stat_time(struct pd_span event, struct pd_span payload, int64_t *ns);

/* ---- meta.c ---- */

/* cpu-clock and task-clock count nanoseconds. */
bool pd_perf_is_clock(struct pd_span event);
/* So do these and what measures time off the CPU. */
bool pd_perf_counts_time(struct pd_span event);
/* A line of --header: "# key : value". */
void pd_perf_take_comment(struct perf *f, struct pd_span line);
/* Names of sample types, default, duration: once everything is read. */
void pd_perf_finish(struct pd_builder *b);
/* Bytes of a bpf-output event, on lines of their own. */
bool pd_perf_is_bytes(struct pd_span line);
enum pd_sniff pd_perf_sniff(const struct pd_probe *p);

#endif
