/* A tag, a line feed, and a list of tags. */
#include "http/etag.h"

#include "http/validators.h"
#include "target.h"

static struct fsrv__text opaque_of(struct fsrv__text tag)
{
	size_t skip = tag.at[0] == 'W' ? 3 : 1;

	return (struct fsrv__text){tag.at + skip, tag.length - skip - 1};
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fsrv__text list = whole_input(data, size);
	struct fsrv__text tag = take_line(&list);
	bool strong, weak;

	fsrv__validators_accept_opaque(list);
	if (!fsrv__etag_is_valid(tag))
		return 0;
	MUST(memchr(opaque_of(tag).at, '"', opaque_of(tag).length) == NULL);
	MUST(fsrv__validators_accept_opaque(opaque_of(tag)) ==
	     (opaque_of(tag).length <= FSRV__ETAG_OPAQUE_MAX));
	MUST(fsrv__etag_equals(tag, tag, FSRV__ETAG_WEAK));
	MUST(fsrv__etag_equals(tag, tag, FSRV__ETAG_STRONG) == (tag.at[0] == '"'));
	MUST(fsrv__etag_list_has(tag, tag, FSRV__ETAG_WEAK));
	strong = fsrv__etag_list_has(list, tag, FSRV__ETAG_STRONG);
	weak = fsrv__etag_list_has(list, tag, FSRV__ETAG_WEAK);
	MUST(weak || !strong);
	/* What a list says to hold it does hold, or it is an asterisk. */
	if (weak)
		MUST(memchr(list.at, '*', list.length) != NULL ||
		     memmem(list.at, list.length, opaque_of(tag).at - 1, opaque_of(tag).length + 2) != NULL);
	if (fsrv__etag_is_valid(list))
		MUST(weak == fsrv__etag_equals(list, tag, FSRV__ETAG_WEAK) &&
		     strong == fsrv__etag_equals(list, tag, FSRV__ETAG_STRONG));
	return 0;
}
