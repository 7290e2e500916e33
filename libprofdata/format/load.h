/* Between pd_load() and reading in parts. */
#ifndef FORMAT_LOAD_H
#define FORMAT_LOAD_H

#include "base/notes.h"
#include <profdata/format.h>

/* One load with everything decided. */
struct pd_loading {
	const struct pd_format *format;
	const void *opts;        /* of the format, filled */
	struct pd_limits limits;
	unsigned build_flags;
	bool strict;
	unsigned jobs;
	struct pd_events *events; /* gets what it wants besides the profile, or NULL */
	bool events_only;        /* the events and no profile */
	uint64_t part_size;      /* of pd_load_parts(); 0 = what is worth a thread (tests use less) */
};

/* Runs the reader over `src`; failures of the source and of the builder count. */
enum pd_status pd_load_read(const struct pd_loading *l, struct pd_source *src, struct pd_builder *b, struct pd_notes *notes, struct pd_error *err);

/*
 * Reads a big plain text in parts, on several threads, into one builder: the
 * same rows, tables and notes as one pass gives. NULL when that does not apply or
 * anything at all is out of the ordinary (errors included): `src` is then as
 * it was and one pass decides.
 */
struct pd_builder *pd_load_parts(const struct pd_loading *l, struct pd_source *src, struct pd_notes *notes);

/* pd_load(), or with `events_only` pd_load_events(); opts is complete. */
struct pd_doc *pd_load_as(struct pd_source *src, const struct pd_load_opts *opts, bool events_only, struct pd_error *err);

/* Reads a trace whose format makes no profile itself: its slices are the profile. events.c. */
enum pd_status pd_read_profile(const struct pd_loading *l, struct pd_source *src, struct pd_sink *sink);

/* Writes a document to a format that has timelines only. events.c. */
enum pd_status pd_write_timeline(const struct pd_doc *doc, const struct pd_format *format, const struct pd_save_opts *o,
				 const void *opts, struct pd_out *out, struct pd_error *err);

/*
 * Appends `part`, the document of a later part of the same input, to `b` as if its
 * reader had gone on with `b`. False when the two do not fit (series of one name with other
 * columns, contradicting headers) or on failure.
 */
bool pd_join(struct pd_builder *b, const struct pd_doc *part);

#endif
