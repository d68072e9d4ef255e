#include "guard_page.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static size_t page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

static size_t data_pages(size_t length)
{
	return length / page_size() + 1;
}

const char *guard_page_copy(const void *bytes, size_t length)
{
	size_t data = data_pages(length) * page_size();
	char *map = mmap(NULL, data + page_size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			 0);

	if (map == MAP_FAILED || mprotect(map + data, page_size(), PROT_NONE) != 0)
		abort();
	if (length > 0)
		memcpy(map + data - length, bytes, length);
	return map + data - length;
}

void guard_page_free(const char *copy, size_t length)
{
	size_t data = data_pages(length) * page_size();
	uintptr_t start = (uintptr_t)copy + length - data;

	if (munmap((void *)start, data + page_size()) != 0)
		abort();
}
