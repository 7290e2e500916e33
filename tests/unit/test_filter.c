/*
 * Selection. Documents are written as lines "root;...;leaf value [key=text] [key#number[:unit]] [@time]"; a frame is
 * its lines, innermost first, separated by '|', with "!MAPPING" behind them; a frame that is only "!MAPPING" has no lines.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "model/model.h"
#include <math.h>
#include <profdata/transform.h>

static pd_frame frame_of(struct pd_builder *b, char *text)
{
	char *mapping = strchr(text, '!'), *rest = text, *one;
	struct pd_line line[8] = { 0 };
	struct pd_frame_desc f = { .lines = line };

	if (mapping) {
		*mapping++ = 0;
		f.mapping = pd_mapping_add(b, &(struct pd_mapping_desc){ .start = 0x1000, .limit = 0x2000, .file = pd_intern_z(b, mapping) });
		f.address = 0x1000;
	}
	while (*text && (one = strsep(&rest, "|"))) {
		char *file = strchr(one, '@');

		if (file)
			*file++ = 0;
		line[f.n_lines++].func = pd_func_add(b, &(struct pd_func_desc){ .name = pd_intern_z(b, one), .file = pd_intern_z(b, file) });
	}
	return pd_frame_add(b, &f);
}

static void word_of(struct pd_builder *b, char *word, struct pd_label *l, size_t *n, struct pd_sample *s)
{
	char *mark = strpbrk(word, "=#"), *unit;

	if (word[0] == '@') {
		s->has_time = true;
		s->time = strtoll(word + 1, NULL, 10);
		return;
	}
	l[*n] = (struct pd_label){ .kind = *mark == '=' ? PD_LABEL_STR : PD_LABEL_NUM };
	unit = strchr(mark + 1, ':');
	if (*mark == '=') {
		l[*n].str = pd_intern_z(b, mark + 1);
	} else {
		l[*n].num = strtoll(mark + 1, NULL, 10);
		if (unit)
			l[*n].unit = pd_intern_z(b, unit + 1);
	}
	l[(*n)++].key = pd_intern(b, word, (size_t)(mark - word));
}

static void sample_of(struct pd_builder *b, char *line)
{
	char *stack = strsep(&line, " "), *frame, *word;
	int64_t value = strtoll(strsep(&line, " "), NULL, 10);
	struct pd_sample s = { 0 };
	struct pd_label l[16];
	size_t n = 0;

	while (stack && *stack && (frame = strsep(&stack, ";")))
		s.stack = pd_stack_push(b, s.stack, frame_of(b, frame));
	while ((word = strsep(&line, " ")))
		word_of(b, word, l, &n, &s);
	s.labels = pd_labels_of(b, l, n);
	pd_sample_add(b, 0, &s, &value);
}

static struct pd_doc *doc_of(const char *text, const char *drop, const char *keep)
{
	struct pd_error err = { 0 };
	struct pd_builder *b = pd_builder_new(NULL, 0, &err);
	char *copy = strdup(text), *rest = copy, *line;
	struct pd_doc *doc;

	pd_series_add(b, (pd_str){ 0 });
	pd_series_value(b, 0, &(struct pd_value_type){ pd_intern_z(b, "cpu"), pd_intern_z(b, "ns"), 0 });
	pd_builder_meta(b)->drop_frames = pd_intern_z(b, drop);
	pd_builder_meta(b)->keep_frames = pd_intern_z(b, keep);
	pd_builder_meta(b)->root_label = pd_intern_z(b, "comm");
	while ((line = strsep(&rest, "\n")))
		if (*line)
			sample_of(b, line);
	doc = pd_builder_finish(b, &err);
	assert_non_null(doc);
	pd_builder_free(b);
	free(copy);
	return doc;
}

static void put_frame(FILE *f, const struct pd_doc *doc, pd_frame id)
{
	struct pd_frame_desc d;
	struct pd_mapping_desc m;

	pd_doc_frame(doc, id, &d);
	for (uint32_t i = 0; i < d.n_lines; i++) {
		struct pd_func_desc func;

		pd_doc_func(doc, d.lines[i].func, &func);
		fprintf(f, "%s%s%s%s", i ? "|" : "", pd_doc_string(doc, func.name).p, func.file.v ? "@" : "", pd_doc_string(doc, func.file).p);
	}
	pd_doc_mapping(doc, d.mapping, &m);
	if (d.mapping.v)
		fprintf(f, "!%s", pd_doc_string(doc, m.file).p);
}

static void put_labels(FILE *f, const struct pd_doc *doc, pd_labels set)
{
	const struct pd_label *l;
	size_t n = pd_doc_labels(doc, set, &l);

	for (size_t i = 0; i < n; i++) {
		if (l[i].kind == PD_LABEL_STR)
			fprintf(f, " %s=%s", pd_doc_string(doc, l[i].key).p, pd_doc_string(doc, l[i].str).p);
		else
			fprintf(f, " %s#%lld%s%s", pd_doc_string(doc, l[i].key).p, (long long)l[i].num, l[i].unit.v ? ":" : "",
				pd_doc_string(doc, l[i].unit).p);
	}
}

static char *text_of(const struct pd_doc *doc)
{
	char *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);
	pd_frame *stack = malloc((pd_doc_max_depth(doc) + 1) * sizeof *stack);
	struct pd_rows rows;
	struct pd_error err = { 0 };

	assert_true(pd_doc_check(doc, &err));
	for (uint64_t first = 0; pd_series_rows(doc, 0, first, &rows); first += rows.n) {
		for (size_t i = 0; i < rows.n; i++) {
			size_t depth = pd_doc_stack(doc, rows.stack[i], PD_ROOT_FIRST, stack);

			for (size_t k = 0; k < depth; k++) {
				if (k)
					fputc(';', f);
				put_frame(f, doc, stack[k]);
			}
			fprintf(f, " %lld", (long long)rows.value[0][i]);
			put_labels(f, doc, rows.labels[i]);
			if (rows.time)
				fprintf(f, " @%lld", (long long)rows.time[i]);
			fputc('\n', f);
		}
	}
	free(stack);
	fclose(f);
	return text;
}

static struct pd_filter_report report;

static void check_doc(struct pd_doc *doc, const struct pd_filter_opts *o, const char *want)
{
	struct pd_error err = { 0 };
	struct pd_doc *out = pd_filter(doc, o, &report, &err);
	char *got;

	if (!out)
		fail_msg("%s", err.text);
	got = text_of(out);
	assert_string_equal(got, want);
	free(got);
	pd_doc_unref(out);
	pd_doc_unref(doc);
}

#define OPTS(...) (&(struct pd_filter_opts){ .size = sizeof(struct pd_filter_opts), __VA_ARGS__ })
#define CHECK(in, want, ...) check_doc(doc_of(in, NULL, NULL), OPTS(__VA_ARGS__), want)

static void check_fails(const char *in, const struct pd_filter_opts *o, enum pd_status status, const char *part)
{
	struct pd_error err = { 0 };
	struct pd_doc *doc = doc_of(in, NULL, NULL);

	assert_null(pd_filter(doc, o, NULL, &err));
	assert_int_equal(err.status, status);
	if (!strstr(err.text, part))
		fail_msg("'%s' not in '%s'", part, err.text);
	pd_doc_unref(doc);
}

#define THREE "main;foo;bar 1\nmain;baz 2\nidle 3\n"

static void test_filter_nothing_asked(void **state)
{
	struct pd_error err = { 0 };
	struct pd_doc *doc = doc_of(THREE, NULL, NULL), *same = pd_filter(doc, OPTS(.focus = ""), &report, &err);

	(void)state;
	assert_ptr_equal(doc, same);
	pd_doc_unref(same);
	pd_doc_unref(doc);
}

static void test_filter_focus(void **state)
{
	(void)state;
	CHECK(THREE, "main;foo;bar 1\n", .focus = "foo");
	CHECK(THREE, "main;foo;bar 1\nmain;baz 2\n", .focus = "^ma");
	CHECK(THREE, "", .focus = "FOO");
	assert_true(report.focus_unmatched);
	CHECK("a@x.c;b 1\nb 2\n", "a@x.c;b 1\n", .focus = "x\\.c");        /* file */
	CHECK("a!/lib/c.so 1\n!/lib/c.so 2\nb 4\n", "a!/lib/c.so 1\n!/lib/c.so 2\n", .focus = "c\\.so"); /* mapping */
	CHECK("in|out 1\n", "in|out 1\n", .focus = "^in$");                /* inlined line, seen with no_inlines too */
	CHECK("in|out 1\n", "out 1\n", .focus = "^in$", .no_inlines = true);
}

static void test_filter_ignore_wins(void **state)
{
	(void)state;
	CHECK(THREE, "main;baz 2\nidle 3\n", .ignore = "foo");
	CHECK("ab 1\nab;b 2\na 4\n", "a 4\n", .focus = "a", .ignore = "b");
	assert_false(report.focus_unmatched);
	CHECK(THREE, THREE, .ignore = "zzz");
	assert_true(report.ignore_unmatched);
	/* a frame that matches both does not count for focus */
	CHECK("ab 1\n", "", .focus = "a", .ignore = "b");
	assert_true(report.focus_unmatched);
}

static void test_filter_empty_stacks(void **state)
{
	(void)state;
	CHECK(" 5\na 1\n", "a 1\n", .ignore = "zzz");
	CHECK(" 5 k=v\na 1 k=v\n", " 5 k=v\na 1 k=v\n", .tagfocus = "v");
}

static void test_filter_hide(void **state)
{
	(void)state;
	CHECK(THREE, "main;bar 1\nmain;baz 2\nidle 3\n", .hide = "foo");
	CHECK(THREE, "main;foo;bar 1\nmain;baz 2\n", .hide = "idle"); /* nothing left of the third */
	CHECK("in|mid|out;x 1\n", "in|out;x 1\n", .hide = "mid");
	CHECK("in|out!lib.so;x 1\n", "x 1\n", .hide = "lib");
	CHECK("a;!lib.so 1\n", "a 1\n", .hide = "lib");
	CHECK(THREE, THREE, .hide = "zzz");
	assert_true(report.hide_unmatched);
	/* focus sees frames that hide removes */
	CHECK(THREE, "main;bar 1\n", .focus = "foo", .hide = "foo");
}

static void test_filter_show(void **state)
{
	(void)state;
	CHECK(THREE, "foo 1\nbaz 2\n", .show = "foo|baz");
	CHECK("in|mid|out;x 1\n", "in 1\n", .show = "in");
	CHECK("in|out!lib.so;x 1\n", "in|out!lib.so 1\n", .show = "lib"); /* by mapping all lines stay */
	CHECK(THREE, "", .show = "zzz");
	assert_true(report.show_unmatched);
	CHECK(THREE, "bar 1\nbaz 2\n", .show = "ba", .hide = "foo");
	CHECK("foobar 1\n", "", .show = "foo", .hide = "bar"); /* what is hidden stays hidden */
}

static void test_filter_show_unsymbolized(void **state)
{
	(void)state;
	CHECK("!server;!libc.so 1\n", "!server 1\n", .show = "server");
	assert_false(report.show_unmatched);
}

static void test_filter_show_from(void **state)
{
	(void)state;
	CHECK("A;B;C;B 1\n", "A;B;C;B 1\n", .show_from = "A");
	CHECK("A;B;C;B 1\n", "B;C;B 1\n", .show_from = "B");
	CHECK("A;B;C;B 1\n", "C;B 1\n", .show_from = "C");
	CHECK("A;B;C;B 1\nC 2\n", "C;B 1\nC 2\n", .show_from = "C");
	CHECK("A 1\nB 2\n", "B 2\n", .show_from = "B");
	CHECK("A 1\n", "", .show_from = "D");
	assert_true(report.show_from_unmatched);
	CHECK("A;in|mid|out;x 1\n", "in|mid;x 1\n", .show_from = "mid"); /* outer lines of the match go */
	CHECK("A;in|out!lib;x 1\n", "in|out!lib;x 1\n", .show_from = "lib");
}

static void test_filter_prune_from(void **state)
{
	(void)state;
	CHECK("A;B;C;B;D 1\n", "A 1\n", .prune_from = "A");
	CHECK("A;B;C;B;D 1\n", "A;B;C;B 1\n", .prune_from = "B");
	CHECK("A;B 1\nX 2\n", "A 1\nX 2\n", .prune_from = "A");
	CHECK("A;in|mid|out;x 1\n", "A;mid|out 1\n", .prune_from = "mid");
	CHECK("f(int);x 1\n", "f(int) 1\n", .prune_from = "^f$");   /* the simple name */
	CHECK("a@f.c;x 1\n", "a@f.c;x 1\n", .prune_from = "f\\.c"); /* not the file */
	CHECK("n::operator()(int);x 1\n", "n::operator()(int) 1\n", .prune_from = "^n::operator\\(\\)$");
	CHECK(".f;x 1\n", ".f 1\n", .prune_from = "^f$");
}

static void check_drop(const char *in, const char *drop, const char *keep, const char *want)
{
	check_doc(doc_of(in, drop, keep), OPTS(.drop_frames = true), want);
}

static void test_filter_drop_frames(void **state)
{
	(void)state;
	check_drop("main;malloc;brk 1\n", "malloc", NULL, "main 1\n");
	assert_int_equal(report.samples_cut, 1);
	check_drop("main;malloc;brk 1\n", "mall", NULL, "main;malloc;brk 1\n"); /* the whole name */
	check_drop("main;malloc(int);brk 1\n", "malloc", NULL, "main 1\n");
	check_drop("malloc;main;malloc 1\n", "malloc", NULL, "malloc;main 1\n"); /* safe until something else was seen */
	check_drop("malloc;malloc 1\n", "malloc", NULL, "malloc;malloc 1\n");
	check_drop("main;malloc;x 1\n", "mal.*", "malloc", "main;malloc;x 1\n");
	check_drop("main;in|malloc|out;x 1\n", "malloc", NULL, "main;out 1\n"); /* outer lines stay */
	check_drop("main;malloc;x 1\n", "mal(", NULL, "main;malloc;x 1\n");
	assert_true(report.drop_frames_invalid);
	check_doc(doc_of("main;malloc 1\n", "malloc", NULL), OPTS(.focus = "main"), "main;malloc 1\n"); /* only when asked */
}

static void test_filter_no_inlines(void **state)
{
	(void)state;
	CHECK("in|out;x 1\n", "out;x 1\n", .no_inlines = true);
	CHECK("in|out;x 1\n", "in;x 1\n", .no_inlines = true, .hide = "out"); /* after hide */
}

#define TAGS "a 1 client=3 tier=gold\nb 2 client=4 tier=silver\nc 3\nd 4 bytes#512\ne 5 bytes#2048\nf 6 lat#5:ms pid#7\n"

static void test_filter_tagfocus_text(void **state)
{
	(void)state;
	CHECK(TAGS, "a 1 client=3 tier=gold\n", .tagfocus = "client:3");
	CHECK(TAGS, "a 1 client=3 tier=gold\n", .tagfocus = "client=^3$x?");
	CHECK(TAGS, "b 2 client=4 tier=silver\n", .tagfocus = "tier=silver");
	CHECK(TAGS, "a 1 client=3 tier=gold\n", .tagfocus = "gold,client");  /* all must match */
	CHECK(TAGS, "", .tagfocus = "gold,silver");
	assert_true(report.tagfocus_unmatched);
	CHECK(TAGS, "a 1 client=3 tier=gold\nb 2 client=4 tier=silver\n", .tagfocus = "tier=gold,silver"); /* one is enough */
	CHECK(TAGS, "", .tagfocus = "tie=gold");  /* the key is exact */
}

static void test_filter_tagignore(void **state)
{
	(void)state;
	CHECK(TAGS, "a 1 client=3 tier=gold\n", .tagfocus = "tier", .tagignore = "silver");
	CHECK("a 1\n", "a 1\n", .tagignore = "x");
	assert_true(report.tagignore_unmatched);
}

static void test_filter_tagfocus_ranges(void **state)
{
	(void)state;
	CHECK(TAGS, "d 4 bytes#512\n", .tagfocus = "512b");
	assert_true(report.tagfocus_is_range);
	CHECK(TAGS, "d 4 bytes#512\ne 5 bytes#2048\n", .tagfocus = "bytes=512b:2kb"); /* both ends */
	CHECK(TAGS, "e 5 bytes#2048\n", .tagfocus = "bytes=1kb:");
	CHECK(TAGS, "e 5 bytes#2048\nf 6 lat#5:ms pid#7\n", .tagfocus = "1kb:"); /* a number in no known unit is taken in that of the range */
	CHECK(TAGS, "d 4 bytes#512\n", .tagfocus = ":1kb");
	CHECK(TAGS, "", .tagfocus = "512"); /* units must go together */
	CHECK(TAGS, "f 6 lat#5:ms pid#7\n", .tagfocus = "4000us:6ms");
	CHECK(TAGS, "f 6 lat#5:ms pid#7\n", .tagfocus = "pid=7");
	CHECK(TAGS, "f 6 lat#5:ms pid#7\n", .tagfocus = "+7");
	CHECK(TAGS, "", .tagfocus = "lat=7");
	CHECK(TAGS, "", .tagfocus = "1kb:2ms"); /* not a range but an expression */
	assert_false(report.tagfocus_is_range);
	check_fails(TAGS, OPTS(.tagfocus = "99999999999999999999"), PD_ERR_USAGE, "tagfocus: a number of the range");
	check_fails(TAGS, OPTS(.tagignore = "1:99999999999999999999kb"), PD_ERR_USAGE, "tagignore: a number of the range");
	CHECK(TAGS, "", .tagfocus = "x99999999999999999999x");
}

static void test_filter_label_units(void **state)
{
	struct pd_error err = { 0 };
	struct pd_doc *doc = doc_of("a 1 x#1 request#2 alignment#3 pid#4\nb 1 x#1:kb\nc 1 x#1:mb\n", NULL, NULL);
	struct pd_label_units *u = pd_label_units_new(doc, &err);
	static const char *const pairs[][2] = { { "x", "kb" }, { "request", "bytes" }, { "alignment", "bytes" }, { "pid", "pid" } };
	pd_str key, used, other;

	(void)state;
	for (size_t i = 0; i < PD_ARRAY_LEN(pairs); i++) {
		assert_true(pd_doc_find_string(doc, pairs[i][0], strlen(pairs[i][0]), &key));
		assert_string_equal(pd_label_unit(u, key), pairs[i][1]);
	}
	assert_true(pd_label_units_conflict(u, 0, &key, &used, &other));
	assert_string_equal(pd_doc_string(doc, used).p, "kb");
	assert_string_equal(pd_doc_string(doc, other).p, "mb");
	assert_false(pd_label_units_conflict(u, 1, &key, &used, &other));
	pd_label_units_free(u);
	pd_doc_unref(doc);
}

static void test_filter_tagshow_taghide(void **state)
{
	(void)state;
	CHECK("a 1 client=3 tier=gold\nb 2 bytes#5\n", "a 1 client=3\nb 2\n", .tagshow = "^cl");
	CHECK("a 1 client=3 tier=gold\nb 2 bytes#5\n", "a 1 tier=gold\nb 2\n", .taghide = "client|by");
	CHECK("a 1 client=3 tier=gold\n", "a 1\n", .tagshow = "client", .taghide = "client");
	CHECK("a 1 k=v\n", "a 1\n", .tagshow = "zzz");
	assert_true(report.tagshow_unmatched);
	CHECK("a 1 k=v\n", "a 1 k=v\n", .taghide = "zzz");
	assert_true(report.taghide_unmatched);
}

static void test_filter_tagroot_tagleaf(void **state)
{
	(void)state;
	CHECK("a;b 1 client=3 tier=gold\nc 2\n", "3@client;gold@tier;a;b 1 client=3 tier=gold\n@client;@tier;c 2\n", .tagroot = "client,tier");
	CHECK("a;b 1 client=3 tier=gold\n", "a;b;3@client;gold@tier 1 client=3 tier=gold\n", .tagleaf = "client,,tier,");
	CHECK("a 1 bytes#2048 k=x k=y\n", "2048@bytes;a;x,y@k 1 bytes#2048 k=x k=y\n", .tagroot = "bytes", .tagleaf = "k");
	CHECK("a 1 lat#2048:bytes\n", "2kB@lat;a 1 lat#2048:bytes\n", .tagroot = "lat");
	CHECK("a 1 lat#2048:bytes\n", "2048B@lat;a 1 lat#2048:bytes\n", .tagroot = "lat", .output_unit = "b");
	CHECK("a 1\n", "@nope;a 1\n", .tagroot = "nope");
	assert_true(report.tagroot_unmatched);
	CHECK(" 1 k=v\n", "v@k 1 k=v\n", .tagleaf = "k");
	/* filters see these frames */
	CHECK("a 1 k=v\na 2 k=w\n", "w@k;a 2 k=w\n", .tagroot = "k", .focus = "^w$");
	CHECK("a 1 k=v\n", "a 1 k=v\n", .tagroot = "k", .hide = "^k$");
}

static void test_filter_tagroot_replaces_root_label(void **state)
{
	struct pd_error err = { 0 };
	struct pd_doc *doc = doc_of("a 1\n", NULL, NULL), *out = pd_filter(doc, OPTS(.tagroot = ""), NULL, &err);

	(void)state;
	assert_int_not_equal(pd_doc_meta(doc)->root_label.v, 0);
	assert_int_equal(pd_doc_meta(out)->root_label.v, 0);
	pd_doc_unref(out);
	out = pd_filter(doc, OPTS(.focus = "a"), NULL, &err);
	assert_int_not_equal(pd_doc_meta(out)->root_label.v, 0);
	pd_doc_unref(out);
	pd_doc_unref(doc);
}

#define TIMED "a 1 @1000000000\nb 2 @1500000000\nc 3 @2000000000\nd 4 @3000000000\n"

static void test_filter_time_range(void **state)
{
	(void)state;
	CHECK(TIMED, "b 2 @1500000000\n", .has_time_range = true, .time_lo = 500000000, .time_hi = 1000000000);
	CHECK(TIMED, "a 1 @1000000000\nb 2 @1500000000\n", .has_time_range = true, .time_lo = INT64_MIN, .time_hi = 1000000000);
	CHECK(TIMED, "d 4 @3000000000\n", .has_time_range = true, .time_lo = 2000000000, .time_hi = INT64_MAX);
	check_fails("a 1\n", OPTS(.has_time_range = true, .time_hi = 1000000000), PD_ERR_UNSUPPORTED, "no sample has a timestamp");
}

static void test_filter_bad_patterns(void **state)
{
	static const struct pd_filter_opts bad[] = { { .focus = "(" }, { .ignore = "(" }, { .hide = "(" }, { .show = "(" }, { .show_from = "(" },
						     { .prune_from = "(" }, { .tagfocus = "(" }, { .tagignore = "k=(" }, { .tagshow = "(" },
						     { .taghide = "(" } };
	static const char *const names[] = { "focus", "ignore", "hide", "show", "show_from", "prune_from", "tagfocus", "tagignore", "tagshow", "taghide" };

	(void)state;
	for (size_t i = 0; i < PD_ARRAY_LEN(bad); i++) {
		char want[64];

		snprintf(want, sizeof want, "regular expression of %s: missing closing parenthesis", names[i]);
		check_fails("a 1\n", &bad[i], PD_ERR_USAGE, want);
	}
}

static void test_filter_hostile_pattern_ends(void **state)
{
	char text[4000];

	(void)state;
	memset(text, 'a', 3000);
	snprintf(text + 3000, sizeof text - 3000, "b 1\n");
	check_fails(text, OPTS(.focus = "(a+)+$"), PD_ERR_LIMIT, "regular expression of focus: too many steps on 'aaaa");
}

static void test_filter_input_unchanged(void **state)
{
	struct pd_error err = { 0 };
	struct pd_doc *doc = doc_of("in|out;foo;x 1 k=v\n", NULL, NULL), *out;
	char *text;

	(void)state;
	out = pd_filter(doc, OPTS(.hide = "out|foo", .tagroot = "k", .taghide = "k", .prune_from = "in"), NULL, &err);
	assert_non_null(out);
	pd_doc_unref(out);
	text = text_of(doc);
	assert_string_equal(text, "in|out;foo;x 1 k=v\n");
	free(text);
	pd_doc_unref(doc);
}

/* ---- deep stacks against the plain definition, sample by sample ---- */

enum { DEEP = 300, KINDS = 9 };

/* Frames are digits; 1 is hidden, 2 starts, 3 prunes, 4 is dropped. Returns the length, -1 for a sample that goes. */
static int plain_way(char *s, int n, int what)
{
	int out = 0, i, user = 0;

	switch (what) {
	case 1: /* hide */
		for (i = 0; i < n; i++)
			if (s[i] != '1')
				s[out++] = s[i];
		return out ? out : -1;
	case 2: /* show_from */
		for (i = 0; i < n && s[i] != '2'; i++)
			;
		memmove(s, s + i, (size_t)(n - i));
		return n - i ? n - i : -1;
	case 3: /* prune_from */
		for (i = n; i > 0 && s[i - 1] != '3'; i--)
			;
		return i ? i : n;
	default: /* drop_frames */
		for (i = 0; i < n; i++) {
			if (s[i] != '4')
				user = 1;
			else if (user)
				return i;
		}
		return n;
	}
}

static uint64_t next(uint64_t *r)
{
	*r = *r * 6364136223846793005u + 1442695040888963407u;
	return *r >> 33;
}

static void put_deep(FILE *f, const char *s, int n, unsigned value)
{
	for (int i = 0; i < n; i++)
		fprintf(f, "%s%c", i ? ";" : "", s[i]);
	fprintf(f, " %u\n", value);
}

static void deep_round(uint64_t seed, int what)
{
	static const struct pd_filter_opts opts[] = { { 0 }, { .hide = "1" }, { .show_from = "2" }, { .prune_from = "3" }, { .drop_frames = true } };
	char stack[DEEP], *in = NULL, *want = NULL;
	size_t in_n, want_n;
	FILE *fi = open_memstream(&in, &in_n), *fw = open_memstream(&want, &want_n);
	int n = 0;

	for (unsigned i = 1; i <= 60; i++) {
		char copy[DEEP];
		int keep = n ? (int)(next(&seed) % (uint64_t)n) : 0, left;

		n = keep + (int)(next(&seed) % (uint64_t)(DEEP - keep));
		n = n ? n : 1;
		/* special frames are rare, so that they fall everywhere in runs */
		for (int k = keep; k < n; k++)
			stack[k] = (char)(next(&seed) % 20 ? '5' + (int)(next(&seed) % 4) : '1' + (int)(next(&seed) % 4));
		put_deep(fi, stack, n, i);
		memcpy(copy, stack, (size_t)n);
		left = plain_way(copy, n, what);
		if (left >= 0)
			put_deep(fw, copy, left, i);
	}
	fclose(fi);
	fclose(fw);
	check_doc(doc_of(in, "4", NULL), &opts[what], want);
	free(in);
	free(want);
}

static void test_filter_deep_stacks(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 25; seed++)
		for (int what = 1; what <= 4; what++)
			deep_round(seed, what);
}

static void test_filter_deep_tag_frames(void **state)
{
	char *in = NULL, *want = NULL;
	size_t in_n, want_n;
	FILE *fi = open_memstream(&in, &in_n), *fw = open_memstream(&want, &want_n);

	(void)state;
	for (unsigned depth = 1; depth <= 70; depth++) {
		fprintf(fw, "%u@k;@j", depth % 3);
		for (unsigned i = 0; i < depth; i++) {
			fprintf(fi, "%sf%u", i ? ";" : "", i % 5);
			fprintf(fw, ";f%u", i % 5);
		}
		fprintf(fi, " %u k=%u\n", depth, depth % 3);
		fprintf(fw, ";%u@k %u k=%u\n", depth % 3, depth, depth % 3);
	}
	fclose(fi);
	fclose(fw);
	check_doc(doc_of(in, NULL, NULL), OPTS(.tagroot = "k,j", .tagleaf = "k"), want);
	free(in);
	free(want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_filter_nothing_asked),
		cmocka_unit_test(test_filter_focus),
		cmocka_unit_test(test_filter_ignore_wins),
		cmocka_unit_test(test_filter_empty_stacks),
		cmocka_unit_test(test_filter_hide),
		cmocka_unit_test(test_filter_show),
		cmocka_unit_test(test_filter_show_unsymbolized),
		cmocka_unit_test(test_filter_show_from),
		cmocka_unit_test(test_filter_prune_from),
		cmocka_unit_test(test_filter_drop_frames),
		cmocka_unit_test(test_filter_no_inlines),
		cmocka_unit_test(test_filter_tagfocus_text),
		cmocka_unit_test(test_filter_tagignore),
		cmocka_unit_test(test_filter_tagfocus_ranges),
		cmocka_unit_test(test_filter_label_units),
		cmocka_unit_test(test_filter_tagshow_taghide),
		cmocka_unit_test(test_filter_tagroot_tagleaf),
		cmocka_unit_test(test_filter_tagroot_replaces_root_label),
		cmocka_unit_test(test_filter_time_range),
		cmocka_unit_test(test_filter_bad_patterns),
		cmocka_unit_test(test_filter_hostile_pattern_ends),
		cmocka_unit_test(test_filter_input_unchanged),
		cmocka_unit_test(test_filter_deep_stacks),
		cmocka_unit_test(test_filter_deep_tag_frames),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
