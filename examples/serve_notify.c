/* Tells the service manager how far the program is, as sd_notify(3) does: a datagram to the socket that
 * NOTIFY_SOCKET names. A path that starts with @ is an abstract one (unix(7)). */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "serve.h"

static bool send_to(const char *path, const char *state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t length = strlen(path);
	int fd, error;
	ssize_t sent;

	if (length > sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return false;
	}
	memcpy(address.sun_path, path, length);
	if (path[0] == '@')
		address.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	sent = sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&address,
		      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length));
	error = errno;
	close(fd);
	errno = error;
	return sent >= 0;
}

void notify(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");

	if (path == NULL || path[0] == '\0')
		return;
	if (path[0] != '/' && path[0] != '@')
		refuse("NOTIFY_SOCKET=%s: neither a path nor an abstract socket; the service manager is not "
		       "told",
		       path);
	else if (!send_to(path, state))
		refuse("NOTIFY_SOCKET=%s: %s; the service manager is not told", path, strerror(errno));
}
