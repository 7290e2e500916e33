/*
 * One big text on several threads. The file is cut where the format says a
 * record ends; every part has its own builder; the documents of later parts are
 * appended to the first builder in file order. Ids of all tables are given in
 * order of first use, and appending goes through each table in that order, so
 * the result does not depend on where the cuts are or how many threads ran.
 */
#include "base/span.h"
#include "format/load.h"
#include "io/source.h"
#include "model/model.h"

#define LEAST_TOTAL ((uint64_t)64 << 20)
#define LEAST_PART ((uint64_t)32 << 20)
#define MOST_PART ((uint64_t)256 << 20)
#define MOST_SEARCH ((uint64_t)16 << 20) /* for a record's end behind a cut */

struct part {
	uint64_t lo, hi, lines;
	struct pd_builder *b;
	struct pd_doc *doc; /* of every part but the first */
	struct pd_notes notes;
	bool ok;
};

struct run {
	const struct pd_loading *l;
	struct pd_loading piece; /* the same with a share of the memory */
	const struct pd_source *src;
	struct part *part;
	size_t n;
	uint64_t lines; /* of the parts joined so far */
};

/* First place at or behind `at` where a record has ended; `hi` when there is none near. */
static uint64_t cut_near(const struct pd_source *src, const struct pd_format *f, uint64_t at, uint64_t hi)
{
	struct pd_source *s = pd_source_part(src, at, hi, NULL);
	uint64_t cut = hi;
	struct pd_span line;

	if (!s || !pd_source_line(s, &line)) /* the rest of the line the cut fell into */
		goto out;
	for (;;) {
		uint64_t start = pd_source_offset(s);

		if (start - at > MOST_SEARCH || !pd_source_line(s, &line))
			break;
		if (f->ends_record(line)) {
			cut = start;
			break;
		}
	}
out:
	pd_source_free(s);
	return cut;
}

/* Plans the parts of [lo, hi); false when there would be only one. */
static bool plan(struct run *r, uint64_t lo, uint64_t hi)
{
	uint64_t size = (hi - lo) / (2 * (uint64_t)r->l->jobs);
	size_t most;

	if (size < LEAST_PART)
		size = LEAST_PART;
	if (size > MOST_PART)
		size = MOST_PART;
	if (r->l->part_size)
		size = r->l->part_size;
	most = (size_t)((hi - lo) / size + 1);
	r->part = calloc(most, sizeof *r->part);
	if (!r->part)
		return false;
	while (lo < hi && r->n < most) {
		uint64_t end = hi - lo < size + size / 2 || r->n + 1 == most ? hi : cut_near(r->src, r->l->format, lo + size, hi);

		r->part[r->n].lo = lo;
		r->part[r->n++].hi = end;
		lo = end;
	}
	return r->n > 1;
}

static void read_part(void *ctx, size_t i)
{
	struct run *r = ctx;
	struct part *p = &r->part[i];
	struct pd_source *s = pd_source_part(r->src, p->lo, p->hi, NULL);

	p->b = s ? pd_builder_new(i ? &r->piece.limits : &r->l->limits, r->l->build_flags, NULL) : NULL;
	p->ok = p->b && pd_load_read(&r->piece, s, p->b, &p->notes, NULL) == PD_OK;
	if (p->ok) {
		p->lines = s->line;
		if (i) {
			p->doc = pd_builder_finish(p->b, NULL);
			p->ok = p->doc != NULL;
		}
	}
	if (i) {
		pd_builder_free(p->b);
		p->b = NULL;
	}
	pd_source_free(s);
}

static bool join_part(void *ctx, size_t i)
{
	struct run *r = ctx;
	struct part *p = &r->part[i];
	bool ok = p->ok;

	if (ok && i) {
		ok = pd_join(r->part[0].b, p->doc);
		pd_notes_join(&r->part[0].notes, &p->notes, r->lines);
		pd_doc_unref(p->doc);
		p->doc = NULL;
	}
	r->lines += p->lines;
	return ok;
}

struct pd_builder *pd_load_parts(const struct pd_loading *l, struct pd_source *src, struct pd_notes *notes)
{
	struct run r = { .l = l, .piece = *l, .src = src };
	struct pd_builder *b = NULL;
	uint64_t lo, hi;

	if (l->jobs < 2 || !l->format->ends_record || !pd_source_divisible(src, &lo, &hi) ||
	    hi - lo < (l->part_size ? l->part_size : LEAST_TOTAL))
		return NULL;
	r.piece.limits.max_memory /= (uint64_t)l->jobs + 1;
	if (plan(&r, lo, hi) && pd_parallel(l->jobs, r.n, read_part, join_part, &r)) {
		b = r.part[0].b;
		r.part[0].b = NULL;
		*notes = r.part[0].notes;
		r.part[0].notes = (struct pd_notes){ 0 };
	}
	for (size_t i = 0; i < r.n; i++) {
		pd_builder_free(r.part[i].b);
		if (r.part[i].doc)
			pd_doc_unref(r.part[i].doc);
		pd_notes_release(&r.part[i].notes);
	}
	free(r.part);
	return b;
}
