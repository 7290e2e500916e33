/* InternedData: every text and stack is told once, by the first packet that uses it. */
#include "perfetto/perfetto.h"
#include "base/hash.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Fields of InternedData, by enum perfetto_text. */
static const uint32_t field_of[] = { 1, 2, 3, 5, 18, 29 };
#define FRAMES 6
#define CALLSTACKS 7
#define MAPPINGS 19

bool perfetto_intern_init(struct perfetto_intern *t, struct pd_error *err)
{
	t->b = pd_builder_new(NULL, 0, err);
	return t->b != NULL;
}

void perfetto_intern_release(struct perfetto_intern *t)
{
	pd_builder_free(t->b);
	pd_vec_release(&t->told);
	pd_vec_release(&t->frame_iid);
	pd_vec_release(&t->stack_told);
	pd_vec_release(&t->path);
	pd_pb_buf_release(&t->data);
	pd_pb_buf_release(&t->entry);
}

static uint32_t fail(struct perfetto_intern *t)
{
	t->failed = true;
	return 0;
}

#define GROW(t, vec, upto) ((size_t)(upto) < (vec)->n || grow(t, (void **)&(vec)->v, &(vec)->n, &(vec)->cap, (upto), sizeof(*(vec)->v)))

static bool grow(struct perfetto_intern *t, void **v, size_t *n, size_t *cap, size_t upto, size_t size)
{
	if (*cap <= upto && !pd_vec_grow(v, cap, *n, upto + 1 - *n, size)) {
		fail(t);
		return false;
	}
	memset((char *)*v + *n * size, 0, (upto + 1 - *n) * size);
	*n = upto + 1;
	return true;
}

uint32_t perfetto_text(struct perfetto_intern *t, enum perfetto_text kind, struct pd_span s)
{
	uint32_t id = pd_intern(t->b, s.p, s.n).v;
	struct pd_span kept;

	if (pd_builder_failed(t->b))
		return fail(t);
	if (!id || !GROW(t, &t->told, id) || t->told.v[id] >> kind & 1)
		return id;
	t->told.v[id] |= (uint8_t)(1u << kind);
	kept = pd_builder_string(t->b, (pd_str){ id });
	t->entry.n = 0;
	pd_pb_put(&t->entry, 1, id);
	pd_pb_put_bytes(&t->entry, 2, kept.p, kept.n);
	pd_pb_put_bytes(&t->data, field_of[kind], t->entry.v, t->entry.n);
	return id;
}

#define LONGEST_VALUE 1024u
#define MOST_VALUES ((size_t)16 << 20) /* so that memory does not grow with a trace whose texts are all different */

uint32_t perfetto_value(struct perfetto_intern *t, struct pd_span s)
{
	uint64_t hash = pd_hash_bytes(t->b->key, s.p, s.n) | 1;
	size_t slot = hash >> 8 & (PD_ARRAY_LEN(t->value) - 1);
	struct pd_span kept;

	if (s.n < 4 || s.n > LONGEST_VALUE)
		return 0;
	if (t->value[slot].hash != hash) { /* once is nothing */
		t->value[slot].hash = hash;
		t->value[slot].id = 0;
		return 0;
	}
	if (!t->value[slot].id) {
		if (t->values + s.n > MOST_VALUES)
			return 0;
		t->values += s.n;
		t->value[slot].id = perfetto_text(t, PERFETTO_VALUE, s);
	}
	kept = pd_builder_string(t->b, (pd_str){ t->value[slot].id });
	return kept.n == s.n && memcmp(kept.p, s.p, s.n) == 0 ? t->value[slot].id : 0;
}

static void tell_line(struct perfetto_intern *t, uint32_t iid, struct pd_span name, struct pd_span file, int64_t line)
{
	uint32_t function = perfetto_text(t, PERFETTO_FUNCTION, name), source = perfetto_text(t, PERFETTO_SOURCE, file);

	if (iid == 1) { /* importers want every frame in some mapping: all are in this one, which has no name */
		t->entry.n = 0;
		pd_pb_put(&t->entry, 1, 1);
		pd_pb_put_bytes(&t->data, MAPPINGS, t->entry.v, t->entry.n);
	}
	t->entry.n = 0;
	pd_pb_put(&t->entry, 1, iid);
	pd_pb_put_opt(&t->entry, 2, function);
	pd_pb_put(&t->entry, 3, 1);
	pd_pb_put_opt(&t->entry, 5, source);
	pd_pb_put_opt(&t->entry, 6, line > 0 ? (uint64_t)line : 0);
	pd_pb_put_bytes(&t->data, FRAMES, t->entry.v, t->entry.n);
}

/* Number of the frame's innermost line; the lines above it have the following numbers. */
static uint32_t frame_iid(struct perfetto_intern *t, const struct pd_doc *doc, pd_frame frame, const struct pd_frame_desc *f)
{
	char address[32];

	if (!GROW(t, &t->frame_iid, frame.v))
		return 0;
	if (t->frame_iid.v[frame.v])
		return t->frame_iid.v[frame.v];
	t->frame_iid.v[frame.v] = t->frames + 1;
	for (uint32_t i = 0; i < f->n_lines; i++) {
		struct pd_func_desc func = { 0 };

		if (f->lines[i].func.v)
			pd_doc_func(doc, f->lines[i].func, &func);
		tell_line(t, ++t->frames, pd_doc_string(doc, func.name), pd_doc_string(doc, func.file), f->lines[i].line);
	}
	if (!f->n_lines) {
		snprintf(address, sizeof(address), "0x%" PRIx64, f->address);
		tell_line(t, ++t->frames, (struct pd_span){ address, strlen(address) }, (struct pd_span){ "", 0 }, 0);
	}
	return t->frame_iid.v[frame.v];
}

uint32_t perfetto_stack(struct perfetto_intern *t, const struct pd_doc *doc, uint32_t stack)
{
	struct pd_pb_buf frames = { 0 };
	size_t depth;

	if (!stack || !doc || !GROW(t, &t->stack_told, stack / 64))
		return 0;
	if (t->stack_told.v[stack / 64] >> stack % 64 & 1)
		return stack;
	t->stack_told.v[stack / 64] |= UINT64_C(1) << stack % 64;
	depth = pd_doc_stack_depth(doc, (pd_stack){ stack });
	if (!pd_vec_reserve(&t->path, depth))
		return fail(t);
	depth = pd_doc_stack(doc, (pd_stack){ stack }, PD_ROOT_FIRST, t->path.v);
	pd_pb_put(&frames, 1, stack);
	for (size_t i = 0; i < depth; i++) {
		struct pd_frame_desc f;
		uint32_t iid;

		pd_doc_frame(doc, t->path.v[i], &f);
		iid = frame_iid(t, doc, t->path.v[i], &f);
		for (uint32_t k = f.n_lines ? f.n_lines : 1; k-- > 0;)
			pd_pb_put(&frames, 2, (uint64_t)iid + k);
	}
	pd_pb_put_bytes(&t->data, CALLSTACKS, frames.v, frames.n);
	t->failed |= frames.failed;
	pd_pb_buf_release(&frames);
	return stack;
}
