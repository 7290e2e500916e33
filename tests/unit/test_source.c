/* Sources: the same bytes and lines however they arrive, and clear words when they do not. */
#include "cm.h"

#include "feed.h"
#include "io/source.h"

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

/* Text of `lines` lines of different lengths, some with CR LF, some longer than a block. */
static char *make_text(size_t lines, size_t *n)
{
	size_t cap = 1 << 20, at = 0;
	char *p = malloc(cap);
	uint32_t r = 1;

	for (size_t i = 0; i < lines; i++) {
		size_t len;

		r = r * 1664525u + 1013904223u;
		len = (r >> 8) % 97;
		if (i % 1000 == 500)
			len = 300000;
		while (at + len + 40 > cap)
			p = realloc(p, cap *= 2);
		at += (size_t)snprintf(p + at, 40, "%zu:", i);
		memset(p + at, 'a' + (int)(i % 26), len);
		at += len;
		if (i % 7 == 3)
			p[at++] = '\r';
		p[at++] = '\n';
	}
	*n = at;
	return p;
}

/* Reads all lines and compares with a plain split of the text. */
static void check_lines(struct pd_source *s, const char *text, size_t n)
{
	const char *p = text, *end = text + n;
	struct pd_span line;
	uint64_t count = 0;

	while (pd_source_line(s, &line)) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		size_t len = (size_t)((nl ? nl : end) - p);

		if (len && p[len - 1] == '\r')
			len--;
		assert_int_equal(line.n, len);
		assert_memory_equal(line.p, p, len);
		p = nl ? nl + 1 : end;
		assert_int_equal(pd_source_line_number(s), ++count);
		assert_int_equal(pd_source_offset(s), (size_t)(p - text));
	}
	assert_int_equal(pd_source_status(s), PD_OK);
	assert_ptr_equal(p, end);
}

static void check_all(struct pd_source *s, const char *text, size_t n)
{
	struct pd_span all;

	assert_int_equal(pd_source_all(s, &all), PD_OK);
	assert_int_equal(all.n, n);
	assert_memory_equal(all.p, text, n);
}

static char *to_file(const void *data, size_t n)
{
	static char path[64];
	int fd;

	snprintf(path, sizeof path, "/tmp/test_source.XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, n), n);
	close(fd);
	return path;
}

/* `data` (perhaps compressed) must read as `text` through every kind of source. */
static void every_way(const void *data, size_t data_n, const char *text, size_t n, const char *compression)
{
	static const size_t pieces[] = { 1, 7, 4096, 65536, 0 };
	char *path = to_file(data, data_n);
	struct pd_error err = { 0 };
	struct pd_source *s;

	for (int all = 0; all < 2; all++) {
		s = pd_source_path(path, NULL, &err);
		all ? check_all(s, text, n) : check_lines(s, text, n);
		assert_string_equal(pd_source_compression(s), compression);
		pd_source_free(s);
		s = pd_source_memory("m", data, data_n, NULL, &err);
		all ? check_all(s, text, n) : check_lines(s, text, n);
		assert_string_equal(pd_source_compression(s), compression);
		pd_source_free(s);
		for (size_t i = 0; i < PD_ARRAY_LEN(pieces); i++) {
			struct feed f = { .p = data, .n = data_n, .piece = pieces[i], .eintr = 3 };

			if (pieces[i] == 1 && data_n > 100000)
				continue;
			s = feed_open(&f, NULL, &err);
			all ? check_all(s, text, n) : check_lines(s, text, n);
			pd_source_free(s);
			assert_int_equal(f.closed, 1);
		}
	}
	unlink(path);
}

static void test_source_plain(void **state)
{
	size_t n;
	char *text = make_text(3000, &n);

	(void)state;
	every_way(text, n, text, n, "none");
	every_way(text, n - 1, text, n - 1, "none"); /* last line without its LF */
	every_way("", 0, "", 0, "none");
	every_way("\n\n\r\n", 4, "\n\n\r\n", 4, "none");
	every_way("x", 1, "x", 1, "none");
	free(text);
}

static void test_source_gzip_members_and_padding(void **state)
{
	size_t n, a_n, b_n;
	char *text = make_text(2500, &n), *a = gzip_member(text, n / 3, &a_n), *b = gzip_member(text + n / 3, n - n / 3, &b_n), *both;

	(void)state;
	both = calloc(1, a_n + b_n + 1000);
	memcpy(both, a, a_n);
	memcpy(both + a_n, b, b_n);
	every_way(both, a_n + b_n, text, n, "gzip");
	every_way(both, a_n + b_n + 1000, text, n, "gzip");
	every_way(a, a_n, text, n / 3, "gzip");
	free(a);
	a = gzip_member("", 0, &a_n);
	every_way(a, a_n, "", 0, "gzip");
	free(a);
	free(b);
	free(both);
	free(text);
}

static void test_source_zstd_frames(void **state)
{
	static const char skippable[] = "\x50\x2a\x4d\x18\x04\x00\x00\x00oops";
	size_t n, a_n, b_n;
	char *text = make_text(2500, &n), *a = zstd_frame(text, n / 3, &a_n), *b = zstd_frame(text + n / 3, n - n / 3, &b_n), *both;

	(void)state;
	both = malloc(12 + a_n + b_n);
	memcpy(both, skippable, 12);
	memcpy(both + 12, a, a_n);
	memcpy(both + 12 + a_n, b, b_n);
	every_way(both, 12 + a_n + b_n, text, n, "zstd");
	every_way(both + 12, a_n + b_n, text, n, "zstd");
	free(a);
	free(b);
	free(both);
	free(text);
}

/* ---- encodings ---- */

static void test_source_byte_order_marks(void **state)
{
	static const char want[] = "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80 \xef\xbf\xbd\nx\n";
	static const char le[] = "\xff\xfe" "c\0a\0f\0\xe9\0 \0\xac\x20 \0\x3d\xd8\x00\xde \0\x00\xdc\n\0x\0\n\0";
	static const char be[] = "\xfe\xff" "\0c\0a\0f\0\xe9\0 \x20\xac\0 \xd8\x3d\xde\x00\0 \xdc\x00\0\n\0x\0\n";
	size_t z_n;
	char *z = gzip_member(le, sizeof le - 1, &z_n);
	static const size_t pieces[] = { 1, 3, 0 };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		const char *data[] = { le, be, z };
		size_t size[] = { sizeof le - 1, sizeof be - 1, z_n };

		for (size_t k = 0; k < PD_ARRAY_LEN(pieces); k++) {
			struct feed f = { .p = data[i], .n = size[i], .piece = pieces[k] };
			struct pd_source *s = feed_open(&f, NULL, NULL);

			check_lines(s, want, sizeof want - 1);
			pd_source_free(s);
		}
		struct pd_source *s = pd_source_memory("m", data[i], size[i], NULL, NULL);
		check_all(s, want, sizeof want - 1);
		pd_source_free(s);
	}
	free(z);
}

/* Characters that do not fit into what is left of a buffer. */
static void test_source_utf16_at_every_edge(void **state)
{
	size_t units = 700000;
	char *data = malloc(2 * units + 8), *want = malloc(3 * units + 8);

	(void)state;
	for (size_t lead = 1; lead < 8; lead++) {
		struct pd_source *s;
		size_t n = 2, m = 0;

		memcpy(data, "\xff\xfe", 2);
		for (size_t i = 0; i < lead; i++) {
			data[n++] = 'a';
			data[n++] = 0;
			want[m++] = 'a';
		}
		for (size_t i = 0; i < units - lead; i++) {
			memcpy(data + n, "\xac\x20", 2);
			memcpy(want + m, "\xe2\x82\xac", 3);
			n += 2;
			m += 3;
		}
		s = pd_source_memory("m", data, n, NULL, NULL);
		check_all(s, want, m);
		pd_source_free(s);
		s = pd_source_memory("m", data, n, NULL, NULL);
		check_lines(s, want, m);
		pd_source_free(s);
	}
	free(data);
	free(want);
}

static void test_source_utf8_mark_is_dropped(void **state)
{
	struct pd_source *s = pd_source_memory("m", "\xef\xbb\xbf" "ab\nc", 7, NULL, NULL);
	struct pd_span line;
	size_t z_n;
	char *z;

	(void)state;
	assert_true(pd_source_line(s, &line));
	assert_int_equal(line.n, 2);
	assert_int_equal(pd_source_offset(s), 6);
	pd_source_free(s);
	z = gzip_member("\xef\xbb\xbf" "abc", 6, &z_n);
	s = pd_source_memory("m", z, z_n, NULL, NULL);
	check_all(s, "abc", 3);
	pd_source_free(s);
	/* binary data that happens to start with FF FE is left alone */
	s = pd_source_memory("m", "\xff\xfe\x01\x02\x03", 5, NULL, NULL);
	check_all(s, "\xff\xfe\x01\x02\x03", 5);
	pd_source_free(s);
	free(z);
}

/* ---- what is wrong ---- */

static void fails_with(struct pd_source *s, bool all, enum pd_status status, const char *text)
{
	struct pd_span span;

	if (all)
		assert_int_equal(pd_source_all(s, &span), status);
	else
		while (pd_source_line(s, &span))
			;
	assert_int_equal(pd_source_status(s), status);
	if (!strstr(pd_source_error(s)->text, text))
		fail_msg("'%s' is not in '%s'", text, pd_source_error(s)->text);
	assert_false(pd_source_line(s, &span));
	assert_int_equal(pd_source_all(s, &span), status);
	pd_source_free(s);
}

static void fails_every_way(const char *data, size_t n, const struct pd_limits *l, enum pd_status status, const char *text)
{
	for (int all = 0; all < 2; all++) {
		struct feed f = { .p = data, .n = n, .piece = 1000 };
		char *path = to_file(data, n);

		fails_with(pd_source_memory("m", data, n, l, NULL), all, status, text);
		fails_with(feed_open(&f, l, NULL), all, status, text);
		fails_with(pd_source_path(path, l, NULL), all, status, text);
		unlink(path);
	}
}

static void test_source_truncated_at_every_byte(void **state)
{
	size_t n, z_n;
	char *text = make_text(40, &n), *z = gzip_member(text, n, &z_n);

	(void)state;
	for (size_t cut = 3; cut < z_n; cut++)
		fails_with(pd_source_memory("m", z, cut, NULL, NULL), cut & 1, PD_ERR_DATA, "gzip data is cut off after");
	free(z);
	z = zstd_frame(text, n, &z_n);
	for (size_t cut = 5; cut < z_n; cut++)
		fails_with(pd_source_memory("m", z, cut, NULL, NULL), cut & 1, PD_ERR_DATA, "zstd data is cut off after");
	free(z);
	free(text);
}

static void test_source_lines_before_a_cut_are_given(void **state)
{
	size_t n, z_n;
	char *text = make_text(5000, &n), *z = gzip_member(text, n, &z_n);
	struct pd_source *s = pd_source_memory("m", z, z_n / 2, NULL, NULL);
	struct pd_span line;
	size_t count = 0;

	(void)state;
	while (pd_source_line(s, &line))
		count++;
	assert_true(count > 1000 && count < 4000);
	assert_int_equal(pd_source_status(s), PD_ERR_DATA);
	assert_true(pd_source_error(s)->has_offset);
	pd_source_free(s);
	free(z);
	free(text);
}

static void test_source_corrupt_and_garbage(void **state)
{
	size_t n, z_n;
	char *text = make_text(2000, &n), *z = gzip_member(text, n, &z_n), *more = malloc(z_n + 100);

	(void)state;
	memcpy(more, z, z_n);
	memcpy(more + z_n, "garbage", 7);
	fails_every_way(more, z_n + 7, NULL, PD_ERR_DATA, "garbage behind the gzip data");
	memset(more + z_n, 0, 50);
	memcpy(more + z_n + 50, "\x1f\x8b", 2);
	fails_every_way(more, z_n + 52, NULL, PD_ERR_DATA, "garbage behind the gzip data");
	more[z_n - 6] ^= 1; /* checksum */
	fails_every_way(more, z_n, NULL, PD_ERR_DATA, "gzip data is corrupt");
	free(z);
	z = zstd_frame(text, n, &z_n);
	more = realloc(more, z_n + 100);
	memcpy(more, z, z_n);
	memcpy(more + z_n, "garbage", 7);
	fails_every_way(more, z_n + 7, NULL, PD_ERR_DATA, "garbage behind the zstd data");
	free(more);
	free(z);
	free(text);
}

static void test_source_unsupported_compression_is_named(void **state)
{
	(void)state;
	fails_every_way("\xfd" "7zXZ\0\0\0", 8, NULL, PD_ERR_UNSUPPORTED, "xz compression");
	fails_every_way("BZh91AY&SY....", 14, NULL, PD_ERR_UNSUPPORTED, "bzip2 compression");
	fails_every_way("PK\x03\x04....", 8, NULL, PD_ERR_UNSUPPORTED, "zip compression");
}

static void test_source_limits(void **state)
{
	size_t n, z_n, zz_n;
	char *text = make_text(2000, &n), *z = gzip_member(text, n, &z_n), *zz = gzip_member(z, z_n, &zz_n);
	struct pd_limits at = { .max_input = n }, below = { .max_input = n - 1 }, two = { .max_layers = 2 };
	struct pd_source *s;

	(void)state;
	fails_every_way(z, z_n, &below, PD_ERR_LIMIT, "input expands beyond");
	fails_every_way(text, n, &below, PD_ERR_LIMIT, "input is larger than");
	fails_every_way(zz, zz_n, NULL, PD_ERR_LIMIT, "compressed data inside compressed data (limit: 1 layer)");
	for (int all = 0; all < 2; all++) {
		s = pd_source_memory("m", z, z_n, &at, NULL);
		all ? check_all(s, text, n) : check_lines(s, text, n);
		pd_source_free(s);
		s = pd_source_memory("m", text, n, &at, NULL);
		all ? check_all(s, text, n) : check_lines(s, text, n);
		pd_source_free(s);
		s = pd_source_memory("m", zz, zz_n, &two, NULL);
		all ? check_all(s, text, n) : check_lines(s, text, n);
		pd_source_free(s);
	}
	free(zz);
	free(z);
	free(text);
}

static char *zeros(size_t n, bool zstd, size_t *out_n)
{
	char *p = calloc(1, n), *z = zstd ? zstd_frame(p, n, out_n) : gzip_member(p, n, out_n);

	free(p);
	return z;
}

static void test_source_bombs_stop_early(void **state)
{
	(void)state;
	for (int zstd = 0; zstd < 2; zstd++) {
		size_t n;
		char *bomb = zeros((size_t)80 << 20, zstd, &n);

		fails_every_way(bomb, n, NULL, PD_ERR_LIMIT, "expands more than 200 times");
		/* the length at the end of gzip lies */
		if (!zstd) {
			memcpy(bomb + n - 4, "\0\0\x10\0", 4);
			fails_every_way(bomb, n, NULL, PD_ERR_LIMIT, "expands more than 200 times");
		}
		free(bomb);
	}
}

static void test_source_read_errors(void **state)
{
	struct pd_error err = { 0 };

	(void)state;
	for (int all = 0; all < 2; all++) {
		struct feed f = { .p = "abc\ndef\nghi", .n = 11, .piece = 4, .fails = true, .fail_at = 8 };

		fails_with(feed_open(&f, NULL, NULL), all, PD_ERR_IO, "cannot read: Input/output error");
	}
	assert_null(pd_source_path("/nonexistent/x", NULL, &err));
	assert_int_equal(err.status, PD_ERR_IO);
	assert_string_equal(err.text, "cannot open: No such file or directory");
	assert_string_equal(err.path, "/nonexistent/x");
	err = (struct pd_error){ 0 };
	assert_null(pd_source_path("/tmp", NULL, &err));
	assert_string_equal(err.text, "is a directory");
}

static void test_source_file_cut_while_reading(void **state)
{
	size_t n;
	char *text = make_text(20000, &n), *path = to_file(text, n);
	struct pd_source *s = pd_source_path(path, NULL, NULL);
	struct pd_span line, all;

	(void)state;
	assert_true(pd_source_line(s, &line));
	assert_int_equal(truncate(path, 10), 0);
	assert_int_equal(pd_source_all(s, &all), PD_OK); /* shorter, but no SIGBUS */
	assert_true(all.n < n);
	pd_source_free(s);
	unlink(path);
	free(text);
}

/* ---- peek ---- */

static void test_source_peek_and_consume(void **state)
{
	size_t n;
	char *text = make_text(12000, &n);
	struct feed f = { .p = text, .n = n, .piece = 999 };
	struct pd_source *s = feed_open(&f, NULL, NULL);
	size_t at = 0;

	(void)state;
	for (size_t want = 1; at < n; want = want * 5 % 300007 + 1) {
		struct pd_span got = pd_source_peek(s, want);

		assert_true(got.n >= want || got.n == n - at);
		assert_memory_equal(got.p, text + at, got.n);
		got.n = got.n < want ? got.n : want;
		pd_source_consume(s, got.n);
		at += got.n;
		assert_int_equal(pd_source_offset(s), at);
	}
	assert_int_equal(pd_source_peek(s, 1).n, 0);
	assert_int_equal(pd_source_status(s), PD_OK);
	pd_source_free(s);
	free(text);
}

static void test_source_all_after_some(void **state)
{
	size_t n, z_n;
	char *text = make_text(9000, &n), *z = gzip_member(text, n, &z_n);
	struct pd_span head;

	(void)state;
	for (int i = 0; i < 4; i++) {
		struct feed f = { .p = text, .n = n, .piece = 5000 };
		char *path = i == 1 ? to_file(z, z_n) : i == 2 ? to_file(text, n) : NULL;
		struct pd_source *s = i == 0 ? feed_open(&f, NULL, NULL) : i == 3 ? pd_source_memory("m", z, z_n, NULL, NULL) : pd_source_path(path, NULL, NULL);

		head = pd_source_peek(s, 300000);
		assert_true(head.n >= 300000);
		pd_source_consume(s, 299999);
		check_all(s, text + 299999, n - 299999);
		assert_int_equal(pd_source_peek(s, 1).n, 0);
		assert_int_equal(pd_source_offset(s), n);
		pd_source_free(s);
		if (path)
			unlink(path);
	}
	free(z);
	free(text);
}

static void test_source_peek_is_bounded_by_memory(void **state)
{
	size_t n;
	char *text = make_text(12000, &n);
	struct feed f = { .p = text, .n = n };
	struct pd_limits l = { .max_memory = 1 << 20 };
	struct pd_source *s = feed_open(&f, &l, NULL);

	(void)state;
	pd_source_peek(s, 3 << 20);
	assert_int_equal(pd_source_status(s), PD_ERR_LIMIT);
	pd_source_free(s);
	for (l.max_memory = 1; l.max_memory < 3 << 20; l.max_memory = l.max_memory * 7 + 1) {
		f = (struct feed){ .p = text, .n = n };
		fails_with(feed_open(&f, &l, NULL), true, PD_ERR_LIMIT, "input needs more than");
	}
	free(text);
}

/* ---- pipes ---- */

struct slow { int fd; const char *p; size_t n; };

static void *write_slowly(void *arg)
{
	struct slow *w = arg;
	size_t at = 0;

	for (size_t step = 1; at < w->n; step = step * 3 % 50021 + 1) {
		size_t put = step < w->n - at ? step : w->n - at;

		if (write(w->fd, w->p + at, put) != (ssize_t)put)
			break;
		at += put;
	}
	close(w->fd);
	return NULL;
}

static void test_source_pipe_nonblocking(void **state)
{
	size_t n;
	char *text = make_text(3000, &n);
	int p[2];
	pthread_t t;
	struct pd_source *s;

	(void)state;
	assert_int_equal(pipe(p), 0);
	fcntl(p[0], F_SETFL, O_NONBLOCK);
	struct slow w = { p[1], text, n };
	pthread_create(&t, NULL, write_slowly, &w);
	dup2(p[0], STDIN_FILENO);
	close(p[0]);
	s = pd_source_path("-", NULL, NULL);
	assert_string_equal(pd_source_name(s), "<stdin>");
	check_lines(s, text, n);
	pd_source_free(s);
	pthread_join(t, NULL);
	free(text);
}

/* ---- parts ---- */

static void test_source_parts(void **state)
{
	size_t n, z_n;
	char *text = make_text(4000, &n), *z = gzip_member(text, n, &z_n), *path = to_file(text, n);
	uint64_t lo, hi;

	(void)state;
	for (int memory = 0; memory < 2; memory++) {
		struct pd_source *s = memory ? pd_source_memory("m", text, n, NULL, NULL) : pd_source_path(path, NULL, NULL), *part;
		const char *cut = memchr(text + n / 2, '\n', n / 2) + 1;

		assert_true(pd_source_divisible(s, &lo, &hi));
		assert_int_equal(lo, 0);
		assert_int_equal(hi, n);
		part = pd_source_part(s, (uint64_t)(cut - text), n, NULL);
		assert_int_equal(pd_source_offset(part), cut - text);
		check_all(part, cut, n - (size_t)(cut - text));
		pd_source_free(part);
		part = pd_source_part(s, 0, (uint64_t)(cut - text), NULL);
		check_lines(part, text, (size_t)(cut - text));
		pd_source_free(part);
		check_lines(s, text, n); /* the whole is as it was */
		pd_source_free(s);
	}
	struct pd_source *s = pd_source_memory("m", z, z_n, NULL, NULL);
	assert_false(pd_source_divisible(s, &lo, &hi));
	pd_source_free(s);
	unlink(path);
	free(z);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_source_plain),
		cmocka_unit_test(test_source_gzip_members_and_padding),
		cmocka_unit_test(test_source_zstd_frames),
		cmocka_unit_test(test_source_byte_order_marks),
		cmocka_unit_test(test_source_utf16_at_every_edge),
		cmocka_unit_test(test_source_utf8_mark_is_dropped),
		cmocka_unit_test(test_source_truncated_at_every_byte),
		cmocka_unit_test(test_source_lines_before_a_cut_are_given),
		cmocka_unit_test(test_source_corrupt_and_garbage),
		cmocka_unit_test(test_source_unsupported_compression_is_named),
		cmocka_unit_test(test_source_limits),
		cmocka_unit_test(test_source_bombs_stop_early),
		cmocka_unit_test(test_source_read_errors),
		cmocka_unit_test(test_source_file_cut_while_reading),
		cmocka_unit_test(test_source_peek_and_consume),
		cmocka_unit_test(test_source_all_after_some),
		cmocka_unit_test(test_source_peek_is_bounded_by_memory),
		cmocka_unit_test(test_source_pipe_nonblocking),
		cmocka_unit_test(test_source_parts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
