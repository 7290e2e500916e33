/*
 * Keyed hashing for tables that hold input. The key is drawn once per process
 * so that hostile input cannot aim at collisions; no output depends on it.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include "base/compiler.h"

/* The process key. */
uint64_t pd_hash_key(void);

/* 64x64 → 128 multiply, folded: the mixing step of wyhash. */
static inline uint64_t pd_hash_mix(uint64_t a, uint64_t b)
{
	__extension__ typedef unsigned __int128 u128;
	u128 r = (u128)a * b;
	return (uint64_t)r ^ (uint64_t)(r >> 64);
}

#define PD_HASH_C1 0xa0761d6478bd642fULL
#define PD_HASH_C2 0xe7037ed1a0b428dbULL

static inline uint64_t pd_hash_u64(uint64_t key, uint64_t a, uint64_t b)
{
	return pd_hash_mix(a ^ PD_HASH_C1 ^ key, b ^ PD_HASH_C2);
}

static inline uint64_t pd_load64(const void *p) { uint64_t v; memcpy(&v, p, 8); return v; }
static inline uint32_t pd_load32(const void *p) { uint32_t v; memcpy(&v, p, 4); return v; }

/* Bytes: 16 per multiply, the tail by overlapping loads. */
static inline uint64_t pd_hash_bytes(uint64_t key, const void *data, size_t n)
{
	const char *p = data;
	uint64_t h = key ^ PD_HASH_C1, a, b;
	size_t left = n;

	if (pd_likely(n >= 16)) {
		while (left > 16) {
			h = pd_hash_mix(pd_load64(p) ^ PD_HASH_C2, pd_load64(p + 8) ^ h);
			p += 16;
			left -= 16;
		}
		a = pd_load64(p + left - 16);
		b = pd_load64(p + left - 8);
	} else if (n >= 8) {
		a = pd_load64(p);
		b = pd_load64(p + n - 8);
	} else if (n >= 4) {
		a = pd_load32(p);
		b = pd_load32(p + n - 4);
	} else if (n) {
		a = ((uint64_t)(uint8_t)p[0] << 16) | ((uint64_t)(uint8_t)p[n >> 1] << 8) | (uint8_t)p[n - 1];
		b = 0;
	} else {
		a = b = 0;
	}
	return pd_hash_mix(PD_HASH_C2 ^ n, pd_hash_mix(a ^ PD_HASH_C2, b ^ h));
}

#endif
