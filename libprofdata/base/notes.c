#include "base/notes.h"

#include <inttypes.h>

#define MOST_NOTES 256 /* kinds; literals in the code, so this is never reached by honest readers */

void pd_notes_release(struct pd_notes *n)
{
	pd_vec_release(&n->row);
	*n = (struct pd_notes){ 0 };
}

static struct pd_note_row *find(struct pd_notes *n, const char *what)
{
	if (n->last < n->row.n && n->row.v[n->last].what == what)
		return &n->row.v[n->last];
	for (size_t i = 0; i < n->row.n; i++)
		if (n->row.v[i].what == what || strcmp(n->row.v[i].what, what) == 0) {
			n->last = i;
			return &n->row.v[i];
		}
	if (n->row.n >= MOST_NOTES || !pd_vec_reserve(&n->row, 1)) {
		n->lost = true;
		return NULL;
	}
	n->last = n->row.n;
	n->row.v[n->row.n] = (struct pd_note_row){ .what = what };
	return &n->row.v[n->row.n++];
}

/* At most size - 1 bytes, control bytes as blanks, not cut inside a UTF-8 sequence. */
static void keep_text(char *out, size_t size, struct pd_span text)
{
	size_t n = text.n < size - 1 ? text.n : size - 1;

	if (n < text.n)
		while (n && ((unsigned char)text.p[n] & 0xc0) == 0x80)
			n--;
	for (size_t i = 0; i < n; i++)
		out[i] = (unsigned char)text.p[i] < 0x20 || text.p[i] == 0x7f ? ' ' : text.p[i];
	out[n] = '\0';
}

bool pd_notes_count(struct pd_notes *n, const char *what)
{
	struct pd_note_row *r = find(n, what);

	return r && r->count++ == 0;
}

void pd_notes_place(struct pd_notes *n, uint64_t line, uint64_t offset, struct pd_span text)
{
	struct pd_note_row *r = &n->row.v[n->last];

	r->line = line;
	r->offset = offset;
	keep_text(r->text, sizeof r->text, text);
}

void pd_notes_join(struct pd_notes *n, const struct pd_notes *part, uint64_t line_base)
{
	for (size_t i = 0; i < part->row.n; i++) {
		const struct pd_note_row *from = &part->row.v[i];
		struct pd_note_row *r = find(n, from->what);

		if (!r)
			continue;
		if (!r->count) {
			*r = *from;
			if (r->line)
				r->line += line_base;
		} else {
			r->count += from->count;
		}
	}
	n->lost |= part->lost;
}

const char *pd_note_example(char *buf, size_t size, const struct pd_note_row *row)
{
	if (!row->line)
		snprintf(buf, size, "@0x%" PRIx64, row->offset);
	else if (row->text[0])
		snprintf(buf, size, "line %" PRIu64 ": %s", row->line, row->text);
	else
		snprintf(buf, size, "line %" PRIu64, row->line);
	return buf;
}
