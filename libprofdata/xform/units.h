/* Units inside the library: what the public functions of transform.h build on. */
#ifndef XFORM_UNITS_H
#define XFORM_UNITS_H

#include "base/compiler.h"
#include <profdata/transform.h>

/* Cuts to a whole number as the report arithmetic expects: out of range becomes INT64_MIN. */
int64_t pd_cut_real(double v);

/* How many `fine` make one `coarse`; false unless both are of one family (or equal) and the ratio is a whole number. */
bool pd_unit_ratio(const char *coarse, const char *fine, int64_t *times);

#endif
