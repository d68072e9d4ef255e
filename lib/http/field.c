#include "http/field.h"

#include <stddef.h>
#include <string.h>

#include "http/text.h"

static const struct {
	const char *name;
	enum fsrv__field_kind kind;
} kinds[] = {
	{"cache-control", FSRV__FIELD_CACHING},
	{"connection", FSRV__FIELD_FRAMING},
	{"content-length", FSRV__FIELD_FRAMING},
	{"content-location", FSRV__FIELD_CACHING},
	{"content-range", FSRV__FIELD_FRAMING},
	{"content-security-policy", FSRV__FIELD_GENERAL},
	{"content-security-policy-report-only", FSRV__FIELD_GENERAL},
	{"date", FSRV__FIELD_FRAMING},
	{"etag", FSRV__FIELD_VALIDATOR},
	{"expires", FSRV__FIELD_CACHING},
	{"keep-alive", FSRV__FIELD_FRAMING},
	{"last-modified", FSRV__FIELD_VALIDATOR},
	{"proxy-connection", FSRV__FIELD_FRAMING},
	{"te", FSRV__FIELD_FRAMING},
	{"trailer", FSRV__FIELD_FRAMING},
	{"transfer-encoding", FSRV__FIELD_FRAMING},
	{"upgrade", FSRV__FIELD_FRAMING},
	{"vary", FSRV__FIELD_VARY},
};

enum fsrv__field_kind fsrv__field_kind_of(const char *name)
{
	struct fsrv__text text = {name, strlen(name)};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (fsrv__text_is(text, kinds[i].name))
			return kinds[i].kind;
	return fsrv__text_starts_with(text, "content-") ? FSRV__FIELD_CONTENT : FSRV__FIELD_GENERAL;
}

bool fsrv__field_value_is_valid(const char *value)
{
	size_t length = strlen(value);

	if (length == 0 || fsrv__is_blank(value[0]) || fsrv__is_blank(value[length - 1]))
		return false;
	for (size_t i = 0; i < length; i++)
		if (((unsigned char)value[i] < 0x20 && value[i] != '\t') || (unsigned char)value[i] >= 0x7f)
			return false;
	return true;
}

enum fsrv__field_verdict fsrv__field_check(const char *name, const char *value)
{
	if (!fsrv__text_is_token((struct fsrv__text){name, strlen(name)}))
		return FSRV__FIELD_BAD_NAME;
	switch (fsrv__field_kind_of(name)) {
	case FSRV__FIELD_FRAMING:
		return FSRV__FIELD_IS_FRAMING;
	case FSRV__FIELD_VALIDATOR:
		return value != NULL ? FSRV__FIELD_IS_VALIDATOR : FSRV__FIELD_ALLOWED;
	case FSRV__FIELD_GENERAL:
	case FSRV__FIELD_VARY:
	case FSRV__FIELD_CACHING:
	case FSRV__FIELD_CONTENT:
		break;
	}
	return value == NULL || fsrv__field_value_is_valid(value) ? FSRV__FIELD_ALLOWED
								  : FSRV__FIELD_BAD_VALUE;
}

const char *fsrv__field_explain(enum fsrv__field_verdict verdict)
{
	switch (verdict) {
	case FSRV__FIELD_BAD_NAME:
		return "the name is no token (RFC 9110, 5.1); use letters, digits and hyphens";
	case FSRV__FIELD_BAD_VALUE:
		return "the value is empty, has blanks at its ends, or has other bytes than visible ASCII "
		       "characters; encode them, or remove the field";
	case FSRV__FIELD_IS_FRAMING:
		return "the field frames the message or belongs to the connection, and is set by fsrv alone; "
		       "leave it away";
	case FSRV__FIELD_IS_VALIDATOR:
		return "preconditions are evaluated with the field; remove it, or choose the tag by option "
		       "etag_function";
	case FSRV__FIELD_HAS_NO_ROOM:
		return "the fields of one response have more than 4096 bytes or are more than 24; set less";
	case FSRV__FIELD_ALLOWED:
		break;
	}
	return "";
}

bool fsrv__field_fits_status(enum fsrv__field_kind kind, unsigned status)
{
	return kind != FSRV__FIELD_CONTENT || status != 304;
}

bool fsrv__field_concerns_status(enum fsrv__field_kind kind, unsigned status)
{
	bool has_content = status == 200 || status == 206;

	switch (kind) {
	case FSRV__FIELD_CONTENT:
		return has_content;
	case FSRV__FIELD_CACHING:
		return has_content || status == 304;
	case FSRV__FIELD_GENERAL:
	case FSRV__FIELD_VARY:
	case FSRV__FIELD_VALIDATOR:
	case FSRV__FIELD_FRAMING:
		break;
	}
	return true;
}
