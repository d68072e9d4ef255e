/* What fsrv-serve --help and --version print. */
#include "serve.h"

/* Two, because compilers need not take longer ones than 4095 bytes. */
static const char what_is_served[] =
	"usage: " PROGRAM " [OPTION]... [FOLDER]\n"
	"Serves FOLDER (default: the working directory) over HTTP.\n"
	"\n"
	"Where it listens:\n"
	"  -p, --port N            port (default: any free one)\n"
	"  --host ADDRESS          localhost (default), 0.0.0.0 or :: for the network, or one address\n"
	"  --address ADDRESS       the same, numeric\n"
	"  --cert FILE, --key FILE  speak TLS with a certificate and its key, both PEM\n"
	"  --open                  open the address in a browser\n"
	"  --allow-host HOST       answer requests for HOST too, * for all; repeatable\n"
	"\n"
	"What it serves:\n"
	"  --index                 list what is in a folder that has no index page\n"
	"  --overlay DIR           look into DIR before FOLDER; repeatable, first come first\n"
	"  --prefix PATH           serve below this path, such as /assets (default: /)\n"
	"  --spa[=PAGE]            PAGE for every route of an application (default: index.html)\n"
	"  --not-found PAGE        send PAGE with 404 to browsers (default: a short text)\n"
	"  --clean-urls            /about is about.html\n"
	"  --symlinks POLICY       follow (default), beneath or none\n"
	"  --precompressed         send FILE.br, FILE.zst or FILE.gz for FILE to clients that accept it\n"
	"  --follow PATTERN        send what is appended to files that match, while they grow; repeatable\n"
	"  --follow-seconds N      a file that has not grown for N seconds is finished (default: 10)\n"
	"\n"
	"Header fields:\n"
	"  --header 'NAME: VALUE'  in every response; 'PATTERN: NAME: VALUE' for paths that match, as in\n"
	"                          .gitignore; without VALUE the field is removed; repeatable\n"
	"  --cache-control VALUE   Cache-Control of files (default: no-cache)\n"
	"  --cors[=ORIGIN]         let scripts of ORIGIN read files (default: of every origin); repeatable\n"
	"  --isolate               isolate pages from other origins, for SharedArrayBuffer\n"
	"  --type EXT=TYPE         media type of an extension; repeatable\n"
	"  --mime-types FILE       media types of extensions, as in /etc/mime.types\n"
	"  --default-type TYPE     of unknown extensions (default: application/octet-stream)\n"
	"  --extensionless-type TYPE  of names without extension (default: the same)\n"
	"  --coding-by-extension   send a.js.gz as a script with Content-Encoding: gzip\n"
	"  --etag SOURCE           entity tags: local (default) or replica, the same for copies\n"
	"  --tag-salt TEXT         mixed into each entity tag, such as a build id\n"
	"\n"
	"Scripts in pages, all repeatable:\n"
	"  --pre-head-script FILE  at the start of the head of every page\n"
	"  --head-script FILE      at the end of the head of the index page\n"
	"  --body-script FILE      at the end of the body of the index page\n"
	"  --strip MARKER          take scripts that contain MARKER out of the index page\n"
	"\n";
static const char how_it_is_served[] =
	"What it tells:\n"
	"  --stats                 answer /stats with counters in JSON, print them at the end\n"
	"  --log FORMAT            text (default) or json, a line for each response\n"
	"  --progress              live transfers and their rates at the bottom of the terminal\n"
	"  --quiet                 no log of requests, no QR code\n"
	"\n"
	"Limits:\n"
	"  --max-bodies N          503 while N large files are on their way (default: no limit)\n"
	"  --max-files N           503 while N files are open (default: no limit)\n"
	"  --max-ranges N          parts of one response, up to 64 (default: 1, the whole file instead)\n"
	"  --max-connections N     connections at one time (default: 256)\n"
	"  --max-per-address N     those of one address (default: half; none on a loopback address)\n"
	"  --request-timeout S     seconds for the header of a first request (default: 30; 0: none)\n"
	"  --keep-alive-timeout S  seconds until that of a further one (default: 75; 0: none)\n"
	"  --header-memory BYTES   of a connection for header fields (default: 49152)\n"
	"\n"
	"How it works inside:\n"
	"  --mode MODE             thread (per connection, default), epoll or pool\n"
	"  --body MODE             auto (default), zero-copy or reader\n"
	"  --workers N             threads that wait for disks in modes epoll and pool (default: 4)\n"
	"  --cache-size BYTES      memory for small files and pages (default: 16777216; 0: none)\n"
	"\n"
	"  -h, --help, -V, --version\n"
	"\n"
	"The first line on standard output is the address. /health answers 200 ok. The exit status is 0\n"
	"after SIGINT or SIGTERM, 2 when it cannot start. The manual page has the details.\n";

void print_help(void)
{
	fputs(what_is_served, stdout);
	fputs(how_it_is_served, stdout);
}

void print_version(void)
{
	fputs(PROGRAM " " FSRV_VERSION "\n", stdout);
	printf("libmicrohttpd %s, %s TLS, %s\n", MHD_get_version(),
	       MHD_is_feature_supported(MHD_FEATURE_TLS) == MHD_YES ? "with" : "without",
	       has_qr() ? "with QR codes" : "without QR codes (built without libqrencode)");
}
