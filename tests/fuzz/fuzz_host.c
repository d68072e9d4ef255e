/* A line with a pattern, a line with the target, a line with Host, then Origin. */
#include "http/host.h"

#include "target.h"

#define MAX_TEXT 256

static bool lies_within(struct fsrv__text part, struct fsrv__text whole)
{
	return part.length == 0 || (part.at >= whole.at && part.at + part.length <= whole.at + whole.length);
}

static bool has_any(struct fsrv__text text, const char *bytes)
{
	for (; *bytes != '\0'; bytes++)
		if (text.length > 0 && memchr(text.at, *bytes, text.length) != NULL)
			return true;
	return false;
}

static enum fsrv__host_verdict check_host(const struct fsrv__host_list *list, struct fsrv__text host)
{
	const struct fsrv__asker asker = {{"/", 1}, host, {NULL, 0}};
	struct fsrv__text refused;

	return fsrv__host_check(list, &asker, &refused);
}

/* Whatever stands in front of an attacker's domain, the name is the attacker's. */
static void check_below_another_domain(struct fsrv__text host)
{
	static const char domain[] = ".evil.example";
	const struct fsrv__host_list none = {NULL, 0};
	char name[MAX_TEXT + sizeof(domain)];

	if (host.length > MAX_TEXT || has_any(host, "/"))
		return;
	memcpy(name, host.at, host.length);
	memcpy(name + host.length, domain, sizeof(domain) - 1);
	MUST(check_host(&none, (struct fsrv__text){name, host.length + sizeof(domain) - 1}) ==
	     FSRV__HOST_IS_REFUSED);
}

/* A pattern that names one host allows that host, and more patterns never allow less. */
static void check_pattern(const char *pattern, const struct fsrv__asker *asker)
{
	const char *const patterns[] = {"app.example", pattern};
	const struct fsrv__host_list none = {NULL, 0}, one = {&pattern, 1}, two = {patterns, 2};
	struct fsrv__text itself = {pattern, strlen(pattern)}, refused;

	MUST(fsrv__host_list_is_valid(&two));
	MUST(pattern[0] == '*' || pattern[0] == '.' || check_host(&one, itself) == FSRV__HOST_IS_ALLOWED);
	if (fsrv__host_check(&none, asker, &refused) == FSRV__HOST_IS_ALLOWED)
		MUST(fsrv__host_check(&one, asker, &refused) == FSRV__HOST_IS_ALLOWED);
	if (fsrv__host_check(&one, asker, &refused) == FSRV__HOST_IS_ALLOWED)
		MUST(fsrv__host_check(&two, asker, &refused) == FSRV__HOST_IS_ALLOWED);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const every[] = {"*"};
	const struct fsrv__host_list all = {every, 1}, none = {NULL, 0};
	struct fsrv__text input = whole_input(data, size), line = take_line(&input), refused;
	struct fsrv__asker asker;
	char pattern[MAX_TEXT];

	asker.target = take_line(&input);
	asker.host = take_line(&input);
	asker.origin = input;
	MUST(fsrv__host_check(&all, &asker, &refused) == FSRV__HOST_IS_ALLOWED);
	if (fsrv__host_check(&none, &asker, &refused) != FSRV__HOST_IS_ALLOWED)
		MUST(lies_within(refused, whole_input(data, size)) && refused.length > 0);
	if (fsrv__host_is_loopback(asker.host) && !has_any(asker.host, "[:/"))
		MUST(check_host(&none, asker.host) == FSRV__HOST_IS_ALLOWED);
	check_below_another_domain(asker.host);
	if (line.length >= sizeof(pattern) || has_any(line, "/"))
		return 0;
	memcpy(pattern, line.at, line.length);
	pattern[line.length] = '\0';
	if (fsrv__host_is_pattern(pattern))
		check_pattern(pattern, &asker);
	return 0;
}
