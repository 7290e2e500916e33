/* What reports over single samples share (traces, tags, raw, comments): one profile and the selection on it. */
#ifndef CMDS_SAMPLES_H
#define CMDS_SAMPLES_H

#include "report_common.h"

struct samples {
	struct report r;              /* doc: selection applied; may be used with report_profile_lines() and report_value() */
	struct pd_doc *all;           /* nothing selected */
	struct pd_label_units *units; /* of `all` */
};

/*
 * Loads the operands (one as it is, several merged as pprof does), applies the selection and works out the total.
 * Status 0, or 2 after printing the error; samples_close() in both cases.
 */
int samples_open(struct cmd_ctx *ctx, struct samples *s, const struct cmd_input *in, const struct cmd_select *select,
		 const struct cmd_report *opts, char **operands, size_t n);
void samples_close(struct samples *s);

/* Texts on the heap that are made first and sorted before they are printed: the lines of one sample's labels. */
struct texts {
	char **v;
	size_t n, room;
};
/* Takes `text`; false when it is NULL or there is no memory. */
bool texts_add(struct texts *t, char *text);
void texts_sort(struct texts *t);
/* Frees the texts, keeps the room. */
void texts_clear(struct texts *t);
void texts_release(struct texts *t);

#endif
