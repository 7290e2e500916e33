/*
 * Writer of the speedscope format: one sampled profile per sample type and
 * thread, frames shared. Rows with times go out in order of time, and where the
 * unit is nanoseconds a gap becomes a sample without frames, so that the time
 * order view keeps its shape.
 */
#include "common/speedscope_write.h"
#include "base/hash.h"
#include "base/vec.h"
#include "common/json_write.h"

/* A row of a series on its way out. */
struct item {
	int64_t time;
	uint64_t row;
	uint32_t thread;
	pd_stack stack;
};

/* A frame of the file: a function, with a line where lines tell frames apart, or an address. */
struct shown {
	pd_func func;
	pd_mapping mapping;
	uint64_t address; /* when there is no function */
	int64_t line, column;
};

struct writer {
	const struct pd_doc *doc;
	const struct pd_speedscope_opts *opts;
	struct pd_error *err;
	struct pd_jsonw w;
	bool failed;             /* out of memory */
	uint32_t *first, *count; /* per frame of the document: its entries in `entry` */
	PD_VEC(uint32_t) entry;  /* numbers of shown frames, root first */
	PD_VEC(struct shown) shown;
	uint32_t *slot;          /* from the hash of a shown frame to its number plus 1 */
	size_t mask;
	PD_VEC(struct item) item; /* of one series, by thread */
	PD_VEC(pd_frame) path;
	PD_VEC(char) text;
	unsigned n_profiles, active;
	int active_type;
	int only_type;
};

/* ---- frames ---- */

static uint64_t shown_hash(const struct shown *s)
{
	uint64_t h = pd_hash_u64(pd_hash_key(), (uint64_t)s->func.v << 32 | s->mapping.v, s->address);

	return pd_hash_u64(h, (uint64_t)s->line, (uint64_t)s->column);
}

static bool same_shown(const struct shown *a, const struct shown *b)
{
	return a->func.v == b->func.v && a->mapping.v == b->mapping.v && a->address == b->address && a->line == b->line && a->column == b->column;
}

static bool shown_grow(struct writer *o)
{
	size_t size = o->slot ? 2 * (o->mask + 1) : 1024;
	uint32_t *slot = calloc(size, sizeof(*slot));

	if (!slot)
		return false;
	free(o->slot);
	o->slot = slot;
	o->mask = size - 1;
	for (size_t k = 0; k < o->shown.n; k++) {
		size_t i = (size_t)shown_hash(&o->shown.v[k]) & o->mask;

		while (slot[i])
			i = (i + 1) & o->mask;
		slot[i] = (uint32_t)k + 1;
	}
	return true;
}

/* Appends the number of a shown frame to the entries. */
static bool add_entry(struct writer *o, const struct shown *s)
{
	size_t i;

	if (o->shown.n * 2 >= (o->slot ? o->mask : 0) && !shown_grow(o))
		return false;
	for (i = (size_t)shown_hash(s) & o->mask; o->slot[i]; i = (i + 1) & o->mask)
		if (same_shown(&o->shown.v[o->slot[i] - 1], s))
			break;
	if (!o->slot[i]) {
		if (!pd_vec_push(&o->shown, *s))
			return false;
		o->slot[i] = (uint32_t)o->shown.n;
	}
	return pd_vec_push(&o->entry, o->slot[i] - 1);
}

/*
 * Lines of a frame with an address say where inside the function it was: the
 * viewer would split the function. Without an address they are what the
 * producer tells frames apart by.
 */
static bool by_line(const struct writer *o, const struct pd_frame_desc *f)
{
	const char *lines = o->opts->lines ? o->opts->lines : "auto";

	return strcmp(lines, "yes") == 0 || (strcmp(lines, "auto") == 0 && !f->address);
}

static void add_frame(struct writer *o, pd_frame frame)
{
	struct pd_frame_desc f;
	bool lines;

	if (o->failed || o->count[frame.v])
		return;
	pd_doc_frame(o->doc, frame, &f);
	lines = by_line(o, &f);
	o->first[frame.v] = (uint32_t)o->entry.n;
	if (f.n_lines == 0)
		o->failed |= !add_entry(o, &(struct shown){ .mapping = f.mapping, .address = f.address });
	for (uint32_t i = f.n_lines; i-- > 0;)
		o->failed |= !add_entry(o, &(struct shown){ .func = f.lines[i].func, .line = lines ? f.lines[i].line : 0,
							    .column = lines ? f.lines[i].column : 0 });
	o->count[frame.v] = (uint32_t)o->entry.n - o->first[frame.v];
}

static void add_stack(struct writer *o, pd_stack s)
{
	size_t depth = pd_doc_stack(o->doc, s, PD_ROOT_FIRST, o->path.v);

	for (size_t i = 0; i < depth; i++)
		add_frame(o, o->path.v[i]);
}

static void collect_frames(struct writer *o)
{
	uint8_t *seen = calloc((size_t)pd_doc_stack_nodes(o->doc) + 1, 1);
	struct pd_rows rows;

	o->first = calloc((size_t)pd_doc_frames(o->doc) + 1, sizeof(*o->first));
	o->count = calloc((size_t)pd_doc_frames(o->doc) + 1, sizeof(*o->count));
	o->failed |= !seen || !o->first || !o->count || !pd_vec_reserve(&o->path, pd_doc_max_depth(o->doc) + 1u);
	for (unsigned s = 0; !o->failed && s < pd_doc_series(o->doc); s++) {
		for (uint64_t at = 0; (rows.n = pd_series_rows(o->doc, s, at, &rows)) > 0; at += rows.n) {
			for (size_t i = 0; i < rows.n && !o->failed; i++) {
				if (!seen[rows.stack[i].v])
					add_stack(o, rows.stack[i]);
				seen[rows.stack[i].v] = 1;
			}
		}
	}
	free(seen);
}

static void write_string(struct writer *o, const char *key, pd_str s)
{
	struct pd_span text = pd_doc_string(o->doc, s);

	pd_jsonw_string(&o->w, key, text.p, text.n);
}

static void write_frame(struct writer *o, const struct shown *s)
{
	struct pd_func_desc fn = { .name = { 0 } };
	struct pd_mapping_desc m = { .start = 0 };
	char address[32];
	int64_t line = s->line;

	if (s->func.v)
		pd_doc_func(o->doc, s->func, &fn);
	pd_jsonw_object(&o->w, NULL);
	if (fn.name.v || fn.system_name.v) {
		write_string(o, "name", fn.name.v ? fn.name : fn.system_name);
	} else if (s->address) {
		snprintf(address, sizeof(address), "0x%llx", (unsigned long long)s->address);
		pd_jsonw_text(&o->w, "name", address);
		if (s->mapping.v)
			pd_doc_mapping(o->doc, s->mapping, &m);
		fn.file = m.file;
	} else {
		pd_jsonw_text(&o->w, "name", "[unknown]");
	}
	if (fn.file.v)
		write_string(o, "file", fn.file);
	if (!line)
		line = fn.start_line;
	if (line > 0)
		pd_jsonw_i64(&o->w, "line", line);
	if (s->column > 0)
		pd_jsonw_i64(&o->w, "col", s->column);
	pd_jsonw_end(&o->w);
}

/* ---- units ---- */

struct unit { const char *name; int64_t times; };

/* How the file calls a unit, and what values are multiplied with. */
static struct unit unit_of(struct pd_span s)
{
	static const struct { const char *from; struct unit to; } known[] = {
		{ "nanoseconds", { "nanoseconds", 1 } }, { "nanosecond", { "nanoseconds", 1 } }, { "ns", { "nanoseconds", 1 } },
		{ "microseconds", { "microseconds", 1 } }, { "microsecond", { "microseconds", 1 } }, { "us", { "microseconds", 1 } },
		{ "milliseconds", { "milliseconds", 1 } }, { "millisecond", { "milliseconds", 1 } }, { "ms", { "milliseconds", 1 } },
		{ "seconds", { "seconds", 1 } }, { "second", { "seconds", 1 } }, { "sec", { "seconds", 1 } }, { "s", { "seconds", 1 } },
		{ "minutes", { "seconds", 60 } }, { "minute", { "seconds", 60 } }, { "min", { "seconds", 60 } },
		{ "hours", { "seconds", 3600 } }, { "hour", { "seconds", 3600 } }, { "hr", { "seconds", 3600 } },
		{ "bytes", { "bytes", 1 } }, { "byte", { "bytes", 1 } }, { "b", { "bytes", 1 } },
		{ "kilobytes", { "bytes", 1024 } }, { "kilobyte", { "bytes", 1024 } }, { "kb", { "bytes", 1024 } },
		{ "megabytes", { "bytes", 1 << 20 } }, { "megabyte", { "bytes", 1 << 20 } }, { "mb", { "bytes", 1 << 20 } },
		{ "gigabytes", { "bytes", 1 << 30 } }, { "gigabyte", { "bytes", 1 << 30 } }, { "gb", { "bytes", 1 << 30 } },
	};

	for (size_t i = 0; i < PD_ARRAY_LEN(known); i++)
		if (strlen(known[i].from) == s.n && memcmp(known[i].from, s.p, s.n) == 0)
			return known[i].to;
	return (struct unit){ "none", 1 };
}

/* ---- one profile ---- */

/* What one profile of the file is made of. */
struct part {
	const struct item *item;
	size_t n;
	uint32_t thread;
	int type; /* sample type */
	struct pd_sample_type desc;
	struct unit unit;
	bool timed;
	int64_t start, total; /* in values */
	bool gaps;
};

static int64_t value_of(const struct writer *o, const struct part *p, size_t i)
{
	struct pd_rows rows;

	pd_series_rows(o->doc, p->desc.series, p->item[i].row, &rows);
	return rows.value[p->desc.column][0];
}

/* Rows without value say nothing, except where something happened in time. */
static bool is_written(const struct part *p, int64_t value)
{
	return value != 0 || p->timed;
}

/* Time without samples before item i, when it is to be shown. */
static int64_t gap_before(const struct part *p, size_t i, int64_t now)
{
	int64_t gap;

	if (!p->gaps || p->item[i].time == PD_NO_TIME || pd_sub_overflow(p->item[i].time, now, &gap))
		return 0;
	return gap > 0 ? gap : 0;
}

enum list { SAMPLES, WEIGHTS, MEASURE };

static void put_text(struct writer *o, const char *text, size_t n)
{
	if (n == 0)
		return;
	if (!pd_vec_reserve(&o->text, n)) {
		o->failed = true;
		return;
	}
	memcpy(o->text.v + o->text.n, text, n);
	o->text.n += n;
}

static void write_stack(struct writer *o, pd_stack s)
{
	size_t depth = pd_doc_stack(o->doc, s, PD_ROOT_FIRST, o->path.v);

	o->text.n = 0;
	put_text(o, "[", 1);
	for (size_t i = 0; i < depth; i++) {
		uint32_t f = o->path.v[i].v;

		if (!pd_vec_reserve(&o->text, 11 * (size_t)o->count[f] + 1)) {
			o->failed = true;
			return;
		}
		for (uint32_t k = 0; k < o->count[f]; k++) {
			if (o->text.n > 1)
				o->text.v[o->text.n++] = ',';
			o->text.n += pd_put_u64(o->text.v + o->text.n, o->entry.v[o->first[f] + k]);
		}
	}
	put_text(o, "]", 1);
	if (!o->failed)
		pd_jsonw_raw(&o->w, NULL, o->text.v, o->text.n);
}

static bool fail_value(struct writer *o, const struct part *p, enum pd_status status, const char *what)
{
	struct pd_span s = pd_doc_string(o->doc, p->desc.type.type);

	pd_error_set(o->err, status, "sample type '%.*s': %s", (int)(s.n < 100 ? s.n : 100), s.p, what);
	return false;
}

/* One pass over the rows of a profile: writes the samples or the weights, or adds up and checks. */
static bool walk(struct writer *o, struct part *p, enum list list)
{
	int64_t now = p->start;

	for (size_t i = 0; i < p->n && !o->failed && !pd_out_failed(o->w.out); i++) {
		int64_t v = value_of(o, p, i), gap;

		if (!is_written(p, v))
			continue;
		if (v < 0)
			return fail_value(o, p, PD_ERR_UNSUPPORTED, "speedscope files cannot hold negative values");
		if (pd_mul_overflow(v, p->unit.times, &v))
			return fail_value(o, p, PD_ERR_LIMIT, "a value does not fit 64 bits in the units of speedscope");
		gap = gap_before(p, i, now);
		if (gap && list == SAMPLES)
			pd_jsonw_raw(&o->w, NULL, "[]", 2);
		if (gap && list == WEIGHTS)
			pd_jsonw_i64(&o->w, NULL, gap);
		if (list == SAMPLES)
			write_stack(o, p->item[i].stack);
		if (list == WEIGHTS)
			pd_jsonw_decimal(&o->w, NULL, v, p->desc.type.decimals);
		if (pd_add_overflow(now, gap, &now) || pd_add_overflow(now, v, &now))
			return fail_value(o, p, PD_ERR_LIMIT, "the sum of the values does not fit 64 bits");
	}
	p->total = now;
	return true;
}

static void put_z(struct writer *o, const char *text)
{
	put_text(o, text, strlen(text));
}

static void put_id(struct writer *o, const char *before, int64_t v)
{
	char number[24];

	put_z(o, before);
	put_text(o, number, pd_put_i64(number, v));
	put_z(o, ")");
}

/* "type: comm (pid 1), comm (tid 2)", as much of it as there is and tells profiles apart. */
static void write_name(struct writer *o, const struct part *p)
{
	struct pd_span type = pd_doc_string(o->doc, p->desc.type.type), comm;
	struct pd_thread_desc t = { .comm = { 0 } };

	o->text.n = 0;
	if (p->thread)
		pd_doc_thread(o->doc, (pd_thread){ p->thread }, &t);
	comm = pd_doc_string(o->doc, t.comm);
	if (!p->thread || (pd_doc_sample_types(o->doc) > 1 && o->only_type < 0)) {
		put_text(o, type.p, type.n);
		if (p->thread)
			put_z(o, ": ");
	}
	if (p->thread && t.has_pid) {
		put_text(o, comm.p, comm.n);
		put_id(o, comm.n ? " (pid " : "(pid ", t.pid);
		put_z(o, t.has_tid ? ", " : "");
	}
	if (p->thread && (t.has_tid || !t.has_pid))
		put_text(o, comm.p, comm.n);
	if (p->thread && t.has_tid)
		put_id(o, comm.n ? " (tid " : "(tid ", t.tid);
	if (!o->failed)
		pd_jsonw_string(&o->w, "name", o->text.v, o->text.n);
}

/* Facts the format has no place for; readers skip what they do not know. */
static void write_own(struct writer *o, const struct part *p)
{
	struct pd_thread_desc t = { .comm = { 0 } };

	if (p->thread)
		pd_doc_thread(o->doc, (pd_thread){ p->thread }, &t);
	pd_jsonw_object(&o->w, "profdata");
	write_string(o, "type", p->desc.type.type);
	write_string(o, "unit", p->desc.type.unit);
	if (t.comm.v)
		write_string(o, "comm", t.comm);
	if (t.has_pid)
		pd_jsonw_i64(&o->w, "pid", t.pid);
	if (t.has_tid)
		pd_jsonw_i64(&o->w, "tid", t.tid);
	if (p->gaps)
		pd_jsonw_bool(&o->w, "times", true);
	pd_jsonw_end(&o->w);
}

static bool write_profile(struct writer *o, struct part *p)
{
	if (p->type == o->active_type && !o->active)
		o->active = o->n_profiles + 1;
	o->n_profiles++;
	pd_jsonw_object(&o->w, NULL);
	pd_jsonw_text(&o->w, "type", "sampled");
	write_name(o, p);
	pd_jsonw_text(&o->w, "unit", p->unit.name);
	pd_jsonw_decimal(&o->w, "startValue", p->start, p->gaps ? 0 : p->desc.type.decimals);
	pd_jsonw_decimal(&o->w, "endValue", p->total, p->desc.type.decimals);
	write_own(o, p);
	pd_jsonw_array(&o->w, "samples");
	walk(o, p, SAMPLES);
	pd_jsonw_end(&o->w);
	pd_jsonw_array(&o->w, "weights");
	walk(o, p, WEIGHTS);
	pd_jsonw_end(&o->w);
	pd_jsonw_end(&o->w);
	return !o->failed;
}

/* ---- rows by thread ---- */

static int compare_items(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	if (x->thread != y->thread)
		return x->thread < y->thread ? -1 : 1;
	if (x->time != y->time)
		return x->time < y->time ? -1 : 1;
	return x->row < y->row ? -1 : x->row > y->row;
}

static bool collect_items(struct writer *o, unsigned series)
{
	struct pd_rows rows;
	bool sorted = true;

	o->item.n = 0;
	for (uint64_t at = 0; (rows.n = pd_series_rows(o->doc, series, at, &rows)) > 0; at += rows.n) {
		if (!pd_vec_reserve(&o->item, rows.n))
			return false;
		for (size_t i = 0; i < rows.n; i++)
			o->item.v[o->item.n++] = (struct item){
				.time = rows.time ? rows.time[i] : 0, .row = at + i, .stack = rows.stack[i],
				.thread = pd_doc_labels_thread(o->doc, rows.labels[i]).v,
			};
	}
	for (size_t i = 1; i < o->item.n && sorted; i++)
		sorted = compare_items(&o->item.v[i - 1], &o->item.v[i]) < 0;
	if (!sorted)
		qsort(o->item.v, o->item.n, sizeof(*o->item.v), compare_items);
	return true;
}

/* First time of all rows of a series: times in the file start there. */
static int64_t first_time(const struct writer *o)
{
	int64_t first = INT64_MAX;

	for (size_t i = 0; i < o->item.n; i++)
		if (o->item.v[i].time != PD_NO_TIME && o->item.v[i].time < first)
			first = o->item.v[i].time;
	return first;
}

/* A thread that has nothing of a sample type gets no profile for it. */
static bool has_values(const struct writer *o, const struct part *p)
{
	for (size_t i = 0; i < p->n; i++)
		if (value_of(o, p, i) != 0)
			return true;
	return false;
}

/* All profiles of one sample type: in the first round (`check`) only whether they can be written. */
static bool write_type(struct writer *o, int type, bool check)
{
	struct part p = { .type = type };
	size_t end;

	pd_doc_sample_type(o->doc, (unsigned)type, &p.desc);
	if (!collect_items(o, p.desc.series)) {
		o->failed = true;
		return false;
	}
	p.unit = unit_of(pd_doc_string(o->doc, p.desc.type.unit));
	p.timed = pd_series_has_time(o->doc, p.desc.series);
	p.gaps = p.timed && strcmp(p.unit.name, "nanoseconds") == 0 && !p.desc.type.decimals;
	if (p.gaps) {
		int64_t first = first_time(o);

		for (size_t i = 0; i < o->item.n; i++) /* small numbers stay exact in the viewer's doubles */
			if (o->item.v[i].time != PD_NO_TIME && pd_sub_overflow(o->item.v[i].time, first, &o->item.v[i].time))
				return fail_value(o, &p, PD_ERR_LIMIT, "the times are more than 64 bits apart");
	}
	for (size_t at = 0; at < o->item.n && !pd_out_failed(o->w.out); at = end) {
		for (end = at; end < o->item.n && o->item.v[end].thread == o->item.v[at].thread;)
			end++;
		p.item = o->item.v + at;
		p.n = end - at;
		p.thread = o->item.v[at].thread;
		p.start = p.gaps && p.item[0].time != PD_NO_TIME ? p.item[0].time : 0;
		if (has_values(o, &p) && (!walk(o, &p, MEASURE) || (!check && !write_profile(o, &p))))
			return false;
	}
	return true;
}

/* ---- the file ---- */

/* Title: asked for, or the file name of the main binary. */
static void write_title(struct writer *o)
{
	struct pd_span s = { "profile", 7 };
	struct pd_mapping_desc m;

	if (o->opts->name) {
		s = (struct pd_span){ o->opts->name, strlen(o->opts->name) };
	} else if (pd_doc_mappings(o->doc)) {
		pd_doc_mapping(o->doc, (pd_mapping){ 1 }, &m);
		for (uint32_t i = 2; i <= pd_doc_mappings(o->doc) && !(m.flags & PD_MAP_MAIN); i++)
			pd_doc_mapping(o->doc, (pd_mapping){ i }, &m);
		if ((m.flags & PD_MAP_MAIN) && m.file.v) {
			const char *slash;

			s = pd_doc_string(o->doc, m.file);
			slash = memrchr(s.p, '/', s.n);
			if (slash && slash + 1 < s.p + s.n)
				s = (struct pd_span){ slash + 1, s.n - (size_t)(slash + 1 - s.p) };
		}
	}
	pd_jsonw_string(&o->w, "name", s.p, s.n);
}

static bool write_types(struct writer *o, bool check)
{
	for (unsigned t = 0; t < pd_doc_sample_types(o->doc); t++)
		if ((o->only_type < 0 || (unsigned)o->only_type == t) && !write_type(o, (int)t, check))
			return false;
	return true;
}

static void write_empty(struct writer *o)
{
	static const char text[] = "{\"type\":\"sampled\",\"name\":\"empty\",\"unit\":\"none\",\"startValue\":0,\"endValue\":0,"
				   "\"profdata\":{},\"samples\":[],\"weights\":[]}";

	pd_jsonw_raw(&o->w, NULL, text, sizeof(text) - 1);
}

static void write_file(struct writer *o)
{
	char exporter[64];

	pd_jsonw_object(&o->w, NULL);
	pd_jsonw_text(&o->w, "$schema", "https://www.speedscope.app/file-format-schema.json");
	snprintf(exporter, sizeof(exporter), "profdata@%s", pd_version());
	pd_jsonw_text(&o->w, "exporter", exporter);
	write_title(o);
	pd_jsonw_object(&o->w, "shared");
	pd_jsonw_array(&o->w, "frames");
	for (size_t i = 0; i < o->shown.n; i++)
		write_frame(o, &o->shown.v[i]);
	pd_jsonw_end(&o->w);
	pd_jsonw_end(&o->w);
	pd_jsonw_array(&o->w, "profiles");
	if (!write_types(o, false))
		o->failed = true;
	if (o->n_profiles == 0)
		write_empty(o);
	pd_jsonw_end(&o->w);
	pd_jsonw_i64(&o->w, "activeProfileIndex", o->active ? o->active - 1 : 0);
	pd_jsonw_end(&o->w);
	pd_jsonw_finish(&o->w);
}

enum pd_status pd_speedscope_write(const struct pd_doc *doc, struct pd_out *out, const struct pd_save_opts *save, const void *opts,
				   struct pd_error *err)
{
	struct pd_error why = { .status = PD_OK };
	struct writer o = { .doc = doc, .opts = opts, .err = &why, .only_type = -1 };

	o.active_type = pd_doc_find_sample_type(doc, NULL);
	if (save && save->sample_type && *save->sample_type) {
		o.only_type = pd_doc_find_sample_type(doc, save->sample_type);
		if (o.only_type < 0)
			return pd_error_set(err, PD_ERR_USAGE, "there is no sample type '%s'", save->sample_type);
	}
	pd_jsonw_init(&o.w, out, 3);
	collect_frames(&o);
	if (!o.failed && write_types(&o, true))
		write_file(&o);
	if (o.failed)
		pd_error_set(&why, PD_ERR_NOMEM, "out of memory");
	free(o.first);
	free(o.count);
	free(o.slot);
	pd_vec_release(&o.entry);
	pd_vec_release(&o.shown);
	pd_vec_release(&o.item);
	pd_vec_release(&o.path);
	pd_vec_release(&o.text);
	if (why.status == PD_OK)
		return PD_OK;
	pd_error_set(err, why.status, "%s", why.text);
	if (why.status == PD_ERR_UNSUPPORTED)
		pd_error_hint(err, "pprof, folded and dump files can hold negative values");
	return why.status;
}
