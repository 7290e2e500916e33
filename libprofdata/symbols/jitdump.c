/*
 * jitdump: what compilers at run time write about their code for perf (tools/perf/Documentation/jitdump-specification.txt of Linux). It says when each
 * piece of code came to its address, so that addresses used again and again have the name of their time. Used by the library and by profdata-symbols.
 */
#include <profdata/symbols.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

#define MAGIC 0x4a695444u
#define ARCH_TIMESTAMP 1u /* times are cycles of the processor */
#define NAME_MAX_BYTES 65536u
#define TABLE_MAX (1u << 26) /* slots */

enum { LOAD, MOVE };

struct piece {
	uint64_t index, size;
	char *name; /* NULL: a free slot */
};

struct reading {
	FILE *f;
	struct piece *v; /* by index, hashed: where code goes when it is moved */
	size_t n, cap;
	bool (*each)(void *ctx, const struct pd_jit_code *code);
	void *ctx;
	bool timeless, failed;
};

/* Whoever writes the file cannot know what falls together: the key is of this process. */
static size_t hash(uint64_t index)
{
	uint64_t key = 0;

	memcpy(&key, (const void *)getauxval(AT_RANDOM), sizeof(key));
	index = (index ^ key) * 0x9e3779b97f4a7c15u;
	index = (index ^ index >> 32) * 0xd6e8feb86659fd93u;
	return (size_t)(index ^ index >> 32);
}

static struct piece *slot(struct piece *v, size_t cap, uint64_t index)
{
	size_t at = hash(index) & (cap - 1);

	while (v[at].name && v[at].index != index)
		at = (at + 1) & (cap - 1);
	return &v[at];
}

static bool more_slots(struct reading *r)
{
	size_t cap = r->cap ? 2 * r->cap : 1024;
	struct piece *v = cap <= TABLE_MAX ? calloc(cap, sizeof(*v)) : NULL;

	if (!v)
		return false;
	for (size_t i = 0; i < r->cap; i++)
		if (r->v[i].name)
			*slot(v, cap, r->v[i].index) = r->v[i];
	free(r->v);
	r->v = v;
	r->cap = cap;
	return true;
}

/* Takes the name. */
static void remember(struct reading *r, uint64_t index, uint64_t size, char *name)
{
	struct piece *p;

	if (2 * (r->n + 1) > r->cap && !more_slots(r)) {
		free(name);
		r->failed = true;
		return;
	}
	p = slot(r->v, r->cap, index);
	r->n += !p->name;
	free(p->name);
	*p = (struct piece){ index, size, name };
}

static bool skip(FILE *f, uint64_t n)
{
	char scrap[4096];

	while (n) {
		size_t part = n < sizeof(scrap) ? (size_t)n : sizeof(scrap);

		if (fread(scrap, 1, part, f) != part)
			return false;
		n -= part;
	}
	return true;
}

static void tell(struct reading *r, uint64_t time, uint64_t address, uint64_t size, const char *name)
{
	struct pd_jit_code code = { .time = r->timeless ? 0 : time, .address = address, .size = size, .name = name };

	if (name[0] && size && address + size > address && !r->each(r->ctx, &code))
		r->failed = true;
}

/* `rest`: bytes of the record that are still to come. False: the file ends here. */
static bool load(struct reading *r, uint64_t time, uint32_t rest)
{
	struct { uint32_t pid, tid; uint64_t vma, address, size, index; } w;
	char *name, *end;
	uint32_t n;

	if (rest < sizeof(w))
		return skip(r->f, rest);
	if (fread(&w, sizeof(w), 1, r->f) != 1)
		return false;
	rest -= (uint32_t)sizeof(w);
	n = rest < NAME_MAX_BYTES ? rest : NAME_MAX_BYTES; /* the code itself stands behind the name */
	name = malloc(n + 1u);
	if (!name) {
		r->failed = true;
		return false;
	}
	if (fread(name, 1, n, r->f) != n) {
		free(name);
		return false;
	}
	name[n] = '\0';
	tell(r, time, w.address, w.size, name);
	end = realloc(name, strlen(name) + 1);
	remember(r, w.index, w.size, end ? end : name);
	return skip(r->f, rest - n);
}

static bool move(struct reading *r, uint64_t time, uint32_t rest)
{
	struct { uint32_t pid, tid; uint64_t vma, from, to, size, index; } w;
	struct piece *p;

	if (rest < sizeof(w))
		return skip(r->f, rest);
	if (fread(&w, sizeof(w), 1, r->f) != 1)
		return false;
	p = r->cap ? slot(r->v, r->cap, w.index) : NULL;
	if (p && p->name)
		tell(r, time, w.to, w.size ? w.size : p->size, p->name);
	return skip(r->f, rest - sizeof(w));
}

bool pd_jitdump_read(FILE *f, bool (*each)(void *ctx, const struct pd_jit_code *code), void *ctx)
{
	struct { uint32_t magic, version, size, machine, pad, pid; uint64_t time, flags; } head;
	struct { uint32_t id, size; uint64_t time; } w;
	struct reading r = { .f = f, .each = each, .ctx = ctx };
	bool more;

	if (fread(&head, sizeof(head), 1, f) != 1 || head.magic != MAGIC || head.size < sizeof(head))
		return false;
	r.timeless = head.flags & ARCH_TIMESTAMP;
	more = skip(f, head.size - sizeof(head));
	while (more && !r.failed && fread(&w, sizeof(w), 1, f) == 1 && w.size >= sizeof(w)) {
		uint32_t rest = w.size - (uint32_t)sizeof(w);

		more = w.id == LOAD ? load(&r, w.time, rest) : w.id == MOVE ? move(&r, w.time, rest) : skip(f, rest);
	}
	for (size_t i = 0; i < r.cap; i++)
		free(r.v[i].name);
	free(r.v);
	return !r.failed;
}
