/* Inside of the chrome format: Trace Event JSON, read and written as events. */
#ifndef CHROME_H
#define CHROME_H

#include <profdata/format.h>

struct pd_chrome_opts {
	bool args_off; /* write: leave arguments out */
};

enum pd_status pd_chrome_read(struct pd_source *src, struct pd_sink *sink, struct pd_events *ev, const void *opts);
struct pd_events *pd_chrome_write(struct pd_out *out, const struct pd_save_opts *o, const void *opts, struct pd_error *err);

#endif
