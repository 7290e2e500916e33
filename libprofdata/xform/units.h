/* Units inside the library: what the public functions of transform.h build on. */
#ifndef XFORM_UNITS_H
#define XFORM_UNITS_H

#include "base/compiler.h"
#include <profdata/transform.h>

/* Cuts to a whole number as the report arithmetic expects: out of range becomes INT64_MIN. */
int64_t pd_cut_real(double v);

#endif
