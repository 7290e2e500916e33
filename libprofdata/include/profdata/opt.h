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
	const char *value;            /* placeholder of the value ("FILE"), NULL for flags; "[WORD]": only --opt=WORD gives one, "" without */
	const char *help;             /* one line, lower case, names the default; NULL = accepted but not shown (another spelling) */
	enum pd_opt_kind kind;
	size_t offset;                /* into the arguments struct, from PD_AT */
	const char *const *choices;   /* PD_OPT_CHOICE: NULL-terminated words */
	const char *complete;         /* what the shells offer: "file", "format-read", "format-write", "sample-type", "label", NULL */
	const struct pd_opt *table;   /* PD_OPT_INCLUDE */
	bool negatable;               /* PD_OPT_BOOL: --no-NAME is accepted too */
};

/* Checked offset: does not compile when the field has another type. */
#define PD_AT(S, f, T) _Generic(((S *)0)->f, T: offsetof(S, f))

/* ---- walking tables ---- */

#define PD_OPT_DEPTH 8 /* nested includes */

/* All rows of a table with its includes, in the order they are written. */
struct pd_opt_walk {
	unsigned depth;
	struct { const struct pd_opt *at; size_t base; const char *section; } level[PD_OPT_DEPTH];
	size_t base;         /* added to the offset of the row last returned */
	const char *section; /* title of the include it stands in, or NULL */
};
PD_API void pd_opt_walk_init(struct pd_opt_walk *w, const struct pd_opt *table); /* NULL = empty table */
/* Next row that is an option (never END or INCLUDE); NULL at the end. */
PD_API const struct pd_opt *pd_opt_walk_next(struct pd_opt_walk *w);

/* ---- parsing ---- */

enum pd_opt_parse_flags {
	PD_OPT_STOP_AT_OPERAND = 1 << 0, /* what follows the first operand is operands too ("record CMD -x") */
};
/*
 * Parses the words argv[0..*argc) into the struct `args` (defaults already in
 * place). Options stand anywhere before "--"; `--opt=v` and `--opt v`; short ones
 * bundle (-vvo FILE); '_' equals '-' in long names. Operands are moved to the
 * front of argv, *argc becomes their number. Lists grow by realloc: end with
 * pd_opt_release(), after a failure too. PD_ERR_USAGE with a suggestion as hint.
 */
PD_API enum pd_status pd_opt_parse(const struct pd_opt *table, void *args, char **argv, size_t *argc, unsigned flags, struct pd_error *err);
/* One "key=value" (or "key" for flags) into `args`; for --opt of formats. `kv` must outlive `args`. */
PD_API enum pd_status pd_opt_set(const struct pd_opt *table, void *args, const char *kv, struct pd_error *err);
/* Frees the arrays of all lists. */
PD_API void pd_opt_release(const struct pd_opt *table, void *args);
/* "4K", "1.5GiB", "300": bytes. */
PD_API bool pd_opt_size(const char *text, int64_t *out);

/* ---- did you mean ---- */

struct pd_suggest {
	const char *word, *best, *prefixed;
	unsigned distance, limit, n_prefixed;
};
/*
 * Offers candidates one by one; the nearest one by Damerau-Levenshtein distance
 * (adjacent transposition = 1) is suggested when it is near enough: 1 for words
 * below 4 letters, 2 below 8, 3 beyond; or when the word begins exactly one candidate.
 */
PD_API void pd_suggest_init(struct pd_suggest *s, const char *word);
PD_API void pd_suggest_offer(struct pd_suggest *s, const char *candidate); /* must outlive the search */
PD_API const char *pd_suggest_best(const struct pd_suggest *s); /* NULL = nothing near */
/* The same over a NULL-terminated list. */
PD_API const char *pd_suggest(const char *word, const char *const *candidates);

#ifdef __cplusplus
}
#endif
#endif
