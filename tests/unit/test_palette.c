/* Colours: readable text, a default safe for colour-deficient eyes, palette files that round-trip. */
#include "cm.h"
#include "common/svg.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct pd_span span(const char *text) { return (struct pd_span){ text, strlen(text) }; }

static struct pd_rgb color(const char *palette, const char *name, unsigned flags)
{
	uint64_t random = 1;
	struct palette_frame f = { .name = span(name), .flags = flags };

	assert_true(palette_named(palette) >= 0);
	return palette_color(palette_named(palette), PALETTE_BY_NAME, &f, &random);
}

static bool same(struct pd_rgb a, struct pd_rgb b) { return a.r == b.r && a.g == b.g && a.b == b.b; }

static void test_palette_text_is_readable(void **state)
{
	uint64_t random = 1;

	(void)state;
	for (int p = 0; palette_names[p]; p++)
		for (int i = 0; i < 3000; i++) {
			char name[32];
			struct palette_frame f = { .name = { name, (size_t)snprintf(name, sizeof name, "ns%d::f%d", i, i * 7) }, .flags = (unsigned)i & 7 };
			struct pd_rgb c = palette_color(p, (enum palette_mode)(i % 3), &f, &random);
			struct pd_rgb text = pd_rgb_white_text(c) ? (struct pd_rgb){ 255, 255, 255 } : (struct pd_rgb){ 0, 0, 0 };

			assert_true(pd_rgb_contrast(c, text) >= 4.5);
		}
}

static double text_contrast(struct pd_rgb c)
{
	return pd_rgb_contrast(c, pd_rgb_white_text(c) ? (struct pd_rgb){ 255, 255, 255 } : (struct pd_rgb){ 0, 0, 0 });
}

/* Whatever a palette, a palette file, a mixture or an option makes of a box: black or white can be read on it. */
static void test_palette_text_is_readable_on_any_colour(void **state)
{
	double least = 21;

	(void)state;
	for (unsigned r = 0; r < 256; r += 3)
		for (unsigned g = 0; g < 256; g += 3)
			for (unsigned b = 0; b < 256; b += 3)
				least = fmin(least, text_contrast((struct pd_rgb){ (uint8_t)r, (uint8_t)g, (uint8_t)b }));
	printf("lowest contrast of any colour with its text: %.2f\n", least);
	assert_true(least >= 4.5);
}

/* The palettes of flamegraph.pl (hot mem io wakeup chain java js perl red green blue aqua yellow purple orange) and of inferno (those but chain, python, rust). */
static void test_palette_names(void **state)
{
	static const char *const want[] = { "hot", "mem", "io", "wakeup", "chain", "java", "js", "perl", "python", "rust", "red", "green", "blue", "aqua", "yellow", "purple", "orange" };
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < PD_ARRAY_LEN(want); i++)
		assert_true(palette_named(want[i]) >= 0);
	for (; palette_names[n]; n++)
		assert_int_equal(palette_named(palette_names[n]), n);
	assert_int_equal(n, PD_ARRAY_LEN(want) + 2);
}

static void test_palette_hues_say_what_a_frame_is(void **state)
{
	struct pd_rgb k = color("java", "do_syscall_64", PD_CALLTREE_KERNEL), j = color("java", "java/util/HashMap.get", 0), c = color("java", "JVM::run()", 0);

	(void)state;
	assert_true(k.r >= 190 && k.b == 0);             /* orange */
	assert_true(j.g >= 200 && j.r < 120);            /* green */
	assert_true(c.r == c.g && c.b < 80);             /* yellow */
	assert_true(color("js", "lib/app.js:12", PD_CALLTREE_JIT).g >= 200);
	assert_true(color("python", "site-packages/x.py", 0).r < 120);
	assert_true(color("rust", "core::iter::next", 0).b == 0);
	assert_true(color("chain", "f", PALETTE_WAKER).b < 230);
	assert_true(same(color("package", "-", 0), (struct pd_rgb){ 160, 160, 160 }));
	assert_int_equal(palette_named("nosuch"), -1);
}

/* What flamegraph.pl and inferno make of these names with --hash. */
static void test_palette_hash_as_elsewhere(void **state)
{
	static const struct { const char *palette, *name; struct pd_rgb want; } cases[] = {
		{ "hot", "a", { 0xeb, 0x8c, 0x21 } }, { "hot", "main", { 0xf7, 0x53, 0x2e } }, { "hot", "x`y`z", { 0xf4, 0xaf, 0x2b } },
		{ "hot", "`y", { 0xff, 0xad, 0x37 } }, { "hot", "y`", { 0xf2, 0xe6, 0x29 } }, { "hot", "sys_read_[k]", { 0xec, 0xa7, 0x22 } },
		{ "java", "java/util/HashMap:::get", { 0x4d, 0xe0, 0x4d } }, { "js", "a", { 0xe9, 0x62, 0x62 } }, { "red", "node_modules/y", { 0xfa, 0x7b, 0x7b } },
	};

	(void)state;
	for (size_t i = 0; i < PD_ARRAY_LEN(cases); i++) {
		struct palette_frame f = { .name = span(cases[i].name), .written = span(cases[i].name) };
		uint64_t random = 1;
		struct pd_rgb got;

		f.flags = palette_strip(&f.name);
		got = palette_color(palette_named(cases[i].palette), PALETTE_BY_HASH, &f, &random);
		assert_memory_equal(&got, &cases[i].want, sizeof got);
	}
}

/* Packages that one program has together, heaviest first: a hue each. */
static void test_palette_packages_met_together_differ(void **state)
{
	static const char *const set[][9] = {
		{ "main.f", "runtime.f", "encoding/json.f", "net/http.f", "reflect.f", "syscall.f", "fmt.f", "compress/flate.f", NULL },
		{ "core::f", "std::f", "alloc::f", "tokio::f", "hyper::f", "serde_json::f", NULL },
		{ "java.util.X.f", "java.lang.X.f", "jdk.internal.X.f", "org.apache.X.f", "com.google.X.f", "io.netty.X.f", "sun.nio.X.f", NULL },
	};

	(void)state;
	for (size_t k = 0; k < sizeof set / sizeof *set; k++)
		for (int i = 0; set[k][i]; i++)
			for (int j = 0; j < i; j++) {
				struct pd_rgb a = color("package", set[k][i], 0), b = color("package", set[k][j], 0);

				if (abs(a.r - b.r) + abs(a.g - b.g) + abs(a.b - b.b) < 60)
					fail_msg("%s and %s look alike", set[k][i], set[k][j]);
			}
}

static void test_palette_packages(void **state)
{
	static const struct { const char *name, *module; unsigned flags; const char *want; } cases[] = {
		{ "net/http.(*conn).serve", "/bin/app", 0, "net/http" }, { "runtime.mallocgc", "/bin/app", 0, "runtime" },
		{ "main.main.func1.1", "", 0, "main" }, { "main.init.0.func1", "", 0, "main" }, { "main.serve.gowrap2.1", "", 0, "main" },
		{ "com.acme.app.Main.run", "", 0, "com.acme" }, { "com.acme.func.Main.run", "", 0, "com.acme" }, { "void ns::f<int>(a::b)", "", 0, "ns" },
		{ "<core::iter::Map<I> as X>::next", "", 0, "core" }, { "(anonymous namespace)::f()", "", 0, "(anonymous namespace)" },
		{ "malloc", "/lib/libc.so.6", 0, "libc.so.6" }, { "tcp_sendmsg", "", 0, "tcp" }, { "vfs_read", "/x", PD_CALLTREE_KERNEL, "[kernel]" },
		{ "foo.cold", "/bin/app", 0, "app" }, { "", "", 0, "" }, { "::", "", 0, "::" }, { "[libz.so]", "", 0, "[libz.so]" },
	};

	(void)state;
	for (size_t i = 0; i < PD_ARRAY_LEN(cases); i++) {
		struct pd_span p = palette_package(&(struct palette_frame){ .name = span(cases[i].name), .module = span(cases[i].module), .flags = cases[i].flags });
		char got[64];

		snprintf(got, sizeof got, "%.*s", (int)p.n, p.p);
		assert_string_equal(got, cases[i].want);
	}
}

/* ---- colours as others see them ---- */

static double linear(uint8_t v) { double x = v / 255.0; return x <= 0.04045 ? x / 12.92 : pow((x + 0.055) / 1.055, 2.4); }

/* Published simulation matrices for full deficiency (linear RGB): none, no red, no green, no blue cones. */
static const double sight[4][9] = {
	{ 1, 0, 0, 0, 1, 0, 0, 0, 1 },
	{ 0.152286, 1.052583, -0.204868, 0.114503, 0.786281, 0.099216, -0.003882, -0.048116, 1.051998 },
	{ 0.367322, 0.860646, -0.227968, 0.280085, 0.672501, 0.047413, -0.011820, 0.042940, 0.968881 },
	{ 1.255528, -0.076749, -0.178779, -0.078411, 0.930809, 0.147602, 0.004733, 0.691367, 0.303900 },
};

static double lab_f(double t) { return t > 0.008856 ? cbrt(t) : 7.787 * t + 16.0 / 116; }

static void lab(struct pd_rgb c, const double *m, double out[3])
{
	double in[3] = { linear(c.r), linear(c.g), linear(c.b) }, l[3], x, y, z;

	for (int i = 0; i < 3; i++) {
		l[i] = m[3 * i] * in[0] + m[3 * i + 1] * in[1] + m[3 * i + 2] * in[2];
		l[i] = l[i] < 0 ? 0 : l[i] > 1 ? 1 : l[i];
	}
	x = lab_f((0.4124 * l[0] + 0.3576 * l[1] + 0.1805 * l[2]) / 0.95047);
	y = lab_f(0.2126 * l[0] + 0.7152 * l[1] + 0.0722 * l[2]);
	z = lab_f((0.0193 * l[0] + 0.1192 * l[1] + 0.9505 * l[2]) / 1.08883);
	out[0] = 116 * y - 16;
	out[1] = 500 * (x - y);
	out[2] = 200 * (y - z);
}

static double distance(struct pd_rgb a, struct pd_rgb b, const double *m)
{
	double p[3], q[3];

	lab(a, m, p);
	lab(b, m, q);
	return sqrt((p[0] - q[0]) * (p[0] - q[0]) + (p[1] - q[1]) * (p[1] - q[1]) + (p[2] - q[2]) * (p[2] - q[2]));
}

/* Shades of one hue differ by a common factor of all channels. */
static bool one_hue(struct pd_rgb a, struct pd_rgb b)
{
	return abs(a.r * b.g - b.r * a.g) < 700 && abs(a.g * b.b - b.g * a.b) < 700 && abs(a.r * b.b - b.r * a.b) < 700;
}

static void test_palette_default_is_safe_for_colour_deficient_eyes(void **state)
{
	struct pd_rgb hue[64];
	size_t n = 0;

	(void)state;
	for (int i = 0; i < 400; i++) {
		char name[32];
		struct pd_rgb c;
		size_t k;

		snprintf(name, sizeof name, "pkg%d::function", i);
		c = color("package", name, i ? 0 : PD_CALLTREE_KERNEL);
		for (k = 0; k < n && !one_hue(hue[k], c); k++)
			;
		if (k == n && n < PD_ARRAY_LEN(hue))
			hue[n++] = c;
	}
	assert_int_equal(n, 9);
	for (size_t a = 0; a < n; a++)
		for (size_t b = 0; b < a; b++)
			for (int s = 0; s < 4; s++)
				assert_true(distance(hue[a], hue[b], sight[s]) >= 14); /* 18 less what shades take */
}

static double least_distance(const struct pd_rgb *a, size_t n_a, const struct pd_rgb *b, size_t n_b)
{
	double least = 1000;

	for (size_t i = 0; i < n_a; i++)
		for (size_t k = 0; k < n_b; k++)
			for (int s = 0; s < 4 && &a[i] != &b[k]; s++)
				least = fmin(least, distance(a[i], b[k], sight[s]));
	return least;
}

/* Signs say the same in shape; hues alone keep apart too, also for small changes. */
static void test_palette_classes_of_differences_keep_apart(void **state)
{
	struct pd_rgb more[10], less[10], grey[2] = { svg_diff_hue(PD_DIFF_UNDECIDED, 0, false), svg_diff_hue(PD_DIFF_UNCHANGED, 0, false) };
	double between, from_grey;

	(void)state;
	for (size_t i = 0; i < 10; i++) {
		more[i] = svg_diff_hue(PD_DIFF_GROWN, 0.005 + 0.01 * (double)i, false);
		less[i] = svg_diff_hue(PD_DIFF_SHRUNK, 0.005 + 0.01 * (double)i, false);
		assert_true(same(less[i], svg_diff_hue(PD_DIFF_GONE, 0.005 + 0.01 * (double)i, false)) && same(less[i], svg_diff_hue(PD_DIFF_NEW, 0.005 + 0.01 * (double)i, true)));
	}
	between = least_distance(more, 10, less, 10);
	from_grey = fmin(least_distance(more, 10, grey, 2), least_distance(less, 10, grey, 2));
	printf("differences: more and less %.0f apart, from grey %.0f\n", between, from_grey);
	assert_true(between >= 30 && from_grey >= 12);
}

static void test_palette_states_keep_apart(void **state)
{
	struct pd_rgb hue[SVG_STATES];
	double hot, reasons;

	(void)state;
	for (unsigned i = 0; i < SVG_STATES; i++)
		hue[i] = svg_state_hue(i);
	hot = fmin(least_distance(hue, 1, hue + 1, SVG_STATES - 1), least_distance(hue + 1, 1, hue + 2, SVG_STATES - 2));
	reasons = least_distance(hue + 2, SVG_STATES - 2, hue + 2, SVG_STATES - 2);
	printf("states: on, runnable and off %.0f apart, reasons %.0f\n", hot, reasons);
	assert_true(hot >= 22 && reasons >= 16);
}

/* ---- parsing ---- */

static void test_palette_parses_colours(void **state)
{
	static const char *const bad[] = { "", "#12", "#12345", "#12345g", "rgb(1,2)", "rgb(1,2,256)", "rgb(1,2,3", "rgb(1,2,3)x", "red", "rgb(,,)", "#1234567", "rgb(1,2,3,4)" };
	struct pd_rgb c, bg[2];

	(void)state;
	assert_true(pd_rgb_parse(span("#fa0"), &c) && same(c, (struct pd_rgb){ 255, 170, 0 }));
	assert_true(pd_rgb_parse(span("#0A1b2C"), &c) && same(c, (struct pd_rgb){ 10, 27, 44 }));
	assert_true(pd_rgb_parse(span("rgb(1, 20,255)"), &c) && same(c, (struct pd_rgb){ 1, 20, 255 }));
	for (size_t i = 0; i < PD_ARRAY_LEN(bad); i++)
		assert_false(pd_rgb_parse(span(bad[i]), &c));
	assert_true(palette_background_named("blue", bg) && palette_background_named("#123456", bg));
	assert_false(palette_background_named("url(x)", bg));
}

/* ---- palette files ---- */

static void test_palette_map_round_trips_every_name(void **state)
{
	static const char *const names[] = { "f", "a->b", "->", "a\nb", "back\\slash", "\\n", "\\x41", "tab\there", "\x01\x7f", "a->rgb(1,2,3)", " blank ", "\xff\xfe", "rgb(9,9,9)", "" };
	struct palette_map *m = palette_map_new(), *again = palette_map_new();
	struct pd_error err = { 0 };
	struct pd_out *out = pd_out_memory(0, 0, &err);
	struct pd_source *src;
	struct pd_rgb c;
	struct pd_span text;

	(void)state;
	for (size_t i = 0; i < PD_ARRAY_LEN(names); i++)
		assert_true(palette_map_add(m, span(names[i]), (struct pd_rgb){ (uint8_t)i, 2, 3 }));
	assert_true(palette_map_changed(m));
	palette_map_write(m, out);
	assert_int_equal(pd_out_commit(out, &err), PD_OK);
	text = pd_out_memory_span(out);
	src = pd_source_memory("map", text.p, text.n, NULL, &err);
	assert_int_equal(palette_map_read(again, src, &err), PD_OK);
	assert_false(palette_map_changed(again));
	for (size_t i = 0; i < PD_ARRAY_LEN(names); i++) {
		assert_true(palette_map_get(again, span(names[i]), &c));
		assert_int_equal(c.r, i);
	}
	assert_false(palette_map_get(again, span("other"), &c));
	pd_source_free(src);
	pd_out_free(out);
	palette_map_free(m);
	palette_map_free(again);
}

static void test_palette_map_names_the_bad_line(void **state)
{
	static const char *const bad[] = { "f->rgb(1,2,3)\nnonsense\n", "f->rgb(1,2,3)\nf rgb(1,2,3)\n", "f->rgb(1,2,3)\nf->rgb(1,2,300)\n", "f->rgb(1,2,3)\n-\n" };

	(void)state;
	for (size_t i = 0; i < PD_ARRAY_LEN(bad); i++) {
		struct palette_map *m = palette_map_new();
		struct pd_error err = { 0 };
		struct pd_source *src = pd_source_memory("palette.map", bad[i], strlen(bad[i]), NULL, &err);

		assert_int_equal(palette_map_read(m, src, &err), PD_ERR_DATA);
		assert_int_equal(err.line, 2);
		assert_string_equal(err.path, "palette.map");
		pd_source_free(src);
		palette_map_free(m);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_palette_text_is_readable_on_any_colour), cmocka_unit_test(test_palette_names),
		cmocka_unit_test(test_palette_classes_of_differences_keep_apart), cmocka_unit_test(test_palette_states_keep_apart),
		cmocka_unit_test(test_palette_text_is_readable), cmocka_unit_test(test_palette_hues_say_what_a_frame_is),
		cmocka_unit_test(test_palette_hash_as_elsewhere),
		cmocka_unit_test(test_palette_packages), cmocka_unit_test(test_palette_packages_met_together_differ),
		cmocka_unit_test(test_palette_default_is_safe_for_colour_deficient_eyes),
		cmocka_unit_test(test_palette_parses_colours), cmocka_unit_test(test_palette_map_round_trips_every_name),
		cmocka_unit_test(test_palette_map_names_the_bad_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
