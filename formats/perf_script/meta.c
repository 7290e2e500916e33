/* What perf script text says about the whole, and how to know it. */
#include "perf_script/perf.h"

#include "model/model.h"

bool pd_perf_is_clock(struct pd_span event)
{
	struct pd_span base = pd_perf_event_base(event);

	return span_is(base, "cpu-clock") || span_is(base, "task-clock");
}

bool pd_perf_counts_time(struct pd_span event)
{
	return pd_perf_is_clock(event) || span_is(pd_perf_event_base(event), "offcpu-time") || span_starts(event, "sched:sched_stat_");
}

/* "key : value" of --header. */
void pd_perf_take_comment(struct perf *f, struct pd_span line)
{
	static const char *const kept[] = { "captured on", "hostname", "os release", "perf version", "arch", "nrcpus online", "cpudesc", "total memory", "cmdline" };
	struct pd_span text = span_trim(span_skip(line, 1)), value = text, key, freq;
	struct pd_meta *meta = pd_builder_meta(f->b);
	uint64_t n;

	if (f->samples || f->open)
		return;
	if (span_is(text, "========"))
		f->in_header = !f->in_header;
	if (!span_cut(&value, ':', &key))
		return;
	key = span_trim(key);
	value = span_trim(value);
	for (size_t i = 0; i < PD_ARRAY_LEN(kept); i++)
		if (span_is(key, kept[i]) && value.n && value.n < 4096)
			pd_builder_comment(f->b, pd_intern(f->b, text.p, text.n));
	if (span_is(key, "perf version")) {
		char producer[128];
		int len = snprintf(producer, sizeof producer, "perf %.*s", (int)(value.n < 100 ? value.n : 100), value.p);

		meta->producer = pd_intern(f->b, producer, (size_t)len);
	}
	if (!span_is(key, "event") || meta->period || !span_eat(&value, "name = ") || !span_cut(&value, ',', &key))
		return;
	freq = value;
	if (!(freq.p = memmem(value.p, value.n, "sample_freq } = ", 16)))
		return;
	freq = span_between(freq.p + 16, value.p + value.n);
	if (!span_eat_u64(&freq, &n) || !n || n > INT64_MAX)
		return;
	if (!span_search(freq, SPAN("freq = 1")))
		meta->period = (int64_t)n;
	else if (pd_perf_is_clock(key))
		meta->period = (int64_t)(1000000000 / n);
	else
		return;
	key = pd_perf_event_base(key);
	meta->period_type = pd_intern(f->b, key.p, key.n);
	meta->period_unit = pd_perf_is_clock(key) ? pd_intern_z(f->b, "nanoseconds") : f->count;
}

/* Names and the default need all events, the duration all parts of the file. */
void pd_perf_finish(struct pd_builder *b)
{
	struct pd_meta *meta = pd_builder_meta(b);
	const struct pd_doc *d = b->doc;
	pd_str best = { 0 };
	unsigned rank = 0;

	for (unsigned s = 0; s < d->series.n; s++) {
		struct pd_value_type first = d->series.v[s].type[0];
		bool weighted = d->series.v[s].n_values > 1;
		struct pd_span event = pd_builder_string(b, d->series.v[s].name), base = pd_perf_event_base(event);
		unsigned r = !weighted ? 1 : pd_perf_is_clock(event) || span_starts(base, "cycles") || span_search(base, SPAN("/cycles")) ? 3 : 2;

		if (!span_is(pd_builder_string(b, first.type), "samples"))
			continue; /* switches and tasks */
		if (d->series.n > 1 || span_is(event, "samples")) {
			char name[512];
			int n = snprintf(name, sizeof name, "%s%.*s", weighted ? "samples." : "", (int)(event.n < 480 ? event.n : 480), event.p);

			if (event.n)
				first.type = pd_intern(b, name, (size_t)n);
			pd_series_retype(b, s, 0, &first, 1);
		}
		if (r > rank) {
			rank = r;
			best = weighted ? d->series.v[s].type[1].type : first.type;
		}
	}
	meta->default_sample_type = best;
	meta->duration_nanos = meta->end_nanos - meta->time_nanos;
	meta->time_nanos = meta->end_nanos = 0; /* the clock has no known start */
}

/* Tab, address right-aligned to 16 columns, blank. */
static bool is_frame_line(struct pd_span line)
{
	struct pd_symbol s;
	size_t i = 1;

	if (line.n < 17 || line.p[0] != '\t' || (line.n > 17 && line.p[17] != ' ') || line.p[16] == ' ')
		return false;
	while (line.p[i] == ' ')
		i++;
	return memchr(line.p + i, ' ', 17 - i) == NULL && pd_symbol_parse(line, &s);
}

/* "      BPF output: 0000: 48 69 ..  Hi", "                  0008: 21 ..  !" */
bool pd_perf_is_bytes(struct pd_span line)
{
	struct pd_span text = span_ltrim(line);
	uint64_t offset;

	if (span_starts(text, "BPF output:") || span_starts(text, "BPF string:"))
		return true;
	return text.p - line.p > 16 && span_eat_hex(&text, &offset) && span_starts(text, ": ");
}

enum pd_sniff pd_perf_sniff(const struct pd_probe *p)
{
	unsigned frames = 0, headers = 0, single = 0, other = 0;

	if (!p->is_text)
		return PD_SNIFF_NO;
	for (unsigned i = 0; i < p->n_lines; i++) {
		struct pd_span line = p->lines[i];
		struct pd_perf_header h;
		struct pd_symbol s;

		if (!line.n || line.p[0] == '#' || pd_perf_is_bytes(line))
			continue;
		if (line.p[0] == '\t') {
			*(is_frame_line(line) ? &frames : &other) += 1;
		} else if (line.p[0] == ' ' && headers && pd_symbol_parse(line, &s) && s.has_object) {
			frames++; /* tabs lost on the way */
		} else if (pd_perf_header_parse(line, PD_PERF_NO_TIME, &h) && (h.has_tid || !h.has_comm)) {
			headers += h.has_time;
			single += !h.has_time && pd_symbol_parse(h.rest, &s) && s.has_object;
			other += h.is_record && !h.has_time;
		} else {
			other++;
		}
	}
	if (!frames && !headers && !single && !other)
		return p->at_end ? PD_SNIFF_NO : PD_SNIFF_MORE;
	if (other > frames + headers + single)
		return PD_SNIFF_NO;
	if (frames > 1 || (frames && headers) || headers > 1 || single > 1 || (p->at_end && headers + single))
		return PD_SNIFF_SHAPE;
	return !p->at_end && p->n_lines < 8 ? PD_SNIFF_MORE : PD_SNIFF_NO;
}

