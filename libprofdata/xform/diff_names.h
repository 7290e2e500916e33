/* Names without what changes from build to build. */
#ifndef XFORM_DIFF_NAMES_H
#define XFORM_DIFF_NAMES_H

#include "base/compiler.h"
#include <profdata/diff.h>

/*
 * Writes `name` under the rules up to `upto`, without those of the set `without`, into buf (room for name.n
 * bytes: no rule makes a name longer). Returns the length.
 */
size_t pd_diff_plain_name(struct pd_span name, enum pd_diff_rule upto, uint32_t without, char *buf);

#endif
