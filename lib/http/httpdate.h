/* HTTP dates (RFC 9110, 5.6.7). Three forms are read, one is written, without locale or time zone. */
#ifndef FSRV__HTTP_HTTPDATE_H
#define FSRV__HTTP_HTTPDATE_H

#include <stdbool.h>
#include <stdint.h>

#include "http/text.h"

/* "Sun, 06 Nov 1994 08:49:37 GMT" and its terminator. */
#define FSRV__HTTPDATE_SIZE 30

/* Parses an IMF-fixdate, rfc850-date or asctime-date. Blanks around it are skipped.
 *
 * now      seconds since 1970, in a year from 50 to 9999, to place a two-digit year at most 50 years ahead
 * seconds  the date in seconds since 1970, written only on success
 *
 * False when text is no such date: wrong form, or a day, hour, minute or second that does not
 * exist. The day of the week must be a name but is not compared with the date. */
bool fsrv__httpdate_parse(struct fsrv__text text, int64_t now, int64_t *seconds);

/* Writes an IMF-fixdate; false when the year is not from 0 to 9999. */
bool fsrv__httpdate_format(int64_t seconds, char out[FSRV__HTTPDATE_SIZE]);

#endif
