/* Content codings (RFC 9110, 8.4.1) in which files lie beside each other, and the endings of their names. */
#ifndef FSRV__HTTP_CODING_H
#define FSRV__HTTP_CODING_H

/* In the order in which they are chosen where a client likes several equally well: the smallest comes first
 * as a rule. */
enum fsrv__coding { FSRV__CODING_BR, FSRV__CODING_ZSTD, FSRV__CODING_GZIP };

#define FSRV__N_CODINGS 3

/* The longest ending, with its terminator. */
#define FSRV__CODING_ENDING_SIZE 5

/* The name in Content-Encoding: "br" (RFC 7932), "zstd" (RFC 8878), "gzip" (RFC 1952). */
const char *fsrv__coding_name(enum fsrv__coding coding);

/* The ending of the names of files in that coding: ".br", ".zst", ".gz". */
const char *fsrv__coding_ending(enum fsrv__coding coding);

/* The coding whose ending a file name has, in lower case and behind something else; -1 when there is none. */
int fsrv__coding_of_file(const char *name);

#endif
