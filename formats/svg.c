/*
 * svg - an interactive flame graph in one self-contained file.
 *
 *   <svg ...><title/><style/>  static picture, right without JavaScript
 *   <metadata>{"schema":"profdata.flamegraph/1", ... ,"tree":[...]}</metadata>
 *   <script>                   the viewer, the same bytes in every file
 *   </svg>
 *
 * The data block holds the tree with exact values, so the picture can be drawn
 * again at any zoom and the file can be read back. No DTD, no event handler
 * attributes, nothing fetched, no text of the input inside the script.
 */
#include "base/span.h"
#include "common/flame_read.h"
#include "common/flame_svg.h"
#include "common/svg.h"

/* What ends a declaration, comment or document type at the start of *s; NULL when something else stands there. */
static const char *end_mark(struct pd_span s)
{
	const char *subset, *end;

	if (span_starts(s, "<?"))
		return "?>";
	if (span_starts(s, "<!--"))
		return "-->";
	if (!span_starts(s, "<!"))
		return NULL;
	subset = span_find(s, '[');
	end = span_find(s, '>');
	return subset && end && subset < end ? "]>" : ">";
}

/* The first tag of the document; MORE when the head ends before it. */
static enum pd_sniff root_tag(struct pd_span head, struct pd_span *tag)
{
	struct pd_span s = head;
	const char *end, *mark;

	span_eat(&s, "\xef\xbb\xbf");
	for (s = span_ltrim(s); (mark = end_mark(s)); s = span_ltrim(span_between(end + strlen(mark), s.p + s.n)))
		if (!(end = span_search(s, span_of(mark))))
			return PD_SNIFF_MORE;
	*tag = s;
	end = span_find(s, '>');
	if (end)
		*tag = span_between(s.p, end);
	return span_eat(&s, "<svg") && (!s.n || span_is_blank(s.p[0]) || s.p[0] == '>') ? PD_SNIFF_MAGIC : PD_SNIFF_NO;
}

static enum pd_sniff svg_sniff(const struct pd_probe *p)
{
	struct pd_span tag;
	enum pd_sniff level = p->is_text ? root_tag(p->head, &tag) : PD_SNIFF_NO;

	return level == PD_SNIFF_MORE && p->at_end ? PD_SNIFF_NO : level;
}

static enum pd_status svg_read(struct pd_source *src, struct pd_sink *sink, const void *opts)
{
	const struct svg_opts *o = opts;

	struct pd_span tag;

	/* the mark of our own stands in the first tag */
	if (root_tag(pd_source_peek(src, 4096), &tag) == PD_SNIFF_MAGIC && span_search(tag, span_of(" class=\"pdfg")))
		return flame_read(src, sink, "</svg>");
	if (root_tag(pd_source_peek(src, 4096), &tag) == PD_SNIFF_MAGIC && span_search(tag, span_of(" class=\"pdhm\""))) {
		pd_fail(sink, src, "this is a heat map, which holds counts of samples and no stacks");
		pd_error_hint(sink->err, "read what it was drawn from; its data block names the command");
		return sink->err->status;
	}
	return flame_svg_read(src, sink, o->reverse);
}

static enum pd_status svg_write(const struct pd_doc *doc, struct pd_out *out, const struct pd_save_opts *save, const void *opts, struct pd_error *err)
{
	return svg_write_file(doc, out, save, opts, false, err);
}

const struct pd_format pd_format_svg = {
	.name = "svg",
	.summary = "flame graph, interactive, in one self-contained file",
	.suffixes = (const char *const[]){ ".svg", NULL },
	.keeps = PD_KEEPS_LABELS | PD_KEEPS_TIME | PD_KEEPS_INLINES | PD_KEEPS_TYPES | PD_KEEPS_SERIES | PD_KEEPS_NEGATIVE | PD_KEEPS_DECIMALS |
		 PD_KEEPS_HEADER | PD_KEEPS_SYSTEM_NAMES,
	.opts_size = sizeof(struct svg_opts),
	.opts = svg_format_opts,
	.sniff = svg_sniff,
	.read = svg_read,
	.write = svg_write,
	.script = svg_script,
};
