/* Option tables: one grammar for commands and formats. */
#include "cm.h"

#include "base/compiler.h"
#include <profdata/opt.h>

struct inner { int64_t count; const char *mode; };
struct args {
	bool quiet, trim;
	int64_t rows, size, verbose;
	double share;
	const char *output, *sort;
	struct pd_list opt;
	struct inner inner;
};

static const char *const modes[] = { "auto", "always", "never", NULL };
static const struct pd_opt inner_opts[] = {
	{ 'c', "count", "N", "how many", PD_OPT_INT, PD_AT(struct inner, count, int64_t) },
	{ 0, "color", "WHEN", "colour", PD_OPT_CHOICE, PD_AT(struct inner, mode, const char *), .choices = modes },
	{ 0, "colour", "WHEN", NULL, PD_OPT_CHOICE, PD_AT(struct inner, mode, const char *), .choices = modes },
	{ .kind = PD_OPT_END },
};
static const struct pd_opt opts[] = {
	{ 'q', "quiet", NULL, "no warnings", PD_OPT_BOOL, PD_AT(struct args, quiet, bool) },
	{ 0, "trim", NULL, "trim", PD_OPT_BOOL, PD_AT(struct args, trim, bool), .negatable = true },
	{ .help = "Inner", .kind = PD_OPT_INCLUDE, .offset = offsetof(struct args, inner), .table = inner_opts },
	{ 'n', "rows", "N", "rows", PD_OPT_INT, PD_AT(struct args, rows, int64_t) },
	{ 0, "max-memory", "SIZE", "memory", PD_OPT_SIZE, PD_AT(struct args, size, int64_t) },
	{ 'v', "verbose", NULL, "more", PD_OPT_COUNT, PD_AT(struct args, verbose, int64_t) },
	{ 0, "share", "F", "share", PD_OPT_REAL, PD_AT(struct args, share, double) },
	{ 'o', "output", "FILE", "output", PD_OPT_STR, PD_AT(struct args, output, const char *) },
	{ 0, "sort", "[WORD]", "order", PD_OPT_STR, PD_AT(struct args, sort, const char *) },
	{ 0, "opt", "K=V", "option", PD_OPT_LIST, PD_AT(struct args, opt, struct pd_list) },
	{ .kind = PD_OPT_END },
};

#define MOST 16
struct parsed {
	struct args a;
	char *argv[MOST];
	size_t n;
	struct pd_error err;
	enum pd_status status;
};

/* Words separated by blanks. */
static void parse(struct parsed *p, const char *words, unsigned flags)
{
	static char text[400];
	char *save = NULL;

	*p = (struct parsed){ 0 };
	snprintf(text, sizeof text, "%s", words);
	for (char *w = strtok_r(text, " ", &save); w; w = strtok_r(NULL, " ", &save))
		p->argv[p->n++] = w;
	p->status = pd_opt_parse(opts, &p->a, p->argv, &p->n, flags, &p->err);
}

static void test_opt_options_anywhere_before_the_dashes(void **state)
{
	struct parsed p;

	(void)state;
	parse(&p, "in1 -n 5 in2 --output=x -- -q in3 -", 0);
	assert_int_equal(p.status, PD_OK);
	assert_int_equal(p.n, 5);
	assert_string_equal(p.argv[0], "in1");
	assert_string_equal(p.argv[1], "in2");
	assert_string_equal(p.argv[2], "-q");
	assert_string_equal(p.argv[4], "-");
	assert_int_equal(p.a.rows, 5);
	assert_string_equal(p.a.output, "x");
	assert_false(p.a.quiet);
}

static void test_opt_short_ones_bundle(void **state)
{
	struct parsed p;

	(void)state;
	parse(&p, "-qvvn7 -ofile x", 0);
	assert_int_equal(p.status, PD_OK);
	assert_true(p.a.quiet);
	assert_int_equal(p.a.verbose, 2);
	assert_int_equal(p.a.rows, 7);
	assert_string_equal(p.a.output, "file");
	parse(&p, "-qvo file x", 0);
	assert_string_equal(p.a.output, "file");
	assert_int_equal(p.n, 1);
}

static void test_opt_underscores_negation_includes(void **state)
{
	struct parsed p;

	(void)state;
	parse(&p, "--max_memory 1.5G --trim --no-trim --color never --count=-3 --share 2.5e-1", 0);
	assert_int_equal(p.status, PD_OK);
	assert_int_equal(p.a.size, 3ll << 29);
	assert_false(p.a.trim);
	assert_ptr_equal(p.a.inner.mode, modes[2]);
	assert_int_equal(p.a.inner.count, -3);
	assert_true(p.a.share > 0.2499 && p.a.share < 0.2501);
	parse(&p, "--no-quiet", 0);
	assert_int_equal(p.status, PD_ERR_USAGE);
}

static void test_opt_lists_keep_order(void **state)
{
	struct parsed p;

	(void)state;
	parse(&p, "--opt a=1 --opt b=2 --opt c=3 --opt d=4 --opt e=5", 0);
	assert_int_equal(p.a.opt.n, 5);
	assert_string_equal(p.a.opt.item[0], "a=1");
	assert_string_equal(p.a.opt.item[4], "e=5");
	pd_opt_release(opts, &p.a);
	assert_null(p.a.opt.item);
}

static void test_opt_stops_at_an_operand_when_told(void **state)
{
	struct parsed p;

	(void)state;
	parse(&p, "-q cmd -v -o x", PD_OPT_STOP_AT_OPERAND);
	assert_int_equal(p.status, PD_OK);
	assert_true(p.a.quiet);
	assert_int_equal(p.n, 4);
	assert_int_equal(p.a.verbose, 0);
}

static void test_opt_value_only_with_equals(void **state)
{
	struct parsed p;

	(void)state;
	parse(&p, "--sort in", 0);
	assert_string_equal(p.a.sort, "");
	assert_string_equal(p.argv[0], "in");
	parse(&p, "in --sort=name", 0);
	assert_string_equal(p.a.sort, "name");
}

static void fails(const char *words, const char *text, const char *hint)
{
	struct parsed p;

	parse(&p, words, 0);
	assert_int_equal(p.status, PD_ERR_USAGE);
	assert_int_equal(p.err.status, PD_ERR_USAGE);
	assert_string_equal(p.err.text, text);
	assert_string_equal(p.err.hint, hint);
	pd_opt_release(opts, &p.a);
}

static void test_opt_errors_name_the_option_and_the_way_out(void **state)
{
	(void)state;
	fails("--ouptut x", "unknown option '--ouptut'", "did you mean '--output'?");
	fails("--xyzzy", "unknown option '--xyzzy'", "");
	fails("-Z", "unknown option '-Z'", "");
	fails("-max-memory=3", "unknown option '-max-memory'", "did you mean '--max-memory'?");
	fails("--rows", "--rows needs a value (N)", "");
	fails("-n", "-n needs a value (N)", "");
	fails("--rows=x1", "--rows: expected a whole number, not 'x1'", "");
	fails("-n 99999999999999999999", "-n: expected a whole number, not '99999999999999999999'", "");
	fails("--quiet=yes", "--quiet takes no value", "");
	fails("--color=nevr", "--color: expected auto, always, never, not 'nevr'", "did you mean 'never'?");
	fails("--share=nan", "--share: expected a number, not 'nan'", "");
	fails("--max-memory=-4K", "--max-memory: expected a size such as 64M, not '-4K'", "");
}

static void test_opt_key_value(void **state)
{
	struct args a = { 0 };
	struct pd_error err = { 0 };

	(void)state;
	assert_int_equal(pd_opt_set(opts, &a, "rows=12", &err), PD_OK);
	assert_int_equal(pd_opt_set(opts, &a, "trim", &err), PD_OK);
	assert_int_equal(pd_opt_set(opts, &a, "quiet=yes", &err), PD_OK);
	assert_int_equal(pd_opt_set(opts, &a, "output=", &err), PD_OK);
	assert_int_equal(a.rows, 12);
	assert_true(a.trim && a.quiet);
	assert_string_equal(a.output, "");
	assert_int_equal(pd_opt_set(opts, &a, "trim=0", &err), PD_OK);
	assert_false(a.trim);
	assert_int_equal(pd_opt_set(opts, &a, "trim=perhaps", &err), PD_ERR_USAGE);
	assert_string_equal(err.text, "option 'trim': expected true or false, not 'perhaps'");
	err = (struct pd_error){ 0 };
	assert_int_equal(pd_opt_set(opts, &a, "rosw=1", &err), PD_ERR_USAGE);
	assert_string_equal(err.text, "unknown option 'rosw'");
	assert_string_equal(err.hint, "did you mean 'rows'?");
}

static void test_opt_walk_sees_includes_in_place(void **state)
{
	struct pd_opt_walk w;
	const struct pd_opt *o;
	unsigned n = 0;

	(void)state;
	pd_opt_walk_init(&w, opts);
	while ((o = pd_opt_walk_next(&w))) {
		if (strcmp(o->name, "count") == 0) {
			assert_int_equal(n, 2);
			assert_string_equal(w.section, "Inner");
			assert_int_equal(w.base, offsetof(struct args, inner));
		} else if (strcmp(o->name, "rows") == 0) {
			assert_null(w.section);
			assert_int_equal(w.base, 0);
		}
		n++;
	}
	assert_int_equal(n, 12);
}

static void test_opt_sizes(void **state)
{
	static const char *const bad[] = { "", "K", "-1", "1X", "1e3", "9223372036854775807K", "1KK", "0x10" };
	int64_t v = 0;

	(void)state;
	for (size_t i = 0; i < PD_ARRAY_LEN(bad); i++)
		assert_false(pd_opt_size(bad[i], &v));
	assert_true(pd_opt_size("0", &v) && v == 0);
	assert_true(pd_opt_size("64M", &v) && v == 64 << 20);
	assert_true(pd_opt_size("4KiB", &v) && v == 4096);
	assert_true(pd_opt_size("2g", &v) && v == 2ll << 30);
	assert_true(pd_opt_size("100B", &v) && v == 100);
	assert_true(pd_opt_size("1T", &v) && v == 1ll << 40);
}

static void test_suggest_distances(void **state)
{
	static const char *const cmds[] = { "convert", "merge", "diff", "filter", "flamegraph", "top", "overhead", "info", NULL };

	(void)state;
	assert_string_equal(pd_suggest("mrege", cmds), "merge");
	assert_string_equal(pd_suggest("convrt", cmds), "convert");
	assert_string_equal(pd_suggest("overhaed", cmds), "overhead");
	assert_string_equal(pd_suggest("dif", cmds), "diff");
	assert_string_equal(pd_suggest("flame", cmds), "flamegraph");
	assert_null(pd_suggest("xyz", cmds));
	assert_null(pd_suggest("", cmds));
	assert_null(pd_suggest("f", cmds));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_opt_options_anywhere_before_the_dashes),
		cmocka_unit_test(test_opt_short_ones_bundle),
		cmocka_unit_test(test_opt_underscores_negation_includes),
		cmocka_unit_test(test_opt_lists_keep_order),
		cmocka_unit_test(test_opt_stops_at_an_operand_when_told),
		cmocka_unit_test(test_opt_value_only_with_equals),
		cmocka_unit_test(test_opt_errors_name_the_option_and_the_way_out),
		cmocka_unit_test(test_opt_key_value),
		cmocka_unit_test(test_opt_walk_sees_includes_in_place),
		cmocka_unit_test(test_opt_sizes),
		cmocka_unit_test(test_suggest_distances),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
