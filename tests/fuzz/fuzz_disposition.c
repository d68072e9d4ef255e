/* A path, whose last segment becomes the value of Content-Disposition. */
#include "fsrv/fields.h"

#include "http/field.h"
#include "target.h"

#define MAX_NAME 255

static int hex_digit(char digit)
{
	MUST((digit >= '0' && digit <= '9') || (digit >= 'A' && digit <= 'F'));
	return digit <= '9' ? digit - '0' : digit - 'A' + 10;
}

/* RFC 8187, 3.2: value-chars, which are the name again where it has no control characters and is UTF-8. */
static void check_extended(const char *value)
{
	for (; *value != '\0'; value++) {
		if (*value == '%') {
			MUST(hex_digit(value[1]) * 16 + hex_digit(value[2]) >= 0x20);
			value += 2;
		} else {
			MUST(strchr("\"'()*,/:;<=>?@[\\]{} ", *value) == NULL);
		}
	}
}

static void check_value(const char *value)
{
	const char *quoted = strstr(value, "; filename=\"");
	const char *end;

	MUST(fsrv__field_value_is_valid(value));
	if (quoted == NULL) {
		MUST(strcmp(value, "attachment") == 0);
		return;
	}
	quoted += strlen("; filename=\"");
	end = strchr(quoted, '"');
	MUST(end != NULL && memchr(quoted, '\\', (size_t)(end - quoted)) == NULL);
	if (end[1] == '\0')
		return;
	MUST(strncmp(end, "\"; filename*=UTF-8''", 20) == 0);
	check_extended(end + 20);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[4096], value[FSRV_DISPOSITION_SIZE];
	const char *slash;
	int error;

	if (size >= sizeof(path))
		return 0;
	memcpy(path, data, size);
	path[size] = '\0';
	slash = strrchr(path, '/');
	error = fsrv_disposition_write(FSRV_DISPOSITION_ATTACHMENT, path, value, sizeof(value));
	MUST(error == FSRV_OK || strlen(slash != NULL ? slash + 1 : path) > MAX_NAME);
	if (error == FSRV_OK)
		check_value(value);
	return 0;
}
