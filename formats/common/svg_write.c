/* Options and the order of a flame graph file; its parts are in svg_scene, svg_picture and svg_data. */
#include "common/svg.h"
#include "svg_viewer.h" /* generated from common/flame/ */

static const char *const sort_words[] = { "name", "weight", "time", NULL };
static const char *const granularity_words[] = { "functions", "filefunctions", "files", "lines", "addresses", "modules", NULL };

#define AT(f, T) PD_AT(struct svg_opts, f, T)
const struct pd_opt svg_format_opts[] = {
	{ 0, "title", "TEXT", "heading (default: Flame Graph, Icicle Graph or Flame Chart)", PD_OPT_STR, AT(title, const char *), NULL, NULL, NULL, false },
	{ 0, "subtitle", "TEXT", "second line of the heading (default: none)", PD_OPT_STR, AT(subtitle, const char *), NULL, NULL, NULL, false },
	{ 0, "width", "PIXELS", "width of the picture (default: as wide as the page; 1200 without script)", PD_OPT_INT, AT(width, int64_t), NULL, NULL, NULL, false },
	{ 0, "height", "PIXELS", "height of a frame (default 16)", PD_OPT_INT, AT(height, int64_t), NULL, NULL, NULL, false },
	{ 0, "minwidth", "WIDTH", "leave out narrower boxes, in pixels or per cent (default 0.1, and at most 5000 boxes before zooming)", PD_OPT_STR, AT(minwidth, const char *), NULL, NULL, NULL, false },
	{ 0, "fonttype", "FONT", "font family (default monospace)", PD_OPT_STR, AT(fonttype, const char *), NULL, NULL, NULL, false },
	{ 0, "fontsize", "PIXELS", "font size (default 12)", PD_OPT_REAL, AT(fontsize, double), NULL, NULL, NULL, false },
	{ 0, "countname", "WORD", "what the values count (default: the sample type with its unit)", PD_OPT_STR, AT(countname, const char *), NULL, NULL, NULL, false },
	{ 0, "nametype", "WORD", "what the names name (default Function:)", PD_OPT_STR, AT(nametype, const char *), NULL, NULL, NULL, false },
	{ 0, "colors", "PALETTE", "palette (default package: hue by package or module, safe for colour-deficient eyes; state where all samples have the label state)", PD_OPT_CHOICE, AT(colors, const char *), palette_names, NULL, NULL, false },
	{ 0, "bgcolors", "COLOR", "background: yellow, blue, green, grey or #rrggbb (default: follows the palette)", PD_OPT_STR, AT(bgcolors, const char *), NULL, NULL, NULL, false },
	{ 0, "hash", NULL, "similar names get similar colours", PD_OPT_BOOL, AT(hash, bool), NULL, NULL, NULL, false },
	{ 0, "random", NULL, "colours in a random looking order, the same in every run", PD_OPT_BOOL, AT(random, bool), NULL, NULL, NULL, false },
	{ 0, "cp", "FILE", "keep colours in a palette file (name->rgb(r,g,b)): read it, add new names", PD_OPT_STR, AT(cp, const char *), NULL, "file", NULL, false },
	{ 0, "nameattr", "FILE", "file of attributes for boxes: name, tab, href=URL (or title=, class=, id=, target=)", PD_OPT_STR, AT(nameattr, const char *), NULL, "file", NULL, false },
	{ 0, "reverse", NULL, "merge stacks from the leaf", PD_OPT_BOOL, AT(reverse, bool), NULL, NULL, NULL, false },
	{ 0, "inverted", NULL, "icicle graph: root on top", PD_OPT_BOOL, AT(inverted, bool), NULL, NULL, NULL, false },
	{ 0, "flamechart", NULL, "boxes in time order, thread after thread; needs samples with times", PD_OPT_BOOL, AT(flamechart, bool), NULL, NULL, NULL, false },
	{ 0, "negate", NULL, "swap the colours of more and less", PD_OPT_BOOL, AT(negate, bool), NULL, NULL, NULL, false },
	{ 0, "factor", "F", "multiply the values shown (default 1)", PD_OPT_REAL, AT(factor, double), NULL, NULL, NULL, false },
	{ 0, "total", "N", "what 100 % is, when more than the sum of the samples", PD_OPT_INT, AT(total, int64_t), NULL, NULL, NULL, false },
	{ 0, "notes", "TEXT", "notes kept in the file", PD_OPT_STR, AT(notes, const char *), NULL, NULL, NULL, false },
	{ 0, "search-color", "COLOR", "colour of search hits (default #e600e6)", PD_OPT_STR, AT(search_color, const char *), NULL, NULL, NULL, false },
	{ 0, "sort", "ORDER", "order of siblings: name, weight (heaviest first) or time (first seen) (default name)", PD_OPT_CHOICE, AT(sort, const char *), sort_words, NULL, NULL, false },
	{ 'g', "granularity", "WHAT", "what a frame is (default functions)", PD_OPT_CHOICE, AT(granularity, const char *), granularity_words, NULL, NULL, false },
	{ .kind = PD_OPT_END },
};

static int word_index(const char *const *words, const char *word)
{
	for (int i = 0; word && words[i]; i++)
		if (!strcmp(words[i], word))
			return i;
	return 0;
}

/* Fills defaults, refuses what cannot be drawn. */
static enum pd_status check_opts(struct svg_opts *o, struct pd_error *err)
{
	struct pd_rgb c, bg[2];

	if (!o->height)
		o->height = 16;
	if (o->fontsize == 0)
		o->fontsize = 12;
	if (o->factor == 0)
		o->factor = 1;
	if (o->width < 0 || (o->width && o->width < 100) || o->width > 100000)
		return pd_error_set(err, PD_ERR_USAGE, "width %lld is out of range (100 to 100000)", (long long)o->width);
	if (o->height < 4 || o->height > 1000)
		return pd_error_set(err, PD_ERR_USAGE, "height %lld is out of range (4 to 1000)", (long long)o->height);
	if (!(o->fontsize >= 1 && o->fontsize <= 500))
		return pd_error_set(err, PD_ERR_USAGE, "fontsize %g is out of range (1 to 500)", o->fontsize);
	if (o->total < 0)
		return pd_error_set(err, PD_ERR_USAGE, "total %lld is negative", (long long)o->total);
	if (o->colors && palette_named(o->colors) < 0)
		return pd_error_set(err, PD_ERR_USAGE, "unknown palette '%s'", o->colors);
	if (o->bgcolors && !palette_background_named(o->bgcolors, bg))
		return pd_error_set(err, PD_ERR_USAGE, "unknown background '%s' (expected yellow, blue, green, grey or #rrggbb)", o->bgcolors);
	if (o->search_color && !pd_rgb_parse((struct pd_span){ o->search_color, strlen(o->search_color) }, &c))
		return pd_error_set(err, PD_ERR_USAGE, "search colour '%s' is neither #rrggbb nor rgb(r,g,b)", o->search_color);
	if (o->flamechart && o->reverse)
		return pd_error_set(err, PD_ERR_USAGE, "flamechart and reverse exclude each other: a chart keeps the order of time");
	return PD_OK;
}

static enum pd_status check_chart(const struct pd_doc *doc, const struct pd_sample_type *type, struct pd_error *err)
{
	struct pd_times *times = pd_times_new(doc, err);
	enum pd_status status = times ? PD_OK : PD_ERR_NOMEM;

	if (times && !pd_times_known(times, type->series)) {
		status = pd_error_set(err, PD_ERR_UNSUPPORTED, "a flame chart needs samples with times, these have none");
		pd_error_hint(err, "draw a flame graph without --flamechart, or record with timestamps");
	}
	pd_times_free(times);
	return status;
}

static enum pd_status no_samples(const struct pd_doc *doc, const struct pd_sample_type *type, struct pd_error *err)
{
	struct pd_span name = pd_doc_string(doc, type->type.type);

	if (!pd_series_count(doc, type->series))
		return pd_error_set(err, PD_ERR_DATA, "nothing to draw: the profile has no samples");
	if (pd_series_count(doc, type->series) == 1)
		return pd_error_set(err, PD_ERR_DATA, "nothing to draw: the only sample has value 0 for %.*s", (int)(name.n < 100 ? name.n : 100), name.p);
	return pd_error_set(err, PD_ERR_DATA, "nothing to draw: all %llu samples have value 0 for %.*s",
			    (unsigned long long)pd_series_count(doc, type->series), (int)(name.n < 100 ? name.n : 100), name.p);
}

static bool write_svg(const struct svg_scene *s, struct pd_out *out)
{
	bool ok = svg_write_picture(s, out);

	pd_out_puts(out, "<metadata class=\"profdata\">");
	ok = ok && svg_write_data(s, out);
	pd_out_puts(out, "</metadata>\n<script><![CDATA[");
	pd_out_write(out, svg_viewer, sizeof svg_viewer);
	pd_out_puts(out, "]]></script>\n</svg>\n");
	return ok;
}

struct pd_span svg_script(void) { return (struct pd_span){ (const char *)svg_viewer, sizeof svg_viewer }; }

/* A picture that holds less than the profile says so. */
static enum pd_status tell_dropped(const struct svg_scene *s, const struct svg_dropped *d, struct pd_error *err)
{
	char places[96] = "";

	if (!d->nodes && !d->labels && !d->times)
		return PD_OK;
	if (d->nodes)
		snprintf(places, sizeof places, "%u place%s lighter than %lld%s", d->nodes, d->nodes == 1 ? "" : "s", (long long)s->data_weight, d->labels || d->times ? ", " : "");
	pd_error_set(err, PD_WARN, "left out of the file for its size: %s%s%s%s", places, d->labels ? "labels of samples" : "", d->labels && d->times ? ", " : "",
		     d->times ? "times of samples" : "");
	if (!s->page)
		pd_error_hint(err, "-t html holds more");
	return PD_WARN;
}

static enum pd_status write_scene(struct svg_scene *s, struct pd_out *out, struct pd_error *err)
{
	struct svg_dropped dropped = { 0 };
	enum pd_status status = svg_scene_init(s, err);

	s->dropped = &dropped;
	if (status == PD_OK && !(s->part ? svg_write_page_part(s, out) : s->page ? svg_write_page(s, out) : write_svg(s, out)))
		status = pd_error_set(err, PD_ERR_NOMEM, "out of memory while drawing %u boxes", s->drawn);
	if (status == PD_OK)
		status = tell_dropped(s, &dropped, err);
	svg_scene_release(s);
	return status;
}

static enum pd_status write_file(const struct pd_doc *doc, struct pd_out *out, const struct pd_save_opts *save, const struct svg_opts *opts, bool page, bool part, struct pd_error *err)
{
	static const enum pd_calltree_sort sorts[] = { PD_CALLTREE_BY_NAME, PD_CALLTREE_BY_WEIGHT, PD_CALLTREE_BY_ROW };
	struct svg_opts o = opts ? *opts : (struct svg_opts){ 0 };
	int index = pd_doc_find_sample_type(doc, save ? save->sample_type : NULL);
	struct pd_sample_type type;
	struct svg_scene scene = { .doc = doc, .o = &o, .save = save, .page = page, .part = part };
	struct svg_diff diff = { 0 };
	struct svg_states states = { 0 };
	struct pd_calltree *tree, *data;
	struct pd_calltree_opts tree_opts;
	enum pd_status status = check_opts(&o, err);

	if (status != PD_OK)
		return status;
	if (index < 0 && !pd_doc_sample_types(doc))
		return pd_error_set(err, PD_ERR_DATA, "nothing to draw: the profile has no sample types");
	if (index < 0)
		return pd_error_set(err, PD_ERR_USAGE, "no sample type '%s' in the profile", save && save->sample_type ? save->sample_type : "");
	pd_doc_sample_type(doc, (unsigned)index, &type);
	if (save && save->diff && (o.reverse || o.flamechart))
		return pd_error_set(err, PD_ERR_UNSUPPORTED, "a comparison is drawn from the root, neither reversed nor in the order of time");
	if (o.flamechart && pd_series_count(doc, type.series) && (status = check_chart(doc, &type, err)) != PD_OK)
		return status;
	tree_opts = (struct pd_calltree_opts){ .size = sizeof tree_opts, .sample_type = (unsigned)index, .root_label = true, .reverse = o.reverse,
		.granularity = (enum pd_granularity)word_index(granularity_words, o.granularity), .in_order = o.flamechart,
		.all_types = !o.flamechart, .sort = sorts[word_index(sort_words, o.sort)] };
	tree = data = pd_calltree_new(doc, &tree_opts, err);
	if (tree && (o.flamechart || o.reverse)) { /* the data block is from the root and of everything, whatever the picture shows */
		tree_opts.reverse = tree_opts.in_order = false;
		tree_opts.all_types = true;
		data = pd_calltree_new(doc, &tree_opts, err);
	}
	if (!data) {
		pd_calltree_free(tree);
		return err->status;
	}
	scene.tree = tree;
	scene.data = data;
	scene.sample_type = (unsigned)index;
	scene.type = type.type;
	if (save && save->diff) {
		if (!o.title)
			o.title = o.inverted ? "Differential Icicle Graph" : "Differential Flame Graph";
		if (!o.countname && !svg_known_unit(pd_doc_string(doc, type.type.unit)))
			o.countname = pd_diff_summary(save->diff)->type_text;
		scene.diff = &diff;
		status = svg_diff_init(&scene, &diff, err);
	}
	if (status == PD_OK)
		status = svg_states_init(&scene, &states, err);
	if (status == PD_OK)
		status = scene.diff || pd_calltree_nodes(tree)->weight[0] ? write_scene(&scene, out, err) : no_samples(doc, &type, err);
	svg_diff_release(&diff);
	svg_states_release(&states);
	if (data != tree)
		pd_calltree_free(data);
	pd_calltree_free(tree);
	return status;
}

enum pd_status svg_write_file(const struct pd_doc *doc, struct pd_out *out, const struct pd_save_opts *save, const struct svg_opts *opts, bool page, struct pd_error *err)
{
	return write_file(doc, out, save, opts, page, false, err);
}

enum pd_status svg_write_part(const struct pd_doc *doc, struct pd_out *out, const struct pd_save_opts *save, const struct svg_opts *opts, struct pd_error *err)
{
	return write_file(doc, out, save, opts, true, true, err);
}
