/* The table of extensions, sorted by extension: it is searched by bsearch(3). */
#include "http/mime.h"

#include <stdlib.h>
#include <string.h>

#include "http/text.h"

struct type {
	const char *extension;
	const char *media_type;
};

/* Sorted by extension. Text types name their encoding, because it is guessed at otherwise. HTML and XML do
 * not: documents of these types name their own, which a charset would outrank. The registrations are at
 * https://www.iana.org/assignments/media-types. */
static const struct type types[] = {
	{"3g2", "video/3gpp2"},
	{"3gp", "video/3gpp"},
	{"3mf", "model/3mf"},
	{"7z", "application/x-7z-compressed"},
	{"aac", "audio/aac"},
	{"ai", "application/postscript"},
	{"aif", "audio/aiff"},
	{"aifc", "audio/aiff"},
	{"aiff", "audio/aiff"},
	{"amr", "audio/amr"},
	{"apk", "application/vnd.android.package-archive"},
	{"apng", "image/apng"},
	{"arrow", "application/vnd.apache.arrow.file"},
	{"asc", "application/pgp-signature"},
	{"ass", "text/x-ssa; charset=utf-8"},
	{"atom", "application/atom+xml"},
	{"au", "audio/basic"},
	{"avi", "video/x-msvideo"},
	{"avif", "image/avif"},
	{"avifs", "image/avif"},
	{"bin", "application/octet-stream"},
	{"bmp", "image/bmp"},
	{"bz2", "application/x-bzip2"},
	{"c", "text/x-c; charset=utf-8"},
	{"caf", "audio/x-caf"},
	{"cc", "text/x-c; charset=utf-8"},
	{"cfg", "text/plain; charset=utf-8"},
	{"cjs", "text/javascript; charset=utf-8"},
	{"cmfv", "video/iso.segment"},
	{"conf", "text/plain; charset=utf-8"},
	{"cpp", "text/x-c; charset=utf-8"},
	{"crt", "application/x-x509-ca-cert"},
	{"css", "text/css; charset=utf-8"},
	{"csv", "text/csv; charset=utf-8"},
	{"cube", "text/plain; charset=utf-8"},
	{"cur", "image/x-icon"},
	{"dat", "application/octet-stream"},
	{"data", "application/octet-stream"},
	{"db", "application/vnd.sqlite3"},
	{"dds", "image/vnd.ms-dds"},
	{"deb", "application/vnd.debian.binary-package"},
	{"der", "application/x-x509-ca-cert"},
	{"dib", "image/bmp"},
	{"diff", "text/x-diff; charset=utf-8"},
	{"dll", "application/octet-stream"},
	{"dmg", "application/x-apple-diskimage"},
	{"doc", "application/msword"},
	{"docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
	{"eot", "application/vnd.ms-fontobject"},
	{"eps", "application/postscript"},
	{"epub", "application/epub+zip"},
	{"exe", "application/octet-stream"},
	{"exr", "image/aces"},
	{"fgb", "application/octet-stream"},
	{"flac", "audio/flac"},
	{"flv", "video/x-flv"},
	{"frag", "text/plain; charset=utf-8"},
	{"geojson", "application/geo+json; charset=utf-8"},
	{"gif", "image/gif"},
	{"glb", "model/gltf-binary"},
	{"glsl", "text/plain; charset=utf-8"},
	{"gltf", "model/gltf+json; charset=utf-8"},
	{"gz", "application/gzip"},
	{"h", "text/x-c; charset=utf-8"},
	{"hdr", "image/vnd.radiance"},
	{"heic", "image/heic"},
	{"heif", "image/heif"},
	{"hpp", "text/x-c; charset=utf-8"},
	{"htm", "text/html"},
	{"html", "text/html"},
	{"ico", "image/x-icon"},
	{"ics", "text/calendar; charset=utf-8"},
	{"img", "application/octet-stream"},
	{"ini", "text/plain; charset=utf-8"},
	{"iso", "application/x-iso9660-image"},
	{"jar", "application/java-archive"},
	{"jfif", "image/jpeg"},
	{"jp2", "image/jp2"},
	{"jpe", "image/jpeg"},
	{"jpeg", "image/jpeg"},
	{"jpg", "image/jpeg"},
	{"js", "text/javascript; charset=utf-8"},
	{"json", "application/json; charset=utf-8"},
	{"json5", "application/json5; charset=utf-8"},
	{"jsonl", "application/jsonl; charset=utf-8"},
	{"jsonld", "application/ld+json; charset=utf-8"},
	{"jxl", "image/jxl"},
	{"ktx", "image/ktx"},
	{"ktx2", "image/ktx2"},
	{"log", "text/plain; charset=utf-8"},
	{"m2ts", "video/mp2t"},
	{"m2v", "video/mpeg"},
	{"m3u", "audio/mpegurl"},
	{"m3u8", "application/vnd.apple.mpegurl"},
	{"m4a", "audio/mp4"},
	{"m4b", "audio/mp4"},
	{"m4s", "video/iso.segment"},
	{"m4v", "video/mp4"},
	{"map", "application/json; charset=utf-8"},
	{"markdown", "text/markdown; charset=utf-8"},
	{"mbtiles", "application/vnd.sqlite3"},
	{"md", "text/markdown; charset=utf-8"},
	{"mid", "audio/midi"},
	{"midi", "audio/midi"},
	{"mjs", "text/javascript; charset=utf-8"},
	{"mkv", "video/x-matroska"},
	{"mov", "video/quicktime"},
	{"mp2", "audio/mpeg"},
	{"mp3", "audio/mpeg"},
	{"mp4", "video/mp4"},
	{"mp4v", "video/mp4"},
	{"mpd", "application/dash+xml"},
	{"mpeg", "video/mpeg"},
	{"mpg", "video/mpeg"},
	{"mpga", "audio/mpeg"},
	{"mtl", "model/mtl"},
	{"mts", "video/mp2t"},
	{"mvt", "application/vnd.mapbox-vector-tile"},
	{"mxf", "application/mxf"},
	{"ndjson", "application/x-ndjson; charset=utf-8"},
	{"obj", "model/obj"},
	{"odp", "application/vnd.oasis.opendocument.presentation"},
	{"ods", "application/vnd.oasis.opendocument.spreadsheet"},
	{"odt", "application/vnd.oasis.opendocument.text"},
	{"oga", "audio/ogg"},
	{"ogg", "audio/ogg"},
	{"ogv", "video/ogg"},
	{"opus", "audio/ogg"},
	{"otf", "font/otf"},
	{"parquet", "application/vnd.apache.parquet"},
	{"patch", "text/x-diff; charset=utf-8"},
	{"pdf", "application/pdf"},
	{"pem", "application/x-x509-ca-cert"},
	{"plist", "application/x-plist"},
	{"ply", "application/octet-stream"},
	{"pmtiles", "application/vnd.pmtiles"},
	{"png", "image/png"},
	{"ppt", "application/vnd.ms-powerpoint"},
	{"pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"},
	{"ps", "application/postscript"},
	{"psd", "image/vnd.adobe.photoshop"},
	{"py", "text/x-python; charset=utf-8"},
	{"qt", "video/quicktime"},
	{"rar", "application/vnd.rar"},
	{"rpm", "application/x-rpm"},
	{"rss", "application/rss+xml"},
	{"rtf", "application/rtf"},
	{"sh", "application/x-sh"},
	{"shtml", "text/html"},
	{"sig", "application/pgp-signature"},
	{"snd", "audio/basic"},
	{"so", "application/octet-stream"},
	{"splat", "application/octet-stream"},
	{"spx", "audio/ogg"},
	{"spz", "application/octet-stream"},
	{"sqlite", "application/vnd.sqlite3"},
	{"srt", "text/plain; charset=utf-8"},
	{"ssa", "text/x-ssa; charset=utf-8"},
	{"stl", "model/stl"},
	{"svg", "image/svg+xml"},
	{"svgz", "image/svg+xml"},
	{"tar", "application/x-tar"},
	{"text", "text/plain; charset=utf-8"},
	{"tga", "image/x-tga"},
	{"tgz", "application/gzip"},
	{"tif", "image/tiff"},
	{"tiff", "image/tiff"},
	{"toml", "application/toml; charset=utf-8"},
	{"torrent", "application/x-bittorrent"},
	{"ts", "video/mp2t"},
	{"tsv", "text/tab-separated-values; charset=utf-8"},
	{"ttc", "font/collection"},
	{"ttf", "font/ttf"},
	{"txt", "text/plain; charset=utf-8"},
	{"usdz", "model/vnd.usdz+zip"},
	{"vcf", "text/vcard; charset=utf-8"},
	{"vert", "text/plain; charset=utf-8"},
	{"vtt", "text/vtt; charset=utf-8"},
	{"wasm", "application/wasm"},
	{"wav", "audio/wav"},
	{"weba", "audio/webm"},
	{"webm", "video/webm"},
	{"webmanifest", "application/manifest+json; charset=utf-8"},
	{"webp", "image/webp"},
	{"wgsl", "text/plain; charset=utf-8"},
	{"wma", "audio/x-ms-wma"},
	{"wmv", "video/x-ms-wmv"},
	{"woff", "font/woff"},
	{"woff2", "font/woff2"},
	{"xht", "application/xhtml+xml"},
	{"xhtml", "application/xhtml+xml"},
	{"xls", "application/vnd.ms-excel"},
	{"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
	{"xml", "text/xml"},
	{"xsd", "text/xml"},
	{"xsl", "application/xslt+xml"},
	{"xslt", "application/xslt+xml"},
	{"xz", "application/x-xz"},
	{"yaml", "application/yaml; charset=utf-8"},
	{"yml", "application/yaml; charset=utf-8"},
	{"zip", "application/zip"},
	{"zst", "application/zstd"},
};

/* Texts that have no extension by custom, in any letter case. */
static const char *const text_names[] = {
	"AUTHORS",    "CHANGELOG",   "CHANGES", "CONTRIBUTING", "CONTRIBUTORS", "COPYING",
	"Dockerfile", "GNUmakefile", "INSTALL", "LICENCE",      "LICENSE",      "Makefile",
	"NEWS",       "NOTICE",      "README",  "THANKS",       "TODO",         "VERSION",
};

#define MAX_EXTENSION 12

#define N_TYPES      (sizeof(types) / sizeof(types[0]))
#define N_TEXT_NAMES (sizeof(text_names) / sizeof(text_names[0]))

static int compare_extension(const void *key, const void *element)
{
	const struct type *type = element;

	return strcmp(key, type->extension);
}

const char *fsrv__mime_extension(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot == NULL || dot == name || dot[1] == '\0' ? NULL : dot + 1;
}

const char *fsrv__mime_type(const char *extension)
{
	char lower[MAX_EXTENSION + 1];
	const struct type *type;
	size_t length = extension != NULL ? strlen(extension) : 0;

	if (length == 0 || length > MAX_EXTENSION)
		return NULL;
	for (size_t i = 0; i <= length; i++)
		lower[i] = fsrv__to_lower(extension[i]);
	type = bsearch(lower, types, N_TYPES, sizeof(types[0]), compare_extension);
	return type != NULL ? type->media_type : NULL;
}

const char *fsrv__mime_type_of_name(const char *name)
{
	for (size_t i = 0; i < N_TEXT_NAMES; i++)
		if (fsrv__names_match(name, text_names[i]))
			return "text/plain; charset=utf-8";
	return NULL;
}

bool fsrv__mime_lacks_charset(const char *media_type)
{
	return fsrv__names_match(media_type, "text/html");
}

const char *fsrv__mime_coding(const char *media_type, const char *name)
{
	const char *extension;

	if (strncmp(media_type, "image/svg+xml", 13) != 0)
		return NULL;
	extension = fsrv__mime_extension(name);
	return extension != NULL && fsrv__names_match(extension, "svgz") ? "gzip" : NULL;
}

bool fsrv__mime_is_html(const char *media_type)
{
	return strncmp(media_type, "text/html", 9) == 0 && strchr("; ", media_type[9]) != NULL;
}
