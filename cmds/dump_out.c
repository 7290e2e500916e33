/* record --dump: the stream. One image per process, all of it written by one dump. */
#include "dump.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BLOCK (256u << 10)

static void append(struct dump *d, const void *p, size_t n)
{
	size_t cap = d->out.cap ? d->out.cap : BLOCK;
	unsigned char *v;

	while (cap - d->out.n < n)
		cap *= 2;
	if (cap != d->out.cap) {
		v = realloc(d->out.v, cap);
		if (!v) {
			d->failed = true;
			return;
		}
		d->out.v = v;
		d->out.cap = cap;
	}
	if (n)
		memcpy(d->out.v + d->out.n, p, n);
	d->out.n += n;
}

void dump_flush(struct dump *d)
{
	struct pd_wire_block head = { .magic = PD_WIRE_BLOCK_MAGIC, .size = (uint32_t)d->out.n, .pid = (uint32_t)d->pid, .records = d->records, .image = d->image,
				      .time = proc_clock(CLOCK_MONOTONIC), .sequence = d->sequence };

	if (!d->records || d->failed)
		return;
	memcpy(d->out.v, &head, sizeof(head));
	if (write(d->fd, d->out.v, d->out.n) != (ssize_t)d->out.n)
		d->failed = true;
	d->sequence++;
	d->records = 0;
	d->out.n = 0;
}

void dump_put(struct dump *d, enum pd_wire_kind kind, void *fixed, size_t size, const void *tail, size_t n_tail, const void *tail2, size_t n_tail2)
{
	static const char zero[sizeof(struct pd_wire_block)];
	struct pd_wire_record *r = fixed;
	size_t all = (size + n_tail + n_tail2 + 7) & ~(size_t)7;

	if (d->out.n + all > BLOCK)
		dump_flush(d);
	if (!d->out.n)
		append(d, zero, sizeof(struct pd_wire_block));
	*r = (struct pd_wire_record){ .size = (uint32_t)all, .kind = (uint16_t)kind, .fixed = (uint16_t)size };
	append(d, fixed, size);
	append(d, tail, n_tail);
	append(d, tail2, n_tail2);
	append(d, zero, all - size - n_tail - n_tail2);
	d->records++;
}

void dump_process(struct dump *d)
{
	struct pd_wire_process p = { .pid = (uint32_t)d->pid, .realtime = proc_clock(CLOCK_REALTIME), .monotonic = proc_clock(CLOCK_MONOTONIC) };
	char link[64], path[512], *gone;
	ssize_t n;

	d->image = p.monotonic;
	snprintf(link, sizeof(link), "/proc/%d/exe", (int)d->pid);
	n = readlink(link, path, sizeof(path) - 1);
	path[n > 0 ? n : 0] = '\0';
	gone = strstr(path, " (deleted)");
	if (gone)
		*gone = '\0';
	p.path_size = (uint32_t)strlen(path);
	dump_put(d, PD_WIRE_PROCESS, &p, sizeof(p), path, p.path_size, NULL, 0);
}

void dump_thread(struct dump *d, const struct dump_thread *t, size_t depth, unsigned flags)
{
	struct pd_wire_thread begin = { .tid = (uint32_t)t->tid, .time = d->image, .cpu = 0 };
	struct pd_wire_name name = { .tid = (uint32_t)t->tid, .name_size = (uint32_t)strnlen(t->name, sizeof(t->name)) };
	struct pd_wire_stack stack = { .id = d->last_stack + 1, .n = (uint32_t)depth };
	struct pd_wire_dump w = { .time = proc_clock(CLOCK_MONOTONIC), .cpu = t->cpu, .tid = (uint32_t)t->tid, .number = 1, .syscall = t->syscall, .state = (uint32_t)t->state,
				  .wait_size = (uint32_t)strlen(t->wait) };

	stack.flags = (flags & PD_UNWIND_TRUNCATED ? PD_WIRE_TRUNCATED : 0u) | (flags & PD_UNWIND_INCOMPLETE ? PD_WIRE_INCOMPLETE : 0u);
	dump_put(d, PD_WIRE_THREAD, &begin, sizeof(begin), NULL, 0, NULL, 0);
	dump_put(d, PD_WIRE_NAME, &name, sizeof(name), t->name, name.name_size, NULL, 0);
	if (depth) {
		dump_put(d, PD_WIRE_STACK, &stack, sizeof(stack), d->address, depth * sizeof(d->address[0]), NULL, 0);
		w.stack = ++d->last_stack;
	}
	dump_put(d, PD_WIRE_DUMP, &w, sizeof(w), t->wait, w.wait_size, NULL, 0);
}

static int by_value(const void *pa, const void *pb)
{
	uint64_t a = *(const uint64_t *)pa, b = *(const uint64_t *)pb;

	return a < b ? -1 : a > b;
}

void dump_end(struct dump *d)
{
	struct pd_wire_dump_end w = { .time = proc_clock(CLOCK_MONOTONIC), .number = 1, .threads = (uint32_t)d->thread.n };
	struct pd_wire_end end = { .time = w.time, .reason = PD_WIRE_STOPPED };

	if (d->held.n) {
		qsort(d->held.v, d->held.n, sizeof(d->held.v[0]), by_value);
		w.stopped_p50 = d->held.v[d->held.n / 2];
		w.stopped_most = d->held.v[d->held.n - 1];
	}
	dump_put(d, PD_WIRE_DUMP_END, &w, sizeof(w), NULL, 0, NULL, 0);
	dump_put(d, PD_WIRE_END, &end, sizeof(end), NULL, 0, NULL, 0);
	dump_flush(d);
}
