/* Four hashes side by side, each of every fourth word, so that no multiplication waits for the one before. */
#include "http/hash.h"

#define LANES 4

static uint64_t read_word(const unsigned char *at)
{
	uint64_t word = 0;

	for (int i = 7; i >= 0; i--)
		word = word << 8 | at[i];
	return word;
}

uint64_t fsrv__hash_content(const void *bytes, size_t length)
{
	const unsigned char *at = bytes;
	uint64_t lanes[LANES] = {FSRV__HASH_START, FSRV__HASH_START + 1, FSRV__HASH_START + 2,
				 FSRV__HASH_START + 3};
	uint64_t hash = length;
	unsigned char last[LANES * sizeof(uint64_t)] = {0};

	for (size_t n = length / sizeof(last); n > 0; n--, at += sizeof(last))
		for (int i = 0; i < LANES; i++)
			lanes[i] = fsrv__hash_mix(lanes[i], read_word(at + 8 * i));
	if (length % sizeof(last) != 0) {
		memcpy(last, at, length % sizeof(last));
		for (int i = 0; i < LANES; i++)
			lanes[i] = fsrv__hash_mix(lanes[i], read_word(last + 8 * i));
	}
	for (int i = 0; i < LANES; i++)
		hash = fsrv__hash_mix(hash, lanes[i]);
	return hash;
}
