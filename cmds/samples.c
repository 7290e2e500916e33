#include "samples.h"
#include "cli.h"
#include <stdlib.h>
#include <string.h>

/* pprof prints these; they tell why a label shows in a unit nobody expected. */
static void warn_units(struct cmd_ctx *ctx, const struct samples *s)
{
	pd_str key, used, other;

	for (size_t i = 0; pd_label_units_conflict(s->units, i, &key, &used, &other); i++)
		cmd_warnf(ctx, "label %s: unit %s is used, but %s is there too", pd_doc_string(s->all, key).p, pd_doc_string(s->all, used).p,
			  pd_doc_string(s->all, other).p);
}

/* Frames whose samples cancelled out leave the lists, and the rest is numbered anew, as pprof does. */
static bool renumber(struct samples *s, struct pd_error *err)
{
	struct pd_merge_opts o = { .size = sizeof(o), .kind = PD_MERGE_VIEW };
	struct pd_doc *doc = pd_merge((const struct pd_doc *[]){ s->all }, 1, &o, NULL, 0, err);

	if (!doc)
		return false;
	pd_doc_unref(s->all);
	s->all = doc;
	return true;
}

int samples_open(struct cmd_ctx *ctx, struct samples *s, const struct cmd_input *in, const struct cmd_select *select,
		 const struct cmd_report *opts, char **operands, size_t n)
{
	struct pd_error err = { 0 };
	int type = -1;

	*s = (struct samples){ .r = { .ctx = ctx, .select = select, .opts = opts } };
	if (opts->divide_by == 0)
		return cmd_errorf(ctx, "--divide-by 0: values cannot be divided by zero");
	s->all = cmd_load(ctx, in, operands, n, 0); /* samples stay apart, as they are in the file */
	if (!s->all)
		return 2;
	if (ctx->subtracted && !renumber(s, &err))
		return cmd_fail(ctx, &err);
	s->units = pd_label_units_new(s->all, &err);
	if (!s->units)
		return cmd_fail(ctx, &err);
	warn_units(ctx, s);
	s->r.doc = cmd_apply_select(ctx, select, opts, s->all, &type);
	if (!s->r.doc)
		return 2;
	s->r.sample_type = (unsigned)type;
	pd_report_total(opts->relative_percentages ? s->r.doc : s->all, s->r.sample_type, opts->mean, &s->r.total, &err);
	if (err.status)
		return cmd_fail(ctx, &err);
	report_describe(&s->r);
	return 0;
}

void samples_close(struct samples *s)
{
	pd_label_units_free(s->units);
	pd_doc_unref(s->r.doc);
	pd_doc_unref(s->all);
}

/* ---- texts ---- */

bool texts_add(struct texts *t, char *text)
{
	if (text && t->n == t->room) {
		size_t room = t->room ? t->room * 2 : 8;
		char **more = realloc(t->v, room * sizeof(*more));

		if (!more) {
			free(text);
			return false;
		}
		t->v = more;
		t->room = room;
	}
	if (text)
		t->v[t->n++] = text;
	return text != NULL;
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void texts_sort(struct texts *t)
{
	if (t->n)
		qsort(t->v, t->n, sizeof(*t->v), by_bytes);
}

void texts_clear(struct texts *t)
{
	for (size_t i = 0; i < t->n; i++)
		free(t->v[i]);
	t->n = 0;
}

void texts_release(struct texts *t)
{
	texts_clear(t);
	free(t->v);
	*t = (struct texts){ 0 };
}
