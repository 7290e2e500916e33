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
#include "common/svg.h"

static enum pd_status svg_write(const struct pd_doc *doc, struct pd_out *out, const struct pd_save_opts *save, const void *opts, struct pd_error *err)
{
	return svg_write_file(doc, out, save, opts, false, err);
}

const struct pd_format pd_format_svg = {
	.name = "svg",
	.summary = "flame graph, interactive, in one self-contained file",
	.suffixes = (const char *const[]){ ".svg", NULL },
	.keeps = PD_KEEPS_INLINES | PD_KEEPS_NEGATIVE | PD_KEEPS_DECIMALS,
	.opts_size = sizeof(struct svg_opts),
	.opts = svg_format_opts,
	.write = svg_write,
};
