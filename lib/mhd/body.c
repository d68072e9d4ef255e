#include "mhd/handler.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* Up to here one read and one send of header and content together beat sendfile. */
#define SMALL_BODY (64u * 1024)
/* libmicrohttpd clears a block for each response, so a larger one is not faster. */
#define READER_BLOCK (256u * 1024)

struct buffer {
	struct fsrv__allocator allocator;
	char bytes[];
};

static void free_buffer(void *cls)
{
	struct buffer *buffer = cls;
	struct fsrv__allocator allocator = buffer->allocator;

	fsrv__release(&allocator, buffer);
}

static void log_read_error(const struct fsrv *fs, int error)
{
	char text[128];

	fsrv__log(fs, "reading a file failed: %s", strerror_r(error, text, sizeof(text)));
}

static enum fsrv__respond_result make_small(struct fsrv *fs, uint64_t offset, size_t length,
					    const struct fsrv__file *file, struct MHD_Response **response)
{
	struct buffer *buffer = fsrv__allocate(&fs->allocator, sizeof(*buffer) + length);

	if (buffer == NULL)
		return FSRV__RESPOND_NO_MEMORY;
	buffer->allocator = fs->allocator;
	if (!fsrv__file_read(file->fd, buffer->bytes, length, offset)) {
		int error = errno;

		free_buffer(buffer);
		if (error == 0)
			return FSRV__RESPOND_CHANGED;
		log_read_error(fs, error);
		return FSRV__RESPOND_UNREADABLE;
	}
	*response = MHD_create_response_from_buffer_with_free_callback_cls(length, buffer->bytes, free_buffer, buffer);
	if (*response == NULL)
		free_buffer(buffer);
	return *response != NULL ? FSRV__RESPOND_OK : FSRV__RESPOND_NO_MEMORY;
}

struct reader {
	const struct fsrv *fs;
	uint64_t offset;
	uint64_t length;
	int fd;
};

/* Ends the connection rather than padding a file that has become shorter. */
static ssize_t read_block(void *cls, uint64_t position, char *block, size_t size)
{
	struct reader *reader = cls;
	uint64_t left = reader->length - position;
	ssize_t n;

	do
		n = pread(reader->fd, block, left < size ? (size_t)left : size, (off_t)(reader->offset + position));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		log_read_error(reader->fs, errno);
	return n > 0 ? n : MHD_CONTENT_READER_END_WITH_ERROR;
}

static void free_reader(void *cls)
{
	struct reader *reader = cls;

	close(reader->fd);
	fsrv__release(&reader->fs->allocator, reader);
}

static bool make_reader(struct fsrv *fs, uint64_t offset, uint64_t length, struct fsrv__file *file,
			struct MHD_Response **response)
{
	struct reader *reader = fsrv__allocate(&fs->allocator, sizeof(*reader));

	if (reader == NULL)
		return false;
	*reader = (struct reader){fs, offset, length, file->fd};
	*response = MHD_create_response_from_callback(length, length < READER_BLOCK ? (size_t)length : READER_BLOCK,
						      read_block, reader, free_reader);
	if (*response == NULL) {
		fsrv__release(&fs->allocator, reader);
		return false;
	}
	file->fd = -1;
	return true;
}

static bool make_zero_copy(uint64_t offset, uint64_t length, struct fsrv__file *file, struct MHD_Response **response)
{
	*response = MHD_create_response_from_fd_at_offset64(length, file->fd, offset);
	if (*response == NULL)
		return false;
	file->fd = -1;
	return true;
}

int fsrv__socket_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);

	return info != NULL ? info->connect_fd : -1;
}

static unsigned flags_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_DAEMON);
	const union MHD_DaemonInfo *daemon = info != NULL ? MHD_get_daemon_info(info->daemon, MHD_DAEMON_INFO_FLAGS)
							  : NULL;

	return daemon != NULL ? (unsigned)daemon->flags : 0;
}

static bool wants_zero_copy(const struct fsrv *fs, struct MHD_Connection *connection)
{
	unsigned flags = flags_of(connection);

	/* With select(2) libmicrohttpd does not notice the shutdown by which the guard ends the body of
	 * a file that was cut, and spins on. */
	if ((flags & (MHD_USE_POLL | MHD_USE_EPOLL)) == 0)
		return false;
	switch (fs->body) {
	case FSRV_BODY_ZERO_COPY:
		return true;
	case FSRV_BODY_READER:
		return false;
	case FSRV_BODY_AUTO:
		break;
	}
	/* Through TLS, and on a thread of the program unless it said that SIGPIPE is taken care of,
	 * libmicrohttpd does not use sendfile but reads 4 KiB at a time. */
	return (flags & MHD_USE_INTERNAL_POLLING_THREAD) != 0 && (flags & MHD_USE_TLS) == 0;
}

enum fsrv__respond_result fsrv__body_make(struct fsrv *fs, struct MHD_Connection *connection, uint64_t offset,
					  uint64_t length, struct fsrv__file *file, struct MHD_Response **response)
{
	bool made;

	if (length <= SMALL_BODY)
		return make_small(fs, offset, (size_t)length, file, response);
	if (wants_zero_copy(fs, connection) &&
	    fsrv__guard_watch(fs->guard, fsrv__socket_of(connection), file, offset + length))
		made = make_zero_copy(offset, length, file, response);
	else
		made = make_reader(fs, offset, length, file, response);
	return made ? FSRV__RESPOND_OK : FSRV__RESPOND_NO_MEMORY;
}
