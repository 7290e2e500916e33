/* hash - digest of what a profile says, whatever its format, order and compression. */
#include "cli.h"
#include <string.h>

struct hash_args {
	struct cmd_common common;
	struct cmd_input in;
	bool json;
};

#define H struct hash_args
static const struct pd_opt hash_opts[] = {
	{ 0, "json", NULL, "print one JSON document", PD_OPT_BOOL, PD_AT(H, json, bool) },
	{ .kind = PD_OPT_INCLUDE, .table = cmd_input_opts, .offset = PD_AT(H, in, struct cmd_input), .help = "Input" },
	{ .kind = PD_OPT_INCLUDE, .table = cmd_common_opts, .offset = PD_AT(H, common, struct cmd_common), .help = "Common" },
	{ .kind = PD_OPT_END },
};
#undef H

static int print(struct cmd_ctx *ctx, bool json, const struct cmd_loaded *l, size_t n)
{
	struct pd_out *out = cmd_text_open(ctx, &(struct cmd_output){ 0 });
	struct cmd_json *j = out && json ? cmd_json_new(out) : NULL;
	struct pd_error err = { 0 };
	char hex[33], name[4096];
	int status = 0;

	if (!out)
		return 2;
	if (j) {
		cmd_json_object(j, NULL);
		cmd_json_head(ctx, j, "profdata.hash/1");
		cmd_json_array(j, "rows");
	}
	for (size_t i = 0; i < n && !status; i++) {
		if (pd_hash(l[i].doc, hex, &err) != PD_OK) {
			status = cmd_fail(ctx, &err);
		} else if (j) {
			cmd_json_object(j, NULL);
			cmd_json_string(j, "path", l[i].path, strlen(l[i].path));
			cmd_json_string(j, "hash", hex, 32);
			cmd_json_end(j);
		} else {
			pd_out_printf(out, "%s  %s\n", hex, cmd_printable(name, sizeof(name), (struct pd_span){ l[i].path, strlen(l[i].path) }));
		}
	}
	cmd_json_free(j);
	return cmd_out_close(ctx, out, status);
}

static int hash_run(struct cmd_ctx *ctx, void *argp, char **operands, size_t n)
{
	struct hash_args *a = argp;
	struct cmd_loaded *l;
	size_t count;
	int status = cmd_load_each(ctx, &a->in, operands, n, 0, &l, &count);

	if (status)
		return status;
	status = print(ctx, a->json, l, count);
	cmd_loaded_free(l, count);
	return status;
}

const struct pd_cmd pd_cmd_hash = {
	.name = "hash",
	.summary = "digest of a profile's content",
	.usage = "[OPTIONS] [INPUT...]",
	.about = "Prints one line per input: a 128-bit digest of the canonical form and the name. Equal content gives equal digests,\n"
		 "whatever the order of tables and samples and the compression.",
	.examples = (const char *const[]){ "profdata hash cpu.pb.gz", "the digest", "profdata hash a.pb.gz b.pb.gz", "are they the same?", NULL },
	.args_size = sizeof(struct hash_args),
	.opts = hash_opts,
	.run = hash_run,
};
