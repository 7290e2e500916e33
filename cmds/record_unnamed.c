/* What a recording has of code made at run time whose compiler left no names: how much that is, and what to do about it. */
#include "record.h"

#include <stdlib.h>
#include <string.h>

#define WORTH 0.01 /* of all that was recorded */

static const struct {
	const char *object, *hint;
} makers[] = {
	{ "libjvm.so", "java -XX:+PreserveFramePointer, and for names -XX:+UnlockDiagnosticVMOptions -XX:+DumpPerfMapAtExit, or while it is recorded: jcmd PID Compiler.perfmap (JDK 17 and later)" },
	{ "node", "node --perf-basic-prof, or --perf-prof for code that changes" },
	{ "libcoreclr.so", "DOTNET_PerfMapEnabled=1 in its environment" },
	{ "libpython3", "python3 -X perf (3.12 and later)" },
	{ "libluajit", "luajit -jp=... has a profiler of its own; built with LUAJIT_USE_PERFTOOLS it writes a list" },
};

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Who makes code here, by what else is mapped. */
static const char *hint_of(const struct pd_doc *doc)
{
	for (size_t k = 0; k < sizeof(makers) / sizeof(*makers); k++)
		for (uint32_t i = 1; i <= pd_doc_mappings(doc); i++) {
			struct pd_mapping_desc m;

			pd_doc_mapping(doc, (pd_mapping){ i }, &m);
			if (strncmp(last_part(pd_doc_string(doc, m.file).p), makers[k].object, strlen(makers[k].object)) == 0)
				return makers[k].hint;
		}
	return "its compiler may leave a list of names in /tmp/perf-PID.map when it is asked to";
}

/* A frame in code that no file holds, without a name. */
static bool unnamed(const struct pd_doc *doc, pd_frame frame)
{
	struct pd_mapping_desc m;
	struct pd_frame_desc f;
	const char *path, *part;

	pd_doc_frame(doc, frame, &f);
	if (f.n_lines || !f.mapping.v)
		return false;
	pd_doc_mapping(doc, f.mapping, &m);
	path = pd_doc_string(doc, m.file).p;
	part = last_part(path);
	return record_is_jitdump(path) || (strncmp(part, "perf-", 5) == 0 && strlen(part) > 9 && strcmp(part + strlen(part) - 4, ".map") == 0);
}

/* Per stack whether it ends there. NULL: out of memory. */
static bool *unnamed_leaves(const struct pd_doc *doc)
{
	bool *leaf = calloc((size_t)pd_doc_stack_nodes(doc) + 1, sizeof(*leaf));

	for (uint32_t i = 1; leaf && i <= pd_doc_stack_nodes(doc); i++) {
		const pd_frame *run;
		uint32_t n = pd_doc_stack_run(doc, (pd_stack){ i }, &run);

		leaf[i] = n ? unnamed(doc, run[n - 1]) : leaf[pd_doc_stack_parent(doc, (pd_stack){ i }).v];
	}
	return leaf;
}

void record_tell_unnamed(struct cmd_ctx *ctx, const struct pd_doc *doc, const char *sample_type)
{
	int type = pd_doc_find_sample_type(doc, sample_type);
	bool *leaf = type < 0 ? NULL : unnamed_leaves(doc);
	struct pd_sample_type t;
	double all = 0, some = 0;
	struct pd_rows rows;

	if (!leaf)
		return;
	pd_doc_sample_type(doc, (unsigned)type, &t);
	for (uint64_t first = 0; pd_series_rows(doc, t.series, first, &rows); first += rows.n)
		for (size_t i = 0; i < rows.n; i++) {
			all += (double)rows.value[t.column][i];
			some += leaf[rows.stack[i].v] ? (double)rows.value[t.column][i] : 0;
		}
	free(leaf);
	if (some > WORTH * all)
		cmd_notef(ctx, "%.0f %% is in code made at run time that has no names; hint: %s", 100 * some / all, hint_of(doc));
}
