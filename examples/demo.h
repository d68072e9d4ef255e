/* What the parts of demo_server share. */
#ifndef DEMO_H
#define DEMO_H

#include <stdbool.h>
#include <stddef.h>

#include "fsrv/server.h"

/* Events: what happens to responses, for those who listen. Any thread may call these. */

/* Values for fsrv_options.access and completion: they publish the beginning and the end of each response. */
void publish_beginning(void *cls, const struct fsrv_access *access);
void publish_end(void *cls, const struct fsrv_completion *completion);

/* Answers with a stream of events (WHATWG HTML, 9.2) that goes on until the client leaves or stop_events is
 * called, which is to be done before the server stops. */
enum MHD_Result answer_events(struct MHD_Connection *connection);
void stop_events(void);

/* A slow disk that can be put under some of the files. */
struct disk;

/* Makes a folder that is empty, or shows the files of clips through a disk on which each read takes its time.
 *
 * clips  a folder
 * name   the name that the folder clips has in that folder
 * disk   receives what disk_close frees
 *
 * The disk may not be to be had: then the folder stays empty. False with errno when there can be no folder.
 */
bool disk_open(const char *clips, const char *name, struct disk **disk);
void disk_close(struct disk *disk);

/* The path of that folder. */
const char *disk_folder(const struct disk *disk);

/* Puts the disk under the files, or takes it away. False when it is not to be had. */
bool disk_set_slow(struct disk *disk, bool is_slow);
bool disk_is_slow(struct disk *disk);

/* Why the disk is not to be had, in a few words; NULL: it is. */
const char *disk_lacks(const struct disk *disk);

#endif
