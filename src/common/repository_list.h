/*
 * Several repositories as one text: URLs separated by commas.
 */
#ifndef ERPGO_COMMON_REPOSITORY_LIST_H
#define ERPGO_COMMON_REPOSITORY_LIST_H

#include <stdbool.h>

#define REPOSITORY_LIST_LIMIT 8
#define REPOSITORY_URL_SIZE 2048

/* One repository of a list. */
typedef struct ListedRepository
{
	char		url[REPOSITORY_URL_SIZE];	/* without the parameter "wal" */
	bool		wal_required;	/* a file of WAL is not archived before it is
								 * here */
} ListedRepository;

typedef struct RepositoryList
{
	ListedRepository repositories[REPOSITORY_LIST_LIMIT];
	int			count;
} RepositoryList;

/*
 * Reads "URL, URL, …": one to REPOSITORY_LIST_LIMIT URLs of repositories
 * (common/store_url.h), none of them twice.  Blanks around a comma mean
 * nothing; no URL has a comma.  Each may have the parameter "wal=required" or
 * "wal=follow", which is taken away; the first repository is always required,
 * and others follow if they do not say.  On false, *problem is a static
 * sentence that says what would be valid.
 */
extern bool repository_list_parse(const char *text, RepositoryList *list,
								  const char **problem);

#endif
