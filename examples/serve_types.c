/* Media types: of the command line, and of a file in the format of /etc/mime.types, which has a type and its
 * extensions on each line. */
#include <stdlib.h>
#include <string.h>

#include "serve.h"

#define BLANKS " \t\r"

static bool starts_with(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

/* Whether a browser would have to guess the encoding. What is HTML is left to the library. */
static bool needs_charset(const char *type)
{
	return (starts_with(type, "text/") && strcmp(type, "text/html") != 0 &&
		strcmp(type, "text/xml") != 0) ||
	       strcmp(type, "application/javascript") == 0;
}

static const char *make_type(const char *type)
{
	static const char charset[] = "; charset=utf-8";
	size_t length = strlen(type), more = needs_charset(type) ? strlen(charset) : 0;
	char *copy = malloc(length + more + 1);

	if (copy == NULL)
		return NULL;
	memcpy(copy, type, length);
	memcpy(copy + length, charset, more);
	copy[length + more] = '\0';
	return copy;
}

static bool add_type(struct types *types, const char *extension, const char *media_type)
{
	struct fsrv_type *larger = realloc(types->list, (types->n + 1) * sizeof(*larger));

	if (larger == NULL)
		return false;
	types->list = larger;
	types->list[types->n++] = (struct fsrv_type){extension, media_type};
	return true;
}

/* A type without extensions is a registration that concerns no file. */
static bool read_line(struct types *types, char *line)
{
	char *rest = NULL, *type, *extension;
	const char *media_type = NULL;

	line[strcspn(line, "#")] = '\0';
	type = strtok_r(line, BLANKS, &rest);
	if (type == NULL)
		return true;
	while ((extension = strtok_r(NULL, BLANKS, &rest)) != NULL) {
		if (strpbrk(extension, "./") != NULL)
			continue;
		if (media_type == NULL)
			media_type = make_type(type);
		if (media_type == NULL || !add_type(types, extension, media_type))
			return false;
	}
	return true;
}

static bool read_types(const char *path, struct types *types)
{
	size_t length;
	char *rest = NULL;

	if (!read_file("mime-types", path, &types->text, &length))
		return false;
	for (char *line = strtok_r(types->text, "\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\n", &rest))
		if (!read_line(types, line))
			return refuse("--mime-types %s: out of memory", path);
	return true;
}

/* Of several types for one extension the first counts. */
bool gather_types(const struct settings *s, struct types *types)
{
	for (size_t i = 0; i < s->n_types; i++)
		if (!add_type(types, s->types[i].extension, s->types[i].media_type))
			return refuse("--type: out of memory");
	types->n_given = types->n;
	return s->mime_types == NULL || read_types(s->mime_types, types);
}

/* The extensions of one line share their type. */
void free_types(struct types *types)
{
	for (size_t i = types->n_given; i < types->n; i++)
		if (i == types->n_given || types->list[i].media_type != types->list[i - 1].media_type)
			free((void *)(uintptr_t)types->list[i].media_type);
	free(types->list);
	free(types->text);
	*types = (struct types){0};
}
