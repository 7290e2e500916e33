/*
 * Maps of bpftrace, whatever they were printed as: entries come in, series and
 * samples go out.
 *
 *	pd_bpf_map(m, name);           the map the entry is of
 *	pd_bpf_stack(m);               a part of the key is a stack ...
 *	pd_bpf_frame(m, line);         ... with these frames, leaf first
 *	pd_bpf_part(m, text);          a part of the key is this text
 *	pd_bpf_number(m, value);       the entry is complete
 *
 * What the parts of a key mean is not in the output: stacks are recognised, the
 * rest is told by what all entries of a map have in common (how many parts, which
 * of them are always numbers), so entries are kept until the end. That also tells
 * maps that were printed and cleared, whose prints add up, from maps that only
 * grow, of which the last print counts.
 */
#ifndef COMMON_BPF_MAPS_H
#define COMMON_BPF_MAPS_H

#include "base/vec.h"
#include "common/text.h"

struct pd_bpf_opts {
	const char *unit, *keys, *prints;
	bool params;
};
extern const struct pd_opt pd_bpf_opts[];

/* One value of a map, and its key as numbers: see parts in bpf_maps.c. */
struct pd_bpf_row {
	uint32_t map, first, n;  /* key: words [first, first + n) */
	uint32_t next;           /* row of the same map, + 1; 0 none */
	uint32_t print, prints;  /* the print it was last seen in; how many of them had it */
	pd_str bucket;           /* of a histogram */
	int64_t now[2], before[2], sum[2]; /* this print, the one before, all; [1] is the total of stats() */
};

struct pd_bpf_map {
	pd_str name;             /* without '@' */
	int kind;                /* numbers, stats() or histogram */
	bool any;                /* it has a number */
	bool shrank;             /* a value fell or went away from one print to the next */
	uint32_t prints, grown;  /* so far; values that rose from one print to the next */
	uint32_t others;         /* values that were no numbers */
	uint32_t rows;
	uint32_t before, now, kept; /* rows in the print before, in this one, in both */
	int64_t last;            /* value of the entry before */
	uint32_t first_row, last_row; /* + 1; 0 none */
};

struct pd_bpf {
	struct pd_sink *sink;
	struct pd_source *src;
	struct pd_builder *b;
	const struct pd_bpf_opts *opts;
	struct pd_span comma;              /* what stands between the parts of a key */
	struct pd_pieces lines;            /* of frames: value = frame, kind = hint */
	PD_VEC(uint8_t) hint;              /* of each frame: whose stack it is, see bpf_frames.c */
	PD_VEC(pd_frame) kernel;           /* of each frame: the same as one of the kernel's, 0 not made yet */
	PD_VEC(struct pd_bpf_map) map;
	PD_VEC(struct pd_bpf_row) row;
	PD_VEC(uint32_t) word;             /* keys of the rows */
	PD_VEC(uint32_t) key;              /* that of the entry at hand */
	PD_VEC(pd_frame) frames;           /* a stack being put together */
	uint32_t *slot, mask;              /* rows by key */
	uint32_t now, at;                  /* maps of the entry at hand and of the last one, + 1; 0 none */
	uint32_t parts;                    /* of the key at hand */
	size_t stack_at;                   /* where in `key` the part at hand begins */
	bool is_stack;                     /* it is a stack */
	bool fresh;                        /* the entry belongs to another print than the one before */
	bool best, best_stacks;            /* there is a default sample type; of a map with stacks */
	bool failed;                       /* out of memory */
	enum pd_status status;
};

/* `comma` stands between the parts of a key. */
bool pd_bpf_init(struct pd_bpf *m, struct pd_source *src, struct pd_sink *sink, const struct pd_bpf_opts *opts, struct pd_span comma);
void pd_bpf_release(struct pd_bpf *m);

/* An entry begins; `fresh`: surely of another print than the entry before. */
void pd_bpf_map(struct pd_bpf *m, struct pd_span name, bool fresh);
void pd_bpf_part(struct pd_bpf *m, struct pd_span text);
void pd_bpf_stack(struct pd_bpf *m);
void pd_bpf_frame(struct pd_bpf *m, struct pd_span line);
void pd_bpf_number(struct pd_bpf *m, int64_t value);
void pd_bpf_stats(struct pd_bpf *m, int64_t count, int64_t total);
/* A bucket [low, high) of the histogram at this key; without a bound it is open on that side. More may follow. */
struct pd_bpf_bucket {
	bool has_low, has_high;
	int64_t low, high;
};
void pd_bpf_bucket(struct pd_bpf *m, const struct pd_bpf_bucket *at, int64_t count);
/* The value is no number. A map where that is more often so than not is left out. */
void pd_bpf_other(struct pd_bpf *m);
/* The entry at hand is none after all. */
static inline void pd_bpf_forget(struct pd_bpf *m) { m->now = 0; }

/* Counts an oddity at the current line. */
void pd_bpf_note(struct pd_bpf *m, const char *what);
/* Everything has been read: makes the series. */
enum pd_status pd_bpf_finish(struct pd_bpf *m);

/* ---- bpf_frames.c ---- */

enum pd_bpf_hint { PD_BPF_EITHER, PD_BPF_KERNEL, PD_BPF_USER };
/* A line of a stack in any of the modes of bpftrace; *hint says whose it must be. 0 when it is no frame. */
pd_frame pd_bpf_parse_frame(struct pd_builder *b, struct pd_span line, bool params, enum pd_bpf_hint *hint);
/* The same frame with the kernel's flag. */
pd_frame pd_bpf_kernel_frame(struct pd_builder *b, pd_frame frame);
/* Names that only stand in stacks of the kernel, at either end of them. */
bool pd_bpf_is_kernel_name(struct pd_span name);
/* Can the line be a frame that is not indented (modes raw and build_id)? */
bool pd_bpf_is_bare(struct pd_span line);

/* ---- bpf_keys.c ---- */

/* What the parts of the keys of one map are. */
enum pd_bpf_kind { PD_BPF_NOTHING, PD_BPF_NUMBER, PD_BPF_TEXT, PD_BPF_STACK };
#define PD_BPF_PARTS 64 /* more parts of one key are taken as one */

struct pd_bpf_shape {
	uint32_t n;                        /* parts */
	bool has_stack;
	enum pd_bpf_kind kind[PD_BPF_PARTS];
	bool is_kernel[PD_BPF_PARTS];      /* stacks */
	pd_str label[PD_BPF_PARTS];        /* of the others */
};

/* A part as it stands in the words of a key. */
struct pd_bpf_part {
	enum pd_bpf_kind kind;
	int64_t number;
	pd_str text;
	const uint32_t *frame; /* leaf first */
	uint32_t n;
};
/* The part at *at, which moves behind it. */
struct pd_bpf_part pd_bpf_next_part(const uint32_t *words, uint32_t *at);
/* Works out what the parts of the keys of a map are. */
void pd_bpf_shape(struct pd_bpf *m, uint32_t map, struct pd_bpf_shape *out);
/* The parts of a row, as many as the map's keys have: parts too many belong to texts with commas in them. False: too few. */
bool pd_bpf_align(struct pd_bpf *m, const struct pd_bpf_row *row, const struct pd_bpf_shape *shape, struct pd_bpf_part part[PD_BPF_PARTS]);

#endif
