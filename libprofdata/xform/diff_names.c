#include "xform/diff_names.h"

/* A name being worked on in place. */
struct name {
	char *p;
	size_t n;
};

static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); }
static bool is_word(char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

static void cut(struct name *s, size_t from, size_t to)
{
	memmove(s->p + from, s->p + to, s->n - to);
	s->n -= to - from;
}

static bool ends(const struct name *s, const char *text)
{
	size_t n = strlen(text);

	return s->n >= n && memcmp(s->p + s->n - n, text, n) == 0;
}

static bool starts(const struct name *s, const char *text)
{
	size_t n = strlen(text);

	return s->n >= n && memcmp(s->p, text, n) == 0;
}

/* First place of `text`, or SIZE_MAX. */
static size_t find(const struct name *s, const char *text)
{
	const char *hit = s->n ? memmem(s->p, s->n, text, strlen(text)) : NULL;

	return hit ? (size_t)(hit - s->p) : SIZE_MAX;
}

/* "f+0x1c" → "f", "0x7f00 stub" → "0x stub" */
static void plain_address(struct name *s)
{
	size_t at = s->n, to = 0;

	while (at > 0 && is_hex(s->p[at - 1]))
		at--;
	if (at < s->n && at >= 3 && memcmp(s->p + at - 3, "+0x", 3) == 0 && at > 3)
		s->n = at - 3;
	for (size_t i = 0; i < s->n;) {
		bool number = i + 2 < s->n && s->p[i] == '0' && s->p[i + 1] == 'x' && is_hex(s->p[i + 2]) && (i == 0 || !is_word(s->p[i - 1]));

		s->p[to++] = s->p[i++];
		if (!number)
			continue;
		s->p[to++] = s->p[i++];
		while (i < s->n && is_hex(s->p[i]))
			i++;
	}
	s->n = to;
}

/* ".7" and ".7.2" at the end off; returns the new end. */
static size_t without_numbers(const struct name *s)
{
	size_t end = s->n;

	for (;;) {
		size_t at = end;

		while (at > 0 && is_digit(s->p[at - 1]))
			at--;
		if (at == end || at == 0 || s->p[at - 1] != '.')
			return end;
		end = at - 1;
	}
}

/* What compilers add to copies of a function, as often as they did. */
static void plain_clone(struct name *s)
{
	static const char *const marks[] = { ".constprop", ".isra", ".part", ".cold", ".lto_priv", ".llvm", ".localalias", ".mutable", ".unlikely" };
	bool any = true;

	while (any) {
		struct name base = { s->p, without_numbers(s) };

		any = false;
		for (size_t i = 0; i < PD_ARRAY_LEN(marks) && !any; i++)
			if (ends(&base, marks[i]) && base.n > strlen(marks[i])) {
				s->n = base.n - strlen(marks[i]);
				any = true;
			}
		if (!any && s->n && s->p[s->n - 1] == ']') { /* "f [clone .isra.0]" */
			size_t at = find(s, " [clone .");

			any = at != SIZE_MAX && at > 0;
			if (any)
				s->n = at;
		}
	}
}

static bool hex_run(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!is_hex(p[i]))
			return false;
	return true;
}

/* Rust: "a::b::h0123456789abcdef" and, mangled, "..17h0123456789abcdefE" */
static void plain_hash(struct name *s)
{
	if (s->n > 19 && memcmp(s->p + s->n - 19, "::h", 3) == 0 && hex_run(s->p + s->n - 16, 16))
		s->n -= 19;
	else if (s->n > 20 && s->p[s->n - 1] == 'E' && memcmp(s->p + s->n - 20, "17h", 3) == 0 && hex_run(s->p + s->n - 17, 16))
		s->n -= 20;
}

/* V8 writes "JS:*f file:1" or "*f", others put a word behind the name. */
static void plain_tier(struct name *s)
{
	static const char *const before[] = { "LazyCompile:", "Function:", "Script:", "Eval:", "JS:" };
	static const char *const behind[] = { "_[j]", "_[1]", "_[0]", "_[i]", " [jit]", " [OSR]", " [tier 1]", " [tier 2]", " (interpreted)", " (baseline)", " (optimized)" };
	size_t at = 0;

	for (size_t i = 0; i < PD_ARRAY_LEN(behind); i++)
		if (ends(s, behind[i]) && s->n > strlen(behind[i]))
			s->n -= strlen(behind[i]);
	for (size_t i = 0; i < PD_ARRAY_LEN(before) && !at; i++)
		if (starts(s, before[i]))
			at = strlen(before[i]);
	if (s->n > at + 1 && strchr("*~^+", s->p[at]) && (is_word(s->p[at + 1]) || s->p[at + 1] == '$'))
		cut(s, at, at + 1);
}

/*
 * "main.run.func2.1", "f::{lambda(int)#3}", "lambda$run$4", "f::$_1", "<lambda_7>": numbers that count the lambdas
 * of a function. Only names that say they are one are touched.
 */
static void plain_lambda(struct name *s)
{
	static const char *const marks[] = { ".func", ".gowrap", "lambda", "closure", "$_", "-range" };
	bool any = false;
	size_t to = 0;

	for (size_t i = 0; i < PD_ARRAY_LEN(marks); i++)
		any |= find(s, marks[i]) != SIZE_MAX;
	for (size_t i = 0; any && i < s->n;) {
		size_t end = i;

		while (end < s->n && is_digit(s->p[end]))
			end++;
		if (end > i && to && (strchr("#$_.", s->p[to - 1]) || (to >= 4 && memcmp(s->p + to - 4, "func", 4) == 0) ||
				      (to >= 4 && memcmp(s->p + to - 4, "wrap", 4) == 0) || (to >= 5 && memcmp(s->p + to - 5, "range", 5) == 0)) &&
		    (end == s->n || !is_word(s->p[end]))) {
			if (s->p[to - 1] == '.')
				to--;
			i = end;
			continue;
		}
		if (end == i)
			end++;
		while (i < end)
			s->p[to++] = s->p[i++];
	}
	if (any)
		s->n = to;
}

/* Where the bracket at `i` closes, or SIZE_MAX. "->" and "=>" close nothing. */
static size_t closing(const struct name *s, size_t i)
{
	char open = s->p[i], close = open == '<' ? '>' : ']';
	size_t depth = 0;

	for (; i < s->n; i++) {
		if (s->p[i] == open)
			depth++;
		else if (s->p[i] == close && !(i && (s->p[i - 1] == '-' || s->p[i - 1] == '=')) && --depth == 0)
			return i;
	}
	return SIZE_MAX;
}

/* "sort[int]" → "sort[]", "f<A, B>(C)" → "f<>(C)"; operators and leading brackets stay. */
static void plain_generic(struct name *s)
{
	for (size_t i = 1; i < s->n; i++) {
		size_t end;

		if ((s->p[i] != '<' && s->p[i] != '[') || (i >= 8 && memcmp(s->p + i - 8, "operator", 8) == 0) || !(is_word(s->p[i - 1]) || s->p[i - 1] == ':'))
			continue;
		end = closing(s, i);
		if (end == SIZE_MAX)
			return;
		cut(s, i + 1, end);
		i++;
	}
}

/* "worker-12" → "worker-", "java-1234/5678" → "java-/", "docker-<64 hex>" → "docker-" */
static void plain_root(struct name *s)
{
	size_t to = 0;

	for (size_t i = 0; i < s->n;) {
		size_t end = i, digits = 0;

		while (end < s->n && is_hex(s->p[end]))
			digits += is_digit(s->p[end++]);
		if (end > i && ((digits == end - i && (i == 0 || strchr("-_/#:[( .", s->p[i - 1]))) || (end - i >= 12 && digits)) &&
		    (end == s->n || !is_word(s->p[end]))) {
			i = end;
			continue;
		}
		if (end == i)
			end++;
		while (i < end)
			s->p[to++] = s->p[i++];
	}
	s->n = to;
}

size_t pd_diff_plain_name(struct pd_span name, enum pd_diff_rule upto, uint32_t without, char *buf)
{
	static void (*const apply[PD_MATCH_RULES])(struct name *) = {
		[PD_MATCH_ADDRESS] = plain_address, [PD_MATCH_CLONE] = plain_clone, [PD_MATCH_HASH] = plain_hash, [PD_MATCH_TIER] = plain_tier,
		[PD_MATCH_LAMBDA] = plain_lambda, [PD_MATCH_GENERIC] = plain_generic, [PD_MATCH_ROOT] = plain_root,
	};
	struct name s = { buf, name.n };

	if (name.n)
		memcpy(buf, name.p, name.n);
	for (unsigned r = PD_MATCH_ADDRESS; r <= upto && r < PD_MATCH_RULES; r++)
		if (!(without >> r & 1))
			apply[r](&s);
	return s.n;
}

size_t pd_diff_normalise(struct pd_span name, enum pd_diff_rule upto, uint32_t without, char *buf, size_t room)
{
	return name.n <= room ? pd_diff_plain_name(name, upto, without, buf) : 0;
}

const char *pd_diff_rule_name(enum pd_diff_rule rule)
{
	static const char *const names[PD_MATCH_RULES] = { "exact", "name", "address", "clone", "hash", "tier", "lambda", "generic", "root" };

	return (unsigned)rule < PD_MATCH_RULES ? names[rule] : "";
}

const char *pd_diff_class_name(enum pd_diff_class c)
{
	static const char *const names[] = { "unchanged", "undecided", "new", "gone", "grown", "shrunk", "moved" };

	return (unsigned)c < PD_ARRAY_LEN(names) ? names[c] : "";
}
