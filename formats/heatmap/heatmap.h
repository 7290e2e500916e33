/*
 * Heat maps as pictures: a static SVG that is right without script, the bins as
 * JSON in <metadata>, and one constant script that picks ranges of time.
 */
#ifndef HEATMAP_HEATMAP_H
#define HEATMAP_HEATMAP_H

#include "common/svg.h"
#include <profdata/heat.h>

struct heatmap_opts {
	const char *title, *subtitle, *scale, *column;
	int64_t rows, width, height; /* height of the map itself */
	bool values;                 /* colour by the value of the sample type, not by the number of samples */
	bool page;                   /* HTML, not SVG */
	const char *stretch;         /* "ORIGIN:FROM:TO" in ns, see struct pd_heat_opts; what a selection was taken from */
};

#define HEATMAP_LEVELS 12
#define HEATMAP_COLUMNS 10000 /* of a picture: more than a screen has pixels */
#define HEATMAP_TITLES 4000   /* bins with a tooltip of their own; beyond, columns have one */

struct heatmap {
	const struct pd_doc *doc;
	const struct heatmap_opts *o;
	const struct pd_save_opts *save;
	const struct pd_heat_map *m;
	struct svg_scene text;       /* for svg_value() */
	uint64_t threshold[HEATMAP_LEVELS]; /* smallest value of each level; equal ones: the last counts */
	uint64_t least, most;        /* of one bin, in what is coloured; above 0 */
	uint32_t filled;             /* bins with samples */
	double width, height, left, top; /* of the map */
	bool has_graph, whole_columns;   /* a page has a flame graph, which can show whole columns only */
	uint64_t graph_start;            /* time of its first row, ns from time 0 */
};

/* What is coloured. */
static inline int64_t heatmap_amount(const struct heatmap *h, uint32_t bin)
{
	return h->o->values ? h->m->value[bin] : (int64_t)h->m->samples[bin];
}

/* Class of a bin: 0 .. HEATMAP_LEVELS - 1, or one of these. */
enum { HEATMAP_EMPTY = -1, HEATMAP_ZERO = -2, HEATMAP_NEGATIVE = -3 };
int heatmap_level(const struct heatmap *h, uint32_t bin);
void heatmap_levels(struct heatmap *h);

/* picture.c: from the XML declaration on; the root element stays open. */
void heatmap_put_picture(const struct heatmap *h, struct pd_out *out);
/* data.c: the bins as JSON that needs no escaping in XML text. */
void heatmap_put_data(const struct heatmap *h, struct pd_out *out);

/* page.c: what the flame graph of a page is made of, see there. NULL without error when that is nothing or too much. */
struct pd_doc *heatmap_page_doc(struct heatmap *h, const struct pd_sample_type *type, struct pd_error *err);

/* text.c; room for HEATMAP_TEXT, returns the length. */
#define HEATMAP_TEXT 400
/* "1.5 s" */
size_t heatmap_duration(char *buf, uint64_t ns);
/* ns as seconds, exactly: "12.345" */
size_t heatmap_seconds(char *buf, uint64_t ns);
/* "1,234 samples" */
size_t heatmap_count(char *buf, uint64_t n, const char *one);
/* Time of day of an offset from the origin: "09:11:42", with `date` "2024-03-05 09:11:42 UTC"; 0 when it is not known. */
size_t heatmap_clock(const struct heatmap *h, char *buf, uint64_t offset, bool date);

#endif
