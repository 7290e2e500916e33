#include "common/flame_parse.h"

#include "base/span.h"
#include "common/json_read.h"

struct parser {
	struct pd_json j;
	struct flame_data *d;
	struct pd_sink *sink;
};

static bool no_memory(struct parser *p)
{
	if (p->j.status == PD_OK)
		p->j.status = pd_error_set(p->sink->err, PD_ERR_NOMEM, "out of memory");
	return false;
}

/* Accounts for `n` more bytes. */
static bool hold(struct parser *p, size_t n)
{
	p->d->held += n;
	if (p->d->held > p->sink->limits->max_memory && p->j.status == PD_OK)
		p->j.status = pd_error_set(p->sink->err, PD_ERR_LIMIT, "the data of the flame graph need more than %llu bytes of memory",
					   (unsigned long long)p->sink->limits->max_memory);
	return p->j.status == PD_OK;
}

/* ---- columns ---- */

static bool add(struct parser *p, struct flame_column *c, int64_t v)
{
	size_t cap = c->cap;

	if (!pd_vec_push(c, v))
		return no_memory(p);
	return c->cap == cap || hold(p, (c->cap - cap) * sizeof v);
}

/* Where nulls may be, `null` (as long as the column) says which they are. */
static bool parse_column(struct parser *p, struct flame_column *c, struct flame_column *null)
{
	int64_t v;

	pd_json_array(&p->j);
	while (pd_json_element(&p->j)) {
		bool is_null = null && pd_json_type(&p->j) == PD_JSON_NULL;

		if (is_null)
			v = !pd_json_null(&p->j);
		else if (!pd_json_i64(&p->j, &v))
			return false;
		if (!add(p, c, v) || (null && !add(p, null, is_null)))
			return false;
	}
	return !pd_json_failed(&p->j);
}

struct member {
	const char *name;
	struct flame_column *column; /* or: */
	int64_t *number;
	struct flame_column *null;   /* for the column */
};

/* An object of which some members are known. */
static bool parse_members(struct parser *p, const struct member *m)
{
	struct pd_span key;

	pd_json_object(&p->j);
	while (pd_json_member(&p->j, &key)) {
		const struct member *hit = m;

		while (hit->name && !span_is(key, hit->name))
			hit++;
		if (!hit->name)
			pd_json_skip(&p->j);
		else if (hit->number)
			pd_json_i64(&p->j, hit->number);
		else if (hit->column->n)
			pd_json_fail(&p->j, "a second list '%s'", hit->name);
		else
			parse_column(p, hit->column, hit->null);
	}
	return !pd_json_failed(&p->j);
}

/* ---- parts ---- */

static bool parse_strings(struct parser *p)
{
	struct flame_data *d = p->d;
	struct pd_span s;

	pd_json_array(&p->j);
	while (pd_json_element(&p->j)) {
		size_t cap = d->string.cap;

		if (!pd_json_string(&p->j, &s))
			return false;
		s.p = pd_arena_text(&d->bytes, s.p, s.n);
		if (!s.p || !pd_vec_push(&d->string, s))
			return no_memory(p);
		if (!hold(p, s.n + 1 + (d->string.cap - cap) * sizeof s))
			return false;
	}
	return !pd_json_failed(&p->j);
}

static bool parse_view(struct parser *p)
{
	struct pd_span key, s;

	pd_json_object(&p->j);
	while (pd_json_member(&p->j, &key)) {
		if (!pd_json_is(key, "granularity"))
			pd_json_skip(&p->j);
		else if (pd_json_string(&p->j, &s) && s.n < sizeof p->d->granularity)
			memcpy(p->d->granularity, s.p, s.n); /* zeros behind it */
	}
	return !pd_json_failed(&p->j);
}

static bool parse_dropped(struct parser *p)
{
	struct pd_span s;

	pd_json_array(&p->j);
	while (pd_json_element(&p->j))
		if (pd_json_string(&p->j, &s)) {
			p->d->dropped_labels |= pd_json_is(s, "labels");
			p->d->dropped_times |= pd_json_is(s, "times");
		}
	return !pd_json_failed(&p->j);
}

static bool parse_sets(struct parser *p)
{
	pd_json_array(&p->j);
	while (pd_json_element(&p->j))
		if (!parse_column(p, &p->d->set, NULL) || !add(p, &p->d->set_end, (int64_t)p->d->set.n))
			return false;
	return !pd_json_failed(&p->j);
}

static bool parse_types(struct parser *p, struct flame_series *s)
{
	pd_json_array(&p->j);
	while (pd_json_element(&p->j)) {
		struct flame_type t = { 0 };

		if (!parse_members(p, (struct member[]){ { "type", NULL, &t.type }, { "unit", NULL, &t.unit }, { "decimals", NULL, &t.decimals }, { 0 } }))
			return false;
		if (s->n_types == PD_MAX_VALUES)
			return pd_json_fail(&p->j, "a series has more than %d sample types", PD_MAX_VALUES);
		s->type[s->n_types++] = t;
	}
	return !pd_json_failed(&p->j);
}

static bool parse_rows(struct parser *p, struct flame_series *s)
{
	struct pd_span key;

	pd_json_object(&p->j);
	while (pd_json_member(&p->j, &key)) {
		if (pd_json_is(key, "n")) {
			pd_json_i64(&p->j, &s->n);
		} else if (pd_json_is(key, "node") && !s->node.n) {
			parse_column(p, &s->node, NULL);
		} else if (pd_json_is(key, "labels") && !s->has_labels) {
			s->has_labels = true;
			parse_column(p, &s->labels, NULL);
		} else if (pd_json_is(key, "time") && !s->has_time) {
			s->has_time = true;
			parse_column(p, &s->time, &s->no_time);
		} else if (pd_json_is(key, "values") && !s->n_values) {
			pd_json_array(&p->j);
			while (pd_json_element(&p->j)) {
				if (s->n_values == PD_MAX_VALUES)
					return pd_json_fail(&p->j, "a series has more than %d columns", PD_MAX_VALUES);
				parse_column(p, &s->value[s->n_values++], NULL);
			}
		} else {
			pd_json_skip(&p->j);
		}
	}
	return !pd_json_failed(&p->j);
}

static bool parse_series(struct parser *p)
{
	pd_json_array(&p->j);
	while (pd_json_element(&p->j)) {
		struct flame_series *s = calloc(1, sizeof *s);
		struct pd_span key;

		if (!s || !pd_vec_push(&p->d->series, s)) {
			free(s);
			return no_memory(p);
		}
		if (!hold(p, sizeof *s))
			return false;
		pd_json_object(&p->j);
		while (pd_json_member(&p->j, &key)) {
			if (pd_json_is(key, "name"))
				pd_json_i64(&p->j, &s->name);
			else if (pd_json_is(key, "types") && !s->n_types)
				parse_types(p, s);
			else if (pd_json_is(key, "rows"))
				parse_rows(p, s);
			else
				pd_json_skip(&p->j);
		}
	}
	return !pd_json_failed(&p->j);
}

static bool parse_profile(struct parser *p)
{
	struct flame_data *d = p->d;

	return parse_members(p, (struct member[]){
		{ "time", NULL, &d->time }, { "duration", NULL, &d->duration }, { "end", NULL, &d->end }, { "period", NULL, &d->period },
		{ "period_type", NULL, &d->text[FLAME_PERIOD_TYPE] }, { "period_unit", NULL, &d->text[FLAME_PERIOD_UNIT] },
		{ "default", NULL, &d->text[FLAME_DEFAULT] }, { "root_label", NULL, &d->text[FLAME_ROOT_LABEL] },
		{ "doc_url", NULL, &d->text[FLAME_DOC_URL] }, { "drop_frames", NULL, &d->text[FLAME_DROP] },
		{ "keep_frames", NULL, &d->text[FLAME_KEEP] }, { "producer", NULL, &d->text[FLAME_PRODUCER] },
		{ "comments", &d->comment, NULL }, { 0 } });
}

static bool parse_member(struct parser *p, struct pd_span key, bool *has_schema)
{
	struct flame_data *d = p->d;
	struct pd_span s;

	if (pd_json_is(key, "schema")) {
		if (!pd_json_string(&p->j, &s))
			return false;
		*has_schema = pd_json_is(s, FLAME_SCHEMA);
		return *has_schema || pd_json_fail(&p->j, "schema '%.*s' is not supported (expected " FLAME_SCHEMA ")", (int)(s.n < 60 ? s.n : 60), s.p);
	}
	if (pd_json_is(key, "view"))
		return parse_view(p);
	if (pd_json_is(key, "profile"))
		return parse_profile(p);
	if (pd_json_is(key, "dropped"))
		return parse_dropped(p);
	if (pd_json_is(key, "strings") && !d->string.n)
		return parse_strings(p);
	if (pd_json_is(key, "prefix") && !d->prefix.n)
		return parse_column(p, &d->prefix, NULL);
	if (pd_json_is(key, "frames"))
		return parse_members(p, (struct member[]){ { "n", NULL, &d->frames.n }, { "name", &d->frames.name, NULL }, { "system", &d->frames.system, NULL },
			{ "file", &d->frames.file, NULL }, { "module", &d->frames.module, NULL }, { "line", &d->frames.line, NULL }, { "flags", &d->frames.flags, NULL }, { 0 } });
	if (pd_json_is(key, "tree"))
		return parse_members(p, (struct member[]){ { "n", NULL, &d->tree.n }, { "frame", &d->tree.frame, NULL }, { "up", &d->tree.up, NULL }, { "roots", &d->tree.roots, NULL }, { 0 } });
	if (pd_json_is(key, "labels"))
		return parse_members(p, (struct member[]){ { "key", &d->labels.key, NULL }, { "str", &d->labels.str, NULL }, { "unit", &d->labels.unit, NULL }, { "num", &d->labels.num, NULL, &d->labels.no_num }, { 0 } });
	if (pd_json_is(key, "label_sets") && !d->set_end.n)
		return parse_sets(p);
	if (pd_json_is(key, "series") && !d->series.n)
		return parse_series(p);
	d->has_left_out |= pd_json_is(key, "left_out");
	return pd_json_skip(&p->j);
}

enum pd_status flame_parse(struct flame_data *d, struct pd_source *src, struct pd_sink *sink)
{
	struct parser p = { .d = d, .sink = sink };
	struct pd_span key;
	bool has_schema = false;

	*d = (struct flame_data){ 0 };
	pd_json_init(&p.j, src, sink);
	p.j.bytes = true;
	pd_json_object(&p.j);
	while (pd_json_member(&p.j, &key))
		if (!parse_member(&p, key, &has_schema))
			break;
	if (!pd_json_failed(&p.j) && !has_schema)
		pd_json_fail(&p.j, "the data of the flame graph have no schema (expected " FLAME_SCHEMA ")");
	pd_json_leave(&p.j);
	pd_json_release(&p.j);
	return pd_json_status(&p.j);
}

static void release(struct flame_column *c) { pd_vec_release(c); }

void flame_data_release(struct flame_data *d)
{
	struct flame_column *const all[] = { &d->comment, &d->prefix, &d->frames.name, &d->frames.system, &d->frames.file, &d->frames.module, &d->frames.line,
		&d->frames.flags, &d->tree.frame, &d->tree.up, &d->tree.roots, &d->labels.key, &d->labels.str, &d->labels.unit, &d->labels.num, &d->labels.no_num, &d->set, &d->set_end };

	for (size_t i = 0; i < PD_ARRAY_LEN(all); i++)
		release(all[i]);
	for (size_t i = 0; i < d->series.n; i++) {
		struct flame_series *s = d->series.v[i];

		release(&s->node);
		release(&s->labels);
		release(&s->time);
		release(&s->no_time);
		for (unsigned k = 0; k < s->n_values; k++)
			release(&s->value[k]);
		free(s);
	}
	pd_vec_release(&d->series);
	pd_vec_release(&d->string);
	pd_arena_release(&d->bytes);
}
