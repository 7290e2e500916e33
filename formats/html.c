/*
 * html - an interactive flame graph as a self-contained page. The data block is
 * that of format svg, drawn on a canvas: more boxes, views, groups and filters.
 */
#include "common/flame_read.h"
#include "common/svg.h"

static enum pd_status html_read(struct pd_source *src, struct pd_sink *sink, const void *opts)
{
	(void)opts;
	return flame_read(src, sink, "</html>");
}

static enum pd_status html_write(const struct pd_doc *doc, struct pd_out *out, const struct pd_save_opts *save, const void *opts, struct pd_error *err)
{
	return svg_write_file(doc, out, save, opts, true, err);
}

const struct pd_format pd_format_html = {
	.name = "html",
	.summary = "flame graph, interactive, as a self-contained page",
	.suffixes = (const char *const[]){ ".html", ".htm", NULL },
	.keeps = PD_KEEPS_LABELS | PD_KEEPS_TIME | PD_KEEPS_INLINES | PD_KEEPS_TYPES | PD_KEEPS_SERIES | PD_KEEPS_NEGATIVE | PD_KEEPS_DECIMALS |
		 PD_KEEPS_HEADER | PD_KEEPS_SYSTEM_NAMES,
	.opts_size = sizeof(struct svg_opts),
	.opts = svg_format_opts,
	.sniff = flame_html_sniff,
	.read = html_read,
	.write = html_write,
	.script = svg_page_script,
};
