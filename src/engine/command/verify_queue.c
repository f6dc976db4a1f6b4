/*
 * Verifies all objects of a backup, several of them side by side.
 *
 * Each object has one step or two: its digest, then its content; from a server
 * both are had by reading once.  Processes take the steps from one queue, so
 * that each core has something to do, and a connection serves for many objects.
 */
#include "postgres_fe.h"

#include "cluster/workers.h"
#include "command/verify_backup.h"
#include "protocol.h"
#include "repository/backup_gather.h"

/* How often progress is looked at while there is nothing else to do. */
#define WATCH_MS 500

/* What a worker process takes from a queue, and notes of it for its parent. */
typedef struct VerifyWorker
{
	struct VerifyQueue *queue;
	int			step;			/* the last one that it took */
} VerifyWorker;

typedef struct VerifyQueue
{
	Verification *verification;
	int			steps_per_object;
	int			content_step;	/* of an object; -1 where nobody looks at it */
	int			step_count;
	int		   *next_step;		/* shared by the processes, as what follows */
	bool	   *is_done;		/* for each step: it went well */
	VerifyWorker *workers;
	Isolated  **processes;
	int			process_count;
	int			running;
	bool		has_problem;	/* with content whose digest is not known yet */
	int			problem_object;
	Failure		problem;
} VerifyQueue;

/*
 * Does a step.
 */
static void
run_step(const VerifyQueue *queue, int step)
{
	Verification *verification = queue->verification;
	const Manifest *manifest = verification->backup->manifest;
	const ManifestObject *object = &manifest->objects[step / queue->steps_per_object];

	if (step % queue->steps_per_object == queue->content_step)
		object_verify_content(verification, object);
	else
		object_verify_digest(verification->repository, manifest->id, object, true,
							 &verification->done->stored, NULL);
}

/*
 * What a worker process does.
 */
static void
run_steps(void *context)
{
	VerifyWorker *worker = context;
	VerifyQueue *queue = worker->queue;

	while ((worker->step = __atomic_fetch_add(queue->next_step, 1, __ATOMIC_SEQ_CST)) <
		   queue->step_count)
	{
		run_step(queue, worker->step);
		__atomic_store_n(&queue->is_done[worker->step], true, __ATOMIC_SEQ_CST);
	}
}

/*
 * Prepares the queue and starts the processes.
 */
static void
start_workers(VerifyQueue *queue, int jobs)
{
	const Verification *verification = queue->verification;

	queue->content_step = verification->depth < VERIFY_ARCHIVE ? -1 :
		verification->reads_once ? 0 : 1;
	queue->steps_per_object = queue->content_step == 1 ? 2 : 1;
	queue->step_count = verification->backup->manifest->object_count * queue->steps_per_object;
	queue->process_count = Min(Max(jobs, 2), queue->step_count);
	queue->next_step = workers_share(sizeof(int));
	queue->is_done = workers_share(queue->step_count * sizeof(bool));
	queue->workers = workers_share(queue->process_count * sizeof(VerifyWorker));
	queue->processes = pg_malloc0((queue->process_count + 1) * sizeof(Isolated *));
	for (int i = 0; i < queue->process_count; i++)
	{
		queue->workers[i].queue = queue;
		queue->processes[i] = isolated_start(run_steps, &queue->workers[i]);
	}
	queue->running = queue->process_count;
}

/*
 * Reports how far it is, and the database of the object that was taken last.
 */
static void
report(const VerifyQueue *queue)
{
	const Verification *verification = queue->verification;
	int			last = Min(__atomic_load_n(queue->next_step, __ATOMIC_SEQ_CST),
						   queue->step_count) - 1;
	int			object = Max(last, 0) / queue->steps_per_object;

	progress_report("verifying", verification->backup->manifest->objects[object].database,
					verification->done->stored + verification->done->content,
					verification->bytes_expected);
}

/*
 * Takes the end of a process.  That stored bytes are not those of the manifest
 * is told before what is wrong with their content, which so waits until the
 * digest was looked at.
 */
static void
take_end(VerifyQueue *queue, int ended)
{
	int			step = queue->workers[ended].step;
	Failure		problem;
	bool		went_well = isolated_finish(queue->processes[ended], &problem);

	queue->processes[ended] = NULL;
	queue->running--;
	if (went_well)
		return;
	if (step % queue->steps_per_object != queue->content_step)
		fail_with(&problem);
	if (queue->content_step == 0)
		object_fail_content(queue->verification,
							&queue->verification->backup->manifest->objects[step], &problem);
	if (queue->has_problem)
		return;
	queue->has_problem = true;
	queue->problem = problem;
	queue->problem_object = step / queue->steps_per_object;
}

/*
 * Fails with what is wrong with some content once its digest is known to be
 * right, or nobody is left who would look.
 */
static void
check_problem(const VerifyQueue *queue)
{
	int			digest = queue->problem_object * queue->steps_per_object;

	if (queue->has_problem &&
		(queue->running == 0 ||
		 __atomic_load_n(&queue->is_done[digest], __ATOMIC_SEQ_CST)))
		fail_with(&queue->problem);
}

/*
 * Waits until all steps are done, or one fails.
 */
static void
await_workers(VerifyQueue *queue)
{
	while (queue->running > 0)
	{
		int			ended = isolated_wait_any(queue->processes, queue->process_count, WATCH_MS);

		report(queue);
		if (ended >= 0)
			take_end(queue, ended);
		check_problem(queue);
	}
}

void
backup_verify(Repository *repository, const Backup *backup, VerifyDepth depth,
			  const char *pg_restore, int jobs)
{
	Verification verification = verification_make(repository, backup, depth, pg_restore);
	VerifyQueue queue = {.verification = &verification};

	if (depth >= VERIFY_ARCHIVE)
		backup_require_key(backup);
	backup_gather(repository, backup->manifest);
	start_workers(&queue, jobs);
	await_workers(&queue);
	backup_gather_end();
	backup_verify_complete(repository, backup);
	pg_free(queue.processes);
}
