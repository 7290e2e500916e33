/* A small program with something to see: two threads that fill, sort and look up. Its own sort keeps the frame pointers that the C library does without. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define N 4000
#define ROUNDS 150

struct item {
	char name[16];
	unsigned price;
};

static int compare(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return (unsigned char)*a - (unsigned char)*b;
}

/* Moves items[at] down to its place in the heap of `n`. */
static void sink(struct item *items, size_t at, size_t n)
{
	for (size_t child; (child = 2 * at + 1) < n; at = child) {
		struct item moved = items[at];

		if (child + 1 < n && compare(items[child].name, items[child + 1].name) < 0)
			child++;
		if (compare(moved.name, items[child].name) >= 0)
			break;
		items[at] = items[child];
		items[child] = moved;
	}
}

static void sort(struct item *items, size_t n)
{
	for (size_t i = n / 2; i-- > 0;)
		sink(items, i, n);
	while (n-- > 1) {
		struct item last = items[n];

		items[n] = items[0];
		items[0] = last;
		sink(items, 0, n);
	}
}

static unsigned next(unsigned *state)
{
	return *state = *state * 1664525u + 1013904223u;
}

static void fill(struct item *items, unsigned seed)
{
	for (size_t i = 0; i < N; i++) {
		items[i].price = next(&seed) >> 8;
		snprintf(items[i].name, sizeof(items[i].name), "item-%u", items[i].price % 100000);
	}
}

static unsigned long look_up(const struct item *items)
{
	unsigned long sum = 0;

	for (size_t i = 0; i < N; i++) {
		size_t low = 0, high = N;

		while (low < high) {
			size_t middle = (low + high) / 2;

			if (compare(items[middle].name, items[i].name) < 0)
				low = middle + 1;
			else
				high = middle;
		}
		sum += items[low].price;
	}
	return sum;
}

static void *serve(void *seed)
{
	struct item *items = malloc(N * sizeof(*items));
	unsigned long sum = 0;

	for (unsigned round = 0; items && round < ROUNDS; round++) {
		fill(items, round + *(unsigned *)seed);
		sort(items, N);
		sum += look_up(items);
	}
	free(items);
	return (void *)sum;
}

int main(void)
{
	unsigned seeds[2] = { 1, 2 };
	pthread_t thread;
	void *a, *b;

	if (pthread_create(&thread, NULL, serve, &seeds[1]))
		return 1;
	a = serve(&seeds[0]);
	pthread_join(thread, &b);
	printf("%lu\n", (unsigned long)a + (unsigned long)b);
	return 0;
}
