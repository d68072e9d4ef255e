#include "fs/roots.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "suite.h"
#include "texts.h"
#include "tree.h"

#define FILE_   FSRV__FOUND_FILE
#define FOLDER  FSRV__FOUND_DIRECTORY
#define MISSING FSRV__TARGET_MISSING

#define FOLLOW  FSRV__LINKS_FOLLOW
#define BENEATH FSRV__LINKS_BENEATH
#define NONE    FSRV__LINKS_NONE

/* What an untouched struct fsrv__file looks like. */
#define UNTOUCHED 0xa5

static struct tree tree;

/* How a file is opened: by the kernel in one call, or step by step where it cannot do that. */
static const bool ways[] = {true, false};
static const enum fsrv__links policies[] = {FOLLOW, BENEATH, NONE};

static const char *const index_names[] = {"index.html", "index.htm"};
static unsigned descriptors;

/* Where there is no openat2, as in valgrind, the walk is tested alone. */
static int first_way(void)
{
	return fsrv__has_openat2() ? 0 : 1;
}

static struct fsrv__root root_at(const char *name, enum fsrv__links links)
{
	struct fsrv__root root = {.path = tree_path(&tree, name), .links = links};

	root.length = strlen(root.path);
	return root;
}

static struct fsrv__roots roots_of(struct fsrv__root *list, size_t n, bool has_openat2)
{
	struct fsrv__roots roots = {
		.list = list, .n_roots = n, .index_names = index_names, .n_index_names = 2,
		.has_openat2 = has_openat2};

	for (size_t i = 0; i < n; i++)
		fsrv__root_detect_medium(&roots, &list[i]);
	return roots;
}

static enum fsrv__outcome find(struct fsrv__roots *roots, const char *target, struct fsrv__path *path,
			       struct fsrv__file *file)
{
	const struct fsrv__find_options options = {FSRV__FIND_OPEN, FSRV__MAY_WAIT, -1};
	struct fsrv__file untouched;
	enum fsrv__outcome outcome;

	memset(file, UNTOUCHED, sizeof(*file));
	untouched = *file;
	ck_assert_int_eq(fsrv__path_parse(text_of(target), FSRV__PATH_RAW, path), FSRV__PATH_OK);
	outcome = fsrv__roots_find(roots, &options, path, file);
	if (outcome != FILE_)
		ck_assert_msg(memcmp(file, &untouched, sizeof(*file)) == 0, "%s: wrote a file", target);
	return outcome;
}

/* Opens target below one root, closes it again and tells how it went. */
static enum fsrv__outcome look(const char *root_name, enum fsrv__links links, bool has_openat2,
			       const char *target)
{
	struct fsrv__root root = root_at(root_name, links);
	struct fsrv__roots roots = roots_of(&root, 1, has_openat2);
	struct fsrv__path path;
	struct fsrv__file file;
	enum fsrv__outcome outcome = find(&roots, target, &path, &file);
	int error = errno;

	if (outcome == FILE_)
		close(file.fd);
	errno = error;
	return outcome;
}

static const char *content_of(const struct fsrv__file *file)
{
	static char content[64];

	ck_assert_uint_lt(file->identity.size, sizeof(content));
	ck_assert(fsrv__file_read_fully(file, content, (size_t)file->identity.size, 0));
	content[file->identity.size] = '\0';
	return content;
}

static void make_special_files(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", tree_path(&tree, "root/socket"));
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
	ck_assert_int_eq(mkfifo(tree_path(&tree, "root/fifo"), 0644), 0);
	tree_link(&tree, "root/to-fifo", "fifo");
	/* Without the right to make a device a link to one has to do; where links are refused it is missing
	 * too. */
	if (mknod(tree_path(&tree, "root/device"), S_IFCHR | 0644, makedev(1, 3)) != 0)
		tree_link(&tree, "root/device", "/dev/null");
}

static void make_chain(void)
{
	char name[32], target[32] = "file";

	for (int i = 1; i <= 42; i++) {
		snprintf(name, sizeof(name), "root/chain%d", i);
		tree_link(&tree, name, target);
		snprintf(target, sizeof(target), "chain%d", i);
	}
}

static void make_links(void)
{
	char target[PATH_MAX] = "";

	tree_link(&tree, "root/to-file", "file");
	tree_link(&tree, "root/to-folder", "folder");
	tree_link(&tree, "root/to-folder-slash", "folder/");
	tree_link(&tree, "root/to-to-folder", "to-folder");
	tree_link(&tree, "root/to-inner", "folder/inner");
	tree_link(&tree, "root/slashes", "folder///deep//inner");
	tree_link(&tree, "root/dot", "./file");
	tree_link(&tree, "root/dots", "folder/../file");
	tree_link(&tree, "root/dots-of-link", "to-deep/../inner");
	tree_link(&tree, "root/to-deep", "folder/deep");
	tree_link(&tree, "root/folder/up", "../file");
	tree_link(&tree, "root/folder/deep/up-twice", "../../file");
	tree_link(&tree, "root/folder/out", "../../outside/secret");
	tree_link(&tree, "root/out", "../outside/secret");
	tree_link(&tree, "root/out-folder", "../outside");
	tree_link(&tree, "root/out-and-in", "../root/file");
	tree_link(&tree, "root/only-up", "..");
	tree_link(&tree, "root/here", ".");
	tree_link(&tree, "root/down-and-up", "folder/..");
	tree_link(&tree, "root/absolute", tree_path(&tree, "root/file"));
	tree_link(&tree, "root/absolute-out", tree_path(&tree, "outside/secret"));
	tree_link(&tree, "root/absolute-folder", tree_path(&tree, "root/folder"));
	tree_link(&tree, "root/slash", "/");
	tree_link(&tree, "root/loop", "loop");
	tree_link(&tree, "root/loop-a", "loop-b");
	tree_link(&tree, "root/loop-b", "folder/../loop-a");
	tree_link(&tree, "root/nowhere", "missing");
	tree_link(&tree, "root/nowhere-and-up", "missing/../file");
	tree_link(&tree, "root/file-slash", "file/");
	tree_link(&tree, "root/file-dot", "file/.");
	tree_link(&tree, "root/file-up", "file/../file");
	tree_link(&tree, "root/to-file-slash", "to-file/");
	for (int i = 0; i < 1000; i++)
		strcat(target, "./");
	strcat(target, "file");
	tree_link(&tree, "root/long", target);
}

static void make_root(void)
{
	tree_make(&tree);
	tree_folder(&tree, "root");
	tree_folder(&tree, "outside");
	tree_folder(&tree, "root/folder");
	tree_folder(&tree, "root/folder/deep");
	tree_write_text(&tree, "root/file", "file");
	tree_write_text(&tree, "root/folder/inner", "inner");
	tree_write_text(&tree, "root/folder/index.html", "index");
	tree_write_text(&tree, "root/folder/deep/inner", "deep");
	tree_write_text(&tree, "outside/secret", "secret");
	tree_write_text(&tree, "outside/index.html", "secret index");
	tree_link(&tree, "way-in", "root");
	make_links();
	make_chain();
	make_special_files();
}

/* What each policy gives: the content of a file, "/" for a folder, NULL for nothing. */
static const struct {
	const char *target;
	const char *follow, *beneath, *none;
} links[] = {
	{"/file", "file", "file", "file"},
	{"/folder/inner", "inner", "inner", "inner"},
	{"/folder/deep/inner", "deep", "deep", "deep"},
	{"/folder", "/", "/", "/"},
	{"/folder/", "index", "index", "index"},
	{"/folder/deep/", NULL, NULL, NULL},
	{"/missing", NULL, NULL, NULL},
	{"/missing/file", NULL, NULL, NULL},
	{"/file/", NULL, NULL, NULL},
	{"/file/file", NULL, NULL, NULL},
	{"/fifo", NULL, NULL, NULL},
	{"/to-fifo", NULL, NULL, NULL},
	{"/socket", NULL, NULL, NULL},
	{"/device", NULL, NULL, NULL},
	{"/to-file", "file", "file", NULL},
	{"/to-folder", "/", "/", NULL},
	{"/to-folder/", "index", "index", NULL},
	{"/to-folder/inner", "inner", "inner", NULL},
	{"/to-folder-slash", "/", "/", NULL},
	{"/to-folder-slash/inner", "inner", "inner", NULL},
	{"/to-to-folder/deep/inner", "deep", "deep", NULL},
	{"/to-inner", "inner", "inner", NULL},
	{"/slashes", "deep", "deep", NULL},
	{"/dot", "file", "file", NULL},
	{"/dots", "file", "file", NULL},
	{"/dots-of-link", "inner", "inner", NULL},
	{"/folder/up", "file", "file", NULL},
	{"/to-folder/up", "file", "file", NULL},
	{"/to-deep/up-twice", "file", "file", NULL},
	{"/long", "file", "file", NULL},
	{"/folder/out", "secret", NULL, NULL},
	{"/out", "secret", NULL, NULL},
	{"/out-folder", "/", NULL, NULL},
	{"/out-folder/", "secret index", NULL, NULL},
	{"/out-folder/secret", "secret", NULL, NULL},
	{"/out-and-in", "file", NULL, NULL},
	{"/only-up", "/", NULL, NULL},
	{"/only-up/outside/secret", "secret", NULL, NULL},
	{"/here", "/", "/", NULL},
	{"/here/file", "file", "file", NULL},
	{"/here/here/folder/inner", "inner", "inner", NULL},
	{"/down-and-up", "/", "/", NULL},
	{"/down-and-up/file", "file", "file", NULL},
	{"/absolute", "file", NULL, NULL},
	{"/absolute-out", "secret", NULL, NULL},
	{"/absolute-folder/inner", "inner", NULL, NULL},
	{"/slash", "/", NULL, NULL},
	{"/slash/etc/passwd/", NULL, NULL, NULL},
	{"/loop", NULL, NULL, NULL},
	{"/loop-a", NULL, NULL, NULL},
	{"/loop-a/file", NULL, NULL, NULL},
	{"/nowhere", NULL, NULL, NULL},
	{"/nowhere/file", NULL, NULL, NULL},
	{"/nowhere-and-up", NULL, NULL, NULL},
	{"/to-file/", NULL, NULL, NULL},
	{"/to-file/file", NULL, NULL, NULL},
	{"/file-slash", NULL, NULL, NULL},
	{"/file-dot", NULL, NULL, NULL},
	{"/file-up", NULL, NULL, NULL},
	{"/to-file-slash", NULL, NULL, NULL},
	{"/chain1", "file", "file", NULL},
	{"/chain39", "file", "file", NULL}, /* and one on the way in */
	{"/chain41", NULL, NULL, NULL},
};

static void check_link(const char *root_name, enum fsrv__links policy, bool way, const char *target,
		       const char *want)
{
	struct fsrv__root root = root_at(root_name, policy);
	struct fsrv__roots roots = roots_of(&root, 1, way);
	struct fsrv__path path;
	struct fsrv__file file;
	enum fsrv__outcome outcome = find(&roots, target, &path, &file);
	enum fsrv__outcome expected = want == NULL ? MISSING : strcmp(want, "/") == 0 ? FOLDER : FILE_;

	ck_assert_msg(outcome == expected, "%s, policy %d, openat2 %d: got %d, not %d", target, (int)policy,
		      way, (int)outcome, (int)expected);
	if (outcome != FILE_)
		return;
	ck_assert_msg(strcmp(content_of(&file), want) == 0, "%s, policy %d: got %s", target, (int)policy,
		      content_of(&file));
	close(file.fd);
}

START_TEST(follows_links_as_the_policy_allows)
{
	static const char *const root_names[] = {"root", "way-in", "way-in/"};

	for (int way = first_way(); way < LEN(ways); way++) {
		for (int i = 0; i < LEN(root_names); i++) {
			check_link(root_names[i], FOLLOW, ways[way], links[_i].target, links[_i].follow);
			check_link(root_names[i], BENEATH, ways[way], links[_i].target, links[_i].beneath);
			check_link(root_names[i], NONE, ways[way], links[_i].target, links[_i].none);
		}
	}
}
END_TEST

START_TEST(follows_as_many_links_as_the_kernel)
{
	for (int way = first_way(); way < LEN(ways); way++) {
		for (int policy = FOLLOW; policy <= BENEATH; policy++) {
			check_link("root", policies[policy], ways[way], "/chain40", "file");
			check_link("root", policies[policy], ways[way], "/chain41", NULL);
		}
	}
}
END_TEST

/* Runs for each policy and each way of opening. */
static void expect(const char *root_name, const char *target, enum fsrv__outcome expected)
{
	for (int policy = 0; policy < LEN(policies); policy++) {
		for (int way = first_way(); way < LEN(ways); way++) {
			enum fsrv__outcome outcome = look(root_name, policies[policy], ways[way], target);

			ck_assert_msg(outcome == expected, "%.40s, policy %d, openat2 %d: got %d, not %d",
				      target, policy, ways[way], (int)outcome, (int)expected);
		}
	}
}

START_TEST(looks_up_long_names)
{
	char name[FSRV__PATH_SIZE + 1] = "root/";
	char *segment = name + 5;

	memset(segment, 'n', NAME_MAX);
	tree_write_text(&tree, name, "x");
	expect("root", name + 4, FILE_);
	segment[NAME_MAX] = 'n';
	expect("root", name + 4, MISSING);
	memcpy(segment + NAME_MAX + 1, "/x", 3);
	expect("root", name + 4, MISSING);
	for (size_t i = 5; i < FSRV__PATH_SIZE; i++)
		name[i] = i % 2 == 0 ? '/' : 'n';
	name[FSRV__PATH_SIZE] = '\0';
	expect("root", name + 4, MISSING);
	/* Now a folder, with an index page whose name makes it too long. */
	name[FSRV__PATH_SIZE - 1] = '/';
	expect("root", name + 4, MISSING);
}
END_TEST

START_TEST(refuses_what_is_longer_than_any_path)
{
	int (*const open_one[])(int, const char *, enum fsrv__links, int) = {fsrv__walk_beneath,
									fsrv__open_beneath};
	char path[PATH_MAX + 2];
	int folder = open(tree_path(&tree, "root"), O_PATH | O_CLOEXEC);

	for (size_t i = 0; i < sizeof(path) - 1; i++)
		path[i] = i % 2 == 0 ? 'n' : '/';
	path[sizeof(path) - 1] = '\0';
	for (int i = 0; i < (fsrv__has_openat2() ? 2 : 1); i++) {
		ck_assert_int_eq(open_one[i](folder, path, BENEATH, FSRV__OPEN_FLAGS), -1);
		ck_assert_int_eq(errno, ENAMETOOLONG);
	}
	close(folder);
}
END_TEST

START_TEST(describes_the_file)
{
	struct fsrv__root list[] = {root_at("outside", FOLLOW), root_at("root", BENEATH)};
	struct fsrv__roots roots = roots_of(list, 2, fsrv__has_openat2());
	struct timespec times[2] = {{1000, 1}, {-5, 999999999}};
	struct fsrv__path path;
	struct fsrv__file file;
	struct stat st;

	ck_assert_int_eq(utimensat(AT_FDCWD, tree_path(&tree, "root/file"), times, 0), 0);
	ck_assert_int_eq(stat(tree_path(&tree, "root/file"), &st), 0);
	ck_assert_int_eq(find(&roots, "/file", &path, &file), FILE_);
	ck_assert_int_eq(file.root, 1);
	ck_assert_uint_eq(file.identity.device, st.st_dev);
	ck_assert_uint_eq(file.identity.inode, st.st_ino);
	ck_assert_uint_eq(file.identity.size, 4);
	ck_assert_int_eq(file.identity.modified.seconds, -5);
	ck_assert_uint_eq(file.identity.modified.nanoseconds, 999999999);
	ck_assert_int_eq(file.identity.changed.seconds, st.st_ctim.tv_sec);
	ck_assert_uint_eq(file.identity.changed.nanoseconds, (uint32_t)st.st_ctim.tv_nsec);
	ck_assert_int_ne(fcntl(file.fd, F_GETFD) & FD_CLOEXEC, 0);
	close(file.fd);
}
END_TEST

START_TEST(serves_files_above_4_gib)
{
	const uint64_t size = UINT64_C(5) << 30;
	struct fsrv__root root = root_at("root", NONE);
	struct fsrv__roots roots = roots_of(&root, 1, fsrv__has_openat2());
	int fd = open(tree_path(&tree, "root/sparse"), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	struct fsrv__path path;
	struct fsrv__file file;
	char end[4];

	ck_assert_int_eq(pwrite(fd, "last", 4, (off_t)size - 4), 4);
	close(fd);
	ck_assert_int_eq(find(&roots, "/sparse", &path, &file), FILE_);
	ck_assert_uint_eq(file.identity.size, size);
	ck_assert(fsrv__file_read_fully(&file, end, 4, size - 4));
	ck_assert_int_eq(memcmp(end, "last", 4), 0);
	ck_assert(!fsrv__file_read_fully(&file, end, 4, size - 3));
	ck_assert_int_eq(errno, 0);
	close(file.fd);
}
END_TEST

static const struct {
	const char *name;
	size_t length;
	uint64_t offset;
	bool whole;
} reads[] = {
	{"everything", 10, 0, true},
	{"the end", 4, 6, true},
	{"nothing", 0, 0, true},
	{"nothing at the end", 0, 10, true},
	{"nothing past the end", 0, 99, true},
	{"one more than there is", 11, 0, false},
	{"one more than the end", 5, 6, false},
	{"a byte at the end", 1, 10, false},
	{"a byte past the end", 1, 11, false},
	{"a byte far past the end", 1, UINT64_C(1) << 40, false},
};

START_TEST(reads_exactly)
{
	static const char digits[] = "0123456789";
	char buffer[16] = "................";
	bool is_whole;
	struct fsrv__file file = {.fd = -1};

	tree_write_text(&tree, "root/ten", digits);
	file.fd = open(tree_path(&tree, "root/ten"), O_RDONLY | O_CLOEXEC);
	errno = EIO;
	is_whole = fsrv__file_read_fully(&file, buffer, reads[_i].length, reads[_i].offset);
	ck_assert_msg(is_whole == reads[_i].whole, "%s", reads[_i].name);
	if (reads[_i].whole)
		ck_assert_int_eq(memcmp(buffer, digits + reads[_i].offset % 10, reads[_i].length), 0);
	else
		ck_assert_msg(errno == 0, "%s: errno %d", reads[_i].name, errno);
	ck_assert_int_eq(buffer[reads[_i].length], '.');
	close(file.fd);
}
END_TEST

START_TEST(tells_why_reading_failed)
{
	struct fsrv__file file = {.fd = open(tree_path(&tree, "root/folder"), O_RDONLY | O_CLOEXEC)};
	char byte;

	ck_assert(!fsrv__file_read_fully(&file, &byte, 1, 0));
	ck_assert_int_eq(errno, EISDIR);
	fsrv__file_close(&file);
	ck_assert(!fsrv__file_is_open(&file));
	ck_assert(!fsrv__file_read_fully(&file, &byte, 1, 0));
	ck_assert_int_eq(errno, EBADF);
}
END_TEST

/* Sees a root again that was made anew, and nothing while it is away. */
START_TEST(survives_a_root_that_comes_and_goes)
{
	tree_folder(&tree, "build");
	tree_write_text(&tree, "build/a", "first");
	expect("build", "/a", FILE_);
	ck_assert_int_eq(rename(tree_path(&tree, "build"), tree_path(&tree, "old")), 0);
	expect("build", "/a", MISSING);
	expect("build", "/", MISSING);
	tree_write_text(&tree, "build", "no folder");
	expect("build", "/a", MISSING);
	ck_assert_int_eq(unlink(tree_path(&tree, "build")), 0);
	tree_folder(&tree, "build");
	expect("build", "/a", MISSING);
	tree_write_text(&tree, "build/a", "second");
	check_link("build", FOLLOW, true, "/a", "second");
	check_link("build", BENEATH, false, "/a", "second");
	expect("old", "/a", FILE_);
}
END_TEST

/* With room for more and more descriptors it is overloaded until there is enough, and nothing else. */
static void check_descriptor_limit(enum fsrv__links policy, bool way)
{
	struct rlimit limit, low;
	int first = dup(0);
	enum fsrv__outcome outcome;
	rlim_t room;

	close(first);
	getrlimit(RLIMIT_NOFILE, &limit);
	low = limit;
	for (room = 0; room < 8; room++) {
		low.rlim_cur = (rlim_t)first + room;
		setrlimit(RLIMIT_NOFILE, &low);
		outcome = look("root", policy, way, "/folder/deep/inner");
		setrlimit(RLIMIT_NOFILE, &limit);
		if (outcome == FILE_)
			break;
		ck_assert_int_eq(outcome, FSRV__OVERLOADED);
		ck_assert_int_eq(errno, EMFILE);
	}
	ck_assert_uint_ge(room, 1);
	ck_assert_uint_le(room, 3);
}

START_TEST(is_overloaded_without_descriptors)
{
	for (int policy = 0; policy < LEN(policies); policy++)
		for (int way = first_way(); way < LEN(ways); way++)
			check_descriptor_limit(policies[policy], ways[way]);
}
END_TEST

/* A lease, as file servers take them, makes opening without blocking fail until it is given back. */
START_TEST(is_overloaded_by_a_lease)
{
	int fd = open(tree_path(&tree, "root/file"), O_RDWR | O_CLOEXEC);

	signal(SIGIO, SIG_IGN);
	if (fcntl(fd, F_SETLEASE, F_WRLCK) == 0)
		expect("root", "/file", FSRV__OVERLOADED);
	fcntl(fd, F_SETLEASE, F_UNLCK);
	close(fd);
	signal(SIGIO, SIG_DFL);
	expect("root", "/file", FILE_);
}
END_TEST

START_TEST(judges_roots)
{
	ck_assert(fsrv__root_is_usable(tree_path(&tree, "root")));
	ck_assert(fsrv__root_is_usable(tree_path(&tree, "way-in")));
	ck_assert(!fsrv__root_is_usable(tree_path(&tree, "root/file")));
	ck_assert_int_eq(errno, ENOTDIR);
	ck_assert(!fsrv__root_is_usable(tree_path(&tree, "missing")));
	ck_assert_int_eq(errno, ENOENT);
}
END_TEST

static void make_forbidden(void)
{
	make_root();
	tree_write_text(&tree, "root/unreadable", "x");
	tree_folder(&tree, "root/unsearchable");
	tree_write_text(&tree, "root/unsearchable/x", "x");
	tree_folder(&tree, "root/unlistable");
	tree_write_text(&tree, "root/unlistable/index.html", "x");
	tree_link(&tree, "root/to-unreadable", "unreadable");
	tree_link(&tree, "root/through", "unsearchable/x");
	tree_link(&tree, "root/through-and-back", "unsearchable/../file");
	tree_folder(&tree, "lower");
	tree_write_text(&tree, "lower/unreadable", "x");
	chmod(tree_path(&tree, "root/unreadable"), 0);
	chmod(tree_path(&tree, "root/unsearchable"), 0600);
	chmod(tree_path(&tree, "root/unlistable"), 0711);
	tree_folder(&tree, "closed");
	tree_write_text(&tree, "closed/x", "x");
	chmod(tree_path(&tree, "closed"), 0);
}

static const struct {
	const char *root, *target;
	enum fsrv__outcome follow, none;
} forbidden[] = {
	{"root", "/unreadable", FSRV__TARGET_FORBIDDEN, FSRV__TARGET_FORBIDDEN},
	{"root", "/to-unreadable", FSRV__TARGET_FORBIDDEN, MISSING},
	{"root", "/unsearchable/x", FSRV__TARGET_FORBIDDEN, FSRV__TARGET_FORBIDDEN},
	{"root", "/unsearchable/missing", FSRV__TARGET_FORBIDDEN, FSRV__TARGET_FORBIDDEN},
	{"root", "/unsearchable/", FSRV__TARGET_FORBIDDEN, FSRV__TARGET_FORBIDDEN},
	{"root", "/through", FSRV__TARGET_FORBIDDEN, MISSING},
	{"root", "/through-and-back", FSRV__TARGET_FORBIDDEN, MISSING},
	{"root", "/unlistable/index.html", FILE_, FILE_},
	{"root", "/unlistable/", FILE_, FILE_},
	{"root", "/unlistable", FOLDER, FOLDER},
	{"closed", "/x", FSRV__TARGET_FORBIDDEN, FSRV__TARGET_FORBIDDEN},
	{"root", "/file", FILE_, FILE_},
};

/* As a user without rights; the exit status is the number of rows that went wrong. */
static int check_forbidden(void)
{
	int wrong = fsrv__root_is_usable(tree_path(&tree, "closed")) ? 1 : 0;

	for (int row = 0; row < LEN(forbidden); row++) {
		for (int way = first_way(); way < LEN(ways); way++) {
			for (int policy = 0; policy < LEN(policies); policy++) {
				enum fsrv__outcome outcome = look(forbidden[row].root, policies[policy],
								  ways[way], forbidden[row].target);

				if (outcome ==
				    (policies[policy] == NONE ? forbidden[row].none : forbidden[row].follow))
					continue;
				fprintf(stderr, "%s, policy %d, openat2 %d: got %d\n", forbidden[row].target,
					policy, ways[way], (int)outcome);
				wrong++;
			}
		}
	}
	return wrong;
}

static int check_forbidden_overlay(void)
{
	struct fsrv__root list[] = {root_at("root", FOLLOW), root_at("lower", FOLLOW)};
	struct fsrv__roots roots = roots_of(list, 2, true);
	struct fsrv__path path;
	struct fsrv__file file;

	return find(&roots, "/unreadable", &path, &file) == FSRV__TARGET_FORBIDDEN && errno == EACCES ? 0 : 1;
}

static void run_without_rights(int (*function)(void))
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		if (getuid() == 0 && (setgroups(0, NULL) != 0 || setgid(65534) != 0 || setuid(65534) != 0))
			_exit(126);
		_exit(function());
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 0);
}

START_TEST(tells_what_is_forbidden)
{
	run_without_rights(check_forbidden);
}
END_TEST

/* What a layer holds but may not show must not be replaced by an older file below. */
START_TEST(does_not_look_below_what_is_forbidden)
{
	run_without_rights(check_forbidden_overlay);
}
END_TEST

static void make_overlay(void)
{
	static const char *const folders[] = {
		"upper",   "lower",   "upper/d", "lower/e", "upper/g",
		"lower/g", "upper/h", "lower/h", "upper/k", "upper/k/index.html",
		"lower/k", "upper/m", "upper/n", "lower/n"};
	static const char *const files[] = {"upper/a",
					    "lower/a",
					    "upper/only-upper",
					    "lower/only-lower",
					    "lower/d",
					    "upper/e",
					    "lower/e/x",
					    "lower/f",
					    "lower/g/index.html",
					    "upper/h/index.htm",
					    "lower/h/index.html",
					    "lower/k/index.html",
					    "upper/index.htm",
					    "lower/p",
					    "upper/n/index.htm"};

	tree_make(&tree);
	for (int i = 0; i < LEN(folders); i++)
		tree_folder(&tree, folders[i]);
	for (int i = 0; i < LEN(files); i++)
		tree_write_text(&tree, files[i], files[i]);
	ck_assert_int_eq(mkfifo(tree_path(&tree, "upper/f"), 0644), 0);
	tree_link(&tree, "upper/p", "only-upper");
	tree_link(&tree, "upper/q", "only-upper");
}

static const struct {
	const char *name;
	const char *target;
	const char *content; /* NULL: missing; "/": a folder */
	int root;
	const char *path;
	bool is_odd; /* what a look in memory may not be able to tell */
} overlay[] = {
	{"upper wins", "/a", "upper/a", 0, "a", false},
	{"only in the upper layer", "/only-upper", "upper/only-upper", 0, "only-upper", false},
	{"only in the lower layer", "/only-lower", "lower/only-lower", 1, "only-lower", false},
	{"folder hides no file below", "/d", "lower/d", 1, "d", false},
	{"file hides no folder below", "/e/x", "lower/e/x", 1, "e/x", true},
	{"FIFO hides no file below", "/f", "lower/f", 1, "f", false},
	{"refused link hides no file below", "/p", "lower/p", 1, "p", false},
	{"refused link and nothing below", "/q", NULL, -1, NULL, true},
	{"folder in both", "/g", "/", -1, NULL, false},
	{"folder in the upper layer", "/m", "/", -1, NULL, false},
	{"index page of the lower layer", "/g/", "lower/g/index.html", 1, "g/index.html", false},
	{"first index name of any layer", "/h/", "lower/h/index.html", 1, "h/index.html", false},
	{"second index name", "/n/", "upper/n/index.htm", 0, "n/index.htm", false},
	{"folder in place of an index page", "/k/", "lower/k/index.html", 1, "k/index.html", false},
	{"index page of the root", "/", "upper/index.htm", 0, "index.htm", false},
	{"folder without an index page", "/m/", NULL, -1, NULL, true},
	{"slash behind a file", "/a/", NULL, -1, NULL, true},
	{"slash behind nothing", "/missing/", NULL, -1, NULL, true},
	{"nothing", "/missing", NULL, -1, NULL, true},
};

START_TEST(lays_roots_over_each_other)
{
	for (int way = first_way(); way < LEN(ways); way++) {
		struct fsrv__root list[] = {root_at("upper", NONE), root_at("lower", FOLLOW)};
		struct fsrv__roots roots = roots_of(list, 2, ways[way]);
		const char *content = overlay[_i].content;
		enum fsrv__outcome expected = content == NULL             ? MISSING
					      : strcmp(content, "/") == 0 ? FOLDER
									  : FILE_;
		struct fsrv__path path;
		struct fsrv__file file;

		ck_assert_msg(find(&roots, overlay[_i].target, &path, &file) == expected, "%s",
			      overlay[_i].name);
		if (expected != FILE_)
			continue;
		ck_assert_str_eq(content_of(&file), content);
		ck_assert_int_eq(file.root, overlay[_i].root);
		ck_assert_str_eq(path.text, overlay[_i].path);
		ck_assert_uint_eq(path.length, strlen(path.text));
		close(file.fd);
	}
}
END_TEST

/* What a look says: all but the descriptor, which is closed. */
struct finding {
	enum fsrv__outcome outcome;
	int error;
	struct fsrv__path path;
	struct fsrv__file file;
};

static void seek(struct fsrv__roots *roots, enum fsrv__find_mode mode, enum fsrv__wait_policy wait,
		 int recent, const char *target, struct finding *finding)
{
	struct fsrv__find_options options = {mode, wait, recent};

	memset(finding, 0, sizeof(*finding));
	ck_assert_int_eq(fsrv__path_parse(text_of(target), FSRV__PATH_RAW, &finding->path), FSRV__PATH_OK);
	errno = 0;
	finding->outcome = fsrv__roots_find(roots, &options, &finding->path, &finding->file);
	finding->error = errno;
	if (finding->outcome != FILE_)
		return;
	ck_assert_msg((finding->file.fd >= 0) == (mode == FSRV__FIND_OPEN), "%s: descriptor %d", target,
		      finding->file.fd);
	if (finding->file.fd >= 0)
		close(finding->file.fd);
	finding->file.fd = -1;
}

static bool is_same_finding(const struct finding *a, const struct finding *b)
{
	if (a->outcome != b->outcome)
		return false;
	return a->outcome != FILE_ ||
		(fsrv__file_is_same(&a->file, &b->file) && a->path.length == b->path.length &&
		 memcmp(a->path.text, b->path.text, a->path.length) == 0 &&
		 a->file.is_remote == b->file.is_remote &&
		 a->file.has_remote_name == b->file.has_remote_name);
}

static bool must_wait(const struct finding *finding)
{
	return finding->outcome == FSRV__OVERLOADED && finding->error == EAGAIN;
}

/* As if they lay on a disk, whatever they lie on. */
static void pretend_disk(struct fsrv__roots *roots)
{
	for (size_t i = 0; i < roots->n_roots; i++)
		atomic_store(&roots->list[i].medium, FSRV__MEDIUM_DISK);
}

/* Some file systems cannot follow links, or know that a name is missing, without waiting; nor can the kernel
 * tell that a file is no folder. */
static void compare_findings(struct fsrv__roots *roots, const char *target, bool may_have_to_wait)
{
	struct finding opened, facts, again, in_memory;

	seek(roots, FSRV__FIND_OPEN, FSRV__MAY_WAIT, -1, target, &opened);
	seek(roots, FSRV__FIND_STAT, FSRV__MAY_WAIT, -1, target, &facts);
	ck_assert_msg(is_same_finding(&opened, &facts), "%s: %d opened, %d asked", target, opened.outcome,
		      facts.outcome);
	for (int mode = FSRV__FIND_OPEN; mode <= FSRV__FIND_STAT; mode++) {
		for (int recent = -1; recent < (int)roots->n_roots; recent++) {
			seek(roots, (enum fsrv__find_mode)mode, FSRV__MAY_WAIT, recent, target, &again);
			ck_assert_msg(is_same_finding(&opened, &again), "%s: recent %d", target, recent);
			seek(roots, (enum fsrv__find_mode)mode, FSRV__CACHED_ONLY, recent, target,
			     &in_memory);
			if (must_wait(&in_memory) && (may_have_to_wait || !roots->has_openat2))
				continue;
			ck_assert_msg(is_same_finding(&opened, &in_memory),
				      "%s, mode %d, recent %d: %d in memory, %s",
				      target, mode, recent, in_memory.outcome, strerror(in_memory.error));
		}
	}
}

START_TEST(says_the_same_without_opening)
{
	bool is_plain = links[_i].none != NULL;

	for (int way = first_way(); way < LEN(ways); way++) {
		for (int policy = 0; policy < LEN(policies); policy++) {
			struct fsrv__root root = root_at("root", policies[policy]);
			struct fsrv__roots roots = roots_of(&root, 1, ways[way]);

			pretend_disk(&roots);
			compare_findings(&roots, links[_i].target, !is_plain);
		}
	}
}
END_TEST

START_TEST(says_the_same_of_layers)
{
	static const enum fsrv__links pairs[][2] = {{NONE, FOLLOW}, {FOLLOW, BENEATH}, {BENEATH, NONE}};

	for (int way = first_way(); way < LEN(ways); way++) {
		for (int pair = 0; pair < LEN(pairs); pair++) {
			struct fsrv__root list[] = {root_at("upper", pairs[pair][0]),
						    root_at("lower", pairs[pair][1])};
			struct fsrv__roots roots = roots_of(list, 2, ways[way]);

			pretend_disk(&roots);
			compare_findings(&roots, overlay[_i].target,
					 overlay[_i].is_odd || list[0].links != NONE);
		}
	}
}
END_TEST

static struct finding look_once(struct fsrv__roots *roots, enum fsrv__find_mode mode,
				enum fsrv__wait_policy wait, int recent, const char *target)
{
	struct finding finding;

	seek(roots, mode, wait, recent, target, &finding);
	return finding;
}

/* Each name is looked for only once, so nobody knows yet that it is missing. */
static void expect_wait(struct fsrv__roots *roots, int recent, bool waits)
{
	static int n;
	char target[32];

	for (int mode = FSRV__FIND_OPEN; mode <= FSRV__FIND_STAT; mode++) {
		struct finding finding;

		snprintf(target, sizeof(target), "/never-asked-for-%d", n++);
		finding = look_once(roots, (enum fsrv__find_mode)mode, FSRV__CACHED_ONLY, recent, target);
		ck_assert_msg(must_wait(&finding) == waits, "recent %d: %d", recent, finding.outcome);
		ck_assert(waits || finding.outcome == MISSING);
	}
}

START_TEST(does_not_wait_for_names)
{
	for (int policy = 0; policy < LEN(policies); policy++) {
		struct fsrv__root list[] = {root_at("upper", policies[policy]),
					    root_at("lower", policies[policy])};
		struct fsrv__roots roots = roots_of(list, 2, fsrv__has_openat2());

		pretend_disk(&roots);
		expect_wait(&roots, -1, true);
		expect_wait(&roots, 0, true); /* for the other one */
		expect_wait(&roots, 1, true);
		roots.n_roots = 1;
		expect_wait(&roots, 0, false);
		expect_wait(&roots, -1, true);
	}
}
END_TEST

static bool forget_names(void)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);
	bool done = fd >= 0 && write(fd, "2", 1) == 1;

	if (fd >= 0)
		close(fd);
	return done;
}

/* Files that are there, of which the kernel has forgotten even the names. Others on the machine may keep it
 * from that. */
START_TEST(does_not_wait_for_files)
{
	struct fsrv__root root = root_at("lower", policies[_i]);
	struct fsrv__roots roots = roots_of(&root, 1, fsrv__has_openat2());
	struct finding finding;

	pretend_disk(&roots);
	for (int mode = FSRV__FIND_OPEN; mode <= FSRV__FIND_STAT && roots.has_openat2; mode++) {
		finding = look_once(&roots, (enum fsrv__find_mode)mode, FSRV__CACHED_ONLY, -1,
				    "/g/index.html");
		ck_assert_int_eq(finding.outcome, FILE_);
		for (int attempt = 0; attempt < 5 && finding.outcome == FILE_; attempt++) {
			if (!forget_names())
				return;
			finding = look_once(&roots, (enum fsrv__find_mode)mode, FSRV__CACHED_ONLY, -1,
					    "/g/index.html");
		}
		if (finding.outcome == FILE_)
			printf("# the kernel does not forget names\n");
		else
			ck_assert(must_wait(&finding));
		finding = look_once(&roots, (enum fsrv__find_mode)mode, FSRV__MAY_WAIT, -1, "/g/index.html");
		ck_assert_int_eq(finding.outcome, FILE_);
	}
}
END_TEST

static unsigned times_known(struct fsrv__roots *roots, uint64_t device)
{
	unsigned n = 0;

	for (int i = 0; i < FSRV__LOCAL_DEVICES; i++)
		n += atomic_load(&roots->devices.local[i]) == device;
	return n;
}

/* A device nobody knows is looked at only where waiting is allowed, and known from then on. */
START_TEST(learns_that_a_device_is_local)
{
	struct fsrv__root list[] = {root_at("upper", policies[_i]), root_at("lower", policies[_i])};
	struct fsrv__roots roots = roots_of(list, 2, fsrv__has_openat2());
	struct finding finding = look_once(&roots, FSRV__FIND_OPEN, FSRV__MAY_WAIT, -1, "/only-lower");
	uint64_t device = finding.file.identity.device;

	for (int i = 0; i < FSRV__LOCAL_DEVICES; i++)
		atomic_store(&roots.devices.local[i], 0);
	for (int i = 0; i < LEN(list); i++)
		atomic_store(&list[i].medium, FSRV__MEDIUM_REMOTE);
	for (int mode = FSRV__FIND_OPEN; mode <= FSRV__FIND_STAT; mode++) {
		finding = look_once(&roots, (enum fsrv__find_mode)mode, FSRV__CACHED_ONLY, -1, "/only-lower");
		ck_assert(must_wait(&finding));
		finding = look_once(&roots, (enum fsrv__find_mode)mode, FSRV__CACHED_ONLY, -1, "/");
		ck_assert(must_wait(&finding));
	}
	ck_assert_uint_eq(times_known(&roots, device), 0);
	finding = look_once(&roots, FSRV__FIND_OPEN, FSRV__MAY_WAIT, -1, "/only-lower");
	ck_assert_int_eq(finding.outcome, FILE_);
	ck_assert(!finding.file.is_remote);
	ck_assert(finding.file.has_remote_name); /* the look at the upper root could have waited */
	ck_assert_uint_eq(times_known(&roots, device), 1);
	ck_assert_int_ne(atomic_load(&list[1].medium), FSRV__MEDIUM_REMOTE);
	ck_assert_int_eq(atomic_load(&list[0].medium), FSRV__MEDIUM_REMOTE); /* has served nothing yet */
	look_once(&roots, FSRV__FIND_OPEN, FSRV__MAY_WAIT, -1, "/a");
	for (int mode = FSRV__FIND_OPEN; mode <= FSRV__FIND_STAT && roots.has_openat2; mode++) {
		finding = look_once(&roots, (enum fsrv__find_mode)mode, FSRV__CACHED_ONLY, -1, "/a");
		ck_assert_int_eq(finding.outcome, FILE_);
		ck_assert(!finding.file.is_remote);
	}
}
END_TEST

/* A list that is too short forgets the oldest device, never the one that was just learned. */
START_TEST(knows_the_devices_that_were_learned_last)
{
	struct fsrv__root root = root_at("lower", FOLLOW);
	struct fsrv__roots roots = roots_of(&root, 1, fsrv__has_openat2());
	struct finding finding;

	for (int i = 0; i < FSRV__LOCAL_DEVICES; i++)
		atomic_store(&roots.devices.local[i], UINT64_MAX - (uint64_t)i);
	for (int i = 0; i < 2; i++) {
		finding = look_once(&roots, FSRV__FIND_OPEN, FSRV__MAY_WAIT, -1, "/a");
		ck_assert(!finding.file.is_remote);
	}
	ck_assert_uint_eq(times_known(&roots, finding.file.identity.device), 1);
}
END_TEST

static void make_in_memory(void)
{
	tree_make_in_memory(&tree);
	tree_folder(&tree, "upper");
	tree_write_text(&tree, "lower/file", "file");
}

/* Without openat2(2) nobody could be kept from leaving the file system, so it is left to those who
 * may wait. */
START_TEST(has_nothing_to_wait_for_in_memory)
{
	struct fsrv__root list[] = {root_at("upper", policies[_i]), root_at("lower", policies[_i])};
	struct fsrv__roots roots = roots_of(list, 2, fsrv__has_openat2());

	if (atomic_load(&list[0].medium) != FSRV__MEDIUM_MEMORY) {
		printf("# /dev/shm is no memory\n");
		return;
	}
	expect_wait(&roots, -1, !fsrv__has_openat2());
	if (!fsrv__has_openat2())
		return;
	compare_findings(&roots, "/file", false);
	for (int mode = FSRV__FIND_OPEN; mode <= FSRV__FIND_STAT; mode++) {
		struct finding finding = look_once(&roots, (enum fsrv__find_mode)mode, FSRV__CACHED_ONLY, -1,
						   "/file");

		ck_assert_int_eq(finding.outcome, FILE_);
		ck_assert_int_eq(finding.file.root, 1);
		ck_assert(finding.file.is_in_memory);
	}
}
END_TEST

START_TEST(needs_an_index_name)
{
	struct fsrv__root root = root_at("lower", FOLLOW);
	struct fsrv__roots roots = {.list = &root, .n_roots = 1, .has_openat2 = true};
	struct fsrv__path path;
	struct fsrv__file file;

	ck_assert_int_eq(find(&roots, "/g/", &path, &file), MISSING);
	ck_assert_int_eq(find(&roots, "/g", &path, &file), FOLDER);
}
END_TEST

/* Below the root of that index alone, whatever is above or below it. */
START_TEST(looks_in_one_root_alone)
{
	static const struct {
		const char *name;
		int root;
		enum fsrv__outcome outcome;
	} rows[] = {{"a", 0, FILE_},
		    {"a", 1, FILE_},
		    {"only-upper", 1, MISSING},
		    {"only-lower", 0, MISSING},
		    {"only-lower", 1, FILE_},
		    {"d", 0, FOLDER},
		    {"p", 0, MISSING},
		    {"g/", 1, FOLDER}};

	for (int row = 0; row < LEN(rows) * 2; row++) {
		struct fsrv__root list[] = {root_at("upper", NONE), root_at("lower", FOLLOW)};
		struct fsrv__roots roots = roots_of(list, 2, true);
		struct fsrv__find_options options = {row % 2 == 0 ? FSRV__FIND_OPEN : FSRV__FIND_STAT,
						     FSRV__MAY_WAIT, -1};
		struct fsrv__file file = {.fd = -1, .root = -1};
		struct fsrv__path path = {.length = strlen(rows[row / 2].name)};
		enum fsrv__outcome outcome;

		memcpy(path.text, rows[row / 2].name, path.length + 1);
		outcome = fsrv__roots_find_in(&roots, &options, rows[row / 2].root, &path, &file);
		ck_assert_msg(outcome == rows[row / 2].outcome, "%s: %d", rows[row / 2].name, (int)outcome);
		ck_assert_int_eq(file.root, outcome == FILE_ ? rows[row / 2].root : -1);
		ck_assert_int_eq(file.fd >= 0, outcome == FILE_ && options.mode == FSRV__FIND_OPEN);
		if (file.fd >= 0)
			close(file.fd);
	}
}
END_TEST

static void count_descriptors(void)
{
	descriptors = open_descriptors();
}

static void compare_descriptors(void)
{
	ck_assert_uint_eq(open_descriptors(), descriptors);
}

static void remove_tree(void)
{
	tree_remove(&tree);
}

static TCase *add_case(Suite *suite, const char *name, SFun make)
{
	TCase *tcase = tcase_create(name);

	tcase_add_unchecked_fixture(tcase, make, remove_tree);
	tcase_add_checked_fixture(tcase, count_descriptors, compare_descriptors);
	suite_add_tcase(suite, tcase);
	return tcase;
}

Suite *test_suite(void)
{
	Suite *suite = suite_create("roots");
	TCase *one = add_case(suite, "links", make_root);
	TCase *files = add_case(suite, "files", make_root);
	TCase *rights = add_case(suite, "rights", make_forbidden);
	TCase *layers = add_case(suite, "layers", make_overlay);
	TCase *memory = add_case(suite, "memory", make_in_memory);

	tcase_add_loop_test(one, follows_links_as_the_policy_allows, 0, LEN(links));
	tcase_add_loop_test(one, says_the_same_without_opening, 0, LEN(links));
	tcase_add_test(one, follows_as_many_links_as_the_kernel);
	tcase_add_test(files, looks_up_long_names);
	tcase_add_test(files, refuses_what_is_longer_than_any_path);
	tcase_add_test(files, describes_the_file);
	tcase_add_test(files, serves_files_above_4_gib);
	tcase_add_loop_test(files, reads_exactly, 0, LEN(reads));
	tcase_add_test(files, tells_why_reading_failed);
	tcase_add_test(files, survives_a_root_that_comes_and_goes);
	tcase_add_test(files, is_overloaded_without_descriptors);
	tcase_add_test(files, is_overloaded_by_a_lease);
	tcase_add_test(files, judges_roots);
	tcase_add_test(rights, tells_what_is_forbidden);
	tcase_add_test(rights, does_not_look_below_what_is_forbidden);
	tcase_add_loop_test(layers, lays_roots_over_each_other, 0, LEN(overlay));
	tcase_add_loop_test(layers, says_the_same_of_layers, 0, LEN(overlay));
	tcase_add_test(layers, does_not_wait_for_names);
	tcase_add_test(layers, looks_in_one_root_alone);
	tcase_add_loop_test(layers, does_not_wait_for_files, 0, LEN(policies));
	tcase_add_loop_test(layers, learns_that_a_device_is_local, 0, LEN(policies));
	tcase_add_test(layers, knows_the_devices_that_were_learned_last);
	tcase_add_test(layers, needs_an_index_name);
	tcase_add_loop_test(memory, has_nothing_to_wait_for_in_memory, 0, LEN(policies));
	return suite;
}
