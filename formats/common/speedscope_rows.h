/* Between the JSON side of the speedscope reader (formats/speedscope.c) and the rows it makes. */
#ifndef COMMON_SPEEDSCOPE_ROWS_H
#define COMMON_SPEEDSCOPE_ROWS_H

#include "base/vec.h"
#include "common/json_read.h"

enum pd_ss_unit { UNIT_NONE, UNIT_BYTES, UNIT_NS, UNIT_US, UNIT_MS, UNIT_S };

/* A number of the file, exact, with the frame of an event beside it: 16 bytes. */
struct pd_ss_number {
	uint64_t digits; /* after scaling: the int64 itself */
	uint32_t frame;
	int16_t exp10;
	bool negative : 1, exact : 1, opens : 1;
};

struct pd_ss_profile {
	uint64_t offset; /* in the input, for messages */
	pd_str name;
	enum pd_ss_unit unit;
	bool is_evented, is_sampled, has_end, has_events, has_weights;
	struct pd_ss_number start, end;
	PD_VEC(struct pd_ss_number) number; /* weights or events */
	PD_VEC(uint32_t) sample;      /* rows of struct pd_ss_paths, plus 1; 0 = empty */
	/* what profdata's own writer adds */
	bool is_own, no_times, has_pid, has_tid;
	int64_t pid, tid;
	pd_str type, type_unit, comm;
};

/* Distinct samples as lists of frame numbers: frames may be defined after them. */
struct pd_ss_paths {
	PD_VEC(uint32_t) frame;
	PD_VEC(struct pd_ss_path { size_t end; uint64_t hash; pd_stack stack; bool done; }) row;
	uint32_t *slot;
	size_t mask;
};

struct pd_ss_column { pd_str type, unit; unsigned series, decimals; };

struct pd_ss_reader {
	struct pd_json j;
	struct pd_source *src;
	struct pd_sink *sink;
	struct pd_builder *b;
	PD_VEC(pd_frame) frame;
	bool has_frames, has_profiles, is_own;
	PD_VEC(struct pd_ss_profile) waiting; /* for the frames */
	struct pd_ss_paths paths;
	PD_VEC(uint32_t) sample;        /* the one being read */
	PD_VEC(struct pd_ss_column) column;
	int64_t active;
	PD_VEC(pd_str) type; /* per profile */
	PD_VEC(pd_frame) path;
	PD_VEC(struct pd_ss_open { uint32_t frame; pd_stack stack; bool known; }) open;
};

bool pd_ss_no_memory(struct pd_ss_reader *r);
/* Failure and remark at the place of a profile. */
bool pd_ss_fail(struct pd_ss_reader *r, const struct pd_ss_profile *p, const char *what);
bool pd_ss_note(struct pd_ss_reader *r, const struct pd_ss_profile *p, const char *what);
/* The row of a sample plus 1; 0 when out of memory. */
uint32_t pd_ss_path_row(struct pd_ss_paths *t, const uint32_t *frame, size_t n);
/* Makes rows of a profile; frames are known. */
bool pd_ss_convert(struct pd_ss_reader *r, struct pd_ss_profile *p);

#endif
