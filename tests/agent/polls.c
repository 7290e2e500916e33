/* Waits in calls that end early when a signal comes, even where its handler restarts calls, and says how often one did. Built without frame pointers: whole stacks can be had from outside. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <time.h>
#include <unistd.h>

int main(void)
{
	struct timespec nap = { 0, 4000000 };
	struct epoll_event e;
	int ended = 0, queue = epoll_create1(0);

	for (int i = 0; i < 150; i++) {
		struct timeval brief = { 0, 4000 };

		for (volatile int k = 0; k < 100000; k++)
			;
		ended += poll(NULL, 0, 4) < 0 && errno == EINTR;
		ended += select(0, NULL, NULL, NULL, &brief) < 0 && errno == EINTR;
		ended += nanosleep(&nap, NULL) < 0 && errno == EINTR;
		ended += epoll_wait(queue, &e, 1, 4) < 0 && errno == EINTR;
	}
	printf("%d calls ended early\n", ended);
	return 0;
}
