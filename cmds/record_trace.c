/*
 * A recording as a timeline. Names of functions are looked up first and put before the rest of the stream, so that what is read is a
 * recording like any other.
 */
#include "record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <profdata/agent_wire.h>

/* One block of names at a time. */
struct names {
	int fd;
	size_t used;
	uint32_t records;
	bool failed;
	unsigned char bytes[PD_WIRE_BLOCK_MAX / 4];
};

static void write_all(struct names *n, const void *p, size_t size)
{
	for (const char *from = p; size && !n->failed;) {
		ssize_t done = write(n->fd, from, size);

		if (done < 0 && errno != EINTR)
			n->failed = true;
		if (done > 0) {
			from += done;
			size -= (size_t)done;
		}
	}
}

static void flush(struct names *n)
{
	struct pd_wire_block block = { .magic = PD_WIRE_BLOCK_MAGIC, .size = (uint32_t)n->used, .records = n->records };

	if (n->records) {
		memcpy(n->bytes, &block, sizeof(block));
		write_all(n, n->bytes, n->used);
	}
	n->used = sizeof(block);
	n->records = 0;
}

static void add(struct names *n, const void *p, size_t size)
{
	memcpy(n->bytes + n->used, p, size);
	n->used += size;
}

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

static void put_lines(struct names *n, const struct pd_doc *doc, const struct pd_frame_desc *f)
{
	for (uint32_t i = 0; i < f->n_lines; i++) {
		struct pd_wire_line w = { .line = f->lines[i].line > 0 && f->lines[i].line <= UINT32_MAX ? (uint32_t)f->lines[i].line : 0 };
		struct pd_func_desc d;

		pd_doc_func(doc, f->lines[i].func, &d);
		w.name_size = (uint32_t)pd_doc_string(doc, d.name).n;
		w.system_name_size = (uint32_t)pd_doc_string(doc, d.system_name).n;
		w.file_size = (uint32_t)pd_doc_string(doc, d.file).n;
		add(n, &w, sizeof(w));
	}
	for (uint32_t i = 0; i < f->n_lines; i++) {
		struct pd_func_desc d;
		struct pd_span s;

		pd_doc_func(doc, f->lines[i].func, &d);
		s = pd_doc_string(doc, d.name);
		add(n, s.p, s.n);
		s = pd_doc_string(doc, d.system_name);
		add(n, s.p, s.n);
		s = pd_doc_string(doc, d.file);
		add(n, s.p, s.n);
	}
}

static void put_frame(struct names *n, const struct pd_doc *doc, const struct pd_frame_desc *f)
{
	struct pd_wire_symbol w = { 0 };
	struct pd_mapping_desc m;
	unsigned char id[64];
	struct pd_span path;
	size_t size, from;

	pd_doc_mapping(doc, f->mapping, &m);
	path = pd_doc_string(doc, m.file);
	w.offset = f->address - m.start + m.offset;
	w.path_size = (uint32_t)path.n;
	w.build_id_size = (uint32_t)hex_bytes(pd_doc_string(doc, m.build_id), id, sizeof(id));
	w.lines = f->n_lines;
	size = (sizeof(w) + w.path_size + w.build_id_size + texts(doc, f) + 7) & ~(size_t)7;
	if (size > sizeof(n->bytes) - sizeof(struct pd_wire_block))
		return;
	if (size > sizeof(n->bytes) - n->used)
		flush(n);
	w.r = (struct pd_wire_record){ .size = (uint32_t)size, .kind = PD_WIRE_SYMBOL, .fixed = sizeof(w) };
	from = n->used;
	memset(n->bytes + from, 0, size);
	add(n, &w, sizeof(w));
	add(n, path.p, path.n);
	add(n, id, w.build_id_size);
	put_lines(n, doc, f);
	n->used = from + size;
	n->records++;
}

static bool copy_rest(struct names *n, int in)
{
	ssize_t got = 0;

	while (!n->failed && (got = read(in, n->bytes, sizeof(n->bytes))) != 0) {
		if (got > 0)
			write_all(n, n->bytes, (size_t)got);
		else if (errno != EINTR)
			return false;
	}
	return !n->failed;
}

/* The stream once more, with the names behind its header, in a file of its own that takes its place. */
bool record_put_names(const char *stream, const struct pd_doc *doc)
{
	struct names *n = calloc(1, sizeof(*n));
	int in = open(stream, O_RDONLY | O_CLOEXEC);
	struct pd_wire_file head;
	size_t size = strlen(stream);
	char *fresh = malloc(size + 7);
	bool ok = n && fresh && in >= 0 && read(in, &head, sizeof(head)) == (ssize_t)sizeof(head);

	if (ok) {
		memcpy(fresh, stream, size);
		memcpy(fresh + size, "XXXXXX", 7);
		n->fd = mkostemp(fresh, O_CLOEXEC);
		ok = n->fd >= 0;
	}
	if (ok) {
		write_all(n, &head, sizeof(head));
		flush(n);
		for (uint32_t i = 1; i < pd_doc_frames(doc); i++) {
			struct pd_frame_desc f;

			pd_doc_frame(doc, (pd_frame){ i }, &f);
			if (f.n_lines && f.mapping.v)
				put_frame(n, doc, &f);
		}
		flush(n);
		ok = copy_rest(n, in);
		ok = close(n->fd) == 0 && ok && rename(fresh, stream) == 0;
		if (!ok)
			unlink(fresh);
	}
	if (in >= 0)
		close(in);
	free(fresh);
	free(n);
	return ok;
}

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
