/* Out of memory at every allocation of input and output: a status, no crash, nothing left behind. */
#include "cm.h"

#include "fail_alloc.h"
#include "feed.h"
#include "io/source.h"

#include <fcntl.h>
#include <unistd.h>

struct job {
	const char *data;
	size_t n;
	const char *text;
	size_t text_n;
	bool all;
	char path[64];
};

static void check_failure(const struct pd_error *err)
{
	if (err->status != PD_ERR_NOMEM)
		fail_msg("status %s: %s", pd_status_name(err->status), err->text);
}

static bool read_it(struct pd_source *s, const struct job *j)
{
	struct pd_span span;
	size_t n = 0;

	if (j->all) {
		if (pd_source_all(s, &span) != PD_OK)
			return false;
		return span.n == j->text_n && memcmp(span.p, j->text, span.n) == 0;
	}
	while (pd_source_line(s, &span))
		n += span.n + 1;
	return pd_source_status(s) == PD_OK && n == j->text_n;
}

static void read_memory(void *arg)
{
	struct job *j = arg;
	struct pd_error err = { 0 };
	struct pd_source *s = pd_source_memory("m", j->data, j->n, NULL, &err);
	bool ok = s && read_it(s, j);

	if (!s)
		check_failure(&err);
	else if (!ok)
		check_failure(pd_source_error(s));
	assert_true(ok || fail_hit); /* a failure may be survived: the fast way is not the only one */
	pd_source_free(s);
}

static void read_callback(void *arg)
{
	struct job *j = arg;
	struct pd_error err = { 0 };
	struct feed f = { .p = j->data, .n = j->n, .piece = 70000 };
	struct pd_source *s = feed_open(&f, NULL, &err);
	bool ok = s && read_it(s, j);

	if (!s)
		check_failure(&err);
	else if (!ok)
		check_failure(pd_source_error(s));
	assert_true(ok || fail_hit);
	pd_source_free(s);
	assert_int_equal(f.closed, 1);
}

static char *text_of(size_t n)
{
	char *p = malloc(n);

	for (size_t i = 0; i < n; i++)
		p[i] = i % 61 == 60 ? '\n' : (char)('a' + i % 23);
	p[n - 1] = '\n';
	return p;
}

static void test_io_alloc_reading(void **state)
{
	size_t n = 900000, z_n;
	char *text = text_of(n), *z;
	struct job j = { text, n, text, n, false, "" };

	(void)state;
	for (int kind = 0; kind < 3; kind++) {
		z = kind == 1 ? gzip_member(text, n, &z_n) : kind == 2 ? zstd_frame(text, n, &z_n) : NULL;
		j.data = z ? z : text;
		j.n = z ? z_n : n;
		for (j.all = false; ; j.all = true) {
			unsigned m = fail_each(read_memory, &j), c = fail_each(read_callback, &j);

			assert_true(!FAIL_ALLOC_WORKS || (m >= 2 && c >= 3));
			if (j.all)
				break;
		}
		free(z);
	}
	free(text);
}

static void write_file(void *arg)
{
	struct job *j = arg;
	unsigned flags[] = { 0, PD_OUT_GZIP, PD_OUT_ZSTD };

	for (size_t i = 0; i < 3; i++) {
		struct pd_error err = { 0 };
		struct pd_out *o = pd_out_path(j->path, flags[i], 0, &err);

		if (o) {
			pd_out_write(o, j->text, j->text_n);
			pd_out_printf(o, "%600d", 5);
			pd_out_commit(o, &err);
		}
		if (err.status != PD_OK)
			check_failure(&err);
		pd_out_free(o);
		assert_true(err.status == PD_OK || fail_hit);
	}
}

static void test_io_alloc_writing(void **state)
{
	struct job j = { .text_n = 300000 };
	char dir[] = "/tmp/test_io_alloc.XXXXXX";
	char *text = text_of(j.text_n);

	(void)state;
	j.text = text;
	assert_non_null(mkdtemp(dir));
	snprintf(j.path, sizeof j.path, "%s/out", dir);
	assert_true(!FAIL_ALLOC_WORKS || fail_each(write_file, &j) >= 6);
	unlink(j.path);
	assert_int_equal(rmdir(dir), 0); /* empty: no temporary file is left */
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_io_alloc_reading),
		cmocka_unit_test(test_io_alloc_writing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
