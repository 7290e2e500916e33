/*
 * What is loaded: the list the loader keeps for debuggers, and the headers of the files in memory. Nothing is called for it. dl_iterate_phdr() takes
 * a lock which the program may hold, and which it takes without care as long as libc believes that there is one thread (alone.c). The list may change
 * while it is read: the kernel reads for us what may not be there, and the loader says when it is at work.
 */
#include "agent.h"
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define HEADERS 32         /* program headers that are looked at */
#define CHAIN 8192         /* libraries there may be; more: the list is broken */
#define PAGE 4096u
#define PAGES 65536        /* how far in front of its dynamic section a program may begin */

/* An ELF file in memory. */
struct file {
	uint64_t start, base, lo, hi; /* where it begins; load address; its span */
	unsigned n;
	bool program;                 /* not a library */
	Elf64_Phdr ph[HEADERS];
	char path[512];
};

/* Where the list ended. New ones are put behind it, and what was its memory looks otherwise when it is given back. */
static uint64_t tail;
static struct link_map tail_was;

/* ---- memory ---- */

bool memory_read(uint64_t address, void *to, size_t n)
{
	struct iovec here = { to, n }, there = { (void *)(uintptr_t)address, n };
	long have = syscall(SYS_process_vm_readv, agent.pid, &here, 1ul, &there, 1ul, 0ul);
	int fd;

	if (have >= 0 || (errno != ENOSYS && errno != EPERM))
		return have == (long)n;
	fd = open("/proc/self/mem", O_RDONLY | O_CLOEXEC); /* a filter of system calls has something against it */
	have = fd < 0 ? -1 : pread(fd, to, n, (off_t)address);
	if (fd >= 0)
		close(fd);
	return have == (long)n;
}

/* Up to the end of the string, of which the last of `size` bytes may not be there. */
static void string_read(uint64_t address, char *to, size_t size)
{
	size_t n = 0, part;

	for (memset(to, 0, size); address && n < size - 1; n += part) {
		part = PAGE - (address + n) % PAGE;
		if (part > size - 1 - n)
			part = size - 1 - n;
		if (!memory_read(address + n, to + n, part) || memchr(to + n, 0, part))
			break;
	}
	n = strnlen(to, size);
	memset(to + n, 0, size - n);
}

/* ---- one file ---- */

static bool read_headers(struct file *f)
{
	Elf64_Ehdr head;

	if (!memory_read(f->start, &head, sizeof(head)) || memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 || head.e_ident[EI_CLASS] != ELFCLASS64 ||
	    head.e_phentsize != sizeof(Elf64_Phdr) || !head.e_phnum || head.e_phoff > 1 << 20)
		return false;
	f->n = head.e_phnum < HEADERS ? head.e_phnum : HEADERS;
	if (!memory_read(f->start + head.e_phoff, f->ph, f->n * sizeof(f->ph[0])))
		return false;
	f->lo = UINT64_MAX;
	f->hi = 0;
	for (unsigned i = 0; i < f->n; i++) {
		const Elf64_Phdr *p = &f->ph[i];

		if (p->p_type != PT_LOAD)
			continue;
		if (f->lo == UINT64_MAX) {
			f->lo = p->p_vaddr;
			f->base = f->start - (p->p_vaddr - p->p_offset);
		}
		f->hi = p->p_vaddr + p->p_memsz;
	}
	f->lo += f->base;
	f->hi += f->base;
	return f->lo < f->hi;
}

/* Libraries begin at their load address; programs that may be at one place only, anywhere in front of their dynamic section. */
static bool find_headers(struct file *f, const struct link_map *m)
{
	uint64_t dynamic = (uint64_t)(uintptr_t)m->l_ld;

	f->start = m->l_addr;
	if (m->l_addr)
		return read_headers(f);
	f->start = getauxval(AT_PHDR) & ~(uint64_t)(PAGE - 1);
	if (f->program && read_headers(f) && dynamic >= f->lo && dynamic < f->hi)
		return true;
	f->start = dynamic & ~(uint64_t)(PAGE - 1);
	for (unsigned i = 0; f->program && i < PAGES && f->start; i++, f->start -= PAGE)
		if (read_headers(f))
			return dynamic >= f->lo && dynamic < f->hi;
	return false;
}

static void path_of(struct file *f, const struct link_map *m)
{
	char name[sizeof(f->path)], folder[sizeof(f->path)];
	ssize_t n;

	memset(f->path, 0, sizeof(f->path));
	string_read(f->program ? 0 : (uint64_t)(uintptr_t)m->l_name, name, sizeof(name));
	if (strncmp(name, "linux-vdso", 10) == 0 || strncmp(name, "linux-gate", 10) == 0) {
		strcpy(f->path, "[vdso]");
	} else if (name[0] == '/') {
		memcpy(f->path, name, sizeof(name));
	} else if (name[0]) {
		n = syscall(SYS_getcwd, folder, sizeof(folder));
		if (n < 2 || folder[0] != '/' || (size_t)snprintf(f->path, sizeof(f->path), "%s/%s", n > 2 ? folder : "", name) >= sizeof(f->path))
			memcpy(f->path, name, sizeof(name));
	} else {
		n = readlink("/proc/self/exe", f->path, sizeof(f->path) - 1);
		f->path[n > 0 ? n : 0] = '\0';
	}
}

static void build_id_of(const struct file *f, const Elf64_Phdr *ph, struct agent_module *m)
{
	unsigned char notes[1024];
	size_t size = ph->p_memsz < sizeof(notes) ? ph->p_memsz : sizeof(notes), at = 0;

	if (!memory_read(f->base + ph->p_vaddr, notes, size))
		return;
	while (size - at >= sizeof(Elf64_Nhdr)) {
		Elf64_Nhdr note;
		size_t name, desc;

		memcpy(&note, notes + at, sizeof(note));
		at += sizeof(note);
		name = (note.n_namesz + 3ul) & ~3ul;
		desc = (note.n_descsz + 3ul) & ~3ul;
		if (name > size - at || desc > size - at - name)
			return;
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 && memcmp(notes + at, "GNU", 4) == 0) {
			m->build_id_size = note.n_descsz < sizeof(m->build_id) ? note.n_descsz : sizeof(m->build_id);
			memcpy(m->build_id, notes + at + name, m->build_id_size);
			return;
		}
		at += name + desc;
	}
}

/* The segment with the unwind tables: what may be read of it. */
static void tables_of(const struct file *f, struct agent_module *m)
{
	const Elf64_Phdr *hdr = NULL;

	for (unsigned i = 0; i < f->n && !hdr; i++)
		hdr = f->ph[i].p_type == PT_GNU_EH_FRAME ? &f->ph[i] : NULL;
	for (unsigned i = 0; i < f->n && hdr; i++) {
		const Elf64_Phdr *load = &f->ph[i];

		if (load->p_type != PT_LOAD || hdr->p_vaddr < load->p_vaddr || hdr->p_vaddr + hdr->p_memsz > load->p_vaddr + load->p_filesz)
			continue;
		m->hdr = f->base + hdr->p_vaddr;
		m->hdr_size = hdr->p_memsz;
		m->lo = f->base + load->p_vaddr;
		m->hi = m->lo + load->p_filesz;
		m->tables_offset = load->p_offset;
		return;
	}
}

static bool tell(const struct file *f, const Elf64_Phdr *text, loaded_one *one, void *arg)
{
	struct agent_module m;

	memset(&m, 0, sizeof(m));
	m.base = f->base;
	m.start = f->base + text->p_vaddr;
	m.limit = m.start + text->p_memsz;
	m.offset = text->p_offset;
	m.flags = f->program ? PD_WIRE_MAIN : 0;
	memcpy(m.path, f->path, sizeof(m.path));
	for (unsigned i = 0; i < f->n && !m.build_id_size; i++)
		if (f->ph[i].p_type == PT_NOTE)
			build_id_of(f, &f->ph[i], &m);
	tables_of(f, &m);
	return one(&m, arg);
}

/* ---- all ---- */

bool loaded_each(loaded_one *one, void *arg)
{
	uint64_t at = (uint64_t)(uintptr_t)_r_debug.r_map;
	bool more = true;
	struct file f;

	if (_r_debug.r_state != RT_CONSISTENT)
		return false;
	tail = 0;
	f.program = true; /* the first */
	for (unsigned i = 0; at && more && i < CHAIN; i++, f.program = false) {
		if (!memory_read(at, &tail_was, sizeof(tail_was)))
			return false;
		tail = at;
		at = (uint64_t)(uintptr_t)tail_was.l_next;
		if (!find_headers(&f, &tail_was))
			continue;
		path_of(&f, &tail_was);
		for (unsigned k = 0; k < f.n && more; k++)
			if (f.ph[k].p_type == PT_LOAD && f.ph[k].p_flags & PF_X)
				more = tell(&f, &f.ph[k], one, arg);
	}
	return !at && *(volatile int *)&_r_debug.r_state == RT_CONSISTENT && loaded_unchanged();
}

bool loaded_unchanged(void)
{
	struct link_map now;

	return tail && memory_read(tail, &now, sizeof(now)) && memcmp(&now, &tail_was, sizeof(now)) == 0;
}

bool loaded_view(struct agent_module *m)
{
	static unsigned char is[4096], was[4096];
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), from = m->tables_offset & ~(page - 1), lead = m->tables_offset - from, size = m->hi - m->lo;
	size_t same = m->hdr_size < sizeof(is) ? m->hdr_size : sizeof(is);
	struct stat st;
	void *p = MAP_FAILED;
	int fd;

	if (!m->hdr || m->path[0] != '/' || m->flags & PD_WIRE_MAIN)
		return true; /* the program and the vdso stay */
	fd = open(m->path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && fstat(fd, &st) == 0 && (uint64_t)st.st_size >= m->tables_offset + size && memory_read(m->hdr, was, same) &&
	    pread(fd, is, same, (off_t)(m->tables_offset + m->hdr - m->lo)) == (ssize_t)same && memcmp(is, was, same) == 0)
		p = mmap(NULL, lead + size, PROT_READ, MAP_PRIVATE, fd, (off_t)from);
	if (fd >= 0)
		close(fd);
	if (p == MAP_FAILED) { /* replaced or gone: this module is walked by frame pointers */
		m->hdr = 0;
		return false;
	}
	m->view = (uint64_t)(uintptr_t)p;
	m->view_size = lead + size;
	m->shift = m->view + lead - m->lo;
	return true;
}
