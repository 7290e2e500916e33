/* Reader of the dump format, and the words both directions share. */
#ifndef COMMON_DUMP_READ_H
#define COMMON_DUMP_READ_H

#include <profdata/format.h>

#define PD_DUMP_VERSION 1

/* Names of the bits of enum pd_mapping_flags and enum pd_frame_flags, lowest first, NULL at the end. */
extern const char *const pd_dump_mapping_flags[];
extern const char *const pd_dump_frame_flags[];

enum pd_status pd_dump_read(struct pd_source *src, struct pd_sink *sink);

#endif
