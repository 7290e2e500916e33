/* Asking profdata-symbols. */
#ifndef SYMBOLS_READER_H
#define SYMBOLS_READER_H

#include "base/vec.h"
#include "symbols/protocol.h"
#include <profdata/base.h>

struct sym_text {
	PD_VEC(char) block; /* zero-terminated texts one after another */
	uint32_t n;
};

struct sym_question {
	struct pd_sym_request head;
	struct sym_text build_id, paths, dirs;
	const uint64_t *address;
};

struct sym_function {
	size_t name, system_name, file; /* in text */
	int64_t start_line;
};

/* Lines of address i: line[end[i - 1] .. end[i]). */
struct sym_answer {
	PD_VEC(char) text;
	PD_VEC(struct sym_function) function;
	PD_VEC(struct pd_sym_line) line;
	PD_VEC(size_t) end;
	char file[512], reason[1100];
	bool started; /* the program could be run */
	enum pd_status status;
};

bool sym_text_add(struct sym_text *t, const char *text);
void sym_question_release(struct sym_question *q);
/* Runs the program once. What it does not answer is missing in the answer, with a reason; only memory makes it fail. */
void sym_ask(const char *program, struct sym_question *q, struct sym_answer *out);
void sym_answer_release(struct sym_answer *a);
/* The path of the program into buf; false when it is nowhere. */
bool sym_find_program(const char *asked, char *buf, size_t size);

#endif
