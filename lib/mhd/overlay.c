/* fsrv_overlay_put and fsrv_overlay_remove. */
#include <string.h>

#include "fs/encoding.h"
#include "http/mime.h"
#include "mhd/handler.h"
#include "mhd/resource.h"

int fsrv_overlay_put(struct fsrv *fs, const struct fsrv_resource *given)
{
	struct fsrv_resource resource;
	struct fsrv__overlay_facts facts;
	struct fsrv__content *content;
	struct fsrv__path path;
	const char *type, *coding, *bad = fsrv__resource_read(given, &resource, &path);
	bool is_kept;

	if (bad == NULL && resource.kind != FSRV_RESOURCE_BYTES)
		bad = "kind has to be FSRV_RESOURCE_BYTES";
	if (bad != NULL) {
		fsrv__log_line(&fs->log, "fsrv_overlay_put: %s", bad);
		fsrv__resource_release(&resource);
		return FSRV_ERR_INVALID;
	}
	fsrv__resource_facts(&resource, &facts);
	content = fsrv__resource_make_content(&fs->allocator, &resource);
	if (content == NULL)
		return FSRV_ERR_MEMORY;
	type = fsrv__media_type_of(&fs->types, &path, &coding);
	if (facts.media_type[0] != '\0' ? fsrv__mime_lacks_charset(facts.media_type)
					 : coding == NULL && fsrv__mime_lacks_charset(type))
		fsrv__encoding_name(content->bytes, content->length, content->media_type);
	is_kept = fsrv__overlay_put(&fs->overlay, path.text, &facts, content);
	fsrv__content_release(content);
	return is_kept ? FSRV_OK : FSRV_ERR_MEMORY;
}

int fsrv_overlay_remove(struct fsrv *fs, const char *name)
{
	const struct fsrv_resource given = {.size = sizeof(given), .kind = FSRV_RESOURCE_PATH, .name = name};
	struct fsrv_resource resource;
	struct fsrv__path path;

	if (fsrv__resource_read(&given, &resource, &path) != NULL)
		return FSRV_ERR_INVALID;
	return fsrv__overlay_remove(&fs->overlay, path.text) ? FSRV_OK : FSRV_ERR_INVALID;
}
