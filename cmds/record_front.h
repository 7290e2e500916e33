/* Records that are put into a stream afterwards, before all others. */
#ifndef CMDS_RECORD_FRONT_H
#define CMDS_RECORD_FRONT_H

#include "record.h"

#include <profdata/agent_wire.h>

struct record_front;

/* The stream once more, with what fill() adds behind its header, in a file of its own that takes its place. False: it is as it was, errno says why. */
bool record_in_front(const char *stream, void (*fill)(struct record_front *f, const void *arg), const void *arg);
/* Room for a record of `size` fixed bytes and `tail` more, filled with zeros; *r becomes its header. NULL: it is larger than a block. */
unsigned char *record_front_room(struct record_front *f, struct pd_wire_record *r, uint16_t kind, uint16_t size, size_t tail);
/* Copies n bytes there; where the next ones go. */
unsigned char *record_front_add(unsigned char *to, const void *from, size_t n);

#endif
