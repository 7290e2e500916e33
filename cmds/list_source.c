#include "list_source.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Takes the next part of a list separated by ':'; false at its end. */
static bool next_part(const char **list, const char **part, size_t *n)
{
	if (!*list || !**list)
		return false;
	*n = strcspn(*list, ":");
	*part = *list;
	*list += *n + ((*list)[*n] == ':');
	return true;
}

/* After the first "/NAME/" in `path`, NAME being the last part of a folder; NULL when it is not there. */
static const char *below_namesake(const char *path, const char *dir, size_t n)
{
	size_t start;

	while (n > 1 && dir[n - 1] == '/')
		n--;
	for (start = n; start > 0 && dir[start - 1] != '/'; start--)
		;
	if (start == n)
		return NULL;
	for (const char *at = path; (at = strchr(at, '/')); at++) {
		if (strncmp(at + 1, dir + start, n - start) == 0 && at[1 + n - start] == '/')
			return at + 2 + n - start;
	}
	return NULL;
}

static const char *after_prefix(const char *path, const char *prefix, size_t n)
{
	bool slash = n > 0 && prefix[n - 1] == '/';

	if (strncmp(path, prefix, n) != 0 || (!slash && path[n] != '/'))
		return NULL;
	return path + n + !slash;
}

const char *source_trim(const char *path, const char *trim, const char *search)
{
	static const char links[] = "/proc/self/cwd/./:/proc/self/cwd/";
	const char *part, *rest, *lists[2] = { trim, links };
	size_t n;

	if (!trim || !*trim) {
		while (next_part(&search, &part, &n)) {
			rest = below_namesake(path, part, n);
			if (rest)
				return rest;
		}
	}
	for (int i = 0; i < 2; i++) {
		while (next_part(&lists[i], &part, &n)) {
			rest = after_prefix(path, part, n);
			if (rest)
				return rest;
		}
	}
	return path;
}

static FILE *open_regular(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	FILE *f;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		errno = EINVAL;
		return NULL;
	}
	f = fdopen(fd, "r");
	if (!f)
		close(fd);
	return f;
}

/* `dir` and every folder above it. */
static FILE *open_upwards(const char *dir, size_t n, const char *path)
{
	char name[PATH_MAX];

	for (;;) {
		int len = snprintf(name, sizeof(name), "%.*s/%s", (int)n, dir, path);
		FILE *f = len > 0 && (size_t)len < sizeof(name) ? open_regular(name) : NULL;

		if (f || n == 0)
			return f;
		while (n > 0 && dir[n - 1] == '/')
			n--;
		while (n > 0 && dir[n - 1] != '/')
			n--;
		if (n == 0 && dir[0] != '/')
			return NULL;
		n -= n > 0; /* the slash; "" stands for the root */
	}
}

FILE *source_open(const char *path, const char *trim, const char *search, char *why, size_t room)
{
	const char *part, *list = search;
	FILE *f;
	size_t n;

	path = source_trim(path, trim, search);
	if (*path == '/') {
		f = open_regular(path);
		if (!f)
			snprintf(why, room, "open %s: %s", path, errno == ENOENT ? "no such file or directory" : errno == EINVAL ? "not a regular file" : strerror(errno));
		return f;
	}
	while (next_part(&list, &part, &n)) {
		f = open_upwards(part, n, path);
		if (f)
			return f;
	}
	snprintf(why, room, "could not find file %s on path %s", path, search);
	return NULL;
}
