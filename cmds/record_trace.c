/*
 * A recording as a timeline. Names of functions are looked up first and put before the rest of the stream, so that what is read is a
 * recording like any other.
 */
#include "record_front.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <profdata/agent_wire.h>

static size_t hex_bytes(struct pd_span hex, unsigned char *out, size_t size)
{
	size_t n = 0;

	for (; n < size && 2 * n + 1 < hex.n; n++) {
		char digits[3] = { hex.p[2 * n], hex.p[2 * n + 1], 0 };

		out[n] = (unsigned char)strtoul(digits, NULL, 16);
	}
	return n;
}

/* Bytes of the texts of a frame's lines; more than fit are left without names. */
static size_t texts(const struct pd_doc *doc, const struct pd_frame_desc *f)
{
	size_t size = 0;

	for (uint32_t i = 0; i < f->n_lines; i++) {
		struct pd_func_desc d;

		pd_doc_func(doc, f->lines[i].func, &d);
		size += sizeof(struct pd_wire_line) + pd_doc_string(doc, d.name).n + pd_doc_string(doc, d.system_name).n + pd_doc_string(doc, d.file).n;
	}
	return size;
}

static unsigned char *put_lines(unsigned char *to, const struct pd_doc *doc, const struct pd_frame_desc *f)
{
	for (uint32_t i = 0; i < f->n_lines; i++) {
		struct pd_wire_line w = { .line = f->lines[i].line > 0 && f->lines[i].line <= UINT32_MAX ? (uint32_t)f->lines[i].line : 0 };
		struct pd_func_desc d;

		pd_doc_func(doc, f->lines[i].func, &d);
		w.name_size = (uint32_t)pd_doc_string(doc, d.name).n;
		w.system_name_size = (uint32_t)pd_doc_string(doc, d.system_name).n;
		w.file_size = (uint32_t)pd_doc_string(doc, d.file).n;
		to = record_front_add(to, &w, sizeof(w));
	}
	for (uint32_t i = 0; i < f->n_lines; i++) {
		struct pd_func_desc d;
		struct pd_span s;

		pd_doc_func(doc, f->lines[i].func, &d);
		s = pd_doc_string(doc, d.name);
		to = record_front_add(to, s.p, s.n);
		s = pd_doc_string(doc, d.system_name);
		to = record_front_add(to, s.p, s.n);
		s = pd_doc_string(doc, d.file);
		to = record_front_add(to, s.p, s.n);
	}
	return to;
}

static void put_frame(struct record_front *n, const struct pd_doc *doc, const struct pd_frame_desc *f)
{
	struct pd_wire_symbol w = { 0 };
	struct pd_mapping_desc m;
	unsigned char id[64], *to;
	struct pd_span path;

	pd_doc_mapping(doc, f->mapping, &m);
	path = pd_doc_string(doc, m.file);
	w.offset = f->address - m.start + m.offset;
	w.path_size = (uint32_t)path.n;
	w.build_id_size = (uint32_t)hex_bytes(pd_doc_string(doc, m.build_id), id, sizeof(id));
	w.lines = f->n_lines;
	to = record_front_room(n, &w.r, PD_WIRE_SYMBOL, sizeof(w), w.path_size + w.build_id_size + texts(doc, f));
	if (!to)
		return;
	to = record_front_add(to, &w, sizeof(w));
	to = record_front_add(to, path.p, path.n);
	to = record_front_add(to, id, w.build_id_size);
	put_lines(to, doc, f);
}

static void put_frames(struct record_front *n, const void *arg)
{
	const struct pd_doc *doc = arg;

	for (uint32_t i = 1; i <= pd_doc_frames(doc); i++) {
		struct pd_frame_desc f;

		pd_doc_frame(doc, (pd_frame){ i }, &f);
		if (f.n_lines && f.mapping.v)
			put_frame(n, doc, &f);
	}
}

bool record_put_names(const char *stream, const struct pd_doc *doc) { return record_in_front(stream, put_frames, doc); }

/* ---- the timeline ---- */

struct timeline {
	const struct cmd_output *o;
	const struct pd_format *f;
	const struct cmd_input *in;
	struct pd_out *out;
};

static struct pd_events *open_timeline(struct cmd_ctx *ctx, void *arg)
{
	struct timeline *t = arg;

	t->out = cmd_out_open(ctx, t->o, t->f);
	return t->out ? cmd_save_events(ctx, t->in, t->f, NULL, t->out) : NULL;
}

int record_timeline(struct cmd_ctx *ctx, const char *stream, const struct cmd_output *o, const struct pd_format *f)
{
	struct cmd_input in = { 0 };
	struct timeline t = { .o = o, .f = f, .in = &in };
	struct cmd_stream st = { .open = open_timeline, .arg = &t, .instead = true };
	char *operand = (char *)(uintptr_t)stream;
	struct pd_doc *doc;
	int status;

	doc = cmd_load_stream(ctx, &in, &operand, 1, 0, &st);
	if (doc && !t.out)
		status = cmd_save(ctx, o, &in, doc, NULL, f); /* no events: samples by their times */
	else
		status = t.out ? cmd_out_close(ctx, t.out, doc ? 0 : 2) : 2;
	pd_events_free(st.events);
	pd_doc_unref(doc);
	return status;
}
