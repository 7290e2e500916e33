/*
 * Appends a document to a builder by remapping its tables one after another,
 * each in the order of its ids.
 */
#include "format/load.h"
#include "model/model.h"

struct maps {
	struct pd_builder *b;
	const struct pd_doc *doc;
	pd_str *string;
	pd_mapping *mapping;
	pd_func *func;
	pd_frame *frame;
	pd_stack *stack;
	pd_labels *labels;
};

static bool make_maps(struct maps *m)
{
	const struct pd_doc *d = m->doc;

	m->string = calloc((size_t)pd_doc_strings(d) + 1, sizeof *m->string);
	m->mapping = calloc((size_t)pd_doc_mappings(d) + 1, sizeof *m->mapping);
	m->func = calloc((size_t)pd_doc_funcs(d) + 1, sizeof *m->func);
	m->frame = calloc((size_t)pd_doc_frames(d) + 1, sizeof *m->frame);
	m->stack = calloc((size_t)pd_doc_stack_nodes(d) + 1, sizeof *m->stack);
	m->labels = calloc((size_t)pd_doc_label_sets(d) + 1, sizeof *m->labels);
	return m->string && m->mapping && m->func && m->frame && m->stack && m->labels;
}

static void free_maps(struct maps *m)
{
	free(m->string);
	free(m->mapping);
	free(m->func);
	free(m->frame);
	free(m->stack);
	free(m->labels);
}

static void map_names(struct maps *m)
{
	for (uint32_t i = 1, n = pd_doc_strings(m->doc); i <= n; i++) {
		struct pd_span s = pd_doc_string(m->doc, (pd_str){ i });

		m->string[i] = pd_intern(m->b, s.p, s.n);
	}
	for (uint32_t i = 1, n = pd_doc_mappings(m->doc); i <= n; i++) {
		struct pd_mapping_desc d;

		pd_doc_mapping(m->doc, (pd_mapping){ i }, &d);
		d.file = m->string[d.file.v];
		d.build_id = m->string[d.build_id.v];
		m->mapping[i] = pd_mapping_add(m->b, &d);
	}
	for (uint32_t i = 1, n = pd_doc_funcs(m->doc); i <= n; i++) {
		struct pd_func_desc d;

		pd_doc_func(m->doc, (pd_func){ i }, &d);
		d.name = m->string[d.name.v];
		d.system_name = m->string[d.system_name.v];
		d.file = m->string[d.file.v];
		m->func[i] = pd_func_add(m->b, &d);
	}
}

static bool map_frames(struct maps *m)
{
	PD_VEC(struct pd_line) line = { 0 };
	bool ok = true;

	for (uint32_t i = 1, n = pd_doc_frames(m->doc); i <= n && ok; i++) {
		struct pd_frame_desc d;

		pd_doc_frame(m->doc, (pd_frame){ i }, &d);
		line.n = 0;
		ok = pd_vec_reserve(&line, d.n_lines);
		for (uint32_t k = 0; ok && k < d.n_lines; k++) {
			line.v[line.n] = d.lines[k];
			line.v[line.n].func = m->func[d.lines[k].func.v];
			line.n++;
		}
		d.lines = line.v;
		d.mapping = m->mapping[d.mapping.v];
		if (ok)
			m->frame[i] = pd_frame_add(m->b, &d);
	}
	pd_vec_release(&line);
	return ok;
}

static bool map_stacks(struct maps *m)
{
	pd_frame *path = calloc((size_t)pd_doc_max_depth(m->doc) + 1, sizeof *path);

	for (uint32_t i = 1, n = pd_doc_stack_nodes(m->doc); path && i <= n; i++) {
		size_t depth = pd_doc_stack(m->doc, (pd_stack){ i }, PD_ROOT_FIRST, path);

		for (size_t k = 0; k < depth; k++)
			path[k] = m->frame[path[k].v];
		m->stack[i] = pd_stack_of(m->b, path, depth, PD_ROOT_FIRST);
	}
	free(path);
	return path != NULL;
}

static bool map_labels(struct maps *m)
{
	PD_VEC(struct pd_label) row = { 0 };
	bool ok = true;

	for (uint32_t i = 1, n = pd_doc_label_sets(m->doc); i <= n && ok; i++) {
		const struct pd_label *from;
		size_t count = pd_doc_labels(m->doc, (pd_labels){ i }, &from);

		row.n = 0;
		ok = pd_vec_reserve(&row, count);
		for (size_t k = 0; ok && k < count; k++) {
			struct pd_label l = from[k];

			l.key = m->string[l.key.v];
			l.str = m->string[l.str.v];
			l.unit = m->string[l.unit.v];
			row.v[row.n++] = l;
		}
		if (ok)
			m->labels[i] = pd_labels_of(m->b, row.v, row.n);
	}
	pd_vec_release(&row);
	return ok;
}

/* ---- series ---- */

static bool same_types(const struct maps *m, const struct pd_series_row *have, unsigned series)
{
	if (have->n_values != pd_series_values(m->doc, series))
		return false;
	for (unsigned c = 0; c < have->n_values; c++) {
		struct pd_value_type t;

		pd_series_value_type(m->doc, series, c, &t);
		if (have->type[c].type.v != m->string[t.type.v].v || have->type[c].unit.v != m->string[t.unit.v].v ||
		    have->type[c].decimals != t.decimals)
			return false;
	}
	return true;
}

/* The builder's series that continues `series`: same name and types; a new one when the name is new. */
static bool find_series(struct maps *m, unsigned series, unsigned *out)
{
	pd_str name = m->string[pd_series_name(m->doc, series).v];
	const struct pd_doc *d = m->b->doc;

	for (size_t i = 0; i < d->series.n; i++)
		if (d->series.v[i].name.v == name.v) {
			*out = (unsigned)i;
			return same_types(m, &d->series.v[i], series);
		}
	*out = pd_series_add(m->b, name);
	for (unsigned c = 0; c < pd_series_values(m->doc, series); c++) {
		struct pd_value_type t;

		pd_series_value_type(m->doc, series, c, &t);
		t.type = m->string[t.type.v];
		t.unit = m->string[t.unit.v];
		pd_series_value(m->b, *out, &t);
	}
	return true;
}

static void add_rows(struct maps *m, unsigned from, unsigned to)
{
	unsigned columns = pd_series_values(m->doc, from);
	struct pd_rows rows;
	uint64_t first = 0;
	size_t n;

	while ((n = pd_series_rows(m->doc, from, first, &rows))) {
		for (size_t i = 0; i < n; i++) {
			struct pd_sample s = { .stack = m->stack[rows.stack[i].v], .labels = m->labels[rows.labels[i].v] };
			int64_t value[PD_MAX_VALUES];

			if (rows.time) {
				s.has_time = rows.time[i] != PD_NO_TIME;
				s.time = rows.time[i];
			}
			for (unsigned c = 0; c < columns; c++)
				value[c] = rows.value[c][i];
			pd_sample_add(m->b, to, &s, value);
		}
		first += n;
	}
}

/* ---- header ---- */

static void keep_string(const struct maps *m, pd_str *have, pd_str part)
{
	if (!have->v)
		*have = m->string[part.v];
}

/* What the first part does not say may come from a later one; a span of time grows. */
static bool join_meta(const struct maps *m)
{
	struct pd_meta *have = pd_builder_meta(m->b);
	const struct pd_meta *part = pd_doc_meta(m->doc);

	if (part->period && have->period && part->period != have->period)
		return false;
	if (part->duration_nanos && have->duration_nanos != part->duration_nanos)
		return false; /* measured on a part: one pass has to say how long it all was */
	if (part->time_nanos && (!have->time_nanos || part->time_nanos < have->time_nanos))
		have->time_nanos = part->time_nanos;
	if (part->end_nanos > have->end_nanos)
		have->end_nanos = part->end_nanos;
	if (!have->period)
		have->period = part->period;
	keep_string(m, &have->period_type, part->period_type);
	keep_string(m, &have->period_unit, part->period_unit);
	keep_string(m, &have->default_sample_type, part->default_sample_type);
	keep_string(m, &have->doc_url, part->doc_url);
	keep_string(m, &have->drop_frames, part->drop_frames);
	keep_string(m, &have->keep_frames, part->keep_frames);
	keep_string(m, &have->root_label, part->root_label);
	keep_string(m, &have->producer, part->producer);
	return true;
}

bool pd_join(struct pd_builder *b, const struct pd_doc *part)
{
	struct maps m = { .b = b, .doc = part };
	const pd_str *comment;
	bool ok = make_maps(&m);

	if (ok) {
		map_names(&m);
		ok = map_frames(&m) && map_stacks(&m) && map_labels(&m) && join_meta(&m);
	}
	for (unsigned s = 0; ok && s < pd_doc_series(part); s++) {
		unsigned to;

		ok = find_series(&m, s, &to);
		if (ok)
			add_rows(&m, s, to);
	}
	for (size_t i = 0, n = ok ? pd_doc_comments(part, &comment) : 0; i < n; i++)
		pd_builder_comment(b, m.string[comment[i].v]);
	free_maps(&m);
	return ok && !pd_builder_failed(b);
}
