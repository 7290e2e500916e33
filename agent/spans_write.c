/* The writer's side of spans.c and functions.c: events in time order into the stream, their names and functions before them. */
#include "spans.h"
#include <string.h>
#include <sys/mman.h>

#define TEXTS 8192               /* slots of the table of names and sets of labels written before */
#define FUNCTIONS 65536
#define STAGE (32u << 10)        /* bytes of events in one record */
#define CLOCK_AGE 1000000000ull  /* ns */

struct anchor {
	uint64_t ticks, ns;
};
static struct anchor base, later, now;
static double ns_per_tick;

static struct { uint64_t hash; uint32_t id; } texts[TEXTS];
static struct { uint64_t address; uint32_t id; } *functions; /* FUNCTIONS of them, mapped with the first: programs may not have much address space */
static uint32_t texts_used, functions_used, last_name, last_function, last_labels;

static union {
	unsigned char bytes[STAGE];
	struct pd_wire_mark first;
} stage;
static size_t staged;

/* ---- time ---- */

/* Two readings of both clocks, a second or more apart, are a line; ticks are looked up on it from its newer end. */
void events_anchor(void)
{
	struct anchor a = { .ns = now_ns(CLOCK_MONOTONIC), .ticks = ticks_now() };

	if (!base.ns)
		base = later = a;
	now = a;
	if (now.ns - later.ns > CLOCK_AGE) {
		base = later;
		later = now;
	}
	ns_per_tick = now.ticks > base.ticks ? (double)(now.ns - base.ns) / (double)(now.ticks - base.ticks) : 1;
}

static uint64_t time_of(uint64_t ticks)
{
	if (!agent.tsc)
		return ticks;
	if (ticks > now.ticks)
		return now.ns + (uint64_t)((double)(ticks - now.ticks) * ns_per_tick);
	return now.ns - (uint64_t)((double)(now.ticks - ticks) * ns_per_tick);
}

/* ---- tables ---- */

void functions_forget(void)
{
	if (functions_used)
		memset(functions, 0, FUNCTIONS * sizeof(*functions));
	functions_used = 0;
}

void events_forget(void)
{
	base.ns = 0;
	if (texts_used) /* a child of a fork does not write to pages for nothing */
		memset(texts, 0, sizeof(texts));
	functions_forget();
	texts_used = last_name = last_function = last_labels = 0;
	staged = 0;
}

static uint64_t hash_of(const unsigned char *p, size_t n, uint64_t seed)
{
	uint64_t h = (seed + n) * 0x9e3779b97f4a7c15u, w;

	for (; n >= 8; p += 8, n -= 8) {
		memcpy(&w, p, 8);
		h = (h ^ w) * 0xff51afd7ed558ccdu;
		h ^= h >> 32;
	}
	w = 0;
	memcpy(&w, p, n);
	h = (h ^ w) * 0xff51afd7ed558ccdu;
	return (h ^ h >> 32) | 1; /* 0: a free slot */
}

/* The id of a text met before; 0: it is new and gets `fresh`. */
static uint32_t text_known(uint64_t hash, uint32_t fresh)
{
	size_t at;

	if (texts_used > TEXTS / 2) {
		memset(texts, 0, sizeof(texts));
		texts_used = 0;
	}
	for (at = hash % TEXTS; texts[at].hash; at = (at + 1) % TEXTS)
		if (texts[at].hash == hash)
			return texts[at].id;
	texts[at].hash = hash;
	texts[at].id = fresh;
	texts_used++;
	return 0;
}

static uint32_t name_id(const unsigned char *p, size_t name, size_t category)
{
	struct pd_wire_mark_name w = { .name_size = (uint32_t)name, .category_size = (uint32_t)category };
	uint32_t id = text_known(hash_of(p, name + category, name), last_name + 1);

	if (id)
		return id;
	w.id = ++last_name;
	writer_put(PD_WIRE_MARK_NAME, &w, sizeof(w), name + category);
	writer_more(p, name + category);
	writer_done();
	return w.id;
}

static bool functions_there(void)
{
	void *p = functions ? functions : mmap(NULL, FUNCTIONS * sizeof(*functions), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	functions = p == MAP_FAILED ? NULL : p;
	return functions != NULL;
}

static uint32_t function_id(uint64_t address)
{
	struct pd_wire_function w = { .address = address };
	size_t at;

	if (functions_used > FUNCTIONS / 2)
		functions_forget();
	writer_knows(address);
	w.id = last_function + 1;
	if (functions_there()) { /* else it is told every time */
		for (at = (address * 0x9e3779b97f4a7c15u >> 32) % FUNCTIONS; functions[at].address; at = (at + 1) % FUNCTIONS)
			if (functions[at].address == address)
				return functions[at].id;
		functions[at].address = address;
		functions[at].id = w.id;
		functions_used++;
	}
	last_function = w.id;
	writer_put(PD_WIRE_FUNCTION, &w, sizeof(w), 0);
	return w.id;
}

/* ---- events ---- */

static void put_stage(const struct agent_ring *r)
{
	struct pd_wire_marks w = { .tid = (uint32_t)r->tid, .size = (uint32_t)staged };

	if (!staged)
		return;
	writer_put(PD_WIRE_MARKS, &w, sizeof(w), staged);
	writer_more(stage.bytes, staged);
	writer_done();
	staged = 0;
}

static void new_labels(struct agent_ring *r, uint64_t word, const unsigned char *text)
{
	struct pd_wire_labels w = { .size = (uint32_t)EVENT_NAME_SIZE(word) };

	r->labels_known = (uint32_t)word;
	r->labels_id = w.size ? text_known(hash_of(text, w.size, ~0ull), last_labels + 1) : 0;
	if (!w.size || r->labels_id)
		return;
	r->labels_id = w.id = ++last_labels;
	writer_put(PD_WIRE_LABELS, &w, sizeof(w), w.size);
	writer_more(text, w.size);
	writer_done();
}

static void new_event(struct agent_ring *r, uint64_t time, uint64_t word, const unsigned char *p)
{
	struct pd_wire_mark w = { .time = time, .kind = EVENT_KIND(word) };
	size_t value = w.kind >= PD_WIRE_MARK_VALUED ? 8 : 0;

	if (w.kind == PD_WIRE_MARK_CALL || w.kind == PD_WIRE_MARK_RETURN)
		w.name = function_id(EVENT_ADDRESS(word));
	else if (w.kind != PD_WIRE_MARK_END)
		w.name = name_id(p + value, EVENT_NAME_SIZE(word), EVENT_CATEGORY_SIZE(word));
	if (staged + sizeof(w) + 8 > STAGE)
		put_stage(r);
	memcpy(stage.bytes + staged, &w, sizeof(w));
	memcpy(stage.bytes + staged + sizeof(w), p, value);
	staged += sizeof(w) + value;
}

static size_t size_of(uint64_t word)
{
	uint32_t kind = EVENT_KIND(word);
	size_t n = 16 + (kind >= PD_WIRE_MARK_VALUED ? 8 : 0);

	if (kind == PD_WIRE_MARK_CALL || kind == PD_WIRE_MARK_RETURN)
		return n;
	n += EVENT_NAME_SIZE(word) + (kind == EVENT_LABELS ? 0 : EVENT_CATEGORY_SIZE(word));
	return (n + 7) & ~(size_t)7;
}

/* Where the next event is: its two words, or false at `head`. */
static bool next_event(const struct agent_events *e, uint64_t *tail, uint64_t head, uint64_t word[2])
{
	while (*tail < head) {
		size_t at = *tail % AGENT_EVENT_BYTES;

		if (AGENT_EVENT_BYTES - at >= 16) {
			memcpy(word, e->data + at, 16);
			if (EVENT_KIND(word[1]) != EVENT_PAD)
				return true;
		}
		*tail += AGENT_EVENT_BYTES - at;
	}
	return false;
}

unsigned events_drain(struct agent_ring *r, uint64_t until, uint32_t labels)
{
	struct agent_events *e = atomic_load(&r->events);
	uint64_t tail, head, from, word[2];

	if (!e)
		return 0;
	from = tail = atomic_load_explicit(&e->tail, memory_order_relaxed);
	head = atomic_load_explicit(&e->head, memory_order_acquire);
	while (next_event(e, &tail, head, word)) {
		size_t at = tail % AGENT_EVENT_BYTES, n = size_of(word[1]);
		uint64_t time = time_of(word[0]);

		if (time > until && (int32_t)(labels - r->labels_known) <= 0)
			break;
		if (n > head - tail || n > AGENT_EVENT_BYTES - at) { /* cannot be, unless the program wrote into our memory */
			tail = head;
			break;
		}
		writer_thread_known(r);
		r->events_time = time > r->events_time ? time : r->events_time;
		if (EVENT_KIND(word[1]) == EVENT_LABELS)
			new_labels(r, word[1], e->data + at + 16);
		else
			new_event(r, r->events_time, word[1], e->data + at + 16);
		tail += n;
	}
	put_stage(r);
	atomic_store_explicit(&e->tail, tail, memory_order_release);
	return tail > from ? 1 + (unsigned)((tail - from) * 8 / AGENT_EVENT_BYTES) : 0;
}

void writer_labels(struct agent_ring *r, uint32_t labels)
{
	struct pd_wire_labeled w = { .tid = (uint32_t)r->tid };

	if (labels != r->labels_known)
		events_drain(r, 0, labels);
	w.labels = labels == r->labels_known ? r->labels_id : 0;
	if (w.labels == r->labels_told)
		return;
	r->labels_told = w.labels;
	writer_put(PD_WIRE_LABELED, &w, sizeof(w), 0);
}

void events_sums(void)
{
	struct pd_wire_mark_sums w = { .time = now_ns(CLOCK_MONOTONIC), .min_duration = agent.min_duration, .max_depth = agent.functions ? agent.max_depth : 0 };

	for (size_t i = 0; i < atomic_load(&agent.used); i++) {
		struct agent_events *e = atomic_load(&ring_at(i)->events);

		if (!e)
			continue;
		w.events += atomic_load(&e->count);
		w.lost += atomic_load(&e->lost);
		w.short_calls += atomic_load(&e->shorts);
		w.deep_calls += atomic_load(&e->deep);
		w.unwound += atomic_load(&e->unwound);
	}
	if (agent.trace)
		writer_put(PD_WIRE_MARK_SUMS, &w, sizeof(w), 0);
}
