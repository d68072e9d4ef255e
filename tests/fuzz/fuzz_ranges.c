/* Eight bytes of size, one for the greatest number of parts, then the field. */
#include "http/multipart.h"

#include "invariants.h"
#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fsrv__text field = whole_input(data, size);
	uint64_t length = take_number(&field, 8);
	unsigned max = (unsigned)take_number(&field, 1) % FSRV__MAX_RANGES + 1;
	struct fsrv_range alone = {0, 0};
	enum fsrv_range_verdict verdict_alone =
		fsrv_parse_range_header(field.at, field.length, length, &alone);
	struct fsrv__ranges ranges;
	enum fsrv_range_verdict verdict = fsrv__ranges_parse(field, length, max, &ranges);
	struct fsrv__multipart multipart;

	MUST(verdict != FSRV_RANGE_UNSATISFIABLE || ranges.n == 0);
	/* But for numbers with very many zeros, a single range is what it is without a list. */
	if (verdict_alone != FSRV_RANGE_IGNORE && field.length <= 96)
		MUST(verdict == verdict_alone);
	if (verdict != FSRV_RANGE_PARTIAL)
		return 0;
	MUST(ranges.n <= max && ranges_are_sound(&ranges, length));
	if (verdict_alone == FSRV_RANGE_PARTIAL)
		MUST(ranges.n == 1 && ranges.list[0].offset == alone.offset &&
		     ranges.list[0].length == alone.length);
	if (fsrv__multipart_make(&multipart, &ranges, length, "text/plain", length))
		MUST(multipart_is_sound(&multipart, length));
	return 0;
}
