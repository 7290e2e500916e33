/* Lookup over the generated table of built-in formats. */
#include "base/sha256.h"
#include "base/span.h"
#include "format_table.h"

#include <profdata/format.h>

const struct pd_format *pd_format_at(size_t i)
{
	return i < PD_ARRAY_LEN(pd_format_table) - 1 ? pd_format_table[i] : NULL;
}

/* '_' equals '-' */
static bool same_name(const char *a, const char *b)
{
	for (; *a && *b; a++, b++)
		if (*a != *b && !((*a == '_' || *a == '-') && (*b == '_' || *b == '-')))
			return false;
	return *a == *b;
}

const struct pd_format *pd_format_named(const char *name)
{
	const struct pd_format *f;

	for (size_t i = 0; (f = pd_format_at(i)); i++)
		if (same_name(f->name, name))
			return f;
	for (size_t i = 0; (f = pd_format_at(i)); i++)
		for (const char *const *a = f->aliases; a && *a; a++)
			if (same_name(*a, name))
				return f;
	return NULL;
}

bool pd_format_csp(const struct pd_format *format, char *buf, size_t n)
{
	struct pd_span script;
	uint8_t sum[32];
	char text[48];

	if (!format->script)
		return false;
	script = format->script();
	pd_sha256(script.p, script.n, sum);
	pd_base64(sum, sizeof sum, text);
	snprintf(buf, n, "default-src 'none'; script-src 'sha256-%s'; style-src 'unsafe-inline'", text);
	return true;
}

const struct pd_format *pd_format_for_path(const char *path)
{
	const struct pd_format *f, *best = NULL;
	struct pd_span name = span_of(path);
	size_t longest = 0;

	for (size_t i = 0; (f = pd_format_at(i)); i++)
		for (const char *const *s = f->suffixes; pd_format_writes(f) && s && *s; s++)
			if (strlen(*s) > longest && span_ends(name, *s)) {
				best = f;
				longest = strlen(*s);
			}
	return best;
}
