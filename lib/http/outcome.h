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
	FSRV__NOT_ACCEPTABLE, /* the file is there in no coding that the client accepts */
	FSRV__HOST_REFUSED, /* Host or Origin names one that is not allowed; nothing was looked up */
	/* No answer is possible at the moment: a limit is reached, memory or descriptors lack, the handler is
	 * drained, or the file changes all the time. */
	FSRV__OVERLOADED,
	FSRV__BROKEN /* the disk fails, or the program is configured wrongly */
};

#endif
