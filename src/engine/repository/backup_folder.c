/*
 * Which backups there are, by the names of objects alone.
 */
#include "postgres_fe.h"

#include <signal.h>
#include <unistd.h>

#include "failure.h"
#include "repository/backup_folder.h"
#include "repository/record.h"

/* Which of the names that matter are in a folder. */
typedef struct FolderNames
{
	bool		any;
	bool		manifest;
	bool		writer;
	bool		deleting;
	bool		unreadable;
	time_t		modified;		/* of the newest */
} FolderNames;

/* A kind of event that is for clean-ups alone. */
#define UNREADABLE_KIND "unreadable"

/*
 * Is this the name, below a backup's folder, of an event of a kind?
 */
static bool
is_event_of(const char *name, const char *kind)
{
	const char *hyphen = strrchr(name, '-');
	size_t		len = strlen(kind);

	return strncmp(name, EVENT_FOLDER, strlen(EVENT_FOLDER)) == 0 &&
		hyphen != NULL && strncmp(hyphen + 1, kind, len) == 0 &&
		strcmp(hyphen + 1 + len, ".json") == 0;
}

bool
is_deletion_mark(const char *name)
{
	return strcmp(name, DELETING_NAME) == 0 ||
		is_event_of(name, event_kind_name(EVENT_DELETING));
}

/*
 * Takes note of an object, and of its name below a backup's folder.
 */
static void
note_object(FolderNames *names, const StoreObject *object, const char *name)
{
	names->any = true;
	names->modified = Max(names->modified, object->modified);
	if (strcmp(name, MANIFEST_NAME) == 0)
		names->manifest = true;
	else if (strcmp(name, WRITER_NAME) == 0)
		names->writer = true;
	else if (is_deletion_mark(name))
		names->deleting = true;
	else if (is_event_of(name, UNREADABLE_KIND))
		names->unreadable = true;
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
		note_object(&names, &listing.objects[i],
					listing.objects[i].name + strlen(folder));
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
		note_object(names, &listing->objects[i], rest);
	}
	return i;
}

/*
 * What is known of a folder.  A listing is not taken at one moment: a backup
 * that is published meanwhile may show neither writer nor manifest, so that
 * is looked at again.
 */
static BackupFolder
describe_folder(Repository *repository, const char *backup_id,
				const FolderNames *names)
{
	BackupFolder folder = {
		.state = folder_state(names),
		.noted_unreadable = names->unreadable,
		.modified = names->modified
	};

	strlcpy(folder.id, backup_id, BACKUP_ID_SIZE);
	if (folder.state == FOLDER_MANIFEST_LOST)
		folder.state = backup_folder_state(repository, backup_id);
	return folder;
}

BackupFolder *
repository_folders(Repository *repository, int *count)
{
	char	   *prefix = psprintf("%sbackup/", repository->prefix);
	StoreListing listing = store_list(repository->store, prefix);
	BackupFolder *folders = pg_malloc0((listing.count + 1) * sizeof(BackupFolder));
	int			next = 0;

	*count = 0;
	while (next < listing.count)
	{
		char		id[BACKUP_ID_SIZE];
		FolderNames names = {0};
		int			first = next;

		next = note_folder(&listing, first, strlen(prefix), id, &names);
		if (next == first)
			next++;				/* no backup's */
		else
			folders[(*count)++] = describe_folder(repository, id, &names);
	}
	store_listing_free(&listing);
	pg_free(prefix);
	return folders;
}

char	  **
repository_backup_ids(Repository *repository, int *count)
{
	int			folder_count;
	BackupFolder *folders = repository_folders(repository, &folder_count);
	char	  **ids = pg_malloc((folder_count + 1) * sizeof(char *));

	*count = 0;
	for (int i = 0; i < folder_count; i++)
	{
		if (folders[i].state == FOLDER_PUBLISHED ||
			folders[i].state == FOLDER_MANIFEST_LOST)
			ids[(*count)++] = pg_strdup(folders[i].id);
	}
	pg_free(folders);
	return ids;
}

/*
 * What a process means that is said to be on some machine.
 */
static WriterState
process_state(const char *host, int pid)
{
	char		here[256] = "";

	gethostname(here, sizeof(here) - 1);
	if (strcmp(host, here) != 0 || pid <= 0)
		return WRITER_UNKNOWN;
	if (pid == getpid())
		return WRITER_IS_THIS;
	return kill(pid, 0) == 0 || errno == EPERM ? WRITER_RUNS : WRITER_GONE;
}

WriterState
backup_writer_state(Repository *repository, const char *backup_id)
{
	char	   *name = backup_object_name(repository, backup_id, WRITER_NAME);
	char	   *content = store_get_text(repository->store, name, RECORD_LIMIT);
	json_t	   *json = content == NULL ? NULL : record_parse(content);
	WriterState state = WRITER_UNKNOWN;
	const char *host;
	int			pid;

	if (json_unpack(json, "{s:s, s:i}", "host", &host, "pid", &pid) == 0)
		state = process_state(host, pid);
	json_decref(json);
	pg_free(content);
	pg_free(name);
	return state;
}

void
backup_note_unreadable(Repository *repository, const char *backup_id)
{
	Event		event = {.kind = EVENT_FAILED, .at_ms = time_now_ms()};
	char	   *file_name = event_file_name(&event);
	char	   *name;

	/* The name of an event, but of another kind. */
	file_name[strrchr(file_name, '-') - file_name] = '\0';
	name = psprintf("%s%s-%s.json",
					backup_object_name(repository, backup_id, EVENT_FOLDER),
					file_name, UNREADABLE_KIND);
	store_put_text(repository->store, name, "{}\n", PUT_NEW);
	pg_free(name);
	pg_free(file_name);
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
