/*
 * Units of measured values: which belong together, how a value is scaled and
 * printed. The rules are pprof's (two decimals, ".00" cut off, the largest unit
 * that leaves at least 1), so that reports look the same. Two holes of its table
 * are closed: microseconds written with a mu, and minutes, which are understood
 * but never chosen, because nobody expects "2min" where pprof prints "120s".
 */
#include "xform/units.h"
#include <math.h>

struct unit {
	const char *name;     /* as printed */
	const char *alias[4]; /* lower case, singular */
	double factor;        /* in base units */
	bool asked_only;      /* not for automatic scaling */
};

struct family {
	const char *base; /* unit for values too small for any other */
	double base_factor;
	const struct unit *unit;
	size_t n;
};

static const struct unit memory_units[] = {
	{ "B", { "b", "byte" }, 1, false },
	{ "kB", { "kb", "kbyte", "kilobyte" }, 0x1p10, false },
	{ "MB", { "mb", "mbyte", "megabyte" }, 0x1p20, false },
	{ "GB", { "gb", "gbyte", "gigabyte" }, 0x1p30, false },
	{ "TB", { "tb", "tbyte", "terabyte" }, 0x1p40, false },
	{ "PB", { "pb", "pbyte", "petabyte" }, 0x1p50, false },
};

static const struct unit time_units[] = {
	{ "ns", { "ns", "nanosecond" }, 1, false },
	{ "us", { "us", "microsecond", "\xce\xbcs", "\xc2\xb5s" }, 1e3, false },
	{ "ms", { "ms", "millisecond" }, 1e6, false },
	{ "s", { "s", "sec", "second" }, 1e9, false },
	{ "min", { "min", "minute" }, 60e9, true },
	{ "hrs", { "hr", "hour" }, 3600e9, false },
};

static const struct unit gcu_units[] = {
	{ "n*GCU", { "nanogcu" }, 1e-9, false },
	{ "u*GCU", { "microgcu" }, 1e-6, false },
	{ "m*GCU", { "milligcu" }, 1e-3, false },
	{ "GCU", { "gcu" }, 1, false },
	{ "k*GCU", { "kilogcu" }, 1e3, false },
	{ "M*GCU", { "megagcu" }, 1e6, false },
	{ "G*GCU", { "gigagcu" }, 1e9, false },
	{ "T*GCU", { "teragcu" }, 1e12, false },
	{ "P*GCU", { "petagcu" }, 1e15, false },
};

static const struct family families[] = {
	{ "B", 1, memory_units, PD_ARRAY_LEN(memory_units) },
	{ "s", 1e9, time_units, PD_ARRAY_LEN(time_units) },
	{ "GCU", 1, gcu_units, PD_ARRAY_LEN(gcu_units) },
};

/* Lower case, plural "s" removed from names of more than two characters. */
static bool normalize(const char *text, char *out, size_t room)
{
	size_t n = 0, chars = 0;

	for (; text[n]; n++) {
		unsigned char c = (unsigned char)text[n];

		if (n + 1 == room)
			return false; /* longer than any unit */
		out[n] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
		chars += (c & 0xc0) != 0x80;
	}
	if (chars > 2 && out[n - 1] == 's')
		n--;
	out[n] = 0;
	return true;
}

static const struct unit *find_unit(const struct family *f, const char *text)
{
	char name[24];

	if (!normalize(text, name, sizeof(name)))
		return NULL;
	for (size_t i = 0; i < f->n; i++) {
		for (size_t k = 0; k < PD_ARRAY_LEN(f->unit[i].alias) && f->unit[i].alias[k]; k++) {
			if (strcmp(f->unit[i].alias[k], name) == 0)
				return &f->unit[i];
		}
	}
	return NULL;
}

/* The largest unit that leaves at least 1. */
static const struct unit *auto_unit(const struct family *f, double base_value)
{
	const struct unit *best = NULL;

	for (size_t i = 0; i < f->n; i++) {
		if (!f->unit[i].asked_only && base_value / f->unit[i].factor >= 1.0)
			best = &f->unit[i];
	}
	return best;
}

static bool is_auto(const char *to)
{
	return strcmp(to, "minimum") == 0 || strcmp(to, "auto") == 0;
}

/* Units that say nothing a reader would miss. */
static bool is_plain(const char *to)
{
	return is_auto(to) || strcmp(to, "count") == 0 || strcmp(to, "sample") == 0 || strcmp(to, "unit") == 0;
}

static double scale_positive(double value, const char *unit, const char *to, const char **out_unit)
{
	for (size_t i = 0; i < PD_ARRAY_LEN(families); i++) {
		const struct family *f = &families[i];
		const struct unit *from = find_unit(f, unit), *target;

		if (!from)
			continue;
		value *= from->factor;
		target = is_auto(to) ? auto_unit(f, value) : find_unit(f, to);
		*out_unit = target ? target->name : f->base;
		return value / (target ? target->factor : f->base_factor);
	}
	*out_unit = is_plain(to) ? "" : to;
	return value;
}

/* `lone`: the smallest integer, which has no positive twin and in pprof keeps its base unit. */
static double scale_real(double value, bool lone, const char *unit, const char *to, const char **out_unit)
{
	unit = unit ? unit : "";
	to = to ? to : "";
	if (value < 0 && !lone)
		return -scale_positive(-value, unit, to, out_unit);
	return scale_positive(value, unit, to, out_unit);
}

double pd_scale_value(int64_t value, const char *unit, const char *to, const char **out_unit)
{
	return scale_real((double)value, value == INT64_MIN, unit, to, out_unit);
}

bool pd_units_compatible(const char *a, const char *b)
{
	a = a ? a : "";
	b = b ? b : "";
	if (strcmp(a, b) == 0)
		return true;
	for (size_t i = 0; i < PD_ARRAY_LEN(families); i++) {
		if (find_unit(&families[i], a) && find_unit(&families[i], b))
			return true;
	}
	return false;
}

bool pd_unit_ratio(const char *coarse, const char *fine, int64_t *times)
{
	*times = 1;
	if (strcmp(coarse, fine) == 0)
		return true;
	for (size_t i = 0; i < PD_ARRAY_LEN(families); i++) {
		const struct unit *a = find_unit(&families[i], coarse), *b = find_unit(&families[i], fine);
		double ratio = a && b ? nearbyint(a->factor / b->factor) : 0;

		if (ratio < 1 || ratio > 0x1p62 || fabs(ratio * b->factor / a->factor - 1) > 1e-9)
			continue;
		*times = (int64_t)ratio;
		return true;
	}
	return false;
}

/* The caller of the library may have set a locale with a decimal comma. */
static void want_point(char *text)
{
	for (; *text; text++) {
		if (*text == ',')
			*text = '.';
	}
}

static void format_real(char *buf, size_t n, double value, bool lone, const char *unit, const char *to)
{
	char digits[352];
	size_t len;

	value = scale_real(value, lone, unit, to, &unit);
	len = (size_t)snprintf(digits, sizeof(digits), "%.2f", value);
	want_point(digits);
	if (len > 3 && strcmp(digits + len - 3, ".00") == 0)
		digits[len - 3] = 0;
	if (strcmp(digits, "0") == 0 || strcmp(digits, "-0") == 0)
		snprintf(buf, n, "0");
	else
		snprintf(buf, n, "%s%s", digits, unit);
}

void pd_format_value(char *buf, size_t n, int64_t value, const char *unit, const char *to)
{
	format_real(buf, n, (double)value, value == INT64_MIN, unit, to);
}

int64_t pd_cut_real(double v)
{
	return v >= -0x1p63 && v < 0x1p63 ? (int64_t)v : INT64_MIN;
}

void pd_format_amount(char *buf, size_t n, int64_t value, const struct pd_amount *how)
{
	double real;

	if (how->ratio > 0 && how->ratio != 1)
		value = pd_cut_real((double)value * how->ratio);
	real = (double)value;
	if (how->decimals)
		real /= pow(10, how->decimals);
	format_real(buf, n, real, value == INT64_MIN, how->unit, how->to);
}

void pd_format_percent(char *buf, size_t n, int64_t value, int64_t total)
{
	double ratio = total ? (double)value / (double)total * 100 + 0.0 : 0, size = fabs(ratio);

	if (size >= 99.95 && size <= 100.05)
		snprintf(buf, n, "%5.0f%%", ratio);
	else if (size >= 1.0)
		snprintf(buf, n, "%5.2f%%", ratio);
	else
		snprintf(buf, n, "%5.2g%%", ratio);
	want_point(buf);
}
