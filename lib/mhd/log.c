#include "mhd/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "fs/system.h"

#define LINE_SIZE 512

/* Names of files may hold anything, and a line has to stay one. */
static void replace_control_bytes(char *line)
{
	for (; *line != '\0'; line++)
		if ((unsigned char)*line < 0x20 || *line == 0x7f)
			*line = '?';
}

void fsrv__log_line(const struct fsrv__log *log, const char *format, ...)
{
	char line[LINE_SIZE];
	va_list arguments;

	if (log->function == NULL)
		return;
	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	replace_control_bytes(line);
	log->function(log->cls, line);
}

void fsrv__log_error(const struct fsrv__log *log, int error, const char *format, ...)
{
	char subject[LINE_SIZE], text[LINE_SIZE];
	va_list arguments;

	if (log->function == NULL)
		return;
	va_start(arguments, format);
	vsnprintf(subject, sizeof(subject), format, arguments);
	va_end(arguments);
	fsrv__log_line(log, "%s: %s", subject, fsrv__system_error_text(error, text, sizeof(text)));
}
