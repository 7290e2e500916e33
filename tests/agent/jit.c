/*
 * jit SECONDS: makes code at run time and says so in a jitdump, in ./jit-PID.dump. The same address is used by "first" (1 part of the time), then by "second"
 * (2 parts), which then moves to another page (1 part), then by "third" (1 part).
 */
#include <elf.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { LOAD, MOVE };

/* push %rbp; mov %rsp,%rbp; mov %rdi,%rcx; 1: dec %rcx; jnz 1b; pop %rbp; ret */
static const unsigned char loop[] = { 0x55, 0x48, 0x89, 0xe5, 0x48, 0x89, 0xf9, 0x48, 0xff, 0xc9, 0x75, 0xfb, 0x5d, 0xc3 };
static int dump;

static uint64_t now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void put(const void *p, size_t n)
{
	if (write(dump, p, n) != (ssize_t)n)
		exit(2);
}

static void begin(void)
{
	struct { uint32_t magic, version, size, machine, pad, pid; uint64_t time, flags; } head = {
		0x4a695444u, 1, sizeof(head), EM_X86_64, 0, (uint32_t)getpid(), now(CLOCK_MONOTONIC), 0 };
	char path[64];

	snprintf(path, sizeof(path), "jit-%d.dump", (int)getpid());
	dump = open(path, O_CREAT | O_TRUNC | O_RDWR, 0600);
	put(&head, sizeof(head));
	if (mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, dump, 0) == MAP_FAILED)
		exit(2);
}

static void load(const char *name, uint64_t index, unsigned char *code)
{
	struct { uint32_t id, size; uint64_t time; uint32_t pid, tid; uint64_t vma, address, size_of_code, index; } w = {
		LOAD, (uint32_t)(sizeof(w) + strlen(name) + 1 + sizeof(loop)), now(CLOCK_MONOTONIC), (uint32_t)getpid(), (uint32_t)getpid(),
		(uintptr_t)code, (uintptr_t)code, sizeof(loop), index };

	memcpy(code, loop, sizeof(loop));
	put(&w, sizeof(w));
	put(name, strlen(name) + 1);
	put(loop, sizeof(loop));
}

static void move(uint64_t index, unsigned char *from, unsigned char *to)
{
	struct { uint32_t id, size; uint64_t time; uint32_t pid, tid; uint64_t vma, from, to, size_of_code, index; } w = {
		MOVE, sizeof(w), now(CLOCK_MONOTONIC), (uint32_t)getpid(), (uint32_t)getpid(), (uintptr_t)to, (uintptr_t)from, (uintptr_t)to, sizeof(loop), index };

	memcpy(to, loop, sizeof(loop));
	put(&w, sizeof(w));
}

static __attribute__((noinline)) void run(const unsigned char *code, double seconds)
{
	void (*f)(uint64_t);
	uint64_t until = now(CLOCK_PROCESS_CPUTIME_ID) + (uint64_t)(seconds * 1e9);

	memcpy(&f, &code, sizeof(f));
	while (now(CLOCK_PROCESS_CPUTIME_ID) < until)
		f(1000000);
	usleep(20000);
}

int main(int argc, char **argv)
{
	double part = argc > 1 ? atof(argv[1]) / 5 : 0.2;
	unsigned char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		return 2;
	begin();
	load("first", 1, page);
	run(page, part);
	load("second", 2, page);
	run(page, 2 * part);
	move(2, page, page + 4096);
	run(page + 4096, part);
	load("third", 3, page);
	run(page, part);
	return 0;
}
