#include "go_trace/trace.h"
enum pd_status gt_v1_read(struct gt_reader *r)
{
	return gt_fail(r, 0, "trace of Go 1.%u is not supported yet", r->version);
}
