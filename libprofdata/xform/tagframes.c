/* tagroot and tagleaf: values of labels as frames around the stacks of the samples. */
#include "xform/filter.h"
#include "xform/tags.h"

/* (root frames, stack) → the stack under these frames; open addressing, key 0 is empty. */
struct rerooted {
	uint64_t *key;
	uint32_t *value;
	size_t mask, used;
};

struct tag_frames {
	struct pd_tag_keys root_keys, leaf_keys;
	uint32_t *root, *leaf; /* per label set: a stack of its frames, PD_GONE not made yet */
	bool root_found, leaf_found;
	struct rerooted memo;
	PD_VEC(uint32_t) chain;
};

static uint32_t *rerooted_at(struct rerooted *m, uint64_t key)
{
	size_t at = pd_hash_u64(0, key, key) & m->mask;

	while (m->key[at] && m->key[at] != key)
		at = (at + 1) & m->mask;
	m->key[at] = key;
	return &m->value[at];
}

static bool rerooted_room(struct rerooted *m)
{
	struct rerooted old = *m;
	size_t slots = old.key ? (old.mask + 1) * 2 : 1024;

	if (old.key && old.used < old.mask / 2)
		return true;
	m->key = calloc(slots, sizeof *m->key);
	m->value = calloc(slots, sizeof *m->value);
	if (!m->key || !m->value) {
		free(m->key);
		free(m->value);
		*m = old;
		return false;
	}
	m->mask = slots - 1;
	for (size_t i = 0; old.key && i <= old.mask; i++)
		if (old.key[i])
			*rerooted_at(m, old.key[i]) = old.value[i];
	free(old.key);
	free(old.value);
	return true;
}

/* The stack `s` on top of the frames of stack `root`. Climbs to the nearest ancestor done before. */
static uint32_t reroot(struct pd_pick *p, struct tag_frames *tf, uint32_t root, uint32_t s)
{
	uint32_t run[PD_RUN], base = root;

	if (!root)
		return s;
	tf->chain.n = 0;
	for (uint32_t at = s; at; at = p->b->doc->t.stack.v[at].parent) {
		uint32_t *known;

		if (!rerooted_room(&tf->memo) || !pd_vec_reserve(&tf->chain, 1)) {
			pd_pick_nomem(p);
			return 0;
		}
		known = rerooted_at(&tf->memo, (uint64_t)root << 32 | at);
		if (*known) {
			base = *known;
			break;
		}
		tf->memo.used++;
		tf->chain.v[tf->chain.n++] = at;
	}
	while (tf->chain.n && !pd_builder_failed(p->b)) {
		uint32_t at = tf->chain.v[--tf->chain.n];

		base = pd_pick_extend(p, base, run, pd_pick_run(p, at, run));
		*rerooted_at(&tf->memo, (uint64_t)root << 32 | at) = base;
	}
	return base;
}

/* A stack made of the frames for the keys, root first. Frames are made in pprof's order: last key first. */
static uint32_t tag_stack(struct pd_pick *p, const struct pd_tag_keys *keys, pd_labels set, bool *found)
{
	uint32_t *frames = calloc(keys->n + 1, sizeof *frames), made;

	if (!frames) {
		pd_pick_nomem(p);
		return 0;
	}
	for (size_t i = keys->n; i-- > 0;)
		frames[i] = pd_tag_frame(p->b, p->doc, set, keys->key[i], p->o->output_unit, found).v;
	made = pd_builder_failed(p->b) ? 0 : pd_pick_extend(p, 0, frames, (uint32_t)keys->n);
	free(frames);
	return made;
}

static uint32_t tag_row(struct pd_pick *p, struct tag_frames *tf, pd_stack stack, pd_labels set)
{
	uint32_t root, leaf, base, run[PD_RUN], chain[256], n = 0;

	if (tf->root[set.v] == PD_GONE) {
		tf->root[set.v] = tag_stack(p, &tf->root_keys, set, &tf->root_found);
		tf->leaf[set.v] = tag_stack(p, &tf->leaf_keys, set, &tf->leaf_found);
	}
	root = tf->root[set.v];
	leaf = tf->leaf[set.v];
	base = reroot(p, tf, root, stack.v);
	for (; leaf && n < PD_ARRAY_LEN(chain); leaf = p->b->doc->t.stack.v[leaf].parent)
		chain[n++] = leaf;
	while (n)
		base = pd_pick_extend(p, base, run, pd_pick_run(p, chain[--n], run));
	return base;
}

static void tag_rows(struct pd_pick *p, struct tag_frames *tf, const struct pd_window *w)
{
	struct pd_rows rows;
	size_t e = 0;

	for (unsigned s = 0; s < pd_doc_series(p->doc); s++) {
		for (uint64_t first = 0; pd_series_rows(p->doc, s, first, &rows); first += rows.n) {
			for (size_t i = 0; i < rows.n && !p->failed && !pd_builder_failed(p->b); i++, e++) {
				uint32_t stack = p->to[rows.stack[i].v];

				tf->chain.n = 0;
				if (pd_in_window(w, s, &rows, i))
					p->to[p->doc->t.stack.n + e] = tag_row(p, tf, (pd_stack){ stack }, rows.labels[i]);
			}
		}
	}
}

/* Turns entries per stack into entries per row. */
static bool tag_entries(struct pd_pick *p, struct tag_frames *tf, const struct pd_window *w)
{
	size_t sets = p->doc->t.set.n, stacks = p->doc->t.stack.n, rows = 0;
	uint32_t *grown;

	for (unsigned s = 0; s < pd_doc_series(p->doc); s++)
		rows += pd_series_count(p->doc, s);
	tf->root = malloc(sets * sizeof *tf->root);
	tf->leaf = malloc(sets * sizeof *tf->leaf);
	grown = realloc(p->to, (stacks + rows) * sizeof *p->to);
	if (grown)
		p->to = grown;
	if (!tf->root || !tf->leaf || !grown)
		return pd_pick_nomem(p);
	memset(tf->root, 0xff, sets * sizeof *tf->root);
	memset(tf->leaf, 0xff, sets * sizeof *tf->leaf);
	memset(p->to + stacks, 0xff, rows * sizeof *p->to);
	tag_rows(p, tf, w);
	memmove(p->to, p->to + stacks, rows * sizeof *p->to);
	p->n_entries = rows;
	p->by_row = true;
	return !p->failed && !pd_builder_failed(p->b);
}

bool pd_tag_frames(struct pd_pick *p, const struct pd_window *w)
{
	struct tag_frames tf = { 0 };
	bool ok = true;

	if (!pd_tag_keys_parse(&tf.root_keys, p->o->tagroot) || !pd_tag_keys_parse(&tf.leaf_keys, p->o->tagleaf))
		ok = pd_pick_nomem(p);
	else if (tf.root_keys.n + tf.leaf_keys.n > 1024) {
		pd_error_set(p->err, PD_ERR_USAGE, "more than 1024 label keys for tagroot and tagleaf");
		p->failed = true;
		ok = false;
	} else if (tf.root_keys.n + tf.leaf_keys.n) {
		ok = tag_entries(p, &tf, w);
		p->report->tagroot_unmatched = p->o->tagroot && *p->o->tagroot && !tf.root_found;
		p->report->tagleaf_unmatched = p->o->tagleaf && *p->o->tagleaf && !tf.leaf_found;
	}
	if (p->o->tagroot)
		pd_builder_meta(p->b)->root_label = (pd_str){ 0 }; /* said otherwise */
	pd_tag_keys_release(&tf.root_keys);
	pd_tag_keys_release(&tf.leaf_keys);
	free(tf.root);
	free(tf.leaf);
	free(tf.memo.key);
	free(tf.memo.value);
	pd_vec_release(&tf.chain);
	return ok;
}
