#include <stdlib.h>

#include "budget.h"

void *budget_allocate(void *cls, void *memory, size_t size)
{
	struct budget *budget = cls;

	if (size == 0) {
		budget->live -= memory != NULL;
		free(memory);
		return NULL;
	}
	if (memory == NULL && budget->left == 0)
		return NULL;
	budget->left -= memory == NULL;
	budget->live += memory == NULL;
	return realloc(memory, size);
}
