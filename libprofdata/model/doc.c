/* The reading side: a frozen, reference-counted document. */
#include "model/model.h"

struct pd_doc *pd_doc_ref(const struct pd_doc *doc)
{
	struct pd_doc *d = (struct pd_doc *)(uintptr_t)doc; /* the count is the only part that changes */

	atomic_fetch_add_explicit(&d->refs, 1, memory_order_relaxed);
	return d;
}

static void tables_release(struct pd_tables *t)
{
	pd_vec_release(&t->strings.row);
	pd_arena_release(&t->strings.text);
	free(t->strings.index.slot);
	pd_vec_release(&t->mapping);
	pd_vec_release(&t->func);
	pd_vec_release(&t->frame);
	pd_vec_release(&t->line);
	pd_vec_release(&t->stack);
	pd_vec_release(&t->run);
	pd_vec_release(&t->set);
	pd_vec_release(&t->label);
	pd_vec_release(&t->thread);
}

void pd_doc_unref(struct pd_doc *doc)
{
	while (doc && atomic_fetch_sub_explicit(&doc->refs, 1, memory_order_acq_rel) == 1) {
		struct pd_doc *base = doc->base;

		tables_release(&doc->t);
		for (size_t i = 0; i < doc->series.n; i++)
			pd_series_release(&doc->series.v[i]);
		pd_vec_release(&doc->series);
		pd_vec_release(&doc->metric);
		pd_vec_release(&doc->metric_bin);
		pd_vec_release(&doc->comment);
		pd_vec_release(&doc->note);
		pd_arena_release(&doc->note_text);
		free(doc);
		doc = base;
	}
}

uint32_t pd_doc_strings(const struct pd_doc *doc) { return (uint32_t)doc->t.strings.row.n - 1; }
uint32_t pd_doc_mappings(const struct pd_doc *doc) { return (uint32_t)doc->t.mapping.n - 1; }
uint32_t pd_doc_funcs(const struct pd_doc *doc) { return (uint32_t)doc->t.func.n - 1; }
uint32_t pd_doc_frames(const struct pd_doc *doc) { return (uint32_t)doc->t.frame.n - 1; }
uint32_t pd_doc_label_sets(const struct pd_doc *doc) { return (uint32_t)doc->t.set.n - 1; }
uint32_t pd_doc_stack_nodes(const struct pd_doc *doc) { return (uint32_t)doc->t.stack.n - 1; }
uint32_t pd_doc_threads(const struct pd_doc *doc) { return (uint32_t)doc->t.thread.n - 1; }
uint32_t pd_doc_max_depth(const struct pd_doc *doc) { return doc->t.max_depth; }

struct pd_span pd_doc_string(const struct pd_doc *doc, pd_str s)
{
	return s.v < doc->t.strings.row.n ? doc->t.strings.row.v[s.v] : (struct pd_span){ "", 0 };
}

void pd_doc_mapping(const struct pd_doc *doc, pd_mapping m, struct pd_mapping_desc *out)
{
	*out = doc->t.mapping.v[m.v < doc->t.mapping.n ? m.v : 0];
}

void pd_doc_func(const struct pd_doc *doc, pd_func f, struct pd_func_desc *out)
{
	*out = doc->t.func.v[f.v < doc->t.func.n ? f.v : 0];
}

void pd_doc_frame(const struct pd_doc *doc, pd_frame f, struct pd_frame_desc *out)
{
	const struct pd_frame_row *r = &doc->t.frame.v[f.v < doc->t.frame.n ? f.v : 0];

	*out = (struct pd_frame_desc){ .mapping = { r->mapping }, .address = r->address, .flags = r->flags, .n_lines = r->n_lines,
				       .lines = r->n_lines ? doc->t.line.v + r->first_line : NULL };
}

size_t pd_doc_labels(const struct pd_doc *doc, pd_labels l, const struct pd_label **out)
{
	const struct pd_label_set_row *s = &doc->t.set.v[l.v < doc->t.set.n ? l.v : 0];

	*out = s->n ? doc->t.label.v + s->first : NULL;
	return s->n;
}

bool pd_doc_find_string(const struct pd_doc *doc, const char *text, size_t n, pd_str *out)
{
	for (size_t i = 0; i < doc->t.strings.row.n; i++) {
		struct pd_span s = doc->t.strings.row.v[i];

		if (s.n == n && !memcmp(s.p, text, n)) {
			out->v = (uint32_t)i;
			return true;
		}
	}
	return false;
}

/* ---- stacks ---- */

static const struct pd_stack_row *stack_at(const struct pd_doc *doc, pd_stack s)
{
	return &doc->t.stack.v[s.v < doc->t.stack.n ? s.v : 0];
}

uint32_t pd_doc_stack_depth(const struct pd_doc *doc, pd_stack s)
{
	return stack_at(doc, s)->depth;
}

pd_stack pd_doc_stack_parent(const struct pd_doc *doc, pd_stack s)
{
	return (pd_stack){ stack_at(doc, s)->parent };
}

uint32_t pd_doc_stack_run(const struct pd_doc *doc, pd_stack s, const pd_frame **run)
{
	const struct pd_stack_row *r = stack_at(doc, s);
	uint32_t n = pd_run_length(r);

	*run = n ? (const pd_frame *)(doc->t.run.v + r->first) : NULL;
	return n;
}

size_t pd_doc_stack(const struct pd_doc *doc, pd_stack s, enum pd_order order, pd_frame *out)
{
	const struct pd_stack_row *r = stack_at(doc, s);
	size_t depth = r->depth, at = depth;

	while (r->depth) {
		uint32_t n = pd_run_length(r);
		const uint32_t *run = doc->t.run.v + r->first;

		for (uint32_t i = n; i-- > 0; at--)
			out[order == PD_ROOT_FIRST ? at - 1 : depth - at].v = run[i];
		r = &doc->t.stack.v[r->parent];
	}
	return depth;
}

/* ---- threads ---- */

void pd_doc_thread(const struct pd_doc *doc, pd_thread t, struct pd_thread_desc *out)
{
	*out = doc->t.thread.v[t.v < doc->t.thread.n ? t.v : 0];
}

pd_thread pd_doc_labels_thread(const struct pd_doc *doc, pd_labels l)
{
	return (pd_thread){ doc->t.set.v[l.v < doc->t.set.n ? l.v : 0].thread };
}

/* ---- series ---- */

unsigned pd_doc_series(const struct pd_doc *doc) { return (unsigned)doc->series.n; }

pd_str pd_series_name(const struct pd_doc *doc, unsigned series)
{
	return series < doc->series.n ? doc->series.v[series].name : (pd_str){ 0 };
}

unsigned pd_series_values(const struct pd_doc *doc, unsigned series)
{
	return series < doc->series.n ? doc->series.v[series].n_values : 0;
}

void pd_series_value_type(const struct pd_doc *doc, unsigned series, unsigned column, struct pd_value_type *out)
{
	*out = (struct pd_value_type){ 0 };
	if (column < pd_series_values(doc, series))
		*out = doc->series.v[series].type[column];
}

uint64_t pd_series_count(const struct pd_doc *doc, unsigned series)
{
	return series < doc->series.n ? doc->series.v[series].rows : 0;
}

bool pd_series_has_time(const struct pd_doc *doc, unsigned series)
{
	return series < doc->series.n && doc->series.v[series].has_time;
}

size_t pd_series_rows(const struct pd_doc *doc, unsigned series, uint64_t first, struct pd_rows *out)
{
	const struct pd_series_row *s;
	const struct pd_chunk *c;
	uint32_t at = (uint32_t)(first % PD_CHUNK_ROWS);

	out->n = 0;
	if (series >= doc->series.n || first >= doc->series.v[series].rows)
		return 0;
	s = &doc->series.v[series];
	c = s->chunk.v[first / PD_CHUNK_ROWS];
	out->n = c->n - at;
	out->stack = c->stack + at;
	out->labels = c->labels + at;
	out->time = s->has_time ? c->time + at : NULL;
	for (unsigned v = 0; v < s->n_values; v++)
		out->value[v] = c->value[v] + at;
	return out->n;
}

unsigned pd_doc_sample_types(const struct pd_doc *doc)
{
	unsigned n = 0;

	for (size_t i = 0; i < doc->series.n; i++)
		n += doc->series.v[i].n_values;
	return n;
}

void pd_doc_sample_type(const struct pd_doc *doc, unsigned index, struct pd_sample_type *out)
{
	*out = (struct pd_sample_type){ 0 };
	for (unsigned i = 0; i < doc->series.n; i++) {
		const struct pd_series_row *s = &doc->series.v[i];

		if (index < s->n_values) {
			*out = (struct pd_sample_type){ .series = i, .column = index, .type = s->type[index] };
			return;
		}
		index -= s->n_values;
	}
}

static int type_named(const struct pd_doc *doc, struct pd_span name)
{
	int at = 0;

	for (size_t i = 0; i < doc->series.n; i++) {
		for (unsigned v = 0; v < doc->series.v[i].n_values; v++, at++) {
			struct pd_span s = pd_doc_string(doc, doc->series.v[i].type[v].type);

			if (s.n == name.n && !memcmp(s.p, name.p, s.n))
				return at;
		}
	}
	return -1;
}

int pd_doc_find_sample_type(const struct pd_doc *doc, const char *name)
{
	int n = (int)pd_doc_sample_types(doc), at = -1, number = 0;
	size_t len = name ? strlen(name) : 0;

	if (!len) {
		struct pd_span dflt = pd_doc_string(doc, doc->meta.default_sample_type);

		if (dflt.n)
			at = type_named(doc, dflt);
		return at >= 0 ? at : n - 1;
	}
	at = type_named(doc, (struct pd_span){ name, len });
	if (at < 0 && len > 6 && !strncmp(name, "inuse_", 6))
		at = type_named(doc, (struct pd_span){ name + 6, len - 6 });
	if (at >= 0 || len > 4)
		return at;
	for (const char *p = name; *p; p++) {
		if (*p < '0' || *p > '9')
			return -1;
		number = number * 10 + (*p - '0');
	}
	return number < n ? number : -1;
}

bool pd_doc_total(const struct pd_doc *doc, unsigned sample_type, int64_t *sum, int64_t *abs_sum)
{
	struct pd_sample_type t;
	int64_t s = 0, a = 0;

	*sum = *abs_sum = 0;
	if (sample_type >= pd_doc_sample_types(doc))
		return true;
	pd_doc_sample_type(doc, sample_type, &t);
	for (size_t i = 0; i < doc->series.v[t.series].chunk.n; i++) {
		const struct pd_chunk *c = doc->series.v[t.series].chunk.v[i];
		const int64_t *v = c->value[t.column];

		for (uint32_t r = 0; r < c->n; r++)
			if (pd_add_overflow(s, v[r], &s) || (v[r] < 0 ? pd_sub_overflow(a, v[r], &a) : pd_add_overflow(a, v[r], &a)))
				return false;
	}
	*sum = s;
	*abs_sum = a;
	return true;
}

/* ---- header ---- */

const struct pd_meta *pd_doc_meta(const struct pd_doc *doc) { return &doc->meta; }

size_t pd_doc_comments(const struct pd_doc *doc, const pd_str **out)
{
	*out = doc->comment.v;
	return doc->comment.n;
}

size_t pd_doc_notes(const struct pd_doc *doc, const struct pd_note_desc **out)
{
	*out = doc->note.v;
	return doc->note.n;
}
