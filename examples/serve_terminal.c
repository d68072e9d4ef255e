/* Whether a person looks at the output, and at what. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "serve.h"

/* https://no-color.org: any value but the empty one. */
bool has_colours(FILE *file)
{
	const char *refusal = getenv("NO_COLOR"), *terminal = getenv("TERM");

	if (refusal != NULL && refusal[0] != '\0')
		return false;
	return isatty(fileno(file)) && (terminal == NULL || strcmp(terminal, "dumb") != 0);
}
