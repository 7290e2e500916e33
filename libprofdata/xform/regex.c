/*
 * Why not trust the backtracking limit alone: PCRE2 counts it anew at every
 * place of the text where a match may start, so a long name multiplies it.
 * Long texts are therefore searched in windows of starting places, and the
 * processor time spent is looked at in between.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "xform/regex.h"

#include <pcre2.h>

#define RX_STEPS 1000000u          /* backtracking steps at one starting place */
#define RX_SECONDS 20              /* processor time of all matches of one pattern */
#define RX_LONG 4096u              /* texts longer than this are searched in windows */
#define RX_WINDOW_WORK (1u << 22)  /* starting places × length of one window */
#define RX_LOOK 512u               /* short texts between two looks at the clock */
#define RX_JIT_STACK (4u << 20)

struct pd_rx {
	const char *what;
	pcre2_code *code;
	pcre2_match_data *data;
	pcre2_match_context *context;
	pcre2_jit_stack *stack;
	uint32_t until_look;
	int64_t started; /* processor time in ns at the first look, 0 before */
};

static int64_t processor_time(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec + 1;
}

void pd_rx_free(struct pd_rx *rx)
{
	if (!rx)
		return;
	pcre2_match_data_free(rx->data);
	pcre2_match_context_free(rx->context);
	pcre2_jit_stack_free(rx->stack);
	pcre2_code_free(rx->code);
	free(rx);
}

static bool utf8_ok(const char *p, size_t n)
{
	const unsigned char *s = (const unsigned char *)p;

	for (size_t i = 0; i < n;) {
		size_t more = s[i] < 0x80 ? 0 : s[i] >= 0xc2 && s[i] < 0xe0 ? 1 : (s[i] & 0xf0) == 0xe0 ? 2 : s[i] >= 0xf0 && s[i] < 0xf5 ? 3 : 4;

		if (more == 4 || more >= n - i)
			return false;
		for (size_t k = 1; k <= more; k++)
			if ((s[i + k] & 0xc0) != 0x80)
				return false;
		i += more + 1;
	}
	return true;
}

static struct pd_rx *no_memory(struct pd_rx *rx, struct pd_error *err)
{
	pd_rx_free(rx);
	pd_error_set(err, PD_ERR_NOMEM, "out of memory");
	return NULL;
}

struct pd_rx *pd_rx_new(const char *what, const char *pattern, size_t n, bool whole, struct pd_error *err)
{
	uint32_t flags = PCRE2_DOLLAR_ENDONLY | PCRE2_USE_OFFSET_LIMIT | (whole ? PCRE2_ANCHORED | PCRE2_ENDANCHORED : 0);
	struct pd_rx *rx = calloc(1, sizeof *rx);
	char text[160];
	PCRE2_SIZE at;
	int code;

	if (!rx)
		return no_memory(rx, err);
	rx->what = what;
	if (utf8_ok(pattern, n))
		flags |= PCRE2_UTF | PCRE2_MATCH_INVALID_UTF;
	rx->code = pcre2_compile((PCRE2_SPTR)pattern, n, flags, &code, &at, NULL);
	if (!rx->code && code == PCRE2_ERROR_HEAP_FAILED)
		return no_memory(rx, err);
	if (!rx->code) {
		pcre2_get_error_message(code, (PCRE2_UCHAR *)text, sizeof text);
		pd_error_set(err, PD_ERR_USAGE, "regular expression of %s: %s at character %zu of '%.*s'", what, text, (size_t)at + 1,
			     (int)(n < 120 ? n : 120), pattern);
		pd_rx_free(rx);
		return NULL;
	}
	pcre2_jit_compile(rx->code, PCRE2_JIT_COMPLETE); /* where it cannot, the interpreter serves */
	rx->data = pcre2_match_data_create_from_pattern(rx->code, NULL);
	rx->context = pcre2_match_context_create(NULL);
	rx->stack = pcre2_jit_stack_create(32768, RX_JIT_STACK, NULL);
	if (!rx->data || !rx->context)
		return no_memory(rx, err);
	if (rx->stack)
		pcre2_jit_stack_assign(rx->context, NULL, rx->stack);
	pcre2_set_heap_limit(rx->context, 65536); /* KiB, for the interpreter */
	return rx;
}

static int too_much(const struct pd_rx *rx, struct pd_span text, const char *why, struct pd_error *err)
{
	pd_error_set(err, PD_ERR_LIMIT, "regular expression of %s: %s on '%.*s%s'", rx->what, why, (int)(text.n < 80 ? text.n : 80), text.p,
		     text.n < 80 ? "" : "...");
	pd_error_hint(err, "use a pattern that backtracks less: no nested repeats, anchors where they fit");
	return -1;
}

static bool time_is_up(struct pd_rx *rx)
{
	int64_t now = processor_time();

	rx->until_look = RX_LOOK;
	if (!rx->started)
		rx->started = now;
	return now - rx->started > (int64_t)RX_SECONDS * 1000000000;
}

/* One search from `at`; starting places beyond `last` are not tried. */
static int search(struct pd_rx *rx, struct pd_span text, size_t at, size_t last, uint32_t flags, struct pd_error *err)
{
	int rc;

	pcre2_set_match_limit(rx->context, RX_STEPS + 4 * (uint32_t)(text.n < (1u << 28) ? text.n : (1u << 28)));
	pcre2_set_offset_limit(rx->context, last);
	rc = pcre2_match(rx->code, (PCRE2_SPTR)text.p, text.n, at, flags, rx->data, rx->context);
	if (rc >= 0)
		return 1;
	if (rc == PCRE2_ERROR_NOMATCH)
		return 0;
	if (rc == PCRE2_ERROR_NOMEMORY) {
		pd_error_set(err, PD_ERR_NOMEM, "out of memory");
		return -1;
	}
	return too_much(rx, text, rc == PCRE2_ERROR_MATCHLIMIT ? "too many steps" : "too much memory", err);
}

static int search_long(struct pd_rx *rx, struct pd_span text, size_t at, uint32_t flags, struct pd_error *err)
{
	size_t window = RX_WINDOW_WORK / text.n + 1;

	while (at <= text.n) {
		size_t next = at + window;
		int rc;

		while (next < text.n && ((unsigned char)text.p[next] & 0xc0) == 0x80)
			next++;
		if (time_is_up(rx))
			return too_much(rx, text, "out of time", err);
		rc = search(rx, text, at, next - 1, flags, err);
		if (rc)
			return rc;
		at = next;
		flags = 0;
	}
	return 0;
}

static int find(struct pd_rx *rx, struct pd_span text, size_t at, uint32_t flags, struct pd_error *err)
{
	if (text.n > RX_LONG)
		return search_long(rx, text, at, flags, err);
	if (pd_unlikely(!rx->until_look--) && time_is_up(rx))
		return too_much(rx, text, "out of time", err);
	return search(rx, text, at, PCRE2_UNSET, flags, err);
}

int pd_rx_match(struct pd_rx *rx, struct pd_span text, struct pd_error *err)
{
	return find(rx, text, 0, 0, err);
}

int pd_rx_find(struct pd_rx *rx, struct pd_span text, size_t at, bool not_empty_here, const size_t **pair, unsigned *n, struct pd_error *err)
{
	int rc = find(rx, text, at, not_empty_here ? PCRE2_NOTEMPTY_ATSTART : 0, err);

	_Static_assert(sizeof(PCRE2_SIZE) == sizeof(size_t), "offsets are sizes");
	if (rc != 1)
		return rc;
	*pair = pcre2_get_ovector_pointer(rx->data);
	*n = pcre2_get_ovector_count(rx->data);
	return 1;
}

bool pd_rx_memo_init(struct pd_rx_memo *m, struct pd_rx *rx, size_t n)
{
	*m = (struct pd_rx_memo){ .rx = rx, .n = n };
	if (!rx)
		return true;
	m->known = calloc(n ? n : 1, 1);
	return m->known != NULL;
}

void pd_rx_memo_release(struct pd_rx_memo *m)
{
	pd_rx_free(m->rx);
	free(m->known);
	*m = (struct pd_rx_memo){ 0 };
}

int pd_rx_memo_match(struct pd_rx_memo *m, uint32_t id, struct pd_span text, struct pd_error *err)
{
	int rc;

	if (id >= m->n)
		return pd_rx_match(m->rx, text, err);
	if (m->known[id])
		return m->known[id] - 1;
	rc = pd_rx_match(m->rx, text, err);
	if (rc >= 0)
		m->known[id] = (uint8_t)(rc + 1);
	return rc;
}
