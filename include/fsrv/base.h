/* fsrv/base.h - version and error codes, shared by every fsrv header.
 *
 * Functions that can fail return FSRV_OK (0) or one of the negative codes below. A code says what
 * the program did or what the machine lacks; what an HTTP client does wrong is never an error of a
 * function but a status of a response. Broken preconditions (a NULL where the comment does not
 * allow one) are programming errors and are not diagnosed.
 *
 * Every name starts with fsrv_ or FSRV_. The library keeps no global state, reads no environment
 * variable, prints nothing and never ends the process. */
#ifndef FSRV_BASE_H
#define FSRV_BASE_H

#define FSRV_VERSION_MAJOR 0
#define FSRV_VERSION_MINOR 1
#define FSRV_VERSION_PATCH 0
#define FSRV_VERSION       "0.1.0"

#ifndef FSRV_API
#if defined(__GNUC__)
#define FSRV_API __attribute__((visibility("default")))
#else
#define FSRV_API
#endif
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Results of functions. The numbers are stable: they may be logged and compared. Since 0.1. */
enum fsrv_error {
	FSRV_OK = 0,
	FSRV_ERR_INVALID = -1,        /* an argument or option has a value that its comment excludes */
	FSRV_ERR_MEMORY = -2,         /* an allocation failed; nothing was changed */
	FSRV_ERR_UNSUPPORTED = -3,    /* an option that this version of the library does not know */
	FSRV_ERR_ROOT = -4,           /* a root is missing, is not a directory or may not be searched */
	FSRV_ERR_SYSTEM = -5,         /* the operating system refused; errno says why */
	FSRV_ERR_ADDRESS_IN_USE = -6, /* another socket listens on that address and port */
	FSRV_ERR_DAEMON = -7,         /* libmicrohttpd did not start the daemon */
	FSRV_ERR_SPACE = -8,          /* a buffer or array of the caller is too small; see the function */
	FSRV_ERR_UNSAFE = -9          /* the text of a script can't stand in a page as it is */
};

/* Describes an error code in one English phrase without a full stop.
 *
 * error  a value of enum fsrv_error; any other number gives "unknown error"
 *
 * Returns a constant string, never NULL. Any thread. Since 0.1. */
FSRV_API const char *fsrv_strerror(int error);

/* Returns the version of the library that the program runs with, such as "0.1.0"; FSRV_VERSION is
 * the version it was compiled with. A constant string. Any thread. Since 0.1. */
FSRV_API const char *fsrv_version(void);

#ifdef __cplusplus
}
#endif

#endif
