/* Stacks and labels as Go and its debugger print them. */
#ifndef COMMON_GO_STACK_H
#define COMMON_GO_STACK_H

#include "base/span.h"
#include "base/vec.h"
#include <profdata/builder.h>
#include <profdata/format.h>

/* Frames of one stack, leaf first, and the inlined lines that wait for their physical function. */
struct go_stack {
	struct pd_builder *b;
	PD_VEC(pd_frame) frame;
	PD_VEC(struct pd_line) line;
	uint64_t address; /* of the lines waiting */
	bool failed;      /* out of memory */
};

/* A line of the frame being collected; `file` may be empty, `line` 0. */
void go_stack_line(struct go_stack *s, struct pd_span function, struct pd_span file, int64_t line);
/* What was collected becomes a frame. Nothing collected and no address: nothing. */
void go_stack_frame(struct go_stack *s);
/* A frame with nothing but a name. */
void go_stack_note(struct go_stack *s, struct pd_span name);
/* The stack so far; begins the next one. */
pd_stack go_stack_end(struct go_stack *s);
void go_stack_release(struct go_stack *s);

/* "FILE:LINE" cut at its last colon; without a number the whole is the file. */
void go_place(struct pd_span text, struct pd_span *file, int64_t *line);

struct go_labels {
	PD_VEC(struct pd_label) v;
	PD_VEC(char) text; /* of the word being unquoted */
	bool failed;
};

void go_label_text(struct go_labels *l, struct pd_builder *b, const char *key, struct pd_span value);
void go_label_number(struct go_labels *l, struct pd_builder *b, const char *key, int64_t value, const char *unit);
/* Takes `{"key":"value", key: value}` off the front; words are Go-quoted or bare. False when it is not that. */
bool go_labels_parse(struct go_labels *l, struct pd_builder *b, struct pd_span *s, size_t max);
/* The same without braces, to the end of `s`. */
bool go_labels_list(struct go_labels *l, struct pd_builder *b, struct pd_span *s, size_t max);
void go_labels_release(struct go_labels *l);

#endif
