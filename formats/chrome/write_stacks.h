/* The table stackFrames of a written trace: events name stacks by number, the table follows at the end. */
#ifndef CHROME_WRITE_STACKS_H
#define CHROME_WRITE_STACKS_H

#include "base/vec.h"
#include <profdata/profile.h>

struct pd_out;

struct chrome_stacks {
	PD_VEC(uint64_t) used; /* a bit per stack */
};

/* Some event refers to this stack; false when out of memory. */
bool chrome_stack_used(struct chrome_stacks *s, uint32_t stack);
/* "stackFrames":{...}, with a comma behind it; nothing when no stack is used. False when out of memory. */
bool chrome_stacks_write(struct chrome_stacks *s, const struct pd_doc *tables, struct pd_out *out);
void chrome_stacks_release(struct chrome_stacks *s);

#endif
