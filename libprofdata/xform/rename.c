/* Function names rewritten by "s/RE/REPL/" rules, once per distinct name. */
#include "model/model.h"
#include "xform/regex.h"
#include <profdata/transform.h>

struct rule {
	struct pd_rx *rx;
	struct pd_span repl;
	char delimiter;
	bool all;
};

struct renamer {
	struct pd_builder *b;
	struct rule *rule;
	size_t n_rules;
	uint32_t *name; /* per string id: id of the new name, PD_ASK not worked out yet */
	struct pd_error *err;
	bool failed;
};

#define PD_ASK UINT32_MAX
#define MAX_NAME (1u << 20)

struct text {
	char *p;
	size_t n, cap;
};

static bool text_add(struct text *t, const char *p, size_t n)
{
	if (t->cap - t->n < n) {
		size_t cap = (t->n + n) * 2 + 64;
		char *grown = realloc(t->p, cap);

		if (!grown)
			return false;
		t->p = grown;
		t->cap = cap;
	}
	if (n) /* an empty text may have no memory yet */
		memcpy(t->p + t->n, p, n);
	t->n += n;
	return true;
}

/* Up to the next delimiter that no backslash precedes. */
static bool take_part(const char **p, char delimiter, struct pd_span *part)
{
	const char *s = *p;

	for (; *s && *s != delimiter; s++)
		if (*s == '\\' && s[1])
			s++;
	*part = (struct pd_span){ *p, (size_t)(s - *p) };
	if (!*s)
		return false;
	*p = s + 1;
	return true;
}

/* "\/" is the delimiter itself to the expression. */
static bool unescape_delimiter(struct pd_span part, char delimiter, struct text *t)
{
	t->n = 0;
	for (size_t i = 0; i < part.n; i++) {
		if (part.p[i] == '\\' && i + 1 < part.n) {
			if (part.p[i + 1] != delimiter && !text_add(t, "\\", 1))
				return false;
			i++;
		}
		if (!text_add(t, part.p + i, 1))
			return false;
	}
	return true;
}

static bool bad_rule(const char *text, const char *why, struct pd_error *err)
{
	pd_error_set(err, PD_ERR_USAGE, "rename rule '%.100s': %s, expected s/RE/REPL/", text, why);
	return false;
}

static bool parse_flags(const char *text, const char *flags, struct rule *r, bool *any_case, struct pd_error *err)
{
	for (; *flags; flags++) {
		if (*flags == 'g')
			r->all = true;
		else if (*flags == 'i' || *flags == 'I')
			*any_case = true;
		else
			return bad_rule(text, "unknown flag (g and i are known)", err);
	}
	return true;
}

static bool parse_rule(const char *text, struct rule *r, struct pd_error *err)
{
	struct text pattern = { 0 };
	struct pd_span re;
	const char *p = text + 2;
	bool any_case = false, ok;

	*r = (struct rule){ 0 };
	if (text[0] != 's' || !text[1])
		return bad_rule(text, "no substitution", err);
	r->delimiter = text[1];
	if (r->delimiter == '\\' || (r->delimiter >= '0' && r->delimiter <= '9') || ((r->delimiter | 32) >= 'a' && (r->delimiter | 32) <= 'z'))
		return bad_rule(text, "no delimiter after the s", err);
	if (!take_part(&p, r->delimiter, &re) || !take_part(&p, r->delimiter, &r->repl))
		return bad_rule(text, "a delimiter is missing", err);
	if (!parse_flags(text, p, r, &any_case, err))
		return false;
	ok = (unescape_delimiter(re, r->delimiter, &pattern));
	if (ok && any_case) { /* in front, as an option of the expression */
		struct text with = { 0 };

		ok = text_add(&with, "(?i)", 4) && text_add(&with, pattern.n ? pattern.p : "", pattern.n);
		free(pattern.p);
		pattern = with;
	}
	if (ok)
		r->rx = pd_rx_new("rename", pattern.n ? pattern.p : "", pattern.n, false, err);
	else
		pd_error_set(err, PD_ERR_NOMEM, "out of memory");
	free(pattern.p);
	return r->rx != NULL;
}

static bool add_group(struct text *t, struct pd_span from, const size_t *pair, unsigned n, unsigned group)
{
	if (group >= n || pair[2 * group] == SIZE_MAX || pair[2 * group] > pair[2 * group + 1])
		return true;
	return text_add(t, from.p + pair[2 * group], pair[2 * group + 1] - pair[2 * group]);
}

static bool add_replacement(struct text *t, const struct rule *r, struct pd_span from, const size_t *pair, unsigned n)
{
	for (size_t i = 0; i < r->repl.n; i++) {
		char c = r->repl.p[i];
		bool ok;

		if (c == '&') {
			ok = add_group(t, from, pair, n, 0);
		} else if (c == '\\' && i + 1 < r->repl.n) {
			c = r->repl.p[++i];
			ok = c >= '0' && c <= '9' ? add_group(t, from, pair, n, (unsigned)(c - '0')) : text_add(t, &c, 1);
		} else {
			ok = text_add(t, &c, 1);
		}
		if (!ok)
			return false;
	}
	return true;
}

/* 1 rewritten into *t, 0 no match, -1 failure. */
static int apply(struct renamer *x, const struct rule *r, struct pd_span from, struct text *t)
{
	size_t at = 0, copied = 0;
	const size_t *pair;
	unsigned n;
	int rc, hits = 0;

	t->n = 0;
	while (at <= from.n && (rc = pd_rx_find(r->rx, from, at, hits && copied == at, &pair, &n, x->err)) != 0) {
		if (rc < 0)
			return -1;
		if (!text_add(t, from.p + copied, pair[0] > copied ? pair[0] - copied : 0) || !add_replacement(t, r, from, pair, n)) {
			pd_error_set(x->err, PD_ERR_NOMEM, "out of memory");
			return -1;
		}
		if (t->n > MAX_NAME) {
			pd_error_set(x->err, PD_ERR_LIMIT, "rename: a name would grow beyond %u bytes", MAX_NAME);
			return -1;
		}
		hits++;
		at = copied = pair[1];
		if (!r->all)
			break;
	}
	if (!hits)
		return 0;
	if (text_add(t, from.p + copied, from.n - copied))
		return 1;
	pd_error_set(x->err, PD_ERR_NOMEM, "out of memory");
	return -1;
}

static uint32_t new_name(struct renamer *x, uint32_t id)
{
	struct text buf[2] = { { 0 }, { 0 } };
	struct pd_span now;
	unsigned turn = 0;
	uint32_t made = id;
	bool changed = false;

	if (x->name[id] != PD_ASK)
		return x->name[id];
	now = x->b->doc->t.strings.row.v[id];
	for (size_t i = 0; i < x->n_rules && !x->failed; i++) {
		int rc = apply(x, &x->rule[i], now, &buf[turn]);

		x->failed = rc < 0;
		if (rc <= 0)
			continue;
		now = (struct pd_span){ buf[turn].n ? buf[turn].p : "", buf[turn].n };
		turn ^= 1;
		changed = true;
	}
	if (!x->failed && changed)
		made = pd_intern(x->b, now.p, now.n).v;
	free(buf[0].p);
	free(buf[1].p);
	return x->name[id] = made;
}

/* Lines move to the functions with the new names; a mangled name that repeats the old name goes with it. */
static bool rename_lines(struct renamer *x)
{
	struct pd_tables *t = &x->b->doc->t;
	size_t n = t->func.n;
	uint32_t *func = calloc(n, sizeof *func);

	if (!func) {
		pd_error_set(x->err, PD_ERR_NOMEM, "out of memory");
		return false;
	}
	for (size_t i = 1; i < n && !x->failed; i++) {
		struct pd_func_desc f = t->func.v[i];
		uint32_t name = new_name(x, f.name.v);

		if (f.system_name.v == f.name.v)
			f.system_name.v = name;
		f.name.v = name;
		func[i] = pd_func_add(x->b, &f).v;
	}
	for (size_t i = 0; i < t->line.n && !x->failed; i++)
		t->line.v[i].func.v = func[t->line.v[i].func.v];
	free(func);
	return !x->failed && !pd_builder_failed(x->b);
}

static struct pd_doc *rename_all(struct renamer *x, const struct pd_doc *doc)
{
	size_t strings = (size_t)pd_doc_strings(doc) + 1;

	x->name = malloc(strings * sizeof *x->name);
	x->b = pd_builder_derive(doc, PD_DERIVE_STACKS | PD_DERIVE_LABELS | PD_DERIVE_SERIES, 0, x->err);
	if (!x->name || !x->b) {
		pd_error_set(x->err, PD_ERR_NOMEM, "out of memory");
		return NULL;
	}
	memset(x->name, 0xff, strings * sizeof *x->name);
	if (!rename_lines(x)) {
		pd_builder_error(x->b, x->err);
		return NULL;
	}
	for (unsigned s = 0; s < pd_doc_series(doc); s++)
		pd_rows_copy(x->b, doc, s);
	return pd_builder_finish(x->b, x->err);
}

struct pd_doc *pd_rename(const struct pd_doc *doc, const char *const *rules, size_t n, struct pd_error *err)
{
	struct renamer x = { .err = err };
	struct pd_doc *out = NULL;
	bool ok = true;

	x.rule = calloc(n ? n : 1, sizeof *x.rule);
	if (!x.rule) {
		pd_error_set(err, PD_ERR_NOMEM, "out of memory");
		return NULL;
	}
	for (; x.n_rules < n && ok; x.n_rules++)
		ok = parse_rule(rules[x.n_rules], &x.rule[x.n_rules], err);
	if (ok)
		out = rename_all(&x, doc);
	for (size_t i = 0; i < x.n_rules; i++)
		pd_rx_free(x.rule[i].rx);
	free(x.rule);
	free(x.name);
	pd_builder_free(x.b);
	return out;
}
