/* The folder that a request target means, for listings. The library has found before that the target is no
 * file; here only a plain path passes, so that nothing is listed that the library would not serve. */
#include <string.h>

#include "serve_index.h"

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Decodes one segment. Returns its length, or 0 for one that no name can be. */
static size_t decode_segment(const char *text, size_t length, char *out)
{
	size_t n = 0;

	for (size_t i = 0; i < length; i++) {
		int high = -1, low = -1;
		unsigned char c = (unsigned char)text[i];

		if (c == '%' && i + 2 < length) {
			high = hex_digit(text[i + 1]);
			low = high >= 0 ? hex_digit(text[i + 2]) : -1;
			i += 2;
		}
		if (c == '%' && low < 0)
			return 0;
		if (c == '%')
			c = (unsigned char)(high * 16 + low);
		if (c < 0x20 || c == 0x7f || c == '/' || c == '\\')
			return 0;
		out[n++] = (char)c;
	}
	out[n] = '\0';
	return n;
}

static bool step_up(struct folder_path *path)
{
	char *slash = strrchr(path->text, '/');

	if (path->text[0] == '\0')
		return false;
	*(slash != NULL ? slash : path->text) = '\0';
	return true;
}

/* Adds the segments of a text that stand between slashes. */
static bool add_segments(struct folder_path *path, const char *text)
{
	char segment[sizeof(path->text)];

	for (; *text != '\0'; text += strspn(text, "/")) {
		size_t length = strcspn(text, "/"), used = strlen(path->text);

		if (length >= sizeof(segment))
			return false;
		if (length > 0 && (length = decode_segment(text, length, segment)) == 0)
			return false;
		text += strcspn(text, "/");
		if (length == 0 || strcmp(segment, ".") == 0)
			continue;
		if (strcmp(segment, "..") == 0) {
			if (!step_up(path))
				return false;
			continue;
		}
		if (used + length + 2 > sizeof(path->text))
			return false;
		snprintf(path->text + used, sizeof(path->text) - used, "%s%s", used > 0 ? "/" : "", segment);
	}
	return true;
}

/* Takes the segments of the prefix off. */
static bool remove_prefix(struct folder_path *path, const char *prefix)
{
	struct folder_path start = {""};
	size_t length;

	if (prefix == NULL)
		return true;
	if (!add_segments(&start, prefix))
		return false;
	length = strlen(start.text);
	if (strncmp(path->text, start.text, length) != 0 ||
	    (length > 0 && path->text[length] != '/' && path->text[length] != '\0'))
		return false;
	length += path->text[length] == '/' && length > 0;
	memmove(path->text, path->text + length, strlen(path->text + length) + 1);
	return true;
}

static bool has_hidden(const char *path)
{
	return path[0] == '.' || strstr(path, "/.") != NULL;
}

bool read_folder_target(const char *target, const char *prefix, struct folder_path *path)
{
	size_t length = strlen(target);

	*path = (struct folder_path){""};
	return length > 0 && target[0] == '/' && target[length - 1] == '/' && add_segments(path, target) &&
	       remove_prefix(path, prefix) && !has_hidden(path->text);
}
