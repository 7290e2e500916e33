/* completions - prints the completion script of a shell. The scripts are the files in completions/. */
#include "cli.h"
#include "completion_scripts.h"
#include <string.h>

struct completions_args {
	struct cmd_common common;
	struct cmd_output out;
};

#define C struct completions_args
static const struct pd_opt completions_opts[] = {
	{ 'o', "output", "FILE", "write to FILE (default: standard output)", PD_OPT_STR, PD_AT(C, out.output, const char *), .complete = "file" },
	{ .kind = PD_OPT_INCLUDE, .table = cmd_common_opts, .offset = PD_AT(C, common, struct cmd_common), .help = "Common" },
	{ .kind = PD_OPT_END },
};
#undef C

static int completions_run(struct cmd_ctx *ctx, void *argp, char **operands, size_t n)
{
	static const struct {
		const char *shell, *script;
	} all[] = { { "bash", script_bash }, { "zsh", script_zsh }, { "fish", script_fish } };
	struct completions_args *a = argp;

	if (n != 1)
		return cli_usage(ctx, "profdata completions bash", "expected one shell: bash, zsh or fish");
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (strcmp(operands[0], all[i].shell) == 0) {
			struct pd_out *out = cmd_text_open(ctx, &a->out);

			if (!out)
				return 2;
			pd_out_puts(out, all[i].script);
			return cmd_out_close(ctx, out, 0);
		}
	}
	return cli_usage(ctx, NULL, "no completion for shell '%s' (expected bash, zsh or fish)", operands[0]);
}

const struct pd_cmd pd_cmd_completions = {
	.name = "completions",
	.summary = "print the completion script of a shell",
	.usage = "bash|zsh|fish",
	.about = "The script forwards the words of the command line to profdata itself, so it completes commands, options, format names,\n"
		 "and the sample types and labels of the files already named.",
	.examples = (const char *const[]){ "source <(profdata completions bash)", "in this shell", "profdata completions fish -o ~/.config/fish/completions/profdata.fish",
					   "for every fish", NULL },
	.args_size = sizeof(struct completions_args),
	.opts = completions_opts,
	.run = completions_run,
};
