/*
 * The static picture. Boxes stand in groups by row; a box is one <rect>, with a
 * <title> where it is wide enough to be pointed at, and a <text> where a label
 * fits. Coordinates have as many decimals as the width of the box deserves.
 */
#include "common/escape.h"
#include "common/json_write.h"
#include "common/svg.h"
#include "io/out.h"
#include "svg_style.h" /* generated from svg_style.css */

static void put(struct pd_out *out, const char *text) { pd_out_write(out, text, strlen(text)); }

static void put_number(struct pd_out *out, double v, unsigned decimals)
{
	char buf[32];

	pd_out_write(out, buf, svg_number(buf, v, decimals));
}

static void put_attr_span(struct pd_out *out, const char *name, struct pd_span value)
{
	pd_out_printf(out, " %s=\"", name);
	esc_xml_attr(out, value.p, value.n);
	put(out, "\"");
}

static void put_attr(struct pd_out *out, const char *name, const char *value)
{
	put_attr_span(out, name, (struct pd_span){ value, strlen(value) });
}

/* ---- around the boxes ---- */

static void put_background(const struct svg_scene *s, struct pd_out *out, const struct pd_rgb bg[2], bool neutral)
{
	if (neutral) {
		put(out, "<rect class=\"bg\" fill=\"#fcfcfa\" width=\"100%\" height=\"100%\"/>\n");
		return;
	}
	(void)s;
	pd_out_printf(out, "<defs><linearGradient id=\"pd-bg\" x1=\"0\" y1=\"0\" x2=\"0\" y2=\"1\">"
		      "<stop offset=\"5%%\" stop-color=\"#%02x%02x%02x\"/><stop offset=\"95%%\" stop-color=\"#%02x%02x%02x\"/></linearGradient></defs>\n"
		      "<rect width=\"100%%\" height=\"100%%\" fill=\"url(#pd-bg)\"/>\n",
		      bg[0].r, bg[0].g, bg[0].b, bg[1].r, bg[1].g, bg[1].b);
}

static void put_head(const struct svg_scene *s, struct pd_out *out, double height)
{
	const struct svg_opts *o = s->o;
	const char *title = SVG_TITLE(o), *bg_name = o->bgcolors ? o->bgcolors : palette_background(o->colors ? palette_named(o->colors) : 0);
	struct pd_rgb bg[2];
	bool neutral = !bg_name || !palette_background_named(bg_name, bg);
	bool dark = !neutral && pd_rgb_white_text(bg[1]);

	put(out, s->page ? "" : "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
	put(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"");
	put_number(out, s->width, 0);
	put(out, "\" height=\"");
	put_number(out, height, 0);
	put(out, "\" viewBox=\"0 0 ");
	put_number(out, s->width, 0);
	put(out, " ");
	put_number(out, height, 0);
	pd_out_printf(out, "\" class=\"pdfg%s\" role=\"img\"", neutral ? " auto" : "");
	put_attr(out, "aria-label", title);
	put_attr(out, "font-family", o->fonttype ? o->fonttype : "monospace");
	put(out, " font-size=\"");
	put_number(out, o->fontsize, 2);
	put(out, "\">\n<title>");
	esc_xml_text(out, title, strlen(title));
	put(out, "</title>\n");
	if (o->notes && *o->notes) {
		put(out, "<desc>");
		esc_xml_text(out, o->notes, strlen(o->notes));
		put(out, "</desc>\n");
	}
	put(out, "<style>\n");
	pd_out_write(out, svg_style, sizeof svg_style);
	put(out, "</style>\n");
	if (dark)
		put(out, "<style>.pdfg .t{fill:#fff}.pdfg .m{fill:#ddd}</style>\n");
	put_background(s, out, bg, neutral);
}

/* Centred text of a heading; textLength would stretch it, so a long one is cut. */
static void put_heading(const struct svg_scene *s, struct pd_out *out, const char *text, double y, double size, const char *class_name)
{
	struct pd_span t = { text, strlen(text) };
	bool all;
	size_t fit = svg_prefix(t, (size_t)((s->width - 2 * SVG_MARGIN) / (size * 0.6)), &all);

	/* beside a legend, which stands on the left */
	pd_out_printf(out, s->diff || s->states ? "<text class=\"%s\" x=\"99%%\" y=\"" : "<text class=\"%s\" x=\"50%%\" y=\"", class_name);
	put_number(out, y, 1);
	put(out, "\" font-size=\"");
	put_number(out, size, 1);
	put(out, s->diff || s->states ? "\" text-anchor=\"end\">" : "\" text-anchor=\"middle\">");
	esc_xml_text(out, t.p, fit);
	put(out, all ? "</text>\n" : "…</text>\n");
}

/* The line below the heading: what 100 % is and how much is not drawn. The script puts its tools there. */
static void put_summary(const struct svg_scene *s, struct pd_out *out)
{
	char value[256], width[32];

	svg_value(s, s->n->total[0], value, sizeof value);
	put(out, "<text class=\"m\" x=\"10\" y=\"");
	put_number(out, s->top - 12, 1);
	put(out, "\">");
	esc_xml_text(out, value, strlen(value));
	pd_out_printf(out, ", %u %s", s->drawn, s->drawn == 1 ? "box" : "boxes");
	if (s->hidden) {
		size_t n = svg_number(width, s->whole > 0 ? (double)s->min_weight / s->whole * 100 : 0, 4);

		width[n] = '\0';
		pd_out_printf(out, "; %u narrower than %s%% not drawn", s->hidden, width);
	}
	put(out, "</text>\n");
}

/* ---- boxes ---- */

/* v / 10^decimals without zeros at the end; decimals 0 to 4. Returns the end. */
static char *put_fixed(char *p, uint64_t v, unsigned decimals)
{
	static const unsigned power[] = { 1, 10, 100, 1000, 10000 };
	uint64_t whole = v / power[decimals];
	unsigned part = (unsigned)(v % power[decimals]);

	p += pd_put_u64(p, whole);
	if (!part)
		return p;
	for (; part % 10 == 0; decimals--)
		part /= 10;
	*p = '.';
	for (unsigned i = decimals; i; i--, part /= 10)
		p[i] = (char)('0' + part % 10);
	return p + decimals + 1;
}

#define ADD(p, text) (memcpy(p, text, sizeof text - 1), (p) + sizeof text - 1)

static void put_text_of(struct pd_out *out, const struct svg_kind *k, const char *p, size_t n)
{
	if (k->plain)
		out_bytes(out, p, n);
	else
		esc_xml_text(out, p, n);
}

static void put_title(const struct svg_scene *s, struct pd_out *out, const struct svg_kind *k, uint32_t node)
{
	char value[256], percent[64];
	size_t n = svg_value(s, s->n->total[node], value, sizeof value);

	put(out, "<title>");
	if (k->attr && k->attr->value[NAME_ATTR_TITLE].p) {
		esc_xml_text(out, k->attr->value[NAME_ATTR_TITLE].p, k->attr->value[NAME_ATTR_TITLE].n);
		put(out, "</title>");
		return;
	}
	put_text_of(out, k, k->label.p, k->label.n);
	put(out, " (");
	if (s->diff) {
		n = svg_diff_words(s, node, value, sizeof value);
		esc_xml_text(out, value, n);
		put(out, ")</title>");
		return;
	}
	esc_xml_text(out, value, n);
	put(out, ", ");
	n = svg_percent(s, s->n->total[node], percent, sizeof percent);
	esc_xml_text(out, percent, n);
	put(out, ")</title>");
}

/* What all boxes share. */
struct pen {
	double scale;          /* pixels per weight */
	char size[48];         /* '" height="15" fill="' */
	size_t size_n;
	char label_y[32];      /* '" y="11.5">' */
	size_t label_y_n;
};

static void pen_init(const struct svg_scene *s, struct pen *pen)
{
	double y = (double)s->o->height / 2 + s->o->fontsize * 0.33 - 0.5;
	char *p = ADD(pen->size, "\" height=\"");

	pen->scale = s->whole > 0 ? (s->width - 2 * SVG_MARGIN) / s->whole : 0;
	p += svg_number(p, (double)(s->o->height - 1), 0);
	pen->size_n = (size_t)(ADD(p, "\" fill=\"") - pen->size);
	p = ADD(pen->label_y, "\" y=\"");
	p += svg_number(p, y, 1);
	pen->label_y_n = (size_t)(ADD(p, "\">") - pen->label_y);
}

/* A label that fits; nothing below three characters. */
static void put_label(const struct svg_scene *s, struct pd_out *out, const struct pen *pen, uint32_t node, double x, double w, bool white)
{
	const struct svg_kind *k = svg_kind_at(s, node);
	const char *sign = s->diff ? svg_diff_sign(s, node) : "";
	size_t room = (size_t)(w > 6 + (*sign ? 2 * s->char_width : 0) ? (w - 6) / s->char_width - (*sign ? 2 : 0) : 0);
	struct svg_label label;
	char *p, *start;

	if (room < 3)
		return;
	label = svg_fitted(k->label, room);
	p = start = out_room(out, 128);
	p = white ? ADD(p, "<text class=\"f\" fill=\"#fff\" x=\"") : ADD(p, "<text class=\"f\" x=\"");
	p = put_fixed(p, (uint64_t)((x + 3) * 10 + 0.5), 1);
	memcpy(p, pen->label_y, pen->label_y_n);
	out_used(out, (size_t)(p - start) + pen->label_y_n);
	put(out, sign);
	if (label.later)
		put(out, "…");
	put_text_of(out, k, label.text.p, label.text.n);
	put(out, label.cut ? "…</text>\n" : "</text>\n");
}

/* <a> where the box is a link, else <g>; an id stands at the first box of its name only. */
static void open_attrs(struct pd_out *out, const struct name_attr *a, bool *id_used)
{
	static const enum name_attr_kind plain[] = { NAME_ATTR_CLASS, NAME_ATTR_ID };

	put(out, a->value[NAME_ATTR_HREF].p ? "<a" : "<g");
	for (size_t i = 0; i < PD_ARRAY_LEN(plain); i++)
		if (a->value[plain[i]].p && !(plain[i] == NAME_ATTR_ID && *id_used))
			put_attr_span(out, name_attr_words[plain[i]], a->value[plain[i]]);
	*id_used = true;
	if (a->value[NAME_ATTR_HREF].p) {
		put_attr_span(out, "href", a->value[NAME_ATTR_HREF]);
		put_attr_span(out, "target", a->value[NAME_ATTR_TARGET].p ? a->value[NAME_ATTR_TARGET] : (struct pd_span){ "_top", 4 });
		put(out, " rel=\"noopener noreferrer\"");
	}
	put(out, ">");
}

/* Coordinates are below 100000 pixels and not negative, so they are printed as whole numbers of their last digit. */
static void put_box(const struct svg_scene *s, struct pd_out *out, const struct pen *pen, uint32_t node)
{
	double x = SVG_MARGIN + (double)s->start[node] * pen->scale, w = (double)s->n->weight[node] * pen->scale;
	struct svg_kind *k = &s->kind[s->kind_at[node]];
	bool titled = s->n->weight[node] >= s->title_weight, white;
	char *start, *p;

	if (titled && k->attr)
		open_attrs(out, k->attr, &k->attr_used);
	p = start = out_room(out, 256);
	p = ADD(p, "<rect x=\"");
	p = w >= 0.5 ? put_fixed(p, (uint64_t)(x * 100 + 0.5), 2) : put_fixed(p, (uint64_t)(x * 1000 + 0.5), 3);
	p = ADD(p, "\" width=\"");
	if (w >= 0.5)
		p = put_fixed(p, (uint64_t)((w >= 2 ? w - 0.5 : w) * 100 + 0.5), 2); /* half a pixel keeps neighbours of one colour apart */
	else
		p = put_fixed(p, (uint64_t)(w * 10000 + 0.5), 4);
	memcpy(p, pen->size, sizeof pen->size);
	p += pen->size_n;
	white = svg_fill(s, node, p);
	p += 7;
	p = titled ? ADD(p, "\">") : ADD(p, "\"/>\n");
	out_used(out, (size_t)(p - start));
	if (!titled)
		return;
	put_title(s, out, k, node);
	put(out, "</rect>\n");
	if (s->diff)
		svg_diff_mark(s, out, node, x, w);
	put_label(s, out, pen, node, x, w, white);
	if (k->attr)
		put(out, k->attr->value[NAME_ATTR_HREF].p ? "</a>\n" : "</g>\n");
}

/* Drawn nodes by depth, each row from left to right; row d ends at (*ends)[d]. */
static uint32_t *rows(const struct svg_scene *s, uint32_t **ends)
{
	const struct pd_calltree_nodes *n = s->n;
	uint32_t *order = malloc(((size_t)s->drawn + 1) * sizeof *order);
	uint32_t *at = calloc((size_t)s->max_depth + 2, sizeof *at), sum = 0;

	if (!order || !at) {
		free(order);
		free(at);
		return NULL;
	}
	for (uint32_t i = 0; i < n->n; i = svg_next_drawn(s, i))
		at[n->depth[i]]++;
	for (uint32_t d = 0; d <= s->max_depth; d++) {
		sum += at[d];
		at[d] = sum - at[d];
	}
	for (uint32_t i = 0; i < n->n; i = svg_next_drawn(s, i))
		order[at[n->depth[i]]++] = i;
	*ends = at;
	return order;
}

static bool put_rows(const struct svg_scene *s, struct pd_out *out)
{
	double height = (double)s->o->height;
	uint32_t *end, *order = rows(s, &end), i = 0;
	struct pen pen;

	if (!order)
		return false;
	pen_init(s, &pen);
	put(out, "<g class=\"frames\">\n");
	for (uint32_t d = 0; d <= s->max_depth; d++) {
		put(out, "<g transform=\"translate(0,");
		put_number(out, s->top + (s->o->inverted ? d : s->max_depth - d) * height, 1);
		put(out, ")\">\n");
		for (; i < end[d]; i++)
			put_box(s, out, &pen, order[i]);
		put(out, "</g>\n");
	}
	put(out, "</g>\n");
	free(order);
	free(end);
	return true;
}

bool svg_write_picture(const struct svg_scene *s, struct pd_out *out)
{
	put_head(s, out, s->top + s->rows_height + SVG_FOOT);
	put(out, "<g class=\"head\">\n");
	put_heading(s, out, SVG_TITLE(s->o), 22, 17, "t");
	if (s->o->subtitle && *s->o->subtitle)
		put_heading(s, out, s->o->subtitle, 42, 13, "m");
	put(out, "</g>\n");
	if (s->diff)
		svg_diff_legend(s, out);
	if (s->states)
		svg_state_legend(s, out);
	put(out, "<g class=\"static\">\n");
	put_summary(s, out);
	put(out, "</g>\n");

	return put_rows(s, out);
}
