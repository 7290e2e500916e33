#include "common/json_write.h"
#include "common/escape.h"
#include <assert.h>
#include <math.h>

/* ---- numbers as text ---- */

size_t pd_put_u64(char *out, uint64_t v)
{
	static const char pairs[] = "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
				    "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
				    "8081828384858687888990919293949596979899";
	static const uint64_t power[20] = {
		0, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000, 10000000000, 100000000000, 1000000000000, 10000000000000,
		100000000000000, 1000000000000000, 10000000000000000, 100000000000000000, 1000000000000000000, 10000000000000000000u,
	};
	unsigned guess, n, at;

	if (v < 10) {
		*out = (char)('0' + v);
		return 1;
	}
	guess = (64 - pd_clz64(v)) * 1233 >> 12; /* bits × log10(2): right, or one too many */
	n = at = guess + (v >= power[guess]);
	while (v >= 100) {
		at -= 2;
		memcpy(out + at, pairs + 2 * (v % 100), 2);
		v /= 100;
	}
	if (v >= 10)
		memcpy(out, pairs + 2 * v, 2);
	else
		*out = (char)('0' + v);
	return n;
}

size_t pd_put_hex(char *out, uint64_t v)
{
	unsigned n = (64 - pd_clz64(v | 1) + 3) / 4;

	for (unsigned i = n; i-- > 0; v >>= 4)
		out[i] = "0123456789abcdef"[v & 15];
	return n;
}

size_t pd_put_i64(char *out, int64_t v)
{
	if (v >= 0)
		return pd_put_u64(out, (uint64_t)v);
	*out = '-';
	return 1 + pd_put_u64(out + 1, 0 - (uint64_t)v);
}

size_t pd_put_decimal(char *out, int64_t v, unsigned decimals)
{
	uint64_t abs = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
	char digit[20];
	size_t n, at = 0;

	while (decimals && abs % 10 == 0) {
		abs /= 10;
		decimals = abs ? decimals - 1 : 0;
	}
	n = pd_put_u64(digit, abs);
	if (v < 0)
		out[at++] = '-';
	if (!decimals) {
		memcpy(out + at, digit, n);
		return at + n;
	}
	if (n <= decimals) {
		out[at++] = '0';
		out[at++] = '.';
		memset(out + at, '0', decimals - n);
		at += decimals - n;
		memcpy(out + at, digit, n);
		return at + n;
	}
	memcpy(out + at, digit, n - decimals);
	at += n - decimals;
	out[at++] = '.';
	memcpy(out + at, digit + n - decimals, decimals);
	return at + decimals;
}

size_t pd_put_real(char *out, double v)
{
	char text[40];
	int n = 0;

	if (v == floor(v) && fabs(v) < 1e15)
		return pd_put_i64(out, (int64_t)v);
	for (int digits = 15; digits <= 17; digits++) {
		n = snprintf(text, sizeof(text), "%.*g", digits, v);
		if (strtod(text, NULL) == v)
			break;
	}
	for (int i = 0; i < n; i++) /* the host program may have set a locale with a decimal comma */
		out[i] = memchr("0123456789+-einfa", text[i], 17) ? text[i] : '.';
	return (size_t)n;
}

/* ---- structure ---- */

static void line_break(struct pd_jsonw *w, unsigned depth)
{
	pd_out_write(w->out, "\n", 1);
	for (unsigned i = 0; i < depth; i++)
		pd_out_write(w->out, "\t", 1);
}

static void write_text(struct pd_jsonw *w, const char *text, size_t n)
{
	pd_out_write(w->out, "\"", 1);
	(w->in_script ? esc_js_in_script : esc_json)(w->out, text, n);
	pd_out_write(w->out, "\"", 1);
}

/* Comma, line break and key before a value. */
static void before(struct pd_jsonw *w, const char *key, size_t n)
{
	uint64_t bit = 1ull << w->depth;

	if (w->depth == 0 || (!key && !(w->array & bit)))
		return; /* the top, or the value after pd_jsonw_key() */
	assert(!key == !!(w->array & bit));
	if (w->filled & bit)
		pd_out_write(w->out, ",", 1);
	w->filled |= bit;
	if (w->depth <= w->broken)
		line_break(w, w->depth);
	if (key) {
		write_text(w, key, n);
		pd_out_write(w->out, ":", 1);
	}
}

static void scalar(struct pd_jsonw *w, const char *key, const char *text, size_t n)
{
	before(w, key, key ? strlen(key) : 0);
	pd_out_write(w->out, text, n);
}

static void open_container(struct pd_jsonw *w, const char *key, bool array)
{
	uint64_t bit;

	scalar(w, key, array ? "[" : "{", 1);
	assert(w->depth + 1 < PD_JSONW_DEPTH);
	bit = 1ull << ++w->depth;
	w->filled &= ~bit;
	w->array = array ? w->array | bit : w->array & ~bit;
}

void pd_jsonw_init(struct pd_jsonw *w, struct pd_out *out, unsigned broken)
{
	*w = (struct pd_jsonw){ .out = out, .broken = broken };
}

void pd_jsonw_finish(struct pd_jsonw *w)
{
	assert(w->depth == 0);
	pd_out_write(w->out, "\n", 1);
}

void pd_jsonw_object(struct pd_jsonw *w, const char *key)
{
	open_container(w, key, false);
}

void pd_jsonw_array(struct pd_jsonw *w, const char *key)
{
	open_container(w, key, true);
}

void pd_jsonw_end(struct pd_jsonw *w)
{
	uint64_t bit = 1ull << w->depth;

	assert(w->depth > 0);
	w->depth--;
	if ((w->filled & bit) && w->depth < w->broken)
		line_break(w, w->depth);
	pd_out_write(w->out, w->array & bit ? "]" : "}", 1);
}

void pd_jsonw_raw(struct pd_jsonw *w, const char *key, const char *text, size_t n)
{
	scalar(w, key, text, n);
}

void pd_jsonw_key(struct pd_jsonw *w, const char *key, size_t n)
{
	before(w, key, n);
}

void pd_jsonw_string(struct pd_jsonw *w, const char *key, const char *text, size_t n)
{
	before(w, key, key ? strlen(key) : 0);
	write_text(w, text, n);
}

void pd_jsonw_text(struct pd_jsonw *w, const char *key, const char *text)
{
	pd_jsonw_string(w, key, text, strlen(text));
}

void pd_jsonw_i64(struct pd_jsonw *w, const char *key, int64_t v)
{
	char text[24];

	scalar(w, key, text, pd_put_i64(text, v));
}

void pd_jsonw_u64(struct pd_jsonw *w, const char *key, uint64_t v)
{
	char text[24];

	scalar(w, key, text, pd_put_u64(text, v));
}

void pd_jsonw_decimal(struct pd_jsonw *w, const char *key, int64_t v, unsigned decimals)
{
	char text[300];

	scalar(w, key, text, pd_put_decimal(text, v, decimals < 256 ? decimals : 255));
}

void pd_jsonw_real(struct pd_jsonw *w, const char *key, double v)
{
	char text[40];

	if (!isfinite(v))
		pd_jsonw_null(w, key);
	else
		scalar(w, key, text, pd_put_real(text, v));
}

void pd_jsonw_bool(struct pd_jsonw *w, const char *key, bool v)
{
	scalar(w, key, v ? "true" : "false", v ? 4 : 5);
}

void pd_jsonw_null(struct pd_jsonw *w, const char *key)
{
	scalar(w, key, "null", 4);
}
