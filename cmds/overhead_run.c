/*
 * profdata overhead run: runs the commands itself.
 *
 * A block is one run of every variant in an order drawn for that block; a second run of the first variant is the
 * control. Every run is a process of its own. With --interleave the runs of a block take turns of some milliseconds, all others being
 * stopped: what disturbs one disturbs all of them, so that their CPU times tell much smaller differences; how long they took says nothing then. What was measured is kept as rows, a block at a time, so that a run that
 * was interrupted goes on where it stopped.
 */
#include "cli.h"
#include "overhead.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_VARIANTS 64
#define HEAD "workload,variant,block,position,warm_up,start,load,metric,unit,value,better,n_ops"
#define LEAST_BLOCKS 6 /* fewer have no interval at 95 % */
#define END_OF_BLOCK "# end of block "
#define MOST_METRICS 65536 /* bytes a command may report */

struct variant {
	char name[64];
	const char *command;
	int metrics_fd;        /* a file in memory, where a run leaves figures of its own; or -1 */
	char metrics[64];      /* its name for the command */
};

struct runner {
	struct cmd_ctx *ctx;
	struct overhead_args *a;
	struct variant v[MAX_VARIANTS];
	size_t n;
	int fd;                /* raw file, or -1 */
	char *text;            /* everything so far */
	size_t used, cap;
	uint64_t done, blocks; /* warm-up included: at the start, now */
	cpu_set_t cpus;
	bool pinned;
	double started, worked; /* for the time left */
};

/* ---- arguments ---- */

static int add_variant(struct runner *r, const char *operand)
{
	const char *eq = strchr(operand, '=');
	size_t n = eq ? (size_t)(eq - operand) : 0;

	if (!n || n >= sizeof(r->v[0].name) || !eq[1] || strcspn(operand, ", \t\n\"") < n)
		return cli_usage(r->ctx, "profdata overhead run base='./app' cpu='./app -cpuprofile x'", "expected VARIANT='COMMAND', not '%s'", operand);
	for (size_t i = 0; i < r->n; i++)
		if (strncmp(r->v[i].name, operand, n) == 0 && !r->v[i].name[n])
			return cli_usage(r->ctx, NULL, "the variant '%s' is named twice", r->v[i].name);
	if (r->n == MAX_VARIANTS - 1)
		return cli_usage(r->ctx, NULL, "more than %d variants", MAX_VARIANTS - 1);
	snprintf(r->v[r->n].name, sizeof(r->v[0].name), "%.*s", (int)n, operand);
	r->v[r->n++].command = eq + 1;
	return 0;
}

/* The first variant once more, as BASE2. */
static int add_control(struct runner *r)
{
	char name[80];

	if (r->a->no_control)
		return 0;
	snprintf(name, sizeof(name), "%s2", r->v[0].name);
	for (size_t i = 0; i < r->n; i++)
		if (strcmp(r->v[i].name, name) == 0)
			return 0;
	if (strlen(name) >= sizeof(r->v[0].name))
		return cli_usage(r->ctx, NULL, "the name '%s' is too long", r->v[0].name);
	memcpy(r->v[r->n].name, name, strlen(name) + 1);
	r->v[r->n++].command = r->v[0].command;
	return 0;
}

/* "0,2-3" */
static int parse_pin(struct runner *r, const char *text)
{
	const char *p = text;

	CPU_ZERO(&r->cpus);
	while (*p) {
		char *end;
		unsigned long lo = strtoul(p, &end, 10), hi = lo;

		if (end == p || *p == '-' || *p == '+')
			break;
		if (*end == '-') {
			p = end + 1;
			hi = strtoul(p, &end, 10);
			if (end == p)
				break;
		}
		if (hi < lo || hi >= CPU_SETSIZE)
			break;
		for (unsigned long c = lo; c <= hi; c++)
			CPU_SET(c, &r->cpus);
		r->pinned = true;
		p = end;
		if (*p == ',')
			p++;
		else if (*p)
			break;
	}
	return *p || !r->pinned ? cli_usage(r->ctx, NULL, "--pin: expected processors such as 0,2-3, not '%s'", text) : 0;
}

/* ---- rows ---- */

static int keep(struct runner *r, const char *text, size_t n)
{
	if (r->cap - r->used < n + 1) {
		size_t cap = (r->cap + n + 1) * 2;
		char *grown = realloc(r->text, cap);

		if (!grown)
			return cli_nomem(r->ctx);
		r->text = grown;
		r->cap = cap;
	}
	memcpy(r->text + r->used, text, n);
	r->used += n;
	r->text[r->used] = '\0';
	return 0;
}

static int raw_error(struct runner *r, const char *what)
{
	return cmd_errorf(r->ctx, "%s: %s: %s", r->a->raw, what, strerror(errno));
}

/* What is kept goes to the file at once, whole blocks only. */
static int store(struct runner *r, size_t from)
{
	while (r->fd >= 0 && from < r->used) {
		ssize_t n = write(r->fd, r->text + from, r->used - from);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return raw_error(r, "cannot write");
		from += (size_t)n;
	}
	return 0;
}

/* The first line says what the rows are of; another experiment must not go on in the same file. */
static int describe(const struct runner *r, char *buf, size_t size)
{
	size_t n = (size_t)snprintf(buf, size, "# profdata overhead run seed=%" PRId64 " warm_up=%" PRId64, r->a->seed, r->a->warm_up);

	if (r->a->interleave > 0 && n < size)
		n += (size_t)snprintf(buf + n, size - n, " interleave=%g", r->a->interleave);
	if (r->a->until && n < size)
		n += (size_t)snprintf(buf + n, size - n, " until=%s max_blocks=%" PRId64 " looks=%" PRId64, r->a->until, r->a->max_blocks, r->a->max_looks);

	for (size_t i = 0; i < r->n && n < size; i++)
		n += (size_t)snprintf(buf + n, size - n, " %s='%s'", r->v[i].name, r->v[i].command);
	for (char *p = buf; *p; p++)
		if (*p == '\n')
			*p = ' ';
	if (n < size)
		n += (size_t)snprintf(buf + n, size - n, "\n" HEAD "\n");
	return n < size ? 0 : cli_usage(r->ctx, NULL, "the commands are too long");
}

/* Complete blocks of what is there already; rows of a last, torn one are cut off. */
static int resume(struct runner *r, const char *head)
{
	size_t good = strlen(head);

	if (strncmp(r->text, head, good) != 0)
		return cmd_errorf(r->ctx, "%s: holds rows of another experiment (its first line differs); hint: name a new file, or repeat the same seed and commands",
				  r->a->raw);
	for (const char *p = r->text + good, *end; (end = strchr(p, '\n')); p = end + 1)
		if (strncmp(p, END_OF_BLOCK, strlen(END_OF_BLOCK)) == 0) {
			good = (size_t)(end + 1 - r->text);
			r->done++;
		}
	r->used = good;
	r->text[good] = '\0';
	if (ftruncate(r->fd, (off_t)good) != 0 || lseek(r->fd, (off_t)good, SEEK_SET) < 0)
		return raw_error(r, "cannot cut off an unfinished block");
	if (r->done)
		cmd_infof(r->ctx, "%s: %" PRIu64 " blocks are there already", r->a->raw, r->done);
	return 0;
}

static int open_raw(struct runner *r)
{
	char head[8192], buf[65536];
	ssize_t n;
	int status = describe(r, head, sizeof(head));

	if (status)
		return status;
	if (!r->a->raw)
		return keep(r, head, strlen(head));
	r->fd = open(r->a->raw, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (r->fd < 0)
		return raw_error(r, "cannot open");
	while ((n = read(r->fd, buf, sizeof(buf))) > 0)
		if (keep(r, buf, (size_t)n))
			return 2;
	if (n < 0)
		return raw_error(r, "cannot read");
	if (r->used)
		return resume(r, head);
	status = keep(r, head, strlen(head));
	return status ? status : store(r, 0);
}

static double now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void become(const struct runner *r, const struct variant *v)
{
	int null = open("/dev/null", O_RDWR);

	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
		if (!r->ctx->common.verbose)
			dup2(null, STDERR_FILENO);
		if (null > STDERR_FILENO)
			close(null);
	}
	if (r->pinned && sched_setaffinity(0, sizeof(r->cpus), &r->cpus) != 0)
		_exit(126);
	if (v->metrics_fd >= 0)
		setenv("PROFDATA_METRICS", v->metrics, 1);
	execl("/bin/sh", "sh", "-c", v->command, (char *)NULL);
	_exit(127);
}

/* ---- figures of the command's own ---- */

/* Why a line is none, or NULL. `field` has five texts, "" where missing; `line` is cut into them. */
static const char *metric_fields(char *line, char **field)
{
	static const char *const ours[] = { "time", "CPU time", "max RSS", "context switches", NULL };
	size_t n = 0;
	char *end;

	for (char *p = line; p; n++) {
		char *comma = strchr(p, ',');

		if (n == 5)
			return "more than five fields";
		field[n] = p;
		p = comma ? comma + 1 : NULL;
		if (comma)
			*comma = '\0';
	}
	if (n < 3 || !field[0][0])
		return "expected a name, a unit and a value";
	for (size_t i = n; i < 5; i++)
		field[i] = line + strlen(line); /* "" */
	for (size_t i = 0; i < 5; i++)
		if (strpbrk(field[i], "\"#;\t\r") || strlen(field[i]) > 60)
			return "a field is too long or has quotes in it";
	for (size_t i = 0; ours[i]; i++)
		if (strcmp(field[0], ours[i]) == 0)
			return "that is measured already";
	if (!isfinite(strtod(field[2], &end)) || end == field[2] || *end)
		return "the value is no number";
	if (field[3][0] && strcmp(field[3], "lower") != 0 && strcmp(field[3], "higher") != 0)
		return "expected lower or higher";
	if (field[4][0] && (!(strtod(field[4], &end) > 0) || *end))
		return "the number of operations is none";
	return NULL;
}

/* Lines a run wrote to PROFDATA_METRICS become rows of it. */
static int own_metrics(struct runner *r, const struct variant *v, const char *lead)
{
	char *text, *next;
	ssize_t n = 0;
	int status = 0;

	if (v->metrics_fd < 0)
		return 0;
	text = calloc(1, MOST_METRICS + 1);
	if (!text)
		return cli_nomem(r->ctx);
	n = pread(v->metrics_fd, text, MOST_METRICS, 0);
	if (n == MOST_METRICS)
		status = cmd_errorf(r->ctx, "%s: PROFDATA_METRICS: more than %d bytes", v->name, MOST_METRICS - 1);
	else if (n > 0 && strlen(text) != (size_t)n)
		status = cmd_errorf(r->ctx, "%s: PROFDATA_METRICS: a zero byte at @0x%zx", v->name, strlen(text));
	for (char *line = text; !status && n > 0 && *line; line = next) {
		char row[1024], shown[120], *field[5];
		const char *why;
		int used;

		next = line + strcspn(line, "\n");
		if (*next)
			*next++ = '\0';
		if (!*line)
			continue;
		snprintf(shown, sizeof(shown), "%s", line);
		why = metric_fields(line, field);
		if (why) {
			status = cmd_errorf(r->ctx, "%s: PROFDATA_METRICS: '%s': %s; hint: lines METRIC,UNIT,VALUE[,lower|higher[,OPERATIONS]]", v->name, shown, why);
			break;
		}
		used = snprintf(row, sizeof(row), "%s,%s,%s,%s,%s,%s\n", lead, field[0], field[1], field[2], field[3], field[4]);
		status = used > 0 && (size_t)used < sizeof(row) ? keep(r, row, (size_t)used) : cmd_errorf(r->ctx, "a row is too long");
	}
	free(text);
	return status;
}

/* Without them, commands are measured from outside only. */
static void open_metrics(struct runner *r)
{
	for (size_t i = 0; i < r->n; i++) {
		struct variant *v = &r->v[i];

		v->metrics_fd = memfd_create("profdata-metrics", MFD_CLOEXEC);
		if (v->metrics_fd >= 0)
			snprintf(v->metrics, sizeof(v->metrics), "/proc/%ld/fd/%d", (long)getpid(), v->metrics_fd);
	}
}

static void close_metrics(struct runner *r)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->v[i].metrics_fd >= 0)
			close(r->v[i].metrics_fd);
}

/* ---- one run ---- */

static double seconds(struct timeval t) { return (double)t.tv_sec + 1e-6 * (double)t.tv_usec; }

static int bad_end(struct runner *r, const struct variant *v, int status)
{
	if (WIFSIGNALED(status))
		return cmd_errorf(r->ctx, "%s was killed by signal %d: %s", v->name, WTERMSIG(status), v->command);
	return cmd_errorf(r->ctx, "%s failed with status %d: %s; hint: --allow-errors counts such runs, -v shows their messages", v->name, WEXITSTATUS(status), v->command);
}

/* "workload,variant,block,position,warm_up,start,load": what all rows of a run begin with. */
static void lead_of(const struct runner *r, const struct variant *v, uint64_t block, size_t position, char *buf, size_t size)
{
	double load = 0;

	getloadavg(&load, 1);
	snprintf(buf, size, "%s,%s,%" PRIu64 ",%zu,%d,%.6f,%.2f", r->a->workload, v->name, block, position, block <= (uint64_t)r->a->warm_up,
		 now(CLOCK_REALTIME), load);
}

/* What a process left behind is in *use. */
static int wait_for(struct runner *r, const struct variant *v, pid_t pid, struct rusage *use)
{
	int status;

	while (wait4(pid, &status, 0, use) < 0)
		if (errno != EINTR)
			return cmd_errorf(r->ctx, "cannot wait for a process: %s", strerror(errno));
	if ((!WIFEXITED(status) || WEXITSTATUS(status) != 0) && !r->a->allow_errors)
		return bad_end(r, v, status);
	return 0;
}

/* The command's process; `held`: with those it will start it is a group of its own, and stops before it begins. -1 after the error. */
static pid_t start_command(struct runner *r, const struct variant *v, bool held)
{
	int status;
	pid_t pid;

	if (v->metrics_fd >= 0 && ftruncate(v->metrics_fd, 0) != 0) {
		cmd_errorf(r->ctx, "cannot empty a file in memory: %s", strerror(errno));
		return -1;
	}
	pid = fork();
	if (pid == 0) {
		/* whoever ends us does not end a group of its own */
		if (held && (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || setpgid(0, 0) != 0 || raise(SIGSTOP) != 0))
			_exit(126);
		become(r, v);
	}
	if (pid < 0)
		cmd_errorf(r->ctx, "cannot start a process: %s", strerror(errno));
	while (pid > 0 && held && waitpid(pid, &status, WUNTRACED) < 0 && errno == EINTR)
		;
	return pid;
}

/* Rows of a run. `wall` below 0: not measured. */
static int keep_run(struct runner *r, const struct variant *v, const char *lead, double wall, const struct rusage *use)
{
	char rows[2048];
	int n = 0, status;

	if (wall >= 0)
		n = snprintf(rows, sizeof(rows), "%s,time,s,%.9f,,\n", lead, wall);
	n += snprintf(rows + n, sizeof(rows) - (size_t)n, "%s,CPU time,s,%.6f,,\n%s,max RSS,KiB,%ld,,\n%s,context switches,,%ld,,\n", lead,
		      seconds(use->ru_utime) + seconds(use->ru_stime), lead, use->ru_maxrss, lead, use->ru_nvcsw + use->ru_nivcsw);
	status = (size_t)n < sizeof(rows) ? keep(r, rows, (size_t)n) : cmd_errorf(r->ctx, "a row is too long");
	return status ? status : own_metrics(r, v, lead);
}

static int one_run(struct runner *r, const struct variant *v, uint64_t block, size_t position)
{
	struct rusage use;
	char lead[256];
	double from;
	int status;
	pid_t pid;

	lead_of(r, v, block, position, lead, sizeof(lead));
	from = now(CLOCK_MONOTONIC);
	pid = start_command(r, v, false);
	if (pid < 0)
		return 2;
	status = wait_for(r, v, pid, &use);
	return status ? status : keep_run(r, v, lead, now(CLOCK_MONOTONIC) - from, &use);
}

/* ---- runs that take turns ---- */

struct turn {
	const struct variant *v;
	char lead[256];
	pid_t pid;
	int fd;                /* says when it has ended */
	bool ended;
	struct rusage use;
};

/* It goes on for a turn, or to its end. */
static int take_turn(struct runner *r, struct turn *t)
{
	struct pollfd p = { .fd = t->fd, .events = POLLIN };
	double until = now(CLOCK_MONOTONIC) + 1e-3 * r->a->interleave, left = r->a->interleave;
	int n = -1;

	kill(-t->pid, SIGCONT);
	for (; n < 0 && left > 0; left = 1e3 * (until - now(CLOCK_MONOTONIC)))
		n = poll(&p, 1, (int)ceil(left));
	if (n <= 0) {
		kill(-t->pid, SIGSTOP);
		return 0;
	}
	t->ended = true;
	return wait_for(r, t->v, t->pid, &t->use);
}

static int begin_turn(struct runner *r, struct turn *t)
{
	t->pid = start_command(r, t->v, true);
	if (t->pid < 0)
		return 2;
	t->fd = (int)syscall(SYS_pidfd_open, t->pid, 0);
	return t->fd < 0 ? cmd_errorf(r->ctx, "--interleave: cannot watch a process: %s (Linux 5.3 is needed)", strerror(errno)) : 0;
}

/* After an error some are still there, stopped. */
static void end_turn(const struct turn *t)
{
	if (t->pid > 0 && !t->ended) {
		kill(-t->pid, SIGKILL);
		while (waitpid(t->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	if (t->fd >= 0)
		close(t->fd);
}

static int all_turns(struct runner *r, const size_t *order, uint64_t block)
{
	struct turn t[MAX_VARIANTS] = { 0 };
	size_t left = r->n;
	int status = 0;

	for (size_t i = 0; i < r->n; i++)
		t[i] = (struct turn){ .v = &r->v[order[i]], .fd = -1 };
	for (size_t i = 0; i < r->n && !status; i++) {
		lead_of(r, t[i].v, block, i + 1, t[i].lead, sizeof(t[i].lead));
		status = begin_turn(r, &t[i]);
	}
	for (size_t i = 0; left && !status; i = (i + 1) % r->n) {
		if (t[i].ended)
			continue;
		status = take_turn(r, &t[i]);
		left -= t[i].ended;
	}
	for (size_t i = 0; i < r->n && !status; i++)
		status = keep_run(r, t[i].v, t[i].lead, -1, &t[i].use);
	for (size_t i = 0; i < r->n; i++)
		end_turn(&t[i]);
	return status;
}

static void nap(double s)
{
	struct timespec t = { .tv_sec = (time_t)s, .tv_nsec = (long)(1e9 * (s - floor(s))) };

	if (s > 0)
		nanosleep(&t, NULL);
}

/* ---- blocks ---- */

static void show(const struct runner *r, uint64_t block, uint64_t all)
{
	uint64_t here = block - 1 - r->done;
	double left = here ? (now(CLOCK_MONOTONIC) - r->started) / (double)here * (double)(all - block + 1) : 0;

	if (cli_progress_wanted(r->ctx))
		fprintf(stderr, "\r\033[Kblock %" PRIu64 " of %" PRIu64 "%s", block, all, here ? "" : "...");
	if (cli_progress_wanted(r->ctx) && here)
		fprintf(stderr, ", %.0f s left", left);
}

/* The order is drawn per block, so that it does not depend on where an interrupted experiment goes on. */
static void shuffle(const struct runner *r, uint64_t block, size_t *order)
{
	struct pd_rng first = { (uint64_t)r->a->seed }, rng = { pd_rng_next(&first) + block };

	for (size_t i = 0; i < r->n; i++)
		order[i] = i;
	for (size_t i = r->n; i-- > 1;) {
		size_t k = (size_t)pd_rng_below(&rng, i + 1), swap = order[i];

		order[i] = order[k];
		order[k] = swap;
	}
}

/* The mark of a whole block, for the next start. */
static int end_block(struct runner *r, uint64_t block)
{
	char line[64];

	return keep(r, line, (size_t)snprintf(line, sizeof(line), END_OF_BLOCK "%" PRIu64 "\n", block));
}

/* Runs until there are `all` blocks, those of the warm-up counted. */
static int blocks_to(struct runner *r, uint64_t all, uint64_t most)
{
	size_t order[MAX_VARIANTS];
	int status = 0;

	for (uint64_t block = r->blocks + 1; block <= all && !status; block++) {
		size_t from = r->used;

		show(r, block, most);
		shuffle(r, block, order);
		for (size_t i = 0; i < r->n && !status && !(r->a->interleave > 0); i++) {
			status = one_run(r, &r->v[order[i]], block, i + 1);
			nap(r->a->pause);
		}
		if (r->a->interleave > 0) {
			status = all_turns(r, order, block);
			nap(r->a->pause);
		}
		if (!status)
			status = end_block(r, block);
		if (!status)
			status = store(r, from);
		if (!status)
			r->blocks = block;
	}
	return status;
}

/* What was measured so far, as a collection. */
static int rows_so_far(struct runner *r, struct pd_bench *b)
{
	struct pd_error err = { 0 };
	struct pd_source *src = pd_source_memory(r->a->raw ? r->a->raw : "<runs>", r->text, r->used, NULL, &err);
	int status = 0;

	if (!src || pd_bench_read(b, src, &(struct pd_bench_opts){ .size = sizeof(struct pd_bench_opts), .kind = "rows" }, &err) > PD_WARN)
		status = cmd_fail(r->ctx, &err);
	pd_source_free(src);
	return status;
}

/* A look at what is there: *open when a verdict is missing. The warm-up is left out by the rows themselves. */
static int look(struct runner *r, bool *open)
{
	struct pd_bench *b = pd_bench_new();
	int64_t warm_up = r->a->warm_up;
	struct pd_overhead *o = NULL;
	int status = b ? rows_so_far(r, b) : cli_nomem(r->ctx);

	r->a->warm_up = 0;
	if (!status)
		o = overhead_compare(r->ctx, r->a, b);
	r->a->warm_up = warm_up;
	if (!status && !o)
		status = 2;
	if (o)
		*open = overhead_open(o, false);
	pd_overhead_free(o);
	pd_bench_free(b);
	return status;
}

/* Looks at equal steps; one that is behind what is there already was passed without a decision. */
static int until_decided(struct runner *r)
{
	uint64_t most = (uint64_t)r->a->max_blocks, warm_up = (uint64_t)r->a->warm_up, looks = (uint64_t)r->a->max_looks;
	int status = 0;

	for (uint64_t k = 1; k <= looks && !status; k++) {
		uint64_t n = (most * k + looks - 1) / looks;
		bool open = true;

		if (n < LEAST_BLOCKS)
			continue; /* nothing can be decided yet */
		r->a->look[r->a->looks++] = (double)n / (double)most;
		if (n + warm_up < r->done)
			continue;
		status = blocks_to(r, n + warm_up, most + warm_up);
		if (!status && k < looks)
			status = look(r, &open);
		if (!open)
			break;
	}
	return status;
}

static int all_blocks(struct runner *r)
{
	uint64_t all = (uint64_t)(r->a->blocks + r->a->warm_up);
	int status;

	r->started = now(CLOCK_MONOTONIC);
	r->blocks = r->done;
	status = r->a->until ? until_decided(r) : blocks_to(r, all, all);
	if (cli_progress_wanted(r->ctx))
		fputs("\r\033[K", stderr);
	return status;
}

/* --until and what belongs to it. */
static int check_until(struct runner *r)
{
	struct overhead_args *a = r->a;

	if (!a->until && (a->max_blocks || a->max_looks))
		return cli_usage(r->ctx, NULL, "--%s: only with --until decided", a->max_blocks ? "max-blocks" : "looks");
	if (a->until && a->blocks)
		return cli_usage(r->ctx, NULL, "--blocks: with --until it is --max-blocks that says how many there can be");
	a->blocks = a->blocks || a->until ? a->blocks : 10;
	a->max_blocks = a->max_blocks ? a->max_blocks : 60;
	a->max_looks = a->max_looks ? a->max_looks : 5;
	if (a->max_blocks < LEAST_BLOCKS || a->max_blocks > 100000)
		return cli_usage(r->ctx, NULL, "--max-blocks: expected %d to 100000", LEAST_BLOCKS);
	if (a->max_looks < 1 || a->max_looks > PD_MAX_LOOKS)
		return cli_usage(r->ctx, NULL, "--looks: expected 1 to %d", PD_MAX_LOOKS);
	if (a->max_looks > a->max_blocks)
		return cli_usage(r->ctx, NULL, "--looks: more looks than blocks");
	return 0;
}

static int check(struct runner *r)
{
	const struct overhead_args *a = r->a;
	int status = check_until(r);

	if (status)
		return status;
	if (!a->until && (a->blocks < 2 || a->blocks > 100000))
		return cli_usage(r->ctx, NULL, "--blocks: expected 2 to 100000");
	if (!(a->pause >= 0 && a->pause < 86400))
		return cli_usage(r->ctx, NULL, "--pause: expected seconds");
	if (strpbrk(a->workload, ",\n\"") || strlen(a->workload) > 80)
		return cli_usage(r->ctx, NULL, "--workload: a name without commas and quotes");
	if (r->n < 2)
		return cli_usage(r->ctx, "profdata overhead run base='./app' cpu='./app -cpuprofile x'", "two variants are needed");
	if (!(a->interleave == 0 || (a->interleave >= 1 && a->interleave <= 60000)))
		return cli_usage(r->ctx, NULL, "--interleave: expected 1 to 60000 milliseconds");
	return a->pin ? parse_pin(r, a->pin) : 0;
}

int overhead_measure(struct cmd_ctx *ctx, struct overhead_args *a, char **operands, size_t n, struct pd_bench *b)
{
	struct runner *r = calloc(1, sizeof(*r));
	int status = 0;

	if (!r)
		return cli_nomem(ctx);
	r->ctx = ctx;
	r->a = a;
	r->fd = -1;
	for (size_t i = 0; i < n && !status; i++)
		status = add_variant(r, operands[i]);
	if (!status && r->n && !a->baseline) {
		snprintf(a->first, sizeof(a->first), "%s", r->v[0].name); /* rows come in random order */
		a->baseline = a->first;
	}
	if (!status && r->n)
		status = add_control(r);
	if (!status)
		status = check(r);
	open_metrics(r);
	if (!status)
		status = open_raw(r);
	if (!status)
		status = all_blocks(r);
	if (!status)
		status = rows_so_far(r, b);
	if (r->fd >= 0)
		close(r->fd);
	close_metrics(r);
	free(r->text);
	free(r);
	return status;
}
