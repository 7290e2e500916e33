/*
 * gperftools - CPU, heap, contention and thread profiles of gperftools, tcmalloc
 * and the servers built on them, C++ and Java:
 *
 *   (binary)                                                        CPUPROFILE=, pprof's "legacy" form
 *   heap profile:   2004:   113080 [  2004:   113080] @ heapprofile  HEAPPROFILE=, heap_v2/524288, growthz
 *   --- contentionz 1 ---                                           who waited for locks
 *   --- threadz 1 ---                                               what threads do
 *   --- heapz 1 ---                                                 Java
 *
 * They hold addresses; the memory map at the end says of which file. Return
 * addresses are moved into the call. Sample types, corrections of heap sampling
 * and what is cut off signal handlers are as in package profile of google/pprof.
 */
#include "gperftools/legacy.h"

typedef enum pd_status read_fn(struct legacy *g);

static read_fn *reader_of(struct pd_span head)
{
	struct pd_span line = head;
	unsigned word;
	bool big;
	int64_t v[4], rate;

	if (legacy_cpu_header(head, &word, &big))
		return legacy_cpu_read;
	span_cut(&head, '\n', &line);
	line = span_rtrim(line);
	if (legacy_heap_header(line, v, &rate))
		return legacy_heap_read;
	if (span_starts(line, "--- contentionz ") || span_starts(line, "--- heapz "))
		return legacy_contention_read;
	if (span_starts(line, "--- threadz ") || (span_starts(line, "--- Thread ") && span_search(line, SPAN("stack: ---"))))
		return legacy_threads_read;
	return NULL;
}

static enum pd_sniff gperftools_sniff(const struct pd_probe *p)
{
	return reader_of(p->head) ? PD_SNIFF_MAGIC : PD_SNIFF_NO;
}

static enum pd_status gperftools_read(struct pd_source *src, struct pd_sink *sink, const void *opts)
{
	struct legacy g = { .src = src, .sink = sink, .b = sink->prof };
	read_fn *read = reader_of(pd_source_peek(src, 4096));
	enum pd_status status;

	(void)opts;
	if (!read) {
		if (pd_source_status(src) != PD_OK)
			return pd_source_status(src);
		return pd_fail(sink, src, "not a profile of gperftools, expected a binary CPU profile, 'heap profile: ...' or '--- contentionz 1 ---'");
	}
	status = read(&g);
	if (status == PD_OK)
		status = legacy_end(&g);
	legacy_release(&g);
	return status;
}

const struct pd_format pd_format_gperftools = {
	.name = "gperftools",
	.summary = "CPU, heap, contention and thread profiles of gperftools and tcmalloc",
	.aliases = (const char *const[]){ "tcmalloc", NULL },
	.sniff = gperftools_sniff,
	.read = gperftools_read,
};
