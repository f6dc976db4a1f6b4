/*
 * "erpgo_backup show": everything that is known of one backup.
 */
#include "postgres_fe.h"

#include "cluster/file_list.h"
#include "command/arguments.h"
#include "command/human.h"
#include "command/repositories.h"
#include "command/table.h"

const char *const help_show =
"Usage: erpgo_backup show [OPTIONS] ID|latest\n"
"\n"
"Shows what is known of a backup: when and how it was made, what it consists\n"
"of, how large the largest tables were then, and how it was verified.\n"
"\n"
"Options:\n"
"  --break-glass        print a script that restores the backup with\n"
"                       sha256sum, openssl, the program of its compression,\n"
"                       psql and pg_restore, without this program\n"
"  --files              print the files of a physical backup and their sizes;\n"
"                       with --json a JSON object a line\n"
"  --json               print a JSON object\n"
"  -h, --help           print this help\n"
HELP_COMMON;

static const struct option show_options[] = {
	{"break-glass", no_argument, NULL, 'b'},
	{"files", no_argument, NULL, 'f'},
	ARGUMENT_HELP_OPTION
};

static const Column object_columns[] = {
	{"OBJECT"}, {"DATABASE"}, {"SIZE", true}, {"STORED", true},
	{"ENTRIES", true}, {"SHA-256"}
};

/* How many tables of a database are shown; JSON has all that are noted. */
#define TABLES_SHOWN 5

static const Column table_columns[] = {
	{"DATABASE"}, {"TABLE"}, {"SIZE", true}
};

/* What is asked for. */
typedef struct ShowRequest
{
	const CommonOptions *options;
	const char *id;
	bool		break_glass;
	bool		files;
} ShowRequest;

/*
 * Prints one line of the upper part, and frees the value.
 */
static void
print_property(const char *name, char *value)
{
	printf("%-18s %s\n", name, value);
	pfree(value);
}

/*
 * Prints a time and how long ago that was.
 */
static void
print_time(const char *name, int64 unix_ms)
{
	char		formatted[TIME_TEXT_SIZE];

	time_format(unix_ms, formatted);
	print_property(name, psprintf("%s (%s)", formatted,
								  age_text(time_now_ms() - unix_ms)));
}

/*
 * Prints how and of what the backup was made.
 */
static void
print_manifest(const Manifest *manifest)
{
	char		compression[COMPRESSION_SIZE];

	compression_format(&manifest->compression, compression);
	print_property("backup", pstrdup(manifest->id));
	print_property("type", pstrdup(backup_type_name(manifest->type)));
	print_property("cluster", printable_text(manifest->cluster));
	print_property("system identifier", printable_text(manifest->system_identifier));
	print_property("server version", psprintf("%d.%d",
											  manifest->server_version / 10000,
											  manifest->server_version % 10000));
	print_property("made by", psprintf("erpgo_backup %s",
									   printable_text(manifest->engine_version)));
	print_time("started", manifest->started_ms);
	print_time("finished", manifest->finished_ms);
	print_property("duration", duration_text(manifest->finished_ms -
											 manifest->started_ms));
	print_property("size", bytes_text(manifest_size(manifest)));
	print_property("stored", bytes_text(manifest_stored_size(manifest)));
	print_property("compression", pstrdup(compression));
	print_property("encryption", pstrdup(cipher_name(manifest->cipher)));
	if (manifest->key_id[0] != '\0')
		print_property("key", pstrdup(manifest->key_id));
	if (manifest->label != NULL)
		print_property("label", printable_text(manifest->label));
	if (manifest->schedule != NULL)
		print_property("schedule", printable_text(manifest->schedule));
}

/*
 * Prints the largest tables, if they were noted.
 */
static void
print_tables(const Manifest *manifest)
{
	Table	   *table = NULL;

	for (int i = 0; i < manifest->object_count; i++)
	{
		const ManifestObject *object = &manifest->objects[i];

		for (int t = 0; t < Min(object->table_count, TABLES_SHOWN); t++)
		{
			if (table == NULL)
				table = table_begin(table_columns, lengthof(table_columns));
			table_add(table, printable_text(object->database));
			table_add(table, printable_text(object->tables[t].name));
			table_add(table, bytes_text(object->tables[t].bytes));
		}
	}
	if (table == NULL)
		return;
	putchar('\n');
	table_print(table);
}

/*
 * Prints what only a physical backup has.
 */
static void
print_physical(const PhysicalBackup *physical)
{
	print_property("timeline", psprintf("%u", physical->timeline));
	print_property("WAL", psprintf("%s to %s", lsn_text(physical->start_lsn),
								   lsn_text(physical->stop_lsn)));
	print_property("page checksums", pstrdup(physical->checksums ? "on" : "off"));
	print_property("bad pages", psprintf(INT64_FORMAT, physical->bad_page_count));
	for (int i = 0; i < physical->tablespace_count; i++)
		print_property("tablespace", psprintf("%u at %s", physical->tablespaces[i].oid,
											  printable_text(physical->tablespaces[i].location)));
}

/*
 * Prints what became known after the backup was made.
 */
static void
print_events(const Backup *backup)
{
	char		formatted[TIME_TEXT_SIZE];

	for (int i = 0; i < backup->event_count; i++)
	{
		const Event *event = &backup->events[i];

		time_format(event->at_ms, formatted);
		printf("%-18s %s %s%s%s\n", event_kind_name(event->kind), formatted,
			   event->key == NULL ? "" : printable_text(event->key),
			   event->key == NULL ? "" : ": ",
			   event->value == NULL ? "" : printable_text(event->value));
	}
}

/*
 * Prints what the last verification found.
 */
static void
print_verification(const Backup *backup)
{
	const char *problem = NULL;
	const char *reason = NULL;
	VerifyDepth depth;
	int64		at_ms;
	bool		good = backup_verification(backup, &at_ms, &depth, &problem);

	print_property("status", pstrdup(good ? "ok" : "failed"));
	print_time("verified", at_ms);
	print_property("depth", pstrdup(verify_depth_name(depth)));
	if (!good)
		print_property("problem", printable_text(problem));
	if (backup_is_pinned(backup, &reason))
		print_property("pinned", printable_text(reason));
}

/*
 * Prints what the backup consists of.
 */
static void
print_objects(const Manifest *manifest)
{
	Table	   *table = table_begin(object_columns, lengthof(object_columns));

	for (int i = 0; i < manifest->object_count; i++)
	{
		const ManifestObject *object = &manifest->objects[i];
		bool		is_dump = object->kind == OBJECT_DUMP;

		table_add(table, printable_text(object->name));
		table_add(table, printable_text(object->database));
		table_add(table, bytes_text(object->size));
		table_add(table, bytes_text(object->stored_size));
		table_add(table, is_dump ? psprintf("%d", object->toc_entries) :
				  pstrdup("-"));
		table_add(table, pstrdup(object->sha256));
	}
	table_print(table);
}

/*
 * Prints a backup for people.
 */
static void
print_backup(const Backup *backup)
{
	print_manifest(backup->manifest);
	if (backup->manifest->physical != NULL)
		print_physical(backup->manifest->physical);
	print_verification(backup);
	print_events(backup);
	putchar('\n');
	print_objects(backup->manifest);
	print_tables(backup->manifest);
}

/*
 * Prints a file for people.
 */
static void
print_file(const ListedFile *file)
{
	char	   *size = bytes_text(file->member.size);
	char	   *path = printable_text(file->member.path);

	printf("%10s  %s\n", size, path);
	pfree(path);
	pfree(size);
}

/*
 * Prints a file as a line of JSON.
 */
static void
print_file_json(const ListedFile *file)
{
	json_t	   *json = json_pack("{s:s, s:I, s:I, s:s}", "path", file->member.path,
								 "size", (json_int_t) file->member.size,
								 "mtime", (json_int_t) file->member.mtime,
								 "sha256", file->sha256);

	json_dumpf(json, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(json);
}

/*
 * Takes an entry of the list, prints it if it is a file, and frees it.
 */
static void
take_file(void *context, const ListedFile *file)
{
	const CommonOptions *options = context;

	if (!file->member.is_directory && options->json)
		print_file_json(file);
	else if (!file->member.is_directory)
		print_file(file);
	pg_free(unconstify(char *, file->member.path));
	pg_free(file->source);
}

/*
 * Prints the files of a physical backup.
 */
static void
print_files(const CommonOptions *options, Repository *repository, const Backup *backup)
{
	if (backup->manifest->physical == NULL)
		fail(FAILURE_STATE, NULL, "backup \"%s\" is not a physical one", backup->manifest->id);
	file_list_read(repository, backup, take_file, unconstify(CommonOptions *, options));
}

/*
 * Shows the backup that one repository has.
 */
static int
show_backup(Repository *repository, void *context)
{
	const ShowRequest *request = context;
	Backup	   *backup = backup_load(repository, repository_resolve_id(repository, request->id));

	if (request->break_glass)
		break_glass_print(request->options, repository, backup);
	else if (request->files)
		print_files(request->options, repository, backup);
	else if (request->options->json)
		json_print(backup_to_json(backup));
	else
		print_backup(backup);
	return 0;
}

int
command_show(const CommonOptions *options, int argc, char **argv)
{
	ShowRequest request = {options};
	int			option;

	arguments_begin();
	while ((option = argument_next(argc, argv, show_options)) != -1)
	{
		if (option == ARGUMENT_HELP)
		{
			fputs(help_show, stdout);
			return 0;
		}
		request.files |= option == 'f';
		request.break_glass |= option == 'b';
	}
	request.id = argument_single(argc, argv);
	if (request.id == NULL)
		usage_failure(argv[0], "no backup is named");
	if (request.files && request.break_glass)
		usage_failure(argv[0], "--files and --break-glass exclude each other");
	return repository_first(options, show_backup, &request, NULL);
}
