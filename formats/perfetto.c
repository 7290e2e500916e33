/*
 * Perfetto's protobuf traces, written: TracePacket after TracePacket, names,
 * categories and stacks interned.
 */
#include "perfetto/perfetto.h"

static const struct pd_opt options[] = {
	{ 0, "no-args", NULL, "leave the arguments of events out", PD_OPT_BOOL, PD_AT(struct pd_perfetto_opts, no_args, bool), .choices = NULL },
	{ 0, "max-args", "SIZE", "memory for arguments of slices that come in no order (128M)", PD_OPT_SIZE, PD_AT(struct pd_perfetto_opts, max_args, int64_t), .choices = NULL },
	{ .kind = PD_OPT_END },
};

const struct pd_format pd_format_perfetto = {
	.name = "perfetto",
	.summary = "protobuf trace of Perfetto",
	.suffixes = (const char *const[]){ ".perfetto-trace", ".pftrace", NULL },
	.keeps = PD_KEEPS_TIME | PD_KEEPS_LINES,
	.binary = true,
	.gzip = true,
	.opts_size = sizeof(struct pd_perfetto_opts),
	.opts = options,
	.write_events = pd_perfetto_write,
};
