/* Records of a trace of Go 1.11 to 1.21. Stacks and most strings stand at the end of the file, so all of it is read first. */
#include "go_trace/v1.h"

#include "base/error.h"

#define MOST_STREAMS 65536u
#define MOST_ARG_BYTES 65536u
#define MOST_STRING 1000000u
#define DEFAULT_FREQ 15625000u

#define EV(NAME, N, STACK) { .name = NAME, .n_args = N, .stack = STACK }
const struct v1_spec v1_specs[V1_TYPES] = {
	[V1_GOMAXPROCS] = EV("Gomaxprocs", 1, true), [V1_PROC_START] = EV("ProcStart", 1, false), [V1_PROC_STOP] = EV("ProcStop", 0, false),
	[V1_GC_START] = EV("GCStart", 1, true), [V1_GC_DONE] = EV("GCDone", 0, false), [V1_STW_START] = EV("STWStart", 1, false),
	[V1_STW_DONE] = EV("STWDone", 0, false), [V1_SWEEP_START] = EV("GCSweepStart", 0, true), [V1_SWEEP_DONE] = EV("GCSweepDone", 2, false),
	[V1_GO_CREATE] = EV("GoCreate", 2, true), [V1_GO_START] = EV("GoStart", 2, false), [V1_GO_END] = EV("GoEnd", 0, false),
	[V1_GO_STOP] = EV("GoStop", 0, true), [V1_GO_SCHED] = EV("GoSched", 0, true), [V1_GO_PREEMPT] = EV("GoPreempt", 0, true),
	[V1_GO_SLEEP] = EV("GoSleep", 0, true), [V1_GO_BLOCK] = EV("GoBlock", 0, true), [V1_GO_UNBLOCK] = EV("GoUnblock", 2, true),
	[V1_GO_BLOCK_SEND] = EV("GoBlockSend", 0, true), [V1_GO_BLOCK_RECV] = EV("GoBlockRecv", 0, true),
	[V1_GO_BLOCK_SELECT] = EV("GoBlockSelect", 0, true), [V1_GO_BLOCK_SYNC] = EV("GoBlockSync", 0, true),
	[V1_GO_BLOCK_COND] = EV("GoBlockCond", 0, true), [V1_GO_BLOCK_NET] = EV("GoBlockNet", 0, true), [V1_GO_SYSCALL] = EV("GoSysCall", 0, true),
	[V1_GO_SYSEXIT] = EV("GoSysExit", 3, false), [V1_GO_SYSBLOCK] = EV("GoSysBlock", 0, false), [V1_GO_WAITING] = EV("GoWaiting", 1, false),
	[V1_GO_IN_SYSCALL] = EV("GoInSyscall", 1, false), [V1_HEAP_ALLOC] = EV("HeapAlloc", 1, false), [V1_HEAP_GOAL] = EV("HeapGoal", 1, false),
	[V1_FUTILE_WAKEUP] = EV("FutileWakeup", 0, false), [V1_GO_START_LOCAL] = EV("GoStartLocal", 1, false),
	[V1_GO_UNBLOCK_LOCAL] = EV("GoUnblockLocal", 1, true), [V1_GO_SYSEXIT_LOCAL] = EV("GoSysExitLocal", 2, false),
	[V1_GO_START_LABEL] = EV("GoStartLabel", 3, false), [V1_GO_BLOCK_GC] = EV("GoBlockGC", 0, true),
	[V1_ASSIST_START] = EV("GCMarkAssistStart", 0, true), [V1_ASSIST_DONE] = EV("GCMarkAssistDone", 0, false),
	[V1_TASK_CREATE] = EV("UserTaskCreate", 3, true), [V1_TASK_END] = EV("UserTaskEnd", 1, true), [V1_REGION] = EV("UserRegion", 3, true),
	[V1_LOG] = EV("UserLog", 2, true), [V1_CPU_SAMPLE] = EV("CPUSample", 3, true),
};

/* One record as it stands in the file. */
struct record {
	uint8_t type;
	unsigned n;          /* values read */
	uint64_t v[6];       /* time, arguments, stack */
	const uint8_t *rest; /* of a stack: the frames */
	const uint8_t *rest_end;
	uint64_t message;    /* of a log: offset */
};

static uint64_t at(const struct v1 *v, const uint8_t *p)
{
	return (uint64_t)(p - v->base) + 16;
}

static bool skip_text(const uint8_t **p, const uint8_t *end)
{
	uint64_t n;

	if (!gt_varint(p, end, &n) || n > MOST_STRING || n > (size_t)(end - *p))
		return false;
	*p += n;
	return true;
}

/* Reads the record at *p; false: it is cut or no record. */
static bool read_record(const struct v1 *v, const uint8_t **p, struct record *rec)
{
	uint8_t b = *(*p)++;
	uint64_t size;

	*rec = (struct record){ .type = b & 0x3f };
	if (rec->type == V1_STRING) {
		rec->n = 1;
		return gt_varint(p, v->end, &rec->v[0]) && (rec->rest = *p, skip_text(p, v->end));
	}
	if (b >> 6 < 3) {
		for (unsigned n = (b >> 6) + 1u; rec->n < n; rec->n++)
			if (!gt_varint(p, v->end, &rec->v[rec->n]))
				return false;
		return true;
	}
	if (!gt_varint(p, v->end, &size) || size > MOST_ARG_BYTES || size > (size_t)(v->end - *p))
		return false;
	rec->rest = *p;
	*p += size;
	rec->rest_end = *p;
	while (rec->rest < rec->rest_end && rec->n < (rec->type == V1_STACK ? 2u : 6u))
		if (!gt_varint(&rec->rest, rec->rest_end, &rec->v[rec->n++]))
			return false;
	if (rec->type != V1_LOG)
		return true;
	rec->message = (uint64_t)(*p - v->base);
	return skip_text(p, v->end);
}

/* ---- tables ---- */

static void add_string(struct v1 *v, const struct record *rec)
{
	const uint8_t *p = rec->rest;
	uint64_t n;

	if (rec->v[0] && gt_varint(&p, v->end, &n) && n)
		gt_add_string(v->r, rec->v[0], (struct pd_span){ (const char *)p, (size_t)n });
}

static void add_stack(struct v1 *v, const struct record *rec)
{
	const uint8_t *p = rec->rest;

	if (rec->n != 2 || !rec->v[0] || !p || !gt_add_stack(v->r, rec->v[0], rec->v[1], &p, rec->rest_end))
		gt_note(v->r, v->r->offset, "stacks that are cut short left out");
}

/* ---- events ---- */

static struct v1_stream *stream_of(struct v1 *v, uint64_t p)
{
	uint32_t row = gt_map_get(&v->stream_of, p + 1);

	if (row)
		return &v->stream.v[row];
	row = (uint32_t)v->stream.n;
	if (row > MOST_STREAMS) {
		gt_fail(v->r, v->r->offset, "more than %u processors", MOST_STREAMS);
		return NULL;
	}
	if (!pd_vec_push(&v->stream, ((struct v1_stream){ .p = p, .m = GT_NONE })) || !gt_map_put(&v->stream_of, p + 1, row)) {
		gt_nomem(v->r);
		return NULL;
	}
	return &v->stream.v[row];
}

static void append(struct v1 *v, struct v1_stream *s, struct v1_event *e)
{
	uint32_t row = (uint32_t)v->event.n;

	e->stream = (uint32_t)(s - v->stream.v);
	e->offset = v->r->offset;
	if (row == UINT32_MAX || !pd_vec_push(&v->event, *e)) {
		gt_nomem(v->r);
		return;
	}
	if (s->last)
		v->event.v[s->last].next = row;
	else
		s->first = row;
	s->last = row;
}

/* Which goroutine an event is about, and which one runs afterwards. */
static void attribute(struct v1_stream *s, struct v1_event *e)
{
	e->g = s->g;
	switch (e->type) {
	case V1_GO_START:
	case V1_GO_START_LOCAL:
	case V1_GO_START_LABEL:
		e->g = s->g = e->arg[0];
		break;
	case V1_GO_END: case V1_GO_STOP: case V1_GO_SCHED: case V1_GO_PREEMPT: case V1_GO_SLEEP: case V1_GO_BLOCK: case V1_GO_BLOCK_SEND:
	case V1_GO_BLOCK_RECV: case V1_GO_BLOCK_SELECT: case V1_GO_BLOCK_SYNC: case V1_GO_BLOCK_COND: case V1_GO_BLOCK_NET: case V1_GO_SYSBLOCK:
	case V1_GO_BLOCK_GC:
		s->g = 0;
		break;
	case V1_GO_SYSEXIT: case V1_GO_SYSEXIT_LOCAL: case V1_GO_WAITING: case V1_GO_IN_SYSCALL:
		e->g = e->arg[0];
		break;
	default:
		break;
	}
}

static void add_event(struct v1 *v, struct v1_stream *s, int64_t *ts, const struct record *rec)
{
	const struct v1_spec *spec = &v1_specs[rec->type];
	struct v1_event e = { .type = rec->type };

	if (rec->n && rec->type != V1_CPU_SAMPLE) /* whose time is an argument */
		*ts = (int64_t)((uint64_t)*ts + rec->v[0]);
	if (rec->n != 1u + spec->n_args + spec->stack) {
		gt_note(v->r, v->r->offset, "events with too few or too many arguments left out");
		return;
	}
	if (!s) {
		gt_note(v->r, v->r->offset, "events before the first batch left out");
		return;
	}
	e.ts = *ts;
	memcpy(e.arg, rec->v + 1, spec->n_args * sizeof e.arg[0]);
	if (spec->stack)
		e.stack = rec->v[1 + spec->n_args] < UINT32_MAX ? (uint32_t)rec->v[1 + spec->n_args] : UINT32_MAX;
	if (rec->type == V1_LOG)
		e.arg[2] = rec->message;
	if (rec->type == V1_CPU_SAMPLE) {
		e.ts = (int64_t)e.arg[0];
		e.g = e.arg[2];
		s = &v->stream.v[1];
	} else {
		attribute(s, &e);
	}
	append(v, s, &e);
}

static void read_all(struct v1 *v)
{
	const uint8_t *p = v->base;
	struct v1_stream *s = NULL;
	struct record rec;
	int64_t ts = 0;

	while (p < v->end && v->r->status == PD_OK) {
		v->r->offset = at(v, p);
		if (!read_record(v, &p, &rec)) {
			v->r->damaged = true;
			gt_note(v->r, v->r->offset, "parts left out: the file is cut or damaged");
			return;
		}
		v->r->wire_count[rec.type]++;
		if (rec.type == V1_BATCH) {
			if (rec.n != 2) {
				v->r->damaged = true;
				gt_note(v->r, v->r->offset, "parts left out: the file is cut or damaged");
				return;
			}
			s = stream_of(v, rec.v[0]);
			ts = (int64_t)rec.v[1];
		} else if (rec.type == V1_FREQUENCY) {
			v->freq = rec.v[0];
		} else if (rec.type == V1_STACK) {
			add_stack(v, &rec);
		} else if (rec.type == V1_STRING) {
			add_string(v, &rec);
		} else if (rec.type != V1_TIMER_GOROUTINE) {
			if (rec.type && rec.type < V1_TYPES && v1_specs[rec.type].name)
				add_event(v, s, &ts, &rec);
			else
				gt_note(v->r, v->r->offset, "events of unknown type left out");
		}
	}
}

static bool within_limit(struct v1 *v)
{
	uint64_t most = v->r->sink->limits ? v->r->sink->limits->max_memory : 0;
	uint64_t held = v->event.cap * sizeof *v->event.v + v->event.n * 40; /* and what ordering them takes */

	if (!most || held <= most)
		return gt_within_limit(v->r);
	v->r->status = pd_error_set(v->r->sink->err, PD_ERR_LIMIT, "the trace needs more memory than the limit of %llu bytes", (unsigned long long)most);
	pd_error_hint(v->r->sink->err, "--max-memory SIZE raises the limit");
	return false;
}

enum pd_status gt_v1_read(struct gt_reader *r)
{
	struct v1 v = { .r = r };
	struct pd_span all;

	if (pd_source_all(r->src, &all) != PD_OK)
		return pd_source_status(r->src);
	v.base = (const uint8_t *)all.p;
	v.end = v.base + all.n;
	r->gen.number = r->first_gen = 1;
	if (!pd_vec_push(&v.event, (struct v1_event){ 0 }) || !pd_vec_push(&v.stream, (struct v1_stream){ 0 }) || !pd_vec_push(&v.stream, ((struct v1_stream){ .p = GT_NONE, .m = GT_NONE })))
		gt_nomem(r);
	if (r->status == PD_OK)
		read_all(&v);
	if (r->status == PD_OK && (v.freq == 0 || v.freq > INT64_MAX)) {
		gt_note(r, r->offset, "traces without a clock frequency read with 64 ns per tick");
		v.freq = DEFAULT_FREQ;
	}
	if (r->status == PD_OK && within_limit(&v) && v1_order(&v))
		v1_send(&v);
	pd_vec_release(&v.event);
	pd_vec_release(&v.stream);
	pd_vec_release(&v.order);
	gt_map_release(&v.stream_of);
	return r->status;
}
