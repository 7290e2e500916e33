/* Machine output: a streaming JSON writer and CSV fields; and text made safe to print. */
#include "cli.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NESTING 32

struct cmd_json {
	struct pd_out *out;
	unsigned depth;
	struct {
		char close;
		bool used; /* has an element: the next one needs a comma */
	} level[NESTING];
};

/* ---- text ---- */

/* Length of the UTF-8 sequence at p, 0 when it is not one (overlong, surrogate, past U+10FFFF, cut). */
static size_t utf8_length(const unsigned char *p, size_t n)
{
	size_t len = p[0] < 0x80 ? 1 : p[0] >= 0xc2 && p[0] < 0xe0 ? 2 : p[0] >= 0xe0 && p[0] < 0xf0 ? 3 : p[0] >= 0xf0 && p[0] < 0xf5 ? 4 : 0;

	if (len == 0 || len > n)
		return 0;
	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	}
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] >= 0xa0) || (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] >= 0x90))
		return 0;
	return len;
}

/* C0, DEL, and the C1 controls that terminals obey in UTF-8 too. */
static bool is_control_byte(const unsigned char *p, size_t len)
{
	return (len == 1 && (p[0] < 0x20 || p[0] == 0x7f)) || (len == 2 && p[0] == 0xc2 && p[1] < 0xa0);
}

static size_t escape(char *buf, size_t n, unsigned c)
{
	if (c == '\n' || c == '\t')
		return (size_t)snprintf(buf, n, "\\%c", c == '\n' ? 'n' : 't');
	return (size_t)snprintf(buf, n, "\\x%02x", c);
}

const char *cmd_printable(char *buf, size_t n, struct pd_span s)
{
	const unsigned char *p = (const unsigned char *)s.p, *end = p + s.n;
	size_t used = 0;

	while (p < end) {
		size_t len = utf8_length(p, (size_t)(end - p));
		char escaped[8];
		const char *from = (const char *)p;
		size_t take = len ? len : 1;

		if (len == 0) {
			from = "\xef\xbf\xbd"; /* U+FFFD */
			len = 3;
		} else if (is_control_byte(p, len)) {
			len = escape(escaped, sizeof(escaped), len == 2 ? p[1] : p[0]);
			from = escaped;
		}
		if (used + len + 1 > n)
			break;
		memcpy(buf + used, from, len);
		used += len;
		p += take;
	}
	if (n)
		buf[used] = 0;
	return buf;
}

/* ---- JSON ---- */

struct cmd_json *cmd_json_new(struct pd_out *out)
{
	struct cmd_json *j = calloc(1, sizeof(*j));

	if (j)
		j->out = out;
	else
		pd_out_fail(out, PD_ERR_NOMEM, "out of memory");
	return j;
}

void cmd_json_free(struct cmd_json *j)
{
	if (!j)
		return;
	while (j->depth)
		cmd_json_end(j);
	pd_out_write(j->out, "\n", 1);
	free(j);
}

static void write_string(struct pd_out *out, const char *text, size_t n)
{
	const unsigned char *p = (const unsigned char *)text, *end = p + n, *plain = p;
	char escaped[8];

	pd_out_write(out, "\"", 1);
	while (p < end) {
		size_t len = *p >= 0x80 ? utf8_length(p, (size_t)(end - p)) : 1;

		if (len && *p >= 0x20 && *p != '"' && *p != '\\' && *p != 0x7f) {
			p += len;
			continue;
		}
		pd_out_write(out, plain, (size_t)(p - plain));
		if (len == 0)
			pd_out_write(out, "\xef\xbf\xbd", 3);
		else if (*p == '"' || *p == '\\')
			pd_out_write(out, escaped, (size_t)snprintf(escaped, sizeof(escaped), "\\%c", *p));
		else
			pd_out_write(out, escaped, (size_t)snprintf(escaped, sizeof(escaped), "\\u%04x", *p));
		plain = ++p;
	}
	pd_out_write(out, plain, (size_t)(p - plain));
	pd_out_write(out, "\"", 1);
}

/* The comma, the line break where one helps people and diff, and the key. NULL `j` is fine everywhere: out of memory was reported. */
static bool element(struct cmd_json *j, const char *key)
{
	if (!j)
		return false;
	if (j->depth) {
		if (j->level[j->depth - 1].used)
			pd_out_write(j->out, ",", 1);
		j->level[j->depth - 1].used = true;
		if (j->depth <= 2)
			pd_out_write(j->out, "\n", 1);
	}
	if (key) {
		write_string(j->out, key, strlen(key));
		pd_out_write(j->out, ":", 1);
	}
	return true;
}

static void open_level(struct cmd_json *j, const char *key, char open, char close)
{
	if (!element(j, key) || j->depth == NESTING)
		return;
	pd_out_write(j->out, &open, 1);
	j->level[j->depth].close = close;
	j->level[j->depth].used = false;
	j->depth++;
}

void cmd_json_object(struct cmd_json *j, const char *key)
{
	open_level(j, key, '{', '}');
}

void cmd_json_array(struct cmd_json *j, const char *key)
{
	open_level(j, key, '[', ']');
}

void cmd_json_end(struct cmd_json *j)
{
	if (!j || !j->depth)
		return;
	j->depth--;
	if (j->depth < 2 && j->level[j->depth].used)
		pd_out_write(j->out, "\n", 1);
	pd_out_write(j->out, &j->level[j->depth].close, 1);
}

void cmd_json_string(struct cmd_json *j, const char *key, const char *text, size_t n)
{
	if (!element(j, key))
		return;
	if (text)
		write_string(j->out, text, n);
	else
		pd_out_puts(j->out, "null");
}

void cmd_json_name(struct cmd_json *j, const char *key, const char *name)
{
	if (j && !name)
		pd_out_fail(j->out, PD_ERR_NOMEM, "out of memory");
	cmd_json_string(j, key, name, name ? strlen(name) : 0);
}

void cmd_json_int(struct cmd_json *j, const char *key, int64_t v)
{
	char buf[24];

	if (element(j, key))
		pd_out_write(j->out, buf, (size_t)snprintf(buf, sizeof(buf), "%" PRId64, v));
}

void cmd_json_decimal(struct cmd_json *j, const char *key, int64_t v, unsigned decimals)
{
	uint64_t abs = v < 0 ? 0 - (uint64_t)v : (uint64_t)v, unit = 1;
	char buf[64];

	decimals = decimals < 19 ? decimals : 19;
	for (unsigned i = 0; i < decimals; i++)
		unit *= 10;
	if (abs % unit == 0) {
		snprintf(buf, sizeof(buf), "%s%" PRIu64, v < 0 ? "-" : "", abs / unit);
	} else {
		int n = snprintf(buf, sizeof(buf), "%s%" PRIu64 ".%0*" PRIu64, v < 0 ? "-" : "", abs / unit, (int)decimals, abs % unit);

		while (buf[n - 1] == '0')
			buf[--n] = 0;
	}
	if (element(j, key))
		pd_out_puts(j->out, buf);
}

void cmd_json_real(struct cmd_json *j, const char *key, double v)
{
	char buf[40];

	if (!element(j, key))
		return;
	if (!isfinite(v)) {
		pd_out_puts(j->out, "null");
		return;
	}
	for (int digits = 15; digits <= 17; digits++) { /* the shortest that reads back equal */
		snprintf(buf, sizeof(buf), "%.*g", digits, v);
		if (strtod(buf, NULL) == v)
			break;
	}
	pd_out_puts(j->out, buf);
}

void cmd_json_bool(struct cmd_json *j, const char *key, bool v)
{
	if (element(j, key))
		pd_out_puts(j->out, v ? "true" : "false");
}

void cmd_json_head(struct cmd_ctx *ctx, struct cmd_json *j, const char *schema)
{
	cmd_json_string(j, "schema", schema, strlen(schema));
	cmd_json_object(j, "tool");
	cmd_json_string(j, "name", "profdata", 8);
	cmd_json_string(j, "version", pd_version(), strlen(pd_version()));
	cmd_json_end(j);
	cmd_json_array(j, "inputs");
	for (size_t i = 0; i < ctx->n_inputs; i++) {
		const struct cli_input *in = &ctx->input[i];

		cmd_json_object(j, NULL);
		cmd_json_string(j, "path", in->path, strlen(in->path));
		if (in->base)
			cmd_json_string(j, "role", "base", 4);
		cmd_json_string(j, "format", in->format, in->format ? strlen(in->format) : 0);
		cmd_json_string(j, "compression", in->compression, strlen(in->compression));
		cmd_json_end(j);
	}
	cmd_json_end(j);
	cmd_json_array(j, "warnings");
	for (size_t i = 0; i < ctx->n_warnings; i++)
		cmd_json_string(j, NULL, ctx->warning[i], strlen(ctx->warning[i]));
	cmd_json_end(j);
}

/* ---- CSV ---- */

void cmd_csv_name(struct pd_out *out, const char *name, bool last)
{
	if (!name)
		pd_out_fail(out, PD_ERR_NOMEM, "out of memory");
	cmd_csv_field(out, name, name ? strlen(name) : 0, last);
}

void cmd_csv_field(struct pd_out *out, const char *text, size_t n, bool last)
{
	bool quote = false;

	for (size_t i = 0; i < n && !quote; i++)
		quote = text[i] == ',' || text[i] == '"' || text[i] == ' ' || is_control_byte((const unsigned char *)&text[i], 1);
	if (quote) {
		pd_out_write(out, "\"", 1);
		for (size_t i = 0; i < n; i++) {
			if (text[i] == '"')
				pd_out_write(out, "\"", 1);
			pd_out_write(out, is_control_byte((const unsigned char *)&text[i], 1) ? " " : &text[i], 1); /* a name cannot drive a terminal */
		}
		pd_out_write(out, "\"", 1);
	} else {
		pd_out_write(out, text, n);
	}
	pd_out_write(out, last ? "\n" : ",", 1);
}
