#include "http/field_rules.h"

#include "http/pattern.h"

static const char *check_rule(const struct fsrv_field_rule *rule, const char **subject)
{
	const char *reason;
	enum fsrv__field_verdict verdict;

	*subject = "";
	if (rule->pattern == NULL || rule->field == NULL)
		return "it has no pattern or no field; give both";
	*subject = "the pattern ";
	reason = fsrv__pattern_check(rule->pattern);
	if (reason != NULL)
		return reason;
	*subject = "";
	verdict = fsrv__field_check(rule->field, rule->value);
	return verdict != FSRV__FIELD_ALLOWED ? fsrv__field_explain(verdict) : NULL;
}

static size_t size_of(const struct fsrv_field_rule *rule)
{
	return strlen(rule->field) + strlen(rule->value) + FSRV__FIELD_OVERHEAD;
}

/* Whether a value takes the place of an earlier one; otherwise it is added. */
static bool replaces(enum fsrv__field_kind kind, const char *value)
{
	return value == NULL || kind != FSRV__FIELD_VARY;
}

/* What a rule can add to the fields that the rules before it set. Of rules that replace each other the
 * largest counts. */
static size_t growth(const struct fsrv_field_rule *list, size_t number, unsigned *n_lines)
{
	const struct fsrv_field_rule *rule = &list[number];
	size_t largest = 0;
	bool is_replacement = replaces(fsrv__field_kind_of(rule->field), rule->value);

	*n_lines = 0;
	if (rule->value == NULL)
		return 0;
	*n_lines = 1;
	for (size_t i = 0; is_replacement && i < number; i++) {
		const struct fsrv_field_rule *other = &list[i];

		if (other->value == NULL || !fsrv__names_match(other->field, rule->field))
			continue;
		*n_lines = 0;
		if (size_of(other) > largest)
			largest = size_of(other);
	}
	return size_of(rule) > largest ? size_of(rule) - largest : 0;
}

bool fsrv__field_rules_check(const struct fsrv_field_rule *list, size_t n, struct fsrv__rule_fault *fault)
{
	size_t size = 0;
	unsigned n_lines = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned more_lines;

		fault->number = i;
		fault->reason = check_rule(&list[i], &fault->subject);
		if (fault->reason != NULL)
			return false;
		size += growth(list, i, &more_lines);
		n_lines += more_lines;
		if (size > FSRV_FIELDS_SIZE || n_lines > FSRV__MAX_RULE_HEADERS) {
			fault->reason = fsrv__field_explain(FSRV__FIELD_HAS_NO_ROOM);
			return false;
		}
	}
	return true;
}

void fsrv__field_rules_apply(const struct fsrv__field_rules *rules, struct fsrv__text path,
			     struct fsrv__plan *plan)
{
	for (size_t i = 0; i < rules->n; i++) {
		const struct fsrv__field_rule *rule = &rules->list[i];

		if (!fsrv__field_concerns_status(rule->kind, plan->status) ||
		    fsrv__plan_reserves_header(plan, rule->field) ||
		    !fsrv__pattern_matches(rule->pattern, path))
			continue;
		if (replaces(rule->kind, rule->value))
			fsrv__plan_remove_header(plan, rule->field);
		if (rule->value != NULL)
			fsrv__plan_add_header(plan, rule->field, rule->value);
	}
}
