/* A local disk that does not answer: an ext4 image on a slow disk. The kernel's tables say where the pieces
 * of a file lie, and to ask for a page that is not in memory means to read them first. */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "service.h"
#include "slow_tree.h"

#define PIECE	 1024u
#define N_PIECES 1000u
/* A hole behind each piece, so that no two of them make one. */
#define SIZE ((uint64_t)2 * PIECE * N_PIECES)

static struct tree source, backing, folder;
static struct slow_tree slow;
static struct matrix matrix;

static bool obey(const char *format, ...) __attribute__((format(printf, 1, 2)));

static bool obey(const char *format, ...)
{
	char command[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(command, sizeof(command), format, arguments);
	va_end(arguments);
	return system(command) == 0;
}

static const char *pieces_of(int i)
{
	static char name[32];

	snprintf(name, sizeof(name), "/pieces-%d", i);
	return name;
}

static char byte_of(size_t piece)
{
	return (char)('a' + piece % 26);
}

static void write_pieces(const char *name)
{
	int fd = open(tree_path(&source, name), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	char piece[PIECE];

	ck_assert_int_ge(fd, 0);
	for (size_t i = 0; i < N_PIECES; i++) {
		memset(piece, byte_of(i), sizeof(piece));
		ck_assert_int_eq(pwrite(fd, piece, sizeof(piece), (off_t)(2 * i * PIECE)), sizeof(piece));
	}
	ck_assert_int_eq(ftruncate(fd, SIZE), 0);
	close(fd);
}

static void mount_image(void)
{
	tree_make(&source);
	tree_make(&backing);
	tree_make(&folder);
	for (int i = 0; i < MAX_WAYS; i++)
		write_pieces(pieces_of(i) + 1);
	tree_write_text(&source, "small", "small");
	slow_tree_mount(&slow, &backing);
	ck_assert(obey("truncate -s 64M %s/image && mke2fs -q -t ext4 -b 1024 -d %s %s/image 2>/dev/null",
		       backing.path, source.path, backing.path));
	ck_assert(obey("mount -o loop,ro,noload %s/image %s", slow.tree.path, folder.path));
}

static void unmount_image(void)
{
	umount2(folder.path, MNT_DETACH);
	slow_tree_unmount(&slow);
	tree_remove(&folder);
	tree_remove(&backing);
	tree_remove(&source);
}

static bool is_right(const char *body, size_t piece)
{
	const char *at = body + 2 * piece * PIECE;
	char wanted[2 * PIECE] = "";

	memset(wanted, byte_of(piece), PIECE);
	return memcmp(at, wanted, sizeof(wanted)) == 0;
}

static void expect_pieces(const struct reply *reply, const char *name)
{
	bool right = reply->length == SIZE;

	for (size_t i = 0; right && i < N_PIECES; i++)
		right = is_right(reply->body, i);
	ck_assert_msg(reply->status == 200 && reply->whole && right, "%s: %d with %zu bytes", name,
		      reply->status, reply->length);
}

START_TEST(holds_up_nobody_else)
{
	const char *const roots[] = {folder.path};
	struct stat st;

	matrix.handler = service_handle;
	matrix_start(&matrix, _i, way_isolates, roots, LEN(roots));
	for (int i = 0; i < matrix.n; i++) {
		service_expect_meanwhile(&matrix.services[i], "/small", 200, 5);
		ck_assert_int_eq(stat(tree_path(&folder, pieces_of(i) + 1), &st), 0);
	}
	/* Not for ever: a thread that waits for its pages cannot be killed. */
	slow_tree_tell(&slow, "read-delay %d", 2 * CLIENT_PATIENCE_MS);
	for (int i = 0; i < matrix.n; i++)
		service_request(&matrix.services[i], &matrix.clients[i], pieces_of(i));
	usleep(200000);
	for (int i = 0; i < matrix.n; i++) {
		service_expect_meanwhile(&matrix.services[i], "/health", 200, 2);
		service_expect_meanwhile(&matrix.services[i], "/small", 200, 5);
	}
	slow_tree_tell(&slow, "read-delay 0");
	for (int i = 0; i < matrix.n; i++) {
		client_read(&matrix.clients[i], true, &matrix.reply);
		expect_pieces(&matrix.reply, matrix.services[i].name);
		client_reply_free(&matrix.reply);
		service_settle(&matrix.services[i], "/small");
		client_close(&matrix.clients[i]);
	}
	matrix_stop(&matrix);
}
END_TEST

/* Without a word, and without slowdisk. */
static bool can_mount_images(void)
{
	return obey("d=$(mktemp -d) && truncate -s 4M $d/image && mke2fs -q -t ext4 $d/image 2>/dev/null && "
		    "mkdir $d/on && mount -o loop,ro,noload $d/image $d/on 2>/dev/null && umount $d/on; "
		    "status=$?; rm -rf \"$d\"; exit $status");
}

const char *test_lacks(void)
{
	if (geteuid() != 0 || !slow_tree_is_possible() || !can_mount_images())
		return "no image can be mounted from a FUSE file system";
	return NULL;
}

Suite *test_suite(void)
{
	Suite *suite = suite_create("cold");
	TCase *tcase = tcase_create("cold");

	/* In the process that outlives a test that fails, so that nothing stays mounted. */
	tcase_add_unchecked_fixture(tcase, mount_image, unmount_image);
	tcase_set_timeout(tcase, 240);
	tcase_add_loop_test(tcase, holds_up_nobody_else, 0, N_GROUPS);
	suite_add_tcase(suite, tcase);
	return suite;
}
