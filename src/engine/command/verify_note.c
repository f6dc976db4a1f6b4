/*
 * Verifying a backup, and noting in the repository what was found.
 */
#include "postgres_fe.h"

#include "command/verify_note.h"
#include "isolated.h"
#include "repository/backup_folder.h"

void
copy_require(Repository *repository, const char *backup_id)
{
	switch (backup_folder_state(repository, backup_id))
	{
		case FOLDER_PUBLISHED:
		case FOLDER_MANIFEST_LOST:
			return;
		case FOLDER_DELETING:
			fail(FAILURE_GONE, NULL, "backup \"%s\" is being deleted in repository \"%s\"",
				 backup_id, repository->store->url);
		default:
			fail(FAILURE_GONE, NULL, "backup \"%s\" is not in repository \"%s\"",
				 backup_id, repository->store->url);
	}
}

static void
verify_step(void *context)
{
	NotedVerification *verification = context;

	backup_verify(verification->repository, verification->backup, verification->depth,
				  verification->pg_restore, verification->jobs);
}

/*
 * Stores what was found.  Fails if the backup was deleted meanwhile.
 */
static void
store_finding(const NotedVerification *verification, EventKind kind, const char *value)
{
	Repository *repository = verification->repository;
	const char *id = verification->backup->manifest->id;
	Event		event = {
		.kind = kind,
		.at_ms = time_now_ms(),
		.key = kind == EVENT_FAILED ?
		unconstify(char *, verify_depth_name(verification->depth)) : NULL,
		.value = unconstify(char *, value)
	};

	/* Without its objects it looks damaged, but nobody is to be told so. */
	if (verification->is_copy)
		copy_require(repository, id);
	(void) backup_load(repository, id);
	backup_add_event(repository, id, verification->backup, &event);
}

void
verify_and_note(NotedVerification *verification)
{
	Failure		problem;

	if (!isolated_run(verify_step, verification, &problem))
	{
		/* That it could not be verified says nothing of the backup. */
		if (problem.kind == FAILURE_DAMAGED)
			store_finding(verification, EVENT_FAILED, problem.message);
		fail_with(&problem);
	}
	store_finding(verification, EVENT_VERIFIED, verify_depth_name(verification->depth));
}
