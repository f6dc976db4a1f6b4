/*
 * The repositories that a file of WAL must be in before it counts as archived.
 */
#include "command/wal_targets.h"

#include "common/store_url.h"
#include "repository/master_key.h"
#include "repository/owner.h"
#include "repository/secrets.h"
#include "repository/wal_note.h"

int
wal_target_urls(json_t *job, const char *urls[REPOSITORY_LIST_LIMIT])
{
	int			count = 0;
	json_t	   *repository;
	size_t		i;

	urls[count++] = job_required_text(job, "repository");
	json_array_foreach(json_object_get(job, "repositories"), i, repository)
	{
		const char *url = job_required_text(repository, "url");

		if (strcmp(url, urls[0]) == 0 ||
			strcmp(job_required_text(repository, "wal"), "required") != 0)
			continue;
		if (count == REPOSITORY_LIST_LIMIT)
			fail(FAILURE_USAGE, NULL, "the job description has more than %d repositories",
				 REPOSITORY_LIST_LIMIT);
		urls[count++] = url;
	}
	return count;
}

bool
wal_targets_are_on_servers(const char *const *urls, int count)
{
	for (int i = 0; i < count; i++)
	{
		if (store_url_path(urls[i]) != NULL)
			return false;
	}
	return true;
}

void
wal_targets_open(WalTargets *targets, const char *const *urls, int count,
				 const WalOrigin *origin)
{
	targets->count = count;
	for (int i = 0; i < count; i++)
	{
		Repository *repository = repository_open_writer(urls[i], origin->cluster,
														master_key(),
														origin->system_identifier);

		owner_require(repository, origin->data_directory);
		targets->archives[i] = wal_archive_open(repository);
	}
}

/*
 * Gives the other repositories the keys that the first one has; without any, it
 * is given one.
 */
static void
share_keys(const WalTargets *targets)
{
	const Repository *first = targets->archives[0]->repository;

	if (targets->count == 1)
		return;
	(void) wal_key_current(targets->archives[0]);
	for (int i = 1; i < targets->count; i++)
		cluster_keys_copy(first->store, targets->archives[i]->repository->store, first->prefix);
}

void
wal_targets_push(WalTargets *targets, const WalSource *source, bool noted)
{
	WalName		name;

	if (source->encrypted)
		share_keys(targets);
	wal_archive_push_all(targets->archives, targets->count, source);
	if (!noted || !wal_name_parse(source->file, &name) || name.kind != WAL_SEGMENT)
		return;
	for (int i = 0; i < targets->count; i++)
		wal_note_write(targets->archives[i], &name, source->encrypted);
}

void
wal_targets_close(WalTargets *targets)
{
	for (int i = 0; i < targets->count; i++)
		repository_close(targets->archives[i]->repository);
}
