#include "http/host.h"
#include "suite.h"
#include "texts.h"

static const struct {
	const char *text;
	bool is_pattern;
} patterns[] = {
	{"*", true},
	{"example.com", true},
	{"example.com.", true},
	{"EXAMPLE.com", true},
	{"my_host", true},
	{"xn--bcher-kva.example", true},
	{"example.com:8080", true},
	{".example.com", true},
	{"*.example.com", true},
	{"*.example.com:443", true},
	{"192.0.2.1", true},
	{"192.0.2.1:80", true},
	{"[2001:db8::1]", true},
	{"[2001:db8::1]:8080", true},
	{"2001:db8::1", true},
	{"null", true},
	{"", false},
	{".", false},
	{"..", false},
	{"..a", false},
	{"*.", false},
	{"*:80", false},
	{"*a", false},
	{"a.*", false},
	{"*.*.a", false},
	{":80", false},
	{"example.com:http", false},
	{"example.com:123456", false},
	{"http://example.com", false},
	{"example.com/", false},
	{"user@example.com", false},
	{"a b", false},
	{"a,b", false},
	{"b\xc3\xbc"
	 "cher.example",
	 false},
	{"[::1", false},
	{"[]", false},
	{"[example.com]", false},
	{"[::1]x", false},
	{"[.localhost:1:2]", false},
	{"*.a:b:c", false},
	{"fe80::1%eth0", false},
	{"[g::1]", false},
	{"a%41", false},
};

START_TEST(knows_patterns)
{
	ck_assert_msg(fsrv__host_is_pattern(patterns[_i].text) == patterns[_i].is_pattern, "\"%s\"",
		      patterns[_i].text);
}
END_TEST

static const struct {
	struct fsrv__text host;
	bool is_loopback;
} loopback[] = {
	{TEXT("localhost"), true},
	{TEXT("LocalHost"), true},
	{TEXT("localhost."), true},
	{TEXT("app.localhost"), true},
	{TEXT("a.b.LOCALHOST."), true},
	{TEXT("127.0.0.1"), true},
	{TEXT("127.255.0.9"), true},
	{TEXT("::1"), true},
	{TEXT("0:0:0:0:0:0:0:1"), true},
	{TEXT("0000:0000:0000:0000:0000:0000:0000:0001"), true},
	{TEXT("::ffff:127.0.0.1"), true},
	{TEXT("::FFFF:7F00:1"), true},
	{TEXT(""), false},
	{TEXT("."), false},
	{TEXT(".localhost"), false},
	{TEXT("localhost.."), false},
	{TEXT("localhost.example"), false},
	{TEXT("notlocalhost"), false},
	{TEXT("127.0.0.1.example"), false},
	{TEXT("127.example"), false},
	{TEXT("127.0.0"), false},
	{TEXT("127.0.0.1.2"), false},
	{TEXT("127.0.0.256"), false},
	{TEXT("127.0.0.01"), false},
	{TEXT("127.0.0."), false},
	{TEXT("127..0.1"), false},
	{TEXT("0127.0.0.1"), false},
	{TEXT("128.0.0.1"), false},
	{TEXT("12.0.0.1"), false},
	{TEXT("1"), false},
	{TEXT("::"), false},
	{TEXT("1::1"), false},
	{TEXT("::2"), false},
	{TEXT("::11"), false},
	{TEXT("001"), false},
	{TEXT("::ffff:128.0.0.1"), false},
	{TEXT("::ffff:7f.example"), false},
	{TEXT("::ffff:8000:1"), false},
	{TEXT("::ffff:7f00:1].evil.example"), false},
};

START_TEST(knows_loopback)
{
	struct fsrv__text host = guard_text(loopback[_i].host);

	ck_assert_msg(fsrv__host_is_loopback(host) == loopback[_i].is_loopback, "\"%s\"",
		      loopback[_i].host.at);
	guard_text_free(host);
}
END_TEST

#define ALLOWED FSRV__HOST_IS_ALLOWED
#define HOST    FSRV__HOST_IS_REFUSED
#define ORIGIN  FSRV__ORIGIN_IS_REFUSED
#define ABSENT  NULL

/* Each row with the list that stands in front of it, separated by blanks. */
static const struct {
	const char *list;
	const char *target, *host, *origin;
	enum fsrv__host_verdict verdict;
	const char *refused;
} cases[] = {
	/* Without a list: the loopback interface. */
	{"", "/", "localhost", ABSENT, ALLOWED, NULL},
	{"", "/", "localhost:8080", ABSENT, ALLOWED, NULL},
	{"", "/", "127.0.0.1:8080", ABSENT, ALLOWED, NULL},
	{"", "/", "[::1]:8080", ABSENT, ALLOWED, NULL},
	{"", "/", "[::1]", ABSENT, ALLOWED, NULL},
	{"", "/", "app.localhost:8080", ABSENT, ALLOWED, NULL},
	{"", "/", "localhost:", ABSENT, ALLOWED, NULL},
	{"", "/", "evil.example", ABSENT, HOST, "evil.example"},
	{"", "/", "evil.example:8080", ABSENT, HOST, "evil.example:8080"},
	{"", "/", "127.0.0.1.evil.example", ABSENT, HOST, "127.0.0.1.evil.example"},
	{"", "/", "localhost.evil.example", ABSENT, HOST, "localhost.evil.example"},
	{"", "/", "192.0.2.1", ABSENT, HOST, "192.0.2.1"},
	{"", "/", "[2001:db8::1]", ABSENT, HOST, "[2001:db8::1]"},
	{"", "/", "localhost:80@evil.example", ABSENT, HOST, "localhost:80@evil.example"},
	{"", "/", "localhost, evil.example", ABSENT, HOST, "localhost, evil.example"},
	{"", "/", "[::1]evil.example", ABSENT, HOST, "[::1]evil.example"},
	{"", "/", "[::1", ABSENT, HOST, "[::1"},
	{"", "/", "[localhost]", ABSENT, HOST, "[localhost]"},
	/* HTTP/1.0, and an empty Host. */
	{"", "/", ABSENT, ABSENT, ALLOWED, NULL},
	{"", "/", "", ABSENT, ALLOWED, NULL},
	{"", "/", ABSENT, "http://evil.example", ORIGIN, "evil.example"},
	/* Origin. */
	{"", "/", "127.0.0.1:8080", "http://localhost:3000", ALLOWED, NULL},
	{"", "/", "localhost", "https://127.0.0.1", ALLOWED, NULL},
	{"", "/", "localhost", "http://[::1]:3000", ALLOWED, NULL},
	{"", "/", "localhost", "app://localhost", ALLOWED, NULL},
	{"", "/", "localhost", "", ALLOWED, NULL},
	{"", "/", "localhost", "https://evil.example", ORIGIN, "evil.example"},
	{"", "/", "localhost", "https://evil.example:8443", ORIGIN, "evil.example:8443"},
	{"", "/", "localhost", "https://localhost.evil.example", ORIGIN, "localhost.evil.example"},
	{"", "/", "localhost", "null", ORIGIN, "null"},
	{"", "/", "localhost", "chrome-extension://abc", ORIGIN, "abc"},
	{"", "/", "localhost", "http://localhost http://evil.example", ORIGIN, "localhost http:"},
	{"", "/", "localhost", "http://localhost@evil.example", ORIGIN, "localhost@evil.example"},
	/* The target outranks Host. */
	{"", "http://localhost/x", "evil.example", ABSENT, ALLOWED, NULL},
	{"", "http://evil.example/x", "localhost", ABSENT, HOST, "evil.example"},
	{"", "HTTPS://evil.example?x", "localhost", ABSENT, HOST, "evil.example"},
	{"", "/http://evil.example/", "localhost", ABSENT, ALLOWED, NULL},
	{"", "http:///x", "localhost", ABSENT, ALLOWED, NULL},
	{"", "*", "localhost", ABSENT, ALLOWED, NULL},
	{"", "*", "evil.example", ABSENT, HOST, "evil.example"},
	{"", "", "evil.example", ABSENT, HOST, "evil.example"},
	/* Names. */
	{"a.example", "/", "localhost", ABSENT, ALLOWED, NULL},
	{"a.example", "/", "a.example", ABSENT, ALLOWED, NULL},
	{"a.example", "/", "A.Example.:8080", "https://a.EXAMPLE", ALLOWED, NULL},
	{"A.example.", "/", "a.example", ABSENT, ALLOWED, NULL},
	{"a.example", "/", "b.a.example", ABSENT, HOST, "b.a.example"},
	{"a.example", "/", "aa.example", ABSENT, HOST, "aa.example"},
	{"a.example", "/", "a.example.evil", ABSENT, HOST, "a.example.evil"},
	{"a.example", "/", "a.example", "https://b.example", ORIGIN, "b.example"},
	{"b.example a.example", "/", "a.example", "http://b.example", ALLOWED, NULL},
	{".a.example", "/", "a.example", ABSENT, ALLOWED, NULL},
	{".a.example", "/", "x.y.A.example.", ABSENT, ALLOWED, NULL},
	{".a.example", "/", "xa.example", ABSENT, HOST, "xa.example"},
	{".a.example", "/", ".a.example", ABSENT, HOST, ".a.example"},
	{"*.a.example", "/", "x.a.example", ABSENT, ALLOWED, NULL},
	{"*.a.example", "/", "x.y.a.example", ABSENT, ALLOWED, NULL},
	{"*.a.example", "/", "a.example", ABSENT, HOST, "a.example"},
	{"*.a.example", "/", "*.a.example", ABSENT, ALLOWED, NULL},
	/* Addresses. */
	{"192.0.2.1", "/", "192.0.2.1:80", ABSENT, ALLOWED, NULL},
	{"[2001:db8::a]", "/", "[2001:DB8::A]:80", ABSENT, ALLOWED, NULL},
	{"2001:db8::a", "/", "[2001:db8::a]", ABSENT, ALLOWED, NULL},
	{"[2001:db8::a]:80", "/", "[2001:db8::a]:81", ABSENT, HOST, "[2001:db8::a]:81"},
	/* Ports. */
	{"a.example:8080", "/", "a.example:8080", "http://a.example:8080", ALLOWED, NULL},
	{"a.example:8080", "/", "a.example:8081", ABSENT, HOST, "a.example:8081"},
	{"a.example:8080", "/", "a.example", ABSENT, HOST, "a.example"},
	{"a.example:80", "/", "a.example", "http://a.example", ALLOWED, NULL},
	{"a.example:443", "/", "a.example", "https://a.example", ALLOWED, NULL},
	{"a.example:443", "/", "a.example", "http://a.example", ORIGIN, "a.example"},
	{"a.example:443", "http://a.example/", "", ABSENT, HOST, "a.example"},
	{"*.a.example:80", "/", "x.a.example:80", ABSENT, ALLOWED, NULL},
	/* All, and the opaque origin. */
	{"*", "/", "evil.example", "null", ALLOWED, NULL},
	{"a.example *", "/", "[", "x", ALLOWED, NULL},
	{"null", "/", "localhost", "null", ALLOWED, NULL},
};

#define MAX_PATTERNS 4

static struct fsrv__text guard(const char *text)
{
	return text != NULL ? guard_text(text_of(text)) : (struct fsrv__text){NULL, 0};
}

START_TEST(judges)
{
	const char *texts[MAX_PATTERNS];
	struct fsrv__host_list list = {texts, 0};
	struct fsrv__asker asker = {guard(cases[_i].target), guard(cases[_i].host), guard(cases[_i].origin)};
	struct fsrv__text refused;
	enum fsrv__host_verdict verdict;
	char copy[64];

	ck_assert_uint_lt(strlen(cases[_i].list), sizeof(copy));
	strcpy(copy, cases[_i].list);
	for (char *word = strtok(copy, " "); word != NULL; word = strtok(NULL, " "))
		texts[list.n_patterns++] = word;
	verdict = fsrv__host_check(&list, &asker, &refused);
	ck_assert_msg(verdict == cases[_i].verdict, "row %d: got %d", _i, (int)verdict);
	if (verdict != ALLOWED)
		ck_assert_msg(refused.length == strlen(cases[_i].refused) &&
				      memcmp(refused.at, cases[_i].refused, refused.length) == 0,
			      "row %d: \"%.*s\"", _i, (int)refused.length, refused.at);
	guard_text_free(asker.target);
	if (asker.host.at != NULL)
		guard_text_free(asker.host);
	if (asker.origin.at != NULL)
		guard_text_free(asker.origin);
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("host");
	TCase *table = tcase_create("table");

	tcase_add_loop_test(table, knows_patterns, 0, LEN(patterns));
	tcase_add_loop_test(table, knows_loopback, 0, LEN(loopback));
	tcase_add_loop_test(table, judges, 0, LEN(cases));
	suite_add_tcase(suite, table);
	return suite;
}
