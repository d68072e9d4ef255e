/* fsrv_drain. */
#include "mhd/handler.h"
#include "mhd/open_files.h"

void fsrv_drain(struct fsrv *fs)
{
	struct fsrv__drain second = {NULL, NULL};

	if (!atomic_exchange(&fs->is_drained, true)) {
		fsrv__workers_drain(fs->workers, &fs->drain);
		fsrv__growth_cancel(&fs->growth, NULL);
		fsrv__open_files_close_kept(fs);
		return;
	}
	/* The first call may still be waiting for a job, so this one waits as well. */
	fsrv__workers_drain(fs->workers, &second);
	fsrv__growth_cancel(&fs->growth, NULL);
	fsrv__workers_undrain(fs->workers, &second);
}
