/* Stacks by registers and memory, of this process: as libgcc finds them; and whatever tables and memory say, a walk ends. */
#include "cm.h"
#include <profdata/unwind.h>

#include <execinfo.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/uio.h>
#include <ucontext.h>
#include <unistd.h>

#define DEPTH 64

static bool load(void *ctx, uint64_t address, uint64_t *out)
{
	struct iovec here = { out, 8 }, there = { (void *)(uintptr_t)address, 8 };

	(void)ctx;
	return process_vm_readv(getpid(), &here, 1, &there, 1, 0) == 8;
}

static void map_all(struct pd_unwinder *u)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[1024], path[512];
	struct pd_unwind_map m = { 0 };

	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps))
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " r-xp %" SCNx64 " %*s %*s %511s", &m.start, &m.limit, &m.offset, path) == 4 && path[0] == '/') {
			m.path = path;
			assert_true(pd_unwinder_map(u, &m));
		}
	fclose(maps);
}

struct walk {
	struct pd_unwinder *u;
	uint64_t ours[DEPTH];
	void *theirs[DEPTH];
	size_t n;
	int m;
	unsigned flags;
};
static struct walk *now;

/* Called by qsort(), so that there are frames of a library built without frame pointers on the way. */
static int compare(const void *a, const void *b)
{
	static const int greg[PD_UNWIND_REGISTERS] = { REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI, REG_RBP, REG_RSP, REG_R8,
						       REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15, REG_RIP };
	uint64_t reg[PD_UNWIND_REGISTERS];
	ucontext_t uc;

	(void)a;
	(void)b;
	now->m = backtrace(now->theirs, DEPTH);
	getcontext(&uc);
	for (unsigned i = 0; i < PD_UNWIND_REGISTERS; i++)
		reg[i] = (uint64_t)uc.uc_mcontext.gregs[greg[i]];
	now->n = pd_unwind(now->u, reg, load, NULL, now->ours, DEPTH, &now->flags);
	return 0;
}

#ifdef __SANITIZE_ADDRESS__
#define BETWEEN 1 /* the sanitizer's own backtrace() is a frame */
#else
#define BETWEEN 0
#endif

static void test_callers(void **state)
{
	static struct walk w;
	int v[2] = { 2, 1 };

	(void)state;
	w.u = pd_unwinder_new(NULL);
	assert_non_null(w.u);
	map_all(w.u);
	now = &w;
	qsort(v, 2, sizeof(v[0]), compare);
	assert_true(w.m > 4);
	assert_int_equal(w.n, w.m - BETWEEN);
	assert_int_equal(w.flags, 0);
	for (size_t i = 1; i < w.n; i++) /* a call's own address is not the one behind it */
		assert_int_equal(w.ours[i], (uint64_t)(uintptr_t)w.theirs[i + BETWEEN] - 1);
	pd_unwinder_free(w.u);
}

/* A function that has popped what it saved, as its tables do not say: they go on telling where that was. */
__asm__(".text\n.type epilogue, @function\nepilogue:\n.cfi_startproc\npush %rbx\n.cfi_def_cfa_offset 16\n.cfi_offset rbx, -16\n"
	"pop %rbx\n.cfi_def_cfa_offset 8\nepilogue_return:\nret\n.cfi_endproc\n.size epilogue, .-epilogue\n");
extern const char epilogue_return[];

/* A copy of the stack, which begins where its pointer is. */
static bool load_copy(void *ctx, uint64_t address, uint64_t *out)
{
	const uint64_t *copy = ctx;

	if (address != (uintptr_t)copy)
		return false;
	*out = *copy;
	return true;
}

static void test_epilogue(void **state)
{
	struct pd_unwinder *u = pd_unwinder_new(NULL);
	uint64_t reg[PD_UNWIND_REGISTERS] = { 0 }, address[4], copy = (uintptr_t)&test_epilogue + 4;
	unsigned flags;

	(void)state;
	map_all(u);
	reg[PD_UNWIND_RIP] = (uintptr_t)epilogue_return;
	reg[PD_UNWIND_RSP] = (uintptr_t)&copy;
	assert_true(pd_unwind(u, reg, load_copy, &copy, address, 4, &flags) >= 2);
	assert_int_equal(address[1], copy - 1);
	pd_unwinder_free(u);
}

static uint64_t next(uint64_t *x)
{
	*x = *x * 6364136223846793005u + 1442695040888963407u;
	return *x >> 16;
}

struct memory {
	uint64_t seed, start, size;
};

/* Memory full of addresses of the object, of the stack and of nothing. */
static bool noise(void *ctx, uint64_t address, uint64_t *out)
{
	struct memory *m = ctx;
	uint64_t x = address ^ m->seed, kind = next(&x) % 8;

	*out = kind < 5 ? m->start + m->size / 8 + next(&x) % (m->size / 2) : kind < 7 ? address + next(&x) % 256 : next(&x);
	return next(&x) % 64 != 0;
}

static void test_damage(void **state)
{
	const unsigned char *vdso = (const unsigned char *)getauxval(AT_SYSINFO_EHDR);
	static unsigned char bytes[8192];
	uint64_t x = 1, address[DEPTH], reg[PD_UNWIND_REGISTERS];
	size_t deep = 0;

	(void)state;
	if (!vdso)
		skip();
	for (unsigned round = 0; round < 3000; round++) {
		struct memory memory = { .seed = round, .start = 0x7fff00000000u, .size = sizeof(bytes) };
		struct pd_unwind_map map = { .start = memory.start, .limit = memory.start + sizeof(bytes), .bytes = bytes, .n_bytes = sizeof(bytes) };
		struct pd_unwinder *u = pd_unwinder_new(NULL);
		unsigned flags = 0;

		assert_non_null(u);
		memcpy(bytes, vdso, sizeof(bytes));
		for (uint64_t k = next(&x) % 24; k > 0; k--)
			bytes[next(&x) % (k % 3 ? sizeof(bytes) : 2048)] = (unsigned char)next(&x);
		map.n_bytes = next(&x) % 4 ? sizeof(bytes) : next(&x) % sizeof(bytes) + 1;
		assert_true(pd_unwinder_map(u, &map));
		for (unsigned k = 0; k < 20; k++) {
			for (unsigned i = 0; i < PD_UNWIND_REGISTERS; i++)
				reg[i] = 0x7ffe00000000u + next(&x) % 4096 * 8;
			reg[PD_UNWIND_RIP] = memory.start + next(&x) % (k % 4 ? 5000 : sizeof(bytes));
			size_t n = pd_unwind(u, reg, noise, &memory, address, DEPTH, &flags);

			assert_in_range(n, 1, DEPTH);
			assert_int_equal(flags == PD_UNWIND_TRUNCATED, n == DEPTH && flags);
			deep += n > 2;
		}
		pd_unwinder_free(u);
	}
	assert_true(deep > 500); /* else the tables were hardly used */
}

static void test_mappings(void **state)
{
	struct pd_unwinder *all = pd_unwinder_new(NULL), *u = pd_unwinder_new(all), *copy;
	struct pd_unwind_map m = { .start = 0x1000, .limit = 0x9000, .path = "/no/such/object" };
	uint64_t address[4], reg[PD_UNWIND_REGISTERS] = { 0 };
	unsigned flags = 9;

	(void)state;
	assert_true(all && u);
	assert_true(pd_unwinder_map(u, &m));
	m.start = 0x3000;
	m.limit = 0x4000;
	assert_true(pd_unwinder_map(u, &m)); /* what it covers is gone */
	m.limit = m.start;
	assert_true(pd_unwinder_map(u, &m)); /* nothing */
	pd_unwinder_unmap(u, 0, UINT64_MAX);
	copy = pd_unwinder_fork(u);
	assert_non_null(copy);
	reg[PD_UNWIND_RIP] = 0x3800;
	assert_int_equal(pd_unwind(u, reg, load, NULL, address, 4, &flags), 1);
	assert_int_equal(address[0], 0x3800);
	assert_int_equal(flags, 0);
	pd_unwinder_free(copy);
	pd_unwinder_free(u);
	pd_unwinder_free(all);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_callers), cmocka_unit_test(test_epilogue), cmocka_unit_test(test_damage), cmocka_unit_test(test_mappings) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
