/* Label sets, and the threads that their pid, tid, comm and thread labels name. */
#include "model/index.h"

static uint64_t label_mix(uint64_t h, const struct pd_label *l)
{
	h = pd_hash_mix(h ^ ((uint64_t)l->key.v << 32 | (uint32_t)l->kind), PD_HASH_C1 ^ l->str.v);
	return pd_hash_mix(h ^ (uint64_t)l->num, PD_HASH_C2 ^ l->unit.v);
}

static uint32_t labels_hash(const struct pd_builder *b, const struct pd_label *l, size_t n)
{
	uint64_t h = b->key + n;

	for (size_t i = 0; i < n; i++)
		h = label_mix(h, &l[i]);
	return pd_fold32(h);
}

static uint32_t set_hash(const struct pd_builder *b, uint32_t row)
{
	const struct pd_label_set_row *s = &b->doc->t.set.v[row];

	return labels_hash(b, b->doc->t.label.v + s->first, s->n);
}

static bool same_label(const struct pd_label *a, const struct pd_label *c)
{
	return a->key.v == c->key.v && a->kind == c->kind && a->str.v == c->str.v && a->num == c->num && a->unit.v == c->unit.v;
}

static bool same_set(const struct pd_label *a, const struct pd_label *c, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!same_label(&a[i], &c[i]))
			return false;
	return true;
}

static int compare_keys(const struct pd_builder *b, const struct pd_label *x, const struct pd_label *y)
{
	struct pd_span a = pd_builder_string(b, x->key), c = pd_builder_string(b, y->key);
	int order;

	if (x->key.v == y->key.v)
		return (int)x->kind - (int)y->kind;
	order = memcmp(a.p, c.p, a.n < c.n ? a.n : c.n);
	return order ? order : (a.n > c.n) - (a.n < c.n);
}

/* By key, text before numbers; values of one key keep their order. Sets are small: insertion sort. */
static void sort_labels(const struct pd_builder *b, struct pd_label *l, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		struct pd_label one = l[i];
		size_t at = i;

		for (; at && compare_keys(b, &l[at - 1], &one) > 0; at--)
			l[at] = l[at - 1];
		l[at] = one;
	}
}

static uint32_t set_append(struct pd_builder *b, const struct pd_label *l, size_t n)
{
	struct pd_tables *t = &b->doc->t;
	uint32_t row;

	if (t->set.n > PD_MAX_ROWS || t->label.n + n > PD_MAX_ROWS) {
		pd_builder_fail(b, PD_ERR_LIMIT, "more than %u label sets", PD_MAX_ROWS);
		return 0;
	}
	if (!pd_builder_reserve(b, &t->set, 1) || !pd_builder_reserve(b, &t->label, n))
		return 0;
	row = (uint32_t)t->set.n++;
	t->set.v[row] = (struct pd_label_set_row){ .first = (uint32_t)t->label.n, .n = (uint32_t)n };
	memcpy(t->label.v + t->label.n, l, n * sizeof *l);
	t->label.n += n;
	return row;
}

pd_labels pd_labels_of(struct pd_builder *b, struct pd_label *labels, size_t n)
{
	struct pd_tables *t;
	uint32_t hash, at, row;

	if (b->failed || !n)
		return (pd_labels){ 0 };
	if (n > b->limits.max_labels) {
		pd_builder_fail(b, PD_ERR_LIMIT, "%zu labels on one sample, the limit is %u", n, b->limits.max_labels);
		return (pd_labels){ 0 };
	}
	t = &b->doc->t;
	for (size_t i = 0; i < n; i++) {
		if (labels[i].kind == PD_LABEL_STR) {
			labels[i].num = 0;
			labels[i].unit.v = 0;
		} else {
			labels[i].str.v = 0;
		}
	}
	sort_labels(b, labels, n);
	if (!pd_builder_index(b, &b->set, (uint32_t)t->set.n, set_hash))
		return (pd_labels){ 0 };
	hash = labels_hash(b, labels, n);
	for (row = pd_index_first(&b->set, hash, &at); row; row = pd_index_next(&b->set, hash, &at))
		if (t->set.v[row].n == n && same_set(t->label.v + t->set.v[row].first, labels, n))
			return (pd_labels){ row };
	row = set_append(b, labels, n);
	if (row)
		pd_index_put(&b->set, hash, at, row);
	return (pd_labels){ row };
}

/* ---- threads ---- */

struct thread_keys {
	pd_str pid, tid, comm, thread;
};

/* Ids are looked up, not added: a document has only strings that something uses. */
static pd_str find_key(const struct pd_builder *b, const char *name)
{
	const struct pd_tables *t = &b->doc->t;
	size_t n = strlen(name);

	for (uint32_t i = 0; i < t->label.n; i++) {
		struct pd_span s = t->strings.row.v[t->label.v[i].key.v];

		if (s.n == n && !memcmp(s.p, name, n))
			return t->label.v[i].key;
	}
	return (pd_str){ 0 };
}

static bool label_number(const struct pd_builder *b, const struct pd_label *l, int64_t *out)
{
	struct pd_span s;
	int64_t v = 0;

	if (l->kind == PD_LABEL_NUM) {
		*out = l->num;
		return true;
	}
	s = pd_builder_string(b, l->str);
	if (!s.n || s.n > 18)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		v = v * 10 + (s.p[i] - '0');
	}
	*out = v;
	return true;
}

static void thread_of_set(const struct pd_builder *b, const struct thread_keys *k, const struct pd_label_set_row *s, struct pd_thread_desc *out)
{
	pd_str thread = { 0 };

	*out = (struct pd_thread_desc){ 0 };
	for (uint32_t i = 0; i < s->n; i++) {
		const struct pd_label *l = &b->doc->t.label.v[s->first + i];

		if (!l->key.v)
			continue;
		if (l->key.v == k->pid.v)
			out->has_pid = label_number(b, l, &out->pid);
		else if (l->key.v == k->tid.v)
			out->has_tid = label_number(b, l, &out->tid);
		else if (l->key.v == k->comm.v && l->kind == PD_LABEL_STR)
			out->comm = l->str;
		else if (l->key.v == k->thread.v && l->kind == PD_LABEL_STR)
			thread = l->str;
	}
	if (!out->comm.v)
		out->comm = thread;
	if (!out->has_tid && !thread.v)
		*out = (struct pd_thread_desc){ 0 };
}

/* A thread is its pid and tid; a name only tells threads apart where there is no tid. */
static bool same_thread(const struct pd_thread_desc *a, const struct pd_thread_desc *c)
{
	if (a->has_pid != c->has_pid || a->pid != c->pid || a->has_tid != c->has_tid || a->tid != c->tid)
		return false;
	return a->has_tid || a->comm.v == c->comm.v;
}

static uint32_t thread_hash(const struct pd_builder *b, const struct pd_thread_desc *d)
{
	return pd_fold32(pd_hash_u64(b->key + (d->has_tid ? 0 : d->comm.v), (uint64_t)d->pid, (uint64_t)d->tid));
}

static uint32_t thread_row(struct pd_builder *b, struct pd_index *ix, const struct pd_thread_desc *d)
{
	struct pd_tables *t = &b->doc->t;
	uint32_t hash, at, row;

	if (!d->has_tid && !d->comm.v)
		return 0;
	if (!pd_builder_index(b, ix, 1, NULL) || !pd_builder_reserve(b, &t->thread, 1))
		return 0;
	hash = thread_hash(b, d);
	for (row = pd_index_first(ix, hash, &at); row; row = pd_index_next(ix, hash, &at))
		if (same_thread(&t->thread.v[row], d))
			return row;
	row = (uint32_t)t->thread.n++;
	t->thread.v[row] = *d;
	pd_index_put(ix, hash, at, row);
	return row;
}

void pd_threads_derive(struct pd_builder *b)
{
	struct pd_tables *t = &b->doc->t;
	struct pd_index ix = { 0 };
	struct thread_keys keys = { find_key(b, "pid"), find_key(b, "tid"), find_key(b, "comm"), find_key(b, "thread") };

	t->thread.n = 1;
	if (keys.tid.v || keys.thread.v) {
		for (size_t i = 1; i < t->set.n && !b->failed; i++) {
			struct pd_thread_desc d;

			thread_of_set(b, &keys, &t->set.v[i], &d);
			t->set.v[i].thread = thread_row(b, &ix, &d);
		}
	} else {
		for (size_t i = 1; i < t->set.n; i++)
			t->set.v[i].thread = 0;
	}
	free(ix.slot);
}
