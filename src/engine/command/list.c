/*
 * "erpgo_backup list": which backups there are.
 */
#include "postgres_fe.h"

#include "command/arguments.h"
#include "command/human.h"
#include "command/repositories.h"
#include "command/table.h"

const char *const help_list =
"Usage: erpgo_backup list [OPTIONS]\n"
"\n"
"Lists the backups of a repository, oldest first; of several, those of the first\n"
"one that can be read.\n"
"\n"
"Options:\n"
"  --json               print a JSON array with everything that is known\n"
"  -h, --help           print this help\n"
"\n"
"Exit code: 0, or 3 if a backup is damaged, or 1 if one cannot be read for\n"
"another reason, such as a missing key.\n"
HELP_COMMON;

static const struct option list_options[] = {
	ARGUMENT_HELP_OPTION
};

static const Column list_columns[] = {
	{"ID"}, {"STATUS"}, {"AGE", true}, {"DURATION", true}, {"SIZE", true},
	{"STORED", true}, {"RATIO", true}, {"VERIFIED"}, {"PINNED"}
};

/* What is asked for. */
typedef struct ListRequest
{
	const CommonOptions *options;
	bool		is_one_of_several;
} ListRequest;

/*
 * The worst exit code that one of the entries asks for.
 */
static int
list_exit_code(const BackupEntry *entries, int count)
{
	int			exit_code = 0;

	for (int i = 0; i < count; i++)
	{
		if (entries[i].backup == NULL)
			exit_code = Max(exit_code,
							failure_exit_code(entries[i].problem.kind));
	}
	return exit_code;
}

/*
 * How many times smaller the stored bytes are.
 */
static char *
ratio_text(const Manifest *manifest)
{
	int64		stored = manifest_stored_size(manifest);

	if (stored <= 0)
		return pstrdup("-");
	return psprintf("%.1f", (double) manifest_size(manifest) / stored);
}

/*
 * Depth and age of the last verification.
 */
static char *
verification_text(const Backup *backup, int64 now)
{
	const char *problem = NULL;
	VerifyDepth depth;
	int64		at_ms;

	if (!backup_verification(backup, &at_ms, &depth, &problem))
		return psprintf("failed %s", age_text(now - at_ms));
	return psprintf("%s %s", verify_depth_name(depth), age_text(now - at_ms));
}

/*
 * Adds the line of a backup.
 */
static void
add_backup(Table *table, const Backup *backup, int64 now)
{
	const Manifest *manifest = backup->manifest;
	const char *problem = NULL;
	const char *reason = NULL;
	VerifyDepth depth;
	int64		at_ms;
	bool		good = backup_verification(backup, &at_ms, &depth, &problem);
	bool		pinned = backup_is_pinned(backup, &reason);

	table_add(table, pstrdup(manifest->id));
	table_add(table, pstrdup(good ? "ok" : "failed"));
	table_add(table, age_text(now - manifest->finished_ms));
	table_add(table, duration_text(manifest->finished_ms - manifest->started_ms));
	table_add(table, bytes_text(manifest_size(manifest)));
	table_add(table, bytes_text(manifest_stored_size(manifest)));
	table_add(table, ratio_text(manifest));
	table_add(table, verification_text(backup, now));
	table_add(table, pstrdup(pinned ? "yes" : ""));
}

/*
 * Adds the line of a backup that cannot be read.
 */
static void
add_unreadable(Table *table, const BackupEntry *entry)
{
	bool		damaged = entry->problem.kind == FAILURE_DAMAGED;

	table_add(table, pstrdup(entry->id));
	table_add(table, pstrdup(damaged ? "damaged" : "unreadable"));
	for (int i = 2; i < (int) lengthof(list_columns); i++)
		table_add(table, pstrdup(i < 8 ? "-" : ""));
}

/*
 * Prints the backups as a table; then why some of them cannot be read.
 */
static void
print_table(const BackupEntry *entries, int count)
{
	Table	   *table = table_begin(list_columns, lengthof(list_columns));
	int64		now = time_now_ms();

	for (int i = 0; i < count; i++)
	{
		if (entries[i].backup != NULL)
			add_backup(table, entries[i].backup, now);
		else
			add_unreadable(table, &entries[i]);
	}
	table_print(table);
	for (int i = 0; i < count; i++)
	{
		if (entries[i].backup == NULL)
			printf("%s: %s\n", entries[i].id,
				   printable_text(entries[i].problem.message));
	}
}

/*
 * Prints the backups as a JSON array.
 */
static void
print_json(const BackupEntry *entries, int count)
{
	json_t	   *list = json_array();

	for (int i = 0; i < count; i++)
		json_array_append_new(list, backup_entry_to_json(&entries[i]));
	json_print(list);
}

/*
 * Lists the backups of one repository, and says which it is where there are
 * several.
 */
static int
list_backups(Repository *repository, void *context)
{
	const ListRequest *request = context;
	int			count;
	BackupEntry *entries = repository_load_all(repository, &count);

	if (request->options->json)
	{
		print_json(entries, count);
		return list_exit_code(entries, count);
	}
	if (request->is_one_of_several)
		printf("Repository: %s\n", printable_text(repository->store->url));
	print_table(entries, count);
	return list_exit_code(entries, count);
}

int
command_list(const CommonOptions *options, int argc, char **argv)
{
	ListRequest request = {options};

	arguments_begin();
	if (argument_next(argc, argv, list_options) == ARGUMENT_HELP)
	{
		fputs(help_list, stdout);
		return 0;
	}
	if (argument_single(argc, argv) != NULL)
		usage_failure(argv[0], "\"list\" takes no argument");

	request.is_one_of_several = repositories_from_options(options)->count > 1;
	return repository_first(options, list_backups, &request, NULL);
}
