/* Processes, threads and counters of a trace: numbers and words → tracks. */
#include "chrome/reader.h"
#include "base/hash.h"

#define WORD_BASE 2000000000 /* ids of threads whose id is a word start here */

static bool grow(struct chrome_reader *r, struct pd_index *ix)
{
	if (pd_builder_index(r->b, ix, 1, NULL))
		return true;
	return chrome_give_up(r);
}

void chrome_tell(struct chrome_reader *r, uint32_t track)
{
	struct chrome_track *t = &r->track.v[track];
	struct pd_track_desc d = { .kind = t->kind, .parent = { t->parent }, .id = t->id, .sort = t->sort };
	struct pd_span series[PD_MAX_VALUES];

	d.name = pd_builder_string(r->b, t->name.v ? t->name : t->word);
	if (t->sorted)
		d.flags |= PD_TRACK_SORTED;
	if (t->kind != PD_TRACK_PROCESS)
		d.flags |= PD_TRACK_UNORDERED;
	if (t->kind == PD_TRACK_COUNTER) {
		d.n_series = (unsigned)t->series.n;
		for (unsigned i = 0; i < d.n_series; i++)
			series[i] = pd_builder_string(r->b, t->series.v[i]);
		d.series = series;
	}
	t->told = true;
	pd_events_track(r->ev, (pd_track){ track }, &d);
}

/* A new row; 0 on failure. */
static uint32_t add(struct chrome_reader *r, const struct chrome_track *t)
{
	if (r->track.n >= PD_MAX_ROWS / 2 || !pd_builder_reserve(r->b, &r->track, 1)) {
		chrome_give_up(r);
		return 0;
	}
	r->track.v[r->track.n++] = *t;
	return (uint32_t)r->track.n - 1;
}

/* By (kind, parent, id, word): thread 7 of process 3 is not thread 7 of process 4. */
static uint32_t find_or_add(struct chrome_reader *r, enum pd_track_kind kind, uint32_t parent, const struct chrome_id *id)
{
	pd_str word = id->kind == CHROME_ID_WORD ? pd_intern(r->b, id->word.p, id->word.n) : (pd_str){ 0 };
	int64_t number = id->kind == CHROME_ID_NUMBER ? id->number : 0;
	uint32_t hash = pd_fold32(pd_hash_u64(r->b->key ^ (uint64_t)kind, (uint64_t)parent << 32 | word.v, (uint64_t)number)), at, row;

	if (!grow(r, &r->by_id))
		return 0;
	for (row = pd_index_first(&r->by_id, hash, &at); row; row = pd_index_next(&r->by_id, hash, &at)) {
		const struct chrome_track *t = &r->track.v[row];

		if (t->kind == kind && t->parent == parent && t->word.v == word.v && (word.v || t->id == number))
			return row;
	}
	row = add(r, &(struct chrome_track){ .kind = kind, .parent = parent, .word = word, .id = word.v ? WORD_BASE + (int64_t)r->words++ : number });
	if (row)
		pd_index_put(&r->by_id, hash, at, row);
	return row;
}

uint32_t chrome_process(struct chrome_reader *r, const struct chrome_id *pid)
{
	uint32_t row = find_or_add(r, PD_TRACK_PROCESS, 0, pid);

	if (row && !r->track.v[row].told)
		chrome_tell(r, row);
	return row;
}

static uint32_t thread_slow(struct chrome_reader *r, const struct chrome_id *pid, const struct chrome_id *tid)
{
	uint32_t process = chrome_process(r, pid), row = 0;

	if (process)
		row = find_or_add(r, PD_TRACK_THREAD, process, tid->kind == CHROME_ID_NONE ? pid : tid);
	if (row && !r->track.v[row].told)
		chrome_tell(r, row);
	return row;
}

uint32_t chrome_thread(struct chrome_reader *r, const struct chrome_id *pid, const struct chrome_id *tid)
{
	size_t slot = ((size_t)pid->number * 7 + (size_t)tid->number) % PD_ARRAY_LEN(r->recent);

	if (pid->kind != CHROME_ID_NUMBER || tid->kind != CHROME_ID_NUMBER)
		return thread_slow(r, pid, tid);
	if (r->recent[slot].track && r->recent[slot].pid == pid->number && r->recent[slot].tid == tid->number)
		return r->recent[slot].track;
	r->recent[slot].pid = pid->number;
	r->recent[slot].tid = tid->number;
	r->recent[slot].track = thread_slow(r, pid, tid);
	return r->recent[slot].track;
}

uint32_t chrome_thread_of(const struct chrome_reader *r, int64_t tid)
{
	for (size_t i = 1; i < r->track.n; i++)
		if (r->track.v[i].kind == PD_TRACK_THREAD && !r->track.v[i].word.v && r->track.v[i].id == tid)
			return (uint32_t)i;
	return 0;
}

uint32_t chrome_counter(struct chrome_reader *r, uint32_t process, struct pd_span name, struct pd_span id)
{
	pd_str text = pd_intern(r->b, name.p, name.n), which = pd_intern(r->b, id.p, id.n);
	uint32_t hash = pd_fold32(pd_hash_u64(r->b->key, process, (uint64_t)text.v << 32 | which.v)), at, row;

	if (!grow(r, &r->by_name))
		return 0;
	for (row = pd_index_first(&r->by_name, hash, &at); row; row = pd_index_next(&r->by_name, hash, &at)) {
		const struct chrome_track *t = &r->track.v[row];

		if (t->parent == process && t->name.v == text.v && t->labels.v == which.v)
			return row;
	}
	row = add(r, &(struct chrome_track){ .kind = PD_TRACK_COUNTER, .parent = process, .name = text, .labels = which });
	if (row)
		pd_index_put(&r->by_name, hash, at, row);
	return row;
}

int chrome_series(struct chrome_reader *r, uint32_t counter, struct pd_span name)
{
	struct chrome_track *t = &r->track.v[counter];
	pd_str text = pd_intern(r->b, name.p, name.n);

	for (size_t i = 0; i < t->series.n; i++)
		if (t->series.v[i].v == text.v)
			return (int)i;
	if (t->series.n == PD_MAX_VALUES) {
		chrome_note(r, "series of counters beyond the 64th left out");
		return -1;
	}
	if (!pd_vec_push(&t->series, text) || !pd_vec_push(&t->value, 0.0)) {
		chrome_give_up(r);
		return -1;
	}
	t->told = false;
	return (int)t->series.n - 1;
}

void chrome_tracks_release(struct chrome_reader *r)
{
	for (size_t i = 0; i < r->track.n; i++) {
		pd_vec_release(&r->track.v[i].series);
		pd_vec_release(&r->track.v[i].value);
	}
	pd_vec_release(&r->track);
	pd_index_release(&r->by_id);
	pd_index_release(&r->by_name);
}
