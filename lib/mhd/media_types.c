#include "mhd/media_types.h"

#include "http/mime.h"
#include "http/text.h"

const char *fsrv__media_type_of(const struct fsrv__media_types *types, const struct fsrv__path *path)
{
	const char *extension = fsrv__mime_extension(fsrv__path_name(path));

	for (size_t i = 0; extension != NULL && i < types->n_types; i++)
		if (fsrv__names_match(extension, types->list[i].extension))
			return types->list[i].media_type;
	return fsrv__mime_type(extension);
}
