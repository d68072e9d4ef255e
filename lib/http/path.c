/* One pass over the target, segment by segment. A segment that steps above the root is never looked
 * up. */
#include "http/path.h"

#include <string.h>

/* Returns the path of a target in absolute-form (RFC 9112, 3.2.2). It is empty when the target names no host,
 * because RFC 9110, 4.2.1 requires to reject that. Other targets are returned as they are. */
static struct fsrv__text skip_authority(struct fsrv__text target)
{
	size_t scheme = fsrv__text_starts_with(target, "http://")    ? 7
			: fsrv__text_starts_with(target, "https://") ? 8
								     : 0;
	const char *slash;

	if (scheme == 0)
		return target;
	target.at += scheme;
	target.length -= scheme;
	if (target.length == 0 || target.at[0] == '/' || target.at[0] == ':')
		return (struct fsrv__text){target.at, 0};
	slash = memchr(target.at, '/', target.length);
	if (slash == NULL)
		return (struct fsrv__text){"/", 1};
	return (struct fsrv__text){slash, target.length - (size_t)(slash - target.at)};
}

static int hex_value(char byte)
{
	if (fsrv__is_digit(byte))
		return byte - '0';
	byte = fsrv__to_lower(byte);
	return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

static bool is_forbidden(unsigned char byte)
{
	return byte < 0x20 || byte == 0x7f || byte == '\\';
}

/* Removes one byte of a segment from the target and decodes it; false when it may not stand there. */
static bool take_byte(struct fsrv__text *target, enum fsrv__path_form form, char *byte)
{
	int high, low;

	*byte = *target->at++;
	target->length--;
	if (form == FSRV__PATH_DECODED)
		return !is_forbidden((unsigned char)*byte);
	if (*byte == ' ' || *byte == '#')
		return false;
	if (*byte == '%') {
		if (target->length < 2)
			return false;
		high = hex_value(target->at[0]);
		low = hex_value(target->at[1]);
		if (high < 0 || low < 0)
			return false;
		target->at += 2;
		target->length -= 2;
		*byte = (char)(high * 16 + low);
		if (*byte == '/')
			return false;
	}
	return !is_forbidden((unsigned char)*byte);
}

/* Removes what is next in a segment from the target: all bytes that stand for themselves, or one other, which
 * is decoded into *byte. False when that may not stand there. */
static bool take_bytes(struct fsrv__text *target, enum fsrv__path_form form, char *byte,
		       struct fsrv__text *bytes)
{
	*bytes = (struct fsrv__text){target->at, fsrv__text_span(*target, FSRV__PATH_BYTE)};
	if (bytes->length == 0) {
		*bytes = (struct fsrv__text){byte, 1};
		return take_byte(target, form, byte);
	}
	target->at += bytes->length;
	target->length -= bytes->length;
	return true;
}

/* False when the path has no room for the bytes. */
static bool append(struct fsrv__path *path, struct fsrv__text bytes)
{
	if (bytes.length >= FSRV__PATH_SIZE - path->length)
		return false;
	memcpy(path->text + path->length, bytes.at, bytes.length);
	path->length += bytes.length;
	return true;
}

/* Ends the segment that starts at offset start: drops it, steps up, or keeps it. False when it leads above
 * the root. */
static bool close_segment(struct fsrv__path *path, size_t start)
{
	size_t length = path->length - start;
	const char *segment = path->text + start;

	path->directory = true;
	if (length == 0)
		return true;
	if (length == 1 && segment[0] == '.') {
		path->length = start;
		return true;
	}
	if (length == 2 && segment[0] == '.' && segment[1] == '.') {
		if (start == 0)
			return false;
		path->length = start - 1;
		while (path->length > 0 && path->text[path->length - 1] != '/')
			path->length--;
		return true;
	}
	path->directory = false;
	path->text[path->length++] = '/';
	return true;
}

/* Ends a path whose last segment starts at start; false when it leads above the root. */
static bool close_path(struct fsrv__path *path, size_t start)
{
	if (!close_segment(path, start))
		return false;
	if (path->length > 0)
		path->length--;
	path->text[path->length] = '\0';
	return true;
}

enum fsrv__path_verdict fsrv__path_parse(struct fsrv__text target, enum fsrv__path_form form,
					 struct fsrv__path *path)
{
	enum fsrv__path_verdict verdict = FSRV__PATH_OK;
	size_t start = 0;

	target = skip_authority(target);
	if (target.length == 0 || target.at[0] != '/')
		return FSRV__PATH_MALFORMED;
	path->length = 0;
	/* A malformed byte outranks an impossible path, so that a byte has the same answer wherever it
	 * stands. */
	while (target.length > 0) {
		struct fsrv__text bytes;
		char byte;

		if (target.at[0] == '/') {
			target.at++;
			target.length--;
			if (verdict == FSRV__PATH_OK && !close_segment(path, start))
				verdict = FSRV__PATH_IMPOSSIBLE;
			start = path->length;
			continue;
		}
		if (!take_bytes(&target, form, &byte, &bytes))
			return FSRV__PATH_MALFORMED;
		if (verdict == FSRV__PATH_OK && !append(path, bytes))
			verdict = FSRV__PATH_IMPOSSIBLE;
	}
	if (verdict == FSRV__PATH_OK && !close_path(path, start))
		return FSRV__PATH_IMPOSSIBLE;
	return verdict;
}

enum fsrv__prefix_verdict fsrv__path_remove_prefix(struct fsrv__path *path, struct fsrv__text prefix)
{
	size_t removed = prefix.length;

	if (removed == 0)
		return FSRV__PREFIX_REMOVED;
	if (path->length < removed || memcmp(path->text, prefix.at, removed) != 0)
		return FSRV__PREFIX_ABSENT;
	if (path->length == removed && !path->directory)
		return FSRV__PREFIX_ALONE;
	if (path->length > removed && path->text[removed] != '/')
		return FSRV__PREFIX_ABSENT;
	if (path->length > removed)
		removed++;
	path->length -= removed;
	memmove(path->text, path->text + removed, path->length + 1);
	return FSRV__PREFIX_REMOVED;
}

bool fsrv__path_is_hidden(const struct fsrv__path *path)
{
	const char *segment = path->text;

	while (segment != NULL && *segment != '\0') {
		const char *slash = strchr(segment, '/');
		size_t length = slash != NULL ? (size_t)(slash - segment) : strlen(segment);
		bool well_known =
			segment == path->text && length == 11 && memcmp(segment, ".well-known", 11) == 0;

		if (segment[0] == '.' && segment[1] != '.' && !well_known)
			return true;
		segment = slash != NULL ? slash + 1 : NULL;
	}
	return false;
}

const char *fsrv__path_name(const struct fsrv__path *path)
{
	const char *slash = strrchr(path->text, '/');

	return slash != NULL ? slash + 1 : path->text;
}
