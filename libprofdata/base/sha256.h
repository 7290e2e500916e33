/* SHA-256 (FIPS 180-4) of short texts: of what stands in a content security policy. */
#ifndef BASE_SHA256_H
#define BASE_SHA256_H

#include "base/compiler.h"

void pd_sha256(const void *data, size_t n, uint8_t out[32]);
/* Base64 with padding and a terminating zero; `out` has room for (n + 2) / 3 * 4 + 1. Returns the length. */
size_t pd_base64(const uint8_t *data, size_t n, char *out);

#endif
