/* What info says about metrics: numbers by kind, percentiles of distributions, the share of the garbage collector. */
#ifndef CMDS_INFO_METRICS_H
#define CMDS_INFO_METRICS_H

#include "cmd.h"

/* Keys of the document that is open. */
void info_metrics_json(const struct pd_doc *doc, struct cmd_json *j);
void info_metrics_text(const struct pd_doc *doc, struct pd_out *out);

#endif
