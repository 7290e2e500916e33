#include "targets.h"

#include <stdlib.h>

void pd_fuzz_detect(const struct pd_format *format, const uint8_t *data, size_t n)
{
	struct pd_detected found = { 0 };
	struct pd_error err = { 0 };
	struct pd_source *src = pd_source_memory("input", data, n, NULL, &err);
	enum pd_status st = src ? pd_detect(src, &found, &err) : err.status;

	(void)format;
	pd_source_free(src);
	if (st != PD_OK && (err.status != st || !err.text[0]))
		pd_fuzz_broken("not detected and no reason", &err);
	if (st == PD_OK && (!found.format || found.level < PD_SNIFF_WEAK))
		pd_fuzz_broken("detected as nothing", NULL);
}
