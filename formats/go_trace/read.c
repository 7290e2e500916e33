/* A trace from header to end, and what all parts of the reader say the same way. */
#include "go_trace/trace.h"

#include "base/error.h"

enum pd_status gt_fail(struct gt_reader *r, uint64_t offset, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	if (r->status != PD_OK)
		return r->status;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	return r->status = pd_fail_at(r->sink, r->src, offset, "%s", text);
}

enum pd_status gt_nomem(struct gt_reader *r)
{
	if (r->status == PD_OK)
		r->status = pd_error_nomem(r->sink->err);
	return r->status;
}

bool gt_note(struct gt_reader *r, uint64_t offset, const char *what)
{
	if (r->at_batch)
		offset = r->gen.batch.v[r->at_batch].offset;
	if (r->status == PD_OK && pd_note_at(r->sink, r->src, offset, what) != PD_OK)
		r->status = PD_ERR_DATA;
	return r->status == PD_OK;
}

static uint64_t held(const struct gt_reader *r)
{
	const struct gt_generation *g = &r->gen;
	uint64_t n = g->bytes;

	n += g->string.cap * sizeof *g->string.v + g->stack.cap * sizeof *g->stack.v + g->batch.cap * sizeof *g->batch.v;
	n += g->sample.cap * sizeof *g->sample.v + g->strings.dense.cap * 4 + g->stacks.dense.cap * 4;
	n += gt_map_bytes(&g->strings.far) + gt_map_bytes(&g->stacks.far) + gt_map_bytes(&g->threads);
	n += gt_map_bytes(&r->g_map) + gt_map_bytes(&r->p_map) + gt_map_bytes(&r->m_map) + gt_map_bytes(&r->task_map);
	return n + r->g.cap * sizeof *r->g.v + r->p.cap * sizeof *r->p.v + r->m.cap * sizeof *r->m.v + r->task.cap * sizeof *r->task.v;
}

bool gt_within_limit(struct gt_reader *r)
{
	uint64_t most = r->sink->limits ? r->sink->limits->max_memory : UINT64_MAX;

	if (!most || held(r) <= most)
		return true;
	if (r->status == PD_OK) {
		r->status = pd_error_set(r->sink->err, PD_ERR_LIMIT, "one generation of the trace needs more memory than the limit of %llu bytes", (unsigned long long)most);
		pd_error_hint(r->sink->err, "--max-memory SIZE raises the limit");
	}
	return false;
}

unsigned gt_version(struct pd_span head)
{
	static const char rest[] = " trace\0\0\0\0";
	unsigned minor = 0, digits = 0;

	if (head.n < 16 || memcmp(head.p, "go 1.", 5) != 0)
		return 0;
	for (; digits < 2 && head.p[5 + digits] >= '0' && head.p[5 + digits] <= '9'; digits++)
		minor = minor * 10 + (unsigned)(head.p[5 + digits] - '0');
	if (!digits || memcmp(head.p + 5 + digits, rest, 16 - 5 - digits) != 0)
		return 0;
	return minor;
}

static enum pd_status read_v2(struct gt_reader *r)
{
	struct gt_event end = { .kind = GT_EV_SYNC, .wire = GT_W_SYNC, .m = GT_NONE, .p = GT_NONE, .g = GT_NONE };

	while (gt_read_generation(r)) {
		gt_merge(r);
		if (!gt_within_limit(r) || pd_builder_failed(r->b))
			break;
	}
	if (r->status != PD_OK || pd_source_status(r->src) != PD_OK)
		return r->status;
	end.id = r->n_gens + 1;
	end.time = r->last_time;
	gt_send(r, &end);
	return r->status;
}

enum pd_status gt_read(struct gt_reader *r)
{
	struct pd_span head = pd_source_peek(r->src, 16);

	r->version = gt_version(head);
	if (!r->version)
		return gt_fail(r, 0, "expected 'go 1.N trace' and a zero byte");
	if (r->version < 11)
		return gt_fail(r, 0, "trace of Go 1.%u: versions before 1.11 are not supported", r->version);
	pd_source_consume(r->src, 16);
	if (r->version > 26 && !gt_note(r, 0, "a format newer than this reader knows"))
		return r->status;
	if (!gt_order_start(r))
		return r->status;
	return r->version < 22 ? gt_v1_read(r) : read_v2(r);
}

void gt_reader_release(struct gt_reader *r)
{
	gt_generation_release(&r->gen);
	gt_order_release(r);
	pd_vec_release(&r->cursor);
	pd_vec_release(&r->heap);
}
