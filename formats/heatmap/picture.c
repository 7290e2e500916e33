/*
 * The static picture. The map is drawn in units of bins (x: column, y: row from
 * the top) and scaled by one transform, so that a bin costs a dozen bytes. Time
 * goes up within a column and on to the right.
 */
#include "common/escape.h"
#include "heatmap/heatmap.h"
#include "heat_style.h" /* generated from heatmap/style.css */

#include <math.h>
#include <stdio.h>

#define TICK_ROOM 74 /* pixels of a time under the map */

/* ---- levels ---- */

/* The smallest value of level i: even steps up to the most there is, or even ratios from the least to it. */
static uint64_t threshold(const struct heatmap *h, unsigned i)
{
	double part = (double)i / HEATMAP_LEVELS, v;

	if (h->o->scale && !strcmp(h->o->scale, "log"))
		v = floor((double)h->least * exp(log((double)h->most / (double)h->least) * part));
	else
		v = floor((double)h->most * part) + 1;
	return v < 1 ? 1 : v < (double)h->most ? (uint64_t)v : h->most;
}

void heatmap_levels(struct heatmap *h)
{
	const struct pd_heat_map *m = h->m;

	h->most = h->o->values ? (m->max_value > 0 ? (uint64_t)m->max_value : 0) : m->max_samples;
	h->least = h->most;
	for (uint32_t i = 0; i < m->columns * m->rows; i++) {
		int64_t v = heatmap_amount(h, i);

		h->filled += m->samples[i] != 0;
		h->least = v > 0 && (uint64_t)v < h->least ? (uint64_t)v : h->least;
	}
	for (unsigned i = 0; i < HEATMAP_LEVELS && h->most; i++)
		h->threshold[i] = threshold(h, i);
}

int heatmap_level(const struct heatmap *h, uint32_t bin)
{
	int64_t v = heatmap_amount(h, bin);
	int level = 0;

	if (!h->m->samples[bin])
		return HEATMAP_EMPTY;
	if (v <= 0)
		return v ? HEATMAP_NEGATIVE : HEATMAP_ZERO;
	for (int i = 1; i < HEATMAP_LEVELS && h->threshold[i] <= (uint64_t)v; i++)
		level = i;
	return level;
}

/* ---- pieces ---- */

static void put(struct pd_out *out, const char *text) { pd_out_write(out, text, strlen(text)); }

static void put_number(struct pd_out *out, double v)
{
	char buf[32];

	pd_out_write(out, buf, svg_number(buf, v, 2));
}

static void put_text(struct pd_out *out, const char *class_name, double x, double y, const char *anchor, const char *text)
{
	pd_out_printf(out, "<text class=\"%s\" x=\"", class_name);
	put_number(out, x);
	put(out, "\" y=\"");
	put_number(out, y);
	pd_out_printf(out, "\" text-anchor=\"%s\">", anchor);
	esc_xml_text(out, text, strlen(text));
	put(out, "</text>\n");
}

static void put_heading(const struct heatmap *h, struct pd_out *out, const char *text, double y, double size, const char *class_name)
{
	struct pd_span t = { text, strlen(text) };
	bool all;
	size_t fit = svg_prefix(t, (size_t)((h->width + h->left) / (size * 0.6)), &all);

	pd_out_printf(out, "<text class=\"%s\" x=\"50%%\" y=\"%g\" font-size=\"%g\" text-anchor=\"middle\">", class_name, y, size);
	esc_xml_text(out, t.p, fit);
	put(out, all ? "</text>\n" : "…</text>\n");
}

static void put_value(const struct heatmap *h, struct pd_out *out, int64_t v)
{
	char buf[256];

	esc_xml_text(out, buf, svg_value(&h->text, v, buf, sizeof buf));
}

static uint32_t bins(const struct heatmap *h) { return h->m->columns * h->m->rows; }

/* ---- around the map ---- */

static double foot(const struct heatmap *h) { return h->top + h->height; }

static void put_head(const struct heatmap *h, struct pd_out *out)
{
	const char *title = h->o->title ? h->o->title : "Heat Map";
	double width = h->left + h->width + 16, height = foot(h) + 156;

	put(out, h->o->page ? "" : "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
	put(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"");
	put_number(out, width);
	put(out, "\" height=\"");
	put_number(out, height);
	put(out, "\" viewBox=\"0 0 ");
	put_number(out, width);
	put(out, " ");
	put_number(out, height);
	put(out, "\" class=\"pdhm\" role=\"img\" aria-label=\"");
	esc_xml_attr(out, title, strlen(title));
	put(out, "\" font-family=\"system-ui,sans-serif\" font-size=\"12\">\n<title>");
	esc_xml_text(out, title, strlen(title));
	put(out, "</title>\n<style>\n");
	pd_out_write(out, heat_style, sizeof heat_style);
	put(out, "</style>\n<defs><pattern id=\"pd-neg\" width=\"4\" height=\"4\" patternUnits=\"userSpaceOnUse\">"
		 "<path class=\"neg\" d=\"M0 4L4 0\"/></pattern></defs>\n<rect class=\"bg\" width=\"100%\" height=\"100%\"/>\n");
	put_heading(h, out, title, 24, 17, "t");
	if (h->o->subtitle && *h->o->subtitle)
		put_heading(h, out, h->o->subtitle, 44, 13, "m");
}

/* Exact totals, what a bin is, and what is not in the map. */
static void put_summary(const struct heatmap *h, struct pd_out *out)
{
	const struct pd_heat_map *m = h->m;
	char text[HEATMAP_TEXT];

	put(out, "<text class=\"m summary\" x=\"");
	put_number(out, h->left);
	put(out, "\" y=\"");
	put_number(out, h->top - 10);
	put(out, "\">");
	pd_out_write(out, text, heatmap_count(text, m->n_samples, "sample"));
	put(out, ", ");
	put_value(h, out, m->total);
	put(out, " in ");
	pd_out_write(out, text, heatmap_duration(text, (uint64_t)m->to - (uint64_t)m->from));
	put(out, "; column ");
	pd_out_write(out, text, heatmap_duration(text, m->column));
	put(out, ", row ");
	pd_out_write(out, text, heatmap_duration(text, m->column / m->rows));
	put(out, "; most in one row: ");
	if (h->o->values)
		put_value(h, out, m->max_value);
	else
		pd_out_write(out, text, heatmap_count(text, m->max_samples, "sample"));
	if (m->untimed) {
		put(out, "; not shown: ");
		pd_out_write(out, text, heatmap_count(text, m->untimed, "sample"));
		put(out, " without time");
	}
	if (m->outside) {
		put(out, "; ");
		pd_out_write(out, text, heatmap_count(text, m->outside, "sample"));
		put(out, " outside");
	}
	put(out, "</text>\n");
}

static void put_rows_axis(const struct heatmap *h, struct pd_out *out)
{
	const uint64_t minute = 60000000000, day = 1440 * minute;
	uint64_t column = h->m->column, parts = column % day == 0 ? 4 : column % minute == 0 ? 6 : column < 10 ? 1 : 5;
	char text[HEATMAP_TEXT];

	for (uint64_t i = 0; i <= parts; i++) {
		double y = foot(h) - h->height * (double)i / (double)parts;

		heatmap_duration(text, column / parts * i + column % parts * i / parts);
		put_text(out, "m", h->left - 8, y + (i == parts ? 10 : i ? 4 : 0), "end", i ? text : "0");
		pd_out_printf(out, "<path class=\"tick\" d=\"M%g ", h->left - 5);
		put_number(out, y);
		put(out, "h5\"/>\n");
	}
}

/* Columns between two times under the map: as many as the text needs room. */
static uint64_t tick_step(const struct heatmap *h)
{
	static const uint64_t steps[] = { 1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600 };
	double columns = TICK_ROOM / (h->width / h->m->columns);

	for (size_t i = 0; i < PD_ARRAY_LEN(steps); i++)
		if ((double)steps[i] >= columns)
			return steps[i];
	return 3600;
}

static void put_columns_axis(const struct heatmap *h, struct pd_out *out)
{
	const struct pd_heat_map *m = h->m;
	uint64_t step = tick_step(h);
	char text[HEATMAP_TEXT];

	for (uint32_t c = 0; c < m->columns; c++) {
		uint64_t start = pd_heat_start(m, c * m->rows);
		double x = h->left + h->width * c / m->columns;

		if ((m->first_column + c) % step)
			continue;
		heatmap_seconds(text, start);
		put_text(out, "m", x, foot(h) + 18, "middle", text);
		if (heatmap_clock(h, text, start, false))
			put_text(out, "m", x, foot(h) + 33, "middle", text);
		pd_out_printf(out, "<path class=\"tick\" d=\"M");
		put_number(out, x);
		pd_out_printf(out, " %gv5\"/>\n", foot(h));
	}
	put_text(out, "m", h->left, foot(h) + 50, "start", "seconds since the first sample, as --time-range takes them; up: time within a column");
	if (heatmap_clock(h, text, (uint64_t)m->from - (uint64_t)m->origin, true))
		put_text(out, "m", h->left + h->width, foot(h) + 50, "end", text);
}

/* "3 – 5", or "≥ 20ms" where values have units. */
static void level_text(const struct heatmap *h, int i, char *text, size_t n)
{
	uint64_t lo = h->threshold[i], hi = i + 1 < HEATMAP_LEVELS ? h->threshold[i + 1] - 1 : h->most;
	char value[256];

	if (h->o->values) {
		svg_value(&h->text, (int64_t)lo, value, sizeof value);
		snprintf(text, n, "≥ %s", value);
	} else if (lo == hi) {
		snprintf(text, n, "%llu", (unsigned long long)lo);
	} else {
		snprintf(text, n, "%llu – %llu", (unsigned long long)lo, (unsigned long long)hi);
	}
}

static const char *class_of(int level, char buf[8])
{
	snprintf(buf, 8, level >= 0 ? "l%d" : level == HEATMAP_EMPTY ? "e" : level == HEATMAP_ZERO ? "z" : "n", level);
	return buf;
}

/* Is a level used by any bin? Several levels with one threshold are one: the last. */
static bool has_level(const struct heatmap *h, int level)
{
	if (level >= 0)
		return h->most && (level == HEATMAP_LEVELS - 1 || h->threshold[level] < h->threshold[level + 1]);
	for (uint32_t i = 0; i < bins(h); i++)
		if (heatmap_level(h, i) == level)
			return true;
	return false;
}

static size_t characters(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

/* Swatches side by side; where the texts are too long for that, every second one has its text. */
static void put_legend(const struct heatmap *h, struct pd_out *out)
{
	double x = h->left, y = foot(h) + 64, step = (h->width - 270) / HEATMAP_LEVELS, need = 0;
	char text[HEATMAP_TEXT], name[8];
	unsigned shown = 0, every;

	for (int i = 0; i < HEATMAP_LEVELS && h->most; i++) {
		level_text(h, i, text, sizeof text);
		need = fmax(need, 26 + 6.6 * (double)characters(text));
	}
	step = fmin(step, need);
	every = need > step ? (unsigned)ceil(need / step) : 1;
	put(out, "<g class=\"legend\">\n");
	for (int i = HEATMAP_NEGATIVE; i < HEATMAP_LEVELS; i++) {
		if (!has_level(h, i))
			continue;
		pd_out_printf(out, "<rect class=\"%s swatch\" x=\"%.1f\" y=\"%g\" width=\"14\" height=\"14\"/>", class_of(i, name), x, y);
		if (i >= 0)
			level_text(h, i, text, sizeof text);
		if (i < 0 || shown++ % every == 0)
			put_text(out, "m", x + 18, y + 11, "start", i >= 0 ? text : i == HEATMAP_EMPTY ? "no sample" : i == HEATMAP_ZERO ? "0" : "below 0");
		else
			put(out, "\n");
		x += i < 0 ? 90 : step;
	}
	put(out, "</g>\n");
}

/* ---- bins ---- */

static void put_run(const struct heatmap *h, struct pd_out *out, uint32_t bin, uint32_t n)
{
	pd_out_printf(out, "M%u %uh1v%uh-1z", bin / h->m->rows, h->m->rows - bin % h->m->rows - n, n);
}

/* "12.34 s: 31 samples, 310ms" */
static void put_title(const struct heatmap *h, struct pd_out *out, uint64_t start, uint64_t samples, int64_t value)
{
	char text[HEATMAP_TEXT];

	put(out, "<title>");
	pd_out_write(out, text, heatmap_seconds(text, start));
	put(out, " s: ");
	pd_out_write(out, text, heatmap_count(text, samples, "sample"));
	put(out, ", ");
	put_value(h, out, value);
	put(out, "</title>");
}

/* Few bins: each has its tooltip. */
static void put_single_bins(const struct heatmap *h, struct pd_out *out)
{
	char name[8];

	for (uint32_t i = 0; i < bins(h); i++) {
		if (!h->m->samples[i])
			continue;
		pd_out_printf(out, "<path class=\"%s\" d=\"", class_of(heatmap_level(h, i), name));
		put_run(h, out, i, 1);
		put(out, "\">");
		put_title(h, out, pd_heat_start(h->m, i), h->m->samples[i], h->m->value[i]);
		put(out, "</path>\n");
	}
}

/* Many: one path per level, and a tooltip per column. */
static void put_levels(const struct heatmap *h, struct pd_out *out)
{
	uint32_t rows = h->m->rows;
	char name[8];

	for (int level = HEATMAP_NEGATIVE; level < HEATMAP_LEVELS; level++) {
		bool open = false;

		for (uint32_t i = 0, n; i < bins(h); i += n) {
			n = 1;
			if (level == HEATMAP_EMPTY || heatmap_level(h, i) != level)
				continue;
			while ((i + n) % rows && heatmap_level(h, i + n) == level)
				n++;
			if (!open)
				pd_out_printf(out, "<path class=\"%s\" d=\"", class_of(level, name));
			open = true;
			put_run(h, out, i, n);
		}
		put(out, open ? "\"/>\n" : "");
	}
}

static void put_column_titles(const struct heatmap *h, struct pd_out *out)
{
	for (uint32_t c = 0; c < h->m->columns; c++) {
		uint64_t samples = 0;
		int64_t value = 0;

		for (uint32_t i = c * h->m->rows; i < (c + 1) * h->m->rows; i++) {
			samples += h->m->samples[i];
			value += h->m->value[i]; /* no overflow: the engine added up all in this order */
		}
		put(out, "<path class=\"o\" d=\"");
		put_run(h, out, c * h->m->rows, h->m->rows);
		put(out, "\">");
		put_title(h, out, pd_heat_start(h->m, c * h->m->rows), samples, value);
		put(out, "</path>\n");
	}
}

/* Where there was a recording at all: without the parts of the first and last column before and after it. */
static void put_stretch(const struct heatmap *h, struct pd_out *out)
{
	const struct pd_heat_map *m = h->m;
	uint64_t from = (uint64_t)m->from - (uint64_t)m->origin, to = (uint64_t)m->to - (uint64_t)m->origin;
	uint32_t first = 0, last = bins(h) - 1;

	while (first < last && pd_heat_start(m, first + 1) <= from)
		first++;
	while (last > first && pd_heat_start(m, last) > to)
		last--;
	put(out, "<path class=\"e\" d=\"");
	for (uint32_t c = 0; c < m->columns; c++) {
		uint32_t lo = c * m->rows > first ? c * m->rows : first, hi = (c + 1) * m->rows - 1 < last ? (c + 1) * m->rows - 1 : last;

		if (c && c + 1 < m->columns)
			continue;
		put_run(h, out, lo, hi - lo + 1);
	}
	if (m->columns > 2)
		pd_out_printf(out, "M1 0h%uv%uh-%uz", m->columns - 2, m->rows, m->columns - 2);
	put(out, "\"/>\n");
}

void heatmap_put_picture(const struct heatmap *h, struct pd_out *out)
{
	put_head(h, out);
	put_summary(h, out);
	pd_out_printf(out, "<g class=\"map\" transform=\"translate(%g,%g) scale(%.9g,%.9g)\">\n", h->left, h->top, h->width / h->m->columns, h->height / h->m->rows);
	put_stretch(h, out);
	if (h->filled <= HEATMAP_TITLES) {
		put_single_bins(h, out);
	} else {
		put_levels(h, out);
		put_column_titles(h, out);
	}
	put(out, "</g>\n");
	put_rows_axis(h, out);
	put_columns_axis(h, out);
	put_legend(h, out);
}
