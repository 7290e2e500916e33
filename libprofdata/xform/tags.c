/*
 * Label conditions as pprof has them, with two differences: numbers too large
 * are an error, and conditions are worked out once per label set, not per sample.
 */
#include "xform/tags.h"

/* ---- ranges ---- */

struct edge {
	int64_t value;
	char unit[64];
	bool too_large;
};

static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/* "[+-]digits[letters]"; false when there is none at *p. */
static bool take_edge(const char **p, struct edge *e)
{
	const char *s = *p, *digits;
	bool minus = *s == '-';
	size_t n = 0;

	*e = (struct edge){ 0 };
	if (*s == '-' || *s == '+')
		s++;
	for (digits = s; is_digit(*s); s++) {
		int digit = minus ? '0' - *s : *s - '0';

		if (pd_mul_overflow(e->value, 10, &e->value) || pd_add_overflow(e->value, digit, &e->value))
			e->too_large = true;
	}
	if (s == digits)
		return false;
	for (; is_alpha(*s); s++)
		if (n + 1 < sizeof e->unit)
			e->unit[n++] = *s;
	*p = s;
	return true;
}

static bool range_too_large(struct pd_tag_cond *c, const char *text, struct pd_error *err)
{
	pd_error_set(err, PD_ERR_USAGE, "%s: a number of the range '%.80s' does not fit into 64 bits", c->what, text);
	return false;
}

/*
 * Fills the range of `c` when the whole text is one: R, R:, :R or R:R. *is_range tells. False on failure.
 * Ends in units that do not go together make no range; the text is a regular expression then.
 */
static bool parse_range(struct pd_tag_cond *c, const char *text, bool *is_range, struct pd_error *err)
{
	const char *p = text, *unit, *unit2;
	struct edge a, z;
	bool open_low = *p == ':', colon = open_low, two = false;

	*is_range = false;
	p += open_low;
	if (!take_edge(&p, &a))
		return true;
	if (!open_low && *p == ':') {
		colon = true;
		p++;
		two = *p && take_edge(&p, &z);
	}
	if (*p)
		return true;
	if (a.too_large || (two && z.too_large))
		return range_too_large(c, text, err);
	c->lo = c->hi = pd_scale_value(a.value, a.unit, a.unit, &unit);
	c->unit = strdup(unit);
	if (!c->unit) {
		pd_error_set(err, PD_ERR_NOMEM, "out of memory");
		return false;
	}
	if (two) {
		c->hi = pd_scale_value(z.value, z.unit, c->unit, &unit2);
		if (strcmp(unit2, c->unit))
			return true;
	}
	c->has_lo = !open_low;
	c->has_hi = !colon || open_low || two;
	c->range = *is_range = true;
	return true;
}

/* ---- conditions ---- */

static bool add_pattern(struct pd_tag_cond *c, const char *p, size_t n, struct pd_error *err)
{
	struct pd_rx **grown = realloc(c->rx, (c->n_rx + 1) * sizeof(struct pd_rx *));

	if (!grown) {
		pd_error_set(err, PD_ERR_NOMEM, "out of memory");
		return false;
	}
	c->rx = grown;
	c->rx[c->n_rx] = pd_rx_new(c->what, p, n, false, err);
	return c->rx[c->n_rx] && ++c->n_rx;
}

static bool parse_patterns(struct pd_tag_cond *c, const char *text, struct pd_error *err)
{
	for (;;) {
		const char *comma = strchr(text, ',');

		if (!add_pattern(c, text, comma ? (size_t)(comma - text) : strlen(text), err))
			return false;
		if (!comma)
			return true;
		text = comma + 1;
	}
}

struct pd_tag_cond *pd_tag_cond_new(const char *what, const char *text, struct pd_error *err)
{
	struct pd_tag_cond *c = calloc(1, sizeof *c);
	const char *equals = strchr(text, '=');
	bool is_range;

	if (!c) {
		pd_error_set(err, PD_ERR_NOMEM, "out of memory");
		return NULL;
	}
	c->what = what;
	if (equals) {
		c->key = (struct pd_span){ text, (size_t)(equals - text) };
		text = equals + 1;
	}
	if (parse_range(c, text, &is_range, err) && (is_range || parse_patterns(c, text, err)))
		return c;
	pd_tag_cond_free(c);
	return NULL;
}

void pd_tag_cond_free(struct pd_tag_cond *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->n_rx; i++)
		pd_rx_free(c->rx[i]);
	free(c->rx);
	free(c->unit);
	free(c);
}

static bool same(struct pd_span a, struct pd_span b)
{
	return a.n == b.n && !memcmp(a.p, b.p, a.n);
}

static bool in_range(const struct pd_tag_cond *c, int64_t value, const char *unit)
{
	const char *got;
	double v = pd_scale_value(value, unit, c->unit, &got);

	return !strcmp(got, c->unit) && (!c->has_lo || v >= c->lo) && (!c->has_hi || v <= c->hi);
}

static int match_range(const struct pd_tag_cond *c, const struct pd_doc *doc, const struct pd_label_units *units, const struct pd_label *l, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (l[i].kind != PD_LABEL_NUM || (c->key.n && !same(pd_doc_string(doc, l[i].key), c->key)))
			continue;
		if (in_range(c, l[i].num, pd_label_unit(units, l[i].key)))
			return 1;
	}
	return 0;
}

/* "key:value" against one expression. */
static int match_pair(struct pd_rx *rx, struct pd_span key, struct pd_span value, struct pd_error *err)
{
	char small[256], *text = small;
	size_t n = key.n + 1 + value.n;
	int rc;

	if (n > sizeof small)
		text = malloc(n);
	if (!text) {
		pd_error_set(err, PD_ERR_NOMEM, "out of memory");
		return -1;
	}
	memcpy(text, key.p, key.n);
	text[key.n] = ':';
	memcpy(text + key.n + 1, value.p, value.n);
	rc = pd_rx_match(rx, (struct pd_span){ text, n }, err);
	if (text != small)
		free(text);
	return rc;
}

/* Does any text label match? With a key of the condition only its values are looked at, bare; without, "key:value" of all. */
static int match_any(const struct pd_tag_cond *c, struct pd_rx *rx, const struct pd_doc *doc, const struct pd_label *l, size_t n, struct pd_error *err)
{
	for (size_t i = 0; i < n; i++) {
		struct pd_span key = pd_doc_string(doc, l[i].key);
		int rc = 0;

		if (l[i].kind != PD_LABEL_STR)
			continue;
		if (!c->key.n)
			rc = match_pair(rx, key, pd_doc_string(doc, l[i].str), err);
		else if (same(key, c->key))
			rc = pd_rx_match(rx, pd_doc_string(doc, l[i].str), err);
		if (rc)
			return rc;
	}
	return 0;
}

int pd_tag_cond_match(struct pd_tag_cond *c, const struct pd_doc *doc, const struct pd_label_units *units, pd_labels set, struct pd_error *err)
{
	const struct pd_label *l;
	size_t n = pd_doc_labels(doc, set, &l);
	int rc;

	if (c->range)
		return match_range(c, doc, units, l, n);
	for (size_t i = 0; i < c->n_rx; i++) {
		rc = match_any(c, c->rx[i], doc, l, n, err);
		/* with a key one expression is enough, without all must match */
		if (rc < 0 || (rc == 1) == (c->key.n > 0))
			return rc;
	}
	return c->key.n ? 0 : 1;
}

/* ---- units of numeric labels ---- */

struct conflict {
	pd_str key, other;
};

struct pd_label_units {
	const struct pd_doc *doc;
	uint32_t *unit; /* per string id of a key: string id of the unit, 0 none seen */
	PD_VEC(struct conflict) conflict;
};

/* The first other unit of each key is enough for a warning. */
static bool note_unit(struct pd_label_units *u, const struct pd_label *l)
{
	uint32_t *at = &u->unit[l->key.v];

	if (!*at)
		*at = l->unit.v;
	if (*at == l->unit.v)
		return true;
	for (size_t i = 0; i < u->conflict.n && i < 64; i++)
		if (u->conflict.v[i].key.v == l->key.v)
			return true;
	return u->conflict.n >= 64 || pd_vec_push(&u->conflict, ((struct conflict){ l->key, l->unit }));
}

static bool note_set(struct pd_label_units *u, pd_labels set)
{
	const struct pd_label *l;
	size_t n = pd_doc_labels(u->doc, set, &l);

	for (size_t i = 0; i < n; i++)
		if (l[i].kind == PD_LABEL_NUM && l[i].unit.v && !note_unit(u, &l[i]))
			return false;
	return true;
}

/* Sets in the order in which samples use them first. */
static bool note_rows(struct pd_label_units *u, uint8_t *seen)
{
	struct pd_rows rows;

	for (unsigned s = 0; s < pd_doc_series(u->doc); s++) {
		for (uint64_t first = 0; pd_series_rows(u->doc, s, first, &rows); first += rows.n) {
			for (size_t i = 0; i < rows.n; i++) {
				if (seen[rows.labels[i].v])
					continue;
				seen[rows.labels[i].v] = 1;
				if (!note_set(u, rows.labels[i]))
					return false;
			}
		}
	}
	return true;
}

struct pd_label_units *pd_label_units_new(const struct pd_doc *doc, struct pd_error *err)
{
	struct pd_label_units *u = calloc(1, sizeof *u);
	uint8_t *seen = calloc((size_t)pd_doc_label_sets(doc) + 1, 1);
	bool ok = false;

	if (u && seen) {
		u->doc = doc;
		u->unit = calloc((size_t)pd_doc_strings(doc) + 1, sizeof *u->unit);
		seen[0] = 1;
		ok = u->unit && (pd_doc_label_sets(doc) == 0 || note_rows(u, seen));
	}
	free(seen);
	if (ok)
		return u;
	pd_label_units_free(u);
	pd_error_set(err, PD_ERR_NOMEM, "out of memory");
	return NULL;
}

void pd_label_units_free(struct pd_label_units *u)
{
	if (!u)
		return;
	pd_vec_release(&u->conflict);
	free(u->unit);
	free(u);
}

const char *pd_label_unit(const struct pd_label_units *u, pd_str key)
{
	const char *name = pd_doc_string(u->doc, key).p;

	if (key.v <= pd_doc_strings(u->doc) && u->unit[key.v])
		return pd_doc_string(u->doc, (pd_str){ u->unit[key.v] }).p;
	return !strcmp(name, "request") || !strcmp(name, "alignment") ? "bytes" : name;
}

bool pd_label_units_conflict(const struct pd_label_units *u, size_t i, pd_str *key, pd_str *used, pd_str *other)
{
	if (i >= u->conflict.n)
		return false;
	*key = u->conflict.v[i].key;
	*used = (pd_str){ u->unit[key->v] };
	*other = u->conflict.v[i].other;
	return true;
}

/* ---- frames made of labels ---- */

bool pd_tag_keys_parse(struct pd_tag_keys *k, const char *text)
{
	size_t commas = 0;

	*k = (struct pd_tag_keys){ 0 };
	for (const char *p = text; p && *p; p++)
		commas += *p == ',';
	if (!text || !*text)
		return true;
	k->key = calloc(commas + 1, sizeof *k->key);
	if (!k->key)
		return false;
	for (;;) {
		size_t n = strcspn(text, ",");

		if (n)
			k->key[k->n++] = (struct pd_span){ text, n };
		if (!text[n])
			return true;
		text += n + 1;
	}
}

void pd_tag_keys_release(struct pd_tag_keys *k)
{
	free(k->key);
	*k = (struct pd_tag_keys){ 0 };
}

struct text {
	char *p;
	size_t n, cap;
};

static bool text_add(struct text *t, const char *p, size_t n)
{
	char *grown;

	if (t->cap - t->n < n) {
		size_t cap = (t->n + n) * 2 + 64;

		grown = realloc(t->p, cap);
		if (!grown)
			return false;
		t->p = grown;
		t->cap = cap;
	}
	memcpy(t->p + t->n, p, n);
	t->n += n;
	return true;
}

/* One value of the label; a key with units on none of its numbers is printed plainly. */
static bool add_value(struct text *t, const struct pd_doc *doc, const struct pd_label *l, bool units, const char *unit)
{
	char number[64];
	struct pd_span s;

	if (l->kind == PD_LABEL_STR) {
		s = pd_doc_string(doc, l->str);
		return text_add(t, s.p, s.n);
	}
	pd_format_value(number, sizeof number, l->num, units ? pd_doc_string(doc, l->unit).p : "", units ? unit : "");
	return text_add(t, number, strlen(number));
}

pd_frame pd_tag_frame(struct pd_builder *b, const struct pd_doc *doc, pd_labels set, struct pd_span key, const char *unit, bool *found)
{
	const struct pd_label *l;
	size_t n = pd_doc_labels(doc, set, &l);
	struct text t = { 0 };
	struct pd_func_desc func = { 0 };
	struct pd_line line = { 0 };
	bool units = false, first = true, ok = true;

	for (size_t i = 0; i < n; i++)
		units |= l[i].unit.v && same(pd_doc_string(doc, l[i].key), key);
	for (size_t i = 0; i < n && ok; i++) {
		if (!same(pd_doc_string(doc, l[i].key), key))
			continue;
		ok = (first || text_add(&t, ",", 1)) && add_value(&t, doc, &l[i], units, unit ? unit : "minimum");
		first = false;
		*found = true;
	}
	if (!ok)
		pd_builder_fail(b, PD_ERR_NOMEM, "out of memory");
	func.name = pd_intern(b, t.n ? t.p : "", t.n);
	func.file = pd_intern(b, key.p, key.n);
	free(t.p);
	line.func = pd_func_add(b, &func);
	return pd_frame_add(b, &(struct pd_frame_desc){ .n_lines = 1, .lines = &line });
}
