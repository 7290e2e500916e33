/* The parser of the usual event: what nearly all events of nearly all files look like. */
#include "chrome/event.h"
#include "common/json_scan.h"

#define MARGIN 64 /* bytes behind a key that may be loaded */

/* Digits with at most three behind a point, as thousandths; NULL for anything less usual. */
static const char *fast_time(const char *p, int64_t *ns)
{
	const char *first = p;
	unsigned digit;
	uint64_t v = 0;
	int left = 3;

	while ((digit = (unsigned)(*p - '0')) < 10) {
		v = v * 10 + digit;
		p++;
	}
	if (p == first || p - first > 15 || (*first == '0' && p - first > 1))
		return NULL;
	if (*p == '.') {
		for (first = ++p; left > 0 && (digit = (unsigned)(*p - '0')) < 10; p++, left--)
			v = v * 10 + digit;
		if (p == first)
			return NULL;
	}
	for (; left > 0; left--)
		v *= 10;
	*ns = (int64_t)v;
	return p;
}

static const char *fast_integer(const char *p, struct chrome_id *id)
{
	const char *first = p;
	unsigned digit;
	int64_t v = 0;

	while (p - first <= 15 && (digit = (unsigned)(*p - '0')) < 10) { /* longer ones go the slow way */
		v = v * 10 + (int)digit;
		p++;
	}
	if (p == first || p - first > 15 || (*first == '0' && p - first > 1))
		return NULL;
	id->kind = CHROME_ID_NUMBER;
	id->number = v;
	return p;
}

/* A string without escapes, as a piece of the window that begins at `base`. */
static const char *fast_text(const char *p, const char *end, const char *base, struct chrome_piece *out)
{
	const char *stop;

	if (*p != '"')
		return NULL;
	stop = pd_json_plain_end(++p, end);
	if (stop == end || *stop != '"')
		return NULL;
	*out = (struct chrome_piece){ stop > p ? CHROME_WINDOW : CHROME_NOWHERE, (size_t)(p - base), (size_t)(stop - p) };
	return stop + 1;
}

static const char *fast_value(struct chrome_reader *r, struct chrome_event *e, uint64_t key, const char *p, const char *end, const char *base)
{
	struct chrome_piece text = { CHROME_NOWHERE, 0, 0 };
	const char *from = p;
	int64_t ignored;

	switch (key) {
	case KEY2('p', 'h'):
		p = fast_text(p, end, base, &text);
		e->ph = p && text.n ? base[text.at] : '\0';
		return p;
	case KEY2('t', 's'):
		e->has_ts = true;
		return fast_time(p, &e->ts);
	case KEY2('d', 'u') | 'r' << 16:
		e->has_dur = true;
		return fast_time(p, &e->dur);
	case KEY4('t', 'd', 'u', 'r'):
		e->has_tdur = true;
		return fast_time(p, &e->tdur);
	case KEY2('t', 't') | 's' << 16:
		return fast_time(p, &ignored);
	case KEY2('p', 'i') | 'd' << 16:
		return fast_integer(p, &e->pid);
	case KEY2('t', 'i') | 'd' << 16:
		return fast_integer(p, &e->tid);
	case KEY4('n', 'a', 'm', 'e'):
		return fast_text(p, end, base, &e->name);
	case KEY2('c', 'a') | 't' << 16:
		return fast_text(p, end, base, &e->cat);
	case 's':
		p = fast_text(p, end, base, &text);
		e->instant = p && text.n ? base[text.at] : '\0';
		return p;
	case KEY4('a', 'r', 'g', 's'):
		if (*p != '{')
			return NULL;
		p = p[1] == '}' ? p + 2 : pd_json_container_end(p, end, r->j.max_depth - r->j.depth);
		if (p) {
			e->args = (struct chrome_piece){ CHROME_WINDOW, (size_t)(from - base), (size_t)(p - from) };
			e->args_offset = pd_json_offset(&r->j) + (uint64_t)(from - base);
		}
		return p;
	}
	return NULL;
}

/* Past white space; NULL when there is nothing else before `end`. */
static const char *skip_to(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
		p++;
	return p < end ? p : NULL;
}

bool chrome_fast_event(struct chrome_reader *r, struct chrome_event *e)
{
	const uint64_t ones = 0x0101010101010101ull, high = 0x8080808080808080ull;
	struct pd_span w = pd_json_window(&r->j);
	const char *p = w.p + 1, *end = w.p + w.n;

	if (__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__)
		return false;
	for (;;) {
		uint64_t v, quote;
		unsigned n;

		if (end - p < 2 * MARGIN)
			return false;
		if (*p != '"')
			p = skip_to(p, p + MARGIN);
		if (!p || *p != '"')
			return false;
		v = pd_load64(++p);
		quote = v ^ ones * '"';
		quote = (quote - ones) & ~quote & high;
		if (!quote)
			return false;
		n = pd_ctz64(quote) / 8;
		p += n + 1;
		if (*p++ != ':')
			return false;
		if (*p == ' ')
			p++;
		p = fast_value(r, e, v & ((UINT64_C(1) << 8 * n) - 1), p, end, w.p);
		if (!p || end - p < 2 * MARGIN)
			return false;
		if (*p != ',' && *p != '}')
			p = skip_to(p, p + MARGIN);
		if (!p || (*p != ',' && *p != '}'))
			return false;
		if (*p++ == '}')
			break;
	}
	pd_json_keep(&r->j);
	pd_json_advance(&r->j, p);
	return true;
}
