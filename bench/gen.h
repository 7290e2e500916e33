/*
 * The made-up program whose profiles the generators write: functions with long
 * names of several languages, call sites with addresses, and random walks
 * through a call graph with hot paths. Everything follows from the numbers on
 * the command line; the same arguments give the same bytes everywhere.
 */
#ifndef BENCH_GEN_H
#define BENCH_GEN_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define GEN_MAX_DEPTH 64
#define GEN_SITES 4 /* places a function is stopped at */
#define GEN_MAPPINGS 6

struct gen_args {
	uint64_t megabytes, samples, distinct, functions, run;
	const char *out; /* NULL = standard output */
};

struct gen_program {
	uint32_t n_functions, n_user; /* functions n_user .. n_functions-1 are the kernel's */
	char **name;
};

static const struct { const char *path; uint64_t start, size; } gen_mapping[GEN_MAPPINGS] = {
	{ "/srv/pipeline/bin/pipelined", 0x558e3c200000, 0x4000000 },
	{ "/srv/pipeline/lib/libplanner.so.2", 0x7f21a0000000, 0x4000000 },
	{ "/srv/pipeline/lib/libcolumnstore.so.11", 0x7f21a8000000, 0x4000000 },
	{ "/usr/lib/x86_64-linux-gnu/libstdc++.so.6.0.33", 0x7f21b0000000, 0x4000000 },
	{ "/usr/lib/x86_64-linux-gnu/libc.so.6", 0x7f21b8000000, 0x4000000 },
	{ "[kernel.kallsyms]", 0xffffffff81000000, 0x4000000 },
};
static const char *const gen_comm[8] = { "pipelined", "planner", "io-worker/0", "io-worker/1", "compactor", "grpc-pool", "Log Writer", "kworker/u8:3-ev" };

/* splitmix64: one multiply-and-shift step of a counter. */
static inline uint64_t gen_mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15u;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

static inline uint64_t gen_next(uint64_t *state) { return gen_mix((*state)++); }

static inline void *gen_alloc(size_t n)
{
	void *p = malloc(n);

	if (!p) {
		fprintf(stderr, "out of memory\n");
		exit(1);
	}
	return p;
}

/* Three words that are different for every function, and what its language puts around them. */
static inline void gen_name(char *buf, size_t size, uint32_t i, int kernel)
{
	static const char *const noun[32] = { "Cursor", "Batch", "Segment", "Ticket", "Bloom", "Arena", "Channel", "Digest", "Epoch", "Fragment", "Gauge", "Histogram", "Inbox", "Journal", "Keyring", "Lease", "Manifest", "Nonce", "Outline", "Predicate", "Quorum", "Replica", "Snapshot", "Tablet", "Upsert", "Vacuum", "Watermark", "Xref", "Yield", "Zone", "Codec", "Lookup" };
	static const char *const verb[32] = { "append", "balance", "commit", "decode", "evict", "flush", "gather", "hydrate", "infer", "join", "kick", "link", "materialize", "normalize", "observe", "partition", "quantize", "rebuild", "scatter", "trim", "unpack", "verify", "wake", "xor", "yank", "zip", "probe", "pin", "spill", "encode", "drain", "resolve" };
	static const char *const space[32] = { "storage", "planner", "wal", "rpc", "auth", "cache", "sched", "metrics", "index", "vector", "stream", "shard", "raft", "sort", "hash", "util", "net", "json", "text", "tz", "crypto", "compress", "mem", "ffi", "query", "expr", "types", "merge", "scan", "lease", "trace", "core" };
	static const char *const arg[8] = { "unsigned long", "std::string_view", "std::shared_ptr<expr::Node const>", "std::pair<unsigned int, long>", "char const*", "std::vector<types::Value, std::allocator<types::Value> >&", "bool", "absl::Span<unsigned char const>" };
	uint64_t h = gen_mix(i ^ 0x70726f67);
	const char *n = noun[i % 32], *v = verb[i / 32 % 32], *s = space[i / 1024 % 32];
	const char *a = arg[h % 8], *b = arg[h / 8 % 8];
	unsigned over = i / 32768; /* more functions than triples of words */

	if (kernel)
		snprintf(buf, size, "%s_%c%s_%s%.0u", v, n[0] | 32, n + 1, s, over);
	else if (h >> 60 < 5)
		snprintf(buf, size, "%s::%s<%s, %s>::%s%.0u(%s, %s) const", s, n, a, b, v, over, b, arg[h / 64 % 8]);
	else if (h >> 60 < 8)
		snprintf(buf, size, "%s::detail::%s::%s%.0u(%s)::{lambda(%s)#%u}::operator()(%s) const", s, n, v, over, a, b, (unsigned)(h % 3 + 1), b);
	else if (h >> 60 < 10)
		snprintf(buf, size, "<%s::%s as %s::traits::%s>::%s%.0u", s, n, space[h % 32], noun[h / 32 % 32], v, over);
	else if (h >> 60 < 12)
		snprintf(buf, size, "example.com/pipeline/%s.(*%s).%s%.0u", s, n, v, over);
	else if (h >> 60 < 13)
		snprintf(buf, size, "__%s_%s_%c%s%.0u", s, v, n[0] | 32, n + 1, over);
	else
		snprintf(buf, size, "%s::%s::%s%.0u(%s)", s, n, v, over, a);
}

static inline void gen_program(struct gen_program *p, uint32_t functions)
{
	char buf[512];

	p->n_functions = functions < 64 ? 64 : functions;
	p->n_user = p->n_functions - p->n_functions / 10;
	p->name = gen_alloc(p->n_functions * sizeof(*p->name));
	for (uint32_t i = 0; i < p->n_functions; i++) {
		size_t n;

		gen_name(buf, sizeof(buf), i, i >= p->n_user);
		n = strlen(buf) + 1;
		p->name[i] = memcpy(gen_alloc(n), buf, n);
	}
}

/* A call site is function * GEN_SITES + which. */
static inline uint32_t gen_mapping_of(const struct gen_program *p, uint32_t site)
{
	uint32_t f = site / GEN_SITES;

	return f >= p->n_user ? GEN_MAPPINGS - 1 : (uint32_t)(gen_mix(f ^ 0x6d6170) % (GEN_MAPPINGS - 1));
}

static inline uint32_t gen_offset_of(uint32_t site) { return 0x11 + site % GEN_SITES * 0x36; }

static inline uint64_t gen_address_of(const struct gen_program *p, uint32_t site)
{
	return gen_mapping[gen_mapping_of(p, site)].start + 0x1000 + (uint64_t)(site / GEN_SITES) * 0x140 + gen_offset_of(site);
}

/* Function inlined at a site, or n_functions: one site in six. */
static inline uint32_t gen_inlined_at(const struct gen_program *p, uint32_t site)
{
	uint64_t h = gen_mix(site ^ 0x696e6c00000000u);

	return h % 6 || site / GEN_SITES >= p->n_user ? p->n_functions : (uint32_t)(h / 6 % p->n_user);
}

/*
 * Stack number `seed`: sites, root first. Every function calls eight others, the
 * first one half of the time, and so on; one stack in five ends in the kernel.
 */
static inline unsigned gen_walk(const struct gen_program *p, uint64_t seed, uint32_t *site)
{
	uint64_t state = gen_mix(seed) & ~(uint64_t)0xff;
	uint64_t shape = gen_next(&state);
	unsigned depth = 12 + (unsigned)(shape % 13 + shape / 13 % 13 + shape / 169 % 13);
	unsigned kernel = (shape >> 32 & 1023) < 205 ? 4 : 0;
	uint32_t f = (uint32_t)(shape >> 61); /* one of eight entry points */

	for (unsigned i = 0; i < depth; i++) {
		unsigned pick = (unsigned)__builtin_ctzll(gen_next(&state) | 128);
		uint64_t callee = gen_mix((uint64_t)f << 8 | pick);

		site[i] = f * GEN_SITES + (uint32_t)(callee >> 40) % GEN_SITES;
		if (i + 1 + kernel < depth)
			f = 8 + (uint32_t)(callee % (p->n_user - 8));
		else
			f = p->n_user + (uint32_t)(callee % (p->n_functions - p->n_user));
	}
	return depth;
}

static inline uint64_t gen_number(const char *text)
{
	char *end;
	uint64_t v = strtoull(text, &end, 10);

	if (*end || !*text) {
		fprintf(stderr, "not a number: %s\n", text);
		exit(2);
	}
	return v;
}

/* -m megabytes -n samples -d distinct stacks -f functions -r run -o output */
static inline void gen_parse(struct gen_args *a, int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "m:n:d:f:r:o:")) != -1) {
		if (c == 'm')
			a->megabytes = gen_number(optarg);
		else if (c == 'n')
			a->samples = gen_number(optarg);
		else if (c == 'd')
			a->distinct = gen_number(optarg);
		else if (c == 'f')
			a->functions = gen_number(optarg);
		else if (c == 'r')
			a->run = gen_number(optarg);
		else if (c == 'o')
			a->out = optarg;
		else
			exit(2);
	}
	if (a->out && !freopen(a->out, "w", stdout)) {
		perror(a->out);
		exit(1);
	}
}

static inline int gen_end(void)
{
	if (fflush(stdout) || ferror(stdout)) {
		perror("write");
		return 1;
	}
	return 0;
}

#endif
