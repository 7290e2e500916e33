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

/*
 * Appends `part`, the document of a later part of the same input, to `b` as if its
 * reader had gone on with `b`. False when the two do not fit (series of one name with other
 * columns, contradicting headers) or on failure.
 */
bool pd_join(struct pd_builder *b, const struct pd_doc *part);

#endif
