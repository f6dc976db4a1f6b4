/*
 * The settings that say where repositories are.
 */
#include "postgres.h"

#include <limits.h>

#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/json.h"

#include "repository_settings.h"

PG_FUNCTION_INFO_V1(erpgo_backup_repositories);

#define COLUMNS 3
#define FILE_SCHEME "file://"

static char *repository = NULL;

/* Looked at by the view erpgo_backup.copy_health. */
static int	copy_delayed_after = 8 * 60 * 60;

/*
 * Repositories are a list of valid URLs, or empty for the default.
 */
static bool
check_repository(char **newval, void **extra, GucSource source)
{
	RepositoryList *list;
	const char *problem;
	bool		is_valid;

	if ((*newval)[0] == '\0')
		return true;
	list = palloc(sizeof(RepositoryList));
	is_valid = repository_list_parse(*newval, list, &problem);
	pfree(list);
	if (!is_valid)
		GUC_check_errdetail("%s", problem);
	return is_valid;
}

void
repository_settings_define(void)
{
	DefineCustomStringVariable("erpgo_backup.repository",
							   "URL of the repository that backups are written to, and of those that they are copied to.",
							   "URLs are separated by commas. Empty means the data directory's path with \"_backups\" appended.",
							   &repository, "", PGC_SIGHUP, GUC_SUPERUSER_ONLY,
							   check_repository, NULL, NULL);
	DefineCustomIntVariable("erpgo_backup.copy_delayed_after",
							"Time after which a backup that was not copied to a further repository is an alert.",
							"0 means never.",
							&copy_delayed_after, 8 * 60 * 60, 0, INT_MAX,
							PGC_SIGHUP, GUC_UNIT_S, NULL, NULL, NULL);
}

/*
 * Writes a path as the URL that it means, so that a repository is known by one
 * name.
 */
static void
write_path_as_url(ListedRepository *listed)
{
	char	   *path;

	if (listed->url[0] != '/' || strlen(listed->url) + strlen(FILE_SCHEME) >= sizeof(listed->url))
		return;
	path = pstrdup(listed->url);
	snprintf(listed->url, sizeof(listed->url), FILE_SCHEME "%s", path);
	pfree(path);
}

RepositoryList *
settings_repositories(void)
{
	RepositoryList *list = palloc(sizeof(RepositoryList));
	const char *problem;

	if (repository[0] != '\0' && repository_list_parse(repository, list, &problem))
	{
		for (int i = 0; i < list->count; i++)
			write_path_as_url(&list->repositories[i]);
		return list;
	}

	/* This path is the server's own and not taken apart. */
	memset(list, 0, sizeof(RepositoryList));
	list->count = 1;
	list->repositories[0].wal_required = true;
	snprintf(list->repositories[0].url, sizeof(list->repositories[0].url),
			 FILE_SCHEME "%s_backups", DataDir);
	return list;
}

char *
settings_repository(void)
{
	RepositoryList *list = settings_repositories();
	char	   *url = pstrdup(list->repositories[0].url);

	pfree(list);
	return url;
}

void
repository_require_further(const RepositoryList *list, const char *name)
{
	bool		found = name == NULL;

	if (list->count == 1)
		ereport(ERROR,
				errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				errmsg("there is no second repository"),
				errhint("Add its URL to the setting erpgo_backup.repository, after a comma."));
	for (int i = 1; i < list->count && !found; i++)
		found = strcmp(name, repository_name(i)) == 0;
	if (!found)
		ereport(ERROR,
				errcode(ERRCODE_UNDEFINED_OBJECT),
				errmsg("there is no further repository \"%s\"", name),
				errhint("Further repositories are named by their place in erpgo_backup.repository: \"2\"%s.",
						list->count == 2 ? "" : psprintf(" to \"%d\"", list->count)));
}

void
repository_list_to_json(StringInfo json)
{
	RepositoryList *list = settings_repositories();

	appendStringInfoChar(json, '[');
	for (int i = 0; i < list->count; i++)
	{
		appendStringInfoString(json, i > 0 ? ", {\"url\": " : "{\"url\": ");
		escape_json(json, list->repositories[i].url);
		appendStringInfo(json, ", \"wal\": \"%s\"}",
						 list->repositories[i].wal_required ? "required" : "follow");
	}
	appendStringInfoChar(json, ']');
	pfree(list);
}

char *
repository_name(int index)
{
	return psprintf("%d", index + 1);
}

/*
 * The repositories that are configured, one row each: name, URL, and whether
 * WAL is required there; no row where the library was not preloaded.
 */
Datum
erpgo_backup_repositories(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	RepositoryList *list;

	InitMaterializedSRF(fcinfo, 0);
	if (repository == NULL)
		PG_RETURN_VOID();
	list = settings_repositories();
	for (int i = 0; i < list->count; i++)
	{
		const ListedRepository *listed = &list->repositories[i];
		Datum		values[COLUMNS] = {
			CStringGetTextDatum(repository_name(i)),
			CStringGetTextDatum(listed->url),
			CStringGetTextDatum(listed->wal_required ? "required" : "follow"),
		};
		bool		nulls[COLUMNS] = {false};

		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	PG_RETURN_VOID();
}
