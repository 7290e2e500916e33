/*
 * What the calls of <profdata/agent.h> cost their thread: CPU time of bursts that fit into its ring, with rests in which the sampler
 * empties it, because what is lost costs less. Prints the median and the least of the bursts.
 */
#include <profdata/agent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BURST 5000
#define BURSTS 201

static double cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static volatile int sink;

__attribute__((noinline)) static void called(void) { sink++; }

__attribute__((no_instrument_function)) static void burst(char what)
{
	for (int i = 0; i < BURST; i++)
		switch (what) {
		case 's':
			pda_span_begin("request", NULL);
			pda_span_end();
			break;
		case 'c': pda_counter("queue", i); break;
		case 'l':
			pda_label_set("route", "/index");
			pda_label_unset("route");
			break;
		default: called();
		}
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

__attribute__((no_instrument_function)) int main(int argc, char **argv)
{
	static double each[BURSTS];
	struct timespec rest = { 0, 20000000 };

	for (int i = 0; i < BURSTS; i++) {
		double from = cpu_ns();

		burst(argc > 1 ? argv[1][0] : 's');
		each[i] = (cpu_ns() - from) / BURST;
		nanosleep(&rest, NULL);
	}
	qsort(each, BURSTS, sizeof(*each), by_size);
	printf("%.1f, %.1f\n", each[BURSTS / 2], each[0]);
	return 0;
}
