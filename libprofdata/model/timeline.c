/* The collector: a trace as columns. */
#include "model/events.h"

#include "base/error.h"
#include "base/limits.h"

/* Texts of a track, copied. */
struct track_row {
	struct pd_track_desc desc;
	struct pd_span *series;
};

struct collector {
	struct pd_events events;
	struct pd_builder *b; /* strings, and the memory they may take */
	struct pd_slice_rows slices;
	PD_VEC(struct track_row) track; /* by id; row 0 is the whole trace */
	struct pd_arena text;
	int64_t last;
	enum pd_status status;
	/* the rows as columns, after finish */
	uint32_t *col_track, *col_name, *col_category;
	int64_t *col_ts, *col_dur;
};

static void fail(struct collector *c, enum pd_status status)
{
	c->events.failed = true;
	if (c->status == PD_OK)
		c->status = status;
}

static struct pd_span keep(struct collector *c, struct pd_span s)
{
	char *copy = pd_arena_text(&c->text, s.p, s.n);

	if (!copy)
		fail(c, PD_ERR_NOMEM);
	return copy ? (struct pd_span){ copy, s.n } : (struct pd_span){ "", 0 };
}

static void collector_track(struct pd_events *ev, pd_track id, const struct pd_track_desc *d)
{
	struct collector *c = (struct collector *)ev;
	struct track_row *row;

	if (id.v > PD_MAX_ROWS / 2 || id.v > c->track.n + (1u << 20)) { /* readers number densely */
		fail(c, PD_ERR_INTERNAL);
		return;
	}
	while (c->track.n <= id.v) {
		if (!pd_vec_push(&c->track, (struct track_row){ 0 })) {
			fail(c, PD_ERR_NOMEM);
			return;
		}
	}
	row = &c->track.v[id.v];
	row->desc = *d;
	row->desc.name = keep(c, d->name);
	row->desc.unit = keep(c, d->unit);
	row->desc.series = NULL;
	if (!d->n_series || !d->series)
		return;
	row->series = pd_arena_alloc(&c->text, d->n_series * sizeof *row->series, _Alignof(struct pd_span));
	if (!row->series) {
		fail(c, PD_ERR_NOMEM);
		return;
	}
	for (unsigned i = 0; i < d->n_series; i++)
		row->series[i] = keep(c, d->series[i]);
	row->desc.series = row->series;
}

static void collector_event(struct pd_events *ev, const struct pd_event *e)
{
	struct collector *c = (struct collector *)ev;
	struct pd_slice_row row = { .ts = e->ts, .track = e->track.v };
	int64_t end = e->ts;

	if (e->kind == PD_EV_SLICE) {
		row.dur = e->dur > 0 ? e->dur : 0;
		end = pd_slice_end(e->ts, e->dur);
	} else if (e->kind == PD_EV_BEGIN || e->kind == PD_EV_END) {
		row.dur = e->kind == PD_EV_BEGIN ? PD_SLICE_BEGIN : PD_SLICE_END;
	}
	if (c->slices.row.n == 0 || end > c->last)
		c->last = end;
	if (e->kind > PD_EV_SLICE)
		return;
	row.name = pd_intern(c->b, e->name.p, e->name.n).v;
	row.category = pd_intern(c->b, e->category.p, e->category.n).v;
	if (!pd_builder_reserve(c->b, &c->slices.row, 1) || pd_builder_failed(c->b))
		fail(c, pd_builder_status(c->b));
	else
		c->slices.row.v[c->slices.row.n++] = row;
}

static enum pd_status collector_finish(struct pd_events *ev, struct pd_error *err)
{
	struct collector *c = (struct collector *)ev;
	size_t n;

	pd_builder_error(c->b, err);
	if (c->status == PD_OK && !pd_slice_rows_order(&c->slices, c->last))
		c->status = PD_ERR_NOMEM;
	n = c->slices.row.n;
	if (c->status == PD_OK) {
		c->col_ts = malloc((n + 1) * sizeof *c->col_ts);
		c->col_dur = malloc((n + 1) * sizeof *c->col_dur);
		c->col_track = malloc((n + 1) * 3 * sizeof *c->col_track);
		if (!c->col_ts || !c->col_dur || !c->col_track)
			c->status = PD_ERR_NOMEM;
	}
	if (c->status != PD_OK)
		return pd_error_set(err, c->status, c->status == PD_ERR_INTERNAL ? "tracks are not numbered densely" : "out of memory");
	c->col_name = c->col_track + n + 1;
	c->col_category = c->col_name + n + 1;
	for (size_t i = 0; i < n; i++) {
		c->col_ts[i] = c->slices.row.v[i].ts;
		c->col_dur[i] = c->slices.row.v[i].dur;
		c->col_track[i] = c->slices.row.v[i].track;
		c->col_name[i] = c->slices.row.v[i].name;
		c->col_category[i] = c->slices.row.v[i].category;
	}
	pd_vec_release(&c->slices.row);
	c->slices.row.cap = n; /* how many columns have */
	return PD_OK;
}

static void collector_free(struct pd_events *ev)
{
	struct collector *c = (struct collector *)ev;

	if (c->slices.row.v)
		pd_vec_release(&c->slices.row);
	pd_vec_release(&c->track);
	pd_arena_release(&c->text);
	pd_builder_free(c->b);
	free(c->col_ts);
	free(c->col_dur);
	free(c->col_track);
	free(c);
}

struct pd_events *pd_events_collector(const struct pd_limits *limits, struct pd_error *err)
{
	static const struct pd_events_ops ops = {
		.size = sizeof ops, .wants = PD_WANTS_EVENTS, .track = collector_track, .event = collector_event,
		.finish = collector_finish, .free = collector_free,
	};
	struct collector *c = calloc(1, sizeof *c);
	struct pd_limits own = pd_limits_copy(limits);

	if (c)
		c->b = pd_builder_new(&own, 0, err);
	if (!c || !c->b) {
		free(c);
		pd_error_nomem(err);
		return NULL;
	}
	c->events.ops = &ops;
	return &c->events;
}

void pd_timeline_slices(const struct pd_events *ev, struct pd_timeline_slices *out)
{
	const struct collector *c = (const struct collector *)ev;

	*out = (struct pd_timeline_slices){ .n = c->col_ts ? c->slices.row.cap : 0, .track = c->col_track, .ts = c->col_ts,
					    .dur = c->col_dur, .name = c->col_name, .category = c->col_category };
}

uint32_t pd_timeline_tracks(const struct pd_events *ev)
{
	const struct collector *c = (const struct collector *)ev;

	return c->track.n ? (uint32_t)c->track.n - 1 : 0;
}

void pd_timeline_track(const struct pd_events *ev, pd_track t, struct pd_track_desc *out)
{
	const struct collector *c = (const struct collector *)ev;

	*out = t.v < c->track.n ? c->track.v[t.v].desc : (struct pd_track_desc){ 0 };
}

struct pd_span pd_timeline_string(const struct pd_events *ev, uint32_t s)
{
	return pd_builder_string(((const struct collector *)ev)->b, (pd_str){ s });
}
