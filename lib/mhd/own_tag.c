#include "mhd/own_tag.h"

#include "mhd/handler.h"

void fsrv__own_tag_choose(const struct fsrv *fs, struct fsrv__lookup_result *result)
{
	struct fsrv__opaque_tag *tag = &result->own_tag;

	tag->length = fs->etag_function(fs->etag_function_cls, result->file.fd, result->path.text, tag->bytes,
					sizeof(tag->bytes));
	if (!fsrv__validators_accept_opaque((struct fsrv__text){tag->bytes, tag->length}))
		tag->length = 0;
}
