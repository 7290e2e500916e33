/* The only home of compiler builtins: checked arithmetic, hints, banned functions. */
#ifndef BASE_COMPILER_H
#define BASE_COMPILER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define pd_add_overflow(a, b, out) __builtin_add_overflow(a, b, out)
#define pd_sub_overflow(a, b, out) __builtin_sub_overflow(a, b, out)
#define pd_mul_overflow(a, b, out) __builtin_mul_overflow(a, b, out)

#define pd_likely(x) __builtin_expect(!!(x), 1)
#define pd_unlikely(x) __builtin_expect(!!(x), 0)
#define pd_prefetch(p) __builtin_prefetch(p)
#define PD_UNUSED __attribute__((unused))
#define PD_NOINLINE __attribute__((noinline))
#define PD_ALWAYS_INLINE inline __attribute__((always_inline))
#define PD_ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

static inline unsigned pd_ctz64(uint64_t x) { return (unsigned)__builtin_ctzll(x); }
static inline uint64_t pd_bswap64(uint64_t x) { return __builtin_bswap64(x); }
static inline unsigned pd_clz64(uint64_t x) { return (unsigned)__builtin_clzll(x); }

#include "base/banned.h"

#endif
