/* Writer of the speedscope format; see formats/speedscope.c for how it looks. */
#ifndef COMMON_SPEEDSCOPE_WRITE_H
#define COMMON_SPEEDSCOPE_WRITE_H

#include <profdata/format.h>

struct pd_speedscope_opts {
	const char *name;  /* title of the file */
	const char *lines; /* "auto", "yes", "no"; NULL = auto */
};

enum pd_status pd_speedscope_write(const struct pd_doc *doc, struct pd_out *out, const struct pd_save_opts *save, const void *opts,
				   struct pd_error *err);

#endif
