/*
 * Who is who. Names of frames become keys, equal whatever document they stand
 * in; then, rule by rule, keys that only one side has are joined with those of
 * the other side that have the same plain name. What a rule joined no later
 * one looks at again.
 */
#include "base/error.h"
#include "base/hash.h"
#include "xform/diff.h"
#include "xform/diff_names.h"

/* ---- keys ---- */

static uint64_t key_hash(uint64_t seed, const struct diff_key *k)
{
	uint64_t h = pd_hash_bytes(seed, k->name.p, k->name.n);

	h = pd_hash_bytes(h, k->file.p, k->file.n);
	h = pd_hash_bytes(h, k->object.p, k->object.n);
	return pd_hash_u64(h, k->address, (uint64_t)k->line);
}

static bool span_same(struct pd_span a, struct pd_span b)
{
	return a.n == b.n && (!a.n || !memcmp(a.p, b.p, a.n));
}

static bool key_same(const struct diff_key *a, const struct diff_key *b)
{
	return span_same(a->name, b->name) && span_same(a->file, b->file) && span_same(a->object, b->object) && a->address == b->address && a->line == b->line;
}

static bool slots_grow(struct pd_diff *d)
{
	size_t cap = d->key_slot.cap ? d->key_slot.cap * 2 : 1024;
	uint32_t *slot = calloc(cap, sizeof *slot);

	if (!slot)
		return false;
	for (uint32_t i = 1; i < d->key.n; i++) {
		size_t at = key_hash(d->hash_key, &d->key.v[i]) & (cap - 1);

		while (slot[at])
			at = (at + 1) & (cap - 1);
		slot[at] = i;
	}
	free(d->key_slot.v);
	d->key_slot.v = slot;
	d->key_slot.cap = cap;
	return true;
}

static bool keep_text(struct pd_diff *d, struct pd_span *s)
{
	if (!s->n)
		return true;
	s->p = pd_arena_text(&d->text, s->p, s->n);
	return s->p != NULL;
}

/* Number of a key, made when absent; 0 when out of memory. */
static uint32_t key_add(struct pd_diff *d, struct diff_key k)
{
	size_t at;

	if (d->key.n * 2 > d->key_slot.cap && !slots_grow(d))
		return 0;
	for (at = key_hash(d->hash_key, &k) & (d->key_slot.cap - 1); d->key_slot.v[at]; at = (at + 1) & (d->key_slot.cap - 1))
		if (key_same(&d->key.v[d->key_slot.v[at]], &k))
			return d->key_slot.v[at];
	k.parent = (uint32_t)d->key.n;
	if (k.parent == UINT32_MAX || !keep_text(d, &k.name) || !keep_text(d, &k.file) || !keep_text(d, &k.object) || !pd_vec_push(&d->key, k))
		return 0;
	return d->key_slot.v[at] = k.parent;
}

static struct pd_span base_name(const char *path)
{
	size_t n = strlen(path);
	const char *slash = n ? memrchr(path, '/', n) : NULL;

	return slash && slash[1] ? (struct pd_span){ slash + 1, n - (size_t)(slash + 1 - path) } : (struct pd_span){ path, n };
}

/* ---- frames of one document ---- */

/* Does any frame say what was inlined into it? */
static bool has_inlines(const struct pd_doc *doc)
{
	for (size_t i = 1; i < doc->t.frame.n; i++)
		if (doc->t.frame.v[i].n_lines > 1 || (doc->t.frame.v[i].flags & PD_FRAME_INLINED))
			return true;
	return false;
}

static enum pd_granularity key_granularity(const struct pd_diff *d)
{
	return d->o.granularity == PD_BY_FUNCTIONS ? PD_BY_FILEFUNCTIONS : d->o.granularity;
}

/* Keys of the nodes of a document; 0 at node 0. NULL when out of memory. */
static uint32_t *keys_of(struct pd_diff *d, const struct pd_nodes *n, unsigned side)
{
	uint32_t *key = calloc(n->key.n, sizeof *key);

	for (size_t i = 1; key && i < n->key.n; i++) {
		const struct pd_node_key *k = &n->key.v[i];
		bool module = d->o.granularity == PD_BY_MODULES;
		struct diff_key new = {
			.name = module ? base_name(k->name) : (struct pd_span){ k->name, strlen(k->name) },
			.file = { k->file, strlen(k->file) },
			.object = base_name(k->object),
			.address = k->address,
			.line = k->line,
		};

		key[i] = key_add(d, new);
		if (!key[i]) {
			free(key);
			return NULL;
		}
		d->key.v[key[i]].sides |= (uint8_t)(1u << side);
		d->key.v[key[i]].own |= (uint8_t)(1u << side);
	}
	return key;
}

/* Functions (keys, for now) of every frame, outermost first; inlined ones only when they are not folded. */
static bool fill_frames(const struct pd_diff *d, struct diff_unit *u, const struct pd_nodes *n, const uint32_t *key)
{
	size_t frames = u->doc->t.frame.n;
	uint32_t at = 0;

	u->first = calloc(frames + 2, sizeof *u->first);
	u->only = calloc(frames + 1, sizeof *u->only);
	u->func = malloc((n->first[frames ? frames : 1] + 1) * sizeof *u->func);
	if (!u->first || !u->only || !u->func)
		return false;
	for (uint32_t f = 1; f < frames; f++) {
		uint32_t from = n->first[f], to = n->first[f + 1];

		u->first[f] = at;
		if (d->s.folded_inlines && (u->doc->t.frame.v[f].flags & PD_FRAME_INLINED))
			continue;
		if (d->s.folded_inlines && to > from + 1)
			to = from + 1;
		for (uint32_t i = from; i < to; i++)
			u->func[at++] = key[n->line[i]];
	}
	u->first[frames ? frames : 1] = at;
	return true;
}

static bool read_frames(struct pd_diff *d, struct diff_unit *u, struct pd_error *err)
{
	struct pd_nodes n;
	uint32_t *key;
	bool ok;

	if (pd_nodes_init(&n, u->doc, key_granularity(d), PD_NODES_TRIM, err) != PD_OK)
		return false;
	key = keys_of(d, &n, u->side);
	ok = key && fill_frames(d, u, &n, key);
	free(key);
	pd_nodes_release(&n);
	return ok;
}

/* Keys that occur as the outermost frame. */
static void mark_roots(struct pd_diff *d, const struct diff_unit *u)
{
	const struct pd_tables *t = &u->doc->t;
	const size_t ahead = 16;

	for (size_t s = 1; s < t->stack.n; s++) {
		uint32_t frame;

		if (s + ahead < t->stack.n)
			pd_prefetch(&t->run.v[t->stack.v[s + ahead].first]);
		if (t->stack.v[s].parent || !pd_run_length(&t->stack.v[s]))
			continue;
		frame = t->run.v[t->stack.v[s].first];
		if (u->first[frame] < u->first[frame + 1])
			d->key.v[u->func[u->first[frame]]].root = true;
	}
}

/* ---- unions ---- */

static uint32_t leader(struct pd_diff *d, uint32_t k)
{
	while (d->key.v[k].parent != k)
		k = d->key.v[k].parent = d->key.v[d->key.v[k].parent].parent;
	return k;
}

static void join(struct pd_diff *d, uint32_t a, uint32_t b, enum pd_diff_rule rule)
{
	a = leader(d, a);
	b = leader(d, b);
	if (a == b)
		return;
	d->key.v[b].parent = a;
	d->key.v[a].sides |= d->key.v[b].sides;
	if (d->key.v[a].rule < rule)
		d->key.v[a].rule = (uint8_t)rule;
}

/* Keys under one plain name. */
struct bucket {
	struct pd_span name, file;
	uint32_t left;   /* some leftover, 0 none */
	uint32_t whole;  /* some union that both sides have */
	uint8_t sides;   /* of the leftovers */
};

struct ladder {
	struct pd_diff *d;
	enum pd_diff_rule rule;
	PD_VEC(struct bucket) bucket;
	uint32_t *slot;       /* bucket + 1 */
	size_t mask;
	uint32_t *of;         /* key → bucket + 1 */
	struct pd_arena text;
	char *buf;
	size_t room;
};

/* Copies of a function may be joined with a function that is there anyway: they are parts of it. */
static bool absorbs(enum pd_diff_rule rule)
{
	return rule == PD_MATCH_ADDRESS || rule == PD_MATCH_CLONE || rule == PD_MATCH_TIER;
}

static bool plain_name(struct ladder *l, const struct diff_key *k, struct pd_span *out)
{
	enum pd_diff_rule upto = l->rule;

	if (upto == PD_MATCH_ROOT && !k->root)
		upto = PD_MATCH_GENERIC;
	if (k->name.n > l->room) {
		char *more = realloc(l->buf, k->name.n);

		if (!more)
			return false;
		l->buf = more;
		l->room = k->name.n;
	}
	*out = (struct pd_span){ l->buf, pd_diff_plain_name(k->name, upto, l->d->o.without, l->buf) };
	return true;
}

static bool put_in_bucket(struct ladder *l, uint32_t key)
{
	struct diff_key *k = &l->d->key.v[key];
	uint32_t lead = leader(l->d, key);
	uint8_t sides = l->d->key.v[lead].sides;
	/* lines of one function are told apart by their numbers, nothing else may be ignored */
	uint64_t salt = l->d->o.granularity == PD_BY_LINES || l->d->o.granularity == PD_BY_ADDRESSES ? (uint64_t)k->line : 0;
	struct pd_span name;
	struct bucket *b;
	size_t at;

	if ((sides == 3 && !absorbs(l->rule)) || !k->name.n)
		return true;
	if (!plain_name(l, k, &name))
		return false;
	for (at = pd_hash_u64(salt, pd_hash_bytes(l->d->hash_key, name.p, name.n), 0) & l->mask; l->slot[at]; at = (at + 1) & l->mask) {
		b = &l->bucket.v[l->slot[at] - 1];
		if (span_same(b->name, name) && b->file.n == salt)
			break;
	}
	if (!l->slot[at]) {
		name.p = pd_arena_text(&l->text, name.p, name.n);
		if (!name.p || !pd_vec_push(&l->bucket, ((struct bucket){ .name = name, .file = { NULL, (size_t)salt } })))
			return false;
		l->slot[at] = (uint32_t)l->bucket.n;
	}
	b = &l->bucket.v[l->slot[at] - 1];
	if (sides == 3) {
		b->whole = b->whole ? b->whole : lead;
		return true;
	}
	l->of[key] = l->slot[at];
	b->left = b->left ? b->left : key;
	b->sides |= sides;
	return true;
}

/* One rule over all keys. */
static bool rung(struct pd_diff *d, enum pd_diff_rule rule)
{
	struct ladder l = { .d = d, .rule = rule, .mask = 64 };
	bool ok;

	while (l.mask < d->key.n * 2)
		l.mask *= 2;
	l.slot = calloc(l.mask, sizeof *l.slot);
	l.of = calloc(d->key.n, sizeof *l.of);
	l.mask--;
	ok = l.slot && l.of;
	for (uint32_t i = 1; ok && i < d->key.n; i++)
		ok = put_in_bucket(&l, i);
	for (uint32_t i = 1; ok && i < d->key.n; i++) {
		const struct bucket *b = l.of[i] ? &l.bucket.v[l.of[i] - 1] : NULL;

		if (b && (b->whole || b->sides == 3))
			join(d, b->whole ? b->whole : b->left, i, rule);
	}
	free(l.slot);
	free(l.of);
	free(l.buf);
	pd_vec_release(&l.bucket);
	pd_arena_release(&l.text);
	return ok;
}

/* ---- functions ---- */

static int span_order(struct pd_span a, struct pd_span b)
{
	int c = memcmp(a.n ? a.p : "", b.n ? b.p : "", a.n < b.n ? a.n : b.n);

	return c ? c : (a.n > b.n) - (a.n < b.n);
}

/* Is `a` the better name of a function: by content only, so that the order of files does not matter. */
static bool better_name(const struct diff_key *a, const struct diff_key *b)
{
	int c = span_order(a->name, b->name);

	if (!c)
		c = span_order(b->file, a->file) > 0 && a->file.n && !b->file.n ? -1 : span_order(a->file, b->file);
	return c ? c < 0 : a->line < b->line;
}

/* The better of two keys of a side, 0 being none. */
static uint32_t better(const struct pd_diff *d, uint32_t have, uint32_t key, unsigned side)
{
	if (!(d->key.v[key].own >> side & 1))
		return have;
	return !have || better_name(&d->key.v[key], &d->key.v[have]) ? key : have;
}

/* Gives every union a number; its name is one of the side after where there is one. */
static bool number(struct pd_diff *d)
{
	if (!pd_vec_push(&d->func, (struct diff_func){ 0 }))
		return false;
	for (uint32_t i = 1; i < d->key.n; i++) {
		struct diff_key *k = &d->key.v[i], *lead = &d->key.v[leader(d, i)];
		struct diff_func *f;

		if (!lead->func) {
			lead->func = (uint32_t)d->func.n;
			if (!pd_vec_push(&d->func, ((struct diff_func){ .sides = lead->sides, .rule = lead->rule })))
				return false;
		}
		f = &d->func.v[k->func = lead->func];
		f->key = better(d, f->key, i, PD_AFTER);
		f->was = better(d, f->was, i, PD_BEFORE);
	}
	for (uint32_t i = 1; i < d->func.n; i++) {
		struct diff_func *f = &d->func.v[i];

		if (!f->key)
			f->key = f->was;
		if (span_same(d->key.v[f->key].name, d->key.v[f->was].name))
			f->was = 0;
	}
	return true;
}

static void to_functions(struct pd_diff *d, struct diff_unit *u)
{
	size_t frames = u->doc->t.frame.n;

	for (uint32_t i = 0; i < u->first[frames ? frames : 1]; i++)
		u->func[i] = d->key.v[u->func[i]].func;
	for (uint32_t f = 1; f < frames; f++)
		if (u->first[f + 1] - u->first[f] == 1)
			u->only[f] = u->func[u->first[f]];
}

static void choose_inlines(struct pd_diff *d)
{
	for (size_t i = 0; i < d->unit.n; i++)
		d->s.side[d->unit.v[i].side].has_inlines |= has_inlines(d->unit.v[i].doc);
	d->s.folded_inlines = d->s.side[PD_BEFORE].has_inlines != d->s.side[PD_AFTER].has_inlines;
	if (d->s.folded_inlines)
		pd_diff_note(d, "only the side %s has inlined functions: they were folded into their callers", d->s.side[PD_AFTER].has_inlines ? "after" : "before");
}

bool pd_diff_match(struct pd_diff *d, struct pd_error *err)
{
	bool ok = pd_vec_push(&d->key, (struct diff_key){ 0 });

	choose_inlines(d);
	for (size_t i = 0; ok && i < d->unit.n; i++) {
		ok = read_frames(d, &d->unit.v[i], err);
		if (ok)
			mark_roots(d, &d->unit.v[i]);
	}
	for (unsigned r = PD_MATCH_NAME; ok && r < PD_MATCH_RULES; r++)
		if (!(d->o.without >> r & 1))
			ok = rung(d, (enum pd_diff_rule)r);
	ok = ok && number(d);
	for (size_t i = 0; ok && i < d->unit.n; i++)
		to_functions(d, &d->unit.v[i]);
	if (!ok)
		pd_error_nomem(err);
	return ok;
}
