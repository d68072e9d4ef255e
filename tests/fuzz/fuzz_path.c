/* A byte for the form, then the target. */
#include "http/path.h"

#include "http/location.h"
#include "invariants.h"
#include "target.h"

/* A path that was parsed is itself a target, for the same path. */
static void check_again(const struct fsrv__path *path)
{
	static struct fsrv__path again;
	char target[FSRV__PATH_SIZE + 2] = "/";

	memcpy(target + 1, path->text, path->length);
	if (path->directory)
		target[1 + path->length] = '/';
	MUST(fsrv__path_parse((struct fsrv__text){target, 1 + path->length + path->directory},
			      FSRV__PATH_DECODED, &again) == FSRV__PATH_OK);
	MUST(again.length == path->length && again.directory == path->directory);
	MUST(memcmp(again.text, path->text, path->length) == 0);
}

static void check_location(const struct fsrv__path *path)
{
	static struct fsrv__location location;

	fsrv__location_start(&location, fsrv__path_name(path));
	MUST(strlen(location.text) == location.length && location.length < FSRV__LOCATION_SIZE);
	for (size_t i = 0; i < location.length; i++)
		MUST(location.text[i] > 0x20 && location.text[i] < 0x7f);
	MUST(location.too_long || strchr(location.text, '/') == location.text + location.length - 1);
	MUST(strpbrk(location.text, ":?#\\") == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct fsrv__path path;
	struct fsrv__text target = whole_input(data, size);
	enum fsrv__path_form form = take_number(&target, 1) % 2 == 0 ? FSRV__PATH_RAW : FSRV__PATH_DECODED;

	memset(&path, 0xa5, sizeof(path));
	if (fsrv__path_parse(target, form, &path) != FSRV__PATH_OK)
		return 0;
	MUST(path_is_safe(&path));
	MUST(strchr(fsrv__path_name(&path), '/') == NULL);
	MUST(!fsrv__path_is_hidden(&path) || strchr(path.text, '.') != NULL);
	check_again(&path);
	check_location(&path);
	return 0;
}
