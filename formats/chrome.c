/*
 * Trace Event JSON of chrome://tracing, Perfetto and many tools that write for
 * them. Times in files are microseconds.
 */
#include "chrome/chrome.h"
#include "common/json_read.h"
#include <string.h>

/* Is the text of "ph" a phase, early in the head? Tells traces from other arrays of objects. */
static bool has_phase(const struct pd_probe *p)
{
	const char *at = p->head.p, *end = at + p->head.n;

	while ((at = memmem(at, (size_t)(end - at), "\"ph\"", 4))) {
		at += 4;
		while (at < end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r'))
			at++;
		if (at == end || *at != ':')
			continue;
		for (at++; at < end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r');)
			at++;
		if (end - at >= 3 && at[0] == '"' && at[1] > ' ' && at[2] == '"')
			return true;
	}
	return false;
}

static enum pd_sniff chrome_sniff(const struct pd_probe *p)
{
	if (p->json_top == '[')
		return pd_probe_has_key(p, "ph") && has_phase(p) ? PD_SNIFF_SHAPE : PD_SNIFF_NO;
	if (p->json_top != '{')
		return PD_SNIFF_NO;
	if (pd_probe_has_key(p, "traceEvents"))
		return PD_SNIFF_MAGIC;
	return p->at_end ? PD_SNIFF_NO : PD_SNIFF_MORE;
}

static const struct pd_opt options[] = {
	{ 0, "no-args", NULL, "leave the arguments of events out: speedscope takes them for a part of the name", PD_OPT_BOOL,
	  PD_AT(struct pd_chrome_opts, args_off, bool), .choices = NULL },
	{ .kind = PD_OPT_END },
};

const struct pd_format pd_format_chrome = {
	.name = "chrome",
	.summary = "Trace Event JSON (Chrome, Perfetto)",
	.aliases = (const char *const[]){ "trace-event", NULL },
	.suffixes = (const char *const[]){ ".trace.json", NULL },
	.keeps = PD_KEEPS_TIME | PD_KEEPS_LINES,
	.opts_size = sizeof(struct pd_chrome_opts),
	.opts = options,
	.sniff = chrome_sniff,
	.read_events = pd_chrome_read,
	.write_events = pd_chrome_write,
};
