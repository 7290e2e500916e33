#include "common/escape.h"
#include "common/json_write.h"
#include "common/svg.h"

#include <math.h>

static struct pd_span text_of(const struct svg_scene *s, pd_str id) { return pd_doc_string(s->doc, id); }

static bool span_is(struct pd_span s, const char *text) { return s.n == strlen(text) && !memcmp(s.p, text, s.n); }

struct unit_step { const char *name; double size; };

static const struct unit_step time_steps[] = { { "ns", 1 }, { "us", 1e3 }, { "ms", 1e6 }, { "s", 1e9 }, { "mins", 60e9 }, { "hrs", 3600e9 }, { NULL, 0 } };
static const struct unit_step byte_steps[] = { { "B", 1 }, { "kB", 1024 }, { "MB", 1048576 }, { "GB", 1073741824 }, { "TB", 1099511627776 }, { NULL, 0 } };

/* The steps of a unit and what one of it is in the smallest; NULL when it does not scale. */
static const struct unit_step *steps_of(struct pd_span unit, double *size)
{
	static const struct { const char *name; double size; bool bytes; } known[] = {
		{ "nanoseconds", 1, false }, { "ns", 1, false }, { "microseconds", 1e3, false }, { "us", 1e3, false },
		{ "milliseconds", 1e6, false }, { "ms", 1e6, false }, { "seconds", 1e9, false }, { "s", 1e9, false },
		{ "bytes", 1, true }, { "byte", 1, true }, { "B", 1, true }, { "kilobytes", 1024, true }, { "kB", 1024, true },
	};

	for (size_t i = 0; i < PD_ARRAY_LEN(known); i++)
		if (span_is(unit, known[i].name)) {
			*size = known[i].size;
			return known[i].bytes ? byte_steps : time_steps;
		}
	return NULL;
}

bool svg_known_unit(struct pd_span unit)
{
	double size;

	return steps_of(unit, &size);
}

bool svg_unit_scales(const struct svg_scene *s)
{
	double size;

	return !s->o->countname && steps_of(text_of(s, s->type.unit), &size);
}

struct pd_span svg_count_name(const struct svg_scene *s)
{
	struct pd_span type = text_of(s, s->type.type), unit = text_of(s, s->type.unit);

	if (s->o->countname)
		return (struct pd_span){ s->o->countname, strlen(s->o->countname) };
	if (unit.n && !span_is(unit, "count"))
		return unit;
	return type.n ? type : (struct pd_span){ "samples", 7 };
}

size_t svg_number(char *buf, double v, unsigned decimals)
{
	static const double scale[] = { 1, 10, 100, 1000, 10000 };
	double scaled = v * scale[decimals];

	if (!(fabs(scaled) < 9e18))
		return (size_t)snprintf(buf, 32, "%.6g", v);
	return pd_put_decimal(buf, (int64_t)llround(scaled), decimals);
}

/* Digits in groups of three. */
static size_t grouped(char *buf, const char *digits, size_t n)
{
	size_t whole = 0, at = 0, from = digits[0] == '-';

	while (from + whole < n && digits[from + whole] >= '0' && digits[from + whole] <= '9')
		whole++;
	if (from)
		buf[at++] = '-';
	for (size_t i = 0; i < whole; i++) {
		if (i && (whole - i) % 3 == 0)
			buf[at++] = ',';
		buf[at++] = digits[from + i];
	}
	memcpy(buf + at, digits + from + whole, n - from - whole);
	return at + n - from - whole;
}

static size_t scaled_value(const struct unit_step *step, double v, char *buf)
{
	size_t n;

	while (step[1].name && fabs(v) >= step[1].size)
		step++;
	n = svg_number(buf, v / step->size, 2);
	memcpy(buf + n, step->name, strlen(step->name));
	return n + strlen(step->name);
}

/* "sample" of "samples": what one of them is called. Short words may be units (ms), and not all that end in s are plurals (status). */
static struct pd_span one_of(struct pd_span name)
{
	size_t letters = 0;

	while (letters < name.n && (name.p[name.n - 1 - letters] | 0x20) >= 'a' && (name.p[name.n - 1 - letters] | 0x20) <= 'z')
		letters++;
	if (letters < 4 || name.p[name.n - 1] != 's' || strchr("sui", name.p[name.n - 2]))
		return name;
	name.n--;
	if (name.p[name.n - 1] == 'e' && (strchr("sx", name.p[name.n - 2]) || (name.p[name.n - 2] == 'h' && strchr("cs", name.p[name.n - 3]))))
		name.n--; /* misses, switches */
	else if (name.p[name.n - 1] == 'e' && name.p[name.n - 2] == 'i')
		name.n++; /* series, entries */
	return name;
}

size_t svg_value(const struct svg_scene *s, int64_t v, char *buf, size_t n)
{
	char text[400], digits[320];
	double size, value = (double)v * s->o->factor;
	const struct unit_step *step = s->o->countname ? NULL : steps_of(text_of(s, s->type.unit), &size);
	struct pd_span name = svg_count_name(s);
	size_t len, fit;
	bool all;

	for (unsigned i = 0; i < s->type.decimals; i++)
		value /= 10;
	if (step) {
		len = scaled_value(step, value * size, text);
	} else {
		len = s->o->factor == 1 ? pd_put_decimal(digits, v, s->type.decimals) : svg_number(digits, value, 4);
		len = grouped(text, digits, len);
	}
	if (len >= n)
		len = n - 1;
	memcpy(buf, text, len);
	if (len == 1 && text[0] == '1')
		name = one_of(name);
	if (!step && name.n && len + 2 < n) {
		buf[len++] = ' ';
		fit = svg_prefix(name, (n - 1 - len) / 4, &all);
		memcpy(buf + len, name.p, fit);
		len += fit;
	}
	buf[len] = '\0';
	return len;
}

/* Something is never shown as nothing. */
size_t svg_percent(const struct svg_scene *s, int64_t v, char *buf, size_t n)
{
	char text[64];
	double p = s->hundred > 0 ? (double)v / s->hundred * 100 : 0;
	size_t len = v && fabs(p) < 0.005 ? (size_t)snprintf(text, sizeof text, "<0.01") : svg_number(text, p, 2);

	text[len++] = '%';
	if (len >= n)
		len = n - 1;
	memcpy(buf, text, len);
	buf[len] = '\0';
	return len;
}

size_t svg_prefix(struct pd_span text, size_t chars, bool *all)
{
	size_t at = 0;

	while (at < text.n && chars > 0) {
		uint32_t cp;
		bool valid;

		at += esc_utf8_next(text.p + at, text.n - at, &cp, &valid);
		chars--;
	}
	*all = at == text.n;
	return at;
}
