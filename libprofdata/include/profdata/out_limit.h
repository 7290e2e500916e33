/*
 * A ceiling for what is written. Stacks share their beginnings in a document,
 * but not in folded stacks and most other text: a small file with deep
 * stacks or long names can become text without end.
 */
#ifndef PROFDATA_OUT_LIMIT_H
#define PROFDATA_OUT_LIMIT_H

#include <profdata/io.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PD_DEFAULT_MAX_OUTPUT ((uint64_t)16 << 30)

/*
 * The output fails (PD_ERR_LIMIT) when more than `most` bytes are written to it, counted before compression; 0: no ceiling,
 * as it is without this call. To be set before the first byte.
 */
PD_API void pd_out_limit(struct pd_out *out, uint64_t most);

#ifdef __cplusplus
}
#endif
#endif
