/* The facts sniffers look at. */
#ifndef FORMAT_PROBE_H
#define FORMAT_PROBE_H

#include "base/compiler.h"
#include <profdata/format.h>

/* Works out everything in `p` from a head of the input. */
void pd_probe_init(struct pd_probe *p, struct pd_span head, bool at_end);

#endif
