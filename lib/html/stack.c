#include "html/stack.h"

#include <stddef.h>

static const uint64_t key_p = 'p';
static const uint64_t key_li = FSRV__KEY2('l', 'i');
static const uint64_t key_ul = FSRV__KEY2('u', 'l');
static const uint64_t key_ol = FSRV__KEY2('o', 'l');
static const uint64_t key_button = FSRV__KEY6('b', 'u', 't', 't', 'o', 'n');
static const uint64_t key_table = FSRV__KEY5('t', 'a', 'b', 'l', 'e');
static const uint64_t key_template = FSRV__KEY8('t', 'e', 'm', 'p', 'l', 'a', 't', 'e');
static const uint64_t cells[] = {FSRV__KEY2('t', 'd'), FSRV__KEY2('t', 'h')};
static const uint64_t rows[] = {FSRV__KEY2('t', 'r')};
static const uint64_t sections[] = {FSRV__KEY5('t', 'b', 'o', 'd', 'y'), FSRV__KEY5('t', 'h', 'e', 'a', 'd'),
				    FSRV__KEY5('t', 'f', 'o', 'o', 't'),
				    FSRV__KEY7('c', 'a', 'p', 't', 'i', 'o', 'n')};
static const uint64_t headings[] = {FSRV__KEY2('h', '1'), FSRV__KEY2('h', '2'), FSRV__KEY2('h', '3'),
				    FSRV__KEY2('h', '4'), FSRV__KEY2('h', '5'), FSRV__KEY2('h', '6')};
static const uint64_t descriptions[] = {FSRV__KEY2('d', 'd'), FSRV__KEY2('d', 't')};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static uint32_t hash(uint64_t key)
{
	return (uint32_t)((key * UINT64_C(0x9E3779B97F4A7C15)) >> 32);
}

static bool is_html(const struct fsrv__element *element)
{
	return (element->kind & (FSRV__KIND_NAMESPACE | FSRV__KIND_CLOSED)) == FSRV__KIND_HTML;
}

/* Topmost open HTML element of the name; 0 when there is none. */
static unsigned find(const struct fsrv__stack *stack, uint64_t key)
{
	uint32_t name = hash(key);
	unsigned at = stack->buckets[name >> 24];

	while (at != 0 && (stack->elements[at].name != name || !is_html(&stack->elements[at])))
		at = stack->elements[at].same;
	return at;
}

/* Topmost element of the name above all HTML elements; 0 when there is none. */
static unsigned find_foreign(const struct fsrv__stack *stack, uint64_t key)
{
	uint32_t name = hash(key);
	unsigned at = stack->buckets[name >> 24];

	while (at > stack->html && stack->elements[at].name != name)
		at = stack->elements[at].same;
	return at > stack->html ? at : 0;
}

static unsigned find_any(const struct fsrv__stack *stack, const uint64_t *keys, size_t count)
{
	unsigned top = 0;

	for (size_t i = 0; i < count; i++) {
		unsigned at = find(stack, keys[i]);

		top = at > top ? at : top;
	}
	return top;
}

static unsigned highest(unsigned a, unsigned b)
{
	return a > b ? a : b;
}

static void push(struct fsrv__stack *stack, uint64_t key, unsigned kind, unsigned flags, unsigned rule)
{
	uint32_t name = hash(key);
	struct fsrv__element *element = &stack->elements[++stack->depth];

	*element = (struct fsrv__element){.name = name,
					  .kind = (uint8_t)kind,
					  .rule = (uint8_t)rule,
					  .same = stack->buckets[name >> 24],
					  .special = stack->special,
					  .scope = stack->scope,
					  .html = stack->html};
	stack->buckets[name >> 24] = stack->depth;
	if (flags & FSRV__TAG_SPECIAL)
		stack->special = stack->depth;
	if (flags & FSRV__TAG_SCOPE)
		stack->scope = stack->depth;
	if (is_html(element))
		stack->html = stack->depth;
}

static void pop(struct fsrv__stack *stack)
{
	const struct fsrv__element *element = &stack->elements[stack->depth--];

	if (!(element->kind & FSRV__KIND_CLOSED))
		stack->buckets[element->name >> 24] = element->same;
	stack->special = element->special;
	stack->scope = element->scope;
	stack->html = element->html;
	if (element->kind & FSRV__KIND_ROOT)
		stack->root_count--;
	if (element->kind & FSRV__KIND_TEMPLATE)
		stack->templates = --stack->recorded_templates;
}

/* Closes the entry and all above it; entries closed earlier never become the innermost element. */
static void pop_through(struct fsrv__stack *stack, unsigned at)
{
	while (stack->depth >= at)
		pop(stack);
	while (stack->elements[stack->depth].kind & FSRV__KIND_CLOSED)
		pop(stack);
}

/* Closes the entry if it is there and no wall stands above it. */
static void pop_above(struct fsrv__stack *stack, unsigned at, unsigned wall)
{
	if (at != 0 && at >= wall)
		pop_through(stack, at);
}

static unsigned button_wall(const struct fsrv__stack *stack)
{
	return highest(stack->scope, find(stack, key_button));
}

/* A list bounds its li elements; descriptions have no such bound. */
static unsigned item_wall(const struct fsrv__stack *stack, uint64_t key)
{
	unsigned list = key == key_li ? highest(find(stack, key_ul), find(stack, key_ol)) : 0;

	return highest(stack->scope, list);
}

static unsigned table_wall(const struct fsrv__stack *stack)
{
	return highest(find(stack, key_table), find(stack, key_template));
}

/* Takes an entry out from under those above it. It leaves its bucket, so that none is searched twice. */
static void close_in_place(struct fsrv__stack *stack, unsigned at)
{
	struct fsrv__element *element = &stack->elements[at];
	uint8_t *link = &stack->buckets[element->name >> 24];

	while (*link != at)
		link = &stack->elements[*link].same;
	*link = element->same;
	element->kind |= FSRV__KIND_CLOSED;
	if (at == stack->depth)
		pop_through(stack, at);
}

/* The adoption agency: special elements survive the end of the formatting element that holds them,
 * what they hold does not. */
static void close_format(struct fsrv__stack *stack, unsigned at)
{
	if (at == 0 || at < stack->scope)
		return;
	if (stack->special <= at) {
		pop_through(stack, at);
		return;
	}
	close_in_place(stack, at);
	if (stack->depth > stack->special)
		pop_through(stack, stack->special + 1U);
}

static void close_template(struct fsrv__stack *stack)
{
	if (stack->templates > stack->recorded_templates)
		stack->templates--;
	else if (stack->templates > 0)
		pop_through(stack, find(stack, key_template));
}

static void close_form(struct fsrv__stack *stack, unsigned at)
{
	if (stack->templates > 0)
		pop_above(stack, at, stack->scope);
	else if (at != 0 && at >= stack->scope)
		close_in_place(stack, at);
}

static void close_by_rule(struct fsrv__stack *stack, uint64_t key, const struct fsrv__tag *tag)
{
	unsigned at = find(stack, key);

	switch ((enum fsrv__tag_rule)tag->rule) {
	case FSRV__RULE_ANY:
		pop_above(stack, at, tag->id == FSRV__TAG_P ? button_wall(stack) : stack->special);
		break;
	case FSRV__RULE_SCOPED:
		pop_above(stack, at, stack->scope);
		break;
	case FSRV__RULE_HEADING:
		pop_above(stack, find_any(stack, headings, COUNT(headings)), stack->scope);
		break;
	case FSRV__RULE_FORMAT:
		close_format(stack, at);
		break;
	case FSRV__RULE_FORM:
		close_form(stack, at);
		break;
	case FSRV__RULE_ITEM:
		pop_above(stack, at, item_wall(stack, key));
		break;
	default:
		pop_above(stack, at, table_wall(stack));
		break;
	}
}

void fsrv__stack_close(struct fsrv__stack *stack, uint64_t key, const struct fsrv__tag *tag)
{
	const struct fsrv__element *top = &stack->elements[stack->depth];

	if (tag->id == FSRV__TAG_TEMPLATE)
		close_template(stack);
	else if (stack->depth > 0 && top->name == hash(key) && is_html(top))
		pop_through(stack, stack->depth);
	else
		close_by_rule(stack, key, tag);
}

/* Closes the parts of a table that the start tag of another part ends; false when it is ignored. */
static bool open_table_part(struct fsrv__stack *stack, enum fsrv__tag_rule rule)
{
	unsigned wall = table_wall(stack);

	if (wall == 0)
		return false;
	pop_above(stack, find_any(stack, cells, COUNT(cells)), wall);
	if (rule != FSRV__RULE_CELL)
		pop_above(stack, find_any(stack, rows, COUNT(rows)), wall);
	if (rule == FSRV__RULE_SECTION)
		pop_above(stack, find_any(stack, sections, COUNT(sections)), wall);
	return true;
}

static void open_item(struct fsrv__stack *stack, uint64_t key)
{
	bool is_description = key == descriptions[0] || key == descriptions[1];

	pop_above(stack,
		  is_description ? find_any(stack, descriptions, COUNT(descriptions)) : find(stack, key),
		  highest(stack->special, item_wall(stack, key)));
}

/* Closes what the start tag of a sibling closes; false when the tag is ignored. */
static bool close_siblings(struct fsrv__stack *stack, uint64_t key, const struct fsrv__tag *tag)
{
	switch ((enum fsrv__tag_rule)tag->rule) {
	case FSRV__RULE_ITEM:
		open_item(stack, key);
		return true;
	case FSRV__RULE_HEADING:
		if (stack->elements[stack->depth].rule == FSRV__RULE_HEADING)
			pop_through(stack, stack->depth);
		return true;
	case FSRV__RULE_CELL:
	case FSRV__RULE_ROW:
	case FSRV__RULE_SECTION:
		return open_table_part(stack, tag->rule);
	case FSRV__RULE_FORM:
		return stack->templates > 0 || find(stack, key) == 0;
	default:
		break;
	}
	if (tag->id == FSRV__TAG_A)
		close_format(stack, find(stack, key));
	if (tag->id == FSRV__TAG_BUTTON)
		pop_above(stack, find(stack, key), stack->scope);
	return true;
}

static void close_paragraph(struct fsrv__stack *stack)
{
	unsigned at = find(stack, key_p);

	if (at != 0)
		pop_above(stack, at, button_wall(stack));
}

static void record(struct fsrv__stack *stack, uint64_t key, const struct fsrv__tag *tag, unsigned kind)
{
	if (stack->root_count == 0 && stack->depth >= FSRV__STACK_HTML)
		return;
	if (stack->depth == FSRV__STACK_MAX) {
		stack->lost = true;
		return;
	}
	stack->recorded_templates = (uint8_t)(stack->recorded_templates + (kind == FSRV__KIND_TEMPLATE));
	push(stack, key, kind, tag->flags, tag->rule);
}

void fsrv__stack_open(struct fsrv__stack *stack, uint64_t key, const struct fsrv__tag *tag, uint64_t offset)
{
	if (tag->flags & FSRV__TAG_CLOSES_P)
		close_paragraph(stack);
	if (tag->flags & (FSRV__TAG_VOID | FSRV__TAG_RAW))
		return;
	if ((tag->rule != FSRV__RULE_ANY || tag->id != FSRV__TAG_OTHER) && !close_siblings(stack, key, tag))
		return;
	if (tag->id == FSRV__TAG_TEMPLATE) {
		if (stack->templates++ == 0)
			stack->template_offset = offset;
		record(stack, key, tag, FSRV__KIND_TEMPLATE);
	} else {
		record(stack, key, tag, FSRV__KIND_HTML);
	}
}

static void push_foreign(struct fsrv__stack *stack, uint64_t key, unsigned kind)
{
	bool special = (kind & (FSRV__KIND_HTML_POINT | FSRV__KIND_TEXT_POINT | FSRV__KIND_ANNOTATION)) != 0;

	if (stack->depth == FSRV__STACK_MAX)
		stack->lost = true;
	else
		push(stack, key, kind, special ? FSRV__TAG_SPECIAL | FSRV__TAG_SCOPE : 0, FSRV__RULE_ANY);
}

void fsrv__stack_open_root(struct fsrv__stack *stack, uint64_t key, const struct fsrv__tag *tag,
			   uint64_t offset)
{
	unsigned kind = tag->id == FSRV__TAG_SVG ? FSRV__KIND_SVG : FSRV__KIND_MATH;
	bool in_math = (fsrv__stack_kind(stack) & FSRV__KIND_ANNOTATION) != 0;

	if (!in_math && stack->depth < FSRV__STACK_MAX) {
		if (stack->root_count < FSRV__STACK_ROOTS)
			stack->roots[stack->root_count] = offset;
		stack->root_count++;
		kind |= FSRV__KIND_ROOT;
	}
	push_foreign(stack, key, kind);
}

void fsrv__stack_open_foreign(struct fsrv__stack *stack, uint64_t key, const struct fsrv__tag *tag,
			      bool html_point)
{
	unsigned kind = fsrv__stack_kind(stack) & FSRV__KIND_NAMESPACE;

	if (kind == FSRV__KIND_SVG && (tag->flags & FSRV__TAG_HTML_POINT))
		kind |= FSRV__KIND_HTML_POINT;
	if (kind == FSRV__KIND_MATH && (tag->flags & FSRV__TAG_TEXT_POINT))
		kind |= FSRV__KIND_TEXT_POINT;
	if (kind == FSRV__KIND_MATH && tag->id == FSRV__TAG_ANNOTATION_XML)
		kind |= html_point ? FSRV__KIND_HTML_POINT : FSRV__KIND_ANNOTATION;
	push_foreign(stack, key, kind);
}

void fsrv__stack_close_foreign(struct fsrv__stack *stack, uint64_t key, const struct fsrv__tag *tag)
{
	unsigned at = find_foreign(stack, key);

	if (at != 0)
		pop_through(stack, at);
	else
		fsrv__stack_close(stack, key, tag);
}

bool fsrv__stack_holds_no_html(const struct fsrv__stack *stack)
{
	return fsrv__stack_is_foreign(stack) &&
	       !(fsrv__stack_kind(stack) & (FSRV__KIND_HTML_POINT | FSRV__KIND_TEXT_POINT));
}

void fsrv__stack_break_out(struct fsrv__stack *stack)
{
	while (fsrv__stack_holds_no_html(stack))
		pop(stack);
}

uint64_t fsrv__stack_root(const struct fsrv__stack *stack)
{
	unsigned count = stack->root_count < FSRV__STACK_ROOTS ? stack->root_count : FSRV__STACK_ROOTS;

	return stack->roots[count - 1];
}
