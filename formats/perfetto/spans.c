/*
 * Async spans → tracks: a span that is open has a track to itself, and one that is over leaves it to the next one of its
 * name, so that there are as many tracks as spans were open at once.
 */
#include "perfetto/perfetto.h"
#include "base/hash.h"
#include <stdlib.h>

/* The row with this key, or the empty one where it belongs. */
static size_t seek(const struct perfetto_map *m, uint64_t key)
{
	size_t at = pd_hash_mix(key, PD_HASH_C2) & (m->cap - 1);

	while (m->v[at].value && m->v[at].key != key)
		at = (at + 1) & (m->cap - 1);
	return at;
}

static bool map_grow(struct perfetto_map *m)
{
	struct perfetto_map more = { .cap = m->cap ? 2 * m->cap : 64 };

	more.v = calloc(more.cap, sizeof *more.v);
	if (!more.v)
		return false;
	for (size_t i = 0; i < m->cap; i++)
		if (m->v[i].value)
			more.v[seek(&more, m->v[i].key)] = m->v[i];
	more.n = m->n;
	free(m->v);
	*m = more;
	return true;
}

/* 0 when there is none. */
static uint32_t map_get(const struct perfetto_map *m, uint64_t key)
{
	return m->cap ? m->v[seek(m, key)].value : 0;
}

/* Room for `n` in all. */
static bool map_room(struct perfetto_map *m, size_t n)
{
	while (m->cap / 2 < n)
		if (!map_grow(m))
			return false;
	return true;
}

static void map_put(struct perfetto_map *m, uint64_t key, uint32_t value)
{
	size_t at = seek(m, key);

	m->n += !m->v[at].value;
	m->v[at] = (struct perfetto_map_row){ key, value };
}

/* Rows behind move up, so that no search ends too early. */
static void map_remove(struct perfetto_map *m, uint64_t key)
{
	size_t at = seek(m, key), mask = m->cap - 1;

	m->n--;
	for (size_t next = (at + 1) & mask; m->v[next].value; next = (next + 1) & mask) {
		size_t home = pd_hash_mix(m->v[next].key, PD_HASH_C2) & mask;

		if (((next - home) & mask) >= ((next - at) & mask)) {
			m->v[at] = m->v[next];
			at = next;
		}
	}
	m->v[at].value = 0;
}

uint32_t perfetto_span_find(const struct perfetto_spans *s, uint64_t key)
{
	return map_get(&s->open, key);
}

uint32_t perfetto_span_begin(struct perfetto_spans *s, uint64_t key, uint64_t name, int64_t ts, bool *fresh)
{
	uint32_t lane = map_get(&s->open, key);

	*fresh = false;
	if (lane) {
		s->lane.v[lane].depth++;
		return lane;
	}
	if (!s->lane.n && !pd_vec_push(&s->lane, (struct perfetto_lane){ 0 }))
		return 0;
	/* any of the lanes may be idle by a name of its own: then nothing is allocated at the end of a span */
	if (!map_room(&s->open, s->open.n + 1) || !map_room(&s->idle, s->lane.n + 1))
		return 0;
	lane = map_get(&s->idle, name);
	if (lane && s->lane.v[lane].last <= ts) {
		if (s->lane.v[lane].next)
			map_put(&s->idle, name, s->lane.v[lane].next);
		else
			map_remove(&s->idle, name);
	} else {
		if (s->lane.n >= UINT32_MAX || !pd_vec_push(&s->lane, (struct perfetto_lane){ .name = name }))
			return 0;
		lane = (uint32_t)s->lane.n - 1;
		*fresh = true;
	}
	s->lane.v[lane].depth = 1;
	map_put(&s->open, key, lane);
	return lane;
}

void perfetto_span_end(struct perfetto_spans *s, uint64_t key, int64_t ts)
{
	uint32_t lane = map_get(&s->open, key);
	struct perfetto_lane *l = &s->lane.v[lane];

	if (!lane)
		return;
	l->last = ts > l->last ? ts : l->last;
	if (--l->depth)
		return;
	map_remove(&s->open, key);
	l->next = map_get(&s->idle, l->name);
	map_put(&s->idle, l->name, lane);
}

void perfetto_spans_release(struct perfetto_spans *s)
{
	free(s->open.v);
	free(s->idle.v);
	pd_vec_release(&s->lane);
}
