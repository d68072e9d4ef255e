/* Names are compared as bytes: whoever writes a list writes names as browsers send them, in punycode and with
 * the shortest form of an IPv6 address. */
#include "http/host.h"

#include <string.h>

/* Host and port, without brackets and colon; NULL in port.at when there is none. */
struct authority {
	struct fsrv__text host, port;
};

static struct fsrv__text without_first(struct fsrv__text text, size_t n)
{
	return (struct fsrv__text){text.at + n, text.length - n};
}

static bool has_byte(struct fsrv__text text, char byte)
{
	return text.length > 0 && memchr(text.at, byte, text.length) != NULL;
}

static bool is_same(struct fsrv__text a, struct fsrv__text b)
{
	if (a.length != b.length)
		return false;
	for (size_t i = 0; i < a.length; i++)
		if (fsrv__to_lower(a.at[i]) != fsrv__to_lower(b.at[i]))
			return false;
	return true;
}

static bool ends_with(struct fsrv__text text, struct fsrv__text end)
{
	return text.length > end.length && is_same(without_first(text, text.length - end.length), end);
}

/* The root of the DNS may be named: "localhost." is "localhost". */
static struct fsrv__text without_last_dot(struct fsrv__text name)
{
	if (name.length > 1 && name.at[name.length - 1] == '.')
		name.length--;
	return name;
}

/* What stands behind the host: nothing, or a colon and digits. An empty port is none (RFC 3986, 3.2.3). */
static bool read_port(struct fsrv__text rest, struct fsrv__text *port)
{
	*port = (struct fsrv__text){NULL, 0};
	if (rest.length == 0)
		return true;
	if (rest.at[0] != ':')
		return false;
	rest = without_first(rest, 1);
	for (size_t i = 0; i < rest.length; i++)
		if (!fsrv__is_digit(rest.at[i]))
			return false;
	if (rest.length > 0)
		*port = rest;
	return rest.length <= 5;
}

/* Two colons outside of brackets make an IPv6 address without a port. False when the text is no authority. */
static bool split(struct fsrv__text text, struct authority *authority)
{
	const char *colon, *bracket;
	size_t length = text.length;

	if (length > 0 && text.at[0] == '[') {
		bracket = memchr(text.at, ']', length);
		if (bracket == NULL)
			return false;
		length = (size_t)(bracket - text.at);
		authority->host = (struct fsrv__text){text.at + 1, length - 1};
		return has_byte(authority->host, ':') &&
		       read_port(without_first(text, length + 1), &authority->port);
	}
	colon = length > 0 ? memchr(text.at, ':', length) : NULL;
	if (colon != NULL) {
		size_t before = (size_t)(colon - text.at);

		if (!has_byte(without_first(text, before + 1), ':'))
			length = before;
	}
	authority->host = (struct fsrv__text){text.at, length};
	return read_port(without_first(text, length), &authority->port);
}

static bool is_name_byte(char byte)
{
	char lower = fsrv__to_lower(byte);

	return (lower >= 'a' && lower <= 'z') || fsrv__is_digit(byte) || fsrv__is_one_of(byte, "-._~");
}

/* The bytes of a numeric IPv6 address, without a zone, which no browser sends. */
static bool is_v6(struct fsrv__text host)
{
	for (size_t i = 0; i < host.length; i++)
		if (!fsrv__is_digit(host.at[i]) && !fsrv__is_one_of(host.at[i], "abcdefABCDEF:."))
			return false;
	return has_byte(host, ':') && host.at[0] != '.';
}

bool fsrv__host_is_pattern(const char *text)
{
	struct authority pattern;
	struct fsrv__text host;

	if (strcmp(text, "*") == 0)
		return true;
	if (!split((struct fsrv__text){text, strlen(text)}, &pattern))
		return false;
	if (has_byte(pattern.host, ':'))
		return is_v6(pattern.host);
	host = without_last_dot(pattern.host);
	if (fsrv__text_starts_with(host, "*."))
		host = without_first(host, 1);
	if (host.length > 0 && host.at[0] == '.')
		host = without_first(host, 1);
	for (size_t i = 0; i < host.length; i++)
		if (!is_name_byte(host.at[i]) || (i == 0 && host.at[i] == '.'))
			return false;
	return host.length > 0;
}

bool fsrv__host_list_is_valid(const struct fsrv__host_list *list)
{
	for (size_t i = 0; i < list->n_patterns; i++)
		if (list->patterns == NULL || list->patterns[i] == NULL ||
		    !fsrv__host_is_pattern(list->patterns[i]))
			return false;
	return true;
}

bool fsrv__host_list_has_all(const struct fsrv__host_list *list)
{
	for (size_t i = 0; i < list->n_patterns; i++)
		if (strcmp(list->patterns[i], "*") == 0)
			return true;
	return false;
}

/* One to three digits up to 255, without leading zeros, which some read as octal. */
static bool take_octet(struct fsrv__text *text, unsigned *value)
{
	size_t n = 0;

	*value = 0;
	for (; n < text->length && n < 3 && fsrv__is_digit(text->at[n]); n++)
		*value = *value * 10 + (unsigned)(text->at[n] - '0');
	if (n == 0 || *value > 255 || (n > 1 && text->at[0] == '0'))
		return false;
	*text = without_first(*text, n);
	return true;
}

/* All of the address is read: 127.evil.example is a name like any other. */
static bool is_loopback_v4(struct fsrv__text text)
{
	unsigned value;

	for (int i = 0; i < 4; i++) {
		if (i > 0 && (text.length == 0 || text.at[0] != '.'))
			return false;
		if (i > 0)
			text = without_first(text, 1);
		if (!take_octet(&text, &value) || (i == 0 && value != 127))
			return false;
	}
	return text.length == 0;
}

/* Nothing but zeros, colons and a last 1. */
static bool is_loopback_v6(struct fsrv__text text)
{
	size_t last = text.length - 1;

	if (text.length < 3 || text.at[last] != '1' || !has_byte(text, ':'))
		return false;
	for (size_t i = 0; i < last; i++)
		if (text.at[i] != '0' && text.at[i] != ':')
			return false;
	return true;
}

/* RFC 4291, 2.5.5.2: ::ffff:127.0.0.1, which browsers write as ::ffff:7f00:1. */
static bool is_loopback_mapped(struct fsrv__text text)
{
	if (!fsrv__text_starts_with(text, "::ffff:"))
		return false;
	text = without_first(text, 7);
	return is_loopback_v4(text) ||
	       (fsrv__text_starts_with(text, "7f") && text.length > 5 && text.at[4] == ':' && is_v6(text));
}

bool fsrv__host_is_loopback(struct fsrv__text host)
{
	host = without_last_dot(host);
	return fsrv__text_is(host, "localhost") || ends_with(host, (struct fsrv__text){".localhost", 10}) ||
	       is_loopback_v4(host) || is_loopback_v6(host) || is_loopback_mapped(host);
}

static bool name_matches(struct fsrv__text pattern, struct fsrv__text name)
{
	pattern = without_last_dot(pattern);
	name = without_last_dot(name);
	if (fsrv__text_starts_with(pattern, "*."))
		return ends_with(name, without_first(pattern, 1));
	if (pattern.length > 0 && pattern.at[0] == '.')
		return ends_with(name, pattern) || is_same(name, without_first(pattern, 1));
	return is_same(name, pattern);
}

/* A port that is not named is that of the scheme; without a scheme it is that of http or that of https. */
static bool port_matches(struct fsrv__text pattern, struct fsrv__text port, struct fsrv__text scheme)
{
	if (pattern.at == NULL)
		return true;
	if (port.at != NULL)
		return is_same(pattern, port);
	return (fsrv__text_is(pattern, "80") && (scheme.at == NULL || fsrv__text_is(scheme, "http"))) ||
	       (fsrv__text_is(pattern, "443") && (scheme.at == NULL || fsrv__text_is(scheme, "https")));
}

/* The authority of an absolute URL or an origin, and its scheme; another text is the authority itself. */
static struct fsrv__text find_authority(struct fsrv__text text, struct fsrv__text *scheme)
{
	const char *colon = text.length > 0 ? memchr(text.at, ':', text.length) : NULL;
	struct fsrv__text rest;
	size_t length = 0;

	*scheme = (struct fsrv__text){NULL, 0};
	if (colon == NULL)
		return text;
	rest = without_first(text, (size_t)(colon - text.at));
	if (!fsrv__text_starts_with(rest, "://"))
		return text;
	*scheme = (struct fsrv__text){text.at, text.length - rest.length};
	rest = without_first(rest, 3);
	while (length < rest.length && !fsrv__is_one_of(rest.at[length], "/?#"))
		length++;
	return (struct fsrv__text){rest.at, length};
}

/* text  an authority, with or without a scheme
 * name  receives the authority */
static bool is_allowed(const struct fsrv__host_list *list, struct fsrv__text text, struct fsrv__text *name)
{
	struct authority asked, pattern;
	struct fsrv__text scheme;

	*name = find_authority(text, &scheme);
	if (name->length == 0 || fsrv__host_list_has_all(list))
		return true;
	if (!split(*name, &asked))
		return false;
	if (fsrv__host_is_loopback(asked.host))
		return true;
	for (size_t i = 0; i < list->n_patterns; i++)
		if (split((struct fsrv__text){list->patterns[i], strlen(list->patterns[i])}, &pattern) &&
		    name_matches(pattern.host, asked.host) && port_matches(pattern.port, asked.port, scheme))
			return true;
	return false;
}

enum fsrv__host_verdict fsrv__host_check(const struct fsrv__host_list *list, const struct fsrv__asker *asker,
					 struct fsrv__text *refused)
{
	struct fsrv__text target = asker->target;
	bool is_absolute =
		fsrv__text_starts_with(target, "http://") || fsrv__text_starts_with(target, "https://");

	if (!is_allowed(list, is_absolute ? target : asker->host, refused))
		return FSRV__HOST_IS_REFUSED;
	if (!is_allowed(list, asker->origin, refused))
		return FSRV__ORIGIN_IS_REFUSED;
	return FSRV__HOST_IS_ALLOWED;
}
