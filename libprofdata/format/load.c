/* Source → document: detect, read, hand over what the reader remarked. */
#include "format/load.h"

#include "base/error.h"
#include "base/limits.h"
#include "format/opts.h"
#include "io/source.h"
#include "model/model.h"

/* The reader in the role it is wanted in. */
static enum pd_status run(const struct pd_loading *l, struct pd_source *src, struct pd_sink *sink)
{
	if (l->events)
		pd_events_tables(l->events, pd_builder_view(sink->prof));
	if (l->events_only)
		return l->format->read_events(src, sink, l->events, l->opts);
	return l->format->read ? l->format->read(src, sink, l->opts) : pd_read_profile(l, src, sink);
}

enum pd_status pd_load_read(const struct pd_loading *l, struct pd_source *src, struct pd_builder *b, struct pd_notes *notes, struct pd_error *err)
{
	struct pd_error mine = { 0 };
	struct pd_sink sink = { .prof = b, .notes = notes, .limits = &l->limits, .err = &mine, .strict = l->strict, .events = l->events };
	enum pd_status status = run(l, src, &sink);

	if (mine.status != PD_OK) {
		status = mine.status; /* the reader's own words are the most exact */
	} else if (pd_source_status(src) != PD_OK) {
		status = pd_source_status(src); /* even when the reader took it for the end */
		mine = *pd_source_error(src);
	} else if (pd_builder_failed(b)) {
		status = pd_builder_status(b);
		pd_builder_error(b, &mine);
		mine.line = src->line;
	} else if (status != PD_OK && status != PD_WARN) {
		pd_error_set(&mine, status, "%s: reading failed without a reason", l->format->name);
	}
	pd_error_path(&mine, pd_source_name(src));
	if (status == PD_OK || status == PD_WARN)
		return PD_OK;
	if (err && err->status == PD_OK)
		*err = mine;
	return status;
}

/* Moves the notes over; under strict there are none. */
static bool hand_over(const struct pd_notes *notes, struct pd_builder *b)
{
	for (size_t i = 0; i < notes->row.n; i++) {
		char example[128];

		pd_note_example(example, sizeof example, &notes->row.v[i]);
		if (!pd_builder_take_note(b, notes->row.v[i].what, notes->row.v[i].count, example))
			return false;
	}
	return !notes->lost || pd_builder_take_note(b, "oddities not listed (out of memory)", 1, "");
}

static void take_remarks(const struct pd_events *ev, struct pd_builder *b)
{
	struct pd_note_desc note;

	for (size_t i = 0; pd_events_remark(ev, i, &note); i++)
		pd_builder_take_note(b, note.what, note.count, note.example);
}

static struct pd_doc *load(const struct pd_loading *l, struct pd_source *src, struct pd_error *err)
{
	struct pd_notes notes = { 0 };
	struct pd_builder *b = l->events_only ? NULL : pd_load_parts(l, src, &notes);
	struct pd_doc *doc = NULL;

	if (!b) {
		pd_notes_release(&notes);
		b = pd_builder_new(&l->limits, l->build_flags, err);
		if (b && pd_load_read(l, src, b, &notes, err) != PD_OK)
			goto out;
	}
	if (b && l->events && pd_events_finish(l->events, err) != PD_OK)
		goto out;
	if (b && l->events)
		take_remarks(l->events, b);
	if (b && l->format->finish && !l->events_only)
		l->format->finish(b);
	if (b && hand_over(&notes, b))
		doc = pd_builder_finish(b, err);
	else if (b)
		pd_error_nomem(err);
out:
	pd_builder_free(b);
	pd_notes_release(&notes);
	return doc;
}

void *pd_format_opts(const struct pd_format *f, const char *const *kv, struct pd_error *err)
{
	static const struct pd_opt none[] = { { .kind = PD_OPT_END } };
	void *opts = calloc(1, f->opts_size ? f->opts_size : 1);
	char prefix[512];

	if (!opts) {
		pd_error_nomem(err);
		return NULL;
	}
	for (; kv && *kv; kv++) {
		if (pd_opt_set(f->opts ? f->opts : none, opts, *kv, err) == PD_OK)
			continue;
		if (err && err->status == PD_ERR_USAGE) {
			snprintf(prefix, sizeof prefix, "%s: %.400s", f->name, err->text);
			snprintf(err->text, sizeof err->text, "%s", prefix);
		}
		pd_format_opts_free(f, opts);
		return NULL;
	}
	return opts;
}

void pd_format_opts_free(const struct pd_format *f, void *opts)
{
	if (opts && f->opts)
		pd_opt_release(f->opts, opts);
	free(opts);
}

static const struct pd_format *choose(struct pd_source *src, const struct pd_format *asked, bool events_only, struct pd_error *err)
{
	struct pd_detected found = { .format = asked };

	if (!asked && pd_detect(src, &found, err) != PD_OK)
		return NULL;
	if (events_only ? found.format->read_events != NULL : pd_format_reads(found.format))
		return found.format;
	if (events_only)
		pd_error_set(err, PD_ERR_UNSUPPORTED, "format '%s' holds no events", found.format->name);
	else
		pd_error_set(err, PD_ERR_UNSUPPORTED, "format '%s' is written only, not read", found.format->name);
	pd_error_path(err, pd_source_name(src));
	return NULL;
}

/* Decides everything; the options of the format, to be freed, or NULL after saying why not. */
static void *prepare(struct pd_loading *l, struct pd_source *src, const struct pd_load_opts *given, bool events_only, struct pd_load_opts *o,
		     struct pd_error *err)
{
	void *opts;

	*o = (struct pd_load_opts){ 0 };
	if (given)
		memcpy(o, given, given->size && given->size < sizeof *o ? given->size : sizeof *o);
	l->events = o->events;
	l->events_only = events_only;
	l->format = choose(src, o->format, events_only, err);
	opts = l->format ? pd_format_opts(l->format, o->opts, err) : NULL;
	l->opts = opts;
	l->limits = pd_limits_copy(o->limits ? o->limits : &src->limits);
	l->build_flags = o->build_flags;
	l->strict = o->strict;
	l->jobs = o->jobs;
	return opts;
}

static void say_used(const struct pd_loading *l, const struct pd_load_opts *o, const struct pd_source *src)
{
	if (!o->used)
		return;
	o->used->format = l->format;
	snprintf(o->used->compression, sizeof o->used->compression, "%s", pd_source_compression(src));
}

struct pd_doc *pd_load_as(struct pd_source *src, const struct pd_load_opts *given, bool events_only, struct pd_error *err)
{
	struct pd_loading l = { 0 };
	struct pd_load_opts o;
	struct pd_doc *doc;
	void *opts = prepare(&l, src, given, events_only, &o, err);

	if (!opts)
		return NULL;
	doc = load(&l, src, err);
	if (doc)
		say_used(&l, &o, src);
	pd_error_path(err, pd_source_name(src));
	pd_format_opts_free(l.format, opts);
	return doc;
}

struct pd_doc *pd_load(struct pd_source *src, const struct pd_load_opts *given, struct pd_error *err)
{
	return pd_load_as(src, given, false, err);
}

enum pd_status pd_load_into(struct pd_builder *b, struct pd_source *src, const struct pd_load_opts *given, struct pd_error *err)
{
	struct pd_error mine = { 0 };
	struct pd_notes notes = { 0 };
	struct pd_loading l = { 0 };
	struct pd_load_opts o;
	void *opts = prepare(&l, src, given, false, &o, &mine);

	if (!opts)
		goto out;
	l.limits = b->limits;
	if (!l.format->additive)
		pd_error_set(&mine, PD_ERR_UNSUPPORTED, "format '%s' cannot be read into a sum", l.format->name);
	else if (pd_load_read(&l, src, b, &notes, &mine) == PD_OK && !hand_over(&notes, b))
		pd_error_nomem(&mine);
	if (mine.status == PD_OK)
		say_used(&l, &o, src);
	pd_notes_release(&notes);
	pd_format_opts_free(l.format, opts);
out:
	pd_error_path(&mine, pd_source_name(src));
	if (mine.status != PD_OK && err && err->status == PD_OK)
		*err = mine;
	return mine.status;
}
