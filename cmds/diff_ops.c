/*
 * Operations behind a profile, for `diff --per=op`: a number of the command
 * line, a file beside the profile (a number, or a line per operation), the
 * distinct values of a label, or what the profile says itself: a comment, or that it is all of a command's run.
 */
#include "cli.h"
#include "diff.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- a number, or a file ---- */

/* A whole text that is a number of operations. */
static bool number(struct pd_span s, double *out)
{
	char text[64], *end;

	while (s.n && strchr(" \t\r", s.p[0]))
		s = (struct pd_span){ s.p + 1, s.n - 1 };
	while (s.n && strchr(" \t\r", s.p[s.n - 1]))
		s.n--;
	if (!s.n || s.n >= sizeof text || memchr(s.p, 0, s.n))
		return false;
	memcpy(text, s.p, s.n);
	text[s.n] = 0;
	*out = strtod(text, &end);
	return !*end && *out > 0 && *out < 1e300;
}

static bool starts(struct pd_span s, const char *with) { return s.n >= strlen(with) && !memcmp(s.p, with, strlen(with)); }

/* One number; or operations, one per line behind a line that names the columns. Zero: neither, or a failure. */
static double count_lines(struct pd_source *src)
{
	struct pd_span line;
	double n = 0, lone = 0;
	bool table = false, quoted = false;

	for (uint64_t i = 0; pd_source_line(src, &line); i++) {
		if (!i && number(line, &lone))
			continue;
		if (!i)
			table = starts(line, "start,");
		else if (lone > 0 ? line.n != 0 : !table)
			return 0;
		else if (!quoted)
			n += table && line.n;
		for (size_t k = 0; k < line.n; k++) /* an error with a line break is in quotes */
			quoted ^= line.p[k] == '"';
		if (!i)
			quoted = false;
	}
	return table ? n : lone;
}

static int from_file(struct cmd_ctx *ctx, const struct diff_args *a, const char *path, double *out)
{
	struct pd_error err = { 0 };
	struct pd_limits limits;
	struct pd_source *src;

	if (cli_limits(ctx, &a->in, &limits))
		return 2;
	src = pd_source_path(path, &limits, &err);
	if (!src)
		return cli_usage(ctx, "a number, or a file with one (or with a line per operation below 'start,duration,error')", "'%s' is not a number of operations", path);
	*out = count_lines(src);
	if (pd_source_status(src) != PD_OK) {
		err = *pd_source_error(src);
		pd_source_free(src);
		return cmd_fail(ctx, &err);
	}
	pd_source_free(src);
	if (*out > 0)
		return 0;
	return cmd_errorf(ctx, "%s: no number of operations (expected one number, or 'start,duration,error' and a line per operation)", path);
}

/* Items of one side: one per profile, or one for all of them. */
struct items {
	const char *const *v;
	size_t n;
};

/* Operations of profile i of the n of a side. */
static int from_items(struct cmd_ctx *ctx, const struct diff_args *a, struct items ops, size_t i, size_t n, const char *side, double *out)
{
	const char *item;

	if (ops.n != 1 && ops.n != n)
		return cli_usage(ctx, NULL, "%zu numbers of operations for %zu profile(s) %s", ops.n, n, side);
	item = ops.v[ops.n == 1 ? 0 : i];
	if (!number((struct pd_span){ item, strlen(item) }, out)) {
		int status = from_file(ctx, a, item, out);

		if (status)
			return status;
	}
	if (ops.n == 1)
		*out /= (double)n;
	return 0;
}

/* ---- the profile's own ---- */

static int by_value(const void *pa, const void *pb)
{
	const struct pd_label *a = pa, *b = pb;

	if (a->str.v != b->str.v)
		return a->str.v < b->str.v ? -1 : 1;
	return (a->num > b->num) - (a->num < b->num);
}

static bool is_key(const struct pd_doc *doc, const struct pd_label *l, struct pd_span key)
{
	struct pd_span s = pd_doc_string(doc, l->key);

	return s.n == key.n && !memcmp(s.p, key.p, s.n);
}

/* Distinct values of a label. */
static int from_label(struct cmd_ctx *ctx, const struct pd_doc *doc, const char *path, const char *name, double *out)
{
	struct pd_span key = { name, strlen(name) };
	const uint32_t sets = pd_doc_label_sets(doc);
	size_t n = 0;
	struct pd_label *value = NULL;

	for (int pass = 0; pass < 2; pass++) {
		size_t at = 0;

		for (uint32_t s = 1; s <= sets; s++) {
			const struct pd_label *l;

			for (size_t k = pd_doc_labels(doc, (pd_labels){ s }, &l); k > 0; k--, l++) {
				if (!is_key(doc, l, key))
					continue;
				if (value)
					value[at] = *l;
				at++;
			}
		}
		if (!at)
			return cmd_errorf(ctx, "%s: no sample has a label '%s' whose values count operations", path, name);
		if (!pass && !(value = malloc(at * sizeof *value)))
			return cli_nomem(ctx);
		n = at;
	}
	qsort(value, n, sizeof *value, by_value);
	*out = 1;
	for (size_t i = 1; i < n; i++)
		*out += by_value(&value[i - 1], &value[i]) != 0;
	free(value);
	return 0;
}

bool diff_ops_given(const struct diff_args *a) { return a->ops_both || a->ops[0].n || a->ops[1].n || a->ops_label; }

/* A comment 'ops: N'; 0 without one. */
static double from_comment(const struct pd_doc *doc)
{
	const pd_str *c;
	double v;

	for (size_t i = 0, n = pd_doc_comments(doc, &c); i < n; i++) {
		struct pd_span s = pd_doc_string(doc, c[i]);

		if (starts(s, "ops:") && number((struct pd_span){ s.p + 4, s.n - 4 }, &v))
			return v;
	}
	return 0;
}

/*
 * Runs of a command: each recording of a whole one has a comment with its time. They make up the profile when these add up to its
 * duration; 0 when they do not, or there are none.
 */
static double whole_runs(const struct pd_doc *doc)
{
	static const char head[] = "record.run: from its begin to its end, ";
	const pd_str *c;
	double sum = 0, v, all = (double)pd_doc_meta(doc)->duration_nanos;
	size_t runs = 0;

	for (size_t i = 0, n = pd_doc_comments(doc, &c); i < n; i++) {
		struct pd_span s = pd_doc_string(doc, c[i]);

		if (!starts(s, head) || s.n < sizeof(head) + 3)
			continue;
		if (!number((struct pd_span){ s.p + sizeof(head) - 1, s.n - (sizeof(head) - 1) - 3 }, &v)) /* " ns" */
			return 0;
		sum += v;
		runs++;
	}
	return fabs(sum - all) < 1 ? (double)runs : 0;
}

bool diff_by_runs(const struct diff_args *a, const struct cmd_loaded *in, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (from_comment(in[i].doc) > 0 || !(whole_runs(in[i].doc) > 0))
			return false;
	return !diff_ops_given(a);
}

/* ---- all of it ---- */

/* BEFORE,AFTER → items of both sides, which lie in *text. */
static int both_sides(struct cmd_ctx *ctx, const struct diff_args *a, char **text, const char **item)
{
	char *comma;

	if (a->ops[0].n || a->ops[1].n)
		return cli_usage(ctx, NULL, "--ops gives both sides: it excludes --ops-before and --ops-after");
	*text = strdup(a->ops_both);
	if (!*text)
		return cli_nomem(ctx);
	comma = strchr(*text, ',');
	if (!comma || comma == *text || !comma[1] || strchr(comma + 1, ','))
		return cli_usage(ctx, "--ops 1000,1200", "option '--ops' cannot be '%s' (expected BEFORE,AFTER)", a->ops_both);
	*comma = 0;
	item[0] = *text;
	item[1] = comma + 1;
	return 0;
}

/* Options that say something which is not asked for, or of one side only. */
static int check(struct cmd_ctx *ctx, const struct diff_args *a, const struct items *ops)
{
	if (!ops[0].n && !ops[1].n && !a->ops_label)
		return 0;
	if (a->per && strcmp(a->per, "auto") && strcmp(a->per, "op"))
		return cli_usage(ctx, NULL, "numbers of operations are for --per=op, not --per=%s", a->per);
	if (!a->ops_label && (!ops[0].n || !ops[1].n))
		return cli_usage(ctx, "--ops BEFORE,AFTER", "operations are given for the side %s only", ops[0].n ? "before" : "after");
	return 0;
}

int diff_operations(struct cmd_ctx *ctx, const struct diff_args *a, const struct cmd_loaded *in, size_t n_before, size_t n, double *out)
{
	const char *item[2];
	struct items ops[2] = { { a->ops[0].item, a->ops[0].n }, { a->ops[1].item, a->ops[1].n } };
	char *text = NULL;
	int status = a->ops_both ? both_sides(ctx, a, &text, item) : 0;

	for (int side = 0; side < 2 && a->ops_both; side++)
		ops[side] = (struct items){ &item[side], 1 };
	status = status ? status : check(ctx, a, ops);
	for (size_t i = 0; !status && i < n; i++) {
		bool after = i >= n_before;

		if (ops[after].n)
			status = from_items(ctx, a, ops[after], after ? i - n_before : i, after ? n - n_before : n_before, after ? "after" : "before", &out[i]);
		else if (a->ops_label)
			status = from_label(ctx, in[i].doc, in[i].path, a->ops_label, &out[i]);
		else
			out[i] = from_comment(in[i].doc);
		if (!status && !ops[after].n && !a->ops_label && out[i] == 0)
			out[i] = whole_runs(in[i].doc);
	}
	free(text);
	return status;
}
