/* Which reader knows an input, and reading it. The table is made from benchmarks/benchmarks.def. */
#include "base/error.h"
#include "base/notes.h"
#include "base/span.h"
#include "bench/bench.h"
#include "format/probe.h"
#include "io/source.h"

#include "benchmark_table.h"

#define HEAD ((size_t)64 << 10)

bool pd_bench_reader_at(size_t i, const char **name, const char **summary)
{
	if (i >= PD_ARRAY_LEN(pd_benchmark_table) - 1)
		return false;
	*name = pd_benchmark_table[i]->name;
	*summary = pd_benchmark_table[i]->summary;
	return true;
}

static const struct pd_benchmark *named(const char *name)
{
	for (size_t i = 0; pd_benchmark_table[i]; i++)
		if (strcmp(pd_benchmark_table[i]->name, name) == 0)
			return pd_benchmark_table[i];
	return NULL;
}

static const struct pd_benchmark *detect(struct pd_source *src, struct pd_error *err)
{
	struct pd_probe *p = malloc(sizeof(*p));
	const struct pd_benchmark *best = NULL;
	enum pd_sniff level = PD_SNIFF_NO;
	struct pd_span head;

	if (!p) {
		pd_error_nomem(err);
		return NULL;
	}
	head = pd_source_peek(src, HEAD);
	pd_probe_init(p, (struct pd_span){ head.p, head.n < HEAD ? head.n : HEAD }, head.n < HEAD);
	for (size_t i = 0; pd_benchmark_table[i]; i++) {
		enum pd_sniff s = pd_benchmark_table[i]->sniff(p);

		if (s > level) {
			level = s;
			best = pd_benchmark_table[i];
		}
	}
	if (pd_source_status(src) != PD_OK) {
		if (err && err->status == PD_OK)
			*err = *pd_source_error(src);
		best = NULL;
	} else if (!best) {
		pd_error_set(err, PD_ERR_UNKNOWN, head.n ? "no benchmark tool is known to write this" : "input is empty");
		pd_error_hint(err, "Go, hyperfine, Google Benchmark, pyperf, criterion, wrk, hey, k6, a harness tree, or rows of CSV or NDJSON");
		pd_error_path(err, pd_source_name(src));
	}
	free(p);
	return best;
}

/* Oddities of one input become remarks. */
static void tell_notes(struct pd_bench *b, const struct pd_notes *notes)
{
	for (size_t i = 0; i < notes->row.n; i++) {
		char example[160];

		pd_bench_remark_add(b, "%s (%llu, first at %s)", notes->row.v[i].what, (unsigned long long)notes->row.v[i].count,
				    pd_note_example(example, sizeof(example), &notes->row.v[i]));
	}
}

static enum pd_status read_with(struct pd_bench *b, struct pd_source *src, const struct pd_benchmark *reader, const struct pd_limits *limits,
				struct pd_error *err)
{
	struct pd_notes notes = { 0 };
	struct pd_bench_sink sink = { .sink = { .notes = &notes, .limits = limits, .err = err }, .bench = b };
	size_t before = b->row.n;
	enum pd_status status = reader->read(src, &sink);

	tell_notes(b, &notes);
	pd_notes_release(&notes);
	if (status <= PD_WARN && pd_source_status(src) != PD_OK)
		status = pd_source_status(src);
	if (status > PD_WARN && err && err->status == PD_OK)
		*err = *pd_source_error(src);
	if (b->failed == PD_ERR_NOMEM)
		return pd_error_nomem(err);
	if (b->failed == PD_ERR_LIMIT) {
		pd_error_set(err, PD_ERR_LIMIT, "more than 20 million values");
		pd_error_path(err, pd_source_name(src));
		return PD_ERR_LIMIT;
	}
	if (status <= PD_WARN && b->row.n == before) {
		status = pd_error_set(err, PD_ERR_DATA, "no results in this %s output", reader->name);
		pd_error_path(err, pd_source_name(src));
	}
	return status;
}

enum pd_status pd_bench_read(struct pd_bench *b, struct pd_source *src, const struct pd_bench_opts *opts, struct pd_error *err)
{
	const struct pd_benchmark *reader = opts->kind ? named(opts->kind) : detect(src, err);
	struct pd_limits limits = opts->limits ? *opts->limits : (struct pd_limits){ 0 };
	struct pd_bench_input input = { .name = pd_bench_text(b, span_of(pd_source_name(src))) };

	if (!reader && opts->kind)
		return pd_error_set(err, PD_ERR_USAGE, "no reader of benchmark results is called '%s'", opts->kind);
	if (!reader)
		return err->status;
	limits.size = sizeof(limits);
	pd_limits_fill(&limits);
	input.kind = reader->name;
	input.doubled_tail = reader->doubled_tail;
	if (b->failed || !pd_vec_push(&b->input, input))
		return pd_error_nomem(err);
	b->label = opts->label;
	enum pd_status status = read_with(b, src, reader, &limits, err);

	b->label = NULL;
	return status;
}
