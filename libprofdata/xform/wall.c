/* Wall-clock combinations: inputs in, what was done with them out. */
#include "xform/wall.h"

#include "base/error.h"

#include <stdio.h>
#include <stdlib.h>

enum pd_status wall_nomem(struct pd_error *err)
{
	return pd_error_nomem(err);
}

const char *wall_time_text(char *buf, size_t n, double ns)
{
	static const struct { double ns; const char *unit; } step[] = { { 1e9, "s" }, { 1e6, "ms" }, { 1e3, "us" }, { 0, "ns" } };
	double size = ns < 0 ? -ns : ns;
	size_t i = 0;

	while (size < step[i].ns)
		i++;
	snprintf(buf, n, "%.*f %s", step[i].ns ? 2 : 0, step[i].ns ? ns / step[i].ns : ns, step[i].unit);
	return buf;
}

void wall_remark(struct pd_wall *w, bool warning, const char *fmt, ...)
{
	char buf[1024], *copy;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(buf, sizeof buf, fmt, ap);
	va_end(ap);
	copy = pd_arena_text(&w->text, buf, strlen(buf));
	if (copy)
		(void)pd_vec_push(&w->remark, ((struct wall_remark){ copy, warning })); /* a remark less when there is no memory: the work itself will say so */
}

struct pd_wall *pd_wall_new(const struct pd_wall_opts *opts, struct pd_error *err)
{
	static const char *const state[WALL_STATES] = { "on", "off", "runnable" };
	struct pd_wall *w = calloc(1, sizeof *w);

	if (!w || !(w->b = pd_builder_new(&pd_no_limits, 0, err))) {
		free(w);
		wall_nomem(err);
		return NULL;
	}
	memcpy(&w->o, opts, opts->size < sizeof w->o ? opts->size : sizeof w->o);
	w->k_pid = pd_intern_z(w->b, "pid");
	w->k_tid = pd_intern_z(w->b, "tid");
	w->k_comm = pd_intern_z(w->b, "comm");
	w->k_thread = pd_intern_z(w->b, "thread");
	w->k_state = pd_intern_z(w->b, "state");
	w->k_reason = pd_intern_z(w->b, "reason");
	for (unsigned i = 0; i < WALL_STATES; i++)
		w->s_state[i] = pd_intern_z(w->b, state[i]);
	return w;
}

static void release_input(struct wall_input *in)
{
	pd_doc_unref(in->doc);
	pd_vec_release(&in->part);
	pd_remap_release(&in->map);
	free(in->set);
	free(in->root_group);
	free(in->bare);
}

void pd_wall_free(struct pd_wall *w)
{
	if (!w)
		return;
	for (size_t i = 0; i < w->input.n; i++)
		release_input(&w->input.v[i]);
	pd_vec_release(&w->input);
	pd_vec_release(&w->cell);
	pd_vec_release(&w->group);
	pd_vec_release(&w->remark);
	wall_index_release(&w->cell_index);
	wall_index_release(&w->group_index);
	wall_index_release(&w->member_index);
	pd_builder_free(w->b);
	pd_doc_unref(w->doc);
	pd_doc_unref(w->tables);
	pd_arena_release(&w->text);
	free(w->idle);
	free(w->idle_what);
	free(w);
}

enum pd_status pd_wall_add(struct pd_wall *w, const struct pd_doc *doc, enum pd_wall_role role, const char *name, struct pd_error *err)
{
	char *copy = pd_arena_text(&w->text, name, strlen(name));
	struct wall_input *in;

	if (!copy || !pd_vec_push(&w->input, ((struct wall_input){ .doc = pd_doc_ref(doc), .name = copy, .asked = role, .scale = 1 })))
		return wall_nomem(err);
	in = &w->input.v[w->input.n - 1];
	return wall_pick(w, in, err);
}

void pd_wall_timeline(struct pd_wall *w, struct pd_events *ev)
{
	w->timeline = ev;
}

bool pd_wall_has_states(const struct pd_wall *w)
{
	for (size_t i = 0; i < w->input.n; i++)
		if (wall_has(&w->input.v[i], PD_WALL_SWITCHES))
			return true;
	return false;
}

/* ---- combining ---- */

/* Profiles of processor time first: wall-clock samples are split by them. */
static enum pd_status read_all(struct pd_wall *w, struct pd_error *err)
{
	enum pd_status status = PD_OK;

	for (unsigned whole = 0; whole < 2; whole++)
		for (size_t i = 0; i < w->input.n && status == PD_OK; i++) {
			struct wall_input *in = &w->input.v[i];

			if (in->doc && wall_has(in, PD_WALL_WHOLE) == (whole == 1))
				status = wall_read(w, in, err);
		}
	return status;
}

enum pd_status pd_wall_finish(struct pd_wall *w, struct pd_error *err)
{
	enum pd_status status;

	if (w->finished)
		return pd_error_set(err, PD_ERR_USAGE, "a combination is finished once");
	w->finished = true;
	status = wall_pick_rest(w, err);
	if (status == PD_OK)
		status = wall_window(w, err);
	if (status == PD_OK)
		status = read_all(w, err);
	if (status == PD_OK)
		status = wall_idle(w, err);
	if (status == PD_OK)
		status = wall_solve(w, err);
	if (status == PD_OK)
		status = wall_make_doc(w, err);
	if (!w->tables && pd_builder_failed(w->b)) {
		pd_builder_error(w->b, err);
		return pd_builder_status(w->b);
	}
	if (status == PD_ERR_NOMEM)
		wall_nomem(err); /* unless it says so already */
	return status;
}

/* ---- asking ---- */

struct pd_doc *pd_wall_doc(const struct pd_wall *w)
{
	return w->doc ? pd_doc_ref(w->doc) : NULL;
}

void pd_wall_summary(const struct pd_wall *w, struct pd_wall_summary *out)
{
	*out = w->s;
	out->threads = w->group.n;
	out->sources = w->input.n;
	out->remarks = w->remark.n;
	out->idle = w->n_idle;
	out->per = w->o.per;
}

void pd_wall_thread(const struct pd_wall *w, size_t i, struct pd_wall_thread *out)
{
	*out = w->group.v[i].t;
	for (size_t k = 0; k < w->input.n; k++)
		if (w->input.v[k].unrated)
			out->on_factor = 1; /* of what? */
	out->name = w->tables ? pd_doc_string(w->tables, w->group.v[i].name) : pd_builder_string(w->b, w->group.v[i].name);
}

void pd_wall_source(const struct pd_wall *w, size_t i, struct pd_wall_source *out)
{
	out->name = w->input.v[i].name;
	memcpy(out->what, w->input.v[i].what, sizeof out->what);
}

const char *pd_wall_remark(const struct pd_wall *w, size_t i, bool *warning)
{
	*warning = w->remark.v[i].warning;
	return w->remark.v[i].text;
}

void pd_wall_idle(const struct pd_wall *w, size_t i, struct pd_wall_idle *out)
{
	*out = (struct pd_wall_idle){ w->idle_what[i], w->idle[i].time, w->idle[i].threads };
}
