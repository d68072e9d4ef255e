/* Recognizes a byte order mark, one byte at a time. Bytes are counted in matched, and the first of them,
 * which tells the marks apart, is in first_byte. Encoding Standard, 6. */
#include "html/byte_order_mark.h"

#include "html/tree.h"

const uint8_t *fsrv__byte_order_mark_read(struct fsrv__scanner *s, const uint8_t *at)
{
	static const struct {
		uint8_t bytes[3];
		uint8_t length;
		unsigned flag;
	} marks[] = {{{0xEF, 0xBB, 0xBF}, 3, FSRV_PAGE_BOM},
		     {{0xFE, 0xFF, 0}, 2, FSRV_PAGE_UTF16},
		     {{0xFF, 0xFE, 0}, 2, FSRV_PAGE_UTF16}};

	if (s->matched == 0)
		s->first_byte = *at;
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		if (marks[i].bytes[0] != s->first_byte || marks[i].bytes[s->matched] != *at)
			continue;
		if (++s->matched == marks[i].length) {
			s->flags |= marks[i].flag;
			s->is_done = marks[i].flag == FSRV_PAGE_UTF16;
			s->state = FSRV__STATE_DATA;
		}
		return at + 1;
	}
	s->state = FSRV__STATE_DATA;
	if (s->matched > 0)
		fsrv__tree_characters(s, 0, false);
	return at;
}
