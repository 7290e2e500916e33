/* record from outside: who may be recorded, and when the kernel refuses, why and what to do about it. */
#include "perf.h"

#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- whom ---- */

/* The value of a line "KEY:\tVALUE" of /proc/PID/status. */
static bool status_of(uint32_t pid, const char *key, char *value, size_t size)
{
	char path[64], text[8192], line[32], *at;

	snprintf(path, sizeof(path), "/proc/%u/status", pid);
	snprintf(line, sizeof(line), "\n%s:", key);
	if (!perf_read_file(path, text, sizeof(text)) || !(at = strstr(text, line)))
		return false;
	at += strlen(line);
	at += strspn(at, " \t");
	snprintf(value, size, "%.*s", (int)strcspn(at, "\n"), at);
	return true;
}

int record_pid_possible(struct cmd_ctx *ctx, uint32_t *pid)
{
	char value[64];

	if (*pid == (uint32_t)getpid())
		cmd_errorf(ctx, "%u is this very process", *pid);
	else if (!status_of(*pid, "State", value, sizeof(value)))
		cmd_errorf(ctx, "%u: no such process", *pid);
	else if (value[0] == 'Z' || value[0] == 'X')
		cmd_errorf(ctx, "%u has ended already; its parent has not asked for its status yet", *pid);
	else {
		if (status_of(*pid, "Tgid", value, sizeof(value)))
			*pid = (uint32_t)strtoul(value, NULL, 10); /* of a thread: its process */
		return 0;
	}
	return RECORD_FAILED;
}

/* ---- why not ---- */

int perf_paranoid(void)
{
	char text[32];

	return perf_read_file("/proc/sys/kernel/perf_event_paranoid", text, sizeof(text)) && text[0] ? atoi(text) : INT_MAX;
}

/* CAP_PERFMON, or CAP_SYS_ADMIN which has it all. */
static bool may_all(void)
{
	char value[64];
	unsigned long long caps = status_of((uint32_t)getpid(), "CapEff", value, sizeof(value)) ? strtoull(value, NULL, 16) : 0;

	return caps >> 38 & 1 || caps >> 21 & 1;
}

static bool filtered(void)
{
	char value[64];

	return status_of((uint32_t)getpid(), "Seccomp", value, sizeof(value)) && value[0] == '2';
}

static const char *user_name(uid_t uid, char *buf, size_t size)
{
	const struct passwd *u = getpwuid(uid);

	if (u)
		snprintf(buf, size, "%s", u->pw_name);
	else
		snprintf(buf, size, "user %u", (unsigned)uid);
	return buf;
}

/* Somebody else's process, or one that keeps others out. */
static void about(uint32_t pid, char *buf, size_t size)
{
	char path[64], its[64], ours[64], value[64];
	uid_t uid = status_of(pid, "Uid", value, sizeof(value)) ? (uid_t)strtoul(value, NULL, 10) : 0;

	snprintf(path, sizeof(path), "/proc/%u/exe", pid);
	user_name(uid, its, sizeof(its));
	user_name(geteuid(), ours, sizeof(ours));
	if (status_of(pid, "Kthread", value, sizeof(value)) && value[0] == '1')
		snprintf(buf, size, "%u is a thread of the kernel: only root (CAP_PERFMON) may record it; hint: sudo profdata record -p %u", pid, pid);
	else if (uid != geteuid())
		snprintf(buf, size, "%u belongs to %s, and you are %s; hint: sudo profdata record -p %u, or have CAP_PERFMON", pid, its, ours, pid);
	else
		snprintf(buf, size, "%u lets nobody look into it (it changed its rights, or is not dumpable); hint: sudo profdata record -p %u, or have CAP_PERFMON", pid, pid);
}

static void denied(const struct perf *p, bool inside, char *buf, size_t size)
{
	int need = p->event->type == PERF_TYPE_TRACEPOINT ? -1 : p->mode == PERF_ALL ? 0 : 2;
	const char *offer = inside ? "; or from inside, without any rights: profdata record -- CMD" : "";

	if (p->paranoid > need && !may_all())
		snprintf(buf, size, "kernel.perf_event_paranoid is %d, and %s needs %d or less; hint: sudo sysctl kernel.perf_event_paranoid=%d, or sudo profdata record (CAP_PERFMON)%s",
			 p->paranoid, need < 0 ? "a tracepoint" : p->mode == PERF_ALL ? "--all-cpus" : "recording from outside", need, need, offer);
	else if (filtered())
		snprintf(buf, size, "a seccomp filter keeps perf_event_open() away, as those of containers do; hint: docker run --cap-add PERFMON, or a --security-opt seccomp=PROFILE "
				    "that allows it%s", offer);
	else
		snprintf(buf, size, "the kernel does not allow it, although kernel.perf_event_paranoid is %d (a security module?)%s", p->paranoid, offer);
}

void perf_explain(const struct perf *p, int error, pid_t pid, bool inside, char *buf, size_t size)
{
	if (error == ENOSYS || p->paranoid == INT_MAX)
		snprintf(buf, size, "this kernel has no perf events (CONFIG_PERF_EVENTS)%s", inside ? "; hint: from inside it goes without: profdata record -- CMD" : "");
	else if (error == EMFILE || error == ENFILE)
		snprintf(buf, size, "an event for each thread and CPU takes more files than the limit of %ld; hint: ulimit -n, or --all-cpus, which needs few", sysconf(_SC_OPEN_MAX));
	else if ((error == EACCES || error == EPERM) && pid) /* we may record what is ours: that was tried before */
		about((uint32_t)pid, buf, size);
	else if (error == EACCES || error == EPERM)
		denied(p, inside, buf, size);
	else if (error == ENOENT || error == EOPNOTSUPP || error == ENODEV)
		snprintf(buf, size, "this machine does not count %s (virtual machines often have no counters); hint: --event cpu-clock is there always", p->event->name);
	else if (error == ESRCH)
		snprintf(buf, size, "%d has ended", (int)pid);
	else
		snprintf(buf, size, "perf events: %s", strerror(error));
}
