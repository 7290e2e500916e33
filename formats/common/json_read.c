#include "common/json_read.h"
#include "common/json_scan.h"
#include "common/escape.h"
#include "base/hash.h"
#include <inttypes.h>
#include <stdarg.h>

#define CUT_OFF "inputs end before their JSON is closed"
#define REFILL 4096 /* how much more to ask for when a token crosses the window's end */

/* ---- failing ---- */

static bool fail_with(struct pd_json *j, enum pd_status status, uint64_t offset, const char *fmt, va_list args)
{
	char text[400];

	vsnprintf(text, sizeof(text), fmt, args);
	if (j->status != PD_OK)
		return false;
	j->status = pd_fail_at(j->sink, j->src, offset, "%s", text);
	if (status != PD_ERR_DATA && j->sink->err->status == PD_ERR_DATA)
		j->status = j->sink->err->status = status;
	return false;
}

static bool fail_at(struct pd_json *j, const char *p, const char *fmt, ...) PD_PRINTF(3, 4);
static bool fail_at(struct pd_json *j, const char *p, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fail_with(j, PD_ERR_DATA, j->offset + (uint64_t)(p - j->base), fmt, args);
	va_end(args);
	return false;
}

static bool fail_limit(struct pd_json *j, const char *fmt, ...) PD_PRINTF(2, 3);
static bool fail_limit(struct pd_json *j, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fail_with(j, PD_ERR_LIMIT, pd_json_offset(j), fmt, args);
	va_end(args);
	return false;
}

bool pd_json_fail(struct pd_json *j, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fail_with(j, PD_ERR_DATA, pd_json_offset(j), fmt, args);
	va_end(args);
	return false;
}

static bool fail_memory(struct pd_json *j)
{
	if (j->status == PD_OK)
		j->status = pd_error_set(j->sink->err, PD_ERR_NOMEM, "out of memory");
	return false;
}

bool pd_json_note(struct pd_json *j, const char *what)
{
	if (j->status != PD_OK)
		return false;
	j->status = pd_note_at(j->sink, j->src, pd_json_offset(j), what);
	return j->status == PD_OK;
}

/* The input stops where it should not: an error, or the end of everything. Nothing more can be read in either case. */
static bool cut_off(struct pd_json *j)
{
	if (!j->open_end || j->status != PD_OK || pd_source_status(j->src) != PD_OK)
		return false;
	if (!j->ended && !pd_json_note(j, CUT_OFF))
		return true;
	j->ended = true;
	j->status = PD_WARN;
	return true;
}

/* "expected X, found Y" at the next byte, which has been looked for. */
static bool fail_expected(struct pd_json *j, const char *expected)
{
	unsigned char c;

	if (j->p == j->end) {
		if (cut_off(j))
			return false;
		if (pd_source_status(j->src) == PD_OK)
			return pd_json_fail(j, "expected %s, found the end of the input", expected);
		if (j->status == PD_OK) {
			j->status = pd_source_status(j->src);
			if (j->sink->err->status == PD_OK)
				*j->sink->err = *pd_source_error(j->src);
		}
		return false;
	}
	c = (unsigned char)*j->p;
	if (c == 'N' || c == 'I')
		return pd_json_fail(j, "expected %s, found '%c' (NaN and Infinity are not JSON)", expected, c);
	if (c > 0x20 && c < 0x7f)
		return pd_json_fail(j, "expected %s, found '%c'", expected, c);
	return pd_json_fail(j, "expected %s, found byte 0x%02x", expected, c);
}

/* ---- the window ---- */

/* Slides the window so that it starts at `keep` and grows; pointers into it move with *p. False when the input has no more. */
static bool refill(struct pd_json *j, const char *keep)
{
	const char *from = j->keep ? j->keep : keep;
	size_t done = (size_t)(from - j->base), held = (size_t)(j->end - from), at = (size_t)(j->p - from);
	struct pd_span w;

	if (j->fixed)
		return false;
	if (j->keep && held > j->sink->limits->max_memory / 4)
		return fail_limit(j, "one value takes more than %" PRIu64 " bytes", j->sink->limits->max_memory / 4);
	pd_source_consume(j->src, done);
	w = pd_source_peek(j->src, held + (j->keep ? held / 2 : 0) + REFILL);
	j->offset += done;
	j->base = w.p;
	j->end = w.p + w.n;
	j->p = w.p + (at <= w.n ? at : w.n);
	if (j->keep)
		j->keep = w.p;
	return w.n > held;
}

#define IN_NUMBER 0x10 /* may stand inside a number */
#define SPACE 0x20

/* What a byte begins (enum pd_json_type) and where it may stand. */
static const uint8_t byte_class[256] = {
	[' '] = SPACE, ['\n'] = SPACE, ['\r'] = SPACE, ['\t'] = SPACE,
	['"'] = PD_JSON_STRING, ['{'] = PD_JSON_OBJECT, ['['] = PD_JSON_ARRAY,
	['t'] = PD_JSON_BOOL, ['f'] = PD_JSON_BOOL, ['n'] = PD_JSON_NULL,
	['-'] = PD_JSON_NUMBER | IN_NUMBER, ['0'] = PD_JSON_NUMBER | IN_NUMBER, ['1'] = PD_JSON_NUMBER | IN_NUMBER,
	['2'] = PD_JSON_NUMBER | IN_NUMBER, ['3'] = PD_JSON_NUMBER | IN_NUMBER, ['4'] = PD_JSON_NUMBER | IN_NUMBER,
	['5'] = PD_JSON_NUMBER | IN_NUMBER, ['6'] = PD_JSON_NUMBER | IN_NUMBER, ['7'] = PD_JSON_NUMBER | IN_NUMBER,
	['8'] = PD_JSON_NUMBER | IN_NUMBER, ['9'] = PD_JSON_NUMBER | IN_NUMBER,
	['.'] = IN_NUMBER, ['+'] = IN_NUMBER, ['e'] = IN_NUMBER, ['E'] = IN_NUMBER,
};

static inline bool is_space(char c)
{
	return byte_class[(uint8_t)c] & SPACE;
}

static inline bool is_number_byte(char c)
{
	return byte_class[(uint8_t)c] & IN_NUMBER;
}

/* Next byte that is no white space, or -1 at the end. */
static int next_slow(struct pd_json *j)
{
	for (;;) {
		while (j->p < j->end && is_space(*j->p))
			j->p++;
		if (j->p < j->end)
			return (unsigned char)*j->p;
		if (j->status != PD_OK || !refill(j, j->p))
			return -1;
	}
}

static inline int next(struct pd_json *j)
{
	if (pd_likely(j->p < j->end && (unsigned char)*j->p > ' '))
		return (unsigned char)*j->p;
	return next_slow(j);
}

void pd_json_init(struct pd_json *j, struct pd_source *src, struct pd_sink *sink)
{
	struct pd_span w = pd_source_peek(src, REFILL);

	*j = (struct pd_json){ .src = src, .sink = sink, .first = true };
	j->offset = pd_source_offset(src);
	j->base = j->p = w.p;
	j->end = w.p + w.n;
	j->max_depth = sink->limits->max_nesting;
	j->max_string = sink->limits->max_string;
	if (w.n >= 3 && memcmp(w.p, "\xef\xbb\xbf", 3) == 0)
		j->p += 3;
}

void pd_json_init_piece(struct pd_json *j, const struct pd_json *like, struct pd_span text, uint64_t offset)
{
	*j = (struct pd_json){ .src = like->src, .sink = like->sink, .first = true, .fixed = true, .offset = offset, .nonfinite = like->nonfinite,
			       .base = text.p, .p = text.p, .end = text.p + text.n, .max_depth = like->max_depth, .max_string = like->max_string };
}

void pd_json_release(struct pd_json *j)
{
	pd_vec_release(&j->kind);
	pd_vec_release(&j->text);
}

bool pd_json_leave(struct pd_json *j)
{
	pd_source_consume(j->src, (size_t)(j->p - j->base));
	j->offset += (uint64_t)(j->p - j->base);
	j->base = j->p = j->end = NULL;
	return j->status == PD_OK;
}

bool pd_json_finish(struct pd_json *j)
{
	if (j->status == PD_OK && next(j) >= 0)
		return fail_expected(j, "the end of the input after the JSON value");
	if (j->status == PD_OK && pd_source_status(j->src) != PD_OK)
		return fail_expected(j, "the end");
	return pd_json_leave(j);
}

/* ---- containers ---- */

static bool in_object(const struct pd_json *j)
{
	return j->kind.v[(j->depth - 1) / 64] >> ((j->depth - 1) % 64) & 1;
}

static bool enter(struct pd_json *j, bool object)
{
	uint64_t bit = 1ull << (j->depth % 64);
	size_t word = j->depth / 64;

	if (j->depth >= j->max_depth)
		return fail_limit(j, "JSON is nested deeper than %u", j->max_depth);
	if (word >= j->kind.n && !pd_vec_push(&j->kind, (uint64_t)0))
		return fail_memory(j);
	j->kind.v[word] = object ? j->kind.v[word] | bit : j->kind.v[word] & ~bit;
	j->depth++;
	j->p++;
	j->first = true;
	return true;
}

static inline void leave(struct pd_json *j)
{
	j->depth--;
	j->p++;
	j->first = false;
}

bool pd_json_array(struct pd_json *j)
{
	if (pd_unlikely(j->status != PD_OK))
		return false;
	return next(j) == '[' ? enter(j, false) : fail_expected(j, "an array");
}

bool pd_json_object(struct pd_json *j)
{
	if (pd_unlikely(j->status != PD_OK))
		return false;
	return next(j) == '{' ? enter(j, true) : fail_expected(j, "an object");
}

/* The input stops inside a container: tolerated once, with a note, when asked for. */
static bool stops_early(struct pd_json *j, int c)
{
	if (c >= 0 || !j->open_end || pd_source_status(j->src) != PD_OK)
		return false;
	if (!j->ended)
		pd_json_note(j, CUT_OFF);
	j->ended = true;
	j->depth--;
	j->first = false;
	return true;
}

bool pd_json_element(struct pd_json *j)
{
	int c;

	if (pd_unlikely(j->status != PD_OK))
		return false;
	c = next(j);
	if (c == ']') {
		leave(j);
		return false;
	}
	if (j->first) {
		j->first = false;
		return c >= 0 || (stops_early(j, c) ? false : fail_expected(j, "a value or ']'"));
	}
	if (pd_unlikely(c != ','))
		return stops_early(j, c) ? false : fail_expected(j, "',' or ']'");
	j->p++;
	c = next(j);
	if (pd_unlikely(c == ']')) {
		if (!j->open_end)
			return fail_expected(j, "a value after ','");
		leave(j);
		return false;
	}
	return c >= 0 || (stops_early(j, c) ? false : fail_expected(j, "a value after ','"));
}

/* ---- strings ---- */

static bool append(struct pd_json *j, const char *p, size_t n)
{
	if (n == 0)
		return true;
	if (j->text.n + n > j->max_string)
		return fail_limit(j, "a string is longer than %zu bytes", j->max_string);
	if (!pd_vec_reserve(&j->text, n))
		return fail_memory(j);
	memcpy(j->text.v + j->text.n, p, n);
	j->text.n += n;
	return true;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Makes `n` bytes visible at p; false when the input has fewer. */
static bool ahead(struct pd_json *j, size_t n)
{
	while ((size_t)(j->end - j->p) < n)
		if (!refill(j, j->p))
			return false;
	return true;
}

/* "\uXXXX" at p. */
static bool unicode_escape(struct pd_json *j, uint32_t *out)
{
	*out = 0;
	if (!ahead(j, 6))
		return cut_off(j) ? false : fail_at(j, j->p, "expected four hex digits after \\u");
	for (int i = 2; i < 6; i++) {
		int d = hex_digit(j->p[i]);

		if (d < 0)
			return fail_at(j, j->p, "expected four hex digits after \\u");
		*out = *out << 4 | (uint32_t)d;
	}
	j->p += 6;
	return true;
}

/* Escapes that name one character, at p; surrogate halves pair up or become U+FFFD. */
static bool take_escape(struct pd_json *j)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *hit;
	char utf8[4];
	uint32_t cp, low;

	if (!ahead(j, 2))
		return cut_off(j) ? false : fail_at(j, j->p, "expected the end of a string, found the end of the input");
	if (j->p[1] != 'u') {
		hit = memchr(from, j->p[1], sizeof(from) - 1);
		if (!hit)
			return fail_at(j, j->p, "unknown escape in a string");
		j->p += 2;
		return append(j, to + (hit - from), 1);
	}
	if (!unicode_escape(j, &cp))
		return false;
	if ((cp & 0xfc00) == 0xd800 && ahead(j, 2) && j->p[0] == '\\' && j->p[1] == 'u') {
		if (!unicode_escape(j, &low))
			return false;
		if ((low & 0xfc00) == 0xdc00)
			cp = 0x10000 + ((cp & 0x3ff) << 10) + (low & 0x3ff);
		else
			j->p -= 6; /* the first half was alone; look at the second escape again */
	}
	if (j->bytes && cp >= 0xdc80 && cp <= 0xdcff)
		return append(j, &(char){ (char)(cp & 0xff) }, 1);
	return append(j, utf8, esc_utf8_put(utf8, cp));
}

/* The rest of a string that is not one plain run; p is inside it. */
static bool string_slow(struct pd_json *j, struct pd_span *out)
{
	bool noted = j->fixed; /* pieces have been read before */

	j->text.n = 0;
	for (;;) {
		const char *stop = pd_json_plain_end(j->p, j->end);

		if (!append(j, j->p, (size_t)(stop - j->p)))
			return false;
		j->p = stop;
		if (j->p == j->end) {
			if (!refill(j, j->p))
				return fail_expected(j, "the end of a string");
		} else if (*j->p == '"') {
			j->p++;
			*out = (struct pd_span){ j->text.n ? j->text.v : "", j->text.n };
			return true;
		} else if (*j->p == '\\') {
			if (!take_escape(j))
				return false;
		} else {
			if (!noted && !pd_json_note(j, "JSON strings with raw control bytes"))
				return false;
			noted = true;
			if (!append(j, j->p++, 1))
				return false;
		}
	}
}

/* p is at the opening quote. */
static inline bool take_string(struct pd_json *j, struct pd_span *out)
{
	const char *from = ++j->p, *stop = pd_json_plain_end(from, j->end);

	if (pd_likely(stop < j->end && *stop == '"' && (size_t)(stop - from) <= j->max_string)) {
		*out = (struct pd_span){ from, (size_t)(stop - from) };
		j->p = stop + 1;
		return true;
	}
	return string_slow(j, out);
}

bool pd_json_string(struct pd_json *j, struct pd_span *out)
{
	if (pd_unlikely(j->status != PD_OK))
		return false;
	if (pd_likely(j->p < j->end && *j->p == '"'))
		return take_string(j, out);
	return next(j) == '"' ? take_string(j, out) : fail_expected(j, "a string");
}

/* Strings nobody wants: no copy, no limit. */
static bool skip_string(struct pd_json *j)
{
	j->p++;
	for (;;) {
		j->p = pd_json_plain_end(j->p, j->end);
		if (j->p == j->end) {
			if (!refill(j, j->p))
				return fail_expected(j, "the end of a string");
		} else if (*j->p == '"') {
			j->p++;
			return true;
		} else {
			if (*j->p == '\\' && !ahead(j, 2))
				return cut_off(j) ? false : fail_at(j, j->p, "expected the end of a string, found the end of the input");
			j->p += 1 + (*j->p == '\\');
		}
	}
}

/* Members as unusual as white space, escapes and ends of windows make them. */
static bool member_slow(struct pd_json *j, struct pd_span *key)
{
	const char *from;
	int c;

	if (pd_unlikely(j->status != PD_OK))
		return false;
	c = next(j);
	if (c == '}') {
		leave(j);
		return false;
	}
	if (!j->first) {
		if (pd_unlikely(c != ','))
			return stops_early(j, c) ? false : fail_expected(j, "',' or '}'");
		j->p++;
		c = next(j);
	}
	if (pd_unlikely(c != '"'))
		return stops_early(j, c) ? false : fail_expected(j, j->first ? "a member name or '}'" : "a member name after ','");
	j->first = false;
	from = j->p + 1;
	if (!take_string(j, key))
		return false;
	if (pd_likely(j->p < j->end && *j->p == ':')) {
		j->p++;
		return true;
	}
	/* white space before the colon may slide the window away from under the key */
	if (key->p == from) {
		j->text.n = 0;
		if (!append(j, key->p, key->n))
			return false;
		key->p = key->n ? j->text.v : "";
	}
	if (next(j) != ':')
		return fail_expected(j, "':' after a member name");
	j->p++;
	return true;
}

bool pd_json_member(struct pd_json *j, struct pd_span *key)
{
	const char *p = j->p, *end = j->end, *stop;

	if (pd_unlikely(j->status != PD_OK || end - p < 4))
		return member_slow(j, key);
	if (*p == ',' && !j->first)
		p++;
	else if (!j->first)
		return member_slow(j, key);
	if (pd_unlikely(*p != '"'))
		return member_slow(j, key);
	stop = pd_json_plain_end(++p, end);
	if (pd_unlikely(end - stop < 2 || stop[0] != '"' || stop[1] != ':' || (size_t)(stop - p) > j->max_string))
		return member_slow(j, key);
	*key = (struct pd_span){ p, (size_t)(stop - p) };
	j->p = stop + 2;
	j->first = false;
	return true;
}

/* ---- numbers and words ---- */

/* The literal at p stays in the window; p moves behind it. */
static bool take_literal(struct pd_json *j, struct pd_span *out)
{
	const char *from = j->p;

	for (;;) {
		size_t n;
		bool more;

		while (j->p < j->end && is_number_byte(*j->p))
			j->p++;
		n = (size_t)(j->p - from);
		more = j->p == j->end && n <= 65536 && refill(j, from);
		from = j->p - n;
		if (more)
			continue;
		*out = (struct pd_span){ from, n };
		return true;
	}
}

/*
 * Integers of up to 18 digits that begin right here and end well inside the
 * window: nearly all numbers of nearly all files. NULL for anything else.
 */
static inline const char *short_integer(const struct pd_json *j, uint64_t *value, bool *negative)
{
	const char *first = j->p, *p, *limit;
	uint64_t v;
	unsigned digit;

	if (pd_unlikely(j->status != PD_OK || j->end - first < 24))
		return NULL;
	*negative = *first == '-';
	first += *negative;
	v = (unsigned)(*first - '0');
	if (pd_unlikely(v > 9))
		return NULL;
	limit = first + 18;
	for (p = first + 1; (digit = (unsigned)(*p - '0')) < 10; p++) {
		if (pd_unlikely(p == limit))
			return NULL;
		v = v * 10 + digit;
	}
	if (pd_unlikely(is_number_byte(*p) || (*first == '0' && p > first + 1)))
		return NULL;
	*value = v;
	return p;
}

static PD_NOINLINE bool number_slow(struct pd_json *j, struct pd_number *out)
{
	struct pd_span text;
	int c;

	if (pd_unlikely(j->status != PD_OK))
		return false;
	c = next(j);
	if (pd_unlikely(c < 0 || (byte_class[c] & 0x0f) != PD_JSON_NUMBER))
		return fail_expected(j, "a number");
	take_literal(j, &text);
	if (pd_number_parse(text, out))
		return true;
	if (j->p == j->end && cut_off(j))
		return false;
	if (text.n == 1 && c == '-' && j->p < j->end && *j->p == 'I')
		return fail_at(j, text.p, "expected a number, found -Infinity, which is not JSON");
	return fail_at(j, text.p, text.n > 64 ? "a number has too many digits" : "'%.*s' is no JSON number",
		       (int)(text.n > 64 ? 0 : text.n), text.p);
}

bool pd_json_number(struct pd_json *j, struct pd_number *out)
{
	uint64_t v;
	bool negative;
	const char *end = short_integer(j, &v, &negative);

	if (pd_unlikely(!end))
		return number_slow(j, out);
	*out = (struct pd_number){ { j->p, (size_t)(end - j->p) }, v, 0, negative, true };
	j->p = end;
	return true;
}

static PD_NOINLINE bool i64_slow(struct pd_json *j, int64_t *out)
{
	struct pd_number num;

	if (!number_slow(j, &num))
		return false;
	return pd_number_i64(&num, out) || fail_at(j, num.text.p, "expected a whole number of 64 bits, found %.*s",
						  (int)(num.text.n > 100 ? 100 : num.text.n), num.text.p);
}

bool pd_json_i64(struct pd_json *j, int64_t *out)
{
	uint64_t v;
	bool negative;
	const char *end = short_integer(j, &v, &negative);

	if (pd_unlikely(!end))
		return i64_slow(j, out);
	*out = negative ? -(int64_t)v : (int64_t)v;
	j->p = end;
	return true;
}

static PD_NOINLINE bool scaled_slow(struct pd_json *j, int shift, int64_t *out, bool *rounded)
{
	struct pd_number num;

	if (!number_slow(j, &num))
		return false;
	return pd_number_scaled(&num, shift, out, rounded) ||
	       fail_at(j, num.text.p, "%.*s is too large", (int)(num.text.n > 100 ? 100 : num.text.n), num.text.p);
}

/* Numbers of up to 18 digits with up to `shift` of them behind the point. */
bool pd_json_scaled(struct pd_json *j, int shift, int64_t *out, bool *rounded)
{
	const char *p = j->p, *limit;
	uint64_t v = 0;
	int left = shift;
	unsigned digit;
	bool negative;

	if (pd_unlikely(j->status != PD_OK || j->end - p < 40))
		return scaled_slow(j, shift, out, rounded);
	negative = *p == '-';
	p += negative;
	limit = p + 18 - shift;
	if (pd_unlikely((unsigned)(*p - '0') > 9 || (*p == '0' && (unsigned)(p[1] - '0') < 10)))
		return scaled_slow(j, shift, out, rounded);
	for (; (digit = (unsigned)(*p - '0')) < 10; p++) {
		if (pd_unlikely(p == limit))
			return scaled_slow(j, shift, out, rounded);
		v = v * 10 + digit;
	}
	if (*p == '.') {
		if (pd_unlikely((unsigned)(p[1] - '0') > 9))
			return scaled_slow(j, shift, out, rounded);
		for (p++; left > 0 && (digit = (unsigned)(*p - '0')) < 10; p++, left--)
			v = v * 10 + digit;
	}
	if (pd_unlikely(is_number_byte(*p)))
		return scaled_slow(j, shift, out, rounded);
	for (; left > 0; left--)
		v *= 10;
	*out = negative ? -(int64_t)v : (int64_t)v;
	j->p = p;
	return true;
}

static bool word(struct pd_json *j, const char *text, size_t n)
{
	bool whole = ahead(j, n);

	if (!whole && memcmp(j->p, text, (size_t)(j->end - j->p)) == 0 && cut_off(j))
		return false;
	if (!whole || memcmp(j->p, text, n) != 0)
		return fail_expected(j, "a JSON value");
	j->p += n;
	return true;
}

static bool nonfinite(struct pd_json *j)
{
	bool fine = *j->p == 'N' ? word(j, "NaN", 3) : *j->p == 'I' ? word(j, "Infinity", 8) : word(j, "-Infinity", 9);

	return fine && (j->fixed || pd_json_note(j, "NaN and infinities count as null")); /* pieces have been read before */
}

bool pd_json_bool(struct pd_json *j, bool *out)
{
	int c;

	if (j->status != PD_OK)
		return false;
	c = next(j);
	*out = c == 't';
	if (c != 't' && c != 'f')
		return fail_expected(j, "true or false");
	return c == 't' ? word(j, "true", 4) : word(j, "false", 5);
}

bool pd_json_null(struct pd_json *j)
{
	if (j->status != PD_OK)
		return false;
	switch (next(j)) {
	case 'n':
		return word(j, "null", 4);
	case 'N': case 'I': case '-':
		if (j->nonfinite)
			return nonfinite(j);
	}
	return fail_expected(j, "null");
}

enum pd_json_type pd_json_type(struct pd_json *j)
{
	enum pd_json_type type;
	int c;

	if (j->status != PD_OK)
		return PD_JSON_NONE;
	c = next(j);
	type = c < 0 ? PD_JSON_NONE : byte_class[c] & 0x0f;
	if (pd_unlikely(j->nonfinite && (c == 'N' || c == 'I' || (c == '-' && ahead(j, 2) && j->p[1] == 'I'))))
		return PD_JSON_NULL;
	if (pd_likely(type != PD_JSON_NONE))
		return type;
	fail_expected(j, "a JSON value");
	return PD_JSON_NONE;
}

/* ---- skipping ---- */

static bool skip_scalar(struct pd_json *j, enum pd_json_type type)
{
	struct pd_number num;
	bool b;

	if (type == PD_JSON_STRING)
		return skip_string(j);
	if (type == PD_JSON_NUMBER)
		return pd_json_number(j, &num);
	return type == PD_JSON_BOOL ? pd_json_bool(j, &b) : pd_json_null(j);
}

bool pd_json_skip(struct pd_json *j)
{
	uint32_t outside = j->depth;
	struct pd_span key;

	do {
		enum pd_json_type type = pd_json_type(j);

		if (type == PD_JSON_NONE)
			return false;
		if (type == PD_JSON_ARRAY || type == PD_JSON_OBJECT)
			enter(j, type == PD_JSON_OBJECT);
		else
			skip_scalar(j, type);
		while (j->status == PD_OK && j->depth > outside)
			if (in_object(j) ? pd_json_member(j, &key) : pd_json_element(j))
				break;
	} while (j->status == PD_OK && j->depth > outside);
	return j->status == PD_OK;
}
