/* What operating systems do differently: all that lib/ uses beyond POSIX.1-2008 is declared here.
 *
 * system_linux.c has it for Linux. system_portable.c has it for every other system, and for Linux too with
 * the build option system=portable, so that the tests run it. It keeps the same promises at a higher price:
 * paths are walked segment by segment, every read of a file is a worker's, and no body leaves by
 * sendfile(2). One promise needs help: a remote file system that is mounted inside of a local root is not
 * known before it is touched, so it has to be a root of its own.
 *
 * Functions that return -1 or false set errno, unless it is said otherwise. */
#ifndef FSRV__FS_SYSTEM_H
#define FSRV__FS_SYSTEM_H

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "http/validators.h"

/* Flags of open(2) for a directory that is only the start of other lookups. It need not be readable. */
#if defined(O_PATH)
#define FSRV__SEARCH_FLAGS (O_PATH | O_DIRECTORY | O_CLOEXEC)
#elif defined(O_SEARCH)
#define FSRV__SEARCH_FLAGS (O_SEARCH | O_DIRECTORY | O_CLOEXEC)
#else /* it has to be readable after all */
#define FSRV__SEARCH_FLAGS (O_RDONLY | O_DIRECTORY | O_CLOEXEC)
#endif

/* Flags for the name alone of a file, to learn its facts: it need not be readable. Only for the next
 * function, so systems without O_PATH never come to use them. */
#if defined(O_PATH)
#define FSRV__NAME_FLAGS (O_PATH | O_CLOEXEC)
#else
#define FSRV__NAME_FLAGS (O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
#endif

/* How a path is looked up by fsrv__system_open. */
#define FSRV__LOOKUP_BENEATH     1u /* it must not leave the directory (RESOLVE_BENEATH) */
#define FSRV__LOOKUP_NO_LINKS    2u /* no symbolic links (RESOLVE_NO_SYMLINKS) */
#define FSRV__LOOKUP_CACHED      4u /* names must be in memory (RESOLVE_CACHED) */
#define FSRV__LOOKUP_SAME_DEVICE 8u /* it must not leave the file system (RESOLVE_NO_XDEV) */

/* Opens a path as openat2(2) does. ENOSYS where a system has no such call.
 *
 * flags  of open(2), or FSRV__NAME_FLAGS */
int fsrv__system_open(int directory, const char *path, int flags, unsigned lookup);

/* The error of POSIX for one that only this system uses. */
int fsrv__system_error(int error);

/* What an error number means, in English whatever the locale. The text is the C library's, or in the buffer.
 */
const char *fsrv__system_error_text(int error, char *buffer, size_t size);

/* The error by which a source says that its content is complete. */
#ifdef ENODATA
#define FSRV__END_OF_SOURCE ENODATA
#else
#define FSRV__END_OF_SOURCE ENOMSG
#endif

/* Reads the facts of a file by one call: statx(2), or fstatat(2).
 *
 * fd    a descriptor; a directory, or AT_FDCWD, for a path
 * path  "" for the descriptor itself
 * how   AT_SYMLINK_NOFOLLOW for those of a link */
bool fsrv__system_stat(int fd, const char *path, int how, struct fsrv__identity *identity, mode_t *mode);

/* What the kernel knows of a descriptor by itself. */
struct fsrv__known_facts {
	uint64_t device, inode, size;
};

/* Tells what the kernel knows of a descriptor, which may be one of a name alone, by statx(2). It asks no file
 * system, so it waits for nobody. EBADF when nothing is open, another error where the call is refused. */
bool fsrv__system_tell_known(int fd, struct fsrv__known_facts *facts);

/* What a file system may have to wait for. */
enum fsrv__medium {
	FSRV__MEDIUM_DISK,   /* a disk of this machine */
	FSRV__MEDIUM_MEMORY, /* nothing */
	FSRV__MEDIUM_REMOTE  /* a network or another process, or it is not known */
};

/* The medium of the file system of a descriptor, or of a path where fd is -1. May wait. */
enum fsrv__medium fsrv__system_medium(int fd, const char *path);

/* Reads like pread(2), but only bytes that are in memory (RWF_NOWAIT). EAGAIN when the first is not.
 * EOPNOTSUPP where it cannot be had: the caller has to know that nothing needs to be waited for. */
ssize_t fsrv__system_read_nowait(int fd, void *buffer, size_t size, uint64_t offset);

/* Whether the system tells at all what is in memory: without that nothing can be read that way. */
bool fsrv__system_tells_residency(void);

/* Whether there is a page in memory for each byte, which may still be on its way from the disk. False when
 * the system does not tell; no errno. One call, cachestat(2). */
bool fsrv__system_has_all_pages(int fd, size_t size, uint64_t offset);

/* No more than so many bytes at once. */
#define FSRV__MAX_RESIDENCY_QUESTION ((size_t)1024 * 1024)

/* Counts the bytes from an offset on that are in memory, up to the first that is not, by mincore(2). 0 when
 * the system does not tell; no errno. */
size_t fsrv__system_count_resident(int fd, size_t size, uint64_t offset);

/* Whether that tells the truth about a file, which belongs to that user. */
bool fsrv__system_counts_truly(int fd, uid_t owner);

/* Whether the kernel reads ahead for a descriptor by itself, and asking it to read a part soon, which may
 * wait for the disk. Both are advice, and never fail. */
void fsrv__system_set_read_ahead(int fd, bool reads_ahead);
void fsrv__system_request(int fd, uint64_t offset, uint64_t length);

/* Reads CLOCK_MONOTONIC or CLOCK_REALTIME as of the last tick, where that costs less. */
void fsrv__system_read_clock(clockid_t clock, struct timespec *now);

/* Names a thread, by at most 15 characters. */
void fsrv__system_name_thread(pthread_t thread, const char *name);

/* Has the calling thread give way to the others of the process, where each has a priority of its own. A
 * refusal is no loss.
 *
 * niceness  as for setpriority(2) */
void fsrv__system_lower_priority(int niceness);

/* Makes the attributes those of a condition variable for the next function. */
void fsrv__system_set_wait_clock(pthread_condattr_t *attributes);

/* Waits as pthread_cond_timedwait(3) does, until a time of CLOCK_MONOTONIC. Returns an error number. */
int fsrv__system_wait(pthread_cond_t *condition, pthread_mutex_t *mutex, const struct timespec *until);

/* Fills a number that nobody can guess. False when the system has none at the moment. */
bool fsrv__system_choose_number(uint64_t *number);

/* A number by which a socket is told from others that get the same descriptor later: SO_COOKIE, which no
 * other socket ever gets (socket(7)). Elsewhere it is made of its addresses and its inode: only a connection
 * of the same client from the same port has the same. 0 when the descriptor is no socket that is connected or
 * bound; no errno. */
uint64_t fsrv__system_identify_socket(int socket);

/* Whether a body may leave by sendfile(2): whether the system tells enough to notice that it was broken off.
 */
bool fsrv__system_watches_sendfile(void);

/* Counts the bytes that were written to a TCP socket since it was connected: those that were sent and those
 * that are still queued (tcp(7), TCP_INFO; SIOCOUTQ before Linux 4.19). False for other sockets, and where
 * the system does not tell; no errno. */
bool fsrv__system_count_written(int socket, uint64_t *written);

/* Waits until a socket's peer has closed its end of the connection, for at most so many milliseconds. False
 * when it has not. */
bool fsrv__system_peer_has_closed(int socket, int milliseconds);

/* Makes a stream socket that closes on exec and does not block. -1 with errno. */
int fsrv__system_make_socket(int family);

/* When a TCP socket with SO_KEEPALIVE is probed: after so many seconds of silence, again after so many each,
 * and so often until its connection ends. A refusal is ignored: peers that vanish are noticed later. */
void fsrv__system_set_probes(int socket, int idle, int interval, int count);

#endif
