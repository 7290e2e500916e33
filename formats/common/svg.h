/*
 * Flame graphs as SVG, in three layers: a static picture of the widest boxes
 * (right without JavaScript, in print and as an image), a data block with the
 * whole tree in <metadata>, and one constant script that redraws from the data.
 */
#ifndef COMMON_SVG_H
#define COMMON_SVG_H

#include "common/name_attrs.h"
#include "common/palette.h"
#include <profdata/calltree.h>
#include <profdata/diff.h>
#include <profdata/format.h>

/* Options of the format; the command `flamegraph` has the same. */
struct svg_opts {
	const char *title, *subtitle;
	int64_t width, height;       /* 0: fluid, drawn 1200 wide without script; height of a frame */
	const char *minwidth;        /* "0.1" pixels or "0.5%"; NULL: 0.1 and at most a few thousand boxes */
	const char *fonttype;
	double fontsize;
	const char *countname, *nametype, *notes;
	const char *colors, *bgcolors, *search_color;
	const char *cp;              /* palette file, read and brought up to date */
	const char *nameattr;        /* file of attributes for the boxes of functions */
	const char *granularity, *sort;
	double factor;
	int64_t total;               /* what 100 % is; smaller than the sum: the sum */
	bool hash, random, reverse, inverted, flamechart, negate;
};

#define SVG_TITLE(o) ((o)->title ? (o)->title : (o)->flamechart ? "Flame Chart" : (o)->inverted ? "Icicle Graph" : "Flame Graph")

#define SVG_WIDTH 1200     /* of a fluid picture without script */
#define SVG_MARGIN 10
#define SVG_FOOT 30        /* below the lowest row */
#define SVG_STATIC 5000    /* boxes drawn unless minwidth is given */
#define SVG_LIMIT 200000   /* boxes drawn, and nodes in the data block of an SVG */
#define PAGE_LIMIT 2000000 /* nodes in the data block of a page */
#define PAGE_STATIC 1000   /* boxes of its static picture, which is for print and pages without script */
#define SVG_TITLES 4000    /* boxes with a tooltip of their own; the rest gets it from the script */

/* A frame as it is drawn: a name with its flags and colour. */
struct svg_kind {
	uint32_t frame;
	uint8_t flags, shown;        /* of the nodes; with what the name says besides ("_[k]") */
	bool white;                  /* text colour */
	bool attr_used;              /* its id stands in the picture */
	const struct name_attr *attr; /* or NULL */
	bool plain;                  /* the label needs no escaping in XML text */
	char fill[8];                /* "#rrggbb" */
	struct pd_span label;        /* name without "_[k]" and its like */
};

/* A comparison, box by box. */
struct svg_diff {
	struct pd_diff_box *box;     /* [nodes]: totals of both sides and what to think of them */
	int64_t *width;              /* [nodes]: widest of both sides: what went away stays in sight */
	const struct pd_diff_summary *summary;
};

/* What threads were doing, by the text labels "state" and "reason" of samples. */
#define SVG_STATES 9 /* on the CPU, runnable, and waiting for six reasons or others */
#define SVG_NO_STATE 255

struct svg_states {
	bool on;                     /* colours say states */
	unsigned n;
	bool occurs[SVG_STATES];     /* in the sample type of the picture */
	bool others;                 /* the last one stands for all reasons without a hue of their own */
	struct pd_span reason[SVG_STATES];
	uint8_t *of_set;             /* label set → state or SVG_NO_STATE */
	struct pd_rgb *rgb;          /* per node of the picture, black: none */
};

/* What the data block has not, because of its size. */
struct svg_dropped {
	uint32_t nodes;
	bool labels, times;
};

/* Everything the parts of the writer share. */
struct svg_scene {
	const struct pd_doc *doc;
	const struct svg_opts *o;
	const struct pd_save_opts *save;
	bool page;                   /* inside HTML */
	bool part;                   /* of a page that somebody else writes: no document around it, no script */
	const struct pd_calltree *tree; /* what the picture shows */
	const struct pd_calltree_nodes *n;
	struct svg_diff *diff;       /* NULL: no comparison */
	struct svg_states *states;   /* NULL: colours say nothing of states */
	struct pd_calltree_nodes nodes; /* of a comparison: with its widths */
	const struct pd_calltree *data; /* what the data block holds: every sample type, from the root; the same where that is the picture */
	struct svg_dropped *dropped; /* filled in by svg_write_data(); may be NULL */
	unsigned sample_type;
	struct pd_value_type type;
	struct svg_kind *kind;
	struct name_attrs *attrs;    /* of --nameattr, or NULL */
	uint32_t n_kinds;
	uint32_t *kind_at;           /* node of the picture → kind; only of nodes in the file */
	uint32_t *data_kind_at;      /* the same for the data block; may be the same array */
	int64_t *start;              /* weight left of each node */
	double whole;                /* weight of the whole width */
	double hundred;              /* what 100 % is: the same, or the total of the base of a difference, as pprof does */
	double width, min_width;     /* pixels */
	int64_t min_weight;          /* of boxes drawn */
	int64_t title_weight;        /* of boxes with a tooltip */
	int64_t data_weight;         /* of nodes in the data block; 0: all */
	uint32_t drawn, hidden;      /* boxes in the picture and not in it */
	uint32_t max_depth;          /* of boxes drawn */
	int64_t max_change;          /* greatest |total| below the root, when values are negative */
	double top;                  /* y of the highest row */
	double rows_height, char_width;
};

static inline const struct svg_kind *svg_kind_at(const struct svg_scene *s, uint32_t node)
{
	return &s->kind[s->kind_at[node]];
}

/* The next box of the picture after that of `node`, or n: what is narrower hides all below it. */
static inline uint32_t svg_next_drawn(const struct svg_scene *s, uint32_t node)
{
	for (node++; node < s->n->n && s->n->weight[node] < s->min_weight;)
		node = s->n->end[node];
	return node;
}

/* svg_scene.c: decides what is drawn, where and in which colour. */
enum pd_status svg_scene_init(struct svg_scene *s, struct pd_error *err);
void svg_scene_release(struct svg_scene *s);
/* Colour of a node into `fill` (room for 8) and whether its text is white. */
bool svg_fill(const struct svg_scene *s, uint32_t node, char *fill);

/* svg_diff.c: pictures of comparisons. */
enum pd_status svg_diff_init(struct svg_scene *s, struct svg_diff *d, struct pd_error *err);
void svg_diff_release(struct svg_diff *d);
/* Colour of a class, for a change of that part of the whole. */
struct pd_rgb svg_diff_hue(enum pd_diff_class c, double change, bool negate);
/* Colour of the class of a box. */
struct pd_rgb svg_diff_rgb(const struct svg_scene *s, uint32_t node);
/* A sign before the label, "" for most: what hue says, in shape. */
const char *svg_diff_sign(const struct svg_scene *s, uint32_t node);
/* What lies over a box that changed. */
void svg_diff_mark(const struct svg_scene *s, struct pd_out *out, uint32_t node, double x, double w);
/* "12.3% → 15.1%, +22.8% (+10.0% .. +35.9%)" into buf; returns the length. */
size_t svg_diff_words(const struct svg_scene *s, uint32_t node, char *buf, size_t n);
/* The lines of the legend. */
void svg_diff_legend(const struct svg_scene *s, struct pd_out *out);
/* The member "diff" of the data block; node_id and kind_of as in the block. False when out of memory. */
bool svg_diff_data(const struct svg_scene *s, struct pd_out *out, const uint32_t *node_id, uint32_t n_ids, const uint32_t *kind_of);

/* svg_state.c: colours by state, where they are wanted or every sample has one; sets s->states. */
enum pd_status svg_states_init(struct svg_scene *s, struct svg_states *st, struct pd_error *err);
void svg_states_release(struct svg_states *st);
struct pd_rgb svg_state_hue(unsigned state);
/* "off CPU: futex" */
size_t svg_state_words(const struct svg_states *st, unsigned state, char *buf, size_t n);
void svg_state_legend(const struct svg_scene *s, struct pd_out *out);
/* The member "states" of the data block; `set`: label sets of the document in the order of the block. */
void svg_state_data(const struct svg_scene *s, struct pd_out *out, const uint32_t *set, uint32_t n_sets);

/* svg_write.c: the whole file. As a page it stands in an HTML document, without the XML declaration. */
extern const struct pd_opt svg_format_opts[];
/*
 * The same as a part of a page: the picture and its data block. The page has svg_page_style() in its head and svg_page_script()
 * behind the part. The viewer shows the samples of a stretch of time when the document gets an event "pd-range", whose detail
 * has lo and hi (ns after the first row) and a text that says so, and all again when the detail is null. "range=..." in the
 * fragment of the address is the page's own.
 */
enum pd_status svg_write_part(const struct pd_doc *doc, struct pd_out *out, const struct pd_save_opts *save, const struct svg_opts *opts, struct pd_error *err);
enum pd_status svg_write_file(const struct pd_doc *doc, struct pd_out *out, const struct pd_save_opts *save, const struct svg_opts *opts, bool page, struct pd_error *err);

/* The script of the file, all that stands inside its element. */
struct pd_span svg_script(void);
struct pd_span svg_page_script(void);
struct pd_span svg_page_style(void);

/* svg_picture.c: the static picture, from the XML declaration on; the root element stays open. */
bool svg_write_picture(const struct svg_scene *s, struct pd_out *out); /* false when out of memory */
/* html_page.c: a whole page: the picture for print and pages without script, the data block, the canvas viewer. */
bool svg_write_page(const struct svg_scene *s, struct pd_out *out); /* false when out of memory */
bool svg_write_page_part(const struct svg_scene *s, struct pd_out *out); /* the first two alone */
/* svg_data.c: the data block (JSON that needs no escaping in XML text). */
bool svg_write_data(const struct svg_scene *s, struct pd_out *out); /* false when out of memory */

/* svg_text.c */
/* A value for people: "1,234 samples", "1.5s", "3MB". Returns the length, at most n - 1. */
size_t svg_value(const struct svg_scene *s, int64_t v, char *buf, size_t n);
/* "12.34%" of the whole. */
size_t svg_percent(const struct svg_scene *s, int64_t v, char *buf, size_t n);
/* Shortest text of v with at most `decimals` (0 to 4) digits after the point. Returns the length. */
size_t svg_number(char *buf, double v, unsigned decimals);
/* Is the unit one that scales (time, bytes)? Otherwise values are counts of svg_count_name(). */
bool svg_unit_scales(const struct svg_scene *s);
/* The same of a unit by itself. */
bool svg_known_unit(struct pd_span unit);
struct pd_span svg_count_name(const struct svg_scene *s);
/* A name as it stands in a box: `later`: without its first parts, `cut`: without its end. */
struct svg_label {
	struct pd_span text;
	bool later, cut;
};

/* svg_label.c: the longest form of a name that fits `room` characters, at least 3; shortens as the viewer does, but for template arguments. */
struct svg_label svg_fitted(struct pd_span name, size_t room);
/* Length of the longest prefix of at most `chars` characters that ends at a character. */
size_t svg_prefix(struct pd_span text, size_t chars, bool *all);

#endif
