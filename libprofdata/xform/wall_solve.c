/*
 * Settling accounts, thread by thread: lifetime = on + off + runnable. Measured
 * totals correct what samples say, what is left over becomes a row of its own, what
 * is claimed twice is scaled away as far as chance explains it and refused beyond.
 */
#include "xform/wall.h"

#include "base/error.h"
#include "base/sort.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define FACTOR_LOW 0.8
#define FACTOR_HIGH 1.25

struct solver {
	struct pd_wall *w;
	struct pd_error *err;
	uint32_t *cells, *first; /* cells by group: cells[first[g] .. first[g + 1]) */
	struct pd_sort_item *item, *tmp;
	size_t odd;              /* groups whose factor is far from 1 beyond chance */
	double oddest;
	uint32_t odd_group, worst_group;
	double worst;            /* excess of that group */
	bool queue_unused;
};

static double real_of(const struct wall_group *g, const struct wall_cell *c)
{
	double f = c->rest ? 1 : c->state == WALL_ON ? g->t.on_factor : c->state == WALL_OFF ? g->t.off_factor : 1;

	return ((double)c->ns + c->est) * f;
}

static bool unscaled(const struct wall_group *g, const struct wall_cell *c)
{
	return c->est == 0 && (c->state == WALL_RUNNABLE || (c->state == WALL_ON ? g->t.on_factor : g->t.off_factor) == 1);
}

/* ---- rows that nobody recorded ---- */

/* Beside the rows of a group; adds to the sums. */
static bool add_row(struct solver *s, uint32_t group, const char *frame, enum wall_state state, double ns, bool rest)
{
	struct pd_wall *w = s->w;
	struct wall_group *g = &w->group.v[group];
	struct wall_amount a = { .ns = rest ? 0 : (int64_t)ns, .est = rest ? ns : 0 };
	pd_str reason = rest ? pd_intern_z(w->b, "unattributed") : (pd_str){ 0 };
	size_t before = w->cell.n;

	if (!wall_add(w, group, wall_frame_stack(w, frame), wall_labels(w, group, state, reason, NULL, 0), state, &a))
		return false;
	if (w->cell.n > before)
		w->cell.v[before].rest = rest;
	if (rest)
		return true;
	*(state == WALL_ON ? &g->on : state == WALL_OFF ? &g->off : &g->runnable) += ns;
	return true;
}

/* ---- one group ---- */

static void who_text(const struct pd_wall *w, const struct wall_group *g, char *buf, size_t n)
{
	struct pd_span name = pd_builder_string(w->b, g->name);
	int at = snprintf(buf, n, "%s%.*s", name.n ? "thread " : w->level == WALL_BY_ALL ? "the whole" : "thread", (int)(name.n < 64 ? name.n : 64), name.p);

	if (g->t.has_tid && at > 0 && (size_t)at < n)
		snprintf(buf + at, n - (size_t)at, "%s%" PRId64 "%s", name.n ? " (tid " : " ", g->t.tid, name.n ? ")" : "");
	else if (g->t.has_pid && at > 0 && (size_t)at < n)
		snprintf(buf + at, n - (size_t)at, "%s%" PRId64 "%s", name.n ? " (pid " : " of process ", g->t.pid, name.n ? ")" : "");
}

/* A correction that chance does not explain. */
static void look_at_factor(struct solver *s, uint32_t group, double factor, double was, double is, double error)
{
	for (size_t i = 0; i < s->w->input.n; i++)
		if (s->w->input.v[i].unrated)
			return;
	if (factor >= FACTOR_LOW && factor <= FACTOR_HIGH)
		return;
	if (fabs(was - is) <= 3 * error)
		return;
	s->odd++;
	if (s->odd == 1 || fabs(log(factor > 0 ? factor : 1e-9)) > fabs(log(s->oddest > 0 ? s->oddest : 1e-9))) {
		s->oddest = factor;
		s->odd_group = group;
	}
}

/* What the kernel counted replaces what samples estimate. */
static bool apply_totals(struct solver *s, uint32_t group)
{
	struct wall_group *g = &s->w->group.v[group];

	if (g->measured_on && g->on > 0) {
		g->t.on_factor = (double)g->run / g->on;
		look_at_factor(s, group, g->t.on_factor, g->on, (double)g->run, g->t.error);
		g->on = (double)g->run;
		g->t.error *= g->t.on_factor;
	} else if (g->measured_on && g->run > 0) {
		if (!add_row(s, group, PD_WALL_NO_SAMPLE, WALL_ON, (double)g->run, false))
			return false;
		g = &s->w->group.v[group];
	}
	if (!g->measured_wait)
		return true;
	if (s->w->o.blocked_only && g->wait > 0 && !add_row(s, group, PD_WALL_RUN_QUEUE, WALL_RUNNABLE, (double)g->wait, false))
		return false;
	s->queue_unused |= !s->w->o.blocked_only && g->wait > 0;
	g = &s->w->group.v[group];
	if (g->t.has_lifetime && g->off > 0) {
		double target = (double)g->t.lifetime - g->on - g->runnable;

		if (target > 0) {
			g->t.off_factor = target / g->off;
			look_at_factor(s, group, g->t.off_factor, g->off, target, g->t.error);
			g->off = target;
		}
	}
	return true;
}

static void find_lifetime(struct solver *s, struct wall_group *g)
{
	const struct pd_wall *w = s->w;
	uint64_t members = g->t.members;
	int64_t life;

	if (g->measured_life) {
		g->t.has_lifetime = true;
		return;
	}
	if (!members && w->level == WALL_BY_NAME)
		members = 1; /* as far as anybody knows */
	g->t.members = (uint32_t)members;
	if (!w->s.has_window || !members || pd_mul_overflow(w->s.window, (int64_t)members, &life))
		return;
	for (size_t i = 0; i < w->input.n; i++)
		if (wall_has(&w->input.v[i], PD_WALL_WHOLE))
			return; /* what was sampled is all there is */
	g->t.has_lifetime = true;
	g->t.lifetime = life;
}

/* More time than lifetime: *fits tells whether it has been made to fit. */
static void settle_excess(struct solver *s, uint32_t group, double excess, bool *fits)
{
	struct wall_group *g = &s->w->group.v[group];
	double life = (double)g->t.lifetime, room = life - g->off - g->runnable;
	bool chance = g->on > 0 && !g->measured_on && excess < 3 * g->t.error;
	bool edge = excess <= life * WALL_LIFE_TOLERANCE;

	g->t.excess = excess;
	*fits = false;
	if ((chance || edge) && g->on > 0 && !g->measured_on && room >= 0) {
		g->t.on_factor *= room / g->on;
		g->on = room;
		s->w->s.scaled++;
		*fits = true;
	} else if (edge) {
		g->t.lifetime = llrint(g->on + g->off + g->runnable);
	} else {
		g->t.impossible = true;
		s->w->s.impossible++;
		if (s->w->s.impossible == 1 || excess > s->worst) {
			s->worst = excess;
			s->worst_group = group;
		}
	}
}

/* Values to whole numbers whose sum is `target`: the largest remainders are rounded up. */
static void round_group(struct solver *s, uint32_t group, int64_t target)
{
	struct pd_wall *w = s->w;
	const struct wall_group *g = &w->group.v[group];
	uint32_t n = s->first[group + 1] - s->first[group], at = 0;
	const uint32_t *row = s->cells + s->first[group];
	int64_t sum = 0, more;

	for (uint32_t i = 0; i < n; i++) {
		struct wall_cell *c = &w->cell.v[row[i]];
		double v = real_of(g, c), whole = floor(v);

		if (unscaled(g, c)) {
			c->out = c->ns;
		} else {
			c->out = whole < 0 ? 0 : whole > 0x1p62 ? INT64_C(1) << 62 : (int64_t)whole;
			s->item[at++] = (struct pd_sort_item){ .key = (uint64_t)((1 - (v - whole)) * 0x1p53), .row = row[i] };
		}
		if (pd_add_overflow(sum, c->out, &sum)) {
			pd_builder_fail(w->b, PD_ERR_LIMIT, "a sum of times does not fit into 64 bits");
			return;
		}
	}
	pd_sort_u64(s->item, s->tmp, at);
	more = target - sum;
	for (uint32_t i = 0; i < at && more > 0; i++, more--)
		w->cell.v[s->item[i].row].out++;
	for (uint32_t i = at; i-- > 0 && more < 0;)
		if (w->cell.v[s->item[i].row].out > 0) {
			w->cell.v[s->item[i].row].out--;
			more++;
		}
	if (more && at) { /* beyond the precision of sums */
		struct wall_cell *c = &w->cell.v[s->item[0].row];

		c->out = c->out + more > 0 ? c->out + more : 0;
	}
}

static void sum_cells(struct pd_wall *w)
{
	for (size_t i = 0; i < w->cell.n; i++) {
		const struct wall_cell *c = &w->cell.v[i];
		struct wall_group *g = &w->group.v[c->group];
		double v = (double)c->ns + c->est;

		*(c->state == WALL_ON ? &g->on : c->state == WALL_OFF ? &g->off : &g->runnable) += v;
		if (c->state == WALL_ON)
			g->t.samples += c->n;
	}
	for (size_t i = 0; i < w->group.n; i++) {
		struct wall_group *g = &w->group.v[i];

		g->t.sampled = g->on;
		g->t.error = sqrt(g->squares);
	}
}

static bool settle(struct solver *s, uint32_t group, bool *fits)
{
	struct wall_group *g = &s->w->group.v[group];
	double excess;

	*fits = false;
	find_lifetime(s, g);
	if (!apply_totals(s, group))
		return false;
	g = &s->w->group.v[group];
	if (!g->t.has_lifetime)
		return true;
	excess = g->on + g->off + g->runnable - (double)g->t.lifetime;
	if (excess > 0.5) {
		settle_excess(s, group, excess, fits);
		return true;
	}
	*fits = true;
	if (excess < -0.5 && !s->w->o.no_residual) {
		*fits = add_row(s, group, PD_WALL_RESIDUAL, WALL_RUNNABLE, -excess, true);
		return *fits;
	}
	*fits = excess >= -0.5; /* without the residual the sum is what is known */
	return true;
}

/* ---- all of them ---- */

/* Cells in the order of their groups. */
static bool by_group(struct solver *s)
{
	const struct pd_wall *w = s->w;
	size_t groups = w->group.n;

	s->first = calloc(groups + 2, sizeof *s->first);
	s->cells = calloc(w->cell.n + 1, sizeof *s->cells);
	s->item = calloc(w->cell.n + 1, sizeof *s->item);
	s->tmp = calloc(w->cell.n + 1, sizeof *s->tmp);
	if (!s->first || !s->cells || !s->item || !s->tmp)
		return false;
	for (size_t i = 0; i < w->cell.n; i++)
		s->first[w->cell.v[i].group + 2]++;
	for (size_t g = 2; g < groups + 2; g++)
		s->first[g] += s->first[g - 1];
	for (size_t i = 0; i < w->cell.n; i++)
		s->cells[s->first[w->cell.v[i].group + 1]++] = (uint32_t)i;
	return true;
}

static void refuse(struct solver *s)
{
	const struct wall_group *g = &s->w->group.v[s->worst_group];
	char who[160], on[32], off[32], life[32], error[32], others[48] = "";
	bool warn = s->w->o.force;

	who_text(s->w, g, who, sizeof who);
	if (s->w->s.impossible > 1)
		snprintf(others, sizeof others, "; and %zu more threads", s->w->s.impossible - 1);
	if (warn) {
		wall_remark(s->w, true, "%s: overlap or wrong rate: %s on and %s off the processor in a lifetime of %s, kept as they are%s", who, wall_time_text(on, sizeof on, g->on),
			    wall_time_text(off, sizeof off, g->off), wall_time_text(life, sizeof life, (double)g->t.lifetime), others);
		return;
	}
	pd_error_set(s->err, PD_ERR_DATA, "%s: overlap or wrong rate: %s (+/- %s) on and %s off the processor in a lifetime of %s%s", who, wall_time_text(on, sizeof on, g->on),
		     wall_time_text(error, sizeof error, g->t.error), wall_time_text(off, sizeof off, g->off), wall_time_text(life, sizeof life, (double)g->t.lifetime), others);
	pd_error_hint(s->err, s->w->level == WALL_BY_NAME ? "--members NAME=N where a name stands for N threads; --hz, --off-unit or --duration if one is wrong; --force keeps the values" :
							    "--hz, --off-unit or --duration if one is wrong; --force keeps the values");
}

static void tell(struct solver *s)
{
	char who[160];

	if (s->w->s.scaled)
		wall_remark(s->w, false, "%zu thread%s had more time than lifetime, by less than three standard errors of the samples: scaled down", s->w->s.scaled, s->w->s.scaled == 1 ? "" : "s");
	if (s->odd) {
		who_text(s->w, &s->w->group.v[s->odd_group], who, sizeof who);
		wall_remark(s->w, true, "samples and the time that the kernel counted differ by more than a factor of %.2f to %.2f in %zu thread%s (%s: %.3f)", FACTOR_LOW, FACTOR_HIGH, s->odd,
			    s->odd == 1 ? "" : "s", who, s->oddest);
	}
	if (s->queue_unused)
		wall_remark(s->w, false, "run queue time is part of the off-CPU values (from switch to switch), so it is no row of its own; --blocked-only if they end at the wake-up");
}

/* Sums for people, after rounding; idle time is told apart, and hidden if so asked. */
static void account(struct solver *s)
{
	struct pd_wall *w = s->w;

	for (uint32_t g = 0; g < w->group.n; g++) {
		struct pd_wall_thread *t = &w->group.v[g].t;
		uint64_t counted[4] = { 0 }; /* bit per kind */
		bool busy = false;

		for (uint32_t i = s->first[g]; i < s->first[g + 1]; i++)
			busy |= !w->cell.v[s->cells[i]].idle && !w->cell.v[s->cells[i]].rest && w->cell.v[s->cells[i]].out;
		for (uint32_t i = s->first[g]; i < s->first[g + 1]; i++) {
			struct wall_cell *c = &w->cell.v[s->cells[i]];

			c->hidden = w->o.hide_idle && (c->idle || (c->rest && !busy));
			if (c->idle) {
				w->s.idle_time += c->out;
				w->idle[c->idle - 1].time += c->out;
				w->idle[c->idle - 1].threads += !(counted[(c->idle - 1) / 64] >> (c->idle - 1) % 64 & 1);
				counted[(c->idle - 1) / 64] |= UINT64_C(1) << (c->idle - 1) % 64;
			}
			*(c->hidden ? &t->hidden : c->rest ? &t->unattributed : c->state == WALL_ON ? &t->on : c->state == WALL_OFF ? &t->off : &t->runnable) += c->out;
		}
		if (!t->has_lifetime)
			t->lifetime = t->on + t->off + t->runnable + t->unattributed + t->hidden;
		w->s.lifetime += t->lifetime;
		w->s.on += t->on;
		w->s.off += t->off;
		w->s.runnable += t->runnable;
		w->s.unattributed += t->unattributed;
		w->s.hidden += t->hidden;
	}
}

static enum pd_status solve(struct solver *s)
{
	struct pd_wall *w = s->w;
	bool *fits = calloc(w->group.n + 1, sizeof *fits);

	if (!fits)
		return wall_nomem(s->err);
	sum_cells(w);
	for (uint32_t g = 0; g < w->group.n; g++)
		if (!settle(s, g, &fits[g])) {
			free(fits);
			return pd_builder_status(w->b);
		}
	if (w->s.impossible)
		refuse(s);
	if (!by_group(s)) {
		free(fits);
		return wall_nomem(s->err);
	}
	for (uint32_t g = 0; g < w->group.n && !pd_builder_failed(w->b); g++) {
		const struct wall_group *x = &w->group.v[g];

		round_group(s, g, fits[g] ? x->t.lifetime : llrint(x->on + x->off + x->runnable));
	}
	free(fits);
	if (pd_builder_failed(w->b))
		return pd_builder_status(w->b);
	tell(s);
	account(s);
	return w->s.impossible && !w->o.force ? PD_ERR_DATA : PD_OK;
}

enum pd_status wall_solve(struct pd_wall *w, struct pd_error *err)
{
	struct solver s = { .w = w, .err = err };
	enum pd_status status = w->group.n ? solve(&s) : pd_error_set(err, PD_ERR_DATA, "no time of any thread in the input");

	free(s.cells);
	free(s.first);
	free(s.item);
	free(s.tmp);
	return status;
}
