/* An address as a QR code for the camera of a phone, where the program was built with libqrencode. */
#include "serve.h"

#ifdef HAVE_QRENCODE
#include <qrencode.h>

/* Cameras want so many light modules around the code. */
#define QUIET_ZONE 2

static bool is_dark(const QRcode *code, int x, int y)
{
	bool is_inside = x >= 0 && y >= 0 && x < code->width && y < code->width;

	return is_inside && (code->data[y * code->width + x] & 1) != 0;
}

/* A character holds two modules, one above the other. Blocks are the light ones, as on a dark terminal; with
 * colours it does not matter what the terminal looks like. */
static void print_row(const QRcode *code, int y, bool has_colours, FILE *file)
{
	static const char *const blocks[] = {"█", "▄", "▀", " "};

	if (has_colours)
		fputs("\033[97;40m", file);
	for (int x = -QUIET_ZONE; x < code->width + QUIET_ZONE; x++)
		fputs(blocks[is_dark(code, x, y) + 2 * is_dark(code, x, y + 1)], file);
	fputs(has_colours ? "\033[0m\n" : "\n", file);
}

void print_qr(const char *url, bool has_colours, FILE *file)
{
	QRcode *code = QRcode_encodeString(url, 0, QR_ECLEVEL_L, QR_MODE_8, 1);

	if (code == NULL)
		return;
	for (int y = -QUIET_ZONE; y < code->width + QUIET_ZONE; y += 2)
		print_row(code, y, has_colours, file);
	QRcode_free(code);
}

bool has_qr(void)
{
	return true;
}
#else
void print_qr(const char *url, bool has_colours, FILE *file)
{
	(void)url;
	(void)has_colours;
	(void)file;
}

bool has_qr(void)
{
	return false;
}
#endif
