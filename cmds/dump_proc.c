/* record --dump: what /proc says. Reading it changes nothing for anybody; what cannot be dumped is told by it before a thread is touched. */
#include "dump.h"

#include "build_id.h"

#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool dump_read(char *buf, size_t size, const char *fmt, ...)
{
	char path[128];
	va_list args;
	ssize_t n;
	int fd;

	va_start(args, fmt);
	vsnprintf(path, sizeof(path), fmt, args);
	va_end(args);
	buf[0] = '\0';
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, buf, size - 1);
	close(fd);
	buf[n > 0 ? n : 0] = '\0';
	return n > 0;
}

/* "TracerPid:\t0" and the like; -1 when it is not there. */
static long status_number(pid_t pid, const char *key)
{
	char text[4096], *at;

	if (!dump_read(text, sizeof(text), "/proc/%d/status", (int)pid))
		return -1;
	at = strstr(text, key);
	return at ? strtol(at + strlen(key), NULL, 10) : -1;
}

/* ---- who cannot be dumped ---- */

static int refuse(struct cmd_ctx *ctx, pid_t pid, const char *fmt, ...) PD_PRINTF(3, 4);
static int refuse(struct cmd_ctx *ctx, pid_t pid, const char *fmt, ...)
{
	char why[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(why, sizeof(why), fmt, args);
	va_end(args);
	cmd_errorf(ctx, "process %d %s", (int)pid, why);
	return RECORD_FAILED;
}

void dump_refused(struct cmd_ctx *ctx, pid_t pid, int error)
{
	long tracer = status_number(pid, "TracerPid:"), uid = status_number(pid, "Uid:"), scope = -1;
	char text[64];

	if (dump_read(text, sizeof(text), "/proc/sys/kernel/yama/ptrace_scope"))
		scope = strtol(text, NULL, 10);
	if (error == ESRCH || uid < 0)
		refuse(ctx, pid, "has ended");
	else if (tracer > 0)
		refuse(ctx, pid, "is traced by process %ld already (a debugger, strace): only one can; hint: end that one first", tracer);
	else if ((uid_t)uid != geteuid())
		refuse(ctx, pid, "belongs to user %ld, you are %d; hint: run as that user or as root (sudo profdata record --dump -p %d)", uid, (int)geteuid(), (int)pid);
	else if (scope >= 3)
		refuse(ctx, pid, "cannot be looked into: kernel.yama.ptrace_scope is %ld (nobody may, not even root, until the machine is started again)", scope);
	else if (scope >= 1)
		refuse(ctx, pid, "cannot be looked into: kernel.yama.ptrace_scope is %ld (%s); hint: sudo profdata record --dump -p %d, or sudo sysctl kernel.yama.ptrace_scope=0", scope,
		       scope == 1 ? "only processes that one started oneself" : "only root", (int)pid);
	else
		refuse(ctx, pid, "cannot be looked into: %s; hint: it may have more rights than its user (capabilities, setuid), or a container forbids ptrace: CAP_SYS_PTRACE is needed",
		       strerror(error));
}

/* The kind of program, from the first bytes of it. False: not to be seen. */
static bool is_64_bit(pid_t pid, bool *out)
{
	unsigned char head[20] = { 0 };
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	if (read(fd, head, sizeof(head)) != (ssize_t)sizeof(head))
		memset(head, 0, sizeof(head));
	close(fd);
	*out = head[EI_CLASS] == ELFCLASS64 && head[18] == EM_X86_64;
	return true;
}

int dump_possible(struct cmd_ctx *ctx, pid_t pid)
{
	char text[1024], path[64], exe[PATH_MAX], *end;
	long group;
	bool wide;

	if (!dump_read(text, sizeof(text), "/proc/%d/stat", (int)pid))
		return refuse(ctx, pid, "does not exist");
	end = strrchr(text, ')');
	if (end && end[1] && (end[2] == 'Z' || end[2] == 'X'))
		return refuse(ctx, pid, "is a zombie: it has ended, and its parent (process %ld) has not asked how; there are no threads any more", strtol(end + 3, NULL, 10));
	group = status_number(pid, "Tgid:");
	if (group > 0 && group != pid)
		return refuse(ctx, pid, "is a thread of process %ld; hint: profdata record --dump -p %ld", group, group);
	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	if (readlink(path, exe, sizeof(exe)) < 0 && errno == ENOENT)
		return refuse(ctx, pid, "is a thread of the kernel: it has no stack of its own here");
	if (pid == getpid())
		return refuse(ctx, pid, "is this command itself");
	if (!is_64_bit(pid, &wide)) {
		dump_refused(ctx, pid, EPERM);
		return RECORD_FAILED;
	}
	return wide ? 0 : refuse(ctx, pid, "is not a program for x86-64: its stacks cannot be read");
}

/* ---- threads ---- */

bool dump_threads(struct dump *d)
{
	char path[64];
	struct dirent *e;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)d->pid);
	dir = opendir(path);
	while (dir && (e = readdir(dir))) {
		struct dump_thread fresh = { .tid = (pid_t)strtol(e->d_name, NULL, 10), .syscall = -1 };
		size_t i = 0;

		while (i < d->thread.n && d->thread.v[i].tid != fresh.tid)
			i++;
		if (fresh.tid <= 0 || i < d->thread.n)
			continue;
		if (d->thread.n == d->thread.cap) {
			size_t cap = d->thread.cap ? 2 * d->thread.cap : 64;
			void *v = realloc(d->thread.v, cap * sizeof(*d->thread.v));

			if (!v) {
				d->failed = true;
				break;
			}
			d->thread.v = v;
			d->thread.cap = cap;
		}
		d->thread.v[d->thread.n++] = fresh;
	}
	if (dir)
		closedir(dir);
	return dir != NULL;
}

void dump_look(struct dump *d, struct dump_thread *t)
{
	int pid = (int)d->pid, tid = (int)t->tid;
	char text[1024], *end;
	size_t n;

	if (dump_read(text, sizeof(text), "/proc/%d/task/%d/stat", pid, tid) && (end = strrchr(text, ')')) && end[1])
		t->state = end[2];
	if (dump_read(t->name, sizeof(t->name), "/proc/%d/task/%d/comm", pid, tid))
		t->name[strcspn(t->name, "\n")] = '\0';
	if (dump_read(text, sizeof(text), "/proc/%d/task/%d/schedstat", pid, tid))
		t->cpu = strtoull(text, NULL, 10);
	if (t->state == 'R')
		return;
	if (dump_read(t->wait, sizeof(t->wait), "/proc/%d/task/%d/wchan", pid, tid) && strcmp(t->wait, "0") == 0)
		t->wait[0] = '\0';
	/* "NUMBER ARGUMENTS... SP PC", "-1 SP PC" outside of a call, or "running" */
	if (!dump_read(text, sizeof(text), "/proc/%d/task/%d/syscall", pid, tid) || text[0] == 'r')
		return;
	t->syscall = (int32_t)strtol(text, NULL, 10);
	for (n = strcspn(text, "\n"), text[n] = '\0'; n > 0 && text[n - 1] != ' '; n--)
		;
	t->pc = strtoull(text + n, NULL, 16);
	for (n = n ? n - 1 : 0; n > 0 && text[n - 1] != ' '; n--)
		;
	t->sp = strtoull(text + n, NULL, 16);
}

/* ---- memory ---- */

static bool add_area(struct dump *d, uint64_t start, uint64_t limit)
{
	if (d->area.n && d->area.v[d->area.n - 1].limit == start) { /* a stack may be in pieces */
		d->area.v[d->area.n - 1].limit = limit;
		return true;
	}
	if (d->area.n == d->area.cap) {
		size_t cap = d->area.cap ? 2 * d->area.cap : 256;
		void *v = realloc(d->area.v, cap * sizeof(*d->area.v));

		if (!v)
			return false;
		d->area.v = v;
		d->area.cap = cap;
	}
	d->area.v[d->area.n++] = (struct dump_area){ start, limit };
	return true;
}

/* Where the file of a mapping can be opened by us: it may live in another mount namespace, or be deleted or replaced (then root gets at it by the mapping). */
static void readable(const struct dump *d, const struct proc_map *m, char *out, size_t size)
{
	struct stat st;

	snprintf(out, size, "/proc/%d/root%s", (int)d->pid, m->path);
	if (m->path[0] != '/') {
		snprintf(out, size, "%s", m->path);
	} else if (stat(out, &st) != 0 || st.st_ino != m->inode) {
		snprintf(out, size, "/proc/%d/map_files/%" PRIx64 "-%" PRIx64, (int)d->pid, m->start, m->limit);
		if (access(out, R_OK) != 0)
			snprintf(out, size, "%s", m->path);
	}
}

/* Made at run time: has the name of the list that its compiler leaves. */
static void add_made(struct dump *d, const struct proc_map *m)
{
	struct pd_wire_mapping w = { .start = m->start, .limit = m->limit };
	char list[64];
	const char *path = d->jitdump[0] ? d->jitdump : list;

	snprintf(list, sizeof(list), "/tmp/perf-%d.map", (int)d->pid);
	w.path_size = (uint32_t)strlen(path);
	dump_put(d, PD_WIRE_MAPPING, &w, sizeof(w), path, w.path_size, NULL, 0);
}

static bool add_code(struct dump *d, const struct proc_map *from)
{
	struct pd_wire_mapping w = { .start = from->start, .limit = from->limit, .offset = from->offset };
	char file[PATH_MAX + 64], *path = from->path, *gone = strstr(path, " (deleted)");
	unsigned char id[20];
	struct pd_unwind_map m = { .start = from->start, .limit = from->limit, .offset = from->offset, .path = file };

	if (gone)
		*gone = '\0';
	if (strcmp(path, "[vsyscall]") == 0)
		return true;
	if ((path[0] != '/' && strcmp(path, "[vdso]") != 0) || strncmp(path, "/memfd:", 7) == 0) {
		add_made(d, from);
		return true;
	}
	readable(d, from, file, sizeof(file));
	w.path_size = (uint32_t)strlen(path);
	w.build_id_size = cmd_build_id(file, id);
	dump_put(d, PD_WIRE_MAPPING, &w, sizeof(w), path, w.path_size, id, w.build_id_size);
	return pd_unwinder_map(d->unwinder, &m);
}

static bool add_map(void *arg, const struct proc_map *m) { return add_area(arg, m->start, m->limit) && (!m->executable || add_code(arg, m)); }

static bool find_jitdump(void *arg, const struct proc_map *m)
{
	struct dump *d = arg;

	if (m->executable && record_is_jitdump(m->path))
		snprintf(d->jitdump, sizeof(d->jitdump), "%s", m->path);
	return true;
}

bool dump_maps(struct dump *d) { return proc_maps(d->pid, find_jitdump, d) && proc_maps(d->pid, add_map, d); }

/* ---- names ---- */

static bool add_object(char ***v, size_t *n, size_t *cap, const char *fmt, ...) PD_PRINTF(4, 5);
static bool add_object(char ***v, size_t *n, size_t *cap, const char *fmt, ...)
{
	size_t more = *cap ? 2 * *cap : 64;
	char **p = *n < *cap ? *v : reallocarray(*v, more, sizeof(*p));
	va_list args;
	int size;

	if (!p)
		return false;
	*cap = *n < *cap ? *cap : more;
	*v = p;
	va_start(args, fmt);
	size = vasprintf(&p[*n], fmt, args);
	va_end(args);
	*n += size >= 0;
	return size >= 0;
}

char **dump_objects(const struct pd_doc *doc, const uint32_t *pid, size_t n_pids, size_t *n)
{
	size_t cap = 0, mappings = pd_doc_mappings(doc);
	char **v = NULL;

	*n = 0;
	for (size_t i = 0; i < n_pids; i++) {
		unsigned at = pid[i];

		for (uint32_t k = 1; k < mappings; k++) {
			struct pd_mapping_desc m;
			const char *path;

			pd_doc_mapping(doc, (pd_mapping){ k }, &m);
			path = pd_doc_string(doc, m.file).p;
			if (path[0] == '/' && (!add_object(&v, n, &cap, "%s=/proc/%u/root%s", path, at, path) ||
					       !add_object(&v, n, &cap, "%s=/proc/%u/map_files/%" PRIx64 "-%" PRIx64, path, at, m.start, m.limit)))
				return v;
		}
		if (!add_object(&v, n, &cap, "/tmp/perf-%u.map=/proc/%u/root/tmp/perf-%u.map", at, at, (unsigned)proc_inner_pid((pid_t)at)))
			return v;
	}
	return v;
}
