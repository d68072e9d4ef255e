/* An option allocate of fsrv_new that counts, and fails when a number of allocations is used up. */
#ifndef TEST_BUDGET_H
#define TEST_BUDGET_H

#include <stddef.h>

/* It is used as long as the handler lives. */
struct budget {
	unsigned left; /* allocations that still succeed */
	unsigned live;
};

/* cls is a struct budget. To resize costs nothing. */
void *budget_allocate(void *cls, void *memory, size_t size);

#endif
