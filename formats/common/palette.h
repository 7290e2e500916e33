/*
 * Colours of flame graphs. A colour depends on the frame alone (name, object,
 * kind), never on where it is drawn, so that it stays the same from picture to
 * picture. Palettes carry the names people know from flamegraph.pl and inferno.
 */
#ifndef COMMON_PALETTE_H
#define COMMON_PALETTE_H

#include "base/compiler.h"
#include <profdata/calltree.h>
#include <profdata/io.h>

struct pd_rgb {
	uint8_t r, g, b;
};

/* Beside enum pd_calltree_flags: the frame belongs to the thread that woke this one ("_[w]"). */
#define PALETTE_WAKER (1u << 7)

enum palette_mode {
	PALETTE_BY_NAME,   /* hash of the whole name */
	PALETTE_BY_HASH,   /* similar names get similar colours */
	PALETTE_BY_RANDOM, /* one number after another, always the same sequence */
};

/* What a colour depends on. */
struct palette_frame {
	struct pd_span name, module;
	struct pd_span written; /* with "_[k]" and its like, where it differs; may be empty */
	unsigned flags;
};

/* Names of all palettes, NULL-terminated; the first one is the default. */
extern const char *const palette_names[];
/* Number of a palette for the calls below; -1 when there is none of that name. */
int palette_named(const char *name);
/* `random` is the state of PALETTE_BY_RANDOM, start it with any number. */
struct pd_rgb palette_color(int palette, enum palette_mode mode, const struct palette_frame *f, uint64_t *random);

/* Takes "_[k]" and its like off a name and tells what they said (enum pd_calltree_flags, PALETTE_WAKER). */
unsigned palette_strip(struct pd_span *name);
/* What a frame belongs to: kernel, package, name space, crate, else its object. May be empty. */
struct pd_span palette_package(const struct palette_frame *f);

/* Colours of a background from top to bottom: a name (yellow blue green grey) or "#rrggbb". False when it is neither. */
bool palette_background_named(const char *name, struct pd_rgb out[2]);
/* Name of the background that goes with a palette; NULL: neutral, follows the reader's light or dark scheme. */
const char *palette_background(int palette);

/* "#rgb", "#rrggbb" or "rgb(r,g,b)". */
bool pd_rgb_parse(struct pd_span s, struct pd_rgb *out);
/* Contrast of two colours after WCAG 2: 1 to 21. */
double pd_rgb_contrast(struct pd_rgb a, struct pd_rgb b);
/* Is text on this colour easier to read in white than in black? */
bool pd_rgb_white_text(struct pd_rgb c);

/*
 * Palette files ("name->rgb(r,g,b)" lines) keep the colours of one picture for
 * the next. Backslash, CR, LF and other control bytes of names are written as
 * \\ \r \n \xNN; the last "->" of a line is the separator, so every name round-trips.
 */
struct palette_map;
struct palette_map *palette_map_new(void);
void palette_map_free(struct palette_map *m);
enum pd_status palette_map_read(struct palette_map *m, struct pd_source *src, struct pd_error *err);
bool palette_map_get(const struct palette_map *m, struct pd_span name, struct pd_rgb *out);
/* False when out of memory. */
bool palette_map_add(struct palette_map *m, struct pd_span name, struct pd_rgb c);
/* Something was added since reading? */
bool palette_map_changed(const struct palette_map *m);
/* Sorted by name. */
void palette_map_write(const struct palette_map *m, struct pd_out *out);

#endif
