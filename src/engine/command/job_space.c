/*
 * Room in the repository: what the server is told of it, and what a backup
 * leaves free.
 */
#include "command/job.h"

#include "command/human.h"
#include "protocol.h"

/*
 * Free and total bytes; false where nothing sensible is known, as of some
 * file systems over the network.
 */
static bool
measure(const Repository *repository, int64 *available, int64 *total)
{
	if (!store_space(repository->store, available, total) || *total <= 0)
		return false;
	*available = Min(Max(*available, 0), *total);
	return true;
}

void
job_send_space(Repository *repository, const char *further_url)
{
	int64		available;
	int64		total;

	if (measure(repository, &available, &total))
		protocol_send("repository", json_pack("{s:o, s:I, s:I}",
											  "url", json_text(further_url),
											  "free_bytes", (json_int_t) available,
											  "total_bytes", (json_int_t) total));
}

void
job_require_space(json_t *job, Repository *repository, int64 expected)
{
	Store	   *store = repository->store;
	int64		percent = job_integer(job, "minimum_free_percent", 0);
	int64		available;
	int64		total;

	if (percent <= 0 || !measure(repository, &available, &total))
		return;
	store->reserve = total / 100 * percent;
	if (available - expected < store->reserve)
		fail(FAILURE_DISK_FULL,
			 "Free some space, keep fewer backups, or lower erpgo_backup.minimum_free_space; with 0, backups may fill the disk.",
			 "backup \"%s\" is expected to need %s, but repository \"%s\" has only %s free, and %s are kept free",
			 job_backup_id(job), bytes_text(expected), store->url,
			 bytes_text(available), bytes_text(store->reserve));
}
