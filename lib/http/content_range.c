#include "http/content_range.h"

#include <string.h>

static char *write_number(char *out, uint64_t number)
{
	char digits[20];
	size_t n = 0;

	do {
		digits[n++] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	while (n > 0)
		*out++ = digits[--n];
	return out;
}

size_t fsrv__content_range_write(char *value, const struct fsrv_range *range, uint64_t size)
{
	char *out = value;

	memcpy(out, "bytes ", 6);
	out += 6;
	if (range != NULL) {
		out = write_number(out, range->offset);
		*out++ = '-';
		out = write_number(out, range->offset + range->length - 1);
	} else {
		*out++ = '*';
	}
	*out++ = '/';
	out = write_number(out, size);
	*out = '\0';
	return (size_t)(out - value);
}
