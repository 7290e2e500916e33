/* The parser of the usual event: what nearly all events of nearly all files look like. */
#include "chrome/event.h"
#include "common/json_scan.h"

#define MARGIN 64    /* white space that is looked over; more than a key or a number looks at */
#define MOST_DIGITS 15

/*
 * Keys with quotes and colon, compared as the eight bytes they are in memory. What is longer is looked at where its value is.
 */
#define BYTE(text, i) (i < sizeof text - 1 ? (uint64_t)(unsigned char)text[i < sizeof text - 1 ? i : 0] << 8 * i : 0)
#define EIGHT(text) (BYTE(text, 0) | BYTE(text, 1) | BYTE(text, 2) | BYTE(text, 3) | BYTE(text, 4) | BYTE(text, 5) | BYTE(text, 6) | BYTE(text, 7))
#define MASK(text) (sizeof text - 1 < 8 ? (UINT64_C(1) << (8 * (sizeof text - 1) & 63)) - 1 : UINT64_MAX)

/* By three characters behind the quote: a factor found by trying, without collisions but for flow_in and flow_out. */
#define HASH(v) ((uint32_t)(((uint32_t)(v) & 0xffffff) * UINT32_C(0xcadf4619)) >> 27)
#define SLOT(a, b, c) HASH((uint32_t)(a) | (uint32_t)(b) << 8 | (uint32_t)(c) << 16)

/* ---- numbers ---- */

/* How many of eight characters are digits before the first that is none; *digits are their values. */
static inline unsigned digits_at(const char *p, uint64_t *digits)
{
	const uint64_t ones = 0x0101010101010101ull;
	uint64_t v = pd_load64(p) ^ ones * '0', other = ((v + ones * 0x76) | v) & ones * 0x80; /* the lowest hit is always a true one */

	*digits = v;
	return other ? (unsigned)pd_ctz64(other) / 8 : 8;
}

/* Eight digits, the first one in the lowest byte. */
static inline uint64_t eight(uint64_t v)
{
	v = (v * (10 * 256 + 1)) >> 8 & 0x00ff00ff00ff00ffull;
	v = (v * (100 * 65536 + 1)) >> 16 & 0x0000ffff0000ffffull;
	return (v * (10000 * (UINT64_C(1) << 32) + 1)) >> 32;
}

static const uint64_t ten_to[] = { 1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000 };

/* Digits at p without needless zeros: NULL when there are none, or too many. */
static inline const char *fast_digits(const char *p, uint64_t *out)
{
	uint64_t digits, value;
	unsigned n, more;

	if ((unsigned)(p[1] - '0') > 9) { /* many are that short, and where one is the next one is too */
		*out = (unsigned)(*p - '0');
		return *out > 9 ? NULL : p + 1;
	}
	n = digits_at(p, &digits);
	if (n == 0 || (*p == '0' && n > 1))
		return NULL;
	value = eight(digits << (64 - 8 * n));
	if (n == 8) {
		more = digits_at(p + 8, &digits);
		if (more > MOST_DIGITS - 8)
			return NULL;
		if (more)
			value = value * ten_to[more] + eight(digits << (64 - 8 * more));
		n += more;
	}
	*out = value;
	return p + n;
}

/* Digits with at most three behind a point, as thousandths; NULL for anything less usual. */
static inline const char *fast_time(const char *p, int64_t *ns)
{
	uint64_t v;

	p = fast_digits(p, &v);
	if (!p)
		return NULL;
	v *= 1000;
	if (*p == '.') {
		uint32_t d = pd_load32(p + 1) ^ 0x30303030, other = ((d + 0x76767676) | d) & 0x80808080;

		if (pd_unlikely(!other || other & 0x80)) /* more than three, or none */
			return NULL;
		d &= ((other & (0 - other)) >> 7) - 1; /* what follows the digits counts as zeros */
		v += (d & 15) * 100 + (d >> 8 & 15) * 10 + (d >> 16 & 15);
		p += 1 + pd_ctz64(other) / 8;
	}
	*ns = (int64_t)v;
	return p;
}

static inline const char *fast_integer(const char *p, struct chrome_id *id)
{
	uint64_t v = 0;

	p = fast_digits(p, &v);
	id->kind = CHROME_ID_NUMBER;
	id->number = (int64_t)v;
	return p;
}

/* ---- texts ---- */

/* A string without escapes, as a piece of the window that begins at `base`. */
static inline const char *fast_text(const char *p, const char *end, const char *base, struct chrome_piece *out)
{
	const char *stop;

	if (*p != '"')
		return NULL;
	stop = pd_json_plain_end(++p, end);
	if (stop == end || *stop != '"')
		return NULL;
	*out = (struct chrome_piece){ stop > p ? CHROME_WINDOW : CHROME_NOWHERE, (uint32_t)(stop - p), (size_t)(p - base) };
	return stop + 1;
}

/* A text or what a number of digits looks like. */
static inline const char *fast_word(const char *p, const char *end, const char *base, struct chrome_piece *out)
{
	uint64_t any;
	unsigned n;

	if (*p == '"')
		return fast_text(p, end, base, out);
	n = digits_at(p, &any);
	if (n == 0 || n == 8 || (*p == '0' && n > 1))
		return NULL;
	*out = (struct chrome_piece){ CHROME_WINDOW, n, (size_t)(p - base) };
	return p + n;
}

/* A string of one letter. */
static inline const char *fast_letter(const char *p, char *out)
{
	if (p[0] != '"' || p[2] != '"' || !((p[1] | 0x20) >= 'a' && (p[1] | 0x20) <= 'z'))
		return NULL;
	*out = p[1];
	return p + 3;
}

/* The number behind "id" and "bind_id": see chrome_id_value(). */
static const char *fast_number_id(const char *p, const char *end, const char *base, uint64_t *id, struct chrome_piece *text)
{
	if (*p != '"') {
		const char *stop = fast_digits(p, id);

		if (stop)
			*text = (struct chrome_piece){ CHROME_WINDOW, (uint32_t)(stop - p), (size_t)(p - base) };
		return stop;
	}
	p = fast_text(p, end, base, text);
	if (!p || !text->n)
		return NULL;
	*id = chrome_id_value((struct pd_span){ base + text->at, text->n });
	return p;
}

static const char *fast_id(const char *p, const char *end, const char *base, struct chrome_event *e)
{
	e->has_id = true;
	return fast_number_id(p, end, base, &e->id, &e->id_text);
}

/* ---- what writers of some kinds of event add ---- */

static const char *fast_binding_point(const char *p, struct chrome_event *e)
{
	char letter;

	p = fast_letter(p, &letter);
	e->enclosing = p && letter == 'e';
	return p;
}

/* {"local":"0x1"} */
static const char *fast_id2(const char *p, const char *end, const char *base, struct chrome_event *e)
{
	e->local_id = memcmp(p, "{\"local\":", 9) == 0;
	if (!e->local_id && memcmp(p, "{\"global\":", 10) != 0)
		return NULL;
	p = fast_id(p + (e->local_id ? 9 : 10), end, base, e);
	return p && *p == '}' ? p + 1 : NULL;
}

/* Behind the first eight bytes of "bind_id": */
static const char *fast_bind(const char *p, const char *end, const char *base, struct chrome_event *e)
{
	struct chrome_piece text = { 0 };

	if (p[0] != '"' || p[1] != ':')
		return NULL;
	e->has_bind = true;
	return fast_number_id(p + 2, end, base, &e->bind, &text);
}

/* At "flow_in": or "flow_out": */
static const char *fast_flow(const char *p, struct chrome_event *e)
{
	if (memcmp(p, "\"flow_in\":true", 14) == 0) {
		e->flow_in = true;
		return p + 14;
	}
	e->flow_out = memcmp(p, "\"flow_out\":true", 15) == 0;
	return e->flow_out ? p + 15 : NULL;
}

static const char *fast_args(struct chrome_reader *r, struct chrome_event *e, const char *p, const char *end, const char *base)
{
	const char *from = p;

	if (*p != '{')
		return NULL;
	p = p[1] == '}' ? p + 2 : pd_json_container_end(p, end, r->j.max_depth - r->j.depth);
	if (!p || p - from > UINT32_MAX)
		return NULL;
	e->args = (struct chrome_piece){ CHROME_WINDOW, (uint32_t)(p - from), (size_t)(from - base) };
	e->args_offset = pd_json_offset(&r->j) + (uint64_t)(from - base);
	return p;
}

/* ---- the event ---- */

/* Past white space; NULL when there is nothing else before `end`. */
static const char *skip_to(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
		p++;
	return p < end ? p : NULL;
}

bool chrome_fast_next(struct chrome_reader *r)
{
	const char *p = r->j.p;

	if (r->j.first || pd_json_failed(&r->j) || r->j.end - p < MARGIN || *p != ',')
		return false;
	p += 1 + (p[1] == '\n');
	if (pd_unlikely(*p != '{')) {
		p = skip_to(p, p + MARGIN / 2);
		if (!p || *p != '{')
			return false;
	}
	r->j.p = p;
	return true;
}

PD_NOINLINE static const char *blank(const char *p)
{
	return p + 1;
}

/* What is in the way of a key: white space, or a key that is not among the usual. */
PD_NOINLINE static const char *to_key(const char *p)
{
	const char *key = skip_to(p, p + MARGIN);

	return key > p ? key : NULL;
}

/* A member whose key stands at p: on to its value, and then what takes it. */
#define MEMBER(a, b, c, key, take) \
	case SLOT(a, b, c): \
		if (pd_unlikely((word ^ EIGHT(key)) & MASK(key))) \
			break; \
		p += sizeof key - 1; \
		if (pd_unlikely(*p == ' ')) \
			p = blank(p); \
		return take

/* Behind the member at p; NULL when it is not among the usual, `not_a_key` when there is no usual key. */
static const char not_a_key[1];
static inline const char *fast_member(struct chrome_reader *r, struct chrome_event *e, const char *p, const char *end, const char *base)
{
	uint64_t word = pd_load64(p);
	int64_t ignored;

	switch (HASH(word >> 8)) {
	MEMBER('p', 'h', '"', "\"ph\":", fast_letter(p, &e->ph));
	MEMBER('t', 's', '"', "\"ts\":", (e->has_ts = true, fast_time(p, &e->ts)));
	MEMBER('d', 'u', 'r', "\"dur\":", (e->has_dur = true, fast_time(p, &e->dur)));
	MEMBER('p', 'i', 'd', "\"pid\":", fast_integer(p, &e->pid));
	MEMBER('t', 'i', 'd', "\"tid\":", fast_integer(p, &e->tid));
	MEMBER('n', 'a', 'm', "\"name\":", fast_text(p, end, base, &e->name));
	MEMBER('c', 'a', 't', "\"cat\":", fast_text(p, end, base, &e->cat));
	MEMBER('a', 'r', 'g', "\"args\":", fast_args(r, e, p, end, base));
	MEMBER('s', 'f', '"', "\"sf\":", fast_word(p, end, base, &e->sf));
	MEMBER('e', 's', 'f', "\"esf\":", fast_word(p, end, base, &e->esf));
	MEMBER('i', 'd', '"', "\"id\":", fast_id(p, end, base, e));
	MEMBER('s', '"', ':', "\"s\":", fast_letter(p, &e->instant));
	MEMBER('b', 'p', '"', "\"bp\":", fast_binding_point(p, e));
	MEMBER('t', 'd', 'u', "\"tdur\":", (e->has_tdur = true, fast_time(p, &e->tdur)));
	MEMBER('t', 't', 's', "\"tts\":", fast_time(p, &ignored));
	MEMBER('i', 'd', '2', "\"id2\":", fast_id2(p, end, base, e));
	MEMBER('b', 'i', 'n', "\"bind_id", fast_bind(p, end, base, e));
	case SLOT('f', 'l', 'o'): return fast_flow(p, e);
	}
	return not_a_key;
}

bool chrome_fast_event(struct chrome_reader *r, struct chrome_event *e)
{
	struct pd_span w = pd_json_window(&r->j);
	const char *p = w.p + 1, *end = w.p + w.n, *most = end - 3 * MARGIN, *next;

	if (__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__)
		return false;
	if (end - p < 4 * MARGIN)
		return false;
	for (;;) {
		next = fast_member(r, e, p, end, w.p);
		if (pd_unlikely(next == not_a_key)) {
			p = to_key(p);
			if (!p)
				return false;
			continue;
		}
		if (pd_unlikely((uintptr_t)next - 1 >= (uintptr_t)most)) /* NULL too */
			return false;
		p = next;
		if (pd_unlikely(*p <= ' ')) {
			p = skip_to(p, p + MARGIN);
			if (!p)
				return false;
		}
		if (*p == '}')
			break;
		if (*p++ != ',')
			return false;
	}
	pd_json_keep(&r->j);
	pd_json_advance(&r->j, p + 1);
	return true;
}
