/* A tag of bytes names them. A tag of facts is weak while a further change could leave the facts as they
 * are. */
#include "http/validators.h"

#include <string.h>

#include "http/etag.h"
#include "http/hash.h"

static uint64_t mix_time(uint64_t hash, struct fsrv__time time)
{
	return fsrv__hash_mix(fsrv__hash_mix(hash, (uint64_t)time.seconds), time.nanoseconds);
}

/* inode, device and mount tell apart what has the same times: files that were copied with their times, and
 * images that were built with constant ones. */
static uint64_t hash_identity(const struct fsrv__identity *identity, enum fsrv__etag_source source)
{
	uint64_t hash = mix_time(fsrv__hash_mix(FSRV__HASH_START, identity->size), identity->modified);

	if (source == FSRV__ETAG_REPLICA)
		return hash;
	hash = mix_time(fsrv__hash_mix(hash, identity->inode), identity->changed);
	return fsrv__hash_mix(fsrv__hash_mix(hash, identity->device), identity->mount);
}

/* The clocks of file systems tick in steps of up to 2 s (FAT). Two writes within one step leave the same
 * times behind. Some file systems keep any 64-bit time, so a difference may not fit. */
static bool is_recent(struct fsrv__time time, struct fsrv__time now)
{
	int64_t age;

	if (time.seconds < now.seconds - 3)
		return false;
	if (time.seconds > now.seconds)
		return true;
	age = (now.seconds - time.seconds) * 1000000000 + now.nanoseconds - (int64_t)time.nanoseconds;
	return age < INT64_C(2000000000);
}

/* Times that tools give to every file, so that all versions share them: 0 and 1 (OSTree, Nix, Guix,
 * SOURCE_DATE_EPOCH), the first days that a ZIP archive can hold, 1 January to 1 February 1980 in any time
 * zone (jar, Gradle), and that of npm packages. */
static bool tells_nothing(struct fsrv__time time)
{
	static const struct {
		int64_t first, last;
	} constants[] = {{INT64_MIN, 1}, {315482400, 318261600}, {499162500, 499162500}};

	for (size_t i = 0; i < sizeof(constants) / sizeof(constants[0]); i++)
		if (time.seconds >= constants[i].first && time.seconds <= constants[i].last)
			return true;
	return false;
}

static void write_hex(uint64_t number, char out[16])
{
	for (int i = 15; i >= 0; i--, number >>= 4)
		out[i] = "0123456789abcdef"[number & 15];
}

/* Whether a tag of the identity changes with the content. */
static bool identity_names_content(const struct fsrv__identity *identity,
				   const struct fsrv__tag_source *source)
{
	if (source->salt != 0)
		return true;
	return !tells_nothing(source->source == FSRV__ETAG_LOCAL ? identity->changed : identity->modified);
}

static bool is_strong(const struct fsrv__identity *identity, struct fsrv__time now,
		      const struct fsrv__tag_source *source)
{
	if (source->opaque.at == NULL && source->bytes != FSRV__BYTES_UNKNOWN)
		return source->bytes == FSRV__BYTES_HASHED;
	return fsrv__identity_is_settled(identity, now) && source->bytes != FSRV__BYTES_VOLATILE &&
	       (source->opaque.at != NULL || identity_names_content(identity, source));
}

static uint64_t add_salt(uint64_t hash, uint64_t salt)
{
	return salt != 0 ? fsrv__hash_mix(hash, salt) : hash;
}

/* Writes the opaque part of the tag; returns its end. */
static char *write_opaque(const struct fsrv__identity *identity, const struct fsrv__tag_source *source,
			  char *out)
{
	uint64_t hash = source->hash;

	if (source->opaque.at != NULL) {
		hash = add_salt(source->addition, source->salt);
		memcpy(out, source->opaque.at, source->opaque.length);
		out += source->opaque.length;
		if (hash == 0)
			return out;
		*out++ = '-';
	} else {
		if (source->bytes == FSRV__BYTES_UNKNOWN)
			hash = hash_identity(identity, source->source);
		hash = add_salt(hash, source->salt);
	}
	write_hex(hash, out);
	return out + 16;
}

static void make_etag(const struct fsrv__identity *identity, const struct fsrv__tag_source *source,
		      struct fsrv__validators *validators)
{
	char *out = validators->etag;

	if (!validators->strong) {
		memcpy(out, "W/", 2);
		out += 2;
	}
	*out++ = '"';
	out = write_opaque(identity, source, out);
	if (source->coding != NULL) {
		size_t length = strlen(source->coding);

		*out++ = '-';
		memcpy(out, source->coding, length);
		out += length;
	}
	*out++ = '"';
	*out = '\0';
	validators->etag_length = (size_t)(out - validators->etag);
}

bool fsrv__identity_is_settled(const struct fsrv__identity *identity, struct fsrv__time now)
{
	return !is_recent(identity->modified, now) && !is_recent(identity->changed, now);
}

bool fsrv__identity_is_growing(const struct fsrv__identity *identity, struct fsrv__time now, unsigned seconds)
{
	int64_t modified = identity->modified.seconds, span = seconds;

	return modified > now.seconds - span && modified < now.seconds + span;
}

void fsrv__validators_make(const struct fsrv__identity *identity, struct fsrv__time now,
			   const struct fsrv__tag_source *source, struct fsrv__validators *validators)
{
	bool is_volatile = source->bytes == FSRV__BYTES_VOLATILE;

	validators->strong = is_strong(identity, now, source);
	make_etag(identity, source, validators);
	/* A date that all versions share is worse than none. A date in the future is replaced by now (RFC
	 * 9110, 8.8.2.1). */
	validators->modified =
		identity->modified.seconds < now.seconds ? identity->modified.seconds : now.seconds;
	validators->has_date = !is_volatile && !tells_nothing(identity->modified) &&
			       fsrv__httpdate_format(validators->modified, validators->last_modified);
	validators->is_lasting = fsrv__identity_is_settled(identity, now);
	validators->has_strong_date = validators->has_date && validators->is_lasting;
}

void fsrv__validators_add_date(struct fsrv__validators *validators, int64_t time, int64_t now)
{
	validators->has_date = validators->has_date && time < now;
	validators->is_lasting = validators->is_lasting && time < now;
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
