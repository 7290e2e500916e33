/*
 * An end closes the begin of its name: the innermost one, or one further out,
 * and then everything inside of it. Ends of nothing are left out. Events of one
 * time may have been written in any order: an end that fits goes before one that
 * does not, and begins of that very time do not hold up the end of an older one.
 */
#include "model/slicepairs.h"

#define LOOK_AHEAD 32u  /* other ends of the same time */
#define LOOK_OUT 1024u  /* open slices that may have the name */

void pd_slice_pairs_release(struct pd_slice_pairs *p)
{
	pd_vec_release(&p->open);
	pd_vec_release(&p->group);
}

static void end_top(struct pd_slice_pairs *p, int64_t ts)
{
	p->end(p->arg, &p->open.v[p->open.n - 1], ts);
	p->open.n--;
}

static bool fits(const struct pd_slice_pairs *p, uint32_t name)
{
	return p->open.n && (!name || p->open.v[p->open.n - 1].name == name);
}

/* Place of the innermost open slice with this name, plus 1; 0 none. */
static size_t find(const struct pd_slice_pairs *p, uint32_t name)
{
	size_t least = p->open.n > LOOK_OUT ? p->open.n - LOOK_OUT : 0;

	for (size_t i = p->open.n; i > least; i--)
		if (p->open.v[i - 1].name == name)
			return i;
	return 0;
}

/* Ends open slice number `at` from under those that began just now. */
static void end_from_under(struct pd_slice_pairs *p, size_t at, int64_t ts)
{
	size_t n = p->open.n;

	for (size_t i = n; i > at; i--)
		p->undo(p->arg);
	p->end(p->arg, &p->open.v[at - 1], ts);
	memmove(&p->open.v[at - 1], &p->open.v[at], (n - at) * sizeof *p->open.v);
	p->open.n--;
	for (size_t i = at - 1; i < p->open.n; i++)
		p->begin(p->arg, &p->open.v[i]);
}

static void end(struct pd_slice_pairs *p, uint32_t name, int64_t ts)
{
	size_t at = fits(p, name) ? p->open.n : name ? find(p, name) : 0;
	bool fresh = true;

	if (!at) {
		p->stray++;
		return;
	}
	for (size_t i = at; i < p->open.n; i++)
		fresh &= p->open.v[i].ts == ts;
	if (at < p->open.n && fresh) {
		end_from_under(p, at, ts);
		return;
	}
	while (p->open.n >= at)
		end_top(p, ts);
}

/* Ends of this time that fit now, though they were written behind row i. */
static void ends_that_fit(struct pd_slice_pairs *p, size_t i)
{
	size_t most = p->group.n - i > LOOK_AHEAD ? i + LOOK_AHEAD : p->group.n;

	for (size_t k = i + 1; k < most; k++) {
		struct pd_log_row *r = &p->group.v[k];

		if (r->kind == PD_LOG_BEGIN)
			return; /* it may be what later ends mean */
		if (r->kind == PD_LOG_END && r->name && fits(p, r->name)) {
			end_top(p, r->ts);
			r->kind = PD_LOG_KINDS; /* done */
			k = i;
		}
	}
}

static void settle(struct pd_slice_pairs *p)
{
	for (size_t i = 0; i < p->group.n; i++) {
		struct pd_log_row *r = &p->group.v[i];

		if (r->kind == PD_LOG_BEGIN) {
			if (!pd_builder_reserve(p->b, &p->open, 1))
				break;
			p->open.v[p->open.n++] = (struct pd_open_slice){ r->ts, r->name };
			p->begin(p->arg, &p->open.v[p->open.n - 1]);
		} else if (r->kind == PD_LOG_END) {
			if (!fits(p, r->name))
				ends_that_fit(p, i);
			end(p, r->name, r->ts);
		}
	}
	p->group.n = 0;
}

bool pd_slice_pairs_add(struct pd_slice_pairs *p, const struct pd_log_row *row)
{
	if (p->group.n && p->group.v[0].ts != row->ts)
		settle(p);
	if (!pd_builder_reserve(p->b, &p->group, 1))
		return false;
	p->group.v[p->group.n++] = *row;
	return !p->b->failed;
}

void pd_slice_pairs_finish(struct pd_slice_pairs *p, int64_t last)
{
	settle(p);
	for (; p->open.n; p->unclosed++)
		end_top(p, last > p->open.v[p->open.n - 1].ts ? last : p->open.v[p->open.n - 1].ts);
}
