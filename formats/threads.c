/*
 * threads - where every thread is, for people: thread dumps of `profdata record --dump` and goroutine profiles as text. Written only.
 *
 *   process 4711 (server), dump 1, 2026-11-23 03:12:09.250 UTC: 9 threads, 1 running, 8 sleeping
 *
 *   "server" tid 4711: sleeping in epoll_wait (ep_poll), 1.204 s of CPU time
 *       epoll_wait                       [libc.so.6]
 *       serve                            src/server.c:211
 *       main                             src/server.c:302
 *
 * Threads with the same stack that do the same stand together. Those that run come first, then those that cannot be interrupted,
 * then the others; among these the groups with the fewest threads first: the odd one out is what is looked for at night.
 */
#include "base/span.h"
#include "base/vec.h"
#include "common/escape.h"
#include <profdata/format.h>

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define NAME_COLUMN 40 /* files stand behind it */

struct row {
	uint32_t stack;
	int64_t count, time;
	int64_t pid, tid, cpu, dump;       /* -1: not known */
	pd_str comm, thread, state, syscall, wait, when;
	unsigned rank;
};

struct writer {
	const struct pd_doc *doc;
	struct pd_out *out;
	PD_VEC(struct row) row;
	pd_frame *path;
};

static void put(struct writer *w, const char *fmt, ...) PD_PRINTF(2, 3);
static void put(struct writer *w, const char *fmt, ...)
{
	char line[512];
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	if (n > 0)
		pd_out_write(w->out, line, (size_t)n < sizeof(line) ? (size_t)n : sizeof(line) - 1);
}

/* Text of others, without anything that moves a terminal's cursor. Returns its length in bytes. */
static size_t put_text(struct writer *w, pd_str s)
{
	struct pd_span text = pd_doc_string(w->doc, s);
	uint32_t cp;
	bool valid;

	for (size_t i = 0, len; i < text.n; i += len) {
		len = esc_utf8_next(text.p + i, text.n - i, &cp, &valid);
		if (valid && cp >= 0x20 && !(cp >= 0x7f && cp <= 0x9f) && !(cp >= 0x2028 && cp <= 0x202e) && !(cp >= 0x2066 && cp <= 0x2069))
			pd_out_write(w->out, text.p + i, len);
		else
			pd_out_write(w->out, "?", 1);
	}
	return text.n;
}

/* ---- rows ---- */

static unsigned rank_of(struct pd_span state)
{
	static const char *const order[] = { "running", "on", "runnable", "uninterruptible", NULL };

	for (unsigned i = 0; order[i]; i++)
		if (span_is(state, order[i]))
			return i;
	return 9;
}

static void labels_of(struct writer *w, pd_labels set, struct row *row)
{
	static const struct {
		const char *key;
		size_t at;
		bool number;
	} keys[] = { { "pid", offsetof(struct row, pid), true }, { "tid", offsetof(struct row, tid), true }, { "cpu", offsetof(struct row, cpu), true },
		     { "dump", offsetof(struct row, dump), true }, { "goroutine", offsetof(struct row, tid), true }, { "comm", offsetof(struct row, comm), false },
		     { "thread", offsetof(struct row, thread), false }, { "state", offsetof(struct row, state), false },
		     { "syscall", offsetof(struct row, syscall), false }, { "wait", offsetof(struct row, wait), false },
		     { "dump_time", offsetof(struct row, when), false } };
	const struct pd_label *l;
	size_t n = pd_doc_labels(w->doc, set, &l);

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < PD_ARRAY_LEN(keys); k++) {
			if (keys[k].number != (l[i].kind == PD_LABEL_NUM) || !span_is(pd_doc_string(w->doc, l[i].key), keys[k].key))
				continue;
			if (keys[k].number)
				memcpy((char *)row + keys[k].at, &l[i].num, sizeof(l[i].num));
			else
				memcpy((char *)row + keys[k].at, &l[i].str, sizeof(l[i].str));
		}
	row->rank = rank_of(pd_doc_string(w->doc, row->state));
}

static bool collect(struct writer *w, const struct pd_sample_type *type)
{
	struct pd_rows rows;

	for (uint64_t at = 0; (rows.n = pd_series_rows(w->doc, type->series, at, &rows)) > 0; at += rows.n)
		for (size_t i = 0; i < rows.n; i++) {
			struct row row = { .stack = rows.stack[i].v, .count = rows.value[type->column][i], .pid = -1, .tid = -1, .cpu = -1, .dump = -1 };

			row.time = rows.time ? rows.time[i] : PD_NO_TIME;
			labels_of(w, rows.labels[i], &row);
			if (row.count && !pd_vec_push(&w->row, row))
				return false;
		}
	return true;
}

/* ---- groups ---- */

static int cmp(int64_t a, int64_t b) { return a < b ? -1 : a > b; }

static int by_dump(const struct row *a, const struct row *b)
{
	int c = cmp(a->dump, b->dump);

	return c ? c : cmp(a->pid, b->pid);
}

/* What makes threads stand together. */
static int by_place(const void *pa, const void *pb)
{
	const struct row *a = pa, *b = pb;
	int c = by_dump(a, b);

	if (!c)
		c = cmp(a->rank, b->rank);
	if (!c)
		c = cmp(a->stack, b->stack);
	if (!c)
		c = cmp(a->state.v, b->state.v);
	if (!c)
		c = cmp(a->syscall.v, b->syscall.v);
	return c ? c : cmp(a->wait.v, b->wait.v);
}

static int by_place_and_tid(const void *pa, const void *pb)
{
	const struct row *a = pa, *b = pb;
	int c = by_place(a, b);

	return c ? c : cmp(a->tid, b->tid);
}

struct group {
	const struct row *first;
	size_t n;
	int64_t count;
};

static int by_interest(const void *pa, const void *pb)
{
	const struct group *a = pa, *b = pb;
	int c = by_dump(a->first, b->first);

	if (!c)
		c = cmp(a->first->rank, b->first->rank);
	if (!c)
		c = cmp(a->first->state.v, b->first->state.v);
	if (!c)
		c = cmp(a->count, b->count);
	return c ? c : cmp(a->first->tid, b->first->tid);
}

/* ---- text ---- */

static void put_time(struct writer *w, int64_t ns)
{
	put(w, ", %" PRId64 ".%03" PRId64 " s of CPU time", ns / 1000000000, ns / 1000000 % 1000);
}

static void put_who(struct writer *w, const struct row *row)
{
	pd_str name = row->thread.v ? row->thread : row->comm;

	if (name.v) {
		put(w, "\"");
		put_text(w, name);
		put(w, "\"");
	}
	if (row->tid >= 0)
		put(w, "%s%s %" PRId64, name.v ? " " : "", row->pid >= 0 ? "tid" : "goroutine", row->tid);
	if (!name.v && row->tid < 0)
		put(w, "%" PRId64 " thread%s", row->count, row->count == 1 ? "" : "s");
}

/* What a thread in the kernel's lock call waits for, by libc's function that made it; NULL: not known. */
static const char *waits_for(const struct writer *w, uint32_t stack)
{
	static const struct {
		const char *in, *what;
	} known[] = { { "lll_lock_wait_private", "a lock of libc" }, { "lll_lock_wait", "a mutex" }, { "pthread_mutex_", "a mutex" }, { "pthread_rwlock_", "a rwlock" },
		      { "pthread_cond_", "a condition" }, { "sem_wait", "a semaphore" }, { "sem_timedwait", "a semaphore" }, { "sem_clockwait", "a semaphore" },
		      { "pthread_join", "a thread to end" }, { "pthread_timedjoin", "a thread to end" }, { "pthread_clockjoin", "a thread to end" },
		      { "pthread_barrier_wait", "a barrier" } };
	size_t n = stack ? pd_doc_stack(w->doc, (pd_stack){ stack }, PD_LEAF_FIRST, w->path) : 0;

	for (size_t i = 0; i < n && i < 6; i++) {
		struct pd_frame_desc f;

		pd_doc_frame(w->doc, w->path[i], &f);
		for (uint32_t k = 0; k < f.n_lines; k++) {
			struct pd_func_desc fn;
			struct pd_span name;

			pd_doc_func(w->doc, f.lines[k].func, &fn);
			name = pd_doc_string(w->doc, fn.name);
			for (size_t j = 0; j < PD_ARRAY_LEN(known); j++)
				if (memmem(name.p, name.n, known[j].in, strlen(known[j].in)))
					return known[j].what;
		}
	}
	return NULL;
}

static void put_state(struct writer *w, const struct row *row)
{
	const char *what = span_is(pd_doc_string(w->doc, row->syscall), "futex") ? waits_for(w, row->stack) : NULL;

	put(w, ": ");
	if (row->state.v)
		put_text(w, row->state);
	else
		put(w, "state not known");
	if (row->syscall.v) {
		put(w, " in ");
		put_text(w, row->syscall);
	}
	if (what)
		put(w, " for %s", what);
	if (row->wait.v) {
		put(w, " (");
		put_text(w, row->wait);
		put(w, ")");
	}
}

static struct pd_span last_part(struct pd_span path)
{
	const char *slash = span_rfind(path, '/');

	return slash ? span_between(slash + 1, path.p + path.n) : path;
}

/* NAME, then FILE:LINE or [OBJECT]. */
static void put_line(struct writer *w, const struct pd_frame_desc *f, const struct pd_line *line, bool inlined)
{
	struct pd_mapping_desc m = { .start = 0 };
	struct pd_func_desc fn = { .start_line = 0 };
	struct pd_span object = { "", 0 };
	size_t n;

	if (line)
		pd_doc_func(w->doc, line->func, &fn);
	if (f->mapping.v) {
		pd_doc_mapping(w->doc, f->mapping, &m);
		object = last_part(pd_doc_string(w->doc, m.file));
	}
	put(w, "    ");
	if (fn.name.v) {
		n = put_text(w, fn.name);
	} else {
		put(w, "0x%" PRIx64, f->address);
		n = 18;
	}
	if (inlined) {
		put(w, " (inlined)");
		n += 10;
	}
	if (!fn.file.v && !object.n) {
		put(w, "\n");
		return;
	}
	put(w, "%*s ", n < NAME_COLUMN ? (int)(NAME_COLUMN - n) : 1, "");
	if (fn.file.v) {
		put_text(w, fn.file);
		if (line->line)
			put(w, ":%" PRId64, line->line);
	} else {
		put(w, "[%.*s]", (int)(object.n < 200 ? object.n : 200), object.p);
	}
	put(w, "\n");
}

static void put_stack(struct writer *w, uint32_t stack)
{
	size_t n = stack ? pd_doc_stack(w->doc, (pd_stack){ stack }, PD_LEAF_FIRST, w->path) : 0;
	struct pd_frame_desc f;

	if (!n)
		put(w, "    (no stack)\n");
	for (size_t i = 0; i < n; i++) {
		pd_doc_frame(w->doc, w->path[i], &f);
		for (uint32_t k = 0; k < f.n_lines; k++)
			put_line(w, &f, &f.lines[k], k + 1 < f.n_lines);
		if (!f.n_lines)
			put_line(w, &f, NULL, false);
	}
}

static void put_group(struct writer *w, const struct group *g)
{
	put(w, "\n");
	if (g->n == 1) {
		put_who(w, g->first);
		put_state(w, g->first);
		if (g->first->cpu >= 0)
			put_time(w, g->first->cpu);
		put(w, "\n");
	} else {
		put(w, "%" PRId64 " threads", g->count);
		put_state(w, g->first);
		put(w, "\n");
		for (size_t i = 0; i < g->n; i++) {
			put(w, "  ");
			put_who(w, &g->first[i]);
			if (g->first[i].cpu >= 0)
				put_time(w, g->first[i].cpu);
			put(w, "\n");
		}
	}
	put_stack(w, g->first->stack);
}

/* process 4711 (server), dump 1, 2026-11-23 03:12:09.250 UTC: 9 threads, 1 running, 8 sleeping */
static void put_head(struct writer *w, const struct group *g, size_t n)
{
	const struct row *row = g->first;
	const struct pd_meta *meta = pd_doc_meta(w->doc);
	int64_t all = 0, at = meta->time_nanos;
	char when[64];
	struct tm tm;
	time_t t;

	for (size_t i = 0; i < n; i++)
		all += g[i].count;
	t = (time_t)(at / 1000000000);
	if (row->pid >= 0)
		put(w, "process %" PRId64, row->pid);
	else
		put(w, "all");
	if (row->comm.v) {
		put(w, " (");
		put_text(w, row->comm);
		put(w, ")");
	}
	if (row->dump > 0)
		put(w, ", dump %" PRId64, row->dump);
	if (row->when.v) {
		put(w, ", ");
		put_text(w, row->when);
	} else if (at && gmtime_r(&t, &tm) && strftime(when, sizeof(when), ", %Y-%m-%d %H:%M:%S UTC", &tm))
		put(w, "%s", when);
	put(w, ": %" PRId64 " %s%s", all, row->pid >= 0 ? "thread" : "goroutine", all == 1 ? "" : "s");
	for (size_t i = 0, k; i < n; i = k) { /* groups of a state stand together */
		int64_t of_it = 0;

		for (k = i; k < n && g[k].first->state.v == g[i].first->state.v; k++)
			of_it += g[k].count;
		if (!g[i].first->state.v)
			continue;
		put(w, ", %" PRId64 " ", of_it);
		put_text(w, g[i].first->state);
	}
	put(w, "\n");
}

static bool put_groups(struct writer *w)
{
	PD_VEC(struct group) group = { 0 };

	if (w->row.n > 1)
		qsort(w->row.v, w->row.n, sizeof(*w->row.v), by_place_and_tid);
	for (size_t i = 0, k; i < w->row.n; i = k) {
		struct group g = { .first = &w->row.v[i] };

		for (k = i; k < w->row.n && by_place(&w->row.v[i], &w->row.v[k]) == 0; k++)
			g.count += w->row.v[k].count;
		g.n = k - i;
		if (!pd_vec_push(&group, g)) {
			pd_vec_release(&group);
			return false;
		}
	}
	if (group.n > 1)
		qsort(group.v, group.n, sizeof(*group.v), by_interest);
	for (size_t i = 0, k; i < group.n; i = k) {
		for (k = i; k < group.n && by_dump(group.v[i].first, group.v[k].first) == 0; k++)
			;
		put(w, i ? "\n" : "");
		put_head(w, &group.v[i], k - i);
		for (size_t j = i; j < k; j++)
			put_group(w, &group.v[j]);
	}
	pd_vec_release(&group);
	return true;
}

static enum pd_status threads_write(const struct pd_doc *doc, struct pd_out *out, const struct pd_save_opts *save, const void *opts, struct pd_error *err)
{
	struct writer w = { .doc = doc, .out = out };
	struct pd_sample_type type;
	int index = pd_doc_find_sample_type(doc, "threads");
	bool ok;

	(void)save;
	(void)opts;
	if (index < 0)
		index = pd_doc_find_sample_type(doc, "goroutine");
	if (index < 0)
		index = pd_doc_find_sample_type(doc, "goroutines");
	if (index < 0)
		return pd_error_set(err, PD_ERR_UNSUPPORTED, "no thread dump in this profile: expected a sample type 'threads' or 'goroutine'");
	pd_doc_sample_type(doc, (unsigned)index, &type);
	w.path = malloc((pd_doc_max_depth(doc) + 1u) * sizeof(*w.path));
	ok = w.path && collect(&w, &type) && put_groups(&w);
	free(w.path);
	pd_vec_release(&w.row);
	return ok ? PD_OK : pd_error_set(err, PD_ERR_NOMEM, "out of memory");
}

const struct pd_format pd_format_threads = {
	.name = "threads",
	.summary = "thread dumps and goroutine profiles as text for people",
	.suffixes = (const char *const[]){ ".threads", NULL },
	.keeps = PD_KEEPS_LABELS | PD_KEEPS_LINES | PD_KEEPS_INLINES | PD_KEEPS_HEADER | PD_KEEPS_ADDRESSES | PD_KEEPS_TIME | PD_KEEPS_SERIES | PD_KEEPS_TYPES,
	.write = threads_write,
};
