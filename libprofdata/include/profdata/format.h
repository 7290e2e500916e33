/*
 * Formats: the contract of a format file, detection, loading and saving.
 * The table of built-in formats is generated from formats/formats.def; callers
 * may bring their own descriptors. Nothing is ever registered globally.
 */
#ifndef PROFDATA_FORMAT_H
#define PROFDATA_FORMAT_H

#include <profdata/base.h>
#include <profdata/builder.h>
#include <profdata/io.h>
#include <profdata/opt.h>
#include <profdata/profile.h>
#include <profdata/trace.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How sure a sniffer is. MAGIC: bytes or a schema name only this format has. SHAPE: two or more independent structural facts. WEAK: could be, nothing contradicts. */
enum pd_sniff { PD_SNIFF_NO = 0, PD_SNIFF_MORE, PD_SNIFF_WEAK, PD_SNIFF_SHAPE, PD_SNIFF_MAGIC };

#define PD_PROBE_LINES 64
#define PD_PROBE_KEYS 32

/* The head of the decompressed input, and facts worked out once for all sniffers. */
struct pd_probe {
	struct pd_span head;                   /* 4 KiB at first, doubled to 256 KiB while somebody says MORE */
	bool at_end;                           /* head is the whole input */
	bool is_text;                          /* no NUL and hardly any control bytes */
	unsigned n_lines;                      /* complete lines (the last one too when at_end) */
	struct pd_span lines[PD_PROBE_LINES];
	char json_top;                         /* '{' or '[' when it looks like JSON, else 0 */
	unsigned n_json_keys;                  /* top-level keys of an object seen so far (of the first element for an array) */
	struct pd_span json_keys[PD_PROBE_KEYS];
};

/* What a format can hold; what a document has beyond that is reported as lost. */
enum pd_keeps {
	PD_KEEPS_LABELS = 1 << 0,
	PD_KEEPS_TIME = 1 << 1,      /* per-sample timestamps */
	PD_KEEPS_LINES = 1 << 2,     /* file and line of frames */
	PD_KEEPS_ADDRESSES = 1 << 3, /* addresses and mappings */
	PD_KEEPS_INLINES = 1 << 4,   /* which frames are inlined */
	PD_KEEPS_TYPES = 1 << 5,     /* several sample types */
	PD_KEEPS_SERIES = 1 << 6,    /* separate series */
	PD_KEEPS_NEGATIVE = 1 << 7,  /* negative values */
	PD_KEEPS_DECIMALS = 1 << 8,  /* fractional values */
	PD_KEEPS_HEADER = 1 << 9,    /* period, times, comments */
	PD_KEEPS_SYSTEM_NAMES = 1 << 10,
	PD_KEEPS_METRICS = 1 << 11,  /* see metrics.h */
};

struct pd_notes;
struct pd_diff;

/* What a reader works with. */
struct pd_sink {
	struct pd_builder *prof;
	struct pd_notes *notes;          /* through pd_note() */
	const struct pd_limits *limits;
	struct pd_error *err;            /* through pd_fail() */
	bool strict;
	struct pd_events *events;        /* who wants to hear more than the profile (facts, perhaps events), or NULL; never finished by readers */
};

/* What a writer is asked for besides its own options. */
struct pd_save_opts {
	size_t size;
	const char *sample_type; /* single-type formats: which column; others: the one to be their default; NULL = the profile's default */
	const char *command;     /* command line, for formats that record it; may be NULL */
	const struct pd_diff *diff; /* pictures: the document is pd_diff_doc() of it, draw the comparison; may be NULL */
};

struct pd_format {
	const char *name, *summary;           /* "perf-script"; one line for `profdata formats` */
	const char *const *aliases, *const *suffixes; /* NULL-terminated or NULL; suffixes with dot: ".pb.gz" */
	uint32_t keeps;                       /* enum pd_keeps */
	bool binary;                          /* output is not for terminals */
	bool gzip;                            /* output is gzip'd by default */
	bool explicit_only;                   /* never detected, only by --from */
	bool additive;                        /* read needs the whole input at once and adds series and their types before samples: pd_load_into() */
	size_t opts_size;
	const struct pd_opt *opts;            /* of --opt key=value; NULL = none */
	enum pd_sniff (*sniff)(const struct pd_probe *);
	/* `opts` is filled from the table, never NULL when opts_size > 0 */
	enum pd_status (*read)(struct pd_source *, struct pd_sink *, const void *opts);
	enum pd_status (*write)(const struct pd_doc *, struct pd_out *, const struct pd_save_opts *, const void *opts, struct pd_error *);
	/*
	 * Traces, both optional. read_events sends the events of a trace; stacks and whatever else needs a table
	 * go to sink->prof. Without `read` the loader makes a profile of the events (pd_events_profile()). write_events makes
	 * a sink that writes to `out`; `opts` and `out` outlive it. Without `write` documents are sent there as events (pd_doc_events()).
	 */
	enum pd_status (*read_events)(struct pd_source *, struct pd_sink *, struct pd_events *, const void *opts);
	/* optional: does an input that begins like this hold events? Without it all do. What does not is read as the profile it is */
	bool (*has_events)(struct pd_span head);
	struct pd_events *(*write_events)(struct pd_out *, const struct pd_save_opts *, const void *opts, struct pd_error *);
	/* optional: does a record end before this line? Allows cutting a big text file into chunks for several threads */
	bool (*ends_record)(struct pd_span line);
	/* optional: last touches that need the whole input (names of several series, spans of time); runs once, also when the text was read in parts */
	void (*finish)(struct pd_builder *);
	/* optional: text of the one script in the files it writes, the same in all of them */
	struct pd_span (*script)(void);
};

/* Built-in formats in alphabetical order; NULL past the end. */
PD_API const struct pd_format *pd_format_at(size_t i);
/* By name or alias, '_' equals '-'; NULL when unknown. */
PD_API const struct pd_format *pd_format_named(const char *name);
/* By the longest suffix of a file name; NULL when none fits. Only formats that write. */
PD_API const struct pd_format *pd_format_for_path(const char *path);
/*
 * The content security policy under which the script in the files of a format runs and nothing else does:
 * "default-src 'none'; script-src 'sha256-...'; style-src 'unsafe-inline'", at most n bytes with a terminating
 * zero. False when there is no script in them (PD_CSP_SIZE is always room enough).
 */
#define PD_CSP_SIZE 160
PD_API bool pd_format_csp(const struct pd_format *format, char *buf, size_t n);

struct pd_detected {
	const struct pd_format *format;
	enum pd_sniff level;
};
/* Looks only at content. PD_ERR_UNKNOWN, PD_ERR_AMBIGUOUS (names candidates) or the failure of the source. */
PD_API enum pd_status pd_detect(struct pd_source *src, struct pd_detected *out, struct pd_error *err);

struct pd_load_opts {
	size_t size;
	const struct pd_format *format; /* NULL = detect */
	unsigned build_flags;           /* enum pd_builder_flags */
	bool strict;                    /* notes become errors */
	unsigned jobs;                  /* threads for one big text file; 0 or 1 = one */
	const struct pd_limits *limits;
	const char *const *opts;        /* "key=value" for the format, NULL-terminated; may be NULL */
	struct pd_format_used { const struct pd_format *format; char compression[8]; } *used; /* filled when not NULL */
	struct pd_events *events;       /* traces also go there on the way (as far as it wants), and it is finished; NULL = nobody */
};
PD_API struct pd_doc *pd_load(struct pd_source *src, const struct pd_load_opts *opts, struct pd_error *err);
/*
 * Reads into a builder that others have added to already (pd_merger_open()), whose limits and flags
 * count instead of those in `opts`. Formats that are `additive` only, PD_ERR_UNSUPPORTED for others.
 */
PD_API enum pd_status pd_load_into(struct pd_builder *b, struct pd_source *src, const struct pd_load_opts *opts, struct pd_error *err);
/*
 * Reads a trace into a sink and finishes the sink. The result is what is left: a document with the tables and the notes of
 * the reader, without samples; NULL on failure. PD_ERR_UNSUPPORTED when the format has no events. `events` of opts is ignored.
 */
PD_API struct pd_doc *pd_load_events(struct pd_source *src, const struct pd_load_opts *opts, struct pd_events *ev, struct pd_error *err);
/* Can it be read, written at all? */
static inline bool pd_format_reads(const struct pd_format *f) { return f->read || f->read_events; }
static inline bool pd_format_writes(const struct pd_format *f) { return f->write || f->write_events; }

/*
 * Writes `doc`. `kv` are "key=value" options of the format, NULL-terminated or
 * NULL. What the format cannot hold is listed in `lost` ("labels (3 keys),
 * timestamps"), at most `lost_size` bytes, empty when nothing is lost; may be NULL.
 * PD_WARN: written, and *err says what the writer left out of this document, for its size.
 */
PD_API enum pd_status pd_save(const struct pd_doc *doc, const struct pd_format *format, const struct pd_save_opts *opts,
			      const char *const *kv, struct pd_out *out, char *lost, size_t lost_size, struct pd_error *err);
/* The same with an options struct the caller filled (its type is the format's own, see pd_format.opts). */
PD_API enum pd_status pd_save_with(const struct pd_doc *doc, const struct pd_format *format, const struct pd_save_opts *opts,
				   const void *format_opts, struct pd_out *out, struct pd_error *err);

/*
 * A sink that writes events to `out` in a format; options as for pd_save(). NULL after recording the error. Finish it, free it,
 * then commit `out`.
 */
PD_API struct pd_events *pd_save_events(const struct pd_format *format, const struct pd_save_opts *opts, const char *const *kv,
					struct pd_out *out, struct pd_error *err);

/* ---- for readers ---- */

/* Records "what is wrong" at the current line (text) or offset (after pd_source_peek only) of `src`; returns PD_ERR_DATA. */
PD_API enum pd_status pd_fail(struct pd_sink *sink, struct pd_source *src, const char *fmt, ...) PD_PRINTF(3, 4);
/* The same at a byte offset of the decompressed input. */
PD_API enum pd_status pd_fail_at(struct pd_sink *sink, struct pd_source *src, uint64_t offset, const char *fmt, ...) PD_PRINTF(4, 5);
/*
 * Counts an oddity; `what` is a string literal that reads well after a number
 * ("lines without a count skipped"). The first place is kept. Under strict it
 * becomes the error. Returns PD_OK or PD_ERR_DATA (stop reading).
 */
PD_API enum pd_status pd_note(struct pd_sink *sink, struct pd_source *src, const char *what);
PD_API enum pd_status pd_note_at(struct pd_sink *sink, struct pd_source *src, uint64_t offset, const char *what);

#ifdef __cplusplus
}
#endif
#endif
