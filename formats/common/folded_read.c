/*
 * Folded stacks: `frame;frame;...;frame VALUE`, root first.
 *
 * Sorted files repeat the beginning of the line before: frames of the common
 * beginning are reused, the others come from a cache of frame texts.
 */
#include "common/folded_read.h"

#include "base/span.h"
#include "common/text.h"

#define DECIMALS_MAX 9u /* of one column; what is beyond is rounded and counted */

struct folded {
	struct pd_text t;
	struct pd_sink *sink;
	struct pd_builder *b;
	const struct pd_folded_layout *layout;
	struct pd_pieces names;
	PD_VEC(pd_frame) frames;
	PD_VEC(uint32_t) ends;     /* per frame: where its ';' stands, from the start of the line */
	PD_VEC(uint32_t) ids;      /* per frame: its row in `names`, 0 for temporary ones */
	const char *prev;          /* stack text of the line before, while its block is there */
	size_t prev_n;
	unsigned columns;
	struct pd_value_type type[PD_MAX_VALUES];
	int64_t value[PD_MAX_VALUES];
	struct { int64_t mantissa; unsigned decimals; bool rounded; } number[PD_MAX_VALUES];
	bool begun;                /* the series is there */
	uint64_t rows, bad;
	enum pd_status status;
};

static const int64_t power[DECIMALS_MAX + 1] = { 1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000 };

static void note(struct folded *f, const char *what, struct pd_span line)
{
	if (f->status == PD_OK)
		f->status = pd_text_note(&f->t, what, line);
}

/* ---- values ---- */

bool pd_folded_is_value(struct pd_span s)
{
	size_t digits = 0, dots = 0;

	if (s.n && (s.p[0] == '-' || s.p[0] == '+'))
		s = span_skip(s, 1);
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '.' && i && !dots)
			dots++;
		else if ((unsigned)(unsigned char)s.p[i] - '0' > 9)
			return false;
		else
			digits++;
	}
	return digits > 0;
}

enum number { NOT_A_NUMBER, NUMBER, TOO_LARGE };

/* Digits from the left, at most DECIMALS_MAX behind the point, the rest rounded half away from zero. */
static enum number parse_number(struct pd_span s, int64_t *mantissa, unsigned *decimals, bool *rounded)
{
	bool minus = s.n && s.p[0] == '-', point = false;
	int64_t v = 0;
	unsigned d = 0;
	size_t end;

	*rounded = false;
	if (!pd_folded_is_value(s))
		return NOT_A_NUMBER;
	if (minus || s.p[0] == '+')
		s = span_skip(s, 1);
	end = s.n;
	if (span_find(s, '.')) /* zeros at the end of a fraction mean nothing */
		while (s.p[end - 1] == '0')
			end--;
	for (size_t i = 0; i < end; i++) {
		int64_t digit = s.p[i] - '0';

		if (s.p[i] == '.') {
			point = true;
			continue;
		}
		if (point && d == DECIMALS_MAX) {
			*rounded = true;
			if (digit >= 5 && pd_add_overflow(v, (int64_t)1, &v))
				return TOO_LARGE;
			break;
		}
		d += point;
		if (pd_mul_overflow(v, (int64_t)10, &v) || pd_add_overflow(v, digit, &v))
			return TOO_LARGE;
	}
	*mantissa = minus ? -v : v;
	*decimals = d;
	return NUMBER;
}

/* The column gets as many decimals as its finest value; those already there are scaled up. */
static void refine(struct folded *f, unsigned c, unsigned decimals)
{
	unsigned have = f->type[c].decimals;

	f->type[c].decimals = (uint8_t)decimals;
	if (f->begun)
		pd_series_retype(f->b, 0, c, &f->type[c], power[decimals - have]);
}

static bool take_values(struct folded *f, struct pd_span line)
{
	for (unsigned c = 0; c < f->columns; c++) {
		unsigned d = f->number[c].decimals;

		if (f->number[c].rounded)
			note(f, "values with more than 9 decimals rounded", line);
		if (d > f->type[c].decimals)
			refine(f, c, d);
		if (pd_mul_overflow(f->number[c].mantissa, power[f->type[c].decimals - d], &f->value[c])) {
			f->status = pd_text_fail(&f->t, "value is too large for %u decimals; expected at most 19 digits", f->type[c].decimals);
			return false;
		}
	}
	return f->status == PD_OK;
}

/*
 * Cuts the numbers off the end: *stack is what stands before them. The common
 * case, one column of plain digits, is done from the right in one go.
 */
static bool cut_values(struct folded *f, struct pd_span line, struct pd_span *stack)
{
	for (unsigned c = f->columns; c-- > 0;) {
		size_t end = line.n, at;
		enum number kind;

		while (end && (line.p[end - 1] == ' ' || line.p[end - 1] == '\t'))
			end--;
		for (at = end; at && line.p[at - 1] != ' ' && line.p[at - 1] != '\t'; at--)
			if (end - at > 64)
				return false; /* no number is that long */
		kind = parse_number((struct pd_span){ line.p + at, end - at }, &f->number[c].mantissa, &f->number[c].decimals, &f->number[c].rounded);
		if (kind == TOO_LARGE)
			f->status = pd_text_fail(&f->t, "value is too large; expected at most 19 digits");
		if (kind != NUMBER)
			return false;
		line.n = at;
	}
	while (line.n && (line.p[line.n - 1] == ' ' || line.p[line.n - 1] == '\t'))
		line.n--;
	*stack = line;
	return true;
}

/* ---- stacks ---- */

static pd_frame new_frame(struct folded *f, struct pd_span name)
{
	uint32_t flags = 0;
	struct pd_span plain = name;
	struct pd_line line = { 0 };

	if (span_reat(&plain, "_[k]"))
		flags = PD_FRAME_KERNEL;
	else if (span_reat(&plain, "_[j]"))
		flags = PD_FRAME_JIT;
	else if (span_reat(&plain, "_[i]"))
		flags = PD_FRAME_INLINED;
	else
		return pd_frame_named(f->b, name.p, name.n);
	if (f->layout->strip)
		name = plain;
	line.func = pd_func_add(f->b, &(struct pd_func_desc){ .name = pd_intern(f->b, name.p, name.n) });
	return pd_frame_add(f->b, &(struct pd_frame_desc){ .flags = flags, .n_lines = 1, .lines = &line });
}

/* Length of the common beginning, looking at 32 bytes at a time. */
static size_t common_length(const char *a, const char *b, size_t n)
{
	size_t i = 0;

	while (n - i >= 32) {
		uint64_t x = (pd_load64(a + i) ^ pd_load64(b + i)) | (pd_load64(a + i + 8) ^ pd_load64(b + i + 8)) |
			     (pd_load64(a + i + 16) ^ pd_load64(b + i + 16)) | (pd_load64(a + i + 24) ^ pd_load64(b + i + 24));

		if (x)
			break;
		i += 32;
	}
	while (n - i >= 8) {
		uint64_t x = pd_load64(a + i) ^ pd_load64(b + i);

		if (x)
			return i + pd_ctz64(x) / 8;
		i += 8;
	}
	while (i < n && a[i] == b[i])
		i++;
	return i;
}

/* Keeps the frames that the line before has in common; returns where the next frame begins. */
static size_t reuse_frames(struct folded *f, struct pd_span s)
{
	size_t n = f->prev ? s.n < f->prev_n ? s.n : f->prev_n : 0, same;

	if (!n) {
		f->frames.n = f->ends.n = f->ids.n = 0;
		return 0;
	}
	same = common_length(f->prev, s.p, n);
	while (f->ends.n && f->ends.v[f->ends.n - 1] >= same)
		f->ends.n--;
	f->frames.n = f->ids.n = f->ends.n;
	return f->ends.n ? f->ends.v[f->ends.n - 1] + 1 : 0;
}

static bool push(struct folded *f, uint32_t id, pd_frame frame, size_t end)
{
	if (!pd_vec_push(&f->frames, frame) || !pd_vec_push(&f->ends, (uint32_t)end) || !pd_vec_push(&f->ids, id))
		f->names.failed = true;
	return !f->names.failed;
}

static void split_frames(struct folded *f, struct pd_span s, size_t at)
{
	uint32_t prev = f->ids.n ? f->ids.v[f->ids.n - 1] : 0;

	while (at < s.n) {
		const char *p = s.p + at;
		size_t left = s.n - at, n;
		const struct pd_piece *e = &f->names.row.v[f->names.row.v[prev].next];

		if (e->n <= left && (e->n == left || p[e->n] == ';') && memcmp(p, e->text, e->n) == 0) {
			prev = (uint32_t)(e - f->names.row.v);
			n = e->n;
		} else {
			const char *semi = memchr(p, ';', left);
			uint64_t hash;
			uint32_t id;

			n = semi ? (size_t)(semi - p) : left;
			hash = pd_hash_bytes(f->names.key, p, n);
			id = pd_pieces_find(&f->names, p, n, hash);
			if (!id) {
				id = pd_pieces_add(&f->names, p, n, hash);
				if (!id)
					return;
				f->names.row.v[id].value = new_frame(f, (struct pd_span){ p, n }).v;
			}
			if (id < f->names.kept)
				f->names.row.v[prev].next = id;
			prev = id;
		}
		if (f->frames.n == PD_TEXT_FRAMES_MAX) {
			f->status = pd_text_fail(&f->t, "more than %u frames in one stack", PD_TEXT_FRAMES_MAX);
			return;
		}
		if (!push(f, prev < f->names.kept ? prev : 0, (pd_frame){ f->names.row.v[prev].value }, at + n))
			return;
		if (prev >= f->names.kept) {
			pd_pieces_trim(&f->names);
			prev = 0;
		}
		at += n + 1;
	}
}

static void begin(struct folded *f)
{
	unsigned series = pd_series_add(f->b, (pd_str){ 0 });

	for (unsigned c = 0; c < f->columns; c++)
		pd_series_value(f->b, series, &f->type[c]);
	f->begun = true;
}

static void take_sample(struct folded *f, struct pd_span line, struct pd_span stack)
{
	struct pd_sample sample = { 0 };
	size_t at;

	if (!take_values(f, line))
		return;
	if (!f->begun)
		begin(f);
	if (stack.n && stack.p[stack.n - 1] == ';')
		stack.n--;
	if (stack.n > UINT32_MAX) {
		f->status = pd_text_fail(&f->t, "line is too long");
		return;
	}
	at = reuse_frames(f, stack);
	split_frames(f, stack, at);
	if (f->status != PD_OK)
		return;
	f->prev = stack.p;
	f->prev_n = stack.n;
	if (f->frames.n)
		sample.stack = pd_stack_of(f->b, f->frames.v, f->frames.n, PD_ROOT_FIRST);
	pd_sample_add(f->b, 0, &sample, f->value);
	f->rows++;
	if (pd_builder_failed(f->b))
		f->status = pd_builder_status(f->b);
	else if (f->names.failed)
		f->status = pd_error_set(f->sink->err, PD_ERR_NOMEM, "out of memory");
}

/* ---- other lines ---- */

/* "samples/count cpu/nanoseconds" */
static bool take_header(struct folded *f, struct pd_span line)
{
	struct pd_span rest = line, word, type;
	unsigned n = 0;

	if (!f->layout->header || f->begun || f->rows)
		return false;
	while (span_word(&rest, &word)) {
		if (!span_cut(&word, '/', &type) || !type.n || !word.n || span_find(word, '/') || span_find(line, ';') || n == PD_MAX_VALUES)
			return false;
		f->type[n++] = (struct pd_value_type){ .type = pd_intern(f->b, type.p, type.n), .unit = pd_intern(f->b, word.p, word.n) };
	}
	if (!n)
		return false;
	f->columns = n;
	return true;
}

/* "# key: value" of a profiler's own header, although the value may be a number. */
static bool is_remark(struct pd_span line)
{
	struct pd_span key;

	if (!span_eat(&line, "# ") || span_find(line, ';'))
		return false;
	return span_cut(&line, ':', &key) && key.n && !span_find(key, ' ') && line.n && line.p[0] == ' ';
}

static void take_line(struct folded *f)
{
	struct pd_span line = pd_text_line(&f->t), stack;

	if (line.n && line.p[0] != '#' && cut_values(f, line, &stack)) {
		take_sample(f, line, stack);
		return;
	}
	if (f->status != PD_OK || !span_trim(line).n)
		return;
	if (line.p[0] == '#') {
		struct pd_span text = span_trim(span_skip(line, 1));

		if (!is_remark(line) && cut_values(f, line, &stack))
			take_sample(f, line, stack);
		else if (text.n && text.n < 4096 && f->status == PD_OK)
			pd_builder_comment(f->b, pd_intern(f->b, text.p, text.n));
		return;
	}
	if (take_header(f, line))
		return;
	f->bad++;
	note(f, f->columns == 1 ? "lines without a value skipped" : "lines without all values skipped", line);
}

static void read_lines(struct folded *f)
{
	while (f->status == PD_OK) {
		if (f->t.p == f->t.end) {
			f->prev = NULL;
			if (!pd_text_fill(&f->t))
				break;
		}
		take_line(f);
	}
	if (f->status == PD_OK)
		f->status = pd_text_status(&f->t);
	if (f->status == PD_OK && !f->rows && f->bad)
		f->status = pd_text_fail(&f->t, "no stacks; expected lines of 'frame;frame;frame VALUE'");
	if (f->status == PD_OK && !f->begun)
		begin(f);
}

enum pd_status pd_folded_read(struct pd_source *src, struct pd_sink *sink, const struct pd_folded_layout *layout)
{
	struct folded *f = calloc(1, sizeof *f);
	enum pd_status status;

	if (!f || !pd_pieces_init(&f->names)) {
		free(f);
		return pd_error_set(sink->err, PD_ERR_NOMEM, "out of memory");
	}
	f->t = (struct pd_text){ .src = src, .sink = sink };
	f->sink = sink;
	f->b = sink->prof;
	f->layout = layout;
	f->columns = layout->columns;
	for (unsigned c = 0; c < f->columns; c++)
		f->type[c] = (struct pd_value_type){ .type = pd_intern_z(f->b, layout->types[c]), .unit = pd_intern_z(f->b, layout->unit ? layout->unit : "count") };
	read_lines(f);
	status = f->status;
	pd_pieces_release(&f->names);
	pd_vec_release(&f->frames);
	pd_vec_release(&f->ends);
	pd_vec_release(&f->ids);
	free(f);
	return status;
}
