/* Arguments of events: taken as a piece of the window, parsed when somebody wants them. */
#include "chrome/event.h"

static struct pd_span keep_arg_text(struct chrome_reader *r, struct pd_span s, const struct pd_span *args)
{
	struct pd_span kept;

	if (s.p >= args->p && s.p <= args->p + args->n)
		return s;
	/* room for all of them was made: an unescaped text is shorter than what it was made of */
	kept = (struct pd_span){ r->arg_text.v + r->arg_text.n, s.n };
	memcpy(r->arg_text.v + r->arg_text.n, s.p, s.n);
	r->arg_text.n += s.n;
	return kept;
}

static void take_arg(struct chrome_reader *r, struct pd_json *j, struct pd_arg *a, const struct pd_span *args)
{
	struct pd_number num;
	const char *from;

	switch (pd_json_type(j)) {
	case PD_JSON_STRING:
		a->kind = PD_ARG_STR;
		if (pd_json_string(j, &a->str))
			a->str = keep_arg_text(r, a->str, args);
		return;
	case PD_JSON_BOOL:
		a->kind = PD_ARG_BOOL;
		pd_json_bool(j, &a->yes);
		return;
	case PD_JSON_NUMBER:
		if (!pd_json_number(j, &num))
			return;
		a->kind = PD_ARG_INT;
		if (num.exp10 != 0 || !pd_number_i64(&num, &a->i) || (num.negative && !a->i)) {
			a->kind = PD_ARG_JSON; /* as written: nothing is rounded */
			a->str = num.text;
		}
		return;
	default:
		from = j->p;
		a->kind = PD_ARG_JSON;
		pd_json_skip(j);
		a->str = (struct pd_span){ from, (size_t)(j->p - from) };
		if (a->str.n && memchr("NI-", a->str.p[0], 3))
			a->str = (struct pd_span){ "null", 4 };
	}
}

bool chrome_parse_args(struct chrome_reader *r, const struct chrome_event *e)
{
	struct pd_span text = chrome_text(r, e->args), key;
	struct pd_json j;

	r->arg.n = r->arg_text.n = 0;
	if (!text.n || text.p[0] != '{')
		return true;
	if (!pd_vec_reserve(&r->arg_text, 4 * text.n + 16)) /* a broken surrogate of 6 bytes becomes 3, a NaN 4 */
		return chrome_give_up(r);
	pd_json_init_piece(&j, &r->j, text, e->args_offset);
	pd_json_object(&j);
	while (pd_json_member(&j, &key)) {
		struct pd_arg a = { .key = keep_arg_text(r, key, &text) };

		take_arg(r, &j, &a, &text);
		if (!pd_vec_push(&r->arg, a)) {
			chrome_give_up(r);
			break;
		}
	}
	if (pd_json_failed(&j))
		r->j.status = pd_json_status(&j);
	pd_json_release(&j);
	return !pd_json_failed(&r->j);
}

const struct pd_arg *chrome_find_arg(const struct chrome_reader *r, const char *key)
{
	for (size_t i = 0; i < r->arg.n; i++)
		if (r->arg.v[i].key.n == strlen(key) && memcmp(r->arg.v[i].key.p, key, r->arg.v[i].key.n) == 0)
			return &r->arg.v[i];
	return NULL;
}
