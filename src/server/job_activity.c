/*
 * Which jobs are active.
 */
#include "postgres.h"

#include "job_slot.h"

bool
job_slot_is_active(const JobSlot *slot)
{
	return slot->state != JOB_FREE && slot->state != JOB_FINISHED;
}

/*
 * Is there an active job of a kind, on a backup, about a further repository?
 * NULL stands for whichever.
 */
static bool
is_any_active(JobKind kind, const char *id, const char *target)
{
	bool		found = false;

	LWLockAcquire(job_table->lock, LW_SHARED);
	for (int i = 0; i < JOB_SLOTS && !found; i++)
	{
		const JobSlot *slot = &job_table->slots[i];

		found = job_slot_is_active(slot) && slot->request.kind == kind &&
			(id == NULL || strcmp(slot->request.id, id) == 0) &&
			(target == NULL || strcmp(slot->request.target, target) == 0);
	}
	LWLockRelease(job_table->lock);
	return found;
}

bool
job_kind_active(JobKind kind)
{
	return is_any_active(kind, NULL, NULL);
}

bool
job_target_active(JobKind kind, const char *target)
{
	return is_any_active(kind, NULL, target);
}

bool
job_copies(const char *id, const char *target)
{
	return is_any_active(JOB_COPY, id, target);
}

bool
job_backup_active(void)
{
	bool		found = false;

	LWLockAcquire(job_table->lock, LW_SHARED);
	for (int i = 0; i < JOB_COMMON_SLOTS && !found; i++)
	{
		const JobSlot *slot = &job_table->slots[i];

		found = slot->request.kind == JOB_BACKUP &&
			job_slot_is_active(slot) && slot->state != JOB_WAITING;
	}
	LWLockRelease(job_table->lock);
	return found;
}

bool
job_has_room(void)
{
	return job_free_slots() > 0;
}

int
job_free_slots(void)
{
	int			count = 0;

	LWLockAcquire(job_table->lock, LW_SHARED);
	for (int i = 0; i < JOB_COMMON_SLOTS; i++)
		count += job_table->slots[i].state == JOB_FREE;
	LWLockRelease(job_table->lock);
	return count;
}
