/* How readers say what is wrong: they know what, the source knows where. */
#include "base/error.h"
#include "base/notes.h"
#include "io/source.h"

#include <profdata/format.h>

static enum pd_status fail(struct pd_sink *sink, struct pd_source *src, uint64_t line, uint64_t offset, const char *fmt, va_list ap)
{
	struct pd_error *err = sink->err;

	if (err && err->status == PD_OK) {
		pd_error_vset(err, PD_ERR_DATA, fmt, ap);
		pd_error_path(err, pd_source_name(src));
		err->line = line;
		err->offset = offset;
		err->has_offset = line == 0;
	}
	return PD_ERR_DATA;
}

enum pd_status pd_fail(struct pd_sink *sink, struct pd_source *src, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fail(sink, src, src->line, pd_source_offset(src), fmt, ap);
	va_end(ap);
	return PD_ERR_DATA;
}

enum pd_status pd_fail_at(struct pd_sink *sink, struct pd_source *src, uint64_t offset, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fail(sink, src, 0, offset, fmt, ap);
	va_end(ap);
	return PD_ERR_DATA;
}

/* The line last returned, while its bytes are still in the window; else empty. */
static struct pd_span last_line(const struct pd_source *src)
{
	const char *end = src->pos, *start;
	size_t back;

	if (!src->line || end == src->window)
		return (struct pd_span){ "", 0 };
	if (end[-1] == '\n')
		end--;
	back = (size_t)(end - src->window);
	start = back ? memrchr(src->window, '\n', back) : NULL;
	start = start ? start + 1 : src->window;
	if (end > start && end[-1] == '\r')
		end--;
	return (struct pd_span){ start, (size_t)(end - start) };
}

static enum pd_status strict(struct pd_sink *sink, struct pd_source *src, uint64_t line, uint64_t offset, const char *what)
{
	struct pd_error *err = sink->err;

	if (err && err->status == PD_OK) {
		pd_error_set(err, PD_ERR_DATA, "%s", what);
		pd_error_path(err, pd_source_name(src));
		pd_error_hint(err, "without --strict this is only counted");
		err->line = line;
		err->offset = offset;
		err->has_offset = line == 0;
	}
	return PD_ERR_DATA;
}

enum pd_status pd_note(struct pd_sink *sink, struct pd_source *src, const char *what)
{
	if (sink->strict)
		return strict(sink, src, src->line, pd_source_offset(src), what);
	if (sink->notes && pd_notes_count(sink->notes, what))
		pd_notes_place(sink->notes, src->line, pd_source_offset(src), last_line(src));
	return PD_OK;
}

enum pd_status pd_note_at(struct pd_sink *sink, struct pd_source *src, uint64_t offset, const char *what)
{
	if (sink->strict)
		return strict(sink, src, 0, offset, what);
	if (sink->notes && pd_notes_count(sink->notes, what))
		pd_notes_place(sink->notes, 0, offset, (struct pd_span){ "", 0 });
	return PD_OK;
}
