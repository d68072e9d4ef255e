/* The addresses under which a server can be reached: the first one is that of the library, which a program on
 * this machine can open; a server on all addresses has one for each interface of the machine. */
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "serve.h"

/* A link-local address has a meaning only together with an interface, which a URL cannot name. */
static bool write_host(const struct sockaddr *address, char *host, size_t size)
{
	const struct sockaddr_in *v4 = (const void *)address;
	const struct sockaddr_in6 *v6 = (const void *)address;
	char text[INET6_ADDRSTRLEN];

	if (address->sa_family == AF_INET)
		return inet_ntop(AF_INET, &v4->sin_addr, host, (socklen_t)size) != NULL;
	if (address->sa_family != AF_INET6 || IN6_IS_ADDR_LINKLOCAL(&v6->sin6_addr))
		return false;
	return inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof(text)) != NULL &&
	       snprintf(host, size, "[%s]", text) < (int)size;
}

static bool add(struct addresses *addresses, const char *scheme, const char *host, const char *rest)
{
	char *url;

	if (addresses->n == MAX_ADDRESSES || asprintf(&url, "%s%s%s", scheme, host, rest) < 0)
		return false;
	addresses->urls[addresses->n++] = url;
	return true;
}

/* IPv4 addresses come before the others: people type them, and every network has them. */
static void add_interfaces(struct addresses *addresses, sa_family_t family, const char *scheme,
			   const char *rest)
{
	struct ifaddrs *list;
	char host[INET6_ADDRSTRLEN + 2];

	if (getifaddrs(&list) != 0)
		return;
	for (const struct ifaddrs *i = list; i != NULL; i = i->ifa_next)
		if (i->ifa_addr != NULL && i->ifa_addr->sa_family == family && (i->ifa_flags & IFF_UP) != 0 &&
		    (i->ifa_flags & IFF_LOOPBACK) == 0 && write_host(i->ifa_addr, host, sizeof(host)))
			add(addresses, scheme, host, rest);
	freeifaddrs(list);
}

/* An IPv6 socket on all addresses takes IPv4 as well, unless the administrator forbade it. */
static bool takes_v4(void)
{
	FILE *file = fopen("/proc/sys/net/ipv6/bindv6only", "re");
	int word = file != NULL ? fgetc(file) : '0';

	if (file != NULL)
		fclose(file);
	return word != '1';
}

static bool is_loopback(const char *address)
{
	return address == NULL || strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0;
}

static bool is_unspecified(const char *address)
{
	return address != NULL && (strcmp(address, "0.0.0.0") == 0 || strcmp(address, "::") == 0);
}

static void add_all(struct addresses *addresses, const char *address, const char *scheme, const char *rest)
{
	bool is_v4 = strcmp(address, "0.0.0.0") == 0;

	if (is_v4 || takes_v4())
		add_interfaces(addresses, AF_INET, scheme, rest);
	if (!is_v4)
		add_interfaces(addresses, AF_INET6, scheme, rest);
}

/* Port and path. The prefix is written as in a URL. NULL: no memory. */
static char *make_rest(const struct settings *s, const struct fsrv_server *server)
{
	const char *prefix = s->files.prefix != NULL ? s->files.prefix : "";
	size_t length = strlen(prefix);
	char *rest;

	while (length > 0 && prefix[length - 1] == '/')
		length--;
	if (asprintf(&rest, ":%u%.*s/", fsrv_server_port(server), (int)length, prefix) < 0)
		return NULL;
	return rest;
}

bool find_addresses(const struct settings *s, const struct fsrv_server *server, struct addresses *addresses)
{
	const char *url = fsrv_server_url(server), *address = s->server.address;
	const char *end_of_scheme = strstr(url, "://") + 3, *end_of_host = strrchr(url, ':');
	char scheme[16], host[INET6_ADDRSTRLEN + 2];
	char *rest = make_rest(s, server);

	*addresses = (struct addresses){.n = 0};
	if (rest == NULL)
		return refuse("out of memory");
	snprintf(scheme, sizeof(scheme), "%.*s", (int)(end_of_scheme - url), url);
	snprintf(host, sizeof(host), "%.*s", (int)(end_of_host - end_of_scheme), end_of_scheme);
	if (add(addresses, scheme, host, rest) && is_unspecified(address)) {
		add_all(addresses, address, scheme, rest);
		addresses->network = addresses->n > 1 ? addresses->urls[1] : NULL;
	} else if (!is_loopback(address)) {
		addresses->network = addresses->urls[0];
	}
	free(rest);
	return addresses->n > 0 || refuse("out of memory");
}

void free_addresses(struct addresses *addresses)
{
	for (size_t i = 0; i < addresses->n; i++)
		free(addresses->urls[i]);
	*addresses = (struct addresses){.n = 0};
}
