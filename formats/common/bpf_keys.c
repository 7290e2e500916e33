/* What the parts of keys are, told from all entries of a map: see bpf_maps.h. */
#include "base/span.h"
#include "common/bpf_maps.h"

#define COMM_MAX 15 /* what the kernel keeps of a name */

static uint32_t count_parts(const struct pd_bpf *m, const struct pd_bpf_row *r)
{
	uint32_t n = 0;

	for (uint32_t at = 0; at < r->n; n++)
		pd_bpf_next_part(m->word.v + r->first, &at);
	return n;
}

static uint32_t take_parts(const struct pd_bpf *m, const struct pd_bpf_row *r, struct pd_bpf_part out[PD_BPF_PARTS])
{
	uint32_t n = 0;

	for (uint32_t at = 0; at < r->n && n < PD_BPF_PARTS; n++)
		out[n] = pd_bpf_next_part(m->word.v + r->first, &at);
	return n;
}

/* Names with commas make keys look longer, only those with line feeds shorter: the smallest number that is not rare. */
static uint32_t usual_parts(const struct pd_bpf *m, const struct pd_bpf_map *map)
{
	uint32_t many[PD_BPF_PARTS + 1] = { 0 }, rows = 0;

	for (uint32_t i = map->first_row; i; i = m->row.v[i - 1].next, rows++)
		many[count_parts(m, &m->row.v[i - 1])]++;
	for (uint32_t n = 0; n < PD_BPF_PARTS; n++)
		if (many[n] && many[n] >= rows / 8)
			return n;
	return PD_BPF_PARTS;
}

/* ---- stacks ---- */

/* Above zero: frames that only the kernel has; below: only programs have them. */
static int whose_stack(const struct pd_bpf *m, const struct pd_bpf_part *p)
{
	int score = 0;

	for (uint32_t i = 0; i < p->n; i++) {
		uint8_t hint = m->hint.v[p->frame[i]];

		score += hint == PD_BPF_KERNEL ? 1 : hint == PD_BPF_USER ? -1 : 0;
	}
	return score > 0 ? 1 : score < 0 ? -1 : 0;
}

/* Of several stacks one is the kernel's, the first one if nothing tells. */
static void judge_stacks(struct pd_bpf_shape *s, const int64_t score[PD_BPF_PARTS])
{
	unsigned stacks = 0, kernel = 0;

	for (uint32_t i = 0; i < s->n; i++) {
		stacks += s->kind[i] == PD_BPF_STACK;
		s->is_kernel[i] = s->kind[i] == PD_BPF_STACK && score[i] > 0;
		kernel += s->is_kernel[i];
	}
	s->has_stack = stacks != 0;
	for (uint32_t i = 0; i < s->n && stacks > 1 && !kernel; i++)
		if (s->kind[i] == PD_BPF_STACK && score[i] == 0)
			s->is_kernel[i] = ++kernel;
}

/* ---- names of the others ---- */

/* Cuts the next of "kstack(perf, 3), args->next_comm" off; commas in parentheses belong to it. */
static bool next_key(struct pd_span *rest, struct pd_span *key)
{
	size_t i = 0, depth = 0;

	if (!rest->n)
		return false;
	for (; i < rest->n && (rest->p[i] != ',' || depth); i++) {
		depth += rest->p[i] == '(';
		depth -= rest->p[i] == ')' && depth;
	}
	*key = span_trim((struct pd_span){ rest->p, i });
	*rest = span_skip(*rest, i + 1);
	return true;
}

static bool is_call(struct pd_span key, const char *name)
{
	return span_is(key, name) || (span_starts(key, name) && key.p[strlen(name)] == '(');
}

/* "args->next_comm", "args.next_comm", "$comm" → what it is called. */
static struct pd_span key_name(struct pd_span key)
{
	const char *dot = span_rfind(key, '.'), *arrow = span_rfind(key, '>');
	const char *from = dot > arrow ? dot : arrow;

	if (from)
		key = span_between(from + 1, key.p + key.n);
	span_eat(&key, "$");
	return key;
}

/* By --opt keys, when it names as many parts as the keys have, with or without the stacks. */
static bool named_keys(struct pd_bpf *m, struct pd_bpf_shape *s)
{
	struct pd_span rest = span_of(m->opts->keys), key;
	uint32_t n = 0, stacks = 0, named_stacks = 0, at = 0;
	bool with_stacks;

	while (next_key(&rest, &key)) {
		n++;
		named_stacks += is_call(key, "kstack") || is_call(key, "ustack");
	}
	for (uint32_t i = 0; i < s->n; i++)
		stacks += s->kind[i] == PD_BPF_STACK;
	with_stacks = named_stacks != 0;
	if (!n || n != (with_stacks ? s->n : s->n - stacks))
		return false;
	rest = span_of(m->opts->keys);
	while (at < s->n && next_key(&rest, &key)) {
		while (!with_stacks && at < s->n && s->kind[at] == PD_BPF_STACK)
			at++;
		if (at == s->n)
			break;
		s->is_kernel[at] = with_stacks ? is_call(key, "kstack") : s->is_kernel[at];
		key = key_name(key);
		s->label[at++] = pd_intern(m->b, key.p, key.n);
	}
	return true;
}

/* The first text as short as names of threads is one, the first number is a pid; other parts are numbered as they stand. */
static void guess_keys(struct pd_bpf *m, struct pd_bpf_shape *s, const bool is_long[PD_BPF_PARTS])
{
	bool has_comm = false, has_pid = false;

	for (uint32_t i = 0; i < s->n; i++) {
		char text[16];

		if (s->kind[i] == PD_BPF_TEXT && !has_comm && !is_long[i]) {
			has_comm = true;
			s->label[i] = pd_intern_z(m->b, "comm");
			continue;
		}
		snprintf(text, sizeof text, "key%u", i + 1);
		s->label[i] = pd_intern_z(m->b, text);
	}
	for (uint32_t i = 0; i < s->n && !has_pid; i++) {
		if (s->kind[i] == PD_BPF_NUMBER && (has_comm || s->has_stack)) {
			has_pid = true;
			s->label[i] = pd_intern_z(m->b, "pid");
		}
	}
}

void pd_bpf_shape(struct pd_bpf *m, uint32_t map, struct pd_bpf_shape *out)
{
	const struct pd_bpf_map *mp = &m->map.v[map - 1];
	struct pd_bpf_part part[PD_BPF_PARTS];
	int64_t score[PD_BPF_PARTS] = { 0 };
	bool is_long[PD_BPF_PARTS] = { false };

	*out = (struct pd_bpf_shape){ .n = usual_parts(m, mp) };
	for (uint32_t r = mp->first_row; r; r = m->row.v[r - 1].next) {
		if (take_parts(m, &m->row.v[r - 1], part) != out->n)
			continue;
		for (uint32_t i = 0; i < out->n; i++) {
			if (part[i].kind > out->kind[i])
				out->kind[i] = part[i].kind;
			if (part[i].kind == PD_BPF_STACK)
				score[i] += whose_stack(m, &part[i]);
			if (part[i].kind == PD_BPF_TEXT)
				is_long[i] |= pd_builder_string(m->b, part[i].text).n > COMM_MAX;
		}
	}
	judge_stacks(out, score);
	if (!m->opts->keys || !named_keys(m, out))
		guess_keys(m, out, is_long);
}

/* ---- keys with commas in their texts ---- */

static bool fits(const struct pd_bpf_part *p, enum pd_bpf_kind kind)
{
	return p->kind == PD_BPF_NOTHING || p->kind == kind || (p->kind == PD_BPF_NUMBER && kind == PD_BPF_TEXT);
}

/* Do parts [0, at) and, `extra` further on, those behind `at` fit? */
static bool fits_around(const struct pd_bpf_shape *s, const struct pd_bpf_part *part, uint32_t at, uint32_t extra)
{
	for (uint32_t i = 0; i < s->n; i++)
		if (i != at && !fits(&part[i < at ? i : i + extra], s->kind[i]))
			return false;
	for (uint32_t i = at; i <= at + extra; i++)
		if (part[i].kind == PD_BPF_STACK)
			return false;
	return true;
}

/* Parts [at, at + extra] were one text. */
static void join(struct pd_bpf *m, struct pd_bpf_part *part, uint32_t at, uint32_t extra, uint32_t n)
{
	PD_VEC(char) text = { 0 };

	for (uint32_t i = at; i <= at + extra; i++) {
		char number[24];
		struct pd_span s = pd_builder_string(m->b, part[i].text);

		if (part[i].kind == PD_BPF_NUMBER)
			s = (struct pd_span){ number, (size_t)snprintf(number, sizeof number, "%lld", (long long)part[i].number) };
		if (!pd_vec_reserve(&text, s.n + m->comma.n)) {
			m->failed = true;
			break;
		}
		if (i > at) {
			memcpy(text.v + text.n, m->comma.p, m->comma.n);
			text.n += m->comma.n;
		}
		if (s.n)
			memcpy(text.v + text.n, s.p, s.n);
		text.n += s.n;
	}
	part[at] = (struct pd_bpf_part){ .kind = PD_BPF_TEXT, .text = pd_intern(m->b, text.v, text.n) };
	memmove(part + at + 1, part + at + 1 + extra, (n - at - 1 - extra) * sizeof(*part));
	pd_vec_release(&text);
}

bool pd_bpf_align(struct pd_bpf *m, const struct pd_bpf_row *row, const struct pd_bpf_shape *s, struct pd_bpf_part part[PD_BPF_PARTS])
{
	uint32_t n = take_parts(m, row, part);

	if (n < s->n)
		memset(part + n, 0, (s->n - n) * sizeof(*part));
	if (n <= s->n)
		return n == s->n;
	for (uint32_t at = 0; at < s->n; at++) {
		if (s->kind[at] == PD_BPF_TEXT && fits_around(s, part, at, n - s->n)) {
			join(m, part, at, n - s->n, n);
			break;
		}
	}
	return true; /* where nothing fits the last parts are left out */
}
