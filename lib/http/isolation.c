#include "http/isolation.h"

void fsrv__isolation_add_headers(bool is_shared, struct fsrv__plan *plan)
{
	fsrv__plan_add_header(plan, "Cross-Origin-Opener-Policy", "same-origin");
	fsrv__plan_add_header(plan, "Cross-Origin-Embedder-Policy", "require-corp");
	fsrv__plan_add_header(plan, "Cross-Origin-Resource-Policy",
			      is_shared ? "cross-origin" : "same-origin");
	fsrv__plan_add_header(plan, "Timing-Allow-Origin", "*");
}
