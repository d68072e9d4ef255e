#include "mhd/option_struct.h"

#include <string.h>

#include "fsrv/base.h"

int fsrv__option_struct_read(void *known, size_t known_size, const void *given)
{
	size_t size;

	memcpy(&size, given, sizeof(size));
	if (size < sizeof(size) || size % sizeof(unsigned) != 0)
		return FSRV_ERR_INVALID;
	for (size_t i = known_size; i < size; i++)
		if (((const char *)given)[i] != 0)
			return FSRV_ERR_UNSUPPORTED;
	memcpy(known, given, size < known_size ? size : known_size);
	return FSRV_OK;
}
