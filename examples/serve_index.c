/* The option --index: what is in a folder, as a page. It is a fallback of the library (fsrv/fsrv.h), called
 * for what is missing: a folder without an index page is. The page is answered by fsrv_serve, so that
 * validators, HEAD and header fields are those of files.
 *
 * Names come from whoever may write to the folder: they are escaped in each place. The page has no script,
 * and forbids any that would stand after its head. */
#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "fsrv/resource.h"
#include "serve_index.h"

#define DIGITS "0123456789"

static const char style[] =
	":root{color-scheme:light "
	"dark;--text:#1c1e21;--back:#fff;--soft:#5f6670;--line:#e3e5e8;--link:#0b57d0;"
	"--row:#f3f5f8}"
	"@media(prefers-color-scheme:dark){:root{--text:#e6e7e9;--back:#15171a;--soft:#9aa1ab;--line:#2b2f35;"
	"--link:#8ab4f8;--row:#1f2328}}"
	"*{box-sizing:border-box}"
	"body{margin:0;background:var(--back);color:var(--text);font:1rem/1.5 system-ui,sans-serif}"
	"main{max-width:60rem;margin:0 auto;padding:1.5rem 1rem 3rem}"
	"h1{font-size:1.25rem;font-weight:600;margin:0 .5rem 1rem;overflow-wrap:anywhere}"
	"a{color:var(--link);text-decoration:none}"
	"a:hover{text-decoration:underline}"
	"a:focus-visible{outline:2px solid var(--link);outline-offset:2px;border-radius:2px}"
	"table{width:100%;border-collapse:collapse}"
	"th,td{padding:.4rem .5rem;text-align:left;border-bottom:1px solid var(--line);vertical-align:top}"
	"th{font-size:.875rem;font-weight:600}"
	"th a{color:var(--soft)}"
	"th[aria-sort] a{color:var(--text)}"
	"th[aria-sort=ascending] a::after{content:' \\2191'}"
	"th[aria-sort=descending] a::after{content:' \\2193'}"
	"tbody tr:hover,tbody tr:focus-within{background:var(--row)}"
	"tbody td:first-child{padding:0}"
	"tbody td:first-child a{display:block;padding:.4rem .5rem;overflow-wrap:anywhere}"
	".size,.date{white-space:nowrap;width:1%;font-variant-numeric:tabular-nums}"
	".size{text-align:right}"
	"td.size,td.date,p{color:var(--soft)}"
	"p{margin:1rem .5rem}"
	"@media(max-width:34rem){main{padding:1rem .25rem 2rem}.date{display:none}}";

/* Letter case does not count, and numbers are compared as such: clip2 stands before clip10. */
static int compare_names(const char *a, const char *b)
{
	while (*a != '\0' && *b != '\0') {
		size_t digits_a = strspn(a, DIGITS), digits_b = strspn(b, DIGITS);
		int result = tolower((unsigned char)*a) - tolower((unsigned char)*b);

		if (digits_a > 0 && digits_b > 0) {
			size_t zeros_a = strspn(a, "0"), zeros_b = strspn(b, "0");

			result = (digits_a - zeros_a > digits_b - zeros_b) -
				 (digits_a - zeros_a < digits_b - zeros_b);
			if (result == 0)
				result = strncmp(a + zeros_a, b + zeros_b, digits_a - zeros_a);
		} else {
			digits_a = digits_b = 1;
		}
		if (result != 0)
			return result;
		a += digits_a;
		b += digits_b;
	}
	return (unsigned char)*a - (unsigned char)*b;
}

/* Folders stand before files. What is equal is sorted by name. */
static int compare(const void *left, const void *right, void *cls)
{
	const struct entry *a = left, *b = right;
	const struct order *order = cls;
	int result = 0;

	if (a->is_folder != b->is_folder)
		return b->is_folder - a->is_folder;
	if (order->by == BY_SIZE && !a->is_folder)
		result = (a->size > b->size) - (a->size < b->size);
	else if (order->by == BY_DATE)
		result = (a->modified > b->modified) - (a->modified < b->modified);
	if (result == 0)
		result = compare_names(a->name, b->name);
	if (result == 0)
		result = strcmp(a->name, b->name);
	return order->is_descending ? -result : result;
}

static const char *const columns[] = {"name", "size", "date"};

/* Nothing for the usual order. */
static void write_query(FILE *file, const struct order *order)
{
	if (order->by != BY_NAME || order->is_descending)
		fprintf(file, "?sort=%s&amp;order=%s", columns[order->by],
			order->is_descending ? "desc" : "asc");
}

static void write_crumb(FILE *file, size_t up, const char *name, const struct order *order)
{
	if (up == 0) {
		write_html(file, name);
		return;
	}
	fputs("<a href=\"", file);
	while (up-- > 0)
		fputs("../", file);
	write_query(file, order);
	fputs("\">", file);
	write_html(file, name);
	fputs("</a>", file);
}

/* The path, in which each folder above is a link. */
static void write_heading(FILE *file, const struct folder_path *path, const struct order *order)
{
	struct folder_path copy = *path;
	size_t up = path->text[0] != '\0';
	char *rest = NULL;

	for (const char *c = path->text; *c != '\0'; c++)
		up += *c == '/';
	fputs("<h1>", file);
	write_crumb(file, up, "/", order);
	for (char *name = strtok_r(copy.text, "/", &rest); name != NULL; name = strtok_r(NULL, "/", &rest)) {
		fputc(' ', file);
		write_crumb(file, --up, name, order);
		if (up > 0)
			fputs(" /", file);
	}
	fputs("</h1>\n", file);
}

/* A column's title sorts by it; the second time the other way round. */
static void write_title(FILE *file, enum sort_key by, const char *title, const struct order *order)
{
	bool is_sorted = order->by == by;
	struct order next = {by, is_sorted && !order->is_descending};

	fprintf(file, "<th scope=\"col\" class=\"%s\"", columns[by]);
	if (is_sorted)
		fprintf(file, " aria-sort=\"%s\"", order->is_descending ? "descending" : "ascending");
	fputs("><a href=\"./", file);
	write_query(file, &next);
	fprintf(file, "\">%s</a></th>", title);
}

static void write_date(FILE *file, time_t time)
{
	char machine[32], person[32];
	struct tm utc, local;

	if (gmtime_r(&time, &utc) == NULL || localtime_r(&time, &local) == NULL)
		return;
	strftime(machine, sizeof(machine), "%Y-%m-%dT%H:%M:%SZ", &utc);
	strftime(person, sizeof(person), "%Y-%m-%d %H:%M", &local);
	fprintf(file, "<time datetime=\"%s\">%s</time>", machine, person);
}

/* "./" stands before the name, so that no name is a scheme. */
static void write_entry(FILE *file, const struct entry *entry, const struct order *order)
{
	const char *slash = entry->is_folder ? "/" : "";
	char size[32];

	fputs("<tr><td><a href=\"./", file);
	write_url_segment(file, entry->name);
	fputs(slash, file);
	if (entry->is_folder)
		write_query(file, order);
	fputs("\">", file);
	write_html(file, entry->name);
	fprintf(file, "%s</a></td><td class=\"size\"", slash);
	if (entry->is_folder) {
		fputc('>', file);
	} else {
		write_size(size, sizeof(size), (double)entry->size);
		fprintf(file, " title=\"%" PRIu64 " bytes\">%s", entry->size, size);
	}
	fputs("</td><td class=\"date\">", file);
	write_date(file, entry->modified);
	fputs("</td></tr>\n", file);
}

static void write_page(FILE *file, const struct folder *folder, const struct folder_path *path,
		       const struct order *order)
{
	fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
	      "style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">\n<title>/",
	      file);
	write_html(file, path->text);
	fprintf(file, "</title>\n<style>%s</style>\n</head>\n<body>\n<main>\n", style);
	write_heading(file, path, order);
	fputs("<table>\n<thead><tr>", file);
	write_title(file, BY_NAME, "Name", order);
	write_title(file, BY_SIZE, "Size", order);
	write_title(file, BY_DATE, "Modified", order);
	fputs("</tr></thead>\n<tbody>\n", file);
	if (path->text[0] != '\0') {
		fputs("<tr><td><a href=\"../", file);
		write_query(file, order);
		fputs("\">../</a></td><td class=\"size\"></td><td class=\"date\"></td></tr>\n", file);
	}
	for (size_t i = 0; i < folder->n; i++)
		write_entry(file, &folder->entries[i], order);
	fputs("</tbody>\n</table>\n", file);
	if (folder->is_cut)
		fprintf(file, "<p>Only %zu entries are shown: the folder has more.</p>\n", folder->n);
	else if (folder->n == 0)
		fputs("<p>This folder is empty.</p>\n", file);
	fputs("</main>\n</body>\n</html>\n", file);
}

void make_listing(const struct settings *s, const struct folder_path *path, struct order order,
		  struct listing *listing)
{
	struct folder folder;
	FILE *file;

	*listing = (struct listing){NULL, 0};
	read_folder(s, path, &folder);
	if (!folder.is_there)
		goto done;
	if (folder.n > 0)
		qsort_r(folder.entries, folder.n, sizeof(*folder.entries), compare, &order);
	file = open_memstream(&listing->html, &listing->length);
	if (file == NULL)
		goto done;
	write_page(file, &folder, path, &order);
	if (fclose(file) == EOF) {
		free(listing->html);
		listing->html = NULL;
	}
done:
	free_folder(&folder);
}

static struct order read_order(struct MHD_Connection *connection)
{
	const char *by = MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, "sort");
	const char *order = MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, "order");
	struct order result = {BY_NAME, order != NULL && strcmp(order, "desc") == 0};

	for (unsigned i = 0; by != NULL && i < sizeof(columns) / sizeof(columns[0]); i++)
		if (strcmp(by, columns[i]) == 0)
			result.by = (enum sort_key)i;
	return result;
}

/* In header rules and in the log a listing has a name of its own, which is not that of an index page. */
static void name_listing(const struct folder_path *path, char *name, size_t size)
{
	snprintf(name, size, "%s%slisting.html", path->text, path->text[0] != '\0' ? "/" : "");
}

enum MHD_Result answer_index(void *cls, struct MHD_Connection *connection, const char *url,
			     const char *method, const char *version, const char *upload_data,
			     size_t *upload_data_size, void **con_cls)
{
	struct settings *s = cls;
	struct folder_path path;
	struct listing listing = {NULL, 0};
	struct order order = read_order(connection);
	char name[sizeof(path.text) + 16];
	struct fsrv_resource page = {.size = sizeof(page),
				     .kind = FSRV_RESOURCE_BYTES,
				     .media_type = "text/html; charset=utf-8",
				     .release = free};

	if (read_folder_target(url, s->files.prefix, &path) && !take_job(connection, *con_cls, &listing)) {
		if (s->server.mode != FSRV_SERVER_THREAD) {
			struct job *job = begin_job(s, connection, &path, order);

			if (job == NULL)
				return MHD_NO;
			*con_cls = job;
			return MHD_YES;
		}
		make_listing(s, &path, order, &listing);
	}
	name_listing(&path, name, sizeof(name));
	page.name = name;
	page.bytes = page.cls = listing.html;
	page.length = listing.length;
	return fsrv_serve(s->fs, listing.html != NULL ? &page : NULL, connection, url, method, version,
			  upload_data, upload_data_size, con_cls);
}
