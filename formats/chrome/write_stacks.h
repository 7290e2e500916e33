/*
 * The table stackFrames of a written trace: events name stacks by number. Viewers want one table, which can only be written when all
 * stacks are known, at the end; for readers that do not look ahead each stack is said before its first use too.
 */
#ifndef CHROME_WRITE_STACKS_H
#define CHROME_WRITE_STACKS_H

#include "base/vec.h"
#include <profdata/profile.h>

struct pd_out;

struct chrome_stacks {
	PD_VEC(uint64_t) used; /* a bit per stack */
	PD_VEC(uint32_t) path;
};

/* Has it been named? */
static inline bool chrome_stack_is_used(const struct chrome_stacks *s, uint32_t stack)
{
	return stack / 64 < s->used.n && s->used.v[stack / 64] >> stack % 64 & 1;
}
/*
 * A stack is about to be named for the first time: its frames, without those that were written before, as members of an object.
 * False when out of memory.
 */
bool chrome_stack_define(struct chrome_stacks *s, uint32_t stack, const struct pd_doc *tables, struct pd_out *out);
/* "stackFrames":{...}, with a comma behind it; nothing when no stack is used. False when out of memory. */
bool chrome_stacks_write(struct chrome_stacks *s, const struct pd_doc *tables, struct pd_out *out);
void chrome_stacks_release(struct chrome_stacks *s);

#endif
