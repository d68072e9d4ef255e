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

bool add_header(struct settings *s, char *text)
{
	char *end_of_pattern = strstr(text, ": ");
	char *name = end_of_pattern != NULL ? skip_blanks(end_of_pattern + 1) : NULL;
	char *end_of_name = name != NULL ? strchr(name, ':') : NULL;
	char *value;

	if (end_of_name == NULL)
		return refuse("--header %s: write 'PATTERN: Name: value'; the pattern * is every path", text);
	if (s->files.n_field_rules == MAX_RULES)
		return refuse("--header %s: no more than %d", text, MAX_RULES);
	*end_of_pattern = '\0';
	*end_of_name = '\0';
	value = skip_blanks(end_of_name + 1);
	cut_blanks(value);
	s->rules[s->files.n_field_rules++] =
		(struct fsrv_field_rule){text, name, value[0] != '\0' ? value : NULL};
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
