/* A tag is a hash of facts, never of times alone. It is weak while a further change could leave the
 * facts as they are. */
#include "http/validators.h"

#include <string.h>

#include "http/etag.h"
#include "http/hash.h"

static uint64_t mix_time(uint64_t hash, struct fsrv__time time)
{
	return fsrv__hash_mix(fsrv__hash_mix(hash, (uint64_t)time.seconds), time.nanoseconds);
}

static uint64_t hash_identity(const struct fsrv__identity *identity, enum fsrv__etag_source source)
{
	uint64_t hash = mix_time(fsrv__hash_mix(FSRV__HASH_START, identity->size), identity->modified);

	if (source == FSRV__ETAG_LOCAL)
		hash = mix_time(fsrv__hash_mix(hash, identity->inode), identity->changed);
	return hash;
}

/* The clocks of file systems tick in steps of up to 2 s (FAT). Two writes within one step leave the same
 * times behind. */
static bool is_recent(struct fsrv__time time, struct fsrv__time now)
{
	int64_t age;

	/* Some file systems keep any 64-bit time, so the difference may not fit. */
	if (time.seconds < now.seconds - 3 || time.seconds > now.seconds + 3)
		return false;
	age = (now.seconds - time.seconds) * 1000000000 + now.nanoseconds - (int64_t)time.nanoseconds;
	return age < INT64_C(2000000000) && age > INT64_C(-2000000000);
}

static void write_hex(uint64_t number, char out[16])
{
	for (int i = 15; i >= 0; i--, number >>= 4)
		out[i] = "0123456789abcdef"[number & 15];
}

static void make_etag(struct fsrv__text opaque, struct fsrv__validators *validators)
{
	char *out = validators->etag;

	if (!validators->strong) {
		memcpy(out, "W/", 2);
		out += 2;
	}
	*out++ = '"';
	memcpy(out, opaque.at, opaque.length);
	out += opaque.length;
	*out++ = '"';
	*out = '\0';
	validators->etag_length = (size_t)(out - validators->etag);
}

bool fsrv__identity_is_settled(const struct fsrv__identity *identity, struct fsrv__time now)
{
	return !is_recent(identity->modified, now) && !is_recent(identity->changed, now);
}

void fsrv__validators_make(const struct fsrv__identity *identity, struct fsrv__time now,
			   enum fsrv__etag_source source, struct fsrv__text opaque,
			   struct fsrv__validators *validators)
{
	char hash[16];

	validators->strong = fsrv__identity_is_settled(identity, now);
	if (opaque.at == NULL) {
		write_hex(hash_identity(identity, source), hash);
		opaque = (struct fsrv__text){hash, sizeof(hash)};
	}
	make_etag(opaque, validators);
	/* Reproducible builds and images set the time 0 or 1: a date that all versions share is worse than
	 * none. A date in the future is replaced by now (RFC 9110, 8.8.2.1). */
	validators->modified =
		identity->modified.seconds < now.seconds ? identity->modified.seconds : now.seconds;
	validators->has_date = validators->modified > 1 &&
			       fsrv__httpdate_format(validators->modified, validators->last_modified);
}

void fsrv__validators_combine(struct fsrv__validators *validators, uint64_t hash, int64_t time, int64_t now)
{
	char *out = validators->etag + validators->etag_length - 1;

	*out++ = '-';
	write_hex(hash, out);
	memcpy(out + 16, "\"", 2);
	validators->etag_length += 17;
	validators->has_date = validators->has_date && time < now;
	if (validators->has_date && time > validators->modified) {
		validators->modified = time;
		fsrv__httpdate_format(time, validators->last_modified);
	}
}

bool fsrv__validators_accept_opaque(struct fsrv__text opaque)
{
	char tag[FSRV__ETAG_SIZE];

	if (opaque.length > FSRV__ETAG_OPAQUE_MAX)
		return false;
	tag[0] = '"';
	memcpy(tag + 1, opaque.at, opaque.length);
	tag[opaque.length + 1] = '"';
	return fsrv__etag_is_valid((struct fsrv__text){tag, opaque.length + 2});
}
