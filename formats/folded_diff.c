/*
 * folded-diff - two columns per stack, as difffolded.pl and inferno-diff-folded
 * write them:
 *
 *   main;parse;read 120 95
 *
 * The sample types are before/count and after/count. Never detected: in plain
 * folded text "handler 404 10" is the frame "handler 404".
 */
#include "common/folded_read.h"

static enum pd_status folded_diff_read(struct pd_source *src, struct pd_sink *sink, const void *opts)
{
	static const char *const types[] = { "before", "after" };

	(void)opts;
	return pd_folded_read(src, sink, &(struct pd_folded_layout){ .columns = 2, .types = types });
}

static bool folded_diff_ends_record(struct pd_span line)
{
	(void)line;
	return true;
}

const struct pd_format pd_format_folded_diff = {
	.name = "folded-diff",
	.summary = "folded stacks with two values, before and after",
	.explicit_only = true,
	.read = folded_diff_read,
	.ends_record = folded_diff_ends_record,
};
