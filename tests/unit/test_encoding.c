#include "fs/encoding.h"
#include "suite.h"
#include "texts.h"

#define HTML "text/html; charset="
#define UTF8 HTML "utf-8"

static const struct {
	struct fsrv__text page;
	const char *type;
} pages[] = {
	{TEXT(""), UTF8},
	{TEXT("<p>x"), UTF8},
	{TEXT("\xc3\xa4"), UTF8},
	{TEXT("\xe4"), UTF8},
	{TEXT("<meta charset=utf-8>"), UTF8},
	{TEXT("<meta charset=UTF8>"), HTML "UTF8"},
	{TEXT("<meta charset=iso-8859-1>"), HTML "iso-8859-1"},
	{TEXT("<!doctype html><html><head><title>x</title><META CHARSET = \" Shift_JIS \" />"),
	 HTML "Shift_JIS"},
	{TEXT("<meta http-equiv=Content-Type content='text/html; charset=koi8-r'>"), HTML "koi8-r"},
	{TEXT("<meta content='text/html; charset=koi8-r'>"), UTF8},
	{TEXT("<!-- <meta charset=koi8-r> --><p>"), UTF8},
	{TEXT("<body><meta charset=koi8-r>"), HTML "koi8-r"},
	{TEXT("<meta charset=koi8-r><meta charset=gbk>"), HTML "koi8-r"},
	{TEXT("<meta charset=koi8-r"), UTF8},
	/* Labels that mean something else here. */
	{TEXT("<meta charset=utf-16>"), UTF8},
	{TEXT("<meta charset=UTF-16BE>"), UTF8},
	{TEXT("<meta charset=unicode>"), UTF8},
	{TEXT("<meta charset=UnicodeFFFE>"), UTF8},
	{TEXT("<meta charset=ucs-2>"), UTF8},
	{TEXT("<meta charset=ISO-10646-UCS-2>"), UTF8},
	{TEXT("<meta charset=csUnicode>"), UTF8},
	{TEXT("<meta charset=x-user-defined>"), HTML "windows-1252"},
	/* Labels that no field may have. */
	{TEXT("<meta charset='a b'>"), UTF8},
	{TEXT("<meta charset='a;b'>"), UTF8},
	{TEXT("<meta charset='a\r\nb'>"), UTF8},
	{TEXT("<meta charset=''>"), UTF8},
	{TEXT("<meta charset=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx>"),
	 HTML "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"},
	{TEXT("<meta charset=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx>"), UTF8},
	/* Byte order marks outrank everything. */
	{TEXT("\xef\xbb\xbf<meta charset=koi8-r>"), UTF8},
	{TEXT("\xff\xfe<\0p\0>\0"), "text/html"},
	{TEXT("\xfe\xff\0<\0p\0>"), "text/html"},
	{TEXT("<meta charset=iso-2022-jp>"), "text/html"},
	{TEXT("\xef\xbb\xbf<meta charset=iso-2022-jp>"), UTF8},
};

START_TEST(names)
{
	struct fsrv__text page = guard_text(pages[_i].page);
	char type[FSRV__CONTENT_TYPE_SIZE];

	fsrv__encoding_name(page.at, page.length, type);
	ck_assert_msg(strcmp(type, pages[_i].type) == 0, "%s: %s", pages[_i].page.at, type);
	guard_text_free(page);
}
END_TEST

/* A meta element that ends behind the bytes that browsers look at does not count. */
START_TEST(looks_at_the_start_alone)
{
	static const char meta[] = "<meta charset=koi8-r>";
	char page[FSRV__ENCODING_START + 100], type[FSRV__CONTENT_TYPE_SIZE];
	size_t length = sizeof(meta) - 1, end = (size_t)_i;

	memset(page, ' ', sizeof(page));
	memcpy(page + end - length, meta, length);
	fsrv__encoding_name(page, sizeof(page), type);
	ck_assert_str_eq(type, end <= FSRV__ENCODING_START ? HTML "koi8-r" : UTF8);
	fsrv__encoding_name(page, FSRV__ENCODING_START, type);
	ck_assert_str_eq(type, end <= FSRV__ENCODING_START ? HTML "koi8-r" : UTF8);
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("encoding");
	TCase *table = tcase_create("table");

	tcase_add_loop_test(table, names, 0, LEN(pages));
	tcase_add_loop_test(table, looks_at_the_start_alone, FSRV__ENCODING_START - 30,
			    FSRV__ENCODING_START + 30);
	suite_add_tcase(suite, table);
	return suite;
}
