/* Rules for header fields of files by their paths. fsrv/fields.h says what they mean. */
#ifndef FSRV__HTTP_FIELD_RULES_H
#define FSRV__HTTP_FIELD_RULES_H

#include <stddef.h>

#include "fsrv/fields.h"
#include "http/plan.h"

struct fsrv__field_rules {
	const struct fsrv_field_rule *list;
	size_t n;
};

/* Why the rules are refused. */
struct fsrv__rule_fault {
	size_t number;       /* of the first rule that is refused, from 0 */
	const char *subject; /* what of it is wrong: "the pattern", or empty */
	const char *reason;  /* with the way out, as the end of a sentence */
};

/* Whether all rules are allowed, and their fields together leave room in every plan; otherwise fault is
 * written. */
bool fsrv__field_rules_check(const struct fsrv__field_rules *rules, struct fsrv__rule_fault *fault);

/* Applies the rules that match a path to the header fields of a plan, which then points to their texts. */
void fsrv__field_rules_apply(const struct fsrv__field_rules *rules, struct fsrv__text path,
			     struct fsrv__plan *plan);

#endif
