/*
 * Binary CPU profiles: words of 4 or 8 bytes in either byte order.
 *
 *   0 3 VERSION PERIOD_US 0          version 0: C++, 1: Java
 *   COUNT DEPTH PC...                leaf first, any number of times
 *   0 1 0                            the end; then the memory map or names as text
 */
#include "gperftools/legacy.h"
#include "base/compiler.h"

#define DEPTH_MAX (1u << 20)

static uint64_t word_at(const char *p, unsigned size, bool big)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < size; i++)
		v |= (uint64_t)(unsigned char)p[i] << 8 * (big ? size - 1 - i : i);
	return v;
}

bool legacy_cpu_header(struct pd_span head, unsigned *word, bool *big)
{
	for (unsigned kind = 0; kind < 4; kind++) {
		unsigned size = kind & 2 ? 8 : 4;
		uint64_t w[5];

		if (head.n < 5 * size)
			continue;
		for (unsigned i = 0; i < 5; i++)
			w[i] = word_at(head.p + i * size, size, kind & 1);
		if (w[0] == 0 && w[1] == 3 && w[2] <= 1 && w[3] > 0 && w[3] <= UINT32_MAX && w[4] == 0) {
			*word = size;
			*big = kind & 1;
			return true;
		}
	}
	return false;
}

struct words {
	struct pd_source *src;
	unsigned size;
	bool big;
};

static bool next_word(struct words *w, uint64_t *out)
{
	struct pd_span s = pd_source_peek(w->src, w->size);

	if (s.n < w->size)
		return false;
	*out = word_at(s.p, w->size, w->big);
	pd_source_consume(w->src, w->size);
	return true;
}

static enum pd_status truncated(struct legacy *g)
{
	if (pd_source_status(g->src) != PD_OK)
		return pd_source_status(g->src);
	return pd_fail_at(g->sink, g->src, pd_source_offset(g->src), "the profile ends in the middle of a record");
}

/* One record; *more is false after the last one. */
static enum pd_status record(struct legacy *g, struct words *w, uint64_t period, bool *more)
{
	uint64_t count, depth, pc, at = pd_source_offset(g->src);
	struct legacy_record *r;

	if (!pd_source_peek(g->src, 1).n && pd_source_status(g->src) == PD_OK) { /* no end marker: fine */
		*more = false;
		return PD_OK;
	}
	if (!next_word(w, &count) || !next_word(w, &depth))
		return truncated(g);
	if (depth > DEPTH_MAX || count > INT64_MAX)
		return pd_fail_at(g->sink, g->src, at, "a stack of %llu frames, seen %llu times, expected a record of a CPU profile",
				  (unsigned long long)depth, (unsigned long long)count);
	if (count == 0 && depth == 1) {
		if (!next_word(w, &pc))
			return truncated(g);
		*more = false;
		return PD_OK;
	}
	r = legacy_record(g);
	if (!r)
		return PD_OK; /* out of memory: sticky */
	r->v[0] = (int64_t)count;
	if (pd_mul_overflow(r->v[0], (int64_t)period, &r->v[1]))
		return pd_fail_at(g->sink, g->src, at, "a sum of CPU time does not fit into 64 bits");
	for (uint64_t i = 0; i < depth; i++) {
		if (!next_word(w, &pc))
			return truncated(g);
		legacy_address(g, pc);
	}
	return PD_OK;
}

enum pd_status legacy_cpu_read(struct legacy *g)
{
	struct words w = { .src = g->src };
	enum pd_status status = PD_OK;
	uint64_t head[5] = { 0 };
	struct pd_span line;
	bool more = true;

	legacy_cpu_header(pd_source_peek(g->src, 40), &w.size, &w.big);
	for (unsigned i = 0; i < 5; i++)
		if (!next_word(&w, &head[i]))
			return truncated(g);
	g->java = head[2] == 1;
	g->exact_leaf = true;
	g->exact_callers = g->java;
	legacy_type(g, "samples", "count");
	legacy_type(g, "cpu", "nanoseconds");
	legacy_period(g, "cpu", "nanoseconds", (int64_t)head[3] * 1000);
	while (more && status == PD_OK && !g->nomem)
		status = record(g, &w, head[3] * 1000, &more);
	while (status == PD_OK && pd_source_line(g->src, &line))
		if (!(g->java ? legacy_place_line(g, line) : legacy_map_line(g, line)) && span_trim(line).n && !legacy_maps_begin(line))
			status = pd_note(g->sink, g->src, "lines that are nothing of a memory map skipped");
	if (status == PD_OK)
		status = pd_source_status(g->src);
	if (!g->java) {
		legacy_drop_signal_frame(g);
		legacy_drop_double_leaf(g);
	}
	return status;
}
