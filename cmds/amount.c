/* Numbers with units as people read them. */
#include "cmd.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static bool is_one_of(const char *unit, size_t n, const char *const *names)
{
	for (; *names; names++)
		if (strlen(*names) == n && !memcmp(*names, unit, n))
			return true;
	return false;
}

const char *cmd_amount(char *buf, size_t size, double v, struct pd_span unit)
{
	static const char *const seconds[] = { "seconds", "cpu-seconds", "s", NULL }, *const nanos[] = { "nanoseconds", "ns", NULL };
	static const char *const bytes[] = { "bytes", "B", NULL };
	static const struct { const char *name; double scale; } times[] = { { "s", 1 }, { "ms", 1e-3 }, { "us", 1e-6 }, { "ns", 1e-9 } };
	static const struct { const char *name; double scale; } sizes[] = { { "TB", 1e12 }, { "GB", 1e9 }, { "MB", 1e6 }, { "kB", 1e3 }, { "B", 1 } };
	bool is_time = is_one_of(unit.p, unit.n, seconds) || is_one_of(unit.p, unit.n, nanos), is_size = is_one_of(unit.p, unit.n, bytes);
	size_t i = 0;

	if (is_one_of(unit.p, unit.n, nanos))
		v *= 1e-9;
	if (!isfinite(v))
		snprintf(buf, size, "%s", isnan(v) ? "?" : v > 0 ? "inf" : "-inf");
	else if (v == 0 || (!is_time && !is_size))
		snprintf(buf, size, fabs(v) < 1e15 && v == floor(v) ? "%.0f" : "%.4g", v);
	else if (is_time) {
		while (i + 1 < sizeof(times) / sizeof(*times) && fabs(v) < times[i].scale)
			i++;
		snprintf(buf, size, fabs(v) >= 1e4 ? "%.0f%s" : "%.4g%s", v / times[i].scale, times[i].name);
	} else {
		while (i + 1 < sizeof(sizes) / sizeof(*sizes) && fabs(v) < sizes[i].scale)
			i++;
		snprintf(buf, size, "%.4g%s", v / sizes[i].scale, sizes[i].name);
	}
	return buf;
}
