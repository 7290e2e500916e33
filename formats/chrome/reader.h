/* Inside of the chrome reader: events in read.c, who they belong to in tracks.c, stacks in stacks.c and v8.c. */
#ifndef CHROME_READER_H
#define CHROME_READER_H

#include "chrome/chrome.h"
#include "common/json_read.h"
#include "model/index.h"

/* A pid or tid: a number, a word, or not there. */
struct chrome_id {
	enum { CHROME_ID_NONE, CHROME_ID_NUMBER, CHROME_ID_WORD } kind;
	int64_t number;
	struct pd_span word;
};

struct chrome_track {
	enum pd_track_kind kind;
	uint32_t parent;
	int64_t id;          /* as told to the sink */
	pd_str word;         /* the id when it is a word */
	pd_str name, labels; /* labels: of a process */
	int32_t sort;
	bool sorted, told;
	PD_VEC(pd_str) series; /* counters */
	PD_VEC(double) value;  /* the last one of each series */
};

/* One entry of stackFrames, or one node of a V8 profile. */
struct chrome_frame {
	pd_frame frame;
	uint32_t parent; /* a key, see each table; 0 none */
	pd_stack stack;
	bool resolved, on_path; /* on_path: being resolved */
};

struct chrome_stacks_read {
	PD_VEC(uint32_t) entry;             /* by interned key: number of the entry, 0 none */
	PD_VEC(struct chrome_frame) frame;  /* row 0 is none */
	PD_VEC(uint32_t) path;
	struct { uint64_t key; pd_stack stack; } recent[64]; /* by short keys; 0 none */
	bool seen;
};

/* A sample until its frames and its successor are known. */
struct chrome_sample {
	int64_t ts;
	uint32_t track, stack; /* stack: key of stackFrames until resolved */
	double weight;
};

struct chrome_v8;

struct chrome_reader {
	struct pd_json j;
	struct pd_source *src;
	struct pd_sink *sink;
	struct pd_builder *b;
	struct pd_events *ev;
	bool started, wants_args, rounded, noted_rounded;
	uint64_t n_events;
	int64_t last;                        /* latest time seen */
	PD_VEC(struct chrome_track) track;   /* row 0 is the whole trace */
	struct pd_index by_id;               /* processes and threads */
	struct pd_index by_name;             /* counters */
	struct { int64_t pid, tid; uint32_t track; } recent[64];
	uint32_t words;                      /* ids that are words so far */
	struct chrome_stacks_read stacks;
	PD_VEC(struct chrome_sample) sample; /* of the array "samples" */
	PD_VEC(struct chrome_v8 *) v8;
	PD_VEC(char) copy;                   /* texts of the event at hand that had escapes */
	PD_VEC(struct pd_arg) arg;
	PD_VEC(char) arg_text;
};

/* ---- read.c ---- */
/* Stops the reader: with what is recorded, else what the builder says, else for want of memory. Returns false. */
bool chrome_give_up(struct chrome_reader *r);
bool chrome_note(struct chrome_reader *r, const char *what);
/* Takes a time in microseconds, a number or a number in a string; *has false for anything else. */
bool chrome_take_time(struct chrome_reader *r, struct pd_json *j, int64_t *ns, bool *has);
/* A whole number, also in a string; *has false for anything else. */
bool chrome_take_i64(struct pd_json *j, int64_t *out, bool *has);
/* A string or what a number looks like; anything else is skipped and gives an empty span. */
bool chrome_take_text(struct pd_json *j, struct pd_span *out);
/* Begins the stream of events when it has not begun. */
void chrome_start(struct chrome_reader *r, int64_t ts);

/* ---- tracks.c ---- */
/* The track of (pid, tid), made and told when it is new. Thread 0 or none is the thread of the process's number. 0 on failure. */
uint32_t chrome_thread(struct chrome_reader *r, const struct chrome_id *pid, const struct chrome_id *tid);
uint32_t chrome_process(struct chrome_reader *r, const struct chrome_id *pid);
uint32_t chrome_counter(struct chrome_reader *r, uint32_t process, struct pd_span name, struct pd_span id);
/* Number of the series of a counter, added when new; -1 on failure. */
int chrome_series(struct chrome_reader *r, uint32_t counter, struct pd_span name);
void chrome_tell(struct chrome_reader *r, uint32_t track);
/* First thread with this tid in any process, 0 none. */
uint32_t chrome_thread_of(const struct chrome_reader *r, int64_t tid);
void chrome_tracks_release(struct chrome_reader *r);

/* ---- stacks.c ---- */
/* The value of "stackFrames" at j. */
bool chrome_read_stack_frames(struct chrome_reader *r, struct pd_json *j);
/* The args of a metadata event that says part of it earlier: {"stackFrames":{...}}. */
bool chrome_read_more_frames(struct chrome_reader *r, struct pd_json *j);
/* The value of "samples". */
bool chrome_read_samples(struct chrome_reader *r);
/* The stack behind a reference of an event; 0 when there is none (yet). */
pd_stack chrome_stack(struct chrome_reader *r, struct pd_span key);
/* Walks up the parents and makes the stack of a row of `frame`; rows are named by number. */
pd_stack chrome_resolve(struct chrome_reader *r, struct chrome_frame *frame, size_t n, uint32_t row);
/* At the end: what was waiting. */
bool chrome_send_samples(struct chrome_reader *r);
void chrome_stacks_read_release(struct chrome_reader *r);

/* ---- v8.c ---- */
/* The args of a Profile or ProfileChunk (kind P), or of CpuProfile. */
bool chrome_v8_event(struct chrome_reader *r, struct pd_span name, struct pd_span id, const struct chrome_id *pid, const struct chrome_id *tid, struct pd_json *args);
bool chrome_v8_send(struct chrome_reader *r);
void chrome_v8_release(struct chrome_reader *r);

#endif
