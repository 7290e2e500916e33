/* Records put into a stream when the recording has ended: names, for whoever reads it later. */
#include "record_front.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One block at a time. */
struct record_front {
	int fd;
	size_t used;
	uint32_t records;
	bool failed;
	unsigned char bytes[PD_WIRE_BLOCK_MAX / 4];
};

static void write_all(struct record_front *f, const void *p, size_t size)
{
	for (const char *from = p; size && !f->failed;) {
		ssize_t done = write(f->fd, from, size);

		if (done < 0 && errno != EINTR)
			f->failed = true;
		if (done > 0) {
			from += done;
			size -= (size_t)done;
		}
	}
}

static void flush(struct record_front *f)
{
	struct pd_wire_block block = { .magic = PD_WIRE_BLOCK_MAGIC, .size = (uint32_t)f->used, .records = f->records };

	if (f->records) {
		memcpy(f->bytes, &block, sizeof(block));
		write_all(f, f->bytes, f->used);
	}
	f->used = sizeof(block);
	f->records = 0;
}

unsigned char *record_front_room(struct record_front *f, struct pd_wire_record *r, uint16_t kind, uint16_t size, size_t tail)
{
	size_t all = (size + tail + 7) & ~(size_t)7;
	unsigned char *to;

	if (all > sizeof(f->bytes) - sizeof(struct pd_wire_block))
		return NULL;
	if (all > sizeof(f->bytes) - f->used)
		flush(f);
	*r = (struct pd_wire_record){ .size = (uint32_t)all, .kind = kind, .fixed = size };
	to = f->bytes + f->used;
	memset(to, 0, all);
	f->used += all;
	f->records++;
	return to;
}

unsigned char *record_front_add(unsigned char *to, const void *from, size_t n)
{
	if (n)
		memcpy(to, from, n);
	return to + n;
}

static bool copy_rest(struct record_front *f, int in)
{
	ssize_t got = 0;

	while (!f->failed && (got = read(in, f->bytes, sizeof(f->bytes))) != 0) {
		if (got > 0)
			write_all(f, f->bytes, (size_t)got);
		else if (errno != EINTR)
			return false;
	}
	return !f->failed;
}

bool record_in_front(const char *stream, void (*fill)(struct record_front *f, const void *arg), const void *arg)
{
	struct record_front *f = calloc(1, sizeof(*f));
	int in = open(stream, O_RDONLY | O_CLOEXEC);
	struct pd_wire_file head;
	size_t size = strlen(stream);
	char *fresh = malloc(size + 7);
	bool ok = f && fresh && in >= 0 && read(in, &head, sizeof(head)) == (ssize_t)sizeof(head);

	if (ok) {
		memcpy(fresh, stream, size);
		memcpy(fresh + size, "XXXXXX", 7);
		f->fd = mkostemp(fresh, O_CLOEXEC);
		ok = f->fd >= 0;
	}
	if (ok) {
		write_all(f, &head, sizeof(head));
		flush(f);
		fill(f, arg);
		flush(f);
		ok = copy_rest(f, in);
		ok = close(f->fd) == 0 && ok && rename(fresh, stream) == 0;
		if (!ok)
			unlink(fresh);
	}
	if (in >= 0)
		close(in);
	free(fresh);
	free(f);
	return ok;
}
