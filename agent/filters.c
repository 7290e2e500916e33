/*
 * Filters of system calls (seccomp). They end a process that makes a call they do not know, and the return of a signal is one they need not know: a
 * process is recorded until it asks for one. It does by prctl() or by syscall(). The latter goes on in libc's, so that this is where a thread is that
 * waits in it.
 */
#include "agent.h"
#include <errno.h>
#include <linux/seccomp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#define HOOK __attribute__((visibility("default")))

/* Who passes no filter asks whether there are any. */
void hook_filtered(long number, unsigned long what, unsigned long flags, unsigned long filter) __attribute__((visibility("hidden")));
void hook_filtered(long number, unsigned long what, unsigned long flags, unsigned long filter)
{
	(void)number;
	(void)flags;
	if (what == SECCOMP_SET_MODE_STRICT || (what == SECCOMP_SET_MODE_FILTER && filter))
		agent_stop(PD_WIRE_FILTERED);
}

long hook_failed(long result) __attribute__((visibility("hidden")));
long hook_failed(long result)
{
	errno = (int)-result;
	return -1;
}

long hook_raw(long number, ...) __attribute__((visibility("hidden")));
long (*hook_syscall)(long number, ...) __attribute__((visibility("hidden"))) = hook_raw;

__attribute__((constructor)) static void begin(void)
{
	void *libc = next_symbol("syscall");

	if (libc)
		memcpy(&hook_syscall, &libc, sizeof(libc));
}

#define TEXT_OF(x) #x
#define NUMBER_OF(x) TEXT_OF(x)
__asm__(".text\n.globl syscall\n.type syscall, @function\nsyscall:\n"
	"\tendbr64\n"
	"\tcmp $" NUMBER_OF(SYS_seccomp) ", %rdi\n"
	"\tje 1f\n"
	"\tjmp *hook_syscall(%rip)\n"
	"1:\tpush %rdi\n\tpush %rsi\n\tpush %rdx\n\tpush %rcx\n\tpush %r8\n\tpush %r9\n\tsub $8, %rsp\n"
	"\tcall hook_filtered\n"
	"\tadd $8, %rsp\n\tpop %r9\n\tpop %r8\n\tpop %rcx\n\tpop %rdx\n\tpop %rsi\n\tpop %rdi\n"
	"\tjmp *hook_syscall(%rip)\n"
	".size syscall, . - syscall\n"
	".type hook_raw, @function\nhook_raw:\n"
	"\tendbr64\n"
	"\tmov %rdi, %rax\n"
	"\tmov %rsi, %rdi\n"
	"\tmov %rdx, %rsi\n"
	"\tmov %rcx, %rdx\n"
	"\tmov %r8, %r10\n"
	"\tmov %r9, %r8\n"
	"\tmov 8(%rsp), %r9\n"
	"\tsyscall\n"
	"\tcmp $-4095, %rax\n"
	"\tjae 2f\n"
	"\tret\n"
	"2:\tmov %rax, %rdi\n"
	"\tjmp hook_failed\n"
	".size hook_raw, . - hook_raw\n");

HOOK int prctl(int option, ...)
{
	unsigned long a[4];
	va_list args;

	va_start(args, option);
	for (int i = 0; i < 4; i++)
		a[i] = va_arg(args, unsigned long);
	va_end(args);
	if (option == PR_SET_SECCOMP && (a[0] != SECCOMP_MODE_FILTER || a[1]))
		agent_stop(PD_WIRE_FILTERED);
	return (int)hook_syscall(SYS_prctl, (long)option, a[0], a[1], a[2], a[3]);
}
