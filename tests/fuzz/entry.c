/* The engine's entry point, compiled once per target and format. */
#include "targets.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	PD_FUZZ_TARGET(pd_format_named(PD_FUZZ_FORMAT), data, n);
	return 0;
}
