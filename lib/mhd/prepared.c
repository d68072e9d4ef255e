/* A place is filled once and does not change then, so that finding a response needs no lock. */
#include "mhd/prepared.h"

#include <stddef.h>
#include <string.h>

/* GET, HEAD and 304, and a few that need more header fields. */
#define N_PLACES 6

struct response {
	struct MHD_Response *response;
	unsigned status, n_headers;
	enum fsrv__content_kind content;
	uint64_t length;
	const char *text; /* of the plan; a constant */
	bool has_case;
	struct fsrv__prepared_case of; /* its text lies behind the header fields */
	char headers[];                /* name and value of each, terminated */
};

struct fsrv__prepared {
	struct fsrv__attachment attachment;
	struct fsrv__allocator allocator;
	_Atomic(struct response *) places[N_PLACES];
};

static void destroy(struct fsrv__attachment *attachment)
{
	struct fsrv__prepared *prepared = fsrv__prepared_of(attachment);
	struct fsrv__allocator allocator = prepared->allocator;

	for (int i = 0; i < N_PLACES; i++) {
		struct response *response = atomic_load(&prepared->places[i]);

		if (response == NULL)
			break;
		MHD_destroy_response(response->response);
		fsrv__release(&allocator, response);
	}
	fsrv__release(&allocator, prepared);
}

struct fsrv__prepared *fsrv__prepared_new(const struct fsrv__allocator *allocator)
{
	struct fsrv__prepared *prepared = fsrv__allocate(allocator, sizeof(*prepared));

	if (prepared == NULL)
		return NULL;
	fsrv__attachment_init(&prepared->attachment, destroy);
	prepared->allocator = *allocator;
	for (int i = 0; i < N_PLACES; i++)
		atomic_init(&prepared->places[i], NULL);
	return prepared;
}

struct fsrv__attachment *fsrv__prepared_attachment(struct fsrv__prepared *prepared)
{
	return &prepared->attachment;
}

struct fsrv__prepared *fsrv__prepared_of(struct fsrv__attachment *attachment)
{
	return (struct fsrv__prepared *)(void *)((char *)attachment -
						 offsetof(struct fsrv__prepared, attachment));
}

void fsrv__prepared_release(struct fsrv__prepared *prepared)
{
	if (prepared != NULL)
		fsrv__attachment_release(&prepared->attachment);
}

/* Compares a terminated text with one that others follow; moves on behind that. */
static bool text_matches(const char *text, const char **at)
{
	size_t size = strlen(text) + 1;

	/* The one that is kept is terminated too, so no byte behind it is compared. */
	if (strncmp(text, *at, size) != 0)
		return false;
	*at += size;
	return true;
}

static bool is_for(const struct response *response, const struct fsrv__plan *plan)
{
	const char *at = response->headers;

	if (response->status != plan->status || response->content != plan->content ||
	    response->length != plan->length || response->n_headers != plan->n_headers ||
	    (plan->content == FSRV__CONTENT_TEXT && response->text != plan->text))
		return false;
	for (unsigned i = 0; i < plan->n_headers; i++)
		if (!text_matches(plan->headers[i].name, &at) || !text_matches(plan->headers[i].value, &at))
			return false;
	return true;
}

static bool is_same_tag(struct fsrv__text a, struct fsrv__text b)
{
	return (a.at == NULL) == (b.at == NULL) && a.length == b.length &&
	       (a.length == 0 || memcmp(a.at, b.at, a.length) == 0);
}

static bool is_same_representation(const struct fsrv__prepared_case *a, const struct fsrv__prepared_case *b)
{
	return a->media_type == b->media_type && a->content_coding == b->content_coding &&
	       a->varies == b->varies && a->is_not_found_page == b->is_not_found_page &&
	       a->depends_on_accept == b->depends_on_accept;
}

static bool is_same_case(const struct fsrv__prepared_case *kept, const struct fsrv__prepared_case *now)
{
	return kept->method == now->method && is_same_tag(kept->if_none_match, now->if_none_match) &&
	       is_same_representation(kept, now) && !fsrv__time_is_before(now->time, kept->time);
}

static const struct response *get(struct fsrv__prepared *prepared, int place)
{
	return atomic_load_explicit(&prepared->places[place], memory_order_acquire);
}

struct MHD_Response *fsrv__prepared_recall(struct fsrv__prepared *prepared,
					   const struct fsrv__prepared_case *of, struct fsrv__plan *plan)
{
	const struct response *response;

	for (int i = 0; i < N_PLACES && (response = get(prepared, i)) != NULL; i++) {
		if (!response->has_case || !is_same_case(&response->of, of))
			continue;
		plan->status = response->status;
		plan->content = response->content;
		plan->offset = 0;
		plan->length = response->length;
		plan->text = response->text;
		plan->n_headers = 0;
		return response->response;
	}
	return NULL;
}

struct MHD_Response *fsrv__prepared_find(struct fsrv__prepared *prepared, const struct fsrv__plan *plan)
{
	const struct response *response;

	for (int i = 0; i < N_PLACES && (response = get(prepared, i)) != NULL; i++)
		if (is_for(response, plan))
			return response->response;
	return NULL;
}

/* Returns where the next text goes. */
static char *append(char *at, const char *text)
{
	size_t size = strlen(text) + 1;

	memcpy(at, text, size);
	return at + size;
}

/* The case that is kept with a response, NULL for none: a long text of a client is not. */
static const struct fsrv__prepared_case *choose_case(const struct fsrv__prepared_case *of)
{
	return of != NULL && of->if_none_match.length < FSRV__ETAG_SIZE ? of : NULL;
}

static size_t size_of_text(const struct fsrv__prepared_case *of)
{
	return of != NULL ? of->if_none_match.length : 0;
}

static void remember(struct response *response, const struct fsrv__prepared_case *of, char *at)
{
	response->has_case = true;
	response->of = *of;
	if (of->if_none_match.at == NULL)
		return;
	memcpy(at, of->if_none_match.at, of->if_none_match.length);
	response->of.if_none_match.at = at;
}

static struct response *describe(const struct fsrv__allocator *allocator, const struct fsrv__plan *plan,
				 const struct fsrv__prepared_case *of)
{
	size_t size = sizeof(struct response) + size_of_text(of);
	struct response *response;
	char *at;

	for (unsigned i = 0; i < plan->n_headers; i++)
		size += strlen(plan->headers[i].name) + strlen(plan->headers[i].value) + 2;
	response = fsrv__allocate(allocator, size);
	if (response == NULL)
		return NULL;
	*response = (struct response){.status = plan->status,
				      .n_headers = plan->n_headers,
				      .content = plan->content,
				      .length = plan->length,
				      .text = plan->text};
	at = response->headers;
	for (unsigned i = 0; i < plan->n_headers; i++) {
		at = append(at, plan->headers[i].name);
		at = append(at, plan->headers[i].value);
	}
	if (of != NULL)
		remember(response, of, at);
	return response;
}

/* Two threads may make the same response at once, and both may be kept. */
bool fsrv__prepared_keep(struct fsrv__prepared *prepared, const struct fsrv__plan *plan,
			 const struct fsrv__prepared_case *of, struct MHD_Response *response)
{
	struct response *described;

	if (atomic_load(&prepared->places[N_PLACES - 1]) != NULL)
		return false;
	described = describe(&prepared->allocator, plan, choose_case(of));
	if (described == NULL)
		return false;
	described->response = response;
	for (int i = 0; i < N_PLACES; i++) {
		struct response *none = NULL;

		if (atomic_compare_exchange_strong(&prepared->places[i], &none, described))
			return true;
	}
	fsrv__release(&prepared->allocator, described);
	return false;
}
