/* profdata record -p: lists of processes. */
#include "record.h"

#include <limits.h>
#include <stdlib.h>

static bool known(const uint32_t *v, size_t n, uint32_t pid)
{
	for (size_t i = 0; i < n; i++)
		if (v[i] == pid)
			return true;
	return false;
}

/* The number at *at, which goes on behind it; 0: there is none. */
static uint32_t next(const char **at)
{
	char *end;
	unsigned long pid = strtoul(*at, &end, 10);

	if (**at < '0' || **at > '9' || pid > INT_MAX || (*end && *end != ',') || (*end && !end[1]))
		return 0;
	*at = *end ? end + 1 : end;
	return (uint32_t)pid;
}

int record_pids(struct cmd_ctx *ctx, const char *text, int (*possible)(struct cmd_ctx *ctx, uint32_t *pid), uint32_t **out, size_t *n)
{
	size_t most = 1;
	uint32_t *v, pid;
	const char *at = text;

	*n = 0;
	for (const char *p = text; *p; p++)
		most += *p == ',';
	*out = v = calloc(most, sizeof(*v));
	if (!v) {
		cmd_errorf(ctx, "out of memory");
		return RECORD_FAILED;
	}
	do {
		pid = next(&at);
		if (!pid) {
			cli_usage(ctx, "profdata record -p 1234,1235", "--pid: expected numbers of processes, separated by commas, not '%s'", text);
			return RECORD_FAILED;
		}
		if (possible(ctx, &pid))
			return RECORD_FAILED;
		if (!known(v, *n, pid))
			v[(*n)++] = pid;
	} while (*at);
	return 0;
}
