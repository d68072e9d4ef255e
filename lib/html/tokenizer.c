/* The states of data and of tags.
 *
 * Every reader takes the bytes from at to end, at least one, and returns the first that it leaves to the
 * state it has set. None looks back before at: what earlier bytes mean is in the scanner. Where one state
 * nearly always follows another its reader is called at once, which saves a jump that the processor
 * cannot predict. WHATWG HTML, 13.2.5.1, 13.2.5.6 to 13.2.5.8 and 13.2.5.32 to 13.2.5.40. */
#include "html/tokenizer.h"

#include "html/byte_order_mark.h"
#include "html/bytes.h"
#include "html/characters.h"
#include "html/comments.h"
#include "html/markers.h"
#include "html/raw_text.h"
#include "html/tree.h"

/* The ">" of a tag was read; at is the byte after it. */
static const uint8_t *emit_tag(struct fsrv__scanner *s, const uint8_t *at)
{
	if (s->attributes.element != FSRV__ATTRIBUTES_UNREAD)
		fsrv__attributes_finish(&s->attributes);
	s->state = FSRV__STATE_DATA;
	if (s->is_end_tag)
		fsrv__tree_end_tag(s, at);
	else
		fsrv__tree_start_tag(s, at);
	return at;
}

/* Begins a name with any byte, even "=". */
static const uint8_t *begin_attribute(struct fsrv__scanner *s, const uint8_t *at)
{
	s->is_self_closing = false;
	if (s->attributes.element != FSRV__ATTRIBUTES_UNREAD) {
		fsrv__attributes_finish(&s->attributes);
		fsrv__attributes_add_name(&s->attributes, at, at + 1);
	}
	s->state = FSRV__STATE_ATTRIBUTE_NAME;
	return at + 1;
}

/* Skips name="value" after one space, any number of times, where all of it is there. */
static inline const uint8_t *skip_attributes(const uint8_t *at, const uint8_t *end)
{
	while (end - at >= 20 && *at == ' ') {
		unsigned length = fsrv__attribute_name_length(at + 1);
		const uint8_t *sign = at + 1 + length, *stop;

		if (length == 0 || sign[0] != '=' || (sign[1] != '"' && sign[1] != '\''))
			break;
		stop = fsrv__find_near(sign + 2, end, sign[1]);
		if (stop == end)
			break;
		at = stop + 1;
	}
	return at;
}

static const uint8_t *read_before_attribute_name(struct fsrv__scanner *s, const uint8_t *at,
						 const uint8_t *end)
{
	if (s->attributes.element == FSRV__ATTRIBUTES_UNREAD) {
		const uint8_t *from = at;

		at = skip_attributes(at, end);
		s->is_self_closing = s->is_self_closing && at == from;
	}
	for (; at < end; at++) {
		if (fsrv__is_whitespace(*at)) {
			s->is_self_closing = false;
		} else if (*at == '/') {
			s->is_self_closing = true;
		} else if (*at == '>') {
			return emit_tag(s, at + 1);
		} else {
			return begin_attribute(s, at);
		}
	}
	return at;
}

static void finish_tag_name(struct fsrv__scanner *s)
{
	s->tag = fsrv__tag_find(s->tag_key);
	s->state = FSRV__STATE_BEFORE_ATTRIBUTE_NAME;
	s->attributes.element = FSRV__ATTRIBUTES_UNREAD;
	s->attributes.found = 0;
	if (s->is_end_tag || s->tag->id == FSRV__TAG_OTHER)
		return;
	fsrv__attributes_begin(&s->attributes, s->tag, fsrv__stack_current_node_is_foreign(&s->stack),
			       s->is_frameset_ok);
	s->searches_markers = s->tag->id == FSRV__TAG_SCRIPT && s->options.n_markers > 0;
	s->has_marker = false;
}

static const uint8_t *read_tag_name(struct fsrv__scanner *s, const uint8_t *at, const uint8_t *end)
{
	uint64_t key = s->tag_key;
	uint8_t byte;

#if FSRV__HAS_WORDS
	if (s->name_length == 0 && end - at >= 9) {
		unsigned length = fsrv__tag_read_short_name(at, &s->tag_key);

		if (length > 0) {
			finish_tag_name(s);
			return read_before_attribute_name(s, at + length, end);
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
	s->tag_key = key;
	if (at == end)
		return end;
	finish_tag_name(s);
	return read_before_attribute_name(s, at, end);
}

static const uint8_t *begin_tag_name(struct fsrv__scanner *s, const uint8_t *at, const uint8_t *end,
				     bool is_end_tag)
{
	s->is_end_tag = is_end_tag;
	s->is_self_closing = false;
	s->tag_key = 0;
	s->name_length = 0;
	s->state = FSRV__STATE_TAG_NAME;
	return read_tag_name(s, at, end);
}

static const uint8_t *read_end_tag_open(struct fsrv__scanner *s, const uint8_t *at, const uint8_t *end)
{
	if (fsrv__is_letter(*at))
		return begin_tag_name(s, at, end, true);
	s->state = *at == '>' ? FSRV__STATE_DATA : FSRV__STATE_BOGUS_COMMENT;
	return *at == '>' ? at + 1 : at;
}

static void begin_tag_open(struct fsrv__scanner *s, const uint8_t *less)
{
	s->tag_start = fsrv__offset(s, less);
	s->state = FSRV__STATE_TAG_OPEN;
	s->carried_length = 0;
}

static const uint8_t *read_tag_open(struct fsrv__scanner *s, const uint8_t *at, const uint8_t *end)
{
	if (fsrv__is_letter(*at))
		return begin_tag_name(s, at, end, false);
	switch (*at) {
	case '/':
		s->state = FSRV__STATE_END_TAG_OPEN;
		return at + 1 < end ? read_end_tag_open(s, at + 1, end) : end;
	case '!':
		s->state = FSRV__STATE_MARKUP_DECLARATION_OPEN;
		s->matched = 0;
		return at + 1;
	case '?':
		s->state = FSRV__STATE_BOGUS_COMMENT;
		return at + 1;
	case '<':
		fsrv__tree_characters(s, s->tag_start, false);
		at = fsrv__find_last_less_than(at, end);
		begin_tag_open(s, at);
		s->preceding = FSRV__PRECEDING_LESS_THAN;
		return at + 1;
	default:
		fsrv__tree_characters(s, s->tag_start, false);
		s->state = FSRV__STATE_DATA;
		return at;
	}
}

#if FSRV__HAS_WORDS
/* start: "<" of the start tag, NULL for an end tag. */
static inline void change_stack(struct fsrv__scanner *s, uint64_t key, const struct fsrv__tag *tag,
				const uint8_t *start)
{
	if (fsrv__stack_current_node_is_foreign(&s->stack))
		fsrv__stack_leave_foreign(&s->stack);
	if (start == NULL)
		fsrv__stack_close(&s->stack, key, tag);
	else if (tag->id == FSRV__TAG_SVG || tag->id == FSRV__TAG_MATH)
		fsrv__stack_open_foreign_root(&s->stack, key, tag, fsrv__offset(s, start));
	else
		fsrv__stack_open(&s->stack, key, tag, 0);
}

/* True when a tag changes just the stack of open elements, where s->allows_stack_only_tags holds. In foreign
 * content only breakout start tags (13.2.6.5) are such.
 *
 * For tags that come to the tree changes_stack_only (tree.c) decides alike. The two need not accept the same
 * tags, but each must accept only those that the other rules of the tree would answer with the same change
 * of the stack and nothing else: where chunks are cut decides which way a tag takes, and must not decide the
 * result. */
static inline bool is_stack_only(const struct fsrv__scanner *s, const struct fsrv__tag *tag, bool is_end_tag)
{
	unsigned others = FSRV__TAG_RAW_TEXT | FSRV__TAG_NOT_STACK_ONLY |
			  (s->is_frameset_ok ? FSRV__TAG_FRAMESET_NOT_OK : 0U);

	return !(tag->flags & others) && (!fsrv__stack_current_node_is_foreign(&s->stack) ||
					  (!is_end_tag && (tag->flags & FSRV__TAG_BREAKOUT)));
}

#define STACK_ONLY_ROOM 12 /* "</", a short name and what ends it */

/* Reads a whole tag that changes nothing but the stack of open elements, as nearly all in a body do; the
 * tree is not asked. Returns NULL, and changes nothing, when it is another or not all of it is there.
 * STACK_ONLY_ROOM bytes must be there. */
static const uint8_t *read_stack_only_tag(struct fsrv__scanner *s, const uint8_t *less, const uint8_t *end)
{
	bool is_end_tag = less[1] == '/';
	const uint8_t *at = less + 1 + is_end_tag;
	const struct fsrv__tag *tag;
	uint64_t key;
	unsigned length;

	if (!fsrv__is_letter(*at) || (length = fsrv__tag_read_short_name(at, &key)) == 0)
		return NULL;
	tag = fsrv__tag_find(key);
	if (!is_stack_only(s, tag, is_end_tag))
		return NULL;
	at += length;
	if (*at != '>') {
		at = skip_attributes(at, end);
		if (at == end || *at != '>')
			return NULL;
	}
	change_stack(s, key, tag, is_end_tag ? NULL : less);
	s->is_done = s->stack.is_too_deep;
	return at + 1;
}
#endif

static const uint8_t *read_data(struct fsrv__scanner *s, const uint8_t *at, const uint8_t *end)
{
	const uint8_t *less = fsrv__find_near(at, end, '<');

	if (s->does_text_matter)
		fsrv__characters_read(s, at, less);
	if (s->options.n_markers > 0)
		fsrv__markers_note_text(s, at, less, less < end);
	if (less < end && s->does_text_matter)
		fsrv__characters_end(s);
	if (less == end || s->is_done)
		return less;
#if FSRV__HAS_WORDS
	if (s->allows_stack_only_tags && end - less >= STACK_ONLY_ROOM) {
		const uint8_t *after = read_stack_only_tag(s, less, end);

		if (after != NULL)
			return after;
	}
#endif
	begin_tag_open(s, less);
	return less + 1 < end ? read_tag_open(s, less + 1, end) : end;
}

static const uint8_t *read_attribute_name(struct fsrv__scanner *s, const uint8_t *at, const uint8_t *end)
{
	const uint8_t *from = at;

	while (at < end && fsrv__name_byte[*at] != 0 && *at != '=')
		at++;
	if (s->attributes.element != FSRV__ATTRIBUTES_UNREAD)
		fsrv__attributes_add_name(&s->attributes, from, at);
	if (at == end)
		return at;
	s->state = *at == '=' ? FSRV__STATE_BEFORE_ATTRIBUTE_VALUE : FSRV__STATE_AFTER_ATTRIBUTE_NAME;
	return *at == '=' ? at + 1 : at;
}

static const uint8_t *read_after_attribute_name(struct fsrv__scanner *s, const uint8_t *at,
						const uint8_t *end)
{
	while (at < end && fsrv__is_whitespace(*at))
		at++;
	if (at == end)
		return at;
	s->state = *at == '=' ? FSRV__STATE_BEFORE_ATTRIBUTE_VALUE : FSRV__STATE_BEFORE_ATTRIBUTE_NAME;
	return *at == '=' ? at + 1 : at;
}

static const uint8_t *read_before_attribute_value(struct fsrv__scanner *s, const uint8_t *at,
						  const uint8_t *end)
{
	while (at < end && fsrv__is_whitespace(*at))
		at++;
	if (at == end)
		return at;
	s->attributes.value_offset = fsrv__offset(s, at) + (*at == '"' || *at == '\'');
	switch (*at) {
	case '"':
		s->state = FSRV__STATE_ATTRIBUTE_VALUE_DOUBLE_QUOTED;
		return at + 1;
	case '\'':
		s->state = FSRV__STATE_ATTRIBUTE_VALUE_SINGLE_QUOTED;
		return at + 1;
	case '>':
		s->state = FSRV__STATE_BEFORE_ATTRIBUTE_NAME;
		return at;
	default:
		s->state = FSRV__STATE_ATTRIBUTE_VALUE_UNQUOTED;
		return at;
	}
}

static const uint8_t *read_quoted_value(struct fsrv__scanner *s, const uint8_t *at, const uint8_t *end,
					uint8_t quote)
{
	const uint8_t *stop = fsrv__find_near(at, end, quote);

	if (s->attributes.element != FSRV__ATTRIBUTES_UNREAD)
		fsrv__attributes_add_value(&s->attributes, at, stop);
	if (stop == end)
		return end;
	s->state = FSRV__STATE_BEFORE_ATTRIBUTE_NAME;
	return stop + 1;
}

static const uint8_t *read_unquoted_value(struct fsrv__scanner *s, const uint8_t *at, const uint8_t *end)
{
	const uint8_t *from = at;

	while (at < end && (fsrv__name_byte[*at] != 0 || *at == '/'))
		at++;
	if (s->attributes.element != FSRV__ATTRIBUTES_UNREAD)
		fsrv__attributes_add_value(&s->attributes, from, at);
	if (at < end)
		s->state = FSRV__STATE_BEFORE_ATTRIBUTE_NAME;
	return at;
}

static const uint8_t *read_other(struct fsrv__scanner *s, const uint8_t *at, const uint8_t *end)
{
	switch ((enum fsrv__tokenizer_state)s->state) {
	case FSRV__STATE_TAG_NAME:
		return read_tag_name(s, at, end);
	case FSRV__STATE_BEFORE_ATTRIBUTE_NAME:
		return read_before_attribute_name(s, at, end);
	case FSRV__STATE_ATTRIBUTE_NAME:
		return read_attribute_name(s, at, end);
	case FSRV__STATE_AFTER_ATTRIBUTE_NAME:
		return read_after_attribute_name(s, at, end);
	case FSRV__STATE_BEFORE_ATTRIBUTE_VALUE:
		return read_before_attribute_value(s, at, end);
	case FSRV__STATE_ATTRIBUTE_VALUE_DOUBLE_QUOTED:
		return read_quoted_value(s, at, end, '"');
	case FSRV__STATE_ATTRIBUTE_VALUE_SINGLE_QUOTED:
		return read_quoted_value(s, at, end, '\'');
	case FSRV__STATE_ATTRIBUTE_VALUE_UNQUOTED:
		return read_unquoted_value(s, at, end);
	case FSRV__STATE_RAW_TEXT:
	case FSRV__STATE_SCRIPT_DATA:
	case FSRV__STATE_PLAINTEXT:
		return fsrv__raw_text_read(s, at, end);
	case FSRV__STATE_BYTE_ORDER_MARK:
		return fsrv__byte_order_mark_read(s, at);
	default:
		return fsrv__comments_read(s, at, end);
	}
}

void fsrv__tokenizer_read(struct fsrv__scanner *s, const uint8_t *at, const uint8_t *end)
{
	while (at < end && !s->is_done) {
		switch ((enum fsrv__tokenizer_state)s->state) {
		case FSRV__STATE_DATA:
			at = read_data(s, at, end);
			break;
		case FSRV__STATE_TAG_OPEN:
			at = read_tag_open(s, at, end);
			break;
		case FSRV__STATE_END_TAG_OPEN:
			at = read_end_tag_open(s, at, end);
			break;
		default:
			at = read_other(s, at, end);
			break;
		}
	}
}

void fsrv__tokenizer_end(struct fsrv__scanner *s)
{
	switch ((enum fsrv__tokenizer_state)s->state) {
	case FSRV__STATE_BYTE_ORDER_MARK:
		if (s->matched > 0)
			fsrv__tree_characters(s, 0, false);
		break;
	case FSRV__STATE_DATA:
		fsrv__characters_end(s);
		break;
	case FSRV__STATE_TAG_OPEN:
	case FSRV__STATE_END_TAG_OPEN:
		fsrv__tree_characters(s, s->tag_start, false);
		break;
	default:
		break;
	}
}
