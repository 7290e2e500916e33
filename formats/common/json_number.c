/* Numbers as JSON writes them: exact digits and a power of ten. */
#include "common/json_read.h"
#include <langinfo.h>
#include <math.h>

#define MAX_INTEGER 64  /* characters of a literal without point or exponent */
#define MAX_LITERAL 400

static const uint64_t ten_to[] = {
	1ull, 10ull, 100ull, 1000ull, 10000ull, 100000ull, 1000000ull, 10000000ull, 100000000ull, 1000000000ull,
	10000000000ull, 100000000000ull, 1000000000000ull, 10000000000000ull, 100000000000000ull, 1000000000000000ull,
	10000000000000000ull, 100000000000000000ull, 1000000000000000000ull, 10000000000000000000ull,
};

struct digits {
	uint64_t value;
	unsigned n;      /* significant ones in value */
	int32_t dropped; /* beyond the 19th, before the point */
	bool exact;
};

/* Adds the digits at p; `fraction` digits lower the exponent. Returns where they end. */
static const char *take_digits(const char *p, const char *end, bool fraction, struct digits *d, int32_t *exp10)
{
	for (; p < end && (unsigned)(*p - '0') < 10; p++) {
		unsigned c = (unsigned)(*p - '0');

		if (d->n < 19) {
			d->value = d->value * 10 + c;
			d->n += d->value != 0;
			*exp10 -= fraction;
		} else {
			d->exact &= c == 0;
			*exp10 += !fraction;
		}
	}
	return p;
}

static const char *take_exponent(const char *p, const char *end, int32_t *exp10)
{
	bool negative = false;
	int32_t e = 0;
	const char *first;

	p++;
	if (p < end && (*p == '+' || *p == '-'))
		negative = *p++ == '-';
	for (first = p; p < end && (unsigned)(*p - '0') < 10; p++)
		e = e < 100000 ? e * 10 + (*p - '0') : e;
	if (p == first)
		return NULL;
	*exp10 += negative ? -e : e;
	return p;
}

bool pd_number_parse(struct pd_span text, struct pd_number *out)
{
	struct digits d = { .exact = true };
	const char *p = text.p, *end = p + text.n, *first;
	int32_t exp10 = 0;

	out->text = text;
	out->negative = p < end && *p == '-';
	p += out->negative;
	first = p;
	p = take_digits(p, end, false, &d, &exp10);
	if (p == first || (*first == '0' && p > first + 1) || text.n > MAX_LITERAL || (p == end && text.n > MAX_INTEGER))
		return false;
	if (p < end && *p == '.') {
		first = ++p;
		p = take_digits(p, end, true, &d, &exp10);
		if (p == first)
			return false;
	}
	if (p < end && (*p == 'e' || *p == 'E')) {
		p = take_exponent(p, end, &exp10);
		if (!p)
			return false;
	}
	out->digits = d.value;
	out->exp10 = d.value ? exp10 : 0;
	out->exact = d.exact;
	return p == end;
}

/* digits × 10^shift; false when it does not fit 64 bits. */
static bool shifted(uint64_t digits, int64_t shift, uint64_t *out, bool *rounded)
{
	uint64_t unit;

	if (digits == 0 || shift == 0) {
		*out = digits;
		return true;
	}
	if (shift > 0)
		return shift < 20 && !pd_mul_overflow(digits, ten_to[shift], out);
	if (shift < -19) { /* below half of the last place, whatever the digits */
		*rounded = true;
		*out = 0;
		return true;
	}
	unit = ten_to[-shift];
	*out = digits / unit + (digits % unit >= unit - digits % unit);
	*rounded |= digits % unit != 0;
	return true;
}

bool pd_number_scaled(const struct pd_number *num, int shift, int64_t *out, bool *rounded)
{
	uint64_t abs;

	*rounded |= !num->exact;
	if (!shifted(num->digits, (int64_t)num->exp10 + shift, &abs, rounded))
		return false;
	if (abs > (uint64_t)INT64_MAX + num->negative)
		return false;
	*out = (int64_t)(num->negative ? 0 - abs : abs);
	return true;
}

bool pd_number_i64(const struct pd_number *num, int64_t *out)
{
	bool rounded = false;
	int64_t v;

	if (!pd_number_scaled(num, 0, &v, &rounded) || rounded)
		return false;
	*out = v;
	return true;
}

unsigned pd_number_decimals(const struct pd_number *num)
{
	uint64_t digits = num->digits;
	int32_t exp10 = num->exp10;

	while (exp10 < 0 && digits % 10 == 0) {
		digits /= 10;
		exp10 = digits ? exp10 + 1 : 0;
	}
	return exp10 < 0 ? (unsigned)-exp10 : 0;
}

double pd_number_double(const struct pd_number *num)
{
	char text[MAX_LITERAL + 8];
	char *point;
	size_t n = num->text.n;
	double v;

	if (num->exact && num->digits < 1ull << 53 && num->exp10 >= -19 && num->exp10 <= 19) {
		/* both operands are exact up to 10^22, so one rounding gives the nearest double */
		v = num->exp10 < 0 ? (double)num->digits / (double)ten_to[-num->exp10] : (double)num->digits * (double)ten_to[num->exp10];
		return num->negative ? -v : v;
	}
	if (n > MAX_LITERAL)
		return 0;
	memcpy(text, num->text.p, n);
	text[n] = 0;
	point = memchr(text, '.', n);
	if (point) /* strtod wants the point of the host program's locale */
		*point = *nl_langinfo(RADIXCHAR);
	return strtod(text, NULL);
}

bool pd_number_real(struct pd_span text, double *out)
{
	static const struct { const char *word; double value; } words[] = {
		{ "nan", NAN }, { "inf", INFINITY }, { "+inf", INFINITY }, { "-inf", -INFINITY },
		{ "infinity", INFINITY }, { "+infinity", INFINITY }, { "-infinity", -INFINITY },
	};
	struct pd_number num;

	if (pd_number_parse(text, &num) && num.text.n) {
		*out = pd_number_double(&num);
		return true;
	}
	for (size_t i = 0; i < PD_ARRAY_LEN(words); i++)
		if (strlen(words[i].word) == text.n && strncasecmp(words[i].word, text.p, text.n) == 0) {
			*out = words[i].value;
			return true;
		}
	return false;
}
