/*
 * Text from the input on its way out. Every string that came from a profile
 * passes through the function named after the place it lands in; a raw write
 * of one is a bug even when it happens to work.
 *
 * For every target: invalid UTF-8 becomes U+FFFD (one per maximal broken part,
 * as browsers do), and no C0 control is ever copied.
 */
#ifndef COMMON_ESCAPE_H
#define COMMON_ESCAPE_H

#include "base/compiler.h"
#include <profdata/io.h>

/* Between tags. & < > by name; controls XML 1.0 forbids become U+FFFD. Tab and line feed stay. */
void esc_xml_text(struct pd_out *out, const char *p, size_t n);
/* Would it go out as it is? Says no to all that is not ASCII. */
bool esc_xml_text_plain(const char *p, size_t n);
/* Between either kind of quotes of an attribute. Also " ' by name, tab and line ends by number, so that they survive parsing. */
void esc_xml_attr(struct pd_out *out, const char *p, size_t n);
/* Between the quotes of a JSON string. */
void esc_json(struct pd_out *out, const char *p, size_t n);
/* With the quotes; quick for short text that needs no escaping. */
void esc_json_quoted(struct pd_out *out, const char *p, size_t n);
/*
 * Between double or single quotes of a JavaScript string inside <script>, in HTML and in SVG
 * (with or without CDATA): as JSON, and < > & ' U+2028 U+2029 as \u escapes. The result is valid JSON too.
 */
void esc_js_in_script(struct pd_out *out, const char *p, size_t n);
/* For people's eyes: controls (C0, DEL, C1) as \xNN, line ends and tabs as \n \r \t, characters that reorder text as \u{202e}. A backslash stays, so this cannot be undone. */
void esc_terminal(struct pd_out *out, const char *p, size_t n);

/*
 * One character of UTF-8. Returns how many bytes it takes (at least 1, at most n; n > 0)
 * and sets *cp; a broken part gives U+FFFD and *valid = false.
 */
size_t esc_utf8_next(const char *p, size_t n, uint32_t *cp, bool *valid);
/* Writes a code point (surrogates and beyond U+10FFFF as U+FFFD) to `out` (room for 4), returns the bytes written. */
size_t esc_utf8_put(char *out, uint32_t cp);
/* Is every byte part of a valid character? */
bool esc_utf8_valid(const char *p, size_t n);
/* Length of the ASCII prefix; looks at 8 bytes at a time. */
size_t esc_ascii_prefix(const char *p, size_t n);

#endif
