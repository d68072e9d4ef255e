#include <errno.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <locale.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "fs/system.h"

/* Names. */

#ifndef RESOLVE_CACHED
#define RESOLVE_CACHED 0x20
#endif

int fsrv__system_open(int directory, const char *path, int flags, unsigned lookup)
{
	struct open_how how = {.flags = (unsigned)flags};

	if ((lookup & FSRV__LOOKUP_BENEATH) != 0)
		how.resolve |= RESOLVE_BENEATH;
	if ((lookup & FSRV__LOOKUP_NO_LINKS) != 0)
		how.resolve |= RESOLVE_NO_SYMLINKS;
	if ((lookup & FSRV__LOOKUP_CACHED) != 0)
		how.resolve |= RESOLVE_CACHED;
	if ((lookup & FSRV__LOOKUP_SAME_DEVICE) != 0)
		how.resolve |= RESOLVE_NO_XDEV;
	/* For open(2) the C library adds this flag where off_t is wider than a register. The kernel refuses
	 * it together with O_PATH. */
	if ((flags & O_PATH) == 0)
		how.flags |= O_LARGEFILE;
	return (int)syscall(SYS_openat2, directory, path, &how, sizeof(how));
}

int fsrv__system_error(int error)
{
	return error == ENOMEDIUM ? ENODEV : error;
}

/* "C" is a constant of the C library, neither allocated nor to be freed. */
const char *fsrv__system_error_text(int error, char *buffer, size_t size)
{
	(void)buffer;
	(void)size;
	return strerror_l(error, newlocale(LC_ALL_MASK, "C", NULL));
}

/* Facts. statx(2), its masks and flags as the kernel has them: C libraries have them in different headers or
 * not at all. */

#define BASIC_FACTS    0x7ffu  /* STATX_BASIC_STATS */
#define INODE_AND_SIZE 0x300u  /* STATX_INO and STATX_SIZE */
#define MOUNT          0x1000u /* STATX_MNT_ID: the number may be that of an earlier mount */
#define UNIQUE_MOUNT   0x4000u /* STATX_MNT_ID_UNIQUE: it is not; since Linux 6.8 */
#ifndef AT_STATX_DONT_SYNC
#define AT_STATX_DONT_SYNC 0x4000
#endif

struct kernel_time {
	int64_t seconds;
	uint32_t nanoseconds;
	int32_t reserved;
};

struct kernel_facts {
	uint32_t mask, block_size;
	uint64_t attributes;
	uint32_t links, user, group;
	uint16_t mode, unused;
	uint64_t inode, size, blocks, attributes_mask;
	struct kernel_time accessed, born, changed, modified;
	uint32_t special_major, special_minor, device_major, device_minor;
	uint64_t mount;
	uint64_t after[13];
};

/* Not by the C library's function: where the call is refused that takes another one, which may wait. */
static bool ask_kernel(int directory, const char *path, int how, unsigned mask, struct kernel_facts *facts)
{
	return syscall(SYS_statx, directory, path, how, mask, facts) == 0;
}

static struct fsrv__time time_of_kernel(struct kernel_time time)
{
	return (struct fsrv__time){time.seconds, time.nanoseconds};
}

static struct fsrv__time time_of(struct timespec time)
{
	return (struct fsrv__time){time.tv_sec, (uint32_t)time.tv_nsec};
}

/* Whether an error of statx(2) is about the file, and not about the call. */
static bool is_about_file(int error)
{
	return error == ENOENT || error == ENOTDIR || error == EBADF || error == ELOOP ||
	       error == ENAMETOOLONG;
}

bool fsrv__system_stat(int fd, const char *path, int how, struct fsrv__identity *identity, mode_t *mode)
{
	struct kernel_facts facts;
	struct stat st;

	if (ask_kernel(fd, path, AT_EMPTY_PATH | how, BASIC_FACTS | MOUNT | UNIQUE_MOUNT, &facts)) {
		*identity = (struct fsrv__identity){
			.inode = facts.inode,
			.size = facts.size,
			.modified = time_of_kernel(facts.modified),
			.changed = time_of_kernel(facts.changed),
			.device = makedev(facts.device_major, facts.device_minor),
			.mount = (facts.mask & (MOUNT | UNIQUE_MOUNT)) != 0 ? facts.mount : 0};
		*mode = facts.mode;
		return true;
	}
	if (is_about_file(errno) || fstatat(fd, path, &st, AT_EMPTY_PATH | how) != 0)
		return false;
	*identity = (struct fsrv__identity){.inode = st.st_ino,
					    .size = (uint64_t)st.st_size,
					    .modified = time_of(st.st_mtim),
					    .changed = time_of(st.st_ctim),
					    .device = st.st_dev};
	*mode = st.st_mode;
	return true;
}

bool fsrv__system_tell_known(int fd, struct fsrv__known_facts *facts)
{
	struct kernel_facts found;

	if (!ask_kernel(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, INODE_AND_SIZE, &found))
		return false;
	facts->device = makedev(found.device_major, found.device_minor);
	facts->inode = found.inode;
	facts->size = found.size;
	return true;
}

/* File systems by the magic number of statfs(2): those whose names and facts the kernel knows without asking
 * anybody else. One that is not in the table counts as remote, which costs time and stalls nobody. */
static const unsigned long local_types[] = {
	EXT4_SUPER_MAGIC,      XFS_SUPER_MAGIC,
	BTRFS_SUPER_MAGIC,     F2FS_SUPER_MAGIC,
	TMPFS_MAGIC,           RAMFS_MAGIC,
	OVERLAYFS_SUPER_MAGIC, SQUASHFS_MAGIC,
	EROFS_SUPER_MAGIC_V1,  MSDOS_SUPER_MAGIC,
	ISOFS_SUPER_MAGIC,     0x2011bab0 /* exFAT */,
	0x2fc12fc1 /* ZFS */,  0xca451a4e /* bcachefs */,
	0x7366746e /* NTFS */,
};

enum fsrv__medium fsrv__system_medium(int fd, const char *path)
{
	struct statfs facts;
	unsigned long type;

	if ((fd >= 0 ? fstatfs(fd, &facts) : statfs(path, &facts)) != 0)
		return FSRV__MEDIUM_REMOTE;
	type = (unsigned long)facts.f_type;
	if (type == TMPFS_MAGIC || type == RAMFS_MAGIC)
		return FSRV__MEDIUM_MEMORY;
	for (size_t i = 0; i < sizeof(local_types) / sizeof(local_types[0]); i++)
		if (type == local_types[i])
			return FSRV__MEDIUM_DISK;
	return FSRV__MEDIUM_REMOTE;
}

/* What is in memory. */

#define MIN_PAGE_SIZE 4096u
/* For each call of posix_fadvise(2) the kernel reads no more than its own read-ahead window. */
#define ADVICE_SIZE (128u * 1024)

/* C libraries that do not know the call (musl before 1.2.5) lack its flag too. */
#ifndef RWF_NOWAIT
#define RWF_NOWAIT 0x8

static ssize_t preadv2(int fd, const struct iovec *parts, int n, off_t offset, int how)
{
	return syscall(SYS_preadv2, fd, parts, n, (long)offset, (long)((uint64_t)offset >> 32), how);
}
#endif

/* Since Linux 6.5; Debian 12 has no function and no header for it. */
#ifndef SYS_cachestat
#define SYS_cachestat 451
#endif

struct cachestat_range {
	uint64_t offset, length;
};

struct cachestat {
	uint64_t n_cached, n_dirty, n_writeback, n_evicted, n_recently_evicted; /* pages */
};

ssize_t fsrv__system_read_nowait(int fd, void *buffer, size_t size, uint64_t offset)
{
	struct iovec part = {buffer, size};
	ssize_t n;

	do
		n = preadv2(fd, &part, 1, (off_t)offset, RWF_NOWAIT);
	while (n < 0 && errno == EINTR);
	/* A kernel, a sandbox or a file system may refuse the flag by any of these. */
	if (n < 0 && (errno == ENOSYS || errno == EINVAL || errno == EPERM || errno == EACCES))
		errno = EOPNOTSUPP;
	return n;
}

bool fsrv__system_tells_residency(void)
{
	return true;
}

bool fsrv__system_has_all_pages(int fd, size_t size, uint64_t offset)
{
	const struct cachestat_range range = {offset, size};
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct cachestat found;

	return syscall(SYS_cachestat, fd, &range, &found, 0) == 0 &&
	       found.n_cached >= (offset % page + size + page - 1) / page;
}

/* A program that locks its memory (mlockall(2)) has all that it maps read in, unless it cannot be accessed.
 */
size_t fsrv__system_count_resident(int fd, size_t size, uint64_t offset)
{
	unsigned char pages[FSRV__MAX_RESIDENCY_QUESTION / MIN_PAGE_SIZE + 1];
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t before = (size_t)(offset % page);
	size_t n, n_pages = (before + size + page - 1) / page;
	void *map = mmap(NULL, before + size, PROT_NONE, MAP_SHARED, fd, (off_t)(offset - before));

	if (map == MAP_FAILED)
		return 0;
	if (mincore(map, before + size, pages) != 0)
		n_pages = 0;
	munmap(map, before + size);
	for (n = 0; n < n_pages && (pages[n] & 1) != 0; n++)
		;
	if (n == 0)
		return 0;
	return n * page - before < size ? n * page - before : size;
}

/* The kernel reports every page as resident to a process that neither owns the file nor may write it
 * (mincore(2)). */
bool fsrv__system_counts_truly(int fd, uid_t owner)
{
	char path[sizeof("/proc/self/fd/") + 3 * sizeof(fd)];

	if (owner == geteuid())
		return true;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0;
}

void fsrv__system_set_read_ahead(int fd, bool reads_ahead)
{
	posix_fadvise(fd, 0, 0, reads_ahead ? POSIX_FADV_NORMAL : POSIX_FADV_RANDOM);
}

void fsrv__system_request(int fd, uint64_t offset, uint64_t length)
{
	for (uint64_t done = 0; done < length; done += ADVICE_SIZE)
		posix_fadvise(fd, (off_t)(offset + done), ADVICE_SIZE, POSIX_FADV_WILLNEED);
}

/* Clocks, threads, chance. */

void fsrv__system_read_clock(clockid_t clock, struct timespec *now)
{
	clock_gettime(clock == CLOCK_MONOTONIC ? CLOCK_MONOTONIC_COARSE : CLOCK_REALTIME_COARSE, now);
}

void fsrv__system_name_thread(pthread_t thread, const char *name)
{
	pthread_setname_np(thread, name);
}

/* A batch thread preempts no other thread when it wakes up. For setpriority(2) 0 is this thread and not the
 * process, and a value above 19 is 19. */
void fsrv__system_lower_priority(int niceness)
{
	struct sched_param none = {.sched_priority = 0};

	pthread_setschedparam(pthread_self(), SCHED_BATCH, &none);
	setpriority(PRIO_PROCESS, 0, niceness);
}

void fsrv__system_set_wait_clock(pthread_condattr_t *attributes)
{
	pthread_condattr_setclock(attributes, CLOCK_MONOTONIC);
}

int fsrv__system_wait(pthread_cond_t *condition, pthread_mutex_t *mutex, const struct timespec *until)
{
	return pthread_cond_timedwait(condition, mutex, until);
}

bool fsrv__system_choose_number(uint64_t *number)
{
	return getrandom(number, sizeof(*number), GRND_NONBLOCK) == (ssize_t)sizeof(*number);
}

/* Sockets. */

/* Attempts to find a moment without an acknowledgement between two calls. */
#define MAX_SAMPLES 100

uint64_t fsrv__system_identify_socket(int socket)
{
	uint64_t cookie = 0;
	socklen_t size = sizeof(cookie);

	return getsockopt(socket, SOL_SOCKET, SO_COOKIE, &cookie, &size) == 0 ? cookie : 0;
}

bool fsrv__system_watches_sendfile(void)
{
	return true;
}

/* The states of a TCP socket whose own end was queued (RFC 9293, 3.3.2). <netinet/tcp.h> has names for these
 * numbers, but cannot be included together with <linux/tcp.h>. */
enum { FIN_WAIT1 = 4, FIN_WAIT2 = 5, TIME_WAIT = 6, LAST_ACK = 9, CLOSING = 11 };

static bool has_queued_end(unsigned state)
{
	return (state >= FIN_WAIT1 && state <= TIME_WAIT) || state == LAST_ACK || state == CLOSING;
}

static bool read_info(int socket, struct tcp_info *info, socklen_t *size)
{
	memset(info, 0, sizeof(*info));
	*size = sizeof(*info);
	return getsockopt(socket, IPPROTO_TCP, TCP_INFO, info, size) == 0;
}

/* The end takes a number of the sequence, so the kernel counts it like a byte. */
static bool count_acknowledged(int socket, uint64_t *bytes)
{
	struct tcp_info info;
	socklen_t size;

	if (!read_info(socket, &info, &size))
		return false;
	*bytes = (uint64_t)info.tcpi_bytes_acked - has_queued_end(info.tcpi_state);
	return true;
}

/* For kernels that do not tell what was sent. Bytes that are acknowledged between the two calls would be
 * counted by neither, and a body that left as a whole would seem to be broken off. So the calls are repeated
 * until none comes between them. */
static bool count_by_two_calls(int socket, uint64_t *written)
{
	uint64_t before, after;
	int queued, n = 0;

	if (!count_acknowledged(socket, &after))
		return false;
	do {
		before = after;
		if (ioctl(socket, SIOCOUTQ, &queued) != 0 || !count_acknowledged(socket, &after))
			return false;
	} while (after != before && ++n < MAX_SAMPLES);
	*written = after + (queued > 0 ? (unsigned)queued : 0);
	return true;
}

/* Since Linux 4.19 one call tells it: what was sent for the first time, and what was not sent yet. An end
 * that waits to be sent is one of the latter. */
bool fsrv__system_count_written(int socket, uint64_t *written)
{
	struct tcp_info info;
	socklen_t size;

	if (!read_info(socket, &info, &size))
		return false;
	if (size < offsetof(struct tcp_info, tcpi_bytes_retrans) + sizeof(info.tcpi_bytes_retrans))
		return count_by_two_calls(socket, written);
	*written = info.tcpi_bytes_sent - info.tcpi_bytes_retrans;
	if (info.tcpi_notsent_bytes > 0)
		*written += info.tcpi_notsent_bytes - has_queued_end(info.tcpi_state);
	return true;
}

bool fsrv__system_peer_has_closed(int socket, int milliseconds)
{
	struct pollfd events = {.fd = socket, .events = POLLRDHUP};

	return poll(&events, 1, milliseconds) > 0;
}

int fsrv__system_make_socket(int family)
{
	return socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

void fsrv__system_set_probes(int socket, int idle, int interval, int count)
{
	(void)setsockopt(socket, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
	(void)setsockopt(socket, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof(interval));
	(void)setsockopt(socket, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof(count));
}
