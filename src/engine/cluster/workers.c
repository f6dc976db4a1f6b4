/*
 * Work that several processes do side by side.
 */
#include "cluster/workers.h"

#include <sys/mman.h>

/* How often progress is looked at. */
#define WATCH_MS 500

void *
workers_share(size_t size)
{
	void	   *memory = mmap(NULL, Max(size, 1), PROT_READ | PROT_WRITE,
							  MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED)
		fail_errno("could not map shared memory");
	return memory;
}

void
workers_run(IsolatedStep step, void *context, int count, WorkersReport report)
{
	Isolated  **workers = pg_malloc0(count * sizeof(Isolated *));
	int			running = count;

	for (int i = 0; i < count; i++)
		workers[i] = isolated_start(step, context);
	while (running > 0)
	{
		int			ended = isolated_wait_any(workers, count, WATCH_MS);
		Failure		problem;

		report(context);
		if (ended < 0)
			continue;
		if (!isolated_finish(workers[ended], &problem))
			fail_with(&problem);
		workers[ended] = NULL;
		running--;
	}
	pg_free(workers);
}
