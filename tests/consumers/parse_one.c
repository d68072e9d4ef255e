/* parse_one - a program that only parses ranges: it ends with 0 when the parser is right. */
#include <string.h>

#include <fsrv/base.h>
#include <fsrv/range.h>

int main(void)
{
	struct fsrv_range range;

	if (fsrv_parse_range_header("bytes=-2", 8, 10, &range) != FSRV_RANGE_PARTIAL)
		return 1;
	return range.offset == 8 && range.length == 2 && strcmp(fsrv_version(), FSRV_VERSION) == 0 ? 0 : 1;
}
