/*
 * Work that several processes do side by side.
 */
#include "cluster/workers.h"

#include <sys/mman.h>

/* How often progress is looked at. */
#define WATCH_MS 500

/* What one of several processes is to do. */
typedef struct WorkerStep
{
	IsolatedStep step;
	void	   *context;
	int			number;
} WorkerStep;

/* Which of them this one is. */
static int	own_number = 0;

void *
workers_share(size_t size)
{
	void	   *memory = mmap(NULL, Max(size, 1), PROT_READ | PROT_WRITE,
							  MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED)
		fail_errno("could not map shared memory");
	return memory;
}

/*
 * What one of the processes does.
 */
static void
run_worker(void *context)
{
	const WorkerStep *worker = context;

	own_number = worker->number;
	worker->step(worker->context);
}

/*
 * Ends those of the processes that are left.
 */
static void
end_workers(Isolated **workers, int count)
{
	for (int i = 0; i < count; i++)
	{
		if (workers[i] != NULL)
			isolated_kill(workers[i]);
	}
}

int
workers_try(IsolatedStep step, void *context, int count, WorkersReport report,
			Failure *problem)
{
	Isolated  **workers = pg_malloc0(count * sizeof(Isolated *));
	int			running = count;
	int			failed = -1;

	for (int i = 0; i < count; i++)
	{
		WorkerStep	worker = {step, context, i};

		workers[i] = isolated_start(run_worker, &worker);
	}
	while (running > 0 && failed < 0)
	{
		int			ended = isolated_wait_any(workers, count, WATCH_MS);

		report(context);
		if (ended < 0)
			continue;
		if (!isolated_finish(workers[ended], problem))
			failed = ended;
		workers[ended] = NULL;
		running--;
	}
	end_workers(workers, count);
	pg_free(workers);
	return failed;
}

int
workers_number(void)
{
	return own_number;
}

void
workers_run(IsolatedStep step, void *context, int count, WorkersReport report)
{
	Failure		problem;

	if (workers_try(step, context, count, report, &problem) >= 0)
		fail_with(&problem);
}
