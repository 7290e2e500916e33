/*
 * An uncompressed pprof profile: -n samples (1000000), nearly all distinct, over
 * -f functions (20000), two values and two labels each. -r gives another run of
 * the same program, -d N makes the samples repeat N stacks.
 */
#include "gen.h"

struct bytes { unsigned char *p; size_t n, cap; };

static void room(struct bytes *b, size_t more)
{
	if (b->cap - b->n >= more)
		return;
	b->cap = b->cap * 2 + more + 64;
	b->p = realloc(b->p, b->cap);
	if (!b->p) {
		fprintf(stderr, "out of memory\n");
		exit(1);
	}
}

static void varint(struct bytes *b, uint64_t v)
{
	room(b, 10);
	for (; v > 127; v >>= 7)
		b->p[b->n++] = (unsigned char)(v | 128);
	b->p[b->n++] = (unsigned char)v;
}

static void number(struct bytes *b, unsigned field, uint64_t v)
{
	varint(b, field << 3);
	varint(b, v);
}

static void block(struct bytes *b, unsigned field, const void *data, size_t n)
{
	varint(b, field << 3 | 2);
	varint(b, n);
	room(b, n);
	memcpy(b->p + b->n, data, n);
	b->n += n;
}

/* Writes a top-level field of the profile and empties `b`. */
static void flush(unsigned field, struct bytes *b)
{
	static struct bytes head;

	head.n = 0;
	varint(&head, field << 3 | 2);
	varint(&head, b->n);
	fwrite_unlocked(head.p, 1, head.n, stdout);
	fwrite_unlocked(b->p, 1, b->n, stdout);
	b->n = 0;
}

enum { S_EMPTY, S_SAMPLES, S_COUNT, S_CPU, S_NS, S_THREAD, S_BYTES, S_COMM, S_MAPPING = S_COMM + 8, S_FILE = S_MAPPING + GEN_MAPPINGS, S_NAME = S_FILE + 64 };

static void value_type(unsigned field, uint64_t type, uint64_t unit)
{
	struct bytes b = { 0 };

	number(&b, 1, type);
	number(&b, 2, unit);
	flush(field, &b);
	free(b.p);
}

static void samples(const struct gen_program *p, const struct gen_args *a, unsigned char *used)
{
	struct bytes b = { 0 }, part = { 0 };
	uint32_t site[GEN_MAX_DEPTH];

	for (uint64_t i = 0; i < a->samples; i++) {
		uint64_t h = gen_mix(i ^ a->run << 40 ^ 0x76616c), hits = 1 + (h >> 56 > 250 ? h >> 50 & 7 : 0);
		unsigned depth = gen_walk(p, (a->distinct ? i % a->distinct : i) ^ a->run << 40, site);

		part.n = 0;
		for (unsigned k = depth; k-- > 0;) {
			varint(&part, site[k] + 1);
			used[site[k]] = 1;
		}
		block(&b, 1, part.p, part.n);
		part.n = 0;
		varint(&part, hits);
		varint(&part, hits * 10000000);
		block(&b, 2, part.p, part.n);
		part.n = 0;
		number(&part, 1, S_THREAD);
		number(&part, 2, S_COMM + site[0] / GEN_SITES % 8);
		block(&b, 3, part.p, part.n);
		part.n = 0;
		number(&part, 1, S_BYTES);
		number(&part, 3, (uint64_t)1 << (h >> 10) % 20);
		block(&b, 3, part.p, part.n);
		flush(2, &b);
	}
	free(b.p);
	free(part.p);
}

static void line(struct bytes *b, uint64_t function, uint64_t number_of_line)
{
	struct bytes l = { 0 };

	number(&l, 1, function + 1);
	number(&l, 2, number_of_line);
	block(b, 4, l.p, l.n);
	free(l.p);
}

/* Mappings, and the locations and functions that samples use. */
static void tables(const struct gen_program *p, const unsigned char *used)
{
	struct bytes b = { 0 };

	for (uint32_t m = 0; m < GEN_MAPPINGS; m++) {
		number(&b, 1, m + 1);
		number(&b, 2, gen_mapping[m].start);
		number(&b, 3, gen_mapping[m].start + gen_mapping[m].size);
		number(&b, 5, S_MAPPING + m);
		number(&b, 7, 1);
		flush(3, &b);
	}
	for (uint32_t s = 0; s < p->n_functions * GEN_SITES; s++) {
		uint32_t inlined = gen_inlined_at(p, s);

		if (!used[s])
			continue;
		number(&b, 1, s + 1);
		number(&b, 2, gen_mapping_of(p, s) + 1);
		number(&b, 3, gen_address_of(p, s));
		if (inlined < p->n_functions)
			line(&b, inlined, 10 + s % 777);
		line(&b, s / GEN_SITES, 20 + s % 999);
		flush(4, &b);
	}
	for (uint32_t f = 0; f < p->n_functions; f++) {
		number(&b, 1, f + 1);
		number(&b, 2, S_NAME + f);
		number(&b, 3, S_NAME + f);
		number(&b, 4, S_FILE + f % 64);
		number(&b, 5, 5 + f % 900);
		flush(5, &b);
	}
	free(b.p);
}

static void text(const char *s)
{
	struct bytes b = { .p = (unsigned char *)s, .n = strlen(s) };

	flush(6, &b);
}

static void strings(const struct gen_program *p)
{
	static const char *const fixed[] = { "", "samples", "count", "cpu", "nanoseconds", "thread", "bytes" };
	char buf[64];

	for (unsigned i = 0; i < S_COMM; i++)
		text(fixed[i]);
	for (unsigned i = 0; i < 8; i++)
		text(gen_comm[i]);
	for (unsigned i = 0; i < GEN_MAPPINGS; i++)
		text(gen_mapping[i].path);
	for (unsigned i = 0; i < 64; i++) {
		snprintf(buf, sizeof(buf), "/build/pipeline/src/part%02u/unit_%u.cc", i % 16, i);
		text(buf);
	}
	for (uint32_t i = 0; i < p->n_functions; i++)
		text(p->name[i]);
}

int main(int argc, char **argv)
{
	struct gen_args a = { .samples = 1000000, .functions = 20000 };
	struct gen_program p;
	unsigned char *used;
	struct bytes b = { 0 };

	gen_parse(&a, argc, argv);
	gen_program(&p, (uint32_t)a.functions);
	used = gen_alloc((size_t)p.n_functions * GEN_SITES);
	memset(used, 0, (size_t)p.n_functions * GEN_SITES);
	value_type(1, S_SAMPLES, S_COUNT);
	value_type(1, S_CPU, S_NS);
	samples(&p, &a, used);
	tables(&p, used);
	strings(&p);
	value_type(11, S_CPU, S_NS);
	number(&b, 9, 1700000000000000000u + a.run * 60000000000u);
	number(&b, 10, 60000000000u);
	number(&b, 12, 10000000);
	fwrite_unlocked(b.p, 1, b.n, stdout);
	free(b.p);
	free(used);
	return gen_end();
}
