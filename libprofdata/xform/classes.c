/* Classes of functions, read from a text, and whose share of the samples they have. */
#include "base/arena.h"
#include "base/error.h"
#include "base/span.h"
#include "base/vec.h"

#include "class_patterns.h"

#include <math.h>
#include <profdata/quality.h>
#include <stdlib.h>

struct pattern {
	struct pd_span text;
	bool module, kernel;
};

struct class {
	const char *name;
	bool tax, anywhere;
	PD_VEC(struct pattern) pattern;
};

#define MOST_CLASSES 250 /* numbers fit into a byte, 0 and 255 kept free */

struct pd_classes {
	struct pd_arena arena;
	PD_VEC(struct class) v;
	size_t front; /* where the next new class goes: added ones come first */
};

/* ---- reading ---- */

static struct class *class_named(struct pd_classes *c, struct pd_span name)
{
	for (size_t i = 0; i < c->v.n; i++)
		if (span_is(name, c->v.v[i].name))
			return &c->v.v[i];
	return NULL;
}

static struct class *new_class(struct pd_classes *c, struct pd_span name)
{
	struct class k = { .name = pd_arena_text(&c->arena, name.p, name.n) };

	if (!k.name || !pd_vec_push(&c->v, k))
		return NULL;
	for (size_t i = c->v.n - 1; i > c->front; i--) {
		c->v.v[i] = c->v.v[i - 1];
		c->v.v[i - 1] = k;
	}
	return &c->v.v[c->front++];
}

/* "[NAME] tax anywhere" */
static const char *head(struct pd_classes *c, struct pd_span line, struct class **into)
{
	const char *end = span_find(line, ']');
	struct pd_span name = end ? span_trim(span_between(line.p + 1, end)) : SPAN(""), rest = end ? span_between(end + 1, line.p + line.n) : SPAN(""), word;

	if (!name.n || name.n > 100)
		return "expected [NAME]";
	*into = class_named(c, name);
	if (!*into && c->v.n == MOST_CLASSES)
		return "too many classes";
	if (!*into)
		*into = new_class(c, name);
	if (!*into)
		return "";
	while (span_word(&rest, &word))
		if (span_is(word, "tax"))
			(*into)->tax = true;
		else if (span_is(word, "anywhere"))
			(*into)->anywhere = true;
		else
			return "expected 'tax' or 'anywhere' behind the name";
	return NULL;
}

static const char *add_pattern(struct pd_classes *c, struct class *k, struct pd_span line)
{
	struct pattern p = { .kernel = span_is(line, "kernel") };
	const char *kept;

	if (!k)
		return "a pattern before the first [NAME]";
	p.module = span_eat(&line, "module:");
	if (!line.n || line.n > 1000)
		return "expected a pattern";
	kept = pd_arena_text(&c->arena, line.p, line.n);
	p.text = (struct pd_span){ kept, line.n };
	return kept && pd_vec_push(&k->pattern, p) ? NULL : "";
}

enum pd_status pd_classes_add(struct pd_classes *c, const char *name, const char *text, size_t n, struct pd_error *err)
{
	struct pd_span rest = { text, n }, line;
	struct class *k = NULL;
	uint64_t number = 0;

	c->front = 0;
	while (rest.n) {
		const char *hash, *bad, *end = span_find(rest, '\n');
		struct class *next = k;

		line = end ? span_between(rest.p, end) : rest;
		rest = span_skip(rest, line.n + 1);
		number++;
		hash = span_find(line, '#');
		line = span_trim(hash ? span_between(line.p, hash) : line);
		if (!line.n)
			continue;
		bad = line.p[0] == '[' ? head(c, line, &next) : add_pattern(c, k, line);
		k = next;
		if (bad && !bad[0])
			return pd_error_nomem(err);
		if (bad) {
			pd_error_set(err, PD_ERR_DATA, "%s", bad);
			pd_error_path(err, name);
			if (err)
				err->line = number;
			return PD_ERR_DATA;
		}
	}
	return PD_OK;
}

struct pd_classes *pd_classes_new(struct pd_error *err)
{
	struct pd_classes *c = calloc(1, sizeof(*c));

	if (!c) {
		pd_error_nomem(err);
	} else if (pd_classes_add(c, "classes.txt", class_patterns, sizeof(class_patterns), err) != PD_OK) {
		pd_classes_free(c);
		c = NULL;
	}
	return c;
}

void pd_classes_free(struct pd_classes *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->v.n; i++)
		pd_vec_release(&c->v.v[i].pattern);
	pd_vec_release(&c->v);
	pd_arena_release(&c->arena);
	free(c);
}

/* ---- matching ---- */

/* * stands for any text; the last one that was passed is where to go on after a mismatch. */
static bool matches(struct pd_span pattern, struct pd_span s)
{
	size_t p = 0, i = 0, star = SIZE_MAX, from = 0;

	while (i < s.n) {
		if (p < pattern.n && pattern.p[p] == '*') {
			star = ++p;
			from = i;
		} else if (p < pattern.n && pattern.p[p] == s.p[i]) {
			p++;
			i++;
		} else if (star != SIZE_MAX) {
			p = star;
			i = ++from;
		} else {
			return false;
		}
	}
	while (p < pattern.n && pattern.p[p] == '*')
		p++;
	return p == pattern.n;
}

/* Number of a class + 1, 0 none: the first that has a pattern for it. `name` empty: patterns of modules and the kernel. */
static uint8_t class_of(const struct pd_classes *c, struct pd_span name, struct pd_span module, bool kernel)
{
	for (size_t i = 0; i < c->v.n; i++)
		for (size_t k = 0; k < c->v.v[i].pattern.n; k++) {
			const struct pattern *p = &c->v.v[i].pattern.v[k];

			if (p->kernel ? kernel : p->module ? module.n && matches(p->text, module) : name.n && matches(p->text, name))
				return (uint8_t)(i + 1);
		}
	return 0;
}

static struct pd_span base_name(struct pd_span s)
{
	for (size_t i = s.n; i-- > 0;)
		if (s.p[i] == '/')
			return span_skip(s, i + 1);
	return s;
}

/* Class of a function by name, worked out once. */
static uint8_t *all_funcs(const struct pd_doc *doc, const struct pd_classes *c)
{
	uint32_t n = pd_doc_funcs(doc);
	uint8_t *class = calloc((size_t)n + 1, 1);

	for (uint32_t f = 1; class && f <= n; f++) {
		struct pd_func_desc d;

		pd_doc_func(doc, (pd_func){ f }, &d);
		class[f] = class_of(c, pd_doc_string(doc, d.name.v ? d.name : d.system_name), SPAN(""), false);
	}
	return class;
}

/* Innermost line first; what the function has not decided the module does. */
static uint8_t *all_frames(const struct pd_doc *doc, const struct pd_classes *c, const uint8_t *func)
{
	uint32_t n = pd_doc_frames(doc);
	uint8_t *class = calloc((size_t)n + 1, 1);

	for (uint32_t f = 1; class && f <= n; f++) {
		struct pd_frame_desc d;
		struct pd_mapping_desc m = { 0 };

		pd_doc_frame(doc, (pd_frame){ f }, &d);
		for (uint32_t i = 0; i < d.n_lines && !class[f]; i++)
			class[f] = func[d.lines[i].func.v];
		if (class[f])
			continue;
		if (d.mapping.v)
			pd_doc_mapping(doc, d.mapping, &m);
		class[f] = class_of(c, SPAN(""), base_name(pd_doc_string(doc, m.file)), d.flags & PD_FRAME_KERNEL);
	}
	return class;
}

/* Class of a stack: that of the frame nearest to the leaf, unless one that counts anywhere is among them. */
static uint8_t *all_stacks(const struct pd_doc *doc, const struct pd_classes *c, const uint8_t *frame)
{
	uint32_t n = pd_doc_stack_nodes(doc);
	uint8_t *class = calloc((size_t)n + 1, 1);

	for (uint32_t s = 1; class && s <= n; s++) {
		const pd_frame *run;
		uint32_t m = pd_doc_stack_run(doc, (pd_stack){ s }, &run);

		class[s] = class[pd_doc_stack_parent(doc, (pd_stack){ s }).v];
		for (uint32_t i = 0; i < m; i++) {
			uint8_t k = frame[run[i].v];

			if (k && !(class[s] && c->v.v[class[s] - 1].anywhere))
				class[s] = k;
		}
	}
	return class;
}

/* ---- shares ---- */

struct pd_shares_of {
	struct pd_class_share *row; /* classes, then "application" */
	size_t n;
	struct pd_class_share tax;
	int64_t total;
};

/* Rows of a class whose values say how much one sample weighs. */
struct weight {
	struct pd_sum w, squares;
};

static bool add_value(int64_t *sum, int64_t v) { return !__builtin_add_overflow(*sum, v, sum); }

static bool count_rows(const struct pd_doc *doc, const struct pd_sample_type *type, const uint8_t *stack, struct pd_shares_of *s, struct weight *all)
{
	struct pd_rows r;
	size_t n;
	int count = -1;

	for (unsigned i = 0; i < pd_series_values(doc, type->series); i++) {
		struct pd_value_type t;

		pd_series_value_type(doc, type->series, i, &t);
		if (span_is(pd_doc_string(doc, t.unit), "count") && span_is(pd_doc_string(doc, t.type), "samples"))
			count = (int)i;
	}
	for (uint64_t at = 0; (n = pd_series_rows(doc, type->series, at, &r)); at += n)
		for (size_t i = 0; i < n; i++) {
			uint8_t k = stack[r.stack[i].v];
			struct pd_class_share *row = &s->row[k ? k - 1u : s->n - 1];
			int64_t v = r.value[type->column][i], times = count >= 0 ? r.value[count][i] : 1;

			if (v <= 0 || times <= 0)
				continue; /* differences have no shares */
			row->samples += (uint64_t)times;
			if (!add_value(&row->value, v) || !add_value(&s->total, v))
				return false;
			pd_sum_add(&all->w, (double)v);
			pd_sum_add(&all->squares, (double)v * (double)v / (double)times);
		}
	return true;
}

static void finish(struct pd_class_share *row, int64_t total, double n_eff)
{
	row->share = total ? (double)row->value / (double)total : (double)NAN;
	row->ci = (struct pd_interval){ (double)NAN, (double)NAN };
	if (total && n_eff >= 1)
		pd_stat_wilson(row->share * n_eff, n_eff, 0.95, &row->ci);
}

static enum pd_status fill(struct pd_shares_of *s, const struct pd_doc *doc, const struct pd_sample_type *type, const struct pd_classes *c, const uint8_t *stack,
			   struct pd_error *err)
{
	struct weight all = { .w = { 0, 0 } };
	double n_eff;

	for (size_t i = 0; i < c->v.n; i++)
		s->row[i] = (struct pd_class_share){ .name = c->v.v[i].name, .tax = c->v.v[i].tax };
	s->row[c->v.n] = (struct pd_class_share){ .name = "application" };
	s->tax = (struct pd_class_share){ .name = "tax", .tax = true };
	if (!count_rows(doc, type, stack, s, &all))
		return pd_error_set(err, PD_ERR_LIMIT, "the sum of the values does not fit into 64 bits");
	n_eff = pd_sum_value(&all.w) * pd_sum_value(&all.w) / pd_sum_value(&all.squares);
	for (size_t i = 0; i < s->n; i++) {
		finish(&s->row[i], s->total, n_eff);
		s->tax.samples += s->row[i].tax ? s->row[i].samples : 0;
		s->tax.value += s->row[i].tax ? s->row[i].value : 0; /* not above the total */
	}
	finish(&s->tax, s->total, n_eff);
	return PD_OK;
}

struct pd_shares_of *pd_shares_of_new(const struct pd_doc *doc, unsigned sample_type, const struct pd_classes *c, struct pd_error *err)
{
	struct pd_shares_of *s = calloc(1, sizeof(*s));
	uint8_t *func = all_funcs(doc, c), *frame = func ? all_frames(doc, c, func) : NULL, *stack = frame ? all_stacks(doc, c, frame) : NULL;
	struct pd_sample_type type;
	enum pd_status st;

	if (s) {
		s->n = c->v.n + 1;
		s->row = calloc(s->n, sizeof(*s->row));
	}
	if (!s || !s->row || !stack) {
		st = pd_error_nomem(err);
	} else if (sample_type >= pd_doc_sample_types(doc)) {
		st = pd_error_set(err, PD_ERR_USAGE, "no such sample type");
	} else {
		pd_doc_sample_type(doc, sample_type, &type);
		st = fill(s, doc, &type, c, stack, err);
	}
	free(func);
	free(frame);
	free(stack);
	if (st == PD_OK)
		return s;
	pd_shares_of_free(s);
	return NULL;
}

void pd_shares_of_free(struct pd_shares_of *s)
{
	if (!s)
		return;
	free(s->row);
	free(s);
}

const struct pd_class_share *pd_shares_of_row(const struct pd_shares_of *s, size_t i) { return i < s->n ? &s->row[i] : NULL; }
const struct pd_class_share *pd_shares_of_tax(const struct pd_shares_of *s) { return &s->tax; }
int64_t pd_shares_of_total(const struct pd_shares_of *s) { return s->total; }
