#include "mhd/media_types.h"

#include <limits.h>
#include <string.h>

#include "http/coding.h"
#include "http/mime.h"
#include "http/text.h"

/* Like strcmp(3); ASCII letters are equal in any case. */
static int compare_names(const char *a, const char *b)
{
	while (*a != '\0' && fsrv__to_lower(*a) == fsrv__to_lower(*b)) {
		a++;
		b++;
	}
	return (unsigned char)fsrv__to_lower(*a) - (unsigned char)fsrv__to_lower(*b);
}

/* The index of the first of n sorted types whose extension is not before that one. */
static size_t find_place(const struct fsrv_type *list, size_t n, const char *extension)
{
	size_t first = 0;

	while (first < n) {
		size_t middle = first + (n - first) / 2;

		if (compare_names(list[middle].extension, extension) < 0)
			first = middle + 1;
		else
			n = middle;
	}
	return first;
}

size_t fsrv__media_types_sort(struct fsrv_type *list, size_t n)
{
	size_t sorted = 0;

	for (size_t i = 0; i < n; i++) {
		struct fsrv_type type = list[i];
		size_t place = find_place(list, sorted, type.extension);

		if (place < sorted && compare_names(list[place].extension, type.extension) == 0)
			continue;
		memmove(&list[place + 1], &list[place], (sorted - place) * sizeof(*list));
		list[place] = type;
		sorted++;
	}
	return sorted;
}

static const char *find_own(const struct fsrv__media_types *types, const char *extension)
{
	size_t place = find_place(types->list, types->n_types, extension);

	if (place == types->n_types || compare_names(types->list[place].extension, extension) != 0)
		return NULL;
	return types->list[place].media_type;
}

static const char *type_of_name(const struct fsrv__media_types *types, const char *name)
{
	const char *extension = fsrv__mime_extension(name), *type;

	if (extension == NULL) {
		type = fsrv__mime_type_of_name(name);
		return type != NULL ? type : types->extensionless;
	}
	type = find_own(types, extension);
	if (type == NULL)
		type = fsrv__mime_type(extension);
	return type != NULL ? type : types->unknown;
}

/* The type of the name without the ending of a coding. NULL for an archive, which is to be saved as it is,
 * and for a name that has no other extension. */
static const char *type_of_coded(const struct fsrv__media_types *types, const char *name,
				 enum fsrv__coding coding)
{
	size_t length = strlen(name) - strlen(fsrv__coding_ending(coding));
	char bare[NAME_MAX + 1];
	const char *extension;

	if (length >= sizeof(bare))
		return NULL;
	memcpy(bare, name, length);
	bare[length] = '\0';
	extension = fsrv__mime_extension(bare);
	return extension != NULL && !fsrv__names_match(extension, "tar") ? type_of_name(types, bare) : NULL;
}

const char *fsrv__media_type_of(const struct fsrv__media_types *types, const struct fsrv__path *path,
				const char **coding)
{
	const char *name = fsrv__path_name(path), *type = NULL;
	int number = types->has_codings ? fsrv__coding_of_file(name) : -1;

	if (number >= 0)
		type = type_of_coded(types, name, (enum fsrv__coding)number);
	*coding = type != NULL ? fsrv__coding_name((enum fsrv__coding)number) : NULL;
	return type != NULL ? type : type_of_name(types, name);
}
