/* TLS: the options --cert and --key, two files. */
#include <stdlib.h>
#include <string.h>

#include "serve.h"

bool read_tls_files(struct settings *s)
{
	size_t length;
	char *text;

	if (s->cert == NULL && s->key == NULL)
		return true;
	if (s->key == NULL)
		return refuse("--cert %s: give its private key with --key", s->cert);
	if (s->cert == NULL)
		return refuse("--key %s: give its certificate with --cert", s->key);
	if (MHD_is_feature_supported(MHD_FEATURE_TLS) != MHD_YES)
		return refuse(
			"--cert %s: libmicrohttpd %s was built without TLS; use one that has it, or put a "
			"proxy in front",
			s->cert, MHD_get_version());
	if (!read_file("cert", s->cert, &text, &length))
		return false;
	s->server.tls_certificate = text;
	if (!read_file("key", s->key, &text, &length))
		return false;
	s->server.tls_key = text;
	return true;
}

/* The key does not stay in memory for longer than it is needed. */
void forget_tls_files(struct settings *s)
{
	char *key = (char *)(uintptr_t)s->server.tls_key;

	free((void *)(uintptr_t)s->server.tls_certificate);
	if (key != NULL)
		explicit_bzero(key, strlen(key));
	free(key);
	s->server.tls_certificate = s->server.tls_key = NULL;
}
