/* The reader of a response, the job that fills its block, and the job that reads ahead. A reader lives
 * until libmicrohttpd and its jobs are done with it. */
#include "mhd/reader.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "fs/residency.h"
#include "mhd/handler.h"
#include "mhd/open_files.h"

#define KIB 1024u
/* libmicrohttpd keeps one block for each response as long as that lives. In one turn of a loop no more than
 * that is read and sent for one connection, and for all together about ALL_BLOCKS, unless there are very
 * many. */
#define MIN_BLOCK    (32 * KIB)
#define MAX_BLOCK    (512 * KIB)
#define ALL_BLOCKS   (1024 * KIB)
#define FIRST_WINDOW (128 * KIB)
#define MAX_WINDOW   (1024 * KIB)

/* Used by the connection's thread alone, with two exceptions: while the connection is suspended, a worker
 * fills the block; and a job that reads ahead holds a reference and uses ahead_start and ahead_end, which do
 * not change while is_reading_ahead is set. */
struct reader {
	struct fsrv *fs;
	struct MHD_Connection *connection;
	struct fsrv__transfer *transfer;
	/* Where in the file the body lies; in a multipart, where the part that is being read would make it
	 * lie: offset is what leads from a position in the body to one in the file, modulo 2^64, and length
	 * is the position at which the part ends. */
	uint64_t offset, length;
	const struct fsrv__multipart *multipart; /* NULL: the body is one slice */
	unsigned part;                           /* of it, which is being read */
	struct fsrv__content *content;           /* has the bytes, a reference; NULL: the file has them */
	struct fsrv__file file;
	struct fsrv__residency_window residency;
	atomic_uint references;
	bool may_suspend;
	enum fsrv_ending ending;
	uint64_t delivered; /* bytes that libmicrohttpd was given */

	/* The block that a worker fills. */
	struct fsrv__job fill;
	atomic_bool is_filled;
	char *block;
	uint64_t position; /* in the body */
	size_t wanted;
	bool reads_ahead; /* the worker requests the next window first */
	ssize_t n;        /* its result */
	int error;

	/* The window that is requested ahead of time; 0 as long as every block was in memory. */
	struct fsrv__job read_ahead;
	atomic_bool is_reading_ahead;
	uint64_t window, ahead_start, ahead_end;
	unsigned ahead_part; /* of a multipart, in which the window lies */
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
	if (reader->content == NULL)
		fsrv__open_files_close(fs, &reader->file);
	fsrv__content_release(reader->content);
	fsrv__release(&fs->allocator, reader);
}

/* Called by libmicrohttpd when it is done with the response. */
static void end_body(void *cls)
{
	struct reader *reader = cls;

	fsrv__transfer_end(reader->transfer, reader->ending, reader->delivered);
	/* Nobody needs the rest of the file any more; and a job that waits would keep it open. */
	if (atomic_load(&reader->is_reading_ahead) &&
	    fsrv__workers_cancel(reader->fs->workers, &reader->read_ahead))
		release(reader);
	release(reader);
}

static void request_window(const struct reader *reader)
{
	fsrv__residency_request(reader->file.fd, reader->ahead_start,
				reader->ahead_end - reader->ahead_start);
}

/* The reader may be freed as soon as its connection is resumed. */
static void run_fill(struct fsrv__job *job, bool cancelled)
{
	struct reader *reader = reader_of(job, offsetof(struct reader, fill));
	const struct fsrv *fs = reader->fs;
	struct MHD_Connection *connection = reader->connection;

	reader->n = -1;
	reader->error = ECANCELED;
	if (!cancelled) {
		if (reader->reads_ahead)
			request_window(reader);
		reader->n = fsrv__file_read(&reader->file, reader->block, reader->wanted,
					    reader->offset + reader->position);
		reader->error = errno;
	}
	atomic_store(&reader->is_filled, true);
	fsrv__connection_resume(connection, &fs->wake);
}

static void run_read_ahead(struct fsrv__job *job, bool cancelled)
{
	struct reader *reader = reader_of(job, offsetof(struct reader, read_ahead));

	if (!cancelled)
		request_window(reader);
	atomic_store(&reader->is_reading_ahead, false);
	release(reader);
}

/* Moves the window when a position is reached; false when nothing is to be requested. */
static bool advance_window(struct reader *reader, uint64_t position)
{
	uint64_t at = reader->offset + position;
	uint64_t end = reader->offset + reader->length;

	if (reader->file.fd < 0 || reader->window == 0 || atomic_load(&reader->is_reading_ahead))
		return false;
	if (reader->ahead_part != reader->part) {
		reader->ahead_part = reader->part;
		reader->ahead_end = 0;
	}
	if (at >= end || reader->ahead_end >= end || at + reader->window / 2 < reader->ahead_end)
		return false;
	if (reader->window < MAX_WINDOW)
		reader->window *= 2;
	reader->ahead_start = reader->ahead_end > at ? reader->ahead_end : at;
	reader->ahead_end =
		reader->ahead_start + reader->window < end ? reader->ahead_start + reader->window : end;
	return true;
}

static void submit_read_ahead(struct reader *reader)
{
	if (!advance_window(reader, reader->delivered))
		return;
	atomic_store(&reader->is_reading_ahead, true);
	atomic_fetch_add_explicit(&reader->references, 1, memory_order_relaxed);
	if (!fsrv__workers_submit(reader->fs->workers, &reader->read_ahead, FSRV__JOB_BACKGROUND)) {
		atomic_store(&reader->is_reading_ahead, false);
		release(reader);
	}
}

static ssize_t fail(struct reader *reader, enum fsrv_ending ending)
{
	reader->ending = ending;
	return MHD_CONTENT_READER_END_WITH_ERROR;
}

/* Passes the result of a read on to libmicrohttpd. A file that has become shorter ends the connection: bytes
 * that are not in the file must not reach the client. */
static ssize_t deliver(struct reader *reader, uint64_t position, ssize_t n, int error)
{
	if (n == 0)
		return fail(reader, FSRV_ENDING_FILE_CHANGED);
	if (n < 0 && error == ECANCELED)
		return fail(reader, FSRV_ENDING_DRAINED);
	if (n < 0) {
		fsrv__log_error(&reader->fs->log, error, "reading %s failed",
				fsrv__transfer_path(reader->transfer));
		return fail(reader, FSRV_ENDING_READ_ERROR);
	}
	reader->delivered = position + (uint64_t)n;
	submit_read_ahead(reader);
	return n;
}

/* The connection is suspended before the job is submitted: otherwise its resumption could come first, and be
 * lost. */
static ssize_t wait_for_block(struct reader *reader, uint64_t position, char *block, size_t size)
{
	if (reader->window == 0)
		reader->window = FIRST_WINDOW;
	reader->block = block;
	reader->position = position;
	reader->wanted = size < reader->window ? size : (size_t)reader->window;
	reader->reads_ahead = advance_window(reader, position + reader->wanted);
	atomic_store(&reader->is_filled, false);
	fsrv__count(&reader->fs->counters.cold_reads, 1);
	fsrv__count(&reader->fs->counters.suspends, 1);
	MHD_suspend_connection(reader->connection);
	if (!fsrv__workers_submit(reader->fs->workers, &reader->fill, FSRV__JOB_NEEDED))
		run_fill(&reader->fill, true);
	return 0;
}

/* Reads what need not be waited for, if the connection may be suspended; -1 and EAGAIN when there is
 * nothing. Otherwise waits. */
static ssize_t read_file(struct reader *reader, uint64_t position, char *block, size_t size)
{
	if (!reader->may_suspend)
		return fsrv__file_read(&reader->file, block, size, reader->offset + position);
	if (reader->fill.is_remote) {
		errno = EAGAIN;
		return -1;
	}
	if (reader->file.source.read != NULL)
		return fsrv__file_read(&reader->file, block, size, reader->offset + position);
	reader->residency.end = reader->offset + reader->length;
	return fsrv__residency_read_window(&reader->residency, &reader->file, block, size,
					   reader->offset + position);
}

/* Delivers what is in the block, or has a worker read what read_file did not. size is what the block may
 * hold. */
static ssize_t deliver_or_wait(struct reader *reader, uint64_t position, char *block, size_t size, ssize_t n)
{
	uint64_t left = reader->length - position;
	int error = errno;

	if (n >= 0 || error != EAGAIN || !reader->may_suspend)
		return deliver(reader, position, n, error);
	return wait_for_block(reader, position, block, left < size ? (size_t)left : size);
}

/* Whether a worker has filled the block, which happens only once. After a suspension libmicrohttpd calls the
 * reader again with the same block and position; should that ever change, the block is read once more. */
static bool take_filled(struct reader *reader, uint64_t position, const char *block)
{
	if (position == 0 && reader->delivered == 0)
		fsrv__transfer_begin_content(reader->transfer);
	if (reader->block != block || reader->position != position || !atomic_load(&reader->is_filled))
		return false;
	reader->block = NULL;
	return true;
}

/* An MHD_ContentReaderCallback for one slice. */
static ssize_t read_block(void *cls, uint64_t position, char *block, size_t size)
{
	struct reader *reader = cls;
	uint64_t left = reader->length - position;
	ssize_t n;

	if (take_filled(reader, position, block))
		return deliver(reader, position, reader->n, reader->error);
	n = read_file(reader, position, block, left < size ? (size_t)left : size);
	return deliver_or_wait(reader, position, block, size, n);
}

/* Copies what stands at a position of a multipart, or reads as much of the slice there as read_file can. */
static ssize_t read_piece(struct reader *reader, uint64_t position, char *block, size_t size)
{
	struct fsrv__multipart_piece piece;

	fsrv__multipart_locate(reader->multipart, position, &piece);
	if (piece.text.at != NULL) {
		if (piece.text.length < size)
			size = piece.text.length;
		memcpy(block, piece.text.at, size);
		return (ssize_t)size;
	}
	reader->part = piece.part;
	reader->offset = piece.slice.offset - position;
	reader->length = position + piece.slice.length;
	if (piece.slice.length < size)
		size = (size_t)piece.slice.length;
	if (reader->content == NULL)
		return read_file(reader, position, block, size);
	memcpy(block, reader->content->bytes + piece.slice.offset, size);
	return (ssize_t)size;
}

/* An MHD_ContentReaderCallback for a multipart. The block gets as many pieces as need not be waited for. */
static ssize_t read_pieces(void *cls, uint64_t position, char *block, size_t size)
{
	struct reader *reader = cls;
	uint64_t left = reader->multipart->length - position;
	size_t filled = 0;
	ssize_t n = 0;

	if (take_filled(reader, position, block))
		return deliver(reader, position, reader->n, reader->error);
	if (left < size)
		size = (size_t)left;
	while (filled < size &&
	       (n = read_piece(reader, position + filled, block + filled, size - filled)) > 0)
		filled += (size_t)n;
	return deliver_or_wait(reader, position, block, size, filled > 0 ? (ssize_t)filled : n);
}

size_t fsrv__reader_block_size(const struct fsrv *fs)
{
	uint64_t live = atomic_load_explicit(&fs->counters.live_bodies, memory_order_relaxed);
	uint64_t size = live > 0 ? ALL_BLOCKS / live : MAX_BLOCK;

	if (size > MAX_BLOCK)
		size = MAX_BLOCK;
	if (size < MIN_BLOCK)
		size = MIN_BLOCK;
	return (size_t)(size - size % MIN_BLOCK);
}

/* A multipart lies behind the reader. */
static struct reader *allocate_reader(const struct fsrv__allocator *allocator, const struct fsrv__plan *plan)
{
	bool has_parts = plan->content == FSRV__CONTENT_MULTIPART;
	struct reader *reader =
		fsrv__allocate(allocator, sizeof(*reader) + (has_parts ? sizeof(struct fsrv__multipart) : 0));

	if (reader == NULL)
		return NULL;
	memset(reader, 0, sizeof(*reader));
	if (has_parts)
		reader->multipart = memcpy(reader + 1, &plan->multipart, sizeof(plan->multipart));
	return reader;
}

bool fsrv__reader_make(struct fsrv__answer *answer, struct fsrv__transfer *transfer, bool may_suspend)
{
	struct fsrv *fs = answer->fs;
	const struct fsrv__plan *plan = answer->plan;
	struct reader *reader = allocate_reader(&fs->allocator, plan);
	size_t block_size;

	if (reader == NULL)
		return false;
	reader->fs = fs;
	reader->connection = answer->connection;
	reader->transfer = transfer;
	reader->offset = plan->offset;
	reader->length = plan->length;
	reader->file = *answer->file;
	reader->may_suspend = may_suspend && answer->content == NULL;
	reader->fill = (struct fsrv__job){.run = run_fill,
					  .owner = fsrv__connection_owner(answer->connection),
					  .is_remote = answer->file->is_remote};
	reader->read_ahead = reader->fill;
	reader->read_ahead.run = run_read_ahead;
	atomic_init(&reader->references, 1);
	atomic_init(&reader->is_filled, false);
	atomic_init(&reader->is_reading_ahead, false);
	block_size = fsrv__reader_block_size(fs);
	if (block_size > plan->length)
		block_size = (size_t)plan->length;
	answer->response = MHD_create_response_from_callback(
		plan->length, block_size, reader->multipart != NULL ? read_pieces : read_block, reader,
		end_body);
	if (answer->response == NULL) {
		fsrv__release(&fs->allocator, reader);
		return false;
	}
	if (answer->content != NULL) {
		reader->content = fsrv__content_hold(answer->content);
		return true;
	}
	fsrv__file_forget(answer->file);
	if (!reader->file.is_remote && reader->file.fd >= 0)
		fsrv__residency_set_read_ahead(&reader->file, !may_suspend);
	return true;
}
