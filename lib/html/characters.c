/* Tells characters that are white space from others. Only "&Tab;", "&NewLine;" and numbers stand for white
 * space, so no table of names is needed; any other reference is a character that is none. What is
 * reported to the tree is where such a character begins. WHATWG HTML, 13.2.5.72 to 13.2.5.80. */
#include "html/characters.h"

#include "html/bytes.h"
#include "html/tree.h"

/* Values of fsrv__character_reference.state. */
enum reference_state {
	NO_REFERENCE,
	AMPERSAND,
	NUMBER_SIGN,
	DECIMAL,
	HEXADECIMAL_SIGN,
	HEXADECIMAL,
	NAME_TAB,
	NAME_NEW_LINE
};

/* The only names that stand for white space; both need their ";". */
static const char *const names[] = {[NAME_TAB] = "Tab;", [NAME_NEW_LINE] = "NewLine;"};

#define NO_BYTE (-1) /* the text ends */

static void end_reference(struct fsrv__scanner *s, bool is_whitespace)
{
	s->reference.state = NO_REFERENCE;
	if (!is_whitespace)
		fsrv__tree_characters(s, s->reference.offset, false);
}

static void end_number(struct fsrv__scanner *s)
{
	uint32_t value = s->reference.value;

	end_reference(s, value < 128 && fsrv__is_whitespace((uint8_t)value));
}

static int digit_of(int byte, unsigned base)
{
	if (byte >= '0' && byte <= '9')
		return byte - '0';
	if (base == 16 && ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'f'))
		return (byte | 0x20) - 'a' + 10;
	return -1;
}

static bool add_digit(struct fsrv__character_reference *reference, int byte, unsigned base,
		      enum reference_state next)
{
	int digit = digit_of(byte, base);

	if (digit < 0)
		return false;
	/* what is no white space once stays so: larger numbers need not be told apart */
	reference->value =
		reference->value > 0xFFFF ? reference->value : reference->value * base + (unsigned)digit;
	reference->state = (uint8_t)next;
	return true;
}

static bool add_number_byte(struct fsrv__scanner *s, int byte)
{
	struct fsrv__character_reference *reference = &s->reference;
	bool is_decimal = reference->state == NUMBER_SIGN || reference->state == DECIMAL;
	bool has_digits = reference->state == DECIMAL || reference->state == HEXADECIMAL;

	if (reference->state == NUMBER_SIGN && (byte == 'x' || byte == 'X')) {
		reference->state = HEXADECIMAL_SIGN;
		return true;
	}
	if (add_digit(reference, byte, is_decimal ? 10 : 16, is_decimal ? DECIMAL : HEXADECIMAL))
		return true;
	if (!has_digits) {
		end_reference(s, false);
		return false;
	}
	end_number(s);
	return byte == ';';
}

static bool add_name_byte(struct fsrv__scanner *s, int byte)
{
	const char *name = names[s->reference.state];

	if (byte != name[s->reference.matched]) {
		end_reference(s, false);
		return false;
	}
	if (name[++s->reference.matched] == '\0')
		end_reference(s, true);
	return true;
}

/* Goes on with the open reference (13.2.5.72 to 13.2.5.80); true when the byte belongs to it. */
static bool add_byte(struct fsrv__scanner *s, int byte)
{
	switch (s->reference.state) {
	case AMPERSAND:
		s->reference.matched = 1;
		s->reference.value = 0;
		if (byte == '#')
			s->reference.state = NUMBER_SIGN;
		else if (byte == 'T')
			s->reference.state = NAME_TAB;
		else if (byte == 'N')
			s->reference.state = NAME_NEW_LINE;
		else
			end_reference(s, false);
		return s->reference.state != NO_REFERENCE;
	case NAME_TAB:
	case NAME_NEW_LINE:
		return add_name_byte(s, byte);
	default:
		return add_number_byte(s, byte);
	}
}

void fsrv__characters_read(struct fsrv__scanner *s, const uint8_t *at, const uint8_t *end)
{
	while (at < end && s->does_text_matter) {
		if (s->reference.state != NO_REFERENCE) {
			if (add_byte(s, *at))
				at++;
			continue;
		}
		if (*at == '&') {
			s->reference.state = AMPERSAND;
			s->reference.offset = fsrv__offset(s, at);
		} else if (!fsrv__is_whitespace(*at)) {
			fsrv__tree_characters(s, fsrv__offset(s, at), *at == 0);
		}
		at++;
	}
}

void fsrv__characters_end(struct fsrv__scanner *s)
{
	if (s->reference.state != NO_REFERENCE)
		add_byte(s, NO_BYTE);
}
