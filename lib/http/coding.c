#include "http/coding.h"

#include <stddef.h>
#include <string.h>

static const struct {
	const char *name;
	char ending[FSRV__CODING_ENDING_SIZE];
} codings[FSRV__N_CODINGS] = {
	[FSRV__CODING_BR] = {"br", ".br"},
	[FSRV__CODING_ZSTD] = {"zstd", ".zst"},
	[FSRV__CODING_GZIP] = {"gzip", ".gz"},
};

const char *fsrv__coding_name(enum fsrv__coding coding)
{
	return codings[coding].name;
}

const char *fsrv__coding_ending(enum fsrv__coding coding)
{
	return codings[coding].ending;
}

int fsrv__coding_of_file(const char *name)
{
	const char *dot = strrchr(name, '.');

	for (int i = 0; dot != NULL && dot != name && i < FSRV__N_CODINGS; i++)
		if (strcmp(dot, codings[i].ending) == 0)
			return i;
	return -1;
}
