/* record - runs a command with the sampler in it and writes what it saw as a profile. */
#include "dump.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include <profdata/agent_wire.h>
#include <profdata/symbols.h>

#define R struct record_args
static const char *const engines[] = { "timer", "itimer", NULL };
static const struct pd_opt own_opts[] = {
	{ 'F', "frequency", "HZ", "samples per second of CPU time, and looks per second for wall time (default 99)", PD_OPT_REAL, PD_AT(R, rate, double) },
	{ 'd', "duration", "SEC", "end the command, or the recording of others, after SEC seconds", PD_OPT_REAL, PD_AT(R, seconds, double) },
	{ 0, "cpu", NULL, "CPU time (default when nothing else is asked for)", PD_OPT_BOOL, PD_AT(R, cpu, bool) },
	{ 0, "wall", NULL, "wall time of every thread, running or not", PD_OPT_BOOL, PD_AT(R, wall, bool) },
	{ 0, "heap", NULL, "memory: what is allocated where, and what of it is not freed", PD_OPT_BOOL, PD_AT(R, heap, bool) },
	{ 0, "heap-period", "SIZE", "one byte in SIZE is sampled, with the object it lies in (default 512K); 1: every object", PD_OPT_SIZE, PD_AT(R, heap_period, int64_t) },
	{ 0, "lock", NULL, "waiting: who waits for locks and other threads (block), and who held the locks meanwhile (mutex)", PD_OPT_BOOL, PD_AT(R, lock, bool) },
	{ 0, "lock-rate", "NS", "one sample per NS nanoseconds of waiting, and every wait that is longer (default 10000); 1: every wait", PD_OPT_INT, PD_AT(R, lock_rate, int64_t) },
	{ 0, "trace", NULL, "a timeline: spans, instants and counters of <profdata/agent.h>, threads, waiting and samples; -o FILE.trace.json or FILE.perfetto-trace", PD_OPT_BOOL,
	  PD_AT(R, trace, bool) },
	{ 0, "functions", NULL, "with --trace: every call of functions that were built with -finstrument-functions", PD_OPT_BOOL, PD_AT(R, functions, bool) },
	{ 0, "min-duration", "USEC", "with --functions: leave out calls that are shorter and in which nothing longer happens", PD_OPT_REAL, PD_AT(R, min_duration, double) },
	{ 0, "dump-signal", "SIG", "when this signal (QUIT, USR2, RTMIN+3, ...) comes, dump all threads of the process that gets it: at once as text into FILE.dump-N.txt, and all of "
				   "them into the profile (threads)", PD_OPT_STR, PD_AT(R, dump_signal, const char *) },
	{ 0, "no-children", NULL, "only the command itself, not the processes it starts", PD_OPT_BOOL, PD_AT(R, no_children, bool) },
	{ 'o', "output", "FILE", "write to FILE (default profdata.pb.gz), format by its extension; FILE.pdrec is the stream as it was recorded; with -p or -a, '-' is standard output",
	  PD_OPT_STR, PD_AT(R, out.output, const char *), .complete = "file" },
	{ 't', "to", "FORMAT", "format of FILE, whatever its extension", PD_OPT_STR, PD_AT(R, out.to, const char *), .complete = "format-write" },
	{ 0, "split", NULL, "one profile per kind beside each other in place of one: FILE.cpu.pb.gz, .wall, .heap, .block, .mutex, .threads", PD_OPT_BOOL, PD_AT(R, split, bool) },
	{ 0, "flame", "FILE", "draw a flame graph as well", PD_OPT_STR, PD_AT(R, flame, const char *), .complete = "file" },
	{ 0, "live", NULL, "meanwhile, every two seconds, a table on standard error of where the time goes", PD_OPT_BOOL, PD_AT(R, live, bool) },
	{ 0, "no-symbols", NULL, "leave addresses as they are; profdata symbolize names them later, on this machine or another", PD_OPT_BOOL, PD_AT(R, no_symbols, bool) },
	{ 0, "timestamps", NULL, "keep every sample with its time instead of adding equal ones up", PD_OPT_BOOL, PD_AT(R, timestamps, bool) },
	{ 0, "engine", "ENGINE", "timer: one per thread (default); itimer: one for the process, which loses samples and is there for comparison", PD_OPT_CHOICE,
	  PD_AT(R, engine, const char *), .choices = engines },
	{ .kind = PD_OPT_END },
};
static const struct pd_opt outside_opts[] = {
	{ 'p', "pid", "PID", "attach to running processes (PID,PID,...), all of their threads and children, until they end, -d is up, or Ctrl-C", PD_OPT_STR, PD_AT(R, pids, const char *) },
	{ 'a', "all-cpus", NULL, "everything that runs on this machine", PD_OPT_BOOL, PD_AT(R, all_cpus, bool) },
	{ 0, "outside", NULL, "run CMD without a sampler in it (what happens anyway when none can be loaded)", PD_OPT_BOOL, PD_AT(R, outside, bool) },
	{ 0, "dump", NULL, "with -p: where all threads are now and what they wait for, as text (or as a profile, with -o), and that is all", PD_OPT_BOOL, PD_AT(R, dump, bool) },
	{ 0, "event", "EVENT", "cpu-clock (default), or cpu-cycles, instructions, cache-misses, branch-misses, page-faults and their like; or a tracepoint: SUBSYSTEM:NAME", PD_OPT_STR, PD_AT(R, event, const char *) },
	{ 0, "call-graph", "HOW", "auto (default): copies of stacks, unwound, and frame pointers beyond them; dwarf[,BYTES]: copies only; fp: frame pointers only", PD_OPT_STR,
	  PD_AT(R, call_graph, const char *) },
	{ .kind = PD_OPT_END },
};
static const struct pd_opt record_opts[] = {
	{ .kind = PD_OPT_INCLUDE, .help = "Recording", .table = own_opts },
	{ .kind = PD_OPT_INCLUDE, .help = "From outside (perf events)", .table = outside_opts },
	{ .kind = PD_OPT_INCLUDE, .help = "Common", .table = cmd_common_opts, .offset = PD_AT(R, common, struct cmd_common) },
	{ .kind = PD_OPT_END },
};
#undef R

static const char default_output[] = "profdata.pb.gz";

static void record_defaults(void *args)
{
	struct record_args *a = args;

	a->rate = 99;
	a->heap_period = 512 << 10;
	a->engine = "timer";
	a->lock_rate = 10000;
	a->out.output = default_output;
}

bool record_ends_in(const char *path, const char *suffix)
{
	size_t n = strlen(path), m = strlen(suffix);

	return n >= m && strcmp(path + n - m, suffix) == 0;
}

bool record_raw(const struct record_args *a) { return !a->out.to && record_ends_in(a->out.output, ".pdrec"); }

/* What only a sampler inside of the program can see; NULL: nothing of it is asked for. */
static const char *inside_only(const struct record_args *a) { return a->heap ? "heap" : a->lock ? "lock" : a->functions ? "functions" : a->dump_signal ? "dump-signal" : NULL; }

/* Texts of dumps go beside the profile. */
static int check_dumps(struct cmd_ctx *ctx, struct record_args *a)
{
	struct stat st;

	if (stat(a->out.output, &st) == 0 && !S_ISREG(st.st_mode))
		return cli_usage(ctx, "-o FILE", "--dump-signal: dumps are written beside the profile, and %s is no file", a->out.output);
	return record_dump_signal(ctx, a);
}

/* What would fail when everything is recorded. */
static int check_output(struct cmd_ctx *ctx, const struct record_args *a)
{
	const struct pd_format *f = cmd_out_format(ctx, &a->out, pd_format_named("pprof"));
	struct cmd_output o = a->out;

	if (!f)
		return RECORD_FAILED;
	o.to = f->name;
	return cli_out_check(ctx, &o);
}

static int check(struct cmd_ctx *ctx, struct record_args *a, size_t n)
{
	bool others = a->pids || a->all_cpus;

	a->outside |= others || a->event || a->call_graph;
	if (others && (n || (a->pids && a->all_cpus)))
		return cli_usage(ctx, NULL, "--pid, --all-cpus and a command are three different things");
	if (a->outside && inside_only(a))
		return cli_usage(ctx, "profdata record -- CMD has them all", "--%s is recorded from inside of a command only; from outside: --cpu, --wall, --event", inside_only(a));
	if (!others && !n)
		return cli_usage(ctx, "profdata record -- CMD [ARGUMENTS...]", "no command to run");
	if (!(a->rate >= 0.01 && a->rate <= 20000))
		return cli_usage(ctx, NULL, "--frequency: expected 0.01 to 20000");
	if (!(a->seconds >= 0 && a->seconds < 1e9))
		return cli_usage(ctx, NULL, "--duration: expected seconds");
	if (!others && strcmp(a->out.output, "-") == 0)
		return cli_usage(ctx, "-o FILE", "standard output belongs to the command");
	if (!(a->heap_period >= 1 && a->heap_period <= INT64_C(1) << 34))
		return cli_usage(ctx, NULL, "--heap-period: expected 1 to 16G");
	if (a->lock_rate < 1 || a->lock_rate > 1000000000)
		return cli_usage(ctx, NULL, "--lock-rate: expected 1 to 1000000000 ns");
	if (!(a->min_duration >= 0 && a->min_duration < 1e9))
		return cli_usage(ctx, NULL, "--min-duration: expected microseconds");
	if (a->functions && !a->trace)
		return cli_usage(ctx, NULL, "--functions: calls are part of a timeline (--trace)");
	if (a->split && (a->out.to || !record_ends_in(a->out.output, ".pb.gz")))
		return cli_usage(ctx, "-o FILE.pb.gz", "--split: the profiles are of the format pprof");
	a->cpu |= !a->wall && !a->heap && !a->lock && !a->dump_signal;
	if (a->dump_signal && check_dumps(ctx, a))
		return RECORD_FAILED;
	return record_raw(a) ? 0 : check_output(ctx, a);
}

/* ---- the stream ---- */

/* A text about the recording as a whole, as a block of its own without a process. */
static bool put_text(int fd, const char *key, const char *value)
{
	struct {
		struct pd_wire_block block;
		struct pd_wire_text text;
		char bytes[4096];
	} b = { .block = { .magic = PD_WIRE_BLOCK_MAGIC, .records = 1 } };
	size_t k = strlen(key), v = strnlen(value, sizeof(b.bytes) - 64), all;

	b.text.key_size = (uint32_t)k;
	b.text.value_size = (uint32_t)v;
	memcpy(b.bytes, key, k);
	memcpy(b.bytes + k, value, v);
	all = (sizeof(b.text) + k + v + 7) & ~(size_t)7;
	b.text.r = (struct pd_wire_record){ .size = (uint32_t)all, .kind = PD_WIRE_TEXT, .fixed = sizeof(b.text) };
	b.block.size = (uint32_t)(sizeof(b.block) + all);
	return write(fd, &b, b.block.size) == (ssize_t)b.block.size;
}

bool record_begin_stream(int fd, char **argv)
{
	struct pd_wire_file head = { .magic = PD_WIRE_MAGIC, .major = PD_WIRE_MAJOR, .minor = PD_WIRE_MINOR, .size = sizeof(head) };
	char command[3072] = "", host[512];
	struct utsname u;
	size_t n = 0;

	head.realtime = proc_clock(CLOCK_REALTIME);
	head.monotonic = proc_clock(CLOCK_MONOTONIC);
	for (size_t i = 0; argv[i] && n < sizeof(command); i++)
		n += (size_t)snprintf(command + n, sizeof(command) - n, "%s%s", i ? " " : "", argv[i]);
	if (write(fd, &head, sizeof(head)) != (ssize_t)sizeof(head) || !put_text(fd, "record.command", command))
		return false;
	if (uname(&u) != 0)
		return true;
	snprintf(host, sizeof(host), "%s, %s %s %s", u.nodename, u.sysname, u.release, u.machine);
	return put_text(fd, "record.host", host);
}

/* All of a command, from its beginning to its end: what two such recordings are compared by is the run. Without it nothing is wrong. */
static void put_whole(const char *stream)
{
	int fd = open(stream, O_WRONLY | O_APPEND | O_CLOEXEC);

	if (fd < 0)
		return;
	put_text(fd, "record.run", "whole");
	close(fd);
}

/* Beside the output, so that a folder that cannot be written is known before the command runs; of what is no file, in the folder for such things. */
static const char *stream_folder(const struct record_args *a, char *folder, size_t size)
{
	const char *slash = strrchr(a->out.output, '/'), *tmp = getenv("TMPDIR");
	struct stat st;

	if (strcmp(a->out.output, "-") == 0 || (stat(a->out.output, &st) == 0 && !S_ISREG(st.st_mode)))
		return tmp && *tmp ? tmp : "/tmp";
	snprintf(folder, size, "%.*s", slash ? (int)(slash - a->out.output) + 1 : 1, slash ? a->out.output : ".");
	return folder;
}

static int make_stream(struct cmd_ctx *ctx, const struct record_args *a, char **argv, char *path, size_t size)
{
	const char *slash = strrchr(a->out.output, '/'), *name = slash ? slash + 1 : a->out.output, *folder;
	char room[PATH_MAX], full[PATH_MAX];
	bool keep = record_raw(a), ok;
	int fd;

	folder = stream_folder(a, room, sizeof(room));
	if (!realpath(folder, full)) {
		cmd_errorf(ctx, "%s: %s", folder, strerror(errno));
		return RECORD_FAILED;
	}
	if ((size_t)snprintf(path, size, "%s/%s%s", strcmp(full, "/") == 0 ? "" : full, keep ? name : "profdata-XXXXXX", keep ? "" : ".pdrec") >= size) {
		cmd_errorf(ctx, "%s: the path is too long", a->out.output);
		return RECORD_FAILED;
	}
	if (keep)
		unlink(path);
	fd = keep ? open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600) : mkostemps(path, 6, O_APPEND | O_CLOEXEC);
	ok = fd >= 0 && record_begin_stream(fd, argv);
	if (fd >= 0 && close(fd) != 0)
		ok = false;
	if (ok)
		return 0;
	cmd_errorf(ctx, "%s: %s", path, strerror(errno));
	if (fd >= 0)
		unlink(path);
	return RECORD_FAILED;
}

/* ---- the profile ---- */

const char *record_sample_type(const struct record_args *a, const struct perf *perf, const char **what)
{
	if (perf && !a->wall)
		return record_outside_event(perf, what);
	*what = a->wall ? "wall time" : a->cpu ? "CPU time" : a->heap ? "memory" : a->lock ? "waiting" : "thread dumps";
	return a->wall ? "wall" : a->cpu ? "cpu" : a->heap ? "alloc_space" : a->lock ? "delay" : "threads";
}

static void too_little(struct cmd_ctx *ctx, const struct record_args *a, const char *what)
{
	if (a->trace) /* a timeline is something */
		return;
	if (a->wall || a->cpu)
		cmd_warnf(ctx, "no samples: %s used too little %s for %g Hz", a->all_cpus ? "everything" : a->pids ? "the processes" : "the command", what, a->rate);
	else if (!a->heap && !a->lock)
		cmd_warnf(ctx, "no dumps: no recorded process got the signal %s", a->dump_signal);
	else if (!a->heap)
		cmd_warnf(ctx, "no samples: no thread of the command waited for another");
	else
		cmd_warnf(ctx, "no samples: the command allocated too little for one sample per %" PRId64 " bytes", a->heap_period);
}

/* *empty: there is nothing to write. */
static int summary(struct cmd_ctx *ctx, const struct record_args *a, const struct perf *perf, const struct pd_doc *doc, bool killed, bool *empty)
{
	int64_t sum = 0, abs_sum = 0;
	const char *what, *name = record_sample_type(a, perf, &what);
	int type = pd_doc_find_sample_type(doc, name);
	struct pd_span unit = a->wall || a->cpu || (!a->heap && a->lock) ? (struct pd_span){ "ns", 2 } : a->heap ? (struct pd_span){ "bytes", 5 } : (struct pd_span){ "count", 5 };
	char amount[64];

	*empty = type < 0;
	if (*empty && killed) {
		cmd_warnf(ctx, "nothing was recorded: the command was killed at once");
		return 0;
	}
	if (*empty && perf) {
		cmd_errorf(ctx, "nothing was recorded: %s ended before anything was seen of %s", a->pids ? "the processes" : "the command", a->pids ? "them" : "it");
		return RECORD_FAILED;
	}
	if (*empty) {
		cmd_errorf(ctx, "nothing was recorded: the sampler was not loaded (does the command clear its environment, or leave no room by ulimit -v?)");
		return RECORD_FAILED;
	}
	if (!pd_doc_total(doc, (unsigned)type, &sum, &abs_sum) || sum == 0)
		too_little(ctx, a, what);
	else if (cli_progress_wanted(ctx) && strcmp(name, "threads") == 0) /* somebody is looking */
		cmd_notef(ctx, "%" PRId64 " threads in dumps in %s", sum, a->out.output);
	else if (cli_progress_wanted(ctx))
		cmd_notef(ctx, "%s of %s in %s", cmd_amount(amount, sizeof(amount), (double)sum, unit), what, a->split ? "a profile per kind" : strcmp(a->out.output, "-") == 0 ? "standard output" : a->out.output);
	return 0;
}

static void tell(void *ctx, const struct pd_symbolized *what)
{
	if (what->reason[0])
		cmd_infof(ctx, "%s: %s", what->mapping[0] ? what->mapping : "addresses in no library", what->reason);
}

/* A profile without names is still one: profdata symbolize can be tried again. */
static struct pd_doc *with_names(struct cmd_ctx *ctx, const char *const *objects, size_t n, struct pd_doc *doc)
{
	struct pd_symbolize_opts opts = { .size = sizeof(opts), .jobs = cli_jobs(&(struct cmd_input){ 0 }), .tell = tell, .ctx = ctx, .objects = objects, .n_objects = n };
	struct pd_error err = { 0 };
	struct pd_doc *named;

	opts.kallsyms = access("/proc/kallsyms", R_OK) == 0 ? "/proc/kallsyms" : NULL;
	named = pd_symbolize(doc, &opts, &err);
	if (!named) {
		cmd_warnf(ctx, "no names: %s", err.text);
		return doc;
	}
	pd_doc_unref(doc);
	return named;
}

struct pd_doc *record_named(struct cmd_ctx *ctx, struct perf *perf, struct pd_doc *doc)
{
	size_t n;
	const char *const *objects = record_outside_objects(perf, &n);

	return with_names(ctx, objects, n, doc);
}

static struct pd_doc *load(struct cmd_ctx *ctx, const struct record_args *a, const char *stream)
{
	struct cmd_input in = { 0 };
	char *operand = (char *)(uintptr_t)stream;

	return cmd_load(ctx, &in, &operand, 1, a->timestamps ? 0 : PD_BUILD_AGGREGATE);
}

/* Events have names only in the stream: whoever reads it later, and calls as a profile, need them there. NULL: it cannot be read again. */
static struct pd_doc *named_stream(struct cmd_ctx *ctx, const struct record_args *a, const char *stream, struct pd_doc *doc)
{
	if (!record_put_names(stream, doc)) {
		cmd_warnf(ctx, "no names in the timeline: %s", strerror(errno));
		return doc;
	}
	if (!a->functions)
		return doc;
	pd_doc_unref(doc);
	return load(ctx, a, stream);
}

/* What our own choice of a format leaves out is no news. */
static int save_quietly(struct cmd_ctx *ctx, const struct cmd_output *o, const struct pd_doc *doc, const char *format)
{
	bool quiet = ctx->common.quiet;
	int status;

	ctx->common.quiet = true;
	status = cmd_save(ctx, o, &(struct cmd_input){ 0 }, doc, NULL, pd_format_named(format));
	ctx->common.quiet = quiet;
	return status;
}

static struct pd_doc *dump_named(struct cmd_ctx *ctx, const uint32_t *pid, size_t n, struct pd_doc *doc)
{
	size_t n_objects;
	char **objects = dump_objects(doc, pid, n, &n_objects);

	doc = with_names(ctx, (const char *const *)objects, n_objects, doc);
	for (size_t i = 0; i < n_objects; i++)
		free(objects[i]);
	free(objects);
	return doc;
}

int record_dump_save(struct cmd_ctx *ctx, const struct record_args *a, const uint32_t *pid, size_t n, const char *stream)
{
	struct cmd_input in = { 0 };
	struct cmd_output out = a->out, flame = { .output = a->flame };
	bool text = out.output == default_output && !out.to && !a->flame, stored = (out.output != default_output || out.to) && !record_raw(a);
	char *operand = (char *)(uintptr_t)stream;
	struct pd_doc *doc = cmd_load(ctx, &in, &operand, 1, 0);
	int status = doc ? 0 : RECORD_FAILED;

	if (out.output == default_output) /* a dump is to be read */
		out.output = NULL;
	if (doc && !a->no_symbols)
		doc = dump_named(ctx, pid, n, doc);
	if (!status && (text || stored) && save_quietly(ctx, &out, doc, text ? "threads" : "pprof"))
		status = RECORD_FAILED;
	if (!status && a->flame && save_quietly(ctx, &flame, doc, "svg"))
		status = RECORD_FAILED;
	pd_doc_unref(doc);
	return status;
}

/* FILE.pb.gz → FILE.KIND.pb.gz, one by one. */
static int write_kinds(struct cmd_ctx *ctx, const struct record_args *a, const struct pd_doc *doc)
{
	static const char suffix[] = ".pb.gz";
	int stem = (int)(strlen(a->out.output) - strlen(suffix)), status = 0;
	struct pd_error err = { 0 };

	for (unsigned s = 0; s < pd_doc_series(doc) && !status; s++) {
		struct pd_span name = pd_doc_string(doc, pd_series_name(doc, s));
		struct pd_doc *kind = record_kind(a, doc, s, &err);
		char path[PATH_MAX];

		if (!kind)
			return cmd_fail(ctx, &err);
		snprintf(path, sizeof(path), "%.*s.%.*s%s", stem, a->out.output, (int)name.n, name.p, suffix);
		status = save_quietly(ctx, &(struct cmd_output){ .output = path }, kind, "pprof");
		pd_doc_unref(kind);
	}
	return status;
}

static int write_output(struct cmd_ctx *ctx, const struct record_args *a, const char *stream, const struct pd_doc *doc)
{
	const struct cmd_output *out = &a->out;
	struct cmd_input in = { 0 };
	const struct pd_format *f = cmd_out_format(ctx, out, pd_format_named("pprof"));

	if (!f)
		return RECORD_FAILED;
	if (a->split)
		return write_kinds(ctx, a, doc);
	if (a->trace && f->write_events)
		return record_timeline(ctx, stream, out, f);
	return strcmp(f->name, "pprof") == 0 ? save_quietly(ctx, out, doc, "pprof") : cmd_save(ctx, out, &in, doc, NULL, f);
}

/* The profile of the stream, with names that only its times can tell. */
static struct pd_doc *load_named(struct cmd_ctx *ctx, const struct record_args *a, struct perf *perf, const char *stream)
{
	struct pd_doc *doc = load(ctx, a, stream);
	size_t n;
	const char *const *objects = record_outside_objects(perf, &n);

	if (!doc || a->no_symbols || !record_put_code(stream, doc, objects, n))
		return doc;
	pd_doc_unref(doc);
	return load(ctx, a, stream);
}

/* What no stream can tell: that there was no room for its end. */
static void look_for_room(struct cmd_ctx *ctx, const char *stream)
{
	struct statvfs disk;

	if (statvfs(stream, &disk) == 0 && disk.f_blocks && disk.f_bavail == 0)
		cmd_warnf(ctx, "%s: the disk is full; what was sampled after that is lost", stream);
}

/* *keep: the stream holds what could not be written. */
static int save(struct cmd_ctx *ctx, const struct record_args *a, struct perf *perf, const char *stream, bool killed, bool *keep)
{
	struct cmd_output flame = { .output = a->flame };
	struct pd_doc *doc = load_named(ctx, a, perf, stream);
	bool empty = true, raw = record_raw(a);
	int status = doc ? summary(ctx, a, perf, doc, killed, &empty) : RECORD_FAILED;

	if (!empty && !status && !a->no_symbols && (a->flame || a->trace || !raw)) {
		doc = record_named(ctx, perf, doc);
		record_tell_unnamed(ctx, doc, record_sample_type(a, perf, &(const char *){ NULL }));
	}
	if (!empty && !status && !a->no_symbols && a->trace)
		doc = named_stream(ctx, a, stream, doc);
	if (!empty && !status && (!doc || (!raw && write_output(ctx, a, stream, doc))))
		status = RECORD_FAILED;
	if (!empty && !status && a->flame && save_quietly(ctx, &flame, doc, "svg"))
		status = RECORD_FAILED;
	*keep = status && !empty;
	pd_doc_unref(doc);
	return status;
}

/* What is recorded, and how. */
struct target {
	char path[PATH_MAX], agent[PATH_MAX]; /* of a command */
	struct perf *perf;                    /* from outside; NULL: from inside */
	uint32_t *pid;
	size_t n_pids;
	bool cramped;                         /* it may not have the memory a sampler needs: it runs alone */
};

static int find_others(struct cmd_ctx *ctx, const struct record_args *a, struct target *t)
{
	int status = a->pids ? record_pids(ctx, a->pids, record_pid_possible, &t->pid, &t->n_pids) : 0;

	if (!status && !(t->perf = record_outside_new(ctx, a, NULL)))
		status = RECORD_FAILED;
	return status;
}

#define LEAST_SPACE (32u << 20) /* with less the sampler records nothing (rings.c); it would only take what the program needs */

static bool cramped(struct cmd_ctx *ctx)
{
	struct rlimit most;

	if (getrlimit(RLIMIT_AS, &most) != 0 || most.rlim_cur == RLIM_INFINITY || most.rlim_cur >= LEAST_SPACE)
		return false;
	cmd_warnf(ctx, "nothing is recorded: the command may have %llu kB of address space (ulimit -v), the sampler needs %u kB; it runs without it", (unsigned long long)most.rlim_cur / 1024, LEAST_SPACE / 1024);
	return true;
}

/* From inside where that is possible and nothing else was asked for. */
static int find_command(struct cmd_ctx *ctx, const struct record_args *a, const char *command, struct target *t)
{
	char why[PATH_MAX + 256] = "";
	int status = record_find(ctx, command, t->path, sizeof(t->path)), way;

	if (status)
		return status;
	way = record_loadable(t->path, why, sizeof(why));
	if (way == RECORD_FAILED || (way && inside_only(a))) {
		cmd_errorf(ctx, "%s", why);
		return RECORD_FAILED;
	}
	t->cramped = !way && !a->outside && cramped(ctx);
	if (!way && !a->outside)
		return record_agent(ctx, t->agent, sizeof(t->agent));
	t->perf = record_outside_new(ctx, a, a->outside ? NULL : why);
	if (t->perf && !a->outside)
		cmd_notef(ctx, "%s, so it is recorded from outside (perf events)", why);
	return t->perf ? 0 : RECORD_FAILED;
}

static int record_run(struct cmd_ctx *ctx, void *args, char **operands, size_t n)
{
	struct record_args *a = args;
	struct target t = { .perf = NULL };
	char stream[500] = "";
	struct record_end end = { 0 };
	int status;
	bool keep = false;
	char **argv;

	if (a->dump)
		return record_dump(ctx, a, n);
	if (check(ctx, a, n))
		return RECORD_FAILED;
	status = n ? find_command(ctx, a, operands[0], &t) : find_others(ctx, a, &t);
	argv = calloc(n + 1, sizeof(*argv)); /* the list ends where its options began */
	if (!argv)
		status = RECORD_FAILED;
	for (size_t i = 0; argv && i < n; i++)
		argv[i] = operands[i];
	record_hold_signals(a);
	if (!status && t.cramped)
		status = record_run_command(ctx, a, NULL, "", t.path, argv, NULL, &end);
	else if (!status && (status = make_stream(ctx, a, argv, stream, sizeof(stream))))
		stream[0] = '\0';
	else if (!status && t.perf)
		status = record_outside_run(t.perf, stream, t.path, argv, t.pid, t.n_pids, &end);
	else if (!status)
		status = record_run_command(ctx, a, t.agent, stream, t.path, argv, NULL, &end);
	record_release_signals(a);
	if (!status && !t.cramped) {
		if (end.whole)
			put_whole(stream);
		look_for_room(ctx, stream);
		status = save(ctx, a, t.perf, stream, end.killed, &keep);
	}
	if (keep)
		cmd_notef(ctx, "what was recorded is kept in %s; profdata convert reads it", stream);
	else if (stream[0] && (status || !record_raw(a)))
		unlink(stream);
	record_outside_free(t.perf);
	free(t.pid);
	free(argv);
	return status ? status : end.status;
}

static const char *const record_examples[] = {
	"profdata record -- ./app --fast", "CPU time of a program and its children at 99 Hz, into profdata.pb.gz",
	"profdata record -F 500 --flame cpu.svg -o cpu.pb.gz ./app", "faster, and a flame graph as well",
	"profdata record --wall -d 10 -o wall.pb.gz ./server", "where all threads spend ten seconds",
	"profdata record -p $(pidof server) --wall -d 10", "a running process, from outside, with the time its threads run, wait for a CPU and sleep",
	"profdata record --dump -p $(pidof server)", "where all threads of a process are now, and what they wait for",
	"profdata record --cpu --dump-signal QUIT -- ./server", "CPU time; kill -QUIT PID writes the stacks of all its threads to profdata.dump-1.txt, and it goes on",
	"profdata record --heap --lock -o run.pb.gz ./server", "what it allocates and what its threads wait for",
	"profdata record --trace -o run.trace.json ./server", "its spans and samples as a timeline for ui.perfetto.dev",
	NULL,
};

const struct pd_cmd pd_cmd_record = {
	.name = "record",
	.summary = "runs a command and samples where its time goes",
	.usage = "[OPTIONS] [--] CMD [ARGUMENT...]",
	.about = "Runs CMD with a sampler loaded into it (libprofdata-agent.so, by LD_PRELOAD) and writes a profile when it ends. Processes it starts are recorded "
		 "too; labels pid, tid, comm and thread tell them apart. No rights are needed. Programs a sampler cannot be loaded into (statically linked, as most of Go, "
		 "or with musl) are recorded from outside by perf events, if the kernel permits it; so are running processes (-p) and the whole machine (-a).\n\n"
		 "CPU time is measured by a timer on the CPU clock of each thread. What the kernel could not deliver in time (more than one sample per tick, "
		 "usually 250 Hz) is counted into the weight of the next sample, so that sums are right at any rate. --wall looks at every thread at the given "
		 "rate; a thread that has not run since is not interrupted; the CPU clocks say how much of the time between two looks was spent running, so that the "
		 "sums are the lives of the threads (label state).\n\n"
		 "--heap samples allocations by bytes and follows them until they are freed (alloc_objects, alloc_space, inuse_objects, inuse_space). --lock "
		 "measures waiting for mutexes, rwlocks, conditions, semaphores, barriers and threads: block says who waited, mutex whose holding made others wait. "
		 "--dump-signal lets a signal ask for the stacks of all threads, at any time and as often as needed; the program does not end of it, and a handler of its own is "
		 "called as well. "
		 "--trace makes a timeline of what the program says with <profdata/agent.h>, of threads, waiting and samples. All of them can be recorded at once.\n\n"
		 "Comments of the profile tell the rate asked and delivered, what was lost, and what the sampler cost (profdata info). A program that is killed "
		 "leaves everything up to the last tenth of a second. The status is that of CMD, 128+n when signal n killed it; 125: record itself failed; "
		 "126 and 127: CMD cannot be run or found.",
	.examples = record_examples,
	.args_size = sizeof(struct record_args),
	.opts = record_opts,
	.defaults = record_defaults,
	.run = record_run,
	.runs = true,
};
