/*
 * heatmap - samples over time as a picture: a column is a second (or another
 * length), a row a part of it, the colour how many samples were taken then.
 *
 *   <svg ...><title/><style/>  static picture, right without JavaScript
 *   <metadata>{"schema":"profdata.heatmap/1", ... ,"bins":[...]}</metadata>
 *   <script>                   picks ranges of time, the same bytes in every file
 *   </svg>
 *
 * No DTD, no event handler attributes, nothing fetched, no text of the input
 * inside the script. With the option page it is an HTML page, and below the map
 * stands the page of the flame graph, with the samples of the range that is picked.
 */
#include "base/span.h"
#include "common/escape.h"
#include "heatmap/heatmap.h"
#include "heat_viewer.h" /* generated from heatmap/viewer.js */

static const char *const scale_words[] = { "linear", "log", NULL };

#define AT(f, T) PD_AT(struct heatmap_opts, f, T)
static const struct pd_opt heatmap_format_opts[] = {
	{ 0, "title", "TEXT", "heading (default: Heat Map)", PD_OPT_STR, AT(title, const char *) },
	{ 0, "subtitle", "TEXT", "second line of the heading (default: none)", PD_OPT_STR, AT(subtitle, const char *) },
	{ 0, "column", "TIME", "length of a column: 500ms, 1s, 5min (default: 1s for recordings of 5 seconds to 10 minutes)", PD_OPT_STR, AT(column, const char *) },
	{ 0, "rows", "N", "rows of a column (default 50, 60 for minutes, 48 for days)", PD_OPT_INT, AT(rows, int64_t) },
	{ 0, "values", NULL, "colour by the value of the sample type (default: by the number of samples)", PD_OPT_BOOL, AT(values, bool) },
	{ 0, "scale", "SCALE", "colours in even steps (linear) or even ratios (log) (default linear)", PD_OPT_CHOICE, AT(scale, const char *), scale_words },
	{ 0, "width", "PIXELS", "width of the picture (default 1200)", PD_OPT_INT, AT(width, int64_t) },
	{ 0, "height", "PIXELS", "height of the map (default 400)", PD_OPT_INT, AT(height, int64_t) },
	{ 0, "page", NULL, "write a page of HTML, not SVG", PD_OPT_BOOL, AT(page, bool) },
	{ 0, "stretch", "ORIGIN:FROM:TO", "ns of time 0 and of the first and last time shown (default: those of the samples)", PD_OPT_STR, AT(stretch, const char *) },
	{ .kind = PD_OPT_END },
};

static bool parse_stretch(struct pd_span s, struct pd_heat_opts *h)
{
	struct pd_span origin, from;

	h->has_stretch = true;
	return span_cut(&s, ':', &origin) && span_cut(&s, ':', &from) && span_i64(origin, &h->origin) && span_i64(from, &h->from) && span_i64(s, &h->to);
}

static enum pd_status check_opts(struct heatmap_opts *o, struct pd_heat_opts *h, struct pd_error *err)
{
	o->width = o->width ? o->width : 1200;
	o->height = o->height ? o->height : 400;
	if (o->width < 300 || o->width > 100000)
		return pd_error_set(err, PD_ERR_USAGE, "width %lld is out of range (300 to 100000)", (long long)o->width);
	if (o->height < 50 || o->height > 100000)
		return pd_error_set(err, PD_ERR_USAGE, "height %lld is out of range (50 to 100000)", (long long)o->height);
	if (o->rows < 0 || o->rows > 10000)
		return pd_error_set(err, PD_ERR_USAGE, "rows %lld is out of range (1 to 10000)", (long long)o->rows);
	h->rows = (uint32_t)o->rows;
	if (o->column && !pd_heat_length(o->column, &h->column))
		return pd_error_set(err, PD_ERR_USAGE, "column '%.100s' is no length of time (examples: 500ms, 1s, 5min)", o->column);
	if (o->stretch && !parse_stretch(span_of(o->stretch), h))
		return pd_error_set(err, PD_ERR_USAGE, "stretch '%.100s' is not ORIGIN:FROM:TO in ns", o->stretch);
	return PD_OK;
}

static void put_span(struct pd_out *out, struct pd_span s) { pd_out_write(out, s.p, s.n); }

static void open_page(const char *title, struct pd_out *out)
{
	pd_out_printf(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"generator\" content=\"profdata %s\">\n"
		      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n<title>", pd_version());
	esc_xml_text(out, title, strlen(title));
	pd_out_puts(out, "</title>\n<style>\n");
	put_span(out, svg_page_style());
	pd_out_puts(out, ".pdhm{display:block}.pdhm-room{overflow-x:auto}.pdhm-page .pdhm .bg{fill:var(--bg)}.pdhm-page .app{border-top:1px solid var(--line)}\n</style>\n"
		    "</head>\n<body class=\"pdhm-page\">\n<div class=\"pdhm-room\">\n");
}

/* The map with its data; open at the end, for the script of a picture. */
static void write_map(const struct heatmap *h, struct pd_out *out)
{
	heatmap_put_picture(h, out);
	pd_out_puts(out, "<metadata class=\"profdata-heatmap\">");
	heatmap_put_data(h, out);
	pd_out_puts(out, "</metadata>\n");
}

static void write_picture(const struct heatmap *h, struct pd_out *out)
{
	write_map(h, out);
	pd_out_puts(out, "<script><![CDATA[\n");
	pd_out_write(out, heat_viewer, sizeof heat_viewer);
	pd_out_puts(out, "]]></script>\n</svg>\n");
}

/* The map, the flame graph of what is picked in it, and one script for both. */
static enum pd_status write_page(struct heatmap *h, const struct pd_sample_type *type, struct pd_out *out, struct pd_error *err)
{
	struct svg_opts opts = { .title = "Flame Graph", .inverted = true }; /* its root is next to the map */
	struct pd_doc *rows = heatmap_page_doc(h, type, err);
	enum pd_status status = err->status;

	if (status == PD_OK) {
		open_page(h->o->title ? h->o->title : "Heat Map", out);
		write_map(h, out);
		pd_out_puts(out, "</svg>\n</div>\n");
		if (rows)
			status = svg_write_part(rows, out, &(struct pd_save_opts){ .size = sizeof(struct pd_save_opts) }, &opts, err);
		pd_out_puts(out, "<script>\n");
		if (rows)
			put_span(out, svg_page_script());
		pd_out_write(out, heat_viewer, sizeof heat_viewer);
		pd_out_puts(out, "</script>\n</body>\n</html>\n");
	}
	pd_doc_unref(rows);
	return status;
}

static enum pd_status draw(const struct pd_doc *doc, struct pd_out *out, const struct pd_save_opts *save, const struct heatmap_opts *o, const struct pd_heat_opts *ho, struct pd_error *err)
{
	struct svg_opts text_opts = { .factor = 1 };
	struct heatmap h = { .doc = doc, .o = o, .save = save, .text = { .doc = doc, .o = &text_opts }, .left = 74,
			     .top = o->subtitle && *o->subtitle ? 82 : 62, .width = (double)o->width - 74 - 16, .height = (double)o->height };
	struct pd_heat *heat = pd_heat_new(doc, ho, err);
	struct pd_sample_type type;
	enum pd_status status = PD_OK;

	if (!heat)
		return err->status;
	pd_doc_sample_type(doc, ho->sample_type, &type);
	h.text.type = type.type;
	h.m = pd_heat_map(heat);
	if (!h.m->n_samples)
		status = pd_error_set(err, PD_ERR_DATA, "nothing to draw: no sample is left");
	else if (h.m->columns > HEATMAP_COLUMNS)
		status = pd_error_set(err, PD_ERR_LIMIT, "%u columns are too many for a picture (at most %u)", h.m->columns, HEATMAP_COLUMNS);
	if (status == PD_OK) {
		heatmap_levels(&h);
		if (o->page)
			status = write_page(&h, &type, out, err);
		else
			write_picture(&h, out);
	}
	pd_heat_free(heat);
	return status;
}

static enum pd_status heatmap_write(const struct pd_doc *doc, struct pd_out *out, const struct pd_save_opts *save, const void *opts, struct pd_error *err)
{
	struct heatmap_opts o = opts ? *(const struct heatmap_opts *)opts : (struct heatmap_opts){ 0 };
	int index = pd_doc_find_sample_type(doc, save ? save->sample_type : NULL);
	struct pd_heat_opts h = { .size = sizeof h };
	enum pd_status status = check_opts(&o, &h, err);

	if (status != PD_OK)
		return status;
	if (index < 0 && !pd_doc_sample_types(doc))
		return pd_error_set(err, PD_ERR_DATA, "nothing to draw: the profile has no sample types");
	if (index < 0)
		return pd_error_set(err, PD_ERR_USAGE, "no sample type '%.200s' in the profile", save->sample_type);
	h.sample_type = (unsigned)index;
	return draw(doc, out, save, &o, &h, err);
}

const struct pd_format pd_format_heatmap = {
	.name = "heatmap",
	.summary = "heat map of samples over time, in one self-contained file",
	.keeps = PD_KEEPS_TIME,
	.opts_size = sizeof(struct heatmap_opts),
	.opts = heatmap_format_opts,
	.write = heatmap_write,
};
