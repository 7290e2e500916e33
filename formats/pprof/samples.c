/*
 * Reading, part two: the samples, which are nearly all of a profile. Location
 * ids are unpacked into a scratch array, turned into frames root first, and
 * handed over in batches, so that the lookups of one batch overlap. A label
 * set is parsed once per distinct encoding (as long as the memo remembers it).
 */
#include "pprof/pprof.h"

#include "model/model.h"

#define BATCH 256u
#define MEMO_SLOTS 1024u /* at most */
#define MEMO_BYTES 56u
#define FORGET (8u << 20) /* input bytes done with are given back in pieces of this size */

/* Encoded labels of a sample and the set they mean; direct-mapped, one cache line each. */
struct memo {
	uint32_t set, n;
	uint8_t bytes[MEMO_BYTES];
};
_Static_assert(sizeof(struct memo) == 64, "a memo entry is a cache line");

struct batch {
	unsigned n;
	const uint8_t *kept;     /* input from here on is still in memory */
	PD_VEC(uint64_t) id;     /* of one sample, leaf first */
	PD_VEC(pd_frame) frame;  /* of the whole batch, root first */
	PD_VEC(struct pd_label) label; /* of one sample */
	int64_t *value;          /* BATCH × n_types */
	struct memo *memo;
	size_t memo_mask;        /* a power of two less one, by the number of samples */
	uint64_t memo_key;
	uint8_t *numeric;        /* by string index: this label key has numbers */
	bool numeric_known;      /* for the whole profile */
	size_t end[BATCH];
	pd_labels labels[BATCH];
	pd_stack stack[BATCH];
};

static bool no_memory(struct pprof_reader *r)
{
	if (!r->status)
		r->status = pd_error_set(r->sink->err, PD_ERR_NOMEM, "out of memory");
	return false;
}

/* ---- labels ---- */

/* Which keys have numbers, from the sample at `p` on. Malformed samples are found when their turn comes. */
static void find_numeric_keys(struct pprof_reader *r, struct batch *b, const uint8_t *p)
{
	struct pd_pb in = { .p = p, .end = r->sample.end }, sample, label;
	struct pd_pb_field f, g, h;

	while (pd_pb_next(&in, &f)) {
		if (f.number != PROFILE_SAMPLE || f.wire != PD_PB_BYTES)
			continue;
		sample = (struct pd_pb){ .p = f.p, .end = f.p + f.n };
		while (pd_pb_next(&sample, &g)) {
			uint64_t v[5] = { 0 };

			if (g.number != SAMPLE_LABEL || g.wire != PD_PB_BYTES)
				continue;
			label = (struct pd_pb){ .p = g.p, .end = g.p + g.n };
			while (pd_pb_next(&label, &h))
				if (h.number <= LABEL_NUM_UNIT && h.wire == PD_PB_VARINT)
					v[h.number] = h.value;
			if (!v[LABEL_STR] && (v[LABEL_NUM] || v[LABEL_NUM_UNIT]) && v[LABEL_KEY] < r->string.n)
				b->numeric[v[LABEL_KEY]] = 1;
		}
	}
	b->numeric_known = true;
}

/*
 * A label without string, number and unit on the wire: encoders leave zeros
 * out, so it is an empty string or the number 0. Fields written in spite of
 * being zero tell; otherwise it is what the key is elsewhere in the profile.
 */
static bool empty_label_is_number(struct pprof_reader *r, struct batch *b, const struct pprof_scalars *s, const uint8_t *sample)
{
	bool str = s->seen >> LABEL_STR & 1, num = s->seen >> LABEL_NUM & 1;

	if (str != num)
		return num;
	if (!b->numeric_known)
		find_numeric_keys(r, b, sample);
	return s->v[LABEL_KEY] < r->string.n && b->numeric[s->v[LABEL_KEY]];
}

static bool read_label(struct pprof_reader *r, struct batch *b, const struct pd_pb_field *f, const uint8_t *sample, struct pd_label *out)
{
	const struct pprof_message *m = &pprof_label_message;
	struct pprof_scalars s;

	*out = (struct pd_label){ 0 };
	if (!pprof_read_scalars(r, m, f->p, f->n, &s) || !pprof_string(r, m, &s, LABEL_KEY, true, &out->key))
		return false;
	if (s.v[LABEL_STR]) {
		out->kind = PD_LABEL_STR;
		if ((s.v[LABEL_NUM] || s.v[LABEL_NUM_UNIT]) && !pprof_note(r, f->at, "labels with a string and a number, the number dropped"))
			return false;
		if (!pprof_string(r, m, &s, LABEL_STR, false, &out->str))
			return false;
	} else if (s.v[LABEL_NUM] || s.v[LABEL_NUM_UNIT]) {
		out->kind = PD_LABEL_NUM;
		out->num = (int64_t)s.v[LABEL_NUM];
		if (!pprof_string(r, m, &s, LABEL_NUM_UNIT, false, &out->unit))
			return false;
		if (s.v[LABEL_KEY] < r->string.n)
			b->numeric[s.v[LABEL_KEY]] = 1;
	} else {
		out->kind = empty_label_is_number(r, b, &s, sample) ? PD_LABEL_NUM : PD_LABEL_STR;
	}
	if (out->key.v) {
		r->saw_comm |= out->key.v == r->comm;
		r->saw_process |= out->key.v == r->pid || out->key.v == r->tid;
	}
	return true;
}

/* The label set in [p, end), which has other fields of the sample too when it was written in pieces. */
static bool read_labels(struct pprof_reader *r, struct batch *b, const uint8_t *p, const uint8_t *end, const uint8_t *sample, pd_labels *out)
{
	uint32_t max = r->sink->limits ? r->sink->limits->max_labels : 0;
	struct pd_pb in = { .p = p, .end = end };
	struct pd_pb_field f;

	b->label.n = 0;
	while (pd_pb_next(&in, &f)) {
		if (f.number != SAMPLE_LABEL)
			continue;
		if (max && b->label.n == max) {
			pprof_fail_limit(r, f.at, "sample %llu has more than %u labels", (unsigned long long)r->nth, max);
			return false;
		}
		if (!pd_vec_reserve(&b->label, 1))
			return no_memory(r);
		r->part = "label";
		r->part_nth = b->label.n + 1;
		if (!read_label(r, b, &f, sample, &b->label.v[b->label.n]))
			return false;
		b->label.n++;
		r->part = NULL;
	}
	*out = pd_labels_of(r->b, b->label.v, b->label.n);
	return true;
}

static bool find_labels(struct pprof_reader *r, struct batch *b, const uint8_t *p, const uint8_t *end, const uint8_t *sample, pd_labels *out)
{
	size_t n = (size_t)(end - p);

	if (n > MEMO_BYTES)
		return read_labels(r, b, p, end, sample, out);
	struct memo *m = &b->memo[(size_t)pd_hash_bytes(b->memo_key, p, n) & b->memo_mask];
	if (m->n != n || memcmp(m->bytes, p, n)) {
		if (!read_labels(r, b, p, end, sample, out))
			return false;
		m->set = out->v;
		m->n = (uint32_t)n;
		memcpy(m->bytes, p, n);
	}
	out->v = m->set;
	return true;
}

/* ---- one sample ---- */

/* Whether all ids are in the location table; records the error for the first that is not. */
static bool all_known(struct pprof_reader *r, struct batch *b, const uint8_t *sample)
{
	for (size_t i = 0; i < b->id.n; i++) {
		if (pprof_id_row1(&r->frames, b->id.v[i]))
			continue;
		pprof_fail_in(r, sample, "location %llu is not in the location table", (unsigned long long)b->id.v[i]);
		return false;
	}
	return true;
}

/* Ids, leaf first, become frames, root first. */
static bool add_frames(struct pprof_reader *r, struct batch *b, const uint8_t *sample)
{
	const uint32_t *dense = r->frames.dense;
	const size_t n_dense = r->frames.n_dense, n = b->id.n;
	const uint64_t *id = b->id.v;
	uint32_t any = 0; /* an unknown id gives UINT32_MAX; rows beyond 2^31 cost a second look */

	if (!pd_vec_reserve(&b->frame, n + !n)) /* never without room, so that the end below is a real place */
		return no_memory(r);
	pd_frame *out = b->frame.v + b->frame.n + n;
	for (size_t i = 0; i < n; i++) {
		uint32_t row1 = pd_likely(id[i] < n_dense) ? dense[id[i]] : pprof_id_row1(&r->frames, id[i]);
		(--out)->v = row1 - 1;
		any |= row1 - 1;
	}
	if (pd_unlikely(any >> 31) && !all_known(r, b, sample))
		return false;
	b->frame.n += n;
	return true;
}

static bool unpack_ids(struct pprof_reader *r, struct batch *b, const struct pd_pb_field *f)
{
	enum pd_pb_fault fault;
	const uint8_t *at;
	size_t n = pd_pb_unpack(f->p, f->p + f->n, r->end, b->id.v + b->id.n, &fault, &at);

	if (pd_unlikely(n == SIZE_MAX)) {
		pprof_fail_wire(r, fault, at);
		return false;
	}
	b->id.n += n;
	return true;
}

/* Adds the values of a field to `value`; beyond n_types they are only counted. */
static bool add_values(struct pprof_reader *r, const struct pd_pb_field *f, int64_t *value, size_t *n)
{
	const uint8_t *p = f->p, *end = f->p + f->n;
	uint64_t v;

	while (p < end) {
		const uint8_t *at = p;
		enum pd_pb_fault fault = pd_pb_varint(&p, end, &v);
		if (pd_unlikely(fault)) {
			pprof_fail_wire(r, fault, at);
			return false;
		}
		if (*n < r->n_types)
			value[*n] = (int64_t)v;
		++*n;
	}
	return true;
}

static bool fail_values(struct pprof_reader *r, const uint8_t *sample, size_t n)
{
	pprof_fail(r, sample, "sample %llu has %zu %s but the profile declares %u", (unsigned long long)r->nth, n, n == 1 ? "value" : "values",
		   r->n_types);
	if (n && r->n_types > n && r->n_types % n == 0)
		pd_error_hint(r->sink->err, "if the file is several profiles joined with cat, keep them apart and use 'profdata merge'");
	return false;
}

/* Room for the ids of a sample of n bytes: one per byte at most, and one that the unpacker may spill. */
static bool reserve_ids(struct pprof_reader *r, struct batch *b, size_t n)
{
	b->id.n = 0;
	if (pd_likely(b->id.cap > n))
		return true;
	if (!pprof_hold(r, n - b->id.cap, sizeof *b->id.v + sizeof *b->frame.v))
		return false;
	return pd_vec_reserve(&b->id, n + 1) || no_memory(r);
}

/* `f` is the field of the profile that holds the sample. */
static bool read_sample(struct pprof_reader *r, struct batch *b, const struct pd_pb_field *f)
{
	int64_t *value = b->value + (size_t)b->n * r->n_types;
	const uint8_t *labels = NULL, *labels_end = NULL;
	struct pd_pb in = { .p = f->p, .end = f->p + f->n };
	struct pd_pb_field g;
	size_t n_values = 0;

	if (!reserve_ids(r, b, f->n))
		return false;
	while (pd_pb_next(&in, &g)) {
		if (pd_unlikely(!pprof_field_fits(&pprof_sample_message, &g))) {
			pprof_fail_field(r, &pprof_sample_message, &g);
			return false;
		}
		if (g.number == SAMPLE_LOCATION_ID) {
			if (g.wire == PD_PB_VARINT)
				b->id.v[b->id.n++] = g.value;
			else if (!unpack_ids(r, b, &g))
				return false;
		} else if (g.number == SAMPLE_VALUE) {
			if (g.wire == PD_PB_BYTES) {
				if (!add_values(r, &g, value, &n_values))
					return false;
			} else if (n_values++ < r->n_types) {
				value[n_values - 1] = (int64_t)g.value;
			}
		} else if (g.number == SAMPLE_LABEL) {
			if (!labels)
				labels = g.at;
			else if (labels_end != g.at)
				labels = f->p; /* in pieces: look at the whole sample again */
			labels_end = in.p;
		} else if (!pprof_note(r, g.at, "unknown fields skipped")) {
			return false;
		}
	}
	if (pd_unlikely(in.fault)) {
		pprof_fail_wire(r, in.fault, in.at);
		return false;
	}
	if (pd_unlikely(n_values != r->n_types))
		return fail_values(r, f->at, n_values);
	b->labels[b->n].v = 0;
	if (labels && !find_labels(r, b, labels, labels_end, f->at, &b->labels[b->n]))
		return false;
	return add_frames(r, b, f->at);
}

/* ---- all samples ---- */

/* Hands over a batch; the input before `done` is not needed any more. */
static bool flush(struct pprof_reader *r, struct batch *b, const uint8_t *done)
{
	pd_stacks_of(r->b, b->frame.v, b->end, b->n, b->stack);
	for (unsigned i = 0; i < b->n; i++)
		pd_sample_prefetch(r->b, r->series, b->stack[i], b->labels[i]);
	for (unsigned i = 0; i < b->n; i++) {
		struct pd_sample s = { .stack = b->stack[i], .labels = b->labels[i] };
		pd_sample_add(r->b, r->series, &s, b->value + (size_t)i * r->n_types);
	}
	b->n = 0;
	b->frame.n = 0;
	if (pd_builder_failed(r->b))
		r->status = pd_builder_status(r->b);
	if (done - b->kept > FORGET) {
		pd_source_forget(r->src, (const char *)done);
		b->kept = done;
	}
	return !r->status;
}

static bool batch_init(struct pprof_reader *r, struct batch *b)
{
	if (!pprof_hold(r, BATCH * sizeof *b->value, r->n_types) || !pprof_hold(r, r->string.n, 1))
		return false;
	b->value = malloc((size_t)BATCH * r->n_types * sizeof *b->value);
	b->memo_mask = 15;
	while (b->memo_mask + 1 < MEMO_SLOTS && b->memo_mask < r->sample.n / 4)
		b->memo_mask = b->memo_mask * 2 + 1;
	b->memo = calloc(b->memo_mask + 1, sizeof *b->memo);
	b->numeric = calloc(r->string.n + 1, 1);
	b->memo_key = pd_hash_key();
	if (!b->value || !b->memo || !b->numeric)
		return no_memory(r);
	return true;
}

static void batch_release(struct batch *b)
{
	pd_vec_release(&b->id);
	pd_vec_release(&b->frame);
	pd_vec_release(&b->label);
	free(b->value);
	free(b->memo);
	free(b->numeric);
}

static void read_all(struct pprof_reader *r, struct batch *b)
{
	struct pd_pb in = { .p = r->sample.first, .end = r->sample.end };
	struct pd_pb_field f;

	r->what = "sample";
	r->nth = 0;
	r->part = NULL;
	b->kept = r->sample.first;
	while (pd_pb_next(&in, &f)) {
		if (pd_unlikely(f.number != PROFILE_SAMPLE))
			continue;
		r->nth++;
		if (!read_sample(r, b, &f))
			return;
		b->end[b->n++] = b->frame.n;
		if ((b->n == BATCH || b->frame.n > 1u << 20) && !flush(r, b, in.p))
			return;
	}
	flush(r, b, in.p);
}

enum pd_status pprof_read_samples(struct pprof_reader *r)
{
	struct batch *b;

	if (!r->sample.n)
		return PD_OK;
	b = calloc(1, sizeof *b);
	if (!b)
		return no_memory(r), r->status;
	if (batch_init(r, b))
		read_all(r, b);
	batch_release(b);
	free(b);
	return r->status;
}
