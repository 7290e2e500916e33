/*
 * SVG with a group per box:
 *
 *   <g ...><title>name (1,234 samples, 12.34%)</title><rect x="10.0" y="37" width="58.9" .../>...</g>
 *
 * <a> instead of <g> where a box is a link; "%; +1.23%" in the title of a
 * differential graph; x and width in per cent and exact counts beside them
 * (fg:x, fg:w) in those of inferno. Everything else in the file is passed over.
 */
#include "common/flame_svg.h"

#include "base/span.h"
#include "common/flame_boxes.h"
#include "common/svg.h"
#include "common/xml_read.h"

#include <math.h>

enum collect { NOTHING, TITLE, HEADING };

struct reader {
	struct pd_source *src;
	struct pd_sink *sink;
	struct flame_boxes boxes;
	uint32_t depth;        /* of the element being read, the root has 1 */
	uint32_t group;        /* depth of the innermost group, 0 none */
	bool has_title, has_rect;
	struct flame_box box;  /* of this group */
	enum collect collect;
	uint32_t collect_depth;
	PD_VEC(char) text;
	unsigned decimals;     /* digits after the point of the most exact coordinate */
	bool exact;            /* boxes have fg:x and fg:w */
	bool any_change;       /* titles give differences */
};

static bool no_memory(struct reader *r)
{
	pd_error_set(r->sink->err, PD_ERR_NOMEM, "out of memory");
	return false;
}

/* ---- titles ---- */

/* "1,234" or "1,234.5" at the start of *s, in thousandths. */
static bool eat_count(struct pd_span *s, int64_t *out)
{
	char digits[32];
	size_t n = 0, i = 0;

	for (; i < s->n && n < sizeof digits && ((s->p[i] >= '0' && s->p[i] <= '9') || s->p[i] == ',' || s->p[i] == '.'); i++)
		if (s->p[i] != ',')
			digits[n++] = s->p[i];
	*s = span_skip(*s, i);
	return n && n < sizeof digits && span_fixed((struct pd_span){ digits, n }, 3, out) && *out >= 0;
}

/* "12.34%" or "12.34%; +1.23%" and nothing else. */
static bool is_percent(struct pd_span s, bool *change)
{
	struct pd_span first;
	double v;

	*change = span_cut(&s, ';', &first);
	if (!*change)
		first = s;
	s = span_trim(s);
	return span_reat(&first, "%") && span_real(first, &v) && (!*change || (span_reat(&s, "%") && (span_eat(&s, "+"), span_real(s, &v))));
}

/* "1,234 samples, 12.34%" between the last brackets of a title. */
static bool parse_numbers(struct pd_span s, int64_t *count, struct pd_span *count_name, bool *change)
{
	struct pd_span share;

	if (!eat_count(&s, count) || !span_eat(&s, " ") || !span_rcut(&s, ',', &share))
		return false;
	*count_name = s;
	return is_percent(span_trim(share), change);
}

static bool parse_title(struct pd_span title, struct pd_span *name, int64_t *count, struct pd_span *count_name, bool *change)
{
	struct pd_span head = title;

	if (!span_reat(&head, ")"))
		return false;
	for (unsigned tries = 0; tries < 16; tries++) { /* what is counted may have brackets in its name */
		const char *open = span_rfind(head, '(');

		if (!open)
			return false;
		if (open > title.p && open[-1] == ' ' && parse_numbers(span_between(open + 1, title.p + title.n - 1), count, count_name, change)) {
			*name = span_between(title.p, open - 1);
			return true;
		}
		head = span_between(head.p, open);
	}
	return false;
}

/* ---- numbers ---- */

/* "10.0", "10.0px" or "8.3333%"; counts digits after the point. */
static bool coordinate(struct pd_span s, double *out, unsigned *decimals)
{
	const char *dot;

	if (!s.p)
		return false;
	s = span_trim(s);
	if (!span_reat(&s, "%"))
		span_reat(&s, "px");
	dot = span_find(s, '.');
	if (dot && decimals && (size_t)(s.p + s.n - dot - 1) > *decimals)
		*decimals = (unsigned)(s.p + s.n - dot - 1) < 9 ? (unsigned)(s.p + s.n - dot - 1) : 9;
	return span_real(s, out) && fabs(*out) < 1e12;
}

/* ---- boxes ---- */

static void take_rect(struct reader *r, const struct pd_xml_element *e)
{
	struct flame_box *b = &r->box;
	double x = 0, w = 0;
	bool has_counts;

	if (!coordinate(pd_xml_attr(e, "", "x"), &b->x, &r->decimals) || !coordinate(pd_xml_attr(e, "", "width"), &b->width, &r->decimals) ||
	    !coordinate(pd_xml_attr(e, "", "y"), &b->y, NULL) || b->width < 0)
		return;
	has_counts = coordinate(pd_xml_attr(e, "fg", "x"), &x, NULL) && coordinate(pd_xml_attr(e, "fg", "w"), &w, NULL) && w >= 0;
	if (r->boxes.box.n == 0)
		r->exact = has_counts; /* the first box speaks for all */
	r->has_rect = has_counts || !r->exact;
	if (r->exact && has_counts) {
		b->x = x;
		b->width = w;
	}
}

static bool take_title(struct reader *r, struct pd_xml *x)
{
	struct pd_span text = { r->text.v, r->text.n }, name = text, count_name = { "", 0 };
	bool change = false;

	r->has_title = true;
	r->box.no_title = !parse_title(text, &name, &r->box.count, &count_name, &change);
	r->box.name = pd_intern(r->sink->prof, name.p, name.n);
	if (!r->box.no_title && !r->boxes.type.v)
		r->boxes.type = pd_intern(r->sink->prof, count_name.p, count_name.n);
	if (change && !r->any_change) {
		r->any_change = true;
		return pd_xml_note(x, "picture of differences in per cent of the whole: only the counts after were read");
	}
	return true;
}

static bool take_heading(struct reader *r)
{
	static const char *const usual[] = { "Flame Graph", "Icicle Graph", "Flame Chart", "" };
	struct pd_span text = span_trim((struct pd_span){ r->text.v, r->text.n });

	for (size_t i = 0; i < PD_ARRAY_LEN(usual); i++)
		if (span_is(text, usual[i]))
			return true;
	pd_builder_comment(r->sink->prof, pd_intern(r->sink->prof, text.p, text.n));
	return true;
}

static bool end_group(struct reader *r, struct pd_xml *x)
{
	r->group = 0;
	if (!r->has_title || !r->has_rect)
		return true;
	if (r->boxes.box.n * sizeof r->box > r->sink->limits->max_memory || r->boxes.box.n >= UINT32_MAX - 1)
		return pd_xml_fail(x, PD_ERR_LIMIT, "%zu boxes are more than memory is meant for", r->boxes.box.n);
	return pd_vec_push(&r->boxes.box, r->box) || no_memory(r);
}

/* ---- events ---- */

static void start_collecting(struct reader *r, enum collect what)
{
	r->collect = what;
	r->collect_depth = r->depth;
	r->text.n = 0;
}

static bool on_start(void *ctx, struct pd_xml *x, const struct pd_xml_element *e)
{
	struct reader *r = ctx;
	struct pd_span id;

	(void)x;
	r->depth++;
	if (r->collect)
		return true;
	if (span_is(e->name, "g") || span_is(e->name, "a")) {
		r->group = r->depth;
		r->has_title = r->has_rect = false;
		r->box = (struct flame_box){ 0 };
		return true;
	}
	if (r->group && r->depth == r->group + 1 && span_is(e->name, "title") && !r->has_title)
		start_collecting(r, TITLE);
	else if (r->group && r->depth == r->group + 1 && span_is(e->name, "rect") && !r->has_rect)
		take_rect(r, e);
	else if (span_is(e->name, "text") && (id = pd_xml_attr(e, "", "id")).p && (span_is(id, "title") || span_is(id, "subtitle")))
		start_collecting(r, HEADING);
	return true;
}

static bool on_end(void *ctx, struct pd_xml *x)
{
	struct reader *r = ctx;
	bool ok = true;

	if (r->collect && r->depth == r->collect_depth) {
		ok = r->collect == TITLE ? take_title(r, x) : take_heading(r);
		r->collect = NOTHING;
	} else if (!r->collect && r->group == r->depth) {
		ok = end_group(r, x);
	}
	r->depth--;
	return ok;
}

static bool on_text(void *ctx, struct pd_xml *x, struct pd_span piece)
{
	struct reader *r = ctx;

	if (!r->collect)
		return true;
	if (piece.n > r->sink->limits->max_string - r->text.n)
		return pd_xml_fail(x, PD_ERR_LIMIT, "a title is longer than %u bytes", r->sink->limits->max_string);
	if (!pd_vec_reserve(&r->text, piece.n))
		return no_memory(r);
	memcpy(r->text.v + r->text.n, piece.p, piece.n);
	r->text.n += piece.n;
	return true;
}

/* ---- the whole ---- */

/* "samples" are counts; "ms" and "bytes" are units. */
static void name_counts(struct reader *r)
{
	struct pd_span s = pd_builder_string(r->sink->prof, r->boxes.type);

	if (!s.n)
		r->boxes.type = pd_intern_z(r->sink->prof, "samples");
	r->boxes.unit = svg_known_unit(s) ? r->boxes.type : pd_intern_z(r->sink->prof, "count");
}

static enum pd_status finish(struct reader *r)
{
	if (!r->boxes.box.n) {
		pd_fail(r->sink, r->src, "no box of a flame graph in this SVG file");
		pd_error_hint(r->sink->err, "expected groups with a title like 'main (12 samples, 3.45%%)' and a rect");
		return r->sink->err->status;
	}
	name_counts(r);
	r->boxes.step = r->exact ? 0 : pow(10, -(double)r->decimals);
	return flame_boxes_read(&r->boxes, r->src, r->sink);
}

enum pd_status flame_svg_read(struct pd_source *src, struct pd_sink *sink, bool reverse)
{
	static const struct pd_xml_handler handler = { on_start, on_end, on_text };
	struct reader r = { .src = src, .sink = sink, .boxes = { .reverse = reverse } };
	enum pd_status status = pd_xml_read(src, sink, &handler, &r);

	if (status == PD_OK)
		status = finish(&r);
	if (status == PD_OK && pd_builder_failed(sink->prof))
		status = pd_builder_status(sink->prof);
	pd_vec_release(&r.boxes.box);
	pd_vec_release(&r.text);
	return status;
}
