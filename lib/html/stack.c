/* Opens and closes elements. Entries are positions in the array, and 0 is none, which is below every
 * boundary. An element leaves with all above it, except where the standard takes it out from under them;
 * such an entry stays as FSRV__KIND_REMOVED and must never become the current node. WHATWG HTML, 13.2.4.2,
 * 13.2.6.4.7 and 13.2.6.5. */
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
static const uint64_t row_groups[] = {
	FSRV__KEY5('t', 'b', 'o', 'd', 'y'), FSRV__KEY5('t', 'h', 'e', 'a', 'd'),
	FSRV__KEY5('t', 'f', 'o', 'o', 't'), FSRV__KEY7('c', 'a', 'p', 't', 'i', 'o', 'n')};
static const uint64_t headings[] = {FSRV__KEY2('h', '1'), FSRV__KEY2('h', '2'), FSRV__KEY2('h', '3'),
				    FSRV__KEY2('h', '4'), FSRV__KEY2('h', '5'), FSRV__KEY2('h', '6')};
static const uint64_t description_items[] = {FSRV__KEY2('d', 'd'), FSRV__KEY2('d', 't')};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static uint32_t hash(uint64_t key)
{
	return (uint32_t)((key * UINT64_C(0x9E3779B97F4A7C15)) >> 32);
}

static bool is_html(const struct fsrv__element *element)
{
	return (element->kind & (FSRV__KIND_NAMESPACE | FSRV__KIND_REMOVED)) == FSRV__KIND_HTML;
}

/* Topmost open HTML element of the name; 0 when there is none. */
static unsigned find_html(const struct fsrv__stack *stack, uint64_t key)
{
	uint32_t name = hash(key);
	unsigned at = stack->buckets[name >> 24];

	while (at != 0 && (stack->elements[at].name_hash != name || !is_html(&stack->elements[at])))
		at = stack->elements[at].next_in_bucket;
	return at;
}

/* Topmost element of the name above all HTML elements; 0 when there is none. */
static unsigned find_foreign(const struct fsrv__stack *stack, uint64_t key)
{
	uint32_t name = hash(key);
	unsigned at = stack->buckets[name >> 24];

	while (at > stack->topmost_html && stack->elements[at].name_hash != name)
		at = stack->elements[at].next_in_bucket;
	return at > stack->topmost_html ? at : 0;
}

static unsigned find_any_html(const struct fsrv__stack *stack, const uint64_t *keys, size_t count)
{
	unsigned top = 0;

	for (size_t i = 0; i < count; i++) {
		unsigned at = find_html(stack, keys[i]);

		top = at > top ? at : top;
	}
	return top;
}

static unsigned topmost(unsigned a, unsigned b)
{
	return a > b ? a : b;
}

static void push(struct fsrv__stack *stack, uint64_t key, unsigned kind, unsigned flags, unsigned rule)
{
	uint32_t name = hash(key);
	struct fsrv__element *element = &stack->elements[++stack->depth];

	*element = (struct fsrv__element){.name_hash = name,
					  .kind = (uint8_t)kind,
					  .rule = (uint8_t)rule,
					  .next_in_bucket = stack->buckets[name >> 24],
					  .special_below = stack->topmost_special,
					  .scope_boundary_below = stack->topmost_scope_boundary,
					  .html_below = stack->topmost_html};
	stack->buckets[name >> 24] = stack->depth;
	if (flags & FSRV__TAG_SPECIAL)
		stack->topmost_special = stack->depth;
	if (flags & FSRV__TAG_SCOPE)
		stack->topmost_scope_boundary = stack->depth;
	if (is_html(element))
		stack->topmost_html = stack->depth;
}

static void pop(struct fsrv__stack *stack)
{
	const struct fsrv__element *element = &stack->elements[stack->depth--];

	if (!(element->kind & FSRV__KIND_REMOVED))
		stack->buckets[element->name_hash >> 24] = element->next_in_bucket;
	stack->topmost_special = element->special_below;
	stack->topmost_scope_boundary = element->scope_boundary_below;
	stack->topmost_html = element->html_below;
	if (element->kind & FSRV__KIND_FOREIGN_ROOT)
		stack->foreign_root_count--;
	if (element->kind & FSRV__KIND_TEMPLATE)
		stack->open_templates = --stack->recorded_templates;
}

/* Closes the entry and all above it; entries closed earlier never become the innermost element. */
static void pop_through(struct fsrv__stack *stack, unsigned at)
{
	while (stack->depth >= at)
		pop(stack);
	while (stack->elements[stack->depth].kind & FSRV__KIND_REMOVED)
		pop(stack);
}

/* Closes the entry if it is there and is in scope: no boundary stands above it. */
static void pop_in_scope(struct fsrv__stack *stack, unsigned at, unsigned boundary)
{
	if (at != 0 && at >= boundary)
		pop_through(stack, at);
}

static unsigned button_scope(const struct fsrv__stack *stack)
{
	return topmost(stack->topmost_scope_boundary, find_html(stack, key_button));
}

/* A list bounds its li elements; dd and dt have no such bound. */
static unsigned list_item_scope(const struct fsrv__stack *stack, uint64_t key)
{
	unsigned list = key == key_li ? topmost(find_html(stack, key_ul), find_html(stack, key_ol)) : 0;

	return topmost(stack->topmost_scope_boundary, list);
}

static unsigned table_scope(const struct fsrv__stack *stack)
{
	return topmost(find_html(stack, key_table), find_html(stack, key_template));
}

/* Takes an entry out from under those above it. It leaves its bucket, so that none is searched twice. */
static void remove_entry(struct fsrv__stack *stack, unsigned at)
{
	struct fsrv__element *element = &stack->elements[at];
	uint8_t *link = &stack->buckets[element->name_hash >> 24];

	while (*link != at)
		link = &stack->elements[*link].next_in_bucket;
	*link = element->next_in_bucket;
	element->kind |= FSRV__KIND_REMOVED;
	if (at == stack->depth)
		pop_through(stack, at);
}

/* The adoption agency: special elements survive the end of the formatting element that holds them,
 * what they hold does not. */
static void run_adoption_agency(struct fsrv__stack *stack, unsigned at)
{
	if (at == 0 || at < stack->topmost_scope_boundary)
		return;
	if (stack->topmost_special <= at) {
		pop_through(stack, at);
		return;
	}
	remove_entry(stack, at);
	if (stack->depth > stack->topmost_special)
		pop_through(stack, stack->topmost_special + 1U);
}

static void close_template(struct fsrv__stack *stack)
{
	if (stack->open_templates > stack->recorded_templates)
		stack->open_templates--;
	else if (stack->open_templates > 0)
		pop_through(stack, find_html(stack, key_template));
}

static void close_form(struct fsrv__stack *stack, unsigned at)
{
	if (stack->open_templates > 0)
		pop_in_scope(stack, at, stack->topmost_scope_boundary);
	else if (at != 0 && at >= stack->topmost_scope_boundary)
		remove_entry(stack, at);
}

static void close_by_rule(struct fsrv__stack *stack, uint64_t key, const struct fsrv__tag *tag)
{
	unsigned at = find_html(stack, key);

	switch ((enum fsrv__tag_rule)tag->rule) {
	case FSRV__RULE_ANY_OTHER:
		pop_in_scope(stack, at, stack->topmost_special);
		break;
	case FSRV__RULE_P:
		pop_in_scope(stack, at, button_scope(stack));
		break;
	case FSRV__RULE_SCOPED:
		pop_in_scope(stack, at, stack->topmost_scope_boundary);
		break;
	case FSRV__RULE_HEADING:
		pop_in_scope(stack, find_any_html(stack, headings, COUNT(headings)),
			     stack->topmost_scope_boundary);
		break;
	case FSRV__RULE_FORMATTING:
		run_adoption_agency(stack, at);
		break;
	case FSRV__RULE_FORM:
		close_form(stack, at);
		break;
	case FSRV__RULE_ITEM:
		pop_in_scope(stack, at, list_item_scope(stack, key));
		break;
	default:
		pop_in_scope(stack, at, table_scope(stack));
		break;
	}
}

void fsrv__stack_close(struct fsrv__stack *stack, uint64_t key, const struct fsrv__tag *tag)
{
	const struct fsrv__element *top = &stack->elements[stack->depth];

	if (tag->id == FSRV__TAG_TEMPLATE)
		close_template(stack);
	else if (stack->depth > 0 && top->name_hash == hash(key) && is_html(top))
		pop_through(stack, stack->depth);
	else
		close_by_rule(stack, key, tag);
}

/* Closes the parts of a table that the start tag of another part ends; false when it is ignored. */
static bool close_table_parts(struct fsrv__stack *stack, enum fsrv__tag_rule rule)
{
	unsigned boundary = table_scope(stack);

	if (boundary == 0)
		return false;
	pop_in_scope(stack, find_any_html(stack, cells, COUNT(cells)), boundary);
	if (rule != FSRV__RULE_CELL)
		pop_in_scope(stack, find_any_html(stack, rows, COUNT(rows)), boundary);
	if (rule == FSRV__RULE_ROW_GROUP)
		pop_in_scope(stack, find_any_html(stack, row_groups, COUNT(row_groups)), boundary);
	return true;
}

static void close_items(struct fsrv__stack *stack, uint64_t key)
{
	bool is_description = key == description_items[0] || key == description_items[1];

	pop_in_scope(stack,
		     is_description ? find_any_html(stack, description_items, COUNT(description_items))
				    : find_html(stack, key),
		     topmost(stack->topmost_special, list_item_scope(stack, key)));
}

/* Closes what the start tag of a sibling closes; false when the tag is ignored. */
static bool close_siblings(struct fsrv__stack *stack, uint64_t key, const struct fsrv__tag *tag)
{
	switch ((enum fsrv__tag_rule)tag->rule) {
	case FSRV__RULE_ITEM:
		close_items(stack, key);
		return true;
	case FSRV__RULE_HEADING:
		if (stack->elements[stack->depth].rule == FSRV__RULE_HEADING)
			pop_through(stack, stack->depth);
		return true;
	case FSRV__RULE_CELL:
	case FSRV__RULE_ROW:
	case FSRV__RULE_ROW_GROUP:
		return close_table_parts(stack, tag->rule);
	case FSRV__RULE_FORM:
		return stack->open_templates > 0 || find_html(stack, key) == 0;
	default:
		break;
	}
	if (tag->id == FSRV__TAG_A)
		run_adoption_agency(stack, find_html(stack, key));
	if (tag->id == FSRV__TAG_BUTTON)
		pop_in_scope(stack, find_html(stack, key), stack->topmost_scope_boundary);
	return true;
}

static void close_paragraph(struct fsrv__stack *stack)
{
	unsigned at = find_html(stack, key_p);

	if (at != 0)
		pop_in_scope(stack, at, button_scope(stack));
}

static void record(struct fsrv__stack *stack, uint64_t key, const struct fsrv__tag *tag, unsigned kind)
{
	if (stack->foreign_root_count == 0 && stack->depth >= FSRV__STACK_HTML_MAX)
		return;
	if (stack->depth == FSRV__STACK_MAX) {
		stack->is_too_deep = true;
		return;
	}
	stack->recorded_templates = (uint8_t)(stack->recorded_templates + (kind == FSRV__KIND_TEMPLATE));
	push(stack, key, kind, tag->flags, tag->rule);
}

void fsrv__stack_open(struct fsrv__stack *stack, uint64_t key, const struct fsrv__tag *tag, uint64_t offset)
{
	if (tag->flags & FSRV__TAG_CLOSES_P)
		close_paragraph(stack);
	if (tag->flags & (FSRV__TAG_NOT_PUSHED | FSRV__TAG_RAW_TEXT))
		return;
	if ((tag->rule != FSRV__RULE_ANY_OTHER || tag->id != FSRV__TAG_OTHER) &&
	    !close_siblings(stack, key, tag))
		return;
	if (tag->id == FSRV__TAG_TEMPLATE) {
		if (stack->open_templates++ == 0)
			stack->template_offset = offset;
		record(stack, key, tag, FSRV__KIND_TEMPLATE);
	} else {
		record(stack, key, tag, FSRV__KIND_HTML);
	}
}

static void push_foreign(struct fsrv__stack *stack, uint64_t key, unsigned kind)
{
	bool special = (kind & (FSRV__KIND_HTML_INTEGRATION | FSRV__KIND_TEXT_INTEGRATION |
				FSRV__KIND_ANNOTATION_XML)) != 0;

	if (stack->depth == FSRV__STACK_MAX)
		stack->is_too_deep = true;
	else
		push(stack, key, kind, special ? FSRV__TAG_SPECIAL | FSRV__TAG_SCOPE : 0,
		     FSRV__RULE_ANY_OTHER);
}

void fsrv__stack_open_foreign_root(struct fsrv__stack *stack, uint64_t key, const struct fsrv__tag *tag,
				   uint64_t offset)
{
	unsigned kind = tag->id == FSRV__TAG_SVG ? FSRV__KIND_SVG : FSRV__KIND_MATH;
	bool in_math = (fsrv__stack_kind(stack) & FSRV__KIND_ANNOTATION_XML) != 0;

	if (!in_math && stack->depth < FSRV__STACK_MAX) {
		if (stack->foreign_root_count < FSRV__STACK_FOREIGN_ROOTS_MAX)
			stack->foreign_roots[stack->foreign_root_count] = offset;
		stack->foreign_root_count++;
		kind |= FSRV__KIND_FOREIGN_ROOT;
	}
	push_foreign(stack, key, kind);
}

void fsrv__stack_open_foreign(struct fsrv__stack *stack, uint64_t key, const struct fsrv__tag *tag,
			      bool is_html_integration)
{
	unsigned kind = fsrv__stack_kind(stack) & FSRV__KIND_NAMESPACE;

	if (kind == FSRV__KIND_SVG && (tag->flags & FSRV__TAG_HTML_INTEGRATION))
		kind |= FSRV__KIND_HTML_INTEGRATION;
	if (kind == FSRV__KIND_MATH && (tag->flags & FSRV__TAG_TEXT_INTEGRATION))
		kind |= FSRV__KIND_TEXT_INTEGRATION;
	if (kind == FSRV__KIND_MATH && tag->id == FSRV__TAG_ANNOTATION_XML)
		kind |= is_html_integration ? FSRV__KIND_HTML_INTEGRATION : FSRV__KIND_ANNOTATION_XML;
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

bool fsrv__stack_current_node_holds_html(const struct fsrv__stack *stack)
{
	return !fsrv__stack_current_node_is_foreign(stack) ||
	       (fsrv__stack_kind(stack) & (FSRV__KIND_HTML_INTEGRATION | FSRV__KIND_TEXT_INTEGRATION)) != 0;
}

void fsrv__stack_leave_foreign(struct fsrv__stack *stack)
{
	while (!fsrv__stack_current_node_holds_html(stack))
		pop(stack);
}

uint64_t fsrv__stack_foreign_root_offset(const struct fsrv__stack *stack)
{
	unsigned count = stack->foreign_root_count < FSRV__STACK_FOREIGN_ROOTS_MAX
				 ? stack->foreign_root_count
				 : FSRV__STACK_FOREIGN_ROOTS_MAX;

	return stack->foreign_roots[count - 1];
}
