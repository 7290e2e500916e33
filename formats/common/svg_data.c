/*
 * The data block: one JSON object in <metadata>, with the characters that mean
 * something in XML written as \u escapes. It holds what the picture was made
 * of, so that the script can draw any part of it and the file can be read back:
 *
 *   "strings"            names, files, modules; 0 is ""
 *   "frames"             name, file, module, flags, colour of each kind of frame, one column each;
 *                        frame 0 is the root. flags: 1 kernel, 2 JIT, 4 inlined, 8 stands for nodes left out
 *   "tree"               nodes in depth-first order: frame, self - and, where there are
 *                        negative values ("signed"), the sum of absolute values.
 *                        -N before a node goes up N levels first
 *
 * Beyond SVG_LIMIT nodes the lightest subtrees become one node per parent.
 */
#include "common/escape.h"
#include "common/json_write.h"
#include "common/svg.h"

#define LEFT_OUT 8u

static void put_int(struct pd_out *out, int64_t v, char before)
{
	char buf[24];
	size_t n = 0;

	if (before)
		buf[n++] = before;
	n += pd_put_i64(buf + n, v);
	pd_out_write(out, buf, n);
}

/* ---- strings and frames ---- */

/* One string per name, file and module of each kind; equal neighbours (one file after another) share one. */
static void put_strings(const struct svg_scene *s, struct pd_jsonw *w, uint32_t *ids)
{
	struct pd_calltree_frame f, before = { 0 };
	uint32_t n = 1, file = 0, module = 0;

	pd_jsonw_array(w, "strings");
	pd_jsonw_string(w, NULL, "", 0);
	for (uint32_t k = 0; k < s->n_kinds; k++) {
		pd_calltree_frame(s->tree, s->kind[k].frame, &f);
		pd_jsonw_string(w, NULL, f.name.p, f.name.n);
		ids[3 * k] = n++;
		if (f.file.n && (!file || f.file.n != before.file.n || memcmp(f.file.p, before.file.p, f.file.n))) {
			pd_jsonw_string(w, NULL, f.file.p, f.file.n);
			before.file = f.file;
			file = n++;
		}
		ids[3 * k + 1] = f.file.n ? file : 0;
		if (f.module.n && (!module || f.module.n != before.module.n || memcmp(f.module.p, before.module.p, f.module.n))) {
			pd_jsonw_string(w, NULL, f.module.p, f.module.n);
			before.module = f.module;
			module = n++;
		}
		ids[3 * k + 2] = f.module.n ? module : 0;
	}
	pd_jsonw_end(w);
}

static void put_column(const struct svg_scene *s, struct pd_jsonw *w, const char *key, const uint32_t *ids)
{
	pd_jsonw_array(w, key);
	for (uint32_t k = 0; k < s->n_kinds; k++)
		pd_jsonw_u64(w, NULL, ids[3 * k]);
	if (s->data_weight > 1)
		pd_jsonw_u64(w, NULL, 0);
	pd_jsonw_end(w);
}

static void put_frames(const struct svg_scene *s, struct pd_jsonw *w, const uint32_t *ids)
{
	pd_jsonw_object(w, "frames");
	put_column(s, w, "name", ids);
	put_column(s, w, "file", ids + 1);
	put_column(s, w, "module", ids + 2);
	pd_jsonw_array(w, "flags");
	for (uint32_t k = 0; k < s->n_kinds; k++)
		pd_jsonw_u64(w, NULL, s->kind[k].shown);
	if (s->data_weight > 1)
		pd_jsonw_u64(w, NULL, LEFT_OUT);
	pd_jsonw_end(w);
	pd_jsonw_array(w, "color");
	for (uint32_t k = 0; k < s->n_kinds; k++)
		pd_jsonw_string(w, NULL, s->kind[k].fill, 7);
	if (s->data_weight > 1)
		pd_jsonw_text(w, NULL, "#b8b8b8");
	pd_jsonw_end(w);
	pd_jsonw_end(w);
}

/* ---- tree ---- */

struct tree_writer {
	const struct svg_scene *s;
	struct pd_out *out;
	uint32_t depth; /* of the node written last */
	bool any;
};

static void put_node(struct tree_writer *t, uint32_t depth, uint32_t kind, int64_t self, int64_t gross)
{
	if (t->any && depth <= t->depth)
		put_int(t->out, -(int64_t)(t->depth + 1 - depth), ',');
	put_int(t->out, kind, t->any || depth ? ',' : 0);
	put_int(t->out, self, ',');
	if (t->s->n->negative)
		put_int(t->out, gross, ',');
	t->any = true;
	t->depth = depth;
}

/* Weight of a node's own samples: what its children leave over. */
static int64_t own_weight(const struct svg_scene *s, uint32_t node)
{
	int64_t w = s->n->weight[node];

	for (uint32_t c = node + 1; s->n->negative && c < s->n->end[node]; c = s->n->end[c])
		w -= s->n->weight[c];
	return w;
}

static void put_tree(const struct svg_scene *s, struct pd_out *out)
{
	const struct pd_calltree_nodes *n = s->n;
	struct tree_writer t = { .s = s, .out = out };

	for (uint32_t i = 0; i < n->n; i++) {
		int64_t total = 0, weight = 0;

		put_node(&t, n->depth[i], s->kind_at[i], n->self[i], own_weight(s, i));
		if (s->data_weight <= 1)
			continue;
		for (uint32_t c = i + 1; c < n->end[i]; c = n->end[c]) /* what is left out of this node's children */
			if (n->weight[c] < s->data_weight) {
				total += n->total[c];
				weight += n->weight[c];
			}
		if (weight)
			put_node(&t, n->depth[i] + 1, s->n_kinds, total, weight);
		while (i + 1 < n->n && n->weight[i + 1] < s->data_weight)
			i = n->end[i + 1] - 1;
	}
}

/* ---- the block ---- */

static void put_text(struct pd_jsonw *w, const char *key, const char *text)
{
	if (text && *text)
		pd_jsonw_text(w, key, text);
}

static void put_span(struct pd_jsonw *w, const char *key, struct pd_span s) { pd_jsonw_string(w, key, s.p, s.n); }

static void put_header(const struct svg_scene *s, struct pd_jsonw *w)
{
	const struct svg_opts *o = s->o;
	const char *modes[] = { o->flamechart ? "chart" : NULL, o->reverse ? "reverse" : NULL };

	pd_jsonw_text(w, "schema", "profdata.flamegraph/1");
	pd_jsonw_string(w, "producer", "profdata", 8);
	pd_jsonw_text(w, "version", pd_version());
	put_text(w, "title", o->title);
	put_text(w, "subtitle", o->subtitle);
	put_text(w, "notes", o->notes);
	put_span(w, "type", pd_doc_string(s->doc, s->type.type));
	put_span(w, "unit", pd_doc_string(s->doc, s->type.unit));
	put_span(w, "count_name", svg_count_name(s));
	pd_jsonw_bool(w, "unit_scales", svg_unit_scales(s));
	if (s->type.decimals)
		pd_jsonw_u64(w, "decimals", s->type.decimals);
	if (o->factor != 1)
		pd_jsonw_real(w, "factor", o->factor);
	pd_jsonw_i64(w, "total", s->n->total[0]);
	if (s->whole > (double)s->n->weight[0])
		pd_jsonw_i64(w, "whole", o->total);
	put_text(w, "name_type", o->nametype);
	for (size_t i = 0; i < PD_ARRAY_LEN(modes); i++)
		if (modes[i])
			pd_jsonw_bool(w, modes[i], true);
	pd_jsonw_bool(w, "inverted", o->inverted);
	if (s->n->negative)
		pd_jsonw_bool(w, "signed", true);
	if (o->negate)
		pd_jsonw_bool(w, "negate", true);
	put_text(w, "granularity", o->granularity);
	pd_jsonw_i64(w, "width", o->width);
	pd_jsonw_i64(w, "frame_height", o->height);
	pd_jsonw_real(w, "font_size", o->fontsize);
	pd_jsonw_real(w, "min_width", s->min_width);
	put_text(w, "search_color", o->search_color);
	pd_jsonw_u64(w, "nodes", s->n->n);
}

bool svg_write_data(const struct svg_scene *s, struct pd_out *out)
{
	uint32_t *ids = malloc(((size_t)s->n_kinds + 1) * 3 * sizeof *ids);
	struct pd_jsonw w;

	if (!ids)
		return false;
	pd_jsonw_init(&w, out, 1);
	w.in_script = true;
	pd_jsonw_object(&w, NULL);
	put_header(s, &w);
	put_strings(s, &w, ids);
	put_frames(s, &w, ids);
	pd_out_puts(out, ",\n\"tree\":[");
	put_tree(s, out);
	pd_out_puts(out, "]");
	pd_jsonw_end(&w);
	pd_jsonw_finish(&w);
	free(ids);
	return true;
}
