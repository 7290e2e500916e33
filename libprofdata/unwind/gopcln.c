/* Layouts as Go's own reader knows them: https://go.dev/src/internal/abi/symtab.go and debug/gosym; 1.16 and 1.17 share one, and what came in 1.18 and 1.20 differs in the functions. */
#include "unwind/gopcln.h"

#include <string.h>

#define STEPS_MOST 100000 /* of one function */
#define FLAG_TOP 1u
#define FLAG_SWITCHES 2u

static uint64_t number(const struct gopcln *g, uint64_t at, unsigned n)
{
	uint64_t v = 0;

	if (at <= g->size && g->size - at >= n)
		memcpy(&v, g->p + at, n);
	return v;
}

static unsigned version_of(const uint8_t *p)
{
	uint32_t magic;

	memcpy(&magic, p, sizeof(magic));
	return magic == 0xfffffff1u ? 20 : magic == 0xfffffff0u ? 18 : magic == 0xfffffffau ? 16 : 0;
}

/* Bytes of an entry of the list: two numbers. */
static unsigned entry_size(const struct gopcln *g) { return g->version == 16 ? 16 : 8; }

bool gopcln_open(struct gopcln *g, const uint8_t *p, size_t size)
{
	unsigned words = 8; /* of the header, behind the first */

	memset(g, 0, sizeof(*g));
	if (size < 72 || !(g->version = version_of(p)) || p[4] || p[5] || p[6] != 1 || p[7] != 8)
		return false;
	g->p = p;
	g->size = size;
	if (g->version == 16)
		words = 7;
	else
		g->text = number(g, 24, 8);
	g->functions = number(g, 8, 8);
	g->names = number(g, 8 * (words - 4), 8);
	g->units = number(g, 8 * (words - 3), 8);
	g->files = number(g, 8 * (words - 2), 8);
	g->steps = number(g, 8 * (words - 1), 8);
	g->table = number(g, 8 * words, 8);
	if (g->functions && g->functions < UINT32_MAX && g->names < size && g->units < size && g->files < size && g->steps < size && g->table < size &&
	    (size - g->table) / entry_size(g) > g->functions)
		return true;
	g->functions = 0;
	return false;
}

/* Where function i begins; i = functions: where the last one ends. */
static uint64_t begins(const struct gopcln *g, uint64_t i)
{
	unsigned half = entry_size(g) / 2;

	return g->text + number(g, g->table + i * entry_size(g), half);
}

uint64_t gopcln_find_text(const struct gopcln *g, const uint8_t *data, size_t n, uint64_t lo, uint64_t hi)
{
	uint64_t length = begins(g, g->functions) - begins(g, 0), word[2];

	if (g->version == 16 || g->text)
		return 0;
	for (size_t at = 0; n >= sizeof(word) && at <= n - sizeof(word); at += 8) {
		memcpy(word, data + at, sizeof(word));
		if (word[1] - word[0] == length && word[0] >= lo && word[0] < hi)
			return word[0];
	}
	return 0;
}

static uint64_t varint(const struct gopcln *g, uint64_t *at)
{
	uint64_t v = 0;

	for (unsigned shift = 0; shift < 35; shift += 7) {
		uint64_t byte = number(g, (*at)++, 1);

		v |= (byte & 127) << shift;
		if (!(byte & 128))
			break;
	}
	return v;
}

/* Steps: by how much the value changes, and for how many bytes of code it holds then. */
static bool value_at(const struct gopcln *g, uint64_t at, uint64_t pc, uint64_t target, int32_t *out)
{
	int64_t value = -1;

	for (unsigned i = 0; i < STEPS_MOST && at < g->size; i++) {
		uint64_t change = varint(g, &at);

		if (!change && i) /* the end */
			return false;
		value += change & 1 ? -(int64_t)(change >> 1) - 1 : (int64_t)(change >> 1);
		pc += varint(g, &at);
		if (target < pc) {
			*out = (int32_t)value;
			return value >= 0 && value < INT32_MAX;
		}
	}
	return false;
}

/* Number of the function; false: not in Go code. */
static bool function_at(const struct gopcln *g, uint64_t pc, uint64_t *out)
{
	uint64_t lo = 0, hi = g->functions;

	if (!hi || pc < begins(g, 0) || pc >= begins(g, hi))
		return false;
	while (lo < hi) { /* the first that begins above pc */
		uint64_t mid = lo + (hi - lo) / 2;

		if (begins(g, mid) <= pc)
			lo = mid + 1;
		else
			hi = mid;
	}
	*out = lo - 1;
	return lo > 0;
}

/* Where the record of a function is. */
static uint64_t record_of(const struct gopcln *g, uint64_t i)
{
	unsigned half = entry_size(g) / 2;

	return g->table + number(g, g->table + i * entry_size(g) + half, half);
}

/* A number of 4 bytes of it, by where it lies since Go 1.18; before, its address took 8 bytes in front and not 4. */
static uint32_t field(const struct gopcln *g, uint64_t record, unsigned at) { return (uint32_t)number(g, record + at + (g->version == 16 ? 4 : 0), 4); }

bool gopcln_frame(const struct gopcln *g, uint64_t pc, struct gopcln_frame *out)
{
	uint64_t i, f, steps;
	unsigned flags;

	if (!function_at(g, pc, &i))
		return false;
	f = record_of(g, i);
	steps = field(g, f, 16);
	flags = (unsigned)number(g, f + (g->version == 18 ? 37 : 41), 1); /* Go 1.16: zero */
	out->top = flags & FLAG_TOP;
	out->switches = flags & FLAG_SWITCHES;
	return steps && value_at(g, g->steps + steps, begins(g, i), pc, &out->depth);
}

/* "" when it does not end in the table. */
static const char *text(const struct gopcln *g, uint64_t at)
{
	return at < g->size && memchr(g->p + at, 0, g->size - at) ? (const char *)g->p + at : "";
}

bool gopcln_place(const struct gopcln *g, uint64_t pc, struct gopcln_place *out)
{
	int32_t file = 0, line = 0;
	uint64_t i, f;

	if (!function_at(g, pc, &i))
		return false;
	f = record_of(g, i);
	*out = (struct gopcln_place){ .function = text(g, g->names + field(g, f, 4)), .file = "" };
	if (g->version == 20)
		out->start = (int32_t)field(g, f, 36);
	if (value_at(g, g->steps + field(g, f, 24), begins(g, i), pc, &line))
		out->line = line;
	if (value_at(g, g->steps + field(g, f, 20), begins(g, i), pc, &file))
		out->file = text(g, g->files + number(g, g->units + 4 * ((uint64_t)field(g, f, 32) + (uint32_t)file), 4));
	return out->function[0];
}
