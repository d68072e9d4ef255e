/* Insertion modes and foreign content. A tag is first led through the modes up to the one that takes it,
 * and changes the stack of open elements there. The places in the head must never change once they are
 * found; the body end is taken back when something reopens the body. WHATWG HTML, 13.2.6. */
#include "html/tree.h"

#include "html/markers.h"
#include "html/raw_text.h"

/* Text matters only while it could open the head or the body, forbid a frameset or reopen the body. In a
 * template it can do none of these. */
static void update_state(struct fsrv__scanner *s)
{
	s->does_text_matter =
		s->stack.open_templates == 0 && (s->insertion_mode != FSRV__MODE_IN_BODY ||
						 s->is_frameset_ok || s->body_end != FSRV_NO_OFFSET);
	s->allows_stack_only_tags = s->insertion_mode == FSRV__MODE_IN_BODY && s->stack.open_templates == 0 &&
				    s->body_end == FSRV_NO_OFFSET;
	s->is_done = s->is_done || s->stack.is_too_deep;
}

static void start_head(struct fsrv__scanner *s, uint64_t offset, bool is_implied)
{
	s->head_start = offset;
	s->insertion_mode = FSRV__MODE_IN_HEAD;
	if (is_implied)
		s->flags |= FSRV_PAGE_HEAD_IMPLIED;
}

static void end_head(struct fsrv__scanner *s, uint64_t offset, bool is_implied)
{
	s->head_end = offset;
	s->insertion_mode = FSRV__MODE_AFTER_HEAD;
	if (is_implied)
		s->flags |= FSRV_PAGE_HEAD_END_IMPLIED;
	if (s->options.flags & FSRV_SCAN_HEAD_ONLY)
		s->is_done = true;
}

/* A token belongs into the body: inserts what is missing above it. */
static void insert_implied_body(struct fsrv__scanner *s, uint64_t offset)
{
	if (s->insertion_mode == FSRV__MODE_BEFORE_HEAD)
		start_head(s, offset, true);
	if (s->insertion_mode == FSRV__MODE_IN_HEAD)
		end_head(s, offset, true);
	s->insertion_mode = FSRV__MODE_IN_BODY;
}

void fsrv__tree_characters(struct fsrv__scanner *s, uint64_t offset, bool is_nul)
{
	if (s->stack.open_templates > 0)
		return;
	insert_implied_body(s, offset);
	s->body_end = FSRV_NO_OFFSET;
	/* a NUL byte is dropped in the body and leaves the frameset-ok flag */
	s->is_frameset_ok = s->is_frameset_ok && is_nul;
	update_state(s);
}

/* Before head and in head: starts and ends the head as the tag requires. False when nothing is left to
 * insert, because the tag is html or head (13.2.6.4.1 to 13.2.6.4.4). */
static bool enter_head(struct fsrv__scanner *s, const uint8_t *after)
{
	unsigned id = s->tag->id;

	if (id == FSRV__TAG_HTML)
		return false;
	if (s->insertion_mode == FSRV__MODE_BEFORE_HEAD) {
		bool is_implied = id != FSRV__TAG_HEAD;

		start_head(s, is_implied ? s->tag_start : fsrv__offset(s, after), is_implied);
	}
	if (id == FSRV__TAG_HEAD)
		return false;
	if (s->insertion_mode == FSRV__MODE_IN_HEAD && !(s->tag->flags & FSRV__TAG_IN_HEAD))
		end_head(s, s->tag_start, true);
	return true;
}

/* After head and in body: opens the body as the tag requires. False when nothing is left to insert, because
 * the tag is body or frameset (13.2.6.4.4 to 13.2.6.4.7). */
static bool enter_body(struct fsrv__scanner *s)
{
	unsigned id = s->tag->id;

	if (s->insertion_mode == FSRV__MODE_IN_HEAD ||
	    (s->insertion_mode == FSRV__MODE_AFTER_HEAD && (s->tag->flags & FSRV__TAG_AFTER_HEAD)))
		return true;
	if (id == FSRV__TAG_FRAMESET) {
		if (s->insertion_mode == FSRV__MODE_AFTER_HEAD || s->is_frameset_ok) {
			s->flags |= FSRV_PAGE_FRAMESET;
			s->is_done = true;
		}
		return false;
	}
	s->insertion_mode = FSRV__MODE_IN_BODY;
	if (id == FSRV__TAG_BODY) {
		s->is_frameset_ok = false;
		return false;
	}
	return true;
}

/* The first encoding that a meta element names decides. Behind a byte order mark it is not ISO-2022-JP. */
static void take_encoding(struct fsrv__scanner *s, const struct fsrv__encoding_label *label, uint64_t tag_end)
{
	if (s->is_charset_known)
		return;
	s->is_charset_known = true;
	if (label->is_iso_2022_jp && !(s->flags & FSRV_PAGE_BOM)) {
		s->flags |= FSRV_PAGE_ISO_2022_JP;
		s->is_done = true;
	}
	if (tag_end <= 1024) {
		s->flags |= FSRV_PAGE_CHARSET;
		s->charset = *label;
	}
}

static void take_meta(struct fsrv__scanner *s, uint64_t tag_end)
{
	const struct fsrv__attributes *a = &s->attributes;

	if (a->found & FSRV__FOUND_CHARSET)
		take_encoding(s, &a->charset, tag_end);
	else if ((a->found & FSRV__FOUND_PRAGMA) && (a->found & FSRV__FOUND_CONTENT_CHARSET))
		take_encoding(s, &a->content_charset, tag_end);
	if ((a->found & FSRV__FOUND_CSP) && s->insertion_mode != FSRV__MODE_IN_BODY &&
	    s->stack.open_templates == 0 && !(s->flags & FSRV_PAGE_CSP)) {
		s->flags |= FSRV_PAGE_CSP;
		s->csp_offset = s->tag_start;
	}
}

/* A start tag that is read as HTML, in the mode that takes it. */
static void insert_html_element(struct fsrv__scanner *s, const uint8_t *after)
{
	const struct fsrv__tag *tag = s->tag;

	if ((tag->flags & FSRV__TAG_FRAMESET_NOT_OK) ||
	    (tag->id == FSRV__TAG_INPUT && !(s->attributes.found & FSRV__FOUND_HIDDEN)))
		s->is_frameset_ok = false;
	if (tag->id == FSRV__TAG_SVG || tag->id == FSRV__TAG_MATH) {
		if (!s->is_self_closing)
			fsrv__stack_open_foreign_root(&s->stack, s->tag_key, tag, s->tag_start);
		return;
	}
	fsrv__stack_open(&s->stack, s->tag_key, tag, s->tag_start);
	if ((tag->flags & FSRV__TAG_RAW_TEXT) || tag->id == FSRV__TAG_PLAINTEXT)
		fsrv__raw_text_begin(s);
	else if (tag->id == FSRV__TAG_PRE)
		s->pre_content_start = fsrv__offset(s, after);
	else if (tag->id == FSRV__TAG_META)
		take_meta(s, fsrv__offset(s, after));
}

/* True when a start tag is read by the rules for foreign content (13.2.6, the tree construction
 * dispatcher). */
static bool is_in_foreign_content(const struct fsrv__scanner *s)
{
	unsigned kind = fsrv__stack_kind(&s->stack);
	unsigned id = s->tag->id;

	if (!fsrv__stack_current_node_is_foreign(&s->stack) || (kind & FSRV__KIND_HTML_INTEGRATION))
		return false;
	if (kind & FSRV__KIND_TEXT_INTEGRATION)
		return id == FSRV__TAG_MGLYPH || id == FSRV__TAG_MALIGNMARK;
	return !(kind & FSRV__KIND_ANNOTATION_XML) || id != FSRV__TAG_SVG;
}

/* A start tag in foreign content (13.2.6.5); false when it leaves that and is read as HTML. */
static bool insert_foreign_element(struct fsrv__scanner *s)
{
	bool is_html_point = (s->attributes.found & FSRV__FOUND_HTML_ENCODING) != 0;

	if ((s->tag->flags & FSRV__TAG_BREAKOUT) ||
	    (s->tag->id == FSRV__TAG_FONT && (s->attributes.found & FSRV__FOUND_FONT))) {
		fsrv__stack_leave_foreign(&s->stack);
		return false;
	}
	if (!s->is_self_closing)
		fsrv__stack_open_foreign(&s->stack, s->tag_key, s->tag, is_html_point);
	return true;
}

/* True for most start tags in a body: they change nothing but the stack of open elements. In the tokenizer
 * s->allows_stack_only_tags and is_stack_only (tokenizer.c) decide alike; what must hold for all three is
 * said there. */
static bool changes_stack_only(const struct fsrv__scanner *s)
{
	return s->insertion_mode == FSRV__MODE_IN_BODY && s->tag->id == FSRV__TAG_OTHER &&
	       !(s->tag->flags & (FSRV__TAG_RAW_TEXT | FSRV__TAG_FRAMESET_NOT_OK)) && !s->does_text_matter &&
	       !fsrv__stack_current_node_is_foreign(&s->stack);
}

void fsrv__tree_start_tag(struct fsrv__scanner *s, const uint8_t *after)
{
	if (changes_stack_only(s)) {
		fsrv__stack_open(&s->stack, s->tag_key, s->tag, s->tag_start);
		s->is_done = s->stack.is_too_deep;
		return;
	}
	if (!is_in_foreign_content(s) || !insert_foreign_element(s)) {
		if (s->tag->id != FSRV__TAG_HTML)
			s->body_end = FSRV_NO_OFFSET;
		if (s->stack.open_templates > 0 || (enter_head(s, after) && enter_body(s)))
			insert_html_element(s, after);
	}
	s->searches_markers = s->searches_markers && s->raw_element != NULL;
	update_state(s);
}

/* The end tag of an element whose content is text. */
static void end_raw_text(struct fsrv__scanner *s, const uint8_t *after)
{
	s->raw_element = NULL;
	if (s->searches_markers)
		fsrv__markers_end_script(s, after);
	s->searches_markers = false;
}

/* An end tag that is read as HTML, outside of templates. */
static void process_html_end_tag(struct fsrv__scanner *s)
{
	unsigned id = s->tag->id;
	bool has_body = s->insertion_mode == FSRV__MODE_IN_BODY;

	if (!has_body) {
		if (!(s->tag->flags & FSRV__TAG_END_TAG_BEFORE_BODY))
			return;
		if (s->insertion_mode == FSRV__MODE_BEFORE_HEAD)
			start_head(s, s->tag_start, true);
		if (id == FSRV__TAG_HEAD) {
			if (s->insertion_mode == FSRV__MODE_IN_HEAD)
				end_head(s, s->tag_start, false);
			return;
		}
		insert_implied_body(s, s->tag_start);
	}
	if (id == FSRV__TAG_BODY || id == FSRV__TAG_HTML) {
		if (s->body_end != FSRV_NO_OFFSET)
			return;
		s->body_end = s->tag_start;
		s->body_end_opens_body = !has_body;
		return;
	}
	s->body_end = FSRV_NO_OFFSET;
	s->is_frameset_ok = s->is_frameset_ok && id != FSRV__TAG_BR;
	fsrv__stack_close(&s->stack, s->tag_key, s->tag);
}

void fsrv__tree_end_tag(struct fsrv__scanner *s, const uint8_t *after)
{
	if (s->raw_element != NULL) {
		end_raw_text(s, after);
	} else if (fsrv__stack_current_node_is_foreign(&s->stack) && s->tag->id != FSRV__TAG_BR &&
		   s->tag->id != FSRV__TAG_P) {
		fsrv__stack_close_foreign(&s->stack, s->tag_key, s->tag);
	} else {
		fsrv__stack_leave_foreign(&s->stack);
		if (s->stack.open_templates > 0)
			fsrv__stack_close(&s->stack, s->tag_key, s->tag);
		else
			process_html_end_tag(s);
	}
	update_state(s);
}

/* Where that starts which would swallow what is put in at the end of the page; FSRV_NO_OFFSET for
 * nothing. */
static uint64_t find_unfinished(const struct fsrv__scanner *s)
{
	if (s->stack.open_templates > 0)
		return s->stack.template_offset;
	if (s->stack.is_too_deep)
		return s->stack.foreign_roots[0];
	if (!fsrv__stack_current_node_holds_html(&s->stack))
		return fsrv__stack_foreign_root_offset(&s->stack);
	if (s->raw_element != NULL || s->state > FSRV__STATE_TAG_OPEN)
		return s->tag_start;
	return FSRV_NO_OFFSET;
}

uint64_t fsrv__tree_end(struct fsrv__scanner *s, uint64_t size)
{
	uint64_t unfinished = find_unfinished(s);
	uint64_t safe_end = unfinished != FSRV_NO_OFFSET ? unfinished : size;
	if (s->head_start == FSRV_NO_OFFSET)
		start_head(s, safe_end, true);
	if (s->head_end == FSRV_NO_OFFSET)
		end_head(s, safe_end, true);
	if (s->flags & FSRV_PAGE_FRAMESET)
		return s->head_end;
	if (s->body_end != FSRV_NO_OFFSET) {
		s->flags |= FSRV_PAGE_BODY_CLOSED | (s->body_end_opens_body ? FSRV_PAGE_OPEN_BODY : 0U);
		return s->body_end;
	}
	if (unfinished != FSRV_NO_OFFSET)
		s->flags |= FSRV_PAGE_UNFINISHED | (s->stack.is_too_deep ? FSRV_PAGE_TOO_DEEP : 0U);
	else if (s->insertion_mode != FSRV__MODE_IN_BODY)
		s->flags |= FSRV_PAGE_OPEN_BODY;
	return safe_end;
}
