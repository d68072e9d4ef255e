/* Bodies that are read in blocks, on the thread that sends them, as long as that need not wait.
 *
 * What is not in memory, and all of a file that is not local, is read by a worker, straight into libmicrohttpd's block, while the
 * connection is suspended: whatever the kernel throws out of memory meanwhile, each suspension brings
 * the body forward. From then on the next window is asked for before the current one ends. */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "fs/residency.h"
#include "mhd/handler.h"

#define KIB 1024u
/* libmicrohttpd holds a block for each response as long as it lives. */
#define LARGEST_BLOCK  (256 * KIB)
#define LEAST_BLOCK    (32 * KIB)
#define ALL_BLOCKS     (2048 * KIB)
#define FIRST_WINDOW   (128 * KIB)
#define LARGEST_WINDOW (1024 * KIB)

/* Changed by the thread of the connection alone, but for the block that a worker fills while the
 * connection is suspended, and the reference that it holds while it reads ahead. */
struct reader {
	struct fsrv *fs;
	struct MHD_Connection *connection;
	struct fsrv__transfer *transfer;
	uint64_t offset, length;
	int fd;
	atomic_uint references;
	bool may_suspend;
	enum fsrv_ending ending;
	uint64_t handed; /* bytes that were given out */
	/* The block that was waited for. */
	struct fsrv__job fill;
	atomic_bool is_filled;
	char *block;
	uint64_t position;
	size_t wanted;
	bool fills_ahead; /* the disk is to begin with the next window meanwhile */
	ssize_t n;
	int error;
	/* What is asked for ahead of time: nothing until a block was not in memory. */
	struct fsrv__job ahead;
	atomic_bool is_reading_ahead;
	uint64_t window, ahead_start, ahead_end;
};

static struct reader *reader_of(struct fsrv__job *job, size_t member)
{
	return (struct reader *)(void *)((char *)job - member);
}

static void release(struct reader *reader)
{
	struct fsrv *fs = reader->fs;

	if (atomic_fetch_sub_explicit(&reader->references, 1, memory_order_acq_rel) != 1)
		return;
	fsrv__file_close(fs, reader->fd, reader->fill.is_remote);
	fsrv__release(&fs->allocator, reader);
}

static void free_reader(void *cls)
{
	struct reader *reader = cls;

	fsrv__transfer_end(reader->transfer, reader->ending, reader->handed);
	release(reader);
}

static void resume(const struct fsrv *fs, struct MHD_Connection *connection)
{
	fsrv_wake_function wake = fs->wake;
	void *cls = fs->wake_cls;

	MHD_resume_connection(connection);
	if (wake != NULL)
		wake(cls);
}

static void read_window(const struct reader *reader)
{
	fsrv__file_read_ahead(reader->fd, reader->ahead_start, reader->ahead_end - reader->ahead_start);
}

/* The reader may be gone once its connection is resumed. */
static void fill_block(struct fsrv__job *job, bool cancelled)
{
	struct reader *reader = reader_of(job, offsetof(struct reader, fill));
	const struct fsrv *fs = reader->fs;
	struct MHD_Connection *connection = reader->connection;

	reader->n = -1;
	reader->error = ECANCELED;
	if (!cancelled) {
		if (reader->fills_ahead)
			read_window(reader);
		do
			reader->n = pread(reader->fd, reader->block, reader->wanted,
					  (off_t)(reader->offset + reader->position));
		while (reader->n < 0 && errno == EINTR);
		reader->error = errno;
	}
	atomic_store(&reader->is_filled, true);
	resume(fs, connection);
}

static void read_ahead(struct fsrv__job *job, bool cancelled)
{
	struct reader *reader = reader_of(job, offsetof(struct reader, ahead));

	if (!cancelled)
		read_window(reader);
	atomic_store(&reader->is_reading_ahead, false);
	release(reader);
}

/* Chooses what to ask for ahead of time when a position is reached; false when nothing has to be. */
static bool choose_ahead(struct reader *reader, uint64_t position)
{
	uint64_t end = reader->offset + reader->length;

	if (reader->window == 0 || reader->ahead_end >= end || atomic_load(&reader->is_reading_ahead) ||
	    reader->offset + position + reader->window / 2 < reader->ahead_end)
		return false;
	if (reader->window < LARGEST_WINDOW)
		reader->window *= 2;
	reader->ahead_start = reader->ahead_end;
	if (reader->ahead_start < reader->offset + position)
		reader->ahead_start = reader->offset + position;
	reader->ahead_end = reader->ahead_start + reader->window < end ? reader->ahead_start + reader->window : end;
	return true;
}

static void ask_ahead(struct reader *reader, uint64_t position)
{
	if (!choose_ahead(reader, position))
		return;
	atomic_store(&reader->is_reading_ahead, true);
	atomic_fetch_add_explicit(&reader->references, 1, memory_order_relaxed);
	if (!fsrv__workers_submit(reader->fs->workers, &reader->ahead, FSRV__JOB_BACKGROUND)) {
		atomic_store(&reader->is_reading_ahead, false);
		release(reader);
	}
}

static ssize_t fail(struct reader *reader, enum fsrv_ending ending)
{
	reader->ending = ending;
	return MHD_CONTENT_READER_END_WITH_ERROR;
}

/* Ends the connection rather than padding a file that has become shorter. */
static ssize_t give_out(struct reader *reader, uint64_t position, ssize_t n, int error)
{
	if (n == 0)
		return fail(reader, FSRV_ENDING_FILE_CHANGED);
	if (n < 0 && error == ECANCELED)
		return fail(reader, FSRV_ENDING_DRAINED);
	if (n < 0) {
		fsrv__log_read_error(reader->fs, NULL, error);
		return fail(reader, FSRV_ENDING_READ_ERROR);
	}
	reader->handed = position + (uint64_t)n;
	ask_ahead(reader, reader->handed);
	return n;
}

/* Suspended first, handed over then: the other way round the resumption could be lost. */
static ssize_t wait_for_block(struct reader *reader, uint64_t position, char *block, size_t size)
{
	if (reader->window == 0)
		reader->window = FIRST_WINDOW;
	reader->block = block;
	reader->position = position;
	reader->wanted = size < reader->window ? size : (size_t)reader->window;
	reader->fills_ahead = choose_ahead(reader, position + reader->wanted);
	atomic_store(&reader->is_filled, false);
	fsrv__count(&reader->fs->counters.cold_reads, 1);
	fsrv__count(&reader->fs->counters.suspends, 1);
	MHD_suspend_connection(reader->connection);
	if (!fsrv__workers_submit(reader->fs->workers, &reader->fill, FSRV__JOB_NEEDED))
		fill_block(&reader->fill, true);
	return 0;
}

/* Reads what need not be waited for; -1 and EAGAIN when there is nothing. */
static ssize_t read_now(const struct reader *reader, uint64_t position, char *block, size_t size)
{
	uint64_t offset = reader->offset + position;
	ssize_t n;

	if (reader->may_suspend && reader->fill.is_remote) {
		errno = EAGAIN;
		return -1;
	}
	if (reader->may_suspend)
		return fsrv__file_read_resident(reader->fd, block, size, offset, true);
	do
		n = pread(reader->fd, block, size, (off_t)offset);
	while (n < 0 && errno == EINTR);
	return n;
}

static ssize_t read_block(void *cls, uint64_t position, char *block, size_t size)
{
	struct reader *reader = cls;
	uint64_t left = reader->length - position;
	ssize_t n;

	if (position == 0 && reader->handed == 0)
		fsrv__transfer_header_is_sent(reader->transfer);
	if (left < size)
		size = (size_t)left;
	if (reader->block == block && reader->position == position && atomic_load(&reader->is_filled)) {
		reader->block = NULL;
		return give_out(reader, position, reader->n, reader->error);
	}
	n = read_now(reader, position, block, size);
	if (n < 0 && errno == EAGAIN && reader->may_suspend)
		return wait_for_block(reader, position, block, size);
	return give_out(reader, position, n, errno);
}

/* All blocks together take little memory, however many slow clients there are. */
static size_t block_size(const struct fsrv *fs, uint64_t length)
{
	uint64_t live = atomic_load_explicit(&fs->counters.live_bodies, memory_order_relaxed);
	uint64_t size = live > 0 ? ALL_BLOCKS / live : LARGEST_BLOCK;

	if (size > LARGEST_BLOCK)
		size = LARGEST_BLOCK;
	if (size < LEAST_BLOCK)
		size = LEAST_BLOCK;
	size -= size % LEAST_BLOCK;
	return length < size ? (size_t)length : (size_t)size;
}

enum fsrv__respond_result fsrv__reader_make(struct fsrv__answer *answer, struct fsrv__transfer *transfer,
					    bool may_suspend)
{
	struct fsrv *fs = answer->fs;
	const struct fsrv__plan *plan = answer->plan;
	struct reader *reader = fsrv__allocate(&fs->allocator, sizeof(*reader));

	if (reader == NULL)
		goto fail;
	memset(reader, 0, sizeof(*reader));
	reader->fs = fs;
	reader->connection = answer->connection;
	reader->transfer = transfer;
	reader->offset = plan->offset;
	reader->length = plan->length;
	reader->fd = answer->sight->file.fd;
	reader->may_suspend = may_suspend;
	reader->fill = (struct fsrv__job){fill_block, fsrv__owner_of(answer->connection),
					  answer->sight->file.is_remote, NULL};
	reader->ahead = reader->fill;
	reader->ahead.run = read_ahead;
	atomic_init(&reader->references, 1);
	atomic_init(&reader->is_filled, false);
	atomic_init(&reader->is_reading_ahead, false);
	answer->response = MHD_create_response_from_callback(plan->length, block_size(fs, plan->length), read_block,
							     reader, free_reader);
	if (answer->response == NULL)
		goto fail;
	answer->sight->file.fd = -1;
	if (may_suspend && !reader->fill.is_remote)
		fsrv__file_disable_read_ahead(reader->fd);
	return FSRV__RESPOND_OK;
fail:
	fsrv__release(&fs->allocator, reader);
	return FSRV__RESPOND_NO_MEMORY;
}
