#include "mhd/lookup_result.h"

#include "http/mime.h"
#include "mhd/handler.h"
#include "mhd/open_files.h"

const char *fsrv__lookup_result_type(const struct fsrv__lookup_result *result)
{
	return result->given_type[0] != '\0' ? result->given_type : result->media_type;
}

bool fsrv__lookup_result_lacks_charset(const struct fsrv__lookup_result *result)
{
	return result->content_coding == NULL && fsrv__mime_lacks_charset(fsrv__lookup_result_type(result));
}

void fsrv__lookup_result_init(struct fsrv__lookup_result *result)
{
	result->outcome = FSRV__TARGET_MISSING;
	result->is_recent = false;
	result->was_opened = false;
	result->is_given = result->is_of_overlay = false;
	result->given_type[0] = '\0';
	result->own_tag.length = 0;
	result->found_by = FSRV__TRY_NAME;
	result->file = (struct fsrv__file){.fd = -1};
	result->content = NULL;
	result->place.serial = 0;
	result->prepared = NULL;
	result->named_type[0] = '\0';
	result->content_coding = NULL;
	result->varies = false;
	result->is_growing = false;
}

void fsrv__lookup_result_reset_path(struct fsrv__lookup_result *result)
{
	result->path.length = result->requested_length;
	result->path.text[result->requested_length] = '\0';
}

void fsrv__lookup_result_forget(struct fsrv__lookup_result *result)
{
	fsrv__file_forget(&result->file);
	result->content = NULL;
	result->prepared = NULL;
}

void fsrv__lookup_result_clear(struct fsrv *fs, struct fsrv__lookup_result *result)
{
	if (fsrv__file_is_open(&result->file))
		fsrv__open_files_close(fs, &result->file);
	fsrv__content_release(result->content);
	fsrv__prepared_release(result->prepared);
	result->content = NULL;
	result->prepared = NULL;
}

enum fsrv__lookup_status fsrv__lookup_result_fail(struct fsrv *fs, struct fsrv__lookup_result *result,
						  enum fsrv__outcome outcome, int error)
{
	fsrv__lookup_result_clear(fs, result);
	result->outcome = outcome;
	if ((outcome == FSRV__OVERLOADED || outcome == FSRV__BROKEN) && error != 0)
		fsrv__log_error(&fs->log, error, "%s", result->path.text);
	return FSRV__LOOKUP_DONE;
}
