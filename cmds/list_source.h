/* Source files named in profiles: where they are on this machine, line by line. */
#ifndef CMDS_LIST_SOURCE_H
#define CMDS_LIST_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/*
 * What follows a trimmed prefix: one of the prefixes in `trim` (separated by ':'), or, without `trim`, everything up to
 * "/NAME/" where NAME is the last part of a folder in `search`. Points into `path`.
 */
const char *source_trim(const char *path, const char *trim, const char *search);
/*
 * Opens a source file: an absolute name as it is, another one below each folder in `search` and the folders above it.
 * Only regular files, because names come from the profile. NULL with the reason in `why`.
 */
FILE *source_open(const char *path, const char *trim, const char *search, char *why, size_t room);

#endif
