/* A library that is loaded and dropped again and again. */
#include <time.h>

static volatile unsigned sink;

double plugin_work(double seconds);
__attribute__((visibility("default"))) double plugin_work(double seconds)
{
	struct timespec t;
	double until = 0, now;

	do {
		for (int i = 0; i < 5000; i++)
			sink += (unsigned)i;
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
		now = (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
		until = until != 0 ? until : now + seconds;
	} while (now < until);
	return until;
}
