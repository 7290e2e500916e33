/*
 * From an interrupted instruction to the root, inside of a signal handler (x86-64).
 *
 * The way is cfi.c's; modules.c keeps a view of the tables that outlives dlclose(). The stack is read with plain loads inside the bounds of the
 * thread; outside of them (coroutines, alternate stacks, threads nobody announced) a system call that changes nothing says first, page
 * by page, whether it can be read.
 */
#include "agent.h"
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

_Static_assert(sizeof(struct cfi_work) <= sizeof(((struct agent_ring *)0)->work), "room for the rules");

struct state {
	struct cfi cfi;          /* first: its functions get back to us by it */
	const struct agent_modules *modules;
	uint64_t lo, hi;         /* plain loads are safe in here */
	uint64_t page;           /* and in this page */
};

/* rt_sigprocmask() with a `how` that does not exist reads the set first: EINVAL means readable, EFAULT not. Nothing changes. */
static bool readable(uint64_t address)
{
	long result;

	__asm__ volatile("mov %[size], %%r10\n\tsyscall"
			 : "=a"(result)
			 : "0"((long)SYS_rt_sigprocmask), "D"(-1L), "S"(address), "d"(0L), [size] "i"(8L)
			 : "rcx", "r10", "r11", "memory");
	return result == -22;
}

static bool load(struct cfi *c, uint64_t address, uint64_t *out)
{
	struct state *s = (struct state *)c;

	if (address % 8)
		return false;
	if (address < s->lo || address + 8 > s->hi) {
		if ((address & ~4095ull) != s->page) {
			if (!readable(address))
				return false;
			s->page = address & ~4095ull;
		}
	}
	*out = *(const volatile uint64_t *)(uintptr_t)address;
	return true;
}

static bool tables(struct cfi *c, uint64_t pc, struct cfi_module *out)
{
	const struct agent_module *m = module_of(((struct state *)c)->modules, pc);

	if (!m)
		return false;
	*out = (struct cfi_module){ .hdr = m->hdr, .lo = m->lo, .hi = m->hi, .view = (const uint8_t *)(uintptr_t)(m->lo + m->shift) };
	if (pc >= m->start + 6)
		out->before = (const uint8_t *)(uintptr_t)(pc - 6);
	return true;
}

static void registers_of(struct cfi *c, const ucontext_t *uc)
{
	static const uint8_t greg[CFI_REGISTERS] = { REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI, REG_RBP, REG_RSP, REG_R8,
						     REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15, REG_RIP };

	for (unsigned i = 0; i < CFI_REGISTERS; i++)
		c->reg[i] = (uint64_t)uc->uc_mcontext.gregs[greg[i]];
}

uint32_t unwind(struct agent_ring *r, const void *context, uint64_t *address, uint32_t max, uint32_t *flags)
{
	struct state s = { .cfi = { .exact = true, .rows = r->row, .work = (struct cfi_work *)(void *)r->work, .load = load, .module = tables },
			   .modules = modules_now() };
	enum cfi_step how = CFI_ON;
	uint32_t n = 0;

	s.cfi.generation = s.modules->generation;
	registers_of(&s.cfi, context);
	/* what lies above the stack pointer up to the end of the stack is there */
	if (s.cfi.reg[CFI_RSP] >= r->stack_lo && s.cfi.reg[CFI_RSP] < r->stack_hi) {
		s.lo = s.cfi.reg[CFI_RSP];
		s.hi = r->stack_hi;
	}
	while (how == CFI_ON && n < max) {
		uint64_t pc = cfi_pc(&s.cfi);

		if (!modules_own(pc))
			address[n++] = pc;
		how = cfi_step(&s.cfi);
	}
	*flags |= how == CFI_ON ? PD_WIRE_TRUNCATED : how == CFI_STUCK ? PD_WIRE_INCOMPLETE : 0;
	return n;
}
