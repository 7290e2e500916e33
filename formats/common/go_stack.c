/* Stacks and labels as Go prints them. */
#include "common/go_stack.h"

/* ---- stacks ---- */

void go_stack_line(struct go_stack *s, struct pd_span function, struct pd_span file, int64_t line)
{
	struct pd_func_desc f = { .name = pd_intern(s->b, function.p, function.n), .file = pd_intern(s->b, file.p, file.n) };
	struct pd_line l = { .line = line };

	f.system_name = f.name;
	l.func = pd_func_add(s->b, &f);
	if (!pd_vec_push(&s->line, l))
		s->failed = true;
}

void go_stack_frame(struct go_stack *s)
{
	struct pd_frame_desc d = { .address = s->address, .n_lines = (uint32_t)s->line.n, .lines = s->line.v };
	pd_frame f;

	if (!s->line.n && !s->address)
		return;
	f = pd_frame_add(s->b, &d);
	if (!pd_vec_push(&s->frame, f))
		s->failed = true;
	s->line.n = 0;
	s->address = 0;
}

void go_stack_note(struct go_stack *s, struct pd_span name)
{
	pd_frame f = pd_frame_named(s->b, name.p, name.n);

	go_stack_frame(s);
	if (!pd_vec_push(&s->frame, f))
		s->failed = true;
}

pd_stack go_stack_end(struct go_stack *s)
{
	pd_stack stack;

	go_stack_frame(s);
	stack = pd_stack_of(s->b, s->frame.v, s->frame.n, PD_LEAF_FIRST);
	s->frame.n = 0;
	return stack;
}

void go_stack_release(struct go_stack *s)
{
	pd_vec_release(&s->frame);
	pd_vec_release(&s->line);
}

void go_place(struct pd_span text, struct pd_span *file, int64_t *line)
{
	struct pd_span tail;
	uint64_t n;

	*file = text;
	*line = 0;
	if (span_rcut(&text, ':', &tail) && span_u64(tail, &n) && n <= INT64_MAX) {
		*file = text;
		*line = (int64_t)n;
	}
}

/* ---- labels ---- */

static void add_label(struct go_labels *l, struct pd_label label)
{
	if (!pd_vec_push(&l->v, label))
		l->failed = true;
}

void go_label_text(struct go_labels *l, struct pd_builder *b, const char *key, struct pd_span value)
{
	add_label(l, (struct pd_label){ .key = pd_intern_z(b, key), .kind = PD_LABEL_STR, .str = pd_intern(b, value.p, value.n) });
}

void go_label_number(struct go_labels *l, struct pd_builder *b, const char *key, int64_t value, const char *unit)
{
	add_label(l, (struct pd_label){ .key = pd_intern_z(b, key), .kind = PD_LABEL_NUM, .num = value, .unit = pd_intern_z(b, unit) });
}

static void put_byte(struct go_labels *l, unsigned c)
{
	if (!pd_vec_push(&l->text, (char)c))
		l->failed = true;
}

static void put_rune(struct go_labels *l, uint32_t c)
{
	if (c < 0x80) {
		put_byte(l, c);
		return;
	}
	if (c >= 0x10000) {
		put_byte(l, 0xf0 | c >> 18);
		put_byte(l, 0x80 | (c >> 12 & 0x3f));
	} else if (c >= 0x800) {
		put_byte(l, 0xe0 | c >> 12);
	}
	if (c >= 0x800)
		put_byte(l, 0x80 | (c >> 6 & 0x3f));
	else
		put_byte(l, 0xc0 | c >> 6);
	put_byte(l, 0x80 | (c & 0x3f));
}

/* `n` digits of base 8 or 16 off the front. */
static bool digits(struct pd_span *s, unsigned n, unsigned base, uint32_t *out)
{
	uint32_t v = 0;

	if (s->n < n)
		return false;
	for (unsigned i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s->p[i];
		unsigned d = c >= '0' && c <= '9' ? (unsigned)c - '0' : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10u : 16;

		if (d >= base)
			return false;
		v = v * base + d;
	}
	*s = span_skip(*s, n);
	*out = v;
	return true;
}

/* What follows a backslash, as strconv.Quote writes it. */
static bool escape(struct go_labels *l, struct pd_span *s)
{
	static const char plain[] = "abfnrtv\\'\"", means[] = "\a\b\f\n\r\t\v\\'\"";
	char c = s->n ? s->p[0] : '\0';
	const char *hit = c ? strchr(plain, c) : NULL;
	uint32_t v = 0;

	if (hit) {
		*s = span_skip(*s, 1);
		put_byte(l, (unsigned char)means[hit - plain]);
		return true;
	}
	if (c >= '0' && c <= '7') {
		if (!digits(s, 3, 8, &v) || v > 0xff)
			return false;
		put_byte(l, v);
		return true;
	}
	*s = span_skip(*s, 1);
	if (!digits(s, c == 'x' ? 2 : c == 'u' ? 4 : 8, 16, &v) || v > 0x10ffff || (c != 'x' && c != 'u' && c != 'U'))
		return false;
	if (c == 'x')
		put_byte(l, v);
	else
		put_rune(l, v);
	return true;
}

/* A quoted or bare word; bare ones end at what cannot be in them. */
static bool word(struct go_labels *l, struct pd_span *s, struct pd_span *out)
{
	l->text.n = 0;
	if (!span_eat(s, "\"")) {
		size_t n = 0;

		while (n < s->n && !strchr(":,}\" ", s->p[n]) && s->p[n] != '\0')
			n++;
		*out = (struct pd_span){ s->p, n };
		*s = span_skip(*s, n);
		return n != 0;
	}
	while (s->n && s->p[0] != '"') {
		char c = s->p[0];

		*s = span_skip(*s, 1);
		if (c != '\\')
			put_byte(l, (unsigned char)c);
		else if (!escape(l, s))
			return false;
	}
	*out = (struct pd_span){ l->text.n ? l->text.v : "", l->text.n };
	return span_eat(s, "\"");
}

bool go_labels_list(struct go_labels *l, struct pd_builder *b, struct pd_span *s, size_t max)
{
	while (s->n && s->p[0] != '}') {
		struct pd_span key, value;
		struct pd_label label = { .kind = PD_LABEL_STR };

		if (!word(l, s, &key) || !span_eat(s, ":"))
			return false;
		label.key = pd_intern(b, key.p, key.n);
		span_eat(s, " ");
		if (!word(l, s, &value) || l->v.n >= max)
			return false;
		label.str = pd_intern(b, value.p, value.n);
		add_label(l, label);
		if (!span_eat(s, ", ") && s->n && s->p[0] != '}')
			return false;
	}
	return true;
}

bool go_labels_parse(struct go_labels *l, struct pd_builder *b, struct pd_span *s, size_t max)
{
	return span_eat(s, "{") && go_labels_list(l, b, s, max) && span_eat(s, "}");
}

void go_labels_release(struct go_labels *l)
{
	pd_vec_release(&l->v);
	pd_vec_release(&l->text);
}
