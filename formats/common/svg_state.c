/*
 * Colours by what threads were doing: the text label "state" of samples, and
 * "reason" of those that waited. On the CPU is hot, waiting is cold with a hue
 * per reason, wanting to run is neither. A box of several states is a mixture.
 */
#include "base/span.h"
#include "common/escape.h"
#include "common/json_write.h"
#include "common/svg.h"
#include "model/calltree.h"

#include <math.h>

#define MOST_REASONS 64 /* told apart at all */
#define OWN_HUES (SVG_STATES - 3)

enum { ON, RUNNABLE, FIRST_REASON };

/* CIE76 distances of 22 and more between on, runnable and off, 16 between reasons, also for people who see no red, no green or no blue. */
static const struct pd_rgb hues[SVG_STATES] = {
	{ 0xf2, 0x8c, 0x3c }, { 0xe8, 0xe0, 0xc4 }, { 0x9f, 0xc3, 0xf0 }, { 0x26, 0x91, 0x78 }, { 0x9d, 0x91, 0xff },
	{ 0x68, 0xfe, 0xff }, { 0x27, 0x7d, 0xff }, { 0xae, 0x64, 0xc3 }, { 0x8d, 0x84, 0xab },
};

struct pd_rgb svg_state_hue(unsigned state) { return hues[state < SVG_STATES ? state : SVG_STATES - 1]; }

struct reason {
	struct pd_span name;
	double weight;
};

struct finder {
	const struct pd_doc *doc;
	struct svg_states *st;
	double *weight;   /* per label set */
	uint8_t *reason;  /* per label set that waited: place in list */
	bool *used;       /* per label set */
	struct reason list[MOST_REASONS];
	size_t n;
};

static bool one_of(struct pd_span s, const char *const *words)
{
	for (; *words; words++)
		if (span_is(s, *words))
			return true;
	return false;
}

/* ON, RUNNABLE, or FIRST_REASON for everything else that is a state. */
static unsigned class_of(struct pd_span word)
{
	static const char *const on[] = { "on", "on_cpu", "on-cpu", "oncpu", "running", "executing", "cpu", NULL };
	static const char *const runnable[] = { "runnable", "preempted", "ready", "R", NULL };

	return one_of(word, on) ? ON : one_of(word, runnable) ? RUNNABLE : FIRST_REASON;
}

/* Words that say no more than that it waited. */
static bool is_plain(struct pd_span word)
{
	static const char *const plain[] = { "", "off", "off_cpu", "off-cpu", "offcpu", "blocked", "waiting", NULL };

	return one_of(word, plain);
}

static size_t reason_at(struct finder *f, struct pd_span name)
{
	for (size_t i = 0; i < f->n; i++)
		if (span_eq(f->list[i].name, name))
			return i;
	if (f->n == MOST_REASONS)
		return f->n - 1;
	f->list[f->n].name = name;
	return f->n++;
}

/* Label sets that no sample has, of whatever series, are not there for who reads the picture. */
static void mark_used(struct finder *f)
{
	struct pd_rows r;

	for (unsigned series = 0; series < pd_doc_series(f->doc); series++)
		for (uint64_t at = 0; pd_series_rows(f->doc, series, at, &r); at += r.n)
			for (size_t i = 0; i < r.n; i++)
				f->used[r.labels[i].v] = true;
}

/* States of label sets; of those that waited the place of their reason. */
static void read_sets(struct finder *f)
{
	uint32_t n = pd_doc_label_sets(f->doc);

	for (uint32_t i = 0; i <= n; i++) {
		struct pd_span state = { NULL, 0 }, reason = { "", 0 };
		const struct pd_label *l;
		size_t labels = f->used[i] ? pd_doc_labels(f->doc, (pd_labels){ i }, &l) : 0;

		for (size_t k = 0; k < labels; k++) {
			struct pd_span key = pd_doc_string(f->doc, l[k].key);

			if (l[k].kind == PD_LABEL_STR && span_is(key, "state"))
				state = pd_doc_string(f->doc, l[k].str);
			else if (l[k].kind == PD_LABEL_STR && span_is(key, "reason"))
				reason = pd_doc_string(f->doc, l[k].str);
		}
		f->st->of_set[i] = state.p ? (uint8_t)class_of(state) : SVG_NO_STATE;
		if (state.p && f->st->of_set[i] == FIRST_REASON)
			f->reason[i] = (uint8_t)reason_at(f, reason.n ? reason : is_plain(state) ? (struct pd_span){ "", 0 } : state);
	}
}

/* Weights of label sets in the sample type of the picture; has every sample of it a state? */
static bool weigh(const struct svg_scene *s, struct finder *f)
{
	struct pd_sample_type type;
	struct pd_rows r;
	bool all = true, any = false;

	pd_doc_sample_type(f->doc, s->sample_type, &type);
	for (uint64_t at = 0; pd_series_rows(f->doc, type.series, at, &r); at += r.n)
		for (size_t i = 0; i < r.n; i++) {
			double v = fabs((double)r.value[type.column][i]);

			f->weight[r.labels[i].v] += v;
			all &= !(v > 0) || f->st->of_set[r.labels[i].v] != SVG_NO_STATE;
			any |= v > 0;
		}
	return all && any;
}

static int heavier(const void *pa, const void *pb)
{
	const struct reason *a = pa, *b = pb;
	size_t n = a->name.n < b->name.n ? a->name.n : b->name.n;
	int c;

	if (a->weight > b->weight || a->weight < b->weight)
		return a->weight > b->weight ? -1 : 1;
	c = n ? memcmp(a->name.p, b->name.p, n) : 0;
	return c ? c : a->name.n < b->name.n ? -1 : a->name.n > b->name.n;
}

/* The weightiest reasons get a hue of their own, the others share one. */
static void number_reasons(struct finder *f)
{
	struct svg_states *st = f->st;
	struct reason sorted[MOST_REASONS];

	for (uint32_t i = 0; i <= pd_doc_label_sets(f->doc); i++)
		if (st->of_set[i] == FIRST_REASON)
			f->list[f->reason[i]].weight += f->weight[i];
	memcpy(sorted, f->list, f->n * sizeof *sorted);
	qsort(sorted, f->n, sizeof *sorted, heavier);
	st->n = FIRST_REASON + (unsigned)(f->n < OWN_HUES ? f->n : OWN_HUES);
	for (unsigned k = 0; k + FIRST_REASON < st->n; k++)
		st->reason[k + FIRST_REASON] = sorted[k].name;
	st->others = f->n > OWN_HUES;
	st->n += st->others;
	for (uint32_t i = 0; i <= pd_doc_label_sets(f->doc); i++) {
		unsigned k = FIRST_REASON;

		if (st->of_set[i] != FIRST_REASON)
			continue;
		while (k < st->n - st->others && !span_eq(st->reason[k], f->list[f->reason[i]].name))
			k++;
		st->of_set[i] = (uint8_t)k;
	}
	for (uint32_t i = 0; i <= pd_doc_label_sets(f->doc); i++)
		if (st->of_set[i] != SVG_NO_STATE && f->weight[i] > 0)
			st->occurs[st->of_set[i]] = true;
}

/* ---- boxes ---- */

struct mixture {
	double r, g, b, weight;
};

static uint32_t node_of(const struct svg_scene *s, const struct pd_rows *r, uint64_t at, size_t i)
{
	return s->o->flamechart ? pd_calltree_node_of_row(s->tree, at + i) : pd_calltree_node(s->tree, r->labels[i], r->stack[i]);
}

/* Every box in the mean colour of its samples. False when out of memory. */
static bool mix_nodes(const struct svg_scene *s, struct svg_states *st)
{
	const struct pd_calltree_nodes *n = pd_calltree_nodes(s->tree);
	struct mixture *m = calloc(n->n, sizeof *m);
	struct pd_sample_type type;
	struct pd_rows r;

	st->rgb = calloc(n->n, sizeof *st->rgb);
	if (!m || !st->rgb) {
		free(m);
		return false;
	}
	pd_doc_sample_type(s->doc, s->sample_type, &type);
	for (uint64_t at = 0; pd_series_rows(s->doc, type.series, at, &r); at += r.n)
		for (size_t i = 0; i < r.n; i++) {
			struct mixture *to = &m[node_of(s, &r, at, i)];
			double v = fabs((double)r.value[type.column][i]);
			unsigned state = st->of_set[r.labels[i].v];
			struct pd_rgb c = svg_state_hue(state);

			if (state == SVG_NO_STATE)
				continue;
			to->r += v * c.r;
			to->g += v * c.g;
			to->b += v * c.b;
			to->weight += v;
		}
	for (uint32_t i = n->n; i-- > 0;) {
		struct mixture *up = &m[i ? n->parent[i] : 0];

		if (i && m[i].weight > 0)
			*up = (struct mixture){ up->r + m[i].r, up->g + m[i].g, up->b + m[i].b, up->weight + m[i].weight };
		if (m[i].weight > 0)
			st->rgb[i] = (struct pd_rgb){ (uint8_t)lround(m[i].r / m[i].weight), (uint8_t)lround(m[i].g / m[i].weight), (uint8_t)lround(m[i].b / m[i].weight) };
	}
	free(m);
	return true;
}

static enum pd_status no_states(const struct svg_scene *s, bool wanted, struct pd_error *err)
{
	(void)s;
	if (!wanted)
		return PD_OK;
	pd_error_set(err, PD_ERR_UNSUPPORTED, "colours by state need samples with the text label 'state', these have none");
	pd_error_hint(err, "profdata wall makes such profiles");
	return PD_ERR_UNSUPPORTED;
}

enum pd_status svg_states_init(struct svg_scene *s, struct svg_states *st, struct pd_error *err)
{
	bool wanted = s->o->colors && !strcmp(s->o->colors, "state"), any = false, all, ok = true;
	uint32_t n = pd_doc_label_sets(s->doc);
	struct finder f = { .doc = s->doc, .st = st };

	if (s->diff || (!wanted && (s->o->colors || s->o->hash || s->o->random || s->o->cp)) || !n)
		return no_states(s, wanted, err);
	st->of_set = calloc((size_t)n + 1, 1);
	f.weight = calloc((size_t)n + 1, sizeof *f.weight);
	f.reason = calloc((size_t)n + 1, 1);
	f.used = calloc((size_t)n + 1, sizeof *f.used);
	if (!st->of_set || !f.weight || !f.reason || !f.used) {
		ok = false;
	} else {
		mark_used(&f);
		read_sets(&f);
		all = weigh(s, &f);
		for (uint32_t i = 0; i <= n; i++)
			any |= st->of_set[i] != SVG_NO_STATE;
		st->on = wanted ? any : all;
		if (st->on) {
			number_reasons(&f);
			ok = mix_nodes(s, st);
		}
	}
	free(f.weight);
	free(f.reason);
	free(f.used);
	if (!ok)
		return pd_error_set(err, PD_ERR_NOMEM, "out of memory while colouring by state");
	if (!st->on)
		return no_states(s, wanted, err);
	s->states = st;
	return PD_OK;
}

void svg_states_release(struct svg_states *st)
{
	free(st->of_set);
	free(st->rgb);
}

/* ---- words ---- */

size_t svg_state_words(const struct svg_states *st, unsigned state, char *buf, size_t n)
{
	bool all;
	struct pd_span reason = state >= FIRST_REASON ? st->reason[state] : (struct pd_span){ "", 0 };
	int len;

	if (state == ON || state == RUNNABLE)
		len = snprintf(buf, n, "%s", state == ON ? "on CPU" : "runnable");
	else if (st->others && state == st->n - 1)
		len = snprintf(buf, n, "off CPU: other reasons");
	else
		len = snprintf(buf, n, "off CPU%s%.*s", reason.n ? ": " : "", reason.n ? (int)svg_prefix(reason, 40, &all) : 0, reason.n ? reason.p : "");
	return len < 0 ? 0 : (size_t)len < n ? (size_t)len : n - 1;
}

void svg_state_legend(const struct svg_scene *s, struct pd_out *out)
{
	double x = SVG_MARGIN;
	unsigned row = 0;
	char text[256];

	pd_out_puts(out, "<g class=\"legend\" font-size=\"10\">\n");
	for (unsigned i = 0; i < s->states->n && x < s->width - 250; i++) { /* beside the heading, in two rows */
		struct pd_rgb c = svg_state_hue(i);
		size_t n = svg_state_words(s->states, i, text, sizeof text);
		int y = 4 + (int)row * 13;

		if (!s->states->occurs[i])
			continue;
		pd_out_printf(out, "<rect class=\"f\" x=\"%.0f\" y=\"%d\" width=\"12\" height=\"10\" style=\"fill:#%02x%02x%02x\"/>\n<text class=\"m\" x=\"%.0f\" y=\"%d\">", x, y, c.r, c.g, c.b, x + 15, y + 9);
		n = n > 24 ? svg_prefix((struct pd_span){ text, n }, 24, &(bool){ false }) : n;
		esc_xml_text(out, text, n);
		pd_out_puts(out, "</text>\n");
		x += row ? 150 : 0;
		row = !row;
	}
	pd_out_puts(out, "</g>\n");
}

void svg_state_data(const struct svg_scene *s, struct pd_out *out, const uint32_t *set, uint32_t n_sets)
{
	char text[256];

	pd_out_puts(out, ",\n\"states\":{\"name\":[");
	for (unsigned i = 0; i < s->states->n; i++) {
		pd_out_puts(out, i ? ",\"" : "\"");
		esc_js_in_script(out, text, svg_state_words(s->states, i, text, sizeof text));
		pd_out_puts(out, "\"");
	}
	pd_out_puts(out, "],\"color\":[");
	for (unsigned i = 0; i < s->states->n; i++) {
		struct pd_rgb c = svg_state_hue(i);

		pd_out_printf(out, "%s\"#%02x%02x%02x\"", i ? "," : "", c.r, c.g, c.b);
	}
	pd_out_puts(out, "],\"set\":[");
	for (uint32_t i = 0; i < n_sets; i++) {
		unsigned state = s->states->of_set[set[i]];

		pd_out_printf(out, "%s%d", i ? "," : "", state == SVG_NO_STATE ? -1 : (int)state);
	}
	pd_out_puts(out, "]}");
}
