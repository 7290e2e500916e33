/* A line on standard error while inputs load, drawn only when it takes longer than half a second. */
#include "cli.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct cli_progress {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	uint64_t inputs, bytes, done, done_bytes;
	bool stop;
	struct timespec start;
};

static atomic_bool drawn; /* a line is on the screen; for messages and signal handlers */

void cli_progress_erase(void)
{
	if (atomic_exchange(&drawn, false))
		cli_write(STDERR_FILENO, "\r\033[K", 4);
}

bool cli_progress_wanted(const struct cmd_ctx *ctx)
{
	const char *when = ctx->common.progress;

	if (!when || strcmp(when, "auto") == 0)
		return !ctx->common.quiet && isatty(STDERR_FILENO);
	return strcmp(when, "always") == 0;
}

static double seconds_since(const struct timespec *start)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - start->tv_sec) + (double)(now.tv_nsec - start->tv_nsec) * 1e-9;
}

static void draw(struct cli_progress *p)
{
	char line[200], bar[24], bytes[48] = "";
	size_t filled = p->bytes ? (size_t)(p->done_bytes * 20 / p->bytes) : 0;

	memset(bar, '.', 20);
	memset(bar, '#', filled < 20 ? filled : 20);
	bar[20] = 0;
	if (p->bytes)
		snprintf(bytes, sizeof(bytes), ", %.1f of %.1f MB", (double)p->done_bytes / 1e6, (double)p->bytes / 1e6);
	int n = snprintf(line, sizeof(line), "\r\033[K[%s] reading %llu of %llu%s, %.0f s", bar, (unsigned long long)(p->done < p->inputs ? p->done + 1 : p->inputs),
			 (unsigned long long)p->inputs, bytes, seconds_since(&p->start));

	atomic_store(&drawn, true);
	cli_write(STDERR_FILENO, line, n > 0 && (size_t)n < sizeof(line) ? (size_t)n : 0);
}

static void *run(void *arg)
{
	struct cli_progress *p = arg;
	struct timespec until;

	pthread_mutex_lock(&p->lock);
	clock_gettime(CLOCK_MONOTONIC, &until);
	while (!p->stop) {
		until.tv_nsec += 500000000;
		until.tv_sec += until.tv_nsec / 1000000000;
		until.tv_nsec %= 1000000000;
		if (pthread_cond_timedwait(&p->wake, &p->lock, &until) != 0 && !p->stop)
			draw(p);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

struct cli_progress *cli_progress_start(struct cmd_ctx *ctx, uint64_t inputs, uint64_t bytes)
{
	struct cli_progress *p = calloc(1, sizeof(*p));
	pthread_condattr_t attr;

	(void)ctx;
	if (!p)
		return NULL;
	p->inputs = inputs;
	p->bytes = bytes;
	clock_gettime(CLOCK_MONOTONIC, &p->start);
	pthread_mutex_init(&p->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&p->wake, &attr);
	pthread_condattr_destroy(&attr);
	if (pthread_create(&p->thread, NULL, run, p) == 0)
		return p;
	free(p);
	return NULL;
}

void cli_progress_step(struct cli_progress *p, uint64_t bytes)
{
	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	p->done++;
	p->done_bytes += bytes;
	pthread_mutex_unlock(&p->lock);
}

void cli_progress_end(struct cli_progress *p)
{
	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	p->stop = true;
	pthread_cond_signal(&p->wake);
	pthread_mutex_unlock(&p->lock);
	pthread_join(p->thread, NULL);
	cli_progress_erase();
	pthread_cond_destroy(&p->wake);
	pthread_mutex_destroy(&p->lock);
	free(p);
}
