/*
 * CPU profiles of V8 inside of traces: an event Profile that says whose it is,
 * then chunks with new nodes of the call tree, samples (node ids) and the time
 * between them, which may be negative: samples are put in order of time at the
 * end. Old traces have all of it in one event CpuProfile.
 */
#include "chrome/reader.h"
#include "base/hash.h"
#include "base/sort.h"

struct v8_sample {
	int64_t ts;
	uint32_t node; /* row */
};

struct chrome_v8 {
	pd_str id;
	int64_t pid;
	uint32_t track;
	int64_t now, end;                  /* ns; now: time of the last sample */
	PD_VEC(struct chrome_frame) node;  /* row 0 is none */
	PD_VEC(int64_t) node_id;
	struct pd_index by_id;
	PD_VEC(struct v8_sample) sample;
	size_t timed;                      /* samples that have a time */
	PD_VEC(int64_t) delta, child;      /* of the chunk, of the node being read */
};

static bool failed(const struct chrome_reader *r, const struct pd_json *j)
{
	return pd_json_failed(j) || pd_json_failed(&r->j) || pd_builder_failed(r->b);
}

/* ---- nodes ---- */

/* Row of the node with this id, made when new; 0 on failure. */
static uint32_t node_of(struct chrome_reader *r, struct chrome_v8 *p, int64_t id)
{
	uint32_t hash = pd_fold32(pd_hash_u64(r->b->key, (uint64_t)id, 1)), at, row;

	if (!pd_builder_index(r->b, &p->by_id, 1, NULL) || !pd_builder_reserve(r->b, &p->node, 1) || !pd_builder_reserve(r->b, &p->node_id, 1))
		return 0;
	for (row = pd_index_first(&p->by_id, hash, &at); row; row = pd_index_next(&p->by_id, hash, &at))
		if (p->node_id.v[row] == id)
			return row;
	row = (uint32_t)p->node.n++;
	p->node.v[row] = (struct chrome_frame){ 0 };
	p->node_id.v[p->node_id.n++] = id;
	pd_index_put(&p->by_id, hash, at, row);
	return row;
}

/* Members of callFrame; old files have them in the node itself. */
struct call_frame {
	pd_str name, url;
	int64_t line, column; /* from 0; -1 unknown */
};

static bool call_member(struct chrome_reader *r, struct pd_json *j, struct pd_span key, struct call_frame *f)
{
	struct pd_span s;
	bool has;

	if (pd_json_is(key, "functionName")) {
		if (chrome_take_text(j, &s))
			f->name = pd_intern(r->b, s.p, s.n);
	} else if (pd_json_is(key, "url")) {
		if (chrome_take_text(j, &s))
			f->url = pd_intern(r->b, s.p, s.n);
	} else if (pd_json_is(key, "lineNumber")) {
		chrome_take_i64(j, &f->line, &has);
	} else if (pd_json_is(key, "columnNumber")) {
		chrome_take_i64(j, &f->column, &has);
	} else {
		return false;
	}
	return true;
}

static pd_frame frame_of(struct chrome_reader *r, const struct call_frame *f)
{
	struct pd_func_desc func = { .name = f->name.v ? f->name : pd_intern_z(r->b, "(anonymous)"), .file = f->url };
	struct pd_line line = { 0 };

	func.start_line = f->line >= 0 && f->line < INT64_MAX ? f->line + 1 : 0;
	line.func = pd_func_add(r->b, &func);
	line.line = func.start_line;
	line.column = f->column >= 0 && f->column < INT64_MAX ? f->column + 1 : 0;
	return pd_frame_add(r->b, &(struct pd_frame_desc){ .n_lines = 1, .lines = &line });
}

static void read_call_frame(struct chrome_reader *r, struct pd_json *j, struct call_frame *f)
{
	struct pd_span key;

	if (!pd_json_maybe_object(j))
		return;
	while (pd_json_member(j, &key))
		if (!call_member(r, j, key, f))
			pd_json_skip(j);
}

/* The ids, for when the node's own is known. */
static void read_children(struct chrome_v8 *p, struct pd_json *j)
{
	int64_t id;
	bool has;

	if (!pd_json_maybe_array(j))
		return;
	while (pd_json_element(j)) {
		chrome_take_i64(j, &id, &has);
		if (has && !pd_vec_push(&p->child, id))
			return;
	}
}

static void read_node(struct chrome_reader *r, struct chrome_v8 *p, struct pd_json *j)
{
	struct call_frame f = { .line = -1, .column = -1 };
	int64_t id = 0, parent = 0;
	bool has_id = false, has_parent = false;
	struct pd_span key;
	uint32_t row, up;

	if (!pd_json_maybe_object(j))
		return;
	p->child.n = 0;
	while (pd_json_member(j, &key)) {
		if (pd_json_is(key, "id"))
			chrome_take_i64(j, &id, &has_id);
		else if (pd_json_is(key, "parent"))
			chrome_take_i64(j, &parent, &has_parent);
		else if (pd_json_is(key, "callFrame"))
			read_call_frame(r, j, &f);
		else if (pd_json_is(key, "children"))
			read_children(p, j);
		else if (!call_member(r, j, key, &f))
			pd_json_skip(j);
	}
	row = has_id ? node_of(r, p, id) : 0;
	up = has_parent ? node_of(r, p, parent) : 0;
	if (!row)
		return;
	/* V8 calls the frame above everything (root): the stack begins below it */
	if (!pd_json_is(pd_builder_string(r->b, f.name), "(root)"))
		p->node.v[row].frame = frame_of(r, &f);
	if (up)
		p->node.v[row].parent = up;
	for (size_t i = 0; i < p->child.n; i++) {
		uint32_t below = node_of(r, p, p->child.v[i]);

		if (below)
			p->node.v[below].parent = row;
	}
}

/* ---- samples ---- */

static void read_samples(struct chrome_reader *r, struct chrome_v8 *p, struct pd_json *j)
{
	int64_t id;
	bool has;

	if (!pd_json_maybe_array(j))
		return;
	while (pd_json_element(j)) {
		chrome_take_i64(j, &id, &has);
		if (!has || !pd_builder_reserve(r->b, &p->sample, 1))
			continue;
		p->sample.v[p->sample.n++] = (struct v8_sample){ .ts = 0, .node = node_of(r, p, id) };
	}
}

/* The times belong to the samples that have none yet, wherever in the chunk they stand: kept until its end. */
static void read_deltas(struct chrome_reader *r, struct chrome_v8 *p, struct pd_json *j)
{
	int64_t delta;
	bool has;

	if (!pd_json_maybe_array(j))
		return;
	while (pd_json_element(j)) {
		if (!chrome_take_time(r, j, &delta, &has))
			return;
		if (has && pd_builder_reserve(r->b, &p->delta, 1))
			p->delta.v[p->delta.n++] = delta;
	}
}

static void apply_deltas(struct chrome_reader *r, struct chrome_v8 *p)
{
	size_t i = 0;

	for (; p->timed < p->sample.n; p->timed++, i++) {
		if (i < p->delta.n && pd_add_overflow(p->now, p->delta.v[i], &p->now))
			p->now = INT64_MAX;
		p->sample.v[p->timed].ts = p->now;
	}
	if (i != p->delta.n)
		chrome_note(r, "chunks of V8 profiles with more or fewer times than samples");
	p->delta.n = 0;
}

/* {nodes, samples, ...} of a chunk; the old form has times in it too. */
static void read_cpu_profile(struct chrome_reader *r, struct chrome_v8 *p, struct pd_json *j)
{
	struct pd_span key;
	bool has;

	if (!pd_json_maybe_object(j))
		return;
	while (pd_json_member(j, &key)) {
		if (pd_json_is(key, "nodes") && pd_json_type(j) == PD_JSON_ARRAY) {
			pd_json_array(j);
			while (pd_json_element(j))
				read_node(r, p, j);
		} else if (pd_json_is(key, "samples")) {
			read_samples(r, p, j);
		} else if (pd_json_is(key, "timeDeltas")) {
			read_deltas(r, p, j);
		} else if (pd_json_is(key, "startTime")) {
			chrome_take_time(r, j, &p->now, &has);
		} else if (pd_json_is(key, "endTime")) {
			chrome_take_time(r, j, &p->end, &has);
		} else {
			pd_json_skip(j);
		}
	}
}

static void read_data(struct chrome_reader *r, struct chrome_v8 *p, struct pd_json *j)
{
	struct pd_span key;
	bool has;

	if (!pd_json_maybe_object(j))
		return;
	while (pd_json_member(j, &key)) {
		if (pd_json_is(key, "cpuProfile"))
			read_cpu_profile(r, p, j);
		else if (pd_json_is(key, "timeDeltas"))
			read_deltas(r, p, j);
		else if (pd_json_is(key, "startTime"))
			chrome_take_time(r, j, &p->now, &has);
		else if (pd_json_is(key, "endTime"))
			chrome_take_time(r, j, &p->end, &has);
		else
			pd_json_skip(j);
	}
	apply_deltas(r, p);
}

/* ---- profiles ---- */

/* Of the process and with the id; `fresh`: an event that begins one. */
static struct chrome_v8 *profile_of(struct chrome_reader *r, pd_str id, int64_t pid, bool fresh)
{
	struct chrome_v8 *p;

	for (size_t i = r->v8.n; i-- > 0 && !fresh;)
		if (r->v8.v[i]->pid == pid && r->v8.v[i]->id.v == id.v)
			return r->v8.v[i];
	p = calloc(1, sizeof *p);
	if (!p || !pd_vec_push(&r->v8, p)) {
		free(p);
		chrome_give_up(r);
		return NULL;
	}
	p->id = id;
	p->pid = pid;
	if (!pd_vec_push(&p->node, (struct chrome_frame){ 0 }) || !pd_vec_push(&p->node_id, INT64_C(0))) {
		chrome_give_up(r);
		return NULL;
	}
	return p;
}

bool chrome_v8_event(struct chrome_reader *r, struct pd_span name, struct pd_span id, const struct chrome_id *pid, const struct chrome_id *tid, struct pd_json *args)
{
	bool chunk = pd_json_is(name, "ProfileChunk"), data = false;
	struct chrome_v8 *p = profile_of(r, pd_intern(r->b, id.p, id.n), pid->number, !chunk);
	struct pd_span key;

	if (!p)
		return false;
	if (!p->track || !chunk)
		p->track = chrome_thread(r, pid, tid);
	if (pd_json_type(args) != PD_JSON_OBJECT)
		return pd_json_skip(args);
	pd_json_object(args);
	while (pd_json_member(args, &key)) {
		if (pd_json_is(key, "data")) {
			data = true;
			read_data(r, p, args);
		} else {
			pd_json_skip(args);
		}
	}
	if (!data && !failed(r, args))
		chrome_note(r, "V8 profiles without data");
	return !failed(r, args);
}

/* ---- at the end ---- */

static bool send(struct chrome_reader *r, struct chrome_v8 *p)
{
	size_t n = p->sample.n;
	struct pd_sort_item *item = malloc(2 * (n + 1) * sizeof *item);

	if (!item)
		return chrome_give_up(r);
	for (size_t i = 0; i < n; i++)
		item[i] = (struct pd_sort_item){ (uint64_t)p->sample.v[i].ts ^ UINT64_C(1) << 63, (uint32_t)i };
	pd_sort_u64(item, item + n + 1, n);
	for (size_t i = 0; i < n && !failed(r, &r->j) && !r->ev->failed; i++) {
		const struct v8_sample *s = &p->sample.v[item[i].row];
		int64_t next = i + 1 < n ? p->sample.v[item[i + 1].row].ts : p->end;
		struct pd_event e = { .kind = PD_EV_SAMPLE, .flags = PD_EV_LASTING, .track = { p->track }, .ts = s->ts };

		if (next > s->ts && pd_sub_overflow(next, s->ts, &e.dur))
			e.dur = INT64_MAX;
		e.stack = chrome_resolve(r, p->node.v, p->node.n, s->node);
		pd_events_event(r->ev, &e);
	}
	free(item);
	return !failed(r, &r->j);
}

bool chrome_v8_send(struct chrome_reader *r)
{
	for (size_t i = 0; i < r->v8.n; i++)
		if (r->v8.v[i]->track && !send(r, r->v8.v[i]))
			return false;
	return true;
}

void chrome_v8_release(struct chrome_reader *r)
{
	for (size_t i = 0; i < r->v8.n; i++) {
		struct chrome_v8 *p = r->v8.v[i];

		pd_vec_release(&p->node);
		pd_vec_release(&p->node_id);
		pd_index_release(&p->by_id);
		pd_vec_release(&p->sample);
		pd_vec_release(&p->delta);
		pd_vec_release(&p->child);
		free(p);
	}
	pd_vec_release(&r->v8);
}
