/*
 * folded-diff - two columns per stack, as difffolded.pl and inferno-diff-folded
 * write them:
 *
 *   main;parse;read 120 95
 *
 * The sample types are before/count and after/count. Never detected: in plain
 * folded text "handler 404 10" is the frame "handler 404". Writing: the sample
 * types before and after, or the first two, as folded writes each of them.
 */
#include "base/span.h"
#include "common/folded_read.h"

static enum pd_status folded_diff_read(struct pd_source *src, struct pd_sink *sink, const void *opts)
{
	static const char *const types[] = { "before", "after" };

	(void)opts;
	return pd_folded_read(src, sink, &(struct pd_folded_layout){ .columns = 2, .types = types });
}

static bool folded_diff_ends_record(struct pd_span line)
{
	(void)line;
	return true;
}

/* ---- writing ---- */

/* One column as folded text, sorted by stack. */
static struct pd_out *column(const struct pd_doc *doc, const char *type, struct pd_error *err)
{
	const struct pd_format *folded = pd_format_named("folded");
	struct pd_save_opts so = { .size = sizeof so, .sample_type = type };
	struct pd_out *out = pd_out_memory(0, 0, err);

	if (out && (pd_save(doc, folded, &so, NULL, out, NULL, 0, err) != PD_OK || pd_out_commit(out, err) != PD_OK)) {
		pd_out_free(out);
		out = NULL;
	}
	return out;
}

struct line {
	struct pd_span rest, stack, value;
	bool any;
};

static void next_line(struct line *l)
{
	struct pd_span line;

	l->any = span_cut(&l->rest, '\n', &line);
	if (l->any) {
		l->stack = line;
		span_rcut(&l->stack, ' ', &l->value);
	}
}

static int order(const struct line *a, const struct line *b)
{
	int c;

	if (!a->any || !b->any)
		return a->any ? -1 : 1;
	c = memcmp(a->stack.p, b->stack.p, a->stack.n < b->stack.n ? a->stack.n : b->stack.n);
	return c ? c : (a->stack.n > b->stack.n) - (a->stack.n < b->stack.n);
}

static void join(struct pd_out *out, struct pd_span before, struct pd_span after)
{
	struct line a = { .rest = before }, b = { .rest = after };

	next_line(&a);
	next_line(&b);
	while (a.any || b.any) {
		int c = order(&a, &b);
		const struct line *l = c <= 0 ? &a : &b;

		pd_out_write(out, l->stack.p, l->stack.n);
		pd_out_write(out, " ", 1);
		pd_out_write(out, c <= 0 ? a.value.p : "0", c <= 0 ? a.value.n : 1);
		pd_out_write(out, " ", 1);
		pd_out_write(out, c >= 0 ? b.value.p : "0", c >= 0 ? b.value.n : 1);
		pd_out_write(out, "\n", 1);
		if (c <= 0)
			next_line(&a);
		if (c >= 0)
			next_line(&b);
	}
}

static enum pd_status folded_diff_write(const struct pd_doc *doc, struct pd_out *out, const struct pd_save_opts *save, const void *opts, struct pd_error *err)
{
	bool named = pd_doc_find_sample_type(doc, "before") >= 0 && pd_doc_find_sample_type(doc, "after") >= 0;
	struct pd_error mine = { 0 };
	struct pd_out *before, *after;

	(void)save;
	(void)opts;
	if (pd_doc_sample_types(doc) < 2)
		return pd_error_set(err, PD_ERR_UNSUPPORTED, "folded-diff needs two sample types, before and after");
	before = column(doc, named ? "before" : "0", &mine);
	after = before ? column(doc, named ? "after" : "1", &mine) : NULL;
	if (after)
		join(out, pd_out_memory_span(before), pd_out_memory_span(after));
	pd_out_free(before);
	pd_out_free(after);
	if (!mine.status)
		return PD_OK;
	if (err)
		*err = mine;
	return mine.status;
}

const struct pd_format pd_format_folded_diff = {
	.name = "folded-diff",
	.summary = "folded stacks with two values, before and after",
	.explicit_only = true,
	.keeps = PD_KEEPS_NEGATIVE | PD_KEEPS_DECIMALS,
	.read = folded_diff_read,
	.write = folded_diff_write,
	.ends_record = folded_diff_ends_record,
};
