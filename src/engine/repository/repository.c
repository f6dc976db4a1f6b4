/*
 * Opening the repository of a cluster, and finding its backups by name.
 */
#include "postgres_fe.h"

#include "common/object_name.h"
#include "failure.h"
#include "lib/stringinfo.h"
#include "repository/record.h"
#include "repository/repository.h"
#include "repository/secrets.h"

#define CLUSTER_FORMAT 1
#define CLUSTER_PURPOSE "cluster"
#define CLUSTER_NAME "cluster.json"

/*
 * The name of the cluster that an object belongs to, allocated: what is
 * before the first slash.  NULL if there is none.
 */
static char *
cluster_of(const char *object_name)
{
	const char *slash = strchr(object_name, '/');

	return slash == NULL ? NULL : pnstrdup(object_name, slash - object_name);
}

/*
 * The names of all clusters in a store, allocated, separated by ", ".
 */
static char *
cluster_names(Store *store, int *count)
{
	StoreListing listing = store_list(store, "");
	StringInfoData names;
	char	   *last = NULL;

	*count = 0;
	initStringInfo(&names);
	for (int i = 0; i < listing.count; i++)
	{
		char	   *cluster = cluster_of(listing.objects[i].name);

		/* All objects of a cluster follow each other in the listing. */
		if (cluster == NULL || (last != NULL && strcmp(cluster, last) == 0))
		{
			pg_free(cluster);
			continue;
		}
		appendStringInfo(&names, "%s%s", *count == 0 ? "" : ", ", cluster);
		*count += 1;
		pg_free(last);
		last = cluster;
	}
	pg_free(last);
	store_listing_free(&listing);
	return names.data;
}

/*
 * The name of the only cluster in a store.
 */
static char *
only_cluster(Store *store)
{
	int			count;
	char	   *names = cluster_names(store, &count);

	if (count == 0)
		fail(FAILURE_UNDEFINED, NULL, "repository \"%s\" holds no cluster",
			 store->url);
	if (count > 1)
	{
		Failure		failure = {
			.kind = FAILURE_UNDEFINED,
			.message = psprintf("repository \"%s\" holds %d clusters", store->url,
								count),
			.detail = psprintf("They are: %s.", names),
			.hint = "Name one of them with --cluster."
		};

		fail_with(&failure);
	}
	return names;
}

/*
 * Is there anything in the folder of a cluster?
 */
static bool
folder_is_empty(const Repository *repository)
{
	StoreListing listing = store_list(repository->store, repository->prefix);
	bool		empty = listing.count == 0;

	store_listing_free(&listing);
	return empty;
}

/*
 * Fails because a cluster without its first object is there in part only.
 */
static void
fail_without_cluster(const Repository *repository)
{
	fail(FAILURE_DAMAGED,
		 "Take the object from another copy of the repository, or write it anew as the description of the format says.",
		 "object \"%s%s\" is missing in \"%s\"",
		 repository->prefix, CLUSTER_NAME, repository->store->url);
}

/*
 * The system identifier that the cluster's own record holds, allocated; NULL
 * if there is no such record.
 */
static char *
read_system_identifier(const Repository *repository)
{
	char	   *name = psprintf("%s%s", repository->prefix, CLUSTER_NAME);
	char	   *content = store_get_text(repository->store, name, RECORD_LIMIT);
	json_t	   *record;
	json_int_t	format;
	const char *identifier;
	char	   *result;

	if (content == NULL)
		return NULL;
	record = record_authenticate(content, NULL, CLUSTER_PURPOSE);
	if (record == NULL ||
		json_unpack(record, "{s:I, s:s}", "format", &format,
					"system_identifier", &identifier) != 0 ||
		format < CLUSTER_FORMAT || !system_identifier_is_valid(identifier))
		fail(FAILURE_DAMAGED,
			 "Take the object from another copy of the repository.",
			 "object \"%s\" is damaged", name);
	if (format > CLUSTER_FORMAT)
		fail(FAILURE_STATE, "Use a newer version of erpgo_backup.",
			 "repository \"%s\" has format %lld, but this version knows only formats up to %d",
			 repository->store->url, (long long) format, CLUSTER_FORMAT);
	result = pg_strdup(identifier);
	json_decref(record);
	pg_free(content);
	pg_free(name);
	return result;
}

/*
 * Writes the record of a new cluster.
 */
static void
write_system_identifier(const Repository *repository,
						const char *system_identifier)
{
	char	   *name = psprintf("%s%s", repository->prefix, CLUSTER_NAME);
	char	   *content = record_format(json_pack("{s:i, s:s}",
												  "format", CLUSTER_FORMAT,
												  "system_identifier",
												  system_identifier),
										NULL, CLUSTER_PURPOSE);

	record_store_once(repository->store, name, content);
	pg_free(content);
	pg_free(name);
}

/*
 * A repository with its fields set, system identifier included.
 */
static Repository *
make_repository(Store *store, const char *cluster, const char *master_key)
{
	Repository *repository = pg_malloc0(sizeof(Repository));

	if (!object_name_is_valid(cluster) || strchr(cluster, '/') != NULL)
		fail(FAILURE_USAGE,
			 "The name of a cluster consists of letters, digits, \"_\", \"-\" and \".\".",
			 "\"%s\" cannot be the name of a cluster", cluster);
	repository->store = store;
	repository->cluster = pg_strdup(cluster);
	repository->prefix = psprintf("%s/", cluster);
	repository->master_key = master_key;
	repository->system_identifier = read_system_identifier(repository);
	return repository;
}

/*
 * A repository that has something of the cluster, with its record; else NULL.
 */
static Repository *
find_repository(Store *store, const char *cluster, const char *master_key)
{
	Repository *repository = make_repository(store, cluster, master_key);

	if (repository->system_identifier != NULL)
		return repository;
	if (!folder_is_empty(repository))
		fail_without_cluster(repository);
	return NULL;
}

/*
 * Fails if a cluster is that of another server.
 */
static void
require_same_server(const Repository *repository, const char *system_identifier)
{
	if (strcmp(repository->system_identifier, system_identifier) != 0)
		fail(FAILURE_STATE,
			 "Give each server a cluster name or a repository of its own.",
			 "cluster \"%s\" in repository \"%s\" belongs to another server: its system identifier is %s, not %s",
			 repository->cluster, repository->store->url, repository->system_identifier,
			 system_identifier);
}

/*
 * The value of a variable of the AWS tools.
 */
static const char *
aws_variable_value(const char *name)
{
	/* A token belongs to the key that it came with. */
	if (strcmp(name, SECRET_AWS_SESSION_TOKEN) == 0 &&
		secret_is_from_environment(name) &&
		!secret_is_from_environment(SECRET_AWS_ACCESS_KEY_ID))
		return NULL;
	return secret_get(name);
}

/*
 * Opens the store of a repository with what the secrets say for it.
 */
static Store *
open_store(const char *url, bool create)
{
	StoreAccess access = {
		.variable = aws_variable_value,
		.ca_file = secret_get(SECRET_CA_FILE)
	};

	store_set_access(&access);
	return store_open(url, create);
}

Repository *
repository_open(const char *url, const char *cluster, const char *master_key)
{
	Store	   *store = open_store(url, false);
	Repository *repository;

	if (cluster == NULL)
		cluster = only_cluster(store);
	repository = find_repository(store, cluster, master_key);
	if (repository == NULL)
	{
		int			count;
		char	   *names = cluster_names(store, &count);

		fail(FAILURE_UNDEFINED,
			 count == 0 ? NULL : psprintf("The clusters there are: %s.", names),
			 "cluster \"%s\" does not exist in repository \"%s\"", cluster, url);
	}
	return repository;
}

Repository *
repository_open_written(const char *url, const char *cluster,
						const char *master_key, const char *system_identifier)
{
	Repository *repository = find_repository(open_store(url, false), cluster, master_key);

	if (repository != NULL)
		require_same_server(repository, system_identifier);
	return repository;
}

/*
 * Begins the folder of a cluster, or finds that somebody else has begun it
 * meanwhile: a backup and WAL may be the first there at the same time.
 */
static void
begin_cluster(Repository *repository, const char *system_identifier)
{
	if (folder_is_empty(repository))
		write_system_identifier(repository, system_identifier);
	repository->system_identifier = read_system_identifier(repository);
	if (repository->system_identifier == NULL)
		fail_without_cluster(repository);
}

Repository *
repository_open_writer(const char *url, const char *cluster,
					   const char *master_key, const char *system_identifier)
{
	Repository *repository = make_repository(open_store(url, true), cluster,
											 master_key);

	if (repository->system_identifier == NULL)
		begin_cluster(repository, system_identifier);
	require_same_server(repository, system_identifier);
	return repository;
}

void
repository_close(Repository *repository)
{
	store_close(repository->store);
	pg_free(repository->cluster);
	pg_free(repository->prefix);
	pg_free(repository->system_identifier);
	pg_free(repository);
}

char *
backup_object_name(const Repository *repository, const char *backup_id,
				   const char *name)
{
	return psprintf("%sbackup/%s/%s", repository->prefix, backup_id, name);
}

StoreListing
backup_objects(Repository *repository, const char *backup_id)
{
	char	   *folder = backup_object_name(repository, backup_id, "");
	StoreListing listing = store_list(repository->store, folder);

	pg_free(folder);
	return listing;
}
