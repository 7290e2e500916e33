/* Conditions on labels, units of numeric labels, and frames made of labels. */
#ifndef XFORM_TAGS_H
#define XFORM_TAGS_H

#include "model/model.h"
#include "xform/regex.h"
#include <profdata/transform.h>

/*
 * One --tagfocus or --tagignore: "[key=]value". A value that is a range of
 * integers with units (5, 5:, :5, 5:9kb) asks numeric labels, anything else is a
 * comma list of regular expressions over text labels.
 */
struct pd_tag_cond {
	const char *what; /* name of the option, for messages */
	struct pd_span key;
	bool range, has_lo, has_hi;
	double lo, hi;
	char *unit; /* of the range */
	struct pd_rx **rx;
	size_t n_rx;
};

/* NULL with *err on failure. `text` must outlive the condition. */
struct pd_tag_cond *pd_tag_cond_new(const char *what, const char *text, struct pd_error *err);
void pd_tag_cond_free(struct pd_tag_cond *c);
/* Does the label set satisfy it? 1, 0, -1 with *err. */
int pd_tag_cond_match(struct pd_tag_cond *c, const struct pd_doc *doc, const struct pd_label_units *units, pd_labels set, struct pd_error *err);

/* A comma list of label keys that become frames. */
struct pd_tag_keys {
	struct pd_span *key;
	size_t n;
};
bool pd_tag_keys_parse(struct pd_tag_keys *k, const char *text); /* NULL is an empty list; false: out of memory */
void pd_tag_keys_release(struct pd_tag_keys *k);
/*
 * The frame for one key: a function named like the values of the label, "" when
 * the set has none, in a file named like the key. *found is set when it has one.
 */
pd_frame pd_tag_frame(struct pd_builder *b, const struct pd_doc *doc, pd_labels set, struct pd_span key, const char *unit, bool *found);

#endif
