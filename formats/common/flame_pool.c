#include "common/flame_pool.h"
#include "base/hash.h"
#include "base/multikey.h"
#include "common/escape.h"
#include "io/out.h"

void flame_pool_init(struct flame_pool *p)
{
	*p = (struct flame_pool){ .hash_key = pd_hash_key() };
	p->failed = !pd_vec_push(&p->text, ((struct pd_span){ "", 0 }));
}

void flame_pool_release(struct flame_pool *p)
{
	pd_vec_release(&p->text);
	free(p->slot);
	free(p->rank);
	*p = (struct flame_pool){ 0 };
}

static bool grow(struct flame_pool *p)
{
	size_t cap = p->slot ? (p->mask + 1) * 2 : 256;
	uint32_t *slot = calloc(cap, sizeof *slot);

	if (!slot)
		return false;
	for (uint32_t i = 1; i < p->text.n; i++) {
		size_t at = pd_hash_bytes(p->hash_key, p->text.v[i].p, p->text.v[i].n) & (cap - 1);

		while (slot[at])
			at = (at + 1) & (cap - 1);
		slot[at] = i;
	}
	free(p->slot);
	p->slot = slot;
	p->mask = cap - 1;
	return true;
}

uint32_t flame_pool_add(struct flame_pool *p, struct pd_span s)
{
	size_t at;

	if (!s.n || p->failed)
		return 0;
	if ((!p->slot || p->text.n * 2 > p->mask) && !grow(p)) {
		p->failed = true;
		return 0;
	}
	for (at = pd_hash_bytes(p->hash_key, s.p, s.n) & p->mask; p->slot[at]; at = (at + 1) & p->mask) {
		struct pd_span have = p->text.v[p->slot[at]];

		if (have.n == s.n && !memcmp(have.p, s.p, s.n))
			return p->slot[at];
	}
	if (p->text.n >= UINT32_MAX - 1 || !pd_vec_push(&p->text, s)) {
		p->failed = true;
		return 0;
	}
	return p->slot[at] = (uint32_t)p->text.n - 1;
}

static struct pd_span text_of(const void *ctx, uint32_t id)
{
	const struct pd_span *text = ctx;

	return text[id];
}

/* Once sorted, `slot` is the order and `rank` its inverse. */
bool flame_pool_sort(struct flame_pool *p)
{
	size_t n = p->text.n;
	uint32_t *order = p->failed ? NULL : realloc(p->slot, n * sizeof *order);
	struct pd_multikey_item *item = malloc(n * sizeof *item);

	if (order)
		p->slot = order;
	p->rank = malloc(n * sizeof *p->rank);
	for (uint32_t i = 0; item && i < n; i++)
		item[i].id = i;
	p->failed = !order || !item || !p->rank || !pd_multikey_sort_texts(item, n, text_of, p->text.v);
	for (uint32_t i = 0; !p->failed && i < n; i++) {
		order[i] = item[i].id;
		p->rank[order[i]] = i;
	}
	free(item);
	return !p->failed;
}

/* Bytes that both begin with; ASCII only, so that every language counts the same. */
static size_t shared(struct pd_span a, struct pd_span b)
{
	size_t n = 0, most = a.n < b.n ? a.n : b.n;

	while (n < most && a.p[n] == b.p[n] && !(a.p[n] & 0x80))
		n++;
	return n > 2 ? n : 0; /* less is not worth its number */
}

void flame_put_string(struct pd_out *out, const char *text, size_t n)
{
	static const char hex[] = "0123456789abcdef";

	size_t from = 0, len;

	out_byte(out, '"');
	for (size_t at = esc_ascii_prefix(text, n); at < n; at += len) {
		uint32_t cp;
		bool valid;

		len = esc_utf8_next(text + at, n - at, &cp, &valid);
		if (pd_likely(valid))
			continue;
		esc_js_in_script(out, text + from, at - from);
		for (from = at; from < at + len; from++) {
			out_bytes(out, "\\udc", 4);
			out_byte(out, hex[(uint8_t)text[from] >> 4]);
			out_byte(out, hex[text[from] & 15]);
		}
	}
	esc_js_in_script(out, text + from, n - from);
	out_byte(out, '"');
}

void flame_pool_write(const struct flame_pool *p, struct pd_out *out)
{
	size_t n = p->text.n;

	pd_out_puts(out, ",\n\"strings\":[");
	for (size_t i = 0; i < n; i++) {
		struct pd_span s = p->text.v[p->slot[i]];
		size_t skip = i ? shared(p->text.v[p->slot[i - 1]], s) : 0;

		if (i)
			out_byte(out, ',');
		flame_put_string(out, s.p + skip, s.n - skip);
	}
	pd_out_puts(out, "],\n\"prefix\":[");
	for (size_t i = 0; i < n; i++) {
		if (i)
			out_byte(out, ',');
		pd_out_u64(out, i ? shared(p->text.v[p->slot[i - 1]], p->text.v[p->slot[i]]) : 0);
	}
	out_byte(out, ']');
}
