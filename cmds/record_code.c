/*
 * Names of code made at run time, where its compiler said when it was made (jitdump): what the addresses of a recording were called, and from when on,
 * goes into the stream. Lists without times (perf-PID.map) are looked into by address alone, when all else is.
 */
#include "record_front.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <profdata/symbols.h>

#define HITS_MOST (1u << 20) /* names of addresses in a list */

struct hit {
	uint64_t time, address;
	char *name;
};

/* A list and the addresses in its code, sorted, each once. */
struct list {
	char *path;
	uint64_t *address;
	size_t n, cap;
	struct hit *hit;
	size_t hits, hits_cap;
};

struct code {
	struct list *list;
	size_t n, cap;
};

bool record_is_jitdump(const char *path)
{
	const char *slash = strrchr(path, '/'), *part = slash ? slash + 1 : path;
	size_t n = strlen(part);

	return strncmp(part, "jit-", 4) == 0 && n > 9 && strcmp(part + n - 5, ".dump") == 0;
}

static bool grow(void **v, size_t *cap, size_t n, size_t size)
{
	size_t more = *cap ? 2 * *cap : 64;
	void *p = n < *cap ? *v : reallocarray(*v, more, size);

	if (p && n == *cap)
		*cap = more;
	*v = p ? p : *v;
	return p != NULL;
}

static struct list *list_of(struct code *c, const char *path)
{
	for (size_t i = 0; i < c->n; i++)
		if (strcmp(c->list[i].path, path) == 0)
			return &c->list[i];
	if (!grow((void **)&c->list, &c->cap, c->n, sizeof(*c->list)))
		return NULL;
	c->list[c->n] = (struct list){ .path = strdup(path) };
	return c->list[c->n].path ? &c->list[c->n++] : NULL;
}

static int by_number(const void *pa, const void *pb)
{
	uint64_t a, b;

	memcpy(&a, pa, sizeof(a));
	memcpy(&b, pb, sizeof(b));
	return a < b ? -1 : a > b;
}

/* What the profile has of such code. */
static void collect(struct code *c, const struct pd_doc *doc)
{
	for (uint32_t i = 1; i <= pd_doc_frames(doc); i++) {
		struct pd_mapping_desc m;
		struct pd_frame_desc f;
		const char *path;
		struct list *l;

		pd_doc_frame(doc, (pd_frame){ i }, &f);
		if (!f.mapping.v)
			continue;
		pd_doc_mapping(doc, f.mapping, &m);
		path = pd_doc_string(doc, m.file).p;
		l = record_is_jitdump(path) ? list_of(c, path) : NULL;
		if (l && grow((void **)&l->address, &l->cap, l->n, sizeof(*l->address)))
			l->address[l->n++] = f.address;
	}
	for (size_t i = 0; i < c->n; i++) {
		struct list *l = &c->list[i];
		size_t n = 0;

		if (l->n)
			qsort(l->address, l->n, sizeof(*l->address), by_number);
		for (size_t k = 0; k < l->n; k++)
			if (!n || l->address[k] != l->address[n - 1])
				l->address[n++] = l->address[k];
		l->n = n;
	}
}

static bool note(void *ctx, const struct pd_jit_code *code)
{
	struct list *l = ctx;
	size_t lo = 0, hi = l->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (l->address[mid] < code->address)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (; lo < l->n && l->address[lo] - code->address < code->size; lo++) {
		if (l->hits == HITS_MOST || !grow((void **)&l->hit, &l->hits_cap, l->hits, sizeof(*l->hit)))
			return false;
		l->hit[l->hits] = (struct hit){ code->time, l->address[lo], strdup(code->name) };
		if (!l->hit[l->hits].name)
			return false;
		l->hits++;
	}
	return true;
}

/* Where we find it: it may lie in another mount namespace. */
static const char *file_of(const char *path, const char *const *objects, size_t n)
{
	size_t size = strlen(path);

	for (size_t i = 0; i < n; i++)
		if (strncmp(objects[i], path, size) == 0 && objects[i][size] == '=')
			return objects[i] + size + 1;
	return path;
}

static void look_up(struct list *l, const char *file)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	FILE *f = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? fdopen(fd, "r") : NULL;

	if (f) {
		pd_jitdump_read(f, note, l); /* as far as it can be read */
		fclose(f);
	} else if (fd >= 0) {
		close(fd);
	}
}

static void put(struct record_front *f, const void *arg)
{
	const struct code *c = arg;

	for (size_t i = 0; i < c->n; i++)
		for (size_t k = 0; k < c->list[i].hits; k++) {
			const struct hit *h = &c->list[i].hit[k];
			struct pd_wire_code w = { .time = h->time, .address = h->address, .path_size = (uint32_t)strlen(c->list[i].path), .name_size = (uint32_t)strlen(h->name) };
			unsigned char *to = record_front_room(f, &w.r, PD_WIRE_CODE, sizeof(w), (size_t)w.path_size + w.name_size);

			if (!to)
				continue;
			to = record_front_add(to, &w, sizeof(w));
			to = record_front_add(to, c->list[i].path, w.path_size);
			record_front_add(to, h->name, w.name_size);
		}
}

static void release(struct code *c)
{
	for (size_t i = 0; i < c->n; i++) {
		for (size_t k = 0; k < c->list[i].hits; k++)
			free(c->list[i].hit[k].name);
		free(c->list[i].hit);
		free(c->list[i].address);
		free(c->list[i].path);
	}
	free(c->list);
}

bool record_put_code(const char *stream, const struct pd_doc *doc, const char *const *objects, size_t n_objects)
{
	struct code c = { 0 };
	size_t hits = 0;
	bool done;

	collect(&c, doc);
	for (size_t i = 0; i < c.n; i++) {
		look_up(&c.list[i], file_of(c.list[i].path, objects, n_objects));
		hits += c.list[i].hits;
	}
	done = hits && record_in_front(stream, put, &c);
	release(&c);
	return done;
}
