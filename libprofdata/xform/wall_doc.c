/* Cells become the profile. */
#include "xform/wall.h"

#include "base/error.h"
#include <profdata/transform.h>

#include <stdio.h>
#include <stdlib.h>

enum { COL_SAMPLES, COL_ON, COL_OFF, COL_WALL, COLS };

/* The innermost line of a frame gets a name that says the state. */
static pd_frame suffixed(struct pd_wall *w, pd_frame frame, const char *suffix)
{
	struct pd_line lines[64];
	struct pd_frame_desc d;
	struct pd_func_desc f = { 0 };
	struct pd_span name = { "", 0 };
	char text[4096];
	int n;

	pd_doc_frame(pd_builder_view(w->b), frame, &d);
	if (d.n_lines)
		pd_doc_func(pd_builder_view(w->b), d.lines[0].func, &f);
	name = pd_builder_string(w->b, f.name);
	n = snprintf(text, sizeof text, "%.*s_[%s]", (int)(name.n < 4000 ? name.n : 4000), name.p, suffix);
	f.name = pd_intern(w->b, text, (size_t)n);
	if (d.n_lines > 64)
		d.n_lines = 64; /* nobody inlines that much */
	memcpy(lines, d.lines, d.n_lines * sizeof *lines);
	if (!d.n_lines)
		lines[d.n_lines++] = (struct pd_line){ 0 };
	lines[0].func = pd_func_add(w->b, &f);
	d.lines = lines;
	return pd_frame_add(w->b, &d);
}

static pd_stack with_state(struct pd_wall *w, pd_stack stack, const char *state)
{
	const struct pd_doc *doc = pd_builder_view(w->b);
	uint32_t depth = pd_doc_stack_depth(doc, stack), at;
	pd_frame *frames = malloc(((size_t)depth + 2) * sizeof *frames);
	char text[16];

	if (!frames) {
		pd_builder_fail(w->b, PD_ERR_NOMEM, "out of memory");
		return stack;
	}
	pd_doc_stack(doc, stack, PD_ROOT_FIRST, frames);
	if (w->o.frames == PD_WALL_FRAMES_SUFFIX && depth) {
		frames[depth - 1] = suffixed(w, frames[depth - 1], state);
	} else {
		at = w->o.frames == PD_WALL_FRAMES_ROOT ? 0 : depth;
		memmove(frames + at + 1, frames + at, (depth - at) * sizeof *frames);
		snprintf(text, sizeof text, "[%s]", state);
		frames[at] = pd_frame_named(w->b, text, strlen(text));
		depth++;
	}
	stack = pd_stack_extend(w->b, (pd_stack){ 0 }, frames, depth);
	free(frames);
	return stack;
}

static void header(struct pd_wall *w)
{
	static const struct { const char *type, *unit; } col[COLS] = { { "samples", "count" }, { "on_cpu", "nanoseconds" }, { "off_cpu", "nanoseconds" }, { "wall", "nanoseconds" } };
	struct pd_meta *m = pd_builder_meta(w->b);
	bool comm = false;

	pd_series_add(w->b, (pd_str){ 0 });
	for (unsigned i = 0; i < COLS; i++)
		pd_series_value(w->b, 0, &(struct pd_value_type){ .type = pd_intern_z(w->b, col[i].type), .unit = pd_intern_z(w->b, col[i].unit) });
	m->period = 1;
	m->period_type = pd_intern_z(w->b, col[COL_WALL].type);
	m->period_unit = pd_intern_z(w->b, col[COL_WALL].unit);
	m->default_sample_type = m->period_type;
	if (w->s.has_window)
		m->duration_nanos = w->s.window;
	for (size_t i = 0; i < w->input.n; i++)
		if (w->input.v[i].dated && w->input.v[i].start > m->time_nanos)
			m->time_nanos = w->input.v[i].start;
	for (size_t i = 0; i < w->group.n; i++)
		comm |= w->group.v[i].name.v && w->group.v[i].key.v == w->k_comm.v;
	if (comm)
		m->root_label = w->k_comm;
}

enum pd_status wall_make_doc(struct pd_wall *w, struct pd_error *err)
{
	static const char *const state[WALL_STATES] = { "on", "off", "runnable" };
	struct pd_doc *doc;

	header(w);
	for (size_t i = 0; i < w->cell.n && !pd_builder_failed(w->b); i++) {
		const struct wall_cell *c = &w->cell.v[i];
		struct pd_sample s = { .stack = { c->stack }, .labels = { c->labels } };
		int64_t v[COLS] = { [COL_SAMPLES] = c->n, [COL_WALL] = c->out };

		if (c->hidden || (!c->out && !c->n))
			continue;
		if (c->state == WALL_ON)
			v[COL_ON] = c->out;
		else if (c->state == WALL_OFF)
			v[COL_OFF] = c->out;
		if (!s.stack.v)
			s.stack = wall_frame_stack(w, "[unknown]");
		if (w->o.frames)
			s.stack = with_state(w, s.stack, state[c->state]);
		pd_sample_add(w->b, 0, &s, v);
	}
	doc = pd_builder_finish(w->b, err);
	if (!doc)
		return err && err->status ? err->status : PD_ERR_NOMEM;
	w->doc = pd_canonical(doc, err);
	w->tables = doc;
	return w->doc ? PD_OK : PD_ERR_NOMEM;
}
