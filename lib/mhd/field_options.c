#include "mhd/field_options.h"

#include "http/cors.h"
#include "http/field_rules.h"

static const char *or_nothing(const char *text)
{
	return text != NULL ? text : "(null)";
}

static bool check_rules(const struct fsrv__log *log, const struct fsrv_options *options)
{
	const struct fsrv_field_rule *list = options->field_rules;
	struct fsrv__rule_fault fault;
	const struct fsrv_field_rule *rule;

	if (options->n_field_rules == 0)
		return true;
	if (list == NULL) {
		fsrv__log_line(log, "option field_rules is NULL; set n_field_rules to 0 for no rules");
		return false;
	}
	if (fsrv__field_rules_check(list, options->n_field_rules, &fault))
		return true;
	rule = &list[fault.number];
	fsrv__log_line(log, "option field_rules: rule %zu, %s of %s, is refused: %s%s", fault.number,
		       or_nothing(rule->field), or_nothing(rule->pattern), fault.subject, fault.reason);
	return false;
}

static bool check_origins(const struct fsrv__log *log, const struct fsrv_options *options)
{
	if (options->n_cors_origins > 0 && options->cors_origins == NULL) {
		fsrv__log_line(log, "option cors_origins is NULL; set n_cors_origins to 0 for no origins");
		return false;
	}
	for (size_t i = 0; i < options->n_cors_origins; i++) {
		const char *origin = options->cors_origins[i];
		const char *reason = origin != NULL ? fsrv__cors_check_origin(origin, options->n_cors_origins)
						    : "it is NULL; write * for every origin";

		if (reason == NULL)
			continue;
		fsrv__log_line(log, "option cors_origins: origin %zu, %s, is refused: %s", i,
			       or_nothing(origin), reason);
		return false;
	}
	return true;
}

bool fsrv__field_options_check(const struct fsrv__log *log, const struct fsrv_options *options)
{
	return check_rules(log, options) && check_origins(log, options);
}
