/* A read at the end of the file begins a wait. In a thread of its own it is poll(2) on the connection's
 * socket between two reads. A suspended connection waits in fsrv__growth, which looks at the size of a local
 * file by itself and has a worker read everything else. */
#include "mhd/follower.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>

#include "fs/residency.h"
#include "fs/clock.h"
#include "fs/system.h"
#include "mhd/handler.h"
#include "mhd/open_files.h"

/* libmicrohttpd has one for each response, but fills chunks in the memory of the connection. */
#define BLOCK_SIZE (32u * 1024)
/* Between two reads of a thread that waits. */
#define PAUSE_MS 100

_Static_assert(FSRV__LENGTH_UNKNOWN == MHD_SIZE_UNKNOWN, "a plan's length is passed on as it is");

/* What a look at the file found. */
enum finding {
	NOTHING_YET,
	DATA,
	MUST_WAIT, /* for a disk */
	WRITER_DONE,
	CUT, /* shorter than what was delivered */
	CLIENT_GONE,
	DRAINED,
	FAILED /* with errno */
};

/* Used by the connection's thread alone, or while the connection is suspended by whoever waits for it. */
struct follower {
	struct fsrv *fs;
	struct MHD_Connection *connection;
	int socket;
	struct fsrv__transfer *transfer;
	struct fsrv__file file;
	bool may_suspend;
	enum fsrv_ending ending;
	uint64_t delivered;
	uint64_t grown; /* when the last bytes came, by fsrv__clock_milliseconds */

	/* Of a suspension. */
	struct fsrv__wait wait;
	struct fsrv__job read;
	atomic_bool is_over; /* finding, n and error are its result */
	enum finding finding;
	ssize_t n;
	int error;
	char *block;
	size_t size;
};

static bool is_source(const struct follower *f)
{
	return f->file.source.read != NULL;
}

/* Whether the size of the file tells all, without waiting for anybody. */
static bool tells_size(const struct follower *f)
{
	return !is_source(f) && !f->file.is_remote;
}

/* What is delivered already when the file does not tell. */
static uint64_t size_of(const struct follower *f)
{
	struct fsrv__file file = f->file;
	struct fsrv__known_facts known;
	mode_t mode;

	if (tells_size(f) && fsrv__system_tell_known(f->file.fd, &known))
		return known.size;
	return !is_source(f) && fsrv__file_stat(&file, f->file.fd, &mode) ? file.identity.size : f->delivered;
}

/* What a size means, at the end of what was delivered. */
static enum finding judge(const struct follower *f, uint64_t size)
{
	uint64_t quiet = fsrv__clock_milliseconds() - f->grown;

	if (size != f->delivered)
		return size < f->delivered ? CUT : DATA;
	return quiet < (uint64_t)f->fs->follow_seconds * 1000 ? NOTHING_YET : WRITER_DONE;
}

/* Reads what follows; n and error tell the rest. A size that grew after the read is read the next time. */
static enum finding read_on(struct follower *f, char *block, size_t size, bool may_wait)
{
	enum finding finding;

	if (may_wait || is_source(f))
		f->n = fsrv__file_read(&f->file, block, size, f->delivered);
	else
		f->n = fsrv__residency_read(&f->file, block, size, f->delivered, true);
	f->error = errno;
	if (f->n > 0)
		return DATA;
	if (f->n < 0 && is_source(f) && f->error == FSRV__END_OF_SOURCE)
		return WRITER_DONE;
	if (f->n < 0)
		return f->error == EAGAIN && !may_wait && !is_source(f) ? MUST_WAIT : FAILED;
	finding = judge(f, size_of(f));
	return finding == DATA ? NOTHING_YET : finding;
}

static ssize_t end(struct follower *f, enum fsrv_ending ending)
{
	f->ending = ending;
	return ending == FSRV_ENDING_COMPLETE ? MHD_CONTENT_READER_END_OF_STREAM
					      : MHD_CONTENT_READER_END_WITH_ERROR;
}

static ssize_t deliver(struct follower *f, enum finding finding)
{
	switch (finding) {
	case DATA:
		f->delivered += (uint64_t)f->n;
		f->grown = fsrv__clock_milliseconds();
		return f->n;
	case WRITER_DONE:
		return end(f, FSRV_ENDING_COMPLETE);
	case CUT:
		return end(f, FSRV_ENDING_FILE_CHANGED);
	case CLIENT_GONE:
		return end(f, FSRV_ENDING_ABORTED);
	case DRAINED:
		return end(f, FSRV_ENDING_DRAINED);
	case NOTHING_YET:
	case MUST_WAIT:
	case FAILED:
		break;
	}
	fsrv__log_error(&f->fs->log, f->error, "reading %s failed", fsrv__transfer_path(f->transfer));
	return end(f, FSRV_ENDING_READ_ERROR);
}

/* The follower may be freed as soon as its connection is resumed. */
static void end_wait(struct follower *f, enum finding finding)
{
	const struct fsrv__wake *wake = &f->fs->wake;
	struct MHD_Connection *connection = f->connection;

	f->finding = finding;
	atomic_store(&f->is_over, true);
	fsrv__connection_resume(connection, wake);
}

static struct follower *follower_of_wait(struct fsrv__wait *wait)
{
	return (struct follower *)(void *)((char *)wait - offsetof(struct follower, wait));
}

static void cancel_wait(struct fsrv__wait *wait)
{
	end_wait(follower_of_wait(wait), DRAINED);
}

/* A local file that has grown is read by the connection's own thread. */
static bool look(struct fsrv__wait *wait)
{
	struct follower *f = follower_of_wait(wait);
	enum finding finding;

	if (fsrv__system_peer_has_closed(f->socket, 0)) {
		end_wait(f, CLIENT_GONE);
		return false;
	}
	if (!tells_size(f)) {
		if (!fsrv__workers_submit(f->fs->workers, &f->read, FSRV__JOB_NEEDED))
			end_wait(f, DRAINED);
		return false;
	}
	finding = judge(f, size_of(f));
	if (finding == NOTHING_YET)
		return true;
	end_wait(f, finding == DATA ? NOTHING_YET : finding);
	return false;
}

/* No drain is missed here: it waits for this job before it cancels the waits. */
static void run_read(struct fsrv__job *job, bool cancelled)
{
	struct follower *f = (struct follower *)(void *)((char *)job - offsetof(struct follower, read));
	enum finding finding = DRAINED;

	if (!cancelled)
		finding = read_on(f, f->block, f->size, true);
	if (finding != NOTHING_YET || !fsrv__growth_add(&f->fs->growth, &f->wait))
		end_wait(f, finding == NOTHING_YET ? DRAINED : finding);
}

/* The connection is suspended before anything can resume it: otherwise the resumption would be lost. */
static ssize_t suspend(struct follower *f, char *block, size_t size, enum finding finding)
{
	struct fsrv *fs = f->fs;
	bool is_waiting;

	f->block = block;
	f->size = size;
	fsrv__count(&fs->counters.suspends, 1);
	MHD_suspend_connection(f->connection);
	if (finding == MUST_WAIT) {
		fsrv__count(&fs->counters.cold_reads, 1);
		is_waiting = fsrv__workers_submit(fs->workers, &f->read, FSRV__JOB_NEEDED);
	} else {
		is_waiting = fsrv__growth_add(&fs->growth, &f->wait);
		/* A drain that was put in force before may have looked already. */
		if (is_waiting && fsrv__workers_are_drained(fs->workers, f->wait.owner))
			is_waiting = !fsrv__growth_remove(&fs->growth, &f->wait);
	}
	if (!is_waiting)
		end_wait(f, DRAINED);
	return 0;
}

static ssize_t follow_and_suspend(struct follower *f, char *block, size_t size)
{
	enum finding finding = MUST_WAIT;

	if (atomic_exchange(&f->is_over, false) && f->finding != NOTHING_YET &&
	    (f->finding != DATA || f->block == block))
		return deliver(f, f->finding);
	if (!f->file.is_remote)
		finding = read_on(f, block, size, false);
	if (finding == NOTHING_YET || finding == MUST_WAIT)
		return suspend(f, block, size, finding);
	return deliver(f, finding);
}

static ssize_t follow_and_wait(struct follower *f, char *block, size_t size)
{
	enum finding finding;

	while ((finding = read_on(f, block, size, true)) == NOTHING_YET) {
		if (fsrv__system_peer_has_closed(f->socket, PAUSE_MS))
			finding = CLIENT_GONE;
		else if (fsrv__workers_are_drained(f->fs->workers, f->wait.owner))
			finding = DRAINED;
		if (finding != NOTHING_YET)
			break;
	}
	return deliver(f, finding);
}

/* An MHD_ContentReaderCallback. Blocks follow one another without a gap. */
static ssize_t follow(void *cls, uint64_t position, char *block, size_t size)
{
	struct follower *f = cls;

	if (position == 0 && f->delivered == 0)
		fsrv__transfer_begin_content(f->transfer);
	return f->may_suspend ? follow_and_suspend(f, block, size) : follow_and_wait(f, block, size);
}

/* Called by libmicrohttpd when it is done with the response. */
static void end_body(void *cls)
{
	struct follower *f = cls;
	struct fsrv *fs = f->fs;

	fsrv__transfer_set_length(f->transfer, f->delivered);
	fsrv__transfer_end(f->transfer, f->ending, f->delivered);
	fsrv__open_files_close(fs, &f->file);
	fsrv__release(&fs->allocator, f);
}

bool fsrv__follower_make(struct fsrv__answer *answer, struct fsrv__transfer *transfer)
{
	struct fsrv *fs = answer->fs;
	const void *owner = fsrv__connection_owner(answer->connection);
	struct follower *f = fsrv__allocate(&fs->allocator, sizeof(*f));

	if (f == NULL)
		return false;
	*f = (struct follower){
		.fs = fs,
		.connection = answer->connection,
		.socket = answer->socket,
		.transfer = transfer,
		.file = *answer->file,
		.may_suspend = fsrv__connection_may_suspend(answer->connection, &fs->wake),
		.ending = FSRV_ENDING_ABORTED,
		.grown = fsrv__clock_milliseconds(),
		.wait = {.look = look, .cancel = cancel_wait, .owner = owner},
		.read = {.run = run_read, .owner = owner, .is_remote = answer->file->is_remote}};
	answer->response =
		MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_SIZE, follow, f, end_body);
	if (answer->response == NULL) {
		fsrv__release(&fs->allocator, f);
		return false;
	}
	fsrv__file_forget(answer->file);
	return true;
}
