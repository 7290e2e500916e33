/*
 * The data block: what the picture was made of, so that the script can draw any
 * view of it and the file can be read back. docs/formats/flamegraph-data.md
 * describes every member. One JSON object whose text means nothing to XML and HTML.
 */
#include "common/svg_data.h"
#include "base/sort.h"
#include "common/escape.h"
#include "common/json_write.h"
#include "io/out.h"

#include <profdata/report.h>

#define LEFT_OUT 8u

/* ---- numbering ---- */

/*
 * Nodes of the block in the order of the tree. Below each node that has some,
 * one node stands for all children that are left out, with what is below them.
 */
static bool number_nodes(struct flame_block *b)
{
	const struct pd_calltree_nodes *n = b->n;

	b->node_id = malloc(n->n * sizeof *b->node_id);
	b->lacks = calloc(n->n, sizeof *b->lacks);
	if (!b->node_id || !b->lacks)
		return false;
	for (uint32_t i = 0; i < n->n; i++) {
		if (!flame_kept(b, i)) {
			b->node_id[i] = b->node_id[n->parent[i]];
			if (flame_kept(b, n->parent[i]))
				b->node_id[i]++; /* stands behind its parent */
			b->left_out++;
			continue;
		}
		b->node_id[i] = b->n_ids++;
		for (uint32_t c = i + 1; b->s->data_weight > 0 && !b->lacks[i] && c < n->end[i]; c = n->end[c])
			b->lacks[i] = !flame_kept(b, c);
		b->n_ids += b->lacks[i];
	}
	return true;
}

/* Frames of the block by name, so that names are small steps; the root stays first. Strings are few: they are counted. */
static bool number_frames(struct flame_block *b, const uint32_t *ticket)
{
	uint32_t n = b->s->n_kinds, strings = (uint32_t)b->pool.text.n;
	uint32_t *next = calloc((size_t)strings + 1, sizeof *next);

	b->frame_at = malloc((n + 1) * sizeof *b->frame_at);
	b->kind_of = malloc((n + 1) * sizeof *b->kind_of);
	if (next && b->frame_at && b->kind_of) {
		for (uint32_t k = 1; k < n; k++)
			next[flame_pool_id(&b->pool, ticket[4 * k]) + 1]++;
		next[0] = 1;
		for (uint32_t i = 0; i < strings; i++)
			next[i + 1] += next[i];
		b->frame_at[0] = b->kind_of[0] = 0;
		for (uint32_t k = 1; k < n; k++) {
			uint32_t at = next[flame_pool_id(&b->pool, ticket[4 * k])]++;

			b->frame_at[k] = at;
			b->kind_of[at] = k;
		}
	}
	free(next);
	return b->frame_at && b->kind_of && next;
}

/* ---- frames ---- */

/* Tickets of name, system name, file and module of every kind. */
static uint32_t *collect_frames(struct flame_block *b)
{
	const struct svg_scene *s = b->s;
	uint32_t *ticket = malloc(((size_t)s->n_kinds + 1) * 4 * sizeof *ticket);

	for (uint32_t k = 0; ticket && k < s->n_kinds; k++) {
		struct pd_calltree_frame f;

		pd_calltree_frame(s->data, s->kind[k].frame, &f);
		ticket[4 * k] = flame_pool_add(&b->pool, f.name);
		ticket[4 * k + 1] = flame_pool_add(&b->pool, f.system_name);
		ticket[4 * k + 2] = flame_pool_add(&b->pool, f.file);
		ticket[4 * k + 3] = flame_pool_add(&b->pool, f.module);
	}
	return ticket;
}

/* A column of string ids; none when all are "". */
static void put_column(const struct flame_block *b, struct pd_out *out, const char *key, const uint32_t *ticket, unsigned which)
{
	struct flame_list l = { .out = out };
	bool any = false;
	int64_t last = 0;

	for (uint32_t k = 0; !any && k < b->s->n_kinds; k++)
		any = ticket[4 * k + which] != 0;
	if (!any)
		return;
	pd_out_printf(out, ",\n\"%s\":[", key);
	for (uint32_t k = 0; k < b->s->n_kinds; k++) {
		int64_t id = flame_pool_id(&b->pool, ticket[4 * (size_t)b->kind_of[k] + which]);

		flame_list_i64(&l, id - last);
		if (!which) /* names come in their order */
			last = id;
	}
	if (b->left_out)
		flame_list_i64(&l, -last);
	out_byte(out, ']');
}

static void put_lines(const struct flame_block *b, struct pd_out *out)
{
	struct flame_list l = { .out = out };
	struct pd_calltree_frame f;
	bool any = false;

	for (int pass = 0; pass < 2; pass++) {
		if (pass && !any)
			return;
		if (pass)
			pd_out_puts(out, ",\n\"line\":[");
		for (uint32_t k = 0; k < b->s->n_kinds; k++) {
			pd_calltree_frame(b->s->data, b->s->kind[b->kind_of[k]].frame, &f);
			any |= f.line != 0;
			if (pass)
				flame_list_i64(&l, f.line);
		}
	}
	if (b->left_out)
		flame_list_i64(&l, 0);
	out_byte(out, ']');
}

static uint32_t rgb_of(const char *fill)
{
	uint32_t v = 0;

	for (int i = 1; i < 7; i++)
		v = v << 4 | (uint32_t)(fill[i] <= '9' ? fill[i] - '0' : fill[i] - 'a' + 10);
	return v;
}

/* Each colour once, in order, and the number of its colour per kind; behind the kinds that of what is left out. */
static bool number_colors(struct flame_block *b)
{
	uint32_t n = b->s->n_kinds;
	struct pd_sort_item *item = malloc(2 * ((size_t)n + 1) * sizeof *item);

	b->color = malloc(((size_t)n + 1) * sizeof *b->color);
	b->color_at = malloc(((size_t)n + 1) * sizeof *b->color_at);
	if (item && b->color && b->color_at) {
		for (uint32_t k = 0; k < n; k++)
			item[k] = (struct pd_sort_item){ .key = rgb_of(b->s->kind[k].fill), .row = k };
		if (b->left_out)
			item[n] = (struct pd_sort_item){ .key = 0xb8b8b8, .row = n };
		n += b->left_out > 0;
		pd_sort_u64(item, item + n, n);
		for (uint32_t i = 0; i < n; i++) {
			if (!i || item[i].key != item[i - 1].key)
				b->color[b->n_colors++] = (uint32_t)item[i].key;
			b->color_at[item[i].row] = b->n_colors - 1;
		}
	}
	free(item);
	return item && b->color && b->color_at;
}

static void put_color_table(const struct flame_block *b, struct pd_out *out)
{
	pd_out_puts(out, ",\n\"colors\":[");
	for (uint32_t i = 0; i < b->n_colors; i++)
		pd_out_printf(out, "%s\"#%06x\"", i ? "," : "", b->color[i]);
	out_byte(out, ']');
}

static void put_colors(const struct flame_block *b, struct pd_out *out)
{
	struct flame_list l = { .out = out };

	pd_out_puts(out, ",\n\"color\":[");
	for (uint32_t k = 0; k < b->s->n_kinds; k++)
		flame_list_i64(&l, b->color_at[b->kind_of[k]]);
	if (b->left_out)
		flame_list_i64(&l, b->color_at[b->s->n_kinds]);
	out_byte(out, ']');
}

static void put_frames(const struct flame_block *b, struct pd_out *out, const uint32_t *ticket)
{
	struct flame_list l = { .out = out };
	bool any = b->left_out > 0;

	pd_out_printf(out, ",\n\"frames\":{\"n\":%u", b->s->n_kinds + (b->left_out > 0));
	put_column(b, out, "name", ticket, 0);
	put_column(b, out, "system", ticket, 1);
	put_column(b, out, "file", ticket, 2);
	put_lines(b, out);
	put_column(b, out, "module", ticket, 3);
	for (uint32_t k = 0; !any && k < b->s->n_kinds; k++)
		any = b->s->kind[k].shown != 0;
	if (any) {
		pd_out_puts(out, ",\n\"flags\":[");
		for (uint32_t k = 0; k < b->s->n_kinds; k++)
			flame_list_i64(&l, b->s->kind[b->kind_of[k]].shown);
		if (b->left_out)
			flame_list_i64(&l, LEFT_OUT);
		out_byte(out, ']');
	}
	put_colors(b, out);
	out_byte(out, '}');
}

/* What --nameattr says of the frames, for the viewer. */
static void put_attrs(const struct flame_block *b, struct pd_out *out)
{
	bool any = false;

	for (uint32_t f = 0; b->s->attrs && f < b->s->n_kinds; f++) {
		const struct name_attr *a = b->s->kind[b->kind_of[f]].attr;

		if (!a)
			continue;
		pd_out_printf(out, "%s{\"frame\":%u", any ? "," : ",\n\"attrs\":[", f);
		any = true;
		for (int i = 0; i < NAME_ATTRS; i++) {
			if (!a->value[i].p)
				continue;
			pd_out_printf(out, ",\"%s\":\"", name_attr_words[i]);
			esc_js_in_script(out, a->value[i].p, a->value[i].n);
			out_byte(out, '"');
		}
		out_byte(out, '}');
	}
	if (any)
		out_byte(out, ']');
}

/* ---- tree ---- */

/* Frames of all nodes of the block, or how many levels each goes up from the node before. */
static void put_nodes(const struct flame_block *b, struct pd_out *out, bool up)
{
	const struct pd_calltree_nodes *n = b->n;
	struct flame_list l = { .out = out };
	int64_t depth = -1; /* of the node before */

	for (uint32_t i = 0; i < n->n; i++) {
		if (!flame_kept(b, i))
			continue;
		flame_list_i64(&l, up ? depth + 1 - (int64_t)n->depth[i] : (int64_t)b->frame_at[b->s->data_kind_at[i]]);
		depth = n->depth[i];
		if (!b->lacks[i])
			continue;
		flame_list_i64(&l, up ? 0 : (int64_t)b->s->n_kinds);
		depth++;
	}
}

static bool put_tree(const struct flame_block *b, struct pd_out *out)
{
	bool ok;

	pd_out_printf(out, ",\n\"tree\":{\"n\":%u,\n\"frame\":[", b->n_ids);
	put_nodes(b, out, false);
	pd_out_puts(out, "],\n\"up\":[");
	put_nodes(b, out, true);
	out_byte(out, ']');
	ok = flame_roots_write(b, out);
	out_byte(out, '}');
	return ok;
}

/* ---- what stands before ---- */

static void put_text(struct pd_jsonw *w, const char *key, const char *text)
{
	if (text && *text)
		pd_jsonw_text(w, key, text);
}

static void put_flag(struct pd_jsonw *w, const char *key, bool set)
{
	if (set)
		pd_jsonw_bool(w, key, true);
}

/* What 100 % is for each sample type. */
static void put_hundreds(const struct svg_scene *s, struct pd_jsonw *w)
{
	struct pd_error err = { 0 };
	int64_t total;

	pd_jsonw_array(w, "hundreds");
	for (unsigned i = 0; i < pd_doc_sample_types(s->doc); i++)
		pd_jsonw_i64(w, NULL, pd_report_total(s->doc, i, false, &total, &err) == PD_OK ? total : 0);
	pd_jsonw_end(w);
}

static void put_view(const struct svg_scene *s, struct pd_jsonw *w)
{
	const struct svg_opts *o = s->o;
	struct pd_span count = svg_count_name(s);

	pd_jsonw_object(w, "view");
	pd_jsonw_u64(w, "sample_type", s->sample_type);
	pd_jsonw_text(w, "granularity", o->granularity ? o->granularity : "functions");
	put_flag(w, "inverted", o->inverted);
	put_flag(w, "reverse", o->reverse);
	put_flag(w, "chart", o->flamechart);
	put_flag(w, "negate", o->negate);
	pd_jsonw_text(w, "sort", o->sort ? o->sort : "name");
	pd_jsonw_i64(w, "width", o->width);
	pd_jsonw_i64(w, "frame_height", o->height);
	pd_jsonw_real(w, "font_size", o->fontsize);
	put_text(w, "font", o->fonttype);
	pd_jsonw_real(w, "min_width", s->min_width);
	put_text(w, "search_color", o->search_color);
	pd_jsonw_string(w, "count_name", count.p, count.n);
	put_flag(w, "own_count_name", o->countname != NULL);
	if (o->factor != 1)
		pd_jsonw_real(w, "factor", o->factor);
	if (s->whole > (double)s->n->weight[0])
		pd_jsonw_i64(w, "whole", o->total);
	if (s->hundred != s->whole)
		put_hundreds(s, w);
	put_text(w, "name_type", o->nametype);
	pd_jsonw_end(w);
}

/* The strings of the header; struct flame_block has their tickets in this order. */
static const char *const profile_keys[FLAME_PROFILE_STRINGS] = { "period_type", "period_unit", "default", "root_label", "doc_url", "drop_frames", "keep_frames", "producer" };

static bool collect_profile(struct flame_block *b)
{
	const struct pd_meta *m = pd_doc_meta(b->s->doc);
	const pd_str s[FLAME_PROFILE_STRINGS] = { m->period_type, m->period_unit, m->default_sample_type, m->root_label, m->doc_url, m->drop_frames, m->keep_frames, m->producer };
	const pd_str *comment;

	for (size_t i = 0; i < FLAME_PROFILE_STRINGS; i++)
		b->profile[i] = flame_pool_add(&b->pool, pd_doc_string(b->s->doc, s[i]));
	b->n_comments = pd_doc_comments(b->s->doc, &comment);
	b->comment = malloc((b->n_comments + 1) * sizeof *b->comment);
	for (size_t i = 0; b->comment && i < b->n_comments; i++)
		b->comment[i] = flame_pool_add(&b->pool, pd_doc_string(b->s->doc, comment[i]));
	return b->comment != NULL;
}

static void put_number(struct pd_jsonw *w, const char *key, int64_t v)
{
	if (v)
		pd_jsonw_i64(w, key, v);
}

static void put_profile(const struct flame_block *b, struct pd_jsonw *w)
{
	const struct pd_meta *m = pd_doc_meta(b->s->doc);

	pd_jsonw_object(w, "profile");
	put_number(w, "time", m->time_nanos);
	put_number(w, "duration", m->duration_nanos);
	put_number(w, "end", m->end_nanos);
	put_number(w, "period", m->period);
	for (size_t i = 0; i < FLAME_PROFILE_STRINGS; i++)
		put_number(w, profile_keys[i], flame_pool_id(&b->pool, b->profile[i]));
	if (b->n_comments) {
		pd_jsonw_array(w, "comments");
		for (size_t i = 0; i < b->n_comments; i++)
			pd_jsonw_u64(w, NULL, flame_pool_id(&b->pool, b->comment[i]));
		pd_jsonw_end(w);
	}
	pd_jsonw_end(w);
}

static void put_header(const struct flame_block *b, struct pd_jsonw *w)
{
	const struct svg_scene *s = b->s;

	pd_jsonw_text(w, "schema", "profdata.flamegraph/2");
	pd_jsonw_text(w, "producer", "profdata");
	pd_jsonw_text(w, "version", pd_version());
	put_text(w, "command", s->save ? s->save->command : NULL);
	put_text(w, "title", s->o->title);
	put_text(w, "subtitle", s->o->subtitle);
	put_text(w, "notes", s->o->notes);
	put_view(s, w);
	put_profile(b, w);
	if (b->left_out) {
		pd_jsonw_object(w, "left_out");
		pd_jsonw_u64(w, "nodes", b->left_out);
		pd_jsonw_i64(w, "below", s->data_weight);
		pd_jsonw_end(w);
	}
	if (b->dropped_labels || b->dropped_times) {
		pd_jsonw_array(w, "dropped");
		if (b->dropped_labels)
			pd_jsonw_text(w, NULL, "labels");
		if (b->dropped_times)
			pd_jsonw_text(w, NULL, "times");
		pd_jsonw_end(w);
	}
}

static bool collect(struct flame_block *b, uint32_t **ticket)
{
	*ticket = collect_frames(b);
	return *ticket && collect_profile(b) && number_nodes(b) && flame_rows_collect(b) && flame_pool_sort(&b->pool) && number_frames(b, *ticket) && number_colors(b);
}

bool svg_write_data(const struct svg_scene *s, struct pd_out *out)
{
	struct flame_block b = { .s = s, .n = s->diff ? s->n : pd_calltree_nodes(s->data) };
	struct pd_jsonw w;
	uint32_t *ticket;
	bool ok;

	flame_pool_init(&b.pool);
	ok = collect(&b, &ticket);
	if (ok) {
		pd_jsonw_init(&w, out, 1);
		w.in_script = true;
		pd_jsonw_object(&w, NULL);
		put_header(&b, &w);
		flame_pool_write(&b.pool, out);
		put_color_table(&b, out);
		put_frames(&b, out, ticket);
		put_attrs(&b, out);
		ok = put_tree(&b, out);
		flame_rows_write(&b, out);
		if (s->states)
			svg_state_data(s, out, b.set, b.n_sets);
		ok = ok && (!s->diff || svg_diff_data(s, out, b.node_id, b.n_ids, b.kind_of));
		pd_jsonw_end(&w);
		pd_jsonw_finish(&w);
	}
	if (s->dropped)
		*s->dropped = (struct svg_dropped){ b.left_out, b.dropped_labels, b.dropped_times };
	free(ticket);
	free(b.node_id);
	free(b.lacks);
	free(b.frame_at);
	free(b.kind_of);
	free(b.color);
	free(b.color_at);
	free(b.comment);
	flame_rows_release(&b);
	flame_pool_release(&b.pool);
	return ok;
}
