/* Eight bytes of seconds, then a date. */
#include "http/httpdate.h"

#include "target.h"

#define FIRST INT64_C(-62167219200)
#define LAST  INT64_C(253402300799)
/* Of the year 50 to 9999, where now may be. */
#define FIRST_NOW INT64_C(-60589296000)

static void check_round_trip(int64_t seconds)
{
	char out[FSRV__HTTPDATE_SIZE] = "";
	int64_t again;

	if (!fsrv__httpdate_format(seconds, out)) {
		MUST(seconds < FIRST || seconds > LAST);
		return;
	}
	MUST(seconds >= FIRST && seconds <= LAST && strlen(out) == FSRV__HTTPDATE_SIZE - 1);
	MUST(fsrv__httpdate_parse((struct fsrv__text){out, strlen(out)}, 0, &again) && again == seconds);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fsrv__text date = whole_input(data, size);
	uint64_t number = take_number(&date, 8);
	int64_t now = FIRST_NOW + (int64_t)(number % (uint64_t)(LAST - FIRST_NOW + 1));
	int64_t seconds = -4242424242424242;

	check_round_trip((int64_t)number);
	check_round_trip(now);
	if (!fsrv__httpdate_parse(date, now, &seconds)) {
		MUST(seconds == -4242424242424242);
		return 0;
	}
	/* Two digits may lie ahead of the year 9999 by as much as they do of now. */
	MUST(seconds >= FIRST && seconds <= LAST + INT64_C(50) * 366 * 86400);
	if (seconds <= LAST)
		check_round_trip(seconds);
	/* Two digits: at most 50 years ahead, at most 100 years of the past from there. */
	if (memchr(date.at, '-', date.length) != NULL)
		MUST(seconds - now <= INT64_C(50) * 366 * 86400 &&
		     now - seconds <= INT64_C(51) * 366 * 86400);
	return 0;
}
