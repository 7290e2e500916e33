/* From the profiles of a speedscope file, as read, to rows of a document. */
#include "common/speedscope_rows.h"
#include "base/hash.h"

#define MAX_DECIMALS 9

bool pd_ss_no_memory(struct pd_ss_reader *r)
{
	if (r->j.status == PD_OK)
		r->j.status = pd_error_set(r->sink->err, PD_ERR_NOMEM, "out of memory");
	return false;
}

bool pd_ss_fail(struct pd_ss_reader *r, const struct pd_ss_profile *p, const char *what)
{
	if (r->j.status == PD_OK)
		r->j.status = pd_fail_at(r->sink, r->src, p->offset, "%s", what);
	return false;
}

bool pd_ss_note(struct pd_ss_reader *r, const struct pd_ss_profile *p, const char *what)
{
	if (r->j.status == PD_OK)
		r->j.status = pd_note_at(r->sink, r->src, p->offset, what);
	return r->j.status == PD_OK;
}

/* ---- distinct samples ---- */

static const uint32_t *path_frames(const struct pd_ss_paths *t, size_t row, size_t *n)
{
	size_t from = row ? t->row.v[row - 1].end : 0;

	*n = t->row.v[row].end - from;
	return t->frame.v + from;
}

static bool paths_grow(struct pd_ss_paths *t)
{
	size_t size = t->slot ? 2 * (t->mask + 1) : 1024;
	uint32_t *slot = calloc(size, sizeof(*slot));

	if (!slot)
		return false;
	free(t->slot);
	t->slot = slot;
	t->mask = size - 1;
	for (size_t k = 0; k < t->row.n; k++) {
		size_t i = (size_t)t->row.v[k].hash & t->mask;

		while (slot[i])
			i = (i + 1) & t->mask;
		slot[i] = (uint32_t)k + 1;
	}
	return true;
}

uint32_t pd_ss_path_row(struct pd_ss_paths *t, const uint32_t *frame, size_t n)
{
	uint64_t hash = pd_hash_bytes(pd_hash_key(), frame, n * sizeof(*frame));
	size_t i, len;

	if (t->row.n * 2 >= (t->slot ? t->mask : 0) && !paths_grow(t))
		return 0;
	for (i = (size_t)hash & t->mask; t->slot[i]; i = (i + 1) & t->mask) {
		uint32_t row = t->slot[i] - 1;
		const uint32_t *have = path_frames(t, row, &len);

		if (t->row.v[row].hash == hash && len == n && memcmp(have, frame, n * sizeof(*frame)) == 0)
			return row + 1;
	}
	if (t->row.n >= UINT32_MAX - 1 || !pd_vec_reserve(&t->frame, n) || !pd_vec_reserve(&t->row, 1))
		return 0;
	memcpy(t->frame.v + t->frame.n, frame, n * sizeof(*frame));
	t->frame.n += n;
	t->row.v[t->row.n++] = (struct pd_ss_path){ .end = t->frame.n, .hash = hash };
	t->slot[i] = (uint32_t)t->row.n;
	return (uint32_t)t->row.n;
}

/* The stack of a sample; frames are known by now. */
static bool path_stack(struct pd_ss_reader *r, const struct pd_ss_profile *p, uint32_t sample, pd_stack *out)
{
	struct pd_ss_path *row;
	const uint32_t *frame;
	size_t n;

	*out = (pd_stack){ 0 };
	if (!sample)
		return true;
	row = &r->paths.row.v[sample - 1];
	if (!row->done) {
		frame = path_frames(&r->paths, sample - 1, &n);
		r->path.n = 0;
		if (!pd_vec_reserve(&r->path, n))
			return pd_ss_no_memory(r);
		for (size_t i = 0; i < n; i++) {
			if (frame[i] >= r->frame.n)
				return pd_ss_fail(r, p, "a sample names a frame that is not in shared.frames");
			r->path.v[r->path.n++] = r->frame.v[frame[i]];
		}
		row->stack = pd_stack_of(r->b, r->path.v, n, PD_ROOT_FIRST);
		row->done = true;
	}
	*out = row->stack;
	return true;
}

/* ---- from numbers to values ---- */

static struct pd_number as_number(const struct pd_ss_number *n)
{
	return (struct pd_number){ .digits = n->digits, .exp10 = n->exp10, .negative = n->negative, .exact = n->exact };
}

/* Scales start, end and all numbers in place by 10^shift. False when something does not fit. */
static bool scale_all(struct pd_ss_profile *p, int shift, bool test, bool *rounded)
{
	size_t n = p->number.n;
	int64_t sum = 0, v;

	for (size_t i = 0; i < n + 2; i++) {
		struct pd_ss_number *x = i < n ? &p->number.v[i] : i == n ? &p->start : &p->end;
		struct pd_number num = as_number(x);

		if (!pd_number_scaled(&num, shift, &v, rounded))
			return false;
		if (i < n && p->is_sampled && pd_add_overflow(sum, v < 0 ? 0 : v, &sum))
			return false;
		if (!test)
			x->digits = (uint64_t)v;
	}
	return true;
}

/* Do all numbers end in a zero with `keep` decimals? */
static bool end_in_zero(const struct pd_ss_profile *p, unsigned keep)
{
	bool rounded = false;
	int64_t v;

	for (size_t i = 0; i < p->number.n; i++) {
		struct pd_number num = as_number(&p->number.v[i]);

		if (!pd_number_scaled(&num, (int)keep, &v, &rounded) || v % 10)
			return false;
	}
	return true;
}

/* Chooses how many decimals to keep and turns the numbers into integers. */
static bool scale_profile(struct pd_ss_reader *r, struct pd_ss_profile *p, unsigned *decimals)
{
	static const int to_ns[] = { [UNIT_NS] = 0, [UNIT_US] = 3, [UNIT_MS] = 6, [UNIT_S] = 9 };
	bool is_time = p->unit >= UNIT_NS, rounded = false;
	unsigned keep = 0, need;

	for (size_t i = 0; !is_time && i < p->number.n; i++) {
		struct pd_number num = as_number(&p->number.v[i]);

		need = pd_number_decimals(&num);
		keep = need < keep ? keep : need < MAX_DECIMALS ? need : MAX_DECIMALS;
	}
	while (keep && !scale_all(p, (int)keep, true, &rounded))
		keep--;
	while (keep && end_in_zero(p, keep))
		keep--; /* what rounding left are zeros */
	rounded = false;
	*decimals = keep;
	if (!scale_all(p, is_time ? to_ns[p->unit] : (int)keep, true, &rounded))
		return pd_ss_fail(r, p, "the numbers of this profile add up to more than 64 bits");
	scale_all(p, is_time ? to_ns[p->unit] : (int)keep, false, &rounded);
	if (!rounded)
		return true;
	return pd_ss_note(r, p, is_time ? "profiles with times finer than a nanosecond rounded" : "profiles with too many decimals rounded");
}

/* The series for the sample type of a profile; *times is what its values must be multiplied with. */
static bool find_series(struct pd_ss_reader *r, struct pd_ss_profile *p, unsigned decimals, unsigned *series, int64_t *times)
{
	struct pd_ss_column c = { p->type, p->type_unit, 0, decimals };
	struct pd_value_type type;
	size_t i = 0;

	if (!p->is_own)
		c.type = pd_intern_z(r->b, p->unit == UNIT_NONE ? "samples" : p->unit == UNIT_BYTES ? "space" : "time");
	if (!p->is_own || p->unit != UNIT_NONE) /* the others may have been converted */
		c.unit = pd_intern_z(r->b, p->unit == UNIT_NONE ? "count" : p->unit == UNIT_BYTES ? "bytes" : "nanoseconds");
	while (i < r->column.n && (r->column.v[i].type.v != c.type.v || r->column.v[i].unit.v != c.unit.v))
		i++;
	type = (struct pd_value_type){ c.type, c.unit, (uint8_t)decimals };
	*times = 1;
	if (i == r->column.n) {
		c.series = pd_series_add(r->b, (pd_str){ 0 });
		pd_series_value(r->b, c.series, &type);
		if (!pd_vec_push(&r->column, c))
			return pd_ss_no_memory(r);
	} else if (r->column.v[i].decimals < decimals) {
		for (; r->column.v[i].decimals < decimals; r->column.v[i].decimals++)
			*times *= 10;
		pd_series_retype(r->b, r->column.v[i].series, 0, &type, *times);
		*times = 1;
	} else {
		for (unsigned d = decimals; d < r->column.v[i].decimals; d++)
			*times *= 10;
	}
	*series = r->column.v[i].series;
	return pd_vec_push(&r->type, c.type) || pd_ss_no_memory(r);
}

/* ---- labels ---- */

/* "NAME (WORD 12)" at the end of a text: cuts it to NAME. */
static bool cut_id(struct pd_span *s, const char *word, int64_t *id)
{
	size_t digits = 0, n = strlen(word);
	struct pd_number num;

	if (s->n < n + 3 || s->p[s->n - 1] != ')')
		return false;
	while (digits < s->n - 1 && s->p[s->n - 2 - digits] >= '0' && s->p[s->n - 2 - digits] <= '9')
		digits++;
	if (digits == 0 || digits > 18 || s->n < digits + 1 + n || memcmp(s->p + s->n - 1 - digits - n, word, n) != 0)
		return false;
	if (!pd_number_parse((struct pd_span){ s->p + s->n - 1 - digits, digits }, &num) || !pd_number_i64(&num, id))
		return false;
	s->n -= digits + 1 + n;
	return true;
}

static void push_text(struct pd_ss_reader *r, struct pd_label *l, size_t *n, const char *key, pd_str text)
{
	if (text.v)
		l[(*n)++] = (struct pd_label){ .key = pd_intern_z(r->b, key), .kind = PD_LABEL_STR, .str = text };
}

static void push_number(struct pd_ss_reader *r, struct pd_label *l, size_t *n, const char *key, int64_t v)
{
	l[(*n)++] = (struct pd_label){ .key = pd_intern_z(r->b, key), .kind = PD_LABEL_NUM, .num = v };
}

static pd_labels profile_labels(struct pd_ss_reader *r, const struct pd_ss_profile *p)
{
	struct pd_span thread = pd_builder_string(r->b, p->name), process = { "", 0 };
	struct pd_label l[4];
	size_t n = 0;
	int64_t pid = p->pid, tid = p->tid;
	bool has_pid = p->has_pid, has_tid = p->has_tid;
	char *copy = NULL;

	if (p->is_own) {
		push_text(r, l, &n, "thread", p->comm);
	} else {
		copy = malloc(thread.n + 1); /* interning moves strings */
		if (!copy) {
			pd_ss_no_memory(r);
			return (pd_labels){ 0 };
		}
		if (thread.n)
			memcpy(copy, thread.p, thread.n);
		thread.p = copy;
		has_tid = cut_id(&thread, " (tid ", &tid);
		for (size_t i = 0; has_tid && i + 2 <= thread.n; i++) {
			process = (struct pd_span){ copy, i };
			if (copy[i] == ',' && copy[i + 1] == ' ' && cut_id(&process, " (pid ", &pid)) {
				has_pid = true;
				thread = (struct pd_span){ copy + i + 2, thread.n - i - 2 };
				break;
			}
		}
		if (!has_pid)
			process.n = 0;
		push_text(r, l, &n, "thread", pd_intern(r->b, thread.p, thread.n));
		push_text(r, l, &n, "process", pd_intern(r->b, process.p, process.n));
		free(copy);
	}
	if (has_pid)
		push_number(r, l, &n, "pid", pid);
	if (has_tid)
		push_number(r, l, &n, "tid", tid);
	return pd_labels_of(r->b, l, n);
}

/* ---- rows ---- */

static bool add_row(struct pd_ss_reader *r, struct pd_ss_profile *p, unsigned series, const struct pd_sample *s, int64_t value, int64_t times)
{
	if (pd_mul_overflow(value, times, &value))
		return pd_ss_fail(r, p, "a value does not fit 64 bits with the decimals of the others");
	pd_sample_add(r->b, series, s, &value);
	if (pd_builder_failed(r->b) && r->j.status == PD_OK)
		r->j.status = pd_builder_status(r->b);
	return r->j.status == PD_OK;
}

/* Samples in order; those without frames are gaps in time. */
static bool add_sampled(struct pd_ss_reader *r, struct pd_ss_profile *p, unsigned series, int64_t times, pd_labels labels)
{
	bool timed = p->unit >= UNIT_NS && !p->no_times;
	struct pd_sample s = { .labels = labels, .has_time = timed, .time = (int64_t)p->start.digits };

	for (size_t i = 0; i < p->sample.n; i++) {
		int64_t v = (int64_t)p->number.v[i].digits;

		if (v < 0)
			return pd_ss_fail(r, p, "a weight is negative");
		if (!path_stack(r, p, p->sample.v[i], &s.stack))
			return false;
		if ((!timed || p->sample.v[i]) && !add_row(r, p, series, &s, v, times))
			return false;
		if (timed && pd_add_overflow(s.time, v, &s.time))
			return pd_ss_fail(r, p, "the weights of this profile add up to more than 64 bits");
	}
	return true;
}

/* The stack of the open frames, built only as far as somebody asks; deeper than the limit counts for the frame at the limit. */
static bool open_stack(struct pd_ss_reader *r, const struct pd_ss_profile *p, pd_stack *out)
{
	size_t limit = r->sink->limits->max_depth, n = r->open.n < limit ? r->open.n : limit, known = n;

	if (r->open.n > limit && !pd_ss_note(r, p, "stretches of time deeper than the limit counted for the frame there"))
		return false;
	while (known > 0 && !r->open.v[known - 1].known)
		known--;
	*out = known ? r->open.v[known - 1].stack : (pd_stack){ 0 };
	for (; known < n; known++) {
		struct pd_ss_open *o = &r->open.v[known];

		*out = pd_stack_push(r->b, *out, r->frame.v[o->frame]);
		o->stack = *out;
		o->known = true;
	}
	return true;
}

/* Closes a frame by the least lossy rule: what is above it ends too; a frame that is not open is ignored. */
static bool close_frame(struct pd_ss_reader *r, const struct pd_ss_profile *p, uint32_t frame)
{
	size_t at = r->open.n;

	while (at > 0 && r->open.v[at - 1].frame != frame)
		at--;
	if (at == 0)
		return pd_ss_note(r, p, "ends of frames that are not open ignored");
	if (at != r->open.n && !pd_ss_note(r, p, "frames ended by the end of a frame below them"))
		return false;
	r->open.n = at - 1;
	return true;
}

struct in_order { int64_t at; size_t index; };

static int compare_order(const void *a, const void *b)
{
	const struct in_order *x = a, *y = b;

	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

/* Sorts events by time, equal times in file order. */
static bool sort_events(struct pd_ss_reader *r, struct pd_ss_profile *p)
{
	PD_VEC(struct in_order) order = { 0 };
	PD_VEC(struct pd_ss_number) sorted = { 0 };
	bool is_sorted = true, ok;

	for (size_t i = 1; i < p->number.n; i++)
		is_sorted &= (int64_t)p->number.v[i - 1].digits <= (int64_t)p->number.v[i].digits;
	if (is_sorted)
		return true;
	ok = pd_vec_reserve(&order, p->number.n) && pd_vec_reserve(&sorted, p->number.n);
	for (size_t i = 0; ok && i < p->number.n; i++)
		order.v[i] = (struct in_order){ (int64_t)p->number.v[i].digits, i };
	if (ok) {
		qsort(order.v, p->number.n, sizeof(*order.v), compare_order);
		for (size_t i = 0; i < p->number.n; i++)
			sorted.v[i] = p->number.v[order.v[i].index];
		memcpy(p->number.v, sorted.v, p->number.n * sizeof(*sorted.v));
	}
	pd_vec_release(&order);
	pd_vec_release(&sorted);
	return ok ? pd_ss_note(r, p, "profiles with events out of order sorted") : pd_ss_no_memory(r);
}

/* One row per stretch of time with the same open frames. */
static bool add_evented(struct pd_ss_reader *r, struct pd_ss_profile *p, unsigned series, int64_t times, pd_labels labels)
{
	struct pd_sample s = { .labels = labels, .has_time = p->unit >= UNIT_NS };
	int64_t at = 0, value, end = (int64_t)p->end.digits;

	if (!sort_events(r, p))
		return false;
	r->open.n = 0;
	for (size_t i = 0; i <= p->number.n; i++) {
		const struct pd_ss_number *e = i < p->number.n ? &p->number.v[i] : NULL;

		if (!e && r->open.n == 0)
			break;
		if (!e && !pd_ss_note(r, p, "profiles with frames open at the end"))
			return false;
		s.time = at;
		at = e ? (int64_t)e->digits : p->has_end && end > at ? end : at;
		if (r->open.n && at > s.time) {
			if (pd_sub_overflow(at, s.time, &value))
				return pd_ss_fail(r, p, "the times of this profile are more than 64 bits apart");
			if (!open_stack(r, p, &s.stack) || !add_row(r, p, series, &s, value, times))
				return false;
		}
		if (e && e->frame >= r->frame.n)
			return pd_ss_fail(r, p, "an event names a frame that is not in shared.frames");
		if (e && e->opens && !pd_vec_push(&r->open, ((struct pd_ss_open){ .frame = e->frame })))
			return pd_ss_no_memory(r);
		if (e && !e->opens && !close_frame(r, p, e->frame))
			return false;
	}
	return true;
}

static void note_duration(struct pd_ss_reader *r, const struct pd_ss_profile *p)
{
	struct pd_meta *m = pd_builder_meta(r->b);
	int64_t d;

	if (p->unit >= UNIT_NS && p->has_end && !p->no_times &&
	    !pd_sub_overflow((int64_t)p->end.digits, (int64_t)p->start.digits, &d) && d > m->duration_nanos)
		m->duration_nanos = d;
}

bool pd_ss_convert(struct pd_ss_reader *r, struct pd_ss_profile *p)
{
	unsigned decimals, series;
	int64_t times;
	pd_labels labels;

	if (!p->is_evented && !p->is_sampled)
		return pd_ss_fail(r, p, "a profile without a type");
	if (p->is_own && !p->number.n)
		return true; /* only there because the format wants a profile */
	if (p->is_evented ? p->has_weights : p->has_events)
		return pd_ss_fail(r, p, "a profile with the lists of the other type");
	if (p->is_sampled && p->number.n == 0 && p->sample.n) {
		struct pd_ss_number one = { .digits = 1, .exact = true };

		if (!pd_ss_note(r, p, "profiles without weights counted by samples"))
			return false;
		for (size_t i = 0; i < p->sample.n; i++)
			if (!pd_vec_push(&p->number, one))
				return pd_ss_no_memory(r);
	}
	if (p->is_sampled && p->sample.n != p->number.n)
		return pd_ss_fail(r, p, "a profile with more samples than weights or the other way round");
	p->start.exact = p->end.exact = true;
	if (!scale_profile(r, p, &decimals) || !find_series(r, p, decimals, &series, &times))
		return false;
	note_duration(r, p);
	labels = profile_labels(r, p);
	return p->is_sampled ? add_sampled(r, p, series, times, labels) : add_evented(r, p, series, times, labels);
}
