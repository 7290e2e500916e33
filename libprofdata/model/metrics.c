/* Metrics of a document: rows with bins, found by name and labels while they are added. */
#include "model/index.h"

#include <math.h>
#include <profdata/metrics.h>

const char *pd_metric_kind_name(enum pd_metric_kind kind)
{
	static const char *const names[] = { "unknown", "counter", "gauge", "histogram", "summary" };

	return names[(unsigned)kind < PD_METRIC_KINDS ? kind : PD_METRIC_UNKNOWN];
}

double pd_metric_quantile_at(unsigned i)
{
	static const double at[PD_METRIC_QUANTILES] = { 0.5, 0.95, 0.99, 1 };

	return at[i < PD_METRIC_QUANTILES ? i : 0];
}

/* ---- adding ---- */

static uint32_t key_hash(const struct pd_builder *b, pd_str name, pd_labels labels)
{
	return pd_fold32(pd_hash_u64(b->key, name.v, labels.v));
}

/* Rows are numbered from 1 in the index. */
static uint32_t row_hash(const struct pd_builder *b, uint32_t row)
{
	const struct pd_metric_store *m = &b->doc->metric.v[row - 1];

	return key_hash(b, m->m.name, m->m.labels);
}

bool pd_metric_add(struct pd_builder *b, const struct pd_metric *m)
{
	struct pd_metric_store new = { .m = *m };
	struct pd_doc *d = b->doc;
	uint32_t hash, at, row;

	if (b->failed || !pd_builder_index(b, &b->metric, (uint32_t)d->metric.n + 1, row_hash))
		return false;
	if (d->metric.n >= PD_MAX_ROWS || d->metric_bin.n + m->n_bins > PD_MAX_ROWS) {
		pd_builder_fail(b, PD_ERR_LIMIT, "more than %u metrics or bins", PD_MAX_ROWS);
		return false;
	}
	if (!pd_builder_reserve(b, &d->metric, 1) || !pd_builder_reserve(b, &d->metric_bin, m->n_bins))
		return false;
	new.first = d->metric_bin.n;
	new.m.bin = NULL;
	if (m->n_bins)
		memcpy(d->metric_bin.v + d->metric_bin.n, m->bin, m->n_bins * sizeof *m->bin);
	d->metric_bin.n += m->n_bins;
	hash = key_hash(b, m->name, m->labels);
	for (row = pd_index_first(&b->metric, hash, &at); row; row = pd_index_next(&b->metric, hash, &at)) {
		struct pd_metric_store *old = &d->metric.v[row - 1];

		if (old->m.name.v == m->name.v && old->m.labels.v == m->labels.v) {
			*old = new;
			return true;
		}
	}
	d->metric.v[d->metric.n++] = new;
	pd_index_put(&b->metric, hash, at, (uint32_t)d->metric.n);
	return false;
}

/* ---- reading ---- */

size_t pd_doc_metrics(const struct pd_doc *doc)
{
	return doc->metric.n;
}

void pd_doc_metric(const struct pd_doc *doc, size_t i, struct pd_metric *out)
{
	const struct pd_metric_store *s = &doc->metric.v[i];

	*out = s->m;
	out->bin = s->m.n_bins ? doc->metric_bin.v + s->first : NULL;
}

bool pd_doc_metric_named(const struct pd_doc *doc, const char *name, struct pd_metric *out)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < doc->metric.n; i++) {
		struct pd_span s = pd_doc_string(doc, doc->metric.v[i].m.name);

		if (s.n == n && !memcmp(s.p, name, n)) {
			pd_doc_metric(doc, i, out);
			return true;
		}
	}
	return false;
}

/* ---- quantiles ---- */

/* `share` of the way through a bin. */
static struct pd_metric_quantile in_bin(const struct pd_metric_bin *bin, double share)
{
	struct pd_metric_quantile out = { .in = { bin->lo, bin->hi } };

	if (isinf(bin->lo))
		out.value = bin->hi;
	else if (isinf(bin->hi))
		out.value = bin->lo;
	else
		out.value = bin->lo * (1 - share) + bin->hi * share;
	return out;
}

static bool of_summary(const struct pd_metric *m, double q, struct pd_metric_quantile *out)
{
	for (size_t i = 0; i < m->n_bins; i++)
		if (m->bin[i].lo == q && !isnan(m->bin[i].hi)) {
			*out = (struct pd_metric_quantile){ m->bin[i].hi, { m->bin[i].hi, m->bin[i].hi } };
			return true;
		}
	return false;
}

bool pd_metric_quantile(const struct pd_metric *m, double q, struct pd_metric_quantile *out)
{
	double total = 0, below = 0;
	const struct pd_metric_bin *last = NULL;

	if (m->kind == PD_METRIC_SUMMARY)
		return of_summary(m, q, out);
	if (m->kind != PD_METRIC_HISTOGRAM || !(q >= 0 && q <= 1))
		return false;
	for (size_t i = 0; i < m->n_bins; i++)
		total += m->bin[i].n;
	if (!(total > 0))
		return false;
	for (size_t i = 0; i < m->n_bins; i++) {
		if (!(m->bin[i].n > 0))
			continue;
		last = &m->bin[i];
		if (below + last->n >= q * total) {
			*out = in_bin(last, (q * total - below) / last->n);
			return true;
		}
		below += last->n;
	}
	*out = in_bin(last, 1); /* rounding */
	return true;
}
