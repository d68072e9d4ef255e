/* Content-Type outranks the meta element of a page (WHATWG HTML, 13.2.3.1), so it has to repeat it. */
#include "fs/encoding.h"

#include <stdbool.h>
#include <stdio.h>

#include "fsrv/inject.h"
#include "http/text.h"

static const struct fsrv__text utf_8 = {"utf-8", 5};

static bool is_label(struct fsrv__text label)
{
	for (size_t i = 0; i < label.length; i++) {
		char byte = fsrv__to_lower(label.at[i]);

		if (!(byte >= 'a' && byte <= 'z') && !fsrv__is_digit(byte) && !fsrv__is_one_of(byte, "-_.:+"))
			return false;
	}
	return label.length > 0 && label.length < 40;
}

/* The labels of UTF-16 (Encoding Standard, 4.2). */
static bool is_utf_16(struct fsrv__text label)
{
	static const char *const labels[] = {"csunicode", "iso-10646-ucs-2", "ucs-2"};

	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++)
		if (fsrv__text_is(label, labels[i]))
			return true;
	return fsrv__text_starts_with(label, "utf-16") || fsrv__text_starts_with(label, "unicode");
}

/* What a label in a meta element means (WHATWG HTML, 13.2.3.2): one that was read in ASCII bytes cannot be
 * UTF-16. */
static struct fsrv__text correct(struct fsrv__text label)
{
	if (!is_label(label) || is_utf_16(label))
		return utf_8;
	if (fsrv__text_is(label, "x-user-defined"))
		return (struct fsrv__text){"windows-1252", 12};
	return label;
}

void fsrv__encoding_name(const char *bytes, size_t length, char media_type[FSRV__CONTENT_TYPE_SIZE])
{
	struct fsrv_scan_options options = {.size = sizeof(options)};
	struct fsrv__text label = utf_8;
	struct fsrv_page page;

	fsrv_scan_page(bytes, length < FSRV__ENCODING_START ? length : FSRV__ENCODING_START, &options, &page);
	if ((page.flags & (FSRV_PAGE_UTF16 | FSRV_PAGE_ISO_2022_JP)) != 0) {
		snprintf(media_type, FSRV__CONTENT_TYPE_SIZE, "text/html");
		return;
	}
	if ((page.flags & (FSRV_PAGE_CHARSET | FSRV_PAGE_BOM)) == FSRV_PAGE_CHARSET)
		label = correct((struct fsrv__text){bytes + page.charset_offset, page.charset_length});
	snprintf(media_type, FSRV__CONTENT_TYPE_SIZE, "text/html; charset=%.*s", (int)label.length, label.at);
}
