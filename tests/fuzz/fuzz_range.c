/* Eight bytes of size, then the field. */
#include "fsrv/range.h"

#include <stdbool.h>

#include "target.h"

static bool is_digits_and_marks(struct fsrv__text field)
{
	for (size_t i = 0; i < field.length; i++)
		if (memchr(" \t=-0123456789bytesBYTES", field.at[i], 24) == NULL)
			return false;
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fsrv__text field = whole_input(data, size);
	uint64_t length = take_number(&field, 8);
	struct fsrv_range range = {1, 2}, smaller;
	enum fsrv_range_verdict verdict = fsrv_parse_range_header(field.at, field.length, length, &range);

	MUST(verdict == FSRV_RANGE_PARTIAL || (range.offset == 1 && range.length == 2));
	MUST(verdict == FSRV_RANGE_IGNORE || is_digits_and_marks(field));
	MUST(fsrv_parse_range_header(field.at, field.length, 0, &smaller) ==
	     (verdict == FSRV_RANGE_IGNORE ? FSRV_RANGE_IGNORE : FSRV_RANGE_UNSATISFIABLE));
	if (verdict != FSRV_RANGE_PARTIAL)
		return 0;
	MUST(range.length > 0 && range.offset < length && range.length <= length - range.offset);
	return 0;
}
