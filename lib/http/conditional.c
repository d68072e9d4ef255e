/* Each function here is one step of RFC 9110, 13.2.2, in its order. None of them knows a status. */
#include "http/conditional.h"

#include "http/etag.h"

static struct fsrv__text tag_of(const struct fsrv__validators *validators)
{
	return (struct fsrv__text){validators->etag, validators->etag_length};
}

static bool has_tag(const struct fsrv__list_field *list, const struct fsrv__validators *validators,
		    enum fsrv__etag_comparison comparison)
{
	for (unsigned i = 0; i < list->n_lines; i++)
		if (fsrv__etag_list_has(list->lines[i], tag_of(validators), comparison))
			return true;
	return false;
}

/* False, so that the field is ignored, when its value is no date or the representation has none. */
static bool read_date(const struct fsrv__single_field *field, const struct fsrv__validators *validators,
		      int64_t now, int64_t *date)
{
	struct fsrv__text value = fsrv__single_field_value(field);

	return value.at != NULL && validators->has_date && fsrv__httpdate_parse(value, now, date);
}

static bool was_modified_after(const struct fsrv__single_field *field,
			       const struct fsrv__validators *validators, int64_t now)
{
	int64_t date;

	return read_date(field, validators, now, &date) && validators->modified > date;
}

static bool was_not_modified_after(const struct fsrv__single_field *field,
				   const struct fsrv__validators *validators, int64_t now)
{
	int64_t date;

	return read_date(field, validators, now, &date) && validators->modified <= date;
}

enum fsrv__precondition fsrv__precondition_check(const struct fsrv__request *request,
						 const struct fsrv__validators *validators, int64_t now)
{
	if (request->if_match.n_lines > 0
		    ? !has_tag(&request->if_match, validators, FSRV__ETAG_STRONG)
		    : was_modified_after(&request->if_unmodified_since, validators, now))
		return FSRV__PRECONDITION_FAILED;
	if (request->if_none_match.n_lines > 0
		    ? has_tag(&request->if_none_match, validators, FSRV__ETAG_WEAK)
		    : was_not_modified_after(&request->if_modified_since, validators, now))
		return FSRV__NOT_MODIFIED;
	return FSRV__PROCEED;
}

bool fsrv__if_range_holds(const struct fsrv__request *request, const struct fsrv__validators *validators,
			  int64_t now)
{
	struct fsrv__text value = fsrv__single_field_value(&request->if_range);
	int64_t date;

	if (request->if_range.n_lines == 0)
		return true;
	if (value.at == NULL)
		return false;
	if (fsrv__etag_is_valid(value))
		return fsrv__etag_equals(value, tag_of(validators), FSRV__ETAG_STRONG);
	/* All versions of a file from the future share the date now: it is weak (RFC 9110, 8.8.2.2). */
	return validators->has_strong_date && read_date(&request->if_range, validators, now, &date) &&
	       date == validators->modified && date < now;
}
