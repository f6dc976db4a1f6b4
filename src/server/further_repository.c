/*
 * What is known of further repositories.
 */
#include "postgres.h"

#include "common/hashfn.h"

#include "further_repository.h"

/*
 * What a URL is known by; never 0.
 */
static uint64
url_key(const char *url)
{
	return hash_bytes_extended((const unsigned char *) url, (int) strlen(url), 0) | 1;
}

static bool
is_in_list(uint64 key, const RepositoryList *list)
{
	for (int i = 0; i < list->count; i++)
	{
		if (url_key(list->repositories[i].url) == key)
			return true;
	}
	return false;
}

FurtherRepository *
further_repository(const char *url, const RepositoryList *list)
{
	uint64		key = url_key(url);
	FurtherRepository *unused = NULL;

	for (int i = 0; i < REPOSITORY_LIST_LIMIT; i++)
	{
		FurtherRepository *repository = &job_table->further[i];

		if (repository->key == key)
			return repository;
		if (list != NULL && !is_in_list(repository->key, list))
			unused = repository;
	}
	if (unused != NULL)
	{
		memset(unused, 0, sizeof(*unused));
		unused->key = key;
	}
	return unused;
}
