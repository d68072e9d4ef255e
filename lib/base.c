/* Error texts and the version: what both libraries and programs without libmicrohttpd need. */
#include "fsrv/base.h"

const char *fsrv_strerror(int error)
{
	switch (error) {
	case FSRV_OK:
		return "success";
	case FSRV_ERR_INVALID:
		return "invalid argument or option";
	case FSRV_ERR_MEMORY:
		return "out of memory";
	case FSRV_ERR_UNSUPPORTED:
		return "option unknown to this version of the library";
	case FSRV_ERR_ROOT:
		return "root is missing, is not a directory or may not be searched";
	case FSRV_ERR_SYSTEM:
		return "refused by the operating system";
	case FSRV_ERR_ADDRESS_IN_USE:
		return "address and port are in use";
	case FSRV_ERR_DAEMON:
		return "libmicrohttpd did not start the daemon";
	case FSRV_ERR_SPACE:
		return "buffer or array is too small";
	case FSRV_ERR_UNSAFE:
		return "text of the script can't stand inside a script element";
	default:
		return "unknown error";
	}
}

const char *fsrv_version(void)
{
	return FSRV_VERSION;
}
