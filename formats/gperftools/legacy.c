/* Records of addresses, and how they become samples once it is known what the addresses are. */
#include "gperftools/legacy.h"
#include "base/compiler.h"

void legacy_type(struct legacy *g, const char *type, const char *unit)
{
	struct pd_value_type t = { .type = pd_intern_z(g->b, type), .unit = pd_intern_z(g->b, unit) };

	if (!g->n_values)
		g->series = pd_series_add(g->b, (pd_str){ 0 });
	pd_series_value(g->b, g->series, &t);
	g->n_values++;
}

void legacy_period(struct legacy *g, const char *type, const char *unit, int64_t period)
{
	struct pd_meta *m = pd_builder_meta(g->b);

	m->period_type = pd_intern_z(g->b, type);
	m->period_unit = pd_intern_z(g->b, unit);
	m->period = period;
}

struct legacy_record *legacy_record(struct legacy *g)
{
	static const struct legacy_record none;

	if (!pd_vec_push(&g->record, none)) {
		g->nomem = true;
		return NULL;
	}
	g->record.v[g->record.n - 1].first = g->pc.n;
	return &g->record.v[g->record.n - 1];
}

void legacy_address(struct legacy *g, uint64_t pc)
{
	if (!g->record.n || !pd_vec_push(&g->pc, pc))
		g->nomem = true;
	else
		g->record.v[g->record.n - 1].n++;
}

bool legacy_addresses(struct legacy *g, struct pd_span s)
{
	struct pd_span word;
	uint64_t pc;

	while (span_word(&s, &word)) {
		if (!span_starts(word, "0x") || !span_hex(word, &pc))
			return false;
		legacy_address(g, pc);
	}
	return true;
}

/* ---- what a signal leaves behind ---- */

static void drop_second(struct legacy *g, struct legacy_record *r)
{
	uint64_t *pc = &g->pc.v[r->first];

	memmove(pc + 1, pc + 2, (r->n - 2) * sizeof *pc);
	r->n--;
}

/* The address most second frames have, by majority vote; counted afterwards. */
static uint64_t common_second(const struct legacy *g, size_t *count)
{
	uint64_t best = 0;
	size_t votes = 0;

	*count = 0;
	for (size_t i = 0; i < g->record.n; i++) {
		const struct legacy_record *r = &g->record.v[i];
		uint64_t pc = r->n > 1 ? g->pc.v[r->first + 1] : 0;

		if (r->n < 2)
			continue;
		if (!votes)
			best = pc;
		votes = pc == best ? votes + 1 : votes - 1;
	}
	for (size_t i = 0; i < g->record.n; i++)
		*count += g->record.v[i].n > 1 && g->pc.v[g->record.v[i].first + 1] == best;
	return best;
}

void legacy_drop_signal_frame(struct legacy *g)
{
	for (unsigned round = 0; round < 2; round++) {
		size_t count, n = g->record.n;
		uint64_t pc = common_second(g, &count);

		if (!count || count < n - n / 32)
			return;
		for (size_t i = 0; i < n; i++)
			if (g->record.v[i].n > 1 && g->pc.v[g->record.v[i].first + 1] == pc)
				drop_second(g, &g->record.v[i]);
	}
}

void legacy_drop_double_leaf(struct legacy *g)
{
	for (size_t i = 0; i < g->record.n; i++) {
		struct legacy_record *r = &g->record.v[i];
		const uint64_t *pc = &g->pc.v[r->first];

		if (r->n > 1 && pc[0] - !g->exact_leaf == pc[1] - !g->exact_callers + 1)
			drop_second(g, r);
	}
}

/* ---- samples ---- */

static pd_frame frame_at(struct legacy *g, const pd_mapping *mapping, uint64_t pc, bool exact)
{
	struct pd_frame_desc d = { .address = exact || !pc ? pc : pc - 1 }; /* inside the call */
	ptrdiff_t map = legacy_map_of(g, d.address);

	if (map >= 0)
		d.mapping = mapping[map];
	return pd_frame_add(g->b, &d);
}

static pd_frame place_of(struct legacy *g, uint64_t id)
{
	size_t lo = 0, hi = g->place.n;
	char text[24];

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (g->place.v[mid].id < id)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo < g->place.n && g->place.v[lo].id == id)
		return g->place.v[lo].frame;
	return pd_frame_named(g->b, text, (size_t)snprintf(text, sizeof text, "0x%llx", (unsigned long long)id));
}

static void add_record(struct legacy *g, const struct legacy_record *r, const pd_mapping *mapping, pd_frame *frames)
{
	struct pd_label label = { .kind = PD_LABEL_NUM, .num = r->bytes };
	struct pd_sample s = { 0 };

	for (uint32_t k = 0; k < r->n; k++) {
		uint64_t pc = g->pc.v[r->first + k];

		frames[k] = g->java ? place_of(g, pc) : frame_at(g, mapping, pc, k ? g->exact_callers : g->exact_leaf);
	}
	s.stack = pd_stack_of(g->b, frames, r->n, PD_LEAF_FIRST);
	if (g->sizes && r->bytes) {
		label.key = pd_intern_z(g->b, "bytes");
		s.labels = pd_labels_of(g->b, &label, 1);
	}
	pd_sample_add(g->b, g->series, &s, r->v);
}

enum pd_status legacy_end(struct legacy *g)
{
	pd_mapping *mapping = calloc(g->map.n + 1, sizeof *mapping);
	pd_frame *frames;
	uint32_t deepest = 0;

	for (size_t i = 0; i < g->record.n; i++)
		if (g->record.v[i].n > deepest)
			deepest = g->record.v[i].n;
	frames = calloc((size_t)deepest + 1, sizeof *frames);
	if (!mapping || !frames || !legacy_maps_end(g, mapping))
		g->nomem = true;
	for (size_t i = 0; !g->nomem && i < g->record.n && !pd_builder_failed(g->b); i++)
		add_record(g, &g->record.v[i], mapping, frames);
	free(mapping);
	free(frames);
	return g->nomem ? pd_error_set(g->sink->err, PD_ERR_NOMEM, "out of memory") : PD_OK;
}

void legacy_release(struct legacy *g)
{
	pd_vec_release(&g->pc);
	pd_vec_release(&g->record);
	pd_vec_release(&g->map);
	pd_vec_release(&g->place);
	pd_vec_release(&g->text);
}
