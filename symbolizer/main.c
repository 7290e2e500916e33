/* One request in, one answer out, in a place where little can go wrong. */
#include "symbolizer.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static void limit(int what, rlim_t value)
{
	struct rlimit l;

	if (getrlimit(what, &l) == 0 && (l.rlim_cur == RLIM_INFINITY || l.rlim_cur > value)) {
		l.rlim_cur = value;
		setrlimit(what, &l);
	}
}

/* No sockets, no programs, no processes, no tracing: the files may do to this process what they like. Kernels without the filter do without. */
static void lock_up(void)
{
	static const int refused[] = { SYS_socket, SYS_connect, SYS_execve, SYS_execveat, SYS_fork, SYS_vfork, SYS_clone, SYS_clone3, SYS_ptrace,
				       SYS_process_vm_writev, SYS_kill, SYS_tkill, SYS_unlink, SYS_unlinkat, SYS_rename, SYS_renameat, SYS_renameat2, SYS_truncate };
	enum { N = sizeof(refused) / sizeof(refused[0]) };
	struct sock_filter code[N + 3];
	struct sock_fprog program = { N + 3, code };

#ifndef __SANITIZE_ADDRESS__ /* which reserves terabytes */
	limit(RLIMIT_AS, (rlim_t)4 << 30);
#endif
	limit(RLIMIT_CPU, 300);
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_FSIZE, 0);
	code[0] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (unsigned char i = 0; i < N; i++) /* jumps to the last instruction */
		code[i + 1] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)refused[i], (unsigned char)(N - i), 0);
	code[N + 1] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	code[N + 2] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
		prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static void read_all(void *p, size_t n)
{
	if (n && fread(p, 1, n, stdin) != n)
		exit(2);
}

/* The next text of the block. */
static const char *cut(char **p, const char *end)
{
	char *text = *p, *zero = memchr(text, '\0', (size_t)(end - text));

	if (!zero)
		exit(2);
	*p = zero + 1;
	return text;
}

static void read_request(struct request *r)
{
	char *texts, *p;

	read_all(&r->head, sizeof(r->head));
	if (r->head.magic != PD_SYM_MAGIC || r->head.version != PD_SYM_VERSION)
		exit(2);
	p = texts = must(malloc((size_t)r->head.texts + 1));
	read_all(texts, r->head.texts);
	r->build_id = cut(&p, texts + r->head.texts);
	r->path = must(calloc((size_t)r->head.n_paths + 1, sizeof(*r->path)));
	r->dir = must(calloc((size_t)r->head.n_dirs + 1, sizeof(*r->dir)));
	for (uint32_t i = 0; i < r->head.n_paths; i++)
		r->path[i] = cut(&p, texts + r->head.texts);
	for (uint32_t i = 0; i < r->head.n_dirs; i++)
		r->dir[i] = cut(&p, texts + r->head.texts);
	r->address = must(calloc((size_t)r->head.n_addresses + 1, sizeof(*r->address)));
	read_all(r->address, r->head.n_addresses * sizeof(*r->address));
}

int main(void)
{
	struct request r = { 0 };

	if (isatty(STDIN_FILENO)) {
		fputs("profdata-symbols is started by 'profdata symbolize' and by 'profdata record', not by hand\n", stderr);
		return 2;
	}
	lock_up();
	read_request(&r);
	if (r.head.source == PD_SYM_OBJECT || r.head.source == PD_SYM_VDSO)
		object_answer(&r);
	else
		text_answer(&r);
	answer_end();
	return 0;
}
