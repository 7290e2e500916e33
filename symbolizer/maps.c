/*
 * Lists of symbols in text: /proc/kallsyms, and what just-in-time compilers leave for perf: perf-PID.map
 * ("ADDRESS SIZE NAME", tools/perf/Documentation/jit-interface.txt of Linux) or a jitdump (jitdump-specification.txt).
 */
#include "symbolizer.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JITDUMP_MAGIC 0x4a695444u
#define JITDUMP_CODE_LOAD 0u
#define MAX_RECORD (64u << 20)

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

static bool skip(FILE *f, uint64_t n)
{
	char scrap[4096];

	while (n) {
		size_t piece = n < sizeof(scrap) ? (size_t)n : sizeof(scrap);

		if (fread(scrap, 1, piece, f) != piece)
			return false;
		n -= piece;
	}
	return true;
}

static void jitdump(FILE *f, struct symbols *t)
{
	struct { uint32_t magic, version, size, machine, pad, pid; uint64_t time, flags; } head;
	struct { uint32_t id, size; uint64_t time; } record;
	struct { uint32_t pid, tid; uint64_t vma, address, size, index; } load;
	uint32_t number = 0;

	if (fread(&head, sizeof(head), 1, f) != 1 || head.size < sizeof(head) || !skip(f, head.size - sizeof(head)))
		return;
	while (fread(&record, sizeof(record), 1, f) == 1 && record.size >= sizeof(record)) {
		uint32_t rest = record.size - (uint32_t)sizeof(record);
		char *name;

		if (record.id != JITDUMP_CODE_LOAD || rest < sizeof(load) || rest > MAX_RECORD) {
			if (!skip(f, rest))
				return;
			continue;
		}
		rest -= (uint32_t)sizeof(load);
		name = must(malloc(rest + 1u));
		if (fread(&load, sizeof(load), 1, f) != 1 || fread(name, 1, rest, f) != rest)
			return;
		name[rest] = '\0'; /* the code itself follows the name's own zero */
		if (name[0] && load.size)
			symbols_add(t, &(struct symbol){ .address = load.address, .size = load.size, .name = must(strdup(name)), .rank = number++ });
		free(name);
	}
}

void text_answer(const struct request *r)
{
	struct symbols t = { 0 };
	int fd = r->head.n_paths ? open_regular(r->path[0]) : -1;
	FILE *f = fd >= 0 ? fdopen(fd, "r") : NULL;
	uint32_t magic = 0;

	if (!f) {
		answer_reason("%s cannot be read: %s", r->head.n_paths ? r->path[0] : "the list", strerror(errno));
	} else {
		if (r->head.source == PD_SYM_PERF_MAP && fread(&magic, sizeof(magic), 1, f) == 1 && magic == JITDUMP_MAGIC) {
			rewind(f);
			jitdump(f, &t);
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
