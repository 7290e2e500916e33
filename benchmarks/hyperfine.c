/*
 * hyperfine - `hyperfine --export-json`:
 *
 *   {"results": [{"command": "sleep 0.1", "times": [0.101, ...], "parameters": {"n": "4"}, "exit_codes": [0, ...]}]}
 *
 * A run is one element of `times` (seconds); `memory_usage_byte` of newer versions likewise. Commands run one after
 * the other, so nothing is blocked. With parameters they are the workload; without, the command is the variant.
 */
#include "json_values.h"

static enum pd_sniff hyperfine_sniff(const struct pd_probe *p)
{
	if (p->json_top != '{' || !pd_probe_has_key(p, "results"))
		return PD_SNIFF_NO;
	return probe_mentions(p, "\"command\"") ? PD_SNIFF_SHAPE : PD_SNIFF_NO;
}

struct result {
	const char *command;
	char workload[256]; /* parameters: "n=4 m=2" */
	json_numbers times, memory;
	unsigned failures;
};

static void parameters(struct pd_json *j, struct pd_bench *b, struct result *r)
{
	struct pd_span key;
	size_t n = 0;

	if (!pd_json_maybe_object(j))
		return;
	while (pd_json_member(j, &key)) {
		const char *name = pd_bench_text(b, key);
		const char *text = json_text(j, b);

		if (n < sizeof(r->workload))
			n += (size_t)snprintf(r->workload + n, sizeof(r->workload) - n, "%s%s=%s", n ? " " : "", name ? name : "", text);
	}
}

static void exit_codes(struct pd_json *j, struct result *r)
{
	json_numbers codes = { 0 };

	if (json_array_of(j, &codes))
		for (size_t i = 0; i < codes.n; i++)
			r->failures += codes.v[i] != 0;
	pd_vec_release(&codes);
}

static void add_runs(struct pd_bench *b, const struct result *r, bool has_parameters, const json_numbers *runs, const char *metric, const char *unit)
{
	for (size_t i = 0; i < runs->n; i++) {
		struct pd_bench_value v = { PD_BENCH_VALUE };

		v.workload = span_of(has_parameters ? r->workload : b->label ? r->command : "command");
		v.variant = span_of(b->label && !has_parameters ? "" : r->command);
		v.metric = span_of(metric);
		v.unit = span_of(unit);
		v.value = runs->v[i];
		v.order = (int64_t)i;
		pd_bench_add(b, &v);
	}
}

static void one_result(struct pd_json *j, struct pd_bench *b, struct result *r)
{
	struct pd_span key;

	r->command = "";
	r->workload[0] = '\0';
	r->times.n = r->memory.n = r->failures = 0;
	if (!pd_json_object(j))
		return;
	while (pd_json_member(j, &key)) {
		if (pd_json_is(key, "command"))
			r->command = json_text(j, b);
		else if (pd_json_is(key, "times"))
			json_array_of(j, &r->times);
		else if (pd_json_is(key, "memory_usage_byte"))
			json_array_of(j, &r->memory);
		else if (pd_json_is(key, "parameters"))
			parameters(j, b, r);
		else if (pd_json_is(key, "exit_codes"))
			exit_codes(j, r);
		else
			pd_json_skip(j);
	}
}

static void results(struct pd_json *j, struct pd_bench *b)
{
	struct result r = { 0 };

	pd_json_array(j);
	while (pd_json_element(j)) {
		one_result(j, b, &r);
		if (pd_json_failed(j))
			break;
		if (!r.times.n)
			pd_bench_remark_add(b, "'%.100s' has no times of single runs: left out", r.command);
		if (r.failures)
			pd_bench_remark_add(b, "'%.100s' failed in %u runs", r.command, r.failures);
		add_runs(b, &r, r.workload[0], &r.times, "time", "s");
		add_runs(b, &r, r.workload[0], &r.memory, "max RSS", "B");
	}
	pd_vec_release(&r.times);
	pd_vec_release(&r.memory);
}

static bool take(struct pd_json *j, struct pd_span key, void *bench)
{
	if (!pd_json_is(key, "results"))
		return false;
	results(j, bench);
	return true;
}

static enum pd_status hyperfine_read(struct pd_source *src, struct pd_bench_sink *sink)
{
	return json_document(src, sink, false, take, sink->bench);
}

const struct pd_benchmark pd_benchmark_hyperfine = {
	.name = "hyperfine",
	.summary = "hyperfine --export-json",
	.sniff = hyperfine_sniff,
	.read = hyperfine_read,
};
