/* A bounded pool: workers take indices in order, the caller takes results in order. */
#include "base/compiler.h"

#include <profdata/base.h>
#include <pthread.h>

#define MOST_JOBS 256u

struct pool {
	pthread_mutex_t lock;
	pthread_cond_t taken, finished; /* room for more work; a result is there */
	size_t n, next, done;           /* next to start; number handed to the caller */
	size_t ahead;                   /* how far `next` may run ahead of `done` */
	bool *ready;                    /* ring of `ahead` */
	bool stop;
	void (*work)(void *ctx, size_t i);
	void *ctx;
};

static void *worker(void *arg)
{
	struct pool *p = arg;

	pthread_mutex_lock(&p->lock);
	for (;;) {
		size_t i;

		while (!p->stop && p->next < p->n && p->next - p->done >= p->ahead)
			pthread_cond_wait(&p->taken, &p->lock);
		if (p->stop || p->next >= p->n)
			break;
		i = p->next++;
		pthread_mutex_unlock(&p->lock);
		p->work(p->ctx, i);
		pthread_mutex_lock(&p->lock);
		p->ready[i % p->ahead] = true;
		pthread_cond_signal(&p->finished);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

/* Hands out results in order until all are out or the caller says stop. */
static bool hand_out(struct pool *p, bool (*done)(void *ctx, size_t i))
{
	bool go_on = true;

	pthread_mutex_lock(&p->lock);
	while (go_on && p->done < p->n) {
		size_t i = p->done;

		while (!p->ready[i % p->ahead])
			pthread_cond_wait(&p->finished, &p->lock);
		p->ready[i % p->ahead] = false;
		pthread_mutex_unlock(&p->lock);
		go_on = !done || done(p->ctx, i);
		pthread_mutex_lock(&p->lock);
		p->done++;
		pthread_cond_broadcast(&p->taken);
	}
	p->stop = true;
	pthread_cond_broadcast(&p->taken);
	pthread_mutex_unlock(&p->lock);
	return go_on;
}

static bool one_by_one(size_t n, void (*work)(void *, size_t), bool (*done)(void *, size_t), void *ctx)
{
	for (size_t i = 0; i < n; i++) {
		work(ctx, i);
		if (done && !done(ctx, i))
			return false;
	}
	return true;
}

bool pd_parallel(unsigned jobs, size_t n, void (*work)(void *ctx, size_t i), bool (*done)(void *ctx, size_t i), void *ctx)
{
	struct pool p = { .n = n, .work = work, .ctx = ctx };
	pthread_t *thread;
	size_t started = 0;
	bool all = true;

	if (jobs > n)
		jobs = (unsigned)n;
	if (jobs > MOST_JOBS)
		jobs = MOST_JOBS;
	p.ahead = (size_t)jobs + 1;
	thread = jobs > 1 ? calloc(jobs, sizeof *thread) : NULL;
	p.ready = thread ? calloc(p.ahead, sizeof *p.ready) : NULL;
	if (!p.ready) {
		free(thread);
		return one_by_one(n, work, done, ctx);
	}
	pthread_mutex_init(&p.lock, NULL);
	pthread_cond_init(&p.taken, NULL);
	pthread_cond_init(&p.finished, NULL);
	while (started < jobs && pthread_create(&thread[started], NULL, worker, &p) == 0)
		started++;
	all = started ? hand_out(&p, done) : one_by_one(n, work, done, ctx);
	for (size_t i = 0; i < started; i++)
		pthread_join(thread[i], NULL);
	pthread_cond_destroy(&p.finished);
	pthread_cond_destroy(&p.taken);
	pthread_mutex_destroy(&p.lock);
	free(p.ready);
	free(thread);
	return all;
}
