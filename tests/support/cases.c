#include "cases.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void die(const char *what, const char *path)
{
	fprintf(stderr, "%s %s: %s\n", what, path, strerror(errno));
	exit(2);
}

static char *joined(const char *a, const char *b, const char *c)
{
	char *s;

	if (asprintf(&s, "%s%s%s", a, b, c) < 0)
		die("memory for", a);
	return s;
}

static bool ends_with(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);

	return n >= m && strcmp(s + n - m, suffix) == 0;
}

static char *format_name(const char *dir)
{
	char *name = strdup(dir);

	for (char *p = name; *p; p++)
		if (*p == '_')
			*p = '-';
	return name;
}

static void add_dir(struct case_list *list, const char *root, const char *dir, const char *suffix)
{
	char *path = joined(root, "/", dir), *gz = joined(suffix, ".gz", "");
	DIR *d = opendir(path);
	struct dirent *e;

	if (!d && errno != ENOTDIR && errno != ENOENT)
		die("cannot open", path);
	while (d && (e = readdir(d))) {
		size_t cut = ends_with(e->d_name, suffix) ? strlen(suffix) : ends_with(e->d_name, gz) ? strlen(gz) : 0;

		if (!cut || e->d_name[0] == '.')
			continue;
		list->v = realloc(list->v, (list->n + 1) * sizeof(*list->v));
		if (!list->v)
			die("memory for", path);
		list->v[list->n++] = (struct case_file){
			.format = format_name(dir), .dir = strdup(path), .path = joined(path, "/", e->d_name),
			.stem = strndup(e->d_name, strlen(e->d_name) - cut),
		};
	}
	if (d)
		closedir(d);
	free(path);
	free(gz);
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct case_file *)a)->path, ((const struct case_file *)b)->path);
}

struct case_list cases_find(const char *root, const char *format, const char *suffix)
{
	struct case_list list = { 0 };
	DIR *d = opendir(root);
	struct dirent *e;

	if (!d)
		die("cannot open", root);
	while ((e = readdir(d))) {
		char *name = format_name(e->d_name);

		if (e->d_name[0] != '.' && (!format || strcmp(name, format) == 0))
			add_dir(&list, root, e->d_name, suffix);
		free(name);
	}
	closedir(d);
	if (list.n)
		qsort(list.v, list.n, sizeof(*list.v), by_path);
	return list;
}

void cases_free(struct case_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		free(list->v[i].format);
		free(list->v[i].dir);
		free(list->v[i].stem);
		free(list->v[i].path);
	}
	free(list->v);
	*list = (struct case_list){ 0 };
}

char *case_read(const char *path, size_t *n)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	char *data;

	if (fd < 0 && errno == ENOENT)
		return NULL;
	if (fd < 0 || fstat(fd, &st) < 0)
		die("cannot read", path);
	data = malloc((size_t)st.st_size + 1);
	if (!data)
		die("memory for", path);
	*n = 0;
	for (;;) {
		ssize_t got = read(fd, data + *n, (size_t)st.st_size - *n);

		if (got < 0)
			die("cannot read", path);
		if (got == 0)
			break;
		*n += (size_t)got;
	}
	data[*n] = 0;
	close(fd);
	return data;
}

void case_write(const char *path, const char *text, size_t n)
{
	FILE *f = fopen(path, "wb");

	if (!f || fwrite(text, 1, n, f) != n || fclose(f) != 0)
		die("cannot write", path);
}

const char *case_path(const struct case_file *c, const char *suffix)
{
	static char path[4096];

	snprintf(path, sizeof(path), "%s/%s%s", c->dir, c->stem, suffix);
	return path;
}

char **case_opts(const struct case_file *c)
{
	char **opts = NULL;
	size_t n = 0, size;
	char *text = case_read(case_path(c, ".opts"), &size), *save = text;

	for (char *line; text && (line = strsep(&save, "\n"));) {
		if (!*line)
			continue;
		opts = realloc(opts, (n + 2) * sizeof(*opts));
		if (!opts)
			die("memory for", c->path);
		opts[n++] = strdup(line);
		opts[n] = NULL;
	}
	free(text);
	return opts;
}

void case_opts_free(char **opts)
{
	for (size_t i = 0; opts && opts[i]; i++)
		free(opts[i]);
	free(opts);
}

struct pd_doc *case_load(const char *name, const void *data, size_t n, const struct pd_format *format, char **opts,
			 const struct pd_format **used, struct pd_error *err)
{
	struct pd_format_used u = { 0 };
	struct pd_load_opts o = { .size = sizeof(o), .format = format, .opts = (const char *const *)opts, .used = &u };
	struct pd_source *src = pd_source_memory(name, data, n, NULL, err);
	struct pd_doc *doc = src ? pd_load(src, &o, err) : NULL;

	pd_source_free(src);
	if (used)
		*used = u.format;
	return doc;
}

struct pieces {
	const char *p;
	size_t left, step;
};

static ptrdiff_t read_piece(void *ctx, void *buf, size_t n)
{
	struct pieces *s = ctx;

	n = n < s->step ? n : s->step;
	n = n < s->left ? n : s->left;
	memcpy(buf, s->p, n);
	s->p += n;
	s->left -= n;
	return (ptrdiff_t)n;
}

struct pd_doc *case_load_pieces(const char *name, const void *data, size_t n, size_t step, const struct pd_format *format, char **opts,
				struct pd_error *err)
{
	const struct pd_source_ops ops = { .size = sizeof(ops), .read = read_piece };
	struct pd_load_opts o = { .size = sizeof(o), .format = format, .opts = (const char *const *)opts };
	struct pieces pieces = { data, n, step };
	struct pd_source *src = pd_source_callback(name, &ops, &pieces, NULL, err);
	struct pd_doc *doc = src ? pd_load(src, &o, err) : NULL;

	pd_source_free(src);
	return doc;
}

char *case_save(const struct pd_doc *doc, const struct pd_format *format, char **opts, size_t *n, struct pd_error *err)
{
	struct pd_save_opts o = { .size = sizeof(o) };
	struct pd_out *out = pd_out_memory(0, 0, err);
	struct pd_span s;
	char *text = NULL;

	if (out && pd_save(doc, format, &o, (const char *const *)opts, out, NULL, 0, err) == PD_OK && pd_out_commit(out, err) == PD_OK) {
		s = pd_out_memory_span(out);
		text = malloc(s.n + 1);
		if (text) {
			if (s.n)
				memcpy(text, s.p, s.n);
			text[s.n] = 0;
			*n = s.n;
		} else {
			pd_error_set(err, PD_ERR_NOMEM, "out of memory");
		}
	}
	pd_out_free(out);
	return text;
}

/* ---- watching ---- */

static char current[1024];

static void on_signal(int sig)
{
	static const char hang[] = "\nhangs: ", crash[] = "\ncrashes: ";
	ssize_t ignored;

	ignored = sig == SIGALRM ? write(2, hang, sizeof(hang) - 1) : write(2, crash, sizeof(crash) - 1);
	ignored = write(2, current, strlen(current));
	ignored = write(2, "\n", 1);
	(void)ignored;
	signal(sig, SIG_DFL);
	raise(sig == SIGALRM ? SIGABRT : sig);
}

void case_watch(const char *what, const char *which, unsigned seconds)
{
	static bool installed;

	if (!installed) {
		signal(SIGALRM, on_signal);
#ifndef __SANITIZE_ADDRESS__
		signal(SIGSEGV, on_signal);
		signal(SIGBUS, on_signal);
		signal(SIGFPE, on_signal);
#endif
		signal(SIGABRT, on_signal);
		installed = true;
	}
	snprintf(current, sizeof(current), "%s: %s", which, what);
	alarm(seconds);
}
