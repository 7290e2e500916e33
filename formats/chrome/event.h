/* One event while it is read: between the parser of the usual form (fast.c), that of all forms (read.c) and the arguments (args.c). */
#ifndef CHROME_EVENT_H
#define CHROME_EVENT_H

#include "chrome/reader.h"

/* Names of members as numbers. */
#define KEY2(a, b) ((uint16_t)((unsigned char)(a) | (unsigned char)(b) << 8))
#define KEY4(a, b, c, d) ((uint32_t)(unsigned char)(a) | (uint32_t)(unsigned char)(b) << 8 | (uint32_t)(unsigned char)(c) << 16 | (uint32_t)(unsigned char)(d) << 24)

/* A text of the event at hand: in the window, which may move, or in `copy`. */
struct chrome_piece {
	enum { CHROME_NOWHERE, CHROME_WINDOW, CHROME_COPY } where;
	uint32_t n; /* texts and events have a limit far below */
	size_t at;
};

struct chrome_event {
	char ph;
	bool has_ts, has_dur, has_tdur, has_id, flow_in, flow_out, has_bind, enclosing, local_id;
	char instant; /* scope: g, p, t */
	struct chrome_piece name, cat, args, sf, esf, id_text, scope, pid_word, tid_word;
	struct chrome_id pid, tid;
	uint64_t id;
	/* these count where one of the above says so */
	int64_t ts, dur, tdur;
	uint64_t bind, args_offset;
};

static inline struct pd_span chrome_text(const struct chrome_reader *r, struct chrome_piece p)
{
	if (p.where == CHROME_NOWHERE)
		return (struct pd_span){ "", 0 };
	return (struct pd_span){ (p.where == CHROME_WINDOW ? r->j.keep : r->copy.v) + p.at, p.n };
}

/*
 * An event of the usual members in the usual form that lies in the window as a whole: parsed at one go, a third of the
 * instructions. False when it is anything else, and then nothing has been taken, but *e is spoilt.
 */
bool chrome_fast_event(struct chrome_reader *r, struct chrome_event *e);

/* "0x1f", "31", 31 as a number; other words as their hash. */
uint64_t chrome_id_value(struct pd_span s);

/*
 * On to the next element of the array when an object stands there, in the window: then the parser is at its brace. False
 * and nothing done otherwise.
 */
bool chrome_fast_next(struct chrome_reader *r);

/* The members of args into r->arg, good until the next event. What is no object ("__stripped__") has none. */
bool chrome_parse_args(struct chrome_reader *r, const struct chrome_event *e);
/* One of them, or NULL. */
const struct pd_arg *chrome_find_arg(const struct chrome_reader *r, const char *key);

#endif
