#include "fs/content.h"

#include <string.h>

#include "http/hash.h"

struct fsrv__content *fsrv__content_new(const struct fsrv__allocator *allocator, size_t length)
{
	struct fsrv__content *content = NULL;

	if (length <= SIZE_MAX - sizeof(*content))
		content = fsrv__allocate(allocator, sizeof(*content) + length);
	if (content == NULL)
		return NULL;
	memset(content, 0, sizeof(*content));
	content->allocator = *allocator;
	content->length = length;
	content->bytes = (char *)(content + 1);
	atomic_init(&content->references, 1);
	return content;
}

struct fsrv__content *fsrv__content_borrow(const struct fsrv__allocator *allocator, const void *bytes,
					   size_t length, void (*release)(void *cls), void *cls)
{
	struct fsrv__content *content = fsrv__content_new(allocator, 0);

	if (content == NULL)
		return NULL;
	/* Whoever sends content takes a pointer that is not const, and changes nothing. */
	content->bytes = (char *)(uintptr_t)bytes;
	content->length = length;
	content->release = release;
	content->cls = cls;
	return content;
}

void fsrv__content_seal(struct fsrv__content *content)
{
	content->hash = fsrv__hash_content(content->bytes, content->length);
}

struct fsrv__content *fsrv__content_hold(struct fsrv__content *content)
{
	atomic_fetch_add_explicit(&content->references, 1, memory_order_relaxed);
	return content;
}

void fsrv__content_release(struct fsrv__content *content)
{
	struct fsrv__allocator allocator;

	if (content == NULL || atomic_fetch_sub_explicit(&content->references, 1, memory_order_acq_rel) != 1)
		return;
	allocator = content->allocator;
	if (content->hot_bytes != NULL)
		atomic_fetch_sub_explicit(content->hot_bytes, content->length, memory_order_relaxed);
	if (content->release != NULL)
		content->release(content->cls);
	fsrv__release(&allocator, content);
}
