/* The parser of the usual event: what nearly all events of nearly all files look like. */
#include "chrome/event.h"
#include "common/json_scan.h"

#define MARGIN 64    /* white space that is looked over; more than a key or a number looks at */
#define MOST_DIGITS 15

enum member { PH, TS, DUR, PID, TID, NAME, CAT, ARGS, ID, SF, ESF, TDUR, TTS, S, BP, ID2, BIND_ID, FLOW_IN, FLOW_OUT, MEMBERS };

/* The key with its quotes and the colon; eight bytes of it are compared at once, shifted so that only its own count. */
#define KEY(literal) { literal, sizeof(literal) - 1, sizeof(literal) - 1 < 8 ? 8 * (8 - (sizeof(literal) - 1)) : 0 }
static const struct {
	char text[16];
	uint8_t n, shift;
} keys[MEMBERS] = {
	[PH] = KEY("\"ph\":"), [TS] = KEY("\"ts\":"), [DUR] = KEY("\"dur\":"), [PID] = KEY("\"pid\":"), [TID] = KEY("\"tid\":"),
	[NAME] = KEY("\"name\":"), [CAT] = KEY("\"cat\":"), [ARGS] = KEY("\"args\":"), [ID] = KEY("\"id\":"), [SF] = KEY("\"sf\":"),
	[ESF] = KEY("\"esf\":"), [TDUR] = KEY("\"tdur\":"), [TTS] = KEY("\"tts\":"), [S] = KEY("\"s\":"), [BP] = KEY("\"bp\":"),
	[ID2] = KEY("\"id2\":"), [BIND_ID] = KEY("\"bind_id\":"), [FLOW_IN] = KEY("\"flow_in\":"), [FLOW_OUT] = KEY("\"flow_out\":"),
};

/* By three characters behind the quote: a factor found by trying, without collisions but for flow_in and flow_out. */
#define HASH(v) ((uint32_t)(((uint32_t)(v) & 0xffffff) * UINT32_C(0xcadf4619)) >> 27)
#define SLOT(a, b, c) HASH((uint32_t)(a) | (uint32_t)(b) << 8 | (uint32_t)(c) << 16)
static const uint8_t slots[32] = {
	[SLOT('p', 'h', '"')] = PH, [SLOT('t', 's', '"')] = TS, [SLOT('d', 'u', 'r')] = DUR, [SLOT('p', 'i', 'd')] = PID, [SLOT('t', 'i', 'd')] = TID,
	[SLOT('n', 'a', 'm')] = NAME, [SLOT('c', 'a', 't')] = CAT, [SLOT('a', 'r', 'g')] = ARGS, [SLOT('i', 'd', '"')] = ID, [SLOT('s', 'f', '"')] = SF,
	[SLOT('e', 's', 'f')] = ESF, [SLOT('t', 'd', 'u')] = TDUR, [SLOT('t', 't', 's')] = TTS, [SLOT('s', '"', ':')] = S, [SLOT('b', 'p', '"')] = BP,
	[SLOT('i', 'd', '2')] = ID2, [SLOT('b', 'i', 'n')] = BIND_ID, [SLOT('f', 'l', 'o')] = FLOW_IN,
};

static inline bool is_key(const char *p, unsigned m)
{
	return ((pd_load64(p) ^ pd_load64(keys[m].text)) << keys[m].shift) == 0 && (keys[m].n <= 8 || memcmp(p + 8, keys[m].text + 8, keys[m].n - 8u) == 0);
}

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
	unsigned n = digits_at(p, &digits), more;

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
	unsigned left = 3;

	p = fast_digits(p, &v);
	if (!p)
		return NULL;
	if (*p == '.') {
		unsigned digit;

		for (p++; left > 0 && (digit = (unsigned)(*p - '0')) < 10; p++, left--)
			v = v * 10 + digit;
		if (left == 3)
			return NULL;
	}
	*ns = (int64_t)(v * ten_to[left]);
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
static const char *fast_word(const char *p, const char *end, const char *base, struct chrome_piece *out)
{
	const char *stop;
	uint64_t v;

	if (*p == '"')
		return fast_text(p, end, base, out);
	stop = fast_digits(p, &v);
	if (stop)
		*out = (struct chrome_piece){ CHROME_WINDOW, (uint32_t)(stop - p), (size_t)(p - base) };
	return stop;
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

static const char *fast_rare(struct chrome_event *e, unsigned m, const char *p, const char *end, const char *base)
{
	struct chrome_piece text = { 0 };
	char letter;

	switch (m) {
	case BP:
		p = fast_letter(p, &letter);
		e->enclosing = p && letter == 'e';
		return p;
	case ID2: /* {"local":"0x1"} */
		e->local_id = memcmp(p, "{\"local\":", 9) == 0;
		if (!e->local_id && memcmp(p, "{\"global\":", 10) != 0)
			return NULL;
		p = fast_id(p + (e->local_id ? 9 : 10), end, base, e);
		return p && *p == '}' ? p + 1 : NULL;
	case BIND_ID:
		e->has_bind = true;
		return fast_number_id(p, end, base, &e->bind, &text);
	case FLOW_IN: case FLOW_OUT:
		if (memcmp(p, "true", 4) != 0)
			return NULL;
		*(m == FLOW_IN ? &e->flow_in : &e->flow_out) = true;
		return p + 4;
	}
	return NULL;
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

static inline const char *fast_value(struct chrome_reader *r, struct chrome_event *e, unsigned m, const char *p, const char *end, const char *base)
{
	int64_t ignored;

	switch (m) {
	case PH: return fast_letter(p, &e->ph);
	case TS: e->has_ts = true; return fast_time(p, &e->ts);
	case DUR: e->has_dur = true; return fast_time(p, &e->dur);
	case TDUR: e->has_tdur = true; return fast_time(p, &e->tdur);
	case TTS: return fast_time(p, &ignored);
	case PID: return fast_integer(p, &e->pid);
	case TID: return fast_integer(p, &e->tid);
	case NAME: return fast_text(p, end, base, &e->name);
	case CAT: return fast_text(p, end, base, &e->cat);
	case S: return fast_letter(p, &e->instant);
	case SF: return fast_word(p, end, base, &e->sf);
	case ESF: return fast_word(p, end, base, &e->esf);
	case ID: return fast_id(p, end, base, e);
	case ARGS: return fast_args(r, e, p, end, base);
	}
	return fast_rare(e, m, p, end, base);
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
	p++;
	if (*p != '{')
		p = skip_to(p, p + MARGIN / 2);
	if (!p || *p != '{')
		return false;
	r->j.p = p;
	return true;
}

/* Which member begins at p; MEMBERS when it is another one. */
static inline unsigned member_at(const char *p)
{
	unsigned m = slots[HASH(pd_load32(p + 1))];

	if (pd_likely(is_key(p, m)))
		return m;
	return m == FLOW_IN && is_key(p, FLOW_OUT) ? FLOW_OUT : MEMBERS;
}

bool chrome_fast_event(struct chrome_reader *r, struct chrome_event *e)
{
	struct pd_span w = pd_json_window(&r->j);
	const char *p = w.p + 1, *end = w.p + w.n;
	unsigned m;

	if (__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__)
		return false;
	if (end - p < 2 * MARGIN)
		return false;
	for (;;) {
		if (pd_unlikely(*p != '"')) {
			p = skip_to(p, p + MARGIN);
			if (!p || *p != '"')
				return false;
		}
		m = member_at(p);
		if (m == MEMBERS)
			return false;
		p += keys[m].n;
		if (*p == ' ')
			p++;
		p = fast_value(r, e, m, p, end, w.p);
		if (pd_unlikely(!p || end - p < 3 * MARGIN))
			return false;
		if (pd_unlikely(*p != ',' && *p != '}')) {
			p = skip_to(p, p + MARGIN);
			if (!p || (*p != ',' && *p != '}'))
				return false;
		}
		if (*p++ == '}')
			break;
	}
	pd_json_keep(&r->j);
	pd_json_advance(&r->j, p);
	return true;
}
