/* What wall did with every thread: for people on stderr or in a file, for programs as JSON. */
#include "cli.h"
#include "wall.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define SHOWN 40 /* threads in the text on stderr */

struct report {
	struct cmd_ctx *ctx;
	struct pd_out *out; /* NULL: stderr */
	const struct pd_wall *w;
	struct pd_wall_summary s;
};

static void line(const struct report *r, const char *text)
{
	if (r->out)
		pd_out_printf(r->out, "%s\n", text);
	else
		cmd_infof(r->ctx, "%s", text);
}

static double seconds(int64_t ns) { return (double)ns / 1e9; }

static double percent(int64_t part, int64_t whole) { return whole ? (double)part * 100 / (double)whole : 0; }

static void who(const struct pd_wall_thread *t, char *buf, size_t n)
{
	char name[64];

	cmd_printable(name, sizeof name, t->name);
	if (t->has_tid)
		snprintf(buf, n, "%s%s%" PRId64, name, t->name.n ? " " : "", t->tid);
	else if (t->has_pid)
		snprintf(buf, n, "%s%s[%" PRId64 "]", name, t->name.n ? " " : "", t->pid);
	else
		snprintf(buf, n, "%s", t->name.n ? name : "total");
	if (t->members > 1)
		snprintf(buf + strlen(buf), n - strlen(buf), " x%" PRIu32, t->members);
}

static void thread_line(const struct report *r, const struct pd_wall_thread *t)
{
	char name[96], factors[160] = "", text[512];

	who(t, name, sizeof name);
	if (t->samples && t->error > 0)
		snprintf(factors, sizeof factors, "  %" PRId64 " +/- %.3f s", t->samples, t->error / 1e9);
	else if (t->samples)
		snprintf(factors, sizeof factors, "  %" PRId64, t->samples);
	if (t->on_factor != 1)
		snprintf(factors + strlen(factors), sizeof factors - strlen(factors), " on x%.4f", t->on_factor);
	if (t->off_factor != 1)
		snprintf(factors + strlen(factors), sizeof factors - strlen(factors), " off x%.4f", t->off_factor);
	if (t->impossible)
		snprintf(factors + strlen(factors), sizeof factors - strlen(factors), " too much by %.3f s", t->excess / 1e9);
	if (t->hidden)
		snprintf(factors + strlen(factors), sizeof factors - strlen(factors), " hidden %.3f s", seconds(t->hidden));
	snprintf(text, sizeof text, "%-24s %11.3f %11.3f %11.3f %11.3f %11.3f%s", name, seconds(t->lifetime), seconds(t->on), seconds(t->off), seconds(t->runnable), seconds(t->unattributed),
		 factors);
	line(r, text);
}

static void totals(const struct report *r)
{
	const struct pd_wall_summary *s = &r->s;
	char text[256];

	snprintf(text, sizeof text, "%-24s %11.3f %11.3f %11.3f %11.3f %11.3f", "all", seconds(s->lifetime), seconds(s->on), seconds(s->off), seconds(s->runnable), seconds(s->unattributed));
	line(r, text);
	snprintf(text, sizeof text, "%-24s %11s %10.2f%% %10.2f%% %10.2f%% %10.2f%%", "", "100%", percent(s->on, s->lifetime), percent(s->off, s->lifetime), percent(s->runnable, s->lifetime),
		 percent(s->unattributed, s->lifetime));
	line(r, text);
	if (s->has_window && s->window > 0) {
		double w = (double)s->window;

		snprintf(text, sizeof text, "%-24s %11.3f %11.3f %11.3f %11.3f %11.3f", "threads on average", (double)s->lifetime / w, (double)s->on / w, (double)s->off / w, (double)s->runnable / w,
			 (double)s->unattributed / w);
		line(r, text);
	}
}

static void idle_lines(const struct report *r)
{
	char text[256];

	if (!r->s.idle_time)
		return;
	snprintf(text, sizeof text, "waiting for work: %.3f s, %.2f%% of the time of all threads%s", seconds(r->s.idle_time), percent(r->s.idle_time, r->s.lifetime),
		 r->s.hidden ? ", hidden" : " (--hide-idle leaves it out)");
	line(r, text);
	for (size_t i = 0; i < r->s.idle; i++) {
		struct pd_wall_idle d;

		pd_wall_idle(r->w, i, &d);
		if (!d.time)
			continue;
		snprintf(text, sizeof text, "  %-32s %11.3f s in %" PRIu32 " thread%s", d.what, seconds(d.time), d.threads, d.threads == 1 ? "" : "s");
		line(r, text);
	}
}

static void print_text(const struct report *r)
{
	size_t shown = r->out ? r->s.threads : r->s.threads < SHOWN ? r->s.threads : SHOWN;
	char text[512];

	for (size_t i = 0; i < r->s.sources; i++) {
		struct pd_wall_source src;

		pd_wall_source(r->w, i, &src);
		snprintf(text, sizeof text, "%s: %s", src.name, src.what);
		line(r, text);
	}
	for (size_t i = 0; r->out && i < r->s.remarks; i++) {
		bool warning;
		const char *remark = pd_wall_remark(r->w, i, &warning);

		line(r, remark);
	}
	if (r->s.has_window) {
		snprintf(text, sizeof text, "window: %.3f s%s", seconds(r->s.window), r->s.rates ? ", values are rates" : "");
		line(r, text);
	}
	snprintf(text, sizeof text, "%-24s %11s %11s %11s %11s %11s  %s", r->s.per == PD_WALL_PER_THREAD ? "thread, seconds" : r->s.per == PD_WALL_PER_PROCESS ? "process, seconds" : "seconds",
		 "lifetime", "on", "off", "runnable", "unknown", "samples");
	line(r, text);
	for (size_t i = 0; i < shown; i++) {
		struct pd_wall_thread t;

		pd_wall_thread(r->w, i, &t);
		thread_line(r, &t);
	}
	if (shown < r->s.threads) {
		snprintf(text, sizeof text, "... and %zu more (--report FILE has all)", r->s.threads - shown);
		line(r, text);
	}
	totals(r);
	idle_lines(r);
}

/* ---- JSON ---- */

static void json_thread(struct cmd_json *j, const struct pd_wall_thread *t)
{
	cmd_json_object(j, NULL);
	cmd_json_string(j, "name", t->name.p, t->name.n);
	if (t->has_pid)
		cmd_json_int(j, "pid", t->pid);
	if (t->has_tid)
		cmd_json_int(j, "tid", t->tid);
	cmd_json_int(j, "members", t->members);
	cmd_json_int(j, "lifetime", t->lifetime);
	cmd_json_bool(j, "lifetime_known", t->has_lifetime);
	cmd_json_int(j, "on", t->on);
	cmd_json_int(j, "off", t->off);
	cmd_json_int(j, "runnable", t->runnable);
	cmd_json_int(j, "unattributed", t->unattributed);
	cmd_json_int(j, "hidden", t->hidden);
	cmd_json_int(j, "samples", t->samples);
	cmd_json_real(j, "on_sampled", t->sampled);
	cmd_json_real(j, "on_error", t->error);
	cmd_json_real(j, "on_factor", t->on_factor);
	cmd_json_real(j, "off_factor", t->off_factor);
	cmd_json_real(j, "excess", t->excess);
	cmd_json_bool(j, "impossible", t->impossible);
	cmd_json_end(j);
}

static void json_rest(const struct report *r, struct cmd_json *j)
{
	cmd_json_array(j, "sources");
	for (size_t i = 0; i < r->s.sources; i++) {
		struct pd_wall_source src;

		pd_wall_source(r->w, i, &src);
		cmd_json_object(j, NULL);
		cmd_json_name(j, "name", src.name);
		cmd_json_name(j, "what", src.what);
		cmd_json_end(j);
	}
	cmd_json_end(j);
	cmd_json_array(j, "remarks");
	for (size_t i = 0; i < r->s.remarks; i++) {
		bool warning;

		cmd_json_name(j, NULL, pd_wall_remark(r->w, i, &warning));
	}
	cmd_json_end(j);
	cmd_json_array(j, "idle");
	for (size_t i = 0; i < r->s.idle; i++) {
		struct pd_wall_idle d;

		pd_wall_idle(r->w, i, &d);
		if (!d.time)
			continue;
		cmd_json_object(j, NULL);
		cmd_json_name(j, "what", d.what);
		cmd_json_int(j, "time", d.time);
		cmd_json_int(j, "threads", d.threads);
		cmd_json_end(j);
	}
	cmd_json_end(j);
}

static void print_json(const struct report *r)
{
	struct cmd_json *j = cmd_json_new(r->out);

	cmd_json_object(j, NULL);
	cmd_json_head(r->ctx, j, "profdata.wall/1");
	if (r->s.has_window)
		cmd_json_int(j, "window_nanos", r->s.window);
	cmd_json_bool(j, "rates", r->s.rates);
	cmd_json_int(j, "lifetime", r->s.lifetime);
	cmd_json_int(j, "on", r->s.on);
	cmd_json_int(j, "off", r->s.off);
	cmd_json_int(j, "runnable", r->s.runnable);
	cmd_json_int(j, "unattributed", r->s.unattributed);
	cmd_json_int(j, "idle_nanos", r->s.idle_time);
	cmd_json_int(j, "hidden", r->s.hidden);
	cmd_json_int(j, "scaled", (int64_t)r->s.scaled);
	cmd_json_int(j, "impossible", (int64_t)r->s.impossible);
	cmd_json_array(j, "threads");
	for (size_t i = 0; i < r->s.threads; i++) {
		struct pd_wall_thread t;

		pd_wall_thread(r->w, i, &t);
		json_thread(j, &t);
	}
	cmd_json_end(j);
	json_rest(r, j);
	cmd_json_end(j);
	cmd_json_free(j);
}

int wall_tell(struct cmd_ctx *ctx, const struct pd_wall *w, const struct wall_args *a)
{
	struct report r = { .ctx = ctx, .w = w };
	struct cmd_output to = { .output = a->report, .force = a->out.force };
	size_t n = a->report ? strlen(a->report) : 0;

	pd_wall_summary(w, &r.s);
	for (size_t i = 0; i < r.s.remarks; i++) {
		bool warning;
		const char *remark = pd_wall_remark(w, i, &warning);

		if (warning)
			cmd_warnf(ctx, "%s", remark);
		else
			cmd_infof(ctx, "%s", remark);
	}
	if (r.s.hidden)
		cmd_notef(ctx, "%.3f s of waiting for work left out, %.2f%% of the time of all threads", seconds(r.s.hidden), percent(r.s.hidden, r.s.lifetime));
	if (!r.s.lifetime)
		return 0; /* it never came to accounts */
	if (a->common.verbose)
		print_text(&r);
	if (!a->report)
		return 0;
	r.out = cmd_text_open(ctx, &to);
	if (!r.out)
		return 2;
	if (n > 5 && strcmp(a->report + n - 5, ".json") == 0)
		print_json(&r);
	else
		print_text(&r);
	return cmd_out_close(ctx, r.out, 0);
}
