/*
 * profdata __complete WORDS...: candidates for the last word, one per line,
 * "candidate TAB explanation"; ":files" asks the shell for file names. Silent
 * and successful whatever happens: nobody wants errors while typing.
 */
#include "cli.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_MAX (INT64_C(256) << 20) /* larger files would make the Tab key slow */

struct completion {
	struct pd_out *out;
	const struct pd_cmd *cmd;
	const char *current; /* word being typed */
	const char *prefix;  /* "--to=" before a value, else "" */
	size_t prefix_n;
	char **operand;      /* inputs named so far */
	size_t n_operands;
	const char *from;
};

static void offer(const struct completion *c, const char *word, const char *tail, const char *explanation)
{
	char full[512];

	snprintf(full, sizeof(full), "%.*s%s%s", (int)c->prefix_n, c->prefix, word, tail);
	if (strncmp(full, c->current, strlen(c->current)) != 0)
		return;
	pd_out_printf(c->out, "%s\t%s\n", full, explanation ? explanation : "");
}

static void offer_formats(const struct completion *c, bool write)
{
	const struct pd_format *f;

	for (size_t i = 0; (f = pd_format_at(i)); i++) {
		if (write ? pd_format_writes(f) : pd_format_reads(f))
			offer(c, f->name, "", f->summary);
	}
}

static void offer_format_options(const struct completion *c)
{
	const struct pd_format *f;
	struct pd_opt_walk it;
	const struct pd_opt *o;

	for (size_t i = 0; (f = pd_format_at(i)); i++) {
		pd_opt_walk_init(&it, f->opts);
		while ((o = pd_opt_walk_next(&it)))
			offer(c, o->name, "=", o->help);
	}
}

static void offer_commands(const struct completion *c)
{
	for (const struct pd_cmd *const *cmd = cli_commands; *cmd; cmd++) {
		if (!(*cmd)->hidden)
			offer(c, (*cmd)->name, "", (*cmd)->summary);
	}
}

static void offer_options(const struct completion *c)
{
	struct pd_opt_walk it;
	const struct pd_opt *o;

	pd_opt_walk_init(&it, c->cmd->opts);
	while ((o = pd_opt_walk_next(&it))) {
		char name[80];

		snprintf(name, sizeof(name), "--%s", o->name);
		if (o->help)
			offer(c, name, "", o->help);
	}
}

/* ---- what the named file knows ---- */

/* The shell's quoting undone, ~ expanded. */
static char *unquoted(const char *word)
{
	const char *home = word[0] == '~' && (word[1] == '/' || !word[1]) ? getenv("HOME") : NULL;
	char *text = malloc(strlen(word) + (home ? strlen(home) : 0) + 1), *to = text;

	if (!text)
		return NULL;
	if (home) {
		to = stpcpy(to, home);
		word++;
	}
	for (; *word; word++) {
		if (*word == '\\' && word[1])
			word++;
		else if (*word == '\'' || *word == '"')
			continue;
		*to++ = *word;
	}
	*to = 0;
	return text;
}

static struct pd_doc *load_quietly(const char *path, const struct pd_format *from)
{
	struct pd_limits limits = { .size = sizeof(limits), .max_input = FILE_MAX, .max_memory = FILE_MAX * 2 };
	struct pd_load_opts o = { .size = sizeof(o), .format = from, .build_flags = PD_BUILD_AGGREGATE, .limits = &limits };
	struct pd_error err = { 0 };
	struct pd_source *src;
	struct pd_doc *doc;
	struct stat st;

	if (stat(path, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size > FILE_MAX)
		return NULL;
	src = pd_source_path(path, &limits, &err);
	doc = src ? pd_load(src, &o, &err) : NULL;
	pd_source_free(src);
	return doc;
}

/* The first named input that can be read. */
static struct pd_doc *named_input(const struct completion *c)
{
	const struct pd_format *from = c->from ? pd_format_named(c->from) : NULL;

	for (size_t i = 0; i < c->n_operands; i++) {
		char *path = unquoted(c->operand[i]);
		struct pd_doc *doc = path ? load_quietly(path, from) : NULL;
		const char *eq = path ? strchr(path, '=') : NULL;

		if (!doc && eq)
			doc = load_quietly(eq + 1, from);
		free(path);
		if (doc)
			return doc;
	}
	return NULL;
}

/* A line must stay a line, and a candidate a word. */
static bool is_word(struct pd_span s)
{
	for (size_t i = 0; i < s.n; i++) {
		if ((unsigned char)s.p[i] <= ' ' || s.p[i] == 0x7f)
			return false;
	}
	return s.n > 0 && s.n < 200;
}

static void offer_sample_types(const struct completion *c)
{
	struct pd_doc *doc = named_input(c);

	for (unsigned i = 0; doc && i < pd_doc_sample_types(doc); i++) {
		struct pd_sample_type t;
		struct pd_span type, unit;

		pd_doc_sample_type(doc, i, &t);
		type = pd_doc_string(doc, t.type.type);
		unit = pd_doc_string(doc, t.type.unit);
		if (is_word(type))
			offer(c, type.p, "", is_word(unit) ? unit.p : "");
	}
	pd_doc_unref(doc);
}

static void offer_labels(const struct completion *c)
{
	struct pd_doc *doc = named_input(c);
	uint32_t strings = doc ? pd_doc_strings(doc) : 0;
	char *seen = doc ? calloc((size_t)strings + 1, 1) : NULL;

	for (uint32_t s = 1; seen && s <= pd_doc_label_sets(doc); s++) {
		const struct pd_label *label;
		size_t n = pd_doc_labels(doc, (pd_labels){ s }, &label);

		for (size_t i = 0; i < n; i++) {
			struct pd_span key = pd_doc_string(doc, label[i].key);

			if (label[i].key.v > strings || seen[label[i].key.v]++ || !is_word(key))
				continue;
			offer(c, key.p, "", "label");
		}
	}
	free(seen);
	pd_doc_unref(doc);
}

/* ---- which kind of word ---- */

static void offer_value(struct completion *c, const struct pd_opt *o)
{
	const char *kind = o->complete ? o->complete : "";

	for (const char *const *w = o->choices; w && *w; w++)
		offer(c, *w, "", NULL);
	if (strcmp(o->name, "help") == 0)
		offer(c, "full", "", "every option");
	if (strcmp(kind, "file") == 0)
		pd_out_puts(c->out, ":files\n");
	else if (strcmp(kind, "format-read") == 0 || strcmp(kind, "format-write") == 0)
		offer_formats(c, strcmp(kind, "format-write") == 0);
	else if (strcmp(kind, "format-option") == 0)
		offer_format_options(c);
	else if (strcmp(kind, "sample-type") == 0)
		offer_sample_types(c);
	else if (strcmp(kind, "label") == 0)
		offer_labels(c);
}

static void offer_operand(const struct completion *c)
{
	static const char *const shells[] = { "bash", "zsh", "fish" };

	if (strcmp(c->cmd->name, "help") == 0) {
		offer_commands(c);
	} else if (strcmp(c->cmd->name, "completions") == 0) {
		for (size_t i = 0; i < 3; i++)
			offer(c, shells[i], "", NULL);
	} else {
		pd_out_puts(c->out, ":files\n");
	}
}

/* The option whose value the word after `word` is, or NULL. */
static const struct pd_opt *wants_value(const struct pd_cmd *cmd, const char *word)
{
	const struct pd_opt *o = NULL;

	if (strncmp(word, "--", 2) == 0) {
		if (!strchr(word, '='))
			o = cli_option_named(cmd, word + 2, strlen(word + 2));
	} else if (word[0] == '-') {
		for (word++; *word; word++) {
			o = cli_option_letter(cmd, *word);
			if (!o || cli_takes_value(o))
				break;
		}
		if (*word && word[1])
			o = NULL; /* the value is glued on */
	}
	return o && cli_takes_value(o) ? o : NULL;
}

/* Goes through the words before the current one; returns the option that waits for its value. */
static const struct pd_opt *scan(struct completion *c, int argc, char **argv, bool *only_operands)
{
	const struct pd_opt *waiting = NULL;

	for (int i = 1; i < argc - 1; i++) {
		if (waiting) {
			if (strcmp(waiting->name, "from") == 0)
				c->from = argv[i];
			waiting = NULL;
		} else if (*only_operands || argv[i][0] != '-' || !argv[i][1]) {
			c->operand[c->n_operands++] = argv[i];
		} else if (strcmp(argv[i], "--") == 0) {
			*only_operands = true;
		} else {
			if (strncmp(argv[i], "--from=", 7) == 0)
				c->from = argv[i] + 7;
			waiting = wants_value(c->cmd, argv[i]);
		}
	}
	return waiting;
}

static void complete_words(struct completion *c, int argc, char **argv)
{
	const struct pd_opt *o;
	bool only_operands = false;
	const char *eq;

	if (argc == 1) {
		offer_commands(c);
		offer(c, "--help", "", "overview");
		offer(c, "--version", "", "version");
		return;
	}
	c->cmd = cli_command(argv[0]);
	if (!c->cmd)
		return;
	o = scan(c, argc, argv, &only_operands);
	eq = strchr(c->current, '=');
	if (o) {
		offer_value(c, o);
	} else if (!only_operands && strncmp(c->current, "--", 2) == 0 && eq) {
		o = cli_option_named(c->cmd, c->current + 2, (size_t)(eq - c->current) - 2);
		c->prefix = c->current;
		c->prefix_n = (size_t)(eq - c->current) + 1;
		if (o)
			offer_value(c, o);
	} else if (!only_operands && c->current[0] == '-') {
		offer_options(c);
	} else {
		offer_operand(c);
	}
}

int cli_complete(struct cmd_ctx *ctx, int argc, char **argv)
{
	struct completion c = { .current = argc ? argv[argc - 1] : "", .prefix = "" };

	c.operand = calloc((size_t)argc + 1, sizeof(*c.operand));
	c.out = cmd_text_open(ctx, &(struct cmd_output){ 0 });
	if (c.operand && c.out && argc)
		complete_words(&c, argc, argv);
	free(c.operand);
	return c.out ? cmd_out_close(ctx, c.out, 0) : 0;
}
