/*
 * Finds out whether backups in a repository can be used.
 */
#include "postgres_fe.h"

#include "command/command.h"
#include "command/human.h"
#include "protocol.h"
#include "repository/backup_folder.h"

/* Less free space than this share is worth a warning. */
#define FREE_PERCENT 20

/*
 * Adds a finding.  hint may be NULL; the message is freed.
 */
static void
add_row(json_t *rows, const char *name, const char *status, char *message,
		const char *hint)
{
	json_array_append_new(rows, json_pack("{s:s, s:s, s:o, s:o}",
										  "name", name, "status", status,
										  "message", json_text(message),
										  "hint", json_text(hint)));
	pg_free(message);
}

/*
 * Adds what made a step fail.
 */
static void
add_problem(json_t *rows, const char *name, const Failure *problem)
{
	add_row(rows, name, "error", pg_strdup(problem->message), problem->hint);
}

/*
 * Tells age and last verification of a backup that can be read.
 */
static void
check_verification(json_t *rows, const Backup *backup)
{
	const char *problem = NULL;
	VerifyDepth depth;
	int64		at_ms;
	char	   *age = age_text(time_now_ms() - backup->manifest->finished_ms);

	if (backup_verification(backup, &at_ms, &depth, &problem))
		add_row(rows, "newest backup", "ok",
				psprintf("\"%s\" was made %s and is verified to depth \"%s\"",
						 backup->manifest->id, age, verify_depth_name(depth)), NULL);
	else
		add_row(rows, "newest backup", "error",
				psprintf("\"%s\" was made %s, but its last verification failed: %s",
						 backup->manifest->id, age, problem),
				"Make a new backup.");
	pfree(age);
}

/*
 * How old is the newest backup, and can it be used?
 */
static void
check_newest(json_t *rows, Repository *repository)
{
	int			count;
	char	  **ids = repository_backup_ids(repository, &count);
	BackupEntry newest;

	if (count == 0)
	{
		add_row(rows, "newest backup", "warning", pg_strdup("there is no backup"), NULL);
		return;
	}
	newest = repository_load_entry(repository, ids[count - 1]);
	if (newest.backup != NULL)
		check_verification(rows, newest.backup);
	else
		add_problem(rows, "newest backup", &newest.problem);
}

/*
 * Takes the identifier of a backup out of the name of one of its objects;
 * false if it is none.
 */
static bool
backup_id_of(const char *name, size_t folder_length, char id[BACKUP_ID_SIZE])
{
	size_t		len = strcspn(name + folder_length, "/");

	if (len >= BACKUP_ID_SIZE)
		return false;
	memcpy(id, name + folder_length, len);
	id[len] = '\0';
	return backup_id_parse(id, NULL, NULL);
}

/*
 * Adds what is to be said of the folder of one backup.
 */
static void
check_folder(json_t *rows, Repository *repository, const char *id)
{
	FolderState state = backup_folder_state(repository, id);

	if (state == FOLDER_UNFINISHED)
		add_row(rows, "unfinished backup", "warning",
				psprintf("\"%s\" has no manifest: it is being made, or that was cut short", id),
				NULL);
	else if (state == FOLDER_DELETING)
		add_row(rows, "unfinished backup", "warning",
				psprintf("\"%s\" is being deleted, or that was cut short", id), NULL);
	else if (state == FOLDER_MANIFEST_LOST)
		add_row(rows, "damaged backup", "error",
				psprintf("\"%s\" has lost its manifest", id),
				"Take the manifest from another copy of the repository.");
}

/*
 * Looks for folders that are no usable backups.
 */
static void
check_folders(json_t *rows, Repository *repository)
{
	char	   *folder = psprintf("%sbackup/", repository->prefix);
	StoreListing listing = store_list(repository->store, folder);
	char		last[BACKUP_ID_SIZE] = "";
	char		id[BACKUP_ID_SIZE];

	/* All objects of a backup follow each other in the listing. */
	for (int i = 0; i < listing.count; i++)
	{
		if (!backup_id_of(listing.objects[i].name, strlen(folder), id) ||
			strcmp(id, last) == 0)
			continue;
		strlcpy(last, id, sizeof(last));
		check_folder(rows, repository, id);
	}
	store_listing_free(&listing);
	pg_free(folder);
}

/*
 * Is there room for more?
 */
static void
check_space(json_t *rows, Repository *repository)
{
	int64		available;
	int64		total;
	bool		low;

	if (!store_space(repository->store, &available, &total) || total <= 0)
		return;
	low = available < total / 100 * FREE_PERCENT;
	add_row(rows, "free space", low ? "warning" : "ok",
			psprintf("%s of %s (%d %%) are free", bytes_text(available),
					 bytes_text(total), (int) (available / (total / 100 + 1))),
			low ? "Free some space, or keep fewer backups." : NULL);
}

/*
 * Where does what lets us in come from?
 */
static void
check_credentials(json_t *rows, Repository *repository)
{
	const char *source = store_credentials(repository->store);

	if (source != NULL)
		add_row(rows, "credentials", "ok", psprintf("credentials come from %s", source), NULL);
}

json_t *
check_repository(Repository *repository)
{
	json_t	   *rows = json_array();
	json_t	   *keys;
	json_t	   *wal;

	add_row(rows, "repository", "ok",
			psprintf("cluster \"%s\" in \"%s\" can be read", repository->cluster,
					 repository->store->url), NULL);
	check_credentials(rows, repository);
	keys = check_keys(repository);
	json_array_extend(rows, keys);
	json_decref(keys);
	check_newest(rows, repository);
	check_folders(rows, repository);
	check_space(rows, repository);
	wal = check_wal(repository);
	json_array_extend(rows, wal);
	json_decref(wal);
	return rows;
}
