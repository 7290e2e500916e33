/*
 * Trace Event JSON → events, as they come: one event is in memory at a time.
 * Tolerant as the viewers are: arrays that are not closed, numbers in strings,
 * threads without number, members in any order.
 */
#include "chrome/event.h"
#include "base/hash.h"

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

static struct chrome_piece keep_piece(struct chrome_reader *r, struct pd_span s)
{
	struct chrome_piece p = { CHROME_WINDOW, (uint32_t)s.n, (size_t)(s.p - r->j.keep) };

	if (s.n == 0)
		return (struct chrome_piece){ CHROME_NOWHERE, 0, 0 };
	if (pd_likely(pd_json_kept(&r->j, s.p)))
		return p;
	if (!pd_vec_reserve(&r->copy, s.n)) {
		chrome_give_up(r);
		return (struct chrome_piece){ CHROME_NOWHERE, 0, 0 };
	}
	p = (struct chrome_piece){ CHROME_COPY, (uint32_t)s.n, r->copy.n };
	memcpy(r->copy.v + r->copy.n, s.p, s.n);
	r->copy.n += s.n;
	return p;
}

static bool take_piece(struct chrome_reader *r, struct chrome_piece *out)
{
	struct pd_span s;

	if (!chrome_take_text(&r->j, &s))
		return false;
	*out = keep_piece(r, s);
	return true;
}

/* A pid or tid. Numbers in strings are numbers. */
static bool take_id(struct chrome_reader *r, struct chrome_id *id, struct chrome_piece *word)
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

/* One to eight hexadecimal digits at once; false when one of them is none, and on machines that keep the high byte first. */
static bool fast_hex(const char *p, size_t n, uint64_t *out)
{
	const uint64_t ones = 0x0101010101010101ull, high = ones * 0x80;
	uint64_t v = 0, letter, digit, x;

	memcpy(&v, p, n);
	v = v << (64 - 8 * n) | (ones * '0' & ((UINT64_C(1) << (64 - 8 * n)) - 1)); /* zeros in front */
	letter = v | ones * 0x20;
	digit = ((v ^ ones * '0') + ones * 0x76) & high;               /* set where it is none */
	x = (letter + ones * (0x80 - 'a')) & ~(letter + ones * (0x7f - 'f')) & high; /* set where it is a to f */
	if (__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__ || v & high || (digit & ~x) != 0)
		return false;
	x = (v & ones * 0x0f) + (x >> 7) * 9;
	x = (x << 4 | x >> 8) & 0x00ff00ff00ff00ffull;
	x = (x << 8 | x >> 16) & 0x0000ffff0000ffffull;
	*out = (x << 16 | x >> 32) & 0xffffffffu;
	return true;
}

uint64_t chrome_id_value(struct pd_span s)
{
	struct pd_number num;
	uint64_t v = 0;
	int64_t n;

	if (s.n > 2 && s.n <= 18 && s.p[0] == '0' && (s.p[1] | 0x20) == 'x') {
		if (s.n <= 10 && fast_hex(s.p + 2, s.n - 2, &v))
			return v;
		for (size_t i = 2; i < s.n; i++) {
			unsigned c = (unsigned char)s.p[i], letter = (c | 0x20) - 'a', d = c - '0' < 10 ? c - '0' : letter < 6 ? letter + 10 : 16;

			if (pd_unlikely(d > 15))
				return pd_hash_bytes(0, s.p, s.n);
			v = v << 4 | d;
		}
		return v;
	}
	if (s.n && pd_number_parse(s, &num) && pd_number_i64(&num, &n))
		return (uint64_t)n;
	return pd_hash_bytes(0, s.p, s.n);
}

static bool take_event_id(struct chrome_reader *r, struct chrome_event *e)
{
	struct pd_span s;

	if (!chrome_take_text(&r->j, &s))
		return false;
	e->has_id = s.n > 0;
	e->id = chrome_id_value(s);
	e->id_text = keep_piece(r, s);
	return true;
}

/* {"local": id} or {"global": id} */
static bool take_id2(struct chrome_reader *r, struct chrome_event *e)
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

static bool take_args(struct chrome_reader *r, struct chrome_event *e)
{
	size_t from;

	pd_json_type(&r->j); /* past white space */
	from = (size_t)(r->j.p - r->j.keep);
	e->args_offset = pd_json_offset(&r->j);
	if (!pd_json_skip(&r->j))
		return false;
	if ((size_t)(r->j.p - r->j.keep) - from > UINT32_MAX)
		return pd_json_fail(&r->j, "expected arguments of less than 4 GiB");
	e->args = (struct chrome_piece){ CHROME_WINDOW, (uint32_t)((size_t)(r->j.p - r->j.keep) - from), from };
	return true;
}

/* ---- members ---- */


static unsigned key2(const char *p) { return (unsigned char)p[0] | (unsigned)(unsigned char)p[1] << 8; }
static uint32_t key4(const char *p) { return key2(p) | (uint32_t)key2(p + 2) << 16; }

static bool member_rare(struct chrome_reader *r, struct chrome_event *e, struct pd_span key)
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
		e->bind = chrome_id_value(s);
		return has;
	}
	return pd_json_skip(&r->j);
}

static bool member(struct chrome_reader *r, struct chrome_event *e, struct pd_span key)
{
	struct chrome_piece word = { CHROME_NOWHERE, 0, 0 };
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
	const struct pd_arg *a = chrome_find_arg(r, "name");

	if (!track || !a || a->kind != PD_ARG_STR)
		return;
	r->track.v[track].name = pd_intern(r->b, a->str.p, a->str.n);
	chrome_tell(r, track);
}

static void set_sort(struct chrome_reader *r, uint32_t track)
{
	double v;

	if (!track || !arg_number(chrome_find_arg(r, "sort_index"), &v) || !(v >= INT32_MIN && v <= INT32_MAX))
		return;
	r->track.v[track].sort = (int32_t)v;
	r->track.v[track].sorted = true;
	chrome_tell(r, track);
}

static bool metadata(struct chrome_reader *r, struct chrome_event *e)
{
	struct pd_span name = chrome_text(r, e->name);
	struct pd_json j;

	if (pd_json_is(name, "stackFrames")) {
		bool fine;

		if (e->pid.number || e->args.n == 0)
			return true; /* of a heap profile: each process has its own keys */
		pd_json_init_piece(&j, &r->j, chrome_text(r, e->args), e->args_offset);
		fine = chrome_read_more_frames(r, &j);
		pd_json_release(&j);
		return fine;
	}
	if (!chrome_parse_args(r, e))
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

static bool counter(struct chrome_reader *r, struct chrome_event *e)
{
	uint32_t process = chrome_process(r, &e->pid), track;
	struct pd_event out = { .kind = PD_EV_COUNTER, .ts = e->ts };
	struct chrome_track *t;

	track = process ? chrome_counter(r, process, chrome_text(r, e->name), chrome_text(r, e->id_text)) : 0;
	if (!track || !chrome_parse_args(r, e))
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
static void flow_of_slice(struct chrome_reader *r, const struct chrome_event *e, uint32_t track)
{
	struct pd_event out = { .track = { track }, .ts = e->ts, .id = e->bind, .name = { "flow", 4 }, .category = { "flow", 4 } };

	if (!e->flow_in && !e->flow_out)
		return;
	out.kind = !e->flow_in ? PD_EV_FLOW_BEGIN : e->flow_out ? PD_EV_FLOW_STEP : PD_EV_FLOW_END;
	if (out.kind == PD_EV_FLOW_END)
		out.flags = PD_EV_ENCLOSING;
	pd_events_event(r->ev, &out);
}

static void async_id(struct chrome_reader *r, const struct chrome_event *e, struct pd_event *out)
{
	struct pd_span scope = chrome_text(r, e->scope);

	out->id = e->id;
	if (scope.n)
		out->id = pd_hash_mix(out->id ^ PD_HASH_C1, pd_hash_bytes(0, scope.p, scope.n));
	if (e->local_id)
		out->id = pd_hash_mix(out->id ^ PD_HASH_C1, (uint64_t)e->pid.number ^ PD_HASH_C2);
}

/* What kind of event a phase is; PD_EV_KINDS when it is none of them. */
static enum pd_event_kind kind_of(const struct chrome_event *e)
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

static bool timed(struct chrome_reader *r, struct chrome_event *e, enum pd_event_kind kind)
{
	struct pd_event out = { .kind = kind, .ts = e->ts, .name = chrome_text(r, e->name), .category = chrome_text(r, e->cat) };

	out.track.v = chrome_thread(r, &e->pid, &e->tid);
	if (!out.track.v)
		return false;
	if (e->sf.n)
		out.stack = chrome_stack(r, chrome_text(r, e->sf));
	if (e->esf.n)
		*(kind == PD_EV_END ? &out.stack : &out.end_stack) = chrome_stack(r, chrome_text(r, e->esf));
	if (r->wants_args && e->args.n) {
		if (!chrome_parse_args(r, e))
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

static bool is_v8(const struct chrome_reader *r, const struct chrome_event *e)
{
	struct pd_span name = chrome_text(r, e->name);

	return e->ph == 'P' ? pd_json_is(name, "Profile") || pd_json_is(name, "ProfileChunk") : e->ph == 'I' && pd_json_is(name, "CpuProfile");
}

static bool v8(struct chrome_reader *r, struct chrome_event *e)
{
	struct pd_json j;
	bool fine;

	if (!e->args.n)
		return chrome_note(r, "V8 profiles without data");
	pd_json_init_piece(&j, &r->j, chrome_text(r, e->args), e->args_offset);
	fine = chrome_v8_event(r, chrome_text(r, e->name), chrome_text(r, e->id_text), &e->pid, &e->tid, &j);
	if (pd_json_failed(&j) && !pd_json_failed(&r->j))
		r->j.status = pd_json_status(&j);
	pd_json_release(&j);
	return fine;
}

static bool dispatch(struct chrome_reader *r, struct chrome_event *e)
{
	enum pd_event_kind kind = kind_of(e);

	if (pd_unlikely(e->pid.kind == CHROME_ID_WORD))
		e->pid.word = chrome_text(r, e->pid_word);
	if (pd_unlikely(e->tid.kind == CHROME_ID_WORD))
		e->tid.word = chrome_text(r, e->tid_word);
	if (e->pid.kind == CHROME_ID_NONE)
		e->pid = (struct chrome_id){ .kind = CHROME_ID_NUMBER, .number = 0 };
	if (e->ph == 'M')
		return metadata(r, e);
	if (!e->ph)
		return chrome_note(r, "objects without a phase (ph) left out");
	if (!e->has_ts)
		return chrome_note(r, "events without a time (ts) left out");
	if (pd_unlikely(!r->started))
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

/* Piece by piece: an initializer of this size becomes a loop, and takes longer than parsing three members. */
static inline void clear(struct chrome_event *e)
{
	const struct chrome_piece none = { 0 };

	memset(e, 0, offsetof(struct chrome_event, name));
	e->name = e->cat = e->args = e->sf = e->esf = none;
	e->id_text = e->scope = e->pid_word = e->tid_word = none;
	e->pid.kind = e->tid.kind = CHROME_ID_NONE;
	e->id = 0;
}

/* One event at j; anything but an object is skipped. */
static bool read_event(struct chrome_reader *r)
{
	struct chrome_event e;
	struct pd_span key;

	if ((r->j.p == r->j.end || *r->j.p != '{') && pd_json_type(&r->j) != PD_JSON_OBJECT)
		return pd_json_skip(&r->j) && chrome_note(r, "array elements that are no events left out");
	clear(&e);
	if (!chrome_fast_event(r, &e)) {
		e = (struct chrome_event){ 0 };
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
	while (chrome_fast_next(r) || pd_json_element(&r->j))
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
