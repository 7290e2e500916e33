/*
 * Pictures of comparisons. A box is as wide as the wider of both sides, so that
 * what went away stays in sight; hue and shape say what happened to it: orange
 * and a strip on top grew, blue and a strip at the bottom shrank, dots are new,
 * hatching is gone, and what may be chance is grey.
 */
#include "common/escape.h"
#include "common/json_write.h"
#include "common/svg.h"

#include <math.h>

#define STRIP 3.0 /* pixels */

static void put(struct pd_out *out, const char *text) { pd_out_write(out, text, strlen(text)); }

/* ---- sums ---- */

/* Own values of both sides per node. False when a sum does not fit. */
static bool own_values(const struct svg_scene *s, struct pd_diff_box *box)
{
	struct pd_rows r;

	for (uint64_t at = 0; pd_series_rows(s->doc, 0, at, &r); at += r.n)
		for (size_t i = 0; i < r.n; i++) {
			struct pd_diff_box *b = &box[pd_calltree_node(s->tree, r.labels[i], r.stack[i])];

			if (pd_add_overflow(b->before, r.value[0][i], &b->before) || pd_add_overflow(b->after, r.value[1][i], &b->after))
				return false;
		}
	return true;
}

/* Sides are brought to one scale: values per exposure, in the unit of the side after. */
static double scale_of(const struct pd_diff_summary *s, int side)
{
	double b = s->per == PD_DIFF_PER_TOTAL ? (double)s->side[PD_BEFORE].total : s->side[PD_BEFORE].exposure;
	double a = s->per == PD_DIFF_PER_TOTAL ? (double)s->side[PD_AFTER].total : s->side[PD_AFTER].exposure;

	return side == PD_AFTER || !(b > 0) || !(a > 0) ? 1 : a / b;
}

enum pd_status svg_diff_init(struct svg_scene *s, struct svg_diff *d, struct pd_error *err)
{
	const struct pd_calltree_nodes *n = pd_calltree_nodes(s->tree);
	const struct pd_diff_summary *sum = pd_diff_summary(s->save->diff);
	double factor = scale_of(sum, PD_BEFORE);
	bool fits;

	if (pd_doc_sample_types(s->doc) != 2)
		return pd_error_set(err, PD_ERR_USAGE, "a comparison is drawn from a document with two sample types, before and after");
	d->summary = sum;
	d->box = calloc(n->n, sizeof *d->box);
	d->width = calloc(n->n, sizeof *d->width);
	if (!d->box || !d->width)
		return pd_error_set(err, PD_ERR_NOMEM, "out of memory while comparing %u boxes", n->n);
	fits = own_values(s, d->box);
	for (uint32_t i = 0; i < n->n; i++) {
		double before = (double)d->box[i].before * factor;

		d->width[i] = before > (double)d->box[i].after ? before < 9e18 ? llround(before) : INT64_MAX : d->box[i].after;
	}
	for (uint32_t i = n->n; fits && i-- > 1;) {
		uint32_t p = n->parent[i];

		fits = !pd_add_overflow(d->box[p].before, d->box[i].before, &d->box[p].before) &&
		       !pd_add_overflow(d->box[p].after, d->box[i].after, &d->box[p].after) && !pd_add_overflow(d->width[p], d->width[i], &d->width[p]);
	}
	if (!fits)
		return pd_error_set(err, PD_ERR_LIMIT, "a sum of values does not fit 64 bits");
	if (!d->width[0])
		return pd_error_set(err, PD_ERR_DATA, "nothing to draw: neither side has samples");
	s->nodes = *n;
	s->nodes.weight = d->width;
	return pd_diff_boxes(s->save->diff, d->box, n->n, err);
}

void svg_diff_release(struct svg_diff *d)
{
	free(d->box);
	free(d->width);
}

/* ---- hue ---- */

static uint8_t mix(uint8_t from, uint8_t to, double t) { return (uint8_t)lround(from + (to - from) * t); }

struct pd_rgb svg_diff_hue(enum pd_diff_class c, double change, bool negate)
{
	static const struct pd_rgb more[2] = { { 250, 222, 196 }, { 240, 125, 30 } }, less[2] = { { 208, 225, 250 }, { 70, 140, 240 } };
	static const struct pd_rgb chance = { 214, 214, 214 }, same = { 236, 236, 232 };
	/* a change of the tenth part of the whole is as strong as it gets; the square root shows small ones too */
	double t = sqrt(fmin(1, fabs(change) / 0.1));
	const struct pd_rgb *far;

	if (c == PD_DIFF_UNDECIDED)
		return chance;
	if (c == PD_DIFF_UNCHANGED || c == PD_DIFF_MOVED)
		return same;
	far = (c == PD_DIFF_NEW || c == PD_DIFF_GROWN) != negate ? more : less;
	return (struct pd_rgb){ mix(far[0].r, far[1].r, t), mix(far[0].g, far[1].g, t), mix(far[0].b, far[1].b, t) };
}

struct pd_rgb svg_diff_rgb(const struct svg_scene *s, uint32_t node)
{
	const struct pd_diff_box *b = &s->diff->box[node];

	return svg_diff_hue(b->klass, b->change, s->o->negate);
}

/* ---- shape ---- */

const char *svg_diff_sign(const struct svg_scene *s, uint32_t node)
{
	switch (node ? s->diff->box[node].klass : PD_DIFF_UNCHANGED) {
	case PD_DIFF_NEW: return "● ";
	case PD_DIFF_GONE: return "✕ ";
	case PD_DIFF_GROWN: return "▲ ";
	case PD_DIFF_SHRUNK: return "▼ ";
	default: return "";
	}
}

static void put_rect(struct pd_out *out, double x, double y, double w, double h, const char *fill)
{
	char a[32], b[32], c[32], d[32];

	a[svg_number(a, x, 2)] = b[svg_number(b, y, 1)] = c[svg_number(c, w, 2)] = d[svg_number(d, h, 1)] = '\0';
	pd_out_printf(out, "<rect class=\"f\" x=\"%s\" y=\"%s\" width=\"%s\" height=\"%s\" style=\"fill:%s\"/>\n", a, b, c, d, fill);
}

/* One stroke of a path, clipped by whoever asks. */
static void put_line(struct pd_out *out, double x0, double y0, double x1, double y1)
{
	char a[32], b[32], c[32], d[32];

	a[svg_number(a, x0, 1)] = b[svg_number(b, y0, 1)] = c[svg_number(c, x1, 1)] = d[svg_number(d, y1, 1)] = '\0';
	pd_out_printf(out, "M%s %sL%s %s", a, b, c, d);
}

/*
 * Not a pattern: printers and PDF writers make an image of the page for every box
 * that has one. As faint as black text needs on it: 4.5:1 on the fullest colour of either hue.
 */
static void put_hatching(struct pd_out *out, double x, double y, double w, double h)
{
	put(out, "<path class=\"f\" fill=\"none\" stroke=\"#123\" stroke-opacity=\".2\" stroke-width=\"3\" d=\"");
	for (double t = fmin(4, w); t < w + h; t += 8) {
		double from = fmin(t, w), to = fmax(t - h, 0);

		put_line(out, x + from, y + t - from, x + to, y + t - to);
	}
	put(out, "\"/>\n");
}

static void put_dots(struct pd_out *out, double x, double y, double w, double h)
{
	double first = w < 6 ? w / 2 : 3, last = fmax(w - 2, first);

	put(out, "<path class=\"f\" fill=\"none\" stroke=\"#123\" stroke-opacity=\".2\" stroke-width=\"3\" stroke-linecap=\"round\" stroke-dasharray=\"0 6\" d=\"");
	for (double at = 3; at < h - 1; at += 6)
		put_line(out, x + first, y + at, x + last, y + at);
	put(out, "\"/>\n");
}

void svg_diff_mark(const struct svg_scene *s, struct pd_out *out, uint32_t node, double x, double w)
{
	double height = (double)s->o->height - 1;

	if (!node || w < 1)
		return;
	w = w >= 2 ? w - 0.5 : w;
	switch (s->diff->box[node].klass) {
	case PD_DIFF_NEW: put_dots(out, x, 0, w, height); break;
	case PD_DIFF_GONE: put_hatching(out, x, 0, w, height); break;
	case PD_DIFF_GROWN: put_rect(out, x, 0, w, fmin(STRIP, height / 4), "#7a3300"); break;
	case PD_DIFF_SHRUNK: put_rect(out, x, height - fmin(STRIP, height / 4), w, fmin(STRIP, height / 4), "#0b3d91"); break;
	default: break;
	}
}

/* ---- words ---- */

static size_t add(char *buf, size_t n, size_t at, const char *fmt, double v)
{
	int len = at < n ? snprintf(buf + at, n - at, fmt, v) : 0;

	return len < 0 ? at : at + (size_t)len < n ? at + (size_t)len : n - 1;
}

static double side_share(const struct svg_scene *s, int side, int64_t v)
{
	int64_t all = s->diff->summary->side[side].total;

	return all > 0 ? 100 * (double)v / (double)all : 0;
}

static const char *class_words(enum pd_diff_class c)
{
	static const char *const words[] = { "unchanged", "not significant", "new", "gone", "grown", "shrunk" };

	return c <= PD_DIFF_SHRUNK ? words[c] : "";
}

size_t svg_diff_words(const struct svg_scene *s, uint32_t node, char *buf, size_t n)
{
	const struct pd_diff_box *b = &s->diff->box[node];
	size_t at = svg_value(s, b->before, buf, n);

	at = add(buf, n, at, " %.2f%% → ", side_share(s, PD_BEFORE, b->before));
	if (at + 40 < n)
		at += svg_value(s, b->after, buf + at, n - at);
	at = add(buf, n, at, " %.2f%%", side_share(s, PD_AFTER, b->after));
	if (b->before && b->after && isfinite(b->ratio))
		at = add(buf, n, at, ", %+.1f%%", 100 * (b->ratio - 1));
	if (isfinite(b->lo) && isfinite(b->hi) && b->before && b->after) {
		at = add(buf, n, at, " (%+.1f%%", 100 * (b->lo - 1));
		at = add(buf, n, at, " .. %+.1f%%)", 100 * (b->hi - 1));
	}
	if (isfinite(b->p))
		at = add(buf, n, at, ", p %.2g", b->p);
	if (at + 20 < n)
		at += (size_t)snprintf(buf + at, n - at, ": %s", class_words(b->klass));
	return at;
}

void svg_diff_legend(const struct svg_scene *s, struct pd_out *out)
{
	static const struct { const char *fill, *strip, *text; void (*over)(struct pd_out *, double, double, double, double); } item[] = {
		{ "#f07d1e", "#7a3300", "▲ grown", NULL }, { "#f07d1e", NULL, "● new", put_dots }, { "#468cf0", "#0b3d91", "▼ shrunk", NULL },
		{ "#468cf0", NULL, "✕ gone", put_hatching }, { "#d6d6d6", NULL, "not significant", NULL }, { "#ececec", NULL, "unchanged", NULL },
	};

	put(out, "<g class=\"legend\" font-size=\"10\">\n"); /* beside the heading, in two rows */
	for (size_t i = 0; i < PD_ARRAY_LEN(item); i++) {
		const char *fill = item[i].fill;
		double x = SVG_MARGIN + (double)(i / 2) * 78, y = 4 + (double)(i % 2) * 13;

		if (s->o->negate && i < 4)
			fill = i < 2 ? item[2].fill : item[0].fill;
		put_rect(out, x, y, 12, 10, fill);
		if (item[i].strip)
			put_rect(out, x, i == 2 ? y + 7 : y, 12, 3, item[i].strip);
		if (item[i].over)
			item[i].over(out, x, y, 12, 10);
		pd_out_printf(out, "<text class=\"m\" x=\"%.0f\" y=\"%.1f\">%s</text>\n", x + 15, y + 9, item[i].text);
	}
	put(out, "</g>\n");
}

/* ---- data block ---- */

static unsigned class_number(enum pd_diff_class c)
{
	static const unsigned numbers[] = { [PD_DIFF_UNCHANGED] = 0, [PD_DIFF_NEW] = 1, [PD_DIFF_GONE] = 2, [PD_DIFF_GROWN] = 3, [PD_DIFF_SHRUNK] = 4, [PD_DIFF_UNDECIDED] = 5, [PD_DIFF_MOVED] = 6 };

	return c < PD_ARRAY_LEN(numbers) ? numbers[c] : 0;
}

static void put_number(struct pd_out *out, double v)
{
	if (isfinite(v))
		pd_out_printf(out, "%.4g", v);
	else
		put(out, "null");
}

/* What was found out about a box or a function. What was not tested has no interval, and its ratio follows from its values. */
struct verdict {
	enum pd_diff_class klass;
	double number[4]; /* ratio, lo, hi, p */
};

static struct verdict verdict(enum pd_diff_class klass, double ratio, double lo, double hi, double p)
{
	return isnan(p) ? (struct verdict){ klass, { NAN, NAN, NAN, NAN } } : (struct verdict){ klass, { ratio, lo, hi, p } };
}

/* Five columns in step. */
static void put_verdicts(struct pd_out *out, const char *prefix, const struct verdict *v, size_t n)
{
	static const char *const keys[] = { "class", "ratio", "lo", "hi", "p" };

	for (int c = 0; c < 5; c++) {
		pd_out_printf(out, ",\n\"%s%s\":[", prefix, keys[c]);
		for (size_t i = 0; i < n; i++) {
			if (i)
				put(out, ",");
			if (c)
				put_number(out, v[i].number[c - 1]);
			else
				pd_out_printf(out, "%u", class_number(v[i].klass));
		}
		put(out, "]");
	}
}

/* Per node of the block; nodes that stand for others are undecided. False when out of memory. */
static bool put_nodes(const struct svg_scene *s, struct pd_out *out, const uint32_t *node_id, uint32_t n_ids)
{
	struct verdict *v = malloc(((size_t)n_ids + 1) * sizeof *v);

	if (!v)
		return false;
	for (uint32_t i = 0; i < n_ids; i++)
		v[i] = verdict(PD_DIFF_UNDECIDED, NAN, NAN, NAN, NAN);
	for (uint32_t i = s->n->n; i-- > 0;) { /* the node itself is the first with its number */
		const struct pd_diff_box *b = &s->diff->box[i];

		if (s->n->weight[i] >= s->data_weight || !i)
			v[node_id[i]] = verdict(b->klass, b->ratio, b->lo, b->hi, b->p);
	}
	put_verdicts(out, "", v, n_ids);
	free(v);
	return true;
}

struct function {
	struct pd_span name;
	uint32_t row;
};

static int by_name(const void *pa, const void *pb)
{
	const struct function *a = pa, *b = pb;
	int c = memcmp(a->name.p, b->name.p, a->name.n < b->name.n ? a->name.n : b->name.n);

	return c ? c : a->name.n < b->name.n ? -1 : a->name.n > b->name.n;
}

/* The rows of the comparison by name; names that several have (in different files) are none. */
static struct function *functions_of(const struct pd_diff *d, size_t *n)
{
	size_t rows = pd_diff_rows(d), kept = 0;
	struct function *f = malloc((rows + 1) * sizeof *f);

	for (size_t i = 0; f && i < rows; i++) {
		struct pd_diff_row row;

		pd_diff_row(d, i, &row);
		f[i] = (struct function){ row.name, (uint32_t)i };
	}
	if (f && rows)
		qsort(f, rows, sizeof *f, by_name);
	for (size_t i = 0, next; f && i < rows; i = next) {
		for (next = i + 1; next < rows && !by_name(&f[i], &f[next]);)
			next++;
		if (next == i + 1)
			f[kept++] = f[i];
	}
	*n = kept;
	return f;
}

/* The member "functions": what was found out about functions as a whole, by their own and by their total value. */
static bool put_functions(const struct svg_scene *s, struct pd_out *out, const uint32_t *kind_of)
{
	const struct pd_diff *d = s->save->diff;
	size_t n, found = 0;
	struct function *f = functions_of(d, &n);
	struct verdict *self = malloc(((size_t)s->n_kinds + 1) * sizeof *self), *total = malloc(((size_t)s->n_kinds + 1) * sizeof *total);

	if (f && self && total) {
		put(out, ",\n\"functions\":{\"frame\":[");
		for (uint32_t k = 1; k < s->n_kinds; k++) {
			struct pd_calltree_frame frame;
			struct function want, *have;
			struct pd_diff_row row;

			pd_calltree_frame(s->data, s->kind[kind_of[k]].frame, &frame);
			want.name = frame.name;
			have = n ? bsearch(&want, f, n, sizeof *f, by_name) : NULL;
			if (!have)
				continue;
			pd_diff_row(d, have->row, &row);
			pd_out_printf(out, "%s%u", found ? "," : "", k);
			self[found] = verdict(row.self.klass, row.self.ratio, row.self.lo, row.self.hi, row.self.p);
			total[found++] = verdict(row.total.klass, row.total.ratio, row.total.lo, row.total.hi, row.total.p);
		}
		put(out, "]");
		put_verdicts(out, "self_", self, found);
		put_verdicts(out, "total_", total, found);
		put(out, "}");
	}
	free(f);
	free(self);
	free(total);
	return f && self && total;
}

/* How the viewer judges boxes it puts together itself. */
static void put_judge(const struct svg_scene *s, struct pd_out *out)
{
	struct pd_diff_judge j;
	const struct { const char *key; const double *v; } item[] = {
		{ "samples_before", &j.samples[0] }, { "samples_after", &j.samples[1] }, { "interval", &j.interval }, { "finding", &j.finding }, { "bulk", &j.bulk_ratio },
		{ "least_samples", &j.least_samples }, { "least_share", &j.least_share }, { "least_change", &j.least_change }, { "least_relative", &j.least_relative },
	};

	pd_diff_judge(s->save->diff, s->diff->box, s->n->n, &j);
	put(out, ",\n\"judge\":{");
	for (size_t i = 0; i < PD_ARRAY_LEN(item); i++) {
		pd_out_printf(out, "%s\"%s\":", i ? "," : "", item[i].key);
		put_number(out, *item[i].v);
	}
	put(out, "}");
}

bool svg_diff_data(const struct svg_scene *s, struct pd_out *out, const uint32_t *node_id, uint32_t n_ids, const uint32_t *kind_of)
{
	static const char *const words[] = { "", "time", "cpu", "op", "total", "none" };
	bool ok;

	pd_out_printf(out, ",\n\"diff\":{\"before\":0,\"after\":1,\"exposure\":\"%s\",\"scale_before\":%.17g,\"scale_after\":1,\"total_before\":%lld,\"total_after\":%lld",
		      words[s->diff->summary->per], scale_of(s->diff->summary, PD_BEFORE), (long long)s->diff->summary->side[PD_BEFORE].total,
		      (long long)s->diff->summary->side[PD_AFTER].total);
	ok = put_nodes(s, out, node_id, n_ids) && put_functions(s, out, kind_of);
	put_judge(s, out);
	put(out, "}");
	return ok;
}
