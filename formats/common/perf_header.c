/* Header lines of perf script, see perf_header.h. */
#include "common/perf_header.h"

#define TID_WIDTH 5u      /* %5d */
#define PERIOD_WIDTH 10u  /* %10lu */
#define COMM_WIDTH 16u    /* %16s when the event has no call chains */
#define COMM_MAX 15u      /* what the kernel keeps of a name */
#define TID_DIGITS 7u     /* the kernel's largest thread id is 4194304 */

static bool is_digit(char c)
{
	return (unsigned)(unsigned char)c - '0' <= 9;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* All of [p, end) as a number; optional '-', at most 18 digits. */
static bool number(const char *p, const char *end, int64_t *out)
{
	bool minus = p < end && *p == '-';
	uint64_t v = 0;

	p += minus;
	if (p == end || end - p > 18)
		return false;
	do {
		unsigned d = (unsigned)(unsigned char)*p - '0';

		if (d > 9)
			return false;
		v = v * 10 + d;
	} while (++p < end);
	*out = minus ? -(int64_t)v : (int64_t)v;
	return true;
}

static const char *back_over_blanks(const char *start, const char *p)
{
	while (p > start && p[-1] == ' ')
		p--;
	return p;
}

static const char *back_over_word(const char *start, const char *p)
{
	while (p > start && p[-1] != ' ')
		p--;
	return p;
}

/* Names are padded to a width perf chose; what is left is exactly the name. */
static struct pd_span comm_of(const char *start, const char *end)
{
	struct pd_span c = { start, (size_t)(end - start) };

	if (c.n >= COMM_MAX)
		c.n = (size_t)(back_over_blanks(c.p, c.p + c.n) - c.p);
	if ((size_t)(end - start) >= COMM_MAX) {
		while (c.n && c.p[0] == ' ') {
			c.p++;
			c.n--;
		}
	}
	return c;
}

/* "COMM [PID/]TID" in [start, end), no blanks at the end. */
static bool thread_columns(const char *start, const char *end, struct pd_perf_header *h)
{
	const char *word = back_over_word(start, end), *slash = memchr(word, '/', (size_t)(end - word)), *comm_end;
	size_t digits = (size_t)((slash ? slash : end) - word), pad = digits < TID_WIDTH ? TID_WIDTH - digits : 0;

	if (slash ? !number(word, slash, &h->pid) || !number(slash + 1, end, &h->tid) : !number(word, end, &h->tid))
		return false;
	h->has_pid = slash != NULL;
	h->has_tid = true;
	h->who = (struct pd_span){ start, (size_t)(end - start) };
	comm_end = back_over_blanks(start, word);
	if (comm_end == word) {
		h->has_comm = false; /* the line begins with the number */
		return true;
	}
	/* blanks of the name itself stand before one separating blank and the padding of the number */
	if ((size_t)(word - comm_end) > pad + 1)
		comm_end = word - pad - 1;
	h->comm = comm_of(start, comm_end);
	h->has_comm = true;
	return true;
}

/* Takes "[003]" off the end. */
static const char *cpu_column(const char *start, const char *end, struct pd_perf_header *h)
{
	const char *p = end;

	if (p == start || p[-1] != ']')
		return end;
	while (--p > start && is_digit(p[-1]))
		;
	if (p == start || p[-1] != '[' || end - 1 - p < 3 || !number(p, end - 1, &h->cpu))
		return end;
	if (p - 1 > start && p[-2] != ' ')
		return end;
	h->has_cpu = true;
	return back_over_blanks(start, p - 1);
}

static bool is_misc(const char *p, const char *end)
{
	if (p == end || end - p > 6)
		return false;
	for (; p < end; p++)
		if (!strchr("KUHGgMESp", *p))
			return false;
	return true;
}

/* "2026-11-22 21:37:55.950224" */
static bool is_time_of_day(const char *p)
{
	static const char shape[] = "dddd-dd-dd dd:dd:dd.dddddd";

	for (size_t i = 0; i < sizeof(shape) - 1; i++)
		if (shape[i] == 'd' ? !is_digit(p[i]) : p[i] != shape[i])
			return false;
	return true;
}

/* Everything left of the time. */
static bool left_columns(const char *start, const char *end, struct pd_perf_header *h)
{
	const char *p = back_over_blanks(start, end), *word;

	if (p - start >= 26 && is_time_of_day(p - 26) && (p - start == 26 || p[-27] == ' '))
		p = back_over_blanks(start, p - 26);
	word = back_over_word(start, p);
	if (word > start && is_misc(word, p))
		p = back_over_blanks(start, word);
	p = cpu_column(start, p, h);
	if (p == start) {
		h->who = (struct pd_span){ start, 0 };
		return true; /* the time is the first column */
	}
	if (thread_columns(start, p, h))
		return true;
	if ((size_t)(p - start) > COMM_WIDTH)
		return false;
	h->comm = comm_of(start, p);
	h->has_comm = true;
	h->who = (struct pd_span){ start, (size_t)(p - start) };
	return true;
}

/* First ':' that a blank or the end follows, or NULL. */
static const char *colon(const char *p, const char *end)
{
	while (p < end && (p = memchr(p, ':', (size_t)(end - p)))) {
		if (p + 1 == end || is_blank(p[1]))
			return p;
		p++;
	}
	return NULL;
}

/* Everything right of the time: "PERIOD EVENT: REST". */
static bool right_columns(const char *p, const char *end, struct pd_perf_header *h)
{
	const char *from, *q, *c;

	while (p < end && *p == ' ')
		p++;
	from = p;
	h->rest = (struct pd_span){ p, (size_t)(end - p) };
	if (p == end)
		return true;
	if (end - p >= 12 && memcmp(p, "PERF_RECORD_", 12) == 0) {
		h->is_record = true;
		return true;
	}
	for (q = p; q < end && is_digit(*q); q++)
		;
	if (q > p && (q == end || *q == ' ')) {
		if (!number(p, q, &h->period))
			return false;
		h->has_period = true;
		for (p = q; p < end && *p == ' ';)
			p++;
	}
	c = p < end ? colon(p, end) : NULL;
	if (c && c > p) {
		h->event = (struct pd_span){ p, (size_t)(c - p) };
		h->rest = (struct pd_span){ c + 1, (size_t)(end - c - 1) };
	} else if (p < end) {
		h->has_period = false; /* no event: those digits began an address */
		h->rest = (struct pd_span){ from, (size_t)(end - from) };
	} else {
		h->rest = (struct pd_span){ end, 0 };
	}
	return true;
}

/* Is the '.' at `dot` that of "SECS.FRAC: "? Sets where the number begins, where the text goes on, and the time. */
static bool time_at(const char *start, const char *dot, const char *end, const char **from, const char **behind, int64_t *ns)
{
	const char *p = dot, *q = dot + 1;
	int64_t sec, frac;

	while (p > start && is_digit(p[-1]) && dot - p < 11)
		p--;
	if (p == dot || (p > start && p[-1] != ' '))
		return false;
	while (q < end && is_digit(*q) && q - dot <= 9)
		q++;
	if ((q - dot != 7 && q - dot != 10) || q == end || *q != ':' || (q + 1 < end && q[1] != ' '))
		return false;
	if (!number(p, dot, &sec) || !number(dot + 1, q, &frac))
		return false;
	*from = p;
	*behind = q + 1;
	/* sums of off-CPU time are written with times no clock shows, so that they sort behind all else */
	*ns = sec > INT64_MAX / 1000000000 - 1 ? PD_PERF_NO_TIME : sec * 1000000000 + (q - dot == 7 ? frac * 1000 : frac);
	return true;
}

static uint64_t distance(int64_t a, int64_t b)
{
	return a < b ? (uint64_t)b - (uint64_t)a : (uint64_t)a - (uint64_t)b;
}

/* A header whose anchor is the time: of several the last one, or the one whose time fits the neighbour. */
static bool parse_timed(const char *start, const char *end, int64_t near, struct pd_perf_header *out)
{
	const char *dot = start, *from, *behind;
	bool found = false;

	while (dot < end && (dot = memchr(dot, '.', (size_t)(end - dot)))) {
		struct pd_perf_header h = { .has_time = true };

		if (time_at(start, dot, end, &from, &behind, &h.time) && left_columns(start, from, &h) && right_columns(behind, end, &h) &&
		    (!found || near == PD_PERF_NO_TIME || distance(h.time, near) < distance(out->time, near))) {
			*out = h;
			out->has_time = h.time != PD_PERF_NO_TIME;
			found = true;
		}
		dot++;
	}
	return found;
}

/* "COMM TID [CPU]   PERIOD" in [start, end): is the last number a period or the thread? Its width tells. */
static bool untimed_left(const char *start, const char *end, struct pd_perf_header *h)
{
	const char *p = back_over_blanks(start, end), *word, *before;
	size_t digits;

	p = cpu_column(start, p, h);
	if (p == start)
		return false;
	word = back_over_word(start, p);
	before = back_over_blanks(start, word);
	digits = (size_t)(p - word);
	if (!h->has_cpu && before > start && before < word && number(word, p, &h->period) && h->period >= 0 &&
	    ((size_t)(p - before) > PERIOD_WIDTH || digits > TID_DIGITS || before[-1] == ']')) {
		struct pd_perf_header t = *h;

		before = cpu_column(start, before, &t);
		if (before > start && thread_columns(start, before, &t)) {
			t.has_period = true;
			*h = t;
			return true;
		}
	}
	h->period = 0;
	return thread_columns(start, p, h);
}

static bool parse_untimed(const char *start, const char *end, struct pd_perf_header *out)
{
	const char *c = start, *event;

	while ((c = colon(c, end))) {
		struct pd_perf_header h = { 0 };

		event = back_over_word(start, c);
		if (event > start && event < c && untimed_left(start, event, &h)) {
			h.event = (struct pd_span){ event, (size_t)(c - event) };
			h.rest = (struct pd_span){ c + 1, (size_t)(end - c - 1) };
			*out = h;
			return true;
		}
		c++;
	}
	return false;
}

bool pd_perf_header_parse(struct pd_span line, int64_t near, struct pd_perf_header *out)
{
	const char *end = line.p + line.n, *record;

	if (!line.n || line.p[0] == '\t')
		return false;
	if (parse_timed(line.p, end, near, out) || parse_untimed(line.p, end, out))
		return true;
	/* records of recordings without time */
	record = memmem(line.p, line.n, "PERF_RECORD_", 12);
	*out = (struct pd_perf_header){ .is_record = true };
	if (!record || (record > line.p && record[-1] != ' '))
		return false;
	out->rest = (struct pd_span){ record, (size_t)(end - record) };
	record = back_over_blanks(line.p, record);
	return record == line.p || thread_columns(line.p, record, out);
}

bool pd_perf_header_loose(struct pd_span line, struct pd_perf_header *out)
{
	const char *end = back_over_blanks(line.p, line.p + line.n), *p;

	*out = (struct pd_perf_header){ 0 };
	p = cpu_column(line.p, end, out);
	if (p > line.p && thread_columns(line.p, p, out))
		return true;
	if (line.n > COMM_WIDTH + 1 || end == line.p + line.n) /* "COMM " */
		return false;
	out->comm = comm_of(line.p, line.p + line.n - 1);
	out->has_comm = true;
	out->who = out->comm;
	return true;
}

struct pd_span pd_perf_event_base(struct pd_span event)
{
	const char *c = event.n ? memrchr(event.p, ':', event.n) : NULL;

	if (!c || c == event.p || c + 1 == event.p + event.n)
		return event;
	for (const char *m = c + 1; m < event.p + event.n; m++)
		if (!strchr("ukhHGppPSDIeWbR", *m))
			return event;
	return (struct pd_span){ event.p, (size_t)(c - event.p) };
}

bool pd_perf_is_tracepoint(struct pd_span event)
{
	struct pd_span base = pd_perf_event_base(event);

	return base.n && memchr(base.p, ':', base.n) != NULL;
}
