/* Heap, contention and thread profiles as text, of C++ and of Java. */
#include "gperftools/legacy.h"
#include "base/compiler.h"
#include "common/heap_text.h"

#define JAVA_RATE 524288

/* Does a line begin what follows the records? Then the rest of the input is taken. */
static bool tail(struct legacy *g, struct pd_span line, enum pd_status *status)
{
	if (!(g->java ? legacy_place_line(g, line) : legacy_maps_begin(line)))
		return false;
	while (*status == PD_OK && pd_source_line(g->src, &line))
		if (!(g->java ? legacy_place_line(g, line) : legacy_map_line(g, line)) && span_trim(line).n)
			*status = pd_note(g->sink, g->src, "lines that are nothing of a memory map skipped");
	return true;
}

static enum pd_status over(struct legacy *g, enum pd_status status)
{
	return status == PD_OK ? pd_source_status(g->src) : status;
}

/* ---- heap ---- */

bool legacy_heap_header(struct pd_span line, int64_t v[4], int64_t *rate)
{
	static const char *const whole[] = { "heapprofile", "growthz", "growth", "fragmentationz", "fragmentation" };
	struct pd_span kind;
	uint64_t n;

	line = span_rtrim(line);
	if (!span_eat(&line, "heap profile:") || !pd_heap_numbers(line, v, &kind))
		return false;
	*rate = 1;
	for (size_t i = 0; i < sizeof whole / sizeof *whole; i++)
		if (span_is(kind, whole[i]))
			return true;
	if ((!span_eat(&kind, "heapz_v2/") && !span_eat(&kind, "heap_v2/")) || !span_u64(kind, &n) || n > INT64_MAX)
		return false;
	*rate = (int64_t)n;
	return true;
}

static enum pd_status heap_record(struct legacy *g, struct pd_span line, bool both, int64_t rate)
{
	struct legacy_record *r = legacy_record(g);
	int64_t v[4];

	if (!r)
		return PD_OK;
	if (!pd_heap_numbers(line, v, &line) || !legacy_addresses(g, line))
		return pd_fail(g->sink, g->src, "not a record of a heap profile, expected 'N: BYTES [N: BYTES] @ 0x...'");
	r->bytes = v[0] ? v[1] / v[0] : v[2] ? v[3] / v[2] : 0;
	pd_heap_unsample(&v[0], &v[1], rate);
	pd_heap_unsample(&v[2], &v[3], rate);
	memcpy(r->v, both ? &v[2] : &v[0], 2 * sizeof *v);
	memcpy(r->v + 2, &v[0], 2 * sizeof *v);
	return PD_OK;
}

enum pd_status legacy_heap_read(struct legacy *g)
{
	enum pd_status status = PD_OK;
	struct pd_span line;
	int64_t v[4] = { 0 }, rate = 1;
	bool both;

	if (!pd_source_line(g->src, &line) || !legacy_heap_header(line, v, &rate))
		return over(g, PD_OK);
	both = (v[2] || v[3]) && (v[0] != v[2] || v[1] != v[3]); /* else allocations were not counted */
	legacy_type(g, both ? "alloc_objects" : "objects", "count");
	legacy_type(g, both ? "alloc_space" : "space", "bytes");
	if (both) {
		legacy_type(g, "inuse_objects", "count");
		legacy_type(g, "inuse_space", "bytes");
	}
	legacy_period(g, "space", "bytes", rate);
	g->sizes = true;
	while (status == PD_OK && !g->nomem && pd_source_line(g->src, &line))
		if (span_trim(line).n && !tail(g, line, &status) && status == PD_OK)
			status = heap_record(g, line, both, rate);
	return over(g, status);
}

/* ---- contention, and Java's heap ---- */

struct attributes {
	uint64_t cycles; /* per second; 0 unknown */
	int64_t period;
	bool heap;       /* Java's heap: sizes and counts */
	pd_str unit;     /* of Java's delays */
};

static enum pd_status attribute(struct legacy *g, struct pd_span line, struct attributes *a)
{
	struct pd_span key, value = line;
	uint64_t n = 0;
	bool number;

	if (!span_cut(&value, '=', &key))
		return pd_note(g->sink, g->src, "lines that are nothing of a profile skipped");
	key = span_trim(key);
	value = span_trim(value);
	number = span_u64(value, &n) && n <= INT64_MAX / 1000000;
	if (span_is(key, "format") && span_is(value, "java"))
		g->java = true;
	else if (span_is(key, "cycles/second") && span_u64(value, &n))
		a->cycles = n;
	else if (span_is(key, "sampling period") && number && n)
		a->period = (int64_t)n;
	else if (span_is(key, "ms since reset") && number)
		pd_builder_meta(g->b)->duration_nanos = (int64_t)n * 1000000;
	else if (span_is(key, "resolution"))
		a->unit = pd_intern(g->b, value.p, value.n);
	else if (!span_is(key, "discarded samples"))
		return pd_note(g->sink, g->src, "settings of a profile that are not known");
	return PD_OK;
}

static enum pd_status row(struct legacy *g, struct pd_span line, int64_t v[2])
{
	struct pd_span a, b;

	if (!legacy_record(g))
		return PD_OK;
	if (span_word(&line, &a) && span_word(&line, &b) && span_i64(a, &v[0]) && span_i64(b, &v[1])) {
		line = span_ltrim(line);
		if (span_eat(&line, "@") && legacy_addresses(g, line))
			return PD_OK;
	}
	return pd_fail(g->sink, g->src, "not a record of this profile, expected 'VALUE COUNT @ 0x...'");
}

static void contention_values(const struct attributes *a, const int64_t v[2], struct legacy_record *r)
{
	double delay = (double)v[0] * (double)a->period;

	if (pd_mul_overflow(v[1], a->period, &r->v[0]))
		r->v[0] = INT64_MAX; /* nobody waits that often */
	if (a->cycles)
		delay /= (double)a->cycles / 1e9;
	else if (!a->unit.v)
		delay = (double)v[0]; /* the unit is not known: as it is, as pprof has it */
	r->v[1] = delay < 0x1p63 && delay > -0x1p63 ? (int64_t)delay : INT64_MAX;
}

static void heap_values(const int64_t v[2], struct legacy_record *r)
{
	r->v[0] = v[1];
	r->v[1] = v[0];
	r->bytes = v[1] ? v[0] / v[1] : 0;
	pd_heap_unsample(&r->v[0], &r->v[1], JAVA_RATE);
}

enum pd_status legacy_contention_read(struct legacy *g)
{
	struct attributes a = { .period = 1 };
	enum pd_status status = PD_OK;
	struct pd_span line;
	int64_t v[2];

	if (!pd_source_line(g->src, &line))
		return over(g, PD_OK);
	a.heap = span_starts(line, "--- heapz ");
	while (status == PD_OK && !g->nomem && pd_source_line(g->src, &line)) {
		line = span_trim(line);
		if (!line.n || (line.p[0] == '#' && !g->java) || tail(g, line, &status))
			continue;
		if (line.p[0] != '-' && (line.p[0] < '0' || line.p[0] > '9')) {
			status = attribute(g, line, &a);
			continue;
		}
		status = row(g, line, v);
		if (status != PD_OK || g->nomem)
			break;
		if (a.heap)
			heap_values(v, &g->record.v[g->record.n - 1]);
		else
			contention_values(&a, v, &g->record.v[g->record.n - 1]);
	}
	legacy_type(g, a.heap ? "inuse_objects" : "contentions", "count");
	legacy_type(g, a.heap ? "inuse_space" : "delay", a.heap ? "bytes" : g->java && a.unit.v ? pd_builder_string(g->b, a.unit).p : "nanoseconds");
	if (!a.heap)
		legacy_period(g, "contentions", "count", a.period);
	g->sizes = a.heap;
	g->exact_leaf = g->exact_callers = g->java;
	return over(g, status);
}

/* ---- threads ---- */

/* Every "0x..." of a line is a frame. */
static void thread_addresses(struct legacy *g, struct pd_span line)
{
	const char *hit;

	while ((hit = span_search(line, SPAN("0x"))) != NULL) {
		uint64_t pc;

		line = span_between(hit + 2, line.p + line.n);
		if (span_eat_hex(&line, &pc))
			legacy_address(g, pc);
	}
}

enum pd_status legacy_threads_read(struct legacy *g)
{
	enum pd_status status = PD_OK;
	struct pd_span line;
	bool open = false;

	legacy_type(g, "thread", "count");
	legacy_period(g, "thread", "count", 1);
	g->exact_leaf = true;
	while (status == PD_OK && !g->nomem && pd_source_line(g->src, &line)) {
		if (tail(g, line, &status) || span_starts(line, "---- no stack trace for"))
			break;
		if (span_starts(line, "--- Thread ")) {
			struct legacy_record *r = legacy_record(g);

			open = r != NULL;
			if (r)
				r->v[0] = 1;
		} else if (span_starts(line, "---")) {
			open = false;
		} else if (open && span_search(line, SPAN("same as previous thread"))) {
			g->record.n--; /* the empty one just begun */
			if (g->record.n)
				g->record.v[g->record.n - 1].v[0]++;
			open = false;
		} else if (open) {
			thread_addresses(g, line);
		}
	}
	while (status == PD_OK && pd_source_line(g->src, &line)) /* behind "no stack trace": perhaps the map */
		tail(g, line, &status);
	legacy_drop_double_leaf(g);
	return over(g, status);
}
