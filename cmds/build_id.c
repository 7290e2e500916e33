/* Build ids: from the notes of an object. */
#include "build_id.h"

#include <elf.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOTES_MAX (64u << 10)

static uint32_t in_notes(const unsigned char *p, size_t n, unsigned char id[20])
{
	Elf64_Nhdr h;

	while (n >= sizeof(h)) {
		size_t name, desc;

		memcpy(&h, p, sizeof(h));
		name = (h.n_namesz + (size_t)3) & ~(size_t)3;
		desc = (h.n_descsz + (size_t)3) & ~(size_t)3;
		p += sizeof(h);
		n -= sizeof(h);
		if (name > n || desc > n - name)
			break;
		if (h.n_type == NT_GNU_BUILD_ID && h.n_namesz == 4 && memcmp(p, "GNU", 4) == 0) {
			uint32_t size = h.n_descsz < 20 ? h.n_descsz : 20;

			memcpy(id, p + name, size);
			return size;
		}
		p += name + desc;
		n -= name + desc;
	}
	return 0;
}

/* Bytes of the object, from a file or (image) memory. */
static bool bytes(int fd, const unsigned char *image, uint64_t at, void *to, size_t n)
{
	if (!image)
		return at <= INT64_MAX && pread(fd, to, n, (off_t)at) == (ssize_t)n;
	memcpy(to, image + at, n);
	return true;
}

static uint32_t in_object(int fd, const unsigned char *image, unsigned char id[20])
{
	Elf64_Ehdr head;
	Elf64_Phdr ph;
	uint32_t size = 0;

	if (!bytes(fd, image, 0, &head, sizeof(head)) || memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 || head.e_ident[EI_CLASS] != ELFCLASS64 ||
	    head.e_phentsize != sizeof(ph) || head.e_phoff > INT64_MAX)
		return 0;
	for (unsigned i = 0; i < head.e_phnum && !size; i++) {
		unsigned char *notes;

		if (!bytes(fd, image, head.e_phoff + i * sizeof(ph), &ph, sizeof(ph)))
			return 0;
		if (ph.p_type != PT_NOTE || ph.p_filesz > NOTES_MAX)
			continue;
		notes = malloc(ph.p_filesz + 1);
		if (notes && bytes(fd, image, ph.p_offset, notes, ph.p_filesz))
			size = in_notes(notes, ph.p_filesz, id);
		free(notes);
	}
	return size;
}

uint32_t cmd_build_id(const char *path, unsigned char id[20])
{
	const unsigned char *vdso = (const unsigned char *)getauxval(AT_SYSINFO_EHDR);
	struct stat st;
	uint32_t size = 0;
	int fd;

	if (strcmp(path, "[vdso]") == 0)
		return vdso ? in_object(-1, vdso, id) : 0;
	if (path[0] != '/')
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		size = in_object(fd, NULL, id);
	if (fd >= 0)
		close(fd);
	return size;
}
