/* What is drawn: which boxes, how wide, in which colour. */
#include "base/vec.h"
#include "common/escape.h"
#include "common/svg.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include <profdata/report.h>
#include <profdata/transform.h>

/*
 * Weights sorted roughly: a bucket per power of two and 32 steps in between.
 * Finding "the widest N" needs no sorting, and equal boxes share one fate.
 */
#define STEPS 5
#define BUCKETS (64 << STEPS)

static unsigned bucket_of(int64_t w)
{
	unsigned top = 63 - pd_clz64((uint64_t)w | 1);
	uint64_t below = top >= STEPS ? (uint64_t)w >> (top - STEPS) : (uint64_t)w << (STEPS - top);

	return top << STEPS | (unsigned)(below & ((1u << STEPS) - 1));
}

/* Smallest weight of a bucket. */
static int64_t bucket_start(unsigned b)
{
	unsigned top = b >> STEPS;
	uint64_t mantissa = (1u << STEPS) | (b & ((1u << STEPS) - 1));

	if (top >= STEPS)
		return (int64_t)(mantissa << (top - STEPS));
	return (int64_t)((mantissa + (1u << (STEPS - top)) - 1) >> (STEPS - top)); /* steps finer than whole numbers */
}

/* The smallest weight such that at most `limit` of the nodes weighing `at_least` or more have it. */
static int64_t weight_for(const struct pd_calltree_nodes *n, int64_t at_least, uint32_t limit)
{
	uint32_t *count, sum = 0;
	int64_t found = at_least;

	if (n->n <= limit)
		return at_least;
	count = calloc(BUCKETS, sizeof *count);
	if (!count)
		return at_least;
	for (uint32_t i = 0; i < n->n; i++)
		if (n->weight[i] >= at_least)
			count[bucket_of(n->weight[i])]++;
	for (unsigned b = BUCKETS; b-- > 0;) {
		if (sum + count[b] > limit) {
			found = b + 1 < BUCKETS ? bucket_start(b + 1) : INT64_MAX;
			break;
		}
		sum += count[b];
	}
	free(count);
	return found > at_least ? found : at_least;
}

static void put_fill(struct pd_rgb c, char *fill)
{
	static const char hex[] = "0123456789abcdef";
	const uint8_t v[3] = { c.r, c.g, c.b };

	fill[0] = '#';
	for (int i = 0; i < 3; i++) {
		fill[1 + 2 * i] = hex[v[i] >> 4];
		fill[2 + 2 * i] = hex[v[i] & 15];
	}
	fill[7] = '\0';
}

/* ---- palette file ---- */

static enum pd_status cp_read(struct palette_map *map, const char *path, struct pd_error *err)
{
	struct pd_error why = { 0 };
	struct pd_source *src = pd_source_path(path, NULL, &why);
	enum pd_status status;

	if (!src) {
		if (access(path, F_OK) < 0 && errno == ENOENT) /* a file that does not exist yet is the start of a new one */
			return PD_OK;
		*err = why;
		return why.status ? why.status : PD_ERR_IO;
	}
	status = palette_map_read(map, src, err);
	pd_source_free(src);
	return status;
}

static enum pd_status cp_write(const struct palette_map *map, const char *path, struct pd_error *err)
{
	struct pd_out *out;
	enum pd_status status;

	if (!palette_map_changed(map))
		return PD_OK;
	out = pd_out_path(path, 0, 0, err);
	if (!out)
		return PD_ERR_IO;
	palette_map_write(map, out);
	status = pd_out_commit(out, err);
	pd_out_free(out);
	return status;
}

/* ---- attributes ---- */

static enum pd_status read_attrs(struct svg_scene *s, struct pd_error *err)
{
	struct pd_source *src;
	enum pd_status status;

	if (!s->o->nameattr)
		return PD_OK;
	src = pd_source_path(s->o->nameattr, NULL, err);
	if (!src)
		return err->status ? err->status : PD_ERR_IO;
	s->attrs = name_attrs_new();
	status = s->attrs ? name_attrs_read(s->attrs, src, err) : pd_error_set(err, PD_ERR_NOMEM, "out of memory");
	pd_source_free(src);
	return status;
}

/* ---- kinds ---- */

struct coloring {
	int palette;
	enum palette_mode mode;
	uint64_t random;
	struct palette_map *map;
};

static bool color_kind(const struct svg_scene *s, struct svg_kind *k, struct coloring *c)
{
	struct pd_calltree_frame f;
	struct palette_frame pf;
	struct pd_rgb rgb;

	pd_calltree_frame(s->tree, k->frame, &f);
	k->label = f.name;
	pf = (struct palette_frame){ .module = f.module, .flags = k->flags, .written = f.name };
	pf.flags |= palette_strip(&k->label);
	k->shown = (uint8_t)(pf.flags & 7);
	k->attr = k->frame ? name_attrs_get(s->attrs, f.name) : NULL;
	if (k->frame && !k->attr)
		k->attr = name_attrs_get(s->attrs, k->label);
	k->plain = esc_xml_text_plain(k->label.p, k->label.n);
	pf.name = k->label;
	if (!k->frame)
		rgb = (struct pd_rgb){ 0xd8, 0xd8, 0xd8 }; /* the root box */
	else if (!c->map || !palette_map_get(c->map, f.name, &rgb))
		rgb = palette_color(c->palette, c->mode, &pf, &c->random);
	if (k->frame && c->map && !palette_map_add(c->map, f.name, rgb))
		return false;
	put_fill(rgb, k->fill);
	k->white = pd_rgb_white_text(rgb);
	return true;
}

/* Frame and flags of nodes → kind. */
struct numbering {
	uint32_t *kind_of; /* frame * 8 + flags, UINT32_MAX not yet */
	PD_VEC(struct svg_kind) kind;
	struct coloring *color;
};

/* Numbers the pairs of frame and flags of all nodes that weigh `least` or more, in their order, and colours them. */
static uint32_t *number_kinds(struct svg_scene *s, struct numbering *k, const struct pd_calltree_nodes *n, int64_t least)
{
	uint32_t *kind_at = malloc(n->n * sizeof *kind_at);
	bool ok = kind_at != NULL;

	for (uint32_t i = 0; ok && i < n->n; i++) {
		uint32_t *at = &k->kind_of[(size_t)n->frame[i] * 8 + (n->flags[i] & 7)];

		if (i && n->weight[i] < least) {
			i = n->end[i] - 1;
			continue;
		}
		if (*at == UINT32_MAX) {
			*at = (uint32_t)k->kind.n;
			ok = pd_vec_push(&k->kind, ((struct svg_kind){ .frame = n->frame[i], .flags = n->flags[i] & 7 })) &&
			     color_kind(s, &k->kind.v[*at], k->color);
		}
		kind_at[i] = *at;
	}
	if (!ok) {
		free(kind_at);
		return NULL;
	}
	return kind_at;
}

/* Kinds of everything that gets into the file. Both trees number their frames alike. */
static bool make_kinds(struct svg_scene *s, struct coloring *c)
{
	const struct pd_calltree_nodes *data = pd_calltree_nodes(s->data);
	size_t pairs = ((size_t)s->n->n_frames + 1) * 8;
	struct numbering k = { .kind_of = malloc(pairs * sizeof *k.kind_of), .color = c };

	if (!k.kind_of)
		return false;
	memset(k.kind_of, 0xff, pairs * sizeof *k.kind_of);
	if (s->data == s->tree) {
		s->kind_at = s->data_kind_at = number_kinds(s, &k, s->n, s->min_weight < s->data_weight ? s->min_weight : s->data_weight);
	} else {
		s->kind_at = number_kinds(s, &k, s->n, s->min_weight);
		s->data_kind_at = s->kind_at ? number_kinds(s, &k, data, s->data_weight) : NULL;
	}
	s->kind = k.kind.v;
	s->n_kinds = (uint32_t)k.kind.n;
	free(k.kind_of);
	return s->kind_at && s->data_kind_at;
}

static enum pd_status colors(struct svg_scene *s, struct pd_error *err)
{
	struct coloring c = { .palette = s->o->colors ? palette_named(s->o->colors) : 0, .random = 1,
			      .mode = s->o->hash ? PALETTE_BY_HASH : s->o->random ? PALETTE_BY_RANDOM : PALETTE_BY_NAME };
	enum pd_status status = PD_OK;

	if (c.palette < 0)
		return pd_error_set(err, PD_ERR_USAGE, "unknown palette '%s'", s->o->colors);
	if (s->o->cp) {
		c.map = palette_map_new();
		status = c.map ? cp_read(c.map, s->o->cp, err) : pd_error_set(err, PD_ERR_NOMEM, "out of memory");
	}
	if (status <= PD_WARN && !make_kinds(s, &c))
		status = pd_error_set(err, PD_ERR_NOMEM, "out of memory while colouring %u frames", s->n->n_frames);
	if (status <= PD_WARN && c.map)
		status = cp_write(c.map, s->o->cp, err);
	palette_map_free(c.map);
	return status <= PD_WARN ? PD_OK : status;
}

/* ---- differences: orange for more, blue for less, grey for none ---- */

static uint8_t mix(uint8_t far, double t) { return (uint8_t)lround(235 + (far - 235) * t); }

bool svg_fill(const struct svg_scene *s, uint32_t node, char *fill)
{
	int64_t v = s->n->total[node];
	const struct svg_kind *k = svg_kind_at(s, node);
	struct pd_rgb more = { 240, 125, 30 }, less = { 70, 140, 240 }, far, c;
	double t;

	if (s->diff && node) {
		c = svg_diff_rgb(s, node);
		put_fill(c, fill);
		return pd_rgb_white_text(c);
	}
	if (s->states && node && (s->states->rgb[node].r | s->states->rgb[node].g | s->states->rgb[node].b)) {
		put_fill(s->states->rgb[node], fill);
		return pd_rgb_white_text(s->states->rgb[node]);
	}
	if (!s->n->negative || !node) {
		memcpy(fill, k->fill, 8);
		return k->white;
	}
	far = (v > 0) != s->o->negate ? more : less;
	t = s->max_change && v ? 0.15 + 0.85 * fabs((double)v) / (double)s->max_change : 0;
	if (t > 1)
		t = 1;
	c = (struct pd_rgb){ mix(far.r, t), mix(far.g, t), mix(far.b, t) };
	put_fill(c, fill);
	return pd_rgb_white_text(c);
}

/* ---- places ---- */

/* Weight left of every node: siblings side by side from the left edge of their parent. */
static bool places(struct svg_scene *s)
{
	int64_t *next = malloc(s->n->n * sizeof *next);

	s->start = malloc(s->n->n * sizeof *s->start);
	if (!next || !s->start) {
		free(next);
		return false;
	}
	s->start[0] = next[0] = 0;
	for (uint32_t i = 1; i < s->n->n; i++) {
		uint32_t p = s->n->parent[i];

		s->start[i] = next[i] = next[p];
		next[p] += s->n->weight[i];
		if (llabs(s->n->total[i]) > s->max_change)
			s->max_change = llabs(s->n->total[i]);
	}
	free(next);
	return true;
}

/* Pixels of --minwidth: "0.1", "2px" or "0.5%" of the width. */
static enum pd_status min_width(struct svg_scene *s, struct pd_error *err)
{
	const char *text = s->o->minwidth ? s->o->minwidth : "0.1", *at = text;
	double v = 0, place = 1;

	for (; *at >= '0' && *at <= '9'; at++)
		v = v * 10 + (*at - '0');
	if (*at == '.')
		for (at++; *at >= '0' && *at <= '9'; at++)
			v += (*at - '0') * (place /= 10);
	if (at != text && !strcmp(at, "%"))
		s->min_width = v / 100 * (s->width - 2 * SVG_MARGIN);
	else if (at != text && (!*at || !strcmp(at, "px")))
		s->min_width = v;
	else
		return pd_error_set(err, PD_ERR_USAGE, "minwidth '%s' is neither pixels nor a percentage (examples: 0.1, 0.5%%)", text);
	if (!(v >= 0 && v <= 1e6))
		return pd_error_set(err, PD_ERR_USAGE, "minwidth '%s' is out of range (0 to 1000000)", text);
	return PD_OK;
}

static void choose_boxes(struct svg_scene *s)
{
	const struct pd_calltree_nodes *n = s->n;
	double smallest = ceil(s->min_width / (s->width - 2 * SVG_MARGIN) * s->whole);
	int64_t at_least = smallest < 1 ? 1 : smallest < 9e18 ? (int64_t)smallest : INT64_MAX;

	s->min_weight = weight_for(n, at_least, s->page ? PAGE_STATIC : s->o->minwidth ? SVG_LIMIT : SVG_STATIC);
	s->data_weight = weight_for(s->diff ? s->n : pd_calltree_nodes(s->data), 0, s->page ? PAGE_LIMIT : SVG_LIMIT);
	s->title_weight = weight_for(n, s->min_weight, SVG_TITLES);
	for (uint32_t i = 0; i < n->n; i = svg_next_drawn(s, i)) { /* what is narrower has nothing wider below */
		s->drawn++;
		if (n->depth[i] > s->max_depth)
			s->max_depth = n->depth[i];
	}
	for (uint32_t i = 0; i < n->n; i++) /* boxes of other sample types only are none of this picture */
		s->hidden += n->weight[i] > 0;
	s->hidden -= s->drawn;
}

static enum pd_status hundred(struct svg_scene *s, struct pd_error *err)
{
	enum pd_status status = PD_OK;
	int64_t base = 0;
	pd_str key;

	s->hundred = s->whole;
	if (s->diff || s->o->total > 0 || !pd_doc_find_string(s->doc, PD_BASE_LABEL, strlen(PD_BASE_LABEL), &key))
		return PD_OK;
	status = pd_report_total(s->doc, s->sample_type, false, &base, err);
	if (status == PD_OK && base > 0)
		s->hundred = (double)base;
	return status;
}

enum pd_status svg_scene_init(struct svg_scene *s, struct pd_error *err)
{
	const struct svg_opts *o = s->o;
	enum pd_status status;
	double sum;

	s->n = s->diff ? &s->nodes : pd_calltree_nodes(s->tree);
	sum = (double)s->n->weight[0];
	s->whole = o->total > 0 && (double)o->total > sum ? (double)o->total : sum;
	status = hundred(s, err);
	if (status != PD_OK)
		return status;
	s->width = o->width ? (double)o->width : SVG_WIDTH;
	s->char_width = o->fontsize * 0.6;
	status = min_width(s, err);
	if (status != PD_OK)
		return status;
	choose_boxes(s);
	if ((status = read_attrs(s, err)) != PD_OK || (status = colors(s, err)) != PD_OK)
		return status;
	if (!places(s))
		return pd_error_set(err, PD_ERR_NOMEM, "out of memory while placing %u boxes", s->n->n);
	s->top = (o->subtitle && *o->subtitle ? 46 : 28) + 34;
	s->rows_height = (double)(s->max_depth + 1) * (double)o->height;
	return PD_OK;
}

void svg_scene_release(struct svg_scene *s)
{
	free(s->kind);
	name_attrs_free(s->attrs);
	s->attrs = NULL;
	if (s->data_kind_at != s->kind_at)
		free(s->data_kind_at);
	free(s->kind_at);
	free(s->start);
	s->kind = NULL;
	s->kind_at = s->data_kind_at = NULL;
	s->start = NULL;
}
