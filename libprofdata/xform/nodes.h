/*
 * The nodes of a report: every line of every frame mapped to the thing it
 * counts for at a granularity (function, file, address, ...).
 */
#ifndef XFORM_NODES_H
#define XFORM_NODES_H

#include "base/arena.h"
#include "base/vec.h"
#include <profdata/profile.h>
#include <profdata/transform.h>

/* What makes a node; texts are interned, so that equal ones are the same pointer. Fields the granularity does not ask for are empty. */
struct pd_node_key {
	const char *name, *file, *object; /* object only where the name is empty */
	uint64_t address;
	int64_t line, column, start_line; /* start_line only where the name is empty */
	uint32_t func; /* not part of what makes it: the first function merged into the node, 0 none */
};

struct pd_nodes {
	PD_VEC(struct pd_node_key) key; /* row 0 is unused */
	uint32_t *first; /* [frames + 2]: lines of frame f are line[first[f] .. first[f + 1]), outermost first, at least one */
	uint32_t *line;  /* node of each */
	uint32_t *only;  /* [frames + 1]: node of a frame with one line, else 0 */
	struct pd_arena text;
};

enum pd_nodes_flags {
	PD_NODES_TRIM = 1 << 0,    /* drop the prefix of sandboxed builds (/proc/self/cwd) from file names */
	PD_NODES_COLUMNS = 1 << 1, /* addresses: with the columns of lines */
};
/* PD_ERR_NOMEM is the only failure; the struct is released then. */
enum pd_status pd_nodes_init(struct pd_nodes *n, const struct pd_doc *doc, enum pd_granularity by, unsigned flags, struct pd_error *err);
void pd_nodes_release(struct pd_nodes *n);

/* Printable name; "<unknown>" when nothing is known. `buf` is used where the name has several parts. Returns the length, *out the text. */
size_t pd_node_name(const struct pd_node_key *k, char *buf, size_t room, const char **out);
/* Shortest equal path: no doubled slashes, no "." and ".." parts. `out` has room for n + 2 bytes. Returns the length. */
size_t pd_clean_path(const char *path, size_t n, char *out);

#endif
