/* Writing folded stacks: folded.c says what the lines look like. */
#ifndef COMMON_FOLDED_WRITE_H
#define COMMON_FOLDED_WRITE_H

#include <profdata/format.h>

struct pd_folded_style {
	const char *annotate; /* kinds of frames that are marked: "kernel,jit,inline"; NULL: none */
	const char *root;     /* label whose value is the root frame, "" for none; NULL: the profile's own */
};

enum pd_status pd_folded_write(const struct pd_doc *doc, struct pd_out *out, const struct pd_save_opts *save, const struct pd_folded_style *style, struct pd_error *err);

#endif
