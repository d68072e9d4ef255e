/* A client chooses the hosts that are refused, so only a few of them are remembered, and only those are
 * logged. */
#include "mhd/allowed_hosts.h"

#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

#include "http/hash.h"

/* So many refused hosts are logged. */
#define MAX_LOGGED 16

struct fsrv__allowed_hosts {
	struct fsrv__allocator allocator;
	struct fsrv__log log;
	const char *owner;                        /* of the option, for the log */
	struct fsrv__host_list list;              /* behind the struct, in the same block */
	struct fsrv__text expected;               /* an allowed host; NULL in at: none */
	atomic_uint_least64_t logged[MAX_LOGGED]; /* hashes; 0: free */
};

bool fsrv__allowed_hosts_new(const struct fsrv__allocator *allocator, const struct fsrv__log *log,
			     const struct fsrv__host_list *list, const char *owner,
			     struct fsrv__allowed_hosts **out)
{
	size_t size = sizeof(**out) + list->n_patterns * sizeof(char *);
	struct fsrv__allowed_hosts *hosts;
	const char **patterns;
	char *text;

	*out = NULL;
	if (fsrv__host_list_has_all(list))
		return true;
	for (size_t i = 0; i < list->n_patterns; i++)
		size += strlen(list->patterns[i]) + 1;
	hosts = fsrv__allocate(allocator, size);
	if (hosts == NULL)
		return false;
	hosts->allocator = *allocator;
	hosts->log = *log;
	hosts->owner = owner;
	hosts->expected = (struct fsrv__text){NULL, 0};
	for (int i = 0; i < MAX_LOGGED; i++)
		atomic_init(&hosts->logged[i], 0);
	patterns = (const char **)(hosts + 1);
	text = (char *)(patterns + list->n_patterns);
	for (size_t i = 0; i < list->n_patterns; i++) {
		size_t length = strlen(list->patterns[i]) + 1;

		patterns[i] = memcpy(text, list->patterns[i], length);
		text += length;
	}
	hosts->list = (struct fsrv__host_list){patterns, list->n_patterns};
	*out = hosts;
	return true;
}

void fsrv__allowed_hosts_free(struct fsrv__allowed_hosts *hosts)
{
	struct fsrv__allocator allocator;

	if (hosts == NULL)
		return;
	allocator = hosts->allocator;
	fsrv__release(&allocator, hosts);
}

/* Whether a host is to be logged: it is new, and there is room to remember it. *is_last tells whether that
 * was the last room. */
static bool remember(struct fsrv__allowed_hosts *hosts, uint64_t hash, bool *is_last)
{
	for (int i = 0; i < MAX_LOGGED; i++) {
		uint_least64_t known = 0;

		*is_last = i == MAX_LOGGED - 1;
		if (atomic_compare_exchange_strong(&hosts->logged[i], &known, hash))
			return true;
		if (known == hash)
			return false;
	}
	return false;
}

static void log_refusal(struct fsrv__allowed_hosts *hosts, enum fsrv__host_verdict verdict,
			struct fsrv__text host)
{
	const char *kind = verdict == FSRV__ORIGIN_IS_REFUSED ? "from a page of" : "for";
	uint64_t start = fsrv__hash_mix(FSRV__HASH_START, verdict);
	int length = host.length < 256 ? (int)host.length : 256;
	bool is_last;

	if (!remember(hosts, fsrv__hash_bytes(start, host.at, host.length) | 1, &is_last))
		return;
	fsrv__log_line(&hosts->log,
		       "a request %s host %.*s was refused; option allowed_hosts of %s can allow it%s", kind,
		       length, host.at, hosts->owner, is_last ? "; further hosts are not logged" : "");
}

void fsrv__allowed_hosts_expect(struct fsrv__allowed_hosts *hosts, struct fsrv__text host)
{
	const struct fsrv__asker asker = {.target = {"/", 1}, .host = host};
	struct fsrv__text refused;

	if (hosts != NULL && fsrv__host_check(&hosts->list, &asker, &refused) == FSRV__HOST_IS_ALLOWED)
		hosts->expected = host;
}

/* Like MHD_lookup_connection_value the first field of a name counts. */
static enum MHD_Result read_field(void *cls, enum MHD_ValueKind kind, const char *name, size_t name_size,
				  const char *value, size_t value_size)
{
	struct fsrv__asker *asker = cls;
	struct fsrv__text *field = name_size == 4 ? &asker->host : &asker->origin;

	(void)kind;
	if ((name_size == 4 || name_size == 6) && value != NULL && field->at == NULL &&
	    fsrv__text_is((struct fsrv__text){name, name_size}, name_size == 4 ? "host" : "origin"))
		*field = (struct fsrv__text){value, value_size};
	return MHD_YES;
}

static bool is_expected(const struct fsrv__allowed_hosts *hosts, const struct fsrv__asker *asker)
{
	return hosts->expected.at != NULL && asker->host.at != NULL &&
	       asker->host.length == hosts->expected.length &&
	       memcmp(asker->host.at, hosts->expected.at, asker->host.length) == 0 &&
	       asker->origin.at == NULL && asker->target.at[0] == '/';
}

bool fsrv__allowed_hosts_admit(struct fsrv__allowed_hosts *hosts, const struct fsrv__cors *cors,
			       struct MHD_Connection *connection, const char *url)
{
	enum fsrv__host_verdict verdict;
	struct fsrv__text refused;
	struct fsrv__asker asker = {.target = {url, 0}};

	if (hosts == NULL)
		return true;
	MHD_get_connection_values_n(connection, MHD_HEADER_KIND, read_field, &asker);
	if (is_expected(hosts, &asker))
		return true;
	asker.target.length = strlen(url);
	asker.host = fsrv__text_trim(asker.host);
	asker.origin = fsrv__text_trim(asker.origin);
	verdict = fsrv__host_check(&hosts->list, &asker, &refused);
	if (verdict == FSRV__HOST_IS_ALLOWED)
		return true;
	if (verdict == FSRV__ORIGIN_IS_REFUSED && cors != NULL && fsrv__cors_allows(cors, asker.origin))
		return true;
	log_refusal(hosts, verdict, refused);
	return false;
}
