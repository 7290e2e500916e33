/* Outputs: all or nothing under the final name, words for what went wrong, the same bytes every time. */
#include "cm.h"

#include "base/compiler.h"
#include "feed.h"
#include "io/out.h"
#include <profdata/out_limit.h>

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char dir[64];

static int enter(void **state)
{
	(void)state;
	snprintf(dir, sizeof dir, "/tmp/test_out.XXXXXX");
	return mkdtemp(dir) && chdir(dir) == 0 ? 0 : -1;
}

static size_t files_here(bool remove)
{
	DIR *d = opendir(".");
	struct dirent *e;
	size_t n = 0;

	while ((e = readdir(d)))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0) {
			n++;
			if (remove)
				unlink(e->d_name);
		}
	closedir(d);
	return n;
}

static int leave(void **state)
{
	(void)state;
	files_here(true);
	return chdir("/") == 0 && rmdir(dir) == 0 ? 0 : -1;
}

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);

	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void holds(const char *path, const char *text)
{
	char buf[200] = "";
	int fd = open(path, O_RDONLY);

	assert_true(fd >= 0);
	assert_true(read(fd, buf, sizeof buf - 1) >= 0);
	close(fd);
	assert_string_equal(buf, text);
}

static void test_out_appears_on_commit(void **state)
{
	struct pd_error err = { 0 };
	struct pd_out *o = pd_out_path("a.txt", 0, 0, &err);

	(void)state;
	assert_non_null(o);
	pd_out_puts(o, "one ");
	pd_out_printf(o, "%d %s", 2, "three");
	assert_int_equal(access("a.txt", F_OK), -1);
	assert_int_equal(pd_out_commit(o, &err), PD_OK);
	holds("a.txt", "one 2 three");
	pd_out_free(o);
	assert_int_equal(files_here(false), 1);
}

static void test_out_without_commit_leaves_the_old_file(void **state)
{
	struct pd_out *o;

	(void)state;
	put("a.txt", "old");
	o = pd_out_path("a.txt", PD_OUT_GZIP, 0, NULL);
	pd_out_puts(o, "new");
	assert_int_equal(files_here(false), 2);
	holds("a.txt", "old");
	pd_out_free(o);
	assert_int_equal(files_here(false), 1);
	holds("a.txt", "old");
}

static void test_out_keeps_mode_and_obeys_umask(void **state)
{
	struct stat st;
	mode_t old = umask(027);
	struct pd_out *o = pd_out_path("new", 0, 0, NULL);

	(void)state;
	assert_int_equal(pd_out_commit(o, NULL), PD_OK);
	pd_out_free(o);
	assert_int_equal(stat("new", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	chmod("new", 0604);
	o = pd_out_path("new", 0, 0, NULL);
	assert_int_equal(pd_out_commit(o, NULL), PD_OK);
	pd_out_free(o);
	assert_int_equal(stat("new", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0604);
	umask(old);
}

static void test_out_through_a_symbolic_link(void **state)
{
	struct stat st;
	struct pd_out *o;

	(void)state;
	put("real", "old");
	assert_int_equal(symlink("real", "link"), 0);
	o = pd_out_path("link", 0, 0, NULL);
	pd_out_puts(o, "new");
	assert_int_equal(pd_out_commit(o, NULL), PD_OK);
	pd_out_free(o);
	assert_int_equal(lstat("link", &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	holds("real", "new");
}

static void test_out_full_disk(void **state)
{
	struct pd_error err = { 0 };
	struct pd_out *o = pd_out_path("/dev/full", 0, 0, &err);

	(void)state;
	for (int i = 0; i < 100000; i++)
		pd_out_puts(o, "0123456789");
	assert_true(pd_out_failed(o));
	assert_int_equal(pd_out_commit(o, &err), PD_ERR_IO);
	assert_string_equal(err.text, "write error: No space left on device");
	assert_string_equal(err.path, "/dev/full");
	pd_out_free(o);
	err = (struct pd_error){ 0 };
	o = pd_out_path("/dev/full", PD_OUT_GZIP, 0, &err); /* everything is buffered until the end */
	pd_out_puts(o, "x");
	assert_int_equal(pd_out_commit(o, &err), PD_ERR_IO);
	assert_string_equal(err.text, "write error: No space left on device");
	pd_out_free(o);
}

static void test_out_file_size_limit(void **state)
{
	struct rlimit old, small = { 100000, RLIM_INFINITY };
	struct pd_error err = { 0 };
	struct pd_out *o;

	(void)state;
	put("a", "old");
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	small.rlim_max = old.rlim_max;
	setrlimit(RLIMIT_FSIZE, &small);
	o = pd_out_path("a", 0, 0, &err);
	for (int i = 0; i < 100000; i++)
		pd_out_puts(o, "0123456789");
	assert_int_equal(pd_out_commit(o, &err), PD_ERR_IO);
	assert_string_equal(err.text, "write error: File too large");
	pd_out_free(o);
	setrlimit(RLIMIT_FSIZE, &old);
	holds("a", "old");
	assert_int_equal(files_here(false), 1);
}

static void test_out_closed_pipe(void **state)
{
	struct pd_error err = { 0 };
	struct pd_out *o;
	int p[2], saved = dup(STDOUT_FILENO);

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe(p), 0);
	fflush(stdout);
	dup2(p[1], STDOUT_FILENO);
	close(p[0]);
	close(p[1]);
	o = pd_out_path("-", 0, 0, NULL);
	pd_out_puts(o, "x");
	pd_out_commit(o, &err);
	pd_out_free(o);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	assert_int_equal(err.status, PD_ERR_IO);
	assert_string_equal(err.text, "write error: Broken pipe");
	assert_string_equal(err.path, "<stdout>");
}

static void test_out_refusals(void **state)
{
	struct pd_error err = { 0 };

	(void)state;
	assert_null(pd_out_path("nodir/x", 0, 0, &err));
	assert_string_equal(err.text, "cannot create: No such file or directory");
	err = (struct pd_error){ 0 };
	assert_null(pd_out_path("/tmp", 0, 0, &err));
	assert_string_equal(err.text, "cannot create: Is a directory");
	err = (struct pd_error){ 0 };
	assert_null(pd_out_path("x", PD_OUT_ZSTD, 99, &err));
	assert_int_equal(err.status, PD_ERR_USAGE);
	assert_int_equal(files_here(false), 0);
}

static void test_out_long_names(void **state)
{
	char name[256];
	struct pd_out *o;

	(void)state;
	memset(name, 'n', 255);
	name[255] = '\0';
	o = pd_out_path(name, 0, 0, NULL);
	assert_non_null(o);
	assert_int_equal(pd_out_commit(o, NULL), PD_OK);
	pd_out_free(o);
	assert_int_equal(access(name, F_OK), 0);
}

static void test_out_fifo_is_written_directly(void **state)
{
	struct pd_out *o;
	struct stat st;
	pid_t child;
	int status;

	(void)state;
	assert_int_equal(mkfifo("fifo", 0600), 0);
	child = fork();
	if (child == 0) {
		char buf[10] = "";
		int fd = open("fifo", O_RDONLY);

		_exit(read(fd, buf, sizeof buf - 1) == 2 && strcmp(buf, "hi") == 0 ? 0 : 1);
	}
	o = pd_out_path("fifo", 0, 0, NULL);
	pd_out_puts(o, "hi");
	assert_int_equal(pd_out_commit(o, NULL), PD_OK);
	pd_out_free(o);
	waitpid(child, &status, 0);
	assert_int_equal(status, 0);
	assert_int_equal(stat("fifo", &st), 0);
	assert_true(S_ISFIFO(st.st_mode));
}

static void on_signal(int sig)
{
	(void)sig;
	pd_out_abandon_all();
	_exit(7);
}

static void test_out_signal_leaves_nothing(void **state)
{
	int status;
	pid_t child;

	(void)state;
	put("a", "old");
	child = fork();
	if (child == 0) {
		struct pd_out *a = pd_out_path("a", 0, 0, NULL), *b = pd_out_path("b", 0, 0, NULL);

		pd_out_puts(a, "x");
		pd_out_puts(b, "x");
		signal(SIGTERM, on_signal);
		raise(SIGTERM);
	}
	waitpid(child, &status, 0);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 7);
	assert_int_equal(files_here(false), 1);
	holds("a", "old");
}

/* ---- compression ---- */

static void round_trip(unsigned flags, int level, size_t n)
{
	char *data = malloc(n + 1);
	struct pd_out *o[2];
	struct pd_span made[2], back;
	struct pd_source *s;
	uint32_t r = 1;

	for (size_t i = 0; i < n; i++) {
		r = r * 1664525u + 1013904223u;
		data[i] = (char)('a' + (n > 10u << 20 && i % 40 ? 1 : r >> 29)); /* big ones are easy to compress, but no bombs */
	}
	for (int k = 0; k < 2; k++) { /* in different pieces: the same bytes */
		o[k] = pd_out_memory(flags, level, NULL);
		for (size_t at = 0, piece = k ? 70001 : 997; at < n; at += piece)
			pd_out_write(o[k], data + at, piece < n - at ? piece : n - at);
		assert_int_equal(pd_out_commit(o[k], NULL), PD_OK);
		made[k] = pd_out_memory_span(o[k]);
	}
	assert_int_equal(made[0].n, made[1].n);
	assert_memory_equal(made[0].p, made[1].p, made[0].n);
	s = pd_source_memory("m", made[0].p, made[0].n, NULL, NULL);
	assert_int_equal(pd_source_all(s, &back), PD_OK);
	assert_int_equal(back.n, n);
	assert_memory_equal(back.p, data, n);
	assert_string_equal(pd_source_compression(s), flags & PD_OUT_GZIP ? "gzip" : flags ? "zstd" : "none");
	pd_source_free(s);
	pd_out_free(o[0]);
	pd_out_free(o[1]);
	free(data);
}

static void test_out_compression_round_trips(void **state)
{
	(void)state;
	for (unsigned flags = 0; flags < 3; flags++) {
		round_trip(flags, 0, 0);
		round_trip(flags, 1, 1);
		round_trip(flags, 0, 65536);
		round_trip(flags, 9, 1000003);
	}
	round_trip(PD_OUT_GZIP, 12, 100000);
	round_trip(PD_OUT_GZIP, 1, ((size_t)256 << 20) + 1); /* streamed */
}

static void test_out_gzip_header_says_nothing(void **state)
{
	struct pd_out *o = pd_out_memory(PD_OUT_GZIP, 0, NULL);
	struct pd_span made;

	(void)state;
	pd_out_puts(o, "x");
	pd_out_commit(o, NULL);
	made = pd_out_memory_span(o);
	assert_memory_equal(made.p, "\x1f\x8b\x08\x00\x00\x00\x00\x00", 8); /* no flags, no time */
	pd_out_free(o);
}

static void test_out_descriptors_by_name(void **state)
{
	struct pd_out *o;
	char path[32];
	int fd = open("log", O_WRONLY | O_CREAT | O_APPEND, 0666);

	(void)state;
	assert_int_equal(write(fd, "before ", 7), 7);
	snprintf(path, sizeof path, "/dev/fd/%d", fd);
	o = pd_out_path(path, 0, 0, NULL);
	pd_out_puts(o, "after");
	assert_int_equal(pd_out_commit(o, NULL), PD_OK);
	pd_out_free(o);
	close(fd);
	holds("log", "before after"); /* neither truncated nor replaced */
}

static void test_out_numbers(void **state)
{
	struct pd_out *o = pd_out_memory(0, 0, NULL);
	char want[100];

	(void)state;
	pd_out_u64(o, 0);
	out_byte(o, ' ');
	pd_out_u64(o, UINT64_MAX);
	out_byte(o, ' ');
	pd_out_i64(o, INT64_MIN);
	out_byte(o, ' ');
	pd_out_i64(o, 1000);
	pd_out_commit(o, NULL);
	snprintf(want, sizeof want, "0 %llu %lld 1000", (unsigned long long)UINT64_MAX, (long long)INT64_MIN);
	assert_int_equal(pd_out_memory_span(o).n, strlen(want));
	assert_memory_equal(pd_out_memory_span(o).p, want, strlen(want));
	pd_out_free(o);
}

/* One byte more than allowed, in small pieces and in one large piece; what compression saves does not count. */
static void test_out_limit(void **state)
{
	static char block[200000];

	(void)state;
	for (unsigned i = 0; i < 8; i++) {
		bool beyond = i & 1, pieces = i & 2;
		struct pd_error err = { 0 };
		struct pd_out *out = i & 4 ? pd_out_path("limited", PD_OUT_GZIP, 0, &err) : pd_out_path("limited", 0, 0, &err);

		pd_out_limit(out, sizeof block - beyond);
		for (size_t at = 0; pieces && at < sizeof block; at += 100)
			pd_out_write(out, block + at, 100);
		if (!pieces)
			pd_out_write(out, block, sizeof block);
		assert_int_equal(pd_out_commit(out, &err), beyond ? PD_ERR_LIMIT : PD_OK);
		pd_out_free(out);
		assert_int_equal(files_here(true), beyond ? 0 : 1);
	}
}

static void test_out_long_printf(void **state)
{
	char *text = malloc(100001);
	struct pd_out *o = pd_out_memory(0, 0, NULL);

	(void)state;
	memset(text, 'x', 100000);
	text[100000] = '\0';
	pd_out_printf(o, "[%s]", text);
	pd_out_commit(o, NULL);
	assert_int_equal(pd_out_memory_span(o).n, 100002);
	pd_out_free(o);
	free(text);
}

#define T(f) cmocka_unit_test_setup_teardown(f, enter, leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_out_appears_on_commit),
		T(test_out_without_commit_leaves_the_old_file),
		T(test_out_keeps_mode_and_obeys_umask),
		T(test_out_through_a_symbolic_link),
		T(test_out_full_disk),
		T(test_out_file_size_limit),
		T(test_out_closed_pipe),
		T(test_out_refusals),
		T(test_out_long_names),
		T(test_out_fifo_is_written_directly),
		T(test_out_signal_leaves_nothing),
		T(test_out_compression_round_trips),
		T(test_out_gzip_header_says_nothing),
		T(test_out_descriptors_by_name),
		T(test_out_numbers),
		T(test_out_limit), T(test_out_long_printf),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
