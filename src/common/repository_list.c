/*
 * Several repositories as one text.
 */
#include "common/repository_list.h"

#include <string.h>

#include "common/s3_url.h"
#include "common/store_url.h"

#define BLANKS " \t\r\n"

#define WAL_PARAMETER "wal="
#define WAL_REQUIRED "required"
#define WAL_FOLLOW "follow"

/*
 * Where the parameter "wal" of a URL begins; NULL if it has none.  A path is
 * taken byte for byte, so there it is one only at the very end, behind the
 * last question mark.
 */
static char *
find_wal_parameter(char *url)
{
	char	   *parameter = strrchr(url, '?');

	while (parameter != NULL)
	{
		parameter++;
		if (strncmp(parameter, WAL_PARAMETER, strlen(WAL_PARAMETER)) == 0)
			return parameter;
		parameter = s3_url_is_meant(url) ? strchr(parameter, '&') : NULL;
	}
	return NULL;
}

/*
 * Takes a parameter away, with the character that separates it.
 */
static void
cut_parameter(char *parameter, const char *end)
{
	if (*end == '&')
		memmove(parameter, end + 1, strlen(end + 1) + 1);
	else
		parameter[-1] = '\0';
}

/*
 * Takes the parameter "wal" away from a URL and keeps what it says, if there
 * is one.
 */
static bool
take_wal_parameter(ListedRepository *repository, bool is_first, const char **problem)
{
	char	   *parameter = find_wal_parameter(repository->url);
	const char *value;
	size_t		length;

	repository->wal_required = is_first;
	if (parameter == NULL)
		return true;
	value = parameter + strlen(WAL_PARAMETER);
	length = s3_url_is_meant(repository->url) ? strcspn(value, "&") : strlen(value);
	if (length == strlen(WAL_REQUIRED) && strncmp(value, WAL_REQUIRED, length) == 0)
		repository->wal_required = true;
	else if (length != strlen(WAL_FOLLOW) || strncmp(value, WAL_FOLLOW, length) != 0)
	{
		*problem = "The parameter \"wal\" of a repository is \"required\" or \"follow\".";
		return false;
	}
	else if (is_first)
	{
		*problem = "The first repository always gets the WAL at once: it cannot have \"wal=follow\".";
		return false;
	}
	cut_parameter(parameter, value + length);
	if (find_wal_parameter(repository->url) == NULL)
		return true;
	*problem = "A repository has the parameter \"wal\" only once.";
	return false;
}

/*
 * Do two URLs, both valid, name the same place?
 */
static bool
is_same_place(const char *url, const char *other)
{
	const char *path = store_url_path(url);
	const char *other_path = store_url_path(other);
	S3Url		bucket;
	S3Url		other_bucket;
	const char *problem;

	if (path != NULL || other_path != NULL)
		return path != NULL && other_path != NULL && strcmp(path, other_path) == 0;
	return s3_url_parse(url, &bucket, &problem) &&
		s3_url_parse(other, &other_bucket, &problem) &&
		strcmp(bucket.host, other_bucket.host) == 0 &&
		strcmp(bucket.bucket, other_bucket.bucket) == 0 &&
		strcmp(bucket.prefix, other_bucket.prefix) == 0;
}

/*
 * Is the last repository of a list one of those before it?
 */
static bool
is_last_repeated(const RepositoryList *list)
{
	const char *last = list->repositories[list->count - 1].url;

	for (int i = 0; i < list->count - 1; i++)
	{
		if (is_same_place(list->repositories[i].url, last))
			return true;
	}
	return false;
}

/*
 * Adds the URL that is so many bytes of a text.
 */
static bool
add_repository(RepositoryList *list, const char *start, size_t length,
			   const char **problem)
{
	ListedRepository *added = &list->repositories[list->count];

	if (list->count == REPOSITORY_LIST_LIMIT)
		*problem = "A list has at most 8 repositories.";
	else if (length == 0)
		*problem = "Repositories are separated by single commas; none of them is empty or has a comma.";
	else if (length >= sizeof(added->url))
		*problem = "The URL of a repository has less than 2048 bytes.";
	else
	{
		memcpy(added->url, start, length);
		added->url[length] = '\0';
		if (!take_wal_parameter(added, list->count == 0, problem) ||
			!store_url_check(added->url, problem))
			return false;
		list->count++;
		if (!is_last_repeated(list))
			return true;
		*problem = "A repository is in the list only once.";
	}
	return false;
}

bool
repository_list_parse(const char *text, RepositoryList *list, const char **problem)
{
	memset(list, 0, sizeof(*list));
	for (;;)
	{
		const char *start = text + strspn(text, BLANKS);
		const char *end = text + strcspn(text, ",");
		size_t		length;

		/* Blanks alone end behind their end. */
		length = start < end ? end - start : 0;
		while (length > 0 && strchr(BLANKS, start[length - 1]) != NULL)
			length--;
		if (!add_repository(list, start, length, problem))
			return false;
		if (*end == '\0')
			return true;
		text = end + 1;
	}
}
