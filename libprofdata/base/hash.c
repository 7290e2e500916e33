#include "base/hash.h"

#include <pthread.h>
#include <sys/random.h>
#include <unistd.h>

static uint64_t process_key;

static void draw_key(void)
{
	if (getrandom(&process_key, sizeof process_key, GRND_NONBLOCK) != (ssize_t)sizeof process_key) {
		struct timespec now;

		clock_gettime(CLOCK_REALTIME, &now);
		process_key = pd_hash_u64((uint64_t)getpid(), (uint64_t)now.tv_nsec, (uint64_t)now.tv_sec);
	}
}

uint64_t pd_hash_key(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, draw_key);
	return process_key;
}
