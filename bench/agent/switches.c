/* switches N: two processes hand a byte to each other N times; prints nanoseconds of elapsed and of CPU time per switch. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double seconds(const struct timeval *t) { return (double)t->tv_sec + 1e-6 * (double)t->tv_usec; }

int main(int argc, char **argv)
{
	long n = argc > 1 ? atol(argv[1]) : 100000;
	int there[2], back[2];
	struct timespec from, to;
	struct rusage own, its;
	char byte = 0;
	pid_t pid;

	if (n < 1 || pipe(there) != 0 || pipe(back) != 0 || (pid = fork()) < 0)
		return 2;
	clock_gettime(CLOCK_MONOTONIC, &from);
	for (long i = 0; i < n; i++)
		if (pid ? write(there[1], &byte, 1) != 1 || read(back[0], &byte, 1) != 1 : read(there[0], &byte, 1) != 1 || write(back[1], &byte, 1) != 1)
			return 2;
	if (!pid)
		return 0;
	clock_gettime(CLOCK_MONOTONIC, &to);
	waitpid(pid, NULL, 0);
	getrusage(RUSAGE_SELF, &own);
	getrusage(RUSAGE_CHILDREN, &its);
	printf("%.0f %.0f\n", (double)((to.tv_sec - from.tv_sec) * 1000000000 + to.tv_nsec - from.tv_nsec) / (double)n / 2,
	       1e9 * (seconds(&own.ru_utime) + seconds(&own.ru_stime) + seconds(&its.ru_utime) + seconds(&its.ru_stime)) / (double)n / 2);
	return 0;
}
