/* One byte more than the claimed size is asked for. What then ends where it should needs no further read:
 * only files with a wrong size, or none, are read until nothing more comes. */
#include "fs/whole_file.h"

#include <errno.h>
#include <string.h>

#define MIN_CAPACITY 4096

/* Doubles the room, up to a byte more than is allowed. False without memory. */
static bool grow(const struct fsrv__allocator *allocator, uint64_t max, struct fsrv__content **content,
		 size_t *capacity)
{
	size_t wanted = *capacity < MIN_CAPACITY ? MIN_CAPACITY : *capacity * 2;
	struct fsrv__content *larger;

	if (wanted - 1 > max)
		wanted = (size_t)max + 1;
	larger = fsrv__content_new(allocator, wanted);
	if (larger == NULL)
		return false;
	memcpy(larger->bytes, (*content)->bytes, *capacity);
	fsrv__content_release(*content);
	*content = larger;
	*capacity = wanted;
	return true;
}

/* Reads until the claimed size is reached exactly, or until the end. */
static enum fsrv__whole_file_result read_all(const struct fsrv__allocator *allocator,
					     const struct fsrv__file *file, uint64_t max,
					     struct fsrv__content **content)
{
	size_t capacity = (*content)->length, length = 0;

	for (;;) {
		ssize_t n = fsrv__file_read(file, (*content)->bytes + length, capacity - length, length);

		if (n < 0)
			return FSRV__WHOLE_FILE_UNREADABLE;
		length += (size_t)n;
		if (n == 0 || (length == file->identity.size && length < capacity))
			break;
		if (length > max)
			return FSRV__WHOLE_FILE_TOO_LARGE;
		if (length == capacity && !grow(allocator, max, content, &capacity)) {
			errno = ENOMEM;
			return FSRV__WHOLE_FILE_UNREADABLE;
		}
	}
	(*content)->length = length;
	return FSRV__WHOLE_FILE_READ;
}

/* A second look tells a file that has changed from one that does not tell its size. */
static void compare_size(struct fsrv__file *file, struct fsrv__content *content)
{
	mode_t mode;

	if (content->length == file->identity.size)
		return;
	if (!fsrv__file_stat(file, file->fd, &mode) || content->length != file->identity.size)
		content->is_volatile = true;
}

enum fsrv__whole_file_result fsrv__whole_file_read(const struct fsrv__allocator *allocator,
						   struct fsrv__file *file, uint64_t max,
						   struct fsrv__content **content)
{
	uint64_t expected = file->identity.size < max ? file->identity.size : max;
	enum fsrv__whole_file_result result = FSRV__WHOLE_FILE_TOO_LARGE;
	struct fsrv__content *whole;
	int error;

	*content = NULL;
	if (expected >= SIZE_MAX)
		return result;
	whole = fsrv__content_new(allocator, (size_t)expected + 1);
	if (whole == NULL) {
		errno = ENOMEM;
		return FSRV__WHOLE_FILE_UNREADABLE;
	}
	result = read_all(allocator, file, max, &whole);
	if (result == FSRV__WHOLE_FILE_READ) {
		compare_size(file, whole);
		fsrv__content_seal(whole);
		*content = whole;
		return result;
	}
	error = errno;
	fsrv__content_release(whole);
	errno = error;
	return result;
}
