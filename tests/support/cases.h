/* The data cases under tests/formats: finding them, reading files, loading and dumping. */
#ifndef SUPPORT_CASES_H
#define SUPPORT_CASES_H

#include <profdata/profdata.h>

/* One file of a case. Names belong to the list. */
struct case_file {
	char *format; /* "perf-script" */
	char *dir;    /* tests/formats/perf_script */
	char *stem;   /* "short-header" */
	char *path;   /* of the input: STEM.in or STEM.in.gz (or .src.dump) */
};

struct case_list {
	struct case_file *v;
	size_t n;
};

/* All inputs ending in `suffix` (".in", and ".in.gz" with it) of one format, or of all (NULL), sorted. Exits on trouble. */
struct case_list cases_find(const char *root, const char *format, const char *suffix);
void cases_free(struct case_list *list);

/* Whole file; NULL when there is none. *n without the terminating zero added. Exits on other trouble. */
char *case_read(const char *path, size_t *n);
void case_write(const char *path, const char *text, size_t n);
/* DIR/STEM + suffix, in a static buffer. */
const char *case_path(const struct case_file *c, const char *suffix);
/* Lines of STEM.opts as a NULL-terminated list; NULL when there is no such file. */
char **case_opts(const struct case_file *c);
void case_opts_free(char **opts);

/* Loads bytes; format NULL = detect. */
struct pd_doc *case_load(const char *name, const void *data, size_t n, const struct pd_format *format, char **opts,
			 const struct pd_format **used, struct pd_error *err);
/* The same through a callback that hands out at most `step` bytes a time, as a slow pipe would. */
struct pd_doc *case_load_pieces(const char *name, const void *data, size_t n, size_t step, const struct pd_format *format, char **opts,
				struct pd_error *err);
/* Writes a document into memory (malloc'ed, zero-terminated); NULL and *err on failure. */
char *case_save(const struct pd_doc *doc, const struct pd_format *format, char **opts, size_t *n, struct pd_error *err);

/* Says in which case a crash or a hang (more than `seconds`) happened. Call before each case. */
void case_watch(const char *what, const char *which, unsigned seconds);

#endif
