#include "mhd/open_files.h"

#include "mhd/guard.h"
#include "mhd/handler.h"

bool fsrv__open_files_reserve(struct fsrv *fs)
{
	if (fsrv__count(&fs->counters.open_files, 1) <= fs->max_files || fs->max_files == 0)
		return true;
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
