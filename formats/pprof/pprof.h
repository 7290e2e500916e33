/*
 * Inside of the pprof format: the messages of profile.proto as tables, and the
 * state of one reading. read.c scans the profile and fills the small tables,
 * samples.c does the samples, write.c the other direction.
 */
#ifndef PPROF_PPROF_H
#define PPROF_PPROF_H

#include "base/vec.h"
#include "common/pb_wire.h"
#include <profdata/format.h>

enum pprof_profile {
	PROFILE_SAMPLE_TYPE = 1, PROFILE_SAMPLE, PROFILE_MAPPING, PROFILE_LOCATION, PROFILE_FUNCTION,
	PROFILE_STRING_TABLE, PROFILE_DROP_FRAMES, PROFILE_KEEP_FRAMES, PROFILE_TIME_NANOS, PROFILE_DURATION_NANOS,
	PROFILE_PERIOD_TYPE, PROFILE_PERIOD, PROFILE_COMMENT, PROFILE_DEFAULT_SAMPLE_TYPE, PROFILE_DOC_URL,
};
enum pprof_value_type { VALUE_TYPE_TYPE = 1, VALUE_TYPE_UNIT };
enum pprof_sample { SAMPLE_LOCATION_ID = 1, SAMPLE_VALUE, SAMPLE_LABEL };
enum pprof_label { LABEL_KEY = 1, LABEL_STR, LABEL_NUM, LABEL_NUM_UNIT };
enum pprof_mapping {
	MAPPING_ID = 1, MAPPING_START, MAPPING_LIMIT, MAPPING_OFFSET, MAPPING_FILENAME, MAPPING_BUILD_ID,
	MAPPING_HAS_FUNCTIONS, MAPPING_HAS_FILENAMES, MAPPING_HAS_LINE_NUMBERS, MAPPING_HAS_INLINE_FRAMES,
};
enum pprof_location { LOCATION_ID = 1, LOCATION_MAPPING_ID, LOCATION_ADDRESS, LOCATION_LINE, LOCATION_IS_FOLDED };
enum pprof_line { LINE_FUNCTION_ID = 1, LINE_LINE, LINE_COLUMN };
enum pprof_function { FUNCTION_ID = 1, FUNCTION_NAME, FUNCTION_SYSTEM_NAME, FUNCTION_FILENAME, FUNCTION_START_LINE };

#define PPROF_MAX_FIELD 15

/* Names and wire types of one message's fields. */
struct pprof_message {
	const char *name;
	unsigned n_fields;
	const char *field[PPROF_MAX_FIELD + 1];
	uint32_t varint, bytes; /* bit per field number: which wire types it may have (both: packed or not) */
};

extern const struct pprof_message pprof_profile_message, pprof_value_type_message, pprof_sample_message, pprof_label_message,
	pprof_mapping_message, pprof_location_message, pprof_line_message, pprof_function_message;

/* May this field stand in this message? Unknown numbers may. */
static inline bool pprof_field_fits(const struct pprof_message *m, const struct pd_pb_field *f)
{
	if (f->number > m->n_fields)
		return true;
	return ((f->wire == PD_PB_VARINT ? m->varint : f->wire == PD_PB_BYTES ? m->bytes : 0) >> f->number) & 1;
}

/*
 * Which row of a document table an id of the file means. Ids are any numbers;
 * small ones index `dense`, the others are hashed. Entries are row + 1, 0 is
 * "no such id".
 */
struct pprof_ids {
	uint32_t *dense;
	size_t n_dense;
	struct pprof_id_slot { uint64_t id; uint32_t row1; } *slot;
	size_t mask, used;
	uint64_t key; /* of the hash */
};

/* The scalar fields of a small message; strings are still indices. */
struct pprof_scalars {
	uint64_t v[PPROF_MAX_FIELD + 1];
	uint32_t seen; /* bit per field number */
	const uint8_t *at[PPROF_MAX_FIELD + 1]; /* of those seen */
};

/* A message of the profile, to be read once everything it refers to is known. */
struct pprof_part {
	const uint8_t *p;
	size_t n;
};
struct pprof_parts {
	PD_VEC(struct pprof_part) part;
};

/* All messages of one field of the profile: walked again, as they mostly stand together. */
struct pprof_table {
	size_t n;
	const uint8_t *first, *end; /* tag of the first, end of the last */
};

/* One reading. */
struct pprof_reader {
	struct pd_source *src;
	struct pd_sink *sink;
	struct pd_builder *b;
	const uint8_t *base, *end;   /* the profile */
	uint64_t offset;             /* of base in the decompressed input */
	enum pd_status status;       /* first failure */
	uint64_t held;               /* bytes of our own tables, against max_memory */

	PD_VEC(uint32_t) string;     /* string table → pd_str */
	bool first_string_named;     /* string 0 is not "" */
	uint32_t comm, pid, tid;     /* pd_str of these label keys, 0 when absent */
	struct pprof_parts type;
	struct pprof_table mapping, location, function, sample;
	PD_VEC(uint64_t) comment;    /* string indices */
	struct pprof_scalars header;
	struct pprof_part period_type;
	unsigned type_batches;       /* runs of sample types, separated by strings */
	bool strings_since_types;

	unsigned n_types, series;
	struct pprof_ids mappings, functions, frames;
	bool saw_comm, saw_process;  /* labels comm, and pid or tid, are in use */

	/* what the current message is called in errors: "location 12", "line 2" */
	const char *what, *part;
	uint64_t nth, part_nth;
};

/* Records a failure at `at` and remembers it; always PD_ERR_DATA (or what was first). */
enum pd_status pprof_fail(struct pprof_reader *r, const uint8_t *at, const char *fmt, ...) PD_PRINTF(3, 4);
/* The same, with the name of the current message in front. */
enum pd_status pprof_fail_in(struct pprof_reader *r, const uint8_t *at, const char *fmt, ...) PD_PRINTF(3, 4);
/* A wire fault, or a known field of the wrong wire type. */
enum pd_status pprof_fail_wire(struct pprof_reader *r, enum pd_pb_fault fault, const uint8_t *at);
enum pd_status pprof_fail_field(struct pprof_reader *r, const struct pprof_message *m, const struct pd_pb_field *f);
enum pd_status pprof_fail_limit(struct pprof_reader *r, const uint8_t *at, const char *fmt, ...) PD_PRINTF(3, 4);
/* Counts an oddity; false when strict made it an error. */
bool pprof_note(struct pprof_reader *r, const uint8_t *at, const char *what);
/* Charges bytes of our own tables against max_memory. */
bool pprof_hold(struct pprof_reader *r, size_t n, size_t size);

/* Fields of a message that has scalars only; false after recording the error. */
bool pprof_read_scalars(struct pprof_reader *r, const struct pprof_message *m, const uint8_t *p, size_t n, struct pprof_scalars *s);
/* The string a field of `s` names. `name`: index 0 means the file's string 0 even if that is not "". */
bool pprof_string(struct pprof_reader *r, const struct pprof_message *m, const struct pprof_scalars *s, unsigned field, bool name, pd_str *out);

static inline uint32_t pprof_id_row1(const struct pprof_ids *t, uint64_t id)
{
	if (pd_likely(id < t->n_dense))
		return t->dense[id];
	if (!t->used)
		return 0;
	for (size_t i = (size_t)pd_hash_u64(t->key, id, 0) & t->mask;; i = (i + 1) & t->mask) {
		if (!t->slot[i].row1 || t->slot[i].id == id)
			return t->slot[i].row1;
	}
}

/* All samples, once every table is there. */
enum pd_status pprof_read_samples(struct pprof_reader *r);

enum pd_status pprof_read(struct pd_source *src, struct pd_sink *sink, const void *opts);
enum pd_status pprof_write(const struct pd_doc *doc, struct pd_out *out, const struct pd_save_opts *save, const void *opts, struct pd_error *err);

/* Comments that carry what profile.proto has no field for; pprof hides comments that start with '#'. */
#define PPROF_COMMENT_END "#profdata: end_nanos="
#define PPROF_COMMENT_ROOT "#profdata: root_label="
#define PPROF_COMMENT_PRODUCER "#profdata: producer="

#endif
