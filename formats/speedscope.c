/*
 * speedscope - the file format of the viewer of that name (all versions so far: 0.0.1 to 1.25).
 *
 *   {"$schema":"https://www.speedscope.app/file-format-schema.json",
 *    "shared":{"frames":[{"name":"main","file":"main.c","line":3}]},
 *    "profiles":[
 *      {"type":"sampled","name":"app (pid 1), worker (tid 2)","unit":"seconds","startValue":0,"endValue":1,
 *       "samples":[[0]],"weights":[1]},
 *      {"type":"evented","name":"t","unit":"none","startValue":0,"endValue":9,
 *       "events":[{"type":"O","at":0,"frame":0},{"type":"C","at":9,"frame":0}]}]}
 *
 * Every profile becomes rows whose label `thread` is its name; pid and tid are
 * taken from names as above. Profiles of one unit share a series. Times become
 * whole nanoseconds, other numbers keep up to nine decimals. Evented profiles
 * become one row per stretch of time with the same open frames.
 *
 * The viewer refuses events that do not nest; here they are repaired and
 * counted: an end whose frame is open further down ends what is above it, any
 * other end is ignored, what is open at the end ends there, events out of order
 * are sorted. `profiles` may come before `shared`, as many writers do it.
 */
#include "common/speedscope_rows.h"
#include "common/json_read.h"
#include "common/speedscope_write.h"

#define SCHEMA "https://www.speedscope.app/file-format-schema.json"

/* ---- values of the file ---- */

/* A string, or null as "". */
static bool take_text(struct pd_ss_reader *r, struct pd_span *s)
{
	*s = (struct pd_span){ "", 0 };
	return pd_json_type(&r->j) == PD_JSON_NULL ? pd_json_null(&r->j) : pd_json_string(&r->j, s);
}

static bool take_str(struct pd_ss_reader *r, pd_str *out)
{
	struct pd_span s;

	if (!take_text(r, &s))
		return false;
	*out = pd_intern(r->b, s.p, s.n);
	return true;
}

/* An integer where there is one; anything else counts as absent. */
static bool take_optional_i64(struct pd_ss_reader *r, int64_t *out, bool *has)
{
	struct pd_number num;

	if (pd_json_type(&r->j) != PD_JSON_NUMBER)
		return pd_json_skip(&r->j);
	if (!pd_json_number(&r->j, &num))
		return false;
	*has = pd_number_i64(&num, out);
	return true;
}

static bool take_number(struct pd_ss_reader *r, struct pd_ss_number *out)
{
	struct pd_number num;

	if (!pd_json_number(&r->j, &num))
		return false;
	if (num.exp10 < INT16_MIN || num.exp10 > INT16_MAX)
		return pd_json_fail(&r->j, "a number is out of range");
	out->digits = num.digits;
	out->exp10 = (int16_t)num.exp10;
	out->negative = num.negative;
	out->exact = num.exact;
	return true;
}

static bool take_index(struct pd_ss_reader *r, uint32_t *out)
{
	int64_t v;

	if (!pd_json_i64(&r->j, &v))
		return false;
	if (v < 0 || v >= UINT32_MAX)
		return pd_json_fail(&r->j, "expected the number of a frame");
	*out = (uint32_t)v;
	return true;
}

/* ---- frames ---- */

static bool read_frame(struct pd_ss_reader *r)
{
	struct pd_func_desc fn = { .name = { 0 } };
	struct pd_line line = { .line = 0 };
	struct pd_frame_desc f = { .n_lines = 1, .lines = &line };
	struct pd_span key;
	bool has;

	pd_json_object(&r->j);
	while (pd_json_member(&r->j, &key)) {
		if (pd_json_is(key, "name"))
			take_str(r, &fn.name);
		else if (pd_json_is(key, "file"))
			take_str(r, &fn.file);
		else if (pd_json_is(key, "line"))
			take_optional_i64(r, &line.line, &has);
		else if (pd_json_is(key, "col"))
			take_optional_i64(r, &line.column, &has);
		else
			pd_json_skip(&r->j);
	}
	if (pd_json_failed(&r->j))
		return false;
	if (!fn.name.v)
		fn.name = pd_intern_z(r->b, "[unknown]");
	line.func = pd_func_add(r->b, &fn);
	return pd_vec_push(&r->frame, pd_frame_add(r->b, &f)) || pd_ss_no_memory(r);
}

static bool read_shared(struct pd_ss_reader *r)
{
	struct pd_span key;

	pd_json_object(&r->j);
	while (pd_json_member(&r->j, &key)) {
		if (!pd_json_is(key, "frames") || r->has_frames) {
			pd_json_skip(&r->j);
			continue;
		}
		pd_json_array(&r->j);
		while (pd_json_element(&r->j))
			read_frame(r);
		r->has_frames = true;
	}
	return !pd_json_failed(&r->j);
}

/* ---- one profile ---- */

static bool read_unit(struct pd_ss_reader *r, enum pd_ss_unit *out)
{
	static const struct { const char *name; enum pd_ss_unit unit; } known[] = {
		{ "none", UNIT_NONE }, { "bytes", UNIT_BYTES }, { "nanoseconds", UNIT_NS },
		{ "microseconds", UNIT_US }, { "milliseconds", UNIT_MS }, { "seconds", UNIT_S },
	};
	struct pd_span s;

	if (!take_text(r, &s))
		return false;
	*out = UNIT_NONE;
	for (size_t i = 0; i < PD_ARRAY_LEN(known); i++) {
		if (strlen(known[i].name) == s.n && memcmp(known[i].name, s.p, s.n) == 0) {
			*out = known[i].unit;
			return true;
		}
	}
	return pd_json_note(&r->j, "profiles of an unknown unit taken as plain numbers");
}

static bool read_sample(struct pd_ss_reader *r, struct pd_ss_profile *p)
{
	uint32_t frame = 0, row = 0;

	r->sample.n = 0;
	pd_json_array(&r->j);
	while (pd_json_element(&r->j))
		if (take_index(r, &frame) && !pd_vec_push(&r->sample, frame))
			return pd_ss_no_memory(r);
	if (pd_json_failed(&r->j))
		return false;
	if (r->sample.n) {
		row = pd_ss_path_row(&r->paths, r->sample.v, r->sample.n);
		if (!row)
			return pd_ss_no_memory(r);
	}
	return pd_vec_push(&p->sample, row) || pd_ss_no_memory(r);
}

static bool read_event(struct pd_ss_reader *r, struct pd_ss_profile *p)
{
	struct pd_ss_number e = { 0 };
	bool has_at = false, has_frame = false, has_type = false;
	struct pd_span key, type;

	pd_json_object(&r->j);
	while (pd_json_member(&r->j, &key)) {
		if (pd_json_is(key, "at")) {
			has_at = take_number(r, &e);
		} else if (pd_json_is(key, "frame")) {
			has_frame = take_index(r, &e.frame);
		} else if (pd_json_is(key, "type") && pd_json_string(&r->j, &type)) {
			e.opens = pd_json_is(type, "O");
			has_type = e.opens || pd_json_is(type, "C");
		} else if (!pd_json_failed(&r->j) && !pd_json_is(key, "type")) {
			pd_json_skip(&r->j);
		}
	}
	if (pd_json_failed(&r->j))
		return false;
	if (!has_at || !has_frame || !has_type)
		return pd_json_fail(&r->j, "expected an event with type \"O\" or \"C\", at and frame");
	return pd_vec_push(&p->number, e) || pd_ss_no_memory(r);
}

static bool read_list(struct pd_ss_reader *r, struct pd_ss_profile *p, bool (*item)(struct pd_ss_reader *, struct pd_ss_profile *))
{
	uint64_t held = sizeof(struct pd_ss_number);

	pd_json_array(&r->j);
	while (pd_json_element(&r->j) && item(r, p)) {
		held = p->number.cap * sizeof(struct pd_ss_number) + p->sample.cap * sizeof(uint32_t) + r->paths.frame.cap * sizeof(uint32_t);
		if (held > r->sink->limits->max_memory && r->j.status == PD_OK)
			r->j.status = pd_error_set(r->sink->err, PD_ERR_LIMIT, "a profile needs more than %llu bytes of memory",
						   (unsigned long long)r->sink->limits->max_memory);
	}
	return !pd_json_failed(&r->j);
}

static bool read_weight(struct pd_ss_reader *r, struct pd_ss_profile *p)
{
	struct pd_ss_number n = { 0 };

	return take_number(r, &n) && (pd_vec_push(&p->number, n) || pd_ss_no_memory(r));
}

/* What profdata's writer adds to a profile so that reading it back loses less. */
static bool read_own(struct pd_ss_reader *r, struct pd_ss_profile *p)
{
	struct pd_span key;
	bool times = false;

	p->is_own = r->is_own = true;
	pd_json_object(&r->j);
	while (pd_json_member(&r->j, &key)) {
		if (pd_json_is(key, "type"))
			take_str(r, &p->type);
		else if (pd_json_is(key, "unit"))
			take_str(r, &p->type_unit);
		else if (pd_json_is(key, "comm"))
			take_str(r, &p->comm);
		else if (pd_json_is(key, "pid"))
			take_optional_i64(r, &p->pid, &p->has_pid);
		else if (pd_json_is(key, "tid"))
			take_optional_i64(r, &p->tid, &p->has_tid);
		else if (pd_json_is(key, "times"))
			pd_json_bool(&r->j, &times);
		else
			pd_json_skip(&r->j);
	}
	p->no_times = !times;
	return !pd_json_failed(&r->j);
}

static bool read_type(struct pd_ss_reader *r, struct pd_ss_profile *p)
{
	struct pd_span s;

	if (!pd_json_string(&r->j, &s))
		return false;
	p->is_evented = pd_json_is(s, "evented");
	p->is_sampled = pd_json_is(s, "sampled");
	return p->is_evented || p->is_sampled || pd_json_fail(&r->j, "expected a profile of type \"evented\" or \"sampled\"");
}

static bool read_profile_fields(struct pd_ss_reader *r, struct pd_ss_profile *p)
{
	struct pd_span key;

	pd_json_object(&r->j);
	while (pd_json_member(&r->j, &key)) {
		if (pd_json_is(key, "type"))
			read_type(r, p);
		else if (pd_json_is(key, "name"))
			take_str(r, &p->name);
		else if (pd_json_is(key, "unit"))
			read_unit(r, &p->unit);
		else if (pd_json_is(key, "startValue"))
			take_number(r, &p->start);
		else if (pd_json_is(key, "endValue"))
			p->has_end = take_number(r, &p->end);
		else if (pd_json_is(key, "samples") && !p->sample.n)
			read_list(r, p, read_sample);
		else if (pd_json_is(key, "weights") && !p->number.n)
			p->has_weights = read_list(r, p, read_weight);
		else if (pd_json_is(key, "events") && !p->number.n)
			p->has_events = read_list(r, p, read_event);
		else if (pd_json_is(key, "profdata") && pd_json_type(&r->j) == PD_JSON_OBJECT)
			read_own(r, p);
		else
			pd_json_skip(&r->j);
	}
	return !pd_json_failed(&r->j);
}

static void release_profile(struct pd_ss_profile *p)
{
	pd_vec_release(&p->number);
	pd_vec_release(&p->sample);
}

/* ---- the file ---- */

static bool read_profiles(struct pd_ss_reader *r)
{
	pd_json_array(&r->j);
	while (pd_json_element(&r->j)) {
		struct pd_ss_profile p = { .offset = pd_json_offset(&r->j) };
		bool kept = false;

		if (read_profile_fields(r, &p) && r->has_frames)
			pd_ss_convert(r, &p);
		else if (!pd_json_failed(&r->j))
			kept = pd_vec_push(&r->waiting, p) || pd_ss_no_memory(r);
		if (!kept)
			release_profile(&p);
	}
	r->has_profiles = true;
	return !pd_json_failed(&r->j);
}

static bool read_file(struct pd_ss_reader *r)
{
	struct pd_meta *m = pd_builder_meta(r->b);
	struct pd_span key;
	pd_str name = { 0 };
	bool has;

	pd_json_object(&r->j);
	while (pd_json_member(&r->j, &key)) {
		if (pd_json_is(key, "shared"))
			read_shared(r);
		else if (pd_json_is(key, "profiles"))
			read_profiles(r);
		else if (pd_json_is(key, "exporter"))
			take_str(r, &m->producer);
		else if (pd_json_is(key, "name"))
			take_str(r, &name);
		else if (pd_json_is(key, "activeProfileIndex"))
			take_optional_i64(r, &r->active, &has);
		else
			pd_json_skip(&r->j);
	}
	if (!pd_json_finish(&r->j))
		return false;
	if (!r->has_frames || !r->has_profiles) {
		struct pd_ss_profile file = { .offset = 0 };

		return pd_ss_fail(r, &file, r->has_frames ? "expected 'profiles' in a speedscope file" : "expected 'shared.frames' in a speedscope file");
	}
	for (size_t i = 0; i < r->waiting.n; i++)
		if (!pd_ss_convert(r, &r->waiting.v[i]))
			return false;
	if (name.v && !r->is_own) /* profdata's own titles are made up */
		pd_builder_comment(r->b, name);
	if (r->column.n > 1 && r->active >= 0 && (uint64_t)r->active < r->type.n)
		m->default_sample_type = r->type.v[r->active];
	return true;
}

static enum pd_status speedscope_read(struct pd_source *src, struct pd_sink *sink, const void *opts)
{
	struct pd_ss_reader r = { .src = src, .sink = sink, .b = sink->prof };
	enum pd_status st;

	(void)opts;
	pd_json_init(&r.j, src, sink);
	read_file(&r);
	st = pd_json_status(&r.j);
	if (st == PD_OK && pd_builder_failed(sink->prof))
		st = pd_builder_status(sink->prof);
	pd_json_release(&r.j);
	for (size_t i = 0; i < r.waiting.n; i++)
		release_profile(&r.waiting.v[i]);
	pd_vec_release(&r.waiting);
	pd_vec_release(&r.frame);
	pd_vec_release(&r.paths.frame);
	pd_vec_release(&r.paths.row);
	free(r.paths.slot);
	pd_vec_release(&r.sample);
	pd_vec_release(&r.column);
	pd_vec_release(&r.type);
	pd_vec_release(&r.path);
	pd_vec_release(&r.open);
	return st;
}

/* ---- detection ---- */

static bool has_text(const struct pd_probe *p, const char *text)
{
	return memmem(p->head.p, p->head.n, text, strlen(text)) != NULL;
}

static enum pd_sniff speedscope_sniff(const struct pd_probe *p)
{
	if (p->json_top != '{')
		return PD_SNIFF_NO;
	if (pd_probe_has_key(p, "$schema") && has_text(p, SCHEMA))
		return PD_SNIFF_MAGIC;
	if (pd_probe_has_key(p, "shared") && pd_probe_has_key(p, "profiles"))
		return PD_SNIFF_SHAPE;
	if (pd_probe_has_key(p, "profiles") && has_text(p, "\"startValue\"") && (has_text(p, "\"sampled\"") || has_text(p, "\"evented\"")))
		return PD_SNIFF_SHAPE;
	if (!p->at_end && (pd_probe_has_key(p, "shared") || pd_probe_has_key(p, "profiles") || pd_probe_has_key(p, "exporter")))
		return PD_SNIFF_MORE;
	return PD_SNIFF_NO;
}

static const struct pd_opt options[] = {
	{ 0, "name", "TEXT", "title of the file (default: the main binary)", PD_OPT_STR, PD_AT(struct pd_speedscope_opts, name, const char *), .choices = NULL },
	{ 0, "lines", "WHEN", "tell frames apart by line: auto (where there are no addresses), yes or no", PD_OPT_CHOICE,
	  PD_AT(struct pd_speedscope_opts, lines, const char *), .choices = (const char *const[]){ "auto", "yes", "no", NULL } },
	{ .kind = PD_OPT_END },
};

const struct pd_format pd_format_speedscope = {
	.name = "speedscope",
	.summary = "JSON of the speedscope viewer",
	.suffixes = (const char *const[]){ ".speedscope.json", ".speedscope", NULL },
	.keeps = PD_KEEPS_LINES | PD_KEEPS_TYPES | PD_KEEPS_SERIES | PD_KEEPS_DECIMALS,
	.opts_size = sizeof(struct pd_speedscope_opts),
	.opts = options,
	.sniff = speedscope_sniff,
	.read = speedscope_read,
	.write = pd_speedscope_write,
};
