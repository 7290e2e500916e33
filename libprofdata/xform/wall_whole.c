/*
 * Samples of all threads, running or not. A stack in n of T ticks took n / T of
 * the time. T is not in the files: it is found again as the count of the goroutines
 * that were there in every tick. Whether a thread ran is told by a CPU profile of the
 * same time, as far as that goes; without one by the stack alone.
 */
#include "xform/wall.h"

#include "base/error.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define FGPROF_HZ 99.0

/* What it means to be seen there. */
enum posture { MAY_RUN, PARKED, SYSCALL };

static const struct {
	const char *name;
	enum posture posture;
	const char *why;
} leaves[] = {
	{ "runtime.gopark", PARKED, NULL }, { "runtime.goparkunlock", PARKED, NULL }, { "runtime.notetsleepg", SYSCALL, "syscall" }, { "runtime.futex", PARKED, "futex" },
	{ "syscall.Syscall", SYSCALL, "syscall" }, { "syscall.Syscall6", SYSCALL, "syscall" }, { "syscall.RawSyscall6", SYSCALL, "syscall" }, { "syscall.syscall", SYSCALL, "syscall" },
	{ "internal/runtime/syscall.Syscall6", SYSCALL, "syscall" }, { "runtime/internal/syscall.Syscall6", SYSCALL, "syscall" }, { "runtime.cgocall", SYSCALL, "cgo call" },
	{ "epoll_wait", PARKED, "epoll" }, { "poll", PARKED, "poll" }, { "select", PARKED, "select" }, { "nanosleep", PARKED, "sleep" }, { "clock_nanosleep", PARKED, "sleep" },
	{ "pthread_cond_wait", PARKED, "condition" }, { "pthread_cond_timedwait", PARKED, "condition" }, { "__lll_lock_wait", PARKED, "lock" }, { "futex_wait", PARKED, "futex" },
	{ "read", SYSCALL, "read" }, { "recv", PARKED, "network" }, { "accept", PARKED, "accept" }, { "accept4", PARKED, "accept" },
};

/* What a parked goroutine waits for: the frame that parked it. */
static const struct {
	const char *prefix, *why;
} parks[] = {
	{ "runtime.chanrecv", "chan receive" }, { "runtime.chansend", "chan send" }, { "runtime.selectgo", "select" }, { "runtime.block", "select (no cases)" },
	{ "runtime.semacquire", "sync" }, { "sync.runtime_Sem", "sync" }, { "runtime.notifyListWait", "sync.Cond" }, { "sync.runtime_notifyListWait", "sync.Cond" },
	{ "runtime.netpollblock", "IO wait" }, { "internal/poll.runtime_pollWait", "IO wait" }, { "runtime.timeSleep", "sleep" }, { "time.Sleep", "sleep" },
	{ "runtime.bgsweep", "GC sweep wait" }, { "runtime.bgscavenge", "GC scavenge wait" }, { "runtime.gcBgMarkWorker", "GC worker (idle)" },
	{ "runtime.forcegchelper", "force gc (idle)" }, { "runtime.runfinq", "finalizer wait" },
};

/* Paths of names: both profiles have their own frames, names are what they share. */
struct path {
	uint32_t parent; /* row */
	double own, left, cpu, fill;
};

struct split {
	struct pd_wall *w;
	struct wall_index index;
	PD_VEC(struct path) path; /* row 0 is the root; parents before children */
	double cpu, unplaced;
};

static struct pd_span frame_name(const struct pd_doc *doc, pd_frame frame, uint32_t line)
{
	struct pd_frame_desc d;
	struct pd_func_desc f;

	pd_doc_frame(doc, frame, &d);
	if (line >= d.n_lines)
		return (struct pd_span){ "", 0 };
	pd_doc_func(doc, d.lines[line].func, &f);
	return pd_doc_string(doc, f.name);
}

static uint32_t frame_lines(const struct pd_doc *doc, pd_frame frame)
{
	struct pd_frame_desc d;

	pd_doc_frame(doc, frame, &d);
	return d.n_lines;
}

/* Row of a stack of the result; with `make` all of it, else as far as it is known. */
static uint32_t path_of(struct split *s, pd_stack stack, bool make, bool *ok)
{
	const struct pd_doc *doc = pd_builder_view(s->w->b);
	uint32_t depth = pd_doc_stack_depth(doc, stack), at = 0;
	pd_frame *frames = malloc(((size_t)depth + 1) * sizeof *frames);

	*ok = frames != NULL;
	if (frames)
		pd_doc_stack(doc, stack, PD_ROOT_FIRST, frames);
	for (uint32_t i = 0; i < depth && *ok; i++)
		for (uint32_t l = frame_lines(doc, frames[i]); l-- > 0 && *ok;) {
			struct pd_span name = frame_name(doc, frames[i], l);
			uint32_t *row;
			bool fresh;
			pd_str id;

			if (at == 0 && (span_is(name, "runtime.goexit") || span_is(name, "runtime.goexit1")))
				continue; /* only one of the two profiles has it */
			if (!pd_doc_find_string(doc, name.p, name.n, &id))
				id.v = 0;
			row = wall_index_put(&s->index, (uint64_t)at << 32 | id.v, 1, (uint32_t)s->path.n, &fresh);
			if (!row) {
				*ok = false;
			} else if (fresh && !make) {
				*row = 0; /* takes the slot back */
				s->index.used--;
				free(frames);
				return at;
			} else if (fresh && !pd_vec_push(&s->path, ((struct path){ .parent = at }))) {
				*ok = false;
			} else {
				at = *row - 1;
			}
		}
	free(frames);
	return at;
}

/*
 * Processor time goes to the stacks below the deepest common path that may have run, in equal shares of what they
 * have; what does not fit there tries the path above. Children come after parents, so one pass up is enough.
 */
static void pour(struct split *s)
{
	for (size_t i = s->path.n; i-- > 1;) {
		struct path *p = &s->path.v[i], *up = &s->path.v[p->parent];
		double have = p->own + p->left, take = p->cpu < have ? p->cpu : have;

		p->fill = have > 0 ? take / have : 0;
		up->left += have - take;
		if (p->parent)
			up->cpu += p->cpu - take;
		else
			s->unplaced += p->cpu - take;
	}
	for (size_t i = 1; i < s->path.n; i++) { /* share of the time of this path that ran */
		struct path *p = &s->path.v[i];

		p->fill = 1 - (1 - p->fill) * (1 - s->path.v[p->parent].fill);
	}
}

/* ---- what a stack says ---- */

static enum posture posture_of(const struct pd_wall *w, pd_stack stack, const char **why)
{
	const struct pd_doc *doc = pd_builder_view(w->b);
	const pd_frame *run;
	enum posture posture = MAY_RUN;
	uint32_t n = stack.v ? pd_doc_stack_run(doc, stack, &run) : 0;

	*why = NULL;
	if (!n)
		return MAY_RUN;
	for (size_t i = 0; i < PD_ARRAY_LEN(leaves); i++)
		if (span_is(frame_name(doc, run[n - 1], 0), leaves[i].name)) {
			posture = leaves[i].posture;
			*why = leaves[i].why;
		}
	if (posture != PARKED || *why)
		return posture;
	for (pd_stack at = stack; at.v && !*why; at = pd_doc_stack_parent(doc, at)) {
		n = pd_doc_stack_run(doc, at, &run);
		while (n-- > 0 && !*why)
			for (size_t i = 0; i < PD_ARRAY_LEN(parks) && !*why; i++)
				if (span_starts(frame_name(doc, run[n], 0), parks[i].prefix))
					*why = parks[i].why;
	}
	return posture;
}

/* Recent fgprof writes folded stacks leaf first: then the outermost functions of goroutines stand at the end. */
static bool looks_flipped(const struct wall_input *in)
{
	uint64_t flipped = 0, all = 0;

	for (uint32_t s = 1; s <= pd_doc_stack_nodes(in->doc); s++) {
		const pd_frame *run;
		uint32_t n = pd_doc_stack_run(in->doc, (pd_stack){ s }, &run);
		struct pd_span name;

		if (!n || pd_doc_stack_parent(in->doc, (pd_stack){ s }).v)
			continue;
		name = frame_name(in->doc, run[0], 0);
		all++;
		flipped += span_is(name, "runtime.gopark") || span_starts(name, "syscall.") || span_starts(name, "internal/runtime/syscall.");
		name = frame_name(in->doc, run[n - 1], 0);
		flipped += span_is(name, "runtime.goexit") || span_is(name, "runtime.main");
	}
	return all && flipped > all / 2;
}

/* ---- ticks ---- */

static int64_t count_of(const struct wall_part *p, const struct pd_rows *rows, size_t i)
{
	return rows->value[p->count >= 0 ? p->count : p->value][i];
}

/* Is the goroutine of main() on this stack? It lives from the first tick to the last and is one. */
static bool is_main(const struct wall_input *in, pd_stack stack)
{
	bool main = false;

	for (pd_stack at = stack; at.v; at = pd_doc_stack_parent(in->doc, at)) {
		const pd_frame *run;
		uint32_t n = pd_doc_stack_run(in->doc, at, &run);

		for (uint32_t i = 0; i < n; i++)
			for (uint32_t l = frame_lines(in->doc, run[i]); l-- > 0;) {
				struct pd_span name = frame_name(in->doc, run[i], l);

				main |= span_is(name, "runtime.main");
			}
	}
	return main;
}

/*
 * How many times everything was looked at. Sums of main()'s stacks tell exactly; else a goroutine that blocked the whole time is in
 * every tick: among the counts near length x rate the number of ticks is the largest. 0 when there is none.
 */
static int64_t find_ticks(const struct wall_input *in, const struct wall_part *p, double rate, double slack, bool *exact)
{
	double expected = rate * (double)in->length / WALL_NS;
	int64_t best = 0, of_main = 0;
	struct pd_rows rows;

	for (uint64_t first = 0; pd_series_rows(in->doc, p->series, first, &rows); first += rows.n)
		for (size_t i = 0; i < rows.n; i++) {
			int64_t n = count_of(p, &rows, i), k = expected > 0 ? llrint((double)n / expected) : 0;

			if (n > 0 && is_main(in, rows.stack[i]) && pd_add_overflow(of_main, n, &of_main))
				return 0;
			/* several goroutines on one stack: a multiple */
			if (k >= 1 && k < 1000000 && n % k == 0 && fabs((double)(n / k) - expected) <= slack * expected + 1 && n / k > best)
				best = n / k;
		}
	*exact = of_main > 0 && (double)of_main <= expected * 1.5 + 1;
	return *exact ? of_main : best;
}

static enum pd_status find_rate(struct pd_wall *w, struct wall_input *in, struct wall_part *p, struct pd_error *err)
{
	bool known = p->per_sample > 0, counted = p->count >= 0 || !p->unit, exact = false;
	double rate = known ? WALL_NS / p->per_sample : FGPROF_HZ;
	int64_t ticks = in->has_window && counted && w->o.hz <= 0 ? find_ticks(in, p, rate, known ? 0.5 / rate + 0.001 : 0.25, &exact) : 0;

	if (ticks > 0) {
		p->per_sample = (double)in->length / (double)ticks;
		wall_remark(w, false, "%s: %" PRId64 " ticks in %.2f s%s: %.2f samples a second of each goroutine, not %.6g as %s", in->name, ticks, (double)in->length / WALL_NS,
			    exact ? " (as often as main was seen)" : "", WALL_NS / p->per_sample, rate, known ? "the file says" : "usual");
	} else if (!known && !p->unit) {
		pd_error_set(err, PD_ERR_USAGE, "%s: samples are counted, and nothing says how often they were taken", in->name);
		pd_error_hint(err, "--duration SECONDS of the recording, or --hz 99, the rate of fgprof");
		return PD_ERR_USAGE;
	}
	snprintf(in->what + strlen(in->what), sizeof in->what - strlen(in->what), ", %.4g Hz%s", p->per_sample > 0 ? WALL_NS / p->per_sample : 0, in->flipped ? ", leaf first" : "");
	return PD_OK;
}

/* ---- cells ---- */

/* The processor time read before is there to split the samples, not to be added. */
static bool take_cpu(struct split *s, bool *any)
{
	struct pd_wall *w = s->w;
	bool ok = true;

	*any = false;
	for (size_t i = 0; i < w->cell.n && ok; i++) {
		const struct wall_cell *c = &w->cell.v[i];
		double ns = (double)c->ns + c->est;
		uint32_t at = path_of(s, (pd_stack){ c->stack }, false, &ok);

		*any = true;
		s->cpu += ns;
		if (ok && at)
			s->path.v[at].cpu += ns;
		else
			s->unplaced += ns;
	}
	return ok;
}

static void forget_cells(struct pd_wall *w)
{
	w->cell.n = w->group.n = 0;
	wall_index_release(&w->cell_index);
	wall_index_release(&w->group_index);
	wall_index_release(&w->member_index);
}

struct seen {
	pd_stack stack;
	uint32_t path;
	int64_t n;
	double ns;
};

static bool put(struct pd_wall *w, uint32_t group, const struct seen *x, enum wall_state state, double ns, int64_t n, const char *why)
{
	struct wall_amount a = { .est = ns, .n = n };

	return (ns <= 0 && !n) || wall_add(w, group, x->stack, wall_labels(w, group, state, why ? pd_intern_z(w->b, why) : (pd_str){ 0 }, NULL, 0), state, &a);
}

static bool put_split(struct pd_wall *w, const struct split *s, uint32_t group, const struct seen *x, bool cpu)
{
	const char *why;
	enum posture posture = posture_of(w, x->stack, &why);
	double on = posture == PARKED ? 0 : cpu ? s->path.v[x->path].fill * x->ns : posture == MAY_RUN ? x->ns : 0;
	int64_t n_on = x->ns > 0 ? llrint((double)x->n * on / x->ns) : 0;
	enum wall_state rest = posture == MAY_RUN ? WALL_RUNNABLE : WALL_OFF;

	return put(w, group, x, WALL_ON, on, n_on, NULL) && put(w, group, x, rest, x->ns - on, x->n - n_on, rest == WALL_OFF && !why ? "parked" : why);
}

static enum pd_status put_all(struct split *s, const struct seen *seen, size_t n, bool cpu)
{
	struct pd_wall *w = s->w;
	struct wall_who nobody = { .key = w->k_thread };
	uint32_t group;
	char placed[32], all[32];

	forget_cells(w);
	group = wall_group_of(w, &nobody);
	if (group == WALL_NONE)
		return PD_ERR_NOMEM;
	for (size_t i = 0; i < n; i++)
		if (!put_split(w, s, group, &seen[i], cpu))
			return pd_builder_status(w->b);
	if (cpu)
		wall_remark(w, s->unplaced > s->cpu * 0.2, "processor time splits the wall-clock samples and is not added to them: %s of %s found its stacks there (the rest is what the samples do not see, like the garbage collector)",
			    wall_time_text(placed, sizeof placed, s->cpu - s->unplaced), wall_time_text(all, sizeof all, s->cpu));
	else
		wall_remark(w, false, "stacks that are neither parked nor in a system call count as on the processor: they may have been runnable; on=CPUPROFILE tells");
	return PD_OK;
}

static enum pd_status read_rows(struct split *s, struct wall_input *in, const struct wall_part *p, struct seen *seen, size_t *n, struct pd_error *err)
{
	struct pd_rows rows;
	bool ok = true;

	for (uint64_t first = 0; pd_series_rows(in->doc, p->series, first, &rows); first += rows.n)
		for (size_t i = 0; i < rows.n; i++) {
			int64_t count = count_of(p, &rows, i), v = rows.value[p->value][i];
			struct seen *x = &seen[*n];
			const char *why;

			if (count < 0 || v < 0)
				return pd_error_set(err, PD_ERR_DATA, "%s: a negative number of samples or time", in->name);
			x->stack.v = in->flipped ? in->bare[rows.stack[i].v] - 1 : in->map.stack[rows.stack[i].v];
			x->n = p->count >= 0 || !p->unit ? count : 0;
			x->ns = (p->per_sample > 0 && (p->count >= 0 || !p->unit) ? (double)count * p->per_sample : (double)v * (double)p->unit / (double)p->decimals) * in->scale;
			x->path = path_of(s, x->stack, true, &ok);
			if (!ok)
				return wall_nomem(err);
			if (posture_of(s->w, x->stack, &why) != PARKED)
				s->path.v[x->path].own += x->ns;
			++*n;
		}
	return PD_OK;
}

/* Root first, for good. */
static bool flip(struct pd_wall *w, struct wall_input *in)
{
	pd_frame *frames = malloc(((size_t)pd_doc_max_depth(in->doc) + 1) * sizeof *frames);

	in->bare = calloc((size_t)pd_doc_stack_nodes(in->doc) + 1, sizeof *in->bare);
	for (uint32_t s = 0; frames && in->bare && s <= pd_doc_stack_nodes(in->doc); s++) {
		uint32_t n = s ? (uint32_t)pd_doc_stack(in->doc, (pd_stack){ s }, PD_LEAF_FIRST, frames) : 0;

		for (uint32_t i = 0; i < n; i++)
			frames[i].v = in->map.frame[frames[i].v];
		in->bare[s] = pd_stack_of(w->b, frames, n, PD_ROOT_FIRST).v + 1;
	}
	free(frames);
	return frames && in->bare;
}

enum pd_status wall_whole(struct pd_wall *w, struct wall_input *in, const struct wall_part *part, struct pd_error *err)
{
	struct split s = { .w = w };
	struct wall_part p = *part;
	struct seen *seen = calloc((size_t)pd_series_count(in->doc, p.series) + 1, sizeof *seen);
	enum pd_status status = seen && pd_vec_push(&s.path, (struct path){ 0 }) ? PD_OK : wall_nomem(err);
	size_t n = 0;
	bool cpu = false;

	in->flipped = w->o.leaf_first || looks_flipped(in);
	if (status == PD_OK && in->flipped && !flip(w, in))
		status = wall_nomem(err);
	if (status == PD_OK)
		status = find_rate(w, in, &p, err);
	if (status == PD_OK)
		status = read_rows(&s, in, &p, seen, &n, err);
	if (status == PD_OK && !take_cpu(&s, &cpu))
		status = wall_nomem(err);
	if (status == PD_OK) {
		pour(&s);
		status = put_all(&s, seen, n, cpu);
	}
	pd_vec_release(&s.path);
	wall_index_release(&s.index);
	free(seen);
	return status;
}
