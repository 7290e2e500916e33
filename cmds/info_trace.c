#include "info_trace.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEEPEST 16

struct trace {
	struct pd_events events; /* first: this is a sink */
	struct pd_events *counter;
	struct pd_event_counts counts;
	struct pd_fact *fact;    /* copies; texts are ours */
	size_t n, room;
	bool has_events;         /* the reader has event names of its own */
	unsigned depth;
};

/* ---- the sink ---- */

static void on_track(struct pd_events *ev, pd_track track, const struct pd_track_desc *d)
{
	pd_events_track(((struct trace *)ev)->counter, track, d);
}

static void on_event(struct pd_events *ev, const struct pd_event *e)
{
	pd_events_event(((struct trace *)ev)->counter, e);
}

static void free_fact(struct pd_fact *f)
{
	free((char *)f->key);
	free((char *)f->unit);
	free((char *)f->str.p);
}

static void on_fact(struct pd_events *ev, const struct pd_fact *f)
{
	struct trace *t = (struct trace *)ev;
	struct pd_fact copy = *f;

	if (t->n == t->room) {
		size_t room = t->room ? t->room * 2 : 64;
		struct pd_fact *more = realloc(t->fact, room * sizeof(*more));

		if (!more) {
			ev->failed = true;
			return;
		}
		t->fact = more;
		t->room = room;
	}
	copy.key = strdup(f->key ? f->key : "");
	copy.unit = strdup(f->unit ? f->unit : "");
	copy.str.p = f->str.n ? strndup(f->str.p, f->str.n) : strdup("");
	if (!copy.key || !copy.unit || !copy.str.p) {
		free_fact(&copy);
		ev->failed = true;
		return;
	}
	t->has_events |= t->depth == 0 && f->kind == PD_FACT_OBJECT && !strcmp(copy.key, "events");
	t->depth += f->kind == PD_FACT_OBJECT || f->kind == PD_FACT_ARRAY;
	t->depth -= f->kind == PD_FACT_END;
	t->fact[t->n++] = copy;
}

static enum pd_status on_finish(struct pd_events *ev, struct pd_error *err)
{
	struct trace *t = (struct trace *)ev;

	return ev->failed ? pd_error_set(err, PD_ERR_NOMEM, "out of memory") : pd_events_finish(t->counter, err);
}

static void on_free(struct pd_events *ev)
{
	struct trace *t = (struct trace *)ev;

	pd_events_free(t->counter);
	for (size_t i = 0; i < t->n; i++)
		free_fact(&t->fact[i]);
	free(t->fact);
	free(t);
}

struct pd_events *info_trace_new(void)
{
	static const struct pd_events_ops ops = {
		.size = sizeof(ops), .wants = PD_WANTS_EVENTS | PD_WANTS_FACTS, .track = on_track, .event = on_event, .fact = on_fact,
		.finish = on_finish, .free = on_free,
	};
	struct trace *t = calloc(1, sizeof(*t));
	struct pd_error err = { 0 };

	if (!t)
		return NULL;
	t->events.ops = &ops;
	t->counter = pd_events_counter(&t->counts, &err);
	if (t->counter)
		return &t->events;
	free(t);
	return NULL;
}

static int64_t span_of(const struct trace *t)
{
	uint64_t span = t->counts.any ? (uint64_t)t->counts.last - (uint64_t)t->counts.first : 0;

	return span > INT64_MAX ? INT64_MAX : (int64_t)span;
}

/* ---- machines ---- */

void info_trace_json(const struct pd_events *trace, struct cmd_json *j)
{
	const struct trace *t = (const struct trace *)trace;

	if (!t->has_events) {
		cmd_json_object(j, "events");
		for (int k = 0; k < PD_EV_KINDS; k++)
			if (t->counts.events[k])
				cmd_json_int(j, pd_event_kind_name((enum pd_event_kind)k), (int64_t)t->counts.events[k]);
		cmd_json_end(j);
	}
	cmd_json_int(j, "tracks", (int64_t)t->counts.tracks);
	cmd_json_int(j, "span_nanos", span_of(t));
	for (size_t i = 0; i < t->n; i++) {
		const struct pd_fact *f = &t->fact[i];
		const char *key = *f->key ? f->key : NULL;

		switch (f->kind) {
		case PD_FACT_OBJECT: cmd_json_object(j, key); break;
		case PD_FACT_ARRAY: cmd_json_array(j, key); break;
		case PD_FACT_END: cmd_json_end(j); break;
		case PD_FACT_STR: cmd_json_string(j, key, f->str.p, strlen(f->str.p)); break;
		case PD_FACT_INT: cmd_json_int(j, key, f->i); break;
		case PD_FACT_REAL: cmd_json_real(j, key, f->real); break;
		}
	}
}

/* ---- people ---- */

static void put_value(struct pd_out *out, const struct pd_fact *f)
{
	char text[256];

	if (f->kind == PD_FACT_STR)
		pd_out_puts(out, cmd_printable(text, sizeof(text), (struct pd_span){ f->str.p, strlen(f->str.p) }));
	else if (f->kind == PD_FACT_REAL)
		pd_out_printf(out, "%.6g%s%s", f->real, *f->unit ? " " : "", f->unit);
	else if (*f->unit && strcmp(f->unit, "count") != 0) {
		pd_format_value(text, sizeof(text), f->i, f->unit, "auto");
		pd_out_puts(out, text);
	} else
		pd_out_printf(out, "%" PRId64, f->i);
}

/* Values of one container on a line, "key value, key value"; returns the fact behind its end. */
static size_t put_flat(struct pd_out *out, const struct trace *t, size_t i)
{
	bool first = true;

	for (unsigned depth = 1; i < t->n; i++) {
		const struct pd_fact *f = &t->fact[i];

		if (f->kind == PD_FACT_END) {
			if (--depth == 0)
				return i + 1;
			pd_out_puts(out, ")");
			continue;
		}
		pd_out_puts(out, first ? "" : ", ");
		first = false;
		if (*f->key)
			pd_out_printf(out, "%s ", f->key);
		if (f->kind == PD_FACT_OBJECT || f->kind == PD_FACT_ARRAY) {
			pd_out_puts(out, "(");
			first = true;
			depth++;
		} else {
			put_value(out, f);
		}
	}
	return i;
}

/* A fact at the top or one level below it is a line; what is deeper stands on that line, rows of a table on lines of their own. */
static size_t put_fact(struct pd_out *out, const struct trace *t, size_t i, const char *key, int indent)
{
	const struct pd_fact *f = &t->fact[i];
	bool table = f->kind == PD_FACT_ARRAY && i + 1 < t->n && t->fact[i + 1].kind == PD_FACT_OBJECT;

	pd_out_printf(out, "%*s%-*s ", indent, "", 14 - indent, key);
	if (f->kind != PD_FACT_OBJECT && f->kind != PD_FACT_ARRAY) {
		put_value(out, f);
		pd_out_puts(out, "\n");
		return i + 1;
	}
	if (!table) {
		i = put_flat(out, t, i + 1);
		pd_out_puts(out, "\n");
		return i;
	}
	for (i++; i < t->n && t->fact[i].kind == PD_FACT_OBJECT;) {
		pd_out_puts(out, "\n    ");
		i = put_flat(out, t, i + 1);
	}
	pd_out_puts(out, "\n");
	return i + 1;
}

void info_trace_text(const struct pd_events *trace, struct pd_out *out)
{
	const struct trace *t = (const struct trace *)trace;
	char span[64];
	bool any = false;

	if (!t->has_events) {
		pd_out_printf(out, "%-14s", "events");
		for (int k = 0; k < PD_EV_KINDS; k++) {
			if (!t->counts.events[k])
				continue;
			pd_out_printf(out, "%s %s %" PRIu64, any ? "," : "", pd_event_kind_name((enum pd_event_kind)k), t->counts.events[k]);
			any = true;
		}
		pd_out_puts(out, any ? "\n" : " none\n");
	}
	pd_out_printf(out, "%-14s %" PRIu64 "\n", "tracks", t->counts.tracks);
	pd_format_value(span, sizeof(span), span_of(t), "nanoseconds", "auto");
	pd_out_printf(out, "%-14s %s (%" PRId64 " ns)\n", "span", span, span_of(t));
	for (size_t i = 0; i < t->n;) {
		const struct pd_fact *f = &t->fact[i];

		if (f->kind == PD_FACT_OBJECT && strcmp(f->key, "events") != 0) {
			pd_out_printf(out, "%s\n", f->key);
			for (i++; i < t->n && t->fact[i].kind != PD_FACT_END;)
				i = put_fact(out, t, i, t->fact[i].key, 2);
			i++;
		} else {
			i = put_fact(out, t, i, f->key, 0);
		}
	}
}
