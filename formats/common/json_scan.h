/*
 * Looking for bytes in JSON text, sixteen at a time: for the parser, and for
 * readers that look ahead in its window.
 */
#ifndef COMMON_JSON_SCAN_H
#define COMMON_JSON_SCAN_H

#include "base/hash.h"
#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* First byte that ends the plain part of a string: quote, backslash, control. */
static inline const char *pd_json_plain_end(const char *p, const char *end)
{
	const uint64_t ones = 0x0101010101010101ull, high = 0x8080808080808080ull;

#ifdef __SSE2__
	for (; end - p >= 16; p += 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)p), control = _mm_set1_epi8(0x1f);
		__m128i special = _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('"')), _mm_cmpeq_epi8(v, _mm_set1_epi8('\\')));
		unsigned hit = (unsigned)_mm_movemask_epi8(_mm_or_si128(special, _mm_cmpeq_epi8(_mm_min_epu8(v, control), v)));

		if (hit)
			return p + pd_ctz64(hit);
	}
#endif
	for (; end - p >= 8; p += 8) {
		uint64_t v = pd_load64(p), q = v ^ ones * '"', b = v ^ ones * '\\';
		uint64_t hit = (((q - ones) & ~q) | ((b - ones) & ~b) | ((v - ones * 0x20) & ~v)) & high;

		if (!hit)
			continue;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
		return p + pd_ctz64(hit) / 8; /* the lowest hit is always a true one */
#else
		break;
#endif
	}
	while (p < end && *p != '"' && *p != '\\' && (unsigned char)*p >= 0x20)
		p++;
	return p;
}

/* First quote, bracket or brace. */
static inline const char *pd_json_structural(const char *p, const char *end)
{
#ifdef __SSE2__
	for (; end - p >= 16; p += 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)p), lower = _mm_or_si128(v, _mm_set1_epi8(0x20)); /* [ is {, ] is } */
		__m128i hits = _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('"')),
					    _mm_or_si128(_mm_cmpeq_epi8(lower, _mm_set1_epi8('{')), _mm_cmpeq_epi8(lower, _mm_set1_epi8('}'))));
		unsigned hit = (unsigned)_mm_movemask_epi8(hits);

		if (hit)
			return p + pd_ctz64(hit);
	}
#endif
	while (p < end && *p != '"' && (*p | 0x20) != '{' && (*p | 0x20) != '}')
		p++;
	return p;
}

/*
 * The end of the container at p, by quotes and brackets alone: what is between them is not looked at. NULL when
 * it does not end before `end` or is nested deeper than `deepest`.
 */
static inline const char *pd_json_container_end(const char *p, const char *end, unsigned deepest)
{
	unsigned depth = 0;

	for (;;) {
		p = pd_json_structural(p, end);
		if (p == end)
			return NULL;
		if (*p == '"') {
			for (p++; (p = pd_json_plain_end(p, end)) < end && *p != '"';)
				p += 1 + (*p == '\\');
			if (p >= end)
				return NULL;
			p++;
		} else if ((*p++ | 0x20) == '{') {
			if (++depth > deepest)
				return NULL;
		} else if (--depth == 0) {
			return p;
		}
	}
}

#endif
