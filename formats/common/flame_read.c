/*
 * From the data block back to a document. Names are at the granularity of the
 * picture; what finer ones put into them (file, line, address) is taken out
 * again, so that drawing the result at the same granularity gives the same names.
 */
#include "common/flame_read.h"

#include "base/span.h"
#include "common/flame_parse.h"
#include "model/model.h"

enum { FRAME_KERNEL = 1, FRAME_JIT = 2, FRAME_INLINED = 4, FRAME_LEFT_OUT = 8 };

struct maker {
	const struct flame_data *d;
	struct pd_source *src;
	struct pd_sink *sink;
	struct pd_builder *b;
	pd_str *string;
	uint32_t *frame;    /* pd_frame per frame; 0 for the root and what stands for nodes left out */
	uint32_t *name;     /* string per frame */
	uint32_t *parent, *frame_of, *depth; /* per node; depth counts the frames of its stack */
	uint32_t *stack[2]; /* per node: pd_stack + 1; [1] without the value of the root label */
	bool *rooted;       /* per node: is it, or is it below, a value of the root label */
	uint32_t *root;     /* ... whose name is this string */
	pd_labels *set;
	uint32_t n_strings, n_frames, n_nodes, n_labels, n_sets;
	PD_VEC(uint32_t) climb;
	PD_VEC(uint32_t) run;
	PD_VEC(struct pd_label) label;
};

static bool bad(struct maker *m, const char *what)
{
	pd_fail(m->sink, m->src, "the data of the flame graph are damaged: %s", what);
	return false;
}

static bool no_memory(struct maker *m)
{
	pd_error_set(m->sink->err, PD_ERR_NOMEM, "out of memory");
	return false;
}

static bool healthy(struct maker *m) { return !pd_builder_failed(m->b); }

/* Entry i of a column that may be absent, within [0, limit). */
static bool take(struct maker *m, const struct flame_column *c, size_t i, uint32_t limit, uint32_t *out, const char *what)
{
	int64_t v = c->n ? c->v[i] : 0;

	if (v < 0 || v >= limit)
		return bad(m, what);
	*out = (uint32_t)v;
	return true;
}

static bool text_of(struct maker *m, int64_t id, pd_str *out)
{
	if (id < 0 || id >= m->n_strings)
		return bad(m, "a string number is out of range");
	*out = m->string[id];
	return true;
}

/* ---- strings ---- */

static bool make_strings(struct maker *m)
{
	const struct flame_data *d = m->d;
	PD_VEC(char) text = { 0 };
	bool ok = d->prefix.n == 0 || d->prefix.n == d->string.n || bad(m, "strings and prefix differ in length");

	if (ok && d->string.n >= PD_MAX_ROWS)
		ok = bad(m, "too many strings");
	m->string = calloc(d->string.n + 1, sizeof *m->string);
	ok = ok && (m->string || no_memory(m));
	for (size_t i = 0; ok && i < d->string.n; i++) {
		int64_t shared = d->prefix.n ? d->prefix.v[i] : 0;
		struct pd_span s = d->string.v[i];

		if (shared < 0 || (uint64_t)shared > text.n)
			ok = bad(m, "a string shares more than there is");
		else if (s.n > m->sink->limits->max_string - (size_t)shared)
			ok = bad(m, "a string is too long");
		else if (!pd_vec_reserve(&text, s.n + 1))
			ok = no_memory(m);
		if (!ok)
			break;
		text.n = (size_t)shared;
		if (!pd_vec_reserve(&text, s.n + 1)) {
			ok = no_memory(m);
			break;
		}
		memcpy(text.v + text.n, s.p, s.n);
		text.n += s.n;
		m->string[i] = pd_intern(m->b, text.v, text.n);
		ok = healthy(m);
	}
	m->n_strings = (uint32_t)d->string.n;
	pd_vec_release(&text);
	return ok;
}

/* ---- header ---- */

static bool make_header(struct maker *m)
{
	const struct flame_data *d = m->d;
	struct pd_meta *meta = pd_builder_meta(m->b);
	pd_str *const to[FLAME_PROFILE_TEXTS] = {
		[FLAME_PERIOD_TYPE] = &meta->period_type, [FLAME_PERIOD_UNIT] = &meta->period_unit, [FLAME_DEFAULT] = &meta->default_sample_type,
		[FLAME_ROOT_LABEL] = &meta->root_label, [FLAME_DOC_URL] = &meta->doc_url, [FLAME_DROP] = &meta->drop_frames,
		[FLAME_KEEP] = &meta->keep_frames, [FLAME_PRODUCER] = &meta->producer,
	};

	meta->time_nanos = d->time;
	meta->duration_nanos = d->duration;
	meta->end_nanos = d->end;
	meta->period = d->period;
	for (size_t i = 0; i < FLAME_PROFILE_TEXTS; i++)
		if (d->text[i] && !text_of(m, d->text[i], to[i]))
			return false;
	for (size_t i = 0; i < d->comment.n; i++) {
		pd_str s;

		if (!text_of(m, d->comment.v[i], &s))
			return false;
		pd_builder_comment(m->b, s);
	}
	return healthy(m);
}

/* ---- frames ---- */

/* Takes "0xADDRESS ", and " FILE:LINE" or " FILE", off a name where the granularity put them. */
static struct pd_span bare_name(const char *granularity, struct pd_span name, struct pd_span file, uint64_t *address, int64_t *line)
{
	bool lines = !strcmp(granularity, "lines"), addresses = !strcmp(granularity, "addresses");
	struct pd_span s = name, digits;

	if (addresses && span_eat(&s, "0x") && s.n >= 16 && (s.n == 16 || s.p[16] == ' ') && span_hex((struct pd_span){ s.p, 16 }, address))
		name = span_skip(s, s.n == 16 ? 16 : 17);
	if (!file.n || !(lines || addresses || !strcmp(granularity, "filefunctions")))
		return name;
	s = name;
	if ((lines || addresses) && span_rcut(&s, ':', &digits) && span_i64(digits, line) && *line > 0 && s.n >= file.n &&
	    !memcmp(s.p + s.n - file.n, file.p, file.n)) {
		name = s;
	} else {
		*line = 0;
		if (name.n < file.n || memcmp(name.p + name.n - file.n, file.p, file.n))
			return name;
	}
	name.n -= file.n;
	if (name.n && name.p[name.n - 1] == ' ')
		name.n--;
	return name;
}

static bool make_frame(struct maker *m, size_t i, uint32_t name_id)
{
	const struct flame_data *d = m->d;
	uint32_t file, system, module, flags;
	int64_t start = d->frames.line.n ? d->frames.line.v[i] : 0;
	struct pd_line line = { 0 };
	struct pd_frame_desc f = { .n_lines = 1, .lines = &line };
	struct pd_func_desc fn = { .start_line = start };
	struct pd_span bare;

	if (!take(m, &d->frames.file, i, m->n_strings, &file, "the file of a frame is out of range") ||
	    !take(m, &d->frames.system, i, m->n_strings, &system, "the mangled name of a frame is out of range") ||
	    !take(m, &d->frames.module, i, m->n_strings, &module, "the module of a frame is out of range") ||
	    !take(m, &d->frames.flags, i, UINT32_MAX, &flags, "the flags of a frame are out of range"))
		return false;
	m->name[i] = name_id;
	if (i == 0 || flags & FRAME_LEFT_OUT)
		return true;
	fn.file = m->string[file];
	fn.system_name = m->string[system];
	bare = bare_name(d->granularity, pd_builder_string(m->b, m->string[name_id]), pd_builder_string(m->b, fn.file), &f.address, &line.line);
	fn.name = pd_intern(m->b, bare.p, bare.n);
	line.func = pd_func_add(m->b, &fn);
	if (!strcmp(d->granularity, "files") && !fn.file.v && bare.n && !span_is(bare, "[unknown]"))
		f.n_lines = 0; /* drawn by files, code without one is its object */
	if (m->string[module].v)
		f.mapping = pd_mapping_add(m->b, &(struct pd_mapping_desc){ .file = m->string[module] });
	f.flags = (flags & FRAME_KERNEL ? PD_FRAME_KERNEL : 0u) | (flags & FRAME_JIT ? PD_FRAME_JIT : 0u) | (flags & FRAME_INLINED ? PD_FRAME_INLINED : 0u);
	m->frame[i] = pd_frame_add(m->b, &f).v;
	return healthy(m);
}

static bool make_frames(struct maker *m)
{
	const struct flame_data *d = m->d;
	const struct flame_column *const all[] = { &d->frames.name, &d->frames.system, &d->frames.file, &d->frames.module, &d->frames.line, &d->frames.flags };
	size_t n = d->frames.name.n;
	int64_t name = 0;

	if (!n || n >= PD_MAX_ROWS || d->frames.n != (int64_t)n)
		return bad(m, "the number of frames is not that of their names");
	for (size_t i = 0; i < PD_ARRAY_LEN(all); i++)
		if (all[i]->n && all[i]->n != n)
			return bad(m, "columns of frames differ in length");
	m->n_frames = (uint32_t)n;
	m->frame = calloc(n, sizeof *m->frame);
	m->name = calloc(n, sizeof *m->name);
	if (!m->frame || !m->name)
		return no_memory(m);
	for (size_t i = 0; i < n; i++) {
		if (pd_add_overflow(name, d->frames.name.v[i], &name) || name < 0 || name >= m->n_strings)
			return bad(m, "the name of a frame is out of range");
		if (!make_frame(m, i, (uint32_t)name))
			return false;
	}
	return true;
}

/* ---- tree ---- */

static bool make_tree(struct maker *m)
{
	const struct flame_data *d = m->d;
	size_t n = d->tree.frame.n;

	if (!n || n >= PD_MAX_ROWS || d->tree.up.n != n || d->tree.n != (int64_t)n)
		return bad(m, "columns of the tree differ in length");
	m->n_nodes = (uint32_t)n;
	m->parent = calloc(n, sizeof *m->parent);
	m->frame_of = calloc(n, sizeof *m->frame_of);
	m->depth = calloc(n, sizeof *m->depth);
	m->stack[0] = calloc(n, sizeof *m->stack[0]);
	m->stack[1] = calloc(n, sizeof *m->stack[1]);
	m->rooted = calloc(n, sizeof *m->rooted);
	m->root = calloc(n, sizeof *m->root);
	if (!m->parent || !m->frame_of || !m->depth || !m->stack[0] || !m->stack[1] || !m->rooted || !m->root)
		return no_memory(m);
	m->climb.n = 0; /* the path to the node before */
	for (uint32_t i = 0; i < n; i++) {
		if (!take(m, &d->tree.frame, i, m->n_frames, &m->frame_of[i], "a node has a frame that is not there"))
			return false;
		if (i) {
			if (d->tree.up.v[i] < 0 || (uint64_t)d->tree.up.v[i] >= m->climb.n)
				return bad(m, "a node has no parent");
			m->climb.n -= (size_t)d->tree.up.v[i];
			m->parent[i] = m->climb.v[m->climb.n - 1];
			m->depth[i] = m->depth[m->parent[i]] + (m->frame[m->frame_of[i]] != 0);
			if (m->depth[i] > m->sink->limits->max_depth)
				return bad(m, "the tree is too deep");
		}
		if (!pd_vec_push(&m->climb, i))
			return no_memory(m);
	}
	return true;
}

/* Whose names are values of the root label, and everything below. */
static bool make_roots(struct maker *m)
{
	const struct flame_data *d = m->d;

	for (size_t i = 0; i < d->tree.roots.n; i++) {
		uint32_t node;

		if (!take(m, &d->tree.roots, i, m->n_nodes, &node, "a root is out of range"))
			return false;
		if (!node || m->parent[node])
			return bad(m, "the value of a label stands inside of stacks");
		m->rooted[node] = true;
		m->root[node] = node;
	}
	for (uint32_t i = 1; i < m->n_nodes; i++)
		if (m->rooted[m->parent[i]]) {
			m->rooted[i] = true;
			m->root[i] = m->root[m->parent[i]];
		}
	return true;
}

/* Appends the frames gathered to a stack. */
static pd_stack extend(struct maker *m, pd_stack at)
{
	pd_frame *run = (pd_frame *)m->run.v; /* ids are their numbers */

	at = pd_stack_extend(m->b, at, run, m->run.n);
	m->run.n = 0;
	return at;
}

/*
 * Stack of a node; `bare`: without the value of the root label. Those at every 16th frame are remembered: stacks share
 * beginnings there, and no more of them are made than are used.
 */
static bool stack_of(struct maker *m, uint32_t node, bool bare, pd_stack *out)
{
	uint32_t *known = m->stack[bare], at;
	pd_stack s = { 0 };

	m->climb.n = m->run.n = 0;
	for (at = node; at && !known[at]; at = m->parent[at])
		if (!pd_vec_push(&m->climb, at))
			return no_memory(m);
	if (at)
		s.v = known[at] - 1;
	while (m->climb.n) {
		uint32_t frame, frames;

		at = m->climb.v[--m->climb.n];
		frame = m->frame[m->frame_of[at]];
		frames = m->depth[at] - (bare && m->rooted[at]);
		if (frame && !(bare && m->root[at] == at && m->rooted[at]) && !pd_vec_push(&m->run, frame))
			return no_memory(m);
		if (m->run.n && (frames % PD_RUN == 0 || at == node)) {
			s = extend(m, s);
			known[at] = s.v + 1;
		}
	}
	if (node)
		known[node] = s.v + 1;
	*out = s;
	return healthy(m);
}

/* ---- labels ---- */

static bool make_label(struct maker *m, uint32_t i, struct pd_label *out)
{
	const struct flame_data *d = m->d;
	uint32_t key, str, unit;

	if (!take(m, &d->labels.key, i, m->n_strings, &key, "the key of a label is out of range") ||
	    !take(m, &d->labels.str, i, m->n_strings, &str, "the text of a label is out of range") ||
	    !take(m, &d->labels.unit, i, m->n_strings, &unit, "the unit of a label is out of range"))
		return false;
	*out = (struct pd_label){ .key = m->string[key] };
	if (!d->labels.num.n || d->labels.no_num.v[i]) {
		out->kind = PD_LABEL_STR;
		out->str = m->string[str];
	} else {
		out->kind = PD_LABEL_NUM;
		out->num = d->labels.num.v[i];
		out->unit = m->string[unit];
	}
	return true;
}

/* Labels of set i, and of the root label's value where there is one to add. */
static bool labels_of(struct maker *m, uint32_t set, const struct pd_label *more, pd_labels *out)
{
	const struct flame_data *d = m->d;
	size_t from = set ? (size_t)d->set_end.v[set - 1] : 0, to = d->set_end.n ? (size_t)d->set_end.v[set] : 0;

	if (to - from > m->sink->limits->max_labels)
		return bad(m, "a sample has too many labels");
	m->label.n = 0;
	for (size_t i = from; i < to; i++) {
		struct pd_label l;
		uint32_t id;

		if (!take(m, &d->set, i, m->n_labels, &id, "a label is out of range") || !make_label(m, id, &l))
			return false;
		if (!pd_vec_push(&m->label, l))
			return no_memory(m);
	}
	if (more && !pd_vec_push(&m->label, *more))
		return no_memory(m);
	*out = m->label.n ? pd_labels_of(m->b, m->label.v, m->label.n) : (pd_labels){ 0 };
	return healthy(m);
}

static bool make_sets(struct maker *m)
{
	const struct flame_data *d = m->d;
	const struct flame_column *const all[] = { &d->labels.str, &d->labels.unit, &d->labels.num };

	for (size_t i = 0; i < PD_ARRAY_LEN(all); i++)
		if (all[i]->n && all[i]->n != d->labels.key.n)
			return bad(m, "columns of labels differ in length");
	if (d->labels.key.n >= PD_MAX_ROWS || d->set_end.n >= PD_MAX_ROWS)
		return bad(m, "too many labels");
	m->n_labels = (uint32_t)d->labels.key.n;
	m->n_sets = d->set_end.n ? (uint32_t)d->set_end.n : 1;
	m->set = calloc(m->n_sets, sizeof *m->set);
	if (!m->set)
		return no_memory(m);
	for (uint32_t i = 1; i < m->n_sets; i++)
		if (!labels_of(m, i, NULL, &m->set[i]))
			return false;
	return true;
}

/* Has a label set of the block the root label? */
static bool has_root_label(const struct maker *m, uint32_t set)
{
	const struct flame_data *d = m->d;

	for (int64_t i = set ? d->set_end.v[set - 1] : 0; set && i < d->set_end.v[set]; i++)
		if (d->labels.key.v[d->set.v[i]] == d->text[FLAME_ROOT_LABEL])
			return true;
	return false;
}

/* ---- rows ---- */

/*
 * Where a node stands under a value of the root label: rows that have the label have that frame from it; where labels
 * did not fit into the file the frame is the label; and else somebody has a function of that name.
 */
static bool place_row(struct maker *m, uint32_t node, uint32_t set, struct pd_sample *out)
{
	struct pd_label root = { .key = pd_builder_meta(m->b)->root_label, .kind = PD_LABEL_STR };
	bool labelled = m->rooted[node] && has_root_label(m, set);

	out->labels = m->set[set];
	if (!m->rooted[node] || (!labelled && !m->d->dropped_labels))
		return stack_of(m, node, false, &out->stack);
	if (!labelled) {
		root.str = m->string[m->name[m->frame_of[m->root[node]]]];
		if (!labels_of(m, set, &root, &out->labels))
			return false;
	}
	return stack_of(m, node, true, &out->stack);
}

static bool make_series(struct maker *m, const struct flame_series *s, unsigned *series)
{
	pd_str name;

	if (!s->n_types || s->n_values != s->n_types)
		return bad(m, "a series has other columns than sample types");
	if (s->n != (int64_t)s->node.n || (s->has_labels && s->labels.n != s->node.n) || (s->has_time && s->time.n != s->node.n))
		return bad(m, "columns of a series differ in length");
	for (unsigned k = 0; k < s->n_values; k++)
		if (s->value[k].n != s->node.n)
			return bad(m, "columns of a series differ in length");
	if (!text_of(m, s->name, &name))
		return false;
	*series = pd_series_add(m->b, name);
	for (unsigned k = 0; k < s->n_types; k++) {
		struct pd_value_type t = { .decimals = (uint8_t)s->type[k].decimals };

		if (s->type[k].decimals < 0 || s->type[k].decimals > 18)
			return bad(m, "a sample type has too many decimals");
		if (!text_of(m, s->type[k].type, &t.type) || !text_of(m, s->type[k].unit, &t.unit))
			return false;
		pd_series_value(m->b, *series, &t);
	}
	return healthy(m);
}

static bool make_rows(struct maker *m, const struct flame_series *s)
{
	int64_t node = 0, time = 0, value[PD_MAX_VALUES];
	unsigned series;

	if (!make_series(m, s, &series))
		return false;
	for (size_t i = 0; i < s->node.n; i++) {
		struct pd_sample row = { 0 };
		uint32_t set = 0;

		if (pd_add_overflow(node, s->node.v[i], &node) || node < 0 || node >= m->n_nodes)
			return bad(m, "the node of a row is out of range");
		if (s->has_labels && !take(m, &s->labels, i, m->n_sets, &set, "the labels of a row are out of range"))
			return false;
		if (s->has_time && !s->no_time.v[i]) {
			if (pd_add_overflow(time, s->time.v[i], &time))
				return bad(m, "the time of a row is out of range");
			row.has_time = true;
			row.time = time;
		}
		for (unsigned k = 0; k < s->n_values; k++)
			value[k] = s->value[k].v[i];
		if (!place_row(m, (uint32_t)node, set, &row))
			return false;
		pd_sample_add(m->b, series, &row, value);
		if (!healthy(m))
			return false;
	}
	return true;
}

static bool note_losses(struct maker *m)
{
	const struct flame_data *d = m->d;

	return (!d->has_left_out || pd_note(m->sink, m->src, "file without its lightest subtrees: what they weigh is their callers' own") == PD_OK) &&
	       (!d->dropped_labels || pd_note(m->sink, m->src, "file without the labels of its samples, for its size") == PD_OK) &&
	       (!d->dropped_times || pd_note(m->sink, m->src, "file without the times of its samples, for its size") == PD_OK);
}

static bool make_all(struct maker *m)
{
	if (!make_strings(m) || !make_header(m) || !make_frames(m) || !make_tree(m) || !make_roots(m) || !make_sets(m))
		return false;
	for (size_t i = 0; i < m->d->series.n; i++)
		if (!make_rows(m, m->d->series.v[i]))
			return false;
	return note_losses(m);
}

static enum pd_status make_document(const struct flame_data *d, struct pd_source *src, struct pd_sink *sink)
{
	struct maker m = { .d = d, .src = src, .sink = sink, .b = sink->prof };
	bool ok = make_all(&m);

	free(m.string);
	free(m.frame);
	free(m.name);
	free(m.parent);
	free(m.frame_of);
	free(m.depth);
	free(m.stack[0]);
	free(m.stack[1]);
	free(m.rooted);
	free(m.root);
	free(m.set);
	pd_vec_release(&m.climb);
	pd_vec_release(&m.run);
	pd_vec_release(&m.label);
	if (ok)
		return PD_OK;
	return sink->err->status != PD_OK ? sink->err->status : pd_builder_status(sink->prof);
}

/* ---- the file around the block ---- */

struct place {
	const char *start, *end; /* of the block */
};

static const struct place places[] = {
	{ "<metadata class=\"profdata\">", "</metadata>" },
	{ "<script type=\"application/json\" id=\"profdata\">", "</script>" },
};

/* Goes behind the tag that begins the block; NULL when there is none. */
static const struct place *find_block(struct pd_source *src)
{
	for (;;) {
		struct pd_span w = pd_source_peek(src, 4096);
		const char *first = NULL;
		const struct place *hit = NULL;

		for (size_t i = 0; i < PD_ARRAY_LEN(places); i++) {
			const char *at = span_search(w, span_of(places[i].start));

			if (at && (!first || at < first)) {
				first = at;
				hit = &places[i];
			}
		}
		if (hit) {
			pd_source_consume(src, (size_t)(first - w.p) + strlen(hit->start));
			return hit;
		}
		if (w.n < 4096)
			return NULL;
		pd_source_consume(src, w.n - 64); /* a tag may have begun in the last bytes */
	}
}

/* The rest of the file: the end of the block first, the end of the file last. */
static bool check_rest(struct pd_source *src, const struct place *p, const char *last)
{
	char tail[32] = { 0 };
	size_t n = 0, want = strlen(last);
	struct pd_span w = span_ltrim(pd_source_peek(src, 64));

	if (!span_starts(w, p->end))
		return false;
	while ((w = pd_source_peek(src, 1)).n) {
		size_t take = w.n < sizeof tail ? w.n : sizeof tail, keep = n + take > sizeof tail ? sizeof tail - take : n;

		memmove(tail, tail + n - keep, keep);
		memcpy(tail + keep, w.p + w.n - take, take);
		n = keep + take;
		pd_source_consume(src, w.n);
	}
	w = span_trim((struct pd_span){ tail, n });
	return w.n >= want && !memcmp(w.p + w.n - want, last, want);
}

enum pd_status flame_read(struct pd_source *src, struct pd_sink *sink, const char *last)
{
	const struct place *place = find_block(src);
	struct flame_data d;
	enum pd_status status;

	if (!place) {
		if (pd_source_status(src) == PD_OK)
			pd_fail(sink, src, "the file ends before the data of the flame graph");
		return pd_source_status(src) != PD_OK ? pd_source_status(src) : PD_ERR_DATA;
	}
	status = flame_parse(&d, src, sink);
	if (status == PD_OK && !check_rest(src, place, last) && pd_source_status(src) == PD_OK)
		status = pd_fail(sink, src, "the file ends before '%s'", last);
	if (status == PD_OK)
		status = pd_source_status(src);
	if (status == PD_OK)
		status = make_document(&d, src, sink);
	flame_data_release(&d);
	return status;
}

enum pd_sniff flame_html_sniff(const struct pd_probe *p)
{
	struct pd_span s = span_ltrim(p->head), mark = span_of("<meta name=\"generator\" content=\"profdata");

	return p->is_text && span_starts(s, "<!DOCTYPE html>") && span_search(s, mark) ? PD_SNIFF_MAGIC : PD_SNIFF_NO;
}
