/*
 * folded - collapsed stacks, one line per distinct stack, root first:
 *
 *   mtapp;start_thread;thread_main;cpu_hot;leaf_mul 2004008
 *
 * Reading: the value is the last word (integer or decimal, exact, may be
 * negative), the stack everything before it, split at ';'. Equal stacks add
 * up. "# ..." lines are comments unless they end in a number ("# key: 100" is a
 * comment all the same). A first line "samples/count cpu/nanoseconds" names several
 * values per line. Names ending in _[k] _[j] _[i] set the kernel, JIT and
 * inlined flags and keep their text (option strip takes it off). A ';' before the
 * value and lines without a value are tolerated, the latter counted.
 *
 * Writing: lines sorted by the bytes of the stack, ';' in names becomes ':',
 * control bytes become spaces, invalid UTF-8 U+FFFD, an empty name '-', an empty
 * stack "[root]", blanks at the end of a stack go (they belong to the separator
 * when read). Equal lines are added up, zero sums left out. The value of the
 * root label (perf: the command, blanks as '_') is the first frame.
 */
#include "base/span.h"
#include "common/folded_read.h"
#include "common/folded_write.h"
#include "common/text.h"

struct folded_opts {
	bool strip;
	const char *unit;
	struct pd_folded_style style;
};

/* ---- reading ---- */

static enum pd_status folded_read(struct pd_source *src, struct pd_sink *sink, const void *opts)
{
	const struct folded_opts *o = opts;
	const char *unit = o->unit ? pd_unit_name(span_of(o->unit)) : NULL, *type = unit && span_ends(span_of(unit), "seconds") ? "time" : "samples";

	return pd_folded_read(src, sink, &(struct pd_folded_layout){ .columns = 1, .types = &type, .header = true, .unit = unit ? unit : o->unit, .strip = o->strip });
}

static bool folded_ends_record(struct pd_span line)
{
	(void)line;
	return true;
}

/* The last resort among text formats: most lines end in a number, and there are stacks or nothing else. */
static enum pd_sniff folded_sniff(const struct pd_probe *p)
{
	unsigned good = 0, bad = 0, stacks = 0, named = 0;

	if (!p->is_text || p->json_top)
		return PD_SNIFF_NO;
	for (unsigned i = 0; i < p->n_lines; i++) {
		struct pd_span line = span_rtrim(p->lines[i]), stack = line, value = line;
		bool cut;

		while (stack.n && !span_is_blank(stack.p[stack.n - 1]))
			stack.n--;
		cut = stack.n != 0;
		value = span_skip(line, stack.n);
		if (!line.n || line.p[0] == '#') /* a comment, nearly always */
			continue;
		if (pd_folded_is_value(value)) {
			good++;
			named += cut && span_trim(stack).n;
			stacks += cut && span_find(stack, ';') != NULL;
		} else if (good || bad || !span_search(line, SPAN("/"))) { /* not a first line "samples/count" */
			bad++;
		}
	}
	if (!good && !bad)
		return p->at_end ? PD_SNIFF_NO : PD_SNIFF_MORE;
	if (good < 2 * bad || !good)
		return PD_SNIFF_NO;
	if (stacks || (named && named >= 8 * bad)) /* names with numbers may be anything: few odd lines among them, no more */
		return PD_SNIFF_WEAK;
	return PD_SNIFF_NO;
}

/* ---- the format ---- */

static enum pd_status folded_write(const struct pd_doc *doc, struct pd_out *out, const struct pd_save_opts *save, const void *opts, struct pd_error *err)
{
	const struct folded_opts *o = opts;

	return pd_folded_write(doc, out, save, &o->style, err);
}

static const struct pd_opt folded_opts[] = {
	{ .name = "strip", .help = "reading: take the suffixes _[k] _[j] _[i] off names (default: keep them)", .kind = PD_OPT_BOOL, .offset = PD_AT(struct folded_opts, strip, bool) },
	{ .name = "unit", .value = "UNIT", .help = "reading: what values are: ns, us, ms, s, bytes (default: count)", .kind = PD_OPT_STR, .offset = PD_AT(struct folded_opts, unit, const char *) },
	{ .name = "annotate", .value = "KINDS", .help = "writing: mark kernel,jit,inline frames with _[k] _[j] _[i] (default: none)", .kind = PD_OPT_STR, .offset = PD_AT(struct folded_opts, style.annotate, const char *) },
	{ .name = "root", .value = "KEY", .help = "writing: label whose value is the root frame, empty for none (default: the profile's own, comm for perf)", .kind = PD_OPT_STR, .offset = PD_AT(struct folded_opts, style.root, const char *) },
	{ .kind = PD_OPT_END },
};

const struct pd_format pd_format_folded = {
	.name = "folded",
	.summary = "collapsed stacks, 'frame;frame VALUE' per line",
	.aliases = (const char *const[]){ "collapsed", NULL },
	.suffixes = (const char *const[]){ ".folded", ".collapsed", NULL },
	.keeps = PD_KEEPS_NEGATIVE | PD_KEEPS_DECIMALS,
	.opts_size = sizeof(struct folded_opts), .opts = folded_opts,
	.sniff = folded_sniff,
	.read = folded_read,
	.write = folded_write,
	.ends_record = folded_ends_record,
};
