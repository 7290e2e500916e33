/* Numbers on the wire and the table of timed events. */
#include "go_trace/trace.h"

#define EV(NAME, SINCE, STACK, N, ...) { .name = NAME, .since = SINCE, .stack = STACK, .n_args = N, .args = { __VA_ARGS__ } }

const struct gt_wire_spec gt_wire_specs[GT_W_KINDS] = {
	[GT_W_EVENT_BATCH] = { .name = "EventBatch" },
	[GT_W_STACKS] = { .name = "Stacks" },
	[GT_W_STACK] = { .name = "Stack" },
	[GT_W_STRINGS] = { .name = "Strings" },
	[GT_W_STRING] = { .name = "String" },
	[GT_W_CPU_SAMPLES] = { .name = "CPUSamples" },
	[GT_W_CPU_SAMPLE] = { .name = "CPUSample" },
	[GT_W_FREQUENCY] = { .name = "Frequency" },
	[GT_W_EXPERIMENTAL_BATCH] = { .name = "ExperimentalBatch" },
	[GT_W_SYNC] = { .name = "Sync" },
	[GT_W_CLOCK_SNAPSHOT] = { .name = "ClockSnapshot" },
	[GT_W_END_OF_GENERATION] = { .name = "EndOfGeneration" },
	[GT_W_PROCS_CHANGE] = EV("ProcsChange", 22, 2, 2, "procs_value", "stack"),
	[GT_W_PROC_START] = EV("ProcStart", 22, 0, 2, "p", "p_seq"),
	[GT_W_PROC_STOP] = EV("ProcStop", 22, 0, 0, NULL),
	[GT_W_PROC_STEAL] = EV("ProcSteal", 22, 0, 3, "p", "p_seq", "m"),
	[GT_W_PROC_STATUS] = EV("ProcStatus", 22, 0, 2, "p", "pstatus"),
	[GT_W_GO_CREATE] = EV("GoCreate", 22, 3, 3, "new_g", "new_stack", "stack"),
	[GT_W_GO_CREATE_SYSCALL] = EV("GoCreateSyscall", 22, 0, 1, "new_g"),
	[GT_W_GO_START] = EV("GoStart", 22, 0, 2, "g", "g_seq"),
	[GT_W_GO_DESTROY] = EV("GoDestroy", 22, 0, 0, NULL),
	[GT_W_GO_DESTROY_SYSCALL] = EV("GoDestroySyscall", 22, 0, 0, NULL),
	[GT_W_GO_STOP] = EV("GoStop", 22, 2, 2, "reason_string", "stack"),
	[GT_W_GO_BLOCK] = EV("GoBlock", 22, 2, 2, "reason_string", "stack"),
	[GT_W_GO_UNBLOCK] = EV("GoUnblock", 22, 3, 3, "g", "g_seq", "stack"),
	[GT_W_GO_SYSCALL_BEGIN] = EV("GoSyscallBegin", 22, 2, 2, "p_seq", "stack"),
	[GT_W_GO_SYSCALL_END] = EV("GoSyscallEnd", 22, 0, 0, NULL),
	[GT_W_GO_SYSCALL_END_BLOCKED] = EV("GoSyscallEndBlocked", 22, 0, 0, NULL),
	[GT_W_GO_STATUS] = EV("GoStatus", 22, 0, 3, "g", "m", "gstatus"),
	[GT_W_STW_BEGIN] = EV("STWBegin", 22, 2, 2, "kind_string", "stack"),
	[GT_W_STW_END] = EV("STWEnd", 22, 0, 0, NULL),
	[GT_W_GC_ACTIVE] = EV("GCActive", 22, 0, 1, "gc_seq"),
	[GT_W_GC_BEGIN] = EV("GCBegin", 22, 2, 2, "gc_seq", "stack"),
	[GT_W_GC_END] = EV("GCEnd", 22, 0, 1, "gc_seq"),
	[GT_W_GC_SWEEP_ACTIVE] = EV("GCSweepActive", 22, 0, 1, "p"),
	[GT_W_GC_SWEEP_BEGIN] = EV("GCSweepBegin", 22, 1, 1, "stack"),
	[GT_W_GC_SWEEP_END] = EV("GCSweepEnd", 22, 0, 2, "swept_value", "reclaimed_value"),
	[GT_W_GC_MARK_ASSIST_ACTIVE] = EV("GCMarkAssistActive", 22, 0, 1, "g"),
	[GT_W_GC_MARK_ASSIST_BEGIN] = EV("GCMarkAssistBegin", 22, 1, 1, "stack"),
	[GT_W_GC_MARK_ASSIST_END] = EV("GCMarkAssistEnd", 22, 0, 0, NULL),
	[GT_W_HEAP_ALLOC] = EV("HeapAlloc", 22, 0, 1, "heapalloc_value"),
	[GT_W_HEAP_GOAL] = EV("HeapGoal", 22, 0, 1, "heapgoal_value"),
	[GT_W_GO_LABEL] = EV("GoLabel", 22, 0, 1, "label_string"),
	[GT_W_USER_TASK_BEGIN] = EV("UserTaskBegin", 22, 4, 4, "task", "parent_task", "name_string", "stack"),
	[GT_W_USER_TASK_END] = EV("UserTaskEnd", 22, 2, 2, "task", "stack"),
	[GT_W_USER_REGION_BEGIN] = EV("UserRegionBegin", 22, 3, 3, "task", "name_string", "stack"),
	[GT_W_USER_REGION_END] = EV("UserRegionEnd", 22, 3, 3, "task", "name_string", "stack"),
	[GT_W_USER_LOG] = EV("UserLog", 22, 4, 4, "task", "key_string", "value_string", "stack"),
	[GT_W_GO_SWITCH] = EV("GoSwitch", 23, 0, 2, "g", "g_seq"),
	[GT_W_GO_SWITCH_DESTROY] = EV("GoSwitchDestroy", 23, 0, 2, "g", "g_seq"),
	[GT_W_GO_CREATE_BLOCKED] = EV("GoCreateBlocked", 23, 3, 3, "new_g", "new_stack", "stack"),
	[GT_W_GO_STATUS_STACK] = EV("GoStatusStack", 23, 4, 4, "g", "m", "gstatus", "stack"),
	[128] = EV("Span", 23, 0, 3, "id", "npages_value", "kindclass"),
	[129] = EV("SpanAlloc", 23, 0, 3, "id", "npages_value", "kindclass"),
	[130] = EV("SpanFree", 23, 0, 1, "id"),
	[131] = EV("HeapObject", 23, 0, 2, "id", "type"),
	[132] = EV("HeapObjectAlloc", 23, 0, 2, "id", "type"),
	[133] = EV("HeapObjectFree", 23, 0, 1, "id"),
	[134] = EV("GoroutineStack", 23, 0, 2, "id", "order"),
	[135] = EV("GoroutineStackAlloc", 23, 0, 2, "id", "order"),
	[136] = EV("GoroutineStackFree", 23, 0, 1, "id"),
};

bool gt_varint_slow(const uint8_t **p, const uint8_t *end, uint64_t *out)
{
	const uint8_t *q = *p;
	uint64_t v = 0;

	for (unsigned shift = 0; q < end && shift < 70; shift += 7) {
		uint64_t b = *q++;

		if (shift == 63 && (b & 0x7f) > 1)
			return false; /* beyond 64 bits */
		v |= (b & 0x7f) << shift;
		if (b < 0x80) {
			*out = v;
			*p = q;
			return true;
		}
	}
	return false;
}

struct gt_number gt_number_slow(const uint8_t *p, const uint8_t *end)
{
	struct gt_number n = { .p = end + 1 };
	uint32_t w, last;

	memcpy(&w, p, sizeof w);
	last = ~w & 0x80808080;
	if (last) { /* up to four bytes, without a branch for each */
		w &= last ^ (last - 1);
		n.v = (w & 0x7f) | (w >> 1 & 0x3f80) | (w >> 2 & 0x1fc000) | (w >> 3 & 0xfe00000);
		n.p = p + (unsigned)__builtin_ctz(last) / 8 + 1;
	} else if (gt_varint_slow(&p, end, &n.v)) {
		n.p = p;
	}
	return n;
}

/* ---- tables of ids ---- */

bool gt_ids_put(struct gt_ids *t, uint64_t id, uint32_t row)
{
	size_t n = t->dense.n;

	/* at most twice as many places as ids that came in order */
	if (id < n || id < 64 || id <= 2 * (uint64_t)n) {
		if (id >= n) {
			if (!pd_vec_reserve(&t->dense, (size_t)id + 1 - n))
				return false;
			memset(t->dense.v + n, 0, ((size_t)id + 1 - n) * sizeof *t->dense.v);
			t->dense.n = (size_t)id + 1;
			/* ids that came early move over: the dense part is looked at first */
			for (size_t i = n; t->far.used && i < t->dense.n; i++) {
				t->dense.v[i] = gt_map_get(&t->far, i);
				if (t->dense.v[i])
					gt_map_remove(&t->far, i);
			}
		}
		t->dense.v[id] = row;
		return true;
	}
	return gt_map_put(&t->far, id, row);
}

void gt_ids_clear(struct gt_ids *t)
{
	t->dense.n = 0;
	gt_map_clear(&t->far);
}

void gt_ids_release(struct gt_ids *t)
{
	pd_vec_release(&t->dense);
	gt_map_release(&t->far);
}
