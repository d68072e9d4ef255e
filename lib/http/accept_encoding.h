/* Accept-Encoding (RFC 9110, 12.5.3): which codings a client takes, and which it likes best. */
#ifndef FSRV__HTTP_ACCEPT_ENCODING_H
#define FSRV__HTTP_ACCEPT_ENCODING_H

#include <stdbool.h>

#include "http/coding.h"
#include "http/text.h"

/* What the field lines so far say; zeroed before the first one. Weights are in thousandths and have 1 added:
 * 0 is a coding that is not listed. */
struct fsrv__accept_encoding {
	unsigned short codings[FSRV__N_CODINGS];
	unsigned short identity;
	unsigned short others; /* the asterisk */
};

/* Codings in the order in which they are to be tried. */
struct fsrv__coding_order {
	enum fsrv__coding codings[FSRV__N_CODINGS]; /* all of them; those that are wanted come first */
	unsigned n_wanted;                          /* that are preferred to the file as it is */
	bool accepts_identity;                      /* the file may be sent as it is */
};

/* Adds the value of one field line. x-gzip is gzip (8.4.1.3). An element that is malformed and a coding that
 * is unknown are passed over; of several elements for one coding the first counts. */
void fsrv__accept_encoding_add(struct fsrv__accept_encoding *accept, struct fsrv__text value);

/* Puts codings in order. A coding is wanted when its weight, or that of the asterisk, is neither 0 nor less
 * than that of identity. Equal weights leave the order of enum fsrv__coding. Identity is accepted unless its
 * own weight, or else that of the asterisk, is 0. Without a field, and with an empty one, no coding is
 * wanted: a client that says nothing may be unable to decode. */
void fsrv__accept_encoding_rank(const struct fsrv__accept_encoding *accept, struct fsrv__coding_order *order);

#endif
