/* The writing side of a document: memory accounting, sticky failure, freezing. */
#include "model/index.h"

#include <stdarg.h>

const struct pd_limits pd_no_limits = {
	.size = sizeof pd_no_limits,
	.max_input = UINT64_MAX,
	.max_memory = UINT64_MAX,
	.max_string = UINT32_MAX,
	.max_depth = UINT32_MAX,
	.max_labels = UINT32_MAX,
};

void pd_builder_fail(struct pd_builder *b, enum pd_status status, const char *fmt, ...)
{
	va_list ap;

	if (b->failed)
		return;
	b->failed = true;
	b->err.status = status;
	va_start(ap, fmt);
	vsnprintf(b->err.text, sizeof b->err.text, fmt, ap);
	va_end(ap);
	if (status == PD_ERR_LIMIT && !strncmp(b->err.text, "more memory", 11))
		snprintf(b->err.hint, sizeof b->err.hint, "--max-memory SIZE raises the limit");
}

static size_t index_bytes(const struct pd_index *ix)
{
	return ix->slot ? ((size_t)ix->mask + 1) * sizeof *ix->slot : 0;
}

static size_t series_bytes(const struct pd_series_row *s)
{
	size_t row = sizeof(pd_stack) + sizeof(pd_labels) + (s->has_time ? 8 : 0) + s->n_values * sizeof(int64_t);
	size_t chunks = s->chunk.n, rows = 0;

	if (chunks > 1)
		rows = (chunks - 1) * PD_CHUNK_ROWS;
	if (chunks)
		rows += s->chunk.v[chunks - 1]->cap;
	return rows * row;
}

/* Bytes held; called only when something grows, which is rare by doubling. */
uint64_t pd_builder_bytes(const struct pd_builder *b)
{
	const struct pd_doc *d = b->doc;
	const struct pd_tables *t = &d->t;
	uint64_t n = t->strings.text.used + t->strings.row.cap * sizeof *t->strings.row.v + index_bytes(&t->strings.index);

	n += t->mapping.cap * sizeof *t->mapping.v + t->func.cap * sizeof *t->func.v + t->frame.cap * sizeof *t->frame.v;
	n += t->line.cap * sizeof *t->line.v + t->stack.cap * sizeof *t->stack.v + t->run.cap * sizeof *t->run.v;
	n += t->set.cap * sizeof *t->set.v + t->label.cap * sizeof *t->label.v;
	n += index_bytes(&b->mapping) + index_bytes(&b->func) + index_bytes(&b->frame) + index_bytes(&b->stack) + index_bytes(&b->set);
	n += d->metric.cap * sizeof *d->metric.v + d->metric_bin.cap * sizeof *d->metric_bin.v + index_bytes(&b->metric);
	for (size_t i = 0; i < b->row.n; i++)
		n += index_bytes(&b->row.v[i]);
	for (size_t i = 0; i < d->series.n; i++)
		n += series_bytes(&d->series.v[i]);
	return n;
}

static bool charge(struct pd_builder *b)
{
	if (!b->limits.max_memory || pd_builder_bytes(b) <= b->before + b->limits.max_memory || b->before > UINT64_MAX - b->limits.max_memory)
		return true;
	pd_builder_fail(b, PD_ERR_LIMIT, "more memory needed than the limit of %llu bytes", (unsigned long long)b->limits.max_memory);
	return false;
}

bool pd_builder_grow(struct pd_builder *b, void **v, size_t *cap, size_t n, size_t more, size_t size)
{
	if (b->failed)
		return false;
	if (v && !pd_vec_grow(v, cap, n, more, size)) {
		pd_builder_fail(b, PD_ERR_NOMEM, "out of memory");
		return false;
	}
	return charge(b);
}

bool pd_builder_index_slow(struct pd_builder *b, struct pd_index *ix, uint32_t rows, uint32_t (*hash_of)(const struct pd_builder *, uint32_t))
{
	bool fresh = !ix->slot;

	if (b->failed)
		return false;
	/* a derived builder starts with rows that no index knows yet */
	do {
		if (!pd_index_grow(ix)) {
			pd_builder_fail(b, PD_ERR_NOMEM, "out of memory");
			return false;
		}
	} while (fresh && rows > ix->mask / 2);
	for (uint32_t r = 1; fresh && r < rows; r++) {
		uint32_t hash = hash_of(b, r), at = hash & ix->mask;

		while (ix->slot[at])
			at = (at + 1) & ix->mask;
		pd_index_put(ix, hash, at, r);
	}
	return charge(b);
}

/* Row 0 of every table. */
static bool first_rows(struct pd_builder *b)
{
	struct pd_tables *t = &b->doc->t;
	struct pd_strings *s = &t->strings;

	return pd_vec_push(&s->row, ((struct pd_span){ "", 0 })) && pd_vec_push(&t->mapping, (struct pd_mapping_desc){ 0 }) &&
	       pd_vec_push(&t->func, (struct pd_func_desc){ 0 }) && pd_vec_push(&t->frame, (struct pd_frame_row){ 0 }) &&
	       pd_vec_push(&t->stack, (struct pd_stack_row){ 0 }) && pd_vec_push(&t->set, (struct pd_label_set_row){ 0 }) &&
	       pd_vec_push(&t->thread, (struct pd_thread_desc){ 0 });
}

static struct pd_builder *builder_alloc(const struct pd_limits *limits, unsigned flags, struct pd_error *err)
{
	struct pd_builder *b = calloc(1, sizeof *b);

	if (b)
		b->doc = calloc(1, sizeof *b->doc);
	if (!b || !b->doc) {
		free(b);
		pd_error_set(err, PD_ERR_NOMEM, "out of memory");
		return NULL;
	}
	atomic_init(&b->doc->refs, 1);
	b->limits = limits ? *limits : (struct pd_limits){ .size = sizeof *limits };
	pd_limits_fill(&b->limits);
	b->flags = flags;
	b->key = pd_hash_key();
	return b;
}

struct pd_builder *pd_builder_new(const struct pd_limits *limits, unsigned flags, struct pd_error *err)
{
	struct pd_builder *b = builder_alloc(limits, flags, err);

	if (b && !first_rows(b)) {
		pd_builder_free(b);
		pd_error_set(err, PD_ERR_NOMEM, "out of memory");
		return NULL;
	}
	return b;
}

static void release_indexes(struct pd_builder *b)
{
	pd_index_release(&b->mapping);
	pd_index_release(&b->func);
	pd_index_release(&b->frame);
	pd_index_release(&b->stack);
	pd_index_release(&b->set);
	pd_index_release(&b->metric);
	for (size_t i = 0; i < b->row.n; i++)
		pd_index_release(&b->row.v[i]);
}

void pd_builder_free(struct pd_builder *b)
{
	if (!b)
		return;
	release_indexes(b);
	pd_vec_release(&b->row);
	pd_vec_release(&b->scratch);
	pd_doc_unref(b->doc);
	free(b);
}

/* Copies a whole vec; rows are plain values. */
#define copy_vec(to, from) \
	(!(from)->n || (pd_vec_reserve(to, (from)->n) && (memcpy((to)->v, (from)->v, (from)->n * sizeof *(from)->v), (to)->n = (from)->n, true)))

static bool copy_series(struct pd_builder *b, const struct pd_doc *doc)
{
	for (size_t i = 0; i < doc->series.n; i++) {
		unsigned s = pd_series_add(b, doc->series.v[i].name);

		for (unsigned v = 0; v < doc->series.v[i].n_values; v++)
			pd_series_value(b, s, &doc->series.v[i].type[v]);
	}
	return !b->failed;
}

struct pd_builder *pd_builder_derive(const struct pd_doc *doc, unsigned derive, unsigned flags, struct pd_error *err)
{
	struct pd_builder *b = builder_alloc(&pd_no_limits, flags, err);
	const struct pd_tables *from = &doc->t;
	struct pd_tables *to;
	bool ok;

	if (!b)
		return NULL;
	to = &b->doc->t;
	b->doc->base = pd_doc_ref(doc); /* owner of the string bytes */
	ok = copy_vec(&to->strings.row, &from->strings.row) && copy_vec(&to->mapping, &from->mapping) && copy_vec(&to->func, &from->func) &&
	     copy_vec(&to->frame, &from->frame) && copy_vec(&to->line, &from->line) && copy_vec(&b->doc->comment, &doc->comment) &&
	     pd_vec_push(&to->thread, (struct pd_thread_desc){ 0 });
	if (derive & PD_DERIVE_STACKS) {
		ok = ok && copy_vec(&to->stack, &from->stack) && copy_vec(&to->run, &from->run);
		to->max_depth = from->max_depth;
	} else {
		ok = ok && pd_vec_push(&to->stack, (struct pd_stack_row){ 0 });
	}
	if (derive & PD_DERIVE_LABELS)
		ok = ok && copy_vec(&to->set, &from->set) && copy_vec(&to->label, &from->label);
	else
		ok = ok && pd_vec_push(&to->set, (struct pd_label_set_row){ 0 });
	b->doc->meta = doc->meta;
	if (ok && (derive & PD_DERIVE_SERIES))
		ok = copy_series(b, doc);
	if (ok)
		return b;
	pd_builder_free(b);
	pd_error_set(err, PD_ERR_NOMEM, "out of memory");
	return NULL;
}

struct pd_meta *pd_builder_meta(struct pd_builder *b)
{
	return b->intake ? &b->intake->meta : &b->doc->meta;
}

void pd_builder_comment(struct pd_builder *b, pd_str comment)
{
	if (b->intake && pd_builder_reserve(b, &b->intake->comment, 1))
		b->intake->comment.v[b->intake->comment.n++] = comment;
	else if (!b->intake && pd_builder_reserve(b, &b->doc->comment, 1))
		b->doc->comment.v[b->doc->comment.n++] = comment;
}

bool pd_builder_take_note(struct pd_builder *b, const char *what, uint64_t count, const char *example)
{
	struct pd_doc *d = b->doc;
	struct pd_note_desc note = { .count = count };

	note.what = pd_arena_text(&d->note_text, what, strlen(what));
	if (!note.what || !pd_builder_reserve(b, &d->note, 1)) {
		pd_builder_fail(b, PD_ERR_NOMEM, "out of memory");
		return false;
	}
	snprintf(note.example, sizeof note.example, "%s", example ? example : "");
	d->note.v[d->note.n++] = note;
	return true;
}

size_t pd_builder_notes(const struct pd_builder *b, const struct pd_note_desc **out)
{
	size_t first = b->intake ? b->intake->first_note : 0;

	*out = b->doc ? b->doc->note.v + first : NULL;
	return b->doc ? b->doc->note.n - first : 0;
}

bool pd_builder_failed(const struct pd_builder *b)
{
	return b->failed;
}

enum pd_status pd_builder_status(const struct pd_builder *b)
{
	return b->failed ? b->err.status : PD_OK;
}

void pd_builder_error(const struct pd_builder *b, struct pd_error *err)
{
	if (!b->failed || err->status)
		return;
	err->status = b->err.status;
	memcpy(err->text, b->err.text, sizeof err->text);
	memcpy(err->hint, b->err.hint, sizeof err->hint);
}

struct pd_doc *pd_builder_finish(struct pd_builder *b, struct pd_error *err)
{
	struct pd_doc *doc;

	if (!b->failed)
		pd_threads_derive(b);
	if (b->failed) {
		pd_builder_error(b, err);
		return NULL;
	}
	doc = b->doc;
	pd_index_release(&doc->t.strings.index);
	release_indexes(b);
	b->doc = NULL;
	b->failed = true;
	b->err = (struct pd_error){ .status = PD_ERR_INTERNAL, .text = "builder used after finish" };
	return doc;
}
