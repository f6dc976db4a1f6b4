/*
 * Which backups there are, by the names of objects alone.
 */
#include "postgres_fe.h"

#include "failure.h"
#include "repository/backup_folder.h"

/* Which of the names that matter are in a folder. */
typedef struct FolderNames
{
	bool		any;
	bool		manifest;
	bool		writer;
	bool		deleting;
} FolderNames;

/*
 * Is this the name, below a backup's folder, of the event that begins its
 * deletion?
 */
static bool
is_deleting_event(const char *name)
{
	const char *hyphen = strrchr(name, '-');

	return strncmp(name, EVENT_FOLDER, strlen(EVENT_FOLDER)) == 0 &&
		hyphen != NULL && strcmp(hyphen, "-deleting.json") == 0;
}

/*
 * Takes note of a name below a backup's folder.
 */
static void
note_name(FolderNames *names, const char *name)
{
	names->any = true;
	if (strcmp(name, MANIFEST_NAME) == 0)
		names->manifest = true;
	else if (strcmp(name, WRITER_NAME) == 0)
		names->writer = true;
	else if (is_deleting_event(name))
		names->deleting = true;
}

/*
 * What the names mean.  The writer's object is the first to be made and the
 * last to be removed, so a folder with neither it nor a manifest has lost
 * something.
 */
static FolderState
folder_state(const FolderNames *names)
{
	if (!names->any)
		return FOLDER_ABSENT;
	if (names->deleting)
		return FOLDER_DELETING;
	if (names->manifest)
		return FOLDER_PUBLISHED;
	return names->writer ? FOLDER_UNFINISHED : FOLDER_MANIFEST_LOST;
}

FolderState
backup_folder_state(Repository *repository, const char *backup_id)
{
	StoreListing listing = backup_objects(repository, backup_id);
	char	   *folder = backup_object_name(repository, backup_id, "");
	FolderNames names = {0};

	for (int i = 0; i < listing.count; i++)
		note_name(&names, listing.objects[i].name + strlen(folder));
	store_listing_free(&listing);
	pg_free(folder);
	return folder_state(&names);
}

/*
 * Splits a name below "backup/" into the identifier and the rest; false if it
 * does not begin with the identifier of a backup and a slash.
 */
static bool
split_name(const char *name, char id[BACKUP_ID_SIZE], const char **rest)
{
	const char *slash = strchr(name, '/');

	if (slash == NULL || slash - name >= BACKUP_ID_SIZE)
		return false;
	memcpy(id, name, slash - name);
	id[slash - name] = '\0';
	*rest = slash + 1;
	return backup_id_parse(id, NULL, NULL);
}

/*
 * Does a backup belong to the list?  A listing is not taken at one moment: a
 * backup that is published meanwhile may show neither writer nor manifest, so
 * that is looked at again.
 */
static bool
is_listed(Repository *repository, const char *backup_id,
		  const FolderNames *names)
{
	FolderState state = folder_state(names);

	if (state == FOLDER_MANIFEST_LOST)
		state = backup_folder_state(repository, backup_id);
	return state == FOLDER_PUBLISHED || state == FOLDER_MANIFEST_LOST;
}

/*
 * Takes note of the names of one backup, from the first object on; returns
 * the number of the first object that is not of it.
 */
static int
note_folder(const StoreListing *listing, int first, size_t prefix_len,
			char id[BACKUP_ID_SIZE], FolderNames *names)
{
	char		next_id[BACKUP_ID_SIZE];
	const char *rest;
	int			i = first;

	/* Objects of one folder follow each other. */
	for (; i < listing->count; i++)
	{
		if (!split_name(listing->objects[i].name + prefix_len, next_id, &rest) ||
			(i > first && strcmp(next_id, id) != 0))
			break;
		strlcpy(id, next_id, BACKUP_ID_SIZE);
		note_name(names, rest);
	}
	return i;
}

char	  **
repository_backup_ids(Repository *repository, int *count)
{
	char	   *folder = psprintf("%sbackup/", repository->prefix);
	StoreListing listing = store_list(repository->store, folder);
	char	  **ids = pg_malloc((listing.count + 1) * sizeof(char *));
	int			next = 0;

	*count = 0;
	while (next < listing.count)
	{
		char		id[BACKUP_ID_SIZE];
		FolderNames names = {0};
		int			first = next;

		next = note_folder(&listing, first, strlen(folder), id, &names);
		if (next == first)
			next++;				/* no backup's */
		else if (is_listed(repository, id, &names))
			ids[(*count)++] = pg_strdup(id);
	}
	store_listing_free(&listing);
	pg_free(folder);
	return ids;
}

const char *
repository_resolve_id(Repository *repository, const char *id_or_latest)
{
	int			count;
	char	  **ids;

	if (strcmp(id_or_latest, "latest") != 0)
		return id_or_latest;
	ids = repository_backup_ids(repository, &count);
	if (count == 0)
		fail(FAILURE_UNDEFINED, NULL,
			 "cluster \"%s\" has no backup in repository \"%s\"",
			 repository->cluster, repository->store->url);
	return ids[count - 1];
}
