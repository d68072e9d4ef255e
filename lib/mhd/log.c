#include "mhd/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define LINE_SIZE 512

void fsrv__log_line(const struct fsrv__log *log, const char *format, ...)
{
	char line[LINE_SIZE];
	va_list arguments;

	if (log->function == NULL)
		return;
	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	log->function(log->cls, line);
}

void fsrv__log_error(const struct fsrv__log *log, int error, const char *format, ...)
{
	char subject[LINE_SIZE], text[128];
	va_list arguments;

	if (log->function == NULL)
		return;
	va_start(arguments, format);
	vsnprintf(subject, sizeof(subject), format, arguments);
	va_end(arguments);
	fsrv__log_line(log, "%s: %s", subject, strerror_r(error, text, sizeof(text)));
}
