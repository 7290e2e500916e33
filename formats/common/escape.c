#include "common/escape.h"
#include "base/hash.h"
#include "io/out.h"

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

/* A target: which printable ASCII it minds (besides controls), and what it puts for a code point (length, 0 = as it is; room for 16). */
struct target {
	char minds[6]; /* any of them may stand there twice */
	size_t (*put)(char *out, uint32_t cp);
};

typedef signed char lanes __attribute__((vector_size(16)));

/* How many of 16 bytes stand before the first one the target minds. Signed, all of 80..ff are below the blank, as are the controls. */
static inline size_t plain_of_16(const struct target *t, const char *p)
{
	lanes v, bad;
	uint64_t half[2];

	memcpy(&v, p, 16);
	bad = (v < 0x20) | (v == 0x7f) | (v == t->minds[0]) | (v == t->minds[1]) | (v == t->minds[2]) | (v == t->minds[3]) |
	      (v == t->minds[4]) | (v == t->minds[5]);
	memcpy(half, &bad, 16);
	return half[0] ? pd_ctz64(half[0]) / 8 : half[1] ? 8 + pd_ctz64(half[1]) / 8 : 16;
}

static bool minds(const struct target *t, signed char c)
{
	return c < 0x20 || c == 0x7f || c == t->minds[0] || c == t->minds[1] || c == t->minds[2] || c == t->minds[3] ||
	       c == t->minds[4] || c == t->minds[5];
}

/* Length of the beginning that goes out as it is, ASCII without anything the target minds. */
static size_t plain_prefix(const struct target *t, const char *p, size_t n)
{
	size_t i = 0;

	while (n - i >= 16) {
		size_t plain = plain_of_16(t, p + i);

		i += plain;
		if (plain < 16)
			return i;
	}
	while (i < n && !minds(t, (signed char)p[i]))
		i++;
	return i;
}

/* Copies runs that need nothing, calls `put` for the rest. */
static void escape(const struct target *t, struct pd_out *out, const char *p, size_t n)
{
	const char *end = p + n, *run = p;
	char text[16];

	while (p < end) {
		size_t len = 1, m;
		uint32_t cp;
		bool valid = true;

		p += plain_prefix(t, p, (size_t)(end - p));
		if (p == end)
			break;
		cp = (uint8_t)*p;
		if (cp >= 0x80)
			len = esc_utf8_next(p, (size_t)(end - p), &cp, &valid);
		m = t->put(text, cp);
		if (m == 0 && !valid)
			m = esc_utf8_put(text, REPLACEMENT);
		if (m) {
			out_bytes(out, run, (size_t)(p - run));
			out_bytes(out, text, m);
			run = p + len;
		}
		p += len;
	}
	if (run < end)
		out_bytes(out, run, (size_t)(end - run));
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

/* Marks that change the direction of what follows: a name could pretend to be another one. */
static bool reorders(uint32_t cp)
{
	return cp == 0x061c || cp == 0x200e || cp == 0x200f || (cp >= 0x202a && cp <= 0x202e) || (cp >= 0x2066 && cp <= 0x2069);
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
	if (xml_forbidden(cp) || reorders(cp))
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

static const struct target xml_text = { "&<>&<>", put_xml_text };

void esc_xml_text(struct pd_out *out, const char *p, size_t n) { escape(&xml_text, out, p, n); }

bool esc_xml_text_plain(const char *p, size_t n) { return plain_prefix(&xml_text, p, n) == n; }

void esc_xml_attr(struct pd_out *out, const char *p, size_t n)
{
	static const struct target t = { "&<>\"'&", put_xml_attr };

	escape(&t, out, p, n);
}

static const struct target json = { "\"\\\"\\\"\\", put_json };

void esc_json(struct pd_out *out, const char *p, size_t n)
{
	escape(&json, out, p, n);
}

void esc_json_quoted(struct pd_out *out, const char *p, size_t n)
{
	if (pd_likely(n <= 255)) { /* copied first, so that blocks of 16 can be looked at without reading behind the text */
		char *to = out_room(out, 1 + 256 + 16);
		bool plain = true;

		to[0] = '"';
		memset(to + 1 + n, ' ', 16);
		if (n) /* no bytes may have no address */
			memcpy(to + 1, p, n);
		for (size_t i = 0; i < n; i += 16)
			plain &= plain_of_16(&json, to + 1 + i) == 16;
		if (pd_likely(plain)) {
			to[1 + n] = '"';
			out_used(out, n + 2);
			return;
		}
	}
	out_byte(out, '"');
	escape(&json, out, p, n);
	out_byte(out, '"');
}

void esc_js_in_script(struct pd_out *out, const char *p, size_t n)
{
	static const struct target t = { "&<>\"'\\", put_js };

	escape(&t, out, p, n);
}

void esc_terminal(struct pd_out *out, const char *p, size_t n)
{
	static const struct target t = { "\x7f\x7f\x7f\x7f\x7f\x7f", put_terminal };

	escape(&t, out, p, n);
}
