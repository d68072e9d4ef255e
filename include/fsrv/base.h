/* fsrv/base.h - version and error codes, shared by all headers of fsrv.
 *
 * Functions that can fail return FSRV_OK (0) or a negative code of enum fsrv_error. An error code
 * reports a mistake of the program or a resource that the system lacks. A mistake of an HTTP client is
 * never an error code: it becomes the status of a response.
 *
 * Functions do not check their preconditions. A NULL pointer where the comment does not allow one is a
 * programming error, and its effect is undefined.
 *
 * All names start with fsrv_ or FSRV_. The library has no global state, reads no environment variable,
 * prints nothing and never ends the process. */
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

/* Results of functions. The numbers never change, so programs may log and compare them. Since 0.1. */
enum fsrv_error {
	FSRV_OK = 0,
	FSRV_ERR_INVALID = -1,        /* an argument or option has a value that its comment excludes */
	FSRV_ERR_MEMORY = -2,         /* an allocation failed; nothing was changed */
	FSRV_ERR_UNSUPPORTED = -3,    /* an option is unknown to this version of the library */
	FSRV_ERR_ROOT = -4,           /* a root is missing, is not a directory or may not be searched */
	FSRV_ERR_SYSTEM = -5,         /* the operating system refused; errno gives the reason */
	FSRV_ERR_ADDRESS_IN_USE = -6, /* another socket listens on that address and port */
	FSRV_ERR_DAEMON = -7,         /* libmicrohttpd did not start the daemon */
	FSRV_ERR_SPACE = -8,          /* a buffer or array of the caller is too small; see the function */
	FSRV_ERR_UNSAFE = -9          /* the text of a script cannot stand in a page unchanged */
};

/* Describes an error code in an English phrase without a full stop.
 *
 * error  a value of enum fsrv_error; any other number gives "unknown error"
 *
 * Returns a constant string, never NULL; the caller does not free it. Any thread may call it.
 * Since 0.1. */
FSRV_API const char *fsrv_strerror(int error);

/* Returns the version of the library that is linked at run time, such as "0.1.0". FSRV_VERSION is the
 * version of the header that the program was compiled with.
 *
 * The string is constant; the caller does not free it. Any thread may call it. Since 0.1. */
FSRV_API const char *fsrv_version(void);

#ifdef __cplusplus
}
#endif

#endif
