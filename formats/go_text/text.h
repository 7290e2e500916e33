/* What the two kinds of Go text profiles share: records with counts (debug=1) and goroutine dumps (debug=2, panics). */
#ifndef GO_TEXT_TEXT_H
#define GO_TEXT_TEXT_H

#include "common/go_stack.h"
#include <profdata/builder.h>
#include <profdata/format.h>

struct go_text_opts {
	const char *mutex; /* "scaled", "raw" or NULL: find out */
	bool sampled;      /* heap values as they were sampled */
	bool ids;          /* dumps: labels goroutine and creator */
};

/* Does this line begin a profile of counts ("goroutine profile: total 37", "heap profile: ... @ heap/N", "--- mutex:")? */
bool go_records_begin(struct pd_span line);
/* Does it begin a goroutine of a dump ("goroutine 18 [chan receive, 1 minutes]:")? */
bool go_goroutine_begins(struct pd_span line);

/* `first` is the line that begins it, taken from the source. */
enum pd_status go_records_read(struct pd_source *src, struct pd_sink *sink, const struct go_text_opts *o, struct pd_span first);
enum pd_status go_dump_read(struct pd_source *src, struct pd_sink *sink, const struct go_text_opts *o, struct pd_span first);

#endif
