/*
 * rows - one measured value per line, as CSV, TSV (with a head line) or NDJSON:
 *
 *   workload,variant,block,position,metric,unit,value
 *   json,none,1,0,time/op,ns,2485040
 *   {"workload":"json","variant":"cpu","block":1,"metric":"time/op","unit":"ns","value":2502350}
 *
 * Columns by name, in any order: workload, variant, run, block, position, metric, unit, value, better (lower, higher),
 * n_ops, warm_up (1: the row does not count); others are ignored. Only value is required. Runs of one block were made together.
 */
#include "json_values.h"

enum column { WORKLOAD, VARIANT, RUN, BLOCK, POSITION, METRIC, UNIT, VALUE, BETTER, N_OPS, WARM_UP, COLUMNS };
static const char *const column_name[COLUMNS] = { "workload", "variant", "run", "block", "position", "metric", "unit", "value", "better", "n_ops", "warm_up" };

#define FIELDS 64

static int column_of(struct pd_span name)
{
	name = span_trim(name);
	for (int c = 0; c < COLUMNS; c++)
		if (span_is(name, column_name[c]))
			return c;
	return -1;
}

/* Fields of a CSV or TSV line; quoted ones are unquoted into `buf`. -1: too many fields, or a quote is open at the end of the line. */
static int split(struct pd_span line, char sep, char *buf, size_t room, struct pd_span *field)
{
	int n = 0;

	for (;;) {
		const char *start = buf;
		size_t used = 0;

		if (n == FIELDS || room < line.n + 1)
			return -1;
		if (!line.n || line.p[0] != '"' || sep == '\t') {
			const char *end = span_find(line, sep);

			field[n++] = end ? span_between(line.p, end) : line;
			if (!end)
				return n;
			line = span_between(end + 1, line.p + line.n);
			continue;
		}
		for (line = span_skip(line, 1);; line = span_skip(line, 1)) {
			if (!line.n)
				return -1;
			if (line.p[0] == '"' && (line.n < 2 || line.p[1] != '"'))
				break;
			if (line.p[0] == '"')
				line = span_skip(line, 1);
			buf[used++] = line.p[0];
		}
		field[n++] = (struct pd_span){ start, used };
		buf += used;
		room -= used;
		line = span_skip(line, 1);
		if (!line.n)
			return n;
		if (line.p[0] != sep)
			return -1;
		line = span_skip(line, 1);
	}
}

static char separator(struct pd_span head)
{
	return span_find(head, '\t') ? '\t' : span_find(head, ';') && !span_find(head, ',') ? ';' : ',';
}

static enum pd_sniff rows_sniff(const struct pd_probe *p)
{
	struct pd_span field[FIELDS];
	char buf[4096];
	int n, known = 0;
	unsigned first;
	bool value = false;

	if (p->json_top == '{') {
		for (unsigned i = 0; i < p->n_json_keys; i++) {
			int c = column_of(p->json_keys[i]);

			known += c >= 0;
			value |= c == VALUE;
		}
		return value && known > 1 ? PD_SNIFF_WEAK : PD_SNIFF_NO;
	}
	for (first = 0; p->is_text && first < p->n_lines && (!p->lines[first].n || p->lines[first].p[0] == '#'); first++)
		;
	if (!p->is_text || first >= p->n_lines || p->lines[first].n >= sizeof(buf))
		return PD_SNIFF_NO;
	n = split(p->lines[first], separator(p->lines[first]), buf, sizeof(buf), field);
	for (int i = 0; i < n; i++) {
		int c = column_of(field[i]);

		known += c >= 0;
		value |= c == VALUE;
	}
	return value && known > 1 ? PD_SNIFF_WEAK : PD_SNIFF_NO;
}

/* A value as written: what is no number is NaN and refused where it is used. */
static bool number(struct pd_span s, double *v)
{
	s = span_trim(s);
	if (span_is(s, "NaN") || span_is(s, "nan") || span_is(s, "inf") || span_is(s, "Infinity") || span_is(s, "-inf")) {
		*v = (double)NAN;
		return true;
	}
	return span_real(s, v);
}

static enum pd_status add_row(struct pd_source *src, struct pd_bench_sink *sink, const struct pd_span *cell, const bool *given)
{
	struct pd_bench_value v = { PD_BENCH_VALUE };
	const char *bad = NULL;

	v.line = src->line;
	v.workload = given[WORKLOAD] ? span_trim(cell[WORKLOAD]) : SPAN("");
	v.variant = given[VARIANT] ? span_trim(cell[VARIANT]) : SPAN("");
	v.metric = given[METRIC] ? span_trim(cell[METRIC]) : SPAN("");
	v.unit = given[UNIT] ? span_trim(cell[UNIT]) : SPAN("");
	if (!given[VALUE] || !number(cell[VALUE], &v.value))
		bad = "expected a number in the column 'value'";
	if (given[BLOCK] && span_trim(cell[BLOCK]).n && (!span_i64(span_trim(cell[BLOCK]), &v.block) || v.block < 0))
		bad = "expected a whole number in the column 'block'";
	if (given[POSITION] && span_trim(cell[POSITION]).n && !span_i64(span_trim(cell[POSITION]), &v.order))
		bad = "expected a whole number in the column 'position'";
	else if (!given[POSITION] && given[RUN] && !span_i64(span_trim(cell[RUN]), &v.order))
		v.order = -1; /* runs may have names */
	if (given[N_OPS] && span_trim(cell[N_OPS]).n && !number(cell[N_OPS], &v.ops))
		bad = "expected a number in the column 'n_ops'";
	if (given[BETTER])
		v.better = span_is(span_trim(cell[BETTER]), "higher") ? 1 : span_is(span_trim(cell[BETTER]), "lower") ? -1 : 0;
	if (!bad && given[WARM_UP] && (span_is(span_trim(cell[WARM_UP]), "1") || span_is(span_trim(cell[WARM_UP]), "true")))
		return PD_OK;
	if (bad)
		return pd_fail(&sink->sink, src, "%s", bad);
	pd_bench_add(sink->bench, &v);
	return PD_OK;
}

static enum pd_status table_read(struct pd_source *src, struct pd_bench_sink *sink, struct pd_span head)
{
	struct pd_span field[FIELDS], cell[COLUMNS], line;
	int column[FIELDS], n;
	char sep = separator(head), buf[16384];
	bool value = false;
	enum pd_status st = PD_OK;

	n = split(head, sep, buf, sizeof(buf), field);
	for (int i = 0; i < n; i++) {
		column[i] = column_of(field[i]);
		value |= column[i] == VALUE;
	}
	if (n < 0 || !value)
		return pd_fail(&sink->sink, src, "expected a head line with a column 'value'");
	while (st <= PD_WARN && source_line(src, &line)) {
		bool given[COLUMNS] = { false };
		int m;

		if (!span_trim(line).n || line.p[0] == '#')
			continue;
		m = split(line, sep, buf, sizeof(buf), field);
		if (m != n)
			return pd_fail(&sink->sink, src, "expected %d fields", n);
		for (int i = 0; i < n; i++)
			if (column[i] >= 0) {
				cell[column[i]] = field[i];
				given[column[i]] = true;
			}
		st = add_row(src, sink, cell, given);
	}
	return st > PD_WARN ? st : pd_source_status(src);
}

struct object {
	struct pd_bench *bench;
	struct pd_span cell[COLUMNS];
	bool given[COLUMNS];
	char numbers[COLUMNS][40];
};

/* Texts are kept in the collection, so that all of a line live until the row is made. */
static bool take(struct pd_json *j, struct pd_span key, void *ctx)
{
	struct object *o = ctx;
	int c = column_of(key);

	if (c >= 0 && pd_json_type(j) == PD_JSON_STRING) {
		o->cell[c] = span_of(json_text(j, o->bench));
	} else if (c >= 0 && (pd_json_type(j) == PD_JSON_NUMBER || c == VALUE)) {
		double v = json_real(j);

		o->cell[c] = (struct pd_span){ o->numbers[c], (size_t)snprintf(o->numbers[c], sizeof(o->numbers[c]), "%.17g", v) };
	} else {
		return false;
	}
	o->given[c] = true;
	return true;
}

static enum pd_status object_line(struct pd_source *src, struct pd_bench_sink *sink, struct pd_span line)
{
	struct object o = { .bench = sink->bench };
	enum pd_status st = json_line(src, sink, line, take, &o);

	return st <= PD_WARN ? add_row(src, sink, o.cell, o.given) : st;
}

static enum pd_status rows_read(struct pd_source *src, struct pd_bench_sink *sink)
{
	struct pd_span line;
	enum pd_status st = PD_OK;

	while (st <= PD_WARN && source_line(src, &line)) {
		if (!span_trim(line).n || line.p[0] == '#')
			continue;
		if (span_trim(line).p[0] != '{')
			return table_read(src, sink, line);
		st = object_line(src, sink, line);
	}
	return st > PD_WARN ? st : pd_source_status(src);
}

const struct pd_benchmark pd_benchmark_rows = {
	.name = "rows",
	.summary = "CSV, TSV or NDJSON with a column 'value'",
	.sniff = rows_sniff,
	.read = rows_read,
};
