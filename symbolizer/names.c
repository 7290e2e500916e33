/* Readable names of C++ and Rust functions, by libiberty. */
#include "symbolizer.h"

#include <libiberty/demangle.h>
#include <stdlib.h>
#include <string.h>

const char *readable(const char *name, uint32_t flags)
{
	int options = DMGL_AUTO | DMGL_ANSI;
	char *out;

	if (flags & PD_SYM_MANGLED || (name[0] != '_' && name[0] != 'R'))
		return name;
	if (flags & PD_SYM_PARAMS)
		options |= DMGL_PARAMS;
	/* Rust's names have no parameters; those of its first scheme look like C++ and end in a hash that says nothing */
	out = rust_demangle(name, options);
	if (!out && name[0] == '_')
		out = cplus_demangle_v3(name, options);
	return out ? out : name;
}
