/* stackFrames and samples: a table of frames by key, and samples that refer to it. */
#include "chrome/reader.h"
#include "base/hash.h"
#include "base/sort.h"

static bool failed(const struct chrome_reader *r)
{
	return r->j.status != PD_OK || pd_builder_failed(r->b);
}

/* ---- the table ---- */

/* Number of the entry with this key, made when new; 0 on failure. */
static uint32_t entry_of(struct chrome_reader *r, struct pd_span key)
{
	struct chrome_stacks_read *s = &r->stacks;
	pd_str text = pd_intern(r->b, key.p, key.n);

	if (failed(r))
		return 0;
	if (text.v >= s->entry.n) {
		size_t more = text.v + 1 - s->entry.n;

		if (!pd_builder_reserve(r->b, &s->entry, more))
			return 0;
		memset(s->entry.v + s->entry.n, 0, more * sizeof *s->entry.v);
		s->entry.n += more;
	}
	if (!s->entry.v[text.v]) {
		if (!pd_builder_reserve(r->b, &s->frame, 1))
			return 0;
		s->frame.v[s->frame.n] = (struct chrome_frame){ 0 };
		s->entry.v[text.v] = (uint32_t)s->frame.n++;
	}
	return s->entry.v[text.v];
}

static bool read_entry(struct chrome_reader *r, struct pd_json *j, uint32_t row)
{
	pd_str name = { 0 }, category = { 0 };
	struct pd_span key, s;
	struct pd_line line = { 0 };
	uint32_t parent = 0;

	if (!pd_json_maybe_object(j))
		return !failed(r);
	while (pd_json_member(j, &key)) {
		if (pd_json_is(key, "name")) {
			if (chrome_take_text(j, &s))
				name = pd_intern(r->b, s.p, s.n);
		} else if (pd_json_is(key, "category")) {
			if (chrome_take_text(j, &s))
				category = pd_intern(r->b, s.p, s.n);
		} else if (pd_json_is(key, "parent")) {
			if (chrome_take_text(j, &s) && s.n)
				parent = entry_of(r, s);
		} else if (pd_json_is(key, "line")) {
			bool has;

			chrome_take_i64(j, &line.line, &has);
		} else {
			pd_json_skip(j);
		}
	}
	/* a category that looks like a path is the file */
	s = pd_builder_string(r->b, category);
	line.func = pd_func_add(r->b, &(struct pd_func_desc){ .name = name, .file = memchr(s.p, '/', s.n) ? category : (pd_str){ 0 } });
	r->stacks.frame.v[row].frame = pd_frame_add(r->b, &(struct pd_frame_desc){ .n_lines = 1, .lines = &line });
	r->stacks.frame.v[row].parent = parent;
	return !failed(r);
}

bool chrome_read_stack_frames(struct chrome_reader *r, struct pd_json *j)
{
	struct pd_span key;

	if (!pd_json_maybe_object(j))
		return !pd_json_failed(j);
	r->stacks.seen = true;
	while (pd_json_member(j, &key)) {
		uint32_t row = entry_of(r, key);

		if (!row || !read_entry(r, j, row))
			return chrome_give_up(r);
	}
	return !pd_json_failed(j);
}

bool chrome_read_more_frames(struct chrome_reader *r, struct pd_json *j)
{
	struct pd_span key;

	if (!pd_json_maybe_object(j))
		return !pd_json_failed(j);
	while (pd_json_member(j, &key))
		if (pd_json_is(key, "stackFrames") ? !chrome_read_stack_frames(r, j) : !pd_json_skip(j))
			return false;
	return !pd_json_failed(j);
}

pd_stack chrome_resolve(struct chrome_reader *r, struct chrome_frame *frame, size_t n, uint32_t row)
{
	pd_stack stack = { 0 };

	r->stacks.path.n = 0;
	for (; row && row < n && !frame[row].resolved && !frame[row].on_path; row = frame[row].parent) {
		frame[row].on_path = true;
		if (!pd_vec_push(&r->stacks.path, row)) {
			chrome_give_up(r);
			return stack;
		}
	}
	if (row && row < n && frame[row].resolved)
		stack = frame[row].stack;
	else if (row && row < n)
		chrome_note(r, "stacks whose frames lead around in a circle, cut there");
	while (r->stacks.path.n) {
		struct chrome_frame *f = &frame[r->stacks.path.v[--r->stacks.path.n]];

		if (f->frame.v)
			stack = pd_stack_push(r->b, stack, f->frame);
		f->stack = stack;
		f->resolved = true;
	}
	return stack;
}

/* A key of at most seven bytes as a number, 0 for others: numbers of frames are that short. */
static uint64_t short_key(struct pd_span key)
{
	uint64_t v = 0;

	if (key.n > 7)
		return 0;
	memcpy(&v, key.p, key.n);
	return v | (uint64_t)key.n << 56;
}

pd_stack chrome_stack(struct chrome_reader *r, struct pd_span key)
{
	uint64_t k = short_key(key);
	size_t slot = (size_t)(k * PD_HASH_C1 >> 58);
	pd_stack stack;

	if (!key.n)
		return (pd_stack){ 0 };
	if (k && r->stacks.recent[slot].key == k)
		return r->stacks.recent[slot].stack;
	if (!r->stacks.seen) {
		chrome_note(r, "stacks of events that stand before stackFrames left out");
		return (pd_stack){ 0 };
	}
	stack = chrome_resolve(r, r->stacks.frame.v, r->stacks.frame.n, entry_of(r, key));
	if (k && stack.v) {
		r->stacks.recent[slot].key = k;
		r->stacks.recent[slot].stack = stack;
	}
	return stack;
}

/* ---- samples ---- */

static bool read_sample(struct chrome_reader *r)
{
	struct chrome_sample s = { .weight = 1 };
	struct chrome_id pid = { 0 }, tid = { 0 };
	bool has_ts = false, has;
	struct pd_span key, text;
	struct pd_number num;

	pd_json_object(&r->j);
	while (pd_json_member(&r->j, &key)) {
		if (pd_json_is(key, "ts")) {
			chrome_take_time(r, &r->j, &s.ts, &has_ts);
		} else if (pd_json_is(key, "pid")) {
			chrome_take_i64(&r->j, &pid.number, &has);
			pid.kind = has ? CHROME_ID_NUMBER : CHROME_ID_NONE;
		} else if (pd_json_is(key, "tid")) {
			chrome_take_i64(&r->j, &tid.number, &has);
			tid.kind = has ? CHROME_ID_NUMBER : CHROME_ID_NONE;
		} else if (pd_json_is(key, "weight")) {
			if (chrome_take_text(&r->j, &text) && pd_number_parse(text, &num))
				s.weight = pd_number_double(&num);
		} else if (pd_json_is(key, "sf")) {
			if (chrome_take_text(&r->j, &text) && text.n)
				s.stack = entry_of(r, text);
		} else {
			pd_json_skip(&r->j);
		}
	}
	if (failed(r))
		return false;
	if (!has_ts)
		return chrome_note(r, "samples without a time (ts) left out");
	if (pid.kind == CHROME_ID_NONE && tid.kind == CHROME_ID_NUMBER)
		s.track = chrome_thread_of(r, tid.number);
	if (pid.kind == CHROME_ID_NONE)
		pid = (struct chrome_id){ .kind = CHROME_ID_NUMBER };
	if (!s.track)
		s.track = chrome_thread(r, &pid, &tid);
	if (!s.track)
		return false;
	if (!pd_builder_reserve(r->b, &r->sample, 1))
		return false;
	r->sample.v[r->sample.n++] = s;
	return true;
}

bool chrome_read_samples(struct chrome_reader *r)
{
	if (pd_json_type(&r->j) != PD_JSON_ARRAY)
		return pd_json_skip(&r->j);
	pd_json_array(&r->j);
	while (pd_json_element(&r->j))
		if (pd_json_type(&r->j) != PD_JSON_OBJECT ? !pd_json_skip(&r->j) : !read_sample(r))
			return chrome_give_up(r);
	return !failed(r);
}

/* By track, then time: a sample lasts until the next one of its thread. */
static bool in_order(struct chrome_reader *r, struct pd_sort_item **out)
{
	size_t n = r->sample.n;
	struct pd_sort_item *item = malloc(2 * (n + 1) * sizeof *item);

	if (!item)
		return chrome_give_up(r);
	for (size_t i = 0; i < n; i++)
		item[i] = (struct pd_sort_item){ (uint64_t)r->sample.v[i].ts ^ UINT64_C(1) << 63, (uint32_t)i };
	pd_sort_u64(item, item + n + 1, n);
	for (size_t i = 0; i < n; i++)
		item[i].key = r->sample.v[item[i].row].track;
	pd_sort_u64(item, item + n + 1, n);
	*out = item;
	return true;
}

bool chrome_send_samples(struct chrome_reader *r)
{
	struct pd_sort_item *item = NULL;

	if (!r->sample.n)
		return true;
	if (!in_order(r, &item))
		return false;
	for (size_t i = 0; i < r->sample.n && !failed(r) && !r->ev->failed; i++) {
		const struct chrome_sample *s = &r->sample.v[item[i].row], *next = i + 1 < r->sample.n ? &r->sample.v[item[i + 1].row] : NULL;
		struct pd_event e = { .kind = PD_EV_SAMPLE, .flags = PD_EV_LASTING, .track = { s->track }, .ts = s->ts, .values = &s->weight, .n_values = 1 };

		e.stack = chrome_resolve(r, r->stacks.frame.v, r->stacks.frame.n, s->stack);
		if (!next || next->track != s->track || pd_sub_overflow(next->ts, s->ts, &e.dur))
			e.dur = 0;
		pd_events_event(r->ev, &e);
	}
	free(item);
	return !failed(r);
}

void chrome_stacks_read_release(struct chrome_reader *r)
{
	pd_vec_release(&r->stacks.entry);
	pd_vec_release(&r->stacks.frame);
	pd_vec_release(&r->stacks.path);
}
