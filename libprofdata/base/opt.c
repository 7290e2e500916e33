/*
 * The parser of option tables. A row is found by name, its value goes to
 * args + offset; nothing is remembered between rows.
 */
#include "base/error.h"
#include "base/span.h"

#include <profdata/opt.h>

void pd_opt_walk_init(struct pd_opt_walk *w, const struct pd_opt *table)
{
	*w = (struct pd_opt_walk){ 0 };
	if (table) {
		w->depth = 1;
		w->level[0].at = table;
	}
}

const struct pd_opt *pd_opt_walk_next(struct pd_opt_walk *w)
{
	while (w->depth) {
		unsigned d = w->depth - 1;
		const struct pd_opt *o = w->level[d].at;

		if (o->kind == PD_OPT_END) {
			w->depth--;
			continue;
		}
		w->level[d].at++;
		if (o->kind != PD_OPT_INCLUDE) {
			w->base = w->level[d].base;
			w->section = w->level[d].section;
			return o;
		}
		if (o->table && w->depth < PD_OPT_DEPTH) {
			w->level[w->depth].at = o->table;
			w->level[w->depth].base = w->level[d].base + o->offset;
			w->level[w->depth].section = o->help ? o->help : w->level[d].section;
			w->depth++;
		}
	}
	return NULL;
}

/* A row that was found, and how it was meant. */
struct hit {
	const struct pd_opt *opt;
	char *at;      /* where its value lives */
	bool negated;  /* --no-NAME */
	char shown[64]; /* as the user wrote it: "--focus", "-f" or "focus" */
};

static bool same_name(const char *name, struct pd_span given)
{
	size_t n = strlen(name);

	if (n != given.n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (name[i] != given.p[i] && !(name[i] == '-' && given.p[i] == '_'))
			return false;
	return true;
}

static bool find_long(const struct pd_opt *table, void *args, struct pd_span name, struct hit *hit)
{
	struct pd_span positive = name;
	bool no = span_starts(name, "no-") || span_starts(name, "no_");
	struct pd_opt_walk w;
	const struct pd_opt *o;

	if (no)
		positive = span_skip(name, 3);
	pd_opt_walk_init(&w, table);
	while ((o = pd_opt_walk_next(&w))) {
		if (!o->name)
			continue;
		hit->negated = no && o->negatable && o->kind == PD_OPT_BOOL && same_name(o->name, positive);
		if (!hit->negated && !same_name(o->name, name))
			continue;
		hit->opt = o;
		hit->at = (char *)args + w.base + o->offset;
		return true;
	}
	return false;
}

static bool find_short(const struct pd_opt *table, void *args, char letter, struct hit *hit)
{
	struct pd_opt_walk w;
	const struct pd_opt *o;

	pd_opt_walk_init(&w, table);
	while ((o = pd_opt_walk_next(&w)))
		if (o->letter == letter) {
			hit->opt = o;
			hit->at = (char *)args + w.base + o->offset;
			hit->negated = false;
			snprintf(hit->shown, sizeof hit->shown, "-%c", letter);
			return true;
		}
	return false;
}

/* `dashes` is "--" on the command line, "" for key=value. */
static enum pd_status unknown(const struct pd_opt *table, const char *dashes, struct pd_span name, struct pd_error *err)
{
	char word[80];
	struct pd_suggest s;
	struct pd_opt_walk w;
	const struct pd_opt *o;

	snprintf(word, sizeof word, "%.*s", (int)(name.n < 79 ? name.n : 79), name.p);
	pd_error_set(err, PD_ERR_USAGE, "unknown option '%s%s'", dashes, word);
	pd_suggest_init(&s, word);
	pd_opt_walk_init(&w, table);
	while ((o = pd_opt_walk_next(&w)))
		if (o->name && o->help)
			pd_suggest_offer(&s, o->name);
	if (pd_suggest_best(&s))
		pd_error_hint(err, "did you mean '%s%s'?", dashes, pd_suggest_best(&s));
	return PD_ERR_USAGE;
}

bool pd_opt_size(const char *text, int64_t *out)
{
	static const char units[] = "KMGT";
	struct pd_span s = span_of(text);
	unsigned shift = 0, decimals;
	int64_t v, scale = 1;

	if (!span_reat(&s, "iB"))
		span_reat(&s, "B");
	if (s.n) {
		char c = s.p[s.n - 1];
		const char *u = memchr(units, c >= 'a' ? c - 32 : c, 4);

		if (u) {
			shift = 10 * (unsigned)(u - units + 1);
			s.n--;
		}
	}
	if (!s.n || s.p[0] < '0' || s.p[0] > '9' || !span_decimal(s, &v, &decimals) || decimals > 9)
		return false;
	if (pd_mul_overflow(v, (int64_t)1 << shift, &v))
		return false;
	while (decimals--)
		scale *= 10;
	*out = v / scale;
	return true;
}

static enum pd_status bad_value(const struct hit *h, const char *value, const char *expected, struct pd_error *err)
{
	return pd_error_set(err, PD_ERR_USAGE, "%s: expected %s, not '%.200s'", h->shown, expected, value);
}

static enum pd_status set_choice(const struct hit *h, const char *value, struct pd_error *err)
{
	char words[256];
	size_t n = 0;
	const char *near;

	for (const char *const *c = h->opt->choices; *c; c++)
		if (same_name(*c, span_of(value))) {
			*(const char **)(void *)h->at = *c;
			return PD_OK;
		}
	words[0] = '\0';
	for (const char *const *c = h->opt->choices; *c && n < sizeof words; c++) {
		int more = snprintf(words + n, sizeof words - n, "%s%s", n ? ", " : "", *c);

		n += more > 0 ? (size_t)more : 0;
	}
	bad_value(h, value, words, err);
	near = pd_suggest(value, h->opt->choices);
	if (near)
		pd_error_hint(err, "did you mean '%s'?", near);
	return PD_ERR_USAGE;
}

static enum pd_status append(const struct hit *h, const char *value, struct pd_error *err)
{
	struct pd_list *l = (void *)h->at;

	if ((l->n & (l->n - 1)) == 0) { /* full at every power of two */
		size_t bytes;
		const char **more;

		if (pd_mul_overflow(l->n ? l->n * 2 : 1, sizeof *more, &bytes) || !(more = realloc(l->item, bytes)))
			return pd_error_nomem(err);
		l->item = more;
	}
	l->item[l->n++] = value;
	return PD_OK;
}

static enum pd_status set_value(const struct hit *h, const char *value, struct pd_error *err)
{
	struct pd_span s = span_of(value);

	switch (h->opt->kind) {
	case PD_OPT_INT:
		return span_i64(s, (int64_t *)(void *)h->at) ? PD_OK : bad_value(h, value, "a whole number", err);
	case PD_OPT_REAL:
		return span_real(s, (double *)(void *)h->at) ? PD_OK : bad_value(h, value, "a number", err);
	case PD_OPT_SIZE:
		return pd_opt_size(value, (int64_t *)(void *)h->at) ? PD_OK : bad_value(h, value, "a size such as 64M", err);
	case PD_OPT_STR:
		*(const char **)(void *)h->at = value;
		return PD_OK;
	case PD_OPT_CHOICE:
		return set_choice(h, value, err);
	case PD_OPT_LIST:
		return append(h, value, err);
	case PD_OPT_BOOL:
	case PD_OPT_COUNT:
	case PD_OPT_INCLUDE:
	case PD_OPT_END:
		break;
	}
	return pd_error_set(err, PD_ERR_INTERNAL, "%s: bad option table", h->shown);
}

static bool takes_value(const struct pd_opt *o)
{
	return o->kind != PD_OPT_BOOL && o->kind != PD_OPT_COUNT;
}

/* "[WORD]": the value is given with '=' or not at all. */
static bool may_lack_value(const struct pd_opt *o)
{
	return o->value && o->value[0] == '[';
}

static void set_flag(const struct hit *h)
{
	if (h->opt->kind == PD_OPT_COUNT)
		++*(int64_t *)(void *)h->at;
	else
		*(bool *)(void *)h->at = !h->negated;
}

/* The words being parsed. */
struct words {
	char **v;
	size_t n, i, kept; /* i: next to read; kept: operands moved to the front */
};

static enum pd_status parse_long(const struct pd_opt *table, void *args, struct words *w, struct pd_error *err)
{
	const char *text = w->v[w->i++] + 2, *equals = strchr(text, '=');
	struct pd_span name = equals ? span_between(text, equals) : span_of(text);
	struct hit h;

	if (!find_long(table, args, name, &h))
		return unknown(table, "--", name, err);
	snprintf(h.shown, sizeof h.shown, "--%s%s", h.negated ? "no-" : "", h.opt->name);
	if (!takes_value(h.opt)) {
		if (equals)
			return pd_error_set(err, PD_ERR_USAGE, "%s takes no value", h.shown);
		set_flag(&h);
		return PD_OK;
	}
	if (equals)
		return set_value(&h, equals + 1, err);
	if (may_lack_value(h.opt))
		return set_value(&h, "", err);
	if (w->i == w->n)
		return pd_error_set(err, PD_ERR_USAGE, "%s needs a value (%s)", h.shown, h.opt->value ? h.opt->value : "VALUE");
	return set_value(&h, w->v[w->i++], err);
}

/* pprof's "-focus=x" would quietly be "-f ocus=x": a whole long name behind one dash is taken for a slip. */
static bool one_dash(const struct pd_opt *table, void *args, struct pd_span word, struct pd_error *err)
{
	const char *equals = memchr(word.p, '=', word.n);
	struct pd_span name = equals ? span_between(word.p, equals) : word;
	struct hit h;

	if (name.n < 3 || !find_long(table, args, name, &h))
		return false;
	pd_error_set(err, PD_ERR_USAGE, "unknown option '-%.*s'", (int)(name.n < 60 ? name.n : 60), name.p);
	pd_error_hint(err, "did you mean '--%.60s'?", h.opt->name);
	return true;
}

static enum pd_status parse_short(const struct pd_opt *table, void *args, struct words *w, struct pd_error *err)
{
	const char *p = w->v[w->i++] + 1;
	struct hit h;

	if (one_dash(table, args, span_of(p), err))
		return PD_ERR_USAGE;
	while (*p) {
		char letter = *p++;

		if (!find_short(table, args, letter, &h)) {
			bool first = p - 2 == w->v[w->i - 1];

			return pd_error_set(err, PD_ERR_USAGE, "unknown option '-%.*s'", first && *p ? 60 : 1, p - 1);
		}
		if (!takes_value(h.opt)) {
			set_flag(&h);
			continue;
		}
		if (may_lack_value(h.opt)) {
			enum pd_status status = set_value(&h, "", err);

			if (status != PD_OK)
				return status;
			continue;
		}
		if (*p)
			return set_value(&h, p + (*p == '=' && p[1]), err);
		if (w->i == w->n)
			return pd_error_set(err, PD_ERR_USAGE, "%s needs a value (%s)", h.shown, h.opt->value ? h.opt->value : "VALUE");
		return set_value(&h, w->v[w->i++], err);
	}
	return PD_OK;
}

enum pd_status pd_opt_parse(const struct pd_opt *table, void *args, char **argv, size_t *argc, unsigned flags, struct pd_error *err)
{
	struct words w = { argv, *argc, 0, 0 };
	bool operands_only = false;

	while (w.i < w.n) {
		char *word = w.v[w.i];
		enum pd_status status = PD_OK;

		if (operands_only || word[0] != '-' || word[1] == '\0') {
			operands_only |= (flags & PD_OPT_STOP_AT_OPERAND) != 0;
			w.v[w.kept++] = w.v[w.i++];
		} else if (word[1] != '-') {
			status = parse_short(table, args, &w, err);
		} else if (word[2] != '\0') {
			status = parse_long(table, args, &w, err);
		} else {
			operands_only = true;
			w.i++;
		}
		if (status != PD_OK)
			return status;
	}
	*argc = w.kept;
	return PD_OK;
}

static bool truth(const char *word, bool *out)
{
	static const char *const yes[] = { "1", "true", "yes", "on" }, *const no[] = { "0", "false", "no", "off" };

	for (size_t i = 0; i < PD_ARRAY_LEN(yes); i++) {
		if (strcmp(word, yes[i]) != 0 && strcmp(word, no[i]) != 0)
			continue;
		*out = strcmp(word, yes[i]) == 0;
		return true;
	}
	return false;
}

enum pd_status pd_opt_set(const struct pd_opt *table, void *args, const char *kv, struct pd_error *err)
{
	const char *equals = strchr(kv, '=');
	struct pd_span name = equals ? span_between(kv, equals) : span_of(kv);
	struct hit h;

	if (!find_long(table, args, name, &h))
		return unknown(table, "", name, err);
	snprintf(h.shown, sizeof h.shown, "option '%s%s'", h.negated ? "no-" : "", h.opt->name);
	if (takes_value(h.opt)) {
		if (!equals)
			return pd_error_set(err, PD_ERR_USAGE, "%s needs a value: %s=%s", h.shown, h.opt->name, h.opt->value ? h.opt->value : "VALUE");
		return set_value(&h, equals + 1, err);
	}
	if (equals && h.opt->kind == PD_OPT_BOOL && !h.negated) {
		if (!truth(equals + 1, (bool *)(void *)h.at))
			return bad_value(&h, equals + 1, "true or false", err);
		return PD_OK;
	}
	if (equals)
		return pd_error_set(err, PD_ERR_USAGE, "%s takes no value", h.shown);
	set_flag(&h);
	return PD_OK;
}

void pd_opt_release(const struct pd_opt *table, void *args)
{
	struct pd_opt_walk w;
	const struct pd_opt *o;

	pd_opt_walk_init(&w, table);
	while ((o = pd_opt_walk_next(&w)))
		if (o->kind == PD_OPT_LIST) {
			struct pd_list *l = (void *)((char *)args + w.base + o->offset);

			free(l->item);
			*l = (struct pd_list){ 0 };
		}
}
