/*
 * What the processes of one job know together.
 */
#include "postgres_fe.h"

#include <sys/mman.h>

#include "failure.h"
#include "job_state.h"

/* Read and written by several processes, hence only with atomic operations. */
typedef struct JobState
{
	int			answer;
	int			backup_stage;
} JobState;

static JobState own_state;
static JobState *state = &own_state;

void
job_state_init(void)
{
	void	   *memory = mmap(NULL, sizeof(JobState), PROT_READ | PROT_WRITE,
							  MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		fail_errno("could not map shared memory");
	state = memory;
}

bool
job_state_claim_answer(JobAnswer answer)
{
	int			none = ANSWER_NONE;

	return __atomic_compare_exchange_n(&state->answer, &none, answer, false,
									   __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

JobAnswer
job_state_answer(void)
{
	return __atomic_load_n(&state->answer, __ATOMIC_SEQ_CST);
}

void
job_state_note_backup(BackupStage stage)
{
	__atomic_store_n(&state->backup_stage, stage, __ATOMIC_SEQ_CST);
}

BackupStage
job_state_backup(void)
{
	return __atomic_load_n(&state->backup_stage, __ATOMIC_SEQ_CST);
}
