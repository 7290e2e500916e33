/*
 * From one frame to its caller by the call frame information every binary on Linux carries (.eh_frame, x86-64).
 *
 * Used in two places that have nothing else in common: the sampler's signal handler inside of other programs, and libprofdata, which
 * unwinds stacks of other processes. So nothing in here allocates, locks or keeps state of its own, and memory is
 * read through the caller's function. All bytes are hostile: everything is checked, and every loop ends.
 */
#ifndef UNWIND_CFI_H
#define UNWIND_CFI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Numbers of DWARF; the return address column holds the pc. */
enum { CFI_RAX, CFI_RDX, CFI_RCX, CFI_RBX, CFI_RSI, CFI_RDI, CFI_RBP, CFI_RSP, CFI_R8, CFI_R12 = 12, CFI_R15 = 15, CFI_RA, CFI_REGISTERS };

/* How to get from a pc to its caller where that takes no more than offsets from the CFA. */
#define CFI_ROWS 256
struct cfi_row {
	uint64_t pc;
	uint32_t generation;     /* of the list of modules; 0: empty */
	uint8_t cfa_register;
	uint8_t framed;          /* the caller's frame pointer lies below the return address where ours points there */
	uint8_t zero[2];
	int32_t cfa_offset, ra;
	int16_t saved[6];        /* rbx, rbp, r12 to r15: offset from the CFA, CFI_SAME: not touched */
};
#define CFI_SAME INT16_MIN

/* The rules of one row. Expressions are offsets into the view of the module. */
struct cfi_rules {
	uint8_t how[CFI_REGISTERS], cfa_register, cfa_by_expression;
	int32_t arg[CFI_REGISTERS], cfa_offset;
};

#define CFI_REMEMBERED 4
struct cfi_work {
	struct cfi_rules now, initial, kept[CFI_REMEMBERED];
};

/* What tables that know nothing but depths say. */
struct cfi_frame {
	int32_t depth;           /* bytes from the stack pointer to the return address */
	bool top;                /* nobody called this function */
	bool lost;               /* it has left the stack it was called on: frame pointers may know more */
};

/* A module, as far as its tables go: `view` shows the program's addresses [lo, hi), which hold .eh_frame_hdr and .eh_frame. */
struct cfi_module {
	uint64_t hdr;            /* address of .eh_frame_hdr, 0 none */
	uint64_t lo, hi;
	const uint8_t *view;
	const uint8_t *before;   /* the 7 bytes of code in front of the return address asked for; NULL: not known */
	/* Other tables, asked first; NULL: none. False: they say nothing about pc. */
	bool (*frame)(const struct cfi_module *m, uint64_t pc, struct cfi_frame *out);
	const void *arg;
	uint64_t bias;           /* for `frame`: what was added to the module's addresses */
};

/* A walk. `rows` are the caller's, CFI_ROWS of them, and outlive it: what was worked out for a pc counts as long as the generation. */
struct cfi {
	uint64_t reg[CFI_REGISTERS];
	bool moved;              /* the last frame has left the stack it was called on */
	bool exact;              /* pc is an instruction that was interrupted, not one behind a call */
	uint32_t generation;     /* not 0 */
	struct cfi_row *rows;
	struct cfi_work *work;
	bool (*load)(struct cfi *c, uint64_t address, uint64_t *out);
	/* The module of pc; false: none that is known. */
	bool (*module)(struct cfi *c, uint64_t pc, struct cfi_module *out);
};

enum cfi_step { CFI_ON, CFI_END, CFI_STUCK };

/* The instruction of the frame at hand. */
static inline uint64_t cfi_pc(const struct cfi *c) { return c->reg[CFI_RA] - !c->exact; }

/* To the caller: by the tables, or by the frame pointer where there are none. */
enum cfi_step cfi_step(struct cfi *c);

#endif
