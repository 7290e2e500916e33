/*
 * Trace Event JSON → events, as they come: one event is in memory at a time.
 * Tolerant as the viewers are: arrays that are not closed, numbers in strings,
 * threads without number, members in any order.
 */
#include "chrome/reader.h"
#include "base/hash.h"
#include "common/json_scan.h"

/* A text of the event at hand: in the window, which may move, or in `copy`. */
struct piece {
	enum { NOWHERE, WINDOW, COPY } where;
	size_t at, n;
};

struct event {
	char ph;
	bool has_ts, has_dur, has_tdur, has_id, flow_in, flow_out, has_bind, enclosing;
	char instant; /* scope: g, p, t */
	int64_t ts, dur, tdur;
	uint64_t id, bind;
	struct piece name, cat, args, sf, esf, id_text, scope, pid_word, tid_word;
	uint64_t args_offset;
	struct chrome_id pid, tid;
	bool local_id;
};

bool chrome_give_up(struct chrome_reader *r)
{
	pd_builder_error(r->b, r->sink->err); /* a limit, perhaps */
	pd_error_set(r->sink->err, PD_ERR_NOMEM, "out of memory");
	r->j.status = r->sink->err->status;
	return false;
}

bool chrome_note(struct chrome_reader *r, const char *what)
{
	return pd_json_note(&r->j, what);
}

/* ---- values ---- */

static struct pd_span nothing(void)
{
	return (struct pd_span){ "", 0 };
}

bool chrome_take_time(struct chrome_reader *r, struct pd_json *j, int64_t *ns, bool *has)
{
	enum pd_json_type type = pd_json_type(j);
	struct pd_number num;
	struct pd_span s;

	*has = false;
	if (pd_likely(type == PD_JSON_NUMBER)) {
		*has = pd_json_scaled(j, 3, ns, &r->rounded);
		return *has;
	}
	if (type != PD_JSON_STRING)
		return pd_json_skip(j);
	if (!pd_json_string(j, &s))
		return false;
	*has = pd_number_parse(s, &num) && pd_number_scaled(&num, 3, ns, &r->rounded);
	return true;
}

bool chrome_take_i64(struct pd_json *j, int64_t *out, bool *has)
{
	enum pd_json_type type = pd_json_type(j);
	struct pd_number num;
	struct pd_span s;

	*has = false;
	if (type == PD_JSON_NUMBER) {
		if (!pd_json_number(j, &num))
			return false;
		*has = pd_number_i64(&num, out);
		return true;
	}
	if (type != PD_JSON_STRING)
		return pd_json_skip(j);
	if (!pd_json_string(j, &s))
		return false;
	*has = pd_number_parse(s, &num) && pd_number_i64(&num, out);
	return true;
}

bool chrome_take_text(struct pd_json *j, struct pd_span *out)
{
	struct pd_number num;

	*out = nothing();
	switch (pd_json_type(j)) {
	case PD_JSON_STRING:
		return pd_json_string(j, out);
	case PD_JSON_NUMBER:
		if (!pd_json_number(j, &num))
			return false;
		*out = num.text;
		return true;
	default:
		return pd_json_skip(j);
	}
}

static struct piece keep_piece(struct chrome_reader *r, struct pd_span s)
{
	struct piece p = { WINDOW, (size_t)(s.p - r->j.keep), s.n };

	if (s.n == 0)
		return (struct piece){ NOWHERE, 0, 0 };
	if (pd_likely(pd_json_kept(&r->j, s.p)))
		return p;
	if (!pd_vec_reserve(&r->copy, s.n)) {
		chrome_give_up(r);
		return (struct piece){ NOWHERE, 0, 0 };
	}
	p = (struct piece){ COPY, r->copy.n, s.n };
	memcpy(r->copy.v + r->copy.n, s.p, s.n);
	r->copy.n += s.n;
	return p;
}

static struct pd_span piece_text(const struct chrome_reader *r, struct piece p)
{
	if (p.where == NOWHERE)
		return nothing();
	return (struct pd_span){ (p.where == WINDOW ? r->j.keep : r->copy.v) + p.at, p.n };
}

static bool take_piece(struct chrome_reader *r, struct piece *out)
{
	struct pd_span s;

	if (!chrome_take_text(&r->j, &s))
		return false;
	*out = keep_piece(r, s);
	return true;
}

/* A pid or tid. Numbers in strings are numbers. */
static bool take_id(struct chrome_reader *r, struct chrome_id *id, struct piece *word)
{
	enum pd_json_type type = pd_json_type(&r->j);
	struct pd_number num;
	struct pd_span s;
	int64_t n;

	if (pd_likely(type == PD_JSON_NUMBER)) {
		if (!pd_json_number(&r->j, &num))
			return false;
		id->kind = pd_number_i64(&num, &id->number) ? CHROME_ID_NUMBER : CHROME_ID_NONE;
		return true;
	}
	if (type != PD_JSON_STRING)
		return pd_json_skip(&r->j);
	if (!pd_json_string(&r->j, &s))
		return false;
	if (pd_number_parse(s, &num) && pd_number_i64(&num, &n)) {
		id->kind = CHROME_ID_NUMBER;
		id->number = n;
	} else if (s.n) {
		id->kind = CHROME_ID_WORD;
		*word = keep_piece(r, s);
	}
	return true;
}

/* "0x1f", "31", 31 as a number; other words as their hash. */
static uint64_t id_value(struct pd_span s)
{
	struct pd_number num;
	uint64_t v = 0;
	int64_t n;

	if (s.n > 2 && s.n <= 18 && s.p[0] == '0' && (s.p[1] | 0x20) == 'x') {
		for (size_t i = 2; i < s.n; i++) {
			char c = s.p[i];
			int d = c >= '0' && c <= '9' ? c - '0' : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10 : -1;

			if (d < 0)
				return pd_hash_bytes(0, s.p, s.n);
			v = v << 4 | (uint64_t)d;
		}
		return v;
	}
	if (s.n && pd_number_parse(s, &num) && pd_number_i64(&num, &n))
		return (uint64_t)n;
	return pd_hash_bytes(0, s.p, s.n);
}

static bool take_event_id(struct chrome_reader *r, struct event *e)
{
	struct pd_span s;

	if (!chrome_take_text(&r->j, &s))
		return false;
	e->has_id = s.n > 0;
	e->id = id_value(s);
	e->id_text = keep_piece(r, s);
	return true;
}

/* {"local": id} or {"global": id} */
static bool take_id2(struct chrome_reader *r, struct event *e)
{
	struct pd_span key;

	if (pd_json_type(&r->j) != PD_JSON_OBJECT)
		return pd_json_skip(&r->j);
	pd_json_object(&r->j);
	while (pd_json_member(&r->j, &key)) {
		e->local_id = pd_json_is(key, "local");
		take_event_id(r, e);
	}
	return !pd_json_failed(&r->j);
}

static bool take_flag(struct chrome_reader *r, bool *out)
{
	return pd_json_type(&r->j) == PD_JSON_BOOL ? pd_json_bool(&r->j, out) : pd_json_skip(&r->j);
}

/* First character of a string, 0 for anything else. */
static bool take_char(struct chrome_reader *r, char *out)
{
	struct pd_span s = nothing();
	bool fine = pd_json_type(&r->j) == PD_JSON_STRING ? pd_json_string(&r->j, &s) : pd_json_skip(&r->j);

	*out = s.n ? s.p[0] : '\0';
	return fine;
}

static bool take_args(struct chrome_reader *r, struct event *e)
{
	size_t from;

	pd_json_type(&r->j); /* past white space */
	from = (size_t)(r->j.p - r->j.keep);
	e->args_offset = pd_json_offset(&r->j);
	if (!pd_json_skip(&r->j))
		return false;
	e->args = (struct piece){ WINDOW, from, (size_t)(r->j.p - r->j.keep) - from };
	return true;
}

/* ---- members ---- */

#define KEY2(a, b) ((uint16_t)((unsigned char)(a) | (unsigned char)(b) << 8))
#define KEY4(a, b, c, d) ((uint32_t)(unsigned char)(a) | (uint32_t)(unsigned char)(b) << 8 | (uint32_t)(unsigned char)(c) << 16 | (uint32_t)(unsigned char)(d) << 24)

static unsigned key2(const char *p) { return (unsigned char)p[0] | (unsigned)(unsigned char)p[1] << 8; }
static uint32_t key4(const char *p) { return key2(p) | (uint32_t)key2(p + 2) << 16; }

static bool member_rare(struct chrome_reader *r, struct event *e, struct pd_span key)
{
	struct pd_span s;
	bool has;

	if (pd_json_is(key, "tdur"))
		return chrome_take_time(r, &r->j, &e->tdur, &e->has_tdur);
	if (pd_json_is(key, "s"))
		return take_char(r, &e->instant);
	if (pd_json_is(key, "id2"))
		return take_id2(r, e);
	if (pd_json_is(key, "scope"))
		return take_piece(r, &e->scope);
	if (pd_json_is(key, "sf"))
		return take_piece(r, &e->sf);
	if (pd_json_is(key, "esf"))
		return take_piece(r, &e->esf);
	if (pd_json_is(key, "flow_in"))
		return take_flag(r, &e->flow_in);
	if (pd_json_is(key, "flow_out"))
		return take_flag(r, &e->flow_out);
	if (pd_json_is(key, "bind_id")) {
		has = chrome_take_text(&r->j, &s);
		e->has_bind = has && s.n > 0;
		e->bind = id_value(s);
		return has;
	}
	return pd_json_skip(&r->j);
}

static bool member(struct chrome_reader *r, struct event *e, struct pd_span key)
{
	struct piece word = { NOWHERE, 0, 0 };
	char c;

	switch (key.n) {
	case 2:
		switch (key2(key.p)) {
		case KEY2('p', 'h'): return take_char(r, &e->ph);
		case KEY2('t', 's'): return chrome_take_time(r, &r->j, &e->ts, &e->has_ts);
		case KEY2('i', 'd'): return take_event_id(r, e);
		case KEY2('b', 'p'):
			if (!take_char(r, &c))
				return false;
			e->enclosing = c == 'e';
			return true;
		}
		break;
	case 3:
		switch (key2(key.p) << 8 | (unsigned char)key.p[2]) {
		case KEY2('d', 'u') << 8 | 'r': return chrome_take_time(r, &r->j, &e->dur, &e->has_dur);
		case KEY2('c', 'a') << 8 | 't': return take_piece(r, &e->cat);
		case KEY2('t', 't') << 8 | 's': return pd_json_skip(&r->j);
		case KEY2('p', 'i') << 8 | 'd':
			if (!take_id(r, &e->pid, &word))
				return false;
			e->pid_word = word;
			return true;
		case KEY2('t', 'i') << 8 | 'd':
			if (!take_id(r, &e->tid, &word))
				return false;
			e->tid_word = word;
			return true;
		}
		break;
	case 4:
		if (key4(key.p) == KEY4('n', 'a', 'm', 'e'))
			return take_piece(r, &e->name);
		if (key4(key.p) == KEY4('a', 'r', 'g', 's'))
			return take_args(r, e);
		break;
	}
	return member_rare(r, e, key);
}

/* ---- arguments ---- */

static struct pd_span keep_arg_text(struct chrome_reader *r, struct pd_span s, const struct pd_span *args)
{
	struct pd_span kept;

	if (s.p >= args->p && s.p <= args->p + args->n)
		return s;
	/* room for all of them was made: an unescaped text is shorter than what it was made of */
	kept = (struct pd_span){ r->arg_text.v + r->arg_text.n, s.n };
	memcpy(r->arg_text.v + r->arg_text.n, s.p, s.n);
	r->arg_text.n += s.n;
	return kept;
}

static void take_arg(struct chrome_reader *r, struct pd_json *j, struct pd_arg *a, const struct pd_span *args)
{
	struct pd_number num;
	const char *from;

	switch (pd_json_type(j)) {
	case PD_JSON_STRING:
		a->kind = PD_ARG_STR;
		if (pd_json_string(j, &a->str))
			a->str = keep_arg_text(r, a->str, args);
		return;
	case PD_JSON_BOOL:
		a->kind = PD_ARG_BOOL;
		pd_json_bool(j, &a->yes);
		return;
	case PD_JSON_NUMBER:
		if (!pd_json_number(j, &num))
			return;
		a->kind = PD_ARG_INT;
		if (num.exp10 != 0 || !pd_number_i64(&num, &a->i) || (num.negative && !a->i)) {
			a->kind = PD_ARG_JSON; /* as written: nothing is rounded */
			a->str = num.text;
		}
		return;
	default:
		from = j->p;
		a->kind = PD_ARG_JSON;
		pd_json_skip(j);
		a->str = (struct pd_span){ from, (size_t)(j->p - from) };
		if (a->str.n && memchr("NI-", a->str.p[0], 3))
			a->str = (struct pd_span){ "null", 4 };
	}
}

/* The members of args, good until the next event. What is no object ("__stripped__") has none. */
static bool parse_args(struct chrome_reader *r, const struct event *e)
{
	struct pd_span text = piece_text(r, e->args), key;
	struct pd_json j;

	r->arg.n = r->arg_text.n = 0;
	if (!text.n || text.p[0] != '{')
		return true;
	if (!pd_vec_reserve(&r->arg_text, 4 * text.n + 16)) /* a broken surrogate of 6 bytes becomes 3, a NaN 4 */
		return chrome_give_up(r);
	pd_json_init_piece(&j, &r->j, text, e->args_offset);
	pd_json_object(&j);
	while (pd_json_member(&j, &key)) {
		struct pd_arg a = { .key = keep_arg_text(r, key, &text) };

		take_arg(r, &j, &a, &text);
		if (!pd_vec_push(&r->arg, a)) {
			chrome_give_up(r);
			break;
		}
	}
	if (pd_json_failed(&j))
		r->j.status = pd_json_status(&j);
	pd_json_release(&j);
	return !pd_json_failed(&r->j);
}

static const struct pd_arg *find_arg(const struct chrome_reader *r, const char *key)
{
	for (size_t i = 0; i < r->arg.n; i++)
		if (r->arg.v[i].key.n == strlen(key) && memcmp(r->arg.v[i].key.p, key, r->arg.v[i].key.n) == 0)
			return &r->arg.v[i];
	return NULL;
}

/* ---- metadata ---- */

static bool arg_number(const struct pd_arg *a, double *out)
{
	struct pd_number num;

	if (!a)
		return false;
	if (a->kind == PD_ARG_INT) {
		*out = (double)a->i;
		return true;
	}
	if ((a->kind != PD_ARG_JSON && a->kind != PD_ARG_STR) || !pd_number_parse(a->str, &num))
		return false;
	*out = pd_number_double(&num);
	return true;
}

static void set_name(struct chrome_reader *r, uint32_t track)
{
	const struct pd_arg *a = find_arg(r, "name");

	if (!track || !a || a->kind != PD_ARG_STR)
		return;
	r->track.v[track].name = pd_intern(r->b, a->str.p, a->str.n);
	chrome_tell(r, track);
}

static void set_sort(struct chrome_reader *r, uint32_t track)
{
	double v;

	if (!track || !arg_number(find_arg(r, "sort_index"), &v) || !(v >= INT32_MIN && v <= INT32_MAX))
		return;
	r->track.v[track].sort = (int32_t)v;
	r->track.v[track].sorted = true;
	chrome_tell(r, track);
}

static bool metadata(struct chrome_reader *r, struct event *e)
{
	struct pd_span name = piece_text(r, e->name);
	struct pd_json j;

	if (pd_json_is(name, "stackFrames")) {
		bool fine;

		pd_json_init_piece(&j, &r->j, piece_text(r, e->args), e->args_offset);
		fine = e->args.n == 0 || chrome_read_stack_frames(r, &j);
		pd_json_release(&j);
		return fine;
	}
	if (!parse_args(r, e))
		return false;
	if (pd_json_is(name, "process_name"))
		set_name(r, chrome_process(r, &e->pid));
	else if (pd_json_is(name, "thread_name"))
		set_name(r, chrome_thread(r, &e->pid, &e->tid));
	else if (pd_json_is(name, "process_sort_index"))
		set_sort(r, chrome_process(r, &e->pid));
	else if (pd_json_is(name, "thread_sort_index"))
		set_sort(r, chrome_thread(r, &e->pid, &e->tid));
	return !pd_json_failed(&r->j);
}

/* ---- events ---- */

void chrome_start(struct chrome_reader *r, int64_t ts)
{
	struct pd_trace_desc d = { .size = sizeof d, .clock = { "trace", 5 } };

	if (r->started)
		return;
	r->started = true;
	/* beyond 2^53 ns a double of microseconds does not tell nanoseconds apart: viewers get times from the first one on */
	d.has_origin = ts > INT64_C(1) << 53 || ts < -(INT64_C(1) << 53);
	d.origin = ts;
	pd_events_start(r->ev, &d);
}

static bool counter(struct chrome_reader *r, struct event *e)
{
	uint32_t process = chrome_process(r, &e->pid), track;
	struct pd_event out = { .kind = PD_EV_COUNTER, .ts = e->ts };
	struct chrome_track *t;

	track = process ? chrome_counter(r, process, piece_text(r, e->name), piece_text(r, e->id_text)) : 0;
	if (!track || !parse_args(r, e))
		return false;
	for (size_t i = 0; i < r->arg.n; i++) {
		double v;
		int s;

		if (!arg_number(&r->arg.v[i], &v))
			continue;
		s = chrome_series(r, track, r->arg.v[i].key);
		if (s >= 0)
			r->track.v[track].value.v[s] = v;
	}
	t = &r->track.v[track];
	if (!t->series.n || pd_json_failed(&r->j))
		return !pd_json_failed(&r->j);
	if (!t->told)
		chrome_tell(r, track);
	out.track.v = track;
	out.values = t->value.v;
	out.n_values = (uint32_t)t->value.n;
	pd_events_event(r->ev, &out);
	return true;
}

/* The new way of arrows: bind_id on slices. */
static void flow_of_slice(struct chrome_reader *r, const struct event *e, uint32_t track)
{
	struct pd_event out = { .track = { track }, .ts = e->ts, .id = e->bind, .name = { "flow", 4 }, .category = { "flow", 4 } };

	if (!e->flow_in && !e->flow_out)
		return;
	out.kind = !e->flow_in ? PD_EV_FLOW_BEGIN : e->flow_out ? PD_EV_FLOW_STEP : PD_EV_FLOW_END;
	if (out.kind == PD_EV_FLOW_END)
		out.flags = PD_EV_ENCLOSING;
	pd_events_event(r->ev, &out);
}

static void async_id(struct chrome_reader *r, const struct event *e, struct pd_event *out)
{
	struct pd_span scope = piece_text(r, e->scope);

	out->id = e->id;
	if (scope.n)
		out->id = pd_hash_mix(out->id ^ PD_HASH_C1, pd_hash_bytes(0, scope.p, scope.n));
	if (e->local_id)
		out->id = pd_hash_mix(out->id ^ PD_HASH_C1, (uint64_t)e->pid.number ^ PD_HASH_C2);
}

/* What kind of event a phase is; PD_EV_KINDS when it is none of them. */
static enum pd_event_kind kind_of(const struct event *e)
{
	switch (e->ph) {
	case 'X': return PD_EV_SLICE;
	case 'B': return PD_EV_BEGIN;
	case 'E': return PD_EV_END;
	case 'I': case 'i': case 'R': return PD_EV_INSTANT;
	case 's': return PD_EV_FLOW_BEGIN;
	case 't': return PD_EV_FLOW_STEP;
	case 'f': return PD_EV_FLOW_END;
	case 'b': case 'S': case 'N': return PD_EV_ASYNC_BEGIN;
	case 'e': case 'F': case 'D': return PD_EV_ASYNC_END;
	case 'n': case 'p': case 'O': return PD_EV_ASYNC_INSTANT;
	case 'T': return e->has_id ? PD_EV_ASYNC_INSTANT : PD_EV_KINDS;
	case 'P': return PD_EV_SAMPLE;
	default: return PD_EV_KINDS;
	}
}

static bool timed(struct chrome_reader *r, struct event *e, enum pd_event_kind kind)
{
	struct pd_event out = { .kind = kind, .ts = e->ts, .name = piece_text(r, e->name), .category = piece_text(r, e->cat) };

	out.track.v = chrome_thread(r, &e->pid, &e->tid);
	if (!out.track.v)
		return false;
	if (e->sf.n)
		out.stack = chrome_stack(r, piece_text(r, e->sf));
	if (e->esf.n)
		*(kind == PD_EV_END ? &out.stack : &out.end_stack) = chrome_stack(r, piece_text(r, e->esf));
	if (r->wants_args && e->args.n) {
		if (!parse_args(r, e))
			return false;
		out.args = r->arg.v;
		out.n_args = (uint32_t)r->arg.n;
	}
	if (kind == PD_EV_SLICE) {
		out.dur = e->has_dur ? e->dur : e->has_tdur ? e->tdur : 0;
		if (!e->has_dur && !chrome_note(r, "complete events without dur"))
			return false;
		if (out.dur < 0 && !chrome_note(r, "complete events with negative dur"))
			return false;
	} else if (kind == PD_EV_INSTANT) {
		out.flags = e->instant == 'g' ? PD_EV_GLOBAL : e->instant == 'p' ? PD_EV_PROCESS : 0;
	} else if (kind == PD_EV_FLOW_END) {
		out.flags = e->enclosing ? PD_EV_ENCLOSING : 0;
	}
	if (kind >= PD_EV_FLOW_BEGIN && kind <= PD_EV_ASYNC_INSTANT)
		async_id(r, e, &out);
	pd_events_event(r->ev, &out);
	if (e->has_bind)
		flow_of_slice(r, e, out.track.v);
	return true;
}

static bool is_v8(const struct chrome_reader *r, const struct event *e)
{
	struct pd_span name = piece_text(r, e->name);

	return e->ph == 'P' ? pd_json_is(name, "Profile") || pd_json_is(name, "ProfileChunk") : e->ph == 'I' && pd_json_is(name, "CpuProfile");
}

static bool v8(struct chrome_reader *r, struct event *e)
{
	struct pd_json j;
	bool fine;

	if (!e->args.n)
		return chrome_note(r, "V8 profiles without data");
	pd_json_init_piece(&j, &r->j, piece_text(r, e->args), e->args_offset);
	fine = chrome_v8_event(r, piece_text(r, e->name), piece_text(r, e->id_text), &e->pid, &e->tid, &j);
	if (pd_json_failed(&j) && !pd_json_failed(&r->j))
		r->j.status = pd_json_status(&j);
	pd_json_release(&j);
	return fine;
}

static bool dispatch(struct chrome_reader *r, struct event *e)
{
	enum pd_event_kind kind = kind_of(e);

	e->pid.word = piece_text(r, e->pid_word);
	e->tid.word = piece_text(r, e->tid_word);
	if (e->pid.kind == CHROME_ID_NONE)
		e->pid = (struct chrome_id){ .kind = CHROME_ID_NUMBER, .number = 0 };
	if (e->ph == 'M')
		return metadata(r, e);
	if (!e->ph)
		return chrome_note(r, "objects without a phase (ph) left out");
	if (!e->has_ts)
		return chrome_note(r, "events without a time (ts) left out");
	chrome_start(r, e->ts);
	if (e->ts > r->last)
		r->last = e->ts;
	if (is_v8(r, e))
		return v8(r, e);
	if (e->ph == 'C')
		return counter(r, e);
	if (kind == PD_EV_KINDS)
		return chrome_note(r, "events of kinds that have no counterpart (memory dumps, thread states, clocks) left out");
	return timed(r, e, kind);
}

/* ---- the usual event ---- */

#define MARGIN 64 /* bytes behind a key that may be loaded */

/* Digits with at most three behind a point, as thousandths; NULL for anything less usual. */
static const char *fast_time(const char *p, int64_t *ns)
{
	const char *first = p;
	unsigned digit;
	uint64_t v = 0;
	int left = 3;

	while ((digit = (unsigned)(*p - '0')) < 10) {
		v = v * 10 + digit;
		p++;
	}
	if (p == first || p - first > 15 || (*first == '0' && p - first > 1))
		return NULL;
	if (*p == '.') {
		for (first = ++p; left > 0 && (digit = (unsigned)(*p - '0')) < 10; p++, left--)
			v = v * 10 + digit;
		if (p == first)
			return NULL;
	}
	for (; left > 0; left--)
		v *= 10;
	*ns = (int64_t)v;
	return p;
}

static const char *fast_integer(const char *p, struct chrome_id *id)
{
	const char *first = p;
	unsigned digit;
	int64_t v = 0;

	while ((digit = (unsigned)(*p - '0')) < 10) {
		v = v * 10 + (int)digit;
		p++;
	}
	if (p == first || p - first > 15 || (*first == '0' && p - first > 1))
		return NULL;
	id->kind = CHROME_ID_NUMBER;
	id->number = v;
	return p;
}

/* A string without escapes, as a piece of the window that begins at `base`. */
static const char *fast_text(const char *p, const char *end, const char *base, struct piece *out)
{
	const char *stop;

	if (*p != '"')
		return NULL;
	stop = pd_json_plain_end(++p, end);
	if (stop == end || *stop != '"')
		return NULL;
	*out = (struct piece){ stop > p ? WINDOW : NOWHERE, (size_t)(p - base), (size_t)(stop - p) };
	return stop + 1;
}

static const char *fast_value(struct chrome_reader *r, struct event *e, uint64_t key, const char *p, const char *end, const char *base)
{
	struct piece text = { NOWHERE, 0, 0 };
	const char *from = p;
	int64_t ignored;

	switch (key) {
	case KEY2('p', 'h'):
		p = fast_text(p, end, base, &text);
		e->ph = p && text.n ? base[text.at] : '\0';
		return p;
	case KEY2('t', 's'):
		e->has_ts = true;
		return fast_time(p, &e->ts);
	case KEY2('d', 'u') | 'r' << 16:
		e->has_dur = true;
		return fast_time(p, &e->dur);
	case KEY4('t', 'd', 'u', 'r'):
		e->has_tdur = true;
		return fast_time(p, &e->tdur);
	case KEY2('t', 't') | 's' << 16:
		return fast_time(p, &ignored);
	case KEY2('p', 'i') | 'd' << 16:
		return fast_integer(p, &e->pid);
	case KEY2('t', 'i') | 'd' << 16:
		return fast_integer(p, &e->tid);
	case KEY4('n', 'a', 'm', 'e'):
		return fast_text(p, end, base, &e->name);
	case KEY2('c', 'a') | 't' << 16:
		return fast_text(p, end, base, &e->cat);
	case 's':
		p = fast_text(p, end, base, &text);
		e->instant = p && text.n ? base[text.at] : '\0';
		return p;
	case KEY4('a', 'r', 'g', 's'):
		if (*p != '{')
			return NULL;
		p = p[1] == '}' ? p + 2 : pd_json_container_end(p, end, r->j.max_depth - r->j.depth);
		if (p) {
			e->args = (struct piece){ WINDOW, (size_t)(from - base), (size_t)(p - from) };
			e->args_offset = pd_json_offset(&r->j) + (uint64_t)(from - base);
		}
		return p;
	}
	return NULL;
}

/* Past white space; NULL when there is nothing else before `end`. */
static const char *skip_to(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
		p++;
	return p < end ? p : NULL;
}

/*
 * An event of the usual members in the usual form that lies in the window as a whole: parsed at one go, a third of the
 * instructions. False when it is anything else, and then nothing has been taken.
 */
static bool fast_event(struct chrome_reader *r, struct event *e)
{
	const uint64_t ones = 0x0101010101010101ull, high = 0x8080808080808080ull;
	struct pd_span w = pd_json_window(&r->j);
	const char *p = w.p + 1, *end = w.p + w.n;

	if (__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__)
		return false;
	for (;;) {
		uint64_t v, quote;
		unsigned n;

		if (end - p < 2 * MARGIN)
			return false;
		if (*p != '"')
			p = skip_to(p, p + MARGIN);
		if (!p || *p != '"')
			return false;
		v = pd_load64(++p);
		quote = v ^ ones * '"';
		quote = (quote - ones) & ~quote & high;
		if (!quote)
			return false;
		n = pd_ctz64(quote) / 8;
		p += n + 1;
		if (*p++ != ':')
			return false;
		if (*p == ' ')
			p++;
		p = fast_value(r, e, v & ((UINT64_C(1) << 8 * n) - 1), p, end, w.p);
		if (!p || end - p < 2 * MARGIN)
			return false;
		if (*p != ',' && *p != '}')
			p = skip_to(p, p + MARGIN);
		if (!p || (*p != ',' && *p != '}'))
			return false;
		if (*p++ == '}')
			break;
	}
	pd_json_keep(&r->j);
	pd_json_advance(&r->j, p);
	return true;
}

/* One event at j; anything but an object is skipped. */
static bool read_event(struct chrome_reader *r)
{
	struct event e = { 0 };
	struct pd_span key;

	if (pd_json_type(&r->j) != PD_JSON_OBJECT)
		return pd_json_skip(&r->j) && chrome_note(r, "array elements that are no events left out");
	if (!fast_event(r, &e)) {
		e = (struct event){ 0 };
		r->copy.n = 0;
		pd_json_keep(&r->j);
		pd_json_object(&r->j);
		while (pd_json_member(&r->j, &key))
			if (!member(r, &e, key))
				break;
	}
	/* the last one of a file that just stops is not whole */
	if (!pd_json_failed(&r->j) && !r->j.ended) {
		r->n_events++;
		if (!dispatch(r, &e) && !pd_json_failed(&r->j))
			chrome_give_up(r);
	}
	pd_json_drop(&r->j);
	if (r->rounded && !r->noted_rounded) {
		r->noted_rounded = true;
		chrome_note(r, "traces with times finer than a nanosecond, rounded");
	}
	return !pd_json_failed(&r->j) && !r->ev->failed;
}

static void read_events(struct chrome_reader *r)
{
	if (pd_json_type(&r->j) != PD_JSON_ARRAY) {
		pd_json_fail(&r->j, "expected an array of events");
		return;
	}
	pd_json_array(&r->j);
	while (pd_json_element(&r->j))
		if (!read_event(r))
			return;
}

/* ---- the file ---- */

static void read_object(struct chrome_reader *r)
{
	bool events = false;
	struct pd_span key;

	pd_json_object(&r->j);
	while (pd_json_member(&r->j, &key)) {
		if (pd_json_is(key, "traceEvents")) {
			events = true;
			read_events(r);
		} else if (pd_json_is(key, "stackFrames")) {
			chrome_read_stack_frames(r, &r->j);
		} else if (pd_json_is(key, "samples")) {
			chrome_read_samples(r);
		} else {
			pd_json_skip(&r->j);
		}
		if (r->ev->failed)
			return;
	}
	if (!events && !r->j.ended)
		pd_json_fail(&r->j, "expected 'traceEvents' in a trace");
}

/* Writers that append leave more behind the end: said, not read. */
static void read_end(struct chrome_reader *r)
{
	struct pd_span rest;

	if (pd_json_failed(&r->j) || r->ev->failed)
		return;
	while (r->j.p < r->j.end && ((unsigned char)*r->j.p <= ' '))
		r->j.p++;
	rest = (struct pd_span){ r->j.p, (size_t)(r->j.end - r->j.p) };
	if (rest.n)
		chrome_note(r, "text behind the end of the trace left out");
	else
		pd_json_finish(&r->j);
}

static void release(struct chrome_reader *r)
{
	chrome_tracks_release(r);
	chrome_stacks_read_release(r);
	chrome_v8_release(r);
	pd_vec_release(&r->sample);
	pd_vec_release(&r->copy);
	pd_vec_release(&r->arg);
	pd_vec_release(&r->arg_text);
	pd_json_release(&r->j);
}

enum pd_status pd_chrome_read(struct pd_source *src, struct pd_sink *sink, struct pd_events *ev, const void *opts)
{
	struct chrome_reader r = { .src = src, .sink = sink, .b = sink->prof, .ev = ev, .wants_args = (ev->ops->wants & PD_WANTS_ARGS) != 0 };
	enum pd_status status;

	(void)opts;
	pd_json_init(&r.j, src, sink);
	r.j.open_end = r.j.nonfinite = true;
	if (!pd_builder_reserve(r.b, &r.track, 1) || !pd_builder_reserve(r.b, &r.stacks.frame, 1)) {
		chrome_give_up(&r);
	} else {
		r.track.v[r.track.n++] = (struct chrome_track){ 0 };
		r.stacks.frame.v[r.stacks.frame.n++] = (struct chrome_frame){ 0 };
		if (pd_json_type(&r.j) == PD_JSON_ARRAY)
			read_events(&r);
		else
			read_object(&r);
	}
	read_end(&r);
	if (pd_json_status(&r.j) == PD_OK && !ev->failed) {
		chrome_start(&r, 0);
		if (chrome_send_samples(&r))
			chrome_v8_send(&r);
	}
	status = pd_json_status(&r.j);
	if (status == PD_OK && pd_builder_failed(r.b))
		status = pd_builder_status(r.b);
	release(&r);
	return status;
}
