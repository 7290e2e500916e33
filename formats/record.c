/*
 * record - what `profdata record` and its sampler write, see <profdata/agent_wire.h>.
 *
 * Samples of CPU time become the series "cpu" (samples, cpu in nanoseconds), looks at the threads the series "wall": the time between
 * two looks at a thread belongs to the stack of the second, as much of it on the CPU as the thread's own clock says, so that the sums
 * are the lives of the threads. Memory is the series "heap": objects and bytes allocated, and those of them that are not freed. Labels are
 * pid, tid, comm (program), thread (name) and, for wall time, state.
 *
 * A stream of a program that was killed ends with its last block; a block that is damaged or missing is skipped and counted.
 */
#include "record/record.h"
#include "base/hash.h"

bool record_fixed(const struct record_item *r, void *out, size_t size, size_t least)
{
	size_t n = r->fixed < size ? r->fixed : size;

	memset(out, 0, size);
	if (r->fixed < least)
		return false;
	memcpy(out, r->p, n);
	return true;
}

bool record_tail(const struct record_item *r, size_t *at, size_t n, struct pd_span *out)
{
	size_t from = r->fixed + *at;

	if (from > r->size || n > r->size - from)
		return false;
	*out = (struct pd_span){ r->p + from, n };
	*at += n;
	return true;
}

bool record_row_of(const void *rows, size_t n, size_t size, uint32_t id, size_t *row)
{
	size_t lo = 0, hi = n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		uint32_t there;

		memcpy(&there, (const char *)rows + mid * size, sizeof(there));
		if (there < id)
			lo = mid + 1;
		else if (there > id)
			hi = mid;
		else
			return *row = mid, true;
	}
	return false;
}

bool record_index_room(struct pd_index *ix)
{
	return (ix->used + 1) * 4ull <= (ix->slot ? (ix->mask + 1ull) * 3 : 0) || pd_index_grow(ix);
}

enum pd_status record_note(struct record *r, const char *what)
{
	return pd_note(r->sink, r->src, what);
}

static enum pd_sniff record_sniff(const struct pd_probe *p)
{
	return p->head.n >= 8 && memcmp(p->head.p, PD_WIRE_MAGIC, 8) == 0 ? PD_SNIFF_MAGIC : PD_SNIFF_NO;
}

/* ---- images ---- */

static struct record_image *image_of(struct record *r, uint32_t pid, uint64_t image)
{
	struct record_image fresh = { .pid = pid, .image = image, .first = UINT64_MAX };

	if (r->now && r->now->pid == pid && r->now->image == image)
		return r->now;
	for (size_t i = r->image.n; i-- > 0;)
		if (r->image.v[i].pid == pid && r->image.v[i].image == image)
			return &r->image.v[i];
	if (!pd_vec_push(&r->image, fresh)) {
		r->nomem = true;
		return NULL;
	}
	return &r->image.v[r->image.n - 1];
}

static enum pd_status process(struct record *r, const struct record_item *item)
{
	struct record_image *im = r->now;
	struct pd_span path;
	const char *slash;
	size_t at = 0;

	if (im->begun || !record_fixed(item, &im->process, sizeof(im->process), sizeof(im->process)) ||
	    !record_tail(item, &at, im->process.path_size, &path) || im->process.cpu_period > INT64_MAX || im->process.wall_period > INT64_MAX ||
	    im->process.monotonic > INT64_MAX)
		return record_note(r, "beginnings of processes that make no sense skipped");
	im->begun = true;
	if (im->process.monotonic < im->first)
		im->first = im->process.monotonic;
	slash = span_rfind(path, '/');
	if (slash)
		path = span_between(slash + 1, path.p + path.n);
	im->comm = pd_intern(r->b, path.p, path.n);
	record_series(r);
	return PD_OK;
}

/* Text that is about the whole recording stands in front of all processes. */
static enum pd_status text(struct record *r, const struct record_item *item)
{
	struct pd_wire_text t;
	struct pd_span key, value;
	char line[4096];
	size_t at = 0;
	int n;

	if (!record_fixed(item, &t, sizeof(t), sizeof(t)) || !record_tail(item, &at, t.key_size, &key) || !record_tail(item, &at, t.value_size, &value))
		return record_note(r, "texts that make no sense skipped");
	if (span_is(key, "record.run")) {
		r->whole_run = true;
		return PD_OK;
	}
	if (span_is(key, "record.filtered")) {
		r->filtered++;
		return PD_OK;
	}
	n = snprintf(line, sizeof(line), "%.*s: %.*s", (int)(key.n < 256 ? key.n : 256), key.p, (int)(value.n < 3800 ? value.n : 3800), value.p);
	if (n > 0)
		pd_builder_comment(r->b, pd_intern(r->b, line, strnlen(line, sizeof(line))));
	return PD_OK;
}

static enum pd_status stats(struct record *r, const struct record_item *item)
{
	struct pd_wire_stats s;

	if (!record_fixed(item, &s, sizeof(s), sizeof(s)))
		return record_note(r, "sums that make no sense skipped");
	r->now->stats = s;
	return PD_OK;
}

static enum pd_status end(struct record *r, const struct record_item *item)
{
	struct pd_wire_end e;

	if (!record_fixed(item, &e, sizeof(e), sizeof(e)))
		return record_note(r, "ends of processes that make no sense skipped");
	/* a program that could not exec goes on after its end: only the last one of an image is one */
	r->now->ended = true;
	r->now->last = e.time > r->now->last && e.time <= INT64_MAX ? e.time : r->now->last;
	return PD_OK;
}

/* ---- blocks ---- */

static enum pd_status item(struct record *r, const struct record_item *it)
{
	if (r->events_only && (it->kind == PD_WIRE_HEAP_BEGIN || it->kind == PD_WIRE_HEAP || it->kind == PD_WIRE_SPELL || it->kind == PD_WIRE_EVENT))
		return PD_OK; /* samples without a place in a timeline */
	switch (it->kind) {
	case PD_WIRE_PROCESS: return process(r, it);
	case PD_WIRE_TEXT: return text(r, it);
	case PD_WIRE_MAPPING: return record_mapping(r, it);
	case PD_WIRE_UNMAPPING: return record_unmapping(r, it);
	case PD_WIRE_THREAD:
	case PD_WIRE_NAME:
	case PD_WIRE_THREAD_END: return record_thread_item(r, it);
	case PD_WIRE_STACK: return record_stack(r, it);
	case PD_WIRE_CPU: return record_cpu(r, it);
	case PD_WIRE_WALL: return record_wall(r, it);
	case PD_WIRE_LOOKS_BEGIN: return record_looks_begin(r, it);
	case PD_WIRE_LOOK: return record_look(r, it);
	case PD_WIRE_STATS: return stats(r, it);
	case PD_WIRE_END: return end(r, it);
	case PD_WIRE_LOCK:
	case PD_WIRE_LOCK_WAIT:
	case PD_WIRE_LOCK_HOLD:
	case PD_WIRE_LOCK_STATS: return record_lock(r, it);
	case PD_WIRE_HEAP_BEGIN: return record_heap_begin(r, it);
	case PD_WIRE_HEAP: return record_heap(r, it);
	case PD_WIRE_HEAP_STATS: return record_heap_stats(r, it);
	case PD_WIRE_SPELL: return record_spell(r, it);
	case PD_WIRE_EVENT: return record_event(r, it);
	case PD_WIRE_SLEEP: return record_sleep(r, it);
	case PD_WIRE_DUMP: return record_dump(r, it);
	case PD_WIRE_DUMP_BEGIN: return record_dump_begin(r, it);
	case PD_WIRE_DUMP_END: return record_dump_end(r, it);
	case PD_WIRE_OUTSIDE: return record_outside(r, it);
	case PD_WIRE_OUTSIDE_STATS: return record_outside_stats(r, it);
	case PD_WIRE_OUTSIDE_LOST: return record_outside_lost(r, it);
	case PD_WIRE_MARK_NAME:
	case PD_WIRE_MARKS:
	case PD_WIRE_MARK_SUMS:
	case PD_WIRE_FUNCTION: return record_mark_item(r, it);
	case PD_WIRE_LABELS:
	case PD_WIRE_LABELED: return record_label_item(r, it);
	case PD_WIRE_SYMBOL: return record_symbol(r, it);
	case PD_WIRE_CODE: return record_code(r, it);
	default: return record_note(r, "records of an unknown kind skipped");
	}
}

static enum pd_status block(struct record *r, struct pd_span bytes)
{
	struct pd_wire_block h;
	enum pd_status status = PD_OK;

	memcpy(&h, bytes.p, sizeof(h));
	r->now = image_of(r, h.pid, h.image);
	if (!r->now)
		return pd_error_set(r->sink->err, PD_ERR_NOMEM, "out of memory");
	if (h.sequence > r->now->sequence) {
		if (pd_add_overflow(r->now->missing, h.sequence - r->now->sequence, &r->now->missing))
			r->now->missing = UINT64_MAX;
		status = record_note(r, "gaps where blocks of a process are missing");
	}
	r->now->sequence = h.sequence + 1;
	r->now->ended = false;
	if (h.time <= INT64_MAX) {
		r->now->first = h.time < r->now->first ? h.time : r->now->first;
		r->now->last = h.time > r->now->last ? h.time : r->now->last;
	}
	for (size_t at = sizeof(h); at < bytes.n && status == PD_OK;) {
		struct record_item it = { .p = bytes.p + at };

		if (bytes.n - at < sizeof(struct pd_wire_record))
			return record_note(r, "blocks with a torn record cut off there");
		it.size = pd_load32(it.p);
		it.kind = pd_load32(it.p + 4) & 0xffff;
		it.fixed = pd_load32(it.p + 4) >> 16;
		if (it.size % 8 || it.size > bytes.n - at || it.fixed < sizeof(struct pd_wire_record) || it.fixed > it.size)
			return record_note(r, "blocks with a torn record cut off there");
		status = item(r, &it);
		at += it.size;
		if (pd_builder_failed(r->b))
			return pd_builder_status(r->b);
		if (r->nomem)
			return pd_error_set(r->sink->err, PD_ERR_NOMEM, "out of memory");
	}
	return status;
}

/* Bytes that are no block: on to the next that is. False at the end. */
static bool resync(struct record *r, struct pd_span head)
{
	uint32_t magic = PD_WIRE_BLOCK_MAGIC;
	const char *hit = head.n > 8 ? memmem(head.p + 8, head.n - 8, &magic, sizeof(magic)) : NULL;

	if (!hit && head.n <= sizeof(struct pd_wire_block))
		return false;
	pd_source_consume(r->src, hit ? (size_t)(hit - head.p) : head.n - 3);
	return true;
}

static enum pd_status blocks(struct record *r)
{
	enum pd_status status = PD_OK;
	bool torn = false;

	while (status == PD_OK) {
		struct pd_span head = pd_source_peek(r->src, sizeof(struct pd_wire_block));
		uint32_t size = 0;

		if (head.n == 0)
			break;
		if (head.n >= sizeof(struct pd_wire_block) && pd_load32(head.p) == PD_WIRE_BLOCK_MAGIC)
			size = pd_load32(head.p + 4);
		if (size >= sizeof(struct pd_wire_block) && size <= PD_WIRE_BLOCK_MAX) {
			head = pd_source_peek(r->src, size);
			if (head.n >= size) {
				torn = false;
				status = block(r, (struct pd_span){ head.p, size });
				pd_source_consume(r->src, size);
				continue;
			}
		}
		if (!torn)
			status = record_note(r, "pieces that are no complete block skipped");
		torn = true;
		if (!resync(r, head))
			break;
	}
	return status;
}

static enum pd_status header(struct record *r, struct pd_wire_file *file)
{
	struct pd_span head = pd_source_peek(r->src, sizeof(*file));
	uint32_t size;

	if (head.n < sizeof(*file) || memcmp(head.p, PD_WIRE_MAGIC, 8) != 0)
		return pd_source_status(r->src) != PD_OK ? pd_source_status(r->src) : pd_fail(r->sink, r->src, "expected the header of a record stream");
	if (__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__)
		return pd_fail(r->sink, r->src, "record streams are little-endian, this machine is not");
	memcpy(file, head.p, sizeof(*file));
	size = file->size;
	if (file->major != PD_WIRE_MAJOR)
		return pd_fail(r->sink, r->src, "record stream of version %u, expected %u", file->major, PD_WIRE_MAJOR);
	if (size < sizeof(*file) || size > 4096 || size % 8 || pd_source_peek(r->src, size).n < size)
		return pd_fail(r->sink, r->src, "header of %u bytes, expected %zu or more", size, sizeof(*file));
	pd_source_consume(r->src, size);
	return PD_OK;
}

/* ---- the format ---- */

static void release(struct record *r)
{
	for (size_t i = 0; i < r->image.n; i++) {
		pd_vec_release(&r->image.v[i].map);
		pd_vec_release(&r->image.v[i].stack);
		pd_vec_release(&r->image.v[i].again);
		pd_vec_release(&r->image.v[i].address);
		pd_vec_release(&r->image.v[i].name);
		pd_vec_release(&r->image.v[i].function);
		pd_vec_release(&r->image.v[i].set);
	}
	for (size_t i = 0; i < r->thread.n; i++) {
		pd_vec_release(&r->thread.v[i].open);
		pd_vec_release(&r->thread.v[i].seen);
	}
	pd_vec_release(&r->track);
	pd_index_release(&r->tracks);
	pd_vec_release(&r->pair);
	pd_vec_release(&r->label);
	pd_vec_release(&r->symbol);
	pd_index_release(&r->symbols);
	pd_vec_release(&r->line);
	pd_vec_release(&r->code);
	pd_vec_release(&r->image);
	pd_vec_release(&r->thread);
	pd_vec_release(&r->frames);
	pd_index_release(&r->threads);
}

static enum pd_status read(struct pd_source *src, struct pd_sink *sink, struct pd_events *timeline, bool events_only)
{
	struct record r = { .src = src, .sink = sink, .b = sink->prof, .cpu_series = RECORD_NONE, .wall_series = RECORD_NONE, .event_series = RECORD_NONE, .dump_series = RECORD_NONE,
			    .heap_series = RECORD_NONE, .lock_series = { RECORD_NONE, RECORD_NONE }, .events_only = events_only,
			    .timeline = timeline && timeline->ops->wants & PD_WANTS_EVENTS ? timeline : NULL };
	struct pd_wire_file file;
	enum pd_status status = header(&r, &file);

	if (status == PD_OK) {
		r.file_time = file.monotonic;
		r.file_wall = file.realtime;
		status = blocks(&r);
	}
	for (size_t i = 0; i < r.image.n && status == PD_OK; i++) {
		r.now = &r.image.v[i];
		if (r.now->begun && !r.now->ended)
			status = record_note(&r, "recordings of processes that were not ended (killed, still running, or no room to write)");
		record_threads_end(&r, r.now->last);
	}
	status = record_timeline_end(&r, status);
	if (status == PD_OK)
		record_facts(&r, &file);
	release(&r);
	return status == PD_OK ? pd_source_status(src) : status;
}

static enum pd_status record_read(struct pd_source *src, struct pd_sink *sink, const void *opts)
{
	(void)opts;
	return read(src, sink, sink->events, false);
}

static enum pd_status record_read_events(struct pd_source *src, struct pd_sink *sink, struct pd_events *events, const void *opts)
{
	(void)opts;
	return read(src, sink, events, true);
}

/* A process that records events says so at once. */
static bool record_has_events(struct pd_span head)
{
	size_t at = head.n >= sizeof(struct pd_wire_file) ? pd_load32(head.p + 12) : head.n;

	while (at < head.n && head.n - at >= sizeof(struct pd_wire_block) && pd_load32(head.p + at) == PD_WIRE_BLOCK_MAGIC) {
		size_t size = pd_load32(head.p + at + 4), end = size < head.n - at ? at + size : head.n;

		for (size_t i = at + sizeof(struct pd_wire_block); i + sizeof(struct pd_wire_record) <= end && pd_load32(head.p + i) >= 8; i += pd_load32(head.p + i))
			if ((pd_load32(head.p + i + 4) & 0xffff) == PD_WIRE_MARK_SUMS)
				return true;
		if (size < sizeof(struct pd_wire_block))
			return false;
		at += size;
	}
	return false;
}

const struct pd_format pd_format_record = {
	.name = "record",
	.summary = "record stream of `profdata record`",
	.binary = true,
	.sniff = record_sniff,
	.read = record_read,
	.read_events = record_read_events,
	.has_events = record_has_events,
};
