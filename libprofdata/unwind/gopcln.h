/*
 * The .gopclntab of a Go program, which is there when everything else was stripped: for every instruction how far the return address is from the stack
 * pointer (Go code has frame pointers but for leaves and the first instructions of a function, where following them loses the caller), the function,
 * the file and the line. All bytes are hostile; nothing in here allocates.
 */
#ifndef UNWIND_GOPCLN_H
#define UNWIND_GOPCLN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The table as it lies in the file; addresses are those of the file. All zero: none. */
struct gopcln {
	const uint8_t *p;
	size_t size;
	unsigned version;        /* 16, 18, 20: the Go release that brought this layout */
	uint64_t text;           /* functions begin at this address and their number; layout 16: 0, as numbers are addresses */
	uint64_t functions;
	uint64_t names, units, files; /* where texts of functions begin, numbers of files by unit, texts of files */
	uint64_t steps;          /* where the little programs of steps begin */
	uint64_t table;          /* where the sorted list of functions begins */
};

/* False: this is no such table, or one that is not known. */
bool gopcln_open(struct gopcln *g, const uint8_t *p, size_t size);

/*
 * Go 1.26 and later do not say where Go's code begins. It is where the two words "begin, end" in the data of the program say, which are as far from each
 * other as the functions of the table; between lo and hi. 0: not in these data, or said already.
 */
uint64_t gopcln_find_text(const struct gopcln *g, const uint8_t *data, size_t n, uint64_t lo, uint64_t hi);

struct gopcln_frame {
	int32_t depth;           /* bytes from the stack pointer to the return address */
	bool top;                /* nobody called this function */
	bool switches;           /* it goes to another stack: the depth says nothing behind that */
};

struct gopcln_place {
	const char *function, *file; /* in the table; file "" not known */
	int64_t line, start;         /* of the instruction, of the function; 0 not known */
};

/* The function that is there: of one that was inlined the line, and the function it was inlined into. False: `pc` is not in Go code. */
bool gopcln_place(const struct gopcln *g, uint64_t pc, struct gopcln_place *out);

/* False: `pc` is not in Go code. */
bool gopcln_frame(const struct gopcln *g, uint64_t pc, struct gopcln_frame *out);

#endif
