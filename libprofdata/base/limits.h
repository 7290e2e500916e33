/* Defaults of struct pd_limits. */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

#include "base/compiler.h"
#include <profdata/base.h>

/* Of compressed input; a plain file has the bytes it expands to, so this default does not apply to it. */
#define PD_DEFAULT_MAX_INPUT ((uint64_t)4 << 30)
/* Expansion that needs no justification by the size of the input. */
#define PD_RATIO_FREE ((uint64_t)64 << 20)

/* A filled copy of `given` (NULL = all defaults); fields a caller of an older version does not have count as zero. */
struct pd_limits pd_limits_copy(const struct pd_limits *given);

#endif
