/*
 * record --dump: all threads of running processes at one moment, as text or as a profile.
 *
 * Threads are held by a process of our own that lives for that alone. Whatever happens to it, or while names are looked for afterwards, the
 * kernel lets go of everything when it ends.
 */
#include "dump.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* In a process of its own. Returns its status. */
static int take(struct cmd_ctx *ctx, pid_t pid, int fd)
{
	static struct dump d;
	int error;

	memset(&d, 0, sizeof(d));
	d.ctx = ctx;
	d.pid = pid;
	d.fd = fd;
	d.unwinder = pd_unwinder_new(NULL);
	if (!d.unwinder)
		return RECORD_FAILED;
	dump_process(&d);
	if (!dump_maps(&d)) {
		dump_refused(ctx, pid, EPERM);
		return RECORD_FAILED;
	}
	error = dump_trace(&d);
	if (error) {
		dump_refused(ctx, pid, error);
		return RECORD_FAILED;
	}
	dump_end(&d);
	if (d.failed)
		cmd_errorf(ctx, "the dump of process %d could not be kept: %s", (int)pid, strerror(errno));
	return d.failed ? RECORD_FAILED : 0;
}

static int take_apart(struct cmd_ctx *ctx, pid_t pid, int fd)
{
	int status = 0;
	pid_t child = fork();

	if (child == 0)
		_exit(take(ctx, pid, fd));
	if (child < 0) {
		cmd_errorf(ctx, "cannot start a process: %s", strerror(errno));
		return RECORD_FAILED;
	}
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : RECORD_FAILED;
}

static int possible(struct cmd_ctx *ctx, uint32_t *pid) { return dump_possible(ctx, (pid_t)*pid); }

static int check(struct cmd_ctx *ctx, const struct record_args *a, size_t operands)
{
	if (!a->pids)
		return cli_usage(ctx, "profdata record --dump -p PID", "--dump needs -p PID");
	if (operands)
		return cli_usage(ctx, "profdata record --dump -p PID", "--dump is about processes that run: no command is expected");
	if (a->dump_signal)
		return cli_usage(ctx, NULL, "--dump takes one now, --dump-signal lets a command that is recorded take them later: one of the two");
	if (a->split)
		return cli_usage(ctx, NULL, "--split: a dump is of one kind");
	return 0;
}

static int dump_all(struct cmd_ctx *ctx, const struct record_args *a, const uint32_t *pid, size_t n)
{
	bool keep = record_raw(a);
	char *command[] = { (char *)(uintptr_t)"--dump", (char *)(uintptr_t)"-p", (char *)(uintptr_t)a->pids, NULL }, path[64];
	int fd = keep ? open(a->out.output, O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600) : memfd_create("dump", MFD_CLOEXEC), status = 0;

	if (fd < 0 || !record_begin_stream(fd, command)) {
		cmd_errorf(ctx, "%s: %s", keep ? a->out.output : "memory", strerror(errno));
		status = RECORD_FAILED;
	}
	for (size_t i = 0; i < n && !status; i++)
		status = take_apart(ctx, (pid_t)pid[i], fd);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (!status && (!keep || a->flame))
		status = record_dump_save(ctx, a, pid, n, path);
	if (fd >= 0)
		close(fd);
	return status;
}

int record_dump(struct cmd_ctx *ctx, const struct record_args *a, size_t operands)
{
	uint32_t *pid = NULL;
	size_t n = 0;
	int status = check(ctx, a, operands) ? RECORD_FAILED : record_pids(ctx, a->pids, possible, &pid, &n);

	if (!status)
		status = dump_all(ctx, a, pid, n);
	free(pid);
	return status;
}
