/* What the parts of the option --index share. */
#ifndef SERVE_INDEX_H
#define SERVE_INDEX_H

#include "serve.h"

/* A folder below the roots: decoded, without slashes at its ends; "" is that of the roots. */
struct folder_path {
	char text[4096];
};

struct entry {
	char *name;
	bool is_folder;
	uint64_t size;
	time_t modified;
	unsigned root;
};

struct folder {
	struct entry *entries; /* sorted by bytes of the name */
	size_t n, room;
	bool is_there;
	bool is_cut; /* there are more entries */
};

enum sort_key { BY_NAME, BY_SIZE, BY_DATE };

struct order {
	enum sort_key by;
	bool is_descending;
};

/* A page; NULL: the path is no folder that may be shown. */
struct listing {
	char *html;
	size_t length;
};

/* A listing that is made while its connection is suspended. */
struct job {
	struct MHD_Connection *connection;
	struct folder_path path;
	struct order order;
	struct listing listing;
	bool is_done;
	time_t done; /* when, by CLOCK_MONOTONIC */
	struct job *next, *next_in_queue;
};

/* Reads a target, as libmicrohttpd passes it, that means a folder below the prefix. False for all others. */
bool read_folder_target(const char *target, const char *prefix, struct folder_path *path);

/* Reads a folder, at most 10000 entries, for a few seconds, and not when jobs are over; free_folder frees
 * what it found. */
void read_folder(const struct settings *s, const struct folder_path *path, struct folder *folder);
void free_folder(struct folder *folder);

/* Reads a folder and makes the page, which the caller frees. */
void make_listing(const struct settings *s, const struct folder_path *path, struct order order,
		  struct listing *listing);

/* Suspends a connection, whose thread calls this, and makes a listing meanwhile. Afterwards libmicrohttpd
 * calls the handler again. NULL: out of memory or threads, or at the end; nothing is suspended then. */
struct job *begin_job(struct settings *s, struct MHD_Connection *connection, const struct folder_path *path,
		      struct order order);

/* Takes the listing of a connection's job that is done. False when job, any pointer, is none. */
bool take_job(const struct MHD_Connection *connection, const void *job, struct listing *listing);

/* Whether the program ends: whatever waits for a disk gives up. */
bool jobs_are_over(void);

#endif
