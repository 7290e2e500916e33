/* Labels of perf script samples: thread, cpu, tracepoint payload. */
#include "perf_script/perf.h"

static void push_label(struct perf *f, struct pd_label label)
{
	if (!pd_vec_push(&f->label, label))
		f->threads.failed = true;
}

static void thread_labels(struct perf *f, const struct pd_perf_header *h, struct pd_span comm)
{
	f->label.n = 0;
	if (h->has_comm)
		push_label(f, (struct pd_label){ .key = f->comm, .str = pd_intern(f->b, comm.p, comm.n) });
	if (h->has_pid)
		push_label(f, (struct pd_label){ .key = f->pid, .kind = PD_LABEL_NUM, .num = h->pid });
	if (h->has_tid)
		push_label(f, (struct pd_label){ .key = f->tid, .kind = PD_LABEL_NUM, .num = h->tid });
	if (h->has_cpu && f->keep_cpu)
		push_label(f, (struct pd_label){ .key = f->cpu, .kind = PD_LABEL_NUM, .num = h->cpu });
}

static bool is_key(struct pd_span s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (!(c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (i && c >= '0' && c <= '9')))
			return false;
	}
	return s.n > 0;
}

/* Names of fields; those of the sample's own thread get a prefix: a payload speaks of other threads. */
static pd_str field_key(struct perf *f, struct pd_span key)
{
	static const char *const own[] = { "comm", "pid", "tid", "cpu", "thread" };
	char text[32];

	for (size_t i = 0; i < PD_ARRAY_LEN(own); i++)
		if (span_is(key, own[i]))
			return pd_intern(f->b, text, (size_t)snprintf(text, sizeof text, "payload.%s", own[i]));
	return pd_intern(f->b, key.p, key.n);
}

/* "a=1 b=two words c=3": the value ends where " key=" begins the next. False when the payload has another shape. */
static bool payload_fields(struct perf *f, struct pd_span s)
{
	struct pd_span key, rest = s;
	size_t before = f->label.n;

	while (rest.n) {
		const char *eq, *stop = rest.p + rest.n, *at;

		if (!span_cut(&rest, '=', &key) || !is_key(key) || f->label.n - before > 64) {
			f->label.n = before;
			return false;
		}
		for (at = rest.p; (eq = memchr(at, '=', (size_t)(stop - at))); at = eq + 1) {
			const char *k = eq;

			while (k > rest.p && k[-1] != ' ')
				k--;
			if (k > rest.p && is_key(span_between(k, eq))) {
				stop = k;
				break;
			}
		}
		struct pd_span value = span_trim(span_between(rest.p, stop));

		if (span_ends(value, " ==>"))
			value = span_rtrim((struct pd_span){ value.p, value.n - 4 });
		push_label(f, (struct pd_label){ .key = field_key(f, key), .str = pd_intern(f->b, value.p, value.n) });
		rest = span_between(stop, rest.p + rest.n);
	}
	return true;
}

static void push_text(struct perf *f, const char *key, struct pd_span text)
{
	push_label(f, (struct pd_label){ .key = pd_intern_z(f->b, key), .str = pd_intern(f->b, text.p, text.n) });
}

/* "COMM:PID [PRIO]" off the end of *s; COMM is anything. */
static bool task_of(struct pd_span *s, struct pd_span *comm, struct pd_span *pid)
{
	struct pd_span prio, rest = span_rtrim(*s);
	uint64_t n;

	if (!span_reat(&rest, "]") || !span_rcut(&rest, '[', &prio) || !span_reat(&rest, " ") || !span_rcut(&rest, ':', pid) || !span_u64(*pid, &n))
		return false;
	*comm = rest;
	return true;
}

/*
 * Where a plugin of libtraceevent is installed payloads of the scheduler look different: "a b:12 [120] S ==> c:13 [120]",
 * "a b:12 [120] success=1 CPU:001". They get the labels of the usual form.
 */
static bool plugin_fields(struct perf *f, struct pd_span event, struct pd_span s)
{
	struct pd_span comm, pid, next_comm, next_pid, state, next = s, prev;
	const char *arrow = NULL;

	if (span_starts(event, "sched:sched_wak")) {
		const char *close = span_rfind(s, ']');

		prev = close ? span_between(s.p, close + 1) : s;
		if (!close || !task_of(&prev, &comm, &pid))
			return false;
		push_text(f, "payload.comm", comm);
		push_text(f, "payload.pid", pid);
		return true;
	}
	if (!span_is(event, "sched:sched_switch"))
		return false;
	for (const char *at; (at = span_search(next, SPAN(" ==> "))); next = span_skip(next, (size_t)(at - next.p) + 5))
		arrow = at;
	prev = arrow ? span_between(s.p, arrow) : s;
	if (!arrow || !task_of(&next, &next_comm, &next_pid) || !span_rcut(&prev, ' ', &state) || !task_of(&prev, &comm, &pid))
		return false;
	push_text(f, "prev_comm", comm);
	push_text(f, "prev_pid", pid);
	push_text(f, "prev_state", state);
	push_text(f, "next_comm", next_comm);
	push_text(f, "next_pid", next_pid);
	return true;
}

pd_labels pd_perf_record_labels(struct perf *f, const struct pd_perf_header *h, const char *key, const char *text)
{
	thread_labels(f, h, h->comm);
	push_text(f, key, span_of(text));
	return pd_labels_of(f->b, f->label.v, f->label.n);
}

void pd_perf_choose_labels(struct perf *f, const struct pd_perf_header *h, struct pd_span who, struct pd_span comm, struct pd_span payload)
{
	uint64_t hash;
	uint32_t id;

	if (payload.n) {
		thread_labels(f, h, comm);
		if (!payload_fields(f, payload) && !plugin_fields(f, pd_perf_event_base(h->event), payload))
			push_label(f, (struct pd_label){ .key = pd_intern_z(f->b, "payload"), .str = pd_intern(f->b, payload.p, payload.n) });
		f->sample.labels = pd_labels_of(f->b, f->label.v, f->label.n);
		return;
	}
	hash = pd_hash_bytes(f->threads.key ^ (h->has_cpu && f->keep_cpu ? (uint64_t)h->cpu + 1 : 0), who.p, who.n);
	if (h->has_cpu && f->keep_cpu)
		id = 0; /* the text does not hold the cpu; label sets are interned anyway */
	else
		id = pd_pieces_find(&f->threads, who.p, who.n, hash);
	if (id) {
		f->sample.labels.v = f->threads.row.v[id].value;
		return;
	}
	thread_labels(f, h, comm);
	f->sample.labels = pd_labels_of(f->b, f->label.v, f->label.n);
	if (h->has_cpu && f->keep_cpu)
		return;
	id = pd_pieces_add(&f->threads, who.p, who.n, hash);
	f->threads.row.v[id].value = f->sample.labels.v;
	pd_pieces_trim(&f->threads);
}

