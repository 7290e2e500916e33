/* profdata traces: every sample with its labels and its stack. */
#include "samples.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEPARATOR "-----------+-------------------------------------------------------\n"

static void value_text(char *buf, size_t room, const struct samples *s, const struct pd_label *l, const char **text)
{
	*text = buf;
	if (l->kind == PD_LABEL_STR)
		*text = pd_doc_string(s->r.doc, l->str).p;
	else
		pd_format_value(buf, room, l->num, pd_label_unit(s->units, l->key), "auto");
}

/* All values of labels[0..n), which have one key, in one line. */
static char *label_line(const struct samples *s, const struct pd_label *labels, size_t n)
{
	const char *key = pd_doc_string(s->r.doc, labels[0].key).p, *text;
	size_t room = strlen(key) + 64, at, blanks = 0;
	char number[64], *line;

	for (size_t i = 0; i < n; i++) {
		value_text(number, sizeof(number), s, &labels[i], &text);
		room += strlen(text) + 1;
	}
	for (const char *p = key; *p; p++)
		blanks += ((unsigned char)*p & 0xc0) != 0x80;
	blanks = blanks < 10 ? 10 - blanks : 0;
	line = malloc(room);
	if (!line)
		return NULL;
	at = (size_t)snprintf(line, room, "%*s%s: ", (int)blanks, "", key);
	for (size_t i = 0; i < n; i++) {
		value_text(number, sizeof(number), s, &labels[i], &text);
		at += (size_t)snprintf(line + at, room - at, " %s", text);
	}
	return line;
}

/* Text labels first, then numbers. */
static bool print_labels(struct samples *s, struct pd_out *out, pd_labels set, struct texts *lines)
{
	const struct pd_label *l;
	size_t n = pd_doc_labels(s->r.doc, set, &l);

	for (int kind = PD_LABEL_STR; n && kind <= PD_LABEL_NUM; kind++) {
		texts_clear(lines);
		for (size_t i = 0, same; i < n; i += same) {
			for (same = 1; i + same < n && l[i + same].key.v == l[i].key.v && l[i + same].kind == l[i].kind; same++)
				;
			if ((int)l[i].kind == kind && !texts_add(lines, label_line(s, l + i, same)))
				return false;
		}
		texts_sort(lines); /* as whole lines */
		for (size_t i = 0; i < lines->n; i++) {
			report_text(out, lines->v[i]);
			pd_out_write(out, "\n", 1);
		}
	}
	return true;
}

static void print_stack(struct samples *s, struct pd_out *out, struct pd_frame_names *names, const pd_frame *stack, size_t depth, int64_t value)
{
	bool first = true;

	for (size_t i = 0; i < depth; i++) {
		uint32_t lines = pd_frame_names_count(names, stack[i]);

		for (uint32_t k = 0; k < lines; k++) {
			if (first)
				report_value(&s->r, out, value, 10);
			else
				pd_out_write(out, "          ", 10);
			pd_out_write(out, "   ", 3);
			report_text(out, pd_frame_name(names, stack[i], k));
			if (k + 1 < lines)
				pd_out_puts(out, " (inline)\n");
			else
				pd_out_write(out, "\n", 1);
			first = false;
		}
	}
}

/* Mean: by the first value type, where it is not zero. */
static int64_t value_of(const struct samples *s, const struct pd_rows *rows, size_t i, unsigned column)
{
	int64_t v = rows->value[column][i], d = s->r.opts->mean ? rows->value[0][i] : 0;

	if (d == -1)
		return (int64_t)(0 - (uint64_t)v);
	return d ? v / d : v;
}

static bool print_samples(struct samples *s, struct pd_out *out, struct pd_frame_names *names, pd_frame *stack)
{
	struct texts lines = { 0 };
	struct pd_sample_type type;
	struct pd_rows rows;
	bool ok = true;

	pd_doc_sample_type(s->r.doc, s->r.sample_type, &type);
	for (uint64_t first = 0; ok && !pd_out_failed(out) && pd_series_rows(s->r.doc, type.series, first, &rows); first += rows.n) {
		for (size_t i = 0; ok && i < rows.n; i++) {
			size_t depth = pd_doc_stack(s->r.doc, rows.stack[i], PD_LEAF_FIRST, stack);

			if (!depth)
				continue;
			pd_out_puts(out, SEPARATOR);
			ok = print_labels(s, out, rows.labels[i], &lines);
			print_stack(s, out, names, stack, depth, value_of(s, &rows, i, type.column));
		}
	}
	texts_release(&lines);
	return ok;
}

static int print(struct samples *s, struct pd_out *out)
{
	struct pd_error err = { 0 };
	struct pd_frame_names *names = pd_frame_names_new(s->r.doc, report_granularity(s->r.opts), &err);
	pd_frame *stack = malloc(((size_t)pd_doc_max_depth(s->r.doc) + 1) * sizeof(*stack));
	int status = 0;

	if (!names) {
		status = cmd_fail(s->r.ctx, &err);
	} else {
		report_profile_lines(&s->r, out);
		if (!stack || !print_samples(s, out, names, stack))
			status = cmd_errorf(s->r.ctx, "out of memory");
		pd_out_puts(out, SEPARATOR);
	}
	pd_frame_names_free(names);
	free(stack);
	return status;
}

static int traces_run(struct cmd_ctx *ctx, void *args, char **operands, size_t n)
{
	struct report_args *a = args;
	struct samples s;
	struct pd_out *out = NULL;
	int status;

	if (a->report.json || a->report.csv)
		return cmd_errorf(ctx, "traces has no --%s; top, tree, peek and tags have", a->report.json ? "json" : "csv");
	status = samples_open(ctx, &s, &a->input, &a->select, &a->report, operands, n);

	if (status == 0) {
		out = cmd_text_open(ctx, &a->output);
		status = out ? cmd_out_close(ctx, out, print(&s, out)) : 2;
	}
	samples_close(&s);
	return status;
}

static const char *const traces_examples[] = {
	"profdata traces cpu.pb.gz", "every sample, leaf first",
	"profdata traces --focus 'main' cpu.pb.gz", "samples that pass through main",
	"profdata traces -g lines --tagfocus 'client=3' cpu.pb.gz", "with files and lines, samples of one client",
	NULL,
};

const struct pd_cmd pd_cmd_traces = {
	.name = "traces",
	.summary = "every sample with its labels and stack",
	.usage = "[OPTIONS] [INPUT...]",
	.about = "Prints the samples one by one: text labels, numeric labels, the value beside the leaf,\n"
		 "then the callers up to the root. Nothing is added up or trimmed.",
	.examples = traces_examples,
	.args_size = sizeof(struct report_args),
	.opts = report_args_opts,
	.defaults = report_args_defaults,
	.run = traces_run,
};
