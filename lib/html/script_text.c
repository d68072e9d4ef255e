/* Follows the text of a script. Between two "<" nothing but "-->" matters, and that only in the escaped
 * states. The time must stay in proportion to the bytes, whatever they are. WHATWG HTML, 13.2.5.15 to
 * 13.2.5.31. */
#include "html/script_text.h"

#include <stdbool.h>
#include <string.h>

#include "html/bytes.h"
#include "html/tags.h"

enum pattern { END_TAG, START_TAG, COMMENT_START };

static const char *const patterns[] = {"</script", "<script", "<!--"};

static void reset_pattern(struct fsrv__script_text *text)
{
	text->matched = 0;
	text->dashes = 0;
}

/* The second byte tells which pattern "<" may begin at this level. */
static bool choose_pattern(struct fsrv__script_text *text, uint8_t byte)
{
	if (byte == '/')
		text->pattern = END_TAG;
	else if (byte == '!' && text->level == FSRV__SCRIPT_DATA)
		text->pattern = COMMENT_START;
	else if ((byte == 's' || byte == 'S') && text->level == FSRV__SCRIPT_ESCAPED)
		text->pattern = START_TAG;
	else
		return false;
	return true;
}

/* Acts on a pattern that is complete; both tags exist only when white space, "/" or ">" follows. */
static enum fsrv__script_event finish_pattern(struct fsrv__script_text *text, uint8_t next)
{
	enum pattern pattern = text->pattern;

	reset_pattern(text);
	if (pattern == COMMENT_START) {
		text->level = FSRV__SCRIPT_ESCAPED;
		text->dashes = 2; /* those of "<!--" count: "<!-->" leaves the level again */
		return FSRV__SCRIPT_NONE;
	}
	if (fsrv__name_byte[next] != 0)
		return FSRV__SCRIPT_NONE;
	if (pattern == START_TAG) {
		text->level = FSRV__SCRIPT_DOUBLE_ESCAPED;
		return FSRV__SCRIPT_DOUBLE_ESCAPE_START;
	}
	if (text->level != FSRV__SCRIPT_DOUBLE_ESCAPED)
		return FSRV__SCRIPT_END_TAG;
	text->level = FSRV__SCRIPT_ESCAPED;
	return FSRV__SCRIPT_NONE;
}

/* Goes on with a pattern that has begun; leaves the byte that decides against it. */
static const uint8_t *match_pattern(struct fsrv__script_text *text, const uint8_t *at, const uint8_t *end,
				    enum fsrv__script_event *event)
{
	if (text->matched == 1 && !choose_pattern(text, *at)) {
		reset_pattern(text);
		return at;
	}
	for (const char *pattern = patterns[text->pattern]; at < end; at++, text->matched++) {
		if (pattern[text->matched] == '\0') {
			*event = finish_pattern(text, *at);
			return at;
		}
		if (fsrv__lowercase(*at) != (uint8_t)pattern[text->matched]) {
			reset_pattern(text);
			return at;
		}
	}
	return at;
}

static void count_dashes(struct fsrv__script_text *text, const uint8_t *from, const uint8_t *to)
{
	if (to - from > 2)
		from = to - 2;
	for (; from < to; from++)
		text->dashes = *from != '-' ? 0 : text->dashes < 2 ? (uint8_t)(text->dashes + 1) : 2;
}

/* Finds the ">" of the first "-->" before the limit, or gives the limit; dashes are kept up to date. */
static const uint8_t *find_comment_end(struct fsrv__script_text *text, const uint8_t *at,
				       const uint8_t *limit)
{
	const uint8_t *greater;

	while ((greater = memchr(at, '>', (size_t)(limit - at))) != NULL) {
		count_dashes(text, at, greater);
		if (text->dashes == 2)
			return greater;
		text->dashes = 0;
		at = greater + 1;
	}
	count_dashes(text, at, limit);
	return limit;
}

/* Reads an escaped level up to "<", past "-->", or to the end. The windows bound what is searched in
 * vain for "<" when an arrow comes first. */
static const uint8_t *read_escaped(struct fsrv__script_text *text, const uint8_t *at, const uint8_t *end)
{
	for (size_t window = 64; at < end; window *= 2) {
		size_t length = (size_t)(end - at) < window ? (size_t)(end - at) : window;
		const uint8_t *less = memchr(at, '<', length);
		const uint8_t *limit = less != NULL ? less : at + length;

		at = find_comment_end(text, at, limit);
		if (at < limit) {
			*text = (struct fsrv__script_text){.level = FSRV__SCRIPT_DATA};
			return at + 1;
		}
		if (less != NULL)
			return fsrv__find_last_less_than(at, end);
	}
	return at;
}

const uint8_t *fsrv__script_text_read(struct fsrv__script_text *text, const uint8_t *at, const uint8_t *end,
				      enum fsrv__script_event *event)
{
	*event = FSRV__SCRIPT_NONE;
	while (at < end && *event == FSRV__SCRIPT_NONE) {
		if (text->matched > 0) {
			at = match_pattern(text, at, end, event);
			continue;
		}
		at = text->level == FSRV__SCRIPT_DATA ? fsrv__find_last_less_than(at, end)
						      : read_escaped(text, at, end);
		if (at < end && *at == '<') {
			text->matched = 1;
			at++;
		}
	}
	return at;
}
