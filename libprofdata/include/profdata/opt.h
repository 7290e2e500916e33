/*
 * Option tables: one static table feeds parser, help, manual page, completion
 * and the JSON of the command line. Formats (--opt key=value) and commands use
 * the same tables. Rows hold offsets into an arguments struct, so they can be
 * printed without running anything.
 */
#ifndef PROFDATA_OPT_H
#define PROFDATA_OPT_H

#include <profdata/base.h>

#ifdef __cplusplus
extern "C" {
#endif

enum pd_opt_kind {
	PD_OPT_END = 0,
	PD_OPT_BOOL,    /* bool; --no-NAME clears it when `negatable` */
	PD_OPT_INT,     /* int64_t */
	PD_OPT_REAL,    /* double, finite */
	PD_OPT_STR,     /* const char *, points into argv */
	PD_OPT_SIZE,    /* int64_t bytes, suffixes K M G T (1024) */
	PD_OPT_CHOICE,  /* const char *, one of `choices` */
	PD_OPT_LIST,    /* struct pd_list, repeatable */
	PD_OPT_COUNT,   /* int64_t, counts occurrences (-vv) */
	PD_OPT_INCLUDE, /* splices the table `table` at `offset`; `help` is the section title */
};

/* Repeatable option values in the order given; items point into argv, the array belongs to the parser's caller. */
struct pd_list {
	const char **item;
	size_t n;
};

struct pd_opt {
	char letter;                  /* short option or 0 */
	const char *name;             /* long option without dashes, words joined by '-' */
	const char *value;            /* placeholder of the value ("FILE"), NULL for flags */
	const char *help;             /* one line, lower case, names the default */
	enum pd_opt_kind kind;
	size_t offset;                /* into the arguments struct, from PD_AT */
	const char *const *choices;   /* PD_OPT_CHOICE: NULL-terminated words */
	const char *complete;         /* what the shells offer: "file", "format-read", "format-write", "sample-type", "label", NULL */
	const struct pd_opt *table;   /* PD_OPT_INCLUDE */
	bool negatable;               /* PD_OPT_BOOL: --no-NAME is accepted too */
};

/* Checked offset: does not compile when the field has another type. */
#define PD_AT(S, f, T) _Generic(((S *)0)->f, T: offsetof(S, f))

#ifdef __cplusplus
}
#endif
#endif
