/*
 * Inside of a source: a window of bytes that are there, and the stage that
 * brings more. The line loop of text readers is inlined from here.
 */
#ifndef IO_SOURCE_H
#define IO_SOURCE_H

#include "base/compiler.h"
#include "io/big.h"
#include "io/stage.h"
#include <profdata/io.h>

struct pd_source {
	const char *pos, *end; /* bytes of the window not taken yet */
	uint64_t line;         /* number of the line last returned */

	const char *window;    /* start of the window: our buffer, or memory of others */
	uint64_t window_at;    /* its offset in the decompressed stream */
	struct pd_big buf;
	struct pd_stage *top;  /* NULL when the window is all there is */
	bool opened;           /* compression and encoding have been looked for */
	bool ended, failed;

	enum pd_raw { PD_RAW_STREAM, PD_RAW_FILE, PD_RAW_MEMORY } raw; /* what is at the bottom */
	int fd;                /* PD_RAW_FILE: for reading around the stages; belongs to the stage */
	int owned_fd;          /* closed with the source, -1 none */
	uint64_t raw_at, raw_end; /* PD_RAW_FILE: part of the file that is the input */
	const char *memory;    /* PD_RAW_MEMORY: [memory + raw_at, memory + raw_end) */
	unsigned layers;       /* of compression */
	bool converted;        /* UTF-16 → UTF-8 on top */

	const char *compression;
	struct pd_limits limits;
	uint64_t most;         /* bytes this stream may have */
	struct pd_error err;
	char name[512];
};

bool pd_source_line_slow(struct pd_source *src, struct pd_span *line);

/* pd_source_line(), inlined: one memchr and a dozen instructions for lines inside the window. */
static inline bool source_line(struct pd_source *src, struct pd_span *line)
{
	const char *p = src->pos, *nl = memchr(p, '\n', (size_t)(src->end - p));

	if (pd_unlikely(!nl))
		return pd_source_line_slow(src, line);
	src->pos = nl + 1;
	src->line++;
	line->p = p;
	line->n = (size_t)(nl - p);
	if (pd_unlikely(line->n && nl[-1] == '\r'))
		line->n--;
	return true;
}

/*
 * Can the rest be read in parts, in parallel? True for plain files and memory;
 * [*lo, *hi) are then the stream offsets of what is left.
 */
bool pd_source_divisible(struct pd_source *src, uint64_t *lo, uint64_t *hi);
/* A source over stream offsets [lo, hi) of a divisible source, which must outlive it. Lines count from 1 again. */
struct pd_source *pd_source_part(const struct pd_source *src, uint64_t lo, uint64_t hi, struct pd_error *err);

/*
 * A small gzip file about to be opened: inflated whole, which is less work than a stream for its
 * first bytes and all of it again. False, and nothing touched, when that does not apply.
 */
bool pd_source_small(struct pd_source *s);

/* Records that there is more input than max_input allows; PD_ERR_LIMIT. */
enum pd_status pd_source_over_limit(struct pd_source *src);

#endif
