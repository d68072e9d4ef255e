#include "fs/memory.h"

#include <stdlib.h>

void *fsrv__default_allocate(void *cls, void *memory, size_t size)
{
	(void)cls;
	if (size == 0) {
		free(memory);
		return NULL;
	}
	return realloc(memory, size);
}
