/*
 * Lists of symbols in text: /proc/kallsyms, and what just-in-time compilers leave for perf: perf-PID.map
 * ("ADDRESS SIZE NAME", tools/perf/Documentation/jit-interface.txt of Linux) or a jitdump (jitdump-specification.txt).
 */
#include "symbolizer.h"

#include <errno.h>
#include <inttypes.h>
#include <profdata/symbols.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JITDUMP_MAGIC 0x4a695444u

/* "ffffffff81000000 T _text" with perhaps "\t[module]" */
static void kallsyms_line(struct symbols *t, char *line)
{
	char *end, *name, *module;
	struct symbol s = { .address = strtoull(line, &end, 16), .rank = 1 };

	if (end == line || end[0] != ' ' || !strchr("tTwW", end[1]) || !end[1] || end[2] != ' ' || !s.address)
		return;
	name = end + 3;
	module = strchr(name, '\t');
	if (module)
		*module = '\0';
	s.name = must(strdup(name));
	symbols_add(t, &s);
}

/* Later lines win: the compiler has put new code in the place of old. */
static void perf_map_line(struct symbols *t, char *line, uint32_t number)
{
	char *end, *rest;
	struct symbol s = { .address = strtoull(line, &end, 16), .rank = number };

	if (end == line || *end != ' ')
		return;
	s.size = strtoull(end + 1, &rest, 16);
	if (rest == end + 1 || *rest != ' ' || !s.size)
		return;
	s.name = must(strdup(rest + 1));
	symbols_add(t, &s);
}

static void text_lines(FILE *f, const struct request *r, struct symbols *t)
{
	uint32_t number = 0;
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;

	while ((n = getline(&line, &cap, f)) > 0) {
		while (n && (line[n - 1] == '\n' || line[n - 1] == '\r'))
			line[--n] = '\0';
		if (r->head.source == PD_SYM_KALLSYMS)
			kallsyms_line(t, line);
		else
			perf_map_line(t, line, number++);
	}
	free(line);
}

struct dump {
	struct symbols *t;
	uint32_t number;
};

/* Without times: later code wins, as in lists. */
static bool jit_code(void *ctx, const struct pd_jit_code *code)
{
	struct dump *d = ctx;

	symbols_add(d->t, &(struct symbol){ .address = code->address, .size = code->size, .name = must(strdup(code->name)), .rank = d->number++ });
	return true;
}

void text_answer(const struct request *r)
{
	struct symbols t = { .later_wins = r->head.source == PD_SYM_PERF_MAP };
	int fd = r->head.n_paths ? open_regular(r->path[0]) : -1;
	FILE *f = fd >= 0 ? fdopen(fd, "r") : NULL;
	uint32_t magic = 0;

	if (!f) {
		answer_reason("%s cannot be read: %s", r->head.n_paths ? r->path[0] : "the list", strerror(errno));
	} else {
		if (r->head.source == PD_SYM_PERF_MAP && fread(&magic, sizeof(magic), 1, f) == 1 && magic == JITDUMP_MAGIC) {
			rewind(f);
			pd_jitdump_read(f, jit_code, &(struct dump){ .t = &t });
		} else {
			rewind(f);
			text_lines(f, r, &t);
		}
		fclose(f);
		symbols_sort(&t);
		if (t.n)
			answer_file(r->path[0]);
		else
			answer_reason(r->head.source == PD_SYM_KALLSYMS ? "%s tells no addresses (they are for root, see kernel.kptr_restrict)" : "%s has no symbols", r->path[0]);
	}
	symbols_answer(&t, r);
}
