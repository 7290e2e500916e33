/* Durations, counts and times of day for people. */
#include "common/json_write.h"
#include "heatmap/heatmap.h"

#include <stdio.h>
#include <time.h>

size_t heatmap_seconds(char *buf, uint64_t ns)
{
	size_t n = pd_put_u64(buf, ns / 1000000000);
	unsigned part = (unsigned)(ns % 1000000000);

	if (part) {
		n += (size_t)snprintf(buf + n, 12, ".%09u", part);
		while (buf[n - 1] == '0')
			n--;
	}
	buf[n] = '\0';
	return n;
}

size_t heatmap_duration(char *buf, uint64_t ns)
{
	static const struct {
		uint64_t size;
		const char *name;
	} units[] = { { 86400000000000, " d" }, { 3600000000000, " h" }, { 60000000000, " min" }, { 1000000000, " s" }, { 1000000, " ms" }, { 1000, " us" } };
	size_t n;

	for (size_t i = 0; i < PD_ARRAY_LEN(units); i++) {
		bool long_one = units[i].size >= 3600000000000 && ns / units[i].size >= 10;

		if (ns < units[i].size || (units[i].size > 1000000000 && ns % units[i].size && !long_one)) /* 90 s, not 1.5 min */
			continue;
		n = svg_number(buf, (double)ns / (double)units[i].size, 3);
		memcpy(buf + n, units[i].name, strlen(units[i].name) + 1);
		return n + strlen(units[i].name);
	}
	n = pd_put_u64(buf, ns);
	memcpy(buf + n, " ns", 4);
	return n + 3;
}

size_t heatmap_count(char *buf, uint64_t n, const char *one)
{
	char digits[24];
	size_t len = pd_put_u64(digits, n), at = 0;

	for (size_t i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			buf[at++] = ',';
		buf[at++] = digits[i];
	}
	return at + (size_t)snprintf(buf + at, HEATMAP_TEXT - 32, " %s%s", one, n == 1 ? "" : "s");
}

size_t heatmap_clock(const struct heatmap *h, char *buf, uint64_t offset, bool date)
{
	time_t t;
	struct tm tm;

	buf[0] = '\0';
	if (!h->m->clock || offset > INT64_MAX - (uint64_t)h->m->clock)
		return 0;
	t = (time_t)(((uint64_t)h->m->clock + offset) / 1000000000);
	return gmtime_r(&t, &tm) ? strftime(buf, HEATMAP_TEXT, date ? "%Y-%m-%d %H:%M:%S UTC" : "%H:%M:%S", &tm) : 0;
}
