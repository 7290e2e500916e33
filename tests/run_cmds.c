/*
 * Data-driven tests of the commands.
 *
 *     run_cmds PROFDATA SOURCE [--update] [COMMAND[/CASE]]...
 *
 * A case is tests/cmds/COMMAND/CASE.sh. It is run by bash in an empty directory
 * of its own with the built profdata in PATH, standard input empty, TESTDATA and
 * CASEDIR set, a fixed locale and none of the caller's PROFDATA_* or colour
 * variables. Compared are CASE.stdout, CASE.stderr (both: absent = nothing may
 * be printed) and CASE.status (absent = 0). Status 77 means "cannot be tried
 * here". --update writes what was seen.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define CASE_SECONDS 120
#define SKIPPED 77

struct run {
	char profdata[PATH_MAX], source[PATH_MAX], cases[PATH_MAX];
	bool update;
	unsigned passed, failed, skipped;
};

struct text {
	char *p;
	size_t n;
};

static void die(const char *what)
{
	fprintf(stderr, "run_cmds: %s: %s\n", what, strerror(errno));
	exit(2);
}

static void join(char *out, const char *format, const char *a, const char *b, const char *c)
{
	if ((size_t)snprintf(out, PATH_MAX, format, a, b, c) >= PATH_MAX) {
		errno = ENAMETOOLONG;
		die(a);
	}
}

/* The whole file; an absent one is empty. */
static struct text slurp(const char *path)
{
	struct text t = { NULL, 0 };
	FILE *f = fopen(path, "rb");
	size_t cap = 0;

	while (f) {
		size_t got;

		if (t.n + 1 >= cap) {
			cap = cap ? cap * 2 : 65536;
			t.p = realloc(t.p, cap);
			if (!t.p)
				die("memory");
		}
		got = fread(t.p + t.n, 1, cap - 1 - t.n, f);
		if (got == 0)
			break;
		t.n += got;
	}
	if (f)
		fclose(f);
	if (t.p)
		t.p[t.n] = 0;
	return t;
}

static void spill(const char *path, struct text t)
{
	FILE *f;

	if (t.n == 0) {
		unlink(path);
		return;
	}
	f = fopen(path, "wb");
	if (!f || fwrite(t.p, 1, t.n, f) != t.n || fclose(f) != 0)
		die(path);
}

/* ---- running ---- */

static void set(const char *name, const char *value)
{
	if (setenv(name, value, 1) != 0)
		die(name);
}

static void clean_environment(const struct run *r, const char *dir, const char *casedir)
{
	static const char *const gone[] = { "NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "COLUMNS", "PAGER", "POSIXLY_CORRECT", "MAKEFLAGS", "BASH_ENV", "ENV" };
	extern char **environ;
	char text[PATH_MAX + 4096], path[PATH_MAX];
	const char *old = getenv("PATH");

	for (size_t i = 0; i < sizeof(gone) / sizeof(gone[0]); i++)
		unsetenv(gone[i]);
	for (char **e = environ; *e;) {
		size_t n = strcspn(*e, "=");

		if (strncmp(*e, "PROFDATA_", 9) == 0 && n < sizeof(text)) {
			memcpy(text, *e, n);
			text[n] = 0;
			unsetenv(text);
			e = environ;
		} else {
			e++;
		}
	}
	snprintf(path, sizeof(path), "%s", r->profdata);
	*strrchr(path, '/') = 0;
	snprintf(text, sizeof(text), "%s:%s", path, old ? old : "/usr/bin:/bin");
	set("PATH", text);
	join(path, "%s/%s%s", r->source, "testdata", "");
	set("TESTDATA", path);
	set("CASEDIR", casedir);
	set("SOURCE", r->source);
	set("HOME", dir);
	set("TMPDIR", dir);
	set("LC_ALL", "C.UTF-8");
	set("TERM", "dumb");
	set("TZ", "UTC0");
}

static void child(const struct run *r, const char *dir, const char *casedir, const char *script, const char *out, const char *err)
{
	int in = open("/dev/null", O_RDONLY), o = open(out, O_WRONLY | O_CREAT | O_TRUNC, 0600), e = open(err, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (in < 0 || o < 0 || e < 0 || dup2(in, 0) < 0 || dup2(o, 1) < 0 || dup2(e, 2) < 0 || chdir(dir) != 0)
		_exit(125);
	for (int fd = 3; fd < 64; fd++)
		close(fd);
	setpgid(0, 0);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	clean_environment(r, dir, casedir);
	execl("/bin/bash", "bash", "--norc", "--noprofile", script, (char *)NULL);
	_exit(125);
}

/* Waits with a limit; the status as a shell would give it, 124 after the limit. */
static int wait_for(pid_t pid)
{
	int status;

	for (unsigned ms = 0; ms < CASE_SECONDS * 1000; ms += 5) {
		pid_t got = waitpid(pid, &status, WNOHANG);

		if (got == pid)
			return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
		if (got < 0)
			die("waitpid");
		usleep(5000);
	}
	kill(-pid, SIGKILL);
	waitpid(pid, &status, 0);
	return 124;
}

static void remove_tree(const char *dir)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		int null = open("/dev/null", O_WRONLY);

		dup2(null, 2);
		execlp("rm", "rm", "-rf", "--", dir, (char *)NULL);
		_exit(127);
	}
	if (pid > 0)
		waitpid(pid, &status, 0);
}

/* ---- comparing ---- */

static bool same(const char *name, const char *what, struct text want, struct text got)
{
	size_t i = 0, line = 1;

	if (want.n == got.n && (want.n == 0 || memcmp(want.p, got.p, want.n) == 0))
		return true;
	while (i < want.n && i < got.n && want.p[i] == got.p[i])
		line += want.p[i++] == '\n';
	while (i > 0 && want.p[i - 1] != '\n') /* both are equal up to i */
		i--;
	printf("FAIL %s: %s differs at line %zu\n  want: %.*s\n  got:  %.*s\n", name, what, line, i < want.n ? (int)strcspn(want.p + i, "\n") : 6,
	       i < want.n ? want.p + i : "(end)", i < got.n ? (int)strcspn(got.p + i, "\n") : 6, i < got.n ? got.p + i : "(end)");
	return false;
}

static bool judge(struct run *r, const char *stem, const char *name, const char *dir, int status)
{
	static const char *const stream[] = { "stdout", "stderr" };
	char path[PATH_MAX], seen[PATH_MAX], number[16];
	bool fine = true;
	struct text want, got;

	for (int i = 0; i < 2; i++) {
		join(path, "%s.%s%s", stem, stream[i], "");
		join(seen, "%s.%s%s", dir, stream[i], "");
		got = slurp(seen);
		if (r->update)
			spill(path, got);
		want = slurp(path);
		fine &= same(name, stream[i], want, got);
		free(want.p);
		free(got.p);
	}
	join(path, "%s.status%s%s", stem, "", "");
	snprintf(number, sizeof(number), "%d\n", status);
	if (r->update)
		spill(path, (struct text){ number, status ? strlen(number) : 0 });
	want = slurp(path);
	if ((want.p ? strtol(want.p, NULL, 10) : 0) != status) {
		printf("FAIL %s: status %d, want %ld\n", name, status, want.p ? strtol(want.p, NULL, 10) : 0);
		fine = false;
	}
	free(want.p);
	return fine;
}

static void run_case(struct run *r, const char *command, const char *file)
{
	char casedir[PATH_MAX], script[PATH_MAX], stem[PATH_MAX], name[PATH_MAX], dir[] = "/tmp/profdata-test-XXXXXX", out[64], err[64];
	int status;
	pid_t pid;

	join(casedir, "%s/%s%s", r->cases, command, "");
	join(script, "%s/%s%s", casedir, file, "");
	join(stem, "%s/%s%s", casedir, file, "");
	stem[strlen(stem) - 3] = 0;
	join(name, "%s/%s%s", command, file, "");
	name[strlen(name) - 3] = 0;
	if (!mkdtemp(dir))
		die(dir);
	snprintf(out, sizeof(out), "%s.stdout", dir);
	snprintf(err, sizeof(err), "%s.stderr", dir);
	fflush(stdout);
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0)
		child(r, dir, casedir, script, out, err);
	setpgid(pid, pid);
	status = wait_for(pid);
	if (status == SKIPPED) {
		struct text why = slurp(out);

		printf("skip %s: %.*s\n", name, why.n ? (int)strcspn(why.p, "\n") : 0, why.n ? why.p : "");
		free(why.p);
		r->skipped++;
	} else if (judge(r, stem, name, dir, status)) {
		r->passed++;
	} else {
		r->failed++;
	}
	remove_tree(dir);
	unlink(out);
	unlink(err);
}

/* ---- finding ---- */

static int is_case(const struct dirent *e)
{
	size_t n = strlen(e->d_name);

	return n > 3 && strcmp(e->d_name + n - 3, ".sh") == 0;
}

static int is_command(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

static void run_command(struct run *r, const char *command, const char *only)
{
	char dir[PATH_MAX];
	struct dirent **list;
	int n;
	bool any = false;

	join(dir, "%s/%s%s", r->cases, command, "");
	n = scandir(dir, &list, is_case, alphasort);
	if (n < 0)
		die(dir);
	for (int i = 0; i < n; i++) {
		if (!only || (strncmp(list[i]->d_name, only, strlen(only)) == 0 && list[i]->d_name[strlen(only)] == '.')) {
			run_case(r, command, list[i]->d_name);
			any = true;
		}
		free(list[i]);
	}
	free(list);
	if (!any) {
		printf("FAIL %s/%s: no such case\n", command, only ? only : "*");
		r->failed++;
	}
}

static void run_all(struct run *r)
{
	struct dirent **list;
	int n = scandir(r->cases, &list, is_command, alphasort);

	if (n < 0)
		die(r->cases);
	for (int i = 0; i < n; i++) {
		run_command(r, list[i]->d_name, NULL);
		free(list[i]);
	}
	free(list);
}

int main(int argc, char **argv)
{
	struct run r = { .update = false };
	bool named = false;

	if (argc < 3 || !realpath(argv[1], r.profdata) || !realpath(argv[2], r.source)) {
		fprintf(stderr, "usage: run_cmds PROFDATA SOURCE [--update] [COMMAND[/CASE]]...\n");
		return 2;
	}
	join(r.cases, "%s/tests/cmds%s%s", r.source, "", "");
	for (int i = 3; i < argc; i++) {
		char *slash;

		if (strcmp(argv[i], "--update") == 0) {
			r.update = true;
			continue;
		}
		named = true;
		slash = strchr(argv[i], '/');
		if (slash)
			*slash++ = 0;
		run_command(&r, argv[i], slash);
	}
	if (!named)
		run_all(&r);
	printf("%u passed, %u failed, %u skipped\n", r.passed, r.failed, r.skipped);
	return r.failed ? 1 : r.passed || !r.skipped ? 0 : SKIPPED;
}
