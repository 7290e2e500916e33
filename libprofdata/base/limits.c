#include "base/limits.h"

#include <unistd.h>

static uint64_t default_memory(void)
{
	const uint64_t ceiling = (uint64_t)4 << 30;
	long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
	uint64_t half;

	if (pages <= 0 || page <= 0 || pd_mul_overflow((uint64_t)pages, (uint64_t)page / 2, &half))
		return ceiling;
	return half < ceiling ? half : ceiling;
}

void pd_limits_fill(struct pd_limits *l)
{
	l->size = sizeof *l;
	if (!l->max_input)
		l->max_input = PD_DEFAULT_MAX_INPUT;
	if (!l->max_memory)
		l->max_memory = default_memory();
	if (!l->max_ratio)
		l->max_ratio = 200;
	if (!l->max_layers)
		l->max_layers = 1;
	if (!l->max_string)
		l->max_string = 1u << 20;
	if (!l->max_depth)
		l->max_depth = 65536;
	if (!l->max_nesting)
		l->max_nesting = 1024;
	if (!l->max_labels)
		l->max_labels = 256;
}

struct pd_limits pd_limits_copy(const struct pd_limits *given)
{
	struct pd_limits l = { 0 };

	if (given)
		memcpy(&l, given, given->size && given->size < sizeof l ? given->size : sizeof l);
	pd_limits_fill(&l);
	return l;
}
