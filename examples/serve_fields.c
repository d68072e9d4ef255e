/* Header fields of responses: the options --header and --cors. */
#include <string.h>

#include "serve.h"

static char *skip_blanks(char *text)
{
	return text + strspn(text, " \t");
}

static void cut_blanks(char *text)
{
	size_t length = strlen(text);

	while (length > 0 && strchr(" \t", text[length - 1]) != NULL)
		text[--length] = '\0';
}

/* Whether a pattern stands at the start: what no name of a field has, or a file name before a second name. */
static bool has_pattern(const char *text, const char *end, const char *rest)
{
	size_t word = strcspn(rest, ": \t");

	for (; text < end; text++)
		if (strchr("*?[/\\.", *text) != NULL)
			return true;
	return word > 0 && rest[word] == ':' && (rest[word + 1] == '\0' || rest[word + 1] == ' ');
}

bool add_header(struct settings *s, char *text)
{
	char *colon = strstr(text, ": ");
	char *pattern = text, *name = text, *value;

	if (colon != NULL && has_pattern(text, colon, skip_blanks(colon + 1)))
		name = skip_blanks(colon + 1);
	value = strchr(name, ':');
	if (value == NULL)
		return refuse("--header %s: write 'Name: value', or 'PATTERN: Name: value' for some paths",
			      text);
	if (s->files.n_field_rules == MAX_RULES)
		return refuse("--header %s: no more than %d", text, MAX_RULES);
	if (name != text)
		*colon = '\0';
	*value = '\0';
	value = skip_blanks(value + 1);
	cut_blanks(value);
	s->rules[s->files.n_field_rules++] =
		(struct fsrv_field_rule){name != text ? pattern : "*", name, value[0] != '\0' ? value : NULL};
	s->files.field_rules = s->rules;
	return true;
}

bool add_origin(struct settings *s, const char *origin)
{
	if (s->files.n_cors_origins == MAX_ORIGINS)
		return refuse("--cors=%s: no more than %d", origin, MAX_ORIGINS);
	s->origins[s->files.n_cors_origins++] = origin;
	s->files.cors_origins = s->origins;
	return true;
}
