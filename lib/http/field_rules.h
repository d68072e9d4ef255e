/* Rules for header fields of files by their paths. fsrv/fields.h says what they mean. */
#ifndef FSRV__HTTP_FIELD_RULES_H
#define FSRV__HTTP_FIELD_RULES_H

#include <stddef.h>

#include "fsrv/fields.h"
#include "http/field.h"
#include "http/plan.h"

/* A rule that was checked. */
struct fsrv__field_rule {
	const char *pattern;
	const char *field;
	const char *value; /* NULL: the field is removed */
	enum fsrv__field_kind kind;
};

struct fsrv__field_rules {
	const struct fsrv__field_rule *list;
	size_t n;
};

/* Why the rules are refused. */
struct fsrv__rule_fault {
	size_t number;       /* of the first rule that is refused, from 0 */
	const char *subject; /* what of it is wrong: "the pattern", or empty */
	const char *reason;  /* with the way out, as the end of a sentence */
};

/* Whether all of n rules are allowed, and their fields together leave room in every plan; otherwise fault is
 * written. */
bool fsrv__field_rules_check(const struct fsrv_field_rule *list, size_t n, struct fsrv__rule_fault *fault);

/* Applies the rules that match a path to the header fields of a plan, which then points to their texts. */
void fsrv__field_rules_apply(const struct fsrv__field_rules *rules, struct fsrv__text path,
			     struct fsrv__plan *plan);

#endif
