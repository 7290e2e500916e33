/* profdata tags: labels of the samples and what they weigh. */
#include "samples.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Rows of one key from `first` on; returns the row after them. *fits is false when their sum does not fit into 64 bits. */
static size_t key_end(const struct pd_tag_row *rows, size_t n, size_t first, int64_t *total, bool *fits)
{
	size_t i = first;

	*total = 0;
	*fits = true;
	for (; i < n && !strcmp(rows[i].key, rows[first].key); i++) {
		int64_t v = rows[i].flat;

		if (v > 0 ? *total > INT64_MAX - v : *total < INT64_MIN - v)
			*fits = false;
		else
			*total += v;
	}
	return i;
}

static int characters(const char *text)
{
	int n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

/* "1.10s (33.33%):", without the percentage when there is no total. */
static void weight_text(const struct report *r, int64_t value, char *buf, size_t room)
{
	char amount[256], percent[32] = "";

	pd_format_amount(amount, sizeof(amount), value, &r->amount);
	if (r->total > 0)
		pd_format_percent(percent, sizeof(percent), value, r->total);
	snprintf(buf, room, r->total > 0 ? "%s (%s):" : "%s%s:", amount, percent);
}

static void print_key_line(const struct report *r, struct pd_out *out, const char *key, int64_t total)
{
	char amount[256], whole[256], percent[32];

	pd_format_amount(amount, sizeof(amount), total, &r->amount);
	pd_format_amount(whole, sizeof(whole), r->total, &r->amount);
	pd_out_write(out, " ", 1);
	report_text(out, key);
	pd_out_printf(out, ": Total %s of %s", amount, whole);
	if (r->total > 0) {
		pd_format_percent(percent, sizeof(percent), total, r->total);
		pd_out_printf(out, " (%s)", percent);
	}
	pd_out_write(out, "\n", 1);
}

/* Two columns, aligned to the right: the key or nothing, the weight. */
static void print_key(const struct report *r, struct pd_out *out, const struct pd_tag_row *rows, size_t n)
{
	int indent = characters(rows[0].key) + 2, width = 0;
	char text[320];

	for (size_t i = 0; i < n; i++) {
		weight_text(r, rows[i].flat, text, sizeof(text));
		width = characters(text) > width ? characters(text) : width;
	}
	for (size_t i = 0; i < n; i++) {
		weight_text(r, rows[i].flat, text, sizeof(text));
		pd_out_printf(out, "%*s", indent + 1 + width - characters(text), "");
		report_text(out, text);
		pd_out_write(out, " ", 1);
		report_text(out, rows[i].value);
		pd_out_write(out, "\n", 1);
	}
	pd_out_write(out, "\n", 1);
}

static int print_text(const struct report *r, struct pd_out *out, const struct pd_tag_row *rows, size_t n)
{
	for (size_t i = 0; i < n;) {
		int64_t total;
		bool fits;
		size_t end = key_end(rows, n, i, &total, &fits);

		if (!fits)
			return cmd_errorf(r->ctx, "the sum of label %s does not fit into 64 bits", rows[i].key);
		print_key_line(r, out, rows[i].key, total);
		print_key(r, out, rows + i, end - i);
		i = end;
	}
	return 0;
}

static int print_json(struct report *r, struct pd_out *out, const struct pd_tag_row *rows, size_t n)
{
	struct cmd_json *j = cmd_json_new(out);

	if (!j)
		return cmd_errorf(r->ctx, "out of memory");
	cmd_json_object(j, NULL);
	cmd_json_head(r->ctx, j, "profdata.tags/1");
	cmd_json_object(j, "sample_type");
	cmd_json_string(j, "type", r->type, strlen(r->type));
	cmd_json_string(j, "unit", r->amount.unit, strlen(r->amount.unit));
	cmd_json_end(j);
	cmd_json_decimal(j, "total", r->total, r->amount.decimals);
	cmd_json_array(j, "rows");
	for (size_t i = 0; i < n; i++) {
		cmd_json_object(j, NULL);
		cmd_json_string(j, "key", rows[i].key, strlen(rows[i].key));
		cmd_json_string(j, "value", rows[i].value, strlen(rows[i].value));
		if (rows[i].has_num) {
			cmd_json_int(j, "number", rows[i].num);
			cmd_json_string(j, "unit", rows[i].unit, strlen(rows[i].unit));
		}
		cmd_json_decimal(j, "flat", rows[i].flat, r->amount.decimals);
		cmd_json_end(j);
	}
	cmd_json_end(j);
	cmd_json_end(j);
	cmd_json_free(j);
	return 0;
}

static int print_csv(struct pd_out *out, const struct pd_tag_row *rows, size_t n)
{
	char number[32];

	pd_out_puts(out, "key,value,flat\n");
	for (size_t i = 0; i < n; i++) {
		int len = snprintf(number, sizeof(number), "%" PRId64, rows[i].flat);

		cmd_csv_field(out, rows[i].key, strlen(rows[i].key), false);
		cmd_csv_field(out, rows[i].value, strlen(rows[i].value), false);
		cmd_csv_field(out, number, (size_t)len, true);
	}
	return 0;
}

static int tags_run(struct cmd_ctx *ctx, void *args, char **operands, size_t n)
{
	struct report_args *a = args;
	struct samples s;
	struct pd_tag_table *table = NULL;
	const struct pd_tag_row *rows = NULL;
	struct pd_error err = { 0 };
	struct pd_out *out = NULL;
	int status = samples_open(ctx, &s, &a->input, &a->select, &a->report, operands, n);
	size_t count;

	if (status == 0 && a->report.json && a->report.csv)
		status = cmd_errorf(ctx, "--json and --csv exclude each other");
	if (status == 0) {
		table = pd_tag_table_new(s.r.doc, s.r.sample_type, s.units, s.r.amount.to, &err);
		status = table ? 0 : cmd_fail(ctx, &err);
	}
	if (status == 0) {
		out = cmd_text_open(ctx, &a->output);
		status = out ? 0 : 2;
	}
	if (status == 0) {
		count = pd_tag_table_rows(table, &rows);
		status = a->report.json ? print_json(&s.r, out, rows, count) : a->report.csv ? print_csv(out, rows, count) : print_text(&s.r, out, rows, count);
		status = cmd_out_close(ctx, out, status);
	}
	pd_tag_table_free(table);
	samples_close(&s);
	return status;
}

static const char *const tags_examples[] = {
	"profdata tags cpu.pb.gz", "all labels",
	"profdata tags --tagshow '^client$' cpu.pb.gz", "one label",
	"profdata tags --focus 'main' --json cpu.pb.gz", "labels of the samples that pass through main",
	NULL,
};

const struct pd_cmd pd_cmd_tags = {
	.name = "tags",
	.summary = "labels of the samples and what they weigh",
	.usage = "[OPTIONS] [INPUT...]",
	.about = "For every label key: what the samples with that label add up to, and the share of every value,\n"
		 "heaviest first. Numeric labels are printed with their unit; numbers that print alike are added up\n"
		 "(--unit chooses the unit). Percentages are of the whole profile before any selection, or of what\n"
		 "is selected with --relative-percentages. --json and --csv give exact integers.",
	.examples = tags_examples,
	.args_size = sizeof(struct report_args),
	.opts = report_args_opts,
	.defaults = report_args_defaults,
	.run = tags_run,
};
