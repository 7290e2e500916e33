/*
 * pprof - the profile.proto of google/pprof, what Go and many other runtimes
 * write; usually gzip'd. One protobuf message, no magic number:
 *
 *   profile { sample_type sample mapping location function string_table
 *             drop_frames keep_frames time_nanos duration_nanos period_type
 *             period comment default_sample_type doc_url }
 *
 * Reference: proto/profile.proto of github.com/google/pprof.
 *
 * Reading takes fields in any order, packed or not, and what known producers
 * bend (id 0, mappings that are not there, labels without a value, a string
 * table that does not start with "") with a note. A locations row becomes a
 * frame with its lines; all sample types are one series.
 *
 * Writing gives the field order and packing of google's library, tables in the
 * order of their first use. What profile.proto has no field for:
 *   time of a sample     numeric label "timestamp", unit nanoseconds (read back as a label)
 *   end of the window    comment "#profdata: end_nanos=N", read back
 *   root label           comment "#profdata: root_label=KEY", read back, unless labels
 *                        comm and pid or tid say it
 *   producer             comment "#profdata: producer=NAME", read back
 *   several series       their sample types one after another, zero for other series' rows
 *   decimals             rounded to whole units
 *   kernel, JIT          not kept
 */
#include "pprof/pprof.h"

/* ---- sniffing: no magic, so the structure must be right as far as it can be seen ---- */

/* A message that has only fields of its table (newer ones allowed, but not in value types), as far as [p, end) shows it. */
static bool plausible(const struct pprof_message *m, const uint8_t *p, const uint8_t *end, bool whole)
{
	struct pd_pb in = { .p = p, .end = end };
	struct pd_pb_field f;

	const uint32_t newer = m == &pprof_value_type_message ? 0 : 15;

	while (pd_pb_next(&in, &f))
		if (f.number > m->n_fields + newer || !pprof_field_fits(m, &f))
			return false;
	return !in.fault || (!whole && (in.fault == PD_PB_LENGTH || in.fault == PD_PB_CUT));
}

static const struct pprof_message *message_of(uint32_t field)
{
	switch (field) {
	case PROFILE_SAMPLE_TYPE:
	case PROFILE_PERIOD_TYPE:
		return &pprof_value_type_message;
	case PROFILE_SAMPLE:
		return &pprof_sample_message;
	case PROFILE_MAPPING:
		return &pprof_mapping_message;
	case PROFILE_LOCATION:
		return &pprof_location_message;
	case PROFILE_FUNCTION:
		return &pprof_function_message;
	}
	return NULL;
}

/* Facts found in favour: sub-messages and strings, or -1 when something contradicts. */
struct facts {
	unsigned messages, strings, numbers;
};

static bool weigh(struct facts *facts, const struct pd_pb_field *f)
{
	const struct pprof_message *m = message_of(f->number);

	if (f->number > PPROF_MAX_FIELD + 1 || !pprof_field_fits(&pprof_profile_message, f))
		return false;
	if (m) {
		facts->messages += f->n > 0;
		return plausible(m, f->p, f->p + f->n, true);
	}
	if (f->number == PROFILE_STRING_TABLE)
		facts->strings++;
	else
		facts->numbers++;
	return true;
}

/* The last field of a window that ends inside it. */
static bool plausible_rest(const uint8_t *p, const uint8_t *end, struct facts *facts)
{
	uint64_t tag, n;

	if (pd_pb_varint(&p, end, &tag) || pd_pb_varint(&p, end, &n))
		return true;
	uint32_t number = (uint32_t)(tag >> 3);
	const struct pprof_message *m = message_of(number);
	if ((tag & 7) != PD_PB_BYTES || number > PPROF_MAX_FIELD + 1 || n > UINT32_MAX)
		return false;
	if (m == &pprof_value_type_message && n > 22)
		return false;
	if (!m || p == end)
		return true;
	facts->messages++;
	return plausible(m, p, end, false);
}

/* The first thing that does not fit: what came before may still say enough for an error with a place in it. */
static enum pd_sniff contradicted(const struct facts *facts)
{
	return facts->messages >= 2 && facts->messages + facts->strings >= 4 ? PD_SNIFF_WEAK : PD_SNIFF_NO;
}

static enum pd_sniff pprof_sniff(const struct pd_probe *probe)
{
	const uint8_t *base = (const uint8_t *)probe->head.p;
	struct pd_pb in = { .p = base, .end = base + probe->head.n };
	struct facts facts = { 0 };
	struct pd_pb_field f;

	if (probe->is_text || !probe->head.n)
		return PD_SNIFF_NO;
	while (pd_pb_next(&in, &f))
		if (!weigh(&facts, &f))
			return contradicted(&facts);
	if (in.fault) {
		bool cut = in.fault == PD_PB_CUT || in.fault == PD_PB_LENGTH;
		if (!cut || (probe->at_end && facts.messages < 2))
			return contradicted(&facts);
		if (!probe->at_end && !plausible_rest(in.p, in.end, &facts))
			return contradicted(&facts);
	}
	if (facts.messages >= 2 || (facts.messages && facts.strings))
		return PD_SNIFF_SHAPE;
	if (!probe->at_end && probe->head.n < 1u << 16)
		return PD_SNIFF_MORE;
	return facts.messages || facts.strings || facts.numbers > 2 ? PD_SNIFF_WEAK : PD_SNIFF_NO;
}

const struct pd_format pd_format_pprof = {
	.name = "pprof",
	.summary = "profile.proto of google/pprof, as Go and many profilers write it",
	.aliases = (const char *const[]){ "proto", NULL },
	.suffixes = (const char *const[]){ ".pb.gz", ".pb", ".pprof", ".prof", NULL },
	.keeps = PD_KEEPS_LABELS | PD_KEEPS_TIME | PD_KEEPS_LINES | PD_KEEPS_ADDRESSES | PD_KEEPS_INLINES | PD_KEEPS_TYPES |
		 PD_KEEPS_NEGATIVE | PD_KEEPS_HEADER | PD_KEEPS_SYSTEM_NAMES,
	.binary = true,
	.gzip = true,
	.additive = true,
	.sniff = pprof_sniff,
	.read = pprof_read,
	.write = pprof_write,
};
