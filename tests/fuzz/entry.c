/* The engine's entry point, compiled once per target and format, or reader of benchmarks. */
#include "targets.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
#ifdef PD_FUZZ_BENCHMARK
	pd_fuzz_bench(PD_FUZZ_BENCHMARK, data, n);
#else
	PD_FUZZ_TARGET(pd_format_named(PD_FUZZ_FORMAT), data, n);
#endif
	return 0;
}
