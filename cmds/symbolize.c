/* profdata symbolize: names for addresses. */
#include "cmd.h"
#include <profdata/symbols.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct symbolize_args {
	struct cmd_common common;
	struct cmd_input input;
	struct cmd_output output;
	struct pd_list debug_dir, object;
	const char *symfs, *kallsyms, *perf_map, *demangle;
	bool all, no_inlines;
};

static const char *const demangle_words[] = { "names", "full", "none", NULL };

#define A struct symbolize_args
static const struct pd_opt symbolize_opts[] = {
	{ 0, "object", "NAME=FILE", "read FILE for the mapping called NAME (its path or last part); FILE alone: for the one with its name, or the main one", PD_OPT_LIST, PD_AT(A, object, struct pd_list), .complete = "file" },
	{ 0, "debug-dir", "DIR", "look for debug files here too, by build id and by name (repeatable)", PD_OPT_LIST, PD_AT(A, debug_dir, struct pd_list), .complete = "file" },
	{ 0, "symfs", "DIR", "look for the objects below DIR, as in a copy of the other machine's disk", PD_OPT_STR, PD_AT(A, symfs, const char *), .complete = "file" },
	{ 0, "kallsyms", "FILE", "symbols of the kernel, a copy of /proc/kallsyms", PD_OPT_STR, PD_AT(A, kallsyms, const char *), .complete = "file" },
	{ 0, "perf-map", "FILE", "code made at run time: perf-PID.map or a jitdump", PD_OPT_STR, PD_AT(A, perf_map, const char *), .complete = "file" },
	{ 0, "demangle", "HOW", "names of C++ and Rust: names (without parameters; default), full, none", PD_OPT_CHOICE, PD_AT(A, demangle, const char *), demangle_words },
	{ 0, "no-inlines", NULL, "one function per address", PD_OPT_BOOL, PD_AT(A, no_inlines, bool) },
	{ 0, "all", NULL, "ask for frames that have names too", PD_OPT_BOOL, PD_AT(A, all, bool) },
	{ .kind = PD_OPT_INCLUDE, .help = "Output", .table = cmd_output_opts, .offset = PD_AT(A, output, struct cmd_output) },
	{ .kind = PD_OPT_INCLUDE, .help = "Input", .table = cmd_input_opts, .offset = PD_AT(A, input, struct cmd_input) },
	{ .kind = PD_OPT_INCLUDE, .help = "Common", .table = cmd_common_opts, .offset = PD_AT(A, common, struct cmd_common) },
	{ .kind = PD_OPT_END },
};
#undef A

struct told {
	struct cmd_ctx *ctx;
	uint64_t addresses, found;
};

static void tell(void *ctx, const struct pd_symbolized *s)
{
	struct told *t = ctx;
	char name[256], reason[512];
	struct pd_span mapping = { s->mapping, strlen(s->mapping) }, why = { s->reason, strlen(s->reason) };

	t->addresses += s->addresses;
	t->found += s->found;
	if (!mapping.n)
		mapping = (struct pd_span){ "addresses of no mapping", 23 };
	cmd_printable(name, sizeof(name), mapping);
	cmd_printable(reason, sizeof(reason), why);
	if (s->found < s->addresses)
		cmd_warnf(t->ctx, "%s: %llu of %llu addresses without a name%s%s", name, (unsigned long long)(s->addresses - s->found),
			  (unsigned long long)s->addresses, why.n ? ": " : "", reason);
	else
		cmd_infof(t->ctx, "%s: %llu addresses named%s%s", name, (unsigned long long)s->addresses, why.n ? "; " : "", reason);
}

static int symbolize(struct cmd_ctx *ctx, const struct symbolize_args *a, struct pd_doc **doc)
{
	struct told told = { .ctx = ctx };
	struct pd_symbolize_opts o = { .size = sizeof(o), .debug_dirs = a->debug_dir.item, .n_debug_dirs = a->debug_dir.n, .objects = a->object.item,
				       .n_objects = a->object.n, .symfs = a->symfs, .kallsyms = a->kallsyms, .perf_map = a->perf_map, .force = a->all,
				       .no_inlines = a->no_inlines, .params = a->demangle && strcmp(a->demangle, "full") == 0,
				       .mangled = a->demangle && strcmp(a->demangle, "none") == 0, .jobs = (unsigned)a->input.jobs, .tell = tell, .ctx = &told };
	struct pd_error err = { 0 };
	struct pd_doc *made = pd_symbolize(*doc, &o, &err);

	if (!made)
		return cmd_fail(ctx, &err);
	pd_doc_unref(*doc);
	*doc = made;
	if (!told.addresses)
		cmd_infof(ctx, "every frame has a name already, or no address (--all asks for those with an address again)");
	return 0;
}

/* A file that the user names must be there; what the profile names need not. */
static int check_file(struct cmd_ctx *ctx, const char *option, const char *path)
{
	if (!path || access(path, R_OK) == 0)
		return 0;
	return cmd_errorf(ctx, "%s %s: %s", option, path, strerror(errno));
}

static int check_files(struct cmd_ctx *ctx, const struct symbolize_args *a)
{
	int status = check_file(ctx, "--kallsyms", a->kallsyms);

	if (!status)
		status = check_file(ctx, "--perf-map", a->perf_map);
	if (!status)
		status = check_file(ctx, "--symfs", a->symfs);
	for (size_t i = 0; !status && i < a->debug_dir.n; i++)
		status = check_file(ctx, "--debug-dir", a->debug_dir.item[i]);
	for (size_t i = 0; !status && i < a->object.n; i++) {
		const char *equals = strchr(a->object.item[i], '=');

		status = check_file(ctx, "--object", equals ? equals + 1 : a->object.item[i]);
	}
	return status;
}

static int symbolize_run(struct cmd_ctx *ctx, void *args, char **operands, size_t n)
{
	struct symbolize_args *a = args;
	struct pd_doc *doc = NULL;
	int status = check_files(ctx, a);

	if (status)
		return status;
	doc = cmd_load(ctx, &a->input, operands, n, cmd_build_flags(&a->output));
	status = doc ? symbolize(ctx, a, &doc) : 2;
	if (!status)
		status = cmd_save(ctx, &a->output, &a->input, doc, NULL, cmd_default_format(ctx));
	pd_doc_unref(doc);
	return status;
}

static const char *const symbolize_examples[] = {
	"profdata symbolize raw.pb.gz -o named.pb.gz", "names for what has none, from the objects of this machine",
	"profdata symbolize --symfs target --debug-dir target/debug raw.pb.gz -o named.pb.gz", "a recording of another machine",
	"profdata symbolize --object server=./build/server raw.pb.gz | profdata top", "the object is somewhere else",
	NULL,
};

const struct pd_cmd pd_cmd_symbolize = {
	.name = "symbolize",
	.summary = "names and lines for frames that have only addresses",
	.usage = "[OPTIONS] [INPUT...]",
	.about = "Reads the symbols and debug information of the objects that the profile's addresses lie in, and writes\n"
		 "the profile with functions, files, lines and inlined functions. Frames that have names are left alone.\n\n"
		 "An object is taken only when its build id is that of the profile. It is looked for, in this order: by\n"
		 "--object; at its path (below --symfs); by build id in --debug-dir, in perf's cache ~/.debug and in\n"
		 "/usr/lib/debug. Debug information in files of its own is found by .gnu_debuglink and by build id. What\n"
		 "could not be named, and why, is said on standard error (-v: of every object).\n\n"
		 "Files are read by a program of its own, profdata-symbols, without network and within limits: debug\n"
		 "information is as hostile as any other input.",
	.examples = symbolize_examples,
	.args_size = sizeof(struct symbolize_args),
	.opts = symbolize_opts,
	.run = symbolize_run,
};
