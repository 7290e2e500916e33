/* Threads asleep, and dumps: all threads at one moment. */
#include "record/record.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

static const char *const names[] = {
#include "record/syscall_names.h"
};

/* Why a thread sleeps, in the words `profdata wall` has for it. Files and devices are read by the same calls as the network: those say only what they are. */
static const struct {
	const char *name, *reason;
} reasons[] = {
	{ "futex", "futex" }, { "futex_waitv", "futex" }, { "nanosleep", "sleep" }, { "clock_nanosleep", "sleep" }, { "epoll_wait", "epoll" }, { "epoll_pwait", "epoll" },
	{ "epoll_pwait2", "epoll" }, { "poll", "poll" }, { "ppoll", "poll" }, { "select", "select" }, { "pselect6", "select" }, { "recvfrom", "network" },
	{ "recvmsg", "network" }, { "recvmmsg", "network" }, { "sendto", "network" }, { "sendmsg", "network" }, { "connect", "network" }, { "accept", "accept" },
	{ "accept4", "accept" }, { "fsync", "sync" }, { "fdatasync", "sync" }, { "sync_file_range", "sync" }, { "wait4", "child" }, { "waitid", "child" },
	{ "pause", "signal" }, { "rt_sigsuspend", "signal" }, { "rt_sigtimedwait", "signal" }, { "semop", "semaphore" }, { "semtimedop", "semaphore" },
	{ "pread64", "read" }, { "readv", "read" }, { "preadv", "read" }, { "pwrite64", "write" }, { "writev", "write" }, { "pwritev", "write" },
};

size_t record_syscall_labels(struct record *r, int32_t syscall, struct pd_label *l)
{
	const char *name = syscall >= 0 && (size_t)syscall < PD_ARRAY_LEN(names) ? names[syscall] : NULL, *reason = name;
	char number[24];

	if (syscall < 0)
		return 0;
	if (!name) { /* younger than the table */
		snprintf(number, sizeof(number), "syscall %d", syscall);
		name = reason = number;
	}
	for (size_t i = 0; i < PD_ARRAY_LEN(reasons); i++)
		if (strcmp(name, reasons[i].name) == 0)
			reason = reasons[i].reason;
	l[0] = (struct pd_label){ .key = pd_intern_z(r->b, "syscall"), .str = pd_intern_z(r->b, name) };
	l[1] = (struct pd_label){ .key = pd_intern_z(r->b, "reason"), .str = pd_intern_z(r->b, reason) };
	return 2;
}

enum pd_status record_sleep(struct record *r, const struct record_item *item)
{
	struct record_thread *t;
	struct pd_wire_sleep w;

	if (!record_fixed(item, &w, sizeof(w), sizeof(w)) || !r->now->begun || !r->now->process.wall_period)
		return record_note(r, "sleeps that make no sense skipped");
	t = record_thread_of(r, w.tid);
	if (t)
		record_asleep(t, w.syscall < 0 ? -1 : w.syscall);
	return PD_OK;
}

/* ---- dumps ---- */

static const char *state_word(uint32_t letter)
{
	switch (letter) {
	case 'R': return "running"; /* or waiting for a CPU: the kernel's list does not tell them apart */
	case 'S': return "sleeping";
	case 'D': return "uninterruptible";
	case 'T': return "stopped";
	case 't': return "traced";
	case 'Z': return "zombie";
	case 'I': return "idle";
	case 'X': return "dead";
	default: return NULL;
	}
}

static const char *const types[][2] = { { "threads", "count" }, { NULL, NULL } };

static unsigned series(struct record *r) { return record_series_of(r, &r->dump_series, "threads", types); }

/* One for all threads of a dump. */
static pd_str time_of(struct record *r, const struct pd_wire_dump *d)
{
	struct record_image *im = r->now;
	char day[32], text[64];
	int64_t at;
	time_t t;
	struct tm tm;

	if (im->dump == d->number && im->dump_time.v)
		return im->dump_time;
	im->dump = d->number;
	im->dump_time = (pd_str){ 0 };
	if (pd_add_overflow((int64_t)d->time, (int64_t)(im->process.realtime - im->process.monotonic), &at) || at < 0)
		return im->dump_time;
	t = (time_t)(at / 1000000000);
	if (gmtime_r(&t, &tm) && strftime(day, sizeof(day), "%Y-%m-%d %H:%M:%S", &tm)) {
		snprintf(text, sizeof(text), "%s.%03d UTC", day, (int)(at / 1000000 % 1000));
		im->dump_time = pd_intern_z(r->b, text);
	}
	return im->dump_time;
}

#define OWN 12 /* labels beside those the program has set */

static pd_labels dump_labels(struct record *r, struct record_thread *t, const struct pd_wire_dump *d, struct pd_span wait)
{
	pd_str when = time_of(r, d), span;
	struct pd_label *l;
	size_t n = 5;

	if (!pd_vec_reserve(&r->label, OWN)) {
		r->nomem = true;
		return (pd_labels){ 0 };
	}
	l = r->label.v;
	l[0] = (struct pd_label){ .key = pd_intern_z(r->b, "pid"), .kind = PD_LABEL_NUM, .num = r->now->pid };
	l[1] = (struct pd_label){ .key = pd_intern_z(r->b, "tid"), .kind = PD_LABEL_NUM, .num = d->tid };
	l[2] = (struct pd_label){ .key = pd_intern_z(r->b, "comm"), .str = r->now->comm };
	l[3] = (struct pd_label){ .key = pd_intern_z(r->b, "cpu"), .kind = PD_LABEL_NUM, .num = (int64_t)d->cpu, .unit = pd_intern_z(r->b, "nanoseconds") };
	l[4] = (struct pd_label){ .key = pd_intern_z(r->b, "dump"), .kind = PD_LABEL_NUM, .num = d->number };
	if (when.v)
		l[n++] = (struct pd_label){ .key = pd_intern_z(r->b, "dump_time"), .str = when };
	if (t->name.v)
		l[n++] = (struct pd_label){ .key = pd_intern_z(r->b, "thread"), .str = t->name };
	if (state_word(d->state))
		l[n++] = (struct pd_label){ .key = pd_intern_z(r->b, "state"), .str = pd_intern_z(r->b, state_word(d->state)) };
	n += record_syscall_labels(r, d->syscall, l + n);
	if (wait.n)
		l[n++] = (struct pd_label){ .key = pd_intern_z(r->b, "wait"), .str = pd_intern(r->b, wait.p, wait.n) };
	span = record_span(r, t);
	if (span.v)
		l[n++] = (struct pd_label){ .key = pd_intern_z(r->b, "span"), .str = span };
	n = record_label_add(r, t, n);
	return pd_labels_of(r->b, r->label.v, n);
}

enum pd_status record_dump(struct record *r, const struct record_item *item)
{
	struct pd_sample s = { .has_time = true };
	struct record_thread *t;
	struct pd_wire_dump d;
	struct pd_span wait;
	size_t at = 0;

	if (!record_fixed(item, &d, sizeof(d), sizeof(d)) || !record_tail(item, &at, d.wait_size, &wait) || !r->now->begun || d.time > INT64_MAX || d.cpu > INT64_MAX ||
	    (d.stack && !record_stack_of(r, d.stack, d.time, &s.stack)))
		return record_note(r, "threads of dumps that make no sense skipped");
	t = record_thread_of(r, d.tid);
	if (!t)
		return PD_OK;
	s.time = (int64_t)d.time;
	s.labels = dump_labels(r, t, &d, wait);
	pd_sample_add(r->b, series(r), &s, (int64_t[]){ 1 });
	return PD_OK;
}

enum pd_status record_dump_begin(struct record *r, const struct record_item *item)
{
	struct pd_wire_dump_begin d;

	if (!record_fixed(item, &d, sizeof(d), sizeof(d)) || !r->now->begun)
		return record_note(r, "beginnings of dumps that make no sense skipped");
	series(r);
	return PD_OK;
}

enum pd_status record_dump_end(struct record *r, const struct record_item *item)
{
	struct pd_wire_dump_end d;

	if (!record_fixed(item, &d, sizeof(d), sizeof(d)))
		return record_note(r, "ends of dumps that make no sense skipped");
	r->dump = d;
	r->dumps++;
	return PD_OK;
}

void record_dump_facts(struct record *r)
{
	struct pd_meta *m = pd_builder_meta(r->b);

	if (r->dump_series == RECORD_NONE)
		return;
	if (r->dumps)
		record_say(r, "record.dumps: %" PRIu64 ", the last of %u threads", r->dumps, r->dump.threads);
	if (r->dump.stopped_most)
		record_say(r, "record.dump_stopped: p50 %.3g us, most %.3g us for one thread", (double)r->dump.stopped_p50 / 1e3, (double)r->dump.stopped_most / 1e3);
	if (m->period) /* something else was recorded as well */
		return;
	m->period = 1;
	m->period_type = pd_intern_z(r->b, "threads");
	m->period_unit = pd_intern_z(r->b, "count");
	m->default_sample_type = m->period_type;
}
