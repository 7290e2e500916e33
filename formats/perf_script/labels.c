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

void pd_perf_choose_labels(struct perf *f, const struct pd_perf_header *h, struct pd_span who, struct pd_span comm, struct pd_span payload)
{
	uint64_t hash;
	uint32_t id;

	if (payload.n) {
		thread_labels(f, h, comm);
		if (!payload_fields(f, payload))
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

