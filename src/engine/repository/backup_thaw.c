/*
 * Backups whose objects lie in an archive of their store.
 */
#include "postgres_fe.h"

#include "repository/repository.h"

#define FIRST_WAIT_S 1
#define LONGEST_WAIT_S 300

#define THAW_HINT \
	"That takes up to 5 hours from GLACIER and 12 from DEEP_ARCHIVE, with thaw_tier=Bulk up to 12 and 48. " \
	"Run the command again then, or with --wait-for-thaw."

void
backup_require_thawed(Repository *repository, const char *backup_id, bool wait)
{
	char	   *folder = backup_object_name(repository, backup_id, "");
	int			wait_s = FIRST_WAIT_S;
	int			count = store_thaw(repository->store, folder);

	if (count > 0 && !wait)
		fail(FAILURE_STATE, THAW_HINT,
			 "backup \"%s\" cannot be read yet: it lies in an archive, and its objects are being thawed, of which %d are not there",
			 backup_id, count);
	if (count > 0)
		notice("warning", NULL, "waiting until %d objects of backup \"%s\" are thawed",
			   count, backup_id);
	while (count > 0)
	{
		pg_usleep(wait_s * 1000000L);
		wait_s = Min(2 * wait_s, LONGEST_WAIT_S);
		count = store_thaw(repository->store, folder);
	}
	pg_free(folder);
}
