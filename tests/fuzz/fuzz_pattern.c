/* A line with a pattern, then a path. */
#include "http/pattern.h"

#include "target.h"

#define MAX_PATH 512

static bool is_path(struct fsrv__text text)
{
	if (text.length == 0)
		return true;
	for (size_t i = 1; i < text.length; i++)
		if (text.at[i - 1] == '/' && text.at[i] == '/')
			return false;
	return text.at[0] != '/' && text.at[text.length - 1] != '/' &&
	       memchr(text.at, '\0', text.length) == NULL;
}

/* Each path is matched by itself, with a backslash before each byte that is no slash. */
static void check_itself(struct fsrv__text path)
{
	char pattern[2 * MAX_PATH + 2] = "/", *out = pattern + 1;

	for (size_t i = 0; i < path.length; i++) {
		if (path.at[i] != '/')
			*out++ = '\\';
		*out++ = path.at[i];
	}
	*out = '\0';
	if (fsrv__pattern_check(pattern) == NULL)
		MUST(fsrv__pattern_matches(pattern, path));
}

/* What a pattern matches as a whole path, it matches below two asterisks, too. */
static void check_deeper(const char *pattern, struct fsrv__text path)
{
	char deeper[MAX_PATH + 8] = "**/";

	strcpy(deeper + 3, pattern[0] == '/' ? pattern + 1 : pattern);
	MUST(fsrv__pattern_check(deeper) == NULL);
	MUST(fsrv__pattern_matches(deeper, path));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fsrv__text path = whole_input(data, size);
	struct fsrv__text line = take_line(&path);
	char pattern[MAX_PATH];

	if (line.length >= sizeof(pattern) || memchr(line.at, '\0', line.length) != NULL ||
	    path.length >= MAX_PATH || !is_path(path))
		return 0;
	memcpy(pattern, line.at, line.length);
	pattern[line.length] = '\0';
	MUST(fsrv__pattern_matches("*", path));
	MUST(fsrv__pattern_matches("/**", path));
	if (path.length > 0)
		check_itself(path);
	if (fsrv__pattern_check(pattern) == NULL && fsrv__pattern_matches(pattern, path))
		check_deeper(pattern, path);
	return 0;
}
