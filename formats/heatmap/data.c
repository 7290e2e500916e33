/*
 * The data block: one JSON object in <metadata>, with the characters that mean
 * something in XML written as \u escapes.
 *
 *   "schema"          "profdata.heatmap/1"
 *   "sample_type"     {type, unit, decimals}
 *   "values"          true: colours are values, else numbers of samples
 *   "clock"           Unix ns of time 0, when known
 *   "from", "to"      first and last time of the stretch, ns from time 0, both included
 *   "column", "first_column", "columns", "rows"   ns of a column; number of the first one; how many; rows of each
 *   "map"             left, top, width and height of the map in the picture
 *   "graph"           in pages with a flame graph: start of its first row, and whether it has only whole columns
 *   "bins"            bins that have samples, row by row, column after column: [bins skipped, samples, value, ...]
 *
 * Numbers that JavaScript would round stand in quotes.
 */
#include "common/json_write.h"
#include "heatmap/heatmap.h"

#define EXACT (1ull << 53)

static void put_u64(struct pd_jsonw *w, const char *key, uint64_t v)
{
	char text[24];

	if (v <= EXACT)
		pd_jsonw_u64(w, key, v);
	else
		pd_jsonw_string(w, key, text, pd_put_u64(text, v));
}

static void put_i64(struct pd_jsonw *w, const char *key, int64_t v)
{
	char text[24];

	if (v >= -(int64_t)EXACT && v <= (int64_t)EXACT)
		pd_jsonw_i64(w, key, v);
	else
		pd_jsonw_string(w, key, text, pd_put_i64(text, v));
}

static void put_span(struct pd_jsonw *w, const char *key, struct pd_span s) { pd_jsonw_string(w, key, s.p, s.n); }

static void put_bins(const struct heatmap *h, struct pd_jsonw *w)
{
	uint32_t skipped = 0;

	pd_jsonw_array(w, "bins");
	for (uint32_t i = 0; i < h->m->columns * h->m->rows; i++) {
		if (!h->m->samples[i]) {
			skipped++;
			continue;
		}
		pd_jsonw_u64(w, NULL, skipped);
		pd_jsonw_u64(w, NULL, h->m->samples[i]);
		put_i64(w, NULL, h->m->value[i]);
		skipped = 0;
	}
	pd_jsonw_end(w);
}

void heatmap_put_data(const struct heatmap *h, struct pd_out *out)
{
	const struct pd_heat_map *m = h->m;
	struct pd_jsonw w;

	pd_jsonw_init(&w, out, 1);
	w.in_script = true;
	pd_jsonw_object(&w, NULL);
	pd_jsonw_text(&w, "schema", "profdata.heatmap/1");
	pd_jsonw_text(&w, "producer", "profdata");
	pd_jsonw_text(&w, "version", pd_version());
	if (h->save && h->save->command)
		pd_jsonw_text(&w, "command", h->save->command);
	pd_jsonw_object(&w, "sample_type");
	put_span(&w, "type", pd_doc_string(h->doc, h->text.type.type));
	put_span(&w, "unit", pd_doc_string(h->doc, h->text.type.unit));
	pd_jsonw_u64(&w, "decimals", h->text.type.decimals);
	pd_jsonw_end(&w);
	pd_jsonw_bool(&w, "unit_scales", svg_unit_scales(&h->text));
	put_span(&w, "count_name", svg_count_name(&h->text));
	pd_jsonw_bool(&w, "values", h->o->values);
	if (m->clock)
		put_i64(&w, "clock", m->clock);
	put_u64(&w, "from", (uint64_t)m->from - (uint64_t)m->origin);
	put_u64(&w, "to", (uint64_t)m->to - (uint64_t)m->origin);
	put_u64(&w, "column", m->column);
	put_u64(&w, "first_column", m->first_column);
	pd_jsonw_u64(&w, "columns", m->columns);
	pd_jsonw_u64(&w, "rows", m->rows);
	pd_jsonw_array(&w, "map");
	pd_jsonw_real(&w, NULL, h->left);
	pd_jsonw_real(&w, NULL, h->top);
	pd_jsonw_real(&w, NULL, h->width);
	pd_jsonw_real(&w, NULL, h->height);
	pd_jsonw_end(&w);
	if (h->has_graph) {
		pd_jsonw_object(&w, "graph");
		put_u64(&w, "start", h->graph_start);
		pd_jsonw_bool(&w, "whole_columns", h->whole_columns);
		pd_jsonw_end(&w);
	}
	put_bins(h, &w);
	pd_jsonw_end(&w);
	pd_jsonw_finish(&w);
}
