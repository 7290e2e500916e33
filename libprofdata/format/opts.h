/* Options of formats. */
#ifndef FORMAT_OPTS_H
#define FORMAT_OPTS_H

#include <profdata/format.h>

/* A zeroed options struct filled from "key=value" words; NULL after recording the error. */
void *pd_format_opts(const struct pd_format *f, const char *const *kv, struct pd_error *err);
void pd_format_opts_free(const struct pd_format *f, void *opts);

#endif
