#include "mhd/socket.h"

#include <fcntl.h>
#include <unistd.h>

#include "fs/system.h"

/* The identity of the duplicate counts. That of the number is looked at first because the number may be a
 * file by now, and to close a duplicate of a remote file may wait for a network. */
int fsrv__socket_duplicate(int socket, uint64_t identity)
{
	int duplicate;

	if (fsrv__system_identify_socket(socket) != identity)
		return -1;
	duplicate = fcntl(socket, F_DUPFD_CLOEXEC, 0);
	if (duplicate >= 0 && fsrv__system_identify_socket(duplicate) != identity) {
		close(duplicate);
		return -1;
	}
	return duplicate;
}
