#include "core/htmlscan.h"

#include <string.h>

/* Every reader below takes the bytes from at to end, at least one, and returns the first that it leaves
 * to the state it has set. None looks back before at: what earlier bytes mean is in the scanner. Where
 * one state nearly always follows another its reader is called at once, which saves a jump that the
 * processor can't predict. */

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define HAS_WORDS       1
#define ALL_BYTES(byte) ((uint64_t)(byte)*UINT64_C(0x0101010101010101))

/* Marks the lowest byte of word that equals byte with its high bit; those above it may be wrong. */
static uint64_t equal_bytes(uint64_t word, uint8_t byte)
{
	uint64_t difference = word ^ ALL_BYTES(byte);

	return (difference - ALL_BYTES(1)) & ~difference & ALL_BYTES(0x80);
}

static uint64_t load_word(const uint8_t *at)
{
	uint64_t word;

	memcpy(&word, at, sizeof(word));
	return word;
}

static unsigned first_byte(uint64_t marks)
{
	return (unsigned)__builtin_ctzll(marks) / 8;
}

/* As fsrv__find_byte, where the byte is most often near. */
static const uint8_t *find_near(const uint8_t *at, const uint8_t *end, uint8_t byte)
{
	if (end - at >= 16) {
		uint64_t low = equal_bytes(load_word(at), byte), high = equal_bytes(load_word(at + 8), byte);

		if (low != 0)
			return at + first_byte(low);
		if (high != 0)
			return at + 8 + first_byte(high);
		at += 16;
	}
	return fsrv__find_byte(at, end, byte);
}
#else
#define HAS_WORDS 0
#define find_near fsrv__find_byte
#endif

/* The ">" of a tag was read; at is the byte after it. */
static const uint8_t *finish_tag(struct fsrv__scanner *s, const uint8_t *at)
{
	if (s->attributes.watch != FSRV__WATCH_NOTHING)
		fsrv__attributes_flush(&s->attributes);
	s->state = FSRV__STATE_TEXT;
	if (s->is_end_tag)
		fsrv__tree_end_tag(s, at);
	else
		fsrv__tree_start_tag(s, at);
	return at;
}

/* Skips name="value" where all of it is there and nobody wants to know; gives NULL otherwise. */
static const uint8_t *skip_attribute(const uint8_t *at, const uint8_t *end)
{
	const uint8_t *name = at;

	while (at < end && fsrv__is_letter(*at))
		at++;
	if (at == name || end - at < 3 || at[0] != '=' || at[1] != '"')
		return NULL;
	at = find_near(at + 2, end, '"');
	return at < end ? at + 1 : NULL;
}

/* Even "=" begins a name here. */
static const uint8_t *begin_attribute(struct fsrv__scanner *s, const uint8_t *at, const uint8_t *end)
{
	s->slash = false;
	if (s->attributes.watch == FSRV__WATCH_NOTHING) {
		const uint8_t *after = skip_attribute(at, end);

		if (after != NULL)
			return after;
	} else {
		fsrv__attributes_flush(&s->attributes);
		fsrv__attributes_name(&s->attributes, at, at + 1);
	}
	s->state = FSRV__STATE_NAME;
	return at + 1;
}

static const uint8_t *read_before_name(struct fsrv__scanner *s, const uint8_t *at, const uint8_t *end)
{
	for (; at < end; at++) {
		if (fsrv__is_space(*at)) {
			s->slash = false;
		} else if (*at == '/') {
			s->slash = true;
		} else if (*at == '>') {
			return finish_tag(s, at + 1);
		} else {
			return begin_attribute(s, at, end);
		}
	}
	return at;
}

static void finish_name(struct fsrv__scanner *s)
{
	s->tag = fsrv__tag_find(s->key);
	s->state = FSRV__STATE_BEFORE_NAME;
	s->attributes.watch = FSRV__WATCH_NOTHING;
	s->attributes.said = 0;
	if (s->is_end_tag || s->tag->id == FSRV__TAG_OTHER)
		return;
	fsrv__attributes_begin(s);
	s->in_script = s->tag->id == FSRV__TAG_SCRIPT && s->options.n_markers > 0;
	s->has_marker = false;
}

#if HAS_WORDS
/* Marks the letters of a word by their high bits. */
static uint64_t letters_of(uint64_t word)
{
	uint64_t lower = (word & ALL_BYTES(0x7F)) | ALL_BYTES(0x20);

	return (lower + ALL_BYTES(0x80 - 'a')) & ~(lower + ALL_BYTES(0x7F - 'z')) & ~word & ALL_BYTES(0x80);
}

/* Reads a name of up to seven letters at once; gives 0 when it is longer or has other bytes in it. */
static unsigned read_short_name(const uint8_t *at, uint64_t *key)
{
	uint64_t word = load_word(at);
	uint64_t others = ~letters_of(word) & ALL_BYTES(0x80);
	unsigned length = others != 0 ? first_byte(others) : 0;

	if (length == 0 || fsrv__name_byte[at[length]] != 0)
		return 0;
	*key = (__builtin_bswap64(word) | ALL_BYTES(0x20)) >> (64 - 8 * length);
	return length;
}
#endif

static const uint8_t *read_tag_name(struct fsrv__scanner *s, const uint8_t *at, const uint8_t *end)
{
	uint64_t key = s->key;
	uint8_t byte;

#if HAS_WORDS
	if (s->name_length == 0 && end - at >= 9) {
		unsigned length = read_short_name(at, &s->key);

		if (length > 0) {
			finish_name(s);
			return read_before_name(s, at + length, end);
		}
	}
#endif
	for (; at < end && s->name_length < 8; at++, s->name_length++) {
		byte = fsrv__name_byte[*at];
		if (byte == 0)
			break;
		key = key << 8 | byte;
	}
	for (; at < end && (byte = fsrv__name_byte[*at]) != 0; at++)
		key = FSRV__KEY_ADD(key, byte);
	s->key = key;
	if (at == end)
		return end;
	finish_name(s);
	return read_before_name(s, at, end);
}

static const uint8_t *begin_name(struct fsrv__scanner *s, const uint8_t *at, const uint8_t *end,
				 bool is_end_tag)
{
	s->is_end_tag = is_end_tag;
	s->slash = false;
	s->key = 0;
	s->name_length = 0;
	s->state = FSRV__STATE_TAG_NAME;
	return read_tag_name(s, at, end);
}

static const uint8_t *read_end_tag_open(struct fsrv__scanner *s, const uint8_t *at, const uint8_t *end)
{
	if (fsrv__is_letter(*at))
		return begin_name(s, at, end, true);
	s->state = *at == '>' ? FSRV__STATE_TEXT : FSRV__STATE_BOGUS_COMMENT;
	return *at == '>' ? at + 1 : at;
}

static void begin_markup(struct fsrv__scanner *s, const uint8_t *less)
{
	s->tag_start = fsrv__offset(s, less);
	s->state = FSRV__STATE_TAG_OPEN;
	s->tail_length = 0;
}

static const uint8_t *read_tag_open(struct fsrv__scanner *s, const uint8_t *at, const uint8_t *end)
{
	if (fsrv__is_letter(*at))
		return begin_name(s, at, end, false);
	switch (*at) {
	case '/':
		s->state = FSRV__STATE_END_TAG_OPEN;
		return at + 1 < end ? read_end_tag_open(s, at + 1, end) : end;
	case '!':
		s->state = FSRV__STATE_DECLARATION;
		s->matched = 0;
		s->last_bytes = 0;
		return at + 1;
	case '?':
		s->state = FSRV__STATE_BOGUS_COMMENT;
		return at + 1;
	case '<':
		fsrv__tree_text(s, s->tag_start, false);
		at = fsrv__find_last_less(at, end);
		begin_markup(s, at);
		s->before = FSRV__JOINT_LESS;
		return at + 1;
	default:
		fsrv__tree_text(s, s->tag_start, false);
		s->state = FSRV__STATE_TEXT;
		return at;
	}
}

static const uint8_t *read_text(struct fsrv__scanner *s, const uint8_t *at, const uint8_t *end)
{
	const uint8_t *less = find_near(at, end, '<');

	if (s->does_text_matter)
		fsrv__text_scan(s, at, less);
	if (s->options.n_markers > 0)
		fsrv__marks_text(s, at, less, less < end);
	if (less < end && s->does_text_matter)
		fsrv__text_end(s);
	if (less == end || s->is_done)
		return less;
	begin_markup(s, less);
	return less + 1 < end ? read_tag_open(s, less + 1, end) : end;
}

static const uint8_t *read_name(struct fsrv__scanner *s, const uint8_t *at, const uint8_t *end)
{
	const uint8_t *from = at;

	while (at < end && fsrv__name_byte[*at] != 0 && *at != '=')
		at++;
	if (s->attributes.watch != FSRV__WATCH_NOTHING)
		fsrv__attributes_name(&s->attributes, from, at);
	if (at == end)
		return at;
	s->state = *at == '=' ? FSRV__STATE_BEFORE_VALUE : FSRV__STATE_AFTER_NAME;
	return *at == '=' ? at + 1 : at;
}

static const uint8_t *read_after_name(struct fsrv__scanner *s, const uint8_t *at, const uint8_t *end)
{
	while (at < end && fsrv__is_space(*at))
		at++;
	if (at == end)
		return at;
	s->state = *at == '=' ? FSRV__STATE_BEFORE_VALUE : FSRV__STATE_BEFORE_NAME;
	return *at == '=' ? at + 1 : at;
}

static const uint8_t *read_before_value(struct fsrv__scanner *s, const uint8_t *at, const uint8_t *end)
{
	while (at < end && fsrv__is_space(*at))
		at++;
	if (at == end)
		return at;
	s->attributes.value_offset = fsrv__offset(s, at) + (*at == '"' || *at == '\'');
	switch (*at) {
	case '"':
		s->state = FSRV__STATE_DOUBLE_QUOTED;
		return at + 1;
	case '\'':
		s->state = FSRV__STATE_SINGLE_QUOTED;
		return at + 1;
	case '>':
		s->state = FSRV__STATE_BEFORE_NAME;
		return at;
	default:
		s->state = FSRV__STATE_UNQUOTED;
		return at;
	}
}

static const uint8_t *read_quoted(struct fsrv__scanner *s, const uint8_t *at, const uint8_t *end,
				  uint8_t quote)
{
	const uint8_t *stop = find_near(at, end, quote);

	if (s->attributes.watch != FSRV__WATCH_NOTHING)
		fsrv__attributes_value(&s->attributes, at, stop);
	if (stop == end)
		return end;
	s->state = FSRV__STATE_BEFORE_NAME;
	return stop + 1;
}

static const uint8_t *read_unquoted(struct fsrv__scanner *s, const uint8_t *at, const uint8_t *end)
{
	const uint8_t *from = at;

	while (at < end && (fsrv__name_byte[*at] != 0 || *at == '/'))
		at++;
	if (s->attributes.watch != FSRV__WATCH_NOTHING)
		fsrv__attributes_value(&s->attributes, from, at);
	if (at < end)
		s->state = FSRV__STATE_BEFORE_NAME;
	return at;
}

static const uint8_t *read_tag(struct fsrv__scanner *s, const uint8_t *at, const uint8_t *end)
{
	switch ((enum fsrv__state)s->state) {
	case FSRV__STATE_TAG_NAME:
		return read_tag_name(s, at, end);
	case FSRV__STATE_BEFORE_NAME:
		return read_before_name(s, at, end);
	case FSRV__STATE_NAME:
		return read_name(s, at, end);
	case FSRV__STATE_AFTER_NAME:
		return read_after_name(s, at, end);
	case FSRV__STATE_BEFORE_VALUE:
		return read_before_value(s, at, end);
	case FSRV__STATE_DOUBLE_QUOTED:
		return read_quoted(s, at, end, '"');
	case FSRV__STATE_SINGLE_QUOTED:
		return read_quoted(s, at, end, '\'');
	case FSRV__STATE_UNQUOTED:
		return read_unquoted(s, at, end);
	default:
		return fsrv__passage_read(s, at, end);
	}
}

void fsrv__tokens_read(struct fsrv__scanner *s, const uint8_t *at, const uint8_t *end)
{
	while (at < end && !s->is_done) {
		switch ((enum fsrv__state)s->state) {
		case FSRV__STATE_TEXT:
			at = read_text(s, at, end);
			break;
		case FSRV__STATE_TAG_OPEN:
			at = read_tag_open(s, at, end);
			break;
		case FSRV__STATE_END_TAG_OPEN:
			at = read_end_tag_open(s, at, end);
			break;
		default:
			at = read_tag(s, at, end);
			break;
		}
	}
}
