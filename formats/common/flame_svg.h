/* Flame graphs drawn by others (flamegraph.pl, inferno and their descendants). */
#ifndef COMMON_FLAME_SVG_H
#define COMMON_FLAME_SVG_H

#include <profdata/format.h>

/* `reverse`: the picture was drawn with its stacks reversed; they are turned back. */
enum pd_status flame_svg_read(struct pd_source *src, struct pd_sink *sink, bool reverse);

#endif
