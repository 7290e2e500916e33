/* Real recordings: numbers of samples and sums per sample type, where the corpus is there (PD_CORPUS or ../shared/corpus). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include <profdata/profdata.h>

static char root[512];

static const struct known {
	const char *file, *type;
	int64_t sum;
} known[] = {
	{ "cpu-fp.txt", "samples", 1560 },
	{ "cpu-fp.txt", "cpu-clock", 3126252480 },
	{ "cpu-fp.G.txt", "cpu-clock", 3126252480 },
	{ "cpu-fp.header-ns.txt.gz", "cpu-clock", 3126252480 },
	{ "cpu-fp.srcline.txt.gz", "cpu-clock", 3126252480 },
	{ "cpu-fp.F-no-symoff.txt.gz", "cpu-clock", 3126252480 },
	{ "cpu-fp.F-ip-sym.txt.gz", "samples", 1560 },
	{ "cpu-fp.F-comm-tid-ip-sym.txt.gz", "samples", 1560 },
	{ "cpu-fp.F-time-reltime.txt", "samples", 1560 },
	{ "zstd.txt.gz", "samples", 1455 },
	{ "clockid.tod.txt", "samples", 360 },
	{ "nocallchain.txt", "samples", 352 },
	{ "perthread.txt", "samples", 224 },
	{ "oddnames.txt", "cpu-clock", 944723500 },
	{ "on-off.txt.gz", "samples.cs/period=1/", 2033 },
	{ "on-off.txt.gz", "samples.cpu-clock", 315 },
	{ "on-off.misc.txt.gz", "cs/period=1/", 2033 },
	{ "switch-events.all-records.txt.gz", "samples", 672 },
	{ "sched-switch.txt.gz", "sched:sched_switch", 1211 },
	{ "pipe-tracepoint.txt", "sched:sched_switch", 539 },
	{ "lost.show-lost.txt.gz", "samples", 6059 },
	{ "user-regs.F-regs.txt", "samples", 61 },
	{ "user-regs.txt", "samples", 61 },
	{ "addr.F-addr.txt", "page-faults", 75 },
};

static struct pd_doc *load(const char *file, unsigned flags)
{
	struct pd_load_opts opts = { .size = sizeof opts, .build_flags = flags };
	struct pd_error err = { 0 };
	struct pd_source *src;
	struct pd_doc *doc;
	char path[1024];

	snprintf(path, sizeof path, "%s/perf/text/%s", root, file);
	src = pd_source_path(path, NULL, &err);
	doc = src ? pd_load(src, &opts, &err) : NULL;
	if (!doc)
		fail_msg("%s: %s", path, err.text);
	pd_source_free(src);
	return doc;
}

static void test_perf_script_corpus_sums(void **state)
{
	(void)state;
	if (!root[0])
		skip();
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		for (unsigned flags = 0; flags <= PD_BUILD_AGGREGATE; flags += PD_BUILD_AGGREGATE) {
			struct pd_doc *doc = load(known[i].file, flags);
			int type = pd_doc_find_sample_type(doc, known[i].type);
			int64_t sum = 0, abs_sum = 0;
			struct pd_error err = { 0 };

			if (type < 0 || !pd_doc_total(doc, (unsigned)type, &sum, &abs_sum) || sum != known[i].sum)
				fail_msg("%s: %s is %lld, expected %lld", known[i].file, known[i].type, (long long)sum, (long long)known[i].sum);
			assert_true(pd_doc_check(doc, &err));
			pd_doc_unref(doc);
		}
	}
}

static bool has_comm(const struct pd_doc *doc, const char *comm)
{
	for (uint32_t i = 1; i <= pd_doc_threads(doc); i++) {
		struct pd_thread_desc t;
		struct pd_span s;

		pd_doc_thread(doc, (pd_thread){ i }, &t);
		s = pd_doc_string(doc, t.comm);
		if (s.n == strlen(comm) && memcmp(s.p, comm, s.n) == 0)
			return true;
	}
	return false;
}

static void test_perf_script_corpus_odd_names(void **state)
{
	static const char *const names[] = { " leading", "trailing ", "two  spaces", "12345/678", "[001]", "9", "12 34.5: cpu-cl", "colon: 1.5:",
					     "a;b;c", "PERF_RECORD_X", "tab\tname", "new\nline", "" };
	struct pd_doc *doc;

	(void)state;
	if (!root[0])
		skip();
	doc = load("oddnames.txt", 0);
	assert_int_equal(pd_doc_threads(doc), 16);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (!has_comm(doc, names[i]))
			fail_msg("no thread named '%s'", names[i]);
	pd_doc_unref(doc);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_perf_script_corpus_sums),
		cmocka_unit_test(test_perf_script_corpus_odd_names),
	};
	const char *dir = getenv("PD_CORPUS");

	(void)argc;
	(void)argv;
	snprintf(root, sizeof root, "%s", dir ? dir : "../../../shared/corpus");
	if (access(root, R_OK) != 0) {
		printf("no corpus at %s: set PD_CORPUS\n", root);
		root[0] = '\0';
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
