/*
 * Heat maps of samples over time. Everything is whole nanoseconds counted from
 * the origin, unsigned, so that the distance of any two times fits; a sample at
 * time t of its column is in row floor(t * rows / column), which makes
 * ceil(r * column / rows) the exact border of row r.
 */
#include "base/error.h"
#include "base/span.h"
#include "model/times.h"

#include <profdata/heat.h>

__extension__ typedef unsigned __int128 u128;

#define S 1000000000ull
#define MIN (60 * S)
#define HOUR (60 * MIN)
#define DAY (24 * HOUR)

#define FEW_COLUMNS 20   /* of a recording below 5 s, at least */
#define MANY_COLUMNS 600 /* of a long one, at most */

struct pd_heat {
	struct pd_heat_map map;
	uint32_t *samples;
	int64_t *value;
};

/* ---- sizes ---- */

/* Lengths that people count in, from below a day; days go on in steps of 1, 2, 5. */
static const uint64_t long_columns[] = { S, 2 * S, 5 * S, 10 * S, 15 * S, 30 * S, MIN, 2 * MIN, 5 * MIN, 10 * MIN, 15 * MIN, 30 * MIN,
					 HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY };

/* 1, 2, 5, 10, 20, ... times a unit: what follows the i-th one. */
static uint64_t next_step(uint64_t v, unsigned i) { return i % 3 == 1 ? v / 2 * 5 : v * 2; }

/* One second where that makes a readable map, less for short recordings, more for long ones. */
static uint64_t choose_column(uint64_t span)
{
	uint64_t least = span / MANY_COLUMNS + 1, v = 1;

	if (!span)
		return S;
	if (span < FEW_COLUMNS / 4 * S) {
		for (unsigned i = 0; next_step(v, i) <= span / FEW_COLUMNS; i++)
			v = next_step(v, i);
		return v;
	}
	for (size_t i = 0; i < PD_ARRAY_LEN(long_columns); i++)
		if (long_columns[i] >= least)
			return long_columns[i];
	v = DAY;
	for (unsigned i = 0; v < least; i++) /* least is below 2^55 */
		v = next_step(v, i);
	return v;
}

static uint32_t choose_rows(uint64_t column)
{
	uint32_t rows = column % DAY == 0 ? 48 : column % MIN == 0 ? 60 : 50;

	return column < rows ? (uint32_t)column : rows;
}

static uint64_t since(int64_t t, int64_t origin) { return (uint64_t)t - (uint64_t)origin; }

bool pd_heat_length(const char *text, uint64_t *ns)
{
	static const struct {
		const char *name;
		uint64_t nanos;
	} units[] = { { "", S }, { "ns", 1 }, { "us", 1000 }, { "ms", 1000000 }, { "s", S }, { "min", MIN },
		      { "m", MIN }, { "h", HOUR }, { "d", DAY } };
	struct pd_span s = span_of(text), number = s;
	int64_t value, scale = 1, product;
	unsigned decimals;

	while (number.n && ((number.p[number.n - 1] | 0x20) >= 'a' && (number.p[number.n - 1] | 0x20) <= 'z'))
		number.n--;
	s = span_skip(s, number.n);
	if (!span_decimal(span_trim(number), &value, &decimals) || value <= 0)
		return false;
	while (decimals--)
		scale *= 10;
	for (size_t i = 0; i < PD_ARRAY_LEN(units); i++) {
		if (!span_is(s, units[i].name) || pd_mul_overflow(value, units[i].nanos, &product) || product % scale)
			continue;
		*ns = (uint64_t)(product / scale);
		return true;
	}
	return false;
}

/* The stretch: as asked for, or that of the samples. False with *err when there is none. */
static bool find_stretch(struct pd_heat_map *m, const struct pd_heat_opts *o, const struct pd_times *times, struct pd_error *err)
{
	if (!o->has_stretch) {
		if (!pd_times_span(times, &m->from, &m->to)) {
			pd_error_set(err, PD_ERR_DATA, "nothing to draw: the profile has no samples");
			return false;
		}
		m->origin = m->from;
		return true;
	}
	m->origin = o->origin;
	m->from = o->from;
	m->to = o->to;
	if (o->origin <= o->from && o->from <= o->to)
		return true;
	pd_error_set(err, PD_ERR_USAGE, "the stretch of a heat map must not end before it begins");
	return false;
}

/*
 * Clocks of machines count from boot, which no recording reaches 2001 with; what is later is the time of day. Without
 * that, the start the header names is the time of the first sample.
 */
static int64_t clock_of(const struct pd_doc *doc, int64_t origin)
{
	const int64_t in_2001 = 1000000000 * (int64_t)S, start = pd_doc_meta(doc)->time_nanos;

	return origin >= in_2001 ? origin : start >= in_2001 ? start : 0;
}

static bool size_map(struct pd_heat_map *m, const struct pd_heat_opts *o, struct pd_error *err)
{
	uint64_t from = since(m->from, m->origin), to = since(m->to, m->origin), n;

	m->column = o->column ? o->column : choose_column(to - from);
	m->rows = o->rows ? o->rows : choose_rows(m->column);
	if (m->rows > m->column || m->rows > PD_HEAT_BINS) {
		pd_error_set(err, PD_ERR_USAGE, "a column of %llu ns cannot have %u rows", (unsigned long long)m->column, m->rows);
		return false;
	}
	m->first_column = from / m->column;
	n = to / m->column - m->first_column;
	if (n >= PD_HEAT_BINS / m->rows) {
		pd_error_set(err, PD_ERR_LIMIT, "a heat map of more than %u columns of %u rows is too large", PD_HEAT_BINS / m->rows, m->rows);
		pd_error_hint(err, "make columns longer, rows fewer, or the stretch shorter");
		return false;
	}
	m->columns = (uint32_t)n + 1;
	return true;
}

/* ---- counting ---- */

/* ceil(r * column / rows) */
static uint64_t row_start(const struct pd_heat_map *m, uint32_t r)
{
	return (uint64_t)(((u128)r * m->column + m->rows - 1) / m->rows);
}

uint64_t pd_heat_start(const struct pd_heat_map *m, uint32_t i)
{
	uint64_t column, start;

	if (pd_mul_overflow(m->first_column + i / m->rows, m->column, &column) || pd_add_overflow(column, row_start(m, i % m->rows), &start))
		return UINT64_MAX;
	return start;
}

uint32_t pd_heat_bin(const struct pd_heat_map *m, int64_t t)
{
	uint64_t at = since(t, m->origin), part = at % m->column;
	uint64_t row = m->column <= UINT64_MAX / PD_HEAT_BINS ? part * m->rows / m->column : (uint64_t)((u128)part * m->rows / m->column);

	return (uint32_t)(at / m->column - m->first_column) * m->rows + (uint32_t)row;
}

static bool count_rows(struct pd_heat *h, const struct pd_doc *doc, const struct pd_sample_type *type, const struct pd_times *times)
{
	struct pd_heat_map *m = &h->map;
	struct pd_rows rows;

	for (uint64_t at = 0; pd_series_rows(doc, type->series, at, &rows); at += rows.n) {
		const int64_t *value = rows.value[type->column];

		for (size_t i = 0; i < rows.n; i++) {
			int64_t t = pd_times_at(times, type->series, &rows, i);
			uint32_t bin;

			if (t == PD_NO_TIME || t < m->from || t > m->to) {
				*(t == PD_NO_TIME ? &m->untimed : &m->outside) += 1;
				continue;
			}
			bin = pd_heat_bin(m, t);
			h->samples[bin]++;
			m->n_samples++;
			if (pd_add_overflow(h->value[bin], value[i], &h->value[bin]) || pd_add_overflow(m->total, value[i], &m->total))
				return false;
		}
	}
	return true;
}

static void find_extremes(struct pd_heat_map *m)
{
	bool first = true;

	for (uint32_t i = 0; i < m->columns * m->rows; i++) {
		if (!m->samples[i])
			continue;
		m->max_samples = m->samples[i] > m->max_samples ? m->samples[i] : m->max_samples;
		m->max_value = first || m->value[i] > m->max_value ? m->value[i] : m->max_value;
		m->min_value = first || m->value[i] < m->min_value ? m->value[i] : m->min_value;
		first = false;
	}
}

static bool has_times(const struct pd_doc *doc, const struct pd_times *times, unsigned series, struct pd_error *err)
{
	if (!pd_series_count(doc, series) || pd_times_known(times, series))
		return true;
	pd_error_set(err, PD_ERR_UNSUPPORTED, "a heat map needs samples with times, these have none");
	pd_error_hint(err, "perf script prints times, pprof files need a numeric label timestamp; folded stacks have lost them");
	return false;
}

static bool fill(struct pd_heat *h, const struct pd_doc *doc, const struct pd_heat_opts *o, const struct pd_times *times, struct pd_error *err)
{
	struct pd_sample_type type;
	size_t bins;

	if (o->sample_type >= pd_doc_sample_types(doc)) {
		pd_error_set(err, PD_ERR_USAGE, "no sample type %u in the profile", o->sample_type);
		return false;
	}
	pd_doc_sample_type(doc, o->sample_type, &type);
	if (!has_times(doc, times, type.series, err) || !find_stretch(&h->map, o, times, err) || !size_map(&h->map, o, err))
		return false;
	h->map.clock = clock_of(doc, h->map.origin);
	bins = (size_t)h->map.columns * h->map.rows;
	h->map.samples = h->samples = calloc(bins, sizeof *h->samples);
	h->map.value = h->value = calloc(bins, sizeof *h->value);
	if (!h->samples || !h->value) {
		pd_error_nomem(err);
		return false;
	}
	if (!count_rows(h, doc, &type, times)) {
		pd_error_set(err, PD_ERR_LIMIT, "a sum of values does not fit 64 bits");
		return false;
	}
	find_extremes(&h->map);
	return true;
}

struct pd_heat *pd_heat_new(const struct pd_doc *doc, const struct pd_heat_opts *opts, struct pd_error *err)
{
	struct pd_times *times = pd_times_new(doc, err);
	struct pd_heat *h = times ? calloc(1, sizeof *h) : NULL;

	if (times && !h)
		pd_error_nomem(err);
	if (h && !fill(h, doc, opts, times, err)) {
		pd_heat_free(h);
		h = NULL;
	}
	pd_times_free(times);
	return h;
}

void pd_heat_free(struct pd_heat *h)
{
	if (!h)
		return;
	free(h->samples);
	free(h->value);
	free(h);
}

const struct pd_heat_map *pd_heat_map(const struct pd_heat *h) { return &h->map; }
