#include "mhd/open_files.h"

#include <stddef.h>

#include "fs/content.h"
#include "fs/clock.h"
#include "mhd/guard.h"
#include "mhd/handler.h"

bool fsrv__open_files_reserve(struct fsrv *fs)
{
	uint64_t n = fsrv__count(&fs->counters.open_files, 1);

	if (fs->max_files == 0 || n + fsrv__descriptors_count(&fs->kept) <= fs->max_files)
		return true;
	fsrv__open_files_close_kept(fs);
	fsrv__guard_sweep(fs->guard);
	if (atomic_load(&fs->counters.open_files) <= fs->max_files)
		return true;
	fsrv__open_files_cancel(fs);
	return false;
}

void fsrv__open_files_cancel(struct fsrv *fs)
{
	fsrv__uncount(&fs->counters.open_files, 1);
}

bool fsrv__open_files_take(struct fsrv *fs, struct fsrv__file *file)
{
	if (!fsrv__descriptors_take(&fs->kept, file))
		return false;
	if (fsrv__open_files_reserve(fs))
		return true;
	fsrv__file_close(file);
	return false;
}

bool fsrv__open_files_close_kept(struct fsrv *fs)
{
	return fsrv__descriptors_close(&fs->kept, UINT64_MAX) > 0;
}

/* The flag is taken back before the list is looked at. So whoever adds to the list later finds it so, and has
 * this called. */
bool fsrv__open_files_close_unused(struct fsrv *fs)
{
	atomic_store(&fs->kept_are_watched, false);
	fsrv__descriptors_close(&fs->kept, fsrv__clock_milliseconds() - FSRV__DESCRIPTOR_MS);
	if (fsrv__descriptors_count(&fs->kept) == 0)
		return false;
	atomic_store(&fs->kept_are_watched, true);
	return true;
}

/* What a worker does when it has no more jobs is all that is wanted. Where no worker runs the job, nothing
 * stays open: neither the file that was just kept nor one of another thread that relied on the watch. */
static void run_watch(struct fsrv__job *job, bool cancelled)
{
	struct fsrv *fs = (struct fsrv *)(void *)((char *)job - offsetof(struct fsrv, watch_kept));

	atomic_store(&fs->watch_is_queued, false);
	if (!cancelled)
		return;
	atomic_store(&fs->kept_are_watched, false);
	fsrv__open_files_close_kept(fs);
}

/* Has a worker look for what is not used any more. */
static void watch_kept(struct fsrv *fs)
{
	if (atomic_load(&fs->kept_are_watched) || atomic_exchange(&fs->kept_are_watched, true) ||
	    atomic_exchange(&fs->watch_is_queued, true))
		return;
	fs->watch_kept.run = run_watch;
	if (!fsrv__workers_submit(fs->workers, &fs->watch_kept, FSRV__JOB_NEEDED))
		run_watch(&fs->watch_kept, true);
}

/* Whether a later request may find the file by its facts. Those of a small file have its bytes. */
static bool is_worth_keeping(const struct fsrv *fs, const struct fsrv__file *file)
{
	return file->fd >= 0 && file->root >= 0 && !file->is_remote && !atomic_load(&fs->is_drained) &&
	       file->identity.size > FSRV__SMALL_SIZE && fs->cache.max_size > FSRV_NO_CACHE &&
	       fsrv__identity_is_settled(&file->identity, fsrv__clock_time());
}

/* A file on its way to the worker that closes it. */
struct close_job {
	struct fsrv__job job; /* first, so that a pointer to it is one to the whole */
	struct fsrv *fs;
	struct fsrv__file file;
};

static void close_file(struct fsrv *fs, struct fsrv__file *file)
{
	fsrv__file_close(file);
	fsrv__uncount(&fs->counters.open_files, 1);
}

static void run_close(struct fsrv__job *job, bool cancelled)
{
	struct close_job *closing = (struct close_job *)job;
	struct fsrv *fs = closing->fs;

	(void)cancelled;
	close_file(fs, &closing->file);
	fsrv__release(&fs->allocator, closing);
}

void fsrv__open_files_close(struct fsrv *fs, struct fsrv__file *file)
{
	struct close_job *closing = NULL;

	if (is_worth_keeping(fs, file)) {
		fsrv__descriptors_keep(&fs->kept, file, fsrv__clock_milliseconds());
		fsrv__uncount(&fs->counters.open_files, 1);
		watch_kept(fs);
		return;
	}
	if (file->is_remote && fs->workers != NULL && fsrv__workers_have_started(fs->workers))
		closing = fsrv__allocate(&fs->allocator, sizeof(*closing));
	if (closing == NULL) {
		close_file(fs, file);
		return;
	}
	*closing = (struct close_job){.job = {.run = run_close, .is_remote = true}, .fs = fs, .file = *file};
	fsrv__file_forget(file);
	if (!fsrv__workers_submit(fs->workers, &closing->job, FSRV__JOB_NEEDED))
		run_close(&closing->job, true);
}
