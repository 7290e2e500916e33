/* Every invariant of a document, for tests and fuzzing. */
#include "model/model.h"

static bool bad(struct pd_error *err, const char *what, size_t row)
{
	pd_error_set(err, PD_ERR_INTERNAL, "document check: %s, row %zu", what, row);
	return false;
}

static bool check_tables(const struct pd_tables *t, struct pd_error *err)
{
	size_t strings = t->strings.row.n;

	for (size_t i = 0; i < t->mapping.n; i++)
		if (t->mapping.v[i].file.v >= strings || t->mapping.v[i].build_id.v >= strings)
			return bad(err, "mapping names no string", i);
	for (size_t i = 0; i < t->func.n; i++)
		if (t->func.v[i].name.v >= strings || t->func.v[i].system_name.v >= strings || t->func.v[i].file.v >= strings)
			return bad(err, "function names no string", i);
	for (size_t i = 0; i < t->line.n; i++)
		if (t->line.v[i].func.v >= t->func.n)
			return bad(err, "line names no function", i);
	for (size_t i = 0; i < t->frame.n; i++) {
		const struct pd_frame_row *f = &t->frame.v[i];

		if (f->mapping >= t->mapping.n || (size_t)f->first_line + f->n_lines > t->line.n)
			return bad(err, "frame out of range", i);
	}
	return true;
}

static bool check_stacks(const struct pd_tables *t, struct pd_error *err)
{
	for (size_t i = 1; i < t->stack.n; i++) {
		const struct pd_stack_row *s = &t->stack.v[i];
		uint32_t n = pd_run_length(s);

		if (s->parent >= i || !n || t->stack.v[s->parent].depth + n != s->depth || t->stack.v[s->parent].depth % PD_RUN)
			return bad(err, "stack node does not continue its parent", i);
		if ((size_t)s->first + n > t->run.n || s->depth > t->max_depth)
			return bad(err, "stack run out of range", i);
		for (uint32_t k = 0; k < n; k++)
			if (!t->run.v[s->first + k] || t->run.v[s->first + k] >= t->frame.n)
				return bad(err, "stack names no frame", i);
	}
	return true;
}

static bool check_labels(const struct pd_tables *t, struct pd_error *err)
{
	for (size_t i = 0; i < t->set.n; i++)
		if ((size_t)t->set.v[i].first + t->set.v[i].n > t->label.n || t->set.v[i].thread >= t->thread.n)
			return bad(err, "label set out of range", i);
	for (size_t i = 0; i < t->label.n; i++)
		if (t->label.v[i].key.v >= t->strings.row.n || t->label.v[i].str.v >= t->strings.row.n || t->label.v[i].unit.v >= t->strings.row.n)
			return bad(err, "label names no string", i);
	return true;
}

static bool check_series(const struct pd_doc *doc, const struct pd_series_row *s, struct pd_error *err)
{
	uint64_t rows = 0;

	for (size_t i = 0; i < s->chunk.n; i++) {
		const struct pd_chunk *c = s->chunk.v[i];

		if ((i + 1 < s->chunk.n && c->n != PD_CHUNK_ROWS) || c->n > c->cap)
			return bad(err, "chunk is not full", i);
		for (uint32_t r = 0; r < c->n; r++)
			if (c->stack[r].v >= doc->t.stack.n || c->labels[r].v >= doc->t.set.n)
				return bad(err, "sample out of range", (size_t)rows + r);
		rows += c->n;
	}
	return rows == s->rows ? true : bad(err, "row count differs", (size_t)rows);
}

static bool check_metrics(const struct pd_doc *doc, struct pd_error *err)
{
	for (size_t i = 0; i < doc->metric.n; i++) {
		const struct pd_metric_store *s = &doc->metric.v[i];

		if (s->m.name.v >= doc->t.strings.row.n || s->m.unit.v >= doc->t.strings.row.n || s->m.help.v >= doc->t.strings.row.n)
			return bad(err, "metric names no string", i);
		if (s->m.labels.v >= doc->t.set.n || s->first + s->m.n_bins > doc->metric_bin.n || s->m.kind >= PD_METRIC_KINDS)
			return bad(err, "metric out of range", i);
	}
	return true;
}

bool pd_doc_check(const struct pd_doc *doc, struct pd_error *err)
{
	if (!check_tables(&doc->t, err) || !check_stacks(&doc->t, err) || !check_labels(&doc->t, err))
		return false;
	for (size_t i = 0; i < doc->series.n; i++)
		if (!check_series(doc, &doc->series.v[i], err))
			return false;
	return check_metrics(doc, err);
}
