#include "http/multipart.h"

#include "http/hash.h"

static char *append(char *out, const char *text)
{
	size_t length = strlen(text);

	memcpy(out, text, length + 1);
	return out + length;
}

static char *append_digits(char *out, uint64_t number)
{
	for (int shift = 60; shift >= 0; shift -= 4)
		*out++ = "0123456789abcdef"[number >> shift & 15];
	*out = '\0';
	return out;
}

static void make_boundary(char *boundary, uint64_t key)
{
	char *out = append(boundary, "fsrv-");

	out = append_digits(out, fsrv__hash_mix(key, 1));
	append_digits(out, fsrv__hash_mix(key, 2));
}

/* Writes what stands before the slice of a part or, for the number of parts, behind the last one. Returns its
 * length. The first line break is there for the first part too (RFC 9110, 14.6 allows it): some clients, such
 * as zsync, skip a line before each boundary. */
static size_t write_head(const struct fsrv__multipart *multipart, unsigned part, char *head)
{
	char *out = append(head, "\r\n--");

	out = append(out, multipart->boundary);
	if (part == multipart->n_parts) {
		out = append(out, "--\r\n");
	} else {
		out = append(out, "\r\nContent-Type: ");
		out = append(out, multipart->media_type);
		out = append(out, "\r\nContent-Range: ");
		out += fsrv__content_range_write(out, &multipart->parts[part].slice, multipart->size);
		out = append(out, "\r\n\r\n");
	}
	return (size_t)(out - head);
}

bool fsrv__multipart_make(struct fsrv__multipart *multipart, const struct fsrv__ranges *ranges, uint64_t size,
			  const char *media_type, uint64_t key)
{
	char head[FSRV__PART_HEAD_SIZE];
	uint64_t heads = 0, slices = 0;

	if (strlen(media_type) > FSRV__PART_TYPE_MAX)
		return false;
	append(multipart->media_type, media_type);
	make_boundary(multipart->boundary, key);
	append(append(multipart->content_type, "multipart/byteranges; boundary="), multipart->boundary);
	multipart->n_parts = ranges->n;
	multipart->size = size;
	for (unsigned i = 0; i < ranges->n; i++) {
		multipart->parts[i].slice = ranges->list[i];
		heads += write_head(multipart, i, head);
		multipart->parts[i].position = heads + slices;
		slices += ranges->list[i].length;
	}
	heads += write_head(multipart, ranges->n, head);
	multipart->length = heads + slices;
	/* The slices are apart, so only the heads can make it longer. */
	return heads <= size && slices <= size - heads;
}

void fsrv__multipart_locate(const struct fsrv__multipart *multipart, uint64_t position,
			    struct fsrv__multipart_piece *piece)
{
	const struct fsrv__part *part = multipart->parts;
	const struct fsrv__part *end = part + multipart->n_parts;
	uint64_t text_end;
	size_t length;

	while (part < end && position >= part->position && position - part->position >= part->slice.length)
		part++;
	piece->part = (unsigned)(part - multipart->parts);
	if (part < end && position >= part->position) {
		uint64_t done = position - part->position;

		piece->text = (struct fsrv__text){NULL, 0};
		piece->slice = (struct fsrv_range){part->slice.offset + done, part->slice.length - done};
		return;
	}
	text_end = part < end ? part->position : multipart->length;
	length = write_head(multipart, piece->part, piece->head);
	piece->text.length = (size_t)(text_end - position);
	piece->text.at = piece->head + length - piece->text.length;
}
