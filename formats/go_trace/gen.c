/*
 * Generations: batches are copied as they come, tables indexed, nothing is
 * interned before somebody wants it. A broken batch costs what is in it; a broken
 * border between batches costs the rest of the file, which is said once.
 */
#include "go_trace/trace.h"

#define MOST_BATCH 65536u          /* bytes of a batch; the runtime never writes more */
#define HEADER_BYTES 64u           /* more than the header of a batch can have */
#define BLOCK_BYTES (1u << 20)
#define BEHIND 32u                 /* readable bytes behind a batch: numbers are read several bytes at a time */
#define MOST_STRING 65536u
#define MOST_FRAMES 4096u          /* of one stack; the runtime writes 128 */
#define DEFAULT_FREQ 15625000u     /* 64 ns, all platforms with a nanosecond clock */

struct batch_head {
	uint64_t gen, m, time, size;
	uint8_t type;
	size_t bytes; /* of the header */
};

int64_t gt_nanos_slow(const struct gt_generation *g, uint64_t units)
{
	double ns = (double)units * g->ns;

	return ns < 9.2e18 ? (int64_t)ns : INT64_C(9200000000000000000);
}

/* ---- bytes ---- */

/* A copy of a batch that lives as long as the generation. */
static const uint8_t *keep(struct gt_reader *r, const uint8_t *p, size_t n)
{
	struct gt_generation *g = &r->gen;
	struct gt_block *b = g->block_used ? &g->block.v[g->block_used - 1] : NULL;
	uint8_t *to;

	if (!b || b->cap - b->n < n + BEHIND) {
		if (g->block_used == g->block.n) {
			if (!pd_vec_reserve(&g->block, 1) || !(to = malloc(BLOCK_BYTES))) {
				gt_nomem(r);
				return NULL;
			}
			g->block.v[g->block.n++] = (struct gt_block){ .p = to, .cap = BLOCK_BYTES };
			g->bytes += BLOCK_BYTES;
			if (!gt_within_limit(r))
				return NULL;
		}
		b = &g->block.v[g->block_used++];
		b->n = 0;
	}
	to = b->p + b->n;
	memcpy(to, p, n);
	memset(to + n, 0, BEHIND);
	b->n += n;
	return to;
}

static void clear(struct gt_generation *g)
{
	gt_ids_clear(&g->strings);
	gt_ids_clear(&g->stacks);
	gt_map_clear(&g->threads);
	g->string.n = g->stack.n = g->batch.n = g->thread.n = g->sample.n = 0;
	g->block_used = 0;
	g->freq = 0;
	g->number = 0;
	g->any = g->whole = false;
	g->clock = (struct gt_clock){ 0 };
}

void gt_generation_release(struct gt_generation *g)
{
	gt_ids_release(&g->strings);
	gt_ids_release(&g->stacks);
	gt_map_release(&g->threads);
	pd_vec_release(&g->string);
	pd_vec_release(&g->stack);
	pd_vec_release(&g->batch);
	pd_vec_release(&g->thread);
	pd_vec_release(&g->sample);
	for (size_t i = 0; i < g->block.n; i++)
		free(g->block.v[i].p);
	pd_vec_release(&g->block);
}

/* ---- tables ---- */

bool gt_add_string(struct gt_reader *r, uint64_t id, struct pd_span text)
{
	struct gt_generation *g = &r->gen;

	if (gt_ids_get(&g->strings, id))
		return gt_note(r, r->offset, "strings with an id already taken left out");
	if (!g->string.n && !pd_vec_push(&g->string, (struct gt_raw_string){ 0 }))
		return gt_nomem(r), false;
	if (!pd_vec_push(&g->string, ((struct gt_raw_string){ .p = text.p, .n = (uint32_t)text.n })) || !gt_ids_put(&g->strings, id, (uint32_t)g->string.n - 1))
		return gt_nomem(r), false;
	return true;
}

bool gt_add_stack(struct gt_reader *r, uint64_t id, uint64_t n, const uint8_t **p, const uint8_t *end)
{
	struct gt_generation *g = &r->gen;
	struct gt_raw_stack s = { .p = *p, .n = (uint32_t)n };
	uint64_t any;

	if (n > MOST_FRAMES || id == 0)
		return false;
	for (uint64_t i = 0; i < 4 * n; i++)
		if (!gt_varint(p, end, &any))
			return false;
	s.bytes = (uint32_t)(*p - s.p);
	if (gt_ids_get(&g->stacks, id))
		return gt_note(r, r->offset, "stacks with an id already taken left out");
	if (!g->stack.n && !pd_vec_push(&g->stack, (struct gt_raw_stack){ 0 }))
		return gt_nomem(r), false;
	if (!pd_vec_push(&g->stack, s) || !gt_ids_put(&g->stacks, id, (uint32_t)g->stack.n - 1))
		return gt_nomem(r), false;
	return true;
}

static bool add_string(struct gt_reader *r, const uint8_t **p, const uint8_t *end)
{
	uint64_t id, n;

	if (!gt_varint(p, end, &id) || !gt_varint(p, end, &n) || n > MOST_STRING || n > (size_t)(end - *p) || id == 0)
		return false;
	*p += n;
	return gt_add_string(r, id, (struct pd_span){ (const char *)*p - n, (size_t)n });
}

static bool add_stack(struct gt_reader *r, const uint8_t **p, const uint8_t *end)
{
	uint64_t id, n;

	return gt_varint(p, end, &id) && gt_varint(p, end, &n) && gt_add_stack(r, id, n, p, end);
}

static bool add_sample(struct gt_reader *r, const uint8_t **p, const uint8_t *end)
{
	struct gt_generation *g = &r->gen;
	uint64_t v[5];
	struct gt_sample s;

	for (unsigned i = 0; i < 5; i++)
		if (!gt_varint(p, end, &v[i]))
			return false;
	/* times and stacks are resolved when the generation is complete */
	s = (struct gt_sample){ .time = (int64_t)v[0], .m = v[1], .p = v[2], .g = v[3] ? v[3] : GT_NONE, .stack = 0 };
	s.stack = v[4] < UINT32_MAX ? (uint32_t)v[4] : UINT32_MAX;
	if (!pd_vec_push(&g->sample, s))
		return gt_nomem(r), false;
	return true;
}

/* Entries of one kind until the end; what cannot be read is counted. */
static void read_table(struct gt_reader *r, const uint8_t *p, const uint8_t *end, uint8_t entry, bool (*add)(struct gt_reader *, const uint8_t **, const uint8_t *))
{
	for (p++; p < end && r->status == PD_OK; r->wire_count[entry]++) {
		bool known = *p++ == entry;

		if (!known || !add(r, &p, end)) {
			if (r->status == PD_OK)
				gt_note(r, r->offset, "tables cut short: the rest of a batch is unreadable");
			return;
		}
	}
}

static void set_unit(struct gt_generation *g)
{
	g->ns = 1.0 / ((double)g->freq / 1e9);
	g->whole_ns = g->ns >= 1 && g->ns < 1e6 && g->ns == (double)(uint32_t)g->ns ? (uint32_t)g->ns : 0;
}

static void set_freq(struct gt_reader *r, uint64_t freq)
{
	struct gt_generation *g = &r->gen;

	if (freq == 0 || g->freq) {
		gt_note(r, r->offset, freq ? "clock frequencies beyond the first of a generation left out" : "clock frequencies of 0 left out");
		return;
	}
	g->freq = freq;
	set_unit(g);
}

static void read_sync(struct gt_reader *r, const uint8_t *p, const uint8_t *end, uint64_t time)
{
	struct gt_clock *c = &r->gen.clock;
	uint64_t v[4];

	if (*p == GT_W_SYNC)
		p++;
	while (p < end && r->status == PD_OK) {
		uint8_t type = *p++;
		unsigned n = type == GT_W_FREQUENCY ? 1 : type == GT_W_CLOCK_SNAPSHOT ? 4 : 0;
		bool fine = n > 0;

		for (unsigned i = 0; i < n; i++)
			fine = fine && gt_varint(&p, end, &v[i]);
		if (!fine) {
			gt_note(r, r->offset, "tables cut short: the rest of a batch is unreadable");
			return;
		}
		r->wire_count[type]++;
		if (type == GT_W_FREQUENCY)
			set_freq(r, v[0]);
		else if (!c->any)
			*c = (struct gt_clock){ .any = true, .at = time + v[0], .mono = v[1], .sec = v[2], .nsec = v[3] };
	}
}

/* ---- batches ---- */

static bool add_events(struct gt_reader *r, const struct batch_head *h, const uint8_t *p)
{
	struct gt_generation *g = &r->gen;
	uint32_t row = gt_map_get(&g->threads, h->m), batch;

	if (!g->batch.n && !(pd_vec_push(&g->batch, (struct gt_batch){ 0 }) && pd_vec_push(&g->thread, (struct gt_thread){ 0 })))
		return gt_nomem(r), false;
	if (g->batch.n >= UINT32_MAX - 1 || !pd_vec_push(&g->batch, ((struct gt_batch){ .p = p, .n = (uint32_t)h->size, .time = h->time, .offset = r->offset })))
		return gt_nomem(r), false;
	batch = (uint32_t)g->batch.n - 1;
	if (!row) {
		row = (uint32_t)g->thread.n;
		if (!pd_vec_push(&g->thread, ((struct gt_thread){ .m = h->m, .first = batch })) || !gt_map_put(&g->threads, h->m, row))
			return gt_nomem(r), false;
	} else {
		g->batch.v[g->thread.v[row].last].next = batch;
	}
	g->thread.v[row].last = batch;
	return true;
}

static void add_batch(struct gt_reader *r, const struct batch_head *h, const uint8_t *payload)
{
	struct gt_generation *g = &r->gen;
	const uint8_t *p, *end;

	if (!g->any || h->time < g->min_time)
		g->min_time = h->time;
	g->number = h->gen;
	g->any = true;
	r->wire_count[h->type]++;
	if (h->type == GT_W_EXPERIMENTAL_BATCH || h->size == 0)
		return;
	p = keep(r, payload, h->size);
	if (!p)
		return;
	end = p + h->size;
	if (*p == GT_W_STRINGS)
		read_table(r, p, end, GT_W_STRING, add_string);
	else if (*p == GT_W_STACKS)
		read_table(r, p, end, GT_W_STACK, add_stack);
	else if (*p == GT_W_CPU_SAMPLES)
		read_table(r, p, end, GT_W_CPU_SAMPLE, add_sample);
	else if (*p == GT_W_FREQUENCY || *p == GT_W_SYNC)
		read_sync(r, p, end, h->time);
	else
		add_events(r, h, p);
}

/* From here on nothing can be read. */
static void damaged(struct gt_reader *r, const char *what)
{
	r->ended = true;
	if (!r->damaged)
		gt_note(r, pd_source_offset(r->src), what);
	r->damaged = true;
}

/* Reads a header at the front of `s`. False: it is cut (r->ended) or no header at all. */
static bool read_head(struct gt_reader *r, struct pd_span s, struct batch_head *h)
{
	const uint8_t *p = (const uint8_t *)s.p, *start = p, *end = p + s.n;
	uint64_t *field[4] = { &h->gen, &h->m, &h->time, &h->size };

	h->type = *p++;
	if (h->type != GT_W_EVENT_BATCH && h->type != GT_W_EXPERIMENTAL_BATCH) {
		damaged(r, "parts left out: damaged, no batch begins here");
		return false;
	}
	if (h->type == GT_W_EXPERIMENTAL_BATCH)
		p++; /* which experiment */
	for (unsigned i = 0; i < 4; i++) {
		if (p >= end || !gt_varint(&p, end, field[i])) {
			damaged(r, s.n < HEADER_BYTES ? "parts left out: the file ends inside a batch" : "parts left out: damaged header of a batch");
			return false;
		}
	}
	h->bytes = (size_t)(p - start);
	if (h->size > MOST_BATCH || h->gen == 0) {
		damaged(r, h->gen ? "parts left out: a batch claims more than 65536 bytes" : "parts left out: a batch of generation 0");
		return false;
	}
	return true;
}

/* One batch into the current generation; false when the generation or the input is over. */
static bool next_batch(struct gt_reader *r)
{
	struct gt_generation *g = &r->gen;
	struct pd_span s = pd_source_peek(r->src, HEADER_BYTES);
	struct batch_head h;

	r->offset = pd_source_offset(r->src);
	if (s.n == 0) {
		r->ended = true;
		return false;
	}
	if ((uint8_t)s.p[0] == GT_W_END_OF_GENERATION) {
		pd_source_consume(r->src, 1);
		r->wire_count[GT_W_END_OF_GENERATION]++;
		g->whole = true;
		return !g->any; /* an end of nothing */
	}
	if (!read_head(r, s, &h))
		return false;
	if (g->any && h.gen != g->number) {
		g->whole = r->version < 26;
		return false; /* it is read again as the first of the next one */
	}
	s = pd_source_peek(r->src, h.bytes + h.size);
	if (s.n < h.bytes + h.size) {
		damaged(r, "parts left out: the file ends inside a batch");
		return false;
	}
	add_batch(r, &h, (const uint8_t *)s.p + h.bytes);
	pd_source_consume(r->src, h.bytes + h.size);
	return r->status == PD_OK;
}

/* ---- a generation as a whole ---- */

static int by_time(const void *a, const void *b)
{
	const struct gt_sample *x = a, *y = b;

	return x->time < y->time ? -1 : x->time > y->time;
}

/* Insertion into what is sorted already: samples come nearly in order. Falls back to qsort() for the rest. */
static void sort_samples(struct gt_sample *v, size_t n)
{
	uint64_t moves = 0, most = 64 * (uint64_t)n + 1024;

	for (size_t i = 1; i < n; i++) {
		struct gt_sample s = v[i];
		size_t k = i;

		for (; k && v[k - 1].time > s.time; k--, moves++)
			v[k] = v[k - 1];
		v[k] = s;
		if (moves > most) {
			qsort(v, n, sizeof *v, by_time);
			return;
		}
	}
}

static void complete(struct gt_reader *r, uint64_t freq_before)
{
	struct gt_generation *g = &r->gen;

	if (!g->freq) {
		gt_note(r, r->offset, freq_before ? "generations without a clock frequency read with that of the one before"
						   : "generations without a clock frequency read with 64 ns per unit");
		g->freq = freq_before ? freq_before : DEFAULT_FREQ;
		set_unit(g);
	}
	if (r->version >= 26 && !g->whole && !r->damaged) {
		r->damaged = true;
		gt_note(r, r->offset, "parts left out: the file ends before the last generation does");
	}
	if (g->clock.any)
		g->clock.time = gt_nanos(g, g->clock.at);
	for (size_t i = 0; i < g->sample.n; i++) {
		g->sample.v[i].time = gt_nanos(g, (uint64_t)g->sample.v[i].time);
		g->sample.v[i].stack = gt_stack_row(r, g->sample.v[i].stack);
	}
	sort_samples(g->sample.v, g->sample.n);
}

bool gt_read_generation(struct gt_reader *r)
{
	struct gt_generation *g = &r->gen;
	uint64_t before = g->number, freq = g->freq;

	if (r->ended || r->status != PD_OK)
		return false;
	clear(g);
	while (next_batch(r))
		;
	if (r->status != PD_OK || pd_source_status(r->src) != PD_OK || !g->any)
		return false;
	if (!r->n_gens)
		r->first_gen = g->number;
	else if (g->number != before + 1) {
		gt_note(r, r->offset, "gaps between generations: states start anew");
		gt_order_reset(r);
		r->n_gaps++;
		r->first_gen = g->number;
	}
	r->n_gens++;
	complete(r, freq);
	return r->status == PD_OK && gt_within_limit(r);
}

/* ---- what ids mean ---- */

struct pd_span gt_text(struct gt_reader *r, uint64_t id, char *buf)
{
	struct gt_generation *g = &r->gen;
	uint32_t row = id ? gt_ids_get(&g->strings, id) : 0;

	if (row)
		return (struct pd_span){ g->string.v[row].p, g->string.v[row].n };
	if (id == 0)
		return (struct pd_span){ "", 0 };
	gt_note(r, r->offset, "strings that are not in the table named by their number");
	snprintf(buf, 32, "string#%llu", (unsigned long long)id);
	return span_of(buf);
}

pd_str gt_string_slow(struct gt_reader *r, uint64_t id)
{
	struct gt_generation *g = &r->gen;
	uint32_t row = id ? gt_ids_get(&g->strings, id) : 0;
	struct pd_span s;
	char buf[32];

	if (row && g->string.v[row].resolved)
		return g->string.v[row].str;
	s = gt_text(r, id, buf);
	if (!row)
		return pd_intern(r->b, s.p, s.n);
	g->string.v[row].resolved = true;
	return g->string.v[row].str = pd_intern(r->b, s.p, s.n);
}

uint32_t gt_stack_row_slow(struct gt_reader *r, uint64_t id)
{
	uint32_t row = id ? gt_ids_get(&r->gen.stacks, id) : 0;

	if (id && !row)
		gt_note(r, r->offset, "stacks that are not in the table left out");
	return row;
}

pd_stack gt_stack(struct gt_reader *r, uint32_t row)
{
	struct gt_raw_stack *s;
	const uint8_t *p, *end;
	pd_frame frame[MOST_FRAMES];

	if (!row || row >= r->gen.stack.n)
		return (pd_stack){ 0 };
	s = &r->gen.stack.v[row];
	if (s->resolved)
		return s->stack;
	p = s->p;
	end = p + s->bytes;
	for (uint32_t i = 0; i < s->n; i++) {
		uint64_t pc = 0, func = 0, file = 0, line = 0;
		struct pd_func_desc fd = { 0 };
		struct pd_line l;

		if (!(gt_varint(&p, end, &pc) && gt_varint(&p, end, &func) && gt_varint(&p, end, &file) && gt_varint(&p, end, &line)))
			break; /* checked when it was indexed */
		fd.name = gt_string(r, func);
		fd.file = gt_string(r, file);
		l = (struct pd_line){ .func = pd_func_add(r->b, &fd), .line = line <= INT64_MAX ? (int64_t)line : 0 };
		frame[i] = pd_frame_add(r->b, &(struct pd_frame_desc){ .address = pc, .n_lines = 1, .lines = &l });
	}
	s->stack = pd_stack_of(r->b, frame, s->n, PD_LEAF_FIRST);
	s->resolved = true;
	return s->stack;
}
