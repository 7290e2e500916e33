/*
 * bpftrace-json - what `bpftrace -f json` prints, one object per line:
 *
 *   {"type": "attached_probes", "data": {"probes": 2}}
 *   {"type": "map", "data": {"@off_us": {"\n    __schedule+1560\n,\n    __read+78\n,pipe reader,514": 1093}}}
 *   {"type": "map", "data": {"@n": 189}}
 *   {"type": "hist", "data": {"@us": [{"min": 4, "max": 7, "count": 54}]}}
 *   {"type": "stats", "data": {"@stat": {"count": 3, "average": 5, "total": 15}}}
 *
 * The parts of a key are joined by "," and a stack among them begins with a line
 * feed. What parts mean is told as for the text form (common/bpf_maps.h), and
 * both give the same profile. Newer versions write whole numbers that a double
 * cannot hold as strings, and keys without their blanks.
 */
#include "base/span.h"
#include "common/bpf_maps.h"
#include "common/json_read.h"
#include "io/source.h"

enum record { NOTHING, MAP, HISTOGRAM, STATS, PRINTED, LOST };

struct bpf_json {
	struct pd_bpf maps;
	struct pd_json j;
	struct pd_source *src;
	pd_str name; /* of the map at hand */
};

/* ---- keys ---- */

/* The lines of a stack at the front of *rest, which begins with a line feed; what follows is "," or the end. */
static void take_stack(struct pd_bpf *m, struct pd_span *rest)
{
	struct pd_span line;

	pd_bpf_stack(m);
	*rest = span_skip(*rest, 1);
	while (rest->n && rest->p[0] != ',') {
		if (!span_cut(rest, '\n', &line)) {
			line = *rest;
			rest->n = 0;
		}
		pd_bpf_frame(m, line);
	}
}

static void take_key(struct bpf_json *t, struct pd_span key)
{
	struct pd_bpf *m = &t->maps;

	pd_bpf_map(m, pd_builder_string(m->b, t->name), false);
	for (;;) {
		const char *comma;

		if (key.n && key.p[0] == '\n') {
			take_stack(m, &key);
			comma = key.n ? key.p : NULL;
		} else {
			comma = span_find(key, ',');
			pd_bpf_part(m, comma ? span_between(key.p, comma) : key);
		}
		if (!comma)
			return;
		key = span_skip(key, (size_t)(comma - key.p) + 1);
	}
}

/* ---- values ---- */

/* A whole number, or one in a string. */
static bool take_number(struct bpf_json *t, int64_t *out)
{
	struct pd_number number;
	struct pd_span s;

	if (pd_json_type(&t->j) == PD_JSON_NUMBER) {
		if (!pd_json_number(&t->j, &number))
			return false;
		if (pd_number_i64(&number, out))
			return true;
		pd_bpf_note(&t->maps, "values of 2^63 or more skipped");
		return false;
	}
	if (pd_json_type(&t->j) == PD_JSON_STRING && pd_json_string(&t->j, &s)) {
		if (span_i64(s, out))
			return true;
	} else {
		pd_json_skip(&t->j);
	}
	pd_bpf_other(&t->maps);
	return false;
}

static void take_bucket(struct bpf_json *t)
{
	struct pd_bpf_bucket at = { 0 };
	int64_t count = 0, top = 0;
	struct pd_span key;

	pd_json_object(&t->j);
	while (pd_json_member(&t->j, &key)) {
		if (pd_json_is(key, "min"))
			at.has_low = take_number(t, &at.low);
		else if (pd_json_is(key, "max"))
			at.has_high = take_number(t, &top);
		else if (pd_json_is(key, "count"))
			take_number(t, &count);
		else
			pd_json_skip(&t->j);
	}
	at.has_high = at.has_high && top < INT64_MAX;
	at.high = at.has_high ? top + 1 : 0;
	if (!pd_json_failed(&t->j) && count > 0)
		pd_bpf_bucket(&t->maps, &at, count);
}

/* {"count": 3, "average": 5, "total": 15}; *held says which of them there were. */
struct stats {
	int64_t count, total, average;
	unsigned held;
};

static int64_t *stats_member(struct stats *s, struct pd_span key, unsigned *bit)
{
	*bit = pd_json_is(key, "count") ? 1 : pd_json_is(key, "total") ? 2 : pd_json_is(key, "average") ? 4 : 0;
	return *bit == 1 ? &s->count : *bit == 2 ? &s->total : &s->average;
}

static void take_stats(struct bpf_json *t)
{
	struct stats s = { 0 };
	struct pd_span key;
	unsigned bit;

	pd_json_object(&t->j);
	while (pd_json_member(&t->j, &key)) {
		int64_t *at = stats_member(&s, key, &bit);

		if (!bit)
			pd_json_skip(&t->j);
		else if (take_number(t, at))
			s.held |= bit;
	}
	if ((s.held & 3) == 3)
		pd_bpf_stats(&t->maps, s.count, s.total);
}

/* The value of the key at hand. */
static void take_value(struct bpf_json *t)
{
	bool other = false;
	int64_t number;

	switch (pd_json_type(&t->j)) {
	case PD_JSON_ARRAY:
		pd_json_array(&t->j);
		while (pd_json_element(&t->j)) {
			if (pd_json_type(&t->j) == PD_JSON_OBJECT)
				take_bucket(t);
			else
				other |= pd_json_skip(&t->j);
		}
		if (other) /* a tuple */
			pd_bpf_other(&t->maps);
		break;
	case PD_JSON_OBJECT:
		take_stats(t);
		break;
	default:
		if (take_number(t, &number))
			pd_bpf_number(&t->maps, number);
	}
}

/* The members of stats() without a key, one by one as if they were keys: so a thread may be called "count". */
static void put_held(struct bpf_json *t, const struct stats *s)
{
	static const char *const words[] = { "count", "total", "average" };
	const int64_t value[] = { s->count, s->total, s->average };

	for (unsigned i = 0; i < PD_ARRAY_LEN(words); i++) {
		if (s->held & 1u << i) {
			take_key(t, span_of(words[i]));
			pd_bpf_number(&t->maps, value[i]);
		}
	}
}

/* {KEY: VALUE, ...}, or stats() without a key. */
static void take_keys(struct bpf_json *t, enum record record)
{
	struct stats s = { 0 };
	unsigned others = 0, bit;
	struct pd_span key;

	pd_json_object(&t->j);
	while (pd_json_member(&t->j, &key)) {
		int64_t *at = stats_member(&s, key, &bit);

		take_key(t, key); /* before the parser moves on */
		if (record == STATS && bit && pd_json_type(&t->j) == PD_JSON_NUMBER) {
			s.held |= take_number(t, at) ? bit : 0;
			continue;
		}
		others++;
		take_value(t);
	}
	if (s.held == 7 && !others) {
		pd_bpf_map(&t->maps, pd_builder_string(t->maps.b, t->name), false);
		pd_bpf_stats(&t->maps, s.count, s.total);
	} else {
		put_held(t, &s);
	}
}

/* ---- records ---- */

static void take_maps(struct bpf_json *t, enum record record)
{
	struct pd_span key;

	if (pd_json_type(&t->j) != PD_JSON_OBJECT) {
		pd_json_skip(&t->j);
		return;
	}
	pd_json_object(&t->j);
	while (pd_json_member(&t->j, &key)) {
		span_eat(&key, "@");
		t->name = pd_intern(t->maps.b, key.p, key.n);
		pd_bpf_map(&t->maps, key, true);
		if (pd_json_type(&t->j) == PD_JSON_OBJECT)
			take_keys(t, record);
		else
			take_value(t);
	}
}

static enum record record_of(struct pd_span type)
{
	static const struct { const char *type; enum record record; } known[] = {
		{ "map", MAP }, { "hist", HISTOGRAM }, { "stats", STATS }, { "attached_probes", NOTHING }, { "time", NOTHING }, { "lost_events", LOST },
	};

	for (size_t i = 0; i < PD_ARRAY_LEN(known); i++)
		if (span_is(type, known[i].type))
			return known[i].record;
	return PRINTED;
}

static void take_record(struct bpf_json *t)
{
	enum record record = PRINTED;
	struct pd_span key, type;

	pd_json_init(&t->j, t->src, t->maps.sink);
	pd_json_object(&t->j);
	while (pd_json_member(&t->j, &key)) {
		if (pd_json_is(key, "type") && pd_json_type(&t->j) == PD_JSON_STRING)
			record = pd_json_string(&t->j, &type) ? record_of(type) : PRINTED;
		else if (pd_json_is(key, "data") && (record == MAP || record == HISTOGRAM || record == STATS))
			take_maps(t, record);
		else
			pd_json_skip(&t->j);
	}
	pd_json_leave(&t->j);
	if (record == LOST)
		pd_bpf_note(&t->maps, "messages of lost events: the maps are incomplete");
	else if (record == PRINTED && !pd_json_failed(&t->j))
		pd_bpf_note(&t->maps, "lines that are no maps (what the program printed, messages) skipped");
	if (t->maps.status == PD_OK)
		t->maps.status = pd_json_status(&t->j);
	pd_json_release(&t->j);
}

/* The next byte that is no white space; 0 at the end. */
static char next_byte(struct pd_source *src)
{
	for (;;) {
		struct pd_span s = pd_source_peek(src, 1);

		if (!s.n)
			return 0;
		if (!span_is_blank(s.p[0]))
			return s.p[0];
		pd_source_consume(src, 1);
	}
}

/* ---- the format ---- */

static enum pd_sniff bpftrace_json_sniff(const struct pd_probe *p)
{
	struct pd_span s = span_ltrim(p->head), type;

	if (p->json_top != '{' || !p->n_json_keys || !span_is(p->json_keys[0], "type") || !span_eat(&s, "{"))
		return PD_SNIFF_NO;
	s = span_ltrim(s);
	if (!span_eat(&s, "\"type\""))
		return PD_SNIFF_NO;
	s = span_ltrim(s);
	if (!span_eat(&s, ":"))
		return PD_SNIFF_NO;
	s = span_ltrim(s);
	if (!span_eat(&s, "\"") || !span_cut(&s, '"', &type))
		return PD_SNIFF_NO;
	if (span_is(type, "attached_probes"))
		return PD_SNIFF_MAGIC;
	s = span_ltrim(s);
	if (!span_eat(&s, ","))
		return PD_SNIFF_NO;
	s = span_ltrim(s);
	return (record_of(type) != PRINTED || span_is(type, "printf")) && span_starts(s, "\"data\"") ? PD_SNIFF_SHAPE : PD_SNIFF_NO;
}

static enum pd_status bpftrace_json_read(struct pd_source *src, struct pd_sink *sink, const void *opts)
{
	struct bpf_json t = { .src = src };
	enum pd_status status;
	struct pd_span line;
	char c;

	if (!pd_bpf_init(&t.maps, src, sink, opts, SPAN(",")))
		return pd_error_set(sink->err, PD_ERR_NOMEM, "out of memory");
	while (t.maps.status == PD_OK && !t.maps.failed && !pd_builder_failed(sink->prof) && (c = next_byte(src))) {
		if (c == '{')
			take_record(&t);
		else if (!pd_source_line(src, &line))
			break; /* longer than a line may be: the source says so */
		else
			pd_bpf_note(&t.maps, "lines that are no maps (what the program printed, messages) skipped");
	}
	if (t.maps.status == PD_OK)
		t.maps.status = pd_source_status(src);
	status = t.maps.status == PD_OK ? pd_bpf_finish(&t.maps) : t.maps.status;
	pd_bpf_release(&t.maps);
	return status;
}

const struct pd_format pd_format_bpftrace_json = {
	.name = "bpftrace-json",
	.summary = "maps as 'bpftrace -f json' prints them",
	.opts_size = sizeof(struct pd_bpf_opts),
	.opts = pd_bpf_opts,
	.sniff = bpftrace_json_sniff,
	.read = bpftrace_json_read,
};
