/* From entries of maps to series, see bpf_maps.h. */
#include "common/bpf_maps.h"
#include "base/span.h"
#include "io/source.h"

#define MAPS_MAX 4096
#define GROWN_ENOUGH 16 /* rises without one fall that are no accident: cleared maps would do it once in 2^16 times */

const struct pd_opt pd_bpf_opts[] = {
	{ .name = "unit", .value = "[MAP:]UNIT,...", .help = "what values are: ns, us, ms, s, count, bytes (default: as the name of the map ends, _us or _bytes, else count)",
	  .kind = PD_OPT_STR, .offset = PD_AT(struct pd_bpf_opts, unit, const char *) },
	{ .name = "keys", .value = "KEY,...", .help = "what the parts of keys are, as in the program: kstack,ustack,comm,tid (default: told from the values)",
	  .kind = PD_OPT_STR, .offset = PD_AT(struct pd_bpf_opts, keys, const char *) },
	{ .name = "prints", .value = "WHICH", .help = "a map printed several times: sum, last, or auto: last when it only grows (default auto)",
	  .kind = PD_OPT_CHOICE, .offset = PD_AT(struct pd_bpf_opts, prints, const char *), .choices = (const char *const[]){ "auto", "sum", "last", NULL } },
	{ .name = "params", .help = "keep parameter lists of function names", .kind = PD_OPT_BOOL, .offset = PD_AT(struct pd_bpf_opts, params, bool) },
	{ .kind = PD_OPT_END },
};

void pd_bpf_note(struct pd_bpf *m, const char *what)
{
	if (m->status == PD_OK)
		m->status = pd_note(m->sink, m->src, what);
}

bool pd_bpf_init(struct pd_bpf *m, struct pd_source *src, struct pd_sink *sink, const struct pd_bpf_opts *opts, struct pd_span comma)
{
	*m = (struct pd_bpf){ .sink = sink, .src = src, .b = sink->prof, .opts = opts, .comma = comma, .mask = 1023 };
	m->slot = calloc((size_t)m->mask + 1, sizeof(*m->slot));
	if (m->slot && pd_pieces_init(&m->lines))
		return true;
	pd_bpf_release(m);
	return false;
}

void pd_bpf_release(struct pd_bpf *m)
{
	pd_pieces_release(&m->lines);
	pd_vec_release(&m->hint);
	pd_vec_release(&m->kernel);
	pd_vec_release(&m->map);
	pd_vec_release(&m->row);
	pd_vec_release(&m->word);
	pd_vec_release(&m->key);
	pd_vec_release(&m->frames);
	free(m->slot);
}

/* ---- keys ---- */

/*
 * A part of a key in words: how many follow and what they are, then a frame each, the number of a string,
 * or the two halves of a number.
 */
static void push_word(struct pd_bpf *m, uint32_t word)
{
	if (!pd_vec_push(&m->key, word))
		m->failed = true;
}

static void begin_part(struct pd_bpf *m, enum pd_bpf_kind kind, uint32_t n)
{
	m->is_stack = kind == PD_BPF_STACK;
	m->stack_at = m->key.n;
	m->parts++;
	push_word(m, n << 2 | (uint32_t)kind);
}

struct pd_bpf_part pd_bpf_next_part(const uint32_t *words, uint32_t *at)
{
	uint32_t head = words[*at];
	const uint32_t *w = words + *at + 1;
	struct pd_bpf_part p = { .kind = (enum pd_bpf_kind)(head & 3), .n = head >> 2 };

	if (p.kind == PD_BPF_STACK)
		p.frame = w;
	else if (p.kind == PD_BPF_TEXT)
		p.text.v = w[0];
	else if (p.kind == PD_BPF_NUMBER)
		p.number = (int64_t)((uint64_t)w[1] << 32 | w[0]);
	*at += 1 + p.n;
	return p;
}

/* A number that is written as numbers are, so that the text need not be kept. */
static bool plain_number(struct pd_span s, int64_t *out)
{
	size_t digits = s.n && s.p[0] == '-' ? 1 : 0;

	return s.n && s.n <= 20 && s.p[0] != '+' && (s.p[digits] != '0' || s.n == 1) && span_i64(s, out);
}

void pd_bpf_map(struct pd_bpf *m, struct pd_span name, bool fresh)
{
	pd_str id = pd_intern(m->b, name.p, name.n);
	uint32_t i = 0;

	m->key.n = m->parts = 0;
	m->is_stack = false;
	if (m->at && m->map.v[m->at - 1].name.v == id.v) {
		m->fresh |= fresh;
		m->now = m->at;
		return;
	}
	while (i < m->map.n && m->map.v[i].name.v != id.v)
		i++;
	if (i == MAPS_MAX) {
		m->status = pd_fail(m->sink, m->src, "more than %d different maps", MAPS_MAX);
		return;
	}
	if (i == m->map.n && !pd_vec_push(&m->map, ((struct pd_bpf_map){ .name = id })))
		m->failed = true;
	m->now = m->at = m->failed ? 0 : i + 1;
	m->fresh = true;
}

void pd_bpf_part(struct pd_bpf *m, struct pd_span text)
{
	int64_t number;

	if (m->parts >= PD_BPF_PARTS - 1) {
		if (m->parts == PD_BPF_PARTS - 1)
			pd_bpf_note(m, "parts of keys beyond 64 left out");
		m->parts = PD_BPF_PARTS;
		m->is_stack = false;
		return;
	}
	if (!text.n) {
		begin_part(m, PD_BPF_NOTHING, 0);
	} else if (plain_number(text, &number)) {
		begin_part(m, PD_BPF_NUMBER, 2);
		push_word(m, (uint32_t)(uint64_t)number);
		push_word(m, (uint32_t)((uint64_t)number >> 32));
	} else {
		begin_part(m, PD_BPF_TEXT, 1);
		push_word(m, pd_intern(m->b, text.p, text.n).v);
	}
}

void pd_bpf_stack(struct pd_bpf *m)
{
	if (m->parts < PD_BPF_PARTS - 1)
		begin_part(m, PD_BPF_STACK, 0);
	else
		pd_bpf_part(m, SPAN(""));
}

/* The frame of a line, and whose it is. */
static uint32_t frame_of(struct pd_bpf *m, struct pd_span line)
{
	uint64_t hash = pd_hash_bytes(m->lines.key, line.p, line.n);
	uint32_t id = pd_pieces_find(&m->lines, line.p, line.n, hash), frame;
	enum pd_bpf_hint hint = PD_BPF_EITHER;

	if (id)
		return m->lines.row.v[id].value;
	frame = pd_bpf_parse_frame(m->b, line, m->opts->params, &hint).v;
	id = pd_pieces_add(&m->lines, line.p, line.n, hash);
	if (id)
		m->lines.row.v[id].value = frame;
	pd_pieces_trim(&m->lines);
	if (frame >= m->hint.n) {
		size_t more = (size_t)frame + 1 - m->hint.n;

		if (!pd_vec_reserve(&m->hint, more)) {
			m->failed = true;
			return 0;
		}
		memset(m->hint.v + m->hint.n, PD_BPF_EITHER, more);
		m->hint.n += more;
	}
	m->hint.v[frame] = (uint8_t)hint;
	m->failed |= m->lines.failed;
	return frame;
}

void pd_bpf_frame(struct pd_bpf *m, struct pd_span line)
{
	uint32_t frame;

	if (!m->now || !m->is_stack || m->failed)
		return;
	if (m->key.n - m->stack_at > PD_TEXT_FRAMES_MAX) {
		m->status = pd_fail(m->sink, m->src, "more than %u frames in one stack", PD_TEXT_FRAMES_MAX);
		return;
	}
	frame = frame_of(m, line);
	if (!frame) {
		pd_bpf_note(m, "lines in stacks that are no frames skipped");
		return;
	}
	push_word(m, frame);
	if (!m->failed)
		m->key.v[m->stack_at] += 1u << 2;
}

/* ---- rows ---- */

static uint64_t row_hash(const struct pd_bpf *m, const uint32_t *words, size_t n, uint32_t map, pd_str bucket)
{
	return pd_hash_u64(pd_hash_bytes(m->lines.key, words, n * sizeof(*words)), map, bucket.v);
}

static uint32_t *row_slot(const struct pd_bpf *m, const uint32_t *words, size_t n, uint32_t map, pd_str bucket)
{
	uint32_t i = (uint32_t)row_hash(m, words, n, map, bucket) & m->mask;

	for (; m->slot[i]; i = (i + 1) & m->mask) {
		const struct pd_bpf_row *r = &m->row.v[m->slot[i] - 1];

		if (r->map == map && r->bucket.v == bucket.v && r->n == n && (!n || memcmp(m->word.v + r->first, words, n * sizeof(*words)) == 0))
			break;
	}
	return &m->slot[i];
}

static bool grow_slots(struct pd_bpf *m)
{
	uint32_t mask = m->mask * 2 + 1, *old = m->slot;

	m->slot = calloc((size_t)mask + 1, sizeof(*m->slot));
	if (!m->slot) {
		m->slot = old;
		return false;
	}
	free(old);
	m->mask = mask;
	for (uint32_t i = 0; i < m->row.n; i++) {
		const struct pd_bpf_row *r = &m->row.v[i];

		*row_slot(m, m->word.v + r->first, r->n, r->map, r->bucket) = i + 1;
	}
	return true;
}

/* A row for the key at hand; NULL when there is no more memory for it. */
static struct pd_bpf_row *add_row(struct pd_bpf *m, uint32_t *slot, pd_str bucket)
{
	struct pd_bpf_row row = { .map = m->now, .first = (uint32_t)m->word.n, .n = (uint32_t)m->key.n, .bucket = bucket };
	struct pd_bpf_map *map = &m->map.v[m->now - 1];
	uint64_t held = m->word.cap * sizeof(*m->word.v) + m->row.cap * sizeof(*m->row.v);

	if (held > m->sink->limits->max_memory || m->word.n + m->key.n > UINT32_MAX || m->row.n >= UINT32_MAX / 2) {
		m->status = pd_error_set(m->sink->err, PD_ERR_LIMIT, "the maps need more than %llu bytes of memory", (unsigned long long)m->sink->limits->max_memory);
		return NULL;
	}
	if (!pd_vec_reserve(&m->word, m->key.n) || !pd_vec_push(&m->row, row)) {
		m->failed = true;
		return NULL;
	}
	if (m->key.n)
		memcpy(m->word.v + m->word.n, m->key.v, m->key.n * sizeof(*m->key.v));
	m->word.n += m->key.n;
	*slot = (uint32_t)m->row.n;
	map->rows++;
	if (map->last_row)
		m->row.v[map->last_row - 1].next = *slot;
	else
		map->first_row = *slot;
	map->last_row = *slot;
	if (m->row.n > m->mask / 2 && !grow_slots(m))
		m->failed = true;
	return m->failed ? NULL : &m->row.v[m->row.n - 1];
}

/* How the value went from the last but one print of the row to the last one. */
static void compare_prints(struct pd_bpf_map *map, const struct pd_bpf_row *r)
{
	if (r->prints < 2)
		return;
	map->shrank |= r->now[0] < r->before[0];
	map->grown += r->now[0] > r->before[0];
}

static void next_print(struct pd_bpf_map *map)
{
	if (map->prints)
		map->shrank |= map->kept < map->before;
	map->prints++;
	map->before = map->now;
	map->now = map->kept = 0;
}

/* The row was not in this print yet: its last value becomes the one before. */
static void turn_row(struct pd_bpf_map *map, struct pd_bpf_row *r)
{
	compare_prints(map, r);
	map->kept += r->prints && r->print + 1 == map->prints;
	map->now++;
	r->print = map->prints;
	r->prints++;
	memcpy(r->before, r->now, sizeof r->before);
	memset(r->now, 0, sizeof r->now);
}

static bool has_stack(const struct pd_bpf *m)
{
	for (uint32_t at = 0; at < m->key.n;)
		if (pd_bpf_next_part(m->key.v, &at).kind == PD_BPF_STACK)
			return true;
	return false;
}

enum { IS_NUMBER, IS_STATS, IS_HIST };

static void take_value(struct pd_bpf *m, int kind, pd_str bucket, int64_t value, int64_t more)
{
	struct pd_bpf_map *map;
	struct pd_bpf_row *r;
	uint32_t *slot;

	if (!m->now || m->failed || m->status != PD_OK)
		return;
	map = &m->map.v[m->now - 1];
	if (map->any && map->kind != kind) {
		pd_bpf_note(m, "values of another kind than the first ones of their map skipped");
		return;
	}
	map->any = true;
	map->kind = kind;
	slot = row_slot(m, m->key.v, m->key.n, m->now, bucket);
	r = *slot ? &m->row.v[*slot - 1] : NULL;
	/* maps are printed in the order of their values; stacks lose what told equal ones apart */
	if (m->fresh || !map->prints || (kind == IS_NUMBER && value < map->last) || (r && r->print == map->prints && !has_stack(m)))
		next_print(map);
	m->fresh = false;
	map->last = value;
	if (!r)
		r = add_row(m, slot, bucket);
	if (!r)
		return;
	if (r->print != map->prints)
		turn_row(map, r);
	if (pd_add_overflow(r->now[0], value, &r->now[0]) || pd_add_overflow(r->now[1], more, &r->now[1]) || pd_add_overflow(r->sum[0], value, &r->sum[0]) ||
	    pd_add_overflow(r->sum[1], more, &r->sum[1]))
		m->status = pd_fail(m->sink, m->src, "a sum of values does not fit 64 bits");
}

void pd_bpf_number(struct pd_bpf *m, int64_t value)
{
	take_value(m, IS_NUMBER, (pd_str){ 0 }, value, 0);
	m->now = 0;
}

void pd_bpf_other(struct pd_bpf *m)
{
	pd_bpf_note(m, "values of maps that are no numbers skipped");
	if (m->now && !m->failed)
		m->map.v[m->now - 1].others++;
	m->now = 0;
}

void pd_bpf_stats(struct pd_bpf *m, int64_t count, int64_t total)
{
	take_value(m, IS_STATS, (pd_str){ 0 }, count, total);
	m->now = 0;
}

void pd_bpf_bucket(struct pd_bpf *m, const struct pd_bpf_bucket *at, int64_t count)
{
	char low[24] = "...", high[24] = "...", text[64];
	int n;

	if (!count)
		return;
	if (at->has_low)
		snprintf(low, sizeof low, "%lld", (long long)at->low);
	if (at->has_high)
		snprintf(high, sizeof high, "%lld", (long long)at->high);
	if (at->has_low && at->has_high && at->high - 1 == at->low)
		n = snprintf(text, sizeof text, "[%s]", low);
	else
		n = snprintf(text, sizeof text, "%c%s, %s)", at->has_low ? '[' : '(', low, high);
	take_value(m, IS_HIST, pd_intern(m->b, text, (size_t)n), count, 0);
}

/* ---- series ---- */

/* By --opt unit: "us", or "off:us,on:count"; else by the end of the map's name. */
static pd_str map_unit(struct pd_bpf *m, struct pd_span name)
{
	struct pd_span rest = span_of(m->opts->unit), item, of, word = name;
	const char *known;

	while (rest.n) {
		if (!span_cut(&rest, ',', &item)) {
			item = rest;
			rest.n = 0;
		}
		if (span_cut(&item, ':', &of) && !span_eq(of, name))
			continue;
		known = pd_unit_name(item);
		return known ? pd_intern_z(m->b, known) : pd_intern(m->b, item.p, item.n);
	}
	span_rcut(&name, '_', &word);
	known = word.n > 1 ? pd_unit_name(word) : NULL;
	return pd_intern_z(m->b, known ? known : "count");
}

static void add_types(struct pd_bpf *m, const struct pd_bpf_map *map, unsigned series)
{
	struct pd_span name = pd_builder_string(m->b, map->name);
	pd_str count = pd_intern_z(m->b, "count");
	struct pd_value_type type = { .type = map->name, .unit = map->kind == IS_HIST ? count : map_unit(m, name) };
	char text[256];

	if (!name.n)
		type.type = pd_intern_z(m->b, type.unit.v == count.v ? "samples" : span_ends(pd_builder_string(m->b, type.unit), "seconds") ? "time" : "value");
	if (map->kind == IS_STATS) {
		int n = snprintf(text, sizeof text, "%.*s%scount", (int)(name.n < 200 ? name.n : 200), name.p, name.n ? "." : "");

		pd_series_value(m->b, series, &(struct pd_value_type){ .type = pd_intern(m->b, text, (size_t)n), .unit = count });
	}
	pd_series_value(m->b, series, &type);
}

/* The same frame, known to be one of the kernel's; made once. */
static pd_frame kernel_frame(struct pd_bpf *m, uint32_t frame)
{
	pd_frame made;

	if (m->hint.v[frame] == PD_BPF_USER)
		return (pd_frame){ frame };
	if (frame < m->kernel.n && m->kernel.v[frame].v)
		return m->kernel.v[frame];
	made = pd_bpf_kernel_frame(m->b, (pd_frame){ frame });
	while (m->kernel.n <= frame)
		if (!pd_vec_push(&m->kernel, ((pd_frame){ 0 }))) {
			m->failed = true;
			return made;
		}
	m->kernel.v[frame] = made;
	return made;
}

/* Kernel stacks stand on user stacks; leaf first. */
static pd_stack make_stack(struct pd_bpf *m, const struct pd_bpf_shape *shape, const struct pd_bpf_part *part)
{
	m->frames.n = 0;
	for (int user = 0; user < 2; user++) {
		for (uint32_t i = 0; i < shape->n; i++) {
			if (part[i].kind != PD_BPF_STACK || shape->is_kernel[i] == (user == 1))
				continue;
			for (uint32_t k = 0; k < part[i].n; k++) {
				pd_frame frame = user ? (pd_frame){ part[i].frame[k] } : kernel_frame(m, part[i].frame[k]);

				if (!pd_vec_push(&m->frames, frame))
					m->failed = true;
			}
		}
	}
	return m->frames.n ? pd_stack_of(m->b, m->frames.v, m->frames.n, PD_LEAF_FIRST) : (pd_stack){ 0 };
}

static pd_labels make_labels(struct pd_bpf *m, const struct pd_bpf_shape *shape, const struct pd_bpf_part *part, pd_str bucket)
{
	struct pd_label label[PD_BPF_PARTS + 1];
	size_t n = 0;

	for (uint32_t i = 0; i < shape->n; i++) {
		if (part[i].kind == PD_BPF_NUMBER && shape->kind[i] == PD_BPF_NUMBER) {
			label[n++] = (struct pd_label){ .key = shape->label[i], .kind = PD_LABEL_NUM, .num = part[i].number };
		} else if (part[i].kind == PD_BPF_NUMBER) {
			char text[24];
			int len = snprintf(text, sizeof text, "%lld", (long long)part[i].number);

			label[n++] = (struct pd_label){ .key = shape->label[i], .str = pd_intern(m->b, text, (size_t)len) };
		} else if (part[i].kind == PD_BPF_TEXT) {
			label[n++] = (struct pd_label){ .key = shape->label[i], .str = part[i].text };
		}
	}
	if (bucket.v)
		label[n++] = (struct pd_label){ .key = pd_intern_z(m->b, "bucket"), .str = bucket };
	return n ? pd_labels_of(m->b, label, n) : (pd_labels){ 0 };
}

/* Do the prints of a map add up, or does the last one hold all? */
static bool last_counts(struct pd_bpf *m, struct pd_bpf_map *map)
{
	const char *prints = m->opts->prints ? m->opts->prints : "auto";

	if (map->prints < 2 || strcmp(prints, "sum") == 0)
		return false;
	if (strcmp(prints, "last") == 0)
		return true;
	for (uint32_t i = map->first_row; i; i = m->row.v[i - 1].next)
		compare_prints(map, &m->row.v[i - 1]);
	if (map->shrank || map->kept < map->before)
		return false;
	if (map->grown >= GROWN_ENOUGH)
		return true;
	pd_bpf_note(m, "maps whose prints may hold each other added up (--opt prints=last takes the last)");
	return false;
}

static void emit_map(struct pd_bpf *m, struct pd_bpf_map *map, uint32_t index)
{
	unsigned series = pd_series_add(m->b, map->name);
	bool last = last_counts(m, map);
	struct pd_bpf_part part[PD_BPF_PARTS];
	struct pd_bpf_shape shape;

	add_types(m, map, series);
	pd_bpf_shape(m, index, &shape);
	for (uint32_t i = map->first_row; i && m->status == PD_OK && !m->failed; i = m->row.v[i - 1].next) {
		const struct pd_bpf_row *r = &m->row.v[i - 1];
		const int64_t *value = last ? r->now : r->sum;
		struct pd_sample s = { 0 };

		if (last && r->print != map->prints)
			continue;
		if (!pd_bpf_align(m, r, &shape, part))
			pd_bpf_note(m, "keys with fewer parts than others of their map");
		s.stack = make_stack(m, &shape, part);
		s.labels = make_labels(m, &shape, part, r->bucket);
		pd_sample_add(m->b, series, &s, value);
		if (pd_builder_failed(m->b))
			m->status = pd_builder_status(m->b);
	}
	for (uint32_t i = 0; i < shape.n; i++)
		if (shape.kind[i] == PD_BPF_TEXT && shape.label[i].v == pd_intern_z(m->b, "comm").v)
			pd_builder_meta(m->b)->root_label = shape.label[i];
	if (!m->best || (shape.has_stack && !m->best_stacks)) {
		struct pd_value_type type;

		pd_series_value_type(pd_builder_view(m->b), series, map->kind == IS_STATS, &type);
		pd_builder_meta(m->b)->default_sample_type = type.type;
		m->best = true;
		m->best_stacks = shape.has_stack;
	}
}

enum pd_status pd_bpf_finish(struct pd_bpf *m)
{
	bool any = false;

	for (uint32_t i = 0; i < m->map.n && m->status == PD_OK && !m->failed; i++) {
		struct pd_bpf_map *map = &m->map.v[i];

		if (!map->any || map->others > map->rows)
			continue;
		emit_map(m, map, i + 1);
		any = true;
	}
	if (m->failed && m->status == PD_OK)
		m->status = pd_error_set(m->sink->err, PD_ERR_NOMEM, "out of memory");
	if (m->status == PD_OK && pd_builder_failed(m->b))
		m->status = pd_builder_status(m->b);
	if (m->status == PD_OK && !any)
		m->status = pd_fail(m->sink, m->src, "no map with numbers; expected the output of 'bpftrace' (@NAME[KEY]: COUNT)");
	return m->status;
}
