#include <errno.h>
#include <locale.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fs/system.h"
#include "http/hash.h"

/* The BSDs and macOS tell what is local. */
#if defined(__APPLE__) || defined(__FreeBSD__) || defined(__OpenBSD__) || defined(__DragonFly__)
#include <sys/mount.h>
#include <sys/param.h>
#elif defined(__linux__)
#include <sys/vfs.h>
#endif
#if defined(__APPLE__)
#include <sys/random.h>
#elif defined(__FreeBSD__) || defined(__OpenBSD__) || defined(__DragonFly__)
#include <pthread_np.h>
#endif

/* macOS lacks them. */
#ifndef SOCK_CLOEXEC
#define SOCK_CLOEXEC  0
#define SOCK_NONBLOCK 0
#endif

int fsrv__system_open(int directory, const char *path, int flags, unsigned lookup)
{
	(void)directory;
	(void)path;
	(void)flags;
	(void)lookup;
	errno = ENOSYS;
	return -1;
}

/* What open(2) says of a symbolic link with O_NOFOLLOW, where it is not ELOOP. */
int fsrv__system_error(int error)
{
#ifdef EFTYPE
	if (error == EFTYPE)
		return ELOOP;
#endif
	return error == EMLINK ? ELOOP : error;
}

#ifdef __APPLE__

const char *fsrv__system_error_text(int error, char *buffer, size_t size)
{
	return strerror_r(error, buffer, size) == 0 ? buffer : "unknown error";
}

#else

const char *fsrv__system_error_text(int error, char *buffer, size_t size)
{
	locale_t c = newlocale(LC_ALL_MASK, "C", NULL);

	if (c == NULL)
		return "unknown error";
	snprintf(buffer, size, "%s", strerror_l(error, c));
	freelocale(c);
	return buffer;
}

#endif

static struct fsrv__time time_of(struct timespec time)
{
	return (struct fsrv__time){time.tv_sec, (uint32_t)time.tv_nsec};
}

bool fsrv__system_stat(int fd, const char *path, int how, struct fsrv__identity *identity, mode_t *mode)
{
	struct stat st;

	if ((path[0] == '\0' ? fstat(fd, &st) : fstatat(fd, path, &st, how)) != 0)
		return false;
	*identity = (struct fsrv__identity){.inode = st.st_ino,
					    .size = (uint64_t)st.st_size,
#ifdef __APPLE__
					    .modified = time_of(st.st_mtimespec),
					    .changed = time_of(st.st_ctimespec),
#else
					    .modified = time_of(st.st_mtim),
					    .changed = time_of(st.st_ctim),
#endif
					    .device = (uint64_t)st.st_dev};
	*mode = st.st_mode;
	return true;
}

bool fsrv__system_tell_known(int fd, struct fsrv__known_facts *facts)
{
	(void)fd;
	(void)facts;
	errno = ENOSYS;
	return false;
}

#if defined(MNT_LOCAL)

/* A file system in a process of its own may call itself local. */
static enum fsrv__medium medium_of(const struct statfs *facts)
{
	if ((facts->f_flags & MNT_LOCAL) == 0 || strstr(facts->f_fstypename, "fuse") != NULL)
		return FSRV__MEDIUM_REMOTE;
	return strcmp(facts->f_fstypename, "tmpfs") == 0 ? FSRV__MEDIUM_MEMORY : FSRV__MEDIUM_DISK;
}

#elif defined(__linux__)

/* For the tests of this file: the disks of theirs that can hang are FUSE's. */
static enum fsrv__medium medium_of(const struct statfs *facts)
{
	switch ((unsigned long)facts->f_type) {
	case 0x65735546: /* FUSE */
		return FSRV__MEDIUM_REMOTE;
	case 0x01021994: /* tmpfs */
		return FSRV__MEDIUM_MEMORY;
	default:
		return FSRV__MEDIUM_DISK;
	}
}

#endif

enum fsrv__medium fsrv__system_medium(int fd, const char *path)
{
#if defined(MNT_LOCAL) || defined(__linux__)
	struct statfs facts;

	if ((fd >= 0 ? fstatfs(fd, &facts) : statfs(path, &facts)) == 0)
		return medium_of(&facts);
#else
	(void)fd;
	(void)path;
#endif
	return FSRV__MEDIUM_REMOTE;
}

ssize_t fsrv__system_read_nowait(int fd, void *buffer, size_t size, uint64_t offset)
{
	(void)fd;
	(void)buffer;
	(void)size;
	(void)offset;
	errno = EOPNOTSUPP;
	return -1;
}

bool fsrv__system_tells_residency(void)
{
	return false;
}

bool fsrv__system_has_all_pages(int fd, size_t size, uint64_t offset)
{
	(void)fd;
	(void)size;
	(void)offset;
	return false;
}

size_t fsrv__system_count_resident(int fd, size_t size, uint64_t offset)
{
	(void)fd;
	(void)size;
	(void)offset;
	return 0;
}

bool fsrv__system_counts_truly(int fd, uid_t owner)
{
	(void)fd;
	(void)owner;
	return false;
}

void fsrv__system_set_read_ahead(int fd, bool reads_ahead)
{
#if defined(F_RDAHEAD)
	(void)fcntl(fd, F_RDAHEAD, reads_ahead ? 1 : 0);
#elif defined(POSIX_FADV_RANDOM)
	(void)posix_fadvise(fd, 0, 0, reads_ahead ? POSIX_FADV_NORMAL : POSIX_FADV_RANDOM);
#else
	(void)fd;
	(void)reads_ahead;
#endif
}

void fsrv__system_request(int fd, uint64_t offset, uint64_t length)
{
#if defined(POSIX_FADV_WILLNEED)
	(void)posix_fadvise(fd, (off_t)offset, (off_t)length, POSIX_FADV_WILLNEED);
#else
	(void)fd;
	(void)offset;
	(void)length;
#endif
}

void fsrv__system_read_clock(clockid_t clock, struct timespec *now)
{
	clock_gettime(clock, now);
}

void fsrv__system_name_thread(pthread_t thread, const char *name)
{
#if defined(__FreeBSD__) || defined(__OpenBSD__) || defined(__DragonFly__)
	pthread_set_name_np(thread, name);
#elif defined(__linux__)
	pthread_setname_np(thread, name);
#else
	(void)thread;
	(void)name;
#endif
}

/* Elsewhere than on Linux setpriority(2) would concern the whole process. */
void fsrv__system_lower_priority(int niceness)
{
	(void)niceness;
}

#ifdef __APPLE__

void fsrv__system_set_wait_clock(pthread_condattr_t *attributes)
{
	(void)attributes;
}

int fsrv__system_wait(pthread_cond_t *condition, pthread_mutex_t *mutex, const struct timespec *until)
{
	struct timespec left;

	clock_gettime(CLOCK_MONOTONIC, &left);
	left.tv_sec = until->tv_sec - left.tv_sec;
	left.tv_nsec = until->tv_nsec - left.tv_nsec;
	if (left.tv_nsec < 0) {
		left.tv_sec--;
		left.tv_nsec += 1000000000;
	}
	return left.tv_sec < 0 ? ETIMEDOUT : pthread_cond_timedwait_relative_np(condition, mutex, &left);
}

#else

void fsrv__system_set_wait_clock(pthread_condattr_t *attributes)
{
	pthread_condattr_setclock(attributes, CLOCK_MONOTONIC);
}

int fsrv__system_wait(pthread_cond_t *condition, pthread_mutex_t *mutex, const struct timespec *until)
{
	return pthread_cond_timedwait(condition, mutex, until);
}

#endif

bool fsrv__system_choose_number(uint64_t *number)
{
	return getentropy(number, sizeof(*number)) == 0;
}

static uint64_t mix_bytes(uint64_t hash, const void *bytes, size_t size)
{
	return fsrv__hash_mix(hash, fsrv__hash_content(bytes, size));
}

/* A socket that was bound or connected has an address of its own, and a connected one that of its peer. */
uint64_t fsrv__system_identify_socket(int socket)
{
	struct sockaddr_storage address;
	socklen_t size = sizeof(address);
	uint64_t hash = 0;
	struct stat st;

	memset(&address, 0, sizeof(address));
	if (getsockname(socket, (struct sockaddr *)&address, &size) != 0 || fstat(socket, &st) != 0)
		return 0;
	hash = mix_bytes(hash, &address, sizeof(address));
	memset(&address, 0, sizeof(address));
	size = sizeof(address);
	if (getpeername(socket, (struct sockaddr *)&address, &size) == 0)
		hash = mix_bytes(hash, &address, sizeof(address));
	hash = fsrv__hash_mix(fsrv__hash_mix(hash, (uint64_t)st.st_ino), (uint64_t)st.st_dev);
	return hash | 1;
}

bool fsrv__system_watches_sendfile(void)
{
	return false;
}

bool fsrv__system_count_written(int socket, uint64_t *written)
{
	(void)socket;
	(void)written;
	return false;
}

/* What was received already hides the end of the connection. */
bool fsrv__system_peer_has_closed(int socket, int milliseconds)
{
	struct pollfd events = {.fd = socket, .events = POLLIN};
	char byte;
	ssize_t n;

	if (poll(&events, 1, milliseconds) <= 0)
		return false;
	n = recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
	if (n > 0)
		(void)poll(NULL, 0, milliseconds);
	return n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
}

int fsrv__system_make_socket(int family)
{
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int flags = fd >= 0 ? fcntl(fd, F_GETFL) : -1;

	if (fd < 0)
		return -1;
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
		int error = errno;

		close(fd);
		errno = error;
		return -1;
	}
	return fd;
}

void fsrv__system_set_probes(int socket, int idle, int interval, int count)
{
#if defined(TCP_KEEPIDLE)
	(void)setsockopt(socket, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
#elif defined(TCP_KEEPALIVE)
	(void)setsockopt(socket, IPPROTO_TCP, TCP_KEEPALIVE, &idle, sizeof(idle));
#endif
#if defined(TCP_KEEPINTVL) && defined(TCP_KEEPCNT)
	(void)setsockopt(socket, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof(interval));
	(void)setsockopt(socket, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof(count));
#endif
	(void)socket;
	(void)idle;
	(void)interval;
	(void)count;
}
