/* Dates by integer arithmetic in the proleptic Gregorian calendar: no locale, no time zone, no
 * function of the C library that knows one. */
#include "http/httpdate.h"

#include <string.h>

static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
				   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
static const char days[7][10] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
				 "Thursday", "Friday", "Saturday"};

struct date {
	int year, month, day; /* month and day from 1 */
	int hour, minute, second;
};

static bool is_leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_of_month(int year, int month)
{
	static const int lengths[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return month == 2 && is_leap(year) ? 29 : lengths[month - 1];
}

/* Days from 1970-01-01 to January 1st of a year from 0 on, in the proleptic Gregorian calendar. */
static int64_t days_to_year(int year)
{
	int64_t before = year - 1;

	if (year == 0)
		return -719528;
	return before * 365 + before / 4 - before / 100 + before / 400 - 719162;
}

static int64_t to_seconds(const struct date *date)
{
	int64_t count = days_to_year(date->year) + date->day - 1;

	for (int month = 1; month < date->month; month++)
		count += days_of_month(date->year, month);
	return ((count * 24 + date->hour) * 60 + date->minute) * 60 + date->second;
}

static bool is_valid(const struct date *date)
{
	return date->day >= 1 && date->day <= days_of_month(date->year, date->month) && date->hour <= 23 &&
	       date->minute <= 59 && date->second <= 60; /* 60: a leap second */
}

/* The readers below consume what they read and return false at the first difference. */

static bool read_literal(struct fsrv__text *text, const char *literal)
{
	size_t length = strlen(literal);

	if (text->length < length || memcmp(text->at, literal, length) != 0)
		return false;
	text->at += length;
	text->length -= length;
	return true;
}

static bool read_digits(struct fsrv__text *text, size_t count, int *number)
{
	*number = 0;
	if (text->length < count)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!fsrv__is_digit(text->at[i]))
			return false;
		*number = *number * 10 + (text->at[i] - '0');
	}
	text->at += count;
	text->length -= count;
	return true;
}

static bool read_day_name(struct fsrv__text *text, bool whole)
{
	for (int i = 0; i < 7; i++) {
		char name[10] = {0};

		memcpy(name, days[i], whole ? sizeof(name) : 3);
		if (read_literal(text, name))
			return true;
	}
	return false;
}

static bool read_month(struct fsrv__text *text, int *month)
{
	for (*month = 1; *month <= 12; ++*month)
		if (read_literal(text, months[*month - 1]))
			return true;
	return false;
}

static bool read_time(struct fsrv__text *text, struct date *date)
{
	return read_digits(text, 2, &date->hour) && read_literal(text, ":") &&
	       read_digits(text, 2, &date->minute) && read_literal(text, ":") &&
	       read_digits(text, 2, &date->second);
}

static bool read_imf(struct fsrv__text text, struct date *date)
{
	return read_day_name(&text, false) && read_literal(&text, ", ") &&
	       read_digits(&text, 2, &date->day) && read_literal(&text, " ") &&
	       read_month(&text, &date->month) && read_literal(&text, " ") &&
	       read_digits(&text, 4, &date->year) && read_literal(&text, " ") && read_time(&text, date) &&
	       read_literal(&text, " GMT") && text.length == 0;
}

static bool read_rfc850(struct fsrv__text text, struct date *date)
{
	return read_day_name(&text, true) && read_literal(&text, ", ") && read_digits(&text, 2, &date->day) &&
	       read_literal(&text, "-") && read_month(&text, &date->month) && read_literal(&text, "-") &&
	       read_digits(&text, 2, &date->year) && read_literal(&text, " ") && read_time(&text, date) &&
	       read_literal(&text, " GMT") && text.length == 0;
}

static bool read_asctime(struct fsrv__text text, struct date *date)
{
	return read_day_name(&text, false) && read_literal(&text, " ") && read_month(&text, &date->month) &&
	       read_literal(&text, " ") &&
	       (read_literal(&text, " ") ? read_digits(&text, 1, &date->day)
					 : read_digits(&text, 2, &date->day)) &&
	       read_literal(&text, " ") && read_time(&text, date) && read_literal(&text, " ") &&
	       read_digits(&text, 4, &date->year) && text.length == 0;
}

static int64_t day_of(int64_t seconds)
{
	return (seconds >= 0 ? seconds : seconds - 86399) / 86400;
}

static int year_of(int64_t day)
{
	int year = (int)(1970 + (day >= 0 ? day / 366 : day / 365 - 1));

	while (days_to_year(year + 1) <= day)
		year++;
	return year;
}

/* The latest year with the two digits of date that puts it at most 50 years ahead of now. */
static int expand_year(const struct date *date, int64_t now)
{
	struct date earlier = *date;
	int last = year_of(day_of(now)) + 50;
	int year = last - (last - date->year) % 100;

	earlier.year = year - 50;
	return to_seconds(&earlier) > now ? year - 100 : year;
}

bool fsrv__httpdate_parse(struct fsrv__text text, int64_t now, int64_t *seconds)
{
	struct date date = {0};

	text = fsrv__text_trim(text);
	if (!read_imf(text, &date)) {
		if (read_rfc850(text, &date))
			date.year = expand_year(&date, now);
		else if (!read_asctime(text, &date))
			return false;
	}
	if (!is_valid(&date))
		return false;
	*seconds = to_seconds(&date);
	return true;
}

static char *write_digits(char *out, int number, int count)
{
	for (int i = count - 1; i >= 0; i--, number /= 10)
		out[i] = (char)('0' + number % 10);
	return out + count;
}

static char *write_text(char *out, const char *text, size_t length)
{
	memcpy(out, text, length);
	return out + length;
}

bool fsrv__httpdate_format(int64_t seconds, char out[FSRV__HTTPDATE_SIZE])
{
	int64_t day;
	int second_of_day, month = 1, day_of_month, year;

	if (seconds < INT64_C(-62167219200) || seconds > INT64_C(253402300799))
		return false;
	day = day_of(seconds);
	second_of_day = (int)(seconds - day * 86400);
	year = year_of(day);
	day_of_month = (int)(day - days_to_year(year));
	for (; day_of_month >= days_of_month(year, month); month++)
		day_of_month -= days_of_month(year, month);
	out = write_text(out, days[((day + 4) % 7 + 7) % 7], 3);
	out = write_text(out, ", ", 2);
	out = write_digits(out, day_of_month + 1, 2);
	out = write_text(out, " ", 1);
	out = write_text(out, months[month - 1], 3);
	out = write_text(out, " ", 1);
	out = write_digits(out, year, 4);
	out = write_text(out, " ", 1);
	out = write_digits(out, second_of_day / 3600, 2);
	out = write_text(out, ":", 1);
	out = write_digits(out, second_of_day / 60 % 60, 2);
	out = write_text(out, ":", 1);
	out = write_digits(out, second_of_day % 60, 2);
	write_text(out, " GMT", 5);
	return true;
}
