/* Traces between formats: reader → sink, sink → output, and documents on either side. */
#include "base/error.h"
#include "base/limits.h"
#include "format/load.h"
#include "format/opts.h"
#include "io/out.h"
#include "io/source.h"
#include "model/model.h"

/* ---- reading ---- */

enum pd_status pd_read_profile(const struct pd_loading *l, struct pd_source *src, struct pd_sink *sink)
{
	struct pd_events *both[2] = { pd_events_profile(sink->prof, sink->err), sink->events }, *tee = NULL;
	enum pd_status status = PD_ERR_NOMEM;

	if (both[0] && sink->events)
		tee = pd_events_tee(both, 2, sink->err);
	if (both[0] && (tee || !sink->events)) {
		struct pd_events *ev = tee ? tee : both[0];

		pd_events_tables(ev, pd_builder_view(sink->prof));
		status = l->format->read_events(src, sink, ev, l->opts);
		if (status == PD_OK || status == PD_WARN) {
			enum pd_status end = pd_events_finish(both[0], sink->err);

			status = end == PD_OK ? status : end;
		}
	}
	pd_events_free(tee);
	pd_events_free(both[0]);
	return status;
}

struct pd_doc *pd_load_events(struct pd_source *src, const struct pd_load_opts *opts, struct pd_events *ev, struct pd_error *err)
{
	struct pd_load_opts o = { 0 };

	if (opts)
		memcpy(&o, opts, opts->size && opts->size < sizeof o ? opts->size : sizeof o);
	o.size = sizeof o;
	o.events = ev;
	o.size = sizeof o;
	return pd_load_as(src, &o, true, err);
}

/* ---- writing ---- */

#define HELD ((size_t)16 << 20) /* of a timeline before it is compressed: memory is not to grow with it */

/* The sink of a format together with the options it reads from. */
struct writer {
	struct pd_events events;
	struct pd_events_ops ops;
	struct pd_events *sink;
	const struct pd_format *format;
	void *opts;
};

static void writer_start(struct pd_events *ev, const struct pd_trace_desc *d)
{
	struct writer *w = (struct writer *)ev;

	pd_events_tables(w->sink, ev->tables);
	pd_events_start(w->sink, d);
	ev->failed = w->sink->failed;
}

static void writer_track(struct pd_events *ev, pd_track track, const struct pd_track_desc *d)
{
	struct writer *w = (struct writer *)ev;

	w->sink->tables = ev->tables;
	pd_events_track(w->sink, track, d);
	ev->failed = w->sink->failed;
}

static void writer_event(struct pd_events *ev, const struct pd_event *e)
{
	struct writer *w = (struct writer *)ev;

	w->sink->tables = ev->tables;
	pd_events_event(w->sink, e);
	ev->failed = w->sink->failed;
}

static void writer_fact(struct pd_events *ev, const struct pd_fact *f)
{
	pd_events_fact(((struct writer *)ev)->sink, f);
}

static enum pd_status writer_finish(struct pd_events *ev, struct pd_error *err)
{
	struct writer *w = (struct writer *)ev;

	w->sink->tables = ev->tables;
	return pd_events_finish(w->sink, err);
}

static bool writer_remark(const struct pd_events *ev, size_t i, struct pd_note_desc *out)
{
	return pd_events_remark(((const struct writer *)ev)->sink, i, out);
}

static void writer_free(struct pd_events *ev)
{
	struct writer *w = (struct writer *)ev;

	pd_events_free(w->sink);
	pd_format_opts_free(w->format, w->opts);
	free(w);
}

struct pd_events *pd_save_events(const struct pd_format *format, const struct pd_save_opts *given, const char *const *kv,
				 struct pd_out *out, struct pd_error *err)
{
	static const struct pd_events_ops ops = {
		.size = sizeof ops, .start = writer_start, .track = writer_track, .event = writer_event, .fact = writer_fact,
		.finish = writer_finish, .free = writer_free, .remark = writer_remark,
	};
	struct pd_save_opts o = { 0 };
	struct writer *w;

	if (!format->write_events) {
		pd_error_set(err, PD_ERR_UNSUPPORTED, "format '%s' holds no timelines", format->name);
		return NULL;
	}
	if (given)
		memcpy(&o, given, given->size && given->size < sizeof o ? given->size : sizeof o);
	w = calloc(1, sizeof *w);
	if (!w) {
		pd_error_nomem(err);
		return NULL;
	}
	if (out->encoder && out->encoder->whole > HELD)
		out->encoder->whole = HELD;
	w->format = format;
	w->opts = pd_format_opts(format, kv, err);
	w->sink = w->opts ? format->write_events(out, &o, w->opts, err) : NULL;
	if (!w->sink) {
		pd_format_opts_free(format, w->opts);
		free(w);
		pd_error_nomem(err); /* unless the format said why */
		return NULL;
	}
	w->ops = ops;
	w->ops.wants = w->sink->ops->wants;
	w->events.ops = &w->ops;
	return &w->events;
}

enum pd_status pd_write_timeline(const struct pd_doc *doc, const struct pd_format *format, const struct pd_save_opts *o,
				 const void *opts, struct pd_out *out, struct pd_error *err)
{
	int type = pd_doc_find_sample_type(doc, o->sample_type);
	struct pd_events *ev = format->write_events(out, o, opts, err);
	enum pd_status status;

	if (!ev)
		return err->status != PD_OK ? err->status : pd_error_nomem(err);
	if (pd_doc_sample_types(doc) == 0)
		status = PD_OK;
	else
		status = pd_doc_events(doc, type < 0 ? 0 : (unsigned)type, 0, ev, err);
	if (status == PD_OK)
		status = pd_events_finish(ev, err);
	pd_events_free(ev);
	return status;
}
