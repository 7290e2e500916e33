/*
 * Allocation that fails on call n. Programs that use it are linked with --wrap
 * for the functions below (see tests/CMakeLists.txt), so that only calls of the
 * library fail, not those of the C library.
 */
#ifndef SUPPORT_FAILING_ALLOC_H
#define SUPPORT_FAILING_ALLOC_H

#include <stdbool.h>

/* Counts from 1; call `n` fails, 0 = none; with `all_after` every later one too. */
void failing_alloc_arm(unsigned long n, bool all_after);
/* Stops failing; returns how many calls there were since arming. */
unsigned long failing_alloc_disarm(void);
/* Blocks allocated minus blocks freed since the program started. */
long failing_alloc_live(void);

#endif
