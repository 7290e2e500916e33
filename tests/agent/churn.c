/* churn SECONDS [calm]: two threads that wake each other up all the time, one that computes and naps, and (unless calm) many that live for a moment.
 * Each prints the CPU time it has used. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

static int to[2], back[2];
static double until;

static double clock_of(clockid_t c)
{
	struct timespec t;

	clock_gettime(c, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void tell(const char *name)
{
	printf("%s %.6f\n", name, clock_of(CLOCK_THREAD_CPUTIME_ID));
	fflush(stdout);
}

static void *pong(void *arg)
{
	char c;

	prctl(PR_SET_NAME, "pong");
	while (read(to[0], &c, 1) == 1 && c)
		if (write(back[1], &c, 1) != 1)
			break;
	tell("pong");
	return arg;
}

static void *busy(void *arg)
{
	volatile unsigned n = 0;

	prctl(PR_SET_NAME, "busy");
	while (clock_of(CLOCK_MONOTONIC) < until) {
		for (unsigned i = 0; i < 2000000; i++)
			n += i;
		usleep(3000);
	}
	tell("busy");
	return arg;
}

static void *brief(void *arg) { return arg; }

int main(int argc, char **argv)
{
	pthread_t t[3];
	char c = 1;

	until = clock_of(CLOCK_MONOTONIC) + (argc > 1 ? atof(argv[1]) : 3);
	if (pipe(to) || pipe(back) || pthread_create(&t[0], NULL, pong, NULL) || pthread_create(&t[1], NULL, busy, NULL))
		return 2;
	while (clock_of(CLOCK_MONOTONIC) < until) {
		for (int i = 0; i < 50; i++)
			if (write(to[1], &c, 1) != 1 || read(back[0], &c, 1) != 1)
				return 3;
		if (argc < 3 && pthread_create(&t[2], NULL, brief, NULL) == 0)
			pthread_join(t[2], NULL);
	}
	c = 0;
	if (write(to[1], &c, 1) != 1)
		return 3;
	pthread_join(t[0], NULL);
	pthread_join(t[1], NULL);
	tell("churn");
	return 0;
}
