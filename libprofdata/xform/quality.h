/* Between the files that judge a profile. */
#ifndef XFORM_QUALITY_H
#define XFORM_QUALITY_H

#include <profdata/quality.h>

/* What follows from the times of samples: duration where there is none yet, first and last tenth, step with a clock. */
enum pd_status pd_quality_times(const struct pd_doc *doc, unsigned series, struct pd_quality *q, struct pd_error *err);
/* What is worth a warning. */
void pd_quality_warn(struct pd_quality *q);

#endif
