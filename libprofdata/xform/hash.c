/*
 * Digest of what a profile says: XXH3 (128 bits) over the canonical form,
 * every field as a 64-bit little-endian number, every text with its length.
 */
#include "model/model.h"
#include <profdata/transform.h>

#include <endian.h>
#include <xxhash.h>

static void put(XXH3_state_t *x, uint64_t v)
{
	v = htole64(v);
	XXH3_128bits_update(x, &v, sizeof v);
}

static void put_text(XXH3_state_t *x, const struct pd_doc *doc, pd_str s)
{
	struct pd_span t = pd_doc_string(doc, s);

	put(x, t.n);
	XXH3_128bits_update(x, t.p, t.n);
}

static void put_tables(XXH3_state_t *x, const struct pd_doc *doc)
{
	const struct pd_tables *t = &doc->t;

	for (size_t i = 1; i < t->mapping.n; i++) {
		const struct pd_mapping_desc *m = &t->mapping.v[i];

		put(x, m->start);
		put(x, m->limit);
		put(x, m->offset);
		put(x, m->flags);
		put_text(x, doc, m->file);
		put_text(x, doc, m->build_id);
	}
	for (size_t i = 1; i < t->func.n; i++) {
		put_text(x, doc, t->func.v[i].name);
		put_text(x, doc, t->func.v[i].system_name);
		put_text(x, doc, t->func.v[i].file);
		put(x, (uint64_t)t->func.v[i].start_line);
	}
	for (size_t i = 1; i < t->frame.n; i++) {
		const struct pd_frame_row *f = &t->frame.v[i];

		put(x, f->address);
		put(x, (uint64_t)f->mapping << 32 | f->flags);
		put(x, f->n_lines);
		for (uint32_t k = 0; k < f->n_lines; k++) {
			put(x, t->line.v[f->first_line + k].func.v);
			put(x, (uint64_t)t->line.v[f->first_line + k].line);
			put(x, (uint64_t)t->line.v[f->first_line + k].column);
		}
	}
	for (size_t i = 1; i < t->stack.n; i++) {
		put(x, (uint64_t)t->stack.v[i].parent << 32 | t->stack.v[i].depth);
		for (uint32_t k = 0; k < pd_run_length(&t->stack.v[i]); k++)
			put(x, t->run.v[t->stack.v[i].first + k]);
	}
	for (size_t i = 1; i < t->set.n; i++) {
		put(x, t->set.v[i].n);
		for (uint32_t k = 0; k < t->set.v[i].n; k++) {
			const struct pd_label *l = &t->label.v[t->set.v[i].first + k];

			put_text(x, doc, l->key);
			put(x, (uint64_t)l->kind);
			put_text(x, doc, l->str);
			put(x, (uint64_t)l->num);
			put_text(x, doc, l->unit);
		}
	}
}

static void put_series(XXH3_state_t *x, const struct pd_doc *doc, const struct pd_series_row *s)
{
	put(x, s->n_values);
	for (unsigned v = 0; v < s->n_values; v++) {
		put_text(x, doc, s->type[v].type);
		put_text(x, doc, s->type[v].unit);
		put(x, s->type[v].decimals);
	}
	put(x, s->rows);
	for (size_t k = 0; k < s->chunk.n; k++) {
		const struct pd_chunk *c = s->chunk.v[k];

		for (uint32_t i = 0; i < c->n; i++) {
			put(x, (uint64_t)c->stack[i].v << 32 | c->labels[i].v);
			if (s->has_time)
				put(x, (uint64_t)c->time[i]);
			for (unsigned v = 0; v < s->n_values; v++)
				put(x, (uint64_t)c->value[v][i]);
		}
	}
}

static void put_header(XXH3_state_t *x, const struct pd_doc *doc)
{
	const struct pd_meta *m = &doc->meta;

	put(x, (uint64_t)m->time_nanos);
	put(x, (uint64_t)m->duration_nanos);
	put(x, (uint64_t)m->end_nanos);
	put(x, (uint64_t)m->period);
	put_text(x, doc, m->period_type);
	put_text(x, doc, m->period_unit);
	put_text(x, doc, m->default_sample_type);
	put_text(x, doc, m->doc_url);
	put_text(x, doc, m->drop_frames);
	put_text(x, doc, m->keep_frames);
	put(x, doc->comment.n);
	for (size_t i = 0; i < doc->comment.n; i++)
		put_text(x, doc, doc->comment.v[i]);
}

enum pd_status pd_hash(const struct pd_doc *doc, char hex[33], struct pd_error *err)
{
	struct pd_merge_opts opts = { .size = sizeof opts, .kind = PD_MERGE_EXACT };
	struct pd_doc *canonical = pd_merge(&doc, 1, &opts, NULL, 0, err);
	XXH3_state_t *x;
	XXH128_hash_t sum;

	if (!canonical)
		return err && err->status ? err->status : PD_ERR_INTERNAL;
	x = XXH3_createState();
	if (!x) {
		pd_doc_unref(canonical);
		return pd_error_set(err, PD_ERR_NOMEM, "out of memory");
	}
	XXH3_128bits_reset(x);
	put_header(x, canonical);
	put_tables(x, canonical);
	for (size_t i = 0; i < canonical->series.n; i++)
		put_series(x, canonical, &canonical->series.v[i]);
	sum = XXH3_128bits_digest(x);
	snprintf(hex, 33, "%016llx%016llx", (unsigned long long)sum.high64, (unsigned long long)sum.low64);
	XXH3_freeState(x);
	pd_doc_unref(canonical);
	return PD_OK;
}
