/*
 * Spans, labels, counters and the switch of the sampler, for programs. C and C++.
 *
 *   #include <profdata/agent.h>
 *
 *   void handle(struct request *r)
 *   {
 *           PDA_SPAN("handle");                      // until the end of the block
 *           pda_label_set("route", r->route);        // on every sample of this thread from here on
 *           ...
 *           pda_counter("queue", queue_length);
 *           pda_label_unset("route");
 *   }
 *
 * The header is enough: a program built with it runs alone, where every call is a load and a branch, and records when
 * the sampler is there: `profdata record --trace -- program`, LD_PRELOAD, or linked (pkg-config profdata-agent, which
 * also lets it start and stop by itself). Static libraries and shared ones may use it at the same time.
 *
 * Texts are copied, 255 bytes of each; nothing that is passed needs to live longer than the call. All functions may be
 * called by any thread at any time. In signal handlers: everything but pda_start(), pda_stop() and the labels, once the
 * thread has recorded anything (the first event of a thread that the sampler has not seen begin maps memory). An event that
 * comes from a handler while its thread is writing another one is counted as lost.
 */
#ifndef PROFDATA_AGENT_H
#define PROFDATA_AGENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum pda_status {
	PDA_OK = 0,
	PDA_ABSENT = -1,  /* the sampler is not loaded */
	PDA_ALREADY = -2, /* recording already; not recording */
	PDA_OPTIONS = -3, /* options that make no sense, a path that is too long */
	PDA_FAILED = -4,  /* the file cannot be written, or no signal, memory or thread could be had */
	PDA_FULL = -5,    /* more labels than fit (500 bytes of keys and values per thread) */
};

enum pda_kind { /* of an event */
	PDA_BEGIN = 1,
	PDA_END,
	PDA_INSTANT,
	PDA_INTEGER = 128,
	PDA_REAL,
	PDA_ASYNC_BEGIN,
	PDA_ASYNC_END,
	PDA_FLOW_BEGIN,
	PDA_FLOW_END,
};

/* What the sampler offers. Grows at its end: `size` says what is there. */
struct pda_agent {
	uint32_t size;
	const volatile uint32_t *on; /* enum pda_on */
	int (*start)(const char *options, const char *path);
	int (*stop)(void);
	int (*label)(const char *key, const char *value); /* value NULL: unset */
	void (*event)(uint32_t kind, const char *name, const char *category, uint64_t value);
	int (*dump)(void);
};

enum pda_on {
	PDA_ON = 1,       /* recording */
	PDA_ON_TRACE = 2, /* spans and the like too */
};

/* The sampler's side of it; version 1. */
const struct pda_agent *pda_agent_find(unsigned version);

/* Calls of these are no calls of the program where it is built with -finstrument-functions. */
#ifdef __GNUC__
#define PDA_INLINE static inline __attribute__((no_instrument_function))
#else
#define PDA_INLINE static inline
#endif

#if defined(__linux__) && defined(__GNUC__) && !defined(PDA_NONE)

#ifndef PDA_LINKED /* programs that link it ask it; others look whether it is loaded */
#include <dlfcn.h>
#endif

/* One for each program or library whatever the number of its files; found before its constructors run. */
__attribute__((weak, visibility("hidden"))) const struct pda_agent *pda_agent_found;
__attribute__((weak, visibility("hidden"))) bool pda_agent_sought;

__attribute__((constructor(101), no_instrument_function)) static void pda_agent_seek(void)
{
	const struct pda_agent *(*find)(unsigned) = NULL;

	if (pda_agent_sought)
		return;
	pda_agent_sought = true;
#ifdef PDA_LINKED
	find = pda_agent_find;
#else
	*(void **)(void *)&find = dlsym(NULL, "pda_agent_find"); /* NULL: among all that is loaded */
#endif
	pda_agent_found = find ? find(1) : NULL;
}

PDA_INLINE uint32_t pda_is_on(void)
{
	return __builtin_expect(pda_agent_found != NULL, 0) ? *pda_agent_found->on : 0;
}

PDA_INLINE void pda_event(enum pda_kind kind, const char *name, const char *category, uint64_t value)
{
	if (__builtin_expect(pda_is_on() & PDA_ON_TRACE, 0))
		pda_agent_found->event((uint32_t)kind, name, category, value);
}

/*
 * Starts recording into `path`, a file that is made (0600) or, where it is a recording already, goes on; `profdata
 * convert` and all others read it. `options` is what PROFDATA_AGENT would have: "cpu=99", "wall=100", "trace=1", separated by commas.
 * It may be started and stopped any number of times; what runs under `profdata record` is started already.
 */
PDA_INLINE int pda_start(const char *options, const char *path)
{
	return pda_agent_found ? pda_agent_found->start(options, path) : PDA_ABSENT;
}

/* Stops recording; everything is written when it returns. */
PDA_INLINE int pda_stop(void) { return pda_agent_found ? pda_agent_found->stop() : PDA_ABSENT; }

/*
 * The stacks of all threads of this process and what they do just now go into the recording, whatever else is recorded; they are in the file when it returns (it waits
 * two seconds at most). May be called in signal handlers, those of a crash as well.
 */
PDA_INLINE int pda_dump(void)
{
	if (!pda_is_on() || pda_agent_found->size < sizeof(struct pda_agent))
		return PDA_ABSENT;
	return pda_agent_found->dump();
}

PDA_INLINE int pda_label(const char *key, const char *value)
{
	return pda_is_on() ? pda_agent_found->label(key, value) : PDA_ABSENT;
}

#else /* nothing of all this */

PDA_INLINE uint32_t pda_is_on(void) { return 0; }
PDA_INLINE void pda_event(enum pda_kind kind, const char *name, const char *category, uint64_t value)
{
	(void)kind, (void)name, (void)category, (void)value;
}
PDA_INLINE int pda_start(const char *options, const char *path) { return (void)options, (void)path, PDA_ABSENT; }
PDA_INLINE int pda_stop(void) { return PDA_ABSENT; }
PDA_INLINE int pda_dump(void) { return PDA_ABSENT; }
PDA_INLINE int pda_label(const char *key, const char *value) { return (void)key, (void)value, PDA_ABSENT; }

#endif

/* Is anything recorded just now? */
PDA_INLINE bool pda_recording(void) { return (pda_is_on() & PDA_ON) != 0; }
/* Are spans, instants and counters? For those who would prepare something for them. */
PDA_INLINE bool pda_tracing(void) { return (pda_is_on() & PDA_ON_TRACE) != 0; }

/*
 * A label of all samples of the calling thread from here on: CPU time, wall time, and whatever else is sampled in it. A key has one
 * value. Labels that are set while nothing is recorded are not kept.
 */
PDA_INLINE int pda_label_set(const char *key, const char *value) { return pda_label(key, value ? value : ""); }
PDA_INLINE int pda_label_unset(const char *key) { return pda_label(key, NULL); }

/* A span of the calling thread. Spans nest: an end ends the one begun last. The category may be NULL. */
PDA_INLINE void pda_span_begin(const char *name, const char *category) { pda_event(PDA_BEGIN, name, category, 0); }
PDA_INLINE void pda_span_end(void) { pda_event(PDA_END, NULL, NULL, 0); }
/* A moment. */
PDA_INLINE void pda_instant(const char *name, const char *category) { pda_event(PDA_INSTANT, name, category, 0); }
/* A value that is drawn over time, of the process. */
PDA_INLINE void pda_counter(const char *name, int64_t value) { pda_event(PDA_INTEGER, name, NULL, (uint64_t)value); }
PDA_INLINE void pda_counter_real(const char *name, double value)
{
	union {
		double real;
		uint64_t bits;
	} u;

	u.real = value;
	pda_event(PDA_REAL, name, NULL, u.bits);
}
/* Work that begins in one place and ends in another, perhaps another thread; category and id tie them. */
PDA_INLINE void pda_async_begin(const char *name, const char *category, uint64_t id) { pda_event(PDA_ASYNC_BEGIN, name, category, id); }
PDA_INLINE void pda_async_end(const char *name, const char *category, uint64_t id) { pda_event(PDA_ASYNC_END, name, category, id); }
/* An arrow from the span that is open here to the one that is open where the end is. */
PDA_INLINE void pda_flow_begin(const char *name, uint64_t id) { pda_event(PDA_FLOW_BEGIN, name, NULL, id); }
PDA_INLINE void pda_flow_end(const char *name, uint64_t id) { pda_event(PDA_FLOW_END, name, NULL, id); }

/*
 * PDA_SPAN("name"): until the end of the block, however it is left (in C++ and with -fexceptions also by an exception, not
 * by longjmp()). PDA_SPAN_CATEGORY("name", "category") with a category.
 */
struct pda_scope {
	bool begun; /* recording began before it did: no end without a begin */
};
PDA_INLINE struct pda_scope pda_scope_begin(const char *name, const char *category)
{
	struct pda_scope s;

	s.begun = pda_tracing();
	pda_span_begin(name, category);
	return s;
}
PDA_INLINE void pda_scope_end(struct pda_scope *s)
{
	if (s->begun)
		pda_span_end();
}
#define PDA_JOIN2(a, b) a##b
#define PDA_JOIN(a, b) PDA_JOIN2(a, b)
#ifdef __GNUC__
#define PDA_SPAN_CATEGORY(name, category) \
	struct pda_scope PDA_JOIN(pda_scope_, __LINE__) __attribute__((cleanup(pda_scope_end), unused)) = pda_scope_begin(name, category)
#define PDA_SPAN(name) PDA_SPAN_CATEGORY(name, NULL)
#endif

#ifdef __cplusplus
}
#endif
#endif
