/*
 * bpftrace - maps as bpftrace prints them:
 *
 *   Attaching 2 probes...
 *   @off_us[
 *       __schedule+1560
 *       entry_SYSCALL_64_after_hwframe+118
 *   ,
 *       __read+78
 *       reader+33
 *   , pipe reader, 514]: 1093
 *   @calls[mtapp]: 12
 *   @stat: count 3, average 5, total 15
 *   @us[mtapp]:
 *   [4, 8)                 9 |@@@@                                                |
 *
 * A line that ends in "[" or ", " opens a stack; it goes on until ", " or "]" stands
 * at the start of a line. Parts of keys are printed as they are, so a thread may
 * be called "a, b" or "]: 5" or have a line feed in its name: the last "]: NUMBER"
 * of a line ends the key, and what belongs to which part is told later, from all
 * keys of the map (common/bpf_maps.h).
 *
 * Skipped and counted: what the program printed itself, messages, maps whose
 * values are no numbers.
 */
#include "base/span.h"
#include "common/bpf_maps.h"
#include "io/source.h"

#define NAME_LINES_MAX 8 /* line feeds in one part of a key */
#define PREFIX_MAX 40    /* what time() may put before a map */

struct bpftrace {
	struct pd_bpf maps;
	struct pd_source *src;
	enum { OUTSIDE, IN_STACK, IN_TEXT, IN_HISTOGRAM, IN_OTHER } state;
	bool apart;                 /* something stood between this entry and the one before */
	unsigned name_lines;
	PD_VEC(char) text;          /* a part with a line feed, so far */
	bool open;                  /* a part is being read */
};

/* ---- values ---- */

struct value {
	enum { NO_VALUE, NUMBER, TOO_LARGE, STATS, EMPTY, OTHER } kind;
	int64_t number, total;
};

/* "count 189, average 18798, total 3552969" */
static bool parse_stats(struct pd_span s, struct value *out)
{
	struct pd_span count, average;

	return span_eat(&s, "count ") && span_cut(&s, ',', &count) && span_i64(count, &out->number) && span_eat(&s, " average ") &&
	       span_cut(&s, ',', &average) && span_eat(&s, " total ") && span_i64(s, &out->total);
}

static struct value parse_value(struct pd_span s)
{
	struct value v = { .kind = OTHER };
	struct pd_span digits = s;
	uint64_t huge;

	s = span_rtrim(s);
	if (!s.n)
		v.kind = EMPTY;
	else if (span_i64(s, &v.number))
		v.kind = NUMBER;
	else if (span_eat_u64(&digits, &huge) && !span_rtrim(digits).n)
		v.kind = TOO_LARGE;
	else if (parse_stats(s, &v))
		v.kind = STATS;
	return v;
}

/* The "]: VALUE" that ends a key: the last one with a number, else the last one at all. */
static struct value find_value(struct pd_span s, struct pd_span *before)
{
	struct value other = { .kind = NO_VALUE };
	struct pd_span head = s;
	const char *close;

	while ((close = span_rfind(head, ']'))) {
		struct pd_span rest = span_between(close + 1, s.p + s.n);

		head.n = (size_t)(close - s.p);
		if (!span_eat(&rest, ":") || (rest.n && rest.p[0] != ' '))
			continue;
		struct value v = parse_value(span_ltrim(rest));

		if (v.kind != OTHER) {
			*before = head;
			return v;
		}
		if (other.kind == NO_VALUE) {
			other = v;
			*before = head;
		}
	}
	return other;
}

/* ---- entries ---- */

static void end_entry(struct bpftrace *t, const struct value *v)
{
	t->state = OUTSIDE;
	switch (v->kind) {
	case NUMBER:
		pd_bpf_number(&t->maps, v->number);
		break;
	case STATS:
		pd_bpf_stats(&t->maps, v->number, v->total);
		break;
	case EMPTY:
		t->state = IN_HISTOGRAM;
		break;
	case TOO_LARGE:
		pd_bpf_note(&t->maps, "values of 2^63 or more skipped");
		break;
	default:
		pd_bpf_other(&t->maps);
		t->state = IN_OTHER;
	}
}

static void end_part(struct bpftrace *t, struct pd_span s)
{
	if (!t->open)
		return;
	if (t->text.n) {
		if (pd_vec_reserve(&t->text, s.n + 1)) {
			memcpy(t->text.v + t->text.n, s.p, s.n);
			s = (struct pd_span){ t->text.v, t->text.n + s.n };
		} else {
			t->maps.failed = true;
		}
	}
	pd_bpf_part(&t->maps, s);
	t->text.n = 0;
	t->open = false;
}

/* All complete parts at the front; leaves the last one in *s, open. */
static void take_parts(struct bpftrace *t, struct pd_span *s)
{
	const char *comma;

	while ((comma = span_search(*s, SPAN(", ")))) {
		end_part(t, span_between(s->p, comma));
		*s = span_skip(*s, (size_t)(comma - s->p) + 2);
		t->open = true;
	}
}

/* A part goes on in the next line. */
static void keep_part(struct bpftrace *t, struct pd_span s)
{
	if (++t->name_lines > NAME_LINES_MAX) {
		pd_bpf_note(&t->maps, "keys without an end skipped");
		pd_bpf_forget(&t->maps);
		t->state = OUTSIDE;
		return;
	}
	if (!pd_vec_reserve(&t->text, s.n + 1)) {
		t->maps.failed = true;
		return;
	}
	if (s.n)
		memcpy(t->text.v + t->text.n, s.p, s.n);
	t->text.n += s.n;
	t->text.v[t->text.n++] = '\n';
	t->state = IN_TEXT;
}

/* The rest of a line inside of a key. */
static void take_key(struct bpftrace *t, struct pd_span s)
{
	struct pd_span before;
	struct value v = find_value(s, &before);
	bool stack = span_ends(s, ", "); /* follows, whatever "]: " stands in a name before it */

	if (v.kind != NO_VALUE && !(v.kind == OTHER && stack)) {
		take_parts(t, &before);
		end_part(t, before);
		end_entry(t, &v);
		return;
	}
	take_parts(t, &s);
	if (span_ends(s, ",")) { /* the blank at the end was lost on the way */
		end_part(t, (struct pd_span){ s.p, s.n - 1 });
		t->open = true;
		s.n = 0;
	}
	if (s.n || t->text.n) {
		keep_part(t, s);
		return;
	}
	pd_bpf_stack(&t->maps);
	t->open = false;
	t->state = IN_STACK;
}

/* "@NAME[" or "@NAME: " at the front. */
static bool map_name(struct pd_span s, struct pd_span *name, struct pd_span *rest)
{
	size_t i = 1;

	if (!s.n || s.p[0] != '@')
		return false;
	while (i < s.n && (s.p[i] == '_' || (s.p[i] >= '0' && s.p[i] <= '9') || ((s.p[i] | 0x20) >= 'a' && (s.p[i] | 0x20) <= 'z')))
		i++;
	*name = (struct pd_span){ s.p + 1, i - 1 };
	*rest = span_skip(s, i);
	return rest->n && (rest->p[0] == '[' || (rest->p[0] == ':' && (rest->n == 1 || rest->p[1] == ' ')));
}

static void begin_entry(struct bpftrace *t, struct pd_span name, struct pd_span rest)
{
	t->name_lines = 0;
	t->text.n = 0;
	pd_bpf_map(&t->maps, name, t->apart);
	t->apart = false;
	t->open = span_eat(&rest, "[");
	if (t->open && !rest.n) {
		pd_bpf_stack(&t->maps);
		t->open = false;
		t->state = IN_STACK;
	} else if (t->open) {
		take_key(t, rest);
	} else {
		struct value v = parse_value(span_ltrim(span_skip(rest, 1)));

		end_entry(t, &v);
	}
}

/* ---- histograms ---- */

/* "-5", "12", "4K" */
static bool eat_bound(struct pd_span *s, int64_t *out)
{
	static const char suffixes[] = "KMGTPE";
	bool minus = span_eat(s, "-");
	const char *suffix;
	uint64_t n;

	if (!span_eat_u64(s, &n))
		return false;
	suffix = s->n ? memchr(suffixes, s->p[0], sizeof(suffixes) - 1) : NULL;
	if (suffix) {
		unsigned shift = 10 * (unsigned)(suffix - suffixes + 1);

		*s = span_skip(*s, 1);
		if (n > (uint64_t)INT64_MAX >> shift) {
			*out = INT64_MAX;
			return true;
		}
		n <<= shift;
	}
	if (n > INT64_MAX)
		return false;
	*out = minus ? -(int64_t)n : (int64_t)n;
	return true;
}

/* "[4, 8)   9 |@@@   |", "[1]", "(..., 0)", "[50, ...)" */
static bool parse_bucket(struct pd_span s, struct pd_bpf_bucket *at, int64_t *count)
{
	struct pd_span number;

	*at = (struct pd_bpf_bucket){ 0 };
	if (span_eat(&s, "(...,")) {
		;
	} else {
		if (!span_eat(&s, "[") || !eat_bound(&s, &at->low))
			return false;
		at->has_low = true;
		if (span_eat(&s, "]")) {
			at->has_high = at->low < INT64_MAX;
			at->high = at->has_high ? at->low + 1 : 0;
		} else if (!span_eat(&s, ",")) {
			return false;
		}
	}
	if (!at->has_high) {
		s = span_ltrim(s);
		at->has_high = !span_eat(&s, "...");
		if ((at->has_high && !eat_bound(&s, &at->high)) || !span_eat(&s, ")"))
			return false;
	}
	return span_word(&s, &number) && span_i64(number, count) && *count >= 0;
}

/* ---- lines ---- */

static bool is_probes_line(struct pd_span s)
{
	uint64_t n;

	return (span_eat(&s, "Attaching ") || span_eat(&s, "Attached ")) && span_eat_u64(&s, &n) && span_starts(s, " probe");
}

static bool is_lost_line(struct pd_span s)
{
	uint64_t n;

	return span_eat(&s, "Lost ") && span_eat_u64(&s, &n) && span_starts(s, " event");
}

/* time() leaves its text before the map: "21:50:55 @[mtapp]: 4". */
static bool skip_time(struct pd_span *s)
{
	size_t i = 0;

	while (i < s->n && i < PREFIX_MAX && s->p[i] && strchr("0123456789:-/., TZ+", s->p[i]))
		i++;
	if (!i || i == s->n || s->p[i] != '@')
		return false;
	*s = span_skip(*s, i);
	return true;
}

static void take_outside(struct bpftrace *t, struct pd_span line)
{
	struct pd_span name, rest, map = line;

	if (map_name(map, &name, &rest)) {
		begin_entry(t, name, rest);
		return;
	}
	t->apart = true;
	if (skip_time(&map) && map_name(map, &name, &rest)) {
		begin_entry(t, name, rest);
	} else if (is_lost_line(line)) {
		pd_bpf_note(&t->maps, "messages of lost events: the maps are incomplete");
	} else if (span_trim(line).n && !is_probes_line(line)) {
		pd_bpf_note(&t->maps, "lines that are no maps (what the program printed, messages) skipped");
	}
}

static void take_stack_line(struct bpftrace *t, struct pd_span line)
{
	struct pd_span rest = line, name;

	if (line.n && (line.p[0] == ' ' || line.p[0] == '\t' || pd_bpf_is_bare(line))) {
		pd_bpf_frame(&t->maps, line);
	} else if (span_eat(&rest, ", ") || span_is(line, ",")) {
		t->open = true;
		take_key(t, span_is(line, ",") ? SPAN("") : rest);
	} else if (span_starts(line, "]")) {
		take_key(t, line);
	} else {
		bool entry = map_name(line, &name, &rest);

		pd_bpf_note(&t->maps, entry ? "keys without an end skipped" : "lines in stacks that are no frames skipped");
		if (entry)
			begin_entry(t, name, rest);
	}
}

static void take_line(struct bpftrace *t, struct pd_span line)
{
	struct pd_bpf_bucket bucket;
	int64_t count;

	switch (t->state) {
	case IN_STACK:
		take_stack_line(t, line);
		return;
	case IN_TEXT:
		take_key(t, line);
		return;
	case IN_HISTOGRAM:
		if (parse_bucket(line, &bucket, &count)) {
			pd_bpf_bucket(&t->maps, &bucket, count);
			return;
		}
		if (!line.n) { /* the histograms of a map are apart */
			t->state = OUTSIDE;
			return;
		}
		break;
	case IN_OTHER: /* a stack that is a value */
		if (line.n && (line.p[0] == ' ' || line.p[0] == '\t'))
			return;
		break;
	case OUTSIDE:
		break;
	}
	if (t->state == IN_HISTOGRAM && line.n && (line.p[0] == ' ' || line.p[0] == '\t')) {
		pd_bpf_other(&t->maps);
		t->state = IN_OTHER;
		return;
	}
	t->state = OUTSIDE;
	take_outside(t, line);
}

/* ---- the format ---- */

static enum pd_sniff bpftrace_sniff(const struct pd_probe *p)
{
	unsigned entries = 0, stacks = 0;
	struct pd_span name, rest, before;

	if (!p->is_text)
		return PD_SNIFF_NO;
	for (unsigned i = 0; i < p->n_lines; i++) {
		struct pd_span line = p->lines[i];

		if (is_probes_line(line))
			return PD_SNIFF_MAGIC;
		skip_time(&line);
		if (!map_name(line, &name, &rest))
			continue;
		if (rest.p[0] == '[' && (rest.n == 1 || span_ends(rest, ", ")) && i + 1 < p->n_lines)
			stacks += p->lines[i + 1].n && (p->lines[i + 1].p[0] == ' ' || p->lines[i + 1].p[0] == '\t' || pd_bpf_is_bare(p->lines[i + 1]));
		else if (rest.p[0] == '[')
			entries += find_value(rest, &before).kind != NO_VALUE;
		else
			entries += parse_value(span_ltrim(span_skip(rest, 1))).kind != OTHER;
	}
	return stacks || entries > 1 ? PD_SNIFF_SHAPE : entries ? PD_SNIFF_WEAK : PD_SNIFF_NO;
}

static enum pd_status bpftrace_read(struct pd_source *src, struct pd_sink *sink, const void *opts)
{
	struct bpftrace t = { .src = src };
	enum pd_status status;
	struct pd_span line;

	if (!pd_bpf_init(&t.maps, src, sink, opts, SPAN(", ")))
		return pd_error_set(sink->err, PD_ERR_NOMEM, "out of memory");
	while (t.maps.status == PD_OK && !t.maps.failed && !pd_builder_failed(sink->prof) && source_line(src, &line))
		take_line(&t, line);
	if (t.state == IN_STACK || t.state == IN_TEXT)
		pd_bpf_note(&t.maps, "keys without an end skipped");
	if (t.maps.status == PD_OK)
		t.maps.status = pd_source_status(src);
	status = t.maps.status == PD_OK ? pd_bpf_finish(&t.maps) : t.maps.status;
	pd_vec_release(&t.text);
	pd_bpf_release(&t.maps);
	return status;
}

const struct pd_format pd_format_bpftrace = {
	.name = "bpftrace",
	.summary = "maps as bpftrace prints them",
	.aliases = (const char *const[]){ "bt", NULL },
	.opts_size = sizeof(struct pd_bpf_opts),
	.opts = pd_bpf_opts,
	.sniff = bpftrace_sniff,
	.read = bpftrace_read,
};
