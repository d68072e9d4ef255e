/* How the lookup of a request's target ended. */
#ifndef FSRV__HTTP_OUTCOME_H
#define FSRV__HTTP_OUTCOME_H

enum fsrv__outcome {
	FSRV__FOUND_FILE,
	FSRV__FOUND_DIRECTORY,  /* named without its slash */
	FSRV__TARGET_MALFORMED, /* the request or its target */
	FSRV__TARGET_TOO_LONG,  /* for the redirect to a directory */
	FSRV__TARGET_MISSING,
	FSRV__TARGET_FORBIDDEN,
	FSRV__OVERLOADED, /* no descriptor or memory at the moment, or a file that changes all the time */
	FSRV__BROKEN      /* the disk, or a mistake in the program's configuration */
};

#endif
