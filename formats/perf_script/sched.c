/* What perf script text says about the scheduler besides samples. */
#include "perf_script/perf.h"

static void add_row(struct perf *f, const struct pd_perf_header *h, unsigned series, const char *key, const char *text)
{
	struct pd_sample s = { .has_time = h->has_time, .time = h->time, .labels = pd_perf_record_labels(f, h, key, text) };

	pd_sample_add(f->b, series, &s, &(int64_t){ 1 });
}

static unsigned new_series(struct perf *f, const char *name, const char *type)
{
	unsigned series = pd_series_add(f->b, pd_intern_z(f->b, name));

	pd_series_value(f->b, series, &(struct pd_value_type){ .type = pd_intern_z(f->b, type), .unit = f->count });
	return series;
}

/* "IN", "OUT", "OUT preempt"; what follows says who came before or comes next */
static void take_switch(struct perf *f, const struct pd_perf_header *h, struct pd_span rest)
{
	struct pd_span word, more;
	const char *text;

	if (!span_word(&rest, &word))
		return;
	text = span_is(word, "IN") ? "in" : span_is(word, "OUT") ? "out" : NULL;
	if (text && span_is(word, "OUT") && span_word(&rest, &more) && span_is(more, "preempt"))
		text = "preempt";
	if (!text) {
		pd_perf_note(f, "records of switches not understood", word);
		return;
	}
	if (!f->has_switches)
		f->switches = new_series(f, "switch", "switches");
	f->has_switches = true;
	add_row(f, h, f->switches, "switch", text);
}

/* "(PID:TID):(PPID:PTID)" */
static void take_task(struct perf *f, const struct pd_perf_header *h, struct pd_span text, const char *what)
{
	struct pd_perf_header of = *h;
	struct pd_span pid, tid;

	if (!span_eat(&text, "(") || !span_cut(&text, ':', &pid) || !span_cut(&text, ')', &tid) || !span_i64(pid, &of.pid) || !span_i64(tid, &of.tid)) {
		pd_perf_note(f, "records of tasks not understood", text);
		return;
	}
	of.has_pid = of.has_tid = true;
	if (!f->has_tasks)
		f->tasks = new_series(f, "task", "tasks");
	f->has_tasks = true;
	add_row(f, &of, f->tasks, "task", what);
}

void pd_perf_take_sched(struct perf *f, const struct pd_perf_header *h, struct pd_span word, struct pd_span rest)
{
	if (span_is(word, "PERF_RECORD_SWITCH") || span_is(word, "PERF_RECORD_SWITCH_CPU_WIDE"))
		take_switch(f, h, rest);
	else if (span_eat(&word, "PERF_RECORD_FORK"))
		take_task(f, h, word, "fork");
	else if (span_eat(&word, "PERF_RECORD_EXIT"))
		take_task(f, h, word, "exit");
}

bool pd_perf_stat_time(struct pd_span event, struct pd_span payload, int64_t *ns)
{
	struct pd_span number;
	const char *at;
	uint64_t n;

	if (!span_eat(&event, "sched:sched_stat_"))
		return false;
	at = span_search(payload, span_is(event, "runtime") ? SPAN(" runtime=") : SPAN(" delay="));
	if (!at)
		return false;
	number = span_between(memchr(at, '=', 10) + 1, payload.p + payload.n);
	if (!span_eat_u64(&number, &n) || !span_starts(number, " [ns]") || n > INT64_MAX)
		return false;
	*ns = (int64_t)n;
	return true;
}
