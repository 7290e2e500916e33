/*
 * Events of libxml2's push parser, see xml_read.h. The only user of libxml2,
 * which is loaded when there is XML to read: with the libraries it brings along
 * it would double the time every command takes to start.
 */
#include "common/xml_read.h"

#include "base/span.h"
#include "io/source.h"

#include <dlfcn.h>
#include <libxml/SAX2.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>

#define PIECE ((size_t)64 << 10)
#define MOST_ATTRS 64u /* of one element that are shown to the handler */

#if LIBXML_VERSION >= 21400
#define LIBRARY "libxml2.so.16"
#else
#define LIBRARY "libxml2.so.2"
#endif

/* What of libxml2 is used. */
struct xml_api {
	__typeof__(xmlCreatePushParserCtxt) *create;
	__typeof__(xmlFreeParserCtxt) *free;
	__typeof__(xmlFreeDoc) *free_doc;
	__typeof__(xmlCtxtUseOptions) *use_options;
	__typeof__(xmlParseChunk) *parse;
	__typeof__(xmlStopParser) *stop;
	__typeof__(xmlByteConsumed) *consumed;
	__typeof__(xmlSAX2GetLineNumber) *line;
};

struct pd_xml {
	struct xml_api api;
	struct pd_source *src;
	struct pd_sink *sink;
	const struct pd_xml_handler *h;
	void *ctx;
	xmlParserCtxtPtr parser;
	enum pd_status status;
	uint32_t depth;
};

static struct pd_span of_xml(const xmlChar *s) { return s ? span_of((const char *)s) : (struct pd_span){ "", 0 }; }

/* ---- failing ---- */

static void stop(struct pd_xml *x, enum pd_status status)
{
	if (x->status == PD_OK)
		x->status = status;
	x->api.stop(x->parser);
}

bool pd_xml_fail(struct pd_xml *x, enum pd_status status, const char *fmt, ...)
{
	char text[400];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	if (x->status == PD_OK && x->sink->err->status == PD_OK) {
		pd_fail_at(x->sink, x->src, 0, "%s", text);
		x->sink->err->status = status;
		x->sink->err->has_offset = false;
		x->sink->err->line = (uint64_t)x->api.line(x->parser);
	}
	stop(x, status);
	return false;
}

bool pd_xml_note(struct pd_xml *x, const char *what)
{
	long at = x->api.consumed(x->parser);

	if (x->status == PD_OK && pd_note_at(x->sink, x->src, at > 0 ? (uint64_t)at : 0, what) != PD_OK)
		stop(x, PD_ERR_DATA);
	return x->status == PD_OK;
}

#if LIBXML_VERSION >= 21200
static void on_error(void *ctx, const xmlError *e)
#else
static void on_error(void *ctx, xmlErrorPtr e)
#endif
{
	struct pd_xml *x = ctx;
	struct pd_span text = of_xml((const xmlChar *)e->message);

	if (e->level < XML_ERR_FATAL || x->status != PD_OK)
		return;
	if (e->code == XML_ERR_NO_MEMORY) {
		pd_error_set(x->sink->err, PD_ERR_NOMEM, "out of memory");
		stop(x, PD_ERR_NOMEM);
		return;
	}
	text = span_trim(text);
	pd_xml_fail(x, PD_ERR_DATA, "not well-formed XML: %.*s", (int)(text.n < 300 ? text.n : 300), text.p);
}

/* ---- events ---- */

static void on_start(void *ctx, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri, int n_ns, const xmlChar **ns,
		     int n_attrs, int n_defaulted, const xmlChar **attrs)
{
	struct pd_xml *x = ctx;
	struct pd_xml_attr attr[MOST_ATTRS];
	struct pd_xml_element e = { .name = of_xml(name), .attr = attr };

	(void)prefix;
	(void)uri;
	(void)n_ns;
	(void)ns;
	(void)n_defaulted;
	if (x->status != PD_OK)
		return;
	if (++x->depth > x->sink->limits->max_nesting) {
		pd_xml_fail(x, PD_ERR_LIMIT, "elements nest deeper than %u", x->sink->limits->max_nesting);
		return;
	}
	for (int i = 0; i < n_attrs && e.n_attrs < MOST_ATTRS; i++, attrs += 5) /* name, prefix, namespace, begin and end of the value */
		attr[e.n_attrs++] = (struct pd_xml_attr){ of_xml(attrs[1]), of_xml(attrs[0]),
							  { (const char *)attrs[3], (size_t)(attrs[4] - attrs[3]) } };
	if (!x->h->start(x->ctx, x, &e))
		stop(x, x->sink->err->status);
}

static void on_end(void *ctx, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
	struct pd_xml *x = ctx;

	(void)name;
	(void)prefix;
	(void)uri;
	if (x->status != PD_OK)
		return;
	x->depth--;
	if (!x->h->end(x->ctx, x))
		stop(x, x->sink->err->status);
}

static void on_text(void *ctx, const xmlChar *text, int n)
{
	struct pd_xml *x = ctx;

	if (x->status == PD_OK && n > 0 && !x->h->text(x->ctx, x, (struct pd_span){ (const char *)text, (size_t)n }))
		stop(x, x->sink->err->status);
}

/* An entity that only the document type could know, which is not read: it stays as it is written. */
static void on_reference(void *ctx, const xmlChar *name)
{
	struct pd_span s = of_xml(name);
	char text[80];

	if (s.n && s.p[0] != '#')
		on_text(ctx, (const xmlChar *)text, snprintf(text, sizeof text, "&%.*s;", (int)(s.n < 60 ? s.n : 60), s.p));
}

static void on_entity(void *ctx, const xmlChar *name, int type, const xmlChar *public_id, const xmlChar *system_id, xmlChar *content)
{
	struct pd_span s = of_xml(name);

	(void)type;
	(void)public_id;
	(void)system_id;
	(void)content;
	pd_xml_fail(ctx, PD_ERR_DATA, "declares the entity '%.*s'; entities are not supported", (int)(s.n < 60 ? s.n : 60), s.p);
}

/* ---- reading ---- */

static enum pd_status finish(struct pd_xml *x)
{
	if (x->status == PD_OK && pd_source_status(x->src) != PD_OK) {
		x->status = pd_source_status(x->src);
		if (x->sink->err->status == PD_OK)
			*x->sink->err = *pd_source_error(x->src);
	}
	if (x->status == PD_OK)
		x->api.parse(x->parser, NULL, 0, 1);
	if (x->status == PD_OK && !x->parser->wellFormed)
		pd_xml_fail(x, PD_ERR_DATA, "not well-formed XML");
	return x->status;
}

static void parse(struct pd_xml *x)
{
	xmlSAXHandler sax = { .initialized = XML_SAX2_MAGIC, .startElementNs = on_start, .endElementNs = on_end, .characters = on_text,
			      .cdataBlock = on_text, .entityDecl = on_entity, .reference = on_reference, .serror = on_error };
	struct pd_span w;

	x->parser = x->api.create(&sax, x, NULL, 0, NULL);
	if (!x->parser) {
		x->status = pd_error_set(x->sink->err, PD_ERR_NOMEM, "out of memory");
		return;
	}
	x->api.use_options(x->parser, XML_PARSE_NONET | (x->src->converted ? XML_PARSE_IGNORE_ENC : 0)); /* UTF-16 arrives as UTF-8 */
	while (x->status == PD_OK && (w = pd_source_peek(x->src, 1)).n) {
		size_t n = w.n < PIECE ? w.n : PIECE;

		x->api.parse(x->parser, w.p, (int)n, 0);
		pd_source_consume(x->src, n);
	}
	finish(x);
	if (x->parser->myDoc) /* made for declarations, whatever the handlers */
		x->api.free_doc(x->parser->myDoc);
	x->parser->myDoc = NULL;
	x->api.free(x->parser);
}

/* Once loaded it stays: it has state of its own that does not survive being unloaded while others use it. */
static void *load(struct xml_api *api)
{
	void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
	const struct { void *place; const char *name; } wanted[] = {
		{ &api->create, "xmlCreatePushParserCtxt" }, { &api->free, "xmlFreeParserCtxt" }, { &api->use_options, "xmlCtxtUseOptions" },
		{ &api->parse, "xmlParseChunk" }, { &api->stop, "xmlStopParser" }, { &api->consumed, "xmlByteConsumed" },
		{ &api->line, "xmlSAX2GetLineNumber" }, { &api->free_doc, "xmlFreeDoc" },
	};

	for (size_t i = 0; library && i < PD_ARRAY_LEN(wanted); i++) {
		void *symbol = dlsym(library, wanted[i].name);

		if (!symbol) {
			dlclose(library);
			return NULL;
		}
		memcpy(wanted[i].place, &symbol, sizeof symbol);
	}
	return library;
}

enum pd_status pd_xml_read(struct pd_source *src, struct pd_sink *sink, const struct pd_xml_handler *h, void *ctx)
{
	struct pd_xml x = { .src = src, .sink = sink, .h = h, .ctx = ctx };
	void *library = load(&x.api);

	if (!library) {
		pd_error_set(sink->err, PD_ERR_UNSUPPORTED, "reading XML needs the library " LIBRARY ", which cannot be loaded");
		pd_error_hint(sink->err, "install the package libxml2");
		return PD_ERR_UNSUPPORTED;
	}
	parse(&x);
	dlclose(library);
	return x.status;
}

struct pd_span pd_xml_attr(const struct pd_xml_element *e, const char *prefix, const char *name)
{
	for (unsigned i = 0; i < e->n_attrs; i++)
		if (span_is(e->attr[i].name, name) && span_is(e->attr[i].prefix, prefix))
			return e->attr[i].value;
	return (struct pd_span){ NULL, 0 };
}
