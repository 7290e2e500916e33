/* Helpers behind the public error functions. `err` may be NULL everywhere. */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include "base/compiler.h"
#include <profdata/base.h>
#include <stdarg.h>

enum pd_status pd_error_vset(struct pd_error *err, enum pd_status status, const char *fmt, va_list ap) PD_PRINTF(3, 0);

/* Names the input or output of a recorded error, unless it has a name. */
void pd_error_path(struct pd_error *err, const char *path);

/* "what: No such file or directory" from an errno value; PD_ERR_NOMEM for ENOMEM, else PD_ERR_IO. */
enum pd_status pd_error_errno(struct pd_error *err, int errnum, const char *what);

/* Records "out of memory"; returns PD_ERR_NOMEM. */
enum pd_status pd_error_nomem(struct pd_error *err);

/* `n` bytes as people write them: "4 GiB", "1.5 MiB", "17 bytes". Returns buf. */
const char *pd_size_text(char *buf, size_t size, uint64_t n);

#endif
