#include "http/fields.h"

#include <string.h>

void fsrv__fields_begin(struct fsrv_fields *fields, struct fsrv__plan *plan)
{
	fields->plan = plan;
	fields->n_headers = 0;
	fields->used = 0;
	fields->end = 0;
	fields->refusal = FSRV__FIELD_ALLOWED;
	fields->refused_name[0] = '\0';
}

static int refuse(struct fsrv_fields *fields, const char *name, enum fsrv__field_verdict verdict)
{
	size_t length = strlen(name);

	if (fields->refusal == FSRV__FIELD_ALLOWED) {
		if (length >= sizeof(fields->refused_name))
			length = sizeof(fields->refused_name) - 1;
		memcpy(fields->refused_name, name, length);
		fields->refused_name[length] = '\0';
		fields->refusal = verdict;
	}
	return verdict == FSRV__FIELD_HAS_NO_ROOM ? FSRV_ERR_SPACE : FSRV_ERR_INVALID;
}

static bool has_room(const struct fsrv_fields *fields, size_t size)
{
	return fields->n_headers < FSRV__MAX_FUNCTION_HEADERS && size <= sizeof(fields->text) - fields->used;
}

static const char *copy_text(struct fsrv_fields *fields, const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = memcpy(fields->text + fields->end, text, size);

	fields->end += size;
	return copy;
}

/* Without effect when no such answer has the field. */
static int put(struct fsrv_fields *fields, const char *name, const char *value, bool replaces)
{
	enum fsrv__field_verdict verdict = fsrv__field_check(name, value);
	size_t size;

	if (verdict != FSRV__FIELD_ALLOWED)
		return refuse(fields, name, verdict);
	if (!fsrv__field_fits_status(fsrv__field_kind_of(name), fields->plan->status) ||
	    fsrv__plan_reserves_header(fields->plan, name))
		return FSRV_OK;
	size = strlen(name) + strlen(value) + FSRV__FIELD_OVERHEAD;
	if (!has_room(fields, size))
		return refuse(fields, name, FSRV__FIELD_HAS_NO_ROOM);
	if (replaces)
		fsrv__plan_remove_header(fields->plan, name);
	fields->used += size;
	fields->n_headers++;
	name = copy_text(fields, name);
	fsrv__plan_add_header(fields->plan, name, copy_text(fields, value));
	return FSRV_OK;
}

int fsrv_field_set(struct fsrv_fields *fields, const char *name, const char *value)
{
	return put(fields, name, value, true);
}

int fsrv_field_add(struct fsrv_fields *fields, const char *name, const char *value)
{
	return put(fields, name, value, false);
}

int fsrv_field_remove(struct fsrv_fields *fields, const char *name)
{
	enum fsrv__field_verdict verdict = fsrv__field_check(name, NULL);

	if (verdict != FSRV__FIELD_ALLOWED)
		return refuse(fields, name, verdict);
	if (!fsrv__plan_reserves_header(fields->plan, name))
		fsrv__plan_remove_header(fields->plan, name);
	return FSRV_OK;
}
