/*
 * Lines → frames of perf script text.
 *
 * Three ways from the lines of a sample to its frames: all lines are plain
 * frames seen before (a copy of ids); some are inlined, new or odd (one by one,
 * groups of inlined lines remembered as a whole); some are source positions
 * (everything put together anew, which is slower but rare).
 */
#include "perf_script/perf.h"

#define GROUPS_MAX (1u << 20)
#define SHORT_LINE 17     /* frame lines below are not guessed: tab and address fill so much */
#define ADDRESS_TAIL 9    /* where the last 8 digits of the address stand */

/* ---- frame lines ---- */

/* "file.c:42": the number is the line. */
static void parse_source(struct perf *f, struct pd_span s, struct place *out)
{
	struct pd_span file = span_trim(s), line;
	uint64_t n = 0;

	if (span_rcut(&file, ':', &line) && span_u64(line, &n) && n <= INT64_MAX) {
		out->line = (int64_t)n;
	} else {
		file = span_trim(s);
	}
	out->file = pd_intern(f->b, file.p, file.n);
}

static bool is_unfolded_java(struct pd_span name)
{
	const char *arrow = span_search(name, SPAN("->"));

	return arrow && name.p[0] == 'L' && arrow[2] == 'L' && span_search(name, SPAN(";::"));
}

/* Mapping and flags of an object, remembered by its text. */
static void find_object(struct perf *f, struct pd_span object, struct place *out)
{
	uint64_t hash = pd_hash_bytes(f->objects.key, object.p, object.n);
	uint32_t id = pd_pieces_find(&f->objects, object.p, object.n, hash);
	struct pd_piece *e;

	if (!id) {
		struct pd_mapping_desc m = { .file = pd_intern(f->b, object.p, object.n) };

		id = pd_pieces_add(&f->objects, object.p, object.n, hash);
		e = &f->objects.row.v[id];
		e->value = pd_mapping_add(f->b, &m).v;
		e->kind = pd_object_flags(object);
	}
	e = &f->objects.row.v[id];
	out->mapping.v = e->value;
	out->flags = e->kind;
	pd_pieces_trim(&f->objects);
	f->lines.failed |= f->objects.failed;
}

static uint32_t parse_frame(struct perf *f, struct pd_span line, struct place *out)
{
	struct pd_symbol s;
	uint32_t kind = K_FRAME | K_NEW;

	if (!pd_symbol_parse(line, &s))
		return K_JUNK;
	out->address = s.address;
	if (s.object.n)
		find_object(f, s.object, out);
	if (!out->flags && s.address >= 0xffff800000000000u && !span_starts(s.object, "[vsyscall"))
		out->flags = PD_FRAME_KERNEL;
	if (!s.name.n && !s.object.n)
		kind |= K_LOST | (s.address ? 0 : K_PADDING);
	if (s.inlined)
		kind = K_INLINED;
	if (!f->opts->keep_params)
		s.name = pd_symbol_no_params(s.name);
	if (s.name.n && (out->flags & PD_FRAME_JIT) && is_unfolded_java(s.name))
		kind |= K_UNFOLDED;
	out->name = pd_intern(f->b, s.name.p, s.name.n);
	return kind;
}

/* A line the cache does not know. Returns its row, 0 on failure. */
static uint32_t add_line(struct perf *f, struct pd_span raw, uint64_t hash)
{
	uint32_t id = pd_pieces_add(&f->lines, raw.p, raw.n, hash);
	struct pd_span line = span_rtrim(raw);
	struct place place = { 0 };
	struct pd_piece *e;
	uint32_t kind;

	if (!id)
		return 0;
	if (raw.p[0] != '\t' && span_starts(line, "  ") && line.n > 2 && line.p[2] != ' ') {
		kind = span_reat(&line, " (inlined)") ? K_SOURCE_INLINED : K_SOURCE;
		parse_source(f, line, &place);
	} else {
		kind = parse_frame(f, line, &place);
	}
	e = &f->lines.row.v[id];
	e->kind = kind;
	if (raw.n >= SHORT_LINE)
		e->tag = pd_load64(raw.p + ADDRESS_TAIL);
	if (!pd_vec_push(&f->place, place))
		f->lines.failed = true;
	return id;
}

/* All frame lines from here on: the hot loop of the format. */
void pd_perf_take_frames(struct perf *f)
{
	const char *p = f->t.p, *end = f->t.end;
	struct pd_piece *row = f->lines.row.v;
	uint32_t prev = 0, kinds = f->kinds;

	while (p < end && *p == '\t') {
		uint32_t id = row[prev].next;
		const struct pd_piece *e = &row[id];
		size_t left = (size_t)(end - p);

		if (pd_unlikely(!(left >= e->n && pd_load64(p + ADDRESS_TAIL) == e->tag && memcmp(p, e->text, e->n) == 0))) {
			const char *nl = memchr(p, '\n', left);
			size_t n = nl ? (size_t)(nl - p) + 1 : left;
			uint64_t hash = pd_hash_bytes(f->lines.key, p, n);

			id = pd_pieces_find(&f->lines, p, n, hash);
			if (!id) {
				id = add_line(f, (struct pd_span){ p, n }, hash);
				row = f->lines.row.v;
				if (!id)
					break;
			}
			if (n >= SHORT_LINE && id < f->lines.kept)
				row[prev].next = id;
			e = &row[id];
			left = n;
		} else {
			left = e->n;
		}
		if (pd_unlikely(!pd_vec_push(&f->ids, id))) {
			f->lines.failed = true;
			break;
		}
		kinds |= e->kind;
		prev = id < f->lines.kept ? id : 0;
		p += left;
		f->t.line++;
	}
	f->kinds = kinds;
	f->t.p = p;
}

/* ---- from lines to frames ---- */

static void push_line(struct perf *f, pd_func func, int64_t line)
{
	if (func.v && !pd_vec_push(&f->inl, ((struct pd_line){ .func = func, .line = line })))
		f->lines.failed = true;
}

static void push_named(struct perf *f, pd_str name, pd_str file, int64_t line)
{
	if (name.v || file.v)
		push_line(f, pd_func_add(f->b, &(struct pd_func_desc){ .name = name, .file = file }), line);
}

/* "Lorg/x/A;::f->Lorg/x/B;::g": g is inlined into f (Java perf maps). */
static void push_unfolded(struct perf *f, const struct place *at, pd_str file, int64_t line)
{
	struct pd_span rest = pd_builder_string(f->b, at->name);
	PD_VEC(pd_str) part = { 0 };
	const char *arrow;

	while ((arrow = span_search(rest, SPAN("->")))) {
		if (!pd_vec_push(&part, pd_intern(f->b, rest.p, (size_t)(arrow - rest.p))))
			f->lines.failed = true;
		rest = span_skip(rest, (size_t)(arrow - rest.p) + 2);
	}
	push_named(f, pd_intern(f->b, rest.p, rest.n), file, line);
	while (part.n)
		push_named(f, part.v[--part.n], (pd_str){ 0 }, 0);
	pd_vec_release(&part);
}

/* The function of a line of text without a source position. */
static void push_place(struct perf *f, struct place *at, uint32_t kind)
{
	if (kind & K_UNFOLDED) {
		push_unfolded(f, at, (pd_str){ 0 }, 0);
		return;
	}
	if (!at->func.v && at->name.v)
		at->func = pd_func_add(f->b, &(struct pd_func_desc){ .name = at->name });
	push_line(f, at->func, 0);
}

/* The lines collected become one frame at `at`. */
static pd_frame finish_frame(struct perf *f, const struct place *at, uint32_t more_flags)
{
	struct pd_frame_desc d = { .mapping = at->mapping, .address = at->address, .flags = at->flags | more_flags,
				   .n_lines = (uint32_t)f->inl.n, .lines = f->inl.v };
	pd_frame frame = pd_frame_add(f->b, &d);

	f->inl.n = 0;
	return frame;
}

/* `frames` has room for one per line. */
static void push_frame(struct perf *f, pd_frame frame)
{
	f->frames.v[f->frames.n++] = frame;
}

/* Groups found again by the numbers of their lines. */
static uint32_t *group_slot(struct perf *f, const uint32_t *ids, uint32_t n)
{
	uint64_t h = pd_hash_bytes(f->lines.key, ids, n * sizeof(*ids));
	uint32_t i = (uint32_t)h & f->group_mask;

	for (; f->group_index[i]; i = (i + 1) & f->group_mask) {
		const struct group *g = &f->group.v[f->group_index[i] - 1];

		if (g->n == n && memcmp(f->group_ids.v + g->first, ids, n * sizeof(*ids)) == 0)
			break;
	}
	return &f->group_index[i];
}

static void grow_groups(struct perf *f)
{
	uint32_t mask = f->group_mask * 2 + 1, *index = calloc((size_t)mask + 1, sizeof(*index));

	if (!index) {
		f->lines.failed = true;
		return;
	}
	free(f->group_index);
	f->group_index = index;
	f->group_mask = mask;
	for (uint32_t i = 0; i < f->group.n; i++)
		*group_slot(f, f->group_ids.v + f->group.v[i].first, f->group.v[i].n) = i + 1;
}

/* Inlined lines [from, to) and, when `whole`, the physical frame behind them. */
static pd_frame make_group(struct perf *f, size_t from, size_t to, bool whole)
{
	struct place *last = &f->place.v[f->ids.v[whole ? to : to - 1]];

	for (size_t i = from; i < to; i++)
		push_place(f, &f->place.v[f->ids.v[i]], K_INLINED);
	if (whole)
		push_place(f, last, f->lines.row.v[f->ids.v[to]].kind);
	return finish_frame(f, last, whole ? 0 : PD_FRAME_INLINED);
}

/* The group that begins at line `i`; returns the line behind it. */
static size_t take_group(struct perf *f, size_t i)
{
	const struct pd_piece *row = f->lines.row.v;
	uint64_t address = f->place.v[f->ids.v[i]].address;
	size_t to = i, n = f->ids.n;
	const uint32_t *ids = f->ids.v + i;
	uint32_t *slot, count;
	struct group g;
	bool whole;

	while (to < n && (row[f->ids.v[to]].kind & K_INLINED) && f->place.v[f->ids.v[to]].address == address)
		to++;
	whole = to < n && (row[f->ids.v[to]].kind & K_FRAME) && f->place.v[f->ids.v[to]].address == address;
	count = (uint32_t)(to - i + whole);
	slot = group_slot(f, ids, count);
	if (*slot) {
		push_frame(f, f->group.v[*slot - 1].frame);
		return i + count;
	}
	g = (struct group){ (uint32_t)f->group_ids.n, count, make_group(f, i, to, whole) };
	push_frame(f, g.frame);
	if (f->group.n < GROUPS_MAX && f->lines.row.n == f->lines.kept) {
		if (!pd_vec_push(&f->group, g) || !pd_vec_reserve(&f->group_ids, count)) {
			f->lines.failed = true;
			return n;
		}
		memcpy(f->group_ids.v + f->group_ids.n, ids, count * sizeof(*ids));
		f->group_ids.n += count;
		*slot = (uint32_t)f->group.n;
		if (f->group.n > f->group_mask / 2)
			grow_groups(f);
	}
	return i + count;
}

/* A line that is not inlined: frame seen for the first time, padding, junk. */
static void take_odd(struct perf *f, size_t i)
{
	uint32_t id = f->ids.v[i];
	struct pd_piece *e = &f->lines.row.v[id];

	if (e->kind & K_JUNK)
		pd_perf_note(f, PD_PERF_JUNK, (struct pd_span){ e->text, e->text ? e->n : 0 });
	if (!(e->kind & K_FRAME))
		return;
	if ((e->kind & K_LOST) && i && id == f->ids.v[i - 1])
		return;
	if (e->kind & K_NEW) {
		push_place(f, &f->place.v[id], e->kind);
		e->value = finish_frame(f, &f->place.v[id], 0).v;
		e->kind &= ~(uint32_t)K_NEW;
	}
	push_frame(f, (pd_frame){ e->value });
}

static void resolve_mixed(struct perf *f)
{
	for (size_t i = 0; i < f->ids.n;) {
		const struct pd_piece *e = &f->lines.row.v[f->ids.v[i]];

		if (pd_likely(e->kind == K_FRAME))
			push_frame(f, (pd_frame){ e->value });
		else if (e->kind & K_INLINED)
			i = take_group(f, i) - 1;
		else
			take_odd(f, i);
		i++;
	}
}

/* Lines with source positions below them. */
static void resolve_sourced(struct perf *f)
{
	const struct place *pending = NULL; /* inlined lines wait for their physical frame */
	size_t n = f->ids.n;

	for (size_t i = 0; i < n; i++) {
		const struct pd_piece *e = &f->lines.row.v[f->ids.v[i]], *below = i + 1 < n ? &f->lines.row.v[f->ids.v[i + 1]] : e;
		const struct place *at = &f->place.v[f->ids.v[i]];
		bool sourced = below != e && (below->kind & (K_SOURCE | K_SOURCE_INLINED));
		struct place src = sourced ? f->place.v[f->ids.v[i + 1]] : (struct place){ 0 };

		if (!(e->kind & (K_FRAME | K_INLINED))) {
			if (e->kind & K_JUNK)
				take_odd(f, i);
			continue;
		}
		if (pending && pending->address != at->address) {
			push_frame(f, finish_frame(f, pending, PD_FRAME_INLINED));
			pending = NULL;
		}
		if ((e->kind & K_LOST) && i && f->ids.v[i] == f->ids.v[i - 1])
			continue;
		if (e->kind & K_UNFOLDED)
			push_unfolded(f, at, src.file, src.line);
		else
			push_named(f, at->name, src.file, src.line);
		pending = (e->kind & K_INLINED) || (sourced && (below->kind & K_SOURCE_INLINED)) ? at : NULL;
		if (!pending)
			push_frame(f, finish_frame(f, at, 0));
	}
	if (pending)
		push_frame(f, finish_frame(f, pending, PD_FRAME_INLINED));
}

/* "0 [unknown] ([unknown])" at the root end only says that the chain was over. */
static void drop_padding(struct perf *f)
{
	while (f->ids.n > 1 && (f->lines.row.v[f->ids.v[f->ids.n - 1]].kind & K_PADDING))
		f->ids.n--;
}

void pd_perf_resolve(struct perf *f)
{
	f->frames.n = 0;
	if (f->kinds & K_PADDING)
		drop_padding(f);
	if (!pd_vec_reserve(&f->frames, f->ids.n + 1)) {
		f->lines.failed = true;
		return;
	}
	if (f->kinds & (K_SOURCE | K_SOURCE_INLINED)) {
		resolve_sourced(f);
	} else if (f->kinds & ~(uint32_t)K_FRAME) {
		resolve_mixed(f);
	} else {
		const struct pd_piece *row = f->lines.row.v;

		for (size_t i = 0; i < f->ids.n; i++)
			f->frames.v[i].v = row[f->ids.v[i]].value;
		f->frames.n = f->ids.n;
	}
}

void pd_perf_forget_frames(struct perf *f)
{
	f->ids.n = 0;
	f->kinds = 0;
	pd_pieces_trim(&f->lines);
	f->place.n = f->lines.row.n;
}

pd_frame pd_perf_lone_frame(struct perf *f, struct pd_span text)
{
	struct place at = { 0 };
	uint32_t kind = parse_frame(f, text, &at);

	f->inl.n = 0;
	push_place(f, &at, kind);
	return finish_frame(f, &at, 0);
}

void pd_perf_take_piece(struct perf *f, struct pd_span raw)
{
	uint64_t hash = pd_hash_bytes(f->lines.key, raw.p, raw.n);
	uint32_t id = pd_pieces_find(&f->lines, raw.p, raw.n, hash);

	if (!id)
		id = add_line(f, raw, hash);
	if (!id || !pd_vec_push(&f->ids, id))
		f->lines.failed = true;
	else
		f->kinds |= f->lines.row.v[id].kind;
}

bool pd_perf_frames_init(struct perf *f)
{
	f->group_mask = 1023;
	f->group_index = calloc((size_t)f->group_mask + 1, sizeof(*f->group_index));
	return f->group_index && pd_pieces_init(&f->lines) && pd_pieces_init(&f->objects) && pd_vec_push(&f->place, (struct place){ 0 });
}

void pd_perf_frames_release(struct perf *f)
{
	pd_pieces_release(&f->lines);
	pd_pieces_release(&f->objects);
	pd_vec_release(&f->place);
	pd_vec_release(&f->ids);
	pd_vec_release(&f->frames);
	pd_vec_release(&f->inl);
	pd_vec_release(&f->group);
	pd_vec_release(&f->group_ids);
	free(f->group_index);
}
