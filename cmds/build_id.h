/* What tells builds of an object apart. */
#ifndef CMDS_BUILD_ID_H
#define CMDS_BUILD_ID_H

#include <stdint.h>

/* Build id of an object file, or of "[vdso]"; its size, 0 when there is none. */
uint32_t cmd_build_id(const char *path, unsigned char id[20]);

#endif
