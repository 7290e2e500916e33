/* What the lines of frames are called, worked out once per distinct name. */
#include "xform/nodes.h"
#include "model/model.h"
#include <profdata/report.h>

struct pd_frame_names {
	struct pd_doc *doc;
	struct pd_nodes nodes;
	const char **name; /* per node, NULL until asked for */
	struct pd_arena text;
};

struct pd_frame_names *pd_frame_names_new(const struct pd_doc *doc, enum pd_granularity by, struct pd_error *err)
{
	struct pd_frame_names *n = calloc(1, sizeof *n);

	if (!n) {
		pd_error_set(err, PD_ERR_NOMEM, "out of memory");
		return NULL;
	}
	if (pd_nodes_init(&n->nodes, doc, by, PD_NODES_COLUMNS, err)) {
		free(n);
		return NULL;
	}
	n->doc = pd_doc_ref(doc); /* names point into it */
	n->name = calloc(n->nodes.key.n, sizeof *n->name);
	if (!n->name) {
		pd_frame_names_free(n);
		pd_error_set(err, PD_ERR_NOMEM, "out of memory");
		return NULL;
	}
	return n;
}

void pd_frame_names_free(struct pd_frame_names *n)
{
	if (!n)
		return;
	pd_nodes_release(&n->nodes);
	pd_arena_release(&n->text);
	free(n->name);
	pd_doc_unref(n->doc);
	free(n);
}

uint32_t pd_frame_names_count(const struct pd_frame_names *n, pd_frame f)
{
	return n->nodes.first[f.v + 1] - n->nodes.first[f.v];
}

static const char *make_name(struct pd_frame_names *n, uint32_t node)
{
	const struct pd_node_key *k = &n->nodes.key.v[node];
	size_t room = strlen(k->name) + strlen(k->file) + strlen(k->object) + 96;
	char *buf = malloc(room);
	const char *name = NULL;
	size_t len;

	if (!buf)
		return NULL;
	len = pd_node_name(k, buf, room, &name);
	if (name == buf)
		name = pd_arena_text(&n->text, buf, len < room ? len : room);
	free(buf);
	return name;
}

const char *pd_frame_name(struct pd_frame_names *n, pd_frame f, uint32_t line)
{
	/* the table has outer lines first */
	uint32_t node = n->nodes.line[n->nodes.first[f.v + 1] - 1 - line];

	if (!n->name[node])
		n->name[node] = make_name(n, node);
	return n->name[node];
}
