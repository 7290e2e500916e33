/*
 * A stack has the key of its number; the frames below its last one are
 * "NUMBER.K", so that a prefix that several stacks share stands there once.
 * An entry is one function: lines of a frame are entries of their own.
 */
#include "chrome/write_stacks.h"
#include "common/escape.h"
#include "common/json_write.h"
#include "io/out.h"
#include <inttypes.h>

#define lit(out, text) out_bytes(out, text, sizeof(text) - 1)

static bool use(struct chrome_stacks *s, uint32_t stack)
{
	size_t word = stack / 64;

	if (word >= s->used.n) {
		if (!pd_vec_reserve(&s->used, word + 1 - s->used.n))
			return false;
		memset(s->used.v + s->used.n, 0, (word + 1 - s->used.n) * sizeof *s->used.v);
		s->used.n = word + 1;
	}
	s->used.v[word] |= UINT64_C(1) << stack % 64;
	return true;
}

static void put_text(struct pd_out *out, struct pd_span s)
{
	esc_json_quoted(out, s.p, s.n);
}

/* Keys of the entries of one stack node, counted from the one nearest the root. */
struct node {
	const struct pd_doc *doc;
	struct pd_out *out;
	uint32_t id, parent, at, last; /* `at` of `last` entries are written */
	bool *any;
};

static void put_key(struct pd_out *out, uint32_t id, uint32_t at, uint32_t last)
{
	char *p = out_room(out, 32);
	size_t n = pd_put_u64(p, id);

	if (at < last) {
		p[n++] = '.';
		n += pd_put_u64(p + n, at);
	}
	out_used(out, n);
}

static void put_entry(struct node *n, struct pd_span name, struct pd_span category)
{
	n->at++;
	if (*n->any)
		lit(n->out, ",");
	*n->any = true;
	lit(n->out, "\n\"");
	put_key(n->out, n->id, n->at, n->last);
	lit(n->out, "\":{\"name\":");
	put_text(n->out, name);
	lit(n->out, ",\"category\":");
	put_text(n->out, category);
	if (n->at > 1 || n->parent) {
		lit(n->out, ",\"parent\":\"");
		if (n->at > 1)
			put_key(n->out, n->id, n->at - 1, n->last);
		else
			put_key(n->out, n->parent, 0, 0);
		lit(n->out, "\"");
	}
	lit(n->out, "}");
}

static void put_frame(struct node *n, pd_frame frame)
{
	struct pd_frame_desc f;
	struct pd_mapping_desc m = { 0 };
	char address[32];

	pd_doc_frame(n->doc, frame, &f);
	if (f.mapping.v)
		pd_doc_mapping(n->doc, f.mapping, &m);
	for (uint32_t i = f.n_lines; i-- > 0;) {
		struct pd_func_desc func = { 0 };
		struct pd_span category;

		if (f.lines[i].func.v)
			pd_doc_func(n->doc, f.lines[i].func, &func);
		category = pd_doc_string(n->doc, func.file.v ? func.file : m.file);
		put_entry(n, pd_doc_string(n->doc, func.name), category);
	}
	if (f.n_lines)
		return;
	snprintf(address, sizeof(address), "0x%" PRIx64, f.address);
	put_entry(n, (struct pd_span){ address, strlen(address) }, pd_doc_string(n->doc, m.file));
}

static void put_node(struct pd_out *out, const struct pd_doc *doc, uint32_t id, bool *any)
{
	struct node n = { .doc = doc, .out = out, .id = id, .parent = pd_doc_stack_parent(doc, (pd_stack){ id }).v, .any = any };
	const pd_frame *run;
	uint32_t frames = pd_doc_stack_run(doc, (pd_stack){ id }, &run);

	for (uint32_t i = 0; i < frames; i++) {
		struct pd_frame_desc f;

		pd_doc_frame(doc, run[i], &f);
		n.last += f.n_lines ? f.n_lines : 1;
	}
	for (uint32_t i = 0; i < frames; i++)
		put_frame(&n, run[i]);
}

bool chrome_stack_define(struct chrome_stacks *s, uint32_t stack, const struct pd_doc *tables, struct pd_out *out)
{
	bool any = false;

	s->path.n = 0;
	for (uint32_t at = stack; at && !chrome_stack_is_used(s, at); at = pd_doc_stack_parent(tables, (pd_stack){ at }).v)
		if (!pd_vec_push(&s->path, at) || !use(s, at))
			return false;
	while (s->path.n)
		put_node(out, tables, s->path.v[--s->path.n], &any);
	return true;
}

bool chrome_stacks_write(struct chrome_stacks *s, const struct pd_doc *tables, struct pd_out *out)
{
	uint32_t nodes = tables ? pd_doc_stack_nodes(tables) : 0;
	bool any = false;

	if (!s->used.n || !nodes)
		return true;
	lit(out, "\"stackFrames\":{");
	for (uint32_t i = 1; i <= nodes; i++)
		if (chrome_stack_is_used(s, i))
			put_node(out, tables, i, &any);
	lit(out, "\n},\n");
	return true;
}

void chrome_stacks_release(struct chrome_stacks *s)
{
	pd_vec_release(&s->used);
	pd_vec_release(&s->path);
}
