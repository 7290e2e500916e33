/*
 * Writing collapsed stacks: rows become stacks of printed texts, stacks that
 * read the same are added up, and lines are sorted by ranks of their texts.
 */
#include "common/folded_write.h"

#include "base/multikey.h"
#include "base/span.h"
#include "common/escape.h"
#include "common/text.h"

#define VALUE_MAX ((size_t)48)     /* separator, sign, digits, point, line feed */
#define LINE_BUFFER ((size_t)64 << 10)

/* ---- texts ---- */

/* A text as it is printed, and its places in the order of lines: in the middle (';' follows) and at the end of a stack. */
struct text {
	struct pd_span s;
	uint32_t rank, last_rank;
	bool is_last;
};

struct stack {
	uint32_t first, n; /* texts in `seq` */
	int64_t value;
};

/* Index-only hash: slots hold row numbers + 1. */
struct slots {
	uint32_t *v;
	uint32_t mask, used;
};

struct writer {
	const struct pd_doc *doc;
	struct pd_out *out;
	struct pd_error *err;
	unsigned annotate;            /* enum pd_frame_flags */
	pd_str root;                  /* label key */
	bool has_root;
	struct pd_sample_type type;

	struct pd_arena arena;
	PD_VEC(struct text) text;     /* row 0 unused */
	struct slots text_index, row_index, stack_index;
	uint64_t key;
	struct { uint32_t first, n; } *frame; /* per frame: texts in frame_text; n 0 = not rendered yet */
	PD_VEC(uint32_t) frame_text;
	uint32_t *func_text;          /* per function, when nothing is annotated: text of its name, 0 not rendered yet */
	uint32_t *root_text;          /* per label set: text + 1, 0 not looked at, 1 none */
	PD_VEC(struct { uint64_t who; int64_t value; }) row; /* distinct (root, stack) */
	PD_VEC(uint32_t) seq;
	size_t most;                  /* of seq: a few bytes may stand for a stack of many lines */
	PD_VEC(struct stack) stack;
	PD_VEC(char) scratch;
	PD_VEC(char) buffer;
	pd_frame *path;
	bool nomem;
};

static bool slots_init(struct slots *s)
{
	*s = (struct slots){ .v = calloc(1024, sizeof(uint32_t)), .mask = 1023 };
	return s->v != NULL;
}

/* Doubles the slots when they are half full; `hash_of` gives the hash of a row. */
static bool slots_grow(struct slots *s, uint64_t (*hash_of)(const struct writer *, uint32_t), const struct writer *w)
{
	uint32_t mask = s->mask * 2 + 1, *v;

	if (s->used <= s->mask / 2)
		return true;
	if (s->mask >= UINT32_MAX / 2 || !(v = calloc((size_t)mask + 1, sizeof(*v))))
		return false;
	for (uint32_t i = 0; i <= s->mask; i++) {
		uint32_t row = s->v[i], at;

		if (!row)
			continue;
		for (at = (uint32_t)hash_of(w, row - 1) & mask; v[at]; at = (at + 1) & mask)
			;
		v[at] = row;
	}
	free(s->v);
	s->v = v;
	s->mask = mask;
	return true;
}

static uint64_t hash_text(const struct writer *w, uint32_t row)
{
	return pd_hash_bytes(w->key, w->text.v[row].s.p, w->text.v[row].s.n);
}

static uint64_t hash_row(const struct writer *w, uint32_t row)
{
	return pd_hash_u64(w->key, w->row.v[row].who, 0);
}

static uint64_t hash_stack(const struct writer *w, uint32_t row)
{
	const struct stack *s = &w->stack.v[row];

	return pd_hash_bytes(w->key, w->seq.v + s->first, s->n * sizeof(uint32_t));
}

/* Row of a printed text. */
static uint32_t text_row(struct writer *w, struct pd_span s)
{
	uint64_t h = pd_hash_bytes(w->key, s.p, s.n);
	uint32_t i = (uint32_t)h & w->text_index.mask;
	char *copy;

	for (; w->text_index.v[i]; i = (i + 1) & w->text_index.mask)
		if (span_eq(w->text.v[w->text_index.v[i] - 1].s, s))
			return w->text_index.v[i] - 1;
	copy = pd_arena_alloc(&w->arena, s.n + 1, 1);
	if (copy) {
		memcpy(copy, s.p, s.n);
		copy[s.n] = ';'; /* most texts are written with it */
	}
	if (!copy || !pd_vec_push(&w->text, ((struct text){ .s = { copy, s.n } }))) {
		w->nomem = true;
		return 0;
	}
	w->text_index.v[i] = (uint32_t)w->text.n;
	w->text_index.used++;
	if (!slots_grow(&w->text_index, hash_text, w))
		w->nomem = true;
	return (uint32_t)w->text.n - 1;
}

/* Bytes at the front that need no change, in steps of 8. */
static size_t plain_length(struct pd_span s)
{
	const uint64_t ones = 0x0101010101010101u, high = ones << 7;
	size_t i = 0;

	for (; i + 8 <= s.n; i += 8) {
		uint64_t v = pd_load64(s.p + i), semi = v ^ ones * ';', del = v ^ ones * 0x7f;

		/* a byte with the high bit, below 0x20, ';' or 0x7f (the tests may also fire wrongly, never fail to) */
		if ((v | (v - ones * 0x20) | (semi - ones) | (del - ones)) & high)
			break;
	}
	return i;
}

/* Names on their way out: ';' → ':', controls → ' ', broken UTF-8 → U+FFFD; blanks → '_' when asked. */
static void put_name(struct writer *w, struct pd_span s, bool underscores)
{
	size_t i = 0;
	char *out;

	if (!pd_vec_reserve(&w->scratch, s.n * 3 + 8)) {
		w->nomem = true;
		return;
	}
	out = w->scratch.v + w->scratch.n;
	if (!underscores)
		i = plain_length(s);
	memcpy(out, s.p, i);
	out += i;
	while (i < s.n) {
		unsigned char c = (unsigned char)s.p[i];

		if (c < 0x80) {
			*out++ = c == ';' ? ':' : c < 0x20 || c == 0x7f || c == ' ' ? (underscores ? '_' : ' ') : (char)c;
			i++;
		} else {
			uint32_t cp;
			bool valid;

			i += esc_utf8_next(s.p + i, s.n - i, &cp, &valid);
			out += esc_utf8_put(out, cp);
		}
	}
	w->scratch.n = (size_t)(out - w->scratch.v);
}

static void put_plain(struct writer *w, const char *text)
{
	size_t n = strlen(text);

	if (!pd_vec_reserve(&w->scratch, n)) {
		w->nomem = true;
		return;
	}
	memcpy(w->scratch.v + w->scratch.n, text, n);
	w->scratch.n += n;
}

static uint32_t scratch_row(struct writer *w)
{
	if (!w->scratch.n)
		put_plain(w, "-");
	return w->nomem ? 0 : text_row(w, (struct pd_span){ w->scratch.v, w->scratch.n });
}

/* "[libc.so.6]" for a frame without a function, "[unknown]" when there is no object either. */
static void put_object(struct writer *w, pd_mapping mapping)
{
	struct pd_mapping_desc m = { 0 };
	struct pd_span file = { "", 0 };
	const char *slash;

	if (mapping.v) {
		pd_doc_mapping(w->doc, mapping, &m);
		file = pd_doc_string(w->doc, m.file);
	}
	slash = span_rfind(file, '/');
	if (slash)
		file = span_skip(file, (size_t)(slash - file.p) + 1);
	if (!file.n) {
		put_plain(w, "[unknown]");
	} else if (file.p[0] == '[') {
		put_name(w, file, false);
	} else {
		put_plain(w, "[");
		put_name(w, file, false);
		put_plain(w, "]");
	}
}

static void put_suffix(struct writer *w, const char *suffix)
{
	if (!span_ends((struct pd_span){ w->scratch.v, w->scratch.n }, suffix))
		put_plain(w, suffix);
}

/* Line `i` of a frame; 0 is the innermost inlined one, the last one the physical function. */
static uint32_t render_line(struct writer *w, const struct pd_frame_desc *d, uint32_t i)
{
	struct pd_func_desc fn = { 0 };
	struct pd_span name = { "", 0 };
	uint32_t flags = d->flags | (i + 1 < d->n_lines ? PD_FRAME_INLINED : 0);

	w->scratch.n = 0;
	if (i < d->n_lines && d->lines[i].func.v) {
		if (!w->annotate && w->func_text[d->lines[i].func.v])
			return w->func_text[d->lines[i].func.v];
		pd_doc_func(w->doc, d->lines[i].func, &fn);
		name = pd_doc_string(w->doc, fn.name.v ? fn.name : fn.system_name);
	}
	if (name.n && !w->annotate) {
		put_name(w, name, false);
		return w->func_text[d->lines[i].func.v] = scratch_row(w);
	}
	if (name.n)
		put_name(w, name, false);
	else if (!d->n_lines || d->mapping.v)
		put_object(w, d->mapping);
	flags &= w->annotate;
	if (flags & PD_FRAME_INLINED)
		put_suffix(w, "_[i]");
	else if (flags & PD_FRAME_KERNEL)
		put_suffix(w, "_[k]");
	else if (flags & PD_FRAME_JIT)
		put_suffix(w, "_[j]");
	return scratch_row(w);
}

static void render_frame(struct writer *w, pd_frame frame)
{
	struct pd_frame_desc d;
	uint32_t first = (uint32_t)w->frame_text.n;

	pd_doc_frame(w->doc, frame, &d);
	for (uint32_t i = d.n_lines ? d.n_lines : 1; i-- > 0;)
		if (!pd_vec_push(&w->frame_text, render_line(w, &d, i)))
			w->nomem = true;
	w->frame[frame.v].first = first;
	w->frame[frame.v].n = (uint32_t)w->frame_text.n - first;
}

/* Text of a label set's root frame, 0 = none. */
static uint32_t root_of(struct writer *w, pd_labels set)
{
	const struct pd_label *label;
	size_t n;

	if (!w->has_root || !set.v)
		return 0;
	if (w->root_text[set.v])
		return w->root_text[set.v] - 1;
	n = pd_doc_labels(w->doc, set, &label);
	w->root_text[set.v] = 1;
	for (size_t i = 0; i < n; i++) {
		if (label[i].key.v != w->root.v)
			continue;
		w->scratch.n = 0;
		if (label[i].kind == PD_LABEL_STR) {
			put_name(w, pd_doc_string(w->doc, label[i].str), true);
		} else {
			char number[24];

			snprintf(number, sizeof number, "%lld", (long long)label[i].num);
			put_plain(w, number);
		}
		w->root_text[set.v] = scratch_row(w) + 1;
		break;
	}
	return w->root_text[set.v] - 1;
}

/* ---- rows → stacks of texts ---- */

static bool overflow(struct writer *w)
{
	pd_error_set(w->err, PD_ERR_LIMIT, "sum of sample type '%s' does not fit into 64 bits", pd_doc_string(w->doc, w->type.type.type).p);
	return false;
}

static bool add_row(struct writer *w, uint32_t root, pd_stack stack, int64_t value)
{
	uint64_t who = (uint64_t)root << 32 | stack.v;
	uint32_t i = (uint32_t)pd_hash_u64(w->key, who, 0) & w->row_index.mask;

	for (; w->row_index.v[i]; i = (i + 1) & w->row_index.mask) {
		uint32_t r = w->row_index.v[i] - 1;

		if (w->row.v[r].who == who)
			return !pd_add_overflow(w->row.v[r].value, value, &w->row.v[r].value) || overflow(w);
	}
	if (!pd_vec_reserve(&w->row, 1)) {
		w->nomem = true;
		return false;
	}
	w->row.v[w->row.n].who = who;
	w->row.v[w->row.n++].value = value;
	w->row_index.v[i] = (uint32_t)w->row.n;
	w->row_index.used++;
	if (!slots_grow(&w->row_index, hash_row, w))
		w->nomem = true;
	return !w->nomem;
}

static bool sum_rows(struct writer *w)
{
	struct pd_rows rows;
	uint64_t first = 0;
	size_t n;

	while ((n = pd_series_rows(w->doc, w->type.series, first, &rows))) {
		const int64_t *value = rows.value[w->type.column];

		for (size_t i = 0; i < n; i++)
			if (!add_row(w, root_of(w, rows.labels[i]), rows.stack[i], value[i]))
				return false;
		first += n;
	}
	return true;
}

/* Blanks at the very end would read back as part of the separator. */
static void trim_last(struct writer *w)
{
	uint32_t *last = &w->seq.v[w->seq.n - 1];
	struct pd_span s = w->text.v[*last].s;

	if (s.n && s.p[s.n - 1] == ' ') {
		s = span_rtrim(s);
		*last = text_row(w, s.n ? s : SPAN("-"));
	}
}

/* Appends the texts of a stack to seq; false when there would be too many or memory is out. */
static bool spell_stack(struct writer *w, uint32_t root, pd_stack stack)
{
	size_t depth = stack.v ? pd_doc_stack(w->doc, stack, PD_ROOT_FIRST, w->path) : 0;

	if (root && !pd_vec_push(&w->seq, root)) {
		w->nomem = true;
		return false;
	}
	for (size_t i = 0; i < depth; i++) {
		uint32_t f = w->path[i].v, n;

		if (!w->frame[f].n)
			render_frame(w, w->path[i]);
		n = w->frame[f].n;
		if (w->nomem)
			return false;
		if (n > w->most || w->seq.n > w->most - n) {
			pd_error_set(w->err, PD_ERR_LIMIT, "the lines would have more than %zu frames in all, more than memory is meant for", w->most);
			return false;
		}
		if (!pd_vec_reserve(&w->seq, n)) {
			w->nomem = true;
			return false;
		}
		for (uint32_t k = 0; k < n; k++)
			w->seq.v[w->seq.n++] = w->frame_text.v[w->frame[f].first + k];
	}
	return true;
}

/* Different stacks may read the same (frames that differ in their address): they become one line. */
static bool add_stack(struct writer *w, uint32_t first, int64_t value)
{
	struct stack s = { first, (uint32_t)w->seq.n - first, value };
	uint64_t h;
	uint32_t i;

	if (!pd_vec_push(&w->stack, s)) {
		w->nomem = true;
		return false;
	}
	h = hash_stack(w, (uint32_t)w->stack.n - 1);
	for (i = (uint32_t)h & w->stack_index.mask; w->stack_index.v[i]; i = (i + 1) & w->stack_index.mask) {
		struct stack *t = &w->stack.v[w->stack_index.v[i] - 1];

		if (t->n != s.n || memcmp(w->seq.v + t->first, w->seq.v + first, s.n * sizeof(uint32_t)) != 0)
			continue;
		w->stack.n--;
		w->seq.n = first;
		return !pd_add_overflow(t->value, value, &t->value) || overflow(w);
	}
	w->stack_index.v[i] = (uint32_t)w->stack.n;
	w->stack_index.used++;
	if (!slots_grow(&w->stack_index, hash_stack, w))
		w->nomem = true;
	return !w->nomem;
}

static bool spell_all(struct writer *w)
{
	for (size_t i = 0; i < w->row.n; i++) {
		uint64_t who = w->row.v[i].who;
		size_t first = w->seq.n;

		if (!w->row.v[i].value)
			continue;
		if (!spell_stack(w, (uint32_t)(who >> 32), (pd_stack){ (uint32_t)who }))
			return false;
		if (w->seq.n == first) {
			w->scratch.n = 0;
			put_plain(w, "[root]");
			if (!pd_vec_push(&w->seq, scratch_row(w)))
				w->nomem = true;
		}
		if (!w->nomem)
			trim_last(w);
		if (w->nomem || !add_stack(w, (uint32_t)first, w->row.v[i].value))
			return false;
	}
	return true;
}

/* ---- order ---- */

/*
 * Texts are ranked twice: followed by ';' and at the end of a line. Neither ';'
 * nor a byte below ' ' is in a text, so no text with its terminator begins
 * another one, and comparing ranks one by one is comparing the joined bytes.
 */
static uint64_t text_key(const void *ctx, uint32_t id, uint32_t depth)
{
	const struct writer *w = ctx;
	struct pd_span s = w->text.v[id >> 1].s;
	size_t at = (size_t)depth * 8;
	uint64_t key = 0;

	if (at + 8 <= s.n)
		return pd_bswap64(pd_load64(s.p + at));
	for (size_t i = 0; i < 8; i++) {
		size_t k = at + i;
		unsigned char c = k < s.n ? (unsigned char)s.p[k] : k == s.n && !(id & 1) ? ';' : 0;

		key = key << 8 | c;
	}
	return key;
}

static uint64_t stack_key(const void *ctx, uint32_t id, uint32_t depth)
{
	const struct writer *w = ctx;
	const struct stack *s = &w->stack.v[id];
	uint64_t key = 0;

	for (uint32_t i = 2 * depth; i < 2 * depth + 2; i++) {
		uint32_t rank = 0;

		if (i < s->n) {
			const struct text *t = &w->text.v[w->seq.v[s->first + i]];

			rank = i + 1 < s->n ? t->rank : t->last_rank;
		}
		key = key << 32 | rank;
	}
	return key;
}

static bool rank_texts(struct writer *w)
{
	struct pd_multikey_item *item = calloc(2 * w->text.n + 1, sizeof *item);
	size_t n = 0, longest = 0;
	bool ok;

	if (!item)
		return false;
	for (size_t i = 0; i < w->stack.n; i++)
		w->text.v[w->seq.v[w->stack.v[i].first + w->stack.v[i].n - 1]].is_last = true;
	for (size_t i = 1; i < w->text.n; i++) {
		item[n++].id = (uint32_t)i << 1;
		if (w->text.v[i].is_last)
			item[n++].id = (uint32_t)i << 1 | 1;
		if (w->text.v[i].s.n > longest)
			longest = w->text.v[i].s.n;
	}
	ok = pd_multikey_sort(item, n, (uint32_t)(longest / 8 + 1), text_key, w);
	for (size_t i = 0; i < n; i++) {
		struct text *t = &w->text.v[item[i].id >> 1];

		*(item[i].id & 1 ? &t->last_rank : &t->rank) = (uint32_t)i + 1;
	}
	free(item);
	return ok;
}

static struct pd_multikey_item *order_stacks(struct writer *w)
{
	struct pd_multikey_item *item = calloc(w->stack.n + 1, sizeof *item);
	uint32_t deepest = 0;

	if (!item || !rank_texts(w))
		goto fail;
	for (uint32_t i = 0; i < w->stack.n; i++) {
		item[i].id = i;
		if (w->stack.v[i].n > deepest)
			deepest = w->stack.v[i].n;
	}
	if (pd_multikey_sort(item, w->stack.n, deepest / 2 + 1, stack_key, w))
		return item;
fail:
	free(item);
	w->nomem = true;
	return NULL;
}

/* ---- lines ---- */

/* "12.5" from 1250 with 2 decimals: exact, without zeros at the end. Returns the length. */
static size_t format_value(char *out, int64_t value, unsigned decimals)
{
	char digits[40];
	size_t n = 0, at = 0;
	uint64_t v = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

	while (decimals && v % 10 == 0) {
		v /= 10;
		decimals--;
	}
	do {
		digits[n++] = (char)('0' + v % 10);
		v /= 10;
		if (n == decimals)
			digits[n++] = '.';
	} while (v || n <= (decimals ? decimals + 1 : 0));
	if (value < 0)
		out[at++] = '-';
	while (n)
		out[at++] = digits[--n];
	return at;
}

/* Room for `n` bytes in the buffer, NULL when it is larger than the buffer can be made. */
static char *make_room(struct writer *w, size_t n)
{
	if (w->buffer.cap - w->buffer.n < n) {
		pd_out_write(w->out, w->buffer.v, w->buffer.n);
		w->buffer.n = 0;
		if (!pd_vec_reserve(&w->buffer, n)) {
			w->nomem = true;
			return NULL;
		}
	}
	return w->buffer.v + w->buffer.n;
}

static void write_stack(struct writer *w, const struct stack *s)
{
	const uint32_t *text = w->seq.v + s->first;
	char *out;

	for (uint32_t k = 0; k < s->n; k++) {
		struct pd_span t = w->text.v[text[k]].s;

		if (!(out = make_room(w, t.n + VALUE_MAX))) /* the value fits behind the last one for sure */
			return;
		memcpy(out, t.p, t.n + 1);
		w->buffer.n += t.n + 1;
	}
	out = w->buffer.v + w->buffer.n;
	out[-1] = ' ';
	out += format_value(out, s->value, w->type.type.decimals);
	*out++ = '\n';
	w->buffer.n = (size_t)(out - w->buffer.v);
}

static void write_lines(struct writer *w, const struct pd_multikey_item *order)
{
	for (size_t i = 0; i < w->stack.n && !w->nomem && !pd_out_failed(w->out); i++)
		if (w->stack.v[order[i].id].value)
			write_stack(w, &w->stack.v[order[i].id]);
	pd_out_write(w->out, w->buffer.v, w->buffer.n);
}

static bool parse_annotate(struct writer *w, const char *text)
{
	static const struct { const char *name; unsigned flag; } known[] = {
		{ "kernel", PD_FRAME_KERNEL }, { "jit", PD_FRAME_JIT }, { "inline", PD_FRAME_INLINED }, { "inlined", PD_FRAME_INLINED },
	};
	struct pd_span rest = span_of(text), word;

	while (rest.n) {
		bool found = false;

		if (!span_cut(&rest, ',', &word)) {
			word = rest;
			rest.n = 0;
		}
		for (size_t i = 0; i < PD_ARRAY_LEN(known); i++)
			if (span_is(word, known[i].name)) {
				w->annotate |= known[i].flag;
				found = true;
			}
		if (!found && word.n) {
			pd_error_set(w->err, PD_ERR_USAGE, "unknown annotation '%.*s'; expected kernel, jit or inline", (int)(word.n < 60 ? word.n : 60), word.p);
			return false;
		}
	}
	return true;
}

static bool choose(struct writer *w, const struct pd_save_opts *save, const struct pd_folded_style *style)
{
	int index = pd_doc_find_sample_type(w->doc, save ? save->sample_type : NULL);
	const struct pd_meta *meta = pd_doc_meta(w->doc);

	if (index < 0 && pd_doc_sample_types(w->doc)) {
		pd_error_set(w->err, PD_ERR_USAGE, "no sample type '%.100s'", save && save->sample_type ? save->sample_type : "");
		return false;
	}
	if (index >= 0)
		pd_doc_sample_type(w->doc, (unsigned)index, &w->type);
	w->root = meta->root_label;
	w->has_root = meta->root_label.v != 0;
	if (style->root)
		w->has_root = style->root[0] && pd_doc_find_string(w->doc, style->root, strlen(style->root), &w->root);
	return parse_annotate(w, style->annotate ? style->annotate : "");
}

static bool writer_init(struct writer *w)
{
	struct pd_limits limits = { 0 };

	pd_limits_fill(&limits);
	w->most = (size_t)(limits.max_memory / (2 * sizeof(uint32_t))); /* room may be twice what is used */
	w->most = w->most < UINT32_MAX ? w->most : UINT32_MAX;
	w->key = pd_hash_key();
	w->frame = calloc((size_t)pd_doc_frames(w->doc) + 1, sizeof *w->frame);
	w->root_text = calloc((size_t)pd_doc_label_sets(w->doc) + 1, sizeof *w->root_text);
	w->func_text = calloc((size_t)pd_doc_funcs(w->doc) + 1, sizeof *w->func_text);
	w->path = calloc((size_t)pd_doc_max_depth(w->doc) + 1, sizeof *w->path);
	return w->frame && w->func_text && w->root_text && w->path && slots_init(&w->text_index) && slots_init(&w->row_index) && slots_init(&w->stack_index) &&
	       pd_vec_push(&w->text, (struct text){ 0 }) && pd_vec_reserve(&w->buffer, LINE_BUFFER) && pd_vec_reserve(&w->scratch, 256);
}

static void writer_release(struct writer *w)
{
	pd_arena_release(&w->arena);
	pd_vec_release(&w->text);
	pd_vec_release(&w->frame_text);
	pd_vec_release(&w->row);
	pd_vec_release(&w->seq);
	pd_vec_release(&w->stack);
	pd_vec_release(&w->scratch);
	pd_vec_release(&w->buffer);
	free(w->text_index.v);
	free(w->row_index.v);
	free(w->stack_index.v);
	free(w->frame);
	free(w->func_text);
	free(w->root_text);
	free(w->path);
}

enum pd_status pd_folded_write(const struct pd_doc *doc, struct pd_out *out, const struct pd_save_opts *save, const struct pd_folded_style *style, struct pd_error *err)
{
	struct pd_error mine = { 0 };
	struct writer w = { .doc = doc, .out = out, .err = &mine };
	struct pd_multikey_item *order = NULL;

	if (choose(&w, save, style)) {
		if (!writer_init(&w))
			w.nomem = true;
		else if (!pd_doc_sample_types(doc) || (sum_rows(&w) && spell_all(&w) && (order = order_stacks(&w))))
			write_lines(&w, order);
	}
	free(order);
	writer_release(&w);
	if (w.nomem)
		pd_error_set(&mine, PD_ERR_NOMEM, "out of memory");
	if (mine.status != PD_OK && err && err->status == PD_OK)
		*err = mine;
	return mine.status;
}
