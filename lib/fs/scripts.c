/* An addition is complete before it is published by one atomic store, and never changes afterwards. */
#include "fs/scripts.h"

#include <string.h>
#include <time.h>

#include "http/hash.h"

void fsrv__scripts_init(struct fsrv__scripts *scripts, const struct fsrv__allocator *allocator)
{
	scripts->allocator = *allocator;
	pthread_mutex_init(&scripts->mutex, NULL);
	atomic_init(&scripts->last, NULL);
}

void fsrv__scripts_destroy(struct fsrv__scripts *scripts)
{
	const struct fsrv__addition *addition = atomic_load(&scripts->last);

	while (addition != NULL) {
		const struct fsrv__addition *previous = addition->previous;

		fsrv__release(&scripts->allocator, (void *)(uintptr_t)addition);
		addition = previous;
	}
	atomic_store(&scripts->last, NULL);
	pthread_mutex_destroy(&scripts->mutex);
}

static void compute_totals(struct fsrv__addition *addition)
{
	static const struct fsrv__script_totals none[FSRV__PAGE_KINDS];
	const struct fsrv__script_totals *before =
		addition->previous != NULL ? addition->previous->totals : none;
	uint64_t hash = fsrv__hash_bytes((uint64_t)addition->point << 1 | (addition->any_case != 0),
					 addition->bytes, addition->length);

	for (int kind = 0; kind < FSRV__PAGE_KINDS; kind++) {
		struct fsrv__script_totals *totals = &addition->totals[kind];

		*totals = before[kind];
		if (kind < (int)addition->pages)
			continue;
		totals->hash = fsrv__hash_mix(totals->hash + 1, hash) | 1;
		if (addition->point == FSRV_POINTS)
			totals->n_markers++;
		else
			totals->lengths[addition->point] += addition->length;
	}
}

static void publish(struct fsrv__scripts *scripts, struct fsrv__addition *addition)
{
	pthread_mutex_lock(&scripts->mutex);
	addition->previous = atomic_load_explicit(&scripts->last, memory_order_relaxed);
	compute_totals(addition);
	atomic_store_explicit(&scripts->last, addition, memory_order_release);
	pthread_mutex_unlock(&scripts->mutex);
}

static struct fsrv__addition *allocate_addition(struct fsrv__scripts *scripts, enum fsrv__page_kind pages,
						enum fsrv_point point, size_t length)
{
	struct fsrv__addition *addition = fsrv__allocate(&scripts->allocator, sizeof(*addition) + length);

	if (addition == NULL)
		return NULL;
	addition->pages = pages;
	addition->point = point;
	addition->any_case = 0;
	addition->time = time(NULL);
	addition->length = length;
	return addition;
}

int fsrv__scripts_add(struct fsrv__scripts *scripts, const struct fsrv__new_addition *given)
{
	struct fsrv__addition *addition =
		allocate_addition(scripts, given->pages, given->point, given->length);

	if (addition == NULL)
		return FSRV_ERR_MEMORY;
	addition->any_case = given->any_case != 0;
	if (given->length > 0)
		memcpy(addition->bytes, given->bytes, given->length);
	publish(scripts, addition);
	return FSRV_OK;
}

int fsrv__scripts_add_script(struct fsrv__scripts *scripts, enum fsrv__page_kind pages, enum fsrv_point point,
			     const struct fsrv_script *script)
{
	struct fsrv__addition *addition;
	size_t length;
	int error = fsrv_script_build(script, NULL, 0, &length);

	if (error != FSRV_ERR_SPACE)
		return error;
	addition = allocate_addition(scripts, pages, point, length);
	if (addition == NULL)
		return FSRV_ERR_MEMORY;
	error = fsrv_script_build(script, addition->bytes, length, &length);
	if (error != FSRV_OK) {
		fsrv__release(&scripts->allocator, addition);
		return error;
	}
	publish(scripts, addition);
	return FSRV_OK;
}

const struct fsrv__addition *fsrv__scripts_snapshot(struct fsrv__scripts *scripts)
{
	return atomic_load_explicit(&scripts->last, memory_order_acquire);
}

void fsrv__scripts_copy(const struct fsrv__addition *last, enum fsrv__page_kind kind, enum fsrv_point point,
			char *out)
{
	out += last->totals[kind].lengths[point];
	for (; last != NULL; last = last->previous) {
		if (last->point != point || last->pages > kind)
			continue;
		out -= last->length;
		memcpy(out, last->bytes, last->length);
	}
}

void fsrv__scripts_list_markers(const struct fsrv__addition *last, enum fsrv__page_kind kind,
				struct fsrv_marker *markers)
{
	markers += last->totals[kind].n_markers;
	for (; last != NULL; last = last->previous)
		if (last->point == FSRV_POINTS && last->pages <= kind)
			*--markers = (struct fsrv_marker){last->bytes, last->length, last->any_case};
}
