/*
 * A later part of one input behind the earlier ones: tables in the order of
 * their ids, so that ids are given in the order of first use, as one pass does.
 */
#include "format/load.h"
#include "model/model.h"

static bool same_types(const struct pd_series_row *have, const struct pd_series_row *s, const struct pd_remap *r)
{
	if (have->n_values != s->n_values)
		return false;
	for (unsigned c = 0; c < have->n_values; c++) {
		struct pd_value_type t = pd_remap_type(r, &s->type[c]);

		if (have->type[c].type.v != t.type.v || have->type[c].unit.v != t.unit.v || have->type[c].decimals != t.decimals)
			return false;
	}
	return true;
}

/* The builder's series that continues `s`: same name and types; a new one when the name is new. */
static bool find_series(struct pd_builder *b, const struct pd_series_row *s, const struct pd_remap *r, unsigned *out)
{
	for (size_t i = 0; i < b->doc->series.n; i++)
		if (b->doc->series.v[i].name.v == r->str[s->name.v]) {
			*out = (unsigned)i;
			return same_types(&b->doc->series.v[i], s, r);
		}
	*out = pd_append_series(b, s, r);
	return true;
}

static void keep_string(pd_str *have, pd_str part)
{
	if (!have->v)
		*have = part;
}

/* What the first part does not say may come from a later one; a span of time grows. */
static bool join_meta(struct pd_meta *have, struct pd_meta part, const struct pd_remap *r)
{
	pd_remap_meta(r, &part);
	if (part.period && have->period && part.period != have->period)
		return false;
	if (part.duration_nanos && have->duration_nanos != part.duration_nanos)
		return false; /* measured on a part: one pass has to say how long it all was */
	if (part.time_nanos && (!have->time_nanos || part.time_nanos < have->time_nanos))
		have->time_nanos = part.time_nanos;
	if (part.end_nanos > have->end_nanos)
		have->end_nanos = part.end_nanos;
	if (!have->period)
		have->period = part.period;
	keep_string(&have->period_type, part.period_type);
	keep_string(&have->period_unit, part.period_unit);
	keep_string(&have->default_sample_type, part.default_sample_type);
	keep_string(&have->doc_url, part.doc_url);
	keep_string(&have->drop_frames, part.drop_frames);
	keep_string(&have->keep_frames, part.keep_frames);
	keep_string(&have->root_label, part.root_label);
	keep_string(&have->producer, part.producer);
	return true;
}

bool pd_join(struct pd_builder *b, const struct pd_doc *part)
{
	struct pd_remap r;
	bool ok = pd_append_tables(b, part, PD_APPEND_IN_ORDER, &r) && join_meta(pd_builder_meta(b), part->meta, &r);

	for (size_t s = 0; ok && s < part->series.n; s++) {
		unsigned to;

		ok = find_series(b, &part->series.v[s], &r, &to);
		if (ok)
			pd_append_rows(b, &part->series.v[s], to, &r);
	}
	for (size_t i = 0; ok && i < part->comment.n; i++)
		pd_builder_comment(b, (pd_str){ r.str[part->comment.v[i].v] });
	pd_remap_release(&r);
	return ok && !pd_builder_failed(b);
}
