/*
 * What line-oriented stack formats share: a source in blocks that end at line
 * ends, a cache from a piece of text to what it was parsed into, and the
 * notation "ADDRESS SYMBOL+0xOFFSET (OBJECT)".
 */
#ifndef COMMON_TEXT_H
#define COMMON_TEXT_H

#include "base/arena.h"
#include "base/hash.h"
#include "base/vec.h"
#include <profdata/format.h>

/* ---- lines in blocks ---- */

/*
 * A cursor over whole lines: [p, end) always ends behind a line feed, except at
 * the end of the input. Whoever moves p past a line adds one to `line`.
 */
struct pd_text {
	struct pd_source *src;
	struct pd_sink *sink;
	const char *block, *p, *end;
	uint64_t line;  /* lines taken so far */
	bool failed;    /* a line without end; the error is recorded */
};

/* Next block once p has reached end; false when the input is over or failed. */
bool pd_text_fill(struct pd_text *t);
/* Next line without its line end (LF or CR LF); only when p < end. */
struct pd_span pd_text_line(struct pd_text *t);
/* PD_OK, or why pd_text_fill() came to an end. */
enum pd_status pd_text_status(struct pd_text *t);
/* Records an error at the line last taken; returns PD_ERR_DATA. */
enum pd_status pd_text_fail(struct pd_text *t, const char *fmt, ...) PD_PRINTF(2, 3);
/* Counts an oddity at the line last taken, see pd_note(). `text` is that line, for the example. */
enum pd_status pd_text_note(struct pd_text *t, const char *what, struct pd_span text);

/* Frames of one record that are looked at before max_depth cuts the stack; more is hostile. */
#define PD_TEXT_FRAMES_MAX (1u << 24)

/* ---- pieces of text seen before ---- */

/* What a piece means is up to the format; row 0 is never used. */
struct pd_piece {
	const char *text;
	uint32_t n;
	uint32_t next;  /* piece that followed this one last time: a guess for the reader */
	uint64_t tag;   /* free; a cheap first comparison for guesses */
	uint32_t kind, value, aux;
};

/*
 * The text itself is the key and is compared, so a hit means equality. Bounded:
 * when full, new pieces become temporary rows that are never found again.
 */
struct pd_pieces {
	PD_VEC(struct pd_piece) row;
	uint64_t *slot; /* upper half of the hash | row */
	uint32_t mask;
	uint32_t kept;  /* rows below are permanent */
	struct pd_arena text;
	uint64_t key;
	bool failed;    /* out of memory; rows are 0 from then on */
};

#define PD_PIECES_MAX (1u << 20)
#define PD_PIECES_TEXT (64u << 20) /* bytes of text kept */

bool pd_pieces_init(struct pd_pieces *c);
void pd_pieces_release(struct pd_pieces *c);
/* A new zeroed row for text that was not found; 0 when out of memory. Invalidates row pointers. */
uint32_t pd_pieces_add(struct pd_pieces *c, const char *p, size_t n, uint64_t hash);

/* Row of a piece, or 0. */
static inline uint32_t pd_pieces_find(const struct pd_pieces *c, const char *p, size_t n, uint64_t hash)
{
	for (uint32_t i = (uint32_t)hash & c->mask;; i = (i + 1) & c->mask) {
		uint64_t s = c->slot[i];

		if (!s)
			return 0;
		if ((uint32_t)(s >> 32) == (uint32_t)(hash >> 32)) {
			const struct pd_piece *e = &c->row.v[(uint32_t)s];

			if (e->n == n && memcmp(e->text, p, n) == 0)
				return (uint32_t)s;
		}
	}
}

/* Forgets temporary rows; their numbers must not be used any more. */
static inline void pd_pieces_trim(struct pd_pieces *c)
{
	if (pd_unlikely(c->row.n > c->kept))
		c->row.n = c->kept;
}

/* "us", "usecs" → "microseconds", "bytes" → "bytes": units as people and names of variables call them; NULL for others. */
const char *pd_unit_name(struct pd_span word);

/* ---- symbols ---- */

struct pd_symbol {
	uint64_t address;
	struct pd_span name;   /* without offset; "" when unknown */
	struct pd_span object; /* what stands in the last parentheses, "" when nothing or "[unknown]" */
	bool has_object;       /* there were parentheses */
	bool inlined;          /* "(inlined)" */
};

/* "ADDRESS NAME+0xOFFSET (OBJECT)" with blanks in front; offset and object may be missing. */
bool pd_symbol_parse(struct pd_span s, struct pd_symbol *out);
/* Drops a final "+0x12ab". */
struct pd_span pd_symbol_no_offset(struct pd_span name);
/* Cuts the parameter list of a C++, Rust or Go name; knows templates, lambdas, operators and "(anonymous namespace)". */
struct pd_span pd_symbol_no_params(struct pd_span name);
/* PD_FRAME_KERNEL or PD_FRAME_JIT when the object's name says so, else 0. */
uint32_t pd_object_flags(struct pd_span object);

#endif
