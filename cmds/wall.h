/* Between wall.c (inputs, outputs) and wall_report.c (what was done with every thread). */
#ifndef CMDS_WALL_H
#define CMDS_WALL_H

#include "cmd.h"

struct wall_args {
	struct cmd_common common;
	struct cmd_input in;
	struct cmd_output out;
	struct cmd_select select;
	double hz, duration;
	const char *off_unit, *per, *state_frames, *report;
	struct pd_list members, idle;
	bool no_residual, hide_idle, blocked_only, leaf_first;
};

/* Remarks and, with -v or --report, the accounts of all threads. 0 or 2. */
int wall_tell(struct cmd_ctx *ctx, const struct pd_wall *w, const struct wall_args *a);

#endif
