/* fsrv-range SIZE HEADER - says what a Range field means for a representation of SIZE bytes. */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "fsrv/base.h"
#include "fsrv/range.h"

static const char usage[] =
	"usage: fsrv-range SIZE HEADER\n"
	"Says what the Range field value HEADER selects from a representation of SIZE bytes:\n"
	"absent, unsatisfiable, or satisfiable START END (positions, both inclusive).\n";

static bool read_size(const char *text, uint64_t *size)
{
	*size = 0;
	if (*text == '\0')
		return false;
	for (; *text != '\0'; text++) {
		unsigned digit = (unsigned)(*text - '0');

		if (digit > 9 || *size > (UINT64_MAX - digit) / 10)
			return false;
		*size = *size * 10 + digit;
	}
	return true;
}

static void print_verdict(const char *header, uint64_t size)
{
	struct fsrv_range range;

	switch (fsrv_parse_range_header(header, strlen(header), size, &range)) {
	case FSRV_RANGE_IGNORE:
		puts("absent");
		break;
	case FSRV_RANGE_UNSATISFIABLE:
		puts("unsatisfiable");
		break;
	case FSRV_RANGE_PARTIAL:
		printf("satisfiable %" PRIu64 " %" PRIu64 "\n", range.offset,
		       range.offset + range.length - 1);
		break;
	}
}

int main(int argc, char **argv)
{
	uint64_t size;

	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		fputs(usage, stdout);
		return 0;
	}
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		printf("fsrv-range %s\n", fsrv_version());
		return 0;
	}
	if (argc != 3) {
		fputs(usage, stderr);
		return 2;
	}
	if (!read_size(argv[1], &size)) {
		fprintf(stderr, "fsrv-range: SIZE '%s' is not a number from 0 to 18446744073709551615\n",
			argv[1]);
		return 2;
	}
	print_verdict(argv[2], size);
	return fflush(stdout) == 0 ? 0 : 2;
}
