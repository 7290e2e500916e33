/*
 * go_trace_list FILE [quiet]: the ordered events of a Go trace as text, in the words of
 * `go tool trace -d=parsed`, to be compared with what Go's own parser says.
 */
#include "go_trace/trace.h"
#include "base/notes.h"

#include <inttypes.h>
#include <time.h>

struct gt_list {
	struct gt_reader *r;
	struct pd_out *out;
};

static void quoted(struct pd_out *out, struct pd_span s)
{
	static const char short_of[] = { ['\a'] = 'a', ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't', ['\v'] = 'v', ['"'] = '"', ['\\'] = '\\' };

	pd_out_puts(out, "\"");
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c < sizeof short_of && short_of[c])
			pd_out_printf(out, "\\%c", short_of[c]);
		else if (c < 0x20 || c == 0x7f)
			pd_out_printf(out, "\\x%02x", c);
		else
			pd_out_write(out, &s.p[i], 1);
	}
	pd_out_puts(out, "\"");
}

static void name(const struct gt_list *l, pd_str s)
{
	quoted(l->out, pd_builder_string(l->r->b, s));
}

static void plain(const struct gt_list *l, pd_str s)
{
	struct pd_span t = pd_builder_string(l->r->b, s);

	pd_out_write(l->out, t.p, t.n);
}

static void stack(struct gt_list *l, const char *title, uint32_t row)
{
	const struct pd_doc *doc = pd_builder_view(l->r->b);
	pd_stack s = gt_stack(l->r, row);
	uint32_t depth = pd_doc_stack_depth(doc, s);
	pd_frame *frame = calloc((size_t)depth + 1, sizeof *frame);

	if (!frame)
		return;
	pd_doc_stack(doc, s, PD_LEAF_FIRST, frame);
	pd_out_printf(l->out, "\n%s\n", title);
	for (uint32_t i = 0; i < depth; i++) {
		struct pd_frame_desc f;
		struct pd_func_desc fn = { 0 };

		pd_doc_frame(doc, frame[i], &f);
		if (f.n_lines)
			pd_doc_func(doc, f.lines[0].func, &fn);
		pd_out_puts(l->out, "\t");
		plain(l, fn.name);
		pd_out_printf(l->out, " @ 0x%" PRIx64 "\n\t\t", f.address);
		plain(l, fn.file);
		pd_out_printf(l->out, ":%" PRId64 "\n", f.n_lines ? f.lines[0].line : 0);
	}
	free(frame);
}

static void wall(struct pd_out *out, uint64_t sec, uint64_t nsec)
{
	time_t t = (time_t)sec;
	char text[32], frac[16];
	struct tm tm;
	size_t n;

	gmtime_r(&t, &tm);
	strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
	pd_out_puts(out, text);
	n = (size_t)snprintf(frac, sizeof frac, ".%09" PRIu64, nsec % 1000000000);
	while (n > 1 && frac[n - 1] == '0')
		frac[--n] = '\0';
	if (n > 1)
		pd_out_puts(out, frac);
	pd_out_puts(out, "Z");
}

static void range(struct gt_list *l, const struct gt_event *e)
{
	static const char *const names[] = { "GC concurrent mark phase", "GC incremental sweep", "GC mark assist", "stop-the-world (" };
	struct pd_out *out = l->out;

	pd_out_puts(out, " Name=");
	if (e->what == GT_RANGE_STW) {
		pd_out_printf(out, "\"%s", names[e->what]);
		plain(l, e->name);
		pd_out_puts(out, ")\"");
	} else {
		pd_out_printf(out, "\"%s\"", names[e->what]);
	}
	if (e->what == GT_RANGE_GC)
		pd_out_puts(out, " Scope=None");
	else
		pd_out_printf(out, " Scope=%s(%" PRId64 ")", e->what == GT_RANGE_SWEEP ? "Proc" : "Goroutine", (int64_t)e->id);
	if (e->kind != GT_EV_RANGE_END)
		return;
	if (e->what == GT_RANGE_SWEEP)
		pd_out_printf(out, " Attributes=[\"bytes swept\"=Value{Uint64(%" PRIu64 ")} \"bytes reclaimed\"=Value{Uint64(%" PRIu64 ")}]", e->arg[0], e->arg[1]);
	else
		pd_out_puts(out, " Attributes=[]");
}

static void change(struct gt_list *l, const struct gt_event *e)
{
	static const char *const state[] = { "Undetermined", "NotExist", "Runnable", "Running", "Waiting", "Syscall", "Idle" };

	pd_out_printf(l->out, " %s=%" PRId64 " %s->%s Reason=", e->kind == GT_EV_GO ? "GoID" : "ProcID", (int64_t)e->id, state[e->from], state[e->to]);
	name(l, e->name);
	if (e->of_stack)
		stack(l, "TransitionStack=", e->of_stack);
}

static void sync(struct gt_list *l, const struct gt_event *e)
{
	pd_out_printf(l->out, " N=%" PRIu64, e->id);
	if (!e->has_clock)
		return;
	pd_out_printf(l->out, " Trace=%" PRId64 " Mono=%" PRIu64 " Wall=", (int64_t)e->arg[0], e->arg[1]);
	wall(l->out, e->arg[2], e->arg[3]);
}

static void experiment(struct gt_list *l, const struct gt_event *e)
{
	const struct gt_wire_spec *spec = &gt_wire_specs[e->wire];

	pd_out_printf(l->out, " Name=%s Args=[", spec->name);
	for (unsigned i = 0; i < spec->n_args; i++)
		pd_out_printf(l->out, "%s%s=Value{Uint64(%" PRIu64 ")}", i ? ", " : "", spec->args[i], e->arg[i]);
	pd_out_puts(l->out, "]");
}

static void details(struct gt_list *l, const struct gt_event *e)
{
	static const char *const metric[] = { "/sched/gomaxprocs:threads", "/memory/classes/heap/objects:bytes", "/gc/heap/goal:bytes" };

	switch (e->kind) {
	case GT_EV_SYNC:
		sync(l, e);
		break;
	case GT_EV_METRIC:
		pd_out_printf(l->out, " Name=\"%s\" Value=Value{Uint64(%" PRIu64 ")}", metric[e->what], e->arg[0]);
		break;
	case GT_EV_LABEL:
		pd_out_puts(l->out, " Label=");
		name(l, e->name);
		pd_out_printf(l->out, " Resource=Goroutine(%" PRId64 ")", (int64_t)e->g);
		break;
	case GT_EV_RANGE_BEGIN:
	case GT_EV_RANGE_ACTIVE:
	case GT_EV_RANGE_END:
		range(l, e);
		break;
	case GT_EV_TASK_BEGIN:
	case GT_EV_TASK_END:
		pd_out_printf(l->out, " ID=%" PRIu64 " Parent=%" PRIu64 " Type=", e->id, e->arg[0]);
		name(l, e->name);
		break;
	case GT_EV_REGION_BEGIN:
	case GT_EV_REGION_END:
		pd_out_printf(l->out, " Task=%" PRIu64 " Type=", e->arg[0]);
		name(l, e->name);
		break;
	case GT_EV_LOG:
		pd_out_printf(l->out, " Task=%" PRIu64 " Category=", e->arg[0]);
		name(l, e->name);
		pd_out_puts(l->out, " Message=");
		quoted(l->out, e->text);
		break;
	case GT_EV_GO:
	case GT_EV_PROC:
		change(l, e);
		break;
	case GT_EV_EXPERIMENTAL:
		experiment(l, e);
		break;
	default:
		break;
	}
}

static void list_event(void *list, const struct gt_event *e)
{
	static const char *const kind[GT_EV_KINDS] = {
		"Sync", "Metric", "Label", "StackSample", "RangeBegin", "RangeActive", "RangeEnd", "TaskBegin", "TaskEnd", "RegionBegin", "RegionEnd",
		"Log", "StateTransition", "StateTransition", "Experimental",
	};
	struct gt_list *l = list;

	pd_out_printf(l->out, "M=%" PRId64 " P=%" PRId64 " G=%" PRId64 " %s Time=%" PRId64, (int64_t)e->m, (int64_t)e->p, (int64_t)e->g, kind[e->kind], e->time);
	details(l, e);
	if (e->stack)
		stack(l, "Stack=", e->stack);
	pd_out_puts(l->out, "\n");
}

static void ignore(void *ctx, const struct gt_event *e)
{
	(void)ctx;
	(void)e;
}

int main(int argc, char **argv)
{
	struct pd_error err = { 0 };
	struct pd_notes notes = { 0 };
	struct pd_limits limits = { .size = sizeof limits };
	struct pd_source *src = argc > 1 ? pd_source_path(argv[1], NULL, &err) : NULL;
	struct gt_list l = { .out = pd_out_path("-", 0, 0, &err) };
	struct pd_builder *b = pd_builder_new(NULL, 0, &err);
	struct pd_sink sink = { .prof = b, .notes = &notes, .limits = &limits, .err = &err };
	struct gt_reader r = { .src = src, .sink = &sink, .b = b, .n_listeners = 1 };
	enum pd_status status = PD_ERR_USAGE;

	pd_limits_fill(&limits);
	l.r = &r;
	r.listener[0] = (struct gt_listener){ argc > 2 ? ignore : list_event, &l };
	if (src && l.out && b)
		status = gt_read(&r);
	if (argc > 2)
		pd_out_printf(l.out, "%" PRIu64 "\n", r.n_events);
	for (size_t i = 0; i < notes.row.n; i++) {
		char where[128];

		fprintf(stderr, "%" PRIu64 " %s (%s)\n", notes.row.v[i].count, notes.row.v[i].what, pd_note_example(where, sizeof where, &notes.row.v[i]));
	}
	if (status != PD_OK)
		fprintf(stderr, "%s: %s\n", pd_status_name(status), err.text);
	gt_reader_release(&r);
	pd_out_commit(l.out, &err);
	pd_out_free(l.out);
	pd_notes_release(&notes);
	pd_builder_free(b);
	pd_source_free(src);
	return status == PD_OK ? 0 : 2;
}
