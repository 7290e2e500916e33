/* Stacks by registers and memory, of this process: as libgcc finds them; and whatever tables and memory say, a walk ends. */
#include "cm.h"
#include <profdata/unwind.h>

#include <elf.h>
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

/* ---- Go programs ---- */

/* The file: headers, section headers, a table, data. Functions "outer" (a frame of 24 bytes from its 8th byte on), "leaf" (none), "other" (goes to another stack), "root". */
enum { GO_SECTIONS = 512, GO_NAMES = 1024, GO_TABLE = 2048, GO_DATA = 3584, GO_FILE = 4096, GO_TEXT = 0x401000, GO_CODE = 4 * 64 };

static size_t put_bytes(unsigned char *p, size_t at, uint64_t v, unsigned n)
{
	memcpy(p + at, &v, n);
	return at + n;
}

/* `release`: 16, 18, 20 or (where code begins is in the data alone) 26. */
static void go_table(unsigned char *t, unsigned release)
{
	static const unsigned char steps[4][6] = { { 2, 8, 48, 56, 0 }, { 2, 64, 0 }, { 2, 64, 0 }, { 2, 64, 0 } }; /* from -1 on: 0 for 8 bytes, 24 for the others; 0 for all */
	static const unsigned flags[4] = { 0, 0, 2, 1 };
	unsigned half = release == 16 ? 8 : 4, words = release == 16 ? 7 : 8;
	uint64_t base = release == 16 ? GO_TEXT : 0;
	size_t at = put_bytes(t, 0, release == 16 ? 0xfffffffa : release == 18 ? 0xfffffff0 : 0xfffffff1, 4), list = 600;

	t[6] = 1;
	t[7] = 8;
	at = put_bytes(t, put_bytes(t, 8, 4, 8), 1, 8);
	if (release != 16)
		at = put_bytes(t, at, release == 26 ? 0 : GO_TEXT, 8);
	for (unsigned i = 0; i < 5; i++)
		at = put_bytes(t, at, (const uint64_t[]){ 128, 200, 220, 300, list }[i], 8);
	assert_int_equal(at, 8 + 8 * words);
	for (unsigned i = 0; i < 4; i++) {
		size_t record = 100 + 80 * i, number = list + record + (release == 16 ? 4 : 0);

		put_bytes(t, put_bytes(t, list + 2 * half * i, base + 64 * i, half), record, half);
		put_bytes(t, list + record, base + 64 * i, half);
		put_bytes(t, number + 16, 1 + 8 * i, 4);
		t[list + record + (release == 18 ? 37 : 41)] = (unsigned char)flags[i];
		memcpy(t + 300 + 1 + 8 * i, steps[i], 6);
	}
	put_bytes(t, list + 8 * half, base + GO_CODE, half);
}

static void go_file(unsigned char *f, unsigned release)
{
	static const char names[] = "\0.text\0.gopclntab";
	Elf64_Ehdr head = { .e_machine = EM_X86_64, .e_phoff = sizeof(head), .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 2, .e_shoff = GO_SECTIONS,
			    .e_shentsize = sizeof(Elf64_Shdr), .e_shnum = 4, .e_shstrndx = 1 };
	Elf64_Phdr load[2] = { { .p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_vaddr = GO_TEXT - 0x1000, .p_filesz = GO_DATA },
			       { .p_type = PT_LOAD, .p_flags = PF_R | PF_W, .p_offset = GO_DATA, .p_vaddr = 0x500000, .p_filesz = GO_FILE - GO_DATA } };
	Elf64_Shdr section[4] = { { 0 },
				  { .sh_type = SHT_STRTAB, .sh_offset = GO_NAMES, .sh_size = sizeof(names) },
				  { .sh_name = 1, .sh_type = SHT_PROGBITS, .sh_addr = GO_TEXT - 64, .sh_size = 4096 }, /* other code comes first */
				  { .sh_name = 7, .sh_type = SHT_PROGBITS, .sh_offset = GO_TABLE, .sh_size = GO_DATA - GO_TABLE } };

	memset(f, 0, GO_FILE);
	memcpy(head.e_ident, ELFMAG, SELFMAG);
	head.e_ident[EI_CLASS] = ELFCLASS64;
	head.e_ident[EI_DATA] = ELFDATA2LSB;
	memcpy(f, &head, sizeof(head));
	memcpy(f + sizeof(head), load, sizeof(load));
	memcpy(f + GO_SECTIONS, section, sizeof(section));
	memcpy(f + GO_NAMES, names, sizeof(names));
	go_table(f + GO_TABLE, release);
	put_bytes(f, put_bytes(f, GO_DATA + 40, GO_TEXT, 8), GO_TEXT + GO_CODE, 8);
}

static struct pd_unwinder *go_program(unsigned char *f)
{
	struct pd_unwind_map map = { .start = GO_TEXT - 0x1000, .limit = GO_TEXT + 0x1000, .bytes = f, .n_bytes = GO_FILE };
	struct pd_unwinder *u = pd_unwinder_new(NULL);

	assert_non_null(u);
	assert_true(pd_unwinder_map(u, &map));
	return u;
}

static bool load_words(void *ctx, uint64_t address, uint64_t *out)
{
	if (address < 0x7000 || address >= 0x7000 + 8 * 16)
		return false;
	*out = ((const uint64_t *)ctx)[(address - 0x7000) / 8];
	return true;
}

/* The caller of a function without a frame is not lost, and who has left its stack is told. */
static void test_go(void **state)
{
	static const unsigned release[] = { 16, 18, 20, 26 };
	static unsigned char file[GO_FILE];
	/* leaf: the return address is on top; outer keeps the frame pointer below its own */
	uint64_t stack[16] = { GO_TEXT + 20, 1, 2, 0x7080, GO_TEXT + 3 * 64 + 1 }, address[8];

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		uint64_t reg[PD_UNWIND_REGISTERS] = { [PD_UNWIND_RSP] = 0x7000, [PD_UNWIND_RBP] = 0x7018, [PD_UNWIND_RIP] = GO_TEXT + 64 + 5 };
		struct pd_unwinder *u;
		unsigned flags = 9;

		go_file(file, release[i]);
		u = go_program(file);
		for (unsigned again = 0; again < 2; again++) { /* as it was kept, too */
			assert_int_equal(pd_unwind(u, reg, load_words, stack, address, 8, &flags), 3);
			assert_int_equal(address[1], GO_TEXT + 19);
			assert_int_equal(address[2], GO_TEXT + 3 * 64);
			assert_int_equal(flags, 0);
		}
		reg[PD_UNWIND_RIP] = GO_TEXT + 2; /* before outer has a frame */
		assert_int_equal(pd_unwind(u, reg, load_words, stack, address, 2, &flags), 2);
		assert_int_equal(address[1], GO_TEXT + 19);
		reg[PD_UNWIND_RIP] = GO_TEXT + 2 * 64 + 5;
		reg[PD_UNWIND_RBP] = 0x6000;
		assert_int_equal(pd_unwind(u, reg, load_words, stack, address, 8, &flags), 1);
		assert_int_equal(flags, release[i] == 16 ? flags | PD_UNWIND_MOVED : (PD_UNWIND_INCOMPLETE | PD_UNWIND_MOVED));
		pd_unwinder_free(u);
	}
}

static void test_go_damage(void **state)
{
	static unsigned char file[GO_FILE];
	uint64_t x = 7, address[DEPTH], reg[PD_UNWIND_REGISTERS];
	struct memory memory = { .start = GO_TEXT, .size = 512 };
	size_t deep = 0;

	(void)state;
	for (unsigned round = 0; round < 3000; round++) {
		struct pd_unwinder *u;
		unsigned flags = 0;

		memory.seed = round;
		go_file(file, (const unsigned[]){ 16, 18, 20, 26 }[round % 4]);
		for (uint64_t k = next(&x) % 16; k > 0; k--)
			file[(k % 3 ? GO_TABLE : 0) + next(&x) % 1100] = (unsigned char)next(&x);
		u = go_program(file);
		for (unsigned k = 0; k < 20; k++) {
			for (unsigned i = 0; i < PD_UNWIND_REGISTERS; i++)
				reg[i] = 0x7ffe00000000u + next(&x) % 4096 * 8;
			reg[PD_UNWIND_RIP] = GO_TEXT + next(&x) % 300;
			deep += pd_unwind(u, reg, noise, &memory, address, DEPTH, &flags) > 2;
		}
		pd_unwinder_free(u);
	}
	assert_true(deep > 500);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_go), cmocka_unit_test(test_go_damage),
					    cmocka_unit_test(test_callers), cmocka_unit_test(test_epilogue), cmocka_unit_test(test_damage), cmocka_unit_test(test_mappings) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
