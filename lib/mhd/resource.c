#include "mhd/resource.h"

#include <string.h>
#include <unistd.h>

#include "fs/encoding.h"
#include "http/field.h"
#include "mhd/handler.h"
#include "mhd/open_files.h"
#include "mhd/option_struct.h"
#include "mhd/pages.h"

static const char *check_type_and_tag(const struct fsrv_resource *resource)
{
	const char *type = resource->media_type, *tag = resource->etag;

	if (type != NULL &&
	    (type[0] == '\0' || strlen(type) >= FSRV__CONTENT_TYPE_SIZE || !fsrv__field_value_is_valid(type)))
		return "media_type has to be a field value of 1 to 63 bytes, or NULL";
	if (tag != NULL &&
	    (tag[0] == '\0' || !fsrv__validators_accept_opaque((struct fsrv__text){tag, strlen(tag)})))
		return "etag has to be 1 to 128 bytes without blanks, quotes and control bytes, or NULL";
	return NULL;
}

static const char *check_kind(const struct fsrv_resource *resource)
{
	switch (resource->kind) {
	case FSRV_RESOURCE_PATH:
		return NULL;
	case FSRV_RESOURCE_FILE:
		return resource->file < 0 ? "file has to be an open descriptor" : NULL;
	case FSRV_RESOURCE_BYTES:
		if (resource->bytes == NULL && resource->length > 0)
			return "bytes is NULL; set length to 0 or give the bytes";
		return resource->length > SIZE_MAX / 2 ? "length is more than memory can hold" : NULL;
	case FSRV_RESOURCE_SOURCE:
		if (resource->read == NULL)
			return "a source needs the function read";
		return resource->length == FSRV_LENGTH_UNKNOWN ? "length has to be less than 2^64 - 1" : NULL;
	}
	return "kind has an unknown value; use enum fsrv_resource_kind";
}

static bool read_path(const char *name, struct fsrv__path *path)
{
	char target[FSRV__PATH_SIZE + 1] = "/";
	size_t length = strlen(name);

	if (length >= sizeof(target) - 1)
		return false;
	memcpy(target + 1, name, length + 1);
	return fsrv__path_parse((struct fsrv__text){target, length + 1}, FSRV__PATH_DECODED, path) ==
	       FSRV__PATH_OK;
}

const char *fsrv__resource_read(const struct fsrv_resource *given, struct fsrv_resource *known,
				struct fsrv__path *path)
{
	const char *bad;

	*known = (struct fsrv_resource){.file = -1};
	if (fsrv__option_struct_read(known, sizeof(*known), given) != FSRV_OK)
		return "size has to be sizeof(struct fsrv_resource), and unknown members zero";
	if ((known->flags & ~(unsigned)(FSRV_RESOURCE_MAY_WAIT | FSRV_RESOURCE_FOLLOW)) != 0)
		return "flags has unknown bits; use enum fsrv_resource_flags";
	if (known->kind == FSRV_RESOURCE_BYTES && (known->flags & FSRV_RESOURCE_FOLLOW) != 0)
		return "bytes in memory do not grow; use a source for FSRV_RESOURCE_FOLLOW";
	if (known->reserved != 0)
		return "reserved has to be 0";
	if (known->name == NULL || !read_path(known->name, path))
		return "name has to be a path without control bytes and backslashes, below the root";
	if (known->kind != FSRV_RESOURCE_PATH && (path->length == 0 || path->directory))
		return "name has to be that of a file, without a slash at its end";
	bad = check_kind(known);
	return bad != NULL ? bad : check_type_and_tag(known);
}

void fsrv__resource_release(const struct fsrv_resource *resource)
{
	if (resource->kind == FSRV_RESOURCE_FILE && resource->file >= 0)
		close(resource->file);
	else if ((resource->kind == FSRV_RESOURCE_BYTES || resource->kind == FSRV_RESOURCE_SOURCE) &&
		 resource->release != NULL)
		resource->release(resource->cls);
}

struct fsrv__content *fsrv__resource_make_content(const struct fsrv__allocator *allocator,
						  const struct fsrv_resource *resource)
{
	size_t length = (size_t)resource->length;
	struct fsrv__content *content;

	if (resource->release != NULL) {
		content = fsrv__content_borrow(allocator, resource->bytes, length, resource->release,
					       resource->cls);
	} else {
		content = fsrv__content_new(allocator, length);
		if (content != NULL && length > 0)
			memcpy(content->bytes, resource->bytes, length);
	}
	if (content != NULL)
		fsrv__content_seal(content);
	else
		fsrv__resource_release(resource);
	return content;
}

void fsrv__resource_facts(const struct fsrv_resource *resource, struct fsrv__overlay_facts *facts)
{
	*facts = (struct fsrv__overlay_facts){.modified = resource->modified};
	if (resource->media_type != NULL)
		memcpy(facts->media_type, resource->media_type, strlen(resource->media_type) + 1);
	if (resource->etag != NULL)
		memcpy(facts->etag, resource->etag, strlen(resource->etag) + 1);
}

static void give(struct fsrv *fs, const struct fsrv__overlay_facts *facts, struct fsrv__lookup_result *result)
{
	struct fsrv__time modified = {facts->modified, 0};

	result->is_given = true;
	result->is_recent = false;
	result->varies = false;
	memcpy(result->given_type, facts->media_type, sizeof(result->given_type));
	result->own_tag.length = strlen(facts->etag);
	memcpy(result->own_tag.bytes, facts->etag, result->own_tag.length);
	result->media_type = fsrv__media_type_of(&fs->types, &result->path, &result->content_coding);
	/* The type that the program gives is that of the bytes as they are. */
	if (facts->media_type[0] != '\0')
		result->content_coding = NULL;
	result->file = (struct fsrv__file){.fd = -1, .root = -1};
	result->file.identity.modified = result->file.identity.changed = modified;
}

/* Content that was just made is nobody else's, so it may still learn its encoding. */
static void give_content(struct fsrv__content *content, struct fsrv__lookup_result *result)
{
	result->content = content;
	result->file.identity.size = content->length;
	if (fsrv__lookup_result_lacks_charset(result))
		fsrv__encoding_name(content->bytes, content->length, content->media_type);
}

static void release_nothing(void *cls)
{
	(void)cls;
}

bool fsrv__resource_give(struct fsrv *fs, const struct fsrv_resource *resource,
			 struct fsrv__lookup_result *result)
{
	struct fsrv__overlay_facts facts;
	struct fsrv__content *content;

	fsrv__resource_facts(resource, &facts);
	give(fs, &facts, result);
	if (resource->kind == FSRV_RESOURCE_BYTES) {
		content = fsrv__resource_make_content(&fs->allocator, resource);
		if (content != NULL)
			give_content(content, result);
		return content != NULL;
	}
	if (!fsrv__open_files_reserve(fs)) {
		fsrv__count(&fs->counters.refused, 1);
		fsrv__resource_release(resource);
		return false;
	}
	if (resource->kind == FSRV_RESOURCE_FILE) {
		result->file.fd = resource->file;
		return true;
	}
	result->file.source = (struct fsrv__source){
		resource->read, resource->release != NULL ? resource->release : release_nothing,
		resource->cls};
	result->file.is_remote = (resource->flags & FSRV_RESOURCE_MAY_WAIT) != 0;
	result->file.identity.size = resource->length;
	return true;
}

static void give_item(struct fsrv *fs, struct fsrv__overlay_item *item, struct fsrv__lookup_result *result)
{
	const struct fsrv__addition *scripts = fsrv__scripts_snapshot(&fs->scripts);

	give(fs, &item->facts, result);
	result->is_of_overlay = true;
	result->content = item->content;
	result->file.identity.size = item->content->length;
	if (item->page != NULL && item->page->scripts_hash == fsrv__pages_scripts_hash(fs, scripts, result)) {
		result->content = item->page;
		item->page = item->content;
	}
	fsrv__content_release(item->page);
}

bool fsrv__resource_find_in_overlay(struct fsrv *fs, struct fsrv__lookup_result *result)
{
	struct fsrv__overlay_item item;
	struct fsrv__path *path = &result->path;
	size_t length = path->length, start = length > 0 ? length + 1 : 0;

	if (!path->directory) {
		if (!fsrv__overlay_get(&fs->overlay, path->text, &item))
			return false;
		give_item(fs, &item, result);
		return true;
	}
	for (size_t i = 0; i < fs->roots.n_index_names; i++) {
		size_t size = strlen(fs->roots.index_names[i]) + 1;

		if (start + size > sizeof(path->text))
			continue;
		if (start > 0)
			path->text[length] = '/';
		memcpy(path->text + start, fs->roots.index_names[i], size);
		path->length = start + size - 1;
		if (fsrv__overlay_get(&fs->overlay, path->text, &item)) {
			give_item(fs, &item, result);
			return true;
		}
	}
	path->length = length;
	path->text[length] = '\0';
	return false;
}
