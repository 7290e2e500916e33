#include "common/palette.h"
#include "base/hash.h"

#include <math.h>

static bool has(struct pd_span s, const char *needle)
{
	return memmem(s.p, s.n, needle, strlen(needle)) != NULL;
}

static bool starts(struct pd_span s, const char *with)
{
	return s.n >= strlen(with) && !memcmp(s.p, with, strlen(with));
}

static bool ends(struct pd_span s, const char *with)
{
	size_t n = strlen(with);

	return s.n >= n && !memcmp(s.p + s.n - n, with, n);
}

unsigned palette_strip(struct pd_span *name)
{
	unsigned flag = 0;

	if (name->n <= 4 || memcmp(name->p + name->n - 4, "_[", 2) || name->p[name->n - 1] != ']')
		return 0;
	switch (name->p[name->n - 2]) {
	case 'k': flag = PD_CALLTREE_KERNEL; break;
	case 'i': flag = PD_CALLTREE_INLINED; break;
	case 'j': flag = PD_CALLTREE_JIT; break;
	case 'w': flag = PALETTE_WAKER; break;
	case '0': case '1': flag = PD_CALLTREE_JIT; break; /* interpreted and C1 code of Java */
	}
	if (flag)
		name->n -= 4;
	return flag;
}

/* ---- three numbers from 0 to 1 for a name ---- */

/* A fixed key: the same colour on every machine and in every run. */
static uint64_t fixed_hash(struct pd_span s) { return pd_hash_bytes(0x9e3779b97f4a7c15ULL, s.p, s.n); }

/*
 * From three characters at one end, the outermost counting most: names that begin alike come out alike.
 * The numbers are those behind --hash of flamegraph.pl and inferno, so that colours are the same in all three.
 */
static double likeness(struct pd_span s, bool from_end)
{
	double sum = 0, most = 1, weight = 1; /* most: not quite what sum can reach, as ever */

	for (unsigned i = 0; i < 3 && i < s.n; i++, weight *= 0.7) {
		uint8_t c = (uint8_t)s.p[from_end ? s.n - 1 - i : i];

		sum += (double)(c % (10 + i)) / (9 + i) * weight;
		most += weight;
	}
	return 1 - sum / most;
}

/* DTrace puts "module`" before names: begun with the function, or ended with the module. */
static struct pd_span from_module(struct pd_span s, bool from_end)
{
	const char *tick = s.n < 2 ? NULL : from_end ? memrchr(s.p, '`', s.n - 1) : memchr(s.p + 1, '`', s.n - 1);

	if (!tick)
		return s;
	return from_end ? (struct pd_span){ s.p, (size_t)(tick - s.p) } : (struct pd_span){ tick + 1, s.n - (size_t)(tick + 1 - s.p) };
}

static void three_numbers(enum palette_mode mode, const struct palette_frame *f, uint64_t *random, double v[3])
{
	struct pd_span name = f->name;
	uint64_t h;

	switch (mode) {
	case PALETTE_BY_HASH:
		name = f->written.n ? f->written : name;
		v[0] = likeness(from_module(name, false), false);
		v[1] = v[2] = likeness(from_module(name, true), true);
		return;
	case PALETTE_BY_RANDOM:
		*random += 0x9e3779b97f4a7c15ULL;
		h = *random;
		h = (h ^ h >> 30) * 0xbf58476d1ce4e5b9ULL;
		h = (h ^ h >> 27) * 0x94d049bb133111ebULL;
		h ^= h >> 31;
		break;
	case PALETTE_BY_NAME:
	default:
		h = fixed_hash(name);
	}
	v[0] = (double)(h & 0xffff) / 65536;
	v[1] = (double)(h >> 16 & 0xffff) / 65536;
	v[2] = (double)(h >> 32 & 0xffff) / 65536;
}

/* ---- plain hues ---- */

enum hue { HOT, MEM, IO, RED, GREEN, BLUE, YELLOW, PURPLE, AQUA, ORANGE, GREY };

/* Each channel: lowest value, span, and which of the three numbers moves it. */
static const struct hue_range {
	struct { uint8_t low, span, number; } c[3];
} hue_range[] = {
	[HOT] = { { { 205, 51, 2 }, { 0, 231, 0 }, { 0, 56, 1 } } },
	[MEM] = { { { 0, 1, 0 }, { 190, 51, 1 }, { 0, 211, 0 } } },
	[IO] = { { { 80, 61, 0 }, { 80, 61, 0 }, { 190, 56, 1 } } },
	[RED] = { { { 200, 56, 0 }, { 50, 81, 0 }, { 50, 81, 0 } } },
	[GREEN] = { { { 50, 61, 0 }, { 200, 56, 0 }, { 50, 61, 0 } } },
	[BLUE] = { { { 80, 61, 0 }, { 80, 61, 0 }, { 205, 51, 0 } } },
	[YELLOW] = { { { 175, 56, 0 }, { 175, 56, 0 }, { 50, 21, 0 } } },
	[PURPLE] = { { { 190, 66, 0 }, { 80, 61, 0 }, { 190, 66, 0 } } },
	[AQUA] = { { { 50, 61, 0 }, { 165, 56, 0 }, { 165, 56, 0 } } },
	[ORANGE] = { { { 190, 66, 0 }, { 90, 66, 0 }, { 0, 1, 0 } } },
	[GREY] = { { { 160, 1, 0 }, { 160, 1, 0 }, { 160, 1, 0 } } },
};

/* `whole`: numbers reach 1. */
static struct pd_rgb hue_color(enum hue hue, const double v[3], bool whole)
{
	const struct hue_range *h = &hue_range[hue];
	uint8_t c[3];

	for (int i = 0; i < 3; i++)
		c[i] = (uint8_t)(h->c[i].low + (int)((h->c[i].span - whole) * v[h->c[i].number]));
	return (struct pd_rgb){ c[0], c[1], c[2] };
}

/* ---- hues by kind of frame ---- */

static bool java_like(struct pd_span s)
{
	static const char *const top[] = { "java", "javax", "jdk", "net", "org", "com", "io", "sun" };

	if (starts(s, "L"))
		s = (struct pd_span){ s.p + 1, s.n - 1 };
	for (size_t i = 0; i < PD_ARRAY_LEN(top); i++) {
		size_t n = strlen(top[i]);

		if (s.n > n && !memcmp(s.p, top[i], n) && (s.p[n] == '/' || s.p[n] == '.'))
			return true;
	}
	return has(s, ":::");
}

static enum hue java_hue(const struct palette_frame *f)
{
	if (f->flags & PD_CALLTREE_JIT)
		return GREEN;
	if (f->flags & PD_CALLTREE_INLINED)
		return AQUA;
	if (f->flags & PD_CALLTREE_KERNEL)
		return ORANGE;
	if (java_like(f->name) || starts(f->name, "-[") || starts(f->name, "+["))
		return GREEN;
	return has(f->name, "::") ? YELLOW : RED;
}

static enum hue js_hue(const struct palette_frame *f)
{
	const char *slash;

	if (f->flags & PD_CALLTREE_JIT)
		return has(f->name, "/") ? GREEN : AQUA;
	if (f->flags & PD_CALLTREE_KERNEL)
		return ORANGE;
	if (has(f->name, "node_modules/"))
		return PURPLE;
	if (has(f->name, "::"))
		return YELLOW;
	slash = memchr(f->name.p, '/', f->name.n);
	if (slash && memmem(slash, f->name.n - (size_t)(slash - f->name.p), ".js", 3))
		return GREEN;
	if (has(f->name, ":"))
		return AQUA;
	return f->name.n == 1 && f->name.p[0] == ' ' ? GREEN : RED;
}

static enum hue perl_hue(const struct palette_frame *f)
{
	if (has(f->name, "::"))
		return YELLOW;
	if (has(f->name, "Perl") || has(f->name, ".pl"))
		return GREEN;
	return f->flags & PD_CALLTREE_KERNEL ? ORANGE : RED;
}

static enum hue python_hue(const struct palette_frame *f)
{
	if (has(f->name, "site-packages"))
		return AQUA;
	return has(f->name, "python") || has(f->name, "<built-in") || has(f->name, "<method") || has(f->name, "<frozen") ? YELLOW : RED;
}

static enum hue rust_hue(const struct palette_frame *f)
{
	struct pd_span s = f->name;

	while (s.n && (s.p[0] == '<' || s.p[0] == '&' || s.p[0] == '_'))
		s = (struct pd_span){ s.p + 1, s.n - 1 };
	if (starts(s, "core::") || starts(s, "std::") || starts(s, "alloc::"))
		return ORANGE;
	return has(s, "::") ? AQUA : YELLOW;
}

static enum hue wakeup_hue(const struct palette_frame *f) { (void)f; return AQUA; }
static enum hue chain_hue(const struct palette_frame *f) { return f->flags & PALETTE_WAKER ? AQUA : BLUE; }

/* ---- the default: hue by package ---- */

/*
 * Nine colours that keep apart (CIE76 distance of 18 and more) also for people
 * who see no red, no green or no blue; the first one is for the kernel.
 */
static const struct pd_rgb package_color[] = {
	{ 0x99, 0x92, 0xb1 }, { 0xd5, 0x81, 0x43 }, { 0x6f, 0xc9, 0x79 }, { 0xab, 0xc7, 0xfe }, { 0xf4, 0xd0, 0xba },
	{ 0x48, 0x98, 0xf5 }, { 0xd0, 0xf2, 0x89 }, { 0xb6, 0x8c, 0x84 }, { 0x92, 0xf5, 0xfc },
};

/*
 * Chosen so that packages one meets together differ: eight of Go (main, runtime, encoding/json, net/http, reflect, syscall,
 * fmt, compress/flate), six of Rust, seven of Java, and seven libraries of C and C++ have a hue each.
 */
#define PACKAGE_SEED 13899205u

static struct pd_span until(struct pd_span s, const char *end) { return (struct pd_span){ s.p, (size_t)(end - s.p) }; }

/* End of the part of a name that can hold a package: before parameters and clone suffixes (".cold", ".part.0"). */
static struct pd_span bare_name(struct pd_span s)
{
	static const char *const clone[] = { ".cold", ".part.", ".isra.", ".constprop.", ".llvm.", ".lto_priv" };
	const char *dot = s.n > 1 ? memchr(s.p + 1, '.', s.n - 1) : NULL;

	for (; dot; dot = memchr(dot + 1, '.', (size_t)(s.p + s.n - dot - 1))) {
		for (size_t i = 0; i < PD_ARRAY_LEN(clone); i++) {
			size_t n = strlen(clone[i]);

			if ((size_t)(s.p + s.n - dot) >= n && !memcmp(dot, clone[i], n))
				return until(s, dot);
		}
	}
	return s;
}

/* "ns" of "void ns::f(int)", "core" of "<core::iter::Map<I> as X>::next". */
static struct pd_span name_space(struct pd_span s)
{
	const char *colons, *from;

	while (s.n && (s.p[0] == '<' || s.p[0] == '&' || s.p[0] == '*'))
		s = (struct pd_span){ s.p + 1, s.n - 1 };
	colons = memmem(s.p, s.n, "::", 2);
	if (!colons)
		return (struct pd_span){ s.p, 0 };
	s = until(s, colons);
	if (ends(s, ")")) /* (anonymous namespace) */
		return s;
	from = memrchr(s.p, ' ', s.n);
	return from ? (struct pd_span){ from + 1, s.n - (size_t)(from + 1 - s.p) } : s;
}

/* "func1.2", "gowrap1.1", "0.func1": what Go calls functions without a name, behind that of the one they are in. */
static bool numbered(struct pd_span s)
{
	static const char *const word[] = { "func", "gowrap", "deferwrap", "" };

	for (size_t i = 0; i < PD_ARRAY_LEN(word); i++) {
		size_t n = strlen(word[i]);

		if (s.n > n && !memcmp(s.p, word[i], n) && s.p[n] >= '0' && s.p[n] <= '9')
			return true;
	}
	return false;
}

/* "net/http" of "net/http.(*conn).serve", "com.acme" of "com.acme.app.Main.run", "runtime" of "runtime.mallocgc". */
static struct pd_span dotted_package(struct pd_span s)
{
	const char *stop = memchr(s.p, '(', s.n), *slash, *dot, *second;

	if (stop)
		s = until(s, stop);
	stop = memchr(s.p, '[', s.n);
	if (stop && stop > s.p)
		s = until(s, stop);
	slash = memrchr(s.p, '/', s.n);
	dot = memchr(slash ? slash : s.p, '.', s.n - (size_t)(slash ? slash - s.p : 0));
	if (!dot || dot == s.p)
		return (struct pd_span){ s.p, 0 };
	second = slash ? NULL : memchr(dot + 1, '.', s.n - (size_t)(dot + 1 - s.p));
	if (second && memchr(second + 1, '.', s.n - (size_t)(second + 1 - s.p)) && !numbered((struct pd_span){ second + 1, s.n - (size_t)(second + 1 - s.p) }))
		return until(s, second);
	return until(s, dot);
}

struct pd_span palette_package(const struct palette_frame *f)
{
	struct pd_span s = bare_name(f->name), p;
	const char *cut;
	size_t skip = 0;

	if (f->flags & PD_CALLTREE_KERNEL)
		return (struct pd_span){ "[kernel]", 8 };
	if (!s.n)
		return s;
	if (s.p[0] == '[')
		return s;
	if ((p = name_space(s)).n || (p = dotted_package(s)).n)
		return p;
	if (f->module.n) {
		cut = memrchr(f->module.p, '/', f->module.n);
		return cut ? (struct pd_span){ cut + 1, f->module.n - (size_t)(cut + 1 - f->module.p) } : f->module;
	}
	while (skip < s.n && s.p[skip] == '_')
		skip++;
	cut = s.n > skip ? memchr(s.p + skip, '_', s.n - skip) : NULL; /* "tcp" of "tcp_sendmsg" */
	return cut && cut - s.p >= (ptrdiff_t)skip + 2 ? until(s, cut) : s;
}

/* The hue says package, the shade tells its functions apart; inlined frames are paler. */
static struct pd_rgb package_rgb(const struct palette_frame *f)
{
	struct pd_span package = palette_package(f);
	bool kernel = f->flags & PD_CALLTREE_KERNEL;
	size_t n = PD_ARRAY_LEN(package_color) - 1;
	struct pd_rgb c = package_color[kernel ? 0 : 1 + pd_hash_bytes(PACKAGE_SEED, package.p, package.n) % n];
	unsigned shade = 256 - (unsigned)(fixed_hash(f->name) >> 8 & 3) * 6;
	unsigned v[3] = { c.r * shade / 256, c.g * shade / 256, c.b * shade / 256 };

	if (f->flags & PD_CALLTREE_INLINED)
		for (int i = 0; i < 3; i++)
			v[i] = (v[i] * 3 + 255) / 4;
	return (struct pd_rgb){ (uint8_t)v[0], (uint8_t)v[1], (uint8_t)v[2] };
}

/* ---- the table ---- */

static const struct palette {
	const char *name;
	enum hue (*choose)(const struct palette_frame *); /* NULL: `hue` for all */
	enum hue hue;
	const char *background; /* NULL: neutral */
} palette[] = {
	{ "package", NULL, GREY, NULL },
	{ "state", NULL, GREY, NULL }, /* of samples, not of frames: svg_state.c; frames without samples have one by package */
	{ "hot", NULL, HOT, "yellow" },
	{ "mem", NULL, MEM, "green" },
	{ "io", NULL, IO, "blue" },
	{ "wakeup", wakeup_hue, AQUA, "blue" },
	{ "chain", chain_hue, BLUE, "blue" },
	{ "java", java_hue, RED, "yellow" },
	{ "js", js_hue, RED, "yellow" },
	{ "perl", perl_hue, RED, "yellow" },
	{ "python", python_hue, RED, "yellow" },
	{ "rust", rust_hue, RED, "yellow" },
	{ "red", NULL, RED, "grey" },
	{ "green", NULL, GREEN, "grey" },
	{ "blue", NULL, BLUE, "grey" },
	{ "aqua", NULL, AQUA, "grey" },
	{ "yellow", NULL, YELLOW, "grey" },
	{ "purple", NULL, PURPLE, "grey" },
	{ "orange", NULL, ORANGE, "grey" },
};

const char *const palette_names[] = { "package", "state", "hot", "mem", "io", "wakeup", "chain", "java", "js", "perl", "python", "rust",
				      "red", "green", "blue", "aqua", "yellow", "purple", "orange", NULL };

int palette_named(const char *name)
{
	for (size_t i = 0; i < PD_ARRAY_LEN(palette); i++)
		if (!strcmp(palette[i].name, name))
			return (int)i;
	return -1;
}

const char *palette_background(int p) { return palette[p].background; }

struct pd_rgb palette_color(int p, enum palette_mode mode, const struct palette_frame *f, uint64_t *random)
{
	double v[3];
	enum hue hue;

	if ((f->name.n == 1 && f->name.p[0] == '-') || (f->name.n == 2 && !memcmp(f->name.p, "--", 2)))
		return (struct pd_rgb){ 160, 160, 160 }; /* separators between stacks joined by others */
	if (p <= 1 && mode == PALETTE_BY_NAME)
		return package_rgb(f);
	hue = p <= 1 ? HOT : palette[p].choose ? palette[p].choose(f) : palette[p].hue;
	three_numbers(mode, f, random, v);
	return hue_color(hue, v, mode == PALETTE_BY_HASH);
}

/* ---- colours ---- */

static bool hex_digit(char c, unsigned *v)
{
	if (c >= '0' && c <= '9')
		*v = (unsigned)(c - '0');
	else if ((c | 32) >= 'a' && (c | 32) <= 'f')
		*v = (unsigned)((c | 32) - 'a') + 10;
	else
		return false;
	return true;
}

/* "rgb(1,2,3)", blanks after commas allowed. */
static bool parse_rgb_call(struct pd_span s, struct pd_rgb *out)
{
	unsigned v[3] = { 0 };
	size_t at = 4;

	if (!starts(s, "rgb(") || !ends(s, ")"))
		return false;
	for (int i = 0; i < 3; i++) {
		size_t digits = 0;

		while (at < s.n && s.p[at] == ' ')
			at++;
		for (; at < s.n && s.p[at] >= '0' && s.p[at] <= '9' && digits < 3; at++, digits++)
			v[i] = v[i] * 10 + (unsigned)(s.p[at] - '0');
		if (!digits || v[i] > 255 || at >= s.n || s.p[at++] != (i < 2 ? ',' : ')'))
			return false;
	}
	*out = (struct pd_rgb){ (uint8_t)v[0], (uint8_t)v[1], (uint8_t)v[2] };
	return at == s.n;
}

bool pd_rgb_parse(struct pd_span s, struct pd_rgb *out)
{
	unsigned d[6];

	if (!s.n || s.p[0] != '#')
		return parse_rgb_call(s, out);
	if (s.n != 4 && s.n != 7)
		return false;
	for (size_t i = 0; i + 1 < s.n; i++)
		if (!hex_digit(s.p[i + 1], &d[i]))
			return false;
	if (s.n == 4)
		*out = (struct pd_rgb){ (uint8_t)(d[0] * 17), (uint8_t)(d[1] * 17), (uint8_t)(d[2] * 17) };
	else
		*out = (struct pd_rgb){ (uint8_t)(d[0] * 16 + d[1]), (uint8_t)(d[2] * 16 + d[3]), (uint8_t)(d[4] * 16 + d[5]) };
	return true;
}

bool palette_background_named(const char *name, struct pd_rgb out[2])
{
	static const struct { const char *name; struct pd_rgb c[2]; } known[] = {
		{ "yellow", { { 0xee, 0xee, 0xee }, { 0xee, 0xee, 0xb0 } } },
		{ "blue", { { 0xee, 0xee, 0xee }, { 0xe0, 0xe0, 0xff } } },
		{ "green", { { 0xee, 0xf2, 0xee }, { 0xe0, 0xff, 0xe0 } } },
		{ "grey", { { 0xf8, 0xf8, 0xf8 }, { 0xe8, 0xe8, 0xe8 } } },
		{ "gray", { { 0xf8, 0xf8, 0xf8 }, { 0xe8, 0xe8, 0xe8 } } },
	};

	for (size_t i = 0; i < PD_ARRAY_LEN(known); i++)
		if (!strcmp(name, known[i].name)) {
			memcpy(out, known[i].c, sizeof known[i].c);
			return true;
		}
	if (!pd_rgb_parse((struct pd_span){ name, strlen(name) }, &out[0]))
		return false;
	out[1] = out[0];
	return true;
}

static double luminance(struct pd_rgb c)
{
	uint8_t v[3] = { c.r, c.g, c.b };
	static const double weight[3] = { 0.2126, 0.7152, 0.0722 };
	double sum = 0;

	for (int i = 0; i < 3; i++) {
		double x = v[i] / 255.0;

		sum += weight[i] * (x <= 0.04045 ? x / 12.92 : pow((x + 0.055) / 1.055, 2.4));
	}
	return sum;
}

double pd_rgb_contrast(struct pd_rgb a, struct pd_rgb b)
{
	double x = luminance(a) + 0.05, y = luminance(b) + 0.05;

	return x > y ? x / y : y / x;
}

bool pd_rgb_white_text(struct pd_rgb c)
{
	/* what a channel gives out (sRGB), 65535 is all */
	static const uint16_t light[256] = {
		0, 20, 40, 60, 80, 99, 119, 139, 159, 179, 199, 219, 241, 264, 288, 313,
		340, 367, 396, 427, 458, 491, 526, 562, 599, 637, 677, 718, 761, 805, 851, 898,
		947, 997, 1048, 1101, 1156, 1212, 1270, 1330, 1391, 1453, 1517, 1583, 1651, 1720, 1790, 1863,
		1937, 2013, 2090, 2170, 2250, 2333, 2418, 2504, 2592, 2681, 2773, 2866, 2961, 3058, 3157, 3258,
		3360, 3464, 3570, 3678, 3788, 3900, 4014, 4129, 4247, 4366, 4488, 4611, 4736, 4864, 4993, 5124,
		5257, 5392, 5530, 5669, 5810, 5953, 6099, 6246, 6395, 6547, 6700, 6856, 7014, 7174, 7335, 7500,
		7666, 7834, 8004, 8177, 8352, 8528, 8708, 8889, 9072, 9258, 9445, 9635, 9828, 10022, 10219, 10417,
		10619, 10822, 11028, 11235, 11446, 11658, 11873, 12090, 12309, 12530, 12754, 12980, 13209, 13440, 13673, 13909,
		14146, 14387, 14629, 14874, 15122, 15371, 15623, 15878, 16135, 16394, 16656, 16920, 17187, 17456, 17727, 18001,
		18277, 18556, 18837, 19121, 19407, 19696, 19987, 20281, 20577, 20876, 21177, 21481, 21787, 22096, 22407, 22721,
		23038, 23357, 23678, 24002, 24329, 24658, 24990, 25325, 25662, 26001, 26344, 26688, 27036, 27386, 27739, 28094,
		28452, 28813, 29176, 29542, 29911, 30282, 30656, 31033, 31412, 31794, 32179, 32567, 32957, 33350, 33745, 34143,
		34544, 34948, 35355, 35764, 36176, 36591, 37008, 37429, 37852, 38278, 38706, 39138, 39572, 40009, 40449, 40891,
		41337, 41785, 42236, 42690, 43147, 43606, 44069, 44534, 45002, 45473, 45947, 46423, 46903, 47385, 47871, 48359,
		48850, 49344, 49841, 50341, 50844, 51349, 51858, 52369, 52884, 53401, 53921, 54445, 54971, 55500, 56032, 56567,
		57105, 57646, 58190, 58737, 59287, 59840, 60396, 60955, 61517, 62082, 62650, 63221, 63795, 64372, 64952, 65535,
	};

	/* white and black contrast alike with the luminance sqrt(1.05 * 0.05) - 0.05 */
	return 2126u * light[c.r] + 7152u * light[c.g] + 722u * light[c.b] < 117392049u;
}
