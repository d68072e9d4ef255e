/* Bytes: what they are, and searches for one. Within tags a byte that is looked for is most often near,
 * and a call of memchr costs more than the search; so 16 or 8 bytes are looked at together. No function
 * here knows what a tag is, and none may read at or behind end. */
#ifndef FSRV__HTML_BYTES_H
#define FSRV__HTML_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* ASCII whitespace of the standard. */
static inline bool fsrv__is_whitespace(uint8_t byte)
{
	return byte == ' ' || byte == '\n' || byte == '\t' || byte == '\r' || byte == '\f';
}

static inline bool fsrv__is_letter(uint8_t byte)
{
	return (uint8_t)((byte | 0x20) - 'a') < 26;
}

static inline uint8_t fsrv__lowercase(uint8_t byte)
{
	return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte | 0x20) : byte;
}

static inline const uint8_t *fsrv__find_byte(const uint8_t *at, const uint8_t *end, uint8_t byte)
{
	const uint8_t *found = memchr(at, byte, (size_t)(end - at));

	return found != NULL ? found : end;
}

/* Finds the first "<", or the last of a run of them, which alone can begin something; end if there is
 * none. One search per byte of a run would be the slowest way through it. */
static inline const uint8_t *fsrv__find_last_less_than(const uint8_t *at, const uint8_t *end)
{
	const uint8_t *less = memchr(at, '<', (size_t)(end - at));

	if (less == NULL)
		return end;
	while (less + 1 < end && less[1] == '<')
		less++;
	return less;
}

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define FSRV__HAS_WORDS    1
#define FSRV__ALL_BYTES(b) (UINT64_C(0x0101010101010101) * (b))

static inline uint64_t fsrv__load_word(const uint8_t *at)
{
	uint64_t word;

	memcpy(&word, at, sizeof(word));
	return word;
}
#else
#define FSRV__HAS_WORDS 0
#endif

#ifdef __SSE2__
static inline __m128i fsrv__load_16(const uint8_t *at)
{
	return _mm_loadu_si128((const __m128i *)(const void *)at);
}

/* A bit for each byte of 16 that equals byte. */
static inline unsigned fsrv__equal_16(const uint8_t *at, uint8_t byte)
{
	return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(fsrv__load_16(at), _mm_set1_epi8((char)byte)));
}

/* As fsrv__find_byte, where the byte is most often near. */
static inline const uint8_t *fsrv__find_near(const uint8_t *at, const uint8_t *end, uint8_t byte)
{
	if (end - at >= 32) {
		unsigned marks = fsrv__equal_16(at, byte) | fsrv__equal_16(at + 16, byte) << 16;

		if (marks != 0)
			return at + __builtin_ctz(marks);
		at += 32;
	}
	return fsrv__find_byte(at, end, byte);
}

/* Number of letters and digits that eight bytes begin with. */
static inline unsigned fsrv__alphanumeric_length(uint64_t word)
{
	__m128i bytes = _mm_cvtsi64_si128((long long)(word | FSRV__ALL_BYTES(0x20)));
	__m128i letters = _mm_sub_epi8(bytes, _mm_set1_epi8('a'));
	__m128i digits = _mm_sub_epi8(_mm_cvtsi64_si128((long long)word), _mm_set1_epi8('0'));

	letters = _mm_cmpeq_epi8(_mm_min_epu8(letters, _mm_set1_epi8(25)), letters);
	digits = _mm_cmpeq_epi8(_mm_min_epu8(digits, _mm_set1_epi8(9)), digits);
	return (unsigned)__builtin_ctz(~((unsigned)_mm_movemask_epi8(_mm_or_si128(letters, digits)) & 0xFF));
}

/* Number of bytes before the first that may end the name of an attribute; 16 bytes must be there. */
static inline unsigned fsrv__attribute_name_length(const uint8_t *at)
{
	__m128i bytes = fsrv__load_16(at);
	__m128i low = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(',')), bytes);
	__m128i slash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('/'));
	/* "<", "=", ">" and "?" */
	__m128i sign = _mm_cmpeq_epi8(_mm_or_si128(bytes, _mm_set1_epi8(3)), _mm_set1_epi8('?'));
	__m128i stops = _mm_or_si128(_mm_or_si128(low, slash), sign);

	return (unsigned)__builtin_ctz((unsigned)_mm_movemask_epi8(stops) | 1U << 15);
}
#elif FSRV__HAS_WORDS
/* Marks the lowest byte of word that equals byte with its high bit; those above it may be wrong. */
static inline uint64_t fsrv__equal_bytes(uint64_t word, uint8_t byte)
{
	uint64_t difference = word ^ FSRV__ALL_BYTES(byte);

	return (difference - FSRV__ALL_BYTES(1)) & ~difference & FSRV__ALL_BYTES(0x80);
}

/* As fsrv__find_byte, where the byte is most often near. */
static inline const uint8_t *fsrv__find_near(const uint8_t *at, const uint8_t *end, uint8_t byte)
{
	for (int i = 0; i < 2 && end - at >= 8; i++, at += 8) {
		uint64_t marks = fsrv__equal_bytes(fsrv__load_word(at), byte);

		if (marks != 0)
			return at + __builtin_ctzll(marks) / 8;
	}
	return fsrv__find_byte(at, end, byte);
}

/* Number of letters that eight bytes begin with. */
static inline unsigned fsrv__alphanumeric_length(uint64_t word)
{
	uint64_t lower = (word & FSRV__ALL_BYTES(0x7F)) | FSRV__ALL_BYTES(0x20);
	uint64_t letters = (lower + FSRV__ALL_BYTES(0x80 - 'a')) & ~(lower + FSRV__ALL_BYTES(0x7F - 'z'));
	uint64_t others = ~(letters & ~word) & FSRV__ALL_BYTES(0x80);

	return others != 0 ? (unsigned)__builtin_ctzll(others) / 8 : 8;
}
#else
#define fsrv__find_near fsrv__find_byte
#endif

#ifndef __SSE2__
static inline unsigned fsrv__attribute_name_length(const uint8_t *at)
{
	unsigned length = 0;

	while (length < 15 && (fsrv__is_letter(at[length]) || at[length] == '-'))
		length++;
	return length;
}
#endif

#endif
