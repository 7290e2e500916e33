/*
 * Inputs → documents. Several are loaded on up to -j threads and taken in
 * argument order, so that messages and results do not depend on timing; merging
 * happens while others load, so few documents are alive at once. An exact sum of
 * formats that allow it makes no documents at all: threads fetch and inflate,
 * the sum is read into directly.
 */
#include "cli.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct slot {
	struct pd_source *src; /* opened ahead, or NULL */
	bool fetched;          /* src holds the whole input, to be read into the sum */
	struct pd_doc *doc;
	const struct pd_format *format;
	char compression[8];
	struct pd_error err;
};

struct loader {
	struct cmd_ctx *ctx;
	const struct cmd_input *in;
	struct cli_operands operands;
	size_t n_own;              /* operands before those of the base */
	bool metrics;              /* inputs may hold metrics and no samples */
	bool straight;             /* into the sum where the format can be */
	struct pd_limits limits;
	const struct pd_format *from;
	unsigned build_flags, jobs;
	struct cli_progress *progress;
	struct slot *slot;
	struct cmd_stream *stream; /* wants the events of a lone input, or NULL */
};

/* ---- one input ---- */

static bool format_knows(const struct pd_format *f, const char *kv)
{
	const char *eq = strchr(kv, '=');
	size_t n = eq ? (size_t)(eq - kv) : strlen(kv);
	struct pd_opt_walk w;
	const struct pd_opt *o;

	pd_opt_walk_init(&w, f->opts);
	while ((o = pd_opt_walk_next(&w))) {
		if (o->name && strlen(o->name) == n && memcmp(o->name, kv, n) == 0)
			return true;
	}
	return false;
}

/* The --opt values this format knows, NULL-terminated; NULL when out of memory. */
static const char **options_for(const struct pd_list *all, const struct pd_format *f)
{
	const char **kv = calloc(all->n + 1, sizeof(*kv));
	size_t n = 0;

	for (size_t i = 0; kv && i < all->n; i++) {
		if (format_knows(f, all->item[i]))
			kv[n++] = all->item[i];
	}
	return kv;
}

const char **cli_format_options(struct cmd_ctx *ctx, const struct pd_list *all, const struct pd_format *f)
{
	for (size_t i = 0; i < all->n; i++) {
		if (ctx->opt_used && format_knows(f, all->item[i]))
			ctx->opt_used[i] = true;
	}
	return options_for(all, f);
}

static struct pd_source *open_input(const struct loader *l, const char *path, struct pd_error *err)
{
	if (cli_is_url(path))
		return cli_url_open(path, l->in->seconds, &l->limits, err);
	return pd_source_path(path, &l->limits, err);
}

#define EVENTS_HEAD (64u << 10) /* bytes a format may look at to tell whether there are events */

/* The lone input is a trace and somebody wants its events: false when the sink cannot be made (said already). */
static bool start_stream(struct loader *l, struct pd_source *src, const struct pd_format *f, struct pd_load_opts *o, struct slot *s)
{
	struct cmd_stream *st = l->stream;

	if (!st || l->operands.n != 1 || !f->read_events || (f->has_events && !f->has_events(pd_source_peek(src, EVENTS_HEAD))))
		return true;
	st->events = st->open(l->ctx, st->arg);
	o->events = st->events;
	if (!st->events)
		s->err.status = PD_ERR_CANCELLED;
	return st->events != NULL;
}

static void load_source(struct loader *l, struct pd_source *src, struct slot *s)
{
	struct pd_detected found = { .format = l->from };
	struct pd_format_used used = { 0 };
	struct pd_load_opts o = { .size = sizeof(o), .build_flags = l->build_flags, .strict = l->ctx->common.strict,
				  .jobs = l->operands.n > 1 ? 1 : l->jobs, .limits = &l->limits, .used = &used };
	const char **kv = NULL;

	if ((l->in->opt.n || l->stream) && !found.format && pd_detect(src, &found, &s->err) != PD_OK)
		return;
	if (l->stream && !start_stream(l, src, found.format, &o, s))
		return;
	if (l->in->opt.n) {
		kv = options_for(&l->in->opt, found.format);
		if (!kv) {
			pd_error_set(&s->err, PD_ERR_NOMEM, "out of memory");
			return;
		}
		o.opts = kv;
	}
	o.format = found.format;
	if (o.events && l->stream->instead)
		s->doc = pd_load_events(src, &o, o.events, &s->err);
	else
		s->doc = pd_load(src, &o, &s->err);
	s->format = used.format ? used.format : found.format;
	snprintf(s->compression, sizeof(s->compression), "%s", used.compression[0] ? used.compression : "none");
	free(kv);
}

/* Leaves reading to the sum if the format allows it; errors are found again there. */
static bool fetch(const struct loader *l, struct pd_source *src, struct slot *s)
{
	struct pd_detected found = { .format = l->from };

	if (!l->straight || l->in->opt.n || (!found.format && pd_detect(src, &found, &s->err) != PD_OK) || !found.format->additive)
		return false;
	s->src = src;
	s->format = found.format;
	s->fetched = true;
	pd_source_fetch(src);
	return true;
}

static void load_one(void *loader, size_t i)
{
	struct loader *l = loader;
	struct slot *s = &l->slot[i];
	struct pd_source *src = s->src || s->err.status != PD_OK ? s->src : open_input(l, l->operands.v[i].path, &s->err);

	s->src = NULL;
	if (src && s->err.status == PD_OK && fetch(l, src, s))
		return;
	if (src && s->err.status == PD_OK)
		load_source(l, src, s);
	if (!s->doc && s->err.status == PD_OK)
		pd_error_set(&s->err, PD_ERR_INTERNAL, "no document and no error");
	if (!s->doc && !s->err.path[0])
		snprintf(s->err.path, sizeof(s->err.path), "%s", strcmp(l->operands.v[i].path, "-") ? l->operands.v[i].path : "<stdin>");
	pd_source_free(src);
}

static void slot_release(struct slot *s)
{
	pd_source_free(s->src);
	pd_doc_unref(s->doc);
}

static void loader_release(struct loader *l)
{
	for (size_t i = 0; l->slot && i < l->operands.n; i++)
		slot_release(&l->slot[i]);
	cli_progress_end(l->progress);
	free(l->slot);
	cli_operands_free(&l->operands);
}

static uint64_t file_size(const char *path)
{
	struct stat st;

	return strcmp(path, "-") != 0 && !cli_is_url(path) && stat(path, &st) == 0 && S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
}

/* Only where it would be shown: many stat calls otherwise serve nobody. */
static void start_progress(struct loader *l)
{
	uint64_t bytes = 0;

	if (!cli_progress_wanted(l->ctx))
		return;
	for (size_t i = 0; i < l->operands.n; i++)
		bytes += file_size(l->operands.v[i].path);
	l->progress = cli_progress_start(l->ctx, l->operands.n, bytes);
}

/* CMD_BUILD_LIKE_FIRST: whether rows may add up depends on the format that the first input turns out to have. */
static void look_at_first(struct loader *l)
{
	struct slot *s = &l->slot[0];
	struct pd_detected found = { .format = l->from };

	if (!(l->build_flags & CMD_BUILD_LIKE_FIRST))
		return;
	l->build_flags &= ~CMD_BUILD_LIKE_FIRST;
	if (!found.format) {
		s->src = open_input(l, l->operands.v[0].path, &s->err);
		if (!s->src || pd_detect(s->src, &found, &s->err) != PD_OK)
			return;
	}
	if (!(pd_format_writes(found.format) && (found.format->keeps & PD_KEEPS_TIME)))
		l->build_flags |= PD_BUILD_AGGREGATE;
}

/* The inputs of the base behind those of the command, so that all load side by side. */
static int add_base(struct loader *l)
{
	const struct cmd_base *b = &l->in->base;
	const struct pd_list *list = b->base.n ? &b->base : &b->diff_base;

	l->n_own = l->operands.n;
	if (b->base.n && b->diff_base.n)
		return cli_usage(l->ctx, NULL, "--base and --diff-base exclude each other");
	return list->n ? cli_more_operands(l->ctx, l->in, list, &l->operands) : 0;
}

static int loader_start(struct loader *l, char **operands, size_t n)
{
	int status;

	l->jobs = cli_jobs(l->in);
	l->metrics = l->build_flags & CMD_BUILD_METRICS;
	l->build_flags &= ~CMD_BUILD_METRICS;
	if (l->in->seconds < 0)
		return cli_usage(l->ctx, NULL, "option '--seconds' cannot be negative");
	if (l->in->from && !(l->from = cli_format(l->ctx, l->in->from, false)))
		return 2;
	status = cli_limits(l->ctx, l->in, &l->limits);
	if (!status)
		status = cli_operands(l->ctx, l->in, operands, n, &l->operands);
	if (!status)
		status = add_base(l);
	if (status)
		return status;
	l->slot = calloc(l->operands.n, sizeof(*l->slot));
	if (l->in->opt.n && !l->ctx->opt_used)
		l->ctx->opt_used = calloc(l->in->opt.n, sizeof(*l->ctx->opt_used));
	if (!l->slot || (l->in->opt.n && !l->ctx->opt_used))
		return cli_nomem(l->ctx);
	start_progress(l);
	look_at_first(l);
	return 0;
}

/* ---- what is said about an input ---- */

static void remember_note(struct cmd_ctx *ctx, const struct pd_note_desc *n)
{
	struct cli_note *grown;

	for (size_t i = 0; i < ctx->n_notes; i++) {
		if (strcmp(ctx->note[i].what, n->what) == 0) {
			ctx->note[i].count += n->count;
			return;
		}
	}
	grown = realloc(ctx->note, (ctx->n_notes + 1) * sizeof(*grown));
	if (!grown)
		return;
	ctx->note = grown;
	grown[ctx->n_notes] = (struct cli_note){ .what = strdup(n->what), .example = strdup(n->example), .count = n->count };
	if (grown[ctx->n_notes].what && grown[ctx->n_notes].example)
		ctx->n_notes++;
}

static void report_notes(struct cmd_ctx *ctx, const char *path, const struct pd_note_desc *note, size_t n)
{
	char what[256];

	for (size_t i = 0; i < n; i++) {
		remember_note(ctx, &note[i]);
		cli_counted(what, sizeof(what), note[i].count, note[i].what);
		if (note[i].example[0])
			cli_warn_at(ctx, note[i].what, path, "%" PRIu64 " %s (first: %s)", note[i].count, what, note[i].example);
		else
			cli_warn_at(ctx, note[i].what, path, "%" PRIu64 " %s", note[i].count, what);
	}
}

/* False when out of memory, said already: what reports say about inputs is part of their result. */
static bool remember_input(struct cmd_ctx *ctx, const char *path, const struct slot *s, bool base)
{
	struct cli_input *grown = realloc(ctx->input, (ctx->n_inputs + 1) * sizeof(*grown));
	char *copy = grown ? strdup(path) : NULL;

	if (grown)
		ctx->input = grown;
	if (!copy) {
		ctx->load_status = PD_ERR_NOMEM;
		cli_nomem(ctx);
		return false;
	}
	grown[ctx->n_inputs] = (struct cli_input){ .path = copy, .format = s->format ? s->format->name : NULL, .base = base };
	memcpy(grown[ctx->n_inputs].compression, s->compression, sizeof(s->compression));
	ctx->n_inputs++;
	if (!ctx->first_format)
		ctx->first_format = s->format;
	return true;
}

static const char *shown_path(const struct loader *l, size_t i)
{
	const char *path = l->operands.v[i].path;

	return strcmp(path, "-") == 0 ? "<stdin>" : path;
}

/* Input i is there: what is said about it and remembered. Called in order; false when out of memory. */
static bool tell(struct loader *l, size_t i, const struct pd_note_desc *note, size_t n)
{
	struct slot *s = &l->slot[i];
	const char *path = shown_path(l, i);

	if (s->format && strcmp(s->compression, "none") != 0)
		cmd_infof(l->ctx, "%s: %s, %s", path, s->format->name, s->compression);
	else if (s->format)
		cmd_infof(l->ctx, "%s: %s", path, s->format->name);
	if (!remember_input(l->ctx, path, s, i >= l->n_own))
		return false;
	report_notes(l->ctx, path, note, n);
	return true;
}

static bool load_failed(struct loader *l, const struct pd_error *err)
{
	l->ctx->load_status = err->status;
	if (err->status != PD_ERR_CANCELLED) /* else said already, see start_stream() */
		cmd_fail(l->ctx, err);
	return false;
}

static void step(struct loader *l, size_t i)
{
	cli_progress_step(l->progress, l->progress ? file_size(l->operands.v[i].path) : 0);
}

/* Metrics are for those who ask for them; false after saying so. */
static bool fits(struct loader *l, size_t i, const struct pd_doc *doc)
{
	struct pd_error err = { 0 };

	if (!pd_doc_metrics(doc) || l->metrics || pd_doc_sample_types(doc))
		return true;
	pd_error_set(&err, PD_ERR_UNSUPPORTED, "these are metrics of a program, there are no samples");
	pd_error_hint(&err, "profdata info FILE; profdata diff BEFORE AFTER");
	snprintf(err.path, sizeof(err.path), "%s", shown_path(l, i));
	return load_failed(l, &err);
}

/* The document of input i, once loaded; called in order. NULL after printing the error. */
static struct pd_doc *take_doc(struct loader *l, size_t i)
{
	struct slot *s = &l->slot[i];
	const struct pd_note_desc *note;
	struct pd_doc *doc = s->doc;
	size_t n;

	step(l, i);
	if (!doc) {
		load_failed(l, &s->err);
		return NULL;
	}
	s->doc = NULL;
	n = pd_doc_notes(doc, &note);
	if (tell(l, i, note, n) && fits(l, i, doc))
		return doc;
	pd_doc_unref(doc);
	return NULL;
}

/* Every --opt must have meant something to somebody; a writer may come later. */
static int check_options(struct loader *l)
{
	for (size_t i = 0; i < l->in->opt.n; i++) {
		const char *kv = l->in->opt.item[i];

		for (size_t k = 0; k < l->operands.n && !l->ctx->opt_used[i]; k++)
			l->ctx->opt_used[i] = l->slot[k].format && format_knows(l->slot[k].format, kv);
		if (!l->ctx->opt_used[i] && !cli_option_named(l->ctx->cmd, "to", 2))
			return cli_usage(l->ctx, "profdata formats -v lists the options of each", "no input format has the option '%s'", kv);
	}
	return 0;
}

/* ---- all inputs one by one ---- */

struct each {
	struct loader l;
	struct cmd_loaded *all;
};

static bool keep(void *ctx, size_t i)
{
	struct each *e = ctx;
	struct loader *l = &e->l;
	struct pd_doc *doc = take_doc(l, i);

	if (!doc)
		return false;
	e->all[i] = (struct cmd_loaded){ .path = strdup(shown_path(l, i)), .label = l->operands.v[i].label, .format = l->slot[i].format, .doc = doc };
	memcpy(e->all[i].compression, l->slot[i].compression, sizeof(e->all[i].compression));
	l->operands.v[i].label = NULL;
	return e->all[i].path || cli_nomem(l->ctx) == 0;
}

int cmd_load_each(struct cmd_ctx *ctx, const struct cmd_input *in, char **operands, size_t n, unsigned build_flags, struct cmd_loaded **out, size_t *n_out)
{
	struct each e = { .l = { .ctx = ctx, .in = in, .build_flags = build_flags } };
	int status = loader_start(&e.l, operands, n);
	size_t count = e.l.operands.n;

	*out = NULL;
	*n_out = 0;
	e.all = status ? NULL : calloc(count, sizeof(*e.all));
	if (!status && !e.all)
		status = cli_nomem(ctx);
	if (!status && (!pd_parallel(e.l.jobs, count, load_one, keep, &e) || check_options(&e.l)))
		status = 2;
	if (status) {
		cmd_loaded_free(e.all, e.all ? count : 0);
	} else {
		*out = e.all;
		*n_out = count;
	}
	loader_release(&e.l);
	return status;
}

void cmd_loaded_free(struct cmd_loaded *l, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free((char *)l[i].path);
		free((char *)l[i].label);
		pd_doc_unref(l[i].doc);
	}
	free(l);
}

/* ---- all inputs merged ---- */

/* The inputs of the command, or those of the base. */
struct side {
	struct pd_merger *merger; /* NULL: there is one input, wanted as it is */
	struct pd_doc *only;
};

struct sum {
	struct loader l;
	struct side own, base;
};

/* Reads a fetched input into the sum. */
static bool add_fetched(struct sum *s, struct side *side, size_t i)
{
	struct loader *l = &s->l;
	struct slot *slot = &l->slot[i];
	struct pd_builder *b = pd_merger_open(side->merger, &l->limits, l->build_flags);
	struct pd_format_used used = { 0 };
	struct pd_load_opts o = { .size = sizeof(o), .format = slot->format, .strict = l->ctx->common.strict, .used = &used };
	enum pd_status status = pd_load_into(b, slot->src, &o, &slot->err);
	const struct pd_note_desc *note;
	size_t n;
	bool fine;

	pd_source_free(slot->src);
	slot->src = NULL;
	step(l, i);
	if (status != PD_OK)
		return load_failed(l, &slot->err);
	snprintf(slot->compression, sizeof(slot->compression), "%s", used.compression[0] ? used.compression : "none");
	n = pd_builder_notes(b, &note);
	if (!tell(l, i, note, n))
		return false;
	fine = pd_merger_close(side->merger, &slot->err);
	if (!fine && !slot->err.path[0])
		snprintf(slot->err.path, sizeof(slot->err.path), "%s", shown_path(l, i));
	return fine || cmd_fail(l->ctx, &slot->err) == 0;
}

static bool add(void *ctx, size_t i)
{
	struct sum *s = ctx;
	struct side *side = i < s->l.n_own ? &s->own : &s->base;
	struct pd_error err = { 0 };
	struct pd_doc *doc;
	bool fine;

	if (s->l.slot[i].fetched)
		return add_fetched(s, side, i);
	doc = take_doc(&s->l, i);
	if (!doc)
		return false;
	if (!side->merger) {
		side->only = doc;
		return true;
	}
	if (pd_doc_metrics(doc))
		cmd_warnf(s->l.ctx, "%s: metrics do not add up and were left out", shown_path(&s->l, i));
	fine = pd_merger_add(side->merger, doc, &err);
	pd_doc_unref(doc);
	if (!fine && !err.path[0])
		snprintf(err.path, sizeof(err.path), "%s", shown_path(&s->l, i));
	return fine || cmd_fail(s->l.ctx, &err) == 0;
}

static void warn_dropped(struct cmd_ctx *ctx, const char *dropped)
{
	if (dropped[0])
		cmd_warnf(ctx, "sample types that not every input has were left out: %s", dropped);
}

static struct pd_doc *finish_side(struct sum *s, struct side *side)
{
	struct pd_error err = { 0 };
	char dropped[256] = "";
	struct pd_doc *doc;

	if (!side->merger) {
		doc = side->only;
		side->only = NULL;
		return doc;
	}
	doc = pd_merger_finish(side->merger, dropped, sizeof(dropped), &err);
	if (!doc)
		cmd_fail(s->l.ctx, &err);
	else
		warn_dropped(s->l.ctx, dropped);
	return doc;
}

static struct pd_doc *subtract(struct sum *s, struct pd_doc *own, struct pd_doc *base, enum pd_merge_kind kind)
{
	const struct cmd_base *b = &s->l.in->base;
	struct pd_subtract_opts o = { .size = sizeof(o), .kind = kind, .normalize = b->normalize, .labelled = b->diff_base.n > 0 };
	struct pd_error err = { 0 };
	char dropped[256] = "";
	struct pd_doc *doc = pd_subtract(own, base, &o, dropped, sizeof(dropped), &err);

	s->l.ctx->subtracted = true;
	if (!doc)
		cmd_fail(s->l.ctx, &err);
	else
		warn_dropped(s->l.ctx, dropped);
	return doc;
}

static struct pd_doc *finish(struct sum *s, enum pd_merge_kind kind)
{
	struct pd_doc *own = finish_side(s, &s->own), *base, *doc = NULL;

	if (!own || s->l.n_own == s->l.operands.n)
		return own;
	base = finish_side(s, &s->base);
	if (base)
		doc = subtract(s, own, base, kind);
	pd_doc_unref(own);
	pd_doc_unref(base);
	return doc;
}

static bool start_side(struct sum *s, struct side *side, size_t inputs, enum pd_merge_kind kind)
{
	struct pd_merge_opts o = { .size = sizeof(o), .kind = kind };
	struct pd_error err = { 0 };

	if (inputs < 2 && kind == PD_MERGE_VIEW)
		return true;
	side->merger = pd_merger_new(&o, &err);
	return side->merger || cmd_fail(s->l.ctx, &err) == 0;
}

static bool start_sum(struct sum *s, enum pd_merge_kind kind)
{
	return start_side(s, &s->own, s->l.n_own, kind) && start_side(s, &s->base, s->l.operands.n - s->l.n_own, kind);
}

static void side_release(struct side *side)
{
	pd_doc_unref(side->only);
	pd_merger_free(side->merger);
}

static struct pd_doc *load_sum(struct cmd_ctx *ctx, const struct cmd_input *in, char **operands, size_t n, unsigned build_flags, enum pd_merge_kind kind,
			       struct cmd_stream *stream)
{
	struct sum s = { .l = { .ctx = ctx, .in = in, .build_flags = build_flags, .stream = stream, .straight = kind == PD_MERGE_EXACT } };
	struct pd_doc *doc = NULL;

	if (in->base.normalize && !in->base.base.n && !in->base.diff_base.n)
		cli_usage(ctx, "--base INPUT or --diff-base INPUT", "--normalize needs a base whose total to scale to");
	else if (loader_start(&s.l, operands, n) == 0 && start_sum(&s, kind) && pd_parallel(s.l.jobs, s.l.operands.n, load_one, add, &s) && check_options(&s.l) == 0)
		doc = finish(&s, kind);
	side_release(&s.own);
	side_release(&s.base);
	loader_release(&s.l);
	return doc;
}

struct pd_doc *cli_load_merged(struct cmd_ctx *ctx, const struct cmd_input *in, char **operands, size_t n, unsigned build_flags, enum pd_merge_kind kind)
{
	return load_sum(ctx, in, operands, n, build_flags, kind, NULL);
}

struct pd_doc *cmd_load_stream(struct cmd_ctx *ctx, const struct cmd_input *in, char **operands, size_t n, unsigned build_flags, struct cmd_stream *stream)
{
	return load_sum(ctx, in, operands, n, build_flags, PD_MERGE_VIEW, stream);
}

struct pd_doc *cmd_load(struct cmd_ctx *ctx, const struct cmd_input *in, char **operands, size_t n, unsigned build_flags)
{
	return cli_load_merged(ctx, in, operands, n, build_flags, PD_MERGE_VIEW);
}
