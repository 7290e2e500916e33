/*
 * From an interrupted instruction to the root, inside of a signal handler (x86-64).
 *
 * The way is cfi.c's; modules.c keeps a view of the tables that outlives dlclose(). The stack is read with plain loads inside the bounds of the
 * thread; outside of them (coroutines, alternate stacks, threads nobody announced) a system call that changes nothing says first, page
 * by page, whether it can be read.
 */
#include "agent.h"
#include <dlfcn.h>
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
	bool here, current;      /* in a hook, not a handler; the list is up to date */
	struct agent_places *places; /* may be NULL */
	uint64_t *copy;          /* another thread's: a copy of `page`, NULL: our own stack */
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

/* False: it is not there, or not any more. */
static bool copy_page(struct state *s, uint64_t page)
{
	s->page = ~0ull;
	if (!memory_read(page, s->copy, 4096))
		return false;
	s->page = page;
	return true;
}

static bool load(struct cfi *c, uint64_t address, uint64_t *out)
{
	struct state *s = (struct state *)c;

	if (address % 8)
		return false;
	if (s->copy) {
		if ((address & ~4095ull) != s->page && !copy_page(s, address & ~4095ull))
			return false;
		*out = s->copy[address % 4096 / 8];
		return true;
	}
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

/*
 * The loader's own answer, where our list does not have the library yet or still has one that is gone. Not for handlers: there nothing
 * keeps another thread from unloading the library, while one that a hook is called from stays.
 */
#pragma weak _dl_find_object
static bool loaded(uint64_t pc, struct cfi_module *out)
{
	struct dl_find_object o;

	if (!_dl_find_object || _dl_find_object((void *)(uintptr_t)pc, &o) != 0)
		return false;
	*out = (struct cfi_module){ .hdr = (uint64_t)(uintptr_t)o.dlfo_eh_frame, .lo = (uint64_t)(uintptr_t)o.dlfo_map_start,
				    .hi = (uint64_t)(uintptr_t)o.dlfo_map_end, .view = o.dlfo_map_start };
	if (pc >= out->lo + 6)
		out->before = (const uint8_t *)(uintptr_t)(pc - 6);
	return true;
}

static bool tables(struct cfi *c, uint64_t pc, struct cfi_module *out)
{
	const struct state *s = (struct state *)c;
	const struct agent_module *m = s->current ? module_of(s->modules, pc) : NULL;

	if (!m)
		return s->here && loaded(pc, out);
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

/* The return address that was just followed, if it is where they are. */
static void remember(struct state *s)
{
	struct agent_places *p = s->places;
	uint64_t at = s->cfi.reg[CFI_RSP] - 8, value;

	if (p->n < AGENT_PLACES && load(&s->cfi, at, &value) && value == s->cfi.reg[CFI_RA]) {
		p->at[p->n] = at;
		p->value[p->n++] = value;
	}
}

/* Those a caller can expect to find again, as they are in the function that asks: its tables lead on from there. */
__attribute__((always_inline)) static inline void registers_here(uint64_t *reg)
{
	__asm__ volatile("mov %%rbx, %c[rbx](%[reg])\n\tmov %%rbp, %c[rbp](%[reg])\n\tmov %%rsp, %c[rsp](%[reg])\n\t"
			 "mov %%r12, %c[r12](%[reg])\n\tmov %%r13, %c[r12]+8(%[reg])\n\tmov %%r14, %c[r12]+16(%[reg])\n\tmov %%r15, %c[r12]+24(%[reg])\n\t"
			 "lea 0(%%rip), %%rax\n\tmov %%rax, %c[ra](%[reg])"
			 :
			 : [reg] "r"(reg), [rbx] "i"(8 * CFI_RBX), [rbp] "i"(8 * CFI_RBP), [rsp] "i"(8 * CFI_RSP), [r12] "i"(8 * CFI_R12), [ra] "i"(8 * CFI_RA)
			 : "rax", "memory");
}

static uint32_t walk(struct state *s, uint64_t lo, uint64_t hi, uint64_t *address, uint32_t max, uint32_t *flags)
{
	enum cfi_step how = CFI_ON;
	uint32_t n = 0;

	s->cfi.load = load;
	s->cfi.module = tables;
	s->cfi.exact = true;
	/* what lies above the stack pointer up to the end of the stack is there */
	if (s->cfi.reg[CFI_RSP] >= lo && s->cfi.reg[CFI_RSP] < hi) {
		s->lo = s->cfi.reg[CFI_RSP];
		s->hi = hi;
	}
	while (how == CFI_ON && n < max) {
		uint64_t pc = cfi_pc(&s->cfi);

		if (!modules_own(pc))
			address[n++] = pc;
		how = cfi_step(&s->cfi);
		if (s->places && how == CFI_ON)
			remember(s);
	}
	*flags |= how == CFI_ON ? PD_WIRE_TRUNCATED : how == CFI_STUCK ? PD_WIRE_INCOMPLETE : 0;
	return n;
}

uint32_t unwind(struct agent_ring *r, const void *context, uint64_t *address, uint32_t max, uint32_t *flags, struct agent_places *places)
{
	struct state s = { .cfi = { .rows = r->row, .work = (struct cfi_work *)(void *)r->work }, .modules = modules_now(), .current = true, .places = places };

	if (places)
		places->n = 0;
	s.cfi.generation = s.modules->generation;
	if (context)
		registers_of(&s.cfi, context);
	else
		registers_here(s.cfi.reg);
	return walk(&s, r->stack_lo, r->stack_hi, address, max, flags);
}

uint32_t unwind_here(struct agent_walker *w, uint64_t lo, uint64_t hi, uint32_t *flags)
{
	struct state s = { .cfi = { .rows = w->row, .work = &w->work }, .modules = modules_now(), .here = true };
	uint32_t closes = atomic_load_explicit(&agent.closes, memory_order_relaxed);

	s.current = s.modules->closes == closes;
	s.cfi.generation = s.modules->generation + (closes << 16);
	s.cfi.generation += !s.cfi.generation;
	registers_here(s.cfi.reg);
	return walk(&s, lo, hi, w->frame, AGENT_DEPTH, flags);
}

uint32_t unwind_asleep(struct agent_walker *w, uint64_t sp, uint64_t pc, uint32_t *flags, struct agent_places *places)
{
	uint64_t copy[512];
	struct state s = { .cfi = { .rows = w->row, .work = &w->work }, .modules = modules_now(), .current = true, .places = places, .copy = copy, .page = ~0ull };

	if (places)
		places->n = 0;
	s.cfi.generation = s.modules->generation;
	for (unsigned i = 0; i < CFI_REGISTERS; i++)
		s.cfi.reg[i] = 1; /* not known: no address of a word, and below every stack, so whatever depends on it is stuck */
	s.cfi.reg[CFI_RSP] = sp;
	s.cfi.reg[CFI_RA] = pc;
	return walk(&s, 0, 0, w->frame, AGENT_DEPTH, flags);
}
