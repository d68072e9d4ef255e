/* 64-bit hashes for entity tags, cache keys and lists of scripts. They tell versions apart; they are no
 * cryptographic hashes. */
#ifndef FSRV__HTTP_HASH_H
#define FSRV__HTTP_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define FSRV__HASH_START UINT64_C(0x9e3779b97f4a7c15)

/* The finalizer of MurmurHash3 (public domain): every input bit changes half of the output. */
static inline uint64_t fsrv__hash_mix(uint64_t hash, uint64_t value)
{
	hash ^= value;
	hash = (hash ^ (hash >> 33)) * UINT64_C(0xff51afd7ed558ccd);
	hash = (hash ^ (hash >> 33)) * UINT64_C(0xc4ceb9fe1a85ec53);
	return hash ^ (hash >> 33);
}

/* Continues a hash with bytes and their number. The result depends on the byte order of the machine. */
static inline uint64_t fsrv__hash_bytes(uint64_t hash, const void *bytes, size_t length)
{
	const char *at = bytes;
	uint64_t word;

	hash = fsrv__hash_mix(hash, length);
	for (; length >= sizeof(word); at += sizeof(word), length -= sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		hash = fsrv__hash_mix(hash, word);
	}
	word = 0;
	memcpy(&word, at, length);
	return fsrv__hash_mix(hash, word);
}

/* The hash of content, for its entity tag: the same on every machine and in every version of the library. Two
 * contents that differ in one run of up to eight bytes never have the same one, others with a probability of
 * 2^-64. */
uint64_t fsrv__hash_content(const void *bytes, size_t length);

#endif
