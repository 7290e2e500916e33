/*
 * record from outside: stacks. The kernel's part comes as it is; the user's part is unwound here, from the registers and a copy of the top of the stack,
 * by the unwind tables of the objects. Where the copy ends, the kernel's own walk along frame pointers takes over, if it came by the same place.
 */
#include "perf.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>

#define ASLEEP_STACK 65536 /* bytes of a sleeping thread's stack that are read */

struct copy {
	const unsigned char *p;
	uint64_t start, n;
};

static bool load(void *ctx, uint64_t address, uint64_t *out)
{
	const struct copy *c = ctx;

	if (address < c->start || address - c->start > c->n || c->n - (address - c->start) < 8)
		return false;
	memcpy(out, c->p + (address - c->start), 8);
	return true;
}

static uint64_t ip_at(const struct perf_sample *s, uint64_t i)
{
	uint64_t v;

	memcpy(&v, s->ips + 8 * i, 8);
	return v;
}

/* The kernel's chain: what stands behind `context`, addresses inside of the instructions that call. */
static uint32_t chain(const struct perf_sample *s, uint64_t context, uint64_t *address, uint32_t max)
{
	bool in = false;
	uint32_t n = 0;

	for (uint64_t i = 0; i < s->n_ips && n < max; i++) {
		uint64_t ip = ip_at(s, i);

		if (ip >= PERF_CONTEXT_MAX)
			in = ip == context;
		else if (in && ip)
			address[n] = ip - (n > 0), n++;
	}
	return n;
}

/* As the kernel orders them (by number in the mask) → as DWARF does. */
static bool registers(const struct perf_sample *s, uint64_t reg[PD_UNWIND_REGISTERS])
{
	static const unsigned char place[PD_UNWIND_REGISTERS] = { 0, 3, 2, 1, 4, 5, 6, 7, 16, 8, 9, 10, 11, 12, 13, 14, 15 };

	if (s->abi != PERF_SAMPLE_REGS_ABI_64 || !s->size)
		return false;
	for (unsigned i = 0; i < PD_UNWIND_REGISTERS; i++)
		memcpy(&reg[place[i]], s->regs + 8 * i, 8);
	return true;
}

/* Beyond the copy: the deepest frame that both walks have seen, and what frame pointers say from there on. */
static uint32_t splice(const struct perf_sample *s, uint64_t *address, uint32_t n, uint32_t max)
{
	uint64_t fp[256];
	uint32_t n_fp = chain(s, PERF_CONTEXT_USER, fp, 256);

	for (uint32_t i = n; i-- > 1;)
		for (uint32_t k = 1; k + 1 < n_fp; k++) {
			if (fp[k] != address[i])
				continue;
			for (n = i + 1, k++; k < n_fp && n < max; k++)
				address[n++] = fp[k];
			return n;
		}
	return 0;
}

static uint32_t user_part(struct perf *p, struct perf_proc *proc, const struct perf_sample *s, uint64_t *address, uint32_t max, uint32_t *flags)
{
	uint64_t reg[PD_UNWIND_REGISTERS];
	struct copy c;
	unsigned how = 0;
	uint32_t n, more;

	if (!registers(s, reg)) {
		n = chain(s, PERF_CONTEXT_USER, address, max);
		*flags |= n == max ? PD_WIRE_TRUNCATED : 0u;
		return n;
	}
	c = (struct copy){ s->stack, reg[PD_UNWIND_RSP], s->used };
	n = (uint32_t)pd_unwind(proc->unwinder, reg, load, &c, address, max, &how);
	p->stats.unwound++;
	if (how & PD_UNWIND_MOVED || (how & PD_UNWIND_UNREADABLE && s->used == s->size)) { /* the copy was too short, or is of another stack */
		more = p->frame_pointers ? splice(s, address, n, max) : 0;
		p->stats.spliced += more != 0;
		*flags |= more ? 0u : PD_WIRE_TRUNCATED;
		return more ? more : n;
	}
	*flags |= how & PD_UNWIND_TRUNCATED ? PD_WIRE_TRUNCATED : how ? PD_WIRE_INCOMPLETE : 0u;
	return n;
}

static uint32_t told(struct perf *p, struct perf_proc *proc, const uint64_t *address, uint32_t n, uint32_t flags)
{
	p->stats.truncated += (flags & PD_WIRE_TRUNCATED) != 0;
	p->stats.incomplete += (flags & PD_WIRE_INCOMPLETE) != 0;
	return perf_put_stack(p, proc, address, n, flags);
}

uint32_t perf_stack(struct perf *p, struct perf_proc *proc, const struct perf_sample *s, uint32_t *unseen)
{
	uint32_t flags = 0, n = chain(s, PERF_CONTEXT_KERNEL, p->address, PERF_DEPTH / 2);

	if (s->abi || !n)
		n += user_part(p, proc, s, p->address + n, PERF_DEPTH - n, &flags);
	if (unseen)
		*unseen = perf_put_stack(p, proc, p->address, n, flags | PD_WIRE_UNSEEN);
	return told(p, proc, p->address, n, flags);
}

/* "NUMBER ARGUMENTS... SP PC" when it is in a system call */
static bool call_of(uint32_t pid, uint32_t tid, char *text, size_t size, uint64_t *sp, uint64_t *pc)
{
	char path[64], *last;

	snprintf(path, sizeof(path), "/proc/%u/task/%u/syscall", pid, tid);
	if (!perf_read_file(path, text, size) || !(last = strrchr(text, ' ')))
		return false;
	if (sscanf(last, " %" SCNx64, pc) != 1)
		return false;
	while (last > text && last[-1] != ' ')
		last--;
	return last > text && sscanf(last, "%" SCNx64, sp) == 1;
}

uint32_t perf_asleep_at(struct perf *p, struct perf_proc *proc, uint32_t tid)
{
	static unsigned char stack[ASLEEP_STACK];
	uint64_t reg[PD_UNWIND_REGISTERS] = { 0 }, sp = 0, pc = 0;
	char before[256], after[256];
	struct iovec to = { stack, sizeof(stack) }, from;
	uint32_t flags = 0, n;
	unsigned how = 0;
	struct copy c;
	ssize_t got;

	if (!call_of(proc->pid, tid, before, sizeof(before), &sp, &pc) || !sp || !pc)
		return 0;
	from = (struct iovec){ (void *)(uintptr_t)sp, sizeof(stack) };
	while ((got = process_vm_readv((pid_t)proc->pid, &to, 1, &from, 1, 0)) < 0 && from.iov_len > 4096)
		from.iov_len = from.iov_len / 2;
	if (got <= 0 || !call_of(proc->pid, tid, after, sizeof(after), &sp, &pc) || strcmp(before, after) != 0)
		return 0;
	c = (struct copy){ stack, sp, (uint64_t)got };
	reg[PD_UNWIND_RSP] = sp;
	reg[PD_UNWIND_RIP] = pc;
	n = (uint32_t)pd_unwind(proc->unwinder, reg, load, &c, p->address, PERF_DEPTH, &how);
	flags = how ? PD_WIRE_INCOMPLETE : 0u; /* the other registers are not known: the way may be lost */
	return n ? told(p, proc, p->address, n, flags) : 0;
}
