/* Memory that ends at a page which may not be touched: a read one byte past an input crashes. */
#ifndef TEST_GUARD_PAGE_H
#define TEST_GUARD_PAGE_H

#include <stddef.h>

/* Copies length bytes so that they end right before an inaccessible page; no terminator follows.
 * The copy is valid until guard_page_free is called with it and the same length. */
const char *guard_page_copy(const void *bytes, size_t length);
void guard_page_free(const char *copy, size_t length);

#endif
