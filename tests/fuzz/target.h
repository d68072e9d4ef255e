/* What the fuzz targets of lib/http and lib/html share. */
#ifndef FUZZ_TARGET_H
#define FUZZ_TARGET_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "http/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(holds)                                                                                          \
	do {                                                                                                 \
		if (!(holds))                                                                                \
			abort();                                                                             \
	} while (0)

/* Takes a number off the front of the input; 0 when nothing is left. */
static inline uint64_t take_number(struct fsrv__text *input, size_t bytes)
{
	uint64_t number = 0;

	for (; bytes > 0 && input->length > 0; bytes--, input->length--)
		number = number << 8 | (unsigned char)*input->at++;
	return number;
}

/* Takes what stands before the next line feed. */
static inline struct fsrv__text take_line(struct fsrv__text *input)
{
	const char *end = input->length > 0 ? memchr(input->at, '\n', input->length) : NULL;
	struct fsrv__text line = {input->at, end != NULL ? (size_t)(end - input->at) : input->length};

	input->at += line.length + (end != NULL);
	input->length -= line.length + (end != NULL);
	return line;
}

static inline struct fsrv__text whole_input(const uint8_t *data, size_t size)
{
	return (struct fsrv__text){size > 0 ? (const char *)data : "", size};
}

#endif
