/* The text of tree and peek: every node between its callers and callees. */
#ifndef CMDS_REPORT_TREE_H
#define CMDS_REPORT_TREE_H

#include "report_common.h"

/* `peek`: only nodes matched by pd_graph_match(). */
void report_tree_text(struct report *r, struct pd_out *out, struct pd_graph *g, bool peek);
void report_tree_json(struct report *r, struct pd_out *out, struct pd_graph *g, bool peek);
void report_tree_csv(struct report *r, struct pd_out *out, struct pd_graph *g, bool peek);

#endif
