/*
 * Pull parser for JSON (RFC 8259) over a source. Never holds more than one
 * token, never recurses, keeps numbers as written.
 *
 *	pd_json_init(&j, src, sink);
 *	pd_json_object(&j);
 *	while (pd_json_member(&j, &key))
 *		if (pd_json_is(key, "name"))
 *			pd_json_string(&j, &name);
 *		else
 *			pd_json_skip(&j);
 *	pd_json_finish(&j);
 *	status = pd_json_status(&j);
 *	pd_json_release(&j);
 *
 * Every call takes exactly one value; loops run to their end. Failures are
 * sticky: after the first one everything returns false, and the error with its
 * offset is in the sink. Spans are valid until the next call on the parser.
 *
 * More liberal than the RFC, each with a note: raw control bytes in strings; with
 * `open_end` an input that just stops, anywhere, and a comma before the end of an
 * array; with `nonfinite` NaN and Infinity, which count as null.
 * Stricter: literals above 64 digits or 400 characters, strings and nesting
 * above the limits. Without `nonfinite`, NaN and Infinity are refused by name.
 */
#ifndef COMMON_JSON_READ_H
#define COMMON_JSON_READ_H

#include "base/vec.h"
#include <profdata/format.h>

/* A number as written: ±digits × 10^exp10. */
struct pd_number {
	struct pd_span text;
	uint64_t digits; /* first 19 significant digits */
	int32_t exp10;
	bool negative;
	bool exact;      /* `digits` holds all of them */
};

/* Parses a whole span by the JSON grammar; false when it is something else or too long. */
bool pd_number_parse(struct pd_span text, struct pd_number *out);
/* The value when it is an integer that fits ("12", "12.0", "12e3"). */
bool pd_number_i64(const struct pd_number *num, int64_t *out);
/* value × 10^shift, rounded half away from zero; *rounded is set (never cleared) when digits were lost. False when it does not fit. */
bool pd_number_scaled(const struct pd_number *num, int shift, int64_t *out, bool *rounded);
/* Digits after the decimal point without trailing zeros: 3 for "1.250e-1", 0 for integers. */
unsigned pd_number_decimals(const struct pd_number *num);
/* Nearest double, whatever the locale. Infinite when too large. */
double pd_number_double(const struct pd_number *num);
/* A whole span as a double: a number by the JSON grammar or "NaN", "Inf", "+Inf", "-Inf" (any case, "Infinity" too). */
bool pd_number_real(struct pd_span text, double *out);

enum pd_json_type {
	PD_JSON_NONE, /* failure, or no value here */
	PD_JSON_NULL,
	PD_JSON_BOOL,
	PD_JSON_NUMBER,
	PD_JSON_STRING,
	PD_JSON_ARRAY,
	PD_JSON_OBJECT,
};

struct pd_json {
	bool open_end;               /* tolerate an input that stops (Chrome traces) */
	bool nonfinite;              /* tolerate NaN, Infinity and -Infinity (Python) */
	bool bytes;                  /* lone surrogates \udc80 to \udcff stand for bytes of invalid UTF-8 */
	bool ended;                  /* open_end applied: what is being read is not whole */
	const char *keep;            /* see pd_json_keep() */

	struct pd_source *src;       /* the rest is private */
	struct pd_sink *sink;
	const char *base, *p, *end;  /* window */
	uint64_t offset;             /* of base */
	enum pd_status status;
	bool first;                  /* nothing yet in the innermost container */
	bool fixed;                  /* the window is all there is */
	uint32_t depth, max_depth;
	size_t max_string;
	PD_VEC(uint64_t) kind;       /* bit per level: object */
	PD_VEC(char) text;           /* string with its escapes resolved */
};

/* Starts at the next byte of the source (a byte order mark is skipped). */
void pd_json_init(struct pd_json *j, struct pd_source *src, struct pd_sink *sink);
/* A piece of JSON at hand, taken from `offset` of the source; `src` is for messages only. Options of `like` apply. */
void pd_json_init_piece(struct pd_json *j, const struct pd_json *like, struct pd_span text, uint64_t offset);
void pd_json_release(struct pd_json *j);
/* The top value is over: only white space may follow. */
bool pd_json_finish(struct pd_json *j);
/* The same, but anything may follow: the source stands behind the value. */
bool pd_json_leave(struct pd_json *j);

static inline bool pd_json_failed(const struct pd_json *j) { return j->status != PD_OK; }
/* PD_OK also where an input that just stops is tolerated. */
static inline enum pd_status pd_json_status(const struct pd_json *j) { return j->status == PD_WARN ? PD_OK : j->status; }
/* Offset of the next unread byte in the decompressed input. */
static inline uint64_t pd_json_offset(const struct pd_json *j) { return j->offset + (uint64_t)(j->p - j->base); }

/* What comes next, without taking it. */
enum pd_json_type pd_json_type(struct pd_json *j);

/* Enter a container; it must be one. */
bool pd_json_array(struct pd_json *j);
bool pd_json_object(struct pd_json *j);
/* Is there another element or member? At the end of the container leaves it and returns false. */
bool pd_json_element(struct pd_json *j);
bool pd_json_member(struct pd_json *j, struct pd_span *key);

bool pd_json_string(struct pd_json *j, struct pd_span *out);
bool pd_json_number(struct pd_json *j, struct pd_number *out);
/* An integer; anything else is an error. */
bool pd_json_i64(struct pd_json *j, int64_t *out);
bool pd_json_bool(struct pd_json *j, bool *out);
bool pd_json_null(struct pd_json *j);
/* Takes one value of any kind. */
bool pd_json_skip(struct pd_json *j);
/* Enters an array or object as the two above; a value of another kind is taken as a whole, and the answer is false. */
static inline bool pd_json_maybe_array(struct pd_json *j)
{
	if (pd_json_type(j) == PD_JSON_ARRAY)
		return pd_json_array(j);
	pd_json_skip(j);
	return false;
}
static inline bool pd_json_maybe_object(struct pd_json *j)
{
	if (pd_json_type(j) == PD_JSON_OBJECT)
		return pd_json_object(j);
	pd_json_skip(j);
	return false;
}
/* The same for a string. False with nothing failed: there was none. */
static inline bool pd_json_maybe_string(struct pd_json *j, struct pd_span *out)
{
	if (pd_json_type(j) == PD_JSON_STRING)
		return pd_json_string(j, out);
	pd_json_skip(j);
	return false;
}
/* A number × 10^shift, rounded half away from zero; *rounded as for pd_number_scaled(). */
bool pd_json_scaled(struct pd_json *j, int shift, int64_t *out, bool *rounded);

/*
 * From here on everything stays in the window, until pd_json_drop(): what is read lies at a fixed distance from j->keep,
 * which itself may move. Strings with escapes are elsewhere all the same.
 */
static inline void pd_json_keep(struct pd_json *j) { j->keep = j->p; }
static inline void pd_json_drop(struct pd_json *j) { j->keep = NULL; }
/* What is visible from the next byte on; and to go on at `p` there, behind one whole value that the caller has parsed. */
static inline struct pd_span pd_json_window(const struct pd_json *j) { return (struct pd_span){ j->p, (size_t)(j->end - j->p) }; }
static inline void pd_json_advance(struct pd_json *j, const char *p)
{
	j->p = p;
	j->first = false;
}
/* Is the span of a string just read in what is kept? */
static inline bool pd_json_kept(const struct pd_json *j, const char *p) { return p >= j->keep && p < j->end; }

/* Records "expected ..." at the next unread byte; returns false. */
bool pd_json_fail(struct pd_json *j, const char *fmt, ...) PD_PRINTF(2, 3);
/* Counts an oddity at the next unread byte; false when it became an error. */
bool pd_json_note(struct pd_json *j, const char *what);

/* Is the span this literal? */
#define pd_json_is(span, literal) ((span).n == sizeof(literal) - 1 && memcmp((span).p, literal, sizeof(literal) - 1) == 0)

/* For sniffers: is this among the keys seen at the top? */
static inline bool pd_probe_has_key(const struct pd_probe *p, const char *key)
{
	size_t n = strlen(key);

	for (unsigned i = 0; i < p->n_json_keys; i++)
		if (p->json_keys[i].n == n && memcmp(p->json_keys[i].p, key, n) == 0)
			return true;
	return false;
}

#endif
