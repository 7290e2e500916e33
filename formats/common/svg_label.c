/*
 * Names that do not fit their boxes: first the parameters go, then one part of
 * the qualified name after the other, from the left; what tells names of one
 * package apart stands at the end. words.js does the same.
 */
#include "base/span.h"
#include "common/svg.h"

static bool fits(struct pd_span s, size_t room)
{
	bool all;

	if (s.n <= room)
		return true;
	svg_prefix(s, room, &all);
	return all;
}

/* "f<T>(int) const" without its parameter list. */
static struct pd_span without_parameters(struct pd_span s)
{
	struct pd_span end = s;
	unsigned depth = 0;

	if (!span_reat(&end, " const") && span_reat(&end, "]")) {
		const char *clone = span_rfind(end, '[');

		if (!clone || clone == end.p || clone[-1] != ' ' || !span_starts(span_between(clone, end.p + end.n), "[clone "))
			return s;
		end = span_between(end.p, clone - 1);
	}
	if (!end.n || end.p[end.n - 1] != ')')
		return s;
	for (size_t i = end.n; i-- > 1;) {
		if (end.p[i] == ')')
			depth++;
		else if (end.p[i] == '(' && --depth == 0)
			return end.p[i - 1] != '.' && end.p[i - 1] != ':' ? (struct pd_span){ end.p, i } : s;
	}
	return s;
}

static bool in_word(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$'; }

/* Is what stands behind a dot a part of the name? Not clone suffixes ("f.isra.0") and endings of files. */
static bool is_name(struct pd_span s)
{
	static const char *const no[] = { "cold", "isra", "part", "constprop", "llvm", "lto_priv", "c", "cc", "cpp", "cxx", "h", "hpp", "go", "js", "mjs", "jsx", "ts", "tsx",
					  "py", "rb", "rs", "so", "dll", "exe", "java", "php", "pl" };
	size_t n = 0;

	if (!s.n || (s.p[0] >= '0' && s.p[0] <= '9') || (!in_word(s.p[0]) && s.p[0] != '('))
		return false;
	while (n < s.n && in_word(s.p[n]))
		n++;
	s.n = n;
	for (size_t i = 0; i < PD_ARRAY_LEN(no); i++)
		if (span_is(s, no[i]))
			return false;
	return true;
}

struct svg_label svg_fitted(struct pd_span name, size_t room)
{
	struct svg_label l = { .text = name };
	unsigned depth = 0;
	struct pd_span s;
	bool all;

	if (fits(name, room))
		return l;
	l.text = s = without_parameters(name);
	if (s.n < name.n && fits(s, room))
		return l;
	for (size_t i = 0, parts = 0; i + 1 < s.n && parts < 12; i++) {
		char c = s.p[i], next = s.p[i + 1], before = i ? s.p[i - 1] : 0;
		struct pd_span rest = span_skip(s, i + 1);

		if (c == '<' || c == '(' || c == '[') {
			depth++;
		} else if ((c == '>' && before != '-') || c == ')' || c == ']') {
			depth -= depth > 0;
		} else if (!depth && (c == '/' || (c == ':' && before == ':' && next != ':') || (c == '.' && is_name(rest)))) {
			l.text = rest;
			parts++;
			l.later = fits(rest, room - 1);
			if (l.later)
				return l;
		}
	}
	l.text.n = svg_prefix(l.text, room - 1, &all);
	l.cut = true;
	return l;
}
