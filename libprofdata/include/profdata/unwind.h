/*
 * Stacks of other processes: from registers and memory to the addresses of all callers, by the unwind tables (.eh_frame) of the objects that are
 * mapped there, by frame pointer where there are none (x86-64).
 */
#ifndef PROFDATA_UNWIND_H
#define PROFDATA_UNWIND_H

#include <profdata/base.h>

#ifdef __cplusplus
extern "C" {
#endif

struct pd_unwinder;

/* In the order of DWARF: rax rdx rcx rbx rsi rdi rbp rsp r8 ... r15 rip. */
enum { PD_UNWIND_RBP = 6, PD_UNWIND_RSP = 7, PD_UNWIND_RIP = 16, PD_UNWIND_REGISTERS = 17 };

/* An executable mapping: addresses [start, limit) show `path` from `offset` on. `path` is what is opened, at the first address in it;
 * or `bytes`: the whole object, copied at once. "[vdso]" without bytes is the one of this process, which all on this machine share. */
struct pd_unwind_map {
	uint64_t start, limit, offset;
	const char *path;
	const void *bytes;
	size_t n_bytes;
};

/* What a stack ended with, beside its root. */
enum pd_unwind_flags {
	PD_UNWIND_TRUNCATED = 1,  /* there was no room for more */
	PD_UNWIND_INCOMPLETE = 2, /* the way was lost */
	PD_UNWIND_UNREADABLE = 4, /* and that is because memory could not be read */
	PD_UNWIND_MOVED = 8,      /* or because the last function runs on another stack than its caller */
};

/* One address space. `like`: the objects read so far are shared with that one, which must stay longer; or NULL. NULL: out of memory. */
PD_API struct pd_unwinder *pd_unwinder_new(struct pd_unwinder *like);
PD_API void pd_unwinder_free(struct pd_unwinder *u);
/* The same mappings and objects once more, as a fork has them. */
PD_API struct pd_unwinder *pd_unwinder_fork(const struct pd_unwinder *u);

/* What lay there before is gone. False when out of memory. Objects that cannot be read are walked by frame pointer. */
PD_API bool pd_unwinder_map(struct pd_unwinder *u, const struct pd_unwind_map *m);
PD_API void pd_unwinder_unmap(struct pd_unwinder *u, uint64_t start, uint64_t limit);

/*
 * Addresses of the frames, leaf first, each inside of the instruction that runs or calls. `load` reads 8 bytes of the
 * process's memory (addresses are multiples of 8), false when it cannot; whatever it returns, the walk ends. Returns how
 * many there are, `max` at most; *flags: enum pd_unwind_flags.
 */
PD_API size_t pd_unwind(struct pd_unwinder *u, const uint64_t reg[PD_UNWIND_REGISTERS], bool (*load)(void *ctx, uint64_t address, uint64_t *out), void *ctx,
			uint64_t *address, size_t max, unsigned *flags);

#ifdef __cplusplus
}
#endif
#endif
