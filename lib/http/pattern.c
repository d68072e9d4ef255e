/* One pass over the path. Where the rest does not match, the last asterisk takes one byte more; where that is
 * not possible, the last segment of two asterisks takes one directory more. Earlier ones need not be tried
 * again: the later one can take whatever they would leave. */
#include "http/pattern.h"

#define MAX_REPETITIONS 255

/* What matches a fixed number of bytes. */
struct element {
	const char *at;   /* a literal byte, a question mark, or the bracket of a class */
	const char *next; /* behind it and its repetitions */
	size_t count;
	bool is_literal;
};

/* A place to go on from when the rest did not match. */
struct retry {
	const char *pattern; /* NULL: none */
	const char *path;
};

/* Takes one byte of a class, with the backslash before it. */
static const char *take_member(const char *class, char *byte)
{
	if (*class == '\\')
		class ++;
	*byte = *class;
	return class + 1;
}

static const char *start_of_class(const char *bracket, bool *is_negated)
{
	*is_negated = bracket[1] == '!' || bracket[1] == '^';
	return bracket + 1 + *is_negated;
}

/* What follows the closing bracket. A bracket that stands first is a member. */
static const char *end_of_class(const char *bracket)
{
	bool is_negated;
	const char *start = start_of_class(bracket, &is_negated);
	const char *class = start;
	char byte;

	while (class == start || *class != ']')
		class = take_member(class, &byte);
	return class + 1;
}

static bool is_in_class(const char *bracket, char byte)
{
	bool is_negated, is_member = false;
	const char *start = start_of_class(bracket, &is_negated);
	const char *class = start;

	while (class == start || *class != ']') {
		char first, last;

		class = take_member(class, &first);
		last = first;
		if (class[0] == '-' && class[1] != ']')
			class = take_member(class + 1, &last);
		is_member = is_member || ((unsigned char)first <= (unsigned char)byte &&
					  (unsigned char)byte <= (unsigned char)last);
	}
	return is_member != is_negated;
}

/* Takes {N}, if it is there. */
static const char *take_count(const char *pattern, size_t *count)
{
	*count = 1;
	if (*pattern != '{')
		return pattern;
	*count = 0;
	for (pattern++; *pattern != '}'; pattern++)
		*count = *count * 10 + (size_t)(*pattern - '0');
	return pattern + 1;
}

static struct element read_element(const char *pattern)
{
	struct element element = {pattern, pattern + 1, 1, true};

	if (*pattern == '\\') {
		element.at++;
		element.next++;
	} else if (*pattern == '?' || *pattern == '[') {
		element.is_literal = false;
		element.next = *pattern == '[' ? end_of_class(pattern) : pattern + 1;
		element.next = take_count(element.next, &element.count);
	}
	return element;
}

static bool has_byte(const struct element *element, char byte)
{
	if (element->is_literal)
		return *element->at == byte;
	return byte != '/' && (*element->at == '?' || is_in_class(element->at, byte));
}

static bool has_bytes(const struct element *element, const char *path, const char *end)
{
	if ((size_t)(end - path) < element->count)
		return false;
	for (size_t i = 0; i < element->count; i++)
		if (!has_byte(element, path[i]))
			return false;
	return true;
}

/* Takes the last asterisk, or else the last segment of two, one step further; false when neither goes on. */
static bool go_back(struct retry *star, struct retry *directories, const char *end)
{
	if (star->pattern != NULL && star->path < end && *star->path != '/') {
		star->path++;
		return true;
	}
	star->pattern = NULL;
	if (directories->pattern == NULL)
		return false;
	while (directories->path < end && *directories->path != '/')
		directories->path++;
	if (directories->path == end)
		return false;
	directories->path++;
	return true;
}

static bool is_directories(const char *pattern, const char *start)
{
	return (pattern == start || pattern[-1] == '/') && pattern[0] == '*' && pattern[1] == '*' &&
	       (pattern[2] == '/' || pattern[2] == '\0');
}

/* Whether what is left of the pattern matches what is left of the path: nothing matches nothing, and behind a
 * slash two asterisks, or nothing, match everything. */
static bool is_at_end(const char *start, const char *pattern, bool path_is_at_end)
{
	if (*pattern != '\0')
		return is_directories(pattern, start) && pattern[2] == '\0';
	return path_is_at_end || (pattern > start && pattern[-1] == '/');
}

/* start        of the pattern, without its first slash
 * directories  holds the place to go on from at the next directory; its pattern is NULL when there is none */
static bool match(const char *start, struct fsrv__text text, struct retry directories)
{
	const char *pattern = start, *path = text.at, *end = text.at + text.length;
	struct retry star = {NULL, NULL};

	while (!is_at_end(start, pattern, path == end)) {
		struct element element = read_element(pattern);

		if (is_directories(pattern, start)) {
			pattern += 3;
			star.pattern = NULL;
			directories = (struct retry){pattern, path};
		} else if (*pattern == '*') {
			star = (struct retry){++pattern, path};
		} else if (*pattern != '\0' && has_bytes(&element, path, end)) {
			pattern = element.next;
			path += element.count;
		} else if (go_back(&star, &directories, end)) {
			pattern = star.pattern != NULL ? star.pattern : directories.pattern;
			path = star.pattern != NULL ? star.path : directories.path;
		} else {
			return false;
		}
	}
	return true;
}

static struct fsrv__text name_of(struct fsrv__text path)
{
	const char *at = path.at + path.length;

	while (at > path.at && at[-1] != '/')
		at--;
	return (struct fsrv__text){at, (size_t)(path.at + path.length - at)};
}

bool fsrv__pattern_matches(const char *pattern, struct fsrv__text path)
{
	const char *slash = strchr(pattern, '/');
	const char *start = pattern[0] == '/' ? pattern + 1 : pattern;
	struct retry directories = {NULL, NULL};

	if (slash == NULL)
		return match(pattern, name_of(path), directories);
	/* A directory that may lie in any other. */
	if (slash > pattern && slash[1] == '\0')
		directories = (struct retry){pattern, path.at};
	return match(start, path, directories);
}

static const char *check_count(const char **pattern)
{
	unsigned count = 0;
	const char *at = *pattern + 1;

	for (; fsrv__is_digit(*at) && count <= MAX_REPETITIONS; at++)
		count = count * 10 + (unsigned)(*at - '0');
	if (*at != '}' || count == 0 || count > MAX_REPETITIONS)
		return "has a { that is no repetition; write {N} with N from 1 to 255 behind ? or a class, "
		       "or \\{";
	*pattern = at + 1;
	return NULL;
}

static const char *check_class(const char **pattern)
{
	bool is_negated;
	const char *start = start_of_class(*pattern, &is_negated);
	const char *class = start;

	while (class == start || *class != ']') {
		if (class[0] == '[' && (class[1] == ':' || class[1] == '.' || class[1] == '='))
			return "has a named class; write the characters, such as [0-9a-f]";
		class += *class == '\\';
		if (*class == '/')
			return "has a slash in a class; no class matches one";
		if (*class == '\0')
			return "has a [ without its ]; write \\[ for the character";
		class ++;
	}
	*pattern = class + 1;
	return **pattern == '{' ? check_count(pattern) : NULL;
}

/* Checks what stands at the start of the pattern, and takes it. */
static const char *check_element(const char **pattern)
{
	const char *at = *pattern;

	if (fsrv__is_one_of(*at, "{}]"))
		return "has a {, } or ] that belongs to nothing; write a backslash before it";
	if ((unsigned char)*at < 0x20 || *at == 0x7f)
		return "has a control character, which no path has";
	if (at[0] == '/' && at[1] == '/')
		return "has two slashes in a row, which no path has";
	if (*at == '[')
		return check_class(pattern);
	*pattern = at + 1;
	if (*at == '?' && at[1] == '{')
		return check_count(pattern);
	if (*at == '\\' && (at[1] == '\0' || at[1] == '/'))
		return "has a backslash without a character behind it; write \\\\ for a backslash";
	*pattern += *at == '\\';
	return NULL;
}

const char *fsrv__pattern_check(const char *pattern)
{
	const char *fault = NULL;

	if (pattern[0] == '\0' || (pattern[0] == '/' && pattern[1] == '\0'))
		return "is empty; write * for every path";
	if (pattern[0] == '!')
		return "starts with !, which negates nothing here; write \\! for the character";
	while (fault == NULL && *pattern != '\0')
		fault = check_element(&pattern);
	return fault;
}
