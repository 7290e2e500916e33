/* Options of a command that are those of a format under the same names: they reach the writer as "name=value". */
#include "cli.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool take(struct cmd_kv *kv, char *text)
{
	char **grown = text ? realloc(kv->v, (kv->n + 2) * sizeof(*grown)) : NULL;

	if (!grown) {
		free(text);
		return false;
	}
	kv->v = grown;
	grown[kv->n++] = text;
	grown[kv->n] = NULL;
	return true;
}

bool cmd_kv_add(struct cmd_kv *kv, const char *fmt, ...)
{
	va_list ap;
	char *text;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	return take(kv, n < 0 ? NULL : text);
}

bool cmd_kv_table(struct cmd_kv *kv, const struct pd_opt *table, const void *args)
{
	bool ok = true;

	for (const struct pd_opt *o = table; o->kind != PD_OPT_END && ok; o++) {
		const char *at = (const char *)args + o->offset;

		if ((o->kind == PD_OPT_STR || o->kind == PD_OPT_CHOICE) && *(const char *const *)at)
			ok = cmd_kv_add(kv, "%s=%s", o->name, *(const char *const *)at);
		else if (o->kind == PD_OPT_INT && *(const int64_t *)at)
			ok = cmd_kv_add(kv, "%s=%lld", o->name, (long long)*(const int64_t *)at);
		else if (o->kind == PD_OPT_REAL && *(const double *)at != 0)
			ok = cmd_kv_add(kv, "%s=%.17g", o->name, *(const double *)at);
		else if (o->kind == PD_OPT_BOOL && *(const bool *)at)
			ok = cmd_kv_add(kv, "%s", o->name);
	}
	return ok;
}

void cmd_kv_release(struct cmd_kv *kv)
{
	for (size_t i = 0; i < kv->n; i++)
		free(kv->v[i]);
	free(kv->v);
	*kv = (struct cmd_kv){ 0 };
}
