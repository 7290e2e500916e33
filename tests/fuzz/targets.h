/*
 * Properties that hold for any bytes. Each target aborts when one does not.
 *   read       reading as a format ends in a status; what was read keeps the promises of the model and can be written
 *   detect     detection ends, and whatever was detected can be read as above
 *   bench      reading results of a benchmark ends in a status; what was read can be compared, with numbers or a reason in every cell
 *   roundtrip  what was read, dumped, read and dumped again gives the same dump
 */
#ifndef FUZZ_TARGETS_H
#define FUZZ_TARGETS_H

#include <profdata/profdata.h>

/* NULL = detect */
void pd_fuzz_read(const struct pd_format *format, const uint8_t *data, size_t n);
void pd_fuzz_detect(const struct pd_format *format, const uint8_t *data, size_t n);
void pd_fuzz_roundtrip(const struct pd_format *format, const uint8_t *data, size_t n);
/* `kind`: a reader of benchmarks by name, NULL = detect */
void pd_fuzz_bench(const char *kind, const uint8_t *data, size_t n);

/* Loads with limits that keep one run short. */
struct pd_doc *pd_fuzz_load(const struct pd_format *format, const void *data, size_t n, struct pd_error *err);
/* Writes into memory; aborts on anything but a decent refusal (NULL). Freed with free(). */
char *pd_fuzz_save(const struct pd_doc *doc, const struct pd_format *format, size_t *n);
/* Says what was broken and aborts. */
_Noreturn void pd_fuzz_broken(const char *what, const struct pd_error *err);

#endif
