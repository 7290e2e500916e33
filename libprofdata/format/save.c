/* Document → output, and what the format cannot hold. */
#include "base/error.h"
#include "format/load.h"
#include "format/opts.h"
#include "model/model.h"

/* ---- what would be lost ---- */

struct loss {
	char *text;
	size_t size, n;
};

static void lose(struct loss *l, const char *fmt, ...) PD_PRINTF(2, 3);
static void lose(struct loss *l, const char *fmt, ...)
{
	va_list ap;
	int more;

	if (l->n + 3 >= l->size)
		return;
	if (l->n)
		l->n += (size_t)snprintf(l->text + l->n, l->size - l->n, ", ");
	va_start(ap, fmt);
	more = vsnprintf(l->text + l->n, l->size - l->n, fmt, ap);
	va_end(ap);
	if (more > 0)
		l->n = l->n + (size_t)more < l->size ? l->n + (size_t)more : l->size - 1;
}

/* Distinct label keys but the one that becomes the root frame. */
static void lost_labels(const struct pd_doc *doc, struct loss *l)
{
	uint32_t strings = pd_doc_strings(doc), keys = 0;
	bool *seen = calloc((size_t)strings + 1, sizeof *seen);
	pd_str root = pd_doc_meta(doc)->root_label;

	for (uint32_t i = 1; seen && i <= pd_doc_label_sets(doc); i++) {
		const struct pd_label *label;
		size_t n = pd_doc_labels(doc, (pd_labels){ i }, &label);

		for (size_t k = 0; k < n; k++)
			if (label[k].key.v != root.v && !seen[label[k].key.v]) {
				seen[label[k].key.v] = true;
				keys++;
			}
	}
	free(seen);
	if (keys)
		lose(l, "labels (%u key%s)", keys, keys == 1 ? "" : "s");
}

static void lost_frames(const struct pd_doc *doc, uint32_t keeps, struct loss *l)
{
	bool lines = false, addresses = pd_doc_mappings(doc) > 0, inlines = false, system = false;

	for (uint32_t i = 1; i <= pd_doc_frames(doc); i++) {
		struct pd_frame_desc f;

		pd_doc_frame(doc, (pd_frame){ i }, &f);
		addresses |= f.address != 0;
		inlines |= f.n_lines > 1 || (f.flags & PD_FRAME_INLINED);
		for (uint32_t k = 0; k < f.n_lines; k++)
			lines |= f.lines[k].line != 0;
	}
	for (uint32_t i = 1; i <= pd_doc_funcs(doc); i++) {
		struct pd_func_desc f;

		pd_doc_func(doc, (pd_func){ i }, &f);
		lines |= f.file.v != 0;
		system |= f.system_name.v != 0 && f.system_name.v != f.name.v;
	}
	if (lines && !(keeps & PD_KEEPS_LINES))
		lose(l, "files and lines");
	if (addresses && !(keeps & PD_KEEPS_ADDRESSES))
		lose(l, "addresses");
	if (inlines && !(keeps & PD_KEEPS_INLINES))
		lose(l, "inlining");
	if (system && !(keeps & PD_KEEPS_SYSTEM_NAMES))
		lose(l, "mangled names");
}

static bool has_negative(const struct pd_doc *doc, unsigned series)
{
	unsigned columns = pd_series_values(doc, series);
	struct pd_rows rows;
	uint64_t first = 0;
	size_t n;

	for (; (n = pd_series_rows(doc, series, first, &rows)); first += n)
		for (unsigned c = 0; c < columns; c++) {
			int64_t any = 0;

			for (size_t i = 0; i < n; i++)
				any |= rows.value[c][i];
			if (any < 0)
				return true;
		}
	return false;
}

static void lost_values(const struct pd_doc *doc, uint32_t keeps, struct loss *l)
{
	unsigned types = pd_doc_sample_types(doc), series = pd_doc_series(doc);
	bool time = false, negative = false, decimals = false;

	for (unsigned i = 0; i < series; i++)
		time |= pd_series_has_time(doc, i);
	for (unsigned i = 0; i < series && !(keeps & PD_KEEPS_NEGATIVE) && !negative; i++)
		negative = has_negative(doc, i);
	for (unsigned i = 0; i < types; i++) {
		struct pd_sample_type t;

		pd_doc_sample_type(doc, i, &t);
		decimals |= t.type.decimals != 0;
	}
	if (time && !(keeps & PD_KEEPS_TIME))
		lose(l, "timestamps");
	if (types > 1 && !(keeps & PD_KEEPS_TYPES))
		lose(l, "%u of %u sample types", types - 1, types);
	else if (series > 1 && !(keeps & PD_KEEPS_SERIES))
		lose(l, "separate series");
	if (negative)
		lose(l, "negative values");
	if (decimals && !(keeps & PD_KEEPS_DECIMALS))
		lose(l, "decimals");
}

static void lost_header(const struct pd_doc *doc, struct loss *l)
{
	const struct pd_meta *m = pd_doc_meta(doc);
	const pd_str *comment;

	if (m->period)
		lose(l, "period");
	if (m->time_nanos || m->duration_nanos || m->end_nanos)
		lose(l, "start and duration");
	if (pd_doc_comments(doc, &comment))
		lose(l, "comments");
}

static void report_loss(const struct pd_doc *doc, uint32_t keeps, char *text, size_t size)
{
	struct loss l = { text, size, 0 };

	text[0] = '\0';
	if (!(keeps & PD_KEEPS_LABELS))
		lost_labels(doc, &l);
	lost_values(doc, keeps, &l);
	lost_frames(doc, keeps, &l);
	if (!(keeps & PD_KEEPS_HEADER))
		lost_header(doc, &l);
	if (doc->metric.n && !(keeps & PD_KEEPS_METRICS))
		lose(&l, "metrics (%zu)", doc->metric.n);
}

/* ---- saving ---- */

enum pd_status pd_save_with(const struct pd_doc *doc, const struct pd_format *format, const struct pd_save_opts *given,
			    const void *format_opts, struct pd_out *out, struct pd_error *err)
{
	struct pd_save_opts o = { 0 };
	struct pd_error mine = { 0 };
	enum pd_status status;

	if (!pd_format_writes(format))
		return pd_error_set(err, PD_ERR_UNSUPPORTED, "format '%s' is read only, not written", format->name);
	if (given)
		memcpy(&o, given, given->size && given->size < sizeof o ? given->size : sizeof o);
	status = format->write ? format->write(doc, out, &o, format_opts, &mine) : pd_write_timeline(doc, format, &o, format_opts, out, &mine);
	if (status == PD_OK)
		return status;
	pd_error_set(&mine, status, "%s: writing failed without a reason", format->name);
	if (err && err->status == PD_OK)
		*err = mine;
	return mine.status;
}

enum pd_status pd_save(const struct pd_doc *doc, const struct pd_format *format, const struct pd_save_opts *opts,
		       const char *const *kv, struct pd_out *out, char *lost, size_t lost_size, struct pd_error *err)
{
	enum pd_status status;
	void *format_opts;

	if (lost && lost_size)
		report_loss(doc, format->keeps, lost, lost_size);
	format_opts = pd_format_opts(format, kv, err);
	if (!format_opts)
		return err && err->status != PD_OK ? err->status : PD_ERR_USAGE;
	status = pd_save_with(doc, format, opts, format_opts, out, err);
	pd_format_opts_free(format, format_opts);
	return status;
}
