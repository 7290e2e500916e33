/* The selection options → pd_filter(), and the value column they name. */
#include "cli.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool cmd_time_range(const char *text, double *lo, double *hi)
{
	const char *colon = strchr(text, ':');
	char *end;

	if (!colon || (colon == text && !colon[1]))
		return false;
	*lo = -INFINITY;
	*hi = INFINITY;
	if (colon != text) {
		*lo = strtod(text, &end);
		if (end != colon || !isfinite(*lo))
			return false;
	}
	if (colon[1]) {
		*hi = strtod(colon + 1, &end);
		if (*end || !isfinite(*hi))
			return false;
	}
	return *lo < *hi;
}

static bool anything(const struct cmd_select *s)
{
	return s->focus || s->ignore || s->hide || s->show || s->show_from || s->prune_from || s->tagfocus || s->tagignore || s->tagshow || s->taghide ||
	       s->tagroot || s->tagleaf || s->time_range || s->no_inlines;
}

static void warn_unmatched(struct cmd_ctx *ctx, const struct pd_filter_report *r, const struct cmd_select *s)
{
	const struct {
		bool unmatched;
		const char *name, *value;
	} all[] = {
		{ r->focus_unmatched, "focus", s->focus },          { r->ignore_unmatched, "ignore", s->ignore },
		{ r->hide_unmatched, "hide", s->hide },             { r->show_unmatched, "show", s->show },
		{ r->show_from_unmatched, "show-from", s->show_from }, { r->tagfocus_unmatched, "tagfocus", s->tagfocus },
		{ r->tagignore_unmatched, "tagignore", s->tagignore }, { r->tagshow_unmatched, "tagshow", s->tagshow },
		{ r->taghide_unmatched, "taghide", s->taghide },       { r->tagroot_unmatched, "tagroot", s->tagroot },
		{ r->tagleaf_unmatched, "tagleaf", s->tagleaf },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (all[i].unmatched)
			cmd_warnf(ctx, "--%s=%s matched nothing", all[i].name, all[i].value ? all[i].value : "");
	}
	if (r->drop_frames_invalid)
		cmd_warnf(ctx, "drop_frames of the profile is no regular expression and was left out");
	if (r->tagfocus_is_range)
		cmd_infof(ctx, "--tagfocus=%s is a range of numbers, not a regular expression", s->tagfocus);
	if (r->tagignore_is_range)
		cmd_infof(ctx, "--tagignore=%s is a range of numbers, not a regular expression", s->tagignore);
	if (r->samples_cut)
		cmd_infof(ctx, "drop_frames of the profile shortened %llu samples", (unsigned long long)r->samples_cut);
}

/* "no sample type 'cpu' (has: ...)" */
static int unknown_type(struct cmd_ctx *ctx, const struct pd_doc *doc, const char *name)
{
	const char *near, *last = "";
	char list[512] = "", hint[160];
	unsigned n = pd_doc_sample_types(doc);
	struct pd_suggest s;
	size_t used = 0;

	pd_suggest_init(&s, name);
	for (unsigned i = 0; i < n; i++) {
		struct pd_sample_type t;

		pd_doc_sample_type(doc, i, &t);
		last = pd_doc_string(doc, t.type.type).p;
		pd_suggest_offer(&s, last);
		int w = snprintf(list + used, sizeof(list) - used, "%s%s/%s", i ? ", " : "", last, pd_doc_string(doc, t.type.unit).p);
		if (w > 0 && (size_t)w < sizeof(list) - used)
			used += (size_t)w;
	}
	near = pd_suggest_best(&s);
	if (near)
		snprintf(hint, sizeof(hint), "did you mean '%.100s'?", near);
	else if (n)
		snprintf(hint, sizeof(hint), "-s %.100s", last);
	return cli_usage(ctx, near || n ? hint : NULL, "no sample type '%s' (has: %s)", name, n ? list : "none");
}

static struct pd_doc *filter(struct cmd_ctx *ctx, const struct cmd_select *s, const struct cmd_report *rep, const struct pd_doc *doc)
{
	struct pd_filter_opts o = { .size = sizeof(o), .focus = s->focus, .ignore = s->ignore, .hide = s->hide, .show = s->show, .show_from = s->show_from,
				    .prune_from = s->prune_from, .tagfocus = s->tagfocus, .tagignore = s->tagignore, .tagshow = s->tagshow,
				    .taghide = s->taghide, .tagroot = s->tagroot, .tagleaf = s->tagleaf, .no_inlines = s->no_inlines,
				    .no_columns = rep && s->no_inlines, .drop_frames = rep != NULL, .output_unit = rep ? rep->unit : NULL };
	struct pd_filter_report report = { 0 };
	struct pd_error err = { 0 };
	struct pd_doc *out;

	if (s->time_range && ctx->subtracted) {
		cli_usage(ctx, "profdata filter --time-range on each input first", "--time-range cannot be combined with a base: two recordings have no common clock");
		return NULL;
	}
	if (s->time_range) {
		o.has_time_range = true;
		if (!cmd_time_range(s->time_range, &o.time_lo, &o.time_hi)) {
			cli_usage(ctx, NULL, "option '--time-range' cannot be '%s' (expected A:B in seconds, A before B)", s->time_range);
			return NULL;
		}
	}
	out = pd_filter(doc, &o, &report, &err);
	if (!out)
		cmd_fail(ctx, &err);
	else
		warn_unmatched(ctx, &report, s);
	return out;
}

struct pd_doc *cmd_apply_select(struct cmd_ctx *ctx, const struct cmd_select *sel, const struct cmd_report *rep, const struct pd_doc *doc, int *sample_type)
{
	bool drops = rep && pd_doc_meta(doc)->drop_frames.v;
	struct pd_doc *out = anything(sel) || drops ? filter(ctx, sel, rep, doc) : pd_doc_ref(doc);

	if (!out || !sample_type)
		return out;
	*sample_type = pd_doc_find_sample_type(out, sel->sample_type);
	if (*sample_type >= 0)
		return out;
	if (sel->sample_type && sel->sample_type[0])
		unknown_type(ctx, out, sel->sample_type);
	else
		cmd_errorf(ctx, "the profile has no sample type");
	pd_doc_unref(out);
	return NULL;
}
