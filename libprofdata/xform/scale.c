/* Values times exact ratios. */
#include "base/compiler.h"
#include <profdata/builder.h>
#include <profdata/transform.h>

__extension__ typedef __int128 wide;

static int64_t gcd(int64_t a, int64_t b)
{
	while (b) {
		int64_t r = a % b;

		a = b;
		b = r;
	}
	return a;
}

static bool take_digits(const char **p, int64_t *value, int *count)
{
	const char *s = *p;

	for (; *s >= '0' && *s <= '9'; s++)
		if (pd_mul_overflow(*value, 10, value) || pd_add_overflow(*value, *s - '0', value))
			return false;
	*count = (int)(s - *p);
	*p = s;
	return true;
}

static bool times_ten(int64_t *v, int64_t n)
{
	for (; n > 0; n--)
		if (pd_mul_overflow(*v, 10, v))
			return false;
	return true;
}

/* "e-3" and the like; *exponent stays when there is none. */
static bool take_exponent(const char **p, int64_t *exponent)
{
	int64_t e = 0;
	bool minus;
	int digits;

	if (**p != 'e' && **p != 'E')
		return true;
	minus = *++*p == '-';
	if (minus || **p == '+')
		++*p;
	if (!take_digits(p, &e, &digits) || !digits || e > 40)
		return false;
	*exponent += minus ? -e : e;
	return true;
}

bool pd_ratio_parse(const char *text, struct pd_ratio *out)
{
	bool minus = *text == '-';
	int64_t num = 0, den = 1, exponent = 0, common;
	int whole, part = 0;

	if (minus || *text == '+')
		text++;
	if (!take_digits(&text, &num, &whole))
		return false;
	if (whole && *text == '/') {
		den = 0;
		text++;
		if (!take_digits(&text, &den, &part) || !part || !den)
			return false;
	} else {
		if (*text == '.') {
			text++;
			if (!take_digits(&text, &num, &part))
				return false;
		}
		exponent = -part;
		if (whole + part == 0 || !take_exponent(&text, &exponent) || !times_ten(&num, exponent) || !times_ten(&den, -exponent))
			return false;
	}
	if (*text)
		return false;
	common = gcd(num, den);
	*out = (struct pd_ratio){ (minus ? -num : num) / common, den / common };
	return true;
}

/* v × num / den, rounded half away from zero. */
static bool times_ratio(int64_t v, struct pd_ratio r, int64_t *out)
{
	wide product = (wide)v * r.num, half = r.den / 2, q;

	/* twice the remainder against den decides; den odd has no exact half */
	q = product < 0 ? -((-product + half) / r.den) : (product + half) / r.den;
	*out = (int64_t)q;
	return (wide)*out == q;
}

static bool scale_row(struct pd_builder *b, unsigned series, const struct pd_rows *rows, size_t i, const struct pd_ratio *ratio, unsigned n)
{
	struct pd_sample s = { .stack = rows->stack[i], .labels = rows->labels[i] };
	int64_t values[PD_MAX_VALUES];
	bool any = false;

	for (unsigned v = 0; v < n; v++) {
		if (!times_ratio(rows->value[v][i], ratio[v], &values[v]))
			return false;
		any |= values[v] != 0;
	}
	if (!any)
		return true;
	if (rows->time && rows->time[i] != PD_NO_TIME) {
		s.has_time = true;
		s.time = rows->time[i];
	}
	pd_sample_add(b, series, &s, values);
	return true;
}

static bool scale_series(struct pd_builder *b, const struct pd_doc *doc, unsigned series, const struct pd_ratio *ratio)
{
	unsigned n = pd_series_values(doc, series);
	struct pd_rows rows;

	for (uint64_t first = 0; pd_series_rows(doc, series, first, &rows); first += rows.n)
		for (size_t i = 0; i < rows.n; i++)
			if (!scale_row(b, series, &rows, i, ratio, n))
				return false;
	return true;
}

struct pd_doc *pd_scale(const struct pd_doc *doc, const struct pd_ratio *ratio, struct pd_error *err)
{
	struct pd_builder *b;
	struct pd_doc *out = NULL;
	bool ones = true, fits = true;
	unsigned column = 0;

	for (unsigned i = 0; i < pd_doc_sample_types(doc); i++) {
		if (ratio[i].den <= 0) {
			pd_error_set(err, PD_ERR_USAGE, "a ratio needs a denominator above zero");
			return NULL;
		}
		ones &= ratio[i].num == ratio[i].den;
	}
	if (ones)
		return pd_doc_ref(doc);
	b = pd_builder_derive(doc, PD_DERIVE_STACKS | PD_DERIVE_LABELS | PD_DERIVE_SERIES, 0, err);
	if (!b)
		return NULL;
	for (unsigned s = 0; s < pd_doc_series(doc) && fits; s++) {
		fits = scale_series(b, doc, s, ratio + column);
		column += pd_series_values(doc, s);
	}
	if (!fits)
		pd_error_set(err, PD_ERR_LIMIT, "a scaled value does not fit into 64 bits");
	else
		out = pd_builder_finish(b, err);
	pd_builder_free(b);
	return out;
}
