/* openat2(2), and a walk that does the same where the kernel lacks it. The walk opens each directory
 * by O_NOFOLLOW and resolves links as text, so no link is ever followed by the kernel. */
#include "fs/beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "fs/system.h"

/* As many as the kernel follows (path_resolution(7)). */
#define MAX_LINKS 40

/* Whether a failure of openat2(2) may mean that the call, or one of its flags, is not available: here, by a
 * sandbox, or on this file system. It may concern the file as well, so another call has to find out. */
static bool is_refused(void)
{
	return errno == ENOSYS || errno == EPERM || errno == EINVAL || errno == EOPNOTSUPP || errno == E2BIG;
}

bool fsrv__has_openat2(void)
{
	int fd = fsrv__system_open(AT_FDCWD, "/", FSRV__NAME_FLAGS, FSRV__LOOKUP_NO_LINKS);

	/* Nothing else can be wrong with that path. */
	if (fd < 0)
		return errno == EMFILE || errno == ENFILE || errno == ENOMEM;
	close(fd);
	return true;
}

static unsigned lookup_flags(enum fsrv__links links)
{
	switch (links) {
	case FSRV__LINKS_BENEATH:
		return FSRV__LOOKUP_BENEATH;
	case FSRV__LINKS_NONE:
		return FSRV__LOOKUP_BENEATH | FSRV__LOOKUP_NO_LINKS;
	case FSRV__LINKS_FOLLOW:
		break;
	}
	return 0;
}

int fsrv__open_cached(int directory, const char *path, enum fsrv__links links, int flags)
{
	int fd = -1;

	/* The kernel cannot tell while something is mounted or renamed, anywhere. So it is asked again before
	 * a name counts as one that is not in memory. */
	for (int attempt = 0; attempt < 2; attempt++) {
		fd = fsrv__system_open(directory, path, flags, lookup_flags(links) | FSRV__LOOKUP_CACHED);
		if (fd >= 0 || errno != EAGAIN)
			break;
	}
	/* Kernels without RESOLVE_CACHED return EINVAL, and so do file systems that cannot hold a name. */
	if (fd < 0 && is_refused())
		errno = EAGAIN;
	return fd;
}

int fsrv__open_same_device(int directory, const char *path, enum fsrv__links links, int flags)
{
	int fd = fsrv__system_open(directory, path, flags, lookup_flags(links) | FSRV__LOOKUP_SAME_DEVICE);

	if (fd < 0 && is_refused())
		errno = EAGAIN;
	return fd;
}

int fsrv__open_beneath(int directory, const char *path, enum fsrv__links links, int flags)
{
	int fd = -1;

	/* EAGAIN: something was renamed meanwhile, and the kernel cannot tell whether it mattered. */
	for (int attempt = 0; attempt < 8; attempt++) {
		fd = fsrv__system_open(directory, path, flags, lookup_flags(links));
		if (fd >= 0 || errno != EAGAIN)
			break;
	}
	return fd < 0 && is_refused() ? fsrv__walk_beneath(directory, path, links, flags) : fd;
}

/* Opens the directory that holds the last segment of path, through no link; *name is that segment. */
static int open_parent(int directory, const char *path, const char **name)
{
	int at = openat(directory, ".", FSRV__SEARCH_FLAGS);
	const char *slash;

	for (*name = path; at >= 0 && (slash = strchr(*name, '/')) != NULL; *name = slash + 1) {
		char segment[NAME_MAX + 1];
		size_t length = (size_t)(slash - *name);
		int next;

		if (length > NAME_MAX) {
			close(at);
			errno = ENAMETOOLONG;
			return -1;
		}
		memcpy(segment, *name, length);
		segment[length] = '\0';
		next = openat(at, segment, FSRV__SEARCH_FLAGS | O_NOFOLLOW);
		close(at);
		at = next;
	}
	return at;
}

static int open_without_links(int directory, const char *path, int flags)
{
	const char *name;
	int parent = open_parent(directory, path, &name);
	int fd;

	if (parent < 0)
		return -1;
	fd = openat(parent, *name != '\0' ? name : ".", flags | O_NOFOLLOW);
	fsrv__close_keeping_errno(parent);
	return fd;
}

/* Reads the link at path, terminated; 0 when there is something else, -1 with errno. */
static ssize_t read_link(int directory, const char *path, char target[PATH_MAX])
{
	const char *name;
	int parent = open_parent(directory, path, &name);
	ssize_t length;

	if (parent < 0)
		return -1;
	length = readlinkat(parent, name, target, PATH_MAX - 1);
	fsrv__close_keeping_errno(parent);
	if (length < 0)
		return errno == EINVAL ? 0 : -1;
	target[length] = '\0';
	return length;
}

/* A path while its links are resolved: resolved holds none any more, pending follows and may hold some. */
struct resolution {
	int directory;
	int links;
	char resolved[PATH_MAX];
	char pending[PATH_MAX];
};

static int fail(int error)
{
	errno = error;
	return -1;
}

static int step_up(struct resolution *r)
{
	char *slash = strrchr(r->resolved, '/');

	if (r->resolved[0] == '\0')
		return fail(EXDEV);
	*(slash != NULL ? slash : r->resolved) = '\0';
	return 0;
}

/* A slash follows what is resolved, so it has to be a directory that may be searched. 0, or -1 and errno. */
static int check_directory(struct resolution *r)
{
	size_t end = strlen(r->resolved);
	const char *name;
	int directory, fd;

	if (end == 0)
		return 0;
	if (end + 1 >= sizeof(r->resolved))
		return fail(ENAMETOOLONG);
	memcpy(r->resolved + end, "/", 2);
	directory = open_parent(r->directory, r->resolved, &name);
	r->resolved[end] = '\0';
	if (directory < 0)
		return -1;
	fd = openat(directory, ".", FSRV__SEARCH_FLAGS);
	close(directory);
	if (fd < 0)
		return -1;
	close(fd);
	return 0;
}

/* Puts a link's target in front of what is pending. */
static int splice_target(struct resolution *r, const char *target, const char *rest)
{
	char joined[PATH_MAX];
	size_t length = strlen(target), more = strlen(rest);

	if (target[0] == '/')
		return fail(EXDEV);
	if (++r->links > MAX_LINKS)
		return fail(ELOOP);
	if (length + more >= sizeof(joined))
		return fail(ENAMETOOLONG);
	memcpy(joined, target, length);
	memcpy(joined + length, rest, more + 1);
	memcpy(r->pending, joined, length + more + 1);
	return 0;
}

static int step_down(struct resolution *r, const char *segment, size_t length, const char *rest)
{
	char target[PATH_MAX];
	size_t end = strlen(r->resolved);
	ssize_t linked;

	if (end + 1 + length >= sizeof(r->resolved))
		return fail(ENAMETOOLONG);
	if (end > 0)
		r->resolved[end] = '/';
	memcpy(r->resolved + end + (end > 0), segment, length);
	r->resolved[end + (end > 0) + length] = '\0';
	linked = read_link(r->directory, r->resolved, target);
	if (linked < 0)
		return -1;
	if (linked > 0) {
		r->resolved[end] = '\0';
		return splice_target(r, target, rest);
	}
	memmove(r->pending, rest, strlen(rest) + 1);
	return 0;
}

static int resolve_links(struct resolution *r)
{
	while (r->pending[0] != '\0') {
		size_t length = strcspn(r->pending, "/");
		const char *rest = r->pending + length;
		int result = 0;

		if (length == 0) {
			result = check_directory(r);
			rest++;
		} else if (length == 2 && memcmp(r->pending, "..", 2) == 0) {
			result = step_up(r);
		} else if (length > 1 || r->pending[0] != '.') {
			if (step_down(r, r->pending, length, rest) != 0)
				return -1;
			continue;
		}
		if (result != 0)
			return -1;
		memmove(r->pending, rest, strlen(rest) + 1);
	}
	return 0;
}

/* Leaves in r->resolved a path without links. Returns 0, or -1 with errno. */
static int walk(struct resolution *r, const char *path, enum fsrv__links links)
{
	size_t length = strlen(path);

	if (length >= sizeof(r->pending))
		return fail(ENAMETOOLONG);
	memcpy(links == FSRV__LINKS_NONE ? r->resolved : r->pending, path, length + 1);
	return links == FSRV__LINKS_NONE ? 0 : resolve_links(r);
}

int fsrv__walk_beneath(int directory, const char *path, enum fsrv__links links, int flags)
{
	struct resolution r = {.directory = directory};

	return walk(&r, path, links) == 0 ? open_without_links(directory, r.resolved, flags) : -1;
}

bool fsrv__stat_beneath(int directory, const char *path, enum fsrv__links links, struct fsrv__file *file,
			mode_t *mode)
{
	struct resolution r = {.directory = directory};
	const char *name;
	int parent;
	bool is_found;

	if (walk(&r, path, links) != 0)
		return false;
	parent = open_parent(directory, r.resolved, &name);
	if (parent < 0)
		return false;
	is_found = fsrv__file_stat_name(file, parent, *name != '\0' ? name : ".", mode);
	fsrv__close_keeping_errno(parent);
	return is_found;
}
