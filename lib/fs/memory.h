/* Memory, by the allocation function that the embedding program chose. */
#ifndef FSRV__FS_MEMORY_H
#define FSRV__FS_MEMORY_H

#include <stddef.h>

struct fsrv__allocator {
	/* Like realloc(3), but a size of 0 frees. It may be called with a mutex of the library held, so it
	 * must not call the library. */
	void *(*function)(void *cls, void *memory, size_t size);
	void *cls;
};

/* The function of a program that did not choose one: realloc(3) and free(3). */
void *fsrv__default_allocate(void *cls, void *memory, size_t size);

static inline void *fsrv__resize(const struct fsrv__allocator *allocator, void *memory, size_t size)
{
	return allocator->function(allocator->cls, memory, size);
}

static inline void *fsrv__allocate(const struct fsrv__allocator *allocator, size_t size)
{
	return fsrv__resize(allocator, NULL, size);
}

/* NULL is allowed. */
static inline void fsrv__release(const struct fsrv__allocator *allocator, void *memory)
{
	if (memory != NULL)
		fsrv__resize(allocator, memory, 0);
}

#endif
