/*
 * Reading, part one. Nothing in a profile has a fixed order (runtimes write
 * samples first and strings last), so the whole of it is scanned once: strings
 * are interned, header numbers taken, small messages remembered and samples
 * counted. Then the tables are built in the order of their references, and the
 * samples follow (samples.c).
 */
#include "pprof/pprof.h"

static enum pd_status no_memory(struct pprof_reader *r)
{
	if (!r->status)
		r->status = pd_error_set(r->sink->err, PD_ERR_NOMEM, "out of memory");
	return r->status;
}

/* ---- scan ---- */

static bool keep_part(struct pprof_reader *r, struct pprof_parts *parts, const struct pd_pb_field *f)
{
	if (!pprof_hold(r, 1, sizeof(struct pprof_part)))
		return false;
	if (!pd_vec_push(&parts->part, ((struct pprof_part){ f->p, f->n }))) {
		no_memory(r);
		return false;
	}
	return true;
}

static inline bool in_table(struct pprof_table *t, const struct pd_pb_field *f, const uint8_t *end)
{
	if (!t->n++)
		t->first = f->at;
	t->end = end;
	return true;
}

static void second_profile(struct pprof_reader *r, const uint8_t *at, const char *sign)
{
	pprof_fail(r, at, "a second profile starts before this place (%s), expected one profile in a file", sign);
	pd_error_hint(r->sink->err, "files joined with cat: keep them apart and use 'profdata merge'");
}

/* Label keys that name threads; equal keys are interned once. */
static void notice_key(struct pprof_reader *r, const struct pd_pb_field *f, uint32_t s)
{
	if (f->n == 4 && !memcmp(f->p, "comm", 4))
		r->comm = s;
	else if (f->n == 3 && !memcmp(f->p, "pid", 3))
		r->pid = s;
	else if (f->n == 3 && !memcmp(f->p, "tid", 3))
		r->tid = s;
}

static bool scan_string(struct pprof_reader *r, const struct pd_pb_field *f)
{
	uint32_t max = r->sink->limits ? r->sink->limits->max_string : 0;

	if (max && f->n > max) {
		pprof_fail_limit(r, f->at, "string %zu of the string table has %zu bytes, the limit is %u", r->string.n, f->n, max);
		return false;
	}
	if (f->n == 0 && r->string.n && r->type_batches > 1) {
		second_profile(r, f->at, "a second string table");
		return false;
	}
	r->strings_since_types = true;
	if (r->string.n == 0 && f->n) {
		r->first_string_named = true;
		if (!pprof_note(r, f->at, "string table does not start with an empty string"))
			return false;
	}
	if (!pprof_hold(r, 1, sizeof(uint32_t)))
		return false;
	pd_str s = pd_intern(r->b, (const char *)f->p, f->n);
	if (f->n == 3 || f->n == 4)
		notice_key(r, f, s.v);
	if (!pd_vec_push(&r->string, s.v))
		no_memory(r);
	return !r->status;
}

static bool scan_comment(struct pprof_reader *r, const struct pd_pb_field *f)
{
	const uint8_t *p = f->p;
	uint64_t v = f->value;

	if (f->wire == PD_PB_VARINT)
		return pprof_hold(r, 1, sizeof v) && (pd_vec_push(&r->comment, v) || (no_memory(r), false));
	while (p < f->p + f->n) {
		const uint8_t *at = p;
		enum pd_pb_fault fault = pd_pb_varint(&p, f->p + f->n, &v);
		if (fault) {
			pprof_fail_wire(r, fault, at);
			return false;
		}
		if (!pprof_hold(r, 1, sizeof v))
			return false;
		if (!pd_vec_push(&r->comment, v)) {
			no_memory(r);
			return false;
		}
	}
	return true;
}

static bool scan_number(struct pprof_reader *r, const struct pd_pb_field *f)
{
	if (f->number == PROFILE_TIME_NANOS && r->header.seen >> PROFILE_TIME_NANOS & 1) {
		second_profile(r, f->at, "time_nanos stands here again");
		return false;
	}
	r->header.v[f->number] = f->value;
	r->header.at[f->number] = f->at;
	r->header.seen |= 1u << f->number;
	return true;
}

/* Everything but samples. `end` is that of the field. */
static bool scan_field(struct pprof_reader *r, const struct pd_pb_field *f, const uint8_t *end)
{
	if (!pprof_field_fits(&pprof_profile_message, f)) {
		pprof_fail_field(r, &pprof_profile_message, f);
		return false;
	}
	switch (f->number) {
	case PROFILE_SAMPLE_TYPE:
		if (r->strings_since_types || !r->type.part.n) {
			r->type_batches++;
			r->strings_since_types = false;
		}
		return keep_part(r, &r->type, f);
	case PROFILE_MAPPING:
		return in_table(&r->mapping, f, end);
	case PROFILE_LOCATION:
		return in_table(&r->location, f, end);
	case PROFILE_FUNCTION:
		return in_table(&r->function, f, end);
	case PROFILE_STRING_TABLE:
		return scan_string(r, f);
	case PROFILE_PERIOD_TYPE:
		r->period_type = (struct pprof_part){ f->p, f->n };
		return true;
	case PROFILE_COMMENT:
		return scan_comment(r, f);
	}
	if (f->number > pprof_profile_message.n_fields)
		return pprof_note(r, f->at, "unknown fields skipped");
	return scan_number(r, f);
}

static enum pd_status scan(struct pprof_reader *r)
{
	struct pd_pb in = { .p = r->base, .end = r->end };
	struct pd_pb_field f;

	r->what = "profile";
	r->nth = 0;
	while (pd_pb_next(&in, &f)) {
		if (pd_likely(f.number == PROFILE_SAMPLE && f.wire == PD_PB_BYTES))
			in_table(&r->sample, &f, in.p);
		else if (!scan_field(r, &f, in.p))
			return r->status;
	}
	if (in.fault)
		return pprof_fail_wire(r, in.fault, in.at);
	return PD_OK;
}

/* ---- ids ---- */

static bool ids_init(struct pprof_reader *r, struct pprof_ids *t, size_t count)
{
	t->key = pd_hash_key();
	t->n_dense = count < SIZE_MAX / 64 ? count * 2 + 64 : count;
	if (!pprof_hold(r, t->n_dense, sizeof *t->dense))
		return false;
	t->dense = calloc(t->n_dense, sizeof *t->dense);
	if (!t->dense)
		no_memory(r);
	return t->dense;
}

static void ids_release(struct pprof_ids *t)
{
	free(t->dense);
	free(t->slot);
	*t = (struct pprof_ids){ 0 };
}

static void ids_place(struct pprof_ids *t, uint64_t id, uint32_t row1)
{
	size_t i = (size_t)pd_hash_u64(t->key, id, 0) & t->mask;

	while (t->slot[i].row1)
		i = (i + 1) & t->mask;
	t->slot[i] = (struct pprof_id_slot){ id, row1 };
}

static bool ids_grow(struct pprof_reader *r, struct pprof_ids *t)
{
	struct pprof_ids old = *t;
	size_t n = t->slot ? (t->mask + 1) * 2 : 256;

	if (!pprof_hold(r, n, sizeof *t->slot))
		return false;
	t->slot = calloc(n, sizeof *t->slot);
	if (!t->slot) {
		t->slot = old.slot;
		no_memory(r);
		return false;
	}
	t->mask = n - 1;
	for (size_t i = 0; old.slot && i <= old.mask; i++)
		if (old.slot[i].row1)
			ids_place(t, old.slot[i].id, old.slot[i].row1);
	free(old.slot);
	return true;
}

/* Binds an id of the file to a row. One id for two different rows is an error. */
static bool ids_bind(struct pprof_reader *r, struct pprof_ids *t, uint64_t id, uint32_t row, const uint8_t *at)
{
	uint32_t before = pprof_id_row1(t, id);

	if (before == row + 1)
		return pprof_note(r, at, "table entries repeated word for word");
	if (before) {
		pprof_fail_in(r, at, "id %llu is taken by an earlier %s", (unsigned long long)id, r->what);
		pd_error_hint(r->sink->err, "if the file is several profiles joined with cat, keep them apart and use 'profdata merge'");
		return false;
	}
	if (id == 0 && !pprof_note(r, at, "table entries with the reserved id 0"))
		return false;
	if (id < t->n_dense) {
		t->dense[id] = row + 1;
		return true;
	}
	if ((!t->slot || t->used * 2 > t->mask) && !ids_grow(r, t))
		return false;
	ids_place(t, id, row + 1);
	t->used++;
	return true;
}

/* ---- tables ---- */

static bool value_type(struct pprof_reader *r, const struct pprof_part *part, struct pd_value_type *out)
{
	const struct pprof_message *m = &pprof_value_type_message;
	struct pprof_scalars s;

	*out = (struct pd_value_type){ 0 };
	return pprof_read_scalars(r, m, part->p, part->n, &s) && pprof_string(r, m, &s, VALUE_TYPE_TYPE, true, &out->type) &&
	       pprof_string(r, m, &s, VALUE_TYPE_UNIT, false, &out->unit);
}

static enum pd_status read_types(struct pprof_reader *r)
{
	size_t n = r->type.part.n;
	struct pd_value_type type;

	if (r->sample.n && !n)
		return pprof_fail(r, r->sample.first, "the profile has %llu samples but declares no sample types", (unsigned long long)r->sample.n);
	if (n > PD_MAX_VALUES)
		return pprof_fail_limit(r, r->type.part.v[PD_MAX_VALUES].p, "the profile declares %zu sample types, the limit is %d", n, PD_MAX_VALUES);
	if (n)
		r->series = pd_series_add(r->b, (pd_str){ 0 });
	r->n_types = (unsigned)n;
	r->what = "sample type";
	for (size_t i = 0; i < n; i++) {
		r->nth = i + 1;
		if (!value_type(r, &r->type.part.v[i], &type))
			return r->status;
		if (!type.type.v && !pprof_note(r, r->type.part.v[i].p, "sample types without a name"))
			return r->status;
		pd_series_value(r->b, r->series, &type);
	}
	return PD_OK;
}

struct line_vec {
	PD_VEC(struct pd_line) line;
};

static bool read_mapping(struct pprof_reader *r, const struct pprof_part *part, struct line_vec *lines PD_UNUSED)
{
	const struct pprof_message *m = &pprof_mapping_message;
	struct pd_mapping_desc d = { .flags = r->nth == 1 ? PD_MAP_MAIN : 0 };
	struct pprof_scalars s;

	if (!pprof_read_scalars(r, m, part->p, part->n, &s) || !pprof_string(r, m, &s, MAPPING_FILENAME, false, &d.file) ||
	    !pprof_string(r, m, &s, MAPPING_BUILD_ID, false, &d.build_id))
		return false;
	d.start = s.v[MAPPING_START];
	d.limit = s.v[MAPPING_LIMIT];
	d.offset = s.v[MAPPING_OFFSET];
	d.flags |= (s.v[MAPPING_HAS_FUNCTIONS] ? PD_MAP_HAS_FUNCTIONS : 0) | (s.v[MAPPING_HAS_FILENAMES] ? PD_MAP_HAS_FILENAMES : 0) |
		   (s.v[MAPPING_HAS_LINE_NUMBERS] ? PD_MAP_HAS_LINES : 0) | (s.v[MAPPING_HAS_INLINE_FRAMES] ? PD_MAP_HAS_INLINES : 0);
	return ids_bind(r, &r->mappings, s.v[MAPPING_ID], pd_mapping_add(r->b, &d).v, part->p);
}

static bool read_function(struct pprof_reader *r, const struct pprof_part *part, struct line_vec *lines PD_UNUSED)
{
	const struct pprof_message *m = &pprof_function_message;
	struct pd_func_desc d = { 0 };
	struct pprof_scalars s;

	if (!pprof_read_scalars(r, m, part->p, part->n, &s) || !pprof_string(r, m, &s, FUNCTION_NAME, true, &d.name) ||
	    !pprof_string(r, m, &s, FUNCTION_SYSTEM_NAME, false, &d.system_name) || !pprof_string(r, m, &s, FUNCTION_FILENAME, false, &d.file))
		return false;
	d.start_line = (int64_t)s.v[FUNCTION_START_LINE];
	/* a function that says nothing is no function: that is how lines without one are written */
	bool nothing = !d.name.v && !d.system_name.v && !d.file.v && !d.start_line;
	return ids_bind(r, &r->functions, s.v[FUNCTION_ID], nothing ? 0 : pd_func_add(r->b, &d).v, part->p);
}

/* Lines are most of the messages in a profile's tables: no detour over scalars. */
static bool read_line(struct pprof_reader *r, const struct pd_pb_field *f, struct pd_line *out)
{
	const struct pprof_message *m = &pprof_line_message;
	struct pd_pb in = { .p = f->p, .end = f->p + f->n };
	uint64_t v[LINE_COLUMN + 1] = { 0 };
	const uint8_t *id_at = f->at;
	struct pd_pb_field g;
	uint32_t row1;

	while (pd_pb_next(&in, &g)) {
		if (pd_unlikely(!pprof_field_fits(m, &g))) {
			pprof_fail_field(r, m, &g);
			return false;
		}
		if (pd_unlikely(g.number > LINE_COLUMN)) {
			if (!pprof_note(r, g.at, "unknown fields skipped"))
				return false;
			continue;
		}
		v[g.number] = g.value;
		if (g.number == LINE_FUNCTION_ID)
			id_at = g.at;
	}
	if (pd_unlikely(in.fault)) {
		pprof_fail_wire(r, in.fault, in.at);
		return false;
	}
	row1 = pprof_id_row1(&r->functions, v[LINE_FUNCTION_ID]);
	if (!row1 && v[LINE_FUNCTION_ID]) {
		pprof_fail_in(r, id_at, "function %llu is not in the function table", (unsigned long long)v[LINE_FUNCTION_ID]);
		return false;
	}
	if (!row1 && !pprof_note(r, f->at, "lines without a function"))
		return false;
	*out = (struct pd_line){ { row1 ? row1 - 1 : 0 }, (int64_t)v[LINE_LINE], (int64_t)v[LINE_COLUMN] };
	return true;
}

static bool read_location(struct pprof_reader *r, const struct pprof_part *part, struct line_vec *lines)
{
	const struct pprof_message *m = &pprof_location_message;
	struct pd_pb in = { .p = part->p, .end = part->p + part->n };
	struct pd_frame_desc d = { 0 };
	const uint8_t *at = part->p;
	struct pd_pb_field f;
	uint64_t id = 0, mapping = 0;

	lines->line.n = 0;
	r->part = NULL;
	while (pd_pb_next(&in, &f)) {
		if (!pprof_field_fits(m, &f)) {
			pprof_fail_field(r, m, &f);
			return false;
		}
		switch (f.number) {
		case LOCATION_ID:
			id = f.value;
			at = f.at;
			break;
		case LOCATION_MAPPING_ID:
			mapping = f.value;
			break;
		case LOCATION_ADDRESS:
			d.address = f.value;
			break;
		case LOCATION_LINE:
			if (!pd_vec_reserve(&lines->line, 1)) {
				no_memory(r);
				return false;
			}
			r->part = "line";
			r->part_nth = lines->line.n + 1;
			if (!read_line(r, &f, &lines->line.v[lines->line.n++]))
				return false;
			r->part = NULL;
			break;
		case LOCATION_IS_FOLDED:
			d.flags = f.value ? PD_FRAME_FOLDED : 0;
			break;
		default:
			if (!pprof_note(r, f.at, "unknown fields skipped"))
				return false;
		}
	}
	if (in.fault) {
		pprof_fail_wire(r, in.fault, in.at);
		return false;
	}
	if (mapping) {
		uint32_t row1 = pprof_id_row1(&r->mappings, mapping);
		d.mapping.v = row1 ? row1 - 1 : 0;
		if (!row1 && !pprof_note(r, part->p, "locations whose mapping is not in the mapping table"))
			return false;
	}
	if (lines->line.n > UINT32_MAX) {
		pprof_fail_limit(r, part->p, "location %llu has more lines than fit", (unsigned long long)r->nth);
		return false;
	}
	d.lines = lines->line.v;
	d.n_lines = (uint32_t)lines->line.n;
	return ids_bind(r, &r->frames, id, pd_frame_add(r->b, &d).v, at);
}

/* Calls `one` for every message of a table; false at the first failure. */
static bool read_table(struct pprof_reader *r, const struct pprof_table *t, uint32_t number, const char *what, struct line_vec *lines,
		       bool (*one)(struct pprof_reader *, const struct pprof_part *, struct line_vec *))
{
	struct pd_pb in = { .p = t->first, .end = t->end };
	struct pd_pb_field f;

	r->what = what;
	r->nth = 0;
	while (pd_pb_next(&in, &f)) {
		if (f.number != number)
			continue;
		r->nth++;
		if (!one(r, &(struct pprof_part){ f.p, f.n }, lines))
			return false;
	}
	return true;
}

static enum pd_status read_tables(struct pprof_reader *r)
{
	struct line_vec lines = { 0 };

	if (ids_init(r, &r->mappings, r->mapping.n) && ids_init(r, &r->functions, r->function.n) && ids_init(r, &r->frames, r->location.n) &&
	    read_table(r, &r->mapping, PROFILE_MAPPING, "mapping", &lines, read_mapping) &&
	    read_table(r, &r->function, PROFILE_FUNCTION, "function", &lines, read_function))
		read_table(r, &r->location, PROFILE_LOCATION, "location", &lines, read_location);
	r->part = NULL;
	pd_vec_release(&lines.line);
	if (!r->status)
		r->status = pd_builder_status(r->b);
	return r->status;
}

/* ---- header ---- */

static bool parse_i64(struct pd_span s, int64_t *out)
{
	bool minus = s.n && s.p[0] == '-';
	int64_t v = 0;

	if (s.n == (size_t)minus)
		return false;
	for (size_t i = minus; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9' || pd_mul_overflow(v, 10, &v) ||
		    (minus ? pd_sub_overflow(v, s.p[i] - '0', &v) : pd_add_overflow(v, s.p[i] - '0', &v)))
			return false;
	}
	*out = v;
	return true;
}

static bool after(struct pd_span s, const char *prefix, struct pd_span *rest)
{
	size_t n = strlen(prefix);

	if (s.n < n || memcmp(s.p, prefix, n))
		return false;
	*rest = (struct pd_span){ s.p + n, s.n - n };
	return true;
}

/* Our own comments carry header fields that profile.proto lacks; all others are kept as they are. */
static bool take_comment(struct pprof_reader *r, pd_str comment)
{
	struct pd_meta *meta = pd_builder_meta(r->b);
	struct pd_span rest, text = pd_builder_string(r->b, comment);

	if (after(text, PPROF_COMMENT_END, &rest))
		return parse_i64(rest, &meta->end_nanos);
	if (after(text, PPROF_COMMENT_ROOT, &rest)) {
		meta->root_label = pd_intern(r->b, rest.p, rest.n);
		return true;
	}
	if (after(text, PPROF_COMMENT_PRODUCER, &rest)) {
		meta->producer = pd_intern(r->b, rest.p, rest.n);
		return true;
	}
	return false;
}

static enum pd_status read_header(struct pprof_reader *r)
{
	const struct pprof_message *m = &pprof_profile_message;
	struct pd_meta *meta = pd_builder_meta(r->b);
	struct pd_value_type period;

	r->what = "profile";
	r->nth = 0;
	if (!pprof_string(r, m, &r->header, PROFILE_DROP_FRAMES, false, &meta->drop_frames) ||
	    !pprof_string(r, m, &r->header, PROFILE_KEEP_FRAMES, false, &meta->keep_frames) ||
	    !pprof_string(r, m, &r->header, PROFILE_DEFAULT_SAMPLE_TYPE, false, &meta->default_sample_type) ||
	    !pprof_string(r, m, &r->header, PROFILE_DOC_URL, false, &meta->doc_url))
		return r->status;
	meta->time_nanos = (int64_t)r->header.v[PROFILE_TIME_NANOS];
	meta->duration_nanos = (int64_t)r->header.v[PROFILE_DURATION_NANOS];
	meta->period = (int64_t)r->header.v[PROFILE_PERIOD];
	if (r->period_type.p) {
		r->what = "period type";
		if (!value_type(r, &r->period_type, &period))
			return r->status;
		meta->period_type = period.type;
		meta->period_unit = period.unit;
	}
	r->what = "comment";
	for (size_t i = 0; i < r->comment.n; i++) {
		uint64_t s = r->comment.v[i];
		r->nth = i + 1;
		if (s && s >= r->string.n)
			return pprof_fail_in(r, r->base, "is string %lld, but the string table has %zu entries", (long long)s, r->string.n);
		pd_str text = { s ? r->string.v[s] : 0 };
		if (!take_comment(r, text))
			pd_builder_comment(r->b, text);
	}
	return PD_OK;
}

static void reader_release(struct pprof_reader *r)
{
	pd_vec_release(&r->string);
	pd_vec_release(&r->type.part);
	pd_vec_release(&r->comment);
	ids_release(&r->mappings);
	ids_release(&r->functions);
	ids_release(&r->frames);
}

static enum pd_status read_profile(struct pprof_reader *r)
{
	if (r->base == r->end) {
		pprof_fail(r, r->base, "the input is empty, expected a profile");
		return r->status;
	}
	if (scan(r) || read_types(r) || read_tables(r) || read_header(r) || pprof_read_samples(r))
		return r->status;
	if (!r->string.n && !pprof_note(r, r->base, "profile without a string table"))
		return r->status;
	struct pd_meta *meta = pd_builder_meta(r->b);
	if (!meta->root_label.v && r->saw_comm && r->saw_process)
		meta->root_label.v = r->comm;
	return pd_builder_status(r->b);
}

enum pd_status pprof_read(struct pd_source *src, struct pd_sink *sink, const void *opts)
{
	struct pprof_reader r = { .src = src, .sink = sink, .b = sink->prof, .offset = pd_source_offset(src) };
	struct pd_span all;
	enum pd_status status = pd_source_all(src, &all);

	(void)opts;
	if (status)
		return status;
	r.base = (const uint8_t *)(all.n ? all.p : "");
	r.end = r.base + all.n;
	status = read_profile(&r);
	reader_release(&r);
	return status;
}
