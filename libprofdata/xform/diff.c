/* Comparisons from the outside: options in, rows in order out. */
#include "xform/diff.h"
#include "base/error.h"
#include "base/hash.h"
#include <math.h>
#include <stdarg.h>

bool pd_diff_note(struct pd_diff *d, const char *fmt, ...)
{
	char text[512];
	const char *copy;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	copy = pd_arena_text(&d->text, text, strlen(text));
	return copy && pd_vec_push(&d->note, copy);
}

/* ---- rows ---- */

static bool is_found(const struct pd_diff *d, uint32_t f)
{
	return pd_diff_is_finding(&d->test[DIFF_SELF][f]) || d->partner[f] || d->role[f] != PD_DIFF_ROLE_NONE;
}

/* Does the cumulative value speak for the row? */
static bool by_total(const struct pd_diff *d, uint32_t f)
{
	const struct pd_diff_test *self = &d->test[DIFF_SELF][f], *total = &d->test[DIFF_TOTAL][f];

	if (pd_diff_is_finding(self) || self->klass == PD_DIFF_MOVED)
		return false;
	if (total->klass == PD_DIFF_MOVED || (pd_diff_is_finding(total) && d->role[f] == PD_DIFF_ORIGIN))
		return true;
	return total->klass == PD_DIFF_NEW || total->klass == PD_DIFF_GONE;
}

struct ranked {
	double change, value;
	uint32_t func;
	uint8_t group; /* findings, carriers, the rest */
};

struct ranking {
	const struct pd_diff *d;
	struct ranked *v;
};

static int by_rank(const void *pa, const void *pb, void *ctx)
{
	const struct ranked *a = pa, *b = pb;
	const struct pd_diff *d = ctx;
	const struct diff_key *x = &d->key.v[d->func.v[a->func].key], *y = &d->key.v[d->func.v[b->func].key];
	int c;

	if (a->group != b->group)
		return a->group < b->group ? -1 : 1;
	if (a->change != b->change)
		return a->change > b->change ? -1 : 1;
	if (a->value != b->value)
		return a->value > b->value ? -1 : 1;
	c = memcmp(x->name.n ? x->name.p : "", y->name.n ? y->name.p : "", x->name.n < y->name.n ? x->name.n : y->name.n);
	if (!c && x->name.n != y->name.n)
		c = x->name.n < y->name.n ? -1 : 1;
	if (!c)
		c = memcmp(x->file.n ? x->file.p : "", y->file.n ? y->file.p : "", x->file.n < y->file.n ? x->file.n : y->file.n);
	if (!c && x->file.n != y->file.n)
		c = x->file.n < y->file.n ? -1 : 1;
	return c ? c : a->func < b->func ? -1 : a->func > b->func;
}

static bool order_rows(struct pd_diff *d)
{
	struct ranked *r = malloc(d->func.n * sizeof *r);
	size_t n = 0;

	d->order = calloc(d->func.n, sizeof *d->order);
	d->place = calloc(d->func.n, sizeof *d->place);
	for (uint32_t f = 1; r && d->order && d->place && f < d->func.n; f++) {
		const struct pd_diff_test *self = &d->test[DIFF_SELF][f], *total = &d->test[DIFF_TOTAL][f];
		const struct pd_diff_test *t = by_total(d, f) ? total : self;

		if (!d->exact[0][DIFF_TOTAL][f] && !d->exact[1][DIFF_TOTAL][f])
			continue; /* no sample of the selection: a name in a table only */
		r[n] = (struct ranked){ .func = f, .value = fmax(self->before, self->after) + fmax(total->before, total->after) * 1e-9, .group = 2 };
		if (is_found(d, f)) {
			r[n].group = d->role[f] == PD_DIFF_CARRIER && !by_total(d, f) ? 1 : 0;
			r[n].change = fabs(r[n].group ? total->after - total->before : t->after - t->before);
		}
		n++;
	}
	if (r && n)
		qsort_r(r, n, sizeof *r, by_rank, d);
	for (size_t i = 0; r && d->order && d->place && i < n; i++) {
		d->order[i] = r[i].func;
		d->place[r[i].func] = (uint32_t)i;
	}
	d->n_rows = n;
	free(r);
	return r && d->order && d->place;
}

size_t pd_diff_rows(const struct pd_diff *d) { return d->n_rows; }

static struct pd_span display_name(const struct pd_diff *d, const struct diff_key *k)
{
	(void)d;
	return k->shown.n ? k->shown : k->name;
}

void pd_diff_row(const struct pd_diff *d, size_t i, struct pd_diff_row *out)
{
	uint32_t f = i < d->n_rows ? d->order[i] : 0;
	const struct diff_func *func = &d->func.v[f];
	const struct diff_key *k = &d->key.v[func->key];
	const struct pd_diff_test *t;

	*out = (struct pd_diff_row){ .function = k->name.n || k->file.n ? k->name : display_name(d, k), .file = k->file, .line = k->line, .name = display_name(d, k),
				     .self = d->test[DIFF_SELF][f], .total = d->test[DIFF_TOTAL][f], .by_total = by_total(d, f),
				     .role = (enum pd_diff_role)d->role[f], .rule = (enum pd_diff_rule)func->rule,
				     .partner = d->partner[f] ? d->place[d->partner[f]] : UINT32_MAX };
	if (func->was)
		out->was = display_name(d, &d->key.v[func->was]);
	for (int side = 0; side < 2; side++) {
		out->flat[side] = d->exact[side][DIFF_SELF][f];
		out->cum[side] = d->exact[side][DIFF_TOTAL][f];
	}
	t = out->by_total ? &out->total : &out->self;
	out->klass = t->klass;
}

/* ---- names to print ---- */

static bool name_keys(struct pd_diff *d)
{
	for (size_t i = 1; i < d->func.n; i++)
		for (int w = 0; w < 2; w++) {
			struct diff_key *k = &d->key.v[w ? d->func.v[i].was : d->func.v[i].key];
			struct pd_node_key key = { .name = k->name.n ? k->name.p : "", .file = k->file.n ? k->file.p : "", .object = k->object.n ? k->object.p : "",
						   .address = k->address, .line = k->line };
			const char *text;
			char buf[4096];
			size_t n;

			if ((w && !d->func.v[i].was) || (k->name.n && d->o.granularity == PD_BY_FUNCTIONS))
				continue;
			n = pd_node_name(&key, buf, sizeof buf, &text);
			n = n < sizeof buf || text != buf ? n : sizeof buf;
			k->shown = (struct pd_span){ pd_arena_text(&d->text, text, n), n };
			if (!k->shown.p)
				return false;
		}
	return true;
}

/* ---- how well names matched ---- */

static void count_matches(struct pd_diff *d)
{
	double all = d->whole[0].value + d->whole[1].value;

	for (size_t f = 1; f < d->func.n; f++) {
		const struct diff_func *func = &d->func.v[f];
		double v = d->side_sum[0][DIFF_SELF][f].value + d->side_sum[1][DIFF_SELF][f].value;

		if (func->sides == 3) {
			d->s.matched[func->rule]++;
			d->s.matched_share[func->rule] += all > 0 ? v / all : 0;
		} else if (d->exact[0][DIFF_TOTAL][f] || d->exact[1][DIFF_TOTAL][f]) {
			d->s.only[func->sides == 1 ? PD_BEFORE : PD_AFTER]++;
		}
	}
}

static void say_what_cannot_be_tested(struct pd_diff *d)
{
	double n0 = d->whole[0].samples, n1 = d->whole[1].samples;

	if (!d->s.testable)
		pd_diff_note(d, "the number of samples behind the values is not known: differences are shown, none is tested; compare several profiles per side, or columns that count");
	else if (n0 + n1 < PD_DIFF_MIN_SAMPLES)
		pd_diff_note(d, "%.0f sample%s before and %.0f after are too few to test anything", n0, round(n0) == 1 ? "" : "s", n1);
	else if (!d->s.replicates && !d->s.slices)
		pd_diff_note(d, "one profile per side: findings say that these recordings differ, not that the programs do; several profiles per side (before=F after=F) would");
	else if (d->s.slices)
		pd_diff_note(d, "variation within the recordings (%zu slices) stands for that between runs", d->s.n_slices);
}

/* ---- beginning and end ---- */

static bool add_units(struct pd_diff *d, const struct pd_diff_input *in, size_t n, unsigned side)
{
	for (size_t i = 0; i < n; i++) {
		struct diff_unit u = { .side = side, .ops = in[i].ops };

		if (!pd_vec_reserve(&d->unit, 1))
			return false;
		u.doc = pd_doc_ref(in[i].doc);
		u.whole = pd_doc_ref(in[i].whole ? in[i].whole : in[i].doc);
		d->unit.v[d->unit.n++] = u;
	}
	return true;
}

static void set_options(struct pd_diff *d, const struct pd_diff_opts *o)
{
	if (o)
		memcpy(&d->o, o, o->size && o->size < sizeof d->o ? o->size : sizeof d->o);
	d->o.alpha = d->o.alpha > 0 ? d->o.alpha : 0.05;
	d->o.confidence = d->o.confidence > 0 ? d->o.confidence : 0.95;
	d->o.min_share = d->o.min_share < 0 ? 0 : d->o.min_share > 0 ? d->o.min_share : 0.001;
	d->o.min_relative = d->o.min_relative < 0 ? 0 : d->o.min_relative > 0 ? d->o.min_relative : 0.01;
}

struct pd_diff *pd_diff_new(const struct pd_diff_input *before, size_t n_before, const struct pd_diff_input *after, size_t n_after,
			    const struct pd_diff_opts *opts, struct pd_error *err)
{
	struct pd_diff *d = calloc(1, sizeof *d);

	if (!d || !n_before || !n_after) {
		if (d)
			pd_error_set(err, PD_ERR_USAGE, "nothing to compare: a profile is needed on each side");
		else
			pd_error_nomem(err);
		free(d);
		return NULL;
	}
	d->hash_key = pd_hash_key();
	set_options(d, opts);
	if (!add_units(d, before, n_before, PD_BEFORE) || !add_units(d, after, n_after, PD_AFTER)) {
		pd_error_nomem(err);
	} else if (pd_diff_columns_init(d, err) && pd_diff_exposures(d, err) && pd_diff_match(d, err) && pd_diff_sums(d, err) && pd_diff_tests(d, err)) {
		if (!pd_diff_bulk(d)) {
			pd_error_nomem(err);
		} else if (pd_diff_blame(d, err) && pd_diff_moves(d, err)) {
			count_matches(d);
			say_what_cannot_be_tested(d);
			if (name_keys(d) && order_rows(d))
				return d;
			pd_error_nomem(err);
		}
	}
	pd_diff_free(d);
	return NULL;
}

static void free_columns(struct diff_column *c, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(c[i].cell[DIFF_SELF]);
		free(c[i].cell[DIFF_TOTAL]);
	}
}

void pd_diff_free(struct pd_diff *d)
{
	if (!d)
		return;
	for (size_t i = 0; i < d->unit.n; i++) {
		struct diff_unit *u = &d->unit.v[i];

		pd_doc_unref(u->doc);
		pd_doc_unref(u->whole);
		free(u->first);
		free(u->func);
		free(u->only);
		free(u->own);
		free(u->below);
	}
	free_columns(d->unit_sum.v, d->unit_sum.n);
	free_columns(d->slice.v, d->slice.n);
	pd_vec_release(&d->unit);
	pd_vec_release(&d->key);
	pd_vec_release(&d->key_slot);
	pd_vec_release(&d->func);
	pd_vec_release(&d->unit_sum);
	pd_vec_release(&d->slice);
	pd_vec_release(&d->note);
	pd_arena_release(&d->text);
	for (int k = 0; k < DIFF_KINDS; k++) {
		for (int side = 0; side < 2; side++) {
			free(d->side_sum[side][k]);
			free(d->exact[side][k]);
		}
		free(d->test[k]);
	}
	free(d->recursive);
	free(d->role);
	free(d->partner);
	free(d->order);
	free(d->place);
	free(d);
}

const struct pd_diff_summary *pd_diff_summary(const struct pd_diff *d) { return &d->s; }

size_t pd_diff_notes(const struct pd_diff *d, const char *const **out)
{
	*out = d->note.v;
	return d->note.n;
}
