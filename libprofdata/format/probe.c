#include "format/probe.h"

#include "base/span.h"

/* Three control bytes and one in 64 may be there: form feeds, colours, damaged names. */
static bool looks_like_text(struct pd_span head)
{
	size_t control = 0;

	for (size_t i = 0; i < head.n; i++) {
		unsigned char c = (unsigned char)head.p[i];

		if (c == 0)
			return false;
		if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f)
			control++;
	}
	return control <= head.n / 64 + 3;
}

static void find_lines(struct pd_probe *p)
{
	struct pd_span rest = p->head, line;

	while (p->n_lines < PD_PROBE_LINES && rest.n) {
		if (!span_cut(&rest, '\n', &line)) {
			if (!p->at_end)
				return;
			line = rest;
			rest.n = 0;
		}
		if (line.n && line.p[line.n - 1] == '\r')
			line.n--;
		p->lines[p->n_lines++] = line;
	}
}

/* Where the string that starts at s.p[at] ('"') ends: index of the closing quote, s.n when it is not there. */
static size_t string_end(struct pd_span s, size_t at)
{
	for (at++; at < s.n && s.p[at] != '"'; at++)
		if (s.p[at] == '\\')
			at++;
	return at < s.n ? at : s.n;
}

static size_t skip_blank(struct pd_span s, size_t at)
{
	while (at < s.n && span_is_blank(s.p[at]))
		at++;
	return at;
}

/* A string at nesting `level` of the object followed by ':' is a key. Returns the index behind the string. */
static size_t take_string(struct pd_probe *p, struct pd_span s, size_t at, bool at_top)
{
	size_t end = string_end(s, at), colon;

	if (end == s.n)
		return s.n;
	colon = skip_blank(s, end + 1);
	if (at_top && colon < s.n && s.p[colon] == ':' && p->n_json_keys < PD_PROBE_KEYS)
		p->json_keys[p->n_json_keys++] = (struct pd_span){ s.p + at + 1, end - at - 1 };
	return end + 1;
}

/* Keys of the object that starts at s.p[at]. */
static void find_keys(struct pd_probe *p, struct pd_span s, size_t at)
{
	unsigned depth = 0;

	while (at < s.n) {
		char c = s.p[at];

		if (c == '"') {
			at = take_string(p, s, at, depth == 1);
			continue;
		}
		if (c == '{' || c == '[')
			depth++;
		else if ((c == '}' || c == ']') && --depth == 0)
			return;
		at++;
	}
}

static void find_json(struct pd_probe *p)
{
	struct pd_span s = p->head;
	size_t at = skip_blank(s, 0), inner;
	char next;

	if (at == s.n || (s.p[at] != '{' && s.p[at] != '['))
		return;
	inner = skip_blank(s, at + 1);
	next = inner < s.n ? s.p[inner] : 0;
	if (s.p[at] == '{') {
		if (next && next != '"' && next != '}')
			return;
		p->json_top = '{';
		find_keys(p, s, at);
		return;
	}
	if (next && !strchr("{[\"]-0123456789tfn", next))
		return;
	p->json_top = '[';
	if (next == '{')
		find_keys(p, s, inner);
}

void pd_probe_init(struct pd_probe *p, struct pd_span head, bool at_end)
{
	p->head = head;
	p->at_end = at_end;
	p->is_text = looks_like_text(head);
	p->n_lines = 0;
	p->json_top = 0;
	p->n_json_keys = 0;
	find_lines(p);
	if (p->is_text)
		find_json(p);
}
