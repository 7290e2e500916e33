/*
 * Growing arrays of plain values. A vec is three fields in a struct of yours;
 * pd_vec_reserve() makes room and reports failure, nothing else allocates.
 */
#ifndef BASE_VEC_H
#define BASE_VEC_H

#include "base/compiler.h"

#define PD_VEC(T) struct { T *v; size_t n, cap; }

/* Grows *v (items of `size` bytes) so that `more` fit behind n; false when out of memory. Large blocks move by mremap, not by copying. */
bool pd_vec_grow(void **v, size_t *cap, size_t n, size_t more, size_t size);

/* Asks for huge pages under a big block fresh from the allocator: most of its page faults are spared. */
void pd_mem_huge(void *p, size_t bytes);

#define pd_vec_reserve(vec, more) \
	(pd_likely((vec)->cap - (vec)->n >= (size_t)(more)) || \
	 pd_vec_grow((void **)&(vec)->v, &(vec)->cap, (vec)->n, (more), sizeof(*(vec)->v)))
/* Appends when room can be had; false otherwise. */
#define pd_vec_push(vec, item) (pd_vec_reserve(vec, 1) ? ((vec)->v[(vec)->n++] = (item), true) : false)
#define pd_vec_release(vec) (free((vec)->v), (vec)->v = NULL, (vec)->n = (vec)->cap = 0)

#endif
