/*
 * Code the loader does not know. What just-in-time compilers make becomes, where a stack leads into it, a mapping of the list of names such compilers
 * leave, whether there is one or not: whoever looks for names later will see. It is a jitdump where one is mapped (compilers map a page of it so that
 * it can be found), else /tmp/perf-PID.map. Parts of files that a program has mapped by itself (V8 does that with its own code) are mappings of these files. On the writer's thread.
 */
#include "agent.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define AREAS 64
#define AREA_ROUND ((uint64_t)1 << 21) /* areas grow in small pieces: so much around a piece is taken for the same, as far as no file is there */
#define AGAIN 20000000u                /* ns between two looks that find nothing: stacks that lost their way lead anywhere */

static struct { uint64_t start, limit; } area[AREAS];
static size_t areas;
static uint64_t failed_at;

void code_reset(void) { areas = 0; failed_at = 0; }

/* Of one line of /proc/self/maps; false: it is none. */
struct line {
	uint64_t start, limit, offset;
	const char *path;
	bool executable, file;
};

static bool parse(const char *text, struct line *l)
{
	char mode[8] = "";
	int path = 0;

	if (sscanf(text, "%lx-%lx %7s %lx %*s %*u %n", &l->start, &l->limit, mode, &l->offset, &path) != 4 || !path)
		return false;
	l->path = text + path;
	l->executable = strchr(mode, 'x') != NULL;
	l->file = text[path] == '[' ? strncmp(text + path, "[anon", 5) != 0 : text[path] == '/' && strncmp(text + path, "/memfd:", 7) != 0 && strncmp(text + path, "//anon", 6) != 0;
	return true;
}

struct search {
	uint64_t address, start, limit; /* limit 0: not found */
	uint64_t offset, before;        /* before: end of the code in front */
	bool done;
	char path[512];                 /* "": code of no file */
	char jitdump[512];
};

/* ".../jit-PID.dump" */
static bool is_jitdump(const char *path)
{
	const char *slash = strrchr(path, '/'), *part = slash ? slash + 1 : path;
	size_t n = strlen(part);

	return n > 9 && strncmp(part, "jit-", 4) == 0 && strcmp(part + n - 5, ".dump") == 0;
}

static void look(struct search *s, const struct line *l)
{
	uint64_t least, most;

	if (!l->executable)
		return;
	if (is_jitdump(l->path))
		snprintf(s->jitdump, sizeof(s->jitdump), "%s", l->path);
	if (s->done)
		return;
	if (s->limit && l->file) { /* the code behind */
		if (l->start < s->limit)
			s->limit = l->start;
		s->done = true;
	}
	if (!s->limit && !l->file && s->address >= l->start && s->address < l->limit) {
		least = l->start & ~(AREA_ROUND - 1);
		most = (l->limit + AREA_ROUND - 1) & ~(AREA_ROUND - 1);
		s->start = least < s->before ? s->before : least;
		s->limit = most;
	}
	if (!s->limit && l->file && s->address >= l->start && s->address < l->limit) {
		s->start = l->start;
		s->limit = l->limit;
		s->offset = l->offset;
		snprintf(s->path, sizeof(s->path), "%s", l->path);
		s->done = true;
	}
	if (l->file)
		s->before = l->limit;
}

/* The list of names may be anywhere. */
static bool found(const struct search *s) { return s->done && (s->path[0] || s->jitdump[0]); }

static void search_maps(struct search *s)
{
	static char buf[8192];
	size_t have = 0;
	int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	ssize_t n;

	while (fd >= 0 && !found(s) && (n = read(fd, buf + have, sizeof(buf) - 1 - have)) > 0) {
		char *at = buf, *end;
		struct line l;

		buf[have + (size_t)n] = '\0';
		for (; !found(s) && (end = strchr(at, '\n')); at = end + 1) {
			*end = '\0';
			if (parse(at, &l))
				look(s, &l);
		}
		have = strlen(at);
		if (have == sizeof(buf) - 1) /* no line is that long */
			have = 0;
		memmove(buf, at, have);
	}
	if (fd >= 0)
		close(fd);
}

bool code_known(uint64_t address)
{
	for (size_t i = 0; i < areas; i++)
		if (address >= area[i].start && address < area[i].limit)
			return true;
	return false;
}

bool code_find(uint64_t address)
{
	struct search s = { .address = address };
	uint64_t now;

	if (code_known(address) || areas == AREAS || !address || address >> 47)
		return false;
	now = now_ns(CLOCK_MONOTONIC);
	if (failed_at && now - failed_at < AGAIN)
		return false;
	search_maps(&s);
	failed_at = s.limit ? failed_at : now;
	if (!s.limit)
		return false;
	area[areas].start = s.start;
	area[areas++].limit = s.limit;
	if (!s.path[0] && s.jitdump[0])
		memcpy(s.path, s.jitdump, sizeof(s.path));
	else if (!s.path[0])
		snprintf(s.path, sizeof(s.path), "/tmp/perf-%ld.map", (long)agent.pid);
	writer_area(s.start, s.limit, s.offset, s.path);
	return true;
}
