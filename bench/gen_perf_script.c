/* Text of `perf script`: -m megabytes (500) of samples over -d distinct stacks (50000). */
#include "gen.h"

struct line { char *text; uint32_t n; };

/* The lines of one call site, inlined function first. */
static struct line frame_lines(const struct gen_program *p, uint32_t site)
{
	uint32_t inlined = gen_inlined_at(p, site);
	uint64_t at = gen_address_of(p, site);
	char buf[1400];
	int n = 0;

	if (inlined < p->n_functions)
		n = snprintf(buf, sizeof(buf), "\t%16llx %s (inlined)\n", (unsigned long long)at, p->name[inlined]);
	n += snprintf(buf + n, sizeof(buf) - (size_t)n, "\t%16llx %s+0x%x (%s)\n", (unsigned long long)at, p->name[site / GEN_SITES],
	              gen_offset_of(site), gen_mapping[gen_mapping_of(p, site)].path);
	return (struct line){ memcpy(gen_alloc((size_t)n), buf, (size_t)n), (uint32_t)n };
}

static uint64_t print_sample(const struct gen_program *p, const struct line *lines, uint64_t i, uint64_t stack)
{
	uint32_t site[GEN_MAX_DEPTH];
	unsigned depth = gen_walk(p, stack, site), who = site[0] / GEN_SITES % 8;
	uint64_t h = gen_mix(i ^ 0x73616d70), us = i * 1009 + h % 997;
	int n = printf("%-16s %5u/%-5u [%03u] %6llu.%06llu: %10u cycles:P: \n", gen_comm[who], 2210 + who / 4, 2210 + who * 3,
	               (unsigned)(h >> 60), 81234 + (unsigned long long)us / 1000000, (unsigned long long)us % 1000000,
	               (unsigned)(250000 + (h >> 20) % 500000));
	uint64_t bytes = (uint64_t)n + 1;

	for (unsigned k = depth; k-- > 0;) {
		fwrite_unlocked(lines[site[k]].text, 1, lines[site[k]].n, stdout);
		bytes += lines[site[k]].n;
	}
	putchar_unlocked('\n');
	return bytes;
}

int main(int argc, char **argv)
{
	struct gen_args a = { .megabytes = 500, .distinct = 50000, .functions = 20000 };
	struct gen_program p;
	struct line *lines;
	uint64_t bytes = 0;

	gen_parse(&a, argc, argv);
	gen_program(&p, (uint32_t)a.functions);
	lines = gen_alloc((size_t)p.n_functions * GEN_SITES * sizeof(*lines));
	for (uint32_t s = 0; s < p.n_functions * GEN_SITES; s++)
		lines[s] = frame_lines(&p, s);
	/* Every second sample brings a stack not seen before while there are any, the others a frequent one. */
	for (uint64_t i = 0; bytes < a.megabytes * 1000000 && !ferror(stdout); i++) {
		uint64_t h = gen_mix(i ^ 0x7069636b ^ a.run << 32), seen = i / 2 < a.distinct ? i / 2 + 1 : a.distinct;
		uint64_t stack = i % 2 == 0 && i / 2 < a.distinct ? i / 2 : (h >> 32) % seen * (h & 0xffffffff) >> 32;

		bytes += print_sample(&p, lines, i, stack);
	}
	return gen_end();
}
