/* Units inside the library: what the public functions of transform.h build on. */
#ifndef XFORM_UNITS_H
#define XFORM_UNITS_H

#include "base/compiler.h"
#include <profdata/transform.h>

/* Cuts to a whole number as the report arithmetic expects: out of range becomes INT64_MIN. */
int64_t pd_cut_real(double v);
/* Appends |value| / total as pprof prints it, without a leading blank. */
void pd_format_percent_tight(char *buf, size_t n, int64_t value, int64_t total);

#endif
