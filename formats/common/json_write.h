/*
 * Streaming JSON writer. Lives on the caller's stack, allocates nothing; what
 * fails is the output, which remembers it. Calls that make no sense (a key in
 * an array, an end too many) are bugs of the caller: assert.
 *
 *	struct pd_jsonw w;
 *	pd_jsonw_init(&w, out, 2);
 *	pd_jsonw_object(&w, NULL);
 *	pd_jsonw_string(&w, "name", "main", 4);
 *	pd_jsonw_end(&w);
 *	pd_jsonw_finish(&w);
 */
#ifndef COMMON_JSON_WRITE_H
#define COMMON_JSON_WRITE_H

#include "base/compiler.h"
#include <profdata/io.h>

#define PD_JSONW_DEPTH 64

struct pd_jsonw {
	struct pd_out *out;
	unsigned depth, broken; /* containers deeper than `broken` stay on one line */
	uint64_t array, filled; /* per level: is it an array, has it members */
	bool in_script;         /* strings pass esc_js_in_script instead of esc_json */
};

/* `broken`: how many levels of containers get a line per member, indented by tabs; 0 = all on one line. */
void pd_jsonw_init(struct pd_jsonw *w, struct pd_out *out, unsigned broken);
/* All containers must be closed; writes a line feed. */
void pd_jsonw_finish(struct pd_jsonw *w);

/* `key` is NULL at the top and inside arrays; it is a literal of the format, never text from an input. */
void pd_jsonw_object(struct pd_jsonw *w, const char *key);
void pd_jsonw_array(struct pd_jsonw *w, const char *key);
void pd_jsonw_end(struct pd_jsonw *w);
void pd_jsonw_string(struct pd_jsonw *w, const char *key, const char *text, size_t n);
void pd_jsonw_text(struct pd_jsonw *w, const char *key, const char *text); /* zero-terminated */
void pd_jsonw_i64(struct pd_jsonw *w, const char *key, int64_t v);
void pd_jsonw_u64(struct pd_jsonw *w, const char *key, uint64_t v);
/* Exactly v / 10^decimals, without trailing zeros. */
void pd_jsonw_decimal(struct pd_jsonw *w, const char *key, int64_t v, unsigned decimals);
/* Shortest text that reads back as the same double; NaN and infinities as null. */
void pd_jsonw_real(struct pd_jsonw *w, const char *key, double v);
void pd_jsonw_bool(struct pd_jsonw *w, const char *key, bool v);
void pd_jsonw_null(struct pd_jsonw *w, const char *key);
/* JSON text the caller made, as it is. */
void pd_jsonw_raw(struct pd_jsonw *w, const char *key, const char *text, size_t n);
/* A member whose key comes from the input: the value follows by a call with key NULL. */
void pd_jsonw_key(struct pd_jsonw *w, const char *key, size_t n);

/* Decimal digits of `v` into `out` (room for 21), no terminating zero. Returns their number. */
size_t pd_put_i64(char *out, int64_t v);
size_t pd_put_u64(char *out, uint64_t v);
/* Hexadecimal, without 0x; room for 16. */
size_t pd_put_hex(char *out, uint64_t v);
/* v / 10^decimals exactly, without trailing zeros: "-0.125". Room for 21 + 257. */
size_t pd_put_decimal(char *out, int64_t v, unsigned decimals);
/* Shortest decimal text of a finite double; room for 32. Independent of the locale. */
size_t pd_put_real(char *out, double v);

#endif
