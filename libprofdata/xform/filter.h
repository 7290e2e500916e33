/*
 * One run of pd_filter(). Answers about strings flow to frames, from frames to
 * stacks in one forward loop per step (parents come before children), and from
 * stacks to rows at the very end.
 */
#ifndef XFORM_FILTER_H
#define XFORM_FILTER_H

#include "model/times.h"
#include "xform/regex.h"
#include <profdata/transform.h>

#define PD_GONE UINT32_MAX

/* What is known about a frame; bits of pd_pick.frame. */
enum {
	PICK_FOCUS = 1 << 0,
	PICK_IGNORE = 1 << 1,
	PICK_HIDDEN = 1 << 2,
	PICK_FROM = 1 << 3,  /* show_from matches */
	PICK_PRUNE = 1 << 4, /* prune_from matches */
	PICK_DROP = 1 << 5,  /* drop_frames takes the whole frame */
	PICK_UNDER = 1 << 6, /* drop_frames takes its inner lines and what is below */
};

/*
 * An entry is what a step maps: a stack of the document, or, when labels become
 * frames, a row (rows of all series counted through).
 */
struct pd_pick {
	const struct pd_doc *doc;
	const struct pd_filter_opts *o;
	struct pd_filter_report *report;
	struct pd_builder *b; /* holds copies of the tables; frames lose lines in place */
	struct pd_error *err;
	uint8_t *frame; /* per frame of b */
	uint32_t *to;   /* per entry: stack of b, or PD_GONE */
	size_t n_entries;
	bool by_row;
	bool failed;    /* *err says why */
};

/* One forward loop over the stacks that entries lead to. */
struct pd_pass {
	uint32_t n;    /* stacks when the loop began */
	uint8_t *need; /* is some entry's stack at or below it? */
	uint8_t *bits; /* what the step knows about the path */
	uint32_t *out; /* what becomes of it */
};

bool pd_pass_begin(struct pd_pick *p, struct pd_pass *w);
void pd_pass_end(struct pd_pass *w);

/* Copies the run of stack `s`; returns its length. */
uint32_t pd_pick_run(const struct pd_pick *p, uint32_t s, uint32_t run[PD_RUN]);
/* `base` plus frames. */
uint32_t pd_pick_extend(struct pd_pick *p, uint32_t base, const uint32_t *frames, uint32_t n);
/* Does the string match? Failures set p->failed and count as no. */
bool pd_pick_hit(struct pd_pick *p, struct pd_rx_memo *m, pd_str s);
/* Name or file of a line's function; the file of a frame's mapping. */
bool pd_pick_line_hit(struct pd_pick *p, struct pd_rx_memo *m, const struct pd_line *line);
bool pd_pick_mapping_hit(struct pd_pick *p, struct pd_rx_memo *m, const struct pd_frame_row *frame);
/* Opens an expression over the strings of the builder; false sets p->failed. NULL pattern: an empty memo. */
bool pd_pick_open(struct pd_pick *p, struct pd_rx_memo *m, const char *what, const char *pattern, bool whole);
bool pd_pick_nomem(struct pd_pick *p);

/* Time range of the rows. */
struct pd_window {
	bool on;
	int64_t lo, hi; /* absolute, [lo, hi); INT64_MAX is no end */
	struct pd_times *times;
};

static inline bool pd_in_window(const struct pd_window *w, unsigned series, const struct pd_rows *rows, size_t i)
{
	int64_t t;

	if (!w->on)
		return true;
	t = pd_times_at(w->times, series, rows, i);
	return t != PD_NO_TIME && t >= w->lo && (t < w->hi || w->hi == INT64_MAX);
}

/* ---- tagframes.c ---- */

/* Puts the frames for tagroot and tagleaf around the stacks; entries become rows. */
bool pd_tag_frames(struct pd_pick *p, const struct pd_window *w);

/* ---- prune.c: steps that cut stacks ---- */

/* Where a function name ends for drop_frames and prune_from: without leading dot and argument list. */
struct pd_span pd_simple_name(struct pd_span name);
/* The header's drop_frames and keep_frames. */
bool pd_prune_header(struct pd_pick *p);
bool pd_prune_from(struct pd_pick *p, struct pd_rx_memo *rx);
bool pd_prune_show_from(struct pd_pick *p, struct pd_rx_memo *rx);

#endif
