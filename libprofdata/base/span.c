#include "base/span.h"

#include <locale.h>
#include <math.h>

bool span_eat_u64(struct pd_span *s, uint64_t *out)
{
	uint64_t v = 0;
	size_t i = 0;

	for (; i < s->n; i++) {
		unsigned d = (unsigned)(unsigned char)s->p[i] - '0';

		if (d > 9)
			break;
		if (pd_mul_overflow(v, (uint64_t)10, &v) || pd_add_overflow(v, (uint64_t)d, &v))
			return false;
	}
	if (!i)
		return false;
	*out = v;
	*s = span_skip(*s, i);
	return true;
}

static inline unsigned hex_digit(char ch)
{
	unsigned c = (unsigned char)ch, d = c - '0';

	if (d <= 9)
		return d;
	d = (c | 0x20) - 'a';
	return d < 6 ? d + 10 : 16;
}

bool span_eat_hex(struct pd_span *s, uint64_t *out)
{
	uint64_t v = 0;
	size_t i = 0;

	for (; i < s->n; i++) {
		unsigned d = hex_digit(s->p[i]);

		if (d > 15)
			break;
		if (v >> 60)
			return false;
		v = v << 4 | d;
	}
	if (!i)
		return false;
	*out = v;
	*s = span_skip(*s, i);
	return true;
}

/* Takes a sign off the front. */
static bool eat_sign(struct pd_span *s)
{
	bool minus = s->n && s->p[0] == '-';

	if (s->n && (minus || s->p[0] == '+'))
		*s = span_skip(*s, 1);
	return minus;
}

static bool with_sign(uint64_t magnitude, bool minus, int64_t *out)
{
	if (magnitude > (uint64_t)INT64_MAX + (minus ? 1 : 0))
		return false;
	*out = minus ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
	return true;
}

bool span_i64(struct pd_span s, int64_t *out)
{
	bool minus = eat_sign(&s);
	uint64_t v;

	return span_u64(s, &v) && with_sign(v, minus, out);
}

/* Digits of the fraction behind the point, without trailing zeros; false when anything but digits stands there. */
static bool split_number(struct pd_span s, bool *minus, struct pd_span *whole, struct pd_span *fraction)
{
	*minus = eat_sign(&s);
	if (span_cut(&s, '.', whole))
		*fraction = s;
	else {
		*whole = s;
		*fraction = (struct pd_span){ s.p, 0 };
	}
	if (!whole->n && !fraction->n)
		return false;
	for (size_t i = 0; i < fraction->n; i++)
		if (fraction->p[i] < '0' || fraction->p[i] > '9')
			return false;
	while (fraction->n && fraction->p[fraction->n - 1] == '0')
		fraction->n--;
	return true;
}

static bool put_together(struct pd_span whole, struct pd_span fraction, unsigned decimals, uint64_t *out)
{
	uint64_t v = 0;

	if (whole.n && !span_u64(whole, &v))
		return false;
	for (unsigned i = 0; i < decimals; i++) {
		unsigned d = i < fraction.n ? (unsigned)(fraction.p[i] - '0') : 0;

		if (pd_mul_overflow(v, (uint64_t)10, &v) || pd_add_overflow(v, (uint64_t)d, &v))
			return false;
	}
	*out = v;
	return true;
}

bool span_decimal(struct pd_span s, int64_t *value, unsigned *decimals)
{
	struct pd_span whole, fraction;
	uint64_t v;
	bool minus;

	if (!split_number(s, &minus, &whole, &fraction) || fraction.n > 18 ||
	    !put_together(whole, fraction, (unsigned)fraction.n, &v) || !with_sign(v, minus, value))
		return false;
	*decimals = (unsigned)fraction.n;
	return true;
}

bool span_fixed(struct pd_span s, unsigned decimals, int64_t *value)
{
	struct pd_span whole, fraction;
	uint64_t v;
	bool minus;

	return decimals <= 18 && split_number(s, &minus, &whole, &fraction) &&
	       put_together(whole, fraction, decimals, &v) && with_sign(v, minus, value);
}

bool span_real(struct pd_span s, double *out)
{
	char text[400], *end;
	locale_t c;
	double v;

	if (!s.n || s.n >= sizeof text || span_is_blank(s.p[0]))
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!memchr("0123456789+-.eE", s.p[i], 15)) /* no hexadecimal, inf or nan */
			return false;
	memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	c = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0);
	if (c == (locale_t)0)
		return false;
	v = strtod_l(text, &end, c);
	freelocale(c);
	if (*end || !isfinite(v))
		return false;
	*out = v;
	return true;
}

bool span_utf8(struct pd_span s)
{
	const unsigned char *p = (const unsigned char *)s.p, *end = p + s.n;

	while (p < end) {
		unsigned c = *p, extra;

		if (c < 0x80) {
			p++;
			continue;
		}
		if (c < 0xc2 || c > 0xf4)
			return false;
		extra = c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
		if ((size_t)(end - p) <= extra)
			return false;
		for (unsigned i = 1; i <= extra; i++)
			if ((p[i] & 0xc0) != 0x80)
				return false;
		if ((c == 0xe0 && p[1] < 0xa0) || (c == 0xed && p[1] > 0x9f) || (c == 0xf0 && p[1] < 0x90) ||
		    (c == 0xf4 && p[1] > 0x8f))
			return false;
		p += extra + 1;
	}
	return true;
}
