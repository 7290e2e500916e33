/* Reading back the flame graphs profdata writes: the data block inside SVG and HTML files. */
#ifndef COMMON_FLAME_READ_H
#define COMMON_FLAME_READ_H

#include <profdata/format.h>

/* Is it a page written by profdata? */
enum pd_sniff flame_html_sniff(const struct pd_probe *p);
/* Finds the data block, adds its content to the builder and sees that the file is whole: that it ends with `last` ("</svg>"). */
enum pd_status flame_read(struct pd_source *src, struct pd_sink *sink, const char *last);

#endif
