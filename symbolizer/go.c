/* Go programs without symbols and debug information have names, files and lines all the same, for their own panics. */
#include "symbolizer.h"
#include "unwind/gopcln.h"

#include <gelf.h>
#include <stdlib.h>
#include <string.h>

/* The section of one of these names. */
static Elf_Scn *section(Elf *elf, const char *const *names, GElf_Shdr *sh)
{
	Elf_Scn *scn = NULL;
	size_t strings = 0;

	if (elf_getshdrstrndx(elf, &strings) != 0)
		return NULL;
	while ((scn = elf_nextscn(elf, scn)) != NULL) {
		const char *name = gelf_getshdr(scn, sh) ? elf_strptr(elf, strings, sh->sh_name) : NULL;

		for (const char *const *n = names; name && *n; n++)
			if (strcmp(name, *n) == 0)
				return scn;
	}
	return NULL;
}

static uint64_t text_of(Elf *elf, const struct gopcln *g)
{
	static const char *const text[] = { ".text", NULL };
	uint64_t found = 0;
	GElf_Shdr code, sh;
	Elf_Scn *scn = NULL;

	if (!section(elf, text, &code))
		return 0;
	while (!found && (scn = elf_nextscn(elf, scn)) != NULL) {
		Elf_Data *data = gelf_getshdr(scn, &sh) && sh.sh_type == SHT_PROGBITS && sh.sh_flags & SHF_WRITE ? elf_rawdata(scn, NULL) : NULL;

		if (data && data->d_buf)
			found = gopcln_find_text(g, data->d_buf, data->d_size, code.sh_addr, code.sh_addr + code.sh_size);
	}
	return found ? found : code.sh_addr;
}

bool go_answer(Elf *elf, const struct request *r, const struct place *place, uint32_t n, struct result *result)
{
	static const char *const lines[] = { ".gopclntab", ".data.rel.ro.gopclntab", NULL };
	GElf_Shdr sh;
	Elf_Scn *scn = section(elf, lines, &sh);
	Elf_Data *data = scn ? elf_rawdata(scn, NULL) : NULL;
	struct gopcln_place at;
	struct gopcln g;

	if (!data || !data->d_buf || !gopcln_open(&g, data->d_buf, data->d_size))
		return false;
	if (g.version != 16 && !g.text)
		g.text = text_of(elf, &g);
	for (uint32_t i = 0; i < n; i++) {
		struct result *to = &result[place[i].index];

		if (to->n || !gopcln_place(&g, place[i].address, &at))
			continue;
		to->v = must(calloc(1, sizeof(*to->v)));
		to->v[0].function = answer_function(readable(at.function, r->head.flags), at.function, at.file, at.start);
		to->v[0].line = at.line;
		to->n = 1;
	}
	return true;
}
