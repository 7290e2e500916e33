/* Counted oddities: what, how often, and where the first one was. */
#ifndef BASE_NOTES_H
#define BASE_NOTES_H

#include "base/compiler.h"
#include "base/vec.h"
#include <profdata/base.h>

struct pd_note_row {
	const char *what; /* string literal */
	uint64_t count;
	uint64_t line, offset; /* of the first one; line 0 = use the offset */
	char text[96];         /* what stood there, control bytes blanked; may be "" */
};

struct pd_notes {
	PD_VEC(struct pd_note_row) row;
	size_t last; /* row hit last: the same oddity tends to come again */
	bool lost;   /* out of memory: some oddity is not in here */
};

void pd_notes_release(struct pd_notes *n);
/* Counts `what`; true when it is the first of its kind, whose place pd_notes_place() then records. */
bool pd_notes_count(struct pd_notes *n, const char *what);
/* Place of the oddity counted last; `text` is the offending line or empty. */
void pd_notes_place(struct pd_notes *n, uint64_t line, uint64_t offset, struct pd_span text);
/* Adds the notes of a later part of the same input, whose lines start after `line_base` lines. */
void pd_notes_join(struct pd_notes *n, const struct pd_notes *part, uint64_t line_base);
/* "line 31: text" or "@0x1f". Returns buf. */
const char *pd_note_example(char *buf, size_t size, const struct pd_note_row *row);

#endif
