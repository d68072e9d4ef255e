#include "mhd/representation.h"

#include "http/mime.h"
#include "mhd/handler.h"

/* The type by the name or of the program, unless the page has to tell its encoding. */
static const char *choose_media_type(const struct fsrv__lookup_result *found)
{
	const char *named = found->named_type, *type = fsrv__lookup_result_type(found);

	if (named[0] == '\0' && found->content != NULL)
		named = found->content->media_type;
	return fsrv__mime_lacks_charset(type) && named[0] != '\0' ? named : type;
}

static const char *choose_coding(const struct fsrv__lookup_result *found)
{
	if (found->content_coding != NULL)
		return found->content_coding;
	return fsrv__mime_coding(fsrv__lookup_result_type(found), fsrv__path_name(&found->path));
}

void fsrv__representation_describe(const struct fsrv *fs, const struct fsrv__lookup_result *found,
				   struct fsrv__representation *representation)
{
	const struct fsrv__content *content = found->content;

	representation->size = content != NULL ? content->length : found->file.identity.size;
	representation->media_type = choose_media_type(found);
	representation->content_coding = choose_coding(found);
	representation->varies = found->varies;
	representation->cache_control = fs->cache_control;
	representation->is_growing = found->is_growing;
	representation->is_volatile = content != NULL && content->is_volatile;
	representation->max_ranges = fs->max_ranges;
	representation->boundary_seed = fs->boundary_seed;
}

void fsrv__representation_validate(const struct fsrv *fs, const struct fsrv__lookup_result *found,
				   struct fsrv__representation *representation)
{
	struct fsrv__tag_source source = {.source = fs->etag_source, .salt = fs->tag_salt};
	const struct fsrv__content *content = found->content;
	bool has_scripts = content != NULL && content->has_scripts;

	if (found->own_tag.length > 0)
		source.opaque = (struct fsrv__text){found->own_tag.bytes, found->own_tag.length};
	if (content != NULL && content->hot_bytes == NULL) {
		source.bytes = content->is_volatile ? FSRV__BYTES_VOLATILE : FSRV__BYTES_HASHED;
		source.hash = content->hash;
	}
	source.coding = found->varies ? found->content_coding : NULL;
	if (has_scripts)
		source.addition = content->scripts_hash;
	fsrv__validators_make(&found->file.identity, found->time, &source, &representation->validators);
	if (has_scripts)
		fsrv__validators_add_date(&representation->validators, content->scripts_time,
					  found->time.seconds);
	/* A compressor gives its file the date of the original. */
	representation->validators.has_strong_date &= !found->varies;
}
