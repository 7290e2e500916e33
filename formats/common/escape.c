#include "common/escape.h"
#include "base/hash.h"

#define REPLACEMENT 0xfffdu

/* What follows a lead byte: how many bytes, and the range of the second (the rest are 80..bf). */
struct lead { uint8_t more, lo, hi; };

static struct lead lead_of(uint8_t c)
{
	if (c >= 0xc2 && c <= 0xdf)
		return (struct lead){ 1, 0x80, 0xbf };
	if (c >= 0xe0 && c <= 0xef)
		return (struct lead){ 2, c == 0xe0 ? 0xa0 : 0x80, c == 0xed ? 0x9f : 0xbf };
	if (c >= 0xf0 && c <= 0xf4)
		return (struct lead){ 3, c == 0xf0 ? 0x90 : 0x80, c == 0xf4 ? 0x8f : 0xbf };
	return (struct lead){ 0, 0, 0 };
}

size_t esc_utf8_next(const char *p, size_t n, uint32_t *cp, bool *valid)
{
	const uint8_t *u = (const uint8_t *)p;
	struct lead l;
	uint32_t c;
	size_t i;

	*valid = true;
	if (u[0] < 0x80) {
		*cp = u[0];
		return 1;
	}
	l = lead_of(u[0]);
	c = u[0] & (0x3fu >> l.more);
	for (i = 1; i <= l.more && i < n; i++) {
		if (u[i] < (i == 1 ? l.lo : 0x80) || u[i] > (i == 1 ? l.hi : 0xbf))
			break;
		c = c << 6 | (u[i] & 0x3f);
	}
	if (l.more && i == l.more + 1u) {
		*cp = c;
		return i;
	}
	*cp = REPLACEMENT;
	*valid = false;
	return i > n ? n : i;
}

size_t esc_utf8_put(char *out, uint32_t cp)
{
	if (cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff))
		cp = REPLACEMENT;
	if (cp < 0x80) {
		out[0] = (char)cp;
		return 1;
	}
	if (cp < 0x800) {
		out[0] = (char)(0xc0 | cp >> 6);
		out[1] = (char)(0x80 | (cp & 0x3f));
		return 2;
	}
	if (cp < 0x10000) {
		out[0] = (char)(0xe0 | cp >> 12);
		out[1] = (char)(0x80 | (cp >> 6 & 0x3f));
		out[2] = (char)(0x80 | (cp & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | cp >> 18);
	out[1] = (char)(0x80 | (cp >> 12 & 0x3f));
	out[2] = (char)(0x80 | (cp >> 6 & 0x3f));
	out[3] = (char)(0x80 | (cp & 0x3f));
	return 4;
}

size_t esc_ascii_prefix(const char *p, size_t n)
{
	size_t i = 0;

	for (; n - i >= 8; i += 8) {
		uint64_t high = pd_load64(p + i) & 0x8080808080808080ull;

		if (high)
			return i + pd_ctz64(high) / 8;
	}
	while (i < n && !(p[i] & 0x80))
		i++;
	return i;
}

bool esc_utf8_valid(const char *p, size_t n)
{
	uint32_t cp;
	bool valid;

	for (;;) {
		size_t ascii = esc_ascii_prefix(p, n);

		p += ascii;
		n -= ascii;
		if (n == 0)
			return true;
		ascii = esc_utf8_next(p, n, &cp, &valid);
		if (!valid)
			return false;
		p += ascii;
		n -= ascii;
	}
}

/* ---- the five targets ---- */

/* A target: which ASCII bytes it minds, and what it puts for a code point (length, 0 = as it is; room for 16). */
struct target {
	uint32_t ascii[4]; /* bitmap of 00..7f */
	size_t (*put)(char *out, uint32_t cp);
};

static bool minds(const struct target *t, uint8_t c)
{
	return c >= 0x80 || (t->ascii[c >> 5] >> (c & 31) & 1);
}

/* Copies runs that need nothing, calls `put` for the rest. */
static void escape(const struct target *t, struct pd_out *out, const char *p, size_t n)
{
	const char *end, *run = p;
	char text[16];

	if (n == 0)
		return;
	for (end = p + n; p < end;) {
		size_t len = 1, m;
		uint32_t cp = (uint8_t)*p;
		bool valid = true;

		if (pd_likely(!minds(t, (uint8_t)*p))) {
			p++;
			continue;
		}
		if (cp >= 0x80)
			len = esc_utf8_next(p, (size_t)(end - p), &cp, &valid);
		m = t->put(text, cp);
		if (m == 0 && !valid)
			m = esc_utf8_put(text, REPLACEMENT);
		if (m) {
			pd_out_write(out, run, (size_t)(p - run));
			pd_out_write(out, text, m);
			run = p + len;
		}
		p += len;
	}
	if (run < end)
		pd_out_write(out, run, (size_t)(end - run));
}

static size_t put_text(char *out, const char *text)
{
	size_t n = strlen(text);

	memcpy(out, text, n);
	return n;
}

static size_t put_hex(char *out, const char *before, uint32_t cp, unsigned digits, const char *after)
{
	size_t n = put_text(out, before);

	for (unsigned i = digits; i-- > 0;)
		out[n++] = "0123456789abcdef"[cp >> (4 * i) & 15];
	return n + put_text(out + n, after);
}

/* Characters XML 1.0 has no way to say. */
static bool xml_forbidden(uint32_t cp)
{
	return (cp < 0x20 && cp != '\t' && cp != '\n' && cp != '\r') || cp == 0xfffe || cp == 0xffff;
}

static size_t put_xml_text(char *out, uint32_t cp)
{
	switch (cp) {
	case '&': return put_text(out, "&amp;");
	case '<': return put_text(out, "&lt;");
	case '>': return put_text(out, "&gt;");
	case '\t': case '\n': return 0;
	case '\r': return put_text(out, "&#13;");
	default: break;
	}
	if (xml_forbidden(cp))
		return esc_utf8_put(out, REPLACEMENT);
	if (cp >= 0x7f && cp <= 0x9f)
		return put_hex(out, "&#x", cp, 2, ";");
	return 0;
}

static size_t put_xml_attr(char *out, uint32_t cp)
{
	switch (cp) {
	case '"': return put_text(out, "&quot;");
	case '\'': return put_text(out, "&#39;");
	case '\t': return put_text(out, "&#9;");
	case '\n': return put_text(out, "&#10;");
	default: return put_xml_text(out, cp);
	}
}

static size_t put_json(char *out, uint32_t cp)
{
	switch (cp) {
	case '"': return put_text(out, "\\\"");
	case '\\': return put_text(out, "\\\\");
	case '\b': return put_text(out, "\\b");
	case '\f': return put_text(out, "\\f");
	case '\n': return put_text(out, "\\n");
	case '\r': return put_text(out, "\\r");
	case '\t': return put_text(out, "\\t");
	default: return cp < 0x20 || (cp >= 0x7f && cp <= 0x9f) ? put_hex(out, "\\u", cp, 4, "") : 0;
	}
}

static size_t put_js(char *out, uint32_t cp)
{
	switch (cp) {
	case '<': case '>': case '&': case '\'': case 0x2028: case 0x2029: case 0xfffe: case 0xffff:
		return put_hex(out, "\\u", cp, 4, "");
	default:
		return put_json(out, cp);
	}
}

/* Marks that change the direction of what follows: a name could pretend to be another one. */
static bool reorders(uint32_t cp)
{
	return cp == 0x061c || cp == 0x200e || cp == 0x200f || (cp >= 0x202a && cp <= 0x202e) || (cp >= 0x2066 && cp <= 0x2069);
}

static size_t put_terminal(char *out, uint32_t cp)
{
	switch (cp) {
	case '\n': return put_text(out, "\\n");
	case '\r': return put_text(out, "\\r");
	case '\t': return put_text(out, "\\t");
	default: break;
	}
	if (cp < 0x20 || (cp >= 0x7f && cp <= 0x9f))
		return put_hex(out, "\\x", cp, 2, "");
	if (reorders(cp) || cp == 0x2028 || cp == 0x2029)
		return put_hex(out, "\\u{", cp, 4, "}");
	return 0;
}

#define C0 0xffffffffu
#define BIT(c) (1u << ((c) & 31))
#define DEL BIT(0x7f)

void esc_xml_text(struct pd_out *out, const char *p, size_t n)
{
	static const struct target t = { { C0, BIT('&') | BIT('<') | BIT('>'), 0, DEL }, put_xml_text };

	escape(&t, out, p, n);
}

void esc_xml_attr(struct pd_out *out, const char *p, size_t n)
{
	static const struct target t = {
		{ C0, BIT('&') | BIT('<') | BIT('>') | BIT('"') | BIT('\''), 0, DEL }, put_xml_attr
	};

	escape(&t, out, p, n);
}

void esc_json(struct pd_out *out, const char *p, size_t n)
{
	static const struct target t = { { C0, BIT('"'), BIT('\\'), DEL }, put_json };

	escape(&t, out, p, n);
}

void esc_js_in_script(struct pd_out *out, const char *p, size_t n)
{
	static const struct target t = {
		{ C0, BIT('&') | BIT('<') | BIT('>') | BIT('"') | BIT('\''), BIT('\\'), DEL }, put_js
	};

	escape(&t, out, p, n);
}

void esc_terminal(struct pd_out *out, const char *p, size_t n)
{
	static const struct target t = { { C0, 0, 0, DEL }, put_terminal };

	escape(&t, out, p, n);
}
