#include "mhd/representation.h"

#include "mhd/handler.h"

/* NULL in at when the program leaves the tag to fsrv, or chose bytes that no tag may have. */
static struct fsrv__text choose_opaque_tag(const struct fsrv *fs, const struct fsrv__lookup_result *found,
					   char *opaque, size_t size)
{
	struct fsrv__text chosen = {opaque, 0};

	chosen.length =
		fs->etag_function(fs->etag_function_cls, found->file.fd, found->path.text, opaque, size);
	if (chosen.length == 0 || chosen.length > size || !fsrv__validators_accept_opaque(chosen))
		chosen.at = NULL;
	return chosen;
}

void fsrv__representation_describe(const struct fsrv *fs, const struct fsrv__lookup_result *found,
				   struct fsrv__representation *representation)
{
	char opaque[FSRV__ETAG_OPAQUE_MAX];
	struct fsrv__text chosen = {NULL, 0};
	const struct fsrv__content *content = found->content;

	if (fs->etag_function != NULL)
		chosen = choose_opaque_tag(fs, found, opaque, sizeof(opaque));
	fsrv__validators_make(&found->file.identity, found->time, fs->etag_source, chosen,
			      &representation->validators);
	representation->size = content != NULL ? content->length : found->file.identity.size;
	representation->media_type = found->media_type;
	representation->cache_control = fs->cache_control;
	if (content != NULL && content->scripts_hash != 0) {
		representation->media_type = content->media_type;
		fsrv__validators_combine(&representation->validators, content->scripts_hash,
					 content->scripts_time, found->time.seconds);
	}
}
