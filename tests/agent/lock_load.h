/* What lock_target and its modes that are about load share. Modes return the status to end with. */
#ifndef TESTS_AGENT_LOCK_LOAD_H
#define TESTS_AGENT_LOCK_LOAD_H

#include <time.h>

const struct timespec *in_us(clockid_t clock, long us); /* the thread's own, until the next call: a time from now */

int stress(int threads, double seconds);
int contended(int threads, long rounds);
int alone(void);

#endif
