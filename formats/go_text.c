/*
 * go-text - what Go programs say of themselves in text.
 *
 *   goroutine profile: total 37                        /debug/pprof/NAME?debug=1: counts of any profile,
 *   12 @ 0x48c44a 0x4182ee 0x417e12 0x706378 0x493a01
 *   # labels: {"shard":"3"}
 *   #	0x706377	main.idleWorker+0x17	example.com/shop/park.go:68
 *
 *   heap profile: 41: 787568 [2900: 732676008] @ heap/1048576      heap and allocs,
 *   --- contention:  --- mutex:                                    block and mutex
 *   goroutine 18 [chan receive, 1 minutes]:            debug=2, runtime.Stack(), panics, SIGQUIT
 *
 * Sample types, units and periods are those of the binary forms. Goroutine dumps
 * have a second type, wait/nanoseconds: what waits longest stands on top of
 * `top -s wait`, which is how leaks look.
 */
#include "go_text/text.h"

static enum pd_sniff go_text_sniff(const struct pd_probe *p)
{
	struct pd_span rest = p->head;
	bool first = true;

	if (!p->is_text)
		return PD_SNIFF_NO;
	for (unsigned i = 0; i < p->n_lines; i++) {
		if (!p->lines[i].n || p->lines[i].p[0] == '#')
			continue;
		if (go_records_begin(p->lines[i]))
			return first ? PD_SNIFF_MAGIC : PD_SNIFF_NO;
		if (go_goroutine_begins(p->lines[i]))
			return first ? PD_SNIFF_MAGIC : PD_SNIFF_SHAPE;
		first = false;
	}
	/* a panic at the end of a log */
	for (const char *hit; (hit = span_search(rest, SPAN("\ngoroutine "))) != NULL;) {
		struct pd_span line;

		rest = span_skip(rest, (size_t)(hit - rest.p) + 1);
		if (span_cut(&rest, '\n', &line) && go_goroutine_begins(line))
			return PD_SNIFF_SHAPE;
	}
	return PD_SNIFF_NO;
}

static enum pd_status go_text_read(struct pd_source *src, struct pd_sink *sink, const void *opts)
{
	struct pd_span line;

	while (pd_source_line(src, &line)) {
		if (go_records_begin(line))
			return go_records_read(src, sink, opts, line);
		if (go_goroutine_begins(line))
			return go_dump_read(src, sink, opts, line);
	}
	if (pd_source_status(src) != PD_OK)
		return pd_source_status(src);
	return pd_fail(sink, src, "no Go profile found, expected 'goroutine profile: total N', 'heap profile: ...', '--- mutex:' or 'goroutine 1 [running]:'");
}

static const char *const mutex_words[] = { "scaled", "raw", NULL };

static const struct pd_opt go_text_opts[] = {
	{ .name = "mutex", .value = "HOW", .help = "mutex profiles hold raw (Go 1.19 and older) or scaled values (default: scaled if every value is a multiple of the sampling period)",
	  .kind = PD_OPT_CHOICE, .offset = PD_AT(struct go_text_opts, mutex, const char *), .choices = mutex_words },
	{ .name = "sampled", .help = "heap profiles: keep the values that were sampled (default: estimate all allocations from them)",
	  .kind = PD_OPT_BOOL, .offset = PD_AT(struct go_text_opts, sampled, bool) },
	{ .name = "ids", .help = "goroutine dumps: labels goroutine and creator with their numbers (default: none, so that equal goroutines are one row)",
	  .kind = PD_OPT_BOOL, .offset = PD_AT(struct go_text_opts, ids, bool) },
	{ .kind = PD_OPT_END },
};

const struct pd_format pd_format_go_text = {
	.name = "go-text",
	.summary = "Go profiles as text (debug=1), goroutine dumps (debug=2) and panics",
	.aliases = (const char *const[]){ "goroutines", NULL },
	.opts_size = sizeof(struct go_text_opts),
	.opts = go_text_opts,
	.sniff = go_text_sniff,
	.read = go_text_read,
};
