/*
 * Detection: every sniffer answers on the same head, the highest level wins, a
 * tie is an error that names the candidates. Names of files play no part.
 */
#include "base/error.h"
#include "base/span.h"
#include "format/probe.h"
#include "io/source.h"

#define FIRST_HEAD ((size_t)4 << 10)
#define LAST_HEAD ((size_t)256 << 10)

struct verdict {
	enum pd_sniff level;
	const struct pd_format *best;
	unsigned ties;
	bool more;
	char names[160]; /* of the tied formats */
};

static void hear(struct verdict *v, const struct pd_format *f, enum pd_sniff level)
{
	size_t n;

	if (level == PD_SNIFF_MORE)
		v->more = true;
	if (level <= PD_SNIFF_MORE || level < v->level)
		return;
	if (level > v->level) {
		v->level = level;
		v->best = f;
		v->ties = 0;
		v->names[0] = '\0';
	}
	n = strlen(v->names);
	snprintf(v->names + n, sizeof v->names - n, "%s%s", v->ties ? ", " : "", f->name);
	v->ties++;
}

static void ask_all(struct verdict *v, const struct pd_probe *p)
{
	const struct pd_format *f;

	*v = (struct verdict){ 0 };
	for (size_t i = 0; (f = pd_format_at(i)); i++)
		if (f->sniff && pd_format_reads(f) && !f->explicit_only)
			hear(v, f, f->sniff(p));
}

/* Things people hand in by mistake. */
static const char *known_stranger(const struct pd_probe *p)
{
	static const struct { const char *magic; size_t n; const char *what; } known[] = {
		{ "\x7f" "ELF", 4, "an ELF binary" },
		{ "\x89PNG", 4, "a PNG image" },
		{ "\xff\xd8\xff", 3, "a JPEG image" },
		{ "%PDF", 4, "a PDF document" },
		{ "SQLite format 3", 15, "an SQLite database" },
		{ "!<arch>", 7, "a static library" },
		{ "MZ", 2, "a Windows binary" },
		{ "\xcf\xfa\xed\xfe", 4, "a Mach-O binary" },
		{ "<!DOCTYPE html", 14, "an HTML page" },
		{ "<!doctype html", 14, "an HTML page" },
		{ "<html", 5, "an HTML page" },
	};

	for (size_t i = 0; i < PD_ARRAY_LEN(known); i++)
		if (p->head.n >= known[i].n && memcmp(p->head.p, known[i].magic, known[i].n) == 0)
			return known[i].what;
	return NULL;
}

/* The first bytes, harmless for a terminal. */
static void show_head(const struct pd_probe *p, char *out, size_t size)
{
	struct pd_span s = span_ltrim(p->head);
	size_t n = 0, at = 0;

	if (!p->is_text) {
		for (; n < 8 && n < p->head.n; n++)
			at += (size_t)snprintf(out + at, size - at, " %02x", (unsigned)(unsigned char)p->head.p[n]);
		return;
	}
	while (n < s.n && n < 40 && s.p[n] != '\n' && s.p[n] != '\r')
		n++;
	while (n && n < s.n && ((unsigned char)s.p[n] & 0xc0) == 0x80)
		n--;
	snprintf(out, size, " '%.*s'", (int)n, s.p);
	for (char *c = out; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = ' ';
}

static enum pd_status nobody(const struct pd_probe *p, struct pd_error *err)
{
	const char *stranger = known_stranger(p);
	char head[128];

	if (!p->head.n) {
		pd_error_set(err, PD_ERR_UNKNOWN, "input is empty");
		pd_error_hint(err, "nothing was recorded, or the command before the pipe failed");
		return PD_ERR_UNKNOWN;
	}
	show_head(p, head, sizeof head);
	if (stranger)
		pd_error_set(err, PD_ERR_UNKNOWN, "this is %s, not a profile", stranger);
	else if (p->json_top)
		pd_error_set(err, PD_ERR_UNKNOWN, "no format recognises this JSON (first key%s%.*s)", p->n_json_keys ? " " : ": none",
			     p->n_json_keys ? (int)(p->json_keys[0].n < 40 ? p->json_keys[0].n : 40) : 0, p->n_json_keys ? p->json_keys[0].p : "");
	else
		pd_error_set(err, PD_ERR_UNKNOWN, "no format recognises this %s, which starts with%s", p->is_text ? "text" : "binary data", head);
	pd_error_hint(err, "--from FORMAT; 'profdata formats' lists them");
	return PD_ERR_UNKNOWN;
}

enum pd_status pd_detect(struct pd_source *src, struct pd_detected *out, struct pd_error *err)
{
	struct pd_probe *p = malloc(sizeof *p);
	enum pd_status status = PD_OK;
	struct verdict v;

	if (!p)
		return pd_error_nomem(err);
	for (size_t window = FIRST_HEAD; ; window *= 2) {
		struct pd_span head = pd_source_peek(src, window + 1);
		bool all = head.n <= window;

		if (pd_source_status(src) != PD_OK && head.n == 0)
			break;
		/* cut to the window, so that the answer does not depend on how a pipe delivers */
		pd_probe_init(p, (struct pd_span){ head.p, all ? head.n : window }, all);
		ask_all(&v, p);
		if (!v.more || v.level == PD_SNIFF_MAGIC || all || window >= LAST_HEAD)
			break;
	}
	if (pd_source_status(src) != PD_OK) {
		status = pd_source_status(src);
		if (err && err->status == PD_OK)
			*err = *pd_source_error(src);
	} else if (!v.best) {
		status = nobody(p, err);
	} else if (v.ties > 1) {
		status = pd_error_set(err, PD_ERR_AMBIGUOUS, "could be any of %s", v.names);
		pd_error_hint(err, "--from %.*s", (int)strcspn(v.names, ","), v.names);
	} else {
		*out = (struct pd_detected){ v.best, v.level };
	}
	pd_error_path(err, pd_source_name(src));
	free(p);
	return status;
}
