/* The selection options → pd_filter(), and the value column they name. */
#include "cli.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Digits of a decimal number with the point taken out: 12.5e3 is 125, point at 5. */
struct decimal {
	const char *digits;
	size_t n, skip; /* of them the point, at `skip` (n: none) */
	long point;
	bool minus;
};

static bool scan_decimal(const char *at, const char *end, struct decimal *d)
{
	long exponent = 0;
	bool down;

	d->minus = at < end && *at == '-';
	d->digits = at += at < end && (*at == '-' || *at == '+');
	while (at < end && *at >= '0' && *at <= '9')
		at++;
	d->n = d->skip = (size_t)(at - d->digits);
	if (at < end && *at == '.')
		for (at++, d->n++; at < end && *at >= '0' && *at <= '9'; at++)
			d->n++;
	if (d->n == 0 || (d->n == 1 && d->skip == 0))
		return false;
	if (at < end && (*at | 32) == 'e') {
		down = ++at < end && *at == '-';
		at += at < end && (*at == '-' || *at == '+');
		if (at == end || end - at > 4)
			return false;
		for (; at < end && *at >= '0' && *at <= '9'; at++)
			exponent = exponent * 10 + (*at - '0');
		exponent = down ? -exponent : exponent;
	}
	d->point = (long)d->skip + exponent;
	return at == end;
}

/* Seconds to ns, exactly: parts of a ns are rounded up, as no sample lies between; what does not fit is as far as it goes. */
static bool parse_seconds(const char *text, const char *end, int64_t *ns)
{
	struct decimal d;
	int64_t v = 0;
	bool rest = false, far = false;
	long place = 0;

	if (!scan_decimal(text, end, &d))
		return false;
	for (size_t i = 0; i < d.n; i++) {
		if (i == d.skip)
			continue;
		if (place++ < d.point + 9)
			far |= __builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, d.digits[i] - '0', &v);
		else
			rest |= d.digits[i] != '0';
	}
	for (; place < d.point + 9 && v && !far; place++)
		far |= __builtin_mul_overflow(v, 10, &v);
	far |= rest && !d.minus && __builtin_add_overflow(v, 1, &v);
	*ns = d.minus ? (far ? INT64_MIN : -v) : far ? INT64_MAX : v;
	return true;
}

bool cmd_time_range(const char *text, int64_t *lo, int64_t *hi)
{
	const char *colon = strchr(text, ':');

	if (!colon || (colon == text && !colon[1]))
		return false;
	*lo = INT64_MIN;
	*hi = INT64_MAX;
	return (colon == text || parse_seconds(text, colon, lo)) && (!colon[1] || parse_seconds(colon + 1, colon + strlen(colon), hi)) && *lo < *hi;
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
		cmd_infof(ctx, "drop_frames of the profile shortened %llu sample%s", (unsigned long long)r->samples_cut, r->samples_cut == 1 ? "" : "s");
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
