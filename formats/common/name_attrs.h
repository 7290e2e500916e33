/*
 * Attributes for the boxes of particular functions, in the file format of
 * flamegraph.pl: a line per function, "name<TAB>attribute=value<TAB>...".
 * href, title, class, id and target are known; links may be http, https, file,
 * relative or a fragment. Anything else is refused with its line.
 */
#ifndef COMMON_NAME_ATTRS_H
#define COMMON_NAME_ATTRS_H

#include "base/compiler.h"
#include <profdata/io.h>

enum name_attr_kind { NAME_ATTR_HREF, NAME_ATTR_TITLE, NAME_ATTR_CLASS, NAME_ATTR_ID, NAME_ATTR_TARGET, NAME_ATTRS };

struct name_attr {
	struct pd_span name;
	struct pd_span value[NAME_ATTRS]; /* p == NULL: not given */
};

/* As they are called: "href", ... */
extern const char *const name_attr_words[NAME_ATTRS];

struct name_attrs;
struct name_attrs *name_attrs_new(void);
void name_attrs_free(struct name_attrs *a); /* NULL is fine */
enum pd_status name_attrs_read(struct name_attrs *a, struct pd_source *src, struct pd_error *err);
/* NULL when the file says nothing about the name. */
const struct name_attr *name_attrs_get(const struct name_attrs *a, struct pd_span name);
/* Where a link may lead. */
bool name_attr_link(struct pd_span href);

#endif
