/*
 * The page of format html. What needs no script stands first and stays for
 * print; the viewer hides it, and draws on a canvas from the data block.
 */
#include "common/escape.h"
#include "common/svg.h"
#include "page_style.h"  /* generated from common/flame/page.css */
#include "page_viewer.h" /* generated from common/flame/ */

struct pd_span svg_page_script(void) { return (struct pd_span){ (const char *)page_viewer, sizeof page_viewer }; }

struct pd_span svg_page_style(void) { return (struct pd_span){ (const char *)page_style, sizeof page_style }; }

bool svg_write_page_part(const struct svg_scene *s, struct pd_out *out)
{
	bool ok;

	pd_out_puts(out, "<div class=\"still\">\n");
	ok = svg_write_picture(s, out);
	pd_out_puts(out, "</svg>\n</div>\n<script type=\"application/json\" id=\"profdata\">");
	ok = ok && svg_write_data(s, out);
	pd_out_puts(out, "</script>\n");
	return ok;
}

bool svg_write_page(const struct svg_scene *s, struct pd_out *out)
{
	const char *title = SVG_TITLE(s->o);
	bool ok;

	pd_out_puts(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"generator\" content=\"profdata ");
	pd_out_puts(out, pd_version());
	pd_out_puts(out, "\">\n<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n<title>");
	esc_xml_text(out, title, strlen(title));
	pd_out_puts(out, "</title>\n<style>\n");
	pd_out_write(out, page_style, sizeof page_style);
	pd_out_puts(out, "</style>\n</head>\n<body class=\"pdfg-page\">\n");
	ok = svg_write_page_part(s, out);
	pd_out_puts(out, "<script>");
	pd_out_write(out, page_viewer, sizeof page_viewer);
	pd_out_puts(out, "</script>\n</body>\n</html>\n");
	return ok;
}
