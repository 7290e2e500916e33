/*
 * XML from a source, as events. Bounded and deaf to the outside: nothing is
 * fetched, no entity but the five of XML is known (declaring one is an error),
 * a DOCTYPE is skipped, nesting has a limit, and only one token is held.
 *
 *	static const struct pd_xml_handler h = { on_start, on_end, on_text };
 *	status = pd_xml_read(src, sink, &h, ctx);
 *
 * Events return false to stop after pd_xml_fail() or a lack of memory.
 */
#ifndef COMMON_XML_READ_H
#define COMMON_XML_READ_H

#include "base/compiler.h"
#include <profdata/format.h>

struct pd_xml;

struct pd_xml_attr {
	struct pd_span prefix, name; /* "fg" and "x" of fg:x */
	struct pd_span value;        /* "&amp;" and the like may stand unresolved in it: for numbers and ids */
};

struct pd_xml_element {
	struct pd_span name;         /* without its prefix */
	const struct pd_xml_attr *attr;
	unsigned n_attrs;
};

/* Spans are valid during the call. Text comes in pieces of any size; CDATA counts as text. */
struct pd_xml_handler {
	bool (*start)(void *ctx, struct pd_xml *x, const struct pd_xml_element *e);
	bool (*end)(void *ctx, struct pd_xml *x);
	bool (*text)(void *ctx, struct pd_xml *x, struct pd_span piece);
};

enum pd_status pd_xml_read(struct pd_source *src, struct pd_sink *sink, const struct pd_xml_handler *h, void *ctx);

/* Records what is wrong at the current line; returns false. */
bool pd_xml_fail(struct pd_xml *x, enum pd_status status, const char *fmt, ...) PD_PRINTF(3, 4);
/* Counts an oddity; false when it became an error. */
bool pd_xml_note(struct pd_xml *x, const char *what);
/* Value of an attribute without prefix ("" in C) or with the one given; NULL pointer in the span when absent. */
struct pd_span pd_xml_attr(const struct pd_xml_element *e, const char *prefix, const char *name);

#endif
