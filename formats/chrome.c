/*
 * Trace Event JSON of chrome://tracing, Perfetto and many tools that write for
 * them. Times in files are microseconds.
 */
#include "chrome/chrome.h"

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
	.write_events = pd_chrome_write,
};
