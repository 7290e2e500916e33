/* Folded stacks: -m megabytes (300) of lines over -d distinct stacks (as many as lines). */
#include "gen.h"

static size_t put(char *buf, size_t n, const char *name)
{
	size_t len = strlen(name);

	buf[n] = ';';
	memcpy(buf + n + 1, name, len);
	return n + 1 + len;
}

int main(int argc, char **argv)
{
	static char buf[GEN_MAX_DEPTH * 1024];
	struct gen_args a = { .megabytes = 300, .distinct = UINT64_MAX, .functions = 20000 };
	struct gen_program p;
	uint64_t bytes = 0;

	gen_parse(&a, argc, argv);
	gen_program(&p, (uint32_t)a.functions);
	for (uint64_t i = 0; bytes < a.megabytes * 1000000 && !ferror(stdout); i++) {
		uint32_t site[GEN_MAX_DEPTH];
		unsigned depth = gen_walk(&p, i % a.distinct ^ a.run << 32, site);
		size_t n = (size_t)sprintf(buf, "%s", gen_comm[site[0] / GEN_SITES % 8]);

		for (unsigned k = 0; k < depth; k++) {
			uint32_t inlined = gen_inlined_at(&p, site[k]);

			n = put(buf, n, p.name[site[k] / GEN_SITES]);
			if (inlined < p.n_functions)
				n = put(buf, n, p.name[inlined]);
		}
		n += (size_t)sprintf(buf + n, " %u\n", 1 + (unsigned)(gen_mix(i) % 1000));
		fwrite_unlocked(buf, 1, n, stdout);
		bytes += n;
	}
	return gen_end();
}
