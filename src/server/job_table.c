/*
 * The shared memory that jobs live in.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/shmem.h"

#include "job_slot.h"

JobTable   *job_table = NULL;

static shmem_request_hook_type previous_request_hook = NULL;
static shmem_startup_hook_type previous_startup_hook = NULL;

/*
 * Asks the server for our share of shared memory.
 */
static void
request_memory(void)
{
	if (previous_request_hook != NULL)
		previous_request_hook();
	RequestAddinShmemSpace(MAXALIGN(sizeof(JobTable)));
	RequestNamedLWLockTranche("erpgo_backup", 1);
}

/*
 * Makes the table of jobs, or finds it.
 */
static void
set_up_memory(void)
{
	bool		found;

	if (previous_startup_hook != NULL)
		previous_startup_hook();

	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	job_table = ShmemInitStruct("erpgo_backup", sizeof(JobTable), &found);
	if (!found)
	{
		memset(job_table, 0, sizeof(JobTable));
		job_table->lock = &GetNamedLWLockTranche("erpgo_backup")->lock;
		for (int i = 0; i < JOB_SLOTS; i++)
			ConditionVariableInit(&job_table->slots[i].changed);
	}
	LWLockRelease(AddinShmemInitLock);
}

void
job_table_install_hooks(void)
{
	previous_request_hook = shmem_request_hook;
	shmem_request_hook = request_memory;
	previous_startup_hook = shmem_startup_hook;
	shmem_startup_hook = set_up_memory;
}

void
job_mark_set(bool *mark)
{
	LWLockAcquire(job_table->lock, LW_EXCLUSIVE);
	*mark = true;
	LWLockRelease(job_table->lock);
}

bool
job_mark_take(bool *mark)
{
	bool		was_set;

	LWLockAcquire(job_table->lock, LW_EXCLUSIVE);
	was_set = *mark;
	*mark = false;
	LWLockRelease(job_table->lock);
	return was_set;
}
