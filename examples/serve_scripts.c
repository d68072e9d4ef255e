/* What fsrv-serve does to HTML pages. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "serve.h"

bool read_file(const char *option, const char *path, char **text, size_t *length)
{
	FILE *file = fopen(path, "rbe");
	size_t room = 4096, n;
	bool failed;

	*length = 0;
	*text = NULL;
	if (file == NULL)
		return refuse("--%s %s: %s", option, path, strerror(errno));
	do {
		char *larger = realloc(*text, room *= 2);

		n = 0;
		if (larger == NULL)
			break;
		*text = larger;
		n = fread(*text + *length, 1, room - *length - 1, file);
		*length += n;
		(*text)[*length] = '\0';
	} while (n > 0 && *length == room - 1);
	failed = ferror(file) != 0 || *text == NULL;
	if (failed) {
		refuse("--%s %s: %s", option, path, strerror(errno));
		free(*text);
		*text = NULL;
	}
	fclose(file);
	return !failed;
}

static bool add_script(struct settings *s, const struct edit *edit)
{
	struct fsrv_script script = {0};
	char *text;
	int error;

	if (!read_file(edit->option, edit->value, &text, &script.length))
		return false;
	script.text = text;
	error = fsrv_inject_add_script(s->fs, edit->scope, edit->point, &script);
	free(text);
	return error == FSRV_OK || refuse("--%s %s: %s", edit->option, edit->value, fsrv_strerror(error));
}

static bool add_marker(struct settings *s, const struct edit *edit)
{
	struct fsrv_marker marker = {edit->value, strlen(edit->value), 0};

	return fsrv_inject_add_strip(s->fs, edit->scope, &marker) == FSRV_OK ||
	       refuse("--strip '%s': give a marker of 1 to %d bytes", edit->value, FSRV_MARKER_MAX);
}

bool make_edits(struct settings *s)
{
	for (size_t i = 0; i < s->n_edits; i++)
		if (!(s->edits[i].point == FSRV_POINTS ? add_marker(s, &s->edits[i])
						       : add_script(s, &s->edits[i])))
			return false;
	return true;
}
