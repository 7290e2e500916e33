#include "common/name_attrs.h"

#include "base/arena.h"
#include "base/error.h"
#include "base/span.h"
#include "base/vec.h"

struct name_attrs {
	struct pd_arena text;
	PD_VEC(struct name_attr) row; /* sorted by name once read */
};

const char *const name_attr_words[NAME_ATTRS] = { "href", "title", "class", "id", "target" };

struct name_attrs *name_attrs_new(void) { return calloc(1, sizeof(struct name_attrs)); }

void name_attrs_free(struct name_attrs *a)
{
	if (!a)
		return;
	pd_arena_release(&a->text);
	pd_vec_release(&a->row);
	free(a);
}

/* ---- what values may be ---- */

static bool no_controls(struct pd_span s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f)
			return false;
	return span_utf8(s);
}

static bool same_word(struct pd_span s, const char *word)
{
	if (s.n != strlen(word))
		return false;
	for (size_t i = 0; i < s.n; i++)
		if ((s.p[i] | 32) != word[i])
			return false;
	return true;
}

bool name_attr_link(struct pd_span href)
{
	size_t i = 0;

	if (!href.n || !no_controls(href) || href.p[0] == ' ' || href.p[href.n - 1] == ' ')
		return false;
	while (i < href.n && href.p[i] != ':' && href.p[i] != '/' && href.p[i] != '?' && href.p[i] != '#')
		i++;
	if (i == href.n || href.p[i] != ':')
		return true; /* relative, or a fragment */
	href.n = i;
	return same_word(href, "http") || same_word(href, "https") || same_word(href, "file");
}

static bool is_word_byte(char c)
{
	return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '_' || c == '-';
}

/* Letters, digits, '_' and '-'; `more` are allowed besides. */
static bool is_plain(struct pd_span s, const char *more)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_word_byte(s.p[i]) && (!s.p[i] || !strchr(more, s.p[i])))
			return false;
	return s.n > 0;
}

/* NULL when a value is fine, else what is wrong with it. */
static const char *objection(enum name_attr_kind kind, struct pd_span s)
{
	switch (kind) {
	case NAME_ATTR_HREF:
		return name_attr_link(s) ? NULL : "a link is http, https, file, relative or a fragment";
	case NAME_ATTR_TITLE:
		return NULL;
	case NAME_ATTR_CLASS:
		return is_plain(s, " ") ? NULL : "a class has letters, digits, '_' and '-'";
	case NAME_ATTR_ID:
		return is_plain(s, ".") && !span_starts(s, "pd-") && !(s.p[0] >= '0' && s.p[0] <= '9')
		       ? NULL : "an id has letters, digits, '_', '-' and '.', begins with no digit and not with 'pd-'";
	case NAME_ATTR_TARGET:
		return is_plain(s, "") ? NULL : "a target has letters, digits, '_' and '-'";
	case NAME_ATTRS:
		break;
	}
	return "unknown";
}

/* ---- reading ---- */

static enum pd_status bad_line(struct pd_source *src, struct pd_error *err, const char *fmt, ...) PD_PRINTF(3, 4);
static enum pd_status bad_line(struct pd_source *src, struct pd_error *err, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	pd_error_vset(err, PD_ERR_DATA, fmt, args);
	va_end(args);
	pd_error_path(err, pd_source_name(src));
	err->line = pd_source_line_number(src);
	return PD_ERR_DATA;
}

static enum pd_status take_attr(struct name_attrs *a, struct pd_source *src, struct pd_span text, struct name_attr *out, struct pd_error *err)
{
	struct pd_span key;
	int kind = 0;
	const char *why;

	if (!span_cut(&text, '=', &key))
		return bad_line(src, err, "expected 'attribute=value' behind the name");
	while (kind < NAME_ATTRS && !span_is(key, name_attr_words[kind]))
		kind++;
	if (kind == NAME_ATTRS)
		return bad_line(src, err, "attribute '%.*s' is not allowed (allowed: href, title, class, id, target)", (int)(key.n < 60 ? key.n : 60), key.p);
	why = objection((enum name_attr_kind)kind, text);
	if (why)
		return bad_line(src, err, "%s '%.*s' is not allowed: %s", name_attr_words[kind], (int)(text.n < 100 ? text.n : 100), text.p, why);
	text.p = pd_arena_text(&a->text, text.p, text.n);
	if (!text.p)
		return pd_error_nomem(err);
	out->value[kind] = text;
	return PD_OK;
}

static enum pd_status take_line(struct name_attrs *a, struct pd_source *src, struct pd_span line, struct pd_error *err)
{
	struct name_attr row = { 0 };
	enum pd_status status = PD_OK;
	struct pd_span part;
	bool more;

	if (!span_trim(line).n)
		return PD_OK;
	if (!span_cut(&line, '\t', &row.name))
		return bad_line(src, err, "expected a name, a tab and 'attribute=value'");
	row.name.p = pd_arena_text(&a->text, row.name.p, row.name.n);
	if (!row.name.p)
		return pd_error_nomem(err);
	do {
		more = span_cut(&line, '\t', &part);
		status = take_attr(a, src, more ? part : line, &row, err);
	} while (more && status == PD_OK);
	if (status == PD_OK && !pd_vec_push(&a->row, row))
		status = pd_error_nomem(err);
	return status;
}

static int by_name(const void *pa, const void *pb)
{
	const struct name_attr *a = pa, *b = pb;
	int c = memcmp(a->name.p, b->name.p, a->name.n < b->name.n ? a->name.n : b->name.n);

	return c ? c : a->name.n < b->name.n ? -1 : a->name.n > b->name.n;
}

enum pd_status name_attrs_read(struct name_attrs *a, struct pd_source *src, struct pd_error *err)
{
	enum pd_status status = PD_OK;
	struct pd_span line;

	while (status == PD_OK && pd_source_line(src, &line))
		status = take_line(a, src, line, err);
	if (status == PD_OK && pd_source_status(src) != PD_OK) {
		*err = *pd_source_error(src);
		status = err->status;
	}
	if (a->row.n)
		qsort(a->row.v, a->row.n, sizeof *a->row.v, by_name);
	for (size_t i = 1; status == PD_OK && i < a->row.n; i++)
		if (!by_name(&a->row.v[i], &a->row.v[i - 1])) {
			status = pd_error_set(err, PD_ERR_DATA, "the name '%.*s' stands there twice", (int)(a->row.v[i].name.n < 100 ? a->row.v[i].name.n : 100), a->row.v[i].name.p);
			pd_error_path(err, pd_source_name(src));
		}
	return status;
}

const struct name_attr *name_attrs_get(const struct name_attrs *a, struct pd_span name)
{
	struct name_attr want = { .name = name };

	return a && a->row.n ? bsearch(&want, a->row.v, a->row.n, sizeof *a->row.v, by_name) : NULL;
}
