/* Blocks of lines, the cache of pieces, symbol notation: see text.h. */
#include "common/text.h"
#include "base/notes.h"
#include "base/span.h"
#include "io/source.h"

#include <stdarg.h>

#define BLOCK_MIN ((size_t)64 << 10)
#define BLOCK_MAX ((size_t)1 << 20)   /* keeps a mapped file from becoming resident all at once */
#define LINE_MAX_BYTES ((size_t)64 << 20)

/* ---- lines in blocks ---- */

bool pd_text_fill(struct pd_text *t)
{
	size_t want = BLOCK_MIN;

	if (t->block)
		pd_source_consume(t->src, (size_t)(t->end - t->block));
	t->block = t->p = t->end = NULL;
	for (;;) {
		struct pd_span s = pd_source_peek(t->src, want);
		bool whole = s.n < want; /* the rest of the input */
		const char *nl;

		if (!s.n)
			return false;
		if (s.n > BLOCK_MAX && want <= BLOCK_MAX)
			s.n = BLOCK_MAX;
		nl = memrchr(s.p, '\n', s.n);
		if (nl || whole) {
			t->block = t->p = s.p;
			t->end = whole ? s.p + s.n : nl + 1;
			return true;
		}
		want = s.n < want ? want * 2 : s.n * 2;
		if (want > LINE_MAX_BYTES) {
			t->failed = true;
			t->line++;
			pd_text_fail(t, "a line of more than %zu MiB; expected text lines", LINE_MAX_BYTES >> 20);
			return false;
		}
	}
}

struct pd_span pd_text_line(struct pd_text *t)
{
	size_t left = (size_t)(t->end - t->p);
	const char *nl = memchr(t->p, '\n', left);
	struct pd_span line = { t->p, nl ? (size_t)(nl - t->p) : left };

	t->p = nl ? nl + 1 : t->end;
	t->line++;
	if (line.n && line.p[line.n - 1] == '\r')
		line.n--;
	return line;
}

/* The source gives line numbers to errors and notes, but only counts lines it hands out itself. */
static void tell_line(struct pd_text *t)
{
	t->src->line = t->line;
}

enum pd_status pd_text_fail(struct pd_text *t, const char *fmt, ...)
{
	char text[sizeof(t->sink->err->text)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	tell_line(t);
	return pd_fail(t->sink, t->src, "%s", text);
}

enum pd_status pd_text_note(struct pd_text *t, const char *what, struct pd_span text)
{
	tell_line(t);
	if (t->sink->strict)
		return pd_note(t->sink, t->src, what);
	if (t->sink->notes && pd_notes_count(t->sink->notes, what))
		pd_notes_place(t->sink->notes, t->line, pd_source_offset(t->src), text);
	return PD_OK;
}

enum pd_status pd_text_status(struct pd_text *t)
{
	tell_line(t);
	return t->failed ? PD_ERR_DATA : pd_source_status(t->src);
}

/* ---- pieces ---- */

bool pd_pieces_init(struct pd_pieces *c)
{
	*c = (struct pd_pieces){ .key = pd_hash_key(), .mask = 1023 };
	c->slot = calloc((size_t)c->mask + 1, sizeof(*c->slot));
	c->kept = 1;
	if (c->slot && pd_vec_push(&c->row, (struct pd_piece){ .n = UINT32_MAX }))
		return true;
	pd_pieces_release(c);
	return false;
}

void pd_pieces_release(struct pd_pieces *c)
{
	pd_vec_release(&c->row);
	pd_arena_release(&c->text);
	free(c->slot);
	*c = (struct pd_pieces){ 0 };
}

static void put_slot(uint64_t *slot, uint32_t mask, uint64_t hash_low, uint64_t value)
{
	uint32_t i = (uint32_t)hash_low & mask;

	while (slot[i])
		i = (i + 1) & mask;
	slot[i] = value;
}

/* Slots hold only the upper half of the hash: growing hashes the texts again, which is rare. */
static bool grow_slots(struct pd_pieces *c)
{
	uint32_t mask = c->mask * 2 + 1;
	uint64_t *slot = calloc((size_t)mask + 1, sizeof(*slot));

	if (!slot)
		return false;
	for (uint32_t i = 1; i < c->kept; i++) {
		uint64_t h = pd_hash_bytes(c->key, c->row.v[i].text, c->row.v[i].n);

		put_slot(slot, mask, h, (h & ~(uint64_t)UINT32_MAX) | i);
	}
	free(c->slot);
	c->slot = slot;
	c->mask = mask;
	return true;
}

uint32_t pd_pieces_add(struct pd_pieces *c, const char *p, size_t n, uint64_t hash)
{
	bool full = c->kept >= PD_PIECES_MAX || c->text.used > PD_PIECES_TEXT || c->row.n > c->kept || n > UINT32_MAX / 2;
	uint32_t row = (uint32_t)c->row.n;
	char *text = NULL;

	if (c->failed || row == UINT32_MAX)
		return 0;
	if (!full && c->kept > c->mask / 2 && !grow_slots(c))
		goto nomem;
	if (!full) {
		text = pd_arena_alloc(&c->text, n + 1, 1);
		if (!text)
			goto nomem;
		if (n) /* an empty piece may have no address */
			memcpy(text, p, n);
	}
	if (!pd_vec_push(&c->row, ((struct pd_piece){ .text = text, .n = full ? UINT32_MAX : (uint32_t)n })))
		goto nomem;
	if (!full) {
		put_slot(c->slot, c->mask, hash, (hash & ~(uint64_t)UINT32_MAX) | row);
		c->kept++;
	}
	return row;
nomem:
	c->failed = true;
	return 0;
}

/* ---- units ---- */

const char *pd_unit_name(struct pd_span word)
{
	static const struct { const char *word, *unit; } units[] = {
		{ "ns", "nanoseconds" }, { "us", "microseconds" }, { "ms", "milliseconds" }, { "s", "seconds" },
		{ "nsecs", "nanoseconds" }, { "usecs", "microseconds" }, { "msecs", "milliseconds" }, { "secs", "seconds" },
		{ "nanoseconds", "nanoseconds" }, { "microseconds", "microseconds" }, { "milliseconds", "milliseconds" }, { "seconds", "seconds" },
		{ "bytes", "bytes" },
	};

	for (size_t i = 0; i < PD_ARRAY_LEN(units); i++)
		if (span_is(word, units[i].word))
			return units[i].unit;
	return NULL;
}

/* ---- symbols ---- */

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static unsigned hex_digit(char c)
{
	return c <= '9' ? (unsigned)(c - '0') : (unsigned)(c - 'a') + 10;
}

struct pd_span pd_symbol_no_offset(struct pd_span name)
{
	size_t i = name.n;

	while (i && is_hex(name.p[i - 1]))
		i--;
	if (i < name.n && i > 3 && memcmp(name.p + i - 3, "+0x", 3) == 0)
		name.n = i - 3;
	return name;
}

/*
 * Start of the " (" whose parenthesis closes at the end of the text, n when there
 * is none. Names and objects both hold blanks and parentheses; only balance tells.
 */
static size_t last_group(struct pd_span s)
{
	size_t depth = 0;
	const char *open;

	if (!s.n || s.p[s.n - 1] != ')')
		return s.n;
	open = memrchr(s.p, '(', s.n);
	if (open && open > s.p && open[-1] == ' ' && !memchr(open, ')', s.n - 1 - (size_t)(open - s.p)))
		return (size_t)(open - s.p); /* no nesting */
	for (size_t i = s.n; i-- > 0;) {
		if (s.p[i] == ')')
			depth++;
		else if (s.p[i] == '(' && --depth == 0)
			return i == 0 || s.p[i - 1] == ' ' ? i : s.n;
	}
	for (size_t i = s.n; i-- > 1;) /* an object with a lone ')' in its name */
		if (s.p[i] == '(' && s.p[i - 1] == ' ')
			return i;
	return s.n;
}

bool pd_symbol_parse(struct pd_span s, struct pd_symbol *out)
{
	size_t i = 0, digits = 0, group;
	uint64_t address = 0;

	while (i < s.n && (s.p[i] == ' ' || s.p[i] == '\t'))
		i++;
	for (; i < s.n && is_hex(s.p[i]); i++, digits++)
		address = address << 4 | hex_digit(s.p[i]);
	if (!digits || digits > 16 || (i < s.n && s.p[i] != ' '))
		return false;
	*out = (struct pd_symbol){ .address = address };
	s.p += i;
	s.n -= i;
	if (s.n) {
		s.p++;
		s.n--;
	}
	while (s.n && s.p[s.n - 1] == ' ')
		s.n--;
	group = last_group(s);
	if (group < s.n) {
		out->has_object = true;
		out->object = (struct pd_span){ s.p + group + 1, s.n - group - 2 };
		s.n = group ? group - 1 : 0;
	}
	out->inlined = span_is(out->object, "inlined");
	if (out->inlined || span_is(out->object, "[unknown]"))
		out->object = (struct pd_span){ 0 };
	out->name = pd_symbol_no_offset(s);
	if (span_is(out->name, "[unknown]"))
		out->name = (struct pd_span){ 0 };
	return true;
}

/* Length of "operator" and its symbol at the front of `s`, 0 when it is something else. */
static size_t operator_length(struct pd_span s)
{
	static const char *const symbols[] = { "()", "->*", "->", "<<=", ">>=", "<=>", "<<", ">>", "<=", ">=", "<", ">" };

	if (!span_starts(s, "operator"))
		return 0;
	s.p += 8;
	s.n -= 8;
	for (size_t i = 0; i < PD_ARRAY_LEN(symbols); i++)
		if (span_starts(s, symbols[i]))
			return 8 + strlen(symbols[i]);
	return 0;
}

/* Is the '(' at `i` part of the name rather than the start of its parameters? */
static bool group_of_name(struct pd_span s, size_t i)
{
	struct pd_span rest = { s.p + i, s.n - i };

	if (span_starts(rest, "(anonymous namespace)") || span_starts(rest, "(*"))
		return true;
	return i == 0;
}

struct pd_span pd_symbol_no_params(struct pd_span s)
{
	size_t depth = 0;

	for (size_t i = 0; i < s.n; i++) {
		bool word = i == 0 || !(s.p[i - 1] == '_' || is_letter(s.p[i - 1]));
		size_t op = word && s.p[i] == 'o' ? operator_length((struct pd_span){ s.p + i, s.n - i }) : 0;

		if (op) {
			i += op - 1;
			continue;
		}
		switch (s.p[i]) {
		case '<': case '{': case '[':
			depth++;
			break;
		case '>':
			if (i && s.p[i - 1] == '-')
				break;
			/* fall through */
		case '}': case ']':
			depth -= depth > 0;
			break;
		case '(':
			if (depth == 0 && !group_of_name(s, i))
				return (struct pd_span){ s.p, i };
			depth++;
			break;
		case ')':
			depth -= depth > 0;
			break;
		}
	}
	return s;
}

/* "[nf_conntrack]": a kernel module, not one of the bracketed names of user memory. */
static bool is_bracketed_kernel(struct pd_span o)
{
	static const char *const user[] = { "[vdso", "[heap", "[stack", "[vsyscall", "[anon", "[JIT", "[unknown", "[vvar", "[uprobes", "[sigpage" };

	if (o.n < 3 || o.p[0] != '[')
		return false;
	for (size_t i = 0; i < PD_ARRAY_LEN(user); i++)
		if (span_starts(o, user[i]))
			return false;
	if (span_starts(o, "[kernel") || span_starts(o, "[guest.kernel"))
		return true;
	for (size_t i = 1; i + 1 < o.n; i++)
		if (!(o.p[i] == '_' || o.p[i] == '-' || o.p[i] == '.' || (o.p[i] >= '0' && o.p[i] <= '9') || is_letter(o.p[i])))
			return false;
	return o.p[o.n - 1] == ']';
}

static bool is_jit(struct pd_span o, struct pd_span base)
{
	if (span_starts(o, "[JIT]") || span_starts(o, "/memfd:doublemapper"))
		return true;
	if (span_starts(base, "jitted-") && span_ends(base, ".so"))
		return true;
	if (!span_starts(base, "perf-") || !span_ends(base, ".map") || base.n < 10)
		return false;
	for (size_t i = 5; i < base.n - 4; i++)
		if (base.p[i] < '0' || base.p[i] > '9')
			return false;
	return true;
}

uint32_t pd_object_flags(struct pd_span o)
{
	static const char *const kernel[] = { ".ko", ".ko.gz", ".ko.xz", ".ko.zst", "/vmlinux", "/vmlinuz" };
	const char *slash = o.n ? memrchr(o.p, '/', o.n) : NULL;
	struct pd_span base = slash ? (struct pd_span){ slash + 1, o.n - (size_t)(slash + 1 - o.p) } : o;

	if (is_jit(o, base))
		return PD_FRAME_JIT;
	if (is_bracketed_kernel(o) || span_starts(base, "vmlinux-") || span_is(base, "vmlinux"))
		return PD_FRAME_KERNEL;
	for (size_t i = 0; i < PD_ARRAY_LEN(kernel); i++)
		if (span_ends(o, kernel[i]))
			return PD_FRAME_KERNEL;
	return 0;
}
